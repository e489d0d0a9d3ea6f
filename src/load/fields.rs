//! What stands in a mapping that another tool wrote, each value with its place, and what is not of the type it has to be.
//!
//! Keys that nobody asks for are passed over: such files grow with the tools that write them.

use std::borrow::Cow;

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    node::{Node, NodeKind},
    span::{Span, Spanned},
};

/// A mapping, and what is wrong with it.
#[derive(Debug)]
pub struct Fields<'n, 'd> {
    node: &'n Node,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'n, 'd> Fields<'n, 'd> {
    /// Those of `node`; nothing, if that is no mapping.
    pub fn of(node: &'n Node, diagnostics: &'d mut Vec<Diagnostic>) -> Option<Self> {
        if node.as_map().is_none() {
            diagnostics.push(mismatch(node, "a mapping"));
            return None;
        }
        Some(Self { node, diagnostics })
    }

    /// Where the mapping stands.
    pub fn span(&self) -> Span {
        self.node.span
    }

    /// Reports what is wrong.
    pub fn report(&mut self, fault: Diagnostic) {
        self.diagnostics.push(fault);
    }

    /// The value under `key`, if there is one.
    pub fn value(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key).filter(|it| it.kind != NodeKind::Null)
    }

    /// A text.
    pub fn text(&mut self, key: &str) -> Option<Spanned<&'n str>> {
        let node = self.value(key)?;
        let text = node.as_str().map(|it| Spanned::new(it, node.span));
        text.or_else(|| self.mismatch(node, "a text"))
    }

    /// A text without its place.
    pub fn string(&mut self, key: &str) -> Option<String> {
        self.text(key).map(|it| it.value.to_owned())
    }

    /// A text that has to be there.
    pub fn required(&mut self, key: &str) -> Option<Spanned<&'n str>> {
        if self.value(key).is_none() {
            let fault = Diagnostic::error("missing-property", format!("`{key}` is missing"));
            self.report(fault.at(self.node.span));
        }
        self.text(key)
    }

    /// True or false.
    pub fn bool(&mut self, key: &str) -> Option<bool> {
        let node = self.value(key)?;
        match node.kind {
            NodeKind::Bool(it) => Some(it),
            _ => self.mismatch(node, "true or false"),
        }
    }

    /// A whole number that is not negative.
    pub fn number(&mut self, key: &str) -> Option<u64> {
        let node = self.value(key)?;
        let number = if let NodeKind::Integer(it) = node.kind { u64::try_from(it).ok() } else { None };
        number.or_else(|| self.mismatch(node, "a whole number"))
    }

    /// A list; none, if there is no value.
    pub fn list(&mut self, key: &str) -> &'n [Node] {
        let Some(node) = self.value(key) else { return &[] };
        let list = node.as_list();
        list.or_else(|| self.mismatch(node, "a list")).unwrap_or_default()
    }

    /// A list of texts.
    pub fn texts(&mut self, key: &str) -> Vec<Spanned<&'n str>> {
        let mut texts = Vec::new();
        for node in self.list(key) {
            let text = node.as_str().map(|it| Spanned::new(it, node.span));
            texts.extend(text.or_else(|| self.mismatch(node, "a text")));
        }
        texts
    }

    /// The fields of a mapping under `key`.
    pub fn fields(&mut self, key: &str) -> Option<Fields<'n, '_>> {
        Fields::of(self.value(key)?, self.diagnostics)
    }

    /// The entries of a mapping under `key`, each with the place of its key.
    pub fn entries(&mut self, key: &str) -> Vec<(Spanned<&'n str>, &'n Node)> {
        let Some(node) = self.value(key) else { return Vec::new() };
        let entries = node.as_map().or_else(|| self.mismatch(node, "a mapping"));
        let entries = entries.into_iter().flatten();
        entries.map(|(key, it)| (Spanned::new(&**key, it.key), &it.value)).collect()
    }

    /// The entries of a mapping of texts. Numbers and the like are taken as they are written.
    pub fn pairs(&mut self, key: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (key, node) in self.entries(key) {
            let text = node.as_written().map(Cow::Borrowed);
            let text = text.or_else(|| self.mismatch(node, "a text"));
            pairs.extend(text.map(|it| (key.value.to_owned(), it.into_owned())));
        }
        pairs
    }

    fn mismatch<T>(&mut self, node: &Node, expected: &str) -> Option<T> {
        self.report(mismatch(node, expected));
        None
    }
}

fn mismatch(node: &Node, expected: &str) -> Diagnostic {
    let fault = format!("expected {expected}, found {}", node.describe());
    Diagnostic::error("wrong-type", fault).at(node.span)
}
