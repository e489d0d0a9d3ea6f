//! The smallest values that differ, on a line.

use crate::{
    diff::{Change, Leaf, text},
    render::{Meaning, Text},
};

/// The longest value that is shown whole.
const LONGEST: usize = 64;
/// How much of a longer one is shown before what differs in it.
const AROUND: usize = 16;

/// One of the smallest values that differ; `whole` stands for the way to it where there is none.
pub(in crate::present) fn of_leaf(leaf: &Leaf<'_>, whole: &str) -> Text {
    let name = leaf.name();
    let mut line = vec![
        (Meaning::Value, if name.is_empty() { whole.to_owned() } else { name }),
        (Meaning::Plain, ": ".to_owned()),
    ];
    match leaf.change {
        Change::Added(new) => line.push((Meaning::Added, format!("+ {}", shortened(&text(new), 0)))),
        Change::Removed(old) => line.push((Meaning::Removed, format!("- {}", shortened(&text(old), 0)))),
        Change::Replaced(old, new) => {
            let (old, new) = (text(old), text(new));
            // Of long texts that begin alike, what differs is shown.
            let alike = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
            line.push((Meaning::Removed, shortened(&old, alike)));
            line.push((Meaning::Plain, " → ".to_owned()));
            line.push((Meaning::Added, shortened(&new, alike)));
        }
        Change::Reordered(..) => line.push((Meaning::Changed, "in another order".to_owned())),
        Change::Within(_) => (),
    }
    line
}

/// What a difference does.
pub(super) fn which(does: &str) -> Text {
    vec![(Meaning::Plain, ", which ".to_owned()), (Meaning::Warning, does.to_owned())]
}

/// A text on one line, of which only what is near `at` is shown if it is long.
pub(in crate::present) fn shortened(text: &str, at: usize) -> String {
    part(text, at, LONGEST)
}

/// A text on one line, of which only so many characters near `at` are shown.
pub(in crate::present) fn part(text: &str, at: usize, longest: usize) -> String {
    let plain: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let length = plain.chars().count();
    if length == 0 {
        return "''".to_owned();
    }
    if length <= longest {
        return plain;
    }
    let start = at.saturating_sub(AROUND).min(length - longest);
    let part: String = plain.chars().skip(start).take(longest).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if start + longest < length { "…" } else { "" };
    format!("{before}{part}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_text_what_differs_is_shown() {
        let text = format!("{}x{}", "a".repeat(100), "b".repeat(100));
        assert_eq!(shortened(&text, 100), format!("…{}x{}…", "a".repeat(16), "b".repeat(47)));
        assert_eq!(shortened(&text, 0), format!("{}…", "a".repeat(64)));
        assert_eq!(shortened("a\nb", 0), "a b");
        assert_eq!(shortened("", 0), "''");
    }
}
