//! A shorter way to read JSON.
//!
//! Most templates are JSON that a program wrote. To read it as YAML takes 215 instructions a byte, most of them to learn
//! that nothing in it is what only YAML has; this takes a quarter of that. It reads what is JSON beyond doubt, as the
//! other way would; everything else it leaves to that, which knows what to say of it.

use std::borrow::Cow;

use indexmap::map;

use super::{
    super::{
        map::{Entry, Map},
        node::{Inset, Node, NodeKind},
        scalar::Rules,
        span::{FileId, Span},
    },
    DEEPEST, MOST_VALUES, plain_scalar,
};

/// What `text` says, if it is JSON beyond doubt.
pub(super) fn read(text: &str, file: FileId) -> Option<Node> {
    let mut reader = Reader { text, file, at: 0, budget: MOST_VALUES };
    reader.skip(b" \n\r");
    let root = match reader.peek()? {
        b'{' | b'[' => reader.value(0)?,
        _ => return None,
    };
    reader.skip(b" \n\r");
    (reader.at == text.len()).then_some(root)
}

struct Reader<'t> {
    text: &'t str,
    file: FileId,
    at: usize,
    /// How many values may still come.
    budget: usize,
}

/// A text in quotes.
struct Quoted<'t> {
    text: Cow<'t, str>,
    span: Span,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, bytes: &[u8]) {
        while self.peek().is_some_and(|it| bytes.contains(&it)) {
            self.at += 1;
        }
    }

    /// Whether this byte is next, which is passed then.
    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn span(&self, start: usize) -> Option<Span> {
        Some(Span { file: self.file, start: start.try_into().ok()?, end: self.at.try_into().ok()? })
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        let start = self.at;
        self.budget = self.budget.checked_sub(1)?;
        match self.peek()? {
            // Whether this is too deep is for the other way to tell.
            b'{' | b'[' if depth + 1 >= DEEPEST => None,
            b'{' => {
                let kind = NodeKind::Map(self.map(depth)?);
                Some(Node::new(kind, self.span(start)?))
            }
            b'[' => {
                let kind = NodeKind::List(self.list(depth)?);
                Some(Node::new(kind, self.span(start)?))
            }
            b'"' => {
                let Quoted { text, span } = self.quoted()?;
                let inset = if matches!(text, Cow::Borrowed(_)) { Inset::After(1) } else { Inset::Changed };
                Some(Node { inset, ..Node::text(text.into_owned(), span) })
            }
            _ => self.plain(),
        }
    }

    fn map(&mut self, depth: usize) -> Option<Map<Node>> {
        let mut entries = Map::default();
        self.at += 1;
        self.skip(b" \n\r");
        while !self.takes(b'}') {
            let key = self.quoted()?;
            self.skip(b" ");
            if !self.takes(b':') {
                return None;
            }
            self.skip(b" \n\r");
            let value = self.value(depth + 1)?;
            match entries.entry(Cow::Owned(key.text.into_owned())) {
                map::Entry::Occupied(_) => return None,
                map::Entry::Vacant(it) => drop(it.insert(Entry { key: key.span, value })),
            }
            self.separator(b'}')?;
        }
        Some(entries)
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip(b" \n\r");
        while !self.takes(b']') {
            items.push(self.value(depth + 1)?);
            self.separator(b']')?;
        }
        Some(items)
    }

    /// A comma and what is not the end, or what is the end.
    fn separator(&mut self, end: u8) -> Option<()> {
        self.skip(b" \n\r");
        if self.takes(b',') {
            self.skip(b" \n\r");
            return (self.peek()? != end).then_some(());
        }
        (self.peek()? == end).then_some(())
    }

    fn quoted(&mut self) -> Option<Quoted<'t>> {
        let start = self.at;
        if !self.takes(b'"') {
            return None;
        }
        let mut changed = String::new();
        // What was read and is not in `changed`.
        let mut rest = self.at;
        loop {
            // Nearly all are letters of ASCII.
            while self.peek().is_some_and(|it| matches!(it, b' '..=b'~') && it != b'"' && it != b'\\') {
                self.at += 1;
            }
            let char = self.text[self.at..].chars().next()?;
            match char {
                '"' => break,
                '\\' => {
                    changed += &self.text[rest..self.at];
                    self.at += 1;
                    changed.push(match self.peek()? {
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        b'"' => '"',
                        b'\\' => '\\',
                        b'/' => '/',
                        _ => return None,
                    });
                    self.at += 1;
                    rest = self.at;
                }
                // YAML has breaks of lines and marks of order among the others.
                '\u{a1}'..='\u{1fff}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{d7ff}' => {
                    self.at += char.len_utf8();
                }
                _ => return None,
            }
        }
        let last = &self.text[rest..self.at];
        self.at += 1;
        let text = if rest == start + 1 { Cow::Borrowed(last) } else { Cow::Owned(changed + last) };
        Some(Quoted { text, span: self.span(start)? })
    }

    /// `true`, `false`, `null` or a number.
    fn plain(&mut self) -> Option<Node> {
        let start = self.at;
        while self.peek().is_some_and(|it| !b" \n\r,]}".contains(&it)) {
            self.at += 1;
        }
        let text = self.text.get(start..self.at)?;
        let is_json = matches!(text, "true" | "false" | "null") || is_number(text);
        let node = is_json.then(|| plain_scalar(text, Rules::Yaml12, Span::NOWHERE))?;
        Some(Node { span: self.span(start)?, inset: Inset::After(0), ..node })
    }
}

