//! The references of a value, each replaced by what somebody says.

use std::borrow::Cow;

use asi_constructs::kernel::{
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::Span,
};

/// Says what stands in place of references.
pub(super) trait Rewrite {
    /// What stands for a name, or for an attribute of what has it; nothing, if it stays.
    fn reference(&mut self, name: &str, attribute: Option<&Node>) -> Option<Node>;

    /// What stands for a value that is looked up in another stack; nothing, if it stays.
    fn look_up(&mut self, look_up: &Node) -> Option<Node>;
}

/// An intrinsic function.
pub(super) fn function(name: &'static str, argument: Node) -> Node {
    Node::from_iter([(Cow::Borrowed(name), argument)])
}

/// A reference to a name, or to an attribute of what has it.
pub(super) fn reference(name: &str, attribute: Option<&Node>) -> Node {
    let name = Node::text(name.to_owned(), Span::NOWHERE);
    match attribute {
        None => function("Ref", name),
        Some(it) => function("Fn::GetAtt", Node::new(NodeKind::List(vec![name, it.clone()]), Span::NOWHERE)),
    }
}

/// Whether a value is looked up in another stack.
pub(super) fn is_look_up(value: &Node) -> bool {
    matches!(value.as_single(), Some(("Fn::ImportValue" | "Fn::GetStackOutput", _)))
}

/// A value with its references rewritten.
pub(super) fn rewritten(value: &Node, by: &mut dyn Rewrite) -> Node {
    let replaced = match value.as_single() {
        Some(("Ref", name)) => name.as_str().and_then(|it| by.reference(it, None)),
        Some(("Fn::GetAtt", argument)) => {
            attribute(argument).and_then(|(name, attribute)| by.reference(name, Some(&attribute)))
        }
        Some(("Fn::Sub", argument)) => Some(substituted(argument, by)),
        Some(("Fn::Split", argument)) => Some(split(within(argument, by))),
        Some(_) if is_look_up(value) => by.look_up(value),
        _ => None,
    };
    replaced.unwrap_or_else(|| match value.as_single() {
        Some(("Ref" | "Fn::GetAtt", _)) => value.clone(),
        _ => within(value, by),
    })
}

/// The name and the attribute of `Fn::GetAtt`, which is written as a text or as a list.
fn attribute(argument: &Node) -> Option<(&str, Node)> {
    if let Some((name, attribute)) = argument.as_str().and_then(|it| it.split_once('.')) {
        return Some((name, Node::text(attribute.to_owned(), argument.span)));
    }
    let [name, attribute] = argument.as_list()? else { return None };
    Some((name.as_str()?, attribute.clone()))
}

/// The same, with all that is in it rewritten.
fn within(value: &Node, by: &mut dyn Rewrite) -> Node {
    let kind = match &value.kind {
        NodeKind::List(items) => NodeKind::List(items.iter().map(|it| rewritten(it, by)).collect()),
        NodeKind::Map(map) => {
            let entry = |(name, it): (&Cow<'static, str>, &Entry<Node>)| {
                (name.clone(), Entry { key: it.key, value: rewritten(&it.value, by) })
            };
            NodeKind::Map(map.iter().map(entry).collect())
        }
        _ => return value.clone(),
    };
    Node { kind, span: value.span, plain: value.plain.clone(), inset: value.inset }
}

/// A list that was made one text and is taken apart again is that list.
fn split(argument: Node) -> Node {
    if let Some([delimiter, text]) = argument.as_list()
        && let Some(("Fn::Join", joined)) = text.as_single()
        && let Some([other, items]) = joined.as_list()
        && delimiter == other
    {
        return items.clone();
    }
    function("Fn::Split", argument)
}

/// `Fn::Sub` with its references rewritten. What can only be said by another function becomes a variable.
fn substituted(argument: &Node, by: &mut dyn Rewrite) -> Node {
    let (template, own) = match argument.as_list() {
        Some([template, own]) => (template, own.as_map()),
        _ => (argument, None),
    };
    let Some(text) = template.as_str() else { return function("Fn::Sub", within(argument, by)) };
    let mut variables: Map<Node> = own
        .into_iter()
        .flatten()
        .map(|(name, it)| (name.clone(), Entry { key: it.key, value: rewritten(&it.value, by) }))
        .collect();
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, after)) = after.split_once('}') else { break };
        out.push_str(before);
        let name = inside.trim();
        let is_ours = inside.starts_with('!') || variables.contains_key(name);
        let (id, attribute) = name.split_once('.').map_or((name, None), |(id, it)| (id, Some(it)));
        let attribute = attribute.map(|it| Node::text(it.to_owned(), template.span));
        let value = if is_ours { None } else { by.reference(id, attribute.as_ref()) };
        let inside = value.map_or_else(|| inside.to_owned(), |it| placeholder(it, &mut variables));
        out.push_str(&format!("${{{inside}}}"));
        rest = after;
    }
    out.push_str(rest);
    let text = Node::text(out, template.span);
    function(
        "Fn::Sub",
        if variables.is_empty() {
            text
        } else {
            Node::new(
                NodeKind::List(vec![text, Node::new(NodeKind::Map(variables), argument.span)]),
                argument.span,
            )
        },
    )
}

/// What stands between the braces for a value: a reference by its name, anything else by that of a variable.
fn placeholder(value: Node, variables: &mut Map<Node>) -> String {
    let text = match value.as_single() {
        Some(("Ref", name)) => name.as_str().map(ToOwned::to_owned),
        Some(("Fn::GetAtt", argument)) => {
            attribute(argument).and_then(|(name, attribute)| Some(format!("{name}.{}", attribute.as_str()?)))
        }
        _ => None,
    };
    text.unwrap_or_else(|| {
        let found = variables.iter().find(|(_, it)| it.value == value).map(|(name, _)| name.to_string());
        found.unwrap_or_else(|| {
            let free = (1..=variables.len() + 1)
                .map(|it| format!("Import{it}"))
                .find(|it| !variables.contains_key(it.as_str()));
            let name = free.expect("there are more numbers than variables");
            variables.insert(Cow::Owned(name.clone()), Entry::from(value));
            name
        })
    })
}
