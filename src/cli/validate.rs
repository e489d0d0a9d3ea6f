//! `asi validate`

use std::{io, path::PathBuf};

use asi_constructs::kernel::diagnostic::Severity;
use clap::ValueEnum;

use super::{
    Exit, Global, Output,
    app::{For, assembly},
};
use crate::{
    load::FailOn,
    ops::{self, Checked, validate::Request},
    present, render, wire,
    world::World,
};

/// Find what is wrong with templates
///
/// Takes templates in YAML or JSON, whoever wrote them, stack files, cloud assemblies (a folder with a
/// `manifest.json`) and other folders, of which it takes every template and stack file below; not those in
/// `node_modules`, `target`, `cdk.out` and folders whose names begin with a dot, unless they are named. `-` is
/// standard input. Asks nothing of AWS.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing found; 1 something was found, at least as bad as --fail-on says; \
                        2 an input cannot be read; 3 the world failed."
)]
pub(super) struct Args {
    /// What to validate; if absent, the stack file, or the app
    #[arg(value_name = "FILE|DIR|-")]
    paths: Vec<PathBuf>,
    /// How to print what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// How bad a finding has to be for exit code 1; if absent, as bad as the stack file says, or an error
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Threshold>,
    /// Leave out findings with this code, or with codes that begin so (`E3`); may be given several times
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Say what security asks for, too
    #[arg(long)]
    security: bool,
    /// Show what is only worth knowing, too; JSON and SARIF always have it
    #[arg(long)]
    all: bool,
}

/// How to print what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With excerpts, for people
    Text,
    /// A line for each finding: `file:line:column: code message`
    Short,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Test results, for CI servers
    Junit,
    /// Annotations of a pull request, from a job on GitHub
    Github,
}

/// How bad a finding has to be for exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Threshold {
    /// CloudFormation or a service refuses it
    Error,
    /// Nobody wants it
    Warning,
    /// It is worth knowing
    Info,
    /// Nothing is that bad
    Never,
}

impl From<Threshold> for FailOn {
    fn from(it: Threshold) -> Self {
        match it {
            Threshold::Error => Self::Error,
            Threshold::Warning => Self::Warning,
            Threshold::Info => Self::Info,
            Threshold::Never => Self::Never,
        }
    }
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let folder = match args.paths.as_slice() {
        [] => assembly(For::Use, global, world, output)?,
        _ => Ok(None),
    };
    let own = match folder {
        Ok(folder) => [folder.unwrap_or(&global.file).to_owned()],
        Err(exit) => return Ok(exit),
    };
    let request = Request {
        paths: if args.paths.is_empty() { &own } else { &args.paths },
        environment: global.env.as_deref(),
        region: global.region.as_deref(),
        security: args.security,
        ignored: &args.ignore,
    };
    let checked = ops::validate(world.files.as_ref(), &request);
    print(args, &checked, output)?;
    Ok(exit(&checked, args.fail_on))
}

fn print(args: &Args, checked: &[Checked], output: &mut Output<'_>) -> io::Result<()> {
    let least = match (output.quiet, args.all || args.fail_on == Some(Threshold::Info)) {
        (true, _) => Severity::Error,
        (false, true) => Severity::Info,
        (false, false) => Severity::Warning,
    };
    let text = match args.format {
        Format::Text => return output.doc(&present::findings(checked, least)),
        Format::Short => render::short(&present::remarks(checked, least)),
        Format::Json => wire::findings(checked),
        Format::Sarif => wire::sarif(checked),
        Format::Junit => render::junit(&present::suites(checked, least)),
        Format::Github => render::github(&present::remarks(checked, least)),
    };
    output.out.write_all(text.as_bytes())
}

fn exit(checked: &[Checked], threshold: Option<Threshold>) -> Exit {
    if checked.iter().any(|it| !it.is_readable) {
        return Exit::Input;
    }
    let is_bad =
        |it: &Checked| it.has_findings(threshold.map(FailOn::from).or(it.fail_on).unwrap_or(FailOn::Error));
    if checked.iter().any(is_bad) { Exit::No } else { Exit::Done }
}
