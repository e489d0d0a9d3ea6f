//! What ECS says: services and tasks that have stopped, as copies of its answers that nobody changes.

use super::Timestamp;

/// A service as ECS has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What happened to it, the oldest first.
    pub events: Vec<ServiceEvent>,
    /// What is being rolled out, and what was before it.
    pub rollouts: Vec<Rollout>,
}

/// Something that happened to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEvent {
    /// When it happened.
    pub time: Timestamp,
    /// What happened, in a sentence.
    pub message: String,
}

/// A deployment of a service, which takes one revision of its tasks into use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// How far it is: `IN_PROGRESS`, `FAILED`.
    pub state: String,
    /// Why it is so.
    pub reason: Option<String>,
    /// Whether it is the one that the service is to come to.
    pub is_primary: bool,
    /// The revision of its tasks, by its ARN.
    pub task_definition: String,
}

/// A task that has stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoppedTask {
    /// When it did.
    pub time: Timestamp,
    /// Who or what stopped it: `EssentialContainerExited`.
    pub code: String,
    /// Why.
    pub reason: String,
    /// Its containers.
    pub containers: Vec<StoppedContainer>,
}

/// A container of a task that has stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoppedContainer {
    /// Its name.
    pub name: String,
    /// What it ended with; nothing, if it never ran.
    pub exit_code: Option<i64>,
    /// Why it ended.
    pub reason: Option<String>,
}
