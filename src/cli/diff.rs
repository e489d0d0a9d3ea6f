//! `asi diff`

use std::{io, path::Path};

use asi_constructs::kernel::diagnostic::Diagnostic;
#[cfg(feature = "aws")]
use asi_constructs::kernel::diagnostic::has_errors;
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
#[cfg(feature = "aws")]
use crate::{
    ops::{Deployables, deploy::Settings, diff::Asking},
    world::aws,
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
    /// The names of stacks; or what there was and what there is, and then the names of stacks. `-` is standard input
    #[arg(value_name = "STACK|OLD NEW")]
    what: Vec<String>,
    /// Compare the stack file with what it was at this branch, tag or commit
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// Whom to ask what a deployment would change
    #[cfg(feature = "aws")]
    #[arg(short, long, value_name = "METHOD", default_value = "template")]
    method: Method,
    /// A value for a parameter, of one stack or of all that have it, as a deployment would give it
    #[cfg(feature = "aws")]
    #[arg(long = "parameter", visible_alias = "parameters", value_name = "[STACK:]NAME=VALUE")]
    parameters: Vec<String>,
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

/// Whom to ask.
#[cfg(feature = "aws")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    /// Nobody: read the template that is deployed, and take the schemas' word for what is replaced
    Template,
    /// CloudFormation, which knows every value
    ChangeSet,
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
    let is_path = |it: &String| it == "-" || it.contains(['.', '/']) || world.files.exists(Path::new(it));
    let (between, stacks) = match (&args.base, args.what.as_slice()) {
        (Some(reference), names) => (Between::Revision(reference, &global.file), names),
        (None, [old, new, names @ ..]) if is_path(old) || is_path(new) => {
            (Between::Paths(Path::new(old), Path::new(new)), names)
        }
        (None, [one]) if is_path(one) => return output.fault(one_side()),
        (None, _) => return with_deployed(args, global, world, output),
    };
    let request = Request { between, environment: global.env.as_deref(), stacks };
    let comparison = ops::diff(world.files.as_ref(), world.revisions.as_ref(), &request);
    show(args, &comparison, output)
}

fn one_side() -> Diagnostic {
    Diagnostic::error("nothing-to-compare", "there is one side, and nothing to compare it with")
        .help("name what there was and what there is: `asi diff OLD NEW`")
}

/// Compares the stack file with what is deployed.
#[cfg(feature = "aws")]
fn with_deployed(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let parameters = match super::deploy::parameters(&args.parameters) {
        Ok(parameters) => parameters,
        Err(fault) => return output.fault(fault),
    };
    let deployables: Deployables = match &global.app {
        Some(folder) => ops::assembled(world.files.as_ref(), folder, &args.what, true),
        None => ops::synthesize(world.files.as_ref(), &global.file, global.env.as_deref(), &args.what).into(),
    };
    if has_errors(&deployables.diagnostics) {
        return output.diagnostics(&deployables.diagnostics, &deployables.sources);
    }
    let settings = Settings {
        parameters,
        // Two at once do not get into each other's way.
        change_set: format!("asi-diff-{}", aws::token()),
        profile: global.profile.clone(),
        region: global.region.clone(),
        ..Settings::default()
    };
    let asking = match args.method {
        Method::Template => Asking::Templates,
        Method::ChangeSet => Asking::ChangeSet,
    };
    let (stacks, sources) = (deployables.stacks.clone(), deployables.sources.clone());
    match aws::block_on(ops::diff::deployed(world, deployables, &settings, asking)) {
        Ok(comparison) => show(args, &comparison, output),
        Err((name, ending)) => {
            let of = stacks.iter().find(|it| it.target.name == name);
            let faults = present::faults(&ending, &name, of, &output.command);
            output.diagnostics(&faults, &sources)?;
            Ok(super::deploy::exit_of_one(&ending))
        }
    }
}

/// Says that this takes what this program was built without.
#[cfg(not(feature = "aws"))]
fn with_deployed(_: &Args, _: &Global, _: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let fault = "comparing with what is deployed takes access to AWS, which this `asi` was built without";
    let fault = Diagnostic::error("nothing-to-compare", fault);
    output.fault(
        fault.help("compare with a revision, `asi diff --base main`, or two templates, `asi diff OLD NEW`"),
    )
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
