//! The cloud assembly of a stack file, and `asi` as the app of the CDK that writes it.

use std::{collections::BTreeMap, path::Path};

use crate::support::{Run, golden, run, world};
use asi::{
    cli::Exit,
    world::{MemoryFiles, Variables, World},
};
use serde_json::{Value, json};

/// An app of two stacks in two environments, with something of all that an assembly tells.
const SHOP: &str = "\
app: shop
tags: {team: web, App: shop}
stacks:
  work:
    moved: [{from: old, to: jobs}]
    constructs:
      jobs: {type: Bucket, versions: true, expire: 30d}
    resources:
      Queue:
        Type: AWS::SQS::Queue
        Properties: {Tags: [{Key: bucket, Value: !Ref base.files}]}
    conditions:
      Never: !Equals [a, b]
    outputs:
      Jobs: ${jobs.name}
  base:
    parameters:
      Size: {default: small}
    constructs:
      files: {type: Bucket}
    metadata: {AWS::CloudFormation::Interface: {ParameterLabels: {Sice: {default: size}}}}
    outputs:
      Size: ${param.Size}
validate: {ignore: {W8003: kept for later}}
environments:
  dev: {}
  prod: {region: eu-west-1, account: \"111122223333\"}
";

/// The files of its assembly.
const FILES: [&str; 12] = [
    "cdk.out",
    "manifest.json",
    "shop-dev-base.assets.json",
    "shop-dev-base.template.json",
    "shop-dev-work.assets.json",
    "shop-dev-work.template.json",
    "shop-prod-base.assets.json",
    "shop-prod-base.template.json",
    "shop-prod-work.assets.json",
    "shop-prod-work.template.json",
    "tree.json",
    "validation-report.json",
];

/// A world in which this is the stack file, beside these files and with these variables.
fn with(stack: &str, files: &[(&str, &str)], variables: &[(&str, &str)]) -> World {
    let all = [("asi.yaml", stack)].into_iter().chain(files.iter().copied());
    let variables = variables.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned()));
    World {
        variables: Variables::Given(variables.collect()),
        ..world(MemoryFiles::with(all.map(|(name, it)| (name, it.as_bytes()))))
    }
}

/// What stands in a folder, by name.
fn written(world: &World, folder: &str) -> BTreeMap<String, String> {
    let listed = world.files.list(Path::new(folder)).unwrap_or_default();
    let name = |it: &Path| it.file_name().unwrap().to_string_lossy().into_owned();
    listed.iter().map(|it| (name(&it.path), text(world, it.path.to_str().unwrap()))).collect()
}

fn text(world: &World, path: &str) -> String {
    String::from_utf8(world.files.read(Path::new(path), 1 << 20).unwrap()).unwrap()
}

fn manifest(world: &World, folder: &str) -> Value {
    serde_json::from_str(&text(world, &format!("{folder}/manifest.json"))).unwrap()
}

