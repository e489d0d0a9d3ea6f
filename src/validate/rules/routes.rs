//! Route tables, and the way to the internet.

use super::{
    super::{
        document::{Document, Resource},
        report::{Found, Place, Report},
        value::Value,
    },
    identity::alike,
    service_listener::waited_for,
};

const ROUTE: &str = "AWS::EC2::Route";
const ATTACHMENT: &str = "AWS::EC2::VPCGatewayAttachment";

/// What Amazon EC2 refuses of routes, and subnets whose way out is missing. Source: "Route tables" and "NAT gateways"
/// in the Amazon VPC User Guide, and "When a `DependsOn` attribute is required" in the CloudFormation User Guide.
///
/// - `E3022`: a subnet with two route tables.
/// - `duplicate-route`: two routes of one table with one destination.
/// - `gateway-not-attached`: a route to a gateway that does not wait until the gateway is attached, so that "route
///   table … and network gateway … belong to different networks".
/// - `no-internet-route`: a NAT gateway, or an internet-facing load balancer, in a subnet without a way out.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    check_associations(document, report);
    check_destinations(document, report);
    check_attachments(document, report);
    check_ways_out(document, report);
}

fn check_associations<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    const TYPE: &str = "AWS::EC2::SubnetRouteTableAssociation";
    let alike = alike(document, TYPE, &["SubnetId"]);
    let conflict = |one: &Resource<'t>, other: &Resource<'t>| {
        document.together([one, other]).into_iter().find(|[left, right]| {
            let pair = left.get("SubnetId").zip(right.get("SubnetId"));
            pair.is_some_and(|(left, right)| left.is_same(&right))
        })
    };
    for one in document.of_type(TYPE) {
        let others = alike.iter().filter_map(|[left, right]| match one.id {
            id if id == left.id => Some(right),
            id if id == right.id => Some(left),
            _ => None,
        });
        let conflicts: Vec<_> = others.filter_map(|it| Some((it.id, conflict(one, it)?))).collect();
        let Some((_, [here, _])) = conflicts.first() else { continue };
        let names: Vec<String> = conflicts.iter().map(|(id, _)| format!("`{id}`")).collect();
        let message = format!("the subnet has another route table by {}", names.join(" and "));
        let mut found = Found::error("E3022", here.written("SubnetId"), message)
            .help("associate each subnet with one route table");
        for (id, [_, there]) in &conflicts {
            found = found.and(there.written("SubnetId"), format!("`{id}` associates it too"));
        }
        report.add(found);
    }
}

fn check_destinations<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let destinations = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
    for key in destinations {
        for [other, route] in alike(document, ROUTE, &["RouteTableId", key]) {
            for [first, second] in document.together([other, route]) {
                let same = |key: &str| {
                    first.get(key).zip(second.get(key)).filter(|(left, right)| left.is_same(right))
                };
                if same("RouteTableId").is_none() {
                    continue;
                }
                if let Some((taken, place)) = same(key) {
                    let to = place.text().map_or_else(|| "there".to_owned(), |it| format!("to `{it}`"));
                    let message = format!("`{}` is a route {to} in the same table", other.id);
                    let found = Found::error("duplicate-route", place, message);
                    report.add(found.help("keep one of them").and(taken, "the other route"));
                }
            }
        }
    }
}

