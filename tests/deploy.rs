//! `asi deploy` and its like against a model of CloudFormation: whatever happens on the way, each ends with the same stack
//! and says so.

mod approved;
mod assembled;
mod attended;
mod aws;
mod calls;
mod change_sets;
mod destroy;
mod failures;
mod hotswap;
mod live;
mod nested;
mod refactor;
mod reviewed;
mod services;
mod settings;
mod several;
mod statuses;

use std::fmt::Write as _;

use crate::support::{
    Run, access, asi,
    cloudformation::{Fault, Server},
    run, world,
};
use asi::world::{MemoryFiles, World};

/// A stack of two resources, one of which needs the other.
const SHOP: &str = "\
app: shop
region: us-east-1
resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {QueueName: jobs, DelaySeconds: 2}
  News:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Ref Jobs}
outputs:
  Url: {value: !Ref Jobs}
";

/// The same, before.
fn earlier() -> String {
    SHOP.replace("DelaySeconds: 2", "DelaySeconds: 1")
}

/// The most calls a run may make: one that goes round in circles ends there.
const MOST_CALLS: usize = 400;

/// The actions that change something.
const CHANGING: &[&str] = &[
    "CancelUpdateStack",
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "CreateStackRefactor",
    "DeleteChangeSet",
    "DeleteStack",
    "ExecuteChangeSet",
    "ExecuteStackRefactor",
    "RollbackStack",
    "UpdateTerminationProtection",
];

/// Runs `asi` on a stack file, against this server.
fn on(server: &Server, file: &str, arguments: &[&str]) -> Run {
    server.stop_after(MOST_CALLS);
    run(arguments, &at(server, file))
}

/// The world in which this is the stack file, and AWS.
fn at(server: &Server, file: &str) -> World {
    World { access: access(&server.url()), ..world(MemoryFiles::with([("asi.yaml", file.as_bytes())])) }
}

/// The template of a stack file of one stack.
#[track_caller]
fn template_of(file: &str) -> String {
    let run = asi(&["synth"], MemoryFiles::with([("asi.yaml", file.as_bytes())]));
    assert_eq!(run.err, "");
    run.out
}

/// How a stack is, with all that it was made from; how it came to be so does not show.
fn state(server: &Server, name: &str) -> String {
    server.home(|it| {
        let Some(stack) = it.stack(name) else { return "there is no stack".to_owned() };
        let source = &stack.source;
        let mut text = format!("{}\n{:?}\n{:?}\n", stack.status, source.parameters, source.tags);
        writeln!(text, "{:#}", source.template.body).unwrap();
        for it in &stack.resources {
            writeln!(text, "{} {:?}", it.id, it.physical_id).unwrap();
        }
        let waiting = it.change_sets.iter().filter(|it| it.is_listed()).count();
        text + &format!("{:?}\n{waiting} change sets", stack.outputs)
    })
}

/// The status of the stack of this name, or of the last that had it.
fn status(server: &Server) -> String {
    server.home(|it| it.stack("shop").or(it.stacks.last()).map_or("-".to_owned(), |it| it.status.clone()))
}

/// What was asked that changes something, once for each time.
fn changes(server: &Server) -> Vec<String> {
    let calls = server.calls().into_iter().map(|it| it.action);
    calls.filter(|it| CHANGING.contains(&it.as_str())).collect()
}

/// How many change sets were executed.
fn executed(server: &Server) -> usize {
    server.count("ExecuteChangeSet")
}

/// The codes of what a run says is wrong.
fn codes(run: &Run) -> Vec<&str> {
    run.err.split("error[").skip(1).filter_map(|it| Some(it.split_once("]: ")?.0)).collect()
}

/// The change sets that wait, and the stacks there are, each with its status.
fn left(server: &Server) -> Vec<String> {
    server.home(|it| {
        for at in 0..it.stacks.len() {
            while it.stacks[at].is_busy() {
                it.poll(at);
            }
        }
        let stacks = it.stacks.iter().filter(|it| !it.is_gone());
        let stacks = stacks.map(|it| format!("{} {}", it.name, it.status));
        let waiting =
            it.change_sets.iter().filter(|it| it.is_listed() && it.execution_status() != "EXECUTE_FAILED");
        let waiting = waiting.map(|it| it.name.clone());
        stacks.chain(waiting).collect()
    })
}

/// A server with a stack as it was before.
fn with_earlier() -> Server {
    let server = Server::start();
    server.put_stack("shop", &template_of(&earlier()), "CREATE_COMPLETE");
    server
}

/// What runs print, for people to read.
#[derive(Default)]
struct Story(String);

impl Story {
    /// Runs `asi`, and tells what it prints.
    #[track_caller]
    fn run(&mut self, title: &str, server: &Server, file: &str, arguments: &[&str]) -> Run {
        let run = on(server, file, arguments);
        self.tell(title, arguments, &run);
        run
    }

    /// Tells what a run printed.
    #[track_caller]
    fn tell(&mut self, title: &str, arguments: &[&str], run: &Run) {
        assert!(!run.err.contains("reset"), "it goes round in circles: {}", run.err);
        writeln!(
            self.0,
            "### {title}\n$ asi {}\n{}{}→ {}\n",
            arguments.join(" "),
            run.out,
            run.err,
            run.exit as u8
        )
        .unwrap();
    }
}
