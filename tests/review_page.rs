//! Reviews as pages, for code scanning and as GitHub shows them: whatever stands in a template, it is text there.

mod generated;
mod hostile;
mod rendered;

use std::{collections::BTreeSet, path::Path};

use asi::{
    cli::Exit,
    world::{MemoryFiles, SystemFiles},
};

use crate::support::{Run, asi};
use hostile::EVIL;

/// What there was, and what there is.
type Pair = (String, String);

/// A system before and after a change that hurts.
fn shop() -> Pair {
    let old = "\
app: shop
constructs:
  net: {type: Network, zones: 2}
  repo: {type: Repository}
  web: {type: FargateService, network: net, image: 'repo:1', port: 8080, health: /}
  uploads: {type: Bucket}
resources:
  Db:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: postgres, DBInstanceClass: db.t4g.micro, AllocatedStorage: '20', StorageEncrypted: false}
  Sessions: {Type: AWS::SQS::Queue}
environments: {dev: {}, prod: {}}
";
    let new = old
        .replace("StorageEncrypted: false", "StorageEncrypted: true")
        .replace("port: 8080", "port: 8081")
        .replace("  Sessions: {Type: AWS::SQS::Queue}\n", "  Jobs: {Type: AWS::SQS::Queue}\n");
    (old.to_owned(), new)
}

fn files((old, new): &Pair) -> MemoryFiles {
    MemoryFiles::with([("old.yaml", old.as_bytes()), ("new.yaml", new.as_bytes())])
}

/// Reviews a change of a template or a stack file.
#[track_caller]
fn review(pair: &Pair, arguments: &[&str]) -> String {
    let run = asi(&[&["review", "old.yaml", "new.yaml"], arguments].concat(), files(pair));
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    run.out
}

/// The tags of a page: each with its name and its attributes, in order. Fails if one is left open.
#[track_caller]
fn tags(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    /// What has no end.
    const EMPTY: [&str; 3] = ["!DOCTYPE", "meta", "!--"];
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let (tag, after) = rest[at + 1..].split_once('>').expect("a tag ends");
        rest = after;
        let name = tag.split_whitespace().next().unwrap().trim_end_matches('/').to_owned();
        if let Some(end) = name.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(end), "{tag}");
            continue;
        }
        let mut attributes = Vec::new();
        let mut text = tag[name.len()..].trim_end_matches('/').trim();
        while let Some((key, value)) = text.split_once("=\"") {
            let (value, others) = value.split_once('"').expect("a value ends");
            attributes.push((key.to_owned(), value.to_owned()));
            text = others.trim_start();
        }
        // What means something else in there is not read.
        if name == "script" || name == "style" {
            rest = rest.split_once(&format!("</{name}>")).expect("it ends").1;
        } else if !EMPTY.contains(&name.as_str()) && !tag.ends_with('/') {
            open.push(name.clone());
        }
        found.push((name, attributes));
    }
    assert_eq!(open, [""; 0]);
    found
}

/// That nothing of a page comes from elsewhere or is run but what is its own.
#[track_caller]
fn check_page(page: &str) {
    let tags = tags(page);
    let names: BTreeSet<&str> = tags.iter().map(|(name, _)| name.as_str()).collect();
    for forbidden in ["img", "iframe", "link", "object", "form", "image", "use", "foreignObject", "base"] {
        assert!(!names.contains(forbidden), "{forbidden}");
    }
    assert_eq!(tags.iter().filter(|(name, _)| name == "script").count(), 1);
    assert_eq!(tags.iter().filter(|(name, _)| name == "style").count(), 1);
    let attributes = || tags.iter().flat_map(|(_, attributes)| attributes);
    let ids: Vec<&String> = attributes().filter(|(key, _)| key == "id").map(|(_, it)| it).collect();
    let known: BTreeSet<&str> = ids.iter().map(|it| it.as_str()).collect();
    assert_eq!(known.len(), ids.len(), "an id stands for one thing");
    for (key, value) in attributes() {
        assert!(
            !key.starts_with("on") && !["style", "src", "srcset", "action"].contains(&key.as_str()),
            "{key}"
        );
        if key == "href" {
            let is_here = value.strip_prefix('#').is_some_and(|it| known.contains(it));
            assert!(is_here || value.starts_with("https://docs.aws.amazon.com/"), "{value}");
        }
    }
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let page = review(&shop(), &["--format", "html"]);
    check_page(&page);
    let policy =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-";
    assert!(page.contains(policy), "{}", &page[..600]);
    assert!(!page.contains("unsafe") && !page.contains("@import") && !page.contains("url("));
}

