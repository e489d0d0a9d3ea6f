//! Which files matter to stacks: those a stack file is made of, or those in the folder of an app.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
};

use crate::{
    assets::Ignored,
    load::{
        CONTEXT,
        cdk::{OUTPUT, SETTINGS, Settings},
    },
    ops::{
        Synthesis,
        built::{context, folder_of, plain},
        selection::matches,
    },
    world::{Files, Listed},
};

/// What never matters to an app.
const NEVER: [&str; 3] = ["**/.*", "**/.*/**", "**/node_modules"];
/// What readers of an assembly leave in it.
const LOCKS: &str = "**/read.*.lock";
/// More folders than any system tells of.
const MOST_FOLDERS: usize = 100_000;

/// The files that matter.
#[derive(Debug)]
pub(super) enum Scope {
    /// A stack file with what stands beside it, and the folders that images are built of.
    StackFile { files: BTreeSet<PathBuf>, built: Vec<Built> },
    /// What is in a folder, by patterns.
    Folder { folder: PathBuf, included: Vec<String>, excluded: Vec<String> },
}

/// A folder that an image is built of.
#[derive(Debug)]
pub(super) struct Built {
    folder: PathBuf,
    /// What of it is no part of the image.
    ignored: Option<Ignored>,
}

impl Scope {
    /// A stack file.
    pub(super) fn of_stack_file(path: &Path) -> Self {
        let files = [path.to_owned(), path.with_file_name(CONTEXT)];
        Self::StackFile { files: files.iter().map(|it| plain(it)).collect(), built: Vec::new() }
    }

    /// An app of the CDK, which writes its assembly elsewhere.
    pub(super) fn of_app(settings: &Settings) -> Self {
        let included =
            if settings.watched.is_empty() { vec!["**".to_owned()] } else { settings.watched.clone() };
        let output = plain(Path::new(settings.output.as_deref().unwrap_or(OUTPUT)));
        let mut excluded = settings.unwatched.clone();
        excluded.push(slashed(&output));
        excluded.extend(NEVER.map(str::to_owned));
        Self::Folder { folder: PathBuf::from("."), included, excluded }
    }

    /// An assembly that somebody else writes.
    pub(super) fn of_assembly(folder: &Path) -> Self {
        let excluded = vec![LOCKS.to_owned(), "**/synth.lock".to_owned(), "**/.*".to_owned()];
        Self::Folder { folder: folder.to_owned(), included: vec!["**".to_owned()], excluded }
    }

    /// With the folders that a synthesis has images built of. What a faulty one does not name any more may still matter.
    pub(super) fn take(&mut self, files: &dyn Files, path: &Path, synthesis: &Synthesis) {
        let Self::StackFile { built, .. } = self else { return };
        let folder = folder_of(path);
        let of = |it| {
            let (folder, ignored) = context(files, &folder, it);
            Built { folder, ignored }
        };
        let found: Vec<Built> = synthesis.images.iter().map(of).collect();
        if !synthesis.stacks.is_empty() {
            built.clear();
        }
        built.retain(|it| !found.iter().any(|new| new.folder == it.folder));
        built.extend(found);
    }

    /// The folders in which something that matters lies, or may come.
    pub(super) fn folders(&self, files: &dyn Files) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        match self {
            Self::StackFile { files: all, built } => {
                found.extend(all.iter().map(|it| folder_of(it)));
                for Built { folder, ignored } in built {
                    // Where it is not there, or is taken away, it comes in the one above.
                    let above = folder.ancestors().skip(1).map(|it| folder_of(&it.join("a")));
                    found.extend(above.into_iter().find(|it| files.is_folder(it)));
                    let is_left_out =
                        |it: &str| ignored.as_ref().is_some_and(|ignored| ignored.completely(it));
                    collect(files, folder, &is_left_out, &mut found);
                }
            }
            Self::Folder { folder, excluded, .. } => {
                collect(files, folder, &|it| is_among(excluded, it), &mut found);
            }
        }
        found
    }

    /// Whether it matters that this has changed; what has changed in a folder that is given is not known.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        let path = plain(path);
        match self {
            Self::StackFile { files, built } => {
                let of = |it: &Built| match path.strip_prefix(&it.folder) {
                    Ok(below) => !it.ignored.as_ref().is_some_and(|it| it.is_ignored(&slashed(below))),
                    Err(_) => it.folder.starts_with(&path),
                };
                let is_above = |it: &PathBuf| it.parent().is_some_and(|it| it == path);
                files.contains(&path) || files.iter().any(is_above) || built.iter().any(of)
            }
            Self::Folder { folder, included, excluded } => {
                let below = path.strip_prefix(plain(folder)).map_or_else(|_| slashed(&path), slashed);
                below.is_empty() || is_among(included, &below) && !is_among(excluded, &below)
            }
        }
    }
}

