//! Reviews as those read them for whom they are: Markdown by GitHub's own parser, alerts by the schema of SARIF.

use std::{fs, path::PathBuf, process::Command};

use super::{Pair, hostile, review, shop};
use crate::support::{peer::peer, root};

/// A script of `tests/python`, with these arguments: what it says.
#[track_caller]
fn said(python: &PathBuf, script: &str, arguments: &[PathBuf]) -> String {
    let script = root().join("tests/python").join(script);
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {err}");
    out.into_owned()
}

/// Reviews of these in a format, as files.
fn written(folder: &str, format: &str, pairs: impl IntoIterator<Item = Pair>) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    fs::create_dir_all(&folder).unwrap();
    let write = |(at, pair): (usize, Pair)| {
        let path = folder.join(format!("{at}.{format}"));
        fs::write(&path, review(&pair, &["--format", format])).unwrap();
        path
    };
    pairs.into_iter().enumerate().map(write).collect()
}

#[test]
fn a_comment_is_to_github_what_it_is_to_us_whatever_is_in_it() {
    let Some(python) = peer("ASI_TEST_PYTHON", "Markdown") else { return };
    let pairs =
        [shop()].into_iter().chain(["plain"].into_iter().chain(hostile::EVIL).map(hostile::templates));
    let found = said(&python, "check_markdown.py", &written("review-markdown", "markdown", pairs));
    let lines: Vec<&str> = found.lines().collect();
    assert_eq!(lines.len(), hostile::EVIL.len() + 2);
    assert_eq!(lines[0], "4 table 14 tr 4 pre 2 details 2 summary 6 h3");
    for (line, name) in lines[2..].iter().zip(hostile::EVIL) {
        assert_eq!(*line, lines[1], "{name} makes another document");
    }
}

#[test]
fn alerts_are_sarif_to_its_schema() {
    let Some(python) = peer("ASI_TEST_PYTHON", "alerts") else { return };
    let Some(schema) = peer("ASI_TEST_SARIF", "alerts") else { return };
    let pairs = [shop()].into_iter().chain(hostile::EVIL.map(hostile::templates));
    for path in written("review-sarif", "sarif", pairs) {
        let found = said(&python, "check_findings.py", &[schema.clone(), path]);
        assert!(found.ends_with(" results\n") && found != "0 results\n", "{found}");
    }
}
