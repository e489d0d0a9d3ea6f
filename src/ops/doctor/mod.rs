//! What a deployment needs, looked at before it is begun: nothing here changes anything.

mod policy;

use std::collections::BTreeSet;

pub use policy::{Policy, Statement};

use super::{Deployable, Purpose, Target, connections::connections, deploy::Ending, targets::Connected};
use crate::{
    assembly::{Environment, QUALIFIER},
    deploy::{self, Body, Standing, standing},
    world::{
        AwsError, Reach, World,
        aws::{Aws, Caller},
        cloudformation::{DeployedStack, StackStatus},
    },
};

/// What was found.
#[derive(Debug, Default)]
pub struct Diagnosis {
    /// What was looked at, in order.
    pub checks: Vec<Check>,
    /// What has to be allowed, and is not.
    pub lacking: Policy,
}

/// Something that was looked at.
#[derive(Debug)]
pub struct Check {
    /// What it is about: a stack, an account and a region.
    pub of: String,
    /// What was found.
    pub fact: Fact,
}

/// What was found of one thing.
#[derive(Debug)]
pub enum Fact {
    /// These stacks can be made of the stack file.
    Stacks(Vec<String>),
    /// No stacks can be made of it, for reasons that are told elsewhere.
    Unloaded,
    /// It cannot be looked at.
    Unseen(Box<Ending>),
    /// AWS knows who calls.
    Caller {
        /// That is who.
        caller: Caller,
        /// Where the credentials come from, as the SDK calls it.
        source: Option<String>,
        /// The profile that was asked for.
        profile: Option<String>,
    },
    /// The role that should deploy cannot be taken on, and the caller's own credentials would do it.
    Own(AwsError),
    /// What is there of what bootstrapping makes, and what is needed of it.
    Bootstrap {
        /// The version that is there.
        has: Option<u64>,
        /// The least that is needed; nothing, if the stacks do without.
        needed: Option<u64>,
    },
    /// Whether it is there cannot be read.
    BootstrapUnread(AwsError),
    /// How a stack is; nothing, if it is not there.
    Stack(Option<StackStatus>, Standing),
    /// How a connection to source code is; nothing, if there is none of its ARN.
    Connection(Option<String>),
    /// How it is cannot be asked.
    ConnectionUnread(AwsError),
    /// So many actions are needed, and allowed.
    Allowed(usize),
    /// These are needed, and not allowed.
    Denied(BTreeSet<String>),
    /// The caller may do everything.
    Root,
    /// What is allowed cannot be asked.
    Unsimulated(AwsError),
    /// Of these types nobody says what they need.
    Undocumented(BTreeSet<String>),
}

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Nothing has to be done.
    Good,
    /// A deployment may do without, or it cannot be told.
    Unsure,
    /// A deployment fails.
    Missing,
}

impl Fact {
    /// How good it is.
    pub fn grade(&self) -> Grade {
        match self {
            Self::Bootstrap { has, needed: Some(needed) } => {
                if has.is_some_and(|it| it >= *needed) {
                    Grade::Good
                } else {
                    Grade::Missing
                }
            }
            Self::Connection(status) => {
                if status.as_deref() == Some("AVAILABLE") {
                    Grade::Good
                } else {
                    Grade::Missing
                }
            }
            Self::Stack(_, Standing::Absent | Standing::Ready | Standing::Leftover)
            | Self::Bootstrap { has: Some(_), needed: None }
            | Self::Stacks(_)
            | Self::Caller { .. }
            | Self::Allowed(_)
            | Self::Root => Grade::Good,
            Self::Stack(_, Standing::Busy)
            | Self::Bootstrap { has: None, needed: None }
            | Self::BootstrapUnread(_)
            | Self::ConnectionUnread(_)
            | Self::Own(_)
            | Self::Unsimulated(_)
            | Self::Undocumented(_) => Grade::Unsure,
            Self::Stack(_, Standing::Paused | Standing::Stuck)
            | Self::Unloaded
            | Self::Unseen(_)
            | Self::Denied(_) => Grade::Missing,
        }
    }
}

impl Diagnosis {
    /// How good all of it is: as the worst.
    pub fn grade(&self) -> Grade {
        self.checks.iter().map(|it| it.fact.grade()).max().unwrap_or(Grade::Good)
    }

    /// Adds what was found of something.
    pub fn found(&mut self, of: impl Into<String>, fact: Fact) {
        self.checks.push(Check { of: of.into(), fact });
    }
}

/// Looks at what the deployment of these stacks needs, account by account and region by region.
pub async fn examine(world: &World, stacks: &[Deployable], reach: &Reach<'_>, diagnosis: &mut Diagnosis) {
    // Without stacks, there are credentials to look at.
    let mut places: Vec<(Target, Vec<&Deployable>)> = Vec::new();
    for stack in stacks {
        let is_same =
            |it: &Target| (&it.account, &it.region) == (&stack.target.account, &stack.target.region);
        match places.iter_mut().find(|(it, _)| is_same(it)) {
            Some((_, together)) => together.push(stack),
            None => places.push((stack.target.clone(), vec![stack])),
        }
    }
    if places.is_empty() {
        places.push((Target::any("AWS"), Vec::new()));
    }
    for (target, stacks) in places {
        if let Err(ending) = Box::pin(at_place(world, &target, &stacks, reach, diagnosis)).await {
            diagnosis.found(&target.name, Fact::Unseen(Box::new(ending)));
        }
    }
}

