//! Differences in tests: templates as text in, what differs as text out.

use asi_constructs::kernel::{
    node::Node,
    span::Sources,
    yaml::{self, Format},
};

use super::{
    Change, EntryChange, Kind, Reason, ResourceChange, Source, TemplateDiff, Verdict, diff, value::Moved,
    value::text,
};
use crate::template::Template;

/// The document that is written in YAML.
pub(super) fn parsed(yaml: &str) -> Node {
    let (node, faults) = yaml::parse(yaml, Sources::default().add("template.yaml", yaml), Format::Yaml);
    assert_eq!(faults, [], "the document can be read");
    node.expect("there is a document")
}

/// What two templates say differently.
pub(super) fn differences(old: &str, new: &str) -> TemplateDiff {
    diff(&Template::new(parsed(old)), &Template::new(parsed(new)))
}

/// What two templates say differently, but for security: a line for each resource and entry, and one for each of the
/// smallest values that differ.
pub(super) fn check(old: &str, new: &str) -> String {
    let found = differences(old, new);
    let resources = found.resources.iter().map(resource);
    resources.chain(found.entries.iter().map(entry)).collect()
}

fn resource(it: &ResourceChange) -> String {
    let sign = match it.kind {
        Kind::Added => "+",
        Kind::Removed(_) => "-",
        Kind::Changed | Kind::TypeChanged { .. } | Kind::Moved { .. } => "~",
    };
    let mut line = format!("{sign} {} {}", it.id, it.type_name);
    if let Some(path) = &it.construct {
        line += &format!(" at {path}");
    }
    match &it.kind {
        Kind::Added | Kind::Changed => (),
        Kind::Removed(fate) => line += &format!(" {fate:?}"),
        Kind::TypeChanged { from } => line += &format!(" was {from}"),
        Kind::Moved { from, fate } => line += &format!(" moved from {from} {fate:?}"),
    }
    if it.replacement.verdict != Verdict::Never || !it.replacement.because.is_empty() {
        let because: Vec<String> = it.replacement.because.iter().map(reason).collect();
        line += &format!(" {:?} ({})", it.replacement.verdict, because.join("; "));
    }
    line += if it.is_revision && it.replacement.verdict != Verdict::Never { " revision" } else { "" };
    line += &it.slight.map_or(String::new(), |it| format!(" ({it:?})"));
    line += &it.data.map_or(String::new(), |it| format!("; data {it:?}"));
    for obstacle in &it.obstacles {
        let text = format!("{obstacle:?}")
            .replace(" { property: \"", " ")
            .replace("\" }", "")
            .replace("{ name: \"", "");
        line += &format!("; refused: {text}");
    }
    let indented = |change: &Option<Change>, sign: &str| -> String {
        let lines = change.as_ref().map_or(String::new(), shown);
        lines.lines().fold(String::new(), |out, it| out + "    " + sign + it + "\n")
    };
    format!("{line}\n{}{}", indented(&it.properties, ""), indented(&it.attributes, "@"))
}

fn reason(it: &Reason) -> String {
    let source = match &it.source {
        Source::Schema(pointer) => pointer.clone(),
        other => format!("{other:?}"),
    };
    let cause = it.cause.as_ref().map_or(String::new(), |it| {
        if it.root == it.through {
            format!(" by {}", it.root)
        } else {
            format!(" by {} through {}", it.root, it.through)
        }
    });
    format!("{} {source}{cause}", it.path).trim_start().to_owned()
}

fn entry(it: &EntryChange) -> String {
    let remark = it.remark.map_or(String::new(), |it| format!(" ({it:?})"));
    let lines: String = shown(&it.change).lines().fold(String::new(), |out, it| out + "    " + it + "\n");
    format!("* {:?} {}{remark}\n{lines}", it.section, it.name)
}

/// A line for each of the smallest values that differ.
pub(super) fn shown(change: &Change) -> String {
    let text = |it: &Node| text(it, &Moved::new());
    // References stay what they are: JSON.
    let text = |it: &Node| if it.as_map().is_some() { super::value::line(it) } else { text(it) };
    let line = |name: String, change: &Change| match change {
        Change::Added(it) => format!("{name}: + {}\n", text(it)),
        Change::Removed(it) => format!("{name}: - {}\n", text(it)),
        Change::Replaced(old, new) => format!("{name}: {} → {}\n", text(old), text(new)),
        Change::Reordered(old, new) => format!("{name}: reordered {} → {}\n", text(old), text(new)),
        Change::Within(_) => unreachable!("a leaf has nothing in it"),
    };
    change.leaves().iter().map(|it| line(it.name(), it.change)).collect()
}
