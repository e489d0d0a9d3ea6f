//! Apps on the CDK's own library: `asi` and the CDK's CLI, run side by side, see the same stacks, the same templates, and
//! the same in a change of them.
//!
//! Each app has a second state, which `-c later=true` gives.

mod changes;
#[cfg(feature = "aws")]
mod deployed;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::{peer::peer, root};

/// A copy of the folder of an app, so that what is written stays out of the repository.
struct Copy {
    folder: PathBuf,
    cdk: PathBuf,
    /// Where programs are looked for.
    path: OsString,
}

impl Copy {
    /// A copy for one test, or nothing, if the CDK is not there.
    fn of(app: &str, test: &str) -> Option<Self> {
        let cdk = peer("ASI_TEST_CDK", "an app of the CDK")?;
        let source = root().join("tests/apps").join(app);
        let mut path = env::var_os("PATH").unwrap_or_default();
        if source.join("app.py").exists() {
            let python = peer("ASI_TEST_CDK_PYTHON", "an app of the CDK in Python")?;
            let folders = [python.parent().unwrap().to_owned()];
            path = env::join_paths(folders.into_iter().chain(env::split_paths(&path))).unwrap();
        }
        let folder = env::temp_dir().join(format!("asi-real-{test}-{app}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        copy(&source, &folder);
        Some(Self { folder, cdk, path })
    }

    /// Runs a program in the folder, with the CDK's library, and without credentials; what it printed, with standard error
    /// last.
    fn run(&self, program: &Path, arguments: &[&str]) -> (String, String) {
        self.run_with(program, arguments, &[])
    }

    /// The same, with these variables.
    fn run_with(&self, program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (String, String) {
        let modules = self.cdk.parent().and_then(Path::parent).unwrap();
        let mut command = Command::new(program);
        command.current_dir(&self.folder).args(arguments).env_clear().env("PATH", &self.path);
        command.env("HOME", &self.folder).env("NODE_PATH", modules).env("CDK_VALIDATION", "false");
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("CDK_DISABLE_VERSION_CHECK", "1");
        // What the CDK unpacks of itself for other languages than its own, each time if it is not kept.
        let unpacked = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jsii");
        command.env("JSII_RUNTIME_PACKAGE_CACHE_ROOT", unpacked).envs(variables.iter().copied());
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

    /// What the CDK lists: in YAML with our quotes.
    fn listed_by_cdk(&self, arguments: &[&str]) -> String {
        let listed = self.cdk(arguments).0;
        if arguments.contains(&"--json") { listed } else { listed.replace('"', "'") }
    }

    fn read(&self, path: &Path) -> Value {
        serde_json::from_str(&fs::read_to_string(self.folder.join(path)).unwrap()).unwrap()
    }

    fn templates(&self, folder: &str) -> BTreeMap<PathBuf, Value> {
        let mut found = BTreeMap::new();
        collect(&self.folder.join(folder), Path::new(""), &mut found);
        found
    }

    /// The stacks of an assembly by their paths in the app, with their templates.
    fn stacks(&self, folder: &Path) -> BTreeMap<String, PathBuf> {
        let manifest = self.read(&folder.join("manifest.json"));
        let mut found = BTreeMap::new();
        for (id, artifact) in manifest["artifacts"].as_object().unwrap() {
            let property = |name: &str| folder.join(artifact["properties"][name].as_str().unwrap());
            match artifact["type"].as_str().unwrap() {
                "aws:cloudformation:stack" => {
                    let name = artifact["displayName"].as_str().unwrap_or(id);
                    found.insert(name.to_owned(), property("templateFile"));
                }
                "cdk:cloud-assembly" => found.extend(self.stacks(&property("directoryName"))),
                _ => (),
            }
        }
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

/// Both tools make the same of an app: the same templates, the same stacks, and the same of the change to its second state;
/// and `asi` finds no error in it.
fn check(app: &str) {
    let Some(copy) = Copy::of(app, "made") else { return };
    copy.cdk(&["synth", "--quiet", "--output", "theirs", "--asset-metadata"]);
    copy.asi(&["synth", "--output", "ours"]);
    let (ours, theirs) = (copy.templates("ours"), copy.templates("theirs"));
    assert!(!ours.is_empty(), "{app} has templates");
    assert_eq!(ours, theirs, "{app}");
    let detailed = ["ls", "--long", "--show-dependencies", "-a"];
    let listed = copy.asi(&[&detailed, ["ours"].as_slice()].concat());
    assert_eq!(listed, copy.listed_by_cdk(&[&detailed, ["theirs"].as_slice()].concat()), "{app}");
    // `- id: Prod/Net (Prod-Net)`
    let ids = listed.lines().filter_map(|it| it.strip_prefix("- id: "));
    let theirs: Vec<&str> = ids.map(|it| it.split(' ').next().unwrap()).collect();
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
    changes::check(&copy, app);
}

#[test]
fn stages() {
    check("stages");
}

#[test]
fn lists_of_stacks() {
    for app in ["references", "names"] {
        let Some(copy) = Copy::of(app, "listed") else { return };
        copy.asi(&["synth", "-q", "--output", "ours"]);
        for form in
            [&["-l"], ["-d"].as_slice(), &["-l", "--json"], &["-d", "--json"], &["-d", "-l", "--json"]]
        {
            let arguments = [&["ls", "-a", "ours"], form].concat();
            assert_eq!(copy.asi(&arguments), copy.listed_by_cdk(&arguments), "{app} {form:?}");
        }
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
    check("policy");
}

#[test]
fn names_of_stacks() {
    check("names");
}

#[test]
fn a_web_application() {
    check("web");
}

#[test]
fn a_service_with_its_pipeline() {
    check("system");
}

#[test]
fn an_app_in_python() {
    check("python");
}
