//! One file, several environments: what differs between two templates is what was said to differ.

use crate::support::{asi, golden, read};
use asi::{cli::Exit, world::MemoryFiles};
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
fn null_takes_away_what_the_base_has() {
    let text = "app: shop\nconstructs:\n  repo: {type: Repository, name: shop, keep: 5}\nenvironments:\n  dev: {constructs: {repo: {name: null}}}\n";
    let difference =
        difference(&synthesize(&text.replace("name: null", "keep: 6"), "dev"), &synthesize(text, "dev"));
    assert!(difference.contains("-      RepositoryName: shop"), "{difference}");
}
