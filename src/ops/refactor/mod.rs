//! Resources moved to other stacks and to other logical ids, as they are: what has moved is found, shown, agreed to, and
//! left to a stack refactoring of CloudFormation.

pub mod mapping;
mod plan;
mod run;

use std::{cell::RefCell, pin::pin};

use asi_constructs::kernel::{diagnostic::Diagnostic, span::Span};
use futures_util::future::{Either, select};

pub use self::mapping::Mapping;
use self::plan::Group;
use super::{Deployable, Deployables, deploy::Ending};
use crate::{
    deploy::Cause,
    refactor::{After, Obstacle, Unclear},
    world::{
        Reach, World, aws,
        cloudformation::{Location, Refactor, StackEvent, StackStatus},
    },
};

/// How stacks are refactored.
#[derive(Clone, Debug, Default)]
pub struct Settings<'a> {
    /// How AWS is reached.
    pub reach: Reach<'a>,
    /// Whether yes is said to everything.
    pub yes: bool,
    /// Whether what would be done is only shown.
    pub only_shows: bool,
    /// Stacks that are not of the app, and that something may come from.
    pub additional: &'a [String],
    /// What somebody says has moved.
    pub mappings: Vec<Mapping>,
    /// Whether nothing else moves.
    pub is_exact: bool,
}

/// What is moved in one environment.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The region.
    pub region: String,
    /// The account, if that is known.
    pub account: Option<String>,
    /// What moves.
    pub moves: Vec<Planned>,
    /// The stacks as they are then.
    pub stacks: Vec<After>,
}

/// A resource that moves.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its type.
    pub type_name: String,
    /// Where it is.
    pub from: Location,
    /// Where it is to be.
    pub to: Location,
    /// The construct that makes it, by its path below the stack it goes to.
    pub construct: Option<String>,
    /// Where it is written.
    pub span: Span,
}

/// Something that happens on the way.
#[derive(Debug)]
pub enum News<'a> {
    /// This is what would be moved.
    Planned(&'a Plan),
    /// Somebody is asked whether to do it.
    Question(&'a Plan),
    /// A refactoring that was begun before is watched to its end first.
    Resumed(&'a str),
    /// CloudFormation is asked what it would do.
    Preparing,
    /// It is executed.
    Began(&'a str),
    /// One that was begun before has come to its end.
    Finished(&'a Refactor),
    /// Something happened in this stack.
    Event(&'a str, &'a StackEvent),
}

/// What became of one environment.
#[derive(Debug)]
pub struct Outcome {
    /// What moves, if that came to be known.
    pub plan: Option<Plan>,
    /// What the refactoring is known by, if it was made.
    pub id: Option<String>,
    /// How it ended.
    pub end: End,
}

/// How it ended.
#[derive(Debug)]
pub enum End {
    /// Nothing has moved.
    Nothing,
    /// What would be done was shown.
    Shown,
    /// All has moved.
    Done,
    /// These may have moved in more ways than one.
    Unclear(Vec<Unclear>),
    /// This is in the way.
    Blocked(Vec<Obstacle>),
    /// This stack is in a state from which nothing can begin.
    Busy(String, StackStatus),
    /// A policy says what may be done with the resources of this stack.
    Policy(String),
    /// CloudFormation makes no refactoring of it, or none that can be executed.
    Refused {
        /// The status that says so.
        status: String,
        /// Why.
        reason: Option<String>,
    },
    /// CloudFormation would do something else.
    Differs {
        /// What it would do, and was not asked for.
        added: Vec<String>,
        /// What it would not do.
        missing: Vec<String>,
    },
    /// It failed while it was executed.
    Failed {
        /// The status that says so.
        status: String,
        /// Why.
        reason: Option<String>,
        /// What failed, each with the stack.
        causes: Vec<(String, Cause)>,
        /// The stacks that somebody has to see to.
        stuck: Vec<(String, StackStatus)>,
    },
    /// It goes on without anybody watching.
    Left,
    /// It ended as it may with any stack, for the sake of this one.
    Ended(String, Ending),
}

/// Moves what has moved between the stacks, environment by environment.
pub async fn refactor(
    world: &World,
    all: &Deployables,
    settings: &Settings<'_>,
    hear: &mut dyn FnMut(&News<'_>),
) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for stacks in environments(&all.stacks) {
        let name = stacks.iter().map(|it| it.target.name.clone()).collect::<Vec<_>>().join("`, `");
        let known = RefCell::new(Known::default());
        let group = Group { world, stacks: &stacks, settings, known: &known };
        let work = pin!(group.run(hear));
        let ended = match select(work, pin!(aws::interrupted(&world.access))).await {
            Either::Left((ended, _)) => ended.unwrap_or_else(|it| it),
            Either::Right(_) if known.borrow().is_running => End::Left,
            Either::Right(_) => End::Ended(name, Ending::Stopped),
        };
        let Known { plan, id, .. } = known.take();
        outcomes.push(Outcome { plan, id, end: ended });
    }
    outcomes
}

/// What has come to be known of an environment.
#[derive(Debug, Default)]
struct Known {
    plan: Option<Plan>,
    id: Option<String>,
    is_running: bool,
}

/// The stacks by the environments they are bound to, in the order of the first of each.
fn environments(stacks: &[Deployable]) -> Vec<Vec<&Deployable>> {
    let mut groups: Vec<Vec<&Deployable>> = Vec::new();
    let place = |it: &Deployable| (it.target.account.clone(), it.target.region.clone());
    for stack in stacks {
        match groups.iter_mut().find(|group| place(group[0]) == place(stack)) {
            Some(group) => group.push(stack),
            None => groups.push(vec![stack]),
        }
    }
    groups
}

impl From<Vec<Diagnostic>> for End {
    fn from(faults: Vec<Diagnostic>) -> Self {
        Self::Ended(String::new(), Ending::Faulty(faults))
    }
}
