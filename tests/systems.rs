//! The five systems of `examples/`, deployed from nothing to an account of an emulator, changed, broken and deleted: what
//! somebody reads who does that, as `snapshots/systems/`.

use asi::{
    cli::Exit,
    world::{Access, MemoryFiles, World},
};

use crate::support::{
    access, golden,
    ministack::Ministack,
    read,
    redact::{redact, screen},
    run,
    terminal::run_at_terminal,
    world,
};

/// A resource that cannot be made.
const FAULT: &str =
    "Broken: {Type: Asi::Test::Fault, Properties: {FailOn: [create], Reason: there is no more of it}}";

/// The account of whoever does not say which.
const ACCOUNT: &str = "000000000000";

/// Somebody with a stack file and an account, and what they have typed and read.
struct Session {
    text: String,
    access: Access,
    transcript: String,
    ministack: Ministack,
}

impl Session {
    /// With the stack file of an example, and an account in which nothing is deployed; or says that the test is skipped.
    #[track_caller]
    fn start(system: &str) -> Option<Self> {
        let ministack = Ministack::start(system)?;
        let access = access(&ministack.endpoint());
        let text = read(&format!("examples/{system}/asi.yaml"));
        Some(Self { text, access, transcript: String::new(), ministack })
    }

    fn world(&self) -> World {
        let files = MemoryFiles::with([("asi.yaml", self.text.as_bytes())]);
        World { access: self.access.clone(), ..world(files) }
    }

    /// Types a command, which ends so.
    #[track_caller]
    fn asi(&mut self, line: &str, expected: Exit) {
        self.asi_in(&self.world(), line, expected);
    }

    #[track_caller]
    fn asi_in(&mut self, world: &World, line: &str, expected: Exit) {
        let (exit, printed) = run_at_terminal(&line.split(' ').collect::<Vec<_>>(), world);
        let code = if exit == Exit::Done { String::new() } else { format!("[exit {}]\n", exit as u8) };
        // What is typed stands on the screen, too.
        let answer = if world.is_interactive { (world.read_line)().unwrap() } else { String::new() };
        let seen = screen(&printed.replace("[y/N] ", &format!("[y/N] {answer}")));
        self.transcript += &format!("$ asi {line}\n{seen}{code}\n");
        assert_eq!(exit, expected, "{}", self.transcript);
    }

    /// Changes some lines of the stack file.
    #[track_caller]
    fn edit(&mut self, old: &str, new: &str) {
        assert!(self.text.matches(old).count() == 1, "`{old}` is not there once");
        self.text = self.text.replace(old, new);
        let lines = |sign: &str, text: &str, other: &str| -> String {
            let differing = text.lines().filter(|it| !other.lines().any(|other| other == *it));
            differing.flat_map(|it| [sign, " ", it, "\n"]).collect()
        };
        self.transcript += &format!("# asi.yaml\n{}{}\n", lines("-", old, new), lines("+", new, old));
    }

    /// Does something without `asi`.
    fn remark(&mut self, what: &str) {
        self.transcript += &format!("# {what}\n\n");
    }

    /// Makes the bucket that `asi bootstrap` makes.
    #[track_caller]
    fn make_bucket(&mut self, region: &str) {
        let bucket = format!("cdk-hnb659fds-assets-{ACCOUNT}-{region}");
        let place = format!("<LocationConstraint>{region}</LocationConstraint>");
        let body = format!("<CreateBucketConfiguration>{place}</CreateBucketConfiguration>");
        self.ministack.ask(&format!("{ACCOUNT}/{region}/s3"), &format!("PUT /{bucket}"), None, &body);
        self.remark(&format!("there is a bucket `{bucket}`"));
    }

