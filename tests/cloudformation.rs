//! Does the model of CloudFormation that other tests deploy to behave like CloudFormation? Asked through AWS's client.

mod change_sets;
mod deletions;
mod faults;
mod refactors;
mod refusals;
mod services;
mod telling;

use std::{fmt::Write as _, time::Duration};

use aws_sdk_cloudformation::{
    Client,
    config::{
        BehaviorVersion, Config, Credentials, Region, SharedHttpClient, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    error::ProvideErrorMetadata,
    types::{ChangeSetType, OnFailure, OnStackFailure, Parameter, Stack, Tag},
};

use crate::support::cloudformation::{On, Server};

const QUEUE: &str = "
Parameters:
  Delay: {Type: Number, Default: 1}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: jobs, DelaySeconds: !Ref Delay}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {AlarmName: !Sub '${Queue}-full', Namespace: !GetAtt Queue.Arn}
Outputs:
  Url: {Value: !Ref Queue, Export: {Name: !Sub '${AWS::StackName}-url'}}
";

/// A client of this server, which tries as often as said.
fn client(server: &Server, attempts: u32) -> Client {
    let keys = Credentials::new("AKIATESTER", "secret", None, None, "test");
    Client::from_conf(config(server, attempts, keys).build())
}

fn config(server: &Server, attempts: u32, keys: Credentials) -> aws_sdk_cloudformation::config::Builder {
    let backoff = Duration::from_millis(1);
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(keys)
        .http_client(http_client())
        .endpoint_url(server.url())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(attempts)
                .with_initial_backoff(backoff)
                .with_max_backoff(backoff),
        )
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(20)).build())
}

fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

/// Waits for what a client does.
fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// What went wrong, as `code: message`.
#[track_caller]
fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata>(result: Result<T, E>) -> String {
    let error = result.expect_err("it is refused");
    let message = error.message().unwrap_or_default();
    // An ARN has an id that depends on what was made before.
    let words = message.split(' ').map(|word| match word.split_once("arn:aws:") {
        Some((before, arn)) => format!("{before}arn({})", arn.split('/').nth(1).unwrap_or_default()),
        None => word.to_owned(),
    });
    format!("{}: {}", error.code().unwrap_or_default(), words.collect::<Vec<_>>().join(" "))
}

/// A change set of this kind, made.
async fn create(client: &Client, stack: &str, name: &str, kind: ChangeSetType, template: &str) {
    let asked = client.create_change_set().stack_name(stack).change_set_name(name).change_set_type(kind);
    asked.template_body(template).send().await.unwrap();
}

/// A stack, made or updated by a change set, to the end.
async fn deploy(client: &Client, stack: &str, kind: ChangeSetType, template: &str) -> String {
    create(client, stack, "c", kind, template).await;
    client.execute_change_set().stack_name(stack).change_set_name("c").send().await.unwrap();
    finish(client, stack).await
}

async fn describe(client: &Client, stack: &str) -> Stack {
    look(client, stack).await.unwrap()
}

/// A look at a stack, if it is there.
async fn look(client: &Client, stack: &str) -> Option<Stack> {
    client.describe_stacks().stack_name(stack).send().await.ok()?.stacks?.pop()
}

/// Looks at a stack until nothing happens any more, and tells its status.
async fn finish(client: &Client, stack: &str) -> String {
    while let Some(found) = look(client, stack).await {
        let status = found.stack_status().unwrap().as_str();
        if !status.ends_with("IN_PROGRESS") {
            return status.to_owned();
        }
    }
    "DELETE_COMPLETE".to_owned()
}

/// What happened in the last operation, the oldest first.
async fn happened(client: &Client, stack: &str) -> String {
    let events = client.describe_stack_events().stack_name(stack).send().await.unwrap().stack_events.unwrap();
    let last = events[0].operation_id().map(str::to_owned);
    let mut lines = String::new();
    for it in events.iter().filter(|it| it.operation_id().map(str::to_owned) == last).rev() {
        let reason =
            it.resource_status_reason().map(|it| format!(" ({})", it.trim_end())).unwrap_or_default();
        let (id, status) = (it.logical_resource_id().unwrap(), it.resource_status().unwrap().as_str());
        writeln!(lines, "{id} {status}{reason}").unwrap();
    }
    lines
}

