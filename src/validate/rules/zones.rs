//! Availability zones that are written out.

use super::super::{
    document::Document,
    report::{Found, Report},
};

/// Where zones are named.
const PLACES: [(&str, &str); 17] = [
    ("AWS::AutoScaling::AutoScalingGroup", "AvailabilityZones/*"),
    ("AWS::DAX::Cluster", "AvailabilityZones/*"),
    ("AWS::DMS::ReplicationInstance", "AvailabilityZone"),
    ("AWS::EC2::Host", "AvailabilityZone"),
    ("AWS::EC2::Instance", "AvailabilityZone"),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData/Placement/AvailabilityZone"),
    ("AWS::EC2::SpotFleet", "SpotFleetRequestConfigData/LaunchSpecifications/*/Placement/AvailabilityZone"),
    (
        "AWS::EC2::SpotFleet",
        "SpotFleetRequestConfigData/LaunchTemplateConfigs/*/Overrides/*/AvailabilityZone",
    ),
    ("AWS::EC2::Subnet", "AvailabilityZone"),
    ("AWS::EC2::Volume", "AvailabilityZone"),
    ("AWS::ElasticLoadBalancing::LoadBalancer", "AvailabilityZones/*"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "Targets/*/AvailabilityZone"),
    ("AWS::EMR::Cluster", "Instances/Placement/AvailabilityZone"),
    ("AWS::Glue::Connection", "ConnectionInput/PhysicalConnectionRequirements/AvailabilityZone"),
    ("AWS::OpsWorks::Instance", "AvailabilityZone"),
    ("AWS::RDS::DBCluster", "AvailabilityZones/*"),
    ("AWS::RDS::DBInstance", "AvailabilityZone"),
];

/// `W3010`: a zone that is written out, so that the template is for one region and one account.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (type_name, path) in PLACES {
        for resource in document.of_type(type_name) {
            let zones = document.properties(resource).into_iter().flat_map(|it| it.all_at(path));
            for zone in zones.filter(|it| !it.is_given()) {
                if let Some(text) = zone.text().filter(|it| it != "all") {
                    let message = format!("the zone `{text}` is only in one region");
                    let help = "use `!Select [0, !GetAZs '']`, or a parameter";
                    report.add(Found::warning("W3010", zone, message).help(help));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_zone_is_chosen_and_not_written() {
        let template = "\
Resources:
  A: {Type: AWS::EC2::Subnet, Properties: {AvailabilityZone: eu-west-1a}}
  B: {Type: AWS::EC2::Subnet, Properties: {AvailabilityZone: !Select [0, !GetAZs '']}}
  C: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {AvailabilityZones: [!Ref Zone, eu-west-1b]}}
";
        let expected = "\
warning W3010 Resources/A/Properties/AvailabilityZone 2:62: the zone `eu-west-1a` is only in one region
  use `!Select [0, !GetAZs '']`, or a parameter
warning W3010 Resources/C/Properties/AvailabilityZones/1 4:93: the zone `eu-west-1b` is only in one region
  use `!Select [0, !GetAZs '']`, or a parameter
";
        assert_eq!(check(super::check, template), expected);
    }
}
