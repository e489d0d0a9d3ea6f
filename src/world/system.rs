//! The files of this machine.

#![expect(clippy::disallowed_methods, reason = "this is the World")]

use std::{
    env, fs,
    io::{self, ErrorKind, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use anstream::{AutoStream, ColorChoice};

use super::{
    Access, Claim, Entry, FileError, Files, Git, Listed, Lock, Reason, Screen, SystemPrograms, Taken,
    Variables, World,
};

impl World {
    /// The world this process runs in.
    pub fn system() -> Self {
        let colors = |choice| choice != ColorChoice::Never;
        Self {
            files: Box::new(SystemFiles),
            revisions: Box::new(Git),
            #[cfg(feature = "aws")]
            watching: Box::new(super::SystemWatching),
            programs: Arc::new(SystemPrograms),
            access: Access::default(),
            variables: Variables::Process,
            folder: env::current_dir().ok(),
            is_interactive: io::stdin().is_terminal() && is_looked_at(),
            read_line: || {
                let mut line = String::new();
                io::stdin().read_line(&mut line).map(|_| line)
            },
            screen: || terminal_size::terminal_size_of(io::stderr()).filter(|_| is_looked_at()).map(screen),
            colors_out: colors(AutoStream::choice(&io::stdout())),
            colors_err: colors(AutoStream::choice(&io::stderr())),
        }
    }
}

/// Whether somebody looks at what goes to standard error, as far as that can be known.
fn is_looked_at() -> bool {
    let variable = |name| env::var(name).ok();
    io::stderr().is_terminal() && is_for_people(variable("CI").as_deref(), variable("TERM").as_deref())
}

/// Whether a terminal has somebody before it, and does what it is told: some that build software have terminals, too, and
/// say so with `CI`.
fn is_for_people(ci: Option<&str>, terminal: Option<&str>) -> bool {
    ci.is_none_or(|it| ["", "0", "false"].contains(&it)) && terminal != Some("dumb")
}

fn screen((width, height): (terminal_size::Width, terminal_size::Height)) -> Screen {
    Screen { columns: usize::from(width.0), rows: usize::from(height.0) }
}

/// The files of this machine, relative paths counted from the working directory.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
        let fail = |reason| FileError { path: path.to_owned(), operation: "read", reason };
        let system = |cause: io::Error| {
            fail(match cause.kind() {
                ErrorKind::NotFound => Reason::Missing,
                ErrorKind::IsADirectory => Reason::Folder,
                _ => Reason::System(cause),
            })
        };
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut contents = Vec::new();
        if path == Path::new("-") {
            io::stdin().lock().take(most + 1).read_to_end(&mut contents).map_err(system)?;
        } else {
            let file = fs::File::open(path).map_err(system)?;
            let length = file.metadata().map_err(system)?.len();
            if length > most {
                return Err(fail(Reason::TooLarge(length)));
            }
            contents.reserve(usize::try_from(length).unwrap_or_default());
            file.take(most + 1).read_to_end(&mut contents).map_err(system)?;
        }
        if contents.len() > limit {
            return Err(fail(Reason::TooLarge(contents.len() as u64)));
        }
        Ok(contents)
    }

    fn write(&self, path: &Path, contents: &[u8]) -> Result<(), FileError> {
        let fail =
            |cause| FileError { path: path.to_owned(), operation: "write", reason: Reason::System(cause) };
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(fail)?;
        // In the same folder, so that the rename cannot cross file systems.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
        // Nobody waits for the disk here: whoever looks finds the old file or the new one, a run that dies leaves no
        // part of one, and what a computer loses that dies can be made again. An assembly has a file for
        // each stack, and each would wait.
        let written = fs::write(&temporary, contents).and_then(|()| fs::rename(&temporary, path));
        written.map_err(|cause| {
            // The first fault is the one to tell of.
            let _ = fs::remove_file(&temporary);
            fail(cause)
        })
    }

    fn append(&self, path: &Path, contents: &[u8]) -> Result<(), FileError> {
        let appended = fs::File::options().append(true).create(true).open(path);
        appended.and_then(|mut it| it.write_all(contents)).map_err(|cause| FileError {
            path: path.to_owned(),
            operation: "write",
            reason: Reason::System(cause),
        })
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        match fs::remove_file(path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => {
                Err(FileError { path: path.to_owned(), operation: "remove", reason: Reason::System(cause) })
            }
            _ => Ok(()),
        }
    }

    fn lock(&self, folder: &Path, claim: Claim) -> Result<Lock, Taken> {
        if claim == Claim::Write {
            fs::create_dir_all(folder).map_err(Taken::System)?;
        }
        super::locks::lock(folder, claim)
    }

    fn list(&self, folder: &Path) -> Result<Vec<Listed>, FileError> {
        let fail = |cause: io::Error| {
            let reason = match cause.kind() {
                ErrorKind::NotFound => Reason::Missing,
                _ => Reason::System(cause),
            };
            FileError { path: folder.to_owned(), operation: "list", reason }
        };
        let mut listed = Vec::new();
        for entry in fs::read_dir(folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let (path, kind) = (entry.path(), entry.file_type().map_err(fail)?);
            if !(kind.is_symlink() && path.is_dir()) {
                listed.push(Listed { path, is_folder: kind.is_dir() });
            }
        }
        listed.sort();
        Ok(listed)
    }

    fn entries(&self, folder: &Path) -> Result<Vec<(String, Entry)>, FileError> {
        let fail = |cause: io::Error| failed(folder, "list", cause);
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(fail)? {
            let entry = entry.map_err(fail)?;
            let is_no_text = || io::Error::new(ErrorKind::InvalidData, "a name in it is no text");
            let name = entry.file_name().into_string().map_err(|_| fail(is_no_text()))?;
            entries.push((name, self.look(&entry.path())?));
        }
        Ok(entries)
    }

    fn look(&self, path: &Path) -> Result<Entry, FileError> {
        let fail = |cause: io::Error| failed(path, "read", cause);
        let found = fs::symlink_metadata(path).map_err(fail)?;
        let kind = found.file_type();
        Ok(if kind.is_symlink() {
            Entry::Link(fs::read_link(path).map_err(fail)?)
        } else if kind.is_dir() {
            Entry::Folder
        } else if kind.is_file() {
            Entry::File { bytes: found.len(), mode: mode(&found) }
        } else {
            Entry::Other
        })
    }

    fn real(&self, path: &Path) -> Result<PathBuf, FileError> {
        fs::canonicalize(path).map_err(|cause| failed(path, "read", cause))
    }

    fn copy(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        make_folder_of(to).map_err(|cause| failed(to, "write", cause))?;
        let copied = fs::copy(from, to);
        copied.map(|_| ()).map_err(|cause| failed(to, "write", cause))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        fs::rename(from, to).map_err(|cause| failed(to, "write", cause))
    }

    fn link(&self, target: &Path, link: &Path) -> Result<(), FileError> {
        // One of an earlier run that died is in the way, or nothing is.
        let _ = fs::remove_file(link);
        let made = make_folder_of(link).and_then(|()| make_link(target, link));
        made.map_err(|cause| failed(link, "write", cause))
    }
}

