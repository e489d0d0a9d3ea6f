//! Stack files made of templates: each says what its template says, and what none can say is told with its line.

use std::{collections::BTreeSet, fs, path::Path};

use asi::{
    cli::Exit,
    ops::migrate::{Head, migrate, template},
    world::MemoryFiles,
};
use asi_constructs::kernel::span::Sources;

use crate::support::{Run, asi, files_below, golden, root, run, world};

/// All templates of the repository that can be read, each with its path.
fn templates() -> Vec<(String, Vec<u8>)> {
    let folders = [
        "tests/templates",
        "tests/diff",
        "tests/wire",
        "tests/cdk_assembly",
        "snapshots",
        "src/ops/bootstrap",
    ];
    let paths = folders.into_iter().flat_map(files_below);
    let is_document = |it: &String| [".json", ".yaml"].into_iter().any(|ending| it.ends_with(ending));
    let found = paths.filter(is_document).filter_map(|path| {
        let contents = fs::read(root().join(&path)).unwrap();
        let file = path.rsplit('/').next().unwrap().to_owned();
        let files = MemoryFiles::with([(file.as_str(), contents.as_slice())]);
        let is_template = template(&files, Path::new(&file), &mut Sources::default()).is_ok();
        is_template.then_some((path, contents))
    });
    found.collect()
}

/// What nobody could deploy: what is wrong with it, a stack file would be wrong with, too.
const WRONG: &[&str] = &[
    "E1010-resource-in-a-property-does-not-exist",
    "E1019-variable-not-defined",
    "E1020-ref-of-nothing",
    "E3001-logical-id-too-long",
    "E3001-logical-id-with-dash",
    "E3001-resource-is-text",
    "E3001-resource-without-type",
    "E6101-resource-of-attribute-does-not-exist",
    // What is recorded of another template refers to what is not in it.
    "old",
];

#[test]
fn what_comes_of_a_template_says_the_same() {
    let (mut refused, mut patched, mut made) = (BTreeSet::new(), BTreeSet::new(), 0);
    for (path, contents) in templates() {
        let is_json = Path::new(&path).extension().is_some_and(|it| it == "json");
        let old = if is_json { "old.json" } else { "old.yaml" };
        let files = MemoryFiles::with([(old, contents.as_slice())]);
        let read = template(&files, Path::new(old), &mut Sources::default()).unwrap();
        let head = Head { app: "shop".to_owned(), origin: "a template".to_owned(), ..Head::default() };
        let name = path.rsplit('/').next().unwrap().split('.').next().unwrap().to_owned();
        let migrated = match migrate(&read, &head) {
            Ok(it) => it,
            Err(faults) => {
                assert!(!faults.is_empty(), "{path}");
                refused.insert(name);
                continue;
            }
        };
        made += 1;
        if !migrated.remarks.is_empty() {
            patched.insert(name);
        }
        let both = [(old, contents.as_slice()), ("asi.yaml", migrated.text.as_bytes())];
        let compared = asi(&["diff", "--fail", old, "asi.yaml"], MemoryFiles::with(both));
        assert_eq!(compared.exit, Exit::Done, "{path}: {}{}\n{}", compared.out, compared.err, migrated.text);
    }
    assert!(made > 400, "{made} templates");
    let wrong: BTreeSet<String> = WRONG.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(refused, wrong);
    let of_good = patched.iter().filter(|it| !it.starts_with('E') && !it.starts_with('W'));
    let of_good: Vec<&str> = of_good.map(String::as_str).collect();
    assert_eq!(
        of_good,
        ["acknowledged", "aliases-of-short-forms", "for-each-of-queues", "sub-with-escapes", "template"]
    );
}

/// A template in which there is something of everything.
const TEMPLATE: &str = r#"AWSTemplateFormatVersion: 2010-09-09
Description: Costs ${much}
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Port: {Type: Number, Default: 8080, MinValue: "1", MaxValue: 65535, Description: The port}
  Secret: {Type: String, NoEcho: "true", MinLength: 8, Label: nobody knows this}
  Price: {Type: String, Default: "${5}"}
Mappings:
  Sizes: {dev: {Memory: 512}, prod: {Memory: 1024}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  # The order stays.
  Uploads:
    Type: AWS::S3::Bucket
    Condition: IsProd
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      BucketName: !Sub
        - uploads-${Name}
        - {Name: !Ref Stage}
  Jobs:
    Type: AWS::SQS::Queue
    DependsOn: News
    Properties:
      MessageRetentionPeriod: !FindInMap [Sizes, !Ref Stage, Memory]
      QueueName: !Sub "jobs-${Port}-${!literal}"
      Tags: [{Key: account, Value: 012345678901}, {Key: secret, Value: !Ref Secret}, {Key: price, Value: !Ref Price}]
  News:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: "not ${a} reference"}
Outputs:
  Url: {Value: !GetAtt Jobs.QueueUrl, Export: {Name: !Sub "${AWS::StackName}-jobs"}}
  Note: {Value: "the ${price}", Condition: IsProd, Description: What it says}
Hooks:
  Shift: {Type: AWS::CodeDeploy::BlueGreen}
"#;

