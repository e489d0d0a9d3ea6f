//! Change sets: what they say, how they come about, and what they end in.

use aws_sdk_cloudformation::{
    Client,
    operation::describe_change_set::DescribeChangeSetOutput,
    types::{
        AttributeChangeType, ChangeAction, ChangeSetType, ChangeSource, EvaluationType, EventFilter,
        PolicyAction, Replacement, RequiresRecreation, ResourceToImport,
    },
};

use super::{QUEUE, client, create, deploy, describe, finish, happened, refusal, wait};
use crate::support::cloudformation::{Change, ChangeSetScript, Detail, Server};

async fn described(client: &Client, stack: &str, name: &str) -> DescribeChangeSetOutput {
    let asked = client.describe_change_set().stack_name(stack).change_set_name(name);
    asked.include_property_values(true).send().await.unwrap()
}

/// The changes, a line for each and one for each part of it.
fn lines(change_set: &DescribeChangeSetOutput) -> String {
    let joined = |words: &[Option<&str>]| words.iter().copied().flatten().collect::<Vec<_>>().join(" ");
    let changes = change_set.changes().iter().filter_map(|it| it.resource_change());
    let lines = changes.map(|it| {
        let change = joined(&[
            it.action().map(ChangeAction::as_str),
            it.logical_resource_id(),
            it.physical_resource_id(),
            it.replacement().map(Replacement::as_str),
            it.policy_action().map(PolicyAction::as_str),
        ]);
        let details = it.details().iter().filter_map(|detail| {
            let target = detail.target()?;
            let words = joined(&[
                target.path(),
                target.attribute_change_type().map(AttributeChangeType::as_str),
                target.before_value(),
                target.after_value(),
                target.requires_recreation().map(RequiresRecreation::as_str),
                detail.evaluation().map(EvaluationType::as_str),
                detail.change_source().map(ChangeSource::as_str),
                detail.causing_entity(),
            ]);
            Some(format!("  {words}\n"))
        });
        format!("{change}\n{}", details.collect::<String>())
    });
    lines.collect()
}

