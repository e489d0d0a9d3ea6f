//! How many tasks of a worker run: a number, or from a number to a number, as its backlog asks.

use crate::{
    ecs::scaling::{self, Range},
    kernel::prelude::*,
};

/// How many tasks a worker runs.
#[derive(Clone, Debug)]
pub enum Count {
    /// So many.
    Fixed(Spanned<u32>),
    /// As many as the backlog asks for.
    Scaled(Scaling),
}

impl Property for Count {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.is_group() {
            return Scaling::read(node, reader).map(Self::Scaled);
        }
        Spanned::read(node, reader).map(Self::Fixed)
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Integer, Scaling::shape()])
    }
}

properties! {
    /// A number of tasks that follows the backlog of a queue.
    pub struct Scaling {
        /// The least number of tasks.
        min: Spanned<u32> = "1",
        /// The greatest number of tasks.
        max: Spanned<u32>,
        /// How many messages there are to be for each task, those it works on included. Tasks are added when there
        /// are more, and removed when there have been fewer for a quarter of an hour.
        backlog: Spanned<u32>,
        /// How long to wait after tasks were added, before more are.
        scale_out_cooldown: Seconds = "60s",
        /// How long to wait after tasks were removed, before more are.
        scale_in_cooldown: Seconds = "5m",
    }
}

impl Count {
    /// The least number of tasks, while nothing fails.
    pub(super) fn least(&self) -> Spanned<u32> {
        match self {
            Self::Fixed(count) => *count,
            Self::Scaled(scaling) => scaling.min,
        }
    }

    /// Reports numbers between which nothing scales.
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        let Self::Scaled(scaling) = self else { return };
        scaling.range().check(faults);
        if scaling.backlog.value == 0 {
            faults.push(
                Diagnostic::error("count-target", "there cannot be 0 messages for each task")
                    .at(scaling.backlog.span)
                    .help("say how many messages may wait for a task: those it can work off in the time they may wait"),
            );
        }
    }
}

impl Scaling {
    fn range(&self) -> Range {
        Range { min: self.min, max: self.max }
    }

