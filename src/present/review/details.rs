//! All that changes in a stack, as lines that come and go.

use asi_constructs::kernel::span::Sources;

use super::{construct, place};
use crate::{
    diff::{Change, EntryChange, Kind, Leaf, Rank, ResourceChange, Verdict, text},
    ops::{Compared, diff::TagChange},
    present::diff::{section, security, shortened, slight},
    render::Block,
};

/// The most lines about one resource.
const MOST_LINES: usize = 40;

/// What changes, what hurts first: a piece for each resource; then permissions, then all else.
pub(super) fn details(stack: &Compared, sources: &Sources) -> Vec<Block> {
    let mut changes: Vec<&ResourceChange> =
        stack.diff.resources.iter().filter(|it| it.rank() != Rank::Slight).collect();
    changes.sort_by_key(|it| it.rank());
    let (hurting, others): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|it| it.rank() <= Rank::MaybeReplaced);
    let code = |text: String| Block::Code("diff", text);
    let mut parts: Vec<Block> = hurting.into_iter().map(|it| code(of_resource(it, sources))).collect();
    parts.extend(security(&stack.diff.security, 200));
    parts.extend(others.into_iter().map(|it| code(of_resource(it, sources))));
    let entries = stack.diff.entries.iter().filter(|it| !it.is_slight());
    parts.extend(entries.map(|it| code(of_entry(it, sources))));
    let given = stack.remarks.given.iter();
    parts.extend(
        given.map(|(name, was, is)| code(format!("  parameter {}\n-     {was}\n+     {is}\n", line(name)))),
    );
    parts.extend(stack.tags.iter().map(|it| code(of_tag(it))));
    parts.extend(slight(&stack.diff).map(|it| code(format!("  {it}\n"))));
    parts
}

fn of_tag(it: &TagChange) -> String {
    let side = |sign: char, value: &Option<String>| {
        value.as_ref().map(|it| format!("{sign}     {}\n", line(it))).unwrap_or_default()
    };
    format!("  tag {}\n{}{}", line(&it.key), side('-', &it.was), side('+', &it.is))
}

pub(super) fn of_resource(it: &ResourceChange, sources: &Sources) -> String {
    let sign = match (&it.kind, it.replacement.verdict) {
        (Kind::Added, _) => "+ ",
        (Kind::Removed(_), _) => "- ",
        _ if it.is_revision || it.replacement.verdict == Verdict::Never => "  ",
        _ => "! ",
    };
    let verb = match (&it.kind, it.replacement.verdict) {
        (Kind::Added | Kind::Removed(_), _) => "",
        _ if it.is_revision && it.replacement.verdict != Verdict::Never => "new revision: ",
        (_, Verdict::Never) => "",
        (_, Verdict::Maybe) => "perhaps replaced: ",
        (_, Verdict::Always) => "replaced: ",
    };
    let path = it.construct.as_deref().map(construct).filter(|path| *path != it.id);
    let names = [Some(it.type_name.as_str()), path, Some(it.id.as_str())];
    let names: Vec<String> = names.into_iter().flatten().map(line).collect();
    let at = place(it.span, sources).map(|it| format!("  {}", line(&it))).unwrap_or_default();
    let mut out = format!("{sign}{verb}{}{at}\n", names.join(" "));
    let leaves = it.properties.iter().chain(&it.attributes).flat_map(Change::leaves);
    let leaves: Vec<Leaf<'_>> = leaves.collect();
    for leaf in leaves.iter().take(MOST_LINES) {
        out += &of_leaf(leaf);
    }
    if leaves.len() > MOST_LINES {
        out += &format!("      and {} more differences\n", leaves.len() - MOST_LINES);
    }
    if let Some(cause) = it.replacement.because.iter().find_map(|it| Some((it, it.cause.as_ref()?))) {
        let (reason, cause) = cause;
        out += &format!("      {} refers to {}, which differs\n", line(&reason.path), line(&cause.through));
    }
    out
}

fn of_entry(it: &EntryChange, sources: &Sources) -> String {
    let sign = match it.change {
        Change::Added(_) => "+ ",
        Change::Removed(_) => "- ",
        Change::Replaced(..) | Change::Reordered(..) | Change::Within(_) => "  ",
    };
    let at = place(it.span, sources).map(|it| format!("  {}", line(&it))).unwrap_or_default();
    let mut out = format!("{sign}{} {}{at}\n", section(it.section), line(&it.name));
    for leaf in it.change.leaves().iter().take(MOST_LINES) {
        out += &of_leaf(leaf);
    }
    out
}

/// The lines of a value that differs.
fn of_leaf(leaf: &Leaf<'_>) -> String {
    let name = leaf.name();
    let name = if name.is_empty() { String::new() } else { format!("{}: ", line(&name)) };
    let (was, is) = (leaf.change.was().map(text), leaf.change.now().map(text));
    let alike = match (&was, &is) {
        (Some(was), Some(is)) => was.chars().zip(is.chars()).take_while(|(a, b)| a == b).count(),
        _ => 0,
    };
    let shown = |sign: &str, value: Option<String>| {
        value.map(|it| format!("{sign}     {name}{}\n", shortened(&it, alike))).unwrap_or_default()
    };
    if matches!(leaf.change, Change::Reordered(..)) {
        return format!("      {name}in another order\n");
    }
    shown("-", was) + &shown("+", is)
}

/// A text on one line.
fn line(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}
