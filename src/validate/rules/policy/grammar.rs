//! What a policy and a statement have to be made of.

use asi_constructs::kernel::{diagnostic::one_of, node::Node};

use super::{
    super::super::{
        report::{Found, Report},
        value::Value,
    },
    places::{Kind, Policy},
};

/// The keys of a policy.
const POLICY: &[&str] = &["Version", "Id", "Statement"];

/// `E3510`, `E3512`, `E3513`, `E3530`, and `W2511`: a policy that the grammar of policies does not allow.
///
/// IAM refuses it as `MalformedPolicyDocument`, and other services under similar names. AWS Identity and Access
/// Management User Guide, "Grammar of the IAM JSON policy language".
pub(super) fn check<'t>(policy: &Policy<'t>, report: &mut Report<'t>) {
    let code = policy.kind.code();
    let Some(value) = policy.value.opened() else {
        let fault = policy.value.embedded().and_then(|it| it.fault.as_ref());
        if let Some(fault) = fault {
            let message = format!("this policy is no JSON: {}", fault.message);
            report.add(Found::error(code, policy.value, message).help("mend the text, or write it as YAML"));
        }
        return;
    };
    let Some(written) = value.known() else { return };
    if written.as_map().is_none() {
        let message = format!("a policy is a mapping, and this is {}", written.describe());
        report.add(Found::error(code, value, message).help("write `Version` and `Statement` under it"));
        return;
    }
    for (key, _, _) in value.entries().filter(|(key, _, _)| !POLICY.contains(key)) {
        let message = format!("a policy has no key `{key}`");
        report.add(Found::error(code, value.key(key), message).suggest(key, POLICY.iter().copied()));
    }
    if let Some(version) = value.get("Version") {
        check_version(code, version, report);
    }
    match value.get("Statement") {
        None => report.add(
            Found::error(code, value.holder(), "this policy has no `Statement`")
                .help("add a list of statements, each with `Effect`, `Action` and `Resource`"),
        ),
        Some(statements) => {
            for statement in statements.each() {
                check_statement(policy, statement, report);
            }
            for list in statements.branches() {
                check_sids(policy, list, report);
            }
        }
    }
}

/// `W2511`: an old version, in which policy variables such as `${aws:username}` are plain text. AWS Identity and
/// Access Management User Guide, "IAM JSON policy elements: Version".
fn check_version<'t>(code: &'static str, version: Value<'t>, report: &mut Report<'t>) {
    const NEWEST: &str = "2012-10-17";
    for version in version.branches() {
        match version.text().as_deref() {
            Some(NEWEST) => (),
            Some("2008-10-17") => report.add(
                Found::warning(
                    "W2511",
                    version,
                    "`2008-10-17` is an old version, in which policy variables are plain text",
                )
                .help(format!("write `{NEWEST}`")),
            ),
            Some(other) => report.add(
                Found::error(code, version, format!("there is no version `{other}` of the policy language"))
                    .help(format!("write `{NEWEST}`, which is not the date of your policy")),
            ),
            None if version.is_known() => {
                report.add(
                    Found::error(code, version, "a version is a text").help(format!("write `{NEWEST}`")),
                );
            }
            None => (),
        }
    }
}

