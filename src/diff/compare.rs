//! From two values to the smallest values in them that differ.

use std::{borrow::Cow, collections::BTreeSet};

use asi_constructs::kernel::{
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::Span,
};
use indexmap::IndexMap;
use serde_json::Value;

use super::{
    spec::{Place, Spec},
    value::{Moved, is_function, same, scalar},
};

/// The keys by which items of a list are told apart, the first that all items have being the one.
const IDENTITIES: [&str; 9] =
    ["Key", "Name", "Sid", "Id", "PolicyName", "IndexName", "AttributeName", "ContainerName", "RuleName"];

/// The largest lists, as the product of their lengths, in which the fewest differences are looked for.
const LARGEST_LISTS: usize = 1 << 20;

/// What differs between two values.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// There is only a new one.
    Added(Node),
    /// There is only an old one.
    Removed(Node),
    /// One stands in the place of the other.
    Replaced(Node, Node),
    /// The items of a list are in another order, and that means something.
    Reordered(Node, Node),
    /// Some of what is in them differs.
    Within(Vec<(Key, Change)>),
}

/// Where something stands in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Under this key.
    Name(String),
    /// In a list, counted from 0: in the new one, or in the old one if it is not there any more.
    Item(usize),
    /// In a list whose items are known by a name.
    Named(String),
}

/// One of the smallest values that differ.
#[derive(Clone, Debug)]
pub struct Leaf<'d> {
    /// The way to it.
    pub path: Vec<&'d Key>,
    /// What differs, which is not [`Change::Within`].
    pub change: &'d Change,
}

impl Change {
    /// The smallest values that differ, in order.
    pub fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut leaves = Vec::new();
        self.collect(&mut Vec::new(), &mut leaves);
        leaves
    }

    fn collect<'d>(&'d self, path: &mut Vec<&'d Key>, leaves: &mut Vec<Leaf<'d>>) {
        let Self::Within(changes) = self else {
            leaves.push(Leaf { path: path.clone(), change: self });
            return;
        };
        for (key, change) in changes {
            path.push(key);
            change.collect(path, leaves);
            path.pop();
        }
    }

    /// The value there was.
    pub fn was(&self) -> Option<&Node> {
        match self {
            Self::Removed(it) | Self::Replaced(it, _) | Self::Reordered(it, _) => Some(it),
            Self::Added(_) | Self::Within(_) => None,
        }
    }

    /// The value there is.
    pub fn now(&self) -> Option<&Node> {
        match self {
            Self::Added(it) | Self::Replaced(_, it) | Self::Reordered(_, it) => Some(it),
            Self::Removed(_) | Self::Within(_) => None,
        }
    }

    /// Where the first of the new values is written.
    pub(super) fn span(&self) -> Span {
        let spans = self.leaves();
        let spans = spans.iter().filter_map(|it| Some(it.change.now()?.span));
        spans.into_iter().find(|it| it.is_written()).unwrap_or_default()
    }
}

impl Leaf<'_> {
    /// The way to it, as people write it: `Tags[Name].Value`, `Subnets[0]`.
    pub fn name(&self) -> String {
        name(&self.path)
    }

    /// The way to it as a schema has it: a JSON pointer in which every item is `*`.
    pub(super) fn pointer(&self) -> String {
        let parts = self.path.iter().map(|it| match it {
            Key::Name(name) => format!("/{name}"),
            Key::Item(_) | Key::Named(_) => "/*".to_owned(),
        });
        parts.collect()
    }
}

fn name(path: &[&Key]) -> String {
    let mut text = String::new();
    for key in path {
        match key {
            Key::Name(name) if text.is_empty() => text.push_str(name),
            Key::Name(name) => text.extend([".", name]),
            Key::Item(at) => text.push_str(&format!("[{at}]")),
            Key::Named(name) => text.extend(["[", name, "]"]),
        }
    }
    text
}

/// What differs between two values of which one may be missing; nothing, if they are the same.
pub(super) fn compare(
    old: Option<&Node>,
    new: Option<&Node>,
    place: Place<'_>,
    moved: &Moved,
) -> Option<Change> {
    match (old, new) {
        (None, None) => None,
        (None, Some(new)) => Some(Change::Added(new.clone())),
        (Some(old), None) => Some(Change::Removed(old.clone())),
        (Some(old), Some(new)) if same(old, new, place, moved) => None,
        (Some(old), Some(new)) => Some(different(old, new, place, moved)),
    }
}

