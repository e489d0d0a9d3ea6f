//! When something runs, in the grammar of EventBridge Scheduler: `rate(…)` or `cron(…)`.
//!
//! `at(…)`, which runs once and then never, is refused: a stack says what holds until it is changed.

use std::ops::Range;

use crate::kernel::{node::Placed, prelude::*};

const EXAMPLES: &str = "write `rate(1 hour)`, or `cron(0 3 * * ? *)` for every day at three";

/// When something runs.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The expression, as AWS takes it.
    pub(super) expression: Spanned<String>,
}

impl Schedule {
    /// Whether it says how often, and not at what time.
    pub(super) fn is_rate(&self) -> bool {
        self.expression.value.starts_with("rate(")
    }
}

impl Property for Schedule {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = String::read(node, reader)?;
        let faults = check(&text);
        if faults.is_empty() {
            return Some(Self { expression: Spanned::new(text, node.span) });
        }
        let placed = Placed::new(node.inset, node.span, &text);
        for Fault { at, message, help } in faults {
            reader.report(
                Diagnostic::error("schedule", message).at(placed.part(at.start, at.end)).help(help),
            );
        }
        None
    }

    fn shape() -> Shape {
        Shape::Text(
            "a schedule, such as `rate(1 hour)` or `cron(0 3 * * ? *)`",
            Some(r"^(rate|cron)\([^()]+\)$"),
        )
    }
}

/// What is wrong with a part of an expression.
struct Fault {
    at: Range<usize>,
    message: String,
    help: String,
}

fn fault(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault { at, message: message.into(), help: help.into() }
}

fn check(text: &str) -> Vec<Fault> {
    let call = text.strip_suffix(')').and_then(|it| it.split_once('('));
    match call {
        Some(("rate", body)) => check_rate(body, "rate(".len()).into_iter().collect(),
        Some(("cron", body)) => check_cron(body, "cron(".len()),
        Some(("at", _)) => vec![fault(
            0..text.len(),
            format!("`{text}` runs once, and is no schedule"),
            EXAMPLES,
        )],
        Some(_) | None => {
            let help = match text.split_whitespace().collect::<Vec<_>>().as_slice() {
                // Other weekdays count from 0 in Unix, and from 1 in AWS.
                [minute, hour, day, month, "*"] => {
                    format!("write `cron({minute} {hour} {day} {month} ? *)`: AWS has a field for the year")
                }
                _ => EXAMPLES.to_owned(),
            };
            vec![fault(0..text.len(), format!("`{text}` is no schedule"), help)]
        }
    }
}

/// The words of `body` with their places, which stands `before` bytes into the expression.
fn words(body: &str, before: usize) -> Vec<(&str, Range<usize>)> {
    let place = |word: &str| {
        let start = word.as_ptr() as usize - body.as_ptr() as usize + before;
        start..start + word.len()
    };
    body.split_whitespace().map(|it| (it, place(it))).collect()
}

fn check_rate(body: &str, before: usize) -> Option<Fault> {
    const UNITS: &[&str] = &["minute", "minutes", "hour", "hours", "day", "days"];
    let words = words(body, before);
    let [(number, at_number), (unit, at_unit)] = words.as_slice() else {
        let message = format!("`{body}` is no rate");
        return Some(fault(before..before + body.len(), message, "write a number and a unit, as in `rate(1 hour)`"));
    };
    let is_number = number.bytes().all(|it| it.is_ascii_digit()) && number.parse::<u32>().is_ok_and(|it| it > 0);
    if !is_number {
        let message = format!("`{number}` is no number of minutes, hours or days");
        return Some(fault(at_number.clone(), message, "use a whole number from 1"));
    }
    (!UNITS.contains(unit)).then(|| {
        fault(at_unit.clone(), format!("a rate has no unit `{unit}`"), "use `minutes`, `hours` or `days`")
    })
}

/// A field of a cron expression.
struct Field {
    what: &'static str,
    least: u32,
    most: u32,
    /// Names for the numbers, from the least on.
    names: &'static [&'static str],
    days: Days,
}

/// Which days a field may speak of, beside numbers.
#[derive(Clone, Copy, PartialEq)]
enum Days {
    None,
    OfMonth,
    OfWeek,
}

const MONTHS: &[&str] =
    &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based>
const FIELDS: [Field; 6] = [
    Field { what: "minutes", least: 0, most: 59, names: &[], days: Days::None },
    Field { what: "hours", least: 0, most: 23, names: &[], days: Days::None },
    Field { what: "the day of the month", least: 1, most: 31, names: &[], days: Days::OfMonth },
    Field { what: "the month", least: 1, most: 12, names: MONTHS, days: Days::None },
    Field { what: "the day of the week", least: 1, most: 7, names: WEEKDAYS, days: Days::OfWeek },
    Field { what: "the year", least: 1970, most: 2199, names: &[], days: Days::None },
];

