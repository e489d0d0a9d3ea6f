//! What CloudFormation is asked to do.

use std::collections::BTreeMap;

use indexmap::IndexMap;

/// A change set to be made.
#[derive(Clone, Debug)]
pub struct ChangeSetRequest<'a> {
    /// The name or ARN of the stack.
    pub stack: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// What it is for.
    pub goal: Goal,
    /// What the stack becomes.
    pub deployment: &'a Deployment,
    /// What is imported.
    pub imports: &'a [Imported],
    /// Whether resources that are there already, by the names the template gives them, are taken into the stack.
    pub imports_existing: bool,
    /// Whether what was changed outside of CloudFormation becomes what the template says.
    pub reverts_drift: bool,
}

/// What a stack becomes.
#[derive(Clone, Debug, Default)]
pub struct Deployment {
    /// Its template.
    pub template: Source,
    /// The values of its parameters.
    pub parameters: IndexMap<String, Given>,
    /// Its tags.
    pub tags: IndexMap<String, String>,
    /// What the template may do that has to be said: `CAPABILITY_IAM`.
    pub capabilities: Vec<String>,
    /// The role that CloudFormation takes on.
    pub role: Option<String>,
    /// The topics that hear of its events.
    pub notifications: Vec<String>,
    /// The alarms that turn an update back, by ARN.
    pub alarms: Vec<String>,
    /// How many minutes these are watched after an update.
    pub monitored_minutes: Option<i32>,
    /// Whether CloudFormation does not wait for resources to be ready.
    pub is_express: bool,
}

/// Where a template comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is sent along.
    Body(String),
    /// It lies in a bucket.
    Url(String),
}

impl Default for Source {
    fn default() -> Self {
        Self::Body(String::new())
    }
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// This one.
    Value(String),
    /// The one the stack has.
    Previous,
}

/// What a change set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A stack that is not there yet.
    Create,
    /// One that is.
    Update,
    /// Resources that are there already, for a stack that may be.
    Import,
}

/// A resource that is there already, to be taken into a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its logical id in the stack.
    pub id: String,
    /// Its type.
    pub type_name: String,
    /// What identifies it: properties and their values.
    pub identifier: BTreeMap<String, String>,
}

/// How a change set is executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Execute {
    /// Whether everything stays as it is when something goes wrong.
    pub keeps_failed: bool,
}

/// A change set, and the stack it is of, by ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The ARN of the change set.
    pub change_set: String,
    /// The ARN of the stack.
    pub stack: String,
}

/// How a stack is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It stays if one of its resources does.
    Normal,
    /// It goes, and the resources stay that cannot be deleted.
    Forced,
}
