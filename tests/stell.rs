//! The fourth system: what its author promised and wished for, checked on the templates of
//! `examples/pipeline-mini-project`.
//!
//! Each test is named after its acceptance check. All 27 can be read off the templates, so that none is left out.

mod pipeline;
mod service;
mod whole;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{
    query::{Query, Resource, many},
    read, template,
};

const ENVIRONMENTS: [&str; 3] = ["dev", "stage", "prod"];

fn file() -> String {
    read("examples/pipeline-mini-project/asi.yaml")
}

fn environment(name: &str) -> Value {
    template(&file(), &["-e", name])
}

fn dev() -> Value {
    environment("dev")
}

/// The file with some lines changed.
#[track_caller]
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(file(), |text, (old, new)| {
        assert!(text.contains(old), "the example has no `{old}`");
        text.replace(old, new)
    })
}

#[track_caller]
fn with(changes: &[(&str, &str)]) -> Value {
    template(&changed(changes), &["-e", "dev"])
}

/// The subnets that the file says are there for tasks in public ones.
fn public() -> Value {
    let ranges = "public: [10.0.2.0/24, 10.0.3.0/24]\n      private: [10.0.1.0/24, 10.0.4.0/24]".to_owned();
    let said = |line: &str| {
        assert!(file().contains(&format!("  #   {line}")), "the file no longer says `{line}`");
        format!("    {line}\n")
    };
    let lines = [
        said("zones: 3"),
        said("nat: none"),
        said("subnets: {public: [10.0.1.0/24, 10.0.2.0/24, 10.0.3.0/24], private: []}"),
    ]
    .concat();
    let own = format!("    zones: 2\n    nat: single\n    subnets:\n      {ranges}\n");
    let text = changed(&[(&own, &lines), ("      net: {nat: perZone}\n", "")]);
    template(&text, &["-e", "dev"])
}

fn balancer<'a>(query: &Query<'a>) -> Resource<'a> {
    query.only("AWS::ElasticLoadBalancingV2::LoadBalancer")
}

fn awsvpc<'a>(query: &Query<'a>) -> &'a Value {
    query.only("AWS::ECS::Service").get("NetworkConfiguration.AwsvpcConfiguration")
}

/// A property of each of the subnets that a list names.
fn of_subnets(query: &Query<'_>, list: &Value, property: &str) -> BTreeSet<String> {
    let subnets = query.targets(list).into_iter().map(|it| query.by_id(it));
    subnets.map(|it| it.get(property).to_string().replace('"', "")).collect()
}

fn set(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|it| (*it).to_owned()).collect()
}

fn container<'a>(query: &Query<'a>) -> &'a Value {
    let containers = query.only("AWS::ECS::TaskDefinition").get("ContainerDefinitions");
    assert_eq!(containers.as_array().unwrap().len(), 1);
    &containers[0]
}

fn stages<'a>(query: &Query<'a>) -> &'a [Value] {
    query.only("AWS::CodePipeline::Pipeline").get("Stages").as_array().unwrap()
}

fn stage_names(query: &Query<'_>) -> Vec<String> {
    stages(query).iter().map(|it| it["Name"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn stage<'a>(query: &Query<'a>, name: &str) -> &'a Value {
    stages(query).iter().find(|it| it["Name"] == name).unwrap_or_else(|| panic!("no stage {name}"))
}

/// The project that the only action of a stage runs.
fn project<'a>(query: &Query<'a>, name: &str) -> Resource<'a> {
    query.target(&stage(query, name)["Actions"][0]["Configuration"]["ProjectName"])
}

/// The value of a variable of a project.
#[track_caller]
fn variable<'a>(project: Resource<'a>, name: &str) -> &'a Value {
    let variables = project.get("Environment.EnvironmentVariables").as_array().unwrap();
    &variables.iter().find(|it| it["Name"] == name).unwrap_or_else(|| panic!("no variable {name}"))["Value"]
}

fn actions(statement: &Value) -> Vec<String> {
    many(&statement["Action"]).iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// The service that takes a role.
fn trusted(role: Resource<'_>) -> Vec<Value> {
    let trust = many(role.get("AssumeRolePolicyDocument.Statement"));
    trust.iter().map(|it| it["Principal"].clone()).collect()
}
