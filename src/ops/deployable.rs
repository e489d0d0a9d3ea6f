//! What can be deployed: the stacks of a stack file, or those of somebody's cloud assembly.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    id::LogicalId,
    span::{Sources, Span},
};

use super::{
    Synthesis, Synthesized, Target,
    assembly::{AssembledStack, Assembly},
    built,
    selection::{fitting, selected},
};
use crate::{
    assembly::{self, Assets, Bootstrap, FileAsset, FileSource, ListedStack},
    load::stack_name,
    template::Template,
    world::Files,
};

/// A stack that can be deployed.
#[derive(Clone, Debug)]
pub struct Deployable {
    /// Where to.
    pub target: Target,
    /// What it becomes.
    pub template: Template,
    /// Whether it is one of several of its app.
    pub is_part: bool,
    /// The files and images that have to be in buckets and registries before.
    pub assets: Assets,
    /// The folder that these are made in.
    pub folder: PathBuf,
    /// Whether it is to be protected from deletion, if that is not left as it is.
    pub is_protected: Option<bool>,
    /// What its assembly says of its deployment, if it comes from one.
    pub assembled: Option<Assembled>,
    /// The resources that were deployed in another stack, by logical id, with the name of that.
    pub arrivals: BTreeMap<String, String>,
}

/// What an assembly says of the deployment of a stack.
#[derive(Clone, Debug, Default)]
pub struct Assembled {
    /// The name people know the stack by.
    pub name: String,
    /// Where CloudFormation finds the template, as `s3://bucket/key`.
    pub template_url: Option<String>,
    /// What has to be there before.
    pub bootstrap: Option<Bootstrap>,
    /// The values of parameters.
    pub parameters: Vec<(String, String)>,
}

/// What can be deployed, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Deployables {
    /// The stacks; none, if something is wrong.
    pub stacks: Vec<Deployable>,
    /// What is wrong, and what is worth a warning.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read.
    pub sources: Sources,
}

impl Deployable {
    /// A stack that needs nothing but its template.
    pub(in crate::ops) fn new(target: Target, template: Template, is_part: bool) -> Self {
        let (assets, folder) = (Assets::default(), PathBuf::new());
        let arrivals = BTreeMap::new();
        Self { target, template, is_part, assets, folder, is_protected: None, assembled: None, arrivals }
    }

    /// Whether something has to be packed, built, or made by a program.
    pub(in crate::ops) fn needs_making(&self) -> bool {
        let is_made = |it: &FileAsset| !matches!(it.source, FileSource::File(_));
        !self.assets.images.is_empty() || self.assets.files.iter().any(is_made)
    }
}

impl From<Synthesized> for Deployable {
    fn from(it: Synthesized) -> Self {
        let (target, is_part) = (Target::of(&it.stack), it.stack.part.is_some());
        let images = it.template.images.iter().map(built::asset).collect();
        let assets = Assets { images, ..Assets::default() };
        let is_protected = it.stack.is_protected;
        let arrivals = arrivals(&it);
        Self { assets, folder: it.folder, is_protected, arrivals, ..Self::new(target, it.template, is_part) }
    }
}

/// The resources that the stack file says were deployed in another stack, with the name of that.
fn arrivals(it: &Synthesized) -> BTreeMap<String, String> {
    let stack = &it.stack;
    let arrival = |(id, path): (&LogicalId, &String)| {
        let part = stack.arrived.get(path.split('/').next()?)?;
        Some((id.to_string(), stack_name(&stack.app.value, stack.environment.as_deref(), Some(part))))
    };
    it.template.paths.iter().filter_map(arrival).collect()
}

impl From<Synthesis> for Deployables {
    fn from(it: Synthesis) -> Self {
        let stacks = it.stacks.into_iter().map(Deployable::from).collect();
        Self { stacks, diagnostics: it.diagnostics, sources: it.sources }
    }
}

