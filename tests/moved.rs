//! Renames: what has moved is what it was, byte for byte.

use std::{collections::BTreeMap, fs, path::Path};

use crate::support::{asi, read, template};
use asi::{
    cli::Exit,
    load,
    world::{MemoryFiles, SystemFiles},
};
use asi_constructs::{
    CATALOGUE,
    kernel::{node::Node, span::Sources},
};

#[track_caller]
fn synth(text: &str, arguments: &[&str]) -> String {
    let files = MemoryFiles::with([("asi.yaml", text.as_bytes())]);
    let run = asi(&[&["synth"], arguments].concat(), files);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""), "{text}");
    run.out
}

/// The files of an assembly, by name, without the places in the stack file.
#[track_caller]
fn assembly(name: &str, text: &str, arguments: &[&str]) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moved").join(name);
    let (file, output) = (folder.join("asi.yaml"), folder.join("out"));
    let _ = fs::remove_dir_all(&output);
    fs::create_dir_all(&folder).unwrap();
    fs::write(&file, text).unwrap();
    let (file, out) = (file.to_str().unwrap(), output.to_str().unwrap());
    let run = asi(&[&["synth", "-f", file, "-o", out], arguments].concat(), SystemFiles);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""), "{text}");
    let files = fs::read_dir(&output).unwrap().map(|it| it.unwrap().path());
    let text = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().filter(|it| !it.contains("asi.yaml:")).collect::<Vec<_>>().join("\n")
    };
    files.map(|it| (it.file_name().unwrap().to_string_lossy().into_owned(), text(&it))).collect()
}

/// The names of the constructs of a stack file, or of one of its stacks.
fn constructs(of: &Node) -> Vec<String> {
    let names = of.get("constructs").and_then(Node::as_map).into_iter().flatten();
    names.map(|(name, _)| name.to_string()).collect()
}

fn document(text: &str) -> Node {
    load::document(text, "asi.yaml", &mut Sources::default()).0.unwrap()
}

/// New names for old ones, which are in another order than these.
fn new_names(old: &[String]) -> BTreeMap<String, String> {
    let letters = ('a'..='z').rev();
    old.iter().zip(letters).map(|(name, letter)| (name.clone(), format!("{letter}_{name}2"))).collect()
}

/// The text with every construct renamed, wherever it is named. What begins a line names none.
fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    let is_of_word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '/');
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        let mut is_first = true;
        while let Some(first) = rest.chars().next() {
            let length = rest.find(|it| !is_of_word(it)).unwrap_or(rest.len()).max(first.len_utf8());
            let (word, after) = rest.split_at(length);
            out.push_str(names.get(word).filter(|_| !is_first).map_or(word, String::as_str));
            (rest, is_first) = (after, false);
        }
    }
    out
}

fn moves(names: &BTreeMap<String, String>) -> String {
    let moves: Vec<String> = names.iter().map(|(old, new)| format!("{{from: {old}, to: {new}}}")).collect();
    format!("moved: [{}]\n", moves.join(", "))
}

#[track_caller]
fn check_renamed(text: &str, arguments: &[&str]) {
    let names = new_names(&constructs(&document(text)));
    let after = renamed(text, &names);
    for format in ["yaml", "json"] {
        let arguments = &[&["--format", format], arguments].concat();
        let before = synth(text, arguments);
        assert_eq!(synth(&format!("{after}{}", moves(&names)), arguments), before);
        assert_ne!(synth(&after, arguments), before, "the names are in no id");
    }
}

#[test]
fn every_example_is_the_same_with_other_names() {
    for entry in CATALOGUE {
        check_renamed(entry.example, &[]);
    }
}

#[test]
fn a_whole_system_is_the_same_with_other_names_in_each_environment() {
    // Its service is called as the app's key is.
    let text = read("examples/alius-simplex/asi.yaml").replace("\ntags: {app: testex}", "");
    for environment in ["staging", "prod"] {
        check_renamed(&text, &["-e", environment]);
    }
}

const SHOP: &str = "
app: shop
stacks:
  jobs:
