//! What is deployed with nothing but the moves done, or what is in the way of that.
//!
//! Each resource is what it was. A reference to what is in another stack now becomes what the synthesized template has
//! there, so that a deployment finds nothing to change in it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use asi_constructs::kernel::{
    map::{Entry, Map},
    node::{Node, NodeKind},
    span::Span,
};

use super::{
    find::Move,
    limits::{Fixed, Limits},
    rewrite::{Rewrite, is_look_up, reference, rewritten},
    whole::{App, Need, full_name, section},
};
use crate::{diff, world::cloudformation::Location};

/// The most stacks that take part in one refactoring: from "Stack refactoring" in the CloudFormation User Guide.
pub const MOST_STACKS: usize = 5;

/// The sections of a new stack's template: CloudFormation takes no parameters and no rules for one that a refactoring makes.
const OF_NEW: [&str; 2] = ["AWSTemplateFormatVersion", "Description"];

/// A stack as a refactoring leaves it.
#[derive(Clone, Debug)]
pub struct After {
    /// Its name.
    pub stack: String,
    /// Its template.
    pub body: Node,
    /// Whether the refactoring makes it.
    pub is_new: bool,
}

/// What is in the way of moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Resources of this type stay where they are.
    Fixed {
        /// Where the resource is to be.
        to: Location,
        /// Its type.
        type_name: String,
        /// Why.
        why: Fixed,
    },
    /// What is deployed there is another resource.
    Taken {
        /// The resource that is to go there.
        from: Location,
        /// Where that is.
        to: Location,
    },
    /// It needs something that the stack it goes to does not have, or has another of.
    Lacks {
        /// Where the resource is to be.
        to: Location,
        /// What it needs.
        need: Need,
        /// Whether that stack is not there yet.
        is_new: bool,
    },
    /// It refers to something that would be in another stack, and does not in what is synthesized.
    NoImport {
        /// The resource that refers, as it is deployed.
        of: Location,
        /// Where it would be.
        to: Location,
        /// What it refers to, where that would be.
        target: Location,
    },
    /// Nothing would be left of the stack.
    Empty(String),
    /// CloudFormation makes the template of this stack of another one.
    Expanded(String),
    /// These are more stacks than take part in one refactoring.
    TooMany(Vec<String>),
}

/// The templates that differ once these moves are done, in the order of their stacks' names; or all that is in the way.
pub fn apply(before: &App<'_>, after: &App<'_>, moves: &[Move]) -> Result<Vec<After>, Vec<Obstacle>> {
    let mut moving = Moving {
        before,
        after,
        to: moves.iter().map(|it| (it.from.clone(), it.to.clone())).collect(),
        imports: BTreeMap::new(),
        used: BTreeSet::new(),
        obstacles: Vec::new(),
    };
    moving.check(moves);
    let stacks: BTreeSet<&str> = before.stacks().chain(moves.iter().map(|it| it.to.stack.as_str())).collect();
    let mut found: Vec<After> = stacks.iter().map(|it| moving.stack(it, moves)).collect();
    for (stack, key) in std::mem::take(&mut moving.used) {
        if let Some(it) = found.iter_mut().find(|it| it.stack == stack) {
            add_output(after, &key, it);
        }
    }
    found.retain(|it| before.body(&it.stack) != Some(&it.body));
    for it in &found {
        if section(&it.body, "Resources").next().is_none() {
            moving.obstacles.push(Obstacle::Empty(it.stack.clone()));
        }
        if is_expanded(&it.body) {
            moving.obstacles.push(Obstacle::Expanded(it.stack.clone()));
        }
    }
    if found.len() > MOST_STACKS {
        moving.obstacles.push(Obstacle::TooMany(found.iter().map(|it| it.stack.clone()).collect()));
    }
    if moving.obstacles.is_empty() { Ok(found) } else { Err(moving.obstacles) }
}

fn is_expanded(body: &Node) -> bool {
    body.get("Transform").is_some()
        || section(body, "Resources").any(|(id, _)| id.starts_with("Fn::ForEach::"))
        || has_transform(body)
}

fn has_transform(node: &Node) -> bool {
    matches!(node.as_single(), Some(("Fn::Transform", _))) || node.children().any(has_transform)
}

/// Adds an output that is read by others now, if it is not there.
fn add_output(app: &App<'_>, key: &str, to: &mut After) {
    let outputs = app.body(&to.stack).and_then(|it| it.get("Outputs")).and_then(Node::as_map);
    let Some((name, output)) = outputs.and_then(|it| it.get_key_value(key)) else { return };
    let NodeKind::Map(sections) = &mut to.body.kind else { return };
    let empty = || Entry::from(Node::from_iter([]));
    if let NodeKind::Map(all) = &mut sections.entry("Outputs".into()).or_insert_with(empty).value.kind {
        all.entry(name.clone()).or_insert_with(|| output.clone());
    }
}

