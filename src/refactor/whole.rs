//! The stacks of an app with their templates, as one whole: a reference means the same wherever it stands.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::node::Node;
use indexmap::IndexMap;

use super::rewrite::{Rewrite, is_look_up, reference, rewritten};
use crate::{
    diff,
    template::{resource_of, resources_of},
    world::cloudformation::Location,
};

/// How far a value that is looked up may be looked up itself.
const DEEPEST: usize = 4;

/// The pseudo parameters that have another value in another stack.
const OF_STACK: [&str; 3] = ["AWS::NotificationARNs", "AWS::StackId", "AWS::StackName"];

/// A stack of an app.
#[derive(Clone, Copy, Debug)]
pub struct Part<'t> {
    /// Its template.
    pub body: &'t Node,
    /// The values that its parameters have, if it is deployed.
    pub values: Option<&'t IndexMap<String, String>>,
}

/// The stacks of an app, by name.
#[derive(Clone, Debug, Default)]
pub struct App<'t> {
    parts: BTreeMap<String, Part<'t>>,
    /// The stack and the output that each export is of.
    exports: BTreeMap<String, (String, String)>,
}

/// Something that a resource needs in its stack, besides resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A condition.
    Condition(String),
    /// A mapping.
    Mapping(String),
    /// A parameter.
    Parameter(String),
    /// A pseudo parameter whose value is another in another stack.
    OfStack(String),
}

impl<'t> App<'t> {
    /// An app of these stacks.
    pub fn new(parts: impl IntoIterator<Item = (String, Part<'t>)>) -> Self {
        let mut app = Self { parts: parts.into_iter().collect(), exports: BTreeMap::new() };
        for (stack, part) in &app.parts {
            for (key, output) in section(part.body, "Outputs") {
                if let Some(name) = output.get("Export").and_then(|it| it.get("Name")) {
                    let place = (stack.clone(), key.to_owned());
                    app.exports.insert(name_of(name, stack, *part), place);
                }
            }
        }
        app
    }

    /// The names of its stacks.
    pub fn stacks(&self) -> impl Iterator<Item = &str> {
        self.parts.keys().map(String::as_str)
    }

    /// The template of a stack.
    pub fn body(&self, stack: &str) -> Option<&'t Node> {
        self.parts.get(stack).map(|it| it.body)
    }

