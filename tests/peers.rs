//! What other programs say of what we write: cfn-lint, cloudformation-validate, PyYAML, a JSON Schema validator.
//!
//! `tests/run` installs them, says where they are, and lets no test be skipped (`ASI_TEST_REQUIRE=1`); without it
//! these tests say that they are skipped.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{asi, peer::peer, root};
use asi::world::SystemFiles;
use asi_constructs::CATALOGUE;

/// A stack that is synthesized.
struct Stack {
    name: String,
    text: String,
    /// Whether it is one of several that the text has, and is told by its name.
    is_one_of_several: bool,
}

/// Every stack of the examples, in each environment, and of the examples of the constructs.
fn stacks() -> Vec<Stack> {
    let mut stacks: Vec<Stack> = CATALOGUE
        .iter()
        .map(|it| Stack { name: it.kind.to_owned(), text: it.example.to_owned(), is_one_of_several: false })
        .collect();
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let file = entry.unwrap().path().join("asi.yaml");
        // There are workflows for CI, too.
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let listed = asi(&["ls", "-f", file.to_str().unwrap()], SystemFiles).out;
        stacks.extend(listed.lines().map(|it| Stack {
            name: it.to_owned(),
            text: text.clone(),
            is_one_of_several: true,
        }));
    }
    stacks.sort_by(|a, b| a.name.cmp(&b.name));
    stacks
}

/// A folder for what a test writes.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Writes every stack's template in both forms into a folder.
fn write_templates(folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    stacks()
        .into_iter()
        .map(|Stack { name, text, is_one_of_several }| {
            let file = folder.join(format!("{name}.asi.yaml"));
            fs::write(&file, text).unwrap();
            let synthesize = |format: &str| {
                let mut arguments = vec!["synth", "-f", file.to_str().unwrap(), "--format", format];
                arguments.extend(is_one_of_several.then_some(name.as_str()));
                let run = asi(&arguments, SystemFiles);
                assert_eq!(run.err, "", "{name}");
                let path = folder.join(format!("{name}.template.{format}"));
                fs::write(&path, run.out).unwrap();
                path
            };
            (synthesize("yaml"), synthesize("json"))
        })
        .collect()
}

#[test]
fn cfn_lint_has_nothing_to_say() {
    let Some(python) = peer("ASI_TEST_PYTHON", "cfn-lint") else { return };
    let templates = write_templates(&folder("cfn-lint"));
    let mut command = Command::new(python.with_file_name("cfn-lint"));
    command.args(["--regions", "us-east-1", "us-west-2", "--include-checks", "W", "--"]);
    command.args(templates.iter().map(|(yaml, _)| yaml));
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(templates.len() > CATALOGUE.len());
}

#[test]
fn cloudformation_validate_has_nothing_to_say() {
    let Some(python) = peer("ASI_TEST_PYTHON", "cloudformation-validate") else { return };
    let templates = write_templates(&folder("cloudformation-validate"));
    let script = root().join("tests/python/validate_with_aws.py");
    let run = |files: &[&Path]| {
        let output = Command::new(&python).arg(&script).args(files).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let files: Vec<&Path> = templates.iter().map(|(yaml, _)| yaml.as_path()).collect();
    assert_eq!(run(&files), "");
    // It speaks where there is something to say.
    let bad = root().join("tests/templates/bad/E3002-s3-bucket-encryption-misspelt.yaml");
    assert_ne!(run(&[&bad]), "");
}

#[test]
fn pyyaml_reads_the_same_from_yaml_and_json() {
    let Some(python) = peer("ASI_TEST_PYTHON", "PyYAML") else { return };
    let templates = write_templates(&folder("pyyaml"));
    let mut command = Command::new(python);
    command.arg(root().join("tests/python/same_template.py"));
    for (yaml, json) in &templates {
        command.args([yaml, json]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.trim(), format!("{} templates are the same", templates.len()));
}

#[test]
fn the_published_schema_takes_every_stack_file_and_refuses_a_typo() {
    let Some(python) = peer("ASI_TEST_PYTHON", "JSON Schema") else { return };
    let folder = folder("schema");
    fs::write(folder.join("asi.schema.json"), asi(&["schema"], SystemFiles).out).unwrap();
    let mut command = Command::new(python);
    command.arg(root().join("tests/python/check_schema.py")).arg(folder.join("asi.schema.json"));
    for Stack { name, text, .. } in stacks() {
        let file = folder.join(format!("{name}.asi.yaml"));
        fs::write(&file, text).unwrap();
        command.arg(file);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn findings_are_sarif_and_test_results_to_their_readers() {
    let Some(python) = peer("ASI_TEST_PYTHON", "SARIF") else { return };
    let Some(schema) = peer("ASI_TEST_SARIF", "SARIF") else { return };
    let folder = folder("findings");
    let template = root().join("tests/validate/formats.yaml");
    let written = ["sarif", "junit"].map(|format| {
        let run = asi(&["validate", "--format", format, template.to_str().unwrap()], SystemFiles);
        let path = folder.join(format);
        fs::write(&path, run.out).unwrap();
        path
    });
    let output = Command::new(python)
        .arg(root().join("tests/python/check_findings.py"))
        .arg(schema)
        .args(written)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, "3 results, 3 cases\n", "{}", String::from_utf8_lossy(&output.stderr));
}
