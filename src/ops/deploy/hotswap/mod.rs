//! Containers of a deployed stack exchanged by ECS alone, for who works on them and cannot wait: quick, and nothing that
//! CloudFormation knows of.
//!
//! Each task definition gets a revision with the containers of the template, and its services take it into use. Where the
//! containers are those of the stack, services that run others go back to the stack's own revision.

mod revision;
mod swaps;

use serde_json::Value;

pub use self::swaps::Unswappable;
use self::{
    revision::Known,
    swaps::{CONTAINERS, Task, containers, tasks},
};
use super::{
    Ending, Listeners, News, UnderWay,
    stack::{Before, Deploying},
};
use crate::{
    deploy::{self, Place, Standing, Trouble, Values},
    world::{
        Timestamp,
        aws::Aws,
        cloudformation::{DeployedStack, ResourceStatus, StackEvent},
        ecs,
    },
};

/// When containers are exchanged by ECS alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hotswap {
    /// Never.
    #[default]
    Never,
    /// Always; what cannot be, is not deployed.
    Always,
    /// Where that can be; all else is deployed.
    Perhaps,
}

/// How long services may take to run what they are given, in seconds.
const LONGEST: u64 = 600;

/// A service, and the revision it is to run.
struct Swap {
    /// Its logical id.
    id: String,
    place: Place,
    /// The revision, by its ARN.
    revision: String,
    /// Whether it was seen to be rolled out.
    is_seen: bool,
}

impl Deploying<'_> {
    /// Has services run the containers of the template, if that is all that differs.
    pub(super) async fn swap(
        &self,
        (aws, own): (&Aws, &Aws),
        before: &Before,
        values: &Values,
        under_way: &UnderWay,
        audience: Listeners<'_, '_>,
    ) -> Result<Ending, Ending> {
        let stack = before.stack.as_ref().filter(|it| deploy::standing(Some(it)) == Standing::Ready);
        let stack = stack.ok_or(Ending::Unswappable(Unswappable::Absent))?;
        let tasks = tasks(&before.template, &self.stack.template).map_err(Ending::Unswappable)?;
        self.check_rest(stack, before, values)?;
        let resources = aws.resources(&stack.id).await.map_err(Ending::Aws)?;
        let mut known = Known::new(stack, &resources, &before.template.body);
        // All that can be wrong is found before anything is done.
        let mut revisions = Vec::new();
        for task in tasks.iter().filter(|it| it.is_changed) {
            revisions.push(self.revision(own, before, task, &mut known).await?);
        }
        let mut swaps = Vec::new();
        for task in &tasks {
            let revision = known.physical(&task.id).unwrap_or_default().to_owned();
            for id in &task.services {
                let place = self.place(id, &known).ok_or_else(|| unknown(&task.id, id))?;
                swaps
                    .push((task, Swap { id: id.clone(), place, revision: revision.clone(), is_seen: false }));
            }
        }
        if revisions.is_empty() {
            self.keep_strays(own, &mut swaps).await?;
            if swaps.is_empty() {
                return Ok(Ending::Unchanged(Box::new(stack.clone())));
            }
        } else {
            let proposal = self.written(aws, before, values);
            audience.borrow_mut().hear(&self.name, &News::Proposed(&proposal));
            self.agree(&proposal, under_way, audience).await?;
            self.make(aws, own, audience).await?;
        }
        under_way.swap(&self.name, true);
        for (task, body) in tasks.iter().filter(|it| it.is_changed).zip(&revisions) {
            let registered = own.register_task_definition(body).await.map_err(Ending::Aws)?;
            let of_this = swaps.iter_mut().filter(|(it, _)| it.id == task.id);
            of_this.for_each(|(_, it)| it.revision.clone_from(&registered));
        }
        let began = own.now();
        for (_, it) in &swaps {
            let updated = own.update_service(&it.place.cluster, &it.place.service, &it.revision).await;
            updated.map_err(Ending::Aws)?;
            audience.borrow_mut().hear(&self.name, &News::Swapping(&it.id, &it.revision));
        }
        let swaps = swaps.into_iter().map(|(_, it)| it).collect();
        let steady = self.until_steady(own, stack, swaps, began).await;
        under_way.swap(&self.name, false);
        let stack = Box::new(stack.clone());
        // What was taken back is what CloudFormation knows.
        let is_known = revisions.is_empty();
        steady.map(|()| if is_known { Ending::Done(stack) } else { Ending::Swapped(stack) })
    }

    /// Reports values of parameters and tags that differ.
    fn check_rest(&self, stack: &DeployedStack, before: &Before, values: &Values) -> Result<(), Ending> {
        let mut others = Vec::new();
        if !values.are_those_of(stack, &before.template.body, &self.stack.template.body) {
            others.extend(values.fresh.iter().map(|(name, _)| name.clone()));
        }
        let wanted = self.tags();
        let differs = |key: &&String| stack.tags.get(*key) != wanted.get(*key);
        let keys = stack.tags.keys().chain(wanted.keys().filter(|it| !stack.tags.contains_key(*it)));
        others.extend(keys.filter(differs).cloned());
        if others.is_empty() { Ok(()) } else { Err(Ending::Unswappable(Unswappable::Others(others))) }
    }

    /// The new revision of a task definition, as ECS takes it.
    async fn revision(
        &self,
        own: &Aws,
        before: &Before,
        task: &Task,
        known: &mut Known<'_>,
    ) -> Result<Value, Ending> {
        let live = known.physical(&task.id).ok_or_else(|| unknown(&task.id, &task.id))?;
        let mut body = own.task_definition(live).await.map_err(Ending::Aws)?;
        if let Some(old) = containers(&before.template, &task.id) {
            known.learn(old, &body["containerDefinitions"]);
        }
        let new = containers(&self.stack.template, &task.id).ok_or_else(|| unknown(&task.id, CONTAINERS))?;
        let written = known.containers(new).map_err(|it| unknown(&task.id, &it.0))?;
        body["containerDefinitions"] = written;
        Ok(body)
    }

    /// Where ECS has a service.
    fn place(&self, id: &str, known: &Known<'_>) -> Option<Place> {
        let name = known.physical(id)?;
        Place::named(name).or_else(|| {
            let properties = self.stack.template.body.get("Resources")?.get(id)?.get("Properties")?;
            let cluster = match properties.get("Cluster") {
                Some(cluster) => known.text(cluster).ok()?,
                None => "default".to_owned(),
            };
            Some(Place { cluster, service: name.rsplit('/').next()?.to_owned() })
        })
    }

    /// Keeps the services that run another revision than they should.
    async fn keep_strays(&self, own: &Aws, swaps: &mut Vec<(&Task, Swap)>) -> Result<(), Ending> {
        let mut strays = Vec::new();
        for (task, swap) in std::mem::take(swaps) {
            let service = own.service(&swap.place.cluster, &swap.place.service).await.map_err(Ending::Aws)?;
            let primary = service.and_then(|it| it.rollouts.into_iter().find(|it| it.is_primary));
            if primary.is_some_and(|it| it.task_definition != swap.revision) {
                strays.push((task, swap));
            }
        }
        *swaps = strays;
        Ok(())
    }

    /// Waits until services run what they were given, and nothing else.
    async fn until_steady(
        &self,
        own: &Aws,
        stack: &DeployedStack,
        mut swaps: Vec<Swap>,
        began: Timestamp,
    ) -> Result<(), Ending> {
        let mut troubles = Vec::new();
        loop {
            let is_late = own.now().seconds_after(began) > LONGEST;
            let mut waiting = Vec::new();
            for mut swap in swaps {
                let Place { cluster, service: name } = swap.place.clone();
                let service = own.service(&cluster, &name).await.map_err(Ending::Aws)?;
                match swap.state(service.as_ref()) {
                    State::Steady => (),
                    State::RollingOut if !is_late => waiting.push(swap),
                    State::RollingOut | State::Failed => {
                        let event = swap.event(stack, own.now());
                        let tasks = own.stopped_tasks(&cluster, &name).await;
                        troubles.push(Trouble::read(&event, swap.place, began, Ok(service), tasks));
                    }
                }
            }
            if waiting.is_empty() {
                return if troubles.is_empty() { Ok(()) } else { Err(Ending::Unsteady(troubles)) };
            }
            swaps = waiting;
            own.wait().await;
        }
    }
}

