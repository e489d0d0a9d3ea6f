//! One stack: looked at, proposed, agreed to, executed, and watched to its end.

use std::collections::BTreeMap;

use asi_constructs::kernel::{node::Node, span::Sources};
use indexmap::IndexMap;

use super::{
    Ending, Hotswap, Listeners, Method, News, Proposal, Settings, UnderWay,
    publish::{Which, check_bootstrap, publish, source},
    upload::sent,
};
use crate::{
    deploy::{self, Operation, Proposed, Standing, Unmade, Values, capabilities},
    diff::{self, Remark},
    load,
    ops::{
        Compared, Deployable, Presence, Purpose, Remarks, Target, images::images as images_of,
        review::approval, targets::Connected,
    },
    plan::plan,
    review::{Approval, Observed},
    template::Template,
    world::{
        AwsError, World,
        aws::Aws,
        cloudformation::{
            ChangeSet, ChangeSetRequest, ChangeSetStatus, Deletion, DeployedStack, Deployment, Execute,
            Execution, Goal, Made, Objection, Source,
        },
    },
};

/// A stack to be deployed.
pub(in crate::ops) struct Deploying<'a> {
    pub(in crate::ops) stack: &'a Deployable,
    pub(in crate::ops) name: String,
    pub(in crate::ops) world: &'a World,
    pub(in crate::ops) settings: &'a Settings,
    pub(in crate::ops) sources: &'a Sources,
}

/// What a stack is deployed with now.
#[derive(Clone)]
pub(in crate::ops) struct Before {
    pub(in crate::ops) stack: Option<DeployedStack>,
    pub(in crate::ops) template: Template,
    pub(in crate::ops) sources: Sources,
}

impl Before {
    /// The same, where what never came up is nothing: it is deleted before anything else is done.
    pub(in crate::ops) fn without_leftover(self) -> Self {
        if deploy::standing(self.stack.as_ref()) != Standing::Leftover {
            return self;
        }
        Self { stack: None, template: Template::new(Node::from_iter([])), ..self }
    }

    /// Whether a change set makes it, or changes it.
    pub(in crate::ops) fn goal(&self) -> Goal {
        if self.stack.is_some() { Goal::Update } else { Goal::Create }
    }
}

