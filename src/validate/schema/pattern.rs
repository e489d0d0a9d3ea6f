//! Patterns of AWS's schemas, compiled when they are first needed by the first engine that takes them.

use std::{fmt, sync::OnceLock};

use regex_automata::meta;

/// Steps one match may take before it is given up; AWS's patterns are matched against short texts.
const MOST_STEPS: usize = 100_000;

/// A pattern, compiled when it is first used.
pub(super) struct Pattern {
    source: String,
    engine: OnceLock<Engine>,
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
        Self { source: source.to_owned(), engine: OnceLock::new() }
    }

    /// Whether a text has this form, as far as can be told. A line feed at its end is as good as none: that is
    /// how the services read what editors write.
    pub(super) fn matches(&self, text: &str) -> bool {
        let engine = self.engine.get_or_init(|| Engine::new(&self.source));
        engine.matches(text) || text.strip_suffix('\n').is_some_and(|it| engine.matches(it))
    }
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
}
