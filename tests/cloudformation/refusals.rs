//! What CloudFormation refuses is refused, in its words.

use aws_sdk_cloudformation::types::{ChangeSetType, Parameter, StackStatus};

use super::{QUEUE, client, describe, parameter, refusal, wait};
use crate::support::cloudformation::{STATUSES, Server};

const ROLE: &str = "Resources: {Role: {Type: AWS::IAM::Role, Properties: {}}}";
const NAMED_ROLE: &str = "Resources: {Role: {Type: AWS::IAM::Role, Properties: {RoleName: r}}}";

#[test]
fn a_template_is_refused_for_what_it_says() {
    let server = Server::start();
    let client = client(&server, 1);
    let asks = "
Parameters: {Size: {Type: String, AllowedValues: [s, m]}, Name: {Type: String}, Key: {Type: String, Default: k}}
Resources: {Queue: {Type: AWS::SQS::Queue}}
";
    let long = format!("Resources: {{A: {{Type: AWS::SQS::Queue}}}}\n# {}", "x".repeat(51_200));
    let stored = "
Parameters: {Image: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /image}}
Resources: {Queue: {Type: AWS::SQS::Queue}}
";
    let cases: &[(&str, &[Parameter], &str)] = &[
        ("[", &[], "ValidationError: Template format error: unsupported structure."),
        ("{}", &[], "ValidationError: Template format error: At least one Resources member must be defined."),
        (
            "Resources: {A: {Properties: {}}}",
            &[],
            "ValidationError: Template format error: [/Resources/A] Every Resources object must contain a Type member.",
        ),
        (
            "Resources: {A: {Type: AWS::SQS::Queue, DependsOn: B, Properties: {QueueName: !Ref C}}}",
            &[],
            "ValidationError: Template format error: Unresolved resource dependencies [B, C] in the Resources block \
             of the template",
        ),
        (
            "Resources: {A: {Type: AWS::SQS::Queue, DependsOn: B}, B: {Type: AWS::SQS::Queue, DependsOn: A}}",
            &[],
            "ValidationError: Circular dependency between resources: [A, B]",
        ),
        (ROLE, &[], "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]"),
        (
            NAMED_ROLE,
            &[],
            "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_NAMED_IAM]",
        ),
        (asks, &[], "ValidationError: Parameters: [Size, Name] must have values"),
        (
            asks,
            &[parameter("Other", "x")],
            "ValidationError: Parameters: [Other] do not exist in the template",
        ),
        (
            asks,
            &[parameter("Size", "l")],
            "ValidationError: Parameter 'Size' must be one of AllowedValues [s, m]",
        ),
        (
            asks,
            &[Parameter::builder().parameter_key("Size").use_previous_value(true).build()],
            "ValidationError: Invalid input for parameter key Size. Cannot specify usePreviousValue as true for a \
             parameter key not in the previous template",
        ),
        (
            stored,
            &[],
            "ValidationError: Unable to fetch parameters [/image] from parameter store for this account.",
        ),
        (
            &long,
            &[],
            "ValidationError: 1 validation error detected: Value 'Resources: {A: {Type: AWS::SQS::Queue}}\n...' at \
             'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200",
        ),
    ];
    wait(async {
        for (template, parameters, expected) in cases {
            let asked = client.create_change_set().stack_name("shop").change_set_name("c");
            let asked = asked.change_set_type(ChangeSetType::Create).template_body(*template);
            let result = asked.set_parameters(Some(parameters.to_vec())).send().await;
            assert_eq!(refusal(result), *expected, "{template:.80}");
        }
        // Nothing of it left a stack.
        assert_eq!(client.describe_stacks().send().await.unwrap().stacks().len(), 0);
    });
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = Server::start();
    let client = client(&server, 1);
    let update = client.create_change_set().stack_name("shop").change_set_name("c").template_body(QUEUE);
    let refusals = wait(async {
        [
            refusal(update.clone().send().await),
            refusal(update.clone().stack_name("s_p").change_set_type(ChangeSetType::Create).send().await),
            refusal(update.clone().change_set_name("1").send().await),
            refusal(update.clone().change_set_type("REMOVE".into()).send().await),
            refusal(client.describe_change_set().stack_name("shop").change_set_name("c").send().await),
            refusal(client.describe_stack_events().stack_name("shop").send().await),
            refusal(client.list_stack_resources().stack_name("shop").send().await),
            refusal(client.describe_stack_resources().physical_resource_id("q-1").send().await),
            refusal(client.list_imports().export_name("url").send().await),
            refusal(client.validate_template().template_url("https://b.s3.amazonaws.com/k").send().await),
            refusal(client.validate_template().send().await),
            refusal(client.describe_stacks().next_token("x").send().await),
            refusal(client.list_stack_sets().send().await),
        ]
    });
    assert_eq!(
        refusals,
        [
            "ValidationError: Stack [shop] does not exist",
            "ValidationError: 1 validation error detected: Value 's_p' at 'stackName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
            "ValidationError: 1 validation error detected: Value '1' at 'changeSetName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
            "ValidationError: 1 validation error detected: Value 'REMOVE' at 'changeSetType' failed to satisfy \
             constraint: Member must satisfy enum value set: [IMPORT, UPDATE, CREATE]",
            "ValidationError: Stack [shop] does not exist",
            "ValidationError: Stack [shop] does not exist",
            "ValidationError: Stack with id shop does not exist",
            "ValidationError: Stack for q-1 does not exist",
            "ValidationError: Export 'url' is not imported by any stack.",
            "ValidationError: S3 error: Access Denied",
            "ValidationError: Either Template URL or Template Body must be specified.",
            "ValidationError: Invalid NextToken",
            "InvalidAction: Could not find operation ListStackSets for version 2010-05-15",
        ]
    );
}

