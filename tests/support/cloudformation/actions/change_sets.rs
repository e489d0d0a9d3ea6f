//! Change sets: made, looked at, carried out, thrown away.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    check_name, page,
    source::{check_capabilities, check_types},
};
use crate::support::cloudformation::{
    account::Account,
    change::{Change, changes},
    change_set::{ChangeSet, Execution, SETTINGS},
    form::Form,
    script::ChangeSetScript,
    stack::{Kind, OnFailure, Operation, Source, Stack},
    status::Request,
    template::{NESTED_STACK, Template},
    values::text,
    xml::{Answer, Refusal, Xml},
};

const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

/// Makes a change set, and a stack for it to stand under if there is none.
pub(super) fn create_change_set(account: &mut Account, form: &Form) -> Answer {
    let (stack_name, name) = (form.text("StackName"), form.text("ChangeSetName"));
    check_name(name, "changeSetName")?;
    let found = account.position(stack_name);
    if let Some(existing) = found.and_then(|at| account.change_set_of(&account.stacks[at].id, name)) {
        let token = form.maybe("ClientToken");
        if token.is_some() && existing.token == token {
            return Ok(Xml::new().text("Id", &existing.id).text("StackId", &existing.stack_id));
        }
        let message = format!("ChangeSet [{name}] already exists");
        return Err(Refusal::new(400, "AlreadyExistsException", message));
    }
    let kind = form.maybe("ChangeSetType").unwrap_or_else(|| "UPDATE".to_owned());
    check_kind(account, found, &kind, stack_name, name)?;
    let previous = found.map(|at| account.stacks[at].source.clone());
    let target = account.source(form, previous.as_ref())?;
    check_capabilities(&target, false)?;
    check_types(&previous.unwrap_or_default().template, &target.template)?;
    let imported = imported(form, &target.template)?;
    let at = match found {
        Some(at) => at,
        None => {
            check_name(stack_name, "stackName")?;
            account.review(stack_name, Source { tags: target.tags.clone(), ..Source::default() })
        }
    };
    let change_set = account.new_change_set(at, form, kind, target, imported);
    let answer = Xml::new().text("Id", &change_set.id).text("StackId", &change_set.stack_id);
    account.change_sets.push(change_set);
    Ok(answer)
}

/// Refuses a change set that does not go with what is there.
fn check_kind(
    account: &Account,
    found: Option<usize>,
    kind: &str,
    stack_name: &str,
    name: &str,
) -> Result<(), Refusal> {
    let in_review = found.is_some_and(|at| account.stacks[at].is_in_review());
    match (kind, found) {
        ("CREATE", Some(_)) if !in_review => Err(Refusal::validation(format!(
            "Stack [{stack_name}] already exists and cannot be created again with the changeSet [{name}]."
        ))),
        ("CREATE" | "IMPORT", None) => Ok(()),
        ("CREATE" | "IMPORT", Some(_)) if in_review => Ok(()),
        ("UPDATE" | "IMPORT", Some(at)) => account.allows(at, Request::Update),
        ("UPDATE", None) => Err(Refusal::validation(format!("Stack [{stack_name}] does not exist"))),
        _ => Err(Refusal::validation(format!(
            "1 validation error detected: Value '{kind}' at 'changeSetType' failed to satisfy constraint: \
             Member must satisfy enum value set: [IMPORT, UPDATE, CREATE]"
        ))),
    }
}

/// The resources to import, with the physical ids they have.
fn imported(form: &Form, template: &Template) -> Result<BTreeMap<String, String>, Refusal> {
    let mut imported = BTreeMap::new();
    for item in form.structures("ResourcesToImport") {
        let id = item.text("LogicalResourceId");
        if template.resource(id).is_null() {
            return Err(Refusal::validation(format!(
                "Resources [{id}] to import are not found in the template"
            )));
        }
        if template.resource(id)["DeletionPolicy"].is_null() {
            return Err(Refusal::validation(format!(
                "Resources [{id}] is missing DeletionPolicy attribute in the template"
            )));
        }
        let values = item.0.iter().filter(|it| it.0.rsplit('.').next() == Some("value"));
        let physical_id = values.map(|it| it.1.as_str()).collect::<Vec<_>>().join("|");
        imported.insert(id.to_owned(), physical_id);
    }
    Ok(imported)
}

