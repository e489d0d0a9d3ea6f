//! What CI says of a run by its environment variables: the repository, the pull request, the commit, and a token.
//!
//! All of it is data from outside, and checked: what becomes part of an address cannot be anything else.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Fault, ForgeError, Kind};
use crate::world::{Files, Variables, World};

/// The largest description of an event that is read: GitHub sends no larger ones.
const LARGEST_EVENT: usize = 32 << 20;

/// A run in CI.
#[derive(Clone, Debug)]
pub struct Job {
    /// Where it runs.
    pub kind: Kind,
    /// The address of the interface for programs, without a slash at its end.
    pub(super) api: String,
    /// `acme/shop` on GitHub, a number on GitLab.
    pub(super) project: String,
    /// The number of the pull request, if the run is of one.
    request: Option<u64>,
    /// The commit that the run is of.
    commit: Option<String>,
    /// The last commit of the pull request.
    pub head: Option<String>,
    /// Where a browser shows the run.
    pub page: Option<String>,
    /// Where a browser shows the files of the working folder as they are at `head`, without a slash at its end.
    pub files: Option<String>,
    /// The working folder as seen from the root of the repository.
    pub folder: PathBuf,
    /// The file whose text is shown on the page of the run.
    pub summary: Option<PathBuf>,
    pub(super) token: Token,
}

