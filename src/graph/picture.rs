//! A graph that is laid out, as a picture: which colour and which sign each card gets, and everything in words.

use std::collections::{BTreeMap, BTreeSet};

use super::{Arrow, ArrowKind, Graph, GroupKind, Layout, Point, Rect, Role, geometry::UNIT, route::corners};
use crate::render::{
    Picture,
    picture::{self, Glyph, Look, Stroke, Tone},
};

/// The picture of a graph.
pub fn picture(graph: &Graph, layout: &Layout) -> Picture {
    let place = |it: &Rect| (it.x, it.y, it.width, it.height);
    let frames = graph.groups.iter().zip(&layout.groups).map(|(group, rect)| picture::Frame {
        place: place(rect),
        look: look(group.kind),
        title: group.name.clone(),
        about: group.about.clone(),
        parts: group.parts.clone(),
        mark: None,
    });
    let cards = graph.cards.iter().zip(&layout.cards).map(|(card, rect)| {
        let (tone, glyph) = dress(card.role);
        picture::Card {
            place: place(rect),
            tone,
            glyph,
            title: card.name.clone(),
            kind: card.kind.clone(),
            facts: card.facts.clone(),
            is_quiet: card.is_quiet,
            mark: None,
        }
    });
    let drawn = drawn(graph, layout);
    let lines = graph.arrows.iter().enumerate().map(|(at, arrow)| picture::Line {
        points: drawn[at].0.clone(),
        has_head: drawn[at].1,
        stroke: stroke(arrow.kind),
        label: layout.labels[at].map(|it| (place(&it), arrow.label.clone())),
        tip: in_words(graph, arrow),
    });
    let used = |kind: ArrowKind| graph.arrows.iter().any(|it| it.kind == kind);
    let meanings = [(ArrowKind::Traffic, "traffic"), (ArrowKind::Reference, "makes use of, or acts on")];
    let legend =
        meanings.into_iter().filter(|(it, _)| used(*it)).map(|(it, text)| (stroke(it), text.to_owned()));
    Picture {
        title: graph.title.clone(),
        subtitle: graph.subtitle.clone(),
        description: description(graph),
        size: (layout.size.width, layout.size.height),
        frames: frames.collect(),
        lines: lines.collect(),
        cards: cards.collect(),
        legend: legend.collect(),
    }
}

/// What is drawn of each arrow, and whether its head is: one that comes to run on the line of another ends there, for
/// two lines of dashes make a whole one.
fn drawn(graph: &Graph, layout: &Layout) -> Vec<(Vec<(i32, i32)>, bool)> {
    let mut lines: BTreeMap<(usize, ArrowKind), BTreeSet<(i32, i32)>> = BTreeMap::new();
    let mut drawn = Vec::new();
    for (arrow, path) in graph.arrows.iter().zip(&layout.paths) {
        let taken = lines.entry((arrow.to, arrow.kind)).or_default();
        let points: Vec<(i32, i32)> = points(path);
        let shared = points.iter().rev().take_while(|it| taken.contains(it)).count();
        let kept = if shared > 1 { points.len() - shared + 1 } else { points.len() };
        taken.extend(&points);
        drawn.push((corners(&points[..kept]), kept == points.len()));
    }
    drawn
}

/// All points of the grid on a line.
fn points(path: &[Point]) -> Vec<(i32, i32)> {
    let mut found: Vec<(i32, i32)> = path.first().map(|it| (it.x, it.y)).into_iter().collect();
    for it in path.windows(2) {
        let (dx, dy) = ((it[1].x - it[0].x).signum() * UNIT, (it[1].y - it[0].y).signum() * UNIT);
        let steps = ((it[1].x - it[0].x).abs() + (it[1].y - it[0].y).abs()) / UNIT;
        found.extend((1..=steps).map(|step| (it[0].x + dx * step, it[0].y + dy * step)));
    }
    found
}

fn look(kind: GroupKind) -> Look {
    match kind {
        GroupKind::Stack => Look::Outer,
        GroupKind::Network { is_guest: false } => Look::Closed,
        GroupKind::Network { is_guest: true } => Look::Guest,
        GroupKind::Subnets => Look::Area,
    }
}

fn stroke(kind: ArrowKind) -> Stroke {
    match kind {
        ArrowKind::Traffic => Stroke::Strong,
        ArrowKind::Reference => Stroke::Dashed,
    }
}

/// The colour and the sign of a card.
fn dress(role: Role) -> (Tone, Glyph) {
    match role {
        Role::Internet => (Tone::Entrance, Glyph::Globe),
        Role::Domain => (Tone::Entrance, Glyph::Tag),
        Role::Firewall => (Tone::Entrance, Glyph::Shield),
        Role::Balancer => (Tone::Entrance, Glyph::Fork),
        Role::Gateway => (Tone::Entrance, Glyph::Lock),
        Role::Service => (Tone::Runs, Glyph::Boxes),
        Role::Task | Role::Schedule => (Tone::Runs, Glyph::Clock),
        Role::Instances => (Tone::Runs, Glyph::Server),
        Role::Function => (Tone::Runs, Glyph::Code),
        Role::Cluster => (Tone::Runs, Glyph::Dots),
        Role::Pipeline => (Tone::Delivers, Glyph::Steps),
        Role::Registry => (Tone::Delivers, Glyph::Layers),
        Role::Git => (Tone::Plain, Glyph::Branch),
        Role::Peer => (Tone::Plain, Glyph::Server),
        Role::Bucket => (Tone::Keeps, Glyph::Pail),
        Role::Database => (Tone::Keeps, Glyph::Drum),
        Role::Topic => (Tone::Keeps, Glyph::Bell),
        Role::Queue => (Tone::Keeps, Glyph::Row),
        Role::Alarm => (Tone::Plain, Glyph::Pulse),
        Role::Secret => (Tone::Plain, Glyph::Lock),
        Role::Identity => (Tone::Plain, Glyph::Badge),
        Role::Network | Role::Other => (Tone::Plain, Glyph::Dots),
    }
}

/// An arrow in words: `web (Load balancer) to web (FargateService): :8080`.
fn in_words(graph: &Graph, arrow: &Arrow) -> String {
    let card = |at: usize| {
        let card = &graph.cards[at];
        if card.kind.is_empty() { card.name.clone() } else { format!("{} ({})", card.name, card.kind) }
    };
    let ends = format!("{} to {}", card(arrow.from), card(arrow.to));
    match (arrow.kind, arrow.label.as_str()) {
        (_, "") => ends,
        (ArrowKind::Traffic, label) => format!("{ends}: {label}"),
        (ArrowKind::Reference, label) => format!("{} {label} {}", card(arrow.from), card(arrow.to)),
    }
}

fn description(graph: &Graph) -> String {
    let cards: Vec<String> = graph
        .cards
        .iter()
        .map(|card| {
            let about = [&card.kind].into_iter().chain(&card.facts).filter(|it| !it.is_empty());
            let about: Vec<&str> = about.map(String::as_str).collect();
            format!("{} ({})", card.name, about.join(", "))
        })
        .collect();
    let arrows: Vec<String> = graph.arrows.iter().map(|it| in_words(graph, it)).collect();
    format!("{} Arrows: {}.", cards.join("; ") + ".", arrows.join("; "))
}
