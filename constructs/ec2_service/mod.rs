//! A container that runs on the instances of a cluster, behind a load balancer.
//!
//! Laid out as the CDK's `ApplicationLoadBalancedEc2Service`, path for path.

use crate::{
    cluster,
    ecs::{
        Container, Count, NetworkMode, OnInstances, Rollout, load,
        placement::{self, Placement},
        service::{self, Balancing, Runs, Service},
        task::{self, Given, On, Task},
    },
    grants::Grantable,
    kernel::prelude::*,
    load_balancer::{
        Reached,
        reached::{Ports, Tasks, Way, admit, admit_to_instances},
        target_group::By,
    },
    targets::{EcsService, Instances, LoadBalancer, Room},
};

properties! {
    /// A container that runs on the instances of a cluster, behind a load balancer.
    ///
    /// Tasks are spread over zones, then over instances, and are reached by nobody but the load balancer. A deployment
    /// starts new tasks before it stops old ones, and rolls back if the new ones do not become healthy.
    pub struct Ec2Service {
        /// The name of the service in ECS; with another one it is another service. If absent, CloudFormation makes one
        /// that is unique: with a name of your own, a change that replaces the service fails, for the old one still has it.
        name: Option<Text>,
        /// The cluster whose instances it runs on.
        cluster: Link<Instances>,
        /// How it is reached.
        reached: Inline<Reached>,
        /// How many tasks run: `2`, or `{min: 2, max: 10, cpu: 70%}`. With two or more the service outlives a zone that fails.
        count: Count = "1",
        /// How it is deployed: how requests get from the old version to the new one, how many tasks run meanwhile, and
        /// what rolls it back.
        deployment: Rollout = "{}",
        /// What it has of the instances.
        instances: Inline<OnInstances>,
        /// The name of the container.
        container: Spanned<String> = "web",
        /// What it runs.
        runs: Inline<Container>,
    }
}

exports! {
    /// What other constructs may use of an [`Ec2Service`].
    pub struct Exports {
        /// The ARN of the service.
        arn: Expr<Handle>,
        /// The URL it is called at: with its host or the domain of its certificate, or else the load balancer's own name.
        url: Expr<Handle>,
        /// The host name AWS gave its load balancer.
        hostname: Expr<Handle>,
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
        /// The ARN of the load balancer.
        load_balancer_arn: Expr<Handle>,
        /// The name of the load balancer in CloudWatch's metrics.
        load_balancer_full_name: Expr<Handle>,
        /// The ARN of the listener that passes requests on.
        listener_arn: Expr<Handle>,
        /// The ARN of the target group.
        target_group_arn: Expr<Handle>,
        /// The name of the target group in CloudWatch's metrics.
        target_group_full_name: Expr<Handle>,
        /// The id of the security group its tasks are in, with `networkMode: bridge` that of the instances: let it into
        /// your database.
        security_group_id: Expr<Handle>,
        /// Its load balancer, for what stands before it.
        load_balancer: LoadBalancer,
        /// Itself, for what deploys to it.
        service: EcsService,
        /// What others may do with it.
        grantable: Grantable,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "an Ec2Service";
}

impl Construct for Ec2Service {
    const KIND: &'static str = "Ec2Service";
    const EXAMPLE: &'static str = include_str!("ec2_service.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        task::check(&self.task(), faults);
        self.count.check(faults);
        self.deployment.check(self.count.least(), faults);
        self.reached.check(faults);
        self.deployment.check_scaling(&self.count, faults);
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let instances = scope.find(&self.cluster)?;
        self.check_ports(scope, &instances);
        if let Some(room) = &instances.room {
            self.check_room(scope, room);
        }
        self.reached.arrange(scope);
        scope.arrange(&["TaskDef"]);
        scope.child("Service").arrange(&["Service"]);
        let tasks = Tasks {
            network: &instances.network,
            network_name: &self.cluster.name,
            by: match self.instances.network_mode {
                NetworkMode::Bridge => By::Instance,
                NetworkMode::Awsvpc => By::Address,
            },
            shift: self.deployment.shifts(),
            preview: self.deployment.preview(),
        };
        let way = self.reached.add(scope, &tasks)?;
        let task =
            task::add(&self.task(), scope, "TaskDef", instances.architecture, Given::default())?;
        let (service, group) = self.add_service(scope, &instances, &way, &task)?;
        task.granted.open(scope, group);
        let cluster::Exports { name: cluster_name, .. } = instances.cluster;
        if let Count::Scaled(scaling) = &self.count {
            load::add(scaling, scope, &cluster_name, service, &way);
        }

        let deployment_roles = self.deployment.roles(scope, &way);
        let Way { balancer, target_group, url, .. } = way;
        Ok(Exports {
            arn: service.reference(),
            url,
            hostname: balancer.dns_name.clone(),
            service_name: service.attribute("Name"),
            cluster_name: cluster_name.clone(),
            task_definition_arn: task.definition.reference(),
            task_role_arn: task.task_role.attribute("Arn"),
            task_role_name: task.task_role.reference(),
            execution_role_arn: task.execution_role.attribute("Arn"),
            log_group_name: task.log_group.reference(),
            log_group_arn: task.log_group.attribute("Arn"),
            load_balancer_arn: balancer.arn.clone(),
            load_balancer_full_name: balancer.resource.attribute("LoadBalancerFullName"),
            listener_arn: balancer.listener.reference(),
            target_group_arn: target_group.reference(),
            target_group_full_name: target_group.attribute("TargetGroupFullName"),
            security_group_id: group.attribute("GroupId"),
            grantable: balancer.grantable(),
            load_balancer: balancer,
            service: task.offer(service, cluster_name, deployment_roles),
        })
    }
}

