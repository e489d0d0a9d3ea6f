//! What a reviewer should know of a change: what hurts first, then what is noticed, then all of it.

pub mod alerts;
mod dangers;
mod details;
mod impacts;
mod page;
#[cfg(feature = "aws")]
mod posted;
mod warnings;

use asi_constructs::kernel::span::{Sources, Span};

pub use self::page::{Part, page};
#[cfg(feature = "aws")]
pub use self::posted::{posted, quiet, record, remarks};
pub(crate) use self::{dangers::danger, impacts::effect, warnings::warning};
use super::{
    aside,
    diagnostics::counted,
    diff::{construct, part, plain, value},
};
use crate::{
    diff::{Counts, Followers},
    ops::{
        Compared, Presence, Reviewed,
        review::{Basis, OfStack},
    },
    render::{Block, Doc, Item, Meaning, Section, Text, Weight, link},
    review::Point,
};

/// What of a review is about how it came to be, and where it goes.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The app, or what else was reviewed.
    pub title: String,
    /// The environment.
    pub environment: Option<String>,
    /// The revision there was, and the one there is, as far as there are any.
    pub revisions: [Option<String>; 2],
    /// What is hidden at the beginning, for who looks for the review, in lines.
    pub marker: Vec<String>,
    /// The address of the page of the run that made it, with all of it.
    pub page: Option<String>,
    /// The address of the files of the working folder, without a slash at its end.
    pub files: Option<String>,
}

/// How many bytes the dangers take before anything else has its turn.
const DANGERS: usize = 16_000;
/// The same for what is noticed, and for what is to be seen to.
const OTHERS: usize = 8_000;
/// The most resources that are named of which there is the same to know.
const MOST_ALIKE: usize = 6;
/// The longest fingerprint that is printed for people.
const LONGEST_FINGERPRINT: usize = 8_000;
/// The most characters of a name.
const LONGEST_NAME: usize = 160;
/// The most stacks in the table at the top, and with details that open by themselves.
const MOST_STACKS: usize = 60;

/// A review in a line: `asi: prod — 2 dangers, 1 warning, 14 changes`.
pub fn headline(reviewed: &Reviewed, frame: &Frame) -> String {
    let parts: Vec<String> = counts(reviewed).into_iter().map(|(_, it)| it).collect();
    format!("{} — {}", name(frame), parts.join(", "))
}

/// What a review is of: `asi: prod`.
fn name(frame: &Frame) -> String {
    let of = frame.environment.as_deref().unwrap_or(&frame.title);
    if of.is_empty() { "asi".to_owned() } else { format!("asi: {of}") }
}

/// What a review comes to, what matters most first.
fn counts(reviewed: &Reviewed) -> Vec<(Weight, String)> {
    let changes: usize = reviewed.comparison.stacks.iter().map(changes).sum();
    let parts = [
        (Weight::Danger, counted(reviewed.dangers(), "danger")),
        (Weight::Warning, counted(reviewed.warnings(), "warning")),
        (Weight::Plain, Some(counted(changes, "change").unwrap_or_else(|| "no changes".to_owned()))),
    ];
    parts.into_iter().filter_map(|(weight, it)| Some((weight, it?))).collect()
}

/// How many changes there are in a stack.
fn changes(stack: &Compared) -> usize {
    let Counts { added, changed, replaced, maybe_replaced, removed, .. } = stack.diff.counts();
    let others = stack.diff.entries.iter().filter(|it| !it.is_slight()).count();
    added
        + changed
        + replaced
        + maybe_replaced
        + removed
        + others
        + stack.remarks.given.len()
        + stack.tags.len()
}

/// A review for a terminal; with `all`, all of the change, too.
pub fn review(reviewed: &Reviewed, frame: &Frame, all: bool) -> Doc {
    let mut blocks = Vec::new();
    let sections = sections(reviewed, frame);
    for section in sections.into_iter().filter(|it| all || it.fold.is_none()) {
        let parts = section.head.into_iter().chain(section.parts);
        match section.fold {
            None => blocks.extend(joined(parts)),
            Some(title) => blocks.push(Block::Details(title, Doc(joined(parts)))),
        }
    }
    Doc(blocks)
}

