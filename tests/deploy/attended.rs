//! Somebody is there: says yes or no, presses Ctrl-C, and is asked what to do.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use super::{Fault, MOST_CALLS, SHOP, Server, Story, at, changes, codes, left, status, with_earlier};
use crate::support::{Run, golden, run};
use asi::{
    cli::Exit,
    world::{Access, Patience, World},
};

/// Runs `asi` where somebody answers every question so.
fn asked(server: &Server, arguments: &[&str], answer: fn() -> io::Result<String>) -> Run {
    server.stop_after(MOST_CALLS);
    run(arguments, &World { is_interactive: true, read_line: answer, ..at(server, SHOP) })
}

/// The same, where somebody presses Ctrl-C again and again.
fn interrupted(server: &Server, arguments: &[&str], answer: Option<fn() -> io::Result<String>>) -> Run {
    interrupted_on(server, SHOP, arguments, answer)
}

/// The same, with another stack file.
fn interrupted_on(
    server: &Server,
    file: &str,
    arguments: &[&str],
    answer: Option<fn() -> io::Result<String>>,
) -> Run {
    server.stop_after(MOST_CALLS);
    let usual = at(server, file);
    let patience = Patience { between: Duration::from_millis(10), ..usual.access.patience };
    let interrupted_after = Some(Duration::from_millis(900));
    let access = Access { patience, interrupted_after, ..usual.access.clone() };
    let read_line = answer.unwrap_or(usual.read_line);
    run(arguments, &World { access, is_interactive: answer.is_some(), read_line, ..usual })
}

fn nobody() -> io::Result<String> {
    loop {
        thread::park();
    }
}

/// A stack on which an update is under way that takes so many looks.
fn busy(late: usize) -> Server {
    let server = Server::start();
    server.put_stack("shop", &super::template_of(SHOP), "UPDATE_IN_PROGRESS");
    server.home(|it| it.goes_on("shop", &["UPDATE_COMPLETE"], late));
    server
}

#[test]
fn a_question_is_answered_with_yes_or_everything_stays() {
    let ask = ["deploy", "--require-approval", "any-change"];
    for answer in [|| Ok("n\n".to_owned()), || Ok(String::new()), || Err(io::Error::other("closed"))] {
        for (server, there) in [(Server::start(), vec![]), (with_earlier(), vec!["shop CREATE_COMPLETE"])] {
            let run = asked(&server, &ask, answer);
            assert_eq!((run.exit, codes(&run)), (Exit::No, vec!["no-consent"]), "{}", run.err);
            assert!(run.err.contains("\nDeploy shop to us-east-1? [y/N] "), "{}", run.err);
            assert_eq!(left(&server), there);
        }
        let server = with_earlier();
        assert_eq!(asked(&server, &["destroy"], answer).exit, Exit::No);
        assert_eq!(changes(&server), [""; 0]);
    }
    let server = with_earlier();
    assert_eq!(asked(&server, &ask, || Ok("y\n".to_owned())).exit, Exit::Done);
    assert_eq!(asked(&server, &["destroy"], || Ok("Yes\n".to_owned())).exit, Exit::Done);
    assert_eq!(status(&server), "DELETE_COMPLETE");
}

#[test]
fn where_nobody_is_there_to_say_yes_everything_stays() {
    let mut story = Story::default();
    let server = with_earlier();
    let without = SHOP.replace("outputs:\n  Url: {value: !Ref Jobs}\n", "").replace("  News:", "  Info:");
    story.run("something goes", &server, &without, &["deploy"]);
    let replaced = SHOP.replace("QueueName: jobs", "QueueName: work");
    story.run("something is replaced", &server, &replaced, &["deploy", "-q"]);
    story.run("something changes", &server, SHOP, &["deploy", "-q", "--require-approval", "any-change"]);
    let allowed = format!(
        "{}  Policy:\n    Type: AWS::SQS::QueuePolicy\n    Properties:\n      Queues: [!Ref Jobs]\n      PolicyDocument: \
         {{Version: '2012-10-17', Statement: [{{Effect: Allow, Principal: '*', Action: 'sqs:*', Resource: '*'}}]}}\n",
        SHOP.split("outputs:").next().unwrap()
    );
    story.run("more is allowed", &server, &allowed, &["deploy", "-q"]);
    story.run("all of it goes", &server, SHOP, &["destroy"]);
    golden("deploy/unattended.txt", &story.0);
    assert_eq!(left(&server), ["shop CREATE_COMPLETE"]);
    assert_eq!(status(&server), "CREATE_COMPLETE");
}

#[test]
fn a_way_is_chosen_and_agreed_to() {
    let server = || {
        let server = Server::start();
        server.put_stack("shop", &super::template_of(SHOP), "DELETE_FAILED");
        server
    };
    let run = asked(&server(), &["recover"], || Ok("delete\n".to_owned()));
    assert_eq!((run.exit, run.err.as_str()), (Exit::No, "\nWhich way? delete shop? [y/N] "));
    let run = asked(&server(), &["recover", "-y"], || Ok("delete\n".to_owned()));
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let run = asked(&server(), &["recover"], || Ok("nowhere\n".to_owned()));
    assert_eq!((run.exit, codes(&run)), (Exit::Input, vec!["no-way"]));
}

