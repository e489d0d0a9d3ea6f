//! The settings of an app of the CDK: `cdk.json`, and that of the user.
//!
//! It may hold any option of the CDK's CLI, and keys that nobody knows. What is read here is what matters to an app and to
//! its deployment.

use std::path::Path;

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, nearest},
    node::{Node, NodeKind},
    span::{Sources, Span, Spanned},
};
use indexmap::IndexMap;

use super::{Fields, context, template, text};
use crate::world::Files;

/// The file with the settings of a project.
pub const SETTINGS: &str = "cdk.json";

/// What the CDK takes for the folder of an assembly where nobody says otherwise.
pub const OUTPUT: &str = "cdk.out";

/// The settings of an app, of all files that have some.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The command that writes the assembly, or the folder that has it.
    pub app: Option<Spanned<String>>,
    /// A command that is run before.
    pub build: Option<Spanned<String>>,
    /// The folder the assembly is written into.
    pub output: Option<String>,
    /// A profile of the configuration files of AWS.
    pub profile: Option<String>,
    /// A region.
    pub region: Option<String>,
    /// Tags for all stacks.
    pub tags: Vec<(String, String)>,
    /// Whether templates have a resource by which AWS counts who uses the CDK.
    pub version_reporting: Option<bool>,
    /// Whether templates have the paths of constructs.
    pub path_metadata: Option<bool>,
    /// Whether templates have the places of assets.
    pub asset_metadata: Option<bool>,
    /// Whether assets are copied into the assembly.
    pub staging: Option<bool>,
    /// Whether AWS is asked for what the app does not know.
    pub lookups: Option<bool>,
    /// Whether the app is to be checked by the CDK's own validator, too.
    pub validation: Option<bool>,
    /// Whether the app is to tell more of itself.
    pub debug: Option<bool>,
    /// The files that a watch is about; all, if there are none.
    pub watched: Vec<String>,
    /// The files that it is not about.
    pub unwatched: Vec<String>,
    /// What the app is told, the most particular first come.
    pub context: IndexMap<String, Node>,
}

/// What a key takes.
#[derive(Clone, Copy)]
enum Kind {
    /// It is read, and its type with it.
    Read,
    Text,
    Bool,
    Map,
    /// One of several types.
    Other,
}

/// The keys of the file, in alphabetical order.
const KEYS: [(&str, Kind); 44] = [
    ("app", Kind::Read),
    ("assetBuildConcurrency", Kind::Other),
    ("assetMetadata", Kind::Read),
    ("assetParallelism", Kind::Other),
    ("assetPrebuild", Kind::Bool),
    ("browser", Kind::Text),
    ("build", Kind::Read),
    ("caBundlePath", Kind::Text),
    ("ci", Kind::Bool),
    ("context", Kind::Map),
    ("debug", Kind::Read),
    ("exclusively", Kind::Bool),
    ("hotswap", Kind::Other),
    ("ignoreErrors", Kind::Bool),
    ("ignoreNoStacks", Kind::Bool),
    ("json", Kind::Bool),
    ("language", Kind::Text),
    ("lookups", Kind::Read),
    ("notices", Kind::Bool),
    ("output", Kind::Read),
    ("outputsFile", Kind::Text),
    ("pathMetadata", Kind::Read),
    ("plugin", Kind::Other),
    ("profile", Kind::Read),
    ("progress", Kind::Text),
    ("proxy", Kind::Text),
    ("quiet", Kind::Bool),
    ("region", Kind::Read),
    ("requireApproval", Kind::Text),
    ("roleArn", Kind::Text),
    ("rollback", Kind::Bool),
    ("staging", Kind::Read),
    ("strict", Kind::Bool),
    ("tags", Kind::Read),
    ("telemetry", Kind::Bool),
    ("toolkitBucket", Kind::Map),
    ("toolkitStackName", Kind::Text),
    ("trace", Kind::Bool),
    ("unstable", Kind::Other),
    ("validation", Kind::Read),
    ("verbose", Kind::Other),
    ("versionReporting", Kind::Read),
    ("watch", Kind::Map),
    ("yes", Kind::Bool),
];

