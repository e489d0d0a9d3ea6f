//! From a path to the templates of one side of a comparison.

use std::path::Path;

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity, has_errors},
    node::Node,
    span::Sources,
};

use crate::{
    assembly::{ListedStack, MANIFEST, Metadata},
    load::{self, Stack},
    ops::{
        assembly::{Assembly, nested, no_assembly},
        list::environments,
        selection::Known,
        synth::Synthesis,
        validate::inputs::{Kind, Origin},
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
    /// The name CloudFormation knows its stack by.
    pub(super) stack_name: String,
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
        let stack_name = name.clone();
        Self { name, stack_name, environment: None, account: None, region: None, template }
    }
}

impl Side {
    /// The stacks as they may be meant.
    pub(super) fn known(&self) -> impl Iterator<Item = Known<'_>> {
        self.stacks.iter().map(|it| Known { name: &it.name, stack_name: &it.stack_name })
    }

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
                    Member { environment, account, region, ..Member::new(name, it.template) }
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

    /// The stacks of an assembly.
    fn assembly(&mut self, files: &dyn Files, folder: &Path) -> Option<Side> {
        if !files.exists(&folder.join(MANIFEST)) {
            self.diagnostics.push(no_assembly(folder).help(EXPECTED));
            return None;
        }
        let sources = std::mem::take(&mut self.sources);
        let mut all = Assembly::read_with(files, folder, sources);
        let mut stacks = Vec::new();
        for at in 0..all.stacks.len() {
            let metadata = all.metadata(files, at);
            all.diagnostics.extend(Assembly::remarks(&metadata));
            let Some(template) = all.template(files, at, &metadata) else { continue };
            let ListedStack { name, stack_name, account, region, .. } = &all.stacks[at].listed;
            let member = Member {
                stack_name: stack_name.clone(),
                account: account.clone(),
                region: region.clone(),
                ..Member::new(name.clone(), template)
            };
            if add_with_nested(&mut all, files, at, (member, &metadata), 0, &mut stacks).is_none() {
                break;
            }
        }
        let lacking = all.lacking(files);
        all.diagnostics.extend(lacking);
        self.sources = all.sources;
        let is_faulty = has_errors(&all.diagnostics);
        self.diagnostics.extend(all.diagnostics);
        (!is_faulty).then_some(Side { stacks, is_named: true })
    }
}

/// Adds a stack, and those nested in it, each named below it; nothing, if these are too many.
fn add_with_nested(
    all: &mut Assembly,
    files: &dyn Files,
    at: usize,
    (member, metadata): (Member, &Metadata),
    depth: usize,
    stacks: &mut Vec<Member>,
) -> Option<()> {
    /// Deeper than anybody nests stacks; a file may say that it is nested in itself.
    const DEEPEST: usize = 4;
    if stacks.len() == MOST_STACKS {
        let fault = format!("`{}` has more than {MOST_STACKS} stacks", all.folder.display());
        let fault = Diagnostic::error("too-many-stacks", fault);
        all.diagnostics.push(fault.help("compare the templates that matter, one by one"));
        return None;
    }
    let (below, faults) = nested(&member.template.body);
    let parent = member.name.clone();
    stacks.push(member);
    if depth == DEEPEST {
        return Some(());
    }
    all.diagnostics.extend(faults);
    for it in below {
        let metadata = metadata.within(&it.id);
        if let Some(template) = all.nested_template(files, at, &it, &metadata) {
            let member = Member::new(format!("{parent}/{}", it.id), template);
            add_with_nested(all, files, at, (member, &metadata), depth + 1, stacks)?;
        }
    }
    Some(())
}

/// A template that stands for itself: `shop` in `shop.template.json`.
fn one(path: &Path, document: Node) -> Side {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or_default().to_owned();
    Side { stacks: vec![Member::new(name, Template::new(document))], is_named: false }
}
