//! What was found in templates: with excerpts, or a line for each.

use asi_constructs::kernel::{
    diagnostic::Severity,
    span::{Lines, Sources},
};

use super::diagnostics::{counted, fault, level};
use crate::{
    ops::Checked,
    render::{Block, Doc, Fault, Meaning, Remark, Suite},
    validate::Finding,
};

/// How many faults of a stack file are shown; who has more of them mends these first.
const MOST: usize = 50;

/// What was found in a stack file, each with an excerpt.
pub fn found(found: &[Finding], sources: &Sources) -> Doc {
    Doc(found.iter().take(MOST).map(|it| Block::Fault(finding(it, sources))).collect())
}

/// How many errors and warnings there are, in a line; nothing if there are none.
pub fn summary(found: &[Finding]) -> Option<String> {
    let count = |severity| found.iter().filter(|it| it.diagnostic.severity == severity).count();
    let counts = [(count(Severity::Error), "error"), (count(Severity::Warning), "warning")];
    let parts: Vec<String> = counts.into_iter().filter_map(|(count, word)| counted(count, word)).collect();
    let shown = if found.len() > MOST { format!("; the first {MOST} are shown") } else { String::new() };
    (!parts.is_empty()).then(|| format!("{}{shown}", parts.join(", ")))
}

/// Findings of at least this severity that nobody acknowledged, with excerpts, and a closing line.
pub fn findings(checked: &[Checked], least: Severity) -> Doc {
    let shown = |it: &&Finding| it.diagnostic.severity >= least && it.acknowledged.is_none();
    let mut blocks: Vec<Block> = Vec::new();
    for file in checked {
        let faults = file.findings.iter().filter(shown);
        blocks.extend(faults.map(|it| Block::Fault(finding(it, &file.sources))));
    }
    blocks.push(Block::Paragraph(vec![(Meaning::Plain, closing(checked, least))]));
    Doc(blocks)
}

/// One finding, with an excerpt of what it points at.
fn finding(it: &Finding, sources: &Sources) -> Fault {
    let mut fault = fault(&it.diagnostic, sources);
    if !it.path.is_empty() {
        // One line may stand for many resources, and one construct makes many.
        fault.notes.retain(|(kind, _)| *kind != "note");
        let construct = it.diagnostic.path.as_ref().map(|it| format!(", made by `{it}`"));
        let place = it.path.join("/");
        fault.notes.push(("note", format!("in `{place}`{}", construct.unwrap_or_default())));
    }
    fault
}

/// Findings of at least this severity that nobody acknowledged, for printers that need no excerpts.
pub fn remarks(checked: &[Checked], least: Severity) -> Vec<Remark> {
    checked.iter().flat_map(|it| of_file(it, least)).collect()
}

fn of_file(checked: &Checked, least: Severity) -> impl Iterator<Item = Remark> {
    let lines = checked.lines();
    let shown = move |it: &&Finding| it.diagnostic.severity >= least && it.acknowledged.is_none();
    checked.findings.iter().filter(shown).map(move |it| remark(checked, &lines, it))
}

/// A suite for each file, for programs that read test results.
pub fn suites(checked: &[Checked], least: Severity) -> Vec<Suite> {
    let suite = |it: &Checked| {
        let lines = it.lines();
        let skipped = |finding: &Finding| Some((remark(it, &lines, finding), finding.acknowledged.clone()?));
        Suite {
            name: it.file.clone(),
            remarks: of_file(it, least).collect(),
            skipped: it.findings.iter().filter_map(skipped).collect(),
        }
    };
    checked.iter().map(suite).collect()
}

fn remark(checked: &Checked, lines: &Lines<'_>, it: &Finding) -> Remark {
    let (start, end) = lines.range(it.diagnostic.span());
    Remark {
        level: level(it.diagnostic.severity),
        code: it.diagnostic.code,
        message: it.diagnostic.message.clone(),
        help: it.diagnostic.help.clone(),
        file: checked.file.clone(),
        start: (start.line, start.column),
        end: (end.line, end.column),
    }
}

/// How much was found, in how much, and what of it is not shown.
fn closing(checked: &[Checked], least: Severity) -> String {
    let count = |severity| checked.iter().map(|it| it.count(severity)).sum::<usize>();
    let (errors, warnings, infos) = (count(Severity::Error), count(Severity::Warning), count(Severity::Info));
    let kinds = [
        (Severity::Error, errors, "error"),
        (Severity::Warning, warnings, "warning"),
        (Severity::Info, infos, "remark"),
    ];
    let shown = kinds.into_iter().filter(|(severity, ..)| *severity >= least);
    let found: Vec<String> = shown.filter_map(|(_, count, word)| counted(count, word)).collect();
    let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    let files = counted(checked.len(), "file").unwrap_or_else(|| "no file".to_owned());
    let resources = counted(checked.iter().map(|it| it.resources).sum(), "resource");
    let resources = resources.unwrap_or_else(|| "no resources".to_owned());
    let hidden = match least {
        Severity::Info => None,
        Severity::Warning => counted(infos, "remark").map(|it| format!("{it} not shown (--all)")),
        Severity::Error => counted(warnings + infos, "lesser finding").map(|it| format!("{it} not shown")),
    };
    let acknowledged =
        checked.iter().flat_map(|it| &it.findings).filter(|it| it.acknowledged.is_some()).count();
    let acknowledged = (acknowledged > 0).then(|| format!("{acknowledged} acknowledged"));
    let whole = format!("{found} in {files} with {resources}");
    [Some(whole), hidden, acknowledged].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::diagnostic::Diagnostic;

    use super::*;

    #[test]
    fn counts_what_was_found() {
        let error = Finding::from(Diagnostic::error("x", "x"));
        let warning = Finding::from(Diagnostic::warning("x", "x"));
        assert_eq!(summary(&[]), None);
        assert_eq!(summary(std::slice::from_ref(&error)).as_deref(), Some("1 error"));
        assert_eq!(summary(&[error.clone(), error, warning]).as_deref(), Some("2 errors, 1 warning"));
    }
}
