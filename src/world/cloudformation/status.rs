//! How a stack and its resources are.

use std::fmt;

/// The status of a stack: one that is known, or whatever CloudFormation will have some day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackStatus(String);

/// The statuses of stacks that are known.
macro_rules! known {
    ($($name:ident = $text:literal,)*) => {
        /// The statuses of a stack, as the API reference of CloudFormation (`StackStatus`) has them in November 2026.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Known {
            $(#[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Known {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As CloudFormation writes it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

known! {
    CreateInProgress = "CREATE_IN_PROGRESS",
    CreateFailed = "CREATE_FAILED",
    CreateComplete = "CREATE_COMPLETE",
    RollbackInProgress = "ROLLBACK_IN_PROGRESS",
    RollbackFailed = "ROLLBACK_FAILED",
    RollbackComplete = "ROLLBACK_COMPLETE",
    DeleteInProgress = "DELETE_IN_PROGRESS",
    DeleteFailed = "DELETE_FAILED",
    DeleteComplete = "DELETE_COMPLETE",
    UpdateInProgress = "UPDATE_IN_PROGRESS",
    UpdateCompleteCleanupInProgress = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateComplete = "UPDATE_COMPLETE",
    UpdateFailed = "UPDATE_FAILED",
    UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS",
    UpdateRollbackFailed = "UPDATE_ROLLBACK_FAILED",
    UpdateRollbackCompleteCleanupInProgress = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
    ReviewInProgress = "REVIEW_IN_PROGRESS",
    ImportInProgress = "IMPORT_IN_PROGRESS",
    ImportComplete = "IMPORT_COMPLETE",
    ImportRollbackInProgress = "IMPORT_ROLLBACK_IN_PROGRESS",
    ImportRollbackFailed = "IMPORT_ROLLBACK_FAILED",
    ImportRollbackComplete = "IMPORT_ROLLBACK_COMPLETE",
}

impl StackStatus {
    /// The status that CloudFormation writes so.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As CloudFormation writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which of those known it is; nothing, if it is newer than this program.
    pub fn known(&self) -> Option<Known> {
        Known::ALL.iter().copied().find(|it| it.as_str() == self.0)
    }

    /// Whether something is under way, and nothing else can begin. A stack under review waits for somebody.
    pub fn is_busy(&self) -> bool {
        self.0.ends_with("_IN_PROGRESS") && self.known() != Some(Known::ReviewInProgress)
    }

    /// Whether it is turned back, or on the way there.
    pub fn is_rollback(&self) -> bool {
        self.0.contains("ROLLBACK")
    }

    /// Whether it is what somebody wanted, and not what was left by a failure.
    pub fn is_good(&self) -> bool {
        self.0.ends_with("_COMPLETE") && !self.is_rollback()
    }
}

impl From<Known> for StackStatus {
    fn from(known: Known) -> Self {
        Self::new(known.as_str())
    }
}

impl fmt::Display for StackStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The status of a resource, as CloudFormation writes it: what is done with it, and how far that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceStatus(String);

impl ResourceStatus {
    /// The status that CloudFormation writes so.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As CloudFormation writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether something is under way.
    pub fn is_busy(&self) -> bool {
        self.0.ends_with("_IN_PROGRESS")
    }

    /// Whether it went wrong.
    pub fn is_failure(&self) -> bool {
        self.0.ends_with("_FAILED")
    }

    /// Whether it went well, or there was nothing to do.
    pub fn is_done(&self) -> bool {
        self.0.ends_with("_COMPLETE") || self.0.ends_with("_SKIPPED")
    }

    /// Whether it is on the way back.
    pub fn is_rollback(&self) -> bool {
        self.0.contains("ROLLBACK")
    }
}

impl fmt::Display for ResourceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_known_by_its_text_and_a_future_one_is_kept() {
        assert_eq!(Known::ALL.len(), 23);
        for known in Known::ALL.iter().copied() {
            assert_eq!(StackStatus::from(known).known(), Some(known));
        }
        let future = StackStatus::new("DREAM_IN_PROGRESS");
        assert_eq!(
            (future.known(), future.is_busy(), future.to_string().as_str()),
            (None, true, "DREAM_IN_PROGRESS")
        );
    }

    #[test]
    fn a_stack_under_review_is_not_busy_and_one_rolled_back_is_not_good() {
        let all = || Known::ALL.iter().copied().map(StackStatus::from);
        let busy: Vec<String> = all().filter(StackStatus::is_busy).map(|it| it.to_string()).collect();
        assert_eq!(busy.len(), 9);
        assert!(!busy.contains(&"REVIEW_IN_PROGRESS".to_owned()));
        let good: Vec<String> = all().filter(StackStatus::is_good).map(|it| it.to_string()).collect();
        assert_eq!(good, ["CREATE_COMPLETE", "DELETE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"]);
    }
}
