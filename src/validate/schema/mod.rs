//! Holds the properties of a resource to the schema of its type.
//!
//! The schemas are evaluated by the `jsonschema` crate over [`Value`]s, so that every fault is at the node that
//! has it. What CloudFormation does otherwise than JSON Schema, and what a schema means for a value that is not
//! known, is in [`keywords`]; the words for what is found, in [`faults`].
//!
//! Of a schema only that is read and compiled which the template uses: [`usage`] tells what that is, [`excerpt`] reads
//! it, and [`types`] keeps it for the templates that follow.

mod compiled;
mod excerpt;
mod faults;
mod format;
mod instance;
mod joins;
mod keywords;
mod pattern;
mod prepare;
mod references;
mod rules;
mod tags;
mod types;
mod usage;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use self::usage::usage;
pub(super) use self::{
    excerpt::{parse, value},
    types::{MoreAttributes, Path, TypeSchema, find},
};
use super::{
    document::{Document, Resource},
    report::{Found, Place, Report},
    rules::packaged::may_be_file,
    value::Value,
};

/// Holds every resource to the schema of its type.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let types =
        usage(document).into_iter().filter_map(|(name, used)| Some((name, Type::of(name, &used, document)?)));
    let types: BTreeMap<&str, Type> = types.collect();
    for resource in document.resources.values() {
        let known = types.get(types::schema_name(resource.type_name));
        let Some(schema) = type_schema(document, resource, known, report) else { continue };
        check_lifecycle(resource, schema, report);
        check_resource(document, resource, schema, report);
    }
    joins::check(document, report);
}

/// What a template has to know of a type.
struct Type {
    /// Its schema, as far as the template uses it.
    schema: Arc<TypeSchema>,
    /// Whether the region of the template is one that does not have it.
    is_missing: bool,
}

impl Type {
    fn of(name: &str, used: &BTreeSet<&str>, document: &Document<'_>) -> Option<Self> {
        let schema = types::find_using(name, used)?;
        let is_missing = document.region.is_some_and(|it| asi_schemas::is_available(name, it) == Some(false));
        Some(Self { schema, is_missing })
    }
}

/// The schema of a resource's type; if it has none, that is reported where it is a fault.
fn type_schema<'s, 't>(
    document: &Document<'t>,
    resource: &Resource<'t>,
    known: Option<&'s Type>,
    report: &mut Report<'t>,
) -> Option<&'s TypeSchema> {
    let name = resource.type_name;
    let place = || resource.node.get("Type").unwrap_or(resource.node);
    if let Some(Type { schema, is_missing }) = known {
        if let Some(region) = document.region.filter(|_| *is_missing) {
            let message = format!("`{name}` is not available in `{region}`");
            let mut found = Found::error("E3006", place(), message);
            let regions: Vec<&str> = asi_schemas::regions(name).collect();
            if !regions.is_empty() && regions.len() <= 6 {
                found = found.help(format!("deploy it to {}", one_of(&regions)));
            }
            report.add(found);
        }
        return Some(schema);
    }
    // Third parties' types, modules, and what a transform makes something of are not in AWS's list.
    let is_aws = name.starts_with("AWS::") || name.starts_with("Alexa::");
    let is_module = name.ends_with("::MODULE");
    let is_transformed = document.is_open() && name.starts_with("AWS::Serverless::");
    let is_complete = name.split("::").count() == 3;
    if !name.is_empty() && !is_module && (!is_complete || is_aws && !is_transformed) && !is_macro(name) {
        let message = format!("there is no resource type `{name}`");
        report.add(Found::error("E3006", place(), message).suggest(name, types::similar(name)));
    }
    None
}

/// Whether a type's name is what only the account it is deployed to knows.
fn is_macro(name: &str) -> bool {
    name.starts_with("Custom::")
        || !(name.starts_with("AWS::") || name.starts_with("Alexa::")) && name.contains("::")
}

fn one_of(names: &[&str]) -> String {
    asi_constructs::kernel::diagnostic::one_of(names)
}

