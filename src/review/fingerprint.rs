//! The identity of what is to be done to a stack: what was approved by it may be done later, and nothing else.

use asi_constructs::kernel::node::Node;
use sha2::{Digest as _, Sha256};

use crate::{
    diff::{self, EntryChange, Fate, Kind, ResourceChange, Section, Slight, Verdict, normal, normal_value},
    review::Subject,
};

/// How many bytes of a digest say that two plans are the same.
const BYTES: usize = 16;
/// The most changes that are told apart in the text of a fingerprint.
const MOST_PARTS: usize = 200;

/// The identity of what is to be done to a stack. It does not depend on how the templates are written, on the time, or on
/// names that are generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// What is the same for the same changes.
    identity: [u8; BYTES],
    /// A mark for each change, in an order that depends on nothing else: 14 bits of what it is, and 2 of its verdict.
    marks: Vec<u16>,
    /// The names of what is changed, in that order; none of a fingerprint that was read.
    names: Vec<String>,
}

/// Whether what is to be done was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// It was, or something worse.
    Given,
    /// These were not: the names of what is changed; all that is, if that cannot be told.
    Missing(Vec<String>),
}

/// What is changed, and how sure it is that it is replaced.
struct Part {
    digest: [u8; 32],
    verdict: Verdict,
    name: String,
}

impl Fingerprint {
    /// That of a change of a stack, which is known by its name and, where these are written, account and region, with the
    /// parameters that are given other values: name, and new value. Nothing, if nothing is to be done.
    pub fn new(stack: &[&str], subject: &Subject<'_>, given: &[(String, String)]) -> Option<Self> {
        let name = &*stack.join("\n");
        let resources = subject.diff.resources.iter().filter_map(|it| of_resource(name, subject, it));
        let entries = subject.diff.entries.iter().filter_map(|it| of_entry(name, subject, it));
        let given = given.iter().map(|(key, value)| Part {
            digest: digest(&[name, "given", key, value]),
            verdict: Verdict::Never,
            name: key.clone(),
        });
        let tags = subject.tags.iter().map(|(key, was, is)| {
            let [was, is] = [was, is].map(|it| it.map(|it| format!("={it}")).unwrap_or_default());
            Part {
                digest: digest(&[name, "tag", key, &was, &is]),
                verdict: Verdict::Never,
                name: (*key).to_owned(),
            }
        });
        let mut parts: Vec<Part> = resources.chain(entries).chain(given).chain(tags).collect();
        if parts.is_empty() {
            return None;
        }
        parts.sort_by_key(|it| (it.digest, it.verdict));
        let has_marks = parts.len() <= MOST_PARTS;
        let mut whole = Sha256::new();
        whole.update(digest(&[name]));
        for it in &parts {
            whole.update(it.digest);
            // Where verdicts have no place in the text, they are part of the identity.
            whole.update([if has_marks { 0 } else { it.verdict as u8 }]);
        }
        let mut identity = [0; BYTES];
        identity.copy_from_slice(&whole.finalize()[..BYTES]);
        let mark = |it: &Part| (u16::from_be_bytes([it.digest[0], it.digest[1]]) & !3) | it.verdict as u16;
        let marks = if has_marks { parts.iter().map(mark).collect() } else { Vec::new() };
        Some(Self { identity, marks, names: parts.into_iter().map(|it| it.name).collect() })
    }

    /// As a text: hexadecimal digits.
    pub fn text(&self) -> String {
        let identity = hex::encode(self.identity);
        let marks = hex::encode(self.marks.iter().flat_map(|it| it.to_be_bytes()).collect::<Vec<u8>>());
        if marks.is_empty() { identity } else { format!("{identity}-{marks}") }
    }

    /// Several from their texts, with `+` between them; nothing, if these are none.
    pub fn read(text: &str) -> Option<Vec<Self>> {
        text.trim().split('+').map(Self::read_one).collect()
    }

    fn read_one(text: &str) -> Option<Self> {
        let (identity, marks) = text.split_once('-').unwrap_or((text, ""));
        let identity = hex::decode(identity).ok()?.try_into().ok()?;
        let bytes = hex::decode(marks).ok()?;
        let pairs = bytes.chunks_exact(2);
        if !pairs.remainder().is_empty() || bytes.len() > 2 * MOST_PARTS {
            return None;
        }
        let marks = pairs.map(|it| u16::from_be_bytes([it[0], it[1]])).collect();
        Some(Self { identity, marks, names: Vec::new() })
    }

