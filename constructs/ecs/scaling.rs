//! What lets the number of tasks of a service follow a measure.

use crate::kernel::prelude::*;

const SCALABLE_TARGET: ResourceType = ResourceType::new("AWS::ApplicationAutoScaling::ScalableTarget");
/// A policy of Application Auto Scaling.
pub(crate) const SCALING_POLICY: ResourceType =
    ResourceType::new("AWS::ApplicationAutoScaling::ScalingPolicy");

/// From how many tasks to how many.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    /// The least number.
    pub(crate) min: Spanned<u32>,
    /// The greatest number.
    pub(crate) max: Spanned<u32>,
}

impl Range {
    /// Reports numbers between which nothing scales.
    pub(crate) fn check(self, faults: &mut Vec<Diagnostic>) {
        let (min, max) = (self.min.value, self.max.value);
        if min >= max {
            faults.push(
                Diagnostic::error(
                    "count-range",
                    format!("there is nothing between {min} and {max} tasks to scale"),
                )
                .at(self.max.span)
                .help(format!("make `max` greater than {min}, or write `count: {}`", max.max(1))),
            );
        }
        if min == 0 {
            faults.push(
                Diagnostic::error("count-range", "from 0 tasks nothing scales: load is measured on tasks")
                    .at(self.min.span)
                    .help("use 1 or more"),
            );
        }
    }
}

/// Adds what scaling policies for `service` refer to.
pub(crate) fn target(
    scope: &mut Scope<'_>,
    range: Range,
    cluster_name: &Expr<Handle>,
    service: Handle,
) -> Handle {
    scope.resource(
        "Resource",
        SCALABLE_TARGET,
        object! {
            "MaxCapacity" => range.max,
            "MinCapacity" => range.min,
            "ResourceId" => text!["service/", cluster_name.clone(), "/", service.attribute("Name")],
            "ScalableDimension" => "ecs:service:DesiredCount",
            "ServiceNamespace" => "ecs",
        },
    )
}

/// Adds a policy at `id` that keeps a measure near a target, as `configuration` says.
pub(crate) fn track(scope: &mut Scope<'_>, id: &str, target: Handle, configuration: Expr<Handle>) {
    let mut scope = scope.child(id);
    let name = scope.unique_id();
    scope.resource(
        "Resource",
        SCALING_POLICY,
        object! {
            "PolicyName" => name,
            "PolicyType" => "TargetTrackingScaling",
            "ScalingTargetId" => target.reference(),
            "TargetTrackingScalingPolicyConfiguration" => configuration,
        },
    );
}

/// By what CloudWatch knows the metrics of `service`.
pub(crate) fn dimensions(cluster_name: &Expr<Handle>, service: Handle) -> Expr<Handle> {
    list![
        object! { "Name" => "ClusterName", "Value" => cluster_name.clone() },
        object! { "Name" => "ServiceName", "Value" => service.attribute("Name") },
    ]
}
