//! How far an operation is: a fold over its events.

use std::collections::{BTreeMap, BTreeSet};

use super::Nesting;
use crate::world::{
    Timestamp,
    cloudformation::{ResourceStatus, StackEvent},
};

/// How far an operation on a stack is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The resources to be worked on, as far as that is known.
    planned: BTreeSet<String>,
    done: BTreeSet<String>,
    /// Which stacks are nested in the one that is watched.
    nesting: Nesting,
    running: BTreeMap<(String, String), StackEvent>,
    /// How the stack itself is, as far as its events say.
    pub status: Option<ResourceStatus>,
    /// When it began.
    pub began: Option<Timestamp>,
    /// The latest moment known.
    pub now: Timestamp,
    /// When something was last done.
    last: Timestamp,
}

impl Progress {
    /// At its beginning, with these resources to be worked on.
    pub fn new(planned: &[String]) -> Self {
        Self { planned: planned.iter().cloned().collect(), ..Self::default() }
    }

    /// Takes an event in.
    pub fn hear(&mut self, event: &StackEvent) {
        self.moment(event.time);
        self.last = self.last.max(event.time);
        self.began.get_or_insert(event.time);
        self.nesting.hear(event);
        if event.is_of_stack() {
            // What is said of a nested stack is said by its parent, too.
            if !self.nesting.is_inside(event) {
                self.status = Some(event.status.clone());
            }
            return;
        }
        let path = self.nesting.path(event);
        let key = (event.stack.clone(), event.logical_id.clone());
        if event.status.is_busy() {
            self.begin(event);
            // What goes on with a resource goes on since it began.
            self.running.entry(key).or_insert_with(|| event.clone());
        } else {
            self.running.remove(&key);
            if event.status.is_done() && self.planned.contains(&path) {
                self.done.insert(path);
            }
        }
    }

    /// The way to what an event is about: `Parent/Child/Queue`, or only its logical id.
    pub fn path(&self, event: &StackEvent) -> String {
        self.nesting.path(event)
    }

    /// A change set leaves open whether some resources change; those that do are counted from then on.
    fn begin(&mut self, event: &StackEvent) {
        let is_turned = self.status.as_ref().is_some_and(ResourceStatus::is_rollback);
        // What is in a nested stack is done with that.
        if !self.planned.is_empty() && !is_turned && !self.nesting.is_inside(event) {
            self.planned.insert(event.logical_id.clone());
        }
    }

    /// Time goes on, and never back: clocks differ.
    pub fn moment(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// How many resources are done.
    pub fn done(&self) -> usize {
        self.done.len()
    }

    /// How many there are to be worked on; nothing, if that was not known when it began.
    pub fn planned(&self) -> Option<usize> {
        (!self.planned.is_empty()).then_some(self.planned.len())
    }

    /// How many seconds passed from its first event to its last. Both are told by one clock, which is not that of this
    /// machine.
    pub fn lasted(&self) -> u64 {
        self.began.map_or(0, |it| self.last.seconds_after(it))
    }

    /// For how many seconds it has been under way.
    pub fn seconds(&self) -> u64 {
        self.began.map_or(0, |it| self.now.seconds_after(it))
    }

    /// What is under way, the longest first, with how many seconds it has been.
    pub fn running(&self) -> Vec<(&StackEvent, u64)> {
        let mut running: Vec<_> =
            self.running.values().map(|it| (it, self.now.seconds_after(it.time))).collect();
        running.sort_by_key(|(it, _)| it.time);
        running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, status: &str, time: i64) -> StackEvent {
        let (stack, physical) = ("arn".to_owned(), if id == "shop" { "arn" } else { id });
        StackEvent {
            id: format!("{id}-{time}"),
            stack,
            logical_id: id.to_owned(),
            physical_id: Some(physical.to_owned()),
            type_name: "AWS::SQS::Queue".to_owned(),
            time: Timestamp(time * 1000),
            status: ResourceStatus::new(status),
            reason: None,
            token: None,
            properties: None,
        }
    }

    #[test]
    fn what_was_planned_or_has_begun_is_done_once_and_nothing_else_counts() {
        let mut progress = Progress::new(&["A".to_owned(), "B".to_owned()]);
        for (id, status, time) in [
            ("shop", "UPDATE_IN_PROGRESS", 1),
            ("A", "UPDATE_IN_PROGRESS", 2),
            ("A", "UPDATE_IN_PROGRESS", 4),
            ("A", "UPDATE_COMPLETE", 5),
            ("A", "DELETE_COMPLETE", 6),
            ("Other", "UPDATE_COMPLETE", 6),
            ("B", "UPDATE_IN_PROGRESS", 7),
            ("Open", "UPDATE_IN_PROGRESS", 7),
            ("Open", "UPDATE_COMPLETE", 7),
        ] {
            progress.hear(&event(id, status, time));
        }
        assert_eq!((progress.done(), progress.planned(), progress.seconds()), (2, Some(3), 6));
        progress.moment(Timestamp(10_000));
        assert_eq!((progress.seconds(), progress.lasted()), (9, 6));
        progress.moment(Timestamp(3000));
        let running: Vec<_> = progress.running().iter().map(|(it, s)| (it.logical_id.as_str(), *s)).collect();
        assert_eq!(running, [("B", 3)]);
        progress.hear(&event("shop", "UPDATE_ROLLBACK_IN_PROGRESS", 11));
        progress.hear(&event("Back", "UPDATE_IN_PROGRESS", 12));
        assert_eq!(progress.planned(), Some(3));
        assert!(progress.status.as_ref().is_some_and(ResourceStatus::is_rollback));
        assert_eq!(Progress::default().planned(), None);
    }
}
