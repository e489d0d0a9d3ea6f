//! What is saved is deployed, one change after the other, and by nobody's leave but that of who is asked.

use std::io;

use super::{Project, happening};
use crate::support::{access, cloudformation::Server, golden, redact::redact, watching::Scripted};
use asi::{cli::Exit, world::World};

const SHOP: &str = "\
app: shop
region: us-east-1
stacks:
  Data: {resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 2}}}}
  Log: {resources: {Lines: {Type: AWS::Logs::LogGroup, DeletionPolicy: Delete}}}
";

/// The world in which this happens to files, and AWS.
fn at(server: &Server, watching: Scripted) -> World {
    World { access: access(&server.url()), ..happening(watching) }
}

/// How many change sets were executed.
fn executed(server: &Server) -> usize {
    server.count("ExecuteChangeSet")
}

#[test]
fn of_several_stacks_those_are_deployed_that_have_changed() {
    let project = Project::new("several", &[("asi.yaml", SHOP)]);
    let server = Server::start();
    let watching = Scripted::default().then(project.edits("asi.yaml", "DelaySeconds: 2", "DelaySeconds: 3"));
    let (run, _) = project.tell("", &["watch", "--deploy", "-y"], &at(&server, watching));
    assert_eq!((run.exit, executed(&server)), (Exit::Done, 3), "{}", run.err);
    let later = run.err.split("asi.yaml changed").nth(1).unwrap();
    assert!(later.contains("shop-Data") && !later.contains("shop-Log"), "{later}");
}

#[test]
fn what_has_changed_is_deployed_and_a_fault_is_not() {
    let (head, _) = SHOP.split_once("  Log:").unwrap();
    let project = Project::new("deploys", &[("asi.yaml", head)]);
    let server = Server::start();
    let watching = Scripted::default()
        .then(project.edits("asi.yaml", "DelaySeconds: 2", "DelaySeconds: 3"))
        .then(project.edits("asi.yaml", "DelaySeconds: 3", "DelaySecnds: 3"))
        .then(project.edits("asi.yaml", "DelaySecnds: 3", "DelaySeconds: 3"));
    let (run, told) =
        project.tell("each change by itself", &["watch", "--deploy", "-y"], &at(&server, watching));
    assert_eq!((run.exit, executed(&server)), (Exit::Done, 2), "{}", run.err);
    golden("watch/deploys.txt", &redact(&told));
}

#[test]
fn what_goes_is_asked_about_and_asked_about_again_once_somebody_says_no() {
    let project = Project::new("asks", &[("asi.yaml", SHOP)]);
    let server = Server::start();
    let deploy = ["watch", "--deploy"];
    let nothing = at(&server, Scripted::default());
    let everybody = || -> io::Result<String> { panic!("nothing goes, and nobody is asked") };
    let run = project.tell("", &deploy, &World { is_interactive: true, read_line: everybody, ..nothing }).0;
    assert_eq!(executed(&server), 2, "{}", run.err);
    let watching = Scripted::default()
        .then(project.edits("asi.yaml", "{Jobs:", "{Work:"))
        .then(project.edits("asi.yaml", "{Work:", "{Works:"));
    let world = at(&server, watching);
    let world = World { is_interactive: true, read_line: || Ok("n\n".to_owned()), ..world };
    let run = project.tell("", &deploy, &world).0;
    assert_eq!((run.exit, executed(&server)), (Exit::Done, 2), "{}", run.err);
    assert_eq!(run.err.matches("Deploy shop-Data to us-east-1? [y/N] ").count(), 2, "{}", run.err);
    assert_eq!(run.err.matches("error[no-consent]: `shop-Data` stays as it is").count(), 2, "{}", run.err);
}

#[test]
fn who_leaves_while_something_is_deployed_ends_the_watch() {
    let project = Project::new("leaves", &[("asi.yaml", SHOP)]);
    let server = Server::start();
    server.home(|it| it.script.change_set_polls = usize::MAX);
    let watching = Scripted::default().then(|| panic!("the watch goes on"));
    let mut world = at(&server, watching);
    world.access.interrupted_after = Some(std::time::Duration::from_millis(300));
    let run = project.tell("", &["watch", "--deploy", "-y"], &world).0;
    assert_eq!((run.exit, executed(&server)), (Exit::Done, 0), "{}", run.err);
    assert!(run.err.contains("error[no-consent]"), "{}", run.err);
}

#[test]
fn a_hotswap_is_of_deployments_and_may_be_impossible() {
    let project = Project::new("swaps", &[("asi.yaml", SHOP)]);
    let server = Server::start();
    let arguments = ["watch", "--deploy", "-y", "--hotswap"];
    let run = project.tell("", &arguments, &at(&server, Scripted::default())).0;
    assert_eq!((run.exit, executed(&server)), (Exit::Done, 0), "{}", run.err);
    assert_eq!(run.err.matches("error[not-swappable]").count(), 2, "{}", run.err);
    let run = project.tell("", &["watch", "--hotswap"], &at(&server, Scripted::default())).0;
    assert_eq!(run.exit, Exit::Input);
    assert!(
        run.err.contains("error[idle-option]: a hotswap has no effect without `--deploy`"),
        "{}",
        run.err
    );
}
