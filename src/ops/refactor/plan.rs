//! What has moved in one environment, and what is in the way.

use std::{cell::RefCell, collections::BTreeMap};

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    id::LogicalId,
    node::Node,
    span::{Sources, Span},
};

use super::{End, Known, Mapping, News, Plan, Planned, Settings, mapping};
use crate::{
    deploy::{Standing, standing},
    ops::{
        Deployable, Purpose,
        deploy::{Ending, document},
        targets::Connected,
    },
    refactor::{self, App, Found, Move, Part},
    template::resource_of,
    world::{
        AwsError, World,
        aws::Aws,
        cloudformation::{DeployedStack, Location},
    },
};

/// The stacks of one environment.
pub(super) struct Group<'a> {
    pub(super) world: &'a World,
    pub(super) stacks: &'a [&'a Deployable],
    pub(super) settings: &'a Settings<'a>,
    pub(super) known: &'a RefCell<Known>,
}

/// A stack that is deployed.
pub(super) struct Deployed {
    pub(super) stack: DeployedStack,
    pub(super) body: Node,
    /// Whether its template was given as JSON.
    pub(super) is_json: bool,
}

impl Group<'_> {
    /// Works on the environment; what ends that early is an error, so that `?` leaves.
    pub(super) async fn run(&self, hear: &mut dyn FnMut(&News<'_>)) -> Result<End, End> {
        let first = self.stacks[0];
        let purpose = if self.settings.only_shows { Purpose::Look } else { Purpose::Change };
        let connected = first.target.connect(self.world, &self.settings.reach, purpose).await;
        let Connected { aws, own, .. } = connected.map_err(|it| End::Ended(self.names(), it))?;
        let deployed = self.settled(&aws, hear).await?;
        let plan = self.plan(&aws, &own, &deployed).await?;
        self.known.borrow_mut().plan = Some(plan.clone());
        if plan.moves.is_empty() {
            return Ok(End::Nothing);
        }
        self.check_stacks(&aws, &deployed, &plan).await?;
        hear(&News::Planned(&plan));
        if self.settings.only_shows {
            return Ok(End::Shown);
        }
        self.execute(&aws, &deployed, &plan, hear).await
    }

    pub(super) fn names(&self) -> String {
        self.stacks.iter().map(|it| it.target.name.clone()).collect::<Vec<_>>().join("`, `")
    }

    pub(super) fn failed(&self, error: AwsError) -> End {
        End::Ended(self.names(), Ending::Aws(error))
    }

    /// What is deployed, once no refactoring of ours is under way any more.
    async fn settled(
        &self,
        aws: &Aws,
        hear: &mut dyn FnMut(&News<'_>),
    ) -> Result<BTreeMap<String, Deployed>, End> {
        let deployed = self.deployed(aws).await?;
        let is_busy = |it: &Deployed| standing(Some(&it.stack)) == Standing::Busy;
        if !deployed.values().any(is_busy) || self.settings.only_shows {
            return Ok(deployed);
        }
        self.finish_running(aws, &deployed, hear).await?;
        self.deployed(aws).await
    }

    /// What is deployed.
    async fn deployed(&self, aws: &Aws) -> Result<BTreeMap<String, Deployed>, End> {
        let own = self.stacks.iter().map(|it| &it.target.name);
        let mut deployed = BTreeMap::new();
        let mut missing = Vec::new();
        for name in own.clone().chain(self.settings.additional) {
            let stack = aws.stack(name).await.map_err(|it| self.failed(it))?;
            let stack = stack.filter(|it| standing(Some(it)) != Standing::Absent);
            let Some(stack) = stack else {
                if self.settings.additional.contains(name) {
                    let fault = Diagnostic::error("unknown-stack", format!("`{name}` is not deployed"));
                    missing.push(fault.help("name one that is in this account and region"));
                }
                continue;
            };
            let text = aws.template(&stack.id).await.map_err(|it| self.failed(it))?;
            let is_json = text.as_ref().is_some_and(|it| it.trim_start().starts_with('{'));
            let body = document(text.as_deref(), name, &mut Sources::default());
            deployed.insert(name.clone(), Deployed { stack, body, is_json });
        }
        if missing.is_empty() { Ok(deployed) } else { Err(missing.into()) }
    }

    /// What moves, and what becomes of the templates.
    async fn plan(&self, aws: &Aws, own: &Aws, deployed: &BTreeMap<String, Deployed>) -> Result<Plan, End> {
        let mut account = self.stacks[0].target.account.clone();
        if account.is_none() && self.settings.mappings.iter().any(|it| it.account.is_some()) {
            account = Some(own.caller().await.map_err(|it| self.failed(it))?.account);
        }
        let part = |(name, it): (&String, _)| {
            let Deployed { stack, body, .. }: &Deployed = it;
            (name.clone(), Part { body, values: Some(&stack.parameters) })
        };
        let before = App::new(deployed.iter().map(part));
        let written = self.stacks.iter().map(|it| {
            let body = &it.template.body;
            (it.target.name.clone(), Part { body, values: None })
        });
        let after = App::new(written);
        let mappings: Vec<&Mapping> =
            self.settings.mappings.iter().filter(|it| it.is_of(account.as_deref(), aws.region())).collect();
        let (mut decided, faults) =
            mapping::decided(&mappings, |at| type_of(&before, at), |at| type_of(&after, at));
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let mut moves: Vec<Move> = Vec::new();
        if self.settings.is_exact {
            moves.extend(decided.into_iter().map(|(from, to)| {
                let type_name = type_of(&before, &from).unwrap_or_default();
                Move { from, to, type_name }
            }));
        } else {
            self.add_declared(&before, &mut decided);
            let Found { moves: found, unclear } = refactor::find(&before, &after, &decided);
            if !unclear.is_empty() {
                return Err(End::Unclear(unclear));
            }
            moves = found;
        }
        let stacks = refactor::apply(&before, &after, &moves).map_err(End::Blocked)?;
        let moves = moves.into_iter().map(|it| self.planned(it)).collect();
        Ok(Plan { region: aws.region().to_owned(), account, moves, stacks })
    }

    /// Adds what the stack file declares to have come from other stacks, where it has not yet.
    fn add_declared(&self, before: &App<'_>, decided: &mut BTreeMap<Location, Location>) {
        for stack in self.stacks {
            for (id, from) in &stack.arrivals {
                let (from, to) = (Location::new(from, id), Location::new(&stack.target.name, id));
                let is_open = before.resource(&from).is_some() && before.resource(&to).is_none();
                if is_open && !decided.contains_key(&from) {
                    decided.insert(from, to);
                }
            }
        }
    }

    /// A move with what is known of where it leads.
    fn planned(&self, it: Move) -> Planned {
        let stack = self.stacks.iter().find(|stack| stack.target.name == it.to.stack);
        let template = stack.map(|it| &it.template);
        let span = template.and_then(|template| resource_of(&template.body, &it.to.id)).map(Node::written);
        let id = LogicalId::checked(&it.to.id).ok();
        let construct = template.zip(id).and_then(|(template, id)| template.paths.get(&id).cloned());
        let Move { from, to, type_name } = it;
        Planned { type_name, from, to, construct, span: span.unwrap_or(Span::NOWHERE) }
    }

    /// Says no to stacks that CloudFormation does not refactor.
    async fn check_stacks(
        &self,
        aws: &Aws,
        deployed: &BTreeMap<String, Deployed>,
        plan: &Plan,
    ) -> Result<(), End> {
        for it in plan.stacks.iter().filter_map(|it| deployed.get(&it.stack)) {
            let name = it.stack.name.clone();
            match standing(Some(&it.stack)) {
                Standing::Ready | Standing::Absent => (),
                Standing::Busy => return Err(End::Busy(name, it.stack.status.clone())),
                Standing::Leftover | Standing::Paused | Standing::Stuck => {
                    return Err(End::Ended(name, Ending::Stuck(it.stack.status.clone())));
                }
            }
            match aws.has_stack_policy(&it.stack.id).await {
                Ok(true) => return Err(End::Policy(name)),
                // Who may not ask leaves it to CloudFormation to say so.
                Err(error) if !error.is_denied() => return Err(self.failed(error)),
                Ok(false) | Err(_) => (),
            }
        }
        Ok(())
    }
}

fn type_of(app: &App<'_>, at: &Location) -> Option<String> {
    let kind = app.resource(at)?.get("Type").and_then(Node::as_str);
    Some(kind.unwrap_or_default().to_owned())
}
