//! The connections to source code that stacks need.

use std::collections::BTreeSet;

use asi_constructs::kernel::node::Node;

use super::Deployable;
use crate::world::cloudformation::DeployedStack;

/// The connections to source code that stacks name, in their templates or by the values of their parameters.
pub(super) fn connections(stacks: &[&Deployable], deployed: &[DeployedStack]) -> BTreeSet<String> {
    fn collect(node: &Node, found: &mut BTreeSet<String>) {
        found.extend(node.as_str().filter(|it| is_connection(it)).map(str::to_owned));
        node.children().for_each(|it| collect(it, found));
    }
    let mut found = BTreeSet::new();
    stacks.iter().for_each(|it| collect(&it.template.body, &mut found));
    let values = deployed.iter().flat_map(|it| it.parameters.values());
    found.extend(values.filter(|it| is_connection(it)).cloned());
    found
}

fn is_connection(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    matches!(
        parts.as_slice(),
        ["arn", _, "codeconnections" | "codestar-connections", _, _, name] if name.starts_with("connection/")
    )
}
