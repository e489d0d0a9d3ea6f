//! A template as a stack file would have it: parameters and outputs in the words of that, all else as it is.

use std::{borrow::Cow, collections::BTreeSet};

use asi_constructs::kernel::{
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::Span,
    tree::Resource,
};
use indexmap::IndexMap;

use crate::template::scalar;

/// What stands at the top of a stack file.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The name of the app, and of its stack.
    pub app: String,
    /// The region that the stack is bound to.
    pub region: Option<String>,
    /// The tags of the stack.
    pub tags: IndexMap<String, String>,
    /// What the file is made of, for its first line.
    pub origin: String,
}

/// What the stack file cannot hold: the keys on the way to it.
pub(super) type Exiled = BTreeSet<Vec<String>>;

/// The sections that are the same in both, with their names in the stack file.
const SECTIONS: [(&str, &str); 5] = [
    ("Rules", "rules"),
    ("Mappings", "mappings"),
    ("Conditions", "conditions"),
    ("Metadata", "metadata"),
    ("Resources", "resources"),
];

/// What a key of a parameter is, and has to be.
const PARAMETER: [(&str, &str, Kind); 11] = [
    ("Type", "type", Kind::Literal),
    ("Default", "default", Kind::Text),
    ("Description", "description", Kind::Literal),
    ("AllowedValues", "allowedValues", Kind::Texts),
    ("AllowedPattern", "allowedPattern", Kind::Literal),
    ("ConstraintDescription", "constraintDescription", Kind::Literal),
    ("MinLength", "minLength", Kind::Whole),
    ("MaxLength", "maxLength", Kind::Whole),
    ("MinValue", "minValue", Kind::Number),
    ("MaxValue", "maxValue", Kind::Number),
    ("NoEcho", "noEcho", Kind::Truth),
];

#[derive(Clone, Copy)]
enum Kind {
    /// Text in which nothing refers to anything.
    Literal,
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A whole number that is not negative.
    Whole,
    /// A number.
    Number,
    /// True or false.
    Truth,
}

/// The stack file that says what a template says, but for what is exiled and what it has no key for. Its values have the places
/// of those in the template.
pub(super) fn stack_file(body: &Node, head: &Head, exiled: &Exiled) -> Map<Node> {
    let mut body = body.clone();
    exiled.iter().for_each(|way| take_out(&mut body, way));
    let mut file = Map::default();
    let mut put = |key: &'static str, entry: Entry<Node>| drop(file.insert(key.into(), entry));
    put("app", Entry::from(text(&head.app)));
    let section = |name: &str| body.as_map().and_then(|it| it.get(name));
    if let Some(entry) = section("Description").filter(|it| it.value.as_str().is_some()) {
        put("description", Entry { key: entry.key, value: escaped(&entry.value) });
    }
    if let Some(region) = &head.region {
        put("region", Entry::from(text(region)));
    }
    if !head.tags.is_empty() {
        let tag = |(key, value): (&String, &String)| (Cow::Owned(key.clone()), escaped(&text(value)));
        put("tags", Entry::from(head.tags.iter().map(tag).collect::<Node>()));
    }
    if let Some(entry) = section("Transform") {
        put("transform", entry.clone());
    }
    let entries = |name: &str, change: fn(&str, &Node) -> Node| {
        let entry = section(name)?;
        let entries = entry.value.as_map()?.iter();
        let entry_of = |(id, it): (&Cow<'static, str>, &Entry<Node>)| {
            (id.clone(), Entry { key: it.key, value: change(id, &it.value) })
        };
        let map: Map<Node> = entries.map(entry_of).collect();
        let value = Node::new(NodeKind::Map(map), entry.value.span);
        value.as_map().is_some_and(|it| !it.is_empty()).then_some(Entry { key: entry.key, value })
    };
    if let Some(entry) = entries("Parameters", parameter) {
        put("parameters", entry);
    }
    for (name, key) in SECTIONS {
        let change = if name == "Resources" { resource } else { |_: &str, it: &Node| it.clone() };
        if let Some(entry) = entries(name, change) {
            put(key, entry);
        }
    }
    if let Some(entry) = entries("Outputs", output) {
        put("outputs", entry);
    }
    file
}

/// Takes out what the keys lead to, if it is still there.
fn take_out(node: &mut Node, way: &[String]) {
    let (NodeKind::Map(map), [key, rest @ ..]) = (&mut node.kind, way) else { return };
    if rest.is_empty() {
        map.shift_remove(key.as_str());
    } else if let Some(entry) = map.get_mut(key.as_str()) {
        take_out(&mut entry.value, rest);
    }
}

fn text(text: &str) -> Node {
    Node::text(text.to_owned(), Span::default())
}

