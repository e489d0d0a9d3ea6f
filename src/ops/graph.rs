//! The picture of the stacks of an app, or of templates of another origin.

use std::path::Path;

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    id::LogicalId,
    node::Node,
    span::Sources,
    yaml::LARGEST_FILE,
};
use indexmap::IndexMap;

use super::{
    list::variants,
    synth::{Synthesis, Synthesized},
};
use crate::{
    assembly,
    graph::{Construct, Graph, Source},
    load,
    world::Files,
};

/// What there is to draw.
#[derive(Debug, Default)]
pub struct Drawing {
    /// The picture without coordinates; none if something is wrong with the input.
    pub graph: Option<Graph>,
    /// Faults and warnings, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, for excerpts.
    pub sources: Sources,
}

/// The graph of what is at `path`: a stack file, of which `environment` is taken, a template, or the folder of a cloud
/// assembly. With `names`, only these stacks are drawn; what they refer to in others is known nevertheless.
pub fn graph(files: &dyn Files, path: &Path, environment: Option<&str>, names: &[String]) -> Drawing {
    let mut drawing = Drawing::default();
    if files.is_folder(path)
        && let Ok(manifest) = files.read(&path.join(assembly::MANIFEST), LARGEST_FILE)
        && let Some(listed) = assembly::stacks(&manifest)
    {
        let templates = listed.stacks.into_iter().filter_map(|it| {
            let (root, faults) = load::read(files, &path.join(&it.template), &mut drawing.sources);
            drawing.diagnostics.extend(faults);
            let paths =
                it.paths.into_iter().filter_map(|(id, path)| Some((LogicalId::checked(&id).ok()?, path)));
            Some(Foreign { name: it.name, paths: paths.collect(), root: root? })
        });
        let templates: Vec<Foreign> = templates.collect();
        return drawing.of_templates(&templates, names);
    }
    let (root, diagnostics) = load::read(files, path, &mut drawing.sources);
    drawing.diagnostics = diagnostics;
    let Some(root) = root else { return drawing };
    if root.get("Resources").is_some() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".template").unwrap_or(&name).to_owned();
        return drawing.of_templates(&[Foreign { name, root, paths: IndexMap::new() }], names);
    }
    let Drawing { diagnostics, sources, .. } = drawing;
    let mut synthesis = Synthesis { diagnostics, sources, ..Synthesis::default() };
    synthesis.read_context(files, path);
    match variants(&root, environment, names) {
        Ok(environments) => environments.iter().for_each(|it| synthesis.add(&root, it.as_deref())),
        Err(faults) => synthesis.diagnostics.extend(faults),
    }
    synthesis.finish();
    let is_sound = !has_errors(&synthesis.diagnostics) && !synthesis.stacks.is_empty();
    let graph = is_sound.then(|| of_stacks(&synthesis.stacks, names));
    Drawing { graph, diagnostics: synthesis.diagnostics, sources: synthesis.sources }
}

/// A template of another origin.
struct Foreign {
    name: String,
    root: Node,
    /// The path of what made each resource, as far as an assembly tells.
    paths: IndexMap<LogicalId, String>,
}

impl Drawing {
    /// With the graph of templates of which nothing is known but what they say.
    fn of_templates<'a>(mut self, templates: &'a [Foreign], names: &[String]) -> Self {
        for name in names.iter().filter(|name| !templates.iter().any(|it| it.name == **name)) {
            let fault = Diagnostic::error("unknown-stack", format!("there is no stack `{name}`"));
            self.diagnostics.push(fault.suggest(name, templates.iter().map(|it| it.name.as_str())));
        }
        if has_errors(&self.diagnostics) {
            return self;
        }
        let source = |it: &'a Foreign| {
            let Foreign { name, root, paths } = it;
            let (name, paths) = (name.clone(), paths.clone());
            Source { name, part: None, template: root, paths, constructs: IndexMap::new() }
        };
        let sources: Vec<Source<'_>> = templates.iter().map(source).collect();
        let drawn: Vec<&str> =
            sources.iter().map(|it| it.name.as_str()).filter(|it| is_named(it, names)).collect();
        self.graph = Some(Graph::new(&drawn.join(", "), &sources, |it| is_named(&it.name, names)));
        self
    }
}

/// Whether it is one of the names; all are, if there are none.
fn is_named(name: &str, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|it| it == name)
}

fn of_stacks(stacks: &[Synthesized], names: &[String]) -> Graph {
    let sources: Vec<Source<'_>> = stacks.iter().map(source).collect();
    let drawn: Vec<&Synthesized> = stacks.iter().filter(|it| is_named(&it.stack.name(), names)).collect();
    let title = match drawn.as_slice() {
        [only] => only.stack.name(),
        // The stacks of one environment share its name, those of several only the app's.
        [first, others @ ..] => {
            let environment = first.stack.environment.as_deref();
            let is_shared = others.iter().all(|it| it.stack.environment.as_deref() == environment);
            load::stack_name(&first.stack.app.value, environment.filter(|_| is_shared), None)
        }
        [] => String::new(),
    };
    Graph::new(&title, &sources, |it| is_named(&it.name, names))
}

fn source(of: &Synthesized) -> Source<'_> {
    let constructs = of.stack.constructs.iter().map(|it| {
        let construct = Construct { kind: it.kind.value.clone(), properties: &it.properties };
        (it.name.text.clone(), construct)
    });
    Source {
        name: of.stack.name(),
        part: of.stack.part.as_ref().map(|it| it.value.clone()),
        template: &of.template.body,
        paths: of.template.paths.clone(),
        constructs: constructs.collect(),
    }
}
