//! Rules of security groups.

use std::{collections::BTreeSet, net::IpAddr};

use asi_constructs::kernel::node::Node;

use super::{
    Found,
    branches::{When, each, sides},
    items, named, resources_of, target, type_of,
};
use crate::diff::value::{Moved, is_function, scalar};

/// A rule of a security group, in a form in which equal ones are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The group.
    pub group: String,
    /// Whether it is about what comes in.
    pub direction: Direction,
    /// What it lets through, for people: `TCP 80`, `everything`.
    pub traffic: String,
    /// From or to whom.
    pub peer: String,
    /// What it lets through, as numbers; nothing, if that is not known.
    extent: Option<Extent>,
}

/// The way of what a rule lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To the group.
    In,
    /// From the group.
    Out,
}

/// All rules of a template.
pub(super) fn all(body: &Node, moved: &Moved) -> Vec<Found<Rule>> {
    let mut found = Vec::new();
    let restricted = restricted(body, moved);
    for (id, resource) in resources_of(body) {
        let id = moved.get(id).map_or(id, String::as_str);
        let properties = resource.get("Properties");
        let mut rule = |group: String, direction: Direction, node: &Node, when: &When| {
            for (what, when) in sides(node, when, &|it| Rule::new(&group, direction, it, moved)) {
                found.push(Found { what, when, resource: id.to_owned(), span: node.span });
            }
        };
        match (type_of(resource), properties) {
            ("AWS::EC2::SecurityGroup", properties) => {
                let own = format!("${{{id}}}");
                for (key, direction) in
                    [("SecurityGroupIngress", Direction::In), ("SecurityGroupEgress", Direction::Out)]
                {
                    let rules = properties.and_then(|it| it.get(key));
                    each(rules, &When::new(), &mut |it, when| {
                        if it.as_map().is_some() {
                            rule(own.clone(), direction, it, when);
                        }
                    });
                }
                let out = properties.and_then(|it| it.get("SecurityGroupEgress"));
                if items(out).is_empty() && !restricted.contains(&own) {
                    // EC2 gives a group that has none this one.
                    let what = Rule::everything(own);
                    let resource_id = id.to_owned();
                    found.push(Found { what, when: When::new(), resource: resource_id, span: resource.span });
                }
            }
            ("AWS::EC2::SecurityGroupIngress", Some(properties)) => {
                let key = if properties.get("GroupId").is_some() { "GroupId" } else { "GroupName" };
                rule(group_of(properties, key, id, moved), Direction::In, properties, &When::new());
            }
            ("AWS::EC2::SecurityGroupEgress", Some(properties)) => {
                rule(group_of(properties, "GroupId", id, moved), Direction::Out, properties, &When::new());
            }
            _ => (),
        }
    }
    found
}

/// The groups with a rule for what goes out beside them: EC2 takes back the one that it gives to a group that has none.
/// <https://github.com/aws/aws-cdk/issues/987>
fn restricted(body: &Node, moved: &Moved) -> BTreeSet<String> {
    let rules = resources_of(body).filter(|(_, it)| type_of(it) == "AWS::EC2::SecurityGroupEgress");
    let groups = rules.filter_map(|(id, it)| Some(group_of(it.get("Properties")?, "GroupId", id, moved)));
    groups.collect()
}

const EVERYTHING: &str = "everything";
const EVERYONE: &str = "everyone (IPv4)";
const EVERYONE_IPV6: &str = "everyone (IPv6)";

impl Rule {
    fn new(group: &str, direction: Direction, rule: &Node, moved: &Moved) -> Self {
        let (group, peer) = (group.to_owned(), peer(rule, moved));
        Self { group, direction, traffic: traffic(rule), peer, extent: Extent::of(rule) }
    }

    /// The rule for what goes out that a group has if it is given none.
    fn everything(group: String) -> Self {
        let (traffic, peer) = (EVERYTHING.to_owned(), EVERYONE.to_owned());
        Self { group, direction: Direction::Out, traffic, peer, extent: Some(Extent::ALL) }
    }

    /// Whether it lets through all that another one does, as far as their numbers tell.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let covers_traffic = match (&self.extent, &other.extent) {
            (Some(all), Some(part)) => all.covers(part),
            _ => false,
        };
        let covers_peer = || match (network(&self.peer), network(&other.peer)) {
            (Some(all), Some(part)) => covers_network(all, part),
            _ => false,
        };
        self.group == other.group
            && self.direction == other.direction
            && (covers_traffic || self.traffic == other.traffic)
            && (self.peer == other.peer || covers_peer())
    }
}

/// What a rule lets through.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Extent {
    /// The protocol; all of them, if there is none.
    protocol: Option<String>,
    /// The first and the last port, of ICMP the type and the code; all of them, if there are none.
    ports: Option<(i64, i64)>,
}

