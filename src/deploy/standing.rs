//! What can be done with a stack as it is.

use crate::world::cloudformation::{DeployedStack, Known, StackStatus};

/// What a deployment can do with a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not there, or only the change sets of one are: it is made.
    Absent,
    /// It is there: it is changed.
    Ready,
    /// Something is under way; nothing else can begin before that ends.
    Busy,
    /// It never came up, and nothing of it is left but its name: it has to be deleted first.
    Leftover,
    /// Something failed, and was left as it was: it can be turned back, or changed further.
    Paused,
    /// Nothing can begin before somebody decides what becomes of what failed.
    Stuck,
}

/// What can be done with a stack of this status, or with none.
///
/// From "Stack status codes" and "Update behaviors" in the CloudFormation User Guide, and from `CreateChangeSet` in its
/// API Reference.
pub fn standing(stack: Option<&DeployedStack>) -> Standing {
    stack.map_or(Standing::Absent, |it| standing_of(&it.status))
}

/// What can be done with a stack of this status.
pub fn standing_of(status: &StackStatus) -> Standing {
    let Some(known) = status.known() else {
        // What is newer than this program is left to CloudFormation, which says no if it must.
        return if status.is_busy() { Standing::Busy } else { Standing::Ready };
    };
    match known {
        Known::ReviewInProgress | Known::DeleteComplete => Standing::Absent,
        Known::CreateComplete
        | Known::UpdateComplete
        | Known::UpdateRollbackComplete
        | Known::ImportComplete
        | Known::ImportRollbackComplete => Standing::Ready,
        Known::CreateInProgress
        | Known::RollbackInProgress
        | Known::DeleteInProgress
        | Known::UpdateInProgress
        | Known::UpdateCompleteCleanupInProgress
        | Known::UpdateRollbackInProgress
        | Known::UpdateRollbackCompleteCleanupInProgress
        | Known::ImportInProgress
        | Known::ImportRollbackInProgress => Standing::Busy,
        Known::RollbackComplete => Standing::Leftover,
        Known::CreateFailed | Known::UpdateFailed => Standing::Paused,
        Known::RollbackFailed
        | Known::DeleteFailed
        | Known::UpdateRollbackFailed
        | Known::ImportRollbackFailed => Standing::Stuck,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_of_the_future_is_left_to_cloudformation() {
        assert_eq!(standing_of(&StackStatus::new("DREAM_IN_PROGRESS")), Standing::Busy);
        assert_eq!(standing_of(&StackStatus::new("DREAM_COMPLETE")), Standing::Ready);
        assert_eq!(standing(None), Standing::Absent);
    }

    #[test]
    fn what_is_under_way_is_what_the_status_says() {
        for known in Known::ALL.iter().copied() {
            let status = StackStatus::from(known);
            assert_eq!(standing_of(&status) == Standing::Busy, status.is_busy(), "{status}");
        }
    }
}
