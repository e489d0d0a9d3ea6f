//! Schedules of EventBridge rules: `rate(5 minutes)`, `cron(0 12 * * ? *)`.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// `E3027`: an expression that is neither a rate nor a time. Amazon EventBridge refuses it: "Parameter
/// `ScheduleExpression` is not valid". Source: "Schedule types" in the Amazon EventBridge User Guide.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::Events::Rule") {
        for expression in document.views(resource).iter().filter_map(|it| it.get("ScheduleExpression")) {
            check_expression(expression, report);
        }
    }
}

fn check_expression<'t>(value: Value<'t>, report: &mut Report<'t>) {
    let Some(text) = value.text().filter(|it| !it.is_empty()) else { return };
    let inside = |name: &str| text.strip_prefix(name)?.strip_suffix(')');
    let fault = match (inside("rate("), inside("cron(")) {
        (Some(rate), _) => rate_fault(rate),
        (_, Some(times)) => cron_fault(times),
        (None, None) => {
            let message = format!("`{text}` is neither a rate nor a time");
            Some((message, "write `rate(5 minutes)` or `cron(0 12 * * ? *)`".to_owned()))
        }
    };
    if let Some((message, help)) = fault {
        report.add(Found::error("E3027", value, message).help(help));
    }
}

/// What is wrong with a rate, and what to do.
fn rate_fault(rate: &str) -> Option<(String, String)> {
    let example = || "write a number and a unit: `rate(5 minutes)`".to_owned();
    let [number, unit] = rate.split(' ').collect::<Vec<_>>()[..] else {
        return Some((format!("`{rate}` is not a number and a unit"), example()));
    };
    let Some(count) = number.parse::<u64>().ok().filter(|_| !number.starts_with('+')) else {
        return Some((format!("`{number}` is not a number"), example()));
    };
    if count == 0 {
        return Some(("a rate of 0 never comes".to_owned(), "use 1 or more".to_owned()));
    }
    let units = if count == 1 { ["minute", "hour", "day"] } else { ["minutes", "hours", "days"] };
    if units.contains(&unit) {
        return None;
    }
    let names = units.map(|it| format!("`{it}`")).join(", ");
    Some((format!("`{unit}` is not a unit for {count}"), format!("use one of {names}")))
}

/// A field of a time: its name, the numbers it takes, and words that stand for them.
type Field = (&'static str, u32, u32, &'static [&'static str]);

const FIELDS: [Field; 6] = [
    ("minutes", 0, 59, &[]),
    ("hours", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    ("month", 1, 12, &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]),
    ("day of the week", 1, 7, &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
    ("year", 1970, 2199, &[]),
];

/// What is wrong with a time, and what to do.
fn cron_fault(times: &str) -> Option<(String, String)> {
    let fields: Vec<&str> = times.split(' ').collect();
    if fields.len() != FIELDS.len() {
        let message = format!("`{times}` has {} fields, and a time has 6", fields.len());
        let help = "write minutes, hours, day of the month, month, day of the week, and year";
        return Some((message, help.to_owned()));
    }
    match (fields[2], fields[4]) {
        ("?", "?") => Some((format!("`{times}` says no day"), "write `*` for one of both `?`".to_owned())),
        (month, week) if month != "?" && week != "?" => {
            let message = format!("`{times}` says both a day of the month and a day of the week");
            Some((message, "write `?` for one of them".to_owned()))
        }
        _ => FIELDS.iter().zip(fields).find_map(|(field, text)| field_fault(field, text)),
    }
}

fn field_fault((name, least, most, words): &Field, text: &str) -> Option<(String, String)> {
    let number = |part: &str| {
        let word = words.iter().position(|it| it.eq_ignore_ascii_case(part));
        word.map(|it| u32::try_from(it).unwrap_or_default() + least).or_else(|| part.parse().ok())
    };
    let is_right = |part: &str| {
        // The last day, the nearest weekday, the second Monday.
        if part.contains(['L', 'W', '#', '?']) {
            return true;
        }
        let (range, step) = part.split_once('/').map_or((part, None), |(it, step)| (it, Some(step)));
        let is_value = |it: &str| number(it).is_some_and(|it| (*least..=*most).contains(&it));
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        step.is_none_or(|it| it.parse::<u32>().is_ok_and(|it| it > 0))
            && (range == "*" || is_value(from) && is_value(to))
    };
    let wrong = text.split(',').find(|it| !is_right(it))?;
    Some((format!("`{wrong}` cannot be the {name}"), format!("use {least} to {most}, or `*`")))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    fn schedule(expression: &str) -> String {
        let template = format!(
            "Resources:\n  A: {{Type: AWS::Events::Rule, Properties: {{ScheduleExpression: '{expression}'}}}}\n"
        );
        let found = check(super::check, &template);
        found.lines().map(|it| it.rsplit(": ").next().unwrap_or_default().trim().to_owned() + "\n").collect()
    }

    #[test]
    fn rates_and_times_are_right() {
        for text in [
            "rate(1 minute)",
            "rate(12 hours)",
            "cron(0 12 * * ? *)",
            "cron(0/15 8-17 ? * MON-FRI *)",
            "cron(0 18 L * ? 2026-2030)",
            "cron(0 9 ? * 2#1 *)",
            "cron(5,35 14 * jan,FEB ? *)",
        ] {
            assert_eq!(schedule(text), "", "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let faults: String = [
            "every day",
            "rate(5)",
            "rate(five minutes)",
            "rate(0 minutes)",
            "rate(1 minutes)",
            "rate(5 minute)",
            "cron(0 12 * * ?)",
            "cron(0 12 * * * *)",
            "cron(0 12 ? * ? *)",
            "cron(60 12 * * ? *)",
            "cron(0 12 * FOO ? *)",
        ]
        .iter()
        .map(|it| schedule(it))
        .collect();
        let expected = "\
`every day` is neither a rate nor a time
write `rate(5 minutes)` or `cron(0 12 * * ? *)`
`5` is not a number and a unit
`rate(5 minutes)`
`five` is not a number
`rate(5 minutes)`
a rate of 0 never comes
use 1 or more
`minutes` is not a unit for 1
use one of `minute`, `hour`, `day`
`minute` is not a unit for 5
use one of `minutes`, `hours`, `days`
`0 12 * * ?` has 5 fields, and a time has 6
write minutes, hours, day of the month, month, day of the week, and year
`0 12 * * * *` says both a day of the month and a day of the week
write `?` for one of them
`0 12 ? * ? *` says no day
write `*` for one of both `?`
`60` cannot be the minutes
use 0 to 59, or `*`
`FOO` cannot be the month
use 1 to 12, or `*`
";
        assert_eq!(faults, expected);
    }
}
