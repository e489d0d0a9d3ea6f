//! Stacks deleted, those that need others before these.

use std::cell::RefCell;

use asi_constructs::kernel::{
    id::LogicalId,
    node::Node,
    span::{Sources, Span},
};

use super::{
    Compared, Deployable, Presence, Purpose, Remarks, Target,
    deploy::{Ask, Audience, Ending, Endings, Listeners, News, Proposal, UnderWay, agree, document},
    targets::Connected,
};
use crate::{
    deploy::{Operation, Standing, standing},
    diff,
    template::Template,
    world::{
        Reach, World,
        aws::Aws,
        cloudformation::{Deletion, DeployedStack, Known, Made},
    },
};

/// How stacks are deleted.
#[derive(Clone, Debug, Default)]
pub struct Settings<'a> {
    /// How AWS is reached.
    pub reach: Reach<'a>,
    /// The role that CloudFormation takes on; if absent, the one the stack has.
    pub role: Option<String>,
    /// Whether yes is said to everything.
    pub yes: bool,
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

/// Deletes stacks one after the other, and stops at the first that stays: those that follow are needed by it. What the
/// stack file says of them, if anything, tells where their resources come from.
pub async fn destroy(
    world: &World,
    targets: &[Target],
    (stacks, sources): (&[Deployable], &Sources),
    settings: &Settings<'_>,
    audience: &mut dyn Audience,
) -> Endings {
    let audience = RefCell::new(audience);
    let under_way = UnderWay::default();
    let endings: RefCell<Endings> = RefCell::default();
    let work = async {
        for target in targets {
            let written = stacks.iter().find(|it| it.target.name == target.name);
            let origin = (written, sources);
            let ended = one(world, target, origin, settings, &under_way, &audience).await;
            let ending = ended.unwrap_or_else(|it| it);
            audience.borrow_mut().hear(&target.name, &News::Ended(&ending));
            let is_good = ending.is_good();
            endings.borrow_mut().push((target.name.clone(), ending));
            if !is_good {
                return;
            }
        }
    };
    let left = Box::pin(under_way.until_interrupted(world, &audience, work)).await;
    let mut endings = endings.into_inner();
    if let Some(left) = left {
        let name = targets.get(endings.len()).map(|it| it.name.clone()).unwrap_or_default();
        let ending = if left.is_empty() { Ending::Stopped } else { Ending::Left };
        audience.borrow_mut().hear(&name, &News::Ended(&ending));
        endings.push((name, ending));
    }
    for target in &targets[endings.len()..] {
        let before = endings.last().map(|(name, _)| name.clone()).unwrap_or_default();
        endings.push((target.name.clone(), Ending::Skipped(before)));
    }
    endings
}

async fn one(
    world: &World,
    target: &Target,
    origin: (Option<&Deployable>, &Sources),
    settings: &Settings<'_>,
    under_way: &UnderWay,
    audience: Listeners<'_, '_>,
) -> Result<Ending, Ending> {
    let Connected { aws, .. } = target.connect(world, &settings.reach, Purpose::Change).await?;
    let stack = loop {
        let Some(stack) = aws.stack(&target.name).await.map_err(Ending::Aws)? else {
            return Ok(Ending::Gone);
        };
        // What is being made can be deleted at once; all else ends first.
        if standing(Some(&stack)) != Standing::Busy || stack.status.known() == Some(Known::CreateInProgress) {
            break stack;
        }
        audience.borrow_mut().hear(&target.name, &News::Busy(&stack));
        audience.borrow_mut().hear(&target.name, &News::Began(&[]));
        match under_way.watch(&aws, &target.name, Operation::on(&stack), audience).await {
            Ok(_) | Err(Ending::Failed { .. } | Ending::Gone) => (),
            Err(ending) => return Err(ending),
        }
    };
    if stack.is_protected {
        return Err(Ending::Protected);
    }
    let proposal = proposal(&aws, target, origin, &stack).await?;
    audience.borrow_mut().hear(&target.name, &News::Proposed(&proposal));
    let question = || audience.borrow_mut().hear(&target.name, &News::Question(&proposal));
    agree(world, (!settings.yes).then_some(Ask::Deletes), question).await?;
    let own = target.roles.execution.as_ref().map(|it| target.filled(it, &aws));
    let role = settings.role.as_deref().or(own.as_deref()).or(stack.role.as_deref());
    let operation = Operation::about_to_begin(&aws, &stack.id).await.map_err(Ending::Aws)?;
    under_way.enter(&aws, &target.name, &stack.id);
    let token = aws.delete_stack(&stack.id, &[], role, Deletion::Normal).await.map_err(Ending::Aws);
    let token = token.inspect_err(|_| under_way.leave(&target.name))?;
    audience.borrow_mut().hear(&target.name, &News::Began(&proposal.steps));
    let left = under_way.watch(&aws, &target.name, operation.deleting().begun(token), audience).await?;
    if left.status.known() != Some(Known::DeleteComplete) {
        // Where somebody imports what it exports, it stays as it was, and nothing has failed.
        return Err(Ending::failed(Some(left), Vec::new()));
    }
    Ok(Ending::Gone)
}

/// What a deletion does: all that is in the template goes, but for what it says is to stay.
async fn proposal(
    aws: &Aws,
    target: &Target,
    (written, sources): (Option<&Deployable>, &Sources),
    stack: &DeployedStack,
) -> Result<Proposal, Ending> {
    let text = aws.template(&stack.id).await.map_err(Ending::Aws)?;
    let old = document(text.as_deref(), &target.name, &mut Sources::default());
    let nothing = Template::new(Node::from_iter([]));
    let mut diff = diff::diff(&Template::new(old), &nothing);
    for it in &mut diff.resources {
        // Nobody has the file that is deployed.
        it.span = Span::default();
        let Some(written) = written else { continue };
        let path = LogicalId::checked(&it.id).ok().and_then(|id| written.template.paths.get(&id));
        it.construct = path.cloned().or(it.construct.take());
        let resource = written.template.body.get("Resources").and_then(|all| all.get(&it.id));
        it.span = resource.map(Node::written).unwrap_or_default();
    }
    let steps = diff.resources.iter().map(|it| it.id.clone()).collect();
    let remarks = Remarks::default();
    let compared = Compared { name: target.name.clone(), presence: Presence::Doomed, diff, remarks };
    let made = Made { change_set: String::new(), stack: stack.id.clone() };
    Ok(Proposal { compared, steps, made, region: aws.region().to_owned(), sources: sources.clone() })
}
