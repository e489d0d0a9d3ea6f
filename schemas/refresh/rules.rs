//! The rules which cfn-lint checks resources by, beyond the schemas of their types, where they are data.
//!
//! Which schema is for which properties is said in Python: each rule is a class whose constructor names them.
//! Where a class does more than that, a person has read it, or the refresh stops.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::packages::Files;
use crate::python::{Class, Token};
use crate::tables;
use crate::tidy::Tidy;

const SCHEMAS: &str = "cfnlint.data.schemas.extensions.";
const BASE: &str = "CfnLintJsonSchema";
const REGIONAL_BASE: &str = "CfnLintJsonSchemaRegional";

/// Rules that override more than the wording of a finding, and what was found to be in it.
const READ: [(&str, Override); 24] = [
    ("E3025", Override::Lowers),
    ("E3046", Override::Wording),
    ("E3048", Override::Wording),
    ("E3054", Override::Wording),
    ("E3062", Override::Lowers),
    ("E3501", Override::Wording),
    ("E3502", Override::Wording),
    ("E3505", Override::Wording),
    ("E3663", Override::Wording),
    ("E3681", Override::Wording),
    ("E3682", Override::Lowers),
    ("E3683", Override::Wording),
    ("E3684", Override::Wording),
    ("E3691", Override::Lowers),
    ("E3692", Override::Wording),
    ("E3693", Override::Wording),
    ("E3694", Override::Wording),
    ("E3711", Override::Wording),
    ("E3712", Override::Wording),
    ("E3713", Override::Wording),
    ("E3714", Override::Wording),
    ("E3719", Override::Wording),
    ("I3013", Override::Retention),
    ("W3693", Override::Wording),
];

/// What has a meaning only for cfn-lint's own validator, besides the names of functions.
const FOREIGN: [&str; 6] = ["$data", "$lookup", "cfnContext", "cfnGather", "cfnLint", "dynamicValidation"];

/// What a class does beyond naming a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Override {
    /// It says in other words, or of another property, what its schema finds. Or it takes functions for
    /// values, which changes nothing for who takes them for unknown.
    Wording,
    /// It turns a property to lower case first.
    Lowers,
    /// It has a table of properties that are required of most of its types, in place of the schema.
    Retention,
}

/// All rules, in JSON, in the forms which `asi_schemas` describes.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// By type.
    pub plain: BTreeMap<String, Vec<Value>>,
    /// By type.
    pub regional: BTreeMap<String, Vec<Value>>,
    pub joins: Vec<Value>,
    /// The rules about properties of a type that are not here, and why.
    pub left_out: BTreeMap<String, &'static str>,
    /// The properties whose case does not matter, by type.
    pub lowered: BTreeMap<String, BTreeSet<String>>,
}

/// What a class says of its rule.
#[derive(Debug)]
struct Rule {
    id: String,
    title: String,
    /// Its findings are one.
    once: bool,
    is_regional: bool,
    /// For each type the paths of its properties.
    places: BTreeMap<String, Vec<String>>,
    /// Instead of the schema, by type: properties that are required.
    required: BTreeMap<String, Vec<String>>,
    lowers: Option<String>,
    /// Where its schema is.
    path: String,
    schema: Value,
}

