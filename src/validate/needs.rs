//! What has to be there before a resource: what it refers to, and what it waits for by `DependsOn`.

use asi_constructs::kernel::node::Node;

use super::{
    document::{ById, Resource},
    substitution::{Part, parts},
    value::target,
};

/// For each resource, those it needs, each with the value that says so.
pub(super) type Needs<'t> = ById<'t, Vec<(&'t str, &'t Node)>>;

/// The properties of serverless resources that become resources of their own, which need the first.
const APART: &[&str] =
    &["DeploymentPreference", "Domain", "EventInvokeConfig", "Events", "FunctionUrlConfig"];

/// What each of `resources` needs of the others.
pub(super) fn needs<'t>(resources: &ById<'t, Resource<'t>>) -> Needs<'t> {
    let mut needs = Needs::default();
    for (id, resource) in resources {
        let mut found: Vec<(&str, &Node)> = resource.depends_on().collect();
        for key in ["Properties", "Metadata", "CreationPolicy", "UpdatePolicy"] {
            if let Some(node) = resource.node.get(key) {
                match node.as_map().filter(|_| resource.type_name.starts_with("AWS::Serverless::")) {
                    Some(map) => map
                        .iter()
                        .filter(|(key, _)| !APART.contains(&&***key))
                        .for_each(|(_, it)| references(&it.value, &mut found)),
                    None => references(node, &mut found),
                }
            }
        }
        // Who waits for himself by `DependsOn` is told so by `depends_on`.
        let is_told = |node: &Node| node.as_str() == Some(id);
        found.retain(|(name, node)| resources.contains_key(name) && !(name == id && is_told(node)));
        needs.insert(*id, found);
    }
    needs
}

/// The names that values under `node` refer to.
pub(super) fn references<'t>(node: &'t Node, found: &mut Vec<(&'t str, &'t Node)>) {
    if let Some(target) = target(node) {
        found.push((target.name, node));
        return;
    }
    if let Some(("Fn::Sub", argument)) = node.as_single() {
        let text = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
        for part in parts(text.as_str().unwrap_or_default()) {
            if let Part::Name(name, _) = part {
                found.push((name.split('.').next().unwrap_or_default(), text));
            }
        }
    }
    node.children().for_each(|it| references(it, found));
}
