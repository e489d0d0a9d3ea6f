//! What two templates say differently: what hurts first.

mod security;
mod values;
mod whole;

use asi_constructs::kernel::span::{Sources, Span};

use self::values::which;
pub(super) use self::{
    security::security,
    values::{of_leaf, part, shortened},
};
use super::{aside, diagnostics::counted};
use crate::{
    diff::{
        Change, Counts, Data, EntryChange, Fate, Followers, Kind, Obstacle, Rank, Remark, ResourceChange,
        Section, Slight, Source, TemplateDiff, Verdict, text,
    },
    ops::{Compared, Comparison, Presence, Remarks},
    render::{Block, Doc, Item, Meaning, Text},
};

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Only who may do what, and who reaches whom.
    pub security_only: bool,
    /// What follows from other changes and what is hardly worth a line, too, each by itself.
    pub all: bool,
    /// Whether what hurts less is folded away, and how many resources there are comes first.
    pub is_for_review: bool,
    /// The most lines about a resource.
    pub lines: usize,
    /// The most resources of a kind; those that hold data are always shown.
    pub items: usize,
}

impl View {
    /// How many steps there are, each of which shows less.
    pub const STEPS: usize = 5;

    /// For a terminal.
    pub fn terminal(all: bool, security_only: bool) -> Self {
        let (lines, items) = if all { (usize::MAX, usize::MAX) } else { (12, usize::MAX) };
        Self { security_only, all, is_for_review: false, lines, items }
    }

    /// For a pull request; a higher `step` shows less.
    pub fn review(all: bool, security_only: bool, step: usize) -> Self {
        let (lines, items) = match step {
            0 => (usize::MAX, usize::MAX),
            1 => (12, 200),
            2 => (3, 100),
            3 => (0, 40),
            _ => (0, 5),
        };
        Self { security_only, all: all && step == 0, is_for_review: true, lines, items }
    }
}

/// What differs, stack by stack; stacks of which there is the same to say are told of together.
pub fn diff(comparison: &Comparison, view: &View) -> Doc {
    let several = comparison.stacks.len() > 1;
    let mut sections: Vec<(Vec<&str>, Vec<Block>)> = Vec::new();
    for stack in &comparison.stacks {
        let blocks = of_stack(stack, &comparison.sources, view);
        match sections.iter_mut().find(|(_, known)| *known == blocks) {
            Some((names, _)) => names.push(&stack.name),
            None => sections.push((vec![&stack.name], blocks)),
        }
    }
    let mut blocks = Vec::new();
    for (names, section) in sections {
        if several || view.is_for_review {
            blocks.push(Block::Heading(plain(names.join(", "))));
        }
        blocks.extend(section);
    }
    let moved = comparison.refactorable();
    if !moved.is_empty() {
        let names: Vec<String> = moved.iter().map(|it| format!("{} → {}", it.from, it.to)).collect();
        let text = "`asi refactor`, before this is deployed, keeps what has only gone to another stack";
        blocks.push(Block::Paragraph(plain(format!("{text}: {}", names.join(", ")))));
    }
    if several {
        let differing = comparison.stacks.iter().filter(|it| it.differs()).count();
        let all = comparison.stacks.len();
        blocks.push(Block::Paragraph(plain(format!("{differing} of {all} stacks differ"))));
    }
    Doc(blocks)
}

/// What differs in one stack.
#[cfg(any(feature = "aws", test))]
pub(super) fn stack(stack: &Compared, sources: &Sources, view: &View) -> Doc {
    Doc(of_stack(stack, sources, view))
}

