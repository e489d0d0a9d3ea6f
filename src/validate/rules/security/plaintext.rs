//! Secrets that stand in the template.

use super::super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// The lists of environment variables, as a path to them; the keys of name and value.
const VARIABLES: &[(&str, &[&str], [&str; 2])] = &[
    ("AWS::ECS::TaskDefinition", &["ContainerDefinitions", "*", "Environment"], ["Name", "Value"]),
    ("AWS::CodeBuild::Project", &["Environment", "EnvironmentVariables"], ["Name", "Value"]),
];

/// `plaintext-secret` (AwsSolutions-ECS2, `CKV_AWS_45`, AVD-AWS-0036): a variable that is
/// named for a secret has a text for its value, which everybody can read who can read the task or the template.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (type_name, path, [name, value]) in VARIABLES {
        for resource in document.of_type(type_name) {
            let Some(properties) = document.properties(resource) else { continue };
            for variable in all(properties, path) {
                let is_reference =
                    variable.get("Type").is_some_and(|it| it.text().as_deref() != Some("PLAINTEXT"));
                if let (Some(name), Some(value)) = (variable.get(name), variable.get(value))
                    && let Some(name) = name.text()
                    && !is_reference
                {
                    check_one(&name, value, report);
                }
            }
        }
    }
    for function in document.of_type("AWS::Lambda::Function") {
        let variables = document.properties(function).and_then(|it| it.at(&["Environment", "Variables"]));
        for (name, _, value) in variables.iter().flat_map(Value::entries) {
            check_one(name, value, report);
        }
    }
}

/// The items at the end of a path, whatever the conditions are.
fn all<'t>(value: Value<'t>, path: &[&str]) -> Vec<Value<'t>> {
    match path {
        [] => value.each(),
        ["*", rest @ ..] => value.each().into_iter().flat_map(|it| all(it, rest)).collect(),
        [key, rest @ ..] => value.get(key).map(|it| all(it, rest)).unwrap_or_default(),
    }
}

fn check_one<'t>(name: &str, value: Value<'t>, report: &mut Report<'t>) {
    const SECRET: &[&str] =
        &["PASSWORD", "PASSWD", "SECRET", "API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY", "TOKEN"];
    /// Such a name is of the place of a secret, and not of the secret.
    const PLACE: &[&str] =
        &["ARN", "NAME", "ID", "PATH", "FILE", "URL", "URI", "TTL", "EXPIRY", "LENGTH", "TYPE"];
    let upper = name.to_ascii_uppercase().replace('-', "_");
    let is_secret = SECRET.iter().any(|it| upper.ends_with(it));
    let last = upper.rsplit('_').next().unwrap_or_default();
    let written = value.known().filter(|_| !value.is_given()).and_then(|it| it.as_str());
    if is_secret
        && !PLACE.contains(&last)
        && written.is_some_and(|it| !it.is_empty() && !it.starts_with("arn:"))
    {
        report.add(
            Found::warning("plaintext-secret", value, format!("`{name}` stands here for everybody to read"))
                .help(
                    "keep it in Secrets Manager, and name it by `Secrets` or `{{resolve:secretsmanager:…}}`",
                ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    #[test]
    fn a_secret_does_not_stand_in_the_template() {
        let task = |variable: &str| {
            check(
                super::check,
                &format!(
                    "Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - \
                     Environment: [{variable}]\n"
                ),
            )
        };
        let path = "Resources/T/Properties/ContainerDefinitions/0/Environment/0/Value";
        let expected = format!(
            "warning plaintext-secret {path} 6:52: `DB_PASSWORD` stands here for everybody to read\n  keep it in Secrets \
             Manager, and name it by `Secrets` or `{{{{resolve:secretsmanager:…}}}}`\n"
        );
        assert_eq!(task("{Name: DB_PASSWORD, Value: hunter2}"), expected);
        for right in [
            "{Name: DB_PASSWORD, Value: !Ref P}",
            "{Name: DB_PASSWORD_ARN, Value: a}",
            "{Name: TOKEN_URL, Value: a}",
            "{Name: DB_PASSWORD, Value: '{{resolve:ssm-secure:a:1}}'}",
        ] {
            assert_eq!(task(right), "", "{right}");
        }
    }
}
