//! What has to be agreed to when a stack is deployed.

use asi_constructs::kernel::node::Node;

use super::super::{
    document::{Document, Resource},
    report::{Found, Place, Report},
};

/// The types that give rights, each with the property that names it.
const OF_IAM: &[(&str, Option<&str>)] = &[
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserToGroupAddition", None),
];

/// `capabilities`: the template is refused unless somebody agrees to what it may do.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let iam = || document.resources.values().filter_map(|it| Some((it, name_of(it)?)));
    let named = iam().find(|(_, has_name)| *has_name);
    let mut needed = Vec::new();
    let mut place = None;
    if let Some((resource, has_name)) = named.or_else(|| iam().next()) {
        needed.push(if has_name { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" });
        place = Some((Place::Holder(resource.node), format!("`{}` gives rights", resource.id)));
    }
    let module = document.resources.values().find(|it| it.type_name.ends_with("::MODULE"));
    let expands = match (document.root.get("Transform"), module) {
        (Some(transform), _) => Some((Place::Holder(transform), "a macro changes the template".to_owned())),
        (None, Some(module)) => Some((Place::Holder(module.node), format!("`{}` is a module", module.id))),
        (None, None) => None,
    };
    if let Some(expands) = expands {
        needed.push("CAPABILITY_AUTO_EXPAND");
        place.get_or_insert(expands);
    }
    if let Some((place, reason)) = place {
        let needed = needed.join(" ");
        let message = format!("somebody has to agree when this is deployed: {reason}");
        let found = Found::info("capabilities", place, message);
        report.add(found.help(format!("deploy it with `--capabilities {needed}`")));
    }
}

/// For a resource that gives rights, whether it has a name of its own.
fn name_of(resource: &Resource<'_>) -> Option<bool> {
    let (_, property) = OF_IAM.iter().find(|(it, _)| *it == resource.type_name)?;
    let name = property.and_then(|it| resource.properties?.get(it));
    let is_nothing = |it: &Node| it.get("Ref").and_then(Node::as_str) == Some("AWS::NoValue");
    Some(name.is_some_and(|it| !is_nothing(it)))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn names_the_flag() {
        let template = "Transform: AWS::LanguageExtensions\nResources:\n  A: {Type: AWS::IAM::Role}\n  \
                        B: {Type: AWS::IAM::Role, Properties: {RoleName: b}}\n";
        let expected = "info capabilities Resources/B 4:3: somebody has to agree when this is deployed: `B` gives \
                        rights\n  deploy it with `--capabilities CAPABILITY_NAMED_IAM CAPABILITY_AUTO_EXPAND`\n";
        assert_eq!(check(super::check, template), expected);
        let expected = "info capabilities Resources/A 2:3: somebody has to agree when this is deployed: `A` gives \
                        rights\n  deploy it with `--capabilities CAPABILITY_IAM`\n";
        assert_eq!(check(super::check, "Resources:\n  A: {Type: AWS::IAM::Policy}\n"), expected);
        assert_eq!(check(super::check, "Resources:\n  A: {Type: AWS::SNS::Topic}\n"), "");
    }
}
