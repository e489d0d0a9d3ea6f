//! A virtual private cloud: subnets over several zones, and their ways out.
//!
//! Laid out as the CDK's `Vpc`, path for path, so that one made by the CDK can be taken over.

mod ranges;

use ipnet::Ipv4Net;

use crate::kernel::prelude::*;
use ranges::Ranges;

const EIP: ResourceType = ResourceType::new("AWS::EC2::EIP");
const GATEWAY_ATTACHMENT: ResourceType = ResourceType::new("AWS::EC2::VPCGatewayAttachment");
const INTERNET_GATEWAY: ResourceType = ResourceType::new("AWS::EC2::InternetGateway");
const NAT_GATEWAY: ResourceType = ResourceType::new("AWS::EC2::NatGateway");
const ROUTE: ResourceType = ResourceType::new("AWS::EC2::Route");
const ROUTE_TABLE: ResourceType = ResourceType::new("AWS::EC2::RouteTable");
const ROUTE_TABLE_ASSOCIATION: ResourceType = ResourceType::new("AWS::EC2::SubnetRouteTableAssociation");
const SUBNET: ResourceType = ResourceType::new("AWS::EC2::Subnet");
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
        /// The ranges of the subnets. If absent, the network's range is split evenly among them: the public
        /// ones first, zone by zone, then the private ones.
        subnets: Subnets = "{}",
    }
}

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

properties! {
    /// The ranges of the subnets.
    pub struct Subnets {
        /// The public ones: a range for each zone, or one prefix length for all, such as `/24`; `[]` for none.
        public: Option<Ranges>,
        /// The private ones, likewise.
        private: Option<Ranges>,
    }
}

/// The zones of a network.
#[derive(Clone, Debug)]
pub enum Zones {
    /// The first so many of the region.
    First(u8),
    /// These.
    Named(Vec<Spanned<String>>),
}

impl Zones {
    fn count(&self) -> usize {
        match self {
            Self::First(count) => usize::from(*count),
            Self::Named(names) => names.len(),
        }
    }

    /// The names of the zones.
    fn names(&self) -> Vec<Expr<Handle>> {
        match self {
            Self::First(count) => {
                (0..*count).map(|it| Expr::function("Fn::Select", list![u32::from(it), Expr::function("Fn::GetAZs", "")])).collect()
            }
            Self::Named(names) => names.iter().map(|it| it.clone().into()).collect(),
        }
    }
}

impl Property for Zones {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if node.as_list().is_some() {
            return Vec::read(node, reader).map(Self::Named);
        }
        u8::read(node, reader).map(Self::First)
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Integer, Shape::List(Box::new(Shape::text("the name of a zone")))])
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
        public_subnet_ids: Vec<Expr<Handle>>,
        /// The ids of the private subnets, in the order of the zones.
        private_subnet_ids: Vec<Expr<Handle>>,
        /// The names of the zones.
        zones: Vec<Expr<Handle>>,
        /// What has to be there before anything in a public subnet is reached from the internet.
        internet: Vec<Handle>,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a Network";
}

impl Construct for Network {
    const KIND: &'static str = "Network";
    const EXAMPLE: &'static str = include_str!("network.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        let zones = self.zones.value.count();
        if !(1..=6).contains(&zones) {
            faults.push(
                Diagnostic::error("network-zones", format!("a network goes over 1 to 6 zones, not {zones}"))
                    .at(self.zones.span)
                    .help("use 2, or 3 where the region has them"),
            );
            return;
        }
        if !(16..=28).contains(&self.cidr.value.prefix_len()) {
            faults.push(
                Diagnostic::error("network-size", format!("a VPC has from /16 to /28, not /{}", self.cidr.value.prefix_len()))
                    .at(self.cidr.span)
                    .help("choose a range of that size, such as `10.0.0.0/16`"),
            );
            return;
        }
        match ranges::split(self.cidr, zones, self.subnets.public.as_ref(), self.subnets.private.as_ref()) {
            Err(fault) => faults.push(fault),
            Ok(split) if split.public.is_empty() && split.private.is_empty() => {
                faults.push(Diagnostic::error("network-subnets", "the network has no subnets").help("give it some, or leave `subnets` out"));
            }
            Ok(split) if split.public.is_empty() && self.nat.value != Nat::None => faults.push(
                Diagnostic::error("network-nat", "a NAT gateway needs a public subnet, and there is none")
                    .at(self.nat.span)
                    .help("set `nat: none`, or give the network public subnets"),
            ),
            Ok(_) => (),
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let zones = self.zones.value.names();
        let split = ranges::split(self.cidr, zones.len(), self.subnets.public.as_ref(), self.subnets.private.as_ref())?;
        let name = scope.path().to_string();
        let vpc = scope.resource("Resource", VPC, object! {
            "CidrBlock" => Expr::from(self.cidr.value.to_string()).at(self.cidr.span),
            "EnableDnsHostnames" => true,
            "EnableDnsSupport" => true,
            "InstanceTenancy" => "default",
            "Tags" => list![tag("Name", name.clone())],
        });

        let subnets = |scope: &mut Scope<'_>, kind, ranges: &[Ipv4Net]| -> Vec<Subnet> {
            ranges.iter().zip(&zones).enumerate().map(|(at, (range, zone))| subnet(scope, vpc, kind, at + 1, *range, zone)).collect()
        };
        let public = subnets(scope, Kind::Public, &split.public);
        let mut private = subnets(scope, Kind::Private, &split.private);

