//! A finished template: a document, each value with the place that caused it.

mod json;
mod patch;
mod references;
pub mod secrets;
mod yaml;

use std::borrow::Cow;

use asi_constructs::kernel::{
    asset::ImageAsset,
    id::LogicalId,
    map::Map,
    node::{Node, NodeKind},
    span::Span,
};
use indexmap::IndexMap;
use serde_json::Value;

pub use json::Indent;
pub use patch::{Op, Operation};

/// A template, every reference resolved.
#[derive(Clone, Debug)]
pub struct Template {
    /// The document as CloudFormation reads it. Its values carry the span of the text that caused them.
    pub body: Node,
    /// The construct that made each resource, by its path below the stack.
    pub paths: IndexMap<LogicalId, String>,
    /// The tags a deployment puts on everything in the stack.
    pub tags: IndexMap<String, String>,
    /// The stacks it refers to, by the names CloudFormation knows them by: they have to be deployed before.
    pub needs: Vec<String>,
    /// The images that are built for it.
    pub images: Vec<ImageAsset>,
}

/// A document as JSON.
pub fn to_json(document: &Node, indent: Indent) -> String {
    json::write(document, indent)
}

/// The value of a document, without its places.
pub fn to_value(document: &Node) -> Value {
    match &document.kind {
        NodeKind::Null => Value::Null,
        NodeKind::Bool(it) => Value::from(*it),
        NodeKind::Integer(it) => Value::from(*it),
        NodeKind::Float(it) => Value::from(*it),
        NodeKind::String(it) => Value::from(it.as_ref()),
        NodeKind::List(items) => items.iter().map(to_value).collect(),
        NodeKind::Map(map) => map.iter().map(|(name, it)| (name.to_string(), to_value(&it.value))).collect(),
    }
}

/// The same values, written nowhere.
fn without_places(document: &Node) -> Node {
    let kind = match &document.kind {
        NodeKind::List(items) => NodeKind::List(items.iter().map(without_places).collect()),
        NodeKind::Map(map) => {
            return map.iter().map(|(key, it)| (key.clone(), without_places(&it.value))).collect();
        }
        scalar => scalar.clone(),
    };
    Node { plain: document.plain.clone(), ..Node::new(kind, Span::NOWHERE) }
}

/// A document as YAML: its scalars as they were written, and after each value that ends a line, as a comment, what `notes`
/// say of it.
pub fn with_notes(document: &Node, notes: &dyn Fn(&Node) -> Option<String>) -> String {
    yaml::write_with_notes(document, notes)
}

/// The text of a scalar as CloudFormation passes it on.
pub fn scalar(node: &Node) -> Option<Cow<'_, str>> {
    match &node.kind {
        NodeKind::String(text) => Some(Cow::Borrowed(text)),
        NodeKind::Bool(it) => Some(Cow::Borrowed(if *it { "true" } else { "false" })),
        NodeKind::Integer(it) => {
            Some(node.plain.as_deref().map_or_else(|| it.to_string().into(), Cow::Borrowed))
        }
        NodeKind::Float(it) => {
            Some(node.plain.as_deref().map_or_else(|| it.to_string().into(), Cow::Borrowed))
        }
        NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => None,
    }
}

/// The resources of a document, with their logical ids.
pub fn resources_of(body: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let section = body.get("Resources").and_then(Node::as_map);
    // A loop is no resource, and has a list for a body.
    let entries = section.into_iter().flatten().map(|(id, entry)| (&**id, &entry.value));
    entries.filter(|(_, it)| it.as_map().is_some())
}

/// A resource of a document.
pub fn resource_of<'t>(body: &'t Node, id: &str) -> Option<&'t Node> {
    body.get("Resources")?.get(id).filter(|it| it.as_map().is_some())
}

impl Template {
    /// How many resources it has.
    pub fn size(&self) -> usize {
        self.body.get("Resources").and_then(Node::as_map).map_or(0, Map::len)
    }

    /// The same, of which nobody knows where it is written: what it was read from may be another text by now.
    #[must_use]
    pub fn without_places(&self) -> Self {
        Self { body: without_places(&self.body), ..self.clone() }
    }

    /// A template of which nothing is known but its document.
    pub fn new(body: Node) -> Self {
        Self { body, paths: IndexMap::new(), tags: IndexMap::new(), needs: Vec::new(), images: Vec::new() }
    }

    /// As YAML, the way a person would have written it.
    pub fn to_yaml(&self) -> String {
        yaml::write(&self.body)
    }

    /// As JSON.
    pub fn to_json(&self, indent: Indent) -> String {
        to_json(&self.body, indent)
    }
}
