//! Apps of several stacks: the order, what fails and what does not, and what they give.

use std::path::Path;

use super::{MOST_CALLS, Server, Story, at, changes, left, on};
use crate::support::{cloudformation::On, golden, run};
use asi::cli::Exit;

/// Two stacks that need nothing, and one that needs the first of them.
pub(super) const APP: &str = "\
app: shop
region: us-east-1
stacks:
  Data:
    resources:
      Jobs: {Type: AWS::SQS::Queue}
    outputs:
      Url: {value: !Ref Jobs}
  Web:
    resources:
      News: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Data.Jobs}}
  Other:
    resources:
      Log: {Type: AWS::Logs::LogGroup}
";

#[test]
fn stacks_come_in_the_order_in_which_they_need_each_other() {
    let mut story = Story::default();
    let server = Server::start();
    let run = story.run("new", &server, APP, &["deploy", "--concurrency", "1"]);
    assert_eq!(run.exit, Exit::Done);
    story.run("the same again", &server, APP, &["deploy", "--concurrency", "1"]);
    story.run("destroyed", &server, APP, &["destroy", "-y", "-q", "--concurrency", "1"]);
    golden("deploy/several.txt", &story.0);
    assert_eq!(left(&server), [""; 0]);
}

#[test]
fn a_stack_that_fails_keeps_those_back_that_need_it_and_no_others() {
    for concurrency in ["1", "4"] {
        let server = Server::start();
        server.home(|it| it.fails("Jobs", On::Create, "no more queues"));
        let arguments = ["deploy", "-y", "-q", "--concurrency", concurrency];
        let mut story = Story::default();
        let run = story.run("one fails", &server, APP, &arguments);
        assert_eq!(run.exit, Exit::No);
        let mut there = left(&server);
        there.sort();
        assert_eq!(there, ["shop-Data ROLLBACK_COMPLETE", "shop-Other CREATE_COMPLETE"]);
        if concurrency == "1" {
            golden("deploy/needs.txt", &story.0);
        }
        server.home(|it| it.heal("Jobs"));
        assert_eq!(on(&server, APP, &arguments).exit, Exit::Done);
    }
}

#[test]
fn one_stack_takes_along_what_it_needs_unless_told_not_to() {
    let server = Server::start();
    on(&server, APP, &["deploy", "-y", "shop-Web"]);
    assert_eq!(left(&server), ["shop-Data CREATE_COMPLETE", "shop-Web CREATE_COMPLETE"]);
    let server = Server::start();
    on(&server, APP, &["deploy", "-y", "--exclusively", "shop-Data"]);
    assert_eq!(left(&server), ["shop-Data CREATE_COMPLETE"]);
    assert_eq!(changes(&server), ["CreateChangeSet", "ExecuteChangeSet"]);
}

#[test]
fn outputs_go_to_standard_output_and_into_a_file() {
    let server = Server::start();
    server.stop_after(MOST_CALLS);
    let world = at(&server, APP);
    let result = run(&["deploy", "-y", "-q", "-O", "out/all.json"], &world);
    assert_eq!(result.out.lines().next(), Some("shop-Data.Url = shop-Data-Jobs-1"), "{}", result.out);
    let written = world.files.read(Path::new("out/all.json"), 1 << 20).unwrap();
    golden("deploy/outputs.json", &String::from_utf8(written).unwrap());
    let again = run(&["outputs"], &world);
    assert_eq!(again.out, result.out);
}

#[test]
fn what_is_taken_by_another_stack_stays() {
    let server = Server::start();
    on(&server, APP, &["deploy", "-y"]);
    let mut story = Story::default();
    let run = story.run("another stack imports it", &server, APP, &["destroy", "-y", "-q", "shop-Data"]);
    assert_eq!(run.exit, Exit::No);
    golden("deploy/taken.txt", &story.0);
}
