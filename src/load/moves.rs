//! Renames: what is called by a new name and keeps the identity that it was deployed with.
//!
//! A move tells the name something was deployed under and the name it has now, and nothing of the way between them. So
//! there is one for each thing that has another name, however often it was renamed, and none follows another.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::{
    kernel::{
        diagnostic::Diagnostic,
        id::LogicalId,
        node::{Node, NodeKind},
        property::Reader,
        span::{Span, Spanned},
    },
    properties,
};

use super::{
    layers::parts,
    stack::{Stack, check_construct_name},
};

properties! {
    /// A rename.
    pub struct Move {
        /// The name it was deployed under, with that of its stack before it if it was in another one of the app, such as
        /// `infra.repo`. What is made of that name stays as it is; from stack to stack, `asi refactor` moves it.
        from: Spanned<String>,
        /// The name it has in this file, of a construct or of a resource under `resources`.
        to: Spanned<String>,
    }
}

/// What has moved, as far as that is without fault.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// The ids by the names.
    pub(super) ids: BTreeMap<String, String>,
    /// The stacks of the app that something came from, by the ids.
    pub(super) arrived: BTreeMap<String, String>,
}

/// What has moved in `stack`, which is one of the stack file `root`.
pub(super) fn check(moves: &[Move], stack: &Stack, root: &Node, reader: &mut Reader) -> Moved {
    // What follows looks at the whole file, once for each of its stacks.
    if moves.is_empty() {
        return Moved::default();
    }
    let places: BTreeMap<&str, Place> = places(stack).collect();
    let anywhere = names_anywhere(root, stack);
    let own = stack.part.as_ref().map(|it| it.value.as_str());
    let parts = parts(root);
    let others: BTreeSet<&str> =
        parts.iter().flatten().map(String::as_str).filter(|it| Some(*it) != own).collect();
    let mut froms: BTreeMap<&str, &Move> = BTreeMap::new();
    let mut tos: BTreeMap<&str, &Move> = BTreeMap::new();
    let mut ids: BTreeMap<&str, &Move> = BTreeMap::new();
    let mut sound: Vec<&Move> = Vec::new();
    for it in moves {
        let fault = leads_elsewhere(it, &others)
            .or_else(|| leads_nowhere(it))
            .or_else(|| is_second(it, ids.get(origin(it, &others).1), tos.get(&*it.to.value)))
            .or_else(|| is_left_behind(it, origin(it, &others), root));
        match fault {
            Some(fault) => reader.report(fault),
            None => {
                froms.insert(&it.from.value, it);
                ids.insert(origin(it, &others).1, it);
                tos.insert(&it.to.value, it);
                sound.push(it);
            }
        }
    }
    chains(&sound, &froms, &tos).into_iter().for_each(|it| reader.report(it));
    let mut found = Moved::default();
    for it in sound {
        let (from, to) = (it.from.value.as_str(), it.to.value.as_str());
        let is_told = froms.contains_key(to) || tos.contains_key(from);
        let (part, id) = origin(it, &others);
        // What has its old name is only in another stack.
        let other = places.get(id).filter(|_| id != to);
        match (places.get(to), other) {
            _ if is_told => (),
            (Some(_), Some(other)) => reader.report(still_there(it, other.span)),
            (Some(place), None) => {
                check_name(id, it.from.span, place.what, reader);
                found.arrived.extend(part.map(|it| (id.to_owned(), it.to_owned())));
                if id != to {
                    found.ids.insert(to.to_owned(), id.to_owned());
                }
            }
            (None, _) if anywhere.contains(to) => (),
            (None, _) => reader.report(unknown(it, &places)),
        }
    }
    found
}

/// The stack that something was in, if that is one of the `others` of the app, and the name it had there.
fn origin<'m>(it: &'m Move, others: &BTreeSet<&str>) -> (Option<&'m str>, &'m str) {
    match it.from.value.split_once('.') {
        Some((part, name)) if others.contains(part) => (Some(part), name),
        _ => (None, &it.from.value),
    }
}

#[derive(Clone, Copy)]
struct Place {
    what: What,
    span: Span,
}

#[derive(Clone, Copy)]
enum What {
    Construct,
    Resource,
}

/// What has an identity of its own in a stack.
fn places(stack: &Stack) -> impl Iterator<Item = (&str, Place)> {
    let place = |what, span| Place { what, span };
    let constructs = stack.constructs.iter().map(|it| &it.name);
    let constructs = constructs.map(move |it| (it.text.as_str(), place(What::Construct, it.span)));
    let resources = stack.resources.iter().filter(|(name, _)| !is_loop(name));
    constructs.chain(resources.map(move |(name, it)| (&**name, place(What::Resource, it.key))))
}

/// The names that constructs and resources of the stack have, whichever environment is chosen.
fn names_anywhere<'a>(root: &'a Node, stack: &Stack) -> BTreeSet<&'a str> {
    let changes = root.get("environments").and_then(Node::as_map).into_iter().flatten();
    let layers = std::iter::once(root).chain(changes.map(|(_, it)| &it.value));
    let of_stack = |it: &'a Node| match &stack.part {
        Some(part) => it.get("stacks")?.get(&part.value),
        None => Some(it),
    };
    let sections =
        layers.filter_map(of_stack).flat_map(|it| ["constructs", "resources"].map(|section| it.get(section)));
    let names = sections.flatten().filter_map(Node::as_map).flat_map(|it| it.keys());
    names.map(|it| &**it).filter(|it| !is_loop(it)).collect()
}

