//! Statements of policies, and policies that are attached.

use std::collections::BTreeSet;

use asi_constructs::kernel::node::{Node, NodeKind};

use super::{
    Found, Row, Sign,
    branches::{When, chosen, each, sides},
    items, named, resources_of, target, type_of,
};
use crate::diff::{
    compare,
    value::{Moved, Piece, is_function, line, pieces},
};

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
        let mut add = |node: &Node, when: &When, make: &dyn Fn(&Node) -> Statement| {
            for (what, when) in sides(node, when, make) {
                found.push(Found { what, when, resource: id.to_owned(), span: node.span });
            }
        };
        if type_of(resource) == "AWS::Lambda::Permission" {
            add(properties, &When::new(), &|it| invocation(it, moved));
        } else {
            policies(properties, &When::new(), moved, &mut |policy, when| {
                each(policy.get("Statement"), when, &mut |it, when| {
                    if it.as_map().is_some() {
                        add(it, when, &|it| holder.statement(it, moved));
                    }
                });
            });
        }
    }
    found
}

/// Whether more is allowed with a statement that is on one side only, or without it, than before: `others` are those of
/// the other side.
pub(super) fn broadens(row: &Row<Statement>, others: &[Found<Statement>]) -> bool {
    let is_allow = row.what.effect != "Deny";
    // What was allowed before, as part of more, is not allowed anew; what is denied as part of more still is.
    let is_part = || {
        others.iter().any(|it| {
            it.what.effect == row.what.effect && it.applies_whenever(&row.when) && it.what.covers(&row.what)
        })
    };
    is_allow == (row.sign == Sign::Added) && !is_part()
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
        NodeKind::Map(kinds) if !is_function(node) => {
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

/// The policies in a value: what has statements with an effect, also if it is JSON in a text.
fn policies(node: &Node, when: &When, moved: &Moved, found: &mut dyn FnMut(&Node, &When)) {
    chosen(node, when, &mut |node, when| {
        if let Some(document) = document(node, moved) {
            return policies(&document, when, moved, found);
        }
        let mut is_policy = false;
        each(node.get("Statement"), when, &mut |it, _| is_policy |= it.get("Effect").is_some());
        if is_policy {
            return found(node, when);
        }
        node.children().for_each(|it| policies(it, when, moved, found));
    });
}

/// The document of JSON that a text is; what the text refers to stands in `${}` in it.
fn document(node: &Node, moved: &Moved) -> Option<Node> {
    let begins = |text: &str| text.trim_start().starts_with('{');
    let may_be = match node.as_single() {
        Some(("Fn::Sub" | "Fn::Join", _)) => {
            let pieces = pieces(node);
            let first = pieces.first();
            // What another function gives is not known, and has its own JSON for a text.
            matches!(first, Some(Piece::Text(text)) if begins(text))
                && !pieces.iter().any(|it| matches!(it, Piece::Other(_)))
        }
        _ => node.as_str().is_some_and(begins),
    };
    may_be.then(|| compare::document(&named(node, moved), node.span))?
}

/// All policies that are attached to somebody in a template.
pub(super) fn attachments(body: &Node, moved: &Moved) -> Vec<Found<Attachment>> {
    let mut all = Vec::new();
    for (id, resource) in resources_of(body) {
        let Some(properties) = resource.get("Properties") else { continue };
        let id = moved.get(id).map_or(id, String::as_str);
        let mut attach = |policy: String, holder: String, is_boundary: bool, at: &Node, when: &When| {
            let what = Attachment { policy, holder, is_boundary };
            all.push(Found { what, when: when.clone(), resource: id.to_owned(), span: at.span });
        };
        let always = When::new();
        let own = format!("${{{id}}}");
        for key in ["ManagedPolicyArns", "ManagedPolicies"] {
            let is_identity = matches!(
                type_of(resource),
                "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" | "AWS::SSO::PermissionSet"
            );
            each(properties.get(key).filter(|_| is_identity), &always, &mut |policy, when| {
                attach(named(policy, moved), own.clone(), false, policy, when);
            });
        }
        each(properties.get("PermissionsBoundary"), &always, &mut |boundary, when| {
            attach(named(boundary, moved), own.clone(), true, boundary, when);
        });
        if type_of(resource) == "AWS::IAM::ManagedPolicy" {
            for key in ["Roles", "Users", "Groups"] {
                each(properties.get(key), &always, &mut |holder, when| {
                    let holder_name = target(holder).map_or_else(
                        || named(holder, moved),
                        |it| format!("${{{}}}", moved.get(&it).unwrap_or(&it)),
                    );
                    attach(own.clone(), holder_name, false, holder, when);
                });
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
    fn what_another_statement_allows_or_denies_anyway_is_no_more() {
        let narrow = "{Effect: Allow, Action: s3:Get, Resource: b}";
        let wide = "{Effect: Allow, Action: s3:*, Resource: b}";
        let both = role(&format!("[{narrow}, {wide}]"));
        assert_eq!(check(&role(&format!("[{wide}]")), &both), "+ Allow s3:Get on b by ${R}\n");
        let denied = |it: &str| it.replace("Allow", "Deny");
        let expected = "- Deny s3:Get on b by ${R}\n+ Deny s3:* on b by ${R}\n";
        assert_eq!(
            check(&denied(&role(&format!("[{narrow}]"))), &denied(&role(&format!("[{wide}]")))),
            expected
        );
    }

    #[test]
    fn a_policy_may_be_json_in_a_text() {
        let repository = |policy: &str| {
            format!(
                "Resources: {{R: {{Type: AWS::ECR::Repository, Properties: {{RepositoryPolicyText: {policy}}}}}}}"
            )
        };
        let written = "{Statement: [{Effect: Allow, Action: ecr:Pull, Principal: {AWS: !GetAtt B.Arn}}]}";
        let text = r#"!Sub '{"Statement": {"Effect": "Allow", "Action": "ecr:Pull", "Principal": {"AWS": "${B.Arn}"}}}'"#;
        assert_eq!(check(&repository(written), &repository(text)), "");
        let wide = text.replace("ecr:Pull", "ecr:*").replace("${B.Arn}", "*").replace("!Sub ", "");
        let expected = "\
- Allow ecr:Pull on ${R} by ${B.Arn}
+! Allow ecr:* on ${R} by AWS:*
";
        assert_eq!(check(&repository(text), &repository(&wide)), expected);
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