/// Settings of the CDK's CLI that are options here, each with the command that takes it.
const OPTIONS: [(&str, &str); 6] = [
    ("exclusively", "asi deploy --exclusively"),
    ("outputsFile", "asi deploy --outputs-file FILE"),
    ("requireApproval", "asi deploy --require-approval WHEN"),
    ("roleArn", "asi deploy --role-arn ARN"),
    ("rollback", "asi deploy --no-rollback"),
    ("toolkitStackName", "asi bootstrap --toolkit-stack-name NAME"),
];

/// Reads the settings of the project in the working folder, and below them those of the user, whose folder is `home`, and
/// what was looked up in AWS. `given` is the context of the command line.
pub fn settings(
    files: &dyn Files,
    home: Option<&Path>,
    given: &[String],
    sources: &mut Sources,
) -> (Settings, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut settings = Settings::default();
    for pair in given {
        match pair.split_once('=').filter(|(key, _)| !key.is_empty()) {
            Some((key, value)) => {
                let is_reserved = check_context(key, Span::default(), Diagnostic::error, &mut diagnostics);
                if !is_reserved {
                    settings.context.insert(key.to_owned(), Node::text(value.to_owned(), Span::default()));
                }
            }
            None => {
                let fault = Diagnostic::error("option-value", format!("`--context {pair}` has no value"));
                diagnostics.push(fault.help("write it as `--context KEY=VALUE`"));
            }
        }
    }
    let (own, faults) = file(files, Path::new(SETTINGS), sources);
    diagnostics.extend(faults);
    settings.take(own.as_ref(), &mut diagnostics);
    let (looked_up, faults) = context(files, Path::new(SETTINGS), sources);
    diagnostics.extend(faults);
    settings.add_context(looked_up.as_ref(), &mut diagnostics);
    if let Some(home) = home {
        let (of_user, faults) = file(files, &home.join(".cdk.json"), sources);
        diagnostics.extend(faults);
        let build = settings.build.take();
        settings.take(of_user.as_ref(), &mut diagnostics);
        // What is run before is the project's to say.
        settings.build = build;
    }
    (settings, diagnostics)
}

fn file(files: &dyn Files, path: &Path, sources: &mut Sources) -> (Option<Node>, Vec<Diagnostic>) {
    if !files.exists(path) {
        return (None, Vec::new());
    }
    match text(files, path) {
        Ok(text) => template(&text, &path.display().to_string(), sources),
        Err(why) => (None, vec![why.diagnostic(path, "", sources)]),
    }
}

impl Settings {
    /// Takes what is not known yet.
    fn take(&mut self, root: Option<&Node>, diagnostics: &mut Vec<Diagnostic>) {
        let Some(root) = root else { return };
        check_keys(root, diagnostics);
        let Some(mut fields) = Fields::of(root, diagnostics) else { return };
        let owned = |it: Spanned<&str>| it.map(str::to_owned);
        self.app = self.app.take().or_else(|| command(&mut fields));
        self.build = self.build.take().or_else(|| fields.text("build").map(owned));
        let mut text = |known: &mut Option<String>, key: &str| {
            *known = known.take().or_else(|| fields.string(key));
        };
        text(&mut self.output, "output");
        text(&mut self.profile, "profile");
        text(&mut self.region, "region");
        for (known, key) in [
            (&mut self.version_reporting, "versionReporting"),
            (&mut self.path_metadata, "pathMetadata"),
            (&mut self.asset_metadata, "assetMetadata"),
            (&mut self.staging, "staging"),
            (&mut self.lookups, "lookups"),
            (&mut self.validation, "validation"),
            (&mut self.debug, "debug"),
        ] {
            *known = known.or_else(|| fields.bool(key));
        }
        if self.tags.is_empty() {
            self.tags = tags(&mut fields);
        }
        // What is no mapping has been told.
        let has_watch = fields.value("watch").is_some_and(|it| it.as_map().is_some());
        if has_watch && let Some(mut watch) = fields.fields("watch") {
            self.watched.extend(patterns(&mut watch, "include"));
            self.unwatched.extend(patterns(&mut watch, "exclude"));
        }
        if let Some(plugin) = fields.value("plugin") {
            let fault = Diagnostic::warning("cdk-plugin", "plugins of the CDK's CLI are not run");
            let help = "name a profile or variables of the environment if it has brought credentials";
            fields.report(fault.at(plugin.span).help(help));
        }
        for (key, command) in OPTIONS {
            if let Some(setting) = fields.value(key) {
                let fault = Diagnostic::warning("cdk-setting", format!("`{key}` has no effect here"));
                fields.report(fault.at(setting.span).help(format!("it is an option: `{command}`")));
            }
        }
        let context = fields.value("context").filter(|it| it.as_map().is_some());
        self.add_context(context, diagnostics);
    }

