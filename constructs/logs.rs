//! Log groups of CloudWatch Logs, and how long they keep what is written to them.
//!
//! Not a construct: what the constructs write them with.

use crate::kernel::prelude::*;

const LOG_GROUP: ResourceType = ResourceType::new("AWS::Logs::LogGroup");

/// The days CloudWatch Logs may be told to keep logs; any other number is refused at deployment.
const ALLOWED: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// For how many days logs are kept: one of the numbers CloudWatch Logs knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention(Days);

impl Retention {
    /// The days.
    pub fn days(self) -> u32 {
        self.0.0
    }
}

impl Property for Retention {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let days = Days::read(node, reader)?;
        if ALLOWED.contains(&days.0) {
            return Some(Self(days));
        }
        let below = ALLOWED.iter().rev().find(|it| **it < days.0).map(ToString::to_string);
        let above = ALLOWED.iter().find(|it| **it > days.0).map(ToString::to_string);
        let near: Vec<String> = below.into_iter().chain(above).collect();
        reader.reject(
            Diagnostic::error(
                "log-retention",
                format!("CloudWatch Logs has no retention of {} days", days.0),
            )
            .at(node.span)
            .help(format!("use {}", near.join(" or "))),
        )
    }

    fn shape() -> Shape {
        Days::shape()
    }
}

properties! {
    /// Where what is written goes: a log group in CloudWatch.
    pub struct Logs from retention {
        /// For how many days logs are kept: one of the numbers CloudWatch knows, such as `7`, `30`, `90` or `365`.
        retention: Retention = "30",
        /// What becomes of the logs when what writes them leaves the stack.
        removal: Removal = "retain",
    }
}

choices! {
    /// What becomes of logs when what writes them leaves the stack.
    pub enum Removal {
        /// They stay until their days are over, so that they tell why a first deployment failed.
        Retain,
        /// They are deleted.
        Delete,
    }
}

impl Logs {
    /// Adds a log group at `id`.
    pub(crate) fn group(&self, scope: &mut Scope<'_>, id: &str) -> Handle {
        let group = log_group(scope, id, self.retention);
        if self.removal == Removal::Delete {
            scope.removal_policy(group, "Delete");
        }
        group
    }
}

/// Adds a log group at `id`, which stays with its logs when it leaves the stack.
pub fn log_group(scope: &mut Scope<'_>, id: &str, retention: Retention) -> Handle {
    let mut scope = scope.child(id);
    let group = scope.resource("Resource", LOG_GROUP, object! { "RetentionInDays" => retention.days() });
    scope.removal_policy(group, "Retain");
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<u32, String> {
        let mut reader = Reader::default();
        let retention = Retention::read(&Node::text(text.to_owned(), Span::NOWHERE), &mut reader);
        retention.map(Retention::days).ok_or_else(|| {
            let fault = &reader.diagnostics[0];
            format!("{}: {} ({})", fault.code, fault.message, fault.help.as_deref().unwrap_or("-"))
        })
    }

    #[test]
    fn is_one_that_cloudwatch_has() {
        assert_eq!(read("30"), Ok(30));
        assert_eq!(read("365d"), Ok(365));
        let none = |days, near| {
            Err(format!("log-retention: CloudWatch Logs has no retention of {days} days (use {near})"))
        };
        assert_eq!(read("45"), none(45, "30 or 60"));
        assert_eq!(read("0"), none(0, "1"));
        assert_eq!(read("9999"), none(9999, "3653"));
    }
}
