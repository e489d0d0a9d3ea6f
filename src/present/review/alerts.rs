//! What a review says as alerts that stand for themselves: each of a kind, with the resource it is about.

use super::{construct, dangers, impacts, warnings};
use crate::review::{Danger, Impact, Observed, Point, Warning};

/// Something to know, for who reads nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The stable name of its kind.
    pub rule: &'static str,
    /// What all of its kind have in common, in a sentence.
    pub meaning: &'static str,
    /// What there is to know, and of what.
    pub text: String,
}

/// A danger, in the stack of this name.
pub fn of_danger(point: &Point<Danger>, stack: &str) -> Alert {
    let (rule, meaning) = match &point.what {
        Danger::Data { .. } => ("danger/data", "What holds data is removed or made anew."),
        Danger::Open(_) => ("danger/exposure", "More can be reached from outside than before."),
        Danger::Power(_) => ("danger/permissions", "Somebody may do what is worth to be asked about."),
        Danger::Guard(_) => ("danger/protection", "What protected a resource does so no more."),
        Danger::Address { .. } => ("danger/address", "What others know a resource by is another, or gone."),
        Danger::Renamed { .. } => {
            ("danger/name", "A resource that others know by its name gets another one.")
        }
        Danger::StackRenamed { .. } => ("danger/stack", "A stack gets another name: a new one is made."),
    };
    let lines = dangers::more(&point.what).into_iter();
    let lines: String =
        lines.map(|line| line.into_iter().fold("\n".to_owned(), |all, (_, it)| all + &it)).collect();
    Alert { rule, meaning, text: about(point, stack, &dangers::danger(&point.what)) + &lines }
}

/// Something to see to, in the stack of this name.
pub fn of_warning(point: &Point<Warning>, stack: &str) -> Alert {
    let (rule, meaning) = match &point.what {
        Warning::Refused(_) => ("warning/refused", "CloudFormation refuses a change."),
        Warning::Export { .. } => ("warning/export", "Another stack may import what changes or goes."),
        Warning::PerhapsReplaced { .. } => {
            ("warning/perhaps-replaced", "Nobody knows before whether a resource is made anew.")
        }
        Warning::Drifted => ("warning/drift", "Somebody has changed a resource by hand."),
        Warning::Entrance(_) => {
            ("warning/entrance", "What is new is reached from the internet, as it is made for.")
        }
        Warning::FirewallRule => ("warning/firewall-rule", "A rule of a firewall says something else."),
        Warning::Wider(_) => ("warning/permissions", "More permissions are given than before."),
        Warning::Pending(_) => ("warning/pending", "Somebody has to confirm a resource by hand."),
        Warning::NeedsValue => ("warning/needs-value", "A deployment has to give a parameter its value."),
        Warning::KeepsValue => ("warning/keeps-value", "A stack keeps the value a parameter was given."),
        Warning::Observed(Observed::Connection { .. }) => {
            ("warning/connection", "A connection to a git host cannot be used.")
        }
        Warning::Observed(Observed::NoImage { .. }) => {
            ("warning/no-image", "An image that is to be run is not in its registry.")
        }
        Warning::Observed(Observed::Said { .. }) => {
            ("warning/found-wrong", "CloudFormation or a hook finds something wrong, and does not refuse it.")
        }
        Warning::AlarmGone => ("warning/alarm", "Nobody is told any more of what an alarm watched."),
    };
    Alert { rule, meaning, text: about(point, stack, &warnings::warning(&point.what)) }
}

/// What is noticed, in the stack of this name.
pub fn of_impact(point: &Point<Impact>, stack: &str) -> Alert {
    let Impact { effect, is_sure, .. } = &point.what;
    let perhaps = if *is_sure { "" } else { "perhaps: " };
    let text = about(point, stack, &format!("{perhaps}{}", impacts::effect(effect)));
    Alert { rule: "impact", meaning: "Those who use the system may notice a change.", text }
}

/// `web (AWS::ECS::Service) in shop-prod: …`
fn about<T>(point: &Point<T>, stack: &str, what: &str) -> String {
    let of = point.construct.as_deref().map_or(point.id.as_str(), construct);
    let type_name =
        if point.type_name.is_empty() { String::new() } else { format!(" ({})", point.type_name) };
    format!("{of}{type_name} in {stack}: {what}")
}
