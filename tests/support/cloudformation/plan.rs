//! What will happen to a stack, event by event.

use std::collections::BTreeMap;

use super::{
    change::{Change, changes},
    script::{On, Script},
    stack::{Kind, Phase, Resource, Source, Stack, Step, Touch},
    template::NESTED_STACK,
};

/// What happens, and what comes after it.
pub(crate) type Plan = (Vec<Step>, Phase);

/// The first part of making a stack what it is to be.
pub(crate) fn beginning(stack: &Stack, script: &Script, exports: &BTreeMap<String, String>) -> Plan {
    let Some(operation) = &stack.operation else { return (Vec::new(), Phase::Settled) };
    let verb = match operation.kind {
        Kind::Create => "CREATE",
        Kind::Update => "UPDATE",
        Kind::Import => "IMPORT",
        Kind::Delete if let Some(end) = &operation.given_up => {
            return (
                vec![stack.own_step("DELETE_IN_PROGRESS", Some("User Initiated")), end.clone()],
                Phase::Settled,
            );
        }
        Kind::Delete => return deletion(stack, script, Some("User Initiated")),
        Kind::Rollback | Kind::ContinueRollback => return rollback(stack, script, "User Initiated"),
    };
    let mut steps = vec![stack.own_step(&format!("{verb}_IN_PROGRESS"), Some("User Initiated"))];
    let values = stack.values(&operation.target, exports.clone());
    let mut imports = operation.target.template.imports().into_iter().map(|it| values.text(it));
    if let Some(missing) = imports.find(|it| !exports.contains_key(it)) {
        return after_failure(stack, steps, format!("No export named {missing} found. "));
    }
    let changes = changes(stack, &operation.target, &operation.imported, exports);
    let mut failed: [Vec<&str>; 2] = Default::default();
    for wave in operation.target.template.waves() {
        let of_wave = changes.iter().filter(|it| it.is_felt() && wave.contains(&it.id.as_str()));
        let works: Vec<Work<'_>> = of_wave.filter_map(|it| Work::new(it, stack, script)).collect();
        steps.extend(works.iter().flat_map(Work::start));
        let mut is_broken = false;
        for work in works {
            is_broken |= work.failure.is_some();
            if is_broken {
                failed[usize::from(work.verb != "CREATE")].push(&work.change.id);
                steps.push(work.failed());
            } else {
                steps.extend(work.complete());
            }
        }
        if is_broken {
            break;
        }
    }
    let [created, updated] = &failed;
    let sentence = |ids: &[&str], verb: &str| match ids {
        [] => String::new(),
        ids => format!("The following resource(s) failed to {verb}: [{}]. ", ids.join(", ")),
    };
    let reason = sentence(created, "create") + &sentence(updated, "update");
    if !reason.is_empty() {
        return after_failure(stack, steps, reason);
    }
    let then = match operation.kind {
        Kind::Update => Phase::Cleanup,
        _ => {
            steps.push(stack.own_step(&format!("{verb}_COMPLETE"), None));
            Phase::Settled
        }
    };
    (steps, then)
}

/// A later part.
pub(crate) fn continuation(stack: &Stack, phase: &Phase, script: &Script) -> Plan {
    match phase {
        Phase::Cleanup => {
            let target = stack.operation.as_ref().map(|it| &it.target);
            let is_gone = |it: &&Resource| target.is_some_and(|source| !stack.wants(&it.id, source));
            let old = stack.resources.iter().filter_map(|it| match &it.touch {
                Touch::Replaced(physical) => Some((it, Some(physical.clone()), "UpdateReplacePolicy")),
                Touch::Untouched | Touch::Created | Touch::Updated | Touch::Undone(_) => None,
            });
            let gone = stack.resources.iter().rev().filter(is_gone);
            let gone = gone.map(|it| (it, it.physical_id.clone(), "DeletionPolicy"));
            let steps = old.chain(gone).flat_map(|it| removal(stack, it, script, On::Delete)).collect();
            (surrounded(stack, "UPDATE_COMPLETE", steps), Phase::Settled)
        }
        Phase::Rollback(reason) => rollback(stack, script, reason),
        Phase::CleanupOfRollback => {
            let new = stack.resources.iter().rev().filter_map(|it| match &it.touch {
                Touch::Created => Some((it, it.physical_id.clone(), "DeletionPolicy")),
                Touch::Undone(other) => Some((it, Some(other.clone()), "")),
                Touch::Untouched | Touch::Updated | Touch::Replaced(_) => None,
            });
            let steps = new.flat_map(|it| removal(stack, it, script, On::Rollback)).collect();
            (surrounded(stack, "UPDATE_ROLLBACK_COMPLETE", steps), Phase::Settled)
        }
        Phase::Delete => deletion(stack, script, None),
        Phase::Settled => (Vec::new(), Phase::Settled),
    }
}