impl Rules {
    /// Reads all classes of rules about resources.
    pub(crate) fn read(wheel: &Files, tidy: &mut Tidy) -> Result<Rules, String> {
        let mut all = Rules::default();
        let mut rules = Vec::new();
        for path in wheel.under("cfnlint/rules/resources/", ".py") {
            for class in Class::all_in(wheel.text(path)?) {
                let reading = Rule::read(&class, wheel).map_err(|it| format!("`{path}`: {it}"))?;
                match reading {
                    Reading::Rule(rule) => rules.push(*rule),
                    Reading::LeftOut(id, reason) => drop(all.left_out.insert(id, reason)),
                    Reading::Other => (),
                }
            }
        }
        // A rule whose head is written in another way would be missed without a word.
        let used: BTreeSet<&str> = rules.iter().map(|it| it.path.as_str()).collect();
        let mut files = wheel.under("cfnlint/data/schemas/extensions/", ".json");
        if let Some(path) = files.find(|it| !used.contains(it)) {
            return Err(format!("`{path}` is the schema of no rule that could be read"));
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        // The class changes the template itself, so that its rule is not alone in seeing lower case. And the
        // service does not care for the case either, whichever rule asks.
        for rule in &rules {
            for (name, property) in rule.places.keys().zip(std::iter::repeat(&rule.lowers)) {
                let Some(property) = property else { continue };
                all.lowered.entry(name.clone()).or_default().insert(property.clone());
            }
        }
        for rule in rules {
            all.add(&rule, tidy).map_err(|it| format!("rule {}: {it}", rule.id))?;
        }
        Ok(all)
    }

    fn add(&mut self, rule: &Rule, tidy: &mut Tidy) -> Result<(), String> {
        if let Some(gather) = rule.schema.get("cfnGather") {
            let places: Vec<_> = rule.places.iter().collect();
            let [(name, paths)] = places.as_slice() else {
                return Err("it joins several types".to_owned());
            };
            if paths.as_slice() != [""] || rule.schema.as_object().is_none_or(|it| it.len() != 1) {
                return Err("it joins more than the properties of a type".to_owned());
            }
            self.joins.push(join(rule, name, gather, tidy)?);
            return Ok(());
        }
        for (name, paths) in &rule.places {
            let mut out = rule.head();
            out.insert("paths".to_owned(), json!(paths));
            let mut schema = rule.schema.clone();
            if let Some(required) = rule.required.get(name) {
                schema = json!({"required": required});
            }
            if rule.is_regional {
                let schemas = schema.as_object().ok_or("its schema is no object")?;
                let mut tables = tables::by_region(schemas)?;
                for table in tables["tables"].as_array_mut().into_iter().flatten() {
                    if let Some(condition) = table.get_mut("if") {
                        self.ignore_case(name, condition);
                        plain(condition)?;
                    }
                }
                out.extend(tables);
                self.regional.entry(name.clone()).or_default().push(Value::Object(out));
                continue;
            }
            if let Value::Object(schema) = &mut schema {
                tidy.other(schema);
                tables::fold(schema);
            }
            self.ignore_case(name, &mut schema);
            plain(&schema)?;
            out.insert("schema".to_owned(), schema);
            self.plain.entry(name.clone()).or_default().push(Value::Object(out));
        }
        Ok(())
    }

    fn ignore_case(&self, name: &str, schema: &mut Value) {
        for property in self.lowered.get(name).into_iter().flatten() {
            ignore_case(schema, property);
        }
    }
}

/// What there is in a class.
enum Reading {
    Rule(Box<Rule>),
    /// The id of a rule that stays behind, and why.
    LeftOut(String, &'static str),
    /// No rule about the properties of a type.
    Other,
}

impl Rule {
    fn read(class: &Class<'_>, wheel: &Files) -> Result<Reading, String> {
        if class.base != BASE && class.base != REGIONAL_BASE {
            return Ok(Reading::Other);
        }
        let Some(id) = class.text("id") else { return Ok(Reading::Other) };
        let arguments = class.arguments();
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for argument in arguments {
            let Token::Text(text) = argument else { continue };
            let Some((name, path)) = place(text) else { continue };
            let paths = places.entry(name.to_owned()).or_default();
            if !paths.iter().any(|it| it == path) {
                paths.push(path.to_owned());
            }
        }
        if places.is_empty() {
            return Ok(Reading::Other);
        }
        let file = arguments.iter().find_map(|it| match it {
            Token::Text(text) => text.strip_suffix(".json"),
            Token::Name(_) | Token::Sign(_) => None,
        });
        let module = arguments.iter().find_map(|it| match it {
            Token::Name(name) => name.strip_prefix(SCHEMAS),
            Token::Text(_) | Token::Sign(_) => None,
        });
        let (file, module) = match (file, module) {
            (None, _) => return Ok(Reading::LeftOut(id, "it is code, and has no schema")),
            (Some(_), None) => return Ok(Reading::LeftOut(id, "its schema is that of a document")),
            (Some(file), Some(module)) => (file, module),
        };

        let known = READ.iter().find(|it| it.0 == id).map(|it| it.1);
        let overridden: Vec<_> =
            class.functions().filter(|it| !["__init__", "message"].contains(it)).collect();
        if known.is_none() && !overridden.is_empty() {
            return Err(format!("{id} overrides {}: read what it does", overridden.join(", ")));
        }
        let lowers = class.lowers().map(str::to_owned);
        if (known == Some(Override::Lowers)) != lowers.is_some() {
            return Err(format!("{id} does other things than when it was read"));
        }
        let mut required = BTreeMap::new();
        if known == Some(Override::Retention) {
            required =
                retention(class, &places).ok_or_else(|| format!("the table of {id} has another form"))?;
        }
        let path = format!("cfnlint/data/schemas/extensions/{module}/{file}.json");
        let all = [Token::Name("all_matches"), Token::Sign('='), Token::Name("True")];
        Ok(Reading::Rule(Box::new(Rule {
            title: class.text("shortdesc").ok_or_else(|| format!("{id} has no title"))?,
            once: !arguments.windows(3).any(|it| *it == all),
            is_regional: class.base == REGIONAL_BASE,
            places,
            required,
            lowers,
            schema: wheel.json(&path)?,
            path,
            id,
        })))
    }

