//! `asi ls`

use std::{io, path::Path};

use super::{
    Exit, Global, Output,
    app::{For, assembly},
};
use crate::{ops, wire, world::World};

/// List the stacks of the stack file, or of an app
///
/// One name a line: the stacks of each environment, or of the one chosen with --env; of an app, the path of each stack in it,
/// which is what patterns such as `Prod/*` are about.
#[derive(Debug, clap::Args)]
#[command(visible_alias = "list")]
pub(super) struct Args {
    /// Only the stacks of an app that these patterns mean
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// Print JSON with environment, account and region; of an app, also with the names CloudFormation knows stacks by, and
    /// with what each needs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    match assembly(For::List, global, world, output)? {
        Ok(Some(folder)) => return of_app(args, folder, world, output),
        Ok(None) => (),
        Err(exit) => return Ok(exit),
    }
    let listing = ops::list(world.files.as_ref(), &global.file, global.env.as_deref());
    let exit = output.diagnostics(&listing.diagnostics, &listing.sources)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    if !args.stacks.is_empty() {
        return output.fault(ops::list::only_of_an_app());
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

/// Lists the stacks of an assembly.
fn of_app(args: &Args, folder: &Path, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let (stacks, diagnostics, sources) = ops::list::assembled(world.files.as_ref(), folder, &args.stacks);
    let exit = output.diagnostics(&diagnostics, &sources)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    if args.json {
        write!(output.out, "{}", wire::assembled(&stacks))?;
    } else {
        for stack in &stacks {
            writeln!(output.out, "{}", stack.name)?;
        }
    }
    Ok(Exit::Done)
}
