//! Writes a [`Node`] as YAML that a person would have written, and that every reader reads alike.
//!
//! Block style; CloudFormation's short tags; literal blocks for text of many lines; quotes only where a
//! reader of YAML 1.1 (PyYAML, the AWS CLI) or 1.2 (Go, editors) would otherwise read another value.

use asi_constructs::kernel::{
    map::Map,
    node::{Node, NodeKind},
    scalar::{self, Rules, Scalar},
    yaml::has_short_tag,
};
use serde_json::Value;

/// `node` as YAML.
pub(super) fn write(node: &Node) -> String {
    Writer { out: String::new(), notes: None }.document(node)
}

/// What there is to say of a value.
pub(super) type Notes<'a> = &'a dyn Fn(&Node) -> Option<String>;

/// `document` as YAML, its scalars as they were written, and after each value that ends a line what `notes` say of it.
pub(super) fn write_with_notes(document: &Node, notes: Notes<'_>) -> String {
    Writer { out: String::new(), notes: Some(notes) }.document(document)
}

struct Writer<'a> {
    out: String,
    /// What to say of values that somebody wrote; without, they are of our own making.
    notes: Option<Notes<'a>>,
}

impl Writer<'_> {
    fn document(mut self, node: &Node) -> String {
        match &node.kind {
            NodeKind::Map(map) if !map.is_empty() && short_tag(node).is_none() => self.map(map, 0),
            NodeKind::List(items) if !items.is_empty() => self.list(items, 0),
            _ => {
                self.value(node, 0);
                self.out.remove(0);
            }
        }
        self.out
    }

    /// Writes what follows a key or a dash: a space and a scalar, or lines of their own at `indent`.
    fn value(&mut self, node: &Node, indent: usize) {
        if let Some((tag, argument)) = short_tag(node) {
            return self.tagged(&tag, argument, node, indent);
        }
        match &node.kind {
            NodeKind::List(items) if !items.is_empty() => {
                self.out.push('\n');
                self.list(items, indent);
            }
            NodeKind::Map(map) if !map.is_empty() => {
                self.out.push('\n');
                self.map(map, indent);
            }
            _ => {
                self.out.push(' ');
                self.scalar_line(node, node, indent);
            }
        }
    }

    fn map(&mut self, map: &Map<Node>, indent: usize) {
        /// A longer key has to be announced with `?`: parsers look only so far for its colon.
        const LONGEST_KEY: usize = 120;
        for (key, entry) in map {
            spaces(indent, &mut self.out);
            if key.len() > LONGEST_KEY {
                self.out.push_str("? ");
                write_text(key, &mut self.out);
                self.out.push('\n');
                spaces(indent, &mut self.out);
            } else {
                write_text(key, &mut self.out);
            }
            self.out.push(':');
            self.value(&entry.value, indent + 2);
        }
    }

    fn list(&mut self, items: &[Node], indent: usize) {
        for item in items {
            spaces(indent, &mut self.out);
            self.out.push('-');
            match &item.kind {
                NodeKind::Map(map) if !map.is_empty() && short_tag(item).is_none() => {
                    self.hang(indent, |it| it.map(map, indent + 2));
                }
                NodeKind::List(items) if !items.is_empty() => {
                    self.hang(indent, |it| it.list(items, indent + 2));
                }
                _ => self.value(item, indent + 2),
            }
        }
    }

    /// Writes lines of which the first follows a dash.
    fn hang(&mut self, indent: usize, lines: impl FnOnce(&mut Self)) {
        self.out.push(' ');
        let start = self.out.len();
        lines(self);
        self.out.replace_range(start..start + indent + 2, "");
    }

    /// Writes the function `node`, which has a tag and an argument.
    fn tagged(&mut self, tag: &str, argument: &Node, node: &Node, indent: usize) {
        self.out.push(' ');
        self.out.push_str(tag);
        if tag == "!GetAtt"
            && let Some([resource, attribute]) = argument.as_list()
            && let (Some(resource), Some(attribute)) = (resource.as_str(), attribute.as_str())
            // The first dot is where a reader splits it again.
            && !resource.contains('.')
        {
            self.out.push(' ');
            write_text(&format!("{resource}.{attribute}"), &mut self.out);
            return self.end_line(node);
        }
        match &argument.kind {
            NodeKind::List(items) if is_short(items) => {
                self.out.push_str(" [");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.out.push_str(", ");
                    }
                    write_inline(item, &mut self.out);
                }
                self.out.push(']');
                self.end_line(node);
            }
            // A tag cannot stand before another: what is inside keeps its long form.
            NodeKind::List(items) => {
                self.out.push('\n');
                self.list(items, indent);
            }
            NodeKind::Map(map) => {
                self.out.push('\n');
                self.map(map, indent);
            }
            _ => {
                self.out.push(' ');
                self.scalar_line(argument, node, indent);
            }
        }
    }

    /// Writes a scalar that ends its line, on which `whole` stands.
    fn scalar_line(&mut self, node: &Node, whole: &Node, indent: usize) {
        match &node.kind {
            NodeKind::String(text) if !is_plain(text) && fits_a_block(text) => {
                // The lines of a block follow; what is said of it stands before them.
                self.out.push_str(block_sign(text));
                self.end_line(whole);
                write_block(text, indent, &mut self.out);
            }
            _ => {
                match node.plain.as_deref().filter(|_| self.notes.is_some()) {
                    Some(written) => self.out.push_str(written),
                    None => write_scalar(node, &mut self.out),
                }
                self.end_line(whole);
            }
        }
    }

    fn end_line(&mut self, node: &Node) {
        if let Some(note) = self.notes.and_then(|it| it(node)) {
            self.out.extend(["  # ", &note]);
        }
        self.out.push('\n');
    }
}