impl Extent {
    const ALL: Self = Self { protocol: None, ports: None };

    fn of(rule: &Node) -> Option<Self> {
        let number = |key: &str| rule.get(key).map(|it| scalar(it)?.parse::<i64>().ok());
        let name = protocol(&scalar(rule.get("IpProtocol")?)?);
        if name.is_empty() {
            return Some(Self::ALL);
        }
        let ports = match (number("FromPort"), number("ToPort")) {
            (None, None) => None,
            (Some(from), None) => Some((from?, from?)),
            (from, Some(to)) => Some((from.unwrap_or(Some(0))?, to?)),
        };
        let ports = ports.filter(|it| *it != (-1, -1) && *it != (0, 65535));
        Some(Self { protocol: Some(name), ports })
    }

    fn covers(&self, other: &Self) -> bool {
        let is_icmp = self.protocol.as_ref().is_some_and(|it| it.starts_with("ICMP"));
        let covers_ports = match (self.ports, other.ports) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((kind, code)), Some(other)) if is_icmp => {
                kind == other.0 && (code == -1 || code == other.1)
            }
            (Some((from, to)), Some(other)) => from <= other.0 && other.0 <= other.1 && other.1 <= to,
        };
        self.protocol.is_none() || self.protocol == other.protocol && covers_ports
    }
}

