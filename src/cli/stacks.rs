//! What the commands about deployed stacks have in common.

use std::io;

use asi_constructs::kernel::{diagnostic::Diagnostic, span::Sources};

pub(super) use super::app::reach;
use super::{
    Exit, Global, Output,
    app::{For, assembly},
    deploy::exit_of_one,
};
use crate::{
    ops::{self, Target, deploy::Ending},
    present,
    world::{Reach, World, aws},
};

/// The stacks that are named, or those of the stack file or the assembly; or how the run ends because that is wrong. Where
/// stacks are named, what stack files say is no matter.
pub(super) fn targets(
    names: &[String],
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Result<Vec<Target>, Exit>> {
    let files = world.files.as_ref();
    let folder = match assembly(For::Use, global, world, output)? {
        Ok(folder) => folder,
        Err(exit) => return Ok(Err(exit)),
    };
    if let Some(folder) = folder {
        let (targets, diagnostics, sources) = ops::deployable::targets(files, folder, names);
        let exit = output.diagnostics(&diagnostics, &sources)?;
        return Ok(if exit == Exit::Done { Ok(targets) } else { Err(exit) });
    }
    let all = ops::list::list(files, &global.file, global.env.as_deref());
    let known = all.stacks.iter().map(Target::of).collect();
    let exit =
        if names.is_empty() { output.diagnostics(&all.diagnostics, &all.sources)? } else { Exit::Done };
    Ok(if exit == Exit::Done { Ok(ops::targets(known, names)) } else { Err(exit) })
}

/// Looks at each of these stacks, and has what there is of it shown. One that cannot be looked at is told of, and keeps none
/// of the others from it.
pub(super) fn each<T>(
    names: &[String],
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
    look: &impl AsyncFn(&Target, &Reach<'_>) -> Result<Option<T>, Ending>,
    mut show: impl FnMut(&Target, Option<T>, &mut Output<'_>) -> io::Result<Exit>,
) -> io::Result<Exit> {
    let targets = match targets(names, global, world, output)? {
        Ok(targets) => targets,
        Err(exit) => return Ok(exit),
    };
    let mut exit = Exit::Done;
    for target in &targets {
        let shown = match aws::block_on(look(target, &reach(global))) {
            Ok(found) => show(target, found, output)?,
            Err(ending) => failed(&target.name, &ending, output)?,
        };
        exit = worst(exit, shown);
    }
    Ok(exit)
}

/// Says that there is no stack of the name.
pub(super) fn not_deployed(target: &Target, output: &mut Output<'_>) -> io::Result<Exit> {
    writeln!(output.err, "`{}` is not deployed", target.name)?;
    Ok(Exit::Done)
}

/// Says why something could not be done with a stack.
pub(super) fn failed(stack: &str, ending: &Ending, output: &mut Output<'_>) -> io::Result<Exit> {
    let faults = present::faults(ending, stack, None, &output.command);
    output.diagnostics(&faults, &Sources::default())?;
    Ok(exit_of_one(ending))
}

/// Says that one stack is meant, where there are several.
pub(super) fn several(names: &[String]) -> Diagnostic {
    let fault = format!("one stack is meant, and there are {}: {}", names.len(), names.join(", "));
    Diagnostic::error("several-stacks", fault).help("name the one that is meant")
}

/// The worse of two.
pub(super) fn worst(one: Exit, other: Exit) -> Exit {
    if one as u8 >= other as u8 { one } else { other }
}
