//! Patterns as docker reads them in a `.dockerignore`, and what the CDK makes of them.

use std::{iter::Peekable, str::Chars};

use super::{Rule, quoted};
use crate::assets::Fault;

/// The patterns of a `.dockerignore`.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    rules: Vec<Docker>,
    /// The same and, for each that takes something in again, the folders that this lies in.
    with_folders: Vec<Docker>,
}

#[derive(Clone, Debug)]
struct Docker {
    rule: Rule,
    /// Its steps.
    steps: Vec<String>,
}

impl Patterns {
    pub(super) fn new(patterns: &[String]) -> Result<Self, Fault> {
        let mut all = Self { rules: Vec::new(), with_folders: Vec::new() };
        for line in patterns.iter().flat_map(|it| it.split('\n')) {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let Some(rule) = Docker::new(line)? else { continue };
            all.rules.push(rule.clone());
            all.with_folders.push(rule);
            for folder in folders_of_negative(line) {
                all.with_folders.extend(Docker::new(&folder)?);
            }
        }
        Ok(all)
    }

    pub(super) fn is_ignored(&self, path: &str) -> bool {
        is_ignored(&self.rules, path)
    }

    /// Whether nothing in a folder is taken in again.
    pub(super) fn completely(&self, folder: &str) -> bool {
        is_ignored(&self.rules, folder) && is_ignored(&self.with_folders, folder)
    }
}

/// The folders above what a pattern takes in again, as patterns that take them in again.
fn folders_of_negative(line: &str) -> Vec<String> {
    let trimmed = line.trim_start();
    let (sign, rest) = match (trimmed.strip_prefix("/!"), trimmed.strip_prefix('!')) {
        (Some(rest), _) => ("/!", rest),
        (None, Some(rest)) => ("!", rest),
        (None, None) => return Vec::new(),
    };
    let above = |it: &str| {
        let it = it.trim_end_matches('/');
        let folder = it.rsplit_once('/').map_or(".", |it| it.0).trim_end_matches('/');
        (!["", "."].contains(&folder)).then(|| folder.to_owned())
    };
    let folders = std::iter::successors(above(rest), |it| above(it));
    folders.map(|it| format!("{sign}{it}")).collect()
}

impl Docker {
    /// A line of the file; nothing, if it says nothing.
    fn new(line: &str) -> Result<Option<Self>, Fault> {
        let pattern = line.trim();
        if line.starts_with('#') || pattern.is_empty() {
            return Ok(None);
        }
        let (is_negative, pattern) = match pattern.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, pattern),
        };
        let pattern = if pattern.is_empty() { String::new() } else { clean(pattern) };
        let pattern = pattern.strip_prefix('/').filter(|it| !it.is_empty()).unwrap_or(&pattern).trim();
        // Behind a slash it takes something in again, too.
        let (is_negative, pattern) = match pattern.strip_prefix('!') {
            Some(rest) if !is_negative => (true, rest),
            _ => (is_negative, pattern),
        };
        if pattern.is_empty() {
            return Ok(None);
        }
        // An expression that repeats nothing is none.
        let is_readable = !pattern.starts_with('+');
        let expression = is_readable.then(|| expression(pattern));
        let rule = Rule::new(is_negative, &expression.ok_or_else(|| Fault::Pattern(line.to_owned()))?, line)?;
        Ok(Some(Self { rule, steps: pattern.split('/').map(str::to_owned).collect() }))
    }

    fn matches(&self, path: &str) -> bool {
        if self.rule.matches(path) {
            return true;
        }
        let Some((above, _)) = path.rsplit_once('/') else { return false };
        let above: Vec<&str> = above.split('/').collect();
        let deep = |it: usize| self.rule.matches(&above[..it].join("/"));
        if self.steps.iter().any(|it| it == "**") {
            let least = self.steps.iter().filter(|it| *it != "**").count();
            (least..=above.len()).any(deep)
        } else {
            self.steps.len() <= above.len() && deep(self.steps.len())
        }
    }
}

fn is_ignored(rules: &[Docker], path: &str) -> bool {
    let last = rules.iter().rev().find(|it| it.matches(path));
    last.is_some_and(|it| !it.rule.is_negative)
}

/// A path with its steps up and its steps to nowhere taken, without a slash at its end.
fn clean(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/').filter(|it| !["", "."].contains(it)) {
        match step {
            ".." if steps.last().is_some_and(|it| *it != "..") => {
                steps.pop();
            }
            ".." if is_absolute => (),
            step => steps.push(step),
        }
    }
    match (is_absolute, steps.is_empty()) {
        (true, _) => format!("/{}", steps.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => steps.join("/"),
    }
}

/// The expression that a pattern is; what means nothing to docker means to it what it means in expressions.
fn expression(pattern: &str) -> String {
    let mut expression = "(?i)^".to_owned();
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '*' if rest.next_if_eq(&'*').is_some() => {
                rest.next_if_eq(&'/');
                expression.push_str(if rest.peek().is_none() { ".*" } else { "(.*/)?" });
            }
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' => expression.push_str(&class(&mut rest)),
            '.' | '$' => expression.push_str(&quoted(character)),
            '\\' => match rest.next() {
                Some(next) => expression.push_str(&quoted(next)),
                None => expression.push_str("\\\\"),
            },
            character => expression.push(character),
        }
    }
    expression.push('$');
    expression
}

/// One of some characters, as JavaScript reads it: up to the first closing bracket, and none at all where there is nothing.
fn class(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut class = String::new();
    while let Some(character) = rest.next() {
        match character {
            ']' => {
                return match class.as_str() {
                    "" => "[^\\s\\S]".to_owned(),
                    "^" => "[\\s\\S]".to_owned(),
                    class => format!("[{class}]"),
                };
            }
            '\\' => class.extend(rest.next().map(quoted)),
            '[' | '&' | '~' => class.push_str(&quoted(character)),
            character => class.push(character),
        }
    }
    // It is no expression, as it is none there.
    format!("[{class}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], path: &str, expected: bool) {
        let patterns: Vec<String> = patterns.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(Patterns::new(&patterns).unwrap().is_ignored(path), expected, "{patterns:?} {path}");
    }

    #[test]
    fn a_pattern_is_anchored_and_takes_what_is_below_with_it() {
        check(&["docs"], "docs/a/b.md", true);
        check(&["docs"], "src/docs/a.md", false);
        check(&["**/docs"], "src/docs/a.md", true);
        check(&["/src/../docs/"], "docs", true);
        check(&["*.MD"], "readme.md", true);
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        check(&["*", "!src"], "src/main.rs", false);
        check(&["*", "!src", "src/*.md"], "src/a.md", true);
        check(&["*", "# !src", ""], "src", true);
    }

    #[test]
    fn a_folder_is_gone_into_if_something_in_it_is_taken_in_again() {
        let patterns = Patterns::new(&["*".to_owned(), "!a/b/c.txt".to_owned()]).unwrap();
        assert!(patterns.is_ignored("a/b") && !patterns.completely("a/b") && patterns.completely("d"));
    }
}
