//! Holds what is written about the program to what the program is.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::support::{asi, files, files_below, golden, read, root, sources, stem};
use asi::{cli, ops, present, render, validate::ALIASES};
use asi_constructs::CATALOGUE;

#[test]
fn every_code_is_in_the_registry_and_means_something() {
    let known: BTreeSet<&str> = present::CODES.iter().map(|(code, _)| *code).collect();
    assert!(present::CODES.is_sorted_by_key(|(code, _)| *code));
    assert!(present::CODES.iter().all(|(_, meaning)| meaning.ends_with('.')));
    let mut used: BTreeMap<String, String> = BTreeMap::new();
    for path in sources("src").into_iter().chain(sources("constructs")) {
        let text = read(&path);
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for start in ["Diagnostic::error(", "Diagnostic::warning(", "Diagnostic::info("] {
            for (at, _) in code.match_indices(start) {
                let argument = code[at + start.len()..].trim_start();
                if let Some(literal) = argument.strip_prefix('"') {
                    used.insert(literal.split('"').next().unwrap().to_owned(), path.clone());
                }
            }
        }
    }
    for (code, path) in &used {
        assert!(known.contains(code.as_str()), "`{code}` of {path} is not in src/present/codes.rs");
    }
    for code in known {
        assert!(used.contains_key(code), "`{code}` is in the registry, and nothing says it");
    }
}

#[test]
fn every_code_of_a_finding_is_in_the_registry_of_rules() {
    let rules = &*present::RULES;
    let sentence = |it: &str| it.ends_with('.') && it.starts_with(|c: char| !c.is_lowercase());
    assert!(rules.is_sorted_by(|a, b| a.code < b.code));
    assert!(rules.iter().all(|it| sentence(it.meaning) && sentence(it.mend)));
    let codes = present::CODES.iter().map(|(code, _)| *code);
    assert_eq!(codes.filter(|it| present::rule(it).is_some()).count(), 0, "a code is in one registry");
    assert!(ALIASES.is_sorted_by(|a, b| a.0 < b.0));
    assert!(ALIASES.iter().all(|(code, _)| present::rule(code).is_some()), "every alias is of a rule");
    // A code of stack files may be one of templates, too, where it means the same.
    let known = |code: &str| present::rule(code).is_some() || present::CODES.iter().any(|it| it.0 == code);
    let mut unknown = BTreeSet::new();
    for path in sources("src/validate") {
        let codes = codes_of_findings(&read(&path));
        unknown.extend(codes.into_iter().filter(|it| !known(it)).map(|it| format!("{it} of {path}")));
    }
    assert!(unknown.is_empty(), "these are not in src/present/rules.md: {unknown:#?}");
}

/// The codes that a source of the validator names where it finds something, and those that its tests show.
fn codes_of_findings(text: &str) -> BTreeSet<String> {
    let (code, tests) = text.split_once("#[cfg(test)]\nmod tests {").unwrap_or((text, ""));
    let mut codes = BTreeSet::new();
    // A code is the first argument, a constant of this name, or a field.
    for start in ["Found::error(", "Found::warning(", "Found::info(", "CODE: &str =", " code:"] {
        let arguments = code.match_indices(start).map(|(at, _)| code[at + start.len()..].trim_start());
        let literals = arguments.filter_map(|it| it.strip_prefix('"')?.split('"').next());
        codes.extend(literals.map(str::to_owned));
    }
    // As in "error E3004 Resources/…".
    for start in ["error ", "warning ", "info "] {
        for (at, _) in tests.match_indices(start) {
            let Some((word, rest)) = tests[at + start.len()..].split_once(' ') else { continue };
            let is_name = word.contains('-')
                && word.bytes().all(|it| it.is_ascii_lowercase() || b"-0123456789".contains(&it));
            let is_id = word.len() == 5 && word[1..].bytes().all(|it| it.is_ascii_digit());
            if (is_name || is_id) && rest.starts_with(|it: char| it.is_uppercase() || it == '…') {
                codes.insert(word.to_owned());
            }
        }
    }
    codes
}

#[test]
fn the_readme_has_the_constructs_as_they_are() {
    section("constructs", &render::markdown(&present::constructs(CATALOGUE)));
}

#[test]
fn the_readme_has_the_commands_as_they_are() {
    let mut command = cli::command().term_width(100);
    let mut text = format!("```text\n{}```\n", help(&mut command));
    for command in command.get_subcommands_mut().filter(|it| it.get_name() != "help") {
        let name = command.get_name().to_owned();
        text.push_str(&format!("\n### `asi {name}`\n\n```text\n{}```\n", help(command)));
    }
    section("commands", &text);
}