fn surrounded(stack: &Stack, status: &str, mut steps: Vec<Step>) -> Vec<Step> {
    steps.insert(0, stack.own_step(&format!("{status}_CLEANUP_IN_PROGRESS"), None));
    steps.push(stack.own_step(status, None));
    steps
}

fn after_failure(stack: &Stack, mut steps: Vec<Step>, reason: String) -> Plan {
    use super::stack::OnFailure::{Delete, DoNothing, Rollback};
    let Some(operation) = &stack.operation else { return (steps, Phase::Settled) };
    let is_new = operation.kind == Kind::Create;
    let then = match operation.on_failure {
        DoNothing => {
            let status = if is_new { "CREATE_FAILED" } else { "UPDATE_FAILED" };
            steps.push(stack.own_step(status, Some(&reason)));
            Phase::Settled
        }
        Delete if is_new => Phase::Delete,
        Rollback if is_new => Phase::Rollback(reason + "Rollback requested by user."),
        Delete | Rollback => Phase::Rollback(reason),
    };
    (steps, then)
}

/// Undoes what was done: of a new stack all, of another what the operation touched.
fn rollback(stack: &Stack, script: &Script, reason: &str) -> Plan {
    let is_new = ["CREATE_FAILED", "CREATE_IN_PROGRESS"].contains(&stack.status.as_str());
    let is_import = stack.status == "IMPORT_IN_PROGRESS";
    if is_new {
        let mut steps = vec![stack.own_step("ROLLBACK_IN_PROGRESS", Some(reason))];
        let failed = remove_all(stack, script, &mut steps);
        let reason = failed_to("delete", &failed);
        let status = if failed.is_empty() { "ROLLBACK_COMPLETE" } else { "ROLLBACK_FAILED" };
        steps.push(stack.own_step(status, reason.as_deref()));
        return (steps, Phase::Settled);
    }
    if is_import {
        let own = |status, reason| stack.own_step(status, reason);
        let left = |it: &Resource| step(it, it.physical_id.clone(), "DELETE_SKIPPED", None);
        let taken = stack.resources.iter().filter(|it| it.touch == Touch::Created);
        let mut steps = vec![own("IMPORT_ROLLBACK_IN_PROGRESS", Some(reason))];
        steps.extend(taken.map(left));
        steps.push(own("IMPORT_ROLLBACK_COMPLETE", None));
        return (steps, Phase::Settled);
    }
    let spared = stack.operation.as_ref().map_or(&[][..], |it| &it.spared);
    let mut steps = vec![stack.own_step("UPDATE_ROLLBACK_IN_PROGRESS", Some(reason))];
    let is_running =
        |it: &Resource| ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"].contains(&it.status.as_str());
    steps.extend(stack.resources.iter().filter(|it| is_running(it)).map(|it| {
        let (verb, word) =
            if it.status.starts_with("CREATE") { ("CREATE", "creation") } else { ("UPDATE", "update") };
        let reason = format!("Resource {word} cancelled");
        step(it, it.physical_id.clone(), &format!("{verb}_FAILED"), Some(&reason))
    }));
    let mut failed = Vec::new();
    for resource in &stack.resources {
        let physical_id = match &resource.touch {
            Touch::Replaced(old) => Some(old.clone()),
            Touch::Updated => resource.physical_id.clone(),
            Touch::Untouched if resource.status == "UPDATE_FAILED" => resource.physical_id.clone(),
            Touch::Created | Touch::Untouched | Touch::Undone(_) => continue,
        };
        let to = |status, reason| step(resource, physical_id.clone(), status, reason);
        if spared.contains(&resource.id) {
            steps.push(to("UPDATE_COMPLETE", Some("Resource update skipped during rollback")));
            continue;
        }
        steps.push(to("UPDATE_IN_PROGRESS", None));
        match script.failure(&resource.id, On::Rollback) {
            Some(reason) => {
                steps.push(to("UPDATE_FAILED", Some(reason)));
                failed.push(resource.id.as_str());
            }
            None => {
                let touch = match (&resource.touch, &resource.physical_id) {
                    (Touch::Replaced(old), Some(new)) if old != new => Touch::Undone(new.clone()),
                    _ => Touch::Untouched,
                };
                steps.push(Step { touch: Some(touch), ..to("UPDATE_COMPLETE", None) });
            }
        }
    }
    match failed_to("update", &failed) {
        Some(reason) => {
            steps.push(stack.own_step("UPDATE_ROLLBACK_FAILED", Some(&reason)));
            (steps, Phase::Settled)
        }
        None => (steps, Phase::CleanupOfRollback),
    }
}

