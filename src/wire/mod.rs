//! Models as versioned JSON: the only serializable types, and a contract with programs that read them.

mod context;
mod diff;
#[cfg(feature = "aws")]
mod doctor;
mod findings;
#[cfg(feature = "aws")]
mod gc;
mod listing;
#[cfg(feature = "aws")]
mod refactor;
mod review;
mod sarif;

use std::{borrow::Cow, collections::BTreeMap};

use indexmap::IndexMap;
use serde::Serialize;

pub use context::context;
pub use diff::diff;
#[cfg(feature = "aws")]
pub use doctor::{diagnosis, policy};
pub use findings::findings;
#[cfg(feature = "aws")]
pub use gc::garbage;
pub use listing::{assembled, details, details_yaml, stacks};
#[cfg(feature = "aws")]
pub use refactor::refactorings;
pub use review::review;
pub use sarif::{review as review_sarif, sarif};

use crate::{template::secrets, world::cloudformation::DeployedStack};

/// The version of every document here; it grows when a field changes its meaning or goes.
const VERSION: u32 = 1;

/// The outputs of stacks as the CDK writes them: stack, then key, then value.
pub fn outputs<'a>(stacks: impl IntoIterator<Item = &'a DeployedStack>) -> String {
    let of = |it: &'a DeployedStack| it.outputs.iter().map(|it| (&it.key, &it.value)).collect();
    let all: BTreeMap<&String, BTreeMap<&String, &String>> =
        stacks.into_iter().map(|it| (&it.name, of(it))).collect();
    text(&all)
}

#[derive(Serialize)]
struct Statuses<'a> {
    version: u32,
    stacks: Vec<Deployed<'a>>,
}

#[derive(Serialize)]
struct Deployed<'a> {
    name: &'a str,
    id: Option<&'a str>,
    status: Option<&'a str>,
    reason: Option<&'a str>,
    protected: bool,
    parameters: BTreeMap<&'a str, Cow<'a, str>>,
    tags: BTreeMap<&'a str, Cow<'a, str>>,
    outputs: BTreeMap<&'a str, Cow<'a, str>>,
}

/// How stacks are, as `asi status --format json` prints it; of what is not deployed, there is only the name.
pub fn statuses(stacks: &[(String, Option<DeployedStack>)]) -> String {
    text(&Statuses { version: VERSION, stacks: stacks.iter().map(status).collect() })
}

fn status((name, stack): &(String, Option<DeployedStack>)) -> Deployed<'_> {
    let stack = stack.as_ref();
    let pairs = |of: fn(&DeployedStack) -> &IndexMap<String, String>| {
        stack.into_iter().flat_map(of).map(|(key, it)| (key.as_str(), secrets::shown(key, it))).collect()
    };
    let outputs = stack.into_iter().flat_map(|it| &it.outputs);
    Deployed {
        name,
        id: stack.map(|it| it.id.as_str()),
        status: stack.map(|it| it.status.as_str()),
        reason: stack.and_then(|it| it.reason.as_deref()),
        protected: stack.is_some_and(|it| it.is_protected),
        parameters: pairs(|it| &it.parameters),
        tags: pairs(|it| &it.tags),
        outputs: outputs.map(|it| (it.key.as_str(), secrets::shown(&it.key, &it.value))).collect(),
    }
}

fn text(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).expect("texts and numbers have a JSON form") + "\n"
}
