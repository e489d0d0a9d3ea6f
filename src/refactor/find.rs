//! What has moved: what went and what came are alike, and so is what they refer to.
//!
//! Every resource has a colour. What stays where it is has one of its own; what went or came has that of what its
//! properties say, in which references are the colours of what they are to. So a group that moved is found whole.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::node::Node;

use super::whole::{App, full_name, section};
use crate::{diff, world::cloudformation::Location};

/// The longest way of references that is followed.
const MOST_ROUNDS: usize = 100;

/// What the tools of the CDK keep for themselves in each stack.
const OF_TOOLS: &str = "AWS::CDK::Metadata";

/// What has moved, as far as that is sure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What has moved, in the order in which it is now.
    pub moves: Vec<Move>,
    /// What may have moved in more ways than one.
    pub unclear: Vec<Unclear>,
}

/// A resource that has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where it is deployed.
    pub from: Location,
    /// Where it is to be.
    pub to: Location,
    /// Its type.
    pub type_name: String,
}

/// Resources that are alike, of which nothing says which is which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// Their type.
    pub type_name: String,
    /// Those that are deployed.
    pub from: Vec<Location>,
    /// Those there are to be.
    pub to: Vec<Location>,
}

/// What has moved between what is deployed and what is to be; `decided` is what somebody says of that.
pub fn find(before: &App<'_>, after: &App<'_>, decided: &BTreeMap<Location, Location>) -> Found {
    let mut sides = [Side::new(before), Side::new(after)];
    settle(&mut sides, decided);
    while_finer(&mut sides, Side::contents);
    let mut moves = decided.clone();
    let mut unclear = Vec::new();
    let classes = classes(&sides);
    if classes.values().any(|[gone, come]| gone.len().min(come.len()) > 0 && gone.len() + come.len() > 2) {
        while_finer(&mut sides, Side::surroundings);
    }
    for [mut gone, mut come] in classes.into_values() {
        let fine = |side: &Side<'_, '_>, it: &Location| side.colours.get(it).cloned();
        pair(&mut gone, &mut come, &mut moves, |it| fine(&sides[0], it), |it| fine(&sides[1], it));
        // What keeps its logical id in another stack is the same, where another is as like it.
        pair(&mut gone, &mut come, &mut moves, |it| Some(it.id.clone()), |it| Some(it.id.clone()));
        pair(&mut gone, &mut come, &mut moves, |_| Some(()), |_| Some(()));
        if let (Some(first), false) = (gone.first(), come.is_empty()) {
            let type_name = type_of(before, first);
            unclear.push(Unclear { type_name, from: gone, to: come });
        }
    }
    let origins: BTreeMap<&Location, &Location> = moves.iter().map(|(from, to)| (to, from)).collect();
    let moves = after.resources().filter_map(|(to, _)| {
        let from = (*origins.get(&to)?).clone();
        Some(Move { type_name: type_of(before, &from), from, to })
    });
    Found { moves: moves.collect(), unclear }
}

fn type_of(app: &App<'_>, at: &Location) -> String {
    let kind = app.resource(at).and_then(|it| it.get("Type")).and_then(Node::as_str);
    kind.unwrap_or_default().to_owned()
}

/// Takes those from both lists that are the only ones with their key.
fn pair<K: Ord>(
    gone: &mut Vec<Location>,
    come: &mut Vec<Location>,
    moves: &mut BTreeMap<Location, Location>,
    of_gone: impl Fn(&Location) -> Option<K>,
    of_come: impl Fn(&Location) -> Option<K>,
) {
    let mut groups: BTreeMap<K, [Vec<Location>; 2]> = BTreeMap::new();
    for (at, key) in gone.iter().filter_map(|it| Some((it, of_gone(it)?))) {
        groups.entry(key).or_default()[0].push(at.clone());
    }
    for (at, key) in come.iter().filter_map(|it| Some((it, of_come(it)?))) {
        groups.entry(key).or_default()[1].push(at.clone());
    }
    for group in groups.into_values() {
        if let [[from], [to]] = group.each_ref().map(Vec::as_slice) {
            gone.retain(|it| it != from);
            come.retain(|it| it != to);
            moves.insert(from.clone(), to.clone());
        }
    }
}

/// What is deployed, or what is to be.
struct Side<'a, 't> {
    app: &'a App<'t>,
    /// The colours of its resources.
    colours: BTreeMap<Location, String>,
    /// The resources that are not where they are on the other side.
    open: BTreeSet<Location>,
    /// Who refers to what, and how.
    references: Vec<Reference>,
}

struct Reference {
    from: Location,
    way: String,
    to: Location,
}

