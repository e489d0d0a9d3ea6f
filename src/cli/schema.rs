//! `asi schema`

use std::io;

use super::{Exit, Output};
use crate::ops;

/// Print the JSON Schema of the stack file
///
/// Editors complete and check by it. Save it as `asi.schema.json` beside the stack file, and begin the stack
/// file with `# yaml-language-server: $schema=./asi.schema.json`; `asi init` does both.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, output: &mut Output<'_>) -> io::Result<Exit> {
    output.out.write_all(ops::schema().as_bytes())?;
    Ok(Exit::Done)
}
