//! `asi diff`

use std::io;

use clap::ValueEnum;

#[cfg(feature = "aws")]
use super::sides::Method;
use super::{
    Exit, Global, Output,
    sides::{SidesArgs, compare},
};
use crate::{
    ops::Comparison,
    present::{self, View},
    render, wire,
    world::World,
};

/// The longest comment GitHub takes, in characters, less what somebody may put around it.
const LONGEST_COMMENT: usize = 65_000;

/// Show what a change of templates does
///
/// Compares the stacks of the stack file with what is deployed of them; or two templates, stack files or cloud
/// assemblies, stack by stack; or, with --base, the stack file with what it was at a revision of git. Says what is
/// replaced and why, what follows from that, what loses data, and who may do more than before, the worst first.
///
/// Changes nothing: what is deployed is only read, and nothing at all is asked of AWS where two sides are given, or a
/// revision. Only --method change-set makes something: a change set, which it deletes again, and for CloudFormation to
/// read them, the files of an assembly and a template that is too large to be sent along, which stay in their bucket.
#[derive(Debug, clap::Args)]
#[command(
    visible_alias = "plan",
    after_help = "Calls of AWS, where no other side is given: cloudformation:DescribeStacks, GetTemplate; with --method change-set also CreateChangeSet, DescribeChangeSet, DeleteChangeSet, DescribeEvents where it is refused, for a new stack ListChangeSets and DeleteStack, and for a large template or with --app those for files that asi deploy makes.\n\nExit codes: 0 done; 1 something differs, with --fail; 2 an input is wrong; 3 the world failed."
)]
pub(super) struct Args {
    #[command(flatten)]
    sides: SidesArgs,
    /// Whom to ask what a deployment would change
    #[cfg(feature = "aws")]
    #[arg(short, long, value_name = "METHOD", default_value = "template")]
    method: Method,
    /// Exit with 1 if anything differs
    #[arg(long)]
    fail: bool,
    /// Show only who may do what, and who reaches whom; with --fail, exit with 1 if more is allowed than before
    #[arg(long)]
    security_only: bool,
    /// How to print what differs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Show what follows from other changes, too, and what is hardly worth a line; JSON always has it
    #[arg(long)]
    all: bool,
}

/// How to print what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For a comment in a pull request, short enough for one
    Markdown,
    /// For programs
    Json,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    if let Err(exit) = args.sides.open(global, world, output)? {
        return Ok(exit);
    }
    match args.sides.between("diff", global, world) {
        Err(fault) => output.fault(fault),
        Ok(Some(named)) => show(args, &compare(named, global.env.as_deref(), world), output),
        #[cfg(feature = "aws")]
        Ok(None) => {
            match args.sides.deployed(args.method, false, global.env.as_deref(), global, world, output)? {
                Ok(comparison) => show(args, &comparison, output),
                Err(exit) => Ok(exit),
            }
        }
        #[cfg(not(feature = "aws"))]
        Ok(None) => output.fault(super::sides::without_aws("diff")),
    }
}

fn show(args: &Args, comparison: &Comparison, output: &mut Output<'_>) -> io::Result<Exit> {
    let exit = output.diagnostics(&comparison.diagnostics, &comparison.sources)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    match args.format {
        Format::Text => {
            output.doc(&present::diff(comparison, &View::terminal(args.all, args.security_only)))?;
        }
        Format::Markdown => output.out.write_all(comment(args, comparison).as_bytes())?,
        Format::Json => output.out.write_all(wire::diff(comparison).as_bytes())?,
    }
    let is_no = if args.security_only { comparison.broadens() } else { comparison.differs() };
    Ok(if args.fail && is_no { Exit::No } else { Exit::Done })
}

/// As much as a comment takes.
fn comment(args: &Args, comparison: &Comparison) -> String {
    let at = |step| {
        render::markdown(&present::diff(comparison, &View::review(args.all, args.security_only, step)))
    };
    let fits = |it: &String| it.chars().count() <= LONGEST_COMMENT;
    (0..View::STEPS).map(at).find(fits).unwrap_or_else(|| {
        let whole = at(View::STEPS);
        let end = whole.char_indices().nth(LONGEST_COMMENT).map_or(whole.len(), |(at, _)| at);
        // A line is not cut in the middle.
        let end = whole[..end].rfind('\n').unwrap_or(end);
        format!("{}\n\nThe rest is too long for a comment: `asi diff` prints it.\n", &whole[..end])
    })
}
