//! From a path to the templates of one side of a comparison.

use std::path::{Component, Path};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity, has_errors},
    id::LogicalId,
    node::Node,
    span::Sources,
};

use crate::{
    assembly,
    load::{self, Stack},
    ops::{
        list::environments,
        synth::Synthesis,
        validate::inputs::{Kind, LARGEST_MANIFEST, Origin},
    },
    template::Template,
    world::{AtRevision, Files, Reason, Revisions},
};

/// The most stacks of one assembly, nested ones among them: files that name each other could stand for any number.
const MOST_STACKS: usize = 1000;
const EXPECTED: &str = "name a template, a stack file, or a folder with a `manifest.json`";

/// The templates of one side.
#[derive(Debug)]
pub(super) struct Side {
    /// The templates, each with what it is of.
    pub(super) stacks: Vec<Member>,
    /// Whether these are stacks, and not one template that may be of any.
    pub(super) is_named: bool,
}

/// A template of one side.
#[derive(Debug)]
pub(super) struct Member {
    /// The name of its stack, or else that of its file.
    pub(super) name: String,
    /// The environment of the stack file that it is for.
    pub(super) environment: Option<String>,
    /// The account it is bound to.
    pub(super) account: Option<String>,
    /// The region it is bound to.
    pub(super) region: Option<String>,
    /// The template.
    pub(super) template: Template,
}

impl Member {
    fn new(name: String, template: Template) -> Self {
        Self { name, environment: None, account: None, region: None, template }
    }
}

impl Side {
    /// The names of the stacks.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.stacks.iter().map(|it| it.name.as_str())
    }
}

/// Reads sides, and keeps what was read and what was wrong.
#[derive(Debug, Default)]
pub(super) struct Sides<'a> {
    environment: Option<&'a str>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) sources: Sources,
}

impl<'a> Sides<'a> {
    pub(super) fn new(environment: Option<&'a str>) -> Self {
        Self { environment, ..Self::default() }
    }

    /// What lies at `path`.
    pub(super) fn at(&mut self, files: &dyn Files, path: &Path) -> Option<Side> {
        if files.is_folder(path) {
            return self.assembly(files, path);
        }
        match load::text(files, path) {
            Ok(text) => self.document(files, &text, &path.display().to_string(), path, true),
            Err(why) => {
                let fault = why.diagnostic(path, EXPECTED, &mut self.sources);
                self.diagnostics.push(fault);
                None
            }
        }
    }

    /// What lay at `path` at a revision; if there was no file, there were no stacks.
    pub(super) fn at_revision(
        &mut self,
        revisions: &dyn Revisions,
        reference: &str,
        path: &Path,
    ) -> Option<Side> {
        let files = AtRevision { revisions, reference };
        match load::text(&files, path) {
            Ok(text) => self.document(&files, &text, &format!("{reference}:{}", path.display()), path, false),
            Err(load::Unreadable::File(why)) if matches!(why.reason, Reason::Missing) => {
                Some(Side { stacks: Vec::new(), is_named: true })
            }
            Err(why) => {
                let fault = why.diagnostic(path, EXPECTED, &mut self.sources);
                self.diagnostics.push(fault);
                None
            }
        }
    }

    /// A document, which is a stack file or a template. Of what was, warnings are of no interest.
    fn document(
        &mut self,
        files: &dyn Files,
        text: &str,
        name: &str,
        path: &Path,
        is_new: bool,
    ) -> Option<Side> {
        let (document, mut faults) = load::template(text, name, &mut self.sources);
        let Some(document) = document else {
            self.diagnostics.extend(faults);
            return None;
        };
        match Kind::of(&document, &Origin::Named) {
            Kind::Stack => {
                let sources = std::mem::take(&mut self.sources);
                let mut synthesis = Synthesis { diagnostics: faults, sources, ..Synthesis::default() };
                synthesis.read_context(files, path);
                for environment in environments(&document, self.environment) {
                    synthesis.add(files, path, &document, environment.as_deref());
                }
                synthesis.finish();
                self.sources = synthesis.sources;
                synthesis.diagnostics.retain(|it| is_new || it.severity == Severity::Error);
                let is_faulty = has_errors(&synthesis.diagnostics);
                self.diagnostics.extend(synthesis.diagnostics);
                let stacks = synthesis.stacks.into_iter().map(|it| {
                    let name = it.stack.name();
                    let Stack { environment, account, region, .. } = it.stack;
                    Member { name, environment, account, region, template: it.template }
                });
                (!is_faulty).then(|| Side { stacks: stacks.collect(), is_named: true })
            }
            Kind::Template | Kind::Other => {
                faults.retain(|it| it.severity == Severity::Error);
                if document.as_map().is_none() {
                    let fault = format!("`{}` is {}, and no template", path.display(), document.describe());
                    faults.push(Diagnostic::error("no-template", fault).at(document.span).help(EXPECTED));
                }
                let is_faulty = has_errors(&faults);
                self.diagnostics.extend(faults);
                (!is_faulty).then(|| one(path, document))
            }
        }
    }

