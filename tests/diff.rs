//! Does `asi diff` say what is so? Properties that hold for all templates, the verdicts of the CDK, and what is printed.

mod reversed;
mod verdicts;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use asi::{
    cli::Exit,
    diff::{TemplateDiff, Verdict, diff},
    load,
    template::Template,
    world::{MemoryFiles, MemoryRevisions},
};
use asi_constructs::{
    CATALOGUE,
    kernel::{node::Node, span::Sources},
};
use serde_json::{Value, json};

use crate::support::{asi, asi_with, files_below, golden, read, template};

/// The templates of all constructs and examples, in each environment.
fn templates() -> &'static [(String, Value)] {
    static ALL: LazyLock<Vec<(String, Value)>> = LazyLock::new(synthesized);
    &ALL
}

fn synthesized() -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> =
        CATALOGUE.iter().map(|it| (it.kind.to_owned(), template(it.example, &[]))).collect();
    for file in files_below("examples").into_iter().filter(|it| it.ends_with("asi.yaml")) {
        let text = read(&file);
        let listed = asi(&["ls"], MemoryFiles::with([("asi.yaml", text.as_bytes())])).out;
        all.extend(listed.lines().map(|stack| (stack.to_owned(), template(&text, &[stack]))));
    }
    all
}

fn parsed(value: &Value) -> Template {
    let (node, faults) = load::template(&value.to_string(), "t.json", &mut Sources::default());
    assert_eq!(faults, []);
    Template::new(node.unwrap())
}

fn difference(old: &Value, new: &Value) -> TemplateDiff {
    diff(&parsed(old), &parsed(new))
}

#[test]
fn no_template_differs_from_itself() {
    for (name, template) in templates() {
        let found = difference(template, template);
        assert!(found.is_empty() && found.security.is_empty(), "{name}: {found:?}");
    }
    // Nor does one in which something is wrong, whatever it is; and what it becomes is told.
    let nothing = Template::new(Node::from_iter([]));
    let mut count = 0;
    for path in ["tests", "snapshots", "examples"].into_iter().flat_map(files_below) {
        if ![".json", ".yaml", ".yml", ".template"].iter().any(|it| path.ends_with(it)) {
            continue;
        }
        let Some(node) = load::template(&read(&path), &path, &mut Sources::default()).0 else { continue };
        count += 1;
        let template = Template::new(node);
        let found = diff(&template, &template);
        assert!(found.is_empty() && found.security.is_empty(), "{path}: {found:?}");
        let (there, back) = (diff(&nothing, &template), diff(&template, &nothing));
        assert_eq!(there.resources.len(), back.resources.len(), "{path}");
    }
    assert!(count > 300, "{count} templates");
}

/// Another value of the same kind.
fn other(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(it) => Some(json!(!it)),
        Value::Number(it) => Some(json!(it.as_i64()? + 1)),
        Value::String(it) => Some(json!(format!("{it}x"))),
        Value::Array(items) => {
            let mut items = items.clone();
            items.push(json!("other"));
            Some(Value::Array(items))
        }
        Value::Object(map) => match map.iter().next() {
            Some((key, _)) if map.len() == 1 && (key == "Ref" || key.starts_with("Fn::")) => {
                Some(json!("other"))
            }
            _ => None,
        },
        Value::Null => None,
    }
}