fn check_cron(body: &str, before: usize) -> Vec<Fault> {
    let words = words(body, before);
    if words.len() != FIELDS.len() {
        return vec![fault(
            before..before + body.len(),
            format!("`cron` has six fields, and here are {}", words.len()),
            "write minutes, hours, day of the month, month, day of the week and year, as in `cron(0 3 * * ? *)`",
        )];
    }
    let mut faults: Vec<Fault> =
        FIELDS.iter().zip(&words).flat_map(|(field, (word, at))| field.check(word, at.start)).collect();
    let ((of_month, at_month), (of_week, at_week)) = (&words[2], &words[4]);
    match (*of_month == "?", *of_week == "?") {
        (true, true) => faults.push(fault(
            at_week.clone(),
            "neither the day of the month nor that of the week is given",
            "write `*` for one of them",
        )),
        (false, false) => {
            let at = if *of_week == "*" || *of_month != "*" { at_week } else { at_month };
            faults.push(fault(
                at.clone(),
                "both the day of the month and that of the week are given",
                "write `?` for one of them",
            ));
        }
        (true, false) | (false, true) => (),
    }
    faults
}

impl Field {
    /// Reports each item of `word` that AWS does not take; it begins at `start`.
    fn check(&self, word: &str, start: usize) -> Vec<Fault> {
        if word == "?" && self.days != Days::None {
            return Vec::new();
        }
        let mut at = start;
        let mut faults = Vec::new();
        for item in word.split(',') {
            if !self.takes(item) {
                faults.push(fault(
                    at..at + item.len(),
                    format!("`{item}` cannot stand for {}", self.what),
                    self.advice(),
                ));
            }
            at += item.len() + 1;
        }
        // Nothing can be pointed at where there is nothing.
        faults.iter_mut().filter(|it| it.at.is_empty()).for_each(|it| it.at = start..start + word.len());
        faults
    }

    fn takes(&self, item: &str) -> bool {
        let (base, step) = item.split_once('/').map_or((item, None), |(base, step)| (base, Some(step)));
        if let Some(step) = step {
            let step = number(step);
            return step.is_some_and(|it| (1..=self.most).contains(&it)) && self.takes_range(base);
        }
        self.takes_range(base)
            || match self.days {
                Days::None => false,
                Days::OfMonth => {
                    matches!(base, "L" | "LW") || base.strip_suffix('W').is_some_and(|it| self.takes_one(it))
                }
                Days::OfWeek => {
                    base == "L"
                        || base.strip_suffix('L').is_some_and(|it| self.takes_one(it))
                        || base.split_once('#').is_some_and(|(day, week)| {
                            self.takes_one(day) && number(week).is_some_and(|it| (1..=5).contains(&it))
                        })
                }
            }
    }

    fn takes_range(&self, item: &str) -> bool {
        item == "*"
            || item.split_once('-').map_or_else(
                || self.takes_one(item),
                |(first, last)| self.takes_one(first) && self.takes_one(last),
            )
    }

    fn takes_one(&self, item: &str) -> bool {
        number(item).is_some_and(|it| (self.least..=self.most).contains(&it))
            || self.names.iter().any(|it| it.eq_ignore_ascii_case(item))
    }

    fn advice(&self) -> String {
        let names = match self.names {
            [] => String::new(),
            [first, ..] => format!(" or `{first}` to `{}`", self.names[self.names.len() - 1]),
        };
        let more = match self.days {
            Days::None => "",
            Days::OfMonth => ", `L` for the last, `15W` for the weekday next to one",
            Days::OfWeek => ", `6L` for the last Friday, `6#3` for the third",
        };
        format!("use {} to {}{names}, `*`, lists, ranges, steps{more}", self.least, self.most)
    }
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|it| it.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use crate::testing::stack;

    fn faults(schedule: &str) -> Vec<String> {
        stack(&format!(
            "n: {{type: Network}}\njob:\n  type: ScheduledTask\n  network: n\n  image: 'a:1'\n  schedule: {schedule}\n"
        ))
        .faults()
    }

    #[track_caller]
    fn check(schedule: &str, pointed: &str, message: &str) {
        assert_eq!(faults(schedule), [format!("schedule at `{pointed}`: {message}")]);
    }

