//! Are the parts connected? Most in this process; a few run the program itself.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use asi::{
    cli::Exit,
    world::{MemoryFiles, SystemFiles},
};

use crate::support::asi;

const SHOP: &str = "app: shop\nregion: eu-west-1\nconstructs:\n  repo: {type: Repository, keep: 5}\n\
                    environments:\n  dev: {}\n  prod: {account: '222222222222', constructs: {repo: {keep: 9}}}\n";

fn shop() -> MemoryFiles {
    MemoryFiles::with([("asi.yaml", SHOP.as_bytes())])
}

/// An empty folder of this test's own.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn lists_a_stack_for_each_environment() {
    assert_eq!(asi(&["ls"], shop()).out, "shop-dev\nshop-prod\n");
    assert_eq!(asi(&["ls", "-e", "prod"], shop()).out, "shop-prod\n");
    let json: serde_json::Value = serde_json::from_str(&asi(&["ls", "--json"], shop()).out).unwrap();
    assert_eq!(
        json,
        serde_json::json!({ "version": 1, "stacks": [
            { "name": "shop-dev", "environment": "dev", "account": null, "region": "eu-west-1" },
            { "name": "shop-prod", "environment": "prod", "account": "222222222222", "region": "eu-west-1" },
        ] })
    );
}

#[test]
fn lists_stacks_in_detail_as_the_cdk_does() {
    let long = "- id: shop-dev\n  name: shop-dev\n  environment:\n    account: unknown-account\n    \
                region: eu-west-1\n    name: aws://unknown-account/eu-west-1\n\
                - id: shop-prod\n  name: shop-prod\n  environment:\n    account: '222222222222'\n    \
                region: eu-west-1\n    name: aws://222222222222/eu-west-1\n\n";
    assert_eq!(asi(&["ls", "-l"], shop()).out, long);
    let text = "app: shop\nstacks:\n  infra: {constructs: {repo: {type: Repository}}}\n  app:\n    resources:\n      \
                Uri: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt infra.repo.uri}}\n";
    let files = || MemoryFiles::with([("asi.yaml", text.as_bytes())]);
    let needs = "- id: shop-infra\n  dependencies: []\n- id: shop-app\n  dependencies:\n    - id: shop-infra\n      \
                 dependencies: []\n\n";
    assert_eq!(asi(&["ls", "--show-dependencies"], files()).out, needs);
    let json: serde_json::Value = serde_json::from_str(&asi(&["ls", "-d", "--json"], files()).out).unwrap();
    let alone = serde_json::json!({ "id": "shop-infra", "dependencies": [] });
    assert_eq!(json, serde_json::json!([alone, { "id": "shop-app", "dependencies": [alone] }]));
    let faulty = asi(
        &["ls", "-d"],
        MemoryFiles::with([("asi.yaml", text.replace("infra.repo", "infra.rope").as_bytes())]),
    );
    assert_eq!((faulty.exit, faulty.out.as_str()), (Exit::Input, ""));
}

#[test]
fn a_stack_is_named_or_its_environment_is() {
    let by_name = asi(&["synth", "shop-prod"], shop()).out;
    assert!(by_name.contains("\\\"countNumber\\\":9") || by_name.contains("\"countNumber\":9"), "{by_name}");
    assert_eq!(by_name, asi(&["synth", "-e", "prod"], shop()).out);
    assert_ne!(by_name, asi(&["synth"], shop()).out);
}

#[test]
fn a_first_stack_synthesizes_in_every_environment_and_is_not_written_over() {
    let folder = folder("init");
    let file = folder.join("asi.yaml");
    let file = file.to_str().unwrap();
    let run = asi(&["init", "-f", file], SystemFiles);
    assert_eq!((run.exit, run.out.as_str()), (Exit::Done, ""));
    let schema: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("asi.schema.json")).unwrap()).unwrap();
    assert_eq!(schema["title"], "asi stack file");
    for environment in [&[][..], &["-e", "dev"], &["-e", "prod"]] {
        let run = asi(&[&["synth", "-f", file], environment].concat(), SystemFiles);
        assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
        assert!(run.out.contains("Type: AWS::ECS::Service"));
    }
    let before = fs::read(file).unwrap();
    assert_eq!(asi(&["init", "-f", file], SystemFiles).exit, Exit::Input);
    assert_eq!(fs::read(file).unwrap(), before);
}

