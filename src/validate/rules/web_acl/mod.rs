//! Web ACLs and rule groups of WAF: their rules, what these may do, and what they cost.

mod association;
mod capacity;

use std::collections::BTreeMap;

use asi_constructs::kernel::diagnostic::one_of;

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

/// Statements that refer to rules which have actions of their own.
const GROUPS: &[&str] = &["ManagedRuleGroupStatement", "RuleGroupReferenceStatement"];

/// Looks at the web ACLs, the rule groups, and what they protect.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for type_name in ["AWS::WAFv2::WebACL", "AWS::WAFv2::RuleGroup"] {
        for resource in document.of_type(type_name) {
            let Some(properties) = document.properties(resource) else { continue };
            check_scope(document, properties, report);
            for list in properties.get("Rules").iter().flat_map(Value::branches) {
                let rules: Vec<Value<'t>> = list.items().collect();
                unique(&rules, "Priority", "waf-rule-priority", report);
                unique(&rules, "Name", "waf-rule-name", report);
                for rule in rules.iter().flat_map(Value::branches) {
                    check_action(rule, report);
                    check_references(document, properties, rule, report);
                }
            }
            capacity::check(type_name, properties, report);
        }
    }
    for set in document.of_type("AWS::WAFv2::IPSet") {
        if let Some(properties) = document.properties(set) {
            check_scope(document, properties, report);
            check_addresses(properties, report);
        }
    }
    for association in document.of_type("AWS::WAFv2::WebACLAssociation") {
        association::check(document, association, report);
    }
}

/// `waf-scope`: what protects CloudFront is made in `us-east-1` only. AWS WAF Developer Guide: "To work with
/// CloudFront, you must specify the Region US East (N. Virginia)".
fn check_scope<'t>(document: &'t Document<'t>, properties: Value<'t>, report: &mut Report<'t>) {
    let Some(region) = document.region.filter(|it| *it != "us-east-1") else { return };
    if let Some(scope) = properties.get("Scope").filter(|it| it.text().as_deref() == Some("CLOUDFRONT")) {
        report.add(
            Found::error("waf-scope", scope, format!("what is for CloudFront cannot be made in `{region}`"))
                .help("make it in a stack in `us-east-1`, or write `REGIONAL` for what protects a load balancer"),
        );
    }
}

/// `waf-rule-priority` and `waf-rule-name`: two rules with the same. AWS WAF API Reference, "Rule": the priorities of
/// the rules of a web ACL differ; and rules are known by their names in metrics and labels.
fn unique<'t>(rules: &[Value<'t>], key: &str, code: &'static str, report: &mut Report<'t>) {
    let mut seen: BTreeMap<String, Value<'t>> = BTreeMap::new();
    // A rule that depends on a condition may not be there when another is.
    for rule in rules {
        let Some(value) = rule.get(key) else { continue };
        let Some(text) = value.text() else { continue };
        if let Some(first) = seen.get(&*text) {
            let what = key.to_lowercase();
            report.add(
                Found::error(code, value, format!("two rules have the {what} `{text}`"))
                    .help(format!("give each rule a {what} of its own"))
                    .and(*first, "the first is here"),
            );
        } else {
            seen.insert(text.into_owned(), value);
        }
    }
}

/// `waf-rule-action`: a rule has an `Action`, or, if it refers to a group of rules with actions of their own, an
/// `OverrideAction`. WAF: "You have used none or multiple values for a field that requires exactly one value". AWS WAF
/// API Reference, "Rule".
fn check_action<'t>(rule: Value<'t>, report: &mut Report<'t>) {
    const CODE: &str = "waf-rule-action";
    let Some(statement) = rule.get("Statement").filter(Value::is_known) else { return };
    let Some((kind, _, _)) = statement.entries().next() else { return };
    let is_group = GROUPS.contains(&kind);
    let (wanted, other) = if is_group { ("OverrideAction", "Action") } else { ("Action", "OverrideAction") };
    let help = if is_group {
        "write `OverrideAction: {None: {}}`, which leaves the actions of the group as they are"
    } else {
        "write `Action: {Block: {}}`, or `Allow` or `Count`"
    };
    if rule.get(other).is_some_and(|it| it.is_known()) {
        let what = if is_group { "refers to a group of rules" } else { "does not refer to a group of rules" };
        report.add(
            Found::error(CODE, rule.key(other), format!("this rule {what}, and takes no `{other}`"))
                .help(help)
                .and(statement.key(kind), "the statement"),
        );
    } else if rule.lacks(wanted) && rule.lacks(other) {
        report.add(Found::error(CODE, rule.holder(), format!("this rule has no `{wanted}`")).help(help));
    }
    for action in [rule.get("Action"), rule.get("OverrideAction")].into_iter().flatten() {
        let names: Vec<&str> = action.entries().map(|it| it.0).collect();
        if let [_, second, ..] = names.as_slice() {
            let message =
                format!("a rule does one thing, and not {}", one_of(&names).replace(" or ", " and "));
            report.add(Found::error(CODE, action.key(second), message).help("keep one of them"));
        }
    }
}

