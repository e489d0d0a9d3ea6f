//! Where people review code, GitHub or GitLab: the comments of a pull request, which GitLab calls notes of a merge request.
//!
//! It asks and answers in types of its own. The token of a run is sent to the address that CI names, and nowhere else.

mod error;
mod github;
mod gitlab;
mod job;
mod rest;

pub use self::{
    error::{Fault, ForgeError},
    job::{Job, Token},
};
use self::{github::GitHub, gitlab::GitLab, rest::Rest};
use super::Access;

/// Which of them it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
}

impl Kind {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
        }
    }

    /// How many bytes a comment may have. GitHub takes 65,536 characters, GitLab 1,000,000.
    pub fn longest_comment(self) -> usize {
        match self {
            Self::GitHub => 65_000,
            Self::GitLab => 990_000,
        }
    }
}

/// A comment that the one who asks has written.
#[derive(Clone, Debug)]
pub struct Comment {
    id: u64,
    /// How GitHub's other interface calls it.
    node: String,
    /// Its text.
    pub body: String,
}

/// GitHub or GitLab, asked by the one to whom the token of a run belongs.
pub struct Forge {
    /// What speaks its protocol.
    of: Of,
    /// Who asks.
    me: String,
}

enum Of {
    GitHub(GitHub),
    GitLab(GitLab),
}

impl Forge {
    /// Asks who it is that asks.
    pub async fn connect(access: &Access, job: &Job) -> Result<Self, ForgeError> {
        let rest = Rest::new(access, job);
        let of = match job.kind {
            Kind::GitHub => Of::GitHub(GitHub { rest, repository: job.project.clone() }),
            Kind::GitLab => Of::GitLab(GitLab { rest, project: job.project.clone() }),
        };
        let me = match &of {
            Of::GitHub(it) => it.me().await?,
            Of::GitLab(it) => it.me().await?,
        };
        Ok(Self { of, me })
    }

    /// The comments of a pull request that are one's own, the oldest first.
    pub async fn comments(&self, request: u64) -> Result<Vec<Comment>, ForgeError> {
        match &self.of {
            Of::GitHub(it) => it.comments(request, &self.me).await,
            Of::GitLab(it) => it.comments(request, &self.me).await,
        }
    }

    /// Writes a further comment. This is done once: where it is in doubt whether it was, the error says so.
    pub async fn create(&self, request: u64, body: &str) -> Result<(), ForgeError> {
        match &self.of {
            Of::GitHub(it) => it.create(request, body).await,
            Of::GitLab(it) => it.create(request, body).await,
        }
    }

    /// Waits for a moment, so that what was written is there to be read.
    pub async fn wait(&self) {
        match &self.of {
            Of::GitHub(it) => it.rest.wait().await,
            Of::GitLab(it) => it.rest.wait().await,
        }
    }

    /// Gives a comment another text.
    pub async fn update(&self, request: u64, comment: &Comment, body: &str) -> Result<(), ForgeError> {
        match &self.of {
            Of::GitHub(it) => it.update(comment, body).await,
            Of::GitLab(it) => it.update(request, comment, body).await,
        }
    }

    /// The number of the pull request that was merged with a commit.
    pub async fn merged(&self, commit: &str) -> Result<Option<u64>, ForgeError> {
        match &self.of {
            Of::GitHub(it) => it.merged(commit).await,
            Of::GitLab(it) => it.merged(commit).await,
        }
    }

    /// Whether nobody else has changed a comment, as far as that can be known: whoever may write to a repository of GitHub
    /// may change any comment, and GitLab does not tell who did.
    pub async fn is_untouched(&self, comment: &Comment) -> Result<bool, ForgeError> {
        match &self.of {
            Of::GitHub(it) => it.is_untouched(comment).await,
            Of::GitLab(_) => Ok(true),
        }
    }
}
