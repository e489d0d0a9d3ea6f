//! A picture as SVG: one file without script or font of another place, in the colours of where it is shown.

use super::{
    markup,
    picture::{Card, Frame, Glyph, Line, Look, Mark, Picture, Place, Size, Stroke, Tone, fitted},
};

/// How round the corners of lines are.
const ROUND: i32 = 8;
/// How long the head of an arrow is.
const HEAD: i32 = 8;

/// The look of everything; under one class, so that a page into which the picture is copied keeps its own.
pub(super) const STYLE: &str = "
  .asi { --ground: #fcfcfb; --ink: #1c2230; --soft: #5d6778; --card: #ffffff; --edge: #d9dee6;
    --outer: #f4f5f7; --closed: #eef3fb; --area: #f9fbfe; --rim: #b4c4de; --way: #2b63c9; --use: #7b8494;
    --entrance: #2b63c9; --runs: #c2570c; --delivers: #7446c7; --keeps: #1d7d58; --plain: #5d6778; --tint: 0.12; }
  @media (prefers-color-scheme: dark) {
    .asi { --ground: #12151b; --ink: #e8ebf1; --soft: #a3adbd; --card: #212733; --edge: #384050;
      --outer: #171b23; --closed: #182132; --area: #1b2536; --rim: #3d506f; --way: #7aa5f5; --use: #8791a3;
      --entrance: #7aa5f5; --runs: #f0985a; --delivers: #b498f0; --keeps: #5cc79c; --plain: #a3adbd; --tint: 0.18; }
  }
  .asi text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; fill: var(--ink); }
  .asi .ground { fill: var(--ground); }
  .asi .heading { font-size: 19px; font-weight: 650; }
  .asi .title { font-size: 13px; font-weight: 650; }
  .asi .small { font-size: 11.5px; fill: var(--soft); }
  .asi .label { font-size: 11px; fill: var(--soft); text-anchor: middle; }
  .asi .strong .label { fill: var(--way); }
  .asi .plate { fill: var(--ground); opacity: 0.94; }
  .asi .outer { fill: var(--outer); stroke: var(--edge); }
  .asi .closed { fill: var(--closed); stroke: var(--rim); }
  .asi .guest { fill: var(--closed); stroke: var(--rim); stroke-dasharray: 2 4; stroke-linecap: round; }
  .asi .area { fill: var(--area); stroke: var(--rim); stroke-opacity: 0.7; }
  .asi .card { fill: var(--card); stroke: var(--edge); }
  .asi .quiet .card { fill: none; stroke-dasharray: 4 3; }
  .asi .quiet .title { font-weight: 500; fill: var(--soft); }
  .asi .badge { fill: currentColor; fill-opacity: var(--tint); }
  .asi .glyph { fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
  .asi .entrance { color: var(--entrance); } .asi .runs { color: var(--runs); } .asi .delivers { color: var(--delivers); }
  .asi .keeps { color: var(--keeps); } .asi .plain { color: var(--plain); }
  .asi .line { fill: none; stroke-width: 1.7; stroke: var(--way); }
  .asi .head { fill: var(--way); }
  .asi .dashed .line { stroke: var(--use); stroke-width: 1.4; stroke-dasharray: 5 4; }
  .asi .dashed .head { fill: var(--use); }
";

/// Writes a picture as SVG.
pub fn svg(picture: &Picture) -> String {
    drawing(picture, "asi", "img", &format!("<style>{STYLE}</style>\n"))
}

/// Writes a picture as a part of a page that has its style, and in which no other picture has this name.
pub(super) fn inlined(picture: &Picture, name: &str) -> String {
    drawing(picture, name, "group", "")
}

fn drawing(picture: &Picture, name: &str, role: &str, style: &str) -> String {
    let (width, height) = picture.size;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" class=\"asi\" role=\"{role}\" aria-labelledby=\"{name}-title {name}-description\">\n\
         <title id=\"{name}-title\">{}</title>\n<desc id=\"{name}-description\">{}</desc>\n{style}\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\" rx=\"12\"/>\n",
        escaped(&picture.title),
        escaped(&picture.description),
    );
    out += &format!(
        "<text class=\"heading\" x=\"30\" y=\"38\">{}</text>\n",
        shown(&picture.title, Size::Title, width - 200)
    );
    out += &format!(
        "<text class=\"small\" x=\"30\" y=\"56\">{}</text>\n",
        shown(&picture.subtitle, Size::Small, width - 60)
    );
    picture.frames.iter().for_each(|it| out += &frame(it));
    // Lines lie over frames and under cards, and what is written on them over all lines.
    picture.lines.iter().for_each(|it| out += &line(it));
    picture.lines.iter().for_each(|it| out += &label(it));
    picture.cards.iter().for_each(|it| out += &card(it));
    out + &legend(picture) + "</svg>\n"
}

fn frame(it: &Frame) -> String {
    let (x, y, width, height) = it.place;
    let (class, round) = match it.look {
        Look::Outer => ("outer", 12),
        Look::Closed => ("closed", 10),
        Look::Guest => ("guest", 10),
        Look::Area => ("area", 8),
    };
    let mut out = format!(
        "<g>\n<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"/>\n"
    );
    let room = width - 32;
    let first = if it.look == Look::Area { 22 } else { 26 };
    out += &text("title", x + 16, y + first, &it.title, Size::Title, room);
    let lines = [&it.about].into_iter().filter(|it| !it.is_empty()).chain(&it.parts);
    for (at, line) in (0..).zip(lines) {
        out += &text("small", x + 16, y + first + 18 * (at + 1), line, Size::Small, room);
    }
    out += "</g>\n";
    it.mark.iter().for_each(|mark| out += &link(mark, &it.title, &pill(mark, it.place)));
    out
}

fn card(it: &Card) -> String {
    let (x, y, width, height) = it.place;
    let tone = match it.tone {
        Tone::Entrance => "entrance",
        Tone::Runs => "runs",
        Tone::Delivers => "delivers",
        Tone::Keeps => "keeps",
        Tone::Plain => "plain",
    };
    let quiet = if it.is_quiet { " quiet" } else { "" };
    let mut out = format!("<g class=\"{tone}{quiet}\">\n");
    let all: Vec<&str> = [&it.title, &it.kind].into_iter().chain(&it.facts).map(String::as_str).collect();
    out += &format!("<title>{}</title>\n", escaped(&all.join(" · ")));
    out += &format!(
        "<rect class=\"card\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\n\
         <rect class=\"badge\" x=\"{}\" y=\"{}\" width=\"32\" height=\"32\" rx=\"8\"/>\n\
         <path class=\"glyph\" transform=\"translate({} {})\" d=\"{}\"/>\n",
        x + 12,
        y + 14,
        x + 18,
        y + 20,
        strokes(it.glyph),
    );
    out += &text("title", x + 54, y + 27, &it.title, Size::Title, width - 62);
    out += &text("small", x + 54, y + 43, &it.kind, Size::Small, width - 62);
    for (at, fact) in (0..).zip(&it.facts) {
        out += &text("small", x + 14, y + 67 + 18 * at, fact, Size::Small, width - 26);
    }
    out += "</g>\n";
    match &it.mark {
        None => out,
        Some(mark) => link(mark, &it.title, &(out + &pill(mark, it.place))),
    }
}

/// What leads to what a page says of it.
fn link(mark: &Mark, title: &str, what: &str) -> String {
    format!(
        "<a class=\"mark {}\" href=\"#{}\" aria-label=\"{}\">\n{what}</a>\n",
        mark.look.class(),
        escaped(&mark.target),
        escaped(&format!("{title}: {}", mark.word)),
    )
}

/// The sign and the word of a mark, on the upper border of what it is on.
fn pill(mark: &Mark, (x, y, width, _): Place) -> String {
    let word = fitted(&format!("{} {}", mark.look.sign(), mark.word), Size::Label, width - 30);
    let long = super::text_width(&word, Size::Label) + 22;
    let left = x + width - long - 8;
    format!(
        "<rect class=\"pill\" x=\"{left}\" y=\"{}\" width=\"{long}\" height=\"18\" rx=\"9\"/>\n\
         <text class=\"pilled\" x=\"{}\" y=\"{}\">{}</text>\n",
        y - 9,
        left + long / 2,
        y + 4,
        escaped(&word),
    )
}

fn line(it: &Line) -> String {
    let head = head(&it.points).filter(|_| it.has_head);
    let cut = if head.is_some() { HEAD - 1 } else { 0 };
    let head = head.map_or_else(String::new, |it| format!("<path class=\"head\" d=\"{it}\"/>\n"));
    format!(
        "<g class=\"{}\">\n<title>{}</title>\n<path class=\"line\" d=\"{}\"/>\n{head}</g>\n",
        class(it.stroke),
        escaped(&it.tip),
        rounded(&it.points, cut),
    )
}

fn class(stroke: Stroke) -> &'static str {
    match stroke {
        Stroke::Strong => "strong",
        Stroke::Dashed => "dashed",
    }
}

