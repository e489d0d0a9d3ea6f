//! The stacks of a stack file, and which of them a name means.

use std::path::Path;

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    node::Node,
    span::Sources,
};

use super::{assembly::Assembly, selection::selected, synth::in_order};
use crate::{
    load::{self, Stack},
    world::Files,
};

/// The stacks of a stack file.
#[derive(Debug, Default)]
pub struct Listing {
    /// One for each environment, or the only one.
    pub stacks: Vec<Stack>,
    /// Faults and warnings, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, for excerpts.
    pub sources: Sources,
}

/// Lists the stacks of the stack file at `path`: that of `environment`, or of all environments.
pub fn list(files: &dyn Files, path: &Path, environment: Option<&str>) -> Listing {
    let mut listing = Listing::default();
    let (root, diagnostics) = load::read(files, path, &mut listing.sources);
    listing.diagnostics = diagnostics;
    let Some(root) = root else { return listing };
    for name in environments(&root, environment) {
        let (stacks, diagnostics) = load::stacks(&root, name.as_deref());
        listing.diagnostics.extend(diagnostics);
        listing.stacks.extend(stacks);
    }
    in_order(&mut listing.diagnostics);
    if has_errors(&listing.diagnostics) {
        listing.stacks.clear();
    }
    listing
}

/// A stack of an assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfApp {
    /// Its path in the app.
    pub name: String,
    /// The name CloudFormation knows it by.
    pub stack_name: String,
    /// The account it is bound to.
    pub account: Option<String>,
    /// The region it is bound to.
    pub region: Option<String>,
    /// The paths of the stacks it needs.
    pub needs: Vec<String>,
}

/// The stacks of the assembly in `folder` that these patterns mean; all of them, where there are none.
pub fn assembled(
    files: &dyn Files,
    folder: &Path,
    patterns: &[String],
) -> (Vec<OfApp>, Vec<Diagnostic>, Sources) {
    let mut all = Assembly::read(files, folder);
    let chosen = match patterns {
        [] => Ok((0..all.stacks.len()).collect()),
        patterns => selected(patterns, &all.known()),
    };
    let mut stacks = Vec::new();
    match chosen {
        _ if has_errors(&all.diagnostics) => (),
        Ok(chosen) => stacks.extend(chosen.into_iter().map(|at| of_app(&all, at))),
        Err(faults) => all.diagnostics.extend(faults),
    }
    (stacks, all.diagnostics, all.sources)
}

fn of_app(all: &Assembly, at: usize) -> OfApp {
    let listed = &all.stacks[at].listed;
    let needed = all.needed(at).into_iter().map(|at| all.stacks[at].listed.name.clone());
    OfApp {
        name: listed.name.clone(),
        stack_name: listed.stack_name.clone(),
        account: listed.account.clone(),
        region: listed.region.clone(),
        needs: needed.collect(),
    }
}

/// That the stacks of a stack file are chosen in another way.
pub fn only_of_an_app() -> Diagnostic {
    let fault = "the stacks of a stack file are not listed by name";
    Diagnostic::error("unknown-stack", fault)
        .help("leave the names out, or choose an environment with `--env`")
}

/// The environment that was chosen, or all there are; none at all is one, too.
pub(super) fn environments(root: &Node, chosen: Option<&str>) -> Vec<Option<String>> {
    if let Some(name) = chosen {
        return vec![Some(name.to_owned())];
    }
    let declared = load::environments(root);
    if declared.is_empty() { vec![None] } else { declared.into_iter().map(Some).collect() }
}

/// The environments whose stacks have these names, each once; without names, `environment`.
pub(super) fn variants(
    root: &Node,
    environment: Option<&str>,
    names: &[String],
) -> Result<Vec<Option<String>>, Vec<Diagnostic>> {
    let given = environment.map(str::to_owned);
    // Without an app no stack has a name, and the reader will say so.
    let Some(app) = load::app(root).filter(|_| !names.is_empty()) else { return Ok(vec![given]) };
    let environments = match given {
        Some(_) => vec![given],
        None => std::iter::once(None).chain(load::environments(root).into_iter().map(Some)).collect(),
    };
    let parts = load::parts(root);
    let known: Vec<(String, Option<String>)> = environments
        .into_iter()
        .flat_map(|environment| {
            let name =
                |part: &Option<String>| load::stack_name(&app.value, environment.as_deref(), part.as_deref());
            parts.iter().map(|it| (name(it), environment.clone())).collect::<Vec<_>>()
        })
        .collect();
    let mut chosen: Vec<Option<String>> = Vec::new();
    let mut faults = Vec::new();
    for name in names {
        match known.iter().find(|(it, _)| it == name) {
            Some((_, environment)) if chosen.contains(environment) => (),
            Some((_, environment)) => chosen.push(environment.clone()),
            None => {
                let fault = Diagnostic::error("unknown-stack", format!("there is no stack `{name}`"));
                faults.push(fault.at(app.span).suggest(name, known.iter().map(|(it, _)| it.as_str())));
            }
        }
    }
    if faults.is_empty() { Ok(chosen) } else { Err(faults) }
}