#[test]
fn the_first_stack_of_the_readme_synthesizes() {
    let yaml = stacks_of_the_readme().remove(0);
    let run = asi(&["synth"], asi::world::MemoryFiles::with([("asi.yaml", yaml.as_bytes())]));
    assert_eq!((run.exit, run.err.as_str()), (cli::Exit::Done, ""));
}

/// The stack files in the README.
fn stacks_of_the_readme() -> Vec<String> {
    let readme = read("README.md");
    let blocks =
        readme.split("```yaml\n").skip(1).map(|it| it.split("```").next().expect("a block ends").to_owned());
    blocks.filter(|it| it.starts_with("app:")).collect()
}

#[test]
fn nothing_is_wrong_with_the_stacks_of_the_readme() {
    let stacks = stacks_of_the_readme();
    assert!(stacks.len() > 3, "there are stacks");
    for yaml in stacks {
        let run = asi(&["validate"], asi::world::MemoryFiles::with([("asi.yaml", yaml.as_bytes())]));
        assert_eq!((run.exit, run.err.as_str()), (cli::Exit::Done, ""), "{yaml}{}", run.out);
    }
}

/// The READMEs of the examples, each with the stack file beside it.
fn examples() -> Vec<(String, String)> {
    let readmes = files_below("examples").into_iter().filter(|it| it.ends_with("/README.md"));
    readmes.map(|it| (read(&it), read(&it.replace("README.md", "asi.yaml")))).collect()
}

#[test]
fn the_commands_of_the_examples_run() {
    let mut commands = 0;
    for (readme, _) in examples() {
        for block in readme.split("```console\n").skip(1) {
            let block = block.split("```").next().expect("a block ends");
            // They stand in the root of the repository, as tests do. What is written to a file is printed here.
            for command in block.lines().filter_map(|it| it.strip_prefix("$ asi ")) {
                let arguments: Vec<&str> = command.split(" > ").next().unwrap().split(' ').collect();
                let run = asi(&arguments, asi::world::SystemFiles);
                assert_eq!((run.exit, run.err.as_str()), (cli::Exit::Done, ""), "asi {command}");
                commands += 1;
            }
        }
    }
    assert!(commands > 0, "there are commands");
}

#[test]
fn the_lines_that_the_examples_name_are_there() {
    let mut lines = 0;
    for (readme, stack) in examples() {
        let table = readme.split("| Promised or wished |").nth(1).expect("a table").lines().skip(2);
        for row in table.take_while(|it| it.starts_with('|')) {
            let column = row.split(" | ").nth(1).expect("a column of lines");
            for line in column.split('`').skip(1).step_by(2) {
                let is_line = stack.lines().any(|it| it.trim_start() == line);
                assert!(is_line, "`{line}` is no line of the stack file");
                lines += 1;
            }
        }
    }
    assert!(lines > 0, "there are lines");
}

#[test]
fn the_schema_of_the_stack_file_is_as_published() {
    golden("asi.schema.json", &ops::schema());
}

#[test]
fn every_explanation_is_complete() {
    for entry in CATALOGUE {
        let run = asi(&["explain", entry.kind], asi::world::MemoryFiles::default());
        golden(&format!("explain/{}.txt", entry.kind), &run.out);
    }
}

#[test]
fn every_code_is_shown_by_a_test() {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    let folders = [
        "apps",
        "assembly",
        "faults",
        "validate",
        "bootstrap",
        "deploy",
        "doctor",
        "gc",
        "import",
        "lookups",
        "migrate",
        "post",
        "publish",
        "refactor",
        "systems",
        "watch",
        "wire",
    ];
    let goldens = folders.iter().flat_map(|it| files(&format!("snapshots/{it}"), ""));
    for path in goldens.filter(|it| it.is_file() && it.extension().is_none_or(|it| it == "txt")) {
        let text = std::fs::read_to_string(path).unwrap();
        shown.extend(text.split('[').skip(1).filter_map(|it| Some(it.split_once("]: ")?.0.to_owned())));
    }
    for path in sources("src").into_iter().chain(sources("constructs")) {
        let text = read(&path);
        let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
        let tests = if is_test { &text } else { text.split_once("mod tests {").map_or("", |it| it.1) };
        // Literals such as "code at `text`: message".
        let literals = tests.split('"').skip(1);
        shown.extend(literals.filter_map(|it| Some(it.split_once(" at ")?.0.to_owned())));
    }
    let missing: Vec<&str> =
        present::CODES.iter().map(|(code, _)| *code).filter(|it| !shown.contains(*it)).collect();
    assert!(missing.is_empty(), "no test shows these codes, pointing: {missing:?}");
}