    /// The keys all forms begin with.
    fn head(&self) -> Map<String, Value> {
        let mut head = Map::new();
        head.insert("id".to_owned(), self.id.as_str().into());
        head.insert("title".to_owned(), self.title.as_str().into());
        if self.once {
            head.insert("once".to_owned(), true.into());
        }
        head
    }
}

/// Takes `Resources/A::B::C/Properties/List/*` apart into the type and the path below its properties.
pub(crate) fn place(keyword: &str) -> Option<(&str, &str)> {
    let (name, below) = keyword.strip_prefix("Resources/")?.split_once('/')?;
    let path = below.strip_prefix("Properties")?;
    (name.contains("::") && (path.is_empty() || path.starts_with('/'))).then_some((name, path))
}

/// What is required of each type in the table of I3013, but for the one type the schema is about.
fn retention(
    class: &Class<'_>,
    places: &BTreeMap<String, Vec<String>>,
) -> Option<BTreeMap<String, Vec<String>>> {
    let table = class.literal("self._properties")?;
    let mut required = BTreeMap::new();
    for name in places.keys().filter(|it| *it != "AWS::RDS::DBInstance") {
        let names = table[name].as_array()?.iter().map(|it| it["Attribute"].as_str().map(str::to_owned));
        required.insert(name.clone(), names.collect::<Option<Vec<_>>>()?);
    }
    Some(required)
}

/// Makes what a schema says of a property at its top say it without regard to case.
fn ignore_case(schema: &mut Value, property: &str) {
    let Value::Object(schema) = schema else { return };
    for key in ["if", "then", "else", "not"] {
        if let Some(it) = schema.get_mut(key) {
            ignore_case(it, property);
        }
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        for it in schema.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            ignore_case(it, property);
        }
    }
    let Some(Value::Object(it)) = schema.get_mut("properties").and_then(|it| it.get_mut(property)) else {
        return;
    };
    let constant = it.shift_remove("const").map(|it| json!([it]));
    if let Some(list) = constant.or_else(|| it.shift_remove("enum")) {
        it.insert("enumCaseInsensitive".to_owned(), list);
    }
    if let Some(Value::String(pattern)) = it.get_mut("pattern") {
        pattern.insert_str(0, "(?i)");
    }
}

/// Refuses what only cfn-lint's own validator understands.
pub(crate) fn plain(schema: &Value) -> Result<(), String> {
    match schema {
        Value::Object(map) => map.iter().try_for_each(|(key, value)| {
            if FOREIGN.contains(&key.as_str()) || key.starts_with("fn_") {
                return Err(format!("its schema has `{key}`"));
            }
            plain(value)
        }),
        Value::Array(list) => list.iter().try_for_each(plain),
        _ => Ok(()),
    }
}

/// Brings a join into the form which `asi_schemas::joins` describes.
fn join(rule: &Rule, name: &str, spec: &Value, tidy: &mut Tidy) -> Result<Value, String> {
    let other_form = || "its join has another form".to_owned();
    let mut gather = Vec::new();
    for (entry, spec) in spec["gather"].as_object().ok_or_else(other_form)? {
        let mut out = Map::new();
        out.insert("name".to_owned(), entry.as_str().into());
        if let Some(it) = spec.get("reference") {
            out.insert("reference".to_owned(), it.clone());
        }
        if let Some(it) = spec["filter"].get("type") {
            out.insert("type".to_owned(), it.clone());
        }
        let mut properties = Map::new();
        for (property, spec) in spec["properties"].as_object().ok_or_else(other_form)? {
            match spec {
                Value::String(path) if path == "$type" => {
                    out.insert("typeAs".to_owned(), property.as_str().into());
                    continue;
                }
                Value::String(path) => properties.insert(property.clone(), json!({"path": path})),
                Value::Object(spec) if spec.keys().all(|it| ["path", "default"].contains(&it.as_str())) => {
                    let mut out = Map::from_iter([("path".to_owned(), spec["path"].clone())]);
                    out.extend(spec.get("default").map(|it| ("default".to_owned(), it.clone())));
                    properties.insert(property.clone(), Value::Object(out))
                }
                _ => return Err(other_form()),
            };
        }
        out.insert("properties".to_owned(), Value::Object(properties));
        gather.push(Value::Object(out));
    }

    let mut schema = spec["schema"].clone();
    let mut out = rule.head();
    out.insert("type".to_owned(), name.into());
    if let Some(context) = schema.get("cfnContext") {
        if context["functions"] != json!([]) || schema.as_object().is_none_or(|it| it.len() != 1) {
            return Err(other_form());
        }
        schema = context["schema"].clone();
        out.insert("literal".to_owned(), true.into());
    }
    tidy.other(schema.as_object_mut().ok_or_else(other_form)?);
    out.insert("gather".to_owned(), gather.into());
    out.insert("schema".to_owned(), schema);
    Ok(Value::Object(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_places_from_other_keywords() {
        assert_eq!(place("Resources/A::B::C/Properties"), Some(("A::B::C", "")));
        assert_eq!(place("Resources/A::B::C/Properties/L/*/N"), Some(("A::B::C", "/L/*/N")));
        assert_eq!(place("Resources/*/Metadata"), None);
        assert_eq!(place("Resources/*/Properties"), None);
        assert_eq!(place("Outputs/*"), None);
    }

    #[test]
    fn ignores_case_at_the_top_only() {
        let mut schema = json!({
            "if": {"properties": {"Engine": {"const": "mysql", "type": "string"}}},
            "then": {"properties": {"Deep": {"properties": {"Engine": {"const": "a"}}}}},
            "allOf": [{"properties": {"Engine": {"enum": ["a", "b"]}}}, {"properties": {"Engine": false}}],
            "properties": {"Engine": {"pattern": "^a"}, "Other": {"const": "c"}}
        });
        ignore_case(&mut schema, "Engine");
        let expected = json!({
            "if": {"properties": {"Engine": {"type": "string", "enumCaseInsensitive": ["mysql"]}}},
            "then": {"properties": {"Deep": {"properties": {"Engine": {"const": "a"}}}}},
            "allOf": [{"properties": {"Engine": {"enumCaseInsensitive": ["a", "b"]}}}, {"properties": {"Engine": false}}],
            "properties": {"Engine": {"pattern": "(?i)^a"}, "Other": {"const": "c"}}
        });
        assert_eq!(schema, expected);
    }

    #[test]
    fn a_join_is_brought_into_one_form() {
        let rule = Rule {
            id: "E1".to_owned(),
            title: "Both are alike".to_owned(),
            once: true,
            is_regional: false,
            places: BTreeMap::from([("A::B::C".to_owned(), vec![String::new()])]),
            required: BTreeMap::new(),
            lowers: None,
            path: String::new(),
            schema: json!({"cfnGather": {
                "gather": {
                    "far": {
                        "filter": {"type": "D::E::F"}, "reference": "/Other",
                        "properties": {"kind": "$type", "Mode": {"default": null, "path": "/Mode"}}
                    },
                    "near": {"properties": {"Mode": "/Mode"}}
                },
                "schema": {"cfnContext": {"functions": [], "schema": {"required": ["far"]}}}
            }}),
        };
        let mut rules = Rules::default();
        rules.add(&rule, &mut Tidy::default()).unwrap();
        let expected = json!([{
            "id": "E1", "title": "Both are alike", "once": true, "type": "A::B::C", "literal": true,
            "gather": [
                {
                    "name": "far", "reference": "/Other", "type": "D::E::F", "typeAs": "kind",
                    "properties": {"Mode": {"path": "/Mode", "default": null}}
                },
                {"name": "near", "properties": {"Mode": {"path": "/Mode"}}}
            ],
            "schema": {"required": ["far"]}
        }]);
        assert_eq!(json!(rules.joins), expected);
        assert!(rules.plain.is_empty());
    }

    #[test]
    fn patterns_are_still_fit_after_all_that_is_done_to_them() {
        fn check(schema: &Value) {
            if let Some(Value::String(it)) = schema.get("pattern") {
                assert!(fancy_regex::Regex::new(it).is_ok(), "{it}");
            }
            let children = schema.as_object().into_iter().flat_map(Map::values);
            children.chain(schema.as_array().into_iter().flatten()).for_each(check);
        }
        for name in asi_schemas::types() {
            for list in [asi_schemas::rules(name), asi_schemas::regional_rules(name)].into_iter().flatten() {
                check(&serde_json::from_str(&list).unwrap());
            }
        }
        check(&serde_json::from_str(asi_schemas::joins()).unwrap());
    }

    #[test]
    fn refuses_what_only_cfn_lint_understands() {
        assert_eq!(plain(&json!({"allOf": [{"$ref": "#/definitions/A"}]})), Ok(()));
        for key in ["cfnLint", "fn_items", "$data", "dynamicValidation"] {
            assert!(plain(&json!({"not": {key: 1}})).is_err(), "{key}");
        }
    }
}
