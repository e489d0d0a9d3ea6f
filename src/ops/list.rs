//! The stacks of a stack file, and which of them a name means.

use std::path::Path;

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    node::Node,
    span::Sources,
};

use super::{
    assembly::Assembly,
    selection::selected,
    synth::{Synthesis, Synthesized, in_order},
};
use crate::{
    load::{self, Stack},
    world::Files,
};

/// How many stacks may stand in the trees of what stacks need, in all: one that is needed in many ways stands there often.
const MOST_NEEDED: usize = 100_000;

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
    /// What it is called in its manifest.
    pub artifact: String,
    /// The name CloudFormation knows it by.
    pub stack_name: String,
    /// The account it is bound to.
    pub account: Option<String>,
    /// The region it is bound to.
    pub region: Option<String>,
    /// The paths of the stacks it needs.
    pub needs: Vec<String>,
}

/// The stacks of an app, and which of them are meant.
#[derive(Debug, Default)]
pub struct Listed {
    /// All there are.
    pub all: Vec<OfApp>,
    /// The positions of those that are meant; none, if something is wrong.
    pub chosen: Vec<usize>,
    /// What is wrong, and what is worth a warning.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, for excerpts.
    pub sources: Sources,
}

/// A stack, and what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needing<'a> {
    /// The stack.
    pub stack: &'a OfApp,
    /// The stacks it needs, in the order the app says, with what these need; nothing, if nobody asked.
    pub needs: Option<Vec<Needing<'a>>>,
}

impl Listed {
    /// The stacks that are meant.
    pub fn stacks(&self) -> impl Iterator<Item = &OfApp> {
        self.chosen.iter().filter_map(|at| self.all.get(*at))
    }

    /// The stacks that are meant, each with all that it needs, however far that is, if that is asked.
    ///
    /// # Errors
    ///
    /// A diagnostic, if that is more than anybody can read.
    pub fn details(&self, has_needs: bool) -> Result<Vec<Needing<'_>>, Diagnostic> {
        if !has_needs {
            return Ok(self.stacks().map(|stack| Needing { stack, needs: None }).collect());
        }
        let mut left = MOST_NEEDED;
        self.stacks().map(|it| self.needing(it, &mut left)).collect::<Option<Vec<_>>>().ok_or_else(|| {
            let fault = format!("all that the stacks need, however far, is more than {MOST_NEEDED} entries");
            let help =
                "leave out `--show-dependencies`: with `--json` alone each stack has what it needs itself";
            Diagnostic::error("too-many-stacks", fault).help(help)
        })
    }

    /// A stack with what it needs; nothing if there are more of them than are left.
    fn needing<'a>(&'a self, stack: &'a OfApp, left: &mut usize) -> Option<Needing<'a>> {
        *left = left.checked_sub(1)?;
        let needed = stack.needs.iter().filter_map(|name| self.all.iter().find(|it| it.name == *name));
        let needs = needed.map(|it| self.needing(it, left)).collect::<Option<_>>()?;
        Some(Needing { stack, needs: Some(needs) })
    }
}

impl From<Listing> for Listed {
    fn from(it: Listing) -> Self {
        let all: Vec<OfApp> = it.stacks.iter().map(|it| of_stack_file(it, &[])).collect();
        Self { chosen: (0..all.len()).collect(), all, diagnostics: it.diagnostics, sources: it.sources }
    }
}

impl From<Synthesis> for Listed {
    fn from(it: Synthesis) -> Self {
        let of = |it: &Synthesized| of_stack_file(&it.stack, &it.template.needs);
        let all: Vec<OfApp> = it.stacks.iter().map(of).collect();
        Self { chosen: (0..all.len()).collect(), all, diagnostics: it.diagnostics, sources: it.sources }
    }
}

/// The stacks of the assembly in `folder` that these patterns mean; all of them, where there are none.
pub fn assembled(files: &dyn Files, folder: &Path, patterns: &[String]) -> Listed {
    let assembly = Assembly::read(files, folder);
    let mut diagnostics = assembly.diagnostics.clone();
    let chosen = match patterns {
        [] => Ok((0..assembly.stacks.len()).collect()),
        patterns => selected(patterns, &assembly.known()),
    };
    let chosen = match chosen {
        _ if has_errors(&diagnostics) => Vec::new(),
        Ok(chosen) => chosen,
        Err(faults) => {
            diagnostics.extend(faults);
            Vec::new()
        }
    };
    let all = (0..assembly.stacks.len()).map(|at| of_app(&assembly, at)).collect();
    Listed { all, chosen, diagnostics, sources: assembly.sources }
}

/// A stack of a stack file, which is named as CloudFormation knows it.
fn of_stack_file(stack: &Stack, needs: &[String]) -> OfApp {
    OfApp {
        name: stack.name(),
        artifact: stack.name(),
        stack_name: stack.name(),
        account: stack.account.clone(),
        region: stack.region.clone(),
        needs: needs.to_vec(),
    }
}

fn of_app(all: &Assembly, at: usize) -> OfApp {
    let listed = &all.stacks[at].listed;
    let needed = all.needed(at).into_iter().map(|at| all.stacks[at].listed.name.clone());
    OfApp {
        name: listed.name.clone(),
        artifact: listed.id.value.clone(),
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
