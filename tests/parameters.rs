//! Parameters of templates: those of the user, and those that constructs add.

use serde_json::{Value, json};

use crate::support::{asi, template};
use asi::{cli::Exit, world::MemoryFiles};

/// The parameter by which the newest image for ECS is looked up, named as the CDK does.
const IMAGE: &str = "SsmParameterValueawsserviceecsoptimizedamiamazonlinux2023recommendedimageidC96584B6F00A464EAD1953AFF4B05118Parameter";

fn names(template: &Value) -> Vec<&str> {
    template["Parameters"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn the_users_come_before_those_of_constructs() {
    let template = template(
        "
app: shop
parameters: {Size: {type: String, default: t3.small}}
constructs:
  net: {type: Network}
  jobs: {type: Ec2Cluster, network: net, instance: '${param.Size}'}
  web: {type: Ec2Cluster, network: net}
",
        &[],
    );
    assert_eq!(names(&template), ["Size", IMAGE]);
    let keys: Vec<&str> = template.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["AWSTemplateFormatVersion", "Parameters", "Resources"]);
}

#[test]
fn one_of_the_users_stands_in_place_of_one_of_the_same_name() {
    let text = format!(
        "
app: shop
parameters: {{{IMAGE}: {{type: AWS::EC2::Image::Id, description: Approved}}}}
constructs:
  net: {{type: Network}}
  web: {{type: Ec2Cluster, network: net}}
"
    );
    let run = asi(&["synth", "--format", "json"], MemoryFiles::with([("asi.yaml", text.as_bytes())]));
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    let template: Value = serde_json::from_str(&run.out).unwrap();
    let own = json!({ IMAGE: { "Type": "AWS::EC2::Image::Id", "Description": "Approved" } });
    assert_eq!(template["Parameters"], own);
}

#[test]
fn each_stack_has_its_own() {
    let app = "
app: shop
stacks:
  base:
    constructs:
      net: {type: Network}
      jobs: {type: Ec2Cluster, network: net}
  app:
    constructs:
      web: {type: Ec2Cluster, network: base.net}
      api: {type: FargateService, network: base.net, cluster: base.jobs, image: 'a:1', port: 80}
";
    for stack in ["shop-base", "shop-app"] {
        let template = template(app, &[stack]);
        assert_eq!(names(&template), [IMAGE], "{stack}");
        let launch = template["Resources"].as_object().unwrap().values();
        let image =
            launch.map(|it| &it["Properties"]["LaunchTemplateData"]["ImageId"]).find(|it| !it.is_null());
        assert_eq!(image, Some(&json!({ "Ref": IMAGE })), "{stack}");
    }
}
