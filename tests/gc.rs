//! What no stack uses any more of what was published: found, marked and deleted, against a model of AWS, and what keeps it from
//! being.

use std::{collections::BTreeMap, io, sync::OnceLock};

use asi::{
    cli::Exit,
    world::{MemoryFiles, World},
};

use crate::support::{
    Run, access,
    cloudformation::{Fault, Server, Storage},
    golden,
    ministack::Ministack,
    run, world,
};

const HOME: &str = "123456789012/us-east-1";

/// What `asi bootstrap` leaves, as far as it matters.
const BOOTSTRAP: &str = "\
Resources: {Assets: {Type: AWS::S3::Bucket}, Images: {Type: AWS::ECR::Repository}}
Outputs: {BucketName: {Value: assets}, ImageRepositoryName: {Value: images}}
";

/// The hash of an asset.
fn hash(number: u8) -> String {
    format!("{number:02x}").repeat(32)
}

/// A stack that uses these assets.
fn user(hashes: &[u8]) -> String {
    let topic = |it: &u8| {
        let name = format!("s3://assets/{}.zip", hash(*it));
        format!("  T{it}: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: '{name}'}}}}\n")
    };
    format!("Resources:\n  News: {{Type: AWS::SNS::Topic}}\n{}", hashes.iter().map(topic).collect::<String>())
}

/// An account with all there is to tell apart: what is used by a template, a parameter and a change set that waits, what is used
/// again, what nobody uses, what is too young, and what is no asset.
fn account() -> Server {
    let server = Server::start();
    server.put_stack("CDKToolkit", BOOTSTRAP, "CREATE_COMPLETE");
    server.put_stack("shop", &user(&[1, 4, 5]), "UPDATE_COMPLETE");
    let of_parameter = format!("Parameters: {{Key: {{Type: String, Default: legacy/{}}}}}\n", hash(2));
    server.put_stack("old", &format!("{of_parameter}{}", user(&[])), "UPDATE_ROLLBACK_COMPLETE");
    server.put_stack("gone", &user(&[10]), "DELETE_COMPLETE");
    let waiting =
        format!("app: waiting\nregion: us-east-1\n{}", user(&[3]).replace("Resources", "resources"));
    let prepared = asi(&server, &waiting, &["deploy", "--method", "prepare-change-set"]);
    assert_eq!(prepared.exit, Exit::Done, "{}", prepared.err);
    server.home(|it| {
        let files = [
            ("1.zip", 1, 400, 60),
            ("2.zip", 2, 30, 60),
            ("3.zip", 3, 30, 60),
            ("10.zip", 10, 2_500, 60),
            ("11.json", 11, 700, 60),
            ("12.json", 12, 10, 0),
        ];
        for (name, number, bytes, days) in files {
            let key = format!("assets/{}.{}", hash(number), name.split('.').next_back().unwrap());
            it.objects.insert(key.clone(), vec![b' '; bytes]);
            it.storage.days.insert(key, days);
        }
        it.objects.insert("assets/exports/2026 & before.csv".to_owned(), vec![b' '; 90]);
        it.objects.insert(format!("assets/{}.zip", "F0".repeat(32)), Vec::new());
        it.storage.versioned.insert("assets".to_owned());
        let mark = |days| ("aws-cdk:isolated".to_owned(), Storage::milliseconds_ago(days));
        let used_again = BTreeMap::from([mark(50), ("team".to_owned(), " web & shop".to_owned())]);
        it.storage.tags.insert(format!("assets/{}.zip", hash(1)), used_again);
        it.storage.tags.insert(format!("assets/{}.json", hash(11)), BTreeMap::from([mark(40)]));
        let images = [
            ("used", vec![hash(4)]),
            ("again", vec![hash(5), format!("0-aws-cdk.isolated-{}", Storage::milliseconds_ago(50))]),
            ("unused", vec![format!("web-{}", hash(20))]),
            ("marked", vec![hash(21), format!("1-aws-cdk.isolated-{}", Storage::milliseconds_ago(40))]),
            ("untagged", Vec::new()),
        ];
        let digests = images.iter().map(|it| format!("sha256:{}", it.0)).collect();
        it.images.insert("images".to_owned(), digests);
        for (name, tags) in images {
            it.storage.days.insert(format!("images/sha256:{name}"), 60);
            it.storage.image_tags.insert(format!("images/sha256:{name}"), tags);
        }
    });
    server
}

