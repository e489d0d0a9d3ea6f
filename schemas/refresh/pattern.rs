//! Patterns of the schemas, written for Java, as Rust's engines take them.
//!
//! What AWS accepts must still match; a pattern which cannot be said exactly is made to accept more, or left
//! out, never to accept less.

use std::str::Chars;

/// Upper bounds from here on may be too much for an engine, whose automaton grows with them.
const LARGE: u32 = 100;

/// What became of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was fit as it stood.
    Same,
    /// It says the same in other words.
    Rewritten(String),
    /// It has lost the bounds of its long repetitions.
    Loosened(String),
    /// No engine takes it in any wording we know.
    Dropped,
}

/// Finds the wording which Rust's engines take.
pub(crate) fn normalise(pattern: &str) -> Outcome {
    let exact = translate(pattern, Bounds::Kept);
    if compiles(&exact) {
        return if exact == pattern { Outcome::Same } else { Outcome::Rewritten(exact) };
    }
    let loose = translate(pattern, Bounds::Loosened);
    if compiles(&loose) { Outcome::Loosened(loose) } else { Outcome::Dropped }
}

/// The superset engine: it hands to `regex` whatever `regex` can do.
fn compiles(pattern: &str) -> bool {
    fancy_regex::Regex::new(pattern).is_ok()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bounds {
    Kept,
    Loosened,
}

fn translate(pattern: &str, bounds: Bounds) -> String {
    Translator { rest: pattern.chars(), out: String::new(), looks_around: Vec::new(), bounds }.pattern()
}

struct Translator<'p> {
    rest: Chars<'p>,
    out: String,
    /// For each open group whether it is a look-around.
    looks_around: Vec<bool>,
    bounds: Bounds,
}