    /// A resource.
    pub fn resource(&self, at: &Location) -> Option<&'t Node> {
        resource_of(self.body(&at.stack)?, &at.id)
    }

    /// All resources, with where they are.
    pub fn resources(&self) -> impl Iterator<Item = (Location, &'t Node)> {
        self.parts.iter().flat_map(|(stack, part)| {
            resources_of(part.body).map(move |(id, it)| (Location::new(stack.as_str(), id), it))
        })
    }

    /// What a look-up in the template of a stack gives: the stack and the output it is of, and the value of that.
    pub(super) fn looked_up(&self, look_up: &Node, within: &str) -> Option<(&str, &str, &'t Node)> {
        let (stack, output) = match look_up.as_single()? {
            ("Fn::ImportValue", name) => {
                let part = *self.parts.get(within)?;
                let (stack, output) = self.exports.get(&name_of(name, within, part))?;
                (stack.as_str(), output.as_str())
            }
            ("Fn::GetStackOutput", arguments) => {
                let text = |key: &str| arguments.get(key).and_then(Node::as_str);
                let (name, key) = (text("StackName")?, text("OutputName")?);
                let (stack, part) = self.parts.get_key_value(name)?;
                let found = section(part.body, "Outputs").find(|(it, _)| *it == key)?;
                (stack.as_str(), found.0)
            }
            _ => return None,
        };
        let value = self.parts.get(stack)?.body.get("Outputs")?.get(output)?.get("Value")?;
        Some((stack, output, value))
    }

    /// A value of the template of a stack with resources called as `name` says, and look-ups replaced by what they give.
    pub(super) fn absolute(&self, stack: &str, value: &Node, name: &dyn Fn(&Location) -> String) -> Node {
        rewritten(value, &mut Absolute { app: self, stack, name, depth: 0 })
    }

    /// What a resource needs in its stack, be it by way of conditions.
    pub(super) fn needs(&self, at: &Location) -> BTreeSet<Need> {
        let (Some(body), Some(resource)) = (self.body(&at.stack), self.resource(at)) else {
            return BTreeSet::new();
        };
        let own = |section: &str, name: &str| body.get(section).and_then(|it| it.get(name));
        let mut needs = BTreeSet::new();
        let mut waiting = vec![resource];
        let condition = resource.get("Condition").and_then(Node::as_str);
        let mut names: Vec<String> = condition.map(|it| format!("Conditions/{it}")).into_iter().collect();
        while let Some(node) = waiting.pop() {
            names.extend(diff::references(node));
            for name in names.drain(..) {
                let need = match name.split_once('/') {
                    Some(("Conditions", it)) => Need::Condition(it.to_owned()),
                    Some(("Mappings", it)) => {
                        Need::Mapping(it.split('/').next().unwrap_or_default().to_owned())
                    }
                    _ if OF_STACK.contains(&name.as_str()) => Need::OfStack(name),
                    _ if own("Parameters", &name).is_some() => Need::Parameter(name),
                    _ => continue,
                };
                let further = match &need {
                    Need::Condition(it) => own("Conditions", it),
                    Need::Mapping(_) | Need::Parameter(_) | Need::OfStack(_) => None,
                };
                if needs.insert(need) {
                    waiting.extend(further);
                }
            }
        }
        needs
    }

    /// Whether what is needed in one stack is the same in another.
    pub(super) fn has_same(&self, need: &Need, one: &str, other: &str) -> bool {
        let (Some(one), Some(other)) = (self.parts.get(one), self.parts.get(other)) else { return false };
        let same = |section: &str, name: &str| {
            let of = |part: &Part<'_>| Some(diff::normal_value(part.body.get(section)?.get(name)?));
            of(one).is_some_and(|it| of(other) == Some(it))
        };
        match need {
            Need::Condition(name) => same("Conditions", name),
            Need::Mapping(name) => same("Mappings", name),
            Need::Parameter(name) => {
                let of = |part: &Part<'t>| part.values.and_then(|it| it.get(name));
                // What nobody may see may be the same or not.
                of(one).is_some_and(|it| it != "****" && of(other) == Some(it))
            }
            Need::OfStack(_) => false,
        }
    }
}

/// The entries of a section of a template.
pub(super) fn section<'t>(body: &'t Node, name: &str) -> impl Iterator<Item = (&'t str, &'t Node)> {
    let entries = body.get(name).and_then(Node::as_map).into_iter().flatten();
    entries.map(|(name, it)| (&**name, &it.value))
}

/// The name by which the stacks of an app know a resource: no stack and no logical id has a slash in it.
pub(super) fn full_name(at: &Location) -> String {
    format!("{}/{}", at.stack, at.id)
}

/// The name of an export, with what is known of its stack filled in.
fn name_of(name: &Node, stack: &str, part: Part<'_>) -> String {
    let name = diff::text(name).replace("${AWS::StackName}", stack);
    let values = part.values.into_iter().flatten();
    values.fold(name, |name, (parameter, value)| name.replace(&format!("${{{parameter}}}"), value))
}

/// Says what references are in an app.
struct Absolute<'a, 't> {
    app: &'a App<'t>,
    stack: &'a str,
    name: &'a dyn Fn(&Location) -> String,
    depth: usize,
}

impl Rewrite for Absolute<'_, '_> {
    fn reference(&mut self, name: &str, attribute: Option<&Node>) -> Option<Node> {
        let at = Location::new(self.stack, name);
        self.app.resource(&at).map(|_| reference(&(self.name)(&at), attribute))
    }

    fn look_up(&mut self, look_up: &Node) -> Option<Node> {
        if self.depth == DEEPEST || !is_look_up(look_up) {
            return None;
        }
        let (stack, _, value) = self.app.looked_up(look_up, self.stack)?;
        Some(rewritten(value, &mut Absolute { stack, depth: self.depth + 1, ..*self }))
    }
}
