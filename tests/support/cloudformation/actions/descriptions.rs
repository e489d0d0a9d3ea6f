//! What is told of stacks: themselves, their events, resources and exports. A look at a stack lets time pass for it.

use super::page;
use crate::support::cloudformation::{
    account::Account,
    change_set::{ChangeSet, parameters},
    form::Form,
    script::Finding,
    stack::{Event, Kind, Operation, Output, Resource, STACK, Stack},
    xml::{Answer, Refusal, Xml},
};

/// Tells of one stack, or of all that are there.
pub(super) fn describe_stacks(account: &mut Account, form: &Form) -> Answer {
    let found = match form.maybe("StackName") {
        Some(_) => vec![account.identified(form)?],
        None => (0..account.stacks.len()).rev().filter(|at| !account.stacks[*at].is_gone()).collect(),
    };
    look(account, &found, form);
    // What is gone at this look is not found by its name any more.
    if form.maybe("StackName").is_some() {
        account.identified(form)?;
    }
    let shown: Vec<Xml> = found.into_iter().map(|at| described(&account.stacks[at])).collect();
    page(Xml::new(), "Stacks", &shown, form, account.script.page_size)
}

fn described(stack: &Stack) -> Xml {
    let source = &stack.source;
    let drift = Xml::new().text("StackDriftStatus", stack.drift_status);
    Xml::new()
        .text("StackId", &stack.id)
        .text("StackName", &stack.name)
        .maybe("ChangeSetId", stack.change_set_id.as_ref())
        .maybe("Description", source.template.description())
        .list("Parameters", parameters(source))
        .text("CreationTime", &stack.created)
        .maybe("DeletionTime", stack.deleted.as_ref())
        .maybe("LastUpdatedTime", stack.updated.as_ref())
        .group("RollbackConfiguration", &Xml::new())
        .text("StackStatus", &stack.status)
        .maybe("StackStatusReason", stack.reason.as_ref())
        .text("DisableRollback", stack.disables_rollback)
        .texts("NotificationARNs", &source.notification_arns)
        .texts("Capabilities", &source.capabilities)
        .list("Outputs", stack.outputs.iter().map(output))
        .maybe("RoleARN", source.role_arn.as_ref())
        .pairs("Tags", super::TAG, &source.tags)
        .text("EnableTerminationProtection", stack.is_protected)
        .maybe("ParentId", stack.parent_id.as_ref())
        .maybe("RootId", stack.parent_id.as_ref())
        .group("DriftInformation", &drift)
        .list("LastOperations", stack.operation.iter().map(last_operation))
}

fn output(output: &Output) -> Xml {
    Xml::new()
        .text("OutputKey", &output.key)
        .text("OutputValue", &output.value)
        .maybe("Description", output.description.as_ref())
        .maybe("ExportName", output.export.as_ref())
}

fn last_operation(operation: &Operation) -> Xml {
    Xml::new().text("OperationType", operation_type(operation.kind)).text("OperationId", &operation.id)
}

fn operation_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "CREATE_STACK",
        Kind::Update | Kind::Import => "UPDATE_STACK",
        Kind::Delete => "DELETE_STACK",
        Kind::Rollback => "ROLLBACK",
        Kind::ContinueRollback => "CONTINUE_ROLLBACK",
    }
}

/// Tells what happened to a stack, the newest first.
pub(super) fn describe_stack_events(account: &mut Account, form: &Form) -> Answer {
    look(account, &[account.named(form)?], form);
    let stack = &account.stacks[account.named(form)?];
    let shown: Vec<Xml> = stack.history().map(|it| event(stack, it)).collect();
    page(Xml::new(), "StackEvents", &shown, form, account.script.page_size)
}

