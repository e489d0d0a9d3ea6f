//! Stages as CodePipeline declares them, and their actions, each of which runs with a role of its own.

use super::{
    bucket::Bucket,
    build,
    project::{self, Project},
};
use crate::{
    iam::{self, Allow},
    kernel::prelude::*,
    logs::Logs,
    repository,
    targets::Architecture,
};

const PIPELINE: ResourceType = ResourceType::new("AWS::CodePipeline::Pipeline");

/// The name of what the source action hands on.
pub(super) const SOURCE_ARTIFACT: &str = "Source";

/// The name of what the build action hands on.
pub(super) const BUILD_ARTIFACT: &str = "Build";

/// Where an action stands in a pipeline.
#[derive(Clone, Copy)]
pub(super) struct Slot<'a> {
    pub(super) stage: &'a str,
    pub(super) action: &'a str,
    /// When it runs, among the actions of the stage.
    pub(super) order: Spanned<u32>,
    /// Whether it is all there is to the stage.
    pub(super) is_whole: bool,
}

impl<'a> Slot<'a> {
    /// The only action of a stage, named as that.
    pub(super) fn whole(stage: &'a str) -> Self {
        Self { stage, action: stage, order: Spanned::from(1), is_whole: true }
    }
}

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
    /// When it runs, among the actions of its stage.
    pub(super) order: Spanned<u32>,
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
            order: Spanned::from(1),
        }
    }
}

/// How a pipeline is started.
pub(super) struct Start {
    /// What starts it, if it is not every push to the branch of the source.
    pub(super) triggers: Option<Expr<Handle>>,
    /// Whether it may run several times at once; otherwise the newest run takes the place of those that wait.
    pub(super) is_parallel: bool,
}

/// The stages of a pipeline while they are added, and what they share.
pub(super) struct Stages<'a> {
    pub(super) bucket: Bucket,
    /// The processor images are built for.
    pub(super) architecture: Architecture,
    /// Where the images go.
    pub(super) repository: &'a repository::Exports,
    pub(super) logs: &'a Logs,
    /// The policies of everything that runs.
    pub(super) policies: Vec<Handle>,
    /// The role of the pipeline, which takes those of the actions.
    role: Handle,
    action_roles: Vec<(String, Handle)>,
    declared: Vec<(String, Vec<Expr<Handle>>)>,
}

impl<'a> Stages<'a> {
    /// No stages yet, but the role of their pipeline.
    pub(super) fn new(
        scope: &mut Scope<'_>,
        bucket: Bucket,
        architecture: Architecture,
        repository: &'a repository::Exports,
        logs: &'a Logs,
    ) -> Self {
        let role = iam::service_role(scope, "Role", "codepipeline.amazonaws.com");
        let (policies, action_roles, declared) = (Vec::new(), Vec::new(), Vec::new());
        Self { bucket, architecture, repository, logs, policies, role, action_roles, declared }
    }

    /// Begins a stage, which gets the actions that are added from now on.
    pub(super) fn begin(&mut self, stage: &str) {
        self.declared.push((stage.to_owned(), Vec::new()));
    }

    /// Adds an action that runs a project of its own on the source. One that uses the image that was built is told it.
    pub(super) fn run(&mut self, scope: &mut Scope<'_>, slot: Slot<'_>, project: Project<'_>, uses_image: bool) {
        let mut place = scope.child(slot.stage);
        let mut place = if slot.is_whole { place } else { place.child(slot.action) };
        let (project, policy) = project.build(&mut place.child("Project"));
        self.policies.extend(policy);
        let variables = uses_image.then(|| {
            let value = format!("#{{{}.IMAGE}}", build::NAMESPACE);
            serde_json::json!([{ "name": "IMAGE", "type": "PLAINTEXT", "value": value }]).to_string()
        });
        let configuration = object! { "ProjectName" => project.reference(), "EnvironmentVariables" => variables };
        let action = Action {
            input: Some(SOURCE_ARTIFACT),
            order: slot.order,
            ..Action::new(slot.action, configuration)
        };
        self.add(scope, action, &[project::allow_running(project)]);
    }

    /// Adds an action to the stage that was begun last, and its role, which allows the action what it does.
    pub(super) fn add(&mut self, scope: &mut Scope<'_>, action: Action<'_>, allow: &[Allow]) {
        const ROLE: &str = "CodePipelineActionRole";
        let (stage, actions) = self.declared.last_mut().expect("a stage is begun before it gets actions");
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
            "RunOrder" => action.order,
        };
        actions.push(declared);
    }

    /// Adds the pipeline itself.
    pub(super) fn finish(
        mut self,
        scope: &mut Scope<'_>,
        name: Option<Expr<Handle>>,
        start: Start,
    ) -> Handle {
        self.action_roles.sort();
        let roles = self.action_roles.iter().map(|(_, role)| role.attribute("Arn"));
        let allow = [self.bucket.write_with_acl(), vec![Allow::new(&["sts:AssumeRole"], roles)]].concat();
        self.policies.extend(iam::allow(scope, "Role", self.role, &allow));
        let stages = self.declared.into_iter().map(|(name, actions)| object! { "Actions" => actions, "Name" => name });
        let stages: Vec<Expr<Handle>> = stages.collect();
        let pipeline = scope.resource("Resource", PIPELINE, object! {
            "ArtifactStore" => object! { "Location" => self.bucket.name(), "Type" => "S3" },
            "ExecutionMode" => start.is_parallel.then_some("PARALLEL"),
            "Name" => name,
            "PipelineType" => "V2",
            "RoleArn" => self.role.attribute("Arn"),
            "Stages" => stages,
            "Triggers" => start.triggers,
        });
        // It starts to run as soon as it is there.
        scope.depend(pipeline, self.policies);
        pipeline
    }
}
