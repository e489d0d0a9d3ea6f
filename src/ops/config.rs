//! The stack file as an environment has it.

use std::path::Path;

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, has_errors},
    node::{Inset, Node},
    span::Sources,
};

use super::synth::in_order;
use crate::{load, template, world::Files};

/// A stack file with an environment laid over it.
#[derive(Debug, Default)]
pub struct Config {
    /// The file, as YAML; none if something is wrong with it.
    pub text: Option<String>,
    /// Faults and warnings, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that were read, for excerpts.
    pub sources: Sources,
}

/// The stack file at `path` with `environment` laid over it; `with_origins`, each value is followed by its place, and the
/// environment it comes from.
pub fn config(files: &dyn Files, path: &Path, environment: Option<&str>, with_origins: bool) -> Config {
    let mut config = Config::default();
    let (root, diagnostics) = load::read(files, path, &mut config.sources);
    config.diagnostics = diagnostics;
    let Some(root) = root else { return config };
    let (merged, diagnostics) = load::merged(&root, environment);
    config.diagnostics.extend(diagnostics);
    in_order(&mut config.diagnostics);
    if !has_errors(&config.diagnostics) {
        let changes = environment.and_then(|it| root.get("environments")?.get(it));
        let origin = |it: &Node| {
            let (first, _) = config.sources.line_and_column(it.span)?;
            // The text of a block begins below the line that announces it.
            let line = first - usize::from(matches!(it.inset, Inset::Indented(_)));
            let of_environment = changes.is_some_and(|changes| changes.span.contains(it.span));
            let suffix =
                environment.filter(|_| of_environment).map_or_else(String::new, |it| format!(" ({it})"));
            Some(format!("line {line}{suffix}"))
        };
        config.text = Some(template::with_notes(&merged, &|it| origin(it).filter(|_| with_origins)));
    }
    config
}
