//! Passwords that can be read in the template, or where it is deployed.

use asi_constructs::kernel::node::Node;

use super::super::{
    document::Document,
    known::is_dynamic,
    report::{Found, Report},
    value::scalar,
};

/// Properties that hold a password.
const KEYS: [&str; 9] = [
    "AccountPassword",
    "AdminPassword",
    "ADDomainJoinPassword",
    "CrossRealmTrustPrincipalPassword",
    "KdcAdminPassword",
    "Password",
    "DbPassword",
    "MasterUserPassword",
    "PasswordParam",
];

/// `W2501`: a password that is written out, is read from where it is not secret, or comes from a parameter that shows
/// it. Source: "Do not embed credentials in your templates", in "Best practices" of the CloudFormation User Guide.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.resources.values() {
        if let Some(properties) = resource.properties {
            visit(document, properties, report);
        }
    }
}

fn visit<'t>(document: &'t Document<'t>, node: &'t Node, report: &mut Report<'t>) {
    for (key, entry) in node.as_map().into_iter().flatten() {
        if KEYS.contains(&&**key) {
            check_password(document, key, &entry.value, report);
        }
    }
    node.children().for_each(|it| visit(document, it, report));
}

fn check_password<'t>(document: &'t Document<'t>, key: &str, node: &'t Node, report: &mut Report<'t>) {
    const HELP: &str = "use a secret: `{{resolve:secretsmanager:<id>:SecretString:password}}`";
    if let Some(text) = node.as_str() {
        let message = if !is_dynamic(text) {
            format!("`{key}` can be read in the template")
        } else if text.contains("{{resolve:ssm:") {
            format!("`{key}` comes from a parameter that is not encrypted")
        } else {
            return;
        };
        report.add(Found::warning("W2501", node, message).help(HELP));
        return;
    }
    let Some(("Ref", name)) = node.as_single() else { return };
    let Some((name, parameter)) = name.as_str().and_then(|it| Some((it, document.parameters.get(it)?)))
    else {
        return;
    };
    let is_hidden = |it: &Node| scalar(it).is_some_and(|it| it.eq_ignore_ascii_case("true"));
    if !parameter.value.get("NoEcho").is_some_and(is_hidden) {
        let message = format!("`{name}` is used as `{key}`, and anybody who sees the stack can read it");
        let found = Found::warning("W2501", &parameter.value, message).help("add `NoEcho: true`");
        report.add(found.and(node, "used here"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_password_cannot_be_read() {
        let template = "\
Parameters:
  Open: {Type: String}
  Hidden: {Type: String, NoEcho: true}
Resources:
  A: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: secret}}
  B: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: !Ref Open}}
  C: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: !Ref Hidden}}
  D: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: '{{resolve:ssm:db:1}}'}}
  E: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: '{{resolve:secretsmanager:db}}'}}
";
        let expected = "\
warning W2501 Parameters/Open 2:9: `Open` is used as `MasterUserPassword`, and anybody who sees the stack can read it
  add `NoEcho: true`
warning W2501 Resources/A/Properties/MasterUserPassword 5:68: `MasterUserPassword` can be read in the template
  use a secret: `{{resolve:secretsmanager:<id>:SecretString:password}}`
warning W2501 Resources/D/Properties/MasterUserPassword 8:68: `MasterUserPassword` comes from a parameter that is not encrypted
  use a secret: `{{resolve:secretsmanager:<id>:SecretString:password}}`
";
        assert_eq!(check(super::check, template), expected);
    }
}
