//! Ports that security groups keep closed on the way from a client to a task.

use super::{
    super::{
        document::{Document, Resource},
        report::{Found, Place, Report},
        value::Value,
    },
    cycles::is_output,
    load_balancing::{balancer_of, forwarded},
};

const GROUP: &str = "AWS::EC2::SecurityGroup";

/// `closed-port`: a port of a task that its load balancer cannot reach, so that its health checks fail until the
/// deployment does. `closed-listener`: a port of a load balancer that nobody can reach. Source: "Security groups for
/// your Application Load Balancer" in the User Guide for Application Load Balancers.
///
/// Only groups of the template are looked at that no output shows to another stack, and whatever is not known is
/// taken for open.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    if document.is_open() {
        return;
    }
    for service in document.of_type("AWS::ECS::Service") {
        let Some(properties) = document.properties(service) else { continue };
        let groups = properties.at(&["NetworkConfiguration", "AwsvpcConfiguration", "SecurityGroups"]);
        let Some(groups) = groups.and_then(|it| Groups::new(document, it)) else { continue };
        for balancer in properties.get("LoadBalancers").into_iter().flat_map(|it| it.items()) {
            check_service(document, &groups, &balancer, report);
        }
    }
    for listener in document.of_type("AWS::ElasticLoadBalancingV2::Listener") {
        check_listener(document, listener, report);
    }
}

fn check_service<'t>(
    document: &'t Document<'t>,
    groups: &Groups<'t>,
    balancer: &Value<'t>,
    report: &mut Report<'t>,
) {
    let (Some(arn), Some(place)) = (balancer.get("TargetGroupArn"), balancer.get("ContainerPort")) else {
        return;
    };
    let target_group = document.named(arn, "AWS::ElasticLoadBalancingV2::TargetGroup");
    let (Some(target_group), Some(port)) = (target_group, place.integer()) else { return };
    let health = document.properties(target_group).and_then(|it| it.get("HealthCheckPort"));
    let health = health.and_then(|it| Some((it, it.integer()?))).filter(|(_, it)| *it != port);
    for balancer in balancers(document, target_group) {
        let of_balancer = document.properties(balancer).and_then(|it| it.get("SecurityGroups"));
        let Some(of_balancer) = of_balancer.and_then(|it| Groups::new(document, it)) else { continue };
        let what = "health checks come here";
        let ports = [Some((place, port, "the port of the container"))];
        for (place, port, what) in
            ports.into_iter().chain([health.map(|(it, port)| (it, port, what))]).flatten()
        {
            let (closed, help) = if !groups.let_in(port, &of_balancer) {
                (groups, format!("let {} in on port {port} in {}", of_balancer.names(), groups.names()))
            } else if !of_balancer.let_out(port, groups) {
                (
                    &of_balancer,
                    format!(
                        "let traffic to port {port} of {} out of {}",
                        groups.names(),
                        of_balancer.names()
                    ),
                )
            } else {
                continue;
            };
            let message = format!("{} keeps `{}` from reaching port {port}", closed.names(), balancer.id);
            let mut found = Found::warning("closed-port", place, message).help(help);
            for group in &closed.list {
                found = found.and(Place::Holder(group.node), what);
            }
            report.add(found);
        }
    }
}

fn check_listener<'t>(document: &'t Document<'t>, listener: &Resource<'t>, report: &mut Report<'t>) {
    let balancer = balancer_of(document, listener).and_then(|it| document.properties(it));
    let groups = balancer.and_then(|it| it.get("SecurityGroups"));
    let Some(groups) = groups.and_then(|it| Groups::new(document, it)) else { return };
    let Some(place) = document.properties(listener).and_then(|it| it.get("Port")) else { return };
    let Some(port) = place.integer().filter(|it| !groups.is_open(*it)) else { return };
    let message = format!("nobody can reach the listener: {} lets nobody in on port {port}", groups.names());
    let mut found = Found::warning("closed-listener", place, message);
    found = found.help(format!("add an ingress rule for port {port} to {}", groups.names()));
    for group in &groups.list {
        found = found.and(Place::Holder(group.node), "a security group of the load balancer");
    }
    report.add(found);
}

