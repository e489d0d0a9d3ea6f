//! A stack refactoring as CloudFormation keeps it: what it is made of, what is wrong with it, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    account::Account,
    script::On,
    stack::{Resource, Source, Stack, Step},
    template::{Template, kind},
};

/// Where a resource is: its stack and its logical id.
pub(crate) type Location = (String, String);

/// A stack refactoring.
#[derive(Clone, Debug)]
pub(crate) struct Refactor {
    pub(crate) id: String,
    pub(crate) description: String,
    /// The templates that the stacks are to have, by their names.
    pub(crate) definitions: BTreeMap<String, Template>,
    pub(crate) mappings: Vec<(Location, Location)>,
    /// The stacks that are not there yet.
    pub(crate) new: BTreeSet<String>,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) execution: &'static str,
    pub(crate) execution_reason: Option<String>,
    /// How many looks find it unfinished.
    pub(crate) polls_left: usize,
    /// How many of the moves have been shown.
    pub(crate) shown: usize,
    /// How many events the stacks had when it was made.
    pub(crate) seen: BTreeMap<String, usize>,
}

/// The types that CloudFormation says it does not refactor, and why.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("AWS::CDK::Metadata", ""),
    ("AWS::CloudFormation::CustomResource", ""),
    ("AWS::EC2::KeyPair", " because the resource type does not allow tag updates after creation"),
    ("AWS::SNS::TopicInlinePolicy", " because the resource type defines an unsupported tag schema"),
];

impl Account {
    /// What CloudFormation has against a refactoring, if it has something.
    pub(crate) fn objection(&self, it: &Refactor) -> Option<String> {
        if let Some(name) = it.definitions.keys().find(|name| self.policies.contains_key(*name)) {
            return Some(format!("{name}: Stacks with a stack policy cannot be refactored."));
        }
        for (from, to) in &it.mappings {
            let there = self.stack(&from.0).is_some_and(|stack| stack.resource(&from.1).is_some());
            let wanted =
                it.definitions.get(&to.0).is_some_and(|template| !template.resource(&to.1).is_null());
            if !there || !wanted {
                return Some(format!(
                    "Resource mapping {}.{} to {}.{} is not valid.",
                    from.0, from.1, to.0, to.1
                ));
            }
            let kind = kind(it.definitions[&to.0].resource(&to.1));
            let unsupported = UNSUPPORTED.iter().find(|(name, _)| *name == kind);
            let own = self.script.unmovable.iter().find(|name| *name == kind);
            if let Some(why) = unsupported.map(|it| it.1).or(own.map(|_| "")) {
                return Some(format!("{}: Stack Refactor does not support {kind}{why}.", to.0));
            }
        }
        it.definitions.iter().find_map(|(name, template)| self.modification(it, name, template))
    }

    /// What a stack's new template does besides moving, if it does something.
    fn modification(&self, it: &Refactor, name: &str, template: &Template) -> Option<String> {
        let forbidden = |what: &str| {
            Some(format!(
                "{name}: Found an action type that is not permitted during refactor operations: {what}"
            ))
        };
        let before = self.stack(name);
        for section in ["Parameters", "Conditions", "Mappings", "Rules", "Transform"] {
            let old = before.map_or(&Value::Null, |it| &it.source.template.body[section]);
            if *old != template.body[section] {
                return Some(format!("{name}: {section} cannot be changed during a refactor."));
            }
        }
        let leaves = |id: &str| it.mappings.iter().any(|(from, _)| from.0 == name && from.1 == id);
        let comes = |id: &str| it.mappings.iter().any(|(_, to)| to.0 == name && to.1 == id);
        let own = before.into_iter().flat_map(|it| it.source.template.resources());
        let stays: BTreeSet<&str> = own.map(|it| it.0).filter(|id| !leaves(id)).collect();
        let wanted: BTreeSet<&str> = template.resources().map(|it| it.0).collect();
        if wanted.iter().any(|id| !stays.contains(id) && !comes(id)) {
            return forbidden("Add");
        }
        if stays.iter().any(|id| !wanted.contains(id)) {
            return forbidden("Remove");
        }
        let after = self.after(it);
        let now = after.iter().find(|stack| stack.name == name)?;
        let exports = exports(&after);
        for (id, resource) in template.resources() {
            let from = it.mappings.iter().find(|(_, to)| to.0 == name && to.1 == id);
            let (stack, old) = from.map_or((name, id), |(from, _)| (from.0.as_str(), from.1.as_str()));
            let Some(before) = self.stack(stack) else { return forbidden("Add") };
            let old = before.source.template.resource(old);
            let resolved = |stack: &Stack, exports: BTreeMap<String, String>, resource: &Value| {
                stack.values(&stack.source, exports).resolve(&resource["Properties"])
            };
            let is_same = kind(old) == kind(resource)
                && resolved(before, self.exports(), old) == resolved(now, exports.clone(), resource)
                && old["Condition"] == resource["Condition"];
            if !is_same {
                return forbidden("Modify");
            }
        }
        None
    }