fn check_statement<'t>(policy: &Policy<'t>, statement: Value<'t>, report: &mut Report<'t>) {
    let (kind, code) = (policy.kind, policy.kind.code());
    let Some(written) = statement.known() else { return };
    if written.as_map().is_none() {
        let message = format!("a statement is a mapping, and this is {}", written.describe());
        report.add(Found::error(code, statement, message).help("write `Effect` and the rest under it"));
        return;
    }
    let known = keys(kind);
    for (key, _, _) in statement.entries().filter(|(key, _, _)| !known.contains(key)) {
        let found = Found::error(code, statement.key(key), foreign_key(kind, key));
        report.add(match (kind, key) {
            (Kind::Identity, "Principal" | "NotPrincipal") => {
                found.help("take it out: the policy is for whom it is attached to")
            }
            (Kind::Trust, "Resource" | "NotResource") => found.help("take it out: the resource is the role"),
            _ => found.suggest(key, known.iter().copied()),
        });
    }
    match statement.get("Effect") {
        None => report.add(
            Found::error(code, statement.holder(), "this statement has no `Effect`")
                .help("write `Effect: Allow` or `Effect: Deny`"),
        ),
        Some(effect) => {
            for effect in effect.branches().into_iter().filter(Value::is_known) {
                if !matches!(effect.text().as_deref(), Some("Allow" | "Deny")) {
                    let shown = effect.known().map(Node::describe).unwrap_or_default();
                    let message = format!("an effect is `Allow` or `Deny`, and not {shown}");
                    let written = effect.text().unwrap_or_default();
                    report.add(Found::error(code, effect, message).suggest(&written, ["Allow", "Deny"]));
                }
            }
        }
    }
    one_of_two(code, statement, ["Action", "NotAction"], true, report);
    let needs_resource = matches!(kind, Kind::Identity | Kind::Strict);
    one_of_two(code, statement, ["Resource", "NotResource"], needs_resource, report);
    let needs_principal = matches!(kind, Kind::Strict | Kind::Repository | Kind::Trust);
    one_of_two(code, statement, ["Principal", "NotPrincipal"], needs_principal, report);
    for key in ["Action", "NotAction", "Resource", "NotResource"].into_iter().filter(|it| known.contains(it))
    {
        if let Some(value) = statement.get(key) {
            check_texts(code, key, value, report);
        }
    }
    if matches!(kind, Kind::Identity | Kind::Strict | Kind::Repository) {
        for (key, _, resource) in statement.entries().filter(|it| it.0 == "Resource" || it.0 == "NotResource")
        {
            // A bucket has to be named, if not by what is excluded.
            let takes_all = policy.resource.type_name != "AWS::S3::BucketPolicy" || key == "NotResource";
            let is_all = |it: &Value<'_>| it.text().as_deref() == Some("*");
            resource
                .each()
                .into_iter()
                .filter(|it| !takes_all || !is_all(it))
                .for_each(|it| check_arn(kind, it, report));
        }
    }
    if kind == Kind::Identity {
        check_sid(statement, report);
    }
}

/// The keys of a statement in a policy of this kind.
fn keys(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Identity => &["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"],
        Kind::Trust => &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"],
        Kind::Strict | Kind::Repository | Kind::Other => &[
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ],
    }
}

fn foreign_key(kind: Kind, key: &str) -> String {
    match kind {
        Kind::Identity if key.ends_with("Principal") => {
            format!("a policy of a user, a group or a role has no `{key}`")
        }
        Kind::Trust if key.ends_with("Resource") => {
            format!("the policy that says who may take on a role has no `{key}`")
        }
        Kind::Identity | Kind::Trust | Kind::Strict | Kind::Repository | Kind::Other => {
            format!("a statement has no key `{key}`")
        }
    }
}

/// Exactly one of two keys, or not both of them.
fn one_of_two<'t>(
    code: &'static str,
    statement: Value<'t>,
    [plain, negated]: [&'static str; 2],
    is_needed: bool,
    report: &mut Report<'t>,
) {
    match (statement.get(plain), statement.get(negated)) {
        // Of two that depend on conditions, one may stand in for the other.
        (Some(first), Some(second)) if first.is_known() && second.is_known() => report.add(
            Found::error(
                code,
                statement.within_key(negated),
                format!("a statement takes `{plain}` or `{negated}`, and not both"),
            )
            .help("split it into two statements")
            .and(statement.key(plain), "the other is here"),
        ),
        (None, None) if is_needed => {
            let written = statement.entries().map(|(key, _, _)| key);
            // A key that is misspelt is told already.
            let is_misspelt =
                |key: &str| key.eq_ignore_ascii_case(plain) || key.eq_ignore_ascii_case(&format!("{plain}s"));
            if !written.into_iter().any(is_misspelt) {
                report.add(
                    Found::error(code, statement.holder(), format!("this statement has no `{plain}`"))
                        .help(format!("add `{plain}`, or `{negated}` for all but some")),
                );
            }
        }
        _ => (),
    }
}

/// A text, or a list of texts, and not an empty one. IAM: "Policy statement must contain actions", "Policy
/// statement must contain resources".
fn check_texts<'t>(code: &'static str, key: &str, value: Value<'t>, report: &mut Report<'t>) {
    for value in value.branches() {
        let Some(node) = value.known() else { continue };
        if node.as_list().is_some() && value.items().next().is_none() {
            let message = format!("`{key}` is an empty list");
            report.add(Found::error(code, value.holder(), message).help("write what the statement is about"));
        }
        for item in value.each() {
            if let Some(node) = item.known().filter(|_| item.text().is_none()) {
                let message =
                    format!("`{key}` is a text or a list of texts, and this is {}", node.describe());
                report.add(Found::error(code, item, message).help("write the text itself"));
            }
        }
    }
}

