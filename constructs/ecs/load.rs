//! What adds and removes tasks: a target, and policies that keep a measure near it or act at thresholds.

use super::{
    count::{Metric, Scaling, Statistic, Steps},
    scaling,
};
use crate::{kernel::prelude::*, load_balancer::reached::Way};

const ALARM: ResourceType = ResourceType::new("AWS::CloudWatch::Alarm");

/// Lets the number of tasks of `service` follow the load.
pub(crate) fn add(
    count: &Scaling,
    scope: &mut Scope<'_>,
    cluster_name: &Expr<Handle>,
    service: Handle,
    way: &Way,
) {
    let mut scope = scope.child("Service");
    let mut scope = scope.child("TaskCount");
    let mut scope = scope.child("Target");
    let target = scaling::target(&mut scope, count.range(), cluster_name, service);
    let mut track = |id, metric: Expr<Handle>, value: Expr<Handle>| {
        let configuration = object! {
            "PredefinedMetricSpecification" => metric,
            "ScaleInCooldown" => count.scale_in_cooldown.0,
            "ScaleOutCooldown" => count.scale_out_cooldown.0,
            "TargetValue" => value,
        };
        scaling::track(&mut scope, id, target, configuration);
    };
    let predefined = |name: &'static str| object! { "PredefinedMetricType" => name };
    if let Some(share) = count.cpu {
        track("CpuScaling", predefined("ECSServiceAverageCPUUtilization"), share.map(|it| it.0).into());
    }
    if let Some(share) = count.memory {
        track("MemoryScaling", predefined("ECSServiceAverageMemoryUtilization"), share.map(|it| it.0).into());
    }
    if let Some(requests) = count.requests {
        let (load_balancer, group) = (way.balancer.resource, way.target_group);
        let label = text![
            load_balancer.attribute("LoadBalancerFullName"),
            "/",
            group.attribute("TargetGroupFullName")
        ];
        let metric =
            object! { "PredefinedMetricType" => "ALBRequestCountPerTarget", "ResourceLabel" => label };
        track("RequestScaling", metric, requests.into());
    }
    if let Some(steps) = &count.steps {
        let dimensions = scaling::dimensions(cluster_name, service);
        add_steps(count, steps, &mut scope.child("StepScaling"), target, &dimensions);
    }
}

/// Adds an alarm and a policy for each direction. The bounds of a step count from the threshold of the alarm, so
/// one policy cannot serve both directions: with the bounds of the one, no step of the other ever matches.
fn add_steps(
    count: &Scaling,
    steps: &Steps,
    scope: &mut Scope<'_>,
    target: Handle,
    dimensions: &Expr<Handle>,
) {
    let statistic = match steps.statistic {
        Statistic::Maximum => "Maximum",
        Statistic::Average => "Average",
    };
    let mut side = |side: &Side, cooldown: Seconds| {
        let policy_id = format!("{}Policy", side.id);
        let name = scope.child(&policy_id).unique_id();
        let policy = scope.child(&policy_id).resource(
            "Resource",
            scaling::SCALING_POLICY,
            object! {
                "PolicyName" => name,
                "PolicyType" => "StepScaling",
                "ScalingTargetId" => target.reference(),
                "StepScalingPolicyConfiguration" => object! {
                    "AdjustmentType" => "ChangeInCapacity",
                    "Cooldown" => cooldown.0,
                    "MetricAggregationType" => statistic,
                    "StepAdjustments" => side.adjustments.clone(),
                },
            },
        );
        scope.child(&format!("{}Alarm", side.id)).resource(
            "Resource",
            ALARM,
            object! {
                "AlarmActions" => list![policy.reference()],
                "AlarmDescription" => side.description,
                "ComparisonOperator" => side.operator,
                "Dimensions" => dimensions.clone(),
                "EvaluationPeriods" => steps.minutes,
                "MetricName" => match steps.metric {
                    Metric::Cpu => "CPUUtilization",
                    Metric::Memory => "MemoryUtilization",
                },
                "Namespace" => "AWS/ECS",
                "Period" => 60,
                "Statistic" => statistic,
                "Threshold" => side.threshold,
            },
        );
    };
    side(&lower(&steps.removals()), count.scale_in_cooldown);
    side(&upper(&steps.additions()), count.scale_out_cooldown);
}