/// Looks at stacks that go to one account and region.
async fn at_place(
    world: &World,
    target: &Target,
    stacks: &[&Deployable],
    reach: &Reach<'_>,
    diagnosis: &mut Diagnosis,
) -> Result<(), Ending> {
    let Connected { aws, own, not_assumed } = target.connect(world, reach, Purpose::Change).await?;
    let caller = own.caller().await.map_err(Ending::Aws)?;
    let place = format!("{}/{}", caller.account, aws.region());
    let profile = reach.profile.map(str::to_owned);
    let source = own.source().await;
    diagnosis.found(&place, Fact::Caller { caller: caller.clone(), source, profile });
    if let Some(error) = not_assumed {
        diagnosis.found(&place, Fact::Own(error));
    }
    let mut deployed = Vec::new();
    for stack in stacks {
        let name = &stack.target.name;
        let there = aws.stack(name).await.map_err(Ending::Aws)?;
        let status = there.as_ref().map(|it| it.status.clone());
        diagnosis.found(name, Fact::Stack(status, standing(there.as_ref())));
        deployed.extend(there);
    }
    diagnosis.found(&place, bootstrap(&aws, stacks).await);
    for arn in connections(stacks, &deployed) {
        let fact = match own.connection(&arn).await {
            Ok(status) => Fact::Connection(status),
            Err(error) => Fact::ConnectionUnread(error),
        };
        diagnosis.found(arn, fact);
    }
    if stacks.is_empty() {
        return Ok(());
    }
    let policy = Policy::of(stacks, Some(&caller.account), Some(aws.region()));
    permissions(&own, &caller, &deployed, policy, diagnosis).await;
    Ok(())
}

/// Which version of the bootstrap stack is there, and which is needed.
async fn bootstrap(aws: &Aws, stacks: &[&Deployable]) -> Fact {
    let assembled = stacks.iter().filter_map(|it| it.assembled.as_ref()?.bootstrap.as_ref());
    let named = assembled.clone().map(|it| it.parameter.clone()).next();
    let parameter = named.unwrap_or_else(|| Environment::new(None, None, QUALIFIER).version_parameter());
    // The bucket for large templates has been there from the first version on.
    let is_large = |it: &&&Deployable| matches!(deploy::body(&it.template), Body::Bucket(_));
    let large = stacks.iter().filter(is_large).map(|_| 1);
    let needed = assembled.map(|it| it.version).chain(large).max();
    match aws.parameter(&parameter).await {
        Ok(has) => Fact::Bootstrap { has: has.and_then(|it| it.parse().ok()), needed },
        Err(error) => Fact::BootstrapUnread(error),
    }
}

/// Asks IAM what of a policy is not allowed.
async fn permissions(
    own: &Aws,
    caller: &Caller,
    deployed: &[DeployedStack],
    policy: Policy,
    diagnosis: &mut Diagnosis,
) {
    let Some(principal) = principal(own, &caller.arn).await else {
        diagnosis.found(&caller.arn, Fact::Root);
        return;
    };
    let mut denied = BTreeSet::new();
    for statement in &policy.statements {
        // A role that the stack has does that in place of the caller.
        let role = deployed.iter().find_map(|it| it.role.as_ref());
        let who = role.filter(|_| statement.through_cloudformation).unwrap_or(&principal);
        let through = statement.through_cloudformation && who == &principal;
        // What has a wildcard in it is no action that could be simulated.
        let actions: Vec<&str> =
            statement.actions.iter().map(String::as_str).filter(|it| !it.contains('*')).collect();
        match own.denied(who, &actions, &statement.resources, through).await {
            Ok(found) if found.is_empty() => (),
            Ok(found) => {
                let actions: BTreeSet<String> = found.into_iter().collect();
                denied.extend(actions.clone());
                diagnosis.lacking.statements.push(Statement { actions, ..statement.clone() });
            }
            Err(error) => {
                diagnosis.found(&principal, Fact::Unsimulated(error));
                return;
            }
        }
    }
    let fact = if denied.is_empty() { Fact::Allowed(policy.actions().len()) } else { Fact::Denied(denied) };
    diagnosis.found(&principal, fact);
    if !policy.unknown.is_empty() {
        diagnosis.found(&principal, Fact::Undocumented(policy.unknown));
    }
}

/// The user or role that policies are attached to, of who calls; nothing, if that is the owner of the account.
async fn principal(own: &Aws, caller: &str) -> Option<String> {
    if caller.ends_with(":root") {
        return None;
    }
    let Some((before, name)) = caller.split_once(":assumed-role/") else { return Some(caller.to_owned()) };
    let role = name.split('/').next().unwrap_or(name);
    let account = before.rsplit(':').next().unwrap_or_default();
    let partition = caller.split(':').nth(1).unwrap_or("aws");
    // Roles may have a path, which the ARN of who took one on does not say.
    let found = own.role(role).await.ok().flatten();
    Some(found.unwrap_or_else(|| format!("arn:{partition}:iam::{account}:role/{role}")))
}
