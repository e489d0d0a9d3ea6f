//! Load balancers, their listeners, and the target groups these forward to.

use super::{
    super::{
        document::{Document, Resource},
        report::{Found, Report},
        value::Value,
    },
    identity::alike,
};

const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";
const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

/// What Elastic Load Balancing refuses. Source: the errors of its API, and "Quotas for your Application Load
/// Balancers" in the User Guide for Application Load Balancers.
///
/// - `load-balancer-name`: a name that is too long, or has something in it that names cannot have.
/// - `load-balancer-zones`: two subnets of one zone.
/// - `listener-priority`: two rules of one listener with one priority.
/// - `listener-conditions`: a rule that compares with more than five values.
/// - `listener-port`: two listeners of one load balancer on one port.
/// - `health-check-times`: a health check that may take as long as the time to the next.
/// - `listener-protocol`, `target-group-protocol`: a protocol the kind of load balancer does not speak.
/// - `target-group-vpc`: a target group of another VPC.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (type_name, what) in [(BALANCER, "load balancer"), (TARGET_GROUP, "target group")] {
        for resource in document.of_type(type_name) {
            for name in document.views(resource).iter().filter_map(|it| it.get("Name")) {
                check_name(name, what, report);
            }
        }
    }
    for balancer in document.of_type(BALANCER) {
        check_zones(document, balancer, report);
    }
    for rule in document.of_type(RULE) {
        for properties in document.views(rule) {
            check_conditions(&properties, report);
        }
    }
    for target_group in document.of_type(TARGET_GROUP) {
        for properties in document.views(target_group) {
            check_health(&properties, report);
        }
    }
    for [one, other] in alike(document, LISTENER, &["LoadBalancerArn", "Port"]) {
        check_ports(document, one, other, report);
    }
    for [one, other] in alike(document, RULE, &["ListenerArn", "Priority"]) {
        check_priorities(document, one, other, report);
    }
    for resource in document.of_type(LISTENER).chain(document.of_type(RULE)) {
        if let Some(balancer) = balancer_of(document, resource) {
            check_protocols(document, resource, balancer, report);
        }
    }
}

fn check_name<'t>(name: Value<'t>, what: &str, report: &mut Report<'t>) {
    /// The most characters a name may have.
    const LONGEST: usize = 32;
    let Some(text) = name.text() else { return };
    let length = text.chars().count();
    let (fault, help) = if length > LONGEST {
        (format!("has {length} characters"), format!("use at most {LONGEST}"))
    } else if let Some(wrong) = text.chars().find(|it| !it.is_ascii_alphanumeric() && *it != '-') {
        (format!("has `{wrong}` in it"), "use letters, digits, and hyphens".to_owned())
    } else if text.starts_with('-') || text.ends_with('-') {
        ("begins or ends with a hyphen".to_owned(), "take the hyphen away".to_owned())
    } else if what == "load balancer" && text.starts_with("internal-") {
        ("begins with `internal-`".to_owned(), "begin with something else".to_owned())
    } else {
        return;
    };
    let message = format!("the name of the {what} {fault}");
    report.add(Found::error("load-balancer-name", name, message).help(help));
}

/// The subnets of a load balancer.
fn subnets<'t>(balancer: &Value<'t>) -> Vec<Value<'t>> {
    let mappings = balancer.get("SubnetMappings").into_iter().flat_map(|it| it.items());
    let mapped = mappings.filter_map(|it| it.get("SubnetId"));
    balancer.get("Subnets").into_iter().flat_map(|it| it.items()).chain(mapped).collect()
}

fn check_zones<'t>(document: &'t Document<'t>, balancer: &Resource<'t>, report: &mut Report<'t>) {
    let Some(properties) = document.properties(balancer) else { return };
    let found = subnets(&properties);
    let named: Vec<_> =
        found.iter().filter_map(|it| Some((*it, document.named(*it, "AWS::EC2::Subnet")?))).collect();
    for (at, (place, subnet)) in named.iter().enumerate() {
        for (first, other) in &named[..at] {
            if other.id == subnet.id {
                let message = format!("`{}` is named twice", subnet.id);
                let found = Found::error("load-balancer-zones", *place, message);
                report.add(found.help("name a subnet of another zone").and(*first, "here first"));
                continue;
            }
            let views = document.together([subnet, other]);
            let zones: Vec<_> = views
                .iter()
                .filter_map(|[one, two]| one.get("AvailabilityZone").zip(two.get("AvailabilityZone")))
                .collect();
            let same = !zones.is_empty()
                && zones.len() == views.len()
                && zones.iter().all(|(one, two)| one.is_same(two));
            if let Some((zone, _)) = zones.first().filter(|_| same) {
                let message = format!("`{}` and `{}` are in the same zone", other.id, subnet.id);
                let found = Found::error("load-balancer-zones", *place, message);
                let found =
                    found.help("name one subnet of each zone").and(*first, "a subnet of the same zone");
                report.add(found.and(*zone, "the zone"));
            }
        }
    }
}

