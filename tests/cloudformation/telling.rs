//! What is told of stacks and templates: all of it, page by page.

use std::collections::BTreeSet;

use aws_sdk_cloudformation::types::{
    Capability, ChangeSetType, StackDriftDetectionStatus, StackResourceDriftStatus, Tag,
};

use super::{QUEUE, client, create, deploy, describe, finish, parameter, wait};
use crate::support::cloudformation::{ACTIONS, Drift, Server};

#[test]
fn a_stack_is_described_with_all_it_was_made_from() {
    let server = Server::start();
    server.home(|it| it.parameters.insert("/image".to_owned(), "ami-1".to_owned()));
    let client = client(&server, 1);
    let template = "
Description: a shop
Parameters:
  Secret: {Type: String, NoEcho: true}
  Image: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /image}
  Zones: {Type: CommaDelimitedList, Default: 'a, b'}
Conditions:
  IsSmall: !Not [!Equals [!Select [1, !Ref Zones], b]]
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {}}
  Topic: {Type: AWS::SNS::Topic, Condition: IsSmall}
Outputs:
  Image: {Value: !Ref Image, Description: what runs}
  Zones: {Value: !Join ['+', !Ref Zones]}
  Small: {Value: !If [IsSmall, 'yes', 'no']}
  Topic: {Value: !Ref Topic, Condition: IsSmall}
  Where: {Value: !Sub '${AWS::Partition} ${AWS::Region} ${AWS::AccountId} ${!x}'}
";
    wait(async {
        let make = client.create_stack().stack_name("shop").template_body(template);
        let make = make.parameters(parameter("Secret", "hunter2")).capabilities(Capability::CapabilityIam);
        let make = make.tags(Tag::builder().key("team").value("a & b").build());
        let make = make.role_arn("arn:aws:iam::123456789012:role/deploy").notification_arns("arn:aws:sns:t");
        make.enable_termination_protection(true).send().await.unwrap();
        finish(&client, "shop").await;
        let stack = describe(&client, "shop").await;
        assert_eq!(stack.description(), Some("a shop"));
        assert_eq!(stack.tags()[0].value(), Some("a & b"));
        assert_eq!(stack.capabilities(), [Capability::CapabilityIam]);
        assert_eq!(stack.role_arn(), Some("arn:aws:iam::123456789012:role/deploy"));
        assert_eq!(stack.notification_arns(), ["arn:aws:sns:t"]);
        assert_eq!(stack.enable_termination_protection(), Some(true));
        let parameters = stack.parameters().iter();
        let values = parameters.map(|it| it.resolved_value().or(it.parameter_value()).unwrap());
        assert_eq!(values.collect::<Vec<_>>(), ["ami-1", "****", "a, b"]);
        let outputs = stack.outputs().iter();
        let outputs: Vec<&str> = outputs.map(|it| it.output_value().unwrap()).collect();
        assert_eq!(outputs, ["ami-1", "a+b", "no", "aws us-east-1 123456789012 ${x}"]);
        assert_eq!(stack.last_operations()[0].operation_type().unwrap().as_str(), "CREATE_STACK");
    });
}

#[test]
fn lists_come_in_pages() {
    let server = Server::start();
    server.home(|it| {
        it.put_stack("shop", QUEUE, "CREATE_COMPLETE");
        it.put_stack("other", QUEUE, "CREATE_COMPLETE");
        it.script.page_size = 1;
    });
    let client = client(&server, 1);
    wait(async {
        macro_rules! count {
            ($request:expr, $list:ident) => {{
                let mut pages = $request.into_paginator().send();
                let mut sizes = Vec::new();
                while let Some(page) = pages.next().await {
                    sizes.push(page.unwrap().$list().len());
                }
                sizes
            }};
        }
        assert_eq!(count!(client.describe_stacks(), stacks), [1, 1]);
        assert_eq!(count!(client.list_exports(), exports), [1, 1]);
        assert_eq!(
            count!(client.list_stack_resources().stack_name("shop"), stack_resource_summaries),
            [1, 1]
        );
        let more = QUEUE.replace(
            "  Alarm:",
            "  Topic: {Type: AWS::SNS::Topic}\n  Other: {Type: AWS::SNS::Topic}\n  Alarm:",
        );
        create(&client, "shop", "c", ChangeSetType::Update, &more).await;
        create(&client, "shop", "d", ChangeSetType::Update, QUEUE).await;
        assert_eq!(count!(client.list_change_sets().stack_name("shop"), summaries), [1, 1]);
        let asked = client.describe_change_set().stack_name("shop").change_set_name("c");
        assert_eq!(count!(asked, changes), [1, 1]);
        client.detect_stack_drift().stack_name("shop").send().await.unwrap();
        assert_eq!(
            count!(client.describe_stack_resource_drifts().stack_name("shop"), stack_resource_drifts),
            [1, 1]
        );
        client.execute_change_set().stack_name("shop").change_set_name("c").send().await.unwrap();
        // The first page lets time pass, and the others show the same moment.
        assert_eq!(count!(client.describe_stack_events().stack_name("shop"), stack_events), [1; 6]);
        assert_eq!(count!(client.describe_events().stack_name("shop"), operation_events), [1; 10]);
    });
}