/// Adds the lists that are in another order where the schema says that this means nothing, but that another value replaces
/// the resource: CloudFormation has replaced such, <https://github.com/aws/aws-cdk/issues/25570>.
pub(super) fn with_order(
    change: Option<Change>,
    [old, new]: [&Node; 2],
    spec: &Spec,
    moved: &Moved,
) -> Option<Change> {
    let mut changes = match change {
        None => Vec::new(),
        Some(Change::Within(changes)) => changes,
        whole => return whole,
    };
    for (pointer, _) in &spec.replacing {
        let keys: Vec<&str> = pointer.split('/').skip(1).filter(|it| *it != "*").collect();
        let known = |(key, _): &(Key, Change)| matches!(key, Key::Name(name) if *name == keys[0]);
        if keys.is_empty() || changes.iter().any(known) {
            continue;
        }
        let (Some(old), Some(new)) = (at(old, &keys), at(new, &keys)) else { continue };
        let (Some(before), Some(after)) = (old.as_list(), new.as_list()) else { continue };
        let place = keys.iter().fold(spec.place(), |place, key| place.key(key));
        let item = place.item();
        let is_same = before.iter().zip(after).all(|(a, b)| same(a, b, item, moved));
        if place.is_set() && !place.is_policy && !is_same {
            let named = |change, key: &&str| Change::Within(vec![(Key::Name((*key).to_owned()), change)]);
            let whole = keys.iter().rev().fold(Change::Reordered(old.clone(), new.clone()), named);
            if let Change::Within(found) = whole {
                changes.extend(found);
            }
        }
    }
    (!changes.is_empty()).then_some(Change::Within(changes))
}

/// The value at the end of a way through mappings.
fn at<'t>(node: &'t Node, keys: &[&str]) -> Option<&'t Node> {
    keys.iter().try_fold(node, |it, key| it.get(key))
}

fn different(old: &Node, new: &Node, place: Place<'_>, moved: &Moved) -> Change {
    let whole = || Change::Replaced(old.clone(), new.clone());
    if is_function(old) || is_function(new) {
        return whole();
    }
    match (&old.kind, &new.kind) {
        (NodeKind::Map(a), NodeKind::Map(b)) => Change::Within(maps(a, b, place, moved)),
        (NodeKind::List(a), NodeKind::List(b)) => {
            let changes = lists(a, b, place, moved);
            let reordered = || Change::Reordered(old.clone(), new.clone());
            if changes.is_empty() { reordered() } else { Change::Within(changes) }
        }
        (NodeKind::String(a), NodeKind::String(b)) => {
            in_texts((a, old.span), (b, new.span)).unwrap_or_else(whole)
        }
        // In a policy a text is a list of one.
        (NodeKind::List(a), _) if place.is_policy && !old_or_new_is_map(old, new) => {
            Change::Within(lists(a, std::slice::from_ref(new), place, moved))
        }
        (_, NodeKind::List(b)) if place.is_policy && !old_or_new_is_map(old, new) => {
            Change::Within(lists(std::slice::from_ref(old), b, place, moved))
        }
        _ => whole(),
    }
}

/// What differs between documents of JSON that stand in texts; nothing, if these are none, or differ in how they are
/// written.
fn in_texts((old, old_span): (&str, Span), (new, new_span): (&str, Span)) -> Option<Change> {
    let (old, new) = (document(old, old_span)?, document(new, new_span)?);
    match compare(Some(&old), Some(&new), Place::UNKNOWN, &Moved::new())? {
        change @ Change::Within(_) => Some(change),
        _ => None,
    }
}

/// The document of JSON that a text at `span` is, if it is one.
pub(super) fn document(text: &str, span: Span) -> Option<Node> {
    let begins = text.trim_start().starts_with(['{', '[']);
    let value: Value = begins.then(|| serde_json::from_str(text).ok())??;
    Some(node(&value, span))
}

/// A value that stands in a text at `span`.
fn node(value: &Value, span: Span) -> Node {
    let kind = match value {
        Value::Null => NodeKind::Null,
        Value::Bool(it) => NodeKind::Bool(*it),
        Value::Number(it) => match it.as_i64() {
            Some(it) => NodeKind::Integer(it),
            None => NodeKind::Float(it.as_f64().unwrap_or_default()),
        },
        Value::String(it) => NodeKind::String(it.clone().into()),
        Value::Array(items) => NodeKind::List(items.iter().map(|it| node(it, span)).collect()),
        Value::Object(map) => {
            let entries =
                map.iter().map(|(key, it)| (key.clone().into(), Entry { key: span, value: node(it, span) }));
            NodeKind::Map(entries.collect())
        }
    };
    Node::new(kind, span)
}

fn old_or_new_is_map(old: &Node, new: &Node) -> bool {
    old.as_map().is_some() || new.as_map().is_some()
}

