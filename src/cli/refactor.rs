//! `asi refactor`

use std::{io, path::PathBuf};

use clap::ValueEnum;

use super::{
    Exit, Global, Output, colored,
    deploy::{deployables, exit_of_one},
    stacks::{reach, worst},
};
use crate::{
    ops::{
        self, Choice, Deployables,
        refactor::{End, News, Outcome, Settings, mapping},
    },
    present, wire,
    world::{World, aws},
};

/// Move resources to other stacks and to other logical ids, as they are
///
/// Compares what is deployed with what is synthesized, all stacks together: what went in one place and came in another, with
/// the same properties, has moved, and what refers to it with it. Shows that, asks, has CloudFormation make a stack
/// refactoring, and executes it if that does what was shown and nothing else. Nothing is made, deleted or changed by it:
/// what else differs is left to `asi deploy`, which follows. A run that was interrupted can be run again: it watches what is
/// under way, and goes on.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: cloudformation:DescribeStacks, GetTemplate, GetStackPolicy; without --dry-run also ListStackRefactors, CreateStackRefactor, DescribeStackRefactor, ListStackRefactorActions, ExecuteStackRefactor, DescribeStackEvents, and what CloudFormation needs to read and to tag the resources that move; sts:GetCallerIdentity where a stack is bound to an account, or a file names one, or a template is large; for a large template s3:GetObject, s3:PutObject; sts:AssumeRole with --app.\n\nExit codes: 0 done, or nothing has moved; 1 it failed, CloudFormation refuses it, or nobody said yes; 2 an input is wrong, it is not clear what has moved, or it cannot; 3 AWS cannot be asked, or a stack is stuck."
)]
pub(super) struct Args {
    /// The stacks between which something has moved, by the names `asi ls` prints; if absent, all those of the chosen
    /// environment, or of the app
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// Show what would be moved, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// A stack that is not, or no longer, of the app, and that something has come from; may be given several times
    #[arg(long = "additional-stack-name", value_name = "NAME")]
    additional: Vec<String>,
    /// A file in JSON that says which resource is which where that is not clear, in the form of the CDK
    #[arg(long, value_name = "FILE")]
    override_file: Option<PathBuf>,
    /// Move what the file says back, and nothing else
    #[arg(long, requires = "override_file")]
    revert: bool,
    /// Say yes
    #[arg(short, long, visible_alias = "force")]
    yes: bool,
    /// How to print what moves
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How to print what moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let choice = match args.stacks.as_slice() {
        [] => Choice::All,
        patterns => Choice::Named { patterns, exclusively: true },
    };
    let (mut all, exit) = deployables(choice, global, world, output)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let mut mappings = Vec::new();
    if let Some(path) = &args.override_file {
        let (read, faults) = mapping::read(world.files.as_ref(), path, &mut all.sources);
        let exit = output.diagnostics(&faults, &all.sources)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        mappings = read;
    }
    if args.revert {
        mappings = mappings.into_iter().map(ops::refactor::Mapping::reverted).collect();
    }
    let settings = Settings {
        reach: reach(global),
        yes: args.yes,
        only_shows: args.dry_run,
        additional: &args.additional,
        mappings,
        is_exact: args.revert,
    };
    let mut failure = None;
    let mut hear = |news: &News<'_>| {
        if failure.is_none() {
            failure = print(news, args, &all, output).err();
        }
    };
    let outcomes = aws::block_on(ops::refactor::refactor(world, &all, &settings, &mut hear));
    if let Some(error) = failure {
        return Err(error);
    }
    let mut exit = Exit::Done;
    for outcome in &outcomes {
        if let Some(line) = present::refactor::ending(outcome).filter(|_| !output.quiet) {
            writeln!(output.err, "{line}")?;
        }
        let faults = present::refactor::faults(outcome, &all, &output.command);
        output.diagnostics(&faults, &all.sources)?;
        exit = worst(exit, exit_of(outcome));
    }
    if args.format == Format::Json {
        output.out.write_all(wire::refactorings(&outcomes, &all.sources).as_bytes())?;
    }
    Ok(exit)
}

/// Prints what happens. What would be done is the result where nothing else is asked for.
fn print(news: &News<'_>, args: &Args, all: &Deployables, output: &mut Output<'_>) -> io::Result<()> {
    if let Some(line) = present::refactor::notice(news) {
        return if output.quiet { Ok(()) } else { writeln!(output.err, "{line}") };
    }
    match news {
        News::Planned(plan) => {
            let doc = present::refactor::plan(plan, &all.sources);
            match (args.dry_run, args.format) {
                (true, Format::Text) => output.doc(&doc),
                (true, Format::Json) => Ok(()),
                (false, _) => output.err.write_all(colored(&doc, output.colors_err).as_bytes()),
            }
        }
        News::Question(plan) => {
            write!(output.err, "{}", present::refactor::question(plan))?;
            output.err.flush()
        }
        News::Event(stack, event) if !output.quiet || event.status.is_failure() => {
            let doc = present::refactor::event(stack, event);
            output.err.write_all(colored(&doc, output.colors_err).as_bytes())
        }
        News::Event(..) | News::Resumed(_) | News::Preparing | News::Began(_) | News::Finished(_) => Ok(()),
    }
}

fn exit_of(outcome: &Outcome) -> Exit {
    match &outcome.end {
        End::Nothing | End::Shown | End::Done => Exit::Done,
        End::Unclear(_) | End::Blocked(_) | End::Policy(_) => Exit::Input,
        End::Refused { .. } | End::Differs { .. } | End::Failed { .. } | End::Left => Exit::No,
        End::Busy(..) => Exit::World,
        End::Ended(_, ending) => exit_of_one(ending),
    }
}
