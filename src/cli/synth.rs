//! `asi synth`

use std::{io, mem::ManuallyDrop, path::PathBuf};

use clap::ValueEnum;

use super::{Exit, Global, Output};
use crate::{
    ops::{self, validate::Request},
    template::Indent,
    world::World,
};

/// Print the template of a stack
///
/// Writes YAML to standard output, ready for CloudFormation, once it is validated as `asi validate` does. With --output, writes a cloud assembly, which
/// `cdk ls -a DIR`, `cdk diff -a DIR` and `cdk deploy -a DIR` take.
#[derive(Debug, clap::Args)]
#[command(visible_alias = "synthesize")]
pub(super) struct Args {
    /// The stacks, by the names `asi ls` prints; if absent, those of the chosen environment
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// How to write the template
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    format: Format,
    /// Write a cloud assembly into this folder, and print nothing
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Take the template as it is, right or wrong
    #[arg(long)]
    no_validate: bool,
}

/// How to write a template.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// As a person would write it
    Yaml,
    /// For programs
    Json,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let files = world.files.as_ref();
    let synthesis = ops::synthesize(files, &global.file, global.env.as_deref(), &args.stacks);
    // The process ends after this, and its memory goes at once; piece by piece it took 7 % of a run of 200 stacks.
    let synthesis = ManuallyDrop::new(synthesis);
    let exit = if args.no_validate {
        if !global.quiet {
            writeln!(output.err, "note: the template is not validated, because of --no-validate")?;
        }
        output.diagnostics(&synthesis.diagnostics, &synthesis.sources)?
    } else {
        let request = Request { environment: global.env.as_deref(), ..Request::default() };
        output.findings(ops::validate::findings(&synthesis, &request), &synthesis.sources)?
    };
    if exit != Exit::Done {
        return Ok(exit);
    }
    if let Some(folder) = &args.output {
        return match ops::write_assembly(files, folder, &synthesis.stacks) {
            Ok(()) => Ok(Exit::Done),
            Err(error) => {
                writeln!(output.err, "error: {error}")?;
                Ok(Exit::World)
            }
        };
    }
    match synthesis.stacks.as_slice() {
        [only] => {
            let text = match args.format {
                Format::Yaml => only.template.to_yaml(),
                Format::Json => only.template.to_json(Indent::Readable),
            };
            output.out.write_all(text.as_bytes())?;
            Ok(Exit::Done)
        }
        several => {
            let names: Vec<String> = several.iter().map(|it| it.stack.name()).collect();
            output.fault(ops::synth::several_stacks(&names))
        }
    }
}
