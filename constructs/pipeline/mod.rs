//! A pipeline that builds an image of every commit and deploys it to a service on ECS.
//!
//! Laid out as the CDK's `Pipeline`, its build as the CDK's `PipelineProject`, path for path.

mod action;
mod bucket;
mod build;
mod buildspec;
mod deploy;
mod project;
mod source;
mod stages;

use crate::{kernel::prelude::*, logs::Retention};
use action::Stages;
use bucket::Artifacts;
use build::Build;
use deploy::Deploy;
use source::Source;
use stages::{After, Stage};

properties! {
    /// A pipeline that builds an image of every commit to a branch and deploys it to a service on ECS.
    ///
    /// It has the stages Source, Build and Deploy, and those of `stages`; if one fails, the service goes on
    /// with the image it has.
    pub struct Pipeline {
        /// Its name. If absent, CloudFormation makes one that is unique; with a name, two environments in one
        /// account need two names.
        name: Option<Text>,
        /// Where the source comes from: `{github: acme/shop, branch: main}`.
        source: Spanned<Source>,
        /// How the image is built.
        build: Build = "{}",
        /// Further stages, such as tests or an approval.
        stages: Vec<Stage>,
        /// The service that gets the image.
        deploy: Deploy,
        /// What the actions hand on to each other.
        artifacts: Artifacts = "{}",
        /// For how many days the output of builds and commands is kept, one of the numbers CloudWatch knows.
        logs: Retention = "30",
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
        self.source.value.check(self.source.span, faults);
        self.build.check(faults);
        stages::check(&self.stages, faults);
        self.deploy.check(faults);
        self.artifacts.check(faults);
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let service = scope.find(&self.deploy.service)?;
        let repository = self.build.repository(scope, &service, &self.deploy.service.name)?;
        let name = self.name.as_ref().map(|it| scope.text(it));

        let connection = self.source.value.connection(scope);
        let bucket = self.artifacts.build(scope);
        let mut stages = Stages::new(scope, bucket, &service, &repository, self.logs);

        self.source.value.add(scope, &mut stages, &connection);
        self.add_stages(After::Source, scope, &mut stages);
        let exports_image = self.stages.iter().any(|it| it.uses_image(&self.build));
        let project = self.build.add(scope, &mut stages, exports_image);
        self.add_stages(After::Build, scope, &mut stages);
        self.deploy.add(scope, &mut stages);
        self.add_stages(After::Deploy, scope, &mut stages);

        let triggers = self.source.value.triggers(scope);
        let pipeline = stages.finish(scope, name, triggers);
        Ok(Exports {
            name: pipeline.reference(),
            arn: Expr::arn("codepipeline", [pipeline.reference()]),
            bucket_name: bucket.name(),
            project_name: project.reference(),
            connection_arn: connection,
        })
    }
}

impl Pipeline {
    /// Adds the stages that come after `after`.
    fn add_stages(&self, after: After, scope: &mut Scope<'_>, stages: &mut Stages<'_>) {
        for stage in self.stages.iter().filter(|it| it.after == after) {
            stage.add(scope, stages, &self.build);
        }
    }
}
