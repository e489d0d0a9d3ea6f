//! A VPN gateway, and the ways from a network's subnets to what lies behind it.
//!
//! The connections that end at the gateway, and the devices on their other side, are not made here.

use ipnet::Ipv4Net;

use super::{
    Layout, Nat,
    ranges::Split,
    routes::ROUTE,
    subnet::{RouteTable, Subnet, tables, tag},
};
use crate::kernel::prelude::*;

const GATEWAY_ATTACHMENT: ResourceType = ResourceType::new("AWS::EC2::VPCGatewayAttachment");
const ROUTE_PROPAGATION: ResourceType = ResourceType::new("AWS::EC2::VPNGatewayRoutePropagation");
const VPN_GATEWAY: ResourceType = ResourceType::new("AWS::EC2::VPNGateway");

properties! {
    /// A VPN gateway, which connections from other networks end at.
    pub struct Vpn {
        /// The ranges of addresses that are reached through the gateway.
        routes: Routes = "{}",
        /// Which subnets also get the routes that the gateway learns from its connections.
        propagate: Spanned<Propagate> = "none",
    }
}

choices! {
    /// Which subnets get the routes that a VPN gateway learns from its connections.
    pub enum Propagate {
        /// None: they have the routes that are written, and no other.
        None,
        /// The public ones.
        Public,
        /// The private ones.
        Private,
        /// All of them.
        All,
    }
}

properties! {
    /// The ranges of addresses that are reached through a VPN gateway.
    ///
    /// What lies in the network's own range stays within it, even if one of these is wider.
    pub struct Routes {
        /// From the public subnets: `[10.10.15.206/32, 10.120.23.0/24]`.
        public: Spanned<Vec<Spanned<Ipv4Net>>>,
        /// From the private subnets. With `nat: none` it may be `0.0.0.0/0`, for everything.
        private: Spanned<Vec<Spanned<Ipv4Net>>>,
    }
}

impl Vpn {
    /// Reports routes that cannot be, in a network whose range `cidr` is divided so.
    pub(super) fn check(
        &self,
        cidr: Spanned<Ipv4Net>,
        nat: Spanned<Nat>,
        split: &Split,
        faults: &mut Vec<Diagnostic>,
    ) {
        let public = Side {
            kind: "public",
            exists: !split.public.is_empty(),
            default_route: Some(DefaultRoute {
                through: "the internet gateway",
                cause: Span::NOWHERE,
                help: "name the ranges behind the VPN gateway",
            }),
        };
        let private = Side {
            kind: "private",
            exists: !split.private.is_empty(),
            default_route: (nat.value != Nat::None).then_some(DefaultRoute {
                through: "a NAT gateway",
                cause: nat.span,
                help: "set `nat: none`, or name the ranges behind the VPN gateway",
            }),
        };
        public.check(&self.routes.public, cidr, faults);
        private.check(&self.routes.private, cidr, faults);
        let missing = match self.propagate.value {
            Propagate::Public if !public.exists => Some(public.kind),
            Propagate::Private if !private.exists => Some(private.kind),
            Propagate::None | Propagate::Public | Propagate::Private | Propagate::All => None,
        };
        faults.extend(missing.map(|kind| {
            Diagnostic::error("no-effect", format!("routes are for {kind} subnets, and there are none"))
                .at(self.propagate.span)
                .help(format!("remove `propagate`, or give the network {kind} subnets"))
        }));
    }

