//! The ways on from every state a stack can be in.

use crate::world::cloudformation::{Known, StackStatus};

/// A way on from the state that a stack is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To wait for what is under way.
    Wait,
    /// To have an update that is under way turned back.
    Cancel,
    /// To turn it back to what it was before what failed.
    RollBack,
    /// To go on turning it back, once what kept that from working is mended.
    Continue,
    /// To go on turning it back without the resources that fail: CloudFormation takes them for turned back.
    Skip,
    /// To deploy again, from where it failed.
    GoOn,
    /// To delete it.
    Delete,
    /// To delete it, but for the resources that cannot be deleted: they stay, and no stack has them.
    Keep,
    /// To delete it, whatever cannot be deleted.
    Force,
    /// To delete its change sets, of which none was executed, and its name.
    Discard,
    /// To execute one of its change sets.
    Execute,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Wait,
        Self::Cancel,
        Self::RollBack,
        Self::Continue,
        Self::Skip,
        Self::GoOn,
        Self::Delete,
        Self::Keep,
        Self::Force,
        Self::Discard,
        Self::Execute,
    ];

    /// As one types it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Cancel => "cancel",
            Self::RollBack => "roll-back",
            Self::Continue => "continue",
            Self::Skip => "skip",
            Self::GoOn => "go-on",
            Self::Delete => "delete",
            Self::Keep => "keep",
            Self::Force => "force",
            Self::Discard => "discard",
            Self::Execute => "execute",
        }
    }

    /// The command that goes it, where `asi recover` does not.
    pub fn command(self) -> Option<&'static str> {
        match self {
            Self::GoOn => Some("asi deploy --no-rollback"),
            Self::Execute => Some("asi deploy --method execute-change-set"),
            Self::Wait
            | Self::Cancel
            | Self::RollBack
            | Self::Continue
            | Self::Skip
            | Self::Delete
            | Self::Keep
            | Self::Force
            | Self::Discard => None,
        }
    }

    /// Whether nothing of the stack is left at its end.
    pub fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::Keep | Self::Force | Self::Discard)
    }

    /// Whether it is what is under way from this status already, so that it is only followed to its end.
    pub fn is_begun(self, status: &StackStatus) -> bool {
        let is_busy = |prefix: &str| status.as_str().starts_with(prefix) && status.is_busy();
        match self {
            Self::Cancel | Self::Continue | Self::Skip => is_busy("UPDATE_ROLLBACK_"),
            Self::RollBack => status.is_rollback() && status.is_busy(),
            Self::Delete | Self::Keep | Self::Force | Self::Discard => is_busy("DELETE_"),
            Self::Wait | Self::GoOn | Self::Execute => false,
        }
    }

    /// Whether a stack that was in one status is in the other because the way led there.
    pub fn leads(self, from: &StackStatus, to: &StackStatus) -> bool {
        let is_back = to.is_rollback() && to.as_str().ends_with("_COMPLETE");
        match self {
            // What is turned back is waited for until it is.
            Self::Wait => to.is_good() || from.is_rollback() && is_back,
            Self::Cancel | Self::RollBack | Self::Continue | Self::Skip => is_back,
            Self::Delete | Self::Keep | Self::Force | Self::Discard => {
                to.known() == Some(Known::DeleteComplete)
            }
            Self::GoOn | Self::Execute => to.is_good(),
        }
    }

    /// Whether something is lost that cannot be had back, gone from this status: what never came up has nothing to be
    /// turned back to, and goes.
    pub fn loses(self, status: &StackStatus) -> bool {
        match self {
            Self::RollBack => status.known() == Some(Known::CreateFailed),
            Self::Wait | Self::Cancel | Self::Continue | Self::GoOn | Self::Execute => false,
            Self::Skip | Self::Delete | Self::Keep | Self::Force | Self::Discard => true,
        }
    }
}

/// The ways on from a status, the safest first; none from one in which everything is as it should be, or of which this
/// program does not know what it means.
///
/// From "Stack status codes", "Continue rolling back an update", "Delete a stack that failed to delete" and "Choose how to
/// handle failures when provisioning resources" in the CloudFormation User Guide.
pub fn ways(status: &StackStatus) -> &'static [Way] {
    let Some(known) = status.known() else {
        return if status.is_busy() { &[Way::Wait] } else { &[] };
    };
    match known {
        Known::CreateComplete
        | Known::UpdateComplete
        | Known::UpdateRollbackComplete
        | Known::ImportComplete
        | Known::ImportRollbackComplete
        | Known::DeleteComplete => &[],
        Known::UpdateInProgress => &[Way::Wait, Way::Cancel],
        Known::CreateInProgress => &[Way::Wait, Way::Delete],
        Known::RollbackInProgress
        | Known::DeleteInProgress
        | Known::UpdateCompleteCleanupInProgress
        | Known::UpdateRollbackInProgress
        | Known::UpdateRollbackCompleteCleanupInProgress
        | Known::ImportInProgress
        | Known::ImportRollbackInProgress => &[Way::Wait],
        Known::ReviewInProgress => &[Way::Execute, Way::Discard],
        Known::CreateFailed => &[Way::GoOn, Way::RollBack, Way::Delete],
        Known::UpdateFailed => &[Way::GoOn, Way::RollBack],
        // Only a deletion that failed may leave resources out.
        Known::RollbackComplete | Known::RollbackFailed | Known::ImportRollbackFailed => &[Way::Delete],
        Known::UpdateRollbackFailed => &[Way::Continue, Way::Skip, Way::Delete],
        Known::DeleteFailed => &[Way::Delete, Way::Keep, Way::Force],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::{Standing, standing_of};

    #[test]
    fn every_status_from_which_nothing_can_be_deployed_has_a_way_on() {
        for status in Known::ALL.iter().copied().map(StackStatus::from) {
            let is_blocked = !matches!(standing_of(&status), Standing::Ready | Standing::Absent);
            let has_way = !ways(&status).is_empty();
            assert!(has_way || !is_blocked, "{status} has no way on");
            assert!(is_blocked || !has_way || status.as_str() == "REVIEW_IN_PROGRESS", "{status} needs none");
        }
        assert_eq!(ways(&StackStatus::new("DREAM_IN_PROGRESS")), [Way::Wait]);
        assert_eq!(ways(&StackStatus::new("DREAM_FAILED")), []);
    }

    #[test]
    fn the_first_way_loses_least() {
        for status in Known::ALL.iter().copied().map(StackStatus::from) {
            let losing: Vec<bool> = ways(&status).iter().map(|it| it.loses(&status)).collect();
            assert!(losing.is_sorted(), "{status}: {losing:?}");
        }
    }
}
