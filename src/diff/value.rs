//! Which values are the same for CloudFormation, however they are written.

use std::{borrow::Cow, collections::BTreeMap};

use asi_constructs::kernel::node::{Node, NodeKind};

use super::spec::Place;

/// What has moved: old logical ids, and the new ones.
pub(super) type Moved = BTreeMap<String, String>;

/// The largest lists without an order that are compared item by item.
const LARGEST_SET: usize = 2000;

/// A part of a text that is put together.
#[derive(Clone, Debug)]
pub enum Piece<'t> {
    /// Text as it is.
    Text(String),
    /// What a reference to a name gives, perhaps one of its attributes.
    Of(Cow<'t, str>, Option<Cow<'t, str>>),
    /// What another function gives.
    Other(&'t Node),
}

/// Whether it is an intrinsic function.
pub fn is_function(node: &Node) -> bool {
    node.as_single().is_some_and(|(key, _)| key == "Ref" || key.starts_with("Fn::"))
}

/// A scalar as CloudFormation sees it: a text.
pub(super) fn scalar(node: &Node) -> Option<Cow<'_, str>> {
    match &node.kind {
        NodeKind::String(it) => Some(Cow::Borrowed(it)),
        NodeKind::Bool(it) => Some(Cow::Borrowed(if *it { "true" } else { "false" })),
        NodeKind::Integer(it) => Some(Cow::Owned(it.to_string())),
        NodeKind::Float(it) => Some(Cow::Owned(it.to_string())),
        NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => None,
    }
}

/// A value as parts of a text: a function that puts texts together, taken apart, anything else as one part.
pub fn pieces(node: &Node) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    take_apart(node, &mut found);
    let mut merged: Vec<Piece<'_>> = Vec::with_capacity(found.len());
    for piece in found {
        match (merged.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (_, piece) => merged.push(piece),
        }
    }
    merged.retain(|it| !matches!(it, Piece::Text(text) if text.is_empty()));
    merged
}

fn take_apart<'t>(node: &'t Node, found: &mut Vec<Piece<'t>>) {
    if let Some(text) = scalar(node) {
        return found.push(Piece::Text(text.into_owned()));
    }
    let taken = match node.as_single() {
        Some(("Ref", name)) => name.as_str().map(|it| found.push(Piece::Of(it.into(), None))),
        Some(("Fn::GetAtt", argument)) => attribute(argument).map(|it| found.push(it)),
        Some(("Fn::Sub", argument)) => substitution(argument, found),
        Some(("Fn::Join", argument)) => join(argument, found),
        _ => None,
    };
    if taken.is_none() {
        found.push(Piece::Other(node));
    }
}

fn attribute(argument: &Node) -> Option<Piece<'_>> {
    if let Some(text) = argument.as_str() {
        let (name, attribute) = text.split_once('.')?;
        return Some(Piece::Of(name.into(), Some(attribute.into())));
    }
    let [name, attribute] = argument.as_list()? else { return None };
    Some(Piece::Of(name.as_str()?.into(), Some(attribute.as_str()?.into())))
}

fn join<'t>(argument: &'t Node, found: &mut Vec<Piece<'t>>) -> Option<()> {
    let [delimiter, items] = argument.as_list()? else { return None };
    let delimiter = delimiter.as_str()?;
    // What gives a list may give any number of texts.
    let items = items.as_list()?;
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            found.push(Piece::Text(delimiter.to_owned()));
        }
        take_apart(item, found);
    }
    Some(())
}

fn substitution<'t>(argument: &'t Node, found: &mut Vec<Piece<'t>>) -> Option<()> {
    let (text, variables) = match argument.as_list() {
        Some([text, variables]) => (text.as_str()?, variables.as_map()),
        Some(_) => return None,
        None => (argument.as_str()?, None),
    };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, after)) = after.split_once('}') else { break };
        found.push(Piece::Text(before.to_owned()));
        let name = inside.trim();
        match (inside.strip_prefix('!'), variables.and_then(|it| it.get(name))) {
            (Some(literal), _) => found.push(Piece::Text(format!("${{{literal}}}"))),
            (None, Some(variable)) => take_apart(&variable.value, found),
            (None, None) => found.push(match name.split_once('.') {
                Some((name, attribute)) => Piece::Of(name.into(), Some(attribute.into())),
                None => Piece::Of(name.into(), None),
            }),
        }
        rest = after;
    }
    found.push(Piece::Text(rest.to_owned()));
    Some(())
}

/// Whether two values are written alike, in the same order; those that are not may still be the same.
pub(super) fn is_identical(old: &Node, new: &Node) -> bool {
    match (&old.kind, &new.kind) {
        (NodeKind::Map(a), NodeKind::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|((key, a), (other, b))| key == other && is_identical(&a.value, &b.value))
        }
        (NodeKind::List(a), NodeKind::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_identical(a, b))
        }
        (a, b) => a == b,
    }
}

