//! A container of a task, whatever the task runs on.

use super::{
    image::{Image, Pulled},
    secret::{self, Secret},
};
use crate::{
    grants::Grants, kernel::prelude::*, logs::Logs, permission::Permission, repository, targets::Architecture,
};

properties! {
    /// A container, and what it may do.
    pub struct Container {
        /// The image it runs: `<Repository>:<tag>` for a repository of this stack, or
        /// `<Repository>@sha256:<digest>`; else one of a public registry or of ECR, such as
        /// `public.ecr.aws/nginx/nginx:1.29`. A folder, such as `./web`, is built with docker at a deployment, and pushed to the
        /// repository that `asi bootstrap` makes; with another platform, file or stage, as `{build: ./web, file: Dockerfile.prod}`.
        image: Image,
        /// The Repository that its images come from, if `image` does not say so: if a parameter gives it, or if it stands
        /// in until a Pipeline has built the first.
        repository: Option<Link<repository::Exports>>,
        /// The secret of Secrets Manager with which a private registry beside ECR is logged in to, by its name, its
        /// ARN or a reference. It holds `{"username": …, "password": …}`.
        credentials: Option<Text>,
        /// What the container runs instead of the image's own command.
        command: Vec<Text>,
        /// What the container runs instead of the image's own entry point.
        entrypoint: Vec<Text>,
        /// The user the container runs as, instead of the image's own.
        user: Option<Text>,
        /// Variables of the container's environment.
        variables: IndexMap<String, Text>,
        /// Variables whose values are kept in SSM (`ssm:/shop/database-url`) or Secrets Manager
        /// (`secretsmanager:shop/database:password`), and never stand in the template.
        secrets: IndexMap<String, Secret>,
        /// For how many days logs are kept, and what becomes of them.
        logs: Logs = "30",
        /// Whether `aws ecs execute-command` may open a shell in the container.
        exec: Spanned<bool> = "false",
        /// Whether the container cannot write to its own file system.
        read_only: Spanned<bool> = "false",
        /// How long the container may take to stop before it is killed, up to `120s`. If absent, 30 seconds.
        stop_timeout: Option<Spanned<Seconds>>,
        /// Limits of what the container may hold.
        ulimits: Ulimits = "{}",
        /// What it may do with other constructs: `{uploads: readWrite, alerts: publish, jobs: send, api: call}`. Each
        /// gets the permissions and ways that takes, and no more.
        grants: Grants,
        /// What else the container may do in AWS: `[{actions: ["s3:GetObject"], resources: ["${Uploads.Arn}/*"]}]`.
        permissions: Vec<Spanned<Permission>>,
    }
}

properties! {
    /// Limits of what a container may hold.
    pub struct Ulimits {
        /// How many files, sockets included, it may hold open. If absent, 65535.
        nofile: Option<Spanned<u32>>,
    }
}

/// What a construct gives the container it runs, beside what the user does.
pub(super) struct Surroundings<'a> {
    /// Its name.
    pub(super) name: &'a Spanned<String>,
    /// The port it listens on, and what it is on the machine, as `PortMappings` has them.
    pub(super) ports: Option<Expr<Handle>>,
    /// CPU units, memory and reserved memory in MiB, where the container has them and not the task.
    pub(super) size: [Option<Expr<Handle>>; 3],
    /// Where it is pulled from.
    pub(super) pulled: &'a Pulled,
    /// Where its output goes, and under what name.
    pub(super) log_group: Handle,
    /// What streams of its output begin with.
    pub(super) stream_prefix: String,
    /// Variables of its environment.
    pub(super) variables: Vec<(&'static str, Expr<Handle>)>,
}

