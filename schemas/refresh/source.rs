//! `SOURCE.md`: where the pack comes from and what was done to it, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::documents::Documents;
use crate::facts::Known;
use crate::packages::{CFN_LINT, SERVICE_SPEC, hash};
use crate::pattern::Outcome;
use crate::rules::Rules;

/// All that the page tells.
pub(crate) struct Source<'a> {
    /// When the schemas were made, as cfn-lint says.
    pub made: &'a str,
    pub types: usize,
    pub texts: usize,
    pub rules: &'a Rules,
    pub documents: &'a Documents,
    pub services: usize,
    /// How many types say what their handlers need.
    pub granting: usize,
    pub unpacked: usize,
    pub regions: usize,
    pub silent: &'a [String],
    pub patterns: &'a BTreeMap<String, Outcome>,
    pub known: &'a Known,
    pub pack: &'a [u8],
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Source {
            made,
            types,
            texts,
            rules,
            documents,
            services,
            granting,
            unpacked,
            regions,
            silent,
            patterns,
            known,
            pack,
        } = self;
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
        writeln!(f, "| texts | {texts} |")?;
        writeln!(f, "| bytes | {}, unpacked {unpacked} |", pack.len())?;
        writeln!(f, "| SHA-256 | `{}` |", hash(pack))?;
        writeln!(f, "| regions | {regions} |\n")?;

        writeln!(f, "## What was changed\n")?;
        writeln!(f, "- The schemas are those that cfn-lint patches from the registry's.")?;
        writeln!(f, "- Dropped everywhere: descriptions, titles, comments and examples.")?;
        writeln!(
            f,
            "- Dropped at the top: what handlers and tagging need (see Permissions), links, type configurations."
        )?;
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

        known.write(f)?;
        writeln!(
            f,
            "A type that the SAM transform replaces is available in every region, and has no `replacement`."
        )?;
        writeln!(f, "Nothing is known of these regions: {}.\n", silent.join(", "))?;
        rules.write(f)?;
        documents.write(f)?;
        writeln!(f, "## Actions\n")?;
        writeln!(
            f,
            "The actions of {services} services and the ARNs they work on are cfn-lint's `Policies.json`."
        )?;
        writeln!(f, "Left out are the keys for conditions.\n")?;
        writeln!(f, "## Permissions\n")?;
        writeln!(
            f,
            "Of {granting} types the schemas name the actions that making, reading, changing and deleting one calls."
        )?;
        writeln!(f, "Left out are those for listing all there are.")
    }
}

impl Known {
    /// The chapter about what the registry does not say.
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "## What was added\n")?;
        writeln!(f, "Each schema has one more key, `spec`:\n")?;
        writeln!(f, "| in `spec` | what it is | from | types |")?;
        writeln!(f, "|---|---|---|---|")?;
        writeln!(
            f,
            "| `replacement` | what a change of a property does: `yes`, `maybe`; not named: no. The strongest \
             word of the sources | both | {} |",
            self.replacement
        )?;
        writeln!(
            f,
            "| `ref` | the properties that `Ref` gives, joined by `\\|` | both | {} |",
            self.reference
        )?;
        writeln!(f, "| `arn` | the form of its ARN | aws-service-spec | {} |", self.arn)?;
        writeln!(f, "| `stateful` | it holds data | both | {} |", self.stateful)?;
        writeln!(f, "| `deleteRequiresEmpty` | of these, it is not deleted while it has any | cfn-lint | |")?;
        writeln!(
            f,
            "| `attributes` | properties, or `all`, which `Fn::GetAtt` gives besides `readOnlyProperties` \
             | cfn-lint | {} |\n",
            self.attributes
        )
    }
}

impl Rules {
    /// The chapter about the rules.
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = |lists: &BTreeMap<String, Vec<Value>>| ids(lists.values().flatten());
        writeln!(f, "## Rules\n")?;
        writeln!(f, "The rules are those of cfn-lint, by its ids, read from the heads of their classes.")?;
        writeln!(f, "Their schemas are tidied like the others.\n")?;
        writeln!(f, "| rules | types | ids |")?;
        writeln!(f, "|---|---|---|")?;
        writeln!(f, "| for the properties of a type | {} | {} |", self.plain.len(), ids(&self.plain))?;
        writeln!(f, "| by region | {} | {} |", self.regional.len(), ids(&self.regional))?;
        let types: BTreeSet<_> = self.joins.iter().filter_map(|it| it["type"].as_str()).collect();
        writeln!(f, "| about several resources | {} | {} |\n", types.len(), self::ids(&self.joins))?;
        for (name, properties) in &self.lowered {
            let properties = properties.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
            writeln!(
                f,
                "- Of `{name}`, {properties} is compared without regard to case: rules of cfn-lint turn it to \
                 lower case in the template itself."
            )?;
        }
        writeln!(
            f,
            "- Where a list by region has the same engine twice, a value of either list is allowed; cfn-lint \
             wants it to be in both."
        )?;
        writeln!(f, "- Very many cases of one schema (E3062) are folded into few that accept the same.")?;
        writeln!(f, "- Other rules about the properties of a type are not here:")?;
        for (id, reason) in &self.left_out {
            writeln!(f, "  - {id}: {reason}.")?;
        }
        Ok(())
    }
}

impl Documents {
    /// The chapter about the documents.
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n## Documents\n")?;
        writeln!(f, "The schemas of documents and of parts of a template are cfn-lint's as well.")?;
        writeln!(f, "Those of policies have inside what they share.\n")?;
        writeln!(f, "| document | rule |")?;
        writeln!(f, "|---|---|")?;
        for it in &self.list {
            let word = |key| it[key].as_str().unwrap_or_default();
            writeln!(f, "| `{}` | {} |", word("name"), word("id"))?;
        }
        writeln!(f, "\n- `CreationPolicy` is read from the code of its rule.")?;
        writeln!(f, "- `BucketPolicy` is `ResourcePolicy` less what the code of its rule forgives.")?;
        writeln!(f, "- The names of rules that cfn-lint calls in passing are dropped.")?;
        writeln!(f, "- Left out is what the code of E3601 does to the schema for JSONata.")?;
        writeln!(
            f,
            "- Left out are the schemas of functions, `Conditions`, `Transform` and the template as a whole, which \
             depend on cfn-lint's own validator or say next to nothing.\n"
        )
    }
}

/// The different ids of rules, sorted.
fn ids<'a>(rules: impl IntoIterator<Item = &'a Value>) -> String {
    let ids: BTreeSet<_> = rules.into_iter().filter_map(|it| it["id"].as_str()).collect();
    format!("{}: {}", ids.len(), ids.into_iter().collect::<Vec<_>>().join(" "))
}
