//! Parameters that nobody may see, in places where everybody can.

use asi_constructs::kernel::node::Node;

use super::super::{
    document::Document,
    report::{Found, Place, Report},
    substitution::{Part, parts},
    value::scalar,
    walk::Site,
};

/// Properties that hold a password, as paths with `*` for items.
pub(super) const PASSWORDS: &[(&str, &[&str])] = &[
    ("AWS::DirectoryService::MicrosoftAD", &["Password"]),
    ("AWS::DirectoryService::SimpleAD", &["Password"]),
    ("AWS::ElastiCache::ReplicationGroup", &["AuthToken"]),
    ("AWS::IAM::User", &["LoginProfile", "Password"]),
    ("AWS::KinesisFirehose::DeliveryStream", &["RedshiftDestinationConfiguration", "Password"]),
    ("AWS::OpsWorks::App", &["AppSource", "Password"]),
    ("AWS::OpsWorks::Stack", &["CustomCookbooksSource", "Password"]),
    ("AWS::OpsWorks::Stack", &["RdsDbInstances", "*", "DbPassword"]),
    ("AWS::RDS::DBCluster", &["MasterUserPassword"]),
    ("AWS::RDS::DBInstance", &["MasterUserPassword"]),
    ("AWS::Redshift::Cluster", &["MasterUserPassword"]),
];

/// `W1011`: a password that comes from a parameter. `W2010`: a parameter with `NoEcho` where it can be read all the
/// same.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    document.walk(&["Metadata", "Resources", "Outputs"], &mut |node, site| {
        for (name, place) in names(node) {
            let Some(parameter) = document.parameters.get(name) else { continue };
            let no_echo = parameter.value.get("NoEcho").and_then(scalar);
            let is_secret = matches!(no_echo.as_deref(), Some("true" | "True" | "TRUE"));
            if let Some(public) = public(site).filter(|_| is_secret) {
                let message = format!("`{name}` has `NoEcho`, and everybody can read {public}");
                let found = Found::warning("W2010", place.clone(), message);
                report.add(found.help("take it out, or refer to a secret by its ARN"));
            }
            let is_property = site.part() == "Properties" && !site.is_in_function();
            if is_property && node.get("Ref").is_some() && is_password(document, &site.path) {
                let found = Found::warning(
                    "W1011",
                    place,
                    "a password that comes by a parameter can leak on its way",
                );
                let help = "keep it in Secrets Manager: `{{resolve:secretsmanager:name:SecretString:key}}`";
                report.add(found.help(help));
            }
        }
    });
}

/// The names in a `Ref` or an `Fn::Sub`, each with its place.
fn names(node: &Node) -> Vec<(&str, Place<'_>)> {
    match node.as_single() {
        Some(("Ref", name)) => name.as_str().map(|it| (it, Place::Value(name))).into_iter().collect(),
        Some(("Fn::Sub", argument)) => {
            let text = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
            let parts = parts(text.as_str().unwrap_or_default()).into_iter();
            let name = |it| match it {
                Part::Name(name, place) => Some((name, Place::Part(text, place.start, place.end))),
                Part::Text(_) | Part::Literal(_) => None,
            };
            parts.filter_map(name).collect()
        }
        _ => Vec::new(),
    }
}

/// What a place is a part of, if everybody can read it.
fn public(site: &Site<'_>) -> Option<&'static str> {
    match site.section() {
        "Metadata" => Some("the metadata of a template"),
        "Outputs" => Some("an output"),
        "Resources" if site.part() == "Metadata" => Some("the metadata of a resource"),
        _ => None,
    }
}

/// Whether a property holds a password; `path` begins with the section.
pub(super) fn is_password(document: &Document<'_>, path: &[&str]) -> bool {
    let ["Resources", id, "Properties", property @ ..] = path else { return false };
    let type_name = document.resources.get(id).map_or("", |it| it.type_name);
    let mut property: Vec<&str> = property.to_vec();
    while let Some(at) = property.iter().position(|it| *it == "Fn::If") {
        property.drain(at..(at + 2).min(property.len()));
    }
    // A password may be put together; the text is then the first item.
    while matches!(property.last(), Some(&"Fn::Sub" | &"*")) {
        property.pop();
    }
    PASSWORDS.iter().any(|(name, path)| *name == type_name && *path == property)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    const PARAMETERS: &str = "Parameters: {P: {Type: String, NoEcho: true}}\n";

    #[test]
    fn a_secret_that_can_be_read() {
        let template = "Resources:\n  A: {Type: T, Metadata: {X: !Ref P}, Properties: {X: !Ref P}}\nOutputs:\n  \
                        O: {Value: !Sub 'a-${P}'}\n";
        let expected = "warning W2010 Resources/A/Metadata/X/Ref 3:35: `P` has `NoEcho`, and everybody can read the \
                        metadata of a resource\n  take it out, or refer to a secret by its ARN\n\
                        warning W2010 Outputs/O/Value/Fn::Sub 5:22: `P` has `NoEcho`, and everybody can read an output\n  \
                        take it out, or refer to a secret by its ARN\n";
        assert_eq!(check(super::check, &format!("{PARAMETERS}{template}")), expected);
    }

    #[test]
    fn a_password_from_a_parameter() {
        let template = "Resources:\n  A:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      \
                        MasterUserPassword: !If [C, !Ref P, !Ref AWS::NoValue]\n";
        let expected = "warning W1011 Resources/A/Properties/MasterUserPassword/Fn::If/1/Ref 6:40: a password that \
                        comes by a parameter can leak on its way\n  keep it in Secrets Manager: \
                        `{{resolve:secretsmanager:name:SecretString:key}}`\n";
        assert_eq!(check(super::check, &format!("{PARAMETERS}{template}")), expected);
    }
}
