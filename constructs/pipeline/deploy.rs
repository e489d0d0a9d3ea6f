//! The last action: the service gets the image that was built.

use super::action::{Action, BUILD_ARTIFACT, Stages};
use crate::{iam::Allow, kernel::prelude::*, targets::EcsService};

/// The file in which the build names the image of each container.
pub(super) const IMAGE_FILE: &str = "imagedefinitions.json";

properties! {
    /// The service that gets the image.
    pub struct Deploy from service {
        /// The service: a FargateService.
        service: Link<EcsService>,
        /// How long the service may take to run steadily with the new image, at most an hour. The pipeline
        /// fails then; whether the service goes back is its own affair.
        timeout: Spanned<Seconds> = "60m",
    }
}

impl Deploy {
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        let Spanned { value, span } = self.timeout;
        if !(1..=60).contains(&value.minutes()) {
            faults.push(
                Diagnostic::error("deploy-timeout", "a deployment may take from 1 minute to 60 minutes")
                    .at(span)
                    .help("write a time such as `30m`"),
            );
        }
    }

    /// Adds the action.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>) {
        let service = stages.service;
        let configuration = object! {
            "ClusterName" => service.cluster_name.clone(),
            "ServiceName" => service.service_name.clone(),
            "FileName" => IMAGE_FILE,
            "DeploymentTimeout" => Expr::from(self.timeout.value.minutes()).at(self.timeout.span),
        };
        let allow = [allow(service), stages.bucket.read()].concat();
        stages.add(scope, "Deploy", Action {
            category: "Deploy",
            provider: "ECS",
            input: Some(BUILD_ARTIFACT),
            ..Action::new("ECS", configuration)
        }, &allow);
    }
}

/// To run a new revision of the service's task definition.
fn allow(service: &EcsService) -> Vec<Allow> {
    let when_registering = object! { "StringEquals" => object! { "ecs:CreateAction" => "RegisterTaskDefinition" } };
    let to_tasks = object! { "StringEquals" => object! { "iam:PassedToService" => "ecs-tasks.amazonaws.com" } };
    let revisions = Expr::arn("ecs", [format!("task-definition/{}:*", service.family).into()]);
    vec![
        // AWS lets nobody limit these two to a task definition.
        Allow::anywhere(&["ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"]),
        Allow::new(&["ecs:DescribeServices", "ecs:UpdateService"], [service.service_arn.clone()]),
        Allow::new(&["ecs:TagResource"], [revisions]).when(when_registering),
        Allow::new(&["iam:PassRole"], service.task_roles.clone()).when(to_tasks),
    ]
}
