//! The statuses of a stack, and what may be asked of one in each.

/// What may be asked of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Update,
    Delete,
    CancelUpdate,
    ContinueRollback,
    Rollback,
}

use Request::{CancelUpdate, ContinueRollback, Delete, Rollback, Update};

/// All statuses there are, and what each allows.
pub(crate) const STATUSES: &[(&str, &[Request])] = &[
    ("REVIEW_IN_PROGRESS", &[Delete]),
    ("CREATE_IN_PROGRESS", &[Delete]),
    ("CREATE_FAILED", &[Update, Delete, Rollback]),
    ("CREATE_COMPLETE", &[Update, Delete]),
    ("ROLLBACK_IN_PROGRESS", &[]),
    ("ROLLBACK_FAILED", &[Delete]),
    ("ROLLBACK_COMPLETE", &[Delete]),
    ("DELETE_IN_PROGRESS", &[Delete]),
    ("DELETE_FAILED", &[Delete]),
    ("DELETE_COMPLETE", &[Delete]),
    ("UPDATE_IN_PROGRESS", &[CancelUpdate]),
    ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", &[]),
    ("UPDATE_COMPLETE", &[Update, Delete]),
    ("UPDATE_FAILED", &[Update, Delete, Rollback]),
    ("UPDATE_ROLLBACK_IN_PROGRESS", &[]),
    ("UPDATE_ROLLBACK_FAILED", &[Delete, ContinueRollback]),
    ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", &[]),
    ("UPDATE_ROLLBACK_COMPLETE", &[Update, Delete]),
    ("IMPORT_IN_PROGRESS", &[]),
    ("IMPORT_COMPLETE", &[Update, Delete]),
    ("IMPORT_ROLLBACK_IN_PROGRESS", &[]),
    ("IMPORT_ROLLBACK_FAILED", &[Delete]),
    ("IMPORT_ROLLBACK_COMPLETE", &[Update, Delete]),
];

/// Whether a stack in this status may be asked for this; in a status nobody knows yet, for nothing.
pub(crate) fn allows(status: &str, request: Request) -> bool {
    STATUSES.iter().any(|(it, allowed)| *it == status && allowed.contains(&request))
}
