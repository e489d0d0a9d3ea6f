//! The program itself: files are saved, and it is ended by Ctrl-C.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use super::Project;

const SHOP: &str = "app: shop\nresources:\n  Jobs: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 2}}\n";

/// `asi watch` in a folder.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(project: &Project, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asi"));
        command.current_dir(&project.0).arg("watch").args(arguments).env("HOME", &project.0);
        command.env("AWS_EC2_METADATA_DISABLED", "true").env_remove("AWS_ACCESS_KEY_ID");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let out = child.stdout.take().unwrap();
        let err = child.stderr.take().unwrap();
        let tell = sender.clone();
        thread::spawn(move || BufReader::new(out).lines().for_each(|it| drop(tell.send(it.unwrap()))));
        thread::spawn(move || BufReader::new(err).lines().for_each(|it| drop(sender.send(it.unwrap()))));
        Self { child, lines }
    }

    /// Waits for a line with this in it.
    #[track_caller]
    fn waits_for(&self, part: &str) {
        let mut told = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_mins(1)) {
            told.push(line);
            if told.last().unwrap().contains(part) {
                return;
            }
        }
        panic!("no line has `{part}`: {told:#?}");
    }

    /// Presses Ctrl-C, and waits for the end; gives the exit code.
    fn ends(mut self) -> Option<i32> {
        Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_file_that_is_saved_is_told_of_and_ctrl_c_ends_the_watch() {
    let project = Project::new("process", &[("asi.yaml", SHOP)]);
    let running = Running::start(&project, &[]);
    running.waits_for("1 stack with 1 resource synthesized and validated in ");
    // As editors do it.
    project.write("asi.yaml.new", &SHOP.replace('2', "3"));
    fs::rename(project.path("asi.yaml.new"), project.path("asi.yaml")).unwrap();
    running.waits_for("asi.yaml changed");
    running.waits_for("synthesized, validated and diffed in ");
    project.write("asi.yaml", &SHOP.replace("Queue", "Quue"));
    running.waits_for("error[");
    running.waits_for("the watch goes on");
    assert_eq!(running.ends(), Some(0));
}

#[test]
fn the_files_of_an_app_are_watched_and_it_is_run_again() {
    let app = r#"mkdir -p "$CDK_OUTDIR"
cp lib/template.json "$CDK_OUTDIR/t.json"
cp lib/template.json lib/copy.json
echo '{"version": "36.0.0", "artifacts": {
  "Net": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}}}' > "$CDK_OUTDIR/manifest.json"
"#;
    let template =
        r#"{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 2}}}}"#;
    let files = [
        ("app.sh", app),
        ("lib/template.json", template),
        ("cdk.json", r#"{"app": "sh app.sh", "watch": {"exclude": ["notes"]}}"#),
    ];
    let project = Project::new("app", &files);
    let running = Running::start(&project, &[]);
    running.waits_for("watching the files of the app of `cdk.json`");
    running.waits_for("1 stack with 1 resource synthesized");
    project.write("notes/a", "a");
    project.write("lib/template.json", &template.replace('2', "7"));
    running.waits_for("DelaySeconds");
    running.waits_for("diffed in ");
    project.write("lib/deep/a", "a");
    running.waits_for("lib/deep");
    running.waits_for("no differences");
    project.write("app.sh", "exit 3\n");
    running.waits_for("error[app-failed]");
    running.waits_for("the watch goes on");
    assert_eq!(running.ends(), Some(0));
}
