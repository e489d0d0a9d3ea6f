//! What `asi` asks of AWS for a stack of the CDK, beside what the CDK's own CLI asks for it.

use std::collections::{BTreeMap, BTreeSet};

use asi::{
    cli::Exit,
    world::{MemoryFiles, SystemFiles, World},
};
use serde_json::Value;

use crate::support::{
    access,
    cloudformation::{Call, Server},
    golden, read, root, run, world,
};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

/// Calls of the CDK's that `asi` does not make, and why it need not.
const NOT_MADE: &[(&str, &str)] = &[
    ("sts:GetCallerIdentity", "the account is the one that the assembly names, and the role is in it"),
    ("s3:GET", "whether a file is there is asked of the file itself (HEAD), not of a list of the bucket"),
    ("cloudformation:DescribeStacks CDKToolkit", "the bucket is named by the assembly, the version by SSM"),
    ("cloudformation:DeleteChangeSet", "there is no change set of a name that nobody else has"),
    ("sts:AssumeRole lookup", "one role is taken on for all of it"),
    ("cloudformation:GetTemplate", "a stack that is not there has no template"),
    ("sts:AssumeRole file-publishing", "nothing is published to compare templates"),
];

/// Calls of `asi` that the CDK does not make, and what they are good for.
const ADDED: &[(&str, &str)] = &[
    ("s3:HEAD", "in place of a list of the bucket, which more people may not read"),
    ("cloudformation:ListChangeSets", "a name under which others have change sets is not theirs to lose"),
    ("cloudformation:GetTemplate", "what goes when the stack is deleted is shown before"),
];

/// Calls that change something.
const CHANGING: &[&str] = &["CreateChangeSet", "ExecuteChangeSet", "DeleteStack", "PUT", "DeleteChangeSet"];

/// AWS, with what `asi bootstrap` makes, as far as a deployment looks at it.
fn bootstrapped() -> Server {
    let server = Server::start();
    server.at(ACCOUNT, REGION, |account| {
        account.parameters.insert("/cdk-bootstrap/hnb659fds/version".to_owned(), "30".to_owned());
    });
    server
}

fn with(server: &Server) -> World {
    World { access: access(&server.url()), ..world(SystemFiles) }
}

/// Runs `asi` on the assembly, and gives the calls it made.
#[track_caller]
fn calls(server: &Server, arguments: &[&str]) -> Vec<String> {
    let before = server.calls().len();
    let assembly = root().join("tests/wire/assembly");
    let assembly = assembly.to_str().unwrap();
    let done = run(&[arguments, &["-a", assembly]].concat(), &with(server));
    assert_eq!(done.exit, Exit::Done, "{}", done.err);
    server.calls().iter().skip(before).map(of_asi).collect()
}

fn of_asi(call: &Call) -> String {
    let parameters: BTreeMap<&str, &str> =
        call.parameters.0.iter().map(|(key, it)| (key.as_str(), it.as_str())).collect();
    line(&call.service, &call.action, |key| parameters.get(key).map(|it| (*it).to_owned()))
}

/// The calls that the CDK made.
fn of_cdk(recording: &str) -> Vec<String> {
    let text = read(&format!("tests/wire/{recording}.jsonl"));
    let calls = text.lines().map(|it| serde_json::from_str::<Value>(it).unwrap());
    let line = |it: Value| {
        let service = it["svc"].as_str().unwrap().replace("AmazonSSM", "ssm");
        line(&service, it["op"].as_str().unwrap(), |key| it["d"][key].as_str().map(str::to_owned))
    };
    calls.map(line).collect()
}

/// A call in a line: the service, what it is, and of some what tells them apart.
fn line(service: &str, action: &str, parameter: impl Fn(&str) -> Option<String>) -> String {
    let role = |arn: String| {
        let name = arn.rsplit('/').next().unwrap_or_default().replace("cdk-hnb659fds-", "");
        name.split("-role").next().unwrap_or_default().to_owned()
    };
    let about = match action {
        "AssumeRole" => parameter("RoleArn").map(role),
        "DescribeStacks" => parameter("StackName").filter(|it| it == "CDKToolkit"),
        _ => None,
    };
    format!("{service}:{action}{}", about.map_or(String::new(), |it| format!(" {it}")))
}

/// Lines without those that say again what the one before said.
fn collapsed(lines: &[String]) -> Vec<&str> {
    let runs = lines.chunk_by(|a, b| a == b);
    runs.map(|it| it[0].as_str()).collect()
}

/// Compares what both ask, and writes it down beside each other.
#[track_caller]
fn check(name: &str, ours: &[String], recording: &str) {
    let theirs = of_cdk(recording);
    golden(&format!("wire/{name}.txt"), &format!("asi\n\n{}\ncdk\n\n{}", listed(ours), listed(&theirs)));
    let set = |lines: &[String]| lines.iter().cloned().collect::<BTreeSet<String>>();
    let listed = |table: &[(&str, &str)], it: &String| table.iter().any(|(call, _)| it == call);
    let missing: Vec<_> =
        set(&theirs).difference(&set(ours)).filter(|it| !listed(NOT_MADE, it)).cloned().collect();
    assert!(missing.is_empty(), "{name}: the CDK asks this, and asi does not: {missing:?}");
    let added: Vec<_> =
        set(ours).difference(&set(&theirs)).filter(|it| !listed(ADDED, it)).cloned().collect();
    assert!(added.is_empty(), "{name}: asi asks this, and the CDK does not: {added:?}");
    let changing = |lines: &[String]| {
        let is_it = |it: &&String| CHANGING.iter().any(|action| it.ends_with(&format!(":{action}")));
        // A change set that is deleted before it is made does nothing.
        let all: Vec<String> = lines.iter().filter(is_it).cloned().collect();
        let first = all.iter().position(|it| !it.ends_with(":DeleteChangeSet")).unwrap_or(all.len());
        all[first..].to_vec()
    };
    assert_eq!(changing(ours), changing(&theirs), "{name}: what changes something, in order");
}

