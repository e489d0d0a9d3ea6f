//! The assembly of the stacks of a stack file, written into a folder.

use std::path::Path;

use asi_constructs::kernel::lookup::Missing;

use super::{Synthesis, validate::Judgement};
use crate::{
    assembly::{self, Contents, Entry, REPORT},
    world::{FileError, Files},
};

/// Writes the assembly of what was synthesized into `folder`, or of what has to be looked up before. Of an earlier one there, what is not written again stays, as
/// with the CDK, but for a report that does not hold any more: a CLI would print it.
///
/// # Errors
///
/// A [`FileError`] if a file cannot be written.
pub fn write_assembly(
    files: &dyn Files,
    folder: &Path,
    synthesis: &Synthesis,
    judgement: &Judgement,
    missing: &[&Missing],
) -> Result<(), FileError> {
    let stacks = synthesis.stacks.iter().zip(&judgement.of_stacks);
    let contents = Contents {
        stacks: stacks
            .map(|(it, findings)| Entry { stack: &it.stack, template: &it.template, findings })
            .collect(),
        missing,
        sources: &synthesis.sources,
        qualifier: &synthesis.qualifier(),
    };
    let written = assembly::assemble(&contents);
    let report = folder.join(REPORT);
    if !written.iter().any(|it| it.name == REPORT) && files.exists(&report) {
        files.write(&report, assembly::empty_report().as_bytes())?;
    }
    // The manifest comes last: who finds it finds what it names.
    written.iter().try_for_each(|it| files.write(&folder.join(&it.name), it.contents.as_bytes()))
}

impl Synthesis {
    /// The name under which the environments were bootstrapped, which the CDK keeps in its context.
    fn qualifier(&self) -> String {
        let chosen =
            self.context.as_ref().and_then(|it| it.get("@aws-cdk/core:bootstrapQualifier")?.as_str());
        chosen.unwrap_or(assembly::QUALIFIER).to_owned()
    }
}
