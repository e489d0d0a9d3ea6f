//! The time zone a schedule is meant in.

use crate::kernel::{diagnostic::nearest, prelude::*};

/// The names of the IANA's database, release 2025b, links included: <https://www.iana.org/time-zones>.
const NAMES: &str = include_str!("time_zones.txt");

/// The most characters EventBridge Scheduler takes for a time zone.
const LONGEST: usize = 50;

/// A time zone, by its name in the IANA's database.
#[derive(Clone, Debug)]
pub struct TimeZone(pub(super) String);

impl Property for TimeZone {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let name = String::read(node, reader)?;
        let names: Vec<&str> = NAMES.lines().collect();
        if names.contains(&name.as_str()) {
            return Some(Self(name));
        }
        let example = || "write its name in the IANA's database, such as `Europe/Berlin` or `UTC`".to_owned();
        if name.is_empty() || name.len() > LONGEST || name.contains(char::is_whitespace) {
            let fault = Diagnostic::error("time-zone", format!("`{name}` cannot be the name of a time zone"));
            return reader.reject(fault.at(node.span).help(example()));
        }
        // The database grows: AWS may know a name that this release of it does not.
        let advice = nearest(&name, &names).map_or_else(example, |it| format!("did you mean `{it}`?"));
        reader.report(
            Diagnostic::warning("time-zone", format!("there was no time zone `{name}` when `asi` was made"))
                .at(node.span)
                .help(advice),
        );
        Some(Self(name))
    }

    fn shape() -> Shape {
        Shape::text("the name of a time zone, such as `Europe/Berlin`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (bool, Vec<String>) {
        let mut reader = Reader::default();
        let is_read = TimeZone::read(&Node::text(text.to_owned(), Span::NOWHERE), &mut reader).is_some();
        let faults = reader.diagnostics.iter();
        let shown =
            faults.map(|it| format!("{}: {} ({})", it.code, it.message, it.help.as_deref().unwrap_or("-")));
        (is_read, shown.collect())
    }

    #[test]
    fn is_one_of_the_iana() {
        for name in ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5"] {
            assert_eq!(read(name), (true, Vec::new()), "{name}");
        }
    }

    #[test]
    fn names_are_sorted_and_fit() {
        let names: Vec<&str> = NAMES.lines().collect();
        assert!(names.is_sorted());
        assert!(names.iter().all(|it| it.len() <= LONGEST && !it.contains(char::is_whitespace)));
    }

    #[test]
    fn warns_of_one_that_is_not_known() {
        let unknown = |name: &str, advice: &str| {
            let fault = format!("time-zone: there was no time zone `{name}` when `asi` was made ({advice})");
            assert_eq!(read(name), (true, vec![fault]));
        };
        unknown("Europe/Berlim", "did you mean `Europe/Berlin`?");
        unknown(
            "Mars/Olympus_Mons",
            "write its name in the IANA's database, such as `Europe/Berlin` or `UTC`",
        );
    }

    #[test]
    fn refuses_what_cannot_be_one() {
        let none = |name: &str| {
            let fault = format!(
                "time-zone: `{name}` cannot be the name of a time zone (write its name in the IANA's database, such as `Europe/Berlin` or `UTC`)"
            );
            assert_eq!(read(name), (false, vec![fault]));
        };
        none("");
        none("Central European Time");
        none(&"Europe/".repeat(8));
    }
}
