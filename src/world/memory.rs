//! Files that are only in memory, for tests and for programs that use the library.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Component, Path, PathBuf},
    sync::Mutex,
};

use super::{Claim, Entry, FileError, Files, Listed, Lock, PLAIN_FILE, Reason, Taken};

/// Files in memory.
#[derive(Debug, Default)]
pub struct MemoryFiles {
    files: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
}

impl MemoryFiles {
    /// With these paths and contents.
    pub fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let files =
            files.into_iter().map(|(path, contents)| (PathBuf::from(path), contents.to_vec())).collect();
        Self { files: Mutex::new(files) }
    }

    /// Everything there is, in order of path.
    pub fn all(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.files.lock().expect("no thread panics while it holds this").clone()
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
        let fail = |reason| FileError { path: path.to_owned(), operation: "read", reason };
        let files = self.files.lock().expect("no thread panics while it holds this");
        match files.get(path) {
            Some(contents) if contents.len() > limit => Err(fail(Reason::TooLarge(contents.len() as u64))),
            Some(contents) => Ok(contents.clone()),
            None if files.keys().any(|it| it.starts_with(path)) => Err(fail(Reason::Folder)),
            None => Err(fail(Reason::Missing)),
        }
    }

    fn write(&self, path: &Path, contents: &[u8]) -> Result<(), FileError> {
        let mut files = self.files.lock().expect("no thread panics while it holds this");
        files.insert(path.to_owned(), contents.to_vec());
        Ok(())
    }

    fn append(&self, path: &Path, contents: &[u8]) -> Result<(), FileError> {
        let mut files = self.files.lock().expect("no thread panics while it holds this");
        files.entry(path.to_owned()).or_default().extend(contents);
        Ok(())
    }

    fn exists(&self, path: &Path) -> bool {
        let files = self.files.lock().expect("no thread panics while it holds this");
        files.keys().any(|it| it.starts_with(path))
    }

    fn is_folder(&self, path: &Path) -> bool {
        let files = self.files.lock().expect("no thread panics while it holds this");
        !files.contains_key(path) && files.keys().any(|it| it.starts_with(path) || path == Path::new("."))
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        self.files.lock().expect("no thread panics while it holds this").remove(path);
        Ok(())
    }

    fn lock(&self, _: &Path, _: Claim) -> Result<Lock, Taken> {
        Ok(Lock::default())
    }

    fn list(&self, folder: &Path) -> Result<Vec<Listed>, FileError> {
        let files = self.files.lock().expect("no thread panics while it holds this");
        let root = if folder == Path::new(".") { Path::new("") } else { folder };
        let below = files.keys().filter_map(|it| it.strip_prefix(root).ok());
        let names = below.filter_map(|it| {
            let mut parts = it.components();
            let path = folder.join(parts.next()?);
            Some(Listed { path, is_folder: parts.next().is_some() })
        });
        let listed: BTreeSet<Listed> = names.collect();
        if listed.is_empty() {
            return Err(FileError { path: folder.to_owned(), operation: "list", reason: Reason::Missing });
        }
        Ok(listed.into_iter().collect())
    }

    fn entries(&self, folder: &Path) -> Result<Vec<(String, Entry)>, FileError> {
        let entry = |it: Listed| {
            let name = it.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((name, self.look(&it.path)?))
        };
        self.list(folder)?.into_iter().map(entry).collect()
    }

    fn look(&self, path: &Path) -> Result<Entry, FileError> {
        if self.is_folder(path) {
            return Ok(Entry::Folder);
        }
        let bytes = self.read(path, usize::MAX)?.len() as u64;
        Ok(Entry::File { bytes, mode: PLAIN_FILE })
    }

    fn real(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.look(path).map(|_| path.components().filter(|it| *it != Component::CurDir).collect())
    }

    fn copy(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        self.write(to, &self.read(from, usize::MAX)?)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        let mut files = self.files.lock().expect("no thread panics while it holds this");
        let moved: Vec<PathBuf> = files.keys().filter(|it| it.starts_with(from)).cloned().collect();
        for path in moved {
            let contents = files.remove(&path).unwrap_or_default();
            let below = path.strip_prefix(from).unwrap_or(Path::new(""));
            files.insert(if below == Path::new("") { to.to_owned() } else { to.join(below) }, contents);
        }
        Ok(())
    }

    fn link(&self, _: &Path, link: &Path) -> Result<(), FileError> {
        let reason = Reason::System(io::ErrorKind::Unsupported.into());
        Err(FileError { path: link.to_owned(), operation: "write", reason })
    }
}
