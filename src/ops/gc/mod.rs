//! What deployments have published and no stack uses any more: found in the bucket and the repository of an account, marked,
//! and deleted.

mod store;
mod usage;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

pub use store::{Asset, Store, Tally};
pub use usage::Usage;

use super::{
    Purpose, Target,
    contents::HolderKind,
    deploy::{Ask, Ending, Questions},
    targets::Connected,
};
use crate::world::{
    AwsError, Reach, Timestamp, World,
    aws::{Aws, Undeleted},
    cloudformation::StackStatus,
};

/// How many questions are asked side by side.
const AT_ONCE: usize = 16;

/// What is done with what no stack uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is told of.
    Print,
    /// It is marked.
    Tag,
    /// What was marked long enough ago is deleted.
    DeleteTagged,
    /// It is deleted; or where some days have to pass first, marked.
    Full,
}

impl Action {
    /// Whether anything is deleted.
    pub fn deletes(self) -> bool {
        matches!(self, Self::DeleteTagged | Self::Full)
    }
}

/// What is looked at, and what is done about it.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// How AWS is reached.
    pub reach: Reach<'a>,
    /// The name of the bootstrap stack.
    pub stack: &'a str,
    /// What is done.
    pub action: Action,
    /// The places that are looked at.
    pub kinds: Vec<HolderKind>,
    /// How many days have to pass between the mark and the deletion.
    pub rollback_days: u32,
    /// How many days old an asset has to be.
    pub created_days: u32,
    /// Whether yes is said to everything.
    pub yes: bool,
}

/// What was found in an account and a region.
#[derive(Clone, Debug)]
pub struct Garbage {
    /// Where.
    pub target: Target,
    /// Who uses what.
    pub usage: Usage,
    /// The bucket and the repository.
    pub stores: Vec<Store>,
    /// When that was.
    pub now: Timestamp,
}

impl Garbage {
    /// What would be deleted, of each place.
    pub fn doomed(&self, settings: &Settings<'_>) -> Vec<(HolderKind, Tally)> {
        let of = |it: &Store| (it.kind, Tally::of(it.doomed(settings, self.now)));
        self.stores.iter().map(of).filter(|it| it.1.count > 0).collect()
    }
}

/// What was done.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many were marked.
    pub marked: usize,
    /// How many lost the mark, because they are used again.
    pub unmarked: usize,
    /// What was deleted, of each place.
    pub deleted: Vec<(HolderKind, Tally)>,
    /// How many were to be deleted, and are used since.
    pub spared: usize,
    /// What is still there, though it was to be deleted.
    pub left: Vec<Undeleted>,
    /// What kept it from going on.
    pub stopped: Option<AwsError>,
}

