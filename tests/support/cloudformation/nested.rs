//! Stacks within stacks: each is a stack of its own, which its parent begins, waits for, and fails with.
//!
//! Their parameters have their defaults, whatever the parent passes them.

use super::{
    account::Account,
    plan,
    script::{Failure, On, Script},
    stack::{Kind, OnFailure, Operation, Phase, Source, Stack, Step},
    template::{NESTED_STACK, Template},
    values::text,
};

impl Account {
    /// What fails in a stack; one that has a nested stack fails at it if something in that fails.
    pub(super) fn script_of(&self, at: usize) -> Script {
        let stack = &self.stacks[at];
        let mut script = self.script.clone();
        let Some(operation) = &stack.operation else { return script };
        let of_old = stack.source.template.resources();
        let nested =
            operation.target.template.resources().chain(of_old).filter(|it| it.1["Type"] == NESTED_STACK);
        for (id, resource) in nested {
            let Some(template) = self.nested_template(&resource["Properties"]["TemplateURL"]) else {
                continue;
            };
            let name = stack.resource(id).and_then(|it| it.physical_id.as_deref()).and_then(name_in);
            let name = name.unwrap_or_default();
            for (on, did, verb) in [
                (On::Create, "created", "create"),
                (On::Update, "updated", "update"),
                (On::Delete, "deleted", "delete"),
                (On::Rollback, "updated", "update"),
            ] {
                let failed = self.failing(name, &template, on, &operation.spared);
                if !failed.is_empty() {
                    let failed = failed.join(", ");
                    let reason = format!(
                        "Embedded stack was not successfully {did}: The following resource(s) failed to {verb}: [{failed}]. "
                    );
                    script.failures.push(Failure { id: id.to_owned(), on, reason });
                }
            }
        }
        script
    }

    /// The resources of a stack of this name and template that fail and are not spared, or in whose nested stacks something
    /// does.
    fn failing<'t>(&self, stack: &str, template: &'t Template, on: On, spared: &[String]) -> Vec<&'t str> {
        let fails = |(id, resource): &(&str, &serde_json::Value)| {
            let is_spared = spared.contains(&format!("{stack}.{id}"));
            let nested = self.nested_template(&resource["Properties"]["TemplateURL"]);
            let fails_inside =
                |it: &Template| !self.failing(&format!("{stack}-{id}-1"), it, on, spared).is_empty();
            !is_spared && self.script.failure(id, on).is_some() || nested.as_ref().is_some_and(fails_inside)
        };
        template.resources().filter(fails).map(|it| it.0).collect()
    }

    fn nested_template(&self, url: &serde_json::Value) -> Option<Template> {
        Template::read(&String::from_utf8_lossy(self.object(url.as_str()?)?)).ok()
    }

    /// Puts the nested stacks of a stack there, too.
    #[track_caller]
    pub(super) fn put_nested(&mut self, at: usize, status: &str) {
        let parent = self.stacks[at].clone();
        for resource in parent.resources.iter().filter(|it| it.kind == NESTED_STACK) {
            let url = &parent.source.template.resource(&resource.id)["Properties"]["TemplateURL"];
            let (Some(template), Some(id)) = (self.nested_template(url), &resource.physical_id) else {
                continue;
            };
            let name = name_in(id).expect("a nested stack has an ARN").to_owned();
            let child = self.put_stack(&name, &template.text, status);
            id.clone_into(&mut child.id);
            child.parent_id = Some(parent.id.clone());
            // What was put there before had another id.
            child.events.clear();
        }
    }

    /// The nested stack that a step ends the work on, if something is still to happen there.
    pub(super) fn awaited(&self, at: usize, step: &Step) -> Option<usize> {
        let is_end = !step.status.ends_with("_IN_PROGRESS");
        self.child(at, step).filter(|child| is_end && self.stacks[*child].is_busy())
    }

    fn child(&self, at: usize, step: &Step) -> Option<usize> {
        let id =
            step.physical_id.as_ref().filter(|it| step.kind == NESTED_STACK && **it != self.stacks[at].id)?;
        self.stacks.iter().position(|it| it.id == *id)
    }

    /// Begins with a nested stack what a step of its parent does with it.
    pub(super) fn descend(&mut self, at: usize, step: &Step) {
        let parent = &self.stacks[at];
        let Some(operation) = &parent.operation else { return };
        if step.kind != NESTED_STACK || step.physical_id.as_ref().is_none_or(|it| *it == parent.id) {
            return;
        }
        let child = self.child(at, step);
        let url = &operation.target.template.resource(&step.id)["Properties"]["TemplateURL"];
        let target = || Some(Source { template: self.nested_template(url)?, ..Source::default() });
        let is_back = parent.status.contains("ROLLBACK");
        let spared: Vec<String> = operation.spared.clone();
        let parent_id = parent.id.clone();
        let kind = match step.status.as_str() {
            "CREATE_IN_PROGRESS" => Kind::Create,
            "UPDATE_IN_PROGRESS" if is_back => Kind::ContinueRollback,
            "UPDATE_IN_PROGRESS" => Kind::Update,
            "DELETE_IN_PROGRESS" => Kind::Delete,
            _ => return,
        };
        let (child, target) = match (kind, child) {
            (Kind::Create, None) => {
                let (Some(target), Some(id)) = (target(), step.physical_id.clone()) else { return };
                let name = name_in(&id).unwrap_or_default().to_owned();
                let blank = self.blank_stack(&name, target.clone());
                self.stacks.push(Stack { id, parent_id: Some(parent_id), ..blank });
                (self.stacks.len() - 1, target)
            }
            (Kind::Update, Some(child)) => match target() {
                Some(target) => (child, target),
                None => return,
            },
            (Kind::ContinueRollback | Kind::Delete, Some(child)) => {
                (child, self.stacks[child].source.clone())
            }
            _ => return,
        };
        let name = self.stacks[child].name.clone();
        let own = spared.iter().filter_map(|it| it.strip_prefix(&format!("{name}."))).map(str::to_owned);
        // Some may be spared further below.
        let spared = own.chain(spared.iter().cloned()).collect();
        // What becomes of a failure, its parent decides.
        let operation = Operation {
            on_failure: OnFailure::DoNothing,
            spared,
            ..Operation::new(kind, String::new(), target)
        };
        self.stacks[child].operation = Some(operation);
        let (script, exports) = (self.script_of(child), self.exports());
        let stack = &self.stacks[child];
        let plan = if kind == Kind::ContinueRollback {
            plan::continuation(stack, &Phase::Rollback("User Initiated".to_owned()), &script)
        } else {
            plan::beginning(stack, &script, &exports)
        };
        self.follow(child, plan);
    }
}

/// The name in the ARN of a stack.
fn name_in(arn: &str) -> Option<&str> {
    arn.split('/').nth(1)
}

/// Whether a call names a resource of a nested stack so, `NestedStackName.LogicalId`, and it is stuck.
pub(super) fn is_stuck_inside(account: &Account, name: &str) -> bool {
    let inside = name.split_once('.').and_then(|(stack, id)| account.stack(stack)?.resource(id));
    inside.is_some_and(|it| it.status == "UPDATE_FAILED")
}

/// Whether a resource is a nested stack, which cannot be skipped as a whole.
pub(super) fn is_nested(stack: &Stack, id: &str) -> bool {
    text(&stack.source.template.resource(id)["Type"]) == NESTED_STACK
}