/// What allows to ask. It is sent, and never shown.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A token; nothing, if that is none.
    fn new(text: &str) -> Option<Self> {
        let is_plain = !text.is_empty() && text.bytes().all(|it| it.is_ascii_graphic());
        is_plain.then(|| Self(text.to_owned()))
    }

    /// The token itself, to be sent.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// A text without the token.
    pub(super) fn kept_out_of(&self, text: &str) -> String {
        text.replace(&self.0, "…")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Job {
    /// Reads what CI says. The number of the pull request may be given, where CI does not know it.
    pub fn read(world: &World, kind: Kind, request: Option<u64>) -> Result<Self, ForgeError> {
        let read = match kind {
            Kind::GitHub => github(world, request),
            Kind::GitLab => gitlab(world, request),
        };
        read.map_err(|fault| error(kind, fault))
    }

    /// The number of the pull request that the run is of.
    pub fn request(&self) -> Result<u64, ForgeError> {
        self.request.ok_or_else(|| error(self.kind, Fault::NoRequest))
    }

    /// The commit that the run is of.
    pub fn commit(&self) -> Result<&str, ForgeError> {
        let variable = match self.kind {
            Kind::GitHub => "GITHUB_SHA",
            Kind::GitLab => "CI_COMMIT_SHA",
        };
        self.commit.as_deref().ok_or_else(|| error(self.kind, Fault::Unset(variable)))
    }
}

fn error(kind: Kind, fault: Fault) -> ForgeError {
    ForgeError { kind, operation: "read what CI says", fault, is_in_doubt: false }
}

fn github(world: &World, request: Option<u64>) -> Result<Job, Fault> {
    let variables = &world.variables;
    let token = needed(variables, "GITHUB_TOKEN", "a token", Token::new)?;
    let api = or(variables, "GITHUB_API_URL", "https://api.github.com");
    let project = needed(variables, "GITHUB_REPOSITORY", "the name of a repository", repository)?;
    let event = event(variables, world.files.as_ref())?;
    let pull = event.get("pull_request").unwrap_or(&Value::Null);
    let of_reference = || {
        let reference = variables.get("GITHUB_REF")?;
        reference.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok()
    };
    let request = request.or_else(|| pull.get("number")?.as_u64()).or_else(of_reference);
    let commit = optional(variables, "GITHUB_SHA", "a commit", commit)?;
    // A workflow that follows another one is run for the default branch, whatever that one was run for.
    let head = pull.pointer("/head/sha").or_else(|| event.pointer("/workflow_run/head_sha"));
    let head = head.and_then(Value::as_str).and_then(self::commit);
    let head = head.or_else(|| if pull.is_null() { commit.clone() } else { None });
    let server = optional(variables, "GITHUB_SERVER_URL", ADDRESS, address)?;
    let run = optional(variables, "GITHUB_RUN_ID", "a number", digits)?;
    let page = server.as_ref().zip(run).map(|(server, run)| format!("{server}/{project}/actions/runs/{run}"));
    let folder = folder(world, "GITHUB_WORKSPACE");
    let files = server
        .zip(head.as_ref())
        .zip(folder.as_deref())
        .map(|((server, head), folder)| format!("{server}/{project}/blob/{head}{}", below(folder)));
    let summary = optional(variables, "GITHUB_STEP_SUMMARY", "the path of a file", path)?;
    let api = address(&api).ok_or(Fault::Unreadable("GITHUB_API_URL", ADDRESS))?;
    let folder = folder.unwrap_or_default();
    Ok(Job { kind: Kind::GitHub, api, project, request, commit, head, page, files, folder, summary, token })
}

fn gitlab(world: &World, request: Option<u64>) -> Result<Job, Fault> {
    let variables = &world.variables;
    let token = needed(variables, "GITLAB_TOKEN", "a token", Token::new)?;
    let api = needed(variables, "CI_API_V4_URL", ADDRESS, address)?;
    let project = needed(variables, "CI_PROJECT_ID", "a number", digits)?;
    let of_variable = optional(variables, "CI_MERGE_REQUEST_IID", "a number", |it| it.parse().ok())?;
    let commit = optional(variables, "CI_COMMIT_SHA", "a commit", commit)?;
    let of_request = optional(variables, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "a commit", self::commit)?;
    let head = of_request.or_else(|| commit.clone());
    let server = optional(variables, "CI_PROJECT_URL", ADDRESS, address)?;
    let folder = folder(world, "CI_PROJECT_DIR");
    let files = server
        .zip(head.as_ref())
        .zip(folder.as_deref())
        .map(|((server, head), folder)| format!("{server}/-/blob/{head}{}", below(folder)));
    let page = optional(variables, "CI_JOB_URL", ADDRESS, address)?;
    let folder = folder.unwrap_or_default();
    let request = request.or(of_variable);
    let kind = Kind::GitLab;
    Ok(Job { kind, api, project, request, commit, head, page, files, folder, summary: None, token })
}

/// What an address has to be.
const ADDRESS: &str = "an address that begins with `https://`";

/// A variable that has to be there.
fn needed<T>(
    variables: &Variables,
    name: &'static str,
    wanted: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, Fault> {
    optional(variables, name, wanted, read)?.ok_or(Fault::Unset(name))
}

/// A variable that has to be good if it is there.
fn optional<T>(
    variables: &Variables,
    name: &'static str,
    wanted: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let value = variables.get(name);
    value.map(|it| read(&it).ok_or(Fault::Unreadable(name, wanted))).transpose()
}

fn or(variables: &Variables, name: &str, usual: &str) -> String {
    variables.get(name).unwrap_or_else(|| usual.to_owned())
}

/// What GitHub says of the event that began the run; nothing, outside of one.
fn event(variables: &Variables, files: &dyn Files) -> Result<Value, Fault> {
    const NAME: &str = "GITHUB_EVENT_PATH";
    let unreadable = || Fault::Unreadable(NAME, "the path of a file with JSON");
    let Some(path) = optional(variables, NAME, "the path of a file", path)? else { return Ok(Value::Null) };
    let bytes = files.read(&path, LARGEST_EVENT).map_err(|_| unreadable())?;
    serde_json::from_slice(&bytes).map_err(|_| unreadable())
}

/// The working folder, as seen from the root of the repository.
fn folder(world: &World, root: &str) -> Option<PathBuf> {
    let root = PathBuf::from(world.variables.get(root)?);
    world.folder.as_ref()?.strip_prefix(&root).ok().map(Path::to_owned)
}

/// A folder as the end of an address.
fn below(folder: &Path) -> String {
    let parts = folder.iter().map(|it| format!("/{}", encoded(&it.to_string_lossy())));
    parts.collect()
}

/// Text as a part of the path of an address.
fn encoded(text: &str) -> String {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~".contains(&it);
    text.bytes()
        .map(|it| if is_plain(it) { char::from(it).to_string() } else { format!("%{it:02X}") })
        .collect()
}

/// An address, without slashes at its end. Only on this machine a token may go without encryption.
fn address(text: &str) -> Option<String> {
    let text = text.trim_end_matches('/');
    let rest = text.strip_prefix("https://").or_else(|| {
        let rest = text.strip_prefix("http://")?;
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        matches!(host, "127.0.0.1" | "localhost").then_some(rest)
    })?;
    // Who is named before an `@` would be taken for the host by people.
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~:/%+".contains(&it);
    let is_host = rest.starts_with(|it: char| it.is_ascii_alphanumeric());
    (is_host && rest.bytes().all(is_plain)).then(|| text.to_owned())
}

/// `acme/shop`.
fn repository(text: &str) -> Option<String> {
    let is_name = |it: &str| {
        !matches!(it, "" | "." | "..")
            && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._".contains(&it))
    };
    let (owner, name) = text.split_once('/')?;
    (is_name(owner) && is_name(name)).then(|| text.to_owned())
}

fn commit(text: &str) -> Option<String> {
    let is_good = matches!(text.len(), 40 | 64) && text.bytes().all(|it| it.is_ascii_hexdigit());
    is_good.then(|| text.to_owned())
}

fn digits(text: &str) -> Option<String> {
    text.bytes().all(|it| it.is_ascii_digit()).then(|| text.to_owned())
}

/// A path that depends on no working folder.
fn path(text: &str) -> Option<PathBuf> {
    Some(PathBuf::from(text)).filter(|it| it.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_sends_a_token_nowhere_else() {
        let good =
            ["https://api.github.com", "https://ghe.acme.example/api/v3", "http://127.0.0.1:80/api/v4"];
        assert!(good.iter().all(|it| address(it).as_deref() == Some(it)));
        assert_eq!(address("https://github.com/").as_deref(), Some("https://github.com"));
        for bad in [
            "http://api.github.com",
            "http://127.0.0.1.evil.example",
            "http://localhost@evil.example",
            "https://api.github.com@evil.example",
            "https://api.github.com/?to=evil",
            "https://api.github.com/#",
            "https://api.github.com/ x",
            "https://",
            "ftp://api.github.com",
        ] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_part_of_an_address_is_nothing_else() {
        assert!(repository("acme/shop.site_1").is_some());
        for bad in ["acme", "acme/..", "acme/shop/issues", "acme/shop?x", "/shop", "acme/"] {
            assert_eq!(repository(bad), None, "{bad}");
        }
        assert_eq!(commit("main"), None);
        assert_eq!(path("summary.md"), None);
        assert_eq!(below(Path::new("a b/c#")), "/a%20b/c%23");
    }

    #[test]
    fn a_token_is_never_shown() {
        let token = Token::new("ghs_secret").unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert_eq!(token.kept_out_of("Bearer ghs_secret"), "Bearer …");
        assert!(Token::new("two\nlines").is_none());
    }
}