fn label(it: &Line) -> String {
    let Some(((x, y, width, height), text)) = &it.label else { return String::new() };
    format!(
        "<g class=\"{}\">\n<rect class=\"plate\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>\n\
         <text class=\"label\" x=\"{}\" y=\"{}\">{}</text>\n</g>\n",
        class(it.stroke),
        x + width / 2,
        y + height - 4,
        escaped(text),
    )
}

/// A line through some points, with round corners, and `cut` shorter than they are: it ends where the head begins.
fn rounded(points: &[(i32, i32)], cut: i32) -> String {
    let mut out = String::new();
    for (at, point) in points.iter().enumerate() {
        let before = at.checked_sub(1).map(|it| points[it]);
        match (before, points.get(at + 1)) {
            (None, _) => out += &format!("M{} {}", point.0, point.1),
            (Some(before), None) => {
                let (x, y) = towards(*point, before, cut);
                out += &format!("L{x} {y}");
            }
            (Some(before), Some(after)) => {
                let (a, b) = (towards(*point, before, ROUND), towards(*point, *after, ROUND));
                out += &format!("L{} {}Q{} {} {} {}", a.0, a.1, point.0, point.1, b.0, b.1);
            }
        }
    }
    out
}

/// The head of an arrow, as a triangle.
fn head(points: &[(i32, i32)]) -> Option<String> {
    let [.., before, end] = points else { return None };
    let (x, y) = towards(*end, *before, HEAD);
    // The direction turned by a right angle.
    let (across_x, across_y) = ((end.1 - y) / 2, (end.0 - x) / 2);
    Some(format!("M{} {}L{} {}L{} {}Z", end.0, end.1, x + across_x, y + across_y, x - across_x, y - across_y))
}

