//! Patterns as a shell reads them, as minimatch has it: names that begin with a dot only where that is written.

use super::{Rule, quoted};
use crate::assets::Fault;

/// The most patterns that braces may stand for.
const MOST_PATTERNS: usize = 1000;

/// A pattern.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    is_negative: bool,
    /// What braces in it stand for.
    patterns: Vec<Vec<Step>>,
}

#[derive(Clone, Debug)]
enum Step {
    /// Any number of steps.
    Any,
    /// This one.
    Name(String),
    /// One like this.
    Like(Rule),
}

/// Whether a path is left out: the last pattern that matches decides.
pub(super) fn is_ignored(globs: &[Glob], path: &str) -> bool {
    globs.iter().rev().find(|it| it.matches(path)).is_some_and(|it| !it.is_negative)
}

impl Glob {
    pub(super) fn new(pattern: &str) -> Result<Self, Fault> {
        let is_negative = pattern.starts_with('!');
        // A comment matches nothing.
        if pattern.starts_with('#') {
            return Ok(Self { is_negative, patterns: Vec::new() });
        }
        let fault = || Fault::Pattern(pattern.to_owned());
        let mut expanded = Vec::new();
        expand("", pattern.trim_start_matches('!'), &mut expanded).ok_or_else(fault)?;
        let patterns = expanded.iter().filter(|it| !it.is_empty()).map(|it| steps(it));
        Ok(Self { is_negative, patterns: patterns.collect::<Result<_, _>>()? })
    }

    fn matches(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').collect();
        self.patterns.iter().any(|steps| {
            // A pattern of one step is for the name alone.
            let names = if steps.len() == 1 { &names[names.len() - 1..] } else { &names[..] };
            all_match(steps, names)
        })
    }
}

fn all_match(steps: &[Step], names: &[&str]) -> bool {
    // From where on in the names what is left of the steps matches; at first none are left.
    let mut from: Vec<bool> = (0..=names.len()).map(|it| it == names.len()).collect();
    for (at, step) in steps.iter().enumerate().rev() {
        let is_last = at + 1 == steps.len();
        let mut next = vec![false; names.len() + 1];
        for start in (0..=names.len()).rev() {
            let name = names.get(start);
            next[start] = match step {
                Step::Any => {
                    let goes_on = name.is_some_and(|it| !it.starts_with('.'))
                        && (next[start + 1] || is_last && start + 1 == names.len());
                    // At the end, something has to be there.
                    goes_on || !is_last && from[start]
                }
                Step::Name(text) => name == Some(&text.as_str()) && from[start + 1],
                Step::Like(rule) => name.is_some_and(|it| rule.matches(it)) && from[start + 1],
            };
        }
        from = next;
    }
    from[0]
}

fn steps(pattern: &str) -> Result<Vec<Step>, Fault> {
    let mut steps: Vec<Step> = Vec::new();
    let mut written: Vec<&str> = Vec::new();
    for (at, part) in pattern.split('/').enumerate() {
        // Several slashes are one.
        let is_doubled = part.is_empty() && at > 0 && written.last() == Some(&"");
        if is_doubled || part == "**" && written.last() == Some(&"**") {
            continue;
        }
        if part == ".." && written.last().is_some_and(|it| !["..", ".", "**", ""].contains(it)) {
            written.pop();
            continue;
        }
        written.push(part);
    }
    let last = written.len().saturating_sub(1);
    let is_inner_gap = |at: usize, it: &str| it.is_empty() && at > 0 && at < last;
    let kept = written.iter().enumerate().filter(|(at, it)| !is_inner_gap(*at, it)).map(|it| *it.1);
    for part in kept {
        steps.push(match part {
            "**" => Step::Any,
            part => step(part, pattern)?,
        });
    }
    Ok(steps)
}

fn step(part: &str, pattern: &str) -> Result<Step, Fault> {
    let characters: Vec<char> = part.chars().collect();
    let mut reader = Reader { characters: &characters, at: 0, has_magic: false };
    let expression = reader.expression(false);
    if !reader.has_magic {
        let mut name = String::new();
        let mut rest = part.chars();
        while let Some(it) = rest.next() {
            name.extend(if it == '\\' { rest.next().or(Some('\\')) } else { Some(it) });
        }
        return Ok(Step::Name(name));
    }
    // A dot is written out where a name begins with it.
    let guard = if part.starts_with('.') || part.starts_with("\\.") { "" } else { "(?!\\.)" };
    let something = if part.chars().all(|it| it == '*') { "+" } else { "" };
    let expression = if something.is_empty() { expression } else { "[^/]+".to_owned() };
    Ok(Step::Like(Rule::new(false, &format!("^{guard}{expression}$"), pattern)?))
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
    has_magic: bool,
}