/// What one escape or character stands for.
enum Atom {
    Char(char),
    /// A set that means ASCII only, as in Java; engines disagree about its short name.
    Ascii {
        members: &'static str,
        negated: bool,
    },
    /// A class which is written the same inside and outside of a set.
    Class(String),
    /// Half a surrogate pair: it stands for all characters that need one.
    Surrogate,
    /// A place rather than a character: it has no business in a set.
    Place(&'static str),
    /// The text of an earlier group.
    Backreference(char),
}

impl Translator<'_> {
    fn pattern(mut self) -> String {
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => {
                    let atom = self.escape();
                    self.push_outside(&atom);
                }
                '[' => {
                    let set = self.set();
                    self.out.push_str(&set);
                }
                '(' => {
                    let after = self.rest.as_str();
                    let looks_around = ["?=", "?!", "?<=", "?<!"].iter().any(|it| after.starts_with(it));
                    self.looks_around.push(looks_around);
                    self.out.push('(');
                }
                ')' => {
                    self.out.push(')');
                    // Looking around twice at the same place sees the same, and no engine of ours repeats it.
                    if self.looks_around.pop() == Some(true) {
                        self.eat("+");
                    }
                }
                '{' => self.brace(),
                '}' | ']' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                _ => self.out.push(c),
            }
        }
        self.out
    }

    /// What follows a `{`: a repetition, or else the brace was meant literally.
    fn brace(&mut self) {
        let Some((least, most, after)) = repetition(self.rest.as_str()) else {
            return self.out.push_str(r"\{");
        };
        self.rest = after.chars();
        let large = most.unwrap_or(least) >= LARGE || least >= LARGE;
        let text = match most {
            _ if large && self.bounds == Bounds::Loosened => {
                format!("{{{},}}", if least >= LARGE { 1 } else { least })
            }
            Some(most) if most == least => format!("{{{least}}}"),
            Some(most) => format!("{{{least},{most}}}"),
            None => format!("{{{least},}}"),
        };
        self.out.push_str(&text);
    }

    /// What follows a `[`, up to and with its `]`.
    fn set(&mut self) -> String {
        let mut out = String::from("[");
        if self.eat("^") {
            out.push('^');
        }
        if self.eat("]") {
            out.push_str(r"\]");
        }
        loop {
            if self.eat("]") {
                out.push(']');
                return out;
            }
            if self.eat("&&[") {
                out.push_str("&&");
                out.push_str(&self.set());
                continue;
            }
            let Some(first) = self.member() else { return out };
            let is_range = matches!(first, Atom::Char(_) | Atom::Surrogate)
                && self.rest.as_str().starts_with('-')
                && !self.rest.as_str().starts_with("-]");
            if !is_range {
                push_member(&mut out, &first);
                continue;
            }
            self.eat("-");
            let Some(last) = self.member() else { return out };
            match (&first, &last) {
                (Atom::Char(_), Atom::Char(_)) => {
                    push_member(&mut out, &first);
                    out.push('-');
                }
                (Atom::Surrogate, _) | (_, Atom::Surrogate) => push_member(&mut out, &first),
                _ => {
                    push_member(&mut out, &first);
                    out.push_str(r"\-");
                }
            }
            push_member(&mut out, &last);
        }
    }

    fn member(&mut self) -> Option<Atom> {
        match self.rest.next()? {
            '\\' => Some(self.escape()),
            '[' => Some(self.posix_class().unwrap_or(Atom::Char('['))),
            c => Some(Atom::Char(c)),
        }
    }

    /// What follows a `[` inside a set if it is `[:alpha:]` or another of its kind.
    fn posix_class(&mut self) -> Option<Atom> {
        let (name, after) = self.rest.as_str().strip_prefix(':')?.split_once(":]")?;
        name.chars().all(|c| c.is_ascii_lowercase() || c == '^').then_some(())?;
        self.rest = after.chars();
        Some(Atom::Class(format!("[:{name}:]")))
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Atom {
        let Some(c) = self.rest.next() else { return Atom::Char('\\') };
        let negated = c.is_ascii_uppercase();
        match c {
            'w' | 'W' => Atom::Ascii { members: "A-Za-z0-9_", negated },
            'd' | 'D' => Atom::Ascii { members: "0-9", negated },
            's' | 'S' => Atom::Ascii { members: r"\t\n\x0B\x0C\r ", negated },
            'p' | 'P' => self.property(negated),
            'u' => self.code_unit(),
            'x' => self.hexadecimal(2).and_then(char::from_u32).map_or(Atom::Char('x'), Atom::Char),
            't' => Atom::Char('\t'),
            'n' => Atom::Char('\n'),
            'r' => Atom::Char('\r'),
            'f' => Atom::Char('\x0C'),
            'v' => Atom::Char('\x0B'),
            'A' => Atom::Place(r"\A"),
            'b' => Atom::Place(r"\b"),
            'B' => Atom::Place(r"\B"),
            'z' | 'Z' => Atom::Place("$"),
            '1'..='9' => Atom::Backreference(c),
            c => Atom::Char(c),
        }
    }

    /// What follows `\p`: a Unicode property, or one of Java's names for a POSIX class.
    fn property(&mut self, negated: bool) -> Atom {
        let name = match self.rest.as_str().strip_prefix('{').and_then(|it| it.split_once('}')) {
            Some((name, after)) => {
                self.rest = after.chars();
                name.to_owned()
            }
            None => self.rest.next().map(String::from).unwrap_or_default(),
        };
        let not = if negated { "^" } else { "" };
        match name.as_str() {
            "Lower" | "Upper" | "ASCII" | "Alpha" | "Digit" | "Alnum" | "Punct" | "Graph" | "Print"
            | "Blank" | "Cntrl" | "XDigit" | "Space" => {
                Atom::Class(format!("[:{not}{}:]", name.to_ascii_lowercase()))
            }
            _ => Atom::Class(format!(r"\{}{{{name}}}", if negated { 'P' } else { 'p' })),
        }
    }

    /// What follows `\u`: a UTF-16 code unit, the first half of a pair taking the second with it.
    fn code_unit(&mut self) -> Atom {
        let Some(unit) = self.hexadecimal(4) else { return Atom::Char('u') };
        if let Some(c) = char::from_u32(unit) {
            return Atom::Char(c);
        }
        let here = self.rest.clone();
        if (0xD800..0xDC00).contains(&unit)
            && self.eat(r"\u")
            && let Some(second @ 0xDC00..0xE000) = self.hexadecimal(4)
            && let Some(c) = char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (second - 0xDC00))
        {
            return Atom::Char(c);
        }
        self.rest = here;
        Atom::Surrogate
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u32> {
        let (number, after) = self.rest.as_str().split_at_checked(digits)?;
        let number = u32::from_str_radix(number, 16).ok()?;
        self.rest = after.chars();
        Some(number)
    }

    fn eat(&mut self, text: &str) -> bool {
        let after = self.rest.as_str().strip_prefix(text);
        if let Some(after) = after {
            self.rest = after.chars();
        }
        after.is_some()
    }

    fn push_outside(&mut self, atom: &Atom) {
        match atom {
            Atom::Char(c) if r"\.+*?()|[]{}^$".contains(*c) => self.out.extend(['\\', *c]),
            Atom::Char(c) => push_char(&mut self.out, *c),
            Atom::Ascii { members, negated } => {
                self.out.push_str(&format!("[{}{members}]", if *negated { "^" } else { "" }));
            }
            Atom::Class(class) if class.starts_with('[') => self.out.push_str(&format!("[{class}]")),
            Atom::Class(class) => self.out.push_str(class),
            Atom::Surrogate => self.out.push_str(r"[\x{10000}-\x{10FFFF}]"),
            Atom::Place(place) => self.out.push_str(place),
            Atom::Backreference(group) => self.out.extend(['\\', *group]),
        }
    }
}

