//! The build: an image of the commit, pushed to the repository that the service takes its images from.

use super::{
    action::{Action, BUILD_ARTIFACT, SOURCE_ARTIFACT, Stages},
    buildspec::{Buildspec, ImageBuild, Recipe},
    deploy::{self, Deploy},
    project::{self, Project, Size},
    source, stages,
};
use crate::{
    kernel::prelude::*,
    permission::Permission,
    repository,
    targets::{Architecture, EcsService},
};

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
        /// The name of its stage.
        name: Spanned<String> = "Build",
        /// The folder that is sent to Docker.
        context: Spanned<String> = ".",
        /// The Dockerfile. If absent, `Dockerfile` in the context.
        dockerfile: Option<Spanned<String>>,
        /// The stage of the Dockerfile to build. If absent, the last.
        target: Option<Spanned<String>>,
        /// Build arguments by their name, for `ARG` in the Dockerfile. `COMMIT`, the commit's id, is always given.
        arguments: IndexMap<String, Spanned<Text>>,
        /// An image whose run has to succeed before the image is pushed, of the same folder and with the same
        /// arguments: the Dockerfile it is built by, such as `Dockerfile.test`, or its stage.
        test: Option<Spanned<Test>>,
        /// What to do instead of building an image: a file of the repository, such as `ci/buildspec.yml`, or a
        /// whole buildspec. It finds `REPOSITORY_URI` and `CONTAINER_NAME` in its environment, pushes an
        /// image, and hands on `imagedefinitions.json` if the pipeline deploys.
        buildspec: Option<Spanned<Buildspec>>,
        /// The Repository to push to. If absent, the one that the service takes its images from; a pipeline that deploys
        /// nothing has to name one.
        repository: Option<Link<repository::Exports>>,
        /// The processor to build for, in a pipeline that deploys nothing. If absent, `x86_64`; otherwise the service
        /// says it.
        architecture: Option<Spanned<Architecture>>,
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

properties! {
    /// An image whose run is a test.
    pub struct Test from dockerfile {
        /// The Dockerfile it is built by. If absent, that of the image itself.
        dockerfile: Option<Spanned<String>>,
        /// The stage of the Dockerfile to build. If absent, the last.
        target: Option<Spanned<String>>,
    }
}

