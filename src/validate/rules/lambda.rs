//! Lambda functions, and what belongs to them.

use super::super::{
    document::Document,
    report::{Found, Place, Report},
    value::Value,
};

const FUNCTION: &str = "AWS::Lambda::Function";

/// What AWS Lambda refuses, or does without effect. Source: "Lambda SnapStart", "Lambda quotas" and "Lambda runtimes"
/// in the AWS Lambda Developer Guide, and "CloudWatch Logs quotas" in the Amazon CloudWatch Logs User Guide.
///
/// - `E2530`: SnapStart with a runtime that cannot start from a snapshot.
/// - `W2530`: SnapStart without a version to start from.
/// - `W2533`: a function as an archive without a handler or a runtime.
/// - `E3697`: environment variables that are larger than 4 KB together.
/// - `E3716`: the ARN of a layer that is longer than such ARNs can be.
/// - `E2529`: more subscription filters on a log group than there can be.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type(FUNCTION) {
        for function in document.views(resource) {
            check_snapshots(&function, report);
            check_archive(&function, report);
            check_environment(&function, report);
            for layer in function.all_at("Layers/*") {
                check_layer(document, layer, report);
            }
        }
    }
    for resource in document.of_type("AWS::Serverless::Function") {
        for function in document.views(resource) {
            check_serverless_archive(document, &function, report);
        }
    }
    check_versions(document, report);
    check_filters(document, report);
}

/// The place that turns SnapStart on.
fn snapshots<'t>(function: &Value<'t>) -> Option<Value<'t>> {
    function.at(&["SnapStart", "ApplyOn"]).filter(|it| it.text().as_deref() == Some("PublishedVersions"))
}

fn check_snapshots<'t>(function: &Value<'t>, report: &mut Report<'t>) {
    /// Runtimes of a supported language that are too old.
    const TOO_OLD: [&str; 10] = [
        "dotnet5.0",
        "dotnet6",
        "dotnet7",
        "java8",
        "java8.al2",
        "python3.7",
        "python3.8",
        "python3.9",
        "python3.10",
        "python3.11",
    ];
    let (Some(place), Some(runtime)) = (snapshots(function), function.get("Runtime")) else { return };
    let Some(text) = runtime.text() else { return };
    let is_language = ["python", "java", "dotnet"].iter().any(|it| text.starts_with(it));
    if !is_language || text.starts_with("dotnetcore") || TOO_OLD.contains(&&*text) {
        let message = format!("a function with the runtime `{text}` cannot start from a snapshot");
        let found = Found::error("E2530", place, message);
        report.add(found.help("take `SnapStart` out, or use a newer runtime").and(runtime, "the runtime"));
    }
}

fn check_versions<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let mut functions = document.of_type(FUNCTION).peekable();
    if functions.peek().is_none() || document.is_open() {
        return;
    }
    for resource in functions {
        let mut versions =
            document.of_type("AWS::Lambda::Version").filter_map(|it| document.needs.get(it.id));
        if versions.any(|it| it.iter().any(|it| it.0 == resource.id)) {
            continue;
        }
        for place in document.views(resource).iter().filter_map(snapshots) {
            let message = format!("snapshots are taken of versions, and `{}` has none", resource.id);
            report.add(Found::warning("W2530", place, message).help("add an `AWS::Lambda::Version`"));
        }
    }
}

fn check_archive<'t>(function: &Value<'t>, report: &mut Report<'t>) {
    let kind = function.get("PackageType").filter(|it| it.text().as_deref() == Some("Zip"));
    let code = function.get("Code").filter(|it| it.get("ZipFile").is_some() || it.get("S3Key").is_some());
    if let Some(place) = kind.or(code) {
        check_handler(place.holder(), function, |_| false, report);
    }
}

/// As [`check_archive`], for a function that a transform makes, perhaps with values that all functions have.
fn check_serverless_archive<'t>(document: &'t Document<'t>, function: &Value<'t>, report: &mut Report<'t>) {
    let globals = document.root.get("Globals").and_then(|it| it.get("Function"));
    let is_global = |key: &str| globals.is_some_and(|it| it.get(key).is_some());
    let package = function.get("PackageType");
    let is_image = match package {
        Some(it) => it.text().as_deref() != Some("Zip"),
        None => !function.lacks("ImageUri") || is_global("PackageType") || is_global("ImageUri"),
    };
    if is_image {
        return;
    }
    let place = package.or_else(|| function.get("CodeUri")).or_else(|| function.get("InlineCode"));
    check_handler(place.map_or(function.holder(), |it| it.holder()), function, is_global, report);
}

fn check_handler<'t>(
    place: Place<'t>,
    function: &Value<'t>,
    is_global: impl Fn(&str) -> bool,
    report: &mut Report<'t>,
) {
    let is_missing = |it: &&str| function.lacks(it) && !is_global(it);
    let missing = ["Handler", "Runtime"].into_iter().filter(is_missing);
    let missing: Vec<String> = missing.map(|it| format!("`{it}`")).collect();
    if !missing.is_empty() {
        let names = missing.join(" and ");
        let found = Found::warning("W2533", place, format!("a function from an archive needs {names}"));
        report.add(found.help(format!("set {names}")));
    }
}

