//! The assembly of the stacks of a stack file, written into a folder.

use std::{
    io,
    path::{Path, PathBuf},
};

use asi_constructs::kernel::{asset::ImageAsset, lookup::Missing};

use super::{Synthesis, built, validate::Judgement};
use crate::{
    assembly::{self, Contents, Entry, REPORT},
    assets::{Fault, Visit},
    world::{FileError, Files, Reason},
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
    for it in &synthesis.stacks {
        it.template.images.iter().try_for_each(|image| copy(files, folder, &it.folder, image))?;
    }
    let report = folder.join(REPORT);
    if !written.iter().any(|it| it.name == REPORT) && files.exists(&report) {
        files.write(&report, assembly::empty_report().as_bytes())?;
    }
    // The manifest comes last: who finds it finds what it names.
    written.iter().try_for_each(|it| files.write(&folder.join(&it.name), it.contents.as_bytes()))
}

/// Copies what an image is built of into an assembly, unless it is there.
fn copy(files: &dyn Files, assembly: &Path, stack_file: &Path, image: &ImageAsset) -> Result<(), FileError> {
    let folder = assembly.join(assembly::folder_of(image));
    if files.exists(&folder) {
        return Ok(());
    }
    let parts = built::files_of(files, stack_file, image).map_err(|fault| match fault {
        Fault::File(error) => error,
        fault => {
            let reason = Reason::System(io::Error::other(fault.to_string()));
            FileError { path: stack_file.join(&image.build.folder), operation: "copy", reason }
        }
    })?;
    // A run that dies leaves nothing under the name.
    let temporary = assembly.join(format!(".{}.tmp", assembly::folder_of(image)));
    for part in parts {
        let to = temporary.join(&part.path);
        match part.visit {
            Visit::Folder { .. } => (),
            Visit::File { at, .. } => files.copy(&at, &to)?,
            Visit::Link { target, inside } => {
                // A link that names the folder itself is told from where it lies in the copy.
                let inside = inside.filter(|_| target.is_absolute());
                let up = "../".repeat(part.path.matches('/').count());
                files.link(&inside.map_or(target, |it| PathBuf::from(up + &it)), &to)?;
            }
        }
    }
    files.rename(&temporary, &folder)
}

impl Synthesis {
    /// The name under which the environments were bootstrapped, which the CDK keeps in its context.
    fn qualifier(&self) -> String {
        let chosen =
            self.context.as_ref().and_then(|it| it.get("@aws-cdk/core:bootstrapQualifier")?.as_str());
        chosen.unwrap_or(assembly::QUALIFIER).to_owned()
    }
}