fn check_conditions<'t>(rule: &Value<'t>, report: &mut Report<'t>) {
    /// How many values a rule may compare with. The quota cannot be raised.
    const MOST: usize = 5;
    let Some(conditions) = rule.get("Conditions") else { return };
    let configs = [
        "HostHeaderConfig",
        "PathPatternConfig",
        "HttpHeaderConfig",
        "HttpRequestMethodConfig",
        "QueryStringConfig",
        "SourceIpConfig",
    ];
    let of_config = |condition: &Value<'t>| {
        let values = configs.iter().filter_map(|it| condition.at(&[it, "Values"])).collect::<Vec<_>>();
        if values.is_empty() { condition.get("Values").into_iter().collect() } else { values }
    };
    let lists = conditions.items().flat_map(|it| of_config(&it));
    let count: usize = lists.filter_map(|it| it.known_items()).map(|it| it.len()).sum();
    if count > MOST {
        let message = format!("a rule compares with at most {MOST} values, and this one with {count}");
        let found = Found::error("listener-conditions", conditions.holder(), message);
        report.add(found.help("split it into two rules"));
    }
}

fn check_priorities<'t>(
    document: &'t Document<'t>,
    one: &Resource<'t>,
    other: &Resource<'t>,
    report: &mut Report<'t>,
) {
    for [first, second] in document.together([one, other]) {
        let same = |key: &str| {
            let pair = first.get(key).zip(second.get(key));
            pair.is_some_and(|(left, right)| left.is_same(&right))
        };
        if let (Some(taken), Some(priority)) = (first.get("Priority"), second.get("Priority"))
            && let Some(number) = priority.integer()
            && same("ListenerArn")
            && taken.integer() == Some(number)
        {
            let message = format!("`{}` has the priority {number} on the same listener", one.id);
            let found = Found::error("listener-priority", priority, message);
            report.add(found.help("give each rule its own priority").and(taken, "taken here"));
        }
    }
}

fn check_health<'t>(target_group: &Value<'t>, report: &mut Report<'t>) {
    let (timeout, interval) =
        (target_group.get("HealthCheckTimeoutSeconds"), target_group.get("HealthCheckIntervalSeconds"));
    if let (Some(timeout), Some(interval)) = (timeout, interval)
        && let (Some(longest), Some(every)) = (timeout.integer(), interval.integer())
        && longest >= every
    {
        let message = format!("a health check may take {longest} seconds, and the next is due after {every}");
        let found = Found::error("health-check-times", timeout, message);
        report.add(
            found.help("wait less than `HealthCheckIntervalSeconds`").and(interval, "the time to the next"),
        );
    }
}

fn check_ports<'t>(
    document: &'t Document<'t>,
    one: &Resource<'t>,
    other: &Resource<'t>,
    report: &mut Report<'t>,
) {
    // A network load balancer may have listeners for TCP and for UDP on one port.
    let is_stream = |it: &Value<'t>| {
        let protocol = it.get("Protocol").and_then(|it| it.text());
        matches!(protocol.as_deref(), Some("HTTP" | "HTTPS" | "TCP" | "TLS"))
    };
    for [first, second] in document.together([one, other]) {
        let same =
            |key: &str| first.get(key).zip(second.get(key)).filter(|(left, right)| left.is_same(right));
        if let (Some(_), Some((taken, port))) = (same("LoadBalancerArn"), same("Port"))
            && is_stream(&first)
            && is_stream(&second)
        {
            let text = port.text().map_or_else(|| "this port".to_owned(), |it| format!("port {it}"));
            let message = format!("`{}` listens on {text} of the same load balancer", one.id);
            let found = Found::error("listener-port", port, message);
            report.add(found.help("use another port, or a rule of that listener").and(taken, "taken here"));
        }
    }
}

