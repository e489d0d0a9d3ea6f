//! A cloud assembly, whoever wrote it: its stacks, and their templates once somebody asks for them.
//!
//! An assembly is data from elsewhere. Nothing is read outside of its folder, whatever a manifest or a link says, and what
//! is wrong with it is told with the place that says so.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Path, PathBuf},
};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity},
    id::{ConstructPath, LogicalId},
    lookup::Missing,
    node::Node,
    span::{Sources, Span, Spanned},
    yaml::LARGEST_FILE,
};

use super::selection::Known;
use crate::{
    assembly::{self, Annotation, ListedStack, Metadata, Violation},
    load::{self, Fields, Unreadable},
    template::{Template, resource_of},
    world::Files,
};

/// Deeper than anybody puts stages into stages.
const DEEPEST: usize = 20;
/// More than anybody deploys together.
const MOST_STACKS: usize = 10_000;
/// How the names of the zones begin that the CDK goes on with where it knows none: `dummy1a`, `dummy1b`, `dummy1c`.
const NO_ZONE: &[u8] = b"dummy1";

/// The stacks of an assembly.
#[derive(Debug, Default)]
pub struct Assembly {
    /// Its folder.
    pub folder: PathBuf,
    /// Its stacks, those of assemblies within it among them, in order.
    pub stacks: Vec<AssembledStack>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read.
    pub sources: Sources,
    /// What the app lacks of AWS.
    pub missing: Vec<Missing>,
    /// Its folder without links, if it is there.
    root: PathBuf,
    /// The folders whose manifests were read, without links.
    seen: BTreeSet<PathBuf>,
}

/// A stack of an assembly.
#[derive(Debug)]
pub struct AssembledStack {
    /// The folder of its manifest.
    pub folder: PathBuf,
    /// What the manifest says of it.
    pub listed: ListedStack,
    /// How many assemblies it is within, besides that of the app itself.
    pub depth: usize,
}

impl Assembly {
    /// Reads the manifests of the assembly in `folder`; none of its templates.
    pub fn read(files: &dyn Files, folder: &Path) -> Self {
        Self::read_with(files, folder, Sources::default())
    }

    /// The same, after other files were read.
    pub(in crate::ops) fn read_with(files: &dyn Files, folder: &Path, sources: Sources) -> Self {
        let mut all = Self { folder: folder.to_owned(), sources, ..Self::default() };
        match files.real(folder) {
            Ok(root) if files.exists(&folder.join(assembly::MANIFEST)) => {
                all.root = root;
                all.read_manifests(files);
                all.check_names();
            }
            Ok(_) | Err(_) => all.diagnostics.push(no_assembly(folder)),
        }
        all
    }

    /// Reads the manifests of a folder and of those within it, the outer ones first, as the CDK lists stacks.
    fn read_manifests(&mut self, files: &dyn Files) {
        let mut waiting = VecDeque::from([(self.folder.clone(), 0, Span::default())]);
        while let Some((folder, depth, place)) = waiting.pop_front() {
            let nested = self.read_manifest(files, &folder, depth, place);
            waiting.extend(nested.into_iter().map(|it| (folder.join(it.value), depth + 1, it.span)));
            if self.stacks.len() > MOST_STACKS {
                let fault = format!("`{}` has more than {MOST_STACKS} stacks", self.folder.display());
                let fault = Diagnostic::error("too-many-stacks", fault);
                self.diagnostics.push(fault.help("write the parts of the app into folders of their own"));
                break;
            }
        }
    }

