//! Roles and policies, with the least that works.
//!
//! Not a construct: what the constructs write them with.

use std::borrow::Cow;

use crate::kernel::{expr::ExprKind, prelude::*};

const POLICY: ResourceType = ResourceType::new("AWS::IAM::Policy");
const ROLE: ResourceType = ResourceType::new("AWS::IAM::Role");

/// One statement that allows something.
#[derive(Clone, Debug)]
pub struct Allow {
    actions: Vec<Cow<'static, str>>,
    resources: Vec<Expr<Handle>>,
    condition: Option<Expr<Handle>>,
}

impl Allow {
    /// Allows `actions` on `resources`.
    pub fn new(actions: &[&'static str], resources: impl IntoIterator<Item = Expr<Handle>>) -> Self {
        let mut actions = actions.to_vec();
        actions.sort_unstable();
        let actions = actions.into_iter().map(Cow::Borrowed).collect();
        Self { actions, resources: resources.into_iter().collect(), condition: None }
    }

    /// Allows what the user of the stack file asks for, in his order.
    pub fn as_written(actions: Vec<String>, resources: Vec<Expr<Handle>>) -> Self {
        Self { actions: actions.into_iter().map(Cow::Owned).collect(), resources, condition: None }
    }

    /// Allows actions that AWS lets nobody limit to a resource.
    pub fn anywhere(actions: &[&'static str]) -> Self {
        Self::new(actions, ["*".into()])
    }

    /// Allows only under a condition.
    #[must_use]
    pub fn when(mut self, condition: Expr<Handle>) -> Self {
        self.condition = Some(condition);
        self
    }

    fn statement(&self) -> Expr<Handle> {
        object! {
            "Action" => one_or_many(self.actions.iter().map(|it| ExprKind::String(it.clone()).into()).collect()),
            "Condition" => self.condition.clone(),
            "Effect" => "Allow",
            "Resource" => one_or_many(self.resources.clone()),
        }
    }
}

/// A document of these statements.
pub fn document(statements: Vec<Expr<Handle>>) -> Expr<Handle> {
    object! { "Statement" => statements, "Version" => "2012-10-17" }
}

/// Adds a role at `id` that `principal` may take: `{"Service": …}` or `{"AWS": …}`.
pub fn role(scope: &mut Scope<'_>, id: &str, principal: Expr<Handle>) -> Handle {
    role_when(scope, id, principal, None)
}

/// Adds a role at `id` that the AWS service `service` may take for what is at `source` in this account: an ARN, which
/// may hold `*`. Without that, the service might take it for somebody else, who has learnt its ARN.
pub fn service_role_for(
    scope: &mut Scope<'_>,
    id: &str,
    service: &'static str,
    source: Expr<Handle>,
) -> Handle {
    let condition = object! {
        "ArnLike" => object! { "aws:SourceArn" => source },
        "StringEquals" => object! { "aws:SourceAccount" => Expr::pseudo("AWS::AccountId") },
    };
    role_when(scope, id, object! { "Service" => service }, Some(condition))
}

fn role_when(
    scope: &mut Scope<'_>,
    id: &str,
    principal: Expr<Handle>,
    condition: Option<Expr<Handle>>,
) -> Handle {
    let trust = object! {
        "Action" => "sts:AssumeRole",
        "Condition" => condition,
        "Effect" => "Allow",
        "Principal" => principal,
    };
    let mut scope = scope.child(id);
    scope.resource("Resource", ROLE, object! { "AssumeRolePolicyDocument" => document(vec![trust]) })
}

/// Adds a role at `id` that the AWS service `service`, such as `ecs-tasks.amazonaws.com`, may take.
pub fn service_role(scope: &mut Scope<'_>, id: &str, service: &'static str) -> Handle {
    role(scope, id, object! { "Service" => service })
}

/// The same, with policies that AWS keeps, by their names below `policy/`.
pub fn service_role_with(
    scope: &mut Scope<'_>,
    id: &str,
    service: &'static str,
    policies: &[&str],
) -> Handle {
    let role = service_role(scope, id, service);
    let partition = || Expr::pseudo("AWS::Partition");
    let arns = policies.iter().map(|it| text!["arn:", partition(), ":iam::aws:policy/", (*it).to_owned()]);
    let arns: Vec<Expr<Handle>> = arns.collect();
    scope.edit(role).properties.overlay(object! { "ManagedPolicyArns" => arns });
    role
}

/// Adds the policy of the role at `id`; nothing if it allows nothing. What uses the role has to wait for the
/// policy, because no reference makes it wait.
pub fn allow(scope: &mut Scope<'_>, id: &str, role: Handle, statements: &[Allow]) -> Option<Handle> {
    allow_here(&mut scope.child(id), role, statements)
}

/// The same for the role that is `scope` itself.
pub fn allow_here(scope: &mut Scope<'_>, role: Handle, statements: &[Allow]) -> Option<Handle> {
    if statements.is_empty() {
        return None;
    }
    let mut scope = scope.child("DefaultPolicy");
    let name = crate::kernel::id::LogicalId::for_path(scope.path().join("Resource").components().skip(1))
        .expect("a policy lies below a construct")
        .to_string();
    Some(scope.resource(
        "Resource",
        POLICY,
        object! {
            "PolicyDocument" => document(statements.iter().map(Allow::statement).collect()),
            "PolicyName" => name,
            "Roles" => list![role.reference()],
        },
    ))
}

/// IAM takes a single text for a list of one.
fn one_or_many(mut items: Vec<Expr<Handle>>) -> Expr<Handle> {
    if items.len() == 1 { items.remove(0) } else { items.into() }
}
