//! Diagnostics with excerpts of what they point at.

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Label, Severity},
    span::{Source, Sources},
};

use crate::render::{Block, Doc, Excerpt, Fault, Level};

/// How much of a line is shown before and after what is marked in it, in bytes: more than a terminal is wide.
const AROUND: usize = 400;
/// How much of a place is marked, in bytes.
const LONGEST: usize = 2000;
/// How far apart places on different lines are that share an excerpt, in bytes.
const FARTHEST: usize = 10_000;

/// Diagnostics, each with an excerpt.
pub fn diagnostics(diagnostics: &[Diagnostic], sources: &Sources) -> Doc {
    Doc(diagnostics.iter().map(|it| Block::Fault(fault(it, sources))).collect())
}

pub(super) fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Info => Level::Info,
    }
}

/// "3 errors"; nothing if there are none.
pub(super) fn counted(count: usize, one: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {one}s")),
    }
}

pub(super) fn fault(it: &Diagnostic, sources: &Sources) -> Fault {
    let mut notes: Vec<(&'static str, String)> = it.help.iter().map(|help| ("help", help.clone())).collect();
    // The place in the tree tells what the line does not: which of many resources it is about.
    if let Some(path) = &it.path {
        notes.push(("note", format!("in `{path}`")));
    }
    Fault {
        level: level(it.severity),
        code: it.code,
        message: it.message.clone(),
        excerpts: excerpts(&it.labels, sources),
        notes,
    }
}

/// Excerpts of the files that labels point into: one for all that are near each other.
fn excerpts(labels: &[Label], sources: &Sources) -> Vec<Excerpt> {
    let mut groups: Vec<(&Source, Vec<Mark<'_>>)> = Vec::new();
    for label in labels {
        let Some(source) = sources.file(label.span) else { continue };
        let mark = Mark::new(&source.text, label);
        let is_near = |(its, marks): &(&Source, Vec<Mark<'_>>)| {
            std::ptr::eq(*its, source) && marks.iter().all(|it| it.is_near(&mark, &source.text))
        };
        match groups.iter_mut().find(|it| is_near(it)) {
            Some((_, marks)) => marks.push(mark),
            None => groups.push((source, vec![mark])),
        }
    }
    groups.into_iter().map(|(source, marks)| excerpt(source, &marks)).collect()
}

/// A label, and the part of its place that is marked, in bytes.
struct Mark<'a> {
    start: usize,
    end: usize,
    label: &'a str,
}

impl<'a> Mark<'a> {
    /// What of the label's place lies inside of the text, on its first line.
    fn new(text: &str, label: &'a Label) -> Self {
        let start = text.floor_char_boundary(label.span.start as usize);
        let end = text.floor_char_boundary((label.span.end as usize).min(start + LONGEST)).max(start);
        let line_end = text[start..end].find(['\n', '\r']).map_or(end, |it| start + it);
        Self { start, end: line_end, label: &label.text }
    }

    /// Whether an excerpt can show both.
    fn is_near(&self, other: &Self, text: &str) -> bool {
        let (first, last) = (self.start.min(other.start), self.start.max(other.start));
        last - first <= if text[first..last].contains('\n') { FARTHEST } else { AROUND }
    }
}

fn excerpt(source: &Source, marks: &[Mark<'_>]) -> Excerpt {
    const CUT: &str = "…";
    let text = &*source.text;
    let first = marks.iter().map(|it| it.start).min().unwrap_or_default();
    let last = marks.iter().map(|it| it.end).max().unwrap_or_default();
    let around =
        text.floor_char_boundary(first.saturating_sub(AROUND))..text.ceil_char_boundary(last + AROUND);
    let (start, before) = match text[around.start..first].rfind('\n') {
        Some(at) => (around.start + at + 1, ""),
        None => (around.start, if around.start == 0 { "" } else { CUT }),
    };
    let (end, after) = match text[last..around.end].find('\n') {
        Some(at) => (last + at, ""),
        None => (around.end, if around.end == text.len() { "" } else { CUT }),
    };
    let shifted = |at: usize| at - start + before.len();
    let (first_line, column) = source.line_and_column(first).unwrap_or_default();
    Excerpt {
        file: source.name.clone(),
        text: [before, &text[start..end], after].concat(),
        first_line,
        cut: column.saturating_sub([before, &text[start..first]].concat().chars().count() + 1),
        marks: marks.iter().map(|it| (shifted(it.start)..shifted(it.end), it.label.to_owned())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::span::Span;

    use super::*;

    #[test]
    fn a_place_beyond_the_text_is_brought_inside() {
        let mut sources = Sources::default();
        let file = sources.add("asi.yaml", "ä: 1\nb: 2");
        let label = Label { span: Span { file, start: 1, end: 999 }, text: String::new() };
        let excerpts = excerpts(std::slice::from_ref(&label), &sources);
        assert_eq!((excerpts[0].text.as_str(), excerpts[0].marks[0].0.clone()), ("ä: 1", 0..5));
    }

    #[test]
    fn of_a_very_long_line_only_what_is_near_is_shown() {
        let mut sources = Sources::default();
        let text = format!("a: 1\n{} wrong {}", "é".repeat(5000), "b".repeat(50_000));
        let file = sources.add("asi.yaml", text.as_str());
        let at = |word: &str| text.find(word).and_then(|it| u32::try_from(it).ok()).unwrap_or_default();
        let label = |start: u32, end: u32| Label { span: Span { file, start, end }, text: String::new() };
        let labels = [label(at("wrong"), at("wrong") + 5), label(at("a"), at("a") + 1)];
        let found = excerpts(&labels, &sources);
        let [near, far] = found.as_slice() else { panic!("what is far apart has an excerpt of its own") };
        assert_eq!(&near.text[near.marks[0].0.clone()], "wrong");
        assert!(near.text.len() < 1000 && near.text.starts_with('…') && near.text.ends_with('…'));
        let shown = near.text[..near.marks[0].0.start].chars().count();
        assert_eq!((near.first_line, near.cut + shown), (2, 5001));
        assert_eq!((far.text.as_str(), far.first_line, far.cut), ("a: 1", 1, 0));
    }
}
