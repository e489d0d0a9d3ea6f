//! A container that runs on Fargate on a schedule.
//!
//! What the CDK's `ScheduledFargateTask` is for; its task definition and security group stand at the same paths. It
//! is started by EventBridge Scheduler, which knows time zones and tries again, and not by a rule of EventBridge.

mod schedule;
mod time_zone;

use crate::{
    cluster,
    ecs::{
        Container, OnFargate,
        placement::{self, Placement},
        task::{self, Given, On, Task},
    },
    iam::{self, Allow},
    kernel::prelude::*,
    queues::{self, LONGEST_RETENTION, Queue},
    targets::Network,
};

pub use schedule::Schedule;
pub use time_zone::TimeZone;

const SCHEDULE: ResourceType = ResourceType::new("AWS::Scheduler::Schedule");

properties! {
    /// A container that runs on Fargate on a schedule.
    ///
    /// Each run is a task of its own in the private subnets of the network, if it has any; nobody can call it. A run
    /// that AWS cannot start is tried again, and then leaves a message in a dead-letter queue. A run that ends with
    /// an error is not repeated, and one that does not end goes on, beside those that follow: ECS has no time limit
    /// for a task, so that a program which may hang has to watch its own time.
    pub struct ScheduledTask {
        /// The network it runs in.
        network: Link<Network>,
        /// The cluster it runs in. If absent, it has one of its own.
        cluster: Option<Link<cluster::Exports>>,
        /// When it runs: `rate(1 hour)`, `rate(5 minutes)`; or `cron(0 3 * * ? *)` for every day at three, the fields
        /// being minutes, hours, day of the month, month, day of the week and year.
        schedule: Schedule,
        /// The time zone the times of a `cron` are meant in, such as `Europe/Berlin`. If absent, UTC.
        timezone: Option<Spanned<TimeZone>>,
        /// Whether it runs. With `false` everything is there, and nothing is started.
        enabled: bool = "true",
        /// How often starting it is tried again: `3`, or `{attempts: 10, within: 2h}`.
        retries: Retries = "{}",
        /// What it runs on.
        fargate: Inline<OnFargate>,
        /// The name of the container.
        container: Spanned<String> = "task",
        /// What it runs.
        runs: Inline<Container>,
    }
}

properties! {
    /// How starting a task is tried again, if AWS cannot start it.
    pub struct Retries from attempts {
        /// How often, up to `185`; with `0` never.
        attempts: Spanned<u32> = "3",
        /// For how long after it was due, from `60s` to `24h`.
        within: Spanned<Seconds> = "1h",
    }
}

impl Retries {
    fn check(&self, faults: &mut Vec<Diagnostic>) {
        let Spanned { value: attempts, span } = self.attempts;
        if attempts > 185 {
            faults.push(
                Diagnostic::error("retry-range", format!("nothing is tried again {attempts} times"))
                    .at(span)
                    .help("use 185 or less"),
            );
        }
        let Spanned { value: Seconds(within), span } = self.within;
        if !(60..=86_400).contains(&within) {
            faults.push(
                Diagnostic::error(
                    "retry-range",
                    format!("starting is tried for 60s to 24h, not for {within}s"),
                )
                .at(span)
                .help(format!("use `{}s`", within.clamp(60, 86_400))),
            );
        } else if attempts == 0 && span.is_written() {
            faults.push(
                Diagnostic::error("no-effect", "nothing is tried again with `attempts: 0`")
                    .at(span)
                    .help("remove `within`, or allow an attempt"),
            );
        }
    }
}

