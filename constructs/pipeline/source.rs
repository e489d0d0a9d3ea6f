//! Where the source comes from: a branch of a repository, reached through a connection.

use super::{
    action::{Action, SOURCE_ARTIFACT, Stages, Start},
    triggers::{Paths, PullRequests, Triggers},
};
use crate::{
    iam::Allow,
    kernel::{prelude::*, switch::Switch},
};

/// The name of its stage.
pub(super) const STAGE: &str = "Source";

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
        /// The branch; a push to it starts the pipeline, unless `push` is `false`.
        branch: Text = "main",
        /// The ARN of the connection through which AWS reads the repository. If absent, one is made; somebody
        /// has to complete it once in the console before the pipeline can run.
        connection: Option<Text>,
        /// The files that start the pipeline when a push changes them, such as `[src/**, Dockerfile]`. If
        /// absent, every push does.
        paths: Option<Spanned<Paths>>,
        /// Whether a push to the branch starts the pipeline.
        push: Spanned<bool> = "true",
        /// Whether pull requests start the pipeline too: `true` for those into the branch, or which ones. What they
        /// bring runs with the rights of the build and the stages, so that such a pipeline should deploy nothing.
        /// Its runs then do not wait for each other.
        pull_requests: Spanned<Switch<PullRequests>> = "false",
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
        self.triggers().check(faults);
    }

    fn triggers(&self) -> Triggers<'_> {
        Triggers {
            branch: &self.branch,
            push: self.push,
            paths: self.paths.as_ref(),
            pull_requests: self.pull_requests.value.0.as_ref(),
        }
    }

    fn check_repository(&self, (provider, repository): (Provider, &Spanned<String>), faults: &mut Vec<Diagnostic>) {
        let Spanned { value, span } = repository;
        if !is_repository(value, provider) {
            let fault = format!("`{value}` is no repository on {}", provider.name());
            let fault = Diagnostic::error("repository-name", fault);
            let wanted = from_url(value).filter(|it| is_repository(it, provider)).unwrap_or("owner/repository");
            return faults.push(fault.at(*span).help(format!("write `{wanted}`")));
        }
        if self.connection.is_none() {
            let fault = format!("the connection to {} does nothing until somebody completes it", provider.name());
            faults.push(
                Diagnostic::warning("connection-pending", fault)
                    .at(*span)
                    .help("complete it once in the console, under Developer Tools, or name another in `connection`"),
            );
        }
    }

    /// The ARN of the connection, which is made if none is named.
    pub(super) fn connection(&self, scope: &mut Scope<'_>) -> Expr<Handle> {
        if let Some(connection) = &self.connection {
            return scope.text(connection);
        }
        let name = connection_name(&scope.unique_id());
        let connection = scope.resource("Connection", CONNECTION, object! {
            "ConnectionName" => name,
            "ProviderType" => self.repository().0.name(),
        });
        connection.attribute("ConnectionArn")
    }

    /// Adds the action that fetches the source.
    pub(super) fn add(&self, scope: &mut Scope<'_>, stages: &mut Stages<'_>, connection: &Expr<Handle>) {
        let (provider, repository) = self.repository();
        let configuration = object! {
            "ConnectionArn" => connection.clone(),
            "FullRepositoryId" => repository.clone(),
            "BranchName" => scope.text(&self.branch),
            // Beside a trigger, the action itself would start the pipeline at every push.
            "DetectChanges" => (!self.triggers().are_plain()).then_some(false),
        };
        // The service has two names, and which of them is asked for depends on the age of the connection.
        let connect = Allow::new(
            &["codeconnections:UseConnection", "codestar-connections:UseConnection"],
            [connection.clone()],
        );
        let allow = [&[connect][..], &stages.bucket.write_with_acl()].concat();
        stages.begin(STAGE);
        let action = Action {
            category: "Source",
            provider: "CodeStarSourceConnection",
            output: Some(SOURCE_ARTIFACT),
            ..Action::new(provider.name(), configuration)
        };
        stages.add(scope, action, &allow);
    }

    /// What starts the pipeline, which may deploy something.
    pub(super) fn start(&self, scope: &mut Scope<'_>, deploys: bool) -> Start {
        self.triggers().start(scope, self.repository().0.name(), deploys)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::connection_name;
    use crate::pipeline::tests::{allowed, from};

    const CONNECTION: &str = "connection: 'arn:aws:codeconnections:eu-west-1:111122223333:connection/1'";

    fn faults(source: &str) -> Vec<String> {
        from(source, "deploy: web").faults()
    }

    #[test]
    fn fetches_a_branch_through_a_connection() {
        let stack = from(&format!("gitlab: acme/web/shop, branch: '${{Param}}', {CONNECTION}"), "deploy: web");
        assert_eq!(stack.faults(), [""; 0]);
        assert_eq!(stack.properties("d/Resource")["Stages"][0], json!({
            "Actions": [{
                "ActionTypeId": { "Category": "Source", "Owner": "AWS", "Provider": "CodeStarSourceConnection", "Version": "1" },
                "Configuration": {
                    "ConnectionArn": "arn:aws:codeconnections:eu-west-1:111122223333:connection/1",
                    "FullRepositoryId": "acme/web/shop",
                    "BranchName": "${Param}",
                },
                "Name": "GitLab",
                "OutputArtifacts": [{ "Name": "Source" }],
                "RoleArn": "${d/Source/GitLab/CodePipelineActionRole/Resource.Arn}",
                "RunOrder": 1,
            }],
            "Name": "Source",
        }));
        assert_eq!(allowed(&stack, "d/Source/GitLab/CodePipelineActionRole"), [
            "codeconnections:UseConnection codestar-connections:UseConnection on arn:aws:codeconnections:eu-west-1:111122223333:connection/1",
            "s3:GetBucketAcl s3:GetBucketLocation s3:GetBucketVersioning on ${d/ArtifactsBucket/Resource.Arn}",
            "s3:GetObject s3:GetObjectVersion s3:PutObject s3:PutObjectAcl on ${d/ArtifactsBucket/Resource.Arn}/*",
        ]);
    }

    #[test]
    fn makes_a_connection_if_none_is_named_and_says_what_is_left_to_do() {
        let stack = from("bitbucket: acme/shop", "deploy: web");
        assert_eq!(
            stack.faults(),
            ["connection-pending at `acme/shop`: the connection to Bitbucket does nothing until somebody completes it"]
        );
        assert_eq!(
            stack.properties("d/Connection"),
            json!({ "ConnectionName": "Testd953AEF22", "ProviderType": "Bitbucket" })
        );
        assert_eq!(stack.attribute("d", "connectionArn"), "${d/Connection.ConnectionArn}");
        let configuration = &stack.properties("d/Resource")["Stages"][0]["Actions"][0]["Configuration"];
        assert_eq!(configuration["ConnectionArn"], "${d/Connection.ConnectionArn}");
    }

    #[test]
    fn the_name_of_a_connection_keeps_the_hash() {
        assert_eq!(connection_name("ShopProductionDeliveryPipelineOfTheShop0123ABCD"), "ShopProductionDeliveryPi0123ABCD");
    }

    #[test]
    fn is_one_repository() {
        assert_eq!(faults("branch: main"), ["no-source at `{branch: main}`: the source names no repository"]);
        assert_eq!(
            faults("github: acme/shop, gitlab: acme/web"),
            ["two-sources at `acme/web`: the source names two repositories"]
        );
        let refused = |name: &str| [format!("repository-name at `{name}`: `{name}` is no repository on GitHub")];
        for name in ["shop", "acme/web/shop", "acme/", "https://github.com/acme/shop.git", "git@github.com:acme/shop"] {
            assert_eq!(faults(&format!("github: {name}")), refused(name));
        }
    }

    #[test]
    fn finds_the_repository_in_an_address() {
        assert_eq!(super::from_url("https://github.com/acme/shop.git"), Some("acme/shop"));
        assert_eq!(super::from_url("git@github.com:acme/shop.git"), Some("acme/shop"));
        assert_eq!(super::from_url("shop"), None);
    }

    #[test]
    fn points_at_what_is_no_connection() {
        for arn in ["github", "arn:aws:codeconnections:eu-west-1:111122223333:host/1", "arn:aws:s3:::connection/1"] {
            assert_eq!(
                faults(&format!("github: acme/shop, connection: '{arn}'")),
                [format!("connection-arn at `'{arn}'`: this is not the ARN of a connection")]
            );
        }
        assert_eq!(faults("github: acme/shop, connection: '${Param}'"), [""; 0]);
    }
}
