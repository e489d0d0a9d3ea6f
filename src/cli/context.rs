//! `asi context`

use std::io;

use asi_constructs::kernel::{diagnostic::Diagnostic, span::Sources};
use clap::ValueEnum;

use super::{Exit, Global, Output};
use crate::{load, ops::context::Context, present, wire, world::World};

/// List what was looked up in AWS, and look it up
///
/// What constructs have to know of AWS before a template can be made, such as the subnets of a network, is looked up once
/// and kept in `cdk.context.json` beside the stack file, as the CDK keeps it: committed, it gives everybody the same
/// template. What is missing there is looked up by `asi context fetch`, and by the commands that ask AWS anyway:
/// `asi deploy`, and `asi diff` and `asi review` where they compare with what is deployed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[cfg(feature = "aws")]
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Take out what has this key or number, or fits this pattern, so that it is looked up again; `*` is any text
    #[arg(long, value_name = "KEY|NUMBER", conflicts_with = "clear")]
    reset: Option<String>,
    /// Take out everything
    #[arg(long)]
    clear: bool,
    /// How to print what is kept
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[cfg(feature = "aws")]
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Look up what is missing, and keep it
    #[command(
        after_help = "Calls of AWS: sts:GetCallerIdentity; for a network ec2:DescribeVpcs, DescribeSubnets, DescribeRouteTables, DescribeVpnGateways.\n\nExit codes: 0 nothing is missing any more; 2 an input is wrong, or something cannot be looked up; 3 the file cannot be written."
    )]
    Fetch {
        /// The stacks, by the names `asi ls` prints; if absent, those of the chosen environment, or of all
        #[arg(value_name = "STACK")]
        stacks: Vec<String>,
    },
}

/// How to print what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    #[cfg(feature = "aws")]
    if let Some(Verb::Fetch { stacks }) = &args.verb {
        return fetch(stacks, global, world, output);
    }
    let files = world.files.as_ref();
    let mut context = Context::read(files, &global.file.with_file_name(load::CONTEXT));
    let exit = output.diagnostics(&context.diagnostics, &context.sources)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let taken: Vec<String> = match &args.reset {
        Some(which) => context.reset(which),
        None if args.clear => context.reset("*"),
        None => {
            match args.format {
                Format::Text => output.doc(&present::context(&context))?,
                Format::Json => output.out.write_all(wire::context(&context).as_bytes())?,
            }
            return Ok(Exit::Done);
        }
    };
    if let Some(which) = args.reset.as_ref().filter(|_| taken.is_empty()) {
        let fault = format!("`{}` keeps nothing under `{which}`", context.path.display());
        let fault = Diagnostic::error("unknown-context", fault).suggest(which, context.keys());
        return output.diagnostics(&[fault], &Sources::default());
    }
    if !taken.is_empty()
        && let Err(error) = context.write(files)
    {
        writeln!(output.err, "error: {error}")?;
        return Ok(Exit::World);
    }
    writeln!(output.err, "{}", present::taken_out(&taken))?;
    Ok(Exit::Done)
}

/// Looks up what stacks miss, in all environments where none is chosen.
#[cfg(feature = "aws")]
fn fetch(stacks: &[String], global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    use crate::ops;
    let files = world.files.as_ref();
    let names = if stacks.is_empty() && global.env.is_none() {
        let all = ops::list(files, &global.file, None);
        let exit = output.diagnostics(&all.diagnostics, &all.sources)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        all.stacks.iter().map(load::Stack::name).collect()
    } else {
        stacks.to_vec()
    };
    let synthesis = looked_up(global, world, output, || {
        ops::synthesize(files, &global.file, global.env.as_deref(), &names)
    })?;
    let exit = output.diagnostics(&synthesis.diagnostics, &synthesis.sources)?;
    if exit == Exit::Done {
        writeln!(output.err, "nothing is missing")?;
    }
    Ok(exit)
}

/// A synthesis with everything looked up that it asks for, where that can be found; what was, is told.
#[cfg(feature = "aws")]
pub(super) fn looked_up(
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
    synthesize: impl Fn() -> crate::ops::Synthesis,
) -> io::Result<crate::ops::Synthesis> {
    use crate::{ops::context, world::aws};
    let reach = super::stacks::reach(global);
    let fetched = aws::block_on(context::fetch(world, &global.file, &reach, synthesize));
    if !fetched.kept.is_empty() {
        writeln!(output.err, "{}", present::looked_up(&fetched.kept))?;
    }
    Ok(fetched.synthesis)
}
