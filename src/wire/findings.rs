//! What `asi validate --format json` prints; README.md documents it.

use asi_constructs::kernel::{
    diagnostic::{Label, Severity},
    span::{Lines, Position},
};
use serde::Serialize;

use super::{VERSION, text};
use crate::{ops::Checked, validate::Finding};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    files: Vec<File<'a>>,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    file: &'a str,
    resources: usize,
}

#[derive(Serialize)]
struct Found<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    file: &'a str,
    start: Place,
    end: Place,
    path: &'a [String],
    resource: Option<&'a str>,
    construct: Option<String>,
    also: Vec<Also<'a>>,
    acknowledged: Option<&'a str>,
}

#[derive(Serialize)]
struct Also<'a> {
    path: &'a [String],
    file: &'a str,
    start: Place,
    end: Place,
    text: &'a str,
}

#[derive(Serialize)]
struct Place {
    line: usize,
    column: usize,
}

impl From<Position> for Place {
    fn from(it: Position) -> Self {
        Self { line: it.line, column: it.column }
    }
}

/// What was found, those that are acknowledged or only worth knowing among it.
pub fn findings(checked: &[Checked]) -> String {
    let files = checked.iter().map(|it| File { file: &it.file, resources: it.resources }).collect();
    text(&Document { version: VERSION, files, findings: checked.iter().flat_map(of_file).collect() })
}

fn of_file(checked: &Checked) -> impl Iterator<Item = Found<'_>> {
    let lines = checked.lines();
    checked.findings.iter().map(move |finding| found(checked, &lines, finding))
}

fn found<'a>(checked: &'a Checked, lines: &Lines<'_>, finding: &'a Finding) -> Found<'a> {
    let Finding { diagnostic, path, others, resource, acknowledged } = finding;
    let (start, end) = lines.range(diagnostic.span());
    let also = |(at, label): (usize, &'a Label)| {
        let (start, end) = lines.range(label.span);
        let path = others.get(at).map_or(&[][..], Vec::as_slice);
        Also { path, file: &checked.file, start: start.into(), end: end.into(), text: &label.text }
    };
    Found {
        code: diagnostic.code,
        severity: word(diagnostic.severity),
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        file: &checked.file,
        start: start.into(),
        end: end.into(),
        path,
        resource: resource.as_deref(),
        construct: diagnostic.path.as_ref().map(ToString::to_string),
        also: diagnostic.labels.iter().skip(1).enumerate().map(also).collect(),
        acknowledged: acknowledged.as_deref(),
    }
}

/// The word for a severity.
pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}
