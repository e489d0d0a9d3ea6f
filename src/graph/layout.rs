//! Where everything stands: groups within groups, in each of them columns from left to right, arrows along the gaps.
//!
//! Everything lies on one grid, so that arrows run in lanes and never graze a card.

use super::{
    ArrowKind, Graph, GroupKind,
    geometry::{Point, Rect, UNIT},
    labels,
    order::columns,
    route,
};
use crate::render::{Size, text_width};

/// The width of a card.
const CARD: i32 = 170;
/// The width of a card for somebody outside.
const OUTSIDE: i32 = 150;
/// What stands between neighbours in a column.
const ROW_GAP: i32 = 30;
/// What lies at least between two columns.
const COLUMN_GAP: i32 = 60;
/// The space between a group's border and what is in it.
const PADDING: i32 = 20;
/// The width that what nothing leads to is spread over.
const SHELF: i32 = 900;
/// The border around everything.
const MARGIN: i32 = 30;
/// What stands above everything.
const TITLE: i32 = 90;
/// What stands below everything.
const LEGEND: i32 = 30;

/// Where everything in a [`Graph`] stands, at the same positions as there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The whole.
    pub size: Rect,
    /// The groups.
    pub groups: Vec<Rect>,
    /// What is written at the top of each group.
    pub headers: Vec<Rect>,
    /// The cards.
    pub cards: Vec<Rect>,
    /// The corners of each arrow, from end to end.
    pub paths: Vec<Vec<Point>>,
    /// Where there is room for the label of each arrow.
    pub labels: Vec<Option<Rect>>,
}

/// Something that lies in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Group(usize),
    Card(usize),
}

/// Lays out a graph.
pub fn layout(graph: &Graph) -> Layout {
    let mut placing = Placing {
        graph,
        groups: vec![Rect::default(); graph.groups.len()],
        cards: (0..graph.cards.len()).map(|it| card_size(graph, it)).collect(),
    };
    let (width, height) = placing.place(None);
    let shift = |it: &mut Rect| {
        it.x += MARGIN;
        it.y += TITLE;
    };
    placing.groups.iter_mut().chain(&mut placing.cards).for_each(shift);
    let Placing { groups, cards, .. } = placing;
    let size =
        Rect { x: 0, y: 0, width: (width + 2 * MARGIN).max(480), height: height + TITLE + LEGEND + MARGIN };
    let headers = groups.iter().enumerate().map(|(at, it)| header(graph, at, it)).collect();
    let mut layout = Layout { size, groups, headers, cards, ..Layout::default() };
    layout.paths = vec![Vec::new(); graph.arrows.len()];
    layout.labels = vec![None; graph.arrows.len()];
    let mut router = route::Router::new(&layout);
    // What is written on traffic is there before references look for their ways.
    for kind in [ArrowKind::Traffic, ArrowKind::Reference] {
        router.route(kind, graph, &mut layout);
        labels::place(kind, graph, &mut layout);
        router.avoid(&layout);
    }
    layout
}

/// The size of a card.
fn card_size(graph: &Graph, at: usize) -> Rect {
    let card = &graph.cards[at];
    let lines = i32::try_from(card.facts.len()).unwrap_or_default();
    let width = if card.role.is_outside() { OUTSIDE } else { CARD };
    Rect { x: 0, y: 0, width, height: up_to(60 + 18 * lines, 2 * UNIT) }
}

/// The height of what is written at the top of a group.
fn header_height(graph: &Graph, group: usize) -> i32 {
    let it = &graph.groups[group];
    match it.kind {
        GroupKind::Stack | GroupKind::Network { .. } => 60,
        GroupKind::Subnets => {
            let siblings = graph.groups.iter().filter(|other| other.parent == it.parent);
            let lines = siblings.map(|it| it.parts.len()).max().unwrap_or_default();
            up_to(40 + 18 * i32::try_from(lines).unwrap_or_default(), UNIT)
        }
    }
}

