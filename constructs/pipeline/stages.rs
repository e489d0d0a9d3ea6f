//! Stages of the user's own: commands that have to succeed, or a person who has to agree.

use super::{
    action::{Action, SOURCE_ARTIFACT, Stages},
    approval::Approval,
    build::{self, Build},
    buildspec,
    project::{self, Project, Size},
};
use crate::{
    kernel::{prelude::*, switch::Switch},
    permission::Permission,
};

/// The stages every pipeline has.
const OWN: &[&str] = &["Source", "Build", "Deploy"];

/// Variables that the commands of a stage may have.
const SET: &[&str] = &["IMAGE", "REPOSITORY_URI"];

properties! {
    /// A stage of the pipeline: `commands` that have to succeed, or an `approval`. If it fails, what comes after
    /// it does not happen.
    pub struct Stage {
        /// Its name.
        name: Spanned<String>,
        /// After which stage it comes. Stages after the same one keep the order they are written in.
        after: After = "build",
        /// Commands of the shell that are run on the source, one after the other, until one fails. In them
        /// `$NAME` is a variable of the shell, and `${name.attribute}` something of the stack.
        commands: Vec<Text>,
        /// Waits until a person approves: `true`, or whom to ask and how.
        approval: Spanned<Switch<Approval>> = "false",
        /// Variables of the commands' environment.
        variables: Spanned<IndexMap<String, Spanned<Text>>>,
        /// Whether the commands use Docker. They may then pull from the repository of the images, are logged in
        /// to it, and after the build find the new image in `$IMAGE`, unless the build has a buildspec of its own.
        docker: Spanned<bool> = "false",
        /// What the commands may do in AWS.
        permissions: Spanned<Vec<Spanned<Permission>>>,
        /// The image the commands run in. If absent, AWS's, with Amazon Linux.
        image: Option<Text>,
        /// How large a machine they run on.
        size: Spanned<Size> = "small",
        /// How long they may take, from 5 minutes to 36 hours.
        timeout: Spanned<Seconds> = "10m",
    }
}

choices! {
    /// The stage after which another comes.
    pub enum After {
        /// Before the image is built.
        Source,
        /// Between the build and the deployment.
        Build,
        /// After the deployment.
        Deploy,
    }
}

/// Reports what is wrong with stages, each for itself and beside the others.
pub(super) fn check(stages: &[Stage], faults: &mut Vec<Diagnostic>) {
    for (at, stage) in stages.iter().enumerate() {
        let Spanned { value: name, span } = &stage.name;
        let fault = |message| Diagnostic::error("stage-name", message).label(*span, "");
        if !is_stage_name(name) {
            let fault = fault(format!("`{name}` cannot be the name of a stage"));
            faults.push(fault.help("use 1 to 100 letters, digits and `.@_-`"));
        } else if OWN.contains(&name.as_str()) {
            faults.push(fault(format!("every pipeline has a stage `{name}`")).help("choose another name"));
        } else if let Some(first) = stages[..at].iter().find(|it| it.name.value == *name) {
            let fault = fault(format!("there are two stages `{name}`")).label(first.name.span, "the first");
            faults.push(fault.help("rename one of them"));
        }
        stage.check(faults);
    }
}

fn is_stage_name(name: &str) -> bool {
    (1..=100).contains(&name.len()) && name.chars().all(|it| it.is_ascii_alphanumeric() || ".@_-".contains(it))
}

