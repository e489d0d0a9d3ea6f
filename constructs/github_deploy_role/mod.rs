//! A role that GitHub Actions takes on to deploy, without a key that could leak.

use crate::{
    grants::Grants,
    iam,
    kernel::{expr::ExprKind, prelude::*, shape::Choice},
    permission::Permission,
};

const PROVIDER: ResourceType = ResourceType::new("AWS::IAM::OIDCProvider");
const ROLE: ResourceType = ResourceType::new("AWS::IAM::Role");

/// Where GitHub's tokens come from.
const URL: &str = "https://token.actions.githubusercontent.com";
/// How the ARN of that as an identity provider ends.
const PROVIDER_ID: &str = ":oidc-provider/token.actions.githubusercontent.com";
/// Whom a token is for.
const AUDIENCE: &str = "sts.amazonaws.com";

properties! {
    /// A role that GitHub Actions takes on to deploy, without a key that could leak.
    ///
    /// A run proves by a token of GitHub's what it runs for, and gets credentials for the length of a session. Give each
    /// kind of run a role of its own: a pull request needs less than a deployment.
    pub struct GithubDeployRole {
        /// The repository whose workflows may take it on, in the case in which GitHub shows it: `acme/shop`; or all that
        /// fit, `acme/shop-*`. For a repository that was made or renamed since July 15, 2026, with the ids of owner and
        /// repository, `acme@123456/shop@456789`: GitHub then names it so, and
        /// `gh api repos/acme/shop/actions/oidc/customization/sub` shows it.
        repository: Spanned<String>,
        /// The branch a run has to be for, `main`; `*` stands for any text, as in `release/*`.
        branch: Option<Spanned<String>>,
        /// The environment of GitHub a job has to name, `prod`. A job that names one fits no `branch` and no `tag`; say
        /// in the environment's own settings which may deploy to it.
        environment: Option<Spanned<String>>,
        /// The tag a run has to be for; `*` stands for any text, as in `v*`.
        tag: Option<Spanned<String>>,
        /// Whether it is for runs of pull requests, which anybody who may push to the repository can change.
        pull_requests: Spanned<bool> = "false",
        /// GitHub as the account knows it, of which an account has one only: `create` adds it to this stack, and with
        /// the stack it goes; `existing` is the one that the account has; an ARN names it, such as `${ci.providerArn}`
        /// of the role that creates it.
        provider: Spanned<Provider> = "create",
        /// Policies that say what it may do: the name of one of AWS's, such as `ReadOnlyAccess`, or an ARN.
        managed_policies: Vec<Text>,
        /// What it may do with other constructs: `{repo: readWrite}` is to pull and push images.
        grants: Grants,
        /// What else it may do: `[{actions: ["sts:AssumeRole"], resources: ["arn:aws:iam::111122223333:role/cdk-*"]}]`.
        permissions: Vec<Spanned<Permission>>,
        /// How long credentials may be asked to hold, from `1h` to `12h`. If absent, an hour.
        max_session: Option<Spanned<Seconds>>,
    }
}

/// The identity provider that stands for GitHub in the account.
#[derive(Clone, Debug)]
pub enum Provider {
    /// A new one.
    Create,
    /// The one the account has.
    Existing,
    /// The one with this ARN.
    Arn(Text),
}

impl Property for Provider {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.as_str() {
            Some("create") => Some(Self::Create),
            Some("existing") => Some(Self::Existing),
            _ => Text::read(node, reader).map(Self::Arn),
        }
    }

    fn shape() -> Shape {
        let create = Choice { word: "create", docs: "A new one, in this stack." };
        let existing = Choice { word: "existing", docs: "The one that the account has." };
        let arn = Shape::text("the ARN of one");
        Shape::Either(vec![Shape::Choice(vec![create, existing]), arn])
    }

    fn names<'a>(&'a self, see: &mut dyn FnMut(&'a Name)) {
        if let Self::Arn(arn) = self {
            arn.names(see);
        }
    }
}