/// What is written at the top of a group, as far as no arrow should run through it.
fn header(graph: &Graph, group: usize, rect: &Rect) -> Rect {
    let it = &graph.groups[group];
    let lines = [(it.name.as_str(), Size::Title), (it.about.as_str(), Size::Small)];
    let parts = it.parts.iter().map(|it| (it.as_str(), Size::Small));
    let widest =
        lines.into_iter().chain(parts).map(|(text, size)| text_width(text, size)).max().unwrap_or_default();
    let width = (widest + 30).min(rect.width - UNIT);
    let height = match it.kind {
        GroupKind::Stack | GroupKind::Network { .. } => 50,
        GroupKind::Subnets => 30 + 18 * i32::try_from(it.parts.len()).unwrap_or_default(),
    };
    Rect { x: rect.x + UNIT / 2, y: rect.y + UNIT / 2, width, height: height.min(rect.height - UNIT) }
}

/// The next multiple.
fn up_to(it: i32, of: i32) -> i32 {
    (it + of - 1) / of * of
}

struct Placing<'a> {
    graph: &'a Graph,
    groups: Vec<Rect>,
    cards: Vec<Rect>,
}

impl Placing<'_> {
    /// Places what lies in a group, or in none, from its upper left corner; gives the size that takes.
    fn place(&mut self, group: Option<usize>) -> (i32, i32) {
        let graph = self.graph;
        let groups = (0..graph.groups.len()).filter(|it| graph.groups[*it].parent == group).map(Item::Group);
        let cards = (0..graph.cards.len()).filter(|it| graph.cards[*it].group == group).map(Item::Card);
        let items: Vec<Item> = groups.chain(cards).collect();
        for item in &items {
            if let Item::Group(at) = item {
                self.place_group(*at);
            }
        }
        let leads = self.leads(&items);
        let kind = group.map(|it| graph.groups[it].kind);
        let column = self.columns(&items, &leads, kind);
        // A card that has to do with nothing here has no place in the order from left to right.
        let is_shelved = |at: &usize| {
            let is_card = matches!(items[*at], Item::Card(_)) && kind != Some(GroupKind::Subnets);
            is_card && !leads.iter().any(|(from, to)| from == at || to == at)
        };
        let (shelved, main): (Vec<usize>, Vec<usize>) = (0..items.len()).partition(is_shelved);
        let count = main.iter().map(|it| column[*it] + 1).max().unwrap_or_default();
        let mut stacks: Vec<Vec<usize>> =
            (0..count).map(|at| main.iter().copied().filter(|it| column[*it] == at).collect()).collect();
        stacks.retain(|it| !it.is_empty());
        let width = self.place_across(&items, &stacks);
        let height = self.place_down(&items, &mut stacks, group);
        self.stretch(&items);
        let (shelf_width, bottom) = self.shelve(&items, &shelved, width, height);
        (width.max(shelf_width), bottom)
    }

    fn place_group(&mut self, at: usize) {
        let (width, height) = self.place(Some(at));
        let top = header_height(self.graph, at);
        // What goes from one end of a stack to the other passes below its cards.
        let is_stack = self.graph.groups[at].kind == GroupKind::Stack;
        let lanes = if is_stack { ROW_GAP } else { PADDING };
        // An empty group is its header.
        let below = if height == 0 { 0 } else { height + lanes };
        let least = if self.graph.groups[at].kind == GroupKind::Subnets { CARD } else { 260 };
        self.groups[at] =
            Rect { x: 0, y: 0, width: width.max(least) + 2 * PADDING, height: (top + below).max(60) };
        self.shift_within(at, PADDING, top);
    }

    fn rect(&self, item: Item) -> Rect {
        match item {
            Item::Group(at) => self.groups[at],
            Item::Card(at) => self.cards[at],
        }
    }

    /// Moves an item with all that is in it.
    fn shift(&mut self, item: Item, x: i32, y: i32) {
        let rect = match item {
            Item::Group(at) => {
                self.shift_within(at, x, y);
                &mut self.groups[at]
            }
            Item::Card(at) => &mut self.cards[at],
        };
        rect.x += x;
        rect.y += y;
    }

    fn shift_within(&mut self, group: usize, x: i32, y: i32) {
        for at in 0..self.cards.len() {
            if self.graph.groups_of(at).contains(&group) {
                self.cards[at].x += x;
                self.cards[at].y += y;
            }
        }
        for at in 0..self.groups.len() {
            if self.is_within(at, group) {
                self.groups[at].x += x;
                self.groups[at].y += y;
            }
        }
    }

    fn is_within(&self, group: usize, outer: usize) -> bool {
        let mut next = self.graph.groups[group].parent;
        while let Some(at) = next {
            if at == outer {
                return true;
            }
            next = self.graph.groups[at].parent;
        }
        false
    }

    fn holds(&self, item: Item, card: usize) -> bool {
        match item {
            Item::Group(at) => self.graph.groups_of(card).contains(&at),
            Item::Card(at) => at == card,
        }
    }

    fn item_of(&self, items: &[Item], card: usize) -> Option<usize> {
        items.iter().position(|it| self.holds(*it, card))
    }

    /// Which item leads to which.
    fn leads(&self, items: &[Item]) -> Vec<(usize, usize)> {
        let mut leads = Vec::new();
        for arrow in &self.graph.arrows {
            if let (Some(from), Some(to)) = (self.item_of(items, arrow.from), self.item_of(items, arrow.to))
                && from != to
            {
                // What the inside of a network makes use of stands before it: behind it nobody looks.
                let turned = matches!((items[from], items[to]), (Item::Group(_), Item::Card(_)));
                leads.push(if turned { (to, from) } else { (from, to) });
            }
        }
        leads
    }

    fn columns(&self, items: &[Item], leads: &[(usize, usize)], kind: Option<GroupKind>) -> Vec<usize> {
        let is_stack =
            |it: &Item| matches!(it, Item::Group(at) if self.graph.groups[*at].kind == GroupKind::Stack);
        if items.iter().any(is_stack) {
            // Stacks stand below each other, and who is outside beside them.
            return items.iter().map(|it| usize::from(is_stack(it))).collect();
        }
        if kind == Some(GroupKind::Subnets) {
            return vec![0; items.len()];
        }
        let mut pairs = leads.to_vec();
        if matches!(kind, Some(GroupKind::Network { .. })) {
            // The groups of subnets were made in their order: public, private, isolated.
            let groups: Vec<usize> =
                (0..items.len()).filter(|it| matches!(items[*it], Item::Group(_))).collect();
            pairs.retain(|(a, b)| !(groups.contains(a) && groups.contains(b)));
            pairs.extend(groups.windows(2).map(|it| (it[0], it[1])));
        }
        columns(items.len(), &pairs)
    }

    /// Gives every column its place from left to right; says how wide that is.
    fn place_across(&mut self, items: &[Item], stacks: &[Vec<usize>]) -> i32 {
        let mut x = 0;
        for (at, stack) in stacks.iter().enumerate() {
            let width = stack.iter().map(|it| self.rect(items[*it]).width).max().unwrap_or_default();
            for it in stack {
                let own = self.rect(items[*it]).width;
                self.shift(items[*it], x + (width - own) / 2 / UNIT * UNIT, 0);
            }
            x += width;
            if let Some(next) = stacks.get(at + 1) {
                x += self.gap(items, stack, next);
            }
        }
        x
    }

    /// The gap between two columns: room for what is written on the arrows between them.
    fn gap(&self, items: &[Item], left: &[usize], right: &[usize]) -> i32 {
        let is_in = |column: &[usize], card: usize| column.iter().any(|it| self.holds(items[*it], card));
        let between = self.graph.arrows.iter().filter(|it| {
            (is_in(left, it.from) && is_in(right, it.to)) || (is_in(right, it.from) && is_in(left, it.to))
        });
        let widest = between.map(|it| labels::width(&it.label)).max().unwrap_or_default();
        // Where a border lies in the gap, there is more to keep clear of.
        let is_stack = |it: &usize| matches!(items[*it], Item::Group(at) if self.graph.groups[at].kind == GroupKind::Stack);
        let clear = if right.iter().any(is_stack) { 40 } else { 20 };
        up_to(widest + clear, UNIT).clamp(COLUMN_GAP, 100)
    }

    /// Gives everything in the columns its place from top to bottom, near what it is joined with; says how high that
    /// is. The highest column stands first, and the others follow it.
    fn place_down(&mut self, items: &[Item], stacks: &mut [Vec<usize>], group: Option<usize>) -> i32 {
        let kind = group.map(|it| self.graph.groups[it].kind);
        let height = |of: &Self, stack: &[usize]| -> i32 {
            stack.iter().map(|it| of.rect(items[*it]).height + ROW_GAP).sum()
        };
        let highest = (0..stacks.len()).rev().max_by_key(|it| height(self, &stacks[*it]));
        let Some(first) = highest else { return 0 };
        let order: Vec<usize> =
            std::iter::once(first).chain((0..first).rev()).chain(first + 1..stacks.len()).collect();
        let mut placed: Vec<usize> = Vec::new();
        for at in order {
            if kind == Some(GroupKind::Subnets) {
                // What is reached from outside of the subnets stands in the order of what reaches it.
                stacks[at].sort_by_key(|it| self.first_source(items[*it]));
            }
            let is_level = matches!(kind, Some(GroupKind::Subnets | GroupKind::Network { .. }));
            let wish = |it: &usize| if is_level { 0 } else { self.wish(items, *it, &placed) };
            let mut wishes: Vec<(i32, usize)> = stacks[at].iter().map(|it| (wish(it), *it)).collect();
            if !is_level && !placed.is_empty() {
                // Traffic stands first, and runs straight; what is made use of gives way.
                let middle = |wish: i32, it: usize| wish + self.rect(items[it]).height / 2;
                wishes.sort_by_key(|(wish, it)| (!self.has_traffic(items[*it]), middle(*wish, *it)));
            }
            stacks[at] = wishes.iter().map(|(_, it)| *it).collect();
            if let Some(group) = group.filter(|_| kind == Some(GroupKind::Subnets)) {
                return self.place_in_rows(items, &stacks[at], group);
            }
            self.settle(items, &wishes);
            placed.extend(&stacks[at]);
        }
        let top = placed.iter().map(|it| self.rect(items[*it]).y).min().unwrap_or_default();
        placed.iter().for_each(|it| self.shift(items[*it], 0, -top));
        placed.iter().map(|it| self.rect(items[*it]).bottom()).max().unwrap_or_default()
    }

    /// Places cards in the rows that all subnets of their network share, so that arrows between them are straight.
    fn place_in_rows(&mut self, items: &[Item], stack: &[usize], group: usize) -> i32 {
        let network = self.graph.groups[group].parent;
        let beside = (0..self.cards.len()).filter(|it| {
            let own = self.graph.cards[*it].group.map(|it| &self.graph.groups[it]);
            own.is_some_and(|it| it.kind == GroupKind::Subnets && it.parent == network)
        });
        let row = beside.map(|it| self.cards[it].height).max().unwrap_or_default();
        let mut y = 0;
        for it in stack {
            let own = self.rect(items[*it]).height;
            self.shift(items[*it], 0, y + (row - own) / 2);
            y += row + ROW_GAP;
        }
        y - ROW_GAP
    }

    fn has_traffic(&self, item: Item) -> bool {
        let traffic = self.graph.arrows.iter().filter(|it| it.kind == ArrowKind::Traffic);
        traffic.into_iter().any(|it| self.holds(item, it.from) || self.holds(item, it.to))
    }

    /// The first card elsewhere in its network from which requests come.
    fn first_source(&self, item: Item) -> usize {
        let Item::Card(card) = item else { return 0 };
        let network = |it: usize| self.graph.groups_of(it).get(1).copied();
        let group = |it: usize| self.graph.cards[it].group;
        let into = self.graph.arrows.iter().filter(|it| it.to == card && it.kind == ArrowKind::Traffic);
        let beside =
            into.map(|it| it.from).filter(|it| group(*it) != group(card) && network(*it) == network(card));
        beside.min().unwrap_or(usize::MAX)
    }

    /// Where the top of an item would be if its arrows to what is placed were level.
    fn wish(&self, items: &[Item], item: usize, placed: &[usize]) -> i32 {
        let mut wishes: Vec<i32> = Vec::new();
        for arrow in &self.graph.arrows {
            for (own, other) in [(arrow.from, arrow.to), (arrow.to, arrow.from)] {
                if self.holds(items[item], own) && placed.iter().any(|it| self.holds(items[*it], other)) {
                    let offset = self.cards[own].middle() - self.rect(items[item]).y;
                    let weight = if arrow.kind == ArrowKind::Traffic { 3 } else { 1 };
                    wishes.extend([self.cards[other].middle() - offset].repeat(weight));
                }
            }
        }
        wishes.sort_unstable();
        wishes.get(wishes.len() / 2).copied().unwrap_or(i32::MAX / 4)
    }

    /// Puts a column as near to its wishes as the gaps allow.
    fn settle(&mut self, items: &[Item], wishes: &[(i32, usize)]) {
        let mut least = i32::MIN / 4;
        for (wish, it) in wishes {
            let is_free = *wish >= i32::MAX / 4;
            let lowest = if is_free { least.max(0) } else { (*wish / UNIT * UNIT).max(least) };
            let rect = self.rect(items[*it]);
            self.shift(items[*it], 0, lowest - rect.y);
            least = lowest + rect.height + ROW_GAP;
        }
        // What was pushed down together goes up again, by the mean of it.
        let off = |of: &Self, (wish, it): &(i32, usize)| of.rect(items[*it]).y - wish;
        let has_wish = wishes.iter().copied().filter(|(wish, _)| *wish < i32::MAX / 4);
        let (traffic, others): (Vec<_>, Vec<_>) = has_wish.partition(|(_, it)| self.has_traffic(items[*it]));
        let bound = if traffic.is_empty() { others } else { traffic };
        let count = i32::try_from(bound.len()).unwrap_or(1).max(1);
        let mean = bound.iter().map(|it| off(self, it)).sum::<i32>() / count / UNIT * UNIT;
        if mean > 0 {
            wishes.iter().for_each(|(_, it)| self.shift(items[*it], 0, -mean));
        }
    }

    /// Makes neighbours alike: subnets as high as each other, stacks as wide.
    fn stretch(&mut self, items: &[Item]) {
        let groups: Vec<usize> =
            items.iter().filter_map(|it| if let Item::Group(at) = it { Some(*at) } else { None }).collect();
        let highest = groups.iter().map(|it| self.groups[*it].height).max().unwrap_or_default();
        let right = groups.iter().map(|it| self.groups[*it].right()).max().unwrap_or_default();
        let left = groups.iter().map(|it| self.groups[*it].x).min().unwrap_or_default();
        for at in groups {
            match self.graph.groups[at].kind {
                GroupKind::Subnets => self.groups[at].height = highest,
                GroupKind::Stack => {
                    self.shift(Item::Group(at), left - self.groups[at].x, 0);
                    self.groups[at].width = right - left;
                }
                GroupKind::Network { .. } => (),
            }
        }
    }

    /// Puts what has no order below everything else, in rows.
    fn shelve(&mut self, items: &[Item], shelved: &[usize], width: i32, height: i32) -> (i32, i32) {
        let limit = width.max(SHELF);
        let (mut x, mut y, mut row, mut widest) = (0, if height == 0 { 0 } else { height + ROW_GAP }, 0, 0);
        let mut bottom = height;
        for it in shelved {
            let rect = self.rect(items[*it]);
            if x > 0 && x + rect.width > limit {
                (x, y, row) = (0, y + row + ROW_GAP, 0);
            }
            self.shift(items[*it], x, y);
            row = row.max(rect.height);
            bottom = bottom.max(y + rect.height);
            widest = widest.max(x + rect.width);
            x += rect.width + ROW_GAP;
        }
        (widest, bottom)
    }
}
