//! Apps of several stacks: how they refer to each other, and in which order they come.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{asi, template};
use asi::{
    cli::Exit,
    world::{MemoryFiles, SystemFiles},
};

/// A service and its name in Route 53, in a stack each, with the constructs named as in `tests/diff/recorded/app.js`.
const APP: &str = "
app: shop
stacks:
  Dns:
    constructs:
      Site: {type: Subdomain, zone: example.com, name: app, target: Web.Service}
  Web:
    constructs:
      Vpc: {type: Network, zones: 2}
      Cluster: {type: Cluster}
      Service:
        type: FargateService
        network: Vpc
        cluster: Cluster
        image: public.ecr.aws/nginx/nginx:1.29.1
        port: 80
environments:
  prod: {}
";

/// The artifacts of the assembly of an app, as its manifest has them.
pub(crate) fn artifacts(name: &str, text: &str, arguments: &[&str]) -> Value {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stacks").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let (file, output) = (folder.join("asi.yaml"), folder.join("out"));
    std::fs::write(&file, text).unwrap();
    let (file, output) = (file.to_str().unwrap(), output.to_str().unwrap());
    let run = asi(&[&["synth", "-f", file, "-o", output], arguments].concat(), SystemFiles);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    let manifest = std::fs::read_to_string(folder.join("out/manifest.json")).unwrap();
    serde_json::from_str::<Value>(&manifest).unwrap()["artifacts"].take()
}

fn outputs(template: &Value) -> Vec<&str> {
    template["Outputs"].as_object().into_iter().flatten().map(|(id, _)| id.as_str()).collect()
}

#[test]
fn exports_are_the_cdks() {
    let web = template(APP, &["shop-Web"]);
    let [zone, name] = [
        "ExportsOutputFnGetAttServiceLBE9A1ADBCCanonicalHostedZoneIDDFD7C060",
        "ExportsOutputFnGetAttServiceLBE9A1ADBCDNSName6263A371",
    ];
    let mut found = outputs(&web);
    found.sort_unstable();
    assert_eq!(found, [zone, name]);
    let expected = json!({
        "Value": {"Fn::GetAtt": ["ServiceLBE9A1ADBC", "DNSName"]},
        "Export": {"Name": format!("shop-Web:{name}")},
    });
    assert_eq!(web["Outputs"][name], expected);
    let dns = template(APP, &["shop-Dns"]).to_string();
    for id in [zone, name] {
        assert!(dns.contains(&format!(r#"{{"Fn::ImportValue":"shop-Web:{id}"}}"#)), "{dns}");
    }
}

#[test]
fn weak_references_read_outputs_that_are_the_cdks() {
    let id = "PublishOutputFnGetAttServiceLBE9A1ADBCDNSName4979EE1A";
    let weak = APP.replace("app: shop", "app: shop\nregion: us-east-1\nreferences: weak");
    let web = template(&weak, &["shop-Web"]);
    assert_eq!(outputs(&web).len(), 2);
    assert_eq!(web["Outputs"][id], json!({"Value": {"Fn::GetAtt": ["ServiceLBE9A1ADBC", "DNSName"]}}));
    let dns = template(&weak, &["shop-Dns"]).to_string();
    let look_up = format!(
        r#"{{"Fn::GetStackOutput":{{"StackName":"shop-Web","Region":"us-east-1","OutputName":"{id}"}}}}"#
    );
    assert!(dns.contains(&look_up), "{dns}");

    // On the way from one to the other the exports stay, as long as somebody imports them.
    let both = weak.replace("weak", "both");
    assert_eq!(template(&both, &["shop-Dns"]).to_string(), dns);
    let mut ids = outputs(&template(APP, &["shop-Web"])).join(" ");
    ids += " ";
    ids += &outputs(&web).join(" ");
    let both = template(&both, &["shop-Web"]);
    assert_eq!(outputs(&both).len(), 4);
    assert!(outputs(&both).iter().all(|it| ids.contains(it)), "{both}");
}

#[test]
fn services_of_several_stacks_share_the_way_that_their_load_balancer_opens() {
    let text = include_str!("faults/shared-way.yaml").replace(
        "front: {type: LoadBalancer, network: net}",
        "front: {type: LoadBalancer, network: net, instances: cluster}",
    );
    let rules = |stack: &str| {
        let template = template(&text, &[stack]);
        let resources = template["Resources"].as_object().unwrap().values();
        let kinds = resources.map(|it| it["Type"].as_str().unwrap().to_owned());
        kinds
            .filter(|it| it.starts_with("AWS::EC2::SecurityGroup") && it.ends_with("gress"))
            .collect::<Vec<_>>()
    };
    assert_eq!(rules("shop-infra"), ["AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"]);
    assert_eq!([rules("shop-one"), rules("shop-two")], [[""; 0]; 2]);
}

#[test]
fn an_assembly_says_what_is_deployed_before() {
    let artifacts = artifacts("order", APP, &["-e", "prod"]);
    assert_eq!(artifacts["shop-prod-Dns"]["dependencies"], json!(["shop-prod-Web", "shop-prod-Dns.assets"]));
    assert_eq!(artifacts["shop-prod-Web"]["dependencies"], json!(["shop-prod-Web.assets"]));
}

#[test]
fn stacks_are_named_after_app_environment_and_themselves() {
    let run = |arguments: &[&str]| asi(arguments, MemoryFiles::with([("asi.yaml", APP.as_bytes())]));
    assert_eq!(run(&["ls"]).out, "shop-prod-Dns\nshop-prod-Web\n");
    assert_eq!(run(&["synth", "shop-prod-Web", "shop-prod-Dns"]).exit, Exit::Input);
    let unknown = run(&["synth", "shop-prod-Wbe"]);
    assert_eq!(unknown.exit, Exit::Input);
    assert!(unknown.err.contains("did you mean `shop-prod-Web`?"), "{}", unknown.err);
}

#[test]
fn what_one_stack_is_does_not_depend_on_another() {
    let without = APP.replace(
        "    constructs:\n      Site",
        "    constructs:\n      Repo: {type: Repository}\n      # Site",
    );
    let mut web = template(APP, &["shop-Web"]);
    web.as_object_mut().unwrap().shift_remove("Outputs");
    assert_eq!(template(&without, &["shop-Web"]), web);
}

#[test]
fn the_stacks_share_what_stands_above_them() {
    let text = "app: shop\nregion: eu-west-1\ntags: {team: web}\nstacks:\n  a: {constructs: {repo: {type: Repository}}}\n  \
                b:\n    region: us-east-1\n    tags: {part: b}\n    constructs: {repo: {type: Repository}}\n";
    let artifacts = artifacts("shared", text, &[]);
    let [a, b] = ["shop-a", "shop-b"].map(|it| &artifacts[it]);
    assert_eq!(a["environment"], "aws://unknown-account/eu-west-1");
    assert_eq!(a["properties"]["tags"], json!({"team": "web"}));
    assert_eq!(b["environment"], "aws://unknown-account/us-east-1");
    assert_eq!(b["properties"]["tags"], json!({"team": "web", "part": "b"}));
}

#[test]
fn an_environment_changes_one_of_them() {
    let text = APP
        .replace("  prod: {}", "  prod: {stacks: {Web: {constructs: {Service: {cpu: 1024, memory: 2GB}}}}}");
    let cpu = |arguments: &[&str]| {
        let template = template(&text, arguments);
        let task = template["Resources"].as_object().unwrap().values();
        let task = task.into_iter().find(|it| it["Type"] == "AWS::ECS::TaskDefinition").unwrap();
        task["Properties"]["Cpu"].clone()
    };
    assert_eq!([cpu(&["shop-Web"]), cpu(&["shop-prod-Web"])], [json!("256"), json!("1024")]);
}

#[test]
fn cloudformations_own_sections_refer_to_other_stacks_too() {
    let text = "
app: shop
stacks:
  app:
    resources:
      Rule: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Sub '${data.Uploads.Arn}/*'}}
      Name: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref data.Uploads}}
      Uri: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt data.repo.uri}}
  data:
    conditions: {IsKept: !Equals [!Ref AWS::Region, eu-west-1]}
    constructs: {repo: {type: Repository}}
    resources: {Uploads: {Type: AWS::S3::Bucket, DeletionPolicy: Retain, Condition: IsKept}}
