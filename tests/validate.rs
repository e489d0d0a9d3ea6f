//! What is found in templates, and what is not: each file under `tests/templates/`, and each form of telling it.

use std::path::{Path, PathBuf};

use asi::{
    cli::Exit,
    world::{MemoryFiles, SystemFiles},
};

use crate::support::{Run, asi, files, golden, read, stem};

/// A circle of two resources, which is always an error.
const CIRCLE: &str = "Resources:\n  A: {Type: AWS::CloudFormation::WaitConditionHandle, DependsOn: B}\n  \
                      B: {Type: AWS::CloudFormation::WaitConditionHandle, DependsOn: A}\n";
/// Nothing is wrong with it.
const FINE: &str = "Resources:\n  A: {Type: AWS::CloudFormation::WaitConditionHandle}\n";

/// Runs `asi validate` on files in memory.
fn validate(arguments: &[&str], files: &[(&str, &str)]) -> Run {
    let files = MemoryFiles::with(files.iter().map(|(path, text)| (*path, text.as_bytes())));
    asi(&[&["validate"], arguments].concat(), files)
}

/// Runs `asi validate` on each file of a folder of the repository, under its own name and beside the others.
fn validate_each(folder: &str, arguments: &[&str]) -> Vec<(String, Run)> {
    let name = |it: &PathBuf| it.file_name().unwrap().to_str().unwrap().to_owned();
    let all: Vec<(String, Vec<u8>)> =
        files(folder, "").iter().map(|it| (name(it), std::fs::read(it).unwrap())).collect();
    let run = |name: &str| {
        let files = MemoryFiles::with(all.iter().map(|(name, contents)| (name.as_str(), &contents[..])));
        asi(&[&["validate", name], arguments].concat(), files)
    };
    all.iter().map(|(name, _)| (name.clone(), run(name))).collect()
}

#[test]
fn every_bad_template_is_told_where_and_how_to_mend_it() {
    for (name, run) in validate_each("tests/templates/bad", &["--all"]) {
        let name = stem(Path::new(&name));
        assert_eq!(run.err, "", "{name}");
        golden(&format!("validate/{name}.txt"), &run.out);
    }
}

