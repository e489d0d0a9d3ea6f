//! Stacks of a stack file with everything looked up that they ask for.

use std::{collections::BTreeSet, path::Path};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity},
    lookup::{Missing, Unanswered},
};

use super::{Answer, Context, Failure, look_up};
use crate::{
    load,
    ops::{Synthesis, synth::in_order},
    world::{Reach, World, aws::Unfound},
};

/// A synthesis for which AWS was asked.
#[derive(Debug)]
pub struct Fetched {
    /// The stacks, and what is wrong with them.
    pub synthesis: Synthesis,
    /// The keys of what was looked up, and is kept beside the stack file.
    pub kept: Vec<String>,
}

/// Synthesizes, looks up what is missing, keeps it beside the stack file at `path`, and synthesizes again: until nothing is
/// missing, or something cannot be found. Where something else is wrong, too, nobody is asked.
pub async fn fetch(
    world: &World,
    path: &Path,
    reach: &Reach<'_>,
    synthesize: impl Fn() -> Synthesis,
) -> Fetched {
    let mut kept: Vec<String> = Vec::new();
    loop {
        let mut synthesis = synthesize();
        let open = open(&synthesis.missing);
        // What is kept and still missing is not what is asked for, and the synthesis says so.
        let is_hopeless = open.iter().any(|it| kept.contains(&it.key)) || has_other_faults(&synthesis);
        if open.is_empty() || is_hopeless {
            return Fetched { synthesis, kept };
        }
        let answers = look_up(world, reach, &open).await;
        let good = answers.iter().filter(|it| it.result.is_ok());
        let keys: Vec<String> = good.map(|it| it.missing.key.clone()).collect();
        let failures = match keep(world, path, &answers) {
            Ok(()) => failures(&synthesis.missing, &answers),
            Err(faults) => faults,
        };
        kept.extend(keys);
        if !failures.is_empty() {
            synthesis.diagnostics.retain(|it| it.severity < Severity::Error);
            synthesis.diagnostics.extend(failures);
            in_order(&mut synthesis.diagnostics);
            return Fetched { synthesis, kept };
        }
    }
}

/// What is missing, each thing once.
fn open(missing: &[Unanswered]) -> Vec<Missing> {
    let mut seen = BTreeSet::new();
    let new = missing.iter().filter(|it| seen.insert(&it.missing.key));
    new.map(|it| it.missing.clone()).collect()
}

fn has_other_faults(synthesis: &Synthesis) -> bool {
    let places: Vec<_> = synthesis.missing.iter().map(|it| it.span).collect();
    let is_other = |it: &Diagnostic| {
        it.severity == Severity::Error && !(it.code == "lookup" && places.contains(&it.span()))
    };
    synthesis.diagnostics.iter().any(is_other)
}

fn keep(world: &World, path: &Path, answers: &[Answer]) -> Result<(), Vec<Diagnostic>> {
    if answers.iter().all(|it| it.result.is_err()) {
        return Ok(());
    }
    let files = world.files.as_ref();
    let mut context = Context::read(files, &path.with_file_name(load::CONTEXT));
    context.keep(answers.iter().map(Answer::context));
    context.write(files).map_err(|why| {
        let fault = Diagnostic::error("file", why.to_string());
        vec![fault.help("let the file be written: what AWS says is kept there for the next run")]
    })
}

/// What is wrong with each lookup that has no answer, at the text that asks for it.
fn failures(missing: &[Unanswered], answers: &[Answer]) -> Vec<Diagnostic> {
    let of = |it: &Unanswered| {
        let answer = answers.iter().find(|answer| answer.missing.key == it.missing.key)?;
        let why = answer.result.as_ref().err()?;
        let help = match &**why {
            Failure::Unfound(Unfound::Nothing { .. } | Unfound::Several { .. } | Unfound::Unclear(_)) => {
                "say more exactly what is meant"
            }
            Failure::Unfound(_) | Failure::Nowhere | Failure::WrongAccount { .. } => {
                "mend this; or have somebody who may read there run `asi context fetch`, and commit the file it writes"
            }
        };
        Some(Diagnostic::error("lookup-failed", why.to_string()).at(it.span).help(help).within(&it.path))
    };
    missing.iter().filter_map(of).collect()
}
