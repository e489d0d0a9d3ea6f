//! One function for each use of `asi`: it gets what it needs from the world, and gives a model.

pub mod app_protocol;
pub mod assemble;
pub mod assembly;
#[cfg(feature = "aws")]
pub mod bootstrap;
mod built;
pub mod config;
#[cfg(feature = "aws")]
mod connections;
#[cfg(feature = "aws")]
pub mod contents;
pub mod context;
#[cfg(feature = "aws")]
pub mod deploy;
#[cfg(feature = "aws")]
pub mod deployable;
#[cfg(feature = "aws")]
pub mod destroy;
pub mod diff;
#[cfg(feature = "aws")]
pub mod doctor;
pub mod explain;
#[cfg(feature = "aws")]
pub mod gc;
pub mod graph;
#[cfg(feature = "aws")]
mod images;
#[cfg(feature = "aws")]
pub mod import;
pub mod init;
#[cfg(feature = "aws")]
pub mod inspect;
pub mod launch;
pub mod list;
pub mod migrate;
#[cfg(feature = "aws")]
mod own_account;
#[cfg(feature = "aws")]
pub mod post;
#[cfg(feature = "aws")]
pub mod recover;
#[cfg(feature = "aws")]
pub mod refactor;
pub mod review;
pub mod schema;
pub mod selection;
pub mod synth;
#[cfg(feature = "aws")]
pub mod targets;
pub mod validate;
#[cfg(feature = "aws")]
pub mod watch;

pub use assemble::write_assembly;
pub use config::{Config, config};
#[cfg(feature = "aws")]
pub use deploy::deploy;
#[cfg(feature = "aws")]
pub use deployable::{Choice, Deployable, Deployables, assembled};
pub use diff::{Compared, Comparison, Presence, Remarks, diff};
pub use explain::{Explained, explain};
pub use graph::{Drawing, graph};
pub use list::{Listing, list};
pub use review::Reviewed;
pub use schema::schema;
pub use synth::{Synthesis, Synthesized, synthesize, synthesize_each};
#[cfg(feature = "aws")]
pub use targets::{Purpose, Target, targets};
pub use validate::{Checked, validate};
