//! The names of properties that a template uses, by the type of the resources it uses them in.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::node::Node;

use super::{
    super::{
        document::Document,
        substitution::{Part, parts},
        value::target,
    },
    types::schema_name,
};

/// For each type all keys that stand in properties of its resources, or are given by functions there, and the parts
/// of the attributes that are asked for.
pub(super) type Usage<'t> = BTreeMap<&'t str, BTreeSet<&'t str>>;

/// What a template uses.
pub(super) fn usage<'t>(document: &'t Document<'t>) -> Usage<'t> {
    let mut usage = Usage::new();
    for resource in document.resources.values() {
        let names = usage.entry(schema_name(resource.type_name)).or_default();
        if let Some(properties) = resource.properties {
            keys(document, properties, names);
        }
    }
    document.walk(&["Conditions", "Rules", "Resources", "Outputs"], &mut |node, _| {
        let mut ask = |name: &'t str, attribute: &'t str| {
            if let Some(resource) = document.resources.get(name) {
                let names = usage.entry(schema_name(resource.type_name)).or_default();
                names.extend(attribute.split('.'));
            }
        };
        if let Some(target) = target(node) {
            target.attribute.into_iter().for_each(|it| ask(target.name, it));
        } else if let Some(("Fn::Sub", argument)) = node.as_single() {
            let text = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
            for part in parts(text.as_str().unwrap_or_default()) {
                if let Part::Name(name, _) = part
                    && let Some((name, attribute)) = name.split_once('.')
                {
                    ask(name, attribute);
                }
            }
        }
    });
    usage
}

/// All keys under `node`.
fn keys<'t>(document: &'t Document<'t>, node: &'t Node, names: &mut BTreeSet<&'t str>) {
    names.extend(node.as_map().into_iter().flat_map(|it| it.keys()).map(|it| &**it));
    let given = document.resolved(node).map(|it| it.values.as_slice()).unwrap_or_default();
    node.children().chain(given).for_each(|it| keys(document, it, names));
}
