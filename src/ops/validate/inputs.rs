//! Which files to validate, and what each of them is.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    node::Node,
    span::Sources,
    yaml::LARGEST_FILE,
};

use crate::{
    assembly,
    ops::assembly::{AssembledStack, Assembly},
    world::{FileError, Files, Reason},
};

/// The endings a template has.
const ENDINGS: [&str; 4] = ["yaml", "yml", "json", "template"];
/// Folders in which nobody's templates lie: what other tools have made or fetched.
const PASSED_OVER: [&str; 3] = ["node_modules", "target", "cdk.out"];

/// A file to validate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Input {
    /// Its path.
    pub path: PathBuf,
    /// How it was found.
    pub origin: Origin,
}

/// How a file was found, and so what is known of it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ops) enum Origin {
    /// Somebody named it: it has to be something.
    Named,
    /// It lies in a folder, and may be anything.
    Walked,
    /// It is a template of a cloud assembly, perhaps bound to a region.
    Assembly(Option<String>),
}

/// What is found where somebody says that there is something to validate.
#[derive(Debug)]
pub(super) enum Found {
    /// A file.
    Input(Input),
    /// Nothing that can be listed.
    Unlisted(FileError),
    /// A cloud assembly of which there is something to say.
    Assembly(Box<Remarkable>),
}

/// What there is to say of an assembly.
#[derive(Debug)]
pub(super) struct Remarkable {
    /// Its manifest.
    pub manifest: PathBuf,
    /// What is wrong with it, and what constructs and tools have to say.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read.
    pub sources: Sources,
    /// Whether its stacks are known.
    pub is_readable: bool,
}

/// The files that `paths` mean: those that are files, and what lies in those that are folders.
pub(super) fn inputs(files: &dyn Files, paths: &[PathBuf]) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        if files.is_folder(path) {
            let before = found.len();
            walk(files, path, &mut found);
            if found.len() == before {
                let nothing = FileError { path: path.clone(), operation: "list", reason: Reason::Missing };
                found.push(Found::Unlisted(nothing));
            }
        } else {
            found.push(Found::Input(Input { path: path.clone(), origin: Origin::Named }));
        }
    }
    found
}

fn walk(files: &dyn Files, folder: &Path, found: &mut Vec<Found>) {
    if is_assembly(files, folder) {
        return walk_assembly(files, folder, found);
    }
    let listed = match files.list(folder) {
        Ok(listed) => listed,
        Err(error) => return found.push(Found::Unlisted(error)),
    };
    for it in listed {
        let name = it.path.file_name().unwrap_or_default().to_string_lossy();
        let ending = it.path.extension().unwrap_or_default().to_string_lossy();
        if it.is_folder && !name.starts_with('.') && !PASSED_OVER.contains(&&*name) {
            walk(files, &it.path, found);
        } else if !it.is_folder && ENDINGS.contains(&&*ending) {
            found.push(Found::Input(Input { path: it.path, origin: Origin::Walked }));
        }
    }
}

/// Whether a folder is that of an assembly: others have files of the name of a manifest, too.
fn is_assembly(files: &dyn Files, folder: &Path) -> bool {
    let text = files.read(&folder.join(assembly::MANIFEST), LARGEST_FILE).unwrap_or_default();
    let has = |key: &[u8]| text.windows(key.len()).any(|it| it == key);
    has(b"\"version\"") && has(b"\"artifacts\"")
}

