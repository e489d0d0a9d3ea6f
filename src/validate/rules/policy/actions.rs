//! The actions of a statement, and the resources they work on.

use std::{collections::BTreeMap, sync::Mutex};

use asi_constructs::kernel::diagnostic::{nearest, one_of};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    super::super::{
        report::{Found, Report},
        schema::{parse, value},
        value::{Value, target},
    },
    places::{Kind, Policy},
};

/// A service: its actions, and the kinds of resources these work on.
#[derive(Deserialize)]
struct Service {
    /// For each action the kinds of resources.
    #[serde(borrow)]
    actions: BTreeMap<&'static str, &'static RawValue>,
    /// For each kind the ARNs.
    #[serde(borrow)]
    resources: BTreeMap<&'static str, &'static RawValue>,
}

impl Service {
    /// The service of a prefix, read once for all templates of a run.
    fn of(prefix: &str) -> Option<&'static Self> {
        static READ: Mutex<BTreeMap<String, Option<&'static Service>>> = Mutex::new(BTreeMap::new());
        let mut read = READ.lock().expect("no thread panics while it holds the lock");
        if let Some(known) = read.get(prefix) {
            return *known;
        }
        let service = asi_schemas::actions(prefix).map(|it| &*Box::leak(Box::new(parse(it.leak()))));
        read.insert(prefix.to_owned(), service);
        service
    }

    /// The ARNs of what an action works on.
    fn arns(&self, action: &str) -> Vec<&'static str> {
        let kinds: Vec<&str> = self.actions.get(action).map(|it| value(it)).unwrap_or_default();
        kinds.iter().filter_map(|it| self.resources.get(it)).flat_map(|it| value::<Vec<&str>>(it)).collect()
    }
}

/// Looks at the actions of a statement.
pub(super) fn check<'t>(policy: &Policy<'t>, statement: Value<'t>, report: &mut Report<'t>) {
    // The transform writes policies of its own, with actions that stand for others.
    if policy.value.document.transforms.iter().any(|it| it.starts_with("AWS::Serverless")) {
        return;
    }
    for actions in ["Action", "NotAction"].into_iter().filter_map(|it| statement.get(it)) {
        for action in actions.each() {
            check_action(policy, action, report);
        }
    }
    if policy.kind == Kind::Identity {
        check_resources(statement, report);
    }
    needs_all(statement, report);
}

/// `W3037`: an action that no service has, or a pattern that none matches. IAM takes it, and it permits nothing.
/// Service Authorization Reference, "Actions, resources, and condition keys for AWS services".
fn check_action<'t>(policy: &Policy<'t>, action: Value<'t>, report: &mut Report<'t>) {
    let Some(text) = action.text() else { return };
    let lower = text.to_ascii_lowercase();
    if lower == "*" || lower.starts_with("*:") {
        return;
    }
    let Some((prefix, name)) = lower.split_once(':') else {
        let message = format!("`{text}` names no service");
        let help = "write `service:Action`, such as `s3:GetObject`, or `*` for all";
        report.add(Found::warning("W3037", action, message).help(help));
        return;
    };
    if let Some(own) = own_service(policy.resource.type_name).filter(|it| *it != prefix) {
        let message =
            format!("the policy of `{}` has no use for an action of `{prefix}`", policy.resource.id);
        report.add(Found::warning("W3037", action, message).help(format!("use actions of `{own}`")));
        return;
    }
    let Some(service) = Service::of(prefix) else {
        let found = Found::warning("W3037", action, format!("there is no service `{prefix}`"));
        let known: Vec<&str> = asi_schemas::services().collect();
        report.add(match nearest(prefix, &known) {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found.help("use the prefix that the service authorization reference gives"),
        });
        return;
    };
    let known = || service.actions.keys().copied();
    let start = name.split(['*', '?']).next().unwrap_or_default();
    let is_known = if start == name {
        service.actions.contains_key(name)
    } else {
        known().any(|it| it.starts_with(start) && overlaps(name, it))
    };
    if is_known {
        return;
    }
    let found = if name.contains(['*', '?']) {
        Found::warning("W3037", action, format!("no action of `{prefix}` matches `{name}`"))
    } else {
        Found::warning("W3037", action, format!("`{prefix}` has no action `{}`", &text[prefix.len() + 1..]))
    };
    let known: Vec<&str> = known().collect();
    report.add(match nearest(name.trim_end_matches('*'), &known) {
        Some(near) => found.help(format!("did you mean `{prefix}:{near}`? letters may be of any case")),
        None => found.help(format!(
            "look it up among the actions of `{prefix}` in the service authorization reference"
        )),
    });
}