MOVED
    constructs:
      mailer:
        type: Worker
        network: infra.net
        image: infra.repo:1.0
        topics: [infra.orders, returns]
        count: {min: 1, max: 2, backlog: 10}
      returns: {type: Topic}
    outputs: {Queue: '${mailer.queueUrl}'}
  infra:
MOVED
    constructs:
      net: {type: Network}
      repo: {type: Repository}
      orders: {type: Topic}
environments:
  prod: {stacks: {jobs: {constructs: {mailer: {memory: 2GB}}}}}
";

#[test]
fn stacks_that_refer_to_each_other_are_the_same_with_other_names() {
    let names_of = |stack: &str| {
        new_names(&constructs(
            document(&SHOP.replace("MOVED\n", "")).get("stacks").and_then(|it| it.get(stack)).unwrap(),
        ))
    };
    let (jobs, infra) = (names_of("jobs"), names_of("infra"));
    let before = SHOP.replace("MOVED\n", "");
    let all: BTreeMap<String, String> = jobs.clone().into_iter().chain(infra.clone()).collect();
    let after = renamed(SHOP, &all);
    let after = [&jobs, &infra]
        .into_iter()
        .fold(after, |text, names| text.replacen("MOVED\n", &format!("    {}", moves(names)), 1));
    for arguments in [["shop-jobs", "shop-infra"], ["-e", "prod"]] {
        let expected = assembly("stacks-before", &before, &arguments);
        assert_eq!(expected.len(), 7);
        assert_eq!(assembly("stacks-after", &after, &arguments), expected);
    }
}

#[test]
fn all_that_names_a_construct_names_it_by_its_new_name() {
    let before = "
app: shop
constructs:
  frontend:
    type: Repository
    overrides: {Resource: {DeletionPolicy: null, Properties: {ImageTagMutability: MUTABLE}}}
    acknowledge: {W3011: it may go with the stack}
resources:
  Files: {Type: AWS::S3::Bucket, DependsOn: frontend, DeletionPolicy: Retain, UpdateReplacePolicy: Retain}
  Name: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Sub '${Files.Arn} ${frontend.uri}'}}
  Other: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt Files.Arn}}
outputs: {Uri: '${frontend.uri}', Files: !Ref Files}
patches: [{op: add, path: /Resources/Files/Metadata, value: {of: shop}}]
";
    let after = before
        .replace("frontend", "web")
        .replace("  Files: {Type", "  Uploads: {Type")
        .replace("${Files", "${Uploads")
        .replace("!GetAtt Files", "!GetAtt Uploads")
        .replace("!Ref Files", "!Ref Uploads");
    let moved = "moved:\n  - {from: frontend, to: web}\n  - {from: Files, to: Uploads}\n";
    let after = format!("{after}{moved}");
    assert_eq!(synth(&after, &[]), synth(before, &[]));
    for text in [before, &after] {
        let files = MemoryFiles::with([("asi.yaml", text.as_bytes())]);
        assert_eq!(asi(&["validate", "--format", "short"], files).out, "");
    }
}

#[test]
fn an_environment_may_be_without_what_has_moved() {
    let text = "
app: shop
moved: [{from: frontend, to: web}]
constructs:
  web: {type: Repository}
  repo: {type: Repository}
environments:
  dev: {constructs: {web: null, frontend: {type: Repository}}}
  prod: {}
  new: {moved: []}
";
    let ids = |environment: &str| {
        let template = template(text, &["-e", environment]);
        template["Resources"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(ids("dev"), ["repoBEC318EA", "frontend0151CE44"]);
    assert_eq!(ids("prod"), ["frontend0151CE44", "repoBEC318EA"]);
    assert_eq!(ids("new"), ["web08B6E5F3", "repoBEC318EA"]);
}

#[test]
fn a_fault_is_told_of_the_new_name() {
    let text = "
app: shop
moved: [{from: frontend, to: web}]
constructs:
  net: {type: Network, zones: 1}
  web: {type: FargateService, network: net, image: 'nginx:1', port: 80}
";
    let run = asi(&["synth"], MemoryFiles::with([("asi.yaml", text.as_bytes())]));
    let notes: Vec<&str> = run.err.lines().filter(|it| it.contains("note:")).collect();
    assert_eq!(notes, ["  = note: in `shop/web`"], "{}", run.err);
}
