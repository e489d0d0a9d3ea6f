//! What the registry's schemas do not say about their types, and other packages do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// The sources of facts, read.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The resources of `@aws-cdk/aws-service-spec`, by type name.
    spec: BTreeMap<String, Value>,
    /// What cfn-lint knows of types that hold data.
    stateful: Value,
    attributes: Attributes,
}

/// Which properties that can be written are attributes too: `Fn::GetAtt` gives them.
#[derive(Debug, PartialEq, Eq)]
struct Attributes {
    /// The types all of whose properties are.
    all: BTreeSet<String>,
    /// Others, with those properties that are.
    some: BTreeMap<String, Vec<String>>,
}

/// How many types a fact is known of.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub replacement: usize,
    pub reference: usize,
    pub arn: usize,
    pub stateful: usize,
    pub attributes: usize,
}

impl Facts {
    /// Reads the database of service-spec, and the two tables of cfn-lint, one JSON and one Python.
    pub(crate) fn read(database: &Value, stateful: &Value, attributes: &str) -> Result<Facts, String> {
        let resources = database["schema"]["resource"]["entities"]
            .as_array()
            .ok_or("the database of service-spec has no list of resources")?;
        let spec = resources
            .iter()
            .filter_map(|it| Some((it["cloudFormationType"].as_str()?.to_owned(), it.clone())))
            .collect();
        let attributes = Attributes::read(attributes).ok_or("the table of attributes has another form")?;
        Ok(Facts { spec, stateful: stateful["ResourceTypes"].clone(), attributes })
    }

    /// Adds to a schema, as `spec`, what is known of its type beyond it.
    pub(crate) fn join(&self, schema: &mut Map<String, Value>, known: &mut Known) {
        let Some(name) = schema.get("typeName").and_then(Value::as_str) else { return };
        let spec = self.spec.get(name).unwrap_or(&Value::Null);
        let mut facts = Map::new();
        if let Some(it) = replacement(schema, spec) {
            known.replacement += 1;
            facts.insert("replacement".to_owned(), it);
        }
        if let Some(it) = reference(schema, spec) {
            known.reference += 1;
            facts.insert("ref".to_owned(), it);
        }
        if let Some(it) = spec.get("arnTemplate") {
            known.arn += 1;
            facts.insert("arn".to_owned(), it.clone());
        }
        let lint = self.stateful.get(name);
        if lint.is_some() || spec["isStateful"] == true {
            known.stateful += 1;
            facts.insert("stateful".to_owned(), Value::Bool(true));
        }
        if lint.is_some_and(|it| it["DeleteRequiresEmptyResource"] == true) {
            facts.insert("deleteRequiresEmpty".to_owned(), Value::Bool(true));
        }
        if let Some(it) = self.attributes.of(name) {
            known.attributes += 1;
            facts.insert("attributes".to_owned(), it);
        }
        if !facts.is_empty() {
            schema.insert("spec".to_owned(), Value::Object(facts));
        }
    }
}

/// What a change of each property does, where it does more than update the resource: the strongest word of
/// either source.
fn replacement(schema: &Map<String, Value>, spec: &Value) -> Option<Value> {
    if spec.get("cloudFormationTransform").is_some() {
        // What the transform makes of the type decides; service-spec says `yes` of everything.
        return None;
    }
    let mut verdicts = BTreeMap::new();
    for pointer in pointers(schema, "conditionalCreateOnlyProperties") {
        verdicts.insert(pointer, "maybe");
    }
    for (name, property) in spec["properties"].as_object().into_iter().flatten() {
        match property["causesReplacement"].as_str() {
            Some("yes") => verdicts.insert(pointer([name.as_str()]), "yes"),
            Some("maybe") => verdicts.insert(pointer([name.as_str()]), "maybe"),
            _ => None,
        };
    }
    for path in spec["additionalReplacementProperties"].as_array().into_iter().flatten() {
        let path = path.as_array().into_iter().flatten().filter_map(Value::as_str);
        verdicts.insert(pointer(path), "yes");
    }
    for pointer in pointers(schema, "createOnlyProperties") {
        verdicts.insert(pointer, "yes");
    }
    (!verdicts.is_empty()).then(|| json!(verdicts))
}

/// The properties whose values, joined by `|`, are what `Ref` gives.
fn reference(schema: &Map<String, Value>, spec: &Value) -> Option<Value> {
    if let Some(names) = spec["cfnRefIdentifier"].as_array() {
        return Some(names.iter().filter_map(Value::as_str).map(|it| pointer([it])).collect());
    }
    if let Some(identifier) = schema.get("primaryIdentifier") {
        return Some(identifier.clone());
    }
    let names = spec["primaryIdentifier"].as_array()?;
    Some(names.iter().filter_map(Value::as_str).map(|it| pointer([it])).collect())
}

