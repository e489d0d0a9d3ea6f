//! The picture of the stacks of an app, or of templates of another origin.

use std::path::Path;

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    id::LogicalId,
    node::Node,
    span::Sources,
};
use indexmap::IndexMap;

use super::{
    Compared, Reviewed,
    assembly::Assembly,
    list::variants,
    selection::selected,
    synth::{Synthesis, Synthesized},
};
use crate::{
    diff::{Kind, ResourceChange},
    graph::{Construct, Graph, Member, Source},
    load,
    template::{Template, resource_of},
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
    if files.is_folder(path) {
        return of_assembly(files, path, names);
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
        Ok(environments) => {
            environments.iter().for_each(|it| synthesis.add(files, path, &root, it.as_deref()));
        }
        Err(faults) => synthesis.diagnostics.extend(faults),
    }
    synthesis.finish();
    let is_sound = !has_errors(&synthesis.diagnostics) && !synthesis.stacks.is_empty();
    let graph = is_sound.then(|| of_stacks(&synthesis.stacks, names));
    Drawing { graph, diagnostics: synthesis.diagnostics, sources: synthesis.sources }
}

/// The picture of the stacks of an assembly.
fn of_assembly(files: &dyn Files, folder: &Path, names: &[String]) -> Drawing {
    let mut all = Assembly::read(files, folder);
    let mut templates = Vec::new();
    for at in 0..all.stacks.len() {
        let metadata = all.metadata(files, at);
        let Some(template) = all.template(files, at, &metadata) else { continue };
        let name = all.stacks[at].listed.name.clone();
        templates.push(Foreign { name, paths: template.paths, root: template.body });
    }
    let names = match names {
        [] => Ok(Vec::new()),
        names => selected(names, &all.known()).map(|chosen| {
            chosen.into_iter().map(|at| all.stacks[at].listed.name.clone()).collect::<Vec<_>>()
        }),
    };
    let mut drawing = Drawing { graph: None, diagnostics: all.diagnostics, sources: all.sources };
    match names {
        _ if has_errors(&drawing.diagnostics) => drawing,
        Ok(names) => drawing.of_templates(&templates, &names),
        Err(faults) => {
            drawing.diagnostics.extend(faults);
            drawing
        }
    }
}

/// A stack as it becomes, and what changes behind each thing that is drawn.
#[derive(Debug)]
pub struct Drawn {
    /// The picture without coordinates; what goes is still in it.
    pub graph: Graph,
    /// What changes behind each card: positions among the resources that differ.
    pub cards: Vec<Vec<usize>>,
    /// The same of each group.
    pub groups: Vec<Vec<usize>>,
    /// What changes and has no place in the picture.
    pub elsewhere: Vec<usize>,
}

/// The pictures of all stacks of a review, in their order; none of a stack of which there would be more than people read.
pub fn drawn(reviewed: &Reviewed) -> Vec<Option<Drawn>> {
    let stacks = &reviewed.comparison.stacks;
    let merged: Vec<Template> = stacks.iter().map(with_what_goes).collect();
    let templates = stacks.iter().zip(&merged).chain(reviewed.same.iter().map(|it| (it, &it.templates[1])));
    let source =
        |(compared, template): (&Compared, &'_ Template)| (compared.name.clone(), template.paths.clone());
    let named: Vec<_> = templates.clone().map(source).collect();
    let sources = named.into_iter().zip(templates).map(|((name, paths), (_, template))| Source {
        name,
        part: None,
        template: &template.body,
        paths,
        constructs: IndexMap::new(),
    });
    let sources: Vec<Source<'_>> = sources.collect();
    stacks.iter().map(|it| of_change(it, &sources)).collect()
}

/// The template of a stack as it becomes, with the resources that go.
fn with_what_goes(compared: &Compared) -> Template {
    let [old, new] = &*compared.templates;
    let mut template = new.clone();
    let gone = compared.diff.resources.iter().filter(|it| matches!(it.kind, Kind::Removed(_)));
    let gone: Vec<(&str, &Node)> =
        gone.filter_map(|it| Some((it.id.as_str(), resource_of(&old.body, &it.id)?))).collect();
    let resources = gone.iter().map(|(id, it)| ((*id).to_owned().into(), (*it).clone())).collect();
    template.body.overlay(&Node::from_iter([("Resources".into(), resources)]));
    let paths = old.paths.iter().filter(|(id, _)| gone.iter().any(|(it, _)| id.as_str() == *it));
    template.paths.extend(paths.map(|(id, path)| (id.clone(), path.clone())));
    template
}

fn of_change(compared: &Compared, sources: &[Source<'_>]) -> Option<Drawn> {
    /// Beyond that a picture is no help.
    const MOST_CARDS: usize = 120;
    /// What differs more than people read is not drawn either: this is no tool for that, and takes its time.
    const MOST_RESOURCES: usize = 1000;
    let own = sources.iter().find(|it| it.name == compared.name)?;
    if own.template.get("Resources").and_then(Node::as_map).is_none_or(|it| it.len() > MOST_RESOURCES) {
        return None;
    }
    let graph = Graph::new(&compared.name, sources, |it| it.name == compared.name);
    if graph.cards.len() > MOST_CARDS || graph.cards.is_empty() && graph.groups.is_empty() {
        return None;
    }
    let changes = &compared.diff.resources;
    let behind = |members: &Vec<Member>| -> Vec<usize> {
        let is_behind = |it: &ResourceChange| members.iter().any(|member| member.id == it.id);
        changes
            .iter()
            .enumerate()
            .filter(|(_, it)| it.slight.is_none() && is_behind(it))
            .map(|(at, _)| at)
            .collect()
    };
    let cards: Vec<Vec<usize>> = graph.cards.iter().map(|it| behind(&it.resources)).collect();
    let groups: Vec<Vec<usize>> = graph.groups.iter().map(|it| behind(&it.resources)).collect();
    let is_drawn = |at: &usize| cards.iter().chain(&groups).any(|it| it.contains(at));
    let elsewhere = (0..changes.len()).filter(|at| changes[*at].slight.is_none() && !is_drawn(at)).collect();
    Some(Drawn { graph, cards, groups, elsewhere })
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