fn event(stack: &Stack, event: &Event) -> Xml {
    Xml::new()
        .text("StackId", &stack.id)
        .text("StackName", &stack.name)
        .text("EventId", &event.id)
        .maybe("OperationId", Some(&event.operation).filter(|it| !it.is_empty()))
        .text("LogicalResourceId", &event.step.id)
        .text("PhysicalResourceId", event.step.physical_id.as_deref().unwrap_or_default())
        .text("ResourceType", &event.step.kind)
        .text("Timestamp", &event.time)
        .text("ResourceStatus", &event.step.status)
        .maybe("ResourceStatusReason", event.step.reason.as_ref())
        .maybe("ClientRequestToken", event.token.as_ref())
}

/// Tells what happened in a stack, an operation or the making of a change set, the newest first; or only what failed.
pub(super) fn describe_events(account: &mut Account, form: &Form) -> Answer {
    let name = form.maybe("ChangeSetName");
    let operation = form.maybe("OperationId");
    let at = match form.maybe("StackName") {
        Some(_) => Some(account.named(form)?),
        None => None,
    };
    let of_operation =
        |it: &Stack| it.events.iter().any(|event| Some(&event.operation) == operation.as_ref());
    let at = at.or_else(|| account.stacks.iter().position(of_operation));
    let stack_id = at.map(|at| account.stacks[at].id.clone());
    let is_meant = |it: &&ChangeSet| match (&name, &operation) {
        (Some(name), _) => it.is_called(name, stack_id.as_deref()) || it.id == *name,
        (None, Some(operation)) => it.operation == *operation,
        (None, None) => Some(&it.stack_id) == stack_id.as_ref(),
    };
    let meant: Vec<&ChangeSet> = account.change_sets.iter().filter(is_meant).collect();
    if at.is_none() && meant.is_empty() {
        return Err(Refusal::validation(
            "StackName, ChangeSetName or OperationId has to name something that exists",
        ));
    }
    let found = meant.iter().flat_map(|of| of.findings.iter().enumerate().map(|it| finding(of, it)));
    let mut shown: Vec<Xml> = found.collect();
    if let (Some(at), None) = (at, &name) {
        look(account, &[at], form);
        let only_failures = form.is_set("Filters.FailedEvents");
        let stack = &account.stacks[at];
        let events = stack.history().filter(|it| operation.as_ref().is_none_or(|id| it.operation == *id));
        let events = events.filter(|it| !only_failures || it.step.status.ends_with("_FAILED"));
        shown.extend(events.map(|it| operation_event(stack, it)));
    }
    page(Xml::new(), "OperationEvents", &shown, form, account.script.page_size)
}

fn finding(change_set: &ChangeSet, (at, finding): (usize, &Finding)) -> Xml {
    let (status, mode) = if change_set.failure.is_some() { ("FAILED", "FAIL") } else { ("SUCCESS", "WARN") };
    let event = Xml::new()
        .text("EventId", format!("{}-{at}", change_set.operation))
        .text("StackId", &change_set.stack_id)
        .text("OperationId", &change_set.operation)
        .text("OperationType", "CREATE_CHANGESET")
        .text("OperationStatus", status)
        .text("EventType", finding.kind)
        .text("LogicalResourceId", &finding.id)
        .text("Timestamp", &change_set.created);
    if finding.kind == "HOOK_INVOCATION_ERROR" {
        return event
            .text("HookType", &finding.name)
            .text("HookStatus", "HOOK_COMPLETE_FAILED")
            .text("HookStatusReason", &finding.reason)
            .text("HookInvocationPoint", "PRE_PROVISION")
            .text("HookFailureMode", mode);
    }
    event
        .text("ValidationName", &finding.name)
        .text("ValidationStatus", "FAILED")
        .text("ValidationStatusReason", &finding.reason)
        .text("ValidationFailureMode", mode)
        .text("ValidationPath", &finding.path)
}