fn deletion(stack: &Stack, script: &Script, reason: Option<&str>) -> Plan {
    let mut steps = vec![stack.own_step("DELETE_IN_PROGRESS", reason)];
    let failed = remove_all(stack, script, &mut steps);
    let reason = failed_to("delete", &failed);
    let status = if failed.is_empty() { "DELETE_COMPLETE" } else { "DELETE_FAILED" };
    steps.push(stack.own_step(status, reason.as_deref()));
    (steps, Phase::Settled)
}

/// Removes all resources, the last first, and tells which could not be.
fn remove_all<'a>(stack: &'a Stack, script: &Script, steps: &mut Vec<Step>) -> Vec<&'a str> {
    let is_deletion = stack.operation.as_ref().is_some_and(|it| it.kind == Kind::Delete);
    let on = if is_deletion { On::Delete } else { On::Rollback };
    let mut failed = Vec::new();
    for resource in stack.resources.iter().rev().filter(|it| it.status != "DELETE_COMPLETE") {
        let gone = removal(stack, (resource, resource.physical_id.clone(), "DeletionPolicy"), script, on);
        if gone.iter().any(|it| it.status == "DELETE_FAILED") {
            failed.push(resource.id.as_str());
        }
        steps.extend(gone);
    }
    failed
}

/// Removes one resource, or leaves it where this policy says so: because it is not needed any more, or to undo that
/// it was made.
fn removal(
    stack: &Stack,
    (resource, physical_id, policy): (&Resource, Option<String>, &str),
    script: &Script,
    on: On,
) -> Vec<Step> {
    let operation = stack.operation.as_ref();
    let to = |status, reason| step(resource, physical_id.clone(), status, reason);
    let retains = |it: &Source| match it.template.resource(&resource.id)[policy].as_str() {
        Some("Retain") => true,
        Some("RetainExceptOnCreate") => on == On::Delete,
        _ => false,
    };
    let is_retained = retains(&stack.source) || operation.is_some_and(|it| retains(&it.target));
    if is_retained || operation.is_some_and(|it| it.kind == Kind::Delete && it.spared.contains(&resource.id))
    {
        return vec![to("DELETE_SKIPPED", None)];
    }
    let start = to("DELETE_IN_PROGRESS", None);
    match script.failure(&resource.id, On::Delete).or_else(|| script.failure(&resource.id, on)) {
        Some(_) if operation.is_some_and(|it| it.is_forced) => vec![start, to("DELETE_SKIPPED", None)],
        Some(reason) => vec![start, to("DELETE_FAILED", Some(reason))],
        None => vec![start, to("DELETE_COMPLETE", None)],
    }
}

fn failed_to(verb: &str, ids: &[&str]) -> Option<String> {
    let list = ids.join(", ");
    (!ids.is_empty()).then(|| format!("The following resource(s) failed to {verb}: [{list}]. "))
}

fn step(resource: &Resource, physical_id: Option<String>, status: &str, reason: Option<&str>) -> Step {
    Step {
        id: resource.id.clone(),
        kind: resource.kind.clone(),
        physical_id,
        status: status.to_owned(),
        reason: reason.map(str::to_owned),
        touch: None,
    }
}

