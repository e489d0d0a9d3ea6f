//! How a template gets to CloudFormation.

use asi_constructs::kernel::node::Node;

use crate::template::{Indent, Template};

/// The largest template that can be sent along with a call, in bytes: `TemplateBody` in the API Reference.
pub const LARGEST_BODY: usize = 51_200;

/// The largest template there can be, in bytes: `TemplateURL` in the API Reference.
pub const LARGEST_TEMPLATE: usize = 1_000_000;

/// How a template gets to CloudFormation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Along with the call.
    Inline(String),
    /// By way of a bucket, from which CloudFormation reads it.
    Bucket(String),
}

/// The shortest way for a template: as people read it, if that is short enough to be sent along; else without
/// spaces, if that is; else by way of a bucket.
pub fn body(template: &Template) -> Body {
    let readable = template.to_yaml();
    if readable.len() <= LARGEST_BODY {
        return Body::Inline(readable);
    }
    let dense = template.to_json(Indent::Dense);
    if dense.len() <= LARGEST_BODY { Body::Inline(dense) } else { Body::Bucket(dense) }
}

/// What a template may do that has to be said, so that nobody deploys it unaware: from "Capabilities" of
/// `CreateChangeSet` in the API Reference.
pub fn capabilities(template: &Node) -> Vec<String> {
    let resources = template.get("Resources").and_then(Node::as_map).into_iter().flatten();
    let types: Vec<&str> =
        resources.filter_map(|(_, it)| it.value.get("Type").and_then(Node::as_str)).collect();
    let nests = types.contains(&"AWS::CloudFormation::Stack");
    let has_identities = nests || types.iter().any(|it| it.starts_with("AWS::IAM::"));
    let expands = nests || template.get("Transform").is_some() || has_transform(template);
    let mut capabilities = Vec::new();
    if has_identities {
        capabilities.extend(["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]);
    }
    if expands {
        capabilities.push("CAPABILITY_AUTO_EXPAND");
    }
    capabilities.into_iter().map(ToOwned::to_owned).collect()
}

fn has_transform(node: &Node) -> bool {
    node.get("Fn::Transform").is_some() || node.children().any(has_transform)
}

/// Whether CloudFormation looks values up by itself when it deploys a template: these may have changed since. What the CDK
/// marks as of no interest to a deployment is left out.
pub fn looks_up(template: &Node) -> bool {
    let parameters = template.get("Parameters").and_then(Node::as_map).into_iter().flatten();
    let is_looked_up = |it: &Node| {
        let text = |key: &str| it.get(key).and_then(Node::as_str).unwrap_or_default();
        text("Type").starts_with("AWS::SSM::Parameter::Value") && !text("Description").contains("[cdk:skip]")
    };
    // What is included, and what a macro makes, may be another one, too.
    let expands = template.get("Transform").is_some() || has_transform(template);
    expands || parameters.map(|(_, it)| &it.value).any(is_looked_up) || has_dynamic_reference(template)
}

fn has_dynamic_reference(node: &Node) -> bool {
    let is_here = node.as_str().is_some_and(|it| it.contains("{{resolve:ssm:"));
    is_here || node.children().any(has_dynamic_reference)
}
