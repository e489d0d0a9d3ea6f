//! What constructs offer beside their exports, whatever their kind: a network, a load balancer, a service on ECS.
//!
//! A construct that names "something with a load balancer" takes any construct that offers one.

use std::any::Any;

use crate::{
    cluster,
    grants::{Access, Grant, Grantable},
    kernel::{construct::Export, expr::ExprKind, prelude::*},
    repository,
};

/// A network that things run in: one of the stack, or one that is there already.
#[derive(Clone, Debug)]
pub struct Network {
    /// The id of the VPC.
    pub vpc_id: Expr<Handle>,
    /// Its range of addresses, if that is known.
    pub cidr: Option<Expr<Handle>>,
    /// The ids of the subnets that the internet reaches.
    pub public_subnet_ids: SubnetIds,
    /// The ids of the subnets that it does not.
    pub private_subnet_ids: SubnetIds,
    /// What has to be there before anything in a public subnet is reached from the internet.
    pub internet: Vec<Handle>,
    /// What has to be there before anything in a private subnet reaches what lies outside; absent if it never does.
    pub outbound: Option<Vec<Handle>>,
}

impl Target for Network {
    const WHAT: &'static str = "a Network or ImportedNetwork";
}

impl Export for Network {
    fn offer(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.clone()))
    }
}

/// The ids of some subnets: a list of them, or what gives one at deployment.
#[derive(Clone, Debug)]
pub struct SubnetIds(pub Expr<Handle>);

impl SubnetIds {
    /// How many there are; absent if only the deployment knows, as with a parameter.
    pub fn count(&self) -> Option<usize> {
        match &self.0.kind {
            ExprKind::List(ids) => Some(ids.len()),
            _ => None,
        }
    }

    /// Whether there are surely none.
    pub fn is_empty(&self) -> bool {
        self.count() == Some(0)
    }
}

impl FromIterator<Expr<Handle>> for SubnetIds {
    fn from_iter<I: IntoIterator<Item = Expr<Handle>>>(ids: I) -> Self {
        Self(ExprKind::List(ids.into_iter().collect()).into())
    }
}

impl Export for SubnetIds {
    const IS_ATTRIBUTE: bool = true;

    fn value(&self) -> Expr<Handle> {
        self.0.clone()
    }
}

/// A load balancer that requests come to.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    /// The load balancer.
    pub resource: Handle,
    /// Its ARN.
    pub arn: Expr<Handle>,
    /// The name AWS gave it.
    pub dns_name: Expr<Handle>,
    /// The zone of that name, for alias records.
    pub hosted_zone_id: Expr<Handle>,
    /// The URL scheme it is to be called with: `http` or `https`.
    pub scheme: &'static str,
    /// The domain it answers to with TLS, if that is known.
    pub domain: Option<Expr<Handle>>,
    /// Whether it also has IPv6 addresses.
    pub is_dual_stack: bool,
    /// What passes requests on.
    pub listener: Handle,
    /// Its security group.
    pub group: Handle,
    /// What the place of that group is called in the ids of rules between groups.
    pub group_id: String,
    /// The security group of the instances that it reaches by itself, at any port that ECS picks.
    pub reaches: Option<Handle>,
}

impl LoadBalancer {
    /// What others may do with it.
    pub fn grantable(&self) -> Grantable {
        // With TLS, a caller may come without it first, and is then sent to call again.
        let ports = if self.scheme == "https" { vec![443, 80] } else { vec![80] };
        Grantable(vec![(Access::Call, Grant::Way { group: self.group, ports })])
    }

    /// The URL it is called at: with `host` if that is given, else with its domain, or the name AWS gave it.
    pub fn url(&self, host: Option<Expr<Handle>>) -> Expr<Handle> {
        let host = host.or_else(|| self.domain.clone()).unwrap_or_else(|| self.dns_name.clone());
        text![format!("{}://", self.scheme), host]
    }
}

impl Target for LoadBalancer {
    const WHAT: &'static str = "a construct with a load balancer";
}

impl Export for LoadBalancer {
    fn offer(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.clone()))
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

/// A service on ECS that a pipeline may deploy to.
#[derive(Clone, Debug)]
pub struct EcsService {
    /// The service.
    pub resource: Handle,
    /// The name of the cluster it runs in.
    pub cluster_name: Expr<Handle>,
    /// Its name.
    pub service_name: Expr<Handle>,
    /// Its ARN.
    pub service_arn: Expr<Handle>,
    /// The family of its task definitions.
    pub family: String,
    /// The name of the container that a deployment replaces.
    pub container: String,
    /// The processor its images are built for.
    pub architecture: Architecture,
    /// The ARNs of the roles its tasks run with.
    pub task_roles: Vec<Expr<Handle>>,
    /// The ARNs of the roles with which ECS deploys it: to move requests, and to ask functions.
    pub deployment_roles: Vec<Expr<Handle>>,
    /// The image it runs.
    pub image: Expr<Handle>,
    /// Where its images come from, or will, if that is a repository of this stack.
    pub repository: Option<repository::Exports>,
}

impl Target for EcsService {
    const WHAT: &'static str = "a service on ECS";
}

impl Export for EcsService {
    fn offer(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.clone()))
    }
}

/// Instances of EC2 that tasks run on.
#[derive(Clone, Debug)]
pub struct Instances {
    /// The cluster they are in.
    pub cluster: cluster::Exports,
    /// The name of the capacity provider that places tasks on them.
    pub capacity_provider: Expr<Handle>,
    /// What has to be there before a service asks for them, and has to stay until it is gone.
    pub ready: Vec<Handle>,
    /// The security group they run in, which lets nobody in by itself.
    pub security_group: Handle,
    /// The network they run in.
    pub network: Network,
    /// Their processor.
    pub architecture: Architecture,
    /// The greatest number of them; absent if that is not known.
    pub most: Option<u32>,
    /// What each of them has; absent if that is not known.
    pub room: Option<Room>,
}

/// What an instance of EC2 has for tasks, and for the system it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its type.
    pub instance: String,
    /// CPU units, 1024 for each virtual CPU.
    pub cpu: u32,
    /// Memory.
    pub memory: Mebibytes,
}

impl Target for Instances {
    const WHAT: &'static str = "an Ec2Cluster";
}

impl Export for Instances {
    fn offer(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.clone()))
    }
}

/// A topic of SNS that may be told something.
#[derive(Clone, Debug)]
pub struct SnsTopic {
    /// Its ARN.
    pub arn: Expr<Handle>,
    /// Whether alarms of CloudWatch may publish in it.
    pub takes_alarms: bool,
}

impl Target for SnsTopic {
    const WHAT: &'static str = "a Topic";
}

impl Export for SnsTopic {
    fn offer(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.clone()))
    }
}

/// A pipeline of CodePipeline whose runs may be watched.
#[derive(Clone, Debug)]
pub struct CodePipeline {
    /// Its name.
    pub name: Expr<Handle>,
}

impl Target for CodePipeline {
    const WHAT: &'static str = "a Pipeline";
}

impl Export for CodePipeline {
    fn offer(&self) -> Option<Box<dyn Any>> {
        Some(Box::new(self.clone()))
    }
}