/// Runs `asi migrate` on these files, and gives what it said and wrote.
fn migrated(files: &[(&str, &str)], arguments: &[&str]) -> (Run, Option<String>) {
    let world = world(MemoryFiles::with(files.iter().map(|(path, text)| (*path, text.as_bytes()))));
    let run = run(&[&["migrate"], arguments].concat(), &world);
    let written = world.files.read(Path::new("asi.yaml"), 1 << 20).ok();
    (run, written.map(|it| String::from_utf8(it).unwrap()))
}

#[test]
fn parameters_and_outputs_are_in_the_words_of_the_stack_file_and_the_rest_is_as_it_was() {
    let (run, written) = migrated(&[("my_shop.v2.yaml", TEMPLATE)], &["--from-path", "my_shop.v2.yaml"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert_eq!(run.out, "");
    golden("migrate/everything.txt", &run.err);
    golden("migrate/everything.yaml", &written.unwrap());
}

#[test]
fn what_keeps_a_stack_file_from_being_made_is_told() {
    let mut story = String::new();
    let mut tell = |title: &str, files: &[(&str, &str)], arguments: &[&str], exit: Exit| {
        let (run, written) = migrated(files, arguments);
        assert_eq!(run.exit, exit, "{title}: {}", run.err);
        let before = files.iter().find(|it| it.0 == "asi.yaml").map(|it| it.1.to_owned());
        assert_eq!(written, before, "{title}");
        story.push_str(&format!("### {title}\n{}\n", run.err));
    };
    let topic = "Resources: {News: {Type: AWS::SNS::Topic}}";
    let from = ["--from-path", "a.yaml"];
    tell("a file is there", &[("a.yaml", topic), ("asi.yaml", "app: mine\n")], &from, Exit::Input);
    tell("no template there", &[], &from, Exit::Input);
    tell("no template", &[("a.yaml", "app: shop\n")], &from, Exit::Input);
    tell("no YAML", &[("a.yaml", "Resources: {News: [\n")], &from, Exit::Input);
    let named = [&from[..], &["--stack-name", "my_shop"]].concat();
    tell("a name for no stack", &[("a.yaml", topic)], &named, Exit::Input);
    let dashed = "Resources:\n  all-news:\n    Type: AWS::SNS::Topic\n";
    tell("what no template may say", &[("a.yaml", dashed)], &from, Exit::Input);
    let dangling = "Resources:\n  News:\n    Type: AWS::SNS::Topic\n    Properties: {TopicName: !Ref Nme}\n";
    tell("what refers to nothing", &[("a.yaml", dangling)], &from, Exit::Input);
    tell("standard output", &[("a.yaml", topic)], &["--from-path", "a.yaml", "-f", "-"], Exit::Input);
    tell("nothing to make it of", &[], &[], Exit::Input);
    golden("migrate/refused.txt", &story);
}

#[cfg(feature = "aws")]
mod deployed {
    use asi::world::World;

    use super::*;
    use crate::support::{access, cloudformation::Server};

    /// Somebody with these files and this AWS.
    fn at(server: &Server, files: MemoryFiles) -> World {
        World { access: access(&server.url()), ..world(files) }
    }

    #[test]
    fn a_stack_that_is_deployed_goes_on_as_it_is() {
        let server = Server::start();
        let template = TEMPLATE.replace("MinLength: 8, Label: nobody knows this", "Default: changeme");
        let template = template.split("Hooks:").next().unwrap();
        server.put_stack("shop-prod", template, "UPDATE_COMPLETE");
        server.home(|it| {
            let at = it.stacks.iter().position(|it| it.name == "shop-prod").unwrap();
            it.stacks[at].source.tags.insert("team".to_owned(), "web ${1}".to_owned());
        });
        let world = at(&server, MemoryFiles::default());
        let made = run(&["migrate", "--from-stack", "shop-prod", "--region", "us-east-1"], &world);
        assert_eq!(made.exit, Exit::Done, "{}", made.err);
        golden("migrate/stack.txt", &made.err);
        let compared = run(&["diff", "--fail"], &world);
        assert_eq!(compared.exit, Exit::Done, "{}{}", compared.out, compared.err);
        let deployed = run(&["deploy"], &world);
        assert_eq!(deployed.exit, Exit::Done, "{}", deployed.err);
        let changing = ["CreateChangeSet", "UpdateStack", "CreateStack", "ExecuteChangeSet"];
        assert_eq!(changing.map(|it| server.count(it)), [0; 4]);
    }

    #[test]
    fn a_stack_that_is_not_there_is_told() {
        let server = Server::start();
        server.put_stack("review", "Resources: {News: {Type: AWS::SNS::Topic}}", "REVIEW_IN_PROGRESS");
        let world = at(&server, MemoryFiles::default());
        let mut story = String::new();
        for name in ["nothing", "review"] {
            let refused = run(&["migrate", "--from-stack", name, "--region", "us-east-1"], &world);
            assert_eq!(refused.exit, Exit::Input, "{}", refused.err);
            story += &refused.err;
        }
        golden("migrate/no-stack.txt", &story);
        assert!(!world.files.exists(Path::new("asi.yaml")));
    }
}