/// Runs `asi` on a stack file.
fn asi(server: &Server, stack: &str, arguments: &[&str]) -> Run {
    let files = MemoryFiles::with([("asi.yaml", stack.as_bytes())]);
    run(arguments, &World { access: access(&server.url()), ..world(files) })
}

fn gc(server: &Server, arguments: &[&str]) -> Run {
    let world = World { access: access(&server.url()), ..world(MemoryFiles::default()) };
    run(&[&["gc", HOME], arguments].concat(), &world)
}

/// What is there: files and images, and which of them are marked.
fn there(server: &Server) -> Vec<String> {
    server.home(|it| {
        let of_file = |key: &String| {
            let tags: Vec<&str> =
                it.storage.tags.get(key).into_iter().flatten().map(|it| it.0.as_str()).collect();
            let name = key.trim_start_matches("assets/");
            let short = (name.len() >= 64).then(|| format!("{}…", &name[..4]));
            [vec![short.as_deref().unwrap_or(name)], tags].concat().join(" ")
        };
        let of_image = |digest: &String| {
            let tags = &it.storage.image_tags[&format!("images/{digest}")];
            let marks = tags.iter().filter(|it| it.contains("isolated")).count();
            format!("{digest} {marks}")
        };
        it.objects.keys().map(of_file).chain(it.images["images"].iter().map(of_image)).collect()
    })
}

/// What is there before anybody does anything.
const ALL: [&str; 13] = [
    "0101… aws-cdk:isolated team",
    "0202…",
    "0303…",
    "0a0a…",
    "0b0b… aws-cdk:isolated",
    "0c0c…",
    "F0F0…",
    "exports/2026 & before.csv",
    "sha256:used 0",
    "sha256:again 1",
    "sha256:unused 0",
    "sha256:marked 1",
    "sha256:untagged 0",
];

#[test]
fn what_no_stack_uses_is_told_and_nothing_is_changed() {
    let server = account();
    let before = server.calls().len();
    let printed = gc(&server, &[]);
    assert_eq!(printed.exit, Exit::Done, "{}", printed.err);
    golden("gc/print.txt", &(printed.out + &printed.err));
    let as_json = gc(&server, &["--format", "json"]);
    let (before_mark, behind) = as_json.out.split_once("aws-cdk.isolated-").unwrap();
    let behind = behind.trim_start_matches(|it: char| it.is_ascii_digit());
    golden("gc/print.json", &format!("{before_mark}aws-cdk.isolated-…{behind}"));
    assert_eq!(there(&server), ALL);
    let changes = ["PUT", "POST", "PutImage", "BatchDeleteImage"];
    let made: Vec<String> = server.calls()[before..].iter().map(|it| it.action.clone()).collect();
    assert!(!made.iter().any(|it| changes.contains(&it.as_str())), "{made:?}");
    let files = gc(&server, &["--type", "s3"]);
    assert!(!files.out.contains("repository"), "{}", files.out);
}

#[test]
fn what_is_deleted_is_asked_for_first() {
    let server = account();
    let unattended = gc(&server, &["--action", "full"]);
    assert_eq!(unattended.exit, Exit::No);
    golden("gc/unattended.txt", &(unattended.out + &unattended.err));
    let asked = |read_line: fn() -> io::Result<String>| {
        let world = world(MemoryFiles::default());
        let world = World { access: access(&server.url()), is_interactive: true, read_line, ..world };
        run(&["gc", HOME, "--action", "full"], &world)
    };
    let declined = asked(|| Ok("n\n".to_owned()));
    assert_eq!(declined.exit, Exit::No);
    golden("gc/declined.txt", &declined.err);
    assert_eq!(there(&server), ALL);

    let agreed = asked(|| Ok("y\n".to_owned()));
    assert_eq!(agreed.exit, Exit::Done, "{}", agreed.err);
    golden("gc/full.txt", &agreed.err);
    let kept = [
        "0101… team",
        "0202…",
        "0303…",
        "0c0c…",
        "F0F0…",
        "exports/2026 & before.csv",
        "sha256:used 0",
        "sha256:again 0",
        "sha256:untagged 0",
    ];
    assert_eq!(there(&server), kept);
    let (old, tags) = server.home(|it| {
        let old: Vec<String> = it.storage.old_versions.keys().map(|it| it[..11].to_owned()).collect();
        (old, it.storage.tags[&format!("assets/{}.zip", hash(1))].clone())
    });
    assert_eq!(old, ["assets/0a0a", "assets/0b0b"], "the bucket keeps their versions");
    assert_eq!(tags, BTreeMap::from([("team".to_owned(), " web & shop".to_owned())]));
    let again = gc(&server, &["--action", "full"]);
    assert_eq!((again.exit, again.err.as_str()), (Exit::Done, "  nothing to do\n"));
}