/// Imports of the synthesized template of a stack, by what they give: each with the output that it reads.
type Imports = BTreeMap<String, (Node, (String, String))>;

/// Moves that are done.
struct Moving<'a, 't> {
    before: &'a App<'t>,
    after: &'a App<'t>,
    to: BTreeMap<Location, Location>,
    imports: BTreeMap<String, Imports>,
    /// The outputs that are read by stacks as they are then.
    used: BTreeSet<(String, String)>,
    obstacles: Vec<Obstacle>,
}

impl Moving<'_, '_> {
    /// Where a resource is then.
    fn then(&self, at: &Location) -> Location {
        self.to.get(at).unwrap_or(at).clone()
    }

    /// Finds what is in the way of single moves.
    fn check(&mut self, moves: &[Move]) {
        let limits = Limits::new();
        for Move { from, to, type_name } in moves {
            if let Some(why) = limits.fixed(type_name) {
                let type_name = type_name.clone();
                self.obstacles.push(Obstacle::Fixed { to: to.clone(), type_name, why });
            }
            if self.before.resource(to).is_some() && !self.to.contains_key(to) {
                self.obstacles.push(Obstacle::Taken { from: from.clone(), to: to.clone() });
            }
            if from.stack == to.stack {
                continue;
            }
            let is_new = self.before.body(&to.stack).is_none();
            let lacking = self.before.needs(from).into_iter();
            let lacking = lacking.filter(|it| !self.before.has_same(it, &from.stack, &to.stack));
            let lacking = lacking.map(|need| Obstacle::Lacks { to: to.clone(), need, is_new });
            self.obstacles.extend(lacking);
        }
    }

    /// A stack as it is then.
    fn stack(&mut self, stack: &str, moves: &[Move]) -> After {
        let Some(body) = self.before.body(stack) else { return self.new_stack(stack, moves) };
        let mut sections = body.as_map().cloned().unwrap_or_default();
        let resources = self.resources(stack, moves);
        if let Some(section) = sections.get_mut("Resources") {
            section.value.kind = NodeKind::Map(resources);
        }
        let outputs = body.get("Outputs").and_then(Node::as_map).cloned().unwrap_or_default();
        let outputs: Map<Node> = outputs
            .into_iter()
            .filter_map(|(key, it)| {
                // One of something that is elsewhere then goes: who reads it reads another.
                let known = self.obstacles.len();
                let value = self.moved(&it.value, &Location::new(stack, &*key), stack);
                let is_sound = self.obstacles.len() == known;
                self.obstacles.truncate(known);
                is_sound.then_some((key, Entry { value, ..it }))
            })
            .collect();
        if outputs.is_empty() {
            sections.shift_remove("Outputs");
        } else if let Some(section) = sections.get_mut("Outputs") {
            section.value.kind = NodeKind::Map(outputs);
        }
        let body = Node::new(NodeKind::Map(sections), body.span);
        After { stack: stack.to_owned(), body, is_new: false }
    }

    /// A stack that there is not yet.
    fn new_stack(&mut self, stack: &str, moves: &[Move]) -> After {
        let written = self.after.body(stack);
        let own =
            OF_NEW.into_iter().filter_map(|name| Some((Cow::Borrowed(name), written?.get(name)?.clone())));
        let resources = Node::new(NodeKind::Map(self.resources(stack, moves)), Span::NOWHERE);
        let body = own.chain([(Cow::Borrowed("Resources"), resources)]).collect();
        After { stack: stack.to_owned(), body, is_new: true }
    }

    /// The resources of a stack as they are then: those that stay, each in its place, then those that come.
    fn resources(&mut self, stack: &str, moves: &[Move]) -> Map<Node> {
        let own = self.before.body(stack).and_then(|it| it.get("Resources")).and_then(Node::as_map);
        let mut resources = Map::default();
        for (id, entry) in own.into_iter().flatten() {
            let from = Location::new(stack, &**id);
            let to = self.then(&from);
            if to.stack == stack {
                let value = self.moved(&entry.value, &from, stack);
                resources.insert(Cow::Owned(to.id), Entry { key: entry.key, value });
            }
        }
        for Move { from, to, .. } in moves.iter().filter(|it| it.to.stack == stack && it.from.stack != stack)
        {
            let Some(resource) = self.before.resource(from) else { continue };
            let value = self.moved(resource, from, stack);
            resources.insert(Cow::Owned(to.id.clone()), Entry::from(value));
        }
        resources
    }