/// Which stacks of an assembly are meant.
#[derive(Clone, Copy, Debug)]
pub enum Choice<'a> {
    /// All there are.
    All,
    /// Those of the assembly itself, and none of assemblies within it.
    TopLevel,
    /// The only one there is.
    Only,
    /// Those these patterns mean; unless `exclusively`, with all that they need.
    Named {
        /// Patterns of paths in the app.
        patterns: &'a [String],
        /// Whether what they need is left out.
        exclusively: bool,
    },
}

impl Deployables {
    /// The same, if no two of them have one name: a run tells stacks apart by their names.
    #[must_use]
    pub fn distinct(mut self) -> Self {
        if let Some(fault) = of_one_name(self.stacks.iter().map(|it| &it.target)) {
            self.diagnostics.push(fault);
            self.stacks.clear();
        }
        self
    }
}

/// That two stacks have one name, in two regions or accounts.
pub fn of_one_name<'a>(targets: impl IntoIterator<Item = &'a Target>) -> Option<Diagnostic> {
    let mut seen: BTreeMap<&str, &Target> = BTreeMap::new();
    targets.into_iter().find_map(|it| {
        let other = seen.insert(&it.name, it).filter(|other| *other != it)?;
        let place = |it: &Target| {
            let parts = [it.region.as_deref(), it.account.as_deref()];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" of ")
        };
        let fault =
            format!("there is a stack `{}` in {} and another in {}", it.name, place(other), place(it));
        let help =
            "name those of one region and account at a time, with `--exclusively` where they need others";
        Some(Diagnostic::error("duplicate-stack", fault).help(help))
    })
}

/// The stacks of the assembly in `folder` that are meant, in the order of the assembly.
pub fn assembled(files: &dyn Files, folder: &Path, choice: Choice<'_>) -> Deployables {
    let mut all = Assembly::read(files, folder);
    let mut found = Deployables::default();
    let mut stacks = Vec::new();
    match chosen(&all, choice) {
        _ if has_errors(&all.diagnostics) => (),
        Ok(chosen) => stacks.extend(chosen.into_iter().filter_map(|at| deployable(&mut all, files, at))),
        Err(faults) => found.diagnostics.extend(faults),
    }
    found.diagnostics.extend(all.violations(files));
    found.diagnostics.extend(all.lacking(files));
    found.diagnostics.extend(all.diagnostics);
    found.sources = all.sources;
    if !has_errors(&found.diagnostics) {
        found.stacks = stacks;
    }
    found
}

/// The positions of the stacks that are meant.
pub(in crate::ops) fn chosen(all: &Assembly, choice: Choice<'_>) -> Result<Vec<usize>, Vec<Diagnostic>> {
    let every = 0..all.stacks.len();
    match choice {
        Choice::All => Ok(every.collect()),
        Choice::TopLevel => Ok(every.filter(|at| all.stacks[*at].depth == 0).collect()),
        Choice::Only if all.stacks.len() <= 1 => Ok(every.collect()),
        Choice::Only => {
            let names: Vec<&str> = all.stacks.iter().map(|it| it.listed.name.as_str()).collect();
            let fault =
                format!("it is not said which of {} stacks is meant: {}", names.len(), names.join(", "));
            let fault = Diagnostic::error("several-stacks", fault);
            Err(vec![fault.help("name one or some of them, by patterns such as `Prod/*`, or take `--all`")])
        }
        Choice::Named { patterns, exclusively } => {
            let mut chosen = selected(patterns, &all.known())?;
            if !exclusively {
                all.add_needs(&mut chosen);
            }
            Ok(chosen)
        }
    }
}

impl Assembly {
    /// Adds all that these stacks need, however far that is.
    fn add_needs(&self, chosen: &mut Vec<usize>) {
        let mut next = 0;
        while let Some(at) = chosen.get(next) {
            let further: Vec<usize> =
                self.needed(*at).into_iter().filter(|it| !chosen.contains(it)).collect();
            chosen.extend(further);
            next += 1;
        }
        chosen.sort_unstable();
    }
}

