//! What the rules of a web ACL or a rule group cost.

use super::super::super::{
    report::{Found, Report},
    value::Value,
};

/// `waf-capacity`: the rules need more capacity units than there can be. AWS WAF Developer Guide, "Web ACL capacity
/// units (WCUs) in AWS WAF": a web ACL or a rule group takes 5,000; what is above 1,500 costs extra.
pub(super) fn check<'t>(type_name: &str, properties: Value<'t>, report: &mut Report<'t>) {
    const CODE: &str = "waf-capacity";
    const MOST: u64 = 5_000;
    const INCLUDED: u64 = 1_500;
    let Some(rules) = properties.get("Rules").filter(Value::is_known) else { return };
    let needed: u64 = rules.items().filter_map(|it| it.get("Statement")).map(units).sum();
    if type_name == "AWS::WAFv2::RuleGroup" {
        if let Some(capacity) = properties.get("Capacity")
            && let Some(given) = capacity.integer().and_then(|it| u64::try_from(it).ok())
            && given < needed
        {
            report.add(
                Found::error(
                    CODE,
                    capacity,
                    format!("the rules need at least {needed} units, and there are {given}"),
                )
                .help("raise it: a group cannot grow once it is made")
                .and(rules.holder(), "the rules"),
            );
        }
    } else if needed > MOST {
        report.add(
            Found::error(
                CODE,
                rules.holder(),
                format!("the rules need at least {needed} units, and a web ACL takes {MOST}"),
            )
            .help("take rules out"),
        );
    } else if needed > INCLUDED {
        report.add(
            Found::info(
                CODE,
                rules.holder(),
                format!("the rules need at least {needed} units, and those above {INCLUDED} cost extra"),
            )
            .help("take rules out if they are not needed"),
        );
    }
}

/// The groups of rules that AWS manages, and their units. AWS WAF Developer Guide, "AWS Managed Rules rule groups
/// list".
const MANAGED: &[(&str, u64)] = &[
    ("AWSManagedRulesACFPRuleSet", 50),
    ("AWSManagedRulesATPRuleSet", 50),
    ("AWSManagedRulesAdminProtectionRuleSet", 100),
    ("AWSManagedRulesAmazonIpReputationList", 25),
    ("AWSManagedRulesAnonymousIpList", 50),
    ("AWSManagedRulesAntiDDoSRuleSet", 50),
    ("AWSManagedRulesBotControlRuleSet", 50),
    ("AWSManagedRulesCommonRuleSet", 700),
    ("AWSManagedRulesKnownBadInputsRuleSet", 200),
    ("AWSManagedRulesLinuxRuleSet", 200),
    ("AWSManagedRulesPHPRuleSet", 100),
    ("AWSManagedRulesSQLiRuleSet", 200),
    ("AWSManagedRulesUnixRuleSet", 100),
    ("AWSManagedRulesWindowsRuleSet", 200),
    ("AWSManagedRulesWordPressRuleSet", 100),
];

/// The fewest units a statement needs.
fn units(statement: Value<'_>) -> u64 {
    let nested = |it: Value<'_>| {
        let below = it.get("Statements").into_iter().flat_map(|it| it.items()).chain(it.get("Statement"));
        below.map(units).sum::<u64>()
    };
    let Some((kind, _, body)) = statement.entries().next() else { return 0 };
    match kind {
        "ManagedRuleGroupStatement" => {
            let name = body.get("Name").and_then(|it| it.text());
            let is_aws = body.get("VendorName").is_some_and(|it| it.text().as_deref() == Some("AWS"));
            MANAGED.iter().find(|it| is_aws && name.as_deref() == Some(it.0)).map_or(0, |it| it.1)
        }
        "AndStatement" | "OrStatement" | "NotStatement" => nested(body),
        "RateBasedStatement" => 2 + body.get("ScopeDownStatement").map_or(0, units),
        "ByteMatchStatement"
        | "GeoMatchStatement"
        | "IPSetReferenceStatement"
        | "LabelMatchStatement"
        | "SizeConstraintStatement" => 1,
        "SqliMatchStatement" => 20,
        "XssMatchStatement" => 40,
        "RegexMatchStatement" => 3,
        "RegexPatternSetReferenceStatement" => 25,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::acl;

    #[test]
    fn capacity_is_counted() {
        let rule = |at: usize| {
            format!(
                "      - {{Name: r{at}, Priority: {at}, OverrideAction: {{None: {{}}}}, Statement: \
                 {{ManagedRuleGroupStatement: {{VendorName: AWS, Name: AWSManagedRulesCommonRuleSet}}}}}}\n"
            )
        };
        assert_eq!(acl(&(0..2).map(rule).collect::<String>()), "");
        let expected = "info waf-capacity … 6:7: the rules need at least 2100 units, and those above 1500 cost extra\n  take \
                        rules out if they are not needed\n";
        assert_eq!(acl(&(0..3).map(rule).collect::<String>()), expected);
    }
}
