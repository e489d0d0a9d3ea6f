//! A load balancer with its security group and listeners, whichever construct has it.

use ipnet::IpNet;

use super::https::Terms;
use crate::{
    kernel::prelude::*,
    targets::{LoadBalancer, Network, SubnetIds},
};

const LISTENER: ResourceType = ResourceType::new("AWS::ElasticLoadBalancingV2::Listener");
const LOAD_BALANCER: ResourceType = ResourceType::new("AWS::ElasticLoadBalancingV2::LoadBalancer");
const SECURITY_GROUP: ResourceType = ResourceType::new("AWS::EC2::SecurityGroup");

choices! {
    /// From where a load balancer is reached.
    pub enum Access {
        /// From the internet.
        Public,
        /// From the network only.
        Internal,
        /// From the network, and there only by those that are granted to `call` it, and those in `allow`.
        Granted,
    }
}

/// What a load balancer is made of.
pub(crate) struct Parts<'a> {
    /// The network it stands in.
    pub(crate) network: &'a Network,
    /// Its name, as it is written.
    pub(crate) network_name: &'a Name,
    /// From where it is reached.
    pub(crate) access: Spanned<Access>,
    /// Who may call it, if not everybody from there.
    pub(crate) allow: &'a [Spanned<IpNet>],
    /// How it is called over TLS, if it is.
    pub(crate) https: Option<Terms>,
    /// Its name, if it has one of its own.
    pub(crate) name: Option<Expr<Handle>>,
    /// When it closes an idle connection.
    pub(crate) idle_timeout: Spanned<Seconds>,
    /// Whether it refuses to be deleted.
    pub(crate) deletion_protection: bool,
    /// The ids of its listeners: of the one that passes requests on, and of the one that sends to it.
    pub(crate) listeners: [&'a str; 2],
}

/// Reports a time that is not from `least` to `most` seconds.
pub(crate) fn check_range(
    name: &str,
    value: Spanned<Seconds>,
    least: u32,
    most: u32,
    faults: &mut Vec<Diagnostic>,
) {
    let Spanned { value: Seconds(seconds), span } = value;
    if !(least..=most).contains(&seconds) {
        faults.push(
            Diagnostic::error(
                "balancer-range",
                format!("`{name}` is from {least}s to {most}s, not {seconds}s"),
            )
            .at(span)
            .help(format!("use `{}s`", seconds.clamp(least, most))),
        );
    }
}

/// Reports when an idle connection cannot be closed.
pub(crate) fn check_idle_timeout(timeout: Spanned<Seconds>, faults: &mut Vec<Diagnostic>) {
    check_range("idleTimeout", timeout, 1, 4000, faults);
}

/// Reports ranges of addresses that cannot call the load balancer anyway.
pub(crate) fn check_allowed(allow: &[Spanned<IpNet>], faults: &mut Vec<Diagnostic>) {
    for range in allow.iter().filter(|it| matches!(it.value, IpNet::V6(_))) {
        faults.push(
            Diagnostic::error(
                "no-effect",
                "the load balancer has no IPv6 addresses, so nobody calls it from one",
            )
            .at(range.span)
            .help("remove it"),
        );
    }
}