#[test]
fn a_page_has_all_of_the_review() {
    let pair = shop();
    let page = review(&pair, &["--format", "html", "-e", "prod"]);
    for part in [
        "<h1>asi: prod</h1>",
        "<h3>Dangers</h3>",
        "<h3>Impact</h3>",
        "<strong>is replaced: its data is lost</strong>",
        "<span class=\"replaced\">! replaced: AWS::RDS::DBInstance Db  new.yaml:10:",
        "<span class=\"added\">+     StorageEncrypted: true</span>",
        "<summary>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let markdown = review(&pair, &["--format", "markdown", "-e", "prod"]);
    let fingerprint =
        markdown.split("Fingerprint of this plan: `").nth(1).unwrap().split('`').next().unwrap();
    assert!(page.contains(fingerprint));
    let both = review(&pair, &["--format", "html"]);
    assert!(both.contains("<a href=\"#chapter-0\">asi: dev</a>") && both.contains("<h1>asi: prod</h1>"));
}

#[test]
fn what_changes_is_marked_in_the_picture_and_leads_to_what_differs() {
    let page = review(&shop(), &["--format", "html", "-e", "prod"]);
    let marks: Vec<(String, String)> = tags(&page)
        .into_iter()
        .filter(|(name, attributes)| name == "a" && attributes.iter().any(|(key, _)| key == "aria-label"))
        .map(|(_, attributes)| {
            let of = |key: &str| attributes.iter().find(|(it, _)| it == key).unwrap().1.clone();
            (of("class"), of("aria-label"))
        })
        .collect();
    let expected = [
        ("mark replaced", "web: partly replaced"),
        ("mark changed", "web: changed"),
        ("mark danger", "Db: replaced"),
        ("mark added", "Jobs: added"),
        ("mark danger", "Sessions: removed"),
    ];
    let mut marks: Vec<(&str, &str)> = marks.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let mut expected = expected.to_vec();
    marks.sort_unstable();
    expected.sort_unstable();
    assert_eq!(marks, expected);
    let note = page.split("<article").find(|it| it.contains("<h3>Db ")).unwrap();
    assert!(note.contains("its data is lost") && note.contains("StorageEncrypted: true"), "{note}");
}

#[test]
fn a_network_that_changes_is_marked_as_the_frame_it_is() {
    let (old, _) = shop();
    let new = old.replace("zones: 2", "zones: 3");
    let page = review(&(old, new), &["--format", "html", "-e", "dev"]);
    assert!(page.contains("aria-label=\"net: partly replaced\""), "{page}");
}

#[test]
fn no_page_can_be_taken_over_by_a_template() {
    for name in EVIL {
        let pair = hostile::templates(name);
        let run = asi(&["review", "old.yaml", "new.yaml", "--format", "html"], files(&pair));
        assert_eq!(run.exit, Exit::Done, "{}", run.err);
        check_page(&run.out);
        for live in ["<script>alert", "<img", "href=\"javascript:", "<b>"] {
            assert!(!run.out.contains(live), "{name}: {live}");
        }
    }
}

#[test]
fn every_format_is_written_into_a_file_whole() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("review-output");
    std::fs::create_dir_all(&folder).unwrap();
    let (old, new) = shop();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    std::fs::write(path("old.yaml"), old).unwrap();
    std::fs::write(path("new.yaml"), new).unwrap();
    for format in ["text", "markdown", "html", "json", "sarif"] {
        let sides = ["review", &path("old.yaml"), &path("new.yaml"), "--format", format];
        let written = path(&format!("out/{format}"));
        let run = asi(&[&sides[..], &["-o", &written]].concat(), SystemFiles);
        assert_eq!((run.exit, run.out.as_str(), run.err.as_str()), (Exit::Done, "", ""), "{format}");
        let printed = asi(&sides, SystemFiles);
        assert_eq!(std::fs::read_to_string(&written).unwrap(), printed.out, "{format}");
        let refused = asi(&[&sides[..], &["-o", &path(""), "--fail-on", "danger"]].concat(), SystemFiles);
        assert_eq!(refused.exit, Exit::World, "{format}");
    }
}

/// The alerts of a review: level, rule, message, file and line.
fn alerts(log: &str) -> Vec<String> {
    let log: serde_json::Value = serde_json::from_str(log).unwrap();
    let run = &log["runs"][0];
    let alert = |it: &serde_json::Value| {
        let place = &it["locations"][0]["physicalLocation"];
        let rule = it["ruleIndex"].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], it["ruleId"]);
        format!(
            "{} {} {}:{} {}",
            it["level"].as_str().unwrap(),
            it["ruleId"].as_str().unwrap(),
            place["artifactLocation"]["uri"].as_str().unwrap(),
            place["region"]["startLine"],
            it["message"]["text"].as_str().unwrap().lines().next().unwrap(),
        )
    };
    run["results"].as_array().unwrap().iter().map(alert).collect()
}

#[test]
fn code_scanning_is_told_of_each_thing_at_its_line() {
    let found = alerts(&review(&shop(), &["--format", "sarif", "-e", "prod"]));
    crate::support::golden("review-page/alerts.txt", &(found.join("\n") + "\n"));
}

#[test]
fn what_was_only_at_a_revision_is_told_at_the_beginning_of_the_file() {
    let (old, new) = shop();
    let revisions = asi::world::MemoryRevisions::with([("main", "infra/asi.yaml", old.as_bytes())]);
    let files = MemoryFiles::with([("infra/asi.yaml", new.as_bytes())]);
    let arguments = ["review", "-f", "infra/asi.yaml", "--base", "main", "-e", "dev", "--format", "sarif"];
    let Run { exit, out, err } = crate::support::asi_with(&arguments, files, revisions);
    assert_eq!(exit, Exit::Done, "{err}");
    let gone = alerts(&out).into_iter().find(|it| it.contains("Sessions")).unwrap();
    assert!(gone.starts_with("error danger/data infra/asi.yaml:1 Sessions"), "{gone}");
}

#[test]
fn an_alert_stays_the_same_while_lines_move() {
    let fingerprints = |pair: &Pair| -> Vec<String> {
        let log: serde_json::Value = serde_json::from_str(&review(pair, &["--format", "sarif"])).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let each =
            results.iter().map(|it| it["partialFingerprints"]["codeAndPath/v1"].as_str().unwrap().to_owned());
        each.collect()
    };
    let (old, new) = shop();
    let moved = (old.clone(), format!("# a comment\n{new}"));
    let before = fingerprints(&(old, new));
    assert_eq!(before, fingerprints(&moved));
    let each: BTreeSet<&String> = before.iter().collect();
    assert_eq!(each.len(), before.len(), "no two alerts are one");
}
