//! The action of GitHub at the top of the repository, and the workflows that show how to use it.
//!
//! Its scripts are run here as a runner does it, with programs of these names that say what they are asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::support::{files, golden, read};
use asi::{cli, load};
use asi_constructs::kernel::{node::Node, span::Sources};

/// A document, by our own reader.
#[track_caller]
fn parsed(path: &str) -> Node {
    let (node, diagnostics) = load::document(&read(path), path, &mut Sources::default());
    assert!(diagnostics.is_empty(), "{path}: {diagnostics:#?}");
    node.unwrap_or_else(|| panic!("{path} is empty"))
}

fn keys(node: Option<&Node>) -> Vec<String> {
    node.and_then(Node::as_map).into_iter().flatten().map(|(key, _)| key.to_string()).collect()
}

fn text<'n>(node: &'n Node, key: &str) -> &'n str {
    node.get(key).and_then(Node::as_str).unwrap_or_default()
}

/// All that stands under a key, however deep.
fn all<'n>(node: &'n Node, key: &str, found: &mut Vec<&'n Node>) {
    found.extend(node.get(key));
    node.children().for_each(|it| all(it, key, found));
}

/// The steps of the action.
fn steps(action: &Node) -> &[Node] {
    action.get("runs").and_then(|it| it.get("steps")).and_then(Node::as_list).expect("an action has steps")
}

/// What stands between `${{` and `}}`.
fn expressions(text: &str) -> Vec<&str> {
    let parts = text.split("${{").skip(1);
    parts.map(|it| it.split("}}").next().expect("an expression ends").trim()).collect()
}