/// Adds a load balancer at `scope`; its listener does first what `default_action` gives, which may add to the place of
/// the listener.
pub(crate) fn add(
    parts: Parts<'_>,
    scope: &mut Scope<'_>,
    default_action: impl FnOnce(&mut Scope<'_>) -> Expr<Handle>,
) -> Result<LoadBalancer, Diagnostic> {
    let is_public = parts.access.value == Access::Public;
    let subnets = subnets(&parts)?;
    let callers = callers(&parts)?;
    let open: &[u16] = if parts.https.is_some() { &[443, 80] } else { &[80] };

    let admitted = open.iter().flat_map(|port| callers.iter().map(|it| it.admit(*port)));
    let admitted: Vec<Expr<Handle>> = admitted.collect();
    let description = format!("Automatically created Security Group for ELB {}", scope.unique_id());
    let mut at_group = scope.child("SecurityGroup");
    let group_id = at_group.unique_id();
    let group = at_group.resource("Resource", SECURITY_GROUP, object! {
        // A group with another description is another group: the CDK's is kept, so that it may stay.
        "GroupDescription" => description,
        "SecurityGroupIngress" => (!admitted.is_empty()).then_some(admitted),
        "VpcId" => parts.network.vpc_id.clone(),
    });
    let balancer = scope.resource("Resource", LOAD_BALANCER, object! {
        "LoadBalancerAttributes" => list![
            attribute("deletion_protection.enabled", parts.deletion_protection.to_string()),
            attribute("idle_timeout.timeout_seconds", parts.idle_timeout.map(|it| it.0.to_string())),
            attribute("routing.http.drop_invalid_header_fields.enabled", "true"),
        ],
        "Name" => parts.name.clone(),
        "Scheme" => if is_public { "internet-facing" } else { "internal" },
        "SecurityGroups" => list![group.attribute("GroupId")],
        "Subnets" => subnets.0.clone(),
        "Type" => "application",
    });
    if is_public {
        scope.depend(balancer, parts.network.internet.iter().copied());
    }

    let Parts { https, listeners: [listener_id, redirect_id], .. } = parts;
    let mut at_listener = scope.child(listener_id);
    let action = default_action(&mut at_listener);
    let certificates = https.as_ref().map(|it| list![object! { "CertificateArn" => it.certificate.clone() }]);
    let listener = at_listener.resource(
        "Resource",
        LISTENER,
        object! {
            "Certificates" => certificates,
            "DefaultActions" => list![action],
            "LoadBalancerArn" => balancer.reference(),
            "Port" => open[0],
            "Protocol" => if https.is_some() { "HTTPS" } else { "HTTP" },
            "SslPolicy" => https.as_ref().map(|it| it.policy.clone()),
        },
    );
    if https.is_some() {
        redirect(scope, redirect_id, balancer);
    }
    Ok(LoadBalancer {
        resource: balancer,
        arn: balancer.reference(),
        dns_name: balancer.attribute("DNSName"),
        hosted_zone_id: balancer.attribute("CanonicalHostedZoneID"),
        scheme: if https.is_some() { "https" } else { "http" },
        domain: https.and_then(|it| it.domain),
        is_dual_stack: false,
        listener,
        group,
        group_id,
        reaches: None,
    })
}

/// The subnets the load balancer stands in.
fn subnets<'a>(parts: &Parts<'a>) -> Result<&'a SubnetIds, Diagnostic> {
    let Parts { network, network_name, access, .. } = parts;
    let fault = |message: String| {
        Err(Diagnostic::error("balancer-subnets", message).at(access.span.or(network_name.span)))
    };
    let (kind, subnets) = match access.value {
        Access::Internal | Access::Granted if !network.private_subnet_ids.is_empty() => {
            ("private", &network.private_subnet_ids)
        }
        Access::Public | Access::Internal | Access::Granted => ("public", &network.public_subnet_ids),
    };
    match subnets.count() {
        Some(0) => fault(format!("`{}` has no public subnets for a public load balancer", network_name.text))
            .map_err(|it| it.help("set `access: internal`, or give the network public subnets")),
        Some(1) => fault(format!(
            "a load balancer needs subnets in two zones, and `{}` has one {kind} subnet",
            network_name.text
        ))
        .map_err(|it| it.help("give the network subnets in two zones, as a Network with `zones: 2` has")),
        Some(_) | None => Ok(subnets),
    }
}

/// A range of addresses that may call the load balancer.
struct Caller {
    range: Expr<Handle>,
    /// What it is called in the rule's description.
    whom: String,
}

impl Caller {
    /// The rule that admits it on `port`.
    fn admit(&self, port: u16) -> Expr<Handle> {
        object! {
            "CidrIp" => self.range.clone(),
            "Description" => format!("Allow from {} on port {port}", self.whom),
            "FromPort" => port,
            "IpProtocol" => "tcp",
            "ToPort" => port,
        }
    }
}

