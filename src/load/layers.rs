//! What is laid over what in a stack file: an environment over the whole, a stack over what holds for all of them.

use std::borrow::Cow;

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    map::Entry,
    node::{Node, NodeKind},
    property::{Property, Reader},
    span::{Span, Spanned},
};

use super::stack::Frame;

/// What may stand beside `stacks`: it holds for each of them, unless one says otherwise.
const OF_ALL: [&str; 8] =
    ["app", "description", "region", "account", "tags", "terminationProtection", "validate", "references"];

/// A stack with all that is said of it, as if it were the only one.
pub(super) struct Whole {
    /// Its name among the stacks of the app, if that is made of several.
    pub(super) part: Option<Spanned<String>>,
    /// What is said of it.
    pub(super) node: Node,
    /// What the environments change in it that were not chosen.
    pub(super) elsewhere: Vec<Node>,
}

/// The stacks of a file apart; of an app of one stack, that.
pub(super) fn wholes(mut root: Node, elsewhere: &[&Node], reader: &mut Reader) -> Vec<Whole> {
    let stacks = match &mut root.kind {
        NodeKind::Map(entries) => entries.shift_remove("stacks"),
        _ => None,
    };
    let Some(Entry { key, value: stacks }) = stacks else {
        let elsewhere = elsewhere.iter().copied().cloned().collect();
        return vec![Whole { part: None, node: root, elsewhere }];
    };
    check_misplaced(&mut root, key, reader);
    let Some(map) = stacks.as_map().filter(|it| !it.is_empty()) else {
        reader.mismatch::<()>(&stacks, "a mapping of names to stacks");
        return Vec::new();
    };
    for changes in elsewhere {
        let changed = changes.get("stacks").and_then(Node::as_map).into_iter().flatten();
        for (name, entry) in changed.filter(|(name, _)| !map.contains_key(&**name)) {
            let fault = Diagnostic::error("unknown-stack", format!("there is no stack `{name}`"));
            reader.report(fault.at(entry.key).suggest(name, map.keys().map(|it| &**it)));
        }
    }
    let shape = Frame::shape();
    let known: Vec<&str> = shape.fields().iter().map(|it| it.key).filter(|it| is_of_stack(it)).collect();
    let whole = |(name, entry): (&Cow<'static, str>, &Entry<Node>)| {
        check_part(name, entry.key, reader);
        let mut node = root.clone();
        if entry.value.kind != NodeKind::Null {
            reader.fields(&entry.value, &known)?;
            whole_with(&mut node, &entry.value, reader);
        }
        let changes = elsewhere.iter().filter_map(|it| it.get("stacks")?.get(name));
        let part = Some(Spanned::new(name.to_string(), entry.key));
        Some(Whole { part, node, elsewhere: changes.cloned().collect() })
    };
    map.iter().filter_map(whole).collect()
}

/// Whether a key of the file may stand in one of several stacks.
pub fn is_of_stack(key: &str) -> bool {
    !matches!(key, "app" | "environments" | "stacks" | "references" | "validate")
}

/// Takes away what cannot stand beside `stacks`, which is written at `stacks`.
fn check_misplaced(root: &mut Node, stacks: Span, reader: &mut Reader) {
    let NodeKind::Map(entries) = &mut root.kind else { return };
    let shape = Frame::shape();
    let misplaced = |key: &str| {
        let is_known = shape.fields().iter().any(|it| it.key == key);
        is_known && key != "environments" && !OF_ALL.contains(&key)
    };
    entries.retain(|key, entry| {
        let key = &**key;
        if misplaced(key) {
            let fault = format!("`{key}` belongs into one of the stacks");
            reader.report(
                Diagnostic::error("beside-stacks", fault)
                    .label(entry.key, "this is in none of them")
                    .label(stacks, "the stacks")
                    .help(match key {
                        "moved" => "move it below the name of the stack that has what is renamed",
                        _ => "move it below the name of a stack",
                    }),
            );
        }
        !misplaced(key)
    });
}

/// Whether `name` may name a stack of an app: it ends the name CloudFormation knows it by, and begins references.
fn check_part(name: &str, span: Span, reader: &mut Reader) {
    const LONGEST: usize = 27;
    let fine = name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
        && name.len() <= LONGEST;
    if !fine {
        reader.report(
            Diagnostic::error("stack-name", format!("`{name}` cannot name a stack"))
                .at(span)
                .help(format!("begin with a letter, and use letters, digits and `-`, at most {LONGEST}")),
        );
    }
    if matches!(name, "param" | "env" | "AWS") {
        let fault = format!("`{name}` has a meaning of its own in references");
        reader.report(Diagnostic::error("reserved-name", fault).at(span).help("choose another name"));
    }
}

