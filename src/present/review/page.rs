//! A review as a page for a browser: all of it, with a picture of each stack in which what changes leads to its details.

use std::collections::BTreeSet;

use super::{Page, changes, counted, counts, details, headline, joined, name, plain, value};
use crate::{
    diff::{Kind, ResourceChange, Verdict},
    ops::{Compared, Reviewed, graph::Drawn, review::OfStack},
    present::review::Frame,
    render::{
        self, Block, Chapter, Doc, Meaning, Note, Panel, Picture, Sketch, Text, Weight,
        picture::{Mark, Marking},
    },
};

/// The most resources of which all is said in one note.
const MOST_IN_NOTE: usize = 60;

/// A review, how it came to be, and the pictures of its stacks.
#[derive(Debug)]
pub struct Part<'a> {
    /// The review.
    pub reviewed: &'a Reviewed,
    /// What is about it.
    pub frame: Frame,
    /// A picture of each of its stacks that has one, with what changes in it.
    pub pictures: Vec<Option<(Picture, Drawn)>>,
}

/// Reviews as a page: a chapter for each environment.
pub fn page(parts: Vec<Part<'_>>) -> render::Page {
    let title = match parts.as_slice() {
        [only] => headline(only.reviewed, &only.frame),
        _ => "asi review".to_owned(),
    };
    let chapters = parts.into_iter().enumerate().map(|(at, part)| chapter(at, part)).collect();
    render::Page { title, chapters }
}

fn chapter(chapter: usize, part: Part<'_>) -> Chapter {
    let Part { reviewed, frame, pictures } = part;
    let page = Page { reviewed, frame: &frame };
    let mut panels = vec![Panel::Doc(Weight::Plain, Doc(page.table()))];
    let sections = [
        (Weight::Danger, "Dangers", page.dangers()),
        (Weight::Notice, "Impact", page.impacts()),
        (Weight::Warning, "Warnings", page.warnings()),
    ];
    for (weight, title, blocks) in sections.into_iter().filter(|(.., blocks)| !blocks.is_empty()) {
        let blocks = std::iter::once(Block::Heading(plain(title))).chain(blocks);
        panels.push(Panel::Doc(weight, Doc(joined(blocks))));
    }
    for (at, ((compared, of_stack), picture)) in reviewed.each().zip(pictures).enumerate() {
        panels.push(Panel::Doc(Weight::Quiet, Doc(vec![Block::Title(plain(compared.name.as_str()))])));
        if let Some((picture, drawn)) = picture {
            let seen = Seen { page: &page, compared, of_stack, prefix: format!("note-{chapter}-{at}") };
            panels.push(Panel::Sketch(Box::new(seen.sketch(picture, &drawn))));
            panels.extend(seen.elsewhere(&drawn));
        }
        let title = counted(changes(compared), "change").unwrap_or_else(|| "no changes".to_owned());
        let all = joined(details::details(compared, &reviewed.comparison.sources).into_iter());
        panels.push(Panel::Doc(Weight::Quiet, Doc(vec![Block::Details(plain(title), Doc(all))])));
    }
    panels.push(Panel::Doc(Weight::Plain, Doc(page.foot())));
    Chapter { title: plain(name(&frame)), counts: counts(reviewed), panels }
}

/// A stack, to be seen in a picture.
struct Seen<'a> {
    page: &'a Page<'a>,
    compared: &'a Compared,
    of_stack: &'a OfStack,
    /// What the ids of its notes begin with.
    prefix: String,
}

