//! What may go wrong between a client and AWS, and at which calls it does.

use std::time::Duration;

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is refused and takes no effect: throttling, an expired token, a failure of the service.
    Error { http: u16, code: &'static str, message: &'static str },
    /// The connection is reset before the call takes effect.
    ResetBefore,
    /// The call takes effect, and the connection is reset instead of an answer.
    ResetAfter,
    /// The call takes effect, and its answer comes this much later.
    Silence(Duration),
    /// A proxy answers in place of AWS: success, with a page in HTML. The call takes no effect.
    Garbage,
    /// The call takes effect, and its answer ends in the middle.
    Truncated,
    /// The action is one this endpoint does not know.
    Unknown,
}

impl Fault {
    /// What AWS says to who asks too often.
    pub(crate) fn throttling() -> Self {
        Self::Error { http: 400, code: "Throttling", message: "Rate exceeded" }
    }

    /// What AWS says to who is not allowed to.
    pub(crate) fn access_denied() -> Self {
        Self::Error { http: 403, code: "AccessDenied", message: "User is not authorized to perform this" }
    }
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Rule>);

/// A fault at some calls.
#[derive(Debug)]
struct Rule {
    fault: Fault,
    /// Of which action; without, of any.
    action: Option<String>,
    /// How many calls pass before.
    skip: usize,
    /// How many calls it happens to.
    count: usize,
}

impl Faults {
    /// Adds a fault that happens to `count` calls from the `nth` on, counted from now and from 1.
    pub(crate) fn add(&mut self, fault: Fault, action: Option<&str>, nth: usize, count: usize) {
        let skip = nth.saturating_sub(1);
        self.0.push(Rule { fault, action: action.map(str::to_owned), skip, count });
    }

    /// What happens to the next call, which is of this action.
    pub(crate) fn next(&mut self, action: &str) -> Option<Fault> {
        let mut happening = None;
        for rule in self.0.iter_mut().filter(|it| it.action.as_deref().is_none_or(|it| it == action)) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.count > 0 && happening.is_none() {
                rule.count -= 1;
                happening = Some(rule.fault.clone());
            }
        }
        happening
    }
}
