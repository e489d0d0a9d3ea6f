//! What a stack of somebody's assembly needs is published as the CDK's own CLI does it, and what keeps it from being is told.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use crate::support::{
    Run, access,
    cloudformation::{Fault, Server},
    golden,
    peer::peer,
    root, run, world,
};
use asi::{
    cli::Exit,
    world::{SystemFiles, SystemPrograms, Variables, World},
};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
const REPOSITORY: &str = "cdk-hnb659fds-container-assets-111122223333-us-east-1";

/// A folder with an assembly, and what stands in for docker.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("publish").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        let place = Self(folder.canonicalize().unwrap());
        let ours = root().join("tests/publish");
        place.put("out/manifest.json", &fs::read_to_string(ours.join("manifest.json")).unwrap());
        let made = place.0.join("made.zip");
        let assets = fs::read_to_string(ours.join("Shop.assets.json")).unwrap();
        place.put("out/Shop.assets.json", &assets.replace("{made}", made.to_str().unwrap()));
        place.put("out/Shop.template.json", r#"{"Resources": {"News": {"Type": "AWS::SNS::Topic"}}}"#);
        place.put("out/asset.code/index.js", "exports.handler = async () => 'a';\n");
        place.put("out/asset.code/lib/.hidden", "b\n");
        place.put("out/asset.code/lib/deep/c.txt", &"a line that is written again and again\n".repeat(500));
        place.put("out/asset.code/a b", "");
        place.put("out/asset.web/Dockerfile.prod", "FROM scratch AS app\n");
        fs::copy(ours.join("docker"), place.docker()).unwrap();
        place
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn docker(&self) -> PathBuf {
        self.0.join("docker")
    }

    /// What docker was asked.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.0.join("docker.log")).unwrap_or_default();
        let folder = self.docker().parent().unwrap().to_string_lossy().into_owned();
        let mut lines: Vec<String> = log.lines().map(|it| it.replace(&folder, "")).collect();
        // Images are pushed side by side.
        let pushed = |it: &String| it.starts_with("docker push").then(|| it.clone());
        lines.sort_by_key(pushed);
        lines
    }

    /// Runs `asi deploy` on the assembly.
    fn deploy(&self, server: &Server) -> Run {
        self.deploy_with(server, &[("CDK_DOCKER", self.docker().to_str().unwrap())])
    }

    fn deploy_with(&self, server: &Server, variables: &[(&str, &str)]) -> Run {
        let variables = variables.iter().map(|(key, it)| ((*key).to_owned(), (*it).to_owned()));
        let world = World {
            access: access(&server.url()),
            programs: Arc::new(SystemPrograms),
            variables: Variables::Given(variables.collect()),
            ..world(SystemFiles)
        };
        run(&["deploy", "--yes", "-a", self.0.join("out").to_str().unwrap()], &world)
    }

    /// What a run said, without what differs from run to run: the folder, and the order of what is done side by side.
    fn said(&self, run: &Run) -> String {
        let said = run.err.replace(self.0.to_str().unwrap(), "/srv");
        said.split_inclusive('\n').filter(|it| !it.starts_with("`Shop`: ")).collect()
    }
}

/// An account with what `asi bootstrap` makes.
fn bootstrapped() -> Server {
    let server = Server::start();
    server.at(ACCOUNT, REGION, |account| {
        account.parameters.insert("/cdk-bootstrap/hnb659fds/version".to_owned(), "30".to_owned());
        account.images.insert(REPOSITORY.to_owned(), Vec::new());
    });
    server
}

/// What lies in the bucket.
fn objects(server: &Server) -> BTreeMap<String, Vec<u8>> {
    server.at(ACCOUNT, REGION, |it| it.objects.clone())
}