    /// Has somebody keep what is in a log group for another time.
    #[track_caller]
    fn change_retention(&mut self, region: &str, stack: &str, log_group: &str, days: u16) {
        let body = format!(
            "Action=DescribeStackResource&Version=2010-05-15&StackName={stack}&LogicalResourceId={log_group}"
        );
        let scope = |service: &str| format!("{ACCOUNT}/{region}/{service}");
        let found = self.ministack.ask(&scope("cloudformation"), "POST /", None, &body);
        let id = found.split("PhysicalResourceId>").nth(1).unwrap().trim_end_matches("</");
        let body = format!(r#"{{"logGroupName": "{id}", "retentionInDays": {days}}}"#);
        let target = Some("Logs_20140328.PutRetentionPolicy");
        self.ministack.ask(&scope("logs"), "POST /", target, &body);
        self.remark(&format!("somebody sets the retention of {log_group} to {days} days in the console"));
    }

    /// Looks at what a deployment has left, and deploys it again, with nothing to do.
    #[track_caller]
    fn look(&mut self, environment: &str, deploy: &str) {
        self.asi(&format!("outputs -e {environment}"), Exit::Done);
        self.asi(&format!("status -e {environment}"), Exit::Done);
        self.asi(deploy, Exit::Done);
    }

    /// Deploys what cannot be made, and looks at what is there and what is still to do.
    #[track_caller]
    fn fail(&mut self, environment: &str, deploy: &str) {
        self.asi(deploy, Exit::No);
        self.asi(&format!("status -e {environment}"), Exit::Done);
        self.asi(&format!("diff -e {environment}"), Exit::Done);
        self.asi(&format!("drift -e {environment}"), Exit::Done);
    }

    /// Deletes an environment.
    #[track_caller]
    fn destroy(&mut self, environment: &str) {
        self.asi(&format!("destroy -e {environment} --concurrency 1 --yes"), Exit::Done);
        self.asi(&format!("status -e {environment}"), Exit::Done);
    }

    /// Deploys an environment and deletes it again, whatever that prints.
    #[track_caller]
    fn come_and_go(&mut self, environment: &str, parameters: &[&str]) {
        for command in [&["deploy", "-e", environment, "--yes"], &["destroy", "-e", environment, "--yes"]] {
            let parameters = if command[0] == "deploy" { parameters } else { &[] };
            let ran = run(&[command.as_slice(), parameters].concat(), &self.world());
            assert_eq!(ran.exit, Exit::Done, "{environment}: {}", ran.err);
        }
    }

    /// Compares what was typed and read with the file of that name.
    #[track_caller]
    fn golden(&self, name: &str) {
        golden(&format!("systems/{name}.txt"), &redact(&self.transcript));
    }
}

#[test]
fn stell() {
    const CONNECTION: &str = "Connection=arn:aws:codeconnections:us-west-2:000000000000:connection/1111";
    let Some(mut person) = Session::start("pipeline-mini-project") else { return };
    person.asi("diff -e dev", Exit::Done);
    person.asi(&format!("deploy -e dev --parameter {CONNECTION}"), Exit::No);
    person.asi("status -e dev", Exit::Done);
    person.asi(&format!("deploy -e dev --parameter {CONNECTION} --yes"), Exit::Done);
    person.look("dev", "deploy -e dev");
    person.edit("    memory: 512MB\n", "    memory: 1GB\n");
    person.asi("diff -e dev", Exit::Done);
    person.asi("deploy -e dev --yes", Exit::Done);
    person.edit("\nconstructs:\n", &format!("\nresources:\n  {FAULT}\nconstructs:\n"));
    person.fail("dev", "deploy -e dev --yes");
    person.change_retention("us-west-2", "flask-dev", "appTaskDefflaskLogGroup4236DB29", 7);
    person.asi("drift -e dev --fail", Exit::No);
    person.destroy("dev");
    person.golden("stell");
    person.edit(&format!("\nresources:\n  {FAULT}\n"), "\n");
    person.come_and_go("stage", &["--parameter", CONNECTION]);
    person.make_bucket("us-west-2");
    person.come_and_go("prod", &["--parameter", CONNECTION]);
}

#[test]
fn alius() {
    let Some(mut person) = Session::start("alius-simplex") else { return };
    person.asi("diff -e prod", Exit::Done);
    person.asi("deploy -e prod", Exit::No);
    person.asi("status -e prod", Exit::Done);
    person.asi("deploy -e prod --yes", Exit::Done);
    person.look("prod", "deploy -e prod");
    person.edit("health: {path: /, interval", "health: {path: /healthy, interval");
    person.asi("diff -e prod", Exit::Done);
    person.asi("deploy -e prod --yes", Exit::Done);
    person.edit("\nconstructs:\n", &format!("\nresources:\n  {FAULT}\nconstructs:\n"));
    person.fail("prod", "deploy -e prod --yes");
    person.destroy("prod");
    person.golden("alius");
    person.edit(&format!("\nresources:\n  {FAULT}\n"), "\n");
    person.come_and_go("staging", &[]);
}

#[test]
fn art() {
    let Some(mut person) = Session::start("art-service") else { return };
    person.asi("diff -e prod", Exit::Input);
    person.remark("the credentials are of account 222222222222 from here on");
    person.access.account = Some("222222222222".to_owned());
    person.asi("diff -e prod", Exit::Done);
    person.asi("deploy -e prod --require-approval any-change --concurrency 1", Exit::No);
    person.asi("status -e prod", Exit::Done);
    person.asi("deploy -e prod --concurrency 1 --yes", Exit::Done);
    person.look("prod", "deploy -e prod --concurrency 1");
    person.asi("diff -e prod --parameter SourcingTag=1.1.0", Exit::Done);
    person.asi("deploy -e prod --concurrency 1 --parameter SourcingTag=1.1.0 --yes", Exit::Done);
    person.edit(
        "  services:\n    parameters:\n",
        &format!("  services:\n    resources:\n      {FAULT}\n    parameters:\n"),
    );
    person.fail("prod", "deploy -e prod --concurrency 1");
    person.destroy("prod");
    person.golden("art");
    person.edit(&format!("    resources:\n      {FAULT}\n"), "");
    person.access.account = None;
    person.come_and_go("staging", &[]);
}

#[test]
fn citrus() {
    const ADMINISTRATOR: &str = "Administrator=arn:aws:iam::000000000000:role/admin";
    let Some(mut person) = Session::start("citrusbyte") else { return };
    person.asi("diff -e prod", Exit::Done);
    person.asi("deploy -e prod", Exit::Input);
    person.asi("status -e prod", Exit::Done);
    person.asi(&format!("deploy -e prod --concurrency 1 --parameter {ADMINISTRATOR} --yes"), Exit::Done);
    person.look("prod", "deploy -e prod --concurrency 1");
    person.edit(
        "      cluster: {count: {min: 6, max: 18, desired: 12}}\n",
        "      cluster: {count: {min: 6, max: 24, desired: 12}}\n",
    );
    person.asi("diff -e prod", Exit::Done);
    person
        .asi("deploy -e prod --concurrency 1 --parameter citrus-prod-app:ImageTag=v0.0.2 --yes", Exit::Done);
    person.edit("      RegistryLogin:\n", &format!("      {FAULT}\n      RegistryLogin:\n"));
    person.fail("prod", "deploy -e prod --concurrency 1");
    person.destroy("prod");
    person.golden("citrus");
    person.edit(&format!("      {FAULT}\n"), "");
    person.come_and_go("dev", &["--parameter", ADMINISTRATOR]);
}

#[test]
fn jubilant() {
    const CONNECTION: &str = "Connection=arn:aws:codeconnections:eu-west-3:000000000000:connection/1111";
    let Some(mut person) = Session::start("jubilant-happiness") else { return };
    person.asi("diff -e prod", Exit::Done);
    person.asi("deploy -e prod --yes", Exit::Input);
    person.asi(&format!("deploy -e prod --parameter {CONNECTION} --yes"), Exit::Input);
    person.asi("status -e prod", Exit::Done);
    person.make_bucket("eu-west-3");
    person.asi(&format!("deploy -e prod --parameter {CONNECTION} --yes"), Exit::Done);
    person.look("prod", "deploy -e prod");
    person.asi("diff -e prod --parameter ImageTag=0123abc", Exit::Done);
    person.asi("diff -e prod --parameter ImageTag=0123abc --method change-set", Exit::Done);
    person.asi("deploy -e prod --parameter ImageTag=0123abc", Exit::Done);
    person.edit("    health: /\n", "    health: /healthy\n");
    person.edit("\nconstructs:\n", &format!("\nresources:\n  {FAULT}\nconstructs:\n"));
    person.fail("prod", "deploy -e prod --yes");
    person.destroy("prod");
    person.golden("jubilant");
    person.edit(&format!("\nresources:\n  {FAULT}\n"), "\n");
    person.come_and_go("staging", &["--parameter", CONNECTION]);
    person.come_and_go("github", &[]);
    let network = ["--parameter", "Vpc=vpc-00000001", "--parameter", "Subnets=subnet-1,subnet-2"];
    person.come_and_go("default-vpc", &[&["--parameter", CONNECTION], network.as_slice()].concat());
}

#[test]
fn whoever_is_there_is_asked() {
    let Some(mut person) = Session::start("alius-simplex") else { return };
    let says_no = World { is_interactive: true, read_line: || Ok("\n".to_owned()), ..person.world() };
    person.asi_in(&says_no, "deploy -e staging", Exit::No);
    person.asi("status -e staging", Exit::Done);
    let says_yes = World { is_interactive: true, read_line: || Ok("y\n".to_owned()), ..person.world() };
    person.asi_in(&says_yes, "deploy -e staging", Exit::Done);
    person.asi_in(&says_no, "destroy -e staging", Exit::No);
    person.asi_in(&says_yes, "destroy -e staging", Exit::Done);
    person.golden("asked");
}
