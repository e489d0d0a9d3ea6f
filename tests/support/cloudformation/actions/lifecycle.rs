//! What is done with a stack without a change set, and what brings one back that is stuck.

use std::collections::BTreeMap;

use super::{
    change_sets::is_same,
    check_name,
    source::{check_capabilities, check_types},
};
use crate::support::cloudformation::{
    account::Account,
    change::changes,
    form::Form,
    nested::{is_nested, is_stuck_inside},
    stack::{Kind, OnFailure, Operation, Source},
    status::Request,
    xml::{Answer, Refusal, Xml},
};

/// Makes a stack.
pub(super) fn create_stack(account: &mut Account, form: &Form) -> Answer {
    let name = form.text("StackName");
    check_name(name, "stackName")?;
    if let Some(stack) = account.stack(name) {
        if stack.has_done(Kind::Create, form.maybe("ClientRequestToken").as_ref()) {
            return Ok(Xml::new().text("StackId", &stack.id));
        }
        return Err(Refusal::new(400, "AlreadyExistsException", format!("Stack [{name}] already exists")));
    }
    let target = account.source(form, None)?;
    check_capabilities(&target, true)?;
    let mut stack = account.blank_stack(name, target.clone());
    stack.is_protected = form.is_set("EnableTerminationProtection");
    account.stacks.push(stack);
    let at = account.stacks.len() - 1;
    let on_failure = match form.text("OnFailure") {
        "DELETE" => OnFailure::Delete,
        "DO_NOTHING" => OnFailure::DoNothing,
        _ if form.is_set("DisableRollback") => OnFailure::DoNothing,
        _ => OnFailure::Rollback,
    };
    let operation = Operation { on_failure, ..Operation::new(Kind::Create, String::new(), target) };
    Ok(begin(account, at, form, operation))
}

/// Makes a stack from something else.
pub(super) fn update_stack(account: &mut Account, form: &Form) -> Answer {
    let at = account.named(form)?;
    let stack = &account.stacks[at];
    if stack.has_done(Kind::Update, form.maybe("ClientRequestToken").as_ref()) {
        return Ok(Xml::new().text("StackId", &stack.id));
    }
    account.allows(at, Request::Update)?;
    let target = account.source(form, Some(&stack.source))?;
    check_capabilities(&target, true)?;
    check_types(&stack.source.template, &target.template)?;
    let changes = changes(stack, &target, &BTreeMap::new(), &account.exports());
    if changes.is_empty() && is_same(&stack.source, &target) {
        return Err(Refusal::validation("No updates are to be performed."));
    }
    let on_failure = if form.is_set("DisableRollback") { OnFailure::DoNothing } else { OnFailure::Rollback };
    let operation = Operation { on_failure, ..Operation::new(Kind::Update, String::new(), target) };
    Ok(begin(account, at, form, operation))
}

/// Deletes a stack; one that is not there is deleted already.
pub(super) fn delete_stack(account: &mut Account, form: &Form) -> Answer {
    let Ok(at) = account.named(form) else { return Ok(Xml::new()) };
    let stack = &account.stacks[at];
    if stack.is_gone() || stack.status == "DELETE_IN_PROGRESS" {
        return Ok(Xml::new());
    }
    if stack.is_protected {
        let message =
            format!("Stack [{}] cannot be deleted while TerminationProtection is enabled", stack.name);
        return Err(Refusal::validation(message));
    }
    account.allows(at, Request::Delete)?;
    let is_stuck = stack.status == "DELETE_FAILED";
    let spared = form.list("RetainResources");
    if !spared.is_empty() && !is_stuck {
        let message = format!(
            "Invalid operation on stack [{}]. When you delete a stack, specify which resources to retain only when \
             the stack is in the DELETE_FAILED state.",
            stack.id
        );
        return Err(Refusal::validation(message));
    }
    let is_there = |id: &String| stack.resource(id).is_some_and(|it| it.status != "DELETE_COMPLETE");
    if !spared.iter().all(is_there) {
        let message = "The specified resources to retain must be in a valid state. Do not specify resources that \
                       are in the DELETE_COMPLETE state.";
        return Err(Refusal::validation(message));
    }
    let is_forced = form.text("DeletionMode") == "FORCE_DELETE_STACK";
    if is_forced && !is_stuck {
        let message = "DeletionMode FORCE_DELETE_STACK is only valid for stacks in DELETE_FAILED state.";
        return Err(Refusal::validation(message));
    }
    // That is not refused: it begins, and ends where it was.
    let taken = stack.outputs.iter().filter_map(|it| it.export.as_ref()).find_map(|export| {
        let importer = &account.importers(export).first()?.name;
        Some(format!("Delete canceled. Cannot delete export {export} as it is in use by {importer}."))
    });
    let given_up = taken.map(|reason| stack.own_step(&stack.status, Some(&reason)));
    let id = stack.id.clone();
    let operation = Operation::new(Kind::Delete, String::new(), Source::default());
    let operation = Operation { spared, is_forced, given_up, ..operation };
    account.change_sets.retain(|it| it.stack_id != id);
    begin(account, at, form, operation);
    Ok(Xml::new())
}