impl Deploying<'_> {
    /// Deploys it.
    pub(super) async fn run(&self, under_way: &UnderWay, audience: Listeners<'_, '_>) -> Ending {
        Box::pin(self.attempt(under_way, audience)).await.unwrap_or_else(|ending| ending)
    }

    /// What ends it early is an error, so that `?` leaves.
    async fn attempt(&self, under_way: &UnderWay, audience: Listeners<'_, '_>) -> Result<Ending, Ending> {
        let Connected { aws, own, not_assumed } = self.connect(Purpose::Change).await?;
        if let Some(error) = &not_assumed {
            audience.borrow_mut().hear(&self.name, &News::Own(error));
        }
        let before = self.standing(&aws, under_way, audience).await?;
        // Those of a change set that was made before are in it.
        let values = match self.settings.method {
            Method::Execute => Values::default(),
            Method::ChangeSet | Method::Prepare | Method::Direct => self.values(&before)?,
        };
        if self.settings.hotswap != Hotswap::Never {
            match Box::pin(self.swap((&aws, &own), &before, &values, under_way, audience)).await {
                Err(Ending::Unswappable(why)) if self.settings.hotswap == Hotswap::Perhaps => {
                    audience.borrow_mut().hear(&self.name, &News::Whole(&why));
                }
                ended => return ended,
            }
        }
        let mut proposal = match self.settings.method {
            Method::Execute => self.found(&aws, &before).await?,
            Method::ChangeSet | Method::Prepare | Method::Direct => {
                if let Some(stack) =
                    before.stack.as_ref().filter(|it| self.is_deployed(&aws, it, &before, &values))
                {
                    self.protect(&aws, stack).await?;
                    return Ok(Ending::Unchanged(Box::new(stack.clone())));
                }
                if self.settings.method == Method::Direct {
                    self.written(&aws, &before, &values)
                } else {
                    self.make(&aws, &own, audience).await?;
                    audience.borrow_mut().hear(&self.name, &News::Preparing);
                    // Who stops here leaves nothing behind.
                    let hear = |made: &Made| under_way.propose(&aws, &self.name, made, before.goal());
                    let proposed = self.propose(&aws, &own, &before, &values, hear).await;
                    match proposed.inspect_err(|_| under_way.settle(&self.name)) {
                        Err(Ending::Unchanged(stack)) => {
                            self.protect(&aws, &stack).await?;
                            return Ok(Ending::Unchanged(stack));
                        }
                        proposed => proposed?,
                    }
                }
            }
        };
        if let Err(ending) = self.check_approval(&mut proposal, audience) {
            under_way.settle(&self.name);
            self.drop_proposal(&aws, &proposal, &before).await?;
            return Err(ending);
        }
        audience.borrow_mut().hear(&self.name, &News::Proposed(&proposal));
        if self.settings.method == Method::Prepare {
            under_way.settle(&self.name);
            return Ok(Ending::Prepared(proposal.made));
        }
        let agreed = self.agree(&proposal, under_way, audience).await;
        under_way.settle(&self.name);
        if let Err(ending) = agreed {
            self.drop_proposal(&aws, &proposal, &before).await?;
            return Err(ending);
        }
        let how = Execute { keeps_failed: self.settings.keeps_failed };
        let is_direct = self.settings.method == Method::Direct;
        if is_direct {
            self.make(&aws, &own, audience).await?;
        }
        let operation = if is_direct && before.stack.is_none() {
            // Nothing has happened yet to what is not there.
            None
        } else {
            let there = before.stack.as_ref().map_or(&proposal.made.stack, |it| &it.id);
            Some(Operation::about_to_begin(&aws, there).await.map_err(Ending::Aws)?)
        };
        // From here on it is not as it was, whoever stops watching.
        under_way.enter(&aws, &self.name, &proposal.made.stack);
        let begun = if is_direct {
            self.begin(&aws, &own, &before, &values, how).await
        } else {
            let token = aws.execute_change_set(&proposal.made, how).await.map_err(Ending::Aws);
            token.map(|it| (proposal.made, it))
        };
        let (made, token) = begun.inspect_err(|_| under_way.leave(&self.name))?;
        audience.borrow_mut().hear(&self.name, &News::Began(&proposal.steps));
        let operation = operation.unwrap_or_else(|| Operation::under_way(made.stack)).begun(token);
        let stack = under_way.watch(&aws, &self.name, operation, audience).await?;
        self.protect(&aws, &stack).await?;
        Ok(Ending::Done(Box::new(stack)))
    }

    /// AWS, where the stack belongs.
    pub(in crate::ops) async fn connect(&self, purpose: Purpose) -> Result<Connected, Ending> {
        self.stack.target.connect(self.world, &self.settings.reach(), purpose).await
    }

    /// What there is now, once nothing is under way any more.
    async fn standing(
        &self,
        aws: &Aws,
        under_way: &UnderWay,
        audience: Listeners<'_, '_>,
    ) -> Result<Before, Ending> {
        loop {
            let before = self.look(aws).await.map_err(Ending::Aws)?;
            let Some(stack) = &before.stack else { return Ok(before) };
            match deploy::standing(Some(stack)) {
                Standing::Absent | Standing::Ready => return Ok(before),
                Standing::Paused if self.settings.keeps_failed => return Ok(before),
                Standing::Paused | Standing::Stuck => return Err(Ending::Stuck(stack.status.clone())),
                Standing::Busy => {
                    audience.borrow_mut().hear(&self.name, &News::Busy(stack));
                    audience.borrow_mut().hear(&self.name, &News::Began(&[]));
                    match under_way.watch(aws, &self.name, Operation::on(stack), audience).await {
                        // Whatever became of it, it is over, and the stack is looked at again.
                        Ok(_) | Err(Ending::Failed { .. } | Ending::Gone) => (),
                        Err(ending) => return Err(ending),
                    }
                }
                Standing::Leftover => {
                    if self.settings.approved.is_some() {
                        let nothing = before.clone().without_leftover();
                        let values = self.values(&nothing)?;
                        self.check_approval(&mut self.written(aws, &nothing, &values), audience)?;
                    }
                    audience.borrow_mut().hear(&self.name, &News::Leftover);
                    let role = self.settings.role.as_deref().or(stack.role.as_deref());
                    let operation = Operation::about_to_begin(aws, &stack.id).await.map_err(Ending::Aws)?;
                    let deleted = aws.delete_stack(&stack.id, &[], role, Deletion::Normal).await;
                    let operation = operation.deleting().begun(deleted.map_err(Ending::Aws)?);
                    match under_way.watch(aws, &self.name, operation, audience).await {
                        Ok(_) | Err(Ending::Gone) => (),
                        Err(ending) => return Err(ending),
                    }
                }
            }
        }
    }

    /// What is deployed now.
    pub(in crate::ops) async fn look(&self, aws: &Aws) -> Result<Before, AwsError> {
        let stack = aws.stack(&self.name).await?;
        // Of one under review there are only change sets.
        let stack = stack.filter(|it| deploy::standing(Some(it)) != Standing::Absent);
        let text = match &stack {
            Some(stack) => aws.template(&stack.id).await?,
            None => None,
        };
        let mut sources = self.sources.clone();
        let name = format!("{} (deployed)", self.name);
        let mut template = Template::new(document(text.as_deref(), &name, &mut sources));
        template.tags = stack.as_ref().map(|it| it.tags.clone()).unwrap_or_default();
        Ok(Before { stack, template, sources })
    }

    /// How its deployment would end before it begins, where that can be known: a value is missing, or not all that is to
    /// be done was approved.
    pub(super) async fn foreseen(&self, under_way: &UnderWay, audience: Listeners<'_, '_>) -> Option<Ending> {
        if self.settings.approved.is_none() && !self.may_lack_values() {
            return None;
        }
        // What keeps AWS from being asked is told when the stack has its turn.
        let looking = self.connect(Purpose::Look).await.ok()?;
        let before = self.look(&looking.aws).await.ok()?.without_leftover();
        let values = match self.values(&before) {
            Ok(values) => values,
            Err(ending) => return Some(ending),
        };
        let mut proposal = self.written(&looking.aws, &before, &values);
        if self.approval(&proposal) == Approval::Given {
            return None;
        }
        // It may have been approved by what CloudFormation does, which is less.
        let Connected { aws, own, .. } = self.connect(Purpose::Change).await.ok()?;
        match self.planned(&aws, &own, &before, &values, under_way).await {
            Ok(planned) => proposal = planned,
            Err(Ending::Unchanged(_)) => return None,
            Err(_) => (),
        }
        self.check_approval(&mut proposal, audience).err()
    }

    /// Whether a value is missing, or given to no parameter, unless the stack has it already.
    fn may_lack_values(&self) -> bool {
        deploy::values(&self.stack.template.body, &self.given(), None).is_err()
    }

    pub(in crate::ops) fn values(&self, before: &Before) -> Result<Values, Ending> {
        let has = before.stack.as_ref().map(|it| (it, &before.template.body));
        deploy::values(&self.stack.template.body, &self.given(), has).map_err(Ending::Faulty)
    }

    fn given(&self) -> BTreeMap<String, String> {
        let of_this = self.settings.parameters.iter().filter(|(stack, name, _)| match stack {
            Some(stack) => *stack == self.name,
            None => self.declares(name) || !self.is_one_of_several(),
        });
        let assembled = self.stack.assembled.iter().flat_map(|it| it.parameters.iter().cloned());
        assembled.chain(of_this.map(|(_, name, value)| (name.clone(), value.clone()))).collect()
    }

    fn declares(&self, parameter: &str) -> bool {
        self.stack.template.body.get("Parameters").is_some_and(|it| it.get(parameter).is_some())
    }

    fn is_one_of_several(&self) -> bool {
        self.stack.is_part
    }

    /// The role that CloudFormation is to take on, where somebody says which: who runs this, or its assembly.
    fn role(&self, aws: &Aws) -> Option<String> {
        self.settings.role.clone().or_else(|| self.stack.target.execution_role(aws))
    }

    pub(super) fn tags(&self) -> IndexMap<String, String> {
        let mut tags = self.stack.template.tags.clone();
        tags.extend(self.settings.tags.iter().map(|(key, value)| (key.clone(), value.clone())));
        tags
    }

    /// Whether the stack is what it should be, so that nothing has to be asked of CloudFormation. A value that it looks up
    /// itself may have changed without any trace in the template.
    fn is_deployed(&self, aws: &Aws, stack: &DeployedStack, before: &Before, values: &Values) -> bool {
        let new = &self.stack.template;
        let settings = self.settings;
        let is_asked_for = settings.is_forced
            || settings.reverts_drift
            || settings.imports_existing
            || !settings.alarms.is_empty()
            || settings.monitored_minutes.is_some()
            || self.role(aws).is_some_and(|it| stack.role.as_ref() != Some(&it));
        let mut tags = stack.tags.clone();
        tags.sort_unstable_keys();
        let mut wanted = self.tags();
        wanted.sort_unstable_keys();
        !is_asked_for
            && deploy::standing(Some(stack)) == Standing::Ready
            && diff::diff(&before.template, new).is_empty()
            && values.are_those_of(stack, &before.template.body, &new.body)
            && tags == wanted
            && (settings.notifications.is_empty() || settings.notifications == stack.notifications)
            && !deploy::looks_up(&new.body)
    }

    /// What the stack becomes.
    async fn deployment(
        &self,
        aws: &Aws,
        own: &Aws,
        before: &Before,
        values: &Values,
    ) -> Result<Deployment, Ending> {
        let template = self.source(aws, own).await?;
        let settings = self.settings;
        let had = before.stack.as_ref();
        Ok(Deployment {
            template,
            parameters: values.given.clone(),
            tags: self.tags(),
            capabilities: capabilities(&self.stack.template.body),
            role: self.role(aws).or_else(|| had?.role.clone()),
            notifications: if settings.notifications.is_empty() {
                had.map(|it| it.notifications.clone()).unwrap_or_default()
            } else {
                settings.notifications.clone()
            },
            alarms: settings.alarms.clone(),
            monitored_minutes: settings.monitored_minutes,
            is_express: settings.is_express,
        })
    }

    /// What the deployed template and this one say differently.
    pub(in crate::ops) fn compared(&self, before: &Before, template: Template) -> Compared {
        let presence = if before.stack.is_some() { Presence::Both } else { Presence::Added };
        let template = Template { tags: self.tags(), ..template };
        let compared = Compared::new(self.name.clone(), presence, [before.template.clone(), template]);
        let Target { environment, account, region, .. } = self.stack.target.clone();
        Compared { environment, account, region, ..compared.with_tags() }
    }

    /// What the templates say of the deployment, without asking CloudFormation.
    pub(super) fn written(&self, aws: &Aws, before: &Before, values: &Values) -> Proposal {
        let mut compared = self.compared(before, self.stack.template.clone());
        compared.remarks.of_values(values);
        let steps = compared.diff.resources.iter().map(|it| it.id.clone()).collect();
        let made = Made { change_set: String::new(), stack: self.name.clone() };
        Proposal { compared, steps, made, region: aws.region().to_owned(), sources: before.sources.clone() }
    }

    /// Begins the deployment without a change set.
    async fn begin(
        &self,
        aws: &Aws,
        own: &Aws,
        before: &Before,
        values: &Values,
        how: Execute,
    ) -> Result<(Made, String), Ending> {
        let deployment = self.deployment(aws, own, before, values).await?;
        let Some(stack) = before.stack.clone() else {
            return aws.create_stack(&self.name, &deployment, how).await.map_err(Ending::Aws);
        };
        match aws.update_stack(&self.name, &deployment, how).await.map_err(Ending::Aws)? {
            Some(begun) => Ok(begun),
            None => {
                self.protect(aws, &stack).await?;
                Err(Ending::Unchanged(Box::new(stack)))
            }
        }
    }

    /// Has a change set made.
    pub(in crate::ops) async fn propose(
        &self,
        aws: &Aws,
        own: &Aws,
        before: &Before,
        values: &Values,
        hear: impl FnMut(&Made),
    ) -> Result<Proposal, Ending> {
        let settings = self.settings;
        let deployment = self.deployment(aws, own, before, values).await?;
        let request = ChangeSetRequest {
            stack: &self.name,
            name: &settings.change_set,
            goal: before.goal(),
            deployment: &deployment,
            imports: &[],
            imports_existing: settings.imports_existing,
            reverts_drift: settings.reverts_drift,
        };
        match deploy::propose(aws, &request, hear).await.map_err(Ending::Aws)? {
            Proposed::Ready(made, change_set) => {
                Ok(self.proposal(aws, before, &self.stack.template, values, made, &change_set))
            }
            Proposed::Nothing => Err(match before.stack.clone() {
                Some(stack) => Ending::Unchanged(Box::new(stack)),
                None => Ending::Refused { reason: Unmade::Empty, objections: Vec::new() },
            }),
            Proposed::Refused { reason, objections } => Err(Ending::Refused { reason, objections }),
        }
    }

    /// What CloudFormation would do. No change set of it is left.
    pub(in crate::ops) async fn planned(
        &self,
        aws: &Aws,
        own: &Aws,
        before: &Before,
        values: &Values,
        under_way: &UnderWay,
    ) -> Result<Proposal, Ending> {
        let hear = |made: &Made| under_way.propose(aws, &self.name, made, before.goal());
        let proposed = self.propose(aws, own, before, values, hear).await;
        let planned = match proposed {
            Ok(mut proposal) => {
                if self.settings.observes {
                    // It is gone with the change set. Who may not ask for it is told all else.
                    let said = aws.warnings(&proposal.made.change_set).await.unwrap_or_default();
                    proposal.compared.remarks.observed.extend(said.into_iter().map(said_of));
                }
                let gone = deploy::clean_up(aws, &proposal.made, before.goal()).await;
                gone.map_err(Ending::Aws).map(|()| proposal)
            }
            Err(ending) => Err(ending),
        };
        under_way.settle(&self.name);
        planned
    }

    /// Makes what the stack needs besides files, and puts that where it is read.
    pub(super) async fn make(&self, aws: &Aws, own: &Aws, audience: Listeners<'_, '_>) -> Result<(), Ending> {
        if let Some(assembled) = self.stack.assembled.as_ref().filter(|_| self.stack.needs_making()) {
            check_bootstrap(aws, assembled).await?;
        }
        Box::pin(publish(self, own, Which::Made, Some(audience))).await
    }

    /// Where CloudFormation finds the template; with it, all that it needs in buckets is put there.
    async fn source(&self, aws: &Aws, own: &Aws) -> Result<Source, Ending> {
        let target = &self.stack.target;
        if let Some(assembled) = &self.stack.assembled {
            check_bootstrap(aws, assembled).await?;
            Box::pin(publish(self, own, Which::Files, None)).await?;
            let url = assembled.template_url.as_ref();
            if let Some(source) = url.and_then(|it| source(aws, it, target)) {
                return Ok(source);
            }
        }
        sent(aws, &self.stack.template).await
    }

    /// The change set that was made before.
    async fn found(&self, aws: &Aws, before: &Before) -> Result<Proposal, Ending> {
        let found = aws.change_set(Some(&self.name), &self.settings.change_set).await.map_err(Ending::Aws)?;
        let Some(change_set) = found else { return Err(Ending::NoChangeSet) };
        let is_ready = change_set.status == ChangeSetStatus::Complete;
        if !is_ready || change_set.execution != Execution::Available {
            return Err(Ending::Outdated);
        }
        let made = Made { change_set: change_set.id.clone(), stack: change_set.stack.clone() };
        let change_set = deploy::whole(aws, change_set).await.map_err(Ending::Aws)?;
        // What it does follows from the template that it was made with, whatever the stack file says by now.
        let text = aws.template_of(&change_set.id).await.map_err(Ending::Aws)?;
        let mut sources = before.sources.clone();
        let name = format!("{} (change set)", self.name);
        let body = text.and_then(|it| load::template(&it, &name, &mut sources).0);
        let template = body.map(|body| Template { body, ..self.stack.template.clone() });
        // Where both say the same, the places are those of the stack file.
        let template = template.filter(|it| !diff::diff(it, &self.stack.template).is_empty());
        let template = template.unwrap_or_else(|| self.stack.template.clone());
        let proposal = self.proposal(aws, before, &template, &Values::default(), made, &change_set);
        Ok(Proposal { sources, ..proposal })
    }

    fn proposal(
        &self,
        aws: &Aws,
        before: &Before,
        template: &Template,
        values: &Values,
        made: Made,
        change_set: &ChangeSet,
    ) -> Proposal {
        let mut plan = plan(&before.template, template, change_set);
        // It was given one, or there would be no change set.
        for it in plan.diff.entries.iter_mut().filter(|it| it.remark == Some(Remark::NeedsValue)) {
            it.remark = None;
        }
        let images = change_set.changes.iter();
        let images = images.flat_map(|it| images_of(it).into_iter().map(|image| (it.id.clone(), image)));
        let mut remarks = Remarks {
            untouched: plan.untouched,
            drifted: plan.drifted,
            images: images.collect(),
            ..Remarks::default()
        };
        remarks.of_values(values);
        let compared = Compared { diff: plan.diff, remarks, ..self.compared(before, template.clone()) };
        let (sources, region) = (before.sources.clone(), aws.region().to_owned());
        Proposal { compared, steps: plan.steps, made, region, sources }
    }

    /// Deletes a change set that nobody will execute; one that was made before is somebody else's.
    async fn drop_proposal(&self, aws: &Aws, proposal: &Proposal, before: &Before) -> Result<(), Ending> {
        match self.settings.method {
            Method::ChangeSet | Method::Prepare => {
                deploy::clean_up(aws, &proposal.made, before.goal()).await.map_err(Ending::Aws)
            }
            Method::Execute | Method::Direct => Ok(()),
        }
    }

    /// Whether this was approved, where something had to be.
    fn approval(&self, proposal: &Proposal) -> Approval {
        let approved = self.settings.approved.as_ref();
        approved.map_or(Approval::Given, |it| approval(&proposal.compared, it))
    }

    /// Shows what was not approved, where something had to be, and ends the deployment with it.
    fn check_approval(&self, proposal: &mut Proposal, audience: Listeners<'_, '_>) -> Result<(), Ending> {
        let Approval::Missing(names) = self.approval(proposal) else { return Ok(()) };
        proposal.compared.keep(&names);
        audience.borrow_mut().hear(&self.name, &News::Proposed(proposal));
        Err(Ending::NotApproved(names))
    }

    /// Has somebody say yes, where that is due.
    pub(super) async fn agree(
        &self,
        proposal: &Proposal,
        under_way: &UnderWay,
        audience: Listeners<'_, '_>,
    ) -> Result<(), Ending> {
        let settings = self.settings;
        let ask = settings
            .approval
            .of(&proposal.compared.diff)
            .filter(|_| !settings.yes && settings.approved.is_none());
        let question = || audience.borrow_mut().hear(&self.name, &News::Question(proposal));
        under_way.questions.agree(self.world, ask, question).await
    }

    /// Protects the stack from deletion, or no longer, if that was asked for.
    async fn protect(&self, aws: &Aws, stack: &DeployedStack) -> Result<(), Ending> {
        match self.settings.protects.or(self.stack.is_protected) {
            Some(wanted) if wanted != stack.is_protected => {
                aws.protect(&stack.id, wanted).await.map_err(Ending::Aws)
            }
            _ => Ok(()),
        }
    }
}

/// What CloudFormation says, as a review has it.
fn said_of(it: Objection) -> Observed {
    Observed::Said { id: it.logical_id, by: it.by, reason: it.reason }
}

/// What is deployed, of which CloudFormation gave this text; nothing is an empty document, and so is what cannot be read.
pub(in crate::ops) fn document(text: Option<&str>, name: &str, sources: &mut Sources) -> Node {
    let body = text.and_then(|it| load::template(it, name, sources).0);
    body.unwrap_or_else(|| Node::from_iter([]))
}
