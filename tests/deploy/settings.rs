//! What CloudFormation is asked for: parameters, tags, capabilities and all the options.

use super::{SHOP, Server, Story, on, template_of};
use crate::support::golden;
use asi::cli::Exit;

/// The calls that make something of the stack, as lines.
fn asked(server: &Server) -> String {
    let transcript = server.transcript();
    let lines = transcript.split_inclusive('\n');
    lines.filter(|it| !it.starts_with("Describe") && !it.starts_with("GetTemplate")).collect()
}

#[test]
fn each_option_is_a_parameter_of_a_call() {
    let mut text = String::new();
    for options in [
        &[][..],
        &["--tag", "team=a", "--tag", "cost=b=c"],
        &["--role-arn", "arn:aws:iam::123456789012:role/deployer"],
        &["--notification-arns", "arn:aws:sns:us-east-1:123456789012:deployments"],
        &[
            "--rollback-trigger-alarm-arns",
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow",
            "--monitoring-time-minutes",
            "5",
        ],
        &["--protect"],
        &["--no-rollback"],
        &["--express"],
        &["--revert-drift"],
        &["--import-existing-resources"],
        &["--change-set-name", "mine"],
    ] {
        let server = super::with_earlier();
        let arguments = [&["deploy", "-y"], options].concat();
        let file = SHOP.replace("resources:", "tags: {app: shop}\nresources:");
        let run = on(&server, &file, &arguments);
        assert_eq!(run.exit, Exit::Done, "{options:?}: {}", run.err);
        text += &format!("$ asi {}\n{}\n", arguments.join(" "), asked(&server));
    }
    golden("deploy/options.txt", &text);
}

#[test]
fn tags_that_are_not_written_any_more_go() {
    let server = super::with_earlier();
    let tags = |server: &Server| server.home(|it| it.stack("shop").unwrap().source.tags.len());
    let tagged = SHOP.replace("resources:", "tags: {app: shop}\nresources:");
    assert_eq!((on(&server, &tagged, &["deploy", "-y"]).exit, tags(&server)), (Exit::Done, 1));
    assert_eq!((on(&server, SHOP, &["deploy", "-y"]).exit, tags(&server)), (Exit::Done, 0));
    let made = server.count("CreateChangeSet");
    assert_eq!(on(&server, SHOP, &["deploy", "-y"]).exit, Exit::Done);
    assert_eq!(server.count("CreateChangeSet"), made, "it is as it should be");
}

#[test]
fn what_a_stack_has_stays_unless_something_else_is_said() {
    let server = super::with_earlier();
    let [role, topic] =
        ["arn:aws:iam::123456789012:role/deployer", "arn:aws:sns:us-east-1:123456789012:deployments"];
    on(&server, SHOP, &["deploy", "-y", "--role-arn", role, "--notification-arns", topic, "--protect"]);
    on(&server, &SHOP.replace("DelaySeconds: 2", "DelaySeconds: 3"), &["deploy", "-y"]);
    server.home(|it| {
        let stack = it.stack("shop").unwrap();
        assert_eq!(stack.source.role_arn.as_deref(), Some(role));
        assert_eq!(stack.source.notification_arns, [topic]);
        assert!(stack.is_protected);
    });
    let mut story = Story::default();
    story.run("protected", &server, SHOP, &["destroy", "-y"]);
    golden("deploy/protected.txt", &story.0);
    let run = on(&server, &SHOP.replace("DelaySeconds: 2", "DelaySeconds: 3"), &["deploy", "--no-protect"]);
    assert_eq!(run.err, "`shop` is as it should be: nothing to do\n");
    assert_eq!(on(&server, SHOP, &["destroy", "-y"]).exit, Exit::Done);
}

#[test]
fn capabilities_follow_from_the_template() {
    let role = "\
app: shop
region: us-east-1
resources:
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}}}
";
    let server = Server::start();
    assert_eq!(on(&server, role, &["deploy", "-y"]).exit, Exit::Done);
    assert!(asked(&server).contains("Capabilities.1=CAPABILITY_IAM Capabilities.2=CAPABILITY_NAMED_IAM"));
}

