//! Would the CDK write the same assembly? One that it wrote, compared with ours; every difference has its reason.

use std::{collections::BTreeMap, path::Path};

use crate::support::{read, run, world};
use asi::{assembly::hash, cli::Exit, world::MemoryFiles};
use serde_json::{Value, json};

/// The stacks of the CDK's assembly.
const STACKS: [&str; 4] = ["Web", "Pipe", "Waf", "Dns"];

/// A stack of the CDK's app, with its constructs named as there.
const DNS: &str = "
app: Dns
terminationProtection: false
account: \"111122223333\"
region: us-east-1
resources:
  Alias:
    Type: AWS::Route53::RecordSet
    Properties: {Name: app.example.com., Type: A, TTL: \"60\", HostedZoneId: Z0123456789ABCDEFGHIJ, ResourceRecords: [192.0.2.1]}
";

/// Another one.
const WEB: &str = "
app: Web
terminationProtection: false
account: \"111122223333\"
region: us-east-1
constructs:
  Vpc: {type: Network, zones: [us-east-1a, us-east-1b]}
  Cluster: {type: Cluster}
  Service:
    type: FargateService
    network: Vpc
    cluster: Cluster
    image: public.ecr.aws/nginx/nginx:stable
    port: 80
    count: 2
";

/// What is done to the CDK's manifest to make ours of it: what is taken away, by its place, and why.
const NOT_WRITTEN: &[(&str, &str)] = &[
    ("/minimumCliVersion", "any CLI that reads the version of the manifest will do"),
    ("/artifacts/aws-cdk-lib~1feature-flag-report", "there are no feature flags"),
    (
        "/artifacts/Dns/properties/additionalDependencies",
        "nobody reads it: the same stands in `dependencies`",
    ),
    (
        "/artifacts/Dns/additionalMetadataFile",
        "metadata stands in the manifest, where older CLIs look for it, too",
    ),
    ("/artifacts/Dns/dependencies/0", "the CDK's app refers to another stack here"),
];

/// Constructs of the CDK's tree that ours has not, and why.
const NOT_MADE: &[(&str, &str)] = &[
    ("/Acl", "an object of the CDK's that makes nothing"),
    (
        "RestrictDefaultSecurityGroupCustomResource",
        "emptying the default security group takes a Lambda function",
    ),
    ("Custom::VpcRestrictDefaultSGCustomResourceProvider", "that function"),
    ("Service/LoadBalancerDNS", "outputs are written in the stack file"),
    ("Service/ServiceURL", "outputs are written in the stack file"),
    ("Web/Publish", "other stacks of the CDK's app refer to it"),
    ("BootstrapVersion", "a stack has one template, whoever deploys it"),
];

fn theirs(file: &str) -> Value {
    serde_json::from_str(&read(&format!("tests/cdk_assembly/flags/{file}"))).unwrap()
}

/// A file of the assembly of a stack file.
fn ours(stack: &str, file: &str) -> String {
    let world = world(MemoryFiles::with([("asi.yaml", stack.as_bytes())]));
    let run = run(&["synth", "-q", "-o", "out"], &world);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    String::from_utf8(world.files.read(&Path::new("out").join(file), 1 << 20).unwrap()).unwrap()
}

/// Takes away what is at this place, which has to be there.
#[track_caller]
fn take_away(from: &mut Value, place: &str) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    match from.pointer_mut(parent) {
        Some(Value::Object(map)) => assert!(map.shift_remove(&key).is_some(), "{place}"),
        Some(Value::Array(items)) => drop(items.remove(key.parse().unwrap())),
        other => panic!("{place}: {other:?}"),
    }
}

/// The only file of a manifest of assets that is a template, by its hash.
fn template_asset(manifest: &Value) -> (&String, &Value) {
    let files = manifest["files"].as_object().unwrap();
    files.iter().find(|(_, it)| it["source"]["path"].as_str().unwrap().ends_with(".template.json")).unwrap()
}

#[test]
fn a_template_is_known_by_the_hash_that_the_cdk_gives_it() {
    let manifest = theirs("manifest.json");
    for stack in STACKS {
        let found = hash(read(&format!("tests/cdk_assembly/flags/{stack}.template.json")).as_bytes());
        let assets = theirs(&format!("{stack}.assets.json"));
        assert_eq!(*template_asset(&assets).0, found);
        let url = &manifest["artifacts"][stack]["properties"]["stackTemplateAssetObjectUrl"];
        assert_eq!(*url, format!("s3://cdk-hnb659fds-assets-111122223333-us-east-1/{found}.json"));
    }
}

