//! A stack as a picture for people: what there is, where it runs, and what goes from where to where.
//!
//! [`Graph`] is the picture without coordinates: one card for each construct (or for each part of it that stands
//! somewhere else, such as the load balancer of a service), groups for stacks and networks, and arrows. It is read from
//! finished templates, so that overrides and patches are in it, and a template of any origin is drawn like ours;
//! which construct a resource belongs to is what the template says of its path, never what its logical id looks like.
//! [`layout`] places it, [`picture`] dresses it for `render`, [`mermaid`] writes it as text.

mod arrows;
mod cards;
mod facts;
mod geometry;
mod inventory;
mod kinds;
mod labels;
mod layout;
mod mermaid;
mod networks;
mod order;
mod picture;
mod policies;
mod route;
#[cfg(test)]
mod testing;
mod units;

pub use geometry::{Point, Rect};
pub use inventory::{Construct, Source};
pub use kinds::Role;
pub use layout::{Layout, layout};
pub use mermaid::mermaid;
pub use picture::picture;

use inventory::Inventory;

/// What is drawn, without coordinates.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// What it shows.
    pub title: String,
    /// More about that, in a few words.
    pub subtitle: String,
    /// The groups; each after the one it lies in.
    pub groups: Vec<Group>,
    /// The cards.
    pub cards: Vec<Card>,
    /// The arrows between cards.
    pub arrows: Vec<Arrow>,
}

/// What encloses cards and other groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is.
    pub kind: GroupKind,
    /// Its name.
    pub name: String,
    /// What it is, and what matters of it.
    pub about: String,
    /// What it consists of: the ranges of subnets, by zone.
    pub parts: Vec<String>,
    /// The group it lies in.
    pub parent: Option<usize>,
    /// The resources it stands for.
    pub resources: Vec<Member>,
}

/// What a [`Group`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// A stack of the app.
    Stack,
    /// A network; what is not in its own stack, or in none, is drawn as a guest.
    Network {
        /// Whether it belongs to another stack, or to no stack at all.
        is_guest: bool,
    },
    /// The subnets of a kind.
    Subnets,
}

/// A construct, a part of one, a plain resource, or somebody outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What it does.
    pub role: Role,
    /// Its name in the stack file.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// What matters of it.
    pub facts: Vec<String>,
    /// The group it stands in.
    pub group: Option<usize>,
    /// Whether it is a plain resource beside constructs.
    pub is_quiet: bool,
    /// The resources it stands for.
    pub resources: Vec<Member>,
}

/// A resource that a picture shows, or has behind something that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The stack it is in.
    pub stack: String,
    /// Its logical id.
    pub id: String,
}

/// Something that goes from one card to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The card it begins at.
    pub from: usize,
    /// The card it ends at.
    pub to: usize,
    /// What goes there.
    pub kind: ArrowKind,
    /// What to say of it; may be nothing.
    pub label: String,
}

/// What an [`Arrow`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArrowKind {
    /// Requests of users, and between parts of the system.
    Traffic,
    /// One makes use of the other.
    Reference,
}

impl Graph {
    /// The picture of the stacks of `sources` for which `is_drawn` holds; what these refer to in the others is looked
    /// up there.
    pub fn new(title: &str, sources: &[Source<'_>], is_drawn: impl Fn(&Source<'_>) -> bool) -> Self {
        let inventory = Inventory::new(sources);
        let drawn: Vec<bool> = sources.iter().map(is_drawn).collect();
        let mut graph = Self { title: title.to_owned(), ..Self::default() };
        let deck = cards::deal(&inventory, &drawn, &mut graph);
        arrows::draw(&inventory, &deck, &mut graph);
        networks::drop_empty(&mut graph);
        let resources = inventory.resources.iter().filter(|it| drawn[it.stack]).count();
        graph.subtitle = format!("{resources} resource{}", if resources == 1 { "" } else { "s" });
        graph
    }

    /// The groups around a card, the innermost first.
    pub fn groups_of(&self, card: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut next = self.cards[card].group;
        while let Some(at) = next {
            found.push(at);
            next = self.groups[at].parent;
        }
        found
    }
}