    /// Reads one manifest, whose folder was named at `place`; gives the folders that it names.
    fn read_manifest(
        &mut self,
        files: &dyn Files,
        folder: &Path,
        depth: usize,
        place: Span,
    ) -> Vec<Spanned<String>> {
        let is_known = files.real(folder).is_ok_and(|it| !self.seen.insert(it));
        if is_known || depth > DEEPEST {
            let fault = "this assembly stands in itself, is named twice, or is within too many others";
            let fault = Diagnostic::error("assembly-cycle", fault).at(place);
            self.diagnostics.push(fault.help("write the assembly again"));
            return Vec::new();
        }
        let Some(root) = self.document(files, &folder.join(assembly::MANIFEST), place) else {
            return Vec::new();
        };
        let (manifest, faults) = assembly::manifest(&root);
        self.diagnostics.extend(faults);
        // What is missing in an assembly within another is listed in that one.
        if depth == 0 {
            let (missing, faults) = assembly::missing(&root);
            self.missing = missing;
            self.diagnostics.extend(faults);
        }
        let stacks = manifest.stacks.into_iter();
        self.stacks.extend(stacks.map(|listed| AssembledStack { folder: folder.to_owned(), listed, depth }));
        manifest.nested
    }

    /// The stacks as they may be meant.
    pub(in crate::ops) fn known(&self) -> Vec<Known<'_>> {
        let listed = self.stacks.iter().map(|it| &it.listed);
        listed.map(|it| Known { name: &it.name, stack_name: &it.stack_name }).collect()
    }

    /// The stacks that one needs, which stand in the same manifest, in the order it names them.
    pub(in crate::ops) fn needed(&self, at: usize) -> Vec<usize> {
        let user = &self.stacks[at];
        let named = |id: &String| {
            self.stacks.iter().position(|it| it.folder == user.folder && it.listed.id.value == *id)
        };
        let mut found = Vec::new();
        for at in user.listed.dependencies.iter().filter_map(named) {
            if !found.contains(&at) {
                found.push(at);
            }
        }
        found
    }

    /// Reports stacks that CloudFormation could not tell apart.
    fn check_names(&mut self) {
        let mut known: BTreeMap<_, Span> = BTreeMap::new();
        for it in &self.stacks {
            let ListedStack { stack_name, account, region, id, .. } = &it.listed;
            if let Some(first) = known.insert((stack_name, account, region), id.span) {
                let fault = format!("two stacks are named `{stack_name}`");
                let fault =
                    Diagnostic::error("duplicate-stack", fault).at(id.span).label(first, "one is here");
                self.diagnostics.push(fault.help("give one of them another `stackName`"));
            }
        }
    }

    /// A document of the assembly, which is named at `place`.
    fn document(&mut self, files: &dyn Files, path: &Path, place: Span) -> Option<Node> {
        let contents = self.contents(files, path, place)?;
        match String::from_utf8(contents).map_err(Unreadable::NotUtf8) {
            Ok(text) => {
                let (document, faults) =
                    load::template(&text, &path.display().to_string(), &mut self.sources);
                self.diagnostics.extend(faults);
                document
            }
            Err(why) => {
                let fault = why.diagnostic(path, "", &mut self.sources);
                self.diagnostics.push(fault);
                None
            }
        }
    }

    /// Whether a file, which is named at `place`, is in the folder of the assembly, wherever links lead; says so, if not.
    pub(in crate::ops) fn is_inside(&mut self, files: &dyn Files, path: &Path, place: Span) -> bool {
        let is_inside = files.real(path).is_ok_and(|it| it.starts_with(&self.root));
        if !is_inside && files.exists(path) {
            let fault = format!("`{}` leads out of the assembly", path.display());
            let fault = Diagnostic::error("assembly-escape", fault).at(place);
            self.diagnostics.push(fault.help("put the file itself in the place of the link"));
            return false;
        }
        true
    }

    /// What is in a file of the assembly, which is named at `place`.
    pub(in crate::ops) fn contents(
        &mut self,
        files: &dyn Files,
        path: &Path,
        place: Span,
    ) -> Option<Vec<u8>> {
        if !self.is_inside(files, path, place) {
            return None;
        }
        match files.read(path, LARGEST_FILE) {
            Ok(contents) => Some(contents),
            Err(error) => {
                let fault = Diagnostic::error("assembly-file", error.to_string()).at(place);
                self.diagnostics.push(fault.help("write the assembly again"));
                None
            }
        }
    }

    /// What is known of the constructs of a stack, wherever it stands.
    pub fn metadata(&mut self, files: &dyn Files, at: usize) -> Metadata {
        let AssembledStack { folder, listed, .. } = &self.stacks[at];
        let (mut metadata, name) = (listed.metadata.clone(), listed.name.clone());
        let Some(file) = &listed.metadata_file else { return metadata };
        let (path, place) = (folder.join(&file.value), file.span);
        if !files.exists(&path) {
            let fault = format!(
                "there is no file `{}`, so that nobody knows what constructs warn of",
                path.display()
            );
            let fault = Diagnostic::warning("assembly-file", fault).at(place);
            self.diagnostics.push(fault.help("keep the files of an assembly together"));
            return metadata;
        }
        let Some(root) = self.document(files, &path, place) else { return metadata };
        // The document is what the key `metadata` of a manifest has.
        let root = Node::from_iter([("metadata".into(), root)]);
        if let Some(mut fields) = Fields::of(&root, &mut self.diagnostics) {
            let entries = fields.entries("metadata");
            let Metadata { ids, annotations } = Metadata::read(&entries, &name, &mut fields);
            metadata.ids.extend(ids);
            metadata.annotations.extend(annotations);
        }
        metadata
    }

    /// The template of a stack.
    pub fn template(&mut self, files: &dyn Files, at: usize, metadata: &Metadata) -> Option<Template> {
        let AssembledStack { folder, listed, .. } = &self.stacks[at];
        let (path, place) = (folder.join(&listed.template.value), listed.template.span);
        let (tags, needs) = (listed.tags.clone(), listed.needs.clone());
        let body = self.document(files, &path, place)?;
        if body.as_map().is_none() {
            let fault = format!("`{}` is {}, and no template", path.display(), body.describe());
            self.diagnostics.push(Diagnostic::error("no-template", fault).at(body.span));
            return None;
        }
        Some(Template { tags: tags.into_iter().collect(), needs, ..with_paths(body, metadata) })
    }

    /// The template of a stack that is nested in another, whose folder it is in.
    pub fn nested_template(
        &mut self,
        files: &dyn Files,
        at: usize,
        nested: &Nested,
        metadata: &Metadata,
    ) -> Option<Template> {
        let path = self.stacks[at].folder.join(&nested.template);
        let body = self.document(files, &path, nested.place)?;
        body.as_map().is_some().then(|| with_paths(body, metadata))
    }

    /// That templates may have values in them which nobody has looked up: a warning, where the values are known, and none
    /// is to be found.
    pub fn lacking(&self, files: &dyn Files) -> Option<Diagnostic> {
        if self.missing.is_empty() {
            return None;
        }
        let keys: Vec<String> = self.missing.iter().map(|it| format!("`{}`", it.key)).collect();
        let fault = format!("the app lacks what is to be looked up in AWS: {}", keys.join(", "));
        let help = "run the app where AWS can be asked, and keep `cdk.context.json` with it";
        let only_zones = self.missing.iter().all(|it| it.provider == "availability-zones");
        Some(if only_zones && !self.names_no_zones(files) {
            let fault = format!("{fault}; no template has a zone in it that stands for one of AWS's");
            Diagnostic::warning("app-lookups", fault).help(help)
        } else {
            Diagnostic::error("app-lookups", fault).help(help)
        })
    }

    /// Whether a file has the name of a zone in it with which the CDK goes on where it knows none, or cannot be read.
    fn names_no_zones(&self, files: &dyn Files) -> bool {
        let stands_in = |text: &[u8]| text.windows(NO_ZONE.len()).any(|it| it == NO_ZONE);
        let is_clean = |path: &Path| files.read(path, LARGEST_FILE).is_ok_and(|it| !stands_in(&it));
        let folders: BTreeSet<&Path> = self.stacks.iter().map(|it| it.folder.as_path()).collect();
        let listed = folders.into_iter().flat_map(|it| files.list(it).unwrap_or_default());
        let mut documents = listed.filter(|it| it.path.extension().is_some_and(|it| it == "json"));
        !documents.all(|it| is_clean(&it.path))
    }

    /// What constructs of a stack have to say.
    pub fn remarks(metadata: &Metadata) -> impl Iterator<Item = Diagnostic> {
        metadata.annotations.iter().map(annotated)
    }

    /// What the tools that the app brings along have found in it.
    pub fn violations(&mut self, files: &dyn Files) -> Vec<Diagnostic> {
        let path = self.folder.join(assembly::REPORT);
        if !files.exists(&path) {
            return Vec::new();
        }
        let Some(report) = self.document(files, &path, Span::default()) else { return Vec::new() };
        assembly::violations(&report).into_iter().map(violated).collect()
    }
}