/// A resource, without keys that resources do not have.
fn resource(id: &str, node: &Node) -> Node {
    let NodeKind::Map(keys) = &node.kind else { return node.clone() };
    let is_known =
        |key: &str| matches!(key, "Type" | "Properties" | "DependsOn") || Resource::ATTRIBUTES.contains(&key);
    let mut keys = keys.clone();
    keys.retain(|key, _| is_known(key) || id.starts_with("Fn::ForEach::"));
    Node::new(NodeKind::Map(keys), node.span)
}

/// A parameter in the words of the stack file.
fn parameter(_: &str, node: &Node) -> Node {
    let written = |(theirs, ours, kind): (&str, &'static str, Kind)| {
        let entry = node.as_map()?.get(theirs)?;
        let value = parameter_value(&entry.value, kind)?;
        Some((Cow::Borrowed(ours), Entry { key: entry.key, value }))
    };
    Node::new(NodeKind::Map(PARAMETER.into_iter().filter_map(written).collect()), node.span)
}

/// A value of a parameter as the stack file reads it; nothing, if it would not.
fn parameter_value(node: &Node, kind: Kind) -> Option<Node> {
    let written = scalar(node);
    let at = |kind: NodeKind, text: &str| Node { plain: Some(text.into()), ..Node::new(kind, node.span) };
    match kind {
        Kind::Text => written.map(|it| whole(&it, node.span).unwrap_or_else(|| escaped(node))),
        Kind::Literal => written.filter(|it| !it.contains("${")).map(|_| node.clone()),
        Kind::Texts => {
            let items = node.as_list()?.iter().map(|it| parameter_value(it, Kind::Text));
            let items: Vec<Node> = items.collect::<Option<_>>()?;
            (!items.is_empty()).then(|| Node::new(NodeKind::List(items), node.span))
        }
        Kind::Whole => {
            let number: u32 = written?.parse().ok()?;
            Some(at(NodeKind::Integer(number.into()), &number.to_string()))
        }
        Kind::Number => {
            let text = written?;
            let number: f64 = text.parse().ok().filter(|it: &f64| it.is_finite())?;
            let kind = text.parse().map_or(NodeKind::Float(number), NodeKind::Integer);
            Some(at(kind, &text))
        }
        Kind::Truth => {
            let truth: bool = written?.parse().ok()?;
            Some(at(NodeKind::Bool(truth), &truth.to_string()))
        }
    }
}

/// A text that is a whole number, as one would write that; nothing, if it is none.
fn whole(text: &str, span: Span) -> Option<Node> {
    let number: i64 = text.parse().ok().filter(|it: &i64| it.to_string() == text)?;
    Some(Node { plain: Some(text.into()), ..Node::new(NodeKind::Integer(number), span) })
}

/// An output in the words of the stack file.
fn output(_: &str, node: &Node) -> Node {
    let of = |key: &str| node.as_map().and_then(|it| it.get(key));
    let name = of("Export").and_then(|it| Some(Entry { key: it.key, value: it.value.get("Name")?.clone() }));
    let keys = [
        ("description", of("Description").cloned()),
        ("value", of("Value").cloned()),
        ("export", name),
        ("condition", of("Condition").cloned()),
    ];
    let written = keys.into_iter().filter_map(|(key, entry)| {
        let Entry { key: place, value } = entry?;
        Some((Cow::Borrowed(key), Entry { key: place, value: escaped(&value) }))
    });
    Node::new(NodeKind::Map(written.collect()), node.span)
}

/// The same where `${…}` in a text would refer to something, which it does in a template only in `Fn::Sub`.
fn escaped(node: &Node) -> Node {
    let kind = match &node.kind {
        NodeKind::String(text) if text.contains("${") => {
            NodeKind::String(Cow::Owned(text.replace("${", "$${")))
        }
        NodeKind::List(items) => NodeKind::List(items.iter().map(escaped).collect()),
        NodeKind::Map(map) => {
            let is_sub = node.as_single().is_some_and(|it| it.0 == "Fn::Sub");
            let value = |node: &Node| match (is_sub, &node.kind) {
                (true, NodeKind::String(_)) => node.clone(),
                (true, NodeKind::List(items)) => {
                    let items = items.iter().enumerate();
                    let items = items.map(|(at, it)| if at == 0 { it.clone() } else { escaped(it) });
                    Node::new(NodeKind::List(items.collect()), node.span)
                }
                _ => escaped(node),
            };
            let entry = |(key, it): (&Cow<'static, str>, &Entry<Node>)| {
                (key.clone(), Entry { key: it.key, value: value(&it.value) })
            };
            NodeKind::Map(map.iter().map(entry).collect())
        }
        _ => return node.clone(),
    };
    Node::new(kind, node.span)
}
