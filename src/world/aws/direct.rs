//! Stacks made and changed without a change set.

use super::{Aws, request::deployed, token};
use crate::world::{
    AwsError,
    cloudformation::{Deployment, Execute, Made},
};

impl Aws {
    /// Begins to make a stack, and gives its ARN and the token of its events.
    pub async fn create_stack(
        &self,
        name: &str,
        deployment: &Deployment,
        how: Execute,
    ) -> Result<(Made, String), AwsError> {
        let token = token();
        let call = self.cfn.create_stack().stack_name(name).client_request_token(&token);
        let call = deployed!(call, deployment).set_disable_rollback(how.keeps_failed.then_some(true));
        let made = call.send().await.map_err(|it| self.failure.of("CreateStack", &it))?;
        Ok((Made { change_set: String::new(), stack: made.stack_id.unwrap_or_default() }, token))
    }

    /// Begins to change a stack, and gives its ARN and the token of its events; nothing, if there is nothing to change.
    pub async fn update_stack(
        &self,
        name: &str,
        deployment: &Deployment,
        how: Execute,
    ) -> Result<Option<(Made, String)>, AwsError> {
        let token = token();
        let call = self.cfn.update_stack().stack_name(name).client_request_token(&token);
        let call = deployed!(call, deployment).set_disable_rollback(how.keeps_failed.then_some(true));
        match call.send().await.map_err(|it| self.failure.of("UpdateStack", &it)) {
            Ok(made) => {
                let made = Made { change_set: String::new(), stack: made.stack_id.unwrap_or_default() };
                Ok(Some((made, token)))
            }
            Err(error) if error.says("No updates are to be performed") => Ok(None),
            Err(error) => Err(error),
        }
    }
}
