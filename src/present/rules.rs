//! What the codes of findings in templates mean, and how to mend what they stand for.
//!
//! The ids of cfn-lint keep the meaning they have there, so that what people know, search for and suppress holds
//! here; what has no id of cfn-lint's has a name of ours.

use std::sync::LazyLock;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name.
    pub code: &'static str,
    /// What is wrong, in a sentence.
    pub meaning: &'static str,
    /// What to do, in a sentence.
    pub mend: &'static str,
}

/// All of them, in the order of their codes. A code is a contract: it changes only with an entry in the changelog.
pub static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| rows(include_str!("rules.md")).collect());

/// The rule of this code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.binary_search_by_key(&code, |it| it.code).ok().map(|at| &RULES[at])
}

/// The rows of a table in Markdown, below its head.
fn rows(table: &'static str) -> impl Iterator<Item = Rule> {
    table.lines().skip(2).filter_map(|line| {
        let mut cells = line.split('|').skip(1).map(str::trim);
        let code = cells.next()?.trim_matches('`');
        Some(Rule { code, meaning: cells.next()?, mend: cells.next()? })
    })
}
