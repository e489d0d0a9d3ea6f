//! The CDK's own CLI and `asi` look the same up, at the same endpoint: the files they keep are equal, byte for byte.

use std::{fs, path::Path, process::Command};

use asi::{
    assembly,
    ops::context::{Context, look_up},
    world::{Reach, SystemFiles, World, aws},
};
use asi_constructs::kernel::{
    lookup::{Missing, key},
    span::Sources,
    yaml::{self, Format},
};

use super::answers::*;
use crate::support::{access, cloudformation::Server, peer::peer, root, world};

/// An app that looks up whatever the CDK's library can.
const APP: &str = "\
const cdk = require('aws-cdk-lib');
const { aws_ec2: ec2, aws_elasticloadbalancingv2: elb, aws_kms: kms, aws_rds: rds, aws_route53: route53, aws_ssm: ssm } = cdk;
const app = new cdk.App();
const env = { account: '123456789012', region: 'us-east-1' };
const stack = new cdk.Stack(app, 'Looks', { env });
stack.availabilityZones;
ec2.Vpc.fromLookup(stack, 'Vpc', { vpcName: 'main', tags: { 'env-2': 'a:b', env: 'x' } });
ec2.Vpc.fromLookup(stack, 'Default', { isDefault: true });
ssm.StringParameter.valueFromLookup(stack, '/a/b:c');
ssm.StringParameter.valueFromLookup(stack, '/gone', 'dummy');
route53.HostedZone.fromLookup(stack, 'Zone', { domainName: 'example.com' });
ec2.MachineImage.lookup({ name: 'al2023-*', owners: ['amazon'] }).getImage(stack);
ec2.SecurityGroup.fromLookupById(stack, 'Group', 'sg-1');
elb.ApplicationLoadBalancer.fromLookup(stack, 'Balancer', { loadBalancerTags: { team: 'web' } });
elb.ApplicationListener.fromLookup(stack, 'Listener', {
  loadBalancerArn: 'BALANCER', listenerPort: 443, listenerProtocol: elb.ApplicationProtocol.HTTPS });
kms.Key.fromLookup(stack, 'Key', { aliasName: 'alias/b' });
rds.DatabaseInstance.fromLookup(stack, 'Database', { instanceIdentifier: 'db1' });
cdk.ContextProvider.getValue(stack, { provider: 'endpoint-service-availability-zones', dummyValue: [],
  props: { serviceName: 'com.amazonaws.vpce.us-east-1.vpce-svc-1' } });
cdk.ContextProvider.getValue(stack, { provider: 'vpc-provider', dummyValue: {},
  props: { filter: { 'vpc-id': 'vpc-00000001' }, returnAsymmetricSubnets: false } });
";

