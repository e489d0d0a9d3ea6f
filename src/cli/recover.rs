//! `asi recover` and `asi rollback`

use std::io;

use asi_constructs::kernel::span::Sources;

use super::{
    Exit, Global, Output,
    deploy::exit_of_one,
    progress::Printer,
    stacks::{failed, reach, targets},
};
use crate::{
    deploy::Way,
    ops::{self, Target, recover::State},
    present::{self, deploy::Origins},
    world::{World, aws},
};

/// Find a way on for a stack that is stuck
///
/// Says how the stack is, which ways on there are, and what each of them loses; then asks which to go, and goes it.
/// Without a terminal, name it with --way.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: cloudformation:DescribeStacks, ListStackResources, DescribeStackEvents; and, as the way needs it, CancelUpdateStack, RollbackStack, ContinueUpdateRollback, DeleteStack; where a deletion failed: GetTemplate, s3:ListBucketVersions, ecr:ListImages; where a service of ECS does not come up: ecs:DescribeServices, ListTasks, DescribeTasks.\n\nExit codes: 0 done, or nothing to do; 1 it failed, or no way was chosen; 2 the input is wrong; 3 AWS cannot be asked."
)]
pub(super) struct Args {
    /// The stack; if absent, the only one of the stack file
    #[arg(value_name = "STACK")]
    stack: Option<String>,
    /// The way to go: one of those that are shown
    #[arg(long, value_name = "WAY")]
    way: Option<String>,
    /// A resource to skip or to keep, by its logical id; if absent, all that something failed at
    #[arg(long = "resource", value_name = "ID")]
    resources: Vec<String>,
    /// Say yes to what is lost
    #[arg(short, long)]
    yes: bool,
}

/// Turn a stack back that failed
///
/// For a stack that was left as it was when something failed, by `asi deploy --no-rollback`, or that could not be turned
/// back.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: cloudformation:DescribeStacks, ListStackResources, DescribeStackEvents, RollbackStack, ContinueUpdateRollback; where a service of ECS does not come up: ecs:DescribeServices, ListTasks, DescribeTasks.\n\nExit codes: 0 done; 1 it failed; 2 there is nothing to turn back; 3 AWS cannot be asked."
)]
pub(super) struct RollbackArgs {
    /// The stack; if absent, the only one of the stack file
    #[arg(value_name = "STACK")]
    stack: Option<String>,
    /// A resource to leave as it is, by its logical id
    #[arg(long = "orphan", value_name = "ID")]
    orphans: Vec<String>,
    /// Leave all resources as they are that fail
    #[arg(long)]
    force: bool,
    /// Say yes to what is lost
    #[arg(short, long)]
    yes: bool,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let (target, state) = match look(args.stack.as_ref(), global, world, output)? {
        Ok(found) => found,
        Err(exit) => return Ok(exit),
    };
    output.doc(&present::stacks::ways(&state))?;
    output.out.flush()?;
    if state.ways.is_empty() {
        return Ok(Exit::Done);
    }
    let way = match &args.way {
        Some(name) => name.clone(),
        None if world.is_interactive => {
            write!(output.err, "{}", present::recover::WHICH)?;
            output.err.flush()?;
            (world.read_line)()?.trim().to_owned()
        }
        None => {
            let fault = present::recover::not_chosen(&state, &output.command);
            output.fault(fault)?;
            return Ok(Exit::No);
        }
    };
    // Who was killed while it was gone may name it again.
    let is_open = |it: &Way| state.ways.contains(it) || it.is_begun(&state.stack.status);
    let Some(way) = Way::ALL.into_iter().filter(is_open).find(|it| it.name() == way) else {
        return output.fault(present::recover::unknown(&way, &state));
    };
    if let Some(command) = way.command() {
        return output.fault(present::recover::elsewhere(way, command));
    }
    if let Some(exit) = refused(way, &state, args.yes, world, output)? {
        return Ok(exit);
    }
    go(&target, way, &args.resources, global, world, output)
}

pub(super) fn rollback(
    args: &RollbackArgs,
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Exit> {
    let (target, state) = match look(args.stack.as_ref(), global, world, output)? {
        Ok(found) => found,
        Err(exit) => return Ok(exit),
    };
    let has = |way: Way| state.ways.contains(&way);
    let skips = args.force || !args.orphans.is_empty();
    let status = &state.stack.status;
    if status.is_rollback() && status.as_str().ends_with("_COMPLETE") {
        writeln!(output.err, "{}", present::recover::already(&state))?;
        return Ok(Exit::Done);
    }
    let way = match () {
        // One that was begun is watched to its end.
        () if has(Way::RollBack) || status.is_rollback() && status.is_busy() => Way::RollBack,
        () if has(Way::Skip) && skips => Way::Skip,
        () if has(Way::Continue) => Way::Continue,
        () if has(Way::Cancel) => Way::Cancel,
        () => return output.fault(present::recover::nothing_to_turn_back(&state)),
    };
    if let Some(exit) = refused(way, &state, args.yes, world, output)? {
        return Ok(exit);
    }
    go(&target, way, &args.orphans, global, world, output)
}

/// How the run ends if something would be lost, and nobody says yes to that.
fn refused(
    way: Way,
    state: &State,
    yes: bool,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Option<Exit>> {
    // What has begun is only watched.
    if !way.loses(&state.stack.status) || yes || way.is_begun(&state.stack.status) {
        return Ok(None);
    }
    if !world.is_interactive {
        let fault = present::recover::loses(way, &output.command);
        output.fault(fault)?;
        return Ok(Some(Exit::No));
    }
    write!(output.err, "{}", present::recover::question(way, &state.stack.name))?;
    output.err.flush()?;
    Ok((!ops::deploy::is_yes(&(world.read_line)()?)).then_some(Exit::No))
}

/// The stack, and how it is.
fn look(
    stack: Option<&String>,
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Result<(Target, State), Exit>> {
    let names: Vec<String> = stack.cloned().into_iter().collect();
    let targets = match targets(&names, global, world, output)? {
        Ok(targets) => targets,
        Err(exit) => return Ok(Err(exit)),
    };
    let target = match targets.as_slice() {
        [target] => target.clone(),
        several => {
            let names: Vec<String> = several.iter().map(|it| it.name.clone()).collect();
            return output.fault(super::stacks::several(&names)).map(Err);
        }
    };
    match aws::block_on(ops::recover::state(world, &target, &reach(global))) {
        Ok(Some(state)) => Ok(Ok((target, state))),
        Ok(None) => super::stacks::not_deployed(&target, output).map(Err),
        Err(ending) => failed(&target.name, &ending, output).map(Err),
    }
}

fn go(
    target: &Target,
    way: Way,
    resources: &[String],
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Exit> {
    if !resources.is_empty() && !matches!(way, Way::Skip | Way::Keep) {
        return output.fault(present::recover::takes_no_resources(way, resources));
    }
    let sources = Sources::default();
    let origins = Origins { stacks: &[], sources: &sources };
    let mut printer = Printer::new(output, world, origins, false);
    let reach = reach(global);
    let ending = aws::block_on(ops::recover::recover(world, target, &reach, way, resources, &mut printer));
    printer.finish()?;
    Ok(exit_of_one(&ending))
}
