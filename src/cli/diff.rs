//! `asi diff`

use std::{io, path::Path};

use clap::ValueEnum;

use super::{Exit, Global, Output};
use crate::{
    ops::{
        self, Comparison,
        diff::{Between, Request},
    },
    present::{self, View},
    render, wire,
    world::World,
};

/// The longest comment GitHub takes, in characters, less what somebody may put around it.
const LONGEST_COMMENT: usize = 65_000;

/// Show what a change of templates does
///
/// Compares two templates, stack files or cloud assemblies, stack by stack; or, with --base, the stack file with
/// what it was at a revision of git. Says what is replaced and why, what follows from that, what loses data, and
/// who may do more than before, the worst first. Asks nothing of AWS: what is deployed is not looked at.
#[derive(Debug, clap::Args)]
#[command(
    visible_alias = "plan",
    after_help = "Exit codes: 0 done; 1 something differs, with --fail; 2 an input is wrong; 3 the world failed."
)]
pub(super) struct Args {
    /// What there was and what there is, then the names of stacks; with --base only these. `-` is standard input
    #[arg(value_name = "OLD NEW|STACK")]
    what: Vec<String>,
    /// Compare the stack file with what it was at this branch, tag or commit
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
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
    let (between, stacks) = match (&args.base, args.what.as_slice()) {
        (Some(reference), names) => (Between::Revision(reference, &global.file), names),
        (None, [old, new, names @ ..]) => (Between::Paths(Path::new(old), Path::new(new)), names),
        (None, fewer) => (Between::Deployed(fewer.len()), &[][..]),
    };
    let request = Request { between, environment: global.env.as_deref(), stacks };
    let comparison = ops::diff(world.files.as_ref(), world.revisions.as_ref(), &request);
    let exit = output.diagnostics(&comparison.diagnostics, &comparison.sources)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    match args.format {
        Format::Text => {
            output.doc(&present::diff(&comparison, &View::terminal(args.all, args.security_only)))?;
        }
        Format::Markdown => output.out.write_all(comment(args, &comparison).as_bytes())?,
        Format::Json => output.out.write_all(wire::diff(&comparison).as_bytes())?,
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
