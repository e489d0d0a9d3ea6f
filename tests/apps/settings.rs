//! `-a`, `cdk.json` and what an app is told: by apps that are a line for the shell.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::support::golden;

/// A project in a folder of its own, which is taken away at the end.
struct Project(PathBuf);

/// Writes an assembly with two stacks, and keeps what the app was told.
const APP: &str = r#"set -e
echo "from the app"
mkdir -p "$CDK_OUTDIR"
printf '%s' "$CDK_CONTEXT_JSON" > context.json
env > variables.txt
echo '{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}' > "$CDK_OUTDIR/t.json"
cat > "$CDK_OUTDIR/manifest.json" <<'END'
{"version": "36.0.0", "artifacts": {
  "Net": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}},
  "Web": {"type": "aws:cloudformation:stack", "dependencies": ["Net"], "displayName": "Prod/Web",
    "properties": {"templateFile": "t.json", "stackName": "web"}}}}
END
"#;

impl Project {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = env::temp_dir().join(format!("asi-app-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let folder = folder.canonicalize().unwrap();
        for (path, text) in files.iter().chain(&[("app.sh", APP)]) {
            fs::write(folder.join(path), text).unwrap();
        }
        Self(folder)
    }

    /// Runs the program in the folder, with no credentials and nothing of the CDK in its environment.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asi"));
        command.current_dir(&self.0).args(arguments).env_clear();
        command.envs(env::var_os("PATH").map(|it| ("PATH", it)));
        command.env("HOME", &self.0).env("AWS_EC2_METADATA_DISABLED", "true");
        command.envs(variables.iter().copied()).output().unwrap()
    }

