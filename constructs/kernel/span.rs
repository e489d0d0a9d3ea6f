//! Where a value was written: the one thing every message to the user needs.

use std::sync::Arc;

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
}

impl Sources {
    /// Keeps a file, and numbers it.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.files.push(Source { name: name.into(), text: text.into() });
        FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 files"))
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
        let before = self.file(span)?.text.get(..span.start as usize)?;
        let line_start = before.rfind('\n').map_or(0, |it| it + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