/// Whether an old and a new value are the same at a place.
pub(super) fn same(old: &Node, new: &Node, place: Place<'_>, moved: &Moved) -> bool {
    if is_function(old) || is_function(new) {
        return same_pieces(&pieces(old), &pieces(new), moved);
    }
    match (&old.kind, &new.kind) {
        (NodeKind::Map(a), NodeKind::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, old)| {
                    b.get(key).is_some_and(|new| same(&old.value, &new.value, place.key(key), moved))
                })
        }
        (NodeKind::List(a), NodeKind::List(b)) if place.is_set() => same_sets(a, b, place.item(), moved),
        (NodeKind::List(a), NodeKind::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, place.item(), moved))
        }
        (NodeKind::List(a), _) if place.is_policy && a.len() == 1 => same(&a[0], new, place.item(), moved),
        (_, NodeKind::List(b)) if place.is_policy && b.len() == 1 => same(old, &b[0], place.item(), moved),
        (NodeKind::Null, NodeKind::Null) => true,
        _ => same_scalars(old, new),
    }
}

fn same_scalars(old: &Node, new: &Node) -> bool {
    let (Some(a), Some(b)) = (scalar(old), scalar(new)) else { return false };
    if a == b {
        return true;
    }
    match (&old.kind, &new.kind) {
        // Two texts are what they are: `1.0` is another version than `1`.
        (NodeKind::String(_), NodeKind::String(_)) => false,
        (NodeKind::Bool(_), _) | (_, NodeKind::Bool(_)) => a.eq_ignore_ascii_case(&b),
        _ => matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a.total_cmp(&b).is_eq()),
    }
}

fn same_pieces(old: &[Piece<'_>], new: &[Piece<'_>], moved: &Moved) -> bool {
    let is_same = |(old, new): (&Piece<'_>, &Piece<'_>)| match (old, new) {
        (Piece::Text(a), Piece::Text(b)) => a == b,
        (Piece::Of(a, of_a), Piece::Of(b, of_b)) => {
            moved.get(&**a).map_or(&**a, String::as_str) == b && of_a == of_b
        }
        (Piece::Other(a), Piece::Other(b)) => same_other(a, b, moved),
        _ => false,
    };
    old.len() == new.len() && old.iter().zip(new).all(is_same)
}

/// Functions other than those that put texts together, and what is no function.
fn same_other(old: &Node, new: &Node, moved: &Moved) -> bool {
    match (old.as_single(), new.as_single()) {
        (Some((a, old)), Some((b, new))) => a == b && same(old, new, Place::UNKNOWN, moved),
        _ => !is_function(old) && !is_function(new) && same(old, new, Place::UNKNOWN, moved),
    }
}

fn same_sets(old: &[Node], new: &[Node], place: Place<'_>, moved: &Moved) -> bool {
    if old.len() != new.len() {
        return false;
    }
    let texts = |of: &[Node]| -> Option<Vec<String>> {
        let mut texts: Vec<String> =
            of.iter().map(|it| scalar(it).map(Cow::into_owned)).collect::<Option<_>>()?;
        texts.sort_unstable();
        Some(texts)
    };
    if let (Some(old), Some(new)) = (texts(old), texts(new)) {
        return old == new;
    }
    if old.iter().zip(new).all(|(a, b)| same(a, b, place, moved)) {
        return true;
    }
    if old.len() > LARGEST_SET {
        return false;
    }
    let mut left: Vec<&Node> = new.iter().collect();
    old.iter().all(|old| {
        let found = left.iter().position(|new| same(old, new, place, moved));
        found.map(|at| left.swap_remove(at)).is_some()
    })
}

/// The resources a value refers to, with what stands at each place: `found` is told the way there.
pub(super) fn references<'t>(node: &'t Node, path: &mut Vec<String>, found: &mut dyn FnMut(&[String], &str)) {
    if is_function(node) {
        for piece in pieces(node) {
            match piece {
                Piece::Text(_) => (),
                Piece::Of(name, attribute) => {
                    found(path, &name);
                    if let Some(attribute) = attribute {
                        found(path, &format!("{name}.{attribute}"));
                    }
                }
                Piece::Other(other) => match other.as_single() {
                    Some((function, argument)) if is_function(other) => {
                        if let Some(name) = names_a_section(function, argument) {
                            found(path, &name);
                        }
                        references_in(argument, path, found);
                    }
                    _ => references_in(other, path, found),
                },
            }
        }
        return;
    }
    match &node.kind {
        NodeKind::Map(map) => {
            for (key, entry) in map {
                path.push(key.clone().into_owned());
                references(&entry.value, path, found);
                path.pop();
            }
        }
        NodeKind::List(items) => {
            path.push("*".to_owned());
            items.iter().for_each(|it| references(it, path, found));
            path.pop();
        }
        _ => (),
    }
}

