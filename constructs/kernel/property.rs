//! Reading properties, and describing them: what a construct takes, said once, in its type.
//!
//! [`properties!`](crate::properties) declares a group of properties. From it come the reader, which finds
//! all faults in one pass and points at each; "did you mean"; the JSON Schema for editors; `asi explain`;
//! and the documentation. Serde could do the first of these only up to the first fault of a group.

use indexmap::IndexMap;

use super::{
    diagnostic::Diagnostic,
    expr::Expr,
    map::Entry,
    name::{Name, Value, interpolated},
    node::{Node, NodeKind, is_intrinsic, short_form},
    scalar::{self, Rules},
    shape::{Field, Shape, unknown_property},
    span::{Span, Spanned},
    yaml,
};

/// A type of property.
pub trait Property: Sized {
    /// Reads a value; faults go to `reader`.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self>;

    /// The value when none is written, for a property that may be left out without a default.
    fn absent() -> Option<Self> {
        None
    }

    /// What may be written.
    fn shape() -> Shape;

    /// Shows every name in it to `see`, so that what it names is built first.
    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        let _ = see;
    }

    /// The keys that a field of this type has in its group: `own`, unless it is [`Inline`](super::inline::Inline).
    fn keys(own: &'static str) -> Vec<&'static str> {
        vec![own]
    }

    /// Reads it as a field of the group that is open.
    fn read_field(
        fields: &mut Fields<'_>,
        reader: &mut Reader,
        own: &'static str,
        default: Option<&str>,
    ) -> Option<Self> {
        fields.read(reader, own, default)
    }

    /// What the field `own` of this type adds to the shape of its group.
    fn fields(own: Field) -> Vec<Field> {
        vec![own]
    }
}

/// A group of properties; made by [`properties!`](crate::properties).
pub trait Group: Property {
    /// The keys in it.
    fn group_keys() -> Vec<&'static str>;

    /// Reads its fields from the mapping that is open, which may have others.
    fn read_fields(fields: &mut Fields<'_>, reader: &mut Reader) -> Option<Self>;
}

/// A property that is one of some words; made by [`choices!`](crate::choices).
pub trait Word {
    /// The word, as it is written in a stack file.
    fn word(self) -> &'static str;
}

/// Collects what is wrong while properties are read.
#[derive(Debug, Default)]
pub struct Reader {
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// The properties being read, the innermost last.
    open: Vec<Open>,
}

/// A property that is being read.
#[derive(Debug)]
struct Open {
    key: &'static str,
    shape: fn() -> Shape,
}

impl Reader {
    /// A reader that has found these faults already.
    pub fn new(diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics, open: Vec::new() }
    }

    /// Reports a fault; one that gives no advice is told what the property takes.
    pub fn report(&mut self, mut diagnostic: Diagnostic) {
        if let Some(Open { key, shape }) = self.open.last() {
            diagnostic.help.get_or_insert_with(|| format!("`{key}` takes {}", shape().summary()));
        }
        self.diagnostics.push(diagnostic);
    }

    /// Reports a fault in place of a value.
    pub fn reject<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.report(diagnostic);
        None
    }

    /// Reports that `node` is not what was expected, such as "a number".
    pub fn mismatch<T>(&mut self, node: &Node, expected: &str) -> Option<T> {
        let fault =
            Diagnostic::error("wrong-type", format!("expected {expected}, found {}", node.describe()))
                .at(node.span);
        self.reject(match node.as_single() {
            Some((key, _)) if is_intrinsic(key) => fault
                .help("write it out: it has to be known at synthesis; `environments:` may give each its own"),
            _ if self.open.is_empty() => fault.help(format!("write {expected}")),
            _ => fault,
        })
    }

    /// The scalar `node` as it was written, if it is one.
    pub fn scalar<'a>(&mut self, node: &'a Node, expected: &str) -> Option<&'a str> {
        match node.as_written() {
            Some(text) => Some(text),
            None => self.mismatch(node, expected),
        }
    }

    /// Opens a mapping whose keys are `known`; reports all others.
    pub fn fields<'a>(&mut self, node: &'a Node, known: &[&str]) -> Option<Fields<'a>> {
        let Some(map) = node.as_map().filter(|_| node.is_group()) else {
            return self.mismatch(node, "a mapping");
        };
        for (key, entry) in map {
            if !known.contains(&&**key) {
                self.report(unknown_property(key, entry.key, known.iter().copied()));
            }
        }
        Some(Fields { node, missing: Vec::new() })
    }
}

/// A mapping whose properties are being read.
pub struct Fields<'a> {
    node: &'a Node,
    missing: Vec<&'static str>,
}

