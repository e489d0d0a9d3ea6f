//! What is wrong with templates, stack files and cloud assemblies.

pub(super) mod inputs;
mod stacks;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity},
    id::ConstructPath,
    map::Map,
    node::Node,
    scalar::{self, Rules, Scalar},
    span::{Lines, Sources},
};

use self::inputs::{Found, Input, Kind, Origin, Remarkable, inputs};
use crate::{
    load::{self, FailOn},
    template::Template,
    validate::{self, Finding},
    world::{FileError, Files, Reason, in_parallel},
};

pub use stacks::{Judgement, judge};

/// What to validate, and for what.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// Templates, stack files, and folders of them.
    pub paths: &'a [PathBuf],
    /// The environment to take of stack files; all of them, if none is chosen.
    pub environment: Option<&'a str>,
    /// The region to validate for, whatever stacks say.
    pub region: Option<&'a str>,
    /// Whether to say what security asks for, too.
    pub security: bool,
    /// Codes of findings to leave out, or what they begin with.
    pub ignored: &'a [String],
}

/// What was found in one file.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The file.
    pub file: String,
    /// How many resources there are in its template, or in those of all its stacks.
    pub resources: usize,
    /// What was found, in the order of the file.
    pub findings: Vec<Finding>,
    /// Whether it could be read.
    pub is_readable: bool,
    /// The text of the file, if something was found in it.
    pub sources: Sources,
    /// How bad a finding has to be to count, as the file itself says.
    pub fail_on: Option<FailOn>,
}

/// Validates files side by side, and tells what was found in each, in the order of the request.
pub fn validate(files: &dyn Files, request: &Request<'_>) -> Vec<Checked> {
    let inputs = inputs(files, request.paths);
    let checked = in_parallel(&inputs, |input| match input {
        Found::Input(input) => check(files, input, request),
        Found::Unlisted(error) => Some(unlisted(error)),
        Found::Assembly(it) => Some(remarked(it)),
    });
    let mut checked: Vec<Checked> = checked.into_iter().flatten().collect();
    if checked.is_empty() {
        checked.extend(request.paths.first().map(|it| no_template(it)));
    }
    checked
}

/// What was found in a file; nothing if it is none of our business.
fn check(files: &dyn Files, input: &Input, request: &Request<'_>) -> Option<Checked> {
    let mut checked =
        Checked { file: input.path.display().to_string(), is_readable: true, ..Checked::default() };
    let text = match load::text(files, &input.path) {
        Ok(text) => text,
        // A folder may hold anything.
        Err(why) if input.origin == Origin::Walked && why.is_unlike_a_template() => return None,
        Err(why) => {
            let missing = "name a template, a stack file, or a folder with some of them";
            let fault = why.diagnostic(&input.path, missing, &mut checked.sources);
            return Some(checked.unreadable(vec![fault]));
        }
    };
    let seems = Kind::of_text(&text, &input.origin);
    if seems == Kind::Other {
        return None;
    }
    let (document, faults) = load::template(&text, &checked.file, &mut checked.sources);
    drop(text);
    let Some(document) = document else {
        return Some(checked.unreadable(if seems == Kind::Stack { faults } else { unread(faults) }));
    };
    match Kind::of(&document, &input.origin) {
        Kind::Other => return None,
        Kind::Stack => stacks::check(&document, faults, (files, &input.path), request, &mut checked),
        Kind::Template => {
            let nested = nested(files, &document, &input.path);
            check_template(&document, faults, nested, input, request, &mut checked);
        }
    }
    let is_ignored = |code: &str| request.ignored.iter().any(|it| code.starts_with(&**it));
    checked.findings.retain(|it| !is_ignored(it.diagnostic.code));
    if checked.findings.is_empty() {
        checked.sources = Sources::default();
    }
    Some(checked)
}

fn check_template(
    template: &Node,
    faults: Vec<Diagnostic>,
    nested: BTreeMap<String, Node>,
    input: &Input,
    request: &Request<'_>,
    checked: &mut Checked,
) {
    let own_region = match &input.origin {
        Origin::Assembly(region) => region.as_deref(),
        Origin::Named | Origin::Walked => None,
    };
    let region = request.region.or(own_region).map(str::to_owned);
    let mut findings: Vec<Finding> = unread(faults).into_iter().map(Finding::from).collect();
    let options = validate::Options { region, security: request.security, nested };
    findings.extend(validate::validate(template, &options));
    for finding in &mut findings {
        let construct = finding.resource.as_deref().and_then(|it| cdk_path(template, it));
        if let Some(path) = construct {
            finding.diagnostic.path.get_or_insert(path);
        }
        explain_plain(finding, &checked.sources);
    }
    checked.resources = template.get("Resources").and_then(Node::as_map).map_or(0, Map::len);
    checked.findings = in_order(findings);
}

/// What is wrong with a template of an assembly.
pub(in crate::ops) fn of_template(
    template: &Template,
    region: Option<&str>,
    request: &Request<'_>,
) -> Vec<Finding> {
    let region = region.map(str::to_owned);
    let options = validate::Options { region, security: request.security, ..validate::Options::default() };
    let mut findings = validate::validate(&template.body, &options);
    for finding in &mut findings {
        let construct = finding.resource.as_deref().and_then(|it| cdk_path(&template.body, it));
        if let Some(path) = construct {
            finding.diagnostic.path.get_or_insert(path);
        }
    }
    in_order(findings)
}