/// Who may call the load balancer.
fn callers(parts: &Parts<'_>) -> Result<Vec<Caller>, Diagnostic> {
    let caller = |range: Expr<Handle>, whom: &str| Caller { range, whom: whom.to_owned() };
    match (parts.access.value, &parts.network.cidr) {
        _ if !parts.allow.is_empty() => {
            let allowed = |it: &Spanned<IpNet>| {
                caller(Expr::from(it.value.to_string()).at(it.span), &it.value.to_string())
            };
            Ok(parts.allow.iter().map(allowed).collect())
        }
        (Access::Granted, _) => Ok(Vec::new()),
        (Access::Public, _) => Ok(vec![caller("0.0.0.0/0".into(), "anyone")]),
        (Access::Internal, Some(range)) => Ok(vec![caller(range.clone(), "the network")]),
        (Access::Internal, None) => {
            let name = &parts.network_name.text;
            let fault = format!("all of `{name}` may call the load balancer, and its range is not known");
            Err(Diagnostic::error("network-range", fault)
                .at(parts.access.span)
                .help(format!("give `{name}` its `cidr`, or name those who may call in `allow`")))
        }
    }
}

/// Adds the listener that sends those who call without TLS to call with it.
fn redirect(scope: &mut Scope<'_>, id: &str, balancer: Handle) {
    let to_https = object! { "Port" => "443", "Protocol" => "HTTPS", "StatusCode" => "HTTP_301" };
    scope.child(id).resource(
        "Resource",
        LISTENER,
        object! {
            "DefaultActions" => list![object! { "RedirectConfig" => to_https, "Type" => "redirect" }],
            "LoadBalancerArn" => balancer.reference(),
            "Port" => 80,
            "Protocol" => "HTTP",
        },
    );
}

