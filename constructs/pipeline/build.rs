//! The build: an image of the commit, pushed to the repository that the service takes its images from.

use super::{
    action::{Action, BUILD_ARTIFACT, SOURCE_ARTIFACT, Stages},
    buildspec::{Buildspec, ImageBuild},
    project::{self, Project, Size},
};
use crate::{fargate_service::Permission, kernel::prelude::*, repository, targets::EcsService};

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
        /// The Repository to push to. If absent, the one the service takes its image from.
        repository: Option<Link<repository::Exports>>,
        /// Variables of the build's environment.
        variables: IndexMap<String, Spanned<Text>>,
        /// What the build may do in AWS, beside pushing images to the repository.
        permissions: Vec<Permission>,
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
                faults.push(
                    Diagnostic::error("no-effect", format!("`{name}` is for the generated buildspec, and `buildspec` stands in its place"))
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
                    .help("give the service an image such as `repo:${param.ImageTag}`, or name a Repository in `build: {repository: …}`"))
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
            allow: [bucket.write(), project::allow_pushing(repository), project::asked(&self.permissions, scope)].concat(),
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
