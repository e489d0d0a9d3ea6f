//! Stacks that are watched: what has changed, and how long it took to see what that comes to.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use asi_constructs::kernel::diagnostic::Diagnostic;

use super::diagnostics::counted;
use crate::ops::watch::{From, Goal, Seen};

/// How many files that have changed are named.
const MOST: usize = 3;

/// That nothing is to be done.
pub const UNCHANGED: &str = "all is as it was deployed: nothing to do";

/// What is watched.
pub fn watched(from: From<'_>, goal: Goal) -> String {
    let what = match from {
        From::StackFile(path) => format!("`{}` and what it is made of", path.display()),
        From::App { command: Some(command), .. } => format!("the files of the app `{command}`"),
        From::App { command: None, .. } => "the files of the app of `cdk.json`".to_owned(),
    };
    let then = match goal {
        Goal::Compare | Goal::CompareDeployed => "",
        Goal::Deploy => "; what changes is deployed",
    };
    format!("watching {what}{then} (Ctrl-C ends it)")
}

/// These folders are not watched.
pub fn unwatched(folders: &BTreeMap<PathBuf, String>) -> Vec<Diagnostic> {
    let fault = |(folder, why): (&PathBuf, &String)| {
        let fault = format!("changes in `{}` are not seen: {why}", folder.display());
        Diagnostic::warning("unwatched", fault)
            .help("leave the folder out, with `.dockerignore` or `watch: {exclude: […]}` in `cdk.json`, or let it be read")
    };
    folders.iter().map(fault).collect()
}

/// These files have changed.
pub fn changed(paths: &[PathBuf]) -> String {
    let names = paths.iter().take(MOST).map(|it| it.strip_prefix(".").unwrap_or(it).display().to_string());
    let mut names: Vec<String> = names.collect();
    if paths.len() > MOST {
        names.push(format!("{} more", paths.len() - MOST));
    }
    let last = names.pop().unwrap_or_default();
    let all = if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) };
    format!("{all} changed")
}

/// How long it took to see what, in a line.
pub fn seen(seen: &Seen, goal: Goal) -> String {
    let took = took(seen.took);
    if !seen.look.is_good() {
        return format!("found in {took}; the watch goes on with the next change");
    }
    let known = counted(seen.known, "warning").map_or(String::new(), |it| format!("; {it} as before"));
    match (&seen.comparison, goal) {
        (Some(_), Goal::CompareDeployed) => {
            format!("synthesized, validated and compared with what is deployed in {took}{known}")
        }
        (Some(_), _) => format!("synthesized, validated and diffed in {took}{known}"),
        (None, _) => format!("{} synthesized and validated in {took}{known}", counts(seen)),
    }
}

/// "2 stacks with 14 resources"
fn counts(seen: &Seen) -> String {
    let stacks = &seen.look.deployables.stacks;
    let resources = stacks.iter().map(|it| it.template.size()).sum();
    let [stacks, resources] = [(stacks.len(), "stack"), (resources, "resource")]
        .map(|(count, one)| counted(count, one).unwrap_or_else(|| format!("no {one}s")));
    format!("{stacks} with {resources}")
}

/// "4 ms", "1.2 s"
fn took(time: Duration) -> String {
    match time.as_millis() {
        it @ 0..1000 => format!("{it} ms"),
        it => format!("{}.{} s", it / 1000, it % 1000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_have_changed_are_named_until_they_are_many() {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(changed(&paths(&["./asi.yaml"])), "asi.yaml changed");
        assert_eq!(changed(&paths(&["a", "b"])), "a and b changed");
        assert_eq!(changed(&paths(&["a", "b", "c", "d", "e"])), "a, b, c and 2 more changed");
    }

    #[test]
    fn a_time_is_told_as_one_would_say_it() {
        let told = [0, 4, 999, 1000, 12_345].map(|it| took(Duration::from_millis(it)));
        assert_eq!(told, ["0 ms", "4 ms", "999 ms", "1.0 s", "12.3 s"]);
    }
}
