//! A pipeline that builds an image of every commit and deploys it to a service on ECS.
//!
//! Laid out as the CDK's `Pipeline`, its build as the CDK's `PipelineProject`, path for path.

mod action;
mod approval;
mod bucket;
mod build;
mod buildspec;
mod deploy;
mod project;
mod promote;
mod release;
mod scan;
mod source;
mod stages;
mod step;
mod triggers;

use crate::{
    kernel::prelude::*,
    logs::Logs,
    targets::{Architecture, CodePipeline, EcsService},
};
use action::Stages;
use bucket::Artifacts;
use build::{Build, Wanted};
use deploy::Deploy;
use source::Source;
use stages::{After, Stage};

properties! {
    /// A pipeline that builds an image of every commit to a branch and deploys it to a service on ECS.
    ///
    /// It has the stages Source, Build and Deploy, and those of `stages`; if one fails, the service goes on
    /// with the image it has. Without `deploy` it builds and tests only, as for pull requests.
    pub struct Pipeline {
        /// Its name. If absent, CloudFormation makes one that is unique; with a name, two environments in one
        /// account need two names.
        name: Option<Text>,
        /// Where the source comes from: `{github: acme/shop, branch: main}`.
        source: Spanned<Source>,
        /// How the image is built. If absent, from the `Dockerfile` in the root of the repository.
        build: Build = "{}",
        /// Further stages, such as tests, an approval, or a scan of the image.
        stages: Vec<Stage>,
        /// The service that gets the image. If absent, none does, and `build` has to name the Repository.
        deploy: Option<Deploy>,
        /// The bucket of what the actions hand on to each other: for how many days that is kept, and what becomes of
        /// the bucket; or a Bucket of your own.
        artifacts: Artifacts = "{}",
        /// For how many days the output of builds and commands is kept, such as `7`, `30`, `90` or `365`, and what becomes
        /// of it.
        logs: Logs = "30",
    }
}

exports! {
    /// What other constructs may use of a [`Pipeline`].
    pub struct Exports {
        /// Its name.
        name: Expr<Handle>,
        /// Its ARN.
        arn: Expr<Handle>,
        /// The name of the bucket of its artifacts.
        bucket_name: Expr<Handle>,
        /// The name of the project of CodeBuild that builds the image.
        project_name: Expr<Handle>,
        /// The ARN of the connection to the repository.
        connection_arn: Expr<Handle>,
        /// The pipeline, for what watches its runs.
        pipeline: CodePipeline,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a Pipeline";
}

impl Construct for Pipeline {
    const KIND: &'static str = "Pipeline";
    const EXAMPLE: &'static str = include_str!("pipeline.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        let deploy = self.deploy.as_ref();
        self.source.value.check(self.source.span, faults);
        self.build.check(deploy, faults);
        stages::check(&self.stages, &self.build, deploy.is_some(), faults);
        if let Some(deploy) = deploy {
            deploy.check(&self.build, faults);
            self.check_pull_requests(faults);
        }
        self.artifacts.check(faults);
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        scope.arrange(&["Project", "ArtifactsBucket", "Role", "Resource"]);
        let deployed: Option<(&Deploy, EcsService)> =
            self.deploy.as_ref().map(|it| Ok((it, scope.find(&it.service)?))).transpose()?;
        let service = deployed.as_ref().map(|(deploy, service)| (service, &deploy.service.name));
        let repository = self.build.repository(scope, service)?;
        let name = self.name.as_ref().map(|it| scope.text(it));

        let connection = self.source.value.connection(scope);
        let bucket = self.artifacts.build(scope)?;
        let architecture = match (service, self.build.architecture) {
            (Some((service, _)), _) => service.architecture,
            (None, written) => written.map_or(Architecture::X86_64, |it| it.value),
        };
        let mut stages = Stages::new(scope, bucket.clone(), architecture, &repository, &self.logs);

        self.source.value.add(scope, &mut stages, &connection);
        self.add_stages(After::Source, scope, &mut stages);
        let file = self.deploy.as_ref().is_some_and(Deploy::reads_file);
        let wanted = Wanted {
            container: service.map(|(service, _)| service.container.as_str()),
            file,
            image: self.deploy.is_some() && !file || self.stages.iter().any(|it| it.uses_image(&self.build)),
        };
        let project = self.build.add(scope, &mut stages, &wanted);
        self.add_stages(After::Build, scope, &mut stages);
        if let Some((deploy, service)) = &deployed {
            deploy.add(scope, &mut stages, service)?;
        }
        self.add_stages(After::Deploy, scope, &mut stages);

        let start = self.source.value.start(scope, self.deploy.is_some());
        let pipeline = stages.finish(scope, name, start);
        Ok(Exports {
            name: pipeline.reference(),
            arn: Expr::arn("codepipeline", [pipeline.reference()]),
            bucket_name: bucket.name(),
            project_name: project.reference(),
            connection_arn: connection,
            pipeline: CodePipeline { name: pipeline.reference() },
        })
    }
}