/// Items that follow each other as one list, so that their cells are aligned.
fn joined(parts: impl Iterator<Item = Block>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for part in parts {
        match (blocks.last_mut(), part) {
            (Some(Block::Items(items)), Block::Items(more)) => items.extend(more),
            (_, part) => blocks.push(part),
        }
    }
    blocks
}

/// A review in sections that can be cut, the first of which matter most.
pub fn sections(reviewed: &Reviewed, frame: &Frame) -> Vec<Section> {
    let page = Page { reviewed, frame };
    let mut head: Vec<Block> = frame.marker.iter().map(|it| Block::Hidden(it.clone())).collect();
    head.push(Block::Title(plain(headline(reviewed, frame))));
    head.extend(page.table());
    let mut sections = vec![Section::whole(head)];
    sections.extend(section("Dangers", page.dangers(), DANGERS));
    sections.extend(section("Impact", page.impacts(), OTHERS));
    sections.extend(section("Warnings", page.warnings(), OTHERS));
    for (compared, _) in reviewed.each().take(MOST_STACKS) {
        let parts = details::details(compared, &reviewed.comparison.sources);
        let title = counted(changes(compared), "change").unwrap_or_else(|| "no changes".to_owned());
        let title = plain(format!("{}: {title}", compared.name));
        sections.push(Section {
            head: Vec::new(),
            parts,
            share: 0,
            rest: changes_left_out,
            fold: Some(title),
        });
    }
    // Each fold takes room, however little is in it.
    let others: Vec<&Compared> = reviewed.each().skip(MOST_STACKS).map(|it| it.0).collect();
    if let Some(title) = counted(others.len(), "other stack") {
        let parts = others.iter().flat_map(|it| {
            let name = Block::Code("diff", format!("@@ {} @@\n", part(&it.name, 0, LONGEST_NAME)));
            std::iter::once(name).chain(details::details(it, &reviewed.comparison.sources))
        });
        let (parts, fold) = (parts.collect(), Some(plain(title)));
        sections.push(Section { head: Vec::new(), parts, share: 0, rest: changes_left_out, fold });
    }
    sections.push(Section::whole(page.foot()));
    sections
}

/// A section that stands open; nothing, if nothing is in it.
fn section(title: &str, parts: Vec<Block>, share: usize) -> Option<Section> {
    let head = vec![Block::Heading(plain(title))];
    (!parts.is_empty()).then_some(Section { head, parts, share, rest: left_out, fold: None })
}

fn left_out(count: usize) -> Block {
    Block::Paragraph(plain(format!("and {count} more, for which there is no room here")))
}

fn changes_left_out(count: usize) -> Block {
    let what = counted(count, "more change").unwrap_or_default();
    Block::Paragraph(plain(format!("{what} not shown here for want of room: `asi diff` shows all")))
}

/// Points of one stack of which there is the same to know, in the order of the first of each.
fn alike<'r, T>(
    points: impl Iterator<Item = (&'r Point<T>, &'r Compared)>,
    is_alike: impl Fn(&Point<T>, &Point<T>) -> bool,
) -> Vec<(Vec<&'r Point<T>>, &'r Compared)> {
    let mut groups: Vec<(Vec<&Point<T>>, &Compared)> = Vec::new();
    for (point, stack) in points {
        let is_same = |(group, of): &&mut (Vec<&Point<T>>, &Compared)| {
            of.name == stack.name && is_alike(group[0], point) && group[0].follows == point.follows
        };
        match groups.iter_mut().find(is_same) {
            Some((group, _)) => group.push(point),
            None => groups.push((vec![point], stack)),
        }
    }
    groups
}

/// A review, and what is about it.
struct Page<'a> {
    reviewed: &'a Reviewed,
    frame: &'a Frame,
}

