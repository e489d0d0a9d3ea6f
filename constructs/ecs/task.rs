//! What runs on Fargate: a task definition with its container and its logs.

use super::{
    image::{Image, Pulled},
    roles,
    secret::{self, Secret},
    size,
};
use crate::{
    iam::Allow,
    kernel::prelude::*,
    logs::{self, Retention},
    permission::Permission,
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
        /// What becomes of the logs when what writes them leaves the stack.
        removal: Removal = "retain",
    }
}

choices! {
    /// What becomes of logs when what writes them leaves the stack.
    pub enum Removal {
        /// They stay until their days are over, so that they tell why a first deployment failed.
        Retain,
        /// They are deleted.
        Delete,
    }
}

/// What the user of the stack file says of a task, whichever construct runs it.
pub(crate) struct Task<'a> {
    /// The image it runs.
    pub(crate) image: &'a Image,
    /// The name of its container.
    pub(crate) container: &'a Spanned<String>,
    /// The port the container listens on, if it does.
    pub(crate) port: Option<Spanned<u16>>,
    /// What runs instead of the image's own command.
    pub(crate) command: &'a [Text],
    /// What runs instead of the image's own entry point.
    pub(crate) entrypoint: &'a [Text],
    /// The user it runs as.
    pub(crate) user: Option<&'a Text>,
    /// Its CPU units.
    pub(crate) cpu: Spanned<u32>,
    /// Its memory.
    pub(crate) memory: Option<Spanned<Mebibytes>>,
    /// Its disk space.
    pub(crate) storage: Option<Spanned<Mebibytes>>,
    /// The processor the image is built for.
    pub(crate) architecture: Architecture,
    /// The version of Fargate's platform.
    pub(crate) platform: Option<&'a Spanned<String>>,
    /// Variables of its environment.
    pub(crate) variables: &'a IndexMap<String, Text>,
    /// Variables whose values are kept elsewhere.
    pub(crate) secrets: &'a IndexMap<String, Secret>,
    /// What becomes of its logs.
    pub(crate) logs: &'a Logs,
    /// Whether a shell may be opened in it.
    pub(crate) exec: Spanned<bool>,
    /// Whether it cannot write to its own file system.
    pub(crate) read_only: Spanned<bool>,
    /// How long it may take to stop.
    pub(crate) stop_timeout: Option<Spanned<Seconds>>,
    /// Limits of what it may hold.
    pub(crate) ulimits: &'a Ulimits,
    /// What it may do in AWS.
    pub(crate) permissions: &'a [Spanned<Permission>],
}

/// The [`Task`] of a construct, whose properties have the names of a task's own; and the port it listens on, if it does.
macro_rules! task_of {
    ($construct:expr, $port:expr) => {
        $crate::fargate::task::Task {
            port: $port,
            image: &$construct.image,
            container: &$construct.container,
            command: &$construct.command,
            entrypoint: &$construct.entrypoint,
            user: $construct.user.as_ref(),
            cpu: $construct.cpu,
            memory: $construct.memory,
            storage: $construct.storage,
            architecture: $construct.architecture,
            platform: $construct.platform.as_ref(),
            variables: &$construct.variables,
            secrets: &$construct.secrets,
            logs: &$construct.logs,
            exec: $construct.exec,
            read_only: $construct.read_only,
            stop_timeout: $construct.stop_timeout,
            ulimits: &$construct.ulimits,
            permissions: &$construct.permissions,
        }
    };
}
pub(crate) use task_of;

