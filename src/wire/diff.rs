//! What `asi diff --format json` prints; README.md documents it.

use asi_constructs::kernel::{
    node::{Node, NodeKind},
    span::{Sources, Span},
};
use serde::Serialize;
use serde_json::Value;

use super::{VERSION, text};
use crate::{
    diff::{
        Attachment, Change, Data, Direction, EntryChange, Fate, Kind, Leaf, Matches, Obstacle, Reason,
        Remark, ResourceChange, Row, Rule, Section, Sign, Slight, Source, Statement, Verdict,
    },
    ops::{Compared, Comparison, Presence},
};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    stacks: Vec<Stack<'a>>,
}

#[derive(Serialize)]
pub(super) struct Stack<'a> {
    name: &'a str,
    presence: &'static str,
    counts: Counts,
    broadens: bool,
    resources: Vec<Resource<'a>>,
    entries: Vec<Entry<'a>>,
    security: Security<'a>,
    untouched: &'a [String],
    drifted: &'a [String],
    kept: Vec<Kept<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag<'a>>,
}

#[derive(Serialize)]
struct Tag<'a> {
    key: &'a str,
    old: Option<&'a str>,
    new: Option<&'a str>,
}

#[derive(Serialize)]
struct Kept<'a> {
    parameter: &'a str,
    value: &'a str,
    default: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    added: usize,
    changed: usize,
    replaced: usize,
    maybe_replaced: usize,
    removed: usize,
    data: usize,
    refused: usize,
}

#[derive(Serialize)]
struct Resource<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    construct: Option<&'a str>,
    action: &'static str,
    from: Option<&'a str>,
    fate: Option<&'static str>,
    replacement: &'static str,
    revision: bool,
    reasons: Vec<Because<'a>>,
    follows: Option<&'a str>,
    data: Option<&'static str>,
    refused: Vec<Refused<'a>>,
    slight: Option<&'static str>,
    properties: Vec<Difference>,
    attributes: Vec<Difference>,
    place: Option<Place<'a>>,
}

#[derive(Serialize)]
struct Because<'a> {
    property: &'a str,
    replacement: &'static str,
    source: &'static str,
    pointer: Option<&'a str>,
    root: Option<&'a str>,
    through: Option<&'a str>,
}

#[derive(Serialize)]
struct Refused<'a> {
    reason: &'static str,
    property: Option<&'a str>,
    export: Option<&'a str>,
}

#[derive(Serialize)]
struct Difference {
    path: String,
    change: &'static str,
    old: Option<Value>,
    new: Option<Value>,
}

#[derive(Serialize)]
pub(super) struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    section: &'static str,
    name: &'a str,
    remark: Option<&'static str>,
    decides: &'a [String],
    differences: Vec<Difference>,
    place: Option<Place<'a>>,
}

#[derive(Serialize)]
struct Security<'a> {
    statements: Vec<InResource<'a, OfStatement<'a>>>,
    policies: Vec<InResource<'a, OfAttachment<'a>>>,
    rules: Vec<InResource<'a, OfRule<'a>>>,
}

#[derive(Serialize)]
struct InResource<'a, T> {
    change: &'static str,
    broadens: bool,
    when: Vec<Side<'a>>,
    resource: &'a str,
    construct: Option<&'a str>,
    #[serde(flatten)]
    what: T,
    place: Option<Place<'a>>,
}

#[derive(Serialize)]
struct Side<'a> {
    condition: &'a str,
    holds: bool,
}

#[derive(Serialize)]
struct OfStatement<'a> {
    effect: &'a str,
    actions: Matching<'a>,
    resources: Matching<'a>,
    principals: Matching<'a>,
    condition: Option<&'a str>,
}

#[derive(Serialize)]
struct Matching<'a> {
    but: bool,
    values: &'a [String],
}

#[derive(Serialize)]
struct OfAttachment<'a> {
    policy: &'a str,
    holder: &'a str,
    boundary: bool,
}

#[derive(Serialize)]
struct OfRule<'a> {
    group: &'a str,
    direction: &'static str,
    traffic: &'a str,
    peer: &'a str,
}