/// The stacks of the assembly in `folder` that these patterns mean; all of them, where there are none. What means none is the
/// name of any stack in the account.
pub fn targets(
    files: &dyn Files,
    folder: &Path,
    patterns: &[String],
) -> (Vec<Target>, Vec<Diagnostic>, Sources) {
    let all = Assembly::read(files, folder);
    let every = || (0..all.stacks.len()).collect::<Vec<_>>();
    let of = |at: usize| target(&all.stacks[at].listed);
    let named = |pattern: &String| match fitting(pattern, &all.known()).as_slice() {
        [] => vec![Target::any(pattern.as_str())],
        found => found.iter().map(|at| of(*at)).collect(),
    };
    let targets = match patterns {
        [] => every().into_iter().map(of).collect(),
        patterns => patterns.iter().flat_map(named).collect(),
    };
    (targets, all.diagnostics, all.sources)
}

/// Adds to the stacks chosen all that need them, however far that is.
pub fn with_users(all: &Deployables, chosen: &mut Vec<Target>) {
    let mut next = 0;
    while let Some(needed) = chosen.get(next).cloned() {
        let of_its_name = all.stacks.iter().filter(|it| it.target.name == needed.name).count();
        let users = all.stacks.iter().filter(|it| it.template.needs.contains(&needed.name));
        // Of stacks of one name each is used where it is.
        let users = users.filter(|it| of_its_name < 2 || is_beside(&it.target, &needed));
        let further: Vec<Target> =
            users.map(|it| it.target.clone()).filter(|it| !chosen.contains(it)).collect();
        chosen.extend(further);
        next += 1;
    }
}

/// Whether two stacks are in one region of one account.
fn is_beside(one: &Target, other: &Target) -> bool {
    (&one.region, &one.account) == (&other.region, &other.account)
}

fn target(it: &ListedStack) -> Target {
    Target {
        name: it.stack_name.clone(),
        environment: None,
        region: it.region.clone(),
        account: it.account.clone(),
        roles: it.roles.clone(),
    }
}

/// A stack with all that its deployment needs; nothing, if that cannot be read.
fn deployable(all: &mut Assembly, files: &dyn Files, at: usize) -> Option<Deployable> {
    let metadata = all.metadata(files, at);
    all.diagnostics.extend(Assembly::remarks(&metadata));
    let template = all.template(files, at, &metadata);
    let assets = assets(all, files, at);
    let AssembledStack { folder, listed: it, .. } = &all.stacks[at];
    let assembled = Assembled {
        name: it.name.clone(),
        template_url: it.template_url.clone(),
        bootstrap: it.bootstrap.clone(),
        parameters: it.parameters.clone().into_iter().collect(),
    };
    let (target, folder, is_protected) = (target(it), folder.clone(), it.is_protected);
    Some(Deployable {
        target,
        template: template?,
        is_part: true,
        assets,
        folder,
        is_protected,
        assembled: Some(assembled),
        arrivals: BTreeMap::new(),
    })
}

/// The files and images that a stack needs.
fn assets(from: &mut Assembly, files: &dyn Files, at: usize) -> Assets {
    let AssembledStack { folder, listed, .. } = &from.stacks[at];
    let manifests: Vec<(PathBuf, Span)> =
        listed.assets.iter().map(|it| (folder.join(&it.value), it.span)).collect();
    let mut all = Assets::default();
    for (path, place) in manifests {
        let Some(contents) = from.contents(files, &path, place) else { continue };
        match assembly::assets(&contents) {
            Some(listed) => {
                all.files.extend(listed.files);
                all.images.extend(listed.images);
                from.diagnostics.extend(listed.unusable.iter().map(|it| unusable(it, &path)));
            }
            None => {
                let fault = format!("`{}` lists no files", path.display());
                let fault = Diagnostic::error("no-template", fault).at(place);
                from.diagnostics.push(fault.help("have the assembly written again"));
            }
        }
    }
    all
}

/// An asset that cannot be made of what the assembly says.
fn unusable(asset: &str, manifest: &Path) -> Diagnostic {
    let manifest = manifest.display();
    let fault = format!(
        "`{manifest}` does not say of `{asset}` what in this assembly it is made of, and where it goes"
    );
    let help = "have the assembly written again, with the files of its assets in it: without `--no-staging`";
    Diagnostic::error("assets", fault).help(help)
}
