//! What the construct makes of its properties, and what it refuses.

mod evaluator;
mod requests;

use serde_json::{Value, json};

use crate::testing::{Stack, stack};

/// A service with this firewall in front.
fn office(properties: &str) -> Stack {
    stack(&format!(
        "net: {{type: Network}}\n\
         web: {{type: FargateService, network: net, image: \"httpd:2.4\", port: 80}}\n\
         office: {{type: WafWhitelist, target: web, {properties}}}\n"
    ))
}

const ONE_PATH: &str = "paths: [/version], allow: [203.0.113.0/24]";

fn rules(properties: &str) -> Value {
    office(properties).properties("office/WebAcl")["Rules"].clone()
}

fn transformations(types: &[&str]) -> Value {
    types.iter().enumerate().map(|(at, it)| json!({ "Priority": at, "Type": it })).collect()
}

fn begins(path: &str, types: &[&str]) -> Value {
    json!({ "ByteMatchStatement": {
        "FieldToMatch": { "UriPath": {} },
        "PositionalConstraint": "STARTS_WITH",
        "SearchString": path,
        "TextTransformations": transformations(types),
    } })
}

fn visibility(metric: &str) -> Value {
    json!({ "CloudWatchMetricsEnabled": true, "MetricName": metric, "SampledRequestsEnabled": true })
}

fn reference(set: &str) -> Value {
    json!({ "IPSetReferenceStatement": { "Arn": format!("${{office/{set}.Arn}}") } })
}

#[test]
fn one_path_and_one_family_make_the_plainest_acl() {
    let stack = office(ONE_PATH);
    assert_eq!(stack.faults(), [""; 0]);
    assert_eq!(
        stack.properties("office/IpSet"),
        json!({ "Addresses": ["203.0.113.0/24"], "IPAddressVersion": "IPV4", "Scope": "REGIONAL" })
    );
    let unlisted = json!({ "NotStatement": { "Statement": reference("IpSet") } });
    assert_eq!(
        stack.properties("office/WebAcl"),
        json!({
            "DefaultAction": { "Allow": {} },
            "Rules": [
                {
                    "Action": { "Block": {} },
                    "Name": "ProtectedPaths",
                    "Priority": 0,
                    "Statement": { "AndStatement": { "Statements": [
                        unlisted,
                        begins("/version", &["URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"]),
                    ] } },
                    "VisibilityConfig": visibility("ProtectedPaths"),
                },
            ],
            "Scope": "REGIONAL",
            "VisibilityConfig": visibility("TestofficeF13868D6"),
        })
    );
    let association = stack.properties("office/Association");
    assert_eq!(
        association,
        json!({ "ResourceArn": "${web/LB/Resource}", "WebACLArn": "${office/WebAcl.Arn}" })
    );
    assert_eq!(stack.attribute("office", "arn"), "${office/WebAcl.Arn}");
    assert_eq!(stack.attribute("office", "id"), "${office/WebAcl.Id}");
    assert_eq!(stack.attribute("office", "logGroup"), Value::Null);
}

#[test]
fn a_strict_acl_blocks_disguises_by_a_rule_of_their_own() {
    let rules = rules(&format!("{ONE_PATH}, strict: true"));
    let unlisted = json!({ "NotStatement": { "Statement": reference("IpSet") } });
    assert_eq!(rules.as_array().unwrap().len(), 2);
    assert_eq!(
        rules[1],
        json!({
            "Action": { "Block": {} },
            "Name": "DisguisedPaths",
            "Priority": 1,
            "Statement": { "AndStatement": { "Statements": [
                unlisted,
                { "OrStatement": { "Statements": [
                    begins("/version", &["URL_DECODE", "LOWERCASE"]),
                    begins("/version", &["URL_DECODE", "NORMALIZE_PATH_WIN", "LOWERCASE"]),
                    begins("/version", &["URL_DECODE", "URL_DECODE_UNI", "NORMALIZE_PATH", "LOWERCASE"]),
                    begins("/../", &["URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"]),
                    { "RegexMatchStatement": {
                        "FieldToMatch": { "UriPath": {} },
                        "RegexString": "/[.]{0,2};[^/]*/",
                        "TextTransformations": transformations(&["URL_DECODE"]),
                    } },
                ] } },
            ] } },
            "VisibilityConfig": visibility("DisguisedPaths"),
        }),
    );
}

