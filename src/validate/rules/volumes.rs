//! The volumes of instances.

use super::super::{
    document::Document,
    report::{Found, Report},
};

/// Where volumes are described.
const VOLUMES: [(&str, &str); 5] = [
    ("AWS::AutoScaling::LaunchConfiguration", "BlockDeviceMappings/*/Ebs"),
    ("AWS::EC2::Instance", "BlockDeviceMappings/*/Ebs"),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData/BlockDeviceMappings/*/Ebs"),
    ("AWS::EC2::SpotFleet", "SpotFleetRequestConfigData/LaunchSpecifications/*/BlockDeviceMappings/*/Ebs"),
    ("AWS::OpsWorks::Instance", "BlockDeviceMappings/*/Ebs"),
];

/// The types of volumes whose IOPS follow from their size.
const WITHOUT_IOPS: &[&str] = &["gp2", "sc1", "st1", "standard"];

/// `W3671`: IOPS for a type of volume that has none to choose. Amazon EBS User Guide, "Amazon EBS volume types".
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (type_name, path) in VOLUMES {
        for resource in document.of_type(type_name) {
            let volumes = document.views(resource).into_iter().flat_map(|it| it.all_at(path));
            for volume in volumes {
                let kind = volume.get("VolumeType").and_then(|it| it.text());
                if let Some(kind) = kind.filter(|it| WITHOUT_IOPS.contains(&&**it))
                    && volume.get("Iops").is_some()
                {
                    let message = format!("a volume of the type `{kind}` has no IOPS to choose");
                    let found = Found::warning("W3671", volume.key("Iops"), message);
                    report.add(found.help("take `Iops` out, or use `gp3`, `io1` or `io2`"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn iops_that_are_ignored() {
        let template = "Resources:\n  I:\n    Type: AWS::EC2::Instance\n    Properties:\n      BlockDeviceMappings:\n        \
                        - {DeviceName: a, Ebs: {VolumeType: standard, Iops: 100}}\n        \
                        - {DeviceName: b, Ebs: {VolumeType: gp3, Iops: 3000}}\n        \
                        - {DeviceName: c, Ebs: {VolumeType: gp2, Iops: !Ref AWS::NoValue}}\n        \
                        - {DeviceName: d, Ebs: {Iops: 100}}\n";
        let expected = "warning W3671 Resources/I/Properties/BlockDeviceMappings/0/Ebs/Iops 6:55: a volume of the type \
                        `standard` has no IOPS to choose\n  take `Iops` out, or use `gp3`, `io1` or `io2`\n";
        assert_eq!(check(super::check, template), expected);
    }
}
