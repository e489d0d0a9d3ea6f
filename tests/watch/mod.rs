//! `asi watch`: what is saved is seen at once, told, and deployed where that is wanted.

mod deploying;
mod process;
mod seeing;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::support::{Run, run, watching::Scripted, world};
use asi::world::{SystemFiles, World};

/// A project in a folder of its own, which is taken away at the end.
struct Project(PathBuf);

impl Project {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = env::temp_dir().join(format!("asi-watched-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let project = Self(folder.canonicalize().unwrap());
        files.iter().for_each(|(path, text)| project.write(path, text));
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        write(&self.path(path), text);
    }

    /// Somebody saves a file with this text.
    fn saves(&self, path: &str, text: &str) -> impl FnOnce() -> Vec<PathBuf> + 'static {
        let (path, text) = (self.path(path), text.to_owned());
        move || {
            write(&path, &text);
            vec![path]
        }
    }

    /// Somebody puts other text into a file.
    fn edits(&self, path: &str, from: &str, to: &str) -> impl FnOnce() -> Vec<PathBuf> + 'static {
        let (path, from, to) = (self.path(path), from.to_owned(), to.to_owned());
        move || {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(&from), "{text}");
            write(&path, &text.replace(&from, &to));
            vec![path]
        }
    }

    /// Runs `asi` on its stack file, and tells what it prints; results stand after all else.
    fn tell(&self, title: &str, arguments: &[&str], world: &World) -> (Run, String) {
        let file = self.path("asi.yaml");
        let all = [arguments, &["-f", file.to_str().unwrap()]].concat();
        let mut run = run(&all, world);
        let folder = format!("{}/", self.0.display());
        run.err = run.err.replace(&folder, "");
        run.out = run.out.replace(&folder, "");
        let told = format!(
            "### {title}\n$ asi {}\n{}--- results\n{}→ {}\n\n",
            arguments.join(" "),
            run.err,
            run.out,
            run.exit as u8
        );
        (run, told)
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The world in which this happens to files.
fn happening(watching: Scripted) -> World {
    World { watching: Box::new(watching), ..world(SystemFiles) }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
