//! `asi bootstrap` against a model of CloudFormation: an account that has nothing, and those that others prepared.

use asi::{
    cli::Exit,
    world::{MemoryFiles, World},
};

use crate::support::{Run, access, cloudformation::Server, golden, ministack::Ministack, run, world};

/// A stack such as `cdk bootstrap` makes, as far as it matters.
const THEIRS: &str = "\
Parameters:
  CloudFormationExecutionPolicies: {Type: CommaDelimitedList, Default: ''}
  FileAssetsBucketKmsKeyId: {Type: String, Default: ''}
  Qualifier: {Type: String, Default: hnb659fds}
  TrustedAccounts: {Type: CommaDelimitedList, Default: ''}
  BootstrapVariant: {Type: String, Default: 'AWS CDK: Default Resources'}
Resources:
  StagingBucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: {BucketName: !Sub 'cdk-${Qualifier}-assets-${AWS::AccountId}-${AWS::Region}'}
Outputs:
  BootstrapVersion: {Value: '21'}
";

/// The account and the region of the model.
const HOME: &str = "123456789012/us-east-1";

/// Prepares these.
fn bootstrap(server: &Server, arguments: &[&str]) -> Run {
    with(server, MemoryFiles::default(), &[&[HOME], arguments].concat())
}

fn with(server: &Server, files: MemoryFiles, arguments: &[&str]) -> Run {
    let world = World { access: access(&server.url()), ..world(files) };
    run(&[&["--quiet", "bootstrap"], arguments].concat(), &world)
}

/// An account that was bootstrapped with this template.
fn bootstrapped(template: &str) -> Server {
    let server = Server::start();
    server.put_stack("CDKToolkit", template, "CREATE_COMPLETE");
    server
}

/// The value of a parameter of the stack.
fn parameter(server: &Server, name: &str) -> String {
    server.home(|it| it.stack("CDKToolkit").unwrap().source.parameters[name].clone())
}

/// The resources of the stack, by logical id.
fn resources(server: &Server) -> Vec<String> {
    server.home(|it| it.stack("CDKToolkit").unwrap().resources.iter().map(|it| it.id.clone()).collect())
}

#[test]
fn nothing_is_wrong_with_the_template() {
    let shown = bootstrap(&Server::start(), &["--show-template"]);
    assert_eq!((shown.exit, shown.err.as_str()), (Exit::Done, ""));
    let files = MemoryFiles::with([("bootstrap.yaml", shown.out.as_bytes())]);
    let run = run(&["validate", "bootstrap.yaml"], &world(files));
    golden("bootstrap/validated.txt", &(run.out + &run.err));
}

#[test]
fn an_account_gets_what_it_does_not_have_once_somebody_agrees() {
    let server = Server::start();
    let asked = bootstrap(&server, &[]);
    assert_eq!(asked.exit, Exit::No);
    golden("bootstrap/unattended.txt", &asked.err);
    let done = bootstrap(&server, &["--yes"]);
    assert_eq!(done.exit, Exit::Done, "{}", done.err);
    golden("bootstrap/new.txt", &done.err);
    assert_eq!(
        parameter(&server, "CloudFormationExecutionPolicies"),
        "arn:aws:iam::aws:policy/AdministratorAccess"
    );
    let again = bootstrap(&server, &[]);
    assert_eq!((again.exit, server.count("CreateChangeSet")), (Exit::Done, 2));
    golden("bootstrap/current.txt", &again.err);
}