#[test]
fn an_export_names_who_takes_it() {
    let server = Server::start();
    let user = "Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !ImportValue shop-url}}}";
    server.put_stack("shop", QUEUE, "CREATE_COMPLETE");
    server.put_stack("user", user, "CREATE_COMPLETE");
    let client = client(&server, 1);
    wait(async {
        let exports = client.list_exports().send().await.unwrap();
        assert_eq!(exports.exports()[0].value(), Some("shop-Queue-1"));
        let imports = client.list_imports().export_name("shop-url").send().await.unwrap();
        assert_eq!(imports.imports(), ["user"]);
    });
}

#[test]
fn a_template_is_summed_up() {
    let server = Server::start();
    server.home(|it| it.objects.insert("assets/queue.yaml".to_owned(), QUEUE.as_bytes().to_vec()));
    let client = client(&server, 1);
    wait(async {
        let summary = client.get_template_summary().template_body(QUEUE).send().await.unwrap();
        assert_eq!(summary.resource_types(), ["AWS::CloudWatch::Alarm", "AWS::SQS::Queue"]);
        let delay = &summary.parameters()[0];
        assert_eq!((delay.parameter_key(), delay.default_value()), (Some("Delay"), Some("1")));
        assert_eq!((delay.no_echo(), delay.parameter_type()), (Some(false), Some("Number")));
        let queue = &summary.resource_identifier_summaries()[1];
        assert_eq!(queue.logical_resource_ids(), ["Queue"]);
        assert_eq!(queue.resource_identifiers(), ["QueueUrl"]);
        let role = "Resources: {Role: {Type: AWS::IAM::Role, Properties: {RoleName: r}}}";
        let valid = client.validate_template().template_body(role).send().await.unwrap();
        assert_eq!(valid.capabilities(), [Capability::CapabilityNamedIam]);
        assert_eq!(
            valid.capabilities_reason(),
            Some("The following resource(s) require capabilities: [AWS::IAM::Role]")
        );
        // An object is found however its address names the bucket.
        for url in
            ["https://assets.s3.us-east-1.amazonaws.com/queue.yaml", "http://127.0.0.1:1/assets/queue.yaml"]
        {
            let valid = client.validate_template().template_url(url).send().await.unwrap();
            assert_eq!(valid.parameters()[0].parameter_key(), Some("Delay"));
        }
    });
}

#[test]
fn drift_is_found_where_it_is() {
    let server = Server::start();
    server.home(|it| {
        it.put_stack("shop", QUEUE, "CREATE_COMPLETE");
        let differences = ["/DelaySeconds", "1", "9"].map(str::to_owned);
        it.drifts("shop", "Queue", Drift::Modified(vec![differences]));
        it.drifts("shop", "Alarm", Drift::Deleted);
        it.script.drift_polls = 1;
    });
    let client = client(&server, 1);
    wait(async {
        let id = client.detect_stack_drift().stack_name("shop").send().await.unwrap();
        let id = id.stack_drift_detection_id().unwrap();
        let look = || client.describe_stack_drift_detection_status().stack_drift_detection_id(id).send();
        let status = look().await.unwrap().detection_status.unwrap();
        assert_eq!(status, StackDriftDetectionStatus::DetectionInProgress);
        let found = look().await.unwrap();
        assert_eq!(found.stack_drift_status().unwrap().as_str(), "DRIFTED");
        assert_eq!(found.drifted_stack_resource_count(), Some(2));
        let drifts = client.describe_stack_resource_drifts().stack_name("shop");
        let drifts = drifts.stack_resource_drift_status_filters(StackResourceDriftStatus::Modified);
        let drifts = drifts.send().await.unwrap();
        let [queue] = drifts.stack_resource_drifts() else { panic!("one was modified") };
        assert_eq!(queue.property_differences()[0].actual_value(), Some("9"));
        assert_eq!(queue.property_differences()[0].difference_type().unwrap().as_str(), "NOT_EQUAL");
        server.home(|it| it.drifts("shop", "Queue", Drift::None));
        server.home(|it| it.drifts("shop", "Alarm", Drift::NotChecked));
        client.detect_stack_drift().stack_name("shop").send().await.unwrap();
        let stack = describe(&client, "shop").await;
        assert_eq!(stack.drift_information().unwrap().stack_drift_status().unwrap().as_str(), "IN_SYNC");
    });
}

