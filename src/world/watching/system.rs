//! Changes of files as the system tells them. A folder of which it does not is looked at again and again.

#![expect(clippy::disallowed_methods, reason = "this is the World")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use notify::{
    Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher,
    event::{MetadataKind, ModifyKind},
};

use super::{Watch, Watching};

/// How long nothing may change for a change to be over: an editor writes a file in several steps.
const SETTLED: Duration = Duration::from_millis(50);
/// How long to wait for that at most.
const LONGEST: Duration = Duration::from_secs(1);
/// How often folders are looked at of which the system tells nothing.
const BETWEEN: Duration = Duration::from_secs(1);

/// Watches the files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemWatching;

impl Watching for SystemWatching {
    fn begin(&self) -> io::Result<Box<dyn Watch>> {
        let (sender, signals) = channel();
        tell_of_interruptions(sender.clone())?;
        let native =
            RecommendedWatcher::new(telling(&sender), Config::default()).map_err(io::Error::other)?;
        Ok(Box::new(SystemWatch {
            native,
            polling: None,
            sender,
            signals,
            folders: BTreeMap::new(),
            is_interrupted: false,
            began: Instant::now(),
        }))
    }
}

/// Something that is told of.
enum Signal {
    /// Something has become of these.
    Changed {
        paths: Vec<PathBuf>,
        /// Whether one of them may be gone, or another by now.
        is_gone: bool,
    },
    /// Nobody knows what has changed.
    Unclear,
    /// Somebody has pressed Ctrl-C.
    Interrupted,
}

struct SystemWatch {
    native: RecommendedWatcher,
    /// For what the other cannot watch, if there is something.
    polling: Option<PollWatcher>,
    sender: Sender<Signal>,
    signals: Receiver<Signal>,
    /// The folders by their paths without links, which is how they are told of, each with the paths it is known by.
    folders: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    is_interrupted: bool,
    began: Instant,
}

