//! From a stack file to templates.

use std::path::Path;

use asi_constructs::{
    CATALOGUE,
    kernel::{
        diagnostic::{Diagnostic, has_errors},
        span::Sources,
    },
};

use super::list::variants;
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
    /// The stacks with their templates; none if something is wrong with the input.
    pub stacks: Vec<Synthesized>,
    /// Faults and warnings.
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
    if names.is_empty() {
        synthesis.add(files, path, environment);
    } else {
        match variants(files, path, environment, names) {
            Ok(environments) => environments.iter().for_each(|it| synthesis.add(files, path, it.as_deref())),
            Err((diagnostics, sources)) => return Synthesis { stacks: Vec::new(), diagnostics, sources },
        }
    }
    if has_errors(&synthesis.diagnostics) {
        synthesis.stacks.clear();
    }
    synthesis
}

impl Synthesis {
    fn add(&mut self, files: &dyn Files, path: &Path, environment: Option<&str>) {
        let (stack, mut diagnostics) = load(files, path, environment, &mut self.sources);
        if let Some(stack) = stack {
            let (template, found) = synthesize_stack(&stack, has_errors(&diagnostics));
            diagnostics.extend(found);
            self.stacks.extend(template.map(|template| Synthesized { stack, template }));
        }
        // In the order of the file, and none twice.
        diagnostics.sort_by_key(Diagnostic::span);
        diagnostics.dedup();
        self.diagnostics.append(&mut diagnostics);
    }
}

/// The template of a stack. With faults found before, further ones are looked for, and no template is made.
fn synthesize_stack(stack: &Stack, is_faulty: bool) -> (Option<Template>, Vec<Diagnostic>) {
    let (tree, mut diagnostics) = expand(stack, CATALOGUE);
    if is_faulty || has_errors(&diagnostics) {
        // What is at fault may be what would have used it.
        diagnostics.retain(|it| it.code != "unused-parameter");
        return (None, diagnostics);
    }
    let (mut template, found) = resolve(&tree);
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
    (Some(template), diagnostics)
}

/// What to say where one template is due and several stacks are asked for.
pub fn several_stacks(names: &[String]) -> Diagnostic {
    Diagnostic::error(
        "several-stacks",
        format!("one template can be printed, and these are {}: {}", names.len(), names.join(", ")),
    )
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
