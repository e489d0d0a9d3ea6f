//! What a review tells that only the account knows.

use super::{SHOP, Server, Story, left, with_earlier};
use crate::support::{cloudformation::ChangeSetScript, golden};
use asi::cli::Exit;

const CONNECTION: &str = "arn:aws:codeconnections:us-east-1:123456789012:connection/1111";

/// The stack, and in it something that names a connection.
fn with_connection() -> String {
    SHOP.replace("DisplayName: !Ref Jobs", &format!("DisplayName: {CONNECTION}"))
}

#[test]
fn a_connection_that_nobody_can_use_is_told_at_what_names_it() {
    let mut story = Story::default();
    for (title, status) in [
        ("there is none", None),
        ("it waits for somebody", Some("PENDING")),
        ("it is broken", Some("ERROR")),
        ("it can be used", Some("AVAILABLE")),
    ] {
        let server = with_earlier();
        server.home(|it| it.connections.extend(status.map(|it| (CONNECTION.to_owned(), it.to_owned()))));
        for method in ["change-set", "template"] {
            let arguments = ["review", "--method", method];
            let run = story.run(&format!("{title}, by {method}"), &server, &with_connection(), &arguments);
            assert_eq!(run.exit, Exit::Done);
            assert_eq!(
                run.out.contains("connection/1111` ") || run.out.contains("there is no connection"),
                status != Some("AVAILABLE"),
                "{}",
                run.out
            );
        }
    }
    golden("deploy/connections.txt", &story.0);
}

#[test]
fn what_a_hook_warns_of_is_told_where_it_is_not_refused() {
    let mut story = Story::default();
    let server = with_earlier();
    let script = ChangeSetScript::warned_of_by_hook(
        "Acme::Queues::Encryption",
        "Jobs",
        "the queue has no key of ours",
    );
    server.home(|it| it.change_set("shop", script));
    let run = story.run("a hook warns", &server, SHOP, &["review"]);
    assert_eq!(run.exit, Exit::Done);
    let json = super::on(&server, SHOP, &["review", "--format", "json"]);
    assert!(json.out.contains("\"found-wrong\""), "{}", json.out);
    story.run("and in a difference nobody is told", &server, SHOP, &["diff", "--method", "change-set"]);
    golden("deploy/warned.txt", &story.0);
    assert_eq!(left(&server), ["shop CREATE_COMPLETE"], "a review leaves nothing behind");
}

#[test]
fn a_connection_may_be_the_default_of_a_parameter() {
    let file = SHOP.replace(
        "resources:",
        &format!("parameters: {{Connection: {{type: String, default: '{CONNECTION}'}}}}\nresources:"),
    );
    let file = file.replace("DisplayName: !Ref Jobs", "DisplayName: !Ref Connection");
    let run = super::on(&with_earlier(), &file, &["review"]);
    assert!(run.out.contains("       Connection asi.yaml:3:"), "{}", run.out);
}

#[test]
fn an_image_that_nobody_has_pushed_is_told_at_what_is_to_run_it() {
    const HOST: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
    let file = |image: &str| {
        format!(
            "app: shop\nregion: us-east-1\nparameters: {{Tag: {{type: String, default: '2.0'}}}}\nresources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    \
             Properties: {{Family: !Ref Tag, ContainerDefinitions: [{{Name: web, Image: !Sub '{image}'}}]}}\n"
        )
    };
    let mut story = Story::default();
    let server = Server::start();
    server.home(|it| it.images.extend([("web".to_owned(), vec!["1.0".to_owned()])]));
    for (title, image, is_missing) in [
        (
            "a tag that is not there",
            "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/web:${Tag}",
            true,
        ),
        ("one that is there", &format!("{HOST}/web:1.0") as &str, false),
        ("a repository that is not there", &format!("{HOST}/jobs:1.0"), true),
        (
            "what a deployment pushes",
            &format!("{HOST}/cdk-hnb659fds-container-assets-123456789012-us-east-1:ab"),
            false,
        ),
        ("another registry", "nginx:1.29-${AWS::Region}", false),
    ] {
        let run = story.run(title, &server, &file(image), &["review"]);
        assert_eq!(
            (run.exit, run.out.contains("which is not there")),
            (Exit::Done, is_missing),
            "{}",
            run.out
        );
    }
    golden("deploy/images.txt", &story.0);
}

#[test]
fn tags_of_the_stack_are_part_of_the_change() {
    let server = Server::start();
    let file = |tags: &str| SHOP.replace("region:", &format!("tags: {tags}\nregion:"));
    assert_eq!(super::on(&server, &file("{team: web, old: '1'}"), &["deploy"]).exit, Exit::Done);
    let mut story = Story::default();
    let other = file("{team: shop, new: '2'}");
    for arguments in [&["diff"] as &[&str], &["diff", "--format", "json"], &["review", "--all"]] {
        story.run("other tags", &server, &other, arguments);
    }
    let fingerprint = |file: &str| {
        let run = super::on(&server, file, &["review", "--method", "template", "--format", "json"]);
        run.out.split_once("\"fingerprint\": \"").map(|(_, rest)| rest.split('"').next().unwrap().to_owned())
    };
    let approved = fingerprint(&other).expect("the tags are something to approve");
    assert_ne!(Some(&approved), fingerprint(&file("{team: shop, new: '3'}")).as_ref());
    assert_eq!(fingerprint(&file("{team: web, old: '1'}")), None);
    let run = super::on(&server, &file("{team: shop, new: '3'}"), &["deploy", "--approved", &approved]);
    assert_eq!((run.exit, super::codes(&run)), (Exit::No, vec!["not-approved"]), "{}", run.err);
    let run = super::on(&server, &other, &["deploy", "--approved", &approved]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    story.run("the same tags", &server, &other, &["diff"]);
    golden("deploy/tags.txt", &story.0);
}
