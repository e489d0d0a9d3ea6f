//! What a load balancer passes requests to: the tasks of a service, once that has registered them.

use super::{balancer::attribute, health::Health};
use crate::{kernel::prelude::*, targets::Network};

const TARGET_GROUP: ResourceType = ResourceType::new("AWS::ElasticLoadBalancingV2::TargetGroup");

/// What a target group is made of.
pub(crate) struct Parts<'a> {
    /// The network the tasks run in.
    pub(crate) network: &'a Network,
    /// How is told which tasks are well.
    pub(crate) health: &'a Health,
    /// The port tasks listen on.
    pub(crate) port: Spanned<u16>,
    /// How tasks are reached.
    pub(crate) by: By,
    /// How long a task that is to be stopped may go on with the requests it has.
    pub(crate) drain: Spanned<Seconds>,
    /// For how long a client is sent to the same task.
    pub(crate) sticky: Option<Spanned<Seconds>>,
}

/// How tasks are reached.
#[derive(Clone, Copy)]
pub(crate) enum By {
    /// At addresses of their own.
    Address,
    /// On ports of the instances they run on.
    Instance,
}

impl Parts<'_> {
    /// Adds the target group at `id`.
    pub(crate) fn add(&self, scope: &mut Scope<'_>, id: &str) -> Handle {
        let Self { health, sticky, .. } = self;
        let path = scope.text(&health.path);
        let duration = |it: &Spanned<Seconds>| {
            attribute("stickiness.lb_cookie.duration_seconds", it.map(|it| it.0.to_string()))
        };
        scope.child(id).resource(
            "Resource",
            TARGET_GROUP,
            object! {
                "HealthCheckIntervalSeconds" => health.interval.map(|it| it.0),
                "HealthCheckPath" => path,
                // What ELB does anyway. It is written out because cfn-lint asks for it where ECS picks the ports.
                "HealthCheckPort" => match self.by {
                    By::Address => None,
                    By::Instance => Some("traffic-port"),
                },
                "HealthCheckTimeoutSeconds" => health.timeout.map(|it| it.0),
                "HealthyThresholdCount" => health.healthy,
                "Matcher" => object! { "HttpCode" => health.codes.clone() },
                "Port" => self.port,
                "Protocol" => "HTTP",
                "TargetGroupAttributes" => list![
                    attribute("deregistration_delay.timeout_seconds", self.drain.map(|it| it.0.to_string())),
                    attribute("stickiness.enabled", sticky.is_some().to_string()),
                    sticky.map(|_| attribute("stickiness.type", "lb_cookie")),
                    sticky.as_ref().map(duration),
                ],
                "TargetType" => match self.by {
                    By::Address => "ip",
                    By::Instance => "instance",
                },
                "UnhealthyThresholdCount" => health.unhealthy,
                "VpcId" => self.network.vpc_id.clone(),
            },
        )
    }
}

/// To pass requests on to `target_group`.
pub(crate) fn forward(target_group: Handle) -> Expr<Handle> {
    object! { "TargetGroupArn" => target_group.reference(), "Type" => "forward" }
}
