//! What goes, what stays, and what cannot go.

use aws_sdk_cloudformation::types::{ChangeSetType, DeletionMode};

use super::{QUEUE, client, deploy, describe, finish, happened, refusal, wait};
use crate::support::cloudformation::{On, Server};

#[test]
fn a_deleted_stack_is_found_by_its_arn() {
    let server = Server::start();
    let kept = QUEUE.replace("    Type: AWS::SQS", "    DeletionPolicy: Retain\n    Type: AWS::SQS");
    server.home(|it| it.put_stack("shop", &kept, "CREATE_COMPLETE").is_protected = true);
    let client = client(&server, 1);
    wait(async {
        let delete = || client.delete_stack().stack_name("shop").send();
        assert_eq!(
            refusal(delete().await),
            "ValidationError: Stack [shop] cannot be deleted while TerminationProtection is enabled"
        );
        let protect = client.update_termination_protection().stack_name("shop");
        protect.enable_termination_protection(false).send().await.unwrap();
        let id = describe(&client, "shop").await.stack_id.unwrap();
        delete().await.unwrap();
        assert_eq!(finish(&client, "shop").await, "DELETE_COMPLETE");
        assert_eq!(
            happened(&client, &id).await,
            "\
shop DELETE_IN_PROGRESS (User Initiated)
Alarm DELETE_IN_PROGRESS
Alarm DELETE_COMPLETE
Queue DELETE_SKIPPED
shop DELETE_COMPLETE
"
        );
        let lost = client.describe_stacks().stack_name("shop").send().await;
        assert_eq!(refusal(lost), "ValidationError: Stack with id shop does not exist");
        assert_eq!(client.describe_stacks().send().await.unwrap().stacks().len(), 0);
        // Who deletes it again has what he wants.
        delete().await.unwrap();
        let deleted = describe(&client, &id).await;
        assert!(deleted.deletion_time().is_some());
    });
}

#[test]
fn what_cannot_be_deleted_is_kept_or_forced() {
    let server = Server::start();
    server.home(|it| {
        it.put_stack("kept", QUEUE, "UPDATE_COMPLETE");
        it.put_stack("forced", QUEUE, "UPDATE_COMPLETE");
        it.fails("Queue", On::Delete, "is not empty");
    });
    let client = client(&server, 1);
    wait(async {
        let delete = |name: &str| client.delete_stack().stack_name(name);
        assert_eq!(
            refusal(delete("kept").retain_resources("Queue").send().await),
            "ValidationError: Invalid operation on stack [arn(kept) When you delete a stack, specify which resources \
             to retain only when the stack is in the DELETE_FAILED state."
        );
        for name in ["kept", "forced"] {
            delete(name).send().await.unwrap();
            assert_eq!(finish(&client, name).await, "DELETE_FAILED");
        }
        let gone = refusal(delete("kept").retain_resources("Alarm").send().await);
        assert!(gone.contains("Do not specify resources that are in the DELETE_COMPLETE state."), "{gone}");
        delete("kept").retain_resources("Queue").send().await.unwrap();
        assert_eq!(finish(&client, "kept").await, "DELETE_COMPLETE");
        let mode = DeletionMode::ForceDeleteStack;
        delete("forced").deletion_mode(mode).send().await.unwrap();
        assert_eq!(finish(&client, "forced").await, "DELETE_COMPLETE");
    });
}

#[test]
fn policies_decide_what_stays_of_what_failed() {
    let server = Server::start();
    server.home(|it| it.fails("Last", On::Create, "no"));
    server.home(|it| it.fails("Stuck", On::Rollback, "in use"));
    let client = client(&server, 1);
    let template = "
Resources:
  Kept: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}
  Gone: {Type: AWS::SQS::Queue, DeletionPolicy: RetainExceptOnCreate}
  Stuck: {Type: AWS::SQS::Queue}
  Last: {Type: AWS::SQS::Queue, DependsOn: [Kept, Gone, Stuck]}
";
    wait(async {
        assert_eq!(deploy(&client, "shop", ChangeSetType::Create, template).await, "ROLLBACK_FAILED");
        let story = happened(&client, "shop").await;
        let (_, end) = story.split_once("Last DELETE_COMPLETE\n").unwrap();
        assert_eq!(
            end,
            "\
Stuck DELETE_IN_PROGRESS
Stuck DELETE_FAILED (in use)
Gone DELETE_IN_PROGRESS
Gone DELETE_COMPLETE
Kept DELETE_SKIPPED
shop ROLLBACK_FAILED (The following resource(s) failed to delete: [Stuck].)
"
        );
    });
}
