//! A virtual private cloud: subnets over several zones, and their ways out.
//!
//! Laid out as the CDK's `Vpc`, path for path, so that one made by the CDK can be taken over.

mod acls;
mod endpoints;
mod flow_logs;
mod ranges;
mod routes;
mod subnet;
mod vpn;
mod zones;

use ipnet::Ipv4Net;

use crate::{
    kernel::prelude::*,
    targets::{self, SubnetIds},
};
use ranges::Split;
use routes::Ways;
use subnet::{Kind, Parts, RouteTable, Subnet, tables, tag};

pub use acls::Acls;
pub use endpoints::Endpoint;
pub use flow_logs::{FlowLogs, Traffic};
pub use ranges::{Ranges, Subnets, Tier};
pub use routes::Nat;
pub use subnet::PublicRouteTable;
pub use vpn::{Propagate, Routes, Vpn};
pub use zones::Zones;

const VPC: ResourceType = ResourceType::new("AWS::EC2::VPC");

properties! {
    /// A virtual private cloud: public and private subnets over several zones, and their ways out.
    ///
    /// Public subnets reach the internet through an internet gateway, private ones through NAT gateways.
    pub struct Network {
        /// The range of addresses of the whole network, from /16 to /28.
        cidr: Spanned<Ipv4Net> = "10.0.0.0/16",
        /// Over how many zones it goes, or their names: `2`, or `[us-east-1a, us-east-1b]`.
        zones: Spanned<Zones> = "2",
        /// How private subnets reach the internet.
        nat: Spanned<Nat> = "perZone",
        /// The ranges of the subnets, and which there are. If absent, the network's range is split evenly among public
        /// and private ones: the public ones first, zone by zone, then the private ones.
        subnets: Subnets = "{}",
        /// Whether public subnets have a route table each, or share one; the routes in them are the same. Where this
        /// changes in a network that is deployed, public subnets may lose their routes for a moment.
        public_route_table: Spanned<PublicRouteTable> = "perSubnet",
        /// The services of AWS that are reached without going through the internet: `[s3, ecr.api, ecr.dkr]`,
        /// or any by its whole name, such as `com.amazonaws.${AWS::Region}.glue`. `s3` and `dynamodb` are
        /// routes and cost nothing; every other has an address in each private subnet, or where there are none
        /// in each isolated or else public one.
        endpoints: Vec<Endpoint>,
        /// A VPN gateway, and what is reached through it: `{routes: {private: [10.0.0.0/8]}}`, or `true` for a
        /// gateway without routes. Its connections, under `resources`, name it by
        /// `!GetAtt net.vpnGatewayId`. Network ACLs take what comes through it for what comes from the internet.
        vpn: Switch<Vpn> = "false",
        /// A record of the connections to and from everything in the network: `true` for all of them,
        /// `reject` for those that are refused, or its properties.
        flow_logs: Switch<FlowLogs> = "false",
        /// Network ACLs, which decide what may enter a subnet at all, whatever security groups say: `true`,
        /// or their properties. If `false`, the network's own admits everything, and security groups decide.
        acls: Switch<Acls> = "false",
    }
}

exports! {
    /// What other constructs may use of a [`Network`].
    pub struct Exports {
        /// The id of the VPC.
        vpc_id: Expr<Handle>,
        /// Its range of addresses.
        cidr: Expr<Handle>,
        /// The ids of the public subnets, in the order of the zones.
        public_subnet_ids: SubnetIds,
        /// The ids of the private subnets, in the order of the zones.
        private_subnet_ids: SubnetIds,
        /// The ids of the isolated subnets, in the order of the zones.
        isolated_subnet_ids: SubnetIds,
        /// The ids of the public subnets' route tables, in the order of the zones; or the one they share.
        public_route_table_ids: Vec<Expr<Handle>>,
        /// The ids of the private subnets' route tables, in the order of the zones.
        private_route_table_ids: Vec<Expr<Handle>>,
        /// The ids of the isolated subnets' route tables, in the order of the zones.
        isolated_route_table_ids: Vec<Expr<Handle>>,
        /// The names of the zones.
        zones: Vec<Expr<Handle>>,
        /// The id of its VPN gateway, if it has one.
        vpn_gateway_id: Option<Expr<Handle>>,
        /// Itself, for what runs in it.
        network: targets::Network,
    }
}