fn of_stack(stack: &Compared, sources: &Sources, view: &View) -> Vec<Block> {
    let mut blocks = Vec::new();
    match stack.presence {
        Presence::Both => (),
        Presence::Added => blocks.push(Block::Paragraph(plain("This stack is new."))),
        Presence::Doomed => {
            let text = "This stack is to be deleted.".to_owned();
            blocks.push(Block::Paragraph(vec![(Meaning::Warning, text)]));
        }
        Presence::Removed => {
            blocks.push(Block::Paragraph(vec![(
                Meaning::Warning,
                "This stack is gone: what happens to its resources is up to whoever deletes it.".to_owned(),
            )]));
        }
    }
    let is_same = stack.diff.is_empty() && !view.security_only;
    let summary = if is_same && !stack.remarks.given.is_empty() {
        plain("the template is the same; `--method change-set` tells what the parameters change")
    } else if is_same && !stack.tags.is_empty() {
        plain("the template is the same; CloudFormation gives the tags to all that can have some")
    } else {
        summary(&stack.diff, view)
    };
    let summary = Block::Paragraph(summary);
    if view.is_for_review {
        blocks.push(summary.clone());
    }
    let page = Page { diff: &stack.diff, sources, view };
    if let Some((told, counted)) = whole::whole(&page, stack) {
        blocks.extend(told);
        blocks.push(Block::Paragraph(self::summary(&counted, view)));
        return blocks;
    }
    if !view.security_only {
        for rank in [Rank::Data, Rank::Removed, Rank::Replaced, Rank::MaybeReplaced] {
            blocks.extend(page.of_rank(rank));
        }
    }
    blocks.extend(security(&stack.diff.security, view.items.max(20)));
    if !view.security_only {
        for rank in [Rank::Changed, Rank::Added] {
            blocks.extend(page.of_rank(rank));
        }
        blocks.extend(page.entries());
        blocks.extend(page.slight());
    }
    blocks.extend(remarks(stack));
    if !view.is_for_review {
        blocks.push(summary);
    }
    blocks
}

/// What is to be said of a stack that is deployed.
fn remarks(stack: &Compared) -> impl Iterator<Item = Block> {
    let Remarks { untouched, drifted, kept, given, .. } = &stack.remarks;
    let tags = stack.tags.iter().map(|it| {
        let [was, is] = [&it.was, &it.is].map(|it| it.as_deref().unwrap_or("(none)"));
        format!("tag {}: {was} → {is}", it.key)
    });
    let of = |ids: &[String], what: &str| (!ids.is_empty()).then(|| format!("{what}: {}", ids.join(", ")));
    let kept = kept.iter().map(|(name, value, default)| {
        format!("parameter {name} keeps the value it was given, {value}; its default is {default} now")
    });
    let untouched = of(untouched, "CloudFormation has nothing to do for what is written in another way");
    let drifted = of(drifted, "somebody has changed this outside of CloudFormation");
    let given = given.iter().map(|(name, old, new)| format!("parameter {name}: {old} → {new}"));
    let moved = of(
        &stack.refactorable().into_iter().map(str::to_owned).collect::<Vec<_>>(),
        "`asi refactor`, before this is deployed, keeps what has only another logical id",
    );
    let lines: Vec<String> =
        given.chain(tags).chain(kept).chain(untouched).chain(drifted).chain(moved).collect();
    lines.into_iter().map(|it| Block::Paragraph(plain(it)))
}

/// How much differs, in a line.
fn summary(diff: &TemplateDiff, view: &View) -> Text {
    let wider = diff.security.broadens();
    if view.security_only {
        return match (diff.security.is_empty(), wider) {
            (true, _) => plain("no permissions and no rules of security groups differ"),
            (false, false) => plain("nothing more is allowed than before"),
            (false, true) => vec![(Meaning::Warning, "more is allowed than before".to_owned())],
        };
    }
    if diff.is_empty() {
        return plain("no differences");
    }
    let Counts { added, changed, replaced, maybe_replaced, removed, data, refused } = diff.counts();
    let resources = [
        (added, "to add"),
        (changed, "to change"),
        (replaced, "to replace"),
        (maybe_replaced, "perhaps to replace"),
        (removed, "to remove"),
    ];
    let resources: Vec<String> = resources
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let others = diff.entries.iter().filter(|it| !it.is_slight()).count();
    let others = counted(others, if resources.is_empty() { "difference" } else { "other difference" });
    let mut parts: Vec<String> = resources;
    parts.extend(others);
    if parts.is_empty() {
        parts.push("nothing but what the CDK adds for itself".to_owned());
    }
    let mut line = plain(parts.join(", "));
    let warnings = [
        (data > 0).then(|| format!("{} with data", counted(data, "resource").unwrap_or_default())),
        wider.then(|| "more is allowed than before".to_owned()),
        (refused > 0).then(|| "CloudFormation may refuse this".to_owned()),
    ];
    for warning in warnings.into_iter().flatten() {
        line.push((Meaning::Plain, "; ".to_owned()));
        line.push((Meaning::Warning, warning));
    }
    line
}