#[test]
fn each_family_has_a_set_of_its_own() {
    let stack = office("paths: [/a], allow: [203.0.113.7, '2001:db8::/32']");
    assert_eq!(
        stack.properties("office/IpSet"),
        json!({ "Addresses": ["203.0.113.7/32"], "IPAddressVersion": "IPV4", "Scope": "REGIONAL" })
    );
    assert_eq!(
        stack.properties("office/IpSetV6"),
        json!({ "Addresses": ["2001:db8::/32"], "IPAddressVersion": "IPV6", "Scope": "REGIONAL" })
    );
    let rule = &stack.properties("office/WebAcl")["Rules"][0]["Statement"]["AndStatement"]["Statements"][0];
    let either = json!({ "OrStatement": { "Statements": [reference("IpSet"), reference("IpSetV6")] } });
    assert_eq!(*rule, json!({ "NotStatement": { "Statement": either } }));

    let stack = office("paths: [/a], allow: ['2001:db8::/32']");
    let sets: Vec<(String, String)> =
        stack.resources().into_iter().filter(|(_, kind)| kind == "AWS::WAFv2::IPSet").collect();
    assert_eq!(sets, [("office/IpSetV6".to_owned(), "AWS::WAFv2::IPSet".to_owned())]);
}

#[test]
fn several_paths_are_alternatives() {
    let rule = &rules("paths: [/a, /b], allow: [203.0.113.7]")[0];
    let usual = ["URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"];
    assert_eq!(
        rule["Statement"]["AndStatement"]["Statements"][1],
        json!({ "OrStatement": { "Statements": [begins("/a", &usual), begins("/b", &usual)] } })
    );
}

#[test]
fn the_root_protects_everything_and_compares_nothing() {
    assert_eq!(
        rules("paths: [/], allow: [203.0.113.0/24]"),
        json!([{
            "Action": { "Block": {} },
            "Name": "ProtectedPaths",
            "Priority": 0,
            "Statement": { "NotStatement": { "Statement": reference("IpSet") } },
            "VisibilityConfig": visibility("ProtectedPaths"),
        }])
    );
}

#[test]
fn an_address_may_come_from_a_header() {
    let rules = rules("paths: [/admin], allow: [203.0.113.0/24], addressFrom: X-Forwarded-For");
    assert_eq!(
        rules[0]["Statement"]["AndStatement"]["Statements"][0]["NotStatement"]["Statement"],
        json!({ "IPSetReferenceStatement": {
            "Arn": "${office/IpSet.Arn}",
            "IPSetForwardedIPConfig": { "FallbackBehavior": "NO_MATCH", "HeaderName": "X-Forwarded-For", "Position": "LAST" },
        } })
    );
    assert_eq!(rules[1]["Name"], "NoAddress");
    assert_eq!(
        rules[1]["Statement"]["AndStatement"]["Statements"][0],
        json!({ "NotStatement": { "Statement": { "SizeConstraintStatement": {
            "ComparisonOperator": "GE",
            "FieldToMatch": { "SingleHeader": { "Name": "x-forwarded-for" } },
            "Size": 1,
            "TextTransformations": transformations(&["NONE"]),
        } } } })
    );
}

