//! Permissions worth a question: what they allow is much, or for somebody else.

use super::{Danger, Point, Subject, Warning, exposure};
use crate::diff::{Attachment, Matches, Row, Sign, Statement};

/// A permission worth a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Power {
    /// Everything is allowed on everything.
    Everything {
        /// To whom.
        who: String,
    },
    /// All that a service can do is allowed.
    Wildcard {
        /// To whom.
        who: String,
        /// The actions.
        actions: Vec<String>,
        /// On what.
        on: String,
    },
    /// A role may be handed to a service, with all that it may do.
    PassRole {
        /// By whom.
        who: String,
        /// Which roles.
        on: String,
    },
    /// Somebody may give himself more.
    Escalation {
        /// Who.
        who: String,
        /// How.
        actions: Vec<String>,
    },
    /// Somebody of another account is let in.
    OtherAccount {
        /// Who.
        who: String,
        /// What he may do.
        actions: Vec<String>,
    },
    /// Somebody is let in whom another provider vouches for.
    Federated {
        /// The provider.
        provider: String,
        /// The condition under which.
        condition: Option<String>,
    },
    /// A policy of AWS that allows almost everything is attached.
    Managed {
        /// The policy.
        policy: String,
        /// To whom.
        who: String,
    },
    /// What was forbidden is not any more.
    Undenied {
        /// What.
        actions: Vec<String>,
        /// On what.
        on: String,
    },
    /// What limited somebody does so no more.
    Unbounded {
        /// Who.
        who: String,
    },
}

/// Actions with which somebody gives himself, or others, what he may not do himself.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
const ESCALATING: [&str; 16] = [
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutGroupPolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
];

/// Policies of AWS that allow almost everything, by the ends of their ARNs.
const ALMIGHTY: [&str; 4] = [
    "policy/AdministratorAccess",
    "policy/PowerUserAccess",
    "policy/IAMFullAccess",
    "policy/job-function/SystemAdministrator",
];

/// Adds the permissions that are worth a question, as dangers; that there are others, as something to see to.
pub(super) fn add(
    subject: &Subject<'_>,
    dangers: &mut Vec<Point<Danger>>,
    warnings: &mut Vec<Point<Warning>>,
) {
    let security = &subject.diff.security;
    let mut others = 0;
    for row in security.statements.iter().filter(|it| it.broadens) {
        let powers = of_statement(row, subject.account);
        let is_told = !powers.is_empty() || exposure::of_statement(row).is_some();
        others += usize::from(!is_told);
        dangers.extend(powers.into_iter().map(|it| subject.of_row(row, Danger::Power(it))));
    }
    for row in security.attachments.iter().filter(|it| it.broadens) {
        let power = of_attachment(row);
        others += usize::from(power.is_none());
        dangers.extend(power.map(|it| subject.of_row(row, Danger::Power(it))));
    }
    if let Some(row) =
        security.statements.iter().find(|it| it.broadens).filter(|_| others > 0 && !subject.is_new)
    {
        warnings.push(Point { id: String::new(), ..subject.of_row(row, Warning::Wider(others)) });
    }
}

fn of_statement(row: &Row<Statement>, account: Option<&str>) -> Vec<Power> {
    let Statement { effect, actions, resources, principals, condition } = &row.what;
    let (who, on) = (joined(principals), joined(resources));
    if effect == "Deny" {
        return vec![Power::Undenied { actions: actions.values.clone(), on }];
    }
    if row.sign == Sign::Removed {
        return Vec::new();
    }
    let mut powers = Vec::new();
    let is_anything = |it: &Matches| it.values.iter().any(|it| it == "*") || it.but;
    let wild: Vec<String> = actions.values.iter().filter(|it| is_wild(it)).cloned().collect();
    if is_anything(actions) && is_anything(resources) {
        powers.push(Power::Everything { who: who.clone() });
    } else if actions.but || !wild.is_empty() && !is_own_key(row) {
        let actions = if actions.but { vec![joined(actions)] } else { wild };
        powers.push(Power::Wildcard { who: who.clone(), actions, on: on.clone() });
    }
    let allows = |action: &str| actions.values.iter().any(|it| covers(it, action));
    if allows("iam:PassRole") && powers.is_empty() {
        powers.push(Power::PassRole { who: who.clone(), on });
    }
    let escalating: Vec<String> =
        ESCALATING.iter().filter(|it| allows(it)).map(|it| (*it).to_owned()).collect();
    if !escalating.is_empty() && powers.iter().all(|it| matches!(it, Power::PassRole { .. })) {
        powers.push(Power::Escalation { who, actions: escalating });
    }
    powers
        .extend(principals.values.iter().filter_map(|it| stranger(it, actions, condition.as_ref(), account)));
    powers
}

/// Whether an action stands for all that a service can do.
fn is_wild(action: &str) -> bool {
    action == "*" || action.ends_with(":*")
}

/// Whether a pattern stands for an action; those of IAM do not mind case.
fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    pattern
        .strip_suffix('*')
        .map_or(pattern == action, |start| start.starts_with("iam:") && action.starts_with(start))
}

