//! The sections of a template beside its resources: parameters, conditions, outputs and the like.

use std::mem;

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    id::LogicalId,
    map::{Entry, Map},
    node::Node,
    property::Reader,
    span::Span,
    tree::{Handle, Tree},
};
use asi_constructs::object;

use super::{cloudformation_value, resolved};
use crate::load::{Output, Parameter, Stack};

/// Reads all sections, and resolves what they refer to.
pub(super) fn resolve(stack: &Stack, tree: &mut Tree, reader: &mut Reader) {
    if let Some(description) = &stack.description {
        let description = resolved(description.0.clone(), tree, reader);
        if description.as_str().is_none() && !description.is_absent() {
            reader.report(
                Diagnostic::error("not-literal", "a description is known at synthesis")
                    .at(description.span)
                    .help("write it out; `${env}` may stand in it"),
            );
        }
        tree.sections.description = Some(description);
    }
    // Constructs have added theirs. The user's come first, and stand in place of one of the same name.
    let added = mem::take(&mut tree.sections.parameters);
    for (name, entry) in &stack.parameters {
        check_id(name, entry.key, "a parameter", reader);
        let parameter = parameter(&entry.value, tree, reader);
        tree.sections.parameters.insert(name.clone(), Entry { key: entry.key, value: parameter });
    }
    for (name, entry) in added {
        tree.sections.parameters.entry(name).or_insert(entry);
    }
    let section = |node: &Option<Node>, tree: &mut Tree, reader: &mut Reader| {
        node.as_ref().map_or_else(Map::default, |it| entries(it, tree, reader))
    };
    if let Some(transform) = &stack.transform {
        tree.sections.transform = Some(cloudformation_value(transform, tree, reader));
    }
    tree.sections.metadata = section(&stack.metadata, tree, reader);
    tree.sections.mappings = section(&stack.mappings, tree, reader);
    tree.sections.conditions = section(&stack.conditions, tree, reader);
    tree.sections.rules = section(&stack.rules, tree, reader);
    for (key, value) in &stack.tags {
        let value = resolved(value.0.clone(), tree, reader);
        match value.as_str() {
            Some(text) => drop(tree.sections.tags.insert(key.clone(), text.to_owned())),
            None if value.is_absent() => (),
            None => reader.report(
                Diagnostic::error("not-literal", format!("the tag `{key}` is known only at deployment"))
                    .at(value.span)
                    .help("write it out: CloudFormation takes tags of a stack as plain text"),
            ),
        }
    }
    for (name, entry) in &stack.resources {
        if name.starts_with("Fn::ForEach::") {
            let section = Node::from_iter([(name.clone(), entry.value.clone())]);
            let looped = entries(&section, tree, reader);
            tree.sections.resource_loops.extend(looped);
        }
    }
    for (name, entry) in &stack.outputs {
        check_id(name, entry.key, "an output", reader);
        let value = output(&entry.value, tree, reader);
        tree.sections.outputs.insert(name.clone(), Entry { key: entry.key, value });
    }
}

/// A warning for each parameter that nothing refers to.
pub(super) fn unused_parameters(stack: &Stack, tree: &Tree) -> Vec<Diagnostic> {
    let unused = stack.parameters.iter().filter(|(name, _)| !tree.used_parameters.contains(&***name));
    unused
        .map(|(name, entry)| {
            Diagnostic::warning("unused-parameter", format!("nothing refers to the parameter `{name}`"))
                .at(entry.key)
                .help(format!("use it as `${{param.{name}}}`, or remove it"))
        })
        .collect()
}

fn entries(node: &Node, tree: &mut Tree, reader: &mut Reader) -> Map<Expr<Handle>> {
    match cloudformation_value(node, tree, reader).kind {
        ExprKind::Object(map) => map,
        ExprKind::Absent => Map::default(),
        _ => {
            reader.mismatch::<()>(node, "a mapping");
            Map::default()
        }
    }
}

fn parameter(it: &Parameter, tree: &mut Tree, reader: &mut Reader) -> Expr<Handle> {
    let allowed: Vec<Expr<Handle>> =
        it.allowed_values.iter().map(|it| resolved(it.0.clone(), tree, reader)).collect();
    let default = it.default.as_ref().map(|it| resolved(it.0.clone(), tree, reader));
    object! {
        "Type" => it.type_.clone(),
        "Default" => default,
        "Description" => it.description.clone(),
        "AllowedValues" => (!allowed.is_empty()).then_some(allowed),
        "AllowedPattern" => it.allowed_pattern.clone(),
        "ConstraintDescription" => it.constraint_description.clone(),
        "MinLength" => it.min_length,
        "MaxLength" => it.max_length,
        "MinValue" => it.min_value,
        "MaxValue" => it.max_value,
        "NoEcho" => it.no_echo,
    }
}

fn output(it: &Output, tree: &mut Tree, reader: &mut Reader) -> Expr<Handle> {
    let value = resolved(it.value.0.clone(), tree, reader);
    if matches!(value.kind, ExprKind::List(_)) {
        reader.report(
            Diagnostic::error("list-output", "an output is one text, and this is a list")
                .at(it.value.span())
                .help("join what is written: `!Join [\",\", \"${…}\"]`"),
        );
    }
    let description = it.description.as_ref().map(|it| resolved(it.0.clone(), tree, reader));
    let export = it.export.as_ref().map(|it| object! { "Name" => resolved(it.0.clone(), tree, reader) });
    object! {
        "Description" => description,
        "Value" => value,
        "Export" => export,
        "Condition" => it.condition.clone(),
    }
}

fn check_id(name: &str, span: Span, what: &str, reader: &mut Reader) {
    if let Err(fault) = LogicalId::checked(name) {
        reader.report(
            Diagnostic::error("logical-id", format!("`{name}` cannot name {what}: a logical id {fault}"))
                .at(span)
                .help("rename it"),
        );
    }
}
