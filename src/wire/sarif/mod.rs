//! What `asi validate --format sarif` prints, and `asi review`: SARIF 2.1.0, which code scanning reads.

mod review;

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity},
    span::{Lines, Span},
};
use indexmap::IndexMap;
use serde::Serialize;

pub use self::review::review;
use super::text;
use crate::{ops::Checked, present, validate::Finding};

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Message>,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "SARIF names them")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<Physical>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

impl Region {
    /// The first place of any file.
    const BEGINNING: Self = Self { start_line: 1, start_column: 1, end_line: 1, end_column: 1 };
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
}

/// What says in the next run that something is the same.
#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "codeAndPath/v1")]
    code_and_path: String,
}

#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    justification: &'a str,
}

/// What was found, those that are acknowledged among it as suppressed.
pub fn sarif(checked: &[Checked]) -> String {
    let mut found = Found::default();
    checked.iter().for_each(|it| found.add(it));
    found.text()
}

/// Results, and the rules they name.
#[derive(Default)]
struct Found<'a> {
    rules: IndexMap<&'static str, Rule>,
    results: Vec<Outcome<'a>>,
}

impl<'a> Found<'a> {
    /// What was found in a file.
    fn add(&mut self, file: &'a Checked) {
        let lines = file.lines();
        for finding in &file.findings {
            let code = finding.diagnostic.code;
            let index = self.rule(code, || rule(code));
            self.results.push(outcome(file, &lines, finding, index));
        }
    }

    /// The place of a rule among the rules, at the end if it was not there.
    fn rule(&mut self, id: &'static str, make: impl FnOnce() -> Rule) -> usize {
        let entry = self.rules.entry(id);
        let index = entry.index();
        entry.or_insert_with(make);
        index
    }

    fn text(self) -> String {
        let driver = Driver {
            name: "asi",
            semantic_version: env!("CARGO_PKG_VERSION"),
            rules: self.rules.into_values().collect(),
        };
        text(&Log {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results: self.results }],
        })
    }
}

/// What the registry says of a code.
fn rule(code: &'static str) -> Rule {
    let message = |text: &str| Message { text: text.to_owned() };
    let of_stack_file = || present::CODES.iter().find(|(it, _)| *it == code).map(|(_, meaning)| *meaning);
    let (meaning, mend) = match present::rule(code) {
        Some(rule) => (rule.meaning, Some(rule.mend)),
        None => (of_stack_file().unwrap_or(code), None),
    };
    Rule { id: code, short_description: message(meaning), help: mend.map(message) }
}

fn outcome<'a>(checked: &Checked, lines: &Lines<'_>, finding: &'a Finding, rule_index: usize) -> Outcome<'a> {
    let Finding { diagnostic, path, acknowledged, .. } = finding;
    let names =
        [(!path.is_empty()).then(|| path.join("/")), diagnostic.path.as_ref().map(ToString::to_string)];
    let logical = names.into_iter().flatten().map(|it| Logical { fully_qualified_name: it }).collect();
    let place = |span| {
        let artifact_location = Artifact { uri: uri(&checked.file) };
        Some(Physical { artifact_location, region: region(lines, span) })
    };
    let related = diagnostic.labels.iter().skip(1).map(|it| Location {
        physical_location: place(it.span),
        logical_locations: Vec::new(),
        message: Some(Message { text: it.text.clone() }),
    });
    Outcome {
        rule_id: diagnostic.code,
        rule_index,
        level: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "note",
        },
        message: Message { text: sentence(diagnostic) },
        locations: [Location {
            physical_location: place(diagnostic.span()),
            logical_locations: logical,
            message: None,
        }],
        related_locations: related.collect(),
        partial_fingerprints: Fingerprints { code_and_path: fingerprint(diagnostic, path) },
        suppressions: acknowledged
            .iter()
            .map(|it| Suppression { kind: "inSource", justification: it })
            .collect(),
    }
}

fn sentence(it: &Diagnostic) -> String {
    match &it.help {
        Some(help) => format!("{}\nhelp: {help}", it.message),
        None => it.message.clone(),
    }
}

fn region(lines: &Lines<'_>, span: Span) -> Region {
    let (start, end) = lines.range(span);
    Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
}

/// A path as a URI: relative as long as it is relative itself, so that it means the same in another clone.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// What stays the same while lines move: the code and the place in the template; of what has none, its message.
/// Dismissed alerts depend on this function: changing its result brings them back.
fn fingerprint(diagnostic: &Diagnostic, path: &[String]) -> String {
    let place = if path.is_empty() { diagnostic.message.clone() } else { path.join("/") };
    hash(&format!("{}\n{place}", diagnostic.code))
}

/// FNV-1a: Rust's own hash may change with its version.
fn hash(text: &str) -> String {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, fold))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_that_means_the_same_elsewhere() {
        assert_eq!(uri("./infra/a b#1.yaml"), "infra/a%20b%231.yaml");
        assert_eq!(uri("/infra/a.yaml"), "file:///infra/a.yaml");
    }

    #[test]
    fn a_fingerprint_is_what_it_has_always_been() {
        let it = Diagnostic::error("E3002", "x");
        assert_eq!(fingerprint(&it, &["Resources".to_owned(), "A".to_owned()]), "f2fffd5a3cafc786");
    }
}
