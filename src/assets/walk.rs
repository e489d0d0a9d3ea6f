//! The way through a folder: what of it is part of an asset, in the order in which it is hashed and copied.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use super::{Fault, Follow, Ignored, Options};
use crate::world::{Entry, Files};

/// A part of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its path below the folder, its steps apart by `/`.
    pub path: String,
    /// What it is.
    pub visit: Visit,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visit {
    /// A folder, and whether it is itself left out, though something in it is not.
    Folder {
        /// Whether it is.
        is_ignored: bool,
    },
    /// A file, which may lie elsewhere, and be reached by a link.
    File {
        /// Where it lies.
        at: PathBuf,
        /// How many bytes it has.
        bytes: u64,
        /// Who may do what with it.
        mode: u32,
    },
    /// A link that stays one.
    Link {
        /// What it says.
        target: PathBuf,
        /// Where it leads, below the folder, if it does not lead out of it.
        inside: Option<String>,
    },
}

/// The parts of a folder, which is given without links in its path.
pub fn parts(files: &dyn Files, root: &Path, options: &Options) -> Result<Vec<Part>, Fault> {
    let ignored = Ignored::new(options.mode, &options.exclude)?;
    let mut walk =
        Walk { files, root, follow: options.follow, ignored, above: BTreeSet::new(), parts: Vec::new() };
    walk.folder("", root, root)?;
    Ok(walk.parts)
}

struct Walk<'a> {
    files: &'a dyn Files,
    root: &'a Path,
    follow: Follow,
    ignored: Ignored,
    /// The folders that this one is in, so that no walk goes in circles.
    above: BTreeSet<PathBuf>,
    parts: Vec<Part>,
}

impl Walk<'_> {
    /// Goes through a folder that is known by a path below the root, is read at another, and is at a third without links.
    fn folder(&mut self, known: &str, read: &Path, canonical: &Path) -> Result<(), Fault> {
        if !self.above.insert(canonical.to_owned()) {
            return Ok(());
        }
        let mut entries = self.files.entries(read)?;
        // As JavaScript compares text.
        entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        for (name, entry) in entries {
            let path = if known.is_empty() { name.clone() } else { format!("{known}/{name}") };
            let at = read.join(&name);
            match entry {
                Entry::File { bytes, mode } => self.file(path, at, bytes, mode),
                Entry::Folder => self.inner(&path, &at, &canonical.join(&name))?,
                Entry::Link(target) => self.link(path, &at, target)?,
                Entry::Other => (),
            }
        }
        self.above.remove(canonical);
        Ok(())
    }

    fn inner(&mut self, path: &str, read: &Path, canonical: &Path) -> Result<(), Fault> {
        if self.ignored.completely(path) {
            return Ok(());
        }
        let is_ignored = self.ignored.is_ignored(path);
        self.parts.push(Part { path: path.to_owned(), visit: Visit::Folder { is_ignored } });
        self.folder(path, read, canonical)
    }

    fn file(&mut self, path: String, at: PathBuf, bytes: u64, mode: u32) {
        if !self.ignored.is_ignored(&path) {
            self.parts.push(Part { path, visit: Visit::File { at, bytes, mode } });
        }
    }

    fn link(&mut self, path: String, at: &Path, target: PathBuf) -> Result<(), Fault> {
        let beside = at.parent().unwrap_or(Path::new("/"));
        let leads = self.leads(&normal(&beside.join(&target)));
        let inside = leads.strip_prefix(self.root).ok().map(slashed);
        let is_followed = match self.follow {
            Follow::Never => false,
            Follow::Always => true,
            Follow::External => inside.is_none(),
            Follow::BlockExternal => inside.is_some(),
        };
        // A link that leads to nothing stays what it is.
        let real = is_followed.then(|| self.files.real(&leads).ok()).flatten();
        let Some((real, entry)) = real.and_then(|it| Some((it.clone(), self.files.look(&it).ok()?))) else {
            if !self.ignored.is_ignored(&path) {
                self.parts.push(Part { path, visit: Visit::Link { target, inside } });
            }
            return Ok(());
        };
        match entry {
            Entry::Folder => self.inner(&path, &leads, &real),
            Entry::File { bytes, mode } => {
                self.file(path, leads, bytes, mode);
                Ok(())
            }
            Entry::Link(_) | Entry::Other if self.ignored.is_ignored(&path) => Ok(()),
            Entry::Link(_) | Entry::Other => Err(Fault::Special(at.to_owned())),
        }
    }

    /// Where a link leads, with no link in the way to it; the end of the way may be one.
    fn leads(&self, target: &Path) -> PathBuf {
        let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
            return target.to_owned();
        };
        self.files.real(folder).unwrap_or_else(|_| folder.to_owned()).join(name)
    }
}

/// A path with its steps up and its steps to nowhere taken.
fn normal(path: &Path) -> PathBuf {
    let mut steps = PathBuf::new();
    for step in path.components() {
        match step {
            Component::CurDir => (),
            Component::ParentDir => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps
}

/// A path with `/` between its steps.
fn slashed(path: &Path) -> String {
    let steps: Vec<_> = path.components().map(|it| it.as_os_str().to_string_lossy()).collect();
    steps.join("/")
}
