//! Change sets: empty, refused, slow, long, nested; prepared and executed by two runs; and what is left of them.

use super::{Fault, SHOP, Server, Story, changes, earlier, left, on, status, template_of, with_earlier};
use crate::support::{
    cloudformation::{Change, ChangeSetScript, Detail},
    golden,
};
use asi::cli::Exit;

const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

/// A server on which the change sets of the stack turn out so.
fn scripted(server: Server, script: ChangeSetScript) -> Server {
    server.home(|it| it.change_set("shop", script));
    server
}

#[test]
fn a_change_set_without_changes_is_no_fault_and_leaves_nothing() {
    for reason in [NO_CHANGES, "No updates are to be performed."] {
        let server = scripted(with_earlier(), ChangeSetScript::fails(reason));
        let run = on(&server, SHOP, &["deploy", "-y"]);
        assert_eq!((run.exit, run.out.as_str()), (Exit::Done, "shop.Url = shop-Jobs-1\n"), "{}", run.err);
        assert!(run.err.ends_with("`shop` is as it should be: nothing to do\n"), "{}", run.err);
        assert_eq!(left(&server), ["shop CREATE_COMPLETE"]);
    }
    let server = scripted(Server::start(), ChangeSetScript::fails(NO_CHANGES));
    assert_eq!(on(&server, SHOP, &["deploy", "-y"]).exit, Exit::Input);
    assert_eq!(left(&server), [""; 0]);
}

#[test]
fn what_differs_in_nothing_is_not_asked_for() {
    let server = with_earlier();
    let run = on(&server, &earlier(), &["deploy"]);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, "`shop` is as it should be: nothing to do\n"));
    assert_eq!(changes(&server), [""; 0]);
    on(&server, &earlier(), &["deploy", "--force"]);
    assert_eq!(changes(&server), ["CreateChangeSet", "DeleteChangeSet"]);
}

#[test]
fn what_is_refused_is_told_with_its_place_and_leaves_nothing() {
    let mut story = Story::default();
    let check = "AWS::EarlyValidation::PropertyValidation";
    for (title, script) in [
        (
            "a hook",
            ChangeSetScript::stopped_by_hook("Our::Encryption::Hook", "Jobs", "Queues have to be encrypted"),
        ),
        (
            "a check before the deployment",
            ChangeSetScript::stopped_by_validation(
                check,
                "News",
                "/Resources/News/Properties/DisplayName",
                "It is too long",
            ),
        ),
        (
            "a template that makes no sense",
            ChangeSetScript::fails("Circular dependency between resources: [Jobs, News]"),
        ),
    ] {
        let server = scripted(Server::start(), script.clone());
        assert_eq!(story.run(title, &server, SHOP, &["deploy", "-y", "-q"]).exit, Exit::Input);
        assert_eq!(left(&server), [""; 0], "{title}");
        let server = scripted(with_earlier(), script);
        assert_eq!(on(&server, SHOP, &["deploy", "-y"]).exit, Exit::Input);
        assert_eq!(left(&server), ["shop CREATE_COMPLETE"], "{title}");
    }
    golden("deploy/refused.txt", &story.0);
}

