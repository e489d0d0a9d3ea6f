//! The policy that says who may take on a role.

use super::{
    super::super::{
        report::{Found, Report},
        value::Value,
    },
    places::{Kind, Policy},
};

/// `trust-policy-action`: an action of another service than STS, which IAM refuses ("may only specify STS
/// `AssumeRole` actions"); or a principal who cannot use the action that is there. AWS Identity and Access Management
/// User Guide, "IAM policy validation check reference": mismatched action for principal.
pub(super) fn check<'t>(policy: &Policy<'t>, statement: Value<'t>, report: &mut Report<'t>) {
    const CODE: &str = "trust-policy-action";
    if policy.kind != Kind::Trust {
        return;
    }
    let actions = statement.get("Action").map(|it| it.each()).unwrap_or_default();
    let mut names = Vec::new();
    let mut is_foreign = false;
    for action in &actions {
        let Some(text) = action.text() else { return };
        let lower = text.to_ascii_lowercase();
        let Some((prefix, name)) = lower.split_once(':') else { return };
        if prefix != "sts" && prefix != "*" {
            let message = format!("`{text}` is no way to take on a role");
            report.add(
                Found::error(CODE, *action, message)
                    .help("write `sts:AssumeRole`; what the role may do belongs into its policies"),
            );
            is_foreign = true;
        }
        names.push(name.to_owned());
    }
    let is_allowed = statement.get("Effect").is_some_and(|it| it.text().as_deref() == Some("Allow"));
    let Some(principal) =
        statement.get("Principal").filter(|_| is_allowed && !is_foreign && !names.is_empty())
    else {
        return;
    };
    // Others, such as `sts:TagSession`, stand beside the one that takes on the role, perhaps in another statement.
    if !names.iter().any(|it| it.starts_with("assumerole")) {
        return;
    }
    let can = |wanted: &str| names.iter().any(|it| it.contains('*') || it == wanted);
    for (kind, _, _) in principal.entries() {
        let fault = match kind {
            "Federated" if !can("assumerolewithwebidentity") && !can("assumerolewithsaml") => {
                Some("write `sts:AssumeRoleWithWebIdentity`, or `sts:AssumeRoleWithSAML`")
            }
            "Service" if !can("assumerole") => Some("add `sts:AssumeRole`"),
            _ => None,
        };
        if let Some(help) = fault {
            let message =
                format!("a principal of the kind `{kind}` cannot take on the role by these actions");
            let found = Found::warning(CODE, principal.key(kind), message).help(help);
            report.add(actions.iter().fold(found, |found, it| found.and(*it, "an action")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    fn trust(statement: &str) -> String {
        let template = format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        \
             Statement:\n          - {{Effect: Allow, {statement}}}\n"
        );
        let path = "Resources/R/Properties/AssumeRolePolicyDocument/Statement/0";
        check(super::super::check, &template).replace(path, "…")
    }

    #[test]
    fn a_role_is_taken_on_by_sts() {
        let expected = "error trust-policy-action …/Action 7:37: `s3:GetObject` is no way to take on a role\n  write \
                        `sts:AssumeRole`; what the role may do belongs into its policies\n";
        assert_eq!(trust("Action: 's3:GetObject', Principal: {AWS: '*'}"), expected);
        assert_eq!(
            trust("Action: ['sts:AssumeRole', 'sts:TagSession'], Principal: {Service: a.amazonaws.com}"),
            ""
        );
    }

    #[test]
    fn a_principal_has_actions_of_its_own() {
        assert_eq!(trust("Action: 'sts:TagSession', Principal: {Service: a.amazonaws.com}"), "");
        let expected = "warning trust-policy-action …/Principal/Federated 7:67: a principal of the kind `Federated` cannot \
                        take on the role by these actions\n  write `sts:AssumeRoleWithWebIdentity`, or \
                        `sts:AssumeRoleWithSAML`\n";
        assert_eq!(trust("Action: 'sts:AssumeRole', Principal: {Federated: !Ref X}"), expected);
        assert_eq!(trust("Action: 'sts:AssumeRoleWithWebIdentity', Principal: {Federated: !Ref X}"), "");
        assert_eq!(trust("Action: !Ref A, Principal: {Federated: !Ref X}"), "");
    }
}