#[test]
fn what_is_marked_is_deleted_after_the_days_that_were_given() {
    let server = account();
    let tagged = gc(&server, &["--action", "tag"]);
    assert_eq!(tagged.exit, Exit::Done, "{}", tagged.err);
    golden("gc/tag.txt", &(tagged.out + &tagged.err));
    let marked = [
        "0101… team",
        "0202…",
        "0303…",
        "0a0a… aws-cdk:isolated",
        "0b0b… aws-cdk:isolated",
        "0c0c…",
        "F0F0…",
        "exports/2026 & before.csv",
        "sha256:used 0",
        "sha256:again 0",
        "sha256:unused 1",
        "sha256:marked 1",
        "sha256:untagged 0",
    ];
    assert_eq!(there(&server), marked);
    let early = gc(&server, &["--action", "delete-tagged", "--rollback-buffer-days", "41", "-y"]);
    assert_eq!((early.exit, there(&server)), (Exit::Done, marked.map(str::to_owned).to_vec()));
    let due = gc(&server, &["--action", "delete-tagged", "--rollback-buffer-days", "40", "-y"]);
    assert_eq!(due.exit, Exit::Done, "{}", due.err);
    golden("gc/delete-tagged.txt", &(due.out + &due.err));
    let is_left = |it: &&&str| !it.starts_with("0b0b") && !it.starts_with("sha256:marked");
    assert_eq!(there(&server), marked.iter().filter(is_left).map(|it| (*it).to_owned()).collect::<Vec<_>>());

    let server = account();
    let both = gc(&server, &["--action", "full", "--rollback-buffer-days", "30", "-y"]);
    assert_eq!(both.exit, Exit::Done, "{}", both.err);
    golden("gc/full-later.txt", &both.err);
}

#[test]
fn nothing_is_deleted_on_a_guess() {
    let mut story = String::new();
    let mut tell = |title: &str, server: &Server, exit: Exit| {
        let run = gc(server, &["--action", "full", "--yes"]);
        assert_eq!(run.exit, exit, "{title}: {}", run.err);
        story.push_str(&format!("### {title}\n{}\n", run.err));
        assert_eq!(there(server), ALL, "{title}");
    };
    let server = account();
    server.fault(Fault::access_denied(), "GetTemplate", 1, 99);
    tell("a template that may not be read", &server, Exit::World);
    let server = account();
    server.fault(Fault::access_denied(), "ListChangeSets", 1, 99);
    tell("change sets that may not be listed", &server, Exit::World);
    let server = account();
    server.put_stack("busy", &user(&[]), "UPDATE_IN_PROGRESS");
    tell("a stack that is at work", &server, Exit::No);
    let server = account();
    // Three stacks have been read before, and a change set.
    server.fault(Fault::access_denied(), "GetTemplate", 5, 99);
    tell("a template that may not be read any more when it counts", &server, Exit::World);
    let server = account();
    server.fault(Fault::Garbage, "GET", 1, 9);
    tell("a proxy that answers for S3", &server, Exit::World);
    let server = account();
    let missing =
        Fault::Error { http: 404, code: "NoSuchBucket", message: "The specified bucket does not exist" };
    server.fault(missing, "GET", 1, 9);
    tell("no bucket", &server, Exit::World);
    let server = account();
    server.home(|it| it.stacks.retain(|it| it.name != "CDKToolkit"));
    tell("no bootstrap stack", &server, Exit::World);
    let server = account();
    server.home(|it| it.stacks.retain(|it| it.name != "CDKToolkit"));
    let nameless = BOOTSTRAP.replace(", ImageRepositoryName: {Value: images}", "");
    server.put_stack("CDKToolkit", &nameless, "CREATE_COMPLETE");
    tell("a bootstrap stack of others", &server, Exit::World);
    golden("gc/refused.txt", &story);
}

