//! Is the way back from one template to another the way there, reversed?

use std::collections::{BTreeMap, BTreeSet};

use asi::diff::{Change, Key, Kind, ResourceChange, Row, Section, TemplateDiff, Verdict};

use super::{difference, templates, verdicts::PAIRS};

/// Which resources come, go, move and differ, each as `id`, and as `from` and `to` for what moves.
#[derive(Debug, Default, PartialEq)]
struct Resources {
    come: BTreeSet<String>,
    go: BTreeSet<String>,
    moved: BTreeSet<(String, String)>,
    differ: BTreeSet<String>,
}

impl Resources {
    fn of(found: &TemplateDiff) -> Self {
        let mut all = Self::default();
        for it in &found.resources {
            let id = it.id.clone();
            let is_new = match &it.kind {
                Kind::Added => all.come.insert(id),
                Kind::Removed(_) => all.go.insert(id),
                Kind::Moved { from, .. } => all.moved.insert((from.clone(), id)),
                Kind::Changed | Kind::TypeChanged { .. } => !differs(it) || all.differ.insert(id),
            };
            assert!(is_new, "{} is told of once", it.id);
        }
        all
    }

    fn reversed(self) -> Self {
        let moved = self.moved.into_iter().map(|(from, to)| (to, from)).collect();
        Self { come: self.go, go: self.come, moved, differ: self.differ }
    }
}

/// Whether something of it is written otherwise; else it only follows.
fn differs(it: &ResourceChange) -> bool {
    it.properties.is_some() || it.attributes.is_some() || matches!(it.kind, Kind::TypeChanged { .. })
}

/// What each resource of which something differs does by itself, not because of others.
fn own_verdicts(found: &TemplateDiff) -> BTreeMap<&str, Verdict> {
    let own = |it: &ResourceChange| {
        let own = it.replacement.because.iter().filter(|it| it.cause.is_none());
        own.map(|it| it.verdict).max().unwrap_or_default()
    };
    let changed = found.resources.iter().filter(|it| it.kind == Kind::Changed && differs(it));
    changed.map(|it| (it.id.as_str(), own(it))).collect()
}

/// The smallest values that differ, each with what it was and is; but for those in lists, whose places in the old and in
/// the new one are not the same.
fn values(found: &TemplateDiff, is_reversed: bool) -> BTreeSet<(String, String, String)> {
    let mut all = BTreeSet::new();
    for it in found.resources.iter().filter(|it| it.kind == Kind::Changed) {
        for leaf in it.properties.iter().chain(&it.attributes).flat_map(Change::leaves) {
            if leaf.path.iter().any(|it| matches!(it, Key::Item(_))) {
                continue;
            }
            let text = |it: Option<&_>| it.map(asi::diff::text).unwrap_or_default();
            let (was, now) = (text(leaf.change.was()), text(leaf.change.now()));
            let (was, now) = if is_reversed { (now, was) } else { (was, now) };
            all.insert((format!("{}.{}", it.id, leaf.name()), was, now));
        }
    }
    all
}

/// What differs beside the resources: whether it comes (1), goes (-1), or is another.
fn entries(found: &TemplateDiff, sign: i8) -> BTreeSet<(Section, &str, i8)> {
    let direction = |it: &Change| match it {
        Change::Added(_) => sign,
        Change::Removed(_) => -sign,
        Change::Replaced(..) | Change::Reordered(..) | Change::Within(_) => 0,
    };
    found.entries.iter().map(|it| (it.section, it.name.as_str(), direction(&it.change))).collect()
}

/// What comes there goes back, and what allows more on one way does not on the other.
#[track_caller]
fn check_rows<T: std::fmt::Debug + PartialEq>(there: &[Row<T>], back: &[Row<T>], name: &str) {
    assert_eq!(there.len(), back.len(), "{name}");
    for row in there {
        let is_other = |it: &&Row<T>| it.sign != row.sign && it.what == row.what && it.when == row.when;
        let other = back.iter().find(is_other);
        let other = other.unwrap_or_else(|| panic!("{name}: {row:?} is not in {back:?}"));
        assert!(!(row.broadens && other.broadens), "{name}: {row:?}");
    }
}

/// What holds of the way there and back between any two templates.
fn check(there: &TemplateDiff, back: &TemplateDiff, name: &str) {
    let resources = Resources::of(there);
    let moves = !resources.moved.is_empty();
    assert_eq!(resources, Resources::of(back).reversed(), "{name}");
    assert_eq!(own_verdicts(there), own_verdicts(back), "{name}");
    assert_eq!(entries(there, 1), entries(back, -1), "{name}");
    assert_eq!(values(there, false), values(back, true), "{name}");
    if moves {
        // Rows name what has moved by its new logical id, which on the way back is the old one.
        assert_eq!(there.security.rules.len(), back.security.rules.len(), "{name}");
        assert_eq!(there.security.statements.len(), back.security.statements.len(), "{name}");
        return;
    }
    check_rows(&there.security.statements, &back.security.statements, name);
    check_rows(&there.security.attachments, &back.security.attachments, name);
    check_rows(&there.security.rules, &back.security.rules, name);
}

#[test]
fn the_way_back_is_the_way_there_reversed() {
    for pair in PAIRS.iter() {
        check(&pair.found, &pair.back, &pair.name());
    }
    for pair in templates().windows(2) {
        let [(a, old), (b, new)] = pair else { unreachable!("windows of two") };
        check(&difference(old, new), &difference(new, old), &format!("{a} and {b}"));
    }
}
