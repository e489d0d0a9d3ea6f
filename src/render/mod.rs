//! Prints a document. Knows colours, tables and excerpts; knows nothing of stacks.

mod markdown;
mod terminal;

pub use markdown::markdown;
pub use terminal::terminal;

/// Something to show the user, before it is decided how.
#[derive(Clone, Debug, Default)]
pub struct Doc(pub Vec<Block>);

/// One part of a [`Doc`].
#[derive(Clone, Debug)]
pub enum Block {
    /// A title.
    Heading(Text),
    /// Flowing text.
    Paragraph(Text),
    /// Rows of cells, the first of which is the head.
    Table(Vec<Vec<Text>>),
    /// Something to read or copy as it stands, in some language.
    Code(&'static str, String),
    /// A fault in a file, with an excerpt.
    Fault(Fault),
}

/// Text and what its parts mean.
pub type Text = Vec<(Meaning, String)>;

/// What a piece of text means; each printer decides how that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing in particular.
    Plain,
    /// A name from the stack file or template, or something to type.
    Name,
    /// Of less weight.
    Aside,
}

/// A fault in what the user wrote.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Whether it stops the work.
    pub is_error: bool,
    /// Its stable name.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Excerpts, each of one file; the first holds the chief place.
    pub excerpts: Vec<Excerpt>,
    /// Further lines, each with what it is: `help`, `note`.
    pub notes: Vec<(&'static str, String)>,
}

/// Some lines of a file, with places marked.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The file's name.
    pub file: String,
    /// The lines.
    pub text: String,
    /// The number of the first of them.
    pub first_line: usize,
    /// The places, as byte ranges in `text`, each with what there is to see; the first is the chief one.
    pub marks: Vec<(std::ops::Range<usize>, String)>,
}
