//! What tells one asset from another.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{Fault, Mode, Options, Part, Visit, content::content, walk::parts};
use crate::world::{Entry, Files, in_parallel};

/// The largest file of an asset, in bytes: as a whole it is in memory.
const LARGEST_FILE: usize = 1 << 30;

/// A field that a fingerprint is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is about: `file:a/b.txt`.
    pub name: String,
    /// What it says of that.
    pub value: String,
}

/// The fields that the fingerprint of a file or folder is made of, in order. Folders are none: an empty one is none, too.
pub fn fingerprint(files: &dyn Files, path: &Path, options: &Options) -> Result<Vec<Field>, Fault> {
    let mut fields =
        vec![field("options.extra", &options.extra), field("options.follow", options.follow.name())];
    if options.mode != Mode::Glob {
        fields.push(field("options.ignoreMode", options.mode.name()));
    }
    let root = files.real(path)?;
    let parts = match files.look(&root)? {
        Entry::Folder => parts(files, &root, options)?,
        Entry::File { bytes, mode } => {
            vec![Part { path: String::new(), visit: Visit::File { at: root, bytes, mode } }]
        }
        Entry::Link(_) | Entry::Other => return Err(Fault::Special(root)),
    };
    let hashed = in_parallel(&parts, |part| field_of(files, part));
    for field in hashed {
        fields.extend(field?);
    }
    Ok(fields)
}

/// The fingerprint: the digest of these fields.
pub fn of_fields(fields: &[Field]) -> String {
    let mut digest = Sha256::new();
    for it in fields {
        for part in ["\u{1}", &it.name, "\u{2}", &it.value, "\u{3}"] {
            digest.update(part);
        }
    }
    hex::encode(digest.finalize())
}

fn field(name: impl Into<String>, value: &str) -> Field {
    Field { name: name.into(), value: value.to_owned() }
}

fn field_of(files: &dyn Files, part: &Part) -> Result<Option<Field>, Fault> {
    Ok(match &part.visit {
        Visit::Folder { .. } => None,
        Visit::File { at, .. } => {
            let contents = files.read(at, LARGEST_FILE)?;
            Some(field(format!("file:{}", part.path), &content(&contents)))
        }
        Visit::Link { target, inside } => {
            // Where the folder lies is no part of it.
            let inside = inside.as_ref().filter(|_| target.is_absolute());
            let target = inside.cloned().unwrap_or_else(|| target.to_string_lossy().into_owned());
            Some(field(format!("link:{}", part.path), &target))
        }
    })
}
