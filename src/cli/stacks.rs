//! What the commands about deployed stacks have in common.

use std::io;

use super::{Exit, Global, Output, deploy::exit_of_one};
use crate::{
    ops::{self, Reach, Target, deploy::Ending},
    world::World,
};

/// How AWS is reached.
pub(super) fn reach(global: &Global) -> Reach<'_> {
    Reach { profile: global.profile.as_deref(), region: global.region.as_deref() }
}

/// The stacks that are named, or those of the stack file; or how the run ends because that is wrong.
pub(super) fn targets(
    names: &[String],
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Result<Vec<Target>, Exit>> {
    let (targets, listing) = ops::targets(world.files.as_ref(), &global.file, global.env.as_deref(), names);
    let exit = output.diagnostics(&listing.diagnostics, &listing.sources)?;
    Ok(if exit == Exit::Done { Ok(targets) } else { Err(exit) })
}

/// Says why something could not be done with a stack.
pub(super) fn failed(stack: &str, ending: &Ending, output: &mut Output<'_>) -> io::Result<Exit> {
    let faults = ending.diagnostics(stack, None, &output.command);
    output.diagnostics(&faults, &asi_constructs::kernel::span::Sources::default())?;
    Ok(exit_of_one(ending))
}

/// The worse of two.
pub(super) fn worst(one: Exit, other: Exit) -> Exit {
    if one as u8 >= other as u8 { one } else { other }
}
