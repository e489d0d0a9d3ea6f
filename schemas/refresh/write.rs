//! Writes the pack whose layout and reader are in `asi_schemas::pack`. The same input gives the same bytes.

use asi_schemas::pack::{FORMAT, MAGIC};
use serde_json::Value;

/// Of 48, 64, 96, 112, 160 and 256 kB this makes the smallest pack, the dictionary counted in.
const DICTIONARY: usize = 64 << 10;
const LEVEL: i32 = 22;
/// Long texts repeat themselves anyway; in the dictionary they take the place of what short ones share.
const LONGEST_SAMPLE: usize = 40_000;

/// One text of the pack.
#[derive(Debug)]
pub(crate) struct Entry {
    pub name: String,
    pub text: String,
    /// For each region whether the name is available there, if that is a question at all.
    pub available: Vec<bool>,
}

impl Entry {
    /// A text which is about no region.
    pub(crate) fn of(name: String, text: &Value) -> Entry {
        Entry { name, text: text.to_string(), available: Vec::new() }
    }
}

/// Lays out a pack. The entries and the regions are sorted already.
pub(crate) fn pack(version: &str, regions: &[String], entries: &[Entry]) -> Result<Vec<u8>, String> {
    let samples: Vec<&[u8]> =
        entries.iter().map(|it| it.text.as_bytes()).filter(|it| it.len() < LONGEST_SAMPLE).collect();
    let dictionary = zstd::dict::from_samples(&samples, DICTIONARY)
        .map_err(|it| format!("zstd makes no dictionary: {it}"))?;
    let mut compressor = zstd::bulk::Compressor::with_dictionary(LEVEL, &dictionary)
        .map_err(|it| format!("zstd does not start: {it}"))?;

    let (mut names, mut index, mut rows, mut texts) = (String::new(), Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        let mut row = bits(&entry.available);
        row.resize(regions.len().div_ceil(8), 0);
        let frame = compressor
            .compress(entry.text.as_bytes())
            .map_err(|it| format!("zstd does not compress `{}`: {it}", entry.name))?;
        let row = rows.iter().position(|it| *it == row).unwrap_or_else(|| {
            rows.push(row);
            rows.len() - 1
        });
        for number in [names.len(), row, texts.len(), entry.text.len()] {
            index.extend(u32_of(number)?);
        }
        names.push_str(&entry.name);
        names.push('\n');
        texts.extend(frame);
    }

    let regions: String = regions.iter().flat_map(|it| [it, "\n"]).collect();
    let rows = rows.concat();
    let sections: [&[u8]; 6] =
        [version.as_bytes(), regions.as_bytes(), names.as_bytes(), &index, &rows, &dictionary];
    let mut pack = MAGIC.to_vec();
    pack.extend(FORMAT.to_le_bytes());
    for section in sections {
        pack.extend(u32_of(section.len())?);
    }
    pack.extend(sections.concat());
    pack.extend(texts);
    Ok(pack)
}

fn bits(row: &[bool]) -> Vec<u8> {
    row.chunks(8).map(|byte| byte.iter().rev().fold(0, |bits, it| bits << 1 | u8::from(*it))).collect()
}

fn u32_of(number: usize) -> Result<[u8; 4], String> {
    u32::try_from(number).map(u32::to_le_bytes).map_err(|_| "the pack is longer than 4 GB".to_owned())
}

#[cfg(test)]
mod tests {
    use asi_schemas::pack::Pack;

    use super::*;

    /// A pack of a hundred texts, each odd one available in the second of two regions.
    fn small() -> Vec<u8> {
        let entries: Vec<Entry> = (100..200)
            .map(|it| Entry {
                name: format!("A::B::C{it}"),
                text: format!(r#"{{"typeName":"A::B::C{it}","properties":{{"Name{}":{{}}}}}}"#, it * 7),
                available: vec![true, it % 2 == 1],
            })
            .collect();
        pack("of a test", &["here".to_owned(), "there".to_owned()], &entries).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = small();
        let pack = Pack::open(&bytes).unwrap();
        assert_eq!(pack.version(), "of a test");
        assert_eq!(pack.regions().collect::<Vec<_>>(), ["here", "there"]);
        assert_eq!(pack.names().count(), 100);
        let text = pack.find("A::B::C103").unwrap().unwrap();
        assert_eq!(text, r#"{"typeName":"A::B::C103","properties":{"Name721":{}}}"#);
        let available = pack.availability("A::B::C103").unwrap();
        assert!(available(0) && available(1));
        assert!(!pack.availability("A::B::C104").unwrap()(1));
    }

    #[test]
    fn writes_the_same_bytes_again() {
        assert!(small() == small());
    }
}
