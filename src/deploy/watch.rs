//! An operation of CloudFormation, followed to its end, whoever began it.

use std::collections::BTreeSet;

use super::services::{Place, Trouble, troubled};
use crate::world::{
    AwsError, Timestamp,
    aws::Aws,
    cloudformation::{DeployedStack, Known, Objection, StackEvent},
};

/// How often nothing new may be seen before the stack itself is asked how it is.
const QUIET: usize = 3;

/// How often nothing at all may be seen of an operation before it is taken to have ended as the stack says.
const SILENT: usize = 15;

/// An operation under way.
#[derive(Debug)]
pub struct Operation {
    /// The ARN of the stack.
    stack: String,
    /// What its events are known by, if that is known.
    token: Option<String>,
    /// Whether it deletes the stack.
    is_deletion: bool,
    /// What has happened, in order of time as far as that was seen; nested stacks' events among them.
    pub events: Vec<StackEvent>,
    /// The services of ECS that did not come up. They are asked about at once: what is turned back may be gone soon.
    pub troubles: Vec<Trouble>,
    asked: BTreeSet<Place>,
    seen: BTreeSet<String>,
    nested: Vec<String>,
    quiet: usize,
}

impl Operation {
    /// The operation that is under way on the stack with this ARN.
    pub fn under_way(stack: impl Into<String>) -> Self {
        Self {
            stack: stack.into(),
            token: None,
            is_deletion: false,
            events: Vec::new(),
            troubles: Vec::new(),
            asked: BTreeSet::new(),
            seen: BTreeSet::new(),
            nested: Vec::new(),
            quiet: 0,
        }
    }

    /// The operation that is under way on this stack.
    pub fn on(stack: &DeployedStack) -> Self {
        let is_deletion = stack.status.known() == Some(Known::DeleteInProgress);
        Self { is_deletion, ..Self::under_way(&stack.id) }
    }

    /// It deletes the stack.
    #[must_use]
    pub fn deleting(self) -> Self {
        Self { is_deletion: true, ..self }
    }

    /// Whether nothing is to be left of the stack at its end, so that one which is not there any more has got there.
    pub fn is_deletion(&self) -> bool {
        let own = self.events.iter().rev().find(|it| it.is_of_stack() && it.stack == self.stack);
        self.is_deletion || own.is_some_and(|it| it.status.as_str().starts_with("DELETE_"))
    }

    /// The one that the next call begins. What has happened before is remembered, because right after the call it is still
    /// all there is to see, and looks like an end.
    pub async fn about_to_begin(aws: &Aws, stack: impl Into<String>) -> Result<Self, AwsError> {
        let mut operation = Self::under_way(stack);
        let mut is_newest = true;
        let newest = aws.events(&operation.stack, |_| std::mem::take(&mut is_newest)).await?;
        operation.seen.extend(newest.into_iter().map(|it| it.id));
        Ok(operation)
    }

    /// It has begun, by a call with this token.
    #[must_use]
    pub fn begun(self, token: String) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The ARN of the stack.
    pub fn stack(&self) -> &str {
        &self.stack
    }