impl Ec2Service {
    fn task(&self) -> Task<'_> {
        Task {
            container: &self.runs,
            name: &self.container,
            port: Some(self.reached.port),
            on: On::Instances(&self.instances),
        }
    }

    /// Reports a port of the instance that leaves a deployment no instance to start a task on.
    fn check_ports(&self, scope: &mut Scope<'_>, instances: &Instances) {
        let (Some(port), Some(most)) = (self.instances.host_port, instances.most) else { return };
        let count = self.count.least().value;
        // Where requests move from one version to the other, all tasks of both run.
        let (more, what, help) = if self.deployment.shifts() {
            (count, "as many again", "remove `hostPort`, or allow the cluster as many instances")
        } else if self.deployment.spare(count) > 0 {
            return;
        } else {
            (1, "one more", "remove `hostPort`, allow the cluster one more instance, or lower `deployment.minimum`")
        };
        if count.saturating_add(more) > most {
            let message = format!(
                "with a port of its own each task needs an instance: {count} tasks, and {what} to deploy, of at most {most}"
            );
            scope.report(
                Diagnostic::error("host-port-room", message)
                    .at(port.span)
                    .label(self.cluster.name.span, "the cluster")
                    .help(help),
            );
        }
    }

    /// Reports a task that no instance has room for: it would wait for ever, and so would the deployment.
    fn check_room(&self, scope: &mut Scope<'_>, room: &Room) {
        let OnInstances { cpu, memory, reserve, .. } = &*self.instances;
        let kept = reserve.unwrap_or(*memory);
        let instance = &room.instance;
        let mut fault = |message: String, span: Span, help: String| {
            scope.report(
                Diagnostic::error("instance-room", message)
                    .at(span)
                    .label(self.cluster.name.span, "the cluster")
                    .help(help),
            );
        };
        // The system takes some of it.
        if kept.value >= room.memory {
            fault(
                format!("a task of {} does not fit on a `{instance}` of {}", kept.value, room.memory),
                kept.span,
                format!("give the cluster a larger `instance`, or the task less than {}", room.memory),
            );
        }
        if let Some(cpu) = cpu.filter(|it| it.value > room.cpu) {
            fault(
                format!("a task with {} CPU units does not fit on a `{instance}`, which has {}", cpu.value, room.cpu),
                cpu.span,
                format!("give the cluster a larger `instance`, or the task {} or less", room.cpu),
            );
        }
    }

    /// Adds the service and opens the way to its tasks; gives the service and the group the tasks are in.
    fn add_service(
        &self,
        scope: &mut Scope<'_>,
        instances: &Instances,
        way: &Way,
        task: &task::Added,
    ) -> Result<(Handle, Handle), Diagnostic> {
        let (deployment, policies) = self.deployment.build(scope, way);
        let port = self.reached.port;
        let name = self.name.as_ref().map(|it| scope.text(it));
        let mut scope = scope.child("Service");
        let (group, network) = match self.instances.network_mode {
            NetworkMode::Bridge => {
                let ports = self.instances.host_port.map_or(Ports::DYNAMIC, |it| Ports(it.value, it.value));
                admit_to_instances(&mut scope, &way.balancer, instances, ports, &self.cluster.name);
                (instances.security_group, None)
            }
            NetworkMode::Awsvpc => {
                let placement = Placement::of_instances(&instances.network, &self.cluster.name)?;
                let group = placement::security_group(&mut scope, &instances.network);
                admit(&mut scope, &way.balancer, group, Ports(port.value, port.value));
                (group, Some(placement.configuration(group)))
            }
        };
        let parts = Service {
            name,
            cluster: instances.cluster.name.clone(),
            definition: task.definition,
            count: self.count.set(),
            network,
            balancing: Some(Balancing::new(&self.container, port, way, self.reached.health.grace)),
            deployment,
            runs: Runs::on_instances(instances),
            exec: self.runs.exec.value,
        };
        let service = service::add(parts, &mut scope);
        // Without instances no task starts, and the service would never get steady.
        let first = way.waits_for().into_iter().chain(task.policies.iter().copied()).chain(policies);
        scope.depend(service, first.chain(instances.ready.iter().copied()));
        Ok((service, group))
    }
}

#[cfg(test)]
mod tests;
