//! Stages as CodePipeline declares them, each with one action that runs with a role of its own.

use super::bucket::Bucket;
use crate::{
    iam::{self, Allow},
    kernel::prelude::*,
    logs::Retention,
    repository,
    targets::EcsService,
};

const PIPELINE: ResourceType = ResourceType::new("AWS::CodePipeline::Pipeline");

/// The name of what the source action hands on.
pub(super) const SOURCE_ARTIFACT: &str = "Source";

/// The name of what the build action hands on.
pub(super) const BUILD_ARTIFACT: &str = "Build";

/// What an action of a pipeline is told.
pub(super) struct Action<'a> {
    pub(super) name: &'a str,
    pub(super) category: &'static str,
    pub(super) provider: &'static str,
    pub(super) configuration: Expr<Handle>,
    pub(super) input: Option<&'static str>,
    pub(super) output: Option<&'static str>,
    /// Under which name later actions find the variables it sets.
    pub(super) namespace: Option<&'static str>,
}

impl<'a> Action<'a> {
    /// An action that runs a build.
    pub(super) fn new(name: &'a str, configuration: Expr<Handle>) -> Self {
        Self {
            name,
            category: "Build",
            provider: "CodeBuild",
            configuration,
            input: None,
            output: None,
            namespace: None,
        }
    }
}

/// The stages of a pipeline while they are added, and what they share.
pub(super) struct Stages<'a> {
    pub(super) bucket: Bucket,
    pub(super) service: &'a EcsService,
    /// Where the images go.
    pub(super) repository: &'a repository::Exports,
    pub(super) logs: Retention,
    /// The policies of everything that runs.
    pub(super) policies: Vec<Handle>,
    /// The role of the pipeline, which takes those of the actions.
    role: Handle,
    action_roles: Vec<(String, Handle)>,
    declared: Vec<Expr<Handle>>,
}

impl<'a> Stages<'a> {
    /// No stages yet, but the role of their pipeline.
    pub(super) fn new(
        scope: &mut Scope<'_>,
        bucket: Bucket,
        service: &'a EcsService,
        repository: &'a repository::Exports,
        logs: Retention,
    ) -> Self {
        let role = iam::service_role(scope, "Role", "codepipeline.amazonaws.com");
        let (policies, action_roles, declared) = (Vec::new(), Vec::new(), Vec::new());
        Self { bucket, service, repository, logs, policies, role, action_roles, declared }
    }

    /// Adds a stage that is one action, and its role, which allows the action what it does.
    pub(super) fn add(&mut self, scope: &mut Scope<'_>, stage: &str, action: Action<'_>, allow: &[Allow]) {
        const ROLE: &str = "CodePipelineActionRole";
        let mut scope = scope.child(stage);
        let mut scope = scope.child(action.name);
        let role = iam::role(&mut scope, ROLE, object! { "AWS" => self.role.attribute("Arn") });
        self.policies.extend(iam::allow(&mut scope, ROLE, role, allow));
        self.action_roles.push((scope.path().to_string(), role));
        let artifacts = |name: Option<&'static str>| name.map(|it| list![object! { "Name" => it }]);
        let declared = object! {
            "ActionTypeId" => object! {
                "Category" => action.category,
                "Owner" => "AWS",
                "Provider" => action.provider,
                "Version" => "1",
            },
            "Configuration" => action.configuration,
            "InputArtifacts" => artifacts(action.input),
            "Name" => action.name.to_owned(),
            "Namespace" => action.namespace,
            "OutputArtifacts" => artifacts(action.output),
            "RoleArn" => role.attribute("Arn"),
            "RunOrder" => 1,
        };
        self.declared.push(object! { "Actions" => list![declared], "Name" => stage.to_owned() });
    }

    /// Adds the pipeline itself.
    pub(super) fn finish(
        mut self,
        scope: &mut Scope<'_>,
        name: Option<Expr<Handle>>,
        triggers: Option<Expr<Handle>>,
    ) -> Handle {
        self.action_roles.sort();
        let roles = self.action_roles.iter().map(|(_, role)| role.attribute("Arn"));
        let allow = [self.bucket.write_with_acl(), vec![Allow::new(&["sts:AssumeRole"], roles)]].concat();
        self.policies.extend(iam::allow(scope, "Role", self.role, &allow));
        let pipeline = scope.resource("Resource", PIPELINE, object! {
            "ArtifactStore" => object! { "Location" => self.bucket.name(), "Type" => "S3" },
            "Name" => name,
            "PipelineType" => "V2",
            "RoleArn" => self.role.attribute("Arn"),
            "Stages" => self.declared,
            "Triggers" => triggers,
        });
        // It starts to run as soon as it is there.
        scope.depend(pipeline, self.policies);
        pipeline
    }
}