/// Whether a text is a number as JSON writes it, without an exponent.
fn is_number(text: &str) -> bool {
    let is_digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(it, rest)| (it, Some(rest)));
    is_digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(is_digits)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::span::Sources, Builder, Format, parse},
        *,
    };

    const TEXT: &str = r#"{
  "Description": "Größe – \"x\"\n\t\\ \/",
  "Empty": {}, "None": [ ], "Nested": [[1, -2.50, 0], {"a":true,"b" : null}, "${A}", "", false, 1234567890123456789012],
  "Long key with spaces: and #marks": {"Fn::Sub": "x"} }
"#;

    fn file() -> FileId {
        Sources::default().add("a.json", "")
    }

    /// What the other way reads.
    fn long(text: &str) -> Option<Node> {
        let (node, faults) = Builder::read(text, file(), Format::Json);
        node.filter(|_| faults.is_empty())
    }

    /// Whether it reads a text; as the other way does, if so.
    fn reads(text: &str) -> bool {
        let Some(node) = read(text, file()) else { return false };
        assert_eq!(format!("{:?}", Some(node)), format!("{:?}", long(text)), "{text}");
        true
    }

    #[test]
    fn reads_json_as_the_other_way_does() {
        assert!(reads(TEXT));
        assert!(reads("[]") && reads("\r\n{\r\n\"a\": 1\r\n}\r\n"));
    }

    #[test]
    fn leaves_to_the_other_way_what_is_in_doubt() {
        for text in [
            "",
            "1",
            "\"a\"",
            "{\"a\": 1, \"a\": 2}",
            "{\"a\": 1,}",
            "[1,]",
            "[1 2]",
            "{a: 1}",
            "{\"a\": 01}",
            "[1e3]",
            "[.5]",
            "[yes]",
            "{\"a\"\n: 1}",
            "[\"\\u0041\"]",
            "[\"a\tb\"]",
            "\t[]",
            "[1] # x",
            "[1]\n---\n[2]",
            "['a']",
            "[\"a\nb\"]",
            "[\"\u{85}\"]",
            "[\"\u{feff}\"]",
            "{\"a\": &b 1}",
            "{\"a\": }",
            "{\"a\"}",
            "[",
            "[1",
            "{\"a\": 1",
        ] {
            assert!(read(text, file()).is_none(), "{text}");
        }
    }

    #[test]
    fn reads_nothing_otherwise_that_has_a_fault() {
        for at in (0..TEXT.len()).filter(|it| TEXT.is_char_boundary(*it)) {
            reads(&TEXT[..at]);
            for other in
                ["", " ", "\n", "\"", "\\", "{", "}", "[", "]", ":", ",", "0", "-", "#", "a", "'", "*", "<<"]
            {
                let next = TEXT[at..].chars().next().map_or(0, char::len_utf8);
                reads(&format!("{}{other}{}", &TEXT[..at], &TEXT[at..]));
                reads(&format!("{}{other}{}", &TEXT[..at], &TEXT[at + next..]));
            }
        }
    }

    #[test]
    fn leaves_it_to_the_other_way_to_tell_what_has_too_many_values() {
        let list = |values: usize| format!("[{}1]", "1,".repeat(values - 2));
        assert!(read(&list(MOST_VALUES), file()).is_some());
        let text = list(MOST_VALUES + 1);
        assert!(read(&text, file()).is_none() && long(&text).is_none());
    }

    #[test]
    fn leaves_it_to_the_other_way_to_tell_what_is_too_deep() {
        for depth in [DEEPEST - 2, DEEPEST - 1, DEEPEST, DEEPEST + 1] {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            reads(&text);
            assert_eq!(parse(&text, file(), Format::Json).0.is_some(), long(&text).is_some(), "{depth}");
        }
    }
}