fn model() -> Server {
    let server = Server::start();
    network(&server);
    server.home(|it| it.parameters.insert("/a/b:c".to_owned(), "a \"value\"\nof ümlauts".to_owned()));
    answer(&server, "DescribeAvailabilityZones", &[zones()]);
    answer(&server, "DescribeVpcEndpointServices", &[endpoint_services()]);
    answer(&server, "ListHostedZonesByName", &[hosted_zones(&[("Z1", "example.com.", false)], None)]);
    let made = [("ami-old", "2023-01-01T00:00:00.000Z"), ("ami-new", "2024-05-01T00:00:00.000Z")];
    answer(&server, "DescribeImages", &[images(&made)]);
    answer(&server, "DescribeSecurityGroups", &[security_groups(&[("sg-1", true, false)])]);
    answer(&server, "DescribeLoadBalancers", &[load_balancers(&[(BALANCER, "application")], None)]);
    answer(&server, "DescribeTags", &[tags(BALANCER)]);
    answer(&server, "DescribeListeners", &[listeners(&[(LISTENER, 443, "HTTPS")])]);
    answer(
        &server,
        "ListAliases",
        &[r#"{"Aliases": [{"AliasName": "alias/b", "TargetKeyId": "2"}]}"#.to_owned()],
    );
    let properties = serde_json::json!({
        "DBInstanceIdentifier": "db1", "DBInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:db1", "Engine": "postgres",
        "Endpoint": { "Address": "db1.example.com", "Port": "5432" }, "DbiResourceId": "db-1", "DBSecurityGroups": [],
        "VPCSecurityGroups": ["sg-1"], "EngineVersion": "16", "MasterUserSecret": { "SecretArn": "arn:x" },
    });
    let description = serde_json::json!({ "Identifier": "db1", "Properties": properties.to_string() });
    answer(&server, "GetResource", &[serde_json::json!({ "ResourceDescription": description }).to_string()]);
    let listed = serde_json::json!({ "ResourceDescriptions": [description] });
    answer(&server, "ListResources", &[listed.to_string()]);
    server
}

/// Runs a program in a folder, as an app or the CDK's CLI is run against the model.
fn run_in(folder: &Path, server: &Server, modules: &Path, mut program: Command) {
    let output = program
        .current_dir(folder)
        .env("NODE_PATH", modules)
        .env("HOME", folder)
        .env("AWS_ENDPOINT_URL", server.url())
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_REGION", REGION)
        .env("CDK_VALIDATION", "false")
        .env("CDK_DISABLE_VERSION_CHECK", "true")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_is_kept_is_what_the_cdk_keeps() {
    let Some(cdk) = peer("ASI_TEST_CDK", "looking up as the CDK does") else { return };
    let modules = cdk.parent().and_then(Path::parent).unwrap();
    let folder = root().join("target/lookups-of-the-cdk");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("app.js"), APP.replace("BALANCER", BALANCER)).unwrap();
    fs::write(folder.join("cdk.json"), r#"{"app": "node app.js", "versionReporting": false}"#).unwrap();

    let server = model();
    let mut synth = Command::new(&cdk);
    synth.args(["synth", "--quiet", "--no-notices", "--output", "synthesized"]);
    run_in(&folder, &server, modules, synth);
    let theirs = fs::read_to_string(folder.join("cdk.context.json")).unwrap();

    // What is missing may hang on what was found: the app is run until it misses nothing.
    let mut context = Context::read(&SystemFiles, &folder.join("ours/cdk.context.json"));
    let world = World { access: access(&server.url()), ..world(SystemFiles) };
    let mut rounds = 0;
    loop {
        let mut app = Command::new("node");
        app.arg("app.js").env("CDK_OUTDIR", "missing");
        app.env("CDK_CONTEXT_JSON", serde_json::Value::Object(context.entries.clone()).to_string());
        run_in(&folder, &server, modules, app);
        let missing = missing(&folder.join("missing/manifest.json"));
        if missing.is_empty() {
            break;
        }
        rounds += 1;
        assert!(rounds < 5, "{missing:#?}");
        let answers = aws::block_on(look_up(&world, &Reach::default(), &missing));
        context.keep(answers.iter().map(asi::ops::context::Answer::context));
    }
    context.write(&SystemFiles).unwrap();
    let ours = fs::read_to_string(&context.path).unwrap();
    assert_eq!(ours, theirs);
    assert!(rounds > 1 && context.entries.len() > 14, "{ours}");
}

/// What a manifest says is missing, each under the key that we have for it, too.
fn missing(manifest: &Path) -> Vec<Missing> {
    let manifest = fs::read_to_string(manifest).unwrap();
    let mut sources = Sources::default();
    let file = sources.add("manifest.json", manifest.as_str());
    let (manifest, faults) = yaml::parse(&manifest, file, Format::Json);
    let (missing, further) = assembly::missing(&manifest.unwrap());
    assert_eq!((faults, further), (vec![], vec![]));
    for it in &missing {
        let about = ["dummyValue", "ignoreErrorOnMissingContext", "lookupRoleArn", "lookupRoleExternalId"];
        let asked = it.props.iter().filter(|(name, _)| !about.contains(&name.as_str()));
        let asked = asked.map(|(name, value)| (name.clone(), value.clone())).collect();
        assert_eq!(key(&it.provider, &asked), it.key, "the key of the CDK");
    }
    missing
}
