//! What was approved in a review is done, and nothing else.

use super::{SHOP, Server, Story, left, status, with_earlier};
use crate::support::golden;
use asi::cli::Exit;

/// The fingerprint that a review of this file ends with.
#[track_caller]
fn fingerprint(server: &Server, file: &str, method: &str) -> String {
    let run = super::on(server, file, &["review", "--method", method, "--format", "json"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let (_, rest) = run.out.split_once("\"fingerprint\": \"").expect("something changes");
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn what_was_approved_is_done_whoever_was_asked() {
    for method in ["change-set", "template"] {
        let server = with_earlier();
        let approved = fingerprint(&server, SHOP, method);
        assert_eq!(left(&server), ["shop CREATE_COMPLETE"], "a review leaves nothing behind");
        let run = super::on(&server, SHOP, &["deploy", "--approved", &approved]);
        assert_eq!(run.exit, Exit::Done, "{method}: {}", run.err);
        assert_eq!(status(&server), "UPDATE_COMPLETE");
    }
}

#[test]
fn a_removal_that_was_approved_needs_no_yes() {
    let server = with_earlier();
    let file =
        SHOP.replace("  News:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: !Ref Jobs}\n", "");
    assert_eq!(super::on(&server, &file, &["deploy"]).exit, Exit::No, "nobody is here to say yes");
    let approved = fingerprint(&server, &file, "change-set");
    assert_eq!(super::on(&server, &file, &["deploy", "--approved", &approved]).exit, Exit::Done);
}

#[test]
fn what_was_not_approved_is_shown_and_left_alone() {
    let mut story = Story::default();
    let server = with_earlier();
    let approved = fingerprint(&server, SHOP, "change-set");
    let more = SHOP.replace("DisplayName: !Ref Jobs", "DisplayName: news");
    let run =
        story.run("something else changes besides", &server, &more, &["deploy", "--approved", &approved]);
    assert_eq!(run.exit, Exit::No);
    assert!(run.err.contains("News") && !run.err.contains("DelaySeconds"), "only what is new: {}", run.err);
    assert_eq!(left(&server), ["shop CREATE_COMPLETE"], "its change set is gone");
    let less = SHOP.replace("DelaySeconds: 2", "DelaySeconds: 3");
    let run = story.run("it changes to something else", &server, &less, &["deploy", "--approved", &approved]);
    assert_eq!(run.exit, Exit::No);
    story.run("it is no fingerprint", &server, SHOP, &["deploy", "--approved", "yes"]);
    story.run("it was approved", &server, SHOP, &["deploy", "--approved", &approved]);
    story.run("and is done", &server, SHOP, &["deploy", "--approved", &approved]);
    golden("deploy/approved.txt", &story.0);
}
