//! Stacks deleted: in which order, and what keeps one from going because it holds something.

use std::io;

use super::{
    Fault, MOST_CALLS, Server, Story, at, changes, codes, left, on, several::APP, status, template_of,
};
use crate::support::{Run, cloudformation::On, golden, run};
use asi::{cli::Exit, world::World};

/// A stack with what CloudFormation deletes only when it is empty, and the same where it stays, or is emptied by others.
const SHOP: &str = "\
app: shop
region: us-east-1
resources:
  Uploads: {Type: AWS::S3::Bucket}
  Images: {Type: AWS::ECR::Repository}
  Empty: {Type: AWS::S3::Bucket}
  Kept: {Type: AWS::S3::Bucket, DeletionPolicy: Retain, UpdateReplacePolicy: Retain}
  Emptied: {Type: AWS::ECR::Repository, Properties: {EmptyOnDelete: true}}
";

/// A server with that stack, of which all but one hold something.
fn full() -> Server {
    let server = Server::start();
    server.put_stack("shop", &template_of(SHOP), "CREATE_COMPLETE");
    server.home(|it| {
        for at in 0..2300 {
            it.objects.insert(format!("shop-Uploads-1/a <{at}> & b"), Vec::new());
        }
        it.objects.insert("shop-Kept-1/a".to_owned(), Vec::new());
        let digests = |count| (0..count).map(|it| format!("sha256:{it}")).collect();
        it.images.insert("shop-Images-1".to_owned(), digests(150));
        it.images.insert("shop-Emptied-1".to_owned(), digests(1));
    });
    server
}

/// What is left in the buckets and repositories.
fn held(server: &Server) -> Vec<String> {
    server.home(|it| {
        let objects = it.objects.keys().map(|it| it.split('/').next().unwrap().to_owned());
        let images = it.images.iter().filter(|it| !it.1.is_empty()).map(|it| it.0.clone());
        let mut held: Vec<String> = objects.chain(images).collect();
        held.dedup();
        held
    })
}

/// Runs `asi` where somebody answers every question so.
fn asked(server: &Server, arguments: &[&str], read_line: fn() -> io::Result<String>) -> Run {
    server.stop_after(MOST_CALLS);
    run(arguments, &World { is_interactive: true, read_line, ..at(server, SHOP) })
}

#[test]
fn stacks_that_do_not_need_each_other_go_side_by_side() {
    for (concurrency, order) in
        [("1", ["shop-Web", "shop-Data", "shop-Other"]), ("4", ["shop-Web", "shop-Other", "shop-Data"])]
    {
        let server = Server::start();
        on(&server, APP, &["deploy", "-y"]);
        let run = on(&server, APP, &["destroy", "-y", "--concurrency", concurrency]);
        assert_eq!((run.exit, left(&server)), (Exit::Done, vec![]), "{}", run.err);
        let mut deleted: Vec<String> = server
            .calls()
            .iter()
            .filter(|it| it.action == "DeleteStack")
            .map(|it| it.parameters.text("StackName").split('/').nth(1).unwrap().to_owned())
            .collect();
        // Those that go side by side may be asked for in any order, but before the one they need.
        if concurrency == "4" {
            deleted[..2].sort_by(|a, b| b.cmp(a));
        }
        assert_eq!(deleted, order, "{concurrency}");
    }
}

#[test]
fn a_stack_that_stays_keeps_what_it_needs_and_nothing_else() {
    let server = Server::start();
    on(&server, APP, &["deploy", "-y"]);
    server.home(|it| it.fails("News", On::Delete, "it is in use"));
    let run = on(&server, APP, &["destroy", "-y"]);
    assert_eq!(codes(&run), ["resource-failed", "deployment-failed", "needs-stack"], "{}", run.err);
    assert_eq!(left(&server), ["shop-Data CREATE_COMPLETE", "shop-Web DELETE_FAILED"]);
}