    /// Lets the number of tasks of `service` follow what is in `queue`, at the paths of the CDK's.
    pub(super) fn add(
        &self,
        scope: &mut Scope<'_>,
        cluster_name: &Expr<Handle>,
        service: Handle,
        queue: Handle,
    ) {
        let mut scope = scope.child("TaskCount");
        let mut scope = scope.child("Target");
        let target = scaling::target(&mut scope, self.range(), cluster_name, service);
        let of_queue = list![object! { "Name" => "QueueName", "Value" => queue.attribute("QueueName") }];
        let metric = |id: &'static str, stat: &'static str, metric: Expr<Handle>| {
            object! {
                "Id" => id,
                "MetricStat" => object! { "Metric" => metric, "Stat" => stat },
                "ReturnData" => false,
            }
        };
        let messages = |name: &'static str| {
            object! { "Dimensions" => of_queue.clone(), "MetricName" => name, "Namespace" => "AWS/SQS" }
        };
        // ECS counts running tasks only where Container Insights are paid for; but each of them gives the service's
        // metrics one sample a minute.
        let tasks = object! {
            "Dimensions" => scaling::dimensions(cluster_name, service),
            "MetricName" => "CPUUtilization",
            "Namespace" => "AWS/ECS",
        };
        // What is being worked on counts, or the task that works on the last message would be the first to go.
        let metrics = list![
            object! {
                "Expression" => "(waiting + working) / tasks",
                "Id" => "backlog",
                "Label" => "Messages for each task",
                "ReturnData" => true,
            },
            metric("waiting", "Maximum", messages("ApproximateNumberOfMessagesVisible")),
            metric("working", "Maximum", messages("ApproximateNumberOfMessagesNotVisible")),
            metric("tasks", "SampleCount", tasks),
        ];
        scaling::track(
            &mut scope,
            "BacklogScaling",
            target,
            object! {
                "CustomizedMetricSpecification" => object! { "Metrics" => metrics },
                "ScaleInCooldown" => self.scale_in_cooldown.0,
                "ScaleOutCooldown" => self.scale_out_cooldown.0,
                "TargetValue" => self.backlog,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Stack, stack};

    fn with(count: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nc: {{type: Cluster}}\nw: {{type: Worker, network: n, cluster: c, image: 'a:1', count: {count}}}"
        ))
    }

    const SERVICE: &str = "w/QueueProcessingFargateService/Service";
    const TARGET: &str = "w/QueueProcessingFargateService/TaskCount/Target";

    #[test]
    fn is_a_number_that_nothing_changes() {
        let stack = with("2");
        assert_eq!(stack.properties(SERVICE)["DesiredCount"], 2);
        assert!(stack.resources().iter().all(|(path, _)| !path.starts_with(TARGET)));
        assert_eq!(with("0").properties(SERVICE)["DesiredCount"], 0);
    }

    #[test]
    fn is_left_to_scaling_between_two_numbers() {
        let stack = with("{min: 2, max: 10, backlog: 100}");
        assert_eq!(stack.faults(), [""; 0]);
        assert_eq!(stack.properties(SERVICE)["DesiredCount"], json!(null));
        assert_eq!(
            stack.properties(&format!("{TARGET}/Resource")),
            json!({
                "MaxCapacity": 10,
                "MinCapacity": 2,
                "ResourceId": format!("service/${{c/Resource}}/${{{SERVICE}.Name}}"),
                "ScalableDimension": "ecs:service:DesiredCount",
                "ServiceNamespace": "ecs",
            })
        );
    }

    /// A policy that tracks a target acts above and below it.
    #[test]
    fn follows_the_messages_for_each_task_in_both_directions() {
        let queue = json!([{ "Name": "QueueName", "Value": "${w/EcsProcessingQueue/Resource.QueueName}" }]);
        let messages = |id: &str, name: &str| {
            json!({
                "Id": id,
                "MetricStat": {
                    "Metric": { "Dimensions": queue, "MetricName": name, "Namespace": "AWS/SQS" },
                    "Stat": "Maximum",
                },
                "ReturnData": false,
            })
        };
        assert_eq!(
            with("{max: 10, backlog: 100, scaleOutCooldown: 2m, scaleInCooldown: 10m}")
                .properties(&format!("{TARGET}/BacklogScaling/Resource")),
            json!({
                "PolicyName": "TestwQueueProcessingFargateServiceTaskCountTargetBacklogScaling90363CB2",
                "PolicyType": "TargetTrackingScaling",
                "ScalingTargetId": format!("${{{TARGET}/Resource}}"),
                "TargetTrackingScalingPolicyConfiguration": {
                    "CustomizedMetricSpecification": {
                        "Metrics": [
                            {
                                "Expression": "(waiting + working) / tasks",
                                "Id": "backlog",
                                "Label": "Messages for each task",
                                "ReturnData": true,
                            },
                            messages("waiting", "ApproximateNumberOfMessagesVisible"),
                            messages("working", "ApproximateNumberOfMessagesNotVisible"),
                            {
                                "Id": "tasks",
                                "MetricStat": {
                                    "Metric": {
                                        "Dimensions": [
                                            { "Name": "ClusterName", "Value": "${c/Resource}" },
                                            { "Name": "ServiceName", "Value": format!("${{{SERVICE}.Name}}") },
                                        ],
                                        "MetricName": "CPUUtilization",
                                        "Namespace": "AWS/ECS",
                                    },
                                    "Stat": "SampleCount",
                                },
                                "ReturnData": false,
                            },
                        ],
                    },
                    "ScaleInCooldown": 600,
                    "ScaleOutCooldown": 120,
                    "TargetValue": 100,
                },
            })
        );
    }

    #[test]
    fn points_at_numbers_between_which_nothing_scales() {
        assert_eq!(
            with("{min: 3, max: 3, backlog: 10}").faults(),
            ["count-range at `3`: there is nothing between 3 and 3 tasks to scale"]
        );
        assert_eq!(
            with("{min: 0, max: 3, backlog: 10}").faults(),
            ["count-range at `0`: from 0 tasks nothing scales: load is measured on tasks"]
        );
        assert_eq!(
            with("{max: 3, backlog: 0}").faults(),
            ["count-target at `0`: there cannot be 0 messages for each task"]
        );
        assert_eq!(
            with("{max: 3}").faults(),
            ["missing-property at `max`: the property `backlog` is missing"]
        );
    }
}
