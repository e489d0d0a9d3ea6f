//! The way of a task to the registry its images are in.

use super::{
    super::{
        document::Document,
        report::{Found, Report},
    },
    routes::{WayOut, way_out},
};

/// `no-way-to-images`: a service whose tasks have no public address in subnets that only public addresses get out of,
/// so that no task starts: `CannotPullContainerError`. Source: "Amazon ECS task networking options for Fargate" in
/// the Amazon ECS Developer Guide.
///
/// Endpoints in the VPC may be another way, wherever they are.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    if document.of_type("AWS::EC2::VPCEndpoint").next().is_some() || document.is_open() {
        return;
    }
    for service in document.of_type("AWS::ECS::Service") {
        let Some(properties) = document.properties(service) else { continue };
        let network = properties.at(&["NetworkConfiguration", "AwsvpcConfiguration"]);
        let Some(network) = network else { continue };
        let address = network.get("AssignPublicIp");
        let has_none = match address {
            Some(it) => it.text().as_deref() == Some("DISABLED"),
            None => network.lacks("AssignPublicIp"),
        };
        let subnets = network.get("Subnets").and_then(|it| it.known()?.as_list().map(|_| it.items()));
        let Some(subnets) = subnets.filter(|_| has_none) else { continue };
        let ways: Option<Vec<_>> = subnets.map(|it| Some((it, way_out(document, it)?))).collect();
        for (subnet, way) in ways.unwrap_or_default() {
            if let (WayOut::Internet(gateway), Some(target)) = (way, subnet.target()) {
                let message = format!(
                    "tasks in `{}` cannot pull their images: they have no public address",
                    target.name
                );
                let place = address.unwrap_or(subnet);
                let found = Found::warning("no-way-to-images", place, message);
                let found = found.help("set `AssignPublicIp: ENABLED`, or use a subnet with a NAT gateway");
                report.add(found.and(gateway, "only public addresses get through this gateway"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    const NETWORK: &str = "\
Resources:
  Gateway: {Type: AWS::EC2::InternetGateway}
  Public: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1}}
  Private: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1}}
  Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: vpc-1}}
  Association:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {SubnetId: !Ref Public, RouteTableId: !Ref Table}
  Route:
    Type: AWS::EC2::Route
    Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gateway}
";

    fn service(network: &str) -> String {
        let properties = format!("{{NetworkConfiguration: {{AwsvpcConfiguration: {network}}}}}");
        check(
            super::check,
            &format!("{NETWORK}  Service: {{Type: AWS::ECS::Service, Properties: {properties}}}\n"),
        )
    }

    #[test]
    fn a_task_needs_a_public_address_in_a_public_subnet() {
        let expected = "\
warning no-way-to-images Resources/Service/Properties/NetworkConfiguration/AwsvpcConfiguration/Subnets/0 12:106: tasks in `Public` cannot pull their images: they have no public address
  set `AssignPublicIp: ENABLED`, or use a subnet with a NAT gateway
";
        assert_eq!(service("{Subnets: [!Ref Public]}"), expected);
    }

    #[test]
    fn an_address_or_another_subnet_will_do() {
        assert_eq!(service("{Subnets: [!Ref Public], AssignPublicIp: ENABLED}"), "");
        assert_eq!(service("{Subnets: [!Ref Public], AssignPublicIp: !Ref Choice}"), "");
        assert_eq!(service("{Subnets: [!Ref Private]}"), "");
        assert_eq!(service("{Subnets: [!Ref Parameter]}"), "");
    }
}