/// What differs, in full.
pub fn diff(comparison: &Comparison) -> String {
    let stacks = comparison.stacks.iter().map(|it| stack(it, &comparison.sources)).collect();
    text(&Document { version: VERSION, stacks })
}

pub(super) fn stack<'a>(it: &'a Compared, sources: &'a Sources) -> Stack<'a> {
    let counts = it.diff.counts();
    let security = &it.diff.security;
    Stack {
        name: &it.name,
        presence: match it.presence {
            Presence::Both => "both",
            Presence::Added => "added",
            Presence::Removed | Presence::Doomed => "removed",
        },
        counts: Counts {
            added: counts.added,
            changed: counts.changed,
            replaced: counts.replaced,
            maybe_replaced: counts.maybe_replaced,
            removed: counts.removed,
            data: counts.data,
            refused: counts.refused,
        },
        broadens: security.broadens(),
        resources: it.diff.resources.iter().map(|it| resource(it, sources)).collect(),
        entries: it.diff.entries.iter().map(|it| entry(it, sources)).collect(),
        security: Security {
            statements: security
                .statements
                .iter()
                .map(|it| row(it, of_statement(&it.what), sources))
                .collect(),
            policies: security
                .attachments
                .iter()
                .map(|it| row(it, of_attachment(&it.what), sources))
                .collect(),
            rules: security.rules.iter().map(|it| row(it, of_rule(&it.what), sources)).collect(),
        },
        untouched: &it.remarks.untouched,
        drifted: &it.remarks.drifted,
        kept: it
            .remarks
            .kept
            .iter()
            .map(|(parameter, value, default)| Kept { parameter, value, default })
            .collect(),
        tags: it
            .tags
            .iter()
            .map(|it| Tag { key: &it.key, old: it.was.as_deref(), new: it.is.as_deref() })
            .collect(),
    }
}

fn resource<'a>(it: &'a ResourceChange, sources: &'a Sources) -> Resource<'a> {
    let (action, from, fate) = match &it.kind {
        Kind::Added => ("add", None, None),
        Kind::Removed(fate) => ("remove", None, Some(*fate)),
        Kind::Changed => ("change", None, None),
        Kind::TypeChanged { from } => ("changeType", Some(from.as_str()), None),
        Kind::Moved { from, fate } => ("move", Some(from.as_str()), Some(*fate)),
    };
    Resource {
        id: &it.id,
        type_name: &it.type_name,
        construct: it.construct.as_deref(),
        action,
        from,
        fate: fate.map(|it| match it {
            Fate::Destroyed => "destroyed",
            Fate::Snapshot => "snapshot",
            Fate::Orphaned => "orphaned",
        }),
        replacement: verdict(it.replacement.verdict),
        revision: it.is_revision,
        reasons: it.replacement.because.iter().map(because).collect(),
        follows: it.follows.as_deref(),
        data: it.data.map(|it| match it {
            Data::Lost => "lost",
            Data::Snapshot => "snapshot",
            Data::Kept => "kept",
        }),
        refused: it.obstacles.iter().map(refused).collect(),
        slight: it.slight.map(|it| match it {
            Slight::Assets => "assets",
            Slight::Tags => "tags",
            Slight::Metadata => "metadata",
            Slight::Tooling => "tooling",
        }),
        properties: differences(it.properties.as_ref()),
        attributes: differences(it.attributes.as_ref()),
        place: place(it.span, sources),
    }
}

fn verdict(it: Verdict) -> &'static str {
    match it {
        Verdict::Never => "never",
        Verdict::Maybe => "maybe",
        Verdict::Always => "always",
    }
}

fn because(it: &Reason) -> Because<'_> {
    let (source, pointer) = match &it.source {
        Source::Schema(pointer) => ("schema", Some(pointer.as_str())),
        Source::Provider => ("provider", None),
        Source::Type => ("type", None),
        Source::LogicalId => ("logicalId", None),
        Source::Reference => ("reference", None),
        Source::ChangeSet => ("changeSet", None),
    };
    let cause = it.cause.as_ref();
    Because {
        property: &it.path,
        replacement: verdict(it.verdict),
        source,
        pointer,
        root: cause.map(|it| it.root.as_str()),
        through: cause.map(|it| it.through.as_str()),
    }
}