    #[test]
    fn is_a_rate() {
        for rate in ["rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "rate(12 hours)", "rate(1 day)", "rate(7 days)"]
        {
            assert_eq!(faults(rate), [""; 0], "{rate}");
        }
    }

    #[test]
    fn is_a_cron_expression() {
        for cron in [
            "cron(0 3 * * ? *)",
            "cron(0/15 8-17 ? * MON-FRI *)",
            "cron(*/10 0,12 L JAN,jul ? 2026-2030)",
            "cron(0 0 15W * ? *)",
            "cron(0 0 LW */2 ? *)",
            "cron(30 10 ? * 6#3 *)",
            "cron(30 10 ? * FRIL *)",
            "cron(30 10 ? * L *)",
            "cron(30  10 ? * 2-6/2 *)",
        ] {
            assert_eq!(faults(cron), [""; 0], "{cron}");
        }
    }

    #[test]
    fn points_at_what_is_no_schedule() {
        check("hourly", "hourly", "`hourly` is no schedule");
        check("every(1 hour)", "every(1 hour)", "`every(1 hour)` is no schedule");
        check("0 3 * * 1", "0 3 * * 1", "`0 3 * * 1` is no schedule");
        check(
            "at(2026-11-20T13:00:00)",
            "at(2026-11-20T13:00:00)",
            "`at(2026-11-20T13:00:00)` runs once, and is no schedule",
        );
        assert_eq!(
            faults("rate(${param.Param} hours)"),
            ["not-literal at `rate(${param.Param} hours)`: a reference cannot stand here"]
        );
    }

    #[test]
    fn knows_what_unix_writes() {
        let advice = |text: &str| super::check(text).remove(0).help;
        assert_eq!(
            advice("0 3 * * *"),
            "write `cron(0 3 * * ? *)`: AWS has a field for the year"
        );
        assert_eq!(advice("0 3 * * 1"), super::EXAMPLES);
    }

    #[test]
    fn points_into_a_rate() {
        check("rate(1)", "1", "`1` is no rate");
        check("rate(0 hours)", "0", "`0` is no number of minutes, hours or days");
        check("rate(+2 hours)", "+2", "`+2` is no number of minutes, hours or days");
        check("rate(1.5 hours)", "1.5", "`1.5` is no number of minutes, hours or days");
        check("'rate(30 seconds)'", "seconds", "a rate has no unit `seconds`");
    }

    #[test]
    fn points_into_a_cron_expression() {
        check("cron(0 3 * * ?)", "0 3 * * ?", "`cron` has six fields, and here are 5");
        check("cron(60 3 * * ? *)", "60", "`60` cannot stand for minutes");
        check("cron(0 1,24,5 * * ? *)", "24", "`24` cannot stand for hours");
        check("cron(0 1,,5 * * ? *)", "1,,5", "`` cannot stand for hours");
        check("cron(0 3 0 * ? *)", "0", "`0` cannot stand for the day of the month");
        check("cron(0 3 32W * ? *)", "32W", "`32W` cannot stand for the day of the month");
        check("cron(0 3 1-32 * ? *)", "1-32", "`1-32` cannot stand for the day of the month");
        check("cron(0 3 * JUNE ? *)", "JUNE", "`JUNE` cannot stand for the month");
        check("cron(0 3 ? * 0 *)", "0", "`0` cannot stand for the day of the week");
        check("cron(0 3 ? * MON#6 *)", "MON#6", "`MON#6` cannot stand for the day of the week");
        check("cron(0 3 * * ? 1969)", "1969", "`1969` cannot stand for the year");
        check("cron(0/0 3 * * ? *)", "0/0", "`0/0` cannot stand for minutes");
        check("cron(0 ? * * ? *)", "?", "`?` cannot stand for hours");
        check("cron(0 L * * ? *)", "L", "`L` cannot stand for hours");
    }

    #[test]
    fn points_at_days_that_are_given_twice_or_never() {
        let both = "both the day of the month and that of the week are given";
        check("cron(0 3 * * MON *)", "*", both);
        check("cron(0 3 1 * MON *)", "MON", both);
        check("cron(0 3 1 * * *)", "*", both);
        check(
            "cron(0 3 ? * ? *)",
            "?",
            "neither the day of the month nor that of the week is given",
        );
    }

    #[test]
    fn says_what_a_field_takes() {
        let advice = |text: &str| super::check(text).remove(0).help;
        assert_eq!(advice("cron(60 3 * * ? *)"), "use 0 to 59, `*`, lists, ranges, steps");
        assert_eq!(
            advice("cron(0 3 ? * 8 *)"),
            "use 1 to 7 or `SUN` to `SAT`, `*`, lists, ranges, steps, `6L` for the last Friday, `6#3` for the third"
        );
        assert_eq!(
            advice("cron(0 3 32 * ? *)"),
            "use 1 to 31, `*`, lists, ranges, steps, `L` for the last, `15W` for the weekday next to one"
        );
    }
}
