//! A watch that a test writes: what changes, step by step, and when somebody presses Ctrl-C. No time passes but what it says.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, VecDeque},
    io, mem,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use asi::world::{Watch, Watching};

/// What somebody does: it changes files, and gives their paths.
type Step = Box<dyn FnOnce() -> Vec<PathBuf>>;

/// How long it takes, by this watch, from one look at the clock to the next.
const TICK: Duration = Duration::from_millis(4);

/// What happens, and then somebody presses Ctrl-C.
#[derive(Default)]
pub(crate) struct Scripted {
    steps: RefCell<VecDeque<Step>>,
    /// The folders that were watched at each step.
    pub(crate) watched: Rc<RefCell<Vec<BTreeSet<PathBuf>>>>,
    /// The folders that cannot be.
    unwatched: BTreeMap<PathBuf, String>,
}

impl Scripted {
    /// After this, somebody does that.
    pub(crate) fn then(self, step: impl FnOnce() -> Vec<PathBuf> + 'static) -> Self {
        self.steps.borrow_mut().push_back(Box::new(step));
        self
    }

    /// This folder cannot be watched.
    pub(crate) fn without(mut self, folder: &Path, why: &str) -> Self {
        self.unwatched.insert(folder.to_owned(), why.to_owned());
        self
    }
}

impl Watching for Scripted {
    fn begin(&self) -> io::Result<Box<dyn Watch>> {
        Ok(Box::new(Following {
            steps: mem::take(&mut self.steps.borrow_mut()),
            watched: Rc::clone(&self.watched),
            unwatched: self.unwatched.clone(),
            now: BTreeSet::new(),
            looks: Cell::new(0),
        }))
    }
}

struct Following {
    steps: VecDeque<Step>,
    watched: Rc<RefCell<Vec<BTreeSet<PathBuf>>>>,
    unwatched: BTreeMap<PathBuf, String>,
    now: BTreeSet<PathBuf>,
    looks: Cell<u32>,
}

impl Watch for Following {
    fn watch(&mut self, folders: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, String> {
        self.now.clone_from(folders);
        let failed = self.unwatched.iter().filter(|(it, _)| folders.contains(*it));
        failed.map(|(it, why)| (it.clone(), why.clone())).collect()
    }

    fn changes(&mut self) -> Option<BTreeSet<PathBuf>> {
        self.watched.borrow_mut().push(self.now.clone());
        let changed = self.steps.pop_front()?();
        Some(changed.into_iter().collect())
    }

    fn is_interrupted(&mut self) -> bool {
        false
    }

    fn go_on(&mut self) {}

    fn lasted(&self) -> Duration {
        self.looks.set(self.looks.get() + 1);
        TICK * self.looks.get()
    }
}
