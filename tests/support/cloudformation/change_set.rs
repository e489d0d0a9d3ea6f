//! A change set: what a stack would become, and whether that was carried out.

use std::collections::BTreeMap;

use super::{change::Change, script::Finding, stack::Source, xml::Xml};

/// A change set.
#[derive(Clone, Debug)]
pub(crate) struct ChangeSet {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) stack_id: String,
    pub(crate) stack_name: String,
    pub(crate) description: Option<String>,
    pub(crate) created: String,
    /// `CREATE`, `UPDATE` or `IMPORT`.
    pub(crate) kind: String,
    pub(crate) target: Source,
    pub(crate) changes: Vec<Change>,
    pub(crate) imported: BTreeMap<String, String>,
    /// How many looks still find it unfinished.
    pub(crate) polls_left: usize,
    /// Why it could not be made.
    pub(crate) failure: Option<String>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) execution: Execution,
    /// The token it was made with.
    pub(crate) token: Option<String>,
    /// What was asked for beside the template, and is only told again.
    pub(crate) settings: BTreeMap<&'static str, String>,
    pub(crate) parent_id: Option<String>,
    pub(crate) operation: String,
}

/// Whether a change set was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Execution {
    Available,
    /// Another change set of the stack was.
    Obsolete,
    /// It was, with this token; and once that is over, whether it came to a good end.
    Running {
        token: Option<String>,
        is_over: Option<bool>,
    },
}

/// What asks for a change set beside its template, as it is called in requests and in descriptions.
pub(crate) const SETTINGS: &[&str] =
    &["OnStackFailure", "IncludeNestedStacks", "ImportExistingResources", "DeploymentMode"];

impl ChangeSet {
    /// Whether it is named so: by its ARN, or by its name until it has become the stack.
    pub(crate) fn is_called(&self, name: &str, stack_id: Option<&str>) -> bool {
        self.id == name || (self.name == name && Some(self.stack_id.as_str()) == stack_id && self.is_listed())
    }

    /// Whether it is among the change sets of its stack.
    pub(crate) fn is_listed(&self) -> bool {
        !matches!(self.execution, Execution::Running { is_over: Some(true), .. })
    }

    /// Its status.
    pub(crate) fn status(&self) -> &'static str {
        match (self.polls_left, &self.failure) {
            (0, Some(_)) => "FAILED",
            (0, None) => "CREATE_COMPLETE",
            (1, _) => "CREATE_IN_PROGRESS",
            _ => "CREATE_PENDING",
        }
    }

    /// Whether it can be carried out, is, or was.
    pub(crate) fn execution_status(&self) -> &'static str {
        match &self.execution {
            _ if self.status() != "CREATE_COMPLETE" => "UNAVAILABLE",
            Execution::Available => "AVAILABLE",
            Execution::Obsolete => "OBSOLETE",
            Execution::Running { is_over: None, .. } => "EXECUTE_IN_PROGRESS",
            Execution::Running { is_over: Some(true), .. } => "EXECUTE_COMPLETE",
            Execution::Running { is_over: Some(false), .. } => "EXECUTE_FAILED",
        }
    }

    /// What a list of change sets says of it.
    pub(crate) fn summary(&self) -> Xml {
        Xml::new()
            .text("ChangeSetId", &self.id)
            .text("ChangeSetName", &self.name)
            .text("StackId", &self.stack_id)
            .text("StackName", &self.stack_name)
            .maybe("Description", self.description.as_ref())
            .text("CreationTime", &self.created)
            .text("Status", self.status())
            .maybe("StatusReason", self.failure.as_ref().filter(|_| self.status() == "FAILED"))
            .text("ExecutionStatus", self.execution_status())
            .maybe("ParentChangeSetId", self.parent_id.as_ref())
            .maybe("RootChangeSetId", self.parent_id.as_ref())
    }

    /// All but its changes.
    pub(crate) fn description(&self) -> Xml {
        let target = &self.target;
        let settings = self.settings.iter().fold(self.summary(), |all, (name, value)| all.text(name, value));
        settings
            .list("Parameters", parameters(target))
            .texts("Capabilities", &target.capabilities)
            .texts("NotificationARNs", &target.notification_arns)
            .pairs("Tags", ["Key", "Value"], &target.tags)
    }
}

/// The parameters a stack has or is to have, as they may be shown.
pub(crate) fn parameters(source: &Source) -> impl Iterator<Item = Xml> + use<'_> {
    source.parameters.iter().map(|(key, value)| {
        Xml::new()
            .text("ParameterKey", key)
            .text("ParameterValue", source.shown(key, value))
            .maybe("ResolvedValue", source.resolved.get(key))
    })
}