/// Tells what a change set would do.
pub(super) fn describe_change_set(account: &mut Account, form: &Form) -> Answer {
    let change_set = account.change_set_mut(form)?;
    let description = change_set.description();
    let is_ready = change_set.status() == "CREATE_COMPLETE";
    change_set.polls_left = change_set.polls_left.saturating_sub(1);
    let change_set = change_set.clone();
    let script = account.script.change_sets.get(&change_set.stack_name);
    let longest = script.and_then(|it| it.longest_value);
    let with_values = form.is_set("IncludePropertyValues");
    let shown = change_set.changes.iter().filter(|_| is_ready);
    let shown: Vec<Xml> = shown.map(|it| shortened(it, longest).to_xml(with_values)).collect();
    page(description, "Changes", &shown, form, account.script.page_size)
}

/// A change with values no longer than this.
fn shortened(change: &Change, longest: Option<usize>) -> Change {
    let mut change = change.clone();
    let Some(longest) = longest else { return change };
    for value in change.values_mut().filter(|it| it.chars().count() > longest) {
        *value = value.chars().take(longest).collect::<String>() + "...";
    }
    change
}

/// Lists the change sets of a stack.
pub(super) fn list_change_sets(account: &mut Account, form: &Form) -> Answer {
    let at = account.named(form)?;
    let id = &account.stacks[at].id;
    let of_stack = account.change_sets.iter().filter(|it| it.stack_id == *id && it.is_listed());
    let summaries: Vec<Xml> = of_stack.map(ChangeSet::summary).collect();
    page(Xml::new(), "Summaries", &summaries, form, account.script.page_size)
}

/// Throws a change set away, be it there or not.
pub(super) fn delete_change_set(account: &mut Account, form: &Form) -> Answer {
    let Ok(change_set) = account.change_set_mut(form) else { return Ok(Xml::new()) };
    let (id, status) = (change_set.id.clone(), change_set.execution_status());
    if status == "EXECUTE_IN_PROGRESS" {
        return Err(not_in_status(&id, "deleted", status));
    }
    account.change_sets.retain(|it| it.id != id && it.parent_id.as_ref() != Some(&id));
    Ok(Xml::new())
}

/// Carries a change set out.
pub(super) fn execute_change_set(account: &mut Account, form: &Form) -> Answer {
    let token = form.maybe("ClientRequestToken");
    let change_set = account.change_set_mut(form)?.clone();
    if let Execution::Running { token: earlier, .. } = &change_set.execution
        && token.is_some()
        && *earlier == token
    {
        return Ok(Xml::new());
    }
    if change_set.execution != Execution::Available {
        return Err(not_in_status(&change_set.id, "executed", change_set.execution_status()));
    }
    if change_set.status() != "CREATE_COMPLETE" {
        return Err(not_in_status(&change_set.id, "executed", change_set.status()));
    }
    let at = account.position(&change_set.stack_id).ok_or_else(|| not_found(&change_set.name))?;
    let is_new = account.stacks[at].is_in_review();
    if !is_new {
        account.allows(at, Request::Update)?;
    }
    let wish = change_set.settings.get("OnStackFailure").map(String::as_str);
    if wish.is_some() && form.0.contains_key("DisableRollback") {
        let message = "DisableRollback cannot be specified when OnStackFailure was set on the change set.";
        return Err(Refusal::validation(message));
    }
    let kind = match change_set.kind.as_str() {
        "IMPORT" => Kind::Import,
        _ if is_new => Kind::Create,
        _ => Kind::Update,
    };
    for other in account.change_sets.iter_mut().filter(|it| it.stack_id == change_set.stack_id) {
        other.execution = if other.id == change_set.id {
            Execution::Running { token: token.clone(), is_over: None }
        } else if other.execution == Execution::Available {
            Execution::Obsolete
        } else {
            continue;
        };
    }
    let stack = &mut account.stacks[at];
    stack.change_set_id = Some(change_set.id.clone());
    if is_new {
        stack.source = change_set.target.clone();
    }
    let on_failure = match wish {
        Some("DELETE") => OnFailure::Delete,
        Some("DO_NOTHING") => OnFailure::DoNothing,
        _ if form.is_set("DisableRollback") => OnFailure::DoNothing,
        _ => OnFailure::Rollback,
    };
    let operation = Operation {
        token,
        on_failure,
        imported: change_set.imported,
        ..Operation::new(kind, account.fresh_id(), change_set.target)
    };
    account.begin(at, operation);
    Ok(Xml::new())
}

fn not_in_status(id: &str, done: &str, status: &str) -> Refusal {
    let message = format!("ChangeSet [{id}] cannot be {done} in its current status of [{status}]");
    Refusal::new(400, "InvalidChangeSetStatus", message)
}

fn not_found(name: &str) -> Refusal {
    Refusal::new(404, "ChangeSetNotFound", format!("ChangeSet [{name}] does not exist"))
}

