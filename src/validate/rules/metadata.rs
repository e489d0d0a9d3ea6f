//! The metadata of a template, and how the console is to show its parameters.

use asi_constructs::kernel::node::{Node, NodeKind};

use super::super::{
    document::Document,
    report::{Found, Place, Report},
};

const INTERFACE: &str = "AWS::CloudFormation::Interface";

/// `E4001`: an interface of a wrong form. `E4002`: metadata without a value. `W4001`: an interface that shows a
/// parameter which is not there.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let Some(metadata) = document.root.get("Metadata") else { return };
    values(metadata, report);
    let Some(interface) = metadata.get(INTERFACE) else { return };
    let Some(_) = mapping(interface, &["ParameterGroups", "ParameterLabels"], "the interface", report) else {
        return;
    };
    if let Some(groups) = interface.get("ParameterGroups") {
        let Some(items) = list(groups, "ParameterGroups", report) else { return };
        for group in items {
            if mapping(group, &["Label", "Parameters"], "a group of parameters", report).is_none() {
                continue;
            }
            if let Some(it) = group.get("Label") {
                label(it, report);
            }
            let names = group.get("Parameters").and_then(|it| list(it, "Parameters", report));
            for name in names.unwrap_or_default() {
                match name.as_str() {
                    Some(text) => parameter(document, text, Place::Value(name), report),
                    None => {
                        let message =
                            format!("a group has names of parameters, and this is {}", name.describe());
                        report
                            .add(Found::error("E4001", name, message).help("write the name of a parameter"));
                    }
                }
            }
        }
    }
    if let Some(labels) = interface.get("ParameterLabels") {
        let Some(map) = labels.as_map() else {
            let message = format!("`ParameterLabels` is a mapping, and this is {}", labels.describe());
            return report.add(Found::error("E4001", labels, message).help("write `Name: {default: label}`"));
        };
        for (name, entry) in map {
            parameter(document, name, Place::Key(labels, (&**name).into()), report);
            label(&entry.value, report);
        }
    }
}

/// Nothing in the metadata may be nothing.
fn values<'t>(node: &'t Node, report: &mut Report<'t>) {
    match &node.kind {
        NodeKind::Null => {
            report.add(
                Found::error("E4002", node, "this metadata has no value").help("give it one, or take it out"),
            );
        }
        NodeKind::List(items) => items.iter().for_each(|it| values(it, report)),
        NodeKind::Map(map) => map.values().for_each(|it| values(&it.value, report)),
        NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) | NodeKind::String(_) => (),
    }
}

fn parameter<'t>(document: &'t Document<'t>, name: &str, place: Place<'t>, report: &mut Report<'t>) {
    if !document.parameters.contains_key(name) && !document.is_open() {
        let found = Found::warning("W4001", place, format!("there is no parameter `{name}`"));
        report.add(found.suggest(name, document.parameters.keys().take(1001).map(|it| &**it)));
    }
}

fn label<'t>(node: &'t Node, report: &mut Report<'t>) {
    if mapping(node, &["default"], "a label", report).is_some()
        && let Some(text) = node.get("default").filter(|it| it.as_written().is_none())
    {
        let message = format!("a label is text, and this is {}", text.describe());
        report.add(Found::error("E4001", text, message).help("write it out"));
    }
}

/// The node itself, if it is a mapping; keys it may not have are reported.
fn mapping<'t>(
    node: &'t Node,
    known: &[&'static str],
    what: &str,
    report: &mut Report<'t>,
) -> Option<&'t Node> {
    let Some(map) = node.as_map() else {
        let message = format!("{what} is a mapping, and this is {}", node.describe());
        report.add(Found::error("E4001", node, message).help(format!("use {}", keys(known))));
        return None;
    };
    for key in map.keys().filter(|it| !known.contains(&&***it)) {
        let found =
            Found::error("E4001", Place::Key(node, (&**key).into()), format!("{what} has no key `{key}`"));
        report.add(found.suggest(key, known.iter().copied()));
    }
    Some(node)
}

fn keys(known: &[&str]) -> String {
    asi_constructs::kernel::diagnostic::one_of(known)
}

fn list<'t>(node: &'t Node, name: &str, report: &mut Report<'t>) -> Option<&'t [Node]> {
    if node.as_list().is_none() {
        let message = format!("`{name}` is a list, and this is {}", node.describe());
        report.add(Found::error("E4001", node, message).help("put it in brackets"));
    }
    node.as_list()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn an_interface_of_a_wrong_form() {
        let template = "Parameters: {Size: {Type: String}}\nMetadata:\n  A: {b: null}\n  \
                        AWS::CloudFormation::Interface:\n    ParameterGroup: []\n    ParameterGroups:\n      \
                        - {Label: {default: a}, Parameters: [Size, Siz]}\n      - {Label: a}\n    \
                        ParameterLabels: {Sizes: {default: a}}\n";
        let expected = "error E4002 Metadata/A/b 3:10: this metadata has no value\n  give it one, or take it out\n\
                        error E4001 Metadata/AWS::CloudFormation::Interface/ParameterGroup 5:5: \
                        the interface has no key `ParameterGroup`\n  did you mean `ParameterGroups`?\n\
                        warning W4001 Metadata/AWS::CloudFormation::Interface/ParameterGroups/0/Parameters/1 7:50: \
                        there is no parameter `Siz`\n  did you mean `Size`?\n\
                        error E4001 Metadata/AWS::CloudFormation::Interface/ParameterGroups/1/Label 8:17: a label is a \
                        mapping, and this is `a`\n  use `default`\n\
                        warning W4001 Metadata/AWS::CloudFormation::Interface/ParameterLabels/Sizes 9:23: there is no \
                        parameter `Sizes`\n  did you mean `Size`?\n";
        assert_eq!(check(super::check, template), expected);
    }
}
