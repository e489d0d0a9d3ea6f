//! Dynamic references: `{{resolve:service:name}}`, which is replaced when a stack is deployed.

use asi_constructs::kernel::{diagnostic::one_of, node::Node};

use super::{
    super::{
        document::Document,
        report::{Found, Place, Report},
        walk::Site,
    },
    secrets::is_password,
};

const SERVICES: &[&str] = &["secretsmanager", "ssm", "ssm-secure"];
/// Properties that take the ARN of a secret.
const OF_ARNS: &[&str] = &[
    "SecretARN",
    "SecretArn",
    "SecretsManagerConfiguration",
    "SecretsManagerOracleAsmSecretId",
    "SecretsManagerSecretId",
    "SecretsManagerSecurityDbEncryptionSecretId",
];

/// `E1050`: a dynamic reference of a wrong form. `E1027`: a secure parameter in a property that does not take any.
/// `E1051`, `E1052`: a secret, or a parameter, where neither is replaced. `W1051`: a secret where its ARN is due.
/// `W1053`: a reference with blanks, which stays a text.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let sections = ["Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs"];
    document.walk(&sections, &mut |node, site| {
        let Some(text) = node.as_str().filter(|it| it.contains('{') && it.contains("resolve")) else {
            return;
        };
        if site.is_in_function() && !site.path.contains(&"Fn::Sub") || site.is_in_loop() {
            return;
        }
        let is_substituted = site.path.contains(&"Fn::Sub");
        let text = if is_substituted { without_names(text) } else { text.to_owned() };
        blanks(node, &text, report);
        let mut rest = 0;
        while let Some(start) = text[rest..].find("{{resolve:").map(|it| rest + it) {
            let Some(end) = text[start..].find("}}").map(|it| start + it) else { break };
            let reference = Reference {
                document,
                node,
                place: (start, end + 2),
                parts: text[start + 2..end].split(':').collect(),
                is_whole: start == 0 && end + 2 == text.len(),
            };
            reference.check(site, is_substituted, report);
            rest = end;
        }
    });
}

/// The text of an `Fn::Sub` with an `x` for each byte of its names.
fn without_names(text: &str) -> String {
    let mut plain = text.to_owned();
    for part in super::super::substitution::parts(text) {
        if let super::super::substitution::Part::Name(_, place) = part {
            let filler = "x".repeat(place.len());
            plain.replace_range(place, &filler);
        }
    }
    plain
}

/// A reference that stays as it is because of the blanks in it.
fn blanks<'t>(node: &'t Node, text: &str, report: &mut Report<'t>) {
    for (start, _) in text.match_indices("{{") {
        let inside = &text[start + 2..];
        let bare = inside.trim_start();
        let mut parts = bare.split(':').map(str::trim);
        let is_reference = parts.next() == Some("resolve")
            && parts.next().is_some_and(|it| SERVICES.contains(&it))
            && parts.next().is_some();
        if is_reference && bare.len() < inside.len() {
            let end = inside.find("}}").map_or(text.len(), |it| start + it + 4);
            let found = Found::warning(
                "W1053",
                Place::Part(node, start, end),
                "this stays a text: a dynamic reference has no blanks",
            );
            report.add(found.help("begin it with `{{resolve:`"));
        }
    }
}

struct Reference<'a, 't> {
    document: &'t Document<'t>,
    node: &'t Node,
    /// Where it stands in the text.
    place: (usize, usize),
    /// What stands between its colons.
    parts: Vec<&'a str>,
    /// Whether it is all of the text.
    is_whole: bool,
}

