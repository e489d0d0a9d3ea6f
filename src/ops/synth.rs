//! From a stack file to templates.

use std::{
    collections::BTreeMap,
    mem,
    path::{Path, PathBuf},
};

use asi_constructs::{
    CATALOGUE,
    kernel::{
        asset::ImageAsset,
        diagnostic::{Diagnostic, has_errors},
        lookup::Unanswered,
        node::Node,
        span::Sources,
    },
};

use super::{
    app_protocol::AppRequest,
    assembly::Assembly,
    built,
    list::{environments, variants},
    selection::selected,
    validate,
};
use crate::{
    assembly::ListedStack,
    expand::expand,
    load::{self, Stack},
    resolve::resolve,
    template::Template,
    validate::Finding,
    world::Files,
};

/// What synthesis gives.
#[derive(Debug, Default)]
pub struct Synthesis {
    /// The stacks with their templates; none if something is wrong with the input.
    pub stacks: Vec<Synthesized>,
    /// Faults and warnings, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, for excerpts.
    pub sources: Sources,
    /// What nobody has looked up in AWS, and constructs ask for; there is a fault for each.
    pub missing: Vec<Unanswered>,
    /// The images that are built of folders, also where something is wrong with these.
    pub(in crate::ops) images: Vec<ImageAsset>,
    /// What was looked up in AWS.
    pub(in crate::ops) context: Option<Node>,
}

/// A stack and its template.
#[derive(Clone, Debug)]
pub struct Synthesized {
    /// The stack as the user wrote it.
    pub stack: Stack,
    /// What became of it.
    pub template: Template,
    /// What was found in it on the way, also where another stack has the same.
    pub remarks: Vec<Diagnostic>,
    /// The folder of its stack file.
    pub folder: PathBuf,
}

/// Synthesizes the stack file at `path`: the stacks named, or the one of `environment`.
pub fn synthesize(files: &dyn Files, path: &Path, environment: Option<&str>, names: &[String]) -> Synthesis {
    synthesize_from(files, path, names, None, |root| variants(root, environment, names))
}

/// Synthesizes what goes into an assembly: the stacks named, or those of `environment`, or of all environments; with the
/// context that an app is given, if it is one.
pub fn synthesize_each(
    files: &dyn Files,
    path: &Path,
    environment: Option<&str>,
    names: &[String],
    app: Option<&AppRequest>,
) -> Synthesis {
    synthesize_from(files, path, names, app, |root| match names {
        [] => Ok(environments(root, environment)),
        names => variants(root, environment, names),
    })
}

/// Synthesizes the stacks of these names, or all, in the environments that are chosen once the file is read.
fn synthesize_from(
    files: &dyn Files,
    path: &Path,
    names: &[String],
    app: Option<&AppRequest>,
    chosen: impl Fn(&Node) -> Result<Vec<Option<String>>, Vec<Diagnostic>>,
) -> Synthesis {
    let mut synthesis = Synthesis::default();
    let (root, diagnostics) = load::read(files, path, &mut synthesis.sources);
    synthesis.diagnostics = diagnostics;
    synthesis.read_context(files, path);
    if let Some(app) = app {
        synthesis.take_context(files, app);
    }
    if let Some(root) = root {
        match chosen(&root) {
            Ok(environments) => {
                environments.iter().for_each(|it| synthesis.add(files, path, &root, it.as_deref()));
            }
            Err(faults) => synthesis.diagnostics.extend(faults),
        }
    }
    synthesis.choose(names);
    synthesis.finish();
    synthesis
}

/// Synthesizes the stacks named, and with them all that they need, however far that is.
pub fn synthesize_with_needs(
    files: &dyn Files,
    path: &Path,
    environment: Option<&str>,
    names: &[String],
) -> Synthesis {
    let mut wanted = names.to_vec();
    loop {
        let synthesis = synthesize(files, path, environment, &wanted);
        let needs = synthesis.stacks.iter().flat_map(|it| &it.template.needs);
        let further: Vec<String> = needs.filter(|it| !wanted.contains(it)).cloned().collect();
        // Without names these are all stacks there are.
        if names.is_empty() || further.is_empty() {
            return synthesis;
        }
        wanted.extend(further);
    }
}

impl Synthesis {
    /// Reads what was looked up in AWS, beside the stack file at `path`.
    pub(in crate::ops) fn read_context(&mut self, files: &dyn Files, path: &Path) {
        let (context, diagnostics) = load::context(files, path, &mut self.sources);
        self.context = context;
        self.diagnostics.extend(diagnostics);
    }

    /// Puts what was found in order; with a fault there are no stacks.
    pub(super) fn finish(&mut self) {
        in_order(&mut self.diagnostics);
        if has_errors(&self.diagnostics) {
            self.stacks.clear();
        }
    }

    /// Synthesizes the stacks of an environment, in the order written.
    pub(super) fn add(&mut self, files: &dyn Files, path: &Path, root: &Node, environment: Option<&str>) {
        let (stacks, diagnostics) = load::stacks(root, environment);
        let is_faulty = has_errors(&self.diagnostics) || has_errors(&diagnostics);
        let place = (files, path);
        let Made { mut templates, diagnostics: found, missing, images } =
            synthesize_stacks(&stacks, self.context.as_ref(), is_faulty, place);
        let found: Vec<Diagnostic> = diagnostics.into_iter().chain(found).collect();
        let first = self.stacks.len();
        let synthesized = stacks.into_iter().filter_map(|stack| {
            let template = templates.remove(&stack.name())?;
            Some(Synthesized { stack, template, remarks: Vec::new(), folder: built::folder_of(path) })
        });
        self.stacks.extend(synthesized);
        let own = self.stacks.get_mut(first..).unwrap_or_default();
        for remark in &found {
            // What is said of none of them is said of all.
            let at = own.iter().position(|it| it.stack.is_place_of(remark)).unwrap_or_default();
            own.get_mut(at).into_iter().for_each(|it| it.remarks.push(remark.clone()));
        }
        self.diagnostics.extend(found);
        self.missing.extend(missing);
        self.images.extend(images);
    }

