//! What an action of the user's own does: commands that have to succeed, a person who has to agree, a tag for the
//! image, or a look at its vulnerabilities.

use super::{
    action::{Slot, Stages},
    approval::Approval,
    build::Build,
    buildspec,
    project::{self, Project, Size},
    promote::Promote,
    scan::Scan,
};
use crate::{
    kernel::{prelude::*, switch::Switch},
    permission::Permission,
    repository,
};

/// Variables that commands may have.
const SET: &[&str] = &["IMAGE", "REPOSITORY_URI"];

/// Declares a group of properties that ends with those of a step, and gives the [`Step`] they say.
macro_rules! with_step {
    ($(#[doc = $doc:literal])* pub struct $name:ident { $($own:tt)* }) => {
        $crate::properties! {
            $(#[doc = $doc])*
            pub struct $name {
                $($own)*
                /// Commands of the shell that are run on the source, one after the other, until one fails. In them
                /// `$NAME` is a variable of the shell, and `${name.attribute}` something of the stack. A text of
                /// several lines is one command, which succeeds if its last line does.
                commands: Vec<Text>,
                /// Waits until a person approves: `true`, or whom to ask and how.
                approval: Spanned<Switch<Approval>> = "false",
                /// Gives the image that was built another tag, such as `rc`, without building it again.
                promote: Option<Spanned<Promote>>,
                /// Waits for ECR's scan of the image that was built, prints what it found, and fails if that is severe:
                /// `true`, or from which severity on. It takes a Repository that scans images when they are pushed, as
                /// it does by default, with the basic scanning of ECR.
                scan: Spanned<Switch<Scan>> = "false",
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

        impl $name {
            fn step(&self) -> $crate::pipeline::step::Step<'_> {
                $crate::pipeline::step::Step {
                    commands: &self.commands,
                    approval: &self.approval,
                    promote: self.promote.as_ref(),
                    scan: &self.scan,
                    variables: &self.variables,
                    docker: self.docker,
                    permissions: &self.permissions,
                    image: self.image.as_ref(),
                    size: self.size,
                    timeout: self.timeout,
                }
            }
        }
    };
}
pub(super) use with_step;

/// What an action does, as it is written.
pub(super) struct Step<'a> {
    pub(super) commands: &'a [Text],
    pub(super) approval: &'a Spanned<Switch<Approval>>,
    pub(super) promote: Option<&'a Spanned<Promote>>,
    pub(super) scan: &'a Spanned<Switch<Scan>>,
    pub(super) variables: &'a Spanned<IndexMap<String, Spanned<Text>>>,
    pub(super) docker: Spanned<bool>,
    pub(super) permissions: &'a Spanned<Vec<Spanned<Permission>>>,
    pub(super) image: Option<&'a Text>,
    pub(super) size: Spanned<Size>,
    pub(super) timeout: Spanned<Seconds>,
}

/// What does something: a stage, or one of its actions.
#[derive(Clone, Copy)]
pub(super) struct Doer<'a> {
    /// `stage` or `action`.
    pub(super) what: &'static str,
    pub(super) name: &'a str,
    pub(super) span: Span,
    /// Whether it comes before the build.
    pub(super) is_before_the_build: bool,
}

impl Step<'_> {
    /// What it does; there should be one thing.
    fn deeds(&self) -> Vec<(&'static str, Span)> {
        let deeds = [
            ("an approval", self.approval.value.0.is_some().then_some(self.approval.span)),
            ("a promotion", self.promote.map(|it| it.span)),
            ("a scan", self.scan.value.0.is_some().then_some(self.scan.span)),
            ("commands", self.commands.first().map(Text::span)),
        ];
        deeds.into_iter().filter_map(|(deed, span)| Some((deed, span?))).collect()
    }

    /// What is written that is about commands.
    fn about_commands(&self) -> impl Iterator<Item = (&'static str, Span)> {
        let about_commands = [
            ("variables", self.variables.span),
            ("docker", self.docker.span),
            ("permissions", self.permissions.span),
            ("image", self.image.map_or(Span::NOWHERE, Text::span)),
            ("size", self.size.span),
            ("timeout", self.timeout.span),
        ];
        about_commands.into_iter().filter(|(_, span)| span.is_written())
    }

    /// What is written of it, each with the words for it.
    pub(super) fn written(&self) -> Vec<(&'static str, Span)> {
        self.deeds().into_iter().chain(self.about_commands()).collect()
    }

    /// Whether it wants to know the image that was built.
    pub(super) fn uses_image(&self, is_before_the_build: bool, build: &Build) -> bool {
        let asks = self.docker.value || self.promote.is_some() || self.scan.value.0.is_some();
        asks && !is_before_the_build && build.buildspec.is_none()
    }

    /// Reports what is wrong with it in itself.
    pub(super) fn check(&self, doer: Doer<'_>, build: &Build, faults: &mut Vec<Diagnostic>) {
        let Doer { what, name, span, .. } = doer;
        project::check_timeout(self.timeout, faults);
        project::check_variables(&self.variables.value, SET, faults);
        self.permissions.value.iter().for_each(|it| it.value.check(it.span, faults));
        match self.deeds().as_slice() {
            [] => faults.push(
                Diagnostic::error("empty-stage", format!("the {what} `{name}` does nothing"))
                    .at(span)
                    .help("add `commands`, `approval`, `promote` or `scan`"),
            ),
            [(deed, at), (other, other_at), ..] => faults.push(
                Diagnostic::error("two-stages", format!("the {what} `{name}` has both {other} and {deed}"))
                    .label(*at, "")
                    .label(*other_at, format!("the {}", other.trim_start_matches("a ").trim_start_matches("an ")))
                    .help(format!("make it two {what}s")),
            ),
            [_] => self.check_deed(doer, build, faults),
        }
    }

    fn check_deed(&self, doer: Doer<'_>, build: &Build, faults: &mut Vec<Diagnostic>) {
        if self.commands.is_empty() {
            let what = doer.what;
            for (name, span) in self.about_commands() {
                faults.push(
                    Diagnostic::error("no-effect", format!("`{name}` is about commands, and this {what} has none"))
                        .at(span)
                        .help(format!("remove `{name}`")),
                );
            }
        }
        if let Some(approval) = &self.approval.value.0 {
            approval.check(faults);
        }
        if let Some(promote) = self.promote {
            promote.value.check(faults);
            check_image(promote.span, "a promotion", doer.is_before_the_build, build, faults);
        }
        if self.scan.value.0.is_some() {
            check_image(self.scan.span, "a scan", doer.is_before_the_build, build, faults);
        }
    }

    /// Adds the action.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, slot: Slot<'_>, uses_image: bool) {
        if let Some(approval) = &self.approval.value.0 {
            approval.add(scope, stages, slot);
        } else if let Some(promote) = self.promote {
            promote.value.add(scope, stages, slot);
        } else if let Some(scan) = &self.scan.value.0 {
            scan.add(scope, stages, slot, self.scan.span);
        } else {
            self.add_commands(scope, stages, slot, uses_image);
        }
    }

    fn add_commands(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, slot: Slot<'_>, uses_image: bool) {
        let uses_docker = self.docker.value;
        let commands = self.commands.iter().map(|it| scope.text(it)).collect();
        let mut variables = Vec::new();
        let mut allow = stages.bucket.read();
        if uses_docker {
            variables.push(("REPOSITORY_URI".to_owned(), stages.repository.uri.clone()));
            allow.extend(repository::allow_pulling(&stages.repository.arn));
        }
        allow.extend(project::asked(&self.permissions.value, scope));
        variables.extend(project::resolved(&self.variables.value, scope));
        let project = Project {
            image: self.image.map(|it| scope.text(it)),
            architecture: stages.architecture,
            size: self.size.value,
            timeout: Expr::from(self.timeout.value.minutes()).at(self.timeout.span),
            uses_docker,
            variables,
            buildspec: buildspec::of_commands(commands, uses_docker),
            logs: stages.logs,
            allow,
            reports: false,
        };
        stages.run(scope, slot, project, uses_image);
    }
}

/// Reports that there is no image, or none that is known, for what needs it.
pub(super) fn check_image(
    span: Span,
    what: &str,
    is_before_the_build: bool,
    build: &Build,
    faults: &mut Vec<Diagnostic>,
) {
    let fault = |message: String| Diagnostic::error("no-image", message).label(span, "");
    if is_before_the_build {
        let fault = fault(format!("{what} needs the image, which is not built yet"));
        faults.push(fault.help("leave `after: source` out"));
    } else if let Some(buildspec) = &build.buildspec {
        let fault = fault(format!("{what} needs the image, and a buildspec of your own does not say which it made"));
        faults.push(fault.label(buildspec.span, "the buildspec").help("remove `buildspec` from the build"));
    }
}
