//! What constructs offer beside their exports, whatever their kind: a load balancer, a service on ECS.
//!
//! A construct that names "something with a load balancer" takes any construct that offers one.

use std::any::Any;

use crate::{
    kernel::{construct::Export, prelude::*},
    repository,
};

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
    /// Whether it also has IPv6 addresses.
    pub is_dual_stack: bool,
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
    /// Where its image comes from, if that is a repository of this stack.
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