impl Seen<'_> {
    /// The picture with all marked that changes, and notes of that.
    fn sketch(&self, mut picture: Picture, drawn: &Drawn) -> Sketch {
        let mut notes = Vec::new();
        let frames = picture.frames.iter_mut().map(|it| (&mut it.mark, &it.title, &it.about));
        let cards = picture.cards.iter_mut().map(|it| (&mut it.mark, &it.title, &it.kind));
        let behind = drawn.groups.iter().chain(&drawn.cards);
        for ((mark, title, about), behind) in frames.chain(cards).zip(behind) {
            if behind.is_empty() {
                continue;
            }
            let target = format!("{}-{}", self.prefix, notes.len());
            let (look, word) = self.marking(behind);
            *mark = Some(Mark { look, word: word.to_owned(), target: target.clone() });
            let title = vec![(Meaning::Plain, format!("{title} ")), (Meaning::Aside, about.clone())];
            notes.push(Note { id: target, doc: self.note(title, behind) });
        }
        let marks = picture.frames.iter().map(|it| &it.mark).chain(picture.cards.iter().map(|it| &it.mark));
        let used: BTreeSet<Marking> = marks.flatten().map(|it| it.look).collect();
        let legend = used.into_iter().map(|it| (it, meaning(it).to_owned())).collect();
        let hint = "Choose what is marked to see what changes in it.";
        Sketch { picture, legend, hint: hint.to_owned(), notes }
    }

    fn change(&self, at: usize) -> &ResourceChange {
        &self.compared.diff.resources[at]
    }

    /// How something is marked behind which all this changes, and in which words.
    fn marking(&self, behind: &[usize]) -> (Marking, &'static str) {
        let states: BTreeSet<State> = behind.iter().map(|it| state(self.change(*it))).collect();
        // Of what stays in part, it is a change that something goes.
        let is_whole = states.len() == 1;
        let worst = states.into_iter().rfind(|it| is_whole || *it != State::Removed);
        let worst = worst.map(|it| if it == State::Added && !is_whole { State::Changed } else { it });
        let (look, word) = match worst.unwrap_or(State::Changed) {
            State::Added => (Marking::Added, "added"),
            State::Changed => (Marking::Changed, "changed"),
            State::PerhapsReplaced => (Marking::Replaced, "perhaps replaced"),
            State::Replaced if is_whole => (Marking::Replaced, "replaced"),
            State::Replaced => (Marking::Replaced, "partly replaced"),
            State::Removed => (Marking::Removed, "removed"),
        };
        let mut dangers = self.of_stack.review.dangers.iter();
        let is_danger = dangers.any(|point| behind.iter().any(|it| self.change(*it).id == point.id));
        (if is_danger { Marking::Danger } else { look }, word)
    }

    /// What there is to know of these resources, then what differs in them.
    fn note(&self, title: Text, behind: &[usize]) -> Doc {
        let mut blocks = vec![Block::Heading(title)];
        let is_here = |id: &str| behind.iter().any(|it| self.change(*it).id == id);
        let review = &self.of_stack.review;
        let dangers = review.dangers.iter().filter(|it| is_here(&it.id));
        blocks.extend(dangers.map(|it| self.page.danger(&[it], self.compared)));
        let impacts = review.impacts.iter().filter(|it| is_here(&it.id));
        blocks.extend(impacts.map(|it| self.page.impact(&[it], self.compared)));
        let warnings = review.warnings.iter().filter(|it| is_here(&it.id));
        blocks.extend(warnings.map(|it| self.page.warning(&[it], self.compared)));
        let mut changes: Vec<&ResourceChange> = behind.iter().map(|it| self.change(*it)).collect();
        changes.sort_by_key(|it| it.rank());
        let sources = &self.page.reviewed.comparison.sources;
        let shown = changes.iter().take(MOST_IN_NOTE);
        blocks.extend(shown.map(|it| Block::Code("diff", details::of_resource(it, sources))));
        if changes.len() > MOST_IN_NOTE {
            let rest = changes.len() - MOST_IN_NOTE;
            blocks.push(Block::Paragraph(plain(format!("and {rest} more: the list below has all"))));
        }
        Doc(joined(blocks.into_iter()))
    }

    /// What changes and is not in the picture, by name.
    fn elsewhere(&self, drawn: &Drawn) -> Option<Panel> {
        /// The most that are named.
        const MOST: usize = 12;
        let mut line = plain("Also changes, and is not drawn: ");
        for (at, it) in drawn.elsewhere.iter().take(MOST).enumerate() {
            line.extend(if at > 0 { plain(", ") } else { Vec::new() });
            line.extend(value(self.change(*it).id.as_str()));
        }
        if drawn.elsewhere.len() > MOST {
            line.extend(plain(format!(" and {} more", drawn.elsewhere.len() - MOST)));
        }
        (!drawn.elsewhere.is_empty()).then(|| Panel::Doc(Weight::Quiet, Doc(vec![Block::Paragraph(line)])))
    }
}

/// What becomes of a resource; the later, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Added,
    Changed,
    PerhapsReplaced,
    Replaced,
    Removed,
}

fn state(change: &ResourceChange) -> State {
    match (&change.kind, change.replacement.verdict) {
        (Kind::Added, _) => State::Added,
        (Kind::Removed(_), _) => State::Removed,
        _ if change.is_revision => State::Changed,
        (_, Verdict::Never) => State::Changed,
        (_, Verdict::Maybe) => State::PerhapsReplaced,
        (_, Verdict::Always) => State::Replaced,
    }
}

/// What a marking means.
fn meaning(marking: Marking) -> &'static str {
    match marking {
        Marking::Added => "added",
        Marking::Changed => "changed",
        Marking::Replaced => "replaced, or perhaps",
        Marking::Removed => "removed",
        Marking::Danger => "a danger",
    }
}