#[test]
fn who_leaves_while_something_is_under_way_leaves_it_to_cloudformation() {
    let server = busy(usize::MAX);
    let run = interrupted(&server, &["deploy", "-y"], None);
    assert_eq!(run.exit, Exit::No, "{}", run.err);
    let mut story = Story::default();
    story.tell("left", &["deploy", "-y"], &run);
    golden("deploy/left-running.txt", &story.0);
    for answer in [|| Ok("l\n".to_owned()), nobody as fn() -> _] {
        let run = interrupted(&busy(usize::MAX), &["destroy", "-y"], Some(answer));
        assert_eq!((run.exit, codes(&run)), (Exit::No, vec!["left-running"]), "{}", run.err);
        assert!(run.err.contains("CloudFormation works on shop."), "{}", run.err);
    }
    assert_eq!(changes(&server), [""; 0]);
}

#[test]
fn an_update_is_cancelled() {
    let server = busy(usize::MAX);
    let run = interrupted(&server, &["recover", "--way", "wait"], Some(|| Ok("c\n".to_owned())));
    assert_eq!(
        (changes(&server), status(&server).as_str()),
        (vec!["CancelUpdateStack".to_owned()], "UPDATE_ROLLBACK_COMPLETE")
    );
    assert!(run.err.contains("`shop` is turned back to what it was\n"), "{}", run.err);
}

#[test]
fn who_goes_on_watching_sees_the_end() {
    let server = busy(150);
    let run = interrupted(&server, &["recover", "--way", "wait"], Some(|| Ok("w\n".to_owned())));
    assert_eq!((run.exit, status(&server).as_str()), (Exit::Done, "UPDATE_COMPLETE"), "{}", run.err);
    assert!(run.err.contains("CloudFormation works on shop."), "{}", run.err);
}

#[test]
fn who_is_asked_and_presses_ctrl_c_leaves_nothing_behind() {
    let ask = ["deploy", "--require-approval", "any-change"];
    for (server, there) in [(Server::start(), vec![]), (with_earlier(), vec!["shop CREATE_COMPLETE"])] {
        let run = interrupted(&server, &ask, Some(nobody));
        assert_eq!((run.exit, codes(&run)), (Exit::No, vec!["no-consent"]), "{}", run.err);
        assert_eq!(left(&server), there);
    }
}

#[test]
fn who_stops_while_a_change_set_is_made_leaves_nothing_behind() {
    for arguments in [["deploy", "-y"].as_slice(), &["diff", "--method", "change-set"]] {
        for (server, there) in [(Server::start(), vec![]), (with_earlier(), vec!["shop CREATE_COMPLETE"])] {
            server.home(|it| it.script.change_set_polls = usize::MAX);
            let run = interrupted(&server, arguments, None);
            assert_eq!((run.exit, codes(&run)), (Exit::No, vec!["no-consent"]), "{}", run.err);
            assert_eq!(left(&server), there);
        }
    }
}

#[test]
fn who_stops_before_a_change_set_is_known_leaves_nothing_behind() {
    for (server, there) in [(Server::start(), vec![]), (with_earlier(), vec!["shop CREATE_COMPLETE"])] {
        // It is made, and nothing is heard of it for a while.
        server.fault(Fault::Silence(Duration::from_secs(3)), "CreateChangeSet", 1, 1);
        let run = interrupted(&server, &["deploy", "-y"], None);
        assert_eq!((run.exit, codes(&run)), (Exit::No, vec!["no-consent"]), "{}", run.err);
        assert_eq!(left(&server), there);
    }
}

#[test]
fn who_presses_ctrl_c_again_does_not_wait_for_what_is_taken_away() {
    let server = with_earlier();
    server.home(|it| it.script.change_set_polls = usize::MAX);
    server.fault(Fault::Silence(Duration::from_secs(15)), "DeleteChangeSet", 1, usize::MAX);
    let run = interrupted(&server, &["deploy", "-y"], None);
    assert_eq!((run.exit, codes(&run)), (Exit::Interrupted, vec!["no-consent"]), "{}", run.err);
    let mut story = Story::default();
    story.tell("abandoned", &["deploy", "-y"], &run);
    golden("deploy/abandoned.txt", &story.0);
}

/// What somebody types, a line after the other: the first only once Ctrl-C was pressed.
fn watch_then_no() -> String {
    static HAS_TYPED: AtomicBool = AtomicBool::new(false);
    if HAS_TYPED.swap(true, Ordering::SeqCst) {
        return "n\n".to_owned();
    }
    thread::park_timeout(Duration::from_millis(1300));
    "w\n".to_owned()
}

#[test]
fn only_one_question_at_a_time_waits_for_an_answer() {
    let server = Server::start();
    let template = super::template_of(SHOP);
    server.put_stack("shop-Other", &template, "UPDATE_IN_PROGRESS");
    server.home(|it| it.goes_on("shop-Other", &["UPDATE_COMPLETE"], usize::MAX));
    let file = "app: shop\nregion: us-east-1\nstacks:\n  Data: {resources: {Jobs: {Type: AWS::SQS::Queue}}}\n  Other: \
                {resources: {Log: {Type: AWS::Logs::LogGroup}}}\n";
    let ask = ["deploy", "--require-approval", "any-change"];
    let run = interrupted_on(&server, file, &ask, Some(|| Ok(watch_then_no())));
    // The line goes to who asked last; the first question is put again, and answered with no.
    let question = "Deploy shop-Data to us-east-1? [y/N] ";
    let asked: Vec<&str> = run.err.split(question).collect();
    assert_eq!(asked.len(), 3, "{}", run.err);
    assert!(asked[1].contains("CloudFormation works on shop-Other. [l]eave it to that"), "{}", run.err);
    assert!(asked[2].starts_with("error[no-consent]: `shop-Data` stays as it is"), "{}", run.err);
    assert_eq!(run.exit, Exit::No);
}