    /// Adds what is not known yet.
    fn add_context(&mut self, context: Option<&Node>, diagnostics: &mut Vec<Diagnostic>) {
        for (key, entry) in context.and_then(Node::as_map).into_iter().flatten() {
            let is_reserved = check_context(key, entry.key, Diagnostic::warning, diagnostics);
            if !is_reserved && !self.context.contains_key(&**key) {
                self.context.insert(key.clone().into_owned(), entry.value.clone());
            }
        }
    }
}

/// The command of the app: a text, or a list that makes one.
fn command(fields: &mut Fields<'_, '_>) -> Option<Spanned<String>> {
    let node = fields.value("app")?;
    if node.as_list().is_none() {
        return fields.text("app").map(|it| it.map(str::to_owned));
    }
    let words: Vec<&str> = fields.texts("app").into_iter().map(|it| it.value).collect();
    Some(Spanned::new(words.join(" "), node.span))
}

/// Patterns: a text, or a list of texts.
fn patterns(fields: &mut Fields<'_, '_>, key: &str) -> Vec<String> {
    match fields.value(key) {
        None => Vec::new(),
        Some(node) if node.as_list().is_some() => {
            fields.texts(key).into_iter().map(|it| it.value.to_owned()).collect()
        }
        Some(_) => fields.text(key).map(|it| it.value.to_owned()).into_iter().collect(),
    }
}

/// Tags: a list of keys and values.
fn tags(fields: &mut Fields<'_, '_>) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    let mut faults = Vec::new();
    for node in fields.list("tags") {
        let Some(mut tag) = Fields::of(node, &mut faults) else { continue };
        let (key, value) = (tag.required("Key"), tag.required("Value"));
        tags.extend(key.zip(value).map(|(key, value)| (key.value.to_owned(), value.value.to_owned())));
    }
    faults.into_iter().for_each(|it| fields.report(it));
    tags
}

/// Reports keys with values of another type, and such as are nearly those the CDK knows; others may be anybody's.
fn check_keys(root: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let names: Vec<&str> = KEYS.iter().map(|(it, _)| *it).collect();
    for (key, entry) in root.as_map().into_iter().flatten() {
        let Some((_, kind)) = KEYS.iter().find(|(it, _)| *it == &**key) else {
            if let Some(near) = nearest(key, &names) {
                let fault = Diagnostic::warning("cdk-key", format!("the CDK has no setting `{key}`"));
                diagnostics.push(fault.at(entry.key).help(format!("did you mean `{near}`?")));
            }
            continue;
        };
        let expected = match (kind, &entry.value.kind) {
            (_, NodeKind::Null)
            | (Kind::Read | Kind::Other, _)
            | (Kind::Text, NodeKind::String(_))
            | (Kind::Bool, NodeKind::Bool(_))
            | (Kind::Map, NodeKind::Map(_)) => continue,
            (Kind::Text, _) => "a text",
            (Kind::Bool, _) => "true or false",
            (Kind::Map, _) => "a mapping",
        };
        let fault = format!("expected {expected}, found {}", entry.value.describe());
        diagnostics.push(Diagnostic::error("wrong-type", fault).at(entry.value.span));
    }
}