/// The service whose actions alone make sense in the policy of such a resource.
fn own_service(type_name: &str) -> Option<&'static str> {
    match type_name {
        "AWS::S3::BucketPolicy" => Some("s3"),
        "AWS::SQS::QueuePolicy" => Some("sqs"),
        "AWS::SNS::TopicPolicy" => Some("sns"),
        _ => None,
    }
}

/// `I3510`: an action that works on none of the resources of its statement, which permits nothing. Service
/// Authorization Reference, as above.
fn check_resources<'t>(statement: Value<'t>, report: &mut Report<'t>) {
    let Some(resources) = statement.get("Resource") else { return };
    let texts: Option<Vec<String>> = resources.each().iter().map(|it| Some(pattern(&it.text()?))).collect();
    let Some(texts) = texts.filter(|it| !it.is_empty() && it.iter().all(|it| it.starts_with("arn:"))) else {
        return;
    };
    for action in statement.get("Action").iter().flat_map(Value::each) {
        let Some(text) = action.text().filter(|it| !it.contains(['*', '?'])) else { continue };
        let lower = text.to_ascii_lowercase();
        let Some((prefix, name)) = lower.split_once(':') else { continue };
        // A connection has its ARN under either name of its service, whichever the action has.
        if matches!(prefix, "codestar-connections" | "codeconnections") {
            continue;
        }
        let Some(service) = Service::of(prefix) else { continue };
        let arns = service.arns(name);
        if !arns.is_empty() && !texts.iter().any(|text| arns.iter().any(|arn| is_like(text, arn))) {
            let message = format!("`{text}` works on none of these resources");
            report.add(
                Found::info("I3510", resources, message)
                    .help(format!("name what it works on: {}", one_of(&arns)))
                    .and(action, "this action"),
            );
        }
    }
}

/// A resource with all that is replaced when it is used taken for anything.
fn pattern(resource: &str) -> String {
    let mut text = String::new();
    let mut rest = resource;
    while let Some((before, after)) = rest.split_once("${") {
        text.push_str(before);
        text.push('*');
        rest = after.split_once('}').map_or("", |it| it.1);
    }
    text + rest
}

/// Actions that are asked for often and that know no resources: with anything but `*` they are never permitted.
const OF_ALL: &[&str] = &[
    "cloudwatch:getmetricdata",
    "cloudwatch:listmetrics",
    "cloudwatch:putmetricdata",
    "ec2:describeinstances",
    "ec2:describenetworkinterfaces",
    "ec2:describesecuritygroups",
    "ec2:describesubnets",
    "ec2:describevpcs",
    "ecr:getauthorizationtoken",
    "ecs:listclusters",
    "elasticloadbalancing:describeloadbalancers",
    "elasticloadbalancing:describetargetgroups",
    "elasticloadbalancing:describetargethealth",
    "xray:putsamplingrules",
    "xray:puttelemetryrecords",
    "xray:puttracesegments",
];

/// `action-needs-all-resources`: an action that knows no resources, permitted for some. It fails with
/// `AccessDenied` when it is used. Service Authorization Reference: actions whose column "Resource types" is empty.
fn needs_all<'t>(statement: Value<'t>, report: &mut Report<'t>) {
    let is_allowed = statement.get("Effect").is_some_and(|it| it.text().as_deref() == Some("Allow"));
    let Some(resources) = statement.get("Resource").filter(|_| is_allowed) else { return };
    let is_some = |it: &Value<'_>| match it.text() {
        Some(text) => text != "*" && !text.starts_with("arn:*:*") && text.starts_with("arn:"),
        None => it.function().is_some_and(|(name, _)| name == "Fn::GetAtt") && target(it.site).is_some(),
    };
    let each = resources.each();
    if each.is_empty() || !each.iter().all(is_some) {
        return;
    }
    for action in statement.get("Action").iter().flat_map(Value::each) {
        let Some(text) = action.text() else { continue };
        if OF_ALL.contains(&text.to_ascii_lowercase().as_str()) {
            let message = format!("`{text}` is about no resource, so that this permits nothing");
            report.add(
                Found::warning("action-needs-all-resources", action, message)
                    .help("move it to a statement of its own with `Resource: '*'`")
                    .and(resources, "permitted for these only"),
            );
        }
    }
}

/// Whether there is an ARN that both patterns match; a `*` ends where its part of the ARN does.
fn is_like(left: &str, right: &str) -> bool {
    let parts = |it: &'_ str| it.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (left, right) = (parts(left), parts(right));
    left.len() != right.len() || left.iter().zip(&right).all(|(left, right)| overlaps(left, right))
}

