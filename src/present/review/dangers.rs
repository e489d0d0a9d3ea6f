//! What hurts if it is not meant, in words.

use super::{Page, alike, plain, value};
use crate::{
    diff::{Data, Reason, ResourceChange},
    ops::Compared,
    present::{diagnostics::counted, diff::part},
    render::{Block, Meaning, Text},
    review::{Address, Danger, Going, Guard, Opening, Point, Power},
};

impl Page<'_> {
    /// The dangers of all stacks, the worst first.
    pub(super) fn dangers(&self) -> Vec<Block> {
        let each = self.reviewed.each();
        let mut all: Vec<(&Point<Danger>, &Compared)> = each
            .flat_map(|(compared, it)| it.review.dangers.iter().map(move |point| (point, compared)))
            .collect();
        all.sort_by_key(|(point, _)| point.what.order());
        // What holds data is always told of by itself.
        let is_alike = |a: &Point<Danger>, b: &Point<Danger>| {
            a.what == b.what
                && a.is_sure == b.is_sure
                && !matches!(a.what, Danger::Data { .. })
                && a.id != b.id
        };
        alike(all.into_iter(), is_alike)
            .into_iter()
            .map(|(points, stack)| self.danger(&points, stack))
            .collect()
    }

    pub(super) fn danger(&self, points: &[&Point<Danger>], stack: &Compared) -> Block {
        let Point { what, id, .. } = points[0];
        let mut lines = Vec::new();
        if points.len() == 1 && matches!(what, Danger::Data { .. } | Danger::Address { .. }) {
            let change = stack.diff.resources.iter().find(|it| it.id == *id);
            lines.extend(change.and_then(why));
        }
        lines.extend(more(what));
        let text = if points[0].is_sure { danger(what) } else { format!("perhaps: {}", danger(what)) };
        self.item(points, stack, vec![(Meaning::Warning, text)], lines)
    }
}

/// What leads to a replacement, in a line.
fn why(change: &ResourceChange) -> Option<Text> {
    let because = change.replacement.because.iter().find(|it| it.verdict == change.replacement.verdict)?;
    let Reason { path, cause, .. } = because;
    if path.is_empty() {
        return None;
    }
    let leaves = change.properties.iter().flat_map(crate::diff::Change::leaves);
    let leaf = leaves.into_iter().find(|it| it.name() == *path);
    Some(match (leaf, cause) {
        (Some(leaf), _) => crate::present::diff::of_leaf(&leaf, ""),
        (None, Some(cause)) => vec![
            (Meaning::Value, path.clone()),
            (Meaning::Plain, " refers to ".to_owned()),
            (Meaning::Value, cause.through.clone()),
        ],
        (None, None) => vec![(Meaning::Value, path.clone()), (Meaning::Plain, " differs".to_owned())],
    })
}

/// A danger in a few words.
pub(crate) fn danger(danger: &Danger) -> String {
    match danger {
        Danger::Data { data, going } => {
            let goes = match going {
                Going::Removed => "is removed",
                Going::Replaced => "is replaced",
                Going::PerhapsReplaced => "may be replaced",
            };
            let fate = match (data, going) {
                (Data::Lost, Going::PerhapsReplaced) => "its data would be lost",
                (Data::Lost, _) => "its data is lost",
                (Data::Snapshot, _) => "a snapshot of its data is kept",
                (Data::Kept, Going::Removed) => "it stays with its data, outside of the stack",
                (Data::Kept, _) => "the old one stays with its data, and the new one begins empty",
            };
            format!("{goes}: {fate}")
        }
        Danger::Open(opening) => self::opening(opening).to_owned(),
        Danger::Power(power) => self::power(power).to_owned(),
        Danger::Guard(guard) => self::guard(guard),
        Danger::Address { address, going } => {
            let what = match address {
                Address::DnsName => "its DNS name",
                Address::PublicIp => "its public address",
                Address::OutgoingIp => "the address that others see it come from",
                Address::Url => "its URL",
                Address::Record => "the name",
                Address::NameServers => "its name servers",
                Address::Arn => "its ARN",
                Address::ClientId => "its client id",
            };
            match going {
                Going::Removed if *address == Address::Record => format!("{what} leads nowhere any more"),
                Going::Removed => format!("{what} is gone"),
                Going::Replaced => format!("{what} becomes another one"),
                Going::PerhapsReplaced => format!("{what} may become another one"),
            }
        }
        Danger::Renamed { .. } => "gets another name".to_owned(),
        Danger::StackRenamed { .. } => {
            "the stack gets another name: a new one is made, empty, and the old one stays as it is".to_owned()
        }
    }
}

pub(super) fn opening(opening: &Opening) -> &'static str {
    match opening {
        Opening::Rule { .. } => "lets everybody in",
        Opening::Balancer => "can be reached from the internet",
        Opening::PublicAddress => "gets a public address",
        Opening::PublicBucket => "everybody can read it",
        Opening::Anonymous => "answers without asking who calls",
        Opening::Everybody { .. } => "allows everybody something",
    }
}

