//! From the SDK's types to ours. What CloudFormation leaves out is empty.

use aws_sdk_cloudformation::{
    primitives::DateTime,
    types::{
        Change, ChangeAction, ChangeSetStatus as Status, EvaluationType, ExecutionStatus, OperationEvent,
        Replacement, RequiresRecreation, ResourceAttribute, ResourceChangeDetail, Stack, StackEvent as Event,
        StackResourceDrift, StackResourceDriftStatus, StackResourceSummary,
    },
};

use crate::world::{
    Timestamp,
    cloudformation::{
        Action, Attribute, ChangeSetStatus, DeployedStack, Detail, Difference, Drifted, Evaluation,
        Execution, Objection, Recreation, Replacing, ResourceChange, ResourceDrift, ResourceStatus,
        StackEvent, StackOutput, StackResource, StackStatus,
    },
};

pub(super) fn stack(stack: Stack) -> DeployedStack {
    let parameters = stack.parameters.unwrap_or_default().into_iter();
    let tags = stack.tags.unwrap_or_default().into_iter();
    let outputs = stack.outputs.unwrap_or_default().into_iter();
    DeployedStack {
        id: stack.stack_id.unwrap_or_default(),
        name: stack.stack_name.unwrap_or_default(),
        status: StackStatus::new(stack.stack_status.as_ref().map_or("", |it| it.as_str())),
        reason: said(stack.stack_status_reason),
        parameters: parameters
            .filter_map(|it| Some((it.parameter_key?, it.parameter_value.unwrap_or_default())))
            .collect(),
        outputs: outputs
            .filter_map(|it| {
                Some(StackOutput {
                    key: it.output_key?,
                    value: it.output_value.unwrap_or_default(),
                    description: said(it.description),
                    export: said(it.export_name),
                })
            })
            .collect(),
        tags: tags.filter_map(|it| Some((it.key?, it.value.unwrap_or_default()))).collect(),
        role: said(stack.role_arn),
        notifications: stack.notification_arns.unwrap_or_default(),
        is_protected: stack.enable_termination_protection.unwrap_or(false),
        parent: said(stack.parent_id),
        changed: stack.last_updated_time.or(stack.creation_time).map(time),
    }
}

pub(super) fn event(event: Event) -> StackEvent {
    StackEvent {
        id: event.event_id.unwrap_or_default(),
        stack: event.stack_id.unwrap_or_default(),
        logical_id: event.logical_resource_id.unwrap_or_default(),
        physical_id: said(event.physical_resource_id),
        type_name: event.resource_type.unwrap_or_default(),
        time: event.timestamp.map(time).unwrap_or_default(),
        status: ResourceStatus::new(event.resource_status.as_ref().map_or("", |it| it.as_str())),
        reason: said(event.resource_status_reason).or_else(|| said(event.hook_status_reason)),
        token: said(event.client_request_token),
        properties: said(event.resource_properties),
    }
}

pub(super) fn resource(resource: StackResourceSummary) -> StackResource {
    StackResource {
        logical_id: resource.logical_resource_id.unwrap_or_default(),
        physical_id: said(resource.physical_resource_id),
        type_name: resource.resource_type.unwrap_or_default(),
        status: ResourceStatus::new(resource.resource_status.as_ref().map_or("", |it| it.as_str())),
        reason: said(resource.resource_status_reason),
    }
}

pub(super) fn drift(drift: StackResourceDrift) -> ResourceDrift {
    let differences = drift.property_differences.unwrap_or_default().into_iter();
    ResourceDrift {
        logical_id: drift.logical_resource_id.unwrap_or_default(),
        physical_id: said(drift.physical_resource_id),
        type_name: drift.resource_type.unwrap_or_default(),
        drifted: match drift.stack_resource_drift_status {
            Some(StackResourceDriftStatus::InSync) => Drifted::No,
            Some(StackResourceDriftStatus::Modified) => Drifted::Changed,
            Some(StackResourceDriftStatus::Deleted) => Drifted::Gone,
            _ => Drifted::Unknown,
        },
        differences: differences
            .map(|it| Difference {
                path: it.property_path.unwrap_or_default(),
                expected: said(it.expected_value),
                actual: said(it.actual_value),
            })
            .collect(),
    }
}

