//! A container that runs on Fargate behind a load balancer.
//!
//! Laid out as the CDK's `ApplicationLoadBalancedFargateService`, path for path, so that one made by the CDK
//! can be taken over.

mod balancer;
mod count;
mod health;
mod https;
mod scaling;
mod service;

use ipnet::IpNet;

use crate::{
    cluster::{self, Cluster},
    fargate::{
        Capacity, Deployment, Image, Logs, Secret, Ulimits,
        task::{self, Given, Task},
    },
    kernel::prelude::*,
    permission::Permission,
    targets::{Architecture, EcsService, LoadBalancer, Network},
};
use balancer::Balanced;

pub use balancer::{Access, Balancer};
pub use count::{Count, Metric, Scaling, Step, Steps};
pub use health::Health;
pub use https::Https;

properties! {
    /// A container that runs on Fargate behind a load balancer.
    ///
    /// Tasks run in the private subnets of the network if it has any, and are reached by nobody but the load
    /// balancer. A deployment starts new tasks before it stops old ones, and rolls back if the new ones do not
    /// become healthy.
    pub struct FargateService {
        /// The network it runs in.
        network: Link<Network>,
        /// The cluster it runs in. If absent, it has one of its own.
        cluster: Option<Link<cluster::Exports>>,
        /// The image it runs: `<Repository>:<tag>` for a repository of this stack, or
        /// `<Repository>@sha256:<digest>`; else one of a public registry or of ECR, such as
        /// `public.ecr.aws/nginx/nginx:1.29`.
        image: Image,
        /// The port the container listens on.
        port: Spanned<u16>,
        /// The name of the container.
        container: Spanned<String> = "web",
        /// What the container runs instead of the image's own command.
        command: Vec<Text>,
        /// What the container runs instead of the image's own entry point.
        entrypoint: Vec<Text>,
        /// The user the container runs as, instead of the image's own.
        user: Option<Text>,
        /// CPU units of a task; 1024 are one virtual CPU.
        cpu: Spanned<u32> = "256",
        /// Memory of a task. If absent, the least Fargate sells with its `cpu`.
        memory: Option<Spanned<Mebibytes>>,
        /// Disk space of a task, from `21GB` to `200GB`. If absent, the 20 GB that come with a task.
        storage: Option<Spanned<Mebibytes>>,
        /// The processor the image is built for.
        architecture: Architecture = "x86_64",
        /// Whether tasks run on ordinary capacity, or on what is spare: cheaper by two thirds, and AWS may take a
        /// task away at two minutes' notice.
        capacity: Capacity = "onDemand",
        /// The version of Fargate's platform, such as `1.4.0`. If absent, the latest.
        platform: Option<Spanned<String>>,
        /// How many tasks run: `2`, or `{min: 2, max: 10, cpu: 70%}`. With two or more the service outlives a zone that fails.
        count: Count = "1",
        /// How the load balancer tells which tasks are healthy: the path it asks for, such as `/_health`, or more.
        health: Health = "/",
        /// Variables of the container's environment.
        variables: IndexMap<String, Text>,
        /// Variables whose values are kept in SSM (`ssm:/shop/database-url`) or Secrets Manager
        /// (`secretsmanager:shop/database:password`), and never stand in the template.
        secrets: IndexMap<String, Secret>,
        /// For how many days logs are kept, and what becomes of them.
        logs: Logs = "30",
        /// From where it is reached: from the internet, or from the network only.
        access: Spanned<Access> = "public",
        /// The IPv4 addresses that may call the load balancer. If absent, all of the internet, or with
        /// `access: internal` all of the network.
        allow: Vec<Spanned<IpNet>>,
        /// How it is called over HTTPS: `{domain: shop.example.com, zone: {name: example.com, id: Z0123456789ABC}}`,
        /// or with a `certificate` that is there already. If absent, it is called over HTTP, which is not encrypted.
        https: Option<Https>,
        /// Settings of the load balancer, such as when it closes an idle connection.
        balancer: Balancer = "{}",
        /// How many tasks may be missing, and how many may run at once, while it is deployed.
        deployment: Deployment = "{}",
        /// Whether `aws ecs execute-command` may open a shell in the container.
        exec: Spanned<bool> = "false",
        /// Whether the container cannot write to its own file system.
        read_only: Spanned<bool> = "false",
        /// How long a task may take to stop before it is killed, up to `120s`. If absent, 30 seconds.
        stop_timeout: Option<Spanned<Seconds>>,
        /// Limits of what the container may hold.
        ulimits: Ulimits = "{}",
        /// What the container may do in AWS: `[{actions: ["s3:GetObject"], resources: ["${Uploads.Arn}/*"]}]`.
        permissions: Vec<Spanned<Permission>>,
    }
}