impl Build {
    /// Reports what is wrong with it, in a pipeline that deploys so.
    pub(super) fn check(&self, deploy: Option<&Deploy>, faults: &mut Vec<Diagnostic>) {
        self.check_name(deploy.is_some(), faults);
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
        if let (Some(architecture), Some(_)) = (self.architecture, deploy) {
            faults.push(
                Diagnostic::error("no-effect", "the image is built for the processor of the service")
                    .at(architecture.span)
                    .help("remove `architecture` here, and give it to the service"),
            );
        }
        let Some(buildspec) = &self.buildspec else { return self.check_test(faults) };
        buildspec.value.check(buildspec.span, deploy.is_some_and(Deploy::reads_file), faults);
        let ignored = [
            ("context", Some(self.context.span)),
            ("dockerfile", self.dockerfile.as_ref().map(|it| it.span)),
            ("target", self.target.as_ref().map(|it| it.span)),
            ("test", self.test.as_ref().map(|it| it.span)),
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

    fn check_name(&self, deploys: bool, faults: &mut Vec<Diagnostic>) {
        let Spanned { value: name, span } = &self.name;
        if !stages::is_stage_name(name) {
            faults.push(stages::bad_name("a stage", name).at(*span));
        } else if name == source::STAGE || deploys && name == deploy::STAGE {
            let fault = Diagnostic::error("stage-name", format!("every pipeline has a stage `{name}`"));
            faults.push(fault.at(*span).help("choose another name, such as `Build`"));
        }
    }

    /// Reports a test that is the image itself.
    fn check_test(&self, faults: &mut Vec<Diagnostic>) {
        let Some(test) = &self.test else { return };
        let (tested, image) = (self.test_recipe(&test.value), self.recipe());
        if tested.file == image.file && (tested.target == image.target || tested.target.is_none()) {
            faults.push(
                Diagnostic::error("test-image", "the tests are the image itself, which may run for ever")
                    .at(test.span)
                    .help("name a Dockerfile of their own, such as `Dockerfile.test`, or a `target`"),
            );
        }
    }

    fn recipe(&self) -> Recipe<'_> {
        Recipe { file: text(self.dockerfile.as_ref()), target: text(self.target.as_ref()) }
    }

    /// How the image of `test` is built.
    fn test_recipe<'a>(&'a self, test: &'a Test) -> Recipe<'a> {
        let file = test.dockerfile.as_ref().or(self.dockerfile.as_ref());
        Recipe { file: text(file), target: text(test.target.as_ref()) }
    }

    /// The repository that images go to, of which `service`, by its name, is to run them.
    ///
    /// # Errors
    ///
    /// If none is named, and the service takes its image from elsewhere or another.
    pub(super) fn repository(
        &self,
        scope: &Scope<'_>,
        service: Option<(&EcsService, &Name)>,
    ) -> Result<repository::Exports, Diagnostic> {
        let named = self.repository.as_ref().map(|link| Ok((link, scope.find(link)?))).transpose()?;
        let Some((service, name)) = service else {
            let fault = Diagnostic::error("no-repository", "the pipeline deploys nothing, and has no Repository for its images");
            return named.map(|(_, it)| it).ok_or_else(|| fault.help("name one: `build: {repository: repo}`, or add `deploy`"));
        };
        match (named, &service.repository) {
            (Some((link, named)), Some(own)) if named.arn != own.arn => {
                let fault = format!("`{}` runs images of another repository, and may pull from no other", name.text);
                Err(Diagnostic::error("another-repository", fault)
                    .label(link.name.span, "")
                    .label(name.span, "the service")
                    .help("remove `repository`, or change the service's image"))
            }
            (Some((_, named)), Some(_)) => Ok(named),
            (Some((link, _)), None) => {
                let repository = &link.name.text;
                let fault = format!("`{}` may not pull images from `{repository}`", name.text);
                Err(Diagnostic::error("another-repository", fault)
                    .label(link.name.span, "")
                    .label(name.span, "the service")
                    .help(format!("add `repository: {repository}` to `{}`", name.text)))
            }
            (None, Some(own)) => Ok(own.clone()),
            (None, None) => {
                let fault = format!("the image of `{}` comes from no Repository of this stack", name.text);
                Err(Diagnostic::error("no-repository", fault)
                    .at(name.span)
                    .help("give the service an image such as `repo:${param.ImageTag}`, or name one beside it: `repository: repo`"))
            }
        }
    }

    /// Adds the project and its action; gives the project.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, wanted: &Wanted<'_>) -> Handle {
        let Stages { architecture, repository, logs, .. } = *stages;
        let bucket = &stages.bucket;
        let Wanted { container, file, image } = *wanted;
        let mut variables = vec![("REPOSITORY_URI".to_owned(), repository.uri.clone())];
        let buildspec = match &self.buildspec {
            Some(buildspec) => {
                variables.extend(container.map(|it| ("CONTAINER_NAME".to_owned(), it.to_owned().into())));
                buildspec.value.build(scope).at(buildspec.span)
            }
            None => self.generated(container.filter(|_| file)).into(),
        };
        let permissions = project::asked(&self.permissions, scope);
        variables.extend(project::resolved(&self.arguments, scope));
        variables.extend(project::resolved(&self.variables, scope));
        let project = Project {
            image: self.image.as_ref().map(|it| scope.text(it)),
            architecture,
            size: self.size,
            timeout: Expr::from(self.timeout.value.minutes()).at(self.timeout.span),
            uses_docker: true,
            variables,
            buildspec,
            logs,
            allow: [if file { bucket.write() } else { bucket.read() }, repository::allow_pushing(&repository.arn), permissions].concat(),
            reports: self.buildspec.is_some(),
        };
        let (project, policy) = project.build(&mut scope.child("Project"));
        stages.policies.extend(policy);
        stages.begin(&self.name.value);
        let action = Action {
            input: Some(SOURCE_ARTIFACT),
            output: file.then_some(BUILD_ARTIFACT),
            namespace: image.then_some(NAMESPACE),
            ..Action::new(&self.name.value, object! { "ProjectName" => project.reference() })
        };
        stages.add(scope, action, &[project::allow_running(project)]);
        project
    }

    fn generated(&self, container: Option<&str>) -> String {
        ImageBuild {
            container,
            context: &self.context.value,
            recipe: self.recipe(),
            test: self.test.as_ref().map(|it| self.test_recipe(&it.value)),
            arguments: self.arguments.keys().map(String::as_str).collect(),
        }
        .buildspec()
    }
}

fn text(written: Option<&Spanned<String>>) -> Option<&str> {
    written.map(|it| it.value.as_str())
}

