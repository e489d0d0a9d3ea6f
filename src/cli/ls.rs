//! `asi ls`

use std::io;

use super::{Exit, Global, Output};
use crate::{ops, wire, world::World};

/// List the stacks of the stack file
///
/// One name a line: the stacks of each environment, or of the one chosen with --env.
#[derive(Debug, clap::Args)]
#[command(visible_alias = "list")]
pub(super) struct Args {
    /// Print JSON with environment, account and region
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let listing = ops::list(world.files.as_ref(), &global.file, global.env.as_deref());
    let exit = output.diagnostics(&listing.diagnostics, &listing.sources)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    if args.json {
        write!(output.out, "{}", wire::stacks(&listing.stacks))?;
    } else {
        for stack in &listing.stacks {
            writeln!(output.out, "{}", stack.name())?;
        }
    }
    Ok(Exit::Done)
}
