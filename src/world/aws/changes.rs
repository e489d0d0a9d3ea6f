//! What changes stacks: change sets and what becomes of them, and deletion.

use aws_sdk_cloudformation::{
    operation::describe_events::builders::DescribeEventsFluentBuilder,
    types::{
        ChangeSetStatus, ChangeSetType, DeletionMode, DeploymentMode, EventFilter, HookStatus,
        OperationEvent, ValidationStatus,
    },
};

use super::{
    Aws, convert,
    request::{deployed, imported, some},
    token,
};
use crate::world::{
    AwsError,
    cloudformation::{ChangeSet, ChangeSetRequest, Deletion, Execute, Goal, Made, Objection},
};

impl Aws {
    /// Has a change set made; it takes some time until it is complete.
    pub async fn create_change_set(&self, request: &ChangeSetRequest<'_>) -> Result<Made, AwsError> {
        let goal = match request.goal {
            Goal::Create => ChangeSetType::Create,
            Goal::Update => ChangeSetType::Update,
            Goal::Import => ChangeSetType::Import,
        };
        let call = deployed!(self.cfn.create_change_set(), request.deployment)
            .stack_name(request.stack)
            .change_set_name(request.name)
            .change_set_type(goal)
            .client_token(token())
            .description("Made by asi")
            // CloudFormation imports nothing into nested stacks.
            .include_nested_stacks(request.goal != Goal::Import)
            .set_resources_to_import(some(request.imports.iter().map(imported)))
            .import_existing_resources(request.imports_existing)
            .set_deployment_mode(request.reverts_drift.then_some(DeploymentMode::RevertDrift));
        let made = call.send().await.map_err(|it| self.failure.of("CreateChangeSet", &it))?;
        Ok(Made { change_set: made.id.unwrap_or_default(), stack: made.stack_id.unwrap_or_default() })
    }

    /// A change set with all it does; nothing, if there is none. `change_set` is a name, or an ARN, which
    /// needs no stack.
    pub async fn change_set(
        &self,
        stack: Option<&str>,
        change_set: &str,
    ) -> Result<Option<ChangeSet>, AwsError> {
        let ask = self.cfn.describe_change_set().set_stack_name(stack.map(ToOwned::to_owned));
        let ask = ask.change_set_name(change_set);
        let mut pages = ask.include_property_values(true).into_paginator().send();
        let mut whole: Option<ChangeSet> = None;
        while let Some(page) = pages.next().await {
            let page = match page.map_err(|it| self.failure.of("DescribeChangeSet", &it)) {
                Ok(page) => page,
                Err(error) if error.is("ChangeSetNotFound") || error.is_missing_stack() => return Ok(None),
                Err(error) => return Err(error),
            };
            let whole = whole.get_or_insert_with(|| ChangeSet {
                id: page.change_set_id.unwrap_or_else(|| change_set.to_owned()),
                name: page.change_set_name.unwrap_or_default(),
                stack: page.stack_id.or_else(|| stack.map(ToOwned::to_owned)).unwrap_or_default(),
                status: convert::status(page.status.as_ref()),
                execution: convert::execution(page.execution_status.as_ref()),
                reason: page.status_reason.filter(|it| !it.is_empty()),
                changes: Vec::new(),
            });
            whole.changes.extend(page.changes.unwrap_or_default().into_iter().filter_map(convert::change));
        }
        Ok(whole)
    }

    /// What CloudFormation found wrong when it made a change set: before it was deployed, or by a hook.
    pub async fn objections(&self, change_set: &str) -> Result<Vec<Objection>, AwsError> {
        let events = self.failed_events(self.cfn.describe_events().change_set_name(change_set)).await?;
        Ok(events.into_iter().filter_map(convert::objection).collect())
    }

    /// What CloudFormation or a hook found wrong with a change set that it made all the same.
    pub async fn warnings(&self, change_set: &str) -> Result<Vec<Objection>, AwsError> {
        // Whether what only warns counts as a failed event is written nowhere.
        let events = self.operation_events(self.cfn.describe_events().change_set_name(change_set)).await?;
        let has_failed = |it: &OperationEvent| {
            it.validation_status == Some(ValidationStatus::Failed)
                || matches!(it.hook_status, Some(HookStatus::HookCompleteFailed | HookStatus::HookFailed))
        };
        Ok(events.into_iter().filter(has_failed).filter_map(convert::objection).collect())
    }

    /// What CloudFormation found wrong when it began an operation on a stack, whose events have this token.
    pub async fn objections_of(&self, stack: &str, token: &str) -> Result<Vec<Objection>, AwsError> {
        let mut events = self.failed_events(self.cfn.describe_events().stack_name(stack)).await?;
        events.retain(|it| it.client_request_token.as_deref() == Some(token));
        let is_check = |it: &OperationEvent| it.validation_name.is_some() || it.hook_type.is_some();
        Ok(events.into_iter().filter(is_check).filter_map(convert::objection).collect())
    }

    async fn failed_events(&self, ask: DescribeEventsFluentBuilder) -> Result<Vec<OperationEvent>, AwsError> {
        self.operation_events(ask.filters(EventFilter::builder().failed_events(true).build())).await
    }

