//! Stack refactorings: what CloudFormation moves, and what it refuses.

use aws_sdk_cloudformation::{
    Client,
    types::{ResourceLocation, ResourceMapping, StackDefinition},
};

use super::{client, describe, finish, refusal, wait};
use crate::support::cloudformation::{On, Server};

const WEB: &str = "Resources: {Jobs: {Type: AWS::SQS::Queue}, News: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Jobs}}}";
const DATA: &str = "Resources: {Key: {Type: AWS::EC2::KeyPair}, Rest: {Type: AWS::SQS::Queue}}";
const WEB_THEN: &str =
    "Resources: {News: {Type: AWS::SNS::Topic, Properties: {DisplayName: !ImportValue jobs}}}";
const DATA_THEN: &str = "
Resources: {Key: {Type: AWS::EC2::KeyPair}, Rest: {Type: AWS::SQS::Queue}, Work: {Type: AWS::SQS::Queue}}
Outputs: {Jobs: {Value: !Ref Work, Export: {Name: jobs}}}
";

fn with_stacks() -> Server {
    let server = Server::start();
    server.put_stack("web", WEB, "CREATE_COMPLETE");
    server.put_stack("data", DATA, "UPDATE_COMPLETE");
    server
}

fn mapping(from: &str, to: &str) -> ResourceMapping {
    let location = |it: &str| {
        let (stack, id) = it.split_once('.').unwrap();
        ResourceLocation::builder().stack_name(stack).logical_resource_id(id).build()
    };
    ResourceMapping::builder().source(location(from)).destination(location(to)).build()
}

/// Makes a refactoring, and gives its id, and its status with the reason.
async fn create(client: &Client, stacks: &[(&str, &str)], moves: &[(&str, &str)]) -> (String, String) {
    let mut call = client.create_stack_refactor().enable_stack_creation(true);
    for (name, template) in stacks {
        let definition = StackDefinition::builder().stack_name(*name).template_body(*template).build();
        call = call.stack_definitions(definition);
    }
    for (from, to) in moves {
        call = call.resource_mappings(mapping(from, to));
    }
    let id = call.send().await.unwrap().stack_refactor_id.unwrap();
    (id.clone(), status(client, &id).await)
}

async fn status(client: &Client, id: &str) -> String {
    let it = client.describe_stack_refactor().stack_refactor_id(id).send().await.unwrap();
    let statuses = format!("{} {}", it.status().unwrap().as_str(), it.execution_status().unwrap().as_str());
    let reasons = [it.status_reason(), it.execution_status_reason()];
    reasons.into_iter().flatten().fold(statuses, |all, it| format!("{all}: {it}"))
}

#[test]
fn what_moves_is_what_it_was() {
    let server = with_stacks();
    let client = client(&server, 1);
    wait(async {
        let (id, made) =
            create(&client, &[("web", WEB_THEN), ("data", DATA_THEN)], &[("web.Jobs", "data.Work")]).await;
        assert_eq!(made, "CREATE_COMPLETE AVAILABLE");
        client.execute_stack_refactor().stack_refactor_id(&id).send().await.unwrap();
        assert_eq!(status(&client, &id).await, "CREATE_COMPLETE EXECUTE_COMPLETE");
        // The stacks take a little longer than that.
        assert_eq!(describe(&client, "data").await.stack_status().unwrap().as_str(), "UPDATE_IN_PROGRESS");
        assert_eq!(finish(&client, "data").await, "UPDATE_COMPLETE");
        let resources = client.list_stack_resources().stack_name("data").send().await.unwrap();
        let ids = resources.stack_resource_summaries().iter().map(|it| it.physical_resource_id().unwrap());
        assert_eq!(ids.collect::<Vec<_>>(), ["data-Key-1", "data-Rest-1", "web-Jobs-1"]);
        let again = client.execute_stack_refactor().stack_refactor_id(&id).send().await;
        assert!(refusal(again).contains("is in EXECUTE_COMPLETE state"));
    });
}

