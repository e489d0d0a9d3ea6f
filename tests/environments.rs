//! One file, several environments: what differs between two templates is what was said to differ.

use std::collections::BTreeMap;

use crate::support::{asi, files_below, golden, names::fixed_names, read, template};
use asi::{cli::Exit, load, world::MemoryFiles};
use asi_constructs::kernel::{node::Node, span::Sources};
use serde_json::Value;
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

/// Names that two of these templates fix, with those whose they are.
fn shared_names(templates: &[(String, Value)]) -> Vec<String> {
    let mut shared = Vec::new();
    for (at, (stack, template)) in templates.iter().enumerate() {
        for (other, another) in &templates[..at] {
            let both = fixed_names(template);
            let both = both.intersection(&fixed_names(another)).cloned().collect::<Vec<_>>();
            shared.extend(both.into_iter().map(|it| format!("{it} of {other} and {stack}")));
        }
    }
    shared
}

/// The templates of all stacks of a stack file, by the accounts that their environments name.
fn by_account(text: &str) -> BTreeMap<Option<String>, Vec<(String, Value)>> {
    let file = document(text);
    let environments = file.get("environments").and_then(Node::as_map).expect("environments");
    let mut accounts: BTreeMap<Option<String>, Vec<(String, Value)>> = BTreeMap::new();
    for environment in environments.keys() {
        let (merged, _) = load::merged(&file, Some(environment));
        let account = merged.get("account").and_then(Node::as_str).map(str::to_owned);
        let stacks = accounts.entry(account).or_default();
        let listed = asi(&["ls", "-e", environment], MemoryFiles::with([("asi.yaml", text.as_bytes())]));
        assert_eq!((listed.exit, listed.err.as_str()), (Exit::Done, ""));
        stacks.extend(listed.out.lines().map(|it| (it.to_owned(), template(text, &[it]))));
    }
    accounts
}

#[test]
fn the_environments_of_the_examples_may_share_an_account() {
    let mut stacks = 0;
    for file in files_below("examples").into_iter().filter(|it| it.ends_with("asi.yaml")) {
        for (account, all) in by_account(&read(&file)) {
            assert_eq!(shared_names(&all), [""; 0], "{file} in {account:?}");
            stacks += all.len();
        }
    }
    assert!(stacks > 4, "there is something to compare");
}

#[test]
fn a_name_in_two_environments_is_found() {
    let planted = |name: &str, account: &str| {
        let text = read("examples/alius-simplex/asi.yaml");
        let old = "registry: {type: Repository, ";
        assert!(text.contains(old));
        let text = text.replace(old, &format!("{old}name: '{name}', ")) + account;
        by_account(&text).values().flat_map(|it| shared_names(it)).collect::<Vec<_>>()
    };
    let fault =
        |name: &str| format!("AWS::ECR::Repository RepositoryName {name} of testex-staging and testex-prod");
    assert_eq!(planted("shop", ""), [fault("\"shop\"")]);
    assert_eq!(planted("shop-${AWS::AccountId}", ""), [fault("{\"Fn::Sub\":\"shop-${AWS::AccountId}\"}")]);
    assert_eq!(planted("shop-${env}", ""), [""; 0]);
    assert_eq!(planted("shop-${AWS::StackName}", ""), [""; 0]);
    // The last of the file is an environment, which has an account of its own then.
    assert_eq!(planted("shop", "    account: '111122223333'\n"), [""; 0]);
}