impl Container {
    /// Reports what no container can have.
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        self.image.check(faults);
        if self.exec.value && self.read_only.value {
            faults.push(
                Diagnostic::error(
                    "exec-read-only",
                    "`exec` has to write to the container, and `readOnly` forbids it",
                )
                .label(self.exec.span, "")
                .label(self.read_only.span, "")
                .help("remove one of them"),
            );
        }
        for (name, secret) in &self.secrets {
            secret.check(faults);
            if let Some(variable) = self.variables.get(name) {
                faults.push(
                    Diagnostic::error(
                        "duplicate-variable",
                        format!("`{name}` is both a variable and a secret"),
                    )
                    .at(secret.source.span())
                    .label(variable.span(), "its value as a variable")
                    .help(format!("remove `{name}` from `variables` or from `secrets`")),
                );
            }
        }
        self.permissions.iter().for_each(|it| it.value.check(it.span, faults));
    }

    /// Where its image is pulled from.
    pub(super) fn pulled(
        &self,
        scope: &mut Scope<'_>,
        architecture: Architecture,
    ) -> Result<Pulled, Diagnostic> {
        let pulled = self.image.resolve(scope, architecture);
        let Some(link) = &self.repository else { return Ok(pulled) };
        if pulled.repository.is_some() {
            scope.report(
                Diagnostic::error("no-effect", "the image itself says which Repository it comes from")
                    .at(link.name.span)
                    .help("remove `repository`"),
            );
        }
        Ok(Pulled { repository: Some(scope.find(link)?), ..pulled })
    }

    /// The secret its registry is logged in to with.
    pub(super) fn credentials(&self, scope: &mut Scope<'_>, pulled: &Pulled) -> Option<secret::Kept> {
        let credentials = self.credentials.as_ref()?;
        if pulled.arn.is_some() {
            scope.report(
                Diagnostic::error("no-effect", "an image on ECR is pulled with the role of the task")
                    .at(credentials.span())
                    .help("remove `credentials`"),
            );
        }
        Some(secret::whole(scope.text(credentials)).at(credentials.span()))
    }

    /// Its definition.
    pub(super) fn definition(
        &self,
        scope: &mut Scope<'_>,
        surroundings: Surroundings<'_>,
        credentials: Option<&secret::Kept>,
        secrets: &[secret::Kept],
    ) -> Expr<Handle> {
        let Surroundings { name, ports, size, pulled, log_group, stream_prefix, variables } = surroundings;
        let [cpu, memory, reserved] = size;
        let given = variables.into_iter().map(|(name, value)| object! { "Name" => name, "Value" => value });
        let written = self.variables.iter().map(|(name, value)| {
            object! { "Name" => name.clone(), "Value" => scope.text(value) }
        });
        let variables: Vec<Expr<Handle>> = given.chain(written).collect();
        let secrets = self.secrets.keys().zip(secrets).map(|(name, secret)| {
            object! { "Name" => name.clone(), "ValueFrom" => secret.value_from.clone() }
        });
        let nofile =
            |it: Spanned<u32>| list![object! { "HardLimit" => it, "Name" => "nofile", "SoftLimit" => it }];
        object! {
            "Command" => texts(&self.command, scope),
            "Cpu" => cpu,
            "EntryPoint" => texts(&self.entrypoint, scope),
            "Environment" => unless_empty(variables),
            "Essential" => true,
            "Image" => pulled.uri.clone(),
            // Without an init process, what is started by ECS Exec is never reaped.
            "LinuxParameters" => self.exec.value.then(|| object! { "InitProcessEnabled" => true }),
            "LogConfiguration" => object! {
                "LogDriver" => "awslogs",
                "Options" => object! {
                    "awslogs-group" => log_group.reference(),
                    "awslogs-stream-prefix" => stream_prefix,
                    "awslogs-region" => Expr::pseudo("AWS::Region"),
                },
            },
            "Memory" => memory,
            "MemoryReservation" => reserved,
            "Name" => name.clone(),
            "PortMappings" => ports.map(|it| list![it]),
            "ReadonlyRootFilesystem" => self.read_only.value.then_some(true),
            "RepositoryCredentials" => credentials.map(|it| object! { "CredentialsParameter" => it.value_from.clone() }),
            "Secrets" => unless_empty(secrets.collect()),
            "StopTimeout" => self.stop_timeout.map(|it| it.map(|it| it.0)),
            "Ulimits" => self.ulimits.nofile.map(nofile),
            "User" => self.user.as_ref().map(|it| scope.text(it)),
        }
    }
}

fn texts(texts: &[Text], scope: &mut Scope<'_>) -> Option<Expr<Handle>> {
    unless_empty(texts.iter().map(|it| scope.text(it)).collect())
}

fn unless_empty(items: Vec<Expr<Handle>>) -> Option<Expr<Handle>> {
    (!items.is_empty()).then(|| items.into())
}