/// One stack, and how much of it is shown.
struct Page<'a> {
    diff: &'a TemplateDiff,
    sources: &'a Sources,
    view: &'a View,
}

impl Page<'_> {
    /// The resources of a rank, under a title.
    fn of_rank(&self, rank: Rank) -> Vec<Block> {
        // What holds data or is refused is never folded away, nor what a mapping or a condition may replace.
        let is_folded = |it: &ResourceChange| match it.follows.as_deref() {
            None => false,
            Some(_) if self.view.all || rank == Rank::Data || !it.obstacles.is_empty() => false,
            Some(root) => !root.contains(['/', '.']) || rank == Rank::Changed,
        };
        let is_shown = |it: &&ResourceChange| it.rank() == rank && !is_folded(it);
        let found: Vec<&ResourceChange> = self.diff.resources.iter().filter(is_shown).collect();
        let most = if rank == Rank::Data { usize::MAX } else { self.view.items };
        let (title, is_folded) = match rank {
            Rank::Data => ("Holds data", false),
            Rank::Removed => ("Removed", false),
            Rank::Replaced => ("Replaced", false),
            Rank::MaybeReplaced => ("Perhaps replaced", false),
            Rank::Changed => ("Changed", true),
            Rank::Added => ("Added", true),
            Rank::Slight => ("Only tags, code or metadata", true),
        };
        let mut items: Vec<Item> = found.iter().take(most).map(|it| self.item(it)).collect();
        if found.len() > most {
            items.push(Item {
                cells: vec![aside(format!("and {} more", found.len() - most))],
                lines: Vec::new(),
            });
        }
        self.section(title, found.len(), is_folded, items)
    }

    fn section(&self, title: &str, count: usize, is_folded: bool, items: Vec<Item>) -> Vec<Block> {
        if items.is_empty() {
            return Vec::new();
        }
        if self.view.is_for_review && is_folded {
            let title = plain(format!("{title} ({count})"));
            return vec![Block::Details(title, Doc(vec![Block::Items(items)]))];
        }
        vec![Block::Heading(plain(title)), Block::Items(items)]
    }

    fn item(&self, it: &ResourceChange) -> Item {
        let construct = it.construct.as_deref().map(construct).filter(|path| *path != it.id);
        let sign = match (&it.kind, it.replacement.verdict) {
            (Kind::Added, _) => (Meaning::Added, "+"),
            (Kind::Removed(_), _) => (Meaning::Removed, "-"),
            _ if it.is_revision || it.replacement.verdict == Verdict::Never => (Meaning::Changed, "~"),
            (_, Verdict::Maybe) => (Meaning::Replaced, "±?"),
            _ => (Meaning::Replaced, "±"),
        };
        let cells = vec![
            vec![(sign.0, sign.1.to_owned())],
            value(it.type_name.as_str()),
            value(construct.unwrap_or_default()),
            value(it.id.as_str()),
            aside(self.place(it.span)),
        ];
        Item { cells, lines: self.lines(it) }
    }

    /// What there is to say of a resource.
    fn lines(&self, it: &ResourceChange) -> Vec<Text> {
        let mut lines: Vec<Text> = Vec::new();
        let is_revised = it.is_revision && it.replacement.verdict != Verdict::Never;
        lines.extend(becomes(it).map(|text| vec![(Meaning::Warning, text)]));
        lines.extend(it.obstacles.iter().map(|it| vec![(Meaning::Warning, obstacle(it))]));
        let mut details: Vec<Text> = Vec::new();
        let properties = it.properties.iter().flat_map(Change::leaves);
        details.extend(properties.map(|leaf| {
            let mut line = of_leaf(&leaf, "");
            let name = leaf.name();
            let reason = it.replacement.because.iter().find(|it| it.path == name && it.cause.is_none());
            match reason.map(|it| (it.verdict, &it.source)) {
                _ if is_revised => (),
                Some((Verdict::Always, _)) => line.extend(which("replaces it")),
                Some((Verdict::Maybe, Source::Provider)) => {
                    line.extend(which("replaces it if its provider says so"));
                }
                Some((Verdict::Maybe, _)) => line.extend(which("may replace it")),
                Some((Verdict::Never, _)) | None => (),
            }
            line
        }));
        details.extend(it.attributes.iter().flat_map(Change::leaves).map(|leaf| of_leaf(&leaf, "")));
        let hidden = details.len().saturating_sub(self.view.lines);
        details.truncate(self.view.lines);
        lines.extend(details);
        if hidden > 0 {
            let more = counted(hidden, "more difference").unwrap_or_default();
            lines.push(aside(format!("and {more}")));
        }
        let causes = it.replacement.because.iter().filter_map(|it| Some((it, it.cause.as_ref()?)));
        for (reason, cause) in causes.take(if self.view.all { usize::MAX } else { 1 }) {
            if is_revised || it.follows.is_none() && reason.verdict < it.replacement.verdict {
                continue;
            }
            let mut line = vec![
                (Meaning::Value, reason.path.clone()),
                (Meaning::Plain, " refers to ".to_owned()),
                (Meaning::Value, cause.through.clone()),
            ];
            let replaced = match reason.verdict {
                Verdict::Maybe if reason.source == Source::ChangeSet => ", which may differ then",
                _ if cause.through.contains(['/', '.']) => ", which differs",
                Verdict::Maybe => ", which may be replaced",
                Verdict::Never | Verdict::Always => ", which is replaced",
            };
            line.push((Meaning::Plain, replaced.to_owned()));
            if cause.root != cause.through {
                line.push((Meaning::Plain, " because of ".to_owned()));
                line.push((Meaning::Value, cause.root.clone()));
            }
            lines.push(line);
        }
        lines.extend(self.followers(&it.id));
        lines.extend(self.followers(&format!("{}.LatestVersionNumber", it.id)));
        lines
    }

    /// What follows from the replacement of a resource, in a line.
    fn followers(&self, root: &str) -> Option<Text> {
        let Followers { replaced, maybe_replaced, changed } = self.diff.followers(root);
        let all = replaced + maybe_replaced + changed;
        let parts = [(replaced, "replaced"), (maybe_replaced, "perhaps replaced"), (changed, "changed")];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let named = if self.view.all || self.view.is_for_review { "" } else { " (--all names them)" };
        (all > 0).then(|| {
            let parts = parts.join(", ");
            plain(format!("with it {parts}: what refers to it, or to one that does{named}"))
        })
    }

    fn entries(&self) -> Vec<Block> {
        let shown: Vec<&EntryChange> =
            self.diff.entries.iter().filter(|it| !it.is_slight() || self.view.all).collect();
        let mut items: Vec<Item> = shown.iter().take(self.view.items).map(|it| self.entry(it)).collect();
        if shown.len() > self.view.items {
            items.push(Item {
                cells: vec![aside(format!("and {} more", shown.len() - self.view.items))],
                lines: Vec::new(),
            });
        }
        let is_harmless =
            shown.iter().all(|it| !matches!(it.remark, Some(Remark::ExportGone | Remark::ExportChanged)));
        self.section("Parameters, outputs and the rest", shown.len(), is_harmless, items)
    }

    fn entry(&self, it: &EntryChange) -> Item {
        let (meaning, sign) = match it.change {
            Change::Added(_) => (Meaning::Added, "+"),
            Change::Removed(_) => (Meaning::Removed, "-"),
            Change::Replaced(..) | Change::Reordered(..) | Change::Within(_) => (Meaning::Changed, "~"),
        };
        let cells = vec![
            vec![(meaning, sign.to_owned())],
            plain(section(it.section)),
            value(it.name.as_str()),
            aside(self.place(it.span)),
        ];
        let mut lines: Vec<Text> = Vec::new();
        let warn = |text: &str| vec![(Meaning::Warning, text.to_owned())];
        match it.remark {
            Some(Remark::ExportGone) => {
                lines.push(warn("the name it is imported by is gone: CloudFormation refuses this while another stack imports it"));
            }
            Some(Remark::ExportChanged) => {
                lines.push(warn("CloudFormation refuses another value while a stack imports it"));
            }
            Some(Remark::NeedsValue) => lines.push(warn("a deployment has to give it a value")),
            Some(Remark::DefaultOnly) => lines.push(plain("a stack that was given a value keeps it")),
            Some(Remark::Tooling) | None => (),
        }
        let whole = match &it.change {
            Change::Added(node) | Change::Removed(node) => node.as_map().filter(|_| node.is_group()),
            Change::Replaced(..) | Change::Reordered(..) | Change::Within(_) => None,
        };
        match whole {
            Some(map) => lines.extend(map.iter().take(self.view.lines).map(|(key, entry)| {
                let value_of = shortened(&text(&entry.value), 0);
                vec![
                    (Meaning::Value, key.to_string()),
                    (Meaning::Plain, ": ".to_owned()),
                    (meaning, value_of),
                ]
            })),
            None => {
                let leaves = it.change.leaves();
                lines.extend(leaves.iter().take(self.view.lines).map(|leaf| of_leaf(leaf, "it")));
            }
        }
        if !it.decides.is_empty() {
            lines.push(plain(format!("decides whether there is {}", it.decides.join(", "))));
        }
        match it.section {
            Section::Mappings => lines.extend(self.followers(&format!("Mappings/{}", it.name))),
            Section::Conditions => lines.extend(self.followers(&format!("Conditions/{}", it.name))),
            Section::Parameters
            | Section::Outputs
            | Section::Rules
            | Section::Transform
            | Section::Loops
            | Section::Metadata
            | Section::Other => (),
        }
        Item { cells, lines }
    }

    /// What is hardly worth a line: a line for each kind.
    fn slight(&self) -> Vec<Block> {
        if self.view.all {
            return self.of_rank(Rank::Slight);
        }
        let all = || self.diff.resources.iter().filter(|it| it.rank() == Rank::Slight);
        let lines = slight_kinds(self.diff).map(|(what, names)| {
            let cells = vec![vec![(Meaning::Changed, "~".to_owned())], plain(what), aside(names)];
            Item { cells, lines: Vec::new() }
        });
        let items: Vec<Item> = lines.collect();
        let title = if self.view.is_for_review {
            "Hardly worth a line"
        } else {
            "Hardly worth a line (--all shows them)"
        };
        self.section(title, all().count(), true, items)
    }

    /// `asi.yaml:4:9`; nothing, for what is not written.
    fn place(&self, span: Span) -> String {
        let Some(file) = self.sources.file(span) else { return String::new() };
        let (line, column) = self.sources.line_and_column(span).unwrap_or_default();
        format!("{}:{line}:{column}", file.name)
    }
}

