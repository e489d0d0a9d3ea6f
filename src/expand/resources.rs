//! Resources the user wrote as in a template, and those that loops make.

use std::collections::BTreeSet;

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    expr::Expr,
    id::{LogicalId, ResourceType},
    map::Entry,
    node::{Node, NodeKind},
    property::Reader,
    tree::{Handle, Named, Resource, Tree},
};

use super::cloudformation_value;
use crate::load::Stack;

/// A resource that is in the tree, its properties still to be read.
pub(super) struct Written<'a> {
    handle: Handle,
    node: &'a Node,
}

/// Puts every resource into the tree, so that anything may refer to it.
pub(super) fn declare<'a>(stack: &'a Stack, tree: &mut Tree, reader: &mut Reader) -> Vec<Written<'a>> {
    let mut written = Vec::new();
    for (name, entry) in &stack.resources {
        if name.starts_with("Fn::ForEach::") {
            continue;
        }
        let id = match LogicalId::checked(name) {
            Ok(id) => id,
            Err(fault) => {
                let fault = format!("`{name}` cannot name a resource: a logical id {fault}");
                reader.report(Diagnostic::error("logical-id", fault).at(entry.key).help("rename it"));
                continue;
            }
        };
        let Some(kind) = resource_type(name, entry, reader) else { continue };
        // What has moved keeps the logical id it was deployed with.
        let id = stack.moved.get(&**name).and_then(|it| LogicalId::checked(it).ok()).unwrap_or(id);
        let handle = tree.open(name, entry.key).resource("Default", kind, Expr::ABSENT);
        tree.resource_mut(handle).logical_id = Some(id);
        tree.names.insert(name.to_string(), Named::Resource(handle));
        written.push(Written { handle, node: &entry.value });
    }
    written
}

fn resource_type(name: &str, entry: &Entry<Node>, reader: &mut Reader) -> Option<ResourceType> {
    let known =
        ["Type", "Properties", "DependsOn"].into_iter().chain(Resource::ATTRIBUTES).collect::<Vec<_>>();
    reader.fields(&entry.value, &known)?;
    let Some(kind) = entry.value.get("Type") else {
        let fault = Diagnostic::error("missing-type", format!("the resource `{name}` has no `Type`"));
        return reader.reject(fault.at(entry.key).help("add `Type:`, such as `Type: AWS::S3::Bucket`"));
    };
    let text = reader.scalar(kind, "the type of a resource, such as `AWS::S3::Bucket`")?;
    ResourceType::parse(text).or_else(|| {
        reader.reject(
            Diagnostic::error("resource-type", format!("`{text}` is no type of resource"))
                .at(kind.span)
                .help("write it as CloudFormation does, such as `AWS::S3::Bucket`"),
        )
    })
}

/// Reads the resources, now that everything they may refer to is there.
pub(super) fn resolve(written: Vec<Written<'_>>, tree: &mut Tree, reader: &mut Reader) {
    for Written { handle, node } in written {
        if let Some(properties) = node.get("Properties") {
            if properties.as_map().is_none() {
                reader.mismatch::<()>(properties, "a mapping of properties");
                continue;
            }
            tree.resource_mut(handle).properties = cloudformation_value(properties, tree, reader);
        }
        if let Some(on) = node.get("DependsOn") {
            tree.resource_mut(handle).depends_on = dependencies(on, tree, reader);
        }
        for name in Resource::ATTRIBUTES {
            if let Some(attribute) = node.get(name) {
                let attribute = cloudformation_value(attribute, tree, reader);
                tree.resource_mut(handle).attributes.insert(name, attribute);
            }
        }
    }
}

/// `DependsOn`: resources, and constructs, which stand for all resources they make.
pub(super) fn dependencies(node: &Node, tree: &Tree, reader: &mut Reader) -> BTreeSet<Handle> {
    let names = match &node.kind {
        NodeKind::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    let mut handles = BTreeSet::new();
    for name in names {
        let Some(text) = reader.scalar(name, "the name of a resource or a construct") else { continue };
        match tree.names.get(text) {
            Some(Named::Resource(handle)) => drop(handles.insert(*handle)),
            Some(Named::Construct(_)) => handles.extend(tree.handles_at(text).unwrap_or_default()),
            Some(Named::Pending(_) | Named::Building) => (),
            Some(Named::Parameter) | None => {
                let known = tree
                    .names
                    .iter()
                    .filter(|(_, it)| !matches!(it, Named::Parameter))
                    .map(|(it, _)| it.as_str());
                reader.report(
                    Diagnostic::error("unknown-name", format!("there is no resource or construct `{text}`"))
                        .at(name.span)
                        .suggest(text, known),
                );
            }
        }
    }
    handles
}
