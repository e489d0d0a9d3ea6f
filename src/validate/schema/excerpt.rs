//! What a template uses of a schema, read from its text.
//!
//! A type has dozens of properties, and a template a few of them: most of the work of validating one template would be
//! to learn what the others have to be. So that is passed over. An excerpt has of each property that is not used only
//! the name, and a definition only if something refers to it. Of values in which no other names stand than those that
//! are used, it says what the whole schema says.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, mem,
};

use serde::{
    Deserialize,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Deserializer, Map, Value as Json, value::RawValue};

/// The keyword beside `properties` that has the names of those that were passed over. It asks for nothing.
pub(super) const OTHERS: &str = "others";

/// Reads schemas, as far as they are about properties of these names.
#[derive(Debug)]
pub(super) struct Reader<'n> {
    used: Used<'n>,
    passed_over: BTreeSet<String>,
    /// Of these, those beside the `properties` that were read last.
    others: Vec<String>,
    /// What `$ref`s refer to, and was not read yet.
    referred: Vec<String>,
    is_exact: bool,
}

/// The names of the properties that are used.
#[derive(Clone, Copy, Debug)]
pub(super) enum Used<'n> {
    /// All there are.
    All,
    /// These, wherever they stand.
    Only(&'n BTreeSet<&'n str>),
}

impl Used<'_> {
    fn has(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

impl<'n> Reader<'n> {
    pub(super) fn new(used: Used<'n>) -> Self {
        Self { used, passed_over: BTreeSet::new(), others: Vec::new(), referred: Vec::new(), is_exact: true }
    }

    /// The properties that were passed over; nothing if what was read needs some of them all the same.
    pub(super) fn passed_over(self) -> Option<BTreeSet<String>> {
        self.is_exact.then_some(self.passed_over)
    }

    /// Reads the keywords of a schema, and the definitions they need.
    pub(super) fn schema(&mut self, entries: &Entries<'_>) -> Json {
        let mut schema = Map::new();
        let mut definitions = BTreeMap::new();
        for (key, text) in &entries.0 {
            if key == "definitions" {
                definitions = Entries::of(text).0.into_iter().collect();
            } else if let Some(part) = Part::of(key) {
                let value = self.read(text, part);
                self.keep(&mut schema, key.clone(), value);
            }
        }
        let mut read = Map::new();
        while let Some(pointer) = self.referred.pop() {
            let name = pointer.strip_prefix("#/definitions/");
            match name.and_then(|it| Some((it, definitions.get(it)?))) {
                Some((name, _)) if read.contains_key(name) => (),
                Some((name, text)) => drop(read.insert(name.to_owned(), self.read(text, Part::Schema))),
                // A part of the schema that is no definition is there if all is.
                None => self.is_exact &= matches!(self.used, Used::All),
            }
        }
        if !read.is_empty() {
            schema.insert("definitions".to_owned(), Json::Object(read));
        }
        Json::Object(schema)
    }

    /// Whether there can be a value at a path of keys; notes what is not used.
    pub(super) fn reaches(&mut self, path: &[String]) -> bool {
        let unused: Vec<&String> = path.iter().filter(|it| *it != "*" && !self.used.has(it)).collect();
        self.passed_over.extend(unused.iter().copied().cloned());
        unused.is_empty()
    }

    /// Adds a keyword to a schema; to `properties`, the names of the others there are.
    fn keep(&mut self, schema: &mut Map<String, Json>, keyword: String, value: Json) {
        schema.insert(keyword, value);
        let others = mem::take(&mut self.others);
        if !others.is_empty() {
            schema.insert(OTHERS.to_owned(), others.into());
        }
    }

    fn read(&mut self, text: &RawValue, part: Part) -> Json {
        let seed = Seed { reader: self, part };
        seed.deserialize(&mut Deserializer::from_str(text.get()))
            .expect("the tests of the pack read every schema")
    }
}

/// An object whose values were not read yet, in the order of its text.
#[derive(Debug)]
pub(super) struct Entries<'a>(pub Vec<(String, &'a RawValue)>);

impl<'a> Entries<'a> {
    /// The entries of an object of the pack.
    pub(super) fn of(text: &'a RawValue) -> Self {
        value(text)
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(own, _)| own == key).map(|(_, text)| *text)
    }
}

/// A value of the pack.
pub(in super::super) fn value<'a, T: Deserialize<'a>>(text: &'a RawValue) -> T {
    parse(text.get())
}

/// A text of the pack.
pub(in super::super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).expect("the tests of the pack read every text")
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_map(Collect).map(Self)
    }
}

/// What the value of a keyword is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A schema, or a list of them.
    Schema,
    /// A schema for each name.
    Properties,
    /// A schema for each of other keys.
    Schemas,
    /// Where another schema is.
    Reference,
    /// No schema.
    Plain,
}

impl Part {
    /// The value of a keyword; nothing for what is no keyword, and would be copied to no use into what evaluates it.
    /// Only `readOnlyProperties` is kept, which those are told who set something else.
    fn of(keyword: &str) -> Option<Self> {
        Some(match keyword {
            "properties" => Self::Properties,
            "patternProperties" | "dependencies" | "dependentSchemas" => Self::Schemas,
            "$ref" => Self::Reference,
            "additionalProperties"
            | "allOf"
            | "anyOf"
            | "contains"
            | "else"
            | "if"
            | "items"
            | "not"
            | "oneOf"
            | "prefixItems"
            | "propertyNames"
            | "then" => Self::Schema,
            "const"
            | "dependentExcluded"
            | "dependentRequired"
            | "enum"
            | "enumCaseInsensitive"
            | "exclusiveMaximum"
            | "exclusiveMinimum"
            | "format"
            | "maxItems"
            | "maxLength"
            | "maxProperties"
            | "maxUniqueItems"
            | "maximum"
            | "minItems"
            | "minLength"
            | "minProperties"
            | "minimum"
            | "multipleOf"
            | "pattern"
            | "readOnlyProperties"
            | "required"
            | "requiredOr"
            | "requiredXor"
            | "type"
            | "uniqueItems"
            | "uniqueKeys" => Self::Plain,
            _ => return None,
        })
    }
}

