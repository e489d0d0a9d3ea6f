//! What is saved is synthesized, validated and compared with what was good before.

use std::{fs, rc::Rc};

use super::{Project, happening};
use crate::support::{access, cloudformation::Server, golden, run, watching::Scripted, world};
use asi::{
    cli::Exit,
    world::{MemoryFiles, World},
};

const SHOP: &str = "\
app: shop
region: us-east-1
resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {DelaySeconds: 2}
";

/// A service whose image is built of a folder.
const BUILT: &str = "\
app: shop
constructs:
  net: {type: Network}
  web: {type: FargateService, network: net, image: ./web, port: 80, health: /}
";

#[test]
fn what_is_saved_is_compared_with_what_was_good_before() {
    let project = Project::new("good", &[("asi.yaml", SHOP)]);
    let watching = Scripted::default()
        .then(project.edits("asi.yaml", "DelaySeconds: 2", "DelaySeconds: 3"))
        .then(project.edits("asi.yaml", "DelaySeconds", "DelaySecond"))
        .then(project.edits("asi.yaml", "DelaySecond: 3", "DelaySeconds: 4, QueueName: jobs"))
        // What is written as it was is nothing new.
        .then(project.edits("asi.yaml", "app", "app"))
        // Nor is what no stack comes of.
        .then(project.saves("notes.txt", "a"))
        .then(project.edits("asi.yaml", "us-east-1", "us-east-1\nparameters: {Unused: {default: a}}"))
        .then(project.edits("asi.yaml", "QueueName: jobs", "QueueName: work"))
        .then(project.edits("asi.yaml", "  Jobs:", "  Work:"));
    let (run, told) = project.tell("a day's work", &["watch"], &happening(watching));
    assert_eq!(run.exit, Exit::Done);
    golden("watch/seen.txt", &told);
}

#[test]
fn all_environments_are_seen_and_a_fault_at_the_start_is_no_end() {
    let stack = format!(
        "{SHOP}environments:\n  dev: {{}}\n  prod: {{resources: {{Jobs: {{Properties: {{DelaySeconds: 9}}}}}}}}\n"
    );
    let project = Project::new("environments", &[("asi.yaml", &stack.replace("Queue", "Quue"))]);
    let watching = Scripted::default().then(project.edits("asi.yaml", "Quue", "Queue")).then(project.edits(
        "asi.yaml",
        "DelaySeconds: 2",
        "DelaySeconds: 2, KmsMasterKeyId: alias/a",
    ));
    let (run, mut told) = project.tell("all of them", &["watch"], &happening(watching));
    assert_eq!(run.exit, Exit::Done);
    let watching = Scripted::default().then(project.edits("asi.yaml", "DelaySeconds: 2", "DelaySeconds: 3"));
    let arguments = ["watch", "-e", "dev", "--quiet"];
    told += &project.tell("one of them", &arguments, &happening(watching)).1;
    golden("watch/environments.txt", &told);
}

#[test]
fn the_folder_of_an_image_is_watched_but_for_what_is_no_part_of_it() {
    let files = [
        ("asi.yaml", BUILT),
        ("web/Dockerfile", "FROM scratch\n"),
        ("web/.dockerignore", "tmp\n"),
        ("web/tmp/log", "a"),
    ];
    let project = Project::new("image", &files);
    let watching = Scripted::default()
        .then(project.saves("web/tmp/log", "b"))
        .then(project.saves("web/main.rs", "fn main() {}\n"))
        .then(project.saves("web/src/lib.rs", "\n"));
    let watched = Rc::clone(&watching.watched);
    let (run, _) = project.tell("", &["watch"], &happening(watching));
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let changes: Vec<&str> = run.err.lines().filter(|it| it.ends_with(" changed")).collect();
    assert_eq!(changes, ["web/main.rs changed", "web/src/lib.rs changed"]);
    assert_eq!(run.out.matches("webTaskDef").count(), 2, "{}", run.out);
    let below = |names: &[&str]| names.iter().map(|it| project.path(it)).collect::<Vec<_>>();
    let watched = watched.borrow();
    let root = project.0.clone();
    let known = |it: &std::collections::BTreeSet<std::path::PathBuf>| {
        it.iter().filter(|it| **it != root).cloned().collect::<Vec<_>>()
    };
    assert_eq!(known(&watched[0]), below(&["web"]));
    assert_eq!(known(watched.last().unwrap()), below(&["web", "web/src"]));
}

#[test]
fn what_is_deployed_is_what_is_compared_with_where_that_is_asked_for() {
    let server = Server::start();
    let project = Project::new("deployed", &[("asi.yaml", SHOP)]);
    let earlier = SHOP.replace("DelaySeconds: 2", "DelaySeconds: 1");
    let synthesized = run(&["synth"], &world(MemoryFiles::with([("asi.yaml", earlier.as_bytes())])));
    server.put_stack("shop", &synthesized.out, "CREATE_COMPLETE");
    let watching = Scripted::default().then(project.edits("asi.yaml", "DelaySeconds: 2", "DelaySeconds: 1"));
    let world = World { access: access(&server.url()), ..happening(watching) };
    let mut told = project.tell("compared", &["watch", "--deployed"], &world).1;
    let watching = Scripted::default().then(project.edits("asi.yaml", "DelaySeconds: 1", "DelaySeconds: 5"));
    let mut hurried = access("http://127.0.0.1:1");
    hurried.patience.attempts = 1;
    let world = World { access: hurried, ..happening(watching) };
    let (run, unreachable) = project.tell("AWS cannot be reached", &["watch", "--deployed"], &world);
    assert_eq!((run.exit, run.err.matches("error[aws-unreachable]").count()), (Exit::Done, 2), "{}", run.err);
    told += unreachable.lines().next().unwrap();
    golden("watch/deployed.txt", &(told + "\n"));
}

#[test]
fn what_cannot_be_watched_is_said() {
    let project = Project::new("nothing", &[]);
    let told = |arguments: &[&str], world: &World| {
        let run = run(arguments, world);
        assert_eq!(run.exit, Exit::Input, "{}", run.err);
        format!("$ asi {}\n{}→ 2\n\n", arguments.join(" "), run.err)
    };
    let empty = world(MemoryFiles::default());
    let mut story = told(&["watch"], &empty) + &told(&["watch", "-f", "-"], &empty);
    story += &told(&["watch", "--deploy"], &world(MemoryFiles::with([("asi.yaml", SHOP.as_bytes())])));
    project.write("asi.yaml", SHOP);
    let watching = Scripted::default().without(&project.0, "too many files are watched");
    let folder = project.0.display().to_string();
    story += &project.tell("a folder", &["watch"], &happening(watching)).1.replace(&folder, "…");
    golden("watch/unwatched.txt", &story);
}

#[test]
fn a_stack_file_that_is_gone_is_a_fault_and_may_come_again() {
    let project = Project::new("gone", &[("asi.yaml", SHOP)]);
    let path = project.path("asi.yaml");
    let removes = move || {
        fs::remove_file(&path).unwrap();
        vec![path]
    };
    let watching = Scripted::default().then(removes).then(project.saves("asi.yaml", SHOP));
    let (run, _) = project.tell("", &["watch"], &happening(watching));
    assert!(run.err.contains("error[file]: there is no file"), "{}", run.err);
    assert_eq!(run.out, "no differences\n");
}