/// What is hardly worth a line, a text for each kind.
pub(super) fn slight(diff: &TemplateDiff) -> impl Iterator<Item = String> {
    slight_kinds(diff).map(|(what, names)| format!("{what}: {names}"))
}

/// The kinds of what is hardly worth a line: how much there is of it, and some names.
fn slight_kinds(diff: &TemplateDiff) -> impl Iterator<Item = (String, String)> {
    let kinds = [
        (Slight::Assets, "only the hashes of code or images"),
        (Slight::Tags, "only tags"),
        (Slight::Metadata, "only metadata"),
        (Slight::Tooling, "only what the CDK adds for itself"),
    ];
    kinds.into_iter().filter_map(|(kind, what)| {
        let of_kind = diff.resources.iter().filter(|it| it.rank() == Rank::Slight && it.slight == Some(kind));
        let ids: Vec<&str> = of_kind.map(|it| it.id.as_str()).collect();
        let count = counted(ids.len(), "resource")?;
        let names = if ids.len() > 3 { format!("{}, …", ids[..3].join(", ")) } else { ids.join(", ") };
        Some((format!("{what}: {count}"), names))
    })
}

/// What becomes of a resource and its data, where that is more than a change.
fn becomes(it: &ResourceChange) -> Option<String> {
    let may = it.replacement.verdict == Verdict::Maybe;
    let what = match &it.kind {
        Kind::Removed(Fate::Destroyed) => "destroyed".to_owned(),
        Kind::Removed(Fate::Snapshot) => "destroyed once there is a snapshot of it".to_owned(),
        Kind::Removed(Fate::Orphaned) if it.data == Some(Data::Kept) => {
            "stays with its data, and no stack has it any more".to_owned()
        }
        Kind::Removed(Fate::Orphaned) => "stays, and no stack has it any more".to_owned(),
        Kind::TypeChanged { from } => format!("replaces a resource of another type, {from}"),
        Kind::Moved { from, fate } => {
            let old = match fate {
                Fate::Destroyed => "deletes the old one",
                Fate::Snapshot => "deletes the old one once there is a snapshot of it",
                Fate::Orphaned => "leaves the old one to nobody",
            };
            format!("was {from}: CloudFormation makes a new one, and {old}")
        }
        Kind::Changed if it.data.is_some() && may => "may be replaced".to_owned(),
        Kind::Changed if it.data.is_some() => "replaced".to_owned(),
        Kind::Added | Kind::Changed => return None,
    };
    let data = match (it.data, &it.kind) {
        (None, _) | (Some(Data::Snapshot | Data::Kept), Kind::Removed(_)) => "",
        (Some(Data::Lost), _) => ", and its data is lost",
        (Some(Data::Snapshot), _) => "; of the old one there is a snapshot",
        (Some(Data::Kept), _) => "; the old one stays, with its data, and no stack has it",
    };
    let data = if may { data.replace("is lost", "would be lost") } else { data.to_owned() };
    Some(format!("{what}{data}"))
}

