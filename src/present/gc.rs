//! What no stack uses any more of what was published, and what became of it.

use asi_constructs::kernel::diagnostic::Diagnostic;

use super::{aside, aws, diagnostics::counted, faults as endings, name};
use crate::{
    ops::{
        contents::HolderKind,
        gc::{Action, Asset, Garbage, Hindrance, Outcome, Settings, Store, Tally},
    },
    render::{Block, Doc, Item, Meaning, Text},
    world::{Timestamp, cloudformation::StackStatus},
};

/// The most assets of a place that are named.
const MOST_NAMED: usize = 10;

/// What is there, a part for each place.
pub fn garbage(garbage: &Garbage, settings: &Settings<'_>) -> Doc {
    let usage = &garbage.usage;
    let stacks = counted(usage.stacks, "stack").unwrap_or_else(|| "no stack".to_owned());
    let change_sets =
        counted(usage.change_sets, "change set").map_or(String::new(), |it| format!(" and {it}"));
    let title = vec![(Meaning::Plain, place(garbage)), (Meaning::Aside, format!("  {stacks}{change_sets}"))];
    let mut doc = Doc(vec![Block::Heading(title)]);
    doc.0.extend(garbage.stores.iter().map(|it| Block::Items(vec![store(it, settings, garbage.now)])));
    for store in &garbage.stores {
        let named = named(store, garbage.now);
        if !named.is_empty() {
            doc.0.push(Block::Heading(plain(format!("Used by no stack: {}", things(store.kind)))));
            doc.0.push(Block::Items(named));
        }
    }
    if let Some(note) = note(garbage, settings) {
        doc.0.push(Block::Paragraph(plain(note)));
    }
    doc
}

/// "123456789012/eu-west-1"
fn place(garbage: &Garbage) -> String {
    let text = |it: &Option<String>| it.clone().unwrap_or_default();
    format!("{}/{}", text(&garbage.target.account), text(&garbage.target.region))
}

/// A bucket or a repository, and how much of what lies in it is of which kind.
fn store(it: &Store, settings: &Settings<'_>, now: Timestamp) -> Item {
    let kind = it.kind;
    let line = |tally: Tally, what: &str| {
        (tally.count > 0).then(|| plain(format!("{}: {what}", amount(kind, tally))))
    };
    let marked = it.isolated.iter().filter(|it| it.marked.is_some());
    let doomed = it.doomed(settings, now);
    let lines = [
        line(it.used, "used by stacks"),
        line(Tally::of(&it.isolated), "used by no stack"),
        line(Tally::of(marked), "of these marked as such before"),
        line(Tally::of(doomed), "of these to be deleted"),
        line(it.young, &format!("used by no stack, and younger than {}", days(settings.created_days.into()))),
        line(it.foreign, "named by no hash, and left alone"),
    ];
    let lines: Vec<Text> = lines.into_iter().flatten().collect();
    let state = if lines.is_empty() { "is empty" } else { "" };
    Item { cells: vec![name(it.name.as_str()), aside(label(kind)), plain(state)], lines }
}

/// The largest assets that no stack uses, and how many more there are.
fn named(store: &Store, now: Timestamp) -> Vec<Item> {
    let mut assets: Vec<&Asset> = store.isolated.iter().collect();
    assets.sort_by_key(|it| (std::cmp::Reverse(it.bytes), it.id.as_str()));
    let more = assets.len().saturating_sub(MOST_NAMED);
    let row = |it: &&Asset| {
        let shown = it.tags.iter().find(|it| !it.contains("isolated")).unwrap_or(&it.id);
        let marked =
            it.marked.map_or(String::new(), |it| format!(", marked for {}", days(Asset::days(it, now))));
        let age = format!("{} old{marked}", days(Asset::days(it.published, now)));
        Item { cells: vec![plain(shown.as_str()), plain(size(it.bytes)), aside(age)], lines: Vec::new() }
    };
    let mut rows: Vec<Item> = assets.iter().take(MOST_NAMED).map(row).collect();
    if more > 0 {
        let text = format!("and {more} more, which `--format json` names");
        rows.push(Item { cells: vec![plain(text)], lines: Vec::new() });
    }
    rows
}

