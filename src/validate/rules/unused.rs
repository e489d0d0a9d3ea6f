//! Parameters, mappings and conditions that nothing uses.

use std::collections::BTreeSet;

use asi_constructs::kernel::node::Node;

use super::super::{
    document::{Document, section},
    report::{Found, Place, Report},
    substitution::{Part, parts},
    walk::{Site, walk},
};

/// `W2001`, `W7001`, `W8001`: a parameter, a mapping, or a condition that nothing uses.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    // A macro may use anything.
    if document.is_open() {
        return;
    }
    let mut used = Used::default();
    let sections = ["Conditions", "Rules", "Resources", "Outputs", "Transform"];
    let mut see = |node: &'t Node, site: &Site<'t>| {
        used.see(node);
        let is_holder = matches!(site.path.as_slice(), ["Resources" | "Outputs", _]);
        let is_function = matches!(site.section(), "Conditions" | "Rules") && node.as_single().is_some();
        if is_holder || is_function {
            used.conditions.extend(node.get("Condition").and_then(Node::as_str));
        }
    };
    document.walk(&sections, &mut see);
    // What a loop goes over is not there any more when it is written out.
    if !std::ptr::eq(document.root, document.written) {
        walk(document.written, &sections, &mut see);
    }
    let mut add = |code, section_name: &'static str, what, used: Option<&BTreeSet<&str>>| {
        let (Some(node), Some(used)) = (document.root.get(section_name), used) else { return };
        for name in section(document.root, section_name).keys() {
            if !used.contains(&**name) && !name.starts_with("Fn::") {
                let message = format!("nothing uses the {what} `{name}`");
                report.add(
                    Found::warning(code, Place::Key(node, (&**name).into()), message).help("take it out"),
                );
            }
        }
    };
    add("W2001", "Parameters", "parameter", Some(&used.names));
    add("W7001", "Mappings", "mapping", (!used.any_mapping).then_some(&used.mappings));
    add("W8001", "Conditions", "condition", Some(&used.conditions));
}

/// What a template uses.
#[derive(Default)]
struct Used<'t> {
    names: BTreeSet<&'t str>,
    mappings: BTreeSet<&'t str>,
    /// Whether a mapping is named by a function, and may be any.
    any_mapping: bool,
    conditions: BTreeSet<&'t str>,
}

impl<'t> Used<'t> {
    fn see(&mut self, node: &'t Node) {
        match node.as_single() {
            Some(("Ref", name)) => self.names.extend(name.as_str()),
            Some(("Fn::Sub", argument)) => {
                let text = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
                for part in parts(text.as_str().unwrap_or_default()) {
                    if let Part::Name(name, _) = part {
                        self.names.insert(name);
                    }
                }
            }
            Some(("Fn::If", argument)) => {
                let condition = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
                self.conditions.extend(condition.as_str());
            }
            Some(("Fn::FindInMap", argument)) => {
                let name = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
                match name.as_str() {
                    Some(name) => drop(self.mappings.insert(name)),
                    None => self.any_mapping = true,
                }
            }
            Some(("Fn::RefAll" | "Fn::ValueOf" | "Fn::ValueOfAll", argument)) => {
                let name = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
                self.names.extend(name.as_str());
            }
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn what_nothing_uses() {
        let template = "Parameters: {A: {Type: String}, B: {Type: String}, C: {Type: String}}\n\
                        Mappings: {M: {a: {b: c}}, N: {a: {b: c}}}\n\
                        Conditions: {X: !Equals [!Ref A, a], Y: !Not [!Condition X], Z: !Equals [!Ref A, b]}\n\
                        Resources: {R: {Type: T, Condition: Y}}\n\
                        Outputs: {O: {Value: !Sub '${B}'}, P: {Value: !FindInMap [M, a, b]}}\n";
        let expected = "warning W2001 Parameters/C 1:52: nothing uses the parameter `C`\n  take it out\n\
                        warning W7001 Mappings/N 2:28: nothing uses the mapping `N`\n  take it out\n\
                        warning W8001 Conditions/Z 3:62: nothing uses the condition `Z`\n  take it out\n";
        assert_eq!(check(super::check, template), expected);
    }
}