impl<'a, 't> Side<'a, 't> {
    fn new(app: &'a App<'t>) -> Self {
        let mut references = Vec::new();
        for (at, resource) in app.resources() {
            references.extend(of(app, &at, resource.get("Properties")));
        }
        for stack in app.stacks() {
            for (key, output) in app.body(stack).into_iter().flat_map(|it| section(it, "Outputs")) {
                references.extend(of(
                    app,
                    &Location::new(stack, format!("Outputs/{key}")),
                    output.get("Value"),
                ));
            }
        }
        Self { app, colours: BTreeMap::new(), open: BTreeSet::new(), references }
    }

    /// What a resource says: its type and its properties.
    fn contents(&self, at: &Location) -> String {
        let Some(resource) = self.app.resource(at) else { return String::new() };
        let name = |it: &Location| self.colours.get(it).cloned().unwrap_or_default();
        let part = |key: &'static str| {
            let value = resource.get(key)?;
            Some((key.into(), self.app.absolute(&at.stack, value, &name)))
        };
        diff::normal(&["Type", "Properties"].into_iter().filter_map(part).collect())
    }

    /// Who refers to a resource, and what it refers to.
    fn surroundings(&self, at: &Location) -> String {
        let colour = |it: &Location| match self.colours.get(it) {
            Some(colour) => colour.clone(),
            None => full_name(it),
        };
        let side = |it: &Reference| match () {
            () if it.from == *at => Some(format!("> {} {}", it.way, colour(&it.to))),
            () if it.to == *at => Some(format!("< {} {}", it.way, colour(&it.from))),
            () => None,
        };
        let mut lines: Vec<String> = self.references.iter().filter_map(side).collect();
        lines.sort_unstable();
        lines.join("\n")
    }
}

/// What a value of a resource, or of an output, refers to.
fn of(app: &App<'_>, from: &Location, value: Option<&Node>) -> Vec<Reference> {
    let Some(value) = value else { return Vec::new() };
    let references = diff::references_at(&app.absolute(&from.stack, value, &full_name)).into_iter();
    let reference = |(way, name): (String, String)| {
        let (full, attribute) = name.split_once('.').map_or((name.as_str(), ""), |it| it);
        let (stack, id) = full.split_once('/')?;
        let to = Location::new(stack, id);
        app.resource(&to)?;
        Some(Reference { from: from.clone(), way: format!("{way} {attribute}"), to })
    };
    references.filter_map(reference).collect()
}

/// Gives what stays where it is, and what is decided, a colour of its own, and all else that of its type.
fn settle(sides: &mut [Side<'_, '_>; 2], decided: &BTreeMap<Location, Location>) {
    let own = |it: &Location| format!("={}", full_name(it));
    let came: BTreeSet<&Location> = decided.values().collect();
    let [before, after] = &*sides;
    let stays = |at: &Location| {
        let is_on_both = before.app.resource(at).is_some() && after.app.resource(at).is_some();
        is_on_both && type_of(before.app, at) == type_of(after.app, at)
    };
    let leaves = |at: &Location| decided.contains_key(at);
    let colour = |app: &App<'_>, at: &Location, is_before: bool| {
        let decided = if is_before { decided.get(at) } else { came.get(at).copied() };
        match decided {
            Some(to) => (own(to), false),
            None if stays(at) && !came.contains(at) && !leaves(at) => (own(at), false),
            None => {
                let type_name = type_of(app, at);
                (format!("?{type_name}"), type_name != OF_TOOLS)
            }
        }
    };
    let coloured: [Vec<_>; 2] = [(before, true), (after, false)].map(|(side, is_before)| {
        side.app.resources().map(|(at, _)| (colour(side.app, &at, is_before), at)).collect()
    });
    for (side, coloured) in sides.iter_mut().zip(coloured) {
        for ((colour, is_open), at) in coloured {
            if is_open {
                side.open.insert(at.clone());
            }
            side.colours.insert(at, colour);
        }
    }
}

/// Makes the colours of what is open finer by what `says` tells of it, until that makes no difference any more.
fn while_finer<'a, 't>(sides: &mut [Side<'a, 't>; 2], says: fn(&Side<'a, 't>, &Location) -> String) {
    let mut known = 0;
    for round in 0..MOST_ROUNDS {
        let texts: [Vec<(Location, String)>; 2] = sides.each_ref().map(|side| {
            let text = |at: &Location| format!("{} {}", side.colours[at], says(side, at));
            side.open.iter().map(|at| (at.clone(), text(at))).collect()
        });
        let mut colours: BTreeMap<&String, String> = BTreeMap::new();
        for (_, text) in texts.iter().flatten() {
            let next = colours.len();
            colours.entry(text).or_insert_with(|| format!("#{next}"));
        }
        let count = colours.len();
        for (side, texts) in sides.iter_mut().zip(&texts) {
            side.colours.extend(texts.iter().map(|(at, text)| (at.clone(), colours[text].clone())));
        }
        if count == known && round > 0 {
            return;
        }
        known = count;
    }
}

