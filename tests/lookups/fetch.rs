//! `asi context`, and the commands that look up what is missing.

use std::path::Path;

use ::asi::{
    cli::Exit,
    world::{MemoryFiles, World},
};
use serde_json::Value;

use super::answers::{REGION, network, vpcs};
use crate::support::{
    access,
    cloudformation::{Fault, Server},
    golden, run as asi, world,
};

const STACK: &str = "app: shop\naccount: \"123456789012\"\nregion: us-east-1\nconstructs:\n  \
                     net: {type: ImportedNetwork, lookup: {name: main}}\n  \
                     web: {type: FargateService, network: net, image: \"nginx:1.29\", port: 80}\n";

const KEY: &str =
    "vpc-provider:account=123456789012:filter.tag:Name=main:region=us-east-1:returnAsymmetricSubnets=true";

/// The world of these files, with AWS at the server; files that runs write are there.
fn place(server: &Server, files: &[(&str, &str)]) -> World {
    let files = MemoryFiles::with(files.iter().map(|(path, text)| (*path, text.as_bytes())));
    World { access: access(&server.url()), ..world(files) }
}

fn text(world: &World, path: &str) -> Option<String> {
    Some(String::from_utf8(world.files.read(Path::new(path), usize::MAX).ok()?).unwrap())
}

fn aws() -> Server {
    let server = Server::start();
    network(&server);
    server
}

#[test]
fn what_is_missing_is_looked_up_once_and_kept() {
    let server = aws();
    let world = place(&server, &[("asi.yaml", STACK)]);
    let run = asi(&["context", "fetch"], &world);
    let expected = format!("looked up in AWS, and kept in `cdk.context.json`: {KEY}\nnothing is missing\n");
    assert_eq!((run.exit, run.err), (Exit::Done, expected));
    let kept = text(&world, "cdk.context.json").unwrap();
    assert!(kept.starts_with(&format!("{{\n  \"{KEY}\": {{\n    \"vpcId\": \"vpc-00000001\",\n")), "{kept}");
    assert!(kept.ends_with("\n  }\n}\n"), "{kept}");

    let asked = server.calls().len();
    let again = asi(&["context", "fetch"], &world);
    assert_eq!((again.exit, again.err.as_str()), (Exit::Done, "nothing is missing\n"));
    let synthesized = asi(&["synth"], &world);
    assert_eq!(synthesized.exit, Exit::Done, "{}", synthesized.err);
    assert!(synthesized.out.contains("subnet-0000000c"), "{}", synthesized.out);
    assert_eq!(server.calls().len(), asked, "nobody is asked again");
}