/// Reports a key of the context that is the CDK's own to set.
fn check_context(
    key: &str,
    place: Span,
    severity: fn(&'static str, String) -> Diagnostic,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    if key.starts_with("aws:") {
        let fault = severity("cdk-reserved", format!("`{key}` is the CDK's own to set"));
        diagnostics.push(fault.at(place).help("take another name: `aws:` begins those of the CDK"));
        // As the CDK has it, what stands in a file is passed on all the same.
        return false;
    }
    let is_reserved = key == "default-account" || key == "default-region";
    if is_reserved {
        let fault = format!("`{key}` is not taken from the context");
        let fault = Diagnostic::error("cdk-reserved", fault).at(place);
        diagnostics.push(fault.help("choose account and region with `--profile` and `--region`"));
    }
    is_reserved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MemoryFiles;

    /// The settings, and a line for each diagnostic.
    fn read(files: &[(&str, &str)], given: &[&str]) -> (Settings, String) {
        let files = MemoryFiles::with(files.iter().map(|(path, text)| (*path, text.as_bytes())));
        let mut sources = Sources::default();
        let given: Vec<String> = given.iter().map(|it| (*it).to_owned()).collect();
        let (settings, diagnostics) = settings(&files, Some(Path::new("/home/me")), &given, &mut sources);
        let line = |it: &Diagnostic| {
            let at = sources.text(it.span()).unwrap_or("-");
            format!("{} at {at}: {} ({})\n", it.code, it.message, it.help.as_deref().unwrap_or("-"))
        };
        let lines = diagnostics.iter().map(line).collect();
        (settings, lines)
    }

    #[test]
    fn the_project_comes_before_the_user() {
        let (settings, lines) = read(
            &[
                (
                    "cdk.json",
                    r#"{"app": ["node", "app.js"], "build": "make", "versionReporting": false, "tags": [{"Key": "a", "Value": "b"}]}"#,
                ),
                ("/home/me/.cdk.json", r#"{"app": "x", "build": "x", "profile": "me", "output": null}"#),
            ],
            &[],
        );
        assert_eq!(lines, "");
        assert_eq!(settings.app.unwrap().value, "node app.js");
        assert_eq!(settings.build.unwrap().value, "make");
        assert_eq!((settings.profile.as_deref(), settings.output), (Some("me"), None));
        assert_eq!((settings.version_reporting, settings.staging), (Some(false), None));
        assert_eq!(settings.tags, [("a".to_owned(), "b".to_owned())]);
        let (settings, _) = read(&[("/home/me/.cdk.json", r#"{"build": "make"}"#)], &[]);
        assert!(settings.build.is_none());
    }

    #[test]
    fn of_the_context_the_first_word_counts() {
        let (settings, lines) = read(
            &[
                ("cdk.json", r#"{"context": {"a": 2, "b": [2], "aws:x": 1}}"#),
                ("cdk.context.json", r#"{"a": 3, "b": 3, "c": 3}"#),
                ("/home/me/.cdk.json", r#"{"context": {"a": 4, "c": 4, "d": 4}}"#),
            ],
            &["a=1", "aws:y=1", "b", "default-region=r"],
        );
        let values: Vec<String> =
            settings.context.iter().map(|(key, it)| format!("{key}={}", it.describe())).collect();
        assert_eq!(
            values,
            ["a=`1`", "aws:y=`1`", "b=a list", "aws:x=the number 1", "c=the number 3", "d=the number 4"]
        );
        assert_eq!(
            lines,
            "cdk-reserved at -: `aws:y` is the CDK's own to set (take another name: `aws:` begins those of the CDK)\n\
             option-value at -: `--context b` has no value (write it as `--context KEY=VALUE`)\n\
             cdk-reserved at -: `default-region` is not taken from the context (choose account and region with `--profile` and `--region`)\n\
             cdk-reserved at \"aws:x\": `aws:x` is the CDK's own to set (take another name: `aws:` begins those of the CDK)\n"
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert!(KEYS.is_sorted_by_key(|(key, _)| *key));
        let lines = read(
            &[(
                "cdk.json",
                r#"{"app": 1, "ouput": "x", "mine": 1, "staging": "no", "watch": [], "tags": [{"Key": "a"}], "plugin": ["p"]}"#,
            )],
            &[],
        )
        .1;
        assert_eq!(
            lines,
            "cdk-key at \"ouput\": the CDK has no setting `ouput` (did you mean `output`?)\n\
             wrong-type at []: expected a mapping, found a list (-)\n\
             wrong-type at 1: expected a text, found the number 1 (-)\n\
             wrong-type at \"no\": expected true or false, found `no` (-)\n\
             missing-property at {\"Key\": \"a\"}: `Value` is missing (-)\n\
             cdk-plugin at [\"p\"]: plugins of the CDK's CLI are not run (name a profile or variables of the environment if it has brought credentials)\n"
        );
        assert_eq!(
            read(&[("cdk.json", "[]")], &[]).1,
            "wrong-type at []: expected a mapping, found a list (-)\n"
        );
    }
}
