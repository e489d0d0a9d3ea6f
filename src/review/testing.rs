//! What tests of reviews have in common: whether what tables name is in the schemas, and reviews of small templates.

use std::fmt::Write as _;

use asi_constructs::kernel::{
    span::Sources,
    yaml::{self, Format},
};
use serde_json::Value;

use super::{Review, Subject, review};
use crate::{diff::diff, template::Template};

/// Fails unless the schema of a type has a property at a path of keys; below a list of attributes anything may stand.
#[track_caller]
pub(super) fn is_property(type_name: &str, path: &str) {
    let schema = asi_schemas::find(type_name).unwrap_or_else(|| panic!("there is no type {type_name}"));
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let mut at = &schema;
    for key in path.split('/') {
        at = resolved(&schema, at);
        if at["items"].is_object() {
            return;
        }
        at = &at["properties"][key];
        assert!(at.is_object(), "{type_name} has no {path}");
    }
}

fn resolved<'s>(schema: &'s Value, at: &'s Value) -> &'s Value {
    match at["$ref"].as_str() {
        Some(reference) => resolved(schema, schema.pointer(reference.trim_start_matches('#')).unwrap()),
        None => at,
    }
}

/// What a review says of the change from one template to another, a line for each point.
pub(super) fn check(old: &str, new: &str) -> String {
    let parsed = |text: &str| {
        let (body, faults) = yaml::parse(text, Sources::default().add("template.yaml", text), Format::Yaml);
        assert_eq!(faults, [], "{text}");
        Template::new(body.unwrap())
    };
    let templates = [parsed(old), parsed(new)];
    let diff = diff(&templates[0], &templates[1]);
    let subject = Subject {
        diff: &diff,
        templates: [&templates[0], &templates[1]],
        is_new: false,
        account: Some("111111111111"),
        renamed_from: None,
        drifted: &[],
        observed: &[],
        tags: &[],
    };
    let Review { dangers, impacts, warnings } = review(&subject);
    let mut out = String::new();
    for it in &dangers {
        writeln!(out, "danger {}: {:?}", it.id, it.what).unwrap();
    }
    for it in &impacts {
        writeln!(out, "impact {}: {:?}", it.id, it.what.effect).unwrap();
    }
    for it in &warnings {
        writeln!(out, "warning {}: {:?}", it.id, it.what).unwrap();
    }
    out
}

/// The same for the properties of one resource `R`.
pub(super) fn of(type_name: &str, old: &str, new: &str) -> String {
    let template = |it: &str| format!("Resources: {{R: {{Type: {type_name}, Properties: {{{it}}}}}}}");
    check(&template(old), &template(new))
}

/// The properties that say this at a path; below a list, an item is known by its key, and a `*` is any.
pub(super) fn written(path: &str, value: &str) -> String {
    let keys: Vec<&str> = path.split('/').collect();
    if let [list, key, last] = keys.as_slice()
        && *last == "Value"
    {
        return format!("{list}: [{{Key: {key}, Value: '{value}'}}]");
    }
    let around =
        |it: String, key: &&str| if *key == "*" { format!("[{it}]") } else { format!("{{{key}: {it}}}") };
    let inner = keys.iter().rev().fold(format!("'{value}'"), around);
    inner[1..inner.len() - 1].to_owned()
}
