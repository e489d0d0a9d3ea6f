//! `asi gc`

use std::{cell::RefCell, io};

use asi_constructs::kernel::span::Sources;
use clap::ValueEnum;

use super::{
    Exit, Global, Output, bootstrap, colored,
    deploy::exit_of_one,
    stacks::{reach, worst},
    status::Format,
};
use crate::{
    ops::{
        Target,
        bootstrap::STACK,
        contents::HolderKind,
        gc::{self, Garbage, Hindrance, News, Outcome, Settings, collect},
    },
    present, wire,
    world::{World, aws},
};

/// Delete files and images that were published for stacks and that no stack uses any more
///
/// Looks into the bucket and the repository that `asi bootstrap` and `cdk bootstrap` make, for files and images that are named
/// by a hash, and searches for these hashes in the templates and parameters of all stacks of the account and the region, nested
/// ones, and in the change sets that wait to be executed. What none of them has is used by no stack. Prints it, unless told to
/// do more: the CDK deletes if nothing is said, which is `--action full` here.
///
/// Nothing is deleted on a guess: a template that cannot be read, or a stack that something is under way on, stops it, and right
/// before anything is deleted all templates are read again. What it does not see is use from outside: other accounts or regions,
/// the templates of stack sets, products of Service Catalog. Templates that were published are used by no stack once it is
/// deployed: CloudFormation keeps its own copy.
///
/// In a bucket that keeps versions, what is deleted gets a delete marker, as the CDK's deletion does: it can be brought back until
/// the bucket's rule takes old versions away. Images are gone for good.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: sts:GetCallerIdentity, cloudformation:DescribeStacks, ListStacks, GetTemplate, ListChangeSets; s3:ListBucket, GetObjectTagging, ecr:DescribeImages; to mark, s3:PutObjectTagging, ecr:BatchGetImage, PutImage, and BatchDeleteImage to take a mark away; to delete, s3:GetBucketVersioning, DeleteObject, ecr:BatchDeleteImage.\n\nExit codes: 0 done; 1 nobody said yes, or a stack is at work; 2 an input is wrong; 3 AWS cannot be asked, or something could not be deleted."
)]
pub(super) struct Args {
    /// Where; if absent, where the stacks of the stack file go, or if there is none, where the credentials are for
    #[arg(value_name = "ACCOUNT/REGION")]
    places: Vec<String>,
    /// What to do with what no stack uses
    #[arg(long, value_name = "WHAT", default_value = "print")]
    action: Action,
    /// Where to look
    #[arg(long = "type", value_name = "WHERE", default_value = "all")]
    kind: Kind,
    /// How many days have to pass after something was marked before it is deleted, so that a stack can still go back to it
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    rollback_buffer_days: u32,
    /// How many days old something has to be; what is younger may be there for a deployment that is about to begin
    #[arg(long, value_name = "DAYS", default_value_t = 1)]
    created_buffer_days: u32,
    /// The name of the stack that `asi bootstrap` made
    #[arg(long, visible_alias = "toolkit-stack-name", value_name = "NAME", default_value = STACK)]
    bootstrap_stack_name: String,
    /// How to print what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Say yes
    #[arg(short, long)]
    yes: bool,
}

/// What to do with what no stack uses.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Action {
    /// Say what it is
    Print,
    /// Mark it with the day, and take the mark from what is used again
    Tag,
    /// Delete what was marked at least `--rollback-buffer-days` ago
    DeleteTagged,
    /// Delete it; with `--rollback-buffer-days`, mark it, and delete what was marked that long ago
    Full,
}

/// Where to look.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// In the bucket for files
    S3,
    /// In the repository for images
    Ecr,
    /// In both
    All,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let settings = Settings {
        reach: reach(global),
        stack: &args.bootstrap_stack_name,
        action: match args.action {
            Action::Print => gc::Action::Print,
            Action::Tag => gc::Action::Tag,
            Action::DeleteTagged => gc::Action::DeleteTagged,
            Action::Full => gc::Action::Full,
        },
        kinds: match args.kind {
            Kind::S3 => vec![HolderKind::Bucket],
            Kind::Ecr => vec![HolderKind::Repository],
            Kind::All => vec![HolderKind::Bucket, HolderKind::Repository],
        },
        rollback_days: args.rollback_buffer_days,
        created_days: args.created_buffer_days,
        yes: args.yes,
    };
    let targets = match bootstrap::targets(&args.places, global, world, output)? {
        Ok(it) => it,
        Err(exit) => return Ok(exit),
    };
    let mut exit = Exit::Done;
    let mut collected = Vec::new();
    for target in &targets {
        let (ended, found) = one(target, &settings, args.format, world, output)?;
        exit = worst(exit, ended);
        collected.extend(found);
    }
    if args.format == Format::Json {
        output.out.write_all(wire::garbage(&collected, &settings).as_bytes())?;
    }
    Ok(exit)
}

/// What was found in an account and a region, and what was done there.
type Collected = (Garbage, Option<Outcome>);

/// Looks at one account and region, and does there what is to be done.
fn one(
    target: &Target,
    settings: &Settings<'_>,
    format: Format,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<(Exit, Option<Collected>)> {
    let found: RefCell<Option<Garbage>> = RefCell::default();
    let printed: RefCell<io::Result<()>> = RefCell::new(Ok(()));
    let result = {
        let output = RefCell::new(&mut *output);
        let hear = |news: &News<'_>| {
            let mut output = output.borrow_mut();
            let result = match news {
                News::Found(garbage) => {
                    *found.borrow_mut() = Some((*garbage).clone());
                    let doc = present::gc::garbage(garbage, settings);
                    if format == Format::Text { output.doc(&doc) } else { Ok(()) }
                }
                News::MayDelete(garbage) => {
                    let question = present::gc::question(garbage, settings);
                    write!(output.err, "{question}").and_then(|()| output.err.flush())
                }
            };
            if let Err(error) = result {
                *printed.borrow_mut() = Err(error);
            }
        };
        aws::block_on(collect(world, target, settings, &hear))
    };
    printed.into_inner()?;
    let found = found.into_inner();
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(hindrance) => {
            let faults = present::gc::faults(&hindrance, settings, &output.command);
            output.diagnostics(&faults, &Sources::default())?;
            return Ok((exit_of(&hindrance), found.map(|it| (it, None))));
        }
    };
    let mut exit = Exit::Done;
    if let Some(outcome) = &outcome {
        let doc = present::gc::outcome(outcome);
        output.err.write_all(colored(&doc, output.colors_err).as_bytes())?;
        let faults = present::gc::left(outcome);
        if !faults.is_empty() {
            output.diagnostics(&faults, &Sources::default())?;
            exit = Exit::World;
        }
    }
    Ok((exit, found.map(|it| (it, outcome))))
}

fn exit_of(hindrance: &Hindrance) -> Exit {
    match hindrance {
        Hindrance::Ending(ending) => exit_of_one(ending),
        Hindrance::NotBootstrapped | Hindrance::NoOutput(_) | Hindrance::Unread { .. } => Exit::World,
        Hindrance::Busy(_) | Hindrance::Declined | Hindrance::Undecided => Exit::No,
    }
}
