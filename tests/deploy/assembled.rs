//! Deployments of the assembly that `asi synth --output` writes.

use super::{SHOP, Server, at, changes, state};
use crate::support::{Run, run};
use asi::{cli::Exit, world::World};

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
