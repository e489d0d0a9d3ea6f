//! A stack file made of a template: synthesized, it says what the template says, which is proven before it is written.

#[cfg(feature = "aws")]
mod deployed;
mod same;
mod written;

use std::{borrow::Cow, path::Path};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity, has_errors},
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::{Sources, Span},
};

#[cfg(feature = "aws")]
pub use deployed::deployed;
pub use written::Head;

use self::{
    same::{Difference, differences, normal},
    written::{Exiled, stack_file},
};
use super::synth::{Synthesis, synthesize};
use crate::{
    load,
    template::Template,
    world::{Files, MemoryFiles},
};

/// How deep what is taken out lies at most: a property of a resource.
const DEEPEST: usize = 4;

/// The name that the stack file has where it is only looked at.
const FILE: &str = "asi.yaml";

/// A stack file that says what a template says.
#[derive(Debug)]
pub struct Migrated {
    /// Its text.
    pub text: String,
    /// How many resources, parameters and outputs there are.
    pub counts: [(usize, &'static str); 3],
    /// What is worth knowing: what it holds only as a patch.
    pub remarks: Vec<Diagnostic>,
}

/// Reads the template in a file.
pub fn template(files: &dyn Files, path: &Path, sources: &mut Sources) -> Result<Node, Vec<Diagnostic>> {
    let text = load::text(files, path)
        .map_err(|it| vec![it.diagnostic(path, "name a file that is there", sources)])?;
    read(&text, &path.display().to_string(), sources)
}

/// Reads a template.
pub(super) fn read(text: &str, name: &str, sources: &mut Sources) -> Result<Node, Vec<Diagnostic>> {
    let (node, diagnostics) = load::template(text, name, sources);
    let node = node.filter(|_| !has_errors(&diagnostics)).ok_or(diagnostics)?;
    if node.get("Resources").and_then(Node::as_map).is_none() {
        let fault = Diagnostic::error("no-migration", "this is no template: it has no `Resources`");
        return Err(vec![fault.at(node.span).help("name a template of CloudFormation")]);
    }
    Ok(node)
}

/// Makes a stack file of a template.
///
/// # Errors
///
/// What of the template no stack file can say, where it stands in the template.
pub fn migrate(template: &Node, head: &Head) -> Result<Migrated, Vec<Diagnostic>> {
    if !load::is_app_name(&head.app) {
        let fault = format!("`{}` cannot name the app, from which the stack has its name", head.app);
        return Err(vec![
            Diagnostic::error("app-name", fault)
                .help("a name begins with a letter, and has letters, digits and `-`, at most 100"),
        ]);
    }
    let wanted = normal(template);
    let mut exiled = Exiled::new();
    let mut first = Vec::new();
    let (mut file, made) = loop {
        let file = stack_file(&wanted, head, &exiled);
        let (made, diagnostics) = synthesized(&file);
        match made {
            Some(made) => break (file, made),
            None => {
                let is_first = first.is_empty();
                let errors = diagnostics.into_iter().filter(|it| it.severity == Severity::Error);
                let errors: Vec<Diagnostic> = errors.collect();
                let goes_on = exile(&wanted, &errors, &mut exiled);
                // What follows from having taken something out says nothing to who wrote the template.
                if is_first {
                    first = errors;
                }
                if !goes_on {
                    return Err(first);
                }
            }
        }
    };
    let made = normal(&made.body);
    let found = differences(&made, &wanted);
    let patches: Vec<Node> = found.iter().map(patch).collect();
    // That a template says its version or does not is no matter to anybody.
    let is_told = |it: &&Difference<'_>| it.path != "/AWSTemplateFormatVersion";
    let remarks = found.iter().filter(is_told).map(remark).collect();
    if !patches.is_empty() {
        file.insert("patches".into(), Entry::from(Node::new(NodeKind::List(patches), Span::default())));
    }
    let text = written(&file, head);
    // What was wrong at first is the reason, whatever came of it.
    prove(&text, &wanted).map_err(|faults| if first.is_empty() { faults } else { first })?;
    let count = |section: &str| wanted.get(section).and_then(Node::as_map).map_or(0, Map::len);
    let counts = [("Resources", "resource"), ("Parameters", "parameter"), ("Outputs", "output")]
        .map(|(it, one)| (count(it), one));
    Ok(Migrated { text, counts, remarks })
}

/// The template of a stack file, and what was found; none, if something is wrong.
fn synthesized(file: &Map<Node>) -> (Option<Template>, Vec<Diagnostic>) {
    let mut synthesis = Synthesis::default();
    let root = Node::new(NodeKind::Map(file.clone()), Span::default());
    synthesis.add(&MemoryFiles::default(), Path::new(FILE), &root, None);
    synthesis.finish();
    (synthesis.stacks.pop().map(|it| it.template), synthesis.diagnostics)
}

/// Takes out what something is wrong with: patches put it into the finished template, whatever it is. Says whether there was
/// any.
fn exile(body: &Node, errors: &[Diagnostic], exiled: &mut Exiled) -> bool {
    let before = exiled.len();
    for error in errors.iter().filter(|it| it.span().is_written()) {
        let mut way = way(body, error.span(), DEEPEST);
        if way.first().is_some_and(|it| it != "Resources") {
            way.truncate(2);
        }
        // What is still wrong without it is wrong with what it was in.
        while exiled.contains(&way) {
            way.pop();
        }
        if !way.is_empty() && way != ["Resources"] {
            exiled.insert(way);
        }
    }
    exiled.len() > before
}

/// The keys on the way to a place, at most so many.
fn way(node: &Node, place: Span, most: usize) -> Vec<String> {
    let entries = node.as_map().into_iter().flatten().filter(|_| most > 0 && node.is_group());
    for (key, entry) in entries {
        let rest = match () {
            () if entry.key.contains(place) => Vec::new(),
            () if entry.value.span.contains(place) => way(&entry.value, place, most - 1),
            () => continue,
        };
        return [key.to_string()].into_iter().chain(rest).collect();
    }
    Vec::new()
}

/// The change that makes a finished template say what it has to.
fn patch(it: &Difference<'_>) -> Node {
    let op = match (it.has, it.wanted) {
        (_, None) => "remove",
        (true, Some(_)) => "replace",
        (false, Some(_)) => "add",
    };
    let text = |text: &str| Node::text(text.to_owned(), Span::default());
    let value = it.wanted.map(|it| ("value".into(), it.clone()));
    [("op".into(), text(op)), ("path".into(), text(&it.path))].into_iter().chain(value).collect()
}

fn remark(it: &Difference<'_>) -> Diagnostic {
    let fault = if it.has {
        format!("a stack file says what is at `{}` in other words", it.path)
    } else {
        format!("a stack file has no place of its own for what is at `{}`", it.path)
    };
    Diagnostic::warning("kept-as-patch", fault).at(it.span).help(
        "nothing has to be done: a patch under `patches:` has the finished template say it as the template did",
    )
}

/// The text of a stack file, with room between its sections.
fn written(file: &Map<Node>, head: &Head) -> String {
    let part = |(key, entry): (&Cow<'static, str>, &Entry<Node>)| {
        let is_small = matches!(key.as_ref(), "app" | "description" | "region" | "tags" | "transform");
        let room = if is_small { "" } else { "\n" };
        let section = Node::from_iter([(key.clone(), entry.value.clone())]);
        format!("{room}{}", Template::new(section).to_yaml())
    };
    format!("# Made by `asi migrate` of {}.\n{}", head.origin, file.iter().map(part).collect::<String>())
}

/// Makes sure that the text of a stack file says what the template says.
fn prove(text: &str, wanted: &Node) -> Result<(), Vec<Diagnostic>> {
    let files = MemoryFiles::with([(FILE, text.as_bytes())]);
    let mut synthesis = synthesize(&files, Path::new(FILE), None, &[]);
    let Some(made) = synthesis.stacks.pop() else {
        let why = |it: &Diagnostic| {
            Diagnostic::error("no-migration", format!("the stack file would be wrong: {}", it.message))
        };
        let faults = synthesis.diagnostics.iter().filter(|it| it.severity == Severity::Error).map(why);
        return Err(faults.map(|it| it.help("report this, with the template")).collect());
    };
    let made = normal(&made.template.body);
    let fault = |it: &Difference<'_>| {
        let fault = format!("the stack file would say something else at `{}`", it.path);
        Diagnostic::error("no-migration", fault).at(it.span).help("report this, with the template")
    };
    let faults: Vec<Diagnostic> = differences(&made, wanted).iter().map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