exports! {
    /// What other constructs may use of a [`GithubDeployRole`].
    pub struct Exports {
        /// Its ARN, which a workflow names as `role-to-assume`.
        arn: Expr<Handle>,
        /// Its name.
        name: Expr<Handle>,
        /// The ARN of the identity provider, for another role.
        provider_arn: Expr<Handle>,
    }
}

impl Target for Exports {
    const WHAT: &'static str = "a GithubDeployRole";
}

impl Construct for GithubDeployRole {
    const KIND: &'static str = "GithubDeployRole";
    const EXAMPLE: &'static str = include_str!("github_deploy_role.yaml");

    type Exports = Exports;

    fn check(&self, faults: &mut Vec<Diagnostic>) {
        faults.extend(fault_of_repository(&self.repository.value).map(|it| it.at(self.repository.span)));
        self.check_run(faults);
        for (what, name) in [("branch", &self.branch), ("tag", &self.tag)] {
            faults.extend(name.as_ref().and_then(|it| Some(fault_of_ref(what, &it.value)?.at(it.span))));
        }
        if let Provider::Arn(arn) = &self.provider.value
            && arn.literal().is_some_and(|it| !it.ends_with(PROVIDER_ID))
        {
            faults.push(
                Diagnostic::error("github-provider", "this is not the ARN of GitHub as an identity provider")
                    .at(self.provider.span)
                    .help(format!("write `create`, `existing`, or an ARN that ends with `{PROVIDER_ID}`")),
            );
        }
        for policy in &self.managed_policies {
            faults.extend(fault_of_policy(policy).map(|it| it.at(policy.span())));
        }
        self.permissions.iter().for_each(|it| it.value.check(it.span, faults));
        if let Some(session) = self.max_session
            && !(3600..=12 * 3600).contains(&session.value.0)
        {
            faults.push(
                Diagnostic::error("session-length", "a session of a role may be let last from 1 to 12 hours")
                    .at(session.span)
                    .help("write a time such as `2h`"),
            );
        }
    }

    fn build(&self, scope: &mut Scope<'_>) -> Result<Exports, Diagnostic> {
        let provider_arn = self.provider_arn(scope)?;
        let policies: Vec<Expr<Handle>> = self.managed_policies.iter().map(|it| policy_arn(scope, it)).collect();
        let trust = object! {
            "Action" => "sts:AssumeRoleWithWebIdentity",
            "Condition" => self.condition(),
            "Effect" => "Allow",
            "Principal" => object! { "Federated" => provider_arn.clone() },
        };
        let role = scope.resource("Resource", ROLE, object! {
            "AssumeRolePolicyDocument" => iam::document(vec![trust]),
            "ManagedPolicyArns" => (!policies.is_empty()).then_some(policies),
            "MaxSessionDuration" => self.max_session.map(|it| Expr::from(it.value.0).at(it.span)),
        });
        let mut permissions = self.grants.outside(scope);
        permissions.extend(self.permissions.iter().map(|it| it.value.statement(scope)));
        iam::allow_here(scope, role, &permissions);
        Ok(Exports { arn: role.attribute("Arn"), name: role.reference(), provider_arn })
    }
}

impl GithubDeployRole {
    /// What is said of the runs that may take it on: the property, its place, and how GitHub puts it in the
    /// `sub` of a token. Its documentation has them all under "Example subject claims".
    fn runs(&self) -> Vec<(&'static str, Span, String)> {
        let branch = self.branch.as_ref().map(|it| ("branch", it.span, format!("ref:refs/heads/{}", it.value)));
        // A colon would begin another part, and so GitHub writes another sign for it.
        let environment = self
            .environment
            .as_ref()
            .map(|it| ("environment", it.span, format!("environment:{}", it.value.replace(':', "%3A"))));
        let tag = self.tag.as_ref().map(|it| ("tag", it.span, format!("ref:refs/tags/{}", it.value)));
        let pull_requests = self.pull_requests;
        let pull_requests =
            pull_requests.value.then(|| ("pullRequests", pull_requests.span, "pull_request".to_owned()));
        [branch, environment, tag, pull_requests].into_iter().flatten().collect()
    }

