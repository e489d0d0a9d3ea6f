//! Stacks brought to AWS: in the order in which they need each other, as many at once as allowed.

mod arrivals;
mod consent;
mod hotswap;
mod publish;
mod stack;
mod upload;
mod watch;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use asi_constructs::kernel::{diagnostic::Diagnostic, span::Sources};
use futures_util::{StreamExt as _, stream::FuturesUnordered};

pub use consent::{Approval, Ask, is_yes};
pub use hotswap::{Hotswap, Unswappable};
pub use publish::{Step, Unpublished};

pub(super) use self::{
    consent::Questions,
    stack::{Deploying, document},
    upload::{bucket, sent},
    watch::{Listeners, UnderWay, alone},
};
use super::{Compared, Deployable, contents::Holder};
use crate::{
    deploy::{Cause, Trouble, Unmade, Way},
    review::Fingerprint,
    world::{
        AwsError, Reach, Timestamp, World,
        cloudformation::{DeployedStack, Imported, Made, Objection, StackEvent, StackStatus},
    },
};

/// How stacks are deployed.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is done with the change set.
    pub method: Method,
    /// The name of the change set.
    pub change_set: String,
    /// When somebody has to say yes.
    pub approval: Approval,
    /// Whether yes is said to everything.
    pub yes: bool,
    /// What was approved in a review: this is done without a question, and nothing else.
    pub approved: Option<Vec<Fingerprint>>,
    /// Whether a comparison asks, too, what only the account tells, for a review.
    pub observes: bool,
    /// Values of parameters: for one stack, or for each that has a parameter of the name.
    pub parameters: Vec<(Option<String>, String, String)>,
    /// Further tags.
    pub tags: BTreeMap<String, String>,
    /// The role that CloudFormation takes on.
    pub role: Option<String>,
    /// The topics that hear of its events.
    pub notifications: Vec<String>,
    /// The alarms that turn an update back, by ARN.
    pub alarms: Vec<String>,
    /// How many minutes these are watched after an update.
    pub monitored_minutes: Option<i32>,
    /// Whether the stack cannot be deleted from then on; as it is, if not said.
    pub protects: Option<bool>,
    /// Whether everything stays as it is when something goes wrong.
    pub keeps_failed: bool,
    /// Whether CloudFormation does not wait for resources to be ready.
    pub is_express: bool,
    /// Whether what was changed outside of CloudFormation becomes what the template says.
    pub reverts_drift: bool,
    /// Whether resources that are there already are taken into the stack.
    pub imports_existing: bool,
    /// When containers are exchanged by ECS alone.
    pub hotswap: Hotswap,
    /// Whether a change set is made even where nothing differs.
    pub is_forced: bool,
    /// A profile of the configuration files of AWS.
    pub profile: Option<String>,
    /// A region, for stacks that are bound to none.
    pub region: Option<String>,
    /// How many stacks are deployed at once.
    pub concurrency: usize,
}

impl Default for Settings {
    /// Has a change set made, shown, agreed to where something is lost or more is allowed, and executed.
    fn default() -> Self {
        Self {
            method: Method::ChangeSet,
            change_set: "asi-deploy".to_owned(),
            approval: Approval::Broadening,
            yes: false,
            approved: None,
            observes: false,
            parameters: Vec::new(),
            tags: BTreeMap::new(),
            role: None,
            notifications: Vec::new(),
            alarms: Vec::new(),
            monitored_minutes: None,
            protects: None,
            keeps_failed: false,
            is_express: false,
            reverts_drift: false,
            imports_existing: false,
            hotswap: Hotswap::Never,
            is_forced: false,
            profile: None,
            region: None,
            concurrency: 4,
        }
    }
}

impl Settings {
    /// How AWS is reached.
    pub(in crate::ops) fn reach(&self) -> Reach<'_> {
        Reach { profile: self.profile.as_deref(), region: self.region.as_deref() }
    }
}

/// What is done with a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It is made, shown, and executed.
    ChangeSet,
    /// It is made and shown, and left for somebody to execute.
    Prepare,
    /// One that was made before is shown and executed.
    Execute,
    /// There is none: what the templates say is shown, and done.
    Direct,
}

/// What a stack's deployment would do.
#[derive(Debug)]
pub struct Proposal {
    /// What differs from what is deployed.
    pub compared: Compared,
    /// The resources that CloudFormation certainly works on.
    pub steps: Vec<String>,
    /// The change set.
    pub made: Made,
    /// Where to.
    pub region: String,
    /// The files, for the places of what differs.
    pub sources: Sources,
}