#[test]
fn synthesis_and_validation_ask_nobody() {
    let server = aws();
    let world = place(&server, &[("asi.yaml", STACK)]);
    for (command, exit) in [("synth", Exit::Input), ("validate", Exit::No)] {
        let run = asi(&[command], &world);
        assert_eq!(run.exit, exit);
        let told = run.out + &run.err;
        assert!(told.contains("run `asi context fetch`"), "{told}");
    }
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn who_asks_aws_anyway_looks_up_what_is_missing() {
    for command in [&["diff"][..], &["review"], &["deploy", "--yes"]] {
        let server = aws();
        let world = place(&server, &[("asi.yaml", STACK)]);
        let run = asi(command, &world);
        assert_eq!(run.exit, Exit::Done, "{command:?}: {}", run.err);
        assert!(text(&world, "cdk.context.json").unwrap().contains("subnet-0000000d"));
    }
}

#[test]
fn other_values_stay_where_they_are() {
    let before = "{\n  \"mine\": {\n    \"b\": 1,\n    \"a\": 2\n  },\n  \"acknowledged-issue-numbers\": [\n    3\n  ]\n}\n";
    let server = aws();
    let world = place(&server, &[("asi.yaml", STACK), ("cdk.context.json", before)]);
    assert_eq!(asi(&["context", "fetch"], &world).exit, Exit::Done);
    let kept = text(&world, "cdk.context.json").unwrap();
    assert!(kept.starts_with(before.trim_end_matches("\n}\n")), "{kept}");
}

#[test]
fn what_cannot_be_looked_up_is_told_at_its_line() {
    let server = aws();
    let world = place(&server, &[("asi.yaml", STACK)]);
    super::answers::answer(&server, "DescribeVpcs", &[vpcs(&["vpc-00000001", "vpc-00000002"])]);
    let run = asi(&["context", "fetch"], &world);
    assert_eq!(run.exit, Exit::Input);
    golden("lookups/several.txt", &run.err);
    assert_eq!(text(&world, "cdk.context.json"), None);

    server.fault(Fault::access_denied(), "DescribeVpcs", 1, 9);
    let run = asi(&["diff"], &world);
    assert_eq!(run.exit, Exit::Input);
    assert!(
        run.err.contains("AWS does not let you call `DescribeVpcs`: User is not authorized"),
        "{}",
        run.err
    );
    assert!(run.err.contains("have somebody who may read there run `asi context fetch`"), "{}", run.err);
}

#[test]
fn where_something_else_is_wrong_nobody_is_asked() {
    let wrong = STACK.replace("port: 80", "prot: 80");
    let server = aws();
    let world = place(&server, &[("asi.yaml", &wrong)]);
    let run = asi(&["context", "fetch"], &world);
    assert_eq!(run.exit, Exit::Input);
    assert!(run.err.contains("unknown-property"), "{}", run.err);
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn every_environment_is_looked_up_in_its_own_account() {
    let stack = STACK.replace("account: \"123456789012\"\n", "")
        + "environments:\n  dev: {account: \"123456789012\"}\n  prod: {account: \"111122223333\"}\n";
    let server = aws();
    let world = place(&server, &[("asi.yaml", &stack)]);
    let run = asi(&["context", "fetch"], &world);
    assert_eq!(run.exit, Exit::Input);
    let wrong = "this is looked up in account 111122223333, and the credentials are for 123456789012";
    assert!(run.err.contains(wrong), "{}", run.err);
    // What could be looked up is kept.
    assert!(text(&world, "cdk.context.json").unwrap().contains(KEY));
    assert_eq!(asi(&["context", "fetch", "-e", "dev"], &world).exit, Exit::Done);
    assert_eq!(server.at("111122223333", REGION, |it| it.stacks.len()), 0);
}

const KEPT: &str = r#"{"ssm:account=1:parameterName=/a:region=r": "value", "ami:account=1:region=r": "ami-1",
    "ssm:account=1:parameterName=/db/password:region=r": "hunter2", "vpc": {"long": "0123456789012345678901234567890123456789"}}"#;

#[test]
fn what_is_kept_is_listed() {
    let server = Server::start();
    let world = place(&server, &[("infra/cdk.context.json", KEPT)]);
    let run = asi(&["context", "-f", "infra/asi.yaml"], &world);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    let shown: Vec<String> =
        run.out.lines().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        shown,
        [
            "# Key Value",
            "1 ami:account=1:region=r \"ami-1\"",
            "2 ssm:account=1:parameterName=/a:region=r \"value\"",
            "3 ssm:account=1:parameterName=/db/password:region=r ****",
            "4 vpc {\"long\":\"0123456789012345678901234567890123456789\"}",
        ]
    );
    let run = asi(&["context", "-f", "infra/asi.yaml", "--format", "json"], &world);
    let listed: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(listed["entries"][1]["value"], "value");
    assert_eq!(listed["file"], "infra/cdk.context.json");
    assert!(!run.out.contains("hunter2"), "{}", run.out);
    let none = asi(&["context"], &place(&server, &[]));
    assert_eq!(
        (none.exit, none.out.as_str()),
        (Exit::Done, "`cdk.context.json` keeps nothing: nothing was looked up.\n")
    );
}

#[test]
fn what_is_kept_is_taken_out() {
    let server = Server::start();
    let world = place(&server, &[("cdk.context.json", KEPT)]);
    let run = asi(&["context", "--reset", "1"], &world);
    let taken = "took out `ami:account=1:region=r`: it is looked up again when it is needed\n";
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, taken));
    let run = asi(&["context", "--reset", "ssm:*"], &world);
    assert_eq!(run.err, "took out 2 values: they are looked up again when they are needed\n");
    let run = asi(&["context", "--reset", "vcp"], &world);
    assert_eq!(run.exit, Exit::Input);
    golden("lookups/unknown.txt", &run.err);
    assert_eq!(asi(&["context", "--clear"], &world).exit, Exit::Done);
    assert_eq!(text(&world, "cdk.context.json").unwrap(), "{}\n");
    assert_eq!(asi(&["context", "--clear"], &world).err, "there was nothing to take out\n");
}
