//! How long policies may be, and how many a role may have.
//!
//! IAM does not count white space. What is not known counts for nothing, so that a policy which is reported is too
//! long whatever its functions give.

use asi_constructs::kernel::node::{Node, NodeKind};

use super::{
    super::super::{
        document::{Document, Resource},
        report::{Found, Place, Report},
        scenario::choice,
        substitution::{Part, parts},
        value::{Value, target},
    },
    places::all_at,
};

/// `policy-size`: "Maximum policy size of … bytes exceeded", and `managed-policies`: "Cannot exceed quota for
/// `PoliciesPerRole`". AWS Identity and Access Management User Guide, "IAM and AWS STS quotas".
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for policy in document.of_type("AWS::IAM::ManagedPolicy") {
        if let Some(node) = document.properties(policy).and_then(|it| it.get("PolicyDocument")) {
            check_size("a managed policy", 6_144, least(node.site), node.holder(), report);
        }
    }
    for role in document.of_type("AWS::IAM::Role") {
        let Some(properties) = document.properties(role) else { continue };
        if let Some(trust) = properties.get("AssumeRolePolicyDocument") {
            check_trust(trust, least(trust.site), report);
        }
        check_inline(document, role, ("a role", 10_240, "Roles", "RoleName"), report);
        check_count(properties, "a role", 10, 25, report);
    }
    for user in document.of_type("AWS::IAM::User") {
        check_inline(document, user, ("a user", 2_048, "Users", "UserName"), report);
        if let Some(properties) = document.properties(user) {
            check_count(properties, "a user", 10, 20, report);
        }
    }
    for group in document.of_type("AWS::IAM::Group") {
        check_inline(document, group, ("a group", 5_120, "Groups", "GroupName"), report);
        if let Some(properties) = document.properties(group) {
            check_count(properties, "a group", 10, 10, report);
        }
    }
}

fn check_size<'t>(of: &str, most: usize, size: usize, place: Place<'t>, report: &mut Report<'t>) {
    if size > most {
        let message = format!("this policy has at least {size} characters, and {of} takes {most}");
        let help = "split it, or name many resources and actions by a pattern";
        report.add(Found::error("policy-size", place, message).help(help));
    }
}

/// The limit of 2,048 can be raised to 4,096.
fn check_trust<'t>(trust: Value<'t>, size: usize, report: &mut Report<'t>) {
    const USUAL: usize = 2_048;
    const RAISED: usize = 4_096;
    if size > RAISED {
        check_size("a role", RAISED, size, trust.holder(), report);
    } else if size > USUAL {
        let message = format!(
            "this policy has at least {size} characters, and a role takes {USUAL} unless the quota of the account is \
             raised"
        );
        let help = "name fewer principals, or ask for a higher quota";
        report.add(Found::warning("policy-size", trust.holder(), message).help(help));
    }
}

/// All inline policies of an identity count together: its own, and those that are resources and name it.
fn check_inline<'t>(
    document: &'t Document<'t>,
    identity: &'t Resource<'t>,
    (of, most, list, own_name): (&str, usize, &str, &str),
    report: &mut Report<'t>,
) {
    let properties = document.properties(identity);
    let own = properties.and_then(|it| it.get("Policies"));
    let mut sizes: Vec<(usize, Value<'t>)> = own
        .iter()
        .flat_map(Value::items)
        .filter_map(|it| it.get("PolicyDocument"))
        .map(|it| (least(it.site), it))
        .collect();
    let names_it = |it: Value<'t>| target(it.site).is_some_and(|it| it.name == identity.id);
    for type_name in
        ["AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy"]
    {
        for policy in document.of_type(type_name).filter(|it| it.condition.is_none()) {
            let Some(properties) = document.properties(policy) else { continue };
            let listed = properties.get(list).into_iter().flat_map(|it| it.items());
            let mut named = listed.chain(properties.get(own_name));
            if let Some(document) = properties.get("PolicyDocument").filter(|_| named.any(names_it)) {
                sizes.push((least(document.site), document));
            }
        }
    }
    let size: usize = sizes.iter().map(|it| it.0).sum();
    let Some(((_, newest), others)) = sizes.split_last().filter(|_| size > most) else { return };
    let message = format!(
        "the inline policies of `{}` have at least {size} characters together, and {of} takes {most}",
        identity.id
    );
    let found = Found::error("policy-size", newest.holder(), message)
        .help("make some of them an `AWS::IAM::ManagedPolicy`, which does not count");
    report.add(others.iter().fold(found, |found, it| found.and(it.1.holder(), "this counts too")));
}

fn check_count<'t>(properties: Value<'t>, of: &str, usual: usize, raised: usize, report: &mut Report<'t>) {
    for policies in all_at(properties, "ManagedPolicyArns") {
        let is_sure = |it: &Value<'_>| it.function().is_none_or(|it| it.0 != "Fn::If");
        let count = policies.items().filter(is_sure).count();
        let help = "put the statements of several into one policy";
        if count > raised {
            let message = format!("{count} managed policies are attached, and {of} takes {raised} at most");
            report.add(Found::error("managed-policies", policies.holder(), message).help(help));
        } else if count > usual {
            let message = format!(
                "{count} managed policies are attached, and {of} takes {usual} unless the quota of the account is \
                 raised"
            );
            report.add(Found::warning("managed-policies", policies.holder(), message).help(help));
        }
    }
}