fn pointers(schema: &Map<String, Value>, key: &str) -> Vec<String> {
    let list = schema.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A path as the registry writes it.
fn pointer<'a>(path: impl IntoIterator<Item = &'a str>) -> String {
    path.into_iter().fold("/properties".to_owned(), |start, name| start + "/" + name)
}

impl Attributes {
    /// Takes the two tables out of a Python source: a list of strings, and a dictionary of such lists.
    fn read(source: &str) -> Option<Attributes> {
        let all = between(source, "_all_property_types = [", "\n]")?;
        let all = strings(all).map(|(it, _)| it.to_owned()).collect();
        let mut some: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut list = None;
        for (text, is_key) in strings(between(source, "_exceptions = {", "\n}")?) {
            if is_key {
                list = Some(some.entry(text.to_owned()).or_default());
            } else {
                list.as_mut()?.push(pointer([text]));
            }
        }
        Some(Attributes { all, some })
    }

    fn of(&self, name: &str) -> Option<Value> {
        if self.all.contains(name) {
            return Some(Value::from("all"));
        }
        self.some.get(name).map(|it| json!(it))
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(it, _)| it)
}

/// The strings between double quotes, each with whether it is the key of a dictionary.
fn strings(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut pieces = text.split('"').skip(1);
    std::iter::from_fn(move || {
        let string = pieces.next()?;
        Some((string, pieces.next().is_some_and(|it| it.starts_with(':'))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "x = 1\n_all_property_types = [\n    \"A::B::All\",\n]\n\
                          _exceptions = {\n    \"A::B::C\": [\n        \"Name\",\n    ],\n    \"D\": [\"E\"],\n}\n";

    fn joined(mut schema: Value) -> Value {
        let database = json!({"schema": {"resource": {"entities": [{
            "cloudFormationType": "A::B::C",
            "properties": {
                "Size": {"causesReplacement": "maybe"}, "Name": {"causesReplacement": "yes"},
                "Kind": {"causesReplacement": "yes"}, "Text": {}
            },
            "additionalReplacementProperties": [["Tags", "*", "Key"]],
            "cfnRefIdentifier": ["Id"], "primaryIdentifier": ["Name"],
            "arnTemplate": "arn:${Partition}:b:::${Name}", "isStateful": true
        }]}}});
        let stateful = json!({"ResourceTypes": {"A::B::C": {"DeleteRequiresEmptyResource": true}}});
        let facts = Facts::read(&database, &stateful, TABLES).unwrap();
        facts.join(schema.as_object_mut().unwrap(), &mut Known::default());
        schema["spec"].take()
    }

    #[test]
    fn the_strongest_word_wins() {
        let spec = joined(json!({
            "typeName": "A::B::C",
            "createOnlyProperties": ["/properties/Size", "/properties/Deep/Down"],
            "conditionalCreateOnlyProperties": ["/properties/Kind", "/properties/Mode"],
            "primaryIdentifier": ["/properties/Name"]
        }));
        let expected = json!({
            "replacement": {
                "/properties/Deep/Down": "yes", "/properties/Kind": "yes", "/properties/Mode": "maybe",
                "/properties/Name": "yes", "/properties/Size": "yes", "/properties/Tags/*/Key": "yes"
            },
            "ref": ["/properties/Id"],
            "arn": "arn:${Partition}:b:::${Name}",
            "stateful": true,
            "deleteRequiresEmpty": true,
            "attributes": ["/properties/Name"]
        });
        assert_eq!(spec, expected);
    }

    #[test]
    fn a_type_the_others_do_not_know_is_what_its_schema_says() {
        let spec = joined(json!({"typeName": "A::B::All", "primaryIdentifier": ["/properties/Name"]}));
        assert_eq!(spec, json!({"ref": ["/properties/Name"], "attributes": "all"}));
    }

    #[test]
    fn nothing_is_known_of_what_a_transform_replaces() {
        let spec = json!({"cloudFormationTransform": "T", "properties": {"A": {"causesReplacement": "yes"}}});
        assert_eq!(replacement(&Map::new(), &spec), None);
    }

    #[test]
    fn tells_a_table_of_another_form() {
        assert_eq!(Attributes::read("_all_property_types = load()"), None);
    }
}
