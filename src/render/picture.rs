//! A picture of frames, cards and lines, each at its place; and how wide text is in it.

/// A picture, before it is decided how it is written.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// More about that.
    pub subtitle: String,
    /// The same in words, for those who do not see it.
    pub description: String,
    /// Its width and height.
    pub size: (i32, i32),
    /// What encloses other things, the outermost first.
    pub frames: Vec<Frame>,
    /// The lines.
    pub lines: Vec<Line>,
    /// The cards.
    pub cards: Vec<Card>,
    /// What each stroke means.
    pub legend: Vec<(Stroke, String)>,
}

/// A place: left, top, width, height.
pub type Place = (i32, i32, i32, i32);

/// What encloses other things.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its place.
    pub place: Place,
    /// How it is drawn.
    pub look: Look,
    /// Its name.
    pub title: String,
    /// What it is.
    pub about: String,
    /// Its parts, a line each.
    pub parts: Vec<String>,
    /// What the page in which it is shown says of it.
    pub mark: Option<Mark>,
}

/// How a [`Frame`] is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Around everything that belongs together.
    Outer,
    /// Around what is closed to the outside.
    Closed,
    /// The same, of something that belongs elsewhere.
    Guest,
    /// A part of what is closed.
    Area,
}

/// A thing with a name.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its place.
    pub place: Place,
    /// Its colour.
    pub tone: Tone,
    /// Its sign.
    pub glyph: Glyph,
    /// Its name.
    pub title: String,
    /// What it is.
    pub kind: String,
    /// What matters of it, a line each.
    pub facts: Vec<String>,
    /// Whether it is less important than others.
    pub is_quiet: bool,
    /// What the page in which it is shown says of it.
    pub mark: Option<Mark>,
}

/// What a page says of a thing in a picture: it is marked, and leads there.
#[derive(Clone, Debug)]
pub struct Mark {
    /// What it looks like.
    pub look: Marking,
    /// What it says, in a word or two.
    pub word: String,
    /// The place in the page that says more, by its id.
    pub target: String,
}

/// How a thing is marked: each has a colour and a sign of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Marking {
    /// It comes.
    Added,
    /// It becomes another.
    Changed,
    /// It makes room for another of its kind.
    Replaced,
    /// It goes.
    Removed,
    /// Nobody must overlook it.
    Danger,
}

impl Marking {
    /// Its sign, for who does not tell colours apart.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Changed => "~",
            Self::Replaced => "±",
            Self::Removed => "−",
            Self::Danger => "!",
        }
    }

    /// The name of its look.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
            Self::Danger => "danger",
        }
    }
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// On the way of requests.
    Entrance,
    /// Runs.
    Runs,
    /// Delivers.
    Delivers,
    /// Keeps.
    Keeps,
    /// Anything else.
    Plain,
}

/// The sign on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// Everybody.
    Globe,
    /// A name.
    Tag,
    /// A wall.
    Shield,
    /// One that becomes several.
    Fork,
    /// Containers.
    Boxes,
    /// A clock.
    Clock,
    /// Machines.
    Server,
    /// Code.
    Code,
    /// Steps.
    Steps,
    /// Layers.
    Layers,
    /// A pail.
    Pail,
    /// A drum.
    Drum,
    /// A bell.
    Bell,
    /// A row.
    Row,
    /// A lock.
    Lock,
    /// A badge.
    Badge,
    /// A curve.
    Pulse,
    /// A frame of dots.
    Dots,
    /// A branch.
    Branch,
}

/// A line from one thing to another.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its corners.
    pub points: Vec<(i32, i32)>,
    /// Whether it has a head; otherwise it ends on another line, as a part of that.
    pub has_head: bool,
    /// How it is drawn.
    pub stroke: Stroke,
    /// What is written on it, and where.
    pub label: Option<(Place, String)>,
    /// What it says in words.
    pub tip: String,
}

/// How a [`Line`] is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Whole, and strong.
    Strong,
    /// Dashed, and weaker.
    Dashed,
}

/// The sizes text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// The name of a card or frame.
    Title,
    /// What is below a name.
    Small,
    /// What is written on a line.
    Label,
}

impl Size {
    /// In tenths of a pixel.
    fn tenths(self) -> i32 {
        match self {
            // Bold letters are wider than their size.
            Self::Title => 148,
            Self::Small => 118,
            Self::Label => 110,
        }
    }
}

/// How wide a text is in pixels, or a little less: nobody knows the font it will be shown in.
pub fn text_width(text: &str, size: Size) -> i32 {
    let thousandths: i32 = text.chars().map(char_width).sum();
    thousandths * size.tenths() / 10_000 + 1
}

/// The width of a letter in thousandths of its size, as sans-serif fonts have it.
fn char_width(it: char) -> i32 {
    match it {
        'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | '!' => 260,
        'f' | 'r' | 't' | 'I' | ' ' | '(' | ')' | '[' | ']' | '/' | '-' | '·' | '"' => 350,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '→' | '…' => 920,
        'A'..='Z' | '&' | '_' => 700,
        _ if it.is_ascii() || it == '–' => 570,
        // Letters of other scripts may be as wide as they are high.
        _ => 1000,
    }
}

/// The text, shortened with an ellipsis where it is wider than `width`.
pub fn fitted(text: &str, size: Size, width: i32) -> String {
    // What would end the line, or cannot be shown, has no place in a line.
    let text: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    if text_width(&text, size) <= width {
        return text;
    }
    let mut kept = String::new();
    for it in text.chars() {
        kept.push(it);
        if text_width(&format!("{kept}…"), size) > width {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_ends_in_an_ellipsis() {
        assert_eq!(fitted("web", Size::Title, 100), "web");
        assert_eq!(fitted("a-very-long-name-of-a-service", Size::Title, 100), "a-very-long-…");
        assert_eq!(fitted("a\nb", Size::Small, 100), "a b");
        for width in 20..200 {
            assert!(text_width(&fitted(&"wide ".repeat(20), Size::Small, width), Size::Small) <= width);
        }
    }
}