#[test]
fn each_action_is_answered_as_the_client_reads_it() {
    let server = Server::start();
    let client = client(&server, 1);
    wait(async {
        deploy(&client, "shop", ChangeSetType::Create, QUEUE).await;
        create(&client, "shop", "c", ChangeSetType::Update, QUEUE).await;
        let change_set =
            client.describe_change_set().stack_name("shop").change_set_name("c").send().await.unwrap();
        assert_eq!(change_set.stack_name(), Some("shop"));
        let listed = client.list_change_sets().stack_name("shop").send().await.unwrap();
        assert_eq!(listed.summaries()[0].change_set_name(), Some("c"));
        client.delete_change_set().stack_name("shop").change_set_name("c").send().await.unwrap();
        let tag = Tag::builder().key("team").value("a").build();
        let update = client.update_stack().stack_name("shop").use_previous_template(true).tags(tag);
        update.send().await.unwrap();
        client.cancel_update_stack().stack_name("shop").send().await.unwrap();
        finish(&client, "shop").await;
        let events = client.describe_stack_events().stack_name("shop").send().await.unwrap();
        let newest = &events.stack_events()[0];
        assert_eq!(newest.resource_type(), Some("AWS::CloudFormation::Stack"));
        assert_eq!(newest.timestamp().unwrap().to_string().len(), "2026-01-01T00:00:00Z".len());
        let operation = newest.operation_id().unwrap();
        let events = client.describe_events().operation_id(operation).send().await.unwrap();
        assert_eq!(events.operation_events()[0].operation_type().unwrap().as_str(), "UPDATE_STACK");
        let resources = client.describe_stack_resources().stack_name("shop").logical_resource_id("Queue");
        let resources = resources.send().await.unwrap();
        assert_eq!(resources.stack_resources()[0].physical_resource_id(), Some("shop-Queue-1"));
        let listed = client.list_stack_resources().stack_name("shop").send().await.unwrap();
        assert_eq!(listed.stack_resource_summaries().len(), 2);
        let template = client.get_template().stack_name("shop").send().await.unwrap();
        assert_eq!(template.template_body(), Some(QUEUE));
        let summary = client.get_template_summary().stack_name("shop").send().await.unwrap();
        assert_eq!(summary.parameters().len(), 1);
        client.validate_template().template_body(QUEUE).send().await.unwrap();
        let drift = client.detect_stack_drift().stack_name("shop").send().await.unwrap();
        let look = client.describe_stack_drift_detection_status();
        let look = look.set_stack_drift_detection_id(drift.stack_drift_detection_id).send().await.unwrap();
        assert_eq!(look.drifted_stack_resource_count(), Some(0));
        let drifts = client.describe_stack_resource_drifts().stack_name("shop").send().await.unwrap();
        assert_eq!(drifts.stack_resource_drifts().len(), 2);
        client.list_exports().send().await.unwrap();
        client.get_stack_policy().stack_name("shop").send().await.unwrap();
        client.list_stack_refactors().send().await.unwrap();
        client.create_stack_refactor().send().await.unwrap_err();
        client.describe_stack_refactor().stack_refactor_id("x").send().await.unwrap_err();
        client.list_stack_refactor_actions().stack_refactor_id("x").send().await.unwrap_err();
        client.execute_stack_refactor().stack_refactor_id("x").send().await.unwrap_err();
        client.list_imports().export_name("x").send().await.unwrap_err();
        client.rollback_stack().stack_name("shop").send().await.unwrap_err();
        client.continue_update_rollback().stack_name("shop").send().await.unwrap_err();
        client
            .update_termination_protection()
            .stack_name("shop")
            .enable_termination_protection(false)
            .send()
            .await
            .unwrap();
        client.delete_stack().stack_name("shop").send().await.unwrap();
        client.create_stack().stack_name("other").template_body(QUEUE).send().await.unwrap();
    });
    let calls = server.calls();
    let asked: BTreeSet<&str> = calls.iter().map(|it| it.action.as_str()).collect();
    assert_eq!(asked, ACTIONS.iter().map(|it| it.0).collect());
    assert_eq!(calls[0].parameters.text("StackName"), "shop");
}
