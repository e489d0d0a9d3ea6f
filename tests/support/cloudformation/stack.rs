//! A stack as CloudFormation keeps it: what it was made from, what it has, and what happened to it.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::{
    script::Drift,
    template::Template,
    values::{Place, Values, text},
};

/// The type of a stack in its own events.
pub(crate) const STACK: &str = "AWS::CloudFormation::Stack";

/// What a stack is made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Source {
    pub(crate) template: Template,
    /// The values as they were given, or the defaults.
    pub(crate) parameters: BTreeMap<String, String>,
    /// What stands in the parameter store for parameters that name an entry of it.
    pub(crate) resolved: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) role_arn: Option<String>,
    pub(crate) notification_arns: Vec<String>,
}

impl Source {
    /// The values that references to parameters give.
    pub(crate) fn values(&self) -> BTreeMap<String, String> {
        let mut values = self.parameters.clone();
        values.extend(self.resolved.clone());
        values
    }

    /// Whether a parameter is not to be shown.
    pub(crate) fn is_hidden(&self, parameter: &str) -> bool {
        text(&self.template.body["Parameters"][parameter]["NoEcho"]) == "true"
    }

    /// The values that are not to be shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let hidden = self.parameters.iter().filter(|(key, value)| self.is_hidden(key) && !value.is_empty());
        hidden.map(|it| it.1.as_str())
    }

    /// A value as it may be shown.
    pub(crate) fn shown<'v>(&self, parameter: &str, value: &'v str) -> &'v str {
        if self.is_hidden(parameter) { "****" } else { value }
    }
}

/// A stack.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) source: Source,
    pub(crate) resources: Vec<Resource>,
    pub(crate) outputs: Vec<Output>,
    /// The oldest first.
    pub(crate) events: Vec<Event>,
    pub(crate) created: String,
    pub(crate) updated: Option<String>,
    pub(crate) deleted: Option<String>,
    pub(crate) is_protected: bool,
    pub(crate) disables_rollback: bool,
    pub(crate) change_set_id: Option<String>,
    pub(crate) parent_id: Option<String>,
    pub(crate) drift_status: &'static str,
    /// What was last done with it, or is being done.
    pub(crate) operation: Option<Operation>,
}

/// A resource of a stack.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) time: String,
    /// What differs from the template, once that was asked.
    pub(crate) drift: Option<Drift>,
    pub(crate) touch: Touch,
}

/// What the present operation has done to a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Touch {
    #[default]
    Untouched,
    Created,
    Updated,
    /// It is another one now; this is the physical id it had.
    Replaced(String),
    /// It is again what it was; this is the physical id of the other one.
    Undone(String),
}

/// An output of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) description: Option<String>,
    pub(crate) export: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) time: String,
    pub(crate) operation: String,
    pub(crate) token: Option<String>,
    pub(crate) step: Step,
}

/// Something that will happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The logical id; for the stack itself its name.
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    /// What it does to the resource, if that is new.
    pub(crate) touch: Option<Touch>,
}

/// Something that is done with a stack.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) token: Option<String>,
    pub(crate) on_failure: OnFailure,
    /// What the stack is to be made from.
    pub(crate) target: Source,
    /// The resources that are taken over, by their physical ids.
    pub(crate) imported: BTreeMap<String, String>,
    /// The resources that stay when the stack goes, or are left out when it goes back.
    pub(crate) spared: Vec<String>,
    /// What cannot be deleted is left where it is.
    pub(crate) is_forced: bool,
    /// What it ends in before it does anything.
    pub(crate) given_up: Option<Step>,
    /// What will happen next.
    pub(crate) pending: VecDeque<Step>,
    /// What comes after that.
    pub(crate) then: Phase,
}

/// What is done with a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Update,
    Import,
    Delete,
    Rollback,
    ContinueRollback,
}

/// What a failure leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnFailure {
    #[default]
    Rollback,
    DoNothing,
    Delete,
}

/// A part of an operation. Each is planned when the one before is over, from what is there then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The old resources that are not needed any more go.
    Cleanup,
    /// What was done is undone, for this reason.
    Rollback(String),
    /// The new resources that are not needed after all go.
    CleanupOfRollback,
    /// All goes.
    Delete,
    /// Nothing.
    Settled,
}