#[test]
fn a_stack_is_made_resource_by_resource() {
    let server = Server::start();
    let client = client(&server, 1);
    wait(async {
        assert_eq!(deploy(&client, "shop", ChangeSetType::Create, QUEUE).await, "CREATE_COMPLETE");
        let stack = describe(&client, "shop").await;
        let output = &stack.outputs()[0];
        assert_eq!(output.output_value(), Some("shop-Queue-1"));
        assert_eq!(output.export_name(), Some("shop-url"));
        assert_eq!(
            happened(&client, "shop").await,
            "\
shop CREATE_IN_PROGRESS (User Initiated)
Queue CREATE_IN_PROGRESS
Queue CREATE_IN_PROGRESS (Resource creation Initiated)
Queue CREATE_COMPLETE
Alarm CREATE_IN_PROGRESS
Alarm CREATE_IN_PROGRESS (Resource creation Initiated)
Alarm CREATE_COMPLETE
shop CREATE_COMPLETE
"
        );
    });
    assert_eq!(
        server.transcript(),
        "\
CreateChangeSet ChangeSetName=c ChangeSetType=CREATE StackName=shop
ExecuteChangeSet ChangeSetName=c StackName=shop
DescribeStacks StackName=shop ×3
DescribeStackEvents StackName=shop
"
    );
}

#[test]
fn an_update_adds_replaces_and_removes() {
    let server = Server::start();
    server.put_stack("shop", QUEUE, "CREATE_COMPLETE");
    let client = client(&server, 1);
    let other = "{\"Resources\": {
        \"Queue\": {\"Type\": \"AWS::SQS::Queue\", \"Properties\": {\"QueueName\": \"work\"}},
        \"Topic\": {\"Type\": \"AWS::SNS::Topic\"}
    }}";
    wait(async {
        assert_eq!(deploy(&client, "shop", ChangeSetType::Update, other).await, "UPDATE_COMPLETE");
        assert_eq!(
            happened(&client, "shop").await,
            "\
shop UPDATE_IN_PROGRESS (User Initiated)
Queue UPDATE_IN_PROGRESS (Requested update requires the creation of a new physical resource; hence creating one.)
Queue UPDATE_IN_PROGRESS (Resource creation Initiated)
Topic CREATE_IN_PROGRESS
Topic CREATE_IN_PROGRESS (Resource creation Initiated)
Queue UPDATE_COMPLETE
Topic CREATE_COMPLETE
shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
Queue DELETE_IN_PROGRESS
Queue DELETE_COMPLETE
Alarm DELETE_IN_PROGRESS
Alarm DELETE_COMPLETE
shop UPDATE_COMPLETE
"
        );
        let listed = client.list_stack_resources().stack_name("shop").send().await.unwrap();
        let there = listed.stack_resource_summaries().iter();
        let there: Vec<&str> = there.map(|it| it.physical_resource_id().unwrap()).collect();
        assert_eq!(there, ["shop-Queue-2", "shop-Topic-1"]);
    });
}

#[test]
fn a_new_stack_that_fails_is_rolled_back_left_or_deleted() {
    let server = Server::start();
    server.home(|it| it.fails("Queue", On::Create, "name is taken"));
    let client = client(&server, 1);
    let side_by_side = "Resources: {Queue: {Type: AWS::SQS::Queue}, Topic: {Type: AWS::SNS::Topic}}";
    wait(async {
        let make = |name| client.create_stack().stack_name(name).template_body(QUEUE);
        make("undone").send().await.unwrap();
        assert_eq!(finish(&client, "undone").await, "ROLLBACK_COMPLETE");
        make("left").on_failure(OnFailure::DoNothing).send().await.unwrap();
        assert_eq!(finish(&client, "left").await, "CREATE_FAILED");
        assert_eq!(
            describe(&client, "left").await.stack_status_reason(),
            Some("The following resource(s) failed to create: [Queue]. ")
        );
        client.rollback_stack().stack_name("left").send().await.unwrap();
        assert_eq!(finish(&client, "left").await, "ROLLBACK_COMPLETE");
        make("gone").on_failure(OnFailure::Delete).send().await.unwrap();
        assert_eq!(finish(&client, "gone").await, "DELETE_COMPLETE");

        make("two").template_body(side_by_side).send().await.unwrap();
        assert_eq!(finish(&client, "two").await, "ROLLBACK_COMPLETE");
        assert_eq!(
            happened(&client, "two").await,
            "\
two CREATE_IN_PROGRESS (User Initiated)
Queue CREATE_IN_PROGRESS
Queue CREATE_IN_PROGRESS (Resource creation Initiated)
Topic CREATE_IN_PROGRESS
Topic CREATE_IN_PROGRESS (Resource creation Initiated)
Queue CREATE_FAILED (name is taken)
Topic CREATE_FAILED (Resource creation cancelled)
two ROLLBACK_IN_PROGRESS (The following resource(s) failed to create: [Queue, Topic]. Rollback requested by user.)
Topic DELETE_IN_PROGRESS
Topic DELETE_COMPLETE
Queue DELETE_IN_PROGRESS
Queue DELETE_COMPLETE
two ROLLBACK_COMPLETE
"
        );
    });
}

