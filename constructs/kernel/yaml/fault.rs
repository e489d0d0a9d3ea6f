//! What to say of text that is no YAML, and where to point.
//!
//! The parser says where it could not go on; the mistake is often further up.

use granit_parser::{ErrorKind, ScanError};

use super::too_deep;
use crate::kernel::{
    diagnostic::Diagnostic,
    span::{FileId, Span},
};

/// How far reading has come.
pub(super) struct Progress<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    /// One past the last byte that was understood.
    pub(super) read: usize,
    /// Where the innermost `[` or `{` stands that is open.
    pub(super) bracket: Option<usize>,
}

impl Progress<'_> {
    /// The fault that `error` is a sign of.
    pub(super) fn fault(&self, error: &ScanError) -> Diagnostic {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let found = self.text[at..].chars().next();
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => too_deep(self.character(at)),
            ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart => {
                let tab = self.indenting_tab(at).or_else(|| self.text[at..].find('\t').map(|it| at + it));
                self.tab(tab.unwrap_or(at))
            }
            ErrorKind::UnclosedQuotedScalar
            | ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::DocumentIndicatorInQuotedScalar => {
                Diagnostic::error("yaml-quote", "a quote is opened and not closed")
                    .at(self.character(self.open_quote(at).unwrap_or(at)))
                    .help("close it at the end of the text")
            }
            ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
                Diagnostic::error("yaml-quote", "text goes on after its closing quote")
                    .at(self.rest_of_line(at))
                    .help("put the quotes around all of it")
            }
            ErrorKind::UnknownQuotedScalarEscape
            | ErrorKind::InvalidQuotedScalarHexEscape
            | ErrorKind::InvalidLowSurrogateHexEscape
            | ErrorKind::InvalidLowSurrogate
            | ErrorKind::MissingLowSurrogate
            | ErrorKind::UnpairedLowSurrogate
            | ErrorKind::InvalidUnicodeEscape => {
                Diagnostic::error("yaml-escape", "a `\\` in this text begins no escape")
                    .at(self.rest_of_line(at))
                    .help("write `\\\\` for a backslash, or put the text in single quotes")
            }
            ErrorKind::UnknownAnchor => Diagnostic::error("yaml-alias", "the alias has no anchor above it")
                .at(self.word(at))
                .help("anchor the value first: `&name value`, then `*name`"),
            ErrorKind::MissingAnchorOrAliasName => {
                let what = if found == Some('&') { "an anchor" } else { "an alias" };
                Diagnostic::error("yaml-syntax", format!("{} begins {what}, and has no name", quoted(found)))
                    .at(self.character(at))
                    .help("name it, or quote the text if it is text")
            }
            ErrorKind::UnexpectedCharacter { character } => {
                let fault =
                    Diagnostic::error("yaml-syntax", format!("a text cannot begin with {}", quoted(found)));
                let help = if character.is_control() {
                    "remove it, or write it as an escape in double quotes"
                } else {
                    "quote it"
                };
                fault.at(self.character(at)).help(help)
            }
            ErrorKind::UnclosedFlowCollection { open } => unclosed(*open, self.character(at)),
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
                Diagnostic::error("yaml-syntax", format!("a `{open}` is opened, and a `{close}` follows"))
                    .at(self.character(at))
                    .help(format!("close it with `{}`", closing(*open)))
            }
            ErrorKind::MisplacedFlowCollectionEnd => {
                Diagnostic::error("yaml-syntax", format!("the {} closes nothing", quoted(found)))
                    .at(self.character(at))
                    .help("remove it, or quote the text that holds it")
            }
            // The rest says less than what stands there.
            _ => self.fault_by_text(error, at),
        }
    }

    fn fault_by_text(&self, error: &ScanError, at: usize) -> Diagnostic {
        let found = self.text[at..].chars().next();
        if let Some(bracket) = self.bracket {
            if self.text[bracket..at].contains('\n') {
                return unclosed(self.text[bracket..].chars().next().unwrap_or('['), self.character(bracket));
            }
            if found == Some(',') {
                return Diagnostic::error("yaml-syntax", "nothing stands before this `,`")
                    .at(self.character(at))
                    .help("remove it, or write what belongs before it");
            }
        } else if let Some(tab) = self.indenting_tab(at) {
            return self.tab(tab);
        }
        if found == Some('!')
            && self.text[..at].split_whitespace().next_back().is_some_and(|it| it.starts_with('!'))
        {
            return Diagnostic::error("yaml-tag", "a tag cannot stand after another tag")
                .at(self.word(at))
                .help("write this function in its long form, as in `Fn::Sub: …`");
        }
        match error.kind() {
            ErrorKind::MappingValueNotAllowed => {
                Diagnostic::error("yaml-syntax", "a `:` stands where no key can be")
                    .at(self.character(at))
                    .help("quote the text that holds it, or indent the line as its neighbours")
            }
            ErrorKind::SimpleKeyExpected if self.text[at..].starts_with('-') => {
                Diagnostic::error("yaml-syntax", "the `-` of a list has a space after it")
                    .at(self.character(at))
                    .help("write `- `")
            }
            ErrorKind::SimpleKeyExpected => {
                Diagnostic::error("yaml-syntax", "this is no key: it has no `:` after it")
                    .at(self.rest_of_line(at))
                    .help("add the `:`, or indent the line if it belongs to the one above")
            }
            ErrorKind::ExpectedBlockSequenceEntry => {
                Diagnostic::error("yaml-syntax", "this line stands in a list and does not begin with `-`")
                    .at(self.rest_of_line(at))
                    .help("begin it with `- `, or indent it as what it belongs to")
            }
            ErrorKind::BlockSequenceEntryNotAllowed => {
                Diagnostic::error("yaml-syntax", "no list can begin here")
                    .at(self.character(at))
                    .help("begin it on a line of its own, or quote the text")
            }
            _ => Diagnostic::error("yaml-syntax", format!("this is not YAML: {}", error.info()))
                .at(self.character(at))
                .help("look at the indentation and the quotes around here"),
        }
    }

    fn tab(&self, at: usize) -> Diagnostic {
        Diagnostic::error("yaml-tab", "a tab stands where YAML needs spaces")
            .at(self.character(at))
            .help("indent with spaces")
    }

    /// The tab in the indentation of the line that `at` is in.
    fn indenting_tab(&self, at: usize) -> Option<usize> {
        let start = self.text[..at].rfind('\n').map_or(0, |it| it + 1);
        let line = &self.text[start..];
        let indentation = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        indentation.find('\t').map(|it| start + it)
    }

    /// The quote that is open at `at`, found by going through what follows the last that was read.
    fn open_quote(&self, at: usize) -> Option<usize> {
        let mut chars = self.text.char_indices().skip_while(|(it, _)| *it < self.read).peekable();
        let mut in_brackets = self.bracket.is_some();
        // Whether a text may begin: a quote inside of one is none.
        let mut begins = true;
        while let Some((start, c)) = chars.next() {
            let before_space = chars.peek().is_none_or(|(_, it)| it.is_whitespace());
            match c {
                '"' | '\'' if begins => {
                    let end = closing_quote(self.text, start, c).filter(|it| *it < at);
                    let Some(end) = end else { return Some(start) };
                    while chars.next_if(|(it, _)| *it <= end).is_some() {}
                    begins = false;
                }
                '#' if begins => while chars.next_if(|(_, it)| *it != '\n').is_some() {},
                '!' | '&' if begins => while chars.next_if(|(_, it)| !it.is_whitespace()).is_some() {},
                '[' | '{' if begins => in_brackets = true,
                '\n' => begins = true,
                ',' => begins = in_brackets,
                ':' => begins = before_space || in_brackets,
                '-' | '?' => begins &= before_space,
                _ => begins &= c.is_whitespace(),
            }
        }
        None
    }

    fn character(&self, at: usize) -> Span {
        self.span(at, at + self.text[at..].chars().next().map_or(0, char::len_utf8))
    }

    fn word(&self, at: usize) -> Span {
        let length = self.text[at..].find(|it: char| it.is_whitespace() || ",[]{}".contains(it));
        self.span(at, length.map_or(self.text.len(), |it| at + it))
    }

    fn rest_of_line(&self, at: usize) -> Span {
        let line = self.text[at..].lines().next().unwrap_or_default();
        self.span(at, at + line.trim_end().len())
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let at = |it: usize| u32::try_from(it).expect("the size is limited");
        Span { file: self.file, start: at(start), end: at(end) }
    }
}

