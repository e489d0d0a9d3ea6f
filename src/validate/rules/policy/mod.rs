//! Policies of IAM and of resources: their grammar, and what their statements can mean.

mod actions;
mod bucket;
mod condition;
mod grammar;
pub(in crate::validate) mod places;
mod principal;
mod role;
mod size;
mod trust;

use places::{Kind, policies};

use super::super::{document::Document, report::Report};

/// Looks at every policy of a template.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for policy in policies(document) {
        grammar::check(&policy, report);
        for statement in policy.statements() {
            actions::check(&policy, statement, report);
            condition::check(&policy, statement, report);
            if policy.kind != Kind::Identity {
                principal::check(&policy, statement, report);
            }
            bucket::check(&policy, statement, report);
            trust::check(&policy, statement, report);
        }
    }
    role::check(document, report);
    size::check(document, report);
}
