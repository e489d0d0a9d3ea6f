//! Files as they were at an earlier revision: in a repository of git, or in memory.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Claim, Entry, FileError, Files, Listed, Lock, MemoryFiles, PLAIN_FILE, Reason, Taken};

/// What git says of a link, in place of who may do what with it.
const LINK: u32 = 0o120_000;
/// The longest path that a link has, in bytes.
const LONGEST_LINK: usize = 1 << 12;

/// Files as they were.
pub trait Revisions: Sync {
    /// Reads a file of at most `limit` bytes as it was at a revision, whose name may be that of a branch or a tag.
    fn read(&self, reference: &str, path: &Path, limit: usize) -> Result<Vec<u8>, FileError>;

    /// What lay in a folder, each with its name; where a link led is not told.
    fn entries(&self, reference: &str, folder: &Path) -> Result<Vec<(String, Entry)>, FileError>;
}

/// The repositories of git on this machine, each asked through the program `git`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Git;

impl Revisions for Git {
    fn read(&self, reference: &str, path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
        let fail = |reason| FileError { path: named(reference, path), operation: "read", reason };
        let no_revision = || fail(Reason::Revision(reference.to_owned()));
        // A reference is never an option.
        if reference.is_empty() || reference.starts_with('-') {
            return Err(no_revision());
        }
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command.arg("-C").arg(folder).args(arguments).stdin(Stdio::null());
            command
        };
        let system =
            |cause: io::Error| fail(Reason::System(io::Error::new(cause.kind(), format!("git: {cause}"))));
        let known = git(&["rev-parse", "--verify", "--quiet", &format!("{reference}^{{commit}}")]);
        let known = { known }.output().map_err(system)?;
        match known.status.code() {
            Some(0) => (),
            // Git says nothing of a reference that it does not know.
            Some(1) => return Err(no_revision()),
            _ => {
                let said = String::from_utf8_lossy(&known.stderr).trim().to_owned();
                return Err(fail(Reason::System(io::Error::other(said))));
            }
        }
        let mut child = git(&["cat-file", "blob", &format!("{reference}:./{name}")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(system)?;
        let mut contents = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        if let Some(out) = child.stdout.take() {
            out.take(most + 1).read_to_end(&mut contents).map_err(system)?;
        }
        if contents.len() > limit {
            // It may wait for somebody to read the rest.
            child.kill().and_then(|()| child.wait()).map_err(system)?;
            return Err(fail(Reason::TooLarge(contents.len() as u64)));
        }
        let status = child.wait().map_err(system)?;
        if status.success() { Ok(contents) } else { Err(fail(Reason::Missing)) }
    }

    fn entries(&self, reference: &str, folder: &Path) -> Result<Vec<(String, Entry)>, FileError> {
        let fail = |reason| FileError { path: named(reference, folder), operation: "list", reason };
        // It may have gone since.
        let there = folder.ancestors().find(|it| it.is_dir()).filter(|it| !it.as_os_str().is_empty());
        let there = there.unwrap_or(Path::new("."));
        let below = folder.strip_prefix(there).unwrap_or(folder).display().to_string();
        let below = if below.is_empty() { below } else { format!("{below}/") };
        if reference.is_empty() || reference.starts_with('-') {
            return Err(fail(Reason::Revision(reference.to_owned())));
        }
        let mut git = Command::new("git");
        git.arg("-C").arg(there).args([
            "ls-tree",
            "--full-tree",
            "-z",
            "-l",
            &format!("{reference}:./{below}"),
        ]);
        let output = git.stdin(Stdio::null()).output().map_err(|it| fail(Reason::System(it)))?;
        if !output.status.success() {
            return Err(fail(Reason::Missing));
        }
        let lines = output.stdout.split(|it| *it == 0).filter(|it| !it.is_empty());
        let mut entries: Vec<(String, Entry)> = lines.filter_map(listed).collect();
        for (name, entry) in entries.iter_mut().filter(|(_, it)| matches!(it, Entry::Link(_))) {
            let target = self.read(reference, &folder.join(name), LONGEST_LINK)?;
            *entry = Entry::Link(PathBuf::from(String::from_utf8_lossy(&target).into_owned()));
        }
        Ok(entries)
    }
}

/// A line of what git lists: `100644 blob 0123…     42\tname`.
fn listed(line: &[u8]) -> Option<(String, Entry)> {
    let line = std::str::from_utf8(line).ok()?;
    let (about, name) = line.split_once('\t')?;
    let mut words = about.split_whitespace();
    let mode = u32::from_str_radix(words.next()?, 8).ok()?;
    let entry = match (words.next()?, mode) {
        ("tree", _) => Entry::Folder,
        ("blob", LINK) => Entry::Link(PathBuf::new()),
        ("blob", mode) => Entry::File { bytes: words.nth(1)?.parse().ok()?, mode },
        _ => Entry::Other,
    };
    Some((name.to_owned(), entry))
}

/// Revisions that are only in memory, for tests and for programs that use the library.
#[derive(Debug, Default)]
pub struct MemoryRevisions(BTreeMap<String, BTreeMap<PathBuf, Vec<u8>>>);

impl MemoryRevisions {
    /// With these references, paths and contents.
    pub fn with<'a>(files: impl IntoIterator<Item = (&'a str, &'a str, &'a [u8])>) -> Self {
        let mut all = Self::default();
        for (reference, path, contents) in files {
            all.0.entry(reference.to_owned()).or_default().insert(PathBuf::from(path), contents.to_vec());
        }
        all
    }
}