fn maps(old: &Map<Node>, new: &Map<Node>, place: Place<'_>, moved: &Moved) -> Vec<(Key, Change)> {
    let keys: Vec<&Cow<'static, str>> =
        old.keys().chain(new.keys().filter(|it| !old.contains_key(&***it))).collect();
    let changes = keys.into_iter().filter_map(|key| {
        let (old, new) = (old.get(key).map(|it| &it.value), new.get(key).map(|it| &it.value));
        let change = compare(old, new, place.key(key), moved)?;
        Some((Key::Name(key.to_string()), change))
    });
    changes.collect()
}

fn lists(old: &[Node], new: &[Node], place: Place<'_>, moved: &Moved) -> Vec<(Key, Change)> {
    let place_of_item = place.item();
    if let Some(changes) = by_identity(old, new, place_of_item, moved) {
        return changes;
    }
    let is_same = |a: usize, b: usize| same(&old[a], &new[b], place_of_item, moved);
    if place.is_set() && old.len() * new.len() <= LARGEST_LISTS {
        return sets(old, new, place_of_item, moved);
    }
    let mut changes = Vec::new();
    let (mut a, mut b) = (0, 0);
    // What stands between two pairs is paired by its place: one of it became the other.
    for (end_a, end_b) in
        same_in_order(old.len(), new.len(), &is_same).into_iter().chain([(old.len(), new.len())])
    {
        for at in 0..(end_a - a).max(end_b - b) {
            let (gone, come) = (old[a..end_a].get(at), new[b..end_b].get(at));
            let key = Key::Item(if come.is_some() { b + at } else { a + at });
            changes.extend(compare(gone, come, place_of_item, moved).map(|it| (key, it)));
        }
        (a, b) = (end_a + 1, end_b + 1);
    }
    changes
}

/// What differs between lists whose order means nothing. One text does not become another there: one goes, and one
/// comes.
fn sets(old: &[Node], new: &[Node], place: Place<'_>, moved: &Moved) -> Vec<(Key, Change)> {
    let mut come: Vec<usize> = (0..new.len()).collect();
    let mut gone: Vec<usize> = Vec::new();
    for (at, item) in old.iter().enumerate() {
        match come.iter().position(|it| same(item, &new[*it], place, moved)) {
            Some(found) => drop(come.remove(found)),
            None => gone.push(at),
        }
    }
    let mut changes = Vec::new();
    let mut come = come.into_iter().peekable();
    for at in gone {
        let pair = come.next_if(|it| old[at].is_group() && new[*it].is_group());
        let change = compare(Some(&old[at]), pair.map(|it| &new[it]), place, moved);
        changes.extend(change.map(|it| (Key::Item(pair.unwrap_or(at)), it)));
    }
    changes.extend(come.map(|it| (Key::Item(it), Change::Added(new[it].clone()))));
    changes
}

/// What differs between lists of mappings that are known by a name, wherever they stand.
fn by_identity(old: &[Node], new: &[Node], place: Place<'_>, moved: &Moved) -> Option<Vec<(Key, Change)>> {
    let key = IDENTITIES.into_iter().find(|key| is_identity(old, key) && is_identity(new, key))?;
    let by_name = |of: &'_ [Node]| -> IndexMap<String, usize> {
        let names = of.iter().enumerate();
        names.filter_map(|(at, it)| Some((it.get(key).and_then(scalar)?.into_owned(), at))).collect()
    };
    let (before, after) = (by_name(old), by_name(new));
    let fresh = after.keys().filter(|it| !before.contains_key(*it));
    let changes = before.keys().chain(fresh).filter_map(|it| {
        let (gone, come) = (before.get(it).map(|at| &old[*at]), after.get(it).map(|at| &new[*at]));
        Some((Key::Named(it.clone()), compare(gone, come, place, moved)?))
    });
    Some(changes.collect())
}

fn is_identity(items: &[Node], key: &str) -> bool {
    let names: Option<BTreeSet<Cow<'_, str>>> =
        items.iter().map(|it| it.get(key).filter(|_| it.is_group()).and_then(scalar)).collect();
    names.is_some_and(|it| it.len() == items.len())
}

/// Pairs of items that are the same, those at other places not among them that would cross.
fn same_in_order(old: usize, new: usize, is_same: &dyn Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let start = (0..old.min(new)).take_while(|at| is_same(*at, *at)).count();
    let rest = old.min(new) - start;
    let end = (0..rest).take_while(|at| is_same(old - 1 - at, new - 1 - at)).count();
    let mut pairs: Vec<(usize, usize)> = (0..start).map(|at| (at, at)).collect();
    let (rows, columns) = (old - start - end, new - start - end);
    if rows * columns <= LARGEST_LISTS {
        pairs.extend(
            longest(rows, columns, &|a, b| is_same(start + a, start + b))
                .map(|(a, b)| (start + a, start + b)),
        );
    }
    pairs.extend((0..end).rev().map(|at| (old - 1 - at, new - 1 - at)));
    pairs
}