impl Stack {
    /// Whether it is named so, by its ARN or, while it is there, by its name.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.id == name || (self.name == name && !self.is_gone())
    }

    /// Whether it was deleted.
    pub(crate) fn is_gone(&self) -> bool {
        self.status == "DELETE_COMPLETE"
    }

    /// Whether it is only a name under which a change set stands.
    pub(crate) fn is_in_review(&self) -> bool {
        self.status == "REVIEW_IN_PROGRESS"
    }

    /// Whether something is still to happen.
    pub(crate) fn is_busy(&self) -> bool {
        self.operation.as_ref().is_some_and(|it| !it.pending.is_empty() || it.then != Phase::Settled)
    }

    /// The physical ids of its resources.
    pub(crate) fn physical_ids(&self) -> BTreeMap<String, String> {
        let known = self.resources.iter().filter_map(|it| Some((it.id.clone(), it.physical_id.clone()?)));
        known.collect()
    }

    /// A resource.
    pub(crate) fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.iter().find(|it| it.id == id)
    }

    /// What the expressions of a template come to in this stack.
    pub(crate) fn values<'a>(&'a self, source: &'a Source, exports: BTreeMap<String, String>) -> Values<'a> {
        Values {
            template: &source.template,
            place: &self.place,
            stack_name: &self.name,
            stack_id: &self.id,
            parameters: source.values(),
            physical_ids: self.physical_ids(),
            exports,
        }
    }

    /// Whether it is to have this resource when it is made from `source`.
    pub(crate) fn wants(&self, id: &str, source: &Source) -> bool {
        let resource = source.template.resource(id);
        // Conditions cannot ask for exports.
        !resource.is_null() && self.values(source, BTreeMap::new()).wants(resource)
    }

    /// The outputs it has when it is made from `source`.
    pub(crate) fn evaluated(&self, source: &Source, exports: BTreeMap<String, String>) -> Vec<Output> {
        let values = self.values(source, exports);
        let wanted = source.template.section("Outputs").filter(|it| values.wants(it.1));
        wanted.map(|(key, output)| Output::new(key, output, &values)).collect()
    }

    /// Makes what it was to be made from what it is made from.
    pub(crate) fn settle(&mut self, exports: BTreeMap<String, String>) {
        if let Some(operation) = &self.operation {
            self.source = operation.target.clone();
        }
        self.outputs = self.evaluated(&self.source, exports);
        for resource in &mut self.resources {
            resource.touch = Touch::Untouched;
        }
    }

    /// A step of the stack itself.
    pub(crate) fn own_step(&self, status: &str, reason: Option<&str>) -> Step {
        Step {
            id: self.name.clone(),
            kind: STACK.to_owned(),
            physical_id: Some(self.id.clone()),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            touch: None,
        }
    }

    /// Lets a step happen.
    pub(crate) fn happen(&mut self, step: Step, time: String, id: String) {
        if step.physical_id.as_ref() == Some(&self.id) {
            self.status.clone_from(&step.status);
            self.reason.clone_from(&step.reason);
            if self.is_gone() {
                self.deleted = Some(time.clone());
            }
        } else {
            self.change(&step, &time);
        }
        let (operation, token) =
            self.operation.as_ref().map(|it| (it.id.clone(), it.token.clone())).unwrap_or_default();
        self.events.push(Event { id, time, operation, token, step });
    }

    fn change(&mut self, step: &Step, time: &str) {
        let is_deletion = self.operation.as_ref().is_some_and(|it| it.kind == Kind::Delete);
        let Some(at) = self.resources.iter().position(|it| it.id == step.id) else {
            self.resources.push(Resource {
                id: step.id.clone(),
                physical_id: step.physical_id.clone(),
                kind: step.kind.clone(),
                status: step.status.clone(),
                reason: step.reason.clone(),
                time: time.to_owned(),
                drift: None,
                touch: step.touch.clone().unwrap_or_default(),
            });
            return;
        };
        let resource = &mut self.resources[at];
        // What was replaced goes under the id of what replaced it, and says nothing about that.
        let is_other = step.status.starts_with("DELETE")
            && step.physical_id.is_some()
            && step.physical_id != resource.physical_id;
        if is_other {
            return;
        }
        let is_over = ["DELETE_COMPLETE", "DELETE_SKIPPED"].contains(&step.status.as_str());
        if is_over && !is_deletion {
            self.resources.remove(at);
            return;
        }
        resource.status.clone_from(&step.status);
        resource.reason.clone_from(&step.reason);
        time.clone_into(&mut resource.time);
        if step.physical_id.is_some() {
            resource.physical_id.clone_from(&step.physical_id);
        }
        if let Some(touch) = &step.touch {
            resource.touch = touch.clone();
        }
    }
}

impl Output {
    fn new(key: &str, output: &Value, values: &Values<'_>) -> Self {
        let export = &output["Export"]["Name"];
        Self {
            key: key.to_owned(),
            value: values.text(&output["Value"]),
            description: output["Description"].as_str().map(str::to_owned),
            export: (!export.is_null()).then(|| values.text(export)),
        }
    }
}
