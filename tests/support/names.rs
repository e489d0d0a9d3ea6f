//! The names that a template fixes for what AWS holds: two stacks in one account cannot have the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::query::Query;

/// Properties that end in `Name`, and name something else than the resource itself.
const OTHERS: [(&str, &str); 6] = [
    // The policy is part of a role, and named within it.
    ("AWS::IAM::Policy", "PolicyName"),
    // It says which one it is, of a cluster.
    ("AWS::EKS::Addon", "AddonName"),
    ("AWS::CloudWatch::Alarm", "MetricName"),
    ("AWS::ECS::ClusterCapacityProviderAssociations", "ClusterName"),
    ("AWS::EC2::VPCEndpoint", "ServiceName"),
    ("AWS::Route53::RecordSet", "HostedZoneName"),
];

/// The names, each as `type property name`. One that refers to something of the template, or to its stack, is that
/// stack's own.
pub(crate) fn fixed_names(template: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for resource in Query::new(template).resources() {
        let properties = resource.value["Properties"].as_object().into_iter().flatten();
        for (key, value) in properties {
            let is_name = key.ends_with("Name") || key == "Family";
            if is_name && !OTHERS.contains(&(resource.kind(), key)) && is_fixed(value) {
                names.insert(format!("{} {key} {value}", resource.kind()));
            }
        }
    }
    names
}

fn is_fixed(value: &Value) -> bool {
    let text = value.as_str().or_else(|| value["Fn::Sub"].as_str());
    let of_account = ["AWS::AccountId", "AWS::Region", "AWS::Partition", "AWS::URLSuffix"];
    text.is_some_and(|text| {
        let references = text.split("${").skip(1).filter_map(|it| it.split('}').next());
        references.into_iter().all(|it| of_account.contains(&it))
    })
}