/// What happens on one side of the load that is right.
struct Side {
    id: &'static str,
    description: &'static str,
    operator: &'static str,
    threshold: u32,
    adjustments: Vec<Expr<Handle>>,
}

/// `removals` are thresholds and tasks removed, the highest threshold first.
fn lower(removals: &[(u32, u32)]) -> Side {
    let threshold = removals.first().map_or(0, |it| it.0);
    let bound = |it: u32| i64::from(it) - i64::from(threshold);
    let adjustments = removals.iter().enumerate().map(|(at, (from, tasks))| {
        object! {
            "MetricIntervalLowerBound" => removals.get(at + 1).map(|it| bound(it.0)),
            "MetricIntervalUpperBound" => bound(*from),
            "ScalingAdjustment" => -i64::from(*tasks),
        }
    });
    Side {
        id: "Lower",
        description: "Tasks are idle: some are removed",
        operator: "LessThanOrEqualToThreshold",
        threshold,
        adjustments: adjustments.collect(),
    }
}

/// `additions` are thresholds and tasks added, the lowest threshold first.
fn upper(additions: &[(u32, u32)]) -> Side {
    let threshold = additions.first().map_or(0, |it| it.0);
    let bound = |it: u32| i64::from(it) - i64::from(threshold);
    let adjustments = additions.iter().enumerate().map(|(at, (from, tasks))| {
        object! {
            "MetricIntervalLowerBound" => bound(*from),
            "MetricIntervalUpperBound" => additions.get(at + 1).map(|it| bound(it.0)),
            "ScalingAdjustment" => *tasks,
        }
    });
    Side {
        id: "Upper",
        description: "Tasks are busy: more are added",
        operator: "GreaterThanOrEqualToThreshold",
        threshold,
        adjustments: adjustments.collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Stack, stack};

    fn with(count: &str) -> Stack {
        let web = "n: {type: Network}\nc: {type: Cluster}\nweb: {type: FargateService, network: n, cluster: c, image: 'a:1', port: 80, count: ";
        stack(&format!("{web}{count}}}"))
    }

    #[test]
    fn leaves_the_number_of_tasks_to_scaling() {
        let stack = with("{min: 1, max: 3, cpu: 70%}");
        assert_eq!(stack.properties("web/Service/Service")["DesiredCount"], json!(null));
        assert_eq!(
            stack.properties("web/Service/TaskCount/Target/Resource"),
            json!({
                "MaxCapacity": 3,
                "MinCapacity": 1,
                "ResourceId": "service/${c/Resource}/${web/Service/Service.Name}",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ServiceNamespace": "ecs",
            })
        );
        assert_eq!(with("2").properties("web/Service/Service")["DesiredCount"], 2);
    }

    #[test]
    fn begins_with_a_number_that_is_asked_for() {
        let stack = with("{min: 1, max: 10, desired: 6, cpu: 50%}");
        assert_eq!(stack.properties("web/Service/Service")["DesiredCount"], 6);
        let target = stack.properties("web/Service/TaskCount/Target/Resource");
        assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(1), &json!(10)));
    }

    #[test]
    fn tracks_each_target_that_is_given() {
        let stack = with("{max: 9, cpu: 70%, memory: 80%, requests: 1000, scaleInCooldown: 2m}");
        let configuration = |id: &str| {
            let policy = stack.properties(&format!("web/Service/TaskCount/Target/{id}/Resource"));
            assert_eq!(policy["PolicyType"], "TargetTrackingScaling");
            assert_eq!(policy["ScalingTargetId"], "${web/Service/TaskCount/Target/Resource}");
            policy["TargetTrackingScalingPolicyConfiguration"].clone()
        };
        let expected = |metric, value| {
            json!({
                "PredefinedMetricSpecification": metric,
                "ScaleInCooldown": 120,
                "ScaleOutCooldown": 60,
                "TargetValue": value,
            })
        };
        let metric = |name: &str| json!({ "PredefinedMetricType": name });
        assert_eq!(configuration("CpuScaling"), expected(metric("ECSServiceAverageCPUUtilization"), 70));
        assert_eq!(
            configuration("MemoryScaling"),
            expected(metric("ECSServiceAverageMemoryUtilization"), 80)
        );
        let label = "${web/LB/Resource.LoadBalancerFullName}/${web/LB/PublicListener/ECSGroup/Resource.TargetGroupFullName}";
        let metric = json!({ "PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label });
        assert_eq!(configuration("RequestScaling"), expected(metric, 1000));
    }

    #[test]
    fn steps_count_from_the_threshold_of_their_own_alarm() {
        let stack = with(
            "{max: 9, steps: [{above: 85%, add: 3}, {above: 70%, add: 1}, {below: 20%, remove: 1}, {below: 5%, remove: 2}]}",
        );
        let policy = |id: &str| {
            let policy =
                stack.properties(&format!("web/Service/TaskCount/Target/StepScaling/{id}Policy/Resource"));
            policy["StepScalingPolicyConfiguration"].clone()
        };
        assert_eq!(
            policy("Upper"),
            json!({
                "AdjustmentType": "ChangeInCapacity",
                "Cooldown": 60,
                "MetricAggregationType": "Maximum",
                "StepAdjustments": [
                    { "MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 15, "ScalingAdjustment": 1 },
                    { "MetricIntervalLowerBound": 15, "ScalingAdjustment": 3 },
                ],
            })
        );
        assert_eq!(
            policy("Lower"),
            json!({
                "AdjustmentType": "ChangeInCapacity",
                "Cooldown": 300,
                "MetricAggregationType": "Maximum",
                "StepAdjustments": [
                    { "MetricIntervalLowerBound": -15, "MetricIntervalUpperBound": 0, "ScalingAdjustment": -1 },
                    { "MetricIntervalUpperBound": -15, "ScalingAdjustment": -2 },
                ],
            })
        );
        assert_eq!(
            stack.properties("web/Service/TaskCount/Target/StepScaling/LowerAlarm/Resource"),
            json!({
                "AlarmActions": ["${web/Service/TaskCount/Target/StepScaling/LowerPolicy/Resource}"],
                "AlarmDescription": "Tasks are idle: some are removed",
                "ComparisonOperator": "LessThanOrEqualToThreshold",
                "Dimensions": [
                    { "Name": "ClusterName", "Value": "${c/Resource}" },
                    { "Name": "ServiceName", "Value": "${web/Service/Service.Name}" },
                ],
                "EvaluationPeriods": 2,
                "MetricName": "CPUUtilization",
                "Namespace": "AWS/ECS",
                "Period": 60,
                "Statistic": "Maximum",
                "Threshold": 20,
            })
        );
        let upper = stack.properties("web/Service/TaskCount/Target/StepScaling/UpperAlarm/Resource");
        assert_eq!(
            (&upper["ComparisonOperator"], &upper["Threshold"]),
            (&json!("GreaterThanOrEqualToThreshold"), &json!(70))
        );
        assert_eq!(
            upper["AlarmActions"],
            json!(["${web/Service/TaskCount/Target/StepScaling/UpperPolicy/Resource}"])
        );
    }

    #[test]
    fn steps_may_follow_the_average() {
        let stack = with(
            "{max: 3, steps: {statistic: average, levels: [{above: 60%, add: 1}, {below: 15%, remove: 1}]}}",
        );
        for id in ["Upper", "Lower"] {
            let properties = |kind: &str| {
                stack.properties(&format!("web/Service/TaskCount/Target/StepScaling/{id}{kind}/Resource"))
            };
            assert_eq!(properties("Alarm")["Statistic"], "Average");
            let policy = properties("Policy")["StepScalingPolicyConfiguration"].clone();
            assert_eq!(policy["MetricAggregationType"], "Average");
        }
    }

    #[test]
    fn steps_may_follow_the_memory() {
        let stack = with(
            "{max: 3, steps: {metric: memory, minutes: 5, levels: [{above: 70%, add: 1}, {below: 20%, remove: 1}]}}",
        );
        let alarm = stack.properties("web/Service/TaskCount/Target/StepScaling/UpperAlarm/Resource");
        assert_eq!(
            (&alarm["MetricName"], &alarm["EvaluationPeriods"]),
            (&json!("MemoryUtilization"), &json!(5))
        );
    }
}
