//! `asi drift`

use std::io;

use super::{
    Exit, Global, Output,
    stacks::{each, not_deployed},
};
use crate::{
    ops::{self, Target},
    present,
    world::{Reach, World, cloudformation::Drifted},
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
    let look = async |target: &Target, reach: &Reach<'_>| ops::inspect::drift(world, target, reach).await;
    let mut is_first = true;
    each(&args.stacks, global, world, output, &look, |target, drift, output| {
        let is_first = std::mem::take(&mut is_first);
        let Some(drift) = drift else { return not_deployed(target, output) };
        if !is_first {
            writeln!(output.out)?;
        }
        output.doc(&present::stacks::drift(&drift))?;
        let has_drifted =
            drift.resources.iter().any(|it| matches!(it.drifted, Drifted::Changed | Drifted::Gone));
        Ok(if args.fail && has_drifted { Exit::No } else { Exit::Done })
    })
}