exports! {
    /// What other constructs may use of a [`FargateService`].
    pub struct Exports {
        /// The ARN of the service.
        arn: Expr<Handle>,
        /// The URL it is called at: with the domain of its certificate, or else the load balancer's own name.
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
        /// The id of the load balancer's security group.
        load_balancer_security_group_id: Expr<Handle>,
        /// The ARN of the listener that passes requests on.
        listener_arn: Expr<Handle>,
        /// The ARN of the target group.
        target_group_arn: Expr<Handle>,
        /// The name of the target group in CloudWatch's metrics.
        target_group_full_name: Expr<Handle>,
        /// The id of the tasks' security group: let it into your database.
        security_group_id: Expr<Handle>,
        /// Its load balancer, for what stands before it.
        load_balancer: LoadBalancer,
        /// Itself, for what deploys to it.
        service: EcsService,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a FargateService";
}

impl Construct for FargateService {
    const KIND: &'static str = "FargateService";
    const EXAMPLE: &'static str = include_str!("fargate_service.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        if self.port.value == 0 {
            faults.push(
                Diagnostic::error("port", "a container cannot listen on port 0")
                    .at(self.port.span)
                    .help("use the port the program in the image listens on"),
            );
        }
        task::check(&self.task(), faults);
        self.count.check(faults);
        self.deployment.check(self.count.least(), faults);
        self.health.check(faults);
        self.balancer.check(faults);
        balancer::check_allowed(&self.allow, faults);
        if let Some(https) = &self.https {
            https.check(faults);
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let network = scope.find(&self.network)?;
        scope.child("LB").arrange(&["Resource", "SecurityGroup", "PublicListener"]);
        scope.child("LB").child("PublicListener").arrange(&["Resource", "ECSGroup"]);
        scope.arrange(&["TaskDef"]);
        scope.child("Service").arrange(&["Service", "SecurityGroup"]);
        let cluster = match &self.cluster {
            Some(cluster) => scope.find(cluster)?,
            None => scope.expand("Cluster", &Cluster { name: None, insights: None })?,
        };
        let pulled = self.image.resolve(scope);
        let balanced = balancer::add(self, scope, &network)?;
        let task = task::add(&self.task(), scope, "TaskDef", &pulled, Given::default())?;
        let service::Added { resource: service, group } =
            service::add(self, scope, &network, &cluster, &balanced, &task);
        if let Count::Scaled(scaling) = &self.count {
            scaling::add(scaling, scope, &cluster, service, &balanced);
        }

        let Balanced { offer, domain, group: balancer_group, listener, target_group, .. } = balanced;
        let url = text![format!("{}://", offer.scheme), domain.unwrap_or_else(|| offer.dns_name.clone())];
        let roles = [task.task_role, task.execution_role].map(|it| it.attribute("Arn"));
        Ok(Exports {
            arn: service.reference(),
            url,
            hostname: offer.dns_name.clone(),
            service_name: service.attribute("Name"),
            cluster_name: cluster.name.clone(),
            task_definition_arn: task.definition.reference(),
            task_role_arn: task.task_role.attribute("Arn"),
            task_role_name: task.task_role.reference(),
            execution_role_arn: task.execution_role.attribute("Arn"),
            log_group_name: task.log_group.reference(),
            log_group_arn: task.log_group.attribute("Arn"),
            load_balancer_arn: offer.arn.clone(),
            load_balancer_full_name: offer.resource.attribute("LoadBalancerFullName"),
            load_balancer_security_group_id: balancer_group.attribute("GroupId"),
            listener_arn: listener.reference(),
            target_group_arn: target_group.reference(),
            target_group_full_name: target_group.attribute("TargetGroupFullName"),
            security_group_id: group.attribute("GroupId"),
            load_balancer: offer,
            service: EcsService {
                resource: service,
                cluster_name: cluster.name,
                service_name: service.attribute("Name"),
                service_arn: service.reference(),
                family: task.family,
                container: self.container.value.clone(),
                architecture: self.architecture,
                task_roles: roles.to_vec(),
                repository: pulled.repository,
            },
        })
    }
}

