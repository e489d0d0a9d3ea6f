//! From a [`Tree`] to a [`Template`]: every resource gets its logical id, every reference its target.

use std::{borrow::Cow, collections::BTreeMap};

use asi_constructs::kernel::{
    collate,
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    id::LogicalId,
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::Span,
    tree::{Handle, Resource, Sections, Tree},
};

use crate::template::Template;

/// Resolves a tree.
pub fn resolve(tree: &Tree) -> (Template, Vec<Diagnostic>) {
    let handles = tree.handles();
    let (ids, diagnostics) = logical_ids(tree, &handles);
    let stack = tree.path().clone();
    let resources = handles.iter().map(|handle| {
        let resource = tree.resource(*handle);
        let node = resource_node(resource, tree, &ids);
        (Cow::Owned(ids[handle].to_string()), Entry { key: resource.origin, value: node })
    });
    let mut resources: Map<Node> = resources.collect();
    resources.extend(nodes(&tree.sections.resource_loops, &ids));
    let paths = handles
        .iter()
        .filter_map(|it| Some((ids[it].clone(), tree.resource(*it).path.below(&stack)?)))
        .collect();
    let body = body(&tree.sections, resources, &ids);
    let tags = tree.sections.tags.clone();
    (Template { body, paths, tags }, diagnostics)
}

type Ids = BTreeMap<Handle, LogicalId>;

fn logical_ids(tree: &Tree, handles: &[Handle]) -> (Ids, Vec<Diagnostic>) {
    let mut ids = Ids::new();
    let mut taken: BTreeMap<LogicalId, Handle> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for handle in handles {
        let resource = tree.resource(*handle);
        // The first component is the stack, which does not count.
        let of_path = || LogicalId::for_path(resource.path.components().skip(1));
        let id = resource.logical_id.clone().or_else(of_path).expect("no construct is named `Default`");
        if let Some(first) = taken.insert(id.clone(), *handle) {
            let first = tree.resource(first);
            diagnostics.push(
                Diagnostic::error(
                    "duplicate-logical-id",
                    format!("`{}` and `{}` both get the logical id `{id}`", first.path, resource.path),
                )
                .label(resource.origin, "this one")
                .label(first.origin, "and this one")
                .help("rename one of them"),
            );
        }
        if let Some(parameter) = tree.sections.parameters.get(id.as_str()) {
            diagnostics.push(
                Diagnostic::error(
                    "duplicate-logical-id",
                    format!("`{}` and a parameter both are `{id}`", resource.path),
                )
                .label(parameter.key, "the parameter")
                .label(resource.origin, "the construct")
                .help("rename the parameter"),
            );
        }
        ids.insert(*handle, id);
    }
    (ids, diagnostics)
}

/// The template's sections in the order of the CDK: those about the whole first.
fn body(sections: &Sections, resources: Map<Node>, ids: &Ids) -> Node {
    let single = |value: &Option<Expr<Handle>>| value.as_ref().map(|it| node(it, ids));
    let version = Node::text("2010-09-09", Span::NOWHERE);
    let section = |entries: &Map<Expr<Handle>>| map_node(nodes(entries, ids));
    let all = [
        ("Description", single(&sections.description)),
        ("Transform", single(&sections.transform)),
        ("AWSTemplateFormatVersion", Some(version)),
        ("Metadata", section(&sections.metadata)),
        ("Parameters", section(&sections.parameters)),
        ("Rules", section(&sections.rules)),
        ("Mappings", section(&sections.mappings)),
        ("Conditions", section(&sections.conditions)),
        ("Resources", Some(Node::new(NodeKind::Map(resources), Span::NOWHERE))),
        ("Outputs", section(&sections.outputs)),
    ];
    all.into_iter().filter_map(|(name, node)| Some((Cow::Borrowed(name), node?))).collect()
}

fn map_node(map: Map<Node>) -> Option<Node> {
    (!map.is_empty()).then(|| Node::new(NodeKind::Map(map), Span::NOWHERE))
}

