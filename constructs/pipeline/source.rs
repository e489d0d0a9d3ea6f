//! Where the source comes from: a branch of a repository, reached through a connection.

use super::action::{Action, SOURCE_ARTIFACT, Stages};
use crate::{iam::Allow, kernel::prelude::*};

const CONNECTION: ResourceType = ResourceType::new("AWS::CodeConnections::Connection");

properties! {
    /// A branch of a repository: `{github: acme/shop, branch: main}`.
    pub struct Source {
        /// The repository on GitHub, as `owner/repository`. One of `github`, `gitlab` and `bitbucket` is needed.
        github: Option<Spanned<String>>,
        /// The repository on GitLab, as `group/project`.
        gitlab: Option<Spanned<String>>,
        /// The repository on Bitbucket, as `workspace/repository`.
        bitbucket: Option<Spanned<String>>,
        /// The branch; a push to it starts the pipeline.
        branch: Text = "main",
        /// The ARN of the connection through which AWS reads the repository. If absent, one is made; somebody
        /// has to complete it once in the console before the pipeline can run.
        connection: Option<Text>,
        /// The files that start the pipeline when a push changes them, such as `[src/**, Dockerfile]`. If
        /// absent, every push does.
        paths: Option<Spanned<Paths>>,
    }
}

properties! {
    /// Which files start the pipeline, as patterns: `*` stands for any name, `**` for any folders.
    pub struct Paths from include {
        /// A push that changes one of these starts the pipeline. If absent, any file does.
        include: Vec<String>,
        /// A push that changes nothing but these does not.
        exclude: Vec<String>,
    }
}

/// Who holds the repository.
#[derive(Clone, Copy)]
enum Provider {
    GitHub,
    GitLab,
    Bitbucket,
}

impl Provider {
    /// Its name, as AWS and it itself write it.
    fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Bitbucket => "Bitbucket",
        }
    }
}

impl Source {
    /// The repositories that are written; there should be one.
    fn repositories(&self) -> Vec<(Provider, &Spanned<String>)> {
        let all = [
            (Provider::GitHub, &self.github),
            (Provider::GitLab, &self.gitlab),
            (Provider::Bitbucket, &self.bitbucket),
        ];
        all.into_iter().filter_map(|(provider, it)| Some((provider, it.as_ref()?))).collect()
    }

    fn repository(&self) -> (Provider, &Spanned<String>) {
        self.repositories().into_iter().next().expect("`check` found a repository")
    }

    pub(super) fn check(&self, span: Span, faults: &mut Vec<Diagnostic>) {
        match self.repositories().as_slice() {
            [] => faults.push(
                Diagnostic::error("no-source", "the source names no repository")
                    .at(span)
                    .help("add `github: owner/repository`, or `gitlab:`, or `bitbucket:`"),
            ),
            [one] => self.check_repository(*one, faults),
            [one, other, ..] => faults.push(
                Diagnostic::error("two-sources", "the source names two repositories")
                    .label(other.1.span, "")
                    .label(one.1.span, "the other")
                    .help("keep one of them"),
            ),
        }
        if let Some(connection) = &self.connection
            && connection.literal().is_some_and(|it| !is_connection(it))
        {
            faults.push(
                Diagnostic::error("connection-arn", "this is not the ARN of a connection")
                    .at(connection.span())
                    .help("copy it from the console: Developer Tools, Settings, Connections; or leave `connection` out"),
            );
        }
        if let Some(paths) = &self.paths {
            paths.value.check(paths.span, faults);
        }
    }

    fn check_repository(&self, (provider, repository): (Provider, &Spanned<String>), faults: &mut Vec<Diagnostic>) {
        let Spanned { value, span } = repository;
        if !is_repository(value, provider) {
            let fault = Diagnostic::error("repository-name", format!("`{value}` is no repository on {}", provider.name()));
            let wanted = from_url(value).filter(|it| is_repository(it, provider)).unwrap_or("owner/repository");
            return faults.push(fault.at(*span).help(format!("write `{wanted}`")));
        }
        if self.connection.is_none() {
            let fault = format!("the connection to {} does nothing until somebody completes it", provider.name());
            faults.push(
                Diagnostic::warning("connection-pending", fault)
                    .at(*span)
                    .help("complete it once in the console, under Developer Tools, or name one that exists with `connection`"),
            );
        }
    }