impl Page<'_> {
    /// A row for each stack: how much of it changes, and how much of that is noticed.
    fn table(&self) -> Vec<Block> {
        let head = ["Stack", "Add", "Change", "Replace", "Remove", "Data", "Impact"];
        let mut rows: Vec<Vec<Text>> = vec![head.map(plain).to_vec()];
        rows.extend(
            self.reviewed.each().take(MOST_STACKS).map(|(compared, of_stack)| row(compared, of_stack)),
        );
        let mut blocks = Vec::new();
        if rows.len() > 1 {
            blocks.push(Block::Table(rows));
        }
        let differing = self.reviewed.stacks.len();
        if differing > MOST_STACKS {
            blocks.push(left_out(differing - MOST_STACKS));
        }
        match (differing, counted(self.reviewed.same.len(), "stack")) {
            (0, Some(stacks)) => {
                blocks.push(Block::Paragraph(plain(format!("No changes in {stacks}."))));
            }
            (0, None) => blocks.push(Block::Paragraph(plain("There is no stack to change."))),
            (_, Some(stacks)) => {
                blocks.push(Block::Paragraph(plain(format!("No changes in {stacks} besides."))));
            }
            (_, None) => (),
        }
        blocks
    }

    /// What there is to know, of which resources, and where each is written; then what there is to say of it.
    fn item<T>(&self, points: &[&Point<T>], stack: &Compared, what: Text, lines: Vec<Text>) -> Block {
        let mut about: Vec<Text> = points.iter().take(MOST_ALIKE).filter_map(|it| self.about(it)).collect();
        if points.len() > MOST_ALIKE {
            about.push(plain(format!("and {} more", points.len() - MOST_ALIKE)));
        }
        about.extend(lines);
        let first = points.first();
        about.extend(
            first
                .and_then(|it| it.follows.as_ref())
                .map(|it| vec![(Meaning::Plain, "follows from ".to_owned()), (Meaning::Value, it.clone())]),
        );
        about.extend(first.and_then(|it| followers(it.followers)));
        let of =
            if self.reviewed.stacks.len() > 1 { aside(format!("in {}", stack.name)) } else { Vec::new() };
        Block::Items(vec![Item { cells: vec![what, of], lines: about }])
    }

    /// The resource, or what else, that something is about.
    fn about<T>(&self, point: &Point<T>) -> Option<Text> {
        // People know the construct; of what has none, the logical id.
        let path = point.construct.as_deref().map(construct);
        let of = path.unwrap_or(&point.id);
        let mut text = if of.is_empty() { Vec::new() } else { value(part(of, 0, LONGEST_NAME)) };
        let type_name = Some(&point.type_name).filter(|it| !it.is_empty());
        let type_name = type_name.map(|it| (Meaning::Name, part(it, 0, LONGEST_NAME)));
        let at = self.place(point.span, &self.reviewed.comparison.sources);
        for it in [type_name, at].into_iter().flatten() {
            if !text.is_empty() {
                text.extend(plain(" "));
            }
            text.push(it);
        }
        (!text.is_empty()).then_some(text)
    }

    /// Where something is written; with a link to its line, if it is known where the files are shown.
    fn place(&self, span: Span, sources: &Sources) -> Option<(Meaning, String)> {
        let at = place(span, sources)?;
        let (line, _) = sources.line_and_column(span)?;
        let name = sources.file(span).map(|it| it.name.as_str()).filter(|it| is_of_folder(it));
        Some(match self.frame.files.as_ref().zip(name) {
            Some((files, name)) => link(&at, &format!("{files}/{name}#L{line}")),
            None => (Meaning::Name, at),
        })
    }

    /// Who was asked, what only AWS can tell, and how to go on.
    fn foot(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let [old, new] = &self.frame.revisions;
        let revisions = match (old, new) {
            (Some(old), Some(new)) => format!("`{old}` → `{new}`. "),
            (Some(old), None) => format!("Compared with `{old}`. "),
            (None, Some(new)) => format!("At `{new}`. "),
            (None, None) => String::new(),
        };
        let basis = match self.reviewed.basis {
            Basis::Templates => {
                "By the templates and the schemas of AWS, without credentials: what somebody has changed by hand, \
                 values that only a deployment knows, and names that are taken are not seen."
            }
            Basis::Deployed => {
                "By the templates that are deployed and the schemas of AWS: what somebody has changed by hand, and names \
                 that are taken, are not seen."
            }
            Basis::ChangeSets => "By change sets of CloudFormation, which are deleted again.",
        };
        blocks.push(Block::Paragraph(aside(format!("{revisions}{basis}"))));
        if let Some(fingerprint) = self.reviewed.fingerprint() {
            if fingerprint.len() > LONGEST_FINGERPRINT {
                let text = "The plan has too many stacks for a fingerprint here: `asi review --format json` has one for each.";
                blocks.push(Block::Paragraph(aside(text)));
                return blocks;
            }
            let mut line = plain("Fingerprint of this plan: ");
            line.push((Meaning::Name, fingerprint));
            blocks.push(Block::Paragraph(line));
            let text = "`asi deploy --approved FINGERPRINT` carries out this plan, and no other.";
            blocks.push(Block::Paragraph(aside(text)));
        }
        blocks.extend(self.frame.page.as_ref().map(|it| {
            let mut line = aside("All of it, however long: ");
            line.push(link("the page of this run", it));
            Block::Paragraph(line)
        }));
        blocks
    }
}