    /// What CloudFormation found wrong before it touched anything; nothing, if nobody may ask.
    pub async fn objections(&self, aws: &Aws) -> Vec<Objection> {
        let token = self.token.clone().or_else(|| self.events.iter().find_map(|it| it.token.clone()));
        match token {
            Some(token) => aws.objections_of(&self.stack, &token).await.unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Follows it to its end, and tells of each event, and of each moment at which there was nothing more to tell. Gives
    /// the stack as it is then; nothing, if it is gone without a trace.
    pub async fn watch(
        &mut self,
        aws: &Aws,
        hear: &mut dyn FnMut(News<'_>),
    ) -> Result<Option<DeployedStack>, AwsError> {
        loop {
            let has_ended = match self.look(aws, hear).await {
                // Of what is gone, CloudFormation may know no events either.
                Err(error) if error.is_missing_stack() => return Ok(None),
                looked => looked?,
            };
            if has_ended {
                let stack = aws.stack(&self.stack).await?;
                // The last event may be there before the stack says so.
                if stack.as_ref().is_none_or(|it| !it.status.is_busy()) {
                    return Ok(stack);
                }
            }
            if self.quiet > 0 && self.quiet.is_multiple_of(QUIET) {
                let stack = aws.stack(&self.stack).await?;
                let has_ended = stack.as_ref().is_none_or(|it| !it.status.is_busy());
                // Right after it began, the stack may not say so yet.
                if has_ended && (!self.events.is_empty() || self.quiet >= SILENT) {
                    return Ok(stack);
                }
            }
            hear(News::Moment(aws.now()));
            aws.wait().await;
        }
    }

    /// Tells of what is new, and whether the operation has ended.
    async fn look(&mut self, aws: &Aws, hear: &mut dyn FnMut(News<'_>)) -> Result<bool, AwsError> {
        let began = self.events.first().map(|it| it.time);
        let mut fresh = self.fresh(aws, &self.stack, self.token.as_deref(), began).await?;
        // What happened in a nested stack before that is of another operation.
        let began = began.or(fresh.first().map(|it| it.time));
        let mut at = 0;
        self.take_nested(&fresh);
        while at < self.nested.len() {
            let inside = self.fresh(aws, &self.nested[at], None, began).await?;
            self.take_nested(&inside);
            fresh.extend(inside);
            at += 1;
        }
        // Events of one stack are in order as they come, even within a millisecond.
        fresh.sort_by_key(|it| it.time);
        self.quiet = if fresh.is_empty() { self.quiet + 1 } else { 0 };
        for event in &fresh {
            hear(News::Event(event));
        }
        let is_end = |it: &StackEvent| it.is_of_stack() && it.stack == self.stack && !it.status.is_busy();
        let has_ended = fresh.iter().any(is_end);
        self.seen.extend(fresh.iter().map(|it| it.id.clone()));
        self.ask_about_services(aws, &fresh).await;
        self.events.append(&mut fresh);
        Ok(has_ended)
    }

    /// Asks ECS about the services that failed by these events, once about each. What ECS does not tell changes nothing of
    /// the operation.
    async fn ask_about_services(&mut self, aws: &Aws, fresh: &[StackEvent]) {
        let began = self.events.first().or(fresh.first()).map_or(Timestamp(0), |it| it.time);
        for (event, place) in troubled(fresh) {
            if !self.asked.insert(place.clone()) {
                continue;
            }
            let service = aws.service(&place.cluster, &place.service).await;
            // Who may not ask for the one may still ask for the others; who gets no answer asks no more.
            let tasks = match &service {
                Err(error) if !error.is_denied() => Ok(Vec::new()),
                _ => aws.stopped_tasks(&place.cluster, &place.service).await,
            };
            self.troubles.push(Trouble::read(event, place, began, service, tasks));
        }
    }

    /// What is new of one stack: back to what was seen, to the event with which the operation began, or to one of
    /// another operation.
    async fn fresh(
        &self,
        aws: &Aws,
        stack: &str,
        token: Option<&str>,
        began: Option<Timestamp>,
    ) -> Result<Vec<StackEvent>, AwsError> {
        let mut has_begun = false;
        let mut known = token.map(ToOwned::to_owned);
        let is_wanted = |event: &StackEvent| {
            if has_begun || self.seen.contains(&event.id) || began.is_some_and(|it| event.time < it) {
                return false;
            }
            let is_other = |token: &String| known.get_or_insert_with(|| token.clone()) != token;
            if event.token.as_ref().is_some_and(is_other) {
                return false;
            }
            has_begun = event.is_of_stack() && is_beginning(event);
            true
        };
        aws.events(stack, is_wanted).await
    }

    fn take_nested(&mut self, events: &[StackEvent]) {
        for event in events.iter().filter(|it| it.type_name == "AWS::CloudFormation::Stack") {
            let Some(id) = event.physical_id.as_ref().filter(|it| it.starts_with("arn:")) else { continue };
            if *id != self.stack && !self.nested.contains(id) {
                self.nested.push(id.clone());
            }
        }
    }
}

/// Something to tell of an operation.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// An event.
    Event(&'a StackEvent),
    /// A moment with no more events.
    Moment(Timestamp),
}

/// Whether an event of a stack is the first of an operation. On the way back, nothing begins.
pub fn is_beginning(event: &StackEvent) -> bool {
    let begins = ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"];
    begins.contains(&event.status.as_str())
}