/// A resource that is no ARN, in the policy of an identity, and `E3514` in that of a resource: IAM says "Resource …
/// must be in ARN format or "*"", and S3 "Policy has invalid resource", which is so for `*` too. AWS Identity and
/// Access Management User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
fn check_arn<'t>(kind: Kind, resource: Value<'t>, report: &mut Report<'t>) {
    let Some(text) = resource.text() else { return };
    if is_arn_pattern(&text) || text.contains("${") {
        return;
    }
    let code = if kind == Kind::Strict { "E3514" } else { kind.code() };
    let message = format!("`{text}` is no ARN");
    let help = if text == "*" {
        "name the bucket: `!GetAtt Bucket.Arn`, and `!Sub '${Bucket.Arn}/*'` for what is in it"
    } else if text.starts_with("arn:") {
        "write `arn:partition:service:region:account:resource`, where region and account may be empty"
    } else {
        "write the whole ARN, such as `!GetAtt Thing.Arn`"
    };
    report.add(Found::error(code, resource, message).help(help));
}

/// Whether a text is an ARN, or can match one.
fn is_arn_pattern(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_account = |it: &str| it.len() == 12 && it.bytes().all(|it| it.is_ascii_digit());
    match parts.as_slice() {
        ["arn", partition, service, rest @ ..] => {
            let is_partition = partition.starts_with("aws") || *partition == "*";
            let is_rest = match rest {
                [_region] => true,
                [_region, account, resource] => {
                    !resource.is_empty() && (matches!(*account, "" | "*" | "aws") || is_account(account))
                }
                _ => false,
            };
            is_partition && !service.is_empty() && is_rest
        }
        _ => false,
    }
}

/// IAM: "Statement IDs (SID) must be alpha-numeric". AWS Identity and Access Management User Guide, "IAM JSON policy
/// elements: Sid".
fn check_sid<'t>(statement: Value<'t>, report: &mut Report<'t>) {
    for sid in statement.get("Sid").iter().flat_map(Value::branches) {
        if let Some(text) = sid.text()
            && let Some(foreign) = text.chars().find(|it| !it.is_ascii_alphanumeric())
        {
            let message =
                format!("the sid `{text}` has {}, and takes letters and digits only", shown(foreign));
            report.add(Found::error("E3510", sid, message).help("write it in one word: `AllowReading`"));
        }
    }
}

fn shown(character: char) -> String {
    if character == ' ' { "a space".to_owned() } else { format!("`{character}`") }
}

