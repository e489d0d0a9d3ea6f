//! What becomes of a stack of the CDK's that is taken over, by our own judgement and by that of the CDK's library.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use asi::{
    diff::{Kind, Verdict, diff, holds_data},
    load,
    template::Template,
};
use asi_constructs::kernel::span::Sources;
use serde_json::{Map, Value, json};

use super::{Case, cases, reasons::REVISIONS};
use crate::support::{golden, peer::peer, read, root};

impl Case {
    /// What is replaced, and what goes that holds data or has a name: each should be expected.
    fn losses(&self) -> BTreeSet<String> {
        let found = diff(&parsed(&self.theirs), &parsed(&self.ours)).resources;
        let losses = found.into_iter().filter_map(|it| match &it.kind {
            Kind::Added => None,
            Kind::Changed => {
                (it.replacement.verdict != Verdict::Never).then(|| format!("{} is replaced", it.type_name))
            }
            Kind::Removed(_) | Kind::TypeChanged { .. } => self.loss(&it.id),
            Kind::Moved { from, .. } => self.loss(from),
        });
        losses.collect()
    }

    /// Why nobody may lose the resource of the CDK with this id.
    fn loss(&self, id: &str) -> Option<String> {
        let resource = &self.theirs[id];
        let type_name = resource["Type"].as_str().unwrap();
        let mut properties = resource["Properties"].as_object().into_iter().flatten();
        // The CDK names policies itself, after the stack or the logical id. A metric is somebody else's.
        let is_own = |key: &str, name: &str| match key {
            "MetricName" => false,
            "PolicyName" => name != id && !name.starts_with(&self.name),
            key => key.ends_with("Name"),
        };
        let has_name = properties.any(|(key, it)| it.as_str().is_some_and(|it| is_own(key, it)));
        let is_missed = holds_data(type_name) || has_name;
        is_missed.then(|| format!("{id}, {type_name}, goes"))
    }

    /// The templates, as the CDK's library takes them.
    fn templates(&self) -> [Value; 2] {
        [json!({ "Resources": self.theirs }), json!({ "Resources": self.ours })]
    }
}

fn parsed(resources: &Map<String, Value>) -> Template {
    let text = json!({ "Resources": resources }).to_string();
    let (node, faults) = load::template(&text, "template.json", &mut Sources::default());
    assert_eq!(faults, []);
    Template::new(node.unwrap())
}

/// The losses that are none.
fn revisions() -> BTreeSet<String> {
    REVISIONS.iter().map(|(type_name, _)| format!("{type_name} is replaced")).collect()
}

#[test]
fn nothing_is_replaced_and_nothing_goes_that_holds_data_or_has_a_name() {
    let mut found = BTreeSet::new();
    for case in cases() {
        let losses = case.losses();
        let unexpected: Vec<String> = losses.difference(&revisions()).cloned().collect();
        assert!(unexpected.is_empty(), "{}: {unexpected:#?}", case.name);
        found.extend(losses);
    }
    assert_eq!(found, revisions(), "no revision is listed for nothing");
}

#[test]
fn a_loss_is_seen() {
    let of = |properties: Value| {
        let theirs = json!({ "A": { "Type": "AWS::ECR::Repository", "Properties": properties } });
        let Value::Object(theirs) = theirs else { panic!("it is a map") };
        Case { name: "loss".to_owned(), theirs, ours: Map::new() }
    };
    let repository = of(json!({ "RepositoryName": "shop" }));
    assert_eq!(repository.losses(), ["A, AWS::ECR::Repository, goes".to_owned()].into());
    let renamed = Case { ours: of(json!({ "RepositoryName": "shop-web" })).theirs, ..repository };
    assert_eq!(renamed.losses(), ["AWS::ECR::Repository is replaced".to_owned()].into());
}

/// Where the CDK's packages are, by its CLI.
fn packages(cdk: &Path) -> &Path {
    cdk.ancestors().nth(2).expect("the CLI is in `node_modules/.bin`")
}

#[track_caller]
fn said(node: &mut Command, cdk: &Path) -> String {
    let output = node.env("NODE_PATH", packages(cdk)).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.into_owned()
}

fn folder() -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cdk_parity");
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_cdks_library_finds_nothing_replaced_and_nothing_gone_either() {
    let Some(cdk) = peer("ASI_TEST_CDK", "the CDK's judgement") else { return };
    let cases = cases();
    let pairs: Map<String, Value> = cases.iter().map(|it| (it.name.clone(), json!(it.templates()))).collect();
    let path = folder().join("pairs.json");
    fs::write(&path, Value::Object(pairs).to_string()).unwrap();
    let said = said(Command::new("node").arg(root().join("tests/cdk_parity/judge.js")).arg(&path), &cdk);
    let said: Value = serde_json::from_str(&said).unwrap();
    let mut found = BTreeSet::new();
    for case in cases {
        for (id, impact) in said[&case.name].as_object().unwrap() {
            let loss = match impact.as_str().unwrap() {
                "WILL_REPLACE" | "MAY_REPLACE" => {
                    Some(format!("{} is replaced", case.theirs[id]["Type"].as_str().unwrap()))
                }
                "WILL_DESTROY" | "WILL_ORPHAN" => case.loss(id),
                _ => None,
            };
            if let Some(loss) = loss {
                assert!(revisions().contains(&loss), "{}: {loss}", case.name);
                found.insert(loss);
            }
        }
    }
    assert_eq!(found, revisions(), "it was asked");
}

#[test]
fn the_templates_are_what_the_cdk_makes() {
    let Some(cdk) = peer("ASI_TEST_CDK", "the CDK's library") else { return };
    let flags = packages(&cdk).join("aws-cdk-lib/recommended-feature-flags.json");
    let mut context: Value = serde_json::from_str(&fs::read_to_string(flags).unwrap()).unwrap();
    context["aws:cdk:disable-version-reporting"] = json!(true);
    let output = folder().join("cdk.out");
    let _ = fs::remove_dir_all(&output);
    let mut node = Command::new("node");
    node.arg(root().join("snapshots/cdk/app.js")).current_dir(folder());
    // What the CDK's own validator says of these templates is no matter here, and takes its time.
    node.env("CDK_OUTDIR", &output)
        .env("CDK_CONTEXT_JSON", context.to_string())
        .env("CDK_VALIDATION", "false");
    said(&mut node, &cdk);
    let made = fs::read_dir(&output).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let made: BTreeSet<String> = made.filter(|it| it.ends_with(".template.json")).collect();
    for file in &made {
        golden(&format!("cdk/{file}"), &fs::read_to_string(output.join(file)).unwrap());
    }
    let cases: BTreeSet<String> =
        cases().into_iter().map(|it| format!("{}.template.json", it.name)).collect();
    assert_eq!(made, cases, "each case has a stack in the app, and a stack file");
}

#[test]
fn the_version_of_the_cdk_is_the_one_that_is_named() {
    let pinned: Value = serde_json::from_str(&read("tests/node/package.json")).unwrap();
    let version = pinned["dependencies"]["aws-cdk-lib"].as_str().unwrap();
    assert!(read("snapshots/cdk/README.md").contains(&format!("aws-cdk-lib {version} ")));
}
