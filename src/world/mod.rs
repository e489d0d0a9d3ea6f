//! Everything outside of the process, behind traits: it asks and answers, and decides nothing.

mod access;
#[cfg(feature = "aws")]
pub mod aws;
pub mod cloudformation;
pub mod ecs;
#[cfg(feature = "aws")]
pub mod forge;
mod locks;
mod memory;
mod programs;
mod revisions;
mod system;
mod threads;
mod variables;
#[cfg(feature = "aws")]
mod watching;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use access::{Access, AwsError, Patience, Reach, Refusal};
pub use cloudformation::Timestamp;
pub use locks::{Claim, Lock, Taken};
pub use memory::MemoryFiles;
pub use programs::{
    Call, Ended, Hindrance, MemoryPrograms, Program, ProgramError, Programs, Stream, SystemPrograms,
};
pub use revisions::{AtRevision, Git, MemoryRevisions, Revisions};
pub use system::SystemFiles;
pub use threads::in_parallel;
pub use variables::Variables;
#[cfg(feature = "aws")]
pub use watching::{SystemWatching, Watch, Watching};

/// What a run is given of the world.
pub struct World {
    /// Its files.
    pub files: Box<dyn Files>,
    /// Its files as they were.
    pub revisions: Box<dyn Revisions>,
    /// Who tells when files change.
    #[cfg(feature = "aws")]
    pub watching: Box<dyn Watching>,
    /// Other programs.
    pub programs: Arc<dyn Programs>,
    /// How AWS is reached.
    pub access: Access,
    /// Its environment variables.
    pub variables: Variables,
    /// The working folder.
    pub folder: Option<PathBuf>,
    /// Whether somebody is there to answer questions.
    pub is_interactive: bool,
    /// Reads a line that somebody types.
    pub read_line: fn() -> io::Result<String>,
    /// The terminal that everything but results is shown on, as it is now; nothing, where it is none, or nobody looks at it.
    pub screen: fn() -> Option<Screen>,
    /// Whether results are shown in colours.
    pub colors_out: bool,
    /// Whether everything else is.
    pub colors_err: bool,
}

/// The room on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// How many characters a line has.
    pub columns: usize,
    /// How many lines there are.
    pub rows: usize,
}

/// Files, by paths as the user writes them.
pub trait Files: Sync {
    /// Reads a file of at most `limit` bytes; `-` is standard input.
    fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>, FileError>;

    /// Writes a file whole, or not at all; makes the folders it lies in.
    fn write(&self, path: &Path, contents: &[u8]) -> Result<(), FileError>;

    /// Adds to the end of a file, which it makes if there is none.
    fn append(&self, path: &Path, contents: &[u8]) -> Result<(), FileError>;

    /// Whether there is a file or folder.
    fn exists(&self, path: &Path) -> bool;

    /// Whether there is a folder.
    fn is_folder(&self, path: &Path) -> bool;

    /// Takes a file away, if there is one.
    fn remove(&self, path: &Path) -> Result<(), FileError>;

    /// Keeps the folder of an assembly from others, which it makes where it is to be written.
    fn lock(&self, folder: &Path, claim: Claim) -> Result<Lock, Taken>;

    /// What lies in a folder, in order of name. A link to a folder is left out, so that no walk goes in circles.
    fn list(&self, folder: &Path) -> Result<Vec<Listed>, FileError>;

    /// What lies in a folder, each with its name, links among it, in no order.
    fn entries(&self, folder: &Path) -> Result<Vec<(String, Entry)>, FileError>;

    /// What stands at a path itself: a link is not followed.
    fn look(&self, path: &Path) -> Result<Entry, FileError>;

    /// The same place by a path without links.
    fn real(&self, path: &Path) -> Result<PathBuf, FileError>;

    /// Copies a file as it is, with its permissions; makes the folders that the copy lies in.
    fn copy(&self, from: &Path, to: &Path) -> Result<(), FileError>;

    /// Gives a file or a folder another name.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError>;

    /// Makes a link; makes the folders that it lies in.
    fn link(&self, target: &Path, link: &Path) -> Result<(), FileError>;
}

/// The mode of a file that its owner may write and everybody may read.
const PLAIN_FILE: u32 = 0o100_644;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File {
        /// How many bytes it has.
        bytes: u64,
        /// What kind it is of and who may do what with it, as Unix writes that in a number.
        mode: u32,
    },
    /// A folder.
    Folder,
    /// A link to this path.
    Link(PathBuf),
    /// Something that holds no contents.
    Other,
}

/// Something that lies in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its path, which begins with that of the folder.
    pub path: PathBuf,
    /// Whether it is a folder itself.
    pub is_folder: bool,
}

/// What keeps a file from being read or written.
#[derive(Debug)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What was to be done: `read`, `write`.
    pub operation: &'static str,
    /// Why it could not be.
    pub reason: Reason,
}

/// Why a file could not be read or written.
#[derive(Debug)]
pub enum Reason {
    /// There is none.
    Missing,
    /// It is a folder.
    Folder,
    /// There is no revision of this name.
    Revision(String),
    /// It has this many bytes, too many.
    TooLarge(u64),
    /// The system says so.
    System(io::Error),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Missing => write!(f, "there is no file `{path}`"),
            Reason::Folder => write!(f, "`{path}` is a folder, not a file"),
            Reason::Revision(reference) => write!(f, "there is no revision `{reference}`"),
            Reason::TooLarge(bytes) => write!(f, "`{path}` is too large: it has {bytes} bytes"),
            Reason::System(cause) => write!(f, "cannot {} `{path}`: {cause}", self.operation),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::System(cause) => Some(cause),
            Reason::Missing | Reason::Folder | Reason::Revision(_) | Reason::TooLarge(_) => None,
        }
    }
}
