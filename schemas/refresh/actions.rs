//! The actions of IAM, and the resources they work on.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Brings cfn-lint's table of services into the form which `asi_schemas::actions` describes: a value for each
/// service.
pub(crate) fn read(services: &Value) -> Result<BTreeMap<String, Value>, String> {
    let services = services.as_object().ok_or("the table of actions is no object")?;
    let service = |(name, service): (&String, &Value)| {
        service_of(service)
            .map(|it| (name.clone(), it))
            .ok_or_else(|| format!("the actions of `{name}` have another form"))
    };
    services.iter().map(service).collect()
}

fn service_of(service: &Value) -> Option<Value> {
    let mut resources = Map::new();
    for (name, resource) in service["Resources"].as_object()? {
        let forms = resource["ARNFormats"].as_array()?.iter().map(|it| Some(pattern(it.as_str()?)));
        resources.insert(name.clone(), json!(forms.collect::<Option<Vec<_>>>()?));
    }
    let mut actions = Map::new();
    for (name, action) in service["Actions"].as_object()? {
        let mut list = Vec::new();
        for resource in action.get("Resources").and_then(Value::as_array).into_iter().flatten() {
            // In this place only, some are in upper case.
            let resource = resource.as_str()?.to_ascii_lowercase();
            resources.contains_key(&resource).then_some(())?;
            list.push(resource);
        }
        actions.insert(name.clone(), json!(list));
    }
    Some(json!({"actions": actions, "resources": resources}))
}

/// Makes a pattern of IAM from the form of an ARN, in which both `${Name}` and `.*` stand for anything.
fn pattern(form: &str) -> String {
    let mut out = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = after.split_once('}').map_or("", |it| it.1);
    }
    out.push_str(rest);
    out.replace(".*", "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brings_a_service_into_its_form() {
        let services = json!({"s": {
            "Actions": {"list": {}, "read": {"Resources": ["Thing"]}},
            "Resources": {"thing": {
                "ARNFormats": ["arn:${Partition}:s:${Region}:${Account}:thing/.*", "arn:${Partition}:s:::x/*"],
                "ConditionKeys": ["aws:TagKeys"]
            }}
        }});
        let expected = json!({"s": {
            "actions": {"list": [], "read": ["thing"]},
            "resources": {"thing": ["arn:*:s:*:*:thing/*", "arn:*:s:::x/*"]}
        }});
        assert_eq!(json!(read(&services).unwrap()), expected);
    }

    #[test]
    fn a_resource_must_be_there() {
        let services =
            json!({"s": {"Actions": {"read": {"Resources": ["b"]}}, "Resources": {"a": {"ARNFormats": []}}}});
        assert!(read(&services).is_err());
    }
}