/// The point that lies `by` from one point on the way to another, but no farther than half of it.
fn towards(from: (i32, i32), to: (i32, i32), by: i32) -> (i32, i32) {
    let step = |from: i32, to: i32| (to - from).signum() * by.min(((to - from).abs() / 2).max(1));
    (from.0 + step(from.0, to.0), from.1 + step(from.1, to.1))
}

fn legend(picture: &Picture) -> String {
    let y = picture.size.1 - 26;
    let mut x = 30;
    let mut out = String::new();
    for (stroke, meaning) in &picture.legend {
        let points = [(x, y), (x + 34, y)];
        out += &format!(
            "<g class=\"{}\">\n<path class=\"line\" d=\"{}\"/>\n<path class=\"head\" d=\"{}\"/>\n</g>\n",
            class(*stroke),
            rounded(&points, HEAD - 1),
            head(&points).unwrap_or_default(),
        );
        out += &text("small", x + 44, y + 4, meaning, Size::Small, 300);
        x += 44 + super::text_width(meaning, Size::Small) + 30;
    }
    out
}

fn text(class: &str, x: i32, y: i32, text: &str, size: Size, room: i32) -> String {
    format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>\n", shown(text, size, room))
}

fn shown(text: &str, size: Size, room: i32) -> String {
    escaped(&fitted(text, size, room))
}

