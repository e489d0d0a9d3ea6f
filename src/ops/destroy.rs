//! Stacks deleted, those that need others before these.

use std::{cell::RefCell, collections::BTreeMap};

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    id::LogicalId,
    node::Node,
    span::{Sources, Span},
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};

use super::{
    Compared, Deployable, Presence, Purpose, Target,
    contents::{Holder, contents, holders},
    deploy::{Ask, Audience, Ending, Endings, Listeners, News, Proposal, UnderWay, document},
    targets::Connected,
};
use crate::{
    deploy::{Operation, Standing, standing},
    template::Template,
    world::{
        Reach, World,
        aws::Aws,
        cloudformation::{Deletion, DeployedStack, Known, Made},
    },
};

/// How stacks are deleted.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// How AWS is reached.
    pub reach: Reach<'a>,
    /// The role that CloudFormation takes on; if absent, the one the stack has.
    pub role: Option<String>,
    /// Whether yes is said to everything.
    pub yes: bool,
    /// The buckets and repositories to be emptied before, by logical id or by what they are called; no others are.
    pub empty: Vec<String>,
    /// How many stacks are deleted at once.
    pub concurrency: usize,
}

/// Puts those that need others before these, as far as that is known.
pub fn in_order(targets: &mut [Target], stacks: &[Deployable]) {
    let needs = |name: &str| stacks.iter().find(|it| it.target.name == name).map(|it| &it.template.needs);
    let depth = |name: &str| {
        let mut depth = 0;
        let mut layer: Vec<&String> = needs(name).into_iter().flatten().collect();
        // No stack needs itself, however far that is: the stack file would have said so.
        while !layer.is_empty() && depth < stacks.len() {
            depth += 1;
            layer = layer.into_iter().filter_map(|it| needs(it)).flatten().collect();
        }
        depth
    };
    targets.sort_by_key(|it| std::cmp::Reverse(depth(&it.name)));
}

/// Deletes stacks, those that need others before these and as many at once as allowed. A stack that stays keeps those that
/// it needs, and no others. What the stack file says of them, if anything, tells where their resources come from.
pub async fn destroy(
    world: &World,
    targets: &[Target],
    (stacks, sources): (&[Deployable], &Sources),
    settings: &Settings<'_>,
    audience: &mut dyn Audience,
) -> Endings {
    let audience = RefCell::new(audience);
    let under_way = UnderWay::default();
    let endings: RefCell<BTreeMap<String, Ending>> = RefCell::default();
    let work = async {
        if let Some((name, fault)) = unknown(world, targets, settings).await {
            audience.borrow_mut().hear(&name, &News::Ended(&fault));
            endings.borrow_mut().insert(name, fault);
            return;
        }
        let mut waiting: Vec<Deleting<'_>> = targets
            .iter()
            .map(|target| Deleting {
                world,
                target,
                written: stacks.iter().find(|it| it.target.name == target.name),
                sources,
                settings,
            })
            .collect();
        let mut running = FuturesUnordered::new();
        loop {
            let mut at = 0;
            while at < waiting.len() {
                let name = &waiting[at].target.name;
                let users = stacks.iter().filter(|it| it.template.needs.contains(name));
                let users = users.map(|it| &it.target.name);
                let mut users = users.filter(|it| targets.iter().any(|target| target.name == **it));
                let ended = |it: &String| endings.borrow().get(it).map(Ending::is_good);
                if let Some(staying) = users.clone().find(|it| ended(it) == Some(false)) {
                    let ending = Ending::Skipped(staying.clone());
                    let name = waiting.remove(at).target.name.clone();
                    audience.borrow_mut().hear(&name, &News::Ended(&ending));
                    endings.borrow_mut().insert(name, ending);
                    // Others may be used by this one, and stand before it.
                    at = 0;
                } else if users.all(|it| ended(it).is_some()) && running.len() < settings.concurrency {
                    let deleting = waiting.remove(at);
                    let (under_way, audience, endings) = (&under_way, &audience, &endings);
                    running.push(async move {
                        let ended = Box::pin(deleting.run(under_way, audience)).await;
                        let ending = ended.unwrap_or_else(|it| it);
                        audience.borrow_mut().hear(&deleting.target.name, &News::Ended(&ending));
                        endings.borrow_mut().insert(deleting.target.name.clone(), ending);
                    });
                } else {
                    at += 1;
                }
            }
            if running.next().await.is_none() {
                return;
            }
        }
    };
    let left = Box::pin(under_way.until_interrupted(world, &audience, work)).await;
    let mut endings = endings.into_inner();
    if let Some(left) = left {
        for target in targets.iter().filter(|it| !endings.contains_key(&it.name)).collect::<Vec<_>>() {
            let ending = left.ending(&target.name);
            audience.borrow_mut().hear(&target.name, &News::Ended(&ending));
            endings.insert(target.name.clone(), ending);
        }
    }
    let in_order = targets.iter().map(|it| it.name.clone());
    in_order.filter_map(|it| endings.remove(&it).map(|ending| (it, ending))).collect()
}