/// The mapping, with its keys, or the condition that a function names: `Mappings/Images/eu-west-1/*`, `*` being a key that
/// another function gives.
fn names_a_section(function: &str, argument: &Node) -> Option<String> {
    let (first, keys) = argument.as_list()?.split_first()?;
    let first = first.as_str()?;
    match function {
        "Fn::FindInMap" => {
            let key = |at: usize| keys.get(at).and_then(scalar).unwrap_or(Cow::Borrowed("*"));
            Some(format!("Mappings/{first}/{}/{}", key(0), key(1)))
        }
        "Fn::If" => Some(format!("Conditions/{first}")),
        _ => None,
    }
}

/// What a function is given: whatever is in there is at the place of the function.
fn references_in(node: &Node, path: &mut Vec<String>, found: &mut dyn FnMut(&[String], &str)) {
    if let Some(("Condition", name)) = node.as_single() {
        found(path, &format!("Conditions/{}", name.as_str().unwrap_or_default()));
    }
    if is_function(node) {
        return references(node, path, found);
    }
    node.children().for_each(|it| references_in(it, path, found));
}

/// A value as a line of text: names in `${}`, other functions as JSON.
pub(super) fn text(node: &Node, moved: &Moved) -> String {
    let parts = pieces(node).into_iter().map(|it| match it {
        Piece::Text(text) => text,
        Piece::Of(name, attribute) => {
            let name = moved.get(&*name).map_or(&*name, String::as_str);
            attribute.map_or_else(|| format!("${{{name}}}"), |it| format!("${{{name}.{it}}}"))
        }
        Piece::Other(node) => line(node),
    });
    parts.collect()
}

/// A value as JSON on one line.
pub(super) fn line(node: &Node) -> String {
    let json = crate::template::to_json(node, crate::template::Indent::Cdk);
    json.lines().map(str::trim_start).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::testing::parsed;

    fn is_same(old: &str, new: &str) -> bool {
        same(&parsed(old), &parsed(new), Place::UNKNOWN, &Moved::new())
    }

    #[test]
    fn numbers_and_truth_may_be_texts() {
        assert!(is_same("10", "'10'") && is_same("true", "'True'") && is_same("1.5", "'1.50'"));
        assert!(!is_same("'1.0'", "'1'") && !is_same("10", "11") && !is_same("true", "'yes'"));
        assert!(!is_same("[a, b]", "[b, a]") && !is_same("a", "[a]"));
    }

    #[test]
    fn texts_put_together_are_the_same_however_that_is_done() {
        let sub = "!Sub 'arn:${AWS::Partition}:s3:::${B}/${!x}'";
        let join = "!Join ['', ['arn:', !Ref AWS::Partition, ':s3:::', !Ref B, '/${x}']]";
        assert!(is_same(sub, join));
        assert!(is_same("!Sub ['${a}', {a: !GetAtt B.Arn}]", "!GetAtt [B, Arn]") && is_same("!Sub a", "a"));
        assert!(
            !is_same("!Ref A", "!Ref B") && !is_same("!Ref A", "!GetAtt A.Arn") && !is_same("!Ref A", "A")
        );
        assert!(!is_same("!Select [0, !GetAZs '']", "!Select [1, !GetAZs '']"));
        assert!(is_same("!If [C, {a: 1}, !Ref AWS::NoValue]", "!If [C, {a: '1'}, !Ref AWS::NoValue]"));
    }

    #[test]
    fn a_policy_has_sets_and_lists_of_one() {
        let old = "Statement: {Effect: Allow, Action: [s3:Get, s3:Put], Principal: {AWS: [a]}}";
        let new = "Statement: [{Effect: Allow, Action: [s3:Put, s3:Get], Principal: {AWS: a}}]";
        assert!(is_same(old, new));
        assert!(!is_same(old, &new.replace("Put", "Del")));
    }

    #[test]
    fn a_value_is_a_line() {
        let line = |yaml: &str| text(&parsed(yaml), &Moved::from([("Old".to_owned(), "New".to_owned())]));
        assert_eq!(line("!Sub 'a-${Old.Arn}-${AWS::Region}'"), "a-${New.Arn}-${AWS::Region}");
        assert_eq!(line("!Split [',', !Ref X]"), r#"{ "Fn::Split": [ ",", { "Ref": "X" } ] }"#);
    }
}
