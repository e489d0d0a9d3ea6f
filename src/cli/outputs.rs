//! `asi outputs`

use std::io;

use super::{
    Exit, Global, Output,
    stacks::{each, not_deployed},
    status::Format,
};
use crate::{
    ops::{self, Target},
    present, wire,
    world::{Reach, World},
};

/// Print what deployed stacks give
///
/// A line for each output, as `stack.Key = value`, but for those that only other stacks of the file import; with --format
/// json, an object of stacks, each an object of all keys.
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

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let mut found = Vec::new();
    let look =
        async |target: &Target, reach: &Reach<'_>| ops::inspect::deployed_stack(world, target, reach).await;
    let exit = each(&args.stacks, global, world, output, &look, |target, stack, output| match stack {
        Some(stack) => {
            found.push(stack);
            Ok(Exit::Done)
        }
        None => not_deployed(target, output),
    })?;
    let text = match args.format {
        Format::Text => found.iter().map(present::deploy::outputs).collect(),
        Format::Json => wire::outputs(&found),
    };
    output.out.write_all(text.as_bytes())?;
    Ok(exit)
}