impl Stage {
    /// Whether it wants to know the image that was built.
    pub(super) fn uses_image(&self, build: &Build) -> bool {
        self.docker.value && self.after != After::Source && build.buildspec.is_none()
    }

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        project::check_timeout(self.timeout, faults);
        project::check_variables(&self.variables.value, SET, faults);
        self.permissions.value.iter().for_each(|it| it.value.check(it.span, faults));
        match (&self.approval.value.0, self.commands.first()) {
            (None, None) => faults.push(
                Diagnostic::error("empty-stage", format!("the stage `{}` does nothing", self.name.value))
                    .at(self.name.span)
                    .help("add `commands`, or `approval: true`"),
            ),
            (Some(_), Some(command)) => {
                let fault = format!("the stage `{}` has both commands and an approval", self.name.value);
                faults.push(
                    Diagnostic::error("two-stages", fault)
                        .label(self.approval.span, "")
                        .label(command.span(), "the commands")
                        .help("make it two stages"),
                );
            }
            (Some(approval), None) => {
                approval.check(faults);
                self.check_without_commands(faults);
            }
            (None, Some(_)) => (),
        }
    }

    /// Reports what is about commands, of which there are none.
    fn check_without_commands(&self, faults: &mut Vec<Diagnostic>) {
        let about_commands = [
            ("variables", self.variables.span),
            ("docker", self.docker.span),
            ("permissions", self.permissions.span),
            ("image", self.image.as_ref().map_or(Span::NOWHERE, Text::span)),
            ("size", self.size.span),
            ("timeout", self.timeout.span),
        ];
        for (name, span) in about_commands.into_iter().filter(|(_, span)| span.is_written()) {
            faults.push(
                Diagnostic::error("no-effect", format!("`{name}` is about commands, and this stage has none"))
                    .at(span)
                    .help(format!("remove `{name}`")),
            );
        }
    }

    /// Adds the stage.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, build: &Build) {
        match &self.approval.value.0 {
            Some(approval) => approval.add(scope, stages, &self.name.value),
            None => self.add_commands(scope, stages, build),
        }
    }

    fn add_commands(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, build: &Build) {
        let Stages { bucket, service, repository, logs, .. } = *stages;
        let name = self.name.value.as_str();
        let uses_docker = self.docker.value;
        let commands = self.commands.iter().map(|it| scope.text(it)).collect();
        let mut variables = Vec::new();
        let mut allow = bucket.read();
        if uses_docker {
            variables.push(("REPOSITORY_URI".to_owned(), repository.uri.clone()));
            allow.extend(project::allow_pulling(repository));
        }
        allow.extend(project::asked(&self.permissions.value, scope));
        variables.extend(project::resolved(&self.variables.value, scope));
        let project = Project {
            image: self.image.as_ref().map(|it| scope.text(it)),
            architecture: service.architecture,
            size: self.size.value,
            timeout: Expr::from(self.timeout.value.minutes()).at(self.timeout.span),
            uses_docker,
            variables,
            buildspec: buildspec::of_commands(commands, uses_docker),
            logs,
            allow,
            reports: false,
        };
        let (project, policy) = project.build(&mut scope.child(name).child("Project"));
        stages.policies.extend(policy);
        let variables = self.uses_image(build).then(|| {
            let value = format!("#{{{}.IMAGE}}", build::NAMESPACE);
            serde_json::json!([{ "name": "IMAGE", "type": "PLAINTEXT", "value": value }]).to_string()
        });
        let configuration = object! { "ProjectName" => project.reference(), "EnvironmentVariables" => variables };
        stages.add(scope, name, Action { input: Some(SOURCE_ARTIFACT), ..Action::new(name, configuration) }, &[
            project::allow_running(project),
        ]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        pipeline::tests::{allowed, pipeline},
        testing::Stack,
    };

    fn with(stage: &str) -> Stack {
        pipeline(&format!("stages: [{{{stage}}}]"))
    }

    #[track_caller]
    fn action(stack: &Stack, stage: usize) -> Value {
        stack.properties("d/Resource")["Stages"][stage]["Actions"][0].clone()
    }

    #[test]
    fn come_where_they_are_put_in_the_order_they_are_written() {
        let stack = pipeline(
            "stages: [{name: Ok, approval: true}, {name: Smoke, after: deploy, commands: [a]}, \
             {name: Lint, after: source, commands: [b]}, {name: Test, commands: [c]}]",
        );
        assert_eq!(stack.faults(), [""; 0]);
        let stages = stack.properties("d/Resource")["Stages"].clone();
        let names = stages.as_array().unwrap().iter().map(|it| it["Name"].clone()).collect::<Vec<_>>();
        assert_eq!(names, ["Source", "Lint", "Build", "Ok", "Test", "Deploy", "Smoke"]);
    }

    #[test]
    fn commands_run_on_the_source_in_a_project_of_their_own() {
        let stack = with(
            "name: Test, commands: [make lint, 'curl ${web.url}'], variables: {CI: 'true'}, image: 'aws/codebuild/standard:7.0', \
             size: large, timeout: 20m, permissions: [{actions: ['ssm:GetParameter'], resources: ['arn:x']}]",
        );
        assert_eq!(stack.faults(), [""; 0]);
        assert_eq!(stack.properties("d/Test/Project/Resource"), json!({
            "Artifacts": { "Type": "CODEPIPELINE" },
            "Cache": { "Type": "NO_CACHE" },
            "EncryptionKey": "alias/aws/s3",
            "Environment": {
                "ComputeType": "BUILD_GENERAL1_LARGE",
                "EnvironmentVariables": [{ "Name": "CI", "Type": "PLAINTEXT", "Value": "true" }],
                "Image": "aws/codebuild/standard:7.0",
                "ImagePullCredentialsType": "CODEBUILD",
                "PrivilegedMode": false,
                "Type": "LINUX_CONTAINER",
            },
            "LogsConfig": {
                "CloudWatchLogs": { "GroupName": "${d/Test/Project/LogGroup/Resource}", "Status": "ENABLED" },
            },
            "ServiceRole": "${d/Test/Project/Role/Resource.Arn}",
            "Source": {
                "BuildSpec": "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        make lint\n      - |\n        curl http://${web/LB/Resource.DNSName}\n",
                "Type": "CODEPIPELINE",
            },
            "TimeoutInMinutes": 20,
        }));
        assert_eq!(action(&stack, 2), json!({
            "ActionTypeId": { "Category": "Build", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1" },
            "Configuration": { "ProjectName": "${d/Test/Project/Resource}" },
            "InputArtifacts": [{ "Name": "Source" }],
            "Name": "Test",
            "RoleArn": "${d/Test/Test/CodePipelineActionRole/Resource.Arn}",
            "RunOrder": 1,
        }));
        assert_eq!(allowed(&stack, "d/Test/Project/Role"), [
            "logs:CreateLogStream logs:PutLogEvents on ${d/Test/Project/LogGroup/Resource.Arn}",
            "s3:GetBucketAcl s3:GetBucketLocation s3:GetBucketVersioning on ${d/ArtifactsBucket/Resource.Arn}",
            "s3:GetObject s3:GetObjectVersion on ${d/ArtifactsBucket/Resource.Arn}/*",
            "ssm:GetParameter on arn:x",
        ]);
    }

    #[test]
    fn commands_that_use_docker_find_the_new_image() {
        let stack = with("name: Test, docker: true, commands: ['docker run \"$IMAGE\" pytest']");
        assert_eq!(action(&stack, 1)["Namespace"], "Build");
        assert_eq!(action(&stack, 2)["Configuration"], json!({
            "ProjectName": "${d/Test/Project/Resource}",
            "EnvironmentVariables": r##"[{"name":"IMAGE","type":"PLAINTEXT","value":"#{Build.IMAGE}"}]"##,
        }));
        let environment = &stack.properties("d/Test/Project/Resource")["Environment"];
        assert_eq!(environment["PrivilegedMode"], true);
        assert_eq!(environment["EnvironmentVariables"][0]["Name"], "REPOSITORY_URI");
        assert_eq!(allowed(&stack, "d/Test/Project/Role")[3..], [
            "ecr:GetAuthorizationToken on *",
            "ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer on ${repo/Resource.Arn}",
        ]);
    }

    #[test]
    fn there_is_no_new_image_before_the_build_or_with_a_buildspec_of_the_user() {
        let before = with("name: Test, after: source, docker: true, commands: [a]");
        assert_eq!(action(&before, 1)["Configuration"], json!({ "ProjectName": "${d/Test/Project/Resource}" }));
        let own = pipeline("build: {buildspec: a.yml}, stages: [{name: Test, docker: true, commands: [a]}]");
        assert_eq!(action(&own, 2)["Configuration"], json!({ "ProjectName": "${d/Test/Project/Resource}" }));
        assert_eq!(action(&own, 1)["Namespace"], json!(null));
    }

    #[test]
    fn points_at_names_that_cannot_be() {
        assert_eq!(with("name: my tests, commands: [a]").faults(), ["stage-name at `my tests`: `my tests` cannot be the name of a stage"]);
        assert_eq!(with("name: Build, commands: [a]").faults(), ["stage-name at `Build`: every pipeline has a stage `Build`"]);
        assert_eq!(
            pipeline("stages: [{name: T, commands: [a]}, {name: T, commands: [b]}]").faults(),
            ["stage-name at `T`: there are two stages `T`"]
        );
    }

    #[test]
    fn points_at_a_stage_that_does_nothing_or_two_things() {
        assert_eq!(with("name: T").faults(), ["empty-stage at `T`: the stage `T` does nothing"]);
        assert_eq!(with("name: T, approval: false").faults(), ["empty-stage at `T`: the stage `T` does nothing"]);
        assert_eq!(
            with("name: T, commands: [a], approval: true").faults(),
            ["two-stages at `true`: the stage `T` has both commands and an approval"]
        );
    }

    #[test]
    fn points_at_what_an_approval_leaves_without_effect() {
        let stage = "name: T, approval: true, variables: {A: b}, docker: false, permissions: [], image: i, size: small, timeout: 5m";
        let expected = [
            ("{A: b}", "variables"),
            ("false", "docker"),
            ("[]", "permissions"),
            ("i", "image"),
            ("small", "size"),
            ("5m", "timeout"),
        ];
        let expected = expected.map(|(at, name)| format!("no-effect at `{at}`: `{name}` is about commands, and this stage has none"));
        assert_eq!(with(stage).faults(), expected);
    }

    #[test]
    fn points_at_variables_and_times_that_cannot_be() {
        assert_eq!(
            with("name: T, commands: [a], variables: {IMAGE: b}, timeout: 1m").faults(),
            [
                "build-timeout at `1m`: a build may take from 5 minutes to 36 hours",
                "reserved-variable at `b`: the build sets `IMAGE` itself",
            ]
        );
    }

    #[test]
    fn points_at_a_variable_of_the_shell_that_reads_like_a_reference() {
        assert_eq!(with("name: T, commands: ['echo ${HOME}']").faults(), ["unknown-name at `HOME`: `HOME` refers to nothing in this stack"]);
        let buildspec = with("name: T, commands: ['echo $${HOME} $HOME']").properties("d/T/Project/Resource")["Source"]["BuildSpec"].clone();
        assert_eq!(buildspec.as_str().unwrap().lines().last(), Some("        echo ${HOME} $HOME"));
    }
}
