//! A container that runs on Fargate and works off a queue.
//!
//! Laid out as the CDK's `QueueProcessingFargateService`, so that the queues and the service of one made by the CDK
//! can be taken over.

mod count;
mod queue;

use crate::{
    cluster,
    ecs::{
        Container, Deployment, OnFargate, RolloutTerms, Secret,
        placement::{self, Placement},
        service::{self, Runs, Service},
        task::{self, Given, On, Task},
    },
    grants::{Access, Grant, Grantable},
    iam::Allow,
    kernel::prelude::*,
    targets::{EcsService, Network},
    topic,
};

pub use count::{Count, Scaling};
pub use queue::{Queue, Removal};

/// The variable that tells the container where its queue is.
const QUEUE_URL: &str = "QUEUE_URL";

properties! {
    /// A container that runs on Fargate and works off a queue.
    ///
    /// The container finds the queue by the variable `QUEUE_URL`, receives messages, and deletes those it has worked
    /// on. One that is received again and again, as when AWS takes a task on spare capacity away, goes to a dead-letter
    /// queue. Tasks run in the private subnets of the
    /// network if it has any, and nobody can call them. A deployment starts new tasks before it stops old ones, and
    /// rolls back if the new ones do not keep running. Who is to send to the queue is granted that:
    /// `grants: {worker: send}`.
    pub struct Worker {
        /// The name of the service in ECS; with another one it is another service. If absent, CloudFormation makes one
        /// that is unique: with a name of your own, a change that replaces the service fails, for the old one still has it.
        name: Option<Text>,
        /// The network it runs in.
        network: Link<Network>,
        /// The cluster it runs in. If absent, it has one of its own.
        cluster: Option<Link<cluster::Exports>>,
        /// The queue it works off: `{visibilityTimeout: 5m}`, or more.
        queue: Queue = "{}",
        /// The topics of this stack whose messages come to the queue, each as it was published.
        topics: Vec<Link<topic::Exports>>,
        /// How many tasks run: `2`, or `{min: 1, max: 10, backlog: 100}` for one to every 100 messages.
        count: Count = "1",
        /// How many tasks may be missing, and how many may run at once, while it is deployed.
        deployment: Deployment = "{}",
        /// What it runs on.
        fargate: Inline<OnFargate>,
        /// The name of the container.
        container: Spanned<String> = "worker",
        /// What it runs.
        runs: Inline<Container>,
    }
}

