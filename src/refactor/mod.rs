//! Resources that are what they were, in another stack or under another logical id, and the templates with which
//! CloudFormation moves them as they are.
//!
//! ```text
//! App (deployed), App (synthesized) ── find ──▶ moves ── apply ──▶ templates that say nothing else
//! ```
//!
//! - `whole` is the stacks of an app with their templates, in which a reference means the same wherever it stands.
//! - `rewrite` goes through the references of a value.
//! - `find` tells what has moved: what went and what came are alike, and so is what they refer to.
//! - `apply` is what is deployed with nothing but the moves done, or what is in the way of that.
//! - `limits` is what CloudFormation does not move.
//!
//! It asks nobody: what is deployed is given.

mod apply;
mod find;
mod limits;
mod rewrite;
#[cfg(test)]
mod testing;
mod whole;

pub use apply::{After, MOST_STACKS, Obstacle, apply};
pub use find::{Found, Move, Unclear, find};
pub use limits::Fixed;
pub use whole::{App, Need, Part};