/// Whether it is what every key has in its policy: its own account decides who may use it.
fn is_own_key(row: &Row<Statement>) -> bool {
    row.what.actions.values == ["kms:*"]
        && row
            .what
            .principals
            .values
            .iter()
            .all(|it| it.contains("${AWS::AccountId}") && it.ends_with(":root"))
}

/// Somebody who is not of this account, if it is one.
fn stranger(
    principal: &str,
    actions: &Matches,
    condition: Option<&String>,
    account: Option<&str>,
) -> Option<Power> {
    let of_provider = |it: &String| it == "sts:AssumeRoleWithWebIdentity" || it == "sts:AssumeRoleWithSAML";
    let is_provider = actions.values.iter().any(of_provider);
    if is_provider {
        return Some(Power::Federated { provider: principal.to_owned(), condition: condition.cloned() });
    }
    let other = principal.split(':').find(|it| it.len() == 12 && it.bytes().all(|it| it.is_ascii_digit()))?;
    (account != Some(other))
        .then(|| Power::OtherAccount { who: principal.to_owned(), actions: actions.values.clone() })
}

fn of_attachment(row: &Row<Attachment>) -> Option<Power> {
    let Attachment { policy, holder, is_boundary } = &row.what;
    if *is_boundary {
        return Some(Power::Unbounded { who: holder.clone() });
    }
    let is_almighty = ALMIGHTY.iter().any(|it| policy.ends_with(it));
    is_almighty.then(|| Power::Managed { policy: policy.clone(), who: holder.clone() })
}

fn joined(it: &Matches) -> String {
    format!("{}{}", if it.but { "all but " } else { "" }, it.values.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::review::testing::check;

    /// The dangers of a statement in a policy of a role.
    fn of(statement: &str) -> Vec<String> {
        let role = |it: &str| {
            format!(
                "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{}}, Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{it}]}}}}]}}}}}}"
            )
        };
        let run = check(&role(""), &role(statement));
        let powers = run.lines().filter_map(|it| it.strip_prefix("danger R: Power("));
        powers.map(|it| it.split(' ').next().unwrap().to_owned()).collect()
    }

    #[test]
    fn much_is_worth_a_question() {
        let allow = |action: &str, resource: &str| {
            of(&format!("{{Effect: Allow, Action: {action}, Resource: {resource}}}"))
        };
        assert_eq!(allow("'*'", "'*'"), ["Everything"]);
        assert_eq!(allow("'s3:*'", "'arn:aws:s3:::b'"), ["Wildcard"]);
        assert_eq!(allow("'iam:PassRole'", "'*'"), ["PassRole"]);
        assert_eq!(allow("['iam:PutRolePolicy', 'iam:PassRole']", "a"), ["PassRole", "Escalation"]);
        assert_eq!(allow("'iam:*'", "a"), ["Wildcard"]);
        assert_eq!(allow("'iam:Put*'", "a"), ["Escalation"]);
        assert!(allow("'s3:GetObject'", "'*'").is_empty() && allow("'s3:Get*'", "a").is_empty());
        assert_eq!(of("{Effect: Allow, NotAction: 'iam:*', Resource: '*'}"), ["Everything"]);
    }

    #[test]
    fn who_is_let_in_from_elsewhere_is_worth_a_question() {
        let trusts = |principal: &str, action: &str| {
            let role = |it: &str| {
                format!(
                    "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Statement: [{it}]}}}}}}}}"
                )
            };
            check(&role(""), &role(&format!("{{Effect: Allow, Action: '{action}', Principal: {principal}}}")))
        };
        assert!(trusts("{AWS: 'arn:aws:iam::222222222222:root'}", "sts:AssumeRole").contains("OtherAccount"));
        assert!(trusts("{AWS: '222222222222'}", "sts:AssumeRole").contains("OtherAccount"));
        assert!(!trusts("{AWS: 'arn:aws:iam::111111111111:root'}", "sts:AssumeRole").contains("danger"));
        assert!(!trusts("{Service: ecs.amazonaws.com}", "sts:AssumeRole").contains("danger"));
        assert!(trusts("{Federated: !GetAtt P.Arn}", "sts:AssumeRoleWithWebIdentity").contains("Federated"));
        assert!(trusts("{AWS: '*'}", "sts:AssumeRole").contains("Open(Everybody"));
    }

    #[test]
    fn what_limited_somebody_is_missed() {
        let role = |more: &str| {
            format!(
                "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{}}{more}}}}}}}"
            )
        };
        let admin = ", ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess']";
        assert!(check(&role(""), &role(admin)).contains("Managed"));
        assert!(
            check(&role(", PermissionsBoundary: 'arn:aws:iam::aws:policy/a'"), &role(""))
                .contains("Unbounded")
        );
        let queue = |it: &str| {
            format!(
                "Resources: {{P: {{Type: AWS::SQS::QueuePolicy, Properties: {{Queues: [q], PolicyDocument: {{Statement: [{it}]}}}}}}}}"
            )
        };
        let deny = "{Effect: Deny, Action: 'sqs:*', Resource: '*', Principal: '*'}";
        assert!(check(&queue(deny), &queue("")).contains("Undenied"));
        let key = "Resources: {K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Action: 'kms:*', Resource: '*', Principal: {AWS: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root'}}]}}}}";
        assert!(!check("Resources: {}", key).contains("danger"), "each key has that");
    }
}