/// The load balancers that forward to a target group; none if one of them is not known.
fn balancers<'t>(document: &'t Document<'t>, target_group: &Resource<'t>) -> Vec<&'t Resource<'t>> {
    let types = ["AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule"];
    let mut found: Vec<&'t Resource<'t>> = Vec::new();
    for listener in types.iter().flat_map(|it| document.of_type(it)) {
        let groups = document.views(listener).iter().flat_map(forwarded).collect::<Vec<_>>();
        if groups.iter().any(|it| it.target().is_some_and(|it| it.name == target_group.id)) {
            let Some(balancer) = balancer_of(document, listener) else { return Vec::new() };
            if !found.iter().any(|it| it.id == balancer.id) {
                found.push(balancer);
            }
        }
    }
    found
}

/// Security groups of the template that something has together, and all that they let through.
struct Groups<'t> {
    list: Vec<&'t Resource<'t>>,
    ingress: Vec<Opening<'t>>,
    /// Without these, everything gets out.
    egress: Option<Vec<Opening<'t>>>,
}

/// What a rule of a security group lets through.
struct Opening<'t> {
    protocol: Option<String>,
    ports: Option<(i64, i64)>,
    /// The only security group it is for.
    group: Option<&'t str>,
}

impl<'t> Groups<'t> {
    /// The groups of a list; nothing if one of them, or a rule of one, is not known.
    fn new(document: &'t Document<'t>, list: Value<'t>) -> Option<Self> {
        let values = list.known()?.as_list().map(|_| list.items())?;
        let list: Option<Vec<_>> = values.map(|it| document.named(it, GROUP)).collect();
        let list = list.filter(|it| !it.is_empty() && !it.iter().any(|it| is_output(document, it.id)))?;
        let (mut ingress, mut egress) = (Vec::new(), Some(Vec::new()));
        for group in &list {
            ingress.extend(rules(document, group, &INGRESS)?);
            let restricted = document.properties(group)?.get("SecurityGroupEgress").is_some();
            match rules(document, group, &EGRESS) {
                Some(rules) if restricted => {
                    egress.iter_mut().for_each(|it| it.extend(rules.iter().cloned()));
                }
                _ => egress = None,
            }
        }
        Some(Self { list, ingress, egress })
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.list.iter().map(|it| format!("`{}`", it.id)).collect();
        names.join(" and ")
    }

    fn let_in(&self, port: i64, from: &Self) -> bool {
        self.ingress.iter().any(|it| it.lets(port, from))
    }

    fn let_out(&self, port: i64, to: &Self) -> bool {
        self.egress.as_ref().is_none_or(|it| it.iter().any(|it| it.lets(port, to)))
    }

    /// Whether anybody is let in on a port.
    fn is_open(&self, port: i64) -> bool {
        self.ingress.iter().any(|it| it.is_for(port))
    }
}

impl Clone for Opening<'_> {
    fn clone(&self) -> Self {
        Self { protocol: self.protocol.clone(), ports: self.ports, group: self.group }
    }
}

impl Opening<'_> {
    fn is_for(&self, port: i64) -> bool {
        match self.protocol.as_deref() {
            None | Some("-1" | "all") => true,
            Some("tcp" | "6" | "TCP") => {
                self.ports.is_none_or(|(from, to)| from <= port && port <= to || from == -1)
            }
            Some(_) => false,
        }
    }

    fn lets(&self, port: i64, other: &Groups<'_>) -> bool {
        self.is_for(port) && self.group.is_none_or(|it| other.list.iter().any(|group| group.id == it))
    }
}

/// How the rules of one direction are written.
struct Direction {
    inline: &'static str,
    resource: &'static str,
    group: &'static str,
}

const INGRESS: Direction = Direction {
    inline: "SecurityGroupIngress",
    resource: "AWS::EC2::SecurityGroupIngress",
    group: "SourceSecurityGroupId",
};
const EGRESS: Direction = Direction {
    inline: "SecurityGroupEgress",
    resource: "AWS::EC2::SecurityGroupEgress",
    group: "DestinationSecurityGroupId",
};

/// The rules of a security group; nothing if one of them is not known.
fn rules<'t>(
    document: &'t Document<'t>,
    group: &Resource<'t>,
    direction: &Direction,
) -> Option<Vec<Opening<'t>>> {
    let mut found = Vec::new();
    if let Some(inline) = document.properties(group)?.get(direction.inline) {
        found.extend(inline.known_items()?.iter().map(|it| opening(it, direction)));
    }
    for rule in document.of_type(direction.resource) {
        let properties = document.properties(rule)?;
        let target = properties.get("GroupId")?.target()?;
        // A parameter may name this very group.
        document.resources.get(target.name)?;
        if target.name == group.id {
            found.push(opening(&properties, direction));
        }
    }
    Some(found)
}

