//! `asi init`

use std::io;

use super::{Exit, Global, Output};
use crate::{ops, world::World};

/// Make a small stack file that synthesizes at once
///
/// Writes `asi.yaml` and its schema for editors, and never writes over a file. On a terminal it asks for the
/// name of the app unless it is given; elsewhere the folder's name is taken.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The name of the app
    #[arg(value_name = "APP")]
    app: Option<String>,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let folder = world.folder.as_ref().and_then(|it| Some(it.file_name()?.to_string_lossy()));
    let default = ops::init::app_name(folder.as_deref().unwrap_or("app"));
    let app = match &args.app {
        Some(app) => app.clone(),
        None if world.is_interactive => ask(world, output, &default)?,
        None => default,
    };
    match ops::init::init(world.files.as_ref(), &global.file, &app) {
        Ok(written) => {
            for path in &written {
                writeln!(output.err, "wrote {}", path.display())?;
            }
            let file = match global.file.to_str() {
                Some("asi.yaml") | None => String::new(),
                Some(file) => format!(" -f {file}"),
            };
            writeln!(output.err, "next: `asi synth{file}` prints the template")?;
            Ok(Exit::Done)
        }
        Err(ops::init::Error::Input(fault)) => output.fault(fault),
        Err(ops::init::Error::Files(error)) => {
            writeln!(output.err, "error: {error}")?;
            Ok(Exit::World)
        }
    }
}

fn ask(world: &World, output: &mut Output<'_>, default: &str) -> io::Result<String> {
    write!(output.err, "Name of the app [{default}]: ")?;
    output.err.flush()?;
    let answer = (world.read_line)()?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { default } else { answer }.to_owned())
}
