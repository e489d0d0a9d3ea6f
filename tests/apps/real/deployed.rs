//! The life of each app beside the CDK's CLI: either deploys it to an account of an emulator, deploys its second state, and
//! deletes it. Each time the same is there, and stacks that need others have waited for them.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
};

use aws_sdk_cloudformation::{
    Client,
    types::{Stack, TemplateStage},
};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::Copy;
use crate::support::{ministack::Ministack, root};

/// The apps, the account of each, the regions its stacks are in, and what is said on the command line.
const APPS: &[(&str, &str, &[&str], &[&str])] = &[
    ("system", "333344445555", &["us-east-1"], &[]),
    ("web", "000000000001", &["us-east-1"], &[]),
    ("stages", "444455556666", &["us-east-1", "eu-west-1"], &[]),
    ("references", "222233334444", &["eu-west-1"], &[]),
    ("names", "000000000002", &["us-east-1"], &[]),
    ("python", "000000000003", &["us-east-1"], &[]),
    ("aspects", "000000000004", &["us-east-1"], &[]),
    ("assets", "000000000005", &["us-east-1"], &[]),
    ("context", "000000000006", &["us-east-1"], &[]),
    ("custom", "000000000007", &["us-east-1"], &["--parameters", "Provider=arn:aws:sns:us-east-1:1:made"]),
    ("lookups", "111122223333", &["us-east-1"], &[]),
    ("nested", "000000000008", &["us-east-1"], &[]),
    ("policy", "000000000009", &["us-east-1"], &[]),
];

/// How many apps live at the same time.
const AT_ONCE: usize = 3;

/// An account in an emulator, and an app that is deployed to it.
struct Account<'a> {
    ministack: &'a Ministack,
    copy: &'a Copy,
    id: &'a str,
    regions: &'a [&'a str],
}

/// What there is in an account, each thing by what it is called: of stacks what CloudFormation says of them, and what lies in
/// the buckets of the bootstrap, with the sum of what is not packed.
type Contents = BTreeMap<String, String>;

impl Account<'_> {
    /// Runs a program for this account, which says all that it does.
    fn run(&self, program: &Path, arguments: &[&str]) -> String {
        let (endpoint, docker) = (self.ministack.endpoint(), self.copy.folder.join("docker"));
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", self.id),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("CDK_DOCKER", docker.to_str().unwrap()),
        ];
        let (out, err) = self.copy.run_with(program, arguments, &variables);
        out + &err
    }

    fn asi(&self, arguments: &[&str]) -> String {
        self.run(Path::new(env!("CARGO_BIN_EXE_asi")), arguments)
    }

    fn cdk(&self, arguments: &[&str]) -> String {
        self.run(&self.copy.cdk, &[arguments, &["--no-notices", "--no-color"]].concat())
    }

    /// Makes what deployments need.
    fn bootstrap(&self) {
        for region in self.regions {
            self.asi(&["bootstrap", &format!("aws://{}/{region}", self.id), "--yes"]);
        }
    }

    fn contents(&self, runtime: &Runtime) -> Contents {
        let mut contents = Contents::new();
        for region in self.regions {
            let client = self.ministack.cloudformation(self.id, region);
            contents.extend(runtime.block_on(stacks(&client, region, &self.ministack.endpoint())));
            let bucket = format!("cdk-hnb659fds-assets-{}-{region}", self.id);
            let request = format!("GET /{bucket}?list-type=2");
            let listed = self.ministack.ask(&format!("{}/{region}/s3", self.id), &request, None, "");
            for object in listed.split("<Contents>").skip(1) {
                let field = |name: &str| {
                    let value = object.split_once(&format!("<{name}>")).unwrap().1;
                    value.split_once('<').unwrap().0.to_owned()
                };
                let key = field("Key");
                let is_packed = Path::new(&key).extension().is_some_and(|it| it == "zip");
                let sum = if is_packed { String::new() } else { field("ETag") };
                contents.insert(format!("{bucket}/{key}"), sum);
            }
        }
        contents
    }
}

