//! The change that a review is about, and how to look into it.

use std::borrow::Cow;

use asi_constructs::kernel::node::Node;

use super::{Observed, Point};
use crate::{
    diff::{Followers, Kind, ResourceChange, Row, TemplateDiff, Verdict},
    template::{Template, resource_of, resources_of, scalar},
};

/// A change of a stack.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What differs.
    pub diff: &'a TemplateDiff,
    /// What there was, and what there is.
    pub templates: [&'a Template; 2],
    /// Whether there was no stack before.
    pub is_new: bool,
    /// The account it is deployed to, if that is known.
    pub account: Option<&'a str>,
    /// The name that the stack had, if it gets another one.
    pub renamed_from: Option<&'a str>,
    /// The resources that somebody has changed outside of CloudFormation.
    pub drifted: &'a [String],
    /// What only the account tells.
    pub observed: &'a [Observed],
    /// The tags of the stack that differ.
    pub tags: &'a [Tag<'a>],
}

/// A tag of a stack: its key, its value before, and after.
pub type Tag<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

impl<'a> Subject<'a> {
    /// The resource of a change before and after it; of one that is new or goes, there is one of both.
    pub(super) fn sides(&self, change: &ResourceChange) -> [Option<&'a Node>; 2] {
        let [old, new] = self.templates;
        let was = match &change.kind {
            Kind::Added => None,
            Kind::Moved { from, .. } => resource_of(&old.body, from),
            Kind::Removed(_) | Kind::Changed | Kind::TypeChanged { .. } => resource_of(&old.body, &change.id),
        };
        let is =
            if matches!(change.kind, Kind::Removed(_)) { None } else { resource_of(&new.body, &change.id) };
        [was, is]
    }

    /// The properties of the resource of a change before and after it.
    pub(super) fn properties(&self, change: &ResourceChange) -> [Option<&'a Node>; 2] {
        self.sides(change).map(|it| it.and_then(|it| it.get("Properties")))
    }

    /// The resources of the new template: id, type, properties.
    pub(super) fn resources(&self) -> impl Iterator<Item = (&'a str, &'a str, Option<&'a Node>)> {
        resources_of(&self.templates[1].body).map(|(id, it)| {
            let type_name = it.get("Type").and_then(Node::as_str).unwrap_or_default();
            (id, type_name, it.get("Properties"))
        })
    }

    /// Something to know of a resource that changes.
    pub(super) fn point<T>(&self, change: &ResourceChange, what: T) -> Point<T> {
        Point {
            what,
            id: change.id.clone(),
            type_name: change.type_name.clone(),
            construct: change.construct.clone(),
            follows: change.follows.clone(),
            followers: self.diff.followers(&change.id),
            is_sure: true,
            span: change.span,
        }
    }

    /// Something to know of a permission or a rule that comes or goes.
    pub(super) fn of_row<W, T>(&self, row: &Row<W>, what: T) -> Point<T> {
        let side = self.templates.iter().rev().find_map(|it| resource_of(&it.body, &row.resource));
        let type_name = side.and_then(|it| it.get("Type")?.as_str()).unwrap_or_default();
        // What a construct adds by itself is written where that is.
        let change = self.diff.resources.iter().find(|it| it.id == row.resource);
        let span = row.span.or(change.map(|it| it.span).unwrap_or_default());
        Point {
            what,
            id: row.resource.clone(),
            type_name: type_name.to_owned(),
            construct: row.construct.clone(),
            follows: None,
            followers: Followers::default(),
            is_sure: true,
            span,
        }
    }
}

/// Whether a resource is made anew, or may be.
pub(super) fn is_replaced(change: &ResourceChange) -> bool {
    change.replacement.verdict != Verdict::Never && !change.is_revision
}

/// What stands at a path of keys; an item of a list is found by the `Key` or the `Name` it has.
pub(super) fn at<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
    let is_named = |it: &Node, key: &str| {
        ["Key", "Name"].iter().any(|name| it.get(name).and_then(Node::as_str) == Some(key))
    };
    path.split('/').try_fold(node, |node, key| match node.as_list() {
        Some(items) => items.iter().find(|it| is_named(it, key)),
        None => node.get(key),
    })
}

/// The text at a path of keys.
pub(super) fn text<'n>(properties: Option<&'n Node>, path: &str) -> Option<Cow<'n, str>> {
    scalar(at(properties?, path)?)
}

/// The number at a path of keys, however it is written.
pub(super) fn number(properties: Option<&Node>, path: &str) -> Option<f64> {
    text(properties, path)?.parse().ok()
}

/// A number that counts something; nothing, if it is none.
pub(super) fn whole(number: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is checked before")]
    (number >= 0.0 && number.fract() == 0.0 && number < 1e9).then_some(number as u64)
}

/// What a setting is: `true`, `false`, or nothing if only a deployment knows. What is not written is `default`. Where the
/// path has a `*`, one item of a list is enough.
pub(super) fn setting(
    properties: Option<&Node>,
    path: &str,
    default: bool,
    is_on: &dyn Fn(&Node) -> Option<bool>,
) -> Option<bool> {
    let Some(node) = properties else { return Some(default) };
    if is_function(node) {
        return None;
    }
    let (key, rest) = path.split_once('/').unwrap_or((path, ""));
    match (key, node.as_list()) {
        ("", _) => is_on(node),
        ("*", Some(items)) => {
            let states: Vec<Option<bool>> =
                items.iter().map(|it| setting(Some(it), rest, default, is_on)).collect();
            match () {
                () if states.contains(&Some(true)) => Some(true),
                () if states.contains(&None) => None,
                () => Some(default && states.is_empty()),
            }
        }
        _ => match at(node, key) {
            Some(next) => setting(Some(next), rest, default, is_on),
            None => Some(default),
        },
    }
}

/// Whether a value is the text, or one of those with `|` between them, however it is written.
pub(super) fn is(expected: &str) -> impl Fn(&Node) -> Option<bool> {
    move |it| {
        let text = scalar(it)?;
        Some(expected.split('|').any(|it| text.eq_ignore_ascii_case(it)))
    }
}

fn is_function(node: &Node) -> bool {
    node.as_single().is_some_and(|(key, _)| key == "Ref" || key.starts_with("Fn::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_whole_number() {
        assert_eq!([whole(2.0), whole(0.5), whole(-1.0)], [Some(2), None, None]);
    }
}