/// A resource, its keys in the order of the CDK.
fn resource_node(resource: &Resource, tree: &Tree, ids: &Ids) -> Node {
    let mut keys: Vec<(&'static str, Node)> =
        vec![("Type", Node::text(resource.kind.as_str().to_owned(), resource.origin))];
    if !resource.properties.is_absent() {
        let properties = node(&resource.properties, ids);
        if properties.as_map().is_none_or(|it| !it.is_empty()) {
            keys.push(("Properties", properties));
        }
    }
    if !resource.depends_on.is_empty() {
        keys.push(("DependsOn", dependencies(resource, tree, ids)));
    }
    for name in Resource::ATTRIBUTES {
        if let Some(value) = resource.attributes.get(name).filter(|it| !it.is_absent()) {
            keys.push((name, node(value, ids)));
        }
    }
    let mut node: Node = keys.into_iter().map(|(key, node)| (Cow::Borrowed(key), node)).collect();
    node.span = resource.origin;
    node
}

/// The CDK sorts dependencies by the path of the construct, as a dictionary would.
fn dependencies(resource: &Resource, tree: &Tree, ids: &Ids) -> Node {
    let mut on: Vec<(String, &Handle)> =
        resource.depends_on.iter().map(|it| (tree.resource(*it).path.to_string(), it)).collect();
    on.sort_by(|(a, _), (b, _)| collate::compare(a, b));
    let items = on.into_iter().map(|(_, it)| Node::text(ids[it].to_string(), resource.origin)).collect();
    Node::new(NodeKind::List(items), resource.origin)
}

fn nodes(map: &Map<Expr<Handle>>, ids: &Ids) -> Map<Node> {
    map.iter()
        .filter(|(_, entry)| !entry.value.is_absent())
        .map(|(name, entry)| (name.clone(), Entry { key: entry.key, value: node(&entry.value, ids) }))
        .collect()
}

/// An expression as CloudFormation writes it.
fn node(expr: &Expr<Handle>, ids: &Ids) -> Node {
    let text = |it: String| Node::text(it, expr.span);
    let kind = match &expr.kind {
        ExprKind::Absent => NodeKind::Map(Map::from_iter([(
            Cow::Borrowed("Ref"),
            Entry::from(Node::text("AWS::NoValue", expr.span)),
        )])),
        ExprKind::Bool(it) => NodeKind::Bool(*it),
        ExprKind::Integer(it) => NodeKind::Integer(*it),
        ExprKind::Float(it) => NodeKind::Float(*it),
        ExprKind::String(it) => NodeKind::String(it.clone()),
        ExprKind::List(items) => {
            NodeKind::List(items.iter().filter(|it| !it.is_absent()).map(|it| node(it, ids)).collect())
        }
        ExprKind::Object(map) => NodeKind::Map(nodes(map, ids)),
        ExprKind::Ref(target) => return function("Ref", text(ids[target].to_string()), expr.span),
        ExprKind::Id(target) => return text(ids[target].to_string()),
        ExprKind::Parameter(name) => return function("Ref", text(name.to_string()), expr.span),
        ExprKind::GetAtt(target, attribute) => {
            let parts = vec![text(ids[target].to_string()), text(attribute.to_string())];
            return function("Fn::GetAtt", Node::new(NodeKind::List(parts), expr.span), expr.span);
        }
        ExprKind::Concat(parts) => return concat(parts, expr.span, ids),
    };
    Node::new(kind, expr.span)
}

fn function(name: &'static str, argument: Node, span: Span) -> Node {
    Node::new(NodeKind::Map(Map::from_iter([(Cow::Borrowed(name), Entry::from(argument))])), span)
}

/// Text put together: `Fn::Sub` where it can say it, because people can read that; otherwise `Fn::Join`.
fn concat(parts: &[Expr<Handle>], span: Span, ids: &Ids) -> Node {
    let mut template = String::new();
    for part in parts {
        match &part.kind {
            ExprKind::String(text) => template.push_str(&text.replace("${", "${!")),
            ExprKind::Ref(target) => template.push_str(&format!("${{{}}}", ids[target])),
            ExprKind::GetAtt(target, attribute) => {
                template.push_str(&format!("${{{}.{attribute}}}", ids[target]));
            }
            ExprKind::Parameter(name) => template.push_str(&format!("${{{name}}}")),
            _ => {
                let items = parts.iter().map(|it| node(it, ids)).collect();
                let arguments = vec![Node::text("", span), Node::new(NodeKind::List(items), span)];
                return function("Fn::Join", Node::new(NodeKind::List(arguments), span), span);
            }
        }
    }
    function("Fn::Sub", Node::text(template, span), span)
}
