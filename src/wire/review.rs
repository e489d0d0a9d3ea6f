//! What `asi review --format json` prints; README.md documents it.

use asi_constructs::kernel::span::Sources;
use serde::Serialize;

use super::{
    VERSION,
    diff::{self, Place, place, stack},
    text,
};
use crate::{
    ops::{
        Reviewed,
        review::{Basis, OfStack},
    },
    present,
    review::{Danger, Fingerprint, Impact, Point, Warning},
};

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    environments: Vec<Environment<'a>>,
}

#[derive(Serialize)]
struct Environment<'a> {
    #[serde(rename = "environment")]
    name: Option<&'a str>,
    basis: &'static str,
    fingerprint: Option<String>,
    stacks: Vec<Stack<'a>>,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Stack<'a> {
    name: &'a str,
    fingerprint: Option<String>,
    dangers: Vec<About<'a>>,
    impacts: Vec<Noticed<'a>>,
    warnings: Vec<About<'a>>,
    changes: diff::Stack<'a>,
}

#[derive(Serialize)]
struct About<'a> {
    code: &'static str,
    what: String,
    resource: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    construct: Option<&'a str>,
    follows: Option<&'a str>,
    place: Option<Place<'a>>,
}

#[derive(Serialize)]
struct Noticed<'a> {
    severity: u8,
    sure: bool,
    source: &'static str,
    #[serde(flatten)]
    point: About<'a>,
}

#[derive(Serialize)]
struct Found<'a> {
    code: &'static str,
    what: &'a str,
    place: Option<Place<'a>>,
}

/// Reviews of environments, in full.
pub fn review(each: &[(Option<String>, Reviewed)]) -> String {
    let environments = each.iter().map(|(environment, it)| of_environment(environment.as_deref(), it));
    text(&Document { version: VERSION, environments: environments.collect() })
}

fn of_environment<'a>(environment: Option<&'a str>, reviewed: &'a Reviewed) -> Environment<'a> {
    let sources = &reviewed.comparison.sources;
    let stacks = reviewed.each().map(|(compared, OfStack { review, fingerprint })| Stack {
        name: &compared.name,
        fingerprint: fingerprint.as_ref().map(Fingerprint::text),
        dangers: review.dangers.iter().map(|it| of_danger(it, sources)).collect(),
        impacts: review.impacts.iter().map(|it| of_impact(it, sources)).collect(),
        warnings: review.warnings.iter().map(|it| of_warning(it, sources)).collect(),
        changes: stack(compared, sources),
    });
    let findings = reviewed.checked.iter().flat_map(|file| {
        file.findings.iter().map(|it| Found {
            code: it.diagnostic.code,
            what: &it.diagnostic.message,
            place: place(it.diagnostic.span(), &file.sources),
        })
    });
    Environment {
        name: environment,
        basis: match reviewed.basis {
            Basis::Templates => "templates",
            Basis::Deployed => "deployed",
            Basis::ChangeSets => "changeSets",
        },
        fingerprint: reviewed.fingerprint(),
        stacks: stacks.collect(),
        findings: findings.collect(),
    }
}

fn of_danger<'a>(it: &'a Point<Danger>, sources: &'a Sources) -> About<'a> {
    about(it, it.what.code(), present::review::danger(&it.what), sources)
}

fn of_impact<'a>(it: &'a Point<Impact>, sources: &'a Sources) -> Noticed<'a> {
    let Impact { effect, is_sure, source } = &it.what;
    let point = about(it, "impact", present::review::effect(effect), sources);
    Noticed { severity: effect.severity(), sure: *is_sure, source, point }
}

fn of_warning<'a>(it: &'a Point<Warning>, sources: &'a Sources) -> About<'a> {
    about(it, it.what.code(), present::review::warning(&it.what), sources)
}

fn about<'a, T>(it: &'a Point<T>, code: &'static str, what: String, sources: &'a Sources) -> About<'a> {
    About {
        code,
        what,
        resource: &it.id,
        type_name: &it.type_name,
        construct: it.construct.as_deref(),
        follows: it.follows.as_deref(),
        place: place(it.span, sources),
    }
}