    /// Adds the gateway and the routes to it.
    pub(super) fn add(&self, scope: &mut Scope<'_>, network: &Layout) -> Added {
        let tags = list![tag("Name", network.name.clone())];
        let gateway = scope.child("VpnGateway").resource("Default", VPN_GATEWAY, object! {
            "Tags" => tags,
            "Type" => "ipsec.1",
        });
        let attachment = scope.resource("VPCVPNGW", GATEWAY_ATTACHMENT, object! {
            "VpcId" => network.vpc.reference(),
            "VpnGatewayId" => gateway.reference(),
        });
        let mut route = |subnets: &[Subnet], ranges: &[Spanned<Ipv4Net>]| -> Vec<Handle> {
            let each = tables(subnets).flat_map(|table| ranges.iter().map(move |range| (table, range)));
            each.map(|(table, range)| {
                let route = add_route(scope, table, gateway, *range);
                // A table takes no route to a gateway that is not attached to its VPC yet.
                scope.depend(route, [attachment]);
                route
            })
            .collect()
        };
        route(&network.public, &self.routes.public.value);
        let mut outbound = route(&network.private, &self.routes.private.value);
        let (learning, reaches_private) = match self.propagate.value {
            Propagate::None => (Vec::new(), false),
            Propagate::Public => (tables(&network.public).collect(), false),
            Propagate::Private => (tables(&network.private).collect(), true),
            Propagate::All => {
                let all = [&network.private, &network.public, &network.isolated];
                (all.into_iter().flat_map(|it| tables(it)).collect(), true)
            }
        };
        if !learning.is_empty() {
            let propagation = propagate(scope, &learning, gateway);
            scope.depend(propagation, [attachment]);
            outbound.extend((reaches_private && !network.private.is_empty()).then_some(propagation));
        }
        Added { gateway, outbound }
    }
}

/// A VPN gateway that has been added.
pub(super) struct Added {
    /// The gateway.
    pub(super) gateway: Handle,
    /// What leads to it from private subnets.
    pub(super) outbound: Vec<Handle>,
}

/// Sends what goes to `range` through the gateway, where `table` decides.
///
/// Its id goes by the range, not by its place in the list: a route whose range changed would be replaced, and AWS
/// refuses the new one while another with that range is there.
fn add_route(
    network: &mut Scope<'_>,
    table: &RouteTable,
    gateway: Handle,
    Spanned { value: range, span }: Spanned<Ipv4Net>,
) -> Handle {
    let mut scope = table.scope(network).caused_by(span);
    scope.resource(&format!("VpnRoute{range}"), ROUTE, object! {
        "DestinationCidrBlock" => Expr::from(range.to_string()).at(span),
        "GatewayId" => gateway.reference(),
        "RouteTableId" => table.resource.reference(),
    })
}

/// Lets `tables` take the routes that the gateway learns.
fn propagate(network: &mut Scope<'_>, tables: &[&RouteTable], gateway: Handle) -> Handle {
    network.resource("RoutePropagation", ROUTE_PROPAGATION, object! {
        "RouteTableIds" => tables.iter().map(|it| it.resource.reference()).collect::<Vec<_>>(),
        "VpnGatewayId" => gateway.reference(),
    })
}

/// What is known of the subnets of one kind before they are made.
struct Side {
    /// What they are called in a message.
    kind: &'static str,
    /// Whether there are any.
    exists: bool,
    /// Their route to everywhere, if they have one.
    default_route: Option<DefaultRoute>,
}

/// A route to everywhere.
struct DefaultRoute {
    /// What it goes through.
    through: &'static str,
    /// Where that is written.
    cause: Span,
    /// What to do if it is to lead elsewhere.
    help: &'static str,
}

