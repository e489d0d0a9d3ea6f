//! Whether the conditions and mappings that something names are there, and whether those that are there are named.

use std::collections::BTreeSet;

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    map::Map,
    property::Reader,
    span::Span,
    tree::{Handle, Tree},
};

/// The names something gives, with their places.
#[derive(Default)]
struct Named<'a> {
    conditions: Vec<(&'a str, Span)>,
    mappings: Vec<(&'a str, Span)>,
}

/// Reports names of no condition and no mapping, and warns of conditions and mappings that nothing names.
pub(super) fn check(tree: &Tree, reader: &mut Reader) {
    let mut named = Named::default();
    for handle in tree.handles() {
        let resource = tree.resource(handle);
        named.collect(&resource.properties);
        for (key, value) in &resource.attributes {
            match value.as_str() {
                Some(name) if *key == "Condition" => named.conditions.push((name, value.span)),
                _ => named.collect(value),
            }
        }
    }
    let sections = &tree.sections;
    for section in [&sections.outputs, &sections.conditions, &sections.resource_loops] {
        section.values().for_each(|it| named.collect(&it.value));
    }
    for output in sections.outputs.values() {
        if let ExprKind::Object(map) = &output.value.kind {
            named
                .conditions
                .extend(map.get("Condition").and_then(|it| Some((it.value.as_str()?, it.value.span))));
        }
    }
    // Rules have conditions of their own, and may look things up.
    let mut rules = Named::default();
    sections.rules.values().for_each(|it| rules.collect(&it.value));
    named.mappings.extend(rules.mappings);
    check_names("condition", &named.conditions, &sections.conditions, tree, reader);
    check_names("mapping", &named.mappings, &sections.mappings, tree, reader);
}

impl<'a> Named<'a> {
    fn collect(&mut self, value: &'a Expr<Handle>) {
        match &value.kind {
            ExprKind::List(items) | ExprKind::Concat(items) => items.iter().for_each(|it| self.collect(it)),
            ExprKind::Object(map) => {
                for (key, entry) in map {
                    let first = match &entry.value.kind {
                        ExprKind::List(items) => items.first(),
                        _ => Some(&entry.value),
                    };
                    let name = first.and_then(|it| Some((it.as_str()?, it.span)));
                    match &**key {
                        "Fn::If" => self.conditions.extend(name),
                        // Among other keys it is a property like any.
                        "Condition" if map.len() == 1 => self.conditions.extend(name),
                        "Fn::FindInMap" => self.mappings.extend(name),
                        _ => (),
                    }
                    self.collect(&entry.value);
                }
            }
            ExprKind::Absent
            | ExprKind::Bool(_)
            | ExprKind::Integer(_)
            | ExprKind::Float(_)
            | ExprKind::String(_)
            | ExprKind::Ref(_)
            | ExprKind::Id(_)
            | ExprKind::GetAtt(..)
            | ExprKind::Parameter(_) => (),
        }
    }
}

fn check_names(
    what: &str,
    named: &[(&str, Span)],
    declared: &Map<Expr<Handle>>,
    tree: &Tree,
    reader: &mut Reader,
) {
    for (name, span) in named {
        if !declared.contains_key(*name) && !tree.open_names {
            let fault = Diagnostic::error("unknown-name", format!("there is no {what} `{name}`"));
            reader.report(fault.at(*span).suggest(name, declared.keys().map(|it| &**it)));
        }
    }
    let named: BTreeSet<&str> = named.iter().map(|(name, _)| *name).collect();
    for (name, entry) in declared.iter().filter(|(name, _)| !named.contains(&***name) && !tree.open_names) {
        reader.report(
            Diagnostic::warning("unused-name", format!("nothing refers to the {what} `{name}`"))
                .at(entry.key)
                .help("use it, or remove it"),
        );
    }
}
