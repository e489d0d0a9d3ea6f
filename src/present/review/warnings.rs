//! What to see to, in words.

use super::{Page, alike, aside, dangers, plain, value};
use crate::{
    diff::text,
    ops::Compared,
    present::{
        diagnostics::fault,
        diff::{obstacle, shortened},
    },
    render::{Block, Fault, Item, Meaning, Text},
    review::{Observed, Opening, Pending, Point, Warning},
};

impl Page<'_> {
    /// What to see to in all stacks, then what is wrong with templates and was not before.
    pub(super) fn warnings(&self) -> Vec<Block> {
        let each = self.reviewed.each();
        let points =
            each.flat_map(|(compared, it)| it.review.warnings.iter().map(move |point| (point, compared)));
        let groups = alike(points, |a, b| {
            a.what == b.what && a.is_sure == b.is_sure && !matches!(a.what, Warning::KeepsValue)
        });
        let mut blocks: Vec<Block> =
            groups.into_iter().map(|(points, stack)| self.warning(&points, stack)).collect();
        for file in &self.reviewed.checked {
            blocks.extend(file.findings.iter().map(|it| {
                let Fault { level, code, message, .. } = fault(&it.diagnostic, &file.sources);
                let word = match level {
                    crate::render::Level::Error => "error",
                    crate::render::Level::Warning | crate::render::Level::Info => "warning",
                };
                let what = vec![
                    (Meaning::Warning, word.to_owned()),
                    (Meaning::Plain, " ".to_owned()),
                    (Meaning::Name, code.to_owned()),
                ];
                let at = self.place(it.diagnostic.span(), &file.sources).into_iter().collect();
                let lines = std::iter::once(plain(message))
                    .chain(it.diagnostic.help.as_ref().map(|it| plain(it.as_str())));
                Block::Items(vec![Item {
                    cells: vec![what],
                    lines: std::iter::once(at).chain(lines).filter(|it| !it.is_empty()).collect(),
                }])
            }));
        }
        blocks
    }

    pub(super) fn warning(&self, points: &[&Point<Warning>], stack: &Compared) -> Block {
        let point = points[0];
        let mut lines: Vec<Text> = Vec::new();
        match &point.what {
            Warning::PerhapsReplaced { properties } if !properties.is_empty() => {
                let mut line = plain("that depends on ");
                line.extend(value(shortened(&properties.join(", "), 0)));
                lines.push(line);
            }
            Warning::Entrance(Opening::Rule { traffic, peer, .. }) => {
                lines.push(value(format!("{traffic} from {peer}")));
            }
            Warning::KeepsValue => {
                let kept = stack.remarks.kept.iter().find(|(name, ..)| *name == point.id);
                lines.extend(kept.map(|(_, value, default)| {
                    vec![
                        (Meaning::Value, shortened(value, 0)),
                        (Meaning::Plain, "; the default is ".to_owned()),
                        (Meaning::Value, shortened(default, 0)),
                    ]
                }));
                if kept.is_none() {
                    let entry = stack.diff.entries.iter().find(|it| it.name == point.id);
                    let now = entry
                        .and_then(|it| it.change.leaves().first().and_then(|it| it.change.now().map(text)));
                    lines.extend(now.map(|it| aside(format!("the default is {} now", shortened(&it, 0)))));
                }
            }
            _ => (),
        }
        self.item(points, stack, vec![(Meaning::Warning, warning(&point.what))], lines)
    }
}

/// What to see to, in a few words.
pub(crate) fn warning(warning: &Warning) -> String {
    let text = match warning {
        Warning::Refused(it) => return obstacle(it),
        Warning::Export { is_gone: true } => {
            "its export is gone: CloudFormation refuses this while another stack imports it"
        }
        Warning::Export { is_gone: false } => {
            "its export changes: CloudFormation refuses this while another stack imports it"
        }
        Warning::PerhapsReplaced { .. } => "may be replaced",
        Warning::Drifted => "somebody has changed it by hand; a deployment may take that back",
        Warning::Entrance(it) => return format!("a new entrance: {}", dangers::opening(it)),
        Warning::FirewallRule => "a rule of the firewall changes",
        Warning::Wider(count) => {
            return match count {
                1 => "one more permission is given: the details name it".to_owned(),
                count => format!("{count} more permissions are given: the details name them"),
            };
        }
        Warning::Pending(Pending::Connection) => {
            "has to be confirmed by hand: open it in the console once, and finish the handshake"
        }
        Warning::Pending(Pending::Subscription) => "somebody has to confirm it from an e-mail",
        Warning::NeedsValue => "a deployment has to give it a value",
        Warning::KeepsValue => "has another default, but a stack that was given a value keeps it",
        Warning::AlarmGone => "nobody is told of this any more",
        Warning::Observed(Observed::Connection { arn, status }) => return connection(arn, status.as_deref()),
        Warning::Observed(Observed::NoImage { image, .. }) => {
            return format!("nothing can be started before somebody pushes `{image}`, which is not there");
        }
        Warning::Observed(Observed::Said { by: Some(by), reason, .. }) => {
            return format!("{by} says: {reason}");
        }
        Warning::Observed(Observed::Said { by: None, reason, .. }) => {
            return format!("CloudFormation says: {reason}");
        }
    };
    text.to_owned()
}

/// Why a connection to a git host cannot be used.
fn connection(arn: &str, status: Option<&str>) -> String {
    match status {
        None => format!("no pipeline can read the source: there is no connection `{arn}`"),
        Some("PENDING") => format!(
            "no pipeline can read the source before somebody opens `{arn}` in the console, and finishes the handshake"
        ),
        Some(status) => format!("no pipeline can read the source: the connection `{arn}` is {status}"),
    }
}
