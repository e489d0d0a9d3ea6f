//! What somebody says of a difference who knows more than two templates do.

use std::collections::BTreeMap;

use asi_constructs::kernel::{node::Node, span::Span};

use super::{
    Fate, ResourceChange,
    compare::{Change, Key},
    noise,
    replacement::{Reason, Replacement, Verdict},
};

/// What somebody says of the resources of a stack, who knows what they are in truth: all that change are here, and
/// no others.
#[derive(Clone, Debug, Default)]
pub struct Told(pub BTreeMap<String, Word>);

/// What is said of a resource that changes.
#[derive(Clone, Debug, Default)]
pub struct Word {
    /// Whether it is replaced; `Maybe` leaves it to what the templates say.
    pub verdict: Verdict,
    /// Why.
    pub because: Vec<Reason>,
    /// The values that change: the way to each, what it was, and what it becomes.
    pub values: Vec<(String, Option<String>, Option<String>)>,
    /// Its type.
    pub type_name: String,
    /// Whether it comes or goes, whatever the templates say: a condition may decide that, or a macro.
    pub becomes: Option<Becomes>,
}

/// What becomes of a resource that does not only change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// It is made.
    Added,
    /// It goes, and this becomes of it, if that is said.
    Removed(Option<Fate>),
}

impl Word {
    /// What it makes of a verdict.
    pub(super) fn judge(&self, known: &mut Replacement) {
        let verdict = match self.verdict {
            Verdict::Maybe => known.verdict.max(Verdict::Maybe),
            certain => certain,
        };
        known.because.retain(|it| it.verdict <= verdict);
        for reason in &self.because {
            known.add(reason.clone());
        }
        known.verdict = verdict;
    }

    /// Shows the values of a change that no template shows.
    pub(super) fn show(&self, change: &mut ResourceChange) {
        if change.properties.is_some() || change.attributes.is_some() {
            return;
        }
        let node = |text: &String| Node::text(text.clone(), Span::default());
        let changes = self.values.iter().filter_map(|(path, before, after)| {
            let change = match (before.as_ref().map(node), after.as_ref().map(node)) {
                (Some(before), Some(after)) => Change::Replaced(before, after),
                (Some(before), None) => Change::Removed(before),
                (None, Some(after)) => Change::Added(after),
                (None, None) => return None,
            };
            Some((Key::Name(path.clone()), change))
        });
        let changes: Vec<(Key, Change)> = changes.collect();
        change.properties = (!changes.is_empty()).then(|| noise::hidden("", Change::Within(changes)));
    }
}
