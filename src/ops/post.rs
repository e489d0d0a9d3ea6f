//! Reviews as comments of a pull request, each found again and kept up to date; and what was approved by one of them.

use asi_constructs::kernel::diagnostic::Diagnostic;

use crate::world::forge::{Comment, Fault, Forge, ForgeError, Kind};

/// How often a comment is written at most, if each time it is in doubt whether it was.
const MOST_ATTEMPTS: usize = 3;

/// Comments as they are to be.
pub struct Comments<'a> {
    /// Those that say something. Each is known by its first line.
    pub wanted: &'a [String],
    /// What another comment of one's own becomes; nothing, if it stays as it is.
    pub other: &'a dyn Fn(&str) -> Option<String>,
}

/// What became of comments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// So many are new.
    pub created: usize,
    /// So many have another text.
    pub updated: usize,
    /// So many were as they are to be.
    pub unchanged: usize,
}

/// What was approved by a review of the pull request that a commit comes from.
#[derive(Clone, Debug)]
pub enum Approved {
    /// Nobody knows, and why.
    Not(Diagnostic),
    /// There is no review: nothing was to be done.
    Nothing,
    /// The text of the review.
    Review(String),
}

/// Brings the comments of a pull request to what they are to be. Of several with the same first line, which only a race can
/// have made, the oldest is kept up to date.
pub async fn post(forge: &Forge, request: u64, comments: &Comments<'_>) -> Result<Posted, ForgeError> {
    let there = forge.comments(request).await?;
    let mut posted = Posted::default();
    for text in comments.wanted {
        match find(&there, text) {
            Some(comment) => update(forge, request, comment, text, &mut posted).await?,
            None => {
                create(forge, request, text).await?;
                posted.created += 1;
            }
        }
    }
    let is_wanted = |it: &Comment| comments.wanted.iter().any(|wanted| first(wanted) == first(&it.body));
    let is_oldest = |it: &&Comment| find(&there, &it.body).is_some_and(|oldest| std::ptr::eq(oldest, *it));
    for comment in there.iter().filter(|it| !is_wanted(it)).filter(is_oldest) {
        if let Some(text) = (comments.other)(&comment.body) {
            update(forge, request, comment, &text, &mut posted).await?;
        }
    }
    Ok(posted)
}

/// Finds the review of the pull request that was merged with a commit, by the first line of the comment.
pub async fn approved(forge: &Forge, commit: &str, first_line: &str) -> Result<Approved, ForgeError> {
    let Some(request) = forge.merged(commit).await? else {
        let fault = format!("no pull request was merged with the commit `{commit}`: nobody has reviewed it");
        return Ok(not_reviewed(
            fault,
            "merge it by a pull request, or deploy with `--approved FINGERPRINT`",
        ));
    };
    let comments = forge.comments(request).await?;
    let Some(comment) = find(&comments, first_line) else { return Ok(Approved::Nothing) };
    if !forge.is_untouched(comment).await? {
        let fault = "somebody has changed the review in the pull request, so that it approves nothing";
        let help = "review it again with `asi review --post`, or deploy with `--approved FINGERPRINT`";
        return Ok(not_reviewed(fault, help));
    }
    Ok(Approved::Review(comment.body.clone()))
}

fn not_reviewed(fault: impl Into<String>, help: &str) -> Approved {
    Approved::Not(Diagnostic::error("not-reviewed", fault).help(help))
}

async fn update(
    forge: &Forge,
    request: u64,
    comment: &Comment,
    text: &str,
    posted: &mut Posted,
) -> Result<(), ForgeError> {
    // A forge may end lines in another way, and cut what ends the text.
    let lines = |it: &str| it.trim_end().lines().map(|it| it.trim_end().to_owned()).collect::<Vec<_>>();
    if lines(&comment.body) == lines(text) {
        posted.unchanged += 1;
        return Ok(());
    }
    posted.updated += 1;
    forge.update(request, comment, text).await
}

/// Writes a comment, once: who gets no answer looks whether it is there before writing it again.
async fn create(forge: &Forge, request: u64, text: &str) -> Result<(), ForgeError> {
    let mut left = MOST_ATTEMPTS;
    loop {
        left -= 1;
        let error = match forge.create(request, text).await {
            Err(error) if error.is_in_doubt => error,
            result => return result,
        };
        forge.wait().await;
        if find(&forge.comments(request).await?, text).is_some() {
            return Ok(());
        }
        if left == 0 {
            return Err(error);
        }
    }
}

/// The oldest comment with the first line of this text.
fn find<'c>(comments: &'c [Comment], text: &str) -> Option<&'c Comment> {
    comments.iter().find(|it| first(&it.body) == first(text))
}

fn first(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_end()
}

/// A fault that says what GitHub or GitLab does not do, and what can be done about that.
pub fn diagnostic(error: &ForgeError) -> Diagnostic {
    let message = error.to_string();
    let kind = error.kind;
    match &error.fault {
        Fault::Unset("GITHUB_TOKEN") => Diagnostic::error("forge-variables", message)
            .help("give it to the step: `env: {GITHUB_TOKEN: \"${{ github.token }}\"}`"),
        Fault::Unset("GITLAB_TOKEN") => Diagnostic::error("forge-variables", message).help(
            "make a token of the project with the scope `api`, and give it to the job as a variable that is masked",
        ),
        Fault::Unset(_) => {
            let place = match kind {
                Kind::GitHub => "run this in a workflow of GitHub Actions, which sets it",
                Kind::GitLab => "run this in a pipeline of GitLab, which sets it",
            };
            Diagnostic::error("forge-variables", message).help(place)
        }
        Fault::Unreadable(..) => Diagnostic::error("forge-variables", message)
            .help("leave the variable to CI, which sets it, or look at who sets it before"),
        Fault::NoRequest => Diagnostic::error("forge-request", message).help(match kind {
            Kind::GitHub => "run this for an event `pull_request`, or name it with `--pull-request NUMBER`",
            Kind::GitLab => "run this in a pipeline for merge requests, or name it with `--pull-request NUMBER`",
        }),
        Fault::Unknown(_) => Diagnostic::error("forge-token", message)
            .help("look at whether the token has expired, and whether it is of this server"),
        Fault::Denied(_) => Diagnostic::error("forge-denied", message).help(match kind {
            Kind::GitHub => {
                "give the job `permissions: {contents: read, pull-requests: write}`; the token of a pull request from a \
                 fork may only read: review it there without `--post`, and post from a workflow on `workflow_run`"
            }
            Kind::GitLab => "give the token the scope `api` and the role Reporter or above",
        }),
        Fault::Missing(_) => Diagnostic::error("forge-missing", message)
            .help("look at the number of the pull request, and at whether the token may see its repository"),
        Fault::Busy(_) => {
            Diagnostic::error("forge-busy", message).help("run the same job again after a while: nothing is written twice")
        }
        Fault::Silent(_) => Diagnostic::error("forge-silent", message)
            .help("look at the network, and run the same job again: nothing is written twice"),
        Fault::Unreachable(_) => Diagnostic::error("forge-unreachable", message)
            .help("look at the network, at `HTTPS_PROXY`, and at the address that CI names"),
        Fault::Garbled(_) => Diagnostic::error("forge-garbled", message)
            .help("look at what stands between here and there, such as a proxy that wants a login"),
        Fault::Elsewhere(_) => Diagnostic::error("forge-elsewhere", message)
            .help("look at the address that CI names; a token is sent to no other"),
        Fault::Refused { .. } => Diagnostic::error("forge-refused", message)
            .help("look at what was to be written: `asi review --format markdown` prints it"),
    }
}