/// Whether there is a text that both patterns match, with `*` for anything and `?` for any character.
fn overlaps(left: &str, right: &str) -> bool {
    // Most differ before there is a `*` or `?` in either.
    let is_plain = |it: &(u8, u8)| ![it.0, it.1].iter().any(|it| matches!(it, b'*' | b'?'));
    if left.bytes().zip(right.bytes()).take_while(is_plain).any(|(left, right)| left != right) {
        return false;
    }
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    // For each end of `right`: whether it matches what of `left` was read.
    let mut row: Vec<bool> = Vec::with_capacity(right.len() + 1);
    row.push(true);
    for at in 0..right.len() {
        row.push(row[at] && right[at] == '*');
    }
    for own in &left {
        let above = row.clone();
        row[0] = above[0] && *own == '*';
        for at in 0..right.len() {
            let other = right[at];
            row[at + 1] = match (*own, other) {
                ('*', _) | (_, '*') => above[at] || above[at + 1] || row[at],
                ('?', _) | (_, '?') => above[at],
                _ => above[at] && *own == other,
            };
            // A star may stand for nothing before the other goes on.
            if *own == '*' {
                row[at + 1] |= row[at];
            }
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::{super::super::super::testing::check, overlaps};

    #[test]
    fn patterns_overlap_if_a_text_matches_both() {
        for (left, right) in
            [("get*", "getobject"), ("*", ""), ("a*c", "*bc"), ("a?c", "a*"), ("*a", "b*"), ("abc", "abc")]
        {
            assert!(overlaps(left, right) && overlaps(right, left), "{left} {right}");
        }
        for (left, right) in [("get*", "putobject"), ("a", ""), ("a*c", "b*"), ("a?c", "ac"), ("abc", "abd")]
        {
            assert!(!overlaps(left, right) && !overlaps(right, left), "{left} {right}");
        }
    }

    fn statement(type_name: &str, text: &str) -> String {
        let start = "PolicyDocument: {Statement: {Effect: Allow, ";
        check(
            super::super::check,
            &format!("Resources:\n  P:\n    Type: {type_name}\n    Properties:\n      {start}{text}}}}}\n"),
        )
    }

    #[test]
    fn an_action_is_one_of_its_service() {
        let expected = "\
warning W3037 Resources/P/Properties/PolicyDocument/Statement/Action/0 5:60: `s3` has no action `GetObjct`
  did you mean `s3:getobject`? letters may be of any case
warning W3037 Resources/P/Properties/PolicyDocument/Statement/Action/1 5:75: there is no service `ss3`
  did you mean `s3`?
warning W3037 Resources/P/Properties/PolicyDocument/Statement/Action/2 5:86: `Get` names no service
  write `service:Action`, such as `s3:GetObject`, or `*` for all
";
        let found = statement(
            "AWS::IAM::ManagedPolicy",
            "Action: ['s3:GetObjct', 'ss3:Get', 'Get', 's3:GetO?ject', '*', 'S3:getobject'], Resource: '*'",
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn the_policy_of_a_queue_is_about_queues() {
        let expected = "warning W3037 Resources/P/Properties/PolicyDocument/Statement/Action 5:75: the policy of `P` has no \
                        use for an action of `sns`\n  use actions of `sqs`\n";
        let found =
            statement("AWS::SQS::QueuePolicy", "Principal: '*', Action: 'sns:Publish', Resource: '*'");
        assert_eq!(found, expected);
    }

    #[test]
    fn an_action_works_on_its_kind_of_resource() {
        let policy = |action: &str, resource: &str| {
            statement("AWS::IAM::ManagedPolicy", &format!("Action: '{action}', Resource: {resource}"))
        };
        let found = policy("sqs:SendMessage", "'arn:aws:sns:*:*:topic'");
        assert!(
            found.starts_with("info I3510 Resources/P/Properties/PolicyDocument/Statement/Resource 5:"),
            "{found}"
        );
        for right in ["'arn:aws:s3:::bucket/*'", "'*'", "!GetAtt Bucket.Arn", "['arn:aws:s3:::b', !Ref C]"] {
            assert_eq!(policy("s3:GetObject", right), "", "{right}");
        }
        let found = policy("ecr:GetAuthorizationToken", "!GetAtt Repository.Arn");
        assert!(found.starts_with("warning action-needs-all-resources "), "{found}");
        assert_eq!(policy("ecr:GetAuthorizationToken", "[!GetAtt Repository.Arn, '*']"), "");
    }
}
