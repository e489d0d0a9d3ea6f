//! What one account has in one region, and how time passes there: by looks, and by a clock that only counts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::{
    change_set::{ChangeSet, Execution},
    ecs::Running,
    plan,
    refactor::Refactor,
    script::{ChangeSetScript, Drift, Failure, On, Script},
    stack::{Event, Kind, OnFailure, Operation, Phase, Resource, Source, Stack, Touch},
    status::{Request, allows},
    storage::Storage,
    template::{Template, kind},
    values::{Place, text},
    xml::Refusal,
};

/// An account in a region.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) place: Place,
    pub(crate) script: Script,
    /// In the order in which they were made, with those that are gone.
    pub(crate) stacks: Vec<Stack>,
    pub(crate) change_sets: Vec<ChangeSet>,
    pub(crate) detections: Vec<Detection>,
    /// In the order in which they were made.
    pub(crate) refactors: Vec<Refactor>,
    /// The policies of stacks, by their names.
    pub(crate) policies: BTreeMap<String, String>,
    /// What S3 holds, by `bucket/key`.
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    /// What the repositories of ECR hold, by their names: digests.
    pub(crate) images: BTreeMap<String, Vec<String>>,
    /// What there is to say of them.
    pub(crate) storage: Storage,
    /// What the parameter store holds.
    pub(crate) parameters: BTreeMap<String, String>,
    /// What IAM does not allow.
    pub(crate) denied: BTreeSet<String>,
    /// The connections to source code, by ARN, each with its status.
    pub(crate) connections: BTreeMap<String, String>,
    /// What ECS answers, by action: one after the other, and the last again and again.
    pub(crate) ecs: BTreeMap<String, VecDeque<Value>>,
    /// The revisions of task definitions, by ARN.
    pub(crate) revisions: BTreeMap<String, Value>,
    /// What services of ECS run, by their names.
    pub(crate) running: BTreeMap<String, Running>,
    /// What services answer of which nothing is modelled, by action: one body after the other, and the last again and again.
    pub(crate) scripted: BTreeMap<String, VecDeque<String>>,
    /// How many looks see nothing yet of what has begun.
    late: usize,
    seconds: u64,
    ids: u64,
}

/// A look for drift.
#[derive(Clone, Debug)]
pub(crate) struct Detection {
    pub(crate) id: String,
    pub(crate) stack_id: String,
    pub(crate) time: String,
    pub(crate) polls_left: usize,
}

