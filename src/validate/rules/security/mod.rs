//! What is allowed, and leaves a door open: looked for only if asked.
//!
//! A rule names what others call it: cdk-nag (`AwsSolutions-…`), checkov (`CKV_…`), trivy (`AVD-…`).

mod access;
mod companions;
mod load_balancer;
mod network;
mod plaintext;
mod settings;

use super::{
    super::{
        document::{Document, Resource},
        report::Place,
        value::Value,
    },
    Rule,
};

/// All rules.
pub(super) const ALL: &[Rule] = &[
    access::check,
    companions::check,
    load_balancer::check,
    network::check,
    plaintext::check,
    settings::check,
];

/// The resource, by its logical id.
fn place<'t>(resource: &'t Resource<'t>) -> Place<'t> {
    Place::Holder(resource.node)
}

/// Whether a property is certainly not there.
fn is_absent(document: &Document<'_>, resource: &Resource<'_>, key: &str) -> bool {
    match resource.properties {
        None => true,
        Some(_) => document.properties(resource).is_some_and(|it| it.lacks(key)),
    }
}

/// The logical id of the resource a value refers to, whichever of its attributes.
fn referred(value: Value<'_>) -> Option<&str> {
    value.target().map(|it| it.name)
}
