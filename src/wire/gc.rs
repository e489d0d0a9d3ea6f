//! What no stack uses any more of what was published, for programs.

use serde::Serialize;

use super::{VERSION, text};
use crate::{
    ops::{
        contents::HolderKind,
        gc::{Asset, Garbage, Outcome, Settings, Store, Tally},
    },
    world::Timestamp,
};

#[derive(Serialize)]
struct Collected<'a> {
    version: u32,
    places: Vec<Place<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    account: Option<&'a str>,
    region: Option<&'a str>,
    stacks: usize,
    change_sets: usize,
    busy: Vec<&'a str>,
    stores: Vec<Found<'a>>,
    done: Option<Done<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    kind: &'static str,
    name: &'a str,
    used: Amount,
    young: Amount,
    foreign: Amount,
    unused: Vec<Unused<'a>>,
}

#[derive(Serialize)]
struct Amount {
    count: usize,
    bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unused<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    bytes: u64,
    age_days: u64,
    marked_days: Option<u64>,
    deletes: bool,
}

#[derive(Serialize)]
struct Done<'a> {
    deleted: Vec<Deleted>,
    spared: usize,
    marked: usize,
    unmarked: usize,
    left: Vec<Left<'a>>,
}

#[derive(Serialize)]
struct Deleted {
    kind: &'static str,
    count: usize,
    bytes: u64,
}

#[derive(Serialize)]
struct Left<'a> {
    id: &'a str,
    why: String,
}

/// What was found in each place and what was done there, as `asi gc --format json` prints it.
pub fn garbage(found: &[(Garbage, Option<Outcome>)], settings: &Settings<'_>) -> String {
    let places = found.iter().map(|(garbage, outcome)| Place {
        account: garbage.target.account.as_deref(),
        region: garbage.target.region.as_deref(),
        stacks: garbage.usage.stacks,
        change_sets: garbage.usage.change_sets,
        busy: garbage.usage.busy.iter().map(|it| it.0.as_str()).collect(),
        stores: garbage.stores.iter().map(|it| store(it, settings, garbage.now)).collect(),
        done: outcome.as_ref().map(done),
    });
    text(&Collected { version: VERSION, places: places.collect() })
}

fn store<'a>(it: &'a Store, settings: &Settings<'_>, now: Timestamp) -> Found<'a> {
    let unused = |asset: &'a Asset| Unused {
        id: &asset.id,
        tags: &asset.tags,
        bytes: asset.bytes,
        age_days: Asset::days(asset.published, now),
        marked_days: asset.marked.map(|it| Asset::days(it, now)),
        deletes: asset.is_due(settings, now),
    };
    Found {
        kind: kind(it.kind),
        name: &it.name,
        used: amount(it.used),
        young: amount(it.young),
        foreign: amount(it.foreign),
        unused: it.isolated.iter().map(unused).collect(),
    }
}

fn done(outcome: &Outcome) -> Done<'_> {
    let deleted = |(of, tally): &(HolderKind, Tally)| {
        let Amount { count, bytes } = amount(*tally);
        Deleted { kind: kind(*of), count, bytes }
    };
    Done {
        deleted: outcome.deleted.iter().map(deleted).collect(),
        spared: outcome.spared,
        marked: outcome.marked,
        unmarked: outcome.unmarked,
        left: outcome.left.iter().map(|it| Left { id: &it.name, why: it.error.to_string() }).collect(),
    }
}

fn amount(tally: Tally) -> Amount {
    Amount { count: tally.count, bytes: tally.bytes }
}

fn kind(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::Bucket => "bucket",
        HolderKind::Repository => "repository",
    }
}