impl Fields<'_> {
    /// Reads one property, or its default, or notes that it is missing.
    pub fn read<T: Property>(
        &mut self,
        reader: &mut Reader,
        key: &'static str,
        default: Option<&str>,
    ) -> Option<T> {
        match (self.node.as_map()?.get(key), default) {
            (Some(entry), _) if entry.value.kind == NodeKind::Null => reader.reject(no_value(key, entry)),
            (Some(entry), _) => {
                reader.open.push(Open { key, shape: T::shape });
                let value = T::read(&entry.value, reader);
                reader.open.pop();
                value
            }
            (None, Some(default)) => Some(read_default(key, default)),
            (None, None) => T::absent().or_else(|| {
                self.missing.push(key);
                None
            }),
        }
    }

    /// Reports what is missing.
    pub fn finish(self, reader: &mut Reader) {
        for key in self.missing {
            reader.report(
                Diagnostic::error("missing-property", format!("the property `{key}` is missing"))
                    .at(first_line(self.node))
                    .help(format!("add `{key}:`")),
            );
        }
    }
}

/// The first key of a mapping, to point at the whole of it in one line.
fn first_line(node: &Node) -> Span {
    node.as_map().and_then(|it| it.first()).map_or(node.span, |(_, entry)| entry.key.or(node.span))
}

/// A default is kept as the user would write it, and read like anything else.
fn read_default<T: Property>(key: &str, default: &str) -> T {
    let node = if default.starts_with(['[', '{', '"']) {
        yaml::parse(default, Span::NOWHERE.file, yaml::Format::Yaml).0.expect("a default is YAML")
    } else {
        yaml::plain_scalar(default, Rules::Yaml11, Span::NOWHERE)
    };
    let mut reader = Reader::default();
    let value = T::read(&node, &mut reader);
    value.unwrap_or_else(|| unreachable!("the default of `{key}` is legal: {:?}", reader.diagnostics))
}

impl Property for bool {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.kind {
            NodeKind::Bool(it) => Some(*it),
            NodeKind::String(text) if text == "true" => Some(true),
            NodeKind::String(text) if text == "false" => Some(false),
            _ => reader.mismatch(node, "`true` or `false`"),
        }
    }

    fn shape() -> Shape {
        Shape::Bool
    }
}

/// Reads a whole number; one that YAML readers disagree on is a fault.
pub fn read_integer(node: &Node, reader: &mut Reader) -> Option<i64> {
    if let Some(written) = node.plain.as_deref().filter(|it| scalar::is_ambiguous(it)) {
        let fault = Diagnostic::error(
            "yaml-ambiguous",
            format!("YAML readers disagree on what number `{written}` is"),
        )
        .at(node.span);
        return reader.reject(match scalar::resolve(written, Rules::Yaml11) {
            scalar::Scalar::Integer(it) => fault.help(format!("write `{it}` if that is meant")),
            _ => fault.help("write it in digits"),
        });
    }
    match &node.kind {
        NodeKind::Integer(it) => Some(*it),
        NodeKind::String(text) => text.parse().ok().or_else(|| reader.mismatch(node, "a whole number")),
        _ => reader.mismatch(node, "a whole number"),
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Property for $type {
            fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
                let number = read_integer(node, reader)?;
                Self::try_from(number).ok().or_else(|| {
                    reader.mismatch(node, &format!("a whole number from {} to {}", Self::MIN, Self::MAX))
                })
            }

            fn shape() -> Shape {
                Shape::Integer
            }
        }
    )*};
}
integers!(u8, u16, u32);

impl Property for i64 {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        read_integer(node, reader)
    }

    fn shape() -> Shape {
        Shape::Integer
    }
}

impl Property for f64 {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.kind {
            NodeKind::Float(it) => Some(*it),
            _ => reader
                .scalar(node, "a number")
                .and_then(|it| it.parse::<f64>().ok().filter(|it| it.is_finite()))
                .or_else(|| reader.mismatch(node, "a number")),
        }
    }

    fn shape() -> Shape {
        Shape::Number
    }
}

/// Text that has to be known at synthesis: nothing in it may refer to something.
impl Property for String {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = reader.scalar(node, "text")?;
        if text.contains("${") {
            return reader.reject(
                Diagnostic::error("not-literal", "a reference cannot stand here")
                    .at(node.span)
                    .help("write the text out: it has to be known at synthesis; `environments:` may give each its own"),
            );
        }
        Some(text.to_owned())
    }

    fn shape() -> Shape {
        Shape::text("text")
    }
}

/// Any value: text with references, a function, a number, a list, a mapping.
impl Property for Value {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Some(interpolated(node, reader))
    }

    fn shape() -> Shape {
        Shape::Any
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.each_ref(&mut |it| see(it));
    }
}

/// A part of the file that is carried along as it was read.
impl Property for Node {
    fn read(node: &Node, _: &mut Reader) -> Option<Self> {
        Some(node.clone())
    }

    fn shape() -> Shape {
        Shape::Any
    }
}

