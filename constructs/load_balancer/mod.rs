//! A load balancer that several services stand behind.
//!
//! Laid out as the CDK's `ApplicationLoadBalancer` with a listener named `Listener`.

pub(crate) mod balancer;
pub(crate) mod health;
pub(crate) mod https;
pub(crate) mod reached;
pub(crate) mod rule;
pub(crate) mod shift;
pub(crate) mod target_group;

use ipnet::IpNet;

use crate::{
    grants::Grantable,
    kernel::prelude::*,
    targets::{self, Instances, Network},
};
use balancer::Parts;
use reached::Ports;

pub use balancer::Access;
pub use health::Health;
pub use https::Https;
pub use reached::{Balancer, Reached};
pub use rule::Behind;
pub use shift::Preview;

properties! {
    /// A load balancer that several services stand behind, each with `behind: {balancer: …, paths: […], priority: …}`.
    ///
    /// A request that is no service's gets the status 404.
    pub struct LoadBalancer {
        /// Its name. If absent, CloudFormation makes one that is unique. With another name it is another load balancer.
        name: Option<Text>,
        /// The network it stands in.
        network: Link<Network>,
        /// From where it is reached.
        access: Spanned<Access> = "public",
        /// The IPv4 addresses that may call it. If absent, all of the internet, or with `access: internal` all of the
        /// network.
        allow: Vec<Spanned<IpNet>>,
        /// How it is called over HTTPS: `{domain: shop.example.com, zone: {name: example.com, id: Z0123456789ABC}}`,
        /// or with a `certificate` that is there already. If absent, it is called over HTTP, which is not encrypted.
        https: Option<Https>,
        /// The `Ec2Cluster` whose instances it reaches. If absent, services on instances open the way to theirs, which
        /// those of one stack can share; services in several stacks need it here.
        instances: Option<Link<Instances>>,
        /// After how long without a byte it closes a connection, from `1s` to `4000s`.
        idle_timeout: Spanned<Seconds> = "60s",
        /// Whether it refuses to be deleted; a stack cannot be deleted then either.
        deletion_protection: bool = "false",
        /// The id of the listener that passes requests on, from which its logical id follows. If absent, `Listener`; one
        /// that was made by the CDK has the id it was added with. Two listeners cannot have one port, so that an update
        /// with another id fails.
        listener_id: Option<PartId>,
        /// The id of the listener that sends those who call without TLS to call with it, with `https`. If absent,
        /// `RedirectListener`; the CDK calls it `Redirect80To443`.
        redirect_id: Option<PartId>,
    }
}

exports! {
    /// What other constructs may use of a [`LoadBalancer`].
    pub struct Exports {
        /// Its ARN.
        arn: Expr<Handle>,
        /// The URL it is called at: with the domain of its certificate, or else its own name.
        url: Expr<Handle>,
        /// The host name AWS gave it.
        hostname: Expr<Handle>,
        /// Its name in CloudWatch's metrics.
        full_name: Expr<Handle>,
        /// The ARN of the listener that passes requests on.
        listener_arn: Expr<Handle>,
        /// The id of its security group.
        security_group_id: Expr<Handle>,
        /// Itself, for what stands before it and behind it.
        load_balancer: targets::LoadBalancer,
        /// What others may do with it.
        grantable: Grantable,
    }
}