#[test]
fn a_stack_that_comes_meanwhile_keeps_what_it_uses() {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(account);
    let deploy = || {
        let server = SERVER.get().unwrap();
        server.put_stack("late", &user(&[10]), "CREATE_COMPLETE");
        Ok("y\n".to_owned())
    };
    let world = world(MemoryFiles::default());
    let world = World { access: access(&server.url()), is_interactive: true, read_line: deploy, ..world };
    let run = run(&["gc", HOME, "--action", "full", "--type", "s3"], &world);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    golden("gc/meanwhile.txt", &run.err);
    let left = there(server);
    assert!(left.contains(&"0a0a…".to_owned()) && !left.iter().any(|it| it.starts_with("0b0b")), "{left:?}");
}

/// Puts more files into the bucket than are listed or deleted at once.
fn fill(server: &Server) {
    server.home(|it| {
        for at in 0..2300 {
            let key = format!("assets/{at:064x}.json");
            it.storage.days.insert(key.clone(), 9);
            it.objects.insert(key, vec![b' '; 1000]);
        }
    });
}

#[test]
fn a_large_bucket_is_gone_through_to_its_end() {
    let server = account();
    fill(&server);
    server.home(|it| {
        let digests: Vec<String> = (0..1150).map(|it| format!("sha256:{it}")).collect();
        for (at, digest) in digests.iter().enumerate() {
            it.storage.days.insert(format!("images/{digest}"), 9);
            it.storage.image_tags.insert(format!("images/{digest}"), vec![format!("{at:064x}")]);
        }
        it.images.get_mut("images").unwrap().extend(digests);
        it.storage.stuck.insert(format!("assets/{:064x}.json", 1200));
        it.storage.stuck.insert("images/sha256:7".to_owned());
    });
    let run = gc(&server, &["--action", "full", "-y"]);
    assert_eq!(run.exit, Exit::World, "{}", run.err);
    golden("gc/large.txt", &(run.out + &run.err));
    assert_eq!(server.count("POST"), 3);
    assert_eq!(server.home(|it| it.objects.len()), 7);

    let server = account();
    fill(&server);
    server.fault(Fault::access_denied(), "POST", 2, 9);
    let run = gc(&server, &["--action", "full", "-y", "--type", "s3", "--format", "json"]);
    assert_eq!(run.exit, Exit::World);
    golden("gc/stopped.txt", &run.err);
    let done: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(done["places"][0]["done"]["deleted"][0]["count"], 1000);
}

#[test]
fn an_emulated_account_is_swept() {
    let Some(ministack) = Ministack::start("a bootstrapped account that is swept") else { return };
    let queue =
        |at| format!("  Queue{at}: {{Type: AWS::SQS::Queue, Properties: {{QueueName: jobs-{at:0>70}}}}}\n");
    let queues: String = (0..450).map(queue).collect();
    let stack = format!("app: shop\nregion: eu-west-1\nresources:\n{queues}");
    let asi = |arguments: &[&str]| {
        let files = MemoryFiles::with([("asi.yaml", stack.as_bytes())]);
        run(arguments, &World { access: access(&ministack.endpoint()), ..world(files) })
    };
    for arguments in [&["bootstrap", "--yes"], &["deploy", "--yes"]] {
        let run = asi(arguments);
        assert_eq!(run.exit, Exit::Done, "{arguments:?}: {}", run.err);
    }
    let found = asi(&["gc", "--created-buffer-days", "0"]);
    assert_eq!(found.exit, Exit::Done, "{}", found.err);
    assert!(found.out.contains("1 file ("), "{}", found.out);
    assert!(found.out.contains("used by no stack"), "the template was copied: {}", found.out);
    let marked = asi(&["gc", "--created-buffer-days", "0", "--action", "tag"]);
    assert_eq!((marked.exit, marked.err.as_str()), (Exit::Done, "  1 asset marked as used by no stack\n"));
    let swept = asi(&["gc", "--created-buffer-days", "0", "--action", "delete-tagged", "--yes"]);
    assert_eq!(swept.exit, Exit::Done, "{}", swept.err);
    let empty = asi(&["gc", "--created-buffer-days", "0"]);
    assert!(empty.out.contains("is empty"), "{}", empty.out);
}