/// The templates of nested stacks that lie where `template`, which was read from `path`, says; what cannot be read is for
/// whoever deploys to find out.
fn nested(files: &dyn Files, template: &Node, path: &Path) -> BTreeMap<String, Node> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let read = |name: &str| {
        let relative = Path::new(name.strip_prefix("./").unwrap_or(name));
        let path = Some(folder.join(relative)).filter(|_| relative.is_relative())?;
        load::template(&load::text(files, &path).ok()?, name, &mut Sources::default()).0
    };
    let names = validate::nested_templates(template).into_iter();
    names.filter_map(|it| Some((it.to_owned(), read(it)?))).collect()
}

/// In the order of the file, and each once: what an alias or a loop repeats, and what two environments share, is
/// wrong once.
fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|it| it.diagnostic.span());
    let mut seen: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let Diagnostic { code, message, .. } = &finding.diagnostic;
        let is_here = |it: &&Finding| it.diagnostic.span() == finding.diagnostic.span();
        let is_same = |it: &Finding| {
            it.diagnostic.code == *code
                && it.diagnostic.message == *message
                && it.acknowledged == finding.acknowledged
        };
        // Where nothing was written, there is nothing to tell two of them apart by.
        let is_known =
            finding.diagnostic.span().is_written() && seen.iter().rev().take_while(is_here).any(is_same);
        if !is_known {
            seen.push(finding);
        }
    }
    seen
}

impl Checked {
    fn unreadable(mut self, faults: Vec<Diagnostic>) -> Self {
        self.is_readable = false;
        self.findings = faults.into_iter().map(Finding::from).collect();
        self
    }

    /// The lines of the file. Without a text, and for what has no place, all is at its beginning.
    pub fn lines(&self) -> Lines<'_> {
        let source = self.findings.iter().find_map(|it| self.sources.file(it.diagnostic.span()));
        Lines::new(source.map_or("", |it| &it.text))
    }

    /// Whether something was found that is as bad as this, and nobody acknowledged it.
    pub fn has_findings(&self, as_bad_as: FailOn) -> bool {
        let least = match as_bad_as {
            FailOn::Error => Severity::Error,
            FailOn::Warning => Severity::Warning,
            FailOn::Info => Severity::Info,
            FailOn::Never => return false,
        };
        self.findings.iter().any(|it| it.diagnostic.severity >= least && it.acknowledged.is_none())
    }

    /// How many findings there are of this severity that nobody acknowledged.
    pub fn count(&self, severity: Severity) -> usize {
        let counts = |it: &&Finding| it.diagnostic.severity == severity && it.acknowledged.is_none();
        self.findings.iter().filter(counts).count()
    }
}

/// A template that cannot be read has one code, whatever keeps it from being read.
fn unread(faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    faults.into_iter().map(|it| Diagnostic { code: "E0000", ..it }).collect()
}

fn unlisted(error: &FileError) -> Checked {
    let fault = match error.reason {
        Reason::Missing => return no_template(&error.path),
        Reason::Folder | Reason::Revision(_) | Reason::TooLarge(_) | Reason::System(_) => {
            Diagnostic::error("file", error.to_string())
        }
    };
    Checked { file: error.path.display().to_string(), ..Checked::default() }.unreadable(vec![fault])
}

/// What there is to say of an assembly besides its templates.
fn remarked(it: &Remarkable) -> Checked {
    let Remarkable { manifest, diagnostics, sources, is_readable } = it;
    let checked =
        Checked { file: manifest.display().to_string(), sources: sources.clone(), ..Checked::default() };
    Checked { is_readable: *is_readable, ..checked.unreadable(diagnostics.clone()) }
}

fn no_template(folder: &Path) -> Checked {
    let fault = Diagnostic::error("no-template", format!("there is no template in `{}`", folder.display()))
        .help("name a folder with templates in `.yaml`, `.yml`, `.json` or `.template` files");
    Checked { file: folder.display().to_string(), ..Checked::default() }.unreadable(vec![fault])
}

/// The construct that made a resource, as the CDK wrote it into the template.
fn cdk_path(template: &Node, resource: &str) -> Option<ConstructPath> {
    let resource = template.get("Resources")?.get(resource)?;
    let path = resource.get("Metadata")?.get("aws:cdk:path")?.as_str()?;
    Some(ConstructPath::of(path))
}

/// Says what CloudFormation reads where the file says something else to most people.
fn explain_plain(finding: &mut Finding, sources: &Sources) {
    let Some(label) = finding.diagnostic.labels.first_mut() else { return };
    let Some(text) = sources.text(label.span).filter(|it| scalar::is_ambiguous(it)) else { return };
    if label.text.is_empty()
        && sources.file(label.span).is_some_and(|it| !it.text.trim_start().starts_with('{'))
    {
        let read = match scalar::resolve(text, Rules::Yaml11) {
            Scalar::Bool(it) => format!("`{it}`"),
            Scalar::Integer(it) => format!("the number {it}"),
            Scalar::Float(it) => format!("the number {it}"),
            Scalar::Text => "a text".to_owned(),
            Scalar::Null => "nothing".to_owned(),
        };
        label.text = format!("CloudFormation reads YAML 1.1, in which this is {read}");
    }
}
