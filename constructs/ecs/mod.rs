//! What the constructs that run containers on Fargate have in common: the task, where it runs, the service that
//! keeps it running, and what scales that.
//!
//! Not a construct: `FargateService`, `ScheduledTask` and `Worker` are written with it.

mod image;
pub(crate) mod placement;
mod roles;
pub(crate) mod scaling;
mod secret;
pub(crate) mod service;
mod size;
pub(crate) mod task;

pub use image::Image;
pub use secret::Secret;
pub use service::{Capacity, Deployment};
pub use task::{Logs, Removal, Ulimits};
