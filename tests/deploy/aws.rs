//! What is said where AWS says no, or nothing.

use std::{process::Command, time::Duration};

use super::{Fault, SHOP, Server, Story, at, with_earlier};
use crate::support::{Run, access, golden, run};
use asi::{
    cli::Exit,
    world::{Patience, World},
};

#[test]
fn what_keeps_aws_from_answering_is_told_with_a_way_to_mend_it() {
    let mut story = Story::default();
    let refusal = |code, message| Fault::Error { http: 400, code, message };
    for (title, fault, action) in [
        ("too much to do", Fault::throttling(), "DescribeStacks"),
        (
            "a token that has expired",
            refusal("ExpiredToken", "The security token included in the request is expired"),
            "ExecuteChangeSet",
        ),
        (
            "keys that nobody has",
            refusal("InvalidClientTokenId", "The security token included in the request is invalid"),
            "DescribeStacks",
        ),
        ("something that the caller may not do", Fault::access_denied(), "CreateChangeSet"),
        (
            "a no",
            refusal("LimitExceededException", "Limit for the number of stacks has been reached"),
            "CreateChangeSet",
        ),
        ("a page of a proxy", Fault::Garbage, "GetTemplate"),
    ] {
        let server = with_earlier();
        server.fault(fault, action, 1, usize::MAX);
        assert_eq!(story.run(title, &server, SHOP, &["deploy"]).exit, Exit::World);
    }
    let server = with_earlier();
    server.fault(Fault::Silence(Duration::from_millis(400)), "DescribeStacks", 1, 1);
    let usual = at(&server, SHOP);
    let patience = Patience { answer: Duration::from_millis(50), attempts: 1, ..usual.access.patience };
    let hurried = asi::world::Access { patience, ..usual.access.clone() };
    story.tell("silence", &["status"], &run(&["status"], &World { access: hurried, ..usual }));
    let nobody = "http://127.0.0.1:1";
    let usual = at(&server, SHOP);
    story.tell("nobody", &["status"], &run(&["status"], &World { access: access(nobody), ..usual }));
    golden("deploy/aws.txt", &story.0);
}

/// Who has neither a region nor credentials: the program itself, because both come from its environment.
#[test]
fn a_region_and_credentials_have_to_be_somewhere() {
    let alone = |region: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_asi"));
        let nowhere = "/nonexistent";
        command.args(["status", "shop"]).args(region).env_clear().env("HOME", nowhere);
        command.env("AWS_CONFIG_FILE", nowhere).env("AWS_SHARED_CREDENTIALS_FILE", nowhere);
        command.env("AWS_EC2_METADATA_DISABLED", "true").current_dir(env!("CARGO_TARGET_TMPDIR"));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { exit: Exit::World, out: text(output.stdout), err: text(output.stderr) }
    };
    let mut story = Story::default();
    story.tell("no region", &["status", "shop"], &alone(&[]));
    let region = ["--region", "us-east-1"];
    story.tell("no credentials", &["status", "shop", region[0], region[1]], &alone(&region));
    golden("deploy/alone.txt", &story.0);
}

#[test]
fn a_stack_belongs_to_an_account_and_a_region() {
    let mut story = Story::default();
    let server = Server::start();
    let bound = SHOP.replace("region: us-east-1", "region: us-east-1\naccount: '210987654321'");
    for command in ["deploy", "destroy", "diff", "recover", "status"] {
        let run = story.run("another account", &server, &bound, &[command]);
        assert_eq!(run.exit, Exit::Input, "{command}");
    }
    story.run("another region", &server, SHOP, &["deploy", "--region", "eu-west-1"]);
    golden("deploy/bound.txt", &story.0);
    assert_eq!(super::changes(&server), [""; 0]);
}

