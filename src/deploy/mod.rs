//! A stack brought to AWS, and what can go wrong on the way.
//!
//! ```text
//! DeployedStack ── standing ──▶ what can be done ── parameters, body ──▶ Deployment
//!     Deployment ── propose ──▶ ChangeSet ──▶ (plan, consent) ── execute ──▶ watch ──▶ DeployedStack
//!                                                                  StackEvents ── causes ──▶ what failed first
//! ```
//!
//! - `standing` tells what can be done with a stack as it is, for each status there is.
//! - `parameters` finds the values of parameters, `body` how a template gets to CloudFormation.
//! - `propose` has a change set made, and reads why there is none.
//! - `watch` follows an operation to its end, whoever began it.
//! - `nesting` names what is in a nested stack by its way, `Parent/Child/Queue`.
//! - `progress` is how far that is, `causes` finds what failed first among what failed with it.
//! - `services` has why a service of ECS does not come up, of which CloudFormation knows only that.
//! - `recovery` has the ways on from every status.
//!
//! It does what it is told and says what happens: who is asked, and what is printed, is not decided here.

mod body;
mod causes;
mod nesting;
mod parameters;
mod progress;
#[cfg(feature = "aws")]
mod propose;
mod recovery;
#[cfg(feature = "aws")]
mod services;
mod standing;
#[cfg(feature = "aws")]
mod watch;

pub use body::{Body, LARGEST_BODY, LARGEST_TEMPLATE, body, capabilities, looks_up};
pub use causes::{Cause, causes};
pub use nesting::Nesting;
pub use parameters::{Values, values};
pub use progress::Progress;
#[cfg(feature = "aws")]
pub use propose::{Proposed, Unmade, clean_up, propose, whole};
pub use recovery::{Way, ways};
#[cfg(feature = "aws")]
pub use services::{Place, Stop, Trouble, Why};
pub use standing::{Standing, standing, standing_of};
#[cfg(feature = "aws")]
pub use watch::{News, Operation, is_beginning};
