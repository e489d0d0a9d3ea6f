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
    /// What is fixed once the target group is there.
    pub(crate) fixed: &'a TargetGroup,
}

properties! {
    /// What identifies a target group, and is fixed once it is there. ELB stops passing requests on while one takes the
    /// place of another, until tasks have registered there.
    pub struct TargetGroup {
        /// The id of the target group in the tree, from which its logical id follows. If absent, `ECSGroup` below the
        /// listener, or `TargetGroup` with `behind`; the CDK calls that of an internal service `ECSPrivateGroup`.
        id: Option<PartId>,
        /// The port the target group itself has. No request comes to it, because each task registers with the port it
        /// listens on. If absent, that port; the CDK writes `80`.
        port: Option<Spanned<u16>>,
        /// Its name. If absent, CloudFormation makes one that is unique.
        name: Option<Text>,
    }
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
    /// Adds the target group at `id`, unless the stack file says another.
    pub(crate) fn add(&self, scope: &mut Scope<'_>, id: &str) -> Handle {
        let id = self.fixed.id.as_ref().map_or(id, PartId::id);
        let name = self.fixed.name.as_ref().map(|it| scope.text(it));
        self.add_at(scope, id, name)
    }

    /// Adds one more, to which requests move when the service is deployed, at `id`.
    pub(crate) fn add_alternate(&self, scope: &mut Scope<'_>, id: &str) -> Handle {
        self.add_at(scope, id, None)
    }

    fn add_at(&self, scope: &mut Scope<'_>, id: &str, name: Option<Expr<Handle>>) -> Handle {
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
                "Name" => name,
                "Port" => self.fixed.port.unwrap_or(self.port),
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

#[cfg(test)]
mod tests {
    use crate::testing::{Stack, stack};

    fn with(properties: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nfront: {{type: LoadBalancer, network: n}}\n\
             web: {{type: FargateService, network: n, image: 'a:1', port: 8080, {properties}}}"
        ))
    }

    #[test]
    fn what_is_fixed_may_be_what_it_was() {
        let built = with("balancer: {name: shop, targetGroup: {id: ECSPrivateGroup, port: 80, name: shop-web}}");
        let group = built.properties("web/LB/PublicListener/ECSPrivateGroup/Resource");
        assert_eq!((&group["Port"], &group["Name"]), (&80.into(), &"shop-web".into()));
        assert_eq!(built.properties("web/LB/Resource")["Name"], "shop");
        let target = &built.properties("web/Service/Service")["LoadBalancers"][0];
        assert_eq!(target["ContainerPort"], 8080);
        assert_eq!(target["TargetGroupArn"], "${web/LB/PublicListener/ECSPrivateGroup/Resource}");
        let behind = with(
            "behind: {balancer: front, paths: [/], priority: 1}, deployment: {strategy: blueGreen}, \
             balancer: {targetGroup: {id: Group, name: shop-web}}",
        );
        assert_eq!(behind.properties("web/Group/Resource")["Name"], "shop-web");
        assert_eq!(behind.properties("web/GreenTargetGroup/Resource").get("Name"), None);
    }

    #[test]
    fn points_at_a_name_that_a_shared_load_balancer_does_not_get_here() {
        assert_eq!(
            with("behind: {balancer: front, paths: [/], priority: 1}, balancer: {name: shop}").faults(),
            ["no-effect at `shop`: the service stands behind `front`, which is told this itself"]
        );
    }
}