fn power(power: &Power) -> &'static str {
    match power {
        Power::Everything { .. } => "may do everything",
        Power::Wildcard { .. } => "has every permission of a service",
        Power::PassRole { .. } => "can pass a role to a service (`iam:PassRole`)",
        Power::Escalation { .. } => "can grant itself more permissions",
        Power::OtherAccount { .. } => "another account is let in",
        Power::Federated { .. } => "identities of an external provider can assume it",
        Power::Managed { .. } => "gets a policy that allows almost everything",
        Power::Undenied { .. } => "an explicit deny is removed",
        Power::Unbounded { .. } => "loses its permissions boundary",
        Power::Rebound { .. } => "gets another permissions boundary",
    }
}

fn guard(guard: &Guard) -> String {
    let text = match guard {
        Guard::Deletion => "can be deleted by mistake now",
        Guard::Retention => "goes with the stack now, with its data",
        Guard::Replacement => "its data goes when it is replaced now",
        Guard::Authentication => "nobody is asked who he is any more",
        Guard::Protocol(..) => "takes older versions of TLS now",
        Guard::Backups => "has no backups any more",
        Guard::Days(was, is) => {
            let days = counted(usize::try_from(*is).unwrap_or_default(), "day");
            let days = days.unwrap_or_else(|| "no time".to_owned());
            return format!("keeps for {days} what it kept for {was} days: what is older is deleted");
        }
        Guard::Endless(days) => {
            return format!("keeps for {days} days what it kept for ever: what is older is deleted");
        }
        Guard::Encryption => "is not encrypted any more",
        Guard::OwnKey => "is no longer encrypted with a key of your own",
        Guard::PublicAccessBlock => "can be made public by mistake now",
        Guard::Logging => "what is done with it is not recorded any more",
        Guard::Redundancy => "is no longer in more than one zone",
        Guard::Immutability => "what was published can be overwritten now",
        Guard::Rollback => "a deployment that fails is not taken back any more",
        Guard::Firewall => "is no longer behind a firewall (WAF)",
        Guard::FirewallDefault => "the firewall lets through what it does not know",
        Guard::FirewallRule(_) => "a rule of the firewall keeps nobody out any more",
        Guard::FirewallAllows(_) => "a new rule of the firewall lets requests through",
        Guard::Path(_) => "the firewall does not protect a path any more",
        Guard::Allowlist(_) => "more addresses are let through",
        Guard::Blocklist(_) => "addresses that were kept out are let in",
        Guard::Detection => "misuse is not found out any more",
    };
    text.to_owned()
}

/// What else there is to say of a danger: whom it is about, and what exactly.
pub(super) fn more(danger: &Danger) -> Vec<Text> {
    let mut lines: Vec<Text> = Vec::new();
    let mut line = |what: &str, values: &[String]| {
        let mut text = plain(format!("{what}: "));
        for (at, it) in values.iter().take(MOST).enumerate() {
            if at > 0 {
                text.extend(plain(", "));
            }
            text.extend(value(part(it, 0, LONGEST)));
        }
        if values.len() > MOST {
            text.extend(plain(format!(" and {} more", values.len() - MOST)));
        }
        lines.push(text);
    };
    let one = |it: &String| [it.clone()];
    let parts = |it: &String| it.split("; ").map(str::to_owned).collect::<Vec<_>>();
    match danger {
        Danger::Open(Opening::Rule { group, traffic, peer }) => {
            line("group", &one(group));
            line("lets in", &[format!("{traffic} from {peer}")]);
        }
        Danger::Open(Opening::Everybody { actions, condition }) => {
            line("allows", &one(actions));
            condition.iter().for_each(|it| line("if", &parts(it)));
        }
        Danger::Power(power) => match power {
            Power::Everything { who } | Power::Unbounded { who } | Power::Rebound { who } => {
                line("who", &one(who));
            }
            Power::Wildcard { who, actions, on } => {
                line("who", &one(who));
                line("may", actions);
                line("on", &one(on));
            }
            Power::PassRole { who, on } => {
                line("who", &one(who));
                line("roles", &one(on));
            }
            Power::Escalation { who, actions } => {
                line("who", &one(who));
                line("with", actions);
            }
            Power::OtherAccount { who, actions } => {
                line("who", &one(who));
                line("may", actions);
            }
            Power::Federated { provider, condition } => {
                line("provider", &one(provider));
                match condition {
                    Some(it) => line("if", &parts(it)),
                    None => line("if", &["(no condition)".to_owned()]),
                }
            }
            Power::Managed { policy, who } => {
                line("policy", &one(policy));
                line("who", &one(who));
            }
            Power::Undenied { actions, on } => {
                line("denied were", actions);
                line("on", &one(on));
            }
        },
        Danger::Guard(Guard::FirewallRule(it) | Guard::FirewallAllows(it)) => line("rule", &one(it)),
        Danger::Guard(Guard::Protocol(was, is)) => line("policy", &[format!("{was} → {is}")]),
        Danger::Guard(Guard::Path(it)) => line("path", &one(it)),
        Danger::Guard(Guard::Allowlist(values)) => line("let through, too", values),
        Danger::Guard(Guard::Blocklist(values)) => line("kept out no more", values),
        Danger::StackRenamed { from } => line("the old one", &one(from)),
        Danger::Renamed { property, from, to } => {
            line(property, &[format!("{from} → {to}")]);
        }
        Danger::Open(_) | Danger::Guard(_) | Danger::Data { .. } | Danger::Address { .. } => (),
    }
    lines
}

/// The most characters of a value.
const LONGEST: usize = 160;
/// The most values on a line.
const MOST: usize = 8;
