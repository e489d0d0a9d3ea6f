//! The conditions of a template, and which of them can be so at once.
//!
//! Conditions are taken for formulas over variables: a parameter that is compared with texts takes one of them or
//! another; two values that nothing is known of are equal or not. Whether some of them can be so at once is decided by
//! drawing from each what it says of its variables, and by trying where that leaves a choice.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use asi_constructs::kernel::{
    map::Map,
    node::{Node, NodeKind},
};

use super::value::scalar;

/// How many choices are made for one question before it is given up.
const MOST_CHOICES: usize = 512;
/// How deep formulas are followed: conditions that name each other in a circle have no value.
const DEEPEST: usize = 64;

/// The conditions of a template.
#[derive(Debug, Default)]
pub(super) struct Conditions<'t> {
    formulas: BTreeMap<&'t str, Formula<'t>>,
    variables: Vec<Variable>,
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
    fn possible(&self) -> impl Iterator<Item = usize> {
        (0..=self.values.len()).filter(|it| self.can_be(*it))
    }

    fn can_be(&self, number: usize) -> bool {
        match (&self.allowed, self.values.get(number)) {
            (None, _) => true,
            (Some(allowed), Some(value)) => allowed.contains(value),
            (Some(allowed), None) => allowed.iter().any(|it| !self.values.contains(it)),
        }
    }
}

/// What a variable is taken to be.
#[derive(Clone, Debug, Default)]
enum Taken {
    #[default]
    Anything,
    /// The value of this number.
    Is(usize),
    /// None of the values of these numbers.
    IsNot(Vec<usize>),
}

/// What each variable is taken to be, by number.
#[derive(Clone, Debug)]
pub(super) struct Assignment(Vec<Taken>);

/// Some formulas of which at least one is to be what is wanted.
#[derive(Clone, Debug)]
struct Choice<'a, 't> {
    among: Vec<&'a Formula<'t>>,
    wanted: bool,
}

