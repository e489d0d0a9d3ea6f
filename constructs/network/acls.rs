//! Network ACLs: what may enter a subnet at all, whatever the security groups in it say.
//!
//! They keep no account of connections, so answers have to be admitted like anything else. What they refuse is
//! therefore only what nothing in the network ever asked for.

use ipnet::Ipv4Net;

use super::{
    Layout,
    subnet::{Subnet, tag},
};
use crate::kernel::prelude::*;

const ACL: ResourceType = ResourceType::new("AWS::EC2::NetworkAcl");
const ASSOCIATION: ResourceType = ResourceType::new("AWS::EC2::SubnetNetworkAclAssociation");
const ENTRY: ResourceType = ResourceType::new("AWS::EC2::NetworkAclEntry");

/// The ports from which connections are made, and to which their answers come.
const FIRST_EPHEMERAL: u16 = 1024;

/// How many rules of one direction AWS takes unless it is asked for more.
const MOST_RULES: usize = 20;

const ANYWHERE: &str = "0.0.0.0/0";

properties! {
    /// What may enter the subnets of a network at all, whatever the security groups in them say.
    ///
    /// Everything may leave, everything within the network may pass, and so may answers from outside: TCP and
    /// UDP to the ports from 1024 on.
    pub struct Acls {
        /// The TCP ports below 1024 on which anybody may reach the public subnets.
        open: Vec<Spanned<u16>> = "[80, 443]",
        /// Ranges of addresses that are refused in all subnets, whatever they ask for.
        deny: Vec<Spanned<Ipv4Net>>,
    }
}

impl Acls {
    pub(super) fn check(&self, cidr: Spanned<Ipv4Net>, has_public: bool, faults: &mut Vec<Diagnostic>) {
        if let Some(port) = self.open.first().filter(|it| it.span.is_written() && !has_public) {
            faults.push(
                Diagnostic::error("no-effect", "ports are opened in public subnets, and there are none")
                    .at(port.span)
                    .help("remove `open`"),
            );
        }
        for (at, port) in self.open.iter().enumerate() {
            if port.value >= FIRST_EPHEMERAL {
                let fault = format!(
                    "port {} is open anyway, for answers, as all ports from {FIRST_EPHEMERAL} on are",
                    port.value
                );
                faults.push(
                    Diagnostic::error("no-effect", fault)
                        .at(port.span)
                        .help("remove it, and leave to the security groups who may reach it"),
                );
            } else if port.value == 0 || self.open[..at].iter().any(|it| it.value == port.value) {
                let why = if port.value == 0 { "there is no port 0" } else { "this port is open already" };
                faults.push(Diagnostic::error("acl-port", why).at(port.span).help("remove it"));
            }
        }
        for range in &self.deny {
            if range.value.contains(&cidr.value) || cidr.value.contains(&range.value) {
                faults.push(
                    Diagnostic::error(
                        "acl-deny",
                        format!("`{}` would cut the network off from itself", range.value),
                    )
                    .label(range.span, "")
                    .label(cidr.span, "the network")
                    .help("deny ranges outside of it; within it, security groups decide"),
                );
            }
        }
        let rules = self.inbound(Side::Public, cidr.value).len();
        if rules > MOST_RULES {
            let last = self.deny.last().map(|it| it.span).or(self.open.last().map(|it| it.span));
            faults.push(
                Diagnostic::warning(
                    "acl-rules",
                    format!(
                        "these are {rules} rules, and AWS takes {MOST_RULES} unless it is asked for more"
                    ),
                )
                .at(last.unwrap_or_default())
                .help("join neighbouring ranges, or use a firewall such as AWS WAF"),
            );
        }
    }

    pub(super) fn add(&self, scope: &mut Scope<'_>, network: &Layout, cidr: Ipv4Net) {
        let sides = [
            ("PublicAcl", Side::Public, &network.public),
            ("PrivateAcl", Side::Private, &network.private),
            ("IsolatedAcl", Side::Private, &network.isolated),
        ];
        for (id, side, subnets) in sides {
            if !subnets.is_empty() {
                add_acl(scope, id, network.vpc, subnets, &self.inbound(side, cidr));
            }
        }
    }

    /// What may come in, and what may not, in the order it is asked.
    ///
    /// Ids and numbers go by the place in the list: a rule that moves up is then changed in place. Were it replaced,
    /// the new one would come before the old one goes, and AWS refuses two of one number.
    fn inbound(&self, side: Side, cidr: Ipv4Net) -> Vec<Rule> {
        let denied = self.deny.iter().zip(1..).map(|(range, at)| Rule {
            id: format!("Deny{at}"),
            number: at,
            range: range.value.to_string(),
            action: "deny",
            is_outbound: false,
            what: Packets::All,
        });
        let open = self.open.iter().zip(1..).filter(|_| side == Side::Public).map(|(port, at)| {
            Rule::allow(format!("Open{at}"), 200 + at, ANYWHERE, Packets::Tcp(port.value, port.value))
        });
        let within = Rule::allow("Within", 200, cidr.to_string(), Packets::All);
        let answers = [
            Rule::allow("TcpAnswers", 300, ANYWHERE, Packets::Tcp(FIRST_EPHEMERAL, u16::MAX)),
            Rule::allow("UdpAnswers", 301, ANYWHERE, Packets::Udp(FIRST_EPHEMERAL, u16::MAX)),
            Rule::allow("TooBig", 302, ANYWHERE, Packets::TooBig),
        ];
        denied.chain([within]).chain(open).chain(answers).collect()
    }
}

