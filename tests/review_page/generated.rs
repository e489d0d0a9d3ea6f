//! Changes of any size and kind: their comment fits, is whole, and leaves no danger untold.

use std::fmt::Write as _;

use asi::{
    cli::Exit,
    world::{Files as _, MemoryFiles},
};

use super::{check_page, hostile::EVIL, review};
use crate::support::asi;

/// What GitHub takes in a comment is 65,536 characters.
const LIMIT: usize = 65_000;

/// Numbers that look like chance, and are the same in each run.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        // A generator of Knuth's: its upper bits are good enough to choose by.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

/// Types, each with properties in which `@` is something else on the other side, and `N` in another resource.
const TYPES: [(&str, &str); 10] = [
    ("AWS::SQS::Queue", r#""QueueName": "qN-@", "Tags": [{"Key": "k", "Value": EVIL}]"#),
    ("AWS::S3::Bucket", r#""BucketName": "bN-@""#),
    (
        "AWS::DynamoDB::Table",
        r#""TableName": "tN-@", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]"#,
    ),
    (
        "AWS::RDS::DBInstance",
        r#""Engine": "postgres", "DBInstanceIdentifier": "dN-@", "DBInstanceClass": EVIL"#,
    ),
    (
        "AWS::EC2::SecurityGroup",
        r#""GroupDescription": "g@", "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": "1@", "ToPort": "1@", "CidrIp": "0.0.0.0/0"}]"#,
    ),
    (
        "AWS::IAM::Role",
        r#""AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole@"}]}"#,
    ),
    ("AWS::ECS::Service", r#""ServiceName": "sN-@", "DesiredCount": "@", "TaskDefinition": EVIL"#),
    (
        "AWS::Lambda::Function",
        r#""FunctionName": "fN-@", "Handler": EVIL, "Environment": {"Variables": {"A": "@", "DB_PASSWORD": "Hush@"}}"#,
    ),
    ("AWS::SNS::Topic", r#""DisplayName": EVIL, "KmsMasterKeyId": "k@""#),
    ("Custom::Thing", r#""ServiceToken": "arn@", "Of": EVIL"#),
];

/// Two templates with so many resources, of which most come, go or become others.
fn generated(seed: u64, count: usize) -> (String, String) {
    let mut dice = Dice(seed);
    let mut sides = [String::new(), String::new()];
    for at in 0..count {
        let (kind, properties) = TYPES[dice.roll(TYPES.len())];
        let evil = dice.pick(&EVIL).repeat(1 + dice.roll(4) * dice.roll(40));
        let evil = serde_json::Value::String(evil).to_string();
        let id = format!("R{at}{}", "x".repeat(dice.roll(3) * dice.roll(70)));
        let refers = if at > 0 && dice.roll(3) == 0 { ", \"Metadata\": {\"a\": \"@\"}" } else { "" };
        let becomes = dice.roll(8);
        for (side, text) in sides.iter_mut().enumerate() {
            if becomes == side {
                continue;
            }
            let changed = if becomes == 7 { 0 } else { side };
            let properties = properties.replace('@', &changed.to_string()).replace("N-", &format!("{at}-"));
            let properties = properties.replace("EVIL", &evil);
            let refers = refers.replace('@', &changed.to_string());
            let comma = if text.is_empty() { "" } else { "," };
            writeln!(
                text,
                "{comma}\"{id}\": {{\"Type\": \"{kind}\"{refers}, \"Properties\": {{{properties}}}}}"
            )
            .unwrap();
        }
    }
    let [old, new] = sides.map(|it| format!("{{\"Resources\": {{{it}}}}}"));
    (old, new)
}

/// That a comment is short enough, ends all that it begins, and tells or counts each danger.
#[track_caller]
fn check(comment: &str, dangers: usize) {
    assert!(comment.len() <= LIMIT, "{}", comment.len());
    let mut fence: Option<&str> = None;
    let mut folds = 0_i32;
    let mut told = 0;
    let mut section = "";
    for line in comment.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(it) if line == it => fence = None,
            Some(_) => continue,
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => (),
        }
        folds += i32::from(line == "<details>") - i32::from(line == "</details>");
        assert!((0..=1).contains(&folds), "{line}");
        section = line.strip_prefix("### ").unwrap_or(section);
        if section == "Dangers" {
            told += usize::from(line.starts_with("- "));
            let more = line.strip_prefix("and ").and_then(|it| it.split_once(" more, for"));
            told += more.map_or(0, |(count, _)| count.parse::<usize>().unwrap());
            // What is the same of several is told once: two, or the first six and a number.
            let alike = line.strip_prefix("  - and ").and_then(|it| it.strip_suffix(" more"));
            told += alike.map_or(0, |count| count.parse::<usize>().unwrap());
        }
    }
    assert_eq!((fence, folds), (None, 0), "all that begins ends");
    let head = comment.lines().next().unwrap();
    let word = if dangers == 1 { "1 danger".to_owned() } else { format!("{dangers} dangers") };
    assert!(dangers == 0 || head.contains(&word), "{head}");
    // Dangers of the same kind that are named in one item are counted by their names; there is never one too many.
    assert!(told <= dangers && (told > 0) == (dangers > 0), "{told} of {dangers}");
}

/// How many dangers there are, as programs are told.
fn dangers(json: &str) -> Vec<usize> {
    let all: serde_json::Value = serde_json::from_str(json).unwrap();
    let environments = all["environments"].as_array().unwrap();
    let of = |it: &serde_json::Value| it["dangers"].as_array().unwrap().len();
    environments.iter().map(|it| it["stacks"].as_array().unwrap().iter().map(of).sum()).collect()
}

#[test]
fn a_comment_fits_whatever_changes() {
    for (seed, count) in [(1, 1), (2, 7), (3, 60), (4, 300), (5, 499), (6, 5000)] {
        let pair = generated(seed, count);
        let comment = review(&pair, &["--format", "markdown"]);
        let dangers = if count < 1000 {
            let [dangers] = dangers(&review(&pair, &["--format", "json"])).try_into().unwrap();
            dangers
        } else {
            let head = comment.lines().next().unwrap();
            head.split(' ').find_map(|it| it.parse().ok()).unwrap()
        };
        assert!(count < 7 || dangers > 0);
        check(&comment, dangers);
        assert!(!comment.contains("Hush"), "{seed}");
        if count <= 300 {
            check_page(&review(&pair, &["--format", "html"]));
        }
    }
}

/// An assembly with a stack, and stacks that are nested in it, in each other's place on the two sides.
fn assembly(side: usize) -> Vec<(String, String)> {
    let folder = ["old", "new"][side];
    let of = |seed: u64, count: usize| {
        let (old, new) = generated(seed, count);
        [old, new][side].clone()
    };
    let nested = |at: usize| {
        format!(
            ",\"N{at}\": {{\"Type\": \"AWS::CloudFormation::Stack\", \"Properties\": {{\"TemplateURL\": \"u\"}}, \
             \"Metadata\": {{\"aws:asset:path\": \"n{at}.json\"}}}}"
        )
    };
    let all: String = (0..30).map(nested).collect();
    let template = of(40, 50).strip_suffix("}}").unwrap().to_owned() + &all + "}}";
    let manifest = r#"{"version": "36.0.0", "artifacts": {"S": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "S.json"}}}}"#;
    let mut files = vec![
        (format!("{folder}/manifest.json"), manifest.to_owned()),
        (format!("{folder}/S.json"), template),
    ];
    files.extend((0..30).map(|at| (format!("{folder}/n{at}.json"), of(100 + at, 20))));
    files
}

#[test]
fn a_comment_fits_for_an_assembly_of_nested_stacks() {
    let all: Vec<(String, String)> = (0..2).flat_map(assembly).collect();
    let files = || MemoryFiles::with(all.iter().map(|(path, text)| (path.as_str(), text.as_bytes())));
    assert!(files().is_folder(std::path::Path::new("new")));
    let run = |format: &str| asi(&["review", "old", "new", "--format", format], files());
    let json = run("json");
    assert_eq!(json.exit, Exit::Done, "{}", json.err);
    let [dangers] = dangers(&json.out).try_into().unwrap();
    check(&run("markdown").out, dangers);
    check_page(&run("html").out);
}

#[test]
fn comments_of_many_environments_fit_together() {
    let lines =
        |count: std::ops::Range<usize>, line: fn(usize) -> String| count.map(line).collect::<String>();
    let names = lines(0..40, |at| format!("  e{at}: {{}}\n"));
    let file = |kept: usize| {
        let resources = lines(kept..30, |at| format!("  B{at}: {{Type: AWS::S3::Bucket}}\n"));
        format!("app: shop\nresources:\n{resources}environments:\n{names}")
    };
    let pair = (file(0), file(20));
    let comments = review(&pair, &["--format", "markdown"]);
    assert!(comments.len() <= LIMIT, "{}", comments.len());
    let counts = dangers(&review(&pair, &["--format", "json"]));
    assert_eq!(counts, [20; 40]);
    for (comment, count) in comments.split("## asi: ").skip(1).zip(counts) {
        check(comment, count);
    }
}
