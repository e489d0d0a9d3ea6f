//! Whom a statement is about.

use asi_constructs::kernel::{diagnostic::nearest, node::Node};

use super::{
    super::super::{
        report::{Found, Report},
        value::Value,
    },
    places::Policy,
};

const KINDS: &[&str] = &["AWS", "Service", "Federated", "CanonicalUser"];

/// A principal that is none: `E3512`, `E3513`, `E3530`. IAM: "Invalid principal in policy". AWS Identity and Access
/// Management User Guide, "AWS JSON policy elements: Principal".
pub(super) fn check<'t>(policy: &Policy<'t>, statement: Value<'t>, report: &mut Report<'t>) {
    let code = policy.kind.code();
    let principals = ["Principal", "NotPrincipal"].into_iter().filter_map(|it| statement.get(it));
    for principal in principals.flat_map(|it| it.branches()) {
        let Some(written) = principal.known() else { continue };
        if written.as_map().is_none() {
            if principal.text().as_deref() != Some("*") {
                let message = format!("a principal is `*` or a mapping, and not {}", written.describe());
                report.add(
                    Found::error(code, principal, message)
                        .help("say of which kind it is: `AWS: …`, `Service: …`"),
                );
            }
            continue;
        }
        for (kind, _, values) in principal.entries() {
            if !KINDS.contains(&kind) {
                let message = format!("there are no principals of the kind `{kind}`");
                report.add(
                    Found::error(code, principal.key(kind), message).suggest(kind, KINDS.iter().copied()),
                );
            }
            for value in values.each() {
                check_one(code, kind, value, report);
            }
        }
    }
}

fn check_one<'t>(code: &'static str, kind: &str, value: Value<'t>, report: &mut Report<'t>) {
    let Some(text) = value.text() else {
        if let Some(node) = value.known() {
            let message = format!("a principal is named by a text, and this is {}", Node::describe(node));
            report.add(Found::error(code, value, message).help("write an ARN, or the name of a service"));
        }
        return;
    };
    if kind == "AWS" && !is_account_or_identity(&text) && !has_name(&text) {
        let found = Found::error(code, value, format!("`{text}` is no account, user or role"));
        report.add(if text.contains('*') && text.starts_with("arn:") {
            found.help(
                "name it in full: a principal has no wildcards, but a condition on `aws:PrincipalArn` has",
            )
        } else if text.ends_with(".amazonaws.com") {
            found.help("put it under `Service`")
        } else {
            found.help("write the 12 digits of an account, or the ARN of a user or role")
        });
    }
    if kind == "Service" {
        check_service(code, value, &text, report);
    }
}

/// Whether a text has a name in `${…}` that is meant for `Fn::Sub`, of which `substitutions` tells.
fn has_name(text: &str) -> bool {
    let is_name = |it: &str| it.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, ':' | '_'));
    text.split("${").skip(1).any(|it| it.split_once('}').is_some_and(|(name, _)| is_name(name)))
}

/// Whether a text names somebody of an account: all, an account, an identity by ARN, or by its unique id, which is
/// what becomes of the ARN of one that was deleted.
fn is_account_or_identity(text: &str) -> bool {
    let is_account = |it: &str| it.len() == 12 && it.bytes().all(|it| it.is_ascii_digit());
    let is_unique_id = text.len() >= 16
        && text.starts_with('A')
        && text.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
    if text == "*" || is_account(text) || is_unique_id {
        return true;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, name] => {
            let is_identity = ["user/", "role/", "group/"].iter().any(|it| name.starts_with(it));
            (is_account(account) || *account == "cloudfront")
                && (*name == "root" || is_identity)
                && !name.contains('*')
        }
        ["arn", _, "sts", "", account, name] => {
            let is_session = name.starts_with("assumed-role/") || name.starts_with("federated-user/");
            is_account(account) && is_session && !name.contains('*')
        }
        _ => false,
    }
}

/// Services that templates name, of those whose names are easily mistaken.
const SERVICES: &[&str] = &[
    "apigateway.amazonaws.com",
    "application-autoscaling.amazonaws.com",
    "autoscaling.amazonaws.com",
    "backup.amazonaws.com",
    "batch.amazonaws.com",
    "cloudformation.amazonaws.com",
    "cloudfront.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "codebuild.amazonaws.com",
    "codecommit.amazonaws.com",
    "codedeploy.amazonaws.com",
    "codepipeline.amazonaws.com",
    "config.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "dms.amazonaws.com",
    "ec2.amazonaws.com",
    "ecr.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "ecs.amazonaws.com",
    "edgelambda.amazonaws.com",
    "eks.amazonaws.com",
    "eks-fargate-pods.amazonaws.com",
    "elasticbeanstalk.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "elasticmapreduce.amazonaws.com",
    "es.amazonaws.com",
    "events.amazonaws.com",
    "firehose.amazonaws.com",
    "glue.amazonaws.com",
    "iot.amazonaws.com",
    "kinesis.amazonaws.com",
    "lambda.amazonaws.com",
    "logs.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "opensearchservice.amazonaws.com",
    "pipes.amazonaws.com",
    "rds.amazonaws.com",
    "redshift.amazonaws.com",
    "s3.amazonaws.com",
    "sagemaker.amazonaws.com",
    "scheduler.amazonaws.com",
    "secretsmanager.amazonaws.com",
    "ses.amazonaws.com",
    "sns.amazonaws.com",
    "spotfleet.amazonaws.com",
    "sqs.amazonaws.com",
    "ssm.amazonaws.com",
    "states.amazonaws.com",
    "transfer.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
    "wafv2.amazonaws.com",
    "xray.amazonaws.com",
];