#[test]
fn a_stack_of_the_cdk_is_updated_and_keeps_its_values() {
    let server = bootstrapped(THEIRS);
    let run = bootstrap(&server, &["--yes", "--tag", "team=platform"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    golden("bootstrap/update.txt", &run.err);
    assert!(resources(&server).contains(&"StagingBucket".to_owned()));
    assert_eq!(parameter(&server, "FileAssetsBucketKmsKeyId"), "", "it has a key of its own, and keeps it");

    let trust = [
        "--trust",
        "111111111111,222222222222",
        "--cloudformation-execution-policies",
        "arn:aws:iam::aws:policy/PowerUserAccess",
    ];
    assert_eq!(bootstrap(&server, &[&trust[..], &["--yes"]].concat()).exit, Exit::Done);
    let untrust = bootstrap(&server, &["--untrust", "111111111111", "--yes"]);
    golden("bootstrap/untrust.txt", &untrust.err);
    let values = ["TrustedAccounts", "CloudFormationExecutionPolicies"].map(|it| parameter(&server, it));
    assert_eq!(values, ["222222222222", "arn:aws:iam::aws:policy/PowerUserAccess"]);
}

#[test]
fn what_is_newer_or_of_others_is_left_alone() {
    let server = bootstrapped(&THEIRS.replace("'21'", "'99'"));
    let newer = bootstrap(&server, &[]);
    assert_eq!(newer.exit, Exit::Done);
    let refused = bootstrap(&server, &["--termination-protection"]);
    assert_eq!(refused.exit, Exit::Input);
    let variant = bootstrapped(&THEIRS.replace("AWS CDK: Default Resources", "Acme, hardened"));
    let other = bootstrap(&variant, &["--yes"]);
    assert_eq!(other.exit, Exit::Input);
    golden("bootstrap/left.txt", &[newer.err, refused.err, other.err].join("\n"));
    assert_eq!((server.count("CreateChangeSet"), variant.count("CreateChangeSet")), (0, 0));

    assert_eq!(bootstrap(&server, &["--force", "--yes"]).exit, Exit::Done);
    assert_eq!(bootstrap(&variant, &["--force", "--yes"]).exit, Exit::Done);
    assert_eq!(parameter(&variant, "BootstrapVariant"), "AWS CDK: Default Resources");
}

#[test]
fn what_is_given_has_to_make_sense() {
    let server = Server::start();
    let mut story = String::new();
    for arguments in [
        &["123456789012"][..],
        &["aws://123456789012/us-east-1", "--trust", "111111111111"],
        &["222222222222/us-east-1"],
        &["123456789012/us-east-1", "--region", "eu-west-1"],
        &["--template", "none.yaml"],
    ] {
        let run = with(&server, MemoryFiles::default(), arguments);
        assert_eq!(run.exit, Exit::Input);
        story.push_str(&format!("$ asi bootstrap {}\n{}\n", arguments.join(" "), run.err));
    }
    golden("bootstrap/faults.txt", &story);
    assert_eq!(server.count("CreateChangeSet"), 0);
}

#[test]
fn the_places_are_those_of_the_stack_file() {
    let server = Server::start();
    let stack = "app: shop\nenvironments: {dev: {region: eu-west-1}, prod: {region: eu-west-2}}\n";
    let files = || MemoryFiles::with([("asi.yaml", stack.as_bytes())]);
    let run = with(&server, files(), &["--yes", "--no-execute"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let made = |region| server.at("123456789012", region, |it| it.stack("CDKToolkit").is_some());
    assert_eq!(["eu-west-1", "eu-west-2", "us-east-1"].map(made), [true, true, false]);
}

#[test]
fn a_large_template_goes_by_way_of_the_bucket_that_is_made() {
    let Some(ministack) = Ministack::start("a bootstrapped account") else { return };
    let queue =
        |at| format!("  Queue{at}: {{Type: AWS::SQS::Queue, Properties: {{QueueName: jobs-{at:0>70}}}}}\n");
    let queues: String = (0..450).map(queue).collect();
    let stack = format!("app: shop\nregion: eu-west-1\nresources:\n{queues}");
    let asi = |arguments: &[&str]| {
        let files = MemoryFiles::with([("asi.yaml", stack.as_bytes())]);
        run(arguments, &World { access: access(&ministack.endpoint()), ..world(files) })
    };
    let without = asi(&["deploy", "--yes"]);
    assert!(without.err.contains("error[no-bucket]"), "{}", without.err);
    for arguments in [&["bootstrap", "--yes"], &["deploy", "--yes"], &["bootstrap", "--yes"]] {
        let run = asi(arguments);
        assert_eq!(run.exit, Exit::Done, "{arguments:?}: {}", run.err);
    }
    let bucket = "cdk-hnb659fds-assets-000000000000-eu-west-1";
    let outputs = asi(&["outputs", "CDKToolkit", "--region", "eu-west-1"]).out;
    assert!(outputs.contains(&format!("BucketName = {bucket}\n")), "{outputs}");
    assert!(outputs.contains("BootstrapVersion = 33\n"), "{outputs}");
    let looked = asi(&["doctor"]);
    assert_eq!(looked.exit, Exit::Done, "{}", looked.out);
    assert!(looked.out.contains("000000000000/eu-west-1 is bootstrapped, with version 33"), "{}", looked.out);
}