/// Runs `asi synth` as the CDK's CLI does, with `cdk.out` for the assembly.
fn as_app(stack: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (World, Run) {
    let variables = [&[("CDK_OUTDIR", "cdk.out")], variables].concat();
    let world = with(stack, &[("overflow.json", r#"{"b": "overflow"}"#)], &variables);
    let run = run(&[&["synth"], arguments].concat(), &world);
    (world, run)
}

/// What a run says, for people to read.
#[track_caller]
fn message(name: &str, run: &Run) {
    golden(&format!("assembly/{name}"), &run.err);
}

#[test]
fn an_assembly_has_the_stacks_of_all_environments_and_all_that_their_deployment_needs() {
    let world = with(SHOP, &[], &[]);
    let run = run(&["synth", "-o", "out"], &world);
    assert_eq!((run.exit, run.out.as_str()), (Exit::Done, ""), "{}", run.err);
    let files = written(&world, "out");
    assert_eq!(files.keys().collect::<Vec<_>>(), FILES);
    files.iter().for_each(|(name, contents)| golden(&format!("assembly/{name}"), contents));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let assembly = || {
        let world = with(SHOP, &[], &[]);
        run(&["synth", "-o", "out"], &world);
        written(&world, "out")
    };
    assert_eq!(assembly(), assembly());
}

#[test]
fn an_assembly_has_the_stacks_that_are_asked_for() {
    let stacks = |arguments: &[&str]| {
        let world = with(SHOP, &[], &[]);
        run(&[&["synth", "-o", "out"], arguments].concat(), &world);
        let artifacts = manifest(&world, "out")["artifacts"].as_object().unwrap().clone();
        let stacks = artifacts.into_iter().filter(|(_, it)| it["type"] == "aws:cloudformation:stack");
        stacks.map(|(id, it)| format!("{id} {}", it["dependencies"])).collect::<Vec<_>>()
    };
    assert_eq!(
        stacks(&["-e", "prod"]),
        [
            r#"shop-prod-work ["shop-prod-base","shop-prod-work.assets"]"#,
            r#"shop-prod-base ["shop-prod-base.assets"]"#
        ]
    );
    assert_eq!(stacks(&["shop-dev-work"]), [r#"shop-dev-work ["shop-dev-work.assets"]"#]);
}

#[test]
fn the_name_of_a_bootstrap_is_read_from_the_context() {
    let context = r#"{"@aws-cdk/core:bootstrapQualifier": "acme"}"#;
    let world = with(SHOP, &[("cdk.context.json", context)], &[]);
    run(&["synth", "-o", "out", "shop-prod-base"], &world);
    let text = text(&world, "out/manifest.json");
    assert!(text.contains("role/cdk-acme-deploy-role-111122223333-eu-west-1"), "{text}");
    assert!(!text.contains("hnb659fds"), "{text}");
}

#[test]
fn what_an_earlier_run_left_stays_but_for_a_report_that_no_longer_holds() {
    let world = with(SHOP, &[], &[]);
    run(&["synth", "-o", "out"], &world);
    let before = written(&world, "out");
    assert!(before["validation-report.json"].contains("shop-dev-base"));
    let sound = SHOP.replace("Sice", "Size").replace(", expire: 30d", "");
    let sound = sound.replace("    conditions:\n      Never: !Equals [a, b]\n", "");
    let sound = sound.replace("validate: {ignore: {W8003: kept for later}}\n", "");
    world.files.write(Path::new("asi.yaml"), sound.as_bytes()).unwrap();
    let run = run(&["synth", "-o", "out", "-e", "prod"], &world);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    let after = written(&world, "out");
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let report: Value = serde_json::from_str(&after["validation-report.json"]).unwrap();
    assert_eq!(report["pluginReports"], json!([]));
}

#[test]
fn a_fault_keeps_an_assembly_from_being_written() {
    let world = with(&SHOP.replace("type: Bucket", "type: Bukkit"), &[], &[]);
    let run = run(&["synth", "-o", "out"], &world);
    assert_eq!(run.exit, Exit::Input);
    assert_eq!(written(&world, "out"), BTreeMap::new());
}

#[test]
fn an_app_writes_the_assembly_where_the_cli_wants_it_and_prints_nothing() {
    let (world, run) = as_app(SHOP, &[], &[]);
    assert_eq!((run.exit, run.out.as_str(), run.err.as_str()), (Exit::Done, "", ""));
    let plain = with(SHOP, &[], &[]);
    crate::support::run(&["synth", "-o", "out"], &plain);
    assert_eq!(written(&world, "cdk.out"), written(&plain, "out"));
}

#[test]
fn an_app_that_is_told_where_to_write_writes_there() {
    let (world, _) = as_app(SHOP, &["-o", "out"], &[]);
    assert!(world.files.exists(Path::new("out/manifest.json")));
    assert!(!world.files.exists(Path::new("cdk.out")));
}

#[test]
fn an_app_takes_its_context_from_the_cli_before_that_of_the_file() {
    let qualifier = "@aws-cdk/core:bootstrapQualifier";
    let role = |context: &str, file: Option<&str>| {
        let files = file.map(|it| ("cdk.context.json", it));
        let variables = [
            ("CDK_OUTDIR", "cdk.out"),
            ("CDK_CONTEXT_JSON", context),
            ("CONTEXT_OVERFLOW_LOCATION_ENV", "more.json"),
        ];
        let more = ("more.json", r#"{"more": true}"#);
        let world = with(SHOP, &[files.as_slice(), &[more]].concat(), &variables);
        let run = run(&["synth", "shop-prod-base"], &world);
        assert_eq!(run.exit, Exit::Done, "{}", run.err);
        manifest(&world, "cdk.out")["artifacts"]["shop-prod-base"]["properties"]["assumeRoleArn"].to_string()
    };
    let (given, kept) = (format!(r#"{{"{qualifier}": "given"}}"#), format!(r#"{{"{qualifier}": "kept"}}"#));
    assert!(role(&given, Some(&kept)).contains("cdk-given-"));
    assert!(role("{}", Some(&kept)).contains("cdk-kept-"));
    assert!(role(&given, None).contains("cdk-given-"));
    let (world, _) = as_app(
        SHOP,
        &["shop-prod-base"],
        &[("CDK_CONTEXT_JSON", "{}"), ("CONTEXT_OVERFLOW_LOCATION_ENV", "asi.yaml")],
    );
    assert!(world.files.exists(Path::new("cdk.out/manifest.json")));
}

#[test]
fn context_that_is_none_is_pointed_at() {
    let (world, run) =
        as_app(SHOP, &[], &[("CDK_CONTEXT_JSON", "[1]"), ("CDK_ERROR_FILE", "cdk.out/error.txt")]);
    assert_eq!((run.exit, run.out.as_str()), (Exit::Input, ""));
    message("context.txt", &run);
    assert_eq!(text(&world, "cdk.out/error.txt"), "cdk-context\n");
    let (_, run) = as_app(SHOP, &[], &[("CONTEXT_OVERFLOW_LOCATION_ENV", "nowhere.json")]);
    assert_eq!(run.exit, Exit::Input);
    assert!(run.err.starts_with("error[file]: there is no file `nowhere.json`"), "{}", run.err);
}

#[test]
fn an_app_says_what_is_wrong_and_leaves_word_for_the_cli() {
    let stack = SHOP.replace("Size: ${param.Size}", "Size: ${param.Sice}");
    let (world, run) = as_app(&stack, &[], &[("CDK_ERROR_FILE", "cdk.out/error.txt")]);
    assert_eq!((run.exit, run.out.as_str()), (Exit::Input, ""));
    assert!(run.err.starts_with("error[unknown-parameter]"), "{}", run.err);
    assert_eq!(text(&world, "cdk.out/error.txt"), "unknown-parameter\n");
    assert_eq!(written(&world, "cdk.out").len(), 1);
}

#[test]
fn an_app_is_not_validated_when_the_cli_says_so() {
    let stack = SHOP.replace("Properties: {Tags", "Properties: {Tagz");
    assert_eq!(as_app(&stack, &[], &[]).1.exit, Exit::Input);
    assert_eq!(as_app(&stack, &[], &[("CDK_VALIDATION", "false")]).1.exit, Exit::Done);
}

#[test]
fn an_app_warns_of_a_cli_that_is_too_old() {
    let (_, run) = as_app(SHOP, &[], &[("CDK_CLI_ASM_VERSION", "35.0.0")]);
    assert_eq!(run.exit, Exit::Done);
    message("old-cli.txt", &run);
    let (_, run) = as_app(SHOP, &[], &[("CDK_CLI_ASM_VERSION", "55.0.0")]);
    assert_eq!(run.err, "");
}

#[test]
fn an_app_asks_the_cli_for_what_only_aws_knows() {
    let stack = "app: shop\naccount: \"111122223333\"\nregion: eu-west-3\nconstructs:\n  \
                 net: {type: ImportedNetwork, lookup: {default: true}}\n  \
                 web: {type: FargateService, network: net, image: \"nginx:1.29\", port: 80}\n";
    let (world, run) = as_app(stack, &[], &[]);
    assert_eq!((run.exit, run.out.as_str(), run.err.as_str()), (Exit::Done, "", ""));
    let key = "vpc-provider:account=111122223333:filter.isDefault=true:region=eu-west-3:returnAsymmetricSubnets=true";
    let role =
        "arn:${AWS::Partition}:iam::111122223333:role/cdk-hnb659fds-lookup-role-111122223333-eu-west-3";
    let props = json!({
        "account": "111122223333", "region": "eu-west-3", "filter": { "isDefault": "true" },
        "returnAsymmetricSubnets": true, "lookupRoleArn": role,
    });
    let manifest = manifest(&world, "cdk.out");
    assert_eq!(manifest["missing"], json!([{ "key": key, "provider": "vpc-provider", "props": props }]));
    assert_eq!(manifest["artifacts"].as_object().unwrap().keys().collect::<Vec<_>>(), ["Tree"]);

    let failed = json!({ key: { "$providerError": "there is no such VPC", "$dontSaveContext": true } });
    let (_, run) = as_app(stack, &[], &[("CDK_CONTEXT_JSON", &failed.to_string())]);
    assert_eq!((run.exit, run.err.contains("there is no such VPC")), (Exit::Input, true), "{}", run.err);

    let other = stack.replace("port: 80", "prot: 80");
    let (world, run) = as_app(&other, &[], &[]);
    assert_eq!(run.exit, Exit::Input);
    assert!(run.err.contains("prot") && written(&world, "cdk.out").is_empty(), "{}", run.err);
}
