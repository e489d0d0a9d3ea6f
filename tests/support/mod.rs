//! What tests have in common: expected output as files, and a run of the program in this process.

#[cfg(feature = "aws")]
pub(crate) mod cloudformation;
#[cfg(feature = "aws")]
pub(crate) mod ministack;
pub(crate) mod names;
pub(crate) mod paths;
pub(crate) mod peer;
pub(crate) mod query;
#[cfg(feature = "aws")]
pub(crate) mod redact;
#[cfg(feature = "aws")]
pub(crate) mod terminal;
#[cfg(feature = "aws")]
pub(crate) mod watching;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use asi::{
    cli::{self, Exit},
    world::{
        Access, Files, MemoryFiles, MemoryPrograms, MemoryRevisions, Patience, Revisions, Variables, World,
    },
};

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the repository.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares with a file under `snapshots/`, or writes it when `UPDATE_SNAPSHOTS` is set.
#[track_caller]
pub(crate) fn golden(name: &str, actual: &str) {
    let path = root().join("snapshots").join(name);
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == actual,
        "{name} changed; run again with UPDATE_SNAPSHOTS=1 and read the difference\n--- it is now\n{actual}"
    );
}

/// The files in a folder of the repository with this ending, in order; fails if there are none.
#[track_caller]
pub(crate) fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut paths: Vec<PathBuf> = entries.map(|it| it.unwrap().path()).collect();
    paths.retain(|it| it.to_string_lossy().ends_with(ending));
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no {ending}");
    paths
}

/// The Rust sources below a folder, as paths from the repository, in order.
pub(crate) fn sources(folder: &str) -> Vec<String> {
    let mut found = files_below(folder);
    found.retain(|it| Path::new(it).extension().is_some_and(|it| it == "rs"));
    found
}

/// All files below a folder, as paths from the repository, in order.
pub(crate) fn files_below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files_below(&name));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}

/// The name of a file without its folder and its last ending.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// How a run of the program went.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `asi` in this process, on files in memory.
pub(crate) fn asi(arguments: &[&str], files: impl Files + 'static) -> Run {
    asi_with(arguments, files, MemoryRevisions::default())
}

/// Runs `asi` in this process, on files and revisions in memory.
pub(crate) fn asi_with(
    arguments: &[&str],
    files: impl Files + 'static,
    revisions: impl Revisions + 'static,
) -> Run {
    run(arguments, &World { revisions: Box::new(revisions), ..world(files) })
}

/// Files in memory, and nobody to answer; no AWS either, but for what a test puts in its place.
pub(crate) fn world(files: impl Files + 'static) -> World {
    World {
        files: Box::new(files),
        revisions: Box::new(MemoryRevisions::default()),
        #[cfg(feature = "aws")]
        watching: Box::new(watching::Scripted::default()),
        programs: Arc::new(MemoryPrograms::default()),
        access: access("http://127.0.0.1:1"),
        variables: Variables::Given(BTreeMap::new()),
        folder: Some(PathBuf::from("/srv/shop")),
        is_interactive: false,
        read_line: || panic!("nobody is there to answer"),
        screen: || None,
        colors_out: false,
        colors_err: false,
    }
}

/// AWS at an endpoint of this machine, which answers at once or not at all.
pub(crate) fn access(endpoint: &str) -> Access {
    let patience = Patience {
        answer: Duration::from_secs(20),
        between: Duration::from_millis(2),
        backoff: Duration::from_millis(1),
        attempts: 4,
    };
    Access {
        endpoint: Some(endpoint.to_owned()),
        account: None,
        code: None,
        profiles: None,
        patience,
        interrupted_after: Some(Duration::from_mins(10)),
    }
}

/// Runs `asi` in this process.
pub(crate) fn run(arguments: &[&str], world: &World) -> Run {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = std::iter::once("asi").chain(arguments.iter().copied()).map(Into::into);
    let exit = cli::run(arguments, world, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { exit, out: text(out), err: text(err) }
}

/// Synthesizes a stack file to JSON.
#[track_caller]
pub(crate) fn template(text: &str, arguments: &[&str]) -> serde_json::Value {
    let files = MemoryFiles::with([("asi.yaml", text.as_bytes())]);
    let run = asi(&[&["synth", "--format", "json"], arguments].concat(), files);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}
