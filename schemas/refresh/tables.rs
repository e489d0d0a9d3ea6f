//! Long lists of which values are allowed when, said briefly.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A schema with more cases than this has them folded.
const MANY_CASES: usize = 100;

/// The most regions whose set a number in JSON still holds exactly.
const MOST_REGIONS: usize = 53;

/// Folds the cases of a schema that has very many: those of `allOf` which want the same of different versions
/// become one with a longer pattern, then those which want the same of different constants one with an `enum`.
/// The schema accepts what it accepted.
pub(crate) fn fold(schema: &mut Map<String, Value>) {
    let Some(Value::Array(cases)) = schema.get_mut("allOf") else { return };
    if cases.len() > MANY_CASES {
        *cases = merge(cases, "pattern", "pattern", |patterns| {
            let inner = |it: &Value| Some(it.as_str()?.strip_prefix("^(")?.strip_suffix(")$")?.to_owned());
            let inner = patterns.iter().map(inner).collect::<Option<Vec<String>>>()?;
            let is_flat = inner.iter().all(|it| !it.contains(['(', ')']));
            is_flat.then(|| Value::from(format!("^({})$", inner.join("|"))))
        });
        *cases = merge(cases, "const", "enum", |constants| Some(constants.into()));
    }
}

/// Makes one of all cases which differ only in one keyword of one property in their `if`.
fn merge(cases: &[Value], from: &str, to: &str, joined: impl Fn(&[Value]) -> Option<Value>) -> Vec<Value> {
    let mut groups: Vec<(Value, String, Vec<Value>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut rest = Vec::new();
    for case in cases {
        let mut without = case.clone();
        let taken = without["if"]["properties"].as_object_mut().and_then(|properties| {
            properties.iter_mut().find_map(|(name, property)| {
                let value = property.as_object_mut()?.shift_remove(from)?;
                Some((name.clone(), value))
            })
        });
        match taken {
            Some((name, value)) => {
                let at = *places.entry(without.to_string()).or_insert(groups.len());
                if at == groups.len() {
                    groups.push((without, name, Vec::new()));
                }
                groups[at].2.push(value);
            }
            None => rest.push(case.clone()),
        }
    }
    for (without, name, values) in groups {
        let all = match values.as_slice() {
            [one] => vec![(from, one.clone())],
            more => match joined(more) {
                Some(one) => vec![(to, one)],
                None => more.iter().map(|it| (from, it.clone())).collect(),
            },
        };
        for (keyword, value) in all {
            let mut case = without.clone();
            case["if"]["properties"][&name][keyword] = value;
            rest.push(case);
        }
    }
    rest
}

/// What one table says: under which condition, of which property (none: of the value itself), in which
/// regions, which values are allowed in which regions.
#[derive(Debug, PartialEq)]
struct Table {
    when: Vec<Value>,
    property: Option<String>,
    regions: u64,
    values: BTreeMap<String, u64>,
}

/// Turns schemas by region into `regions` and `tables`, as `asi_schemas::regional_rules` describes them.
pub(crate) fn by_region(schemas: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut schemas: Vec<_> = schemas.iter().filter(|(_, it)| it.is_object()).collect();
    schemas.sort_by_key(|(region, _)| *region);
    if schemas.len() > MOST_REGIONS {
        return Err(format!("{} regions are more than {MOST_REGIONS}", schemas.len()));
    }
    let mut tables: Vec<Table> = Vec::new();
    for (at, (region, schema)) in schemas.iter().enumerate() {
        let bit = 1 << at;
        for (when, property, values) in
            cases(schema).ok_or_else(|| format!("the schema of `{region}` is no table"))?
        {
            let same = tables.iter().position(|it| it.when == when && it.property == property);
            let table = same.unwrap_or_else(|| {
                tables.push(Table { when, property, regions: 0, values: BTreeMap::new() });
                tables.len() - 1
            });
            let table = &mut tables[table];
            table.regions |= bit;
            for value in values {
                *table.values.entry(value).or_default() |= bit;
            }
        }
    }
    let mut merged: Vec<Table> = Vec::new();
    for table in tables {
        let same = merged.iter_mut().find(|it| {
            it.property == table.property && it.regions == table.regions && it.values == table.values
        });
        match same {
            Some(it) => it.when.extend(table.when),
            None => merged.push(table),
        }
    }
    let regions: Vec<&String> = schemas.iter().map(|(region, _)| *region).collect();
    let tables: Vec<Value> = merged.into_iter().map(Table::into_json).collect();
    Ok(Map::from_iter([("regions".to_owned(), json!(regions)), ("tables".to_owned(), json!(tables))]))
}

impl Table {
    fn into_json(mut self) -> Value {
        let mut table = Map::new();
        match self.when.len() {
            0 => None,
            1 => table.insert("if".to_owned(), self.when.remove(0)),
            _ => table.insert("if".to_owned(), json!({"anyOf": self.when})),
        };
        if let Some(property) = self.property {
            table.insert("property".to_owned(), property.into());
        }
        table.insert("in".to_owned(), self.regions.into());
        table.insert("values".to_owned(), json!(self.values));
        Value::Object(table)
    }
}

/// The condition, the property and its values.
type Case = (Vec<Value>, Option<String>, Vec<String>);

/// The cases of a schema that is nothing but an `enum`, or an `allOf` of `if`s with an `enum` each.
fn cases(schema: &Value) -> Option<Vec<Case>> {
    let strings = |list: &Value| -> Option<Vec<String>> {
        list.as_array()?.iter().map(|it| it.as_str().map(str::to_owned)).collect()
    };
    let only = |map: &Value, key: &str| -> Option<Value> {
        let map = map.as_object()?;
        (map.len() == 1).then(|| map.get(key).cloned()).flatten()
    };
    if let Some(list) = only(schema, "enum") {
        return Some(vec![(Vec::new(), None, strings(&list)?)]);
    }
    let case = |case: &Value| -> Option<Case> {
        let properties = only(&case["then"], "properties")?;
        let (property, schema) = properties.as_object()?.iter().next()?;
        let (1, 2) = (properties.as_object()?.len(), case.as_object()?.len()) else { return None };
        Some((vec![case["if"].clone()], Some(property.clone()), strings(&only(schema, "enum")?)?))
    };
    only(schema, "allOf")?.as_array()?.iter().map(case).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_versions_and_engines() {
        let case = |engine: &str, version: &str, class: &str| {
            json!({
                "if": {"properties": {"Engine": {"const": engine}, "Version": {"pattern": version}}},
                "then": {"properties": {"Class": {"enum": [class]}}}
            })
        };
        let mut cases = Vec::new();
        for engine in ["a", "b"] {
            for version in 0..60 {
                cases.push(case(engine, &format!("^({version}|{version}[.]0)$"), "small"));
            }
            cases.push(case(engine, "^(60)$", "large"));
        }
        let mut schema = json!({"allOf": cases});
        fold(schema.as_object_mut().unwrap());

        let cases = schema["allOf"].as_array().unwrap();
        assert_eq!(cases.len(), 2);
        assert_eq!(cases[0]["if"]["properties"]["Engine"], json!({"enum": ["a", "b"]}));
        let pattern = cases[0]["if"]["properties"]["Version"]["pattern"].as_str().unwrap();
        assert!(pattern.starts_with("^(0|0[.]0|1|1[.]0|") && pattern.ends_with("|59|59[.]0)$"), "{pattern}");
        assert_eq!(cases[1]["if"]["properties"]["Version"], json!({"pattern": "^(60)$"}));
    }

    #[test]
    fn leaves_a_few_cases_alone() {
        let mut schema = json!({"allOf": [{"if": {"properties": {"A": {"const": 1}}}, "then": false}]});
        let before = schema.clone();
        fold(schema.as_object_mut().unwrap());
        assert_eq!(schema, before);
    }

    #[track_caller]
    fn becomes(schemas: &Value, expected: &Value) {
        assert_eq!(Value::Object(by_region(schemas.as_object().unwrap()).unwrap()), *expected);
    }

    #[test]
    fn a_list_by_region_becomes_a_table() {
        becomes(
            &json!({"there": {"enum": ["small"]}, "here": {"enum": ["large", "small"]}, "description": "x"}),
            &json!({
                "regions": ["here", "there"],
                "tables": [{"in": 3, "values": {"large": 1, "small": 3}}]
            }),
        );
    }

    #[test]
    fn conditions_with_the_same_table_share_it() {
        let case = |engine: &str, class: &str| json!({"if": {"required": [engine]}, "then": {"properties": {"Class": {"enum": [class]}}}});
        becomes(
            &json!({
                "here": {"allOf": [case("A", "small"), case("B", "small"), case("C", "large")]},
                "there": {"allOf": [case("C", "small"), case("C", "large")]}
            }),
            &json!({
                "regions": ["here", "there"],
                "tables": [
                    {
                        "if": {"anyOf": [{"required": ["A"]}, {"required": ["B"]}]}, "property": "Class",
                        "in": 1, "values": {"small": 1}
                    },
                    {
                        "if": {"required": ["C"]}, "property": "Class",
                        "in": 3, "values": {"large": 3, "small": 2}
                    }
                ]
            }),
        );
    }

    #[test]
    fn another_form_is_refused() {
        let schemas = json!({"here": {"enum": ["a"], "type": "string"}});
        assert!(by_region(schemas.as_object().unwrap()).is_err());
    }
}
