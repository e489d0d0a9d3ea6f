//! `asi migrate`

use std::{
    io,
    path::{Path, PathBuf},
};

use asi_constructs::kernel::{node::Node, span::Sources};

use super::{Exit, Global, Output};
#[cfg(feature = "aws")]
use super::{deploy::exit_of_one, stacks::reach};
#[cfg(feature = "aws")]
use crate::world::aws;
use crate::{
    ops::{
        init::{app_name, check_free},
        migrate::{Head, migrate, template},
    },
    present,
    world::World,
};

/// Make a stack file of a template, or of a stack that is deployed
///
/// Writes `asi.yaml`, or the file that `-f` names, and never over one that is there. Synthesized, it says what the template says,
/// under the same logical ids: that is proven before anything is written, so that `asi diff` shows no difference, and a
/// deployment changes nothing. What a stack file has no place for stands under `patches:`, and is told with its line. From then
/// on constructs may take the place of resources, one at a time.
///
/// This is for resources that a template has already; `asi import` takes resources into a stack that are in none.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS, with --from-stack: cloudformation:DescribeStacks, GetTemplate.\n\nExit codes: 0 done; 2 an input is wrong, or there is a file already; 3 AWS cannot be asked, or the file cannot be written."
)]
#[command(group = clap::ArgGroup::new("origin").required(true))]
pub(super) struct Args {
    /// The stack, as it is deployed: it keeps its name, its tags and its region
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "NAME", group = "origin")]
    from_stack: Option<String>,
    /// The template, as JSON or YAML
    #[arg(long, value_name = "FILE", group = "origin")]
    from_path: Option<PathBuf>,
    /// The name of the app, and so of its stack; if absent, made of that of the file
    #[arg(long, value_name = "NAME", requires = "from_path")]
    stack_name: Option<String>,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let files = world.files.as_ref();
    if let Err(fault) = check_free(files, &[&global.file]) {
        return output.fault(fault);
    }
    let mut sources = Sources::default();
    let (template, head) = match origin(args, global, world, output, &mut sources)? {
        Ok(it) => it,
        Err(exit) => return Ok(exit),
    };
    let migrated = match migrate(&template, &head) {
        Ok(it) => it,
        Err(faults) => return output.diagnostics(&faults, &sources),
    };
    output.diagnostics(&migrated.remarks, &sources)?;
    let exit = output.text(&migrated.text, Some(&global.file), files)?;
    if exit == Exit::Done {
        writeln!(output.err, "{}", present::migrated(&migrated, &head, &global.file))?;
    }
    Ok(exit)
}

/// The template, and the head of its stack file; or how the run ends because there is none.
fn origin(
    args: &Args,
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
    sources: &mut Sources,
) -> io::Result<Result<(Node, Head), Exit>> {
    #[cfg(feature = "aws")]
    if let Some(name) = &args.from_stack {
        let found = aws::block_on(crate::ops::migrate::deployed(world, name, &reach(global), sources));
        return found.map_or_else(
            |ending| {
                let faults = present::faults(&ending, name, None, &output.command);
                output.diagnostics(&faults, sources)?;
                Ok(Err(exit_of_one(&ending)))
            },
            |it| Ok(Ok(it)),
        );
    }
    let path: &Path = args.from_path.as_deref().expect("clap asks for one of both");
    let name = path.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    let stem = name.split('.').next().unwrap_or_default();
    let head = Head {
        app: args.stack_name.clone().unwrap_or_else(|| app_name(stem)),
        region: global.region.clone(),
        origin: format!("`{}`", path.display()),
        ..Head::default()
    };
    match template(world.files.as_ref(), path, sources) {
        Ok(template) => Ok(Ok((template, head))),
        Err(faults) => output.diagnostics(&faults, sources).map(Err),
    }
}
