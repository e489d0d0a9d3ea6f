//! Prints documents and pictures. Knows colours, tables, excerpts, frames and lines; knows nothing of stacks.

mod cut;
mod fitted;
mod github;
mod hidden;
mod html;
mod junit;
mod markdown;
mod markup;
mod page;
pub mod picture;
mod short;
mod svg;
mod terminal;

pub use cut::cut;
pub use fitted::{Section, fitted};
pub use github::github;
pub use hidden::hidden;
pub use html::html;
pub use junit::{Suite, junit};
pub use markdown::markdown;
pub use page::{Chapter, Note, Page, Panel, Sketch, Weight, page};
pub use picture::{Picture, Size, text_width};
pub use short::short;
pub use svg::svg;
pub use terminal::terminal;

/// Something to show the user, before it is decided how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Doc(pub Vec<Block>);

/// One part of a [`Doc`].
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// The title of the whole.
    Title(Text),
    /// The title of a part.
    Heading(Text),
    /// Flowing text.
    Paragraph(Text),
    /// Rows of cells, the first of which is the head.
    Table(Vec<Vec<Text>>),
    /// Something to read or copy as it stands, in some language.
    Code(&'static str, String),
    /// A fault in a file, with an excerpt.
    Fault(Fault),
    /// Things, each with lines about it.
    Items(Vec<Item>),
    /// What nobody sees who reads the document, and programs find in it.
    Hidden(String),
    /// What opens when it is asked for, where that is possible; elsewhere its title is a heading.
    Details(Text, Doc),
}

/// A thing, and what there is to say of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it is: the cells of all items of a block are aligned.
    pub cells: Vec<Text>,
    /// What there is to say of it.
    pub lines: Vec<Text>,
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
    /// Something from a file as it is, such as a value or the way to it.
    Value,
    /// Something that comes.
    Added,
    /// Something that goes.
    Removed,
    /// Something that becomes another.
    Changed,
    /// Something that makes room for another of its kind.
    Replaced,
    /// What nobody must overlook.
    Warning,
    /// What leads elsewhere: a name, a space, and the address, which has none. [`link`] makes it.
    Link,
}

/// A name that leads to an address.
pub fn link(name: &str, address: &str) -> (Meaning, String) {
    (Meaning::Link, format!("{name} {}", address.replace(' ', "%20")))
}

/// The name and the address of a link.
fn linked(link: &str) -> (&str, &str) {
    link.rsplit_once(' ').unwrap_or((link, ""))
}

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It stops the work.
    Error,
    /// It is worth mending.
    Warning,
    /// It is worth knowing.
    Info,
}

/// A fault in what the user wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// How bad it is.
    pub level: Level,
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
#[derive(Clone, Debug, PartialEq)]
pub struct Excerpt {
    /// The file's name.
    pub file: String,
    /// The lines; of very long ones, only what is near the places.
    pub text: String,
    /// The number of the first of them.
    pub first_line: usize,
    /// How many more characters stand before the first place in its line than in `text`.
    pub cut: usize,
    /// The places, as byte ranges in `text`, each with what there is to see; the first is the chief one.
    pub marks: Vec<(std::ops::Range<usize>, String)>,
}

/// A fault, for those who want a line of it: lines and columns count from 1, a column being a character.
#[derive(Clone, Debug)]
pub struct Remark {
    /// How bad it is.
    pub level: Level,
    /// Its stable name.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// The file's name.
    pub file: String,
    /// The line and column of the first character.
    pub start: (usize, usize),
    /// Those of the character after the last one.
    pub end: (usize, usize),
}
