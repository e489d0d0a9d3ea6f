//! Which stacks of an app are meant: by their paths in it, with the patterns the CDK takes.

use asi_constructs::kernel::diagnostic::Diagnostic;

/// The most patterns that braces stand for.
const MOST: usize = 256;

/// A stack that may be meant.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Its path in the app.
    pub name: &'a str,
    /// The name CloudFormation knows it by.
    pub stack_name: &'a str,
}

/// The positions of those that `patterns` mean, in their order.
///
/// # Errors
///
/// For each pattern that means none.
pub fn selected(patterns: &[String], known: &[Known<'_>]) -> Result<Vec<usize>, Vec<Diagnostic>> {
    let mut is_chosen = vec![false; known.len()];
    let mut faults = Vec::new();
    for pattern in patterns {
        let fitting = fitting(pattern, known);
        if fitting.is_empty() {
            let fault = Diagnostic::error("unknown-stack", format!("there is no stack `{pattern}`"));
            faults.push(fault.suggest(pattern, known.iter().map(|it| it.name)));
        }
        fitting.into_iter().for_each(|at| is_chosen[at] = true);
    }
    let chosen = is_chosen.iter().enumerate().filter(|(_, it)| **it).map(|(at, _)| at).collect();
    if faults.is_empty() { Ok(chosen) } else { Err(faults) }
}

/// Those that one pattern means: by their paths, or else by the names CloudFormation knows them by.
pub fn fitting(pattern: &str, known: &[Known<'_>]) -> Vec<usize> {
    let by = |name: fn(&Known<'_>) -> String| {
        let fits = |it: &(usize, &Known<'_>)| matches(pattern, &name(it.1));
        known.iter().enumerate().filter(fits).map(|(at, _)| at).collect::<Vec<_>>()
    };
    let found = by(|it| it.name.to_owned());
    if found.is_empty() { by(|it| it.stack_name.to_owned()) } else { found }
}

/// Whether a path fits a pattern: `*` stands for anything but `/`, `**` for that, too, `?` for one character, `[a-c]` for
/// one of some, `{a,b}` for either; `!` before it all for what fits not.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    if pattern == path {
        return true;
    }
    if let Some(pattern) = pattern.strip_prefix('!') {
        return !matches(pattern, path);
    }
    let parts: Vec<&str> = path.split('/').collect();
    alternatives(pattern).iter().any(|it| fits_parts(&it.split('/').collect::<Vec<_>>(), &parts))
}

/// What a pattern with braces stands for.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(it) = open.pop() {
        match braces(&it) {
            Some((before, choices, after)) if done.len() + open.len() + choices.len() <= MOST => {
                open.extend(choices.iter().map(|choice| format!("{before}{choice}{after}")));
            }
            _ => done.push(it),
        }
    }
    done
}

/// The first innermost braces that offer a choice, and what is around them.
fn braces(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    let end = pattern.find('}')?;
    let start = pattern[..end].rfind('{')?;
    let choices: Vec<&str> = pattern[start + 1..end].split(',').collect();
    (choices.len() > 1).then(|| (&pattern[..start], choices, &pattern[end + 1..]))
}

/// Whether the parts of a path fit those of a pattern: the row of a table for each part of the pattern, which tells for each
/// beginning of the path whether it fits so far.
fn fits_parts(pattern: &[&str], path: &[&str]) -> bool {
    let mut row = vec![false; path.len() + 1];
    row[0] = true;
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        next[0] = row[0] && *part == "**";
        for at in 0..path.len() {
            next[at + 1] = match *part {
                "**" => row[at + 1] || next[at],
                _ => row[at] && fits(part, path[at]),
            };
        }
        row = next;
    }
    row[path.len()]
}

/// Whether one part of a path fits one of a pattern.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    let mut rest = pattern.as_slice();
    while let Some((first, after)) = rest.split_first() {
        let mut next = vec![false; text.len() + 1];
        let class = class(rest);
        next[0] = row[0] && *first == '*';
        for at in 0..text.len() {
            next[at + 1] = match (first, &class) {
                ('*', _) => row[at + 1] || next[at],
                ('?', _) => row[at],
                (_, Some((class, _))) => row[at] && is_one_of(class, text[at]),
                _ => row[at] && *first == text[at],
            };
        }
        rest = class.map_or(after, |(_, after)| after);
        row = next;
    }
    row[text.len()]
}

/// The characters between the brackets that a pattern begins with, and what comes after these.
fn class(pattern: &[char]) -> Option<(&[char], &[char])> {
    let inner = pattern.strip_prefix(&['['])?;
    let end = inner.iter().position(|it| *it == ']').filter(|it| *it > 0)?;
    Some((&inner[..end], &inner[end + 1..]))
}

fn is_one_of(class: &[char], char: char) -> bool {
    let is_between = |it: &[char]| it[1] == '-' && it[0] <= char && char <= it[2];
    let is_in = |class: &[char]| class.contains(&char) || class.windows(3).any(is_between);
    match class {
        ['!' | '^', rest @ ..] if !rest.is_empty() => !is_in(rest),
        _ => is_in(class),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_the_cdk() {
        let all = ["Web", "Prod/Web", "Prod/Net", "Prod/Eu/Net", "Web2"];
        let check = |pattern: &str, expected: &[&str]| {
            let found: Vec<&str> = all.into_iter().filter(|it| matches(pattern, it)).collect();
            assert_eq!(found, expected, "{pattern}");
        };
        check("Web", &["Web"]);
        check("*", &["Web", "Web2"]);
        check("**", &all);
        check("Prod/*", &["Prod/Web", "Prod/Net"]);
        check("Prod/**", &["Prod/Web", "Prod/Net", "Prod/Eu/Net"]);
        check("**/Net", &["Prod/Net", "Prod/Eu/Net"]);
        check("*/{Web,Net}", &["Prod/Web", "Prod/Net"]);
        check("{Web,Prod/{Net,Eu/*}}", &["Web", "Prod/Net", "Prod/Eu/Net"]);
        check("W?b", &["Web"]);
        check("Web[1-3]", &["Web2"]);
        check("We[!a]", &["Web"]);
        check("!Web", &["Prod/Web", "Prod/Net", "Prod/Eu/Net", "Web2"]);
        check("web", &[]);
        check("W*b*", &["Web", "Web2"]);
    }

    #[test]
    fn hostile_patterns_come_to_an_end() {
        assert!(!matches(&"*a".repeat(500), &"a".repeat(499)));
        assert!(!matches(&"{a,b}".repeat(60), "x"));
        assert!(!matches(&format!("{}b", "**/".repeat(300)), &"a/".repeat(200)));
        assert!(!matches("[", "a") && !matches("{", "a") && !matches("[]", "a"));
    }

    #[test]
    fn a_stack_is_meant_by_its_path_or_else_by_its_name() {
        let known = [("Prod/Web", "Prod-Web"), ("Prod-Web2", "web")];
        let known = known.map(|(name, stack_name)| Known { name, stack_name });
        let chosen = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|it| (*it).to_owned()).collect();
            selected(&patterns, &known)
        };
        assert_eq!(chosen(&["Prod-*"]).unwrap(), [1]);
        assert_eq!(chosen(&["Prod-Web", "web"]).unwrap(), [0, 1]);
        let faults = chosen(&["Prod/Wb", "**"]).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].message, "there is no stack `Prod/Wb`");
        assert_eq!(faults[0].help.as_deref(), Some("did you mean `Prod/Web`?"));
    }
}
