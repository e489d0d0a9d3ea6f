//! Environments that were not chosen: a misspelt key in one of them is found today, not on the day it is deployed.

use asi_constructs::kernel::{
    construct::Catalogued,
    diagnostic::Diagnostic,
    map::Entry,
    node::{Node, NodeKind},
    property::Reader,
};

use crate::load::Stack;

/// Reports what they give to constructs and no construct takes.
pub(super) fn check(stack: &Stack, catalogue: &[Catalogued], reader: &mut Reader) {
    for changes in &stack.elsewhere {
        let constructs = changes.get("constructs").and_then(Node::as_map);
        for (name, entry) in constructs.into_iter().flatten() {
            check_construct(name, entry, stack, catalogue, reader);
        }
    }
}

fn check_construct(
    name: &str,
    entry: &Entry<Node>,
    stack: &Stack,
    catalogue: &[Catalogued],
    reader: &mut Reader,
) {
    let mut properties = entry.value.clone();
    // What is no mapping takes the construct away, or is told of where it is chosen; so is a type there is not.
    let NodeKind::Map(map) = &mut properties.kind else { return };
    let own = map.shift_remove("type");
    map.shift_remove("overrides");
    map.shift_remove("acknowledge");
    let declared = stack.constructs.iter().find(|it| it.name.text == name).map(|it| it.kind.value.as_str());
    match own.as_ref().and_then(|it| it.value.as_str()).or(declared) {
        Some(kind) => {
            let catalogued = catalogue.iter().find(|it| it.kind == kind);
            let unknown = catalogued.map_or_else(Vec::new, |it| (it.shape)().unknown_keys(&properties));
            unknown.into_iter().for_each(|it| reader.report(it));
        }
        None => reader.report(
            Diagnostic::error("missing-type", format!("the construct `{name}` has no `type`"))
                .at(entry.key)
                .suggest(name, stack.constructs.iter().map(|it| it.name.text.as_str())),
        ),
    }
}
