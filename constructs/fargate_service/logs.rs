//! Where what a container writes goes, and for how long.

use crate::kernel::prelude::*;

/// The numbers of days CloudWatch keeps logs for.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>
const RETENTIONS: &[u32] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

properties! {
    /// Where what a container writes goes: a log group of its own in CloudWatch.
    pub struct Logs from days {
        /// For how many days logs are kept, one of the numbers CloudWatch knows: `7`, `30`, `90`, `365`, ….
        days: Spanned<Days> = "30",
        /// What becomes of the logs when the service leaves the stack.
        removal: Removal = "retain",
    }
}

choices! {
    /// What becomes of logs when their service leaves the stack.
    pub enum Removal {
        /// They stay until their days are over, so that they tell why a first deployment failed.
        Retain,
        /// They are deleted.
        Delete,
    }
}

impl Logs {
    /// Reports a number of days that CloudWatch does not know.
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        let Spanned { value: Days(days), span } = self.days;
        if RETENTIONS.contains(&days) {
            return;
        }
        let below = RETENTIONS.iter().rev().find(|it| **it < days);
        let above = RETENTIONS.iter().find(|it| **it > days);
        let near: Vec<String> = below.into_iter().chain(above).map(|it| format!("`{it}`")).collect();
        faults.push(
            Diagnostic::error("log-days", format!("CloudWatch cannot keep logs for {days} days"))
                .at(span)
                .help(format!("use {}", near.join(" or "))),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Stack, stack};

    fn with(logs: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nweb: {{type: FargateService, network: n, image: 'a:1', port: 80, logs: {logs}}}"
        ))
    }

    #[test]
    fn are_kept_for_the_days_asked_for() {
        assert_eq!(with("7").properties("web/TaskDef/web/LogGroup/Resource")["RetentionInDays"], 7);
    }

    #[test]
    fn points_at_a_number_of_days_cloudwatch_does_not_know() {
        assert_eq!(with("45").faults(), ["log-days at `45`: CloudWatch cannot keep logs for 45 days"]);
        assert_eq!(with("{days: 9999}").faults(), ["log-days at `9999`: CloudWatch cannot keep logs for 9999 days"]);
    }
}
