//! What the constructs that run containers on ECS have in common: the task, what it runs on and where, the service that
//! keeps it running, and what scales that.
//!
//! Not a construct: `Ec2Service`, `FargateService`, `ScheduledTask` and `Worker` are written with it.

mod container;
mod count;
mod deployment;
mod fargate;
mod hook;
mod image;
mod instances;
pub(crate) mod load;
pub(crate) mod placement;
mod roles;
pub(crate) mod rollout;
pub(crate) mod scaling;
mod secret;
pub(crate) mod service;
mod size;
pub(crate) mod task;
mod watch;

pub use container::{Container, Ulimits};
pub use count::{Count, Metric, Scaling, Step as ScalingStep, Steps};
pub use deployment::Deployment;
pub(crate) use deployment::RolloutTerms;
pub use fargate::{Capacity, OnFargate};
pub use hook::{Hook, Stage};
pub use image::Image;
pub use instances::{NetworkMode, OnInstances};
pub use rollout::{Rollout, Step, Strategy};
pub use secret::Secret;
pub use watch::Watch;