/// Whether bash can read a script.
#[track_caller]
fn assert_is_bash(name: &str, script: &str) {
    let mut child =
        Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_input_is_declared_and_used() {
    let action = parsed("action.yml");
    let declared: BTreeSet<String> = keys(action.get("inputs")).into_iter().collect();
    let text = read("action.yml");
    let used = expressions(&text).into_iter().filter_map(|it| it.strip_prefix("inputs."));
    let used: BTreeSet<String> = used.map(str::to_owned).collect();
    assert_eq!(declared, used);
    for (name, input) in action.get("inputs").and_then(Node::as_map).unwrap() {
        assert!(!self::text(&input.value, "description").is_empty(), "{name} says what it is");
        assert!(input.value.get("default").is_some(), "{name} has a default");
    }
}

#[test]
fn nothing_that_somebody_writes_becomes_part_of_a_script() {
    let mut documents = vec!["action.yml".to_owned()];
    let workflows = files("examples/workflows", ".yml");
    documents.extend(
        workflows.iter().map(|it| format!("examples/workflows/{}", it.file_name().unwrap().display())),
    );
    for path in documents {
        let document = parsed(&path);
        let mut scripts = Vec::new();
        all(&document, "run", &mut scripts);
        for script in scripts {
            let script = script.as_str().expect("a script is text");
            assert!(expressions(script).is_empty(), "{path}: {script}");
            assert_is_bash(&path, script);
        }
        let mut lists = Vec::new();
        all(&document, "script", &mut lists);
        all(&document, "before_script", &mut lists);
        for line in lists.into_iter().flat_map(Node::children) {
            assert_is_bash(&path, line.as_str().expect("a line of a script is text"));
        }
    }
}

#[test]
fn a_script_uses_the_variables_it_is_given() {
    for step in steps(&parsed("action.yml")) {
        let script = text(step, "run");
        let given: BTreeSet<String> = keys(step.get("env")).into_iter().collect();
        let names = script.split('$').skip(1).map(|it| {
            let it = it.trim_start_matches('{');
            let end = it.find(|it: char| !(it.is_ascii_uppercase() || it == '_')).unwrap_or(it.len());
            it[..end].to_owned()
        });
        let of_runner = |it: &String| it.starts_with("GITHUB_") || it.starts_with("RUNNER_") || it.is_empty();
        let used: BTreeSet<String> = names.filter(|it| given.contains(it) || !of_runner(it)).collect();
        // The program itself reads the token.
        let passed: BTreeSet<String> = given.into_iter().filter(|it| it != "GITHUB_TOKEN").collect();
        assert_eq!(used, passed, "{}", text(step, "name"));
    }
}

/// A folder of programs and files, for scripts.
struct Bench(PathBuf);

impl Bench {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("asi-action-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("programs")).unwrap();
        Self(folder)
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.0.join("programs").join(name);
        fs::write(&path, format!("#!/usr/bin/env bash\n{script}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a program in a folder below; what it prints, and how it ends.
    fn run(
        &self,
        folder: &str,
        program: &str,
        arguments: &[&str],
        variables: &BTreeMap<String, String>,
    ) -> (String, i32) {
        let path = format!("{}:{}", self.0.join("programs").display(), env::var("PATH").unwrap());
        let output = Command::new(program)
            .args(arguments)
            .current_dir(self.0.join(folder))
            .envs(variables)
            .env("PATH", path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (text.replace(&*self.0.to_string_lossy(), "BENCH"), output.status.code().unwrap_or(-1))
    }

    #[track_caller]
    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
        let (text, exit) = self.run(folder, "git", &[&identity, arguments].concat(), &BTreeMap::new());
        assert_eq!(exit, 0, "git {}: {text}", arguments.join(" "));
        text.trim().to_owned()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A step's script, and its variables: inputs have their defaults or what is given, and anything else is as given.
fn prepared(step: usize, given: &[(&str, &str)]) -> (String, BTreeMap<String, String>) {
    let action = parsed("action.yml");
    let value = |expression: &str| {
        let given = given.iter().find(|it| it.0 == expression).map(|it| it.1.to_owned());
        let default = expression.strip_prefix("inputs.").and_then(|it| action.get("inputs")?.get(it));
        given.unwrap_or_else(|| default.map_or_else(String::new, |it| text(it, "default").to_owned()))
    };
    let step = &steps(&action)[step];
    let declared = step.get("env").and_then(Node::as_map).unwrap();
    let mut variables: BTreeMap<String, String> = declared
        .iter()
        .map(|(name, it)| (name.to_string(), value(expressions(it.value.as_str().unwrap())[0])))
        .collect();
    let plain = given.iter().filter(|it| !it.0.contains('.'));
    variables.extend(plain.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    (text(step, "run").to_owned(), variables)
}

#[test]
fn it_asks_for_what_its_inputs_say() {
    let bench = Bench::new("run");
    bench.program("asi", "printf 'asi'; printf ' %q' \"$@\"; echo; exit ${ASI_EXIT:-0}");
    // A commit of the branch, and one that merges it into what the main branch has become meanwhile.
    fs::create_dir(bench.0.join("origin")).unwrap();
    bench.git("origin", &["init", "--quiet", "--initial-branch=main"]);
    bench.git("origin", &["commit", "--quiet", "--allow-empty", "-m", "before"]);
    bench.git("origin", &["checkout", "--quiet", "-b", "branch"]);
    bench.git("origin", &["commit", "--quiet", "--allow-empty", "-m", "change"]);
    bench.git("origin", &["checkout", "--quiet", "main"]);
    bench.git("origin", &["commit", "--quiet", "--allow-empty", "-m", "meanwhile"]);
    let main = bench.git("origin", &["rev-parse", "main"]);
    let stale = bench.git("origin", &["rev-parse", "main^"]);
    bench.git("origin", &["checkout", "--quiet", "-b", "merge"]);
    bench.git("origin", &["merge", "--quiet", "--no-ff", "-m", "merge", "branch"]);
    let url = format!("file://{}", bench.0.join("origin").display());
    bench.git(".", &["clone", "--quiet", "--depth=1", "--branch=merge", &url, "merge"]);
    bench.git(".", &["clone", "--quiet", "--depth=1", "--branch=branch", &url, "branch"]);
    let mut told = String::new();
    let mut scene = |title: &str, folder: &str, given: &[(&str, &str)]| {
        let usual = [
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("github.event.pull_request.head.repo.full_name", "acme/shop"),
            ("github.event.pull_request.base.sha", stale.as_str()),
            ("GITHUB_STEP_SUMMARY", "/dev/null"),
        ];
        let all: Vec<(&str, &str)> = given.iter().chain(&usual).copied().collect();
        let (script, mut variables) = prepared(1, &all);
        // What is given stands first, and `extend` takes the last.
        variables.extend(
            given.iter().filter(|it| !it.0.contains('.')).map(|it| (it.0.to_owned(), it.1.to_owned())),
        );
        let (text, exit) = bench.run(folder, "bash", &["-c", &script], &variables);
        let text = text.replace(&main, "MAIN").replace(&stale, "STALE");
        for line in text.lines().filter(|it| it.starts_with("asi ") && !it.contains('\\')) {
            let parsed = cli::command().try_get_matches_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
        let given: Vec<String> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        writeln!(told, "### {title}\n{}\n{text}→ {exit}\n", given.join("\n")).unwrap();
    };
    scene("a pull request", "merge", &[]);
    scene("a commit that merges nothing", "branch", &[]);
    scene("a base that is named", "merge", &[("inputs.base", "origin/merge")]);
    scene("no base", "branch", &[("github.event.pull_request.base.sha", "")]);
    scene(
        "with a threshold, of one environment",
        "merge",
        &[("inputs.environment", "prod"), ("inputs.file", "infra/asi.yaml"), ("inputs.fail-on", "danger")],
    );
    scene("a review says no", "merge", &[("inputs.fail-on", "danger"), ("ASI_EXIT", "1")]);
    scene(
        "online",
        "merge",
        &[("inputs.online", "true"), ("inputs.parameters", "ImageTag=1.2\nNote=two words\n")],
    );
    scene("from a fork", "merge", &[("github.event.pull_request.head.repo.full_name", "mallory/shop")]);
    scene(
        "after the review of a fork",
        "merge",
        &[
            ("GITHUB_EVENT_NAME", "workflow_run"),
            ("github.event.pull_request.head.repo.full_name", ""),
            ("github.event.pull_request.base.sha", ""),
            ("inputs.pull-request", "12"),
        ],
    );
    scene("what could be a script", "merge", &[("inputs.environment", "$(touch x); `touch y`\" '")]);
    scene("a deployment", "merge", &[("inputs.command", "deploy"), ("inputs.environment", "prod")]);
    scene(
        "one without a review",
        "merge",
        &[
            ("inputs.command", "deploy"),
            ("inputs.reviewed", "false"),
            ("inputs.role-arn", "arn:aws:iam::222222222222:role/x"),
        ],
    );
    scene("another command", "merge", &[("inputs.command", "destroy")]);
    assert!(!bench.0.join("merge/x").exists() && !bench.0.join("merge/y").exists());
    golden("post/action.txt", &told);
}

#[test]
fn it_installs_what_its_checksum_says() {
    let bench = Bench::new("install");
    fs::create_dir(bench.0.join("release")).unwrap();
    bench.program("uname", "if [ \"$1\" = -s ]; then echo Linux; else echo x86_64; fi");
    bench.program("cargo", "echo \"cargo $*\"; mkdir -p \"$RUNNER_TEMP/asi-target/release\"; echo built > \"$RUNNER_TEMP/asi-target/release/asi\"");
    // The last argument is the address, and `--output` names the file.
    bench.program(
        "curl",
        "url=${*: -1}; echo \"curl $url\" >&2; while [ $# -gt 1 ]; do if [ \"$1\" = --output ]; then exec cp \"$RELEASE/${url##*/}\" \"$2\"; fi; shift; done; exec cat \"$RELEASE/${url##*/}\"",
    );
    let release = bench.0.join("release");
    let archive = "asi-x86_64-unknown-linux-musl.tar.gz";
    fs::write(release.join("asi"), "released").unwrap();
    let (_, exit) = bench.run("release", "tar", &["-czf", archive, "asi"], &BTreeMap::new());
    assert_eq!(exit, 0);
    let sum = checksum(&release.join(archive));
    let other = sum.replace(|it: char| it.is_ascii_digit(), "0");
    fs::write(release.join(format!("{archive}.sha256")), format!("{sum}  {archive}\n")).unwrap();
    let mut told = String::new();
    let mut scene = |title: &str, given: &[(&str, &str)]| {
        let temporary = bench.0.join("temporary");
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir(&temporary).unwrap();
        let paths =
            [("RUNNER_TEMP", &temporary), ("RELEASE", &release), ("GITHUB_PATH", &temporary.join("path"))];
        let (script, mut variables) = prepared(0, given);
        variables.extend(paths.map(|(name, it)| (name.to_owned(), it.display().to_string())));
        variables.insert("GITHUB_SERVER_URL".to_owned(), "https://github.com".to_owned());
        variables.insert("GITHUB_REPOSITORY".to_owned(), "acme/shop".to_owned());
        let (text, exit) = bench.run(".", "bash", &["-c", &script], &variables);
        let installed =
            fs::read_to_string(temporary.join("asi-bin/asi")).unwrap_or_else(|_| "nothing".to_owned());
        let given: Vec<String> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let given = given.join("\n").replace(&sum, "ITS-SUM").replace(&other, "ANOTHER-SUM");
        writeln!(told, "### {title}\n{given}\n{text}→ {exit}, installed: {}\n", installed.trim()).unwrap();
    };
    let used = [
        ("github.action_repository", "acme/asi"),
        ("github.action_ref", "v0.1.0"),
        ("github.action_path", "/action"),
    ];
    let with = |more: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        more.iter().chain(&used).map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    let mut each = |title: &str, more: &[(&'static str, &str)]| {
        let all = with(more);
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        scene(title, &all);
    };
    each("the release that the action is used by", &[]);
    each("a branch of the action", &[("github.action_ref", "main")]);
    each(
        "the action in its own repository",
        &[("github.action_repository", ""), ("inputs.version", "v0.2.0")],
    );
    each("with a checksum", &[("inputs.checksum", &sum)]);
    each("with another checksum", &[("inputs.checksum", &other)]);
    each("with no checksum", &[("inputs.checksum", "deadbeef")]);
    each("no release", &[("inputs.version", "v1.0.0/../../evil")]);
    golden("post/install.txt", &told);
}

fn checksum(path: &Path) -> String {
    let program =
        if cfg!(target_os = "macos") { ("shasum", vec!["-a", "256"]) } else { ("sha256sum", vec![]) };
    let output = Command::new(program.0).args(program.1).arg(path).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

#[test]
fn the_workflows_use_what_there_is() {
    let declared: BTreeSet<String> = keys(parsed("action.yml").get("inputs")).into_iter().collect();
    let mut steps = 0;
    for path in files("examples/workflows", "") {
        let name = format!("examples/workflows/{}", path.file_name().unwrap().display());
        let workflow = parsed(&name);
        let is_gitlab = name.ends_with("gitlab-ci.yml");
        assert!(is_gitlab || workflow.get("permissions").is_some(), "{name} says what its token may do");
        let mut lists = Vec::new();
        all(&workflow, "steps", &mut lists);
        for step in lists.into_iter().flat_map(Node::children) {
            if text(step, "uses").starts_with("OWNER/asi@") {
                let given: BTreeSet<String> = keys(step.get("with")).into_iter().collect();
                assert!(given.is_subset(&declared), "{name}: {given:?}");
                steps += 1;
            }
        }
        let mut scripts = Vec::new();
        all(&workflow, "script", &mut scripts);
        for line in scripts.into_iter().flat_map(Node::children).filter_map(Node::as_str) {
            if line.starts_with("asi ") {
                let parsed = cli::command().try_get_matches_from(line.split(' '));
                assert!(parsed.is_ok(), "{name}: {line}: {}", parsed.unwrap_err());
                steps += 1;
            }
        }
    }
    assert_eq!(steps, 5, "each shows a use of asi");
}
