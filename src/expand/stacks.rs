//! The order in which the stacks of an app are filled: what one refers to, before it.

use std::collections::BTreeSet;

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    name::{Name, Value, cloudformation, interpolated},
    property::Reader,
};

use super::{Ready, graph};
use crate::load::Stack;

/// The positions of the stacks, each after those it refers to; nothing if they refer to each other in a circle, which
/// is reported.
pub(super) fn order(stacks: &[Stack], ready: &[Vec<Ready<'_>>], reader: &mut Reader) -> Option<Vec<usize>> {
    let references: Vec<Vec<(usize, Name)>> = stacks
        .iter()
        .zip(ready)
        .map(|(stack, ready)| {
            let mut found: Vec<(usize, Name)> = Vec::new();
            each_name(stack, ready, &mut |name| {
                let part = name.text.split('.').next().unwrap_or_default();
                let position = stacks.iter().position(|it| is_named(it, part));
                if let Some(at) = position.filter(|_| !is_named(stack, part))
                    && !found.iter().any(|(it, _)| *it == at)
                {
                    found.push((at, name.clone()));
                }
            });
            found
        })
        .collect();
    let walk = graph::walk(&references);
    for circle in &walk.circles {
        let part = |at: usize| stacks[at].part.as_ref().map_or("", |it| it.value.as_str());
        let path: Vec<&str> = circle.iter().chain(circle.first()).map(|(at, _)| part(*at)).collect();
        let fault = format!("stacks refer to each other in a circle: {}", path.join(" → "));
        let fault = circle.iter().fold(Diagnostic::error("stack-cycle", fault), |fault, (at, which)| {
            let name = &references[*at][*which].1;
            fault.label(name.span, format!("`{}` refers to `{}`", part(*at), name.text))
        });
        reader.report(fault.help("move what both need into one of them, or into a stack of its own"));
    }
    walk.circles.is_empty().then_some(walk.order)
}

fn is_named(stack: &Stack, name: &str) -> bool {
    stack.part.as_ref().is_some_and(|it| it.value == name)
}

/// Shows every name a stack refers to that is not its own.
fn each_name(stack: &Stack, ready: &[Ready<'_>], see: &mut dyn FnMut(&Name)) {
    let constructs = stack.constructs.iter().map(|it| it.name.text.as_str());
    let own: BTreeSet<&str> = constructs
        .chain(stack.resources.keys().map(|it| &**it))
        .chain(stack.parameters.keys().map(|it| &**it))
        .collect();
    let mut see = |name: &Name| {
        if !own.contains(name.text.as_str()) {
            see(name);
        }
    };
    // What is wrong with these values is said where they are read to be used.
    let quiet = &mut Reader::default();
    let mut values: Vec<Value> = Vec::new();
    for Ready { declared, construct, .. } in ready {
        match construct {
            Some(construct) => construct.names(&mut see),
            None => values.push(interpolated(&declared.properties, quiet)),
        }
        values.extend(declared.overrides.as_ref().map(|it| cloudformation(it, quiet)));
    }
    let sections = [&stack.conditions, &stack.mappings, &stack.rules, &stack.metadata, &stack.transform];
    let nodes = sections.into_iter().flatten().chain(stack.resources.values().map(|it| &it.value));
    values.extend(nodes.map(|it| cloudformation(it, quiet)));
    values.iter().for_each(|it| it.each_ref(&mut see));
    for output in stack.outputs.values().map(|it| &it.value) {
        let texts = [Some(&output.value), output.description.as_ref(), output.export.as_ref()];
        texts.into_iter().flatten().for_each(|it| it.0.each_ref(&mut see));
    }
}