impl Revisions for MemoryRevisions {
    fn read(&self, reference: &str, path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
        let fail = |reason| FileError { path: named(reference, path), operation: "read", reason };
        let files = self.0.get(reference).ok_or_else(|| fail(Reason::Revision(reference.to_owned())))?;
        match files.get(path) {
            Some(contents) if contents.len() > limit => Err(fail(Reason::TooLarge(contents.len() as u64))),
            Some(contents) => Ok(contents.clone()),
            None => Err(fail(Reason::Missing)),
        }
    }

    fn entries(&self, reference: &str, folder: &Path) -> Result<Vec<(String, Entry)>, FileError> {
        let files = self.0.get(reference).into_iter().flatten();
        let files =
            MemoryFiles::with(files.map(|(path, it)| (path.to_str().unwrap_or_default(), it.as_slice())));
        files.entries(folder)
    }
}

/// The files of one revision, which nobody can write.
#[derive(Clone, Copy)]
pub struct AtRevision<'w> {
    /// All revisions.
    pub revisions: &'w dyn Revisions,
    /// The name of this one.
    pub reference: &'w str,
}

impl Files for AtRevision<'_> {
    fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
        self.revisions.read(self.reference, path, limit)
    }

    fn write(&self, path: &Path, _: &[u8]) -> Result<(), FileError> {
        let reason = Reason::System(io::ErrorKind::ReadOnlyFilesystem.into());
        Err(FileError { path: named(self.reference, path), operation: "write", reason })
    }

    fn append(&self, path: &Path, contents: &[u8]) -> Result<(), FileError> {
        self.write(path, contents)
    }

    fn exists(&self, path: &Path) -> bool {
        self.revisions.read(self.reference, path, usize::MAX - 1).is_ok()
    }

    fn is_folder(&self, _: &Path) -> bool {
        false
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        self.write(path, b"")
    }

    fn lock(&self, _: &Path, _: Claim) -> Result<Lock, Taken> {
        Ok(Lock::default())
    }

    fn list(&self, folder: &Path) -> Result<Vec<Listed>, FileError> {
        Err(FileError { path: named(self.reference, folder), operation: "list", reason: Reason::Missing })
    }

    fn entries(&self, folder: &Path) -> Result<Vec<(String, Entry)>, FileError> {
        self.revisions.entries(self.reference, folder)
    }

    fn look(&self, path: &Path) -> Result<Entry, FileError> {
        let file = self.read(path, usize::MAX - 1).map(|it| it.len() as u64);
        let file = file.map(|bytes| Entry::File { bytes, mode: PLAIN_FILE });
        file.or_else(|error| self.entries(path).map(|_| Entry::Folder).map_err(|_| error))
    }

    fn real(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.look(path).map(|_| path.to_owned())
    }

    fn copy(&self, _: &Path, to: &Path) -> Result<(), FileError> {
        self.write(to, b"")
    }

    fn rename(&self, _: &Path, to: &Path) -> Result<(), FileError> {
        self.write(to, b"")
    }

    fn link(&self, _: &Path, link: &Path) -> Result<(), FileError> {
        self.write(link, b"")
    }
}

/// A file of a revision, as git names it.
fn named(reference: &str, path: &Path) -> PathBuf {
    PathBuf::from(format!("{reference}:{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(folder: &Path, arguments: &[&str]) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
        let output =
            Command::new("git").arg("-C").arg(folder).args(identity).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes a repository")]
    fn git_has_a_file_as_it_was() {
        let folder = std::env::temp_dir().join(format!("asi-git-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("deep")).unwrap();
        let file = folder.join("deep/asi.yaml");
        run(&folder, &["init", "--quiet", "--initial-branch=main"]);
        std::fs::write(&file, "one").unwrap();
        run(&folder, &["add", "."]);
        run(&folder, &["commit", "--quiet", "-m", "one"]);
        std::fs::write(&file, "two").unwrap();
        assert_eq!(Git.read("main", &file, 3).unwrap(), b"one");
        assert!(matches!(Git.read("main", &file, 2).unwrap_err().reason, Reason::TooLarge(3)));
        assert!(matches!(
            Git.read("main", &folder.join("deep/no.yaml"), 9).unwrap_err().reason,
            Reason::Missing
        ));
        let entries = |at: &str| Git.entries("main", &folder.join(at)).unwrap();
        assert_eq!(entries(""), [("deep".to_owned(), Entry::Folder)]);
        assert_eq!(entries("deep"), [("asi.yaml".to_owned(), Entry::File { bytes: 3, mode: PLAIN_FILE })]);
        assert!(Git.entries("main", &folder.join("no/deep")).is_err());
        for reference in ["nowhere", "--all", ""] {
            assert!(
                matches!(Git.read(reference, &file, 9).unwrap_err().reason, Reason::Revision(_)),
                "{reference}"
            );
        }
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(Git.read("main", &file, 9).unwrap_err().reason, Reason::System(_)));
    }

    #[test]
    fn a_revision_cannot_be_written() {
        let revisions = MemoryRevisions::with([("main", "asi.yaml", b"one".as_slice())]);
        let files = AtRevision { revisions: &revisions, reference: "main" };
        let path = Path::new("asi.yaml");
        assert_eq!(files.read(path, 9).unwrap(), b"one");
        assert!(files.exists(path) && !files.is_folder(path) && files.list(path).is_err());
        let refused = files.write(path, b"two").unwrap_err().to_string();
        assert!(refused.starts_with("cannot write `main:asi.yaml`: "), "{refused}");
        let unknown = revisions.read("v1", path, 9).unwrap_err().to_string();
        assert_eq!(unknown, "there is no revision `v1`");
    }
}
