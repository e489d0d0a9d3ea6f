//! Policies that let too many do too much.

use super::{
    super::{
        super::{
            document::Document,
            report::{Found, Report},
            value::Value,
        },
        policy::places::{Kind, policies},
    },
    place,
};

/// Looks at every statement that allows something, at managed policies, and at keys.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for policy in policies(document) {
        for statement in policy.statements() {
            let is_allowed = statement.get("Effect").is_some_and(|it| it.text().as_deref() == Some("Allow"));
            match policy.kind {
                Kind::Identity if is_allowed => check_rights(statement, report),
                Kind::Trust | Kind::Strict | Kind::Repository | Kind::Other if is_allowed => {
                    check_anybody(policy.kind, statement, report);
                }
                Kind::Identity | Kind::Trust | Kind::Strict | Kind::Repository | Kind::Other => (),
            }
        }
    }
    for type_name in ["AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"] {
        for identity in document.of_type(type_name) {
            let policies = document.properties(identity).and_then(|it| it.get("ManagedPolicyArns"));
            policies.iter().flat_map(Value::each).for_each(|it| check_managed(it, report));
        }
    }
    check_keys(document, report);
}

/// The item of a list, or the text alone, that `is` is true of.
fn find(value: Option<Value<'_>>, is: impl Fn(&str) -> bool) -> Option<Value<'_>> {
    value?.each().into_iter().find(|it| it.text().is_some_and(|it| is(&it)))
}

/// `policy-wildcard` (AwsSolutions-IAM5, `CKV_AWS_62`, `CKV_AWS_63`, AVD-AWS-0057) and `pass-any-role` (`CKV_AWS_110`):
/// all actions, all of a service on everything, or the right to give any role to a service, which is the right to
/// become that role.
fn check_rights<'t>(statement: Value<'t>, report: &mut Report<'t>) {
    let Some(all) = find(statement.get("Resource"), |it| it == "*") else { return };
    if let Some(action) = find(statement.get("Action"), |it| it == "*" || it == "*:*") {
        report.add(
            Found::warning("policy-wildcard", action, "this allows to do everything with everything")
                .help("name the actions and the resources that are needed")
                .and(all, "with everything"),
        );
        return;
    }
    if statement.get("Condition").is_some() {
        return;
    }
    if let Some(action) = find(statement.get("Action"), |it| it.ends_with(":*")) {
        let text = action.text().unwrap_or_default();
        report.add(
            Found::info("policy-wildcard", action, format!("this allows all of `{text}` with everything"))
                .help("name the actions and the resources that are needed")
                .and(all, "with everything"),
        );
    }
    if let Some(action) = find(statement.get("Action"), |it| it.eq_ignore_ascii_case("iam:PassRole")) {
        report.add(
            Found::warning("pass-any-role", action, "who may pass every role has the rights of every role")
                .help("name the roles under `Resource`")
                .and(all, "every role"),
        );
    }
}

/// `open-trust` (`CKV_AWS_60`, `CKV_AWS_61`) and `open-resource` (`CKV_AWS_70`, `CKV_AWS_32`, `CKV_AWS_33`,
/// AVD-AWS-0096): everybody with an AWS account is let in, on no condition.
fn check_anybody<'t>(kind: Kind, statement: Value<'t>, report: &mut Report<'t>) {
    let Some(principal) = statement.get("Principal").filter(|_| statement.lacks("Condition")) else { return };
    let everybody = match principal.text().as_deref() {
        Some("*") => Some(principal),
        _ => find(principal.get("AWS"), |it| it == "*"),
    };
    let Some(everybody) = everybody else { return };
    let found = if kind == Kind::Trust {
        Found::warning("open-trust", everybody, "everybody with an AWS account can take on this role")
    } else {
        Found::warning("open-resource", everybody, "everybody with an AWS account can use this")
    };
    report.add(found.help("name those who may, or add a `Condition`"));
}

/// `managed-policy-of-aws` (AwsSolutions-IAM4, `CKV_AWS_274`): it allows more than one needs, and changes without
/// notice.
fn check_managed<'t>(policy: Value<'t>, report: &mut Report<'t>) {
    let text = policy.text().map(std::borrow::Cow::into_owned);
    // With `Fn::Sub` or `Fn::Join` for the partition.
    let written = text.or_else(|| {
        let (_, argument) = policy.function()?;
        let items = argument.as_list().and_then(|it| it.get(1)).and_then(|it| it.as_list());
        let last = items.and_then(|it| it.last()).unwrap_or(argument);
        Some(last.as_str()?.to_owned())
    });
    let Some((_, name)) = written.as_deref().and_then(|it| it.split_once(":iam::aws:policy/")) else {
        return;
    };
    if matches!(name, "AdministratorAccess" | "PowerUserAccess" | "IAMFullAccess") {
        report.add(
            Found::warning("managed-policy-of-aws", policy, format!("`{name}` allows nearly everything"))
                .help("write a policy with the actions that are needed"),
        );
    } else if !name.starts_with("service-role/") {
        report.add(
            Found::info(
                "managed-policy-of-aws",
                policy,
                format!("AWS says what `{name}` allows, and may change it"),
            )
            .help("write a policy with the actions that are needed"),
        );
    }
}