/// `E3710`, `W3696`, `W3697`: the service behind the type is closed, closing, or no longer developed.
fn check_lifecycle<'t>(resource: &Resource<'t>, schema: &TypeSchema, report: &mut Report<'t>) {
    let Some((status, date)) = schema.lifecycle() else { return };
    let place = resource.node.get("Type").unwrap_or(resource.node);
    let name = resource.type_name;
    let since = date.map(|it| format!(" on {it}")).unwrap_or_default();
    report.add(match status {
        types::Lifecycle::Shutdown => {
            Found::error("E3710", place, format!("the service of `{name}` was shut down{since}"))
                .help("take it out, or move to the service that AWS names in its place")
        }
        types::Lifecycle::Sunset => {
            Found::warning("W3696", place, format!("the service of `{name}` is being shut down{since}"))
                .help("plan the move to the service that AWS names in its place")
        }
        types::Lifecycle::Maintenance => {
            Found::warning("W3697", place, format!("the service of `{name}` takes no new customers{since}"))
                .help("do not build on it anew")
        }
    });
}

/// Holds the properties of a resource to its schema, in every scenario.
fn check_resource<'t>(
    document: &'t Document<'t>,
    resource: &Resource<'t>,
    schema: &TypeSchema,
    report: &mut Report<'t>,
) {
    let scenarios = document.scenarios(resource);
    if !scenarios.is_complete {
        let message = format!(
            "the conditions in `{}` can turn out in too many ways: {} of them were tried",
            resource.id,
            scenarios.list.len()
        );
        report.add(Found::info("conditions-sampled", Place::Holder(resource.node), message));
    }
    for scenario in &scenarios.list {
        let written = resource.properties.and_then(|it| Value::new(document, scenario, it));
        let left_out = resource.properties.filter(|_| written.is_none());
        // No properties are the same as an empty group of them.
        let properties = written.unwrap_or_else(|| Value::empty(document, scenario, resource.node));
        for (path, mut found) in faults::explain_as(properties, resource.type_name, schema.schema()) {
            if let Some(node) = left_out {
                found = found.and(Place::Value(node), "this leaves it without properties");
            }
            let is_file = found.code() == "E3012" && may_be_file(resource.type_name, path.as_str());
            if !is_file {
                report.add(found);
            }
        }
        rules::check(properties, types::schema_name(resource.type_name), schema.rules(), report);
        tags::check(properties, schema, report);
        check_read_only(properties, resource, schema, report);
    }
}

/// `E3040`: a property is set that only AWS sets.
fn check_read_only<'t>(
    properties: Value<'t>,
    resource: &Resource<'t>,
    schema: &TypeSchema,
    report: &mut Report<'t>,
) {
    // What AWS::Serverless takes is more than what there is of the resource it becomes.
    if resource.type_name.starts_with("AWS::Serverless::") {
        return;
    }
    // What can be written when the resource is made is not read-only then.
    for path in schema.read_only().iter().filter(|it| !schema.write_only().contains(it)) {
        let mut set = Vec::new();
        reach(properties, path, &mut set);
        for value in set {
            let name = path.join(".");
            let message = format!("`{name}` cannot be set: AWS gives it its value");
            let help = format!("take it out; `!GetAtt {}.{name}` reads it", resource.id);
            report.add(Found::error("E3040", Place::Holder(value.site), message).help(help));
        }
    }
}

/// The keys of a path such as `/Listeners/*/Protocol`.
fn keys(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(str::to_owned).collect()
}