/// A stack that is nested in another.
#[derive(Clone, Debug)]
pub struct Nested {
    /// The logical id of the resource that it is.
    pub id: String,
    /// The file of its template, in the folder of the stack it is nested in.
    pub template: String,
    /// Where that is named.
    pub place: Span,
}

/// The stacks nested in that of a template, as the CDK writes them; with a fault for each that would lead out of the assembly.
pub fn nested(body: &Node) -> (Vec<Nested>, Vec<Diagnostic>) {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    let resources = body.get("Resources").and_then(Node::as_map).into_iter().flatten();
    for (id, _) in resources {
        let Some(resource) = resource_of(body, id) else { continue };
        let is_stack = resource.get("Type").and_then(Node::as_str) == Some("AWS::CloudFormation::Stack");
        let path = resource.get("Metadata").and_then(|it| it.get("aws:asset:path")).filter(|_| is_stack);
        let Some((text, place)) = path.and_then(|it| Some((it.as_str()?, it.span))) else { continue };
        match assembly::inside(text) {
            Some(template) => found.push(Nested { id: id.clone().into_owned(), template, place }),
            None => {
                let fault =
                    Diagnostic::error("assembly-escape", format!("`{text}` leads out of the assembly"));
                faults.push(fault.at(place).help("name a file or folder in the folder of this template"));
            }
        }
    }
    (found, faults)
}

