//! What a service runs: a task definition with its container and its logs.

use super::{FargateService, image::Pulled, roles, secret, size};
use crate::{
    kernel::prelude::*,
    logs::{self, Retention},
    targets::Architecture,
};

const TASK_DEFINITION: ResourceType = ResourceType::new("AWS::ECS::TaskDefinition");

properties! {
    /// Limits of what a container may hold.
    pub struct Ulimits {
        /// How many files, sockets included, it may hold open. If absent, 65535.
        nofile: Option<Spanned<u32>>,
    }
}

properties! {
    /// Where what a container writes goes: a log group of its own in CloudWatch.
    pub struct Logs from retention {
        /// For how many days logs are kept: one of the numbers CloudWatch knows, such as `7`, `30`, `90` or `365`.
        retention: Retention = "30",
        /// What becomes of the logs when the service leaves the stack.
        removal: Removal = "retain",
    }
}

choices! {
    /// What becomes of logs when their service leaves the stack.
    pub enum Removal {
        /// They stay until their days are over, so that they tell why a first deployment failed.
        Retain,
        /// They are deleted.
        Delete,
    }
}

/// A task definition that has been added.
pub(super) struct Added {
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

/// Reports what Fargate cannot run.
pub(super) fn check(service: &FargateService, faults: &mut Vec<Diagnostic>) {
    faults.extend(size::memory(service.cpu, service.memory).err());
    let name = &service.container;
    let is_legal = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
    if !(1..=255).contains(&name.value.len()) || !name.value.bytes().all(is_legal) {
        faults.push(
            Diagnostic::error(
                "container-name",
                format!("`{}` cannot be the name of a container", name.value),
            )
            .at(name.span)
            .help("use letters, digits, `-` and `_`"),
        );
    }
    if let Some(Spanned { value: Mebibytes(storage), span }) = service.storage
        && (!(21 * 1024..=200 * 1024).contains(&storage) || storage % 1024 != 0)
    {
        faults.push(
            Diagnostic::error("storage", format!("a task has no disk of {}", Mebibytes(storage)))
                .at(span)
                .help("use whole gigabytes from `21GB` to `200GB`, or leave it out for 20"),
        );
    }
    if let Some(Spanned { value: Seconds(seconds), span }) = service.stop_timeout
        && !(1..=120).contains(&seconds)
    {
        faults.push(
            Diagnostic::error(
                "stop-timeout",
                format!("Fargate gives a container from 1s to 120s to stop, not {seconds}s"),
            )
            .at(span)
            .help(format!("use `{}s`", seconds.clamp(1, 120))),
        );
    }
    if let Some(Spanned { value: version, span }) = &service.platform
        && version != "LATEST"
        && (version.split('.').count() != 3 || version.split('.').any(|it| it.parse::<u8>().is_err()))
    {
        faults.push(
            Diagnostic::error("platform", format!("`{version}` is no version of Fargate's platform"))
                .at(*span)
                .help("write one such as `1.4.0`, or leave it out for the latest"),
        );
    }
    if service.exec.value && service.read_only.value {
        faults.push(
            Diagnostic::error(
                "exec-read-only",
                "`exec` has to write to the container, and `readOnly` forbids it",
            )
            .label(service.exec.span, "")
            .label(service.read_only.span, "")
            .help("remove one of them"),
        );
    }
    for (name, secret) in &service.secrets {
        secret.check(faults);
        if let Some(variable) = service.variables.get(name) {
            faults.push(
                Diagnostic::error("duplicate-variable", format!("`{name}` is both a variable and a secret"))
                    .at(secret.source.span())
                    .label(variable.span(), "its value as a variable")
                    .help(format!("remove `{name}` from `variables` or from `secrets`")),
            );
        }
    }
    service.permissions.iter().for_each(|it| it.value.check(it.span, faults));
}

/// Adds the task definition of `service`, which runs the image `pulled`.
pub(super) fn add(
    service: &FargateService,
    scope: &mut Scope<'_>,
    pulled: &Pulled,
) -> Result<Added, Diagnostic> {
    let memory = size::memory(service.cpu, service.memory)?;
    let stream_prefix = scope.path().components().next_back().unwrap_or_default().to_owned();
    let mut scope = scope.child("TaskDef");
    let family = scope.unique_id();

    let (task_role, task_policy) = roles::task(service, &mut scope);
    let log_group =
        logs::log_group(&mut scope.child(&service.container.value), "LogGroup", service.logs.retention);
    if service.logs.removal == Removal::Delete {
        scope.removal_policy(log_group, "Delete");
    }

    let secrets: Vec<secret::Kept> = service.secrets.values().map(|it| it.resolve(&mut scope)).collect();
    let (execution_role, execution_policy) = roles::execution(&mut scope, pulled, log_group, &secrets);
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
    Ok(Added { definition, family, task_role, execution_role, log_group, policies })
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
    let nofile = service
        .ulimits
        .nofile
        .map(|it| list![object! { "HardLimit" => it, "Name" => "nofile", "SoftLimit" => it }]);
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    fn with(properties: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nweb: {{type: FargateService, network: n, image: 'a:1', port: 8080{properties}}}"
        ))
    }

    fn definition(properties: &str) -> Value {
        with(properties).properties("web/TaskDef/Resource")
    }

    fn container(properties: &str) -> Value {
        definition(properties)["ContainerDefinitions"][0].clone()
    }

    #[test]
    fn has_one_container_that_logs() {
        assert_eq!(
            definition(""),
            json!({
                "ContainerDefinitions": [{
                    "Essential": true,
                    "Image": "a:1",
                    "LogConfiguration": {
                        "LogDriver": "awslogs",
                        "Options": {
                            "awslogs-group": "${web/TaskDef/web/LogGroup/Resource}",
                            "awslogs-stream-prefix": "web",
                            "awslogs-region": "${AWS::Region}",
                        },
                    },
                    "Name": "web",
                    "PortMappings": [{ "ContainerPort": 8080, "Protocol": "tcp" }],
                }],
                "Cpu": "256",
                "ExecutionRoleArn": "${web/TaskDef/ExecutionRole/Resource.Arn}",
                "Family": "TestwebTaskDef811AACDE",
                "Memory": "512",
                "NetworkMode": "awsvpc",
                "RequiresCompatibilities": ["FARGATE"],
                "RuntimePlatform": { "CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX" },
                "TaskRoleArn": "${web/TaskDef/TaskRole/Resource.Arn}",
            })
        );
    }

    #[test]
    fn passes_on_what_the_container_is_told() {
        let container = container(
            ", container: app, command: [serve, --all], entrypoint: [/init], user: '1000', readOnly: true, \
             stopTimeout: 60s, ulimits: {nofile: 1000000}, variables: {B: '2', A: '${AWS::Region}'}",
        );
        assert_eq!(container["Name"], "app");
        assert_eq!(container["Command"], json!(["serve", "--all"]));
        assert_eq!(container["EntryPoint"], json!(["/init"]));
        assert_eq!(container["User"], "1000");
        assert_eq!(container["ReadonlyRootFilesystem"], true);
        assert_eq!(container["StopTimeout"], 60);
        assert_eq!(
            container["Ulimits"],
            json!([{ "HardLimit": 1_000_000, "Name": "nofile", "SoftLimit": 1_000_000 }])
        );
        assert_eq!(
            container["Environment"],
            json!([{ "Name": "B", "Value": "2" }, { "Name": "A", "Value": "${AWS::Region}" }])
        );
    }

    #[test]
    fn has_an_init_process_for_exec() {
        assert_eq!(container(", exec: true")["LinuxParameters"], json!({ "InitProcessEnabled": true }));
    }

    #[test]
    fn has_the_size_asked_for() {
        let definition = definition(", cpu: 1024, memory: 3GB, storage: 50GB, architecture: arm64");
        assert_eq!((&definition["Cpu"], &definition["Memory"]), (&json!("1024"), &json!("3072")));
        assert_eq!(definition["EphemeralStorage"], json!({ "SizeInGiB": 50 }));
        assert_eq!(definition["RuntimePlatform"]["CpuArchitecture"], "ARM64");
    }

    #[test]
    fn logs_are_kept_for_the_days_asked_for() {
        let group = "web/TaskDef/web/LogGroup/Resource";
        assert_eq!(with("").properties(group), json!({ "RetentionInDays": 30 }));
        assert_eq!(with(", logs: 7").properties(group), json!({ "RetentionInDays": 7 }));
        assert_eq!(
            with("").attributes(group),
            json!({ "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain" })
        );
        assert_eq!(
            with(", logs: {removal: delete}").attributes(group),
            json!({ "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete" })
        );
    }

    #[test]
    fn points_at_what_fargate_cannot_run() {
        assert_eq!(
            with(", container: my app, storage: 20GB, stopTimeout: 3m, platform: newest").faults(),
            [
                "container-name at `my app`: `my app` cannot be the name of a container",
                "storage at `20GB`: a task has no disk of 20GB",
                "stop-timeout at `3m`: Fargate gives a container from 1s to 120s to stop, not 180s",
                "platform at `newest`: `newest` is no version of Fargate's platform",
            ]
        );
    }

    #[test]
    fn points_at_a_shell_that_cannot_open() {
        assert_eq!(
            with(", exec: true, readOnly: true").faults(),
            ["exec-read-only at `true`: `exec` has to write to the container, and `readOnly` forbids it"]
        );
    }

    #[test]
    fn points_at_groups_and_maps_that_are_known_too_late() {
        assert_eq!(
            with(", variables: !Ref Param, balancer: {Ref: Param}, permissions: [!Ref Param]").faults(),
            [
                "wrong-type at `!Ref Param`: expected a mapping, found `!Ref`",
                "wrong-type at `{Ref: Param}`: expected a mapping, found `!Ref`",
                "wrong-type at `!Ref Param`: expected a mapping, found `!Ref`",
            ]
        );
    }

    #[test]
    fn points_at_a_variable_with_two_values() {
        assert_eq!(
            with(", variables: {KEY: a}, secrets: {KEY: 'ssm:/key'}").faults(),
            ["duplicate-variable at `'ssm:/key'`: `KEY` is both a variable and a secret"]
        );
    }
}