#[test]
fn a_change_of_one_property_does_what_the_schema_says() {
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for (name, template) in templates() {
        for (id, resource) in template["Resources"].as_object().unwrap() {
            let type_name = resource["Type"].as_str().unwrap();
            let Some(schema) = asi_schemas::find(type_name) else { continue };
            let schema: Value = serde_json::from_str(&schema).unwrap();
            for (property, value) in resource["Properties"].as_object().into_iter().flatten() {
                let Some(changed) = other(value) else { continue };
                if !seen.insert((type_name.to_owned(), property.clone())) {
                    continue;
                }
                let pointer = format!("/properties/{property}");
                let words = schema["spec"]["replacement"].as_object();
                let word = words.and_then(|it| it.get(&pointer)).and_then(Value::as_str);
                let has_parts =
                    words.is_some_and(|it| it.keys().any(|it| it.starts_with(&format!("{pointer}/"))));
                let is_fixed =
                    schema["createOnlyProperties"].as_array().is_some_and(|it| it.contains(&json!(pointer)));
                let expected = match word {
                    Some("yes") => Verdict::Always,
                    // None of these has an update policy that replaces it.
                    Some(_) if type_name == "AWS::AutoScaling::AutoScalingGroup" => Verdict::Never,
                    Some(_) => Verdict::Maybe,
                    None if has_parts => continue,
                    None => Verdict::Never,
                };
                assert!(
                    !is_fixed || expected == Verdict::Always,
                    "{type_name}{pointer}: what is fixed replaces"
                );
                let mut new = template.clone();
                new["Resources"][id]["Properties"][property] = changed;
                let found = difference(template, &new);
                let row = found.resources.iter().find(|it| it.id == *id);
                let row = row.unwrap_or_else(|| panic!("{name}: {id}.{property} changes {type_name}"));
                assert_eq!(row.replacement.verdict, expected, "{name}: {id}.{property} of {type_name}");
                let others = found.resources.iter().filter(|it| it.id != *id);
                assert!(
                    others.clone().all(|it| {
                        let root = it.follows.as_deref().unwrap_or_default();
                        let latest = format!("{id}.LatestVersionNumber");
                        root == latest || root == id && expected != Verdict::Never
                    }),
                    "{name}: {id}.{property}: {:?}",
                    others.map(|it| (&it.id, &it.replacement)).collect::<Vec<_>>()
                );
                *counts.entry(expected).or_default() += 1;
            }
        }
    }
    let least = [(Verdict::Never, 60), (Verdict::Maybe, 1), (Verdict::Always, 40)];
    assert!(least.iter().all(|(it, least)| counts.get(it) >= Some(least)), "{counts:?}");
}

const OLD: &str = r#"
app: shop
region: eu-west-1
constructs:
  net: {type: Network, cidr: 10.1.0.0/16, zones: 2, nat: single}
resources:
  Uploads: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-uploads}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs, FifoQueue: false}}
  News: {Type: AWS::SNS::Topic, Properties: {Tags: [{Key: team, Value: web}]}}
  Office:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: office
      VpcId: !Ref net
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/8}]
      SecurityGroupEgress: [{IpProtocol: "-1", CidrIp: 10.0.0.0/8}]
outputs:
  Queue: !Ref Jobs
"#;

fn new() -> String {
    OLD.replace("10.1.0.0/16", "10.2.0.0/16")
        .replace("  Uploads: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-uploads}}\n", "")
        .replace("FifoQueue: false", "FifoQueue: true")
        .replace("Value: web", "Value: shop")
        .replace("ToPort: 443, CidrIp: 10.0.0.0/8", "ToPort: 443, CidrIp: 0.0.0.0/0")
        .replace(
            "outputs:\n  Queue: !Ref Jobs\n",
            "  Alarms: {Type: AWS::SNS::Topic, Properties: {TopicName: alarms}}\n",
        )
}

fn compared(arguments: &[&str]) -> crate::support::Run {
    let new = new();
    let files = MemoryFiles::with([("asi.yaml", new.as_bytes())]);
    let revisions = MemoryRevisions::with([("main", "asi.yaml", OLD.as_bytes())]);
    asi_with(&[&["diff", "--base", "main"], arguments].concat(), files, revisions)
}

#[test]
fn what_differs_is_printed_with_what_hurts_first() {
    for (name, arguments) in [
        ("diff/text.txt", &[][..]),
        ("diff/all.txt", &["--all"]),
        ("diff/security.txt", &["--security-only"]),
        ("diff/comment.md", &["--format", "markdown"]),
        ("diff/model.json", &["--format", "json"]),
    ] {
        let run = compared(arguments);
        assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""), "{name}");
        golden(name, &run.out);
    }
}

