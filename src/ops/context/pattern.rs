//! Patterns that keys fit: `*` stands for any text, `?` for any character.

/// Whether `text` fits the whole of `pattern`.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut of) = (0, 0);
    // The last star, and how much of the text it stands for: one character more, each time what follows does not fit.
    let mut star: Option<(usize, usize)> = None;
    while of < text.len() {
        match (pattern.get(at), star) {
            (Some('*'), _) => {
                star = Some((at, of));
                at += 1;
            }
            (Some(it), _) if *it == '?' || *it == text[of] => {
                at += 1;
                of += 1;
            }
            (_, Some((last, taken))) => {
                star = Some((last, taken + 1));
                (at, of) = (last + 1, taken + 1);
            }
            (_, None) => return false,
        }
    }
    pattern[at..].iter().all(|it| *it == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("ssm:*/b", "ssm:a=/x/b", true),
            ("?b*", "abc", true),
            ("?b*", "bc", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("*a*b*", "xxaxxbxx", true),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        assert!(!fits(&"*a".repeat(500), &"a".repeat(400)));
    }
}
