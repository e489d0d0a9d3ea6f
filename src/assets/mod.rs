//! Files and folders that a deployment needs: told apart by what they hold, and packed, as the CDK does both.
//!
//! What identifies such an asset is a contract: the names of objects in buckets and of images in registries are made of
//! it, and what an app of the CDK has published is found again. Nothing here writes: it tells what there is to write.

mod archive;
mod content;
mod fingerprint;
mod ignore;
mod walk;

use std::{fmt, path::PathBuf};

pub use archive::archive;
pub use fingerprint::{Field, fingerprint, of_fields};
pub use ignore::{Ignored, Mode};
pub use walk::{Part, Visit, parts};

use crate::world::FileError;

/// Which links are replaced by what they lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follow {
    /// None.
    Never,
    /// All.
    Always,
    /// Those that lead out of the folder.
    #[default]
    External,
    /// Those that stay in the folder; others are no part of an asset.
    BlockExternal,
}

impl Follow {
    /// As the CDK writes it.
    fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Always => "always",
            Self::External => "external",
            Self::BlockExternal => "internal-only",
        }
    }
}

/// What of a folder is an asset, and what else it depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Which links are replaced by what they lead to.
    pub follow: Follow,
    /// How the patterns are read.
    pub mode: Mode,
    /// What is left out, in order: later patterns overrule earlier ones.
    pub exclude: Vec<String>,
    /// What else tells one asset from another.
    pub extra: String,
}

/// What keeps a folder from being an asset.
#[derive(Debug)]
pub enum Fault {
    /// Something cannot be read.
    File(FileError),
    /// This is neither a file nor a folder.
    Special(PathBuf),
    /// Nobody can read this pattern.
    Pattern(String),
    /// It holds more than an archive takes.
    TooLarge,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "{error}"),
            Self::Special(path) => write!(f, "`{}` is neither a file nor a folder", path.display()),
            Self::Pattern(pattern) => write!(f, "`{pattern}` is no pattern that files can be told by"),
            Self::TooLarge => write!(f, "an archive takes at most 65,534 files and 4 GB"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<FileError> for Fault {
    fn from(it: FileError) -> Self {
        Self::File(it)
    }
}