#[test]
fn a_change_set_says_what_a_failure_leads_to() {
    let server = Server::start();
    server.home(|it| it.fails("Queue", On::Create, "no"));
    let client = client(&server, 1);
    wait(async {
        for (wish, end) in [
            (OnStackFailure::Delete, "DELETE_COMPLETE"),
            (OnStackFailure::DoNothing, "CREATE_FAILED"),
            (OnStackFailure::Rollback, "ROLLBACK_COMPLETE"),
        ] {
            let name = format!("on-{}", wish.as_str().replace('_', "-"));
            let asked = client.create_change_set().stack_name(&name).change_set_name("c");
            let asked = asked.change_set_type(ChangeSetType::Create).template_body(QUEUE);
            asked.on_stack_failure(wish).send().await.unwrap();
            client.execute_change_set().stack_name(&name).change_set_name("c").send().await.unwrap();
            assert_eq!(finish(&client, &name).await, end);
        }
    });
}

#[test]
fn an_update_that_fails_is_undone() {
    let server = Server::start();
    server.home(|it| {
        it.put_stack("shop", QUEUE, "CREATE_COMPLETE");
        it.fails("Alarm", On::Update, "too many");
    });
    let client = client(&server, 1);
    let renamed = QUEUE.replace("jobs", "work");
    wait(async {
        assert_eq!(
            deploy(&client, "shop", ChangeSetType::Update, &renamed).await,
            "UPDATE_ROLLBACK_COMPLETE"
        );
        assert_eq!(
            happened(&client, "shop").await,
            "\
shop UPDATE_IN_PROGRESS (User Initiated)
Queue UPDATE_IN_PROGRESS (Requested update requires the creation of a new physical resource; hence creating one.)
Queue UPDATE_IN_PROGRESS (Resource creation Initiated)
Queue UPDATE_COMPLETE
Alarm UPDATE_IN_PROGRESS (Requested update requires the creation of a new physical resource; hence creating one.)
Alarm UPDATE_IN_PROGRESS (Resource creation Initiated)
Alarm UPDATE_FAILED (too many)
shop UPDATE_ROLLBACK_IN_PROGRESS (The following resource(s) failed to update: [Alarm].)
Queue UPDATE_IN_PROGRESS
Queue UPDATE_COMPLETE
Alarm UPDATE_IN_PROGRESS
Alarm UPDATE_COMPLETE
shop UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS
Alarm DELETE_IN_PROGRESS
Alarm DELETE_COMPLETE
Queue DELETE_IN_PROGRESS
Queue DELETE_COMPLETE
shop UPDATE_ROLLBACK_COMPLETE
"
        );
        // It is what it was.
        let template = client.get_template().stack_name("shop").send().await.unwrap();
        assert_eq!(template.template_body(), Some(QUEUE));
        let again = client.describe_stack_resources().stack_name("shop").send().await.unwrap();
        assert_eq!(again.stack_resources()[0].physical_resource_id(), Some("shop-Queue-1"));
    });
}

