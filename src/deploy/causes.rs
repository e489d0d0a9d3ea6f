//! What failed first, among all that failed with it.

use super::Nesting;
use crate::world::cloudformation::StackEvent;

/// Something that made an operation fail.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The event that says so.
    pub event: StackEvent,
    /// The way to what failed: `Parent/Child/Queue`, or only its logical id.
    pub path: String,
    /// Whether it failed on the way back: then the stack is stuck because of it.
    pub is_of_rollback: bool,
}

/// What made an operation fail, in order of time; `events` are those of the operation, nested stacks' among them.
pub fn causes(events: &[StackEvent]) -> Vec<Cause> {
    let nesting = Nesting::of(events);
    // A nested stack is turned back because its parent is.
    let turned = events.iter().filter(|it| it.is_of_stack() && it.status.is_rollback());
    let turned = turned.filter(|it| !nesting.is_inside(it)).map(|it| it.time).min();
    let failures = events.iter().filter(|it| it.status.is_failure() && !is_cancelled(it));
    let is_root = |it: &&StackEvent| !it.is_of_stack() && !is_told_inside(it, events);
    let roots = failures.clone().filter(is_root);
    let mut found: Vec<&StackEvent> = roots.collect();
    if found.is_empty() {
        // Hooks and policies stop a stack before there is anything in it that could fail.
        found = failures.filter(|it| it.is_of_stack()).collect();
    }
    found.sort_by_key(|it| it.time);
    let mut causes: Vec<Cause> = Vec::new();
    for event in found {
        // A resource that is tried again fails again.
        let is_told = causes.iter().any(|it| {
            (&it.event.stack, &it.event.logical_id, &it.event.reason)
                == (&event.stack, &event.logical_id, &event.reason)
        });
        if !is_told {
            let is_of_rollback = turned.is_some_and(|it| event.time > it);
            causes.push(Cause { event: event.clone(), path: nesting.path(event), is_of_rollback });
        }
    }
    causes
}

/// Whether it only stopped because something else had failed.
fn is_cancelled(event: &StackEvent) -> bool {
    let reason = event.reason.as_deref().unwrap_or_default();
    reason.contains("cancelled") && reason.starts_with("Resource ")
}

/// Whether it is a nested stack whose own events say more.
fn is_told_inside(event: &StackEvent, events: &[StackEvent]) -> bool {
    let nested = event.physical_id.as_deref().filter(|_| event.type_name == "AWS::CloudFormation::Stack");
    let is_inside = |it: &StackEvent| {
        nested == Some(it.stack.as_str()) && it.status.is_failure() && !it.is_of_stack() && !is_cancelled(it)
    };
    events.iter().any(is_inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Timestamp, cloudformation::ResourceStatus};

    /// Events from lines: the stack, a logical id, a status, and a reason.
    fn events(lines: &str) -> Vec<StackEvent> {
        let event = |(at, line): (usize, &str)| {
            let mut parts = line.splitn(4, ' ').map(str::to_owned);
            let (stack, logical_id) = (parts.next().unwrap(), parts.next().unwrap());
            let is_stack = logical_id.ends_with("Stack") || logical_id == stack;
            StackEvent {
                id: at.to_string(),
                physical_id: Some(if logical_id == stack { stack.clone() } else { logical_id.clone() }),
                stack,
                type_name: if is_stack { "AWS::CloudFormation::Stack" } else { "AWS::SQS::Queue" }.to_owned(),
                logical_id,
                time: Timestamp(i64::try_from(at).unwrap()),
                status: ResourceStatus::new(parts.next().unwrap()),
                reason: parts.next(),
                token: None,
                properties: None,
            }
        };
        lines.lines().enumerate().map(event).collect()
    }

    #[track_caller]
    fn check(lines: &str, expected: &[&str]) {
        let causes = causes(&events(lines));
        let found: Vec<String> = causes
            .iter()
            .map(|it| {
                let back = if it.is_of_rollback { " on the way back" } else { "" };
                format!("{}: {}{back}", it.event.logical_id, it.event.reason.as_deref().unwrap_or("-"))
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_was_cancelled_is_no_cause() {
        let lines = "\
s s CREATE_IN_PROGRESS
s A CREATE_FAILED Queue name is taken
s B CREATE_FAILED Resource creation cancelled
s s ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [A, B].
s B DELETE_COMPLETE
s s ROLLBACK_COMPLETE";
        check(lines, &["A: Queue name is taken"]);
    }

    #[test]
    fn what_fails_on_the_way_back_is_a_second_cause() {
        let lines = "\
s A UPDATE_FAILED no
s s UPDATE_ROLLBACK_IN_PROGRESS
s B UPDATE_FAILED gone
s B UPDATE_FAILED gone
s s UPDATE_ROLLBACK_FAILED The following resource(s) failed to update: [B].";
        check(lines, &["A: no", "B: gone on the way back"]);
    }

    #[test]
    fn a_nested_stack_fails_because_of_what_is_in_it() {
        let lines = "\
NestedStack Q CREATE_FAILED bad name
NestedStack NestedStack CREATE_FAILED The following resource(s) failed to create: [Q].
s NestedStack CREATE_FAILED Embedded stack was not successfully created
s s ROLLBACK_IN_PROGRESS";
        check(lines, &["Q: bad name"]);
    }

    #[test]
    fn a_stack_may_fail_by_itself() {
        check("s s CREATE_FAILED The hook says no", &["s: The hook says no"]);
        check("s s CREATE_COMPLETE", &[]);
    }
}