/// What CloudFormation says of the stacks of a region, with logical ids in place of names that are made up.
async fn stacks(client: &Client, region: &str, endpoint: &str) -> Contents {
    let stacks = client.describe_stacks().send().await.unwrap().stacks.unwrap();
    let stacks: Vec<Stack> = stacks.into_iter().filter(|it| it.stack_name() != Some("CDKToolkit")).collect();
    let mut made_up = vec![(endpoint.rsplit(':').next().unwrap().to_owned(), "PORT".to_owned())];
    let mut found: Vec<(String, String)> = Vec::new();
    for stack in &stacks {
        let name = stack.stack_name().unwrap();
        let resources = client.list_stack_resources().stack_name(name).send().await.unwrap();
        for it in resources.stack_resource_summaries() {
            let (id, made) =
                (it.logical_resource_id().unwrap(), it.physical_resource_id().unwrap_or_default());
            // The name of a nested stack, which stands in its ARN.
            let nested = made.split(":stack/").nth(1).and_then(|it| it.split('/').next());
            made_up
                .extend([Some(made), nested].into_iter().flatten().map(|it| (it.to_owned(), id.to_owned())));
            let status = it.resource_status().unwrap();
            found.push((format!("{name} {id}"), format!("{} {status}", it.resource_type().unwrap())));
        }
        let request = client.get_template().stack_name(name).template_stage(TemplateStage::Original);
        let template: Value =
            serde_json::from_str(&request.send().await.unwrap().template_body.unwrap()).unwrap();
        found.push((format!("{name} template"), template.to_string()));
        found.push((format!("{name} status"), stack.stack_status().unwrap().to_string()));
        found.push((format!("{name} protection"), format!("{:?}", stack.enable_termination_protection())));
        let parameters = stack.parameters().iter().map(|it| (it.parameter_key(), it.parameter_value()));
        let tags = stack.tags().iter().map(|it| (it.key(), it.value()));
        let outputs = stack.outputs().iter().map(|it| (it.output_key(), it.output_value()));
        for (key, value) in parameters.chain(tags).chain(outputs) {
            found.push((format!("{name} {}", key.unwrap()), value.unwrap_or_default().to_owned()));
        }
    }
    made_up.retain(|(made, _)| !made.is_empty());
    // What holds another comes first.
    made_up.sort_by_key(|(made, _)| std::cmp::Reverse(made.len()));
    let plain = |text: &str| {
        made_up.iter().fold(text.to_owned(), |text, (made, id)| text.replace(made, &format!("<{id}>")))
    };
    // The name of a load balancer ends with something that is its own.
    let unnamed = |text: &str| match text.split_once(&format!(".{region}.elb.")) {
        Some((name, _)) => name.rsplit_once('-').unwrap().0.to_owned(),
        None => plain(text),
    };
    let named = |(what, value): &(String, String)| (format!("{region} {}", plain(what)), unnamed(value));
    found.iter().map(named).collect()
}

/// In which lines a run speaks of what becomes of each of these stacks: the first, and the last.
fn worked_on(said: &str, needs: &Needs) -> BTreeMap<String, (usize, usize)> {
    let mut found: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (at, line) in said.lines().enumerate() {
        let words: Vec<&str> = line.split([' ', '|']).filter(|it| !it.is_empty()).collect();
        let Some(kind) = words.iter().position(|it| *it == "AWS::CloudFormation::Stack") else { continue };
        let Some(name) = words.get(kind + 1).filter(|it| needs.contains_key(**it)) else { continue };
        found.entry((*name).to_owned()).or_insert((at, at)).1 = at;
    }
    found
}

/// What stacks need, by the names CloudFormation knows them by.
type Needs = BTreeMap<String, Vec<String>>;

fn needs(copy: &Copy) -> Needs {
    let listed: Value = serde_json::from_str(&copy.asi(&["ls", "-a", "ours", "--json"])).unwrap();
    let stacks = listed["stacks"].as_array().unwrap();
    let name = |it: &Value| it["stack_name"].as_str().unwrap().to_owned();
    let named = |path: &Value| name(stacks.iter().find(|it| it["name"] == *path).unwrap());
    let needed = |it: &Value| it["needs"].as_array().unwrap().iter().map(named).collect();
    stacks.iter().map(|it| (name(it), needed(it))).collect()
}

