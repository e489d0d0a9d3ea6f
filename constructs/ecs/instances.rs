//! Instances of a cluster as what a task runs on.

use crate::kernel::prelude::*;

properties! {
    /// What a task has of the instance it runs on.
    pub struct OnInstances {
        /// CPU units the task is sure of, where others want them too; 1024 are one virtual CPU. If absent, it gets
        /// what others leave.
        cpu: Option<Spanned<u32>>,
        /// Memory of the task. If it wants more, it is killed.
        memory: Spanned<Mebibytes>,
        /// Memory that is kept free for the task, less than `memory`: an instance then has room for more tasks, as
        /// long as not all of them want all of theirs. If absent, all of `memory`.
        reserve: Option<Spanned<Mebibytes>>,
        /// How tasks are reached: each on a port of its instance, or at an address of its own.
        network_mode: NetworkMode = "bridge",
        /// The port of the instance with `networkMode: bridge`. One instance then has one task, and a deployment needs
        /// a spare one. If absent, ECS picks one for each task.
        host_port: Option<Spanned<u16>>,
    }
}

choices! {
    /// How tasks on instances are reached.
    pub enum NetworkMode {
        /// On a port of the instance. Any number of tasks may share it, and its security group.
        Bridge,
        /// At an address of its own, in a security group of its own; an instance has few of these.
        Awsvpc,
    }
}

impl NetworkMode {
    /// As a task definition has it.
    pub(super) fn value(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Awsvpc => "awsvpc",
        }
    }
}

impl OnInstances {
    /// Reports what an instance cannot give.
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        // The agent on the instance gives a container no less.
        const LEAST: Mebibytes = Mebibytes(6);
        if self.memory.value < LEAST {
            faults.push(
                Diagnostic::error("instance-memory", format!("a container has {LEAST} of memory or more"))
                    .at(self.memory.span)
                    .help("write an amount such as `512MB`"),
            );
        }
        if let Some(reserve) = self.reserve.filter(|it| it.value >= self.memory.value) {
            let fault = format!("{} are reserved of {}", reserve.value, self.memory.value);
            faults.push(
                Diagnostic::error("instance-memory", fault)
                    .label(reserve.span, "")
                    .label(self.memory.span, "the most it may have")
                    .help("make `reserve` less than `memory`, or remove it"),
            );
        }
        if let Some(port) = self.host_port {
            if self.network_mode == NetworkMode::Awsvpc {
                faults.push(
                    Diagnostic::error(
                        "no-effect",
                        "a task with an address of its own takes no port of its instance",
                    )
                    .at(port.span)
                    .help("remove `hostPort`, or write `networkMode: bridge`"),
                );
            } else if port.value == 0 {
                faults.push(
                    Diagnostic::error("port", "no task has port 0")
                        .at(port.span)
                        .help("remove `hostPort`: ECS then picks a port for each task"),
                );
            }
        }
    }

    /// CPU units, memory and reserved memory, as the definition of a container has them.
    pub(super) fn size(&self) -> [Option<Expr<Handle>>; 3] {
        let mebibytes = |it: Spanned<Mebibytes>| it.map(|it| it.0).into();
        [self.cpu.map(Expr::from), Some(mebibytes(self.memory)), self.reserve.map(mebibytes)]
    }

    /// The port of the instance, if the task takes one; 0 has ECS pick it.
    pub(super) fn host_port(&self) -> Option<Expr<Handle>> {
        match self.network_mode {
            NetworkMode::Bridge => Some(self.host_port.map_or_else(|| 0.into(), Expr::from)),
            NetworkMode::Awsvpc => None,
        }
    }
}