/// What is to know before anything is done, and how to have it done.
fn note(garbage: &Garbage, settings: &Settings<'_>) -> Option<String> {
    let busy = &garbage.usage.busy;
    let has_garbage = garbage.stores.iter().any(|it| !it.isolated.is_empty());
    match settings.action {
        Action::Print if has_garbage && busy.is_empty() => Some(
            "Nothing was changed. `asi gc --action full` deletes what no stack uses, `--action tag` marks it for a later \
             `--action delete-tagged`."
                .to_owned(),
        ),
        Action::Print if has_garbage => Some(format!(
            "Nothing was changed, and nothing can be deleted yet: {}.",
            under_way(busy)
        )),
        Action::Print | Action::Tag => None,
        Action::DeleteTagged | Action::Full => {
            let bucket = garbage.stores.iter().find(|it| !it.doomed(settings, garbage.now).is_empty());
            let has = |kind| garbage.doomed(settings).iter().any(|it| it.0 == kind);
            let versions = bucket.and_then(|it| it.keeps_versions).filter(|_| has(HolderKind::Bucket));
            let files = versions.map(|it| {
                if it {
                    "The bucket keeps old versions: a file that is deleted can be brought back, by deleting its delete \
                     marker, until the bucket's own rule takes old versions away (30 days, as bootstrapping sets it)."
                } else {
                    "The bucket keeps no old versions: a file that is deleted is gone for good."
                }
            });
            let images = has(HolderKind::Repository).then_some("An image that is deleted is gone for good.");
            let sentences: Vec<&str> = files.into_iter().chain(images).collect();
            (!sentences.is_empty()).then(|| sentences.join(" "))
        }
    }
}

/// What somebody is asked, up to where the answer is typed.
pub fn question(garbage: &Garbage, settings: &Settings<'_>) -> String {
    let doomed = garbage.doomed(settings);
    let parts: Vec<String> = doomed.iter().map(|(kind, tally)| amount(*kind, *tally)).collect();
    format!("Delete {} in {}? [y/N] ", parts.join(" and "), place(garbage))
}

/// What was done, a line each.
pub fn outcome(outcome: &Outcome) -> Doc {
    let deleted = outcome.deleted.iter().map(|(kind, tally)| format!("deleted {}", amount(*kind, *tally)));
    let count = |count: usize, what: &str| counted(count, "asset").map(|it| format!("{it} {what}"));
    let others = [
        count(outcome.spared, "left alone: used since it was looked at"),
        count(outcome.marked, "marked as used by no stack"),
        count(outcome.unmarked, "used again, and marked no more"),
    ];
    let mut lines: Vec<String> = deleted.chain(others.into_iter().flatten()).collect();
    if lines.is_empty() && outcome.left.is_empty() && outcome.stopped.is_none() {
        lines.push("nothing to do".to_owned());
    }
    let items = lines.into_iter().map(|it| Item { cells: vec![plain(it)], lines: Vec::new() });
    Doc(vec![Block::Items(items.collect())])
}

/// What is still there, though it was to be deleted, and what kept it from going on.
pub fn left(outcome: &Outcome) -> Vec<Diagnostic> {
    let more = outcome.left.len().saturating_sub(MOST_NAMED);
    let fault = |message: String| {
        Diagnostic::error("not-deleted", message).help("mend what AWS names, and run the same command again")
    };
    let mut faults: Vec<Diagnostic> = outcome
        .left
        .iter()
        .take(MOST_NAMED)
        .map(|it| fault(format!("`{}` could not be deleted: {}", it.name, it.error)))
        .collect();
    if more > 0 {
        faults.push(fault(format!("{more} more could not be deleted")));
    }
    faults.extend(outcome.stopped.as_ref().map(aws::diagnostic));
    faults
}