exports! {
    /// What other constructs may use of a [`ScheduledTask`].
    pub struct Exports {
        /// The ARN of the schedule.
        arn: Expr<Handle>,
        /// The name of the schedule.
        schedule_name: Expr<Handle>,
        /// The name of the cluster it runs in.
        cluster_name: Expr<Handle>,
        /// The ARN of the task definition it runs.
        task_definition_arn: Expr<Handle>,
        /// The ARN of the role the container calls AWS with.
        task_role_arn: Expr<Handle>,
        /// The name of that role.
        task_role_name: Expr<Handle>,
        /// The ARN of the role ECS starts tasks with.
        execution_role_arn: Expr<Handle>,
        /// The name of its log group.
        log_group_name: Expr<Handle>,
        /// The ARN of its log group.
        log_group_arn: Expr<Handle>,
        /// The id of the tasks' security group: let it into your database.
        security_group_id: Expr<Handle>,
        /// The URL of the queue with the runs that could not be started.
        dead_letter_queue_url: Expr<Handle>,
        /// The ARN of that queue.
        dead_letter_queue_arn: Expr<Handle>,
        /// The name of that queue, for an alarm on `ApproximateNumberOfMessagesVisible`.
        dead_letter_queue_name: Expr<Handle>,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a ScheduledTask";
}

impl Construct for ScheduledTask {
    const KIND: &'static str = "ScheduledTask";
    const EXAMPLE: &'static str = include_str!("scheduled_task.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        task::check(&self.task(), faults);
        self.retries.check(faults);
        if let Some(timezone) = &self.timezone
            && self.schedule.is_rate()
        {
            faults.push(
                Diagnostic::error("no-effect", "a rate has no time of day, so that no time zone changes it")
                    .at(timezone.span)
                    .help("remove `timezone`, or write the schedule as `cron(…)`"),
            );
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let network = scope.find(&self.network)?;
        scope.arrange(&["ScheduledTaskDef"]);
        let cluster = cluster::find_or_add(scope, self.cluster.as_ref())?;
        let task = task::add(&self.task(), scope, "ScheduledTaskDef", self.fargate.architecture, Given::default())?;
        let placement = Placement::find(scope, &network, self.network.name.span);
        let group = placement::security_group(&mut scope.child("ScheduledTaskDef"), &network);
        task.granted.open(scope, group);
        let mut at_schedule = scope.child("Schedule");
        at_schedule.arrange(&["Resource"]);
        let dead_letters = queues::add(
            &mut at_schedule,
            "DeadLetterQueue",
            &Queue {
                retention: LONGEST_RETENTION.into(),
                visibility: None,
                redrive: None,
                topics: Vec::new(),
                removal: "Delete",
            },
        );
        // Scheduler tells IAM the ARN of the group of a schedule, never that of the schedule.
        let source = Expr::arn("scheduler", ["schedule-group/default".into()]);
        let role = iam::service_role_for(&mut at_schedule, "Role", "scheduler.amazonaws.com", source);
        let allowed = scheduler_permissions(&task, &cluster, dead_letters);
        let policy = iam::allow(&mut at_schedule, "Role", role, &allowed);
        let schedule = self.add_schedule(
            &mut at_schedule,
            &cluster,
            &task,
            placement.configuration(group),
            dead_letters,
            role,
        );
        // A run may be due as soon as the schedule is there.
        let first = task.policies.iter().copied().chain(policy).chain(placement.way_out);
        at_schedule.depend(schedule, first);
        Ok(Exports {
            arn: schedule.attribute("Arn"),
            schedule_name: schedule.reference(),
            cluster_name: cluster.name,
            task_definition_arn: task.definition.reference(),
            task_role_arn: task.task_role.attribute("Arn"),
            task_role_name: task.task_role.reference(),
            execution_role_arn: task.execution_role.attribute("Arn"),
            log_group_name: task.log_group.reference(),
            log_group_arn: task.log_group.attribute("Arn"),
            security_group_id: group.attribute("GroupId"),
            dead_letter_queue_url: dead_letters.reference(),
            dead_letter_queue_arn: dead_letters.attribute("Arn"),
            dead_letter_queue_name: dead_letters.attribute("QueueName"),
        })
    }
}

impl ScheduledTask {
    fn task(&self) -> Task<'_> {
        Task { container: &self.runs, name: &self.container, port: None, on: On::Fargate(&self.fargate) }
    }

    fn add_schedule(
        &self,
        scope: &mut Scope<'_>,
        cluster: &cluster::Exports,
        task: &task::Added,
        network: Expr<Handle>,
        dead_letters: Handle,
        role: Handle,
    ) -> Handle {
        let (launch_type, providers) = self.fargate.capacity.launch();
        let timezone = self.timezone.as_ref().map(|it| Expr::from(it.value.0.clone()).at(it.span));
        scope.resource(
            "Resource",
            SCHEDULE,
            object! {
                "FlexibleTimeWindow" => object! { "Mode" => "OFF" },
                "ScheduleExpression" => self.schedule.expression.clone(),
                "ScheduleExpressionTimezone" => timezone,
                "State" => if self.enabled { "ENABLED" } else { "DISABLED" },
                "Target" => object! {
                    "Arn" => cluster.arn.clone(),
                    "DeadLetterConfig" => object! { "Arn" => dead_letters.attribute("Arn") },
                    "EcsParameters" => object! {
                        "CapacityProviderStrategy" => providers,
                        "EnableECSManagedTags" => true,
                        "EnableExecuteCommand" => self.runs.exec.value.then_some(true),
                        "LaunchType" => launch_type,
                        "NetworkConfiguration" => network,
                        "PlatformVersion" => self.fargate.platform.clone(),
                        "PropagateTags" => "TASK_DEFINITION",
                        "TaskDefinitionArn" => task.definition.reference(),
                    },
                    "RetryPolicy" => object! {
                        "MaximumEventAgeInSeconds" => self.retries.within.map(|it| it.0),
                        "MaximumRetryAttempts" => self.retries.attempts,
                    },
                    "RoleArn" => role.attribute("Arn"),
                },
            },
        )
    }
}

/// What Scheduler may do: start this task, in this cluster, with its roles and its tags; and say that it could not.
fn scheduler_permissions(task: &task::Added, cluster: &cluster::Exports, dead_letters: Handle) -> Vec<Allow> {
    // Every revision of the task definition: between the updates of this policy and of the schedule, the schedule
    // still starts the revision before.
    let definitions = Expr::arn("ecs", ["task-definition/".into(), task.family.clone().into(), ":*".into()]);
    let tasks = Expr::arn("ecs", ["task/".into(), cluster.name.clone(), "/*".into()]);
    let roles = [task.execution_role, task.task_role].map(|it| it.attribute("Arn"));
    vec![
        Allow::new(&["ecs:RunTask"], [definitions])
            .when(object! { "ArnEquals" => object! { "ecs:cluster" => cluster.arn.clone() } }),
        Allow::new(&["ecs:TagResource"], [tasks])
            .when(object! { "StringEquals" => object! { "ecs:CreateAction" => "RunTask" } }),
        Allow::new(&["iam:PassRole"], roles).when(
            object! { "StringEquals" => object! { "iam:PassedToService" => "ecs-tasks.amazonaws.com" } },
        ),
        Allow::new(&["sqs:SendMessage"], [dead_letters.attribute("Arn")]),
    ]
}

#[cfg(test)]
mod tests;
