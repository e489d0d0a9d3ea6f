//! One function for each use of `asi`: it gets what it needs from the world, and gives a model.

pub mod config;
pub mod diff;
pub mod explain;
pub mod graph;
pub mod init;
pub mod list;
pub mod schema;
pub mod synth;
pub mod validate;

pub use config::{Config, config};
pub use diff::{Compared, Comparison, Presence, diff};
pub use explain::{Explained, explain};
pub use graph::{Drawing, graph};
pub use list::{Listing, list};
pub use schema::schema;
pub use synth::{Synthesis, Synthesized, synthesize, write_assembly};
pub use validate::{Checked, validate};
