//! Statements of policies, and policies that are attached.

use std::collections::BTreeSet;

use asi_constructs::kernel::node::{Node, NodeKind};

use super::{Found, Row, Sign, items, named, resources_of, target, type_of};
use crate::diff::value::{Moved, line};

/// A statement of a policy, in a form in which equal ones are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `Allow` or `Deny`.
    pub effect: String,
    /// What is done.
    pub actions: Matches,
    /// To what.
    pub resources: Matches,
    /// By whom.
    pub principals: Matches,
    /// Under which condition, as JSON.
    pub condition: Option<String>,
}

/// What a part of a statement matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// Whether it is everything but these.
    pub but: bool,
    /// Texts, in order.
    pub values: Vec<String>,
}

/// A policy that is attached to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The policy, by its ARN.
    pub policy: String,
    /// Whom it is attached to.
    pub holder: String,
    /// Whether it is a boundary: it limits what others allow.
    pub is_boundary: bool,
}

/// All statements of a template.
pub(super) fn all(body: &Node, moved: &Moved) -> Vec<Found<Statement>> {
    let mut found = Vec::new();
    for (id, resource) in resources_of(body) {
        let Some(properties) = resource.get("Properties") else { continue };
        let id = moved.get(id).map_or(id, String::as_str);
        let holder = Holder::of(id, type_of(resource), properties, moved);
        if type_of(resource) == "AWS::Lambda::Permission" {
            let what = invocation(properties, moved);
            found.push(Found { what, resource: id.to_owned(), span: properties.span });
        } else {
            policies(properties, &mut |policy| {
                for statement in items(policy.get("Statement")).iter().filter(|it| it.as_map().is_some()) {
                    let what = holder.statement(statement, moved);
                    found.push(Found { what, resource: id.to_owned(), span: statement.span });
                }
            });
        }
    }
    found
}

/// Says of each statement whether more is allowed with it, or without it, than before.
pub(super) fn judge(rows: &mut [Row<Statement>]) {
    let gone: Vec<Statement> =
        rows.iter().filter(|it| it.sign == Sign::Removed).map(|it| it.what.clone()).collect();
    for row in rows {
        let is_allow = row.what.effect != "Deny";
        // What was allowed before, as part of more, is not allowed anew.
        let was_allowed = || gone.iter().any(|it| it.effect == row.what.effect && it.covers(&row.what));
        row.broadens = match row.sign {
            Sign::Added => is_allow && !was_allowed(),
            Sign::Removed => !is_allow,
        };
    }
}

impl Statement {
    /// Whether it matches all that another one does, as far as their texts tell.
    fn covers(&self, other: &Self) -> bool {
        let same_condition = self.condition.is_none() || self.condition == other.condition;
        same_condition
            && self.actions.covers(&other.actions)
            && self.resources.covers(&other.resources)
            && self.principals.covers(&other.principals)
    }
}

impl Matches {
    fn covers(&self, other: &Self) -> bool {
        if self.but || other.but {
            return self == other;
        }
        let fits = |pattern: &str, text: &str| match pattern.split_once('*') {
            Some((start, "")) => text.starts_with(start),
            _ => pattern == text,
        };
        other.values.iter().all(|it| self.values.iter().any(|pattern| fits(pattern, it)))
    }
}

/// Whose the policies of a resource are, which their statements need not say.
enum Holder {
    /// Those who have the policy: they are the principals.
    Identities(Vec<String>),
    /// A role, which is the resource of the policy that says who may take it on.
    Role(String),
    /// A resource that its policy is about.
    Resource(String),
}

impl Holder {
    fn of(id: &str, type_name: &str, properties: &Node, moved: &Moved) -> Self {
        let own = format!("${{{id}}}");
        match type_name {
            "AWS::IAM::Policy"
            | "AWS::IAM::ManagedPolicy"
            | "AWS::IAM::RolePolicy"
            | "AWS::IAM::UserPolicy"
            | "AWS::IAM::GroupPolicy" => {
                let kinds = ["Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"];
                let holders = kinds.iter().flat_map(|it| items(properties.get(it)));
                let holders: Vec<String> = holders.map(|it| named(it, moved)).collect();
                Self::Identities(if holders.is_empty() { vec![own] } else { holders })
            }
            "AWS::IAM::User" | "AWS::IAM::Group" | "AWS::SSO::PermissionSet" => Self::Identities(vec![own]),
            "AWS::IAM::Role" => Self::Role(own),
            _ => {
                // A policy of a bucket, a topic or a queue is a resource beside it.
                let kinds = ["Bucket", "Topics", "Queues", "SecretId", "ResourceArn"];
                let about: Vec<String> = kinds
                    .iter()
                    .flat_map(|it| items(properties.get(it)))
                    .map(|it| named(it, moved))
                    .collect();
                Self::Resource(if about.is_empty() { own } else { about.join(", ") })
            }
        }
    }