#[test]
fn parameters_are_given_kept_or_follow_their_default() {
    let file = |size: &str, extra: &str| {
        let parameters = format!(
            "parameters:\n  Size: {{type: Number, default: {size}}}\n  Key: {{type: String, noEcho: true}}\n{extra}resources:"
        );
        SHOP.replace("resources:", &parameters)
            .replace("DelaySeconds: 2", "DelaySeconds: !Ref Size")
            .replace("DisplayName: !Ref Jobs", "DisplayName: !Ref Key")
    };
    let mut story = Story::default();
    let server = Server::start();
    let first = file("1", "");
    story.run("one has no value", &server, &first, &["deploy", "-y"]);
    story.run(
        "one is not known, and one not written well",
        &server,
        &first,
        &["deploy", "-y", "--parameter", "Sise=1", "--parameter", "Key=k"],
    );
    story.run("no value at all", &server, &first, &["deploy", "--parameter", "Size"]);
    story.run("no value for a tag", &server, &first, &["deploy", "--tag", "Size"]);
    golden("deploy/parameters.txt", &story.0);

    let values = |server: &Server| server.home(|it| it.stack("shop").unwrap().source.parameters.clone());
    let check = |file: &str, arguments: &[&str], expected: [&str; 2]| {
        let run = on(&server, file, &[&["deploy", "-y"], arguments].concat());
        assert_eq!(run.exit, Exit::Done, "{}", run.err);
        let found = values(&server);
        assert_eq!([&found["Size"], &found["Key"]], expected);
        run.err
    };
    check(&first, &["--parameter", "Key=k"], ["1", "k"]);
    // It was only the default, and follows it; the other stays.
    check(&file("2", ""), &[], ["2", "k"]);
    check(&file("2", ""), &["--parameter", "Size=5"], ["5", "k"]);
    let told = check(&file("3", ""), &[], ["5", "k"]);
    assert!(told.contains("Size"), "{told}");
    let same = check(&file("3", ""), &[], ["5", "k"]);
    assert_eq!(same, "`shop` is as it should be: nothing to do\n");
    // Nobody can tell whether it is the same.
    check(&file("3", ""), &["--parameter", "Key=k"], ["5", "k"]);
    check(&file("3", ""), &["--parameter", "shop:Key=l"], ["5", "l"]);
    assert!(template_of(&first).contains("NoEcho"));
    golden("deploy/parameter-calls.txt", &asked(&server));
}

#[test]
fn an_option_that_has_no_effect_with_the_method_is_refused() {
    let mut story = Story::default();
    let server = super::with_earlier();
    for (method, options) in [
        ("direct", &["--revert-drift", "--import-existing-resources", "--change-set-name", "mine"][..]),
        (
            "execute-change-set",
            &[
                "--parameter",
                "Size=1",
                "--tag",
                "a=b",
                "--role-arn",
                "arn:aws:iam::1:role/r",
                "--express",
                "--force",
            ],
        ),
        ("prepare-change-set", &["--protect", "--no-rollback"]),
    ] {
        let run =
            story.run(method, &server, SHOP, &[&["deploy", "-y", "--method", method], options].concat());
        assert_eq!(run.exit, Exit::Input);
    }
    golden("deploy/idle-options.txt", &story.0);
    assert_eq!(server.calls().len(), 0);
}

#[test]
fn a_stack_is_protected_even_where_there_is_nothing_to_update() {
    let server = super::with_earlier();
    let run = on(&server, &super::earlier(), &["deploy", "-y", "--force", "--method", "direct", "--protect"]);
    assert_eq!(run.err.lines().last(), Some("`shop` is as it should be: nothing to do"), "{}", run.err);
    assert_eq!((server.count("UpdateStack"), server.count("UpdateTerminationProtection")), (1, 1));
}

#[test]
fn a_stack_file_says_whether_its_stack_is_protected() {
    let server = super::with_earlier();
    let is_protected = || server.home(|it| it.stack("shop").unwrap().is_protected);
    let stack = |says: &str| format!("{}terminationProtection: {says}\n", super::earlier());
    for (file, options, expected) in [
        (stack("true"), &[][..], true),
        (super::earlier(), &[], true),
        (stack("true"), &["--no-protect"], false),
        (stack("false"), &["--protect"], true),
        (stack("false"), &[], false),
    ] {
        let run = on(&server, &file, &[&["deploy", "-y"], options].concat());
        assert_eq!((run.exit, is_protected()), (Exit::Done, expected), "{}", run.err);
    }
}
