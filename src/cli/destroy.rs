//! `asi destroy`

use std::{collections::BTreeSet, io};

use super::{
    Exit, Global, Output,
    app::{For, assembly},
    deploy::exit_of,
    progress::Printer,
    stacks::{reach, targets},
};
use crate::{
    ops::{self, Choice, Deployables, Target, destroy::Settings},
    present::deploy::Origins,
    world::{World, aws},
};

/// Delete stacks
///
/// Shows what goes and what its template says is to stay, asks, and watches the deletion to its end. Stacks that need
/// others are deleted before these, and those that do not need each other side by side. A stack with a bucket or a repository
/// that holds something is not begun with, because CloudFormation deletes only empty ones: name these with --empty.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: cloudformation:DescribeStacks, GetTemplate, DeleteStack, DescribeStackEvents; DescribeEvents where CloudFormation refuses something; where it has a bucket or a repository: ListStackResources, s3:ListBucketVersions, ecr:ListImages; with --empty also s3:DeleteObject, s3:DeleteObjectVersion, ecr:BatchDeleteImage; sts:GetCallerIdentity where a stack is bound to an account; sts:AssumeRole with --app.\n\nExit codes: 0 they are gone; 1 it failed, or nobody said yes; 2 the input is wrong; 3 AWS cannot be asked."
)]
pub(super) struct Args {
    /// The stacks, which may be any in the account; if absent, those of the chosen environment, or the only one of an app
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// The role that CloudFormation takes on; if absent, the one the stack has
    #[arg(short, long, value_name = "ARN")]
    role_arn: Option<String>,
    /// Say yes to everything
    #[arg(short, long, visible_alias = "force")]
    yes: bool,
    /// A bucket or a repository to empty before, for good, by its logical id or by what it is called; no other is
    #[arg(long, value_name = "NAME")]
    empty: Vec<String>,
    /// How many stacks to delete at once
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    concurrency: u8,
    /// Leave the stacks of an app alone that need those that are named
    #[arg(long)]
    exclusively: bool,
    /// Show each resource that goes; where no stack of an app is named, delete all of them, but for those of its stages
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let files = world.files.as_ref();
    // With all of them, so that it is known which needs which; without an environment there are none to be deleted unless
    // they are named.
    let folder = match assembly(For::Use, global, world, output)? {
        Ok(folder) => folder,
        Err(exit) => return Ok(exit),
    };
    let all: Deployables = match folder {
        Some(folder) => ops::assembled(files, folder, Choice::All),
        None => ops::synthesize(files, &global.file, global.env.as_deref(), &[]).into(),
    };
    let choice = if args.all { Choice::TopLevel } else { Choice::Only };
    let mut chosen: Vec<Target> = if args.stacks.is_empty() {
        let meant = folder.map_or_else(|| all.clone(), |it| ops::assembled(files, it, choice));
        let exit = output.diagnostics(&meant.diagnostics, &meant.sources)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        meant.stacks.iter().map(|it| it.target.clone()).collect()
    } else {
        match targets(&args.stacks, global, world, output)? {
            Ok(targets) => targets,
            Err(exit) => return Ok(exit),
        }
    };
    if folder.is_some() && !args.exclusively {
        ops::deployable::with_users(&all, &mut chosen);
    }
    if let Some(fault) = ops::deployable::of_one_name(&chosen) {
        return output.fault(fault);
    }
    let mut named = BTreeSet::new();
    chosen.retain(|it| named.insert(it.name.clone()));
    ops::destroy::in_order(&mut chosen, &all.stacks);
    let settings = Settings {
        reach: reach(global),
        role: args.role_arn.clone(),
        yes: args.yes,
        empty: args.empty.clone(),
        concurrency: usize::from(args.concurrency),
    };
    let origins = Origins { stacks: &all.stacks, sources: &all.sources };
    let mut printer = Printer::new(output, world, origins, args.all);
    let written = (all.stacks.as_slice(), &all.sources);
    let endings = aws::block_on(ops::destroy::destroy(world, &chosen, written, &settings, &mut printer));
    printer.finish()?;
    Ok(exit_of(&endings))
}