impl Reader<'_> {
    /// Reads up to the end or, within a group, up to what ends an alternative.
    fn expression(&mut self, is_within: bool) -> String {
        let mut expression = String::new();
        while let Some(&character) = self.characters.get(self.at) {
            if is_within && ['|', ')'].contains(&character) {
                break;
            }
            self.at += 1;
            let is_group = self.characters.get(self.at) == Some(&'(') && self.closes();
            match character {
                '?' | '*' | '+' | '@' | '!' if is_group => {
                    let group = self.group();
                    self.has_magic = true;
                    match character {
                        '!' => {
                            // What follows has to be known, so that the group can end where it does not match.
                            let rest = self.expression(is_within);
                            expression.push_str(&format!("(?:(?!(?:{group}){rest}$)[^/]*?){rest}"));
                        }
                        '@' => expression.push_str(&format!("(?:{group})")),
                        sign => expression.push_str(&format!("(?:{group}){sign}")),
                    }
                }
                '*' => {
                    self.has_magic = true;
                    expression.push_str("[^/]*?");
                }
                '?' => {
                    self.has_magic = true;
                    expression.push_str("[^/]");
                }
                '[' => expression.push_str(&self.class()),
                '\\' => {
                    let next = self.characters.get(self.at).copied();
                    self.at += 1;
                    expression.push_str(&quoted(next.unwrap_or('\\')));
                }
                character => expression.push_str(&quoted(character)),
            }
        }
        expression
    }

    /// Whether the parenthesis that begins here is closed.
    fn closes(&self) -> bool {
        let mut depth = 0;
        for it in &self.characters[self.at..] {
            match it {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => (),
            }
            if depth == 0 {
                return true;
            }
        }
        false
    }

    /// The alternatives in parentheses.
    fn group(&mut self) -> String {
        self.at += 1;
        let mut alternatives = vec![self.expression(true)];
        while self.characters.get(self.at) == Some(&'|') {
            self.at += 1;
            alternatives.push(self.expression(true));
        }
        self.at += 1;
        alternatives.join("|")
    }

    /// One of some characters; a bracket that is never closed is itself.
    fn class(&mut self) -> String {
        let start = self.at;
        let is_negated = matches!(self.characters.get(start), Some('!' | '^'));
        let first = start + usize::from(is_negated);
        // A closing one that comes first is one of them.
        let skipped = usize::from(self.characters.get(first) == Some(&']'));
        let end = self.characters.iter().skip(first + skipped).position(|it| *it == ']');
        let Some(end) = end.map(|it| it + first + skipped) else { return quoted('[') };
        self.at = end + 1;
        self.has_magic = true;
        let mut class = if is_negated { "[^".to_owned() } else { "[".to_owned() };
        let mut rest = self.characters[first..end].iter().copied().peekable();
        while let Some(it) = rest.next() {
            let it = if it == '\\' { rest.next().unwrap_or(it) } else { it };
            match it {
                '-' => class.push('-'),
                it => class.push_str(&quoted_in_class(it)),
            }
        }
        class + "]"
    }
}

fn quoted_in_class(it: char) -> String {
    if it.is_alphanumeric() { it.to_string() } else { format!("\\x{{{:x}}}", u32::from(it)) }
}

/// Adds what a pattern with braces stands for; nothing, if that is too much.
fn expand(before: &str, rest: &str, found: &mut Vec<String>) -> Option<()> {
    if found.len() > MOST_PATTERNS || before.len() > 1 << 16 {
        return None;
    }
    let Some((start, end, choices)) = braces(rest) else {
        found.push(format!("{before}{rest}"));
        return Some(());
    };
    for choice in choices {
        expand(&format!("{before}{}", &rest[..start]), &format!("{choice}{}", &rest[end..]), found)?;
    }
    Some(())
}

/// The first braces that stand for something: where they begin and end, and what they stand for.
fn braces(text: &str) -> Option<(usize, usize, Vec<String>)> {
    let starts = text.match_indices('{').map(|it| it.0);
    starts.filter(|at| !text[..*at].ends_with(['\\', '$'])).find_map(|start| {
        let (mut depth, mut choices, mut from) = (0, Vec::new(), start + 1);
        for (at, it) in text[start..].char_indices().map(|(at, it)| (start + at, it)) {
            match it {
                '{' => depth += 1,
                ',' if depth == 1 => {
                    choices.push(text[from..at].to_owned());
                    from = at + 1;
                }
                '}' => depth -= 1,
                _ => (),
            }
            if depth == 0 {
                let inner = &text[start + 1..at];
                choices.push(text[from..at].to_owned());
                let choices = if choices.len() > 1 { Some(choices) } else { range(inner) };
                return choices.map(|it| (start, at + 1, it));
            }
        }
        None
    })
}

/// What `1..3` or `a..c` stands for.
fn range(text: &str) -> Option<Vec<String>> {
    let (from, to) = text.split_once("..")?;
    let (from, to): (i64, i64) = (from.parse().ok()?, to.parse().ok()?);
    let count = usize::try_from(from.abs_diff(to)).ok().filter(|it| *it < MOST_PATTERNS)?;
    let upwards = (0..=count).map_while(|it| from.min(to).checked_add(i64::try_from(it).ok()?));
    let mut numbers: Vec<String> = upwards.map(|it| it.to_string()).collect();
    if from > to {
        numbers.reverse();
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], path: &str, expected: bool) {
        let globs: Vec<Glob> = patterns.iter().map(|it| Glob::new(it).unwrap()).collect();
        assert_eq!(is_ignored(&globs, path), expected, "{patterns:?} {path}");
    }

    #[test]
    fn a_pattern_of_one_step_is_for_names() {
        check(&["*.md"], "a/b/c.md", true);
        check(&["*.md"], "a/b/.md", false);
        check(&["a/*.md"], "a/b/c.md", false);
        check(&["a/**/*.md"], "a/c.md", true);
        check(&["a/**"], "a", false);
        check(&["**"], ".git", false);
        check(&["{a,b{1..2}}.[!x]s"], "b2.ts", true);
        check(&["*", "!(a|b).js"], "a.js", true);
        check(&["!(a|b).js"], "c.js", false);
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        check(&["*", "!*.md"], "a.md", false);
        check(&["*", "!*.md", "a*"], "a.md", true);
        check(&["#*"], "#a", false);
    }
}
