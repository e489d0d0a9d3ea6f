//! A subnet, and its route table.

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
    /// Neither.
    Isolated,
}

impl Kind {
    /// The CDK's word for it, by which its lookups tell subnets apart.
    fn tag(self) -> &'static str {
        match self {
            Self::Public => "Public",
            Self::Private => "Private",
            Self::Isolated => "Isolated",
        }
    }
}

choices! {
    /// How many route tables public subnets have.
    pub enum PublicRouteTable {
        /// Each has its own, as with the CDK.
        PerSubnet,
        /// They share one: where there are many routes, the template is shorter.
        Shared,
    }
}

/// A route table.
#[derive(Clone, Debug)]
pub(super) struct RouteTable {
    /// The place of its routes, below the network's.
    id: String,
    pub(super) resource: Handle,
}

impl RouteTable {
    /// Adds one that subnets may share.
    pub(super) fn shared(scope: &mut Scope<'_>, vpc: Handle, id: &str) -> Self {
        Self { id: id.to_owned(), resource: route_table(&mut scope.child(id), vpc) }
    }

    /// The place of its routes.
    pub(super) fn scope<'a>(&self, network: &'a mut Scope<'_>) -> Scope<'a> {
        network.child(&self.id)
    }
}

/// Adds a route table that is named after its place.
fn route_table(scope: &mut Scope<'_>, vpc: Handle) -> Handle {
    let name = scope.path().to_string();
    scope.resource("RouteTable", ROUTE_TABLE, object! {
        "Tags" => list![tag("Name", name)],
        "VpcId" => vpc.reference(),
    })
}

/// The route tables of subnets, each once.
pub(super) fn tables(subnets: &[Subnet]) -> impl Iterator<Item = &RouteTable> {
    let is_first = |at: usize| subnets[..at].iter().all(|it| it.table.resource != subnets[at].table.resource);
    (0..subnets.len()).filter(move |it| is_first(*it)).map(|it| &subnets[it].table)
}

/// A subnet, and what belongs to it.
#[derive(Debug)]
pub(super) struct Subnet {
    id: String,
    pub(super) resource: Handle,
    pub(super) table: RouteTable,
    pub(super) association: Handle,
}

/// What the subnets of one kind have in common.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) vpc: Handle,
    pub(super) kind: Kind,
    /// The word in their ids.
    pub(super) name: &'a str,
    /// The route table they share, if they do.
    pub(super) shared: Option<&'a RouteTable>,
}

impl Parts<'_> {
    /// Adds the subnets, one for each zone that has a range.
    pub(super) fn add(&self, scope: &mut Scope<'_>, ranges: &[Ipv4Net], zones: &[Expr<Handle>]) -> Vec<Subnet> {
        let places = ranges.iter().zip(zones).zip(1..);
        places.map(|((range, zone), number)| self.add_one(scope, number, *range, zone)).collect()
    }

    /// Adds the `number`th of them, with a route table of its own unless it shares one.
    fn add_one(&self, scope: &mut Scope<'_>, number: usize, range: Ipv4Net, zone: &Expr<Handle>) -> Subnet {
        let Self { vpc, kind, name: tier, shared } = *self;
        let id = format!("{tier}Subnet{number}");
        let mut scope = scope.child(&id);
        let name = scope.path().to_string();
        let resource = scope.resource("Subnet", SUBNET, object! {
            "AvailabilityZone" => zone.clone(),
            "CidrBlock" => range.to_string(),
            "MapPublicIpOnLaunch" => kind == Kind::Public,
            "Tags" => list![
                tag("aws-cdk:subnet-name", tier.to_owned()),
                tag("aws-cdk:subnet-type", kind.tag()),
                tag("Name", name),
            ],
            "VpcId" => vpc.reference(),
        });
        let table = match shared {
            Some(table) => table.clone(),
            None => RouteTable { id: id.clone(), resource: route_table(&mut scope, vpc) },
        };
        let association = scope.resource("RouteTableAssociation", ROUTE_TABLE_ASSOCIATION, object! {
            "RouteTableId" => table.resource.reference(),
            "SubnetId" => resource.reference(),
        });
        Subnet { id, resource, table, association }
    }
}

impl Subnet {
    /// Its place in the tree, below the network's.
    pub(super) fn scope<'a>(&self, network: &'a mut Scope<'_>) -> Scope<'a> {
        network.child(&self.id)
    }
}

/// A tag of a resource.
pub(super) fn tag(key: &'static str, value: impl Into<Expr<Handle>>) -> Expr<Handle> {
    object! { "Key" => key, "Value" => value.into() }
}
