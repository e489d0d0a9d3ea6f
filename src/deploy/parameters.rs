//! The values of a stack's parameters: what is given, what it has, what its template says.

use std::{borrow::Cow, collections::BTreeMap};

use asi_constructs::kernel::{diagnostic::Diagnostic, node::Node};
use indexmap::IndexMap;

use crate::{
    template::{
        scalar,
        // CloudFormation shows the same.
        secrets::{self, HIDDEN},
    },
    world::cloudformation::{DeployedStack, Given},
};

/// The values of a stack's parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Those that CloudFormation is told; the others have their defaults.
    pub given: IndexMap<String, Given>,
    /// Those that keep a value which somebody gave, though their template has another default now: with the name, the
    /// value, and that default.
    pub kept: Vec<(String, String, String)>,
    /// Those that are given values which the stack does not have, with the name and the value; `****` stands for one that
    /// nobody may see, and that may be the one it has.
    pub fresh: Vec<(String, String)>,
    /// Those that the stack has and that become others because somebody says so: with the name, the value, and the new one.
    pub changed: Vec<(String, String, String)>,
}

impl Values {
    /// Whether the stack has all these values.
    pub fn are_those_of(&self, stack: &DeployedStack, old: &Node, new: &Node) -> bool {
        let value = |name: &str| match self.given.get(name) {
            Some(Given::Value(value)) => Some(value.clone()),
            Some(Given::Previous) => stack.parameters.get(name).cloned(),
            None => default(new, name),
        };
        let is_same = |name: &str| {
            let has = stack.parameters.get(name);
            // What nobody may see is the same only where it is told to stay, which it is unless somebody gives it.
            let is_hidden = has.is_some_and(|it| it == HIDDEN);
            match self.given.get(name) {
                Some(Given::Value(_)) if is_hidden => false,
                // Nor is it the same if nobody may see it from now on, or everybody.
                _ => has == value(name).as_ref() && hides(old, name) == hides(new, name),
            }
        };
        names(new).all(is_same)
    }
}