/// A setting of a load balancer or a target group.
pub(super) fn attribute(key: &'static str, value: impl Into<Expr<Handle>>) -> Expr<Handle> {
    object! { "Key" => key, "Value" => value.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn with(properties: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nweb: {{type: FargateService, network: n, image: 'a:1', port: 8080{properties}}}"
        ))
    }

    fn callers(properties: &str) -> Value {
        with(properties).properties("web/LB/SecurityGroup/Resource")["SecurityGroupIngress"].clone()
    }

    fn caller(range: &str, whom: &str) -> Value {
        json!([{
            "CidrIp": range,
            "Description": format!("Allow from {whom} on port 80"),
            "FromPort": 80,
            "IpProtocol": "tcp",
            "ToPort": 80,
        }])
    }

    #[test]
    fn is_reached_from_the_internet() {
        let stack = with("");
        assert_eq!(
            stack.properties("web/LB/Resource"),
            json!({
                "LoadBalancerAttributes": [
                    { "Key": "deletion_protection.enabled", "Value": "false" },
                    { "Key": "idle_timeout.timeout_seconds", "Value": "60" },
                    { "Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true" },
                ],
                "Scheme": "internet-facing",
                "SecurityGroups": ["${web/LB/SecurityGroup/Resource.GroupId}"],
                "Subnets": ["${n/PublicSubnet1/Subnet}", "${n/PublicSubnet2/Subnet}"],
                "Type": "application",
            })
        );
        assert_eq!(
            stack.depends_on("web/LB/Resource"),
            [
                "n/PublicSubnet1/RouteTableAssociation",
                "n/PublicSubnet2/RouteTableAssociation",
                "n/PublicSubnet1/DefaultRoute",
                "n/PublicSubnet2/DefaultRoute",
            ]
        );
        assert_eq!(callers(""), caller("0.0.0.0/0", "anyone"));
    }

    #[test]
    fn is_reached_from_the_network_only() {
        let stack = with(", access: internal");
        let balancer = stack.properties("web/LB/Resource");
        assert_eq!(balancer["Scheme"], "internal");
        assert_eq!(balancer["Subnets"], json!(["${n/PrivateSubnet1/Subnet}", "${n/PrivateSubnet2/Subnet}"]));
        assert_eq!(stack.depends_on("web/LB/Resource"), [""; 0]);
        assert_eq!(callers(", access: internal"), caller("${n/Resource.CidrBlock}", "the network"));
    }

    #[test]
    fn is_called_by_those_who_are_allowed() {
        assert_eq!(callers(", allow: [203.0.113.0/24]"), caller("203.0.113.0/24", "203.0.113.0/24"));
        assert_eq!(callers(", access: internal, allow: [10.1.2.3]"), caller("10.1.2.3/32", "10.1.2.3/32"));
    }

    #[test]
    fn listens_and_passes_on() {
        let stack = with("");
        assert_eq!(
            stack.properties("web/LB/PublicListener/Resource"),
            json!({
                "DefaultActions": [{ "TargetGroupArn": "${web/LB/PublicListener/ECSGroup/Resource}", "Type": "forward" }],
                "LoadBalancerArn": "${web/LB/Resource}",
                "Port": 80,
                "Protocol": "HTTP",
            })
        );
        assert_eq!(
            stack.properties("web/LB/PublicListener/ECSGroup/Resource"),
            json!({
                "HealthCheckIntervalSeconds": 15,
                "HealthCheckPath": "/",
                "HealthCheckTimeoutSeconds": 5,
                "HealthyThresholdCount": 2,
                "Matcher": { "HttpCode": "200" },
                "Port": 8080,
                "Protocol": "HTTP",
                "TargetGroupAttributes": [
                    { "Key": "deregistration_delay.timeout_seconds", "Value": "30" },
                    { "Key": "stickiness.enabled", "Value": "false" },
                ],
                "TargetType": "ip",
                "UnhealthyThresholdCount": 3,
                "VpcId": "${n/Resource}",
            })
        );
    }

    #[test]
    fn does_what_it_is_told_beside() {
        let stack = with(", balancer: {idleTimeout: 2m, drain: 5s, deletionProtection: true, sticky: 1h}");
        let values = |path: &str, key: &str| -> Vec<String> {
            let attributes = stack.properties(path)[key].clone();
            let attributes = attributes.as_array().expect("attributes").iter();
            attributes
                .map(|it| format!("{}={}", it["Key"].as_str().unwrap(), it["Value"].as_str().unwrap()))
                .collect()
        };
        assert_eq!(
            values("web/LB/Resource", "LoadBalancerAttributes")[..2],
            ["deletion_protection.enabled=true", "idle_timeout.timeout_seconds=120"]
        );
        assert_eq!(
            values("web/LB/PublicListener/ECSGroup/Resource", "TargetGroupAttributes"),
            [
                "deregistration_delay.timeout_seconds=5",
                "stickiness.enabled=true",
                "stickiness.type=lb_cookie",
                "stickiness.lb_cookie.duration_seconds=3600",
            ]
        );
    }

    #[test]
    fn points_at_values_a_load_balancer_does_not_take() {
        assert_eq!(
            with(", balancer: {idleTimeout: 2h, drain: 2h, sticky: 8d}").faults(),
            [
                "balancer-range at `2h`: `drain` is from 0s to 3600s, not 7200s",
                "balancer-range at `8d`: `sticky` is from 1s to 604800s, not 691200s",
                "balancer-range at `2h`: `idleTimeout` is from 1s to 4000s, not 7200s",
            ]
        );
    }

    #[test]
    fn points_at_addresses_nobody_calls_from() {
        assert_eq!(
            with(", allow: ['2001:db8::/32']").faults(),
            [
                "no-effect at `'2001:db8::/32'`: the load balancer has no IPv6 addresses, so nobody calls it from one"
            ]
        );
    }

    #[test]
    fn points_at_a_network_it_cannot_stand_in() {
        let stack = |network: &str, access: &str| {
            stack(&format!(
                "n: {{type: Network, {network}}}\nweb: {{type: FargateService, network: n, image: 'a:1', port: 80{access}}}"
            ))
        };
        assert_eq!(
            stack("nat: none, subnets: {public: []}", "").faults(),
            ["balancer-subnets at `n`: `n` has no public subnets for a public load balancer"]
        );
        assert_eq!(
            stack("zones: 1", ", access: internal").faults(),
            [
                "balancer-subnets at `internal`: a load balancer needs subnets in two zones, and `n` has one private subnet"
            ]
        );
    }
}