/// Something that happens while a stack is deployed.
#[derive(Debug)]
pub enum News<'a> {
    /// Something is under way already, and is watched to its end first.
    Busy(&'a DeployedStack),
    /// It never came up, and what is left of it is deleted.
    Leftover,
    /// The role that should deploy it cannot be taken on, and the caller's own credentials do it.
    Own(&'a AwsError),
    /// It is deployed, because its containers alone cannot be exchanged.
    Whole(&'a Unswappable),
    /// This service of it takes this revision of its task definition into use.
    Swapping(&'a str, &'a str),
    /// Its change set is being made.
    Preparing,
    /// A file or an image that it needs, known by this name, is put where it is read.
    Publishing(&'a str, Step),
    /// This is what would be done.
    Proposed(&'a Proposal),
    /// Somebody is asked whether to do it.
    Question(&'a Proposal),
    /// These resources would be taken into the stack.
    Importing(&'a [Imported]),
    /// Somebody is asked whether they are to be.
    MayImport,
    /// Something of it is emptied before it is deleted.
    Emptying(&'a Holder),
    /// Somebody is asked whether to do that.
    MayEmpty(&'a Holder),
    /// It could not be seen whether something of it holds anything.
    Unseen(&'a Holder, &'a AwsError),
    /// It begins, with these resources to work on, if that is known.
    Began(&'a [String]),
    /// Somebody pressed Ctrl-C while these stacks were worked on, and is asked what to do.
    Interrupted(&'a [String]),
    /// CloudFormation was told to turn the update back, and may not do that.
    Cancelled(Option<&'a AwsError>),
    /// Something happened to a resource.
    Event(&'a StackEvent),
    /// Time has passed.
    Moment(Timestamp),
    /// It has ended.
    Ended(&'a Ending),
}

/// How the deployment of a stack ended.
#[derive(Debug)]
pub enum Ending {
    /// It was as it should be.
    Unchanged(Box<DeployedStack>),
    /// Its change set waits to be executed.
    Prepared(Made),
    /// It is deployed.
    Done(Box<DeployedStack>),
    /// Its services run the containers of the template, and CloudFormation does not know.
    Swapped(Box<DeployedStack>),
    /// Its containers alone cannot be exchanged.
    Unswappable(Unswappable),
    /// Services of it did not come up with other containers.
    Unsteady(Vec<Trouble>),
    /// Nothing is wrong with it any more.
    Recovered(Box<DeployedStack>),
    /// It is gone, as it should be.
    Gone,
    /// Somebody said no.
    Declined,
    /// Nobody was there to say yes.
    Undecided(Ask),
    /// This is to be done, and was not approved: the names of resources, parameters and outputs.
    NotApproved(Vec<String>),
    /// It failed, and this is how the stack was left.
    Failed {
        /// The stack; nothing, if it is gone.
        stack: Option<Box<DeployedStack>>,
        /// What made it fail.
        causes: Vec<Cause>,
        /// What CloudFormation found wrong before it touched anything.
        objections: Vec<Objection>,
        /// The services of ECS that did not come up.
        troubles: Vec<Trouble>,
    },
    /// CloudFormation does not make a change set of it.
    Refused {
        /// Why.
        reason: Unmade,
        /// What it found wrong.
        objections: Vec<Objection>,
    },
    /// There is no change set of the name.
    NoChangeSet,
    /// The change set cannot be executed: the stack has changed since it was made, or it was executed before.
    Outdated,
    /// Nothing can begin before somebody decides what becomes of what failed before.
    Stuck(StackStatus),
    /// Something that was given is wrong.
    Faulty(Vec<Diagnostic>),
    /// The template is larger than CloudFormation takes, in bytes.
    TooLarge(usize),
    /// The template is too large to be sent along, and the bucket for such files is not there.
    NoBucket {
        /// Its name.
        bucket: String,
        /// How large the template is.
        bytes: usize,
    },
    /// What `asi bootstrap` makes is not there, or too old.
    NotBootstrapped {
        /// The version that is needed.
        needed: u64,
        /// The one that is there.
        has: Option<u64>,
    },
    /// A file or an image is not where the deployment would read it.
    Unpublished {
        /// What people know it by.
        asset: String,
        /// Why it is not.
        why: Box<Unpublished>,
    },
    /// It is bound to one account, and the credentials are for another.
    WrongAccount {
        /// The account it is bound to.
        bound: String,
        /// That of the credentials.
        given: String,
    },
    /// It is bound to one region, and another was asked for.
    WrongRegion {
        /// The region it is bound to.
        bound: String,
        /// The one that was asked for.
        given: String,
    },
    /// There is no such way on from the state that it is in.
    NoWay {
        /// How it is.
        status: StackStatus,
        /// The way that was to be gone.
        way: Way,
    },
    /// There is nothing that could be taken into it.
    NothingToImport,
    /// It cannot be deleted before that is allowed.
    Protected,
    /// It cannot be deleted before these are empty.
    Holding(Vec<Holder>),
    /// Another stack has its turn before it, and that did not end well.
    Skipped(String),
    /// It goes on without anybody watching.
    Left,
    /// Its services take other containers into use without anybody watching.
    LeftSwapping,
    /// Somebody pressed Ctrl-C before anything was done.
    Stopped,
    /// Somebody pressed Ctrl-C again while what was made of it was taken away, which may be left therefore.
    Abandoned,
    /// AWS could not be asked.
    Aws(AwsError),
}

impl Ending {
    /// It failed because of this, and CloudFormation has not objected before.
    pub(in crate::ops) fn failed(stack: Option<DeployedStack>, causes: Vec<Cause>) -> Self {
        let (objections, troubles) = (Vec::new(), Vec::new());
        Self::Failed { stack: stack.map(Box::new), causes, objections, troubles }
    }

    /// Whether what was wanted is the case.
    pub fn is_good(&self) -> bool {
        matches!(
            self,
            Self::Unchanged(_)
                | Self::Prepared(_)
                | Self::Done(_)
                | Self::Swapped(_)
                | Self::Recovered(_)
                | Self::Gone
        )
    }
}

/// Hears what happens; the name is that of the stack.
pub trait Audience {
    /// Something happened.
    fn hear(&mut self, stack: &str, news: &News<'_>);
}

/// How the deployments of stacks ended, in the order of the stacks.
pub type Endings = Vec<(String, Ending)>;

/// Deploys stacks. A stack that fails keeps those from being deployed that need it, and no others.
pub async fn deploy(
    world: &World,
    stacks: &[Deployable],
    sources: &Sources,
    settings: &Settings,
    audience: &mut dyn Audience,
) -> Endings {
    let audience = RefCell::new(audience);
    let endings: RefCell<BTreeMap<String, Ending>> = RefCell::default();
    let under_way = UnderWay::default();
    let work = run(world, stacks, sources, settings, &under_way, &audience, &endings);
    let left = Box::pin(under_way.until_interrupted(world, &audience, work)).await;
    let mut endings = endings.into_inner();
    if let Some(left) = left {
        for stack in stacks.iter().filter(|it| !endings.contains_key(&it.target.name)).collect::<Vec<_>>() {
            let name = stack.target.name.clone();
            let ending = left.ending(&name);
            audience.borrow_mut().hear(&name, &News::Ended(&ending));
            endings.insert(name, ending);
        }
    }
    let in_order = stacks.iter().map(|it| it.target.name.clone());
    in_order.filter_map(|it| endings.remove(&it).map(|ending| (it, ending))).collect()
}

/// Deploys stacks, and keeps how each ended.
async fn run(
    world: &World,
    stacks: &[Deployable],
    sources: &Sources,
    settings: &Settings,
    under_way: &UnderWay,
    audience: Listeners<'_, '_>,
    endings: &RefCell<BTreeMap<String, Ending>>,
) {
    let names: BTreeSet<String> = stacks.iter().map(|it| it.target.name.clone()).collect();
    let mut waiting: Vec<Deploying<'_>> = stacks
        .iter()
        .map(|stack| Deploying { stack, name: stack.target.name.clone(), world, settings, sources })
        .collect();
    for (name, ending) in foreseen(&waiting, under_way, audience).await {
        audience.borrow_mut().hear(&name, &News::Ended(&ending));
        endings.borrow_mut().insert(name, ending);
    }
    if !endings.borrow().is_empty() {
        return;
    }
    let mut running = FuturesUnordered::new();
    loop {
        let mut at = 0;
        while at < waiting.len() {
            let needs = waiting[at].stack.template.needs.iter().filter(|it| names.contains(*it));
            let failed = needs.clone().find(|it| endings.borrow().get(*it).is_some_and(|it| !it.is_good()));
            if let Some(failed) = failed.cloned() {
                let ending = Ending::Skipped(failed);
                let name = waiting.remove(at).name;
                audience.borrow_mut().hear(&name, &News::Ended(&ending));
                endings.borrow_mut().insert(name, ending);
                // Others may need this one, and stand before it.
                at = 0;
            } else if needs.clone().all(|it| endings.borrow().contains_key(it))
                && running.len() < settings.concurrency
            {
                let deploying = waiting.remove(at);
                running.push(async move {
                    let ending = deploying.run(under_way, audience).await;
                    audience.borrow_mut().hear(&deploying.name, &News::Ended(&ending));
                    endings.borrow_mut().insert(deploying.name, ending);
                });
            } else {
                at += 1;
            }
        }
        if running.next().await.is_none() {
            return;
        }
    }
}

/// How the deployments of several stacks would end that need not begin, so that this is said before one of the others is deployed.
async fn foreseen(stacks: &[Deploying<'_>], under_way: &UnderWay, audience: Listeners<'_, '_>) -> Endings {
    let mut foreseen = Vec::new();
    for stack in stacks {
        let ending = match Box::pin(stack.still_elsewhere()).await {
            None if stacks.len() > 1 => Box::pin(stack.foreseen(under_way, audience)).await,
            ending => ending,
        };
        foreseen.extend(ending.map(|it| (stack.name.clone(), it)));
    }
    foreseen
}
