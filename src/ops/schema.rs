//! The JSON Schema of the stack file, made of the shapes of what may stand in it.

use asi_constructs::{
    CATALOGUE,
    kernel::{
        construct::Catalogued,
        property::Property as _,
        shape::{object_schema, prose},
    },
};
use serde_json::{Map, Value, json};

use crate::load::{
    layers::is_of_stack,
    stack::{Frame, construct_fields},
};

/// The schema (draft 7, which editors know) as text.
pub fn schema() -> String {
    let definitions: Map<String, Value> =
        CATALOGUE.iter().map(|it| (it.kind.to_owned(), construct(it))).collect();
    let kinds: Vec<&str> = CATALOGUE.iter().map(|it| it.kind).collect();
    // With the kind known, an editor offers the properties of that kind and of no other.
    let by_kind: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            json!({
                "if": { "properties": { "type": { "const": kind } }, "required": ["type"] },
                "then": { "$ref": format!("#/definitions/{kind}") },
            })
        })
        .collect();
    let choices: Vec<Value> =
        CATALOGUE.iter().map(|it| json!({ "const": it.kind, "description": prose(it.docs) })).collect();
    let constructs = json!({
        "description": "The constructs, each under its name: `type` says its kind.",
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": { "type": { "description": "The kind of construct.", "oneOf": choices } },
            "allOf": by_kind,
        },
    });
    let shape = Frame::shape();
    let mut frame = object_schema(shape.fields());
    frame["properties"]["constructs"] = constructs.clone();
    // Within an environment anything may be left out, and `null` takes it away.
    let mut changes = frame.clone();
    changes["type"] = json!(["object", "null"]);
    changes["description"] = json!("What is different in this environment.");
    changes["properties"]["constructs"] =
        json!({ "type": "object", "additionalProperties": { "type": ["object", "null"] } });
    changes = without(changes, |it| !matches!(it, "app" | "environments"));
    let sections = changes["properties"].as_object_mut().expect("a frame has properties");
    sections.values_mut().for_each(make_optional);
    let of_stack = |it: &Value| {
        let mut of_stack = without(it.clone(), is_of_stack);
        of_stack["type"] = json!(["object", "null"]);
        of_stack["description"] = json!("A stack of the app.");
        json!({ "type": ["object", "null"], "additionalProperties": of_stack })
    };
    changes["properties"]["stacks"] = of_stack(&changes);
    let stacks = of_stack(&frame);
    if let (Value::Object(schema), Value::Object(stacks)) = (&mut frame["properties"]["stacks"], stacks) {
        schema.extend(stacks);
    }
    frame["properties"]["stacks"]["type"] = json!("object");
    frame["properties"]["environments"]["type"] = json!("object");
    frame["properties"]["environments"]["additionalProperties"] = changes;
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "asi stack file",
        "description": "A page of constructs that becomes one CloudFormation stack.",
    });
    if let (Value::Object(schema), Value::Object(frame)) = (&mut schema, frame) {
        schema.extend(frame);
        schema.insert("definitions".to_owned(), Value::Object(definitions));
    }
    format!("{schema:#}\n")
}

/// A schema of an object with only some of its properties, none of which is required.
fn without(mut schema: Value, keeps: impl Fn(&str) -> bool) -> Value {
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.retain(|key, _| keeps(key));
    }
    schema.as_object_mut().expect("a schema is an object").shift_remove("required");
    schema
}

/// Lets `schema`, and whatever it holds under keys, be `null` and leave keys out.
fn make_optional(schema: &mut Value) {
    let Some(keywords) = schema.as_object_mut() else { return };
    keywords.shift_remove("required");
    if let Some(Value::Object(properties)) = keywords.get_mut("properties") {
        properties.values_mut().for_each(make_optional);
    }
    if let Some(of_any_key) = keywords.get_mut("additionalProperties") {
        make_optional(of_any_key);
    }
    *schema = json!({ "anyOf": [schema.take(), { "type": "null" }] });
}

fn construct(it: &Catalogued) -> Value {
    let mut schema = object_schema(&construct_fields(it));
    schema["properties"]["type"] = json!({ "const": it.kind, "description": prose(it.docs) });
    schema
}