#[test]
fn good_templates_have_neither_errors_nor_warnings() {
    let runs = validate_each("tests/templates/good", &["--fail-on", "warning"]).into_iter();
    let found: Vec<String> = runs.filter(|(_, it)| it.exit != Exit::Done).map(|(_, it)| it.out).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_format_tells_the_same() {
    let text = read("tests/validate/formats.yaml");
    for format in ["text", "short", "json", "sarif", "junit", "github"] {
        let run = validate(&["formats.yaml", "--format", format], &[("formats.yaml", &text)]);
        assert_eq!((run.exit, run.err.as_str()), (Exit::No, ""), "{format}");
        golden(&format!("validate/formats.{format}"), &run.out);
    }
}

#[test]
fn the_exit_code_says_how_bad_it_is() {
    let exit =
        |arguments: &[&str], text| validate(&[&["t.yaml"], arguments].concat(), &[("t.yaml", text)]).exit;
    assert_eq!(exit(&[], FINE), Exit::Done);
    assert_eq!(exit(&[], CIRCLE), Exit::No);
    assert_eq!(exit(&["--fail-on", "never"], CIRCLE), Exit::Done);
    assert_eq!(exit(&["--ignore", "E3"], CIRCLE), Exit::Done);
    assert_eq!(exit(&["--ignore", "E1,E3004"], CIRCLE), Exit::Done);
    assert_eq!(exit(&["--ignore", "W"], CIRCLE), Exit::No);
    assert_eq!(exit(&[], "Resources: ["), Exit::Input);
    assert_eq!(exit(&["missing.yaml"], FINE), Exit::Input);
    let warned = "Metadata: {asi: {acknowledge: {E9999: gone}}}\n".to_owned() + FINE;
    assert_eq!(exit(&[], &warned), Exit::Done);
    assert_eq!(exit(&["--fail-on", "warning"], &warned), Exit::No);
}

#[test]
fn a_folder_gives_its_templates_in_order() {
    let app = "app: shop\nconstructs:\n  repo: {type: Repository}\n";
    let files = [
        ("infra/b.yaml", CIRCLE),
        (
            "infra/a/x.template",
            "{\"Resources\": {\"A\": {\"Type\": \"AWS::CloudFormation::WaitConditionHandle\"}}}",
        ),
        ("infra/asi.yaml", app),
        ("infra/values.yaml", "app: web\nreplicas: 3\n"),
        ("infra/broken-chart.yaml", "metadata: {{ .Values.x }}\n  a: b: c\n"),
        ("infra/node_modules/c.yaml", CIRCLE),
    ];
    let run = validate(&["infra", "--format", "json"], &files);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let found: Vec<_> =
        json["files"].as_array().unwrap().iter().map(|it| it["file"].as_str().unwrap()).collect();
    assert_eq!(found, ["infra/a/x.template", "infra/asi.yaml", "infra/b.yaml"]);
    assert_eq!(json["findings"].as_array().unwrap().len(), 1);
    let run = validate(&["empty"], &[("empty/README.md", "")]);
    assert_eq!(run.exit, Exit::Input);
    golden("validate/folder-without-templates.txt", &run.out);
}

#[test]
fn what_is_generated_points_at_the_stack_file() {
    let stack = "app: shop\nconstructs:\n  repo:\n    type: Repository\n    overrides:\n      Resource: \
                 {Metadata: {asi: {acknowledge: {E9999: gone}}}}\n";
    let run = validate(&[], &[("asi.yaml", stack)]);
    golden("validate/generated.txt", &run.out);
    let synthesized = asi(&["synth"], MemoryFiles::with([("asi.yaml", stack.as_bytes())]));
    assert_eq!(synthesized.exit, Exit::Done);
    let findings = run.out.split("\n\n").next().unwrap();
    assert!(synthesized.err.starts_with(findings), "{}", synthesized.err);
    let unasked = asi(&["synth", "--no-validate"], MemoryFiles::with([("asi.yaml", stack.as_bytes())]));
    assert_eq!(unasked.err, "note: the template is not validated, because of --no-validate\n");
    assert_eq!(unasked.out, synthesized.out);
}

/// The same in two environments is told once, and each may have its own.
#[test]
fn a_stack_file_acknowledges_with_a_reason() {
    let stack = |of_construct: &str, of_stack: &str| {
        format!(
            "app: shop\n{of_stack}constructs:\n  repo:\n    type: Repository\n{of_construct}    overrides:\n      \
             Resource: {{Metadata: {{asi: {{acknowledge: {{E9999: gone}}}}}}}}\nenvironments: {{dev: {{}}, prod: {{}}}}\n"
        )
    };
    let found = |of_construct: &str, of_stack: &str, arguments: &[&str]| {
        let text = stack(of_construct, of_stack);
        validate(&[&["--format", "short"], arguments].concat(), &[("asi.yaml", &text)]).out
    };
    let warning =
        "asi.yaml:6:49: unused-acknowledgement `E9999` is acknowledged, and nothing of it is found\n";
    assert_eq!(found("", "", &[]), warning);
    assert_eq!(found("    acknowledge: {unused-acknowledgement: so be it}\n", "", &[]), "");
    assert_eq!(found("", "validate: {ignore: {unused: so be it}}\n", &[]), "");
    let idle = "asi.yaml:2:21: unused-acknowledgement `E3004` is acknowledged, and nothing of it is found\n";
    let (ignore, its_warning) = ("validate: {ignore: {E3004: never}}\n", warning.replace(":6:", ":7:"));
    assert_eq!(found("", ignore, &[]), format!("{idle}{its_warning}"));
    assert_eq!(found("", ignore, &["-e", "dev"]), its_warning, "another environment may need it");
    let strict = stack("", "validate: {failOn: warning}\n");
    assert_eq!(validate(&[], &[("asi.yaml", &strict)]).exit, Exit::No);
    assert_eq!(validate(&["--fail-on", "error"], &[("asi.yaml", &strict)]).exit, Exit::Done);
}

#[test]
fn an_assembly_is_validated_by_its_templates() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("validated-assembly");
    let _ = std::fs::remove_dir_all(&folder);
    let stack = folder.join("asi.yaml");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&stack, "app: shop\nconstructs:\n  repo: {type: Repository}\n").unwrap();
    let output = folder.join("cdk.out");
    let (stack, output) = (stack.to_str().unwrap(), output.to_str().unwrap());
    assert_eq!(asi(&["synth", "-f", stack, "-o", output], SystemFiles).exit, Exit::Done);
    let run = asi(&["validate", output, "--format", "json"], SystemFiles);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["files"][0]["file"], format!("{output}/shop.template.json"));
    assert_eq!(json["files"].as_array().unwrap().len(), 1, "{json}");
}
