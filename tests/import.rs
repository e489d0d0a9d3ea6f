//! Resources that are there already, taken into stacks: against the model of CloudFormation.

use asi::{
    cli::Exit,
    load,
    world::{MemoryFiles, World},
};
use asi_constructs::kernel::{node::Node, span::Sources};

use crate::support::{Run, access, cloudformation::Server, golden, run, world};

const STACK: &str = "\
app: shop
region: us-east-1
parameters: {Name: {type: String, default: uploads}}
resources:
  Jobs: {Type: AWS::SQS::Queue}
  Uploads: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-uploads}}
  Named: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Name}}
  Rule: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: theirs}}
";
const DEPLOYED: &str = "Resources: {Jobs: {Type: AWS::SQS::Queue}}";

fn import(server: &Server, arguments: &[&str]) -> Run {
    let files = MemoryFiles::with([("asi.yaml", STACK.as_bytes())]);
    let world = World { access: access(&server.url()), ..world(files) };
    run(&[&["import"], arguments].concat(), &world)
}

/// The resources of a stack as it is deployed, by logical id.
fn resources(server: &Server) -> Vec<String> {
    server.home(|account| {
        let stack = account.stack("shop").expect("there is a stack");
        stack.resources.iter().map(|it| it.id.clone()).collect()
    })
}

#[test]
fn what_identifies_a_resource_is_read_or_given() {
    let server = Server::start();
    server.put_stack("shop", DEPLOYED, "CREATE_COMPLETE");
    let run = import(&server, &[]);
    assert_eq!(run.exit, Exit::Input);
    golden("import/unidentified.txt", &run.err);
    assert_eq!(server.count("CreateChangeSet"), 0, "nothing is asked before it is known what for");

    let all =
        ["--resource", "Named=theirs", "--resource", "Uploads=shop-uploads", "--resource", "Rule:Id=sg-1"];
    let run = import(&server, &[&all[..], &["--yes"]].concat());
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    golden("import/imported.txt", &run.err);
    assert_eq!(resources(&server), ["Jobs", "Uploads", "Named", "Rule"]);
    let asked = server.calls().into_iter().find(|it| it.action == "CreateChangeSet").unwrap().parameters.0;
    let (sent, faults) = load::template(&asked["TemplateBody"], "sent.yaml", &mut Sources::default());
    assert_eq!(faults, []);
    let resources = sent.as_ref().and_then(|it| it.get("Resources")).unwrap();
    let policy = |id: &str| resources.get(id).unwrap().get("DeletionPolicy").and_then(Node::as_str);
    assert_eq!(
        (policy("Uploads"), policy("Named"), policy("Rule")),
        (Some("Retain"), Some("Retain"), Some("Retain"))
    );
    assert_eq!(policy("Jobs"), None, "what is deployed stays as it is");
}

#[test]
fn only_what_is_named_is_taken_and_nothing_twice() {
    let server = Server::start();
    server.put_stack("shop", DEPLOYED, "CREATE_COMPLETE");
    let uploads = ["--resource", "Uploads=shop-uploads"];
    let run = import(&server, &uploads);
    assert_eq!(run.exit, Exit::No);
    golden("import/unattended.txt", &run.err);
    let is_left = server.home(|it| it.stack("shop").unwrap().status.clone());
    assert_eq!((is_left.as_str(), resources(&server)), ("CREATE_COMPLETE", vec!["Jobs".to_owned()]));

    assert_eq!(import(&server, &[&uploads[..], &["-y"]].concat()).exit, Exit::Done);
    assert_eq!(resources(&server), ["Jobs", "Uploads"]);
    let again = import(&server, &[&uploads[..], &["-y"]].concat());
    assert_eq!(again.exit, Exit::Input);
    golden("import/nothing.txt", &again.err);
    let unknown = import(&server, &["--resource", "Uplods=shop-uploads"]);
    assert_eq!(unknown.exit, Exit::Input);
    golden("import/unknown.txt", &unknown.err);
}

#[test]
fn nothing_is_sent_that_the_imported_resources_do_not_need() {
    let server = Server::start();
    server.put_stack("shop", DEPLOYED, "CREATE_COMPLETE");
    assert_eq!(import(&server, &["--resource", "Uploads=shop-uploads", "-y"]).exit, Exit::Done);
    assert_eq!(import(&server, &["--resource", "Named=theirs", "-y"]).exit, Exit::Done);
    let asked = server.calls().into_iter().filter(|it| it.action == "CreateChangeSet");
    let has_parameter: Vec<bool> =
        asked.map(|it| it.parameters.text("TemplateBody").contains("Parameters:")).collect();
    assert_eq!(has_parameter, [false, true]);
}

#[test]
fn what_is_under_way_ends_first() {
    let server = Server::start();
    server.put_stack("shop", DEPLOYED, "UPDATE_IN_PROGRESS");
    server.home(|it| it.goes_on("shop", &["UPDATE_COMPLETE"], 4));
    let run = import(&server, &["--resource", "Uploads=shop-uploads", "-y"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert!(
        run.err.starts_with("`shop` is in UPDATE_IN_PROGRESS: it is watched to its end first\n"),
        "{}",
        run.err
    );
}