#[test]
fn a_stack_that_is_there_is_changed_as_it_allows() {
    let server = Server::start();
    let client = client(&server, 1);
    server.put_stack("shop", QUEUE, "CREATE_COMPLETE");
    let renamed = QUEUE.replace("AWS::SQS::Queue", "AWS::SNS::Topic");
    let refusals = wait(async {
        let update =
            client.create_change_set().stack_name("shop").change_set_name("c").template_body(renamed);
        [
            refusal(update.clone().change_set_type(ChangeSetType::Create).send().await),
            refusal(update.send().await),
        ]
    });
    assert_eq!(
        refusals,
        [
            "ValidationError: Stack [shop] already exists and cannot be created again with the changeSet [c].",
            "ValidationError: Update of resource type is not permitted. The new template modifies resource type of \
             the following resources: [Queue]",
        ]
    );
}

#[test]
fn all_statuses_are_known() {
    let mut known: Vec<&str> = STATUSES.iter().map(|it| it.0).collect();
    known.sort_unstable();
    assert_eq!(known, StackStatus::values());
}

#[test]
fn each_status_allows_what_it_allows() {
    let server = Server::start();
    let client = client(&server, 1);
    wait(async {
        let mut told = Vec::new();
        for (status, _) in STATUSES {
            server.put_stack("shop", QUEUE, status);
            let id = server.home(|it| it.stacks.last().unwrap().id.clone());
            let update = client.update_stack().stack_name(&id).template_body(QUEUE).send().await;
            let continued = client.continue_update_rollback().stack_name(&id).send().await;
            let cancelled = client.cancel_update_stack().stack_name(&id).send().await;
            let rolled_back = client.rollback_stack().stack_name(&id).send().await;
            let is_fine = refusal(update).contains("No updates are to be performed.");
            told.push((status, is_fine, continued.is_ok(), cancelled.is_ok(), rolled_back.is_ok()));
        }
        told.retain(|it| it.1 || it.2 || it.3 || it.4);
        assert_eq!(
            told,
            [
                (&"CREATE_FAILED", true, false, false, true),
                (&"CREATE_COMPLETE", true, false, false, false),
                (&"UPDATE_IN_PROGRESS", false, false, true, false),
                (&"UPDATE_COMPLETE", true, false, false, false),
                (&"UPDATE_FAILED", true, false, false, true),
                (&"UPDATE_ROLLBACK_FAILED", false, true, false, false),
                (&"UPDATE_ROLLBACK_COMPLETE", true, false, false, false),
                (&"IMPORT_COMPLETE", true, false, false, false),
                (&"IMPORT_ROLLBACK_COMPLETE", true, false, false, false),
            ]
        );
    });
}

#[test]
fn a_status_nobody_knows_is_passed_on() {
    let server = Server::start();
    server.put_stack("shop", QUEUE, "UPDATE_ON_THE_MOON");
    let client = client(&server, 1);
    wait(async {
        let status = describe(&client, "shop").await.stack_status.unwrap();
        assert_eq!(status.as_str(), "UPDATE_ON_THE_MOON");
        let update = client.update_stack().stack_name("shop").template_body(QUEUE).send().await;
        assert_eq!(
            refusal(update),
            "ValidationError: Stack:arn(shop) is in UPDATE_ON_THE_MOON state and can not be updated."
        );
    });
}
