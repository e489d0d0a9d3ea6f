//! The text of an `Fn::Sub`, taken apart.

use std::ops::Range;

/// A part of the text of an `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text that stays as it is.
    Text(&'a str),
    /// What stands for `${!name}`: `${name}`.
    Literal(&'a str),
    /// A name in `${name}`, without blanks, and the place of the whole in the text.
    Name(&'a str, Range<usize>),
}

/// The parts of `text`, in order.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = 0;
    while let Some(start) = text[rest..].find("${").map(|it| rest + it) {
        let Some(end) = text[start..].find('}').map(|it| start + it) else { break };
        if start > rest {
            parts.push(Part::Text(&text[rest..start]));
        }
        let inside = &text[start + 2..end];
        parts.push(match inside.strip_prefix('!') {
            Some(literal) => Part::Literal(literal),
            None => Part::Name(inside.trim(), start..end + 1),
        });
        rest = end + 1;
    }
    if rest < text.len() {
        parts.push(Part::Text(&text[rest..]));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_text_apart() {
        let expected =
            vec![Part::Text("a-"), Part::Name("B.C", 2..8), Part::Literal("D"), Part::Text("${open")];
        assert_eq!(parts("a-${B.C}${!D}${open"), expected);
        assert_eq!(parts(""), vec![]);
        assert_eq!(parts("${ A }"), vec![Part::Name("A", 0..6)]);
    }
}