impl FargateService {
    fn task(&self) -> Task<'_> {
        task::task_of!(self, Some(self.port))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::stack;

    const WEB: &str = "net: {type: Network}\n\
                       cluster: {type: Cluster}\n\
                       web: {type: FargateService, network: net, cluster: cluster, image: 'a:1', port: 80}\n";

    #[test]
    fn is_laid_out_as_the_cdk_lays_it_out() {
        let mut paths: Vec<String> = stack(WEB).resources().into_iter().map(|(path, _)| path).collect();
        paths.retain(|it| it.starts_with("web/"));
        assert_eq!(
            paths,
            [
                "web/LB/Resource",
                "web/LB/SecurityGroup/Resource",
                "web/LB/SecurityGroup/to TestwebServiceSecurityGroup5EC8099F:80",
                "web/LB/PublicListener/Resource",
                "web/LB/PublicListener/ECSGroup/Resource",
                "web/TaskDef/TaskRole/Resource",
                "web/TaskDef/Resource",
                "web/TaskDef/web/LogGroup/Resource",
                "web/TaskDef/ExecutionRole/Resource",
                "web/TaskDef/ExecutionRole/DefaultPolicy/Resource",
                "web/Service/Service",
                "web/Service/SecurityGroup/Resource",
                "web/Service/SecurityGroup/from TestwebLBSecurityGroup60BF4B82:80",
            ]
        );
    }

    #[test]
    fn has_a_cluster_of_its_own_unless_it_is_given_one() {
        let stack =
            stack("net: {type: Network}\nweb: {type: FargateService, network: net, image: 'a:1', port: 80}");
        assert_eq!(stack.properties("web/Service/Service")["Cluster"], "${web/Cluster/Resource}");
        assert_eq!(stack.attribute("web", "clusterName"), "${web/Cluster/Resource}");
    }

    #[test]
    fn gives_what_others_need() {
        let stack = stack(WEB);
        for (attribute, value) in [
            ("arn", "${web/Service/Service}"),
            ("url", "http://${web/LB/Resource.DNSName}"),
            ("hostname", "${web/LB/Resource.DNSName}"),
            ("serviceName", "${web/Service/Service.Name}"),
            ("clusterName", "${cluster/Resource}"),
            ("taskDefinitionArn", "${web/TaskDef/Resource}"),
            ("taskRoleArn", "${web/TaskDef/TaskRole/Resource.Arn}"),
            ("taskRoleName", "${web/TaskDef/TaskRole/Resource}"),
            ("executionRoleArn", "${web/TaskDef/ExecutionRole/Resource.Arn}"),
            ("logGroupName", "${web/TaskDef/web/LogGroup/Resource}"),
            ("logGroupArn", "${web/TaskDef/web/LogGroup/Resource.Arn}"),
            ("loadBalancerArn", "${web/LB/Resource}"),
            ("loadBalancerFullName", "${web/LB/Resource.LoadBalancerFullName}"),
            ("loadBalancerSecurityGroupId", "${web/LB/SecurityGroup/Resource.GroupId}"),
            ("listenerArn", "${web/LB/PublicListener/Resource}"),
            ("targetGroupArn", "${web/LB/PublicListener/ECSGroup/Resource}"),
            ("targetGroupFullName", "${web/LB/PublicListener/ECSGroup/Resource.TargetGroupFullName}"),
            ("securityGroupId", "${web/Service/SecurityGroup/Resource.GroupId}"),
        ] {
            assert_eq!(stack.attribute("web", attribute), json!(value), "{attribute}");
        }
    }

    #[test]
    fn points_at_a_port_nobody_can_listen_on() {
        assert_eq!(
            stack(&WEB.replace("port: 80", "port: 0")).faults(),
            ["port at `0`: a container cannot listen on port 0"]
        );
    }

    #[test]
    fn points_at_a_network_that_is_none() {
        assert_eq!(
            stack(&WEB.replace("network: net", "network: cluster")).faults(),
            ["wrong-kind at `cluster`: `cluster` is a Cluster; a Network or ImportedNetwork is needed here"]
        );
    }
}