/// What keeps anything from being done.
pub fn faults(hindrance: &Hindrance, settings: &Settings<'_>, command: &str) -> Vec<Diagnostic> {
    let stack = settings.stack;
    let one = match hindrance {
        Hindrance::Ending(ending) => return endings(ending, stack, None, command),
        Hindrance::NotBootstrapped => {
            let fault =
                format!("there is no stack `{stack}`, which would name the bucket and the repository");
            Diagnostic::error("not-bootstrapped", fault)
                .help("name another bootstrap stack with `--bootstrap-stack-name`, or another region with `--region`")
        }
        Hindrance::NoOutput(key) => {
            let fault =
                format!("the stack `{stack}` has no output `{key}`, which would name what to look into");
            Diagnostic::error("not-bootstrapped", fault)
                .help("bring it up to date with `asi bootstrap`, or leave this out with `--type`")
        }
        Hindrance::Unread { stack, error } => {
            let of = aws::diagnostic(error);
            let fault = format!("nobody knows what `{stack}` uses, so nothing is deleted: {error}");
            let help = of.help.clone().unwrap_or_default();
            Diagnostic::error("stack-unread", fault).help(help)
        }
        Hindrance::Busy(stacks) => {
            let fault = format!("nothing is deleted: {}", under_way(stacks));
            Diagnostic::error("stacks-busy", fault)
                .help("run the same command again when that has ended: until then they may be turned back to what they used")
        }
        Hindrance::Declined => {
            Diagnostic::error("no-consent", "nothing is deleted: somebody said no".to_owned())
                .help("say `y` to have it deleted")
        }
        Hindrance::Undecided => {
            Diagnostic::error("no-consent", "nothing is deleted: nobody is here to say yes".to_owned())
                .help(format!("say yes: `{command} --yes`"))
        }
    };
    vec![one]
}

/// Which stacks are at work, and on what.
fn under_way(stacks: &[(String, StackStatus)]) -> String {
    let one = |(name, status): &(String, StackStatus)| format!("`{name}` is in {status}");
    let more =
        counted(stacks.len().saturating_sub(MOST_NAMED), "more stack").map(|it| format!("{it} at work"));
    stacks.iter().take(MOST_NAMED).map(one).chain(more).collect::<Vec<_>>().join(", ")
}

/// "3 files, 12 MB"
fn amount(kind: HolderKind, tally: Tally) -> String {
    let one = match kind {
        HolderKind::Bucket => "file",
        HolderKind::Repository => "image",
    };
    format!("{} ({})", counted(tally.count, one).unwrap_or_else(|| format!("no {one}")), size(tally.bytes))
}

fn label(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::Bucket => "bucket",
        HolderKind::Repository => "repository",
    }
}

fn things(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::Bucket => "files",
        HolderKind::Repository => "images",
    }
}

fn days(count: u64) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}

/// A size as people write it, in powers of 1,000.
fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut tenths = bytes / 100;
    for unit in units {
        if tenths < 10_000 || unit == "TB" {
            return match bytes {
                0..1000 => format!("{bytes} B"),
                _ => format!("{}.{} {unit}", tenths / 10, tenths % 10),
            };
        }
        tenths /= 1000;
    }
    unreachable!("the last unit takes everything")
}

fn plain(text: impl Into<String>) -> Text {
    vec![(Meaning::Plain, text.into())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_at_a_glance() {
        let shown = [0, 999, 1000, 999_949, 1_000_000, 34_560_000, 7_200_000_000, u64::MAX].map(size);
        let expected = ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "34.5 MB", "7.2 GB", "18446744.0 TB"];
        assert_eq!(shown, expected.map(str::to_owned));
    }
}
