//! The two roles of a task: the one its container calls AWS with, and the one ECS starts it with.

use super::{container::Container, image::Pulled, secret};
use crate::{
    iam::{self, Allow},
    kernel::prelude::*,
};

/// The principal ECS gives roles to tasks as.
const ECS_TASKS: &str = "ecs-tasks.amazonaws.com";

/// Adds the role the container calls AWS with, and its policy if it may do anything.
pub(super) fn task(
    container: &Container,
    scope: &mut Scope<'_>,
    given: Vec<Allow>,
) -> (Handle, Option<Handle>) {
    let role = iam::service_role(scope, "TaskRole", ECS_TASKS);
    let permissions = task_permissions(container, scope, given);
    (role, iam::allow(scope, "TaskRole", role, &permissions))
}

/// Adds the role ECS starts a task with, and its policy.
pub(super) fn execution(
    scope: &mut Scope<'_>,
    pulled: &Pulled,
    log_group: Handle,
    secrets: &[&secret::Kept],
) -> (Handle, Option<Handle>) {
    let role = iam::service_role(scope, "ExecutionRole", ECS_TASKS);
    (role, iam::allow(scope, "ExecutionRole", role, &execution_permissions(pulled, log_group, secrets)))
}

/// What the container itself may do.
fn task_permissions(container: &Container, scope: &mut Scope<'_>, given: Vec<Allow>) -> Vec<Allow> {
    // ECS Exec opens its channels from inside the task. AWS lets nobody limit these actions.
    let exec = container.exec.value.then(|| {
        Allow::anywhere(&[
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ])
    });
    let asked = container.permissions.iter().map(|it| it.value.statement(scope));
    exec.into_iter().chain(given).chain(asked).collect()
}

/// What ECS may do to start the container.
fn execution_permissions(pulled: &Pulled, log_group: Handle, secrets: &[&secret::Kept]) -> Vec<Allow> {
    let mut allowed = Vec::new();
    let mut repositories: Vec<Expr<Handle>> = pulled.arn.iter().cloned().collect();
    let named = pulled.repository.as_ref().map(|it| it.arn.clone());
    repositories.extend(named.filter(|it| !repositories.contains(it)));
    if !repositories.is_empty() {
        let pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
        allowed.push(Allow::new(&pull, repositories));
        allowed.push(Allow::anywhere(&["ecr:GetAuthorizationToken"]));
    }
    allowed.push(Allow::new(&["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.attribute("Arn")]));
    allowed.extend(secret::permissions(secrets));
    allowed
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn with(properties: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nweb: {{type: FargateService, network: n, image: 'a:1', port: 8080{properties}}}"
        ))
    }

    fn statements(properties: &str, role: &str) -> Value {
        let policy = with(properties).properties(&format!("web/TaskDef/{role}/DefaultPolicy/Resource"));
        policy["PolicyDocument"]["Statement"].clone()
    }

    #[test]
    fn ecs_may_pull_what_will_take_the_place_of_a_public_image() {
        let with = |image: &str| {
            let stack = stack(&format!(
                "n: {{type: Network}}\nrepo: {{type: Repository}}\n\
                 web: {{type: FargateService, network: n, image: '{image}', repository: repo, port: 80}}"
            ));
            let policy = stack.properties("web/TaskDef/ExecutionRole/DefaultPolicy/Resource");
            (policy["PolicyDocument"]["Statement"][0]["Resource"].clone(), stack.faults())
        };
        assert_eq!(with("${Param}"), (json!("${repo/Resource.Arn}"), vec![]));
        assert_eq!(with("a:1"), (json!("${repo/Resource.Arn}"), vec![]));
        assert_eq!(
            with("111122223333.dkr.ecr.eu-west-1.amazonaws.com/base:1").0,
            json!([
                "arn:${AWS::Partition}:ecr:eu-west-1:111122223333:repository/base",
                "${repo/Resource.Arn}"
            ])
        );
        assert_eq!(
            with("repo:1"),
            (
                json!("${repo/Resource.Arn}"),
                vec!["no-effect at `repo`: the image itself says which Repository it comes from".to_owned()]
            )
        );
    }

    #[test]
    fn ecs_may_do_no_more_than_log_for_a_public_image() {
        assert_eq!(
            statements("", "ExecutionRole"),
            json!([{
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Effect": "Allow",
                "Resource": "${web/TaskDef/web/LogGroup/Resource.Arn}",
            }])
        );
    }

    #[test]
    fn the_container_may_do_what_it_is_allowed() {
        assert_eq!(
            statements(
                ", permissions: [{actions: [s3:PutObject, s3:GetObject], resources: ['arn:aws:s3:::b/*']}]",
                "TaskRole"
            ),
            json!([{ "Action": ["s3:PutObject", "s3:GetObject"], "Effect": "Allow", "Resource": "arn:aws:s3:::b/*" }])
        );
        let nothing = with("")
            .resources()
            .into_iter()
            .any(|(path, _)| path == "web/TaskDef/TaskRole/DefaultPolicy/Resource");
        assert!(!nothing);
    }

    #[test]
    fn exec_takes_four_actions() {
        assert_eq!(
            statements(", exec: true", "TaskRole"),
            json!([{
                "Action": [
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ],
                "Effect": "Allow",
                "Resource": "*",
            }])
        );
    }

    #[test]
    fn each_role_is_for_tasks_only() {
        for role in ["TaskRole", "ExecutionRole"] {
            assert_eq!(
                with("").properties(&format!("web/TaskDef/{role}/Resource")),
                json!({
                    "AssumeRolePolicyDocument": {
                        "Statement": [{
                            "Action": "sts:AssumeRole",
                            "Effect": "Allow",
                            "Principal": { "Service": "ecs-tasks.amazonaws.com" },
                        }],
                        "Version": "2012-10-17",
                    },
                })
            );
        }
    }

    #[test]
    fn points_at_permissions_that_allow_too_much_or_nothing() {
        assert_eq!(
            with(", permissions: [{actions: ['s3:*', '*', getObject], resources: ['*']}, {actions: [s3:GetObject]}]").faults(),
            [
                "wide-permission at `'s3:*'`: `s3:*` allows all a service can do",
                "wide-permission at `'*'`: `*` allows everything in the account",
                "permission-action at `getObject`: `getObject` is no action of AWS",
                "no-effect at `{actions: [s3:GetObject]}`: a permission without resources allows nothing",
            ]
        );
    }
}