/// Reads a value that is part of a schema.
struct Seed<'r, 'n> {
    reader: &'r mut Reader<'n>,
    part: Part,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Json;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a schema, or a part of one")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        serde_json::Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| E::custom("no number is infinite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        if self.part == Part::Reference {
            self.reader.referred.push(value.to_owned());
        }
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Seed { reader: &mut *self.reader, part: self.part })? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        let mut others = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            let part = match self.part {
                Part::Schema => Part::of(&key),
                Part::Schemas => Some(Part::Schema),
                Part::Properties => self.reader.used.has(&key).then_some(Part::Schema),
                Part::Reference | Part::Plain => Some(Part::Plain),
            };
            if let Some(part) = part {
                let value = entries.next_value_seed(Seed { reader: &mut *self.reader, part })?;
                self.reader.keep(&mut map, key, value);
                continue;
            }
            entries.next_value::<IgnoredAny>()?;
            if self.part == Part::Properties {
                self.reader.passed_over.insert(key.clone());
                others.push(key);
            }
        }
        self.reader.others = others;
        Ok(Json::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn excerpt(schema: &Json, used: &[&str]) -> (Json, Option<BTreeSet<String>>) {
        let text = schema.to_string();
        let used = used.iter().copied().collect();
        let mut reader = Reader::new(Used::Only(&used));
        (reader.schema(&parse(&text)), reader.passed_over())
    }

    #[test]
    fn has_of_what_is_not_used_the_names() {
        let schema = json!({
            "typeName": "A::B::C",
            "properties": {
                "A": {"$ref": "#/definitions/One"}, "B": {"$ref": "#/definitions/Two"}, "C": {"type": "string"}
            },
            "definitions": {
                "One": {"items": {"$ref": "#/definitions/Three"}}, "Two": {"type": "object"},
                "Three": {"properties": {"D": {"default": 1, "pattern": "^d$"}, "E": {}}, "required": ["E"]}
            }
        });
        let expected = json!({
            "properties": {"A": {"$ref": "#/definitions/One"}}, "others": ["B", "C"],
            "definitions": {
                "One": {"items": {"$ref": "#/definitions/Three"}},
                "Three": {"properties": {"D": {"pattern": "^d$"}}, "others": ["E"], "required": ["E"]}
            }
        });
        let passed_over = ["B", "C", "E"].map(str::to_owned).into();
        assert_eq!(excerpt(&schema, &["A", "D", "F"]), (expected, Some(passed_over)));
    }

    #[test]
    fn is_none_if_it_would_lack_what_is_referred_to() {
        let schema = json!({"properties": {"A": {"$ref": "#/properties/B"}, "B": {"type": "string"}}});
        assert_eq!(excerpt(&schema, &["A"]).1, None);
    }

    #[test]
    fn takes_names_of_properties_and_data_for_no_keywords() {
        let schema = json!({
            "properties": {"properties": {"const": {"properties": {"A": 1}, "x": -1.5}}},
            "patternProperties": {"^x": {"type": "string", "enum": ["$ref", null]}},
            "dependencies": {"properties": ["required"]}
        });
        assert_eq!(excerpt(&schema, &["properties"]), (schema, Some(BTreeSet::new())));
    }

    /// The keys of a part of a schema that are passed by.
    fn unread(json: &Json, part: Part, found: &mut BTreeSet<String>) {
        match json {
            Json::Array(items) => items.iter().for_each(|it| unread(it, part, found)),
            Json::Object(map) => {
                for (key, value) in map {
                    match part {
                        Part::Schema => match Part::of(key) {
                            Some(part) => unread(value, part, found),
                            None if key == "definitions" => unread(value, Part::Schemas, found),
                            None => drop(found.insert(key.clone())),
                        },
                        Part::Properties | Part::Schemas => unread(value, Part::Schema, found),
                        Part::Reference | Part::Plain => (),
                    }
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => (),
        }
    }

    #[test]
    fn no_key_is_passed_by_unawares() {
        let mut found = BTreeSet::new();
        for name in asi_schemas::types() {
            unread(&parse(&asi_schemas::find(name).unwrap()), Part::Schema, &mut found);
            let lists = [asi_schemas::rules(name), asi_schemas::regional_rules(name)];
            for list in lists.into_iter().flatten() {
                for rule in parse::<Vec<Json>>(&list) {
                    unread(&rule["schema"], Part::Schema, &mut found);
                    for table in rule["tables"].as_array().into_iter().flatten() {
                        unread(&table["if"], Part::Schema, &mut found);
                    }
                }
            }
        }
        let expected = [
            // Read by others, of the schema of a type.
            "lifecycle",
            "primaryIdentifier",
            "spec",
            "tagging",
            "writeOnlyProperties",
            // They say nothing of one template.
            "additionalIdentifiers",
            "arrayType",
            "conditionalCreateOnlyProperties",
            "createOnlyProperties",
            "default",
            "deprecatedProperties",
            "handlers",
            "insertionOrder",
            "propertyTransform",
            "relationshipRef",
            "replacementStrategy",
            "taggable",
            "typeName",
        ];
        assert_eq!(found, expected.map(str::to_owned).into());
    }
}