#[test]
fn everything_that_a_stack_needs_is_published_once() {
    let (place, server) = (Place::new("once"), bootstrapped());
    let first = place.deploy(&server);
    assert_eq!(first.exit, Exit::Done, "{}", first.err);
    let names: Vec<String> = objects(&server).into_keys().collect();
    let bucket = "cdk-hnb659fds-assets-111122223333-us-east-1";
    assert_eq!(names, ["code.zip", "made.zip", "template.json"].map(|it| format!("{bucket}/{it}")));
    assert_eq!(objects(&server)[&format!("{bucket}/made.zip")], b"made\n");
    golden("publish/docker.txt", &(place.log().join("\n") + "\n"));
    assert!(!first.err.contains("password-of") && !first.out.contains("password-of"));
    let made = server.calls().iter().position(|it| it.action == "CreateChangeSet").unwrap();
    let last = server.calls().iter().rposition(|it| it.service == "ecr").unwrap();
    assert!(last < made, "images are there before CloudFormation is asked");

    server.at(ACCOUNT, REGION, |it| {
        it.images.get_mut(REPOSITORY).unwrap().extend(["web1".to_owned(), "tool".to_owned()]);
    });
    let asked = place.log().len();
    place.put("out/Shop.template.json", r#"{"Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}}}"#);
    let puts = server.count("PUT");
    let again = place.deploy(&server);
    assert_eq!(again.exit, Exit::Done, "{}", again.err);
    assert_eq!((place.log().len(), server.count("PUT")), (asked, puts), "all of it is there");
}

#[test]
fn what_keeps_an_asset_from_being_published_is_told() {
    let mut story = String::new();
    let mut tell = |title: &str, place: &Place, run: &Run, exit: Exit| {
        assert_eq!(run.exit, exit, "{title}: {}", run.err);
        story.push_str(&format!("### {title}\n{}\n", place.said(run)));
    };
    let (place, server) = (Place::new("told"), bootstrapped());
    let bucket =
        Fault::Error { http: 404, code: "NoSuchBucket", message: "The specified bucket does not exist" };
    server.fault(bucket, "PUT", 1, 9);
    tell("no bucket", &place, &place.deploy(&server), Exit::World);
    let denied = Fault::Error { http: 403, code: "AccessDenied", message: "Access Denied" };
    server.no_faults();
    server.fault(denied, "HEAD", 1, 9);
    tell("another account's bucket", &place, &place.deploy(&server), Exit::World);
    server.no_faults();
    server.at(ACCOUNT, REGION, |it| it.images.clear());
    tell("no repository", &place, &place.deploy(&server), Exit::World);

    let server = bootstrapped();
    let missing = place.deploy_with(&server, &[("CDK_DOCKER", "no-such-docker")]);
    tell("no docker", &place, &missing, Exit::World);
    let docker = fs::read_to_string(place.docker()).unwrap();
    let failing = docker.replace("[ \"$1\" != inspect ]", "case $1 in inspect) exit 1 ;; build) echo 'failed to solve: \x1b[31mno such stage' >&2; exit 17 ;; esac");
    fs::write(place.docker(), failing).unwrap();
    tell("a build that fails", &place, &place.deploy(&server), Exit::Input);
    let silent = docker.replace(
        "[ \"$1\" != inspect ]",
        "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.' >&2; exit 1",
    );
    fs::write(place.docker(), silent).unwrap();
    tell("docker is not running", &place, &place.deploy(&server), Exit::World);

    let assets = fs::read_to_string(place.0.join("out/Shop.assets.json")).unwrap();
    place.put("out/Shop.assets.json", &assets.replace("echo $0\"", "true\""));
    let server = bootstrapped();
    tell("a program that says nothing", &place, &place.deploy(&server), Exit::Input);
    place.put("out/Shop.assets.json", &assets.replace("\"asset.code\"", "\"asset.none\""));
    tell("a folder that is not there", &place, &place.deploy(&bootstrapped()), Exit::Input);
    place.put("out/Shop.assets.json", &assets.replace("\"asset.code\"", "\"../../etc\""));
    tell("a folder outside of the assembly", &place, &place.deploy(&bootstrapped()), Exit::Input);
    golden("publish/refused.txt", &story);
}

/// What an archive holds, by the list at its end: what does not depend on who compresses it.
fn listed(archive: &[u8]) -> Vec<Vec<u8>> {
    let at =
        |at: usize| usize::try_from(u32::from_le_bytes(archive[at..at + 4].try_into().unwrap())).unwrap();
    let short = |at: usize| usize::from(u16::from_le_bytes(archive[at..at + 2].try_into().unwrap()));
    let (mut entry, end) = (at(archive.len() - 6), archive.len() - 22);
    let mut found = Vec::new();
    while entry < end {
        let length = 46 + short(entry + 28) + short(entry + 30) + short(entry + 32);
        let mut fields = archive[entry..entry + length].to_vec();
        // How long it is when packed, and therefore where the next begins.
        fields[20..24].fill(0);
        fields[42..46].fill(0);
        found.push(fields);
        entry += length;
    }
    found
}

/// Has the CDK's own CLI deploy a stack of an assembly: its folder, and its name.
fn by_cdk(cdk: &Path, place: &Place, server: &Server, of: [&str; 2]) -> Output {
    let mut command = Command::new(cdk);
    command.args(["deploy", "--require-approval", "never", "--progress", "events", "--no-notices", "-a"]);
    command.args(of).current_dir(&place.0).env("HOME", &place.0).env("CDK_DISABLE_VERSION_CHECK", "1");
    command.env("AWS_ENDPOINT_URL", server.url()).env("CDK_DOCKER", place.docker()).env("AWS_REGION", REGION);
    command.env("AWS_ACCESS_KEY_ID", "AKIATESTER").env("AWS_SECRET_ACCESS_KEY", "secret");
    command.output().unwrap()
}

#[test]
fn the_cdk_publishes_the_same() {
    let Some(cdk) = peer("ASI_TEST_CDK", "publishing") else { return };
    let (place, server) = (Place::new("ours"), bootstrapped());
    let ours = place.deploy(&server);
    assert_eq!(ours.exit, Exit::Done, "{}", ours.err);
    let (theirs, their_server) = (Place::new("theirs"), bootstrapped());
    let output = by_cdk(&cdk, &theirs, &their_server, ["out", "Shop"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", their_server.transcript());

    let (our_objects, their_objects) = (objects(&server), objects(&their_server));
    let names = |it: &BTreeMap<String, Vec<u8>>| it.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&our_objects), names(&their_objects));
    for (name, ours) in &our_objects {
        let theirs = &their_objects[name];
        if name.ends_with("code.zip") {
            assert_eq!(
                listed(ours),
                listed(theirs),
                "the same files, permissions, times and sums, in the same order"
            );
        } else {
            assert_eq!(ours, theirs, "{name}");
        }
    }
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(sorted(place.log()), sorted(theirs.log()));
    let calls = |server: &Server| {
        let is_it =
            |it: &&str| matches!(*it, "DescribeRepositories" | "DescribeImages" | "GetAuthorizationToken");
        let calls: Vec<String> = server.calls().into_iter().map(|it| it.action).collect();
        let mut kinds: Vec<&str> = calls.iter().map(String::as_str).filter(is_it).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(calls(&server), calls(&their_server));
}

/// A folder with a stack file that has an image built, in a repository of git.
fn with_stack_file(name: &str, image: &str) -> Place {
    let place = Place::new(name);
    place.put(".git/HEAD", "ref: refs/heads/main\n");
    let stack = format!(
        "app: shop\nregion: {REGION}\nconstructs:\n  net: {{type: Network}}\n  \
         web: {{type: FargateService, network: net, port: 80, architecture: arm64, image: {image}}}\n"
    );
    place.put("infra/asi.yaml", &stack);
    place.put("web/Dockerfile", "FROM scratch\n");
    place.put("web/index.html", "a\n");
    place.put("web/.dockerignore", "*.md\n");
    place
}

impl Place {
    /// Runs `asi` on the stack file.
    fn run(&self, server: &Server, arguments: &[&str]) -> Run {
        let variables = BTreeMap::from([("CDK_DOCKER".to_owned(), self.docker().display().to_string())]);
        let world = World {
            access: access(&server.url()),
            programs: Arc::new(SystemPrograms),
            variables: Variables::Given(variables),
            ..world(SystemFiles)
        };
        let file = self.0.join("infra/asi.yaml");
        run(&[arguments, &["-f", file.to_str().unwrap()]].concat(), &world)
    }
}

#[test]
fn an_image_of_a_folder_is_built_and_pushed_when_it_changes() {
    let place = with_stack_file("built", "../web");
    let server = Server::start();
    let repository = "cdk-hnb659fds-container-assets-123456789012-us-east-1";
    server.home(|it| it.images.insert(repository.to_owned(), Vec::new()));
    let deploy = ["deploy", "--yes"];
    let first = place.run(&server, &deploy);
    assert_eq!(first.exit, Exit::Done, "{}", first.err);
    golden("publish/built.txt", &(place.log().join("\n") + "\n"));
    let asked = place.log().len();
    place.put("web/README.md", "what docker is not sent\n");
    assert_eq!(place.run(&server, &deploy).exit, Exit::Done);
    assert_eq!(place.log().len(), asked, "nothing has changed");
    place.put("web/index.html", "b\n");
    let diff = place.run(&server, &["diff"]);
    assert!(diff.out.contains("only the hashes of code or images: 1 resource"), "{}", diff.out);
    assert_eq!(place.log().len(), asked, "a comparison builds nothing");
    let changed = place.run(&server, &deploy);
    assert_eq!(changed.exit, Exit::Done, "{}", changed.err);
    let pushes = place.log().iter().filter(|it| it.starts_with("docker push")).count();
    assert_eq!(pushes, 2);
}

#[test]
fn a_folder_that_no_image_can_be_built_of_is_pointed_at() {
    let mut story = String::new();
    let mut tell = |image: &str, prepare: &dyn Fn(&Place)| {
        let place = with_stack_file("folders", image);
        prepare(&place);
        let run = place.run(&Server::start(), &["synth"]);
        assert_eq!(run.exit, Exit::Input, "{image}");
        story.push_str(&format!("{}\n", place.said(&run)));
    };
    tell("../nowhere", &|_| ());
    tell("../../../..", &|_| ());
    tell("{build: ../web, file: Dockerfile.prod}", &|_| ());
    tell("../web", &|place| {
        fs::remove_file(place.0.join("web/.dockerignore")).unwrap();
        fs::File::create(place.0.join("web/large")).unwrap().set_len(2 << 30).unwrap();
    });
    tell("../web", &|place| place.put("web/.dockerignore", "+(a|b)\n"));
    golden("publish/folders.txt", &story);
}

#[test]
fn the_cdk_builds_and_pushes_what_our_assembly_says() {
    let Some(cdk) = peer("ASI_TEST_CDK", "our images") else { return };
    let image = "{build: ../web, file: Dockerfile, target: app, arguments: {A: b}}";
    let place = with_stack_file("assembled", image);
    std::os::unix::fs::symlink("index.html", place.0.join("web/home.html")).unwrap();
    place.put("web/README.md", "what docker is not sent\n");
    let out = place.0.join("assembly");
    for _ in 0..2 {
        let written = place.run(&Server::start(), &["synth", "-o", out.to_str().unwrap()]);
        assert_eq!(written.exit, Exit::Done, "{}", written.err);
    }
    let server = Server::start();
    let repository = "cdk-hnb659fds-container-assets-123456789012-us-east-1";
    server.home(|it| {
        it.images.insert(repository.to_owned(), Vec::new());
        it.parameters.insert("/cdk-bootstrap/hnb659fds/version".to_owned(), "30".to_owned());
    });
    let output = by_cdk(&cdk, &place, &server, ["assembly", "shop"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs = place.log();
    fs::remove_file(place.0.join("docker.log")).unwrap();
    let server = Server::start();
    server.home(|it| it.images.insert(repository.to_owned(), Vec::new()));
    assert_eq!(place.run(&server, &["deploy", "--yes"]).exit, Exit::Done);
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.collect();
        names.sort();
        names
    };
    // What is copied into the assembly has its name there.
    let folder = names(&out).into_iter().find(|it| it.starts_with("asset.")).unwrap();
    let renamed = |it: &String| it.replace(&format!("{folder} 1 docker"), "web 1 docker");
    assert_eq!(place.log(), theirs.iter().map(renamed).collect::<Vec<_>>());
    assert_eq!(names(&out.join(&folder)), [".dockerignore", "Dockerfile", "home.html", "index.html"]);
}