/// What a construct gives the task it runs, beside what the user does.
#[derive(Default)]
pub(crate) struct Given {
    /// Variables of its environment.
    pub(crate) variables: Vec<(&'static str, Expr<Handle>)>,
    /// What it may do in AWS.
    pub(crate) permissions: Vec<Allow>,
}

/// A task definition that has been added.
pub(crate) struct Added {
    /// The task definition.
    pub(crate) definition: Handle,
    /// The family it is a revision of.
    pub(crate) family: String,
    /// The role the container's own calls to AWS are made with.
    pub(crate) task_role: Handle,
    /// The role ECS pulls the image, reads secrets and writes logs with.
    pub(crate) execution_role: Handle,
    /// Where the container's output goes.
    pub(crate) log_group: Handle,
    /// What has to be there before a task starts, though no reference says so.
    pub(crate) policies: Vec<Handle>,
}

/// Reports what Fargate cannot run.
pub(crate) fn check(task: &Task<'_>, faults: &mut Vec<Diagnostic>) {
    task.image.check(faults);
    faults.extend(size::memory(task.cpu, task.memory).err());
    let name = &task.container;
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
    if let Some(Spanned { value: Mebibytes(storage), span }) = task.storage
        && (!(21 * 1024..=200 * 1024).contains(&storage) || storage % 1024 != 0)
    {
        faults.push(
            Diagnostic::error("storage", format!("a task has no disk of {}", Mebibytes(storage)))
                .at(span)
                .help("use whole gigabytes from `21GB` to `200GB`, or leave it out for 20"),
        );
    }
    if let Some(Spanned { value: Seconds(seconds), span }) = task.stop_timeout
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
    if let Some(Spanned { value: version, span }) = task.platform
        && version != "LATEST"
        && (version.split('.').count() != 3 || version.split('.').any(|it| it.parse::<u8>().is_err()))
    {
        faults.push(
            Diagnostic::error("platform", format!("`{version}` is no version of Fargate's platform"))
                .at(*span)
                .help("write one such as `1.4.0`, or leave it out for the latest"),
        );
    }
    if task.exec.value && task.read_only.value {
        faults.push(
            Diagnostic::error(
                "exec-read-only",
                "`exec` has to write to the container, and `readOnly` forbids it",
            )
            .label(task.exec.span, "")
            .label(task.read_only.span, "")
            .help("remove one of them"),
        );
    }
    for (name, secret) in task.secrets {
        secret.check(faults);
        if let Some(variable) = task.variables.get(name) {
            faults.push(
                Diagnostic::error("duplicate-variable", format!("`{name}` is both a variable and a secret"))
                    .at(secret.source.span())
                    .label(variable.span(), "its value as a variable")
                    .help(format!("remove `{name}` from `variables` or from `secrets`")),
            );
        }
    }
    task.permissions.iter().for_each(|it| it.value.check(it.span, faults));
}

/// Adds the definition of `task` at `id`, which runs the image `pulled`.
pub(crate) fn add(
    task: &Task<'_>,
    scope: &mut Scope<'_>,
    id: &str,
    pulled: &Pulled,
    given: Given,
) -> Result<Added, Diagnostic> {
    let memory = size::memory(task.cpu, task.memory)?;
    let stream_prefix = scope.path().components().next_back().unwrap_or_default().to_owned();
    let mut scope = scope.child(id);
    scope.arrange(&["TaskRole", "Resource", &task.container.value]);
    let family = scope.unique_id();

    let (task_role, task_policy) = roles::task(task, &mut scope, given.permissions);
    let log_group = logs::log_group(&mut scope.child(&task.container.value), "LogGroup", task.logs.retention);
    if task.logs.removal == Removal::Delete {
        scope.removal_policy(log_group, "Delete");
    }

    let secrets: Vec<secret::Kept> = task.secrets.values().map(|it| it.resolve(&mut scope)).collect();
    let (execution_role, execution_policy) = roles::execution(&mut scope, pulled, log_group, &secrets);
    let container = container(task, &mut scope, pulled, log_group, stream_prefix, given.variables, secrets);
    let definition = scope.resource(
        "Resource",
        TASK_DEFINITION,
        object! {
            "ContainerDefinitions" => list![container],
            "Cpu" => task.cpu.map(|it| it.to_string()),
            "EphemeralStorage" => task.storage.map(|it| object! { "SizeInGiB" => it.map(|it| it.0 / 1024) }),
            "ExecutionRoleArn" => execution_role.attribute("Arn"),
            "Family" => family.clone(),
            "Memory" => Expr::from(memory.0.to_string()).at(task.memory.map_or(Span::NOWHERE, |it| it.span)),
            "NetworkMode" => "awsvpc",
            "RequiresCompatibilities" => list!["FARGATE"],
            "RuntimePlatform" => object! {
                "CpuArchitecture" => match task.architecture {
                    Architecture::X86_64 => "X86_64",
                    Architecture::Arm64 => "ARM64",
                },
                "OperatingSystemFamily" => "LINUX",
            },
            "TaskRoleArn" => task_role.attribute("Arn"),
        },
    );
    let policies = task_policy.into_iter().chain(execution_policy).collect();
    Ok(Added { definition, family, task_role, execution_role, log_group, policies })
}

fn container(
    task: &Task<'_>,
    scope: &mut Scope<'_>,
    pulled: &Pulled,
    log_group: Handle,
    stream_prefix: String,
    given: Vec<(&'static str, Expr<Handle>)>,
    secrets: Vec<secret::Kept>,
) -> Expr<Handle> {
    let variables = task.variables.iter().map(|(name, value)| {
        object! { "Name" => name.clone(), "Value" => scope.text(value) }
    });
    let given = given.into_iter().map(|(name, value)| object! { "Name" => name, "Value" => value });
    let variables: Vec<Expr<Handle>> = given.chain(variables).collect();
    let secrets = task.secrets.keys().zip(secrets).map(|(name, secret)| {
        object! { "Name" => name.clone(), "ValueFrom" => secret.value_from }
    });
    let nofile = task
        .ulimits
        .nofile
        .map(|it| list![object! { "HardLimit" => it, "Name" => "nofile", "SoftLimit" => it }]);
    object! {
        "Command" => texts(task.command, scope),
        "EntryPoint" => texts(task.entrypoint, scope),
        "Environment" => unless_empty(variables),
        "Essential" => true,
        "Image" => pulled.uri.clone(),
        // Without an init process, what is started by ECS Exec is never reaped.
        "LinuxParameters" => task.exec.value.then(|| object! { "InitProcessEnabled" => true }),
        "LogConfiguration" => object! {
            "LogDriver" => "awslogs",
            "Options" => object! {
                "awslogs-group" => log_group.reference(),
                "awslogs-stream-prefix" => stream_prefix,
                "awslogs-region" => Expr::pseudo("AWS::Region"),
            },
        },
        "Name" => task.container.clone(),
        "PortMappings" => task
            .port
            .map(|it| list![object! { "ContainerPort" => it, "Protocol" => "tcp" }]),
        "ReadonlyRootFilesystem" => task.read_only.value.then_some(true),
        "Secrets" => unless_empty(secrets.collect()),
        "StopTimeout" => task.stop_timeout.map(|it| it.map(|it| it.0)),
        "Ulimits" => nofile,
        "User" => task.user.map(|it| scope.text(it)),
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