fn row(compared: &Compared, of_stack: &OfStack) -> Vec<Text> {
    let Counts { added, changed, replaced, maybe_replaced, removed, data, .. } = compared.diff.counts();
    let number = |it: usize| if it == 0 { Vec::new() } else { plain(it.to_string()) };
    let replaced = match (replaced, maybe_replaced) {
        (replaced, 0) => number(replaced),
        (0, maybe) => plain(format!("perhaps {maybe}")),
        (replaced, maybe) => plain(format!("{replaced}, perhaps {}", replaced + maybe)),
    };
    let worst = of_stack.review.impacts.iter().map(|it| it.what.severity()).max();
    let noticed = match (compared.presence, worst) {
        (Presence::Added, _) => "the stack is new",
        (Presence::Removed | Presence::Doomed, _) => "the stack goes",
        (Presence::Both, None | Some(0)) => "none",
        (Presence::Both, Some(1)) => "brief",
        (Presence::Both, Some(_)) => "interruption",
    };
    let noticed =
        if worst == Some(2) { vec![(Meaning::Warning, noticed.to_owned())] } else { plain(noticed) };
    let data = if data == 0 { Vec::new() } else { vec![(Meaning::Warning, data.to_string())] };
    let numbers = [number(added), number(changed), replaced, number(removed), data, noticed];
    std::iter::once(value(compared.name.as_str())).chain(numbers).collect()
}

/// `asi.yaml:4:9`; nothing, for what is not written.
pub(super) fn place(span: Span, sources: &Sources) -> Option<String> {
    let (line, column) = sources.line_and_column(span)?;
    Some(format!("{}:{line}:{column}", sources.file(span)?.name))
}

/// Whether a name is that of a file in the working folder: not of one elsewhere, or of one as it was at a revision.
fn is_of_folder(name: &str) -> bool {
    let is_plain = |it: char| it.is_alphanumeric() || "-._/".contains(it);
    name.chars().all(is_plain) && !name.starts_with('/') && !name.split('/').any(|it| it == "..")
}

/// What follows from something, in a line.
fn followers(followers: Followers) -> Option<Text> {
    let Followers { replaced, maybe_replaced, changed } = followers;
    let parts = [(replaced, "replaces"), (maybe_replaced, "perhaps replaces"), (changed, "changes")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{what} {count}")).collect();
    let all = replaced + maybe_replaced + changed;
    let that = if all == 1 { "resource that depends on it" } else { "resources that depend on it" };
    (all > 0).then(|| plain(format!("also {} {that}", parts.join(", "))))
}
