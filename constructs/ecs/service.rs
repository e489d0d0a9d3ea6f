//! A service on ECS: what keeps tasks running, and replaces them when they are deployed.

use super::placement::Placement;
use crate::{cluster, kernel::prelude::*};

const SERVICE: ResourceType = ResourceType::new("AWS::ECS::Service");

choices! {
    /// Whether tasks run on ordinary capacity, or on what is spare.
    pub enum Capacity {
        /// On ordinary capacity.
        OnDemand,
        /// On spare capacity: cheaper by two thirds, and AWS may take a task away at two minutes' notice.
        Spot,
    }
}

impl Capacity {
    /// What ECS is told: a launch type, or the providers of capacity.
    pub(crate) fn launch(self) -> (Option<&'static str>, Option<Expr<Handle>>) {
        let spot = list![object! { "CapacityProvider" => "FARGATE_SPOT", "Weight" => 1 }];
        match self {
            Self::OnDemand => (Some("FARGATE"), None),
            Self::Spot => (None, Some(spot)),
        }
    }
}

properties! {
    /// How many tasks run while a service is deployed, in percent of its count.
    pub struct Deployment {
        /// The share of its tasks that stay healthy all the while, up to `100%`.
        minimum: Spanned<Percent> = "100%",
        /// The share of its tasks that may run at once, old and new together, from `100%` to `200%`.
        maximum: Spanned<Percent> = "200%",
    }
}

impl Deployment {
    /// Reports shares ECS does not take, and those that leave a deployment of `count` tasks no room.
    pub(crate) fn check(&self, count: Spanned<u32>, faults: &mut Vec<Diagnostic>) {
        let Self {
            minimum: Spanned { value: Percent(minimum), .. },
            maximum: Spanned { value: Percent(maximum), .. },
        } = *self;
        if minimum > 100 {
            faults.push(
                Diagnostic::error(
                    "deployment-range",
                    format!("no more than 100% of the tasks can be well, not {minimum}%"),
                )
                .at(self.minimum.span)
                .help("use `100%` or less"),
            );
        }
        if !(100..=200).contains(&maximum) {
            faults.push(
                Diagnostic::error(
                    "deployment-range",
                    format!("from 100% to 200% of the tasks run, not {maximum}%"),
                )
                .at(self.maximum.span)
                .help("use `200%`, or less where tasks are few to spare"),
            );
        }
        // ECS rounds the least up and the most down.
        let tasks = u64::from(count.value);
        let (least, most) = ((tasks * u64::from(minimum)).div_ceil(100), tasks * u64::from(maximum) / 100);
        if tasks > 0 && least >= tasks && most <= tasks && minimum <= 100 && maximum >= 100 {
            let message =
                format!("while {least} of {tasks} must run and {most} at most may, none can be replaced");
            faults.push(
                Diagnostic::error("deployment-stuck", message)
                    .at(self.maximum.span.or(self.minimum.span))
                    .help("raise `maximum`, or lower `minimum`"),
            );
        }
    }
}

/// A load balancer that passes requests on to the tasks of a service.
pub(crate) struct Balancing {
    /// What ECS is told of it.
    pub(crate) target: Expr<Handle>,
    /// How long the health of a new task does not count.
    pub(crate) grace: Seconds,
}

/// What a service is made of.
pub(crate) struct Service<'a> {
    /// The cluster it runs in.
    pub(crate) cluster: &'a cluster::Exports,
    /// The definition of its tasks.
    pub(crate) definition: Handle,
    /// How many tasks run; absent if scaling decides, for each update of the stack would set the number back that
    /// it has arrived at.
    pub(crate) count: Option<Spanned<u32>>,
    /// Where its tasks run.
    pub(crate) placement: &'a Placement,
    /// The security group they run in.
    pub(crate) group: Handle,
    /// What passes requests on to them, if anything does.
    pub(crate) balancing: Option<Balancing>,
    /// How it is deployed.
    pub(crate) deployment: &'a Deployment,
    /// What it runs on.
    pub(crate) capacity: Capacity,
    /// Whether a shell may be opened in its tasks.
    pub(crate) exec: bool,
    /// The version of Fargate's platform.
    pub(crate) platform: Option<Spanned<String>>,
}

/// Adds a service at `Service`. A deployment that fails is rolled back.
pub(crate) fn add(service: Service<'_>, scope: &mut Scope<'_>) -> Handle {
    let (target, grace) = service.balancing.map(|it| (it.target, it.grace.0)).unzip();
    let (launch_type, providers) = service.capacity.launch();
    scope.resource(
        "Service",
        SERVICE,
        object! {
            "CapacityProviderStrategy" => providers,
            "Cluster" => service.cluster.name.clone(),
            "DeploymentConfiguration" => object! {
                "DeploymentCircuitBreaker" => object! { "Enable" => true, "Rollback" => true },
                "MaximumPercent" => service.deployment.maximum.map(|it| it.0),
                "MinimumHealthyPercent" => service.deployment.minimum.map(|it| it.0),
            },
            "DesiredCount" => service.count,
            "EnableECSManagedTags" => true,
            "EnableExecuteCommand" => service.exec.then_some(true),
            "HealthCheckGracePeriodSeconds" => grace,
            "LaunchType" => launch_type,
            "LoadBalancers" => target.map(|it| list![it]),
            "NetworkConfiguration" => service.placement.configuration(service.group),
            "PlatformVersion" => service.platform,
            "PropagateTags" => "SERVICE",
            "TaskDefinition" => service.definition.reference(),
        },
    )
}
