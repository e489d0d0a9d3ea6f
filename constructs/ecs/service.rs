//! A service on ECS: what keeps tasks running, and replaces them when they are deployed.

use super::fargate::OnFargate;
use crate::{
    kernel::prelude::*,
    load_balancer::{reached::Way, shift::Shift},
    targets::Instances,
};

const SERVICE: ResourceType = ResourceType::new("AWS::ECS::Service");

/// A load balancer that passes requests on to the tasks of a service.
pub(crate) struct Balancing {
    /// What ECS is told of it.
    target: Expr<Handle>,
    /// How long the health of a new task does not count.
    grace: Seconds,
}

impl Balancing {
    /// The way to `port` of `container`.
    pub(crate) fn new(container: &Spanned<String>, port: Spanned<u16>, way: &Way, grace: Seconds) -> Self {
        let target = object! {
            "AdvancedConfiguration" => way.shift.as_ref().map(Shift::configuration),
            "ContainerName" => container.clone(),
            "ContainerPort" => port,
            "TargetGroupArn" => way.target_group.reference(),
        };
        Self { target, grace }
    }
}

/// What the tasks of a service run on, as ECS is told it.
pub(crate) struct Runs {
    launch_type: Option<&'static str>,
    providers: Option<Expr<Handle>>,
    platform: Option<Spanned<String>>,
    strategies: Option<Expr<Handle>>,
}

impl Runs {
    /// On Fargate.
    pub(crate) fn on_fargate(fargate: &OnFargate) -> Self {
        let (launch_type, providers) = fargate.capacity.launch();
        Self { launch_type, providers, platform: fargate.platform.clone(), strategies: None }
    }

    /// On the instances of a cluster: in as many zones as there are, and there on as many instances.
    pub(crate) fn on_instances(instances: &Instances) -> Self {
        let provider = object! { "CapacityProvider" => instances.capacity_provider.clone(), "Weight" => 1 };
        let spread = |over: &'static str| object! { "Field" => over, "Type" => "spread" };
        Self {
            launch_type: None,
            providers: Some(list![provider]),
            platform: None,
            strategies: Some(list![spread("attribute:ecs.availability-zone"), spread("instanceId")]),
        }
    }
}

/// What a service is made of.
pub(crate) struct Service {
    /// Its name, if it has one of its own.
    pub(crate) name: Option<Expr<Handle>>,
    /// The name of the cluster it runs in.
    pub(crate) cluster: Expr<Handle>,
    /// The definition of its tasks.
    pub(crate) definition: Handle,
    /// How many tasks run; absent if scaling alone decides, for each update of the service would set the number back
    /// that it has arrived at.
    pub(crate) count: Option<Spanned<u32>>,
    /// Where its tasks run, if they have addresses of their own.
    pub(crate) network: Option<Expr<Handle>>,
    /// What passes requests on to them, if anything does.
    pub(crate) balancing: Option<Balancing>,
    /// How it is deployed.
    pub(crate) deployment: Expr<Handle>,
    /// What it runs on.
    pub(crate) runs: Runs,
    /// Whether a shell may be opened in its tasks.
    pub(crate) exec: bool,
}

/// Adds a service at `Service`. A deployment that fails is rolled back.
pub(crate) fn add(service: Service, scope: &mut Scope<'_>) -> Handle {
    let (target, grace) = service.balancing.map(|it| (it.target, it.grace.0)).unzip();
    scope.resource(
        "Service",
        SERVICE,
        object! {
            "CapacityProviderStrategy" => service.runs.providers,
            "Cluster" => service.cluster,
            "DeploymentConfiguration" => service.deployment,
            "DesiredCount" => service.count,
            "EnableECSManagedTags" => true,
            "EnableExecuteCommand" => service.exec.then_some(true),
            "HealthCheckGracePeriodSeconds" => grace,
            "LaunchType" => service.runs.launch_type,
            "LoadBalancers" => target.map(|it| list![it]),
            "NetworkConfiguration" => service.network,
            "PlacementStrategies" => service.runs.strategies,
            "PlatformVersion" => service.runs.platform,
            "PropagateTags" => "SERVICE",
            "ServiceName" => service.name,
            "TaskDefinition" => service.definition.reference(),
        },
    )
}
