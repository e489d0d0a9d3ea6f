//! Changes of files as they happen, until somebody has seen enough.

mod system;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    time::Duration,
};

pub use system::SystemWatching;

/// Who can watch files.
pub trait Watching {
    /// Begins to watch; no folder yet.
    fn begin(&self) -> io::Result<Box<dyn Watch>>;
}

/// Files that are watched.
pub trait Watch {
    /// Watches what lies directly in these folders from now on, and in no others. Gives those that cannot be watched, each with
    /// the reason; one that is not there is none of them.
    fn watch(&mut self, folders: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, String>;

    /// Waits until something changes, and then until nothing does for a moment; what has changed since it was last asked is
    /// among it. A folder stands for whatever may have changed in it. Nothing, once somebody has pressed Ctrl-C.
    fn changes(&mut self) -> Option<BTreeSet<PathBuf>>;

    /// Whether somebody has pressed Ctrl-C.
    fn is_interrupted(&mut self) -> bool;

    /// Forgets that somebody has pressed Ctrl-C: somebody else has heard it, and the answer was to go on.
    fn go_on(&mut self);

    /// How long this has been going on.
    fn lasted(&self) -> Duration;
}