#[test]
fn no_snapshot_is_an_orphan() {
    let kinds: BTreeSet<String> = CATALOGUE.iter().map(|it| it.kind.to_owned()).collect();
    let inputs: BTreeSet<String> = files("tests/faults", "").iter().map(|it| stem(it)).collect();
    let faults = read("tests/faults.rs");
    let environments = read("tests/environments.rs");
    let validate = read("tests/validate.rs");
    let differences = read("tests/diff.rs");
    let deployments: String = sources("tests/deploy").iter().map(|it| read(it)).collect();
    let posts = sources("tests/post").iter().map(|it| read(it)).collect::<String>()
        + &read("tests/post.rs")
        + &read("tests/action.rs");
    let templates: BTreeSet<String> = files("tests/templates/bad", "").iter().map(|it| stem(it)).collect();
    let systems = read("tests/systems.rs");
    let parity: String = sources("tests/cdk_parity").iter().map(|it| read(it)).collect();
    let cases: BTreeSet<String> =
        files("tests/cdk_parity/stacks", ".yaml").iter().map(|it| stem(it)).collect();
    let examples: BTreeSet<String> = files("examples", "").iter().map(|it| stem(it)).collect();
    let belongs = |folder: &str, name: &str, file: &str| match folder {
        "" => file == "asi.schema.json",
        "constructs" | "explain" => kinds.contains(name),
        "faults" => {
            inputs.contains(name)
                || faults.contains(&format!("\"{name}\""))
                || faults.contains(&format!("\"faults/{file}\""))
        }
        "validate" => {
            templates.contains(name)
                || validate.contains(&format!("\"validate/{file}\""))
                || name == "formats"
        }
        "apps" => {
            let apps =
                read("tests/apps/mod.rs") + &read("tests/apps/hostile.rs") + &read("tests/apps/settings.rs");
            apps.contains(&format!("\"apps/{file}\""))
        }
        "graph" => examples.contains(name),
        "wire" => {
            let wire = read("tests/wire.rs");
            wire.contains(&format!("\"{name}\"")) || wire.contains(&format!("\"wire/{file}\""))
        }
        "assembly" => read("tests/assembly.rs").contains(&format!("\"{file}\"")),
        "bootstrap" | "doctor" | "gc" | "import" | "migrate" | "publish" => {
            read(&format!("tests/{folder}.rs")).contains(&format!("\"{folder}/{file}\""))
        }
        "watch" => sources("tests/watch").iter().any(|it| read(it).contains(&format!("\"watch/{file}\""))),
        "lookups" => read("tests/lookups/fetch.rs").contains(&format!("\"{folder}/{file}\"")),
        "review" => {
            let reviews = read("tests/review.rs");
            reviews.contains(&format!("\"{name}\"")) || reviews.contains(&format!("\"review/{file}\""))
        }
        "review-page" => read("tests/review_page.rs").contains(&format!("\"review-page/{file}\"")),
        "examples" => read("tests/art/changes.rs").contains(&format!("\"examples/{file}\"")),
        "diff" => differences.contains(&format!("\"diff/{file}\"")),
        "deploy" | "refactor" => deployments.contains(&format!("\"{folder}/{file}\"")),
        "post" => posts.contains(&format!("\"post/{file}\"")),
        "systems" => systems.contains(&format!(".golden(\"{name}\")")),
        "environments" => environments.contains(&format!("\"environments/{file}\"")),
        "cdk" => match file.strip_suffix(".template.json") {
            Some(case) => cases.contains(case),
            // What the templates were made by, and what they are.
            None => {
                matches!(file, "README.md" | "app.js")
                    || parity.contains(&format!("\"snapshots/cdk/{file}\""))
            }
        },
        _ => false,
    };
    for path in files_below("snapshots") {
        let (folder, file) = path.rsplit_once('/').expect("it is below a folder");
        let folder = folder.trim_start_matches("snapshots").trim_start_matches('/');
        assert!(belongs(folder, &stem(Path::new(file)), file), "{path} belongs to no test");
    }
}

fn help(command: &mut clap::Command) -> String {
    let text = command.render_long_help().to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// Compares a generated part of the README, or writes it when `UPDATE_SNAPSHOTS` is set.
#[track_caller]
pub(crate) fn section(name: &str, expected: &str) {
    let guard = README.lock().unwrap_or_else(PoisonError::into_inner);
    let (start, end) = (format!("<!-- {name}: generated -->\n"), format!("<!-- /{name} -->"));
    let readme = read("README.md");
    let from = readme.find(&start).expect("the README has the section") + start.len();
    let to = from + readme[from..].find(&end).expect("the section ends");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let readme = format!("{}{expected}{}", &readme[..from], &readme[to..]);
        return std::fs::write(root().join("README.md"), readme).unwrap();
    }
    drop(guard);
    assert!(readme[from..to] == *expected, "README.md, {name}: run again with UPDATE_SNAPSHOTS=1");
}

/// Several tests write it, and tests run side by side.
static README: Mutex<()> = Mutex::new(());
