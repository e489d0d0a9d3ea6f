//! Stacks that are deployed: which ones a run is about, and how they are reached.

use super::deploy::Ending;
use crate::{
    assembly::Roles,
    load::Stack,
    world::{AwsError, Reach, World, aws::Aws},
};

/// A stack of CloudFormation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// The environment of the stack file that it is for.
    pub environment: Option<String>,
    /// The region it is bound to.
    pub region: Option<String>,
    /// The account it is bound to.
    pub account: Option<String>,
    /// Whom to be, as its assembly says.
    pub roles: Roles,
}

/// What AWS is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To read what is deployed.
    Look,
    /// To change it.
    Change,
}

/// AWS as seen by who works on a stack.
#[derive(Debug)]
pub(in crate::ops) struct Connected {
    /// With the role for the purpose, if there is one.
    pub(in crate::ops) aws: Aws,
    /// With the credentials of the caller.
    pub(in crate::ops) own: Aws,
    /// Why the role was not taken on; then these are the caller's credentials, too.
    pub(in crate::ops) not_assumed: Option<AwsError>,
}

impl Target {
    /// A stack of a stack file.
    pub fn of(stack: &Stack) -> Self {
        let (region, account) = (stack.region.clone(), stack.account.clone());
        let environment = stack.environment.clone();
        Self { environment, region, account, ..Self::any(stack.name()) }
    }

    /// Any stack of this name.
    pub fn any(name: impl Into<String>) -> Self {
        Self { name: name.into(), environment: None, region: None, account: None, roles: Roles::default() }
    }

    /// AWS, where the stack belongs, as who is to do this.
    pub(in crate::ops) async fn connect(
        &self,
        world: &World,
        reach: &Reach<'_>,
        purpose: Purpose,
    ) -> Result<Connected, Ending> {
        self.check_region(reach)?;
        let reach = Reach { region: self.region.as_deref().or(reach.region), ..*reach };
        let own = Aws::connect(&world.access, reach).await.map_err(Ending::Aws)?;
        let Roles { deploy, lookup, execution } = &self.roles;
        let mut roles = [deploy, lookup, execution].into_iter().flatten();
        if self.account.is_none() && roles.any(|it| it.contains("${AWS::AccountId}")) {
            own.caller().await.map_err(Ending::Aws)?;
        }
        let role = match purpose {
            Purpose::Look => self.roles.lookup.as_ref().or(self.roles.deploy.as_ref()),
            Purpose::Change => self.roles.deploy.as_ref(),
        };
        let Some(role) = role else {
            self.check_account(&own).await?;
            return Ok(Connected { aws: own.clone(), own, not_assumed: None });
        };
        match own.assuming(&self.filled(role, &own)).await {
            Ok(aws) => Ok(Connected { aws, own, not_assumed: None }),
            // Whoever may do it without the role, does: as the CDK has it.
            Err(error) => {
                self.check_account(&own).await?;
                Ok(Connected { aws: own.clone(), own, not_assumed: Some(error) })
            }
        }
    }

    /// A text of its assembly with the placeholders filled in for what is only known where it goes.
    pub(in crate::ops) fn filled(&self, text: &str, aws: &Aws) -> String {
        let text = text
            .replace("${AWS::Partition}", partition(aws.region()))
            .replace("${AWS::Region}", aws.region());
        // A stack that is bound to no account goes to that of whoever deploys it.
        match self.account.as_deref().or(aws.home()) {
            Some(account) => text.replace("${AWS::AccountId}", account),
            None => text,
        }
    }

    /// The role that its assembly has CloudFormation take on.
    pub(in crate::ops) fn execution_role(&self, aws: &Aws) -> Option<String> {
        Some(self.filled(self.roles.execution.as_ref()?, aws))
    }

    /// Says no to a region other than the one it is bound to.
    fn check_region(&self, reach: &Reach<'_>) -> Result<(), Ending> {
        match (&self.region, reach.region) {
            (Some(bound), Some(given)) if bound != given => {
                Err(Ending::WrongRegion { bound: bound.clone(), given: given.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Says no to an account other than the one it is bound to.
    async fn check_account(&self, aws: &Aws) -> Result<(), Ending> {
        let Some(bound) = &self.account else { return Ok(()) };
        let given = aws.caller().await.map_err(Ending::Aws)?.account;
        if given == *bound { Ok(()) } else { Err(Ending::WrongAccount { bound: bound.clone(), given }) }
    }
}

/// The partition that a region is in.
pub(in crate::ops) fn partition(region: &str) -> &'static str {
    match region {
        it if it.starts_with("cn-") => "aws-cn",
        it if it.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The stacks of these names among those `known`; all of these, where none is named. Another name is that of any stack in
/// the account.
pub fn targets(known: Vec<Target>, names: &[String]) -> Vec<Target> {
    if names.is_empty() {
        return known;
    }
    let target = |name: &String| {
        let found = known.iter().find(|it| it.name == *name).cloned();
        found.unwrap_or_else(|| Target::any(name.as_str()))
    };
    names.iter().map(target).collect()
}
