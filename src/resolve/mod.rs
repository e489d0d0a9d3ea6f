//! From a [`Tree`] to [`Template`]s: every resource gets its logical id, every reference its target.
//!
//! What a stack refers to in another becomes an output there and a look-up here, with the names the CDK gives them.

mod imports;

use std::{borrow::Cow, collections::BTreeMap};

use asi_constructs::kernel::{
    collate,
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    id::LogicalId,
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::Span,
    tree::{Finished, Handle, Resource, Sections, Tree},
};

use self::imports::{Imports, Subject};
use crate::template::Template;

/// Resolves the stacks of a tree, in their order.
pub fn resolve(tree: &Tree) -> (Vec<Template>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let ids: Ids = tree.finished.iter().flat_map(|it| logical_ids(tree, it, &mut diagnostics)).collect();
    let imports = Imports::new(tree, &ids);
    let templates = tree.finished.iter().enumerate().map(|(at, stack)| {
        let names = Names { ids: &ids, imports: &imports, stack: at };
        template(tree, stack, &names)
    });
    (templates.collect(), diagnostics)
}

fn template(tree: &Tree, stack: &Finished, names: &Names<'_>) -> Template {
    let resources = stack.handles.iter().map(|handle| {
        let resource = tree.resource(*handle);
        let node = resource_node(resource, tree, names);
        (Cow::Owned(names.ids[handle].to_string()), Entry { key: resource.origin, value: node })
    });
    let mut resources: Map<Node> = resources.collect();
    resources.extend(nodes(&stack.sections.resource_loops, names));
    let paths = stack.handles.iter().map(|it| {
        let path = &tree.resource(*it).path;
        (names.ids[it].clone(), path.components().skip(1).collect::<Vec<_>>().join("/"))
    });
    let needs = names.imports.needs(names.stack).map(|it| tree.finished[it].place.stack.clone());
    Template {
        body: body(&stack.sections, resources, names),
        paths: paths.collect(),
        tags: stack.sections.tags.clone(),
        needs: needs.collect(),
        images: stack.images.clone(),
    }
}

type Ids = BTreeMap<Handle, LogicalId>;

/// What references become in one stack.
struct Names<'a> {
    ids: &'a Ids,
    imports: &'a Imports,
    stack: usize,
}

impl Names<'_> {
    fn is_own(&self, target: Handle) -> bool {
        !self.is_import(&Subject::Resource(target, None))
    }

    fn is_import(&self, subject: &Subject) -> bool {
        self.imports.is_import(self.stack, subject)
    }

    fn import(&self, subject: &Subject, span: Span) -> Option<Node> {
        self.imports.import(self.stack, subject, span)
    }
}

fn logical_ids(tree: &Tree, stack: &Finished, diagnostics: &mut Vec<Diagnostic>) -> Ids {
    let mut ids = Ids::new();
    let mut taken: BTreeMap<LogicalId, Handle> = BTreeMap::new();
    for handle in &stack.handles {
        let resource = tree.resource(*handle);
        // The first component is the stack, which does not count.
        let of_path = || LogicalId::for_path(resource.path.components().skip(1));
        let id = resource.logical_id.clone().or_else(of_path).expect("no construct is named `Default`");
        if let Some(first) = taken.insert(id.clone(), *handle) {
            let first = tree.resource(first);
            let [one, other] = [first, resource].map(|it| stack.as_named(&it.path));
            diagnostics.push(
                Diagnostic::error(
                    "duplicate-logical-id",
                    format!("`{one}` and `{other}` both get the logical id `{id}`"),
                )
                .label(resource.origin, "this one")
                .label(first.origin, "and this one")
                .help("rename one of them"),
            );
        }
        if let Some(parameter) = stack.sections.parameters.get(id.as_str()) {
            diagnostics.push(
                Diagnostic::error(
                    "duplicate-logical-id",
                    format!("`{}` and a parameter both are `{id}`", stack.as_named(&resource.path)),
                )
                .label(parameter.key, "the parameter")
                .label(resource.origin, "the construct")
                .help("rename the parameter"),
            );
        }
        ids.insert(*handle, id);
    }
    ids
}

/// The template's sections in the order of the CDK: those about the whole first.
fn body(sections: &Sections, resources: Map<Node>, names: &Names<'_>) -> Node {
    let single = |value: &Option<Expr<Handle>>| value.as_ref().map(|it| node(it, names));
    let version = Node::text("2010-09-09", Span::NOWHERE);
    let section = |entries: &Map<Expr<Handle>>| map_node(nodes(entries, names));
    let mut outputs = nodes(&sections.outputs, names);
    outputs.extend(names.imports.outputs(names.stack));
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
        ("Outputs", map_node(outputs)),
    ];
    all.into_iter().filter_map(|(name, node)| Some((Cow::Borrowed(name), node?))).collect()
}

fn map_node(map: Map<Node>) -> Option<Node> {
    (!map.is_empty()).then(|| Node::new(NodeKind::Map(map), Span::NOWHERE))
}