    /// The stacks as they are once all has moved.
    fn after(&self, it: &Refactor) -> Vec<Stack> {
        let mut stacks: Vec<Stack> = self.stacks.iter().filter(|stack| !stack.is_gone()).cloned().collect();
        for name in &it.new {
            if !stacks.iter().any(|stack| stack.name == *name) {
                let blank = Stack { name: name.clone(), resources: Vec::new(), ..stacks[0].clone() };
                stacks.push(Stack { source: Source::default(), outputs: Vec::new(), ..blank });
            }
        }
        let moving: Vec<(Location, Resource)> = it
            .mappings
            .iter()
            .filter_map(|(from, to)| {
                let stack = stacks.iter_mut().find(|stack| stack.name == from.0)?;
                let at = stack.resources.iter().position(|it| it.id == from.1)?;
                let resource = stack.resources.remove(at);
                Some((to.clone(), Resource { id: to.1.clone(), ..resource }))
            })
            .collect();
        for (to, resource) in moving {
            if let Some(stack) = stacks.iter_mut().find(|stack| stack.name == to.0) {
                stack.resources.push(resource);
            }
        }
        for stack in &mut stacks {
            if let Some(template) = it.definitions.get(&stack.name) {
                stack.source.template = template.clone();
            }
        }
        // What one exports, another may export again.
        for _ in 0..2 {
            let exports = exports(&stacks);
            for stack in &mut stacks {
                stack.outputs = stack.evaluated(&stack.source.clone(), exports.clone());
            }
        }
        stacks
    }

    /// A look at a refactoring: some more of it has happened.
    pub(crate) fn poll_refactor(&mut self, at: usize) {
        let it = &mut self.refactors[at];
        match (it.status, it.execution) {
            ("CREATE_IN_PROGRESS", _) if it.polls_left > 0 => it.polls_left -= 1,
            ("CREATE_IN_PROGRESS", _) => self.finish_making(at),
            ("CREATE_COMPLETE", "AVAILABLE") => self.check_refactor(at),
            (_, "EXECUTE_IN_PROGRESS") => self.move_on(at),
            (_, "ROLLBACK_IN_PROGRESS") => self.turn_back(at),
            _ => {}
        }
    }

    fn finish_making(&mut self, at: usize) {
        let reason = self.objection(&self.refactors[at]);
        let it = &mut self.refactors[at];
        it.status = if reason.is_none() { "CREATE_COMPLETE" } else { "CREATE_FAILED" };
        it.execution = if reason.is_none() { "AVAILABLE" } else { "UNAVAILABLE" };
        it.reason = reason;
    }

    /// A refactoring of stacks that have changed meanwhile cannot be executed.
    fn check_refactor(&mut self, at: usize) {
        let it = &self.refactors[at];
        let changed = it
            .seen
            .iter()
            .find(|(name, seen)| self.stack(name).is_none_or(|stack| stack.events.len() != **seen));
        if let Some((name, _)) = changed {
            let reason = format!("{name}: Stack was updated.");
            let it = &mut self.refactors[at];
            it.execution = "OBSOLETE";
            it.execution_reason = Some(reason);
        }
    }

