//! The conditions of a statement.

use asi_constructs::kernel::node::Node;

use super::{
    super::super::{
        report::{Found, Report},
        value::Value,
    },
    places::Policy,
};

/// The operators, without what may stand before and after them.
const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// A condition with an operator that IAM does not have, or that is no mapping of operators: `E3510` and its like.
/// AWS Identity and Access Management User Guide, "IAM JSON policy elements: Condition operators".
pub(super) fn check<'t>(policy: &Policy<'t>, statement: Value<'t>, report: &mut Report<'t>) {
    let code = policy.kind.code();
    for condition in statement.get("Condition").iter().flat_map(Value::branches) {
        let Some(written) = condition.known() else { continue };
        if written.as_map().is_none() {
            let message =
                format!("a condition is a mapping of operators, and this is {}", written.describe());
            report.add(Found::error(code, condition, message).help("write `StringEquals: {key: value}`"));
        }
        for (operator, _, tests) in condition.entries() {
            let base =
                operator.strip_prefix("ForAnyValue:").or_else(|| operator.strip_prefix("ForAllValues:"));
            let base = base.unwrap_or(operator);
            let base = base.strip_suffix("IfExists").unwrap_or(base);
            let Some(known) = OPERATORS.iter().find(|it| it.eq_ignore_ascii_case(base)) else {
                let message = format!("there is no condition operator `{operator}`");
                let known = OPERATORS.iter().copied();
                report.add(Found::error(code, condition.key(operator), message).suggest(base, known));
                continue;
            };
            for tests in tests.branches() {
                check_tests(code, known, tests, report);
            }
        }
    }
}

/// What stands under an operator. IAM: "Conditions must be prefaced by a vendor".
fn check_tests<'t>(code: &'static str, operator: &str, tests: Value<'t>, report: &mut Report<'t>) {
    let Some(written) = tests.known() else { return };
    if written.as_map().is_none() {
        let message = format!("`{operator}` takes a mapping of keys, and this is {}", written.describe());
        report.add(
            Found::error(code, tests, message)
                .help("write `key: value` under it, such as `aws:SourceArn: …`"),
        );
    }
    for (key, _, values) in tests.entries() {
        if !key.contains(':') && !key.contains("${") {
            let message = format!("the condition key `{key}` names no service");
            report.add(
                Found::error(code, tests.key(key), message)
                    .help("write its prefix too, such as `aws:` or `s3:`"),
            );
        }
        for value in values.each() {
            if let Some(node) = value.known().filter(|_| value.text().is_none()) {
                let message = format!("`{key}` is compared with texts, and this is {}", node.describe());
                report.add(Found::error(code, value, message).help("write a text or a list of texts"));
            } else if operator == "Null" {
                check_null(code, value, report);
            } else {
                never_matches(operator, value, report);
            }
        }
    }
}

fn check_null<'t>(code: &'static str, value: Value<'t>, report: &mut Report<'t>) {
    if value.is_known() && !is_boolean(value) {
        let shown = value.known().map(Node::describe).unwrap_or_default();
        let message =
            format!("`Null` asks whether a key is absent, which is `true` or `false`, and not {shown}");
        report.add(Found::error(code, value, message).help("write `true` if it has to be absent"));
    }
}

fn is_boolean(value: Value<'_>) -> bool {
    value.text().is_some_and(|it| it.eq_ignore_ascii_case("true") || it.eq_ignore_ascii_case("false"))
}