/// Misspelt names that people write, and what is meant.
const MISTAKEN: &[(&str, &str)] = &[
    ("ecs-task.amazonaws.com", "ecs-tasks.amazonaws.com"),
    ("ecstasks.amazonaws.com", "ecs-tasks.amazonaws.com"),
    ("ecs-tasks.amazon.com", "ecs-tasks.amazonaws.com"),
    ("event.amazonaws.com", "events.amazonaws.com"),
    ("lambdas.amazonaws.com", "lambda.amazonaws.com"),
    ("code-build.amazonaws.com", "codebuild.amazonaws.com"),
    ("code-pipeline.amazonaws.com", "codepipeline.amazonaws.com"),
    ("codepipelines.amazonaws.com", "codepipeline.amazonaws.com"),
    ("stepfunctions.amazonaws.com", "states.amazonaws.com"),
];

/// A service that is named by no domain of AWS, or by one of the names which are known to be mistakes.
fn check_service<'t>(code: &'static str, value: Value<'t>, text: &str, report: &mut Report<'t>) {
    let message = || format!("there is no service `{text}`");
    if let Some((_, meant)) = MISTAKEN.iter().find(|it| it.0 == text) {
        report.add(Found::error(code, value, message()).help(format!("write `{meant}`")));
        return;
    }
    if !text.contains('.') && text != "*" && !text.contains("${") {
        let meant = format!("{text}.amazonaws.com");
        let found = Found::error(code, value, message());
        report.add(match nearest(&meant, SERVICES) {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found.help("write its whole name, such as `lambda.amazonaws.com`"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    fn trust(principal: &str) -> String {
        let template = format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        \
             Statement: {{Effect: Allow, Action: 'sts:*',\n          Principal: {principal}}}\n"
        );
        let path = "Resources/R/Properties/AssumeRolePolicyDocument/Statement";
        check(super::super::check, &template).replace(path, "…")
    }

    #[test]
    fn a_principal_has_a_kind() {
        let expected = "error E3530 …/Principal 7:22: a principal is `*` or a mapping, and not `lambda.amazonaws.com`\n  say \
                        of which kind it is: `AWS: …`, `Service: …`\n";
        assert_eq!(trust("lambda.amazonaws.com"), expected);
        let expected = "error E3530 …/Principal/Services 7:23: there are no principals of the kind `Services`\n  did you mean \
                        `Service`?\n";
        assert_eq!(trust("{Services: lambda.amazonaws.com}"), expected);
    }

    #[test]
    fn services_are_named_in_full() {
        let expected = "error E3530 …/Principal/Service/0 7:33: there is no service `ecs-task.amazonaws.com`\n  write \
                        `ecs-tasks.amazonaws.com`\nerror E3530 …/Principal/Service/1 7:57: there is no service `lamda`\n  \
                        did you mean `lambda.amazonaws.com`?\n";
        assert_eq!(trust("{Service: [ecs-task.amazonaws.com, lamda]}"), expected);
        assert_eq!(trust("{Service: [!Sub 'ec2.${AWS::URLSuffix}', elsewhere.amazonaws.com]}"), "");
    }

    #[test]
    fn somebody_is_named_without_wildcards() {
        let expected = "error E3530 …/Principal/AWS 7:28: `arn:aws:iam::123456789012:role/*` is no account, user or role\n  \
                        name it in full: a principal has no wildcards, but a condition on `aws:PrincipalArn` has\n";
        assert_eq!(trust("{AWS: 'arn:aws:iam::123456789012:role/*'}"), expected);
        let found = trust("{AWS: 'arn:aws:iam::${self:custom.account}:root'}");
        assert!(found.contains("is no account, user or role"), "{found}");
        assert_eq!(trust("{AWS: 'arn:aws:iam::${AWS::AccountId}:root'}"), "");
        let right = "{AWS: ['*', '123456789012', 'arn:aws:iam::123456789012:root', !GetAtt R.Arn, \
                     AROAJQABLZS4A3QDU576Q, 'arn:aws:sts::123456789012:assumed-role/a/b']}";
        assert_eq!(trust(right), "");
    }
}
