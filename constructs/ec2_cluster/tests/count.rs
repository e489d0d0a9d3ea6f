//! How many instances a cluster has, and what says so.

use serde_json::json;

use super::{GROUP, below_group, faults, launched, with};

#[test]
fn the_number_at_first_is_left_to_ecs_unless_it_is_given() {
    assert_eq!(below_group(&with(""), "ASG")["DesiredCapacity"], json!(null));
    let fixed = below_group(&with(", count: 3"), "ASG");
    assert_eq!([&fixed["MinSize"], &fixed["MaxSize"], &fixed["DesiredCapacity"]], [&json!("3"), &json!("3"), &json!(null)]);
}

#[test]
fn cpu_may_say_how_many_instances_there_are() {
    let stack = with(", scaling: {above: 80%, add: 4, below: 30%, remove: 2}");
    let below = |path: &str| below_group(&stack, &format!("CpuScaling/{path}/Resource"));
    let policy = |change: i64| {
        json!({
            "AdjustmentType": "ChangeInCapacity",
            "AutoScalingGroupName": "${c/DefaultAutoScalingGroup/ASG}",
            "Cooldown": "300",
            "PolicyType": "SimpleScaling",
            "ScalingAdjustment": change,
        })
    };
    assert_eq!([below("UpperPolicy"), below("LowerPolicy")], [policy(4), policy(-2)]);
    let alarm = |action: &str, description: &str, operator: &str, periods: u32, threshold: u32| {
        json!({
            "AlarmActions": [format!("${{{GROUP}/CpuScaling/{action}/Resource}}")],
            "AlarmDescription": description,
            "ComparisonOperator": operator,
            "Dimensions":
                [{ "Name": "AutoScalingGroupName", "Value": "${c/DefaultAutoScalingGroup/ASG}" }],
            "EvaluationPeriods": periods,
            "MetricName": "CPUUtilization",
            "Namespace": "AWS/EC2",
            "Period": 60,
            "Statistic": "Average",
            "Threshold": threshold,
        })
    };
    assert_eq!(
        below("UpperAlarm"),
        alarm("UpperPolicy", "Instances are busy: more are added", "GreaterThanOrEqualToThreshold", 2, 80)
    );
    assert_eq!(
        below("LowerAlarm"),
        alarm("LowerPolicy", "Instances are idle: some are removed", "LessThanOrEqualToThreshold", 15, 30)
    );
    let provider = stack.properties("c/AsgCapacityProvider/AsgCapacityProvider");
    assert_eq!(provider["AutoScalingGroupProvider"]["ManagedScaling"], json!({ "Status": "DISABLED" }));
    assert_eq!(launched(&stack)["Monitoring"], json!({ "Enabled": true }));
}

#[test]
fn points_at_numbers_that_do_not_fit_together() {
    assert_eq!(
        faults(", count: {min: 3, max: 2}"),
        ["count-range at `2`: there cannot be 3 instances or more, and 2 at most"]
    );
    assert_eq!(faults(", count: 0"), ["count-range at `0`: on 0 instances nothing runs"]);
    assert_eq!(
        faults(", count: {min: 3, max: 12, desired: 13}"),
        ["count-range at `13`: 13 instances are not between 3 and 12"]
    );
}

#[test]
fn points_at_scaling_that_leads_nowhere() {
    assert_eq!(
        faults(", scaling: {above: 80%, add: 4}"),
        ["missing-property at `above`: the property `below` is missing"]
    );
    assert_eq!(
        faults(", scaling: {above: 30%, below: 30%}"),
        ["count-step at `30%`: at 30% instances are added, and up to 30% removed"]
    );
    assert_eq!(
        faults(", scaling: {above: 120%, below: 30%, add: 0, minutes: 0}"),
        [
            "count-share at `120%`: instances use from 1% to 100% of their CPU, not 120%",
            "count-step at `0`: a step of 0 instances does nothing",
            "count-step at `0`: a threshold is measured over 1 minute or more, not 0",
        ]
    );
    assert_eq!(
        faults(", count: 3, scaling: {above: 80%, below: 30%}"),
        ["count-range at `{above: 80%, below: 30%}`: there is nothing between 3 and 3 instances to scale"]
    );
    assert_eq!(
        faults(", count: {min: 0, max: 3}, scaling: {above: 80%, below: 30%}"),
        ["count-range at `0`: from 0 instances nothing scales: load is measured on instances"]
    );
}

#[test]
fn points_at_a_share_that_cannot_be_or_has_no_effect() {
    assert_eq!(
        faults(", targetCapacity: 0%"),
        ["target-capacity at `0%`: tasks take up from 1% to 100% of the instances, not 0%"]
    );
    assert_eq!(
        faults(", targetCapacity: 90%, scaling: {above: 80%, below: 30%}"),
        ["no-effect at `90%`: with `scaling` ECS does not say how many instances there are"]
    );
}