/// The longest common subsequence of two lists of these lengths.
fn longest(
    rows: usize,
    columns: usize,
    is_same: &dyn Fn(usize, usize) -> bool,
) -> impl Iterator<Item = (usize, usize)> {
    let mut lengths = vec![vec![0_usize; columns + 1]; rows + 1];
    let mut equal = vec![vec![false; columns]; rows];
    for a in (0..rows).rev() {
        for b in (0..columns).rev() {
            equal[a][b] = is_same(a, b);
            lengths[a][b] = if equal[a][b] {
                lengths[a + 1][b + 1] + 1
            } else {
                lengths[a + 1][b].max(lengths[a][b + 1])
            };
        }
    }
    let (mut a, mut b) = (0, 0);
    std::iter::from_fn(move || {
        while a < rows && b < columns {
            if equal[a][b] {
                (a, b) = (a + 1, b + 1);
                return Some((a - 1, b - 1));
            }
            if lengths[a + 1][b] >= lengths[a][b + 1] { a += 1 } else { b += 1 }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::testing::{parsed, shown};

    /// What differs between two values of a key `V`, in a type's properties.
    fn check(old: &str, new: &str) -> String {
        let (old, new) = (parsed(&format!("V: {old}")), parsed(&format!("V: {new}")));
        compare(Some(&old), Some(&new), Place::UNKNOWN, &Moved::new()).map_or(String::new(), |it| shown(&it))
    }

    #[test]
    fn goes_down_to_the_smallest_value() {
        assert_eq!(
            check("{a: {b: 1, c: 2}, d: 3}", "{a: {b: 1, c: 4}, e: 5}"),
            "V.a.c: 2 → 4\nV.d: - 3\nV.e: + 5\n"
        );
        assert_eq!(check("{a: !Ref X}", "{a: !Ref Y}"), "V.a: { \"Ref\": \"X\" } → { \"Ref\": \"Y\" }\n");
        assert_eq!(check("text", "{a: 1}"), "V: text → { \"a\": 1 }\n");
    }

    #[test]
    fn items_are_known_by_their_names() {
        let old = "[{Key: a, Value: 1}, {Key: b, Value: 2}, {Key: c, Value: 3}]";
        let new = "[{Key: c, Value: 3}, {Key: b, Value: 4}, {Key: d, Value: 5}]";
        let expected = "V[a]: - { \"Key\": \"a\", \"Value\": 1 }\nV[b].Value: 2 → 4\nV[d]: + { \"Key\": \"d\", \"Value\": 5 }\n";
        assert_eq!(check(old, new), expected);
        assert!(check("[{Key: a}, {Key: b}]", "[{Key: b}, {Key: a}]").starts_with("V: reordered"));
    }

    #[test]
    fn items_without_names_are_known_by_what_stands_before_and_after() {
        assert_eq!(check("[a, b, c, d]", "[a, c, d]"), "V[1]: - b\n");
        assert_eq!(check("[a, b, c]", "[a, x, c, y]"), "V[1]: b → x\nV[3]: + y\n");
        assert_eq!(check("[{a: 1, b: 1}, {a: 2}]", "[{a: 1, b: 2}, {a: 2}]"), "V[0].b: 1 → 2\n");
        assert_eq!(check("[a, b]", "[b, a]"), "V[0]: - a\nV[1]: + a\n");
    }

    #[test]
    fn documents_in_texts_are_compared_as_documents() {
        assert_eq!(
            check(r#"'{"a": [{"b": 1}], "c": 2}'"#, r#"'{"a":[{"b":3}],"c":2}'"#),
            "V.a[0].b: 1 → 3\n"
        );
        assert_eq!(check(r#"'{"a": 1}'"#, r#"'{"a":1}'"#), "V: {\"a\": 1} → {\"a\":1}\n");
        assert_eq!(check("'[a'", "'[b'"), "V: [a → [b\n");
    }

    #[test]
    fn statements_are_known_by_what_they_say() {
        let old = "{Statement: [{Action: a}, {Action: b}, {Action: c}]}";
        let new = "{Statement: [{Action: [c]}, {Action: a}, {Action: [b, d]}]}";
        assert_eq!(check(old, new), "V.Statement[2].Action[1]: + d\n");
    }
}
