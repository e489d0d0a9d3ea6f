//! The ways of the arrows: along the lanes of the grid, around cards and writing, with few bends and crossings.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use super::{
    Arrow, ArrowKind, Graph,
    geometry::{Point, Rect, UNIT},
    layout::Layout,
};

/// What each thing costs that makes an arrow hard to follow, in steps of the grid.
const BEND: u32 = 8;
const CROSSING: u32 = 5;
const SHARED: u32 = 90;
const WRITING: u32 = 120;
const ALONG_BORDER: u32 = 12;
const BESIDE_CARD: u32 = 1;
const BESIDE_LINE: u32 = 1;
const BELOW_OR_ABOVE: u32 = 6;

/// The directions: right, down, left, up.
const STEPS: [(i32, i32); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

/// Finds the ways, one after the other; each keeps clear of those before.
pub(super) struct Router(Grid);

impl Router {
    /// For cards and groups that have their places.
    pub(super) fn new(layout: &Layout) -> Self {
        Self(Grid::new(layout))
    }

    /// Finds the ways of the arrows of a kind, the short ones first.
    pub(super) fn route(&mut self, kind: ArrowKind, graph: &Graph, layout: &mut Layout) {
        let distance = |it: &Arrow| {
            let (a, b) = (&layout.cards[it.from], &layout.cards[it.to]);
            (a.x - b.x).abs() + (a.y - b.y).abs()
        };
        let mut order: Vec<usize> =
            (0..graph.arrows.len()).filter(|it| graph.arrows[*it].kind == kind).collect();
        order.sort_by_key(|it| (distance(&graph.arrows[*it]), *it));
        for at in order {
            let arrow = &graph.arrows[at];
            let cells = self.0.way(&layout.cards[arrow.from], &layout.cards[arrow.to], arrow);
            self.0.remember(&cells, arrow);
            let point = |(x, y)| Point { x: x * UNIT, y: y * UNIT };
            layout.paths[at] = corners(&cells).into_iter().map(point).collect();
        }
    }

    /// Keeps further ways clear of the labels there are.
    pub(super) fn avoid(&mut self, layout: &Layout) {
        let places: Vec<Rect> = layout.labels.iter().flatten().copied().collect();
        self.0.mark_writing(&places);
    }
}

/// Whose line runs through a point of the grid in one direction: those who end at the same card may share it.
type Users = Vec<(usize, ArrowKind)>;

struct Grid {
    width: i32,
    height: i32,
    is_card: Vec<bool>,
    is_beside: Vec<bool>,
    is_writing: Vec<bool>,
    /// Whether a border of a group runs there, across and down.
    is_border: [Vec<bool>; 2],
    /// Which arrows run there, across and down.
    users: [Vec<Users>; 2],
}

impl Grid {
    fn new(layout: &Layout) -> Self {
        let (width, height) = (layout.size.width / UNIT + 1, layout.size.height / UNIT + 1);
        let size = usize::try_from(width * height).unwrap_or_default();
        let empty = || vec![false; size];
        let mut grid = Self {
            width,
            height,
            is_card: empty(),
            is_beside: empty(),
            is_writing: empty(),
            is_border: [empty(), empty()],
            users: [vec![Users::new(); size], vec![Users::new(); size]],
        };
        for y in 0..height {
            for x in 0..width {
                let at = grid.at(x, y);
                let point = Rect { x: x * UNIT, y: y * UNIT, width: 0, height: 0 };
                grid.is_card[at] = layout.cards.iter().any(|it| it.contains(&point));
                grid.is_beside[at] = layout.cards.iter().any(|it| it.grown(UNIT).contains(&point));
                for group in layout.groups.iter().filter(|it| it.contains(&point)) {
                    let across = point.y == group.y || point.y == group.bottom();
                    let down = point.x == group.x || point.x == group.right();
                    grid.is_border[0][at] |= across;
                    grid.is_border[1][at] |= down;
                }
            }
        }
        let title = Rect { x: 0, y: 0, width: layout.size.width, height: 60 };
        grid.mark_writing(&layout.headers);
        grid.mark_writing(&[title]);
        grid
    }

    fn mark_writing(&mut self, places: &[Rect]) {
        for y in 0..self.height {
            for x in 0..self.width {
                let point = Rect { x: x * UNIT, y: y * UNIT, width: 0, height: 0 };
                let at = self.at(x, y);
                self.is_writing[at] |= places.iter().any(|it| it.grown(2).contains(&point));
            }
        }
    }

    fn point(&self, cell: usize) -> (i32, i32) {
        let cell = i32::try_from(cell).unwrap_or_default();
        (cell % self.width, cell / self.width)
    }

    fn at(&self, x: i32, y: i32) -> usize {
        usize::try_from(y * self.width + x).unwrap_or_default()
    }

    /// The cheapest way from the border of a card to that of another.
    fn way(&self, from: &Rect, to: &Rect, arrow: &Arrow) -> Vec<(i32, i32)> {
        // A state is a point and the direction one came there; behind every end stands the same goal.
        let goal = self.is_card.len() * STEPS.len();
        let mut best = vec![u32::MAX; goal + 1];
        let mut came = vec![goal; goal + 1];
        let mut heap: BinaryHeap<Reverse<(u32, u32, usize)>> = BinaryHeap::new();
        let far = |x: i32, y: i32| {
            let away = |it: i32, low: i32, high: i32| (low - it).max(it - high).max(0).unsigned_abs();
            away(x, to.x / UNIT, to.right() / UNIT) + away(y, to.y / UNIT, to.bottom() / UNIT)
        };
        for (x, y, direction) in ports(from) {
            let cost = self.port_cost(from, x, y, direction, arrow.from, arrow);
            let state = self.at(x, y) * STEPS.len() + direction;
            best[state] = cost;
            heap.push(Reverse((cost + far(x, y), cost, state)));
        }
        let end = |(x, y, out): (i32, i32, usize)| {
            let state = self.at(x, y) * STEPS.len() + (out + 2) % STEPS.len();
            (state, self.port_cost(to, x, y, out, arrow.to, arrow))
        };
        let ends: BTreeMap<usize, u32> = ports(to).into_iter().map(end).collect();
        while let Some(Reverse((_, cost, state))) = heap.pop() {
            if cost > best[state] {
                continue;
            }
            if state == goal {
                break;
            }
            if let Some(last) = ends.get(&state) {
                if cost + last < best[goal] {
                    best[goal] = cost + last;
                    came[goal] = state;
                    heap.push(Reverse((cost + last, cost + last, goal)));
                }
                continue;
            }
            let (cell, direction) = (state / STEPS.len(), state % STEPS.len());
            let (x, y) = self.point(cell);
            for (next_direction, (dx, dy)) in STEPS.iter().enumerate() {
                let turns_back = (next_direction + 2) % STEPS.len() == direction;
                if turns_back || (self.is_card[cell] && next_direction != direction) {
                    continue;
                }
                let (next_x, next_y) = (x + dx, y + dy);
                if next_x < 1 || next_y < 1 || next_x >= self.width - 1 || next_y >= self.height - 1 {
                    continue;
                }
                let next_cell = self.at(next_x, next_y);
                let next = next_cell * STEPS.len() + next_direction;
                if self.is_card[next_cell] && !ends.contains_key(&next) {
                    continue;
                }
                let bend = if next_direction == direction { 0 } else { BEND + self.corner_cost(cell, arrow) };
                let cost = cost + 1 + bend + self.cost(next_cell, next_direction, arrow);
                if cost < best[next] {
                    best[next] = cost;
                    came[next] = state;
                    heap.push(Reverse((cost + far(next_x, next_y), cost, next)));
                }
            }
        }
        let mut cells = Vec::new();
        let mut state = came[goal];
        while state != goal {
            cells.push(self.point(state / STEPS.len()));
            state = came[state];
        }
        cells.reverse();
        cells
    }

    /// What it costs to be at a point, going in a direction.
    fn cost(&self, cell: usize, direction: usize, arrow: &Arrow) -> u32 {
        let axis = direction % 2;
        let others = |axis: usize, cell: usize| self.has_others(axis, cell, arrow);
        let mut cost = if others(axis, cell) { SHARED } else { 0 };
        cost += if others(1 - axis, cell) { CROSSING } else { 0 };
        let lane = if axis == 0 { usize::try_from(self.width).unwrap_or_default() } else { 1 };
        let beside = [cell.checked_sub(lane), cell.checked_add(lane)].into_iter().flatten();
        cost += if beside.into_iter().any(|it| others(axis, it)) { BESIDE_LINE } else { 0 };
        cost += if self.is_writing[cell] { WRITING } else { 0 };
        cost += if self.is_border[axis][cell] { ALONG_BORDER } else { 0 };
        cost += if self.is_beside[cell] { BESIDE_CARD } else { 0 };
        cost
    }

    /// A bend on the line of another looks as if one became the other.
    fn corner_cost(&self, cell: usize, arrow: &Arrow) -> u32 {
        if (0..2).any(|axis| self.has_others(axis, cell, arrow)) { SHARED } else { 0 }
    }

    /// Whether an arrow runs there that does not share its line with this one.
    fn has_others(&self, axis: usize, cell: usize, arrow: &Arrow) -> bool {
        let users = self.users[axis].get(cell).into_iter().flatten();
        users.into_iter().any(|it| *it != (arrow.to, arrow.kind))
    }

    /// What it costs to begin or end at a point of a border: least in the middle of the sides to the left and right.
    fn port_cost(&self, card: &Rect, x: i32, y: i32, direction: usize, own: usize, arrow: &Arrow) -> u32 {
        let (middle_x, middle_y) = (card.x + card.width / 2, card.y + card.height / 2);
        let is_beside = direction.is_multiple_of(2);
        let (off, side) =
            if is_beside { (y * UNIT - middle_y, 0) } else { (x * UNIT - middle_x, BELOW_OR_ABOVE) };
        let cell = self.at(x, y);
        let mut users = self.users.iter().flat_map(|it| &it[cell]);
        let is_target = own == arrow.to;
        let taken = users.any(|user| !is_target || *user != (arrow.to, arrow.kind));
        side + off.unsigned_abs() / 10 + if taken { SHARED } else { 0 }
    }

    fn remember(&mut self, cells: &[(i32, i32)], arrow: &Arrow) {
        for pair in cells.windows(2) {
            let axis = usize::from(pair[0].0 == pair[1].0);
            for (x, y) in pair {
                let cell = self.at(*x, *y);
                let users = &mut self.users[axis][cell];
                if !users.contains(&(arrow.to, arrow.kind)) {
                    users.push((arrow.to, arrow.kind));
                }
            }
        }
    }
}

/// The points of a border where arrows may begin and end, with the direction that leads away.
fn ports(card: &Rect) -> Vec<(i32, i32, usize)> {
    let (left, right) = (card.x / UNIT, card.right() / UNIT);
    let (top, bottom) = (card.y / UNIT, card.bottom() / UNIT);
    let mut ports = Vec::new();
    for y in top + 2..=bottom - 2 {
        ports.extend([(right, y, 0), (left, y, 2)]);
    }
    for x in left + 2..=right - 2 {
        ports.extend([(x, bottom, 1), (x, top, 3)]);
    }
    ports
}

/// The ends of a way and the points where it turns.
pub(super) fn corners(points: &[(i32, i32)]) -> Vec<(i32, i32)> {
    let is_straight = |at: usize| {
        let [before, here, after] = [points[at - 1], points[at], points[at + 1]];
        (here.0 - before.0, here.1 - before.1) == (after.0 - here.0, after.1 - here.1)
    };
    let kept = (0..points.len()).filter(|it| *it == 0 || *it + 1 == points.len() || !is_straight(*it));
    kept.map(|it| points[it]).collect()
}
