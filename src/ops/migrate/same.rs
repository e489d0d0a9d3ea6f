//! Whether two templates say the same to CloudFormation, and the changes that make one of them say what the other does.

use std::borrow::Cow;

use asi_constructs::kernel::{
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::Span,
};

use crate::template::scalar;

/// The same template in the one way that all who mean the same have in common: without what means nothing (empty sections and
/// properties, the order and the form of `DependsOn`), attributes as lists of two, and numbers that
/// are not written as numbers are, as the text that CloudFormation takes them for. Everything keeps its place.
pub(super) fn normal(template: &Node) -> Node {
    let mut body = plain(template);
    let NodeKind::Map(sections) = &mut body.kind else { return body };
    sections.retain(|_, it| !is_empty(&it.value));
    if let Some(parameters) = sections.get_mut("Parameters") {
        texts(&mut parameters.value);
    }
    if let Some(Entry { value: Node { kind: NodeKind::Map(resources), .. }, .. }) =
        sections.get_mut("Resources")
    {
        for resource in resources.values_mut() {
            let NodeKind::Map(keys) = &mut resource.value.kind else { continue };
            if keys.get("Properties").is_some_and(|it| is_empty(&it.value)) {
                keys.shift_remove("Properties");
            }
            if let Some(on) = keys.get_mut("DependsOn") {
                on.value = in_order(&on.value);
            }
            if keys.get("DependsOn").is_some_and(|it| it.value.as_list().is_some_and(<[Node]>::is_empty)) {
                keys.shift_remove("DependsOn");
            }
        }
    }
    body
}

fn is_empty(node: &Node) -> bool {
    node.as_map().is_some_and(Map::is_empty)
}

/// `DependsOn` as a list without an order.
fn in_order(on: &Node) -> Node {
    let mut names: Vec<Node> = on.as_list().map_or_else(|| vec![on.clone()], <[Node]>::to_vec);
    names.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    names.dedup();
    Node::new(NodeKind::List(names), on.span)
}

/// A document with all that is no text written as the stack file would have it.
pub(super) fn plain(node: &Node) -> Node {
    let canonical = |text: String| {
        let written = node.plain.as_deref().is_none_or(|it| it == text);
        let kind = if written { node.kind.clone() } else { return None };
        Some(Node { plain: Some(text.into()), ..Node::new(kind, node.span) })
    };
    let as_text = || Node::text(scalar(node).unwrap_or_default().into_owned(), node.span);
    match &node.kind {
        NodeKind::Null => node.clone(),
        // However it is written.
        NodeKind::Bool(it) => {
            Node { plain: Some(it.to_string().into()), ..Node::new(node.kind.clone(), node.span) }
        }
        NodeKind::Integer(it) => canonical(it.to_string()).unwrap_or_else(as_text),
        NodeKind::Float(it) => canonical(serde_json::Value::from(*it).to_string()).unwrap_or_else(as_text),
        NodeKind::String(_) => Node { plain: None, ..node.clone() },
        NodeKind::List(items) => Node::new(NodeKind::List(items.iter().map(plain).collect()), node.span),
        NodeKind::Map(map) => {
            let attribute = node.as_single().filter(|it| it.0 == "Fn::GetAtt").and_then(|it| it.1.as_str());
            let split = attribute.and_then(|it| it.split_once('.'));
            let entry = |(key, it): (&Cow<'static, str>, &Entry<Node>)| {
                let value = match split {
                    Some((name, attribute)) => list_of([name, attribute], it.value.span),
                    None => plain(&it.value),
                };
                (key.clone(), Entry { key: it.key, value })
            };
            Node::new(NodeKind::Map(map.iter().map(entry).collect()), node.span)
        }
    }
}

fn list_of(texts: [&str; 2], span: Span) -> Node {
    Node::new(NodeKind::List(texts.map(|it| Node::text(it.to_owned(), span)).into()), span)
}

/// Makes a text of every number and every truth, as CloudFormation does in parameters.
fn texts(node: &mut Node) {
    match &mut node.kind {
        NodeKind::List(items) => items.iter_mut().for_each(texts),
        NodeKind::Map(map) => map.values_mut().for_each(|it| texts(&mut it.value)),
        NodeKind::Null | NodeKind::String(_) => (),
        NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) => {
            if let Some(text) = scalar(node) {
                *node = Node::text(text.into_owned(), node.span);
            }
        }
    }
}

