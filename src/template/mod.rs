//! A finished template: a document, each value with the place that caused it.

mod json;
mod patch;
mod yaml;

use asi_constructs::kernel::{id::LogicalId, node::Node};
use indexmap::IndexMap;

pub use json::Indent;
pub use patch::Operation;

/// A template, every reference resolved.
#[derive(Clone, Debug)]
pub struct Template {
    /// The document as CloudFormation reads it. Its values carry the span of the text that caused them.
    pub body: Node,
    /// The construct that made each resource, by its path below the stack.
    pub paths: IndexMap<LogicalId, String>,
}

impl Template {
    /// As YAML, the way a person would have written it.
    pub fn to_yaml(&self) -> String {
        yaml::write(&self.body)
    }

    /// As JSON.
    pub fn to_json(&self, indent: Indent) -> String {
        json::write(&self.body, indent)
    }
}