/// A range of addresses: whether they are of IPv6, the first of them, and how many bits all have in common.
fn network(peer: &str) -> Option<(bool, u128, u32)> {
    let range = match peer {
        EVERYONE => "0.0.0.0/0",
        EVERYONE_IPV6 => "::/0",
        other => other,
    };
    let (address, length) = range.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(it) if length <= 32 => Some((false, u128::from(it.to_bits()) << 96, length)),
        IpAddr::V6(it) if length <= 128 => Some((true, it.to_bits(), length)),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

fn covers_network(all: (bool, u128, u32), part: (bool, u128, u32)) -> bool {
    let first_bits = |it: u128| it.checked_shr(128 - all.2).unwrap_or_default();
    all.0 == part.0 && all.2 <= part.2 && first_bits(all.1) == first_bits(part.1)
}

/// The group that a rule beside it is of.
fn group_of(properties: &Node, key: &str, id: &str, moved: &Moved) -> String {
    properties.get(key).map_or_else(|| format!("${{{id}}}"), |it| group_name(it, moved))
}

/// A group: its name and its id are the same.
fn group_name(node: &Node, moved: &Moved) -> String {
    let id = target(node).map(|it| moved.get(&it).cloned().unwrap_or(it));
    id.map_or_else(|| named(node, moved), |it| format!("${{{it}}}"))
}

fn peer(rule: &Node, moved: &Moved) -> String {
    let groups = [
        "SourceSecurityGroupId",
        "SourceSecurityGroupName",
        "DestinationSecurityGroupId",
        "SourcePrefixListId",
        "DestinationPrefixListId",
    ];
    let address = ["CidrIp", "CidrIpv6"].iter().find_map(|it| rule.get(it)).map(|it| named(it, moved));
    let group = || groups.iter().find_map(|it| rule.get(it)).map(|it| group_name(it, moved));
    match address.or_else(group).as_deref() {
        Some("0.0.0.0/0") => EVERYONE.to_owned(),
        Some("::/0") => EVERYONE_IPV6.to_owned(),
        Some(other) => other.to_owned(),
        None if is_function(rule) => named(rule, moved),
        None => "nobody".to_owned(),
    }
}

/// The name of a protocol; nothing for all of them.
fn protocol(written: &str) -> String {
    let name = match written.to_ascii_lowercase().as_str() {
        "-1" | "all" => "",
        "6" | "tcp" => "TCP",
        "17" | "udp" => "UDP",
        "1" | "icmp" => "ICMP",
        "58" | "icmpv6" => "ICMPv6",
        _ => written,
    };
    name.to_owned()
}

fn traffic(rule: &Node) -> String {
    if is_function(rule) {
        return "something".to_owned();
    }
    let text =
        |key: &str| rule.get(key).map(|it| scalar(it).map_or_else(|| named(it, &Moved::new()), Into::into));
    let protocol = protocol(&text("IpProtocol").unwrap_or_default());
    if protocol.is_empty() {
        return EVERYTHING.to_owned();
    }
    let is_icmp = protocol.starts_with("ICMP");
    match (text("FromPort"), text("ToPort")) {
        (None, None) => protocol,
        (Some(from), None) => format!("{protocol} {from}"),
        (Some(from), Some(to)) if from == "-1" && to == "-1" => protocol,
        (Some(from), Some(to)) if is_icmp => format!("{protocol} type {from} code {to}"),
        (Some(from), Some(to)) if from == "0" && to == "65535" => format!("{protocol}, all ports"),
        (Some(from), Some(to)) if from == to => format!("{protocol} {from}"),
        (from, Some(to)) => format!("{protocol} {}-{to}", from.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    fn group(ingress: &str, others: &str) -> String {
        format!(
            "Resources: {{G: {{Type: AWS::EC2::SecurityGroup, Properties: {{GroupDescription: g, SecurityGroupIngress: {ingress}, \
             SecurityGroupEgress: [{{IpProtocol: -1, CidrIp: 10.0.0.0/8}}]}}}}{others}}}"
        )
    }

    #[test]
    fn a_rule_is_a_row_wherever_it_is_written() {
        let inside =
            group("[{IpProtocol: 6, FromPort: '80', ToPort: 80, CidrIp: 10.0.0.0/8, Description: x}]", "");
        let beside = ", I: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !GetAtt G.GroupId, IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 10.0.0.0/8}}";
        assert_eq!(check(&inside, &group("[]", beside)), "");
        let expected = "\
- In ${G} TCP 80 10.0.0.0/8
+! In ${G} TCP 80 everyone (IPv4)
";
        assert_eq!(check(&inside, &inside.replacen("10.0.0.0/8", "0.0.0.0/0", 1)), expected);
    }

    #[test]
    fn a_group_without_a_rule_for_what_goes_out_lets_everything_out() {
        let shut = "Resources: {G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g, SecurityGroupEgress: [{IpProtocol: icmp, FromPort: -1, ToPort: -1, DestinationSecurityGroupId: !Ref G}]}}}";
        let open = "Resources: {G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g}}}";
        let expected = "\
- Out ${G} ICMP ${G}
+! Out ${G} everything everyone (IPv4)
";
        assert_eq!(check(shut, open), expected);
    }

    #[test]
    fn a_rule_beside_a_group_takes_back_what_lets_everything_out() {
        let group = "G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g}}";
        let out = "O: {Type: AWS::EC2::SecurityGroupEgress, Properties: {GroupId: !GetAtt G.GroupId, IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 10.0.0.0/8}}";
        let expected = "\
- Out ${G} everything everyone (IPv4)
+ Out ${G} TCP 80 10.0.0.0/8
";
        let with = |it: &str| format!("Resources: {{{it}}}");
        assert_eq!(check(&with(group), &with(&format!("{group}, {out}"))), expected);
    }

    #[test]
    fn what_was_let_through_as_part_of_more_is_no_more() {
        let rule = |protocol: &str, ports: &str, peer: &str| {
            let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
            group(&format!("[{{IpProtocol: {protocol}, FromPort: {from}, ToPort: {to}, {peer}}}]"), "")
        };
        let is_wider = |old: &str, new: &str| check(old, new).contains('!');
        let old = rule("tcp", "80-443", "CidrIp: 10.0.0.0/8");
        for (ports, peer) in [("80-443", "10.1.0.0/16"), ("443", "10.0.0.0/8"), ("90-100", "10.255.0.1/32")] {
            assert!(!is_wider(&old, &rule("6", ports, &format!("CidrIp: {peer}"))), "{ports} {peer}");
        }
        for (protocol, ports, peer) in [
            ("tcp", "80-443", "CidrIp: 11.0.0.0/16"),
            ("tcp", "79-443", "CidrIp: 10.0.0.0/8"),
            ("tcp", "80-443", "CidrIp: 10.0.0.0/7"),
            ("udp", "80-443", "CidrIp: 10.0.0.0/8"),
            ("tcp", "80-443", "CidrIpv6: 'a00::/8'"),
            ("tcp", "80-443", "SourceSecurityGroupId: sg-1"),
            ("-1", "-1", "CidrIp: 10.0.0.0/8"),
        ] {
            assert!(is_wider(&old, &rule(protocol, ports, peer)), "{protocol} {ports} {peer}");
        }
        let everything = rule("-1", "-1", "CidrIp: 0.0.0.0/0");
        assert!(!is_wider(&everything, &old) && is_wider(&old, &everything));
        let any_ipv6 = rule("udp", "53", "CidrIpv6: '::/0'");
        assert!(
            !is_wider(&any_ipv6, &rule("udp", "53", "CidrIpv6: 'fd00::/8'")) && is_wider(&any_ipv6, &old)
        );
        let ping = |kind: &str| rule("icmp", kind, "CidrIp: 10.0.0.0/8");
        assert!(!is_wider(&ping("8--1"), &ping("8-0")) && is_wider(&ping("8-0"), &ping("8--1")));
    }
}
