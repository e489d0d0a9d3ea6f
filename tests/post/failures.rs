//! Whatever the other side does, nothing is written twice, the token stays where it is, and the review is printed.

use std::time::Duration;

use super::{Story, TOKEN, after, ci, server::Fault, server::Server, variables};
use crate::support::golden;
use asi::{
    cli::Exit,
    world::{Access, MemoryFiles, Patience, Variables, World},
};

const COMMENTS: &str = "/comments";

fn refusal(status: u16, headers: &[(&'static str, &str)], body: &str) -> Fault {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Fault::Answer(status, headers, body.to_owned())
}

#[test]
fn what_github_does_not_do_is_said_with_what_to_do() {
    let mut story = Story::default();
    let denied = r#"{"message": "Resource not accessible by integration"}"#;
    let limited = r#"{"message": "You have exceeded a secondary rate limit"}"#;
    let exhausted = r#"{"message": "API rate limit exceeded for installation"}"#;
    let too_long = r#"{"message": "Validation Failed", "errors": [{"message": "Body is too long"}]}"#;
    let echo = format!(r#"{{"message": "Bad token {TOKEN}"}}"#);
    let forbidden =
        r#"{"data": null, "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible"}]}"#;
    let elsewhere = [("location", "https://evil.example/comments")];
    for (title, method, part, fault) in [
        ("nobody has this token", "POST", "/graphql", refusal(401, &[], r#"{"message": "Bad credentials"}"#)),
        ("it repeats the token", "POST", "/graphql", refusal(401, &[], &echo)),
        ("it says no with success", "POST", "/graphql", refusal(200, &[], forbidden)),
        ("the token may only read", "POST", COMMENTS, refusal(403, &[], denied)),
        ("there is no pull request", "GET", COMMENTS, refusal(404, &[], r#"{"message": "Not Found"}"#)),
        ("the text is refused", "POST", COMMENTS, refusal(422, &[], too_long)),
        ("too often, for an hour", "GET", COMMENTS, refusal(429, &[("retry-after", "3600")], limited)),
        (
            "nothing is left of the hour",
            "GET",
            COMMENTS,
            refusal(403, &[("x-ratelimit-remaining", "0")], exhausted),
        ),
        ("it fails", "GET", COMMENTS, refusal(503, &[], "<html>Unicorn!</html>")),
        ("connections are reset", "GET", COMMENTS, Fault::ResetBefore),
        ("answers end in the middle", "GET", COMMENTS, Fault::Truncated),
        ("a proxy wants a login", "GET", COMMENTS, refusal(200, &[], "<html><body>Log in</body></html>")),
        ("an answer of another form", "GET", COMMENTS, refusal(200, &[], r#"{"comments": []}"#)),
        ("it sends on to somebody else", "GET", COMMENTS, refusal(302, &elsewhere, "")),
        ("it sends what is written on", "POST", COMMENTS, refusal(307, &elsewhere, "")),
    ] {
        let server = Server::start();
        server.fault(method, part, fault, usize::MAX);
        let run = story.post(title, &server, "github", &after());
        assert_eq!(run.exit, Exit::World, "{title}");
        assert!(run.out.contains("asi: prod — 1 danger"), "the review is printed");
        assert!(server.comments().is_empty(), "{title}");
    }
    let server = Server::start();
    let link = [("link", "<https://evil.example/comments?page=2>; rel=\"next\"")];
    server.fault("GET", COMMENTS, refusal(200, &link, "[]"), 1);
    story.post("the next page is somebody else's", &server, "github", &after());
    golden("post/refused.txt", &story.0);
}

#[test]
fn what_passes_is_waited_for_and_nothing_is_written_twice() {
    let mut story = Story::default();
    let limited = r#"{"message": "You have exceeded a secondary rate limit"}"#;
    let failed = r#"{"message": "Server Error"}"#;
    for (title, method, fault) in [
        ("too often, for a moment", "GET", refusal(429, &[("retry-after", "0")], limited)),
        ("too often to write", "POST", refusal(403, &[("retry-after", "0")], limited)),
        ("it fails once", "GET", refusal(502, &[], failed)),
        ("the connection is reset once", "GET", Fault::ResetBefore),
        ("half an answer", "GET", Fault::Truncated),
        ("it is not written, and there is no answer", "POST", Fault::ResetBefore),
        ("it is written, and there is no answer", "POST", Fault::ResetAfter),
        ("it is written, and the answer says that it failed", "POST", Fault::FailedAfter),
        ("it is written, and the answer ends in the middle", "POST", Fault::Truncated),
    ] {
        let server = Server::start();
        server.fault(method, COMMENTS, fault, 1);
        let run = story.post(title, &server, "github", &after());
        assert_eq!(run.exit, Exit::Done, "{title}: {}", run.err);
        assert_eq!(server.comments().len(), 2, "{title}: one for each environment");
    }
    let server = Server::start();
    let here = format!("{}/repos/acme/shop/issues/12/comments?per_page=100&page=1", server.url());
    server.fault("GET", COMMENTS, refusal(307, &[("location", &here)], ""), 1);
    assert_eq!(story.post("it sends on to itself", &server, "github", &after()).exit, Exit::Done);
    golden("post/passing.txt", &story.0);
}

#[test]
fn gitlab_says_no_in_its_own_words() {
    let mut story = Story::default();
    for (title, method, part, fault) in [
        ("nobody has this token", "GET", "/user", refusal(401, &[], r#"{"message": "401 Unauthorized"}"#)),
        (
            "the token may not do this",
            "POST",
            "/notes",
            refusal(403, &[], r#"{"error": "insufficient_scope"}"#),
        ),
        ("there is no merge request", "GET", "/notes", refusal(404, &[], r#"{"message": "404 Not found"}"#)),
        (
            "the text is refused",
            "POST",
            "/notes",
            refusal(400, &[], r#"{"message": {"note": ["is too long"]}}"#),
        ),
    ] {
        let server = Server::start();
        server.fault(method, part, fault, usize::MAX);
        assert_eq!(story.post(title, &server, "gitlab", &after()).exit, Exit::World);
    }
    golden("post/refused-gitlab.txt", &story.0);
}

#[test]
fn silence_has_an_end() {
    let mut story = Story::default();
    let server = Server::start();
    server.fault("GET", COMMENTS, Fault::Silence(Duration::from_millis(400)), 1);
    let usual = ci(&server, "github", &after());
    let patience = Patience { answer: Duration::from_millis(50), attempts: 1, ..usual.access.patience };
    let world = World { access: Access { patience, ..usual.access.clone() }, ..usual };
    story.tell("silence", &server, &world, &["review", "--base", "main", "--post", "github"]);
    golden("post/silence.txt", &story.0);
}

#[test]
fn what_ci_says_is_checked() {
    let mut story = Story::default();
    let server = Server::start();
    for (place, name, value) in [
        ("github", "GITHUB_TOKEN", ""),
        ("github", "GITHUB_TOKEN", "two\nlines"),
        ("github", "GITHUB_API_URL", "http://github.example"),
        ("github", "GITHUB_API_URL", "https://me:secret@github.example"),
        ("github", "GITHUB_REPOSITORY", "acme/shop/../../user"),
        ("github", "GITHUB_EVENT_PATH", "event.json"),
        ("github", "GITHUB_EVENT_PATH", "/runner/none.json"),
        ("github", "GITHUB_STEP_SUMMARY", "summary.md"),
        ("gitlab", "GITLAB_TOKEN", ""),
        ("gitlab", "CI_API_V4_URL", ""),
        ("gitlab", "CI_PROJECT_ID", "acme/shop"),
        ("gitlab", "CI_MERGE_REQUEST_IID", ""),
    ] {
        let mut all = variables(&server, place);
        all.insert(name.to_owned(), value.to_owned());
        let world = World { variables: Variables::Given(all), ..ci(&server, place, &after()) };
        let title = format!("{name} is {value:?}");
        let run = story.tell(&title, &server, &world, &["review", "--base", "main", "--post", place]);
        assert_eq!(run.exit, Exit::World);
    }
    let mut all = variables(&server, "github");
    all.retain(|name, _| !["GITHUB_REF", "GITHUB_EVENT_PATH"].contains(&name.as_str()));
    let world = || World { variables: Variables::Given(all.clone()), ..ci(&server, "github", &after()) };
    let arguments = ["review", "--base", "main", "--post", "github"];
    story.tell("no pull request", &server, &world(), &arguments);
    let named = [&arguments[..], &["--pull-request", "12"]].concat();
    assert_eq!(story.tell("it is named", &server, &world(), &named).exit, Exit::Done);
    golden("post/variables.txt", &story.0);
}

#[test]
fn a_file_that_is_wrong_is_not_posted() {
    let mut story = Story::default();
    let server = Server::start();
    let run = story.post("it cannot be read", &server, "github", "app: shop\nresources: [\n");
    assert_eq!(run.exit, Exit::Input);
    let usual = ci(&server, "github", &after());
    let files = MemoryFiles::with([("asi.yaml", after().as_bytes())]);
    let world = World { files: Box::new(files), ..usual };
    story.tell("there is no event", &server, &world, &["review", "--base", "main", "--post", "github"]);
    assert!(server.comments().is_empty());
    golden("post/wrong.txt", &story.0);
}