impl Side {
    /// Reports routes that cannot be, in a network with the range `cidr`.
    fn check(
        &self,
        routes: &Spanned<Vec<Spanned<Ipv4Net>>>,
        cidr: Spanned<Ipv4Net>,
        faults: &mut Vec<Diagnostic>,
    ) {
        let kind = self.kind;
        if !self.exists {
            if !routes.value.is_empty() {
                faults.push(
                    Diagnostic::error(
                        "no-effect",
                        format!("routes are for {kind} subnets, and there are none"),
                    )
                    .at(routes.span)
                    .help(format!("remove `{kind}`, or give the network {kind} subnets")),
                );
            }
            return;
        }
        for (at, Spanned { value: range, span }) in routes.value.iter().enumerate() {
            if let Some(first) = routes.value[..at].iter().find(|it| it.value == *range) {
                faults.push(
                    Diagnostic::error("vpn-route", format!("there is a route to `{range}` already"))
                        .label(*span, "")
                        .label(first.span, "the first")
                        .help("remove one of them"),
                );
            } else if cidr.value.contains(range) {
                // A route to a wider range may be: what stays in the network goes by its own, which is narrower.
                let fault =
                    format!("`{range}` lies in the network's own `{}`, and stays within it", cidr.value);
                faults.push(
                    Diagnostic::error("vpn-route", fault)
                        .label(*span, "")
                        .label(cidr.span, "the network")
                        .help("route ranges outside of it, or wider ones"),
                );
            } else if let Some(DefaultRoute { through, cause, help }) = &self.default_route
                && range.prefix_len() == 0
            {
                let fault =
                    format!("what goes from {kind} subnets to `{range}` goes through {through} already");
                faults.push(
                    Diagnostic::error("vpn-route", fault)
                        .label(*span, "")
                        .label(*cause, "set here")
                        .help(*help),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Stack, stack};

    fn with(properties: &str) -> Stack {
        stack(&format!("net: {{type: Network, zones: 1, {properties}}}"))
    }

    fn faults(properties: &str) -> Vec<String> {
        with(properties).faults()
    }

    #[test]
    fn a_gateway_is_attached_as_the_cdk_attaches_it() {
        let built = with("vpn: true");
        assert_eq!(built.faults(), [""; 0]);
        assert_eq!(
            built.properties("net/VpnGateway/Default"),
            json!({ "Tags": [{ "Key": "Name", "Value": "Test/net" }], "Type": "ipsec.1" })
        );
        assert_eq!(
            built.properties("net/VPCVPNGW"),
            json!({ "VpcId": "${net/Resource}", "VpnGatewayId": "${net/VpnGateway/Default}" })
        );
        assert_eq!(built.attribute("net", "vpnGatewayId"), "${net/VpnGateway/Default}");
        assert!(built.resources().iter().all(|(path, _)| !path.contains("VpnRoute")));
    }

    #[test]
    fn there_is_none_unless_it_is_asked_for() {
        let built = with("vpn: false");
        assert!(built.resources().iter().all(|(_, kind)| kind != "AWS::EC2::VPNGateway"));
        assert_eq!(built.attribute("net", "vpnGatewayId"), json!(null));
    }

    #[test]
    fn a_route_waits_for_the_attachment() {
        let built = with("vpn: {routes: {public: [10.120.23.0/24], private: [172.16.0.0/12]}}");
        assert_eq!(
            built.properties("net/PublicSubnet1/VpnRoute10.120.23.0--24"),
            json!({
                "DestinationCidrBlock": "10.120.23.0/24",
                "GatewayId": "${net/VpnGateway/Default}",
                "RouteTableId": "${net/PublicSubnet1/RouteTable}",
            })
        );
        assert_eq!(
            built.properties("net/PrivateSubnet1/VpnRoute172.16.0.0--12"),
            json!({
                "DestinationCidrBlock": "172.16.0.0/12",
                "GatewayId": "${net/VpnGateway/Default}",
                "RouteTableId": "${net/PrivateSubnet1/RouteTable}",
            })
        );
        for path in ["net/PublicSubnet1/VpnRoute10.120.23.0--24", "net/PrivateSubnet1/VpnRoute172.16.0.0--12"]
        {
            assert_eq!(built.depends_on(path), ["net/VPCVPNGW"], "{path}");
        }
    }

    #[test]
    fn routes_it_learns_go_where_they_are_wanted() {
        let tables = |properties: &str| {
            let built = with(&format!("vpn: {properties}"));
            assert_eq!(built.faults(), [""; 0]);
            assert_eq!(built.depends_on("net/RoutePropagation"), ["net/VPCVPNGW"]);
            let properties = built.properties("net/RoutePropagation");
            assert_eq!(properties["VpnGatewayId"], "${net/VpnGateway/Default}");
            properties["RouteTableIds"].clone()
        };
        let [public, private] = ["${net/PublicSubnet1/RouteTable}", "${net/PrivateSubnet1/RouteTable}"];
        assert_eq!(tables("{propagate: public}"), json!([public]));
        assert_eq!(tables("{propagate: private}"), json!([private]));
        assert_eq!(tables("{propagate: all}"), json!([private, public]));
        let none = with("vpn: {propagate: none}").resources();
        assert!(none.iter().all(|(path, _)| path != "net/RoutePropagation"), "{none:?}");
    }

    /// The network of an office: three zones by name, its ranges listed, each group with routes of its own.
    #[test]
    fn every_table_of_a_kind_has_the_routes_of_its_kind() {
        let built = stack(
            "net:\n  type: Network\n  cidr: 10.27.0.0/20\n  zones: [us-east-1a, us-east-1b, us-east-1c]\n  \
             subnets:\n    public: [10.27.0.0/23, 10.27.2.0/23, 10.27.4.0/23]\n    \
             private: [10.27.6.0/23, 10.27.8.0/23, 10.27.10.0/23]\n  endpoints: [s3]\n  \
             vpn: {routes: {public: [10.10.15.206/32, 10.72.162.199/32], private: [10.0.0.0/8]}}\n",
        );
        assert_eq!(built.faults(), [""; 0]);
        let routes = built.resources().into_iter().filter(|(_, kind)| kind == "AWS::EC2::Route");
        let routes: Vec<String> = routes
            .map(|(path, _)| {
                let route = built.properties(&path);
                let way = route["GatewayId"].as_str().or(route["NatGatewayId"].as_str()).expect("a way");
                let text = |key: &str| route[key].as_str().expect("text").to_owned();
                format!("{} {} {way}", text("RouteTableId"), text("DestinationCidrBlock"))
            })
            .collect();
        let mut expected = Vec::new();
        for zone in 1..=3 {
            let table = format!("${{net/PublicSubnet{zone}/RouteTable}}");
            expected.push(format!("{table} 0.0.0.0/0 ${{net/IGW}}"));
            for range in ["10.10.15.206/32", "10.72.162.199/32"] {
                expected.push(format!("{table} {range} ${{net/VpnGateway/Default}}"));
            }
        }
        for zone in 1..=3 {
            let table = format!("${{net/PrivateSubnet{zone}/RouteTable}}");
            expected.push(format!("{table} 0.0.0.0/0 ${{net/PublicSubnet{zone}/NATGateway}}"));
            expected.push(format!("{table} 10.0.0.0/8 ${{net/VpnGateway/Default}}"));
        }
        assert_eq!(routes, expected);
        let subnets = built.resources().into_iter().filter(|(_, kind)| kind == "AWS::EC2::Subnet");
        let subnets = subnets.map(|(path, _)| {
            let subnet = built.properties(&path);
            let text = |key: &str| subnet[key].as_str().expect("text").to_owned();
            format!("{} {} {}", text("CidrBlock"), text("AvailabilityZone"), subnet["MapPublicIpOnLaunch"])
        });
        assert_eq!(
            subnets.collect::<Vec<_>>(),
            [
                "10.27.0.0/23 us-east-1a true",
                "10.27.2.0/23 us-east-1b true",
                "10.27.4.0/23 us-east-1c true",
                "10.27.6.0/23 us-east-1a false",
                "10.27.8.0/23 us-east-1b false",
                "10.27.10.0/23 us-east-1c false",
            ]
        );
        let tables = built.properties("net/S3/Resource")["RouteTableIds"].clone();
        assert_eq!(tables.as_array().map(Vec::len), Some(6));
    }

    #[test]
    fn everything_may_go_through_it_where_there_is_no_nat() {
        let first = |vpn: &str| {
            let service = "web: {type: FargateService, network: net, image: 'a:1', port: 80}";
            let built = stack(&format!("net: {{type: Network, nat: none, vpn: {vpn}}}\n{service}"));
            assert_eq!(built.faults(), [""; 0]);
            let mut first = built.depends_on("web/Service/Service");
            first.retain(|it| it.starts_with("net/"));
            first
        };
        assert_eq!(
            first("{routes: {private: [0.0.0.0/0]}}"),
            ["net/PrivateSubnet1/VpnRoute0.0.0.0--0", "net/PrivateSubnet2/VpnRoute0.0.0.0--0"]
        );
        assert_eq!(first("{propagate: private}"), ["net/RoutePropagation"]);
    }

    #[test]
    fn points_at_a_route_into_the_network_itself() {
        let fault = |range: &str| faults(&format!("vpn: {{routes: {{private: [{range}]}}}}"));
        assert_eq!(
            fault("10.0.1.0/24"),
            [
                "vpn-route at `10.0.1.0/24`: `10.0.1.0/24` lies in the network's own `10.0.0.0/16`, and stays within it"
            ]
        );
        assert_eq!(
            fault("10.0.0.0/16"),
            [
                "vpn-route at `10.0.0.0/16`: `10.0.0.0/16` lies in the network's own `10.0.0.0/16`, and stays within it"
            ]
        );
        assert_eq!(fault("10.0.0.0/8"), [""; 0]);
    }

    #[test]
    fn points_at_a_second_route_to_one_place() {
        assert_eq!(
            faults("vpn: {routes: {public: [172.16.0.0/12, 192.168.0.0/16, 172.16.0.0/12]}}"),
            ["vpn-route at `172.16.0.0/12`: there is a route to `172.16.0.0/12` already"]
        );
        assert_eq!(faults("vpn: {routes: {public: [172.16.0.0/12], private: [172.16.0.0/12]}}"), [""; 0]);
        assert_eq!(
            faults("vpn: {routes: {public: [0.0.0.0/0], private: [0.0.0.0/0]}}"),
            [
                "vpn-route at `0.0.0.0/0`: what goes from public subnets to `0.0.0.0/0` goes through the internet gateway already",
                "vpn-route at `0.0.0.0/0`: what goes from private subnets to `0.0.0.0/0` goes through a NAT gateway already",
            ]
        );
    }

    #[test]
    fn points_at_routes_for_subnets_there_are_not() {
        assert_eq!(
            faults("subnets: {private: []}, vpn: {routes: {private: [172.16.0.0/12]}}"),
            ["no-effect at `[172.16.0.0/12]`: routes are for private subnets, and there are none"]
        );
        assert_eq!(
            faults("nat: none, subnets: {public: []}, vpn: {routes: {public: [172.16.0.0/12]}}"),
            ["no-effect at `[172.16.0.0/12]`: routes are for public subnets, and there are none"]
        );
        assert_eq!(
            faults("subnets: {private: []}, vpn: {propagate: private}"),
            ["no-effect at `private`: routes are for private subnets, and there are none"]
        );
        assert_eq!(
            faults("nat: none, subnets: {public: []}, vpn: {propagate: public}"),
            ["no-effect at `public`: routes are for public subnets, and there are none"]
        );
        assert_eq!(faults("nat: none, subnets: {public: []}, vpn: {propagate: all}"), [""; 0]);
    }

    #[test]
    fn points_at_what_is_no_range() {
        assert_eq!(
            faults("vpn: {routes: {private: [172.16.0.1/12]}}"),
            ["cidr-host-bits at `172.16.0.1/12`: `172.16.0.1/12` is no range: its address lies inside `172.16.0.0/12`"]
        );
    }
}
