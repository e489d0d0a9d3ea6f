//! How far an operation is: a fold over its events.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::{Timestamp, cloudformation::StackEvent};

/// How far an operation on a stack is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The resources to be worked on, as far as that was known when it began.
    planned: BTreeSet<String>,
    done: BTreeSet<String>,
    running: BTreeMap<(String, String), StackEvent>,
    /// Whether it is on the way back.
    pub is_rolling_back: bool,
    /// When it began.
    pub began: Option<Timestamp>,
    /// The latest moment known.
    pub now: Timestamp,
}

impl Progress {
    /// At its beginning, with these resources to be worked on.
    pub fn new(planned: &[String]) -> Self {
        Self { planned: planned.iter().cloned().collect(), ..Self::default() }
    }

    /// Takes an event in.
    pub fn hear(&mut self, event: &StackEvent) {
        self.moment(event.time);
        self.began.get_or_insert(event.time);
        if event.is_of_stack() {
            self.is_rolling_back |= event.status.is_rollback();
            return;
        }
        let key = (event.stack.clone(), event.logical_id.clone());
        if event.status.is_busy() {
            // What goes on with a resource goes on since it began.
            self.running.entry(key).or_insert_with(|| event.clone());
        } else {
            self.running.remove(&key);
            if event.status.is_done() && self.planned.contains(&event.logical_id) {
                self.done.insert(event.logical_id.clone());
            }
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
