//! Stages of the user's own: what has to happen before the build, between it and the deployment, or after that.

use super::{
    action::{Slot, Stages},
    approval::Approval,
    build::Build,
    deploy,
    project::Size,
    promote::Promote,
    scan::Scan,
    source,
    step::{Doer, with_step},
};
use crate::{
    kernel::{prelude::*, switch::Switch},
    permission::Permission,
};

with_step! {
    /// A stage of the pipeline: `commands` that have to succeed, an `approval`, a tag to `promote` the image to, a
    /// `scan` of it, or several `actions`. If it fails, what comes after it does not happen.
    pub struct Stage {
        /// Its name.
        name: Spanned<String>,
        /// After which stage it comes. Stages after the same one keep the order they are written in.
        after: Spanned<After> = "build",
        /// Several actions by their names, each with what a stage of one action takes. They run side by side, unless
        /// one has another `order`.
        actions: IndexMap<String, Spanned<StageAction>>,
    }
}

with_step! {
    /// An action of a stage: `commands` that have to succeed, an `approval`, a tag to `promote` the image to, or a
    /// `scan` of it.
    pub struct StageAction {
        /// When it runs: after all actions of the stage with a lower number, and side by side with those that have
        /// the same.
        order: Spanned<u32> = "1",
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

/// Reports what is wrong with stages, each for itself and beside the others; `deploys` says whether the pipeline does.
pub(super) fn check(stages: &[Stage], build: &Build, deploys: bool, faults: &mut Vec<Diagnostic>) {
    let mut own = vec![source::STAGE, build.name.value.as_str()];
    own.extend(deploys.then_some(deploy::STAGE));
    for (at, stage) in stages.iter().enumerate() {
        let Spanned { value: name, span } = &stage.name;
        let fault = |message| Diagnostic::error("stage-name", message).label(*span, "");
        if !is_stage_name(name) {
            faults.push(bad_name("a stage", name).at(*span));
        } else if own.contains(&name.as_str()) {
            faults.push(fault(format!("every pipeline has a stage `{name}`")).help("choose another name"));
        } else if let Some(first) = stages[..at].iter().find(|it| it.name.value == *name) {
            let fault = fault(format!("there are two stages `{name}`")).label(first.name.span, "the first");
            faults.push(fault.help("rename one of them"));
        }
        if stage.after.value == After::Deploy && !deploys {
            faults.push(
                Diagnostic::error("no-deployment", "nothing comes after the deployment of a pipeline that deploys nothing")
                    .at(stage.after.span)
                    .help("write `after: build`, or add `deploy` to the pipeline"),
            );
        }
        stage.check(build, faults);
    }
}

/// Whether CodePipeline takes a name for a stage or an action.
pub(super) fn is_stage_name(name: &str) -> bool {
    (1..=100).contains(&name.len()) && name.chars().all(|it| it.is_ascii_alphanumeric() || ".@_-".contains(it))
}

/// The fault of a name that CodePipeline does not take for `what`.
pub(super) fn bad_name(what: &str, name: &str) -> Diagnostic {
    Diagnostic::error("stage-name", format!("`{name}` cannot be the name of {what}"))
        .help("use 1 to 100 letters, digits and `.@_-`")
}

impl Stage {
    fn is_before_the_build(&self) -> bool {
        self.after.value == After::Source
    }

    /// Whether it has people agree before the pipeline goes on.
    pub(super) fn asks_people(&self) -> bool {
        let mut steps = self.actions.values().map(|it| it.value.step());
        self.approval.value.0.is_some() || steps.any(|it| it.approval.value.0.is_some())
    }

    /// Whether it wants to know the image that was built.
    pub(super) fn uses_image(&self, build: &Build) -> bool {
        let mut steps = self.actions.values().map(|it| it.value.step()).chain([self.step()]);
        steps.any(|it| it.uses_image(self.is_before_the_build(), build))
    }

    fn check(&self, build: &Build, faults: &mut Vec<Diagnostic>) {
        let is_before_the_build = self.is_before_the_build();
        let Some((_, first)) = self.actions.first() else {
            let Spanned { value: name, span } = &self.name;
            let doer = Doer { what: "stage", name, span: *span, is_before_the_build };
            return self.step().check(doer, build, faults);
        };
        for (word, span) in self.step().written() {
            let fault = format!("the stage `{}` has `actions`, and {word} beside them", self.name.value);
            faults.push(
                Diagnostic::error("beside-actions", fault)
                    .label(span, "")
                    .label(first.span, "the first of its actions")
                    .help("move it into an action"),
            );
        }
        for (name, Spanned { value: action, span }) in &self.actions {
            if !is_stage_name(name) {
                faults.push(bad_name("an action", name).at(*span));
            }
            if !(1..=999).contains(&action.order.value) {
                faults.push(
                    Diagnostic::error("action-order", "the actions of a stage have an order from 1 to 999")
                        .at(action.order.span)
                        .help("begin with `1`"),
                );
            }
            action.step().check(Doer { what: "action", name, span: *span, is_before_the_build }, build, faults);
        }
    }

    /// Adds the stage.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, build: &Build) {
        let stage = self.name.value.as_str();
        let is_before_the_build = self.is_before_the_build();
        stages.begin(stage);
        if self.actions.is_empty() {
            let step = self.step();
            step.add(scope, stages, Slot::whole(stage), step.uses_image(is_before_the_build, build));
        }
        for (action, Spanned { value, .. }) in &self.actions {
            let step = value.step();
            let slot = Slot { stage, action, order: value.order, is_whole: false };
            step.add(scope, stages, slot, step.uses_image(is_before_the_build, build));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        pipeline::tests::{allowed, build_only, pipeline},
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

    /// The actions of a stage, each with its project, its image and its order.
    fn actions(stack: &Stack, stage: usize) -> Vec<String> {
        let actions = stack.properties("d/Resource")["Stages"][stage]["Actions"].clone();
        let show = |it: &Value| {
            let variables = it["Configuration"]["EnvironmentVariables"].as_str().unwrap_or("-");
            format!("{} {} {variables} {}", it["Name"], it["Configuration"]["ProjectName"], it["RunOrder"])
        };
        actions.as_array().expect("actions").iter().map(show).collect()
    }

    #[test]
    fn lint_and_tests_run_side_by_side_in_the_image_that_was_built() {
        let stack = with(
            r#"name: Test, actions: {
                Lint: {docker: true, commands: ['docker run --rm --entrypoint flake8 "$IMAGE" -v']},
                UnitTest: {docker: true, commands: ['docker run --rm --entrypoint pytest "$IMAGE"']},
                Look: {approval: {message: look}, order: 2}}"#,
        );
        assert_eq!(stack.faults(), [""; 0]);
        let image = r##"[{"name":"IMAGE","type":"PLAINTEXT","value":"#{Build.IMAGE}"}]"##;
        assert_eq!(actions(&stack, 2), [
            format!(r#""Lint" "${{d/Test/Lint/Project/Resource}}" {image} 1"#),
            format!(r#""UnitTest" "${{d/Test/UnitTest/Project/Resource}}" {image} 1"#),
            r#""Look" null - 2"#.to_owned(),
        ]);
        let buildspecs = stack.resources().into_iter().filter(|(_, kind)| kind == "AWS::CodeBuild::Project");
        let built: usize = buildspecs
            .map(|(path, _)| stack.properties(&path)["Source"]["BuildSpec"].as_str().unwrap().matches("docker build").count())
            .sum();
        assert_eq!(built, 1);
        let roles = ["Test/Lint", "Test/UnitTest", "Test/Look"].map(|it| format!("d/{it}/CodePipelineActionRole/Resource"));
        let trusted = |path: &String| stack.properties(path)["AssumeRolePolicyDocument"]["Statement"][0]["Principal"].clone();
        assert!(roles.iter().all(|it| trusted(it) == json!({ "AWS": "${d/Role/Resource.Arn}" })));
    }

    #[test]
    fn lint_and_tests_may_come_before_the_build() {
        let stack = with("name: Check, after: source, actions: {Lint: {commands: [flake8]}, UnitTest: {commands: [pytest]}}");
        assert_eq!(stack.faults(), [""; 0]);
        assert_eq!(actions(&stack, 1), [
            r#""Lint" "${d/Check/Lint/Project/Resource}" - 1"#,
            r#""UnitTest" "${d/Check/UnitTest/Project/Resource}" - 1"#,
        ]);
    }

    #[test]
    fn an_acceptance_test_calls_what_was_deployed() {
        let stack = with(
            r#"name: Acceptance, after: deploy, variables: {URL: '${web.url}'},
               commands: ['curl --fail --silent --retry 5 "$URL/time" | grep --quiet timestamp']"#,
        );
        assert_eq!(stack.faults(), [""; 0]);
        let stages = stack.properties("d/Resource")["Stages"].clone();
        assert_eq!((&stages[2]["Name"], &stages[3]["Name"]), (&json!("Deploy"), &json!("Acceptance")));
        let project = stack.properties("d/Acceptance/Project/Resource");
        assert_eq!(project["Environment"]["EnvironmentVariables"], json!([
            { "Name": "URL", "Type": "PLAINTEXT", "Value": "http://${web/LB/Resource.DNSName}" },
        ]));
        let buildspec = project["Source"]["BuildSpec"].as_str().unwrap();
        assert_eq!(
            buildspec.lines().last().map(str::trim),
            Some(r#"curl --fail --silent --retry 5 "$URL/time" | grep --quiet timestamp"#)
        );
    }

    #[test]
    fn points_at_what_stands_beside_actions_or_is_none() {
        assert_eq!(
            with("name: T, commands: [a], docker: true, actions: {A: {commands: [b]}}").faults(),
            [
                "beside-actions at `a`: the stage `T` has `actions`, and commands beside them",
                "beside-actions at `true`: the stage `T` has `actions`, and docker beside them",
            ]
        );
        assert_eq!(
            with("name: T, actions: {my lint: {commands: [b], order: 0}, B: {}, C: {commands: [c], scan: true}}").faults(),
            [
                "stage-name at `{commands: [b], order: 0}`: `my lint` cannot be the name of an action",
                "action-order at `0`: the actions of a stage have an order from 1 to 999",
                "empty-stage at `{}`: the action `B` does nothing",
                "two-stages at `true`: the action `C` has both commands and a scan",
            ]
        );
        assert_eq!(
            with("name: T, actions: {A: {approval: true, docker: true}}").faults(),
            ["no-effect at `true`: `docker` is about commands, and this action has none"]
        );
    }

    #[test]
    fn nothing_comes_after_a_deployment_that_is_not_there() {
        let stack = build_only("stages: [{name: Deploy, commands: [a]}, {name: T, after: deploy, commands: [b]}]");
        assert_eq!(
            stack.faults(),
            ["no-deployment at `deploy`: nothing comes after the deployment of a pipeline that deploys nothing"]
        );
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
