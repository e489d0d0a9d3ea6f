//! What was looked up in AWS: read from the file in which the CDK keeps it, listed, and looked up.

#[cfg(feature = "aws")]
mod answers;
#[cfg(feature = "aws")]
mod cdk;
#[cfg(feature = "aws")]
mod fetch;
#[cfg(feature = "aws")]
mod providers;

use crate::support::asi;
use asi::{cli::Exit, world::MemoryFiles};
use serde_json::Value;

const KEY: &str =
    "vpc-provider:account=111122223333:filter.isDefault=true:region=eu-west-3:returnAsymmetricSubnets=true";

const STACK: &str = "app: shop\naccount: \"111122223333\"\nregion: eu-west-3\nconstructs:\n  \
                     net: {type: ImportedNetwork, lookup: {default: true}}\n  \
                     web: {type: FargateService, network: net, image: \"nginx:1.29\", port: 80}\n";

fn context(groups: &str) -> String {
    format!(
        r#"{{"{KEY}": {{"vpcId": "vpc-0a1b2c3d", "vpcCidrBlock": "172.31.0.0/16", "subnetGroups": {groups}}}}}"#
    )
}

fn synth(stack: &str, context: Option<&str>) -> (Exit, String, String) {
    let mut files = vec![("infra/asi.yaml", stack.as_bytes())];
    files.extend(context.map(|it| ("infra/cdk.context.json", it.as_bytes())));
    let run = asi(&["synth", "-f", "infra/asi.yaml", "--format", "json"], MemoryFiles::with(files));
    (run.exit, run.out, run.err)
}

fn service(context: &str) -> Value {
    let (exit, out, err) = synth(STACK, Some(context));
    assert_eq!((exit, err.as_str()), (Exit::Done, ""));
    let template: Value = serde_json::from_str(&out).unwrap();
    let resources = template["Resources"].as_object().unwrap().values();
    let mut services = resources.filter(|it| it["Type"] == "AWS::ECS::Service");
    services.next().unwrap()["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"].clone()
}

#[test]
fn a_network_is_what_was_looked_up() {
    let group = |kind: &str, ids: [&str; 2]| {
        let subnets = ids.map(|it| format!(r#"{{"subnetId": "{it}"}}"#)).join(", ");
        format!(r#"{{"name": "{kind}", "type": "{kind}", "subnets": [{subnets}]}}"#)
    };
    let public = group("Public", ["subnet-00000001", "subnet-00000002"]);
    let private = group("Private", ["subnet-00000003", "subnet-00000004"]);
    let network = service(&context(&format!("[{public}]")));
    assert_eq!(network["AssignPublicIp"], "ENABLED");
    assert_eq!(network["Subnets"], serde_json::json!(["subnet-00000001", "subnet-00000002"]));
    let network = service(&context(&format!("[{public}, {private}]")));
    assert_eq!(network["AssignPublicIp"], "DISABLED");
    assert_eq!(network["Subnets"], serde_json::json!(["subnet-00000003", "subnet-00000004"]));
}

#[test]
fn tasks_in_isolated_subnets_are_warned_of() {
    let groups = r#"[{"type": "Public", "subnets": [{"subnetId": "subnet-00000001"}, {"subnetId": "subnet-00000002"}]},
                     {"type": "Isolated", "subnets": [{"subnetId": "subnet-00000003"}]}]"#;
    let (exit, _, err) = synth(STACK, Some(&context(groups)));
    assert_eq!(exit, Exit::Done);
    assert!(err.starts_with("warning[no-way-out]"), "{err}");
}

#[test]
fn what_was_not_looked_up_is_asked_for() {
    let (exit, _, err) = synth(STACK, None);
    assert_eq!(exit, Exit::Input);
    assert_eq!(
        err,
        "error[lookup]: nobody has looked up this VPC in 111122223333, eu-west-3\n \
         --> infra/asi.yaml:5:40\n  |\n5 |   net: {type: ImportedNetwork, lookup: {default: true}}\n  \
         |                                        ^^^^^^^^^^^^^^^\n  |\n  \
         = help: run `asi context fetch`, which keeps what AWS says in `cdk.context.json` beside the stack file\n  \
         = note: in `shop/net`\n\n1 error\n"
    );
}

#[test]
fn a_file_that_is_no_such_file_is_pointed_at() {
    let (exit, _, err) = synth(STACK, Some("{\"a\": "));
    assert_eq!(exit, Exit::Input);
    assert!(err.contains("infra/cdk.context.json:1"), "{err}");
    let (exit, _, err) = synth(STACK, Some(&format!("{{\"{KEY}\": 3}}")));
    assert_eq!(exit, Exit::Input);
    assert!(err.contains("is no VPC"), "{err}");
    assert!(err.contains("infra/cdk.context.json:1"), "{err}");
}

#[test]
fn a_lookup_takes_a_place_and_one_vpc() {
    let (_, _, err) = synth(&STACK.replace("region: eu-west-3\n", ""), None);
    assert!(err.contains("the stack is bound to none"), "{err}");
    let (_, _, err) = synth(&STACK.replace("{default: true}", "{}"), None);
    assert!(err.contains("nothing says which VPC is meant"), "{err}");
    let (_, _, err) = synth(&STACK.replace("lookup:", "vpc: vpc-0a1b2c3d, lookup:"), None);
    assert!(err.contains("what is looked up is not written, too"), "{err}");
    let (_, _, err) = synth(&STACK.replace("lookup: {default: true}", "cidr: 10.0.0.0/16"), None);
    assert!(err.contains("nothing says which network it is"), "{err}");
}