impl Account {
    /// The change set of a stack with this name.
    fn change_set_of(&self, stack_id: &str, name: &str) -> Option<&ChangeSet> {
        self.change_sets.iter().find(|it| it.is_called(name, Some(stack_id)))
    }

    /// The change set a call is about.
    fn change_set_mut(&mut self, form: &Form) -> Result<&mut ChangeSet, Refusal> {
        let name = form.text("ChangeSetName");
        let at = form.maybe("StackName").map(|_| self.named(form)).transpose();
        // Its ARN is enough, even if the stack has gone.
        let at = if name.starts_with("arn:") { at.ok().flatten() } else { at? };
        let stack_id = at.map(|it| self.stacks[it].id.clone());
        let mut found = self.change_sets.iter_mut();
        found.find(|it| it.is_called(name, stack_id.as_deref())).ok_or_else(|| not_found(name))
    }

    /// Makes a stack that is only a name so far.
    fn review(&mut self, name: &str, source: Source) -> usize {
        let stack = self.blank_stack(name, source);
        self.stacks.push(stack);
        let at = self.stacks.len() - 1;
        let step = self.stacks[at].own_step("REVIEW_IN_PROGRESS", Some("User Initiated"));
        self.happen(at, step);
        at
    }

    fn new_change_set(
        &mut self,
        at: usize,
        form: &Form,
        kind: String,
        target: Source,
        imported: BTreeMap<String, String>,
    ) -> ChangeSet {
        let (id, created) = (self.arn("changeSet", form.text("ChangeSetName")), self.now());
        let exports = self.exports();
        let stack = &self.stacks[at];
        let script = self.script.change_sets.get(&stack.name).cloned().unwrap_or_default();
        let derived = changes(stack, &target, &imported, &exports);
        let is_same = derived.is_empty() && !stack.is_in_review() && is_same(&stack.source, &target);
        let no_changes = (is_same && script.changes.is_none()).then(|| NO_CHANGES.to_owned());
        let mut change_set = ChangeSet {
            id,
            name: form.text("ChangeSetName").to_owned(),
            stack_id: stack.id.clone(),
            stack_name: stack.name.clone(),
            description: form.maybe("Description"),
            created,
            kind,
            target,
            changes: script.changes.clone().unwrap_or(derived),
            imported,
            polls_left: self.script.change_set_polls,
            failure: script.failure.clone().or(no_changes),
            findings: script.findings.clone(),
            execution: Execution::Available,
            token: form.maybe("ClientToken"),
            settings: SETTINGS.iter().filter_map(|it| Some((*it, form.maybe(it)?))).collect(),
            parent_id: None,
            operation: self.fresh_id(),
        };
        if form.is_set("IncludeNestedStacks") {
            self.add_nested(&mut change_set, &script, at);
        }
        change_set
    }

    /// Makes change sets for the stacks within a stack, as far as what is in them is known.
    fn add_nested(&mut self, parent: &mut ChangeSet, script: &ChangeSetScript, at: usize) {
        let pattern = parent.clone();
        let is_nested = |it: &&mut Change| it.kind == NESTED_STACK && it.action != "Remove";
        for change in parent.changes.iter_mut().filter(is_nested) {
            let url = text(&parent.target.template.resource(&change.id)["Properties"]["TemplateURL"]);
            let asked = Form(BTreeMap::from([("TemplateURL".to_owned(), url)]));
            let target = self.source(&asked, None).unwrap_or_default();
            let name = format!("{}-{}", self.stacks[at].name, change.id);
            let there = change.physical_id.as_ref().and_then(|it| self.stack(it)).cloned();
            let child: Stack = there.unwrap_or_else(|| self.blank_stack(&name, Source::default()));
            let derived = changes(&child, &target, &BTreeMap::new(), &self.exports());
            let name = format!("{}-{}", parent.name, change.id);
            let nested = ChangeSet {
                id: self.arn("changeSet", &name),
                name,
                stack_id: child.id,
                stack_name: child.name,
                changes: script.nested.get(&change.id).cloned().unwrap_or(derived),
                imported: BTreeMap::new(),
                target,
                token: None,
                parent_id: Some(parent.id.clone()),
                ..pattern.clone()
            };
            change.nested_id = Some(nested.id.clone());
            self.change_sets.push(nested);
        }
    }
}

/// Whether two sources make the same stack, whatever they are called and written like.
pub(super) fn is_same(old: &Source, new: &Source) -> bool {
    let bodies: [&Value; 2] = [old, new].map(|it| &it.template.body);
    let is_as_before = bodies[0] == bodies[1] && old.parameters == new.parameters && old.tags == new.tags;
    is_as_before && old.notification_arns == new.notification_arns && old.role_arn == new.role_arn
}
