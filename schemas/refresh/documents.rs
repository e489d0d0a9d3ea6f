//! The schemas of what is not the properties of a type: documents inside of properties, parts of a template.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::packages::Files;
use crate::python::{Class, Token};
use crate::rules::{place, plain};
use crate::tidy::Tidy;

/// The name we give to each document, the id of the rule it belongs to, and its schema below
/// `cfnlint/data/schemas/other/`; or none if it is in the code of the rule.
const DOCUMENTS: [(&str, &str, Option<&str>); 17] = [
    ("AWS::CloudFormation::Init", "E3009", Some("resources/cfn_init.json")),
    ("AWS::CloudFormation::Interface", "E4001", Some("metadata/interface.json")),
    ("BucketPolicy", "E3512", Some("iam/policy_resource.json")),
    ("CreationPolicy", "E3055", None),
    ("IdentityPolicy", "E3510", Some("iam/policy_identity.json")),
    ("Mappings", "E7001", Some("mappings/configuration.json")),
    ("Metadata", "E4002", Some("metadata/configuration.json")),
    ("Outputs", "E6001", Some("outputs/configuration.json")),
    ("Parameters", "E2001", Some("parameters/configuration.json")),
    ("RepositoryPolicy", "E3513", Some("iam/policy_resource_ecr.json")),
    ("ResourcePolicy", "E3512", Some("iam/policy_resource.json")),
    ("Resources", "E3001", Some("resources/configuration.json")),
    ("Rules", "E1700", Some("rules/configuration.json")),
    ("SsmDocument", "E3051", Some("ssm/document.json")),
    ("StateMachine", "E3601", Some("step_functions/statemachine.json")),
    ("TrustPolicy", "E3530", Some("iam/policy_trust.json")),
    ("UpdatePolicy", "E3016", Some("resources/update_policy.json")),
];

/// The rule about state machines is told of all properties, and looks into these.
const DEFINITIONS: [&str; 2] = ["/Definition", "/DefinitionString"];

/// The type whose policies the rule about policies of resources allows to have two statements of one `Sid`.
const BUCKET_POLICY: &str = "AWS::S3::BucketPolicy";

/// All documents, in JSON, in the forms which `asi_schemas` describes.
#[derive(Debug)]
pub(crate) struct Documents {
    /// What there is, and where.
    pub list: Vec<Value>,
    pub schemas: BTreeMap<&'static str, Value>,
}

impl Documents {
    /// Reads all that we have a name for.
    pub(crate) fn read(wheel: &Files, tidy: &mut Tidy) -> Result<Documents, String> {
        let mut classes = BTreeMap::new();
        for path in wheel.under("cfnlint/rules/", ".py") {
            for class in Class::all_in(wheel.text(path)?) {
                classes.extend(class.text("id").map(|id| (id, class)));
            }
        }
        let mut documents = Documents { list: Vec::new(), schemas: BTreeMap::new() };
        for (name, id, file) in DOCUMENTS {
            let class = classes.get(id).ok_or_else(|| format!("there is no rule {id}"))?;
            documents.list.push(entry(name, id, class).ok_or_else(|| format!("{id} has no title"))?);
            let mut schema = match file {
                Some(file) => {
                    let (folder, name) = file.rsplit_once('/').unwrap_or_default();
                    if !class.arguments().contains(&Token::Text(name.to_owned())) {
                        return Err(format!("{id} does not use `{name}`"));
                    }
                    schema(wheel, folder, name, tidy)?
                }
                None => creation_policy(class).ok_or_else(|| format!("the code of {id} has another form"))?,
            };
            if name == "BucketPolicy" {
                let statement = schema["properties"]["Statement"].as_object_mut();
                statement
                    .and_then(|it| it.shift_remove("uniqueKeys"))
                    .ok_or("statements may be alike anyway")?;
            }
            plain(&schema).map_err(|it| format!("`{name}`: {it}"))?;
            documents.schemas.insert(name, schema);
        }
        Ok(documents)
    }
}