#[test]
fn an_update_that_cannot_be_undone_goes_on_without_what_is_stuck() {
    let server = Server::start();
    server.home(|it| {
        it.put_stack("shop", QUEUE, "CREATE_COMPLETE");
        it.fails("Alarm", On::Update, "too many");
        it.fails("Queue", On::Rollback, "was deleted");
    });
    let client = client(&server, 1);
    let slower = QUEUE.replace("Default: 1", "Default: 2").replace("-full", "-over");
    wait(async {
        assert_eq!(deploy(&client, "shop", ChangeSetType::Update, &slower).await, "UPDATE_ROLLBACK_FAILED");
        let skip =
            |id: &str| client.continue_update_rollback().stack_name("shop").resources_to_skip(id).send();
        assert_eq!(
            refusal(skip("Alarm").await),
            "ValidationError: The following resources cannot be skipped because they are not in UPDATE_FAILED state: \
             [Alarm]"
        );
        client.continue_update_rollback().stack_name("shop").send().await.unwrap();
        assert_eq!(finish(&client, "shop").await, "UPDATE_ROLLBACK_FAILED");
        skip("Queue").await.unwrap();
        assert_eq!(finish(&client, "shop").await, "UPDATE_ROLLBACK_COMPLETE");
        // A change set that failed is still there, and its name is taken.
        client.delete_change_set().stack_name("shop").change_set_name("c").send().await.unwrap();
        server.home(|it| ["Queue", "Alarm"].map(|id| it.heal(id)));
        assert_eq!(deploy(&client, "shop", ChangeSetType::Update, &slower).await, "UPDATE_COMPLETE");
    });
}

#[test]
fn an_update_may_be_left_failed_or_be_broken_off() {
    let server = Server::start();
    server.home(|it| {
        it.put_stack("left", QUEUE, "CREATE_COMPLETE");
        it.put_stack("broken-off", QUEUE, "CREATE_COMPLETE");
        it.fails("Alarm", On::Update, "too many");
        it.script.events_per_poll = 1;
    });
    let client = client(&server, 1);
    let slower = QUEUE.replace("Default: 1", "Default: 2").replace("-full", "-over");
    wait(async {
        let update = |name: &str| client.update_stack().stack_name(name).template_body(&slower);
        update("left").disable_rollback(true).send().await.unwrap();
        assert_eq!(finish(&client, "left").await, "UPDATE_FAILED");
        client.rollback_stack().stack_name("left").send().await.unwrap();
        assert_eq!(finish(&client, "left").await, "UPDATE_ROLLBACK_COMPLETE");

        update("broken-off").send().await.unwrap();
        describe(&client, "broken-off").await;
        client.cancel_update_stack().stack_name("broken-off").send().await.unwrap();
        assert_eq!(finish(&client, "broken-off").await, "UPDATE_ROLLBACK_COMPLETE");
        assert_eq!(
            happened(&client, "broken-off").await,
            "\
broken-off UPDATE_IN_PROGRESS (User Initiated)
Queue UPDATE_IN_PROGRESS
broken-off UPDATE_ROLLBACK_IN_PROGRESS (User Initiated)
Queue UPDATE_FAILED (Resource update cancelled)
Queue UPDATE_IN_PROGRESS
Queue UPDATE_COMPLETE
broken-off UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS
broken-off UPDATE_ROLLBACK_COMPLETE
"
        );
    });
}

#[test]
fn an_export_that_is_taken_stays_as_it_is() {
    let server = Server::start();
    server.put_stack("shop", QUEUE, "CREATE_COMPLETE");
    let client = client(&server, 1);
    let user = "Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !ImportValue shop-url}}}";
    wait(async {
        assert_eq!(deploy(&client, "user", ChangeSetType::Create, user).await, "CREATE_COMPLETE");
        for (template, verb) in
            [(QUEUE.replace("jobs", "work"), "updated"), (QUEUE.replace("-url", ""), "deleted")]
        {
            assert_eq!(
                deploy(&client, "shop", ChangeSetType::Update, &template).await,
                "UPDATE_ROLLBACK_COMPLETE"
            );
            let story = happened(&client, "shop").await;
            let expected = format!("(Export shop-url cannot be {verb} as it is in use by user)\n");
            assert!(story.contains(&expected), "{story}");
            client.delete_change_set().stack_name("shop").change_set_name("c").send().await.unwrap();
        }
        client.delete_stack().stack_name("shop").send().await.unwrap();
        assert_eq!(finish(&client, "shop").await, "UPDATE_ROLLBACK_COMPLETE");
        assert_eq!(
            happened(&client, "shop").await,
            "\
shop DELETE_IN_PROGRESS (User Initiated)
shop UPDATE_ROLLBACK_COMPLETE (Delete canceled. Cannot delete export shop-url as it is in use by user.)
"
        );
        let other = user.replace("shop-url", "shop-link");
        assert_eq!(deploy(&client, "lost", ChangeSetType::Create, &other).await, "ROLLBACK_COMPLETE");
        assert_eq!(
            happened(&client, "lost").await,
            "\
lost CREATE_IN_PROGRESS (User Initiated)
lost ROLLBACK_IN_PROGRESS (No export named shop-link found. Rollback requested by user.)
lost ROLLBACK_COMPLETE
"
        );
    });
}

