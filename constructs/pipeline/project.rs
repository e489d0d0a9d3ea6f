//! A project of CodeBuild: a machine that runs commands for the pipeline, with the least rights that works.

use crate::{
    iam::{self, Allow},
    kernel::prelude::*,
    logs::Logs,
    permission::Permission,
    targets::Architecture,
};

const PROJECT: ResourceType = ResourceType::new("AWS::CodeBuild::Project");

/// Where AWS keeps the images it made for CodeBuild.
const AWS_IMAGES: &str = "aws/codebuild/";

choices! {
    /// How large the machine is that a build runs on.
    pub enum Size {
        /// 2 CPUs and 4 GB of memory.
        Small,
        /// 4 CPUs and 8 GB of memory.
        Medium,
        /// 8 CPUs and 16 GB of memory.
        Large,
        /// 36 CPUs and 72 GB of memory.
        Xlarge,
    }
}

/// What a project of CodeBuild is told.
pub(super) struct Project<'a> {
    pub(super) image: Option<Expr<Handle>>,
    pub(super) architecture: Architecture,
    pub(super) size: Size,
    pub(super) timeout: Expr<Handle>,
    pub(super) uses_docker: bool,
    pub(super) variables: Vec<(String, Expr<Handle>)>,
    pub(super) buildspec: Expr<Handle>,
    pub(super) logs: &'a Logs,
    /// What it may do, beside writing its log.
    pub(super) allow: Vec<Allow>,
    /// Whether its buildspec may report the results of tests.
    pub(super) reports: bool,
}

impl<'a> Project<'a> {
    /// A small machine without Docker, for a few calls to AWS.
    pub(super) fn small(buildspec: Expr<Handle>, logs: &'a Logs) -> Self {
        Self {
            image: None,
            architecture: Architecture::X86_64,
            size: Size::Small,
            timeout: 10.into(),
            uses_docker: false,
            variables: Vec::new(),
            buildspec,
            logs,
            allow: Vec::new(),
            reports: false,
        }
    }

    /// Adds it under `scope`; gives the project, and its policy.
    pub(super) fn build(self, scope: &mut Scope<'_>) -> (Handle, Vec<Handle>) {
        // The project needs the role, so that the role cannot name the project.
        let projects = Expr::arn("codebuild", ["project/*".into()]);
        let role = iam::service_role_for(scope, "Role", "codebuild.amazonaws.com", projects);
        let log_group = self.logs.group(scope, "LogGroup");
        let is_arm = self.architecture == Architecture::Arm64;
        let image = self.image.unwrap_or(Expr::from(match self.architecture {
            Architecture::X86_64 => "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            Architecture::Arm64 => "aws/codebuild/amazonlinux-aarch64-standard:3.0",
        }));
        let is_aws_image = image.first_text().is_some_and(|it| it.starts_with(AWS_IMAGES));
        let variables = self.variables.into_iter().map(|(name, value)| {
            object! { "Name" => name, "Type" => "PLAINTEXT", "Value" => value }
        });
        let variables: Vec<Expr<Handle>> = variables.collect();
        let project = scope.resource("Resource", PROJECT, object! {
            "Artifacts" => object! { "Type" => "CODEPIPELINE" },
            "Cache" => object! { "Type" => "NO_CACHE" },
            "EncryptionKey" => "alias/aws/s3",
            "Environment" => object! {
                "ComputeType" => match self.size {
                    Size::Small => "BUILD_GENERAL1_SMALL",
                    Size::Medium => "BUILD_GENERAL1_MEDIUM",
                    Size::Large => "BUILD_GENERAL1_LARGE",
                    Size::Xlarge => "BUILD_GENERAL1_XLARGE",
                },
                "EnvironmentVariables" => (!variables.is_empty()).then_some(variables),
                "Image" => image,
                "ImagePullCredentialsType" => if is_aws_image { "CODEBUILD" } else { "SERVICE_ROLE" },
                "PrivilegedMode" => self.uses_docker,
                "Type" => if is_arm { "ARM_CONTAINER" } else { "LINUX_CONTAINER" },
            },
            "LogsConfig" => object! {
                "CloudWatchLogs" => object! { "GroupName" => log_group.reference(), "Status" => "ENABLED" },
            },
            "ServiceRole" => role.attribute("Arn"),
            "Source" => object! { "BuildSpec" => self.buildspec, "Type" => "CODEPIPELINE" },
            "TimeoutInMinutes" => self.timeout,
        });
        let mut allow = vec![Allow::new(&["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.attribute("Arn")])];
        if self.reports {
            allow.push(Allow::new(
                &[
                    "codebuild:BatchPutCodeCoverages",
                    "codebuild:BatchPutTestCases",
                    "codebuild:CreateReport",
                    "codebuild:CreateReportGroup",
                    "codebuild:UpdateReport",
                ],
                [Expr::arn("codebuild", ["report-group/".into(), project.reference(), "-*".into()])],
            ));
        }
        allow.extend(self.allow);
        let policy = iam::allow(scope, "Role", role, &allow);
        (project, policy.into_iter().collect())
    }
}

/// To run a project.
pub(super) fn allow_running(project: Handle) -> Allow {
    Allow::new(
        &["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"],
        [project.attribute("Arn")],
    )
}

/// What the user asks for.
pub(super) fn asked(permissions: &[Spanned<Permission>], scope: &mut Scope<'_>) -> Vec<Allow> {
    permissions.iter().map(|it| it.value.statement(scope)).collect()
}

/// Reports a time that CodeBuild does not take.
pub(super) fn check_timeout(timeout: Spanned<Seconds>, faults: &mut Vec<Diagnostic>) {
    const SHORTEST: u32 = 5;
    const LONGEST: u32 = 36 * 60;
    if !(SHORTEST..=LONGEST).contains(&timeout.value.minutes()) {
        faults.push(
            Diagnostic::error("build-timeout", "a build may take from 5 minutes to 36 hours")
                .at(timeout.span)
                .help("write a time such as `10m`"),
        );
    }
}

/// Reports names that no variable can have, and those of variables that have another value.
pub(super) fn check_variables(variables: &IndexMap<String, Spanned<Text>>, set: &[&str], faults: &mut Vec<Diagnostic>) {
    for (name, value) in variables {
        let starts_well = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
        if !starts_well || !name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') {
            faults.push(
                Diagnostic::error("variable-name", format!("`{name}` cannot be the name of a variable"))
                    .at(value.span)
                    .help("use letters, digits and `_`, and begin with a letter"),
            );
        } else if name.starts_with("CODEBUILD_") || set.contains(&name.as_str()) {
            faults.push(
                Diagnostic::error("reserved-variable", format!("the build sets `{name}` itself"))
                    .at(value.span)
                    .help("give it another name"),
            );
        }
    }
}

/// The values of variables, their references resolved.
pub(super) fn resolved(variables: &IndexMap<String, Spanned<Text>>, scope: &mut Scope<'_>) -> Vec<(String, Expr<Handle>)> {
    variables.iter().map(|(name, value)| (name.clone(), scope.text(&value.value))).collect()
}
