//! What CloudFormation says: stacks, change sets and events, as copies of its answers that nobody changes.

mod change_set;
mod refactor;
mod request;
mod status;

use std::fmt;

use indexmap::IndexMap;

pub use change_set::{
    Action, Attribute, ChangeSet, ChangeSetStatus, Detail, Evaluation, Execution, Objection, Recreation,
    Replacing, ResourceChange,
};
pub use refactor::{Location, Refactor, RefactorRequest, Stage, Step};
pub use request::{ChangeSetRequest, Deletion, Deployment, Execute, Given, Goal, Imported, Made, Source};
pub use status::{Known, ResourceStatus, StackStatus};

/// A stack as CloudFormation has it.
#[derive(Clone, Debug)]
pub struct DeployedStack {
    /// Its ARN, which tells it from others that had its name before.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is.
    pub status: StackStatus,
    /// Why it is so.
    pub reason: Option<String>,
    /// The values of its parameters, in its template's order; those that nobody may see are `****`.
    pub parameters: IndexMap<String, String>,
    /// What it gives, in its template's order.
    pub outputs: Vec<StackOutput>,
    /// Its tags.
    pub tags: IndexMap<String, String>,
    /// The role that CloudFormation takes on to change it.
    pub role: Option<String>,
    /// The topics that hear of its events.
    pub notifications: Vec<String>,
    /// Whether it cannot be deleted.
    pub is_protected: bool,
    /// The stack it is nested in.
    pub parent: Option<String>,
    /// When it was last changed, or made.
    pub changed: Option<Timestamp>,
}

/// Something that a stack gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackOutput {
    /// Its name.
    pub key: String,
    /// What it is.
    pub value: String,
    /// What it is for.
    pub description: Option<String>,
    /// The name other stacks import it by.
    pub export: Option<String>,
}

/// Something that happened to a resource of a stack, or to the stack itself.
#[derive(Clone, Debug)]
pub struct StackEvent {
    /// What tells it from all others.
    pub id: String,
    /// The ARN of the stack.
    pub stack: String,
    /// The resource's logical id; that of the stack itself is its name.
    pub logical_id: String,
    /// What the resource is called outside of the stack; the ARN of a stack.
    pub physical_id: Option<String>,
    /// The resource's type.
    pub type_name: String,
    /// When it happened.
    pub time: Timestamp,
    /// How the resource is now.
    pub status: ResourceStatus,
    /// Why.
    pub reason: Option<String>,
    /// The token of the call that began the operation it belongs to.
    pub token: Option<String>,
    /// The resource's properties as JSON, with the values they have come to.
    pub properties: Option<String>,
}

impl StackEvent {
    /// Whether it is of the stack itself.
    pub fn is_of_stack(&self) -> bool {
        self.physical_id.as_deref() == Some(&self.stack)
    }
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackResource {
    /// Its logical id.
    pub logical_id: String,
    /// What it is called outside of the stack; nothing, if it was never made.
    pub physical_id: Option<String>,
    /// Its type.
    pub type_name: String,
    /// How it is.
    pub status: ResourceStatus,
    /// Why it is so.
    pub reason: Option<String>,
}

/// Whether a resource is what CloudFormation made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceDrift {
    /// Its logical id.
    pub logical_id: String,
    /// What it is called outside of the stack.
    pub physical_id: Option<String>,
    /// Its type.
    pub type_name: String,
    /// Whether it has drifted.
    pub drifted: Drifted,
    /// What differs in it.
    pub differences: Vec<Difference>,
}

/// Whether somebody changed a resource outside of CloudFormation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drifted {
    /// Nobody did.
    No,
    /// Somebody did.
    Changed,
    /// Somebody deleted it.
    Gone,
    /// CloudFormation cannot tell.
    Unknown,
}

/// A property that is not what CloudFormation made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The way to it, as a JSON pointer in the properties.
    pub path: String,
    /// What it should be.
    pub expected: Option<String>,
    /// What it is.
    pub actual: Option<String>,
}

/// A moment, in milliseconds since 1970 began, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// How many seconds after `earlier` it is; none, if it is before it.
    pub fn seconds_after(self, earlier: Self) -> u64 {
        u64::try_from((self.0 - earlier.0) / 1000).unwrap_or(0)
    }
}

/// The time of day, `hh:mm:ss`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_day = self.0.div_euclid(1000).rem_euclid(86_400);
        write!(f, "{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_as_the_time_of_day() {
        let noon = Timestamp(1_767_268_805_999);
        assert_eq!(noon.to_string(), "12:00:05");
        assert_eq!(Timestamp(-1000).to_string(), "23:59:59");
        assert_eq!((noon.seconds_after(Timestamp(noon.0 - 2500)), Timestamp(0).seconds_after(noon)), (2, 0));
    }
}