#[test]
fn warnings_can_be_kept_back_and_errors_cannot() {
    let warned = "app: shop\nparameters: {Unused: {}}\nconstructs: {repo: {type: Repository}}\n";
    let files = || MemoryFiles::with([("asi.yaml", warned.as_bytes())]);
    assert!(asi(&["synth"], files()).err.contains("warning[unused-parameter]"));
    assert_eq!(asi(&["synth", "--quiet"], files()).err, "");
    assert!(asi(&["synth", "--quiet"], MemoryFiles::default()).err.contains("error[file]"));
}

#[test]
fn everything_can_be_explained() {
    assert!(asi(&["explain"], MemoryFiles::default()).out.contains("FargateService"));
    assert!(asi(&["explain", "network.nat"], MemoryFiles::default()).out.contains("perZone"));
    assert!(asi(&["explain", "Network.overrides"], MemoryFiles::default()).out.contains("by their path"));
    let region = asi(&["explain", "region"], MemoryFiles::default()).out;
    assert!(region.contains("may be deployed to any") && region.contains("as AWS does"), "{region}");
    assert!(
        asi(&["explain", "subnet-overlap"], MemoryFiles::default()).out.contains("have no address in common")
    );
    let expected = "E3004\n\nResources wait for each other in a circle, so that none can be made first.\n\n\
                    Take one of the references out, or move what needs both into a resource of its own.\n";
    assert_eq!(asi(&["explain", "E3004"], MemoryFiles::default()).out, expected);
    assert!(asi(&["explain", "open-ingress"], MemoryFiles::default()).out.contains("AwsSolutions-EC23"));
}

#[test]
fn a_folder_that_cannot_be_written_is_the_worlds_fault() {
    let folder = folder("not-a-folder");
    fs::write(folder.join("asi.yaml"), SHOP).unwrap();
    fs::write(folder.join("cdk.out"), "a file").unwrap();
    let (file, output) = (folder.join("asi.yaml"), folder.join("cdk.out"));
    let run = asi(&["synth", "-f", file.to_str().unwrap(), "-o", output.to_str().unwrap()], SystemFiles);
    assert_eq!((run.exit, run.out.as_str()), (Exit::World, ""));
    let fault = format!("error[file]: `{}` is a file, and no folder", output.display());
    assert!(run.err.starts_with(&fault), "{}", run.err);
    assert_eq!(fs::read_to_string(output).unwrap(), "a file");
}

fn spawn(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_asi"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn the_program_reads_standard_input_and_exits_as_documented() {
    let output = spawn(&["synth", "-f", "-", "-e", "dev"], SHOP);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        String::from_utf8(output.stdout).unwrap().starts_with("AWSTemplateFormatVersion: '2010-09-09'\n")
    );
    let output = spawn(&["synth", "-f", "-"], "app: [");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let circle = "Resources:\n  A: {Type: AWS::CloudFormation::WaitConditionHandle, DependsOn: B}\n  \
                  B: {Type: AWS::CloudFormation::WaitConditionHandle, DependsOn: A}\n";
    let output = spawn(&["validate", "-", "--format", "short"], circle);
    let found = "-:2:66: E3004 these resources wait for each other: A → B → A\n";
    assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap().as_str()), (Some(1), found));
    assert_eq!(spawn(&["frobnicate"], "").status.code(), Some(2));
    assert_eq!(spawn(&["--version"], "").status.code(), Some(0));
}