/// What has been laid out of a network, for what is added to it.
#[derive(Debug)]
struct Layout {
    /// What its resources are named.
    name: String,
    vpc: Handle,
    public: Vec<Subnet>,
    private: Vec<Subnet>,
    isolated: Vec<Subnet>,
}

impl Layout {
    /// The subnets of those that nobody reaches from the internet: private ones, or where there are none isolated ones.
    fn inner(&self) -> &[Subnet] {
        if self.private.is_empty() { &self.isolated } else { &self.private }
    }
}

impl Construct for Network {
    const KIND: &'static str = "Network";
    const EXAMPLE: &'static str = include_str!("network.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        self.zones.value.check(self.zones.span, faults);
        let prefix = self.cidr.value.prefix_len();
        let has_size = (16..=28).contains(&prefix);
        if !has_size {
            faults.push(
                Diagnostic::error("network-size", format!("a VPC has from /16 to /28, not /{prefix}"))
                    .at(self.cidr.span)
                    .help("choose a range of that size, such as `10.0.0.0/16`"),
            );
        }
        endpoints::check(&self.endpoints, faults);
        self.subnets.check_names(faults);
        if let Some(flow_logs) = &self.flow_logs.0 {
            flow_logs.check(faults);
        }
        // Without a size and a number of zones nothing can be said about the subnets.
        if has_size && zones::NUMBER.contains(&self.zones.value.count()) {
            match self.split() {
                Ok(split) => self.check_subnets(&split, faults),
                Err(found) => faults.extend(found),
            }
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        if let Some(region) = scope.place().region.clone() {
            self.zones.value.outside(&region).into_iter().for_each(|it| scope.report(it));
        }
        let split = self.split().map_err(|mut it| it.remove(0))?;
        let zones = self.zones.value.names();
        let name = scope.path().to_string();
        let vpc = scope.resource("Resource", VPC, object! {
            "CidrBlock" => Expr::from(self.cidr.value.to_string()).at(self.cidr.span),
            "EnableDnsHostnames" => true,
            "EnableDnsSupport" => true,
            "InstanceTenancy" => "default",
            "Tags" => list![tag("Name", name.clone())],
        });
        let shared = (self.public_route_table.value == PublicRouteTable::Shared)
            .then(|| RouteTable::shared(scope, vpc, "PublicRoutes"));
        // Without NAT private subnets are isolated; but for the tag they are laid out as before, so that they can get it.
        let private = if self.nat.value == Nat::None { Kind::Isolated } else { Kind::Private };
        let [at_public, at_private, at_isolated] = self.subnets.names();
        let mut add = |kind, name, ranges: &[Ipv4Net], shared: Option<&RouteTable>| {
            Parts { vpc, kind, name, shared }.add(scope, ranges, &zones)
        };
        let network = Layout {
            name,
            vpc,
            public: add(Kind::Public, at_public, &split.public, shared.as_ref()),
            private: add(private, at_private, &split.private, None),
            isolated: add(Kind::Isolated, at_isolated, &split.isolated, None),
        };

        let Ways { internet, mut outbound } = routes::add(scope, self.nat.value, &network);
        let vpn = self.vpn.0.as_ref().map(|it| it.add(scope, &network));
        outbound.extend(vpn.iter().flat_map(|it| it.outbound.iter().copied()));
        outbound.extend(endpoints::add(scope, &self.endpoints, &network));
        if let Some(flow_logs) = &self.flow_logs.0 {
            flow_logs.add(scope, &network);
        }
        if let Some(acls) = &self.acls.0 {
            acls.add(scope, &network, self.cidr.value);
        }
        let ids = |it: &[Subnet]| it.iter().map(|it| it.resource.reference()).collect::<SubnetIds>();
        let table_ids = |subnets: &[Subnet]| tables(subnets).map(|it| it.resource.reference()).collect();
        let offer = targets::Network {
            vpc_id: vpc.reference(),
            cidr: Some(vpc.attribute("CidrBlock")),
            public_subnet_ids: ids(&network.public),
            private_subnet_ids: ids(network.inner()),
            internet,
            outbound: (!outbound.is_empty()).then_some(outbound),
        };
        Ok(Exports {
            vpc_id: offer.vpc_id.clone(),
            cidr: vpc.attribute("CidrBlock"),
            public_subnet_ids: offer.public_subnet_ids.clone(),
            private_subnet_ids: ids(&network.private),
            isolated_subnet_ids: ids(&network.isolated),
            public_route_table_ids: table_ids(&network.public),
            private_route_table_ids: table_ids(&network.private),
            isolated_route_table_ids: table_ids(&network.isolated),
            zones,
            vpn_gateway_id: vpn.map(|it| it.gateway.reference()),
            network: offer,
        })
    }
}