";
    let app = template(text, &["shop-app", "--no-validate"]);
    let value = |id: &str| app["Resources"][id]["Properties"]["Value"].to_string();
    assert!(value("Rule").contains("shop-data:ExportsOutputFnGetAttUploadsArn"), "{app}");
    assert!(value("Name").contains("shop-data:ExportsOutputRefUploads"), "{app}");
    assert!(value("Uri").contains("RepositoryUri"), "{app}");
    let data = template(text, &["shop-data", "--no-validate"]);
    let output =
        data["Outputs"].as_object().unwrap().iter().find(|(id, _)| id.contains("RefUploads")).unwrap().1;
    assert_eq!(output["Condition"], "IsKept");
}

#[test]
fn a_parameter_is_handed_on_in_what_was_made_of_it() {
    let text = "
app: shop
stacks:
  infra:
    parameters:
      Vpc: {type: AWS::EC2::VPC::Id}
      Subnets: {type: List<AWS::EC2::Subnet::Id>}
    constructs:
      net: {type: ImportedNetwork, vpc: '${param.Vpc}', subnets: {public: '${param.Subnets}'}}
      repo: {type: Repository}
  app:
    constructs:
      web: {type: FargateService, network: infra.net, image: 'infra.repo:1', port: 80, health: /}
";
    let outputs = template(text, &["shop-infra"])["Outputs"].take();
    let output = |of: &str| {
        let found = outputs.as_object().unwrap().iter().find(|(id, _)| id.contains(of)).unwrap();
        (format!("shop-infra:{}", found.0), found.1["Value"].clone())
    };
    let ((vpc, one), (subnets, list)) = (output("RefVpc"), output("RefSubnets"));
    assert_eq!(one, json!({"Ref": "Vpc"}));
    // An output is one text.
    assert_eq!(list, json!({"Fn::Join": ["||", {"Ref": "Subnets"}]}));
    let app = template(text, &["shop-app"]);
    let property = |kind: &str, path: &str| {
        let found = app["Resources"].as_object().unwrap().values().find(|it| it["Type"] == kind).unwrap();
        found["Properties"][path].clone()
    };
    assert_eq!(property("AWS::EC2::SecurityGroup", "VpcId"), json!({"Fn::ImportValue": vpc}));
    let expected = json!({"Fn::Split": ["||", {"Fn::ImportValue": subnets}]});
    assert_eq!(property("AWS::ElasticLoadBalancingV2::LoadBalancer", "Subnets"), expected);
}
