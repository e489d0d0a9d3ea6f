//! What CloudFormation would do, as a change set tells it.

/// A change set.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The ARN of its stack.
    pub stack: String,
    /// How far it is.
    pub status: ChangeSetStatus,
    /// Whether it can be executed.
    pub execution: Execution,
    /// Why it is so.
    pub reason: Option<String>,
    /// What it would do, in CloudFormation's order.
    pub changes: Vec<ResourceChange>,
}

/// How far a change set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeSetStatus {
    /// CloudFormation still works on it.
    Pending,
    /// It is complete.
    Complete,
    /// There is none: it failed, and the reason says why.
    Failed,
    /// It is deleted, or about to be.
    Deleted,
}

/// Whether a change set can be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Execution {
    /// It can.
    Available,
    /// It cannot, or not yet.
    Unavailable,
    /// It has been, or is being executed.
    Executed,
    /// The stack has changed since.
    Obsolete,
}

/// What is done with one resource.
#[derive(Clone, Debug)]
pub struct ResourceChange {
    /// Its logical id.
    pub id: String,
    /// Its type.
    pub type_name: String,
    /// What it is called outside of the stack, if there is one.
    pub physical_id: Option<String>,
    /// What is done.
    pub action: Action,
    /// Whether it is replaced.
    pub replacing: Replacing,
    /// What becomes of the resource that there was, as CloudFormation writes it: `Delete`, `ReplaceAndRetain`.
    pub policy: Option<String>,
    /// Why, property by property.
    pub details: Vec<Detail>,
    /// Its whole definition before, as JSON.
    pub before: Option<String>,
    /// Its whole definition after, as JSON.
    pub after: Option<String>,
    /// Whether somebody changed it outside of CloudFormation.
    pub has_drifted: bool,
    /// The change set of the stack that it is, if it is a nested stack.
    pub nested: Option<String>,
}

/// What is done with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Add,
    /// It is changed, or replaced.
    Modify,
    /// It goes.
    Remove,
    /// It was there before, and the stack has it from now on.
    Import,
    /// What, is only known when it is done.
    Dynamic,
    /// The stack's record becomes what there is.
    Sync,
    /// Something that this program does not know, as CloudFormation writes it.
    Other(String),
}

/// Whether a resource is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacing {
    /// It is not.
    No,
    /// It depends on what is only known when it is done.
    Maybe,
    /// It is.
    Yes,
}

/// One reason for a change.
#[derive(Clone, Debug)]
pub struct Detail {
    /// What changes.
    pub attribute: Attribute,
    /// Whether a change of it replaces the resource.
    pub recreation: Recreation,
    /// The way to what changes, as a JSON pointer in the resource: `/Properties/CidrBlock`.
    pub path: Option<String>,
    /// What it was.
    pub before: Option<String>,
    /// What it becomes.
    pub after: Option<String>,
    /// Whether CloudFormation knows what it becomes.
    pub evaluation: Evaluation,
    /// What it comes from, as CloudFormation writes it: `DirectModification`, `ResourceReference`.
    pub source: Option<String>,
    /// What causes it: a parameter, a resource, an attribute `Id.Name`.
    pub cause: Option<String>,
}

/// What of a resource changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// A property, by its name.
    Property(String),
    /// Anything else, as CloudFormation writes it: `Tags`, `Metadata`, `DeletionPolicy`.
    Other(String),
}

/// Whether a change replaces the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recreation {
    /// Never.
    Never,
    /// That depends on the values.
    Conditionally,
    /// Always.
    Always,
}

/// Whether CloudFormation knows what a value becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// It does.
    Static,
    /// Only when it is done.
    Dynamic,
}

/// Something that CloudFormation found wrong when it made a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The logical id of the resource it is about.
    pub logical_id: Option<String>,
    /// The way to what is wrong, as a JSON pointer in the template or the resource.
    pub path: Option<String>,
    /// Who found it: the name of a validation, or the type of a hook.
    pub by: Option<String>,
    /// What is wrong.
    pub reason: String,
}