    /// The ARN of the connection, which is made if none is named.
    pub(super) fn connection(&self, scope: &mut Scope<'_>) -> Expr<Handle> {
        match &self.connection {
            Some(connection) => scope.text(connection),
            None => {
                let name = connection_name(&scope.unique_id());
                let connection = scope.resource("Connection", CONNECTION, object! {
                    "ConnectionName" => name,
                    "ProviderType" => self.repository().0.name(),
                });
                connection.attribute("ConnectionArn")
            }
        }
    }

    /// Adds the action that fetches the source.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, connection: &Expr<Handle>) {
        let (provider, repository) = self.repository();
        let configuration = object! {
            "ConnectionArn" => connection.clone(),
            "FullRepositoryId" => repository.clone(),
            "BranchName" => scope.text(&self.branch),
            // Beside a trigger, the action itself would start the pipeline at every push.
            "DetectChanges" => self.paths.is_some().then_some(false),
        };
        // The service has two names, and which of them is asked for depends on the age of the connection.
        let connect = Allow::new(
            &["codeconnections:UseConnection", "codestar-connections:UseConnection"],
            [connection.clone()],
        );
        let allow = [&[connect][..], &stages.bucket.write_with_acl()].concat();
        stages.add(scope, "Source", Action {
            category: "Source",
            provider: "CodeStarSourceConnection",
            output: Some(SOURCE_ARTIFACT),
            ..Action::new(provider.name(), configuration)
        }, &allow);
    }

    /// What starts the pipeline, if it is not every push.
    pub(super) fn triggers(&self, scope: &mut Scope<'_>) -> Option<Expr<Handle>> {
        let Paths { include, exclude } = &self.paths.as_ref()?.value;
        let patterns = |it: &[String]| (!it.is_empty()).then(|| it.to_vec());
        let push = object! {
            "Branches" => object! { "Includes" => list![scope.text(&self.branch)] },
            "FilePaths" => object! { "Excludes" => patterns(exclude), "Includes" => patterns(include) },
        };
        Some(list![object! {
            "GitConfiguration" => object! { "Push" => list![push], "SourceActionName" => self.repository().0.name() },
            "ProviderType" => "CodeStarSourceConnection",
        }])
    }
}

impl Paths {
    fn check(&self, span: Span, faults: &mut Vec<Diagnostic>) {
        const MOST: usize = 8;
        if self.include.is_empty() && self.exclude.is_empty() {
            faults.push(Diagnostic::error("no-effect", "no pattern is given").at(span).help("add one, or remove `paths`"));
        }
        if self.include.len() > MOST || self.exclude.len() > MOST {
            faults.push(
                Diagnostic::error("too-many-paths", format!("a pipeline takes at most {MOST} patterns to include and {MOST} to exclude"))
                    .at(span)
                    .help("join some of them with `**`"),
            );
        }
    }
}

fn is_connection(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let service = (parts.next(), parts.next(), parts.next());
    let is_service = matches!(service, (Some("arn"), Some(_), Some("codeconnections" | "codestar-connections")));
    is_service && parts.nth(2).is_some_and(|it| it.starts_with("connection/"))
}

/// Groups on GitLab may lie in groups.
fn is_repository(text: &str, provider: Provider) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let is_name = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_alphanumeric() || "-_.".contains(it));
    parts.iter().all(|it| is_name(it))
        && match provider {
            Provider::GitHub | Provider::Bitbucket => parts.len() == 2,
            Provider::GitLab => parts.len() >= 2,
        }
}

/// The `owner/repository` in an address such as `https://github.com/owner/repository.git`.
fn from_url(text: &str) -> Option<&str> {
    let path = match text.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        None => text.split_once(':')?.1,
    };
    Some(path.trim_end_matches('/').trim_end_matches(".git"))
}

/// A name has at most 32 characters, and is to be unique in the account; the hash of the path comes last.
fn connection_name(unique_id: &str) -> String {
    const LONGEST: usize = 32;
    const HASH: usize = 8;
    if unique_id.len() <= LONGEST {
        return unique_id.to_owned();
    }
    let (human, hash) = unique_id.split_at(unique_id.len() - HASH);
    format!("{}{hash}", &human[..LONGEST - HASH])
}