/// Loops make resources, and are none.
fn is_loop(name: &str) -> bool {
    name.starts_with("Fn::ForEach::")
}

fn check_name(from: &str, span: Span, what: What, reader: &mut Reader) {
    match what {
        What::Construct => check_construct_name(from, span, reader),
        What::Resource => {
            if let Err(fault) = LogicalId::checked(from) {
                let fault = format!("`{from}` names no resource: a logical id {fault}");
                let fault = Diagnostic::error("logical-id", fault).at(span);
                reader.report(fault.help("write the logical id that the resource was deployed with"));
            }
        }
    }
}

/// The fault of a move to one of the `others` among the stacks of the app.
fn leads_elsewhere(it: &Move, others: &BTreeSet<&str>) -> Option<Diagnostic> {
    let (part, name) = it.to.value.split_once('.').filter(|(part, _)| others.contains(part))?;
    let fault = format!("`{}` is in another stack than this move", it.to.value);
    Some(Diagnostic::error("moved-across-stacks", fault).at(it.to.span).help(format!(
        "write it below `{part}`, where it is now, with the stack it was in: `{{from: STACK.{}, to: {name}}}`",
        it.from.value
    )))
}

/// The fault of a move of what is in the stack still that it is said to have left.
fn is_left_behind(it: &Move, (part, name): (Option<&str>, &str), root: &Node) -> Option<Diagnostic> {
    let stack = root.get("stacks")?.get(part?)?;
    let sections = ["constructs", "resources"].into_iter().filter_map(|it| stack.get(it)?.as_map());
    let entry = sections.filter_map(|it| it.get(name)).find(|it| it.value.kind != NodeKind::Null)?;
    Some(still_there(it, entry.key))
}

fn leads_nowhere(it: &Move) -> Option<Diagnostic> {
    let fault = format!("a move from `{}` to itself changes nothing", it.to.value);
    (it.from.value == it.to.value)
        .then(|| Diagnostic::error("no-effect", fault).at(it.to.span).help("remove it"))
}

/// The fault of a move from or to what one before is from or to.
fn is_second(it: &Move, same_from: Option<&&Move>, same_to: Option<&&Move>) -> Option<Diagnostic> {
    let (fault, second, first, help) = match (same_to, same_from) {
        (Some(first), _) => (
            format!("two moves lead to `{}`", it.to.value),
            it.to.span,
            first.to.span,
            "keep the move from the name that is deployed, and remove the other",
        ),
        (None, Some(first)) => (
            format!("`{}` moves twice", it.from.value),
            it.from.span,
            first.from.span,
            "keep the move to what it is now, and remove the other",
        ),
        (None, None) => return None,
    };
    Some(Diagnostic::error("moved-twice", fault).label(second, "").label(first, "the first").help(help))
}

/// The faults of moves to names that others are from: one for each chain of them.
fn chains(moves: &[&Move], froms: &BTreeMap<&str, &Move>, tos: &BTreeMap<&str, &Move>) -> Vec<Diagnostic> {
    let next = |it: &Move| froms.get(&*it.to.value).copied();
    let is_first = |it: &Move| !tos.contains_key(&*it.from.value);
    let mut seen = BTreeSet::new();
    let mut faults = Vec::new();
    // Circles have no first, and are what is left when all chains have been followed.
    for it in moves.iter().filter(|it| is_first(it)).chain(moves) {
        let Some(on) = next(it).filter(|_| seen.insert(&*it.from.value)) else { continue };
        let mut last = on;
        while let Some(further) = next(last).filter(|_| seen.insert(&*last.from.value)) {
            last = further;
        }
        let fault = format!("`{}` moves on to `{}`", on.from.value, on.to.value);
        let fault = Diagnostic::error("moved-chain", fault)
            .label(on.from.span, "it moves on here")
            .label(it.to.span, format!("`{}` is moved to it here", it.from.value));
        faults.push(match next(last) {
            None => fault.help(format!(
                "write one move from the name that is deployed: `{{from: {}, to: {}}}`",
                it.from.value, last.to.value
            )),
            Some(_) => fault.help("choose names that are not deployed yet: constructs cannot swap theirs"),
        });
    }
    faults
}

fn unknown(it: &Move, places: &BTreeMap<&str, Place>) -> Diagnostic {
    let (from, to) = (it.from.value.as_str(), it.to.value.as_str());
    let fault = Diagnostic::error("unknown-name", format!("there is no construct or resource `{to}`"));
    let fault = fault.at(it.to.span);
    if places.contains_key(from) {
        return fault.help(format!("rename `{from}` in this file too, or take the move out"));
    }
    fault.suggest(to, places.keys().copied())
}

/// The fault of a move from a name that something else has now, at `span`.
fn still_there(it: &Move, span: Span) -> Diagnostic {
    let (from, to) = (it.from.value.as_str(), it.to.value.as_str());
    Diagnostic::error(
        "moved-still-there",
        format!("`{from}` is in this file, so that `{to}` cannot be what it was"),
    )
    .label(it.from.span, "")
    .label(span, "it is here")
    .help(format!("rename this `{from}`, or take the move out"))
}
