//! Changes to the resources a construct makes, addressed by their path below it.

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, nearest},
    expr::{Expr, ExprKind},
    map::Entry,
    node::{Node, NodeKind},
    property::Reader,
    tree::{Handle, Named, Resource, Tree},
};

use indexmap::IndexMap;

use super::{cloudformation_value, resources::dependencies};
use crate::load::{Declared, Stack};

/// Applies the overrides of every construct that was built.
pub(super) fn apply(stack: &Stack, tree: &mut Tree, reader: &mut Reader) {
    for declared in &stack.constructs {
        if let Some(overrides) = &declared.overrides
            && matches!(tree.names.get(&declared.name.text), Some(Named::Construct(_)))
        {
            apply_to(declared, overrides, tree, reader);
        }
    }
}

fn apply_to(declared: &Declared, overrides: &Node, tree: &mut Tree, reader: &mut Reader) {
    let Some(map) = overrides.as_map() else {
        reader.mismatch::<()>(overrides, "a mapping of child paths to changes");
        return;
    };
    for (path, entry) in map {
        let Some(handle) = resource_at(declared, path, entry, tree, reader) else { continue };
        let known = ["Properties", "DependsOn"].into_iter().chain(Resource::ATTRIBUTES).collect::<Vec<_>>();
        if entry.value.as_map().is_some_and(IndexMap::is_empty) {
            reader.report(without_effect(&entry.value));
        }
        if reader.fields(&entry.value, &known).is_some() {
            change(handle, &entry.value, tree, reader);
        }
    }
}

fn resource_at(
    declared: &Declared,
    path: &str,
    entry: &Entry<Node>,
    tree: &Tree,
    reader: &mut Reader,
) -> Option<Handle> {
    let name = &declared.name.text;
    let resources = tree.paths_below(name);
    if let Some((_, handle)) = resources.iter().find(|(it, _)| it == path) {
        return Some(*handle);
    }
    let known: Vec<&str> = resources.iter().map(|(it, _)| it.as_str()).collect();
    let fault =
        Diagnostic::error("unknown-path", format!("`{name}` has no resource at `{path}`")).at(entry.key);
    reader.reject(match nearest(path, &known) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault.help(format!("its resources are at {}", known.join(", "))),
    })
}

fn change(handle: Handle, changes: &Node, tree: &mut Tree, reader: &mut Reader) {
    let mut idle = Vec::new();
    let faults = reader.diagnostics.len();
    if let Some(node) = changes.get("Properties") {
        let laid = removals(node, tree, reader);
        let properties = &mut tree.resource_mut(handle).properties;
        if properties.is_absent() {
            *properties = ExprKind::Object(asi_constructs::kernel::map::Map::default()).into();
        }
        let before = properties.clone();
        properties.overlay(laid);
        if *properties == before {
            idle.push(node);
        }
    }
    if let Some(node) = changes.get("DependsOn") {
        let added = dependencies(node, tree, reader);
        let own = &mut tree.resource_mut(handle).depends_on;
        let before = own.len();
        own.extend(added);
        if own.len() == before {
            idle.push(node);
        }
    }
    for name in Resource::ATTRIBUTES {
        let Some(node) = changes.get(name) else { continue };
        let value = removals(node, tree, reader);
        let attributes = &mut tree.resource_mut(handle).attributes;
        let before = attributes.get(name).cloned();
        match attributes.get_mut(name) {
            _ if value.is_absent() => drop(attributes.remove(name)),
            Some(old) => old.overlay(value),
            None => drop(attributes.insert(name, value)),
        }
        if before.as_ref() == attributes.get(name) {
            idle.push(node);
        }
    }
    // What could not be read cannot have an effect.
    if reader.diagnostics.len() == faults {
        idle.into_iter().for_each(|it| reader.report(without_effect(it)));
    }
}

/// A value in which `null` means that a key is taken away.
fn removals(node: &Node, tree: &mut Tree, reader: &mut Reader) -> Expr<Handle> {
    match &node.kind {
        NodeKind::Null => Expr::ABSENT,
        NodeKind::Map(map)
            if node.as_single().is_none_or(|(key, _)| !asi_constructs::kernel::node::is_intrinsic(key)) =>
        {
            let entries = map
                .iter()
                .map(|(key, it)| {
                    (key.clone(), Entry { key: it.key, value: removals(&it.value, tree, reader) })
                })
                .collect();
            Expr { kind: ExprKind::Object(entries), span: node.span }
        }
        _ => cloudformation_value(node, tree, reader),
    }
}

fn without_effect(node: &Node) -> Diagnostic {
    Diagnostic::error("no-effect", "this override changes nothing")
        .at(node.span)
        .help("remove it, or mend its path or value")
}