        let mut internet = Vec::new();
        if !public.is_empty() {
            let gateway = scope.resource("IGW", INTERNET_GATEWAY, object! { "Tags" => list![tag("Name", name)] });
            let attachment = scope.resource("VPCGW", GATEWAY_ATTACHMENT, object! {
                "InternetGatewayId" => gateway.reference(),
                "VpcId" => vpc.reference(),
            });
            for subnet in &public {
                let route = default_route(scope, subnet, "GatewayId", gateway);
                scope.depend(route, [attachment]);
                internet.extend([route, subnet.association]);
            }
            let nats = self.nats(scope, &public, attachment, private.len());
            for (at, subnet) in private.iter_mut().enumerate() {
                // With a single gateway, all share the first.
                if let Some(nat) = nats.get(at).or(nats.first()) {
                    default_route(scope, subnet, "NatGatewayId", *nat);
                }
            }
        }
        let ids = |subnets: &[Subnet]| subnets.iter().map(|it| it.resource.reference()).collect();
        Ok(Exports {
            vpc_id: vpc.reference(),
            cidr: vpc.attribute("CidrBlock"),
            public_subnet_ids: ids(&public),
            private_subnet_ids: ids(&private),
            zones,
            internet,
        })
    }
}

impl Network {
    /// The NAT gateways, in the public subnets of the first zones.
    fn nats(&self, scope: &mut Scope<'_>, public: &[Subnet], attachment: Handle, private: usize) -> Vec<Handle> {
        let count = match self.nat.value {
            Nat::None => 0,
            Nat::Single => private.min(1),
            Nat::PerZone => private,
        };
        public.iter().take(count).map(|subnet| nat(scope, subnet, attachment)).collect()
    }
}

/// Which way a subnet's traffic goes.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Public,
    Private,
}

/// A subnet, and what belongs to it.
struct Subnet {
    id: String,
    resource: Handle,
    route_table: Handle,
    association: Handle,
}

fn subnet(scope: &mut Scope<'_>, vpc: Handle, kind: Kind, number: usize, range: Ipv4Net, zone: &Expr<Handle>) -> Subnet {
    let (word, is_public) = match kind {
        Kind::Public => ("Public", true),
        Kind::Private => ("Private", false),
    };
    let id = format!("{word}Subnet{number}");
    let mut scope = scope.child(&id);
    let name = scope.path().to_string();
    let resource = scope.resource("Subnet", SUBNET, object! {
        "AvailabilityZone" => zone.clone(),
        "CidrBlock" => range.to_string(),
        "MapPublicIpOnLaunch" => is_public,
        "Tags" => list![tag("aws-cdk:subnet-name", word), tag("aws-cdk:subnet-type", word), tag("Name", name.clone())],
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
    Subnet { id, resource, route_table, association }
}

fn default_route(scope: &mut Scope<'_>, subnet: &Subnet, through: &'static str, gateway: Handle) -> Handle {
    let gateway = gateway.reference();
    let (internet, nat) = if through == "GatewayId" { (Some(gateway), None) } else { (None, Some(gateway)) };
    scope.child(&subnet.id).resource("DefaultRoute", ROUTE, object! {
        "DestinationCidrBlock" => "0.0.0.0/0",
        "GatewayId" => internet,
        "NatGatewayId" => nat,
        "RouteTableId" => subnet.route_table.reference(),
    })
}

fn nat(scope: &mut Scope<'_>, subnet: &Subnet, attachment: Handle) -> Handle {
    let mut scope = scope.child(&subnet.id);
    let name = scope.path().to_string();
    let address = scope.resource("EIP", EIP, object! { "Domain" => "vpc", "Tags" => list![tag("Name", name.clone())] });
    // Without the attachment there is no internet for the address to be on; the CDK relies on the gateway's.
    scope.depend(address, [attachment]);
    let nat = scope.resource("NATGateway", NAT_GATEWAY, object! {
        "AllocationId" => address.attribute("AllocationId"),
        "SubnetId" => subnet.resource.reference(),
        "Tags" => list![tag("Name", name)],
    });
    let route = scope.handle("DefaultRoute").expect("a public subnet has its route before its gateway");
    scope.depend(nat, [route, subnet.association]);
    nat
}

fn tag(key: &'static str, value: impl Into<Expr<Handle>>) -> Expr<Handle> {
    object! { "Key" => key, "Value" => value.into() }
}
