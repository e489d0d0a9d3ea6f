//! `asi doctor`

use std::io;

use super::{Exit, Global, Output, deploy::deployables, stacks::reach, status::Format};
use crate::{
    ops::{
        Choice,
        doctor::{Diagnosis, Fact, Grade, Policy, examine},
    },
    present, wire,
    world::{World, aws},
};

/// Look at what a deployment needs
///
/// Says what is there and what is missing, with what to do about it: the stack file, credentials and region, what
/// `asi bootstrap` makes, how the stacks are, connections to source code that wait for somebody, and whether IAM allows
/// what `asi` and CloudFormation call for the resources of the stacks. Changes nothing.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: sts:GetCallerIdentity, cloudformation:DescribeStacks, ssm:GetParameter, iam:SimulatePrincipalPolicy; iam:GetRole where a role calls; codeconnections:GetConnection where a stack names a connection; sts:AssumeRole with --app. None with --policy. What may not be called is said, and the rest is looked at.\n\nExit codes: 0 nothing is missing; 1 something is; 2 the input is wrong, with --policy."
)]
pub(super) struct Args {
    /// The stacks, by the names `asi ls` prints; if absent, those of the chosen environment
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// Print the least policy of IAM that a deployment of the stacks needs, and ask nothing of AWS
    #[arg(long)]
    policy: bool,
    /// Allow what `asi refactor` needs, too
    #[arg(long, requires = "policy")]
    refactor: bool,
    /// How to print what was found
    #[arg(long, value_name = "FORMAT", default_value = "text", conflicts_with = "policy")]
    format: Format,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let choice = match args.stacks.as_slice() {
        [] => Choice::All,
        patterns => Choice::Named { patterns, exclusively: false },
    };
    let (deployables, exit) = deployables(choice, global, world, output)?;
    let stacks = &deployables.stacks;
    if args.policy {
        if exit != Exit::Done {
            return Ok(exit);
        }
        let policy = Policy::of(&stacks.iter().collect::<Vec<_>>(), None, global.region.as_deref());
        let policy = if args.refactor { policy.with_refactoring() } else { policy };
        let text = wire::policy(&policy);
        output.out.write_all(text.as_bytes())?;
        let remarks = present::doctor::remarks(&policy, &text);
        output.err.write_all(super::colored(&remarks, output.colors_err).as_bytes())?;
        return Ok(Exit::Done);
    }
    let mut diagnosis = Diagnosis::default();
    let file = global.app.clone().unwrap_or_else(|| global.file.display().to_string());
    let names = stacks.iter().map(|it| it.target.name.clone()).collect();
    diagnosis.found(file, if exit == Exit::Done { Fact::Stacks(names) } else { Fact::Unloaded });
    aws::block_on(examine(world, stacks, &reach(global), &mut diagnosis));
    match args.format {
        Format::Json => output.out.write_all(wire::diagnosis(&diagnosis).as_bytes())?,
        Format::Text => {
            let policy = (!diagnosis.lacking.is_empty()).then(|| wire::policy(&diagnosis.lacking));
            output.doc(&present::doctor::diagnosis(&diagnosis, policy))?;
        }
    }
    Ok(if diagnosis.grade() == Grade::Missing { Exit::No } else { Exit::Done })
}
