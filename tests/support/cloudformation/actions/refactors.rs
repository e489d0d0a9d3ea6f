//! Stack refactorings: made, told of, and executed; and the policies that keep a stack from them.

use std::collections::{BTreeMap, BTreeSet};

use super::page;
use crate::support::cloudformation::{
    account::Account,
    form::Form,
    refactor::{Location, Refactor},
    xml::{Answer, Refusal, Xml},
};

/// How many stacks take part in one.
const MOST_STACKS: usize = 5;

/// Makes a refactoring, which is looked at later.
pub(super) fn create_stack_refactor(account: &mut Account, form: &Form) -> Answer {
    let mut definitions = BTreeMap::new();
    for it in form.structures("StackDefinitions") {
        let template = account.template(&it, None)?;
        definitions.insert(it.text("StackName").to_owned(), template);
    }
    if definitions.is_empty() || definitions.len() > MOST_STACKS {
        let message = format!("A stack refactor has between 1 and {MOST_STACKS} stack definitions.");
        return Err(Refusal::validation(message));
    }
    let names = definitions.keys().filter(|it| account.stack(it).is_none());
    let new: BTreeSet<String> = names.cloned().collect();
    if let Some(name) = new.first().filter(|_| !form.is_set("EnableStackCreation")) {
        return Err(Refusal::validation(format!("Stack with id {name} does not exist")));
    }
    let location = |it: &Form, end: &str| -> Location {
        let text = |key: &str| it.text(&format!("{end}.{key}")).to_owned();
        (text("StackName"), text("LogicalResourceId"))
    };
    let mappings = form.structures("ResourceMappings");
    let mappings = mappings.iter().map(|it| (location(it, "Source"), location(it, "Destination"))).collect();
    let seen = definitions.keys().filter_map(|name| Some((name.clone(), account.stack(name)?.events.len())));
    let seen = seen.collect();
    let refactor = Refactor {
        id: account.fresh_id(),
        description: form.text("Description").to_owned(),
        seen,
        definitions,
        mappings,
        new,
        status: "CREATE_IN_PROGRESS",
        reason: None,
        execution: "UNAVAILABLE",
        execution_reason: None,
        polls_left: account.script.change_set_polls,
        shown: 0,
    };
    let answer = Xml::new().text("StackRefactorId", &refactor.id);
    account.refactors.push(refactor);
    Ok(answer)
}

/// Tells how far a refactoring is.
pub(super) fn describe_stack_refactor(account: &mut Account, form: &Form) -> Answer {
    let at = found(account, form)?;
    account.poll_refactor(at);
    let it = &account.refactors[at];
    let ids = it.definitions.keys().filter_map(|name| Some(&account.stack(name)?.id));
    Ok(summary(it).texts("StackIds", ids))
}

/// Tells of the refactorings there are.
pub(super) fn list_stack_refactors(account: &mut Account, form: &Form) -> Answer {
    let wanted = form.list("ExecutionStatusFilter");
    let is_wanted = |it: &&Refactor| wanted.is_empty() || wanted.iter().any(|wanted| wanted == it.execution);
    let shown: Vec<Xml> = account.refactors.iter().filter(is_wanted).map(summary).collect();
    page(Xml::new(), "StackRefactorSummaries", &shown, form, account.script.page_size)
}

/// Tells what a refactoring does.
pub(super) fn list_stack_refactor_actions(account: &mut Account, form: &Form) -> Answer {
    let at = found(account, form)?;
    let it = &account.refactors[at];
    let location = |it: &Location| Xml::new().text("StackName", &it.0).text("LogicalResourceId", &it.1);
    let made = it.new.iter().map(|name| {
        let mapping = Xml::new().group("Destination", &Xml::new().text("StackName", name));
        Xml::new().text("Action", "CREATE").text("Entity", "STACK").group("ResourceMapping", &mapping)
    });
    let moved = it.mappings.iter().chain(&account.script.further_moves).map(|(from, to)| {
        let mapping = Xml::new().group("Source", &location(from)).group("Destination", &location(to));
        Xml::new()
            .text("Action", "MOVE")
            .text("Entity", "RESOURCE")
            .text("Description", "No configuration changes detected.")
            .text("Detection", "MANUAL")
            .group("ResourceMapping", &mapping)
    });
    let shown: Vec<Xml> = made.chain(moved).collect();
    page(Xml::new(), "StackRefactorActions", &shown, form, account.script.page_size)
}

/// Begins to execute a refactoring.
pub(super) fn execute_stack_refactor(account: &mut Account, form: &Form) -> Answer {
    let at = found(account, form)?;
    account.poll_refactor(at);
    let it = &account.refactors[at];
    if it.execution != "AVAILABLE" {
        let message =
            format!("Stack refactor {} is in {} state and cannot be executed.", it.id, it.execution);
        return Err(Refusal::validation(message));
    }
    account.begin_refactor(at);
    Ok(Xml::new())
}

/// Tells the policy of a stack.
pub(super) fn get_stack_policy(account: &mut Account, form: &Form) -> Answer {
    let at = account.named(form)?;
    let policy = account.policies.get(&account.stacks[at].name);
    Ok(Xml::new().maybe("StackPolicyBody", policy))
}

fn found(account: &Account, form: &Form) -> Result<usize, Refusal> {
    let id = form.text("StackRefactorId");
    let found = account.refactors.iter().position(|it| it.id == id);
    found.ok_or_else(|| {
        Refusal::new(404, "StackRefactorNotFoundException", format!("Stack refactor {id} does not exist"))
    })
}

fn summary(it: &Refactor) -> Xml {
    Xml::new()
        .text("StackRefactorId", &it.id)
        .text("Description", &it.description)
        .text("Status", it.status)
        .maybe("StatusReason", it.reason.as_ref())
        .text("ExecutionStatus", it.execution)
        .maybe("ExecutionStatusReason", it.execution_reason.as_ref())
}
