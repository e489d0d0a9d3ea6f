//! Whether somebody has to say yes.

use crate::diff::{Rank, TemplateDiff};

/// When somebody has to say yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Never.
    Never,
    /// Where something goes or is replaced, perhaps with its data.
    Destructive,
    /// There, and where more is allowed than before.
    Broadening,
    /// Wherever something changes.
    AnyChange,
}

/// Why somebody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Something goes or is replaced.
    Destroys,
    /// More is allowed than before.
    Broadens,
    /// Something changes.
    Changes,
    /// The stack is deleted.
    Deletes,
}

impl Approval {
    /// Why somebody has to say yes to what differs; nothing, if nobody has to.
    pub fn of(self, diff: &TemplateDiff) -> Option<Ask> {
        let destroys = diff
            .resources
            .iter()
            .any(|it| matches!(it.rank(), Rank::Data | Rank::Removed | Rank::Replaced | Rank::MaybeReplaced));
        let ask = match () {
            () if destroys => Ask::Destroys,
            () if diff.security.broadens() => Ask::Broadens,
            () => Ask::Changes,
        };
        let is_due = match self {
            Self::Never => false,
            Self::Destructive => ask == Ask::Destroys,
            Self::Broadening => ask != Ask::Changes,
            Self::AnyChange => true,
        };
        is_due.then_some(ask)
    }
}

/// Whether an answer is a yes.
pub fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
