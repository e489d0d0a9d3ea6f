//! Stacks as they are deployed: how they are, what can be done, what they give, what has drifted.

use super::{aside, deploy, diagnostics::counted, name};
use crate::{
    deploy::Way,
    ops::{contents::Holder, inspect::Drift, recover::State},
    render::{Block, Doc, Item, Meaning, Text},
    template::secrets,
    world::cloudformation::{DeployedStack, Drifted, ResourceDrift, StackStatus},
};

/// How stacks are, a line for each, and why; nothing there is a line, too.
pub fn statuses(stacks: &[(String, Option<DeployedStack>)]) -> Doc {
    Doc(vec![Block::Items(stacks.iter().map(|(name, it)| status(name, it.as_ref())).collect())])
}

fn status(stack: &str, deployed: Option<&DeployedStack>) -> Item {
    let Some(it) = deployed else {
        return Item { cells: vec![name(stack), plain("is not deployed")], lines: vec![] };
    };
    let meaning = match () {
        () if it.status.is_good() => Meaning::Added,
        () if it.status.is_busy() => Meaning::Changed,
        () => Meaning::Warning,
    };
    let mut cells = vec![name(stack), vec![(meaning, it.status.to_string())]];
    cells.push(aside(if it.is_protected { "protected" } else { "" }));
    let lines = it.reason.iter().map(|it| plain(it.as_str())).collect();
    Item { cells, lines }
}

/// The state of a stack, and each way on from there, with what it does and what it loses.
pub fn ways(state: &State) -> Doc {
    let mut doc = Doc(vec![Block::Items(vec![status(&state.stack.name, Some(&state.stack))])]);
    let failed = state.failed.iter().map(|it| Item {
        cells: vec![
            vec![(Meaning::Warning, it.resource.status.to_string())],
            plain(it.resource.type_name.as_str()),
            vec![(Meaning::Value, it.path.clone())],
        ],
        lines: it
            .resource
            .reason
            .iter()
            .map(|it| plain(it.as_str()))
            .chain(state.held.iter().filter(|held| held.id == it.path).map(|it| emptying(state, it)))
            .collect(),
    });
    let failed: Vec<Item> = failed.collect();
    if !failed.is_empty() {
        doc.0.push(Block::Heading(plain("Failed")));
        doc.0.push(Block::Items(failed));
    }
    if state.ways.is_empty() {
        let known = state.stack.status.known();
        doc.0.push(Block::Paragraph(plain(match known {
            Some(_) => "Nothing has to be done.",
            None => "This `asi` does not know what this status means; the CloudFormation User Guide does.",
        })));
        return doc;
    }
    doc.0.push(Block::Heading(plain("Ways on, the safest first")));
    let items = state.ways.iter().map(|it| {
        let (does, loses) = sentences(*it, &state.stack.status);
        let mut lines = vec![plain(does)];
        lines.extend(loses.map(|it| vec![(Meaning::Warning, it.to_owned())]));
        Item { cells: vec![name(it.name())], lines }
    });
    doc.0.push(Block::Items(items.collect()));
    doc
}

/// How what keeps a stack from being deleted is emptied.
fn emptying(state: &State, it: &Holder) -> Text {
    let (holder, stack) = (deploy::holder(it), &state.stack.name);
    plain(format!(
        "{holder} holds something: `asi destroy {stack} --empty {}` deletes that for good, and then the stack",
        it.id
    ))
}

/// What a way does, and what it loses, if it loses something.
fn sentences(way: Way, status: &StackStatus) -> (&'static str, Option<&'static str>) {
    match way {
        Way::Wait => ("waits for what is under way, and tells how it ends", None),
        Way::Cancel => ("has the update turned back that is under way", None),
        Way::RollBack if way.loses(status) => (
            "turns the stack back",
            Some("it never came up: what was made of it goes, but for what its template says is to stay"),
        ),
        Way::RollBack => ("turns the stack back to what it was before what failed", None),
        Way::Continue => ("goes on turning it back: mend first what kept that from working", None),
        Way::Skip => (
            "goes on turning it back without the resources that fail",
            Some(
                "CloudFormation takes these for turned back, whatever they are: the next update may fail at them",
            ),
        ),
        Way::GoOn => ("goes on from where it failed: mend that, and run `asi deploy --no-rollback`", None),
        Way::Delete => {
            ("deletes the stack", Some("what is in it goes, but for what its template says is to stay"))
        }
        Way::Keep => (
            "deletes the stack, and leaves the resources that cannot be deleted",
            Some("they go on costing money, and no stack has them"),
        ),
        Way::Force => (
            "deletes the stack, whatever of it cannot be deleted",
            Some("what stays goes on costing money, and no stack has it"),
        ),
        Way::Discard => {
            ("deletes its change sets, of which none was executed", Some("they have to be made again"))
        }
        Way::Execute => ("executes one of its change sets: `asi deploy --method execute-change-set`", None),
    }
}

/// What of a stack is not what CloudFormation made it.
pub fn drift(drift: &Drift) -> Doc {
    let drifted: Vec<&ResourceDrift> =
        drift.resources.iter().filter(|it| matches!(it.drifted, Drifted::Changed | Drifted::Gone)).collect();
    let unknown = drift.resources.iter().filter(|it| it.drifted == Drifted::Unknown).count();
    let item = |it: &ResourceDrift| {
        let what = if it.drifted == Drifted::Gone { "is gone" } else { "has changed" };
        let cells = vec![
            vec![(Meaning::Value, it.logical_id.clone())],
            plain(it.type_name.as_str()),
            vec![(Meaning::Warning, what.to_owned())],
        ];
        let none = "nothing";
        let line = |it: &crate::world::cloudformation::Difference| {
            let value = |value: &Option<String>| match value {
                // Of a variable in a list, the path does not say the name.
                Some(_) if it.path.contains("Environment") && it.path.ends_with("/Value") => {
                    secrets::HIDDEN.to_owned()
                }
                Some(value) => secrets::shown(&it.path, value).into_owned(),
                None => none.to_owned(),
            };
            vec![
                (Meaning::Value, it.path.trim_start_matches('/').replace('/', ".")),
                (Meaning::Plain, ": ".to_owned()),
                (Meaning::Removed, value(&it.expected)),
                (Meaning::Plain, " → ".to_owned()),
                (Meaning::Added, value(&it.actual)),
            ]
        };
        Item { cells, lines: it.differences.iter().map(line).collect() }
    };
    let mut blocks = vec![Block::Heading(plain(drift.stack.name.as_str()))];
    if !drifted.is_empty() {
        blocks.push(Block::Items(drifted.iter().map(|it| item(it)).collect()));
    }
    let looked = drift.resources.len() - unknown;
    blocks.push(Block::Paragraph(plain(match drifted.len() {
        0 => format!(
            "nothing has drifted, of {} that CloudFormation can look at",
            counted(looked, "resource").unwrap_or_else(|| "no resource".to_owned())
        ),
        count => format!(
            "{count} of {looked} resources have drifted; `asi deploy --revert-drift` brings them back"
        ),
    })));
    Doc(blocks)
}

fn plain(text: impl Into<String>) -> Text {
    vec![(Meaning::Plain, text.into())]
}