impl Account {
    /// An empty account.
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
            script: Script::default(),
            stacks: Vec::new(),
            change_sets: Vec::new(),
            detections: Vec::new(),
            refactors: Vec::new(),
            policies: BTreeMap::new(),
            objects: BTreeMap::new(),
            images: BTreeMap::new(),
            storage: Storage::default(),
            parameters: BTreeMap::new(),
            denied: BTreeSet::new(),
            connections: BTreeMap::new(),
            ecs: BTreeMap::new(),
            revisions: BTreeMap::new(),
            running: BTreeMap::new(),
            scripted: BTreeMap::new(),
            late: 0,
            seconds: 0,
            ids: 0,
        }
    }

    /// Puts a stack there as if it had been made from this template, and gives it for more to be set.
    #[track_caller]
    pub(crate) fn put_stack(&mut self, name: &str, template: &str, status: &str) -> &mut Stack {
        let template = Template::read(template).unwrap_or_else(|it| panic!("{}", it.message));
        let declared = template.section("Parameters");
        let defaults = declared.filter_map(|(key, it)| Some((key.to_owned(), text(it.get("Default")?))));
        let parameters = defaults.collect();
        let exports = self.exports();
        let time = self.now();
        let mut stack = self.blank_stack(name, Source { template, parameters, ..Source::default() });
        status.clone_into(&mut stack.status);
        let values = stack.values(&stack.source, exports.clone());
        let wanted = stack.source.template.resources().filter(|it| values.wants(it.1));
        let is_there = !["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"].contains(&status);
        let resources = wanted.filter(|_| is_there).map(|(id, resource)| Resource {
            id: id.to_owned(),
            physical_id: Some(plan::physical_id(&stack, id, kind(resource), 1)),
            kind: kind(resource).to_owned(),
            status: if status == "DELETE_COMPLETE" { status } else { "CREATE_COMPLETE" }.to_owned(),
            reason: None,
            time: time.clone(),
            drift: None,
            touch: Touch::Untouched,
        });
        stack.resources = resources.collect();
        stack.settle(exports);
        stack.deleted = stack.is_gone().then_some(time);
        self.stacks.push(stack);
        let at = self.stacks.len() - 1;
        let step = self.stacks[at].own_step(status, None);
        self.happen(at, step);
        self.put_nested(at, status);
        &mut self.stacks[at]
    }

    /// Lets something fail from now on.
    pub(crate) fn fails(&mut self, id: &str, on: On, reason: &str) {
        self.script.failures.push(Failure { id: id.to_owned(), on, reason: reason.to_owned() });
    }

    /// Lets nothing fail any more with this resource.
    pub(crate) fn heal(&mut self, id: &str) {
        self.script.failures.retain(|it| it.id != id);
    }

    /// Decides how the change sets of a stack turn out.
    pub(crate) fn change_set(&mut self, stack: &str, script: ChangeSetScript) {
        self.script.change_sets.insert(stack.to_owned(), script);
    }

    /// Decides what a look for drift finds.
    pub(crate) fn drifts(&mut self, stack: &str, id: &str, drift: Drift) {
        self.script.drifts.insert((stack.to_owned(), id.to_owned()), drift);
    }

    /// The place of a stack in the list, by name or ARN.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.stacks.iter().rposition(|it| it.is_called(name))
    }

    /// A stack, by name or ARN.
    pub(crate) fn stack(&self, name: &str) -> Option<&Stack> {
        self.position(name).map(|at| &self.stacks[at])
    }

    /// What all stacks export.
    pub(crate) fn exports(&self) -> BTreeMap<String, String> {
        let outputs = self.stacks.iter().filter(|it| !it.is_gone()).flat_map(|it| &it.outputs);
        outputs.filter_map(|it| Some((it.export.clone()?, it.value.clone()))).collect()
    }

    /// The stacks that take an export, without the one that makes it.
    pub(crate) fn importers(&self, export: &str) -> Vec<&Stack> {
        let exports = self.exports();
        let takes = |stack: &&Stack| {
            let values = stack.values(&stack.source, exports.clone());
            stack.source.template.imports().into_iter().any(|it| values.text(it) == export)
        };
        self.stacks.iter().filter(|it| !it.is_gone()).filter(takes).collect()
    }

    /// A time after all others, as AWS writes it.
    pub(crate) fn now(&mut self) -> String {
        self.seconds += 1;
        let (day, second) = (self.seconds / 86_400 + 1, self.seconds % 86_400);
        format!("2026-01-{day:02}T{:02}:{:02}:{:02}.000Z", second / 3600, second / 60 % 60, second % 60)
    }

    /// An id that was not there before.
    pub(crate) fn fresh_id(&mut self) -> String {
        self.ids += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.ids)
    }

    /// An ARN of CloudFormation's, such as that of a stack.
    pub(crate) fn arn(&mut self, kind: &str, name: &str) -> String {
        let id = self.fresh_id();
        let Place { account, region } = &self.place;
        format!("arn:aws:cloudformation:{region}:{account}:{kind}/{name}/{id}")
    }

    /// A stack that nothing has happened to.
    pub(crate) fn blank_stack(&mut self, name: &str, source: Source) -> Stack {
        Stack {
            id: self.arn("stack", name),
            name: name.to_owned(),
            place: self.place.clone(),
            status: String::new(),
            reason: None,
            source,
            resources: Vec::new(),
            outputs: Vec::new(),
            events: Vec::new(),
            created: self.now(),
            updated: None,
            deleted: None,
            is_protected: false,
            disables_rollback: false,
            change_set_id: None,
            parent_id: None,
            drift_status: "NOT_CHECKED",
            operation: None,
        }
    }

    /// Adds an event, and lets it take effect.
    pub(crate) fn happen(&mut self, at: usize, step: super::stack::Step) {
        let (time, id) = (self.now(), self.fresh_id());
        self.stacks[at].happen(step, time, id);
    }

    /// Begins an operation, and shows its first event.
    pub(crate) fn begin(&mut self, at: usize, operation: Operation) {
        let time = self.now();
        let exports = self.exports();
        let stack = &mut self.stacks[at];
        if operation.kind != Kind::Create {
            stack.updated = Some(time);
        }
        stack.disables_rollback = operation.on_failure == OnFailure::DoNothing;
        stack.operation = Some(operation);
        let plan = plan::beginning(&self.stacks[at], &self.script_of(at), &exports);
        self.follow(at, plan);
        // The call answers before anything can be seen.
        self.late = self.script.late;
        if self.late == 0 {
            self.reveal(at, 1);
        }
    }

    /// Lets a stack come to these statuses, one after the other, after `late` looks at which it is as it was.
    pub(crate) fn goes_on(&mut self, name: &str, statuses: &[&str], late: usize) {
        let at = self.position(name).expect("a stack is put there before it goes on");
        let target = self.stacks[at].source.clone();
        let pending = statuses.iter().map(|it| self.stacks[at].own_step(it, None)).collect();
        let operation = Operation { pending, ..Operation::new(Kind::Update, String::new(), target) };
        self.stacks[at].operation = Some(operation);
        self.late = late;
    }

    /// A look at a stack: some more of what is to happen has happened.
    pub(crate) fn poll(&mut self, at: usize) {
        if self.late > 0 {
            self.late -= 1;
        } else {
            self.reveal(at, self.script.events_per_poll);
        }
    }

    /// Breaks off an update, and begins to undo it.
    pub(crate) fn cancel(&mut self, at: usize) {
        let plan = plan::continuation(
            &self.stacks[at],
            &Phase::Rollback("User Initiated".into()),
            &self.script_of(at),
        );
        self.follow(at, plan);
        self.late = 0;
        self.reveal(at, 1);
    }

    /// Refuses what a stack in its status cannot be asked for.
    pub(crate) fn allows(&self, at: usize, request: Request) -> Result<(), Refusal> {
        let Stack { id, status, .. } = &self.stacks[at];
        if allows(status, request) {
            return Ok(());
        }
        Err(Refusal::validation(match request {
            Request::Update => format!("Stack:{id} is in {status} state and can not be updated."),
            Request::Delete => format!("Stack [{id}] cannot be deleted while in status {status}"),
            Request::CancelUpdate => {
                "CancelUpdateStack cannot be called from current stack status".to_owned()
            }
            Request::ContinueRollback | Request::Rollback => {
                format!("Stack:{id} is in {status} state and can not be rolled back.")
            }
        }))
    }

    pub(super) fn follow(&mut self, at: usize, (steps, then): plan::Plan) {
        if let Some(operation) = &mut self.stacks[at].operation {
            operation.pending = steps.into();
            operation.then = then;
        }
    }

    fn reveal(&mut self, at: usize, count: usize) {
        for _ in 0..count {
            let next = self.stacks[at].operation.as_ref().and_then(|it| it.pending.front());
            if let Some(child) = next.and_then(|it| self.awaited(at, it)) {
                self.reveal(child, 1);
                continue;
            }
            let Some(operation) = &mut self.stacks[at].operation else { return };
            let Some(step) = operation.pending.pop_front() else { return };
            let is_last = operation.pending.is_empty();
            let then = operation.then.clone();
            self.happen(at, step.clone());
            self.descend(at, &step);
            match then {
                Phase::Settled if is_last => self.finish(at),
                then if is_last => self.go_on(at, &then),
                _ => {}
            }
        }
    }

    fn go_on(&mut self, at: usize, then: &Phase) {
        let blocked =
            (*then == Phase::Cleanup).then(|| self.blocked_export(at)).flatten().map(Phase::Rollback);
        let then = blocked.as_ref().unwrap_or(then);
        let plan = plan::continuation(&self.stacks[at], then, &self.script_of(at));
        self.follow(at, plan);
        if *then == Phase::Cleanup {
            let exports = self.exports();
            self.stacks[at].settle(exports);
        }
    }

    /// Why a stack cannot become what it is to be, if another needs an export to stay as it is.
    fn blocked_export(&self, at: usize) -> Option<String> {
        let stack = &self.stacks[at];
        let after = stack.evaluated(&stack.operation.as_ref()?.target, self.exports());
        stack.outputs.iter().find_map(|before| {
            let export = before.export.as_ref()?;
            let verb = match after.iter().find(|it| it.export == before.export) {
                None => "deleted",
                Some(after) if after.value != before.value => "updated",
                Some(_) => return None,
            };
            let importer = &self.importers(export).first()?.name;
            Some(format!("Export {export} cannot be {verb} as it is in use by {importer}"))
        })
    }

    fn finish(&mut self, at: usize) {
        let exports = self.exports();
        let stack = &mut self.stacks[at];
        if stack.operation.as_ref().is_some_and(|it| it.given_up.is_some()) {
            return;
        }
        match stack.status.as_str() {
            "CREATE_COMPLETE" | "IMPORT_COMPLETE" => stack.settle(exports),
            // What could not be removed is not the stack's any more.
            "UPDATE_COMPLETE" => {
                let mut resources = std::mem::take(&mut stack.resources);
                resources.retain(|it| stack.wants(&it.id, &stack.source));
                stack.resources = resources;
            }
            "UPDATE_ROLLBACK_COMPLETE" => {
                stack.resources.retain(|it| it.touch != Touch::Created);
                stack.resources.iter_mut().for_each(|it| it.touch = Touch::Untouched);
            }
            _ => {}
        }
        let is_done =
            ["CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"].contains(&stack.status.as_str());
        let stack_id = stack.id.clone();
        for change_set in self.change_sets.iter_mut().filter(|it| it.stack_id == stack_id) {
            if let Execution::Running { is_over, .. } = &mut change_set.execution {
                is_over.get_or_insert(is_done);
            }
        }
        // The others say nothing any more of a stack that has become another.
        self.change_sets.retain(|it| !is_done || it.stack_id != stack_id || !it.is_listed());
    }
}

impl Operation {
    /// An operation that makes a stack from `target`.
    pub(crate) fn new(kind: Kind, id: String, target: Source) -> Self {
        Self {
            id,
            kind,
            token: None,
            on_failure: OnFailure::default(),
            target,
            imported: BTreeMap::new(),
            spared: Vec::new(),
            is_forced: false,
            given_up: None,
            pending: [].into(),
            then: Phase::Settled,
        }
    }
}

impl Stack {
    /// Whether this was asked before with the same token, and is only asked again.
    pub(crate) fn has_done(&self, kind: Kind, token: Option<&String>) -> bool {
        let last = self.operation.as_ref();
        token.is_some() && last.is_some_and(|it| it.kind == kind && it.token.as_ref() == token)
    }

    /// Its events, the newest first.
    pub(crate) fn history(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().rev()
    }
}