#[test]
fn managed_rules_and_a_limit_follow_the_paths() {
    let rules =
        rules("paths: [/], allow: [203.0.113.0/24], managedRules: [common, knownBadInputs], rateLimit: 2000");
    assert_eq!(
        rules.as_array().unwrap()[1..],
        [
            json!({
                "Action": { "Block": {} },
                "Name": "RateLimit",
                "Priority": 1,
                "Statement": { "RateBasedStatement": { "AggregateKeyType": "IP", "EvaluationWindowSec": 300, "Limit": 2000 } },
                "VisibilityConfig": visibility("RateLimit"),
            }),
            json!({
                "Name": "AWSManagedRulesCommonRuleSet",
                "OverrideAction": { "None": {} },
                "Priority": 2,
                "Statement": { "ManagedRuleGroupStatement": { "Name": "AWSManagedRulesCommonRuleSet", "VendorName": "AWS" } },
                "VisibilityConfig": visibility("AWSManagedRulesCommonRuleSet"),
            }),
            json!({
                "Name": "AWSManagedRulesKnownBadInputsRuleSet",
                "OverrideAction": { "None": {} },
                "Priority": 3,
                "Statement": { "ManagedRuleGroupStatement": { "Name": "AWSManagedRulesKnownBadInputsRuleSet", "VendorName": "AWS" } },
                "VisibilityConfig": visibility("AWSManagedRulesKnownBadInputsRuleSet"),
            }),
        ]
    );
}

#[test]
fn every_group_of_managed_rules_has_its_name_at_aws() {
    let rules = rules(
        "paths: [/], allow: [203.0.113.0/24], managedRules: [common, adminProtection, knownBadInputs, sql, linux, posix, \
         windows, php, wordPress, ipReputation, anonymousIp]",
    );
    let names: Vec<&str> =
        rules.as_array().unwrap()[1..].iter().map(|it| it["Name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "AWSManagedRulesCommonRuleSet",
            "AWSManagedRulesAdminProtectionRuleSet",
            "AWSManagedRulesKnownBadInputsRuleSet",
            "AWSManagedRulesSQLiRuleSet",
            "AWSManagedRulesLinuxRuleSet",
            "AWSManagedRulesUnixRuleSet",
            "AWSManagedRulesWindowsRuleSet",
            "AWSManagedRulesPHPRuleSet",
            "AWSManagedRulesWordPressRuleSet",
            "AWSManagedRulesAmazonIpReputationList",
            "AWSManagedRulesAnonymousIpList",
        ]
    );
}

#[test]
fn a_limit_counts_by_the_address_in_the_header() {
    let rules = rules("paths: [/], allow: [203.0.113.0/24], rateLimit: 500, addressFrom: X-Forwarded-For");
    assert_eq!(
        rules[2]["Statement"],
        json!({ "RateBasedStatement": {
            "AggregateKeyType": "FORWARDED_IP",
            "EvaluationWindowSec": 300,
            "ForwardedIPConfig": { "FallbackBehavior": "MATCH", "HeaderName": "X-Forwarded-For" },
            "Limit": 500,
        } })
    );
}

#[test]
fn more_rules_are_numbered_around_those_that_say_where_they_stand() {
    let rules = rules(
        "paths: [/admin], allow: [203.0.113.0/24], rules: [\
         {Name: Last, Action: {Count: {}}, Statement: {GeoMatchStatement: {CountryCodes: [XK]}}}, \
         {Name: probe-1, Priority: 0, Action: {Allow: {}}, Statement: {GeoMatchStatement: {CountryCodes: [AQ]}}, \
          VisibilityConfig: {MetricName: '${Param}'}}, \
         {Name: Late, Priority: 50, Action: {Block: {}}, Statement: {GeoMatchStatement: {CountryCodes: [BV]}}}]",
    );
    let rules = rules.as_array().unwrap();
    let order: Vec<(&str, u64)> =
        rules.iter().map(|it| (it["Name"].as_str().unwrap(), it["Priority"].as_u64().unwrap())).collect();
    assert_eq!(
        order,
        [("probe-1", 0), ("ProtectedPaths", 1), ("Late", 50), ("Last", 51)]
    );
    assert_eq!(
        rules[0],
        json!({
            "Action": { "Allow": {} },
            "Name": "probe-1",
            "Priority": 0,
            "Statement": { "GeoMatchStatement": { "CountryCodes": ["AQ"] } },
            "VisibilityConfig": { "MetricName": "${Param}" },
        })
    );
    assert_eq!(
        rules[3],
        json!({
            "Action": { "Count": {} },
            "Name": "Last",
            "Priority": 51,
            "Statement": { "GeoMatchStatement": { "CountryCodes": ["XK"] } },
            "VisibilityConfig": visibility("Last"),
        })
    );
}