/// `waf-reference-scope`: a set or a group of the other scope, which WAF does not find. AWS WAF API Reference,
/// "IPSetReferenceStatement": it is of the same scope as what refers to it.
fn check_references<'t>(
    document: &'t Document<'t>,
    properties: Value<'t>,
    rule: Value<'t>,
    report: &mut Report<'t>,
) {
    let Some(scope) = properties.get("Scope") else { return };
    let Some(own) = scope.text() else { return };
    for arn in arns(rule) {
        let Some(target) = arn.target() else { continue };
        let Some(referred) = document.resources.get(target.name) else { continue };
        if !["AWS::WAFv2::IPSet", "AWS::WAFv2::RegexPatternSet", "AWS::WAFv2::RuleGroup"]
            .contains(&referred.type_name)
        {
            continue;
        }
        let Some(other) = document.properties(referred).and_then(|it| it.get("Scope")) else { continue };
        if let Some(text) = other.text().filter(|it| *it != own) {
            let message = format!("`{}` is for `{text}`, and this is for `{own}`", target.name);
            report.add(
                Found::error("waf-reference-scope", arn, message)
                    .help("make another for this scope")
                    .and(other, "the scope of what is referred to")
                    .and(scope, "the scope here"),
            );
        }
    }
}

/// The values under a key `Arn` anywhere in a rule.
fn arns(value: Value<'_>) -> Vec<Value<'_>> {
    let mut found = Vec::new();
    for (key, _, below) in value.entries() {
        if key == "Arn" {
            found.extend(below.branches());
        } else {
            found.extend(below.branches().into_iter().flat_map(arns));
        }
    }
    found.extend(value.items().flat_map(|it| it.branches()).flat_map(arns));
    found
}

/// `waf-ip-set`: an address that is no block, or of the other version. AWS WAF API Reference, "IPSet": addresses are in
/// CIDR notation, of all lengths but `/0`.
fn check_addresses<'t>(properties: Value<'t>, report: &mut Report<'t>) {
    let version = properties.get("IPAddressVersion");
    for address in properties.get("Addresses").iter().flat_map(Value::each) {
        let Some(text) = address.text().filter(|it| !it.contains("${")) else { continue };
        let Some((ip, length)) = text.split_once('/') else {
            if let Ok(ip) = text.parse::<std::net::IpAddr>() {
                let length = if ip.is_ipv4() { 32 } else { 128 };
                report.add(
                    Found::error(
                        "waf-ip-set",
                        address,
                        format!("`{text}` is an address, and a set takes blocks"),
                    )
                    .help(format!("write `{text}/{length}`")),
                );
            }
            continue;
        };
        let Ok(ip) = ip.parse::<std::net::IpAddr>() else { continue };
        let own = if ip.is_ipv4() { "IPV4" } else { "IPV6" };
        if let Some(version) = version
            && version.text().is_some_and(|it| (it == "IPV4" || it == "IPV6") && it != own)
        {
            let wanted = version.text().unwrap_or_default();
            report.add(
                Found::error("waf-ip-set", address, format!("`{text}` is no block of `{wanted}`"))
                    .help("put it into a set of its own")
                    .and(version, "the version of this set"),
            );
        } else if length == "0" {
            report.add(
                Found::error(
                    "waf-ip-set",
                    address,
                    format!("`{text}` is every address, which a set does not take"),
                )
                .help("write two halves: `0.0.0.0/1` and `128.0.0.0/1`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{check, check_in};

    pub(super) fn acl(rules: &str) -> String {
        let template = format!(
            "Resources:\n  W:\n    Type: AWS::WAFv2::WebACL\n    Properties:\n      Scope: REGIONAL\n      Rules:\n{rules}  \
             S: {{Type: AWS::WAFv2::IPSet, Properties: {{Scope: CLOUDFRONT}}}}\n"
        );
        check(super::check, &template).replace("Resources/W/Properties/Rules", "…")
    }

    #[test]
    fn rules_differ_in_priority_and_name() {
        let rules = "      - {Name: a, Priority: 1, Action: {Block: {}}, Statement: {GeoMatchStatement: {}}}\n      - {Name: a, \
                     Priority: '1', Action: {Block: {}}, Statement: {GeoMatchStatement: {}}}\n      - !If [C, {Name: a, \
                     Priority: 1}, !Ref AWS::NoValue]\n";
        let expected = "error waf-rule-name …/1/Name 8:16: two rules have the name `a`\n  give each rule a name of its \
                        own\nerror waf-rule-priority …/1/Priority 8:29: two rules have the priority `1`\n  give each rule a \
                        priority of its own\n";
        assert_eq!(acl(rules), expected);
    }

    #[test]
    fn a_group_is_overridden_and_a_rule_acts() {
        let rules = "      - {Name: a, Priority: 1, Action: {Block: {}}, Statement: {ManagedRuleGroupStatement: {Name: x}}}\n      \
                     - {Name: b, Priority: 2, OverrideAction: {None: {}}, Statement: {GeoMatchStatement: {}}}\n      - {Name: c, \
                     Priority: 3, Statement: {GeoMatchStatement: {}}}\n      - {Name: d, Priority: 4, OverrideAction: {None: \
                     {}}, Statement: {ManagedRuleGroupStatement: {Name: x}}}\n      - {Name: e, Priority: 5, Action: \
                     !Ref X, Statement: !Ref Y}\n";
        let found = acl(rules);
        let messages: Vec<&str> = found.lines().filter(|it| !it.starts_with("  ")).collect();
        let expected = [
            "error waf-rule-action …/0/Action 7:32: this rule refers to a group of rules, and takes no `Action`",
            "error waf-rule-action …/1/OverrideAction 8:32: this rule does not refer to a group of rules, and takes no \
             `OverrideAction`",
            "error waf-rule-action …/2 9:9: this rule has no `Action`",
        ];
        assert_eq!(messages, expected);
    }

    #[test]
    fn what_is_for_cloudfront_is_made_in_one_region() {
        let template = "Resources:\n  S: {Type: AWS::WAFv2::IPSet, Properties: {Scope: CLOUDFRONT}}\n";
        let expected = "error waf-scope Resources/S/Properties/Scope 2:52: what is for CloudFront cannot be made in \
                        `eu-west-1`\n  make it in a stack in `us-east-1`, or write `REGIONAL` for what protects a load \
                        balancer\n";
        assert_eq!(check_in(Some("eu-west-1"), super::check, template), expected);
        assert_eq!(check_in(Some("us-east-1"), super::check, template), "");
        assert_eq!(check(super::check, template), "");
    }

    #[test]
    fn a_set_is_of_the_same_scope() {
        let rules = "      - Name: a\n        Priority: 1\n        Action: {Block: {}}\n        Statement:\n          \
                     NotStatement: {Statement: {IPSetReferenceStatement: {Arn: !GetAtt S.Arn}}}\n";
        let expected = "error waf-reference-scope …/0/Statement/NotStatement/Statement/IPSetReferenceStatement/Arn 11:69: `S` is \
                        for `CLOUDFRONT`, and this is for `REGIONAL`\n  make another for this scope\n";
        assert_eq!(acl(rules), expected);
    }

    #[test]
    fn a_set_takes_blocks_of_its_version() {
        let template = "Resources:\n  S:\n    Type: AWS::WAFv2::IPSet\n    Properties:\n      IPAddressVersion: IPV4\n      \
                        Addresses: [10.0.0.0/8, 10.0.0.1, '2001:db8::/32', 0.0.0.0/0, !Ref A]\n";
        let found = check(super::check, template);
        let helps: Vec<&str> = found.lines().filter_map(|it| it.strip_prefix("  ")).collect();
        let expected = [
            "write `10.0.0.1/32`",
            "put it into a set of its own",
            "write two halves: `0.0.0.0/1` and `128.0.0.0/1`",
        ];
        assert_eq!(helps, expected);
    }
}
