//! Who instances are to AWS.

use super::{Ec2Cluster, group};
use crate::{
    iam::{self, Allow},
    kernel::prelude::*,
};

const INSTANCE_PROFILE: ResourceType = ResourceType::new("AWS::IAM::InstanceProfile");

/// What Session Manager takes.
const SESSIONS: &str = "AmazonSSMManagedInstanceCore";

/// Policies that AWS keeps, with which an instance could do nearly anything.
const WIDE: [&str; 3] = ["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"];

/// Who instances are to AWS.
pub(super) struct Identity {
    pub(super) role: Handle,
    /// What has to be there before an instance starts.
    pub(super) policy: Option<Handle>,
    pub(super) profile: Handle,
}

/// Reports what is no policy of AWS, and what allows too much.
pub(super) fn check(policies: &[Spanned<String>], faults: &mut Vec<Diagnostic>) {
    for (at, Spanned { value: name, span }) in policies.iter().enumerate() {
        let is_character = |it: char| it.is_ascii_alphanumeric() || "+=,.@_-/".contains(it);
        let fault = if name.is_empty() || !name.chars().all(is_character) {
            Diagnostic::error("managed-policy", format!("`{name}` is no policy that AWS keeps"))
                .help("write what stands behind `policy/` in its ARN, such as `CloudWatchAgentServerPolicy`")
        } else if name == SESSIONS || policies[..at].iter().any(|it| it.value == *name) {
            Diagnostic::error("managed-policy", format!("instances have `{name}` already"))
                .help("remove it")
        } else if WIDE.contains(&name.as_str()) {
            Diagnostic::warning(
                "wide-permission",
                format!("`{name}` gives every program on an instance the account"),
            )
            .help("name the actions that are called, under `permissions`")
        } else {
            continue;
        };
        faults.push(fault.at(*span));
    }
}

/// Adds the role that instances join `cluster` with.
pub(super) fn add(this: &Ec2Cluster, scope: &mut Scope<'_>, cluster: Handle) -> Identity {
    let mut scope = scope.child(group::ID);
    scope.arrange(&["InstanceSecurityGroup"]);
    let names = [SESSIONS].into_iter().chain(this.managed_policies.iter().map(|it| it.value.as_str()));
    let names: Vec<&str> = names.collect();
    let role = iam::service_role_with(&mut scope, "InstanceRole", "ec2.amazonaws.com", &names);
    let asked = this.permissions.iter().map(|it| it.value.statement(&mut scope));
    let allowed: Vec<Allow> = joining(cluster).into_iter().chain(asked).collect();
    let policy = iam::allow(&mut scope, "InstanceRole", role, &allowed);
    let profile = object! { "Roles" => list![role.reference()] };
    let profile = scope.resource("InstanceProfile", INSTANCE_PROFILE, profile);
    Identity { role, policy, profile }
}

/// What the agent of ECS does to take part in `cluster`, and in no other. AWS's own policy for it,
/// `AmazonEC2ContainerServiceforEC2Role`, holds for all clusters, and lets an instance make more of them.
///
/// Images are pulled and logs are written with the role that a task is started with, not with this one.
fn joining(cluster: Handle) -> [Allow; 3] {
    let arn = || cluster.attribute("Arn");
    let in_cluster = object! { "ArnEquals" => object! { "ecs:cluster" => arn() } };
    [
        Allow::new(
            &[
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ],
            [arn()],
        ),
        Allow::anywhere(&["ecs:Poll", "ecs:StartTelemetrySession"]).when(in_cluster),
        Allow::anywhere(&["ecs:DiscoverPollEndpoint"]),
    ]
}
