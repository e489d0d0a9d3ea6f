//! What a test decides in AWS's place: how fast things go, what fails, what drifted.

use std::collections::BTreeMap;

use super::{change::Change, refactor::Location};

/// What is not derived from what is asked.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// How many events each look at a stack reveals.
    pub(crate) events_per_poll: usize,
    /// How many looks after a call see nothing yet of what it began.
    pub(crate) late: usize,
    /// How many items a page has.
    pub(crate) page_size: usize,
    /// How many looks at a change set find it unfinished.
    pub(crate) change_set_polls: usize,
    /// How many looks at a detection of drift find it unfinished.
    pub(crate) drift_polls: usize,
    pub(crate) failures: Vec<Failure>,
    /// By the name of the stack.
    pub(crate) change_sets: BTreeMap<String, ChangeSetScript>,
    /// By the name of the stack and the logical id.
    pub(crate) drifts: BTreeMap<(String, String), Drift>,
    /// The types that no refactoring moves, besides those of which that is known.
    pub(crate) unmovable: Vec<String>,
    /// What refactorings move besides what was asked for.
    pub(crate) further_moves: Vec<(Location, Location)>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            events_per_poll: 4,
            late: 0,
            page_size: 100,
            change_set_polls: 0,
            drift_polls: 0,
            failures: Vec::new(),
            change_sets: BTreeMap::new(),
            drifts: BTreeMap::new(),
            unmovable: Vec::new(),
            further_moves: Vec::new(),
        }
    }
}

impl Script {
    /// Why this cannot be done with a resource, if it cannot.
    pub(crate) fn failure(&self, id: &str, on: On) -> Option<&str> {
        let failure = self.failures.iter().find(|it| it.id == id && it.on == on);
        failure.map(|it| it.reason.as_str())
    }
}

/// Something that cannot be done with a resource.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) id: String,
    pub(crate) on: On,
    pub(crate) reason: String,
}

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Create,
    Update,
    Delete,
    Rollback,
}

/// How the change sets of a stack turn out.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChangeSetScript {
    /// Why they cannot be made.
    pub(crate) failure: Option<String>,
    /// What the events say of that.
    pub(crate) findings: Vec<Finding>,
    /// Their changes, in place of those that follow from the templates.
    pub(crate) changes: Option<Vec<Change>>,
    /// The changes within stacks in the stack, by logical id.
    pub(crate) nested: BTreeMap<String, Vec<Change>>,
    /// How many characters of a value are shown.
    pub(crate) longest_value: Option<usize>,
}

impl ChangeSetScript {
    /// A change set that cannot be made.
    pub(crate) fn fails(reason: &str) -> Self {
        Self { failure: Some(reason.to_owned()), ..Self::default() }
    }

    /// A change set that a hook objects to.
    pub(crate) fn stopped_by_hook(hook: &str, id: &str, reason: &str) -> Self {
        let finding = Finding { kind: "HOOK_INVOCATION_ERROR", ..Finding::new(hook, id, reason) };
        Self { findings: vec![finding], ..Self::fails(&format!("The following hook(s) failed: [{hook}]")) }
    }

    /// A change set that a hook warns of.
    pub(crate) fn warned_of_by_hook(hook: &str, id: &str, reason: &str) -> Self {
        Self { failure: None, ..Self::stopped_by_hook(hook, id, reason) }
    }

    /// A change set that CloudFormation's own checks object to.
    pub(crate) fn stopped_by_validation(name: &str, id: &str, path: &str, reason: &str) -> Self {
        let finding = Finding { path: path.to_owned(), ..Finding::new(name, id, reason) };
        let failure = format!(
            "The following hook(s)/validation failed: [{name}]. To troubleshoot Early Validation errors, \
             use the DescribeEvents API for detailed failure information."
        );
        Self { findings: vec![finding], ..Self::fails(&failure) }
    }
}

/// What a check before the deployment has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// `VALIDATION_ERROR` or `HOOK_INVOCATION_ERROR`.
    pub(crate) kind: &'static str,
    /// The validation or the hook.
    pub(crate) name: String,
    /// The resource.
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) reason: String,
}

impl Finding {
    fn new(name: &str, id: &str, reason: &str) -> Self {
        let [name, id, reason] = [name, id, reason].map(str::to_owned);
        Self { kind: "VALIDATION_ERROR", name, id, path: String::new(), reason }
    }
}

/// How a resource differs from its template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Drift {
    /// It is as it should be.
    None,
    /// It is not there.
    Deleted,
    /// Its properties differ: each by its path, as expected and as found.
    Modified(Vec<[String; 3]>),
    /// Its type cannot be checked.
    NotChecked,
}

impl Drift {
    /// As AWS says it of a resource.
    pub(crate) fn status(&self) -> &'static str {
        match self {
            Self::None => "IN_SYNC",
            Self::Deleted => "DELETED",
            Self::Modified(_) => "MODIFIED",
            Self::NotChecked => "NOT_CHECKED",
        }
    }

    /// Whether the resource is not what it should be.
    pub(crate) fn is_drifted(&self) -> bool {
        matches!(self, Self::Deleted | Self::Modified(_))
    }
}