impl Pipeline {
    /// Reports pull requests that are deployed without anybody having agreed.
    fn check_pull_requests(&self, faults: &mut Vec<Diagnostic>) {
        let pull_requests = &self.source.value.pull_requests;
        let mut before = self.stages.iter().filter(|it| it.after.value != After::Deploy);
        if pull_requests.value.0.is_some() && !before.any(Stage::asks_people) {
            faults.push(
                Diagnostic::warning("pull-request-deployed", "a pull request is deployed before anybody has merged it")
                    .at(pull_requests.span)
                    .help("have a Pipeline of its own build and test pull requests, without `deploy`; or add an approval"),
            );
        }
    }

    /// Adds the stages that come after `after`.
    fn add_stages(&self, after: After, scope: &mut Scope<'_>, stages: &mut Stages<'_>) {
        for stage in self.stages.iter().filter(|it| it.after.value == after) {
            stage.add(scope, stages, &self.build);
        }
    }
}

#[cfg(test)]
pub(in crate::pipeline) mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Stack, stack};

    /// A source that is complete.
    pub(in crate::pipeline) const SOURCE: &str =
        "github: acme/shop, connection: 'arn:aws:codeconnections:eu-west-1:111122223333:connection/1'";

    /// A pipeline to the service `web`, with further properties.
    pub(in crate::pipeline) fn pipeline(properties: &str) -> Stack {
        from(SOURCE, &format!("deploy: web, {properties}"))
    }

    /// A pipeline that deploys nothing, with further properties; it builds for `repo`, unless they say otherwise.
    pub(in crate::pipeline) fn build_only(properties: &str) -> Stack {
        let build = if properties.contains("build:") { "" } else { "build: {repository: repo}, " };
        from(SOURCE, &format!("{build}{properties}"))
    }

    /// As [`pipeline`], with further properties of the Repository.
    pub(in crate::pipeline) fn on_repository(repository: &str, properties: &str) -> Stack {
        on(repository, SOURCE, &format!("deploy: web, {properties}"))
    }

    /// A pipeline from a source.
    pub(in crate::pipeline) fn from(source: &str, properties: &str) -> Stack {
        on("", source, properties)
    }

    /// As [`pipeline`], with another construct beside it.
    pub(in crate::pipeline) fn beside(construct: &str, properties: &str) -> Stack {
        on(&format!("}}\n{construct}"), SOURCE, &format!("deploy: web, {properties}"))
    }

    fn on(repository: &str, source: &str, properties: &str) -> Stack {
        stack(&format!(
            "n: {{type: Network}}\nrepo: {{type: Repository{repository}}}\n\
             web: {{type: FargateService, network: n, image: 'repo:1', port: 80}}\n\
             d: {{type: Pipeline, source: {{{source}}}, {properties}}}"
        ))
    }

    /// What the policy of the role at `path` allows, as `actions on resources`.
    #[track_caller]
    pub(in crate::pipeline) fn allowed(stack: &Stack, path: &str) -> Vec<String> {
        let policy = &stack.properties(&format!("{path}/DefaultPolicy/Resource"))["PolicyDocument"];
        let many = |it: &Value| match it {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
            other => other.as_str().unwrap_or("?").to_owned(),
        };
        let statements = policy["Statement"].as_array().expect("statements").iter();
        statements.map(|it| format!("{} on {}", many(&it["Action"]), many(&it["Resource"]))).collect()
    }

    #[test]
    fn has_three_stages_and_hands_on_what_they_make() {
        let stack = pipeline("name: shop");
        let resource = stack.properties("d/Resource");
        let part = |key: &str| resource[key].clone();
        assert_eq!(part("ArtifactStore"), json!({ "Location": "${d/ArtifactsBucket/Resource}", "Type": "S3" }));
        assert_eq!((part("Name"), part("PipelineType"), part("Triggers")), (json!("shop"), json!("V2"), json!(null)));
        assert_eq!(part("RoleArn"), "${d/Role/Resource.Arn}");
        let stages = resource["Stages"].as_array().unwrap().iter().map(|stage| {
            let action = &stage["Actions"][0];
            json!([stage["Name"], action["Name"], action["InputArtifacts"], action["OutputArtifacts"]])
        });
        assert_eq!(stages.collect::<Vec<_>>(), [
            json!(["Source", "GitHub", null, [{ "Name": "Source" }]]),
            json!(["Build", "Build", [{ "Name": "Source" }], [{ "Name": "Build" }]]),
            json!(["Deploy", "ECS", [{ "Name": "Build" }], null]),
        ]);
    }

    #[test]
    fn is_laid_out_as_the_cdk_does() {
        let resources = pipeline("").resources();
        let paths: Vec<&str> = resources.iter().filter_map(|(path, _)| path.strip_prefix("d/")).collect();
        assert_eq!(paths, [
            "Project/Role/Resource",
            "Project/Role/DefaultPolicy/Resource",
            "Project/LogGroup/Resource",
            "Project/Resource",
            "ArtifactsBucket/Resource",
            "ArtifactsBucket/Policy/Resource",
            "Role/Resource",
            "Role/DefaultPolicy/Resource",
            "Resource",
            "Source/GitHub/CodePipelineActionRole/Resource",
            "Source/GitHub/CodePipelineActionRole/DefaultPolicy/Resource",
            "Build/Build/CodePipelineActionRole/Resource",
            "Build/Build/CodePipelineActionRole/DefaultPolicy/Resource",
            "Deploy/ECS/CodePipelineActionRole/Resource",
            "Deploy/ECS/CodePipelineActionRole/DefaultPolicy/Resource",
        ]);
    }

    #[test]
    fn every_action_has_a_role_of_its_own_that_only_the_pipeline_takes() {
        let stack = pipeline("");
        let trusted = |path: &str| {
            let document = &stack.properties(path)["AssumeRolePolicyDocument"];
            document["Statement"].as_array().unwrap().iter().map(|it| it["Principal"].clone()).collect::<Vec<_>>()
        };
        for action in ["Source/GitHub", "Build/Build", "Deploy/ECS"] {
            let role = format!("d/{action}/CodePipelineActionRole/Resource");
            assert_eq!(trusted(&role), [json!({ "AWS": "${d/Role/Resource.Arn}" })]);
        }
        assert_eq!(trusted("d/Role/Resource"), [json!({ "Service": "codepipeline.amazonaws.com" })]);
        assert_eq!(trusted("d/Project/Role/Resource"), [json!({ "Service": "codebuild.amazonaws.com" })]);
        let codebuild = &stack.properties("d/Project/Role/Resource")["AssumeRolePolicyDocument"]["Statement"][0];
        assert_eq!(codebuild["Condition"], json!({
            "ArnLike": { "aws:SourceArn": "arn:${AWS::Partition}:codebuild:${AWS::Region}:${AWS::AccountId}:project/*" },
            "StringEquals": { "aws:SourceAccount": "${AWS::AccountId}" },
        }));
        assert_eq!(allowed(&stack, "d/Role"), [
            "s3:GetBucketAcl s3:GetBucketLocation s3:GetBucketVersioning on ${d/ArtifactsBucket/Resource.Arn}",
            "s3:GetObject s3:GetObjectVersion s3:PutObject s3:PutObjectAcl on ${d/ArtifactsBucket/Resource.Arn}/*",
            "sts:AssumeRole on ${d/Build/Build/CodePipelineActionRole/Resource.Arn} ${d/Deploy/ECS/CodePipelineActionRole/Resource.Arn} ${d/Source/GitHub/CodePipelineActionRole/Resource.Arn}",
        ]);
    }

    #[test]
    fn what_was_tested_is_promoted_and_deployed() {
        let stack = on_repository(
            ", mutableTags: [rc]",
            r#"stages: [
                {name: Test, actions: {
                    Lint: {docker: true, commands: ['docker run --rm --entrypoint flake8 "$IMAGE"']},
                    UnitTest: {docker: true, commands: ['docker run --rm --entrypoint pytest "$IMAGE"']}}},
                {name: Security, scan: high},
                {name: Promote, promote: rc}]"#,
        );
        assert_eq!(stack.faults(), [""; 0]);
        let stages = stack.properties("d/Resource")["Stages"].clone();
        let names: Vec<_> = stages.as_array().unwrap().iter().map(|it| it["Name"].clone()).collect();
        assert_eq!(names, ["Source", "Build", "Test", "Security", "Promote", "Deploy"]);
    }

    #[test]
    fn does_not_start_before_its_actions_may_do_anything() {
        assert_eq!(pipeline("").depends_on("d/Resource"), [
            "d/Source/GitHub/CodePipelineActionRole/DefaultPolicy/Resource",
            "d/Project/Role/DefaultPolicy/Resource",
            "d/Build/Build/CodePipelineActionRole/DefaultPolicy/Resource",
            "d/Deploy/ECS/CodePipelineActionRole/DefaultPolicy/Resource",
            "d/Role/DefaultPolicy/Resource",
        ]);
    }

    #[test]
    fn its_logs_stay_unless_they_may_go() {
        let removal = |properties: &str| {
            let stack = pipeline(&format!("stages: [{{name: Test, commands: [a]}}], {properties}"));
            assert_eq!(stack.faults(), [""; 0]);
            ["d/Project", "d/Test/Project"].map(|it| stack.attributes(&format!("{it}/LogGroup/Resource"))["DeletionPolicy"].clone())
        };
        assert_eq!(removal("logs: 7"), ["Retain", "Retain"]);
        assert_eq!(removal("logs: {retention: 7, removal: delete}"), ["Delete", "Delete"]);
    }

    #[test]
    fn exports_what_it_is_made_of() {
        let stack = pipeline("");
        let gives = |name: &str, value: &str| assert_eq!(stack.attribute("d", name), value);
        gives("name", "${d/Resource}");
        gives("arn", "arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:${d/Resource}");
        gives("bucketName", "${d/ArtifactsBucket/Resource}");
        gives("projectName", "${d/Project/Resource}");
        gives("connectionArn", "arn:aws:codeconnections:eu-west-1:111122223333:connection/1");
    }
}
