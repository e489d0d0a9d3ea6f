//! A refactoring made, compared with what was asked for, executed, and watched to its end.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    End, News, Plan,
    plan::{Deployed, Group},
};
use crate::{
    assembly,
    deploy::{LARGEST_BODY, Standing, causes, is_beginning, standing},
    ops::deploy::{Ask, Ending, UnderWay, sent},
    refactor::After,
    template::{Indent, Template},
    world::{
        AwsError,
        aws::Aws,
        cloudformation::{
            DeployedStack, Location, Refactor, RefactorRequest, Source, StackEvent, StackStatus, Stage, Step,
        },
    },
};

/// What the description of each refactoring begins with that `asi` makes.
const OURS: &str = "Made by asi: ";

/// How often it may be seen that a refactoring has not begun that was to be executed.
const PATIENCE: usize = 60;

impl Group<'_> {
    /// Watches the refactoring of ours to its end that works on these stacks, if there is one.
    pub(super) async fn finish_running(
        &self,
        aws: &Aws,
        deployed: &BTreeMap<String, Deployed>,
        hear: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), End> {
        let open = aws.open_refactors().await.map_err(|it| self.failed(it))?;
        let is_ours = |it: &&Refactor| {
            it.stage == Stage::Running && it.description.as_ref().is_some_and(|it| it.starts_with(OURS))
        };
        for it in open.iter().filter(is_ours) {
            let it = aws.refactor(&it.id).await.map_err(|it| self.failed(it))?;
            if !deployed.values().any(|own| it.stacks.contains(&own.stack.id)) {
                continue;
            }
            hear(&News::Resumed(&it.id));
            let stacks = deployed.values().map(|it| &it.stack.name).cloned().collect::<Vec<_>>();
            let (ended, _) = self.watch(aws, &it.id, &stacks, deployed, hear).await?;
            hear(&News::Finished(&ended));
            // Whatever became of it, it is over, and the stacks are looked at again.
            self.known.borrow_mut().id = Some(ended.id);
        }
        Ok(())
    }

    /// Has it agreed to, made, compared and executed.
    pub(super) async fn execute(
        &self,
        aws: &Aws,
        deployed: &BTreeMap<String, Deployed>,
        plan: &Plan,
        hear: &mut dyn FnMut(&News<'_>),
    ) -> Result<End, End> {
        let ask = (!self.settings.yes).then_some(Ask::Changes);
        let ended = |it| End::Ended(self.names(), it);
        let put = RefCell::new(&mut *hear);
        let question = || (put.borrow_mut())(&News::Question(plan));
        UnderWay::default().questions.agree(self.world, ask, question).await.map_err(ended)?;
        hear(&News::Preparing);
        let mut templates = Vec::new();
        for it in &plan.stacks {
            let is_json = deployed.get(&it.stack).is_some_and(|it| it.is_json);
            templates.push((it.stack.clone(), body(aws, it, is_json).await.map_err(ended)?));
        }
        let moves: Vec<(Location, Location)> =
            plan.moves.iter().map(|it| (it.from.clone(), it.to.clone())).collect();
        let description = description(plan);
        let makes_stacks = plan.stacks.iter().any(|it| it.is_new);
        let request =
            RefactorRequest { description: &description, templates: &templates, moves: &moves, makes_stacks };
        let made = self.made(aws, &request).await?;
        self.known.borrow_mut().id = Some(made.id.clone());
        if made.stage != Stage::Running {
            let steps = aws.refactor_steps(&made.id).await.map_err(|it| self.failed(it))?;
            check_steps(plan, &steps)?;
        }
        let names: Vec<String> = plan.stacks.iter().map(|it| it.stack.clone()).collect();
        let (ended, events) = self.watch(aws, &made.id, &names, deployed, hear).await?;
        if ended.stage == Stage::Done {
            return Ok(End::Done);
        }
        let name_of = |arn: &str| arn.split('/').nth(1).unwrap_or(arn).to_owned();
        let causes = causes(&events).into_iter().map(|it| (name_of(&it.event.stack), it)).collect();
        let stuck = self.stuck(aws, &names).await?;
        Err(End::Failed { status: ended.status, reason: ended.reason, causes, stuck })
    }

    /// The refactoring, once it can be executed: one that an earlier run has made, or a new one.
    async fn made(&self, aws: &Aws, request: &RefactorRequest<'_>) -> Result<Refactor, End> {
        let open = aws.open_refactors().await.map_err(|it| self.failed(it))?;
        let same = open.into_iter().find(|it| it.description.as_deref() == Some(request.description));
        if let Some(it) = same
            && let Ok(it) = self.prepared(aws, &it.id).await
        {
            return Ok(it);
        }
        let id = aws.create_refactor(request).await.map_err(|it| self.failed(it))?;
        self.known.borrow_mut().id = Some(id.clone());
        self.prepared(aws, &id).await
    }

    /// A refactoring, once CloudFormation has looked at it.
    async fn prepared(&self, aws: &Aws, id: &str) -> Result<Refactor, End> {
        loop {
            let it = aws.refactor(id).await.map_err(|it| self.failed(it))?;
            match it.stage {
                Stage::Preparing => aws.wait().await,
                Stage::Ready | Stage::Running | Stage::Done => return Ok(it),
                Stage::Refused | Stage::Failed => {
                    return Err(End::Refused { status: it.status, reason: it.reason });
                }
            }
        }
    }

    /// Executes a refactoring, unless that is under way, and follows it to its end, and until its stacks have settled.
    async fn watch(
        &self,
        aws: &Aws,
        id: &str,
        names: &[String],
        deployed: &BTreeMap<String, Deployed>,
        hear: &mut dyn FnMut(&News<'_>),
    ) -> Result<(Refactor, Vec<StackEvent>), End> {
        let failed = |it: AwsError| self.failed(it);
        let mut now = aws.refactor(id).await.map_err(failed)?;
        let mut events = Events::default();
        if now.stage == Stage::Ready {
            for it in names.iter().filter_map(|it| deployed.get(it)) {
                events.see_newest(aws, &it.stack).await.map_err(failed)?;
            }
            if let Err(error) = aws.execute_refactor(id).await {
                // Its answer may have been lost, and the call have been made again.
                now = aws.refactor(id).await.map_err(failed)?;
                if matches!(now.stage, Stage::Ready | Stage::Refused | Stage::Preparing) {
                    return Err(failed(error));
                }
            }
            hear(&News::Began(id));
        }
        self.known.borrow_mut().is_running = true;
        let mut idle = 0;
        loop {
            now = aws.refactor(id).await.map_err(failed)?;
            events.hear_fresh(aws, names, hear).await.map_err(failed)?;
            match now.stage {
                Stage::Done | Stage::Failed => break,
                Stage::Refused => return Err(End::Refused { status: now.status, reason: now.reason }),
                Stage::Running => idle = 0,
                Stage::Ready | Stage::Preparing if idle < PATIENCE => idle += 1,
                Stage::Ready | Stage::Preparing => {
                    return Err(End::Refused { status: now.status, reason: now.reason });
                }
            }
            aws.wait().await;
        }
        // It is over some seconds before its stacks say so: https://github.com/aws/aws-cdk-cli/issues/1804.
        for name in names {
            while aws.stack(name).await.map_err(failed)?.is_some_and(|it| it.status.is_busy()) {
                aws.wait().await;
            }
        }
        events.hear_fresh(aws, names, hear).await.map_err(failed)?;
        self.known.borrow_mut().is_running = false;
        Ok((now, events.all))
    }

    /// The stacks that somebody has to see to.
    async fn stuck(&self, aws: &Aws, names: &[String]) -> Result<Vec<(String, StackStatus)>, End> {
        let mut found = Vec::new();
        for name in names {
            let there = aws.stack(name).await.map_err(|it| self.failed(it))?;
            let is_stuck =
                |it: &DeployedStack| !matches!(standing(Some(it)), Standing::Ready | Standing::Absent);
            found.extend(there.filter(is_stuck).map(|it| (name.clone(), it.status)));
        }
        Ok(found)
    }
}

/// What has happened in stacks, and what of that was seen.
#[derive(Default)]
struct Events {
    seen: BTreeSet<String>,
    all: Vec<StackEvent>,
}

impl Events {
    /// What has happened before is not told.
    async fn see_newest(&mut self, aws: &Aws, stack: &DeployedStack) -> Result<(), AwsError> {
        let mut is_newest = true;
        let newest = aws.events(&stack.id, |_| std::mem::take(&mut is_newest)).await?;
        self.seen.extend(newest.into_iter().map(|it| it.id));
        Ok(())
    }

    /// Tells what is new in these stacks.
    async fn hear_fresh(
        &mut self,
        aws: &Aws,
        names: &[String],
        hear: &mut dyn FnMut(&News<'_>),
    ) -> Result<(), AwsError> {
        let mut fresh = Vec::new();
        for name in names {
            let mut has_begun = false;
            let is_wanted = |it: &StackEvent| {
                if has_begun || self.seen.contains(&it.id) {
                    return false;
                }
                // What was before that is of something else.
                has_begun = it.is_of_stack() && is_beginning(it);
                true
            };
            match aws.events(name, is_wanted).await {
                // It may not be there yet.
                Err(error) if error.is_missing_stack() => (),
                events => fresh.extend(events?.into_iter().map(|it| (name, it))),
            }
        }
        fresh.sort_by_key(|(_, it)| it.time);
        for (name, event) in fresh {
            hear(&News::Event(name, &event));
            self.seen.insert(event.id.clone());
            self.all.push(event);
        }
        Ok(())
    }
}

/// What tells a refactoring from others: what it does.
fn description(plan: &Plan) -> String {
    let moves = plan.moves.iter().map(|it| format!("{} {}\n", it.from, it.to));
    let stacks = plan
        .stacks
        .iter()
        .map(|it| format!("{}\n{}\n", it.stack, Template::new(it.body.clone()).to_json(Indent::Dense)));
    let whole: String = moves.chain(stacks).collect();
    format!("{OURS}{}", &assembly::hash(whole.as_bytes())[..16])
}

/// How the template of a stack gets to CloudFormation: in the form it had.
async fn body(aws: &Aws, it: &After, is_json: bool) -> Result<Source, Ending> {
    let template = Template::new(it.body.clone());
    if is_json {
        let text = template.to_json(Indent::Cdk);
        if text.len() <= LARGEST_BODY {
            return Ok(Source::Body(text));
        }
    }
    sent(aws, &template).await
}

/// Says no if CloudFormation would do anything else.
fn check_steps(plan: &Plan, steps: &[Step]) -> Result<(), End> {
    let line = |from: &Location, to: &Location| format!("move {from} to {to}");
    let asked: BTreeSet<String> = plan.moves.iter().map(|it| line(&it.from, &it.to)).collect();
    let mut makes: Vec<&str> =
        plan.stacks.iter().filter(|it| it.is_new).map(|it| it.stack.as_str()).collect();
    let mut moved = BTreeSet::new();
    let mut added = Vec::new();
    for step in steps {
        match step {
            Step::Move(from, to) => {
                let line = line(from, to);
                if !asked.contains(&line) {
                    added.push(line.clone());
                }
                moved.insert(line);
            }
            Step::MakeStack(name) => {
                match makes.iter().position(|it| name.as_deref().is_none_or(|name| name == *it)) {
                    Some(at) => drop(makes.remove(at)),
                    None => added.push(format!("make the stack {}", name.as_deref().unwrap_or("of no name"))),
                }
            }
            Step::Other(text) => added.push(text.clone()),
        }
    }
    let missing = asked.difference(&moved).cloned();
    let missing: Vec<String> = missing.chain(makes.iter().map(|it| format!("make the stack {it}"))).collect();
    if added.is_empty() && missing.is_empty() { Ok(()) } else { Err(End::Differs { added, missing }) }
}