fn check_environment<'t>(function: &Value<'t>, report: &mut Report<'t>) {
    const MOST: usize = 4096;
    let Some(variables) = function.at(&["Environment", "Variables"]) else { return };
    let size: usize =
        variables.entries().map(|(key, _, value)| key.len() + value.text().map_or(0, |it| it.len())).sum();
    if size > MOST {
        let message = format!("the environment variables have {size} bytes together, and may have {MOST}");
        let found = Found::error("E3697", variables.holder(), message);
        report.add(found.help("keep what is large in a parameter or a file, and read it"));
    }
}

fn check_layer<'t>(document: &Document<'t>, layer: Value<'t>, report: &mut Report<'t>) {
    /// The length of an ARN without its partition and its region.
    const REST: usize = 176;
    let Some(text) = layer.text() else { return };
    let longest = match document.region {
        Some(region) => REST + partition(region).len() + region.len(),
        None => REST + "aws-us-gov".len() + "us-gov-west-1".len(),
    };
    if text.len() > longest {
        let message =
            format!("the ARN of a layer has at most {longest} characters, and this one {}", text.len());
        report.add(Found::error("E3716", layer, message).help("shorten the name of the layer"));
    }
}

fn partition(region: &str) -> &'static str {
    const PARTITIONS: [(&str, &str); 5] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
    ];
    PARTITIONS.iter().find(|(start, _)| region.starts_with(start)).map_or("aws", |(_, name)| name)
}

fn check_filters<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    const MOST: usize = 5;
    let mut groups: Vec<Vec<Value<'t>>> = Vec::new();
    let filters = document.of_type("AWS::Logs::SubscriptionFilter");
    let named = filters.filter_map(|it| document.properties(it)?.get("LogGroupName"));
    let functions = document.of_type("AWS::Serverless::Function");
    let events = functions.filter_map(|it| document.properties(it)?.get("Events"));
    let events = events.flat_map(|it| it.entries().map(|(_, _, event)| event).collect::<Vec<_>>());
    let of_events = events
        .filter(|it| it.get("Type").is_some_and(|it| it.text().as_deref() == Some("CloudWatchLogs")))
        .filter_map(|it| it.at(&["Properties", "LogGroupName"]));
    for group in named.chain(of_events) {
        match groups.iter_mut().find(|it| it[0].is_same(&group)) {
            Some(same) => same.push(group),
            None => groups.push(vec![group]),
        }
    }
    for same in groups.iter().filter(|it| it.len() > MOST) {
        let message =
            format!("a log group has at most {MOST} subscription filters, and this one {}", same.len());
        let found = Found::error("E2529", same[2], message);
        report.add(found.help("send the logs to one place, and share them from there"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_function_starts_from_a_snapshot_of_a_version() {
        let template = "\
Resources:
  A: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.11, SnapStart: {ApplyOn: PublishedVersions}}}
  B: {Type: AWS::Lambda::Function, Properties: {Runtime: java21, SnapStart: {ApplyOn: PublishedVersions}}}
  C: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs24.x, SnapStart: {ApplyOn: None}}}
  Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !GetAtt B.Arn}}
";
        let expected = "\
error E2530 Resources/A/Properties/SnapStart/ApplyOn 2:91: a function with the runtime `python3.11` cannot start from a snapshot
  take `SnapStart` out, or use a newer runtime
warning W2530 Resources/A/Properties/SnapStart/ApplyOn 2:91: snapshots are taken of versions, and `A` has none
  add an `AWS::Lambda::Version`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn an_archive_needs_a_handler_and_a_runtime() {
        let template = "\
Resources:
  A: {Type: AWS::Lambda::Function, Properties: {PackageType: Zip, Handler: a}}
  B: {Type: AWS::Lambda::Function, Properties: {Code: {ZipFile: a}}}
  C: {Type: AWS::Lambda::Function, Properties: {Code: {ImageUri: a}}}
  D: {Type: AWS::Lambda::Function, Properties: {Code: {S3Key: a}, Handler: a, Runtime: !Ref Runtime}}
";
        let expected = "\
warning W2533 Resources/A/Properties/PackageType 2:49: a function from an archive needs `Runtime`
  set `Runtime`
warning W2533 Resources/B/Properties/Code 3:49: a function from an archive needs `Handler` and `Runtime`
  set `Handler` and `Runtime`
";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn environments_and_layers_have_sizes() {
        let template = format!(
            "Resources:\n  A:\n    Type: AWS::Lambda::Function\n    Properties:\n      Environment: \
             {{Variables: {{A: {}, B: !Ref B}}}}\n      Layers: ['{}']\n",
            "x".repeat(4096),
            "y".repeat(200),
        );
        let expected = "\
error E3697 Resources/A/Properties/Environment/Variables 5:21: the environment variables have 4098 bytes together, and may have 4096
  keep what is large in a parameter or a file, and read it
error E3716 Resources/A/Properties/Layers/0 6:16: the ARN of a layer has at most 199 characters, and this one 200
  shorten the name of the layer
";
        assert_eq!(check(super::check, &template), expected);
    }

    #[test]
    fn a_log_group_has_few_filters() {
        let filter = "{Type: AWS::Logs::SubscriptionFilter, Properties: {LogGroupName: !Ref Group}}";
        let filters = (0..6).map(|it| format!("  F{it}: {filter}")).collect::<Vec<_>>().join("\n");
        let expected = "\
error E2529 Resources/F2/Properties/LogGroupName 4:72: a log group has at most 5 subscription filters, and this one 6
  send the logs to one place, and share them from there
";
        assert_eq!(check(super::check, &format!("Resources:\n{filters}\n")), expected);
    }
}
