//! `asi config`

use std::io;

use super::{Exit, Global, Output};
use crate::{ops, world::World};

/// Print the stack file as an environment has it
///
/// The whole file with the environment of --env laid over it, as YAML. After each value stands, as a comment, the line it
/// was written on, and the environment if it comes from there.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leave out where the values come from
    #[arg(long)]
    no_origins: bool,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let files = world.files.as_ref();
    let config = ops::config(files, &global.file, global.env.as_deref(), !args.no_origins);
    let exit = output.diagnostics(&config.diagnostics, &config.sources)?;
    if let Some(text) = config.text {
        output.out.write_all(text.as_bytes())?;
    }
    Ok(exit)
}
