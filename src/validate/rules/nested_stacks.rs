//! Nested stacks whose templates are files: whether they get the parameters they have.

use std::collections::BTreeSet;

use asi_constructs::kernel::{map::Map, node::Node};

use super::{
    super::{
        document::{Document, Resource, section},
        report::{Found, Place, Report},
        value::Value,
    },
    packaged::is_file,
};

/// The types whose resources are stacks, and the property that names the template of one.
const STACKS: [(&str, &str); 2] =
    [("AWS::CloudFormation::Stack", "TemplateURL"), ("AWS::Serverless::Application", "Location")];

/// `E3043`: a parameter that the nested template does not have, or one it needs and is not given. CloudFormation:
/// "Parameters: [X] do not exist in the template", "Parameters: [X] must have values".
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (type_name, property) in STACKS {
        for resource in document.of_type(type_name) {
            for properties in document.views(resource) {
                let Some(path) = path(resource, properties, property) else { continue };
                if let Some(template) = document.nested.get(&path) {
                    check_stack(&path, section(template, "Parameters"), properties, report);
                }
            }
        }
    }
}

fn check_stack<'t>(path: &str, wanted: &Map<Node>, properties: Value<'t>, report: &mut Report<'t>) {
    let given = properties.get("Parameters");
    if given.is_some_and(|it| !it.is_known()) {
        return;
    }
    for (name, ..) in given.iter().flat_map(Value::entries).filter(|(name, ..)| !wanted.contains_key(*name)) {
        let place = given.map_or(Place::Value(properties.site), |it| it.key(name));
        let found = Found::error("E3043", place, format!("`{path}` has no parameter `{name}`"));
        report.add(found.suggest(name, wanted.keys().map(|it| &**it)));
    }
    let is_given = |name: &str| given.is_some_and(|it| it.get(name).is_some());
    let needed = wanted.iter().filter(|(name, it)| it.value.get("Default").is_none() && !is_given(name));
    let missing: Vec<String> = needed.map(|(name, _)| format!("`{name}`")).collect();
    if !missing.is_empty() {
        let place = given.map_or_else(|| properties.holder(), |it| it.holder());
        let message = format!("`{path}` needs a value for {}", missing.join(", "));
        report.add(Found::error("E3043", place, message).help("pass it, or give it a `Default` there"));
    }
}

/// The file that a stack is made from. The CDK writes it into the metadata, beside an address of its bucket.
fn path(resource: &Resource<'_>, properties: Value<'_>, property: &str) -> Option<String> {
    let metadata = resource.node.get("Metadata");
    let entry = |key: &str| metadata?.get(key)?.as_str();
    match entry("aws:asset:property") {
        Some(it) if it == property => entry("aws:asset:path").map(str::to_owned),
        _ => properties.get(property)?.text().filter(|it| is_file(it)).map(Into::into),
    }
}

/// The files that `template` may name as those of nested stacks.
pub(in super::super) fn paths(template: &Node) -> BTreeSet<&str> {
    let mut paths = BTreeSet::new();
    for resource in section(template, "Resources").values().map(|it| &it.value) {
        let type_name = resource.get("Type").and_then(Node::as_str);
        let Some((_, property)) = STACKS.into_iter().find(|(it, _)| Some(*it) == type_name) else { continue };
        if let Some(value) = resource.get("Properties").and_then(|it| it.get(property)) {
            texts(value, &mut paths);
        }
        paths.extend(resource.get("Metadata").and_then(|it| it.get("aws:asset:path")).and_then(Node::as_str));
    }
    paths.retain(|it| is_file(it));
    paths
}

fn texts<'t>(node: &'t Node, found: &mut BTreeSet<&'t str>) {
    found.extend(node.as_str());
    node.children().for_each(|it| texts(it, found));
}

#[cfg(test)]
mod tests {
    use super::super::super::{
        Options,
        testing::{check_with, parsed},
    };

    const NESTED: &str = "Parameters:\n  One: {Type: String}\n  Two: {Type: String, Default: b}\n";

    fn check(properties: &str) -> String {
        let options =
            Options { nested: [("./n.yaml".to_owned(), parsed(NESTED))].into(), ..Options::default() };
        let template = format!(
            "Conditions: {{C: !Equals [!Ref 'AWS::Region', a]}}\nResources:\n  S:\n    Type: \
             AWS::CloudFormation::Stack\n    Properties: {{{properties}}}\n"
        );
        check_with(&options, super::check, &template)
    }

    #[test]
    fn a_stack_gets_what_it_has() {
        assert_eq!(check("TemplateURL: ./n.yaml, Parameters: {One: a}"), "");
        assert_eq!(check("TemplateURL: ./other.yaml"), "");
        assert_eq!(check("TemplateURL: 'https://s3/n.yaml', Parameters: {Three: a}"), "");
        let expected = "error E3043 Resources/S/Properties 5:5: `./n.yaml` needs a value for `One`\n  pass it, or give it \
                        a `Default` there\n";
        assert_eq!(check("TemplateURL: ./n.yaml"), expected);
    }

    #[test]
    fn each_branch_gives_parameters() {
        let expected = "error E3043 Resources/S/Properties/Parameters/Fn::If/2 5:71: `./n.yaml` needs a value for `One`\n  \
                        pass it, or give it a `Default` there\n\
                        error E3043 Resources/S/Properties/Parameters/Fn::If/2/Tow 5:72: `./n.yaml` has no parameter \
                        `Tow`\n  did you mean `Two`?\n";
        let found = check("TemplateURL: ./n.yaml, Parameters: !If [C, {One: a}, {Tow: b}]");
        assert_eq!(found, expected);
    }

    #[test]
    fn the_cdk_names_the_file_beside_it() {
        let template = parsed(
            "Resources:\n  A:\n    Type: AWS::CloudFormation::Stack\n    Metadata: {'aws:asset:path': a.json, \
             'aws:asset:property': TemplateURL}\n    Properties: {TemplateURL: !Join ['', ['https://', b]]}\n",
        );
        assert!(super::paths(&template).contains("a.json"));
    }
}
