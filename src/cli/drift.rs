//! `asi drift`

use std::io;

use super::{
    Exit, Global, Output,
    stacks::{failed, reach, targets, worst},
};
use crate::{
    ops, present,
    world::{World, aws, cloudformation::Drifted},
};

/// Show what was changed outside of CloudFormation
///
/// Has CloudFormation compare the resources of each stack with what it made them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: cloudformation:DescribeStacks, DetectStackDrift, DescribeStackDriftDetectionStatus, DescribeStackResourceDrifts; and what CloudFormation needs to read the resources.\n\nExit codes: 0 done; 1 something has drifted, with --fail; 2 the input is wrong; 3 AWS cannot be asked."
)]
pub(super) struct Args {
    /// The stacks; if absent, those of the stack file
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// Exit with 1 if something has drifted
    #[arg(long)]
    fail: bool,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let targets = match targets(&args.stacks, global, world, output)? {
        Ok(targets) => targets,
        Err(exit) => return Ok(exit),
    };
    let mut exit = Exit::Done;
    for (at, target) in targets.iter().enumerate() {
        match aws::block_on(ops::inspect::drift(world, target, &reach(global))) {
            Ok(Some(drift)) => {
                let has_drifted =
                    drift.resources.iter().any(|it| matches!(it.drifted, Drifted::Changed | Drifted::Gone));
                if at > 0 {
                    writeln!(output.out)?;
                }
                output.doc(&present::stacks::drift(&drift))?;
                exit = worst(exit, if args.fail && has_drifted { Exit::No } else { Exit::Done });
            }
            Ok(None) => writeln!(output.err, "`{}` is not deployed", target.name)?,
            Err(ending) => exit = worst(exit, failed(&target.name, &ending, output)?),
        }
    }
    Ok(exit)
}