/// The fewest characters a value has as JSON, without white space.
fn least(node: &Node) -> usize {
    let count = |text: &str| text.chars().filter(|it| !it.is_whitespace()).count();
    match &node.kind {
        NodeKind::Null => 4,
        NodeKind::Bool(it) => {
            if *it {
                4
            } else {
                5
            }
        }
        NodeKind::Integer(it) => it.to_string().len(),
        NodeKind::Float(it) => it.to_string().len(),
        // A text that is the whole policy is counted without quotes.
        NodeKind::String(text) if text.trim_start().starts_with('{') => count(text),
        NodeKind::String(text) => count(text) + 2,
        NodeKind::List(items) => {
            let sizes: Vec<usize> = items.iter().map(least).filter(|it| *it > 0).collect();
            sizes.iter().sum::<usize>() + sizes.len().saturating_sub(1) + 2
        }
        NodeKind::Map(map) => {
            if let Some((_, then, otherwise)) = choice(node) {
                return least(then).min(least(otherwise));
            }
            match node.as_single() {
                Some(("Fn::Sub", argument)) => {
                    let text = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
                    let known = parts(text.as_str().unwrap_or_default()).into_iter().map(|it| match it {
                        Part::Text(it) | Part::Literal(it) => count(it),
                        Part::Name(..) => 0,
                    });
                    known.sum()
                }
                Some(("Fn::Join", argument)) => {
                    let items = argument.as_list().and_then(|it| it.get(1)).and_then(Node::as_list);
                    items.unwrap_or_default().iter().filter_map(Node::as_str).map(count).sum()
                }
                Some((key, _)) if key == "Ref" || key.starts_with("Fn::") => 0,
                _ => {
                    let entries = map.iter().map(|(key, it)| (count(key), least(&it.value)));
                    let sizes: Vec<usize> = entries.filter(|it| it.1 > 0).map(|it| it.0 + 3 + it.1).collect();
                    sizes.iter().sum::<usize>() + sizes.len().saturating_sub(1) + 2
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    fn actions(count: usize) -> String {
        vec!["'s3:GetObject'"; count].join(", ")
    }

    #[test]
    fn a_managed_policy_has_a_limit() {
        let template = |count| {
            format!(
                "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        \
                 Statement: {{Effect: Allow, Action: [{}], Resource: !If [C, '*', !Ref R]}}\n",
                actions(count)
            )
        };
        let expected = "error policy-size Resources/P/Properties/PolicyDocument 5:7: this policy has at least 6433 \
                        characters, and a managed policy takes 6144\n  split it, or name many resources and actions by a \
                        pattern\n";
        assert_eq!(check(super::super::check, &template(426)), expected);
        assert_eq!(check(super::super::check, &template(400)), "");
    }

    #[test]
    fn inline_policies_count_together() {
        let template = |count| {
            let statement =
                format!("{{Statement: {{Effect: Allow, Action: [{}], Resource: '*'}}}}", actions(count));
            format!(
                "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument: !Ref X\n      \
                 Policies:\n        - PolicyName: a\n          PolicyDocument: {statement}\n  P:\n    Type: \
                 AWS::IAM::Policy\n    Properties:\n      Roles: [!Ref R]\n      PolicyDocument: {statement}\n"
            )
        };
        let found = check(super::super::check, &template(350));
        let expected = "error policy-size Resources/P/Properties/PolicyDocument 13:7: the inline policies of `R` have at \
                        least ";
        assert!(found.starts_with(expected), "{found}");
        assert_eq!(check(super::super::check, &template(300)), "");
    }

    #[test]
    fn a_role_takes_ten_managed_policies() {
        let template = |count: usize| {
            let arns: Vec<String> = (0..count).map(|it| format!("'arn:aws:iam::aws:policy/P{it}'")).collect();
            format!(
                "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      ManagedPolicyArns: [{}, !If [C, !Ref \
                 P, !Ref Q]]\n",
                arns.join(", ")
            )
        };
        let expected = "warning managed-policies Resources/R/Properties/ManagedPolicyArns 5:7: 11 managed policies are \
                        attached, and a role takes 10 unless the quota of the account is raised\n  put the statements of \
                        several into one policy\n";
        assert_eq!(check(super::super::check, &template(11)), expected);
        assert_eq!(check(super::super::check, &template(10)), "");
    }
}
