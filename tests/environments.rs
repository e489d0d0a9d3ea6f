//! One file, several environments: what differs between two templates is what was said to differ.

use crate::support::{asi, golden, read};
use asi::{cli::Exit, load, world::MemoryFiles};
use asi_constructs::kernel::{node::Node, span::Sources};
use similar::TextDiff;

#[track_caller]
fn synthesize(text: &str, environment: &str) -> String {
    let run = asi(&["synth", "-e", environment], MemoryFiles::with([("asi.yaml", text.as_bytes())]));
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    run.out
}

fn difference(old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().context_radius(1).to_string()
}

#[test]
fn one_value_of_an_environment_changes_only_what_it_must() {
    let text = read("examples/alius-simplex/asi.yaml");
    let old = "    tags: {environment: staging}\n";
    assert!(text.contains(old));
    let changed = text.replace(old, &format!("{old}    constructs:\n      app: {{cpu: 1024}}\n"));
    golden(
        "environments/cpu.diff",
        &difference(&synthesize(&text, "staging"), &synthesize(&changed, "staging")),
    );
}

#[test]
fn two_environments_differ_where_the_file_says_so() {
    let text = read("examples/alius-simplex/asi.yaml");
    golden(
        "environments/staging-prod.diff",
        &difference(&synthesize(&text, "staging"), &synthesize(&text, "prod")),
    );
}

#[test]
fn the_merged_file_tells_where_each_value_comes_from() {
    let text = read("examples/alius-simplex/asi.yaml");
    let config = |arguments: &[&str]| {
        let run = asi(&[&["config"], arguments].concat(), MemoryFiles::with([("asi.yaml", text.as_bytes())]));
        assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
        run.out
    };
    let prod = config(&["-e", "prod"]);
    golden("environments/config.yaml", &prod);
    assert_eq!(document(&config(&["-e", "prod", "--no-origins"])), document(&prod));
    let (merged, _) = load::merged(&document(&text), Some("prod"));
    assert_eq!(document(&prod), merged);
}

#[test]
fn the_merged_file_keeps_what_was_written() {
    let text = "app: 'shop: one'\naccount: 012345678901\nconstructs:\n  a:\n    version: 1.10\n    on: yes\n    empty: ''\n    \
                none:\n    list: []\n    text: |\n      one # two\n      three\n    tag: !Sub ['${a}', {a: !Ref b}]\n    \
                get: !GetAtt a.b\n    '7': \"\\u0007\"\n";
    let run = asi(&["config"], MemoryFiles::with([("asi.yaml", text.as_bytes())]));
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    for written in [
        "account: 012345678901  # line 2",
        "version: 1.10  # line 5",
        "'on': yes  # line 6",
        "text: |  # line 10",
    ] {
        assert!(run.out.contains(written), "{written} in\n{}", run.out);
    }
    assert_eq!(document(&run.out), document(text));
}

fn document(text: &str) -> Node {
    let (document, faults) = load::document(text, "asi.yaml", &mut Sources::default());
    assert_eq!(faults, []);
    document.unwrap()
}

#[test]
fn null_takes_away_what_the_base_has() {
    let text = "app: shop\nconstructs:\n  repo: {type: Repository, name: shop, keep: 5}\nenvironments:\n  dev: {constructs: {repo: {name: null}}}\n";
    let difference =
        difference(&synthesize(&text.replace("name: null", "keep: 6"), "dev"), &synthesize(text, "dev"));
    assert!(difference.contains("-      RepositoryName: shop"), "{difference}");
}
