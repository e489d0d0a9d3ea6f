//! A container that runs on Fargate behind a load balancer.
//!
//! Laid out as the CDK's `ApplicationLoadBalancedFargateService`, path for path, so that one made by the CDK
//! can be taken over.

mod balancer;
mod count;
mod health;
mod https;
mod image;
mod logs;
mod secret;
mod size;
mod task;

use ipnet::IpNet;

use crate::{
    cluster::{self, Cluster},
    kernel::prelude::*,
    network,
    targets::{EcsService, LoadBalancer},
};
use balancer::{Access, Balanced, Balancer};
use count::Count;
use health::Health;
use https::Https;
use image::Image;
use logs::Logs;
use secret::Secret;
use task::Task;

const SECURITY_GROUP: ResourceType = ResourceType::new("AWS::EC2::SecurityGroup");
const SECURITY_GROUP_EGRESS: ResourceType = ResourceType::new("AWS::EC2::SecurityGroupEgress");
const SECURITY_GROUP_INGRESS: ResourceType = ResourceType::new("AWS::EC2::SecurityGroupIngress");
const SERVICE: ResourceType = ResourceType::new("AWS::ECS::Service");

properties! {
    /// A container that runs on Fargate behind a load balancer.
    ///
    /// Tasks run in the private subnets of the network if it has any, and are reached by nobody but the load
    /// balancer. A deployment starts new tasks before it stops old ones, and rolls back if they do not get well.
    pub struct FargateService {
        /// The network it runs in.
        network: Link<network::Exports>,
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
        /// Whether tasks run on capacity of their own, or on what is spare.
        capacity: Capacity = "onDemand",
        /// The version of Fargate's platform, such as `1.4.0`. If absent, the latest.
        platform: Option<Spanned<String>>,
        /// How many tasks run: `2`, or `{min: 2, max: 10, cpu: 70%}`. Two or more go on when a zone fails.
        count: Count = "1",
        /// How the load balancer tells which tasks are well: a path, or more.
        health: Health = "/",
        /// Variables of the container's environment.
        variables: IndexMap<String, Text>,
        /// Variables whose values are kept in SSM (`ssm:/shop/database-url`) or Secrets Manager
        /// (`secretsmanager:shop/database:password`), and never stand in the template.
        secrets: IndexMap<String, Secret>,
        /// For how many days logs are kept, and what becomes of them.
        logs: Logs = "30",
        /// From where it is reached.
        access: Spanned<Access> = "public",
        /// The addresses that may call the load balancer. If absent, all of the internet, or with
        /// `access: internal` all of the network.
        allow: Vec<Spanned<IpNet>>,
        /// TLS. If absent, it is called without.
        https: Option<Https>,
        /// What the load balancer does, beside passing requests on.
        balancer: Balancer = "{}",
        /// How many tasks run while it is deployed.
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
        permissions: Vec<Permission>,
    }
}

choices! {
    /// The processor an image is built for.
    pub enum Architecture {
        /// Intel and AMD.
        X86_64 = "x86_64",
        /// AWS's Graviton, at a lower price.
        Arm64,
    }
}

choices! {
    /// Whether tasks run on capacity of their own, or on what is spare.
    pub enum Capacity {
        /// On capacity of their own.
        OnDemand,
        /// On spare capacity: cheaper by two thirds, and AWS may take a task away at two minutes' notice.
        Spot,
    }
}

properties! {
    /// How many tasks run while a service is deployed, in percent of its count.
    pub struct Deployment {
        /// The least that are well, up to `100%`.
        minimum: Spanned<Percent> = "100%",
        /// The most that run, from `100%` to `200%`.
        maximum: Spanned<Percent> = "200%",
    }
}

properties! {
    /// Limits of what a container may hold.
    pub struct Ulimits {
        /// How many files, sockets included, it may hold open. If absent, 65535.
        nofile: Option<Spanned<u32>>,
    }
}

