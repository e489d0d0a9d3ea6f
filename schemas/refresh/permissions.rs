//! What CloudFormation has to be allowed to handle the resources of a type, as its schema says.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// What a template has done with a resource; to list them all is nobody's wish.
const HANDLERS: [&str; 4] = ["create", "read", "update", "delete"];

/// The actions that each handler of a type calls, sorted; nothing, if its schema names none.
pub(crate) fn of(schema: &Map<String, Value>) -> Option<Value> {
    let mut found = Map::new();
    for name in HANDLERS {
        let actions = schema.get("handlers").and_then(|it| it[name]["permissions"].as_array());
        let actions = actions.into_iter().flatten().filter_map(Value::as_str);
        // A blank is a slip of the pen in some schemas; what names no service is no action.
        let actions: BTreeSet<&str> = actions.map(str::trim).filter(|it| it.contains(':')).collect();
        if !actions.is_empty() {
            found.insert(name.to_owned(), json!(actions));
        }
    }
    (!found.is_empty()).then_some(Value::Object(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_sorted_and_each_there_once() {
        let schema = json!({"handlers": {
            "list": {"permissions": ["a:List"]}, "delete": {"permissions": []},
            "create": {"permissions": ["a:Make ", "a:Look", "a:Make", ""]}
        }});
        assert_eq!(of(schema.as_object().unwrap()), Some(json!({"create": ["a:Look", "a:Make"]})));
        assert_eq!(of(json!({"handlers": {"read": {}}}).as_object().unwrap()), None);
    }
}