impl<'t> Reference<'_, 't> {
    fn check(&self, site: &Site<'t>, is_substituted: bool, report: &mut Report<'t>) {
        if let Some((message, help)) = self.fault() {
            report.add(Found::error("E1050", self.place(), message).help(help));
        }
        let is_property = site.section() == "Resources" && site.part() == "Properties";
        match self.parts.get(1).copied() {
            Some("ssm-secure") if !is_password(self.document, &site.path) => {
                let found = Found::error("E1027", self.place(), "this property takes no secure parameter");
                report.add(found.help("use `secretsmanager`, or `ssm` with a parameter that is not secure"));
            }
            Some("ssm") if !is_resolved(site) => {
                let found = Found::error("E1052", self.place(), "no parameter is looked up here");
                report
                    .add(found.help("declare a parameter of the type `AWS::SSM::Parameter::Value<String>`"));
            }
            Some("secretsmanager") => {
                let is_default = site.section() == "Parameters" && site.part() == "Default";
                if !is_property && !is_default {
                    let found =
                        Found::error("E1051", self.place(), "a secret is looked up in properties only");
                    report.add(found.help("move it to the property that needs it"));
                }
                let field = site.path.iter().find(|it| OF_ARNS.contains(it));
                if let Some(field) = field.filter(|_| is_property && (self.is_whole || !is_substituted)) {
                    let message =
                        format!("`{field}` takes the ARN of a secret, and this gives the secret itself");
                    report.add(
                        Found::warning("W1051", self.place(), message)
                            .help("write the ARN, or `!Ref` the secret"),
                    );
                }
            }
            _ => (),
        }
    }

    fn place(&self) -> Place<'t> {
        Place::Part(self.node, self.place.0, self.place.1)
    }

    /// What is wrong with its form, and how it is written.
    fn fault(&self) -> Option<(String, String)> {
        let parts = self.parts.as_slice();
        let part = |at: usize| parts.get(at).copied();
        let service = part(1).unwrap_or_default();
        if !SERVICES.contains(&service) {
            let message = format!("dynamic references know no service `{service}`");
            return Some((message, format!("use {}", one_of(SERVICES))));
        }
        if part(2).is_none_or(str::is_empty) {
            return Some((
                "this dynamic reference has no name".to_owned(),
                format!("write `{{{{resolve:{service}:name}}}}`"),
            ));
        }
        if service != "secretsmanager" {
            let help = format!("write `{{{{resolve:{service}:name:version}}}}`");
            let is_version = |it: &str| it.bytes().any(|it| it.is_ascii_digit());
            return match part(3) {
                Some(version) if !is_version(version) => {
                    Some((format!("`{version}` is no version of a parameter"), help))
                }
                _ if parts.len() > 4 => Some((
                    format!("a parameter has a name and a version, and this {} parts", parts.len() - 2),
                    help,
                )),
                _ => None,
            };
        }
        let help = "write `{{resolve:secretsmanager:secret:SecretString:key:stage:version}}`".to_owned();
        // The ARN of a secret has seven parts, a name but one.
        let is_arn = part(2) == Some("arn");
        let string = if is_arn { 9 } else { 3 };
        if is_arn && (parts.len() < 9 || part(7) != Some("secret")) {
            return Some(("this is no ARN of a secret".to_owned(), help));
        }
        match part(string) {
            Some(it) if !matches!(it, "" | "SecretString") => {
                Some((format!("a secret gives its `SecretString`, and not `{it}`"), help))
            }
            _ if parts.len() > string + 4 => {
                Some(("this dynamic reference has too many parts".to_owned(), help))
            }
            _ => None,
        }
    }
}

/// Whether a parameter is looked up at a place.
fn is_resolved(site: &Site<'_>) -> bool {
    match site.section() {
        "Parameters" => matches!(site.part(), "Default" | "AllowedValues"),
        "Resources" => matches!(site.part(), "Properties" | "Metadata"),
        "Outputs" => site.part() == "Value",
        // What is found in a mapping is looked up where it is used.
        "Mappings" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    fn property(value: &str) -> String {
        let template =
            format!("Resources:\n  A:\n    Type: AWS::RDS::DBInstance\n    Properties:\n      {value}\n");
        check(super::check, &template).replace("Resources/A/Properties/", "")
    }

    #[test]
    fn a_reference_of_a_wrong_form() {
        assert_eq!(
            property("A: 'a {{resolve:sms:x}}'"),
            "error E1050 A 5:13: dynamic references know no service `sms`\n  \
             use `secretsmanager`, `ssm` or `ssm-secure`\n"
        );
        assert!(property("A: '{{resolve:ssm:x:latest}}'").contains("`latest` is no version of a parameter"));
        assert!(property("A: '{{resolve:ssm}}'").contains("this dynamic reference has no name"));
        assert!(property("A: '{{resolve:secretsmanager:x:Text:y}}'").contains("and not `Text`"));
        assert!(property("A: '{{resolve:secretsmanager:arn:aws:x}}'").contains("this is no ARN of a secret"));
        assert_eq!(property("A: !Sub '{{resolve:secretsmanager:${X}:SecretString:y}}'"), "");
        assert_eq!(property("A: !Sub '{{resolve:ssm:/a/${X}}}'"), "");
    }

    #[test]
    fn a_secure_parameter_outside_of_a_password() {
        assert_eq!(property("MasterUserPassword: '{{resolve:ssm-secure:x:1}}'"), "");
        assert_eq!(
            property("Engine: '{{resolve:ssm-secure:x:1}}'"),
            "error E1027 Engine 5:16: this property takes no secure parameter\n  \
             use `secretsmanager`, or `ssm` with a parameter that is not secure\n"
        );
    }

    #[test]
    fn a_reference_where_nothing_is_looked_up() {
        let template = "Conditions: {A: !Equals [a, '{{resolve:ssm:x}}']}\nResources:\n  \
                        A: {Type: T, DeletionPolicy: '{{resolve:ssm:x}}'}\n\
                        Outputs: {A: {Value: '{{resolve:secretsmanager:x}}'}}\n";
        let expected = "error E1052 Resources/A/DeletionPolicy 3:33: no parameter is looked up here\n  \
                        declare a parameter of the type `AWS::SSM::Parameter::Value<String>`\n\
                        error E1051 Outputs/A/Value 4:23: a secret is looked up in properties only\n  \
                        move it to the property that needs it\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_secret_for_its_arn_and_blanks() {
        assert_eq!(
            property("SecretArn: '{{resolve:secretsmanager:x}}'"),
            "warning W1051 SecretArn 5:19: `SecretArn` takes the ARN of a secret, and this gives the secret \
             itself\n  write the ARN, or `!Ref` the secret\n"
        );
        assert_eq!(
            property("A: '{{ resolve:ssm:x }}'"),
            "warning W1053 A 5:11: this stays a text: a dynamic reference has no blanks\n  \
             begin it with `{{resolve:`\n"
        );
    }
}
