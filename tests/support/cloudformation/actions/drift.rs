//! Whether the resources of a stack still are what its template says.

use super::page;
use crate::support::cloudformation::{
    account::{Account, Detection},
    form::Form,
    script::Drift,
    stack::Resource,
    xml::{Answer, Refusal, Xml},
};

/// Begins to look.
pub(super) fn detect_stack_drift(account: &mut Account, form: &Form) -> Answer {
    let at = account.named(form)?;
    let (id, time) = (account.fresh_id(), account.now());
    let script = &account.script;
    let stack = &mut account.stacks[at];
    if stack.is_busy() {
        let message =
            format!("Stack:{} is in {} state and drift cannot be detected.", stack.id, stack.status);
        return Err(Refusal::validation(message));
    }
    for resource in &mut stack.resources {
        let scripted = script.drifts.get(&(stack.name.clone(), resource.id.clone()));
        resource.drift = Some(scripted.cloned().unwrap_or(Drift::None));
    }
    stack.drift_status = if drifted(&stack.resources) == 0 { "IN_SYNC" } else { "DRIFTED" };
    let polls_left = script.drift_polls;
    account.detections.push(Detection { id: id.clone(), stack_id: stack.id.clone(), time, polls_left });
    Ok(Xml::new().text("StackDriftDetectionId", id))
}

/// Tells how far that is.
pub(super) fn describe_stack_drift_detection_status(account: &mut Account, form: &Form) -> Answer {
    let id = form.text("StackDriftDetectionId");
    let found = account.detections.iter_mut().find(|it| it.id == id);
    let message = format!("Drift detection with id {id} does not exist");
    let detection = found.ok_or_else(|| Refusal::validation(message))?;
    let answer = Xml::new()
        .text("StackId", &detection.stack_id)
        .text("StackDriftDetectionId", id)
        .text("Timestamp", &detection.time);
    if detection.polls_left > 0 {
        detection.polls_left -= 1;
        return Ok(answer.text("DetectionStatus", "DETECTION_IN_PROGRESS"));
    }
    let stack_id = detection.stack_id.clone();
    let stack = account.stack(&stack_id);
    Ok(answer
        .text("DetectionStatus", "DETECTION_COMPLETE")
        .maybe("StackDriftStatus", stack.map(|it| it.drift_status))
        .maybe("DriftedStackResourceCount", stack.map(|it| drifted(&it.resources))))
}

/// Tells what was found.
pub(super) fn describe_stack_resource_drifts(account: &mut Account, form: &Form) -> Answer {
    let at = account.named(form)?;
    let stack = &account.stacks[at];
    let wanted = form.list("StackResourceDriftStatusFilters");
    let found = stack.resources.iter().filter_map(|it| Some((it, it.drift.as_ref()?)));
    let found =
        found.filter(|(_, it)| wanted.is_empty() || wanted.iter().any(|status| status == it.status()));
    let shown: Vec<Xml> = found.map(|(it, drift)| described(&stack.id, it, drift)).collect();
    let size = form.text("MaxResults").parse().unwrap_or(account.script.page_size);
    page(Xml::new(), "StackResourceDrifts", &shown, form, size)
}

fn described(stack_id: &str, resource: &Resource, drift: &Drift) -> Xml {
    let differences = match drift {
        Drift::Modified(differences) => differences.as_slice(),
        Drift::None | Drift::Deleted | Drift::NotChecked => &[],
    };
    let differences = differences.iter().map(|[path, expected, actual]| {
        let kind = match (expected.as_str(), actual.as_str()) {
            ("", _) => "ADD",
            (_, "") => "REMOVE",
            _ => "NOT_EQUAL",
        };
        Xml::new()
            .text("PropertyPath", path)
            .text("ExpectedValue", expected)
            .text("ActualValue", actual)
            .text("DifferenceType", kind)
    });
    Xml::new()
        .text("StackId", stack_id)
        .text("LogicalResourceId", &resource.id)
        .maybe("PhysicalResourceId", resource.physical_id.as_ref())
        .text("ResourceType", &resource.kind)
        .list("PropertyDifferences", differences)
        .text("StackResourceDriftStatus", drift.status())
        .text("Timestamp", &resource.time)
}

fn drifted(resources: &[Resource]) -> usize {
    resources.iter().filter(|it| it.drift.as_ref().is_some_and(Drift::is_drifted)).count()
}