properties! {
    /// Something the container may do in AWS.
    pub struct Permission {
        /// The actions, such as `s3:GetObject`.
        actions: Vec<Spanned<String>>,
        /// The ARNs of what it may do them to.
        resources: Vec<Text>,
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
        self.image.check(faults);
        faults.extend(size::memory(self.cpu, self.memory).err());
        self.health.check(faults);
        self.logs.check(faults);
        self.balancer.check(faults);
        balancer::check_allowed(&self.allow, faults);
        self.secrets.values().for_each(|it| it.check(faults));
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let network = scope.find(&self.network)?;
        let cluster = match &self.cluster {
            Some(cluster) => scope.find(cluster)?,
            None => scope.expand("Cluster", &Cluster { name: None, insights: None })?,
        };
        let pulled = self.image.resolve(scope);
        let balanced = balancer::add(self, scope, &network)?;
        let task = task::add(self, scope, &pulled)?;
        let (service, group) = self.add_service(scope, &network, &cluster, &balanced, &task);

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
    /// Adds the service itself and the security group of its tasks.
    fn add_service(
        &self,
        scope: &mut Scope<'_>,
        network: &network::Exports,
        cluster: &cluster::Exports,
        balanced: &Balanced,
        task: &Task,
    ) -> (Handle, Handle) {
        // Where there are no private subnets, a task pulls its image with a public address of its own.
        let (subnets, public_ip) = match network.private_subnet_ids.as_slice() {
            [] => (&network.public_subnet_ids, "ENABLED"),
            _ => (&network.private_subnet_ids, "DISABLED"),
        };
        let desired = match &self.count {
            Count::Fixed(count) => Some(*count),
            // Each update of the stack would set the number back that scaling has arrived at.
            Count::Scaled(_) => None,
        };
        let mut scope = scope.child("Service");
        let group = task_group(&mut scope, network, balanced, self.port.value);
        let spot = list![object! { "CapacityProvider" => "FARGATE_SPOT", "Weight" => 1 }];
        let (launch_type, providers) = match self.capacity {
            Capacity::OnDemand => (Some("FARGATE"), None),
            Capacity::Spot => (None, Some(spot)),
        };
        let service = scope.resource("Service", SERVICE, object! {
            "CapacityProviderStrategy" => providers,
            "Cluster" => cluster.name.clone(),
            "DeploymentConfiguration" => object! {
                "DeploymentCircuitBreaker" => object! { "Enable" => true, "Rollback" => true },
                "MaximumPercent" => self.deployment.maximum.map(|it| it.0),
                "MinimumHealthyPercent" => self.deployment.minimum.map(|it| it.0),
            },
            "DesiredCount" => desired,
            "EnableECSManagedTags" => true,
            "EnableExecuteCommand" => self.exec.value.then_some(true),
            "HealthCheckGracePeriodSeconds" => self.health.grace.0,
            "LaunchType" => launch_type,
            "LoadBalancers" => list![object! {
                "ContainerName" => self.container.clone(),
                "ContainerPort" => self.port,
                "TargetGroupArn" => balanced.target_group.reference(),
            }],
            "NetworkConfiguration" => object! {
                "AwsvpcConfiguration" => object! {
                    "AssignPublicIp" => public_ip,
                    "SecurityGroups" => list![group.attribute("GroupId")],
                    "Subnets" => subnets.clone(),
                },
            },
            "PlatformVersion" => self.platform.clone(),
            "PropagateTags" => "SERVICE",
            "TaskDefinition" => task.definition.reference(),
        });
        // ECS refuses a target group that no listener leads to, and a task needs its permissions when it starts.
        scope.depend(service, [balanced.listener].into_iter().chain(task.policies.iter().copied()));
        (service, group)
    }
}

/// Adds the security group of the tasks, and the way from the load balancer to `port` in it.
fn task_group(scope: &mut Scope<'_>, network: &network::Exports, balanced: &Balanced, port: u16) -> Handle {
    let mut at_group = scope.child("SecurityGroup");
    let (group_path, group_id) = (at_group.path().to_string(), at_group.unique_id());
    let group = at_group.resource("Resource", SECURITY_GROUP, object! {
        // As with the load balancer's group, the CDK's description is kept so that the group may stay.
        "GroupDescription" => group_path,
        "SecurityGroupEgress" => list![object! {
            "CidrIp" => "0.0.0.0/0",
            "Description" => "Allow all outbound traffic by default",
            "IpProtocol" => "-1",
        }],
        "VpcId" => network.vpc_id.clone(),
    });
    let from = format!("from {}:{port}", balanced.group_id);
    at_group.resource(&from, SECURITY_GROUP_INGRESS, object! {
        "Description" => "Load balancer to target",
        "FromPort" => port,
        "GroupId" => group.attribute("GroupId"),
        "IpProtocol" => "tcp",
        "SourceSecurityGroupId" => balanced.group.attribute("GroupId"),
        "ToPort" => port,
    });
    scope.beside(balanced.group).resource(&format!("to {group_id}:{port}"), SECURITY_GROUP_EGRESS, object! {
        "Description" => "Load balancer to target",
        "DestinationSecurityGroupId" => group.attribute("GroupId"),
        "FromPort" => port,
        "GroupId" => balanced.group.attribute("GroupId"),
        "IpProtocol" => "tcp",
        "ToPort" => port,
    });
    group
}