/// The short tag of an intrinsic function, where it can be written with one.
fn short_tag(node: &Node) -> Option<(String, &Node)> {
    let (key, argument) = node.as_single()?;
    let name = match key {
        "Ref" | "Condition" => argument.as_str().map(|_| key)?,
        _ => key.strip_prefix("Fn::").filter(|it| has_short_tag(it))?,
    };
    let fits = match &argument.kind {
        // Under a tag every scalar is text, and under this one a text is split at its dot.
        NodeKind::String(_) => name != "GetAtt",
        NodeKind::List(items) => !items.is_empty(),
        NodeKind::Map(map) => !map.is_empty(),
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) => false,
    };
    // `Fn::Transform` has no short tag that every reader knows.
    (fits && name != "Transform").then(|| (format!("!{name}"), argument))
}

/// Whether the arguments of a function fit on its line.
fn is_short(items: &[Node]) -> bool {
    const LONGEST: usize = 60;
    let length = |node: &Node| match &node.kind {
        NodeKind::String(text) if !text.contains('\n') => Some(text.len()),
        NodeKind::Integer(_) | NodeKind::Bool(_) => Some(5),
        NodeKind::Map(_) => match short_tag(node)? {
            (tag, Node { kind: NodeKind::String(text), .. }) if tag != "!Sub" => {
                Some(tag.len() + 1 + text.len())
            }
            _ => None,
        },
        _ => None,
    };
    items.iter().map(length).sum::<Option<usize>>().is_some_and(|it| it <= LONGEST)
}

/// Writes a value inside of brackets.
fn write_inline(node: &Node, out: &mut String) {
    if let Some((tag, argument)) = short_tag(node) {
        out.push_str(&tag);
        out.push(' ');
        return write_inline(argument, out);
    }
    match node.as_str() {
        // Inside of brackets these end a plain scalar; the question mark only to PyYAML.
        Some(text) if text.contains([',', '[', ']', '{', '}', '?']) => write_quoted(text, out),
        Some(text) => write_text(text, out),
        None => write_scalar(node, out),
    }
}

