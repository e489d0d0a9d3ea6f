//! Stack refactorings: resources that go to another stack, or to another logical id, as they are.

use std::fmt;

use super::Source;

/// Where a resource is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The name of the stack.
    pub stack: String,
    /// The logical id.
    pub id: String,
}

impl Location {
    /// That of a logical id in a stack.
    pub fn new(stack: impl Into<String>, id: impl Into<String>) -> Self {
        Self { stack: stack.into(), id: id.into() }
    }
}

/// As the CDK writes it: `Stack.LogicalId`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stack, self.id)
    }
}

/// What a refactoring is made of.
#[derive(Clone, Debug)]
pub struct RefactorRequest<'a> {
    /// What tells it from others.
    pub description: &'a str,
    /// The stacks, by name, with the templates that they are to have.
    pub templates: &'a [(String, Source)],
    /// Where each resource that moves is, and where it is to be.
    pub moves: &'a [(Location, Location)],
    /// Whether one of the stacks is not there yet.
    pub makes_stacks: bool,
}

/// A refactoring as CloudFormation has it.
#[derive(Clone, Debug)]
pub struct Refactor {
    /// What it is known by.
    pub id: String,
    /// What it was described as.
    pub description: Option<String>,
    /// The stacks, by ARN, where these were asked for.
    pub stacks: Vec<String>,
    /// How far it is.
    pub stage: Stage,
    /// The status that says so, as CloudFormation writes it.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
}

/// How far a refactoring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// CloudFormation looks at what it is made of.
    Preparing,
    /// It can be executed.
    Ready,
    /// It cannot be executed, or not any more.
    Refused,
    /// It is executed, or turned back.
    Running,
    /// All has moved.
    Done,
    /// It failed while it was executed.
    Failed,
}

impl Stage {
    /// How far it is, by the status of its making and that of its execution.
    pub fn of(made: &str, execution: &str) -> Self {
        match (made, execution) {
            ("CREATE_IN_PROGRESS", _) => Self::Preparing,
            (_, "EXECUTE_COMPLETE") => Self::Done,
            (_, "EXECUTE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED") => Self::Failed,
            (_, it) if it.ends_with("_IN_PROGRESS") => Self::Running,
            ("CREATE_COMPLETE", "AVAILABLE") => Self::Ready,
            _ => Self::Refused,
        }
    }
}

/// Something that CloudFormation does when it executes a refactoring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It moves a resource.
    Move(Location, Location),
    /// It makes a stack, of this name if it says so.
    MakeStack(Option<String>),
    /// It does this with a stack or a resource.
    Other(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_can_be_executed_unless_something_says_no() {
        let stages = [
            ("CREATE_IN_PROGRESS", "UNAVAILABLE", Stage::Preparing),
            ("CREATE_COMPLETE", "AVAILABLE", Stage::Ready),
            ("CREATE_COMPLETE", "OBSOLETE", Stage::Refused),
            ("CREATE_FAILED", "UNAVAILABLE", Stage::Refused),
            ("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS", Stage::Running),
            ("CREATE_COMPLETE", "ROLLBACK_IN_PROGRESS", Stage::Running),
            ("CREATE_COMPLETE", "EXECUTE_COMPLETE", Stage::Done),
            ("CREATE_COMPLETE", "EXECUTE_FAILED", Stage::Failed),
            ("CREATE_COMPLETE", "ROLLBACK_COMPLETE", Stage::Failed),
            ("CREATE_COMPLETE", "DREAM_IN_PROGRESS", Stage::Running),
        ];
        for (made, execution, stage) in stages {
            assert_eq!(Stage::of(made, execution), stage, "{made} {execution}");
        }
    }
}