exports! {
    /// What other constructs may use of a [`Worker`].
    pub struct Exports {
        /// The ARN of the service.
        arn: Expr<Handle>,
        /// The URL of its queue, to send messages to.
        queue_url: Expr<Handle>,
        /// The ARN of its queue, to allow sending to.
        queue_arn: Expr<Handle>,
        /// The name of its queue in CloudWatch's metrics.
        queue_name: Expr<Handle>,
        /// The URL of the queue with the messages it failed at.
        dead_letter_queue_url: Expr<Handle>,
        /// The ARN of that queue.
        dead_letter_queue_arn: Expr<Handle>,
        /// The name of that queue, for an alarm on `ApproximateNumberOfMessagesVisible`.
        dead_letter_queue_name: Expr<Handle>,
        /// The name of the service.
        service_name: Expr<Handle>,
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
        /// Itself, for what deploys to it.
        service: EcsService,
        /// What others may do with it.
        grantable: Grantable,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a Worker";
}

impl Construct for Worker {
    const KIND: &'static str = "Worker";
    const EXAMPLE: &'static str = include_str!("worker.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        task::check(&self.task(), faults);
        self.queue.check(faults);
        self.count.check(faults);
        self.deployment.check(self.count.least(), faults);
        for (at, Link { name, .. }) in self.topics.iter().enumerate() {
            if self.topics[..at].iter().any(|it| it.name.text == name.text) {
                let message = format!("the queue gets what is published in `{}` already", name.text);
                faults.push(Diagnostic::error("no-effect", message).at(name.span).help("remove it here"));
            }
        }
        let as_variable = self.runs.variables.get(QUEUE_URL).map(Text::span);
        let as_secret = self.runs.secrets.get(QUEUE_URL).map(Secret::span);
        for span in as_variable.into_iter().chain(as_secret) {
            faults.push(
                Diagnostic::error("reserved-variable", format!("`{QUEUE_URL}` is the URL of the worker's own queue"))
                    .at(span)
                    .help("give the variable another name, or remove it"),
            );
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let network = scope.find(&self.network)?;
        scope.arrange(&["EcsProcessingDeadLetterQueue", "EcsProcessingQueue"]);
        let cluster = cluster::find_or_add(scope, self.cluster.as_ref())?;
        let queue::Added { queue, dead_letters } = self.queue.add(scope, &self.topics)?;
        let given = Given {
            variables: vec![(QUEUE_URL, queue.reference())],
            permissions: vec![Allow::new(
                &[
                    "sqs:ChangeMessageVisibility",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:GetQueueUrl",
                    "sqs:ReceiveMessage",
                ],
                [queue.attribute("Arn")],
            )],
        };
        let task = task::add(&self.task(), scope, "QueueProcessingTaskDef", self.fargate.architecture, given)?;
        let placement = Placement::find(scope, &network, self.network.name.span);
        let mut at_service = scope.child("QueueProcessingFargateService");
        at_service.arrange(&["Service"]);
        let group = placement::security_group(&mut at_service, &network);
        task.granted.open(&mut at_service, group);
        let service = self.add_service(&mut at_service, &cluster, &task, &placement, group);
        if let Count::Scaled(scaling) = &self.count {
            scaling.add(&mut at_service, &cluster.name, service, queue);
        }

        let send = Grant::Permissions(vec![Allow::new(&["sqs:SendMessage"], [queue.attribute("Arn")])]);
        Ok(Exports {
            arn: service.reference(),
            queue_url: queue.reference(),
            queue_arn: queue.attribute("Arn"),
            queue_name: queue.attribute("QueueName"),
            dead_letter_queue_url: dead_letters.reference(),
            dead_letter_queue_arn: dead_letters.attribute("Arn"),
            dead_letter_queue_name: dead_letters.attribute("QueueName"),
            service_name: service.attribute("Name"),
            cluster_name: cluster.name.clone(),
            task_definition_arn: task.definition.reference(),
            task_role_arn: task.task_role.attribute("Arn"),
            task_role_name: task.task_role.reference(),
            execution_role_arn: task.execution_role.attribute("Arn"),
            log_group_name: task.log_group.reference(),
            log_group_arn: task.log_group.attribute("Arn"),
            security_group_id: group.attribute("GroupId"),
            service: task.offer(service, cluster.name, Vec::new()),
            grantable: Grantable(vec![(Access::Send, send)]),
        })
    }
}

impl Worker {
    fn task(&self) -> Task<'_> {
        Task { container: &self.runs, name: &self.container, port: None, on: On::Fargate(&self.fargate) }
    }

    fn add_service(
        &self,
        scope: &mut Scope<'_>,
        cluster: &cluster::Exports,
        task: &task::Added,
        placement: &Placement,
        group: Handle,
    ) -> Handle {
        let deployment = self.deployment.configuration(scope, RolloutTerms::default());
        let parts = Service {
            name: self.name.as_ref().map(|it| scope.text(it)),
            cluster: cluster.name.clone(),
            definition: task.definition,
            count: match &self.count {
                Count::Fixed(count) => Some(*count),
                Count::Scaled(_) => None,
            },
            network: Some(placement.configuration(group)),
            balancing: None,
            deployment,
            runs: Runs::on_fargate(&self.fargate),
            exec: self.runs.exec.value,
        };
        let service = service::add(parts, scope);
        // A task that starts without its permissions, or without a way to the registry, fails, and counts against
        // the deployment.
        scope.depend(service, task.policies.iter().chain(&placement.way_out).copied());
        service
    }
}

#[cfg(test)]
mod tests;
