//! Resources that move between stacks, and to other logical ids, as they are.

use std::time::Duration;

use super::{Fault, MOST_CALLS, Server, Story, at, changes, codes, left, on, template_of};
use crate::support::{Run, cloudformation::On, golden, run};
use asi::{
    cli::Exit,
    world::{Access, MemoryFiles, Patience, World},
};

/// Two stacks, of which the first has what the second is to have.
const BEFORE: &str = "\
app: shop
region: us-east-1
stacks:
  web:
    resources:
      Orders: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 7}}
      News: {Type: AWS::SNS::Topic, DependsOn: Orders, Properties: {DisplayName: !Ref Orders}}
    outputs:
      Queue: {value: !GetAtt Orders.Arn}
  data:
    resources:
      Archive: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 1}}
";

/// The same, once that has moved and has another name; and with a change that has nothing to do with it.
const AFTER: &str = "\
app: shop
region: us-east-1
stacks:
  web:
    resources:
      News: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref data.Purchases}}
  data:
    resources:
      Archive: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 2}}
      Purchases: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 7}}
";

/// A server on which this is deployed.
#[track_caller]
fn with(file: &str) -> Server {
    let server = Server::start();
    let run = on(&server, file, &["deploy", "-y", "-q", "--concurrency", "1"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    server
}

/// The resources there are: stack, logical id, and physical id.
fn resources(server: &Server) -> Vec<String> {
    left(server);
    server.home(|account| {
        let mut all = Vec::new();
        for stack in account.stacks.iter().filter(|it| !it.is_gone()) {
            let line = |id: &str, physical: Option<&String>| {
                format!("{}.{id} {}", stack.name, physical.map_or("-", |it| it))
            };
            all.extend(stack.resources.iter().map(|it| line(&it.id, it.physical_id.as_ref())));
        }
        all.sort();
        all
    })
}

/// What was asked since that changes something.
fn since(server: &Server, before: usize) -> Vec<String> {
    changes(server).split_off(before)
}

#[test]
fn what_has_moved_and_has_another_name_is_what_it_was() {
    let mut story = Story::default();
    let server = with(BEFORE);
    let deployed = changes(&server).len();
    story.run("only shown", &server, AFTER, &["refactor", "--dry-run"]);
    story.run("for programs", &server, AFTER, &["refactor", "--dry-run", "--format", "json"]);
    story.run("nobody is there", &server, AFTER, &["refactor"]);
    assert_eq!(since(&server, deployed), [""; 0]);
    let run = story.run("done", &server, AFTER, &["refactor", "-y"]);
    assert_eq!(run.exit, Exit::Done);
    assert_eq!(since(&server, deployed), ["CreateStackRefactor", "ExecuteStackRefactor"]);
    assert_eq!(
        resources(&server),
        [
            "shop-data.Archive shop-data-Archive-1",
            "shop-data.Purchases shop-web-Orders-1",
            "shop-web.News shop-web-News-1"
        ]
    );
    let outputs = server.home(|it| it.stack("shop-data").unwrap().outputs.clone());
    assert_eq!(outputs.iter().map(|it| it.value.as_str()).collect::<Vec<_>>(), ["shop-web-Orders-1"]);
    let again = story.run("nothing is done twice", &server, AFTER, &["refactor", "-y"]);
    assert_eq!(again.exit, Exit::Done);
    story.run("what is left to a deployment", &server, AFTER, &["diff"]);
    assert_eq!(on(&server, AFTER, &["deploy", "-y"]).exit, Exit::Done);
    assert!(resources(&server).contains(&"shop-data.Purchases shop-web-Orders-1".to_owned()));
    golden("refactor/moved.txt", &story.0);
}

#[test]
fn a_rename_in_one_stack_needs_no_word_in_the_stack_file() {
    let before =
        "app: shop\nregion: us-east-1\nconstructs: {frontend: {type: Repository}, jobs: {type: Topic}}\n";
    let after = before.replace("frontend", "web");
    let mut story = Story::default();
    let server = with(before);
    let was = resources(&server);
    let run = story.run("a rename", &server, &after, &["refactor", "-y"]);
    assert_eq!(run.exit, Exit::Done);
    assert_eq!(on(&server, &after, &["diff", "--fail"]).exit, Exit::Done);
    let physical = |of: &[String]| {
        let mut ids: Vec<String> = of.iter().map(|it| it.split(' ').nth(1).unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(physical(&resources(&server)), physical(&was));
    golden("refactor/renamed.txt", &story.0);
}

#[test]
fn a_stack_that_is_not_there_is_made_of_what_goes_there() {
    let server = with(&BEFORE.replace(
        "  data:\n    resources:\n      Archive: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 1}}\n",
        "",
    ));
    let run = on(&server, AFTER, &["refactor", "-y"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert_eq!(
        resources(&server),
        ["shop-data.Purchases shop-web-Orders-1", "shop-web.News shop-web-News-1"]
    );
    assert_eq!(left(&server), ["shop-web UPDATE_COMPLETE", "shop-data CREATE_COMPLETE"]);
    golden("refactor/new-stack.txt", &run.err);
}

const ALIKE: &str = "\
app: shop
region: us-east-1
resources:
  First: {Type: AWS::SQS::Queue}
  Second: {Type: AWS::SQS::Queue}
";

/// Runs `asi` where there is such a file, too.
fn with_file(server: &Server, stack_file: &str, moves: &str, arguments: &[&str]) -> Run {
    server.stop_after(MOST_CALLS);
    let files = MemoryFiles::with([("asi.yaml", stack_file.as_bytes()), ("moves.json", moves.as_bytes())]);
    run(arguments, &World { files: Box::new(files), ..at(server, stack_file) })
}

#[test]
fn what_is_alike_is_told_apart_by_a_file_which_can_be_undone() {
    let mut story = Story::default();
    let server = with(ALIKE);
    let after = ALIKE.replace("First", "Work").replace("Second", "Rest");
    story.run("nothing says which is which", &server, &after, &["refactor", "-y"]);
    story.run("for programs", &server, &after, &["refactor", "--dry-run", "--format", "json", "-q"]);
    let moves = r#"{"environments": [
  {"account": "123456789012", "region": "us-east-1", "resources": {"shop.First": "shop.Rest"}},
  {"account": "210987654321", "region": "us-east-1", "resources": {"shop.First": "shop.Work"}}
]}"#;
    let mut tell = |title: &str, file: &str, moves: &str, arguments: &[&str]| {
        let run = with_file(&server, file, moves, arguments);
        story.tell(title, arguments, &run);
        run.exit
    };
    let by_file = ["refactor", "-y", "--override-file", "moves.json"];
    assert_eq!(tell("a file says it", &after, moves, &by_file), Exit::Done);
    assert_eq!(resources(&server), ["shop.Rest shop-First-1", "shop.Work shop-Second-1"]);
    assert_eq!(tell("it is done", &after, moves, &by_file), Exit::Done);
    let back = [&by_file[..], &["--revert"]].concat();
    assert_eq!(tell("what is synthesized is as it was moved", &after, moves, &back), Exit::Input);
    let half = after.replace("Rest", "First");
    assert_eq!(tell("undone", &half, moves, &back), Exit::Done);
    assert_eq!(resources(&server), ["shop.First shop-First-1", "shop.Work shop-Second-1"]);
    let wrong =
        r#"{"environments": [{"resources": {"shop.Gone": "shop.Work", "shop.First": "shop.Nowhere"}}]}"#;
    assert_eq!(tell("the file is wrong", &half, wrong, &by_file), Exit::Input);
    assert_eq!(tell("the file is no such file", &half, "[]", &by_file), Exit::Input);
    golden("refactor/told-apart.txt", &story.0);
}

#[test]
fn what_is_in_the_way_is_told_before_anything_is_asked_for() {
    let mut story = Story::default();
    let server = with(BEFORE);
    let all = AFTER.replace(
        "      News: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref data.Purchases}}\n",
        "      Other: {Type: AWS::SNS::Topic}\n",
    );
    let gone = all.replace("      Other: {Type: AWS::SNS::Topic}\n", "      More: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 9}}\n")
        .replace("{DelaySeconds: 7}}\n", "{DelaySeconds: 7}}\n      News: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Purchases}}\n");
    story.run("nothing would be left", &server, &gone, &["refactor", "-y"]);
    let unread = AFTER.replace("!Ref data.Purchases", "news");
    story.run("what refers to it does so no more", &server, &unread, &["refactor", "-y"]);
    server.home(|it| it.policies.insert("shop-data".to_owned(), "{}".to_owned()));
    story.run("a stack policy", &server, AFTER, &["refactor", "-y"]);
    server.home(|it| {
        it.policies.clear();
        let at = it.position("shop-data").unwrap();
        it.stacks[at].status = "UPDATE_ROLLBACK_FAILED".to_owned();
    });
    story.run("a stack that is stuck", &server, AFTER, &["refactor", "-y"]);
    server.home(|it| {
        let at = it.position("shop-data").unwrap();
        it.stacks[at].status = "UPDATE_COMPLETE".to_owned();
    });
    story.run(
        "a stack that is not there",
        &server,
        AFTER,
        &["refactor", "-y", "--additional-stack-name", "old"],
    );
    assert_eq!(server.count("CreateStackRefactor"), 0);
    golden("refactor/blocked.txt", &story.0);
}

#[test]
fn what_cloudformation_refuses_or_would_do_besides_stops_it() {
    let mut story = Story::default();
    let server = with(BEFORE);
    let was = resources(&server);
    server.home(|it| it.script.unmovable.push("AWS::SQS::Queue".to_owned()));
    assert_eq!(story.run("a type", &server, AFTER, &["refactor", "-y", "-q"]).exit, Exit::No);
    server.home(|it| {
        it.script.unmovable.clear();
        let at = |stack: &str, id: &str| (stack.to_owned(), id.to_owned());
        it.script.further_moves.push((at("shop-data", "Archive"), at("shop-web", "Archive")));
    });
    assert_eq!(story.run("more than that", &server, AFTER, &["refactor", "-y", "-q"]).exit, Exit::No);
    assert_eq!(server.count("ExecuteStackRefactor"), 0);
    assert_eq!(resources(&server), was);
    let server = with(BEFORE);
    server.fault(Fault::access_denied(), "CreateStackRefactor", 1, 1);
    story.run("no permission", &server, AFTER, &["refactor", "-y", "-q"]);
    golden("refactor/refused.txt", &story.0);
}

#[test]
fn what_fails_is_turned_back_and_told_with_its_line() {
    let mut story = Story::default();
    let server = with(BEFORE);
    let was = resources(&server);
    server.home(|it| it.fails("Purchases", On::Update, "Access denied for tagging the queue"));
    assert_eq!(story.run("it fails", &server, AFTER, &["refactor", "-y"]).exit, Exit::No);
    assert_eq!(resources(&server), was);
    server.home(|it| it.heal("Purchases"));
    assert_eq!(story.run("once that is mended", &server, AFTER, &["refactor", "-y"]).exit, Exit::Done);
    golden("refactor/failed.txt", &story.0);
}

#[test]
fn who_was_interrupted_goes_on_and_nothing_is_done_twice() {
    let mut story = Story::default();
    let server = with(BEFORE);
    let deployed = changes(&server).len();
    // What was made and not executed is executed by the next run.
    server.fault(Fault::access_denied(), "ExecuteStackRefactor", 1, 1);
    assert_eq!(story.run("made, and no more", &server, AFTER, &["refactor", "-y", "-q"]).exit, Exit::World);
    server.home(|it| it.script.events_per_poll = 0);
    let usual = at(&server, AFTER);
    server.stop_after(10 * MOST_CALLS);
    let access = Access {
        patience: Patience { between: Duration::from_millis(10), ..usual.access.patience },
        interrupted_after: Some(Duration::from_millis(900)),
        ..usual.access.clone()
    };
    let arguments = ["refactor", "-y", "-q"];
    let run = run(&arguments, &World { access, ..usual });
    assert_eq!((run.exit, codes(&run)), (Exit::No, vec!["left-running"]));
    story.tell("interrupted", &arguments, &run);
    story.run("looked at meanwhile", &server, AFTER, &["refactor", "--dry-run"]);
    server.home(|it| it.script.events_per_poll = 4);
    assert_eq!(story.run("gone on with", &server, AFTER, &["refactor", "-y"]).exit, Exit::Done);
    assert_eq!(
        since(&server, deployed),
        ["CreateStackRefactor", "ExecuteStackRefactor", "ExecuteStackRefactor"]
    );
    assert!(resources(&server).contains(&"shop-data.Purchases shop-web-Orders-1".to_owned()));
    golden("refactor/interrupted.txt", &story.0);
}

#[test]
fn an_answer_that_is_lost_is_no_matter() {
    for action in
        ["CreateStackRefactor", "ExecuteStackRefactor", "DescribeStackRefactor", "ListStackRefactors"]
    {
        for fault in [Fault::ResetAfter, Fault::ResetBefore, Fault::throttling()] {
            let server = with(BEFORE);
            server.fault(fault.clone(), action, 1, 1);
            let run = on(&server, AFTER, &["refactor", "-y"]);
            assert_eq!(run.exit, Exit::Done, "{action} {fault:?}: {}", run.err);
            assert!(resources(&server).contains(&"shop-data.Purchases shop-web-Orders-1".to_owned()));
        }
    }
}

#[test]
fn a_stack_that_is_of_no_app_any_more_is_named() {
    let server = with(BEFORE);
    let old = "app: old\nregion: us-east-1\nresources:\n  Kept: {Type: AWS::SNS::Topic}\n  Letters: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 30}}\n";
    server.put_stack("old", &template_of(old), "CREATE_COMPLETE");
    let after = format!("{BEFORE}      Mails: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: 30}}}}\n");
    let run = on(&server, &after, &["refactor", "-y"]);
    assert!(run.err.ends_with("\nnothing has moved\n"), "{}", run.err);
    let run = on(&server, &after, &["refactor", "-y", "--additional-stack-name", "old"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert!(resources(&server).contains(&"shop-data.Mails old-Letters-1".to_owned()));
}

#[test]
fn an_app_of_the_cdk_is_refactored_with_its_roles() {
    let server = Server::start();
    server.home(|it| it.parameters.insert("/cdk-bootstrap/hnb659fds/version".to_owned(), "30".to_owned()));
    let deploy = |file: &str, arguments: &[&str]| {
        let world = at(&server, file);
        assert_eq!(run(&["synth", "-o", "cdk.out"], &world).exit, Exit::Done);
        server.stop_after(MOST_CALLS);
        run(&[arguments, &["-a", "cdk.out"]].concat(), &world)
    };
    assert_eq!(deploy(BEFORE, &["deploy", "-y", "--all", "--concurrency", "1"]).exit, Exit::Done);
    let before = server.calls().len();
    let moved = deploy(AFTER, &["refactor", "-y"]);
    assert_eq!(moved.exit, Exit::Done, "{}", moved.err);
    golden("refactor/assembly.txt", &moved.err);
    let calls = server.calls().split_off(before);
    let roles: Vec<&str> =
        calls.iter().filter(|it| it.action == "AssumeRole").map(|it| it.parameters.text("RoleArn")).collect();
    let asked = calls.iter().map(|it| format!("{}:{}\n", it.service, it.action)).collect::<Vec<_>>();
    let asked: Vec<&str> = asked.chunk_by(|a, b| a == b).map(|it| it[0].as_str()).collect();
    golden("refactor/calls.txt", &asked.concat());
    assert!(!roles.is_empty() && roles.iter().all(|it| it.contains("deploy-role")), "{roles:?}");
    assert!(resources(&server).contains(&"shop-data.Purchases shop-web-Orders-1".to_owned()));
    assert_eq!(deploy(AFTER, &["refactor", "-y"]).err, "nothing has moved\n");
}

/// A table that was in the stack `web`, has another name there, and has changed since.
const DECLARED: &str = "\
app: shop
region: us-east-1
stacks:
  web:
    resources:
      News: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref data.Purchases}}
  data:
    moved: [{from: web.Orders, to: Purchases}]
    resources:
      Archive: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 1}}
      Purchases: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 8}}
