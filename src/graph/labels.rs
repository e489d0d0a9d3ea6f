//! Where there is room for what is written on an arrow: on its own line, clear of everything else.

use super::{
    ArrowKind, Graph,
    geometry::{Point, Rect, UNIT},
    layout::Layout,
};
use crate::render::{Size, text_width};

/// The height of a label.
const HEIGHT: i32 = 16;

/// The width of a label.
pub(super) fn width(label: &str) -> i32 {
    if label.is_empty() { 0 } else { text_width(label, Size::Label) + 12 }
}

/// Finds a place for the label of each arrow of a kind; none if there is nothing to say, or no room to say it.
pub(super) fn place(kind: ArrowKind, graph: &Graph, layout: &mut Layout) {
    let labelled = graph.arrows.iter().enumerate().filter(|(_, it)| it.kind == kind && !it.label.is_empty());
    for (at, arrow) in labelled {
        let candidates = candidates(&layout.paths[at], width(&arrow.label));
        let crosses = |it: &Rect| layout.groups.iter().any(|group| crosses_border(it, group));
        let free: Vec<Rect> = candidates.into_iter().filter(|it| is_free(it, at, layout)).collect();
        layout.labels[at] = free.iter().find(|it| !crosses(it)).or(free.first()).copied();
    }
}

/// The places on a line, the best first: in the middle of a long level piece.
fn candidates(path: &[Point], width: i32) -> Vec<Rect> {
    let mut pieces: Vec<(Point, Point)> = path.windows(2).map(|it| (it[0], it[1])).collect();
    let length = |(a, b): &(Point, Point)| (a.x - b.x).abs() + (a.y - b.y).abs();
    pieces.sort_by_key(|it| (it.0.x == it.1.x, -length(it)));
    let mut found = Vec::new();
    for (a, b) in pieces {
        let is_level = a.y == b.y;
        // The head of the arrow and a bit of line on both sides stay visible.
        let room = length(&(a, b)) - if is_level { width } else { HEIGHT } - 20;
        if room < 0 {
            continue;
        }
        let (middle_x, middle_y) = (i32::midpoint(a.x, b.x), i32::midpoint(a.y, b.y));
        for step in 0..=room / 2 / UNIT {
            for off in if step == 0 { vec![0] } else { vec![step * UNIT, -step * UNIT] } {
                let (x, y) = if is_level { (middle_x + off, middle_y) } else { (middle_x, middle_y + off) };
                found.push(Rect { x: x - width / 2, y: y - HEIGHT / 2, width, height: HEIGHT });
            }
        }
    }
    found
}

fn is_free(it: &Rect, own: usize, layout: &Layout) -> bool {
    let wide = it.grown(2);
    layout.size.contains(it)
        && !layout.cards.iter().any(|card| card.overlaps(&wide))
        && !layout.headers.iter().any(|header| header.overlaps(it))
        && !layout.labels.iter().flatten().any(|label| label.overlaps(&wide))
        && !layout.paths.iter().enumerate().any(|(at, path)| at != own && runs_through(path, &wide))
}

/// Whether a line runs through a rectangle.
pub(super) fn runs_through(path: &[Point], rect: &Rect) -> bool {
    path.windows(2).any(|it| {
        let (x, y) = (it[0].x.min(it[1].x), it[0].y.min(it[1].y));
        let piece = Rect { x, y, width: (it[0].x - it[1].x).abs(), height: (it[0].y - it[1].y).abs() };
        // A line has no area of its own.
        rect.overlaps(&Rect { x: x - 1, y: y - 1, width: piece.width + 2, height: piece.height + 2 })
    })
}

fn crosses_border(it: &Rect, group: &Rect) -> bool {
    it.overlaps(group) && !group.contains(it)
}
