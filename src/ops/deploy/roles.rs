//! Who talks to AWS for a stack: the caller, or a role that the stack's assembly names.

use crate::{
    ops::{Reach, Target, deployable::Assembled},
    world::{AwsError, Choice, World, aws::Aws},
};

use super::Ending;

/// AWS as seen by who deploys a stack.
#[derive(Debug)]
pub(in crate::ops) struct Connected {
    /// With the role that deploys, if there is one.
    pub(in crate::ops) aws: Aws,
    /// With the credentials of the caller.
    pub(in crate::ops) own: Aws,
    /// Why the role was not taken on; then these are the caller's credentials, too.
    pub(in crate::ops) not_assumed: Option<AwsError>,
}

/// AWS, where a stack belongs, as its assembly says.
pub(in crate::ops) async fn connect(
    world: &World,
    target: &Target,
    assembled: Option<&Assembled>,
    reach: &Reach<'_>,
) -> Result<Connected, Ending> {
    let Some(role) = assembled.and_then(|it| it.roles.deploy.as_deref()) else {
        let aws = target.connect(world, reach).await?;
        return Ok(Connected { own: aws.clone(), aws, not_assumed: None });
    };
    target.check_region(reach)?;
    let choice = Choice { profile: reach.profile, region: target.region.as_deref().or(reach.region) };
    let own = Aws::connect(&world.access, choice).await.map_err(Ending::Aws)?;
    let role = filled(role, &own, target.account.as_deref());
    match own.assuming(&role).await {
        Ok(aws) => Ok(Connected { aws, own, not_assumed: None }),
        // Whoever may deploy without it, does: as the CDK has it.
        Err(error) => {
            target.check_account(&own).await?;
            Ok(Connected { aws: own.clone(), own, not_assumed: Some(error) })
        }
    }
}

/// A text of an assembly with its placeholders filled in: what a run finds out about where it goes.
pub(super) fn filled(text: &str, aws: &Aws, account: Option<&str>) -> String {
    let partition = match aws.region() {
        it if it.starts_with("cn-") => "aws-cn",
        it if it.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let text = text.replace("${AWS::Partition}", partition).replace("${AWS::Region}", aws.region());
    match account {
        Some(account) => text.replace("${AWS::AccountId}", account),
        None => text,
    }
}
