//! The build: an image of the commit, pushed to the repository that the service takes its images from.

use super::{
    action::{Action, BUILD_ARTIFACT, SOURCE_ARTIFACT, Stages},
    buildspec::{Buildspec, ImageBuild},
    project::{self, Project, Size},
};
use crate::{kernel::prelude::*, permission::Permission, repository, targets::EcsService};

/// Under which name later stages find what the build exports.
pub(super) const NAMESPACE: &str = "Build";

/// Variables that every build has.
const SET: &[&str] = &["COMMIT", "CONTAINER_NAME", "IMAGE", "REPOSITORY_URI"];

properties! {
    /// How the image is built.
    ///
    /// Its tag is the beginning of the commit's id. The image of a commit is built once; if the pipeline runs
    /// again for the commit, the same image is deployed.
    pub struct Build {
        /// The folder that is sent to Docker.
        context: Spanned<String> = ".",
        /// The Dockerfile. If absent, `Dockerfile` in the context.
        dockerfile: Option<Spanned<String>>,
        /// The stage of the Dockerfile to build. If absent, the last.
        target: Option<Spanned<String>>,
        /// Build arguments by their name, for `ARG` in the Dockerfile. `COMMIT`, the commit's id, is always given.
        arguments: IndexMap<String, Spanned<Text>>,
        /// What to do instead of building an image: a file of the repository, such as `ci/buildspec.yml`, or a
        /// whole buildspec. It finds `REPOSITORY_URI` and `CONTAINER_NAME` in its environment, pushes an
        /// image, and hands on `imagedefinitions.json`.
        buildspec: Option<Spanned<Buildspec>>,
        /// The Repository to push to, which the service has to be allowed to pull from. If absent, the one it
        /// takes its image from.
        repository: Option<Link<repository::Exports>>,
        /// Variables of the build's environment.
        variables: IndexMap<String, Spanned<Text>>,
        /// What the build may do in AWS, beside pushing images to the repository.
        permissions: Vec<Spanned<Permission>>,
        /// The image the build itself runs in. If absent, AWS's for the processor of the service, with Amazon
        /// Linux and Docker.
        image: Option<Text>,
        /// How large a machine it runs on.
        size: Size = "small",
        /// How long it may take, from 5 minutes to 36 hours.
        timeout: Spanned<Seconds> = "10m",
    }
}

