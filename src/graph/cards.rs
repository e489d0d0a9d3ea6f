//! Which card each resource belongs to: that of its construct, or of the part of it that stands apart.

use std::collections::BTreeSet;

use asi_constructs::kernel::node::Node;

use super::{
    Card, Graph, Group, GroupKind, Role, facts,
    inventory::Inventory,
    kinds,
    networks::Networks,
    units::{Unit, head, units},
};

/// The cards, and what is on them.
#[derive(Debug)]
pub(super) struct Deck {
    /// The card of each resource.
    pub of: Vec<Option<usize>>,
    /// What each card is about.
    pub chief: Vec<Option<usize>>,
    /// What is drawn as a group, with the network it belongs to.
    pub grouped: Vec<(usize, usize)>,
}

impl Deck {
    /// The resources of a card.
    pub(super) fn on(&self, card: usize) -> impl Iterator<Item = usize> {
        self.of.iter().enumerate().filter(move |(_, it)| **it == Some(card)).map(|(at, _)| at)
    }

    /// The cards that have something to do with a resource: that of what refers to it, for a security group belongs
    /// to whoever has it; or else its own.
    pub(super) fn holders(&self, inventory: &Inventory<'_>, resource: usize) -> Vec<usize> {
        let holds = |it: &usize| {
            let holder = &inventory.resources[*it];
            !holder.kind.starts_with("AWS::EC2::SecurityGroup")
                && holder
                    .properties()
                    .is_some_and(|all| inventory.targets(holder.stack, all).contains(&resource))
        };
        let holding: BTreeSet<usize> =
            (0..inventory.resources.len()).filter(holds).filter_map(|it| self.of[it]).collect();
        if holding.is_empty() {
            self.of[resource].into_iter().collect()
        } else {
            holding.into_iter().collect()
        }
    }
}

/// Makes the groups and the cards.
pub(super) fn deal(inventory: &Inventory<'_>, drawn: &[bool], graph: &mut Graph) -> Deck {
    let stacks = stack_groups(inventory, drawn, graph);
    let mut networks = Networks::new(inventory, drawn, &stacks, graph);
    let mut deck = Deck { of: vec![None; inventory.resources.len()], chief: Vec::new(), grouped: Vec::new() };
    let dead_letters = dead_letters(inventory);
    for unit in units(inventory) {
        if drawn[unit.stack] {
            deal_unit(&unit, inventory, &dead_letters, graph, &mut deck);
        }
    }
    for card in 0..graph.cards.len() {
        graph.cards[card].facts = facts::facts(card, graph, inventory, &deck);
        let stack = deck.chief[card].map(|it| inventory.resources[it].stack);
        let fallback = stack.and_then(|it| stacks[it]);
        graph.cards[card].group = networks.place(card, inventory, &deck, graph).or(fallback);
    }
    // Constructs that only look something up have no resources, and are cards unless they are drawn as networks.
    for (stack, source) in inventory.sources.iter().enumerate().filter(|(at, _)| drawn[*at]) {
        for (name, declared) in &source.constructs {
            let has_resources =
                inventory.resources.iter().any(|it| it.stack == stack && head(&it.path) == name.as_str());
            if !has_resources && !networks.is_named_after(stack, name) {
                let (kind, name) = (declared.kind.clone(), name.clone());
                let facts = Vec::new();
                let group = stacks[stack];
                let resources = Vec::new();
                let card = Card { role: Role::Other, name, kind, facts, group, is_quiet: false, resources };
                graph.cards.push(card);
                deck.chief.push(None);
            }
        }
    }
    for (at, card) in deck.of.iter().enumerate() {
        if let Some(card) = card {
            graph.cards[*card].resources.push(inventory.member(at));
        }
    }
    for (at, network) in &deck.grouped {
        if let Some(group) = networks.of_vpc(*network, inventory) {
            graph.groups[group].resources.push(inventory.member(*at));
        }
    }
    deck
}