impl Watch for SystemWatch {
    fn watch(&mut self, folders: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, String> {
        let mut wanted: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
        for folder in folders {
            // What is not there tells of itself when it comes into the folder it will be in.
            if let Ok(real) = fs::canonicalize(folder) {
                wanted.entry(real).or_default().insert(folder.clone());
            }
        }
        let gone: Vec<PathBuf> =
            self.folders.keys().filter(|it| !wanted.contains_key(*it)).cloned().collect();
        gone.iter().for_each(|it| self.leave(it));
        let fresh: Vec<&PathBuf> = wanted.keys().filter(|it| !self.folders.contains_key(*it)).collect();
        let mut failed = self.enter(&fresh);
        for (folder, _) in std::mem::take(&mut failed.0) {
            if let Err(error) = self.poll(&folder) {
                failed.1.insert(folder, error);
            }
        }
        let failed = failed.1;
        let told =
            failed.iter().filter_map(|(real, why)| Some((wanted.get(real)?.first()?.clone(), why.clone())));
        let told = told.collect();
        wanted.retain(|it, _| !failed.contains_key(it));
        self.folders = wanted;
        told
    }

    fn changes(&mut self) -> Option<BTreeSet<PathBuf>> {
        let mut found = BTreeSet::new();
        let mut first = None;
        while !self.is_interrupted {
            let signal = match first {
                None => self.signals.recv().ok()?,
                Some(first) if Instant::now().duration_since(first) >= LONGEST => return Some(found),
                Some(_) => match self.signals.recv_timeout(SETTLED) {
                    Ok(signal) => signal,
                    Err(_) => return Some(found),
                },
            };
            self.take(signal, &mut found);
            if !found.is_empty() {
                first.get_or_insert_with(Instant::now);
            }
        }
        None
    }

    fn is_interrupted(&mut self) -> bool {
        let mut later = Vec::new();
        while let Ok(signal) = self.signals.try_recv() {
            match signal {
                Signal::Interrupted => self.is_interrupted = true,
                signal => later.push(signal),
            }
        }
        for signal in later {
            // Nobody has dropped the other end, which is here.
            let _ = self.sender.send(signal);
        }
        self.is_interrupted
    }

    fn go_on(&mut self) {
        self.is_interrupted();
        self.is_interrupted = false;
    }

    fn lasted(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Folders with the reasons why they cannot be watched: those that may be polled, and those that may not.
type Failed = (BTreeMap<PathBuf, String>, BTreeMap<PathBuf, String>);

impl SystemWatch {
    /// Has the system tell of these folders, as far as it does.
    fn enter(&mut self, folders: &[&PathBuf]) -> Failed {
        let mut failed = Failed::default();
        // All at once: some systems begin anew with each.
        let mut paths = self.native.paths_mut();
        for folder in folders {
            if let Err(error) = paths.add(folder, RecursiveMode::NonRecursive) {
                failed.0.insert((*folder).clone(), error.to_string());
            }
        }
        if let Err(error) = paths.commit() {
            failed.0.extend(folders.iter().map(|it| ((*it).clone(), error.to_string())));
        }
        failed
    }

    /// Looks at a folder again and again.
    fn poll(&mut self, folder: &Path) -> Result<(), String> {
        let polling = match &mut self.polling {
            Some(polling) => polling,
            none => {
                let config = Config::default().with_poll_interval(BETWEEN);
                none.insert(PollWatcher::new(telling(&self.sender), config).map_err(|it| it.to_string())?)
            }
        };
        polling.watch(folder, RecursiveMode::NonRecursive).map_err(|it| it.to_string())
    }

    /// Has nobody tell of a folder any more.
    fn leave(&mut self, folder: &Path) {
        // One of them knows it, unless it is gone.
        let _ = self.native.unwatch(folder);
        let _ = self.polling.as_mut().map(|it| it.unwatch(folder));
        self.folders.remove(folder);
    }

    /// Takes what a signal says to have changed, by the paths that folders are known by.
    fn take(&mut self, signal: Signal, found: &mut BTreeSet<PathBuf>) {
        match signal {
            Signal::Interrupted => self.is_interrupted = true,
            Signal::Unclear => found.extend(self.folders.values().flatten().cloned()),
            Signal::Changed { paths, is_gone } => {
                for path in paths {
                    let (folder, name) = (path.parent(), path.file_name());
                    let known = folder.and_then(|it| self.folders.get(it)).into_iter().flatten();
                    found.extend(known.filter_map(|it| Some(it.join(name?))));
                    // What comes in its place is watched anew.
                    if is_gone && self.folders.contains_key(&path) {
                        self.leave(&path);
                    }
                }
            }
        }
    }
}

/// What hears of changes, and passes them on.
fn telling(sender: &Sender<Signal>) -> impl FnMut(notify::Result<Event>) + Send + 'static {
    let sender = sender.clone();
    move |event| {
        let signal = match event {
            Ok(event) if event.need_rescan() => Signal::Unclear,
            Ok(Event { kind, paths, .. }) if is_change(kind) => {
                let is_gone = matches!(kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
                Signal::Changed { paths, is_gone }
            }
            Ok(_) => return,
            Err(_) => Signal::Unclear,
        };
        // Who does not listen any more has ended.
        let _ = sender.send(signal);
    }
}

/// Whether something is another than before: that it was read is no change.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

/// Passes on that somebody presses Ctrl-C, which ends nothing by itself from then on.
fn tell_of_interruptions(sender: Sender<Signal>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut pressed = {
        let _context = runtime.enter();
        pressed()?
    };
    thread::spawn(move || {
        runtime.block_on(async {
            while pressed.recv().await.is_some() && sender.send(Signal::Interrupted).is_ok() {}
        });
    });
    Ok(())
}

#[cfg(unix)]
fn pressed() -> io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn pressed() -> io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A watch of one folder that is this test's own.
    fn watched(name: &str) -> (PathBuf, Box<dyn Watch>) {
        let folder = std::env::temp_dir().join(format!("asi-watch-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("in")).unwrap();
        let mut watch = SystemWatching.begin().unwrap();
        assert_eq!(watch.watch(&BTreeSet::from([folder.join("in"), folder.join("out")])), BTreeMap::new());
        (folder, watch)
    }

    #[test]
    fn what_is_written_is_told_once_it_is_over_and_what_is_read_is_not() {
        let (folder, mut watch) = watched("write");
        let file = folder.join("in/a");
        fs::write(folder.join("b"), "not watched").unwrap();
        fs::read_dir(folder.join("in")).unwrap();
        fs::write(folder.join("in/a.tmp"), "one").unwrap();
        fs::rename(folder.join("in/a.tmp"), &file).unwrap();
        assert_eq!(watch.changes(), Some(BTreeSet::from([folder.join("in/a.tmp"), file.clone()])));
        assert_eq!(fs::read_to_string(&file).unwrap(), "one");
        fs::remove_file(&file).unwrap();
        assert_eq!(watch.changes(), Some(BTreeSet::from([file])));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_that_comes_again_is_watched_again_and_one_that_is_left_is_not() {
        let (folder, mut watch) = watched("again");
        let all = BTreeSet::from([folder.clone(), folder.join("in")]);
        watch.watch(&all);
        fs::remove_dir(folder.join("in")).unwrap();
        assert_eq!(watch.changes(), Some(BTreeSet::from([folder.join("in")])));
        fs::create_dir(folder.join("in")).unwrap();
        assert_eq!(watch.changes(), Some(BTreeSet::from([folder.join("in")])));
        watch.watch(&all);
        fs::write(folder.join("in/a"), "").unwrap();
        assert_eq!(watch.changes(), Some(BTreeSet::from([folder.join("in/a")])));
        watch.watch(&BTreeSet::from([folder.clone()]));
        fs::write(folder.join("in/b"), "").unwrap();
        fs::write(folder.join("c"), "").unwrap();
        assert_eq!(watch.changes(), Some(BTreeSet::from([folder.join("c")])));
        assert!(!watch.is_interrupted());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_the_system_does_not_tell_of_is_looked_at() {
        let (folder, mut watch) = watched("poll");
        drop(watch.watch(&BTreeSet::new()));
        let (sender, signals) = channel();
        let native = RecommendedWatcher::new(telling(&sender), Config::default()).unwrap();
        let known = BTreeMap::from([(fs::canonicalize(&folder).unwrap(), BTreeSet::from([folder.clone()]))]);
        let mut watch = SystemWatch {
            native,
            polling: None,
            sender,
            signals,
            folders: known,
            is_interrupted: false,
            began: Instant::now(),
        };
        watch.poll(&fs::canonicalize(&folder).unwrap()).unwrap();
        fs::write(folder.join("a"), "").unwrap();
        assert!(watch.changes().unwrap().contains(&folder.join("a")));
        fs::remove_dir_all(folder).unwrap();
    }
}