    /// Whether this was approved with one of these: it is the same, and nothing is replaced that was not to be.
    pub fn approval(&self, approved: &[Self]) -> Approval {
        let is_no_worse = |it: &Self| {
            it.marks.len() == self.marks.len()
                && it.marks.iter().zip(&self.marks).all(|(was, is)| was | 3 == is | 3 && is & 3 <= was & 3)
        };
        let is_same = |it: &&Self| it.identity == self.identity;
        let same = approved.iter().find(is_same);
        if same.is_some_and(is_no_worse) {
            return Approval::Given;
        }
        if self.marks.is_empty() {
            return Approval::Missing(self.names.clone());
        }
        let known = |mark: u16| {
            let mut marks = approved.iter().flat_map(|it| &it.marks);
            marks.any(|it| it & !3 == mark & !3 && mark & 3 <= it & 3)
        };
        let new = self.marks.iter().zip(&self.names).filter(|(mark, _)| !known(**mark));
        let new: Vec<String> = new.map(|(_, name)| name.clone()).collect();
        // Something was approved that is not to be done any more.
        Approval::Missing(if new.is_empty() { self.names.clone() } else { new })
    }
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for it in parts {
        // No two lists of parts are one text.
        digest.update((it.len() as u64).to_be_bytes());
        digest.update(it);
    }
    digest.finalize().into()
}

fn of_resource(stack: &str, subject: &Subject<'_>, change: &ResourceChange) -> Option<Part> {
    if matches!(change.slight, Some(Slight::Metadata | Slight::Tooling)) {
        return None;
    }
    let (kind, from) = match &change.kind {
        Kind::Added => ("added", ""),
        Kind::Removed(Fate::Destroyed) => ("destroyed", ""),
        Kind::Removed(Fate::Snapshot) => ("destroyed with a snapshot", ""),
        Kind::Removed(Fate::Orphaned) => ("orphaned", ""),
        Kind::Changed => ("changed", ""),
        Kind::TypeChanged { from } => ("another type", from.as_str()),
        Kind::Moved { from, .. } => ("moved", from.as_str()),
    };
    let [old, new] = subject.sides(change).map(|it| it.map(normal).unwrap_or_default());
    // What only CloudFormation knows, such as a value that it looks up, has nothing else to be told apart by.
    let told: Vec<String> = match (&change.properties, old == new) {
        (Some(properties), true) => {
            let text = |it: Option<&Node>| it.map(diff::text).unwrap_or_default();
            let leaves = properties.leaves();
            leaves
                .iter()
                .map(|it| format!("{} {} {}", it.name(), text(it.change.was()), text(it.change.now())))
                .collect()
        }
        _ => Vec::new(),
    };
    let told = told.join("\n");
    let parts = [stack, "resource", &change.id, &change.type_name, kind, from, &old, &new, &told];
    let verdict = if change.is_revision { Verdict::Never } else { change.replacement.verdict };
    Some(Part { digest: digest(&parts), verdict, name: change.id.clone() })
}

fn of_entry(stack: &str, subject: &Subject<'_>, entry: &EntryChange) -> Option<Part> {
    let section = match entry.section {
        _ if entry.is_slight() => return None,
        Section::Metadata => return None,
        Section::Parameters => "Parameters",
        Section::Outputs => "Outputs",
        Section::Mappings => "Mappings",
        Section::Conditions => "Conditions",
        Section::Rules => "Rules",
        Section::Transform => "Transform",
        Section::Loops => "Resources",
        Section::Other => "",
    };
    let [old, new] = subject.templates.map(|it| {
        let of = match section {
            "" => Some(&it.body),
            section => it.body.get(section),
        };
        let value = if entry.name.is_empty() { of } else { of.and_then(|it| it.get(&entry.name)) };
        value.map(normal_value).unwrap_or_default()
    });
    let name = if entry.name.is_empty() { section.to_owned() } else { entry.name.clone() };
    Some(Part { digest: digest(&[stack, section, &entry.name, &old, &new]), verdict: Verdict::Never, name })
}
