//! Lambda runtimes that are no longer kept up.

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// The day for which it is said what is over: a template does not become wrong overnight.
const DAY: &str = "2026-11-21";

/// A runtime, the days on which it was deprecated, cannot be chosen and cannot be kept any more, and its successor.
type Runtime = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// The runtimes that are deprecated, as "Lambda runtimes" in the AWS Lambda Developer Guide lists them.
const RUNTIMES: [Runtime; 30] = [
    ("dotnet6", "2024-12-20", "2027-02-01", "2027-03-03", "dotnet10"),
    ("dotnet8", "2026-11-10", "2027-02-01", "2027-03-03", "dotnet10"),
    ("dotnetcore1.0", "2019-06-27", "2019-06-30", "2019-07-30", "dotnet10"),
    ("dotnetcore2.0", "2019-05-30", "2019-04-30", "2019-05-30", "dotnet10"),
    ("dotnetcore2.1", "2022-01-05", "2022-01-05", "2022-04-13", "dotnet10"),
    ("dotnetcore3.1", "2023-04-03", "2023-04-03", "2023-05-03", "dotnet10"),
    ("go1.x", "2024-01-08", "2024-02-08", "2027-03-03", "provided.al2023"),
    ("java8", "2024-01-08", "2024-02-08", "2027-03-03", "java25"),
    ("nodejs", "2016-08-30", "2016-09-30", "2016-10-31", "nodejs24.x"),
    ("nodejs10.x", "2021-07-30", "2021-07-30", "2022-02-14", "nodejs24.x"),
    ("nodejs12.x", "2023-03-31", "2023-03-31", "2023-04-30", "nodejs24.x"),
    ("nodejs14.x", "2023-12-04", "2024-01-09", "2027-03-03", "nodejs24.x"),
    ("nodejs16.x", "2024-06-12", "2027-02-01", "2027-03-03", "nodejs24.x"),
    ("nodejs18.x", "2025-09-01", "2027-02-01", "2027-03-03", "nodejs24.x"),
    ("nodejs20.x", "2026-04-30", "2027-02-01", "2027-03-03", "nodejs24.x"),
    ("nodejs4.3", "2020-03-05", "2020-02-03", "2020-03-05", "nodejs24.x"),
    ("nodejs4.3-edge", "2020-03-05", "2019-03-31", "2019-04-30", "nodejs24.x"),
    ("nodejs6.10", "2019-08-12", "2019-07-12", "2019-08-12", "nodejs24.x"),
    ("nodejs8.10", "2020-03-06", "2020-02-04", "2020-03-06", "nodejs24.x"),
    ("provided", "2024-01-08", "2024-02-08", "2027-03-03", "provided.al2023"),
    ("provided.al2", "2026-07-31", "2027-02-01", "2027-03-03", "provided.al2023"),
    ("python2.7", "2021-07-15", "2021-07-15", "2022-05-30", "python3.14"),
    ("python3.10", "2026-10-31", "2027-02-01", "2027-03-03", "python3.14"),
    ("python3.6", "2022-07-18", "2022-07-18", "2022-08-29", "python3.14"),
    ("python3.7", "2023-12-04", "2024-01-09", "2027-03-03", "python3.14"),
    ("python3.8", "2024-10-14", "2027-02-01", "2027-03-03", "python3.14"),
    ("python3.9", "2025-12-15", "2027-02-01", "2027-03-03", "python3.14"),
    ("ruby2.5", "2021-07-30", "2021-07-30", "2022-03-31", "ruby4.0"),
    ("ruby2.7", "2023-12-07", "2024-01-09", "2027-03-03", "ruby4.0"),
    ("ruby3.2", "2026-03-31", "2027-02-01", "2027-03-03", "ruby4.0"),
];

/// `W2531`: a runtime that is deprecated. `E2531`: one that new functions cannot have. `E2533`: one that no function
/// can be updated with.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for type_name in ["AWS::Lambda::Function", "AWS::Serverless::Function"] {
        for resource in document.of_type(type_name) {
            for runtime in document.views(resource).iter().filter_map(|it| it.get("Runtime")) {
                check_runtime(runtime, report);
            }
        }
    }
}

fn check_runtime<'t>(value: Value<'t>, report: &mut Report<'t>) {
    let Some(text) = value.text() else { return };
    let Some((_, deprecated, no_create, no_update, successor)) = RUNTIMES.iter().find(|it| it.0 == text)
    else {
        return;
    };
    let found = if *no_update <= DAY {
        let message =
            format!("functions with the runtime `{text}` cannot be made or updated since {no_update}");
        Found::error("E2533", value, message)
    } else if *no_create <= DAY {
        let message = format!("no function with the runtime `{text}` can be made since {no_create}");
        Found::error("E2531", value, message)
    } else {
        let message = format!("the runtime `{text}` is deprecated since {deprecated}");
        Found::warning("W2531", value, message)
    };
    report.add(found.help(format!("use `{successor}`")));
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn runtimes_end_in_three_steps() {
        let template = "\
Resources:
  A: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs10.x}}
  B: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs14.x}}
  C: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs20.x}}
  D: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs24.x}}
  E: {Type: AWS::Lambda::Function, Properties: {Runtime: !Ref Runtime}}
";
        let expected = "\
error E2533 Resources/A/Properties/Runtime 2:58: functions with the runtime `nodejs10.x` cannot be made or updated since 2022-02-14
  use `nodejs24.x`
error E2531 Resources/B/Properties/Runtime 3:58: no function with the runtime `nodejs14.x` can be made since 2024-01-09
  use `nodejs24.x`
warning W2531 Resources/C/Properties/Runtime 4:58: the runtime `nodejs20.x` is deprecated since 2026-04-30
  use `nodejs24.x`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn the_table_is_of_its_day() {
        assert!(super::RUNTIMES.is_sorted());
        assert!(super::RUNTIMES.iter().all(|it| it.1 <= super::DAY));
    }
}
