//! The ways between the subnets of a network and the internet.

use super::{
    Layout,
    subnet::{RouteTable, Subnet, tables, tag},
};
use crate::kernel::prelude::*;

const EIP: ResourceType = ResourceType::new("AWS::EC2::EIP");
const GATEWAY_ATTACHMENT: ResourceType = ResourceType::new("AWS::EC2::VPCGatewayAttachment");
const INTERNET_GATEWAY: ResourceType = ResourceType::new("AWS::EC2::InternetGateway");
const NAT_GATEWAY: ResourceType = ResourceType::new("AWS::EC2::NatGateway");
pub(super) const ROUTE: ResourceType = ResourceType::new("AWS::EC2::Route");

choices! {
    /// How private subnets reach the internet.
    pub enum Nat {
        /// Each zone has a NAT gateway of its own: one zone may fail, and the others go on.
        PerZone,
        /// One NAT gateway for all zones: cheaper, and all stop if its zone fails.
        Single,
        /// Not at all.
        None,
    }
}

/// What has to be there before the internet is.
#[derive(Debug, Default)]
pub(super) struct Ways {
    /// Before it reaches anything in a public subnet.
    pub(super) internet: Vec<Handle>,
    /// Before anything in a private subnet reaches it.
    pub(super) outbound: Vec<Handle>,
}

/// Adds the gateways, and the routes through them.
pub(super) fn add(scope: &mut Scope<'_>, nat: Nat, network: &Layout) -> Ways {
    let mut ways = Ways::default();
    if network.public.is_empty() {
        return ways;
    }
    let tags = list![tag("Name", network.name.clone())];
    let gateway = scope.resource("IGW", INTERNET_GATEWAY, object! { "Tags" => tags });
    let attachment = scope.resource("VPCGW", GATEWAY_ATTACHMENT, object! {
        "InternetGatewayId" => gateway.reference(),
        "VpcId" => network.vpc.reference(),
    });
    for table in tables(&network.public) {
        let route = default_route(scope, table, Way::Internet(gateway));
        scope.depend(route, [attachment]);
    }
    for subnet in &network.public {
        ways.internet.extend([way_to_internet(scope, subnet), subnet.association]);
    }
    let count = match nat {
        Nat::None => 0,
        Nat::Single => network.private.len().min(1),
        Nat::PerZone => network.private.len(),
    };
    let nats: Vec<Handle> =
        network.public.iter().take(count).map(|it| nat_gateway(scope, it, attachment)).collect();
    for (at, subnet) in network.private.iter().enumerate() {
        // With a single gateway, all share the first.
        if let Some(nat) = nats.get(at).or(nats.first()) {
            let route = default_route(scope, &subnet.table, Way::Nat(*nat));
            ways.outbound.extend([route, subnet.association]);
        }
    }
    ways
}

/// The route of a public subnet to the internet.
fn way_to_internet(network: &mut Scope<'_>, subnet: &Subnet) -> Handle {
    subnet.table.scope(network).handle("DefaultRoute").expect("the route tables come first")
}

/// Where a default route leads.
#[derive(Clone, Copy)]
enum Way {
    /// Through the internet gateway.
    Internet(Handle),
    /// Through a NAT gateway.
    Nat(Handle),
}

/// Sends this way what does not stay in the network.
fn default_route(network: &mut Scope<'_>, table: &RouteTable, way: Way) -> Handle {
    let (internet, nat) = match way {
        Way::Internet(gateway) => (Some(gateway.reference()), None),
        Way::Nat(gateway) => (None, Some(gateway.reference())),
    };
    table.scope(network).resource("DefaultRoute", ROUTE, object! {
        "DestinationCidrBlock" => "0.0.0.0/0",
        "GatewayId" => internet,
        "NatGatewayId" => nat,
        "RouteTableId" => table.resource.reference(),
    })
}

/// Puts a NAT gateway into a public subnet.
fn nat_gateway(network: &mut Scope<'_>, subnet: &Subnet, attachment: Handle) -> Handle {
    let route = way_to_internet(network, subnet);
    let mut scope = subnet.scope(network);
    let name = scope.path().to_string();
    let tags = list![tag("Name", name)];
    let address = scope.resource("EIP", EIP, object! { "Domain" => "vpc", "Tags" => tags.clone() });
    // Without the attachment there is no internet for the address to be on; the CDK relies on the gateway's.
    scope.depend(address, [attachment]);
    let nat = scope.resource("NATGateway", NAT_GATEWAY, object! {
        "AllocationId" => address.attribute("AllocationId"),
        "SubnetId" => subnet.resource.reference(),
        "Tags" => tags,
    });
    scope.depend(nat, [route, subnet.association]);
    nat
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn paths(stack: &Stack, kind: &str) -> Vec<String> {
        stack.resources().into_iter().filter_map(|(path, it)| (it == kind).then_some(path)).collect()
    }

    #[test]
    fn private_subnets_reach_out_as_asked() {
        let nat = |nat: &str| stack(&format!("net: {{type: Network, nat: {nat}}}"));
        let ways = |built: &Stack| -> Vec<Value> {
            let routes = paths(built, "AWS::EC2::Route").into_iter().filter(|it| it.contains("Private"));
            routes.map(|it| built.properties(&it)["NatGatewayId"].clone()).collect()
        };
        let built = nat("perZone");
        assert_eq!(
            ways(&built),
            [json!("${net/PublicSubnet1/NATGateway}"), json!("${net/PublicSubnet2/NATGateway}")]
        );
        let built = nat("single");
        assert_eq!(paths(&built, "AWS::EC2::NatGateway"), ["net/PublicSubnet1/NATGateway"]);
        assert_eq!(
            ways(&built),
            [json!("${net/PublicSubnet1/NATGateway}"), json!("${net/PublicSubnet1/NATGateway}")]
        );
        let built = nat("none");
        assert_eq!(paths(&built, "AWS::EC2::EIP"), [""; 0]);
        assert_eq!(ways(&built), [json!(null); 0]);
        assert_eq!(
            built.properties("net/PrivateSubnet2/Subnet")["Tags"][1],
            json!({ "Key": "aws-cdk:subnet-type", "Value": "Isolated" })
        );
    }
}
