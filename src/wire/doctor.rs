//! What was found of what a deployment needs, and policies of IAM.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{VERSION, text};
use crate::{
    ops::doctor::{Check, Diagnosis, Fact, Grade, Policy, Statement},
    present,
};

#[derive(Serialize)]
struct Found<'a> {
    version: u32,
    checks: Vec<Checked<'a>>,
    policy: Option<Document<'a>>,
}

#[derive(Serialize)]
struct Checked<'a> {
    check: &'static str,
    of: &'a str,
    grade: &'static str,
    message: String,
    help: Option<String>,
}

/// As IAM has it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    version: &'static str,
    statement: Vec<Granted<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Granted<'a> {
    sid: &'a str,
    effect: &'static str,
    action: Vec<&'a str>,
    resource: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<BTreeMap<&'static str, BTreeMap<&'static str, &'static str>>>,
}

/// What was found, as `asi doctor --format json` prints it, with a policy that allows what is missing, if something is.
pub fn diagnosis(diagnosis: &Diagnosis) -> String {
    let policy = (!diagnosis.lacking.is_empty()).then(|| document(&diagnosis.lacking));
    text(&Found { version: VERSION, checks: diagnosis.checks.iter().map(checked).collect(), policy })
}

/// A policy as IAM takes it.
pub fn policy(policy: &Policy) -> String {
    text(&document(policy))
}

fn checked(check: &Check) -> Checked<'_> {
    let grade = match check.fact.grade() {
        Grade::Good => "good",
        Grade::Unsure => "unsure",
        Grade::Missing => "missing",
    };
    let name = match &check.fact {
        Fact::Stacks(_) | Fact::Unloaded => "stackFile",
        Fact::Unseen(ending) => present::doctor::fault(ending, &check.of).map_or("unseen", |it| it.code),
        Fact::Caller { .. } => "credentials",
        Fact::Own(_) => "role",
        Fact::Bootstrap { .. } | Fact::BootstrapUnread(_) => "bootstrap",
        Fact::Stack(..) => "stack",
        Fact::Connection(_) | Fact::ConnectionUnread(_) => "connection",
        Fact::Allowed(_) | Fact::Denied(_) | Fact::Root | Fact::Unsimulated(_) | Fact::Undocumented(_) => {
            "permissions"
        }
    };
    let (message, help) = present::doctor::sentences(check);
    Checked { check: name, of: &check.of, grade, message, help }
}

fn document(policy: &Policy) -> Document<'_> {
    Document { version: "2012-10-17", statement: policy.statements.iter().map(granted).collect() }
}

fn granted(statement: &Statement) -> Granted<'_> {
    let caller = BTreeMap::from([("aws:CalledVia", "cloudformation.amazonaws.com")]);
    Granted {
        sid: statement.name,
        effect: "Allow",
        action: statement.actions.iter().map(String::as_str).collect(),
        resource: &statement.resources,
        // Nobody gets these rights but by way of a stack.
        condition: statement
            .through_cloudformation
            .then(|| BTreeMap::from([("ForAnyValue:StringEquals", caller)])),
    }
}
