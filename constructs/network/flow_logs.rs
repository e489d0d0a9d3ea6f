//! A record of the connections to and from everything in a network.

use super::{Layout, subnet::tag};
use crate::{
    iam::{self, Allow},
    kernel::prelude::*,
    logs::{Retention, log_group},
};

const FLOW_LOG: ResourceType = ResourceType::new("AWS::EC2::FlowLog");

properties! {
    /// A record of the connections to and from everything in a network, in CloudWatch Logs.
    pub struct FlowLogs from traffic {
        /// Which connections are recorded.
        traffic: Traffic = "all",
        /// For how many days the records are kept.
        retention: Retention = "90",
        /// Over what time connections are summed up to a record: `1m` or `10m`.
        interval: Spanned<Seconds> = "10m",
    }
}

choices! {
    /// Which connections are recorded.
    pub enum Traffic {
        /// All.
        All,
        /// Those that security groups and network ACLs let pass.
        Accept,
        /// Those that they refuse: fewer, and those that somebody looks for.
        Reject,
    }
}

impl FlowLogs {
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        if ![60, 600].contains(&self.interval.value.0) {
            faults.push(
                Diagnostic::error(
                    "flow-log-interval",
                    format!("flow logs sum up 1 or 10 minutes, not {} s", self.interval.value.0),
                )
                .at(self.interval.span)
                .help("use `1m` or `10m`"),
            );
        }
    }

    pub(super) fn add(&self, scope: &mut Scope<'_>, network: &Layout) {
        let mut scope = scope.child("FlowLog");
        let name = scope.path().to_string();
        // The id of the flow log is not known before it is there, and it needs the role.
        let logs = Expr::arn("ec2", ["vpc-flow-log/*".into()]);
        let role = iam::service_role_for(&mut scope, "IAMRole", "vpc-flow-logs.amazonaws.com", logs);
        let group = log_group(&mut scope, "LogGroup", self.retention);
        let policy = iam::allow(
            &mut scope,
            "IAMRole",
            role,
            &[Allow::new(
                &["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [group.attribute("Arn")],
            )],
        );
        let traffic = match self.traffic {
            Traffic::All => "ALL",
            Traffic::Accept => "ACCEPT",
            Traffic::Reject => "REJECT",
        };
        // Ten minutes is what EC2 does unasked.
        let interval = (self.interval.value.0 != 600).then(|| self.interval.map(|it| it.0));
        let log = scope.resource("FlowLog", FLOW_LOG, object! {
            "DeliverLogsPermissionArn" => role.attribute("Arn"),
            "LogDestinationType" => "cloud-watch-logs",
            "LogGroupName" => group.reference(),
            "MaxAggregationInterval" => interval,
            "ResourceId" => network.vpc.reference(),
            "ResourceType" => "VPC",
            "Tags" => list![tag("Name", name)],
            "TrafficType" => traffic,
        });
        scope.depend(log, policy);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::stack;

    #[test]
    fn all_connections_go_to_a_log_group_of_their_own() {
        let built = stack("net: {type: Network, zones: 1, nat: none, flowLogs: true}");
        assert_eq!(
            built.properties("net/FlowLog/FlowLog"),
            json!({
                "DeliverLogsPermissionArn": "${net/FlowLog/IAMRole/Resource.Arn}",
                "LogDestinationType": "cloud-watch-logs",
                "LogGroupName": "${net/FlowLog/LogGroup/Resource}",
                "ResourceId": "${net/Resource}",
                "ResourceType": "VPC",
                "Tags": [{ "Key": "Name", "Value": "Test/net/FlowLog" }],
                "TrafficType": "ALL",
            })
        );
        assert_eq!(built.depends_on("net/FlowLog/FlowLog"), ["net/FlowLog/IAMRole/DefaultPolicy/Resource"]);
        assert_eq!(built.properties("net/FlowLog/LogGroup/Resource"), json!({ "RetentionInDays": 90 }));
        assert_eq!(
            built.properties("net/FlowLog/IAMRole/DefaultPolicy/Resource")["PolicyDocument"]["Statement"],
            json!([{
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Effect": "Allow",
                "Resource": "${net/FlowLog/LogGroup/Resource.Arn}",
            }])
        );
        assert_eq!(
            built.properties("net/FlowLog/IAMRole/Resource")["AssumeRolePolicyDocument"]["Statement"],
            json!([{
                "Action": "sts:AssumeRole",
                "Condition": {
                    "ArnLike": {
                        "aws:SourceArn":
                            "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:vpc-flow-log/*",
                    },
                    "StringEquals": { "aws:SourceAccount": "${AWS::AccountId}" },
                },
                "Effect": "Allow",
                "Principal": { "Service": "vpc-flow-logs.amazonaws.com" },
            }])
        );
    }

    #[test]
    fn records_what_is_asked_for() {
        let log = |flow_logs: &str| stack(&format!("net: {{type: Network, flowLogs: {flow_logs}}}"));
        let traffic = |flow_logs| log(flow_logs).properties("net/FlowLog/FlowLog")["TrafficType"].clone();
        assert_eq!(traffic("reject"), json!("REJECT"));
        assert_eq!(traffic("{traffic: accept}"), json!("ACCEPT"));
        let built = log("{retention: 7, interval: 1m}");
        assert_eq!(built.properties("net/FlowLog/LogGroup/Resource"), json!({ "RetentionInDays": 7 }));
        assert_eq!(built.properties("net/FlowLog/FlowLog")["MaxAggregationInterval"], json!(60));
        assert_eq!(log("false").resources(), stack("net: {type: Network}").resources());
    }

    #[test]
    fn points_at_an_interval_there_is_not() {
        assert_eq!(
            stack("net: {type: Network, flowLogs: {interval: 5m}}").faults(),
            ["flow-log-interval at `5m`: flow logs sum up 1 or 10 minutes, not 300 s"]
        );
    }

    #[test]
    fn points_at_a_retention_there_is_not() {
        assert_eq!(
            stack("net: {type: Network, flowLogs: {retention: 10}}").faults(),
            ["log-retention at `10`: CloudWatch Logs has no retention of 10 days"]
        );
    }
}
