//! The sections of a template beside its resources: parameters, conditions, outputs and the like.

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    id::LogicalId,
    map::{Entry, Map},
    node::Node,
    property::Reader,
    scope::{Handle, Tree},
    span::Span,
};
use asi_constructs::object;

use super::{resolved, resources};
use crate::load::{Output, Parameter, Stack};

/// Reads all sections, and resolves what they refer to.
pub(super) fn resolve(stack: &Stack, tree: &mut Tree, reader: &mut Reader) {
    if let Some(description) = &stack.description {
        tree.sections.description = Some(resolved(description.0.clone(), tree, reader));
    }
    for (name, entry) in &stack.parameters {
        check_id(name, entry.key, "a parameter", reader);
        let parameter = parameter(&entry.value, tree, reader);
        tree.sections.parameters.insert(name.clone(), Entry { key: entry.key, value: parameter });
    }
    for (name, node) in &stack.sections {
        match *name {
            "Transform" => tree.sections.transform = Some(resources::value(node, tree, reader)),
            "Metadata" => tree.sections.metadata = entries(node, tree, reader),
            "Mappings" => tree.sections.mappings = entries(node, tree, reader),
            "Conditions" => tree.sections.conditions = entries(node, tree, reader),
            "Rules" => tree.sections.rules = entries(node, tree, reader),
            _ => unreachable!("the loader makes no other section"),
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
    match resources::value(node, tree, reader).kind {
        ExprKind::Object(map) => map,
        ExprKind::Absent => Map::new(),
        _ => {
            reader.mismatch::<()>(node, "a mapping");
            Map::new()
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
    let value = resolved(it.value.clone(), tree, reader);
    if matches!(value.kind, ExprKind::List(_)) {
        reader.report(
            Diagnostic::error("list-output", "an output is one text, and this is a list")
                .at(it.value.span)
                .help("join it, as in `!Join [\",\", \"${net.publicSubnetIds}\"]`"),
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
