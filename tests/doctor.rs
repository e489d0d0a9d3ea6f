//! `asi doctor` against a model of AWS: an account in which all is well, and those in which something is missing.

use asi::{
    cli::Exit,
    world::{MemoryFiles, World},
};

use crate::support::{
    Run, access,
    cloudformation::{Fault, Server},
    golden, run, world,
};

const CONNECTION: &str = "arn:aws:codeconnections:us-east-1:123456789012:connection/1111";

/// A stack that names a connection, and has resources of two types.
const SHOP: &str = "\
app: shop
region: us-east-1
parameters: {Connection: {type: String, default: 'arn:aws:codeconnections:us-east-1:123456789012:connection/1111'}}
resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  News: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Connection}}
";

fn doctor(server: &Server, file: &str, arguments: &[&str]) -> Run {
    let files = MemoryFiles::with([("asi.yaml", file.as_bytes())]);
    let world = World { access: access(&server.url()), ..world(files) };
    run(&[&["doctor"], arguments].concat(), &world)
}

/// An account that has all that is needed.
fn healthy() -> Server {
    let server = Server::start();
    server.put_stack("shop", "Resources: {Jobs: {Type: AWS::SQS::Queue}}", "UPDATE_COMPLETE");
    server.home(|it| {
        it.parameters.insert("/cdk-bootstrap/hnb659fds/version".to_owned(), "33".to_owned());
        it.connections.insert(CONNECTION.to_owned(), "AVAILABLE".to_owned());
    });
    server
}

#[test]
fn where_nothing_is_missing_that_is_said() {
    let server = healthy();
    let run = doctor(&server, SHOP, &[]);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""), "{}", run.out);
    golden("doctor/healthy.txt", &run.out);
    let calls: Vec<String> = server.calls().into_iter().map(|it| it.action).collect();
    assert!(calls.iter().all(|it| !it.starts_with("Create") && it != "PUT"), "{calls:?}");
}

#[test]
fn what_is_missing_is_said_with_what_to_do() {
    let server = Server::start();
    server.put_stack("shop", "Resources: {Jobs: {Type: AWS::SQS::Queue}}", "UPDATE_ROLLBACK_FAILED");
    server.home(|it| {
        it.connections.insert(CONNECTION.to_owned(), "PENDING".to_owned());
        let denied = ["cloudformation:ExecuteChangeSet", "sqs:CreateQueue", "sqs:TagQueue"];
        it.denied = denied.map(str::to_owned).into();
    });
    let run = doctor(&server, SHOP, &[]);
    assert_eq!(run.exit, Exit::No);
    golden("doctor/sick.txt", &run.out);
    golden("doctor/sick.json", &doctor(&server, SHOP, &["--format", "json"]).out);
}

#[test]
fn a_large_template_needs_the_bucket_and_what_cannot_be_asked_is_told() {
    let server = Server::start();
    let queue =
        |at| format!("  Queue{at}: {{Type: AWS::SQS::Queue, Properties: {{QueueName: jobs-{at:0>70}}}}}\n");
    let queues: String = (0..450).map(queue).collect();
    let denied = Fault::access_denied();
    server.fault(denied, "SimulatePrincipalPolicy", 1, usize::MAX);
    let run = doctor(&server, &format!("app: shop\nregion: us-east-1\nresources:\n{queues}"), &[]);
    assert_eq!(run.exit, Exit::No);
    golden("doctor/large.txt", &run.out);
}

#[test]
fn without_a_stack_file_there_are_still_credentials() {
    let server = healthy();
    let faulty = doctor(&server, "app: shop\nconstruct: {}\n", &["--region", "us-east-1"]);
    assert_eq!(faulty.exit, Exit::No);
    let nowhere = doctor(&server, SHOP, &["--region", "eu-west-1"]);
    assert_eq!(nowhere.exit, Exit::No);
    golden("doctor/faulty.txt", &(faulty.err + &faulty.out + &nowhere.out));
}

#[test]
fn the_least_policy_is_printed_without_asking_anybody() {
    let server = Server::start();
    let run = doctor(&server, SHOP, &["--policy"]);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    assert_eq!(server.calls().len(), 0);
    golden("doctor/policy.json", &run.out);

    let kinds = [
        "AWS::CloudFormation::CustomResource",
        "AWS::CloudFront::Distribution",
        "AWS::DynamoDB::Table",
        "AWS::EC2::Instance",
        "AWS::ECS::Service",
        "AWS::EKS::Cluster",
        "AWS::Lambda::Function",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
    ];
    let resources = kinds.map(|it| format!("  {}: {{Type: {it}}}\n", it.replace(':', "")));
    let large =
        format!("app: shop\nvalidate: {{ignore: {{E3: in a test}}}}\nresources:\n{}", resources.concat());
    let run = doctor(&server, &large, &["--policy"]);
    golden("doctor/remarks.txt", &run.err);
}