/// `policy-never-matches`: a condition compares with what its key can never be, so that the statement is idle.
/// AWS Identity and Access Management User Guide, "IAM JSON policy elements: Condition operators": wildcards count
/// in `StringLike` and the operators of ARNs only.
fn never_matches<'t>(operator: &str, value: Value<'t>, report: &mut Report<'t>) {
    let Some(text) = value.text().filter(|it| !it.contains("${")) else { return };
    let fault = match operator {
        "StringEquals" if text.len() > 1 && text.contains('*') => Some((
            format!("`StringEquals` takes the `*` in `{text}` for a star, and matches nothing else"),
            "use `StringLike`",
        )),
        "Bool" if !is_boolean(value) => Some((
            format!("`Bool` compares with `true` or `false`, and never matches `{text}`"),
            "write `true` or `false`",
        )),
        _ if operator.starts_with("Numeric") && text.trim().parse::<f64>().is_err() => {
            Some((format!("`{operator}` compares numbers, and never matches `{text}`"), "write a number"))
        }
        "ArnEquals" | "ArnLike" if !text.starts_with("arn:") && !text.starts_with('*') => Some((
            format!("`{operator}` compares ARNs, and never matches `{text}`"),
            "write an ARN, or use `StringEquals`",
        )),
        "IpAddress" | "NotIpAddress" if !is_block(&text) => Some((
            format!("`{operator}` compares addresses, and `{text}` is none"),
            "write a block, such as `203.0.113.0/24`",
        )),
        _ => None,
    };
    if let Some((message, help)) = fault {
        report.add(Found::warning("policy-never-matches", value, message).help(help));
    }
}

/// Whether a text is an address or a block of addresses.
fn is_block(text: &str) -> bool {
    let (address, length) = text.split_once('/').map_or((text, None), |(it, length)| (it, Some(length)));
    let longest = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.is_none_or(|it| it.parse::<u8>().is_ok_and(|it| it <= longest))
}

#[cfg(test)]
mod tests {
    use super::super::super::super::testing::check;

    fn condition(text: &str) -> String {
        let statement = "{Effect: Allow, Action: '*', Resource: '*'";
        let template = format!(
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        \
             Statement: {statement},\n          Condition: {text}}}\n"
        );
        check(super::super::check, &template)
            .replace("Resources/P/Properties/PolicyDocument/Statement/Condition", "…")
    }

    #[test]
    fn operators_are_those_there_are() {
        let expected = "error E3510 …/StringEqual 7:23: there is no condition operator `StringEqual`\n  did you mean \
                        `StringEquals`?\n";
        assert_eq!(condition("{StringEqual: {'aws:a': b}}"), expected);
        assert_eq!(
            condition("{ForAnyValue:StringLikeIfExists: {'aws:a': [b, !Ref C]}, bool: {'aws:b': true}}"),
            ""
        );
        assert_eq!(condition("!If [C, {'Null': {'aws:a': 'true'}}, !Ref AWS::NoValue]"), "");
    }

    #[test]
    fn keys_have_a_service_and_values_are_texts() {
        let expected = "\
error E3510 …/StringLike/SourceArn 7:36: the condition key `SourceArn` names no service
  write its prefix too, such as `aws:` or `s3:`
error E3510 …/StringLike/aws:a/0 7:60: `aws:a` is compared with texts, and this is a mapping
  write a text or a list of texts
error E3510 …/Null/aws:a 7:88: `Null` asks whether a key is absent, which is `true` or `false`, and not `no text`
  write `true` if it has to be absent
";
        let found = condition("{StringLike: {SourceArn: b, 'aws:a': [{b: c}]}, 'Null': {'aws:a': no text}}");
        assert_eq!(found, expected);
    }

    #[test]
    fn says_what_never_matches() {
        let found = condition(
            "{StringEquals: {'a:b': 'c/*'}, Bool: {'a:b': maybe}, IpAddress: {'aws:SourceIp': [10.0.0.0/8, 10.0.0.0/33]}}",
        );
        let messages: Vec<&str> = found.lines().filter_map(|it| it.split_once(": ")).map(|it| it.1).collect();
        let expected = [
            "`StringEquals` takes the `*` in `c/*` for a star, and matches nothing else",
            "`Bool` compares with `true` or `false`, and never matches `maybe`",
            "`IpAddress` compares addresses, and `10.0.0.0/33` is none",
        ];
        assert_eq!(messages, expected);
    }
}