/// Both work on the same stacks, and on none before those it has to wait for.
#[track_caller]
fn check_order(app: &str, theirs: &str, ours: &str, needs: &Needs, is_deletion: bool) {
    let (by_cdk, by_asi) = (worked_on(theirs, needs), worked_on(ours, needs));
    let names = |it: &BTreeMap<String, (usize, usize)>| it.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&by_asi), names(&by_cdk), "{app}: {ours}\n{theirs}");
    assert!(!by_asi.is_empty(), "{app}: {ours}");
    for (tool, found, said) in [("cdk", by_cdk, theirs), ("asi", by_asi, ours)] {
        for (user, needed) in needs.iter().flat_map(|(user, it)| it.iter().map(move |it| (user, it))) {
            let (first, then) = if is_deletion { (user, needed) } else { (needed, user) };
            let (Some(first), Some(then)) = (found.get(first), found.get(then)) else { continue };
            assert!(first.1 < then.0, "{app}: {tool}, {user} needs {needed}: {said}");
        }
    }
}

/// Deploys an app, changes it and deletes it by either tool, each in a `MiniStack` of its own.
fn live([theirs, ours]: [&Ministack; 2], (app, id, regions, told): (&str, &str, &[&str], &[&str])) {
    let Some(copy) = Copy::of(app, "deployed") else { return };
    fs::copy(root().join("tests/publish/docker"), copy.folder.join("docker")).unwrap();
    copy.asi(&["synth", "-q", "--output", "ours"]);
    copy.asi(&["synth", "-q", "-c", "later=true", "--output", "after"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let account = |ministack| Account { ministack, copy: &copy, id, regions };
    let [theirs, ours] = [account(theirs), account(ours)];
    theirs.bootstrap();
    ours.bootstrap();
    let needs = needs(&copy);
    let never = ["--require-approval", "never", "--progress", "events"];
    for assembly in ["ours", "after"] {
        let deploy = [&["deploy", "-a", assembly, "**"], told].concat();
        let by_cdk = theirs.cdk(&[deploy.as_slice(), &never].concat());
        let by_asi = ours.asi(&[deploy.as_slice(), &["--yes"]].concat());
        check_order(app, &by_cdk, &by_asi, &needs, false);
        let contents = theirs.contents(&runtime);
        let is_there = |it: &String| contents.keys().any(|key| key.ends_with(&format!(" {it} status")));
        assert!(needs.keys().all(is_there), "{app}: {contents:#?}");
        check_contents(app, &ours.contents(&runtime), &contents);
    }
    let destroy = ["destroy", "-a", "after", "**"];
    let by_cdk = theirs.cdk(&[destroy.as_slice(), &["--force"]].concat());
    let by_asi = ours.asi(&[destroy.as_slice(), &["--yes"]].concat());
    check_order(app, &by_cdk, &by_asi, &needs, true);
    let contents = theirs.contents(&runtime);
    assert!(!contents.keys().any(|it| it.ends_with(" status")), "{app}: {contents:#?}");
    check_contents(app, &ours.contents(&runtime), &contents);
}

/// The same is in both accounts.
#[track_caller]
fn check_contents(app: &str, ours: &Contents, theirs: &Contents) {
    let only = |these: &Contents, those: &Contents| {
        let differing = these.iter().filter(|(what, it)| those.get(*what) != Some(it));
        differing.map(|(what, it)| (what.clone(), it.clone())).collect::<Contents>()
    };
    assert_eq!(only(ours, theirs), only(theirs, ours), "{app}");
}

#[test]
fn apps_live_alike_by_either_tool() {
    let Some(theirs) = Ministack::start("apps of the CDK") else { return };
    let Some(ours) = Ministack::start("apps of the CDK") else { return };
    let waiting = Mutex::new(APPS.iter());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(app) = next() {
                    live([&theirs, &ours], *app);
                }
            });
        }
    });
}
