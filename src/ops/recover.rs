//! A stack that something has failed in, and the ways on from there.

use super::{
    Purpose, Target,
    deploy::{Audience, Ending, Listeners, News, UnderWay, alone},
    targets::Connected,
};
use crate::{
    deploy::{Operation, Way, ways},
    world::{
        AwsError, Reach, World,
        aws::Aws,
        cloudformation::{Deletion, DeployedStack, Known, StackResource},
    },
};

/// A stack as it is, and what can be done.
#[derive(Clone, Debug)]
pub struct State {
    /// The stack.
    pub stack: DeployedStack,
    /// The resources that something failed at.
    pub failed: Vec<StackResource>,
    /// The ways on, the safest first; none, if everything is as it should be.
    pub ways: &'static [Way],
}

/// How a stack is; nothing, if there is none.
pub async fn state(world: &World, target: &Target, reach: &Reach<'_>) -> Result<Option<State>, Ending> {
    let Connected { aws, .. } = target.connect(world, reach, Purpose::Look).await?;
    look(&aws, &target.name).await.map_err(Ending::Aws)
}

async fn look(aws: &Aws, name: &str) -> Result<Option<State>, AwsError> {
    let Some(stack) = aws.stack(name).await? else { return Ok(None) };
    let ways = ways(&stack.status);
    let mut failed = Vec::new();
    if !ways.is_empty() {
        failed = aws.resources(&stack.id).await?;
        failed.retain(|it| it.status.is_failure());
    }
    Ok(Some(State { stack, failed, ways }))
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
    let Some(State { stack, failed, ways }) = look(&aws, &target.name).await.map_err(Ending::Aws)? else {
        return Ok(Ending::Gone);
    };
    let is_begun = way == Way::RollBack && stack.status.is_rollback() && stack.status.is_busy();
    if !ways.contains(&way) && !is_begun {
        return Err(Ending::NoWay { status: stack.status, way });
    }
    // What was never made cannot be turned back, and is not asked about.
    let status = if way == Way::Skip { "UPDATE_FAILED" } else { "DELETE_FAILED" };
    let failed = failed.into_iter().filter(|it| it.status.as_str() == status);
    let failed: Vec<String> = failed.map(|it| it.logical_id).collect();
    let chosen = if resources.is_empty() { failed.as_slice() } else { resources };
    let role = stack.role.as_deref();
    let operation = match way {
        Way::Wait | Way::Cancel => Operation::under_way(&stack.id),
        Way::RollBack if is_begun => Operation::under_way(&stack.id),
        _ => Operation::about_to_begin(&aws, &stack.id).await.map_err(Ending::Aws)?,
    };
    let delete = async |keep: &[String], how| aws.delete_stack(&stack.id, keep, role, how).await.map(Some);
    let token = match way {
        Way::GoOn | Way::Execute => return Err(Ending::NoWay { status: stack.status, way }),
        Way::Wait => Ok(None),
        Way::Cancel => aws.cancel_update(&stack.id).await.map(|()| None),
        Way::RollBack if is_begun => Ok(None),
        Way::RollBack => aws.roll_back(&stack.id, role).await.map(Some),
        Way::Continue => aws.continue_rollback(&stack.id, &[], role).await.map(Some),
        Way::Skip => aws.continue_rollback(&stack.id, chosen, role).await.map(Some),
        Way::Delete | Way::Discard => delete(&[], Deletion::Normal).await,
        Way::Keep => delete(chosen, Deletion::Normal).await,
        Way::Force => delete(&[], Deletion::Forced).await,
    };
    let operation = match token.map_err(Ending::Aws)? {
        Some(token) => operation.begun(token),
        None => operation,
    };
    audience.borrow_mut().hear(&target.name, &News::Began(&[]));
    follow(under_way, &aws, target, operation, way, audience).await
}

/// Follows it to its end, which is good if that is where the way leads.
async fn follow(
    under_way: &UnderWay,
    aws: &Aws,
    target: &Target,
    operation: Operation,
    way: Way,
    audience: Listeners<'_, '_>,
) -> Result<Ending, Ending> {
    let ended = match under_way.watch(aws, &target.name, operation, audience).await {
        // To be turned back is what was wanted.
        Err(Ending::Failed { stack: Some(stack), .. })
            if way != Way::Wait && ways(&stack.status).is_empty() =>
        {
            *stack
        }
        Err(Ending::Failed { stack: Some(stack), .. })
            if way == Way::RollBack && stack.status.known() == Some(Known::RollbackComplete) =>
        {
            *stack
        }
        other => other?,
    };
    Ok(if ended.status.as_str() == "DELETE_COMPLETE" {
        Ending::Gone
    } else {
        Ending::Recovered(Box::new(ended))
    })
}