    /// Keeps the stacks of these names; all, if there are none.
    fn choose(&mut self, names: &[String]) {
        self.stacks.retain(|it| names.is_empty() || names.contains(&it.stack.name()));
    }
}

/// In the order of the file, and none twice: what is wrong in two environments is wrong once.
pub(super) fn in_order(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by_key(Diagnostic::span);
    let mut seen: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics.drain(..) {
        // Equal ones point at one place, and so stand side by side.
        let beside = seen.iter().rev().take_while(|it| it.span() == diagnostic.span());
        if !beside.into_iter().any(|it| it.code == diagnostic.code && it.message == diagnostic.message) {
            seen.push(diagnostic);
        }
    }
    *diagnostics = seen;
}

/// What is made of the stacks of an app.
struct Made {
    /// Their templates, by name.
    templates: BTreeMap<String, Template>,
    diagnostics: Vec<Diagnostic>,
    /// What they lack of AWS.
    missing: Vec<Unanswered>,
    /// The images that are to be built for them.
    images: Vec<ImageAsset>,
}

/// Makes the templates of the stacks of an app. With faults found before, further ones are looked for, and no template is
/// made.
fn synthesize_stacks(
    stacks: &[Stack],
    context: Option<&Node>,
    is_faulty: bool,
    (files, path): (&dyn Files, &Path),
) -> Made {
    let (mut tree, mut diagnostics) = expand(stacks, CATALOGUE, context, BTreeMap::new());
    let images: Vec<ImageAsset> = tree.finished.iter().flat_map(|it| &it.images).cloned().collect();
    if !images.is_empty() {
        let asked: Vec<&ImageAsset> = images.iter().collect();
        let (fingerprints, found) = built::fingerprints(files, &built::folder_of(path), &asked);
        // What is built where is known only now.
        (tree, diagnostics) = expand(stacks, CATALOGUE, context, fingerprints);
        diagnostics.extend(found);
    }
    let missing = mem::take(&mut tree.missing);
    if is_faulty {
        // What is at fault may be what these miss.
        diagnostics.retain(|it| !matches!(it.code, "no-resources" | "unused-parameter" | "unused-name"));
    }
    if is_faulty || has_errors(&diagnostics) {
        return Made { templates: BTreeMap::new(), diagnostics, missing, images };
    }
    let (templates, found) = resolve(&tree);
    diagnostics.extend(found);
    let names = tree.finished.iter().map(|it| it.place.stack.clone());
    let mut templates: BTreeMap<String, Template> = names.zip(templates).collect();
    for stack in stacks {
        let template = templates.get_mut(&stack.name()).expect("every stack was expanded");
        for operation in &stack.patches {
            diagnostics.extend(template.patch(operation).err());
        }
        if !stack.patches.is_empty() || stacks.len() > 1 {
            // Whatever else refers to something has been resolved, but for parameters of other stacks.
            diagnostics.extend(template.dangling_references());
        }
    }
    Made { templates, diagnostics, missing, images }
}

/// The templates of stacks of an assembly.
#[derive(Debug, Default)]
pub struct OfAssembly {
    /// The stacks that are meant, each with its template.
    pub stacks: Vec<(ListedStack, Template)>,
    /// What is wrong with them, and what constructs and tools have to say.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read.
    pub sources: Sources,
}

/// The templates of the stacks of the assembly in `folder` that these patterns mean; of all, where there are none.
pub fn of_assembly(files: &dyn Files, folder: &Path, patterns: &[String]) -> OfAssembly {
    let mut all = Assembly::read(files, folder);
    let chosen = match patterns {
        [] => Ok((0..all.stacks.len()).collect()),
        patterns => selected(patterns, &all.known()),
    };
    let mut templates = Vec::new();
    match chosen {
        _ if has_errors(&all.diagnostics) => (),
        Ok(chosen) => {
            for at in chosen {
                let metadata = all.metadata(files, at);
                all.diagnostics.extend(Assembly::remarks(&metadata));
                templates.extend(all.template(files, at, &metadata).map(|it| (at, it)));
            }
        }
        Err(faults) => all.diagnostics.extend(faults),
    }
    let remarks = all.violations(files).into_iter().chain(all.lacking(files));
    let remarks: Vec<Diagnostic> = remarks.collect();
    all.diagnostics.extend(remarks);
    let Assembly { stacks, diagnostics, sources, .. } = all;
    let mut listed: Vec<Option<ListedStack>> = stacks.into_iter().map(|it| Some(it.listed)).collect();
    let stacks = templates.into_iter().filter_map(|(at, it)| Some((listed[at].take()?, it))).collect();
    OfAssembly { stacks, diagnostics, sources }
}

/// What is wrong with templates of an assembly.
pub fn findings(of: &OfAssembly, request: &validate::Request<'_>) -> Vec<Finding> {
    let found = of.stacks.iter().flat_map(|(listed, template)| {
        let region = request.region.or(listed.region.as_deref());
        validate::of_template(template, region, request)
    });
    of.diagnostics.iter().cloned().map(Finding::from).chain(found).collect()
}

/// What to say where one template is due and several stacks are asked for.
pub fn several_stacks(names: &[String]) -> Diagnostic {
    let fault = format!("one template can be printed, and these are {}: {}", names.len(), names.join(", "));
    Diagnostic::error("several-stacks", fault)
        .help("name one of them, or write them all into a folder with `--output DIR`")
}
