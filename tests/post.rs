//! `asi review --post` against models of GitHub and GitLab: one comment for each environment, whatever happens on the way.

mod approved;
mod failures;
mod server;

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use self::server::{Comment, ME, Server, TOKEN};
use crate::support::{Run, golden, run, world};
use asi::{
    cli::Exit,
    world::{MemoryFiles, MemoryRevisions, Variables, World},
};

/// What there was: the stack of two environments.
const BEFORE: &str = "\
app: shop
region: us-east-1
resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub \"orders-${env}\"
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {DelaySeconds: 1}
environments:
  dev: {}
  prod: {}
";

const SHA: &str = "5c2d7f4e1b0a98763210fedcba98765432100123";

/// The same, in a way that loses the data of production, and delays jobs everywhere.
fn after() -> String {
    BEFORE.replace("DelaySeconds: 1", "DelaySeconds: 2").replace(
        "  prod: {}\n",
        "  prod:\n    resources:\n      Orders:\n        Properties: {TableName: orders}\n",
    )
}

/// The variables that CI sets.
fn variables(server: &Server, place: &str) -> BTreeMap<String, String> {
    let url = server.url();
    let github = [
        ("GITHUB_TOKEN", TOKEN),
        ("GITHUB_API_URL", &url),
        ("GITHUB_REPOSITORY", "acme/shop"),
        ("GITHUB_EVENT_PATH", "/runner/event.json"),
        ("GITHUB_REF", "refs/pull/12/merge"),
        ("GITHUB_SHA", "0123456789012345678901234567890123456789"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_RUN_ID", "4711"),
        ("GITHUB_WORKSPACE", "/srv"),
        ("GITHUB_STEP_SUMMARY", "/runner/summary.md"),
    ];
    let api = format!("{url}/api/v4");
    let gitlab = [
        ("GITLAB_TOKEN", TOKEN),
        ("CI_API_V4_URL", &api),
        ("CI_PROJECT_ID", "77"),
        ("CI_PROJECT_URL", "https://gitlab.com/acme/shop"),
        ("CI_PROJECT_DIR", "/srv/shop"),
        ("CI_MERGE_REQUEST_IID", "12"),
        ("CI_COMMIT_SHA", SHA),
        ("CI_JOB_URL", "https://gitlab.com/acme/shop/-/jobs/4711"),
    ];
    let set = if place == "github" { &github[..] } else { &gitlab[..] };
    set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A run in CI, with the file as it is now and as it was on `main`.
fn ci(server: &Server, place: &str, file: &str) -> World {
    let event = format!(r#"{{"pull_request": {{"number": 12, "head": {{"sha": "{SHA}"}}}}}}"#);
    let files = MemoryFiles::with([("asi.yaml", file.as_bytes()), ("/runner/event.json", event.as_bytes())]);
    World {
        revisions: Box::new(MemoryRevisions::with([("main", "asi.yaml", BEFORE.as_bytes())])),
        variables: Variables::Given(variables(server, place)),
        folder: Some(PathBuf::from("/srv/shop")),
        ..world(files)
    }
}

/// What happened, for a snapshot.
#[derive(Default)]
struct Story(String);

impl Story {
    /// Reviews a file, posts that, and tells what is printed besides the review, and what is asked.
    #[track_caller]
    fn post(&mut self, title: &str, server: &Server, place: &str, file: &str) -> Run {
        self.tell(title, server, &ci(server, place, file), &["review", "--base", "main", "--post", place])
    }

    #[track_caller]
    fn tell(&mut self, title: &str, server: &Server, world: &World, arguments: &[&str]) -> Run {
        let run = run(arguments, world);
        let all = format!("{}{}", run.out, run.err);
        assert!(!all.contains(TOKEN), "the token is shown: {all}");
        let calls = server.calls().replace(&server.url(), "URL");
        let marks: String = run.out.split_inclusive('\n').filter(|it| it.starts_with("::")).collect();
        let err = run.err.replace(&server.url(), "URL");
        writeln!(
            self.0,
            "### {title}\n$ asi {}\n{marks}{err}→ {}\n{calls}",
            arguments.join(" "),
            run.exit as u8
        )
        .unwrap();
        run
    }
}

fn bodies(comments: &[Comment]) -> String {
    comments.iter().flat_map(|it| [it.body.as_str(), "\n----\n"]).collect()
}

#[test]
fn a_comment_is_kept_up_to_date() {
    for (place, told, said, quiet) in [
        ("github", "post/github.txt", "post/github.md", "post/github-quiet.md"),
        ("gitlab", "post/gitlab.txt", "post/gitlab.md", "post/gitlab-quiet.md"),
    ] {
        let mut story = Story::default();
        let server = Server::start();
        story.post("nothing changes, and nothing was said", &server, place, BEFORE);
        assert!(server.comments().is_empty());
        let run = story.post("something changes in both environments", &server, place, &after());
        assert!(run.out.contains("asi: prod — 1 danger"), "{}", run.out);
        golden(said, &bodies(&server.comments()));
        story.post("the same again", &server, place, &after());
        story.post("something else", &server, place, &after().replace("DelaySeconds: 2", "DelaySeconds: 3"));
        let dev = BEFORE.replace(
            "  dev: {}\n",
            "  dev: {tags: {team: web}, resources: {Jobs: {Properties: {DelaySeconds: 9}}}}\n",
        );
        story.post("only one of them changes", &server, place, &dev);
        story.post("nothing changes any more", &server, place, BEFORE);
        golden(quiet, &bodies(&server.comments()));
        story.post("nothing changes still", &server, place, BEFORE);
        story.post("something changes again", &server, place, &after());
        assert_eq!(server.comments().len(), 2, "one for each environment");
        golden(told, &story.0);
    }
}

#[test]
fn a_run_for_one_environment_leaves_the_other_alone() {
    let mut story = Story::default();
    let server = Server::start();
    story.post("both environments", &server, "github", &after());
    let world = ci(&server, "github", BEFORE);
    let arguments = ["review", "--base", "main", "-e", "prod", "--post", "github"];
    story.tell("one of them, in which nothing changes", &server, &world, &arguments);
    let arguments = ["review", "--base", "main", "--post", "github", "shop-dev"];
    story.tell("one stack of another environment", &server, &ci(&server, "github", &after()), &arguments);
    golden("post/one-environment.txt", &story.0);
}

#[test]
fn its_own_comment_is_found_among_hundreds() {
    for (place, told) in [("github", "post/hundreds-github.txt"), ("gitlab", "post/hundreds-gitlab.txt")] {
        let mut story = Story::default();
        let server = Server::start();
        let marker = "<!-- asi review app=shop environment=prod -->";
        server.comment("mallory", &format!("{marker}\n\nlooks good to me"));
        server.comment(ME, &format!("somebody said\n{marker}\n"));
        for number in 0..230 {
            server.comment("alice", &format!("comment {number}"));
        }
        server.comment(ME, &format!("{marker}\r\n\r\nthe first of two that a race has made"));
        server.comment(ME, &format!("{marker}\n\nthe second"));
        let before = server.comments();
        story.post("it is on the third page", &server, place, &after());
        let changed: Vec<usize> = server
            .comments()
            .iter()
            .zip(&before)
            .enumerate()
            .filter(|(_, (a, b))| a.body != b.body)
            .map(|it| it.0)
            .collect();
        assert_eq!(changed, [232]);
        assert_eq!(server.comments().len(), before.len() + 1, "that of the other environment is new");
        golden(told, &story.0);
    }
}

#[test]
fn a_comment_fits_and_the_page_of_the_run_has_all_of_it() {
    let server = Server::start();
    let queue = |delay: u32| {
        let queue = |at| {
            format!("  Queue{at}:\n    Type: AWS::SQS::Queue\n    Properties: {{DelaySeconds: {delay}}}\n")
        };
        let queues: String = (0..1_000).map(queue).collect();
        format!("app: shop\nresources:\n{queues}")
    };
    let world = World {
        revisions: Box::new(MemoryRevisions::with([("main", "asi.yaml", queue(1).as_bytes())])),
        ..ci(&server, "github", &queue(2))
    };
    let run = run(&["review", "--base", "main", "--post", "github"], &world);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let body = server.comments().remove(0).body;
    assert!((50_000..65_536).contains(&body.chars().count()), "{}", body.len());
    assert!(body.contains("[`the page of this run`](https://github.com/acme/shop/actions/runs/4711)"));
    let summary =
        String::from_utf8(world.files.read("/runner/summary.md".as_ref(), 2_000_000).unwrap()).unwrap();
    assert!(summary.len() > body.len() && summary.contains("Queue999"), "{}", summary.len());
}

#[test]
fn templates_are_known_by_their_path() {
    let server = Server::start();
    let template = |delay: u32| {
        format!("Resources:\n  Jobs: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: {delay}}}}}\n")
    };
    let files =
        [("old.yaml", template(1)), ("new.yaml", template(2)), ("/runner/event.json", "{}".to_owned())];
    let files = files.iter().map(|(path, text)| (*path, text.as_bytes()));
    let world = World { files: Box::new(MemoryFiles::with(files)), ..ci(&server, "github", "") };
    let run = run(&["review", "old.yaml", "new.yaml", "--post", "github"], &world);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let first = server.comments().remove(0).body.lines().next().map(str::to_owned);
    assert_eq!(first.as_deref(), Some("<!-- asi review app=shop/new.yaml -->"));
}
