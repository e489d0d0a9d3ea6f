//! How many tasks run while a service is deployed, and what rolls a deployment back.

use crate::kernel::prelude::*;

properties! {
    /// How many tasks run while a service is deployed, in percent of its count.
    pub struct Deployment {
        /// The share of its tasks that stay healthy all the while, up to `100%`.
        minimum: Spanned<Percent> = "100%",
        /// The share of its tasks that may run at once, old and new together, from `100%` to `200%`.
        maximum: Spanned<Percent> = "200%",
        /// The names of alarms of CloudWatch; if one is raised while the service is deployed, the deployment is
        /// rolled back.
        alarms: Vec<Text>,
    }
}

impl Deployment {
    /// Reports shares ECS does not take, and those that leave a deployment of `count` tasks no room.
    pub(crate) fn check(&self, count: Spanned<u32>, faults: &mut Vec<Diagnostic>) {
        let Self {
            minimum: Spanned { value: Percent(minimum), .. },
            maximum: Spanned { value: Percent(maximum), .. },
            ..
        } = *self;
        if minimum > 100 {
            faults.push(
                Diagnostic::error(
                    "deployment-range",
                    format!("no more than 100% of the tasks can be well, not {minimum}%"),
                )
                .at(self.minimum.span)
                .help("use `100%` or less"),
            );
        }
        if !(100..=200).contains(&maximum) {
            faults.push(
                Diagnostic::error(
                    "deployment-range",
                    format!("from 100% to 200% of the tasks run, not {maximum}%"),
                )
                .at(self.maximum.span)
                .help("use `200%`, or less where tasks are few to spare"),
            );
        }
        // ECS rounds the least up and the most down.
        let tasks = u64::from(count.value);
        let (least, most) = ((tasks * u64::from(minimum)).div_ceil(100), tasks * u64::from(maximum) / 100);
        if tasks > 0 && least >= tasks && most <= tasks && minimum <= 100 && maximum >= 100 {
            let message =
                format!("while {least} of {tasks} must run and {most} at most may, none can be replaced");
            faults.push(
                Diagnostic::error("deployment-stuck", message)
                    .at(self.maximum.span.or(self.minimum.span))
                    .help("raise `maximum`, or lower `minimum`"),
            );
        }
    }

    /// What ECS is told of it, and of `rollout`, if there is more to say.
    pub(crate) fn configuration(&self, scope: &mut Scope<'_>, rollout: RolloutTerms) -> Expr<Handle> {
        let written = self.alarms.iter().map(|it| scope.text(it));
        let alarms: Vec<Expr<Handle>> = written.chain(rollout.alarms).collect();
        object! {
            "Alarms" => (!alarms.is_empty()).then(|| object! {
                "AlarmNames" => alarms,
                "Enable" => true,
                "Rollback" => true,
            }),
            "BakeTimeInMinutes" => rollout.bake,
            "CanaryConfiguration" => rollout.canary,
            "DeploymentCircuitBreaker" => object! { "Enable" => true, "Rollback" => true },
            "LifecycleHooks" => rollout.hooks,
            "LinearConfiguration" => rollout.linear,
            "MaximumPercent" => self.maximum.map(|it| it.0),
            "MinimumHealthyPercent" => self.minimum.map(|it| it.0),
            "Strategy" => rollout.strategy,
        }
    }
}

/// What ECS is told beyond the shares of tasks.
#[derive(Default)]
pub(crate) struct RolloutTerms {
    /// The names of further alarms.
    pub(crate) alarms: Vec<Expr<Handle>>,
    /// For how many minutes both versions run.
    pub(crate) bake: Option<Expr<Handle>>,
    /// The first step of a canary.
    pub(crate) canary: Option<Expr<Handle>>,
    /// What is asked between the stages of a deployment.
    pub(crate) hooks: Option<Expr<Handle>>,
    /// Each step of a linear shift.
    pub(crate) linear: Option<Expr<Handle>>,
    /// How requests get from the old version to the new one.
    pub(crate) strategy: Option<Expr<Handle>>,
}