/// What the list of documents says of one.
fn entry(name: &str, id: &str, class: &Class<'_>) -> Option<Value> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for argument in class.arguments() {
        let Token::Text(text) = argument else { continue };
        match place(text) {
            Some((type_name, "")) => places.entry(type_name).or_default().extend(DEFINITIONS),
            Some((type_name, path)) => places.entry(type_name).or_default().push(path),
            None => (),
        }
    }
    match name {
        "BucketPolicy" => places.retain(|it, _| *it == BUCKET_POLICY),
        "ResourcePolicy" => places.retain(|it, _| *it != BUCKET_POLICY),
        _ => (),
    }
    Some(json!({"name": name, "id": id, "title": class.text("shortdesc")?, "places": places}))
}

/// A schema from a file, with the other it refers to inside.
fn schema(wheel: &Files, folder: &str, name: &str, tidy: &mut Tidy) -> Result<Value, String> {
    let mut read = |name: &str, home: &str| {
        let path = format!("cfnlint/data/schemas/other/{folder}/{name}");
        let Value::Object(mut schema) = wheel.json(&path)? else {
            return Err(format!("`{path}` is not a JSON object"));
        };
        tidy.other(&mut schema);
        let mut schema = Value::Object(schema);
        bring_home(&mut schema, home);
        Ok(schema)
    };
    let mut schema = read(name, "#")?;
    if schema.to_string().contains(&format!("{POLICY}/")) {
        schema["definitions"]["policy"] = read("policy.json", POLICY)?;
    }
    Ok(schema)
}

/// Where a policy of any kind has what all kinds share.
const POLICY: &str = "#/definitions/policy";

/// Makes references point to where things are when the schema stands at `home`, and drops the names of rules
/// to call.
fn bring_home(schema: &mut Value, home: &str) {
    match schema {
        Value::Object(map) => {
            map.shift_remove("cfnLint");
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                *reference = match reference.split_once('#') {
                    Some(("policy", place)) => format!("{POLICY}{place}"),
                    Some(("", "/")) => home.to_owned(),
                    Some(("", place)) => format!("{home}{place}"),
                    _ => std::mem::take(reference),
                };
            }
            map.values_mut().for_each(|it| bring_home(it, home));
        }
        Value::Array(list) => list.iter_mut().for_each(|it| bring_home(it, home)),
        _ => (),
    }
}

/// What the code says of a `CreationPolicy` by type, as the schema of `UpdatePolicy` says it.
fn creation_policy(class: &Class<'_>) -> Option<Value> {
    let before = [
        Token::Name("resource_type"),
        Token::Sign('='),
        Token::Sign('='),
        Token::Text(String::new()),
        Token::Sign(':'),
        Token::Name("return"),
    ];
    let case = |(name, schema): (String, Value)| {
        json!({
            "if": {"properties": {"Type": {"const": name}}, "required": ["Type"]},
            "then": {"properties": {"CreationPolicy": schema}}
        })
    };
    let cases: Vec<Value> = class.literals_after(&before, 3).into_iter().map(case).collect();
    (!cases.is_empty()).then(|| Value::Object(Map::from_iter([("allOf".to_owned(), cases.into())])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_point_into_the_schema_itself() {
        let mut schema = json!({
            "cfnLint": ["A"],
            "properties": {
                "A": {"$ref": "policy#/definitions/A"}, "B": {"$ref": "#/definitions/B", "cfnLint": ["B"]},
                "C": {"items": [{"$ref": "#/"}]}
            }
        });
        bring_home(&mut schema, "#");
        let expected = json!({
            "properties": {
                "A": {"$ref": "#/definitions/policy/definitions/A"}, "B": {"$ref": "#/definitions/B"},
                "C": {"items": [{"$ref": "#"}]}
            }
        });
        assert_eq!(schema, expected);
        bring_home(&mut schema, "#/there");
        assert_eq!(schema["properties"]["B"]["$ref"], "#/there/definitions/B");
    }

    #[test]
    fn what_is_code_becomes_a_schema() {
        let source = "class P(B):\n  def f(self, resource_type):\n    if resource_type == \"A::B::C\":\n      \
                      return {\"type\": \"object\"}\n    return {}\n";
        let expected = json!({"allOf": [{
            "if": {"properties": {"Type": {"const": "A::B::C"}}, "required": ["Type"]},
            "then": {"properties": {"CreationPolicy": {"type": "object"}}}
        }]});
        assert_eq!(creation_policy(&Class::all_in(source)[0]), Some(expected));
    }
}