    /// What is deployed at a place, as it is said in a stack then.
    fn moved(&mut self, value: &Node, of: &Location, stack: &str) -> Node {
        let waits = value.get("DependsOn").and_then(|it| self.waits(it, of, stack));
        let mut value = rewritten(value, &mut Saying { moving: self, of, home: &of.stack, stack });
        if let NodeKind::Map(attributes) = &mut value.kind
            && attributes.contains_key("DependsOn")
        {
            match waits {
                Some(it) => attributes["DependsOn"].value = it,
                None => drop(attributes.shift_remove("DependsOn")),
            }
        }
        value
    }

    /// What a resource waits for then, in its own stack; nothing, if that is nothing.
    fn waits(&self, value: &Node, of: &Location, stack: &str) -> Option<Node> {
        let id = |it: &Node| {
            let Some(name) = it.as_str() else { return Some(it.clone()) };
            let at = Location::new(of.stack.as_str(), name);
            // A condition may leave it out, or somebody's mistake.
            if self.before.resource(&at).is_none() {
                return (of.stack == stack).then(|| it.clone());
            }
            let to = self.then(&at);
            let is_same = to.id == name;
            (to.stack == stack).then(|| if is_same { it.clone() } else { Node::text(to.id, it.span) })
        };
        let Some(items) = value.as_list() else { return id(value) };
        let items: Vec<Node> = items.iter().filter_map(id).collect();
        (!items.is_empty()).then(|| Node::new(NodeKind::List(items), value.span))
    }

    /// What the synthesized template of a stack has for a value of the app, if it imports that.
    fn import(&mut self, stack: &str, key: &str) -> Option<Node> {
        let after = self.after;
        let imports = self.imports.entry(stack.to_owned()).or_insert_with(|| imports(after, stack));
        let (import, output) = imports.get(key)?;
        self.used.insert(output.clone());
        Some(import.clone())
    }
}

/// The imports of the synthesized template of a stack.
fn imports(app: &App<'_>, stack: &str) -> Imports {
    let mut found = Imports::new();
    let mut waiting: Vec<&Node> = app.body(stack).into_iter().collect();
    while let Some(node) = waiting.pop() {
        let whole = match node.as_single() {
            Some(("Fn::Split", argument)) => argument.as_list().and_then(|it| it.get(1)),
            _ => Some(node),
        };
        let look_up = whole.filter(|it| is_look_up(it));
        if let Some((of, output, _)) = look_up.and_then(|it| app.looked_up(it, stack)) {
            let key = diff::normal_value(&app.absolute(stack, node, &full_name));
            found.entry(key).or_insert_with(|| (node.clone(), (of.to_owned(), output.to_owned())));
        }
        waiting.extend(node.children());
    }
    found
}

/// Says in one stack what is said in another, or in the same before the moves.
struct Saying<'a, 'b, 't> {
    moving: &'a mut Moving<'b, 't>,
    /// The resource or the output that says it.
    of: &'a Location,
    /// The stack in which the names are what they are.
    home: &'a str,
    /// The stack in which it is said then.
    stack: &'a str,
}

impl Rewrite for Saying<'_, '_, '_> {
    fn reference(&mut self, name: &str, attribute: Option<&Node>) -> Option<Node> {
        let at = Location::new(self.home, name);
        self.moving.before.resource(&at)?;
        let to = self.moving.then(&at);
        if to.stack == self.stack {
            return (to != at).then(|| reference(&to.id, attribute));
        }
        let key = diff::normal_value(&reference(&full_name(&to), attribute));
        let import = self.moving.import(self.stack, &key);
        if import.is_none() {
            let (of, to_be) =
                (self.of.clone(), Location { stack: self.stack.to_owned(), ..self.moving.then(self.of) });
            let obstacle = Obstacle::NoImport { of, to: to_be, target: to };
            if !self.moving.obstacles.contains(&obstacle) {
                self.moving.obstacles.push(obstacle);
            }
        }
        import
    }

    fn look_up(&mut self, look_up: &Node) -> Option<Node> {
        let (home, _, value) = self.moving.before.looked_up(look_up, self.home)?;
        let to = &self.moving.to;
        let has_moved = |name: &String| {
            let id = name.split('.').next().unwrap_or_default();
            to.contains_key(&Location::new(home, id))
        };
        let is_touched = diff::references(value).iter().any(has_moved);
        let is_own = home == self.stack && home != self.of.stack;
        if !is_touched && !is_own {
            return None;
        }
        let then = |it: &Location| full_name(to.get(it).unwrap_or(it));
        let key = diff::normal_value(&self.moving.before.absolute(home, value, &then));
        let moving = &mut *self.moving;
        if home != self.stack
            && let Some(import) = moving.import(self.stack, &key)
        {
            return Some(import);
        }
        let home = home.to_owned();
        Some(rewritten(value, &mut Saying { moving, of: self.of, home: &home, stack: self.stack }))
    }
}

#[cfg(test)]
mod tests;