#[test]
fn logs_blocked_requests_and_no_secrets() {
    let stack = office("paths: [/admin], allow: [203.0.113.0/24], logs: true");
    assert_eq!(
        stack.properties("office/Logs/Resource"),
        json!({ "LogGroupName": "aws-waf-logs-${AWS::StackName}-office", "RetentionInDays": 30 })
    );
    assert_eq!(
        stack.properties("office/Logging"),
        json!({
            "LogDestinationConfigs":
                ["arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${office/Logs/Resource}"],
            "LoggingFilter": {
                "DefaultBehavior": "DROP",
                "Filters": [{
                    "Behavior": "KEEP",
                    "Conditions": [{ "ActionCondition": { "Action": "BLOCK" } }, { "ActionCondition": { "Action": "COUNT" } }],
                    "Requirement": "MEETS_ANY",
                }],
            },
            "RedactedFields": [{ "SingleHeader": { "Name": "authorization" } }, { "SingleHeader": { "Name": "cookie" } }],
            "ResourceArn": "${office/WebAcl.Arn}",
        })
    );
    assert_eq!(stack.attribute("office", "logGroup"), "${office/Logs/Resource}");
}

#[test]
fn logs_everything_if_asked_to() {
    let stack = office("paths: [/admin], allow: [203.0.113.0/24], logs: {requests: all, retention: 365}");
    assert_eq!(stack.properties("office/Logging")["LoggingFilter"], Value::Null);
    assert_eq!(stack.properties("office/Logs/Resource")["RetentionInDays"], 365);
}

#[test]
fn points_at_a_rule_that_is_known_too_late() {
    refused(
        "paths: [/admin], allow: [203.0.113.7], rules: [!Ref Param]",
        &["wrong-type at `!Ref Param`: expected a rule of a web ACL, found `!Ref`"],
    );
}

#[test]
fn points_at_a_second_firewall() {
    let waf = "type: WafWhitelist, target: web, paths: [/a], allow: [203.0.113.7]";
    let text = format!(
        "net: {{type: Network}}\nweb: {{type: FargateService, network: net, image: 'a:1', port: 80}}\n\
         office: {{{waf}}}\nhome: {{{waf}}}"
    );
    assert_eq!(
        stack(&text).faults(),
        ["second-firewall at `web`: the load balancer of `web` has a firewall already"]
    );
}

#[test]
fn points_at_strictness_that_adds_nothing() {
    refused(
        "paths: [/], allow: [203.0.113.7], strict: true",
        &["no-effect at `true`: with the path `/` every request is blocked, in whatever disguise"],
    );
}

#[track_caller]
fn refused(properties: &str, faults: &[&str]) {
    assert_eq!(office(properties).faults(), faults);
}

#[test]
fn points_at_paths_that_no_request_would_match() {
    let allow = "allow: [203.0.113.7]";
    for (path, fault) in [
        ("admin", "the path `admin` does not begin with `/`"),
        ("/admin/*", "a protected path has no `*`: it is compared as it is, with how a path begins"),
        ("/%61dmin", "a protected path has no `%`: it is compared with paths that are decoded"),
        ("/admin?x=1", "a protected path has no `?`: it is compared with the path alone"),
        ("/admin;x", "a protected path has no `;`: servers do not agree what it means in a path"),
        ("/ad min", "a protected path has no ` `: servers do not agree what it means in a path"),
        ("/a//b", "the path `/a//b` is compared with paths without `//`, `.` and `..`"),
        ("/a/../b", "the path `/a/../b` is compared with paths without `//`, `.` and `..`"),
        ("/a/.", "the path `/a/.` is compared with paths without `//`, `.` and `..`"),
    ] {
        refused(&format!("paths: [{path}], {allow}"), &[&format!("waf-path at `{path}`: {fault}")]);
    }
    let long = format!("/{}", "x".repeat(200));
    refused(
        &format!("paths: [{long}], {allow}"),
        &[&format!("waf-path at `{long}`: WAF compares at most 200 bytes, and this path has 201")],
    );
}

