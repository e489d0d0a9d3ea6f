//! Resources that wait for each other in a circle: CloudFormation refuses them.

use std::collections::BTreeMap;

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    expr::{Expr, ExprKind},
    property::Reader,
    span::Span,
    tree::{Handle, Tree},
};

use super::graph;

/// Reports each circle of references and `DependsOn`.
pub(super) fn check(tree: &Tree, reader: &mut Reader) {
    let handles = tree.handles();
    let positions: BTreeMap<Handle, usize> = handles.iter().enumerate().map(|(at, it)| (*it, at)).collect();
    let references: Vec<Vec<(usize, Span)>> = handles
        .iter()
        .map(|handle| {
            let resource = tree.resource(*handle);
            let mut found: Vec<(usize, Span)> = resource
                .depends_on
                .iter()
                .filter_map(|it| Some((*positions.get(it)?, resource.origin)))
                .collect();
            collect(&resource.properties, resource.origin, &positions, &mut found);
            found
        })
        .collect();
    for circle in graph::walk(&references).circles {
        /// More of them would hide what there is to see.
        const MOST_LABELS: usize = 10;
        let path = |at: usize| tree.as_named(&tree.resource(handles[at]).path);
        let path = |at: usize| path(at).below(tree.path()).unwrap_or_default();
        let name = |at: usize| path(at).trim_end_matches("/Default").to_owned();
        let names: Vec<String> = circle.iter().chain(circle.first()).map(|(at, _)| name(*at)).collect();
        let fault = format!("resources wait for each other in a circle: {}", names.join(" → "));
        let mut fault = Diagnostic::error("resource-cycle", fault);
        for (step, (at, which)) in circle.iter().take(MOST_LABELS).enumerate() {
            fault = fault.label(references[*at][*which].1, format!("waits for {}", names[step + 1]));
        }
        reader.report(fault.help("take one of these references out, or write its value out"));
    }
}

/// The resources that a value refers to, with the places.
fn collect(
    value: &Expr<Handle>,
    around: Span,
    positions: &BTreeMap<Handle, usize>,
    found: &mut Vec<(usize, Span)>,
) {
    let span = value.span.or(around);
    match &value.kind {
        // What is in another stack is there before.
        ExprKind::Ref(target) | ExprKind::GetAtt(target, _) => {
            found.extend(positions.get(target).map(|it| (*it, span)));
        }
        ExprKind::List(items) | ExprKind::Concat(items) => {
            items.iter().for_each(|it| collect(it, span, positions, found));
        }
        ExprKind::Object(map) => map.values().for_each(|it| collect(&it.value, span, positions, found)),
        ExprKind::Absent
        | ExprKind::Bool(_)
        | ExprKind::Integer(_)
        | ExprKind::Float(_)
        | ExprKind::String(_)
        | ExprKind::Id(_)
        | ExprKind::Parameter(_) => (),
    }
}
