//! Locks on the folder of an assembly, as the CDK's own CLI takes them: who writes it is alone, who reads it is not written over.

#![expect(clippy::disallowed_methods, reason = "this is the World")]

use std::{
    fmt, fs,
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What somebody wants to do with a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// To read what is in it.
    Read,
    /// To write all of it.
    Write,
}

/// A folder that is kept from others, until this is dropped.
#[derive(Debug, Default)]
pub struct Lock(Option<PathBuf>);

/// What keeps a folder from being locked.
#[derive(Debug)]
pub enum Taken {
    /// This process writes it.
    Writing(u32),
    /// This process reads it.
    Reading(u32),
    /// The system says no.
    System(io::Error),
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Writing(process) => write!(f, "process {process} is writing it"),
            Self::Reading(process) => write!(f, "process {process} is reading it"),
            Self::System(cause) => write!(f, "{cause}"),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Who finds it later sees that its process is gone.
            let _ = fs::remove_file(path);
        }
    }
}

/// Locks a folder of this machine.
pub(super) fn lock(folder: &Path, claim: Claim) -> Result<Lock, Taken> {
    let own = std::process::id();
    let writer = folder.join("synth.lock");
    if let Some(process) = holder(&writer).filter(|it| *it != own) {
        return Err(Taken::Writing(process));
    }
    let path = match claim {
        Claim::Read => folder.join(format!("read.{own}.1.lock")),
        Claim::Write => {
            if let Some(process) = readers(folder).find(|it| *it != own) {
                return Err(Taken::Reading(process));
            }
            writer
        }
    };
    match write(&path, own) {
        Ok(()) => Ok(Lock(Some(path))),
        // Somebody was quicker.
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => match holder(&path) {
            Some(process) if process != own => Err(Taken::Writing(process)),
            _ => Ok(Lock(None)),
        },
        // What nobody can write to, nobody writes over.
        Err(_) if claim == Claim::Read => Ok(Lock(None)),
        Err(cause) => Err(Taken::System(cause)),
    }
}

fn write(path: &Path, process: u32) -> io::Result<()> {
    let mut file = fs::File::options().write(true).create_new(true).open(path)?;
    file.write_all(process.to_string().as_bytes())
}

/// The process that holds a lock; one that has died holds none, and what it left is taken away.
fn holder(path: &Path) -> Option<u32> {
    let text = fs::read_to_string(path).ok()?;
    let process = text.trim().parse().ok().filter(|it| is_alive(*it));
    if process.is_none() {
        let _ = fs::remove_file(path);
    }
    process
}

/// The processes that read a folder.
fn readers(folder: &Path) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let is_reader = |it: &String| {
        let parts: Vec<&str> = it.split('.').collect();
        let is_number = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
        matches!(parts.as_slice(), ["read", process, count, "lock"] if is_number(process) && is_number(count))
    };
    let names = entries.filter_map(|it| it.file_name().into_string().ok()).filter(is_reader);
    let folder = folder.to_owned();
    names.filter_map(move |it| holder(&folder.join(it)))
}

/// Whether there is a process of this number.
fn is_alive(process: u32) -> bool {
    let table = Path::new("/proc/self");
    if table.exists() {
        return Path::new("/proc").join(process.to_string()).exists();
    }
    let quiet = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output()
    };
    let process = process.to_string();
    if cfg!(windows) {
        let listed = quiet("tasklist", &["/nh", "/fi", &format!("PID eq {process}")]);
        return listed.is_ok_and(|it| String::from_utf8_lossy(&it.stdout).contains(&process));
    }
    quiet("ps", &["-p", &process]).is_ok_and(|it| it.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_writes_is_alone_and_who_has_died_is_forgotten() {
        let folder = std::env::temp_dir().join(format!("asi-locks-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| folder.join(name);
        let mut other = Command::new("sleep").arg("60").spawn().unwrap();
        let put = |name: &str, process: u32| fs::write(path(name), process.to_string()).unwrap();

        let lock_of_reader = lock(&folder, Claim::Read).unwrap();
        assert!(path(&format!("read.{}.1.lock", std::process::id())).exists());
        drop(lock_of_reader);
        assert!(!path(&format!("read.{}.1.lock", std::process::id())).exists());

        put("synth.lock", other.id());
        assert!(matches!(lock(&folder, Claim::Read), Err(Taken::Writing(it)) if it == other.id()));
        assert!(matches!(lock(&folder, Claim::Write), Err(Taken::Writing(_))));
        fs::remove_file(path("synth.lock")).unwrap();

        let name = format!("read.{}.3.lock", other.id());
        put(&name, other.id());
        assert!(lock(&folder, Claim::Read).is_ok());
        let taken = lock(&folder, Claim::Write).unwrap_err();
        assert_eq!(taken.to_string(), format!("process {} is reading it", other.id()));
        other.kill().unwrap();
        other.wait().unwrap();
        let writing = lock(&folder, Claim::Write).unwrap();
        assert!(path("synth.lock").exists() && !path(&name).exists());
        drop(writing);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(lock(&folder, Claim::Write), Err(Taken::System(_))));
    }
}