/// The values for `template`: what is given, else what somebody gave to the stack before, else the default. A stack's
/// value that was only the default of the template it has, `deployed`, follows the default.
pub fn values(
    template: &Node,
    given: &BTreeMap<String, String>,
    stack: Option<(&DeployedStack, &Node)>,
) -> Result<Values, Vec<Diagnostic>> {
    let mut values = Values::default();
    let mut faults = Vec::new();
    let shown = |name: &str, value: &str| {
        let is_secret = secrets::is_secret_parameter(template, name);
        if is_secret { HIDDEN.to_owned() } else { secrets::shown(name, value).into_owned() }
    };
    for name in names(template) {
        let default_now = default(template, name);
        let has = stack.and_then(|(stack, old)| Some((stack.parameters.get(name)?, default(old, name))));
        match (given.get(name), has) {
            (Some(value), has) => {
                let is_hidden = hides(template, name) || stack.is_some_and(|(_, old)| hides(old, name));
                if let Some((old, _)) =
                    has.as_ref().filter(|(old, _)| *old != value && *old != HIDDEN && !is_hidden)
                {
                    values.changed.push((name.to_owned(), shown(name, old), shown(name, value)));
                }
                if is_hidden || has.is_none_or(|(old, _)| old != value) {
                    let value = if is_hidden { HIDDEN.to_owned() } else { shown(name, value) };
                    values.fresh.push((name.to_owned(), value));
                }
                values.given.insert(name.to_owned(), Given::Value(value.clone()));
            }
            // It was only the default, and follows it.
            (None, Some((value, before))) if before.as_ref() == Some(value) && default_now.is_some() => {}
            (None, Some((value, before))) => {
                if let Some(now) = default_now.filter(|it| it != value && before.as_ref() != Some(it)) {
                    // Where nobody may see a value, it may have been only the default; it stays, whatever it is.
                    let is_hidden = hides(template, name) || value == HIDDEN;
                    let shown = |it: &str| if is_hidden { HIDDEN.to_owned() } else { shown(name, it) };
                    values.kept.push((name.to_owned(), shown(value), shown(&now)));
                }
                values.given.insert(name.to_owned(), Given::Previous);
            }
            (None, None) if default_now.is_some() => {}
            (None, None) => faults.push(missing(template, name)),
        }
    }
    let unknown = given.keys().filter(|name| !names(template).any(|it| it == name.as_str()));
    faults.extend(unknown.map(|name| {
        let fault = Diagnostic::error("unknown-parameter", format!("the stack has no parameter `{name}`"));
        fault.suggest(name, names(template))
    }));
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

fn names(template: &Node) -> impl Iterator<Item = &str> {
    let section = template.get("Parameters").and_then(Node::as_map);
    section.into_iter().flatten().map(|(name, _)| &**name)
}

fn default(template: &Node, name: &str) -> Option<String> {
    scalar(template.get("Parameters")?.get(name)?.get("Default")?).map(Cow::into_owned)
}

/// Whether nobody may see the value of a parameter.
fn hides(template: &Node, name: &str) -> bool {
    let parameter = template.get("Parameters").and_then(|it| it.get(name));
    parameter.and_then(|it| scalar(it.get("NoEcho")?)).is_some_and(|it| it.eq_ignore_ascii_case("true"))
}

fn missing(template: &Node, name: &str) -> Diagnostic {
    let fault = Diagnostic::error("parameter-without-value", format!("parameter `{name}` has no value"));
    let place = template.get("Parameters").and_then(|it| it.get(name)).map(Node::written);
    fault
        .at(place.unwrap_or_default())
        .help(format!("give it one, `--parameter {name}=…`, or give it a default"))
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::span::Span;

    use super::*;
    use crate::world::cloudformation::{Known, StackStatus};

    #[test]
    fn what_is_given_another_value_has_changed_unless_nobody_may_see_it() {
        let names = ["Same", "Other", "Secret", "New"];
        let text = |it: &str| Node::text(it.to_owned(), Span::default());
        let map = |key, node| Node::from_iter([(Cow::Borrowed(key), node)]);
        let parameters = names.map(|it| (Cow::Borrowed(it), map("Type", text("String"))));
        let template = map("Parameters", Node::from_iter(parameters));
        let has = [("Same", "a"), ("Other", "a"), ("Secret", HIDDEN)];
        let stack = DeployedStack {
            id: "arn".to_owned(),
            name: "shop".to_owned(),
            status: StackStatus::from(Known::CreateComplete),
            reason: None,
            parameters: has.map(|(name, it)| (name.to_owned(), it.to_owned())).into_iter().collect(),
            outputs: Vec::new(),
            tags: IndexMap::new(),
            role: None,
            notifications: Vec::new(),
            is_protected: false,
            parent: None,
            changed: None,
        };
        let given = [("Same", "a"), ("Other", "b"), ("Secret", "b"), ("New", "b")];
        let given: BTreeMap<String, String> =
            given.map(|(name, it)| (name.to_owned(), it.to_owned())).into_iter().collect();
        let values = super::values(&template, &given, Some((&stack, &template))).unwrap();
        assert_eq!(values.changed, [("Other".to_owned(), "a".to_owned(), "b".to_owned())]);
        // One that nobody may see from now on is not shown for the last time either.
        let parameters = names.map(|it| {
            let no_echo = (Cow::Borrowed("NoEcho"), text("true"));
            let default = (Cow::Borrowed("Default"), text("d"));
            (Cow::Borrowed(it), Node::from_iter([no_echo, default]))
        });
        let hiding = map("Parameters", Node::from_iter(parameters));
        let values = super::values(&hiding, &given, Some((&stack, &template))).unwrap();
        assert_eq!(values.changed, []);
        // And what may have been only a default stays, and neither is shown.
        let values = super::values(&hiding, &BTreeMap::new(), Some((&stack, &template))).unwrap();
        assert_eq!(values.given.get("Secret"), Some(&Given::Previous));
        let hidden = |name: &str| (name.to_owned(), HIDDEN.to_owned(), HIDDEN.to_owned());
        assert_eq!(values.kept, ["Same", "Other", "Secret"].map(hidden));
        assert!(!values.are_those_of(&stack, &template, &hiding));
    }
}