#[test]
fn environments_that_differ_equally_are_told_of_together() {
    let stack = |delay: u32, prod: u32| {
        format!(
            "app: shop
resources:
  Jobs: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: {delay}}}}}
environments:
  dev: {{}}
  stage: {{}}
  prod:
    resources: {{Jobs: {{Properties: {{DelaySeconds: {prod}}}}}}}
"
        )
    };
    let compared = |old: &str, new: &str, arguments: &[&str]| {
        let files = MemoryFiles::with([("asi.yaml", new.as_bytes())]);
        let revisions = MemoryRevisions::with([("main", "asi.yaml", old.as_bytes())]);
        let run = asi_with(&[&["diff", "--base", "main"], arguments].concat(), files, revisions);
        assert_eq!(run.err, "");
        run.out
    };
    let expected = "\
shop-dev, shop-stage

Changed

  ~  AWS::SQS::Queue  Jobs  asi.yaml:3:60
       DelaySeconds: 1 → 2

1 to change

shop-prod

no differences

2 of 3 stacks differ
";
    assert_eq!(compared(&stack(1, 5), &stack(2, 5), &[]), expected);
    let comment = compared(&stack(1, 5), &stack(1, 5), &["--format", "markdown"]);
    assert_eq!(comment, "### shop-dev, shop-stage, shop-prod\n\nno differences\n\n0 of 3 stacks differ\n");
    let model: Value =
        serde_json::from_str(&compared(&stack(1, 5), &stack(2, 5), &["--format", "json"])).unwrap();
    let names = model["stacks"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["shop-dev", "shop-stage", "shop-prod"]);
}

#[test]
fn the_exit_code_tells_whether_anything_differs() {
    assert_eq!(compared(&["--fail"]).exit, Exit::No);
    assert_eq!(compared(&["--fail", "--security-only"]).exit, Exit::No);
    let same =
        || MemoryFiles::with([("a.json", b"{\"Resources\": {}}".as_slice()), ("b.yaml", b"Resources: {}")]);
    let run = asi(&["diff", "a.json", "b.yaml", "--fail"], same());
    assert_eq!((run.exit, run.out.as_str()), (Exit::Done, "no differences\n"));
    assert_eq!(
        asi(&["plan", "a.json", "b.yaml", "--format", "markdown"], same()).out,
        "### b\n\nno differences\n"
    );
    let run = asi(&["diff", "a.json"], same());
    assert_eq!((run.exit, run.out.as_str()), (Exit::Input, ""));
    assert!(
        run.err.starts_with("error[nothing-to-compare]: there is one side, and nothing to compare it with")
    );
}

#[test]
fn a_comment_is_never_too_long() {
    let stack = |cpu: u32| {
        let resource = |at: usize| {
            let variables: Vec<String> =
                (0..40).map(|it| format!("{{Name: V{it}, Value: '{cpu}-{it}'}}")).collect();
            format!(
                "  T{at}: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{Name: web, Environment: [{}]}}]}}}}\n  \
                 D{at}{cpu}: {{Type: AWS::SQS::Queue}}\n",
                variables.join(", ")
            )
        };
        format!("Resources:\n{}", (0..400).map(resource).collect::<String>())
    };
    let (old, new) = (stack(256), stack(512));
    let files = MemoryFiles::with([("old.yaml", old.as_bytes()), ("new.yaml", new.as_bytes())]);
    let run = asi(&["diff", "old.yaml", "new.yaml", "--format", "markdown"], files);
    let length = run.out.chars().count();
    assert!((20_000..65_536).contains(&length), "{length} characters");
    assert!(
        run.out
            .starts_with("### new\n\n400 to add, 400 to change, 400 to remove; **400 resources with data**")
    );
}
