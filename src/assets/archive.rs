//! A folder as an archive: the same bytes whenever it holds the same.

use std::{io::Write as _, path::Path};

use flate2::{Compression, Crc, write::DeflateEncoder};

use super::{Fault, Follow, Options, Visit, walk::parts};
use crate::world::Files;

/// The most bytes and the most files that an archive takes without the extensions to its format.
const MOST_BYTES: usize = u32::MAX as usize;
const MOST_FILES: usize = u16::MAX as usize - 1;

/// The first moment of 1980, in the two halves that the format has: time, then day.
const MOMENT: [u16; 2] = [0, 0x21];
/// What is needed to read it: version 2.0 of the format, names in UTF-8, and its usual compression.
const READ: [u16; 3] = [20, 1 << 11, 8];
/// Written on Unix, as version 6.3 of the format.
const WRITTEN: u16 = 3 << 8 | 63;

/// An archive of a folder: all its files, what lies behind links among them, each with its permissions.
pub fn archive(files: &dyn Files, folder: &Path) -> Result<Vec<u8>, Fault> {
    let root = files.real(folder)?;
    let all = parts(files, &root, &Options { follow: Follow::Always, ..Options::default() })?;
    let mut found: Vec<_> = all
        .into_iter()
        .filter_map(|it| match it.visit {
            Visit::File { at, mode, .. } => Some((it.path, at, mode)),
            Visit::Folder { .. } | Visit::Link { .. } => None,
        })
        .collect();
    // Folder by folder, those nearer to the root first, as the CDK packs them.
    found.sort_by_cached_key(|(path, ..)| {
        let steps: Vec<String> = path.split('/').map(str::to_owned).collect();
        (steps.len(), steps)
    });
    let mut archive = Archive::default();
    for (path, at, mode) in found {
        archive.add(&path, mode, &files.read(&at, MOST_BYTES)?)?;
    }
    archive.end()
}

#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    /// What stands at the end: where each file is.
    directory: Vec<u8>,
    count: u16,
}

impl Archive {
    fn add(&mut self, name: &str, mode: u32, contents: &[u8]) -> Result<(), Fault> {
        let packed = deflated(contents);
        let mut sum = Crc::new();
        sum.update(contents);
        let number = |it: usize| u32::try_from(it).map_err(|_| Fault::TooLarge);
        let (offset, sizes) = (number(self.bytes.len())?, [number(packed.len())?, number(contents.len())?]);
        let length = u16::try_from(name.len()).map_err(|_| Fault::TooLarge)?;
        if usize::from(self.count) == MOST_FILES {
            return Err(Fault::TooLarge);
        }
        self.count += 1;
        let mut head = Vec::new();
        put(&mut head, READ.into_iter().chain(MOMENT));
        for it in [sum.sum(), sizes[0], sizes[1]] {
            head.extend(it.to_le_bytes());
        }
        // The name, and nothing further.
        put(&mut head, [length, 0]);
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&head);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(packed);
        self.directory.extend(b"PK\x01\x02");
        put(&mut self.directory, [WRITTEN]);
        self.directory.extend(head);
        // No comment, the first and only disk, nothing said of the contents.
        put(&mut self.directory, [0, 0, 0]);
        for it in [mode << 16, offset] {
            self.directory.extend(it.to_le_bytes());
        }
        self.directory.extend(name.as_bytes());
        Ok(())
    }

    fn end(mut self) -> Result<Vec<u8>, Fault> {
        let number = |it: usize| u32::try_from(it).map_err(|_| Fault::TooLarge);
        let (start, length) = (number(self.bytes.len())?, number(self.directory.len())?);
        self.bytes.extend(self.directory);
        self.bytes.extend(b"PK\x05\x06");
        put(&mut self.bytes, [0, 0, self.count, self.count]);
        for it in [length, start] {
            self.bytes.extend(it.to_le_bytes());
        }
        put(&mut self.bytes, [0]);
        Ok(self.bytes)
    }
}

fn put(bytes: &mut Vec<u8>, numbers: impl IntoIterator<Item = u16>) {
    bytes.extend(numbers.into_iter().flat_map(u16::to_le_bytes));
}

fn deflated(contents: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(contents).and_then(|()| encoder.finish());
    written.expect("a vector takes all that is written to it")
}
