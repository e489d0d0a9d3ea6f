//! Writes a [`Node`] as JSON, as the CDK indents it or as people do.

use asi_constructs::kernel::{
    map::Map,
    node::{Node, NodeKind},
};
use serde_json::Value;

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indent {
    /// One space and no line end after the last line: as the CDK writes templates.
    Cdk,
    /// Two spaces, and a line end.
    Readable,
    /// All in one line, without a space: as short as it can be.
    Dense,
}

/// `node` as JSON.
pub(super) fn write(node: &Node, indent: Indent) -> String {
    let mut writer = Writer { out: String::new(), indent };
    writer.value(node, 0);
    if indent == Indent::Readable {
        writer.out.push('\n');
    }
    writer.out
}

struct Writer {
    out: String,
    indent: Indent,
}

impl Writer {
    fn value(&mut self, node: &Node, depth: usize) {
        match &node.kind {
            NodeKind::Null => self.out.push_str("null"),
            NodeKind::Bool(it) => self.out.push_str(if *it { "true" } else { "false" }),
            NodeKind::Integer(it) => self.out.push_str(&it.to_string()),
            NodeKind::Float(it) => self.out.push_str(&Value::from(*it).to_string()),
            NodeKind::String(it) => self.text(it),
            NodeKind::List(items) if items.is_empty() => self.out.push_str("[]"),
            NodeKind::List(items) => self.list(items, depth + 1),
            NodeKind::Map(map) if map.is_empty() => self.out.push_str("{}"),
            NodeKind::Map(map) => self.map(map, depth + 1),
        }
    }

    fn list(&mut self, items: &[Node], depth: usize) {
        self.out.push('[');
        for (at, item) in items.iter().enumerate() {
            self.line(at, depth);
            self.value(item, depth);
        }
        self.close(']', depth);
    }

    fn map(&mut self, map: &Map<Node>, depth: usize) {
        self.out.push('{');
        for (at, (key, entry)) in map.iter().enumerate() {
            self.line(at, depth);
            self.text(key);
            self.out.push_str(if self.indent == Indent::Dense { ":" } else { ": " });
            self.value(&entry.value, depth);
        }
        self.close('}', depth);
    }

    fn line(&mut self, at: usize, depth: usize) {
        if at > 0 {
            self.out.push(',');
        }
        self.break_line(depth);
    }

    fn close(&mut self, bracket: char, depth: usize) {
        self.break_line(depth - 1);
        self.out.push(bracket);
    }

    fn break_line(&mut self, depth: usize) {
        const BLANKS: &str = "                                ";
        let step = match self.indent {
            Indent::Cdk => 1,
            Indent::Readable => 2,
            Indent::Dense => return,
        };
        self.out.push('\n');
        let mut rest = depth * step;
        while rest > 0 {
            let taken = rest.min(BLANKS.len());
            self.out.push_str(&BLANKS[..taken]);
            rest -= taken;
        }
    }

    fn text(&mut self, text: &str) {
        // Looks at every byte, as processors do at many at once, but not if they may stop at one.
        let is_special = |it: u8| it < b' ' || it == b'"' || it == b'\\';
        if text.bytes().fold(false, |found, it| found | is_special(it)) {
            // Displaying a JSON string quotes and escapes it.
            self.out.push_str(&Value::from(text).to_string());
        } else {
            self.out.reserve(text.len() + 2);
            self.out.push('"');
            self.out.push_str(text);
            self.out.push('"');
        }
    }
}
