//! Diagnostics with excerpts of what they point at.

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Label, Severity},
    span::{Source, Sources},
};

use crate::render::{Block, Doc, Excerpt, Fault, Level};

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

/// One excerpt for each file that labels point into.
fn excerpts(labels: &[Label], sources: &Sources) -> Vec<Excerpt> {
    let mut excerpts: Vec<Excerpt> = Vec::new();
    let mut files: Vec<_> = labels.iter().map(|it| it.span.file).collect();
    files.dedup();
    for file in files {
        let labels: Vec<&Label> = labels.iter().filter(|it| it.span.file == file).collect();
        if let Some(source) = sources.file(labels[0].span) {
            excerpts.push(excerpt(source, &labels));
        }
    }
    excerpts
}

fn excerpt(source: &Source, labels: &[&Label]) -> Excerpt {
    let text = &*source.text;
    let ranges: Vec<(usize, usize)> = labels.iter().map(|it| first_line(text, it)).collect();
    let first = ranges.iter().map(|it| it.0).min().unwrap_or_default();
    let last = ranges.iter().map(|it| it.1).max().unwrap_or_default();
    let start = text[..first].rfind('\n').map_or(0, |it| it + 1);
    let end = text[last..].find('\n').map_or(text.len(), |it| last + it);
    Excerpt {
        file: source.name.clone(),
        text: text[start..end].to_owned(),
        first_line: text[..start].matches('\n').count() + 1,
        marks: ranges
            .iter()
            .zip(labels)
            .map(|((from, to), label)| (from - start..to - start, label.text.clone()))
            .collect(),
    }
}

/// The part of a label's place that lies on its first line, inside of the text.
fn first_line(text: &str, label: &Label) -> (usize, usize) {
    let inside = |at: u32| {
        let mut at = (at as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = inside(label.span.start);
    let end = inside(label.span.end).max(start);
    let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |it| start + it);
    (start, end.min(line_end))
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
}