/// The load balancer of a listener or of a listener rule, if it is in the template.
pub(super) fn balancer_of<'t>(
    document: &'t Document<'t>,
    resource: &Resource<'t>,
) -> Option<&'t Resource<'t>> {
    let properties = document.properties(resource)?;
    if resource.type_name == RULE {
        let listener = document.named(properties.get("ListenerArn")?, LISTENER)?;
        return balancer_of(document, listener);
    }
    document.named(properties.get("LoadBalancerArn")?, BALANCER)
}

/// The target groups that a listener or a listener rule forwards to.
pub(super) fn forwarded<'t>(properties: &Value<'t>) -> Vec<Value<'t>> {
    let actions = ["DefaultActions", "Actions"].iter().filter_map(|it| properties.get(it));
    let mut found = Vec::new();
    for action in actions.flat_map(|it| it.items()) {
        found.extend(action.get("TargetGroupArn"));
        let groups = action.at(&["ForwardConfig", "TargetGroups"]);
        found.extend(groups.into_iter().flat_map(|it| it.items()).filter_map(|it| it.get("TargetGroupArn")));
    }
    found
}

/// The kind of a load balancer, as messages name it, and the protocols it speaks.
fn kind(balancer: &Value<'_>) -> Option<(&'static str, &'static [&'static str])> {
    let kind = match balancer.get("Type") {
        Some(it) => it.text()?,
        None if balancer.lacks("Type") => "application".into(),
        None => return None,
    };
    match &*kind {
        "application" => Some(("an application load balancer", &["HTTP", "HTTPS"])),
        "network" => Some(("a network load balancer", &["TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"])),
        "gateway" => Some(("a gateway load balancer", &["GENEVE"])),
        _ => None,
    }
}

/// What `protocol` should be, if `kind` does not speak it.
fn wrong(protocol: Value<'_>, (_, spoken): (&str, &'static [&'static str])) -> Option<String> {
    const ALL: &[&str] = &["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE"];
    let text = protocol.text()?;
    (ALL.contains(&&*text) && !spoken.contains(&&*text)).then(|| text.into_owned())
}

fn check_protocols<'t>(
    document: &'t Document<'t>,
    resource: &'t Resource<'t>,
    balancer: &'t Resource<'t>,
    report: &mut Report<'t>,
) {
    for [listener, balancer] in document.together([resource, balancer]) {
        if let (Some(protocol), Some(kind)) = (listener.get("Protocol"), kind(&balancer))
            && let Some(text) = wrong(protocol, kind)
        {
            let message = format!("{} has no listeners with the protocol `{text}`", kind.0);
            let found = Found::error("listener-protocol", protocol, message);
            report.add(found.help(spoken(kind.1)).and(balancer.holder(), "the load balancer"));
        }
    }
    let groups = document.views(resource).iter().flat_map(forwarded).collect::<Vec<_>>();
    for group in groups.into_iter().filter_map(|it| document.named(it, TARGET_GROUP)) {
        for [listener, view, target_group] in document.together([resource, balancer, group]) {
            let is_group = |it: &Value<'t>| it.target().is_some_and(|it| it.name == group.id);
            let Some(arn) = forwarded(&listener).into_iter().find(is_group) else { continue };
            if let (Some(protocol), Some(kind)) = (target_group.get("Protocol"), kind(&view))
                && let Some(text) = wrong(protocol, kind)
            {
                let message =
                    format!("{} cannot forward to a target group with the protocol `{text}`", kind.0);
                let found = Found::error("target-group-protocol", arn, message);
                report
                    .add(found.help(spoken(kind.1)).and(protocol, format!("the protocol of `{}`", group.id)));
            }
            let subnet = subnets(&view).into_iter().find_map(|it| document.named(it, "AWS::EC2::Subnet"));
            let subnet = subnet.and_then(|it| document.properties(it)?.get("VpcId"));
            if let (Some(vpc), Some(other)) = (target_group.get("VpcId"), subnet)
                && vpc.is_other(&other)
            {
                let message = format!("`{}` is in another VPC than the load balancer", group.id);
                let found = Found::error("target-group-vpc", arn, message);
                let found = found.help("set `VpcId` of the target group to the VPC of the load balancer");
                report.add(
                    found.and(vpc, "the VPC of the target group").and(other, "that of the load balancer"),
                );
            }
        }
    }
}

fn spoken(protocols: &[&str]) -> String {
    let names: Vec<String> = protocols.iter().take(4).map(|it| format!("`{it}`")).collect();
    format!("use {}", names.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn names_are_short_and_plain() {
        let template = "\
Resources:
  A: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: internal-web}}
  B: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: web_}}
  C: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: a-name-of-more-than-thirty-two-characters}}
  D: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: internal-web}}
  E: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Name: -web}}