/// One text, which may refer to something: `https://${site.domain}/`.
#[derive(Clone, Debug, PartialEq)]
pub struct Text(pub Value);

impl Text {
    /// The text, if nothing in it refers to something.
    pub fn literal(&self) -> Option<&str> {
        self.0.as_str()
    }

    /// Its place.
    pub fn span(&self) -> Span {
        self.0.span
    }
}

impl Property for Text {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match (&node.kind, node.as_written(), node.as_single()) {
            (NodeKind::String(_), ..) => Some(Self(interpolated(node, reader))),
            (_, Some(written), _) => Some(Self(Expr::from(written.to_owned()).at(node.span))),
            (_, None, Some((key, _))) if is_intrinsic(key) => Some(Self(interpolated(node, reader))),
            _ => reader.mismatch(node, "text"),
        }
    }

    fn shape() -> Shape {
        Shape::text("text, which may hold `${name.attribute}`")
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.0.names(see);
    }
}

impl<T: Property> Property for Option<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        if let Some(it) = self {
            it.names(see);
        }
    }
}

/// Boxed where a shape would hold itself, and for size.
impl<T: Property> Property for Box<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::read(node, reader).map(Self::new)
    }

    fn absent() -> Option<Self> {
        T::absent().map(Self::new)
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        (**self).names(see);
    }
}

impl<T: Property> Property for Spanned<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Some(Self::new(T::read(node, reader)?, node.span))
    }

    fn absent() -> Option<Self> {
        T::absent().map(Self::from)
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.value.names(see);
    }
}

/// A list; empty when it is left out.
impl<T: Property> Property for Vec<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(items) = node.as_list() else { return reader.mismatch(node, "a list") };
        // Every item is read before any fault of one drops the whole.
        let items: Vec<Option<T>> = items.iter().map(|it| T::read(it, reader)).collect();
        items.into_iter().collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.iter().for_each(|it| it.names(see));
    }
}

/// A list that has to be written, and to hold something.
#[derive(Clone, Debug)]
pub struct AtLeastOne<T>(pub Vec<T>);

impl<T: Property> Property for AtLeastOne<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let items = Vec::read(node, reader)?;
        if items.is_empty() {
            return reader.reject(
                Diagnostic::error("empty-list", "the list is empty")
                    .at(node.span)
                    .help("give it at least one item"),
            );
        }
        Some(Self(items))
    }

    fn shape() -> Shape {
        Vec::<T>::shape()
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.0.names(see);
    }
}

/// Reads the value under a name of the user's choice.
pub fn read_entry<T: Property>(key: &str, entry: &Entry<Node>, reader: &mut Reader) -> Option<T> {
    if entry.value.kind == NodeKind::Null {
        return reader.reject(no_value(key, entry));
    }
    T::read(&entry.value, reader)
}

fn no_value(key: &str, entry: &Entry<Node>) -> Diagnostic {
    Diagnostic::error("no-value", format!("`{key}` has no value"))
        .at(entry.key)
        .help("give it one, or remove the key")
}

/// Names of the user's choice, each with a value; empty when it is left out.
impl<T: Property> Property for IndexMap<String, T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(map) = node.as_map().filter(|_| node.is_group()) else {
            return reader.mismatch(node, "a mapping");
        };
        let entries: Vec<Option<(String, T)>> =
            map.iter().map(|(key, it)| Some((key.to_string(), read_entry(key, it, reader)?))).collect();
        entries.into_iter().collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn shape() -> Shape {
        Shape::Map(Box::new(T::shape()))
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.values().for_each(|it| it.names(see));
    }
}

/// Wraps a scalar in a mapping of its own, for a group of properties that has a short form.
pub fn long_form(node: &Node, key: &'static str) -> Option<Node> {
    (!node.is_group()).then(|| {
        let mut long = Node::from_iter([(key.into(), node.clone())]);
        long.span = node.span;
        long
    })
}

/// Says that a function cannot stand where a construct's name is due.
pub(super) fn name_expected(node: &Node, reader: &mut Reader, expected: &str) -> Option<Name> {
    if let Some(text) = node.as_str() {
        return Some(Name::new(text, node.span));
    }
    let fault = Diagnostic::error(
        "wrong-type",
        format!("expected the name of {expected}, found {}", node.describe()),
    )
    .at(node.span);
    reader.reject(match node.as_single() {
        Some((key, _)) if is_intrinsic(key) => {
            fault.help(format!("write the bare name, without `{}`", short_form(key)))
        }
        _ => fault,
    })
}

/// Says that a word is none of those that may stand here.
pub fn not_a_choice(word: &str, words: &[&str]) -> Diagnostic {
    Diagnostic::error("not-a-choice", format!("`{word}` is not one of the choices"))
        .suggest(word, words.iter().copied())
}
