//! A schema as the registry has it, less what no program reads, its patterns fit for Rust's engines.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::pattern::{self, Outcome};

/// Words for people, wherever a schema may have them.
const PROSE: [&str; 4] = ["$comment", "description", "examples", "title"];

/// What concerns the registry and the console, at the top of a schema.
const HOUSEKEEPING: [&str; 6] =
    ["$id", "$schema", "documentationUrl", "resourceLink", "sourceUrl", "typeConfiguration"];

/// Tidies schemas, and remembers what it did to their patterns.
#[derive(Debug, Default)]
pub(crate) struct Tidy {
    patterns: BTreeMap<String, Outcome>,
}

impl Tidy {
    /// Tidies the schema of a resource type in place.
    pub(crate) fn resource(&mut self, schema: &mut Map<String, Value>) {
        // That a type can be read or listed matters; what it takes to do so is the service's affair.
        if let Some(Value::Object(handlers)) = schema.get_mut("handlers") {
            handlers.values_mut().for_each(|it| *it = json!({}));
        }
        if let Some(Value::Object(tagging)) = schema.get_mut("tagging") {
            tagging.shift_remove("permissions");
        }
        self.other(schema);
    }

    /// Tidies the schema of a rule or a document in place.
    pub(crate) fn other(&mut self, schema: &mut Map<String, Value>) {
        for key in HOUSEKEEPING {
            schema.shift_remove(key);
        }
        self.schema(schema);
    }

    /// All patterns met, each once, and what became of them.
    pub(crate) fn patterns(&self) -> &BTreeMap<String, Outcome> {
        &self.patterns
    }

    fn schema(&mut self, schema: &mut Map<String, Value>) {
        for key in PROSE {
            schema.shift_remove(key);
        }
        match schema.get_mut("pattern") {
            Some(Value::String(pattern)) => match self.fit(pattern) {
                Some(fit) => *pattern = fit,
                None => drop(schema.shift_remove("pattern")),
            },
            // The pattern to look up is fit, whichever it will be.
            Some(Value::Object(pattern)) => {
                let lookup = pattern.get_mut("$lookup").and_then(|it| it.get_mut("map"));
                for it in lookup.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
                    if let Value::String(pattern) = it {
                        *pattern = self.fit(pattern).unwrap_or_default();
                    }
                }
            }
            _ => (),
        }
        if let Some(Value::Object(properties)) = schema.get_mut("patternProperties") {
            // A name whose pattern is lost may be any name: rejecting it would be a false error.
            *properties = std::mem::take(properties)
                .into_iter()
                .map(|(pattern, value)| (self.fit(&pattern).unwrap_or_default(), value))
                .collect();
        }
        for (key, value) in schema {
            match key.as_str() {
                "properties" | "definitions" | "patternProperties" | "dependencies" => self.each_value(value),
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
                | "prefixItems" => self.value(value),
                _ => (),
            }
        }
    }

    /// A map from names to schemas.
    fn each_value(&mut self, map: &mut Value) {
        if let Value::Object(map) = map {
            map.values_mut().for_each(|it| self.value(it));
        }
    }

    /// A schema, or a list of them.
    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Object(schema) => self.schema(schema),
            Value::Array(list) => list.iter_mut().for_each(|it| self.value(it)),
            _ => (),
        }
    }

    fn fit(&mut self, pattern: &str) -> Option<String> {
        let outcome = match self.patterns.get(pattern) {
            Some(it) => it,
            None => self.patterns.entry(pattern.to_owned()).or_insert_with(|| pattern::normalise(pattern)),
        };
        match outcome {
            Outcome::Same => Some(pattern.to_owned()),
            Outcome::Rewritten(it) | Outcome::Loosened(it) => Some(it.clone()),
            Outcome::Dropped => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_properties_that_are_called_like_prose() {
        let mut schema = json!({
            "typeName": "A::B::C", "description": "a thing", "handlers": {"create": {"permissions": ["a:Make"]}},
            "tagging": {"taggable": true, "permissions": ["a:Tag"]},
            "properties": {
                "description": {"type": "string", "description": "its description", "pattern": r"\d"},
                "title": {"anyOf": [{"title": "one", "enum": ["title"]}]}
            }
        });
        Tidy::default().resource(schema.as_object_mut().unwrap());
        let expected = json!({
            "typeName": "A::B::C", "handlers": {"create": {}},
            "tagging": {"taggable": true},
            "properties": {
                "description": {"type": "string", "pattern": "[0-9]"},
                "title": {"anyOf": [{"enum": ["title"]}]}
            }
        });
        assert_eq!(schema, expected);
    }

    #[test]
    fn patterns_to_look_up_are_patterns() {
        let mut schema = json!({"pattern": {"$lookup": {"key": 1, "map": {"A": r"\d"}}}});
        Tidy::default().other(schema.as_object_mut().unwrap());
        assert_eq!(schema, json!({"pattern": {"$lookup": {"key": 1, "map": {"A": "[0-9]"}}}}));
    }

    #[test]
    fn a_lost_pattern_forbids_nothing() {
        let mut schema = json!({"pattern": "(", "patternProperties": {"(": {"pattern": "a"}}});
        let mut tidy = Tidy::default();
        tidy.resource(schema.as_object_mut().unwrap());
        assert_eq!(schema, json!({"patternProperties": {"": {"pattern": "a"}}}));
        assert_eq!(tidy.patterns()["("], Outcome::Dropped);
    }
}
