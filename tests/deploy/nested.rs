//! Stacks within stacks: what happens there is told by its way, `Parent/Child/Deep`, and what failed there is recovered from.

use super::{Server, Story, changes, on, status, template_of};
use crate::support::{cloudformation::On, golden};
use asi::cli::Exit;

/// A stack with a stack in it that has another in it.
const NESTED: &str = "\
app: shop
region: us-east-1
resources:
  Parent: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'https://b.s3.amazonaws.com/parent-1'}}
  Own: {Type: AWS::SQS::Queue, DependsOn: Parent}
";

/// What lies in the bucket: each template twice, so that there is something to update.
fn put_templates(server: &Server) {
    server.home(|it| {
        for version in [1, 2] {
            let child = format!("Resources: {{Deep: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: {version}}}}}}}");
            let url = format!("https://b.s3.amazonaws.com/child-{version}");
            let parent = format!(
                "Resources:\n  Child: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: '{url}'}}}}\n  News: \
                 {{Type: AWS::SNS::Topic}}\n"
            );
            it.objects.insert(format!("b/child-{version}"), child.into_bytes());
            it.objects.insert(format!("b/parent-{version}"), parent.into_bytes());
        }
    });
}

fn server() -> Server {
    let server = Server::start();
    put_templates(&server);
    server
}

fn with_stacks() -> Server {
    let server = server();
    server.home(|it| {
        it.put_stack("shop", &template_of(NESTED), "CREATE_COMPLETE");
    });
    server
}

#[test]
fn what_happens_in_nested_stacks_is_told_by_its_way() {
    let mut story = Story::default();
    let server = server();
    assert_eq!(story.run("made", &server, NESTED, &["deploy", "-y"]).exit, Exit::Done);
    let updated = NESTED.replace("parent-1", "parent-2");
    assert_eq!(story.run("updated", &server, &updated, &["deploy", "-y"]).exit, Exit::Done);
    assert_eq!(story.run("deleted", &server, &updated, &["destroy", "-y"]).exit, Exit::Done);
    golden("deploy/nested-stacks.txt", &story.0);
}

#[test]
fn what_failed_in_a_nested_stack_is_told_by_its_way() {
    let mut story = Story::default();
    let server = server();
    server.home(|it| it.fails("Deep", On::Create, "no more queues"));
    assert_eq!(story.run("made", &server, NESTED, &["deploy", "-y", "-q"]).exit, Exit::No);
    let server = with_stacks();
    server.home(|it| {
        it.fails("Deep", On::Update, "too slow");
        it.fails("Deep", On::Rollback, "was deleted");
    });
    let updated = NESTED.replace("parent-1", "parent-2");
    assert_eq!(story.run("updated", &server, &updated, &["deploy", "-y", "-q"]).exit, Exit::No);
    assert_eq!(status(&server), "UPDATE_ROLLBACK_FAILED");
    story.run("what can be done", &server, &updated, &["recover"]);
    let run = story.run("skipped", &server, &updated, &["recover", "--yes", "--way", "skip"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let skipped = server.transcript();
    let skipped = skipped.lines().find(|it| it.starts_with("ContinueUpdateRollback"));
    let named = "ContinueUpdateRollback ResourcesToSkip.1=shop-Parent-1-Child-1.Deep StackName=arn(shop)";
    assert_eq!(skipped, Some(named));
    golden("deploy/nested-failures.txt", &story.0);
}

#[test]
fn one_of_them_may_be_named_by_its_way() {
    let server = with_stacks();
    server.home(|it| {
        it.fails("Deep", On::Update, "too slow");
        it.fails("Deep", On::Rollback, "was deleted");
    });
    on(&server, &NESTED.replace("parent-1", "parent-2"), &["deploy", "-y"]);
    let way = ["recover", "-y", "--way", "skip", "--resource", "Parent/Child/Deep"];
    let run = on(&server, NESTED, &way);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
}

#[test]
fn what_cannot_be_deleted_in_a_nested_stack_is_kept_with_it() {
    let mut story = Story::default();
    let server = with_stacks();
    server.home(|it| it.fails("Deep", On::Delete, "it is in use"));
    assert_eq!(story.run("deleted", &server, NESTED, &["destroy", "-y", "-q"]).exit, Exit::No);
    let run = story.run("kept", &server, NESTED, &["recover", "--yes", "--way", "keep"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert_eq!(changes(&server), ["DeleteStack", "DeleteStack"]);
    golden("deploy/nested-undeletable.txt", &story.0);
}
