//! `asi ls`

use std::{io, path::Path};

use super::{
    Exit, Global, Output,
    app::{For, assembly},
};
use crate::{
    ops::{self, list::Listed},
    wire,
    world::World,
};

/// List the stacks of the stack file, or of an app
///
/// One name a line: the stacks of each environment, or of the one chosen with --env; of an app, the path of each stack in it,
/// which is what patterns such as `Prod/*` are about.
///
/// --long and --show-dependencies print what `cdk ls` prints with them: one document in YAML, or in JSON with --json. A stack
/// of an app is then `PATH (NAME)`, where CloudFormation knows it by another name. What the stacks of a stack file need is
/// known once they are synthesized.
#[derive(Debug, clap::Args)]
#[command(visible_alias = "list")]
pub(super) struct Args {
    /// Only the stacks of an app that these patterns mean
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// Print the name, account and region of each stack, as the CDK does
    #[arg(short, long)]
    long: bool,
    /// Print the stacks that each stack needs, with those that these need, as the CDK does
    #[arg(short = 'd', long)]
    show_dependencies: bool,
    /// Print JSON with environment, account and region; of an app, also with the names CloudFormation knows stacks by, and
    /// with what each needs; with --long or --show-dependencies, the CDK's
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    match assembly(For::List, global, world, output)? {
        Ok(Some(folder)) => return of_app(args, folder, world, output),
        Ok(None) => (),
        Err(exit) => return Ok(exit),
    }
    if args.stacks.is_empty() && args.show_dependencies {
        let files = world.files.as_ref();
        let synthesis = ops::synthesize_each(files, &global.file, global.env.as_deref(), &[], None);
        return in_detail(args, &synthesis.into(), output);
    }
    let listing = ops::list(world.files.as_ref(), &global.file, global.env.as_deref());
    let exit = output.diagnostics(&listing.diagnostics, &listing.sources)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    if !args.stacks.is_empty() {
        return output.fault(ops::list::only_of_an_app());
    }
    if args.long {
        return print(args, &listing.into(), output);
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
    let listed = ops::list::assembled(world.files.as_ref(), folder, &args.stacks);
    if args.long || args.show_dependencies {
        return in_detail(args, &listed, output);
    }
    let exit = output.diagnostics(&listed.diagnostics, &listed.sources)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    if args.json {
        write!(output.out, "{}", wire::assembled(listed.stacks()))?;
    } else {
        for stack in listed.stacks() {
            writeln!(output.out, "{}", stack.name)?;
        }
    }
    Ok(Exit::Done)
}

/// Lists stacks as the CDK does in detail.
fn in_detail(args: &Args, listed: &Listed, output: &mut Output<'_>) -> io::Result<Exit> {
    match output.diagnostics(&listed.diagnostics, &listed.sources)? {
        Exit::Done => print(args, listed, output),
        exit => Ok(exit),
    }
}

/// Prints stacks as the CDK does in detail.
fn print(args: &Args, listed: &Listed, output: &mut Output<'_>) -> io::Result<Exit> {
    let stacks = match listed.details(args.show_dependencies) {
        Ok(stacks) => stacks,
        Err(fault) => return output.fault(fault),
    };
    let write = if args.json { wire::details } else { wire::details_yaml };
    write!(output.out, "{}", write(&stacks, args.long))?;
    Ok(Exit::Done)
}
