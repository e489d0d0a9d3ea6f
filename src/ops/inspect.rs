//! What is deployed, and how it is. Nothing here changes anything, but that a detection of drift is recorded.

use super::{Purpose, Target, deploy::Ending, targets::Connected};
use crate::world::{
    Reach, World,
    cloudformation::{DeployedStack, ResourceDrift},
};

/// Whether a stack's resources are what CloudFormation made them.
#[derive(Clone, Debug)]
pub struct Drift {
    /// The stack.
    pub stack: DeployedStack,
    /// Its resources that CloudFormation looked at.
    pub resources: Vec<ResourceDrift>,
}

/// The stack as it is deployed; nothing, if it is not.
pub async fn deployed_stack(
    world: &World,
    target: &Target,
    reach: &Reach<'_>,
) -> Result<Option<DeployedStack>, Ending> {
    let Connected { aws, .. } = target.connect(world, reach, Purpose::Look).await?;
    aws.stack(&target.name).await.map_err(Ending::Aws)
}

/// Looks for drift in a stack; nothing, if there is none of its name.
pub async fn drift(world: &World, target: &Target, reach: &Reach<'_>) -> Result<Option<Drift>, Ending> {
    let Connected { aws, .. } = target.connect(world, reach, Purpose::Change).await?;
    let Some(stack) = aws.stack(&target.name).await.map_err(Ending::Aws)? else { return Ok(None) };
    let resources = aws.drifts(&stack.id).await.map_err(Ending::Aws)?;
    Ok(Some(Drift { stack, resources }))
}
