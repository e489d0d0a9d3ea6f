//! `asi status`

use std::io;

use clap::ValueEnum;

use super::{Exit, Global, Output, stacks::each};
use crate::{
    ops::{self, Target},
    present, wire,
    world::{Reach, World},
};

/// Show how stacks are deployed
///
/// Says how each stack of the stack file is, or of those that are named, which may be any in the account.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: cloudformation:DescribeStacks.\n\nExit codes: 0 done; 2 the input is wrong; 3 AWS cannot be asked."
)]
pub(super) struct Args {
    /// The stacks; if absent, those of the stack file
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let mut found = Vec::new();
    let look =
        async |target: &Target, reach: &Reach<'_>| ops::inspect::deployed_stack(world, target, reach).await;
    let exit = each(&args.stacks, global, world, output, &look, |target, stack, _| {
        found.push((target.name.clone(), stack));
        Ok(Exit::Done)
    })?;
    match args.format {
        Format::Text => output.doc(&present::stacks::statuses(&found))?,
        Format::Json => output.out.write_all(wire::statuses(&found).as_bytes())?,
    }
    Ok(exit)
}
