//! `SOURCE.md`: where the pack comes from and what was done to it, in words.

use std::collections::BTreeMap;
use std::fmt;

use crate::facts::Known;
use crate::packages::{CFN_LINT, SERVICE_SPEC, hash};
use crate::pattern::Outcome;

/// All that the page tells.
pub(crate) struct Source<'a> {
    /// When the schemas were made, as cfn-lint says.
    pub made: &'a str,
    pub types: usize,
    pub unpacked: usize,
    pub regions: usize,
    pub silent: &'a [String],
    pub patterns: &'a BTreeMap<String, Outcome>,
    pub known: &'a Known,
    pub pack: &'a [u8],
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Source { made, types, unpacked, regions, silent, patterns, known, pack } = self;
        writeln!(f, "# Where `pack.bin` comes from\n")?;
        writeln!(f, "Written by `cargo run -p asi-schemas --features refresh`; not by hand.")?;
        writeln!(f, "With `-- --check` the same command tells whether the pack is what its source gives.\n")?;

        writeln!(f, "| package | version | registry | licence | SHA-256 of its file |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for it in [CFN_LINT, SERVICE_SPEC] {
            writeln!(
                f,
                "| `{}` | {} | {} | {} | `{}` |",
                it.name, it.version, it.registry, it.licence, it.sha256
            )?;
        }
        writeln!(
            f,
            "\nThe licences stand beside this file: `LICENSE-cfn-lint`, `LICENSE-aws-service-spec`."
        )?;
        writeln!(f, "The schemas were made on {made}.\n")?;

        writeln!(f, "| the pack | |")?;
        writeln!(f, "|---|---|")?;
        writeln!(f, "| types | {types} |")?;
        writeln!(f, "| bytes | {}, unpacked {unpacked} |", pack.len())?;
        writeln!(f, "| SHA-256 | `{}` |", hash(pack))?;
        writeln!(f, "| regions | {regions} |\n")?;

        writeln!(f, "## What was changed\n")?;
        writeln!(f, "- The schemas are those that cfn-lint patches from the registry's.")?;
        writeln!(f, "- Dropped everywhere: descriptions, titles, comments and examples.")?;
        writeln!(f, "- Dropped at the top: what handlers and tagging need, links, type configurations.")?;
        let count = |is: fn(&Outcome) -> bool| patterns.values().filter(|it| is(it)).count();
        writeln!(
            f,
            "- Of {} different patterns, {} are as they were, {} say the same in the syntax of Rust's engines, \
             {} lost the upper bounds of long repetitions, {} are dropped.",
            patterns.len(),
            count(|it| *it == Outcome::Same),
            count(|it| matches!(it, Outcome::Rewritten(_))),
            count(|it| matches!(it, Outcome::Loosened(_))),
            count(|it| *it == Outcome::Dropped),
        )?;
        for (heading, wanted) in [("without bounds", true), ("dropped", false)] {
            for (pattern, outcome) in *patterns {
                let is_loosened = matches!(outcome, Outcome::Loosened(_));
                if (is_loosened && wanted) || (*outcome == Outcome::Dropped && !wanted) {
                    writeln!(f, "  - {heading}: `` {pattern} ``")?;
                }
            }
        }
        writeln!(
            f,
            "- `$` in a pattern means the end of the text, not a place before its last line feed.\n"
        )?;

        writeln!(f, "## What was added\n")?;
        writeln!(f, "Each schema has one more key, `spec`:\n")?;
        writeln!(f, "| in `spec` | what it is | from | types |")?;
        writeln!(f, "|---|---|---|---|")?;
        writeln!(
            f,
            "| `replacement` | what a change of a property does: `yes`, `maybe`; not named: no. The strongest \
             word of the sources | both | {} |",
            known.replacement
        )?;
        writeln!(
            f,
            "| `ref` | the properties that `Ref` gives, joined by `\\|` | both | {} |",
            known.reference
        )?;
        writeln!(f, "| `arn` | the form of its ARN | aws-service-spec | {} |", known.arn)?;
        writeln!(f, "| `stateful` | it holds data | both | {} |", known.stateful)?;
        writeln!(f, "| `deleteRequiresEmpty` | of these, it is not deleted while it has any | cfn-lint | |")?;
        writeln!(
            f,
            "| `attributes` | properties, or `all`, which `Fn::GetAtt` gives besides `readOnlyProperties` \
             | cfn-lint | {} |\n",
            known.attributes
        )?;
        writeln!(
            f,
            "A type that the SAM transform replaces is available in every region, and has no `replacement`."
        )?;
        writeln!(f, "Nothing is known of these regions: {}.", silent.join(", "))
    }
}