fn write_scalar(node: &Node, out: &mut String) {
    match &node.kind {
        NodeKind::Null => out.push_str("null"),
        NodeKind::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
        NodeKind::Integer(it) => out.push_str(&it.to_string()),
        NodeKind::Float(it) => out.push_str(&float(*it)),
        NodeKind::String(it) => write_text(it, out),
        NodeKind::List(_) => out.push_str("[]"),
        NodeKind::Map(_) => out.push_str("{}"),
    }
}

/// A float that both YAML 1.1 and 1.2 take for one: with a point, and a sign in the exponent.
fn float(value: f64) -> String {
    let text = Value::from(value).to_string();
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return if text.contains('.') { text } else { format!("{text}.0") };
    };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['+', '-']) { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// Writes text on a line: plain or quoted.
fn write_text(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        write_quoted(text, out);
    }
}

fn write_quoted(text: &str, out: &mut String) {
    if text.chars().all(is_printable) {
        if text.contains('\'') && !text.contains(['"', '\\']) {
            out.extend(["\"", text, "\""]);
        } else {
            out.extend(["'", &text.replace('\'', "''"), "'"]);
        }
    } else {
        write_escaped(text, out);
    }
}

/// Whether text means itself without quotes, to every reader.
fn is_plain(text: &str) -> bool {
    let first = text.chars().next();
    let starts_well = first.is_some_and(|it| !"-?:,[]{}#&*!|>'\"%@`=~<".contains(it) && !it.is_whitespace())
        // A dash before a letter begins no list item.
        || (text.starts_with('-') && text[1..].starts_with(|it: char| it.is_ascii_alphabetic()));
    let is_text = |rules| resolve(text, rules) == Scalar::Text;
    starts_well
        // At the beginning of a line, that ends a document.
        && !text.starts_with("...")
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && !text.contains(" #")
        && !matches!(text, "y" | "Y" | "n" | "N")
        && !looks_like_a_date(text)
        && !looks_like_a_number(text)
        && is_text(Rules::Yaml11)
        && is_text(Rules::Yaml12)
        && text.chars().all(is_printable)
}

fn resolve(text: &str, rules: Rules) -> Scalar {
    scalar::resolve(text, rules)
}

/// YAML 1.1 has dates, and CloudFormation has versions that look like them.
fn looks_like_a_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-'
}

/// Readers differ at the edges of what a number is, so that whatever looks like one is quoted.
fn looks_like_a_number(text: &str) -> bool {
    let body = text.trim_start_matches(['+', '-', '.']).to_ascii_lowercase();
    let starts = text.starts_with(|it: char| it.is_ascii_digit() || "+-.".contains(it));
    let numeric = |it: u8| it.is_ascii_hexdigit() || b"+-._:,xo".contains(&it.to_ascii_lowercase());
    starts && (text.bytes().all(numeric) || matches!(body.as_str(), "inf" | "nan"))
}

fn is_printable(c: char) -> bool {
    matches!(c, '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}'
        | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// Whether a literal block holds the text unchanged.
fn fits_a_block(text: &str) -> bool {
    let mut lines = text.lines().filter(|it| !it.is_empty());
    text.contains('\n')
        && lines.next().is_some_and(|first| !first.starts_with([' ', '\t']))
        && text.lines().all(|it| it.is_empty() || !it.trim_matches([' ', '\t']).is_empty())
        && text.chars().all(|it| it == '\n' || it == '\t' || is_printable(it))
}

/// What announces a literal block with this text.
fn block_sign(text: &str) -> &'static str {
    match text.len() - text.trim_end_matches('\n').len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    }
}

/// Writes the lines of a literal block.
fn write_block(text: &str, indent: usize, out: &mut String) {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    for line in lines.split('\n') {
        if !line.is_empty() {
            spaces(indent.max(2), out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

fn write_escaped(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if is_printable(c) => out.push(c),
            _ => match u32::from(c) {
                code @ ..0x100 => out.push_str(&format!("\\x{code:02x}")),
                code @ ..0x1_0000 => out.push_str(&format!("\\u{code:04x}")),
                code => out.push_str(&format!("\\U{code:08x}")),
            },
        }
    }
    out.push('"');
}

fn spaces(count: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', count));
}