/// What is to be emptied, and is nothing of these stacks that could be; so that this is said before one of them is deleted.
async fn unknown(world: &World, targets: &[Target], settings: &Settings<'_>) -> Option<(String, Ending)> {
    let mut known: Vec<Holder> = Vec::new();
    for target in targets.iter().filter(|_| !settings.empty.is_empty()) {
        // What keeps AWS from being asked is told when the stack has its turn.
        let Ok(Connected { aws, .. }) = target.connect(world, &settings.reach, Purpose::Change).await else {
            return None;
        };
        match look(&aws, &target.name).await {
            Ok(found) => known.extend(found.map(|it| it.2).unwrap_or_default()),
            Err(_) => return None,
        }
    }
    let unknown = |name: &&String| !known.iter().any(|it| it.is_called(name));
    let faults: Vec<Diagnostic> = settings
        .empty
        .iter()
        .filter(unknown)
        .map(|name| {
            let fault = format!("there is no bucket and no repository `{name}` that would be deleted");
            let names = known.iter().flat_map(|it| [it.id.as_str(), it.name.as_str()]);
            Diagnostic::error("unknown-resource", fault).suggest(name, names)
        })
        .collect();
    let first = targets.first().map(|it| it.name.clone()).unwrap_or_default();
    (!faults.is_empty()).then_some((first, Ending::Faulty(faults)))
}

/// A stack, the template it is deployed with, and what of it may hold something; nothing, if there is no such stack.
async fn look(aws: &Aws, name: &str) -> Result<Option<(DeployedStack, Node, Vec<Holder>)>, Ending> {
    let Some(stack) = aws.stack(name).await.map_err(Ending::Aws)? else { return Ok(None) };
    let text = aws.template(&stack.id).await.map_err(Ending::Aws)?;
    let template = document(text.as_deref(), name, &mut Sources::default());
    let may_hold = ["AWS::S3::Bucket", "AWS::ECR::Repository"];
    let resources = template.get("Resources").and_then(Node::as_map).into_iter().flatten();
    let mut types = resources.filter_map(|(_, it)| it.value.get("Type").and_then(Node::as_str));
    let holders = if types.any(|it| may_hold.contains(&it)) {
        holders(&template, &aws.resources(&stack.id).await.map_err(Ending::Aws)?)
    } else {
        Vec::new()
    };
    Ok(Some((stack, template, holders)))
}

/// A stack to be deleted.
struct Deleting<'a> {
    world: &'a World,
    target: &'a Target,
    written: Option<&'a Deployable>,
    sources: &'a Sources,
    settings: &'a Settings<'a>,
}