fn refused(it: &Obstacle) -> Refused<'_> {
    let (reason, property, export) = match it {
        Obstacle::Type => ("type", None, None),
        Obstacle::NameTaken { property } => ("nameTaken", Some(property.as_str()), None),
        Obstacle::ServiceToken => ("serviceToken", None, None),
        Obstacle::NotEmpty => ("notEmpty", None, None),
        Obstacle::Exported { name } => ("exported", None, Some(name.as_str())),
    };
    Refused { reason, property, export }
}

fn differences(change: Option<&Change>) -> Vec<Difference> {
    change.into_iter().flat_map(Change::leaves).map(|it| difference(&it)).collect()
}

fn difference(leaf: &Leaf<'_>) -> Difference {
    let change = match leaf.change {
        Change::Added(_) => "added",
        Change::Removed(_) => "removed",
        Change::Replaced(..) => "replaced",
        Change::Reordered(..) => "reordered",
        Change::Within(_) => "within",
    };
    Difference {
        path: leaf.name(),
        change,
        old: leaf.change.was().map(value),
        new: leaf.change.now().map(value),
    }
}

fn value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Null => Value::Null,
        NodeKind::Bool(it) => Value::from(*it),
        NodeKind::Integer(it) => Value::from(*it),
        NodeKind::Float(it) => Value::from(*it),
        NodeKind::String(it) => Value::from(it.as_ref()),
        NodeKind::List(items) => items.iter().map(value).collect(),
        NodeKind::Map(map) => {
            Value::Object(map.iter().map(|(key, it)| (key.clone().into_owned(), value(&it.value))).collect())
        }
    }
}

pub(super) fn place(span: Span, sources: &Sources) -> Option<Place<'_>> {
    let (line, column) = sources.line_and_column(span)?;
    Some(Place { file: &sources.file(span)?.name, line, column })
}

fn entry<'a>(it: &'a EntryChange, sources: &'a Sources) -> Entry<'a> {
    Entry {
        section: match it.section {
            Section::Parameters => "Parameters",
            Section::Outputs => "Outputs",
            Section::Mappings => "Mappings",
            Section::Conditions => "Conditions",
            Section::Rules => "Rules",
            Section::Transform => "Transform",
            Section::Loops => "Loops",
            Section::Metadata => "Metadata",
            Section::Other => "Other",
        },
        name: &it.name,
        remark: it.remark.map(|it| match it {
            Remark::ExportGone => "exportGone",
            Remark::ExportChanged => "exportChanged",
            Remark::DefaultOnly => "defaultOnly",
            Remark::NeedsValue => "needsValue",
            Remark::Tooling => "tooling",
        }),
        decides: &it.decides,
        differences: differences(Some(&it.change)),
        place: place(it.span, sources),
    }
}

fn row<'a, T, W>(it: &'a Row<T>, what: W, sources: &'a Sources) -> InResource<'a, W> {
    InResource {
        change: match it.sign {
            Sign::Added => "added",
            Sign::Removed => "removed",
        },
        broadens: it.broadens,
        when: it.when.iter().map(|(condition, holds)| Side { condition, holds: *holds }).collect(),
        resource: &it.resource,
        construct: it.construct.as_deref(),
        what,
        place: place(it.span, sources),
    }
}

fn of_statement(it: &Statement) -> OfStatement<'_> {
    OfStatement {
        effect: &it.effect,
        actions: matching(&it.actions),
        resources: matching(&it.resources),
        principals: matching(&it.principals),
        condition: it.condition.as_deref(),
    }
}

fn matching(Matches { but, values }: &Matches) -> Matching<'_> {
    Matching { but: *but, values }
}

fn of_attachment(it: &Attachment) -> OfAttachment<'_> {
    OfAttachment { policy: &it.policy, holder: &it.holder, boundary: it.is_boundary }
}

fn of_rule(it: &Rule) -> OfRule<'_> {
    let direction = match it.direction {
        Direction::In => "in",
        Direction::Out => "out",
    };
    OfRule { group: &it.group, direction, traffic: &it.traffic, peer: &it.peer }
}