fn listed(lines: &[String]) -> String {
    collapsed(lines).into_iter().flat_map(|it| ["  ", it, "\n"]).collect()
}

#[test]
fn a_deployment_asks_what_the_cdk_asks() {
    let server = bootstrapped();
    let ours = calls(&server, &["deploy", "Dns", "--yes"]);
    check("deploy", &ours, "deploy-new");
    let created = server.calls().into_iter().find(|it| it.action == "CreateChangeSet").unwrap();
    let given = |key: &str| created.parameters.0.get(key).cloned().unwrap_or_default();
    assert!(given("TemplateURL").contains("/cdk-hnb659fds-assets-111122223333-us-east-1/"));
    assert_eq!(
        given("RoleARN"),
        "arn:aws:iam::111122223333:role/cdk-hnb659fds-cfn-exec-role-111122223333-us-east-1"
    );
    assert_eq!((given("ChangeSetType").as_str(), given("IncludeNestedStacks").as_str()), ("CREATE", "true"));
}

#[test]
fn a_comparison_changes_nothing_and_reads_less_than_the_cdk() {
    let server = bootstrapped();
    calls(&server, &["deploy", "Dns", "--yes"]);
    let ours = calls(&server, &["diff", "Dns"]);
    let reads = ["sts:AssumeRole lookup", "cloudformation:DescribeStacks", "cloudformation:GetTemplate"];
    assert_eq!(collapsed(&ours), reads);
    let theirs = of_cdk("diff-existing");
    assert!(theirs.iter().any(|it| it.ends_with(":CreateChangeSet")), "the CDK makes a change set for that");
}

#[test]
fn a_change_set_to_compare_with_is_made_and_taken_away_as_by_the_cdk() {
    let server = bootstrapped();
    calls(&server, &["deploy", "Dns", "--yes"]);
    let again = |server: &Server| calls(server, &["diff", "Dns", "--method", "change-set"]);
    check("diff-existing", &again(&server), "diff-existing");
    // The template was in its bucket already when the CDK was recorded.
    let server = bootstrapped();
    calls(&server, &["deploy", "Dns", "--yes"]);
    calls(&server, &["destroy", "Dns", "--yes"]);
    check("diff-new", &again(&server), "diff-new");
    // It takes a while until the stack is gone that CloudFormation made for the change set.
    assert_eq!(server.calls().last().map(|it| it.action.clone()).as_deref(), Some("DeleteStack"));
}

#[test]
fn a_deletion_asks_what_the_cdk_asks() {
    let server = bootstrapped();
    calls(&server, &["deploy", "Dns", "--yes"]);
    check("destroy", &calls(&server, &["destroy", "Dns", "--yes"]), "destroy");
}

#[test]
fn what_a_deployment_needs_is_asked_for_before_it_begins() {
    let server = Server::start();
    let deploy = |folder: &str| {
        let folder = root().join(folder);
        run(&["deploy", "--yes", "-a", folder.to_str().unwrap()], &with(&server))
    };
    let refused = deploy("tests/wire/assembly");
    assert_eq!(refused.exit, Exit::World);
    golden("wire/not-bootstrapped.txt", &refused.err);
    assert_eq!(server.count("CreateChangeSet"), 0);
}

#[test]
fn a_stack_that_is_bound_to_no_account_goes_to_that_of_the_caller() {
    let server = Server::start();
    server.home(|account| {
        account.parameters.insert("/cdk-bootstrap/hnb659fds/version".to_owned(), "30".to_owned());
    });
    let unbound = |name: &str| {
        let text = read(&format!("tests/wire/assembly/{name}"));
        let text = text.replace("aws://111122223333/us-east-1", "aws://unknown-account/unknown-region");
        text.replace(ACCOUNT, "${AWS::AccountId}").replace(REGION, "${AWS::Region}")
    };
    let names = ["manifest.json", "Dns.template.json", "Dns.assets.json"];
    let files = names.map(|it| (format!("out/{it}"), unbound(it)));
    let files = files.iter().map(|(path, text)| (path.as_str(), text.as_bytes()));
    let world = World { access: access(&server.url()), ..world(MemoryFiles::with(files)) };
    let deployed = run(&["deploy", "--yes", "-a", "out", "--region", REGION], &world);
    assert_eq!(deployed.exit, Exit::Done, "{}", deployed.err);
    let made = server.calls().into_iter().find(|it| it.action == "CreateChangeSet").unwrap().parameters.0;
    let role = "arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1";
    assert_eq!(made["RoleARN"], role);
    // A stack with another one is not what it should be.
    let again = || {
        let made = server.count("CreateChangeSet");
        run(&["deploy", "--yes", "-a", "out", "--region", REGION], &world);
        server.count("CreateChangeSet") - made
    };
    let has_lookups = again();
    server.home(|it| it.stacks[0].source.role_arn = Some("arn:aws:iam::123456789012:role/other".to_owned()));
    assert_eq!((has_lookups, again()), (0, 1));
}
