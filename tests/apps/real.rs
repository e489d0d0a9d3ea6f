//! Apps on the CDK's own library: `asi` and the CDK's CLI, run side by side, see the same stacks and the same templates.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::{peer::peer, root};

/// A copy of the folder of an app, so that what is written stays out of the repository.
struct Copy {
    folder: PathBuf,
    cdk: PathBuf,
}

impl Copy {
    /// Nothing, if the CDK is not there.
    fn of(app: &str) -> Option<Self> {
        let cdk = peer("ASI_TEST_CDK", "an app of the CDK")?;
        let folder = env::temp_dir().join(format!("asi-real-{app}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        copy(&root().join("tests/apps").join(app), &folder);
        Some(Self { folder, cdk })
    }

    /// Runs a program in the folder, with the CDK's library, and without credentials; what it printed, with standard error
    /// last.
    fn run(&self, program: &Path, arguments: &[&str]) -> (String, String) {
        let modules = self.cdk.parent().and_then(Path::parent).unwrap();
        let mut command = Command::new(program);
        command.current_dir(&self.folder).args(arguments).env_clear();
        command.envs(env::var_os("PATH").map(|it| ("PATH", it)));
        command.env("HOME", &self.folder).env("NODE_PATH", modules).env("CDK_VALIDATION", "false");
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("CDK_DISABLE_VERSION_CHECK", "1");
        let output = command.output().unwrap();
        let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "{} {arguments:?}: {out}{err}", program.display());
        (out, err)
    }

    fn asi(&self, arguments: &[&str]) -> String {
        self.run(Path::new(env!("CARGO_BIN_EXE_asi")), arguments).0
    }

    fn cdk(&self, arguments: &[&str]) -> (String, String) {
        self.run(&self.cdk, &[&["--no-notices", "--no-color", "--no-asset-metadata"], arguments].concat())
    }

    fn templates(&self, folder: &str) -> BTreeMap<PathBuf, Value> {
        let mut found = BTreeMap::new();
        collect(&self.folder.join(folder), Path::new(""), &mut found);
        found
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The templates of an assembly, by their paths in it.
fn collect(folder: &Path, name: &Path, found: &mut BTreeMap<PathBuf, Value>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = name.join(path.file_name().unwrap());
        if path.is_dir() {
            collect(&path, &name, found);
        } else if name.to_string_lossy().ends_with(".template.json") {
            found.insert(name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
}

/// Both tools make the same of an app: the same templates, the same stacks; and `asi` finds no error in it.
fn check(app: &str) -> Option<Copy> {
    let copy = Copy::of(app)?;
    copy.cdk(&["synth", "--quiet", "--output", "theirs", "--asset-metadata"]);
    copy.asi(&["synth", "--output", "ours"]);
    let (ours, theirs) = (copy.templates("ours"), copy.templates("theirs"));
    assert!(!ours.is_empty(), "{app} has templates");
    assert_eq!(ours, theirs, "{app}");
    // `Prod/Net (Prod-Net)`
    let listed = copy.cdk(&["ls", "-a", "theirs"]).0;
    let theirs: Vec<&str> = listed.lines().map(|it| it.split(' ').next().unwrap()).collect();
    let listed = copy.asi(&["ls", "-a", "ours"]);
    let ours: Vec<&str> = listed.lines().collect();
    assert_eq!(ours, theirs, "{app}");
    for stack in ours {
        let printed = copy.asi(&["synth", "-q", "-a", "ours", stack, "--format", "json"]);
        let printed: Value = serde_json::from_str(&printed).unwrap();
        assert!(copy.templates("ours").values().any(|it| *it == printed), "{stack} of {app}");
    }
    copy.asi(&["validate", "-a", "ours"]);
    copy.asi(&["diff", "--fail", "theirs", "ours"]);
    Some(copy)
}

/// The logical ids of what the CDK says is changed, with the sign it puts before each.
fn changed_by_cdk(text: &str) -> BTreeMap<String, char> {
    let line = |it: &str| {
        let rest = it.strip_prefix('[')?;
        let (sign, rest) = rest.split_once("] AWS::")?;
        // `[~] AWS::SQS::Queue Jobs Jobs1 replace`; what no construct has made has no path.
        let words = rest.split(' ').skip(1);
        let names = words.take_while(|it| !["destroy", "orphan", "replace", "may"].contains(it));
        Some((names.last()?.to_owned(), sign.chars().next()?))
    };
    text.lines().filter_map(line).collect()
}

/// The same, of what `asi` says.
fn changed_by_asi(text: &str) -> BTreeMap<String, char> {
    let diff: Value = serde_json::from_str(text).unwrap();
    let resources = diff["stacks"][0]["resources"].as_array().unwrap();
    let sign = |it: &Value| match it["action"].as_str().unwrap() {
        "add" => '+',
        "remove" => '-',
        _ => '~',
    };
    resources.iter().map(|it| (it["id"].as_str().unwrap().to_owned(), sign(it))).collect()
}

/// Both see the same change of a stack: of a template that lacks its first resource, has another, and says less of a third.
fn compare(copy: &Copy, stack: &str, template: &str) {
    let mut old = copy.templates("ours")[Path::new(template)].clone();
    let resources = old["Resources"].as_object_mut().unwrap();
    let ids: Vec<String> = resources.keys().cloned().collect();
    resources.shift_remove(&ids[0]);
    resources.insert("Gone".to_owned(), serde_json::json!({ "Type": "AWS::SNS::Topic" }));
    let third = ids.iter().skip(1).find(|it| resources[*it]["Properties"].is_object());
    if let Some(properties) = third.map(|it| &mut resources[it]["Properties"]) {
        let key = properties.as_object().unwrap().keys().next_back().unwrap().clone();
        properties.as_object_mut().unwrap().shift_remove(&key);
    }
    fs::write(copy.folder.join("old.json"), old.to_string()).unwrap();
    let theirs = changed_by_cdk(&copy.cdk(&["diff", stack, "-e", "-a", "ours", "--template", "old.json"]).1);
    let ours = changed_by_asi(&copy.asi(&["diff", "old.json", "-a", "ours", stack, "--format", "json"]));
    assert!(ours.len() >= 2, "{ours:?}");
    assert_eq!(ours, theirs, "{stack}");
}

#[test]
fn stages() {
    if let Some(copy) = check("stages") {
        compare(&copy, "Test/Jobs", "assembly-Test/TestJobs04DD7372.template.json");
    }
}

#[test]
fn stacks_in_stacks() {
    check("nested");
}

#[test]
fn files_and_images() {
    check("assets");
}

#[test]
fn references_across_stacks() {
    check("references");
}

#[test]
fn resources_of_other_makers() {
    check("custom");
}

#[test]
fn aspects_and_tags() {
    check("aspects");
}

#[test]
fn values_that_were_looked_up() {
    check("lookups");
}

#[test]
fn settings_and_context() {
    check("context");
}

#[test]
fn policies() {
    if let Some(copy) = check("policy") {
        compare(&copy, "Shop", "Shop.template.json");
    }
}

#[test]
fn names_of_stacks() {
    check("names");
}

#[test]
fn a_web_application() {
    check("web");
}