    /// Begins to execute a refactoring.
    pub(crate) fn begin_refactor(&mut self, at: usize) {
        let it = self.refactors[at].clone();
        self.refactors[at].execution = "EXECUTE_IN_PROGRESS";
        for name in it.definitions.keys() {
            let stack = match self.position(name) {
                Some(stack) => stack,
                None => {
                    let stack = self.blank_stack(name, Source::default());
                    self.stacks.push(stack);
                    self.stacks.len() - 1
                }
            };
            self.stacks[stack].operation = None;
            let status = if it.new.contains(name) { "CREATE_IN_PROGRESS" } else { "UPDATE_IN_PROGRESS" };
            let step = self.stacks[stack].own_step(status, Some("Stack refactor initiated"));
            self.happen(stack, step);
        }
    }

    /// Shows some of the moves; after the last, all has moved.
    fn move_on(&mut self, at: usize) {
        for _ in 0..self.script.events_per_poll {
            let it = self.refactors[at].clone();
            let Some((from, to)) = it.mappings.get(it.shown) else { return self.finish_refactor(at) };
            self.refactors[at].shown += 1;
            let failure = self.script.failure(&to.1, On::Update).map(str::to_owned);
            let Some(resource) = self.stack(&from.0).and_then(|stack| stack.resource(&from.1)).cloned()
            else {
                continue;
            };
            let status = if failure.is_some() { "IMPORT_FAILED" } else { "IMPORT_COMPLETE" };
            let step = Step {
                id: to.1.clone(),
                kind: resource.kind,
                physical_id: resource.physical_id,
                status: status.to_owned(),
                reason: failure.clone(),
                touch: None,
            };
            if let Some(stack) = self.position(&to.0) {
                self.tell(stack, step);
            }
            if let Some(reason) = failure {
                self.refactors[at].execution = "ROLLBACK_IN_PROGRESS";
                self.refactors[at].execution_reason = Some(reason);
                return;
            }
        }
    }

    /// Adds an event that has no effect yet.
    fn tell(&mut self, at: usize, step: Step) {
        let before = self.stacks[at].resources.clone();
        self.happen(at, step);
        self.stacks[at].resources = before;
    }

    fn finish_refactor(&mut self, at: usize) {
        let it = self.refactors[at].clone();
        let after = self.after(&it);
        for (name, template) in &it.definitions {
            let Some(stack) = self.position(name) else { continue };
            let Some(now) = after.iter().find(|it| it.name == *name) else { continue };
            self.stacks[stack].resources.clone_from(&now.resources);
            self.stacks[stack].outputs.clone_from(&now.outputs);
            self.stacks[stack].source.template = template.clone();
            // The stacks themselves take a little longer.
            let status = if it.new.contains(name) { "CREATE_COMPLETE" } else { "UPDATE_COMPLETE" };
            self.goes_on(name, &[status], 1);
        }
        self.refactors[at].execution = "EXECUTE_COMPLETE";
    }

    fn turn_back(&mut self, at: usize) {
        let it = self.refactors[at].clone();
        for name in it.definitions.keys() {
            let Some(stack) = self.position(name) else { continue };
            let status = if it.new.contains(name) { "DELETE_COMPLETE" } else { "UPDATE_ROLLBACK_COMPLETE" };
            let step = self.stacks[stack].own_step(status, None);
            self.happen(stack, step);
        }
        self.refactors[at].execution = "ROLLBACK_COMPLETE";
    }
}

/// What all these stacks export.
fn exports(stacks: &[Stack]) -> BTreeMap<String, String> {
    let outputs = stacks.iter().flat_map(|it| &it.outputs);
    outputs.filter_map(|it| Some((it.export.clone()?, it.value.clone()))).collect()
}
