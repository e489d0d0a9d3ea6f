//! Operations of CloudFormation while somebody watches: what happens is told, and Ctrl-C asks what to do.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::pin,
};

use futures_util::future::{Either, select};

use super::{Audience, Ending, News, consent::Questions};
use crate::{
    deploy::{self, Operation, causes},
    world::{
        AwsError, World,
        aws::{self, Aws},
        cloudformation::{DeployedStack, Goal, Made},
    },
};

/// Whoever hears what happens to several stacks at once.
pub(in crate::ops) type Listeners<'a, 'b> = &'b RefCell<&'a mut dyn Audience>;

/// What is under way.
#[derive(Debug, Default)]
pub(in crate::ops) struct UnderWay {
    /// The names of stacks that are worked on, and how to reach them.
    stacks: RefCell<BTreeMap<String, (Aws, String)>>,
    /// Those whose change sets somebody is asked about.
    proposed: RefCell<BTreeMap<String, (Aws, Made, Goal)>>,
    /// Those whose services take other containers into use.
    swapped: RefCell<BTreeSet<String>>,
    /// What somebody is asked.
    pub(in crate::ops) questions: Questions,
}

/// What is left behind where somebody wants to leave.
#[derive(Debug)]
pub(in crate::ops) struct LeftBehind {
    /// The names of stacks on which CloudFormation goes on.
    running: Vec<String>,
    /// Those on whose services ECS goes on.
    swapped: BTreeSet<String>,
    /// Those of which change sets may be left.
    unclean: Vec<String>,
}

impl LeftBehind {
    /// How it ended for the stack of this name.
    pub(in crate::ops) fn ending(&self, name: &str) -> Ending {
        let is_in = |names: &[String]| names.iter().any(|it| it == name);
        match () {
            () if is_in(&self.running) => Ending::Left,
            () if self.swapped.contains(name) => Ending::LeftSwapping,
            () if is_in(&self.unclean) => Ending::Abandoned,
            () => Ending::Stopped,
        }
    }
}

/// What somebody wants who pressed Ctrl-C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// To leave, and let CloudFormation go on.
    Leave,
    /// To have the updates turned back, and watch that.
    Cancel,
    /// To go on watching.
    GoOn,
}

/// Works on one stack, unless somebody presses Ctrl-C and wants to leave, and tells how it ended.
pub(in crate::ops) async fn alone(
    world: &World,
    name: &str,
    audience: &mut dyn Audience,
    work: impl AsyncFnOnce(&UnderWay, Listeners<'_, '_>) -> Result<Ending, Ending>,
) -> Ending {
    let audience = RefCell::new(audience);
    let under_way = UnderWay::default();
    let ending = RefCell::new(None);
    let work = async {
        let ended = work(&under_way, &audience).await;
        *ending.borrow_mut() = Some(ended.unwrap_or_else(|it| it));
    };
    let left = Box::pin(under_way.until_interrupted(world, &audience, work)).await;
    let left = left.map(|it| it.ending(name));
    let ending = ending.into_inner().or(left).expect("either it has ended or it was left");
    audience.borrow_mut().hear(name, &News::Ended(&ending));
    ending
}

