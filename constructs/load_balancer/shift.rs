//! Two target groups between which requests are moved when a service is deployed: one has the old version, the other
//! gets the new one, and at the next deployment they change parts.

use super::rule::{self, LISTENER_RULE};
use crate::{iam, kernel::prelude::*, targets::LoadBalancer};

/// Where the rules of a listener that is the service's own stand in their order: last, because the service gets what is
/// nobody else's, and others may stand behind its load balancer.
const PREVIEW_PRIORITY: u32 = 49_999;
const PRODUCTION_PRIORITY: u32 = 50_000;

properties! {
    /// A header with which a request comes to the new version of a service before all others do.
    pub struct Preview from header {
        /// Its name.
        header: Spanned<String>,
        /// Its value.
        value: Spanned<String> = "true",
    }
}

impl Preview {
    /// Reports a header that no load balancer compares.
    pub(crate) fn check(&self, whole: Span, faults: &mut Vec<Diagnostic>) {
        let Spanned { value: name, span } = &self.header;
        let is_legal = |it: char| it.is_ascii_alphanumeric() || "-_".contains(it);
        if name.is_empty() || name.len() > 40 || !name.chars().all(is_legal) || name.eq_ignore_ascii_case("host") {
            faults.push(
                Diagnostic::error("preview-header", format!("a load balancer compares no header `{name}`"))
                    .at(span.or(whole))
                    .help("write a name of letters, digits and `-`, such as `x-preview`"),
            );
        }
        let length = self.value.value.chars().count();
        if !(1..=128).contains(&length) {
            faults.push(
                Diagnostic::error(
                    "preview-header",
                    format!("the value of a header has 1 to 128 characters, not {length}"),
                )
                .at(self.value.span.or(whole))
                .help("write a short one, or remove `value`, which is then `true`"),
            );
        }
    }

    /// The condition under which a request is for the new version.
    pub(super) fn condition(&self) -> Expr<Handle> {
        object! {
            "Field" => "http-header",
            "HttpHeaderConfig" => object! {
                "HttpHeaderName" => self.header.clone(),
                "Values" => list![self.value.clone()],
            },
        }
    }
}

/// What it takes to move requests from one target group to another.
pub(crate) struct Shift {
    /// The other target group.
    pub(crate) alternate: Handle,
    /// The rule for all requests.
    pub(super) production: Handle,
    /// The rule for requests that ask for the new version.
    pub(super) preview: Option<Handle>,
    /// The role with which ECS changes the rules.
    pub(super) role: Handle,
}

impl Shift {
    /// The ARN of the role with which ECS changes the rules.
    pub(crate) fn role_arn(&self) -> Expr<Handle> {
        self.role.attribute("Arn")
    }

    /// What ECS is told of it.
    pub(crate) fn configuration(&self) -> Expr<Handle> {
        object! {
            "AlternateTargetGroupArn" => self.alternate.reference(),
            "ProductionListenerRule" => self.production.reference(),
            "RoleArn" => self.role_arn(),
            "TestListenerRule" => self.preview.map(Handle::reference),
        }
    }
}

/// To pass requests on to one of two target groups. ECS changes their weights at each deployment, so that an update of
/// the rule itself would send requests back to the first.
pub(super) fn forward_to_one_of(blue: Handle, green: Handle) -> Expr<Handle> {
    let share = |group: Handle, weight: u32| {
        object! { "TargetGroupArn" => group.reference(), "Weight" => weight }
    };
    object! {
        "ForwardConfig" => object! { "TargetGroups" => list![share(blue, 100), share(green, 0)] },
        "Type" => "forward",
    }
}

/// Adds the rules at the place of a listener that is the service's own.
pub(super) fn add_rules(
    scope: &mut Scope<'_>,
    balancer: &LoadBalancer,
    groups: [Handle; 2],
    preview: Option<&Preview>,
) -> (Handle, Option<Handle>) {
    let mut add = |id: &str, priority: u32, condition: Expr<Handle>| {
        // Nothing can have been before on a listener that was just added.
        let _ = rule::claim(scope, balancer, priority, Span::NOWHERE);
        scope.child(id).resource(
            "Resource",
            LISTENER_RULE,
            object! {
                "Actions" => list![forward_to_one_of(groups[0], groups[1])],
                "Conditions" => list![condition],
                "ListenerArn" => balancer.listener.reference(),
                "Priority" => priority,
            },
        )
    };
    let any = object! { "Field" => "path-pattern", "PathPatternConfig" => object! { "Values" => list!["/*"] } };
    let production = add("ProductionRule", PRODUCTION_PRIORITY, any);
    let preview = preview.map(|it| add("PreviewRule", PREVIEW_PRIORITY, it.condition()));
    (production, preview)
}

/// Adds the role with which ECS changes the rules. AWS keeps its policy, which names the actions ECS takes.
pub(super) fn role(scope: &mut Scope<'_>) -> Handle {
    let policy = "AmazonECSInfrastructureRolePolicyForLoadBalancers";
    iam::service_role_with(scope, "InfrastructureRole", "ecs.amazonaws.com", &[policy])
}