/// What the rest of the pipeline wants of the build.
pub(super) struct Wanted<'a> {
    /// The container that gets the image, if one does.
    pub(super) container: Option<&'a str>,
    /// Whether the deployment reads the file of images.
    pub(super) file: bool,
    /// Whether actions want to know the image.
    pub(super) image: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        pipeline::tests::{SOURCE, allowed, build_only, from, pipeline},
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
            r#"docker build --build-arg COMMIT --build-arg ZONE --file app/Containerfile --target release --tag "$IMAGE" app && { docker push "$IMAGE" || docker manifest inspect "$IMAGE" > /dev/null; }"#
        );
    }

    #[test]
    fn its_stage_has_the_name_it_is_given() {
        let stack = pipeline("build: {name: BuildDocker}, stages: [{name: Build, commands: [a]}]");
        assert_eq!(stack.faults(), [""; 0]);
        let stages = stack.properties("d/Resource")["Stages"].clone();
        let names = stages.as_array().unwrap().iter().map(|it| json!([it["Name"], it["Actions"][0]["Name"]]));
        let expected = [["Source", "GitHub"], ["BuildDocker", "BuildDocker"], ["Build", "Build"], ["Deploy", "ECS"]];
        assert_eq!(names.collect::<Vec<_>>(), expected.map(|it| json!(it)));
        let faults = |name: &str| pipeline(&format!("build: {{name: {name}}}")).faults();
        assert_eq!(faults("Deploy"), ["stage-name at `Deploy`: every pipeline has a stage `Deploy`"]);
        assert_eq!(faults("my build"), ["stage-name at `my build`: `my build` cannot be the name of a stage"]);
        assert_eq!(build_only("build: {repository: repo, name: Deploy}").faults(), [""; 0]);
    }

    #[test]
    fn tests_run_before_the_image_is_pushed() {
        let commands = |build: &str| {
            let stack = pipeline(&format!("build: {{{build}}}"));
            assert_eq!(stack.faults(), [""; 0]);
            let buildspec = stack.properties("d/Project/Resource")["Source"]["BuildSpec"].clone();
            let lines = buildspec.as_str().unwrap().lines().map(|it| it.trim().to_owned());
            lines.filter(|it| it.starts_with("docker")).collect::<Vec<_>>()
        };
        let image = r#"--tag "$IMAGE" . && { docker push "$IMAGE" || docker manifest inspect "$IMAGE" > /dev/null; }"#;
        assert_eq!(commands("test: Dockerfile.test"), [
            "docker build --build-arg COMMIT --file Dockerfile.test --tag tests . &&".to_owned(),
            "docker run --rm tests &&".to_owned(),
            format!("docker build --build-arg COMMIT {image}"),
        ]);
        assert_eq!(commands("dockerfile: D, target: release, test: {target: test}"), [
            "docker build --build-arg COMMIT --file D --target test --tag tests . &&".to_owned(),
            "docker run --rm tests &&".to_owned(),
            format!("docker build --build-arg COMMIT --file D --target release {image}"),
        ]);
    }

    #[test]
    fn points_at_tests_that_are_the_image_itself() {
        for build in ["test: {}", "dockerfile: D, test: D", "target: t, test: {target: t}"] {
            let (_, at) = build.rsplit_once("test: ").unwrap();
            assert_eq!(
                pipeline(&format!("build: {{{build}}}")).faults(),
                [format!("test-image at `{at}`: the tests are the image itself, which may run for ever")]
            );
        }
    }

    #[test]
    fn without_a_deployment_it_hands_on_nothing() {
        let stack = build_only("build: {repository: repo, architecture: arm64}");
        assert_eq!(stack.faults(), [""; 0]);
        let project = stack.properties("d/Project/Resource");
        assert!(!project["Source"]["BuildSpec"].as_str().unwrap().contains("imagedefinitions.json"));
        assert_eq!(project["Environment"]["Type"], "ARM_CONTAINER");
        assert_eq!(stack.properties("d/Resource")["Stages"][1]["Actions"][0]["OutputArtifacts"], json!(null));
        assert_eq!(
            allowed(&stack, "d/Project/Role")[2],
            "s3:GetObject s3:GetObjectVersion on ${d/ArtifactsBucket/Resource.Arn}/*"
        );
        assert_eq!(build_only("build: {repository: repo, buildspec: {version: 0.2}}").faults(), [""; 0]);
    }

    #[test]
    fn without_a_deployment_it_needs_a_repository_and_may_have_a_processor() {
        assert_eq!(
            from(SOURCE, "").faults(),
            ["no-repository at `d`: the pipeline deploys nothing, and has no Repository for its images"]
        );
        assert_eq!(
            pipeline("build: {architecture: arm64}").faults(),
            ["no-effect at `arm64`: the image is built for the processor of the service"]
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
        let faults = pipeline("build: {buildspec: a.yml, context: app, dockerfile: f, target: t, test: g, arguments: {A: b}}").faults();
        let expected = [("app", "context"), ("f", "dockerfile"), ("t", "target"), ("g", "test"), ("b", "arguments")].map(|(at, name)| {
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
                 web: {{type: FargateService, network: n, image: {image}, port: 80}}\n\
                 d: {{type: Pipeline, source: {{github: acme/shop, connection: '${{Param}}'}}, deploy: web, build: {{{build}}}}}"
            ))
        };
        let public = "'public.ecr.aws/nginx/nginx:1.29'";
        let uri = |image: &str, build: &str| {
            let stack = with(image, build);
            assert_eq!(stack.faults(), [""; 0]);
            stack.properties("d/Project/Resource")["Environment"]["EnvironmentVariables"][0]["Value"].clone()
        };
        assert_eq!(uri("repo:1", ""), "${repo/Resource.RepositoryUri}");
        assert_eq!(uri("repo:1", "repository: repo"), "${repo/Resource.RepositoryUri}");
        assert_eq!(uri(&format!("{public}, repository: other"), ""), "${other/Resource.RepositoryUri}");
        assert_eq!(
            with(public, "").faults(),
            ["no-repository at `web`: the image of `web` comes from no Repository of this stack"]
        );
        assert_eq!(
            with(public, "repository: other").faults(),
            ["another-repository at `other`: `web` may not pull images from `other`"]
        );
        assert_eq!(
            with("repo:1", "repository: other").faults(),
            ["another-repository at `other`: `web` runs images of another repository, and may pull from no other"]
        );
    }
}
