//! A stack that something has failed in, and the ways on from there.

use asi_constructs::kernel::span::Sources;

use super::{
    Purpose, Target,
    contents::{Holder, contents, holders},
    deploy::{Audience, Ending, Listeners, News, UnderWay, alone, document},
    targets::Connected,
};
use crate::{
    deploy::{Operation, Way, ways},
    world::{
        AwsError, Reach, World,
        aws::Aws,
        cloudformation::{Deletion, DeployedStack, Known, StackResource, StackStatus},
    },
};

/// The type of a nested stack.
const NESTED: &str = "AWS::CloudFormation::Stack";

/// A stack as it is, and what can be done.
#[derive(Clone, Debug)]
pub struct State {
    /// The stack.
    pub stack: DeployedStack,
    /// The resources that something failed at, those in nested stacks in place of the stacks.
    pub failed: Vec<Failed>,
    /// Those of them that cannot be deleted because they hold something.
    pub held: Vec<Holder>,
    /// The ways on, the safest first; none, if everything is as it should be.
    pub ways: &'static [Way],
}

/// A resource that something failed at.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The way to it: `Parent/Child/Queue`, or only its logical id.
    pub path: String,
    /// The name of the nested stack it is in, if it is in one.
    pub within: Option<String>,
    /// The resource.
    pub resource: StackResource,
}

impl Failed {
    /// As CloudFormation wants it named where it is to be skipped. A nested stack is not known by its logical id there.
    fn skipped(&self) -> String {
        let id = &self.resource.logical_id;
        self.within.as_ref().map_or_else(|| id.clone(), |stack| format!("{stack}.{id}"))
    }

    /// As CloudFormation wants it named where it is to be kept: a nested stack is kept with all that is in it.
    fn kept(&self) -> String {
        self.path.split('/').next().unwrap_or_default().to_owned()
    }
}

/// How a stack is; nothing, if there is none.
pub async fn state(world: &World, target: &Target, reach: &Reach<'_>) -> Result<Option<State>, Ending> {
    let Connected { aws, .. } = target.connect(world, reach, Purpose::Look).await?;
    let mut state = look(&aws, &target.name).await.map_err(Ending::Aws)?;
    if let Some(state) = state.as_mut().filter(|it| it.stack.status.known() == Some(Known::DeleteFailed)) {
        state.held = held(&aws, &state.stack, &state.failed).await.map_err(Ending::Aws)?;
    }
    Ok(state)
}

async fn look(aws: &Aws, name: &str) -> Result<Option<State>, AwsError> {
    let Some(stack) = aws.stack(name).await? else { return Ok(None) };
    let ways = ways(&stack.status);
    let failed = if ways.is_empty() { Vec::new() } else { failed(aws, &stack.id).await? };
    Ok(Some(State { stack, failed, held: Vec::new(), ways }))
}

/// What of it holds something, as far as that can be seen.
async fn held(aws: &Aws, stack: &DeployedStack, failed: &[Failed]) -> Result<Vec<Holder>, AwsError> {
    let own = failed.iter().filter(|it| it.within.is_none()).map(|it| it.resource.clone());
    let own: Vec<StackResource> = own.collect();
    let template = aws.template(&stack.id).await?;
    let template = document(template.as_deref(), &stack.name, &mut Sources::default());
    Ok(contents(aws, holders(&template, &own)).await.held)
}

/// What failed in a stack, and in the stacks that are nested in it and failed.
async fn failed(aws: &Aws, stack: &str) -> Result<Vec<Failed>, AwsError> {
    let own = of_stack(aws, stack, "", None).await?;
    let mut failed = Vec::new();
    let mut waiting: Vec<Failed> = own.into_iter().rev().collect();
    while let Some(it) = waiting.pop() {
        let id = it.resource.physical_id.as_deref();
        let nested = id.filter(|id| it.resource.type_name == NESTED && id.starts_with("arn:"));
        let inside = match nested {
            Some(id) => of_stack(aws, id, &format!("{}/", it.path), id.split('/').nth(1)).await?,
            None => Vec::new(),
        };
        // One that failed by itself is told of itself.
        if inside.is_empty() {
            failed.push(it);
        }
        waiting.extend(inside.into_iter().rev());
    }
    Ok(failed)
}

async fn of_stack(aws: &Aws, stack: &str, way: &str, within: Option<&str>) -> Result<Vec<Failed>, AwsError> {
    let resources = aws.resources(stack).await?.into_iter().filter(|it| it.status.is_failure());
    let failed = resources.map(|resource| Failed {
        path: format!("{way}{}", resource.logical_id),
        within: within.map(ToOwned::to_owned),
        resource,
    });
    Ok(failed.collect())
}