/// A stack file with `environment` laid over it, and without its environments.
pub fn merged(root: &Node, environment: Option<&str>) -> (Node, Vec<Diagnostic>) {
    let mut reader = Reader::default();
    let mut whole = overlaid(root, environment, &check_environments(root, &mut reader), &mut reader);
    if let NodeKind::Map(entries) = &mut whole.kind {
        entries.shift_remove("environments");
    }
    (whole, reader.diagnostics)
}

/// The stack file with the changes of an environment, of those declared.
pub(super) fn overlaid(
    root: &Node,
    environment: Option<&str>,
    declared: &[(String, Option<&Node>)],
    reader: &mut Reader,
) -> Node {
    let mut whole = root.clone();
    match environment.map(|name| choose(name, declared)) {
        Some(Ok(Some(changes))) => whole_with(&mut whole, changes, reader),
        Some(Err(fault)) => reader.report(fault.at(place_of(root, "environments"))),
        Some(Ok(None)) | None => (),
    }
    whole
}

/// The names of the environments a stack file declares.
pub fn environments(root: &Node) -> Vec<String> {
    let map = root.get("environments").and_then(Node::as_map);
    map.map_or_else(Vec::new, |it| it.keys().map(ToString::to_string).collect())
}

/// The names of the stacks of an app that is made of several; of another, none is one.
pub fn parts(root: &Node) -> Vec<Option<String>> {
    match root.get("stacks").and_then(Node::as_map) {
        Some(map) => map.keys().map(|it| Some(it.to_string())).collect(),
        None => vec![None],
    }
}

/// The name of the app, if the stack file has one that can be read.
pub fn app(root: &Node) -> Option<Spanned<String>> {
    let app = root.get("app")?;
    Some(Spanned::new(app.as_written()?.to_owned(), app.span))
}

/// Lays the changes of an environment over the whole; what they take away has to be there.
fn whole_with(whole: &mut Node, changes: &Node, reader: &mut Reader) {
    for idle in whole.overlay(changes) {
        reader.report(
            Diagnostic::error("no-effect", "this takes away a key that is not there")
                .at(idle)
                .help("remove it, or mend its name"),
        );
    }
}

/// The environments by name, with what each changes; a bad key is reported whichever is chosen.
pub(super) fn check_environments<'a>(root: &'a Node, reader: &mut Reader) -> Vec<(String, Option<&'a Node>)> {
    let Some(node) = root.get("environments") else { return Vec::new() };
    let Some(map) = node.as_map() else {
        reader.mismatch::<()>(node, "a mapping of names to changes");
        return Vec::new();
    };
    let shape = Frame::shape();
    let known: Vec<&str> =
        shape.fields().iter().map(|it| it.key).filter(|it| !matches!(*it, "app" | "environments")).collect();
    map.iter()
        .map(|(name, entry)| {
            check_environment_name(name, entry.key, reader);
            if entry.value.kind == NodeKind::Null {
                return (name.to_string(), None);
            }
            // Opening it reports its unknown keys.
            let is_mapping = reader.fields(&entry.value, &known).is_some();
            (name.to_string(), is_mapping.then_some(&entry.value))
        })
        .collect()
}

/// The key `key`, or the first one.
fn place_of(root: &Node, key: &str) -> Span {
    let entry = root.as_map().and_then(|it| it.get(key).or_else(|| it.first().map(|(_, entry)| entry)));
    entry.map_or(root.span, |it| it.key)
}

fn choose<'a>(
    name: &str,
    environments: &[(String, Option<&'a Node>)],
) -> Result<Option<&'a Node>, Diagnostic> {
    match environments.iter().find(|(it, _)| it == name) {
        Some((_, changes)) => Ok(*changes),
        None if environments.is_empty() => Err(Diagnostic::error(
            "unknown-environment",
            format!("there is no environment `{name}`: the file has none"),
        )
        .help(format!("declare it: `environments: {{{name}: {{}}}}`"))),
        None => Err(Diagnostic::error("unknown-environment", format!("there is no environment `{name}`"))
            .suggest(name, environments.iter().map(|(it, _)| it.as_str()))),
    }
}

/// An environment ends the name of its stack, which has 128 characters at most.
fn check_environment_name(name: &str, span: Span, reader: &mut Reader) {
    const LONGEST: usize = 27;
    let fine = name.starts_with(|it: char| it.is_ascii_alphanumeric())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
        && name.len() <= LONGEST;
    if !fine {
        reader.report(
            Diagnostic::error("environment-name", format!("`{name}` cannot name an environment"))
                .at(span)
                .help(format!("use letters, digits and `-`, at most {LONGEST}")),
        );
    }
}