#[test]
fn a_stack_that_was_left_failed_is_tried_again() {
    let server = Server::start();
    server.home(|it| it.fails("Alarm", On::Create, "too many"));
    let client = client(&server, 1);
    wait(async {
        let make = client.create_stack().stack_name("shop").template_body(QUEUE);
        make.on_failure(OnFailure::DoNothing).send().await.unwrap();
        assert_eq!(finish(&client, "shop").await, "CREATE_FAILED");
        server.home(|it| it.heal("Alarm"));
        client.update_stack().stack_name("shop").template_body(QUEUE).send().await.unwrap();
        assert_eq!(finish(&client, "shop").await, "UPDATE_COMPLETE");
        assert_eq!(
            happened(&client, "shop").await,
            "\
shop UPDATE_IN_PROGRESS (User Initiated)
Alarm CREATE_IN_PROGRESS
Alarm CREATE_IN_PROGRESS (Resource creation Initiated)
Alarm CREATE_COMPLETE
shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
shop UPDATE_COMPLETE
"
        );
    });
}

#[test]
fn a_condition_takes_a_resource_away() {
    let server = Server::start();
    let template = "
Parameters: {Stage: {Type: String, Default: live}}
Conditions: {IsLive: !Equals [!Ref Stage, live]}
Resources: {Queue: {Type: AWS::SQS::Queue}, Topic: {Type: AWS::SNS::Topic, Condition: IsLive}}
";
    server.put_stack("shop", template, "CREATE_COMPLETE");
    let client = client(&server, 1);
    wait(async {
        let update = client.update_stack().stack_name("shop").use_previous_template(true);
        update.parameters(parameter("Stage", "test")).send().await.unwrap();
        assert_eq!(finish(&client, "shop").await, "UPDATE_COMPLETE");
        assert_eq!(
            happened(&client, "shop").await,
            "\
shop UPDATE_IN_PROGRESS (User Initiated)
shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
Topic DELETE_IN_PROGRESS
Topic DELETE_COMPLETE
shop UPDATE_COMPLETE
"
        );
    });
}

#[test]
fn the_same_request_with_the_same_token_is_one_request() {
    let server = Server::start();
    let client = client(&server, 1);
    wait(async {
        let make = || client.create_stack().stack_name("shop").template_body(QUEUE);
        let first = make().client_request_token("1").send().await.unwrap();
        let again = make().client_request_token("1").send().await.unwrap();
        assert_eq!(first.stack_id(), again.stack_id());
        assert_eq!(refusal(make().send().await), "AlreadyExistsException: Stack [shop] already exists");
        finish(&client, "shop").await;
        let events = client.describe_stack_events().stack_name("shop").send().await.unwrap();
        assert!(events.stack_events().iter().all(|it| it.client_request_token() == Some("1")));

        let tag = Tag::builder().key("team").value("a").build();
        let update =
            || client.update_stack().stack_name("shop").use_previous_template(true).tags(tag.clone());
        update().client_request_token("2").send().await.unwrap();
        update().client_request_token("2").send().await.unwrap();
        assert_eq!(finish(&client, "shop").await, "UPDATE_COMPLETE");
        assert_eq!(refusal(update().send().await), "ValidationError: No updates are to be performed.");
    });
}

/// A value for a parameter.
fn parameter(key: &str, value: &str) -> Parameter {
    Parameter::builder().parameter_key(key).parameter_value(value).build()
}
