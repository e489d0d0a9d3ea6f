//! What was approved by merging a pull request is deployed, and nothing else.

use super::{Story, ci, server::Server};
use crate::support::{access, cloudformation, golden};
use asi::{cli::Exit, world::World};

const BEFORE: &str = "app: shop\nregion: us-east-1\nresources:\n  Jobs:\n    Type: AWS::SQS::Queue\n    Properties: {DelaySeconds: 1}\n";
const COMMIT: &str = "0123456789012345678901234567890123456789";

/// A review that was posted, of a change of what is deployed; the pull request is merged.
fn reviewed(place: &str, story: &mut Story) -> (Server, cloudformation::Server) {
    let (server, aws) = (Server::start(), cloudformation::Server::start());
    let template = "Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n    Properties: {DelaySeconds: 1}\n";
    aws.put_stack("shop", template, "CREATE_COMPLETE");
    let world = deploying(&server, &aws, place, &after());
    let run = story.tell("it is reviewed", &server, &world, &["review", "--post", place]);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    server.merge(if place == "github" { COMMIT } else { super::SHA });
    (server, aws)
}

fn after() -> String {
    BEFORE.replace("DelaySeconds: 1", "DelaySeconds: 2")
}

fn deploying(server: &Server, aws: &cloudformation::Server, place: &str, file: &str) -> World {
    World { access: access(&aws.url()), ..ci(server, place, file) }
}

/// Deploys, and tells how that went.
#[track_caller]
fn deploy(
    title: &str,
    story: &mut Story,
    (server, aws): &(Server, cloudformation::Server),
    place: &str,
    file: &str,
) -> Exit {
    let world = deploying(server, aws, place, file);
    story.tell(title, server, &world, &["deploy", "--approved-in", place]).exit
}

#[test]
fn what_was_reviewed_is_deployed() {
    for (place, told) in [("github", "post/approved-github.txt"), ("gitlab", "post/approved-gitlab.txt")] {
        let mut story = Story::default();
        let both = reviewed(place, &mut story);
        let more = after().replace("DelaySeconds: 2", "DelaySeconds: 9");
        assert_eq!(deploy("something else is to be done", &mut story, &both, place, &more), Exit::No);
        assert_eq!(deploy("it is what was reviewed", &mut story, &both, place, &after()), Exit::Done);
        assert_eq!(deploy("it is done", &mut story, &both, place, &after()), Exit::Done);
        golden(told, &story.0);
    }
}

#[test]
fn what_nobody_reviewed_is_not_deployed() {
    let mut story = Story::default();
    let both = reviewed("github", &mut story);
    let review = both.0.comments()[0].body.clone();
    both.0.merge("another");
    assert_eq!(deploy("the commit is of no pull request", &mut story, &both, "github", &after()), Exit::No);
    both.0.merge(COMMIT);
    both.0.edit(0, "mallory", &review);
    assert_eq!(deploy("somebody has changed the review", &mut story, &both, "github", &after()), Exit::No);
    both.0.edit(0, "github-actions", "something else");
    assert_eq!(deploy("there is no review", &mut story, &both, "github", &after()), Exit::No);
    both.0.comment("mallory", &review);
    assert_eq!(deploy("somebody else has written one", &mut story, &both, "github", &after()), Exit::No);
    golden("post/not-approved.txt", &story.0);
}