/// Sids name statements, so that two cannot have the same. IAM: "Statement IDs (SID) in a single policy must be
/// unique". S3 takes them, and so do repositories.
fn check_sids<'t>(policy: &Policy<'t>, statements: Value<'t>, report: &mut Report<'t>) {
    let takes_any = matches!(policy.kind, Kind::Repository | Kind::Other);
    if takes_any || policy.resource.type_name == "AWS::S3::BucketPolicy" {
        return;
    }
    let sids: Vec<Value<'t>> = statements.items().filter_map(|it| it.get("Sid")).collect();
    for (at, sid) in sids.iter().enumerate() {
        let Some(text) = sid.text().filter(|it| !it.is_empty()) else { continue };
        if let Some(first) = sids[..at].iter().find(|it| it.text().as_ref() == Some(&text)) {
            let message = format!("two statements have the sid {}", one_of(&[&text]));
            report.add(
                Found::error(policy.kind.code(), statements.within(*sid), message)
                    .help("give each a name of its own, or take it out")
                    .and(*first, "the first is here"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    /// What is found in the policy of a managed policy.
    fn identity(policy: &str) -> String {
        let indented = policy.replace('\n', "\n        ");
        let start =
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:";
        check(super::super::check, &format!("{start}\n        {indented}\n"))
    }

    #[test]
    fn a_right_policy_is_right() {
        let policy = "Version: 2012-10-17\nStatement:\n  - Sid: Read1\n    Effect: Allow\n    Action: s3:GetObject\n    \
                      Resource:\n      - !Sub 'arn:${AWS::Partition}:s3:::a/*'\n      - arn:aws:s3:::b/*\n      - \
                      !If [C, '*', !Ref X]\n  - !If [C, {Effect: Deny, NotAction: '*', NotResource: '*'}, !Ref X]\n  \
                      - !Ref Y";
        assert_eq!(identity(policy), "");
        assert_eq!(identity("!Ref Policy"), "");
        assert_eq!(identity("Version: !Ref V\nStatement: !Ref S"), "");
    }

    #[test]
    fn points_at_what_does_not_belong() {
        let policy = "Version: 2012-10-18\nStatements: []\nStatement:\n  Effect: allow\n  Actions: s3:*\n  Resource: b\n  \
                      Principal: '*'";
        let expected = "\
error E3510 Resources/P/Properties/PolicyDocument/Version 6:18: there is no version `2012-10-18` of the policy language
  write `2012-10-17`, which is not the date of your policy
error E3510 Resources/P/Properties/PolicyDocument/Statements 7:9: a policy has no key `Statements`
  did you mean `Statement`?
error E3510 Resources/P/Properties/PolicyDocument/Statement/Actions 10:11: a statement has no key `Actions`
  did you mean `Action`?
error E3510 Resources/P/Properties/PolicyDocument/Statement/Principal 12:11: a policy of a user, a group or a role has \
no `Principal`
  take it out: the policy is for whom it is attached to
error E3510 Resources/P/Properties/PolicyDocument/Statement/Effect 9:19: an effect is `Allow` or `Deny`, and not `allow`
  did you mean `Allow`?
error E3510 Resources/P/Properties/PolicyDocument/Statement/Resource 11:21: `b` is no ARN
  write the whole ARN, such as `!GetAtt Thing.Arn`
";
        assert_eq!(sorted(&identity(policy)), sorted(expected));
    }

    /// Findings by place.
    fn sorted(text: &str) -> Vec<&str> {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines
    }

    #[test]
    fn a_statement_needs_one_of_each() {
        let policy =
            "Version: '2008-10-17'\nStatement:\n  - Resource: []\n    NotAction: sqs:*\n    Action: [{a: b}]";
        let found = identity(policy);
        let messages: Vec<&str> = found.lines().filter(|it| !it.starts_with("  ")).collect();
        let expected = [
            "warning W2511 Resources/P/Properties/PolicyDocument/Version 6:18: `2008-10-17` is an old version, in which \
             policy variables are plain text",
            "error E3510 Resources/P/Properties/PolicyDocument/Statement/0 8:13: this statement has no `Effect`",
            "error E3510 Resources/P/Properties/PolicyDocument/Statement/0 9:13: a statement takes `Action` or \
             `NotAction`, and not both",
            "error E3510 Resources/P/Properties/PolicyDocument/Statement/0/Resource 8:13: `Resource` is an empty list",
            "error E3510 Resources/P/Properties/PolicyDocument/Statement/0/Action/0 10:22: `Action` is a text or a list of \
             texts, and this is a mapping",
        ];
        assert_eq!(sorted(&messages.join("\n")), sorted(&expected.join("\n")));
    }

    #[test]
    fn sids_are_words_and_different() {
        let policy = "Statement:\n  - {Sid: a b, Effect: Allow, Action: 's3:*', Resource: '*'}\n  - {Sid: a b, Effect: \
                      Allow, Action: 's3:*', Resource: '*'}";
        let expected = "\
error E3510 Resources/P/Properties/PolicyDocument/Statement 8:19: two statements have the sid `a b`
  give each a name of its own, or take it out
error E3510 Resources/P/Properties/PolicyDocument/Statement/0/Sid 7:19: the sid `a b` has a space, and takes letters \
and digits only
  write it in one word: `AllowReading`
error E3510 Resources/P/Properties/PolicyDocument/Statement/1/Sid 8:19: the sid `a b` has a space, and takes letters \
and digits only
  write it in one word: `AllowReading`
";
        assert_eq!(identity(policy), expected);
    }

    #[test]
    fn a_policy_in_a_text_is_read_where_it_stands() {
        let template = "Resources:\n  P:\n    Type: AWS::Logs::ResourcePolicy\n    Properties:\n      PolicyDocument: !Sub \
                        |\n        {\"Statement\": [{\"Effect\": \"Alow\", \"Principal\": \"*\", \"Action\": \
                        \"logs:${X}\",\n          \"Resource\": \"*\"}]}\n";
        let expected = "error E3512 Resources/P/Properties/PolicyDocument/Statement/0/Effect 6:35: an effect is `Allow` or \
                        `Deny`, and not `Alow`\n  did you mean `Allow`?\n";
        assert_eq!(check(super::super::check, template), expected);
    }

    #[test]
    fn the_policy_of_a_bucket_names_it() {
        let policy = |resource: &str| {
            format!(
                "Resources:\n  P:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: a\n      \
                 PolicyDocument:\n        Statement:\n          - {{Effect: Deny, Principal: '*', Action: 's3:*'{resource}}}\n"
            )
        };
        let missing = "error E3512 Resources/P/Properties/PolicyDocument/Statement/0 8:13: this statement has no \
                       `Resource`\n  add `Resource`, or `NotResource` for all but some\n";
        assert_eq!(check(super::super::check, &policy("")), missing);
        let star = "error E3514 Resources/P/Properties/PolicyDocument/Statement/0/Resource 8:70: `a` is no ARN\n  write the \
                    whole ARN, such as `!GetAtt Thing.Arn`\n";
        assert_eq!(check(super::super::check, &policy(", Resource: a")), star);
        assert_eq!(check(super::super::check, &policy(", Resource: arn:aws:s3:::a")), "");
    }
}