/// The templates of an assembly, those of nested stacks and of the assemblies within it among them. What lies in the
/// folders of its assets is not ours to judge, nor what an earlier run has left.
fn walk_assembly(files: &dyn Files, folder: &Path, found: &mut Vec<Found>) {
    let mut all = Assembly::read(files, folder);
    let mut remarks = Vec::new();
    let mut folders = BTreeSet::new();
    for at in 0..all.stacks.len() {
        let metadata = all.metadata(files, at);
        remarks.extend(Assembly::remarks(&metadata));
        let AssembledStack { folder, listed, .. } = &all.stacks[at];
        let origin = Origin::Assembly(listed.region.clone());
        let (path, place) = (folder.join(&listed.template.value), listed.template.span);
        folders.insert(folder.clone());
        if all.is_inside(files, &path, place) {
            found.push(Found::Input(Input { path, origin }));
        }
    }
    for folder in folders {
        let listed = files.list(&folder).unwrap_or_default().into_iter();
        let nested = listed.filter(|it| it.path.to_string_lossy().ends_with(".nested.template.json"));
        let input = |path| Found::Input(Input { path, origin: Origin::Assembly(None) });
        found.extend(nested.filter(|it| !it.is_folder).map(|it| input(it.path)));
    }
    remarks.extend(all.violations(files).into_iter().chain(all.lacking(files)));
    let is_readable = !has_errors(&all.diagnostics);
    all.diagnostics.extend(remarks);
    let Assembly { diagnostics, sources, .. } = all;
    if !diagnostics.is_empty() {
        let manifest = folder.join(assembly::MANIFEST);
        found.push(Found::Assembly(Box::new(Remarkable { manifest, diagnostics, sources, is_readable })));
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Kind {
    /// A stack file.
    Stack,
    /// A template.
    Template,
    /// Something that is none of our business.
    Other,
}

impl Kind {
    /// What a document is; among many files, what has nothing of a template is none.
    pub(in crate::ops) fn of(document: &Node, origin: &Origin) -> Self {
        let has = |key| document.get(key).is_some();
        let is_walked = *origin == Origin::Walked;
        if has("Resources") || has("AWSTemplateFormatVersion") {
            Self::Template
        } else if has("app") && (!is_walked || has("constructs") || has("resources")) {
            Self::Stack
        } else if is_walked {
            Self::Other
        } else {
            Self::Template
        }
    }

    /// What a text seems to be that may not be readable. Most files of a folder are nothing, and are told so
    /// without reading their YAML.
    pub(super) fn of_text(text: &str, origin: &Origin) -> Self {
        let keys = ["Resources", "AWSTemplateFormatVersion"];
        let in_json = |key: &&str| text.contains(&format!("\"{key}\""));
        let is_in_braces = text.trim_start().starts_with('{');
        let has = |key: &str| {
            let is_key = |it: &str| it.strip_prefix(key).is_some_and(|it| it.starts_with(':'));
            !is_in_braces && text.lines().any(is_key)
        };
        if keys.iter().any(in_json) || keys.into_iter().any(has) {
            Self::Template
        } else if has("app") {
            Self::Stack
        } else if *origin == Origin::Walked {
            Self::Other
        } else {
            Self::Template
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryFiles;

    fn found(files: &[(&str, &str)], path: &str) -> Vec<String> {
        let files = MemoryFiles::with(files.iter().map(|(path, text)| (*path, text.as_bytes())));
        let inputs = inputs(&files, &[PathBuf::from(path)]);
        inputs
            .into_iter()
            .map(|it| match it {
                Found::Input(it) => format!("{} {:?}", it.path.display(), it.origin),
                Found::Unlisted(error) => error.to_string(),
                Found::Assembly(it) => format!("{} {:?}", it.manifest.display(), it.diagnostics),
            })
            .collect()
    }

    #[test]
    fn a_folder_is_its_files_that_may_be_templates() {
        let files = [
            ("a/x.yaml", ""),
            ("a/b/y.template", ""),
            ("a/b/notes.md", ""),
            ("a/node_modules/z.json", ""),
            ("a/.git/z.json", ""),
        ];
        assert_eq!(found(&files, "a"), ["a/b/y.template Walked", "a/x.yaml Walked"]);
        assert_eq!(found(&files, "a/b/notes.md"), ["a/b/notes.md Named"], "what is named is taken");
        assert_eq!(found(&files, "a/node_modules"), ["a/node_modules/z.json Walked"]);
    }

    #[test]
    fn an_assembly_is_its_templates() {
        let nested = r#"{"version": "36.0.0", "artifacts": {"p": {
            "type": "aws:cloudformation:stack", "properties": {"templateFile": "p.template.json"}}}}"#;
        let manifest = r#"{"version": "36.0.0", "artifacts": {
            "prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-prod"}},
            "s": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/eu-west-1", "properties": {"templateFile": "s.template.json"}}}}"#;
        let files = [
            ("out/manifest.json", manifest),
            ("out/s.template.json", ""),
            ("out/sNested.nested.template.json", ""),
            ("out/s.assets.json", ""),
            ("out/asset.1/t.template.json", ""),
            ("out/old.template.json", ""),
            ("out/assembly-prod/manifest.json", nested),
            ("out/assembly-prod/p.template.json", ""),
        ];
        let expected = [
            "out/s.template.json Assembly(Some(\"eu-west-1\"))",
            "out/assembly-prod/p.template.json Assembly(None)",
            "out/sNested.nested.template.json Assembly(None)",
        ];
        assert_eq!(found(&files, "out"), expected);
    }

    #[test]
    fn a_text_is_known_before_it_is_read() {
        let kind = |text| Kind::of_text(text, &Origin::Walked);
        assert_eq!(kind("Resources:\n  A: ["), Kind::Template);
        assert_eq!(kind("{\"Resources\": {"), Kind::Template);
        assert_eq!(kind("app: shop\nconstructs: ["), Kind::Stack);
        assert_eq!(kind("kind: Deployment\nspec:\n  Resources: {}\n"), Kind::Other);
        assert_eq!(Kind::of_text("x", &Origin::Named), Kind::Template);
    }
}