    /// The stacks nested in the stack `parent`, each named below it.
    fn nested(
        &mut self,
        files: &dyn Files,
        folder: &Path,
        parent: &str,
        nested: Vec<(String, String)>,
        depth: usize,
        stacks: &mut Vec<Member>,
    ) -> Option<()> {
        /// Deeper than anybody nests stacks; a file may say that it is nested in itself.
        const DEEPEST: usize = 4;
        if depth == DEEPEST {
            return Some(());
        }
        for (id, path) in nested {
            if stacks.len() == MOST_STACKS {
                let fault = format!("`{}` has more than {MOST_STACKS} stacks", folder.display());
                let fault = Diagnostic::error("too-many-stacks", fault);
                self.diagnostics.push(fault.help("compare the templates that matter, one by one"));
                return None;
            }
            let name = format!("{parent}/{id}");
            for Member { template, .. } in self.at(files, &folder.join(path))?.stacks {
                let below = nested_templates(&template.body);
                stacks.push(Member::new(name.clone(), template));
                self.nested(files, folder, &name, below, depth + 1, stacks)?;
            }
        }
        Some(())
    }

    /// The stacks of an assembly.
    fn assembly(&mut self, files: &dyn Files, folder: &Path) -> Option<Side> {
        let manifest = files.read(&folder.join(assembly::MANIFEST), LARGEST_MANIFEST).ok();
        let Some(listed) = manifest.and_then(|it| assembly::stacks(&it)) else {
            let fault = format!("there is no cloud assembly in `{}`", folder.display());
            self.diagnostics.push(Diagnostic::error("no-template", fault).help(EXPECTED));
            return None;
        };
        let mut stacks = Vec::new();
        for it in listed.stacks {
            let path = folder.join(&it.template);
            let side = self.at(files, &path)?;
            for Member { mut template, .. } in side.stacks {
                let paths = it.paths.iter();
                let paths = paths.filter_map(|(id, path)| Some((LogicalId::checked(id).ok()?, path.clone())));
                template.paths = paths.collect();
                template.tags = it.tags.clone().into_iter().collect();
                let nested = nested_templates(&template.body);
                stacks.push(Member::new(it.name.clone(), template));
                self.nested(files, folder, &it.name, nested, 0, &mut stacks)?;
            }
        }
        for nested in listed.assemblies {
            stacks.extend(self.assembly(files, &folder.join(nested))?.stacks);
        }
        Some(Side { stacks, is_named: true })
    }
}

/// The logical ids of nested stacks, with the files of their templates, as the CDK writes them; what would lead out of
/// the assembly is left out.
fn nested_templates(body: &Node) -> Vec<(String, String)> {
    let resources = body.get("Resources").and_then(Node::as_map).into_iter().flatten();
    let nested = resources.filter_map(|(id, entry)| {
        let is_stack = entry.value.get("Type").and_then(Node::as_str) == Some("AWS::CloudFormation::Stack");
        let path = entry.value.get("Metadata")?.get("aws:asset:path")?.as_str().filter(|_| is_stack)?;
        let is_inside = Path::new(path).components().all(|it| matches!(it, Component::Normal(_)));
        is_inside.then(|| (id.clone().into_owned(), path.to_owned()))
    });
    nested.collect()
}

/// A template that stands for itself: `shop` in `shop.template.json`.
fn one(path: &Path, document: Node) -> Side {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or_default().to_owned();
    Side { stacks: vec![Member::new(name, Template::new(document))], is_named: false }
}
