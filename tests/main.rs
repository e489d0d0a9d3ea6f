//! Tests of the whole: each module asks one question of the program or of the repository.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read the repository, may fail, and say what they skip"
)]

#[cfg(all(unix, feature = "aws"))]
mod action;
mod alius;
mod apps;
mod architecture;
mod art;
mod assembly;
#[cfg(unix)]
mod assets;
#[cfg(feature = "aws")]
mod bootstrap;
mod cdk_assembly;
mod cdk_cli;
mod cdk_parity;
mod citrus;
mod cli;
#[cfg(feature = "aws")]
mod cloudformation;
mod constructs;
#[cfg(feature = "aws")]
mod deploy;
mod diff;
mod docs;
#[cfg(feature = "aws")]
mod doctor;
mod environments;
mod faults;
#[cfg(feature = "aws")]
mod gc;
mod graph;
#[cfg(feature = "aws")]
mod import;
mod jubilant;
mod lookups;
mod migrate;
#[cfg(feature = "aws")]
mod ministack;
mod moved;
mod parameters;
mod peers;
mod pipeline;
#[cfg(feature = "aws")]
mod post;
#[cfg(all(unix, feature = "aws"))]
mod publish;
mod reach;
mod review;
mod review_page;
mod secrets;
mod stacks;
mod stell;
mod support;
#[cfg(feature = "aws")]
mod systems;
mod validate;
#[cfg(all(unix, feature = "aws"))]
mod watch;
#[cfg(feature = "aws")]
mod wire;
mod yaml_round_trip;
