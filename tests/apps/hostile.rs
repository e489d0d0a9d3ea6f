//! Assemblies that somebody made to do harm, or that are broken: what is said of each, by every command that reads one.

use std::{env, fs, path::PathBuf};

use asi::{
    cli::Exit,
    world::{MemoryFiles, SystemFiles},
};

use crate::support::{asi, golden};

/// The files of an assembly, by name.
type Files<'a> = &'a [(&'a str, &'a str)];

const TEMPLATE: &str = r#"{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}"#;

/// A manifest with these artifacts.
fn manifest(artifacts: &str) -> String {
    format!("{{\n  \"version\": \"36.0.0\",\n  \"artifacts\": {{\n    {artifacts}\n  }}\n}}\n")
}

/// A stack with this text for its template's file, and further fields.
fn stack(id: &str, template: &str, more: &str) -> String {
    format!(
        r#""{id}": {{"type": "aws:cloudformation:stack", "properties": {{"templateFile": "{template}"}}{more}}}"#
    )
}

fn within(id: &str, folder: &str) -> String {
    format!(r#""{id}": {{"type": "cdk:cloud-assembly", "properties": {{"directoryName": "{folder}"}}}}"#)
}

/// What every command has to say of an assembly in memory: the same, in the words of the first.
fn told(files: Files<'_>) -> String {
    let world = || {
        let files = files.iter().map(|(name, text)| (format!("out/{name}"), text.as_bytes()));
        let files: Vec<(String, &[u8])> = files.collect();
        MemoryFiles::with(files.iter().map(|(path, text)| (path.as_str(), *text)))
    };
    let run = asi(&["synth", "-a", "out"], world());
    assert_eq!((run.exit, run.out.as_str()), (Exit::Input, ""), "{files:?}: {}", run.err);
    let compared = asi(&["diff", "out", "out"], world());
    assert_eq!(compared.exit, Exit::Input, "{files:?}: {}{}", compared.out, compared.err);
    let validated = asi(&["validate", "-a", "out"], world());
    assert!(matches!(validated.exit, Exit::No | Exit::Input), "{files:?}: {}", validated.out);
    // A picture needs no values, and nobody's consent.
    let drawn = asi(&["graph", "-a", "out"], world());
    assert!(matches!(drawn.exit, Exit::Done | Exit::Input), "{files:?}: {}", drawn.err);
    run.err
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table is long")]
fn a_hostile_assembly_is_told_with_its_place() {
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let cases: Vec<(&str, Vec<(&str, String)>)> = vec![
        ("a path that leads up", vec![("manifest.json", manifest(&stack("a", "../a.json", "")))]),
        ("an absolute path", vec![("manifest.json", manifest(&stack("a", "/etc/passwd", "")))]),
        ("a path of another system", vec![("manifest.json", manifest(&stack("a", r"..\\a.json", "")))]),
        ("a drive of another system", vec![("manifest.json", manifest(&stack("a", r"C:\\a.json", "")))]),
        ("a folder that leads up", vec![("manifest.json", manifest(&within("a", "../out")))]),
        ("the same folder", vec![("manifest.json", manifest(&within("a", ".")))]),
        (
            "a folder that is named twice",
            vec![
                ("manifest.json", manifest(&format!("{},\n    {}", within("a", "sub"), within("b", "sub")))),
                ("sub/manifest.json", manifest("")),
            ],
        ),
        ("a folder that is not there", vec![("manifest.json", manifest(&within("a", "sub")))]),
        ("a template that is not there", vec![("manifest.json", manifest(&stack("a", "a.json", "")))]),
        (
            "a template that ends early",
            vec![("manifest.json", manifest(&stack("a", "a.json", ""))), ("a.json", TEMPLATE[..30].to_owned())],
        ),
        (
            "a template that is none",
            vec![("manifest.json", manifest(&stack("a", "a.json", ""))), ("a.json", "[1]".to_owned())],
        ),
        (
            "a template that is too deep",
            vec![("manifest.json", manifest(&stack("a", "a.json", ""))), ("a.json", deep)],
        ),
        (
            "metadata elsewhere",
            vec![
                ("manifest.json", manifest(&stack("a", "a.json", r#", "additionalMetadataFile": "../m.json""#))),
                ("a.json", TEMPLATE.to_owned()),
            ],
        ),
        (
            "metadata that is none",
            vec![
                ("manifest.json", manifest(&stack("a", "a.json", r#", "additionalMetadataFile": "m.json""#))),
                ("a.json", TEMPLATE.to_owned()),
                ("m.json", r#"{"/a/b": [1, {"type": 2}], "/a/c": 3}"#.to_owned()),
            ],
        ),
        ("a manifest that ends early", vec![("manifest.json", manifest("")[..20].to_owned())]),
        ("a manifest that is none", vec![("manifest.json", "[]".to_owned())]),
        ("a newer version", vec![("manifest.json", r#"{"version": "99.1.0", "artifacts": {}}"#.to_owned())]),
        ("no version", vec![("manifest.json", r#"{"version": "new", "artifacts": {}}"#.to_owned())]),
        (
            "wrong types",
            vec![(
                "manifest.json",
                manifest(
                    r#""a": {"type": "aws:cloudformation:stack", "environment": "eu-west-1", "dependencies": "b", "properties": {"templateFile": 1, "tags": [], "terminationProtection": "no"}}, "b": 1"#,
                ),
            )],
        ),
        (
            "a stack without a template",
            vec![("manifest.json", manifest(r#""a": {"type": "aws:cloudformation:stack", "properties": {}}"#))],
        ),
        (
            "stacks that wait for each other",
            vec![(
                "manifest.json",
                manifest(&format!(
                    "{},\n    {}",
                    stack("a", "a.json", r#", "dependencies": ["b", "c"]"#),
                    stack("b", "a.json", r#", "dependencies": ["a"]"#)
                )),
            )],
        ),
        (
            "two stacks of one name",
            vec![
                (
                    "manifest.json",
                    manifest(&format!(
                        "{},\n    {}",
                        stack("a", "a.json", ""),
                        r#""b": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "a.json", "stackName": "a"}}"#
                    )),
                ),
                ("a.json", TEMPLATE.to_owned()),
            ],
        ),
        (
            "an error that a construct has",
            vec![
                (
                    "manifest.json",
                    manifest(&stack(
                        "a",
                        "a.json",
                        r#", "metadata": {"/a/Jobs": [{"type": "aws:cdk:error", "data": "has no\ndead letters", "trace": ["at f (app.js:1:2)"]}]}"#,
                    )),
                ),
                ("a.json", TEMPLATE.to_owned()),
            ],
        ),
        (
            "what is not looked up",
            vec![
                (
                    "manifest.json",
                    r#"{"version": "36.0.0", "missing": [{"key": "ssm:x", "provider": "ssm", "props": {}}], "artifacts": {"a": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "a.json"}}}}"#
                        .to_owned(),
                ),
                ("a.json", TEMPLATE.to_owned()),
            ],
        ),
        (
            "zones that nobody looked up",
            vec![
                (
                    "manifest.json",
                    r#"{"version": "36.0.0", "missing": [{"key": "zones", "provider": "availability-zones", "props": {}}], "artifacts": {"a": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "a.json"}}}}"#
                        .to_owned(),
                ),
                ("a.json", r#"{"Resources": {"Net": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": "vpc-1", "AvailabilityZone": "dummy1a"}}}}"#.to_owned()),
            ],
        ),
    ];
    let mut story = String::new();
    for (name, files) in &cases {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        story += &format!("# {name}\n{}\n", told(&files));
    }
    golden("apps/hostile.txt", &story);
}

#[test]
fn zones_that_nobody_looked_up_and_no_template_has_stop_nobody() {
    let missing = r#"[{"key": "zones", "provider": "availability-zones", "props": {}}]"#;
    let manifest = format!(
        r#"{{"version": "36.0.0", "missing": {missing}, "artifacts": {{"a": {{"type": "aws:cloudformation:stack", "properties": {{"templateFile": "a.json"}}}}}}}}"#
    );
    let files = [("cdk.out/manifest.json", manifest.as_bytes()), ("cdk.out/a.json", TEMPLATE.as_bytes())];
    let run = asi(&["synth", "-a", "cdk.out"], MemoryFiles::with(files));
    assert_eq!((run.exit, &*run.out), (Exit::Done, "Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n"));
    let warning = "warning[app-lookups]: the app lacks what is to be looked up in AWS: `zones`; no template has a zone in it";
    assert!(run.err.contains(warning), "{}", run.err);
}

/// What constructs and tools have to say that keeps nothing from being done.
#[test]
fn what_is_remarked_is_shown_with_its_construct() {
    let metadata = r#", "metadata": {"/a/Jobs": [{"type": "aws:cdk:warning", "data": "is small [ack: Size]"}, {"type": "aws:cdk:info", "data": "is new"}]}"#;
    let manifest = manifest(&stack("a", "a.json", metadata));
    let report = r#"{"pluginReports": [{"pluginName": "nag", "violations": [{"ruleName": "S1", "description": "is open", "suggestedFix": "close it", "severity": "warning", "violatingConstructs": [{"constructPath": "a/Jobs"}]}]}]}"#;
    let files = || {
        MemoryFiles::with([
            ("out/manifest.json", manifest.as_bytes()),
            ("out/a.json", TEMPLATE.as_bytes()),
            ("out/validation-report.json", report.as_bytes()),
        ])
    };
    let run = asi(&["synth", "-a", "out"], files());
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let validated = asi(&["validate", "-a", "out", "--all"], files());
    golden("apps/remarks.txt", &format!("{}\n{}", run.err, validated.out));
}

/// A folder of this machine, which is taken away at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("asi-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("out")).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
#[test]
fn a_link_leads_nowhere() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("links");
    folder.write("secret.json", TEMPLATE);
    folder.write("out/manifest.json", &manifest(&stack("a", "a.json", "")));
    symlink(folder.0.join("secret.json"), folder.0.join("out/a.json")).unwrap();
    let out = folder.0.join("out").to_string_lossy().into_owned();
    let synth = |out: &str| {
        let run = asi(&["synth", "-a", out], SystemFiles);
        assert_eq!((run.exit, run.out.as_str()), (Exit::Input, ""));
        run.err.replace(folder.0.to_str().unwrap(), "…").lines().next().unwrap().to_owned()
    };
    assert_eq!(synth(&out), "error[assembly-escape]: `…/out/a.json` leads out of the assembly");
    for command in [&["validate", "-a", &out][..], &["diff", &out, &out], &["graph", "-a", &out]] {
        let run = asi(command, SystemFiles);
        assert_eq!(run.exit, Exit::Input, "{command:?}: {}{}", run.out, run.err);
    }

    folder.write("out/manifest.json", &manifest(&within("a", "sub")));
    symlink(".", folder.0.join("out/sub")).unwrap();
    assert_eq!(
        synth(&out),
        "error[assembly-cycle]: this assembly stands in itself, is named twice, or is within too many others"
    );
    fs::remove_file(folder.0.join("out/sub")).unwrap();
    fs::create_dir(folder.0.join("elsewhere")).unwrap();
    folder.write("elsewhere/manifest.json", &manifest(""));
    symlink("../elsewhere", folder.0.join("out/sub")).unwrap();
    assert_eq!(synth(&out), "error[assembly-escape]: `…/out/sub/manifest.json` leads out of the assembly");

    // The folder itself may be reached by a link.
    fs::remove_file(folder.0.join("out/a.json")).unwrap();
    folder.write("out/a.json", TEMPLATE);
    folder.write("out/manifest.json", &manifest(&stack("a", "a.json", "")));
    symlink("out", folder.0.join("link")).unwrap();
    let run = asi(&["ls", "-a", folder.0.join("link").to_str().unwrap()], SystemFiles);
    assert_eq!((run.exit, run.out.as_str()), (Exit::Done, "a\n"), "{}", run.err);
    assert_eq!(fs::read_dir(folder.0.join("out")).unwrap().count(), 3, "no lock is left behind");
}

#[test]
fn what_is_too_large_is_not_read() {
    let folder = Folder::new("large");
    folder.write("out/manifest.json", &" ".repeat((8 << 20) + 1));
    let run = asi(&["ls", "-a", folder.0.join("out").to_str().unwrap()], SystemFiles);
    assert_eq!(run.exit, Exit::Input);
    let first = run.err.replace(folder.0.to_str().unwrap(), "…");
    assert!(
        first.starts_with("error[assembly-file]: `…/out/manifest.json` is too large: it has 8388609 bytes\n"),
        "{first}"
    );
}

#[test]
fn stacks_that_need_each_other_in_too_many_ways_are_not_listed_as_trees() {
    let layer = |at: usize, side: &str| {
        let needs = if at == 0 { String::new() } else { format!(r#""a{0}", "b{0}""#, at - 1) };
        stack(&format!("{side}{at}"), "a.json", &format!(r#", "dependencies": [{needs}]"#))
    };
    let stacks: Vec<String> = (0..40).flat_map(|at| [layer(at, "a"), layer(at, "b")]).collect();
    let manifest = manifest(&stacks.join(",\n    "));
    let world = || MemoryFiles::with([("out/manifest.json", manifest.as_bytes())]);
    let listed = asi(&["ls", "-a", "out", "-d"], world());
    assert_eq!((listed.exit, listed.out.as_str()), (Exit::Input, ""));
    golden("apps/needs.txt", &listed.err);
    let one = asi(&["ls", "-a", "out", "-d", "a1"], world()).out;
    let none = "dependencies: []\n";
    assert_eq!(
        one,
        format!("- id: a1\n  dependencies:\n    - id: a0\n      {none}    - id: b0\n      {none}\n")
    );
}
