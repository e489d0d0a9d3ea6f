//! The resources of some templates, and what their properties refer to, across stacks too.

use std::{borrow::Cow, collections::BTreeMap};

use asi_constructs::kernel::{id::LogicalId, node::Node};
use indexmap::IndexMap;

use super::Member;

/// A stack to draw.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// Its name, as CloudFormation knows it.
    pub name: String,
    /// Its name among the stacks of the app, if that is made of several.
    pub part: Option<String>,
    /// Its template.
    pub template: &'a Node,
    /// The path of what made each resource, by logical id.
    pub paths: IndexMap<LogicalId, String>,
    /// The constructs of the stack file, in the order written; nothing is known of what is not in
    /// here but its path.
    pub constructs: IndexMap<String, Construct<'a>>,
}

/// A construct as the stack file has it.
#[derive(Clone, Debug)]
pub struct Construct<'a> {
    /// Its kind.
    pub kind: String,
    /// What is written under its name.
    pub properties: &'a Node,
}

/// Resources, by their positions.
#[derive(Debug)]
pub(super) struct Inventory<'a> {
    pub sources: &'a [Source<'a>],
    pub resources: Vec<Resource<'a>>,
    ids: BTreeMap<(usize, &'a str), usize>,
    exports: BTreeMap<&'a str, (usize, &'a Node)>,
}

/// A resource of one of the templates.
#[derive(Debug)]
pub(super) struct Resource<'a> {
    pub stack: usize,
    pub id: &'a str,
    /// The path of what made it, below the stack.
    pub path: Cow<'a, str>,
    pub kind: &'a str,
    properties: Option<&'a Node>,
}

impl<'a> Resource<'a> {
    /// What is at the end of these keys in its properties.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&'a Node> {
        keys.iter().try_fold(self.properties?, |node, key| node.get(key))
    }

    /// All its properties.
    pub(super) fn properties(&self) -> Option<&'a Node> {
        self.properties
    }

    /// The items of a list among its properties.
    pub(super) fn list(&self, key: &str) -> &'a [Node] {
        self.get(&[key]).and_then(Node::as_list).unwrap_or_default()
    }

    /// The text of a property, if it is a scalar.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        text(self.get(&[key])?)
    }
}

impl<'a> Inventory<'a> {
    pub(super) fn new(sources: &'a [Source<'a>]) -> Self {
        let mut all = Self { sources, resources: Vec::new(), ids: BTreeMap::new(), exports: BTreeMap::new() };
        for (stack, source) in sources.iter().enumerate() {
            let resources = source.template.get("Resources").and_then(Node::as_map);
            for (id, entry) in resources.into_iter().flatten() {
                // A loop has no type, and nobody knows yet what it makes.
                let Some(kind) = entry.value.get("Type").and_then(Node::as_str) else { continue };
                all.ids.insert((stack, id), all.resources.len());
                let known = LogicalId::checked(id).ok().and_then(|it| source.paths.get(&it));
                let path =
                    known.map_or_else(|| path_in_metadata(&entry.value, id), |it| without_end(it).into());
                let properties = entry.value.get("Properties");
                all.resources.push(Resource { stack, id, path, kind, properties });
            }
            let outputs = source.template.get("Outputs").and_then(Node::as_map);
            for output in outputs.into_iter().flat_map(|it| it.values()) {
                let name = output.value.get("Export").and_then(|it| it.get("Name")?.as_str());
                if let (Some(name), Some(value)) = (name, output.value.get("Value")) {
                    all.exports.insert(name, (stack, value));
                }
            }
        }
        all
    }

    /// A resource as the picture names it.
    pub(super) fn member(&self, resource: usize) -> Member {
        let Resource { stack, id, .. } = self.resources[resource];
        Member { stack: self.sources[stack].name.clone(), id: id.to_owned() }
    }

    /// The positions of the resources that a value in a template of `stack` refers to, each once, in order.
    pub(super) fn targets(&self, stack: usize, node: &'a Node) -> Vec<usize> {
        let mut found = Vec::new();
        self.collect(stack, node, 0, &mut found);
        found
    }

    /// The same of a property of a resource.
    pub(super) fn targets_at(&self, resource: &Resource<'a>, keys: &[&str]) -> Vec<usize> {
        resource.get(keys).map_or_else(Vec::new, |it| self.targets(resource.stack, it))
    }

    /// The first of them that is of this type.
    pub(super) fn target_of(&self, resource: &Resource<'a>, keys: &[&str], kind: &str) -> Option<usize> {
        self.targets_at(resource, keys).into_iter().find(|it| self.resources[*it].kind == kind)
    }

    /// The group of instances that a service on ECS runs on, if it does.
    pub(super) fn instances_of(&self, service: &Resource<'a>) -> Option<usize> {
        let provider =
            self.target_of(service, &["CapacityProviderStrategy"], "AWS::ECS::CapacityProvider")?;
        let group = &["AutoScalingGroupProvider", "AutoScalingGroupArn"];
        self.target_of(&self.resources[provider], group, "AWS::AutoScaling::AutoScalingGroup")
    }

    /// The resources of a type.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = (usize, &Resource<'a>)> {
        let all = self.resources.iter().enumerate();
        all.filter(move |(_, it)| it.kind == kind)
    }

    /// What a value that leads to no resource says, as a stack file would have it.
    pub(super) fn literal(&self, node: &Node) -> Option<String> {
        match node.as_single() {
            Some(("Ref", name)) => Some(format!("${{param.{}}}", name.as_str()?)),
            Some(("Fn::ImportValue", name)) => {
                let (_, value) = self.exports.get(name.as_str()?)?;
                // An export of an import is the same value in a third stack.
                if value.get("Fn::ImportValue").is_some() { None } else { self.literal(value) }
            }
            Some(("Fn::GetStackOutput", argument)) => {
                let (_, value) = self.output(argument)?;
                if value.get("Fn::GetStackOutput").is_some() { None } else { self.literal(value) }
            }
            _ => text(node),
        }
    }

    fn collect(&self, stack: usize, node: &'a Node, depth: usize, found: &mut Vec<usize>) {
        let mut see = |name: &str| {
            if let Some(at) = self.ids.get(&(stack, name)).filter(|it| !found.contains(it)) {
                found.push(*at);
            }
        };
        match node.as_single() {
            Some(("Ref", name)) => see(name.as_str().unwrap_or_default()),
            Some(("Fn::GetAtt", argument)) => {
                let name = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
                see(name.as_str().and_then(|it| it.split('.').next()).unwrap_or_default());
            }
            Some(("Fn::Sub", argument)) => {
                let text = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
                let parts = text.as_str().unwrap_or_default().split("${").skip(1);
                parts.filter_map(|it| it.split('}').next()?.split('.').next()).for_each(see);
                for variables in argument.as_list().into_iter().flatten().skip(1) {
                    self.collect(stack, variables, depth, found);
                }
            }
            // Exports may lead to imports; a circle of them does not deploy, and is not followed for ever.
            Some(("Fn::ImportValue", name)) if depth < 8 => {
                if let Some((stack, value)) = name.as_str().and_then(|it| self.exports.get(it)) {
                    self.collect(*stack, value, depth + 1, found);
                }
            }
            Some(("Fn::GetStackOutput", argument)) if depth < 8 => {
                if let Some((stack, value)) = self.output(argument) {
                    self.collect(stack, value, depth + 1, found);
                }
            }
            _ => node.children().for_each(|it| self.collect(stack, it, depth, found)),
        }
    }

    fn output(&self, argument: &Node) -> Option<(usize, &'a Node)> {
        let name = argument.get("StackName")?.as_str()?;
        let stack = self.sources.iter().position(|it| it.name == name)?;
        let outputs = self.sources[stack].template.get("Outputs")?;
        Some((stack, outputs.get(argument.get("OutputName")?.as_str()?)?.get("Value")?))
    }
}