/// A resource, its keys in the order of the CDK.
fn resource_node(resource: &Resource, tree: &Tree, names: &Names<'_>) -> Node {
    let mut keys: Vec<(&'static str, Node)> =
        vec![("Type", Node::text(resource.kind.as_str().to_owned(), resource.origin))];
    if !resource.properties.is_absent() {
        let properties = node(&resource.properties, names);
        if properties.as_map().is_none_or(|it| !it.is_empty()) {
            keys.push(("Properties", properties));
        }
    }
    keys.extend(dependencies(resource, tree, names).map(|it| ("DependsOn", it)));
    for name in Resource::ATTRIBUTES {
        if let Some(value) = resource.attributes.get(name).filter(|it| !it.is_absent()) {
            keys.push((name, node(value, names)));
        }
    }
    let mut node: Node = keys.into_iter().map(|(key, node)| (Cow::Borrowed(key), node)).collect();
    node.span = resource.origin;
    node
}

/// The CDK sorts dependencies by the path of the construct, as a dictionary would. What is in another stack is there
/// before.
fn dependencies(resource: &Resource, tree: &Tree, names: &Names<'_>) -> Option<Node> {
    let own = resource.depends_on.iter().filter(|it| names.is_own(**it));
    let mut on: Vec<(String, &Handle)> = own.map(|it| (tree.resource(*it).path.to_string(), it)).collect();
    on.sort_by(|(a, _), (b, _)| collate::compare(a, b));
    let items: Vec<Node> =
        on.into_iter().map(|(_, it)| Node::text(names.ids[it].to_string(), resource.origin)).collect();
    (!items.is_empty()).then(|| Node::new(NodeKind::List(items), resource.origin))
}

fn nodes(map: &Map<Expr<Handle>>, names: &Names<'_>) -> Map<Node> {
    // An iterator that filters tells of no size, and the map would grow step by step.
    let mut nodes = Map::default();
    nodes.reserve(map.len());
    let present = map.iter().filter(|(_, entry)| !entry.value.is_absent());
    nodes.extend(
        present
            .map(|(name, entry)| (name.clone(), Entry { key: entry.key, value: node(&entry.value, names) })),
    );
    nodes
}

/// An expression as CloudFormation writes it.
fn node(expr: &Expr<Handle>, names: &Names<'_>) -> Node {
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
            NodeKind::List(items.iter().filter(|it| !it.is_absent()).map(|it| node(it, names)).collect())
        }
        ExprKind::Object(map) => NodeKind::Map(nodes(map, names)),
        ExprKind::Ref(target) => {
            let own = || function("Ref", text(names.ids[target].to_string()), expr.span);
            return names.import(&Subject::Resource(*target, None), expr.span).unwrap_or_else(own);
        }
        ExprKind::Id(target) => return text(names.ids[target].to_string()),
        ExprKind::Parameter(name) => {
            let own = || function("Ref", text(name.to_string()), expr.span);
            return names.import(&Subject::Parameter(name.clone()), expr.span).unwrap_or_else(own);
        }
        ExprKind::GetAtt(target, attribute) => {
            let own = || {
                let parts = vec![text(names.ids[target].to_string()), text(attribute.to_string())];
                function("Fn::GetAtt", Node::new(NodeKind::List(parts), expr.span), expr.span)
            };
            let subject = Subject::Resource(*target, Some(attribute.clone()));
            return names.import(&subject, expr.span).unwrap_or_else(own);
        }
        ExprKind::Concat(parts) => return concat(parts, expr.span, names),
    };
    Node::new(kind, expr.span)
}

fn function(name: &'static str, argument: Node, span: Span) -> Node {
    Node::new(NodeKind::Map(Map::from_iter([(Cow::Borrowed(name), Entry::from(argument))])), span)
}

/// Text put together: `Fn::Sub` where it can say it, because people can read that; otherwise `Fn::Join`.
fn concat(parts: &[Expr<Handle>], span: Span, names: &Names<'_>) -> Node {
    let mut template = String::new();
    for part in parts {
        match &part.kind {
            ExprKind::String(text) => template.push_str(&text.replace("${", "${!")),
            ExprKind::Ref(target) if names.is_own(*target) => {
                template.push_str(&format!("${{{}}}", names.ids[target]));
            }
            ExprKind::GetAtt(target, attribute) if names.is_own(*target) => {
                template.push_str(&format!("${{{}.{attribute}}}", names.ids[target]));
            }
            ExprKind::Parameter(name) if !names.is_import(&Subject::Parameter(name.clone())) => {
                template.push_str(&format!("${{{name}}}"));
            }
            _ => {
                let items = parts.iter().map(|it| node(it, names)).collect();
                let arguments = vec![Node::text("", span), Node::new(NodeKind::List(items), span)];
                return function("Fn::Join", Node::new(NodeKind::List(arguments), span), span);
            }
        }
    }
    function("Fn::Sub", Node::text(template, span), span)
}
