//! The fifth system: what its authors promised, checked on the templates of `examples/citrusbyte`.
//!
//! Each test is named after its acceptance check. All 27 can be read off the templates, so that none is left out.
//! Where a template takes something from another, they are read as one, with the imports replaced by what is exported.

mod first;
mod network;
mod second;

use std::{collections::BTreeSet, sync::LazyLock};

use crate::support::{
    query::{Query, Resource, joined, many},
    read, template,
};
use serde_json::{Value, json};

const FILE: &str = "examples/citrusbyte/asi.yaml";

/// The templates of the app, each with the name of its stack.
type App = Vec<(String, Value)>;

/// The app as it stands in the example.
static APP: LazyLock<App> = LazyLock::new(|| synthesize(&read(FILE)));

fn synthesize(text: &str) -> App {
    let stacks = ["infra", "app", "appv2", "eks"].map(|it| format!("citrus-{it}"));
    let stacks = stacks.into_iter().filter(|it| text.contains(&format!("\n  {}:\n", &it["citrus-".len()..])));
    stacks.map(|it| (it.clone(), template(text, &[&it]))).collect()
}

/// The text of the example with some lines changed.
#[track_caller]
fn changed(changes: &[(&str, &str)]) -> String {
    let mut text = read(FILE);
    for (old, new) in changes {
        assert!(text.contains(old), "the example has no `{old}`");
        text = text.replace(old, new);
    }
    text
}

/// One stack of the app with some lines changed, with what it imports.
#[track_caller]
fn with(stack: &str, changes: &[(&str, &str)]) -> Value {
    joined(stack, &synthesize(&changed(changes)))
}

/// The template of one stack.
#[track_caller]
fn of<'a>(app: &'a App, stack: &str) -> &'a Value {
    &app.iter().find(|it| it.0 == stack).unwrap().1
}

fn infra() -> &'static Value {
    of(&APP, "citrus-infra")
}

/// The first version, with the network it runs in.
fn v1() -> Value {
    joined("citrus-app", &APP)
}

/// The second version, with the network it runs in.
fn v2() -> Value {
    joined("citrus-appv2", &APP)
}

fn subnets<'a>(query: &Query<'a>, public: bool) -> Vec<Resource<'a>> {
    query.of("AWS::EC2::Subnet").into_iter().filter(|it| query.is_public(it.id) == public).collect()
}

fn ids<'a>(resources: &[Resource<'a>]) -> BTreeSet<&'a str> {
    resources.iter().map(|it| it.id).collect()
}

/// The ways of a route table: where to, and through what.
fn ways(query: &Query<'_>, table: &str) -> BTreeSet<(String, String)> {
    let way = |route: &Resource<'_>| {
        let gateway =
            [route.get("GatewayId"), route.get("NatGatewayId")].into_iter().find(|it| !it.is_null());
        let kind = query.target(gateway.expect("a route leads somewhere")).kind();
        (route.get("DestinationCidrBlock").as_str().unwrap().to_owned(), kind.to_owned())
    };
    let routes = query.routes(table);
    let found: BTreeSet<_> = routes.iter().map(way).collect();
    assert_eq!(found.len(), routes.len(), "no route stands twice");
    found
}

fn group_of_instances<'a>(query: &Query<'a>) -> Resource<'a> {
    query.target(&launch_data(query)["NetworkInterfaces"][0]["Groups"][0])
}

fn group_of_balancer<'a>(query: &Query<'a>) -> Resource<'a> {
    query.target(&query.only("AWS::ElasticLoadBalancingV2::LoadBalancer").get("SecurityGroups")[0])
}

fn launch_data<'a>(query: &Query<'a>) -> &'a Value {
    query.only("AWS::EC2::LaunchTemplate").get("LaunchTemplateData")
}

fn container(query: &Query<'_>) -> Value {
    let containers = many(query.only("AWS::ECS::TaskDefinition").get("ContainerDefinitions"));
    assert_eq!(containers.len(), 1);
    containers[0].clone()
}

fn size<'a>(query: &Query<'a>) -> [&'a Value; 3] {
    let group = query.only("AWS::AutoScaling::AutoScalingGroup");
    ["MinSize", "MaxSize", "DesiredCapacity"].map(|it| group.get(it))
}

/// All objects in a value, itself among them.
fn objects(value: &Value) -> Vec<&serde_json::Map<String, Value>> {
    match value {
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        Value::Object(map) => [map].into_iter().chain(map.values().flat_map(objects)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// The names that a template imports.
fn imported(template: &Value) -> BTreeSet<String> {
    let names = objects(template).into_iter().filter_map(|it| it.get("Fn::ImportValue"));
    names.map(|it| it.as_str().expect("a name that is known").to_owned()).collect()
}

/// The names that a template exports.
fn exported(template: &Value) -> Vec<String> {
    let outputs = template["Outputs"].as_object().into_iter().flatten();
    let names = outputs.map(|it| &it.1["Export"]["Name"]).filter(|it| !it.is_null());
    names.map(|it| it.as_str().or_else(|| it["Fn::Sub"].as_str()).expect("a name").to_owned()).collect()
}

/// The resources that differ between two templates.
fn differing(one: &Value, other: &Value) -> BTreeSet<String> {
    let ids = [one, other].into_iter().flat_map(|it| it["Resources"].as_object().unwrap().keys());
    ids.filter(|id| one["Resources"][id.as_str()] != other["Resources"][id.as_str()]).cloned().collect()
}

/// What lets anybody in.
fn is_world(rule: &Value) -> bool {
    rule["CidrIp"] == "0.0.0.0/0" || rule["CidrIpv6"] == "::/0"
}

/// The template of a stack of an environment.
fn template_of(stack: &str) -> Value {
    template(&read(FILE), &[stack])
}

/// Checks that a name of the zone is an alias of the only load balancer.
#[track_caller]
fn leads(template: &Value, name: &str) {
    let query = Query::new(template);
    let record = query.only("AWS::Route53::RecordSet");
    assert_eq!((record.get("Type"), record.get("HostedZoneName")), (&json!("A"), &json!("example.com.")));
    assert_eq!(record.get("Name").as_str().unwrap().trim_end_matches('.'), name);
    let balancer = query.only("AWS::ElasticLoadBalancingV2::LoadBalancer");
    assert_eq!(query.target(&record.get("AliasTarget")["DNSName"]).id, balancer.id);
    assert_eq!(
        record.get("AliasTarget")["HostedZoneId"],
        json!({"Fn::GetAtt": [balancer.id, "CanonicalHostedZoneID"]})
    );
}
