//! Instances: their image and their type.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// `E3673`: an instance without an image, neither its own nor that of its launch template. `W2506`: an image from a
/// parameter whose type does not say that it is one. `I3100`: an instance type of an older generation. Source:
/// `AWS::EC2::Instance` and "Best practices" in the CloudFormation User Guide, and the AWS page "Previous Generation
/// Instances".
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    check_images(document, report);
    for (type_name, path) in IMAGES {
        for resource in document.of_type(type_name) {
            let images = document.views(resource).into_iter().flat_map(|it| it.all_at(path));
            images.for_each(|it| check_parameter(it, report));
        }
    }
    for (type_name, path) in TYPES {
        for resource in document.of_type(type_name) {
            let types = document.views(resource).into_iter().flat_map(|it| it.all_at(path));
            types.for_each(|it| check_type(it, report));
        }
    }
}

/// Where images are named.
const IMAGES: [(&str, &str); 7] = [
    ("AWS::AutoScaling::LaunchConfiguration", "ImageId"),
    ("AWS::Batch::ComputeEnvironment", "ComputeResources/ImageId"),
    ("AWS::Cloud9::EnvironmentEC2", "ImageId"),
    ("AWS::EC2::Instance", "ImageId"),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData/ImageId"),
    ("AWS::EC2::SpotFleet", "SpotFleetRequestConfigData/LaunchSpecifications/*/ImageId"),
    ("AWS::ImageBuilder::Image", "ImageId"),
];

/// Where types of instances are named.
const TYPES: [(&str, &str); 12] = [
    ("AWS::AutoScaling::LaunchConfiguration", "InstanceType"),
    ("AWS::EC2::CapacityReservation", "InstanceType"),
    ("AWS::EC2::Host", "InstanceType"),
    ("AWS::EC2::Instance", "InstanceType"),
    ("AWS::RDS::DBInstance", "DBInstanceClass"),
    ("AWS::ElastiCache::CacheCluster", "CacheNodeType"),
    ("AWS::ElastiCache::GlobalReplicationGroup", "CacheNodeType"),
    ("AWS::ElastiCache::ReplicationGroup", "CacheNodeType"),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData/InstanceType"),
    ("AWS::EC2::SpotFleet", "SpotFleetRequestConfigData/LaunchSpecifications/*/InstanceType"),
    ("AWS::OpenSearchService::Domain", "ClusterConfig/InstanceType"),
    ("AWS::Elasticsearch::Domain", "ElasticsearchClusterConfig/InstanceType"),
];

fn check_images<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    const HELP: &str = "set `ImageId`";
    for resource in document.of_type("AWS::EC2::Instance") {
        for instance in document.views(resource).iter().filter(|it| it.lacks("ImageId")) {
            if instance.lacks("LaunchTemplate") {
                let found = Found::error("E3673", instance.holder(), "the instance has no image");
                report.add(found.help(format!("{HELP}, or a launch template that has one")));
            }
        }
        for template in document.of_type("AWS::EC2::LaunchTemplate") {
            for [instance, of_template] in document.together([resource, template]) {
                let used = instance.get("LaunchTemplate");
                let used =
                    used.and_then(|it| it.get("LaunchTemplateId").or_else(|| it.get("LaunchTemplateName")));
                let Some(used) = used.filter(|it| it.target().is_some_and(|it| it.name == template.id))
                else {
                    continue;
                };
                let data = of_template.get("LaunchTemplateData");
                let Some(data) = data.filter(|it| it.lacks("ImageId") && instance.lacks("ImageId")) else {
                    continue;
                };
                let message = "the instance has no image, and neither has its launch template";
                let found = Found::error("E3673", instance.holder(), message).help(HELP);
                report.add(found.and(used, "the launch template").and(data.holder(), "its settings"));
            }
        }
    }
}

fn check_parameter<'t>(image: Value<'t>, report: &mut Report<'t>) {
    let document = image.document;
    let Some(target) = image.target().filter(|it| it.attribute.is_none()) else { return };
    let Some(parameter) = document.parameters.get(target.name) else { return };
    let Some(kind) = parameter.value.get("Type") else { return };
    let Some(text) = kind.as_str() else { return };
    if !matches!(text, "AWS::EC2::Image::Id" | "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>") {
        let message = format!("`{}` is used as an image, and its type is `{text}`", target.name);
        let found = Found::warning("W2506", kind, message);
        let help = "use `AWS::EC2::Image::Id`, or `AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>`";
        report.add(found.help(help).and(image, "used here"));
    }
}

fn check_type<'t>(value: Value<'t>, report: &mut Report<'t>) {
    const FAMILIES: [&str; 7] = ["cc2", "cg1", "cr1", "g2", "hi1", "hs1", "i2"];
    let Some(text) = value.text() else { return };
    let is_old = |it: &str| {
        let general = matches!(it.as_bytes(), [b'c' | b'm' | b'r', b'1'..=b'3']);
        general || it == "t1" || FAMILIES.contains(&it)
    };
    if text.split('.').any(is_old) {
        let message = format!("`{text}` is of an older generation");
        report.add(Found::info("I3100", value, message).help("use a newer one: it does more for less"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn an_instance_has_an_image() {
        let template = "\
Resources:
  With: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateData: {ImageId: ami-12345678}}}
  Without: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateData: {InstanceType: m8g.large}}}
  A: {Type: AWS::EC2::Instance, Properties: {InstanceType: m3.large}}
  B: {Type: AWS::EC2::Instance, Properties: {LaunchTemplate: {LaunchTemplateId: !Ref With}}}
  C: {Type: AWS::EC2::Instance, Properties: {LaunchTemplate: {LaunchTemplateId: !Ref Without}}}
  D: {Type: AWS::EC2::Instance, Properties: {LaunchTemplate: {LaunchTemplateId: lt-1}}}
";
        let expected = "\
error E3673 Resources/A/Properties 4:33: the instance has no image
  set `ImageId`, or a launch template that has one
info I3100 Resources/A/Properties/InstanceType 4:60: `m3.large` is of an older generation
  use a newer one: it does more for less
error E3673 Resources/C/Properties 6:33: the instance has no image, and neither has its launch template
  set `ImageId`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_parameter_says_that_it_is_an_image() {
        let template = "\
Parameters:
  Plain: {Type: String}
  Typed: {Type: AWS::EC2::Image::Id}
Resources:
  A: {Type: AWS::EC2::Instance, Properties: {ImageId: !Ref Plain}}
  B: {Type: AWS::EC2::Instance, Properties: {ImageId: !Ref Typed}}
";
        let expected = "\
warning W2506 Parameters/Plain/Type 2:17: `Plain` is used as an image, and its type is `String`
  use `AWS::EC2::Image::Id`, or `AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>`
";
        assert_eq!(check(super::check, template), expected);
    }
}