";
        let expected = "\
error load-balancer-name Resources/A/Properties/Name 2:75: the name of the load balancer begins with `internal-`
  begin with something else
error load-balancer-name Resources/B/Properties/Name 3:75: the name of the load balancer has `_` in it
  use letters, digits, and hyphens
error load-balancer-name Resources/C/Properties/Name 4:74: the name of the target group has 41 characters
  use at most 32
error load-balancer-name Resources/E/Properties/Name 6:74: the name of the target group begins or ends with a hyphen
  take the hyphen away
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_load_balancer_has_one_subnet_of_each_zone() {
        let template = "\
Resources:
  A: {Type: AWS::EC2::Subnet, Properties: {AvailabilityZone: !Select [0, !GetAZs '']}}
  B: {Type: AWS::EC2::Subnet, Properties: {AvailabilityZone: !Select [0, !GetAZs '']}}
  C: {Type: AWS::EC2::Subnet, Properties: {AvailabilityZone: !Select [1, !GetAZs '']}}
  Web:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Subnets: [!Ref A, !Ref B, !Ref C]}
";
        let expected = "\
error load-balancer-zones Resources/Web/Properties/Subnets/1 7:36: `A` and `B` are in the same zone
  name one subnet of each zone
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn ports_are_taken_once_and_health_checks_end() {
        let template = "\
Resources:
  A: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref L, Port: 80, Protocol: HTTP}}
  B: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref L, Port: 80, Protocol: HTTPS}}
  C: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref L, Port: 80, Protocol: UDP}}
  D: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref M, Port: 80, Protocol: HTTP}}
  E:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {HealthCheckTimeoutSeconds: 10, HealthCheckIntervalSeconds: 10}
";
        let expected = "\
error listener-port Resources/B/Properties/Port 3:96: `A` listens on port 80 of the same load balancer
  use another port, or a rule of that listener
error health-check-times Resources/E/Properties/HealthCheckTimeoutSeconds 8:45: a health check may take 10 seconds, and the next is due after 10
  wait less than `HealthCheckIntervalSeconds`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn rules_have_priorities_of_their_own_and_few_values() {
        let template = "\
Parameters: {P: {Type: String}}
Conditions:
  Yes: !Equals [!Ref P, 'yes']
  No: !Not [!Condition 'Yes']
Resources:
  A: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref L, Priority: 1}}
  B:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Condition: 'Yes'
    Properties:
      ListenerArn: !Ref L
      Priority: '1'
      Conditions:
        - {Field: path-pattern, PathPatternConfig: {Values: [/a, /b, /c, /d]}, Values: [/a]}
        - {Field: host-header, Values: [a, b]}
  C:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Condition: 'No'
    Properties: {ListenerArn: !Ref L, Priority: !If ['Yes', 1, 2]}
  D: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref M, Priority: 1}}
";
        let expected = "\
error listener-priority Resources/B/Properties/Priority 12:17: `A` has the priority 1 on the same listener
  give each rule its own priority
error listener-conditions Resources/B/Properties/Conditions 13:7: a rule compares with at most 5 values, and this one with 6
  split it into two rules
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_load_balancer_forwards_to_its_own_protocols_and_vpc() {
        let template = "\
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Other: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Subnet: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc}}
  Web: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Subnets: [!Ref Subnet]}}
  Tcp: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Protocol: TCP, VpcId: !Ref Other}}
  Http: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {Protocol: HTTP, VpcId: !GetAtt Vpc.VpcId}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Web
      Protocol: TLS
      DefaultActions:
        - {Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Http}]}}
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Actions: [{Type: forward, TargetGroupArn: !Ref Tcp}]
";
        let expected = "\
error listener-protocol Resources/Listener/Properties/Protocol 12:17: an application load balancer has no listeners with the protocol `TLS`
  use `HTTP` or `HTTPS`
error target-group-protocol Resources/Rule/Properties/Actions/0/TargetGroupArn 19:49: an application load balancer cannot forward to a target group with the protocol `TCP`
  use `HTTP` or `HTTPS`
error target-group-vpc Resources/Rule/Properties/Actions/0/TargetGroupArn 19:49: `Tcp` is in another VPC than the load balancer
  set `VpcId` of the target group to the VPC of the load balancer
";
        assert_eq!(check(super::check, template), expected);
    }
}