/// Where the text that is opened by `quote` at `start` is closed.
fn closing_quote(text: &str, start: usize, quote: char) -> Option<usize> {
    let mut chars = text[start + 1..].char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote && (quote == '"' || chars.next_if(|(_, c)| *c == '\'').is_none()) {
            return Some(start + 1 + at);
        }
    }
    None
}

fn unclosed(bracket: char, span: Span) -> Diagnostic {
    Diagnostic::error("yaml-syntax", format!("a `{bracket}` is opened and not closed"))
        .at(span)
        .help(format!("close it with `{}`, and put `,` between what it holds", closing(bracket)))
}

fn closing(bracket: char) -> char {
    if bracket == '{' { '}' } else { ']' }
}

/// A character, or the end, as a message shows it.
fn quoted(c: Option<char>) -> String {
    match c {
        None => "the end".to_owned(),
        Some('`') => "a backtick".to_owned(),
        Some(c) if c.is_control() => format!("the character U+{:04X}", u32::from(c)),
        Some(c) => format!("`{c}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, tests::read_as};

    #[track_caller]
    fn check(text: &str, fault: &str) {
        assert_eq!(read_as(text, Format::Yaml), ("nothing".to_owned(), vec![fault.to_owned()]), "{text}");
    }

    #[test]
    fn points_at_the_quote_that_is_open() {
        let open = |quote| format!("yaml-quote at `{quote}`: a quote is opened and not closed");
        for text in [
            "a: \"open",
            "a: \"open\nb: c\n",
            "a: \"open\nb: 'c'\nd: \"e\"\n",
            "a: it's\nb: [x's, \"open",
            "'a': \"say 'hi\nb: 1",
            "a: # it's\n  - \"open\n",
            "a: !Sub \"open\nb: 1",
            "e: \"\\\"open\n",
            "a: \"x\n---\nb: \"\n",
        ] {
            check(text, &open('"'));
        }
        for text in ["a: 'open\nb: c\n", "k: [a, 'open]\n", "k: {\"a\":'open}\n", "k: 'it''s \"hi\nz: 1"] {
            check(text, &open('\''));
        }
    }

    #[test]
    fn points_at_the_right_one_of_many_quotes() {
        let text = "a: \"one\"\nb: [\"two\", 'three']\nc: \"open\nd: \"four\"\n";
        let mut sources = crate::kernel::span::Sources::default();
        let file = sources.add("asi.yaml", text);
        let (_, faults) = super::super::parse(text, file, Format::Yaml);
        assert_eq!(sources.line_and_column(faults[0].span()), Some((3, 4)));
    }

    #[test]
    fn points_at_what_follows_a_quote() {
        check("a: 'b' c\n", "yaml-quote at `c`: text goes on after its closing quote");
        check("a: \"b\"c: d\n", "yaml-quote at `c: d`: text goes on after its closing quote");
    }

    #[test]
    fn points_at_a_text_with_a_wrong_escape() {
        check("a: \"\\q\"\n", "yaml-escape at `\"\\q\"`: a `\\` in this text begins no escape");
        check("a: \"\\x4\"\n", "yaml-escape at `\"\\x4\"`: a `\\` in this text begins no escape");
        check("a: \"\\ud800\"\n", "yaml-escape at `\"\\ud800\"`: a `\\` in this text begins no escape");
    }

    #[test]
    fn points_at_the_bracket_that_is_open() {
        let open = |bracket| format!("yaml-syntax at `{bracket}`: a `{bracket}` is opened and not closed");
        for text in ["a: [b, c\n", "a: [b, c\nd: e\n", "a: [\n  b,\nd: e\n", "a: {x: [b, c\nd: e\n"] {
            check(text, &open('['));
        }
        for text in ["a: {b: c\n", "a: {b: c\nd: e\n", "a: [{b: c\n"] {
            check(text, &open('{'));
        }
        check("a: [b}\n", "yaml-syntax at `[`: a `[` is opened, and a `}` follows");
        check("a: [b, {c: d]\n", "yaml-syntax at `{`: a `{` is opened, and a `]` follows");
        check("a: ]\n", "yaml-syntax at `]`: the `]` closes nothing");
        check("a: {b: c}}\n", "yaml-syntax at `}`: the `}` closes nothing");
        check("a: [a,,b]\n", "yaml-syntax at `,`: nothing stands before this `,`");
    }

    #[test]
    fn points_at_the_tab() {
        for text in [
            "a:\n\tb: 1\n",
            "a:\n  b: 1\n\tc: 2\n",
            "a: 1\n \tb: 2\n",
            "a: |\n\tx\n",
            "- a\n-\tb: c\n\td: e\n",
        ] {
            check(text, "yaml-tab at `\t`: a tab stands where YAML needs spaces");
        }
    }

    #[test]
    fn points_at_a_colon_or_a_line_in_the_wrong_place() {
        let colon = "yaml-syntax at `:`: a `:` stands where no key can be";
        check("a: b: c\n", colon);
        check("a: b\n c: d\n", colon);
        check("a: b\nc d\n", "yaml-syntax at `c d`: this is no key: it has no `:` after it");
        check("- a\n-b\n", "yaml-syntax at `-`: the `-` of a list has a space after it");
        check(
            "- a\nb: c \n",
            "yaml-syntax at `b: c`: this line stands in a list and does not begin with `-`",
        );
        check("a: - b\n", "yaml-syntax at `-`: no list can begin here");
    }

    #[test]
    fn points_at_characters_that_begin_no_text() {
        check("a: @b\n", "yaml-syntax at `@`: a text cannot begin with `@`");
        check("a: `b`\n", "yaml-syntax at ```: a text cannot begin with a backtick");
        check("a: \u{7}\n", "yaml-syntax at `\u{7}`: a text cannot begin with the character U+0007");
        check("a: *\n", "yaml-syntax at `*`: `*` begins an alias, and has no name");
        check("a: & b\n", "yaml-syntax at `&`: `&` begins an anchor, and has no name");
    }

    #[test]
    fn says_what_the_parser_says_of_the_rest() {
        check(
            "a: |0\n b\n",
            "yaml-syntax at `|`: this is not YAML: while scanning a block scalar, found an indentation indicator equal to 0",
        );
    }
}
