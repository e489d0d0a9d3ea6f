//! Tags, which have rules of their own that hardly any schema has.
//!
//! Source: "Tag naming limits and requirements" in the guide to tagging AWS resources.

use std::collections::BTreeSet;

use super::{
    super::{
        report::{Found, Place, Report},
        value::Value,
    },
    types::TypeSchema,
};

/// Most characters of a key.
const LONGEST_KEY: usize = 128;
/// Most characters of a value.
const LONGEST_VALUE: usize = 256;

/// `E3024`: a tag that AWS does not take.
pub(super) fn check<'t>(properties: Value<'t>, schema: &TypeSchema, report: &mut Report<'t>) {
    let Some(tags) = properties.get("Tags").filter(|_| schema.is_taggable()) else { return };
    let mut seen = BTreeSet::new();
    for tag in tags.items() {
        let Some(key) = tag.get("Key") else { continue };
        if let Some(text) = key.text() {
            check_key(&text, Place::Value(key.site), report);
            // The pair is what is one too many, and not its key.
            if !seen.insert(text.to_string()) {
                let found =
                    Found::error("E3024", Place::Value(tag.site), format!("there are two tags `{text}`"));
                report.add(found.help("keep one of them"));
            }
        }
        if let Some(value) = tag.get("Value") {
            check_value(value, report);
        }
    }
    for (key, _, value) in tags.entries() {
        if let Some(map) = tags.known() {
            check_key(key, Place::Key(map, key.into()), report);
        }
        check_value(value, report);
    }
}

fn check_key<'t>(key: &str, place: Place<'t>, report: &mut Report<'t>) {
    let length = key.chars().count();
    if key.starts_with("aws:") {
        let found = Found::error(
            "E3024",
            place,
            format!("the tag `{key}` begins with `aws:`, which only AWS may use"),
        );
        report.add(found.help("choose another name"));
    } else if length > LONGEST_KEY {
        let found = Found::error("E3024", place, format!("the key of a tag has {length} characters"));
        report.add(found.help(format!("keep it to {LONGEST_KEY}")));
    }
}

fn check_value<'t>(value: Value<'t>, report: &mut Report<'t>) {
    let length = value.text().map_or(0, |it| it.chars().count());
    if length > LONGEST_VALUE {
        let found = Found::error(
            "E3024",
            Place::Value(value.site),
            format!("the value of a tag has {length} characters"),
        );
        report.add(found.help(format!("keep it to {LONGEST_VALUE}")));
    }
}
