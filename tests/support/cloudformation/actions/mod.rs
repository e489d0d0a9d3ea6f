//! The actions of CloudFormation, each a function from the parameters of a call to its answer.

mod change_sets;
mod descriptions;
mod drift;
mod lifecycle;
mod refactors;
mod source;
mod templates;

use super::{
    account::Account,
    form::Form,
    xml::{Answer, Refusal, Xml},
};

/// An action: what it does to the account, and what it answers.
type Action = fn(&mut Account, &Form) -> Answer;

/// All actions there are.
pub(crate) const ACTIONS: &[(&str, Action)] = &[
    ("CancelUpdateStack", lifecycle::cancel_update_stack),
    ("ContinueUpdateRollback", lifecycle::continue_update_rollback),
    ("CreateChangeSet", change_sets::create_change_set),
    ("CreateStack", lifecycle::create_stack),
    ("CreateStackRefactor", refactors::create_stack_refactor),
    ("DeleteChangeSet", change_sets::delete_change_set),
    ("DeleteStack", lifecycle::delete_stack),
    ("DescribeChangeSet", change_sets::describe_change_set),
    ("DescribeEvents", descriptions::describe_events),
    ("DescribeStackDriftDetectionStatus", drift::describe_stack_drift_detection_status),
    ("DescribeStackEvents", descriptions::describe_stack_events),
    ("DescribeStackRefactor", refactors::describe_stack_refactor),
    ("DescribeStackResourceDrifts", drift::describe_stack_resource_drifts),
    ("DescribeStackResources", descriptions::describe_stack_resources),
    ("DescribeStacks", descriptions::describe_stacks),
    ("DetectStackDrift", drift::detect_stack_drift),
    ("ExecuteChangeSet", change_sets::execute_change_set),
    ("ExecuteStackRefactor", refactors::execute_stack_refactor),
    ("GetStackPolicy", refactors::get_stack_policy),
    ("GetTemplate", templates::get_template),
    ("GetTemplateSummary", templates::get_template_summary),
    ("ListChangeSets", change_sets::list_change_sets),
    ("ListExports", descriptions::list_exports),
    ("ListImports", descriptions::list_imports),
    ("ListStackRefactorActions", refactors::list_stack_refactor_actions),
    ("ListStackRefactors", refactors::list_stack_refactors),
    ("ListStackResources", descriptions::list_stack_resources),
    ("RollbackStack", lifecycle::rollback_stack),
    ("UpdateStack", lifecycle::update_stack),
    ("UpdateTerminationProtection", lifecycle::update_termination_protection),
    ("ValidateTemplate", templates::validate_template),
];

/// Does what a call asks for.
pub(crate) fn answer(account: &mut Account, action: &str, form: &Form) -> Answer {
    let found = ACTIONS.iter().find(|it| it.0 == action);
    let run = found.ok_or_else(|| unknown_action(action))?.1;
    run(account, form)
}

/// What AWS says to an action that it does not have.
pub(crate) fn unknown_action(action: &str) -> Refusal {
    Refusal::new(400, "InvalidAction", format!("Could not find operation {action} for version 2010-05-15"))
}

/// The pairs of a tag.
const TAG: [&str; 2] = ["Key", "Value"];

impl Account {
    /// The stack a call is about, or what AWS says when there is none.
    fn named(&self, form: &Form) -> Result<usize, Refusal> {
        let name = form.text("StackName");
        self.position(name).ok_or_else(|| Refusal::validation(format!("Stack [{name}] does not exist")))
    }

    /// The same, in the words that other actions have for it.
    fn identified(&self, form: &Form) -> Result<usize, Refusal> {
        let name = form.text("StackName");
        let refusal = || Refusal::validation(format!("Stack with id {name} does not exist"));
        self.position(name).ok_or_else(refusal)
    }
}

/// Adds the page of a list that a call asks for, and how to ask for the next.
fn page(answer: Xml, list: &str, items: &[Xml], form: &Form, size: usize) -> Answer {
    let start = match form.maybe("NextToken") {
        None => 0,
        Some(token) => {
            let at = token.strip_prefix("from-").and_then(|it| it.parse().ok());
            at.filter(|it| *it <= items.len()).ok_or_else(|| Refusal::validation("Invalid NextToken"))?
        }
    };
    let end = items.len().min(start + size.max(1));
    let next = (end < items.len()).then(|| format!("from-{end}"));
    Ok(answer.list(list, items[start..end].iter().cloned()).maybe("NextToken", next))
}

/// Refuses a name that AWS does not take.
fn check_name(name: &str, parameter: &str) -> Result<(), Refusal> {
    let is_fine = name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
    if is_fine && name.len() <= 128 {
        return Ok(());
    }
    Err(Refusal::validation(format!(
        "1 validation error detected: Value '{name}' at '{parameter}' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    )))
}
