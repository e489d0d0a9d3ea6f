//! A document as it was read: kinds, key order, and a place on every key and value.
//!
//! Stack files, templates, and everything else that is read as YAML or JSON become this, and a finished
//! template is one too.

use std::borrow::Cow;

use super::{
    map::{Entry, Map},
    span::Span,
};

/// A value and its place. Two nodes are equal if their values are, wherever they stand.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub kind: NodeKind,
    /// Its place.
    pub span: Span,
    /// How it was written, if that is without quotes and leaves room for doubt: everything that is not
    /// text, and text that some readers take for something else.
    pub plain: Option<Box<str>>,
    /// How its text lies in its place.
    pub inset: Inset,
}

/// How the text of a [`Node`] lies in its place, so that a part of it can be pointed at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inset {
    /// Not as it reads: it has escapes, or lines that were joined.
    #[default]
    Changed,
    /// As it reads, after so many bytes: one for a quote.
    After(u32),
    /// As it reads, but for so many spaces before each line; the place begins after those of the first.
    Indented(u32),
}

impl Inset {
    /// The place of the bytes from `start` to `end` of `text`, which stands at `whole`; all of it, if that cannot
    /// be told.
    pub fn part(self, whole: Span, text: &str, start: usize, end: usize) -> Span {
        Placed::new(self, whole, text).part(start, end)
    }
}

/// A text at its place, for pointing at many parts of it.
#[derive(Debug)]
pub struct Placed {
    inset: Inset,
    whole: Span,
    /// For indented text: where each line begins in the text, and how many spaces stand before it and before all
    /// lines above it in the file.
    lines: Vec<(usize, usize)>,
}

impl Placed {
    /// `text`, which stands at `whole`.
    pub fn new(inset: Inset, whole: Span, text: &str) -> Self {
        let mut lines = Vec::new();
        if let Inset::Indented(spaces) = inset {
            let (mut start, mut above) = (0, 0);
            for (at, line) in text.split('\n').enumerate() {
                // The place begins after the spaces of the first line, and lines without text have none.
                let own = if at == 0 { 0 } else { spaces as usize };
                lines.push((start, above + own));
                start += line.len() + 1;
                above += if line.is_empty() { 0 } else { own };
            }
        }
        Self { inset, whole, lines }
    }

    /// The place of the bytes from `start` to `end`; all of it, if that cannot be told.
    pub fn part(&self, start: usize, end: usize) -> Span {
        match self.inset {
            Inset::Changed => self.whole,
            Inset::After(bytes) => self.whole.slice(start + bytes as usize, end + bytes as usize),
            Inset::Indented(_) => self.whole.slice(start + self.added(start), end + self.added(end)),
        }
    }

    fn added(&self, at: usize) -> usize {
        let line = self.lines.partition_point(|(start, _)| *start <= at);
        line.checked_sub(1).map_or(0, |it| self.lines[it].1)
    }
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// `null`, or nothing at all.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// Text.
    String(Cow<'static, str>),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order written.
    Map(Map<Node>),
}

impl Node {
    /// A value at `span`.
    pub fn new(kind: NodeKind, span: Span) -> Self {
        Self { kind, span, plain: None, inset: Inset::Changed }
    }

    /// Text at `span`.
    pub fn text(text: impl Into<Cow<'static, str>>, span: Span) -> Self {
        Self::new(NodeKind::String(text.into()), span)
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar as the user wrote it, so that `1.10` is not `1.1` and `012` not `10`.
    pub fn as_written(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::String(text) => Some(text),
            NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) => self.plain.as_deref(),
            NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => None,
        }
    }

    /// The entries, if it is a mapping.
    pub fn as_map(&self) -> Option<&Map<Node>> {
        match &self.kind {
            NodeKind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The values in it: the items of a list, or what stands under the keys of a mapping.
    pub fn children(&self) -> impl Iterator<Item = &Node> {
        let entries = self.as_map().into_iter().flat_map(|it| it.values());
        self.as_list().unwrap_or_default().iter().chain(entries.map(|it| &it.value))
    }

    /// The value under `key`, if it is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).map(|it| &it.value)
    }

    /// Where it is written: itself, or the first value in it that is.
    pub fn written(&self) -> Span {
        if self.span.is_written() {
            return self.span;
        }
        self.children().map(Self::written).find(|it| it.is_written()).unwrap_or_default()
    }

    /// The one entry of a mapping that has one, such as an intrinsic function in its long form.
    pub fn as_single(&self) -> Option<(&str, &Node)> {
        match self.as_map()?.first() {
            Some((key, entry)) if self.as_map()?.len() == 1 => Some((key, &entry.value)),
            _ => None,
        }
    }

    /// Whether it is a group of properties: a mapping that is no intrinsic function.
    pub fn is_group(&self) -> bool {
        self.as_map().is_some() && !self.as_single().is_some_and(|(key, _)| is_intrinsic(key))
    }

    /// What it is, for a message: "a list", "the number `3`".
    pub fn describe(&self) -> String {
        match &self.kind {
            NodeKind::Null => "nothing".to_owned(),
            NodeKind::Bool(it) => format!("`{it}`"),
            NodeKind::Integer(it) => format!("the number {it}"),
            NodeKind::Float(it) => format!("the number {it}"),
            NodeKind::String(text) if text.len() <= 40 && !text.contains('\n') => format!("`{text}`"),
            NodeKind::String(_) => "a text".to_owned(),
            NodeKind::List(_) => "a list".to_owned(),
            NodeKind::Map(_) => match self.as_single() {
                Some((key, _)) if is_intrinsic(key) => format!("`{}`", short_form(key)),
                _ => "a mapping".to_owned(),
            },
        }
    }

    /// Lays `other` over it: mappings merge deeply, `null` takes a key away, all else replaces. Returns the places
    /// of keys that were to be taken away and are not there.
    pub fn overlay(&mut self, other: &Self) -> Vec<Span> {
        // A function is one value, and not a mapping to merge with.
        let merges = self.is_group() && other.is_group();
        let (true, NodeKind::Map(mine), NodeKind::Map(theirs)) = (merges, &mut self.kind, &other.kind) else {
            *self = other.clone();
            return Vec::new();
        };
        let mut idle = Vec::new();
        for (key, entry) in theirs {
            let removes = entry.value.kind == NodeKind::Null;
            match mine.get_mut(key) {
                Some(_) if removes => drop(mine.shift_remove(key)),
                None if removes => idle.push(entry.key),
                Some(old) => idle.extend(old.value.overlay(&entry.value)),
                None => {
                    let mut new = entry.clone();
                    if let NodeKind::Map(map) = &mut new.value.kind {
                        map.clear();
                        idle.extend(new.value.overlay(&entry.value));
                    }
                    mine.insert(key.clone(), new);
                }
            }
        }
        idle
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// A mapping in the order given, at no place.
impl FromIterator<(Cow<'static, str>, Node)> for Node {
    fn from_iter<I: IntoIterator<Item = (Cow<'static, str>, Node)>>(entries: I) -> Self {
        let map = entries.into_iter().map(|(key, value)| (key, Entry::from(value))).collect();
        Self::new(NodeKind::Map(map), Span::NOWHERE)
    }
}

/// Whether a mapping with the one key `key` is an intrinsic function.
pub fn is_intrinsic(key: &str) -> bool {
    key == "Ref" || key == "Condition" || key.starts_with("Fn::")
}

/// The short form of an intrinsic function's key: `!Sub` of `Fn::Sub`.
pub fn short_form(key: &str) -> String {
    format!("!{}", key.strip_prefix("Fn::").unwrap_or(key))
}