fn opening<'t>(rule: &Value<'t>, direction: &Direction) -> Opening<'t> {
    let port = |key: &str| rule.get(key)?.integer();
    let group = rule.get(direction.group).and_then(|it| it.target());
    let group = group.filter(|it| rule.document.resources.contains_key(it.name));
    Opening {
        protocol: rule.get("IpProtocol").and_then(|it| it.text()).map(std::borrow::Cow::into_owned),
        ports: port("FromPort").zip(port("ToPort")),
        group: group.map(|it| it.name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    /// A service behind a load balancer, and the rules of their security groups.
    fn service(of_service: &str, of_balancer: &str, more: &str) -> String {
        let template = format!(
            "\
Resources:
  Inside: {{Type: AWS::EC2::SecurityGroup, Properties: {of_service}}}
  Outside: {{Type: AWS::EC2::SecurityGroup, Properties: {of_balancer}}}
  Other: {{Type: AWS::EC2::SecurityGroup, Properties: {{}}}}
  Web:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {{SecurityGroups: [!Ref Outside]}}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Web
      Port: 443
      DefaultActions: [{{Type: forward, TargetGroupArn: !Ref Group}}]
  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {{HealthCheckPort: 8081}}
  Service:
    Type: AWS::ECS::Service
    Properties:
      NetworkConfiguration: {{AwsvpcConfiguration: {{SecurityGroups: [!GetAtt Inside.GroupId]}}}}
      LoadBalancers: [{{ContainerName: web, ContainerPort: 8080, TargetGroupArn: !Ref Group}}]
{more}"
        );
        check(super::check, &template)
    }

    #[test]
    fn a_port_nobody_opens_is_closed() {
        let expected = "\
warning closed-listener Resources/Listener/Properties/Port 12:13: nobody can reach the listener: `Outside` lets nobody in on port 443
  add an ingress rule for port 443 to `Outside`
warning closed-port Resources/Group/Properties/HealthCheckPort 16:35: `Inside` keeps `Web` from reaching port 8081
  let `Outside` in on port 8081 in `Inside`
";
        let one = "{SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 8080, ToPort: 8080, \
                   SourceSecurityGroupId: !Ref Outside}, {IpProtocol: udp, FromPort: 0, ToPort: 65535}]}";
        assert_eq!(service(one, "{SecurityGroupIngress: []}", ""), expected);
    }

    #[test]
    fn the_load_balancer_may_be_the_one_that_keeps_it_closed() {
        let expected = "\
warning closed-port Resources/Service/Properties/LoadBalancers/0/ContainerPort 21:59: `Outside` keeps `Web` from reaching port 8080
  let traffic to port 8080 of `Inside` out of `Outside`
";
        let out = "{SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}], \
                   SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 8081, ToPort: 8081, \
                   DestinationSecurityGroupId: !Ref Inside}]}";
        assert_eq!(
            service("{SecurityGroupIngress: [{IpProtocol: -1, CidrIp: 10.0.0.0/8}]}", out, ""),
            expected
        );
    }

    #[test]
    fn rules_may_stand_alone_and_what_is_not_known_is_open() {
        let open = "{SecurityGroupIngress: !Ref Rules}";
        assert_eq!(service(open, open, ""), "");
        let rules = "  \
  A:
    Type: AWS::EC2::SecurityGroupIngress
    Properties:
      GroupId: !GetAtt Inside.GroupId
      IpProtocol: tcp
      FromPort: 8080
      ToPort: 8081
      SourceSecurityGroupId: !GetAtt Outside.GroupId
  B:
    Type: AWS::EC2::SecurityGroupIngress
    Properties: {GroupId: !Ref Outside, IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}
";
        assert_eq!(service("{}", "{}", rules), "");
    }

    #[test]
    fn a_rule_for_another_group_does_not_help() {
        let expected = "\
warning closed-port Resources/Group/Properties/HealthCheckPort 16:35: `Inside` keeps `Web` from reaching port 8081
  let `Outside` in on port 8081 in `Inside`
warning closed-port Resources/Service/Properties/LoadBalancers/0/ContainerPort 21:59: `Inside` keeps `Web` from reaching port 8080
  let `Outside` in on port 8080 in `Inside`
";
        let other = "{SecurityGroupIngress: [{IpProtocol: -1, SourceSecurityGroupId: !Ref Other}]}";
        assert_eq!(
            service(other, "{SecurityGroupIngress: [{IpProtocol: -1, CidrIp: 0.0.0.0/0}]}", ""),
            expected
        );
    }
}
