//! From a model to a [`Doc`](crate::render::Doc): what the user reads of models and of diagnostics takes its form here.

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
pub mod bootstrap;
mod codes;
mod context;
#[cfg(feature = "aws")]
pub mod deploy;
mod diagnostics;
mod diff;
#[cfg(feature = "aws")]
pub mod doctor;
#[cfg(feature = "aws")]
mod endings;
mod explain;
mod findings;
#[cfg(feature = "aws")]
pub mod gc;
#[cfg(feature = "aws")]
pub mod live;
#[cfg(feature = "aws")]
pub mod recover;
#[cfg(feature = "aws")]
pub mod refactor;
pub mod review;
mod rules;
#[cfg(feature = "aws")]
mod services;
#[cfg(feature = "aws")]
pub mod stacks;
#[cfg(feature = "aws")]
pub mod watch;

pub use codes::CODES;
pub use context::{context, looked_up, taken_out};
pub use diagnostics::diagnostics;
pub use diff::{View, diff};
#[cfg(feature = "aws")]
pub use endings::faults;
pub use explain::{code, construct, constructs, property};
pub use findings::{findings, found, remarks, suites, summary};
pub use rules::{RULES, Rule, rule};

use self::diagnostics::counted;
use crate::{
    ops::migrate::{Head, Migrated},
    render::{Meaning, Text},
};

/// What somebody is asked who holds a device, up to where its code is typed.
pub fn ask_code(serial: &str) -> String {
    format!("Code of {serial}: ")
}

/// Text in which what stands between backticks is a name.
fn prose(text: &str) -> Text {
    text.split('`')
        .enumerate()
        .filter(|(_, part)| !part.is_empty())
        .map(|(at, part)| {
            // In a doc comment a link to a type reads `[`Type`]`.
            let part = part.trim_end_matches('[').trim_start_matches(']');
            (if at % 2 == 1 { Meaning::Name } else { Meaning::Plain }, part.to_owned())
        })
        .collect()
}

fn name(text: impl Into<String>) -> Text {
    vec![(Meaning::Name, text.into())]
}

fn aside(text: impl Into<String>) -> Text {
    vec![(Meaning::Aside, text.into())]
}

/// What a stack file was made of.
pub fn migrated(it: &Migrated, head: &Head, path: &std::path::Path) -> String {
    let counts: Vec<String> = it.counts.iter().filter_map(|(count, one)| counted(*count, one)).collect();
    let file = path.display();
    let option = if file.to_string() == "asi.yaml" { String::new() } else { format!(" -f {file}") };
    format!(
        "wrote {file}: what {} says, {}\nnext: `asi diff{option}` compares it with what is deployed",
        head.origin,
        counts.join(", ")
    )
}

/// Where an assembly of several stacks is.
pub fn assembled(folder: &std::path::Path, names: &[&str]) -> String {
    let folder = folder.display();
    match names {
        [] => format!("the assembly in `{folder}` has no stacks"),
        names => format!(
            "the assembly is in `{folder}`; name a stack to have its template printed: {}",
            names.join(", ")
        ),
    }
}
