//! A subnet with its route table, and the NAT gateway that may stand in it.

use ipnet::Ipv4Net;

use crate::kernel::prelude::*;

const EIP: ResourceType = ResourceType::new("AWS::EC2::EIP");
const NAT_GATEWAY: ResourceType = ResourceType::new("AWS::EC2::NatGateway");
const ROUTE: ResourceType = ResourceType::new("AWS::EC2::Route");
const ROUTE_TABLE: ResourceType = ResourceType::new("AWS::EC2::RouteTable");
const ROUTE_TABLE_ASSOCIATION: ResourceType = ResourceType::new("AWS::EC2::SubnetRouteTableAssociation");
const SUBNET: ResourceType = ResourceType::new("AWS::EC2::Subnet");

/// Which way a subnet's traffic goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// In and out, through the internet gateway.
    Public,
    /// Out only, through a NAT gateway.
    Private,
    /// Neither; but for its tag it is laid out as a private one, so that it can become one.
    Isolated,
}

impl Kind {
    /// The word in the subnet's id and name.
    fn name(self) -> &'static str {
        match self {
            Self::Public => "Public",
            Self::Private | Self::Isolated => "Private",
        }
    }

    /// The CDK's word for it, by which its lookups tell subnets apart.
    fn tag(self) -> &'static str {
        match self {
            Self::Public => "Public",
            Self::Private => "Private",
            Self::Isolated => "Isolated",
        }
    }
}

/// A subnet, and what belongs to it.
#[derive(Debug)]
pub(super) struct Subnet {
    id: String,
    pub(super) resource: Handle,
    pub(super) route_table: Handle,
    pub(super) association: Handle,
}

/// Where a subnet's default route leads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// Through the internet gateway.
    Internet(Handle),
    /// Through a NAT gateway.
    Nat(Handle),
}

impl Subnet {
    /// Adds the subnet of a zone, the `number`th of its kind.
    pub(super) fn add(
        scope: &mut Scope<'_>,
        vpc: Handle,
        kind: Kind,
        number: usize,
        range: Ipv4Net,
        zone: &Expr<Handle>,
    ) -> Self {
        let id = format!("{}Subnet{number}", kind.name());
        let mut scope = scope.child(&id);
        let name = scope.path().to_string();
        let resource = scope.resource(
            "Subnet",
            SUBNET,
            object! {
                "AvailabilityZone" => zone.clone(),
                "CidrBlock" => range.to_string(),
                "MapPublicIpOnLaunch" => kind == Kind::Public,
                "Tags" => list![
                    tag("aws-cdk:subnet-name", kind.name()),
                    tag("aws-cdk:subnet-type", kind.tag()),
                    tag("Name", name.clone()),
                ],
                "VpcId" => vpc.reference(),
            },
        );
        let route_table = scope.resource(
            "RouteTable",
            ROUTE_TABLE,
            object! {
                "Tags" => list![tag("Name", name)],
                "VpcId" => vpc.reference(),
            },
        );
        let association = scope.resource(
            "RouteTableAssociation",
            ROUTE_TABLE_ASSOCIATION,
            object! {
                "RouteTableId" => route_table.reference(),
                "SubnetId" => resource.reference(),
            },
        );
        Self { id, resource, route_table, association }
    }

    /// Its place in the tree, below the network's.
    pub(super) fn scope<'a>(&self, network: &'a mut Scope<'_>) -> Scope<'a> {
        network.child(&self.id)
    }

    /// Sends all traffic that stays not in the network this way.
    pub(super) fn default_route(&self, network: &mut Scope<'_>, way: Way) -> Handle {
        let (internet, nat) = match way {
            Way::Internet(gateway) => (Some(gateway.reference()), None),
            Way::Nat(gateway) => (None, Some(gateway.reference())),
        };
        self.scope(network).resource(
            "DefaultRoute",
            ROUTE,
            object! {
                "DestinationCidrBlock" => "0.0.0.0/0",
                "GatewayId" => internet,
                "NatGatewayId" => nat,
                "RouteTableId" => self.route_table.reference(),
            },
        )
    }

    /// Puts a NAT gateway into this public subnet.
    pub(super) fn nat_gateway(&self, network: &mut Scope<'_>, attachment: Handle) -> Handle {
        let mut scope = self.scope(network);
        let name = scope.path().to_string();
        let tags = list![tag("Name", name)];
        let address = scope.resource("EIP", EIP, object! { "Domain" => "vpc", "Tags" => tags.clone() });
        // Without the attachment there is no internet for the address to be on; the CDK relies on the gateway's.
        scope.depend(address, [attachment]);
        let nat = scope.resource(
            "NATGateway",
            NAT_GATEWAY,
            object! {
                "AllocationId" => address.attribute("AllocationId"),
                "SubnetId" => self.resource.reference(),
                "Tags" => tags,
            },
        );
        let route = scope.handle("DefaultRoute").expect("a public subnet has its route before its gateway");
        scope.depend(nat, [route, self.association]);
        nat
    }
}

/// A tag of a resource.
pub(super) fn tag(key: &'static str, value: impl Into<Expr<Handle>>) -> Expr<Handle> {
    object! { "Key" => key, "Value" => value.into() }
}
