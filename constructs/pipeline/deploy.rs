//! The deployment: the service gets the image that was built.

use super::{
    action::{Action, BUILD_ARTIFACT, Stages},
    build::Build,
    release, step,
};
use crate::{iam::Allow, kernel::prelude::*, permission::Permission, targets::EcsService};

/// The name of its stage.
pub(super) const STAGE: &str = "Deploy";

/// The file in which the build names the image of each container.
pub(super) const IMAGE_FILE: &str = "imagedefinitions.json";

properties! {
    /// The service that gets the image.
    pub struct Deploy from service {
        /// The service, such as a `FargateService`.
        service: Link<EcsService>,
        /// The parameter of the stack that the tag of the service's image comes from, or the whole image. It gets the
        /// new one by an update of the stack with the template it has, so that the stack knows what runs. If absent,
        /// ECS is given the image past the stack, whose next update may bring back the image it knows.
        parameter: Option<Spanned<String>>,
        /// What an update of the stack may do in AWS beside running the new image in the service, such as
        /// `ssm:GetParameters` if other parameters of the stack are kept in SSM. For `parameter` only.
        permissions: Spanned<Vec<Spanned<Permission>>>,
        /// How long the service may take to run steadily with the new image, at most an hour. After that the
        /// pipeline fails, which does not stop the deployment: ECS itself rolls it back if new tasks fail.
        timeout: Spanned<Seconds> = "60m",
    }
}

impl Deploy {
    /// Whether it reads from a file what image the service gets.
    pub(super) fn reads_file(&self) -> bool {
        self.parameter.is_none()
    }

    pub(super) fn check(&self, build: &Build, faults: &mut Vec<Diagnostic>) {
        let Spanned { value, span } = self.timeout;
        // The least that CodeBuild takes, which carries out what has a parameter.
        let (least, words) = if self.reads_file() { (1, "1 minute") } else { (5, "5 minutes") };
        if !(least..=60).contains(&value.minutes()) {
            faults.push(
                Diagnostic::error("deploy-timeout", format!("a deployment may take from {words} to 60 minutes"))
                    .at(span)
                    .help("write a time such as `30m`"),
            );
        }
        self.permissions.value.iter().for_each(|it| it.value.check(it.span, faults));
        if let Some(parameter) = &self.parameter {
            step::check_image(parameter.span, "the parameter", false, build, faults);
        } else if self.permissions.span.is_written() {
            faults.push(
                Diagnostic::error("no-effect", "`permissions` are for an update of the stack, and ECS is given the image")
                    .at(self.permissions.span)
                    .help("remove `permissions`, or add `parameter`"),
            );
        }
    }

    /// Adds the stage.
    ///
    /// # Errors
    ///
    /// If the image of the service is not what the parameter says.
    pub(super) fn add(
        &self,
        scope: &mut Scope<'_>,
        stages: &mut Stages<'_>,
        service: &EcsService,
    ) -> Result<(), Diagnostic> {
        stages.begin(STAGE);
        if let Some(parameter) = &self.parameter {
            return release::add(self, parameter, scope, stages, service);
        }
        let configuration = object! {
            "ClusterName" => service.cluster_name.clone(),
            "ServiceName" => service.service_name.clone(),
            "FileName" => IMAGE_FILE,
            "DeploymentTimeout" => Expr::from(self.timeout.value.minutes()).at(self.timeout.span),
        };
        let allow = [allow(service), stages.bucket.read()].concat();
        let action = Action {
            category: "Deploy",
            provider: "ECS",
            input: Some(BUILD_ARTIFACT),
            ..Action::new("ECS", configuration)
        };
        stages.add(scope, action, &allow);
        Ok(())
    }
}

/// To run a new revision of the service's task definition.
///
/// These are the least that AWS says the action needs; `ecs:DescribeTasks` and `ecs:ListTasks`, which the CDK adds,
/// are not among them.
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECS.html#edit-role-ecs>
pub(super) fn allow(service: &EcsService) -> Vec<Allow> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::pipeline::tests::{SOURCE, allowed, from, pipeline};

    #[test]
    fn gives_the_service_the_image() {
        let stack = from(SOURCE, "deploy: {service: web, timeout: 30m}");
        assert_eq!(stack.properties("d/Resource")["Stages"][2]["Actions"][0], json!({
            "ActionTypeId": { "Category": "Deploy", "Owner": "AWS", "Provider": "ECS", "Version": "1" },
            "Configuration": {
                "ClusterName": "${web/Cluster/Resource}",
                "ServiceName": "${web/Service/Service.Name}",
                "FileName": "imagedefinitions.json",
                "DeploymentTimeout": 30,
            },
            "InputArtifacts": [{ "Name": "Build" }],
            "Name": "ECS",
            "RoleArn": "${d/Deploy/ECS/CodePipelineActionRole/Resource.Arn}",
            "RunOrder": 1,
        }));
    }

    #[test]
    fn may_change_nothing_but_the_service() {
        let stack = pipeline("");
        assert_eq!(allowed(&stack, "d/Deploy/ECS/CodePipelineActionRole"), [
            "ecs:DescribeTaskDefinition ecs:RegisterTaskDefinition on *",
            "ecs:DescribeServices ecs:UpdateService on ${web/Service/Service}",
            "ecs:TagResource on arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task-definition/TestwebTaskDef811AACDE:*",
            "iam:PassRole on ${web/TaskDef/TaskRole/Resource.Arn} ${web/TaskDef/ExecutionRole/Resource.Arn}",
            "s3:GetBucketAcl s3:GetBucketLocation s3:GetBucketVersioning on ${d/ArtifactsBucket/Resource.Arn}",
            "s3:GetObject s3:GetObjectVersion on ${d/ArtifactsBucket/Resource.Arn}/*",
        ]);
        let policy = stack.properties("d/Deploy/ECS/CodePipelineActionRole/DefaultPolicy/Resource");
        let conditions = policy["PolicyDocument"]["Statement"].as_array().unwrap().iter().map(|it| it["Condition"].clone());
        assert_eq!(conditions.collect::<Vec<_>>(), [
            json!(null),
            json!(null),
            json!({ "StringEquals": { "ecs:CreateAction": "RegisterTaskDefinition" } }),
            json!({ "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } }),
            json!(null),
            json!(null),
        ]);
    }

    #[test]
    fn points_at_a_time_codepipeline_does_not_wait() {
        for timeout in ["2h", "0s"] {
            assert_eq!(
                from(SOURCE, &format!("deploy: {{service: web, timeout: {timeout}}}")).faults(),
                [format!("deploy-timeout at `{timeout}`: a deployment may take from 1 minute to 60 minutes")]
            );
        }
    }

    #[test]
    fn points_at_permissions_nobody_uses() {
        assert_eq!(
            from(SOURCE, "deploy: {service: web, permissions: []}").faults(),
            ["no-effect at `[]`: `permissions` are for an update of the stack, and ECS is given the image"]
        );
    }

    #[test]
    fn points_at_what_is_no_service() {
        assert_eq!(from(SOURCE, "deploy: repo").faults(), ["wrong-kind at `repo`: `repo` is a Repository; a service on ECS is needed here"]);
    }
}