impl Deleting<'_> {
    /// What ends it early is an error, so that `?` leaves.
    async fn run(&self, under_way: &UnderWay, audience: Listeners<'_, '_>) -> Result<Ending, Ending> {
        let (target, settings) = (self.target, self.settings);
        let name = &target.name;
        let Connected { aws, .. } = target.connect(self.world, &settings.reach, Purpose::Change).await?;
        let (stack, template, holders) = loop {
            let Some(found) = look(&aws, name).await? else { return Ok(Ending::Gone) };
            let stack = &found.0;
            // What is being made can be deleted at once; all else ends first.
            let is_made = stack.status.known() == Some(Known::CreateInProgress);
            if standing(Some(stack)) != Standing::Busy || is_made {
                break found;
            }
            audience.borrow_mut().hear(name, &News::Busy(stack));
            audience.borrow_mut().hear(name, &News::Began(&[]));
            match under_way.watch(&aws, name, Operation::on(stack), audience).await {
                Ok(_) | Err(Ending::Failed { .. } | Ending::Gone) => (),
                Err(ending) => return Err(ending),
            }
        };
        if stack.is_protected {
            return Err(Ending::Protected);
        }
        let contents = contents(&aws, holders).await;
        for (holder, error) in &contents.unread {
            audience.borrow_mut().hear(name, &News::Unseen(holder, error));
        }
        let is_named = |it: &Holder| settings.empty.iter().any(|name| it.is_called(name));
        let (named, others): (Vec<Holder>, Vec<Holder>) = contents.held.into_iter().partition(is_named);
        let proposal = self.proposal(&aws, &stack, template);
        audience.borrow_mut().hear(name, &News::Proposed(&proposal));
        // It would be deleted in part, and then not further.
        if !others.is_empty() {
            return Err(Ending::Holding(others));
        }
        let ask = (!settings.yes).then_some(Ask::Deletes);
        let question = || audience.borrow_mut().hear(name, &News::Question(&proposal));
        under_way.questions.agree(self.world, ask, question).await?;
        for holder in &named {
            let question = || audience.borrow_mut().hear(name, &News::MayEmpty(holder));
            under_way.questions.agree(self.world, ask, question).await?;
        }
        for holder in &named {
            audience.borrow_mut().hear(name, &News::Emptying(holder));
            holder.empty(&aws).await.map_err(Ending::Aws)?;
        }
        self.delete(&aws, &stack, &proposal, under_way, audience).await
    }

    /// Deletes it, and watches that.
    async fn delete(
        &self,
        aws: &Aws,
        stack: &DeployedStack,
        proposal: &Proposal,
        under_way: &UnderWay,
        audience: Listeners<'_, '_>,
    ) -> Result<Ending, Ending> {
        let target = self.target;
        let own = target.execution_role(aws);
        let role = self.settings.role.as_deref().or(own.as_deref()).or(stack.role.as_deref());
        let operation = Operation::about_to_begin(aws, &stack.id).await.map_err(Ending::Aws)?;
        under_way.enter(aws, &target.name, &stack.id);
        let token = aws.delete_stack(&stack.id, &[], role, Deletion::Normal).await.map_err(Ending::Aws);
        let token = token.inspect_err(|_| under_way.leave(&target.name))?;
        audience.borrow_mut().hear(&target.name, &News::Began(&proposal.steps));
        let operation = operation.deleting().begun(token);
        let left = under_way.watch(aws, &target.name, operation, audience).await?;
        if left.status.known() != Some(Known::DeleteComplete) {
            // Where somebody imports what it exports, it stays as it was, and nothing has failed.
            return Err(Ending::failed(Some(left), Vec::new()));
        }
        Ok(Ending::Gone)
    }

    /// What a deletion does: all that is in the template goes, but for what it says is to stay.
    fn proposal(&self, aws: &Aws, stack: &DeployedStack, template: Node) -> Proposal {
        let nothing = Template::new(Node::from_iter([]));
        let templates = [Template::new(template), nothing];
        let mut compared = Compared::new(self.target.name.clone(), Presence::Doomed, templates);
        for it in &mut compared.diff.resources {
            // Nobody has the file that is deployed.
            it.span = Span::default();
            let Some(written) = self.written else { continue };
            let path = LogicalId::checked(&it.id).ok().and_then(|id| written.template.paths.get(&id));
            it.construct = path.cloned().or(it.construct.take());
            let resource = written.template.body.get("Resources").and_then(|all| all.get(&it.id));
            it.span = resource.map(Node::written).unwrap_or_default();
        }
        let steps = compared.diff.resources.iter().map(|it| it.id.clone()).collect();
        let made = Made { change_set: String::new(), stack: stack.id.clone() };
        Proposal { compared, steps, made, region: aws.region().to_owned(), sources: self.sources.clone() }
    }
}
