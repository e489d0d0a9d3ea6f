//! The constructs `asi` knows, one file each.
//!
//! To add one, write its file, then name it below.

pub mod ecs;
pub mod grants;
pub mod iam;
pub mod kernel;
pub mod logs;
pub mod permission;
pub(crate) mod queues;
pub mod targets;
#[cfg(test)]
mod testing;
pub mod zone;

/// Declares each construct's module and lists it in [`CATALOGUE`].
macro_rules! catalogue {
    ($($module:ident :: $construct:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// Every construct, in alphabetical order.
        pub const CATALOGUE: &[kernel::construct::Catalogued] =
            &[$(kernel::construct::Catalogued::of::<$module::$construct>()),*];
    };
}

catalogue! {
    bucket::Bucket,
    cluster::Cluster,
    deploy_alarms::DeployAlarms,
    ec2_cluster::Ec2Cluster,
    ec2_service::Ec2Service,
    fargate_service::FargateService,
    github_deploy_role::GithubDeployRole,
    imported_network::ImportedNetwork,
    load_balancer::LoadBalancer,
    network::Network,
    pipeline::Pipeline,
    repository::Repository,
    scheduled_task::ScheduledTask,
    subdomain::Subdomain,
    topic::Topic,
    waf_whitelist::WafWhitelist,
    worker::Worker,
}
