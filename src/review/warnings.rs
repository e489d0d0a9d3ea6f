//! What to see to before or after a deployment, though it does not hurt by itself.

use asi_constructs::kernel::node::Node;

use super::{Opening, Point, Subject};
use crate::{
    diff::{Change, EntryChange, Kind, Obstacle, Remark, ResourceChange, Verdict},
    template::{resource_of, resources_of},
};

/// What to see to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// CloudFormation refuses it.
    Refused(Obstacle),
    /// It is refused while another stack imports what this exports: the name, or what it stands for.
    Export {
        /// Whether the name is gone.
        is_gone: bool,
    },
    /// Nobody knows before whether it is made anew.
    PerhapsReplaced {
        /// The properties that may lead to that.
        properties: Vec<String>,
    },
    /// Somebody has changed it outside of CloudFormation, and a deployment takes that back where it is written.
    Drifted,
    /// It is reached from the internet, and is made for that.
    Entrance(Opening),
    /// A rule of the firewall says something else.
    FirewallRule,
    /// So many more permissions are given.
    Wider(usize),
    /// Somebody has to confirm it by hand.
    Pending(Pending),
    /// A deployment has to give it a value.
    NeedsValue,
    /// A stack that was given a value keeps it.
    KeepsValue,
    /// Nobody is told any more of what this watched.
    AlarmGone,
    /// Only the account tells it.
    Observed(Observed),
}

/// What only the account tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// A connection to a git host cannot be used.
    Connection {
        /// Its ARN.
        arn: String,
        /// How it is: `PENDING`, `ERROR`; nothing, if there is none of this ARN.
        status: Option<String>,
    },
    /// An image that a resource is to run is not in its registry.
    NoImage {
        /// The logical id of the resource.
        id: String,
        /// The image.
        image: String,
    },
    /// CloudFormation or a hook finds something wrong, and does not refuse it.
    Said {
        /// The logical id of the resource it is about.
        id: Option<String>,
        /// Who says it: the name of a validation, or the type of a hook.
        by: Option<String>,
        /// What is wrong.
        reason: String,
    },
}

/// What has to be confirmed by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// A connection to a git host, in the console.
    Connection,
    /// A subscription, from an e-mail.
    Subscription,
}

impl Warning {
    /// How much it matters: the smaller, the more.
    pub(super) fn order(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::Export { .. } => 0,
            Self::PerhapsReplaced { .. } | Self::Observed(_) => 1,
            Self::Drifted => 2,
            Self::Entrance(_) => 3,
            Self::FirewallRule => 4,
            Self::Wider(_) => 5,
            Self::Pending(_) | Self::NeedsValue | Self::KeepsValue | Self::AlarmGone => 6,
        }
    }

    /// Its stable name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Export { .. } => "export",
            Self::PerhapsReplaced { .. } => "perhaps-replaced",
            Self::Drifted => "drift",
            Self::Entrance(_) => "entrance",
            Self::FirewallRule => "firewall-rule",
            Self::Wider(_) => "permissions",
            Self::Pending(_) => "pending",
            Self::NeedsValue => "needs-value",
            Self::KeepsValue => "keeps-value",
            Self::AlarmGone => "alarm",
            Self::Observed(Observed::Connection { .. }) => "connection",
            Self::Observed(Observed::NoImage { .. }) => "no-image",
            Self::Observed(Observed::Said { .. }) => "found-wrong",
        }
    }
}

/// What is to be seen to in resources, parameters and outputs.
pub(super) fn warnings(subject: &Subject<'_>) -> Vec<Point<Warning>> {
    let of_resources = subject.diff.resources.iter().flat_map(|it| {
        let warnings = of_resource(subject, it);
        warnings.into_iter().map(|warning| subject.point(it, warning))
    });
    let known: Vec<&str> = subject.diff.resources.iter().map(|it| it.id.as_str()).collect();
    let drifted = subject.drifted.iter().filter(|it| !known.contains(&it.as_str()));
    let drifted = drifted.map(|it| blank(it, Warning::Drifted));
    let entries = subject.diff.entries.iter().filter_map(|it| of_entry(subject, it));
    let observed = subject.observed.iter().map(|it| observed(subject, it));
    of_resources.chain(drifted).chain(entries).chain(observed).collect()
}

