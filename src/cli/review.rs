//! `asi review`

use std::io;

use clap::ValueEnum;

#[cfg(feature = "aws")]
use super::sides::Method;
use super::{
    Exit, Global, Output,
    sides::{SidesArgs, compare},
};
use crate::{
    ops::{
        Reviewed,
        diff::Between,
        review::{Basis, Threshold, check, reviewed},
    },
    present::{self, review::Frame},
    render, wire,
    world::World,
};

/// How many bytes of Markdown are printed: GitHub takes comments of 65,536 characters.
const LONGEST_COMMENT: usize = 65_000;

/// Say what will hurt, for those who have to approve a change
///
/// Ranks what a change does by how much it hurts: data that is lost, what is opened to the internet, permissions that
/// are widened, protections that go, names that become others; then what those who use the system will notice, and what
/// to see to. Each is bound to the line of the stack file that leads to it, and all of the change follows below.
///
/// With --base it compares the stack file with what it was at a revision, or with two names the one with the other: then
/// it needs no credentials, and is safe for a pull request from a fork. It reviews all environments, or that of --env.
///
/// The fingerprint it ends with is the identity of the plan: `asi deploy --approved FINGERPRINT` carries out this plan,
/// and stops if another one is to be done by then.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done; 1 the answer is no, by --fail-on; 2 an input is wrong; 3 the world failed."
)]
pub(super) struct Args {
    #[command(flatten)]
    sides: SidesArgs,
    /// Whom to ask what a deployment would change
    #[cfg(feature = "aws")]
    #[arg(short, long, value_name = "METHOD", default_value = "change-set")]
    method: Method,
    /// How to print the review
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Show all of the change, too; Markdown and JSON always have it
    #[arg(long)]
    all: bool,
    /// Exit with 1 if the change is as bad as this
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
}

/// How to print a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For a comment in a pull request, short enough for one
    Markdown,
    /// For programs
    Json,
}

/// How bad a change has to be for the answer to be no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// There is a danger
    Danger,
    /// A resource is replaced, or may be
    Replacement,
    /// More is allowed, or can be reached, than before
    Broadening,
    /// Anything differs
    AnyChange,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let environment = global.env.as_deref();
    match args.sides.between("review", global, world) {
        Err(fault) => output.fault(fault),
        Ok(Some(named)) => {
            let comparison = compare(named, environment, world);
            let new = match named.0 {
                Between::Paths(_, new) | Between::Revision(_, new) => new,
            };
            let exit = output.diagnostics(&comparison.diagnostics, &comparison.sources)?;
            if exit != Exit::Done {
                return Ok(exit);
            }
            let check = |environment: Option<&str>| check(world.files.as_ref(), new, environment);
            let each = reviewed(comparison, Basis::Templates).by_environment(check);
            show(args, &each, output)
        }
        #[cfg(feature = "aws")]
        Ok(None) => online(args, global, world, output),
        #[cfg(not(feature = "aws"))]
        Ok(None) => output.fault(super::sides::without_aws("review")),
    }
}

/// Reviews what deploying would change in what is deployed: of the environment that was chosen, or of each there is.
#[cfg(feature = "aws")]
fn online(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let files = world.files.as_ref();
    let mut environments = vec![global.env.clone()];
    if global.env.is_none() && global.app.is_none() && !args.sides.names_stacks() {
        let listing = crate::ops::list(files, &global.file, None);
        let exit = output.diagnostics(&listing.diagnostics, &listing.sources)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        environments = listing.stacks.into_iter().map(|it| it.environment).collect();
        environments.dedup();
    }
    let mut each = Vec::new();
    for environment in environments {
        let deployed = args.sides.deployed(args.method, environment.as_deref(), global, world, output)?;
        let comparison = match deployed {
            Ok(comparison) => comparison,
            Err(exit) => return Ok(exit),
        };
        output.diagnostics(&comparison.diagnostics, &comparison.sources)?;
        let new = global.app.as_deref().unwrap_or(&global.file);
        let basis = match args.method {
            Method::Template => Basis::Deployed,
            Method::ChangeSet => Basis::ChangeSets,
        };
        let mut of_environment = reviewed(comparison, basis);
        of_environment.hear(check(files, new, environment.as_deref()));
        each.push((environment, of_environment));
    }
    show(args, &each, output)
}

fn show(args: &Args, each: &[(Option<String>, Reviewed)], output: &mut Output<'_>) -> io::Result<Exit> {
    let threshold = args.fail_on.map(|it| match it {
        FailOn::Danger => Threshold::Danger,
        FailOn::Replacement => Threshold::Replacement,
        FailOn::Broadening => Threshold::Broadening,
        FailOn::AnyChange => Threshold::AnyChange,
    });
    let is_no = threshold.is_some_and(|threshold| each.iter().any(|(_, it)| it.reaches(threshold)));
    let frame = Frame { revisions: [args.sides.base.clone(), None], ..Frame::default() };
    let framed = |environment: &Option<String>, it: &Reviewed| {
        let title = match it.comparison.stacks.as_slice() {
            [only] => only.name.clone(),
            _ => String::new(),
        };
        Frame { title, environment: environment.clone(), ..frame.clone() }
    };
    match args.format {
        Format::Json => output.out.write_all(wire::review(each).as_bytes())?,
        Format::Markdown => {
            for (environment, it) in each {
                let sections = present::review::sections(it, &framed(environment, it));
                let text = render::fitted(&sections, LONGEST_COMMENT / each.len());
                output.out.write_all(text.as_bytes())?;
            }
        }
        Format::Text => {
            for (environment, it) in each {
                output.doc(&present::review::review(it, &framed(environment, it), args.all))?;
            }
        }
    }
    Ok(if is_no { Exit::No } else { Exit::Done })
}