fn check_attachments<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let mut attached: Vec<(&str, &Resource<'t>)> = Vec::new();
    for attachment in document.of_type(ATTACHMENT) {
        for view in document.views(attachment) {
            for gateway in ["InternetGatewayId", "VpnGatewayId"].iter().filter_map(|it| view.get(it)) {
                // It may be any.
                let Some(target) = gateway.target() else { return };
                attached.push((target.name, attachment));
            }
        }
    }
    if attached.is_empty() {
        return;
    }
    let needs = &document.needs;
    for route in document.of_type(ROUTE) {
        let waits_for = waited_for(needs, route.id);
        for gateway in document.views(route).iter().filter_map(|it| it.get("GatewayId")) {
            let Some(name) = gateway.target().map(|it| it.name) else { continue };
            let mut of_gateway = attached.iter().filter(|(it, _)| *it == name);
            let Some((_, attachment)) = of_gateway.clone().next() else { continue };
            if !of_gateway.any(|(_, it)| waits_for.contains(it.id)) {
                let message = format!("the route does not wait until `{name}` is attached to the VPC");
                report.add(not_attached(gateway.into(), message, "route", attachment));
            }
        }
    }
    for nat in document.of_type("AWS::EC2::NatGateway") {
        let waits_for = waited_for(needs, nat.id);
        if attached.iter().any(|(_, it)| waits_for.contains(it.id)) {
            continue;
        }
        for properties in document.views(nat).iter().filter(|it| is_public(it)) {
            let message = "the NAT gateway does not wait until the internet gateway is attached to the VPC";
            report.add(not_attached(properties.holder(), message.to_owned(), "NAT gateway", attached[0].1));
        }
    }
}

fn not_attached<'t>(place: Place<'t>, message: String, what: &str, attachment: &Resource<'t>) -> Found<'t> {
    let found = Found::warning("gateway-not-attached", place, message);
    let found = found.help(format!("add `DependsOn: {}` to the {what}", attachment.id));
    found.and(Place::Holder(attachment.node), "this attaches it")
}

/// Whether a NAT gateway is for traffic to the internet.
fn is_public(nat: &Value<'_>) -> bool {
    match nat.get("ConnectivityType") {
        Some(it) => it.text().as_deref() == Some("public"),
        None => nat.lacks("ConnectivityType"),
    }
}

fn check_ways_out<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for nat in document.of_type("AWS::EC2::NatGateway") {
        let Some(properties) = document.properties(nat) else { continue };
        if let Some(subnet) = properties.get("SubnetId").filter(|_| is_public(&properties)) {
            check_way_out(document, subnet, "a NAT gateway", report);
        }
    }
    for balancer in document.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer") {
        let Some(properties) = document.properties(balancer) else { continue };
        if properties.get("Scheme").is_some_and(|it| it.text().as_deref() == Some("internet-facing")) {
            for subnet in properties.get("Subnets").into_iter().flat_map(|it| it.items()) {
                check_way_out(document, subnet, "an internet-facing load balancer", report);
            }
        }
    }
}

/// Reports `subnet` if its traffic to the internet certainly goes through a NAT gateway.
fn check_way_out<'t>(document: &'t Document<'t>, subnet: Value<'t>, what: &str, report: &mut Report<'t>) {
    if let (Some(WayOut::Nat(nat)), Some(target)) = (way_out(document, subnet), subnet.target()) {
        let id = target.name;
        let message =
            format!("{what} in `{id}` cannot be reached: the subnet has no route to an internet gateway");
        let found = Found::warning("no-internet-route", subnet, message);
        let found = found.help("use a public subnet");
        report.add(found.and(nat, "its route to the internet goes through a NAT gateway"));
    }
}