/// What keeps anything from being done.
#[derive(Debug)]
pub enum Hindrance {
    /// What may keep a deployment, too.
    Ending(Ending),
    /// There is no bootstrap stack.
    NotBootstrapped,
    /// The bootstrap stack has no output of this name.
    NoOutput(&'static str),
    /// What a stack uses is not known.
    Unread {
        /// The name of the stack.
        stack: String,
        /// Why.
        error: AwsError,
    },
    /// What these stacks use may be something else when this ends.
    Busy(Vec<(String, StackStatus)>),
    /// Somebody said no.
    Declined,
    /// Nobody was there to say yes.
    Undecided,
}

/// Something that happens meanwhile.
#[derive(Debug)]
pub enum News<'a> {
    /// This is there.
    Found(&'a Garbage),
    /// Somebody is asked whether it is to be deleted.
    MayDelete(&'a Garbage),
}

/// Looks for what no stack uses in the account and the region of `target`, and does with it what is to be done; gives what
/// was, if anything was to be.
pub async fn collect(
    world: &World,
    target: &Target,
    settings: &Settings<'_>,
    hear: &dyn Fn(&News<'_>),
) -> Result<Option<Outcome>, Hindrance> {
    let connected = target.connect(world, &settings.reach, Purpose::Change).await;
    let Connected { aws, .. } = connected.map_err(Hindrance::Ending)?;
    let garbage = look(&aws, target, settings).await?;
    hear(&News::Found(&garbage));
    if settings.action == Action::Print {
        return Ok(None);
    }
    let mut outcome = Outcome::default();
    let mut usage = None;
    if !garbage.doomed(settings).is_empty() {
        check_settled(&garbage.usage)?;
        let question = || hear(&News::MayDelete(&garbage));
        let ask = (!settings.yes).then_some(Ask::Deletes);
        Questions::default().agree(world, ask, question).await?;
        // Since it was looked at somebody may have deployed.
        let now = Usage::read(&aws).await?;
        check_settled(&now)?;
        usage = Some(now);
    }
    outcome.stopped = change(&aws, &garbage, usage.as_ref(), settings, &mut outcome).await.err();
    Ok(Some(outcome))
}

async fn look(aws: &Aws, target: &Target, settings: &Settings<'_>) -> Result<Garbage, Hindrance> {
    let failed = |it: AwsError| Hindrance::Ending(Ending::Aws(it));
    let account = aws.caller().await.map_err(failed)?.account;
    let stack = aws.stack(settings.stack).await.map_err(failed)?.ok_or(Hindrance::NotBootstrapped)?;
    let usage = Usage::read(aws).await?;
    let mut stores = Vec::new();
    for kind in &settings.kinds {
        let key = match kind {
            HolderKind::Bucket => "BucketName",
            HolderKind::Repository => "ImageRepositoryName",
        };
        let output = stack.outputs.iter().find(|it| it.key == key).ok_or(Hindrance::NoOutput(key))?;
        let place = (*kind, output.value.as_str(), account.as_str());
        stores.push(Store::look(aws, place, &usage, settings).await.map_err(failed)?);
    }
    let region = Some(aws.region().to_owned());
    let target = Target { region, account: Some(account), ..target.clone() };
    Ok(Garbage { target, usage, stores, now: aws.now() })
}

/// Says no where something is under way: what a stack needs to be turned back no template tells.
fn check_settled(usage: &Usage) -> Result<(), Hindrance> {
    if usage.busy.is_empty() { Ok(()) } else { Err(Hindrance::Busy(usage.busy.clone())) }
}

/// Deletes what is to be, if it is known what is used by now, and marks the rest.
async fn change(
    aws: &Aws,
    garbage: &Garbage,
    usage: Option<&Usage>,
    settings: &Settings<'_>,
    outcome: &mut Outcome,
) -> Result<(), AwsError> {
    if let Some(usage) = usage {
        delete(aws, garbage, usage, settings, outcome).await?;
    }
    mark(aws, garbage, settings, outcome).await
}

/// Marks what nobody uses, and takes the mark from what is used again.
async fn mark(
    aws: &Aws,
    garbage: &Garbage,
    settings: &Settings<'_>,
    outcome: &mut Outcome,
) -> Result<(), AwsError> {
    for store in &garbage.stores {
        let unmarking = store.again.iter().map(|it| store.unmark(aws, it));
        let mut unmarking = stream::iter(unmarking).buffered(AT_ONCE);
        while unmarking.try_next().await?.is_some() {
            outcome.unmarked += 1;
        }
        let unmarked = store.unmarked(settings).into_iter().enumerate();
        let mut marking = stream::iter(unmarked.map(|(at, it)| store.mark(aws, it, at))).buffered(AT_ONCE);
        while marking.try_next().await?.is_some() {
            outcome.marked += 1;
        }
    }
    Ok(())
}

/// Deletes what is to be, but for what is used by now.
async fn delete(
    aws: &Aws,
    garbage: &Garbage,
    usage: &Usage,
    settings: &Settings<'_>,
    outcome: &mut Outcome,
) -> Result<(), AwsError> {
    for store in &garbage.stores {
        let mut doomed = store.doomed(settings, garbage.now);
        let before = doomed.len();
        doomed.retain(|it| !usage.has_any(&it.hashes));
        outcome.spared += before - doomed.len();
        let mut gone = Tally::default();
        let mut result = Ok(());
        for assets in doomed.chunks(store.most()) {
            match store.delete(aws, assets).await {
                Ok(left) => {
                    let is_gone = |it: &&&Asset| !left.iter().any(|other| other.name == it.id);
                    assets.iter().filter(is_gone).for_each(|it| gone.add(it.bytes));
                    outcome.left.extend(left);
                }
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        if gone.count > 0 {
            outcome.deleted.push((store.kind, gone));
        }
        result?;
    }
    Ok(())
}

impl From<Ending> for Hindrance {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Declined => Self::Declined,
            Ending::Undecided(_) => Self::Undecided,
            other => Self::Ending(other),
        }
    }
}
