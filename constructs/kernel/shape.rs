//! What may be written for a property: for messages, documentation and editors.

use serde_json::{Map, Value, json};

use super::{
    diagnostic::Diagnostic,
    node::{Node, NodeKind},
    scalar::{self, Rules, Scalar},
    span::Span,
};

/// What may be written for a property.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text; says of what kind, and the pattern it follows if there is one.
    Text(&'static str, Option<&'static str>),
    /// The name of a construct in the stack file; says of what kind.
    Name(&'static str),
    /// One of some words, each with its meaning.
    Choice(Vec<Choice>),
    /// A list of such.
    List(Box<Shape>),
    /// Keys of the user's choice, each with such a value.
    Map(Box<Shape>),
    /// A group of properties; the first of which may stand for the group, if it has a short form.
    Object(Vec<Field>, Option<&'static str>),
    /// One of several shapes.
    Either(Vec<Shape>),
    /// Anything CloudFormation takes.
    Any,
}

/// A word that may be written, and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The word.
    pub word: &'static str,
    /// Its meaning.
    pub docs: &'static str,
}

/// A property in a group.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its key.
    pub key: &'static str,
    /// Its documentation.
    pub docs: &'static str,
    /// What it is if it is not written, as it would be written.
    pub default: Option<&'static str>,
    /// Whether it has to be written.
    pub required: bool,
    /// What may be written.
    pub shape: Shape,
}

impl Shape {
    /// Text of some kind, without a pattern.
    pub fn text(what: &'static str) -> Self {
        Self::Text(what, None)
    }

    /// What it is in a few words: "a list, each a number".
    pub fn summary(&self) -> String {
        match self {
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Text(what, _) => (*what).to_owned(),
            Self::Name(what) => format!("the name of {what}"),
            Self::Choice(choices) => {
                let words: Vec<&str> = choices.iter().map(|it| it.word).collect();
                super::diagnostic::one_of(&words)
            }
            Self::List(item) => format!("a list, each {}", item.summary()),
            Self::Map(value) => format!("a mapping, each value {}", value.summary()),
            Self::Object(fields, short) => {
                let short = short.and_then(|it| fields.iter().find(|field| field.key == it));
                short.map_or_else(
                    || "a mapping".to_owned(),
                    |it| format!("{}, or a mapping", it.shape.summary()),
                )
            }
            Self::Either(shapes) => shapes.iter().map(Self::summary).collect::<Vec<_>>().join(", or "),
            Self::Any => "any value".to_owned(),
        }
    }

    /// The properties of a group, found through lists, mappings and alternatives.
    pub fn fields(&self) -> &[Field] {
        match self {
            Self::Object(fields, _) => fields,
            Self::List(inner) | Self::Map(inner) => inner.fields(),
            Self::Either(shapes) => {
                shapes.iter().map(Self::fields).find(|it| !it.is_empty()).unwrap_or_default()
            }
            Self::Bool
            | Self::Integer
            | Self::Number
            | Self::Text(..)
            | Self::Name(_)
            | Self::Choice(_)
            | Self::Any => &[],
        }
    }

    /// The keys in `node` that no property of such a shape has, each with those that there are. For what is not read:
    /// nothing is said of values.
    pub fn unknown_keys(&self, node: &Node) -> Vec<Diagnostic> {
        match (self, &node.kind) {
            (Self::List(item), NodeKind::List(items)) => {
                items.iter().flat_map(|it| item.unknown_keys(it)).collect()
            }
            (Self::Map(value), NodeKind::Map(map)) => {
                map.values().flat_map(|it| value.unknown_keys(&it.value)).collect()
            }
            (Self::Either(shapes), _) => {
                let group = shapes.iter().find(|it| !it.fields().is_empty());
                group.map_or_else(Vec::new, |it| it.unknown_keys(node))
            }
            (Self::Object(fields, _), NodeKind::Map(map)) if node.is_group() => map
                .iter()
                .flat_map(|(key, entry)| match fields.iter().find(|it| it.key == *key) {
                    Some(field) => field.shape.unknown_keys(&entry.value),
                    None => vec![unknown_property(key, entry.key, fields.iter().map(|it| it.key))],
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// As a JSON Schema (draft 7).
    pub fn schema(&self) -> Value {
        match self {
            Self::Bool => json!({ "type": "boolean" }),
            Self::Integer => json!({ "type": "integer" }),
            Self::Number => json!({ "type": "number" }),
            // Editors pass a number or a boolean where text is due: it is taken as written.
            Self::Text(_, None) => json!({ "type": ["string", "number", "boolean", "object"] }),
            Self::Text(_, Some(pattern)) => json!({ "type": ["string", "number"], "pattern": pattern }),
            Self::Name(_) => json!({ "type": "string" }),
            Self::Choice(choices) => json!({ "enum": choices.iter().map(|it| it.word).collect::<Vec<_>>() }),
            Self::List(item) => json!({ "type": "array", "items": item.schema() }),
            Self::Map(value) => json!({ "type": "object", "additionalProperties": value.schema() }),
            Self::Object(fields, short) => {
                let group = object_schema(fields);
                match short.and_then(|it| fields.iter().find(|field| field.key == it)) {
                    Some(short) => json!({ "anyOf": [short.shape.schema(), group] }),
                    None => group,
                }
            }
            Self::Either(shapes) => json!({ "anyOf": shapes.iter().map(Self::schema).collect::<Vec<_>>() }),
            Self::Any => json!({}),
        }
    }
}

/// The fault of a key that no property has.
pub fn unknown_property<'a>(key: &str, span: Span, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    Diagnostic::error("unknown-property", format!("there is no property `{key}` here"))
        .at(span)
        .suggest(key, known)
}

/// The JSON Schema of a group.
pub fn object_schema(fields: &[Field]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = json!({ "description": prose(field.docs) });
        if let Some(default) = field.default {
            schema["default"] = typed(default);
        }
        if let (Value::Object(schema), Value::Object(rest)) = (&mut schema, field.shape.schema()) {
            schema.extend(rest);
        }
        properties.insert(field.key.to_owned(), schema);
    }
    let required: Vec<&str> = fields.iter().filter(|it| it.required).map(|it| it.key).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A doc comment as flowing text: its lines without their indentation, a blank line between paragraphs.
pub fn prose(docs: &str) -> String {
    let lines: Vec<&str> = docs.lines().map(str::trim).collect();
    lines
        .split(|it| it.is_empty())
        .filter(|it| !it.is_empty())
        .map(|it| it.join(" "))
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// A default as a reader of YAML takes it.
fn typed(default: &str) -> Value {
    match scalar::resolve(default, Rules::Yaml12) {
        Scalar::Null => Value::Null,
        Scalar::Bool(it) => json!(it),
        Scalar::Integer(it) => json!(it),
        Scalar::Float(it) => json!(it),
        Scalar::Text => match default {
            "{}" => json!({}),
            "[]" => json!([]),
            text => json!(text),
        },
    }
}