impl Build {
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        project::check_timeout(self.timeout, faults);
        project::check_variables(&self.variables, SET, faults);
        project::check_variables(&self.arguments, SET, faults);
        for (name, value) in &self.arguments {
            if let Some(other) = self.variables.get(name) {
                faults.push(
                    Diagnostic::error("reserved-variable", format!("`{name}` is both an argument and a variable"))
                        .label(value.span, "")
                        .label(other.span, "the variable")
                        .help("remove the variable: an argument is one already"),
                );
            }
        }
        self.permissions.iter().for_each(|it| it.value.check(it.span, faults));
        let Some(buildspec) = &self.buildspec else { return };
        buildspec.value.check(buildspec.span, faults);
        let ignored = [
            ("context", Some(self.context.span)),
            ("dockerfile", self.dockerfile.as_ref().map(|it| it.span)),
            ("target", self.target.as_ref().map(|it| it.span)),
            ("arguments", self.arguments.first().map(|(_, it)| it.span)),
        ];
        for (name, span) in ignored {
            if let Some(span) = span.filter(|it| it.is_written()) {
                let fault = format!("`{name}` is for the generated buildspec, and `buildspec` stands in its place");
                faults.push(
                    Diagnostic::error("no-effect", fault)
                        .label(span, "")
                        .label(buildspec.span, "the buildspec")
                        .help(format!("remove `{name}`, or `buildspec`")),
                );
            }
        }
    }

    /// The repository that images go to.
    ///
    /// # Errors
    ///
    /// If the service takes its image from elsewhere and none is named, or another is.
    pub(super) fn repository(
        &self,
        scope: &Scope<'_>,
        service: &EcsService,
        name: &Name,
    ) -> Result<repository::Exports, Diagnostic> {
        let named = self.repository.as_ref().map(|link| Ok((link, scope.find(link)?))).transpose()?;
        match (named, &service.repository) {
            (Some((link, named)), Some(own)) if named.arn != own.arn => {
                let fault = format!("`{}` runs images of another repository, and may pull from no other", name.text);
                Err(Diagnostic::error("another-repository", fault)
                    .label(link.name.span, "")
                    .label(name.span, "the service")
                    .help("remove `repository`, or change the service's image"))
            }
            (Some((_, named)), _) => Ok(named),
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => {
                let fault = format!("the image of `{}` comes from no Repository of this stack", name.text);
                Err(Diagnostic::error("no-repository", fault)
                    .at(name.span)
                    .help("give the service an image such as `repo:${param.ImageTag}`, or name a Repository in `build`"))
            }
        }
    }

    /// Adds the project and its action; gives the project.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, exports_image: bool) -> Handle {
        let Stages { bucket, service, repository, logs, .. } = *stages;
        let mut variables = vec![("REPOSITORY_URI".to_owned(), repository.uri.clone())];
        let buildspec = match &self.buildspec {
            Some(buildspec) => {
                variables.push(("CONTAINER_NAME".to_owned(), service.container.clone().into()));
                buildspec.value.build(scope).at(buildspec.span)
            }
            None => self.generated(service).into(),
        };
        let permissions = project::asked(&self.permissions, scope);
        variables.extend(project::resolved(&self.arguments, scope));
        variables.extend(project::resolved(&self.variables, scope));
        let project = Project {
            image: self.image.as_ref().map(|it| scope.text(it)),
            architecture: service.architecture,
            size: self.size,
            timeout: Expr::from(self.timeout.value.minutes()).at(self.timeout.span),
            uses_docker: true,
            variables,
            buildspec,
            logs,
            allow: [bucket.write(), project::allow_pushing(repository), permissions].concat(),
            reports: self.buildspec.is_some(),
        };
        let (project, policy) = project.build(&mut scope.child("Project"));
        stages.policies.extend(policy);
        stages.add(scope, "Build", Action {
            input: Some(SOURCE_ARTIFACT),
            output: Some(BUILD_ARTIFACT),
            namespace: exports_image.then_some(NAMESPACE),
            ..Action::new("Build", object! { "ProjectName" => project.reference() })
        }, &[project::allow_running(project)]);
        project
    }

    fn generated(&self, service: &EcsService) -> String {
        let text = |it: &Option<Spanned<String>>| it.as_ref().map(|it| it.value.clone());
        ImageBuild {
            container: &service.container,
            context: &self.context.value,
            dockerfile: text(&self.dockerfile).as_deref(),
            target: text(&self.target).as_deref(),
            arguments: self.arguments.keys().map(String::as_str).collect(),
        }
        .buildspec()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        pipeline::tests::{allowed, pipeline},
        testing::stack,
    };

    fn environment(properties: &str) -> Value {
        pipeline(properties).properties("d/Project/Resource")["Environment"].clone()
    }

    fn variable(name: &str, value: &str) -> Value {
        json!({ "Name": name, "Type": "PLAINTEXT", "Value": value })
    }

    #[test]
    fn is_a_project_that_may_use_docker() {
        let stack = pipeline("");
        let mut project = stack.properties("d/Project/Resource");
        assert!(project["Source"]["BuildSpec"].take().as_str().unwrap().starts_with("version: 0.2\nenv:"));
        assert_eq!(project, json!({
            "Artifacts": { "Type": "CODEPIPELINE" },
            "Cache": { "Type": "NO_CACHE" },
            "EncryptionKey": "alias/aws/s3",
            "Environment": {
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "EnvironmentVariables": [variable("REPOSITORY_URI", "${repo/Resource.RepositoryUri}")],
                "Image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "ImagePullCredentialsType": "CODEBUILD",
                "PrivilegedMode": true,
                "Type": "LINUX_CONTAINER",
            },
            "LogsConfig": { "CloudWatchLogs": { "GroupName": "${d/Project/LogGroup/Resource}", "Status": "ENABLED" } },
            "ServiceRole": "${d/Project/Role/Resource.Arn}",
            "Source": { "BuildSpec": null, "Type": "CODEPIPELINE" },
            "TimeoutInMinutes": 10,
        }));
        assert_eq!(stack.properties("d/Project/LogGroup/Resource"), json!({ "RetentionInDays": 30 }));
        assert_eq!(stack.properties("d/Resource")["Stages"][1]["Actions"][0], json!({
            "ActionTypeId": { "Category": "Build", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1" },
            "Configuration": { "ProjectName": "${d/Project/Resource}" },
            "InputArtifacts": [{ "Name": "Source" }],
            "Name": "Build",
            "OutputArtifacts": [{ "Name": "Build" }],
            "RoleArn": "${d/Build/Build/CodePipelineActionRole/Resource.Arn}",
            "RunOrder": 1,
        }));
    }

    #[test]
    fn may_push_to_one_repository_and_nothing_else() {
        let stack = pipeline("build: {permissions: [{actions: ['ssm:GetParameter'], resources: ['arn:x']}]}");
        assert_eq!(allowed(&stack, "d/Project/Role"), [
            "logs:CreateLogStream logs:PutLogEvents on ${d/Project/LogGroup/Resource.Arn}",
            "s3:GetBucketAcl s3:GetBucketLocation s3:GetBucketVersioning on ${d/ArtifactsBucket/Resource.Arn}",
            "s3:GetObject s3:GetObjectVersion s3:PutObject on ${d/ArtifactsBucket/Resource.Arn}/*",
            "ecr:GetAuthorizationToken on *",
            "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:CompleteLayerUpload ecr:GetDownloadUrlForLayer \
             ecr:InitiateLayerUpload ecr:PutImage ecr:UploadLayerPart on ${repo/Resource.Arn}",
            "ssm:GetParameter on arn:x",
        ]);
        assert_eq!(
            allowed(&stack, "d/Build/Build/CodePipelineActionRole"),
            ["codebuild:BatchGetBuilds codebuild:StartBuild codebuild:StopBuild on ${d/Project/Resource.Arn}"]
        );
    }

    #[test]
    fn takes_its_machine_as_asked_for() {
        let environment = environment("build: {size: xlarge, image: 'public.ecr.aws/docker/library/docker:29'}");
        assert_eq!(environment["ComputeType"], "BUILD_GENERAL1_XLARGE");
        assert_eq!(environment["Image"], "public.ecr.aws/docker/library/docker:29");
        assert_eq!(environment["ImagePullCredentialsType"], "SERVICE_ROLE");
        let stack = pipeline("build: {timeout: 90m}, logs: 7");
        assert_eq!(stack.properties("d/Project/Resource")["TimeoutInMinutes"], 90);
        assert_eq!(stack.properties("d/Project/LogGroup/Resource"), json!({ "RetentionInDays": 7 }));
    }

    #[test]
    fn runs_on_the_processor_of_the_service() {
        let text = "n: {type: Network}\nrepo: {type: Repository}\n\
            web: {type: FargateService, network: n, image: 'repo:1', port: 80, architecture: arm64}\n\
            d: {type: Pipeline, source: {github: acme/shop}, deploy: web}";
        let environment = stack(text).properties("d/Project/Resource")["Environment"].clone();
        assert_eq!(environment["Image"], "aws/codebuild/amazonlinux-aarch64-standard:3.0");
        assert_eq!(environment["Type"], "ARM_CONTAINER");
    }

    #[test]
    fn arguments_are_variables_that_docker_is_given() {
        let stack = pipeline(
            "build: {context: app, dockerfile: app/Containerfile, target: release, arguments: {ZONE: '${Param}'}, variables: {CI: 'true'}}",
        );
        let project = stack.properties("d/Project/Resource");
        assert_eq!(project["Environment"]["EnvironmentVariables"], json!([
            variable("REPOSITORY_URI", "${repo/Resource.RepositoryUri}"),
            variable("ZONE", "${Param}"),
            variable("CI", "true"),
        ]));
        let buildspec = project["Source"]["BuildSpec"].as_str().unwrap();
        let command = buildspec.lines().find(|it| it.contains("docker build")).unwrap();
        assert_eq!(
            command.trim(),
            r#"docker build --build-arg COMMIT --build-arg ZONE --file app/Containerfile --target release --tag "$IMAGE" app && docker push "$IMAGE""#
        );
    }

    #[test]
    fn a_buildspec_of_the_user_stands_in_place_of_ours() {
        let project = |buildspec: &str| {
            let stack = pipeline(&format!("build: {{buildspec: {buildspec}}}"));
            assert_eq!(stack.faults(), [""; 0]);
            let project = stack.properties("d/Project/Resource");
            (project["Source"]["BuildSpec"].clone(), project["Environment"]["EnvironmentVariables"].clone())
        };
        let variables = json!([
            variable("REPOSITORY_URI", "${repo/Resource.RepositoryUri}"),
            variable("CONTAINER_NAME", "web"),
        ]);
        assert_eq!(project("ci/buildspec.yml"), (json!("ci/buildspec.yml"), variables.clone()));
        assert_eq!(project("\"version: 0.2\\n\""), (json!("version: 0.2\n"), variables.clone()));
        assert_eq!(
            project("{version: 0.2, artifacts: {files: ['${Param}.json']}}"),
            (
                json!("{\n  \"version\": 0.2,\n  \"artifacts\": {\n    \"files\": [\n      \"${Param}.json\"\n    ]\n  }\n}"),
                variables
            )
        );
        let reports = "codebuild:BatchPutCodeCoverages codebuild:BatchPutTestCases codebuild:CreateReport \
            codebuild:CreateReportGroup codebuild:UpdateReport on \
            arn:${AWS::Partition}:codebuild:${AWS::Region}:${AWS::AccountId}:report-group/${d/Project/Resource}-*";
        assert_eq!(allowed(&pipeline("build: {buildspec: a.yaml}"), "d/Project/Role")[1], reports);
    }

    #[test]
    fn points_at_a_buildspec_that_is_none() {
        let faults = |buildspec: &str| pipeline(&format!("build: {{buildspec: {buildspec}}}")).faults();
        assert_eq!(faults("make"), ["buildspec at `make`: `make` is neither a buildspec nor the path of one"]);
        assert_eq!(
            faults("{version: 0.2}"),
            ["buildspec-artifacts at `{version: 0.2}`: the buildspec hands on nothing, and the deployment needs `imagedefinitions.json`"]
        );
    }

    #[test]
    fn points_at_what_a_buildspec_of_the_user_leaves_without_effect() {
        let faults = pipeline("build: {buildspec: a.yml, context: app, dockerfile: f, target: t, arguments: {A: b}}").faults();
        let expected = [("app", "context"), ("f", "dockerfile"), ("t", "target"), ("b", "arguments")].map(|(at, name)| {
            format!("no-effect at `{at}`: `{name}` is for the generated buildspec, and `buildspec` stands in its place")
        });
        assert_eq!(faults, expected);
    }

    #[test]
    fn points_at_variables_that_cannot_be() {
        let faults = |build: &str| pipeline(&format!("build: {{{build}}}")).faults();
        assert_eq!(
            faults("variables: {log-level: x}, arguments: {1st: y}"),
            [
                "variable-name at `x`: `log-level` cannot be the name of a variable",
                "variable-name at `y`: `1st` cannot be the name of a variable",
            ]
        );
        assert_eq!(
            faults("variables: {IMAGE: x}, arguments: {CODEBUILD_SRC_DIR: y}"),
            [
                "reserved-variable at `x`: the build sets `IMAGE` itself",
                "reserved-variable at `y`: the build sets `CODEBUILD_SRC_DIR` itself",
            ]
        );
        assert_eq!(
            faults("variables: {A: x}, arguments: {A: y}"),
            ["reserved-variable at `y`: `A` is both an argument and a variable"]
        );
    }

    #[test]
    fn points_at_permissions_that_are_none_or_too_wide() {
        assert_eq!(
            pipeline("build: {permissions: [{actions: [GetParameter], resources: [a]}, {actions: ['s3:*'], resources: [b]}]}").faults(),
            [
                "permission-action at `GetParameter`: `GetParameter` is no action of AWS",
                "wide-permission at `'s3:*'`: `s3:*` allows all a service can do",
            ]
        );
    }

    #[test]
    fn points_at_a_time_codebuild_does_not_take() {
        for timeout in ["4m", "37h"] {
            assert_eq!(
                pipeline(&format!("build: {{timeout: {timeout}}}")).faults(),
                [format!("build-timeout at `{timeout}`: a build may take from 5 minutes to 36 hours")]
            );
        }
    }

    #[test]
    fn pushes_to_the_repository_the_service_pulls_from() {
        let with = |image: &str, build: &str| {
            stack(&format!(
                "n: {{type: Network}}\nrepo: {{type: Repository}}\nother: {{type: Repository}}\n\
                 web: {{type: FargateService, network: n, image: '{image}', port: 80}}\n\
                 d: {{type: Pipeline, source: {{github: acme/shop, connection: '${{Param}}'}}, deploy: web, build: {{{build}}}}}"
            ))
        };
        let public = "public.ecr.aws/nginx/nginx:1.29";
        let uri = |image: &str, build: &str| {
            let stack = with(image, build);
            assert_eq!(stack.faults(), [""; 0]);
            stack.properties("d/Project/Resource")["Environment"]["EnvironmentVariables"][0]["Value"].clone()
        };
        assert_eq!(uri("repo:1", ""), "${repo/Resource.RepositoryUri}");
        assert_eq!(uri("repo:1", "repository: repo"), "${repo/Resource.RepositoryUri}");
        assert_eq!(uri(public, "repository: other"), "${other/Resource.RepositoryUri}");
        assert_eq!(
            with(public, "").faults(),
            ["no-repository at `web`: the image of `web` comes from no Repository of this stack"]
        );
        assert_eq!(
            with("repo:1", "repository: other").faults(),
            ["another-repository at `other`: `web` runs images of another repository, and may pull from no other"]
        );
    }
}