/// What the system says kept something from being done.
fn failed(path: &Path, operation: &'static str, cause: io::Error) -> FileError {
    let reason = match cause.kind() {
        ErrorKind::NotFound => Reason::Missing,
        _ => Reason::System(cause),
    };
    FileError { path: path.to_owned(), operation, reason }
}

fn make_folder_of(path: &Path) -> io::Result<()> {
    path.parent().filter(|it| !it.as_os_str().is_empty()).map_or(Ok(()), fs::create_dir_all)
}

#[cfg(unix)]
fn mode(found: &fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(found)
}

/// A file that everybody may read: elsewhere there is no such number.
#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> u32 {
    super::PLAIN_FILE
}

#[cfg(unix)]
fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn make_link(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_of_a_machine_that_builds_software_has_nobody_before_it() {
        assert!(is_for_people(None, Some("xterm-256color")));
        assert!(is_for_people(Some("false"), None));
        assert!(!is_for_people(Some("true"), Some("xterm-256color")));
        assert!(!is_for_people(Some("1"), None));
        assert!(!is_for_people(None, Some("dumb")));
    }

    #[test]
    fn a_file_is_written_whole_and_leaves_nothing_beside_it() {
        let folder = std::env::temp_dir().join(format!("asi-world-{}", std::process::id()));
        let path = folder.join("deep/file.txt");
        SystemFiles.write(&path, b"one").unwrap();
        SystemFiles.write(&path, b"two").unwrap();
        assert_eq!(SystemFiles.read(&path, 3).unwrap(), b"two");
        SystemFiles.append(&folder.join("log"), b"one").unwrap();
        SystemFiles.append(&folder.join("log"), b"two").unwrap();
        assert_eq!(SystemFiles.read(&folder.join("log"), 6).unwrap(), b"onetwo");
        let listed = SystemFiles.list(&folder.join("deep")).unwrap();
        assert_eq!(listed, [Listed { path: path.clone(), is_folder: false }]);
        assert!(matches!(SystemFiles.read(&path, 2).unwrap_err().reason, Reason::TooLarge(3)));
        fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(SystemFiles.read(&path, 2).unwrap_err().reason, Reason::Missing));
    }
}
