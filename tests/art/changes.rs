//! What changes with a line of the stack file, and what does not: a third service, another image, another environment.

use std::collections::{BTreeMap, BTreeSet};

use super::{FILE, Stacks, changed, service, services, staging, synthesize, with};
use crate::{
    reach,
    support::{asi, golden, query::Query, read, template},
};
use asi::world::MemoryFiles;
use serde_json::Value;
use similar::TextDiff;

/// The stack file with a third service, as the README of the example adds it: its repository, the tag of its image,
/// and itself.
fn with_a_third_service() -> String {
    const INDENT: &str = "      ";
    let readme = read("examples/art-service/README.md");
    let yaml = readme.split("```yaml\n").nth(1).and_then(|it| it.split("\n```").next()).expect("a service");
    let indented = |part: &str| format!("{INDENT}{}\n", part.replace('\n', &format!("\n{INDENT}")));
    let parts: Vec<String> = yaml.split("\n\n").map(indented).collect();
    let [repository, tag, service] = parts.as_slice() else { panic!("{parts:?}") };
    let places = ["      sourcing: {type: Repository", "      SourcingTag:", "    outputs:\n      Url:"];
    let lines = [repository, tag, service].map(String::as_str);
    let changes: Vec<(&str, String)> =
        places.into_iter().zip(lines).map(|(place, lines)| (place, format!("{lines}{place}"))).collect();
    changed(&changes.iter().map(|(old, new)| (*old, new.as_str())).collect::<Vec<_>>())
}

#[test]
fn art_24_a_third_service_adds_what_is_its_own_and_changes_nothing() {
    let before = staging();
    let text = with_a_third_service();
    let after = synthesize(&text, "staging");
    assert_eq!(before.bootstrap, after.bootstrap);
    let added = |before: &Value, after: &Value, section: &str| -> Vec<(String, Value)> {
        let entries = |it: &Value| it[section].as_object().cloned().unwrap_or_default();
        let (before, after) = (entries(before), entries(after));
        for (id, value) in &before {
            assert_eq!(after.get(id), Some(value), "{id} is as it was");
        }
        after.into_iter().filter(|(id, _)| !before.contains_key(id)).collect()
    };
    let kinds = |before: &Value, after: &Value| {
        let mut kinds: Vec<String> = added(before, after, "Resources")
            .into_iter()
            .map(|(_, it)| it["Type"].as_str().unwrap().to_owned())
            .collect();
        kinds.sort();
        kinds
    };
    assert_eq!(kinds(&before.registries, &after.registries), ["AWS::ECR::Repository"]);
    // The roles are those of the task: the one it runs with, and the one that pulls its image and writes its logs. The
    // way from the load balancer to the instances is there already.
    assert_eq!(
        kinds(&before.services, &after.services),
        [
            "AWS::ECS::Service",
            "AWS::ECS::TaskDefinition",
            "AWS::ElasticLoadBalancingV2::ListenerRule",
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            "AWS::IAM::Policy",
            "AWS::IAM::Role",
            "AWS::IAM::Role",
            "AWS::Logs::LogGroup",
        ]
    );
    let parameters = added(&before.services, &after.services, "Parameters");
    assert_eq!(parameters.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["ReviewingTag"]);
    assert_eq!(reach::faults(&after.services), [""; 0]);
    let yaml = |text: &str, stack: &str| {
        asi(&["synth", &format!("art-staging-{stack}")], MemoryFiles::with([("asi.yaml", text.as_bytes())]))
            .out
    };
    let difference = ["registries", "services"].map(|stack| {
        let (before, after) = (yaml(&read(FILE), stack), yaml(&text, stack));
        TextDiff::from_lines(&before, &after)
            .unified_diff()
            .context_radius(1)
            .header(stack, stack)
            .to_string()
    });
    golden("examples/art-third-service.diff", &difference.concat());
}

/// Where two values differ, as `Resources/Task/Properties/Image`.
fn differences(before: &Value, after: &Value) -> Vec<String> {
    fn walk(before: &Value, after: &Value, path: &str, found: &mut Vec<String>) {
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => {
                let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                for key in keys {
                    let get = |it: &serde_json::Map<String, Value>| it.get(key).cloned().unwrap_or_default();
                    walk(&get(old), &get(new), &format!("{path}/{key}"), found);
                }
            }
            (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
                for (at, (old, new)) in old.iter().zip(new).enumerate() {
                    walk(old, new, &format!("{path}/{at}"), found);
                }
            }
            _ if before != after => found.push(path.trim_start_matches('/').to_owned()),
            _ => (),
        }
    }
    let mut found = Vec::new();
    walk(before, after, "", &mut found);
    found
}

#[test]
fn another_tag_changes_the_image_of_its_task_and_nothing_else() {
    let tagged = |tag: &str| {
        let image = format!("image: registries.sourcing:{tag}");
        // Nobody would refer to the parameter.
        with(&[
            ("image: registries.sourcing:${param.SourcingTag}", &image),
            ("      SourcingTag: {default: \"1.0.0\"}\n", ""),
        ])
    };
    let (before, after) = (tagged("1.0.0"), tagged("1.0.1"));
    let query = Query::new(&before);
    let (_, definition, _) = service(&query, "sourcing");
    let image = format!("Resources/{}/Properties/ContainerDefinitions/0/Image", definition.id);
    let found = differences(&before, &after);
    assert!(found.len() == 1 && found[0].starts_with(&image), "{found:?}");
    assert!(service(&Query::new(&after), "sourcing").2["Image"].to_string().contains(":1.0.1"));
}

#[test]
fn another_default_of_the_tag_changes_the_default_and_nothing_else() {
    let after = with(&[("SourcingTag: {default: \"1.0.0\"}", "SourcingTag: {default: \"1.0.1\"}")]);
    assert_eq!(differences(&services(), &after), ["Parameters/SourcingTag/Default"]);
}

#[test]
fn environments_in_one_account_share_no_name() {
    let text = read(FILE);
    let mut names: BTreeMap<(String, String), String> = BTreeMap::new();
    let listed = asi(&["ls", "--json"], MemoryFiles::with([("asi.yaml", text.as_bytes())]));
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    let listed = listed["stacks"].as_array().unwrap();
    assert_eq!(listed.len(), 6);
    for stack in listed {
        let name = stack["name"].as_str().unwrap();
        let template = template(&text, &[name]);
        for resource in Query::new(&template).resources() {
            let keys =
                ["RepositoryName", "BucketName", "ClusterName", "ServiceName", "Name", "Family", "RoleName"];
            for own in keys.iter().filter_map(|it| resource.get(it).as_str()) {
                let place = (stack["account"].to_string(), format!("{} {own}", resource.kind()));
                let before = names.insert(place, name.to_owned());
                assert_eq!(before, None, "{own} is in {name}, too");
            }
        }
    }
    assert_eq!(names.len(), 14, "there are names that could be shared: {names:?}");
}

#[test]
fn the_readme_counts_lines_and_resources() {
    let text = read(FILE);
    let lines = text.lines().map(str::trim_start).filter(|it| !it.is_empty() && !it.starts_with('#')).count();
    let resources = |environment: &str| {
        let Stacks { bootstrap, registries, services } = synthesize(&text, environment);
        [bootstrap, registries, services].iter().map(|it| Query::new(it).resources().len()).sum::<usize>()
    };
    let expected = format!(
        "The {lines} lines of `asi.yaml` that are neither empty nor comments give {} resources in `staging`, and {} in `prod`.",
        resources("staging"),
        resources("prod")
    );
    assert!(read("examples/art-service/README.md").contains(&expected), "{expected}");
}
