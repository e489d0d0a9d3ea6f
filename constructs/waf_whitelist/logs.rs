//! The log of a web ACL: a log group, and what goes into it.

use crate::kernel::prelude::*;

const LOG_GROUP: ResourceType = ResourceType::new("AWS::Logs::LogGroup");
const LOGGING: ResourceType = ResourceType::new("AWS::WAFv2::LoggingConfiguration");

properties! {
    /// The log of a web ACL.
    pub struct Logs from retention {
        /// How many days it is kept.
        retention: Spanned<Days> = "30",
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
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        /// What CloudWatch Logs offers.
        const RETENTIONS: [u32; 22] = [
            1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
            3288, 3653,
        ];
        let Days(days) = self.retention.value;
        if !RETENTIONS.contains(&days) {
            let next = RETENTIONS.iter().find(|it| **it > days).unwrap_or(&RETENTIONS[21]);
            faults.push(
                Diagnostic::error("log-retention", format!("CloudWatch keeps no log for {days} days"))
                    .at(self.retention.span)
                    .help(format!("use {next}")),
            );
        }
    }

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
                "RetentionInDays" => self.retention.map(|it| it.0),
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
