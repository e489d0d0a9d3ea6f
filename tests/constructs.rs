//! Holds for every construct in the catalogue.

use crate::support::{asi, golden, template};
use asi::{cli::Exit, world::MemoryFiles};
use asi_constructs::{
    CATALOGUE,
    kernel::shape::{Field, Shape},
};
use serde_json::Value;

#[test]
fn every_example_synthesizes_to_its_snapshot() {
    for entry in CATALOGUE {
        let files = MemoryFiles::with([("asi.yaml", entry.example.as_bytes())]);
        let run = asi(&["synth", "--format", "json"], files);
        assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""), "{}", entry.kind);
        golden(&format!("constructs/{}.json", entry.kind), &run.out);
    }
}

#[test]
fn every_example_shows_its_construct() {
    for entry in CATALOGUE {
        assert!(entry.example.contains(&format!("type: {}", entry.kind)), "{}", entry.kind);
    }
}

#[test]
fn synthesizing_twice_gives_the_same_bytes() {
    for entry in CATALOGUE {
        let run = || asi(&["synth"], MemoryFiles::with([("asi.yaml", entry.example.as_bytes())])).out;
        assert_eq!(run(), run(), "{}", entry.kind);
    }
}

#[test]
fn nothing_is_found_in_any_way_to_deploy_a_service() {
    for kind in [
        "FargateService, network: net",
        "Ec2Service, memory: 1GB",
        "Ec2Service, memory: 1GB, networkMode: awsvpc",
    ] {
        for behind in ["", ", behind: {balancer: front, paths: [/a/*], priority: 10}"] {
            for strategy in ["rolling", "blueGreen, preview: x-preview", "linear", "canary"] {
                let text = format!(
                    "app: shop\nconstructs:\n  net: {{type: Network}}\n  cluster: {{type: Ec2Cluster, network: net}}\n  \
                     front: {{type: LoadBalancer, network: net}}\n  web: {{type: {kind}, cluster: cluster, \
                     image: public.ecr.aws/nginx/nginx:1.29.1, port: 80, \
                     deployment: {{strategy: {strategy}, watch: {{errors: 10}}}}{behind}}}\n"
                );
                let run = asi(&["synth"], MemoryFiles::with([("asi.yaml", text.as_bytes())]));
                assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""), "{text}");
            }
        }
    }
}

#[test]
fn everything_is_documented() {
    fn check(place: &str, fields: &[Field]) {
        for field in fields {
            let place = format!("{place}.{}", field.key);
            assert!(!field.docs.trim().is_empty(), "{place} has no documentation");
            if let Shape::Choice(choices) = &field.shape {
                assert!(
                    choices.iter().all(|it| !it.docs.trim().is_empty()),
                    "{place} has a choice without a meaning"
                );
            }
            check(&place, field.shape.fields());
        }
    }
    for entry in CATALOGUE {
        assert!(!entry.docs.trim().is_empty(), "{} has no documentation", entry.kind);
        check(entry.kind, (entry.shape)().fields());
        for export in entry.exports {
            assert!(!export.docs.trim().is_empty(), "{}.{} has no documentation", entry.kind, export.name);
        }
    }
}

#[test]
fn the_catalogue_is_sorted() {
    assert!(CATALOGUE.is_sorted_by_key(|it| it.kind));
}

/// Whether AWS takes the values is another matter; that it has such resources and properties is this one.
#[test]
fn every_resource_and_property_is_known_to_aws() {
    for entry in CATALOGUE {
        let template = template(entry.example, &[]);
        for (id, resource) in template["Resources"].as_object().unwrap() {
            let kind = resource["Type"].as_str().unwrap();
            let schema =
                asi_schemas::find(kind).unwrap_or_else(|| panic!("{}: AWS has no {kind}", entry.kind));
            let schema: Value = serde_json::from_str(&schema).unwrap();
            for property in resource["Properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
                assert!(schema["properties"][property].is_object(), "{}: {id} has no {property}", entry.kind);
                let read_only = schema["readOnlyProperties"].as_array().into_iter().flatten();
                let pointer = format!("/properties/{property}");
                assert!(
                    read_only.into_iter().all(|it| *it != pointer),
                    "{}: {id} cannot set {property}",
                    entry.kind
                );
            }
            for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(!resource["Properties"][required].is_null(), "{}: {id} lacks {required}", entry.kind);
            }
        }
    }
}

/// The CDK sorts the properties of a resource by name, and so do we, or a take-over would show differences.
#[test]
fn properties_are_in_alphabetical_order() {
    for entry in CATALOGUE {
        let template = template(entry.example, &[]);
        for (id, resource) in template["Resources"].as_object().unwrap() {
            let keys: Vec<&String> =
                resource["Properties"].as_object().map(|it| it.keys().collect()).unwrap_or_default();
            assert!(keys.is_sorted(), "{}: {id} has {keys:?}", entry.kind);
        }
    }
}

/// Nothing a construct makes has a name that a second copy of the stack in one account would need too.
#[test]
fn nothing_is_bound_to_one_account_or_region() {
    fn check(example: &str, value: &Value) {
        match value {
            // What the user names is his to name.
            Value::String(text) if !example.contains(text.as_str()) => {
                let is_account = |it: &str| it.len() == 12 && it.bytes().all(|it| it.is_ascii_digit());
                assert!(!text.split([':', '/', '-']).any(is_account), "an account: {text}");
                let is_region = |it: &&str| text.contains(*it);
                assert_eq!(
                    ["us-east-1", "eu-west-1", "us-west-2"].iter().find(|it| is_region(it)),
                    None,
                    "a region: {text}"
                );
                assert!(!text.starts_with("arn:aws:"), "a partition: {text}");
            }
            Value::Array(items) => items.iter().for_each(|it| check(example, it)),
            Value::Object(map) => map.values().for_each(|it| check(example, it)),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => (),
        }
    }
    for entry in CATALOGUE {
        check(entry.example, &template(entry.example, &[]));
    }
}
