//! What was approved in a review is done, and nothing else.

use std::collections::BTreeSet;

use super::{SHOP, Server, Story, left, status, with_earlier};
use crate::support::{access, golden, run, world};
use asi::{
    cli::Exit,
    world::{MemoryFiles, World},
};
use serde_json::Value;

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

/// A file with the stacks `shop-Data` and `shop-Web`, in both of which something differs from the file before.
const SEVERAL: &str = "app: shop\nregion: us-east-1\nstacks:\n  \
     Data: {resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 2}}}}\n  \
     Web: {resources: {News: {Type: AWS::SNS::Topic, Properties: {DisplayName: new}}}}\n";

#[test]
fn of_several_stacks_none_is_deployed_before_all_are_known_to_be_approved() {
    let server = Server::start();
    let earlier = SEVERAL.replace("DelaySeconds: 2", "DelaySeconds: 1").replace("new", "old");
    assert_eq!(super::on(&server, &earlier, &["deploy"]).exit, Exit::Done);
    let run = super::on(&server, SEVERAL, &["review", "--format", "json"]);
    let review: Value = serde_json::from_str(&run.out).unwrap();
    let approved = review["environments"][0]["fingerprint"].as_str().unwrap().to_owned();
    let (data, _) = approved.split_once('+').unwrap();
    let begun = super::changes(&server).len();
    let run = super::on(&server, SEVERAL, &["deploy", "--approved", data]);
    assert_eq!(run.exit, Exit::No, "{}", run.err);
    assert_eq!(super::codes(&run), ["not-approved"], "{}", run.err);
    let done = super::changes(&server).split_off(begun);
    assert!(!done.contains(&"ExecuteChangeSet".to_owned()), "{done:?}");
    // They are deployed side by side, and either may be the first.
    let left = || left(&server).into_iter().collect::<BTreeSet<_>>();
    let stacks = |status: &str| ["Data", "Web"].map(|it| format!("shop-{it} {status}")).into();
    assert_eq!(left(), stacks("CREATE_COMPLETE"));
    let run = super::on(&server, SEVERAL, &["deploy", "--approved", &approved]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert_eq!(left(), stacks("UPDATE_COMPLETE"));
}

#[test]
fn what_the_templates_say_is_approved_where_cloudformation_does_less() {
    let server = with_earlier();
    let bound = SHOP.replace("app: shop\n", "app: shop\naccount: \"123456789012\"\n");
    // Another way to write the same, which no template tells.
    let file = bound.replace("DisplayName: !Ref Jobs", "DisplayName: !Join ['', [!Select [0, [!Ref Jobs]]]]");
    let approved = fingerprint(&server, &file, "template");
    assert_ne!(approved, fingerprint(&server, &file, "change-set"), "CloudFormation leaves the topic alone");
    let run = super::on(&server, &file, &["deploy", "--approved", &approved]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert_eq!(status(&server), "UPDATE_COMPLETE");
}

#[test]
fn what_never_came_up_stays_until_what_comes_in_its_place_is_approved() {
    for method in ["change-set", "template"] {
        let server = Server::start();
        server.put_stack("shop", &super::template_of(SHOP), "ROLLBACK_COMPLETE");
        let approved = fingerprint(&server, SHOP, method);
        let other = SHOP.replace("DelaySeconds: 2", "DelaySeconds: 3");
        let run = super::on(&server, &other, &["deploy", "--approved", &approved]);
        assert_eq!((run.exit, super::codes(&run)), (Exit::No, vec!["not-approved"]), "{}", run.err);
        assert_eq!(left(&server), ["shop ROLLBACK_COMPLETE"]);
        let run = super::on(&server, SHOP, &["deploy", "--approved", &approved]);
        assert_eq!(run.exit, Exit::Done, "{}", run.err);
        assert_eq!(left(&server), ["shop CREATE_COMPLETE"]);
    }
}

/// What hurts, what is noticed, and what to see to, without places and constructs: nobody knows those of what is deployed.
fn points(review: &str) -> Vec<Value> {
    let mut review: Value = serde_json::from_str(review).unwrap();
    let stack = &mut review["environments"][0]["stacks"][0];
    ["dangers", "impacts", "warnings"]
        .map(|of| {
            let mut points = stack[of].take();
            for it in points.as_array_mut().unwrap() {
                it["place"] = Value::Null;
                it["construct"] = Value::Null;
            }
            points
        })
        .to_vec()
}

#[test]
fn whoever_is_asked_a_review_says_the_same() {
    let server = with_earlier();
    let old = super::earlier();
    // One that goes, one that is made anew, a permission for everybody, and an output.
    let new = SHOP.replace("QueueName: jobs", "QueueName: work").replace(
        "  News:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: !Ref Jobs}\n",
        "  Open:\n    Type: AWS::SQS::QueuePolicy\n    Properties:\n      Queues: [!Ref Jobs]\n      PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: sqs:SendMessage, Resource: '*'}]}\n",
    );
    let files = || MemoryFiles::with([("old.yaml", old.as_bytes()), ("asi.yaml", new.as_bytes())]);
    let at = |files| World { access: access(&server.url()), ..world(files) };
    let json = |arguments: &[&str]| {
        let run = run(&[arguments, &["--format", "json"]].concat(), &at(files()));
        assert_eq!(run.exit, Exit::Done, "{arguments:?}: {}", run.err);
        run.out
    };
    let offline = json(&["review", "old.yaml", "asi.yaml"]);
    let deployed = json(&["review", "--method", "template"]);
    let online = json(&["review"]);
    let found = points(&offline);
    let codes: Vec<&str> =
        found[0].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["data", "exposure", "address"], "{offline}");
    assert_eq!(found, points(&deployed));
    assert_eq!(found, points(&online));
    for (text, basis) in [(&offline, "templates"), (&deployed, "deployed"), (&online, "changeSets")] {
        assert!(text.contains(&format!("\"basis\": \"{basis}\"")), "{text}");
    }
    assert_eq!(left(&server), ["shop CREATE_COMPLETE"], "a review leaves nothing behind");
}