/// How far a service is.
enum State {
    RollingOut,
    Steady,
    Failed,
}

impl Swap {
    fn state(&mut self, service: Option<&ecs::Service>) -> State {
        let Some(service) = service else { return State::Failed };
        let own = service.rollouts.iter().find(|it| it.task_definition == self.revision);
        let was_seen = self.is_seen;
        self.is_seen |= own.is_some();
        match own {
            Some(it) if it.state == "FAILED" => State::Failed,
            Some(it) if it.is_primary && it.state == "COMPLETED" => State::Steady,
            Some(it) if was_seen && !it.is_primary => State::Failed,
            // It was turned back, and is not listed any more.
            None if was_seen => State::Failed,
            Some(_) | None => State::RollingOut,
        }
    }

    /// That it did not come up, as CloudFormation would say it.
    fn event(&self, stack: &DeployedStack, time: Timestamp) -> StackEvent {
        StackEvent {
            id: self.revision.clone(),
            stack: stack.id.clone(),
            logical_id: self.id.clone(),
            physical_id: Some(self.place.service.clone()),
            type_name: "AWS::ECS::Service".to_owned(),
            time,
            status: ResourceStatus::new("UPDATE_FAILED"),
            reason: None,
            token: None,
            properties: None,
        }
    }
}

fn unknown(task: &str, value: &str) -> Ending {
    Ending::Unswappable(Unswappable::Unknown { task: task.to_owned(), value: value.to_owned() })
}