#[test]
fn a_change_set_says_what_changes_and_why() {
    let server = Server::start();
    server.put_stack("shop", QUEUE, "CREATE_COMPLETE");
    let client = client(&server, 1);
    let other = QUEUE.replace("jobs", "work").replace("Default: 1", "Default: 2");
    wait(async {
        create(&client, "shop", "c", ChangeSetType::Update, &other).await;
        let found = described(&client, "shop", "c").await;
        assert_eq!(
            lines(&found),
            "\
Modify Queue shop-Queue-1 True ReplaceAndDelete
  /Properties/DelaySeconds Modify 1 2 Never Static ParameterReference Delay
  /Properties/QueueName Modify jobs work Always Static DirectModification
Modify Alarm shop-Alarm-1 Conditional
  /Properties/AlarmName Modify shop-Queue-1-full {{changeSet:KNOWN_AFTER_APPLY}}-full Always Dynamic \
             ResourceReference Queue
  /Properties/Namespace Modify shop-Queue-1.Arn {{changeSet:KNOWN_AFTER_APPLY}} Never Dynamic ResourceAttribute \
             Queue.Arn
"
        );
        let queue = found.changes()[0].resource_change().unwrap();
        assert_eq!(queue.before_context(), Some(r#"{"Properties":{"QueueName":"jobs","DelaySeconds":"1"}}"#));
        assert_eq!(queue.after_context(), Some(r#"{"Properties":{"QueueName":"work","DelaySeconds":"2"}}"#));
        assert_eq!(queue.scope()[0].as_str(), "Properties");
        // Values come only to who asks for them.
        let plain =
            client.describe_change_set().stack_name("shop").change_set_name("c").send().await.unwrap();
        let plain = plain.changes()[0].resource_change().unwrap();
        assert_eq!(plain.after_context(), None);
        assert_eq!(plain.details()[0].target().unwrap().after_value(), None);
    });
}

#[test]
fn a_change_set_tells_no_secrets() {
    let server = Server::start();
    let client = client(&server, 1);
    let template = "
Parameters: {Secret: {Type: String, NoEcho: true, Default: hunter2}}
Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Sub 'is ${Secret}'}}}
";
    wait(async {
        create(&client, "shop", "c", ChangeSetType::Create, template).await;
        let found = described(&client, "shop", "c").await;
        assert_eq!(found.parameters()[0].parameter_value(), Some("****"));
        let topic = found.changes()[0].resource_change().unwrap();
        assert_eq!(topic.after_context(), Some(r#"{"Properties":{"DisplayName":"is ****"}}"#));
    });
}

#[test]
fn a_change_set_takes_its_time() {
    let server = Server::start();
    server.home(|it| it.script.change_set_polls = 2);
    let client = client(&server, 1);
    wait(async {
        create(&client, "shop", "c", ChangeSetType::Create, QUEUE).await;
        let execute = client.execute_change_set().stack_name("shop").change_set_name("c").send().await;
        let refused = refusal(execute);
        assert!(
            refused.ends_with("cannot be executed in its current status of [CREATE_PENDING]"),
            "{refused}"
        );
        let mut seen = Vec::new();
        for _ in 0..3 {
            let found = described(&client, "shop", "c").await;
            let words = [found.status().unwrap().as_str(), found.execution_status().unwrap().as_str()];
            seen.push(format!("{} {}", words.join(" "), found.changes().len()));
        }
        assert_eq!(
            seen,
            [
                "CREATE_PENDING UNAVAILABLE 0",
                "CREATE_IN_PROGRESS UNAVAILABLE 0",
                "CREATE_COMPLETE AVAILABLE 2"
            ]
        );
    });
}

#[test]
fn a_change_set_without_changes_fails() {
    let server = Server::start();
    server.put_stack("shop", QUEUE, "CREATE_COMPLETE");
    let client = client(&server, 1);
    wait(async {
        create(&client, "shop", "same", ChangeSetType::Update, QUEUE).await;
        let found = described(&client, "shop", "same").await;
        assert_eq!(found.status().unwrap().as_str(), "FAILED");
        assert_eq!(
            found.status_reason(),
            Some(
                "The submitted information didn't contain changes. \
                 Submit different information to create a change set."
            )
        );
        // Of outputs a change set says nothing, and yet they change.
        create(&client, "shop", "outputs", ChangeSetType::Update, &QUEUE.replace("-url", "-link")).await;
        let found = described(&client, "shop", "outputs").await;
        assert_eq!((found.execution_status().unwrap().as_str(), found.changes().len()), ("AVAILABLE", 0));
    });
}

#[test]
fn a_change_set_is_carried_out_once() {
    let server = Server::start();
    let client = client(&server, 1);
    wait(async {
        let make = || {
            let asked = client.create_change_set().stack_name("shop").change_set_name("c").client_token("1");
            asked.change_set_type(ChangeSetType::Create).template_body(QUEUE)
        };
        let first = make().send().await.unwrap();
        assert_eq!(first.id(), make().send().await.unwrap().id());
        let other = make().client_token("2").send().await;
        assert_eq!(refusal(other), "AlreadyExistsException: ChangeSet [c] already exists");
        let status = describe(&client, "shop").await.stack_status.unwrap();
        assert_eq!(status.as_str(), "REVIEW_IN_PROGRESS");
        create(&client, "shop", "d", ChangeSetType::Create, QUEUE).await;

        let arn = first.id().unwrap();
        let execute =
            |token: &str| client.execute_change_set().change_set_name(arn).client_request_token(token);
        execute("x").send().await.unwrap();
        execute("x").send().await.unwrap();
        let refused = refusal(execute("y").send().await);
        assert!(refused.starts_with("InvalidChangeSetStatus: "), "{refused}");
        let refused = refusal(client.delete_change_set().change_set_name(arn).send().await);
        assert!(refused.starts_with("InvalidChangeSetStatus: "), "{refused}");
        assert_eq!(described(&client, "shop", "d").await.execution_status().unwrap().as_str(), "OBSOLETE");

        assert_eq!(finish(&client, "shop").await, "CREATE_COMPLETE");
        let lost = client.describe_change_set().stack_name("shop").change_set_name("c").send().await;
        assert_eq!(refusal(lost), "ChangeSetNotFound: ChangeSet [c] does not exist");
        let found = client.describe_change_set().change_set_name(arn).send().await.unwrap();
        assert_eq!(found.execution_status().unwrap().as_str(), "EXECUTE_COMPLETE");
        let listed = client.list_change_sets().stack_name("shop").send().await.unwrap();
        assert_eq!(listed.summaries(), []);
        // Who throws away what is not there has what he wants.
        client.delete_change_set().stack_name("shop").change_set_name("d").send().await.unwrap();
    });
}

#[test]
fn hooks_and_checks_stop_a_change_set() {
    let server = Server::start();
    let check = "AWS::EarlyValidation::ResourceExistenceCheck";
    server.home(|it| {
        let found = "/Resources/Queue/Properties/QueueName";
        it.change_set(
            "checked",
            ChangeSetScript::stopped_by_validation(check, "Queue", found, "is there already"),
        );
        it.change_set("hooked", ChangeSetScript::stopped_by_hook("My::Guard::Hook", "Queue", "has no key"));
        it.change_set("failed", ChangeSetScript::fails("Transform AWS::LanguageExtensions failed"));
    });
    let client = client(&server, 1);
    wait(async {
        for (stack, reason, event) in [
            (
                "checked",
                "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. \
                 To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.",
                "VALIDATION_ERROR Queue is there already",
            ),
            (
                "hooked",
                "The following hook(s) failed: [My::Guard::Hook]",
                "HOOK_INVOCATION_ERROR Queue has no key",
            ),
            ("failed", "Transform AWS::LanguageExtensions failed", ""),
        ] {
            create(&client, stack, "c", ChangeSetType::Create, QUEUE).await;
            let found = described(&client, stack, "c").await;
            assert_eq!(found.status_reason(), Some(reason));
            let only_failures = EventFilter::builder().failed_events(true).build();
            let asked = client.describe_events().stack_name(stack).filters(only_failures).send();
            let events = asked.await.unwrap();
            let told = events.operation_events().iter().map(|it| {
                let reason = it.validation_status_reason().or(it.hook_status_reason()).unwrap();
                format!(
                    "{} {} {reason}",
                    it.event_type().unwrap().as_str(),
                    it.logical_resource_id().unwrap()
                )
            });
            assert_eq!(told.collect::<String>(), event);
        }
    });
}

#[test]
fn a_stack_in_a_stack_has_a_change_set_of_its_own() {
    let server = Server::start();
    let [attribute, path] = ["Tags", "/Tags"].map(str::to_owned);
    let part = Detail { attribute, path, ..Detail::of([None, None]) };
    let inner = Change { details: vec![part], ..Change::modification("Queue", "AWS::SQS::Queue") };
    server.home(|it| {
        it.objects.insert("assets/known.json".to_owned(), QUEUE.as_bytes().to_vec());
        let nested = [("Scripted".to_owned(), vec![inner])].into();
        it.change_set(
            "shop",
            ChangeSetScript { nested, longest_value: Some(8), ..ChangeSetScript::default() },
        );
    });
    let client = client(&server, 1);
    let outer = "
Resources:
  Known:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: https://assets.s3.us-east-1.amazonaws.com/known.json}
  Scripted:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: https://assets.s3.us-east-1.amazonaws.com/scripted.json}
";
    wait(async {
        let asked = client.create_change_set().stack_name("shop").change_set_name("c").template_body(outer);
        let asked = asked.change_set_type(ChangeSetType::Create).include_nested_stacks(true);
        asked.send().await.unwrap();
        let found = described(&client, "shop", "c").await;
        let mut told = String::new();
        for change in found.changes() {
            let change = change.resource_change().unwrap();
            let nested = described(&client, "shop", change.change_set_id().unwrap()).await;
            assert_eq!(nested.parent_change_set_id(), found.change_set_id());
            told += &lines(&nested);
        }
        assert_eq!(
            told,
            "Add Queue\nAdd Alarm\nModify Queue False\n  /Tags Modify Never Static DirectModification\n"
        );
        // Long values are cut.
        let context = found.changes()[0].resource_change().unwrap().after_context();
        assert_eq!(context, Some("{\"Proper..."));
    });
}

#[test]
fn what_is_there_is_imported() {
    let server = Server::start();
    server.put_stack("shop", QUEUE, "CREATE_COMPLETE");
    let client = client(&server, 1);
    let more = QUEUE.replace(
        "Resources:\n",
        "Resources:\n  Logs: {Type: AWS::S3::Bucket, DeletionPolicy: Retain, Properties: {BucketName: logs}}\n",
    );
    wait(async {
        let logs = ResourceToImport::builder().resource_type("AWS::S3::Bucket").logical_resource_id("Logs");
        let logs = logs.resource_identifier("BucketName", "logs").build();
        let asked = client.create_change_set().stack_name("shop").change_set_name("c").template_body(more);
        asked.change_set_type(ChangeSetType::Import).resources_to_import(logs).send().await.unwrap();
        assert_eq!(lines(&described(&client, "shop", "c").await), "Import Logs logs\n");
        client.execute_change_set().stack_name("shop").change_set_name("c").send().await.unwrap();
        assert_eq!(finish(&client, "shop").await, "IMPORT_COMPLETE");
        assert_eq!(
            happened(&client, "shop").await,
            "\
shop IMPORT_IN_PROGRESS (User Initiated)
Logs IMPORT_IN_PROGRESS (Resource import started.)
Logs IMPORT_COMPLETE (Resource import completed.)
Logs UPDATE_IN_PROGRESS (Apply stack-level tags to imported resource if applicable.)
Logs UPDATE_COMPLETE (Apply stack-level tags to imported resource if applicable.)
shop IMPORT_COMPLETE
"
        );
        // What was imported is the stack's own.
        assert_eq!(deploy(&client, "shop", ChangeSetType::Update, QUEUE).await, "UPDATE_COMPLETE");
    });
}
