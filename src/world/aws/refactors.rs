//! Stack refactorings: made, looked at, executed.

use aws_sdk_cloudformation::types::{
    ResourceLocation, ResourceMapping, StackDefinition, StackRefactorAction, StackRefactorActionEntity,
    StackRefactorActionType, StackRefactorExecutionStatus, StackRefactorStatus,
};

use super::{Aws, request::some};
use crate::world::{
    AwsError,
    cloudformation::{Location, Refactor, RefactorRequest, Source, Stage, Step},
};

impl Aws {
    /// Has a refactoring made, and gives what it is known by; it takes some time until it is complete. The call has no token:
    /// one that is made twice leaves one that nobody executes, and that changes nothing.
    pub async fn create_refactor(&self, request: &RefactorRequest<'_>) -> Result<String, AwsError> {
        let definition = |(stack, template): &(String, Source)| {
            let definition = StackDefinition::builder().stack_name(stack);
            match template {
                Source::Body(body) => definition.template_body(body).build(),
                Source::Url(url) => definition.template_url(url).build(),
            }
        };
        let call = self.cfn.create_stack_refactor().description(request.description);
        let call = call
            .set_stack_definitions(some(request.templates.iter().map(definition)))
            .set_resource_mappings(some(request.moves.iter().map(mapping)))
            .set_enable_stack_creation(request.makes_stacks.then_some(true));
        let made = call.send().await.map_err(|it| self.failure.of("CreateStackRefactor", &it))?;
        Ok(made.stack_refactor_id.unwrap_or_default())
    }

    /// A refactoring as it is.
    pub async fn refactor(&self, id: &str) -> Result<Refactor, AwsError> {
        let answer = self.cfn.describe_stack_refactor().stack_refactor_id(id).send().await;
        let it = answer.map_err(|it| self.failure.of("DescribeStackRefactor", &it))?;
        let made = it.status.as_ref().map(StackRefactorStatus::as_str);
        let execution = it.execution_status.as_ref().map(StackRefactorExecutionStatus::as_str);
        let reasons = [it.status_reason, it.execution_status_reason];
        let stacks = it.stack_ids.unwrap_or_default();
        Ok(refactor(id.to_owned(), it.description, stacks, [made, execution], reasons))
    }

    /// The refactorings that are executed, or can be.
    pub async fn open_refactors(&self) -> Result<Vec<Refactor>, AwsError> {
        let open = [
            StackRefactorExecutionStatus::Available,
            StackRefactorExecutionStatus::ExecuteInProgress,
            StackRefactorExecutionStatus::RollbackInProgress,
        ];
        let ask = self.cfn.list_stack_refactors().set_execution_status_filter(Some(open.to_vec()));
        let mut pages = ask.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|it| self.failure.of("ListStackRefactors", &it))?;
            found.extend(page.stack_refactor_summaries.unwrap_or_default().into_iter().map(|it| {
                let made = it.status.as_ref().map(StackRefactorStatus::as_str);
                let execution = it.execution_status.as_ref().map(StackRefactorExecutionStatus::as_str);
                let reasons = [it.status_reason, it.execution_status_reason];
                let id = it.stack_refactor_id.unwrap_or_default();
                refactor(id, it.description, Vec::new(), [made, execution], reasons)
            }));
        }
        Ok(found)
    }

    /// What CloudFormation does when it executes a refactoring.
    pub async fn refactor_steps(&self, id: &str) -> Result<Vec<Step>, AwsError> {
        let mut pages = self.cfn.list_stack_refactor_actions().stack_refactor_id(id).into_paginator().send();
        let mut steps = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|it| self.failure.of("ListStackRefactorActions", &it))?;
            steps.extend(page.stack_refactor_actions.unwrap_or_default().into_iter().map(step));
        }
        Ok(steps)
    }

    /// Begins to execute a refactoring.
    pub async fn execute_refactor(&self, id: &str) -> Result<(), AwsError> {
        let answer = self.cfn.execute_stack_refactor().stack_refactor_id(id).send().await;
        answer.map(|_| ()).map_err(|it| self.failure.of("ExecuteStackRefactor", &it))
    }

    /// Whether a policy says what may be done with the resources of a stack.
    pub async fn has_stack_policy(&self, stack: &str) -> Result<bool, AwsError> {
        let answer = self.cfn.get_stack_policy().stack_name(stack).send().await;
        let policy = answer.map_err(|it| self.failure.of("GetStackPolicy", &it))?.stack_policy_body;
        Ok(policy.is_some_and(|it| !it.trim().is_empty()))
    }
}

fn mapping((from, to): &(Location, Location)) -> ResourceMapping {
    let location =
        |it: &Location| ResourceLocation::builder().stack_name(&it.stack).logical_resource_id(&it.id).build();
    ResourceMapping::builder().source(location(from)).destination(location(to)).build()
}

fn refactor(
    id: String,
    description: Option<String>,
    stacks: Vec<String>,
    statuses: [Option<&str>; 2],
    reasons: [Option<String>; 2],
) -> Refactor {
    let [made, execution] = statuses.map(Option::unwrap_or_default);
    let stage = Stage::of(made, execution);
    // Until it is made, that it cannot be executed says nothing.
    let is_made = made == "CREATE_COMPLETE" && execution != "UNAVAILABLE";
    let status = if is_made { execution } else { made }.to_owned();
    let [of_made, of_execution] = reasons.map(|it| it.filter(|it| !it.is_empty()));
    let reason = if is_made { of_execution.or(of_made) } else { of_made.or(of_execution) };
    Refactor { id, description, stacks, stage, status, reason }
}

fn step(it: StackRefactorAction) -> Step {
    let location = |it: Option<ResourceLocation>| {
        let it = it?;
        Some(Location::new(it.stack_name?, it.logical_resource_id?))
    };
    let (source, destination) = it.resource_mapping.map_or((None, None), |it| (it.source, it.destination));
    let named = destination.as_ref().and_then(|it| it.stack_name.clone());
    let ends = location(source).zip(location(destination));
    match (&it.entity, &it.action, ends) {
        (
            Some(StackRefactorActionEntity::Resource),
            Some(StackRefactorActionType::Move),
            Some((from, to)),
        ) => Step::Move(from, to),
        (Some(StackRefactorActionEntity::Stack), Some(StackRefactorActionType::Create), _) => {
            Step::MakeStack(named)
        }
        (entity, action, ends) => {
            let entity = entity.as_ref().map_or("something", |it| it.as_str());
            let action = action.as_ref().map_or("UNKNOWN", |it| it.as_str());
            let place = ends.map(|(from, to)| format!("{from} to {to}")).or(it.physical_resource_id);
            Step::Other(
                [Some(action.to_owned()), Some(entity.to_owned()), place]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" "),
            )
        }
    }
}
