//! Stages of the user's own: commands that have to succeed, or a person who has to agree.

use super::{
    action::{Action, SOURCE_ARTIFACT, Stages},
    build::{self, Build},
    buildspec,
    project::{self, Project, Size},
};
use crate::{
    fargate_service::Permission,
    iam::Allow,
    kernel::{node::NodeKind, prelude::*},
};

const SUBSCRIPTION: ResourceType = ResourceType::new("AWS::SNS::Subscription");
const TOPIC: ResourceType = ResourceType::new("AWS::SNS::Topic");

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
        approval: Option<Spanned<Approval>>,
        /// Variables of the commands' environment.
        variables: Spanned<IndexMap<String, Spanned<Text>>>,
        /// Whether the commands use Docker. They may then pull from the repository of the images, are logged in
        /// to it, and after the build find the new image in `$IMAGE`, unless the build has a buildspec of its own.
        docker: Spanned<bool> = "false",
        /// What the commands may do in AWS.
        permissions: Spanned<Vec<Permission>>,
        /// The image the commands run in. If absent, AWS's, with Amazon Linux.
        image: Option<Text>,
        /// How large a machine they run on. If absent, `small`.
        size: Option<Spanned<Size>>,
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

/// A person who has to agree.
#[derive(Clone, Debug)]
pub struct Approval(pub Request);

properties! {
    /// Whom to ask, and how.
    pub struct Request {
        /// The email addresses that are told that somebody has to decide; each has to confirm once that it
        /// wants to be. If absent, it is to be seen in the console only.
        notify: Vec<Spanned<String>>,
        /// What to tell whoever decides.
        message: Option<Text>,
        /// Where to look before deciding, such as `https://staging.example.com`.
        link: Option<Text>,
    }
}

impl Property for Approval {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.kind {
            NodeKind::Bool(true) => Some(Self(Request { notify: Vec::new(), message: None, link: None })),
            NodeKind::Map(_) => Request::read(node, reader).map(Self),
            _ => reader.mismatch(node, "`true`, or a mapping"),
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Bool, Request::shape()])
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        self.0.names(see);
    }
}

/// Reports what is wrong with stages, each for itself and beside the others.
pub(super) fn check(stages: &[Stage], faults: &mut Vec<Diagnostic>) {
    for (at, stage) in stages.iter().enumerate() {
        let Spanned { value: name, span } = &stage.name;
        let fault = |message| Diagnostic::error("stage-name", message).label(*span, "");
        if !is_stage_name(name) {
            faults.push(fault(format!("`{name}` cannot be the name of a stage")).help("use 1 to 100 letters, digits and `.@_-`"));
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
        match (&self.approval, self.commands.first()) {
            (None, None) => faults.push(
                Diagnostic::error("empty-stage", format!("the stage `{}` does nothing", self.name.value))
                    .at(self.name.span)
                    .help("add `commands`, or `approval: true`"),
            ),
            (Some(approval), Some(command)) => faults.push(
                Diagnostic::error("two-stages", format!("the stage `{}` has both commands and an approval", self.name.value))
                    .label(approval.span, "")
                    .label(command.span(), "the commands")
                    .help("make it two stages"),
            ),
            (Some(approval), None) => {
                approval.value.0.check(faults);
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
            ("size", self.size.map_or(Span::NOWHERE, |it| it.span)),
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
        match &self.approval {
            Some(approval) => approval.value.0.add(scope, stages, &self.name.value),
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
            size: self.size.map_or(Size::Small, |it| it.value),
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

impl Request {
    fn check(&self, faults: &mut Vec<Diagnostic>) {
        for Spanned { value, span } in &self.notify {
            if !value.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.')) {
                faults.push(
                    Diagnostic::error("email-address", format!("`{value}` is not an email address"))
                        .at(*span)
                        .help("write one such as `team@example.com`"),
                );
            }
        }
        if let Some(link) = &self.link
            && link.literal().is_some_and(|it| !it.starts_with("https://") && !it.starts_with("http://"))
        {
            faults.push(
                Diagnostic::error("approval-link", "the link is not a URL")
                    .at(link.span())
                    .help("begin it with `https://`"),
            );
        }
    }

    fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, stage: &str) {
        let topic = (!self.notify.is_empty()).then(|| self.topic(&mut scope.child(stage).child(stage)));
        let has_configuration = topic.is_some() || self.message.is_some() || self.link.is_some();
        let configuration = has_configuration.then(|| object! {
            "NotificationArn" => topic.map(Handle::reference),
            "CustomData" => self.message.as_ref().map(|it| scope.text(it)),
            "ExternalEntityLink" => self.link.as_ref().map(|it| scope.text(it)),
        });
        let allow: Vec<Allow> = topic.iter().map(|it| Allow::new(&["sns:Publish"], [it.reference()])).collect();
        stages.add(scope, stage, Action {
            category: "Approval",
            provider: "Manual",
            ..Action::new(stage, configuration.into())
        }, &allow);
    }

    /// Adds the topic through which people are told.
    fn topic(&self, scope: &mut Scope<'_>) -> Handle {
        let mut scope = scope.child("TopicResource");
        let topic = scope.resource("Resource", TOPIC, object! { "KmsMasterKeyId" => "alias/aws/sns" });
        for address in &self.notify {
            scope.child(&address.value).resource("Resource", SUBSCRIPTION, object! {
                "Endpoint" => address.clone(),
                "Protocol" => "email",
                "TopicArn" => topic.reference(),
            });
        }
        topic
    }
}