/// A scalar as text.
pub(super) fn text(node: &Node) -> Option<String> {
    use asi_constructs::kernel::node::NodeKind;
    match &node.kind {
        NodeKind::String(it) => Some(it.to_string()),
        NodeKind::Integer(it) => Some(it.to_string()),
        NodeKind::Float(it) => Some(it.to_string()),
        NodeKind::Bool(it) => Some(it.to_string()),
        NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => None,
    }
}

/// The path the CDK writes beside a resource, without the stack; what has none is a construct of its own.
fn path_in_metadata<'a>(resource: &'a Node, id: &'a str) -> Cow<'a, str> {
    let path = resource.get("Metadata").and_then(|it| it.get("aws:cdk:path")?.as_str());
    let Some((_, path)) = path.and_then(|it| it.split_once('/')) else { return id.into() };
    without_end(path).into()
}

/// A path without the `Resource` at its end that only says that there is one.
fn without_end(path: &str) -> &str {
    path.strip_suffix("/Resource").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::testing::document;

    #[test]
    fn references_are_followed_through_exports() {
        let a = document(
            "Resources: {Uploads: {Type: AWS::S3::Bucket}}\n\
             Outputs: {Name: {Value: !Ref Uploads, Export: {Name: 'a:Name'}}}",
        );
        let b = document(
            "Resources:\n  One: {Type: AWS::SSM::Parameter, Properties: {Value: !ImportValue 'a:Name', Name: !Sub '${Two.Arn}'}}\n  \
             Two: {Type: AWS::SQS::Queue, Metadata: {aws:cdk:path: b/Work/Queue/Resource}}",
        );
        let source = |name: &str, template| Source {
            name: name.to_owned(),
            part: None,
            template,
            paths: IndexMap::new(),
            constructs: IndexMap::new(),
        };
        let sources = [source("a", &a), source("b", &b)];
        let inventory = Inventory::new(&sources);
        let paths: Vec<&str> = inventory.resources.iter().map(|it| &*it.path).collect();
        assert_eq!(paths, ["Uploads", "One", "Work/Queue"]);
        let one = &inventory.resources[1];
        assert_eq!(inventory.targets(1, one.properties().unwrap()), [0, 2]);
        assert_eq!(inventory.target_of(one, &["Name"], "AWS::SQS::Queue"), Some(2));
    }
}
