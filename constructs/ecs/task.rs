//! A task definition: a container with its logs and roles, and what it runs on.

use std::mem;

use super::{
    container::{Container, Surroundings},
    fargate::OnFargate,
    image::Pulled,
    instances::OnInstances,
    roles,
    secret::{self, Secret},
};
use crate::{
    grants::Granted,
    iam::Allow,
    kernel::prelude::*,
    targets::{Architecture, EcsService},
};

const TASK_DEFINITION: ResourceType = ResourceType::new("AWS::ECS::TaskDefinition");

/// What the user of the stack file says of a task, whichever construct runs it.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    /// Its container.
    pub(crate) container: &'a Container,
    /// The name of the container.
    pub(crate) name: &'a Spanned<String>,
    /// The port the container listens on, if it does.
    pub(crate) port: Option<Spanned<u16>>,
    /// What it runs on.
    pub(crate) on: On<'a>,
}

/// What a task runs on.
#[derive(Clone, Copy)]
pub(crate) enum On<'a> {
    /// Fargate.
    Fargate(&'a OnFargate),
    /// Instances of a cluster.
    Instances(&'a OnInstances),
}

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
    /// What it may call, once its security group is there.
    pub(crate) granted: Granted,
    container: String,
    architecture: Architecture,
    pulled: Pulled,
}

impl Added {
    /// What `service`, which runs it in the cluster of this name, offers to what deploys to it; ECS itself deploys it
    /// with `deployment_roles`.
    pub(crate) fn offer(
        &self,
        service: Handle,
        cluster_name: Expr<Handle>,
        deployment_roles: Vec<Expr<Handle>>,
    ) -> EcsService {
        let roles = [self.task_role, self.execution_role];
        EcsService {
            resource: service,
            cluster_name,
            service_name: service.attribute("Name"),
            service_arn: service.reference(),
            family: self.family.clone(),
            container: self.container.clone(),
            architecture: self.architecture,
            task_roles: roles.map(|it| it.attribute("Arn")).to_vec(),
            deployment_roles,
            image: self.pulled.uri.clone(),
            repository: self.pulled.repository.clone(),
        }
    }
}

/// Reports what ECS cannot run.
pub(crate) fn check(task: &Task<'_>, faults: &mut Vec<Diagnostic>) {
    if let Some(port) = task.port.filter(|it| it.value == 0) {
        faults.push(
            Diagnostic::error("port", "a container cannot listen on port 0")
                .at(port.span)
                .help("use the port the program in the image listens on"),
        );
    }
    let Spanned { value: name, span } = task.name;
    let is_legal = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
    if !(1..=255).contains(&name.len()) || !name.bytes().all(is_legal) {
        faults.push(
            Diagnostic::error("container-name", format!("`{name}` cannot be the name of a container"))
                .at(*span)
                .help("use letters, digits, `-` and `_`"),
        );
    }
    task.container.check(faults);
    match task.on {
        On::Fargate(fargate) => fargate.check(task.container.stop_timeout, faults),
        On::Instances(instances) => instances.check(faults),
    }
}

/// Adds the definition of `task` at `id`, which runs on `architecture`.
pub(crate) fn add(
    task: &Task<'_>,
    scope: &mut Scope<'_>,
    id: &str,
    architecture: Architecture,
    given: Given,
) -> Result<Added, Diagnostic> {
    let Task { container, name, on, .. } = *task;
    let (task_size, container_size) = match on {
        On::Fargate(fargate) => {
            ([Some(fargate.cpu.map(|it| it.to_string()).into()), Some(fargate.memory()?)], [None, None, None])
        }
        On::Instances(instances) => ([None, None], instances.size()),
    };
    let pulled = container.pulled(scope, architecture)?;
    let stream_prefix = scope.path().components().next_back().unwrap_or_default().to_owned();
    let mut scope = scope.child(id);
    scope.arrange(&["TaskRole", "Resource", &name.value]);
    let family = scope.unique_id();

    let mut granted = container.grants.resolve(&mut scope);
    let permissions = given.permissions.into_iter().chain(mem::take(&mut granted.permissions)).collect();
    let (task_role, task_policy) = roles::task(container, &mut scope, permissions);
    let log_group = container.logs.group(&mut scope.child(&name.value), "LogGroup");

    let secrets: Vec<secret::Kept> =
        container.secrets.values().map(|it: &Secret| it.resolve(&mut scope)).collect();
    let credentials = container.credentials(&mut scope, &pulled);
    let kept: Vec<&secret::Kept> = secrets.iter().chain(&credentials).collect();
    let (execution_role, execution_policy) = roles::execution(&mut scope, &pulled, log_group, &kept);
    let surroundings = Surroundings {
        name,
        ports: task.port.map(|it| ports(it, on)),
        size: container_size,
        pulled: &pulled,
        log_group,
        stream_prefix,
        variables: given.variables,
    };
    let defined = container.definition(&mut scope, surroundings, credentials.as_ref(), &secrets);
    let [cpu, memory] = task_size;
    let (network_mode, compatibility, storage) = match on {
        On::Fargate(fargate) => ("awsvpc", "FARGATE", fargate.storage),
        On::Instances(instances) => (instances.network_mode.value(), "EC2", None),
    };
    let definition = scope.resource(
        "Resource",
        TASK_DEFINITION,
        object! {
            "ContainerDefinitions" => list![defined],
            "Cpu" => cpu,
            "EphemeralStorage" => storage.map(|it| object! { "SizeInGiB" => it.map(|it| it.0 / 1024) }),
            "ExecutionRoleArn" => execution_role.attribute("Arn"),
            "Family" => family.clone(),
            "Memory" => memory,
            "NetworkMode" => network_mode,
            "RequiresCompatibilities" => list![compatibility],
            "RuntimePlatform" => object! {
                "CpuArchitecture" => match architecture {
                    Architecture::X86_64 => "X86_64",
                    Architecture::Arm64 => "ARM64",
                },
                "OperatingSystemFamily" => "LINUX",
            },
            "TaskRoleArn" => task_role.attribute("Arn"),
        },
    );
    Ok(Added {
        definition,
        family,
        task_role,
        execution_role,
        log_group,
        policies: task_policy.into_iter().chain(execution_policy).collect(),
        granted,
        container: name.value.clone(),
        architecture,
        pulled,
    })
}

/// The port of the container, and what it is on the machine.
fn ports(port: Spanned<u16>, on: On<'_>) -> Expr<Handle> {
    let host = match on {
        On::Instances(instances) => instances.host_port(),
        On::Fargate(_) => None,
    };
    object! { "ContainerPort" => port, "HostPort" => host, "Protocol" => "tcp" }
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
                "wrong-type at `{Ref: Param}`: expected a mapping, found `!Ref`",
                "wrong-type at `!Ref Param`: expected a mapping, found `!Ref`",
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