/// What the account tells, at the resource that it is about or that names it.
fn observed(subject: &Subject<'_>, observed: &Observed) -> Point<Warning> {
    let [_, new] = subject.templates;
    let id = match observed {
        Observed::Connection { arn, .. } => {
            let parameters = new.body.get("Parameters").and_then(Node::as_map).into_iter().flatten();
            let parameters = parameters.map(|(name, it)| (&**name, &it.value));
            let mut all = resources_of(&new.body).chain(parameters);
            all.find(|(_, it)| names(it, arn)).map(|(id, _)| id)
        }
        Observed::NoImage { id, .. } => Some(id.as_str()),
        Observed::Said { id, .. } => id.as_deref(),
    };
    let warning = Warning::Observed(observed.clone());
    let Some(id) = id else { return Point::of_stack(warning) };
    if let Some(change) = subject.diff.resources.iter().find(|it| it.id == id) {
        return subject.point(change, warning);
    }
    let parameter = || new.body.get("Parameters")?.get(id);
    let span = resource_of(&new.body, id).or_else(parameter).map(Node::written).unwrap_or_default();
    Point { span, ..blank(id, warning) }
}

/// Whether a text stands somewhere in a node.
fn names(node: &Node, text: &str) -> bool {
    node.as_str() == Some(text) || node.children().any(|it| names(it, text))
}

fn of_resource(subject: &Subject<'_>, change: &ResourceChange) -> Vec<Warning> {
    let mut found: Vec<Warning> = change.obstacles.iter().cloned().map(Warning::Refused).collect();
    // What holds data is a danger, whatever it follows from; all else that follows is counted there.
    if change.replacement.verdict == Verdict::Maybe
        && change.data.is_none()
        && !change.is_revision
        && change.follows.is_none()
    {
        let because = change.replacement.because.iter().filter(|it| it.verdict == Verdict::Maybe);
        let properties = because.map(|it| it.path.clone()).filter(|it| !it.is_empty()).collect();
        found.push(Warning::PerhapsReplaced { properties });
    }
    if subject.drifted.contains(&change.id) {
        found.push(Warning::Drifted);
    }
    let [_, new] = subject.properties(change);
    match (&change.kind, change.type_name.as_str()) {
        (Kind::Added, "AWS::CodeConnections::Connection" | "AWS::CodeStarConnections::Connection") => {
            found.push(Warning::Pending(Pending::Connection));
        }
        (Kind::Added, "AWS::SNS::Subscription" | "AWS::SNS::Topic") if sends_mail(new) => {
            found.push(Warning::Pending(Pending::Subscription));
        }
        (Kind::Removed(_), "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm") => {
            found.push(Warning::AlarmGone);
        }
        _ => (),
    }
    found
}

/// Whether somebody is sent an e-mail that asks whether he wants more of them.
fn sends_mail(properties: Option<&Node>) -> bool {
    let is_mail =
        |it: &Node| it.get("Protocol").and_then(|it| it.as_str()).is_some_and(|it| it.starts_with("email"));
    let Some(properties) = properties else { return false };
    let subscriptions = properties.get("Subscription").and_then(|it| it.as_list()).unwrap_or_default();
    is_mail(properties) || subscriptions.iter().any(is_mail)
}

fn of_entry(subject: &Subject<'_>, entry: &EntryChange) -> Option<Point<Warning>> {
    let warning = match entry.remark? {
        Remark::ExportGone => Warning::Export { is_gone: true },
        Remark::ExportChanged => Warning::Export { is_gone: false },
        Remark::NeedsValue => Warning::NeedsValue,
        Remark::DefaultOnly if !subject.is_new && !matches!(entry.change, Change::Removed(_)) => {
            Warning::KeepsValue
        }
        Remark::DefaultOnly | Remark::Tooling => return None,
    };
    Some(Point { span: entry.span, ..blank(&entry.name, warning) })
}

fn blank(id: &str, what: Warning) -> Point<Warning> {
    Point { id: id.to_owned(), ..Point::of_stack(what) }
}
