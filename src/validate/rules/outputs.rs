//! The outputs of a template: what each has, and the names under which other stacks find them.

use std::collections::BTreeMap;

use asi_constructs::kernel::node::Node;

use super::{
    super::{
        document::Document,
        report::{Found, Place, Report},
    },
    conditions::named,
};

const KEYS: &[&str] = &["Condition", "Description", "Export", "Value"];
const LONGEST_DESCRIPTION: usize = 1024;

/// `E6001`: an output with a key it does not have. `E6002`: one without a value, or an export without a name. `E6003`:
/// a part of a wrong form. `E6005`: a condition that is not there. `E6011`: a description that is too long. `W6001`: an
/// output that only hands on what another stack exports. `duplicate-export`: a name under which two outputs are
/// exported.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (name, entry) in document.outputs {
        let node = &entry.value;
        if name.starts_with("Fn::") {
            continue;
        }
        if node.as_map().is_none() {
            let message = format!("an output is a mapping, and this is {}", node.describe());
            report.add(Found::error("E6003", node, message).help("put the value under `Value`"));
            continue;
        }
        keys(node, KEYS, "an output", report);
        if node.get("Value").is_none() {
            let found =
                Found::error("E6002", Place::Holder(node), format!("the output `{name}` has no value"));
            report.add(found.help("add `Value`"));
        }
        named(document, node, ["E6003", "E6005"], report);
        description(node, report);
        if let Some(export) = node.get("Export") {
            if export.as_map().is_none() {
                let message = format!("an export is a mapping, and this is {}", export.describe());
                report.add(Found::error("E6003", export, message).help("put the name under `Name`"));
            } else {
                keys(export, &["Name"], "an export", report);
                if export.get("Name").is_none() {
                    let found = Found::error("E6002", Place::Holder(export), "this export has no name");
                    report.add(found.help("add `Name`"));
                }
            }
        }
    }
    exports(document, report);
    document.walk(&["Outputs"], &mut |node, site| {
        if let (Some(("Fn::ImportValue", argument)), "Value") = (node.as_single(), site.part()) {
            let found = Found::warning("W6001", argument, "this output hands on what another stack exports");
            report.add(found.help("import it from that stack where it is used"));
        }
    });
}

fn keys<'t>(node: &'t Node, known: &[&'static str], what: &str, report: &mut Report<'t>) {
    for key in node.as_map().into_iter().flat_map(|it| it.keys()).filter(|it| !known.contains(&&***it)) {
        let found =
            Found::error("E6001", Place::Key(node, (&**key).into()), format!("{what} has no key `{key}`"));
        report.add(found.suggest(key, known.iter().copied()));
    }
}

fn description<'t>(node: &'t Node, report: &mut Report<'t>) {
    let Some(description) = node.get("Description") else { return };
    let Some(text) = description.as_str() else {
        if description.as_written().is_none() {
            let message = format!("a description is text, and this is {}", description.describe());
            report.add(Found::error("E6003", description, message).help("write it out"));
        }
        return;
    };
    let length = text.chars().count();
    if length > LONGEST_DESCRIPTION {
        let message = format!("a description takes {LONGEST_DESCRIPTION} characters, and this has {length}");
        report.add(Found::error("E6011", description, message).help("shorten it"));
    }
}

/// Exports that would have one name at once.
fn exports<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let mut known: BTreeMap<String, Vec<(&'t Node, Option<&'t str>)>> = BTreeMap::new();
    for entry in document.outputs.values() {
        let Some(name) = entry.value.get("Export").and_then(|it| it.get("Name")) else { continue };
        let condition = entry.value.get("Condition").and_then(Node::as_str);
        let others = known.entry(shape(name)).or_default();
        let both = |other: Option<&'t str>| {
            let wanted: Vec<_> = [condition, other].into_iter().flatten().map(|it| (it, true)).collect();
            document.conditions.can_be(&wanted)
        };
        if let Some((other, _)) = others.iter().find(|(_, it)| both(*it)) {
            let found = Found::error("duplicate-export", name, "another output is exported under this name");
            report.add(found.help("give each export a name of its own").and(*other, "the other"));
        }
        others.push((name, condition));
    }
}

/// A text that is the same for equal values.
fn shape(node: &Node) -> String {
    match node.as_written() {
        Some(text) => format!("{text:?}"),
        None => match (node.as_list(), node.as_map()) {
            (Some(items), _) => items.iter().map(shape).collect::<Vec<_>>().join(","),
            (_, Some(map)) => map
                .iter()
                .map(|(key, it)| format!("{key}: [{}]", shape(&it.value)))
                .collect::<Vec<_>>()
                .join(","),
            (None, None) => String::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn an_output_of_a_wrong_form() {
        let template = "Outputs:\n  A: {Valu: a}\n  B: {Value: a, Condition: C, Description: [a]}\n  C: a\n  \
                        D: {Value: a, Export: {Nam: a}}\n  E: {Value: a, Export: a}\n";
        let expected = "error E6002 Outputs/A 2:3: the output `A` has no value\n  add `Value`\n\
                        error E6001 Outputs/A/Valu 2:7: an output has no key `Valu`\n  did you mean `Value`?\n\
                        error E6005 Outputs/B/Condition 3:28: there is no condition `C`\n  \
                        take it out: there is nothing of the kind here\n\
                        error E6003 Outputs/B/Description 3:44: a description is text, and this is a list\n  \
                        write it out\n\
                        error E6003 Outputs/C 4:6: an output is a mapping, and this is `a`\n  \
                        put the value under `Value`\n\
                        error E6002 Outputs/D/Export 5:17: this export has no name\n  add `Name`\n\
                        error E6001 Outputs/D/Export/Nam 5:26: an export has no key `Nam`\n  \
                        did you mean `Name`?\n\
                        error E6003 Outputs/E/Export 6:25: an export is a mapping, and this is `a`\n  \
                        put the name under `Name`\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn an_output_of_an_import() {
        let template = "Outputs:\n  A: {Value: !ImportValue other}\n";
        let expected = "warning W6001 Outputs/A/Value/Fn::ImportValue 2:27: this output hands on what another \
                        stack exports\n  import it from that stack where it is used\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn two_exports_of_one_name() {
        let template = "Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, a], D: !Not [!Condition C]}\n\
                        Outputs:\n  A: {Value: a, Export: {Name: !Sub '${AWS::StackName}-a'}}\n  \
                        B: {Value: a, Export: {Name: !Sub '${AWS::StackName}-a'}}\n  \
                        E: {Value: a, Condition: C, Export: {Name: e}}\n  \
                        F: {Value: a, Condition: D, Export: {Name: e}}\n";
        let expected = "error duplicate-export Outputs/B/Export/Name 5:32: another output is exported under this \
                        name\n  give each export a name of its own\n";
        assert_eq!(check(super::check, template), expected);
    }
}
