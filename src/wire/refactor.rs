//! What moves between stacks.

use asi_constructs::kernel::span::Sources;
use serde::Serialize;

use super::{VERSION, text};
use crate::{
    ops::refactor::{End, Outcome, Planned},
    world::cloudformation::Location,
};

#[derive(Serialize)]
struct Refactorings<'a> {
    version: u32,
    environments: Vec<Environment<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Environment<'a> {
    account: Option<&'a str>,
    region: Option<&'a str>,
    result: &'static str,
    refactor: Option<&'a str>,
    moves: Vec<Move<'a>>,
    new_stacks: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unclear: Vec<Unclear<'a>>,
}

#[derive(Serialize)]
struct Move<'a> {
    #[serde(rename = "type")]
    type_name: &'a str,
    from: Place<'a>,
    to: Place<'a>,
    construct: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<usize>,
}

#[derive(Serialize)]
struct Unclear<'a> {
    #[serde(rename = "type")]
    type_name: &'a str,
    from: Vec<Place<'a>>,
    to: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    stack: &'a str,
    id: &'a str,
}

/// What moves in each environment and what came of it, as `asi refactor --format json` prints it.
pub fn refactorings(outcomes: &[Outcome], sources: &Sources) -> String {
    let environments = outcomes.iter().map(|it| environment(it, sources)).collect();
    text(&Refactorings { version: VERSION, environments })
}

fn environment<'a>(outcome: &'a Outcome, sources: &'a Sources) -> Environment<'a> {
    let plan = outcome.plan.as_ref();
    let stacks = plan.into_iter().flat_map(|it| &it.stacks);
    let unclear: &[_] = match &outcome.end {
        End::Unclear(it) => it,
        _ => &[],
    };
    let unclear = unclear.iter().map(|it| Unclear {
        type_name: &it.type_name,
        from: it.from.iter().map(place).collect(),
        to: it.to.iter().map(place).collect(),
    });
    Environment {
        account: plan.and_then(|it| it.account.as_deref()),
        region: plan.map(|it| it.region.as_str()),
        result: result(&outcome.end),
        refactor: outcome.id.as_deref(),
        moves: plan.into_iter().flat_map(|it| &it.moves).map(|it| moved(it, sources)).collect(),
        new_stacks: stacks.filter(|it| it.is_new).map(|it| it.stack.as_str()).collect(),
        unclear: unclear.collect(),
    }
}

fn moved<'a>(it: &'a Planned, sources: &'a Sources) -> Move<'a> {
    Move {
        type_name: &it.type_name,
        from: place(&it.from),
        to: place(&it.to),
        construct: it.construct.as_deref(),
        file: sources.file(it.span).map(|it| it.name.as_str()),
        line: sources.line_and_column(it.span).map(|it| it.0),
    }
}

fn place(it: &Location) -> Place<'_> {
    Place { stack: &it.stack, id: &it.id }
}

fn result(end: &End) -> &'static str {
    match end {
        End::Nothing => "nothing",
        End::Shown => "shown",
        End::Done => "done",
        End::Unclear(_) => "unclear",
        End::Blocked(_) | End::Policy(_) => "blocked",
        End::Refused { .. } | End::Differs { .. } => "refused",
        End::Failed { .. } => "failed",
        End::Left => "left",
        End::Busy(..) | End::Ended(..) => "not-begun",
    }
}
