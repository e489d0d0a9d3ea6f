//! A schema made ready for evaluation: its keywords as JSON Schema 2020-12 has them, and those whose meaning is
//! ours renamed.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

/// The keyword that holds where all of these paths are known: what a condition reads must be, or it says nothing.
pub(super) const KNOWN: &str = "known";
/// The keyword of a list whose items are mappings, and so nothing that a function of texts gives.
pub(super) const GROUPS: &str = "groups";
/// The keyword in the place of `pattern`, which the crate would compile at once, and with another engine.
pub(super) const FORM: &str = "form";

/// The keyword that never holds and is no fault: what it stands for is not known.
pub(super) const UNKNOWN: &str = "unknown";

/// Prepares a schema in place.
pub(super) fn prepare(schema: &mut Json) {
    let definitions = schema.get("definitions").and_then(Json::as_object).into_iter().flatten();
    let groups = definitions.filter(|(_, it)| is_group(it)).map(|(name, _)| format!("#/definitions/{name}"));
    prepare_part(schema, &groups.collect());
}

/// Whether a schema is met by mappings only.
fn is_group(schema: &Json) -> bool {
    schema["type"] == "object"
}

/// Prepares a part of a schema, in which `groups` are the references to schemas that are met by mappings only.
fn prepare_part(schema: &mut Json, groups: &BTreeSet<String>) {
    match schema {
        Json::Object(map) => prepare_map(map, groups),
        Json::Array(list) => list.iter_mut().for_each(|it| prepare_part(it, groups)),
        _ => (),
    }
}

fn prepare_map(map: &mut Map<String, Json>, groups: &BTreeSet<String>) {
    if map
        .get("items")
        .is_some_and(|it| is_group(it) || it["$ref"].as_str().is_some_and(|it| groups.contains(it)))
    {
        map.insert(GROUPS.to_owned(), Json::Bool(true));
    }
    for (key, value) in map.iter_mut() {
        match key.as_str() {
            "properties" | "definitions" | "patternProperties" | "$defs" | "dependentSchemas" => {
                if let Json::Object(schemas) = value {
                    schemas.values_mut().for_each(|it| prepare_part(it, groups));
                }
            }
            "items"
            | "additionalProperties"
            | "not"
            | "if"
            | "then"
            | "else"
            | "contains"
            | "propertyNames"
            | "allOf"
            | "anyOf"
            | "oneOf"
            | "prefixItems" => prepare_part(value, groups),
            _ => (),
        }
    }
    // An empty choice forbids nothing, and is no schema.
    let is_empty = |it: &Json| it.as_array().is_some_and(Vec::is_empty);
    map.retain(|key, value| !matches!(key.as_str(), "allOf" | "anyOf" | "oneOf") || !is_empty(value));
    if map.get("pattern").is_some_and(Json::is_string) {
        rename(map, "pattern", FORM);
    }
    if let Some(Json::Object(dependencies)) = map.shift_remove("dependencies") {
        depend(map, dependencies, groups);
    }
    if map.contains_key("if") {
        guard_condition(map);
    }
}

fn rename(map: &mut Map<String, Json>, from: &str, to: &str) {
    if let Some(value) = map.shift_remove(from) {
        map.insert(to.to_owned(), value);
    }
}

/// `dependencies` of the older drafts: lists of names, or schemas.
fn depend(map: &mut Map<String, Json>, dependencies: Map<String, Json>, groups: &BTreeSet<String>) {
    for (name, mut needed) in dependencies {
        let keyword = if needed.is_array() { "dependentRequired" } else { "dependentSchemas" };
        prepare_part(&mut needed, groups);
        let group = map.entry(keyword).or_insert_with(|| object([]));
        if let Json::Object(group) = group {
            group.insert(name, needed);
        }
    }
}

/// A schema that holds only where all it reads is known.
pub(super) fn known(mut schema: Json) -> Json {
    let reads = reads(&schema);
    if let Json::Object(map) = &mut schema {
        map.insert(KNOWN.to_owned(), reads);
    }
    schema
}

/// The paths of all that a schema reads.
fn reads(schema: &Json) -> Json {
    let mut paths = Vec::new();
    collect_paths(schema, &mut Vec::new(), &mut paths);
    paths.sort();
    paths.dedup();
    paths.into()
}

/// Lets a condition hold only where what it reads is known, and fail only there.
fn guard_condition(map: &mut Map<String, Json>) {
    let Some(condition) = map.shift_remove("if") else { return };
    if let Some(otherwise) = map.shift_remove("else") {
        let refuted = object([(KNOWN, reads(&condition)), ("not", condition.clone())]);
        also(map, object([("if", refuted), ("then", otherwise)]));
    }
    if map.contains_key("then") {
        map.insert("if".to_owned(), known(condition));
    }
}

/// Adds to a schema that this one has to match too.
fn also(map: &mut Map<String, Json>, schema: Json) {
    match map.get_mut("allOf") {
        Some(Json::Array(all)) => all.push(schema),
        _ => drop(map.insert("allOf".to_owned(), Json::Array(vec![schema]))),
    }
}

/// An object of these entries. `json!` would copy them, which is most of the time it takes to prepare a rule.
fn object<const N: usize>(entries: [(&str, Json); N]) -> Json {
    Json::Object(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// The paths of the values that a schema reads, in which `*` stands for every item or entry.
fn collect_paths(schema: &Json, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let Json::Object(map) = schema else { return };
    for (key, value) in map {
        match (key.as_str(), value) {
            ("properties", Json::Object(properties)) => {
                for (name, schema) in properties {
                    path.push(name.clone());
                    paths.push(path.clone());
                    collect_paths(schema, path, paths);
                    path.pop();
                }
            }
            ("allOf" | "anyOf" | "oneOf", Json::Array(schemas)) => {
                schemas.iter().for_each(|it| collect_paths(it, path, paths));
            }
            ("not" | "if" | "then" | "else", _) => collect_paths(value, path, paths),
            ("items" | "contains" | "additionalProperties", Json::Object(_)) => {
                path.push("*".to_owned());
                paths.push(path.clone());
                collect_paths(value, path, paths);
                path.pop();
            }
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn renames_what_has_another_meaning_here_and_nothing_else() {
        let mut schema = json!({
            "pattern": "a",
            "properties": {"pattern": {"pattern": "b"}, "if": {"type": "string"}},
            "dependencies": {"A": ["B"], "C": {"pattern": "c"}}
        });
        prepare(&mut schema);
        let expected = json!({
            "form": "a",
            "properties": {"pattern": {"form": "b"}, "if": {"type": "string"}},
            "dependentRequired": {"A": ["B"]}, "dependentSchemas": {"C": {"form": "c"}}
        });
        assert_eq!(schema, expected);
    }

    #[test]
    fn what_follows_from_a_refuted_condition_is_a_condition_of_its_own() {
        let mut schema = json!({"if": {"required": ["A"]}, "else": {"required": ["B"]}});
        prepare(&mut schema);
        let refuted = json!({"known": [], "not": {"required": ["A"]}});
        assert_eq!(schema, json!({"allOf": [{"if": refuted, "then": {"required": ["B"]}}]}));
    }

    #[test]
    fn a_condition_asks_first_whether_its_paths_are_known() {
        let mut schema =
            json!({"if": {"properties": {"A": {"items": {"const": 1}}}}, "then": {"required": ["B"]}});
        prepare(&mut schema);
        let expected = json!({
            "if": {"known": [["A"], ["A", "*"]], "properties": {"A": {"items": {"const": 1}}}},
            "then": {"required": ["B"]}
        });
        assert_eq!(schema, expected);
    }
}
