//! Which paths a Rust source names: those that begin at `crate`, `super`, `self` or some crate, wherever they stand.
//!
//! Reads no Rust but this much of it: comments and literals are skipped, inline modules are followed, because
//! `super` means something else in them.

/// Where a path begins.
const ROOTS: [&str; 4] = ["crate", "super", "self", "asi_constructs"];

/// The module a source file holds, as names below the root of its crate, which is the folder `root`.
pub(crate) fn module_of(path: &str, root: &str) -> Vec<String> {
    let below =
        path.strip_prefix(root).and_then(|it| it.strip_suffix(".rs")).expect("a source in that folder");
    let names = below.split('/').filter(|it| !matches!(*it, "" | "mod" | "lib"));
    names.map(str::to_owned).collect()
}

/// The paths `text` names, as it is in `module`: those of this crate begin with `crate`, and none with `super`.
pub(crate) fn paths(text: &str, module: &[String]) -> Vec<Vec<String>> {
    let tokens = tokens(text);
    // The modules open at this place; `None` is any other block.
    let mut blocks: Vec<Option<String>> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "{" => {
                let name = (at >= 2 && tokens[at - 2] == "mod").then(|| tokens[at - 1].clone());
                blocks.push(name);
            }
            "}" => drop(blocks.pop()),
            root if ROOTS.contains(&root)
                && tokens.get(at + 1).is_some_and(|it| it == "::")
                && (at == 0 || tokens[at - 1] != "::") =>
            {
                let here: Vec<String> =
                    module.iter().cloned().chain(blocks.iter().flatten().cloned()).collect();
                let mut named = Vec::new();
                at = tree(&tokens, at, &mut Vec::new(), &mut named);
                found.extend(named.into_iter().map(|it| resolved(it, &here)));
                continue;
            }
            _ => (),
        }
        at += 1;
    }
    found
}

/// Reads a path, or a tree of them as `use` takes it, from `at`; returns where it ends.
fn tree(tokens: &[String], mut at: usize, before: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let length = before.len();
    loop {
        let token = tokens.get(at).map_or("", String::as_str);
        if token == "{" {
            at += 1;
            while tokens.get(at).is_some_and(|it| it != "}") {
                at = tree(tokens, at, before, found);
                while tokens.get(at).is_some_and(|it| it != "," && it != "}") {
                    at += 1; // `as name`
                }
                at += usize::from(tokens.get(at).is_some_and(|it| it == ","));
            }
            before.truncate(length);
            return at + 1;
        }
        if token == "*" || is_name(token) {
            before.push(token.to_owned());
            at += 1;
        }
        if tokens.get(at).is_none_or(|it| it != "::") {
            found.push(before.clone());
            before.truncate(length);
            return at;
        }
        at += 1;
    }
}

/// A path with what it begins with put in terms of the crate.
fn resolved(path: Vec<String>, module: &[String]) -> Vec<String> {
    let up = path.iter().take_while(|it| *it == "super").count();
    let from = if path[0] == "self" { 1 } else { up };
    if from == 0 {
        return path;
    }
    let above = module.get(..module.len().saturating_sub(up)).unwrap_or_default();
    ["crate".to_owned()].into_iter().chain(above.iter().cloned()).chain(path.into_iter().skip(from)).collect()
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::`, and single signs; no space, comment, text or character.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |it| it + 2),
            '"' => quoted(rest),
            'r' if raw(rest).is_some() => raw(rest).unwrap_or_default(),
            '\'' => character(rest),
            _ if is_name(rest) => rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        let is_token = !first.is_whitespace() && !matches!(first, '"' | '\'') && !rest.starts_with("//");
        if is_token && !rest.starts_with("/*") && raw(rest).is_none() {
            tokens.push(rest[..length].to_owned());
        }
        rest = &rest[length..];
    }
    tokens
}

/// The length of the text in double quotes that `rest` begins with.
fn quoted(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !is_escaped => return at + 1,
            _ => is_escaped = c == '\\' && !is_escaped,
        }
    }
    rest.len()
}

/// The length of the raw text that `rest` begins with, if it does.
fn raw(rest: &str) -> Option<usize> {
    let hashes = rest.strip_prefix('r')?.chars().take_while(|it| *it == '#').count();
    let inner = rest[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(inner.find(&end).map_or(rest.len(), |it| 2 + hashes + it + end.len()))
}

/// The length of the character that `rest` begins with; of a lifetime, its quote.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(rest.len(), |it| it + 4),
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{module_of, paths};

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> =
            paths(text, &["a".to_owned(), "b".to_owned()]).iter().map(|it| it.join("::")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn finds_groups_and_renamed_items() {
        check(
            "use crate::{c::{X, self, d::Y as Z}, e as f, *};\nuse asi_constructs::g;",
            &["crate::c::X", "crate::c::self", "crate::c::d::Y", "crate::e", "crate::*", "asi_constructs::g"],
        );
    }

    #[test]
    fn finds_what_is_named_in_passing() {
        check("fn f(x: &crate::c::X) -> Y { $crate::d!(); z::crate_::g() }", &["crate::c::X", "crate::d"]);
    }

    #[test]
    fn follows_super_and_self() {
        check("use super::{X, c::Y};", &["crate::a::X", "crate::a::c::Y"]);
        check("use super::super::d::X;", &["crate::d::X"]);
        check("self::c::f();", &["crate::a::b::c::f"]);
        check(
            "mod tests { use super::*; fn f() { super::super::g() } } use super::h;",
            &["crate::a::b::*", "crate::a::g", "crate::a::h"],
        );
    }

    #[test]
    fn passes_over_comments_and_literals() {
        check(
            "// crate::c\n/* super::d */ \"\\\" crate::e {\" r#\"crate::f\" {\"# '{' '\\'' '\\u{7b}' super::g",
            &["crate::a::g"],
        );
        check(
            "fn f<'a>(x: &'a str) { mod c { fn g(x: char) { x == '}'; super::h() } } }",
            &["crate::a::b::h"],
        );
        check("pub(super) fn f() {} pub(in crate::a) fn g(self) {}", &["crate::a"]);
    }

    #[test]
    fn knows_the_module_of_a_file() {
        let module = |path| module_of(path, "src").join("::");
        assert_eq!(module("src/lib.rs"), "");
        assert_eq!(module("src/render/mod.rs"), "render");
        assert_eq!(module("src/render/terminal.rs"), "render::terminal");
        assert_eq!(module("src/resolve.rs"), "resolve");
    }
}
