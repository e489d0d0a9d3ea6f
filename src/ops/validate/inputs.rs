//! Which files to validate, and what each of them is.

use std::path::{Path, PathBuf};

use asi_constructs::kernel::node::Node;

use crate::{
    assembly,
    world::{FileError, Files, Reason},
};

/// The largest manifest of an assembly that is read.
pub(in crate::ops) const LARGEST_MANIFEST: usize = 64 << 20;
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

/// The files that `paths` mean: those that are files, and what lies in those that are folders.
pub(super) fn inputs(files: &dyn Files, paths: &[PathBuf]) -> Vec<Result<Input, FileError>> {
    let mut found = Vec::new();
    for path in paths {
        if files.is_folder(path) {
            let before = found.len();
            walk(files, path, &mut found);
            if found.len() == before {
                found.push(Err(FileError { path: path.clone(), operation: "list", reason: Reason::Missing }));
            }
        } else {
            found.push(Ok(Input { path: path.clone(), origin: Origin::Named }));
        }
    }
    found
}

fn walk(files: &dyn Files, folder: &Path, found: &mut Vec<Result<Input, FileError>>) {
    if let Some(regions) = regions(files, folder) {
        return walk_assembly(files, folder, &regions, found);
    }
    let listed = match files.list(folder) {
        Ok(listed) => listed,
        Err(error) => return found.push(Err(error)),
    };
    for it in listed {
        let name = it.path.file_name().unwrap_or_default().to_string_lossy();
        let ending = it.path.extension().unwrap_or_default().to_string_lossy();
        if it.is_folder && !name.starts_with('.') && !PASSED_OVER.contains(&&*name) {
            walk(files, &it.path, found);
        } else if !it.is_folder && ENDINGS.contains(&&*ending) {
            found.push(Ok(Input { path: it.path, origin: Origin::Walked }));
        }
    }
}

/// The regions of the stacks of the assembly in this folder, by the names of their templates.
fn regions(files: &dyn Files, folder: &Path) -> Option<std::collections::BTreeMap<String, String>> {
    let manifest = files.read(&folder.join(assembly::MANIFEST), LARGEST_MANIFEST).ok()?;
    assembly::regions(&manifest)
}

/// The templates of an assembly, those of nested stacks and of the assemblies within it among them. What lies
/// in the folders of its assets is not ours to judge.
fn walk_assembly(
    files: &dyn Files,
    folder: &Path,
    regions: &std::collections::BTreeMap<String, String>,
    found: &mut Vec<Result<Input, FileError>>,
) {
    let listed = match files.list(folder) {
        Ok(listed) => listed,
        Err(error) => return found.push(Err(error)),
    };
    for it in listed {
        let name = it.path.file_name().unwrap_or_default().to_string_lossy();
        if it.is_folder && name.starts_with("assembly-") {
            walk(files, &it.path, found);
        } else if !it.is_folder && name.ends_with(".template.json") {
            let origin = Origin::Assembly(regions.get(&*name).cloned());
            found.push(Ok(Input { path: it.path, origin }));
        }
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
                Ok(it) => format!("{} {:?}", it.path.display(), it.origin),
                Err(error) => error.to_string(),
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
        let manifest = r#"{"version": "36.0.0", "artifacts": {"s": {
            "environment": "aws://unknown-account/eu-west-1", "properties": {"templateFile": "s.template.json"}}}}"#;
        let files = [
            ("out/manifest.json", manifest),
            ("out/s.template.json", ""),
            ("out/sNested.nested.template.json", ""),
            ("out/s.assets.json", ""),
            ("out/asset.1/t.template.json", ""),
            ("out/assembly-prod/manifest.json", r#"{"version": "36.0.0", "artifacts": {}}"#),
            ("out/assembly-prod/p.template.json", ""),
        ];
        let expected = [
            "out/assembly-prod/p.template.json Assembly(None)",
            "out/s.template.json Assembly(Some(\"eu-west-1\"))",
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
