//! What bad input is told: each file under `tests/faults/`, and the whole of what is printed about it.

use crate::support::{Run, asi, files, golden, stem};
use asi::{cli::Exit, world::MemoryFiles};

/// Every fault has a way to mend it, and bad input its own exit code.
#[track_caller]
fn check(name: &str, run: &Run) {
    assert_eq!(run.exit, Exit::Input, "{name}: {}", run.err);
    assert_eq!(run.out, "", "{name}");
    let count = |what: &str| run.err.matches(what).count();
    let faults = count("error[") + count("warning[");
    assert_eq!(faults, count("= help: "), "{name} has a fault without a mend:\n{}", run.err);
    golden(&format!("faults/{name}.txt"), &run.err);
}

#[test]
fn every_bad_file_is_told_where_and_how_to_mend_it() {
    let paths = files("tests/faults", ".yaml").into_iter().chain(files("tests/faults", ".json"));
    for path in paths {
        let name = stem(&path);
        let contents = std::fs::read(&path).unwrap();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        // The first line may ask for arguments: `# asi: -e prod`.
        let text = String::from_utf8_lossy(&contents);
        let extra = text.lines().next().and_then(|it| it.strip_prefix("# asi: ")).unwrap_or_default();
        let mut arguments = vec!["synth", "-f", &file];
        arguments.extend(extra.split_whitespace());
        let run = asi(&arguments, MemoryFiles::with([(file.as_str(), contents.as_slice())]));
        assert!(run.err.contains(&format!("--> {file}:")), "{name} names no place:\n{}", run.err);
        check(&name, &run);
    }
}

#[test]
fn a_missing_file() {
    check("missing-file", &asi(&["synth"], MemoryFiles::default()));
}

#[test]
fn a_folder() {
    let files = MemoryFiles::with([("infra/asi.yaml", b"app: shop".as_slice())]);
    check("folder", &asi(&["synth", "-f", "infra"], files));
}

#[test]
fn a_file_of_a_hundred_megabytes() {
    let contents = vec![b'#'; 100 << 20];
    check("huge", &asi(&["synth"], MemoryFiles::with([("asi.yaml", contents.as_slice())])));
}

#[test]
fn a_file_that_is_not_text() {
    let contents = b"app: shop\ntags: {team: \xff}\n";
    check("not-utf8", &asi(&["synth"], MemoryFiles::with([("asi.yaml", contents.as_slice())])));
}

#[test]
fn ten_thousand_nested_lists() {
    let contents = format!("app: {}", "[".repeat(10_000));
    check("deep", &asi(&["synth"], MemoryFiles::with([("asi.yaml", contents.as_bytes())])));
}

#[test]
fn an_unknown_stack() {
    let files = MemoryFiles::with([("asi.yaml", b"app: shop\nenvironments: {dev: {}}\n".as_slice())]);
    check("unknown-stack", &asi(&["synth", "shop-dve"], files));
}

#[test]
fn several_stacks_on_one_output() {
    let files = MemoryFiles::with([(
        "asi.yaml",
        b"app: shop\nconstructs: {repo: {type: Repository}}\nenvironments: {dev: {}, prod: {}}\n".as_slice(),
    )]);
    check("several-stacks", &asi(&["synth", "shop-dev", "shop-prod"], files));
}

#[test]
fn an_unknown_name_to_explain() {
    check("explain-unknown", &asi(&["explain", "Netwrok"], MemoryFiles::default()));
    check("explain-unknown-property", &asi(&["explain", "Network.nta"], MemoryFiles::default()));
}

#[test]
fn init_writes_over_nothing() {
    let files = MemoryFiles::with([("asi.yaml", b"app: shop".as_slice())]);
    check("init-exists", &asi(&["init"], files));
    check("init-name", &asi(&["init", "my_shop"], MemoryFiles::default()));
}
