//! The stacks of a stack file, and which of them a name means.

use std::path::Path;

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    span::Sources,
};

use crate::{
    load::{Stack, load},
    world::Files,
};

/// The stacks of a stack file.
#[derive(Debug, Default)]
pub struct Listing {
    /// One for each environment, or the only one.
    pub stacks: Vec<Stack>,
    /// Faults and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, for excerpts.
    pub sources: Sources,
}

/// Lists the stacks of the stack file at `path`: that of `environment`, or of all environments.
pub fn list(files: &dyn Files, path: &Path, environment: Option<&str>) -> Listing {
    let mut listing = Listing::default();
    let (stack, diagnostics) = load(files, path, environment, &mut listing.sources);
    listing.diagnostics = diagnostics;
    let Some(stack) = stack.filter(|_| !has_errors(&listing.diagnostics)) else { return listing };
    if environment.is_some() || stack.environments.is_empty() {
        listing.stacks.push(stack);
        return listing;
    }
    for name in &stack.environments {
        let (stack, diagnostics) = load(files, path, Some(name), &mut listing.sources);
        listing.diagnostics.extend(diagnostics);
        listing.stacks.extend(stack);
    }
    listing
}

/// The environments whose stacks have these names.
pub(super) fn variants(
    files: &dyn Files,
    path: &Path,
    environment: Option<&str>,
    names: &[String],
) -> Result<Vec<Option<String>>, (Vec<Diagnostic>, Sources)> {
    let mut sources = Sources::default();
    let (stack, diagnostics) = load(files, path, environment, &mut sources);
    let Some(stack) = stack.filter(|_| !has_errors(&diagnostics)) else { return Err((diagnostics, sources)) };
    let mut known: Vec<(String, Option<String>)> = vec![(stack.name(), environment.map(str::to_owned))];
    if environment.is_none() {
        known.extend(
            stack.environments.iter().map(|it| (format!("{}-{it}", stack.app.value), Some(it.clone()))),
        );
    }
    let find = |name: &String| match known.iter().find(|(it, _)| it == name) {
        Some((_, environment)) => Ok(environment.clone()),
        None => {
            let fault = Diagnostic::error("unknown-stack", format!("there is no stack `{name}`"));
            Err(fault.at(stack.app.span).suggest(name, known.iter().map(|(it, _)| it.as_str())))
        }
    };
    names.iter().map(find).collect::<Result<_, _>>().map_err(|fault| (vec![fault], sources))
}
