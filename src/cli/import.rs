//! `asi import`

use std::{collections::BTreeMap, io};

use super::{
    Exit, Global, Output,
    deploy::{deployables, exit_of_one, pair},
    progress::Printer,
    stacks::reach,
};
use crate::{
    ops::{
        Choice,
        import::{Settings, import},
    },
    present::deploy::Origins,
    world::{World, aws},
};

/// Take resources into a stack that are there already
///
/// Write them under `resources:` or as constructs, as they are; this has CloudFormation take them into the stack with a
/// change set that does nothing else, and shows it before. What identifies a resource is read from its properties, or
/// given. What else has changed in the stack file is left to `asi deploy`, which follows.
///
/// This is for resources that no stack has; `asi migrate` makes a stack file of a stack that is deployed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: cloudformation:DescribeStacks, GetTemplate, CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, DescribeStackEvents, and what CloudFormation needs to read the resources; DescribeEvents where CloudFormation refuses something; DeleteChangeSet, ListChangeSets and DeleteStack where nobody says yes; sts:GetCallerIdentity where a stack is bound to an account; sts:AssumeRole with --app; where a service of ECS does not come up: ecs:DescribeServices, ListTasks, DescribeTasks.\n\nExit codes: 0 done; 1 it failed, or nobody said yes; 2 an input is wrong; 3 AWS cannot be asked; 130 Ctrl-C was pressed again while a change set was taken away."
)]
pub(super) struct Args {
    /// The stack, by the name `asi ls` prints; if absent, the only one of the chosen environment
    #[arg(value_name = "STACK")]
    stack: Option<String>,
    /// A resource to take in, by its logical id, with what identifies it; if absent, all that are new in the template
    #[arg(long = "resource", value_name = "ID[:PROPERTY]=VALUE")]
    resources: Vec<String>,
    /// Say yes
    #[arg(short, long)]
    yes: bool,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let mut identifiers: BTreeMap<String, Vec<(Option<String>, String)>> = BTreeMap::new();
    for given in &args.resources {
        match pair(given, "--resource", "ID=VALUE") {
            Ok((id, value)) => {
                let (id, key) = id.split_once(':').map_or((id, None), |(id, key)| (id, Some(key.to_owned())));
                identifiers.entry(id.to_owned()).or_default().push((key, value.to_owned()));
            }
            Err(fault) => return output.fault(fault),
        }
    }
    let names: Vec<String> = args.stack.iter().cloned().collect();
    let choice = match names.as_slice() {
        [] => Choice::Only,
        patterns => Choice::Named { patterns, exclusively: true },
    };
    let (deployables, exit) = deployables(choice, global, world, output)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let stack = match deployables.stacks.as_slice() {
        [stack] => stack,
        several => {
            let names: Vec<String> = several.iter().map(|it| it.target.name.clone()).collect();
            return output.fault(super::stacks::several(&names));
        }
    };
    let change_set = "asi-import".to_owned();
    let settings = Settings { reach: reach(global), identifiers, change_set, yes: args.yes };
    let origins = Origins { stacks: &deployables.stacks, sources: &deployables.sources };
    let mut printer = Printer::new(output, world, origins, false);
    let ending = aws::block_on(import(world, stack, &settings, &mut printer));
    printer.finish()?;
    Ok(exit_of_one(&ending))
}