/// A group for each stack that is drawn, if there are several.
fn stack_groups(inventory: &Inventory<'_>, drawn: &[bool], graph: &mut Graph) -> Vec<Option<usize>> {
    let several = drawn.iter().filter(|it| **it).count() > 1;
    let sources = inventory.sources.iter().zip(drawn);
    let group = |(source, drawn): (&super::Source<'_>, &bool)| {
        (several && *drawn).then(|| {
            let name = source.part.clone().unwrap_or_else(|| source.name.clone());
            let about =
                if source.part.is_some() { format!("Stack {}", source.name) } else { "Stack".to_owned() };
            let (parts, resources) = (Vec::new(), Vec::new());
            graph.groups.push(Group { kind: GroupKind::Stack, name, about, parts, parent: None, resources });
            graph.groups.len() - 1
        })
    };
    sources.map(group).collect()
}

/// The queues that take what others could not deal with: they are a fact of these.
fn dead_letters(inventory: &Inventory<'_>) -> BTreeSet<usize> {
    fn walk<'a>(stack: usize, node: &'a Node, inventory: &Inventory<'a>, found: &mut BTreeSet<usize>) {
        for (key, entry) in node.as_map().into_iter().flatten() {
            if matches!(&**key, "RedrivePolicy" | "DeadLetterConfig" | "DeadLetterQueue") {
                found.extend(inventory.targets(stack, &entry.value));
            } else {
                walk(stack, &entry.value, inventory, found);
            }
        }
        for item in node.as_list().into_iter().flatten() {
            walk(stack, item, inventory, found);
        }
    }
    let mut found = BTreeSet::new();
    for resource in &inventory.resources {
        if let Some(all) = resource.properties() {
            walk(resource.stack, all, inventory, &mut found);
        }
    }
    found
}

fn deal_unit(
    unit: &Unit<'_>,
    inventory: &Inventory<'_>,
    dead_letters: &BTreeSet<usize>,
    graph: &mut Graph,
    deck: &mut Deck,
) {
    let source = &inventory.sources[unit.stack];
    let declared = source.constructs.get(unit.name);
    let kind = |at: usize| inventory.resources[at].kind;
    let mut ranked: Vec<(usize, Role, usize)> = unit
        .resources
        .iter()
        .filter_map(|at| kinds::role(kind(*at)).map(|(rank, role)| (rank, role, *at)))
        .collect();
    // A queue for what could not be dealt with is a fact of something else, if there is something else.
    ranked.sort_by_key(|(rank, _, at)| (dead_letters.contains(at), *rank));
    let alive = ranked.iter().filter(|(.., at)| !dead_letters.contains(at)).count();
    ranked.truncate(alive.max(1));
    let own = unit.resources[0];
    // What nobody knows the meaning of is still what it is, and not what came to serve it.
    let is_strange = declared.is_none() && kinds::role(kind(own)).is_none() && !kinds::serves(kind(own));
    let known = ranked.first().filter(|_| !is_strange);
    let (main, chief) = known.map_or((Role::Other, own), |(_, role, at)| (*role, *at));
    let mut add = |role: Role, chief: usize, kind: String, is_quiet: bool, deck: &mut Deck| {
        let (name, facts, group) = (unit.name.to_owned(), Vec::new(), None);
        graph.cards.push(Card { role, name, kind, facts, group, is_quiet, resources: Vec::new() });
        deck.chief.push(Some(chief));
        graph.cards.len() - 1
    };
    let is_quiet = declared.is_none() && !source.constructs.is_empty();
    let spoken = match declared {
        Some(it) => it.kind.clone(),
        None => {
            let spoken = kinds::spoken(kind(chief));
            let noun = main.noun();
            // The names of some services are longer than a card is wide.
            if spoken.len() > 20 && !noun.is_empty() { noun.to_owned() } else { spoken }
        }
    };
    // A network is a group, and what it consists of is not on any card.
    let main_card = (main != Role::Network).then(|| add(main, chief, spoken, is_quiet, deck));
    let mut apart: Vec<(Role, usize)> = Vec::new();
    for (_, role, at) in &ranked {
        if role.stands_apart_from(main) && !apart.iter().any(|(it, _)| it == role) {
            apart.push((*role, add(*role, *at, role.noun().to_owned(), is_quiet, deck)));
        }
    }
    for at in &unit.resources {
        let apart = apart.iter().find(|(role, _)| facts::belongs(kind(*at), *role)).map(|(_, it)| *it);
        deck.of[*at] = apart.or(main_card);
        if deck.of[*at].is_none() {
            deck.grouped.push((*at, chief));
        }
    }
}
