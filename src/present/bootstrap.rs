//! What bootstrapping an account and a region means.

use super::{aside, name};
use crate::{
    ops::bootstrap::{Prospect, Settings, Verdict},
    render::{Block, Doc, Item, Meaning, Text},
};

/// What would become of an account and a region, and who may do what there then.
pub fn prospect(prospect: &Prospect, settings: &Settings<'_>) -> Doc {
    let target = &prospect.target;
    let place = format!(
        "{}/{}",
        target.account.as_deref().unwrap_or("any account"),
        target.region.as_deref().unwrap_or("any region")
    );
    let version = |it: Option<u64>| it.map_or("no version".to_owned(), |it| format!("version {it}"));
    let (has, brings) = (version(prospect.has), version(prospect.brings));
    let becomes = match prospect.verdict {
        Verdict::Current => format!("has {has}: nothing to do"),
        Verdict::Newer => format!("has {has}, and this `asi` has {brings}: it stays as it is"),
        Verdict::Deploys if prospect.has.is_none() => format!("is not bootstrapped, and gets {brings}"),
        Verdict::Deploys if prospect.has == prospect.brings => format!("has {has}, and is changed"),
        Verdict::Deploys => format!("has {has}, and gets {brings}"),
    };
    let mut lines = Vec::new();
    if prospect.verdict == Verdict::Deploys {
        lines.extend(prospect.policies().map(|it| execution(it, prospect.is_by_default(settings))));
        lines.extend(
            prospect.trusted().map(|it| plain(format!("{} may deploy there", it.replace(',', ", ")))),
        );
    }
    let cells = vec![name(target.name.as_str()), aside(place), plain(becomes)];
    Doc(vec![Block::Items(vec![Item { cells, lines }])])
}

/// What CloudFormation may do when it deploys with the role that is made for it.
fn execution(policies: &str, is_by_default: bool) -> Text {
    let names: Vec<&str> = policies.split(',').map(|it| it.rsplit('/').next().unwrap_or(it)).collect();
    match policies {
        "" => plain("whoever deploys with its roles may do nothing, as no policy is named"),
        _ if is_by_default => {
            let text = format!(
                "whoever deploys with its roles may do what {} allows, as no policy is named: \
                 --cloudformation-execution-policies names others; `asi deploy` of a stack file needs none",
                names.join(", ")
            );
            vec![(Meaning::Warning, text)]
        }
        _ => plain(format!("whoever deploys with its roles may do what {} allows", names.join(", "))),
    }
}

fn plain(text: impl Into<String>) -> Text {
    vec![(Meaning::Plain, text.into())]
}
