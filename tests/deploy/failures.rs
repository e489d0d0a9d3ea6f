//! Deployments that fail: what failed first, the line it comes from, and how the stack was left.

use super::{SHOP, Server, Story, on, status, with_earlier};
use crate::support::{cloudformation::On, golden};
use asi::cli::Exit;

/// Resources that do not need each other.
fn apart() -> String {
    SHOP.replace("!Ref Jobs}\noutputs", "all}\noutputs")
}

#[test]
fn what_failed_first_is_told_with_its_line() {
    let mut story = Story::default();
    let server = Server::start();
    server.home(|it| it.fails("Jobs", On::Create, "jobs is taken"));
    story.run("a new stack: what was only cancelled is not told", &server, &apart(), &["deploy", "-y"]);
    story.run("again: what is left of it goes first", &server, &apart(), &["deploy", "-y", "-q"]);
    server.home(|it| it.heal("Jobs"));
    let run = story.run("mended", &server, &apart(), &["deploy", "-y", "-q"]);
    assert_eq!(run.exit, Exit::Done);

    let server = with_earlier();
    server.home(|it| it.fails("Jobs", On::Update, "too slow"));
    story.run("an update", &server, SHOP, &["deploy", "-y", "-q"]);
    server.home(|it| it.fails("Jobs", On::Rollback, "was deleted"));
    story.run("an update that cannot be turned back either", &server, SHOP, &["deploy", "-y", "-q"]);
    story.run("stuck", &server, SHOP, &["deploy", "-y"]);
    story.run("what can be done", &server, SHOP, &["recover"]);
    story.run("it has to be agreed to", &server, SHOP, &["recover", "--way", "skip"]);
    story.run("there is no such way", &server, SHOP, &["recover", "--way", "skipp"]);
    story.run("a way that fails", &server, SHOP, &["rollback"]);
    story.run("a way on", &server, SHOP, &["rollback", "--force", "--yes"]);
    story.run("nothing is wrong any more", &server, SHOP, &["rollback"]);
    golden("deploy/failures.txt", &story.0);
}

#[test]
fn what_failed_may_be_left_and_gone_on_with() {
    let mut story = Story::default();
    let server = Server::start();
    server.home(|it| it.fails("News", On::Create, "too many"));
    story.run("left as it is", &server, SHOP, &["deploy", "-y", "-q", "--no-rollback"]);
    story.run("the next has to say so, too", &server, SHOP, &["deploy", "-y"]);
    story.run("what can be done", &server, SHOP, &["recover"]);
    story.run("a way of another command", &server, SHOP, &["recover", "--way", "go-on"]);
    server.home(|it| it.heal("News"));
    story.run("gone on with", &server, SHOP, &["deploy", "-y", "--no-rollback"]);
    assert_eq!(status(&server), "UPDATE_COMPLETE");
    golden("deploy/left-failed.txt", &story.0);
}

#[test]
fn what_cannot_be_deleted_is_kept_or_forced() {
    let mut story = Story::default();
    let server = with_earlier();
    server.home(|it| it.fails("Jobs", On::Delete, "it is not empty"));
    story.run("one resource stays", &server, SHOP, &["destroy", "-y", "-q"]);
    story.run("what can be done", &server, SHOP, &["recover"]);
    story.run("kept", &server, SHOP, &["recover", "--yes", "--way", "keep"]);
    assert_eq!(status(&server), "DELETE_COMPLETE");
    golden("deploy/undeletable.txt", &story.0);
    // One that never came up cannot be deployed before what is left of it can be deleted.
    let server = Server::start();
    server.home(|it| {
        it.fails("News", On::Create, "too many");
        it.fails("Jobs", On::Delete, "it is not empty");
    });
    assert_eq!(on(&server, SHOP, &["deploy", "-y"]).exit, Exit::No);
    assert_eq!(status(&server), "ROLLBACK_FAILED");
}
