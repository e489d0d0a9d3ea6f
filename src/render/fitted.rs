//! Markdown that has to fit into so many bytes: what matters most stays, whole parts go, and what went is counted.

use super::{Block, Doc, Text, markdown::block};

/// A section of a document that has to fit.
#[derive(Clone, Debug)]
pub struct Section {
    /// What always stands at its beginning.
    pub head: Vec<Block>,
    /// Its parts, what matters most first: each stands whole, or not at all.
    pub parts: Vec<Block>,
    /// The most bytes its parts take before those of others had their turn.
    pub share: usize,
    /// Says that so many parts have no room.
    pub rest: fn(usize) -> Block,
    /// The title under which it opens when it is asked for; it stands open without one.
    pub fold: Option<Text>,
}

impl Section {
    /// A section that is never cut.
    pub fn whole(head: Vec<Block>) -> Self {
        Self { head, parts: Vec::new(), share: 0, rest: |_| Block::Hidden(String::new()), fold: None }
    }
}

/// How much of a section has room: its head as it stands, and how long each part is, and the word about what is left out.
struct Room {
    head: String,
    parts: Vec<usize>,
    rest: usize,
    shown: Vec<bool>,
}

impl Room {
    fn of(section: &Section) -> Self {
        let head = match &section.fold {
            None => section.head.iter().map(|it| block(it) + "\n").collect(),
            Some(title) => {
                // The title and what ends it, without what is in it.
                let whole = block(&Block::Details(title.clone(), Doc(section.head.clone())));
                whole.strip_suffix("</details>\n").unwrap_or(&whole).to_owned()
            }
        };
        let parts: Vec<usize> = section.parts.iter().map(|it| block(it).len() + 1).collect();
        let rest = block(&(section.rest)(parts.len().max(1))).len() + 1;
        let shown = vec![false; parts.len()];
        Self { head, parts, rest, shown }
    }

    /// What it takes at least: its head, and a word about what has no room.
    fn least(&self) -> usize {
        let rest = if self.parts.is_empty() { 0 } else { self.rest };
        self.head.len() + rest + "</details>\n\n".len()
    }

    /// Shows further parts that take no more than `room` together, and says how much they took. One that is too long hides
    /// no other.
    fn show(&mut self, room: usize) -> usize {
        let mut taken = 0;
        for (length, shown) in self.parts.iter().zip(&mut self.shown) {
            if !*shown && taken + length <= room {
                taken += length;
                *shown = true;
            }
        }
        taken
    }
}

/// Sections as Markdown of at most `limit` bytes, what is always there aside: each gets its share in order, then what is
/// left goes to the first that needs it.
pub fn fitted(sections: &[Section], limit: usize) -> String {
    let mut rooms: Vec<Room> = sections.iter().map(Room::of).collect();
    let mut left = limit.saturating_sub(rooms.iter().map(Room::least).sum());
    for share in [true, false] {
        for (room, section) in rooms.iter_mut().zip(sections) {
            left -= room.show(if share { left.min(section.share) } else { left });
        }
    }
    let mut out = String::new();
    for (room, section) in rooms.iter().zip(sections) {
        out.push_str(&room.head);
        let shown = section.parts.iter().zip(&room.shown).filter(|(_, shown)| **shown).map(|(it, _)| it);
        for it in merged(shown) {
            out.push_str(&block(&it));
            out.push('\n');
        }
        let hidden = room.shown.iter().filter(|it| !**it).count();
        if hidden > 0 {
            out.push_str(&block(&(section.rest)(hidden)));
            out.push('\n');
        }
        if section.fold.is_some() {
            out.push_str("</details>\n\n");
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Parts as few blocks: items that follow each other are one list, and code is one piece of code. That is never longer.
fn merged<'b>(parts: impl Iterator<Item = &'b Block>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for part in parts {
        match (blocks.last_mut(), part) {
            (Some(Block::Items(items)), Block::Items(more)) => items.extend(more.iter().cloned()),
            (Some(Block::Code(language, text)), Block::Code(other, more)) if language == other => {
                text.push('\n');
                text.push_str(more);
            }
            _ => blocks.push(part.clone()),
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Item, Meaning};

    fn text(it: &str) -> Text {
        vec![(Meaning::Plain, it.to_owned())]
    }

    fn rest(count: usize) -> Block {
        Block::Paragraph(text(&format!("and {count} more")))
    }

    fn section(title: &str, parts: &[&str], share: usize, is_folded: bool) -> Section {
        let item = |it: &&str| Block::Items(vec![Item { cells: vec![text(it)], lines: Vec::new() }]);
        Section {
            head: if is_folded { Vec::new() } else { vec![Block::Heading(text(title))] },
            parts: parts.iter().map(item).collect(),
            share,
            rest,
            fold: is_folded.then(|| text(title)),
        }
    }

    #[test]
    fn all_of_it_stands_where_there_is_room() {
        let sections = [section("a", &["1", "2"], 0, false), section("b", &["3"], 0, true)];
        let expected = "### a\n\n- 1\n- 2\n\n<details>\n<summary>b</summary>\n\n\n- 3\n\n</details>\n";
        assert_eq!(fitted(&sections, 1000), expected);
    }

    #[test]
    fn what_matters_most_has_its_share_first_and_the_rest_is_counted() {
        let long = "x".repeat(30);
        let many: Vec<&str> = (0..9).map(|_| long.as_str()).collect();
        let sections = [section("a", &many, 70, false), section("b", &many, 40, true)];
        let out = fitted(&sections, 250);
        assert!(out.len() <= 250, "{}", out.len());
        assert!(out.contains("and 6 more") && out.contains("and 8 more"), "{out}");
        // What the others leave goes to the first.
        let out = fitted(&sections, 320);
        assert!(out.contains("and 4 more") && out.contains("and 8 more"), "{out}");
    }

    #[test]
    fn what_is_always_there_is_there_whatever_the_room() {
        let out = fitted(&[Section::whole(vec![Block::Title(text("t"))]), section("a", &["1"], 9, true)], 0);
        assert_eq!(out, "## t\n\n<details>\n<summary>a</summary>\n\n\nand 1 more\n\n</details>\n");
    }
}
