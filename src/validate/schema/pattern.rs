//! Patterns of AWS's schemas, compiled when they are first needed by the first engine that takes them.

use std::{fmt, sync::OnceLock};

use regex_automata::meta;

/// Steps one match may take before it is given up; AWS's patterns are matched against short texts.
const MOST_STEPS: usize = 100_000;

/// A pattern, compiled when it is first used.
pub(super) struct Pattern {
    source: String,
    engine: OnceLock<Engine>,
    /// For texts of ASCII, which nearly all are: the same, its Unicode classes replaced by what of them is ASCII.
    ascii: OnceLock<Option<regex_lite::Regex>>,
}

enum Engine {
    /// Compiles in microseconds, in linear time matches; knows neither look-around nor Unicode classes.
    Lite(regex_lite::Regex),
    /// Knows Unicode classes.
    Full(meta::Regex),
    /// Knows look-around, by backtracking.
    Fancy(fancy_regex::Regex),
    /// No engine takes it: nothing can be said.
    None,
}

impl Pattern {
    pub(super) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), engine: OnceLock::new(), ascii: OnceLock::new() }
    }

    /// Whether a text has this form, as far as can be told. A line feed at its end is as good as none: that is
    /// how the services read what editors write.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.is_met(text) || text.strip_suffix('\n').is_some_and(|it| self.is_met(it))
    }

    fn is_met(&self, text: &str) -> bool {
        let ascii = || regex_lite::Regex::new(&in_ascii(&self.source)?).ok();
        if text.is_ascii()
            && let Some(it) = self.ascii.get_or_init(ascii)
        {
            return it.is_match(text);
        }
        self.engine.get_or_init(|| Engine::new(&self.source)).matches(text)
    }
}

/// A pattern that says the same of texts of ASCII, without Unicode classes: compiling these takes a hundred times as long
/// as the rest. Nothing, if one of them is not known here.
fn in_ascii(source: &str) -> Option<String> {
    let (mut written, mut rest, mut in_class) = (String::new(), source, false);
    while let Some(at) = rest.find(['\\', '[', ']']) {
        written.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(class) = rest.strip_prefix("\\p{") {
            let (name, after) = class.split_once('}')?;
            let members = members(name)?;
            written.push_str(&if in_class { members.to_owned() } else { format!("[{members}]") });
            rest = after;
        } else if rest.starts_with("\\p") || rest.starts_with("\\P") {
            return None;
        } else {
            in_class = !rest.starts_with(']') && (in_class || rest.starts_with('['));
            let taken =
                if rest.starts_with('\\') { rest.chars().take(2).map(char::len_utf8).sum() } else { 1 };
            written.push_str(&rest[..taken]);
            rest = &rest[taken..];
        }
    }
    written.push_str(rest);
    Some(written)
}

/// What of a general category of Unicode is ASCII, as the inside of a class.
fn members(category: &str) -> Option<&'static str> {
    Some(match category {
        "C" => r"\x00-\x1f\x7f",
        "L" => "A-Za-z",
        "M" => "",
        "N" => "0-9",
        "P" => r"!-#%-*,-/:;?@\[-\]_{}",
        "S" => r"$+<=>\^`|~",
        "Z" | "Zs" => " ",
        _ => return None,
    })
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.source)
    }
}

impl Engine {
    fn new(source: &str) -> Self {
        if let Ok(it) = regex_lite::Regex::new(source) {
            return Self::Lite(it);
        }
        // Each pattern matches a few short texts: the automata that make many fast are not worth building.
        let plain = meta::Config::new().hybrid(false).dfa(false).onepass(false);
        if let Ok(it) = meta::Regex::builder().configure(plain).build(source) {
            return Self::Full(it);
        }
        match fancy_regex::RegexBuilder::new(source).backtrack_limit(MOST_STEPS).build() {
            Ok(it) => Self::Fancy(it),
            Err(_) => Self::None,
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Lite(it) => it.is_match(text),
            Self::Full(it) => it.is_match(text),
            // What takes too long to tell is not called wrong.
            Self::Fancy(it) => it.is_match(text).unwrap_or(true),
            Self::None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_takes_what_the_one_before_does_not() {
        for (source, yes, no) in
            [("^[a-z]{2,4}$", "abc", "a"), (r"^\p{L}+$", "äb", "1"), (r"^(?!aws:).*$", "team", "aws:team")]
        {
            let pattern = Pattern::new(source);
            assert!(pattern.matches(yes), "{source} {yes}");
            assert!(pattern.matches(&format!("{yes}\n")), "{source} {yes} and a line feed");
            assert!(!pattern.matches(no), "{source} {no}");
        }
    }

    #[test]
    fn a_pattern_no_engine_takes_forbids_nothing() {
        assert!(Pattern::new("(").matches("x"));
    }

    #[test]
    fn of_ascii_the_classes_hold_the_same() {
        for category in ["C", "L", "M", "N", "P", "S", "Z", "Zs"] {
            for (before, after) in [("^", "$"), ("^[", "_]$"), ("^[^", "_]$"), (r"^\\?[]", r"\]]$")] {
                let source = format!(r"{before}\p{{{category}}}{after}");
                let Ok(full) = meta::Regex::new(&source) else { panic!("{source} is taken") };
                for it in (0..128).map(char::from) {
                    let text = it.to_string();
                    assert_eq!(
                        Pattern::new(&source).is_met(&text),
                        full.is_match(&text),
                        "{source} {text:?}"
                    );
                }
            }
        }
        assert_eq!(in_ascii(r"[\p{L}\-[]\p{N}\P{C}"), None);
        assert_eq!(
            in_ascii(r"^[\p{L}\p{Z}.]+\p{N}\[\p{L}é$").as_deref(),
            Some(r"^[A-Za-z .]+[0-9]\[[A-Za-z]é$")
        );
    }
}
