//! From a stack file to templates.

use std::path::Path;

use asi_constructs::{
    CATALOGUE,
    kernel::{
        diagnostic::{Diagnostic, has_errors},
        node::Node,
        span::Sources,
    },
};

use super::list::variants;
use crate::{
    assembly,
    expand::expand,
    load::{self, Stack},
    resolve::resolve,
    template::Template,
    world::{FileError, Files},
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
}

/// A stack and its template.
#[derive(Clone, Debug)]
pub struct Synthesized {
    /// The stack as the user wrote it.
    pub stack: Stack,
    /// What became of it.
    pub template: Template,
}

/// Synthesizes the stack file at `path`: the stacks named, or the one of `environment`.
pub fn synthesize(files: &dyn Files, path: &Path, environment: Option<&str>, names: &[String]) -> Synthesis {
    let mut synthesis = Synthesis::default();
    let (root, diagnostics) = load::read(files, path, &mut synthesis.sources);
    synthesis.diagnostics = diagnostics;
    if let Some(root) = root {
        match variants(&root, environment, names) {
            Ok(environments) => environments.iter().for_each(|it| synthesis.add(&root, it.as_deref())),
            Err(faults) => synthesis.diagnostics.extend(faults),
        }
    }
    synthesis.finish();
    synthesis
}

impl Synthesis {
    /// Puts what was found in order; with a fault there are no stacks.
    pub(super) fn finish(&mut self) {
        in_order(&mut self.diagnostics);
        if has_errors(&self.diagnostics) {
            self.stacks.clear();
        }
    }

    /// Synthesizes the stack of an environment.
    pub(super) fn add(&mut self, root: &Node, environment: Option<&str>) {
        let (stack, diagnostics) = load::stack(root, environment);
        let is_faulty = has_errors(&self.diagnostics) || has_errors(&diagnostics);
        self.diagnostics.extend(diagnostics);
        if let Some(stack) = stack {
            let (template, found) = synthesize_stack(&stack, is_faulty);
            self.diagnostics.extend(found);
            self.stacks.extend(template.map(|template| Synthesized { stack, template }));
        }
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

/// The template of a stack. With faults found before, further ones are looked for, and no template is made.
fn synthesize_stack(stack: &Stack, is_faulty: bool) -> (Option<Template>, Vec<Diagnostic>) {
    let (tree, mut diagnostics) = expand(stack, CATALOGUE);
    if is_faulty {
        // What is at fault may be what these miss.
        diagnostics.retain(|it| !matches!(it.code, "no-resources" | "unused-parameter" | "unused-name"));
    }
    if is_faulty || has_errors(&diagnostics) {
        return (None, diagnostics);
    }
    let (mut template, found) = resolve(&tree);
    diagnostics.extend(found);
    for operation in &stack.patches {
        diagnostics.extend(template.patch(operation).err());
    }
    if !stack.patches.is_empty() {
        // Whatever else refers to something has been resolved.
        diagnostics.extend(template.dangling_references());
    }
    (Some(template), diagnostics)
}

/// What to say where one template is due and several stacks are asked for.
pub fn several_stacks(names: &[String]) -> Diagnostic {
    let fault = format!("one template can be printed, and these are {}: {}", names.len(), names.join(", "));
    Diagnostic::error("several-stacks", fault)
        .help("name one of them, or write them all into a folder with `--output DIR`")
}

/// Writes the assembly of these stacks into `folder`.
///
/// # Errors
///
/// A [`FileError`] if a file cannot be written.
pub fn write_assembly(files: &dyn Files, folder: &Path, stacks: &[Synthesized]) -> Result<(), FileError> {
    // The manifest comes last: who finds it finds what it names.
    for file in assembly::assemble(stacks.iter().map(|it| (&it.stack, &it.template))) {
        files.write(&folder.join(&file.name), file.contents.as_bytes())?;
    }
    Ok(())
}