/// The values at a path of keys, in which `*` stands for every item or entry.
fn reach<'t>(value: Value<'t>, path: &[String], found: &mut Vec<Value<'t>>) {
    match path.split_first() {
        None => found.push(value),
        Some((key, rest)) if key == "*" => {
            value.items().for_each(|it| reach(it, rest, found));
            value.entries().for_each(|(_, _, it)| reach(it, rest, found));
        }
        Some((key, rest)) => {
            if let Some(child) = value.get(key) {
                reach(child, rest, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use asi_constructs::kernel::{
        span::Sources,
        yaml::{self, Format},
    };

    use super::{
        super::{Options, known::Known},
        excerpt::Used,
        *,
    };

    /// The templates of the tests, each with its name.
    #[expect(clippy::disallowed_methods, reason = "a test reads the repository")]
    fn templates() -> impl Iterator<Item = (String, String)> {
        let folders = ["tests/templates/good", "tests/templates/bad", "snapshots/constructs"];
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = folders.into_iter().flat_map(move |it| fs::read_dir(root.join(it)).unwrap());
        files.filter_map(|it| {
            let path = it.unwrap().path();
            let is_template = path.extension().is_some_and(|it| it == "yaml" || it == "json");
            is_template.then(|| (path.display().to_string(), fs::read_to_string(&path).unwrap()))
        })
    }

    #[test]
    fn what_only_aws_sets_cannot_be_set_but_for_serverless() {
        let template = "Transform: AWS::Serverless-2016-10-31\nResources:\n  S: {Type: AWS::Serverless::StateMachine, \
                        Properties: {Name: a}}\n  T: {Type: AWS::SNS::Topic, Properties: {TopicArn: 'arn:aws:sns:us-east-1:123456789012:a'}}\n";
        let expected = "error E3040 Resources/T/Properties/TopicArn 4:43: `TopicArn` cannot be set: AWS gives it its \
                        value\n  take it out; `!GetAtt T.TopicArn` reads it\n";
        assert_eq!(super::super::testing::check(check, template), expected);
    }

    #[test]
    fn a_list_of_mappings_is_no_list_of_texts_that_a_function_gives() {
        let template = "Parameters: {P: {Type: String}}\nResources:\n  G:\n    Type: AWS::EC2::SecurityGroup\n    Properties:\n      \
                        GroupDescription: a\n      SecurityGroupIngress: !GetAZs ''\n      Tags: !Split [',', !Ref P]\n  \
                        B: {Type: AWS::ElasticLoadBalancing::LoadBalancer, Properties: {Listeners: !GetAtt G.Tags, \
                        AvailabilityZones: !GetAZs ''}}\n";
        let expected = "warning W1036 Resources/G/Properties/SecurityGroupIngress 7:29: `SecurityGroupIngress` takes \
                        mappings, and `!GetAZs` gives texts\n  write the items of `SecurityGroupIngress` out\n\
                        warning W1033 Resources/G/Properties/Tags 8:13: `Tags` takes mappings, and `!Split` gives \
                        texts\n  write the items of `Tags` out\n";
        assert_eq!(super::super::testing::check(check, template), expected);
    }

    #[test]
    fn an_empty_default_that_nobody_asks_for_is_worth_a_remark() {
        let with = |conditions: &str| {
            format!(
                "Parameters:\n  Subnet: {{Type: String, Default: ''}}\n{conditions}Resources:\n  \
                 E: {{Type: AWS::EC2::NetworkInterface, Properties: {{SubnetId: !Ref Subnet}}}}\n"
            )
        };
        let expected = "info W1030 Parameters/Subnet/Default 2:35: unless it is given, `Subnet` is empty, and cannot be \
                        used so\n  take the default out, and it has to be given\n";
        assert_eq!(super::super::testing::check(check, &with("")), expected);
        let asked = "Conditions:\n  HasSubnet: !Not [!Equals [!Ref Subnet, '']]\n";
        assert_eq!(super::super::testing::check(check, &with(asked)), "");
    }

    #[test]
    fn an_excerpt_says_of_a_template_what_the_whole_schema_says() {
        let mut wholes = BTreeMap::new();
        let mut count = 0;
        for (name, text) in templates() {
            let (root, _) =
                yaml::parse(&text, Sources::default().add(&name, text.as_str()), Format::of(&name));
            let Some(root) = root else { continue };
            let known = Known::new(&root, None);
            let options = Options::default();
            let document = Document::new(&root, &root, &known, &options);
            let (mut of_excerpt, mut of_whole) = (Report::default(), Report::default());
            let usage = usage(&document);
            for resource in document.resources.values() {
                let type_name = types::schema_name(resource.type_name);
                let Some(text) = asi_schemas::find(type_name) else { continue };
                let read = |used| TypeSchema::new(type_name, &text, used);
                let whole = wholes.entry(type_name.to_owned()).or_insert_with(|| read(Used::All));
                check_resource(&document, resource, &read(Used::Only(&usage[type_name])), &mut of_excerpt);
                check_resource(&document, resource, whole, &mut of_whole);
            }
            let of_whole = of_whole.finish(&document);
            count += of_whole.len();
            assert_eq!(of_excerpt.finish(&document), of_whole, "{name}");
        }
        assert!(count > 100, "{count} findings");
    }
}
