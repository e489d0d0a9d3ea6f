//! The log of a web ACL: a log group, and what goes into it.

use crate::{kernel::prelude::*, logs::Retention};

const LOG_GROUP: ResourceType = ResourceType::new("AWS::Logs::LogGroup");
const LOGGING: ResourceType = ResourceType::new("AWS::WAFv2::LoggingConfiguration");

properties! {
    /// The log of a web ACL.
    pub struct Logs from retention {
        /// For how many days the log is kept.
        retention: Retention = "30",
        /// Which requests are logged.
        requests: Requests = "blocked",
    }
}

choices! {
    /// Which requests are logged.
    pub enum Requests {
        /// Those that a rule has blocked or counted.
        Blocked,
        /// All.
        All,
    }
}

impl Logs {
    /// Adds the log of `acl`, and gives its log group.
    pub(super) fn build(&self, scope: &mut Scope<'_>, acl: Handle) -> Handle {
        let place: Vec<&str> = scope.path().components().skip(1).collect();
        let place = place.join("-").replace(|it: char| !it.is_ascii_alphanumeric(), "-");
        let group = scope.child("Logs").resource(
            "Resource",
            LOG_GROUP,
            object! {
                // WAF writes to no log group of another name.
                "LogGroupName" => text!["aws-waf-logs-", Expr::pseudo("AWS::StackName"), format!("-{place}")],
                "RetentionInDays" => self.retention.days(),
            },
        );
        // A group that stayed would bar the same stack from being created again.
        scope.removal_policy(group, "Delete");
        let filter = match self.requests {
            Requests::All => None,
            Requests::Blocked => Some(object! {
                "DefaultBehavior" => "DROP",
                "Filters" => list![object! {
                    "Behavior" => "KEEP",
                    "Conditions" => list![condition("BLOCK"), condition("COUNT")],
                    "Requirement" => "MEETS_ANY",
                }],
            }),
        };
        scope.resource(
            "Logging",
            LOGGING,
            object! {
                // The attribute `Arn` of a log group ends in `:*`, which names its streams.
                "LogDestinationConfigs" => list![Expr::arn("logs", ["log-group:".into(), group.reference()])],
                "LoggingFilter" => filter,
                "RedactedFields" => list![header("authorization"), header("cookie")],
                "ResourceArn" => acl.attribute("Arn"),
            },
        );
        group
    }
}

fn condition(action: &'static str) -> Expr<Handle> {
    object! { "ActionCondition" => object! { "Action" => action } }
}

fn header(name: &'static str) -> Expr<Handle> {
    object! { "SingleHeader" => object! { "Name" => name } }
}