/// A place in which a template says something else than another.
#[derive(Clone, Debug)]
pub(super) struct Difference<'a> {
    /// The place, as a JSON pointer.
    pub(super) path: String,
    /// Whether the template has something there.
    pub(super) has: bool,
    /// What the other has there.
    pub(super) wanted: Option<&'a Node>,
    /// Where that is written, or what it is not in.
    pub(super) span: Span,
}

/// The narrowest places in which `made` does not say what `wanted` does.
pub(super) fn differences<'a>(made: &Node, wanted: &'a Node) -> Vec<Difference<'a>> {
    let mut found = Vec::new();
    compare(String::new(), made, wanted, &mut found);
    found
}

fn compare<'a>(path: String, made: &Node, wanted: &'a Node, found: &mut Vec<Difference<'a>>) {
    if made == wanted {
        return;
    }
    match (&made.kind, &wanted.kind) {
        (NodeKind::Map(old), NodeKind::Map(new)) if made.is_group() && wanted.is_group() => {
            for (key, it) in new {
                let path = format!("{path}/{}", step(key));
                match old.get(key) {
                    Some(old) => compare(path, &old.value, &it.value, found),
                    None => {
                        let wanted = Some(&it.value);
                        found.push(Difference { path, has: false, wanted, span: it.key });
                    }
                }
            }
            for key in old.keys().filter(|it| new.get(&***it).is_none()) {
                let path = format!("{path}/{}", step(key));
                found.push(Difference { path, has: true, wanted: None, span: wanted.span });
            }
        }
        (NodeKind::List(old), NodeKind::List(new)) if old.len() == new.len() => {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                compare(format!("{path}/{at}"), old, new, found);
            }
        }
        _ => found.push(Difference { path, has: true, wanted: Some(wanted), span: wanted.written() }),
    }
}

/// A key as a JSON pointer has it.
fn step(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::span::Sources;

    use super::*;
    use crate::load;

    fn read(text: &str) -> Node {
        normal(&load::template(text, "template.yaml", &mut Sources::default()).0.unwrap())
    }

    /// The differences, a line each.
    fn check(made: &str, wanted: &str, expected: &[&str]) {
        let wanted = read(wanted);
        let shown = |it: &Difference<'_>| match (it.has, it.wanted) {
            (_, None) => format!("remove {}", it.path),
            (true, Some(_)) => format!("replace {}", it.path),
            (false, Some(_)) => format!("add {}", it.path),
        };
        let found: Vec<String> = differences(&read(made), &wanted).iter().map(shown).collect();
        assert_eq!(found, expected, "{made}");
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        check(
            "Resources: {A: {Type: T, DependsOn: [C, B], Properties: {X: !GetAtt B.Arn, N: 3}}}",
            "Mappings: {}\nResources:\n  A: {Properties: {N: 3, X: {Fn::GetAtt: B.Arn}}, \
             Type: T, DependsOn: [B, C]}",
            &[],
        );
        check(
            "Resources: {A: {Type: T, DependsOn: B}}",
            "Resources: {A: {Type: T, DependsOn: [B], Properties: {}}}",
            &[],
        );
        check(
            "Parameters: {A: {MinLength: 1, NoEcho: true}}",
            "Parameters: {A: {MinLength: '1', NoEcho: 'true'}}",
            &[],
        );
        check("Resources: {A: {Account: '012345678901'}}", "Resources: {A: {Account: 012345678901}}", &[]);
    }

    #[test]
    fn what_differs_is_named_as_narrowly_as_possible() {
        check(
            "Resources: {A: {Type: T, P: {X: 1, Y: [1, 2], Z: !Ref A}}, B: {Type: T}}",
            "Hooks: {H: 1}\nResources: {A: {Type: T, P: {X: '1', Y: [1, 3], Z: !GetAtt A.B, 'a/b~': 1}}}",
            &[
                "add /Hooks",
                "replace /Resources/A/P/X",
                "replace /Resources/A/P/Y/1",
                "replace /Resources/A/P/Z",
                "add /Resources/A/P/a~1b~0",
                "remove /Resources/B",
            ],
        );
    }
}