impl Construct for LoadBalancer {
    const KIND: &'static str = "LoadBalancer";
    const EXAMPLE: &'static str = include_str!("load_balancer.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        balancer::check_idle_timeout(self.idle_timeout, faults);
        balancer::check_allowed(&self.allow, faults);
        match (&self.https, &self.redirect_id) {
            (Some(https), _) => https.check(faults),
            (None, Some(id)) => faults.push(
                Diagnostic::error("no-effect", "without `https` nobody is sent to call with TLS")
                    .at(id.span())
                    .help("remove `redirectId`, or add `https`"),
            ),
            (None, None) => (),
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let network = scope.find(&self.network)?;
        let listener_id = self.listener_id.as_ref().map_or("Listener", PartId::id);
        let redirect_id = self.redirect_id.as_ref().map_or("RedirectListener", PartId::id);
        scope.arrange(&["Resource", "SecurityGroup", listener_id]);
        let parts = Parts {
            network: &network,
            network_name: &self.network.name,
            access: self.access,
            allow: &self.allow,
            https: self.https.as_ref().map(|it| it.build(scope)),
            name: self.name.as_ref().map(|it| scope.text(it)),
            idle_timeout: self.idle_timeout,
            deletion_protection: self.deletion_protection,
            listeners: [listener_id, redirect_id],
        };
        let mut offer = balancer::add(parts, scope, |_| not_found())?;
        if let Some(https) = &self.https {
            https.add_record(scope, &offer)?;
        }
        if let Some(link) = &self.instances {
            let instances = scope.find(link)?;
            reached::admit_to_instances(scope, &offer, &instances, Ports::DYNAMIC, &link.name);
            offer.reaches = Some(instances.security_group);
        }
        Ok(Exports {
            arn: offer.arn.clone(),
            url: offer.url(None),
            hostname: offer.dns_name.clone(),
            full_name: offer.resource.attribute("LoadBalancerFullName"),
            listener_arn: offer.listener.reference(),
            security_group_id: offer.group.attribute("GroupId"),
            grantable: offer.grantable(),
            load_balancer: offer,
        })
    }
}

/// What a request gets that is no service's.
fn not_found() -> Expr<Handle> {
    object! {
        "FixedResponseConfig" => object! {
            "ContentType" => "text/plain",
            "MessageBody" => "Not found",
            "StatusCode" => "404",
        },
        "Type" => "fixed-response",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::stack;

    #[test]
    fn answers_itself_what_is_no_services() {
        let stack = stack("n: {type: Network}\nlb: {type: LoadBalancer, network: n}");
        assert_eq!(
            stack.properties("lb/Listener/Resource"),
            json!({
                "DefaultActions": [{
                    "FixedResponseConfig": { "ContentType": "text/plain", "MessageBody": "Not found", "StatusCode": "404" },
                    "Type": "fixed-response",
                }],
                "LoadBalancerArn": "${lb/Resource}",
                "Port": 80,
                "Protocol": "HTTP",
            })
        );
        assert_eq!(stack.attribute("lb", "url"), "http://${lb/Resource.DNSName}");
    }

    #[test]
    fn is_called_over_tls() {
        let stack = stack(
            "n: {type: Network}\nlb: {type: LoadBalancer, network: n, \
             https: {domain: shop.example.com, zone: {name: example.com, id: Z012}}}",
        );
        assert_eq!(stack.properties("lb/Listener/Resource")["Port"], 443);
        assert_eq!(
            stack.properties("lb/RedirectListener/Resource")["DefaultActions"][0]["Type"],
            "redirect"
        );
        assert_eq!(stack.properties("lb/Certificate/Resource")["DomainName"], "shop.example.com");
        assert_eq!(stack.attribute("lb", "url"), "https://shop.example.com");
    }

    #[test]
    fn its_listeners_may_have_other_ids() {
        let built = stack(
            "n: {type: Network}\nlb: {type: LoadBalancer, name: front, network: n, https: {certificate: a}, \
             listenerId: Https, redirectId: Redirect80To443}",
        );
        assert_eq!(built.properties("lb/Https/Resource")["Port"], 443);
        assert_eq!(built.properties("lb/Redirect80To443/Resource")["Port"], 80);
        assert_eq!(built.properties("lb/Resource")["Name"], "front");
        assert_eq!(
            stack("n: {type: Network}\nlb: {type: LoadBalancer, network: n, redirectId: Redirect80To443}").faults(),
            ["no-effect at `Redirect80To443`: without `https` nobody is sent to call with TLS"]
        );
    }

    #[test]
    fn points_at_values_it_does_not_take() {
        let stack = stack(
            "n: {type: Network}\nlb: {type: LoadBalancer, network: n, idleTimeout: 2h, allow: ['2001:db8::/32'], https: {}}",
        );
        assert_eq!(
            stack.faults(),
            [
                "balancer-range at `2h`: `idleTimeout` is from 1s to 4000s, not 7200s",
                "no-effect at `'2001:db8::/32'`: the load balancer has no IPv6 addresses, so nobody calls it from one",
                "https-certificate at `lb`: TLS needs a certificate",
            ]
        );
    }
}