";

#[test]
fn what_the_stack_file_says_has_moved_moves_whatever_it_has_become() {
    let mut story = Story::default();
    let server = with(BEFORE);
    story.run("what a deployment would do", &server, DECLARED, &["diff"]);
    for stacks in [&[][..], &["shop-data"]] {
        let run = story.run(
            "deployed before it is moved",
            &server,
            DECLARED,
            &[&["deploy", "-y"], stacks].concat(),
        );
        assert_eq!(run.exit, Exit::Input);
    }
    let run = story.run("moved under its old logical id", &server, DECLARED, &["refactor", "-y", "-q"]);
    assert_eq!(run.exit, Exit::Done);
    assert!(resources(&server).contains(&"shop-data.Orders shop-web-Orders-1".to_owned()));
    story.run("what is left to a deployment", &server, DECLARED, &["diff"]);
    golden("refactor/declared.txt", &story.0);
}

#[test]
fn who_compares_or_deploys_is_told_what_a_refactoring_would_keep() {
    let mut story = Story::default();
    let server = with(BEFORE);
    story.run("from stack to stack", &server, AFTER, &["diff"]);
    let renamed = BEFORE.replace("Orders", "Purchases");
    story.run("another name", &server, &renamed, &["diff"]);
    story.run("another name, deployed", &server, &renamed, &["deploy", "-q", "shop-web"]);
    let fixed = BEFORE.replace(
        "{Type: AWS::SQS::Queue, Properties: {DelaySeconds: 7}}",
        "{Type: Custom::Queue, Properties: {ServiceToken: x}}",
    );
    let server = with(&fixed);
    let run = on(&server, &fixed.replace("Orders", "Purchases"), &["diff"]);
    assert!(run.out.contains("was Orders") && !run.out.contains("asi refactor"), "{}", run.out);
    golden("refactor/told.txt", &story.0);
}
