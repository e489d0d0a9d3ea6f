//! Moves in tests: templates as text in, what moves and what becomes of the templates as text out.

use std::collections::BTreeMap;

use asi_constructs::kernel::{
    node::Node,
    span::Sources,
    yaml::{self, Format},
};

use super::{After, App, Part, apply, find};
use crate::{template::Template, world::cloudformation::Location};

/// The templates of stacks, which are the keys of a document in YAML.
fn parsed(yaml: &str) -> Vec<(String, Node)> {
    let (node, faults) = yaml::parse(yaml, Sources::default().add("app.yaml", yaml), Format::Yaml);
    assert_eq!(faults, [], "the document can be read");
    let node = node.expect("there is a document");
    node.as_map().into_iter().flatten().map(|(name, it)| (name.to_string(), it.value.clone())).collect()
}

fn app(stacks: &[(String, Node)]) -> App<'_> {
    App::new(stacks.iter().map(|(name, body)| (name.clone(), Part { body, values: None })))
}

/// `Stack.Id` as a place.
fn location(text: &str) -> Location {
    let (stack, id) = text.split_once('.').expect("a place is `Stack.Id`");
    Location::new(stack, id)
}

/// What moves, and what may, a line each.
pub(super) fn found(before: &str, after: &str, decided: &[(&str, &str)]) -> String {
    let (before, after) = (parsed(before), parsed(after));
    let decided: BTreeMap<_, _> = decided.iter().map(|(a, b)| (location(a), location(b))).collect();
    let found = find(&app(&before), &app(&after), &decided);
    let joined = |all: &[Location]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let moves = found.moves.iter().map(|it| format!("{} -> {}\n", it.from, it.to));
    let unclear = found.unclear.iter().map(|it| format!("{} ? {}\n", joined(&it.from), joined(&it.to)));
    moves.chain(unclear).collect()
}

/// The templates that differ once what moves has moved, or what is in the way.
pub(super) fn applied(before: &str, after: &str) -> String {
    let (before, after) = (parsed(before), parsed(after));
    let (before, after) = (app(&before), app(&after));
    let found = find(&before, &after, &BTreeMap::new());
    match apply(&before, &after, &found.moves) {
        Ok(all) => all.into_iter().map(shown).collect(),
        Err(obstacles) => obstacles.iter().fold(String::new(), |all, it| format!("{all}{it:?}\n")),
    }
}

fn shown(it: After) -> String {
    let sign = if it.is_new { "+ " } else { "" };
    format!("{sign}{}\n{}", it.stack, Template::new(it.body).to_yaml())
}