    /// Reports a role for no run, for several kinds, and for any.
    fn check_run(&self, faults: &mut Vec<Diagnostic>) {
        let runs = self.runs();
        match runs.as_slice() {
            [] => faults.push(
                Diagnostic::error("github-run", "nothing says which runs may take on the role")
                    .help("add `branch: main`, `environment: prod`, `tag: v*` or `pullRequests: true`"),
            ),
            [_] => (),
            [(first, at, _), (second, span, _), ..] => faults.push(
                Diagnostic::error("github-run", format!("the role is for `{first}` and for `{second}`"))
                    .label(*span, "")
                    .label(*at, "the other")
                    .help("make a role for each, the second with `provider: ${name.providerArn}` of the first"),
            ),
        }
        for named in [&self.branch, &self.environment, &self.tag].into_iter().flatten() {
            if named.value == "*" {
                faults.push(
                    Diagnostic::warning("github-any", "whoever may push to the repository can take on the role")
                        .at(named.span)
                        .help("name one, or those of a pattern that GitHub protects"),
                );
            }
        }
        if self.repository.value.ends_with("/*") {
            faults.push(
                Diagnostic::warning("github-any", "whoever may make a repository there can take on the role")
                    .at(self.repository.span)
                    .help("name the repository"),
            );
        }
        if let Some(environment) = self.environment.as_ref().filter(|it| it.value.is_empty()) {
            let fault = Diagnostic::error("github-ref", "an environment has a name");
            faults.push(fault.at(environment.span).help("write it, such as `prod`"));
        }
    }

    /// Whom the token has to be for, and from which run. A token of any run of anybody is signed by the same provider.
    fn condition(&self) -> Expr<Handle> {
        let runs = self.runs();
        let (_, span, run) = runs.first().expect("a role for no run is a fault");
        let subject = format!("repo:{}:{run}", self.repository.value);
        let is_pattern = subject.contains('*');
        let subject = Expr::<Handle>::from(subject).at(*span);
        if is_pattern {
            object! {
                "StringEquals" => object! { "token.actions.githubusercontent.com:aud" => AUDIENCE },
                "StringLike" => object! { "token.actions.githubusercontent.com:sub" => subject },
            }
        } else {
            object! {
                "StringEquals" => object! {
                    "token.actions.githubusercontent.com:aud" => AUDIENCE,
                    "token.actions.githubusercontent.com:sub" => subject,
                },
            }
        }
    }

    /// The ARN of the identity provider, which is added if it is to be.
    fn provider_arn(&self, scope: &mut Scope<'_>) -> Result<Expr<Handle>, Diagnostic> {
        match &self.provider.value {
            Provider::Arn(arn) => Ok(scope.text(arn)),
            Provider::Existing => Ok(text![
                "arn:",
                Expr::pseudo("AWS::Partition"),
                ":iam::",
                Expr::pseudo("AWS::AccountId"),
                PROVIDER_ID,
            ]),
            Provider::Create => {
                let span = self.provider.span.or(self.repository.span);
                scope.claim("identity provider", URL.into(), span).map_err(|before| {
                    Diagnostic::error("second-provider", "another role creates the provider, of which an account has one")
                        .label(span, "")
                        .label(before, "this one")
                        .help("write `provider: ${name.providerArn}`, with the name of the other role")
                })?;
                let provider = scope.child("Provider").resource("Resource", PROVIDER, object! {
                    "ClientIdList" => list![AUDIENCE],
                    "Url" => URL,
                });
                Ok(provider.attribute("Arn"))
            }
        }
    }
}