fn with_paths(body: Node, metadata: &Metadata) -> Template {
    let paths = metadata.paths().into_iter();
    let paths = paths.filter_map(|(id, path)| Some((LogicalId::checked(&id).ok()?, path))).collect();
    Template { paths, ..Template::new(body) }
}

/// That there is nothing to read.
pub(in crate::ops) fn no_assembly(folder: &Path) -> Diagnostic {
    let fault = format!("there is no cloud assembly in `{}`", folder.display());
    let fault = Diagnostic::error("no-template", fault);
    fault.help("name a folder with a `manifest.json`, such as `cdk synth` writes")
}

fn annotated(it: &Annotation) -> Diagnostic {
    let (text, acknowledged) = match it.text.rsplit_once(" [ack: ") {
        Some((text, id)) => (text, id.strip_suffix(']')),
        None => (it.text.as_str(), None),
    };
    let text = in_one_line(text);
    let fault = match it.severity {
        Severity::Error => Diagnostic::error("app-error", text),
        Severity::Warning => Diagnostic::warning("app-warning", text),
        Severity::Info => Diagnostic::info("app-info", text),
    };
    let fault = fault.within(&ConstructPath::of(&it.path));
    match (&it.place, acknowledged) {
        (Some(place), _) => fault.help(format!("see `{place}`")),
        (None, Some(id)) => fault.help(format!("mend it, or acknowledge `{id}` in the app")),
        (None, None) => fault,
    }
}

fn violated(it: Violation) -> Diagnostic {
    let text = format!("{} by {}: {}", it.rule, it.tool, in_one_line(&it.text));
    let fault = Diagnostic { severity: it.severity, ..Diagnostic::error("app-violation", text) };
    let fault = match &it.construct {
        Some(path) => fault.within(&ConstructPath::of(path)),
        None => fault,
    };
    match it.help {
        Some(help) => fault.help(in_one_line(&help)),
        None => fault,
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