    fn statement(&self, statement: &Node, moved: &Moved) -> Statement {
        let is_trust = statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some();
        let of = |key: &str, but: &str| matches(statement, key, but, moved);
        let mut resources = of("Resource", "NotResource");
        let mut principals = of("Principal", "NotPrincipal");
        let only = |it: &String| Matches { but: false, values: vec![it.clone()] };
        match self {
            Self::Identities(who) => principals = Matches { but: false, values: sorted(who.clone()) },
            Self::Role(own) if is_trust => resources = only(own),
            Self::Role(own) => principals = only(own),
            Self::Resource(own) => {
                // Where a policy is part of what it is about, it says `*`, or nothing.
                if resources.values.is_empty() || resources.values == ["*"] {
                    resources = only(own);
                }
            }
        }
        let effect = statement.get("Effect").and_then(Node::as_str).unwrap_or("Allow").to_owned();
        let condition = statement.get("Condition").map(|it| normal(it, moved));
        Statement { effect, actions: of("Action", "NotAction"), resources, principals, condition }
    }
}

fn sorted(values: Vec<String>) -> Vec<String> {
    values.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

fn matches(statement: &Node, key: &str, but: &str, moved: &Moved) -> Matches {
    let (node, but) = match (statement.get(key), statement.get(but)) {
        (Some(node), _) => (node, false),
        (None, Some(node)) => (node, true),
        (None, None) => return Matches::default(),
    };
    let values = match &node.kind {
        // Principals stand under what they are: `AWS`, `Service`.
        NodeKind::Map(kinds) if !crate::diff::value::is_function(node) => {
            let of_kind = kinds
                .iter()
                .flat_map(|(kind, entry)| items(Some(&entry.value)).iter().map(move |it| (kind, it)));
            of_kind
                .map(|(kind, it)| {
                    let text = named(it, moved);
                    // An account, a role or a service tells by itself what it is.
                    if text == "*" { format!("{kind}:*") } else { text }
                })
                .collect()
        }
        _ => items(Some(node)).iter().map(|it| named(it, moved)).collect(),
    };
    Matches { but, values: sorted(values) }
}

/// A condition as JSON in which order means nothing.
fn normal(condition: &Node, moved: &Moved) -> String {
    let mut parts = Vec::new();
    for (operator, entry) in condition.as_map().into_iter().flatten() {
        for (key, entry) in entry.value.as_map().into_iter().flatten() {
            let values = sorted(items(Some(&entry.value)).iter().map(|it| named(it, moved)).collect());
            parts.push(format!("{operator} {key}: {}", values.join(", ")));
        }
    }
    if parts.is_empty() {
        return line(condition);
    }
    sorted(parts).join("; ")
}

/// Who may invoke a function.
fn invocation(properties: &Node, moved: &Moved) -> Statement {
    let only = |key: &str| Matches {
        but: false,
        values: properties.get(key).map(|it| named(it, moved)).into_iter().collect(),
    };
    let limits = ["SourceArn", "SourceAccount", "PrincipalOrgID", "FunctionUrlAuthType", "EventSourceToken"];
    let limits: Vec<String> = limits
        .into_iter()
        .filter_map(|key| Some(format!("{key}: {}", named(properties.get(key)?, moved))))
        .collect();
    Statement {
        effect: "Allow".to_owned(),
        actions: only("Action"),
        resources: only("FunctionName"),
        principals: only("Principal"),
        condition: (!limits.is_empty()).then(|| limits.join("; ")),
    }
}

/// The policies in a value: what has statements with an effect.
fn policies<'t>(node: &'t Node, found: &mut dyn FnMut(&'t Node)) {
    let statements = items(node.get("Statement"));
    if statements.iter().any(|it| it.get("Effect").is_some()) {
        return found(node);
    }
    node.children().for_each(|it| policies(it, found));
}

/// All policies that are attached to somebody in a template.
pub(super) fn attachments(body: &Node, moved: &Moved) -> Vec<Found<Attachment>> {
    let mut all = Vec::new();
    for (id, resource) in resources_of(body) {
        let Some(properties) = resource.get("Properties") else { continue };
        let id = moved.get(id).map_or(id, String::as_str);
        let mut attach = |policy: String, holder: String, is_boundary: bool, at: &Node| {
            let what = Attachment { policy, holder, is_boundary };
            all.push(Found { what, resource: id.to_owned(), span: at.span });
        };
        let own = format!("${{{id}}}");
        for key in ["ManagedPolicyArns", "ManagedPolicies"] {
            let is_identity = matches!(
                type_of(resource),
                "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" | "AWS::SSO::PermissionSet"
            );
            for policy in items(properties.get(key)).iter().filter(|_| is_identity) {
                attach(named(policy, moved), own.clone(), false, policy);
            }
        }
        if let Some(boundary) = properties.get("PermissionsBoundary") {
            attach(named(boundary, moved), own.clone(), true, boundary);
        }
        if type_of(resource) == "AWS::IAM::ManagedPolicy" {
            for holder in ["Roles", "Users", "Groups"].iter().flat_map(|it| items(properties.get(it))) {
                let holder_name = target(holder).map_or_else(
                    || named(holder, moved),
                    |it| format!("${{{}}}", moved.get(&it).unwrap_or(&it)),
                );
                attach(own.clone(), holder_name, false, holder);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    fn role(statements: &str) -> String {
        format!(
            "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{Policies: [{{PolicyName: p, PolicyDocument: {{Statement: {statements}}}}}]}}}}}}"
        )
    }

    #[test]
    fn a_statement_is_a_row_however_it_is_written() {
        let old = role("[{Effect: Allow, Action: [s3:Put, s3:Get], Resource: !GetAtt B.Arn}]");
        let new = role("{Effect: Allow, Action: [s3:Get, s3:Put], Resource: ['${B.Arn}']}")
            .replace("'${B.Arn}'", "!Sub '${B.Arn}'");
        assert_eq!(check(&old, &new), "");
        let wider = role("[{Effect: Allow, Action: [s3:Put, s3:Get, s3:Del], Resource: !GetAtt B.Arn}]");
        let expected = "\
- Allow s3:Get, s3:Put on ${B.Arn} by ${R}
+! Allow s3:Del, s3:Get, s3:Put on ${B.Arn} by ${R}
";
        assert_eq!(check(&old, &wider), expected);
        let narrower = "\
- Allow s3:Del, s3:Get, s3:Put on ${B.Arn} by ${R}
+ Allow s3:Get, s3:Put on ${B.Arn} by ${R}
";
        assert_eq!(check(&wider, &old), narrower, "what was allowed before is not allowed anew");
    }

    #[test]
    fn a_denial_that_goes_broadens() {
        let deny =
            role("[{Effect: Deny, NotAction: 's3:*', Resource: '*', Condition: {Bool: {'aws:x': true}}}]");
        assert_eq!(check(&deny, &role("[]")), "-! Deny all but s3:* on * by ${R} if Bool aws:x: true\n");
        assert_eq!(check(&role("[]"), &deny), "+ Deny all but s3:* on * by ${R} if Bool aws:x: true\n");
    }

    #[test]
    fn who_may_take_on_a_role_is_about_the_role() {
        let role = |who: &str| {
            format!(
                "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Action: sts:AssumeRole, Principal: {who}}}]}}}}}}}}"
            )
        };
        let expected = "\
- Allow sts:AssumeRole on ${R} by ecs.amazonaws.com
+! Allow sts:AssumeRole on ${R} by AWS:*
";
        assert_eq!(check(&role("{Service: ecs.amazonaws.com}"), &role("{AWS: '*'}")), expected);
    }

    #[test]
    fn resources_have_policies_and_functions_permissions() {
        let new = "
Resources:
  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Q], PolicyDocument: {Statement: [{Effect: Allow, Action: sqs:Send, Principal: '*', Resource: '*'}]}}}
  K: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Action: 'kms:*', Principal: {AWS: a}, Resource: '*'}]}}}
  I: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref F, Action: lambda:InvokeFunction, Principal: s3.amazonaws.com, SourceArn: a}}
  M: {Type: AWS::IAM::Policy, Properties: {Roles: [!Ref R], PolicyDocument: {Statement: [{Effect: Allow, Action: a:b, Resource: c}]}}}
