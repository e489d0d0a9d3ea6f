//! `asi review`

use std::{
    io,
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::{
    Exit, Global, Output, colored,
    sides::{SidesArgs, compare},
};
#[cfg(feature = "aws")]
use super::{
    post::{Post, PostArgs},
    sides::Method,
};
use crate::{
    graph,
    ops::{
        self, Reviewed,
        diff::Between,
        graph::Drawn,
        review::{Basis, Threshold, check, reviewed},
    },
    present::{
        self,
        review::{Frame, Part},
    },
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
/// As HTML it is one file without anything from elsewhere, with a picture of each stack in which all that changes is
/// marked: for the artifacts of a build. As SARIF it goes to code scanning, which keeps to what it knows already.
///
/// The fingerprint it ends with is the identity of the plan: `asi deploy --approved FINGERPRINT` carries out this plan,
/// and stops if another one is to be done by then.
///
/// With --post it keeps a comment for each environment in the pull request that CI runs for, which is written once there
/// is something to say, changed in place, and a line when nothing changes any more. On GitHub it also marks the lines that
/// lead to dangers, and adds the whole review to the page of the run.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS, where no other side is given: cloudformation:DescribeStacks, GetTemplate; with --method change-set also CreateChangeSet, DescribeChangeSet, DescribeEvents, DeleteChangeSet, for a new stack ListChangeSets and DeleteStack, and for a large template or with --app those for files that asi deploy makes; codeconnections:GetConnection where something names a connection, and ecr:DescribeImages where an image is to be run, both of which may be refused.\n\nEnvironment, with --post github: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_EVENT_PATH, GITHUB_REF, GITHUB_SHA, GITHUB_SERVER_URL, GITHUB_RUN_ID, GITHUB_WORKSPACE, GITHUB_STEP_SUMMARY; with --post gitlab: GITLAB_TOKEN, CI_API_V4_URL, CI_PROJECT_ID, CI_PROJECT_URL, CI_PROJECT_DIR, CI_MERGE_REQUEST_IID, CI_MERGE_REQUEST_SOURCE_BRANCH_SHA, CI_COMMIT_SHA, CI_JOB_URL. All but the token are set by CI.\n\nExit codes: 0 done; 1 the answer is no, by --fail-on; 2 an input is wrong; 3 the world failed, or the review is not posted."
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
    /// Write it into this file, and print nothing
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show all of the change, too; Markdown, HTML and JSON always have it
    #[arg(long)]
    all: bool,
    /// Exit with 1 if the change is as bad as this
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    post: PostArgs,
}

/// How to print a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For a comment in a pull request, short enough for one
    Markdown,
    /// For a browser: one page that needs nothing else, with pictures
    Html,
    /// For programs
    Json,
    /// For code scanning, as SARIF 2.1.0
    Sarif,
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
    if let Err(exit) = args.sides.open(global, world, output)? {
        return Ok(exit);
    }
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
            finish(args, &each, (new, named.1), global, world, output)
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
        let deployed =
            args.sides.deployed(args.method, true, environment.as_deref(), global, world, output)?;
        let comparison = match deployed {
            Ok(comparison) => comparison,
            Err(exit) => return Ok(exit),
        };
        output.diagnostics(&comparison.diagnostics, &comparison.sources)?;
        let basis = match args.method {
            Method::Template => Basis::Deployed,
            Method::ChangeSet => Basis::ChangeSets,
        };
        let mut of_environment = reviewed(comparison, basis);
        let new = global.told.folder().unwrap_or(&global.file);
        of_environment.hear(check(files, new, environment.as_deref()));
        each.push((environment, of_environment));
    }
    let new = global.told.folder().unwrap_or(&global.file);
    finish(args, &each, (new, args.sides.stacks()), global, world, output)
}

/// Shows the reviews, and posts them if that was asked for.
#[cfg_attr(
    not(feature = "aws"),
    expect(unused_variables, reason = "only what talks to the world needs them")
)]
fn finish(
    args: &Args,
    each: &[(Option<String>, Reviewed)],
    (file, stacks): (&Path, &[String]),
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Exit> {
    let shown = show(args, each, world, output)?;
    #[cfg(feature = "aws")]
    {
        let level =
            if args.fail_on == Some(FailOn::Danger) { render::Level::Error } else { render::Level::Warning };
        let post = Post {
            each,
            frame: &|environment, it| framed(args, environment, it),
            file,
            stacks,
            level,
            is_text: args.format == Format::Text,
        };
        // What was to be posted and is not is worse than an answer.
        let posted = super::post::post(&args.post, &post, global, world, output)?;
        if posted != Exit::Done {
            return Ok(posted);
        }
    }
    Ok(shown)
}

/// What is about a review.
fn framed(args: &Args, environment: Option<&str>, it: &Reviewed) -> Frame {
    let title = match it.comparison.stacks.as_slice() {
        [only] => only.name.clone(),
        _ => String::new(),
    };
    let revisions = [args.sides.base.clone(), None];
    Frame { title, environment: environment.map(str::to_owned), revisions, ..Frame::default() }
}

fn show(
    args: &Args,
    each: &[(Option<String>, Reviewed)],
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Exit> {
    let threshold = args.fail_on.map(|it| match it {
        FailOn::Danger => Threshold::Danger,
        FailOn::Replacement => Threshold::Replacement,
        FailOn::Broadening => Threshold::Broadening,
        FailOn::AnyChange => Threshold::AnyChange,
    });
    let is_no = threshold.is_some_and(|threshold| each.iter().any(|(_, it)| it.reaches(threshold)));
    let text = text(args, each, output.colors_out && args.output.is_none());
    let exit = output.text(&text, args.output.as_deref(), world.files.as_ref())?;
    Ok(if exit == Exit::Done && is_no { Exit::No } else { exit })
}

/// Reviews in the format that was asked for.
fn text(args: &Args, each: &[(Option<String>, Reviewed)], colors: bool) -> String {
    let parts = each.iter().map(|(environment, it)| (framed(args, environment.as_deref(), it), it));
    match args.format {
        Format::Json => wire::review(each),
        Format::Sarif => wire::review_sarif(each, args.sides.base.as_deref()),
        Format::Markdown => {
            let limit = LONGEST_COMMENT / each.len();
            parts.map(|(frame, it)| render::fitted(&present::review::sections(it, &frame), limit)).collect()
        }
        Format::Html => {
            let part = |(frame, reviewed)| {
                let drawn = ops::graph::drawn(reviewed).into_iter();
                let dressed = |it: Drawn| (graph::picture(&it.graph, &graph::layout(&it.graph)), it);
                Part { reviewed, frame, pictures: drawn.map(|it| it.map(dressed)).collect() }
            };
            render::page(&present::review::page(parts.map(part).collect()))
        }
        Format::Text => {
            parts.map(|(frame, it)| colored(&present::review::review(it, &frame, args.all), colors)).collect()
        }
    }
}