/// Where the traffic of a subnet to the internet goes.
pub(super) enum WayOut<'t> {
    /// Through an internet gateway, which only public addresses can use.
    Internet(Value<'t>),
    /// Through a NAT gateway.
    Nat(Value<'t>),
}

/// The way out of a subnet of the template, if it is certain.
pub(super) fn way_out<'t>(document: &'t Document<'t>, subnet: Value<'t>) -> Option<WayOut<'t>> {
    let id = document.named(subnet, "AWS::EC2::Subnet")?.id;
    let mut tables = Vec::new();
    for association in document.of_type("AWS::EC2::SubnetRouteTableAssociation") {
        let association = document.properties(association)?;
        let subnet = association.get("SubnetId")?;
        match subnet.target() {
            Some(it) if it.name == id => tables.push(association.get("RouteTableId")?),
            Some(_) => (),
            None => drop(subnet.text()?),
        }
    }
    let [table] = tables.as_slice() else { return None };
    let table = document.named(*table, "AWS::EC2::RouteTable")?;
    let mut found = None;
    for route in document.of_type(ROUTE).filter_map(|it| document.properties(it)) {
        if route.get("RouteTableId")?.target()?.name != table.id {
            continue;
        }
        if route.get("DestinationIpv6CidrBlock").is_some() {
            continue;
        }
        if route.get("DestinationCidrBlock")?.text()? == "0.0.0.0/0" {
            let gateway = route.get("GatewayId");
            let is_internet = |it: &Value<'t>| document.named(*it, "AWS::EC2::InternetGateway").is_some();
            found = match gateway {
                Some(it) => is_internet(&it).then_some(WayOut::Internet(it)),
                None => route.get("NatGatewayId").map(WayOut::Nat),
            };
            found.as_ref()?;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_subnet_has_one_route_table() {
        let template = "\
Parameters: {S: {Type: String}}
Conditions: {C: !Equals [!Ref S, a], D: !Not [!Condition C]}
Resources:
  A: {Type: AWS::EC2::SubnetRouteTableAssociation, Condition: C, Properties: {SubnetId: !Ref S}}
  B: {Type: AWS::EC2::SubnetRouteTableAssociation, Condition: D, Properties: {SubnetId: !Ref S}}
  E: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !If [C, !Ref S, other]}}
";
        let expected = "\
error E3022 Resources/A/Properties/SubnetId 4:89: the subnet has another route table by `E`
  associate each subnet with one route table
error E3022 Resources/E/Properties/SubnetId 6:75: the subnet has another route table by `A`
  associate each subnet with one route table
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_table_has_one_route_to_a_place() {
        let template = "\
Resources:
  A: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 0.0.0.0/0}}
  B: {Type: AWS::EC2::Route, Properties: {RouteTableId: !GetAtt T.RouteTableId, DestinationCidrBlock: 0.0.0.0/0}}
  C: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 0.0.0.0/0}}
  D: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref U, DestinationCidrBlock: 0.0.0.0/0}}
";
        let expected = "\
error duplicate-route Resources/C/Properties/DestinationCidrBlock 4:87: `A` is a route to `0.0.0.0/0` in the same table
  keep one of them
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_route_waits_for_its_gateway() {
        let template = "\
Resources:
  Gateway: {Type: AWS::EC2::InternetGateway}
  Attachment:
    Type: AWS::EC2::VPCGatewayAttachment
    Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}
  A: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, GatewayId: !Ref Gateway}}
  B: {Type: AWS::EC2::Route, DependsOn: [Attachment], Properties: {RouteTableId: !Ref U, GatewayId: !Ref Gateway}}
  Early: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref S}}
  Late: {Type: AWS::EC2::NatGateway, DependsOn: B, Properties: {SubnetId: !Ref S}}
";
        let expected = "\
warning gateway-not-attached Resources/A/Properties/GatewayId 6:76: the route does not wait until `Gateway` is attached to the VPC
  add `DependsOn: Attachment` to the route
warning gateway-not-attached Resources/Early/Properties 8:39: the NAT gateway does not wait until the internet gateway is attached to the VPC
  add `DependsOn: Attachment` to the NAT gateway
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn what_faces_the_internet_has_a_way_there() {
        let template = "\
Resources:
  Private: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1}}
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: vpc-1}}
  Association:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {SubnetId: !Ref Private, RouteTableId: !Ref Table}
  Route:
    Type: AWS::EC2::Route
    Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}
  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref Private}}
  Web:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Scheme: internet-facing, Subnets: [!Ref Private, subnet-1]}
  Inside:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Scheme: internal, Subnets: [!Ref Private]}
";
        let expected = "\
warning no-internet-route Resources/Nat/Properties/SubnetId 10:60: a NAT gateway in `Private` cannot be reached: the subnet has no route to an internet gateway
  use a public subnet
warning no-internet-route Resources/Web/Properties/Subnets/0 13:53: an internet-facing load balancer in `Private` cannot be reached: the subnet has no route to an internet gateway
  use a public subnet
";
        assert_eq!(check(super::check, template), expected);
    }
}
