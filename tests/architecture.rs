//! Which module may use which. The table in `src/lib.rs` is only true while this passes.

use std::collections::BTreeSet;

use crate::support::{read, sources};

/// Each module of `src/`, lowest first, and the modules it may name.
const MAY_USE: &[(&str, &[&str])] = &[
    ("render", &[]),
    ("world", &[]),
    ("template", &[]),
    ("load", &["world"]),
    ("expand", &["load"]),
    ("resolve", &["template"]),
    ("assembly", &["load", "template"]),
    ("ops", &["assembly", "expand", "load", "resolve", "template", "world"]),
    ("present", &["load", "render"]),
    ("wire", &["load"]),
    ("cli", &["ops", "present", "render", "template", "wire", "world"]),
];

#[test]
fn modules_depend_only_downwards() {
    let mut seen = BTreeSet::new();
    for path in sources("src") {
        let module = path.trim_start_matches("src/").split(['/', '.']).next().unwrap().to_owned();
        if matches!(module.as_str(), "main" | "lib") {
            continue;
        }
        let (_, allowed) =
            MAY_USE.iter().find(|(it, _)| *it == module).unwrap_or_else(|| panic!("{module} has no row"));
        for used in modules_named(&read(&path)) {
            assert!(
                used == module || allowed.contains(&used.as_str()),
                "{path}: `{module}` must not use `{used}`"
            );
        }
        seen.insert(module);
    }
    let rows: BTreeSet<String> = MAY_USE.iter().map(|(it, _)| (*it).to_owned()).collect();
    assert_eq!(seen, rows, "a row has no module");
}

#[test]
fn the_kernel_names_no_construct() {
    for path in sources("constructs/kernel") {
        for used in modules_named(&without_tests(&read(&path))) {
            let fine = matches!(
                used.as_str(),
                "kernel" | "key" | "word" | "list" | "object" | "text" | "choices" | "exports" | "properties"
            );
            assert!(fine, "{path}: the kernel must not use `{used}`");
        }
    }
}

#[test]
fn schemas_and_constructs_know_nothing_of_each_other() {
    for path in sources("schemas") {
        let text = read(&path).replace("asi_schemas", "");
        assert!(!text.contains("asi_"), "{path} names a crate of ours");
    }
    let (schemas, constructs) = (read("schemas/Cargo.toml"), read("constructs/Cargo.toml"));
    assert_eq!(schemas.matches("asi-").count(), schemas.matches("asi-schemas").count());
    assert!(!constructs.contains("asi-schemas"), "constructs depend on the schemas");
    for path in sources("constructs") {
        assert!(!read(&path).contains("asi_schemas"), "{path} uses the schemas");
    }
}

#[test]
fn only_the_world_and_main_touch_the_system() {
    for path in sources("src").into_iter().chain(sources("constructs")) {
        let text = without_tests(&read(&path));
        let outside = path.starts_with("src/world/") || path == "src/main.rs";
        for name in [
            "std::fs",
            "std::env",
            "std::process",
            "std::net::Tcp",
            "std::net::Udp",
            "std::thread",
            "println!",
            "eprintln!",
        ] {
            assert!(outside || !text.contains(name), "{path} uses `{name}`");
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for path in ["src", "constructs", "schemas", "tests"].into_iter().flat_map(sources) {
        let text = read(&path);
        assert!(text.starts_with("//! "), "{path} opens without a sentence about itself");
    }
}

#[test]
fn finds_modules_in_groups() {
    let text = "use crate::{a::{X, Y}, b};\nfn f() { crate::c::g() }\nuse $crate::d;";
    assert_eq!(modules_named(text), ["a", "b", "c", "d"]);
}

fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// The first name of every path that starts at `crate::`.
fn modules_named(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, start) in text.match_indices("crate::") {
        let rest = &text[at + start.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(top_level(group)),
            None => names.extend(first_name(rest)),
        }
    }
    names
}

/// The first name of every item in a `use` group, up to its closing brace.
fn top_level(group: &str) -> Vec<String> {
    let mut depth = 1;
    let mut item = 0;
    let mut names = Vec::new();
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => (),
        }
        if depth == 0 || (depth == 1 && c == ',') {
            names.extend(first_name(group[item..at].trim()));
            item = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn first_name(path: &str) -> Option<String> {
    path.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
}