impl UnderWay {
    /// Follows an operation to its end; one that does not end well is an error, and so is that nothing is left of the stack,
    /// be that as it should be.
    pub(in crate::ops) async fn watch(
        &self,
        aws: &Aws,
        name: &str,
        mut operation: Operation,
        audience: Listeners<'_, '_>,
    ) -> Result<DeployedStack, Ending> {
        let mut hear = |news: deploy::News<'_>| {
            let news = match news {
                deploy::News::Event(event) => News::Event(event),
                deploy::News::Moment(time) => News::Moment(time),
            };
            audience.borrow_mut().hear(name, &news);
        };
        self.enter(aws, name, operation.stack());
        let watched = operation.watch(aws, &mut hear).await;
        self.leave(name);
        match watched.map_err(Ending::Aws)? {
            Some(stack) if stack.status.is_good() => Ok(stack),
            None if operation.is_deletion() => Err(Ending::Gone),
            stack => {
                let causes = causes(&operation.events);
                // What keeps an operation from beginning is told of the stack, and says where the details are.
                let is_told_elsewhere = !causes.is_empty() && causes.iter().all(|it| it.event.is_of_stack());
                let objections = if is_told_elsewhere { operation.objections(aws).await } else { Vec::new() };
                let (stack, troubles) = (stack.map(Box::new), operation.troubles);
                Err(Ending::Failed { stack, causes, objections, troubles })
            }
        }
    }

    /// Does the work, unless somebody presses Ctrl-C and wants to leave. Gives what is left to itself then.
    pub(in crate::ops) async fn until_interrupted(
        &self,
        world: &World,
        audience: Listeners<'_, '_>,
        work: impl Future<Output = ()>,
    ) -> Option<LeftBehind> {
        let mut work = pin!(work);
        loop {
            let interrupt = pin!(aws::interrupted(&world.access));
            match select(work.as_mut(), interrupt).await {
                Either::Left(_) => return None,
                Either::Right(_) => match self.wish(world, audience).await {
                    Wish::Leave => {
                        let running = self.stacks.borrow().keys().cloned().collect();
                        let unclean: Vec<String> = self.proposed.borrow().keys().cloned().collect();
                        let clean_up = pin!(self.clean_up());
                        // Who presses it again does not want to wait.
                        let is_clean = matches!(
                            select(clean_up, pin!(aws::interrupted(&world.access))).await,
                            Either::Left(_)
                        );
                        let unclean = if is_clean { Vec::new() } else { unclean };
                        let swapped = self.swapped.borrow().clone();
                        return Some(LeftBehind { running, swapped, unclean });
                    }
                    Wish::Cancel => self.cancel(audience).await,
                    Wish::GoOn => (),
                },
            }
        }
    }

    /// Keeps in mind that a stack is worked on.
    pub(in crate::ops) fn enter(&self, aws: &Aws, name: &str, stack: &str) {
        self.stacks.borrow_mut().insert(name.to_owned(), (aws.clone(), stack.to_owned()));
    }

    /// It is not worked on any more.
    pub(in crate::ops) fn leave(&self, name: &str) {
        self.stacks.borrow_mut().remove(name);
    }

    /// Keeps in mind whether services of a stack take other containers into use.
    pub(in crate::ops) fn swap(&self, name: &str, is_begun: bool) {
        let mut swapped = self.swapped.borrow_mut();
        if is_begun {
            swapped.insert(name.to_owned());
        } else {
            swapped.remove(name);
        }
    }

    /// Keeps in mind that a change set waits for an answer.
    pub(in crate::ops) fn propose(&self, aws: &Aws, name: &str, made: &Made, goal: Goal) {
        let proposed = (aws.clone(), made.clone(), goal);
        self.proposed.borrow_mut().insert(name.to_owned(), proposed);
    }

    /// It does not wait any more.
    pub(in crate::ops) fn settle(&self, name: &str) {
        self.proposed.borrow_mut().remove(name);
    }

    /// Takes away the change sets that wait for an answer. The next run takes their place if that fails.
    pub(in crate::ops) async fn clean_up(&self) {
        let proposed = std::mem::take(&mut *self.proposed.borrow_mut());
        for (aws, made, goal) in proposed.into_values() {
            let _ = deploy::clean_up(&aws, &made, goal).await;
        }
    }

    async fn wish(&self, world: &World, audience: Listeners<'_, '_>) -> Wish {
        let names: Vec<String> = self.stacks.borrow().keys().cloned().collect();
        if names.is_empty() || !world.is_interactive {
            return Wish::Leave;
        }
        audience.borrow_mut().hear(&names[0], &News::Interrupted(&names));
        let answer = pin!(self.questions.urgent(world));
        // Who presses it again does not want to be asked.
        let Either::Left((answer, _)) = select(answer, pin!(aws::interrupted(&world.access))).await else {
            return Wish::Leave;
        };
        match answer.as_deref().map(str::trim) {
            Some("c" | "cancel") => Wish::Cancel,
            Some("" | "w" | "watch") => Wish::GoOn,
            _ => Wish::Leave,
        }
    }

    /// Has all updates turned back that are under way.
    async fn cancel(&self, audience: Listeners<'_, '_>) {
        let under_way: Vec<(String, (Aws, String))> =
            self.stacks.borrow().iter().map(|(name, it)| (name.clone(), it.clone())).collect();
        for (name, (aws, stack)) in under_way {
            let cancelled: Result<(), AwsError> = aws.cancel_update(&stack).await;
            audience.borrow_mut().hear(&name, &News::Cancelled(cancelled.as_ref().err()));
        }
    }
}
