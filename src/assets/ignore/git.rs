//! Patterns as git reads them in a `.gitignore`, as the npm package `ignore` has it: whatever the case of letters.

use super::{Rule, quoted};
use crate::assets::Fault;

/// The patterns that say something.
pub(super) fn rules(patterns: &[String]) -> Result<Vec<Rule>, Fault> {
    patterns.iter().filter(|it| says_something(it)).map(|it| rule(it)).collect()
}

fn says_something(pattern: &str) -> bool {
    let slashes = pattern.len() - pattern.trim_end_matches('\\').len();
    // A single backslash at the end quotes nothing.
    !pattern.trim().is_empty() && !pattern.starts_with('#') && slashes != 1
}

/// Whether a path is left out, or a folder above it. Folders end in `/`.
pub(super) fn is_ignored(rules: &[Rule], path: &str) -> bool {
    let slashes = path.match_indices('/').map(|(at, _)| &path[..=at]);
    let above = slashes.filter(|it| it.len() < path.len());
    above.chain([path]).any(|it| {
        let last = rules.iter().rev().find(|rule| rule.matches(it));
        last.is_some_and(|it| !it.is_negative)
    })
}

fn rule(line: &str) -> Result<Rule, Fault> {
    let (is_negative, pattern) = match line.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let pattern = match pattern.strip_prefix('\\') {
        Some(quoted) if quoted.starts_with(['!', '#']) => quoted,
        _ => pattern,
    };
    Rule::new(is_negative, &expression(trimmed(pattern)), line)
}

/// Without spaces at its end, but for one that is quoted.
fn trimmed(pattern: &str) -> &str {
    let without = pattern.trim_end();
    let slashes = without.len() - without.trim_end_matches('\\').len();
    if slashes % 2 == 1 && without.len() < pattern.len() { &pattern[..=without.len()] } else { without }
}

fn expression(pattern: &str) -> String {
    let is_anchored = pattern.char_indices().any(|(at, it)| it == '/' && at + 1 < pattern.len());
    let mut expression = "(?i)".to_owned();
    let below = pattern.strip_prefix('/').unwrap_or(pattern);
    let mut rest = match below.strip_prefix("**/") {
        Some(rest) => {
            expression.push_str("^(?:.*/)?");
            rest
        }
        None => {
            expression.push_str(if is_anchored || below.len() < pattern.len() { "^" } else { "(?:^|/)" });
            below
        }
    };
    let start = expression.len();
    while let Some(character) = rest.chars().next() {
        let is_first = expression.len() == start;
        let after = &rest[character.len_utf8()..];
        rest = match character {
            '/' if after == "**" => {
                expression.push_str("/.+");
                ""
            }
            '/' if after.starts_with("**/") => {
                expression.push_str("(?:/[^/]+)*");
                &after[2..]
            }
            '*' => {
                // At the end of a path, a step has to be there.
                let is_step = after.is_empty() && (is_first || expression.ends_with('/'));
                expression.push_str(if is_step { "[^/]+" } else { "[^/]*" });
                after
            }
            '?' => {
                expression.push_str("[^/]");
                after
            }
            '[' => class(&mut expression, after),
            '\\' => {
                let quoted_one = after.chars().next();
                expression.push_str(&quoted_one.map_or_else(|| "\\\\".to_owned(), quoted));
                &after[quoted_one.map_or(0, char::len_utf8)..]
            }
            character => {
                expression.push_str(&quoted(character));
                after
            }
        };
    }
    expression.push_str(if pattern.ends_with('/') { "$" } else { "/?$" });
    expression
}

/// Adds one of some characters, and gives what comes after it; what is never closed is none.
fn class<'a>(expression: &mut String, rest: &'a str) -> &'a str {
    let Some((characters, after)) = rest.split_once(']').filter(|it| !it.0.contains('/')) else {
        expression.push_str("[^\\s\\S]");
        return "";
    };
    expression.push('[');
    let all: Vec<char> = characters.chars().filter(|it| *it != '\\').collect();
    let mut at = 0;
    while at < all.len() {
        let is_range = all.get(at + 1) == Some(&'-') && at + 2 < all.len();
        if is_range && all[at] <= all[at + 2] {
            expression.push_str(&format!("{}-{}", quoted_in_class(all[at]), quoted_in_class(all[at + 2])));
        } else if !is_range {
            expression.push_str(&quoted_in_class(all[at]));
        }
        at += if is_range { 3 } else { 1 };
    }
    if expression.ends_with('[') {
        expression.push_str("^\\s\\S");
    }
    expression.push(']');
    after
}

fn quoted_in_class(character: char) -> String {
    if character.is_alphanumeric() {
        character.to_string()
    } else {
        format!("\\x{{{:x}}}", u32::from(character))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], path: &str, expected: bool) {
        let patterns: Vec<String> = patterns.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(is_ignored(&rules(&patterns).unwrap(), path), expected, "{patterns:?} {path}");
    }

    #[test]
    fn a_pattern_without_a_slash_matches_anywhere() {
        check(&["*.md"], "a/b/c.MD", true);
        check(&["docs"], "a/docs/b", true);
        check(&["a/docs"], "b/a/docs", false);
        check(&["/docs"], "a/docs", false);
        check(&["docs/"], "docs", false);
        check(&["docs/"], "docs/a", true);
        check(&["a/**/b"], "a/b", true);
        check(&["a/**"], "a/", false);
    }

    #[test]
    fn nothing_below_an_ignored_folder_is_taken_in_again() {
        check(&["a", "!a/b"], "a/b", true);
        check(&["a/*", "!a/b"], "a/b", false);
        check(&["\\!a", "#b", "c\\ "], "!a", true);
        check(&["c\\ "], "c ", true);
    }
}