impl Network {
    fn split(&self) -> Result<Split, Vec<Diagnostic>> {
        self.subnets.split(self.cidr, self.zones.value.count())
    }

    /// Reports what does not go together with the subnets there are.
    fn check_subnets(&self, split: &Split, faults: &mut Vec<Diagnostic>) {
        let written = |tier: &Option<Tier>| tier.as_ref().map(Tier::span).unwrap_or_default();
        match (split.public.is_empty(), split.private.is_empty()) {
            (true, true) if split.isolated.is_empty() => faults.push(
                Diagnostic::error("network-subnets", "the network has no subnets")
                    .at(written(&self.subnets.private))
                    .help("give it some, or leave `subnets` out"),
            ),
            (true, false) if self.nat.value != Nat::None => faults.push(
                Diagnostic::error("network-nat", "a NAT gateway needs a public subnet, and there is none")
                    .at(self.nat.span.or(written(&self.subnets.public)))
                    .help("set `nat: none`, or give the network public subnets"),
            ),
            (false, true) if self.nat.value != Nat::None && self.nat.span.is_written() => faults.push(
                Diagnostic::error("no-effect", "NAT gateways are for private subnets, and there are none")
                    .label(self.nat.span, "")
                    .label(written(&self.subnets.private), "no private subnets")
                    .help("remove `nat`, or give the network private subnets"),
            ),
            _ => (),
        }
        if split.public.is_empty() && self.public_route_table.value == PublicRouteTable::Shared {
            faults.push(
                Diagnostic::error("no-effect", "public subnets share a route table, and there are none")
                    .at(self.public_route_table.span)
                    .help("remove `publicRouteTable`, or give the network public subnets"),
            );
        }
        if let Some(acls) = &self.acls.0 {
            acls.check(self.cidr, !split.public.is_empty(), faults);
        }
        if let Some(vpn) = &self.vpn.0 {
            vpn.check(self.cidr, self.nat, split, faults);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Stack, stack};

    fn paths(stack: &Stack, kind: &str) -> Vec<String> {
        stack.resources().into_iter().filter_map(|(path, it)| (it == kind).then_some(path)).collect()
    }

    fn faults(properties: &str) -> Vec<String> {
        stack(&format!("net: {{type: Network, {properties}}}")).faults()
    }

    #[test]
    fn is_laid_out_as_the_vpc_of_the_cdk() {
        let built = stack("Vpc: {type: Network, zones: 1}");
        let expected = [
            ("Vpc/Resource", "AWS::EC2::VPC"),
            ("Vpc/PublicSubnet1/Subnet", "AWS::EC2::Subnet"),
            ("Vpc/PublicSubnet1/RouteTable", "AWS::EC2::RouteTable"),
            ("Vpc/PublicSubnet1/RouteTableAssociation", "AWS::EC2::SubnetRouteTableAssociation"),
            ("Vpc/PublicSubnet1/DefaultRoute", "AWS::EC2::Route"),
            ("Vpc/PublicSubnet1/EIP", "AWS::EC2::EIP"),
            ("Vpc/PublicSubnet1/NATGateway", "AWS::EC2::NatGateway"),
            ("Vpc/PrivateSubnet1/Subnet", "AWS::EC2::Subnet"),
            ("Vpc/PrivateSubnet1/RouteTable", "AWS::EC2::RouteTable"),
            ("Vpc/PrivateSubnet1/RouteTableAssociation", "AWS::EC2::SubnetRouteTableAssociation"),
            ("Vpc/PrivateSubnet1/DefaultRoute", "AWS::EC2::Route"),
            ("Vpc/IGW", "AWS::EC2::InternetGateway"),
            ("Vpc/VPCGW", "AWS::EC2::VPCGatewayAttachment"),
        ];
        assert_eq!(built.resources(), expected.map(|(path, kind)| (path.to_owned(), kind.to_owned())));
        assert_eq!(
            built.properties("Vpc/Resource"),
            json!({
                "CidrBlock": "10.0.0.0/16",
                "EnableDnsHostnames": true,
                "EnableDnsSupport": true,
                "InstanceTenancy": "default",
                "Tags": [{ "Key": "Name", "Value": "Test/Vpc" }],
            })
        );
        assert_eq!(
            built.properties("Vpc/PrivateSubnet1/Subnet"),
            json!({
                "AvailabilityZone": { "Fn::Select": [0, { "Fn::GetAZs": "" }] },
                "CidrBlock": "10.0.128.0/17",
                "MapPublicIpOnLaunch": false,
                "Tags": [
                    { "Key": "aws-cdk:subnet-name", "Value": "Private" },
                    { "Key": "aws-cdk:subnet-type", "Value": "Private" },
                    { "Key": "Name", "Value": "Test/Vpc/PrivateSubnet1" },
                ],
                "VpcId": "${Vpc/Resource}",
            })
        );
        assert_eq!(built.depends_on("Vpc/PublicSubnet1/DefaultRoute"), ["Vpc/VPCGW"]);
        assert_eq!(built.depends_on("Vpc/PublicSubnet1/EIP"), ["Vpc/VPCGW"]);
        assert_eq!(
            built.depends_on("Vpc/PublicSubnet1/NATGateway"),
            ["Vpc/PublicSubnet1/RouteTableAssociation", "Vpc/PublicSubnet1/DefaultRoute"]
        );
    }

    #[test]
    fn takes_the_ranges_it_is_given() {
        let built = stack(
            "net: {type: Network, cidr: 10.77.0.0/16, \
             subnets: {private: [10.77.0.0/24, 10.77.1.0/24], public: [10.77.2.0/24, 10.77.3.0/24]}}",
        );
        let ranges = paths(&built, "AWS::EC2::Subnet").into_iter().map(|it| {
            let range = built.properties(&it)["CidrBlock"].clone();
            format!("{it} {}", range.as_str().expect("a range"))
        });
        assert_eq!(
            ranges.collect::<Vec<_>>(),
            [
                "net/PublicSubnet1/Subnet 10.77.2.0/24",
                "net/PublicSubnet2/Subnet 10.77.3.0/24",
                "net/PrivateSubnet1/Subnet 10.77.0.0/24",
                "net/PrivateSubnet2/Subnet 10.77.1.0/24",
            ]
        );
    }

    #[test]
    fn isolated_subnets_have_no_way_out() {
        let built = stack(
            "net: {type: Network, zones: 1, endpoints: [s3], acls: true, vpn: {propagate: all}, subnets: \
             {public: {name: Ingress}, isolated: {ranges: /28, name: Database}}}",
        );
        assert_eq!(
            paths(&built, "AWS::EC2::Subnet"),
            ["net/IngressSubnet1/Subnet", "net/PrivateSubnet1/Subnet", "net/DatabaseSubnet1/Subnet"]
        );
        assert_eq!(
            paths(&built, "AWS::EC2::Route"),
            ["net/IngressSubnet1/DefaultRoute", "net/PrivateSubnet1/DefaultRoute"]
        );
        assert_eq!(
            built.properties("net/DatabaseSubnet1/Subnet")["Tags"],
            json!([
                { "Key": "aws-cdk:subnet-name", "Value": "Database" },
                { "Key": "aws-cdk:subnet-type", "Value": "Isolated" },
                { "Key": "Name", "Value": "Test/net/DatabaseSubnet1" },
            ])
        );
        let tables = json!([
            "${net/PrivateSubnet1/RouteTable}",
            "${net/IngressSubnet1/RouteTable}",
            "${net/DatabaseSubnet1/RouteTable}"
        ]);
        assert_eq!(built.properties("net/S3/Resource")["RouteTableIds"], tables);
        assert_eq!(built.properties("net/RoutePropagation")["RouteTableIds"], tables);
        let acls = ["net/PublicAcl/Resource", "net/PrivateAcl/Resource", "net/IsolatedAcl/Resource"];
        assert_eq!(paths(&built, "AWS::EC2::NetworkAcl"), acls);
        assert_eq!(built.attribute("net", "isolatedSubnetIds"), json!(["${net/DatabaseSubnet1/Subnet}"]));
        assert_eq!(
            built.attribute("net", "isolatedRouteTableIds"),
            json!(["${net/DatabaseSubnet1/RouteTable}"])
        );
    }

    #[test]
    fn what_needs_private_subnets_takes_isolated_ones_where_there_are_no_others() {
        let built = stack(
            "net: {type: Network, nat: none, subnets: {private: [], isolated: {}}, endpoints: [logs]}\n\
             web: {type: FargateService, network: net, image: 'a:1', port: 80}",
        );
        let subnets = json!(["${net/IsolatedSubnet1/Subnet}", "${net/IsolatedSubnet2/Subnet}"]);
        assert_eq!(built.properties("net/Logs/Resource")["SubnetIds"], subnets);
        let network = &built.properties("web/Service/Service")["NetworkConfiguration"];
        assert_eq!(network["AwsvpcConfiguration"]["Subnets"], subnets);
        assert_eq!(built.attribute("net", "privateSubnetIds"), json!([]));
    }

    #[test]
    fn points_at_a_name_that_cannot_be_an_id() {
        assert_eq!(
            faults("subnets: {public: {name: Default}}, endpoints: [{service: s3, id: a/b}]"),
            [
                "bad-name at `Default`: `Default` cannot be the id of a part of a construct",
                "bad-name at `a/b`: `a/b` cannot be the id of a part of a construct",
            ]
        );
        assert_eq!(
            faults("subnets: {public: {name: App}, private: {name: App}}, zones: 1"),
            ["duplicate-id at `App`: subnets of two kinds are called `App`"]
        );
    }

    #[test]
    fn has_one_kind_of_subnet_if_that_is_all_it_needs() {
        let public = stack(
            "net: {type: Network, cidr: 10.0.0.0/24, subnets: {public: [10.0.0.0/25, 10.0.0.128/25], private: []}}",
        );
        assert_eq!(public.faults(), [""; 0]);
        assert_eq!(
            paths(&public, "AWS::EC2::Subnet"),
            ["net/PublicSubnet1/Subnet", "net/PublicSubnet2/Subnet"]
        );
        assert_eq!(paths(&public, "AWS::EC2::NatGateway"), [""; 0]);
        let private = stack("net: {type: Network, nat: none, subnets: {public: []}}");
        assert_eq!(private.faults(), [""; 0]);
        assert_eq!(
            paths(&private, "AWS::EC2::Subnet"),
            ["net/PrivateSubnet1/Subnet", "net/PrivateSubnet2/Subnet"]
        );
        assert_eq!(paths(&private, "AWS::EC2::InternetGateway"), [""; 0]);
    }

    #[test]
    fn public_subnets_may_share_a_route_table() {
        let built = stack(
            "net: {type: Network, publicRouteTable: shared, endpoints: [s3], \
             vpn: {routes: {public: [192.0.2.0/24]}, propagate: all}}",
        );
        assert_eq!(built.faults(), [""; 0]);
        let table = "${net/PublicRoutes/RouteTable}";
        let private = ["${net/PrivateSubnet1/RouteTable}", "${net/PrivateSubnet2/RouteTable}"];
        assert_eq!(built.attribute("net", "publicRouteTableIds"), json!([table]));
        assert_eq!(
            paths(&built, "AWS::EC2::Route"),
            [
                "net/PublicRoutes/DefaultRoute",
                "net/PublicRoutes/VpnRoute192.0.2.0--24",
                "net/PrivateSubnet1/DefaultRoute",
                "net/PrivateSubnet2/DefaultRoute",
            ]
        );
        for subnet in ["PublicSubnet1", "PublicSubnet2"] {
            let association = built.properties(&format!("net/{subnet}/RouteTableAssociation"));
            assert_eq!(association["RouteTableId"], table);
            assert_eq!(
                built.depends_on(&format!("net/{subnet}/NATGateway")),
                [format!("net/{subnet}/RouteTableAssociation"), "net/PublicRoutes/DefaultRoute".to_owned()]
            );
        }
        for path in ["net/S3/Resource", "net/RoutePropagation"] {
            assert_eq!(built.properties(path)["RouteTableIds"], json!([private[0], private[1], table]));
        }
        assert_eq!(
            stack("net: {type: Network, nat: none, subnets: {public: []}, publicRouteTable: shared}").faults(),
            ["no-effect at `shared`: public subnets share a route table, and there are none"]
        );
    }

    #[test]
    fn tells_what_is_in_it() {
        let built = stack("net: {type: Network, zones: 1}");
        let attribute = |name| built.attribute("net", name);
        assert_eq!(attribute("vpcId"), json!("${net/Resource}"));
        assert_eq!(attribute("cidr"), json!("${net/Resource.CidrBlock}"));
        assert_eq!(attribute("publicSubnetIds"), json!(["${net/PublicSubnet1/Subnet}"]));
        assert_eq!(attribute("privateSubnetIds"), json!(["${net/PrivateSubnet1/Subnet}"]));
        assert_eq!(attribute("publicRouteTableIds"), json!(["${net/PublicSubnet1/RouteTable}"]));
        assert_eq!(attribute("privateRouteTableIds"), json!(["${net/PrivateSubnet1/RouteTable}"]));
    }

    #[test]
    fn points_at_a_size_no_vpc_has() {
        assert_eq!(
            faults("cidr: 10.0.0.0/8"),
            ["network-size at `10.0.0.0/8`: a VPC has from /16 to /28, not /8"]
        );
        assert_eq!(
            faults("cidr: 10.0.0.0/29, zones: 0"),
            [
                "network-zones at `0`: a network goes over 1 to 6 zones, not 0",
                "network-size at `10.0.0.0/29`: a VPC has from /16 to /28, not /29",
            ]
        );
    }

    #[test]
    fn points_at_a_network_without_subnets() {
        assert_eq!(
            faults("subnets: {public: [], private: []}"),
            ["network-subnets at `[]`: the network has no subnets"]
        );
    }

    #[test]
    fn points_at_nat_gateways_that_have_no_place() {
        let fault = "a NAT gateway needs a public subnet, and there is none";
        assert_eq!(faults("subnets: {public: []}"), [format!("network-nat at `[]`: {fault}")]);
        assert_eq!(
            faults("nat: single, subnets: {public: []}"),
            [format!("network-nat at `single`: {fault}")]
        );
    }

    #[test]
    fn points_at_nat_gateways_nobody_uses() {
        assert_eq!(
            faults("nat: perZone, subnets: {private: []}"),
            ["no-effect at `perZone`: NAT gateways are for private subnets, and there are none"]
        );
        assert_eq!(faults("subnets: {private: []}"), [""; 0]);
        assert_eq!(faults("nat: none, subnets: {private: []}"), [""; 0]);
    }
}