    async fn operation_events(
        &self,
        ask: DescribeEventsFluentBuilder,
    ) -> Result<Vec<OperationEvent>, AwsError> {
        let mut pages = ask.into_paginator().send();
        let mut events = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|it| self.failure.of("DescribeEvents", &it))?;
            events.extend(page.operation_events.unwrap_or_default());
        }
        Ok(events)
    }

    /// Whether a stack has change sets but this one.
    pub async fn has_change_sets(&self, stack: &str, but: &str) -> Result<bool, AwsError> {
        let mut pages = self.cfn.list_change_sets().stack_name(stack).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|it| self.failure.of("ListChangeSets", &it))?;
            let mut found = page.summaries.unwrap_or_default().into_iter();
            if found.any(|it| it.change_set_id.as_deref() != Some(but)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The change sets of a stack that wait to be executed, or will, by ARN.
    pub async fn waiting_change_sets(&self, stack: &str) -> Result<Vec<String>, AwsError> {
        let mut waiting = Vec::new();
        let mut pages = self.cfn.list_change_sets().stack_name(stack).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page.map_err(|it| self.failure.of("ListChangeSets", &it)) {
                Ok(page) => page,
                Err(error) if error.is_missing_stack() => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            let mut found = page.summaries.unwrap_or_default();
            found.retain(|it| it.status != Some(ChangeSetStatus::Failed));
            waiting.extend(found.into_iter().filter_map(|it| it.change_set_id));
        }
        Ok(waiting)
    }

    /// Deletes a change set; it is no fault if there is none.
    pub async fn delete_change_set(&self, stack: &str, change_set: &str) -> Result<(), AwsError> {
        let call = self.cfn.delete_change_set().stack_name(stack).change_set_name(change_set);
        match call.send().await.map_err(|it| self.failure.of("DeleteChangeSet", &it)) {
            Err(error) if !error.is("ChangeSetNotFound") && !error.is_missing_stack() => Err(error),
            _ => Ok(()),
        }
    }

    /// Begins what a change set says, and gives the token of its events.
    pub async fn execute_change_set(&self, made: &Made, how: Execute) -> Result<String, AwsError> {
        let token = token();
        let call = self.cfn.execute_change_set().stack_name(&made.stack).change_set_name(&made.change_set);
        let call = call.client_request_token(&token).set_disable_rollback(how.keeps_failed.then_some(true));
        call.send().await.map_err(|it| self.failure.of("ExecuteChangeSet", &it))?;
        Ok(token)
    }

    /// Begins to delete a stack, all but the resources to be kept, and gives the token of its events. These may be
    /// named only where an earlier attempt failed at them.
    pub async fn delete_stack(
        &self,
        stack: &str,
        keep: &[String],
        role: Option<&str>,
        how: Deletion,
    ) -> Result<String, AwsError> {
        let token = token();
        let call = self.cfn.delete_stack().stack_name(stack).client_request_token(&token);
        let call = call
            .set_retain_resources(some(keep.iter().cloned()))
            .set_role_arn(role.map(ToOwned::to_owned))
            .set_deletion_mode((how == Deletion::Forced).then_some(DeletionMode::ForceDeleteStack));
        call.send().await.map_err(|it| self.failure.of("DeleteStack", &it))?;
        Ok(token)
    }

    /// Keeps a stack from being deleted, or no longer.
    pub async fn protect(&self, stack: &str, is_protected: bool) -> Result<(), AwsError> {
        let call = self.cfn.update_termination_protection().stack_name(stack);
        let call = call.enable_termination_protection(is_protected).send().await;
        call.map(|_| ()).map_err(|it| self.failure.of("UpdateTerminationProtection", &it))
    }

    /// Turns an update that is under way back.
    pub async fn cancel_update(&self, stack: &str) -> Result<(), AwsError> {
        let call = self.cfn.cancel_update_stack().stack_name(stack).client_request_token(token());
        call.send().await.map(|_| ()).map_err(|it| self.failure.of("CancelUpdateStack", &it))
    }

    /// Begins to turn a stack back to what it was before an operation that failed, and was left so; gives the token of
    /// its events.
    pub async fn roll_back(&self, stack: &str, role: Option<&str>) -> Result<String, AwsError> {
        let token = token();
        let call = self.cfn.rollback_stack().stack_name(stack).client_request_token(&token);
        let call = call.set_role_arn(role.map(ToOwned::to_owned)).send().await;
        call.map(|_| token).map_err(|it| self.failure.of("RollbackStack", &it))
    }

    /// Begins to go on turning a stack back where that failed, without the resources to be skipped; gives the token of its
    /// events.
    pub async fn continue_rollback(
        &self,
        stack: &str,
        skip: &[String],
        role: Option<&str>,
    ) -> Result<String, AwsError> {
        let token = token();
        let call = self.cfn.continue_update_rollback().stack_name(stack).client_request_token(&token);
        let call = call.set_resources_to_skip(some(skip.iter().cloned()));
        let call = call.set_role_arn(role.map(ToOwned::to_owned)).send().await;
        call.map(|_| token).map_err(|it| self.failure.of("ContinueUpdateRollback", &it))
    }
}