/// What is wrong with a repository: a name that is none, or an owner that is not one.
fn fault_of_repository(text: &str) -> Option<Diagnostic> {
    let fault = |message: String| Diagnostic::error("github-repository", message);
    let no_repository = || {
        let message = format!("`{text}` is no repository of GitHub");
        Some(fault(message).help("write owner and name, such as `acme/shop` or `acme@123456/shop@456789`"))
    };
    let Some((owner, name)) = text.split_once('/') else { return no_repository() };
    let split = |it: &str| match it.split_once('@') {
        Some((name, id)) => (name.to_owned(), Some(id.to_owned())),
        None => (it.to_owned(), None),
    };
    let ((owner, owner_id), (name, id)) = (split(owner), split(name));
    if owner.contains(['*', '?']) {
        let message = format!("anybody can make an owner that fits `{owner}`, and take on the role");
        return Some(fault(message).help("name the owner; a pattern may stand after it, as in `acme/shop-*`"));
    }
    let is_made_of = |it: &str, others: &str, most: usize| {
        (1..=most).contains(&it.len()) && it.chars().all(|it| it.is_ascii_alphanumeric() || others.contains(it))
    };
    // A login of an enterprise has a `_`.
    let are_names = is_made_of(&owner, "-_", 39) && is_made_of(&name, "-_.*", 100) && name.strip_suffix(".git").is_none();
    let is_id = |it: &String| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    if !are_names || ![&owner_id, &id].into_iter().flatten().all(is_id) {
        return no_repository();
    }
    // Of repositories that fit a pattern each has an id of its own, which the pattern takes in.
    if owner_id.is_some() == id.is_some() || (owner_id.is_some() && name.ends_with('*')) {
        return None;
    }
    let message = "GitHub sends the ids of both owner and repository, or of neither";
    Some(fault(message.to_owned()).help("write both, as in `acme@123456/shop@456789`, or none"))
}

/// What is wrong with the name of a branch or a tag. The manual of Git, `git check-ref-format`.
fn fault_of_ref(what: &str, name: &str) -> Option<Diagnostic> {
    if let Some(("heads" | "tags", short)) = name.strip_prefix("refs/").and_then(|it| it.split_once('/')) {
        let message = format!("`{name}` is a {what} with the path that Git keeps it at");
        return Some(Diagnostic::error("github-ref", message).help(format!("write `{short}`")));
    }
    let is_bad = |it: char| it.is_control() || " ~^:?[\\".contains(it);
    let is_none = name.is_empty()
        || name.contains(is_bad)
        || name.contains("..")
        || name.contains("//")
        || name.starts_with(['/', '-'])
        || name.ends_with(['/', '.']);
    is_none.then(|| {
        let message = format!("no {what} can be named `{name}`");
        Diagnostic::error("github-ref", message).help(format!("write the name of a {what}, or a pattern with `*`"))
    })
}

/// The ARN of a policy, which may be written as the name of one of AWS's.
fn policy_arn(scope: &mut Scope<'_>, policy: &Text) -> Expr<Handle> {
    match policy.literal() {
        Some(name) if !name.starts_with("arn:") => {
            let name = name.to_owned();
            text!["arn:", Expr::pseudo("AWS::Partition"), ":iam::aws:policy/", name].at(policy.span())
        }
        Some(_) | None => scope.text(policy),
    }
}

/// What is wrong with a policy: no name, or one that allows everything.
fn fault_of_policy(policy: &Text) -> Option<Diagnostic> {
    // With the partition as a reference before it.
    let end = match &policy.0.kind {
        ExprKind::Concat(parts) => parts.last().and_then(Expr::as_str),
        _ => policy.literal(),
    }?;
    let name = match end.split_once(":iam::aws:policy/") {
        Some((_, name)) => name,
        None if policy.literal().is_some() && !end.starts_with("arn:") => end,
        None => return None,
    };
    let is_fine = |it: char| it.is_ascii_alphanumeric() || "+=,.@_/-".contains(it);
    if name.is_empty() || !name.chars().all(is_fine) {
        let message = format!("`{end}` is neither a policy of AWS nor an ARN");
        return Some(
            Diagnostic::error("policy-name", message).help("write one such as `ReadOnlyAccess`, or the ARN of your own"),
        );
    }
    let harm = match name {
        "AdministratorAccess" => "lets whoever changes a workflow do anything in the account",
        "IAMFullAccess" => "lets whoever changes a workflow make himself an administrator",
        _ => return None,
    };
    Some(Diagnostic::error("admin-policy", format!("`{name}` {harm}")).help(
        "name in `permissions` what is called; to deploy, `sts:AssumeRole` on the `cdk-*` roles of the bootstrap stack \
         is enough",
    ))
}

#[cfg(test)]
mod tests;
