//! `asi synth`

use std::{
    io,
    mem::ManuallyDrop,
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::{
    Exit, Global, Output,
    app::{For, assembly},
};
use crate::{
    ops::{
        self, Synthesis,
        app_protocol::AppRequest,
        launch,
        validate::{Judgement, Request},
    },
    present,
    template::{Indent, Template},
    world::{FileError, World},
};

/// Print the template of a stack, or write a cloud assembly
///
/// Writes YAML to standard output, ready for CloudFormation, once it is validated as `asi validate` does. With --output, writes a cloud assembly with
/// the stacks of all environments, which `cdk ls -a DIR`, `cdk diff -a DIR` and `cdk deploy -a DIR` take, and `asi deploy -a DIR`.
///
/// As an app of the CDK (`"app": "asi synth"` in `cdk.json`) it writes that assembly where the CLI wants it, and prints nothing but faults.
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
    let what = args.output.as_deref().map_or(For::Use, For::Write);
    match assembly(what, global, world, output)? {
        Ok(Some(folder)) => return of_app(args, folder, global, world, output),
        Ok(None) => (),
        Err(exit) => return Ok(exit),
    }
    let (file, environment) = (&global.file, global.env.as_deref());
    let app = AppRequest::asked_for(&world.variables).filter(|_| args.output.is_none());
    let folder = args.output.as_ref().or(app.as_ref().map(|it| &it.folder));
    let synthesis = match folder {
        Some(_) => ops::synthesize_each(files, file, environment, &args.stacks, app.as_ref()),
        None => ops::synthesize(files, file, environment, &args.stacks),
    };
    // The process ends after this, and its memory goes at once; piece by piece it took 7 % of a run of 200 stacks.
    let synthesis = ManuallyDrop::new(synthesis);
    let is_unvalidated = args.no_validate || app.as_ref().is_some_and(|it| it.is_unvalidated);
    if let Some(app) = &app {
        output.diagnostics(app.warning().as_slice(), &synthesis.sources)?;
        // The CLI prints them from the assembly.
        output.quiet = true;
    }
    let judgement = if is_unvalidated {
        if !output.quiet {
            writeln!(output.err, "note: the template is not validated, because of --no-validate")?;
        }
        Judgement::of(&synthesis)
    } else {
        ops::validate::judge(&synthesis, &Request { environment, ..Request::default() })
    };
    let lookups = app.as_ref().and_then(|_| synthesis.lookups());
    if let (Some(folder), Some(lookups)) = (folder, lookups) {
        let written = ops::write_assembly(files, folder, &synthesis, &Judgement::default(), &lookups);
        return ended(written, Exit::Done, output);
    }
    let exit = output.findings(judgement.findings.clone(), &synthesis.sources)?;
    if exit != Exit::Done {
        let found = judgement.findings.iter().map(|it| &it.diagnostic);
        let left = app.map_or(Ok(()), |it| it.leave_word(files, found));
        return ended(left, exit, output);
    }
    // Whoever runs this as an app keeps the folder for it.
    let _lock = match args.output.as_deref().map(|it| launch::kept(files, it)).transpose() {
        Ok(lock) => lock,
        Err(fault) => {
            output.fault(*fault)?;
            return Ok(Exit::World);
        }
    };
    match folder {
        Some(folder) => {
            let written = ops::write_assembly(files, folder, &synthesis, &judgement, &[]);
            ended(written, Exit::Done, output)
        }
        None => print_only(args, &synthesis, output),
    }
}

/// How a run ends that ends with writing files.
fn ended(written: Result<(), FileError>, exit: Exit, output: &mut Output<'_>) -> io::Result<Exit> {
    match written {
        Ok(()) => Ok(exit),
        Err(error) => {
            writeln!(output.err, "error: {error}")?;
            Ok(Exit::World)
        }
    }
}

/// Prints the one template there is.
fn print_only(args: &Args, synthesis: &Synthesis, output: &mut Output<'_>) -> io::Result<Exit> {
    match synthesis.stacks.as_slice() {
        [only] => print(args, &only.template, output),
        several => {
            let names: Vec<String> = several.iter().map(|it| it.stack.name()).collect();
            output.fault(ops::synth::several_stacks(&names))
        }
    }
}

/// Prints the template of a stack of an assembly.
fn of_app(
    args: &Args,
    folder: &Path,
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Exit> {
    let files = world.files.as_ref();
    let synthesis = ops::synth::of_assembly(files, folder, &args.stacks);
    let exit = if args.no_validate {
        output.diagnostics(&synthesis.diagnostics, &synthesis.sources)?
    } else {
        let request = Request { region: global.region.as_deref(), ..Request::default() };
        let findings = ops::synth::findings(&synthesis, &request);
        output.findings(findings, &synthesis.sources)?
    };
    if exit != Exit::Done || args.output.is_some() {
        return Ok(exit);
    }
    match synthesis.stacks.as_slice() {
        [(_, only)] => print(args, only, output),
        several => {
            let names: Vec<&str> = several.iter().map(|(it, _)| it.name.as_str()).collect();
            let line = present::assembled(folder, &names);
            writeln!(output.err, "{line}")?;
            Ok(Exit::Done)
        }
    }
}

fn print(args: &Args, template: &Template, output: &mut Output<'_>) -> io::Result<Exit> {
    let text = match args.format {
        Format::Yaml => template.to_yaml(),
        Format::Json => template.to_json(Indent::Readable),
    };
    output.out.write_all(text.as_bytes())?;
    Ok(Exit::Done)
}