";
        let expected = "\
+! Allow sqs:Send on ${Q} by *
+! Allow kms:* on ${K} by a
+! Allow lambda:InvokeFunction on ${F} by s3.amazonaws.com if SourceArn: a
+! Allow a:b on c by ${R}
";
        assert_eq!(check("Resources: {}", new), expected);
    }

    #[test]
    fn policies_are_attached_and_boundaries_limit() {
        let old = "Resources: {R: {Type: AWS::IAM::Role, Properties: {ManagedPolicyArns: [a], PermissionsBoundary: b}}}";
        let new = "
Resources:
  R: {Type: AWS::IAM::Role, Properties: {ManagedPolicyArns: [a, c]}}
  M: {Type: AWS::IAM::ManagedPolicy, Properties: {Roles: [!Ref R], PolicyDocument: {Statement: []}}}
";
        let expected = "\
-! b to ${R} as boundary
+! c to ${R}
+! ${M} to ${R}
";
        assert_eq!(check(old, new), expected);
    }

    #[test]
    fn what_only_moved_allows_what_it_did() {
        let role = |id: &str| {
            format!(
                "Resources: {{{id}: {{Type: AWS::IAM::Role, Properties: {{Policies: [{{PolicyName: p, PolicyDocument: {{Statement: {{Effect: Allow, Action: a, Resource: b}}}}}}]}}}}}}"
            )
        };
        assert_eq!(check(&role("A"), &role("B")), "");
    }
}