#[test]
fn a_large_template_goes_by_way_of_a_bucket() {
    let topic = |at| {
        format!(
            "  Topic{at}:\n    Type: AWS::SNS::Topic\n    Properties: {{DisplayName: '{}'}}\n",
            "x".repeat(90)
        )
    };
    let large = |count| {
        let topics: String = (0..count).map(topic).collect();
        format!("app: shop\nregion: us-east-1\nresources:\n{topics}")
    };
    let deploy = ["deploy", "-y", "-q"];
    // Without spaces it is short enough to be sent along, and then not any more.
    for (count, is_sent) in [(300, true), (450, false)] {
        let server = Server::start();
        let run = super::on(&server, &large(count), &deploy);
        assert_eq!(run.exit, Exit::Done, "{}", run.err);
        let calls = server.calls();
        let made = calls.iter().find(|it| it.action == "CreateChangeSet").unwrap();
        assert_eq!(made.parameters.text("TemplateBody").is_empty(), !is_sent);
        assert_eq!(made.parameters.text("TemplateURL").is_empty(), is_sent);
        if !is_sent {
            assert!(
                made.parameters.text("TemplateURL").contains("/cdk-hnb659fds-assets-123456789012-us-east-1/")
            );
            super::on(&server, &large(count), &["destroy", "-y"]);
            super::on(&server, &large(count), &deploy);
            assert_eq!((server.count("HEAD"), server.count("PUT")), (2, 1), "it is there the second time");
        }
    }
    let mut story = Story::default();
    let server = Server::start();
    let missing =
        Fault::Error { http: 404, code: "NoSuchBucket", message: "The specified bucket does not exist" };
    server.fault(missing, "PUT", 1, 1);
    story.run("no bucket", &server, &large(450), &["deploy", "-y"]);
    let huge = format!(
        "{SHOP}validate: {{ignore: {{E1002: never}}}}\ndescription: Long\nmetadata: {{Long: '{}'}}\n",
        "x".repeat(1_000_001)
    );
    story.run("too large for any way", &server, &huge, &["deploy", "-y"]);
    golden("deploy/large.txt", &story.0);
    assert_eq!(super::left(&server), [""; 0]);
}

/// A profile whose role wants a code, in a file of its own.
fn with_profile(server: &Server, name: &str, code: Option<fn(&str) -> Option<String>>) -> World {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.ini"));
    let text = format!(
        "[profile me]\naws_access_key_id = AKIAME\naws_secret_access_key = secret\n\n\
         [profile {name}]\nregion = us-east-1\nsource_profile = me\n\
         role_arn = arn:aws:iam::123456789012:role/Deployer\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n"
    );
    std::fs::write(&path, text).unwrap();
    let usual = at(server, SHOP);
    let access = asi::world::Access { profiles: Some(path), code, ..usual.access.clone() };
    World { access, ..usual }
}

#[test]
fn a_role_that_wants_a_code_is_taken_on_with_one_and_once_in_a_run() {
    let server = with_earlier();
    let world = with_profile(&server, "coded", Some(|serial| Some(format!("code of {serial}"))));
    for _ in 0..2 {
        let run = run(&["status", "--profile", "coded"], &world);
        assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    }
    let taken: Vec<_> = server.calls().into_iter().filter(|it| it.action == "AssumeRole").collect();
    assert_eq!(taken.len(), 1);
    let sent = ["RoleArn", "SerialNumber", "TokenCode"].map(|it| taken[0].parameters.text(it));
    let serial = "arn:aws:iam::123456789012:mfa/me";
    assert_eq!(sent, ["arn:aws:iam::123456789012:role/Deployer", serial, &format!("code of {serial}")]);
}

#[test]
fn without_anybody_to_type_a_code_it_is_said_what_to_do() {
    let server = with_earlier();
    let world = with_profile(&server, "uncoded", None);
    let arguments = ["status", "--profile", "uncoded"];
    let run = run(&arguments, &world);
    assert_eq!((run.exit, server.calls().len()), (Exit::World, 0));
    let mut story = Story::default();
    story.tell("nobody to type a code", &arguments, &run);
    golden("deploy/mfa.txt", &story.0);
}