/// Why CloudFormation refuses something.
pub(super) fn obstacle(it: &Obstacle) -> String {
    match it {
        Obstacle::Type => {
            "CloudFormation refuses another type under the same logical id: give it another name".to_owned()
        }
        Obstacle::NameTaken { property } => format!(
            "CloudFormation makes the new one first, and its {property} is still taken: change that too, or leave it out"
        ),
        Obstacle::Exported { name } => format!(
            "its value is exported as {name}: CloudFormation refuses another one while a stack imports it"
        ),
        Obstacle::ServiceToken => {
            "CloudFormation refuses another ServiceToken under the same logical id: give it another name"
                .to_owned()
        }
        Obstacle::NotEmpty => "its deletion fails while there is something in it".to_owned(),
    }
}

/// What stands in a section.
pub(super) fn section(it: Section) -> &'static str {
    match it {
        Section::Parameters => "parameter",
        Section::Outputs => "output",
        Section::Mappings => "mapping",
        Section::Conditions => "condition",
        Section::Rules => "rule",
        Section::Transform => "transform",
        Section::Loops => "loop",
        Section::Metadata => "metadata",
        Section::Other => "template",
    }
}

/// The path of a construct, without what says only that it is a resource.
pub(super) fn construct(path: &str) -> &str {
    let short = path.strip_suffix("/Resource").or(path.strip_suffix("/Default"));
    short.unwrap_or(path)
}

pub(super) fn plain(text: impl Into<String>) -> Text {
    vec![(Meaning::Plain, text.into())]
}

pub(super) fn value(text: impl Into<String>) -> Text {
    vec![(Meaning::Value, text.into())]
}