/// What is wanted cannot be.
struct Contradiction;

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

    /// Whether there is a condition of this name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.formulas.contains_key(name)
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

    /// An assignment under which all of these are so, as far as is known.
    pub(super) fn satisfying(&self, wanted: &[(&str, bool)]) -> Option<Assignment> {
        let contradicts = |at: usize, (name, truth): &(&str, bool)| {
            wanted[..at].iter().any(|(other, its)| other == name && its != truth)
        };
        if wanted.iter().enumerate().any(|(at, it)| contradicts(at, it)) {
            return None;
        }
        let mut assignment = self.anything();
        let mut choices = Vec::new();
        for (name, truth) in wanted {
            if let Some(formula) = self.formulas.get(name) {
                self.take(formula, *truth, &mut assignment, &mut choices, 0).ok()?;
            }
        }
        self.choose(assignment, choices, &mut 0).ok()
    }

    /// The assignment that says nothing.
    pub(super) fn anything(&self) -> Assignment {
        Assignment(vec![Taken::Anything; self.variables.len()])
    }

    /// Whether a condition is true under `assignment`, if that decides it.
    pub(super) fn truth(&self, name: &str, assignment: &Assignment) -> Option<bool> {
        self.formulas.get(name).and_then(|it| self.evaluate(it, assignment, 0))
    }

    /// Whether all of these may be so under `assignment`.
    pub(super) fn holds(&self, wanted: &[(&str, bool)], assignment: &Assignment) -> bool {
        wanted.iter().all(|(name, truth)| self.truth(name, assignment).is_none_or(|it| it == *truth))
    }

    /// The variables that decide a condition.
    pub(super) fn variables_of(&self, name: &str, variables: &mut BTreeSet<usize>) {
        if let Some(formula) = self.formulas.get(name) {
            self.collect(formula, 0, variables);
        }
    }

    fn collect(&self, formula: &Formula<'t>, depth: usize, variables: &mut BTreeSet<usize>) {
        match formula {
            Formula::Is(variable, _) => drop(variables.insert(*variable)),
            Formula::Not(it) => self.collect(it, depth + 1, variables),
            Formula::And(all) | Formula::Or(all) => {
                all.iter().for_each(|it| self.collect(it, depth + 1, variables));
            }
            Formula::Condition(name) if depth < DEEPEST => {
                if let Some(it) = self.formulas.get(name) {
                    self.collect(it, depth + 1, variables);
                }
            }
            Formula::Condition(_) | Formula::Unknown | Formula::Known(_) => (),
        }
    }

    /// How many assignments of `variables` there are.
    pub(super) fn count(&self, variables: &[usize]) -> usize {
        let choices = variables.iter().map(|it| self.variables[*it].possible().count());
        choices.fold(1, usize::saturating_mul)
    }

    /// Gives every assignment of `variables` to `visit` until that says no. Whether all were given.
    pub(super) fn enumerate(&self, variables: &[usize], visit: &mut dyn FnMut(&Assignment) -> bool) -> bool {
        let mut assignment = self.anything();
        let choices: Vec<Vec<usize>> =
            variables.iter().map(|it| self.variables[*it].possible().collect()).collect();
        if choices.iter().any(Vec::is_empty) {
            return true;
        }
        let mut at = vec![0; variables.len()];
        loop {
            for (place, variable) in variables.iter().enumerate() {
                assignment.0[*variable] = Taken::Is(choices[place][at[place]]);
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

    /// Gives those of `variables` that `assignment` leaves open a value, another for each `turn`.
    pub(super) fn fill(&self, variables: &[usize], turn: usize, assignment: &mut Assignment) {
        for variable in variables {
            let left: Vec<usize> = self.left(*variable, assignment).collect();
            if let [_, _, ..] = left.as_slice() {
                assignment.0[*variable] = Taken::Is(left[(variable + turn) % left.len()]);
            }
        }
    }

    /// The values a variable can still have.
    fn left(&self, variable: usize, assignment: &Assignment) -> impl Iterator<Item = usize> {
        let taken = &assignment.0[variable];
        self.variables[variable].possible().filter(move |number| match taken {
            Taken::Anything => true,
            Taken::Is(it) => it == number,
            Taken::IsNot(those) => !those.contains(number),
        })
    }

    /// Whether a variable has its value of this number, if that is decided.
    fn is(&self, variable: usize, number: usize, assignment: &Assignment) -> Option<bool> {
        match &assignment.0[variable] {
            Taken::Is(it) => return Some(*it == number),
            Taken::IsNot(those) if those.contains(&number) => return Some(false),
            Taken::Anything | Taken::IsNot(_) => (),
        }
        let mut left = self.left(variable, assignment);
        match (left.next(), left.next()) {
            (Some(only), None) => Some(only == number),
            _ if !self.variables[variable].can_be(number) => Some(false),
            _ => None,
        }
    }

    fn evaluate(&self, formula: &Formula<'t>, assignment: &Assignment, depth: usize) -> Option<bool> {
        if depth > DEEPEST {
            return None;
        }
        let value = |it: &Formula<'t>| self.evaluate(it, assignment, depth + 1);
        match formula {
            Formula::Unknown => None,
            Formula::Known(it) => Some(*it),
            Formula::Is(variable, number) => self.is(*variable, *number, assignment),
            Formula::Condition(name) => self.formulas.get(name).and_then(value),
            Formula::Not(it) => value(it).map(|it| !it),
            Formula::And(all) => decided(all.iter().map(value), false),
            Formula::Or(any) => decided(any.iter().map(value), true),
        }
    }

    /// Takes `formula` for `wanted`: writes what follows from that to `assignment`, and the choices it leaves to
    /// `choices`.
    fn take<'a>(
        &'a self,
        formula: &'a Formula<'t>,
        wanted: bool,
        assignment: &mut Assignment,
        choices: &mut Vec<Choice<'a, 't>>,
        depth: usize,
    ) -> Result<(), Contradiction> {
        if depth > DEEPEST {
            return Ok(());
        }
        match formula {
            Formula::Unknown => Ok(()),
            Formula::Known(it) if *it == wanted => Ok(()),
            Formula::Known(_) => Err(Contradiction),
            Formula::Is(variable, number) => match self.is(*variable, *number, assignment) {
                Some(it) if it == wanted => Ok(()),
                Some(_) => Err(Contradiction),
                None => {
                    let taken = &mut assignment.0[*variable];
                    match taken {
                        _ if wanted => *taken = Taken::Is(*number),
                        Taken::IsNot(those) => those.push(*number),
                        Taken::Anything | Taken::Is(_) => *taken = Taken::IsNot(vec![*number]),
                    }
                    Ok(())
                }
            },
            Formula::Condition(name) => match self.formulas.get(name) {
                Some(it) => self.take(it, wanted, assignment, choices, depth + 1),
                None => Ok(()),
            },
            Formula::Not(it) => self.take(it, !wanted, assignment, choices, depth + 1),
            Formula::And(these) | Formula::Or(these) => {
                if matches!(formula, Formula::And(_)) == wanted {
                    return these
                        .iter()
                        .try_for_each(|it| self.take(it, wanted, assignment, choices, depth + 1));
                }
                choices.push(Choice { among: these.iter().collect(), wanted });
                Ok(())
            }
        }
    }

    /// An assignment that is no other than `assignment` where that says something, and that satisfies all of
    /// `choices`; or one that may, if that takes too many steps to tell.
    fn choose<'a>(
        &'a self,
        mut assignment: Assignment,
        mut choices: Vec<Choice<'a, 't>>,
        made: &mut usize,
    ) -> Result<Assignment, Contradiction> {
        // What can be said of a choice only changes with the assignment, and that only if a choice has one way left.
        let mut at = 0;
        let mut unchanged = 0;
        while unchanged < choices.len() {
            at %= choices.len();
            let Choice { among, wanted } = &mut choices[at];
            let wanted = *wanted;
            among.retain(|it| self.evaluate(it, &assignment, 0) != Some(!wanted));
            let is_so = among.iter().any(|it| self.evaluate(it, &assignment, 0) == Some(wanted));
            match among.as_slice() {
                [] => return Err(Contradiction),
                _ if is_so => drop(choices.swap_remove(at)),
                [only] => {
                    let only = *only;
                    choices.swap_remove(at);
                    self.take(only, wanted, &mut assignment, &mut choices, 0)?;
                    unchanged = 0;
                }
                _ => {
                    at += 1;
                    unchanged += 1;
                }
            }
        }
        *made += 1;
        let Some(Choice { among, wanted }) = choices.pop().filter(|_| *made <= MOST_CHOICES) else {
            return Ok(assignment);
        };
        for formula in among {
            let (mut taken, mut left) = (assignment.clone(), choices.clone());
            if self.take(formula, wanted, &mut taken, &mut left, 0).is_ok()
                && let Ok(found) = self.choose(taken, left, made)
            {
                return Ok(found);
            }
        }
        Err(Contradiction)
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

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::{
        span::Sources,
        yaml::{self, Format},
    };

    use super::*;

    /// Numbers that look random, and are the same in every run.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap_or_default() % limit
        }

        fn formula(&mut self, earlier: usize, depth: usize) -> String {
            match self.below(if depth == 0 { 2 } else { 5 }) {
                0 if earlier > 0 => format!("{{Condition: C{}}}", self.below(earlier)),
                0 | 1 => format!("{{Fn::Equals: [{{Ref: P{}}}, {}]}}", self.below(4), self.below(3)),
                2 => format!("{{Fn::Not: [{}]}}", self.formula(earlier, depth - 1)),
                it => {
                    let name = if it == 3 { "Fn::And" } else { "Fn::Or" };
                    let parts: Vec<_> =
                        (0..2 + self.below(2)).map(|_| self.formula(earlier, depth - 1)).collect();
                    format!("{{{name}: [{}]}}", parts.join(", "))
                }
            }
        }
    }

    #[test]
    fn what_can_be_so_at_once_is_what_some_assignment_satisfies() {
        let mut numbers = Numbers(1);
        for _ in 0..200 {
            let mut text =
                "Parameters:\n  P0: {AllowedValues: ['0', '1']}\n  P1: {AllowedValues: ['0', '1', '7']}\n\
                            Conditions:\n"
                    .to_owned();
            for at in 0..8 {
                text += &format!("  C{at}: {}\n", numbers.formula(at, 2));
            }
            let (template, _) = yaml::parse(&text, Sources::default().add("t", text.as_str()), Format::Yaml);
            let template = template.expect("the template can be read");
            let section = |name: &str| template.get(name).and_then(Node::as_map).expect("it is there");
            let conditions = Conditions::new(section("Conditions"), section("Parameters"));
            let names: Vec<String> = (0..8).map(|it| format!("C{it}")).collect();
            for _ in 0..40 {
                let wanted: Vec<(&str, bool)> = (0..=numbers.below(5))
                    .map(|_| (names[numbers.below(8)].as_str(), numbers.below(2) == 0))
                    .collect();
                let all: Vec<usize> = (0..conditions.variables.len()).collect();
                let mut is_satisfied = false;
                conditions.enumerate(&all, &mut |it| {
                    is_satisfied |= conditions.holds(&wanted, it);
                    !is_satisfied
                });
                assert_eq!(conditions.can_be(&wanted), is_satisfied, "{wanted:?} of\n{text}");
                if let Some(found) = conditions.satisfying(&wanted) {
                    assert!(
                        wanted.iter().all(|(name, truth)| conditions.truth(name, &found) == Some(*truth))
                    );
                }
            }
        }
    }
}
