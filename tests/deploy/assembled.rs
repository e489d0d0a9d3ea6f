//! Deployments of the assembly that `asi synth --output` writes.

use super::{SHOP, Server, at, changes, state};
use crate::support::{Run, access, run};
use asi::{
    cli::Exit,
    world::{MemoryFiles, World},
};

/// A server with what `asi bootstrap` makes, and a world in which the assembly of the stack file is written.
fn assembled() -> (Server, World) {
    let server = Server::start();
    server.home(|it| it.parameters.insert("/cdk-bootstrap/hnb659fds/version".to_owned(), "30".to_owned()));
    let world = at(&server, SHOP);
    let run = run(&["synth", "-o", "cdk.out"], &world);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    (server, world)
}

fn deploy(world: &World, from: &[&str]) -> Run {
    run(&[&["deploy", "-y"], from].concat(), world)
}

#[test]
fn an_assembly_of_ours_makes_the_stack_that_its_stack_file_makes() {
    let (server, world) = assembled();
    let deployed = deploy(&world, &["-a", "cdk.out"]);
    assert_eq!(deployed.exit, Exit::Done, "{}", deployed.err);
    let calls = server.calls();
    let made = calls.iter().find(|it| it.action == "CreateChangeSet").unwrap();
    let url = made.parameters.text("TemplateURL");
    assert!(url.contains("/cdk-hnb659fds-assets-123456789012-us-east-1/"), "{url}");
    assert_eq!(
        made.parameters.text("RoleARN"),
        "arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1"
    );
    let (other, file) = assembled();
    assert_eq!(deploy(&file, &[]).exit, Exit::Done);
    assert_eq!(state(&server, "shop"), state(&other, "shop"));
}

#[test]
fn what_an_assembly_deployed_its_stack_file_does_not_change() {
    let (server, world) = assembled();
    assert_eq!(deploy(&world, &["-a", "cdk.out"]).exit, Exit::Done);
    let before = changes(&server);
    assert_eq!(deploy(&world, &[]).exit, Exit::Done);
    assert_eq!(changes(&server), before);
}

#[test]
fn an_assembly_of_ours_wants_what_bootstrap_makes() {
    let (server, world) = assembled();
    server.home(|it| it.parameters.clear());
    let run = deploy(&world, &["-a", "cdk.out"]);
    assert_eq!((run.exit, super::codes(&run)), (Exit::World, vec!["not-bootstrapped"]));
    assert_eq!(changes(&server), [""; 0]);
}

#[test]
fn stacks_of_one_name_are_deployed_and_deleted_one_after_the_other() {
    let server = Server::start();
    let stack = |id: &str, name: &str, region: &str, needs: &str| {
        format!(
            r#""{id}": {{"type": "aws:cloudformation:stack", "environment": "aws://123456789012/{region}", "dependencies": [{needs}],
               "properties": {{"templateFile": "t.json", "stackName": "{name}"}}}}"#
        )
    };
    let stacks = [
        stack("UsData", "data", "us-east-1", ""),
        stack("EuData", "data", "eu-west-1", ""),
        stack("UsWeb", "web", "us-east-1", r#""UsData""#),
        stack("EuWeb", "web", "eu-west-1", r#""EuData""#),
    ];
    let manifest = format!(r#"{{"version": "36.0.0", "artifacts": {{{}}}}}"#, stacks.join(","));
    let template = r#"{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}"#;
    let files = [("cdk.out/manifest.json", manifest.as_bytes()), ("cdk.out/t.json", template.as_bytes())];
    let world = World { access: access(&server.url()), ..crate::support::world(MemoryFiles::with(files)) };
    let is_there = |region: &str, name: &str| {
        server.at("123456789012", region, |it| it.stack(name).is_some_and(|it| !it.is_gone()))
    };
    let both = ["deploy", "destroy", "diff"].map(|it| run(&[it, "-a", "cdk.out", "*Data"], &world));
    for run in both {
        let fault = "error[duplicate-stack]: there is a stack `data` in us-east-1 of 123456789012 and another in eu-west-1";
        assert_eq!(run.exit, Exit::Input);
        assert!(run.err.starts_with(fault), "{}", run.err);
    }
    assert_eq!(server.calls().len(), 0);
    for stack in ["EuWeb", "UsWeb"] {
        assert_eq!(deploy(&world, &["-a", "cdk.out", stack]).exit, Exit::Done);
    }
    let all = || {
        let places = ["us-east-1", "eu-west-1"].map(|region| ["data", "web"].map(|it| is_there(region, it)));
        places.concat()
    };
    assert_eq!(all(), [true; 4]);
    let destroyed = run(&["destroy", "-y", "-a", "cdk.out", "UsData"], &world);
    assert_eq!(destroyed.exit, Exit::Done, "{}", destroyed.err);
    assert_eq!(all(), [false, false, true, true]);
}