/// Adds an ACL with these rules, for these subnets.
fn add_acl(scope: &mut Scope<'_>, id: &str, vpc: Handle, subnets: &[Subnet], inbound: &[Rule]) {
    let names: Vec<String> = subnets.iter().map(|it| it.scope(scope).unique_id()).collect();
    let mut scope = scope.child(id);
    let name = scope.path().to_string();
    let acl = scope.resource("Resource", ACL, object! {
        "Tags" => list![tag("Name", name)],
        "VpcId" => vpc.reference(),
    });
    let outbound = Rule { is_outbound: true, ..Rule::allow("Out", 100, ANYWHERE, Packets::All) };
    let entries: Vec<Handle> = inbound.iter().chain([&outbound]).map(|it| it.add(&mut scope, acl)).collect();
    for (subnet, name) in subnets.iter().zip(names) {
        let mut scope = scope.child(&format!("DefaultAssociation{name}"));
        let association = scope.resource("Resource", ASSOCIATION, object! {
            "NetworkAclId" => acl.reference(),
            "SubnetId" => subnet.resource.reference(),
        });
        // An ACL without rules refuses everything.
        scope.depend(association, entries.iter().copied());
    }
}

/// Which subnets an ACL is for.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Public,
    Private,
}

/// One rule of an ACL.
struct Rule {
    id: String,
    number: u32,
    range: String,
    action: &'static str,
    is_outbound: bool,
    what: Packets,
}

/// What a rule is about.
#[derive(Clone, Copy)]
enum Packets {
    All,
    Tcp(u16, u16),
    Udp(u16, u16),
    /// The message that a packet is too large for the way, without which connections hang.
    TooBig,
}

impl Rule {
    fn allow(id: impl Into<String>, number: u32, range: impl Into<String>, what: Packets) -> Self {
        Self { id: id.into(), number, range: range.into(), action: "allow", is_outbound: false, what }
    }

