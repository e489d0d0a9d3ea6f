//! That the emulator our deployments are tested with behaves as CloudFormation does, where we made it to.

use aws_sdk_cloudformation::{
    Client,
    types::{ChangeSetType, StackEvent},
};
use tokio::runtime::Runtime;

use crate::support::ministack::Ministack;

/// The only stack of each test.
const STACK: &str = "shop";

/// A `MiniStack`, and what talks to it.
struct CloudFormation {
    client: Client,
    runtime: Runtime,
    _ministack: Ministack,
}

impl CloudFormation {
    /// Starts one without stacks, or says that the test is skipped.
    #[track_caller]
    fn start(test: &str) -> Option<Self> {
        let ministack = Ministack::start(test)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Some(Self {
            client: ministack.cloudformation("000000000000", "eu-west-1"),
            runtime,
            _ministack: ministack,
        })
    }

    /// Creates a change set, and gives its ARN.
    fn change_set(&self, kind: ChangeSetType, template: &str, name: &str) -> String {
        let request = self.client.create_change_set().stack_name(STACK).change_set_name(name);
        let request =
            request.change_set_type(kind).template_body(template).client_token(format!("create-{name}"));
        self.runtime.block_on(request.send()).unwrap().id.unwrap()
    }

    /// Deploys a template, and gives the events of that as lines, the oldest first.
    fn deploy(&self, kind: ChangeSetType, template: &str, name: &str) -> String {
        let change_set = self.change_set(kind, template, name);
        let seen = self.events().len();
        let request = self.client.execute_change_set().change_set_name(change_set);
        self.runtime.block_on(request.client_request_token(name).send()).unwrap();
        while self.status().ends_with("_IN_PROGRESS") {}
        self.events().split_off(seen).iter().map(line).collect()
    }

    /// The status of the stack.
    fn status(&self) -> String {
        let stacks = self.runtime.block_on(self.client.describe_stacks().stack_name(STACK).send()).unwrap();
        stacks.stacks()[0].stack_status().unwrap().as_str().to_owned()
    }

    /// All events of the stack, the oldest first.
    fn events(&self) -> Vec<StackEvent> {
        let request = self.client.describe_stack_events().stack_name(STACK);
        let mut events = self.runtime.block_on(request.send()).unwrap().stack_events.unwrap();
        events.reverse();
        events
    }
}

/// An event as a line.
fn line(event: &StackEvent) -> String {
    let reason = event.resource_status_reason().filter(|it| !it.is_empty());
    let reason = reason.map_or(String::new(), |it| format!(": {it}"));
    let status = event.resource_status().unwrap().as_str();
    format!("{} {status}{reason}\n", event.logical_resource_id().unwrap())
}

#[test]
fn a_fault_rolls_the_creation_of_its_stack_back() {
    let Some(cloudformation) = CloudFormation::start("a fault") else { return };
    let stacks = cloudformation.runtime.block_on(cloudformation.client.describe_stacks().send()).unwrap();
    assert_eq!(stacks.stacks().len(), 0);
    let template = r#"{"Resources": {
        "Good": {"Type": "Asi::Test::Fault"},
        "Bad": {"Type": "Asi::Test::Fault", "DependsOn": "Good",
                "Properties": {"FailOn": ["create"], "Reason": "there is no more of it"}}}}"#;
    assert_eq!(
        cloudformation.deploy(ChangeSetType::Create, template, "first"),
        "shop CREATE_IN_PROGRESS\n\
         Good CREATE_IN_PROGRESS\n\
         Good CREATE_COMPLETE\n\
         Bad CREATE_IN_PROGRESS\n\
         Bad CREATE_FAILED: there is no more of it\n\
         shop ROLLBACK_IN_PROGRESS: Rollback requested\n\
         Good DELETE_IN_PROGRESS\n\
         Good DELETE_COMPLETE\n\
         shop ROLLBACK_COMPLETE: Rollback complete\n"
    );
}

#[test]
fn an_update_has_events_for_what_it_changes_and_for_nothing_else() {
    let Some(cloudformation) = CloudFormation::start("an update") else { return };
    let before = r#"{"Resources": {
        "Kept": {"Type": "Asi::Test::Fault"},
        "Changed": {"Type": "Asi::Test::Fault", "DependsOn": "Kept", "Properties": {"Value": "old"}},
        "Replaced": {"Type": "Asi::Test::Fault", "DependsOn": "Changed", "Properties": {"Name": "old"}},
        "Removed": {"Type": "Asi::Test::Fault"}}}"#;
    cloudformation.deploy(ChangeSetType::Create, before, "first");
    let after = r#"{"Resources": {
        "Kept": {"Type": "Asi::Test::Fault"},
        "Changed": {"Type": "Asi::Test::Fault", "DependsOn": "Kept", "Properties": {"Value": "new"}},
        "Replaced": {"Type": "Asi::Test::Fault", "DependsOn": "Changed", "Properties": {"Name": "new"}},
        "Added": {"Type": "Asi::Test::Fault", "DependsOn": "Replaced"}}}"#;
    assert_eq!(
        cloudformation.deploy(ChangeSetType::Update, after, "second"),
        "shop UPDATE_IN_PROGRESS\n\
         Changed UPDATE_IN_PROGRESS\n\
         Changed UPDATE_COMPLETE\n\
         Replaced UPDATE_IN_PROGRESS: Requested update requires the creation of a new physical resource; hence creating one.\n\
         Replaced UPDATE_COMPLETE\n\
         Added CREATE_IN_PROGRESS\n\
         Added CREATE_COMPLETE\n\
         shop UPDATE_COMPLETE_CLEANUP_IN_PROGRESS\n\
         Replaced DELETE_IN_PROGRESS\n\
         Replaced DELETE_COMPLETE\n\
         Removed DELETE_IN_PROGRESS\n\
         Removed DELETE_COMPLETE\n\
         shop UPDATE_COMPLETE\n"
    );
}

#[test]
fn a_change_set_is_created_once_for_each_token() {
    let Some(cloudformation) = CloudFormation::start("a token") else { return };
    let template = r#"{"Resources": {"Only": {"Type": "Asi::Test::Fault"}}}"#;
    let first = cloudformation.change_set(ChangeSetType::Create, template, "first");
    assert_eq!(cloudformation.change_set(ChangeSetType::Create, template, "first"), first);
}
