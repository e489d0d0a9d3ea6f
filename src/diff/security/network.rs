//! Rules of security groups.

use asi_constructs::kernel::node::Node;

use super::{Found, items, named, resources_of, target, type_of};
use crate::diff::value::{Moved, scalar};

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
    for (id, resource) in resources_of(body) {
        let id = moved.get(id).map_or(id, String::as_str);
        let properties = resource.get("Properties");
        let group = |key: &str| {
            let node = properties.and_then(|it| it.get(key));
            node.map_or_else(|| format!("${{{id}}}"), |it| group_name(it, moved))
        };
        let mut rule = |group: String, direction: Direction, rule: &Node| {
            let what = Rule { group, direction, traffic: traffic(rule), peer: peer(rule, moved) };
            found.push(Found { what, resource: id.to_owned(), span: rule.span });
        };
        match (type_of(resource), properties) {
            ("AWS::EC2::SecurityGroup", properties) => {
                let own = format!("${{{id}}}");
                let of = |key: &str| items(properties.and_then(|it| it.get(key)));
                of("SecurityGroupIngress").iter().for_each(|it| rule(own.clone(), Direction::In, it));
                of("SecurityGroupEgress").iter().for_each(|it| rule(own.clone(), Direction::Out, it));
                if of("SecurityGroupEgress").is_empty() {
                    // EC2 gives a group that has none this one.
                    let what = Rule {
                        group: own,
                        direction: Direction::Out,
                        traffic: EVERYTHING.to_owned(),
                        peer: EVERYONE.to_owned(),
                    };
                    found.push(Found { what, resource: id.to_owned(), span: resource.span });
                }
            }
            ("AWS::EC2::SecurityGroupIngress", Some(properties)) => {
                let key = if properties.get("GroupId").is_some() { "GroupId" } else { "GroupName" };
                rule(group(key), Direction::In, properties);
            }
            ("AWS::EC2::SecurityGroupEgress", Some(properties)) => {
                rule(group("GroupId"), Direction::Out, properties);
            }
            _ => (),
        }
    }
    found
}

const EVERYTHING: &str = "everything";
const EVERYONE: &str = "everyone (IPv4)";

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
        Some("::/0") => "everyone (IPv6)".to_owned(),
        Some(other) => other.to_owned(),
        None => "nobody".to_owned(),
    }
}

fn traffic(rule: &Node) -> String {
    let text =
        |key: &str| rule.get(key).map(|it| scalar(it).map_or_else(|| named(it, &Moved::new()), Into::into));
    let protocol = text("IpProtocol").unwrap_or_default();
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "-1" | "all" => return EVERYTHING.to_owned(),
        "6" | "tcp" => "TCP",
        "17" | "udp" => "UDP",
        "1" | "icmp" => "ICMP",
        "58" | "icmpv6" => "ICMPv6",
        _ => &protocol,
    }
    .to_owned();
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
}