#[test]
fn a_change_set_may_take_its_time_and_have_many_pages() {
    let topics: Vec<String> = (0..30).map(|at| format!("  T{at}: {{Type: AWS::SNS::Topic}}\n")).collect();
    let file = format!("app: shop\nregion: us-east-1\nresources:\n{}", topics.concat());
    let server = Server::start();
    server.home(|it| (it.script.change_set_polls, it.script.page_size) = (5, 7));
    let run = on(&server, &file, &["deploy"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    // Each that is worked on is counted, and told once; pages of events go back only as far as something is new.
    let told = run.err.lines().filter(|it| it.contains("CREATE_COMPLETE  ")).count();
    assert_eq!(told, 31, "{}", run.err);
    assert!(run.err.contains("30/30  CREATE_COMPLETE"), "{}", run.err);
    assert_eq!(server.count("DescribeChangeSet"), 5 + 30_usize.div_ceil(7));
}

#[test]
fn change_sets_of_nested_stacks_and_cut_values_are_read() {
    let old = "\
app: shop
region: us-east-1
resources:
  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://b.s3.amazonaws.com/old'}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: long-enough-to-be-cut}}
";
    let new = old.replace("/old", "/new").replace("long", "wide");
    let server = Server::start();
    let inner = "Resources: {Deep: {Type: AWS::SNS::Topic}}";
    server.home(|it| {
        for key in ["b/old", "b/new"] {
            it.objects.insert(key.to_owned(), inner.as_bytes().to_vec());
        }
        it.put_stack("shop", &template_of(old), "CREATE_COMPLETE");
        let deep = Change {
            details: vec![Detail::of([Some("a".into()), Some("b".into())])],
            ..Change::modification("Deep", "AWS::SNS::Topic")
        };
        let nested = [("Inner".to_owned(), vec![deep])].into();
        it.change_set(
            "shop",
            ChangeSetScript { nested, longest_value: Some(6), ..ChangeSetScript::default() },
        );
    });
    let mut story = Story::default();
    let run = story.run(
        "a nested stack, and values that are cut",
        &server,
        &new,
        &["diff", "--method", "change-set"],
    );
    assert_eq!(run.exit, Exit::Done);
    let run = story.run("the same, deployed", &server, &new, &["deploy", "-y"]);
    assert_eq!(run.exit, Exit::Done);
    golden("deploy/nested.txt", &story.0);
}

#[test]
fn one_run_prepares_and_another_executes() {
    let prepare = ["deploy", "--method", "prepare-change-set", "--parameter", "Size=3"];
    let execute = ["deploy", "-y", "--method", "execute-change-set"];
    // It has its parameters, and the second run is not told them again.
    let file = SHOP.replace("resources:", "parameters: {Size: {type: Number}}\nresources:");
    let file = file.replace("DelaySeconds: 2", "DelaySeconds: !Ref Size");
    let mut story = Story::default();
    let server = Server::start();
    story.run("none is there", &server, &file, &execute);
    story.run("prepared", &server, &file, &prepare);
    assert_eq!(left(&server), ["shop REVIEW_IN_PROGRESS", "asi-deploy"]);
    story.run("executed", &server, &file, &execute);
    assert_eq!(left(&server), ["shop CREATE_COMPLETE"]);
    story.run("executed already", &server, &file, &execute);
    golden("deploy/prepared.txt", &story.0);
}

#[test]
fn a_change_set_that_is_outdated_is_not_executed() {
    let server = with_earlier();
    let name = ["--change-set-name", "first"];
    on(&server, SHOP, &["deploy", "--method", "prepare-change-set", name[0], name[1]]);
    server.home(|it| it.fails("Jobs", crate::support::cloudformation::On::Update, "no"));
    // What fails makes the others obsolete, and leaves them where they are.
    assert_eq!(on(&server, SHOP, &["deploy", "-y"]).exit, Exit::No);
    let mut story = Story::default();
    let run = story.run(
        "outdated",
        &server,
        SHOP,
        &["deploy", "-y", "--method", "execute-change-set", name[0], name[1]],
    );
    assert_eq!(run.exit, Exit::No);
    golden("deploy/outdated.txt", &story.0);
}

#[test]
fn a_diff_only_reads() {
    for server in [Server::start(), with_earlier()] {
        assert_eq!(on(&server, SHOP, &["diff"]).exit, Exit::Done);
        let mut calls: Vec<String> = server.calls().into_iter().map(|it| it.action).collect();
        calls.dedup();
        assert!(
            ["DescribeStacks", "GetTemplate"]
                .starts_with(&calls.iter().map(String::as_str).collect::<Vec<_>>()),
            "{calls:?}"
        );
    }
}

#[test]
fn a_diff_by_change_set_leaves_nothing_whatever_happens() {
    let diff = ["diff", "--method", "change-set"];
    for (start, there) in
        [(Server::start as fn() -> Server, vec![]), (with_earlier, vec!["shop CREATE_COMPLETE"])]
    {
        let server = start();
        assert_eq!(on(&server, SHOP, &diff).exit, Exit::Done);
        assert_eq!(left(&server), there);
        let calls = server.calls().len();
        for (fault, count) in [(Fault::access_denied(), 1), (Fault::Garbage, 1), (Fault::ResetAfter, 4)] {
            for nth in 1..=calls {
                let server = start();
                server.fault_overall(fault.clone(), nth, count);
                let run = on(&server, SHOP, &diff);
                // What cannot be taken away cannot be taken away.
                if server.calls().len() >= nth + count {
                    assert_eq!(left(&server), there, "{fault:?} at call {nth}: {}", run.err);
                }
            }
        }
    }
}

#[test]
fn a_change_set_of_somebody_else_is_left_alone() {
    let server = Server::start();
    let theirs = ["deploy", "--method", "prepare-change-set", "--change-set-name", "theirs"];
    on(&server, SHOP, &theirs);
    let there = ["shop REVIEW_IN_PROGRESS", "theirs"];
    on(&server, SHOP, &["diff", "--method", "change-set"]);
    assert_eq!(left(&server), there);
    server.home(|it| it.change_set("shop", ChangeSetScript::fails("no")));
    on(&server, SHOP, &["deploy", "-y"]);
    assert_eq!(left(&server), there);
    server.home(|it| it.change_set("shop", ChangeSetScript::default()));
    assert_eq!(on(&server, SHOP, &["deploy", "--require-approval", "any-change"]).exit, Exit::No);
    assert_eq!(left(&server), there);
    // One that a run left that was killed is replaced, and goes with the name.
    let server = Server::start();
    on(&server, SHOP, &["deploy", "--method", "prepare-change-set"]);
    assert_eq!(on(&server, SHOP, &["deploy", "--require-approval", "any-change"]).exit, Exit::No);
    assert_eq!((left(&server), status(&server).as_str()), (vec![], "DELETE_COMPLETE"));
}

#[test]
fn what_a_change_set_does_follows_from_what_it_was_made_with() {
    let server = super::with_earlier();
    let (without_news, _) = SHOP.split_once("  News:").unwrap();
    assert_eq!(on(&server, without_news, &["deploy", "-m", "prepare-change-set"]).exit, Exit::Done);
    // The stack file has the topic again, and the change set deletes it all the same.
    let run = on(&server, SHOP, &["deploy", "-m", "execute-change-set"]);
    assert_eq!(run.exit, Exit::No, "{}", run.err);
    assert!(run.err.contains("-  AWS::SNS::Topic  News"), "{}", run.err);
}
