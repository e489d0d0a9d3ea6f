//! `asi recover` and `asi rollback`

use std::io;

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, nearest},
    span::Sources,
};

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
    after_help = "Calls of AWS: cloudformation:DescribeStacks, ListStackResources, DescribeStackEvents; and, as the way needs it, CancelUpdateStack, RollbackStack, ContinueUpdateRollback, DeleteStack; where a service of ECS does not come up: ecs:DescribeServices, ListTasks, DescribeTasks.\n\nExit codes: 0 done, or nothing to do; 1 it failed, or no way was chosen; 2 the input is wrong; 3 AWS cannot be asked."
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
            write!(output.err, "\nWhich way? ")?;
            output.err.flush()?;
            (world.read_line)()?.trim().to_owned()
        }
        None => {
            let fault = Diagnostic::error("no-consent", "nobody is here to choose a way");
            let ways = state.ways.iter().filter(|it| it.command().is_none());
            let names: Vec<String> =
                ways.map(|it| format!("`{} --way {}`", output.command, it.name())).collect();
            output.fault(fault.help(format!("name one: {}", names.join(", "))))?;
            return Ok(Exit::No);
        }
    };
    let names: Vec<&str> = state.ways.iter().map(|it| it.name()).collect();
    let Some(way) = state.ways.iter().copied().find(|it| it.name() == way) else {
        let fault = Diagnostic::error("no-way", format!("there is no way `{way}` on from here"));
        let help =
            nearest(&way, &names).map_or_else(|| names.join(", "), |it| format!("did you mean `{it}`?"));
        return output.fault(fault.help(help));
    };
    if let Some(command) = way.command() {
        let fault = Diagnostic::error("no-way", format!("`{}` is gone by another command", way.name()));
        return output.fault(fault.help(format!("run `{command}`")));
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
        writeln!(output.err, "`{}` is in {status}", target.name)?;
        return Ok(Exit::Done);
    }
    let way = match () {
        // One that was begun is watched to its end.
        () if has(Way::RollBack) || status.is_rollback() && status.is_busy() => Way::RollBack,
        () if has(Way::Skip) && skips => Way::Skip,
        () if has(Way::Continue) => Way::Continue,
        () if has(Way::Cancel) => Way::Cancel,
        () => {
            let fault =
                format!("`{}` is in {}, and there is nothing to turn back", target.name, state.stack.status);
            return output
                .fault(Diagnostic::error("no-way", fault).help("`asi recover` says what can be done"));
        }
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
    if !way.loses(&state.stack.status) || yes {
        return Ok(None);
    }
    if !world.is_interactive {
        let fault = format!("`{}` loses something, and nobody is here to say yes", way.name());
        let fault = Diagnostic::error("no-consent", fault);
        output.fault(fault.help(format!("say yes: `{} --yes`", output.command)))?;
        return Ok(Some(Exit::No));
    }
    write!(output.err, "{} {}? [y/N] ", way.name(), state.stack.name)?;
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
        Ok(None) => {
            writeln!(output.err, "`{}` is not deployed", target.name)?;
            Ok(Err(Exit::Done))
        }
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
        let fault =
            format!("`{}` takes no resources, and these were named: {}", way.name(), resources.join(", "));
        return output.fault(Diagnostic::error("no-way", fault).help("leave them out, or go another way"));
    }
    let sources = Sources::default();
    let origins = Origins { stacks: &[], sources: &sources };
    let mut printer = Printer::new(output, world.is_interactive, origins, false);
    let reach = reach(global);
    let ending = aws::block_on(ops::recover::recover(world, target, &reach, way, resources, &mut printer));
    printer.finish()?;
    Ok(exit_of_one(&ending))
}
