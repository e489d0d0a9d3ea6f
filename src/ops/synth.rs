//! From a stack file to a template.

use std::path::Path;

use asi_constructs::{
    CATALOGUE,
    kernel::{
        diagnostic::{Diagnostic, has_errors},
        span::Sources,
    },
};

use crate::{
    assembly,
    expand::expand,
    load::{Stack, load},
    resolve::resolve,
    template::{Operation, Template},
    world::{FileError, Files},
};

/// What synthesis gives.
#[derive(Debug, Default)]
pub struct Synthesis {
    /// The stack and its template, unless something is wrong with the input.
    pub stack: Option<(Stack, Template)>,
    /// Faults and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, for excerpts.
    pub sources: Sources,
}

/// Synthesizes the stack file at `path` for `environment`.
pub fn synthesize(files: &dyn Files, path: &Path, environment: Option<&str>) -> Synthesis {
    let mut sources = Sources::default();
    let (stack, mut diagnostics) = load(files, path, environment, &mut sources);
    let Some(stack) = stack else { return Synthesis { stack: None, diagnostics, sources } };
    let (tree, found) = expand(&stack, CATALOGUE);
    diagnostics.extend(found);
    if has_errors(&diagnostics) {
        return Synthesis { stack: None, diagnostics: in_order(diagnostics), sources };
    }
    let (mut template, found) = resolve(tree);
    diagnostics.extend(found);
    for patch in &stack.patches {
        let operation = Operation {
            op: patch.value.op.clone(),
            path: patch.value.path.clone(),
            from: patch.value.from.clone(),
            value: patch.value.value.clone(),
            span: patch.span,
        };
        diagnostics.extend(template.patch(&operation).err());
    }
    let stack = (!has_errors(&diagnostics)).then_some((stack, template));
    Synthesis { stack, diagnostics: in_order(diagnostics), sources }
}

/// Writes the assembly of a stack into `folder`; returns the files written.
///
/// # Errors
///
/// A [`FileError`] if a file cannot be written.
pub fn write_assembly(
    files: &dyn Files,
    folder: &Path,
    stack: &Stack,
    template: &Template,
) -> Result<Vec<std::path::PathBuf>, FileError> {
    let mut written = Vec::new();
    // The manifest comes last: who finds it finds what it names.
    for file in assembly::assemble(stack, template) {
        let path = folder.join(&file.name);
        files.write(&path, file.contents.as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

/// In the order of the file, and none twice.
fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(Diagnostic::span);
    diagnostics.dedup();
    diagnostics
}
