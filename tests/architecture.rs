//! Which module may use which. The table in `src/lib.rs` is only true while this passes.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{
    paths::{module_of, paths},
    read, sources,
};

/// Each module of `src/`, lowest first, with the modules it names, and what it names of `asi_constructs`.
/// No module names one construct: it asks the catalogue, and only where a use of the program begins.
const MAY_USE: &[(&str, &[&str], &[&str])] = &[
    ("render", &[], &[]),
    ("world", &[], &[]),
    ("template", &[], &["kernel"]),
    ("load", &["template", "world"], &["kernel"]),
    ("expand", &["load"], &["kernel"]),
    ("resolve", &["template"], &["kernel"]),
    ("validate", &["template"], &["kernel"]),
    ("assets", &["world"], &[]),
    ("assembly", &["load", "template", "validate"], &["kernel"]),
    ("diff", &["template"], &["kernel"]),
    ("refactor", &["diff", "template", "world"], &["kernel"]),
    ("plan", &["diff", "template", "world"], &[]),
    ("review", &["diff", "template"], &["kernel"]),
    ("deploy", &["template", "world"], &["kernel"]),
    // It measures text as it will be printed, and draws frames, cards and lines; `render` knows no stacks.
    ("graph", &["render"], &["kernel"]),
    (
        "ops",
        &[
            "assembly", "assets", "deploy", "diff", "expand", "graph", "load", "plan", "refactor", "resolve",
            "review", "template", "validate", "world",
        ],
        &["CATALOGUE", "kernel"],
    ),
    (
        "present",
        &["deploy", "diff", "ops", "refactor", "render", "review", "template", "validate", "world"],
        &["kernel"],
    ),
    ("wire", &["diff", "load", "ops", "present", "review", "template", "validate", "world"], &["kernel"]),
    (
        "cli",
        &[
            "deploy", "graph", "load", "ops", "present", "render", "review", "template", "validate", "wire",
            "world",
        ],
        &["CATALOGUE", "kernel"],
    ),
];

#[test]
fn modules_depend_only_downwards() {
    for (at, (module, used, _)) in MAY_USE.iter().enumerate() {
        let below: Vec<&str> = MAY_USE[..at].iter().map(|(it, ..)| *it).collect();
        for it in *used {
            assert!(below.contains(it), "`{module}` would use `{it}`, which does not stand above it");
        }
    }
}

#[test]
fn modules_use_what_their_row_says_and_all_of_it() {
    let texts = sources("src").into_iter().map(|path| (read(&path), path));
    let uses = uses(texts.map(|(text, path)| (path, text)), &kernel_macros());
    let rows: Vec<Use> = MAY_USE
        .iter()
        .flat_map(|(module, ours, constructs)| {
            let ours = ours.iter().map(|it| format!("crate::{it}"));
            let constructs = constructs.iter().map(|it| format!("asi_constructs::{it}"));
            ours.chain(constructs).map(|it| ((*module).to_owned(), it))
        })
        .collect();
    let forbidden: Vec<_> = uses.iter().filter(|(it, _)| !rows.contains(it)).collect();
    assert!(forbidden.is_empty(), "no row allows this: {forbidden:#?}");
    let unused: Vec<_> = rows.iter().filter(|it| !uses.contains_key(it)).collect();
    assert!(unused.is_empty(), "rows allow this, and nobody does it: {unused:#?}");

    let modules = sources("src").into_iter().filter_map(|it| module_of(&it, "src").into_iter().next());
    let modules: BTreeSet<String> = modules.filter(|it| it != "main").collect();
    let rows: BTreeSet<String> = MAY_USE.iter().map(|(it, ..)| (*it).to_owned()).collect();
    assert_eq!(modules, rows, "modules and rows");
}

#[test]
fn the_kernel_names_no_construct() {
    let macros = kernel_macros();
    for path in sources("constructs/kernel") {
        for used in paths(&read(&path), &module_of(&path, "constructs")) {
            let name = used.get(1).map_or("", String::as_str);
            let fine = name == "kernel" || macros.contains(name);
            assert!(used[0] == "crate" && fine, "{path}: the kernel must not use `{}`", used.join("::"));
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
fn a_forbidden_use_is_found() {
    let found = |path: &str, text: &str| -> Vec<String> {
        let macros = BTreeSet::from(["object".to_owned()]);
        let uses = uses([(path.to_owned(), text.to_owned())], &macros);
        uses.into_keys().map(|(module, used)| format!("{module} uses {used}")).collect()
    };
    assert_eq!(found("src/render/terminal.rs", "use super::super::ops::list;"), ["render uses crate::ops"]);
    assert_eq!(found("src/resolve.rs", "fn f() { super::world::g() }"), ["resolve uses crate::world"]);
    assert_eq!(found("src/load/mod.rs", "use super::*;"), ["load uses crate::*"]);
    assert_eq!(
        found("src/expand/order.rs", "use asi_constructs::{kernel::expr::Expr, network::Network, object};"),
        ["expand uses asi_constructs::kernel", "expand uses asi_constructs::network"]
    );
    assert_eq!(found("src/load/stack.rs", "use super::Frame;\nuse crate::load::Patch;"), [""; 0]);
}

/// A module of `src/`, and what it uses: `crate::world`, `asi_constructs::kernel`.
type Use = (String, String);

/// What the modules of `src/` use beside themselves, each with the files that do; given paths and texts.
fn uses(
    sources: impl IntoIterator<Item = (String, String)>,
    kernel_macros: &BTreeSet<String>,
) -> BTreeMap<Use, BTreeSet<String>> {
    let mut uses: BTreeMap<Use, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources {
        let place = module_of(&path, "src");
        // The library names all modules, and the program begins at `cli`.
        let Some(module) = place.first().filter(|it| *it != "main") else { continue };
        for used in paths(&text, &place) {
            let name = used.get(1).map_or("*", String::as_str);
            let name = if kernel_macros.contains(name) { "kernel" } else { name };
            if used[0] != "crate" || name != module {
                uses.entry((module.clone(), format!("{}::{name}", used[0])))
                    .or_default()
                    .insert(path.clone());
            }
        }
    }
    uses
}

/// The kernel's macros, which Rust has at the root of its crate.
fn kernel_macros() -> BTreeSet<String> {
    let texts: Vec<String> = sources("constructs/kernel").iter().map(|it| read(it)).collect();
    let names = texts.iter().flat_map(|it| it.split("#[macro_export]").skip(1));
    let names = names.filter_map(|it| it.split_once("macro_rules! ")?.1.split_once(' '));
    names.map(|(it, _)| it.to_owned()).collect()
}

fn without_tests(text: &str) -> String {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}