#[test]
fn nothing_is_made_or_deleted_or_changed_by_the_way() {
    let server = with_stacks();
    server.home(|it| it.policies.insert("guarded".to_owned(), "{}".to_owned()));
    server.put_stack("guarded", DATA, "CREATE_COMPLETE");
    let client = client(&server, 1);
    let forbidden = "Found an action type that is not permitted during refactor operations";
    let news = "{Type: AWS::SNS::Topic, Properties: {DisplayName: other}}";
    let changed = format!("Resources: {{News: {news}}}");
    let added = DATA_THEN.replace("Work:", "More: {Type: AWS::SQS::Queue}, Work:");
    let removed = DATA_THEN.replace("Rest: {Type: AWS::SQS::Queue}, ", "");
    let conditional = format!("Conditions: {{C: !Equals [a, b]}}{DATA_THEN}");
    let both = |one: &str, other: &str| [("web", one.to_owned()), ("data", other.to_owned())];
    let jobs = ("web.Jobs", "data.Work");
    let cases = [
        (both(&changed, DATA_THEN), jobs, format!("web: {forbidden}: Modify")),
        (both(WEB_THEN, &added), jobs, format!("data: {forbidden}: Add")),
        (both(WEB_THEN, &removed), jobs, format!("data: {forbidden}: Remove")),
        (both(WEB_THEN, &conditional), jobs, "data: Conditions cannot be changed during a refactor.".to_owned()),
        (both(WEB, DATA), ("web.Gone", "data.Rest"), "Resource mapping web.Gone to data.Rest is not valid.".to_owned()),
        (
            [("data", DATA.replace("Key: {Type: AWS::EC2::KeyPair}, ", "")), ("web", WEB.replace("Jobs: {", "Key: {Type: AWS::EC2::KeyPair}, Jobs: {"))],
            ("data.Key", "web.Key"),
            "web: Stack Refactor does not support AWS::EC2::KeyPair because the resource type does not allow tag updates after creation.".to_owned(),
        ),
        (
            [("guarded", DATA.to_owned()), ("web", WEB.to_owned())],
            ("guarded.Rest", "web.Rest"),
            "guarded: Stacks with a stack policy cannot be refactored.".to_owned(),
        ),
    ];
    wait(async {
        for (stacks, moved, expected) in cases {
            let stacks = stacks.each_ref().map(|(name, template)| (*name, template.as_str()));
            let (_, made) = create(&client, &stacks, &[moved]).await;
            assert_eq!(made, format!("CREATE_FAILED UNAVAILABLE: {expected}"));
        }
        let definition = |name: &str, template: &str| {
            StackDefinition::builder().stack_name(name).template_body(template).build()
        };
        let all = ["a", "b", "c", "d", "e", "f"].map(|it| definition(it, DATA)).to_vec();
        let refused = client.create_stack_refactor().set_stack_definitions(Some(all)).send().await;
        assert!(refusal(refused).contains("between 1 and 5 stack definitions"));
        let refused = client.create_stack_refactor().stack_definitions(definition("new", DATA)).send().await;
        assert_eq!(refusal(refused), "ValidationError: Stack with id new does not exist");
        let refused = client.create_stack_refactor().stack_definitions(definition("web", "Resources: {}"));
        assert!(refusal(refused.send().await).contains("At least one Resources member must be defined"));
    });
}

#[test]
fn one_of_stacks_that_have_changed_is_of_no_use() {
    let server = with_stacks();
    let client = client(&server, 1);
    wait(async {
        let (id, _) =
            create(&client, &[("web", WEB_THEN), ("data", DATA_THEN)], &[("web.Jobs", "data.Work")]).await;
        let update = client.update_stack().stack_name("web").template_body(WEB.replace("!Ref Jobs", "news"));
        update.send().await.unwrap();
        assert_eq!(status(&client, &id).await, "CREATE_COMPLETE OBSOLETE: web: Stack was updated.");
        client.execute_stack_refactor().stack_refactor_id(&id).send().await.unwrap_err();
    });
}

#[test]
fn what_fails_leaves_everything_where_it_was() {
    let server = with_stacks();
    server.home(|it| it.fails("Work", On::Update, "Access denied"));
    let client = client(&server, 1);
    wait(async {
        let (id, _) =
            create(&client, &[("web", WEB_THEN), ("data", DATA_THEN)], &[("web.Jobs", "data.Work")]).await;
        client.execute_stack_refactor().stack_refactor_id(&id).send().await.unwrap();
        assert_eq!(status(&client, &id).await, "CREATE_COMPLETE ROLLBACK_IN_PROGRESS: Access denied");
        assert_eq!(status(&client, &id).await, "CREATE_COMPLETE ROLLBACK_COMPLETE: Access denied");
        assert_eq!(finish(&client, "web").await, "UPDATE_ROLLBACK_COMPLETE");
        let resources = client.list_stack_resources().stack_name("web").send().await.unwrap();
        assert_eq!(resources.stack_resource_summaries().len(), 2);
    });
}
