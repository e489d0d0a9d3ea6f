//! Stacks while somebody works on them: whatever changes in the files that they are made of is looked at once it is written,
//! compared with what was good before or with what is deployed, and deployed where that is wanted.
//!
//! One thing happens at a time: what changes while stacks are looked at or deployed is looked at after that.

mod look;
mod scope;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use asi_constructs::kernel::diagnostic::{Diagnostic, Severity};
use sha2::{Digest as _, Sha256};

pub use self::look::{From, Look, Which};
use self::scope::{Scope, is_settings};
use super::{
    Compared, Comparison, Deployable, Deployables, Presence, Target,
    deploy::{Ending, Endings, Settings},
    diff::{Asking, deployed},
};
use crate::{
    template::Template,
    validate::Finding,
    world::{Files, Watch, World, aws},
};

/// The largest file that is told from what it was by what is in it, in bytes.
const LARGEST: usize = 16 << 20;

/// What is done with stacks that have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// They are compared with what was good before.
    Compare,
    /// They are compared with what is deployed.
    CompareDeployed,
    /// They are deployed.
    Deploy,
}

/// What to watch.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The stacks.
    pub which: Which<'a>,
    /// How they would be deployed.
    pub settings: &'a Settings,
}

/// Something that happens while stacks are watched.
#[derive(Debug)]
pub enum News<'a> {
    /// There is something to watch, and it is watched.
    Began,
    /// These folders cannot be watched, each with the reason.
    Unwatched(&'a BTreeMap<PathBuf, String>),
    /// These files have changed.
    Changed(&'a [PathBuf]),
    /// The stacks were looked at.
    Seen(&'a Seen),
    /// They are as they were deployed.
    Unchanged,
}

/// What was seen of stacks.
#[derive(Debug)]
pub struct Seen {
    /// The stacks.
    pub look: Look,
    /// What was found that was not told before, and all errors.
    pub fresh: Vec<Finding>,
    /// How many warnings were told before.
    pub known: usize,
    /// What differs; nothing, if there is nothing to compare with, or something is wrong.
    pub comparison: Option<Result<Comparison, (String, Ending)>>,
    /// How long it took to see all that.
    pub took: Duration,
}

/// Follows what happens.
pub trait Follower {
    /// Something happened.
    fn hear(&mut self, news: &News<'_>) -> io::Result<()>;

    /// Deploys these stacks, and tells of it.
    fn deploy(&mut self, stacks: &Deployables) -> io::Result<Endings>;
}

/// What keeps somebody from watching.
#[derive(Debug)]
pub enum Failure {
    /// What is to be watched is not there.
    Faulty(Box<Diagnostic>),
    /// The system does not tell of changes.
    World(io::Error),
    /// Nobody hears what happens.
    Unheard(io::Error),
}

/// Watches stacks until somebody presses Ctrl-C.
///
/// # Errors
///
/// A [`Failure`], if it cannot be begun, or nobody hears of it any more.
pub fn watch(world: &World, request: &Request<'_>, follower: &mut dyn Follower) -> Result<(), Failure> {
    if let Some(fault) = nothing_to_watch(world, request.which.from) {
        return Err(Failure::Faulty(Box::new(fault)));
    }
    let watch = world.watching.begin().map_err(Failure::World)?;
    let scope = request.which.scope(world);
    let mut watching = Watching { world, request, watch, scope, known: Known::default() };
    watching.run(follower).map_err(Failure::Unheard)
}

fn nothing_to_watch(world: &World, from: From<'_>) -> Option<Diagnostic> {
    let From::StackFile(path) = from else { return None };
    let fault = match () {
        () if path == Path::new("-") => "standard input cannot be watched".to_owned(),
        () if !world.files.exists(path) => format!("there is no file `{}` to watch", path.display()),
        () => return None,
    };
    Some(
        Diagnostic::error("nothing-to-watch", fault)
            .help("name the stack file with `-f`, or make one with `asi init`"),
    )
}

/// Stacks that are watched.
struct Watching<'a> {
    world: &'a World,
    request: &'a Request<'a>,
    watch: Box<dyn Watch>,
    scope: Scope,
    known: Known,
}

/// What is known of how it was.
#[derive(Default)]
struct Known {
    /// The stacks when nothing was wrong last; nothing, if that was never so.
    good: Option<Vec<Deployable>>,
    /// The stacks as they were deployed last, by name.
    deployed: BTreeMap<String, Deployable>,
    /// What was told of them.
    told: BTreeSet<(&'static str, String)>,
    /// What was in files when they were last looked at.
    contents: BTreeMap<PathBuf, Contents>,
    /// The folders that it was told of that they cannot be watched.
    unwatched: BTreeSet<PathBuf>,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contents {
    Nothing,
    Folder,
    /// A file with this digest.
    File([u8; 32]),
    /// Something that cannot be told from what it was.
    Unknown,
}

impl Contents {
    fn of(files: &dyn Files, path: &Path) -> Self {
        match files.read(path, LARGEST) {
            Ok(bytes) => Self::File(Sha256::digest(bytes).into()),
            Err(_) if files.is_folder(path) => Self::Folder,
            Err(_) if files.exists(path) => Self::Unknown,
            Err(_) => Self::Nothing,
        }
    }
}

impl Watching<'_> {
    fn run(&mut self, follower: &mut dyn Follower) -> io::Result<()> {
        follower.hear(&News::Began)?;
        self.look_for_changes(follower)?;
        loop {
            let seen = self.see();
            // Where images are built is known only now.
            self.look_for_changes(follower)?;
            // What somebody has ended did not come to its end.
            if self.watch.is_interrupted() {
                return Ok(());
            }
            follower.hear(&News::Seen(&seen))?;
            let is_due = self.request.which.goal == Goal::Deploy && seen.look.is_good();
            if is_due && self.deploy(seen.look.deployables, follower)? {
                return Ok(());
            }
            let Some(changed) = self.changed(follower)? else { return Ok(()) };
            follower.hear(&News::Changed(&changed))?;
        }
    }

    /// Watches the folders that matter now.
    fn look_for_changes(&mut self, follower: &mut dyn Follower) -> io::Result<()> {
        let mut failed = self.watch.watch(&self.scope.folders(self.world.files.as_ref()));
        failed.retain(|it, _| self.known.unwatched.insert(it.clone()));
        if failed.is_empty() { Ok(()) } else { follower.hear(&News::Unwatched(&failed)) }
    }

    /// Looks at the stacks, and compares them.
    fn see(&mut self) -> Seen {
        let began = self.watch.lasted();
        let look = self.request.which.look(self.world, &mut self.scope);
        let comparison = if look.is_good() { self.compared(&look.deployables) } else { None };
        let is_fresh = |it: &Finding| {
            let Diagnostic { severity, code, message, .. } = &it.diagnostic;
            *severity == Severity::Error || !self.known.told.contains(&(*code, message.clone()))
        };
        let (fresh, known): (Vec<Finding>, Vec<Finding>) = look.findings.iter().cloned().partition(is_fresh);
        let is_warning =
            |it: &&Finding| it.diagnostic.severity == Severity::Warning && it.acknowledged.is_none();
        let known = known.iter().filter(is_warning).count();
        self.known.told =
            look.findings.iter().map(|it| (it.diagnostic.code, it.diagnostic.message.clone())).collect();
        if look.is_good() {
            self.known.good = Some(look.deployables.stacks.clone());
        }
        Seen { look, fresh, known, comparison, took: self.watch.lasted().saturating_sub(began) }
    }

    fn compared(&self, now: &Deployables) -> Option<Result<Comparison, (String, Ending)>> {
        match self.request.which.goal {
            Goal::Compare => Some(Ok(compared(self.known.good.as_ref()?, now))),
            Goal::CompareDeployed => {
                let work = deployed(self.world, now.clone(), self.request.settings, Asking::Templates);
                Some(aws::block_on(work))
            }
            // A deployment tells itself what it changes.
            Goal::Deploy => None,
        }
    }

    /// Deploys what has changed since it was last deployed, and tells whether somebody wants to leave.
    fn deploy(&mut self, mut now: Deployables, follower: &mut dyn Follower) -> io::Result<bool> {
        let is_new = |it: &Deployable| {
            self.known.deployed.get(&it.target.name).is_none_or(|known| !is_same(known, it))
        };
        now.stacks.retain(is_new);
        if now.stacks.is_empty() {
            follower.hear(&News::Unchanged)?;
            return Ok(false);
        }
        let endings = follower.deploy(&now)?;
        for (stack, (_, ending)) in now.stacks.into_iter().zip(&endings) {
            if ending.is_good() {
                self.known.deployed.insert(stack.target.name.clone(), stack);
            }
        }
        let is_left = |it: &Ending| matches!(it, Ending::Left | Ending::Stopped | Ending::Abandoned);
        let is_over = endings.iter().any(|(_, it)| is_left(it));
        if !is_over {
            self.watch.go_on();
        }
        Ok(is_over)
    }

    /// Waits until a file is another than it was; nothing, if somebody wants to leave before.
    fn changed(&mut self, follower: &mut dyn Follower) -> io::Result<Option<Vec<PathBuf>>> {
        while let Some(mut changed) = self.watch.changes() {
            changed.retain(|it| self.scope.concerns(it));
            if changed.iter().any(|it| is_settings(it)) {
                self.scope = self.request.which.scope(self.world);
            }
            // What a build writes again as it was is no change, or it would build for ever.
            changed.retain(|it| {
                let now = Contents::of(self.world.files.as_ref(), it);
                let before = self.known.contents.insert(it.clone(), now);
                now == Contents::Unknown || before != Some(now)
            });
            self.look_for_changes(follower)?;
            if !changed.is_empty() {
                return Ok(Some(changed.into_iter().collect()));
            }
        }
        Ok(None)
    }
}

/// Whether deploying one does what deploying the other does.
fn is_same(one: &Deployable, other: &Deployable) -> bool {
    let Template { body, tags, .. } = &one.template;
    *body == other.template.body && *tags == other.template.tags && one.assets == other.assets
}

/// What stacks that were good before and those of now say differently.
fn compared(before: &[Deployable], now: &Deployables) -> Comparison {
    let find = |all: &[Deployable], one: &Target| {
        let place = |it: &Target| (it.name.clone(), it.region.clone(), it.account.clone());
        all.iter().find(|it| place(&it.target) == place(one)).cloned()
    };
    let nothing = || Template::new([].into_iter().collect());
    // What was before is read from texts that are not there any more.
    let was = |it: &Deployable| it.template.without_places();
    let of = |it: &Deployable, presence, templates| {
        let target = it.target.clone();
        let compared = Compared::new(target.name, presence, templates).with_tags();
        Compared {
            environment: target.environment,
            account: target.account,
            region: target.region,
            ..compared
        }
    };
    let here = now.stacks.iter().map(|it| match find(before, &it.target) {
        Some(before) => of(it, Presence::Both, [was(&before), it.template.clone()]),
        None => of(it, Presence::Added, [nothing(), it.template.clone()]),
    });
    let gone = before.iter().filter(|it| find(&now.stacks, &it.target).is_none());
    let gone = gone.map(|it| of(it, Presence::Removed, [was(it), nothing()]));
    Comparison { stacks: here.chain(gone).collect(), diagnostics: Vec::new(), sources: now.sources.clone() }
}
