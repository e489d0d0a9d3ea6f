//! The subnets of a VPC as the CDK sees them: which are public, and which belong together.

use serde_json::{Map, Value, json};

use super::{Element, Unfound, network::tag};

/// The tags by which the CDK knows the subnets that it has made.
const KIND_TAG: &str = "aws-cdk:subnet-type";
const NAME_TAG: &str = "aws-cdk:subnet-name";

/// How what is in a subnet gets out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Through an internet gateway.
    Public,
    /// Through something else.
    Private,
    /// Not at all.
    Isolated,
}

impl Kind {
    /// In the order in which they are kept.
    const ALL: [Self; 3] = [Self::Isolated, Self::Private, Self::Public];

    fn name(self) -> &'static str {
        match self {
            Self::Public => "Public",
            Self::Private => "Private",
            Self::Isolated => "Isolated",
        }
    }
}

/// A subnet.
#[derive(Debug)]
pub(super) struct Subnet {
    id: String,
    cidr: Option<String>,
    zone: String,
    route_table: String,
    kind: Kind,
    group: String,
}

/// The subnets, by what EC2 tells of them and of the route tables of their VPC.
pub(super) fn read(
    subnets: &[Element],
    tables: &[Element],
    group_tag: Option<&str>,
) -> Result<Vec<Subnet>, Unfound> {
    let main = tables.iter().find(|it| it.items("associationSet").any(|it| it.is_set("main")));
    subnets.iter().map(|it| one(it, tables, main, group_tag)).collect()
}

fn one(
    subnet: &Element,
    tables: &[Element],
    main: Option<&Element>,
    group_tag: Option<&str>,
) -> Result<Subnet, Unfound> {
    let id = subnet.text("subnetId").unwrap_or_default();
    let is_of_it = |it: &&Element| it.items("associationSet").any(|it| it.text("subnetId") == Some(id));
    let table = tables.iter().find(is_of_it).or(main);
    let kind = kind(subnet, table, id)?;
    let group = match group_tag {
        Some(name) => tag(subnet, name).filter(|it| !it.is_empty()).ok_or_else(|| {
            Unfound::Unlike(format!("the subnet `{id}` has no tag `{name}` to name its group"))
        })?,
        None => tag(subnet, NAME_TAG).filter(|it| !it.is_empty()).unwrap_or_else(|| kind.name()),
    };
    let route_table = table.and_then(|it| it.text("routeTableId")).ok_or_else(|| {
        Unfound::Unlike(format!("the subnet `{id}` has no route table, and its VPC has no main one"))
    })?;
    Ok(Subnet {
        id: id.to_owned(),
        cidr: subnet.text("cidrBlock").map(str::to_owned),
        zone: subnet.text("availabilityZone").unwrap_or_default().to_owned(),
        route_table: route_table.to_owned(),
        kind,
        group: group.to_owned(),
    })
}

/// What its tag says, or else where its routes lead.
fn kind(subnet: &Element, table: Option<&Element>, id: &str) -> Result<Kind, Unfound> {
    if let Some(name) = tag(subnet, KIND_TAG) {
        return Kind::ALL.into_iter().find(|it| it.name() == name).ok_or_else(|| {
            Unfound::Unlike(format!("the subnet `{id}` has the tag `{KIND_TAG}` with the value `{name}`"))
        });
    }
    let leads_out = |through: &str| {
        let mut routes = table.into_iter().flat_map(|it| it.items("routeSet"));
        routes.any(|it| it.text(through).is_some() && it.text("destinationCidrBlock") == Some("0.0.0.0/0"))
    };
    let mut routes = table.into_iter().flat_map(|it| it.items("routeSet"));
    let has_gateway = routes.any(|it| it.text("gatewayId").is_some_and(|it| it.starts_with("igw-")));
    Ok(if subnet.is_set("mapPublicIpOnLaunch") || has_gateway {
        Kind::Public
    } else if leads_out("natGatewayId") || leads_out("transitGatewayId") {
        Kind::Private
    } else {
        Kind::Isolated
    })
}

/// Those of one kind and name together, in order of their zones; the groups in the order of the first in each.
pub(super) fn groups(subnets: Vec<Subnet>) -> Vec<Vec<Subnet>> {
    let mut groups: Vec<Vec<Subnet>> = Vec::new();
    for subnet in subnets {
        let is_its = |it: &&mut Vec<Subnet>| it[0].kind == subnet.kind && it[0].group == subnet.group;
        match groups.iter_mut().find(is_its) {
            Some(group) => group.push(subnet),
            None => groups.push(vec![subnet]),
        }
    }
    groups.iter_mut().for_each(|it| it.sort_by(|one, other| one.zone.cmp(&other.zone)));
    groups
}

/// The zones that all groups have.
pub(super) fn common_zones(groups: &[Vec<Subnet>]) -> Result<Vec<String>, Unfound> {
    let zones = |group: &Vec<Subnet>| group.iter().map(|it| it.zone.clone()).collect::<Vec<String>>();
    let Some(first) = groups.first().map(zones) else {
        return Err(Unfound::Unlike("the VPC has no subnets".to_owned()));
    };
    match groups.iter().map(zones).find(|it| *it != first) {
        Some(other) => Err(Unfound::Unlike(format!(
            "not all groups of its subnets are in the same zones: some in {}, others in {}",
            first.join(", "),
            other.join(", ")
        ))),
        None => Ok(first),
    }
}

/// What is kept of groups that are all in the same zones: ids, names and route tables of each kind there is.
pub(super) fn by_kind(groups: &[Vec<Subnet>]) -> Map<String, Value> {
    let mut kept = Map::new();
    for kind in Kind::ALL {
        let own: Vec<&Vec<Subnet>> = groups.iter().filter(|it| it[0].kind == kind).collect();
        if own.is_empty() {
            continue;
        }
        let subnets = || own.iter().copied().flatten();
        let prefix = kind.name().to_lowercase();
        kept.insert(format!("{prefix}SubnetIds"), subnets().map(|it| it.id.as_str()).collect());
        kept.insert(format!("{prefix}SubnetNames"), own.iter().map(|it| it[0].group.as_str()).collect());
        kept.insert(
            format!("{prefix}SubnetRouteTableIds"),
            subnets().map(|it| it.route_table.as_str()).collect(),
        );
    }
    kept
}

/// What is kept of any groups: all of each subnet.
pub(super) fn whole(groups: &[Vec<Subnet>]) -> Value {
    let subnet = |it: &Subnet| {
        let mut kept = json!({ "subnetId": it.id });
        if let Some(cidr) = &it.cidr {
            kept["cidr"] = json!(cidr);
        }
        kept["availabilityZone"] = json!(it.zone);
        kept["routeTableId"] = json!(it.route_table);
        kept
    };
    let group = |it: &Vec<Subnet>| {
        let subnets: Value = it.iter().map(subnet).collect();
        json!({ "name": it[0].group, "type": it[0].kind.name(), "subnets": subnets })
    };
    groups.iter().map(group).collect()
}
