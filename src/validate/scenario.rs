//! The scenarios of a template: the ways its conditions can turn out, as far as they differ in something.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use asi_constructs::kernel::node::Node;

use super::conditions::{Assignment, Conditions};

/// How many assignments are tried for one question.
const MOST_TRIES: usize = 4096;
/// How many assignments are tried for several resources at once: there are many more pairs than resources.
const MOST_TRIES_TOGETHER: usize = 256;
/// How many scenarios of one resource are told apart.
const MOST_SCENARIOS: usize = 64;

/// What some conditions are; of those it does not name nothing is assumed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scenario<'t>(BTreeMap<Cow<'t, str>, bool>);

impl Scenario<'_> {
    /// The same, with names of its own.
    fn owned(&self) -> Scenario<'static> {
        Scenario(self.0.iter().map(|(name, truth)| (Cow::Owned(name.to_string()), *truth)).collect())
    }

    /// Whether the condition is true, if that is assumed.
    pub(super) fn of(&self, condition: &str) -> Option<bool> {
        self.0.get(condition).copied()
    }
}

/// Scenarios that stay where they are, so that values can be seen in them as long as their document is there.
#[derive(Debug, Default)]
pub(super) struct Kept {
    first: OnceLock<(Scenario<'static>, Box<Kept>)>,
}

impl Kept {
    /// The kept one that is like `scenario`.
    pub(super) fn keep(&self, scenario: &Scenario<'_>) -> &Scenario<'static> {
        let mut kept = self;
        loop {
            let (first, rest) = kept.first.get_or_init(|| (scenario.owned(), Box::default()));
            if first == scenario {
                return first;
            }
            kept = rest;
        }
    }
}

/// Each holds the next: letting go of them one by one takes no stack.
impl Drop for Kept {
    fn drop(&mut self) {
        let mut next = self.first.take();
        while let Some((_, mut rest)) = next {
            next = rest.first.take();
        }
    }
}

/// The ways some conditions can turn out.
#[derive(Debug)]
pub(super) struct Scenarios<'t> {
    /// Different ones, in order.
    pub list: Vec<Scenario<'t>>,
    /// Whether these are all; otherwise they reach what branches they can, but not in every combination.
    pub is_complete: bool,
}

impl<'t> Conditions<'t> {
    /// The scenarios that differ in what stands under `node`, where `assumed` is true: one for each way the
    /// conditions used there can turn out, or, if those are too many, so many that reach one branch after another.
    pub(super) fn scenarios(&self, node: &'t Node, assumed: Option<&'t str>) -> Scenarios<'t> {
        let question = self.question(&[node], assumed.as_slice());
        if let Some(list) = self.all(&question, MOST_TRIES) {
            return Scenarios { list, is_complete: true };
        }
        let Question { mut paths, used, assumed, variables } = question;
        // What stands on the surface is likelier to matter than what is deeply nested.
        paths.sort_by_key(Vec::len);
        let mut list: Vec<Scenario<'t>> = Vec::new();
        for path in paths {
            if list.len() == MOST_SCENARIOS {
                break;
            }
            let leads_there =
                |it: &Scenario<'t>| path.iter().all(|(name, truth)| it.of(name) == Some(*truth));
            if list.iter().any(leads_there) {
                continue;
            }
            let wanted: Vec<(&'t str, bool)> = assumed.iter().copied().chain(path).collect();
            if let Some(mut assignment) = self.satisfying(&wanted) {
                // What is left open is decided too, each time otherwise, so that one scenario reaches many branches.
                self.fill(&variables, list.len(), &mut assignment);
                if self.holds(&wanted, &assignment) {
                    list.push(self.scenario(&used, &wanted, &assignment));
                }
            }
        }
        Scenarios { list, is_complete: false }
    }

    /// The scenarios that differ in what stands under any of `nodes`, where all of `assumed` are true; nothing if
    /// they are too many.
    pub(super) fn together(&self, nodes: &[&'t Node], assumed: &[&'t str]) -> Option<Vec<Scenario<'t>>> {
        self.all(&self.question(nodes, assumed), MOST_TRIES_TOGETHER)
    }

    /// What the conditions under `nodes` are, where `assumed` are true.
    fn question(&self, nodes: &[&'t Node], assumed: &[&'t str]) -> Question<'t> {
        let mut paths = Vec::new();
        nodes.iter().for_each(|it| branches(it, &mut Vec::new(), &mut paths));
        let used: BTreeSet<&'t str> = paths.iter().flatten().map(|(name, _)| *name).collect();
        let mut variables = BTreeSet::new();
        for name in used.iter().chain(assumed) {
            self.variables_of(name, &mut variables);
        }
        Question {
            paths,
            used,
            assumed: assumed.iter().map(|it| (*it, true)).collect(),
            variables: variables.into_iter().collect(),
        }
    }

    /// Every scenario of a question, if that takes no more than so many tries.
    fn all(&self, question: &Question<'t>, most_tries: usize) -> Option<Vec<Scenario<'t>>> {
        let Question { used, assumed, variables, .. } = question;
        if used.is_empty() {
            let possible = self.can_be(assumed);
            return Some(
                possible.then(|| self.scenario(used, assumed, &self.anything())).into_iter().collect(),
            );
        }
        if self.count(variables) > most_tries {
            return None;
        }
        let mut found = BTreeSet::new();
        let is_complete = self.enumerate(variables, &mut |assignment| {
            if self.holds(assumed, assignment) {
                found.insert(self.scenario(used, assumed, assignment));
            }
            found.len() <= MOST_SCENARIOS
        });
        is_complete.then(|| found.into_iter().collect())
    }

    /// What the conditions `used` are under `assignment`; of those it leaves open, what is `assumed`.
    fn scenario(
        &self,
        used: &BTreeSet<&'t str>,
        assumed: &[(&'t str, bool)],
        assignment: &Assignment,
    ) -> Scenario<'t> {
        let truth = |name: &'t str| {
            let known = self.truth(name, assignment);
            known.or_else(|| assumed.iter().find(|it| it.0 == name).map(|it| it.1))
        };
        let own = assumed.iter().filter(|(name, _)| self.contains(name)).copied();
        let known = used.iter().filter_map(|name| Some((*name, truth(name)?)));
        Scenario(known.chain(own).map(|(name, truth)| (Cow::Borrowed(name), truth)).collect())
    }
}

/// Which conditions are asked for, and what decides them.
struct Question<'t> {
    /// For each branch, what leads there.
    paths: Vec<Vec<(&'t str, bool)>>,
    /// The conditions that stand in these.
    used: BTreeSet<&'t str>,
    assumed: Vec<(&'t str, bool)>,
    variables: Vec<usize>,
}

/// For each branch of each `Fn::If` under `node`, the conditions that lead there.
fn branches<'t>(node: &'t Node, path: &mut Vec<(&'t str, bool)>, found: &mut Vec<Vec<(&'t str, bool)>>) {
    let Some((condition, then, otherwise)) = choice(node) else {
        node.children().for_each(|it| branches(it, path, found));
        return;
    };
    for (truth, branch) in [(true, then), (false, otherwise)] {
        path.push((condition, truth));
        found.push(path.clone());
        branches(branch, path, found);
        path.pop();
    }
}

/// The condition of an `Fn::If` and its two branches.
pub(super) fn choice(node: &Node) -> Option<(&str, &Node, &Node)> {
    match node.as_single()? {
        ("Fn::If", argument) => match argument.as_list()? {
            [condition, then, otherwise] => Some((condition.as_str()?, then, otherwise)),
            _ => None,
        },
        _ => None,
    }
}
