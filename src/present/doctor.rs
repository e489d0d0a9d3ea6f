//! What was found of what a deployment needs, and what to do about it.

use asi_constructs::kernel::diagnostic::Diagnostic;

use super::{aside, diagnostics::counted};
use crate::{
    deploy::Standing,
    ops::{
        deploy::Ending,
        doctor::{Check, Diagnosis, Fact, Grade, Policy},
    },
    render::{Block, Doc, Item, Meaning, Text},
    world::cloudformation::StackStatus,
};

/// All that was found, a line for each thing, and how much of it is missing; `policy` is one that allows what is not
/// allowed, as IAM takes it.
pub fn diagnosis(diagnosis: &Diagnosis, policy: Option<String>) -> Doc {
    let missing = diagnosis.checks.iter().filter(|it| it.fact.grade() == Grade::Missing).count();
    let summary = match counted(missing, "thing") {
        None => "Nothing is missing.".to_owned(),
        Some(count) if missing == 1 => format!("{count} is missing."),
        Some(count) => format!("{count} are missing."),
    };
    let items = diagnosis.checks.iter().map(item).collect();
    let mut doc = Doc(vec![Block::Items(items), Block::Paragraph(plain(summary))]);
    if let Some(policy) = policy {
        doc.0.push(Block::Heading(plain("A policy that allows what is not allowed")));
        doc.0.push(Block::Code("json", policy));
    }
    doc
}

/// The characters of a managed policy that IAM takes, spaces left out: "IAM and AWS STS quotas" in the IAM User Guide.
const LARGEST_POLICY: usize = 6_144;

/// What there is to know of a policy, which IAM takes as this text.
pub fn remarks(policy: &Policy, text: &str) -> Doc {
    let mut notes = Vec::new();
    let types: Vec<&str> = policy.unknown.iter().map(String::as_str).collect();
    if !types.is_empty() {
        notes.push(format!("note: no schema says what CloudFormation calls for {}", types.join(", ")));
    }
    let size = text.chars().filter(|it| !it.is_whitespace()).count();
    if size > LARGEST_POLICY {
        notes.push(format!(
            "note: it has {size} characters, and IAM takes {LARGEST_POLICY} in a policy: split it in several"
        ));
    }
    Doc(notes.into_iter().map(|it| Block::Paragraph(plain(it))).collect())
}

fn item(check: &Check) -> Item {
    let (sentence, help) = sentences(check);
    let sign = match check.fact.grade() {
        Grade::Good => (Meaning::Added, "✓"),
        Grade::Unsure => (Meaning::Changed, "!"),
        Grade::Missing => (Meaning::Warning, "✗"),
    };
    let mut line = vec![(Meaning::Name, check.of.clone()), (Meaning::Plain, " ".to_owned())];
    line.extend(plain(sentence));
    let lines = help.map(aside).into_iter().collect();
    Item { cells: vec![vec![(sign.0, sign.1.to_owned())], line], lines }
}