/// What is done with one resource.
struct Work<'a> {
    change: &'a Change,
    verb: &'static str,
    /// The physical id it has before.
    old: Option<String>,
    /// The physical id it has after.
    new: String,
    failure: Option<&'a str>,
}

impl<'a> Work<'a> {
    fn new(change: &'a Change, stack: &Stack, script: &'a Script) -> Option<Self> {
        let old = change.physical_id.clone();
        let (verb, on) = match change.action.as_str() {
            "Add" => ("CREATE", On::Create),
            "Modify" => ("UPDATE", On::Update),
            "Import" => ("IMPORT", On::Create),
            _ => return None,
        };
        let new = match &old {
            Some(old) if !change.replaces() => old.clone(),
            Some(old) => physical_id(stack, &change.id, &change.kind, number(old) + 1),
            None => physical_id(stack, &change.id, &change.kind, 1),
        };
        Some(Self { change, verb, old, new, failure: script.failure(&change.id, on) })
    }

    fn start(&self) -> Vec<Step> {
        match (self.verb, &self.old) {
            ("CREATE", _) => vec![
                self.step("CREATE_IN_PROGRESS", None, None, Some(Touch::Created)),
                self.step("CREATE_IN_PROGRESS", Some(&self.new), Some("Resource creation Initiated"), None),
            ],
            ("IMPORT", _) => {
                let reason = Some("Resource import started.");
                vec![self.step("IMPORT_IN_PROGRESS", Some(&self.new), reason, Some(Touch::Created))]
            }
            (_, Some(old)) if *old != self.new => vec![
                self.step(
                    "UPDATE_IN_PROGRESS",
                    Some(old),
                    Some(REPLACED),
                    Some(Touch::Replaced(old.clone())),
                ),
                self.step("UPDATE_IN_PROGRESS", Some(&self.new), Some("Resource creation Initiated"), None),
            ],
            _ => vec![self.step("UPDATE_IN_PROGRESS", Some(&self.new), None, Some(Touch::Updated))],
        }
    }

    fn complete(&self) -> Vec<Step> {
        let to = |status, reason| self.step(status, Some(&self.new), reason, None);
        match self.verb {
            "IMPORT" => vec![
                to("IMPORT_COMPLETE", Some("Resource import completed.")),
                to("UPDATE_IN_PROGRESS", Some(TAGGED)),
                to("UPDATE_COMPLETE", Some(TAGGED)),
            ],
            verb => vec![to(&format!("{verb}_COMPLETE"), None)],
        }
    }

    fn failed(&self) -> Step {
        let word = if self.verb == "CREATE" { "creation" } else { "update" };
        let cancelled = format!("Resource {word} cancelled");
        let reason = self.failure.unwrap_or(&cancelled);
        self.step(&format!("{}_FAILED", self.verb), Some(&self.new), Some(reason), None)
    }

    fn step(
        &self,
        status: &str,
        physical_id: Option<&str>,
        reason: Option<&str>,
        touch: Option<Touch>,
    ) -> Step {
        Step {
            id: self.change.id.clone(),
            kind: self.change.kind.clone(),
            physical_id: physical_id.map(str::to_owned),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            touch,
        }
    }
}

const REPLACED: &str =
    "Requested update requires the creation of a new physical resource; hence creating one.";
const TAGGED: &str = "Apply stack-level tags to imported resource if applicable.";

/// What a resource is called outside of the stack; a service of ECS has an ARN, which names its cluster, and a nested stack
/// has its own.
pub(crate) fn physical_id(stack: &Stack, id: &str, kind: &str, number: usize) -> String {
    let name = numbered(&stack.name, id, number);
    let super::values::Place { account, region } = &stack.place;
    match kind {
        "AWS::ECS::Service" => {
            format!("arn:aws:ecs:{region}:{account}:service/{}-cluster/{name}", stack.name)
        }
        NESTED_STACK => format!("arn:aws:cloudformation:{region}:{account}:stack/{name}/nested"),
        _ => name,
    }
}

/// The physical id of a resource, the `number`th it has.
fn numbered(stack: &str, id: &str, number: usize) -> String {
    format!("{stack}-{id}-{number}")
}

fn number(physical_id: &str) -> usize {
    physical_id.rsplit('-').next().and_then(|it| it.parse().ok()).unwrap_or(1)
}