    /// How a run ended, and what it printed.
    fn told(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, &[]);
        let text = |it: &[u8]| String::from_utf8_lossy(it).replace(self.0.to_str().unwrap(), "…");
        format!(
            "$ asi {}\n{}{}exit code {}\n",
            arguments.join(" "),
            text(&output.stdout),
            text(&output.stderr),
            output.status.code().unwrap()
        )
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    fn context(&self) -> Value {
        serde_json::from_str(&self.read("context.json")).unwrap()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_app_is_a_command_or_a_folder() {
    let project = Project::new("command", &[]);
    let story: String = [
        &["ls", "-a", "sh app.sh"][..],
        &["ls", "-a", "cdk.out"],
        &["ls", "-a", "cdk.out", "Prod/*"],
        &["ls", "-a", "cdk.out", "--json", "web"],
        &["ls", "-a", "cdk.out", "Prod/Wb"],
        &["synth", "-a", "cdk.out", "Net", "--format", "json"],
        &["synth", "-a", "cdk.out"],
        &["synth", "-a", "sh app.sh", "-q", "-o", "elsewhere"],
        &["ls", "-a", "elsewhere"],
        &["validate", "-a", "cdk.out"],
        &["diff", "elsewhere", "-a", "cdk.out", "Prod/Web"],
        &["diff", "--base", "main", "-a", "cdk.out"],
        &["deploy", "-a", "cdk.out"],
        &["destroy", "-a", "cdk.out"],
        &["ls", "-a", "exit 3"],
        &["ls", "-a", "no-such-program app"],
        &["ls", "-a", "true", "-c", "a"],
        &["ls"],
    ]
    .iter()
    .map(|it| project.told(it) + "\n")
    .collect();
    golden("apps/commands.txt", &story);
    let folders = fs::read_dir(&project.0).unwrap().map(|it| it.unwrap().path());
    let locks = folders.filter(|it| it.is_dir()).flat_map(|it| fs::read_dir(it).unwrap());
    let left = locks.filter(|it| it.as_ref().unwrap().path().extension().is_some_and(|it| it == "lock"));
    assert_eq!(left.count(), 0, "locks are taken away");
}

#[test]
fn an_app_of_cdk_json_is_run_where_there_is_no_stack_file() {
    let settings = r#"{
  "app": "sh app.sh",
  "build": "echo built > built.txt",
  "output": "there",
  "region": "eu-central-1",
  "versionReporting": false,
  "staging": false,
  "context": {"size": 3, "name": "file"}
}
"#;
    let project = Project::new(
        "settings",
        &[("cdk.json", settings), ("cdk.context.json", r#"{"looked": ["up"], "name": "cache"}"#)],
    );
    let run = project.run(&["ls", "-c", "size=4"], &[]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(String::from_utf8_lossy(&run.stdout), "Net\nProd/Web\n");
    assert_eq!(String::from_utf8_lossy(&run.stderr), "from the app\n");
    assert_eq!(project.read("built.txt"), "built\n");
    let expected = json!({
        "size": "4",
        "name": "file",
        "looked": ["up"],
        "aws:cdk:enable-path-metadata": true,
        "aws:cdk:enable-asset-metadata": true,
        "aws:cdk:disable-asset-staging": true,
        "aws:cdk:bundling-stacks": [],
        "@aws-cdk/core:failSynthOnValidationErrors": false,
    });
    assert_eq!(project.context(), expected);
    let variables = project.read("variables.txt");
    for line in [
        &*format!("CDK_OUTDIR={}/there", project.0.display()),
        "CDK_DEFAULT_REGION=eu-central-1",
        "CDK_CLI_ASM_VERSION=55.0.0",
        "CDK_VALIDATION=false",
        "PYTHONIOENCODING=utf-8",
    ] {
        assert!(variables.lines().any(|it| it == line), "{line} of\n{variables}");
    }
    assert!(!variables.contains("CDK_DEFAULT_ACCOUNT"), "nobody knows the account");
    project.run(&["validate"], &[]);
    assert_eq!(project.context()["aws:cdk:bundling-stacks"], json!(["**"]));
}

#[test]
fn what_is_wrong_with_an_app_of_cdk_json_points_into_it() {
    let broken =
        Project::new("broken", &[("cdk.json", "{\n  \"app\": \"exit 7\",\n  \"ouput\": \"x\"\n}\n")]);
    let unbuilt = Project::new(
        "unbuilt",
        &[("cdk.json", "{\"app\": \"true\",\n\"build\": \"exit 2\", \"plugin\": [\"x\"]}\n")],
    );
    let lazy = Project::new("lazy", &[("cdk.json", "{\"app\": \"true\"}\n")]);
    let unheard = Project::new(
        "unheard",
        &[("cdk.json", "{\"app\": \"sh app.sh\", \"requireApproval\": \"never\"}\n")],
    );
    let odd = Project::new("odd", &[("cdk.json", "{\"app\": {}, \"tags\": 1}\n")]);
    let story: String =
        [broken, unbuilt, lazy, unheard, odd].iter().map(|it| it.told(&["ls"]) + "\n").collect();
    golden("apps/broken.txt", &story);
}

#[test]
fn a_context_that_is_too_large_for_the_environment_goes_into_a_file() {
    let large = format!(
        r#"{{"app": "sh app.sh && cp $CONTEXT_OVERFLOW_LOCATION_ENV rest.json", "context": {{"large": "{}"}}}}"#,
        "x".repeat(200_000)
    );
    let project = Project::new("large", &[("cdk.json", &large)]);
    let run = project.run(&["ls"], &[]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(project.context(), json!({}));
    let rest: Value = serde_json::from_str(&project.read("rest.json")).unwrap();
    assert_eq!(rest["large"].as_str().unwrap().len(), 200_000);
    assert!(!project.0.join("cdk.out/.context.json").exists());
}

#[test]
fn a_folder_that_somebody_writes_is_left_alone() {
    let stack = "app: shop\nregion: eu-west-3\nconstructs: {repo: {type: Repository}}\n";
    let project = Project::new("locked", &[("stack.yaml", stack)]);
    project.run(&["ls", "-a", "sh app.sh"], &[]);
    let lock = project.0.join("cdk.out/synth.lock");
    fs::write(&lock, std::process::id().to_string()).unwrap();
    let pid = std::process::id().to_string();
    let told = [
        &["ls", "-a", "cdk.out"][..],
        &["ls", "-a", "sh app.sh"],
        &["synth", "-f", "stack.yaml", "-o", "cdk.out"],
    ];
    let story: String = told.iter().map(|it| project.told(it).replace(&pid, "N") + "\n").collect();
    golden("apps/locked.txt", &story);
    fs::write(&lock, "999999999").unwrap();
    assert!(project.run(&["ls", "-a", "cdk.out"], &[]).status.success(), "who has died holds no lock");
    assert!(!Path::new(&lock).exists());
}

#[cfg(feature = "aws")]
#[test]
fn whose_an_access_key_is_is_asked_once() {
    let server = crate::support::cloudformation::Server::start();
    let project = Project::new("account", &[]);
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIATESTER"),
        ("AWS_ENDPOINT_URL", &server.url()),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let account = || {
        let run = project.run(&["ls", "-a", "sh app.sh"], &variables);
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let variables = project.read("variables.txt");
        variables.lines().find_map(|it| it.strip_prefix("CDK_DEFAULT_ACCOUNT=")).map(str::to_owned)
    };
    assert_eq!(account().as_deref(), Some("123456789012"));
    assert_eq!(account().as_deref(), Some("123456789012"));
    assert_eq!(server.count("GetCallerIdentity"), 1);
    // The CDK's own CLI reads that, too.
    let kept: Value = serde_json::from_str(&project.read(".cdk/cache/accounts_partitions.json")).unwrap();
    assert_eq!(kept, json!({"AKIATESTER": {"accountId": "123456789012", "partition": "aws"}}));
    for broken in ["{", "[]", r#"{"AKIATESTER": {"accountId": 1}}"#] {
        fs::write(project.0.join(".cdk/cache/accounts_partitions.json"), broken).unwrap();
        assert_eq!(account().as_deref(), Some("123456789012"), "{broken}");
    }
    assert_eq!(server.count("GetCallerIdentity"), 4);
}
