//! Which conditions can be true together.
//!
//! Conditions are taken for formulas over variables: a parameter that is compared with texts takes one of them or
//! another; two values that nothing is known of are equal or not. What is asked of them is decided by trying.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use asi_constructs::kernel::{
    map::Map,
    node::{Node, NodeKind},
};

use super::value::scalar;

/// How many assignments are tried for one question.
const MOST_TRIES: usize = 4096;
/// How many steps a search takes for one that satisfies some conditions, before it is given up.
const MOST_STEPS: usize = 512;
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

/// The conditions of a template.
#[derive(Debug, Default)]
pub(super) struct Conditions<'t> {
    formulas: BTreeMap<&'t str, Formula<'t>>,
    variables: Vec<Variable>,
    nothing: Scenario<'t>,
}

#[derive(Debug)]
enum Formula<'t> {
    /// Of which nothing can be said.
    Unknown,
    Known(bool),
    /// The variable has its value of this number.
    Is(usize, usize),
    Condition(&'t str),
    Not(Box<Formula<'t>>),
    And(Vec<Formula<'t>>),
    Or(Vec<Formula<'t>>),
}

/// Something that takes one of several values.
#[derive(Debug)]
struct Variable {
    /// What it is, so that the same one is known again.
    name: String,
    /// The values it is compared with.
    values: Vec<String>,
    /// The values it may take, if these are known.
    allowed: Option<Vec<String>>,
}

impl Variable {
    /// The numbers of the values it can have; one past the last stands for any other.
    fn possible(&self) -> Vec<usize> {
        let other = self.values.len();
        match &self.allowed {
            None => (0..=other).collect(),
            Some(allowed) => {
                let known = (0..other).filter(|at| allowed.contains(&self.values[*at]));
                let has_other = allowed.iter().any(|it| !self.values.contains(it));
                known.chain(has_other.then_some(other)).collect()
            }
        }
    }
}

/// The value each variable has, by number; none for those left open.
type Assignment = Vec<Option<usize>>;

impl<'t> Conditions<'t> {
    /// Reads the sections of a template.
    pub(super) fn new(conditions: &'t Map<Node>, parameters: &'t Map<Node>) -> Self {
        let mut read = Self::default();
        for (name, entry) in conditions {
            let formula = read.formula(&entry.value, parameters);
            read.formulas.insert(name, formula);
        }
        read
    }

    /// The scenario in which nothing is assumed.
    pub(super) fn nothing_assumed(&self) -> &Scenario<'t> {
        &self.nothing
    }

    /// Whether all of these can be so at once. A condition that is not there can be anything.
    pub(super) fn can_be(&self, wanted: &[(&str, bool)]) -> bool {
        self.satisfying(wanted).is_some()
    }

    /// Whether `condition` is the same in every case; that value.
    pub(super) fn constant(&self, condition: &str) -> Option<bool> {
        match (self.can_be(&[(condition, true)]), self.can_be(&[(condition, false)])) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

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
                for variable in
                    variables.iter().filter(|it| assignment[**it].is_none()).copied().collect::<Vec<_>>()
                {
                    let possible = self.variables[variable].possible();
                    assignment[variable] =
                        possible.get((variable + list.len()) % possible.len().max(1)).copied();
                }
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
            return Some(possible.then(|| self.scenario(used, assumed, &[])).into_iter().collect());
        }
        let choices = variables.iter().map(|it| self.variables[*it].possible().len());
        let assignments = choices.fold(1_usize, usize::saturating_mul);
        if assignments > most_tries {
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
        assignment: &[Option<usize>],
    ) -> Scenario<'t> {
        let truth = |name: &'t str| {
            let known = self.truth(name, assignment, 0);
            known.or_else(|| assumed.iter().find(|it| it.0 == name).map(|it| it.1))
        };
        let own = assumed
            .iter()
            .filter_map(|(name, truth)| self.formulas.contains_key(name).then_some((*name, *truth)));
        let known = used.iter().filter_map(|name| Some((*name, truth(name)?)));
        Scenario(known.chain(own).map(|(name, truth)| (Cow::Borrowed(name), truth)).collect())
    }

    /// An assignment under which all of these are so.
    fn satisfying(&self, wanted: &[(&str, bool)]) -> Option<Assignment> {
        for (at, (name, truth)) in wanted.iter().enumerate() {
            if wanted[..at].iter().any(|(other, its)| other == name && its != truth) {
                return None;
            }
        }
        let mut variables = BTreeSet::new();
        wanted.iter().for_each(|(name, _)| self.variables_of(name, &mut variables));
        let variables: Vec<usize> = variables.into_iter().collect();
        let mut assignment = vec![None; self.variables.len()];
        let mut tries = 0;
        match self.search(&variables, wanted, &mut assignment, &mut tries) {
            Search::Found => Some(assignment),
            Search::None => None,
            // Too many to try: it may be, as far as is known.
            Search::GaveUp => Some(vec![None; self.variables.len()]),
        }
    }

    fn search(
        &self,
        open: &[usize],
        wanted: &[(&str, bool)],
        assignment: &mut Assignment,
        tries: &mut usize,
    ) -> Search {
        let mut undecided = false;
        for (name, truth) in wanted {
            match self.truth(name, assignment, 0) {
                Some(it) if it != *truth => return Search::None,
                Some(_) => (),
                None => undecided = true,
            }
        }
        let Some((variable, rest)) = open.split_first().filter(|_| undecided) else { return Search::Found };
        *tries += 1;
        if *tries > MOST_STEPS {
            return Search::GaveUp;
        }
        for value in self.variables[*variable].possible() {
            assignment[*variable] = Some(value);
            match self.search(rest, wanted, assignment, tries) {
                Search::None => (),
                other => return other,
            }
        }
        assignment[*variable] = None;
        Search::None
    }

    /// Gives every assignment of `variables` to `visit` until that says no. Whether all were given.
    fn enumerate(&self, variables: &[usize], visit: &mut dyn FnMut(&Assignment) -> bool) -> bool {
        let mut assignment = vec![None; self.variables.len()];
        let choices: Vec<Vec<usize>> = variables.iter().map(|it| self.variables[*it].possible()).collect();
        if choices.iter().any(Vec::is_empty) {
            return true;
        }
        let mut at = vec![0; variables.len()];
        loop {
            for (place, variable) in variables.iter().enumerate() {
                assignment[*variable] = Some(choices[place][at[place]]);
            }
            if !visit(&assignment) {
                return false;
            }
            let Some(next) = (0..variables.len()).find(|it| at[*it] + 1 < choices[*it].len()) else {
                return true;
            };
            at[next] += 1;
            at[..next].fill(0);
        }
    }

    fn holds(&self, wanted: &[(&str, bool)], assignment: &[Option<usize>]) -> bool {
        wanted.iter().all(|(name, truth)| self.truth(name, assignment, 0).is_none_or(|it| it == *truth))
    }

    /// Whether a condition is true under `assignment`, if that decides it.
    fn truth(&self, name: &str, assignment: &[Option<usize>], depth: usize) -> Option<bool> {
        self.formulas.get(name).and_then(|it| self.evaluate(it, assignment, depth))
    }

    fn evaluate(&self, formula: &Formula<'t>, assignment: &[Option<usize>], depth: usize) -> Option<bool> {
        /// Conditions that name each other in a circle have no value.
        const DEEPEST: usize = 64;
        if depth > DEEPEST {
            return None;
        }
        let value = |it: &Formula<'t>| self.evaluate(it, assignment, depth + 1);
        match formula {
            Formula::Unknown => None,
            Formula::Known(it) => Some(*it),
            Formula::Is(variable, number) => {
                let value = assignment.get(*variable).copied().flatten();
                value.map(|it| it == *number)
            }
            Formula::Condition(name) => self.truth(name, assignment, depth + 1),
            Formula::Not(it) => value(it).map(|it| !it),
            Formula::And(all) => decided(all.iter().map(value), false),
            Formula::Or(any) => decided(any.iter().map(value), true),
        }
    }

    fn variables_of(&self, name: &str, variables: &mut BTreeSet<usize>) {
        fn collect(
            conditions: &Conditions<'_>,
            formula: &Formula<'_>,
            depth: usize,
            found: &mut BTreeSet<usize>,
        ) {
            match formula {
                Formula::Is(variable, _) => drop(found.insert(*variable)),
                Formula::Not(it) => collect(conditions, it, depth + 1, found),
                Formula::And(all) | Formula::Or(all) => {
                    all.iter().for_each(|it| collect(conditions, it, depth + 1, found));
                }
                Formula::Condition(name) if depth < 64 => {
                    if let Some(it) = conditions.formulas.get(name) {
                        collect(conditions, it, depth + 1, found);
                    }
                }
                Formula::Condition(_) | Formula::Unknown | Formula::Known(_) => (),
            }
        }
        if let Some(formula) = self.formulas.get(name) {
            collect(self, formula, 0, variables);
        }
    }

    fn formula(&mut self, node: &'t Node, parameters: &'t Map<Node>) -> Formula<'t> {
        let Some((function, argument)) = node.as_single() else { return Formula::Unknown };
        let items = argument.as_list().unwrap_or_default();
        match (function, items) {
            ("Condition", _) => argument.as_str().map_or(Formula::Unknown, Formula::Condition),
            ("Fn::Not", [only]) => Formula::Not(Box::new(self.formula(only, parameters))),
            ("Fn::And", all) => Formula::And(all.iter().map(|it| self.formula(it, parameters)).collect()),
            ("Fn::Or", any) => Formula::Or(any.iter().map(|it| self.formula(it, parameters)).collect()),
            ("Fn::Equals", [left, right]) => self.equality(left, right, parameters),
            _ => Formula::Unknown,
        }
    }

    fn equality(&mut self, left: &'t Node, right: &'t Node, parameters: &'t Map<Node>) -> Formula<'t> {
        match (literal(left), literal(right)) {
            (Some(left), Some(right)) => Formula::Known(left == right),
            (Some(literal), None) => self.comparison(right, literal, parameters),
            (None, Some(literal)) => self.comparison(left, literal, parameters),
            (None, None) if left == right => Formula::Known(true),
            (None, None) => {
                let mut sides = [identity(left), identity(right)];
                sides.sort();
                let variable = self.variable(sides.join("\u{0}"), None);
                self.variables[variable].values = vec![String::new()];
                Formula::Is(variable, 0)
            }
        }
    }

    fn comparison(&mut self, node: &'t Node, literal: String, parameters: &'t Map<Node>) -> Formula<'t> {
        let parameter = node.as_single().filter(|(key, _)| *key == "Ref").and_then(|(_, it)| it.as_str());
        let allowed = parameter
            .and_then(|it| parameters.get(it))
            .and_then(|it| it.value.get("AllowedValues"))
            .and_then(Node::as_list)
            .map(|it| it.iter().filter_map(self::literal).collect());
        let variable = self.variable(identity(node), allowed);
        let values = &mut self.variables[variable].values;
        let number = values.iter().position(|it| *it == literal).unwrap_or_else(|| {
            values.push(literal);
            values.len() - 1
        });
        Formula::Is(variable, number)
    }

    fn variable(&mut self, name: String, allowed: Option<Vec<String>>) -> usize {
        self.variables.iter().position(|it| it.name == name).unwrap_or_else(|| {
            self.variables.push(Variable { name, values: Vec::new(), allowed });
            self.variables.len() - 1
        })
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

enum Search {
    Found,
    None,
    GaveUp,
}

/// The value of a conjunction (`decisive` is false) or a disjunction (true).
fn decided(values: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut result = Some(!decisive);
    for value in values {
        match value {
            Some(it) if it == decisive => return Some(decisive),
            Some(_) => (),
            None => result = None,
        }
    }
    result
}

/// A scalar as the text CloudFormation compares.
fn literal(node: &Node) -> Option<String> {
    scalar(node).map(Cow::into_owned)
}

/// A text that is the same for equal values only.
pub(super) fn identity(node: &Node) -> String {
    format!("{:?}", Shape(node))
}

/// A value without its places, for [`identity`].
struct Shape<'a>(&'a Node);

impl std::fmt::Debug for Shape<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0.kind {
            NodeKind::List(items) => f.debug_list().entries(items.iter().map(Shape)).finish(),
            NodeKind::Map(map) => {
                f.debug_map().entries(map.iter().map(|(key, it)| (key, Shape(&it.value)))).finish()
            }
            scalar => scalar.fmt(f),
        }
    }
}

/// For each branch of each `Fn::If` under `node`, the conditions that lead there.
fn branches<'t>(node: &'t Node, path: &mut Vec<(&'t str, bool)>, found: &mut Vec<Vec<(&'t str, bool)>>) {
    match &node.kind {
        NodeKind::List(items) => items.iter().for_each(|it| branches(it, path, found)),
        NodeKind::Map(map) => {
            if let Some((condition, then, otherwise)) = choice(node) {
                for (truth, branch) in [(true, then), (false, otherwise)] {
                    path.push((condition, truth));
                    found.push(path.clone());
                    branches(branch, path, found);
                    path.pop();
                }
            } else {
                map.values().for_each(|it| branches(&it.value, path, found));
            }
        }
        NodeKind::Null
        | NodeKind::Bool(_)
        | NodeKind::Integer(_)
        | NodeKind::Float(_)
        | NodeKind::String(_) => (),
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