/// Text on one line.
fn escaped(text: &str) -> String {
    markup::escaped(&text.replace('\n', " "))
}

/// The lines of a sign, in a square of 20.
fn strokes(it: Glyph) -> &'static str {
    match it {
        Glyph::Globe => "M10 2a8 8 0 1 0 0 16a8 8 0 1 0 0-16M2 10h16M10 2c-5 5-5 11 0 16M10 2c5 5 5 11 0 16",
        Glyph::Tag => "M3 3h7l8 8-7 7-8-8zM6.5 6.5v.1",
        Glyph::Shield => "M10 2l7 2.5v5c0 4-3 7-7 8.5c-4-1.5-7-4.5-7-8.5v-5zM7 10l2.2 2.2L13 8",
        Glyph::Fork => "M2 10h5M7 10c4 0 3-6 7-6h4M7 10h11M7 10c4 0 3 6 7 6h4",
        Glyph::Boxes => "M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z",
        Glyph::Clock => "M10 2a8 8 0 1 0 0 16a8 8 0 1 0 0-16M10 5.5V10l3 2",
        Glyph::Server => "M3 3h14v6H3zM3 11h14v6H3zM6 6v.1M6 14v.1",
        Glyph::Code => "M7 5l-5 5 5 5M13 5l5 5-5 5",
        Glyph::Steps => "M2 6h4l3 4-3 4H2l3-4zM11 6h4l3 4-3 4h-4l3-4z",
        Glyph::Layers => "M10 2l8 4-8 4-8-4zM2 10l8 4 8-4M2 14l8 4 8-4",
        Glyph::Pail => "M3 5l2 12h10l2-12M3 5a7 2.5 0 0 1 14 0a7 2.5 0 0 1-14 0",
        Glyph::Drum => {
            "M3 5a7 2.5 0 0 1 14 0a7 2.5 0 0 1-14 0M3 5v10a7 2.5 0 0 0 14 0V5M3 10a7 2.5 0 0 0 14 0"
        }
        Glyph::Bell => "M4 14h12c-2-2-1-5-2-7a4 4 0 0 0-8 0c-1 2 0 5-2 7M8.5 17h3",
        Glyph::Row => "M2 6h4v8H2zM8 6h4v8H8zM14 6h4v8h-4z",
        Glyph::Lock => "M4 9h12v8H4zM6.5 9V6a3.5 3.5 0 0 1 7 0v3",
        Glyph::Badge => "M10 9a3 3 0 1 0 0-6a3 3 0 1 0 0 6M4 17c0-7 12-7 12 0z",
        Glyph::Pulse => "M2 11h4l2-6 4 10 2-4h4",
        Glyph::Dots => "M3 3h14v14H3zM7 10v.1M10 10v.1M13 10v.1",
        Glyph::Branch => {
            "M5 6v8M5 6a2 2 0 1 0 0-4a2 2 0 1 0 0 4M5 18a2 2 0 1 0 0-4a2 2 0 1 0 0 4M15 7a2 2 0 1 0 0-4a2 2 0 1 0 0 4M15 7c0 4-10 2-10 7"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place() {
        assert_eq!(escaped("<script>&\"'\u{0}\n"), "&lt;script&gt;&amp;&quot;&#39; ");
    }

    #[test]
    fn a_line_has_round_corners_and_a_head() {
        let points = [(0, 0), (50, 0), (50, 40)];
        assert_eq!(rounded(&points, 7), "M0 0L42 0Q50 0 50 8L50 33");
        assert_eq!(head(&points).as_deref(), Some("M50 40L54 32L46 32Z"));
        assert_eq!(head(&[(0, 0)]), None);
    }
}
