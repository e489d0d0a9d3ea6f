//! What a service runs: a task definition with its container, its roles and its logs.

use super::{Architecture, FargateService, Permission, image::Pulled, logs, secret, size};
use crate::{
    iam::{self, Allow},
    kernel::prelude::*,
};

const LOG_GROUP: ResourceType = ResourceType::new("AWS::Logs::LogGroup");
const TASK_DEFINITION: ResourceType = ResourceType::new("AWS::ECS::TaskDefinition");

/// The principal ECS gives roles to tasks as.
const ECS_TASKS: &str = "ecs-tasks.amazonaws.com";

/// A task definition that has been added.
pub(super) struct Task {
    /// The task definition.
    pub(super) definition: Handle,
    /// The family it is a revision of.
    pub(super) family: String,
    /// The role the container's own calls to AWS are made with.
    pub(super) task_role: Handle,
    /// The role ECS pulls the image, reads secrets and writes logs with.
    pub(super) execution_role: Handle,
    /// Where the container's output goes.
    pub(super) log_group: Handle,
    /// What has to be there before a task starts, though no reference says so.
    pub(super) policies: Vec<Handle>,
}

/// Adds the task definition of `service`, which runs the image `pulled`.
pub(super) fn add(service: &FargateService, scope: &mut Scope<'_>, pulled: &Pulled) -> Result<Task, Diagnostic> {
    let memory = size::memory(service.cpu, service.memory)?;
    let stream_prefix = scope.path().components().next_back().unwrap_or_default().to_owned();
    let mut scope = scope.child("TaskDef");
    let family = scope.unique_id();

    let task_role = iam::service_role(&mut scope, "TaskRole", ECS_TASKS);
    let task_permissions = task_permissions(service, &mut scope);
    let task_policy = iam::allow(&mut scope, "TaskRole", task_role, &task_permissions);

    let log_group = scope.child(&service.container.value).child("LogGroup").resource("Resource", LOG_GROUP, object! {
        "RetentionInDays" => service.logs.days.map(|it| it.0),
    });
    scope.removal_policy(log_group, match service.logs.removal {
        logs::Removal::Retain => "Retain",
        logs::Removal::Delete => "Delete",
    });

    let secrets: Vec<secret::Kept> = service.secrets.values().map(|it| it.resolve(&mut scope)).collect();
    let execution_role = iam::service_role(&mut scope, "ExecutionRole", ECS_TASKS);
    let execution_permissions = execution_permissions(pulled, log_group, &secrets);
    let execution_policy = iam::allow(&mut scope, "ExecutionRole", execution_role, &execution_permissions);

    let container = container(service, &mut scope, pulled, log_group, stream_prefix, secrets);
    let definition = scope.resource("Resource", TASK_DEFINITION, object! {
        "ContainerDefinitions" => list![container],
        "Cpu" => service.cpu.map(|it| it.to_string()),
        "EphemeralStorage" => service.storage.map(|it| object! { "SizeInGiB" => it.map(|it| it.0 / 1024) }),
        "ExecutionRoleArn" => execution_role.attribute("Arn"),
        "Family" => family.clone(),
        "Memory" => Expr::from(memory.0.to_string()).at(service.memory.map_or(Span::NOWHERE, |it| it.span)),
        "NetworkMode" => "awsvpc",
        "RequiresCompatibilities" => list!["FARGATE"],
        "RuntimePlatform" => object! {
            "CpuArchitecture" => match service.architecture {
                Architecture::X86_64 => "X86_64",
                Architecture::Arm64 => "ARM64",
            },
            "OperatingSystemFamily" => "LINUX",
        },
        "TaskRoleArn" => task_role.attribute("Arn"),
    });
    let policies = task_policy.into_iter().chain(execution_policy).collect();
    Ok(Task { definition, family, task_role, execution_role, log_group, policies })
}

/// What the container itself may do.
fn task_permissions(service: &FargateService, scope: &mut Scope<'_>) -> Vec<Allow> {
    // ECS Exec opens its channels from inside the task. AWS lets nobody limit these actions.
    let exec = service.exec.value.then(|| {
        Allow::anywhere(&[
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ])
    });
    let asked = service.permissions.iter().map(|Permission { actions, resources }| {
        let actions = actions.iter().map(|it| it.value.clone()).collect();
        Allow::as_written(actions, resources.iter().map(|it| scope.text(it)).collect())
    });
    exec.into_iter().chain(asked).collect()
}

/// What ECS may do to start the container.
fn execution_permissions(pulled: &Pulled, log_group: Handle, secrets: &[secret::Kept]) -> Vec<Allow> {
    let mut allowed = Vec::new();
    if let Some(arn) = &pulled.arn {
        let pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
        allowed.push(Allow::new(&pull, [arn.clone()]));
        allowed.push(Allow::anywhere(&["ecr:GetAuthorizationToken"]));
    }
    allowed.push(Allow::new(&["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.attribute("Arn")]));
    allowed.extend(secret::permissions(secrets));
    allowed
}

fn container(
    service: &FargateService,
    scope: &mut Scope<'_>,
    pulled: &Pulled,
    log_group: Handle,
    stream_prefix: String,
    secrets: Vec<secret::Kept>,
) -> Expr<Handle> {
    let variables = service.variables.iter().map(|(name, value)| {
        object! { "Name" => name.clone(), "Value" => scope.text(value) }
    });
    let variables: Vec<Expr<Handle>> = variables.collect();
    let secrets = service.secrets.keys().zip(secrets).map(|(name, secret)| {
        object! { "Name" => name.clone(), "ValueFrom" => secret.value_from }
    });
    let nofile = service.ulimits.nofile.map(|it| {
        list![object! { "HardLimit" => it, "Name" => "nofile", "SoftLimit" => it }]
    });
    object! {
        "Command" => texts(&service.command, scope),
        "EntryPoint" => texts(&service.entrypoint, scope),
        "Environment" => unless_empty(variables),
        "Essential" => true,
        "Image" => pulled.uri.clone(),
        // Without an init process, what is started by ECS Exec is never reaped.
        "LinuxParameters" => service.exec.value.then(|| object! { "InitProcessEnabled" => true }),
        "LogConfiguration" => object! {
            "LogDriver" => "awslogs",
            "Options" => object! {
                "awslogs-group" => log_group.reference(),
                "awslogs-stream-prefix" => stream_prefix,
                "awslogs-region" => Expr::pseudo("AWS::Region"),
            },
        },
        "Name" => service.container.clone(),
        "PortMappings" => list![object! { "ContainerPort" => service.port, "Protocol" => "tcp" }],
        "ReadonlyRootFilesystem" => service.read_only.value.then_some(true),
        "Secrets" => unless_empty(secrets.collect()),
        "StopTimeout" => service.stop_timeout.map(|it| it.map(|it| it.0)),
        "Ulimits" => nofile,
        "User" => service.user.as_ref().map(|it| scope.text(it)),
    }
}

fn texts(texts: &[Text], scope: &mut Scope<'_>) -> Option<Expr<Handle>> {
    unless_empty(texts.iter().map(|it| scope.text(it)).collect())
}

fn unless_empty(items: Vec<Expr<Handle>>) -> Option<Expr<Handle>> {
    (!items.is_empty()).then(|| items.into())
}