/// Breaks off an update.
pub(super) fn cancel_update_stack(account: &mut Account, form: &Form) -> Answer {
    let at = account.named(form)?;
    account.allows(at, Request::CancelUpdate)?;
    account.cancel(at);
    Ok(Xml::new())
}

/// Goes on with undoing an update, without the resources that cannot be.
pub(super) fn continue_update_rollback(account: &mut Account, form: &Form) -> Answer {
    let at = account.named(form)?;
    let token = form.maybe("ClientRequestToken");
    let stack = &account.stacks[at];
    if stack.has_done(Kind::ContinueRollback, token.as_ref()) {
        return Ok(Xml::new());
    }
    account.allows(at, Request::ContinueRollback)?;
    let spared = form.list("ResourcesToSkip");
    let is_stuck = |id: &str| {
        let own = stack.resource(id).filter(|it| it.status == "UPDATE_FAILED" && !is_nested(stack, id));
        own.is_some() || is_stuck_inside(account, id)
    };
    let strange: Vec<&str> = spared.iter().map(String::as_str).filter(|it| !is_stuck(it)).collect();
    if !strange.is_empty() {
        let message = format!(
            "The following resources cannot be skipped because they are not in UPDATE_FAILED state: [{}]",
            strange.join(", ")
        );
        return Err(Refusal::validation(message));
    }
    let source = stack.source.clone();
    let operation = Operation { spared, ..Operation::new(Kind::ContinueRollback, String::new(), source) };
    begin(account, at, form, operation);
    Ok(Xml::new())
}

/// Undoes what failed and was left as it was.
pub(super) fn rollback_stack(account: &mut Account, form: &Form) -> Answer {
    let at = account.named(form)?;
    let stack = &account.stacks[at];
    if stack.has_done(Kind::Rollback, form.maybe("ClientRequestToken").as_ref()) {
        return Ok(Xml::new().text("StackId", &stack.id));
    }
    account.allows(at, Request::Rollback)?;
    let source = stack.source.clone();
    Ok(begin(account, at, form, Operation::new(Kind::Rollback, String::new(), source)))
}

/// Protects a stack from being deleted, or does not any more.
pub(super) fn update_termination_protection(account: &mut Account, form: &Form) -> Answer {
    let at = account.named(form)?;
    let stack = &mut account.stacks[at];
    stack.is_protected = form.is_set("EnableTerminationProtection");
    Ok(Xml::new().text("StackId", &stack.id))
}

/// Begins an operation with an id and the token of the call, and tells which stack it is about.
fn begin(account: &mut Account, at: usize, form: &Form, operation: Operation) -> Xml {
    let id = account.fresh_id();
    account.begin(at, Operation { id: id.clone(), token: form.maybe("ClientRequestToken"), ..operation });
    Xml::new().text("StackId", &account.stacks[at].id).text("OperationId", id)
}
