//! Where a value was written: the one thing every message to the user needs.

use std::sync::{Arc, OnceLock};

/// A file that was read, by its number in [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A range of bytes in a file.
///
/// The default is "not written": the place of a value that no file holds, such as a default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The place of what nobody wrote.
    pub const NOWHERE: Self = Self { file: FileId(0), start: 0, end: 0 };

    /// Whether it is a place at all.
    pub fn is_written(self) -> bool {
        self.file != Self::NOWHERE.file
    }

    /// This place, or `other` if this is none.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.is_written() { self } else { other }
    }

    /// Whether all of `other` lies in it.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// The part of this place from byte `start` to byte `end`, counted from its first.
    #[must_use]
    pub fn slice(self, start: usize, end: usize) -> Self {
        let at = |offset: usize| u32::try_from(offset).map_or(self.end, |it| (self.start + it).min(self.end));
        if self.is_written() { Self { file: self.file, start: at(start), end: at(end) } } else { self }
    }
}

/// A value together with the place it was read from.
///
/// Use it for properties a construct may reject; plain types are fine for the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands; not written for a default.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, as written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The place, with the value changed.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: f(self.value), span: self.span }
    }
}

impl<T> From<T> for Spanned<T> {
    fn from(value: T) -> Self {
        Self { value, span: Span::default() }
    }
}

/// The files that were read, for showing excerpts of them.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// One file that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path, as the user knows it.
    pub name: String,
    /// What it holds.
    pub text: Arc<str>,
    /// Where its lines begin, once somebody asks for one.
    lines: OnceLock<Vec<usize>>,
}

impl Source {
    /// The number of the line, counted from 0, that the byte at `at` is in, and where that line begins.
    fn line(&self, at: usize) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| {
            std::iter::once(0).chain(self.text.match_indices('\n').map(|(at, _)| at + 1)).collect()
        });
        let number = lines.partition_point(|start| *start <= at) - 1;
        (number, lines[number])
    }

    /// Line and column of the character that begins at the byte `at`, both counted from 1.
    pub fn line_and_column(&self, at: usize) -> Option<(usize, usize)> {
        let (line, start) = self.line(at);
        Some((line + 1, self.text.get(start..at)?.chars().count() + 1))
    }
}

impl Sources {
    /// Keeps a file, and numbers it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.files.push(Source { name: name.into(), text: text.into(), lines: OnceLock::new() });
        FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 files"))
    }

    /// Covers what is at these places of one file, so that no excerpt shows it; all else stays where it is.
    pub fn cover(&mut self, mut places: Vec<Span>) {
        let first = places.first().and_then(|it| (it.file.0 as usize).checked_sub(1));
        let Some(source) = first.and_then(|at| self.files.get_mut(at)) else { return };
        // As long as what it covers, in bytes and in characters.
        let cover = |it: char| match it.len_utf8() {
            _ if it.is_control() => it,
            1 => '*',
            2 => '×',
            3 => '＊',
            _ => '🞰',
        };
        // What is referred to twice is met twice.
        places.sort_by_key(|it| it.start);
        let mut covered = String::with_capacity(source.text.len());
        for span in places {
            let (start, end) = (covered.len().max(span.start as usize), span.end as usize);
            let (Some(before), Some(text)) =
                (source.text.get(covered.len()..start), source.text.get(start..end))
            else {
                continue;
            };
            covered.push_str(before);
            covered.extend(text.chars().map(cover));
        }
        covered.push_str(&source.text[covered.len()..]);
        source.text = covered.into();
    }

    /// The file `span` is in, unless it is not written.
    pub fn file(&self, span: Span) -> Option<&Source> {
        self.files.get((span.file.0 as usize).checked_sub(1)?)
    }

    /// The text at `span`.
    pub fn text(&self, span: Span) -> Option<&str> {
        self.file(span)?.text.get(span.start as usize..span.end as usize)
    }

    /// Line and column of the first character of `span`, both counted from 1.
    pub fn line_and_column(&self, span: Span) -> Option<(usize, usize)> {
        self.file(span)?.line_and_column(span.start as usize)
    }
}

/// A place as people count it: lines and columns from 1, a column being a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// The first character of a file.
    pub const FIRST: Self = Self { line: 1, column: 1 };
}

/// Where the lines of a text begin, for finding many places in it.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Looks through `text` once.
    pub fn new(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, it)| *it == b'\n');
        Self { text, starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    /// The first character of `span`, and the one after its last; places beyond the text are brought inside.
    pub fn range(&self, span: Span) -> (Position, Position) {
        (self.position(span.start), self.position(span.end.max(span.start)))
    }

    fn position(&self, at: u32) -> Position {
        let at = self.text.floor_char_boundary(at as usize);
        let line = self.starts.partition_point(|start| *start <= at);
        let column = self.text[self.starts[line - 1]..at].chars().count() + 1;
        Position { line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_covered_leaves_all_else_where_it_is() {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", "a: bäc\nd: e");
        let span = |start, end| Span { file, start, end };
        sources.cover(vec![span(11, 12), span(3, 7), span(3, 7), span(90, 99)]);
        assert_eq!(sources.text(span(0, 12)), Some("a: *×*\nd: *"));
    }

    #[test]
    fn a_range_ends_after_its_last_character() {
        let lines = Lines::new("a: 1\nä: b\n");
        let range = |start, end| {
            let (from, to) = lines.range(Span { file: FileId(1), start, end });
            ((from.line, from.column), (to.line, to.column))
        };
        assert_eq!(range(5, 10), ((2, 1), (2, 5)));
        assert_eq!(range(0, 5), ((1, 1), (2, 1)));
        assert_eq!(range(6, 999), ((2, 1), (3, 1)), "inside of a character, and beyond the text");
    }

    #[test]
    fn counts_lines_and_columns_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("asi.yaml", "a: 1\nä: b\n");
        let at = |start| sources.line_and_column(Span { file, start, end: start });
        assert_eq!(at(0), Some((1, 1)));
        assert_eq!(at(3), Some((1, 4)));
        assert_eq!(at(9), Some((2, 4)), "`b`: columns are characters, not bytes");
        assert_eq!(sources.line_and_column(Span::default()), None);
    }
}