#[test]
fn points_at_paths_that_add_nothing() {
    refused(
        "paths: [/admin/users, /Admin, /admin, /api], allow: [203.0.113.7]",
        &[
            "no-effect at `/admin/users`: `/admin/users` is already protected by `/Admin`",
            "no-effect at `/admin`: `/admin` is already protected by `/Admin`",
        ],
    );
    refused(
        "paths: [/, /admin], allow: [203.0.113.7]",
        &["no-effect at `/admin`: `/admin` is already protected by `/`"],
    );
}

#[test]
fn points_at_ranges_waf_does_not_take() {
    refused(
        "paths: [/admin], allow: [0.0.0.0/0, '::/0', 203.0.113.7, 203.0.113.7/32]",
        &[
            "waf-range at `0.0.0.0/0`: WAF takes no range as wide as `0.0.0.0/0`",
            "waf-range at `'::/0'`: WAF takes no range as wide as `::/0`",
            "no-effect at `203.0.113.7/32`: `203.0.113.7/32` is listed twice",
        ],
    );
    refused("paths: [/a]", &["missing-property at `target`: the property `allow` is missing"]);
    refused(
        "paths: [], allow: []",
        &["empty-list at `[]`: the list is empty", "empty-list at `[]`: the list is empty"],
    );
}

#[test]
fn points_at_rules_that_cannot_stand_beside_each_other() {
    refused(
        "paths: [/admin], allow: [203.0.113.7], managedRules: [common, sql, common], rules: [\
         {Name: A, Priority: 7}, {Name: A}, {Name: RateLimit, Priority: 7}, {Name: AWSManagedRulesSQLiRuleSet}]",
        &[
            "no-effect at `common`: the same rules are listed twice",
            "waf-rule-name at `A`: there is already a rule `A`",
            "waf-rule-name at `RateLimit`: there is already a rule `RateLimit`",
            "waf-priority at `7`: two rules have the priority 7",
            "waf-rule-name at `AWSManagedRulesSQLiRuleSet`: there is already a rule `AWSManagedRulesSQLiRuleSet`",
        ],
    );
}

#[test]
fn points_at_what_is_no_rule() {
    refused(
        "paths: [/admin], allow: [203.0.113.7], rules: [block, {Priority: 1}, {Name: A, Priority: first}]",
        &[
            "wrong-type at `block`: expected a rule of a web ACL, found `block`",
            "missing-property at `{Priority: 1}`: the property `Name` is missing",
            "wrong-type at `first`: expected a whole number, found `first`",
        ],
    );
}

#[test]
fn points_at_a_header_and_a_limit_waf_does_not_have() {
    refused(
        "paths: [/admin], allow: [203.0.113.7], addressFrom: X_Real_IP, rateLimit: 5",
        &[
            "waf-header at `X_Real_IP`: WAF takes no header `X_Real_IP`",
            "waf-rate-limit at `5`: WAF cannot limit to 5 requests",
        ],
    );
}

#[test]
fn points_at_a_target_without_a_load_balancer() {
    assert_eq!(
        stack("net: {type: Network}\noffice: {type: WafWhitelist, target: net, paths: [/a], allow: [203.0.113.7]}").faults(),
        ["wrong-kind at `net`: `net` is a Network; a construct with a load balancer is needed here"]
    );
}