    fn add(&self, scope: &mut Scope<'_>, acl: Handle) -> Handle {
        let (protocol, ports) = match self.what {
            Packets::All => (-1, None),
            Packets::Tcp(from, to) => (6, Some((from, to))),
            Packets::Udp(from, to) => (17, Some((from, to))),
            Packets::TooBig => (1, None),
        };
        let icmp = matches!(self.what, Packets::TooBig).then(|| object! { "Code" => 4, "Type" => 3 });
        scope.child(&self.id).resource("Resource", ENTRY, object! {
            "CidrBlock" => self.range.clone(),
            "Egress" => self.is_outbound,
            "Icmp" => icmp,
            "NetworkAclId" => acl.reference(),
            "PortRange" => ports.map(|(from, to)| object! { "From" => from, "To" => to }),
            "Protocol" => protocol,
            "RuleAction" => self.action,
            "RuleNumber" => self.number,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn network(properties: &str) -> Stack {
        stack(&format!("net: {{type: Network, cidr: 10.0.0.0/16, zones: 1, {properties}}}"))
    }

    /// The rules of an ACL: direction, number, action, range, protocol, ports.
    fn rules(stack: &Stack, acl: &str) -> Vec<String> {
        let paths = stack.resources().into_iter().filter(|(_, kind)| kind == "AWS::EC2::NetworkAclEntry");
        let show = |it: Value| {
            let direction = if it["Egress"] == json!(true) { "out" } else { "in" };
            let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
            let ports =
                it.get("PortRange").map_or(String::new(), |it| format!(" {}-{}", it["From"], it["To"]));
            let icmp = it.get("Icmp").map_or(String::new(), |it| format!(" {}/{}", it["Type"], it["Code"]));
            format!(
                "{direction} {} {} {} {}{ports}{icmp}",
                it["RuleNumber"],
                text("RuleAction"),
                text("CidrBlock"),
                it["Protocol"]
            )
        };
        paths.filter(|(path, _)| path.contains(acl)).map(|(path, _)| show(stack.properties(&path))).collect()
    }

    #[test]
    fn admits_what_was_asked_for_and_what_anybody_may_ask() {
        let built = network("acls: true");
        assert_eq!(
            rules(&built, "PublicAcl"),
            [
                "in 200 allow 10.0.0.0/16 -1",
                "in 201 allow 0.0.0.0/0 6 80-80",
                "in 202 allow 0.0.0.0/0 6 443-443",
                "in 300 allow 0.0.0.0/0 6 1024-65535",
                "in 301 allow 0.0.0.0/0 17 1024-65535",
                "in 302 allow 0.0.0.0/0 1 3/4",
                "out 100 allow 0.0.0.0/0 -1",
            ]
        );
        assert_eq!(
            rules(&built, "PrivateAcl"),
            [
                "in 200 allow 10.0.0.0/16 -1",
                "in 300 allow 0.0.0.0/0 6 1024-65535",
                "in 301 allow 0.0.0.0/0 17 1024-65535",
                "in 302 allow 0.0.0.0/0 1 3/4",
                "out 100 allow 0.0.0.0/0 -1",
            ]
        );
        assert_eq!(
            built.properties("net/PublicAcl/Open1/Resource"),
            json!({
                "CidrBlock": "0.0.0.0/0",
                "Egress": false,
                "NetworkAclId": "${net/PublicAcl/Resource}",
                "PortRange": { "From": 80, "To": 80 },
                "Protocol": 6,
                "RuleAction": "allow",
                "RuleNumber": 201,
            })
        );
        assert_eq!(
            built.properties("net/PublicAcl/TooBig/Resource"),
            json!({
                "CidrBlock": "0.0.0.0/0",
                "Egress": false,
                "Icmp": { "Code": 4, "Type": 3 },
                "NetworkAclId": "${net/PublicAcl/Resource}",
                "Protocol": 1,
                "RuleAction": "allow",
                "RuleNumber": 302,
            })
        );
    }

    #[test]
    fn each_subnet_has_one_acl_once_its_rules_are_there() {
        let built = network("acls: {open: []}");
        let associations: Vec<String> = built
            .resources()
            .into_iter()
            .filter_map(|(path, kind)| (kind == "AWS::EC2::SubnetNetworkAclAssociation").then_some(path))
            .collect();
        assert_eq!(
            associations,
            [
                "net/PublicAcl/DefaultAssociationTestnetPublicSubnet125DBBF7F/Resource",
                "net/PrivateAcl/DefaultAssociationTestnetPrivateSubnet17B561198/Resource",
            ]
        );
        assert_eq!(
            built.properties(&associations[0]),
            json!({ "NetworkAclId": "${net/PublicAcl/Resource}", "SubnetId": "${net/PublicSubnet1/Subnet}" })
        );
        let before: Vec<String> = built.depends_on(&associations[0]);
        let rule = |id: &str| format!("net/PublicAcl/{id}/Resource");
        assert_eq!(before, ["Within", "TcpAnswers", "UdpAnswers", "TooBig", "Out"].map(rule));
    }

    #[test]
    fn a_refused_range_comes_before_all_else() {
        let built = network(
            "nat: none, subnets: {private: []}, acls: {open: [443], deny: [203.0.113.0/24, 198.51.100.7/32]}",
        );
        assert_eq!(
            rules(&built, "Acl")[..4],
            [
                "in 1 deny 203.0.113.0/24 -1",
                "in 2 deny 198.51.100.7/32 -1",
                "in 200 allow 10.0.0.0/16 -1",
                "in 201 allow 0.0.0.0/0 6 443-443",
            ]
        );
    }

    #[test]
    fn points_at_ports_that_change_nothing() {
        assert_eq!(
            network("acls: {open: [80, 8080]}").faults(),
            ["no-effect at `8080`: port 8080 is open anyway, for answers, as all ports from 1024 on are"]
        );
        assert_eq!(
            network("acls: {open: [80, 80]}").faults(),
            ["acl-port at `80`: this port is open already"]
        );
        assert_eq!(network("acls: {open: [0]}").faults(), ["acl-port at `0`: there is no port 0"]);
        assert_eq!(
            network("nat: none, subnets: {public: []}, acls: {open: [80]}").faults(),
            ["no-effect at `80`: ports are opened in public subnets, and there are none"]
        );
        assert_eq!(network("nat: none, subnets: {public: []}, acls: true").faults(), [""; 0]);
    }

    #[test]
    fn points_at_a_range_the_network_needs() {
        for range in ["0.0.0.0/0", "10.0.3.0/24"] {
            assert_eq!(
                network(&format!("acls: {{deny: [{range}]}}")).faults(),
                [format!("acl-deny at `{range}`: `{range}` would cut the network off from itself")]
            );
        }
    }

    #[test]
    fn warns_of_more_rules_than_aws_takes() {
        let ranges: Vec<String> = (0..15).map(|it| format!("203.0.{it}.0/24")).collect();
        let faults =
            |count: usize| network(&format!("acls: {{deny: [{}]}}", ranges[..count].join(", "))).faults();
        assert_eq!(faults(14), [""; 0]);
        assert_eq!(
            faults(15),
            [
                "acl-rules at `203.0.14.0/24`: these are 21 rules, and AWS takes 20 unless it is asked for more"
            ]
        );
    }
}
