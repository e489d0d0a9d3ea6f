//! References to roles.

use super::{
    super::super::{
        document::Document,
        report::{Found, Report},
    },
    places::all_at,
};

/// The properties that take the ARN of a role, and whose schema does not say so.
const ROLES: &[(&str, &str)] = &[
    ("AWS::Backup::BackupSelection", "BackupSelection/IamRoleArn"),
    ("AWS::Batch::ComputeEnvironment", "ComputeResources/SpotIamFleetRole"),
    ("AWS::Batch::ComputeEnvironment", "ServiceRole"),
    ("AWS::EC2::SpotFleet", "SpotFleetRequestConfigData/IamFleetRole"),
    ("AWS::ECS::TaskDefinition", "ExecutionRoleArn"),
    ("AWS::S3::Bucket", "ReplicationConfiguration/Role"),
];

/// `E3511`: a text that is not the ARN of a role, where one is wanted. AWS Identity and Access Management User
/// Guide, "IAM identifiers".
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (type_name, path) in ROLES {
        for resource in document.of_type(type_name) {
            let properties = document.properties(resource);
            for role in properties.map(|it| all_at(it, path)).unwrap_or_default() {
                if let Some(text) = role.text().filter(|it| !is_role_arn(it)) {
                    report.add(
                        Found::error("E3511", role, format!("`{text}` is not the ARN of a role"))
                            .help("write `!GetAtt Role.Arn`, or `arn:aws:iam::123456789012:role/name`"),
                    );
                }
            }
        }
    }
    check_paths(document, report);
}

fn is_role_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_of_name = |it: char| it.is_ascii_alphanumeric() || "_+=,.@-/".contains(it);
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, name] => {
            (partition.is_empty() || partition.starts_with("aws"))
                && account.len() == 12
                && account.bytes().all(|it| it.is_ascii_digit())
                && name.strip_prefix("role/").is_some_and(|it| !it.is_empty() && it.chars().all(is_of_name))
        }
        _ => false,
    }
}

/// `E3050`: a role with a path, given to `CodeBuild` by its name, by which it looks in the path `/` only. AWS
/// CloudFormation User Guide, `AWS::CodeBuild::Project`: `ServiceRole`.
fn check_paths<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for project in document.of_type("AWS::CodeBuild::Project") {
        let properties = document.properties(project);
        for role in properties.map(|it| all_at(it, "ServiceRole")).unwrap_or_default() {
            let Some(target) = role.target().filter(|it| it.attribute.is_none()) else { continue };
            let Some(path) = document
                .resources
                .get(target.name)
                .filter(|it| it.type_name == "AWS::IAM::Role")
                .and_then(|it| document.properties(it))
                .and_then(|it| it.get("Path"))
            else {
                continue;
            };
            if let Some(text) = path.text().filter(|it| it != "/") {
                let message =
                    format!("`{}` has the path `{text}`, and is not found by its name", target.name);
                report.add(
                    Found::error("E3050", role, message)
                        .help(format!("write `!GetAtt {}.Arn`", target.name))
                        .and(path, "the path"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    #[test]
    fn an_execution_role_is_an_arn() {
        let template = |role: &str| {
            format!(
                "Resources:\n  T:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ExecutionRoleArn: {role}\n"
            )
        };
        let expected = "error E3511 Resources/T/Properties/ExecutionRoleArn 5:25: `executor` is not the ARN of a role\n  \
                        write `!GetAtt Role.Arn`, or `arn:aws:iam::123456789012:role/name`\n";
        assert_eq!(check(super::super::check, &template("executor")), expected);
        assert_eq!(check(super::super::check, &template("!GetAtt R.Arn")), "");
        assert_eq!(check(super::super::check, &template("arn:aws:iam::123456789012:role/a/b")), "");
    }

    #[test]
    fn a_role_with_a_path_is_not_found_by_name() {
        let template = |role: &str| {
            format!(
                "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties: {{Path: /a/}}\n  P:\n    Type: \
                 AWS::CodeBuild::Project\n    Properties:\n      ServiceRole: {role}\n"
            )
        };
        let expected = "error E3050 Resources/P/Properties/ServiceRole 8:20: `R` has the path `/a/`, and is not found by \
                        its name\n  write `!GetAtt R.Arn`\n";
        assert_eq!(check(super::super::check, &template("!Ref R")), expected);
        assert_eq!(check(super::super::check, &template("!GetAtt R.Arn")), "");
    }
}
