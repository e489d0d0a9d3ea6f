//! Fargate as what a task runs on.

use super::size;
use crate::{kernel::prelude::*, targets::Architecture};

properties! {
    /// What a task has of Fargate.
    pub struct OnFargate {
        /// CPU units of a task; 1024 are one virtual CPU.
        cpu: Spanned<u32> = "256",
        /// Memory of a task. If absent, the least Fargate sells with its `cpu`.
        memory: Option<Spanned<Mebibytes>>,
        /// Disk space of a task, from `21GB` to `200GB`. If absent, the 20 GB that come with a task.
        storage: Option<Spanned<Mebibytes>>,
        /// The processor the image is built for.
        architecture: Architecture = "x86_64",
        /// Whether tasks run on ordinary capacity, or on what is spare: cheaper by two thirds, and AWS may take a task
        /// away at two minutes' notice.
        capacity: Capacity = "onDemand",
        /// The version of Fargate's platform, such as `1.4.0`. If absent, the latest.
        platform: Option<Spanned<String>>,
    }
}

choices! {
    /// Whether tasks run on ordinary capacity, or on what is spare.
    pub enum Capacity {
        /// On ordinary capacity.
        OnDemand,
        /// On spare capacity: cheaper by two thirds, and AWS may take a task away at two minutes' notice.
        Spot,
    }
}

impl Capacity {
    /// What ECS is told: a launch type, or the providers of capacity.
    pub(crate) fn launch(self) -> (Option<&'static str>, Option<Expr<Handle>>) {
        let spot = list![object! { "CapacityProvider" => "FARGATE_SPOT", "Weight" => 1 }];
        match self {
            Self::OnDemand => (Some("FARGATE"), None),
            Self::Spot => (None, Some(spot)),
        }
    }
}

impl OnFargate {
    /// Reports what Fargate does not sell, and for how long it waits for no container.
    pub(super) fn check(&self, stop_timeout: Option<Spanned<Seconds>>, faults: &mut Vec<Diagnostic>) {
        faults.extend(size::memory(self.cpu, self.memory).err());
        if let Some(Spanned { value: Mebibytes(storage), span }) = self.storage
            && (!(21 * 1024..=200 * 1024).contains(&storage) || storage % 1024 != 0)
        {
            faults.push(
                Diagnostic::error("storage", format!("a task has no disk of {}", Mebibytes(storage)))
                    .at(span)
                    .help("use whole gigabytes from `21GB` to `200GB`, or leave it out for 20"),
            );
        }
        if let Some(Spanned { value: Seconds(seconds), span }) = stop_timeout
            && !(1..=120).contains(&seconds)
        {
            faults.push(
                Diagnostic::error(
                    "stop-timeout",
                    format!("Fargate gives a container from 1s to 120s to stop, not {seconds}s"),
                )
                .at(span)
                .help(format!("use `{}s`", seconds.clamp(1, 120))),
            );
        }
        if let Some(Spanned { value: version, span }) = &self.platform
            && version != "LATEST"
            && (version.split('.').count() != 3 || version.split('.').any(|it| it.parse::<u8>().is_err()))
        {
            faults.push(
                Diagnostic::error("platform", format!("`{version}` is no version of Fargate's platform"))
                    .at(*span)
                    .help("write one such as `1.4.0`, or leave it out for the latest"),
            );
        }
    }

    /// The memory of a task.
    pub(super) fn memory(&self) -> Result<Expr<Handle>, Diagnostic> {
        let memory = size::memory(self.cpu, self.memory)?;
        Ok(Expr::from(memory.0.to_string()).at(self.memory.map_or(Span::NOWHERE, |it| it.span)))
    }
}