/// What was found, behind the name of what it is about, and what to do, if something has to be done.
pub fn sentences(check: &Check) -> (String, Option<String>) {
    let of = check.of.as_str();
    match &check.fact {
        Fact::Stacks(names) => (format!("is good for {}", names.join(", ")), None),
        Fact::Unloaded => (
            "cannot be deployed".to_owned(),
            Some("mend what is told above, or name another file with `-f`".to_owned()),
        ),
        Fact::Unseen(ending) => match fault(ending, of) {
            Some(it) => (format!("cannot be looked at: {}", it.message), it.help),
            None => ("cannot be looked at".to_owned(), None),
        },
        Fact::Caller { caller, source, profile } => {
            let source =
                source.as_deref().map_or(String::new(), |it| format!(", with credentials from {it}"));
            let profile = profile.as_deref().map_or(String::new(), |it| format!(", profile {it}"));
            (format!("is reached as {}{source}{profile}", caller.arn), None)
        }
        Fact::Own(error) => {
            (format!("is reached with your own credentials, as its role cannot be taken on: {error}"), None)
        }
        Fact::Bootstrap { has, needed } => bootstrap(of, *has, *needed),
        Fact::BootstrapUnread(error) => (
            format!("may be bootstrapped or not: {error}"),
            Some("have somebody allow `ssm:GetParameter`".to_owned()),
        ),
        Fact::Stack(status, standing) => stack(of, status.as_ref(), *standing),
        Fact::Connection(status) => connection(status.as_deref()),
        Fact::ConnectionUnread(error) => (
            format!("may be ready or not: {error}"),
            Some("have somebody allow `codeconnections:GetConnection`".to_owned()),
        ),
        Fact::Allowed(count) => (format!("may call all {count} actions that are needed"), None),
        Fact::Denied(actions) => {
            let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
            (
                format!("may not call {}", actions.join(", ")),
                Some(
                    "for what CloudFormation calls, IAM was asked about any resource: a policy that names some may be \
                     enough"
                        .to_owned(),
                ),
            )
        }
        Fact::Root => ("owns the account, and may do everything".to_owned(), None),
        Fact::Unsimulated(error) => (
            format!("may be allowed to deploy or not: {error}"),
            Some(
                "have somebody allow `iam:SimulatePrincipalPolicy`, or compare with `asi doctor --policy`"
                    .to_owned(),
            ),
        ),
        Fact::Undocumented(types) => {
            let types: Vec<&str> = types.iter().map(String::as_str).collect();
            (format!("may need more for {}, of which no schema says what", types.join(", ")), None)
        }
    }
}

/// What keeps something from being looked at.
pub fn fault(ending: &Ending, of: &str) -> Option<Diagnostic> {
    super::faults(ending, of, None, "asi doctor").into_iter().next()
}

fn bootstrap(place: &str, has: Option<u64>, needed: Option<u64>) -> (String, Option<String>) {
    let help = || Some(format!("run `asi bootstrap {place}`"));
    match (has, needed) {
        (Some(has), Some(needed)) if has < needed => {
            (format!("has version {has} of what `asi bootstrap` makes, and needs {needed}"), help())
        }
        (Some(has), _) => (format!("is bootstrapped, with version {has}"), None),
        (None, Some(_)) => ("is not bootstrapped, and these stacks cannot do without".to_owned(), help()),
        (None, None) => (
            "is not bootstrapped, which these stacks do without".to_owned(),
            Some(format!("a template over 51,200 bytes needs `asi bootstrap {place}`")),
        ),
    }
}

fn stack(name: &str, status: Option<&StackStatus>, standing: Standing) -> (String, Option<String>) {
    let Some(status) = status else { return ("is not deployed yet".to_owned(), None) };
    match standing {
        Standing::Absent => ("is not deployed yet".to_owned(), None),
        Standing::Ready => (format!("is in {status}"), None),
        Standing::Busy => (format!("is in {status}, which a deployment waits for"), None),
        Standing::Leftover => {
            (format!("is in {status}: a deployment deletes what is left of it first"), None)
        }
        Standing::Paused | Standing::Stuck => (
            format!("is in {status}, from which no deployment can begin"),
            Some(format!("`asi recover {name}` says what can be done, and does it")),
        ),
    }
}

fn connection(status: Option<&str>) -> (String, Option<String>) {
    let console = "https://console.aws.amazon.com/codesuite/settings/connections";
    match status {
        Some("AVAILABLE") => ("is connected".to_owned(), None),
        Some("PENDING") => (
            "waits for somebody to agree to it".to_owned(),
            Some(format!("choose it in {console}, and then `Update pending connection`")),
        ),
        Some(other) => (format!("is in {other}"), Some(format!("make another one in {console}"))),
        None => ("is not there".to_owned(), Some(format!("make one in {console}, and write its ARN"))),
    }
}

fn plain(text: impl Into<String>) -> Text {
    vec![(Meaning::Plain, text.into())]
}
