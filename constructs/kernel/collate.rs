//! The order in which the CDK sorts tags and dependencies: as in a dictionary, not by bytes.
//!
//! The CDK compares with JavaScript's `localeCompare`, which is the Unicode root collation: spaces, then
//! punctuation, digits, and letters without regard to case; accents decide between equal letters, and
//! last of all a lower-case letter stands before its upper-case twin.
//! Letters beyond Latin-1 are compared by code point, after all others.

use std::cmp::Ordering;

/// Compares as the CDK does.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (primary, secondary) = (|c| weight(c).0, |c| weight(c).1);
    let upper = char::is_uppercase;
    (a.chars().map(primary).cmp(b.chars().map(primary)))
        .then_with(|| a.chars().map(secondary).cmp(b.chars().map(secondary)))
        .then_with(|| a.chars().map(upper).cmp(b.chars().map(upper)))
        .then_with(|| a.cmp(b))
}

/// The rank of a character among all, and of its accent among those of its letter.
fn weight(c: char) -> (u32, u32) {
    /// Punctuation and signs in the order of the root collation.
    const MARKS: &str = "\t\n\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    const DIGITS: u32 = 0x100;
    const LETTERS: u32 = 0x200;
    const OTHERS: u32 = 0x1000;
    // Most characters are these.
    if c.is_ascii_alphabetic() {
        return (LETTERS + u32::from(c.to_ascii_lowercase()), 0);
    }
    if let Some(rank) = MARKS.find(c) {
        return (u32::try_from(rank).expect("a short list"), 0);
    }
    if let Some(digit) = c.to_digit(10) {
        return (DIGITS + digit, 0);
    }
    let (base, accent) = unaccented(c);
    let base = base.to_ascii_lowercase();
    if base.is_ascii_alphabetic() { (LETTERS + u32::from(base), accent) } else { (OTHERS + u32::from(c), 0) }
}

/// The plain letter below a Latin-1 letter with an accent, and the accent's rank.
fn unaccented(c: char) -> (char, u32) {
    const ACCENTED: [(char, &str); 8] = [
        ('a', "áàâåäã"),
        ('c', "ç"),
        ('e', "éèêë"),
        ('i', "íìîï"),
        ('n', "ñ"),
        ('o', "óòôöõø"),
        ('u', "úùûü"),
        ('y', "ýÿ"),
    ];
    let c = c.to_lowercase().next().unwrap_or(c);
    ACCENTED
        .iter()
        .find_map(|(base, family)| family.chars().position(|it| it == c).map(|rank| (*base, rank)))
        .map_or((c, 0), |(base, rank)| (base, u32::try_from(rank + 1).expect("a short list")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sorted: &[&str]) {
        let mut actual: Vec<&str> = sorted.iter().rev().copied().collect();
        actual.sort_by(|a, b| compare(a, b));
        assert_eq!(actual, sorted);
    }

    #[test]
    fn orders_as_the_cdk_was_seen_to() {
        check(&["_x", "1", "a", "A", "a-c", "b", "B", "Zb"]);
        check(&[
            "_x",
            "1",
            "10",
            "2",
            "a",
            "A",
            "a b",
            "aws_y",
            "aws-cdk:x",
            "b",
            "B",
            "é",
            "name",
            "Name",
            "Team",
            "Z",
        ]);
    }

    #[test]
    fn an_accent_decides_only_between_equal_letters() {
        check(&["resume", "résumé", "resumes"]);
        check(&["ca", "ça", "Canada", "Çay", "dance"]);
    }
}
