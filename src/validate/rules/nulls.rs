//! Keys without a value, and items that are nothing.

use asi_constructs::kernel::node::{Node, NodeKind};

use super::super::{
    document::Document,
    report::{Found, Place, Report},
};

/// `E0000`: nothing where something is due, which CloudFormation refuses wherever it stands.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    visit(document.root, report);
}

fn visit<'t>(node: &'t Node, report: &mut Report<'t>) {
    match &node.kind {
        NodeKind::Null => {
            let found = Found::error("E0000", Place::Holder(node), "CloudFormation takes no empty value");
            report.add(found.help("give it a value, or take it out"));
        }
        NodeKind::List(items) => items.iter().for_each(|it| visit(it, report)),
        NodeKind::Map(map) => map.values().for_each(|it| visit(&it.value, report)),
        NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) | NodeKind::String(_) => (),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn nothing_is_shown_by_its_key() {
        let template = "Resources:\n  A: {Type: T, Properties: {Name: null, List: [~]}}\nOutputs:\n";
        let expected = "error E0000 Resources/A/Properties/Name 2:29: CloudFormation takes no empty value\n  \
                        give it a value, or take it out\n\
                        error E0000 Resources/A/Properties/List/0 2:48: CloudFormation takes no empty value\n  \
                        give it a value, or take it out\n\
                        error E0000 Outputs 3:1: CloudFormation takes no empty value\n  \
                        give it a value, or take it out\n";
        assert_eq!(check(super::check, template), expected);
    }
}