/// Adds a folder and all that is in it, but for what is left out, by its path below.
fn collect(
    files: &dyn Files,
    folder: &Path,
    is_left_out: &dyn Fn(&str) -> bool,
    found: &mut BTreeSet<PathBuf>,
) {
    let mut waiting = vec![folder.to_owned()];
    while let Some(it) = waiting.pop() {
        // What cannot be listed cannot be watched; who needs it says why.
        let Ok(listed) = files.list(&it) else { continue };
        let inner = listed.into_iter().filter(|it: &Listed| it.is_folder).map(|it| it.path);
        let below = |it: &PathBuf| it.strip_prefix(folder).map(slashed).unwrap_or_default();
        waiting.extend(inner.filter(|it| !is_left_out(&below(it))));
        found.insert(it);
        if found.len() > MOST_FOLDERS {
            return;
        }
    }
}

/// Whether a path, or a folder that it is in, fits one of these patterns.
fn is_among(patterns: &[String], path: &str) -> bool {
    let steps: Vec<usize> = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).collect();
    patterns.iter().any(|pattern| {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        steps.iter().any(|end| matches(pattern, &path[..*end]))
    })
}

/// A path with `/` between its steps.
fn slashed(path: &Path) -> String {
    let steps = path.components().filter(|it| *it != Component::CurDir);
    steps.map(|it| it.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Whether this is what an app is told by, which decides what is watched.
pub(super) fn is_settings(path: &Path) -> bool {
    plain(path) == Path::new(SETTINGS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ops::synthesize, world::MemoryFiles};

    fn app(settings: &Settings) -> impl Fn(&str) -> bool + use<> {
        let scope = Scope::of_app(settings);
        move |path| scope.concerns(Path::new(path))
    }

    #[test]
    fn an_app_is_all_but_what_it_writes_and_what_is_hidden() {
        let concerns = app(&Settings::default());
        for path in [".", "./app.ts", "lib/stack.ts", "cdk.json", "cdk.context.json"] {
            assert!(concerns(path), "{path}");
        }
        for path in ["./cdk.out", "cdk.out/tree.json", ".git/index", "lib/.a.swp", "a/node_modules/b/c.js"] {
            assert!(!concerns(path), "{path}");
        }
    }

    #[test]
    fn the_patterns_of_cdk_json_name_files_and_folders_with_all_in_them() {
        let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
        let settings = Settings {
            watched: texts(&["lib", "**/*.py"]),
            unwatched: texts(&["**/*.d.ts", "test", "./README.md"]),
            output: Some("out".to_owned()),
            ..Settings::default()
        };
        let concerns = app(&settings);
        for path in ["lib/a.ts", "lib/deep/b.ts", "app.py", "a/b.py"] {
            assert!(concerns(path), "{path}");
        }
        for path in ["app.ts", "lib/a.d.ts", "test/a.py", "out/a.py", "README.md"] {
            assert!(!concerns(path), "{path}");
        }
    }

    #[test]
    fn a_stack_file_is_itself_and_the_folders_that_images_are_built_of() {
        let stack = "app: shop\nconstructs:\n  net: {type: Network}\n  web: {type: FargateService, network: net, \
                     image: ./web, port: 80}\n";
        let files = MemoryFiles::with([
            ("srv/asi.yaml", stack.as_bytes()),
            ("srv/web/Dockerfile", b"FROM scratch".as_slice()),
            ("srv/web/.dockerignore", b"tmp\n*.log\n"),
            ("srv/web/src/main.rs", b""),
            ("srv/web/tmp/a", b""),
            ("srv/other/a", b""),
        ]);
        let path = Path::new("srv/asi.yaml");
        let mut scope = Scope::of_stack_file(path);
        assert_eq!(scope.folders(&files), BTreeSet::from([PathBuf::from("srv")]));
        scope.take(&files, path, &synthesize(&files, path, None, &[]));
        let folders = ["srv", "srv/web", "srv/web/src"].map(PathBuf::from);
        assert_eq!(scope.folders(&files), BTreeSet::from(folders));
        let concerns = |path: &str| scope.concerns(Path::new(path));
        for path in ["srv/./asi.yaml", "srv/cdk.context.json", "srv/web/src/main.rs", "srv/web", "srv"] {
            assert!(concerns(path), "{path}");
        }
        for path in ["srv/web/tmp/a", "srv/web/a.log", "srv/other/a", "srv/asi.yaml~", "asi.yaml"] {
            assert!(!concerns(path), "{path}");
        }
    }

    #[test]
    fn a_folder_that_is_missing_is_waited_for_where_it_will_be() {
        let stack = "app: shop\nconstructs:\n  net: {type: Network}\n  web: {type: FargateService, network: net, \
                     image: ./services/web, port: 80}\n";
        let files = MemoryFiles::with([("asi.yaml", stack.as_bytes()), ("services/a", b"".as_slice())]);
        let path = Path::new("asi.yaml");
        let mut scope = Scope::of_stack_file(path);
        let synthesis = synthesize(&files, path, None, &[]);
        assert!(synthesis.stacks.is_empty());
        scope.take(&files, path, &synthesis);
        assert_eq!(scope.folders(&files), BTreeSet::from([".", "services"].map(PathBuf::from)));
        assert!(scope.concerns(Path::new("./services/web")));
    }
}