/// Goes one of the ways on, and follows it to its end. `resources` are those to be skipped or kept; without any, all that
/// something failed at.
pub async fn recover(
    world: &World,
    target: &Target,
    reach: &Reach<'_>,
    way: Way,
    resources: &[String],
    audience: &mut dyn Audience,
) -> Ending {
    let work = async |under_way: &UnderWay, audience: Listeners<'_, '_>| {
        go(world, target, reach, way, resources, under_way, audience).await
    };
    alone(world, &target.name, audience, work).await
}

async fn go(
    world: &World,
    target: &Target,
    reach: &Reach<'_>,
    way: Way,
    resources: &[String],
    under_way: &UnderWay,
    audience: Listeners<'_, '_>,
) -> Result<Ending, Ending> {
    let Connected { aws, .. } = target.connect(world, reach, Purpose::Change).await?;
    let Some(State { stack, failed, ways, .. }) = look(&aws, &target.name).await.map_err(Ending::Aws)? else {
        return Ok(Ending::Gone);
    };
    let is_begun = way.is_begun(&stack.status);
    if !ways.contains(&way) && !is_begun {
        return Err(Ending::NoWay { status: stack.status, way });
    }
    let chosen = chosen(way, &failed, resources);
    let role = stack.role.as_deref();
    let operation = match way {
        Way::Wait | Way::Cancel => Operation::on(&stack),
        _ if is_begun => Operation::on(&stack),
        _ => Operation::about_to_begin(&aws, &stack.id).await.map_err(Ending::Aws)?,
    };
    let delete = async |keep: &[String], how| aws.delete_stack(&stack.id, keep, role, how).await.map(Some);
    let token = match way {
        Way::GoOn | Way::Execute => return Err(Ending::NoWay { status: stack.status, way }),
        Way::Wait => Ok(None),
        // Who was killed meanwhile goes on watching.
        _ if is_begun => Ok(None),
        Way::Cancel => aws.cancel_update(&stack.id).await.map(|()| None),
        Way::RollBack => aws.roll_back(&stack.id, role).await.map(Some),
        Way::Continue => aws.continue_rollback(&stack.id, &[], role).await.map(Some),
        Way::Skip => aws.continue_rollback(&stack.id, &chosen, role).await.map(Some),
        Way::Delete | Way::Discard => delete(&[], Deletion::Normal).await,
        Way::Keep => delete(&chosen, Deletion::Normal).await,
        Way::Force => delete(&[], Deletion::Forced).await,
    };
    let operation = match token.map_err(Ending::Aws)? {
        Some(token) if way.deletes() => operation.deleting().begun(token),
        Some(token) => operation.begun(token),
        None => operation,
    };
    audience.borrow_mut().hear(&target.name, &News::Began(&[]));
    follow(under_way, &aws, (target, &stack.status), operation, way, audience).await
}

/// The resources to be skipped or kept, as CloudFormation wants them named: those that are chosen by their ways, or all that
/// failed. What was never made cannot be turned back, and is not asked about.
fn chosen(way: Way, failed: &[Failed], resources: &[String]) -> Vec<String> {
    let (status, named): (_, fn(&Failed) -> String) = match way {
        Way::Skip => ("UPDATE_FAILED", Failed::skipped),
        _ => ("DELETE_FAILED", Failed::kept),
    };
    if !resources.is_empty() {
        let named = |path: &String| failed.iter().find(|it| it.path == *path).map_or(path.clone(), named);
        return resources.iter().map(named).collect();
    }
    let failed = failed.iter().filter(|it| it.resource.status.as_str() == status);
    let mut chosen: Vec<String> = failed.map(named).collect();
    chosen.dedup();
    chosen
}

/// Follows it to its end, which is good if that is where the way leads from there.
async fn follow(
    under_way: &UnderWay,
    aws: &Aws,
    (target, from): (&Target, &StackStatus),
    operation: Operation,
    way: Way,
    audience: Listeners<'_, '_>,
) -> Result<Ending, Ending> {
    let ended = match under_way.watch(aws, &target.name, operation, audience).await {
        // To be turned back may be what was wanted.
        Err(Ending::Failed { stack: Some(stack), .. }) if way.leads(from, &stack.status) => *stack,
        other => other?,
    };
    Ok(if ended.status.known() == Some(Known::DeleteComplete) {
        Ending::Gone
    } else {
        Ending::Recovered(Box::new(ended))
    })
}