/// `key-rotation` (AwsSolutions-KMS5, `CKV_AWS_7`, AVD-AWS-0065): a key that is never changed.
fn check_keys<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for key in document.of_type("AWS::KMS::Key") {
        let Some(properties) = document.properties(key) else { continue };
        let is = |key: &str, wanted: &str| {
            properties.get(key).is_none_or(|it| it.text().is_some_and(|it| it == wanted))
        };
        // Only these can be rotated.
        let can_rotate = is("KeySpec", "SYMMETRIC_DEFAULT") && is("Origin", "AWS_KMS");
        let rotation = properties.get("EnableKeyRotation");
        let is_off = rotation.map_or(properties.is_known(), |it| it.boolean() == Some(false));
        if can_rotate && is_off {
            let place = rotation.map_or(place(key), Into::into);
            report.add(
                Found::info("key-rotation", place, format!("`{}` is never changed", key.id))
                    .help("write `EnableKeyRotation: true`, which changes it every year"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    fn role(properties: &str) -> String {
        let template =
            format!("Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      {properties}\n");
        check(super::check, &template).replace("Resources/R/Properties", "…")
    }

    fn policy(statement: &str) -> String {
        role(&format!("Policies: [{{PolicyDocument: {{Statement: [{{Effect: Allow, {statement}}}]}}}}]"))
            .replace("…/Policies/0/PolicyDocument/Statement/0", "…")
    }

    #[test]
    fn a_policy_does_not_allow_everything() {
        let expected = "warning policy-wildcard …/Action 5:72: this allows to do everything with everything\n  name the actions \
                        and the resources that are needed\n";
        assert_eq!(policy("Action: '*', Resource: '*'"), expected);
        let expected = "warning pass-any-role …/Action 5:72: who may pass every role has the rights of every role\n  name the \
                        roles under `Resource`\n";
        assert_eq!(policy("Action: iam:PassRole, Resource: '*'"), expected);
        assert_eq!(policy("Action: iam:PassRole, Resource: !GetAtt R.Arn"), "");
        assert_eq!(policy("Action: iam:PassRole, Resource: '*', Condition: {}"), "");
    }

    #[test]
    fn a_role_is_not_for_everybody() {
        let trust = |rest: &str| {
            role(&format!(
                "AssumeRolePolicyDocument: {{Statement: {{Effect: Allow, Action: 'sts:*', {rest}}}}}"
            ))
        };
        let expected = "warning open-trust …/AssumeRolePolicyDocument/Statement/Principal/AWS 5:95: everybody with an AWS account \
                        can take on this role\n  name those who may, or add a `Condition`\n";
        assert_eq!(trust("Principal: {AWS: '*'}"), expected);
        assert_eq!(trust("Principal: {AWS: '*'}, Condition: {}"), "");
        assert_eq!(trust("Principal: {Service: a.amazonaws.com}"), "");
    }

    #[test]
    fn a_queue_is_not_for_everybody() {
        let queue = |rest: &str| {
            let statement =
                format!("{{Effect: Allow, Action: 'sqs:*', Resource: '*', Principal: '*'{rest}}}");
            let start =
                "Resources:\n  Q:\n    Type: AWS::SQS::QueuePolicy\n    Properties:\n      PolicyDocument:\n";
            check(super::check, &format!("{start}        Statement: [{statement}]\n"))
        };
        let expected = "warning open-resource Resources/Q/Properties/PolicyDocument/Statement/0/Principal 6:80: everybody \
                        with an AWS account can use this\n  name those who may, or add a `Condition`\n";
        assert_eq!(queue(""), expected);
        assert_eq!(queue(", Condition: {ArnLike: {}}"), "");
    }

    #[test]
    fn tells_of_managed_policies() {
        let found =
            role("ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess']");
        assert!(
            found.starts_with(
                "warning managed-policy-of-aws …/ManagedPolicyArns/0 5:27: `AdministratorAccess`"
            ),
            "{found}"
        );
        assert_eq!(
            role(
                "ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy']"
            ),
            ""
        );
    }

    #[test]
    fn a_key_rotates() {
        let key = |rest: &str| {
            check(
                super::check,
                &format!("Resources:\n  K: {{Type: AWS::KMS::Key, Properties: {{Description: k{rest}}}}}\n"),
            )
        };
        let expected = "info key-rotation Resources/K 2:3: `K` is never changed\n  write `EnableKeyRotation: true`, which \
                        changes it every year\n";
        assert_eq!(key(""), expected);
        assert_eq!(key(", EnableKeyRotation: true"), "");
        assert_eq!(key(", KeySpec: RSA_2048"), "");
    }
}