fn operation_event(stack: &Stack, it: &Event) -> Xml {
    let is_failed = it.step.status.ends_with("_FAILED");
    let is_own = it.step.kind == STACK;
    let status = match it.step.status.as_str() {
        status if status.ends_with("IN_PROGRESS") => "IN_PROGRESS",
        _ if is_failed => "FAILED",
        _ => "SUCCESS",
    };
    let operation = stack.operation.as_ref().filter(|of| of.id == it.operation);
    event(stack, it)
        .maybe("OperationType", operation.map(|it| operation_type(it.kind)))
        .maybe("OperationStatus", is_own.then_some(status))
        .text("EventType", if is_failed && !is_own { "PROVISIONING_ERROR" } else { "STACK_EVENT" })
}

/// Tells of the resources of a stack, all at once.
pub(super) fn describe_stack_resources(account: &mut Account, form: &Form) -> Answer {
    let physical = form.maybe("PhysicalResourceId");
    let owner = |it: &Stack| it.resources.iter().any(|it| it.physical_id == physical);
    let at = match &physical {
        Some(id) => account
            .stacks
            .iter()
            .position(owner)
            .ok_or_else(|| Refusal::validation(format!("Stack for {id} does not exist")))?,
        None => account.identified(form)?,
    };
    let stack = &account.stacks[at];
    let wanted = form.maybe("LogicalResourceId");
    let shown = stack.resources.iter().filter(|it| wanted.as_ref().is_none_or(|id| it.id == *id));
    let shown = shown.map(|it| {
        let resource = Xml::new().text("StackName", &stack.name).text("StackId", &stack.id);
        of_resource(resource, it).text("Timestamp", &it.time)
    });
    Ok(Xml::new().list("StackResources", shown))
}

/// Lists the resources of a stack.
pub(super) fn list_stack_resources(account: &mut Account, form: &Form) -> Answer {
    let at = account.identified(form)?;
    let resources = account.stacks[at].resources.iter();
    let shown: Vec<Xml> =
        resources.map(|it| of_resource(Xml::new(), it).text("LastUpdatedTimestamp", &it.time)).collect();
    page(Xml::new(), "StackResourceSummaries", &shown, form, account.script.page_size)
}

fn of_resource(start: Xml, resource: &Resource) -> Xml {
    let drift = resource.drift.as_ref().map_or("NOT_CHECKED", |it| it.status());
    start
        .text("LogicalResourceId", &resource.id)
        .maybe("PhysicalResourceId", resource.physical_id.as_ref())
        .text("ResourceType", &resource.kind)
        .text("ResourceStatus", &resource.status)
        .maybe("ResourceStatusReason", resource.reason.as_ref())
        .group("DriftInformation", &Xml::new().text("StackResourceDriftStatus", drift))
}

/// Lists what all stacks export.
pub(super) fn list_exports(account: &mut Account, form: &Form) -> Answer {
    let there = account.stacks.iter().filter(|it| !it.is_gone());
    let outputs = there.flat_map(|stack| stack.outputs.iter().map(move |it| (stack, it)));
    let exports = outputs.filter_map(|(stack, output)| {
        let name = output.export.as_ref()?;
        Some(Xml::new().text("ExportingStackId", &stack.id).text("Name", name).text("Value", &output.value))
    });
    let exports: Vec<Xml> = exports.collect();
    page(Xml::new(), "Exports", &exports, form, account.script.page_size)
}

/// Lists the stacks that take an export.
pub(super) fn list_imports(account: &mut Account, form: &Form) -> Answer {
    let name = form.text("ExportName");
    let importers: Vec<String> = account.importers(name).into_iter().map(|it| it.name.clone()).collect();
    if importers.is_empty() {
        return Err(Refusal::validation(format!("Export '{name}' is not imported by any stack.")));
    }
    Ok(Xml::new().texts("Imports", importers))
}

/// Lets time pass for stacks that are looked at; a further page of the same look shows the same moment.
fn look(account: &mut Account, stacks: &[usize], form: &Form) {
    if form.maybe("NextToken").is_none() {
        stacks.iter().for_each(|at| account.poll(*at));
    }
}
