//! A subnet with its route table.

use ipnet::Ipv4Net;

use crate::kernel::prelude::*;

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
        let resource = scope.resource("Subnet", SUBNET, object! {
            "AvailabilityZone" => zone.clone(),
            "CidrBlock" => range.to_string(),
            "MapPublicIpOnLaunch" => kind == Kind::Public,
            "Tags" => list![
                tag("aws-cdk:subnet-name", kind.name()),
                tag("aws-cdk:subnet-type", kind.tag()),
                tag("Name", name.clone()),
            ],
            "VpcId" => vpc.reference(),
        });
        let route_table = scope.resource("RouteTable", ROUTE_TABLE, object! {
            "Tags" => list![tag("Name", name)],
            "VpcId" => vpc.reference(),
        });
        let association = scope.resource("RouteTableAssociation", ROUTE_TABLE_ASSOCIATION, object! {
            "RouteTableId" => route_table.reference(),
            "SubnetId" => resource.reference(),
        });
        Self { id, resource, route_table, association }
    }

    /// Its place in the tree, below the network's.
    pub(super) fn scope<'a>(&self, network: &'a mut Scope<'_>) -> Scope<'a> {
        network.child(&self.id)
    }
}

/// A tag of a resource.
pub(super) fn tag(key: &'static str, value: impl Into<Expr<Handle>>) -> Expr<Handle> {
    object! { "Key" => key, "Value" => value.into() }
}