fn push_member(out: &mut String, atom: &Atom) {
    match atom {
        Atom::Char(c) if r"\[]^-&~".contains(*c) => out.extend(['\\', *c]),
        Atom::Char(c) => push_char(out, *c),
        Atom::Ascii { members, negated: false } => out.push_str(members),
        Atom::Ascii { members, negated: true } => out.push_str(&format!("[^{members}]")),
        Atom::Class(class) => out.push_str(class),
        Atom::Surrogate => out.push_str(r"\x{10000}-\x{10FFFF}"),
        // In a set `\b` is a backspace, and the others are letters.
        Atom::Place(r"\b") => out.push_str(r"\x08"),
        Atom::Place(place) => out.push_str(place.trim_start_matches('\\')),
        Atom::Backreference(digit) => out.push(*digit),
    }
}

/// Writes what cannot be seen by its number.
fn push_char(out: &mut String, c: char) {
    match c {
        '\t' => out.push_str(r"\t"),
        '\n' => out.push_str(r"\n"),
        '\r' => out.push_str(r"\r"),
        ' '..='~' => out.push(c),
        c => out.push_str(&format!(r"\x{{{:X}}}", u32::from(c))),
    }
}

/// Reads `2}`, `2,}` or `2,4}`: the least, the most if there is one, and the text behind.
fn repetition(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (bounds, after) = text.split_once('}')?;
    match bounds.split_once(',') {
        None => bounds.parse().ok().map(|it| (it, Some(it), after)),
        Some((least, "")) => Some((least.parse().ok()?, None, after)),
        Some((least, most)) => Some((least.parse().ok()?, Some(most.parse().ok()?), after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(pattern: &str, expected: &str) {
        assert_eq!(normalise(pattern), Outcome::Rewritten(expected.to_owned()));
    }

    #[test]
    fn leaves_what_is_fit_alone() {
        for pattern in ["^[a-zA-Z0-9]+$", r"^arn:aws:s3:::.{3,63}$", r"^(?!aws:)a\.b|[a-z0-9\-]*$", r"\p{L}+"]
        {
            assert_eq!(normalise(pattern), Outcome::Same, "{pattern}");
        }
    }

    #[test]
    fn short_names_of_sets_mean_ascii() {
        becomes(r"^\d{12}$", "^[0-9]{12}$");
        becomes(r"[\w.]+\S", r"[A-Za-z0-9_.]+[^\t\n\x0B\x0C\r ]");
        becomes(r"[^\D]", "[^[^0-9]]");
    }

    #[test]
    fn a_dash_beside_a_set_is_a_dash() {
        becomes(r"[\w-.~]+", r"[A-Za-z0-9_\-.\~]+");
        becomes(r"[a-\w]", r"[a\-A-Za-z0-9_]");
        becomes(r"[\p{Z}-_]", r"[\p{Z}\-_]");
    }

    #[test]
    fn brackets_and_braces_without_partners_are_characters() {
        becomes("[@[\\]+]", r"[@\[\]+]");
        becomes("a{x}]", r"a\{x\}\]");
    }

    #[test]
    fn needless_escapes_go() {
        becomes(r"\/\_\<a\>", "/_<a>");
    }

    #[test]
    fn names_of_java_become_posix() {
        becomes(r"^[\p{Print}&&[^|:/]]+\p{Graph}$", "^[[:print:]&&[^|:/]]+[[:graph:]]$");
    }

    #[test]
    fn surrogates_become_the_characters_they_pair_up_to() {
        becomes(r"[\u0020-\uD7FF\uD800\uDC00-\uDBFF\uDFFF]", r"[ -\x{D7FF}\x{10000}-\x{10FFFF}]");
        becomes(r"[\uD83C-\uDBFFx]", r"[\x{10000}-\x{10FFFF}\x{10000}-\x{10FFFF}x]");
    }

    #[test]
    fn looks_around_once() {
        becomes(r"^(?!\.)+a$", r"^(?!\.)a$");
    }

    #[test]
    fn the_end_is_the_end() {
        becomes(r"a\Z", "a$");
    }

    #[test]
    fn what_is_too_long_to_count_is_not_counted() {
        assert_eq!(normalise("^.{1,65535}$"), Outcome::Loosened("^.{1,}$".to_owned()));
    }

    #[test]
    fn drops_what_no_engine_takes() {
        assert_eq!(normalise("(a"), Outcome::Dropped);
    }
}
