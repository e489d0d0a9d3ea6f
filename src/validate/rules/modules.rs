//! Modules: resources that stand for others.

use super::super::{
    document::Document,
    report::{Found, Place, Report},
};

/// `E5001`: a module with what modules do not take.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for module in document.resources.values().filter(|it| it.type_name.ends_with("::MODULE")) {
        let faults = [
            (Some(module.node), "CreationPolicy"),
            (Some(module.node), "UpdatePolicy"),
            (module.properties, "Tags"),
            (module.node.get("Metadata"), "AWS::CloudFormation::Module"),
        ];
        for (node, key) in faults {
            let Some(node) = node.filter(|it| it.get(key).is_some()) else { continue };
            let message = match key {
                "AWS::CloudFormation::Module" => format!("CloudFormation itself writes `{key}` to a module"),
                _ => format!("a module takes no `{key}`"),
            };
            let found = Found::error("E5001", Place::Key(node, key.into()), message);
            report.add(found.help("take it out, or give the module a parameter for it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn what_modules_do_not_take() {
        let template =
            "Resources:\n  A: {Type: 'My::A::B::MODULE', UpdatePolicy: {}, Properties: {Tags: []}}\n";
        let expected = "error E5001 Resources/A/UpdatePolicy 2:33: a module takes no `UpdatePolicy`\n  \
                        take it out, or give the module a parameter for it\n\
                        error E5001 Resources/A/Properties/Tags 2:64: a module takes no `Tags`\n  \
                        take it out, or give the module a parameter for it\n";
        assert_eq!(check(super::check, template), expected);
    }
}