/// What a change set does; nothing, if it is about no resource.
pub(super) fn change(change: Change) -> Option<ResourceChange> {
    let change = change.resource_change?;
    Some(ResourceChange {
        id: change.logical_resource_id.unwrap_or_default(),
        type_name: change.resource_type.unwrap_or_default(),
        physical_id: said(change.physical_resource_id),
        action: match change.action {
            Some(ChangeAction::Add) => Action::Add,
            Some(ChangeAction::Modify) => Action::Modify,
            Some(ChangeAction::Remove) => Action::Remove,
            Some(ChangeAction::Import) => Action::Import,
            Some(ChangeAction::Dynamic) => Action::Dynamic,
            Some(ChangeAction::SyncWithActual) => Action::Sync,
            other => Action::Other(other.as_ref().map_or("", |it| it.as_str()).to_owned()),
        },
        replacing: match change.replacement {
            Some(Replacement::True) => Replacing::Yes,
            Some(Replacement::False) | None => Replacing::No,
            // A word of the future may mean a replacement, too.
            Some(_) => Replacing::Maybe,
        },
        policy: change.policy_action.map(|it| it.as_str().to_owned()),
        details: change.details.unwrap_or_default().into_iter().filter_map(detail).collect(),
        before: said(change.before_context),
        after: said(change.after_context),
        has_drifted: matches!(
            change.resource_drift_status,
            Some(StackResourceDriftStatus::Modified | StackResourceDriftStatus::Deleted)
        ),
        nested: said(change.change_set_id),
    })
}

fn detail(detail: ResourceChangeDetail) -> Option<Detail> {
    let target = detail.target?;
    Some(Detail {
        attribute: match (&target.attribute, target.name) {
            (Some(ResourceAttribute::Properties), Some(name)) => Attribute::Property(name),
            (attribute, _) => Attribute::Other(attribute.as_ref().map_or("", |it| it.as_str()).to_owned()),
        },
        recreation: match target.requires_recreation {
            Some(RequiresRecreation::Never) | None => Recreation::Never,
            Some(RequiresRecreation::Always) => Recreation::Always,
            Some(_) => Recreation::Conditionally,
        },
        path: said(target.path),
        before: target.before_value,
        after: target.after_value,
        evaluation: match detail.evaluation {
            Some(EvaluationType::Static) => Evaluation::Static,
            _ => Evaluation::Dynamic,
        },
        source: detail.change_source.map(|it| it.as_str().to_owned()),
        cause: said(detail.causing_entity),
    })
}

/// What was found wrong; nothing, if the event does not say.
pub(super) fn objection(event: OperationEvent) -> Option<Objection> {
    let reason = said(event.validation_status_reason)
        .or_else(|| said(event.hook_status_reason))
        .or_else(|| said(event.resource_status_reason))?;
    Some(Objection {
        logical_id: said(event.logical_resource_id),
        path: said(event.validation_path),
        by: said(event.validation_name).or_else(|| said(event.hook_type)),
        reason,
    })
}

pub(super) fn status(status: Option<&Status>) -> ChangeSetStatus {
    match status {
        Some(Status::CreateComplete) => ChangeSetStatus::Complete,
        Some(Status::Failed | Status::DeleteFailed) => ChangeSetStatus::Failed,
        Some(Status::DeleteComplete | Status::DeleteInProgress | Status::DeletePending) => {
            ChangeSetStatus::Deleted
        }
        _ => ChangeSetStatus::Pending,
    }
}

pub(super) fn execution(status: Option<&ExecutionStatus>) -> Execution {
    match status {
        Some(ExecutionStatus::Available) => Execution::Available,
        Some(ExecutionStatus::Obsolete) => Execution::Obsolete,
        Some(
            ExecutionStatus::ExecuteComplete
            | ExecutionStatus::ExecuteInProgress
            | ExecutionStatus::ExecuteFailed,
        ) => Execution::Executed,
        _ => Execution::Unavailable,
    }
}

pub(super) fn time(time: DateTime) -> Timestamp {
    Timestamp(time.to_millis().unwrap_or_default())
}

/// Some servers write an empty text where there is none.
fn said(text: Option<String>) -> Option<String> {
    // Sentences that were put together end with the space before the next one.
    text.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty())
}