#[test]
fn what_holds_something_is_emptied_by_name_or_the_stack_stays() {
    let mut story = Story::default();
    let server = full();
    let all = ["shop-Kept-1", "shop-Uploads-1", "shop-Emptied-1", "shop-Images-1"];
    story.run("nothing is named", &server, SHOP, &["destroy", "-y"]);
    story.run("one is named", &server, SHOP, &["destroy", "-y", "--empty", "Uploads"]);
    story.run("one is not there", &server, SHOP, &["destroy", "-y", "--empty", "Upload", "--empty", "Kept"]);
    story.run("nobody is there", &server, SHOP, &["destroy", "--empty", "Uploads", "--empty", "Images"]);
    assert_eq!((held(&server), changes(&server)), (all.map(str::to_owned).to_vec(), vec![]));
    let names = ["destroy", "-y", "--empty", "Uploads", "--empty", "shop-Images-1"];
    let run = story.run("both are named", &server, SHOP, &names);
    assert_eq!((run.exit, status(&server).as_str()), (Exit::Done, "DELETE_COMPLETE"));
    assert_eq!(held(&server), ["shop-Kept-1", "shop-Emptied-1"]);
    assert_eq!((server.count("POST"), server.count("BatchDeleteImage")), (3, 2));
    golden("deploy/emptied.txt", &story.0);
}

#[test]
fn somebody_is_asked_about_each_by_its_name() {
    let server = full();
    let names = ["destroy", "--empty", "Uploads", "--empty", "Images"];
    let run = asked(&server, &names, || Ok("y\n".to_owned()));
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let questions: Vec<&str> = run.err.split("? [y/N] ").filter_map(|it| it.lines().last()).collect();
    assert_eq!(
        questions[..3],
        [
            "Delete shop in us-east-1",
            "Delete all that the bucket `shop-Uploads-1` (`Uploads`) holds, for good",
            "Delete all that the repository `shop-Images-1` (`Images`) holds, for good",
        ]
    );
    let server = full();
    assert_eq!(asked(&server, &names, || Ok("n\n".to_owned())).exit, Exit::No);
    assert_eq!((changes(&server), held(&server).len()), (vec![], 4));
}

#[test]
fn what_cannot_be_looked_into_is_told() {
    let mut story = Story::default();
    let server = full();
    server.fault(Fault::access_denied(), "GET", 1, usize::MAX);
    server.home(|it| it.images.clear());
    server.fault(Fault::access_denied(), "ListImages", 1, usize::MAX);
    let run = story.run("no permission", &server, SHOP, &["destroy", "-y", "-q"]);
    assert_eq!(run.exit, Exit::Done);
    golden("deploy/not-looked-into.txt", &story.0);
}

#[test]
fn a_deletion_that_failed_says_what_to_empty() {
    let mut story = Story::default();
    let server = full();
    server.home(|it| {
        it.images.clear();
        let stack = it.put_stack("shop", &template_of(SHOP), "DELETE_FAILED");
        stack.resources[0].status = "DELETE_FAILED".to_owned();
        stack.resources[0].reason = Some("The bucket you tried to delete is not empty".to_owned());
    });
    story.run("what can be done", &server, SHOP, &["recover"]);
    let run = story.run("done", &server, SHOP, &["destroy", "-y", "-q", "--empty", "Uploads"]);
    assert_eq!(run.exit, Exit::Done);
    golden("deploy/delete-failed.txt", &story.0);
}

#[test]
fn a_stack_of_which_nothing_is_known_any_more_is_gone() {
    let server = super::with_earlier();
    server.home(|it| it.script.events_per_poll = 1);
    let gone = Fault::Error { http: 400, code: "ValidationError", message: "Stack [shop] does not exist" };
    for action in ["DescribeStackEvents", "DescribeStacks"] {
        server.fault(gone.clone(), action, 2, usize::MAX);
    }
    let run = on(&server, super::SHOP, &["destroy", "-y", "-q"]);
    assert_eq!((run.exit, run.err.lines().last()), (Exit::Done, Some("`shop` is gone")), "{}", run.err);
}

#[test]
fn a_stack_that_is_named_twice_is_deleted_once() {
    let server = super::with_earlier();
    let run = on(&server, super::SHOP, &["destroy", "-y", "shop", "shop"]);
    assert_eq!((run.exit, changes(&server)), (Exit::Done, vec!["DeleteStack".to_owned()]), "{}", run.err);
}