#[test]
fn the_place_of_a_file_is_known_by_the_hash_that_the_cdk_gives_it() {
    let all = STACKS.map(|it| theirs(&format!("{it}.assets.json"))).into_iter();
    for assets in all.chain([serde_json::from_str(&ours(DNS, "Dns.assets.json")).unwrap()]) {
        for asset in assets["files"].as_object().unwrap().values() {
            let (id, place) = asset["destinations"].as_object().unwrap().iter().next().unwrap();
            let hash = hash(place.to_string().as_bytes());
            assert_eq!(*id, format!("111122223333-us-east-1-{}", &hash[..8]));
        }
    }
}

#[test]
fn the_manifest_of_assets_is_the_cdks_to_the_byte_but_for_its_version() {
    let text = ours(DNS, "Dns.assets.json");
    let written: Value = serde_json::from_str(&text).unwrap();
    let theirs = theirs("Dns.assets.json");
    let (ids, places) = (
        [&theirs, &written].map(|it| template_asset(it).0.clone()),
        [&theirs, &written].map(|it| {
            template_asset(it).1["destinations"].as_object().unwrap().keys().next().unwrap().clone()
        }),
    );
    let expected = serde_json::to_string_pretty(&theirs).unwrap();
    let expected =
        expected.replace(&ids[0], &ids[1]).replace(&places[0], &places[1]).replace("55.0.0", "36.0.0");
    assert_eq!(text, expected);
}

#[test]
fn the_manifest_is_the_cdks_to_the_byte_but_for_what_has_a_reason() {
    let text = ours(DNS, "manifest.json");
    let written: Value = serde_json::from_str(&text).unwrap();
    let mut expected = theirs("manifest.json");
    for (place, _) in NOT_WRITTEN {
        take_away(&mut expected, place);
    }
    for other in STACKS.iter().filter(|it| **it != "Dns") {
        take_away(&mut expected, &format!("/artifacts/{other}"));
        take_away(&mut expected, &format!("/artifacts/{other}.assets"));
    }
    let url = "/artifacts/Dns/properties/stackTemplateAssetObjectUrl";
    *expected.pointer_mut(url).unwrap() = written.pointer(url).unwrap().clone();
    expected["version"] = "36.0.0".into();
    let dns = expected["artifacts"]["Dns"].as_object_mut().unwrap();
    let name = dns.shift_remove("displayName").unwrap();
    dns.insert("metadata".to_owned(), written["artifacts"]["Dns"]["metadata"].clone());
    dns.insert("displayName".to_owned(), name);
    assert_eq!(text, serde_json::to_string_pretty(&expected).unwrap());
    // Of a resource written as one, the path has no more parts than with the CDK.
    let metadata = written["artifacts"]["Dns"]["metadata"].as_object().unwrap();
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["/Dns", "/Dns/Alias"]);
}

/// The constructs of a tree by their paths, each with its type and its logical id, if it is a resource.
fn constructs(tree: &Value) -> BTreeMap<String, Value> {
    fn collect(node: &Value, found: &mut BTreeMap<String, Value>) {
        let of = |key: &str| node["attributes"][format!("aws:cdk:cloudformation:{key}")].clone();
        found.insert(node["path"].as_str().unwrap().to_owned(), json!([of("type"), of("logicalId")]));
        node["children"].as_object().into_iter().flatten().for_each(|(_, it)| collect(it, found));
    }
    let mut found = BTreeMap::new();
    collect(&tree["tree"], &mut found);
    found
}

#[test]
fn the_tree_has_the_constructs_of_the_cdk() {
    let text = ours(WEB, "tree.json");
    let written: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(text, written.to_string(), "all in one line");
    let (theirs, ours) = (constructs(&theirs("tree.json")), constructs(&written));
    let is_other = |path: &str| STACKS.iter().any(|it| *it != "Web" && path.split('/').next() == Some(it));
    let has_reason = |path: &str| NOT_MADE.iter().any(|(part, _)| path.contains(part));
    let missing: Vec<&String> =
        theirs.keys().filter(|it| !ours.contains_key(*it) && !is_other(it) && !has_reason(it)).collect();
    assert_eq!(missing, [""; 0], "constructs of the CDK without a reason");
    let unused: Vec<&str> = NOT_MADE
        .iter()
        .map(|(part, _)| *part)
        .filter(|part| !theirs.keys().any(|it| it.contains(part) && !ours.contains_key(it)))
        .collect();
    assert_eq!(unused, [""; 0], "reasons for nothing");
    let added: Vec<&String> = ours.keys().filter(|it| !theirs.contains_key(*it)).collect();
    assert_eq!(added, [""; 0], "constructs the CDK does not have");
    for (path, it) in &ours {
        assert_eq!(*it, theirs[path], "{path}");
    }
}