/// What is open, by colour: what went, and what came.
fn classes(sides: &[Side<'_, '_>; 2]) -> BTreeMap<String, [Vec<Location>; 2]> {
    let mut classes: BTreeMap<String, [Vec<Location>; 2]> = BTreeMap::new();
    for (which, side) in sides.iter().enumerate() {
        for at in &side.open {
            classes.entry(side.colours[at].clone()).or_default()[which].push(at.clone());
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use crate::refactor::testing::found;

    #[test]
    fn a_group_is_found_by_what_its_members_refer_to_across_stacks() {
        let before = "
A:
  Resources:
    Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
    Sub: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.0.0/24}}
    Web: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Sub}}
";
        let after = "
A:
  Resources:
    Web: {Type: AWS::SNS::Topic, Properties: {TopicName: !ImportValue 'B:S'}}
B:
  Resources:
    Network: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
    Subnet: {Type: AWS::EC2::Subnet, Properties: {CidrBlock: 10.0.0.0/24, VpcId: {Ref: Network}}}
  Outputs: {S: {Value: !Ref Subnet, Export: {Name: 'B:S'}}}
";
        assert_eq!(found(before, after, &[]), "A.Net -> B.Network\nA.Sub -> B.Subnet\n");
        assert_eq!(found(after, before, &[]), "B.Network -> A.Net\nB.Subnet -> A.Sub\n");
        assert_eq!(found(before, before, &[]), "");
    }

    #[test]
    fn those_that_are_alike_are_told_apart_by_who_refers_to_them() {
        let queues = |a: &str, b: &str| {
            format!(
                "
A:
  Resources:
    {a}: {{Type: AWS::SQS::Queue}}
    {b}: {{Type: AWS::SQS::Queue}}
    News: {{Type: AWS::SNS::Topic, Properties: {{TopicName: !Ref {a}}}}}
"
            )
        };
        let expected = "A.A1 -> A.B1\nA.A2 -> A.B2\n";
        assert_eq!(found(&queues("A1", "A2"), &queues("B1", "B2"), &[]), expected);
    }

    #[test]
    fn what_is_alike_in_every_way_is_left_to_somebody() {
        let queues = |stack: &str, ids: [&str; 2]| {
            let [a, b] = ids;
            format!(
                "{stack}: {{Resources: {{{a}: {{Type: AWS::SQS::Queue}}, {b}: {{Type: AWS::SQS::Queue}}}}}}"
            )
        };
        let (before, after) = (queues("A", ["Q1", "Q2"]), queues("A", ["P1", "P2"]));
        assert_eq!(found(&before, &after, &[]), "A.Q1 A.Q2 ? A.P1 A.P2\n");
        let expected = "A.Q2 -> A.P1\nA.Q1 -> A.P2\n";
        assert_eq!(found(&before, &after, &[("A.Q2", "A.P1")]), expected);
        // In another stack, the one with the same logical id is the same.
        assert_eq!(found(&before, &queues("B", ["Q1", "Q2"]), &[]), "A.Q1 -> B.Q1\nA.Q2 -> B.Q2\n");
    }

    #[test]
    fn what_is_decided_holds_whatever_the_properties_say() {
        let side = |id: &str, name: &str| {
            format!(
                "A: {{Resources: {{{id}: {{Type: AWS::SQS::Queue, Properties: {{QueueName: {name}}}}}, \
                 N{id}: {{Type: AWS::SNS::Topic, Properties: {{TopicName: !Ref {id}}}}}}}}}"
            )
        };
        let (before, after) = (side("X", "a"), side("Y", "b"));
        assert_eq!(found(&before, &after, &[]), "");
        assert_eq!(found(&before, &after, &[("A.X", "A.Y")]), "A.X -> A.Y\nA.NX -> A.NY\n");
    }

    #[test]
    fn what_only_comes_or_goes_or_is_of_tools_does_not_move() {
        let before = "A: {Resources: {X: {Type: AWS::SQS::Queue}, M: {Type: AWS::CDK::Metadata}}}";
        let after = "A: {Resources: {Y: {Type: AWS::SNS::Topic}, N: {Type: AWS::CDK::Metadata}}}";
        assert_eq!(found(before, after, &[]), "");
    }
}
