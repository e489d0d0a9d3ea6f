//! What a firewall for requests (WAF) lets through, and did not before.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::node::Node;

use super::{Danger, Guard, Point, Subject, Warning, subject::at};
use crate::{
    diff::{Kind, refers_to},
    template::{resources_of, scalar},
};

const ACL: &str = "AWS::WAFv2::WebACL";
const GROUP: &str = "AWS::WAFv2::RuleGroup";
const ASSOCIATION: &str = "AWS::WAFv2::WebACLAssociation";
const ADDRESSES: &str = "AWS::WAFv2::IPSet";

/// What the addresses of a set are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    /// They are let through.
    Allowed,
    /// They are kept out.
    Blocked,
}

/// Adds what is let through, as a danger; a rule that says something else, as something to see to.
pub(super) fn add(
    subject: &Subject<'_>,
    dangers: &mut Vec<Point<Danger>>,
    warnings: &mut Vec<Point<Warning>>,
) {
    let lists = lists(subject);
    for change in subject.diff.resources.iter().filter(|it| it.kind == Kind::Changed) {
        let [Some(old), Some(new)] = subject.properties(change) else { continue };
        let mut guard = |guard| dangers.push(subject.point(change, Danger::Guard(guard)));
        match change.type_name.as_str() {
            ACL | GROUP => {
                let has_changed = of_acl(old, new, &mut guard);
                if has_changed {
                    warnings.push(subject.point(change, Warning::FirewallRule));
                }
            }
            ADDRESSES => of_addresses([old, new], lists.get(change.id.as_str()), &mut guard),
            ASSOCIATION if leaves(subject, old, new) => guard(Guard::Firewall),
            _ => (),
        }
    }
}

/// Whether an association moves away from what is there still, and stands before nothing else's firewall.
fn leaves(subject: &Subject<'_>, old: &Node, new: &Node) -> bool {
    let [was, is] = [old, new].map(|it| it.get("ResourceArn").map(crate::diff::text));
    let Some(left) = was.as_ref().filter(|_| was != is) else { return false };
    let is_gone = subject.diff.resources.iter().any(|it| {
        let protected = old.get("ResourceArn");
        matches!(it.kind, Kind::Removed(_)) && protected.is_some_and(|arn| refers_to(arn, &it.id))
    });
    let mut others = subject.resources().filter(|(_, type_name, _)| *type_name == ASSOCIATION);
    let protects = |it: &Node| it.get("ResourceArn").map(crate::diff::text).as_ref() == Some(left);
    !is_gone && !others.any(|(_, _, it)| it.is_some_and(protects))
}

/// What an access control list, or a group of rules, lets through; whether a rule says something else besides.
fn of_acl(old: &Node, new: &Node, guard: &mut dyn FnMut(Guard)) -> bool {
    if at(old, "DefaultAction/Block").is_some() && at(new, "DefaultAction/Allow").is_some() {
        guard(Guard::FirewallDefault);
    }
    let (before, after) = (rules(old), rules(new));
    let mut says_else = false;
    let fresh = after.iter().filter(|(name, _)| !before.contains_key(*name));
    for (name, _) in fresh.filter(|(_, rule)| at(rule, "Action/Allow").is_some()) {
        guard(Guard::FirewallAllows((*name).to_owned()));
    }
    for (name, rule) in &before {
        match after.get(name) {
            _ if !keeps_out(rule) => says_else |= after.get(name) != Some(rule),
            Some(now) if keeps_out(now) => {
                let (was, is) = (paths(rule), paths(now));
                let gone: Vec<&String> = was.difference(&is).collect();
                let (were, are) = (undone(rule), undone(now));
                let undone: Vec<&String> = are.difference(&were).collect();
                let is_told = !gone.is_empty() || !undone.is_empty();
                says_else |= !is_told && crate::diff::text(rule) != crate::diff::text(now);
                gone.into_iter().for_each(|it| guard(Guard::Path(it.clone())));
                undone.into_iter().for_each(|it| guard(Guard::FirewallRule(format!("{name}/{it}"))));
            }
            _ => guard(Guard::FirewallRule((*name).to_owned())),
        }
    }
    says_else
}

fn rules(properties: &Node) -> BTreeMap<&str, &Node> {
    let rules = properties.get("Rules").and_then(Node::as_list).unwrap_or_default();
    rules.iter().filter_map(|it| Some((it.get("Name")?.as_str()?, it))).collect()
}

/// Whether a rule keeps something out: it blocks, or asks, or does what the rules of a group do.
fn keeps_out(rule: &Node) -> bool {
    let acts = |it: &Node| ["Block", "Captcha", "Challenge"].iter().any(|action| it.get(action).is_some());
    rule.get("Action").is_some_and(acts) || at(rule, "OverrideAction/None").is_some()
}

/// The rules of a managed group that a rule has keep nobody out: they are left out, or count or let through.
fn undone(rule: &Node) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(rule, false, &mut |statement, _| {
        let items = |key: &str| statement.get(key).and_then(Node::as_list).unwrap_or_default();
        let is_undone =
            |it: &&Node| ["Count", "Allow"].iter().any(|to| at(it, &format!("ActionToUse/{to}")).is_some());
        let overridden = items("RuleActionOverrides").iter().filter(is_undone);
        let named = items("ExcludedRules").iter().chain(overridden);
        found.extend(named.filter_map(|it| Some(scalar(it.get("Name")?)?.into_owned())));
    });
    found
}

/// The texts that a rule looks for in paths.
fn paths(rule: &Node) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(rule, false, &mut |statement, _| {
        let about_paths = at(statement, "ByteMatchStatement/FieldToMatch/UriPath").is_some();
        let text = at(statement, "ByteMatchStatement/SearchString").and_then(scalar);
        found.extend(text.filter(|_| about_paths).map(std::borrow::Cow::into_owned));
    });
    found
}

/// All that is said in a statement, and whether it holds where this does not.
fn walk<'n>(node: &'n Node, is_negated: bool, found: &mut dyn FnMut(&'n Node, bool)) {
    found(node, is_negated);
    if let Some(map) = node.as_map() {
        for (key, entry) in map {
            walk(&entry.value, is_negated != (key == "NotStatement"), found);
        }
    }
    for item in node.as_list().unwrap_or_default() {
        walk(item, is_negated, found);
    }
}

/// What the sets of addresses of both templates are for, by their logical ids.
fn lists<'a>(subject: &Subject<'a>) -> BTreeMap<&'a str, List> {
    let mut lists = BTreeMap::new();
    for template in subject.templates {
        let sets: Vec<&'a str> = resources_of(&template.body)
            .filter(|(_, it)| it.get("Type").and_then(Node::as_str) == Some(ADDRESSES))
            .map(|(id, _)| id)
            .collect();
        let properties = resources_of(&template.body).filter_map(|(_, it)| {
            let has_rules = matches!(it.get("Type").and_then(Node::as_str), Some(ACL | GROUP));
            it.get("Properties").filter(|_| has_rules)
        });
        for rule in properties.flat_map(rules).map(|(_, rule)| rule) {
            walk(rule, false, &mut |statement, is_negated| {
                let Some(arn) = at(statement, "IPSetReferenceStatement/Arn").map(crate::diff::text) else {
                    return;
                };
                let list = match (at(rule, "Action/Allow").is_some(), is_negated) {
                    (true, false) | (false, true) => List::Allowed,
                    (true, true) | (false, false) => List::Blocked,
                };
                let id = sets.iter().find(|it| arn == format!("${{{it}.Arn}}"));
                lists.extend(id.map(|it| (*it, list)));
            });
        }
    }
    lists
}

/// What a set of addresses lets through.
fn of_addresses(sides: [&Node; 2], list: Option<&List>, guard: &mut dyn FnMut(Guard)) {
    let [old, new] = sides.map(|it| -> BTreeSet<String> {
        let addresses = it.get("Addresses").and_then(Node::as_list).unwrap_or_default();
        addresses.iter().map(crate::diff::text).collect()
    });
    let only =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> { a.difference(b).cloned().collect() };
    let (come, gone) = (only(&new, &old), only(&old, &new));
    match list {
        Some(List::Allowed) if !come.is_empty() => guard(Guard::Allowlist(come)),
        Some(List::Blocked) if !gone.is_empty() => guard(Guard::Blocklist(gone)),
        Some(List::Allowed | List::Blocked) | None => (),
    }
}

#[cfg(test)]
mod tests {
    use crate::review::testing::check;

    /// An access control list with a rule, and the set of addresses that it names.
    fn template(default: &str, rule: &str, addresses: &str) -> String {
        format!(
            "
Resources:
  A: {{Type: AWS::WAFv2::WebACL, Properties: {{DefaultAction: {{{default}: {{}}}}, Scope: REGIONAL, Rules: [{rule}]}}}}
  S: {{Type: AWS::WAFv2::IPSet, Properties: {{IPAddressVersion: IPV4, Scope: REGIONAL, Addresses: [{addresses}]}}}}
"
        )
    }

    const SET: &str = "{IPSetReferenceStatement: {Arn: !GetAtt S.Arn}}";

    fn rule(action: &str, statement: &str) -> String {
        format!("{{Name: r, Priority: 0, Action: {{{action}: {{}}}}, Statement: {statement}}}")
    }

    #[test]
    fn addresses_are_let_in_by_what_their_set_is_for() {
        let (one, two) = ("192.0.2.0/24", "192.0.2.0/24, 198.51.100.0/24");
        let widened = |rule: &str, old: &str, new: &str| {
            check(&template("Allow", rule, old), &template("Allow", rule, new))
        };
        let others = rule("Block", &format!("{{NotStatement: {{Statement: {SET}}}}}"));
        assert_eq!(
            widened(&others, one, two),
            "danger S: Guard(Allowlist([\"198.51.100.0/24\"]))\nimpact S: Spreads\n"
        );
        assert_eq!(widened(&others, two, one), "impact S: Spreads\n");
        assert!(widened(&rule("Allow", SET), one, two).contains("Allowlist"));
        let blocked = rule("Block", SET);
        assert!(widened(&blocked, two, one).contains("Blocklist([\"198.51.100.0/24\"])"));
        assert_eq!(widened(&blocked, one, two), "impact S: Spreads\n");
    }

    #[test]
    fn a_rule_that_keeps_nobody_out_any_more_is_missed() {
        let path = |path: &str| {
            rule(
                "Block",
                &format!(
                    "{{ByteMatchStatement: {{FieldToMatch: {{UriPath: {{}}}}, SearchString: {path}, PositionalConstraint: STARTS_WITH, TextTransformations: []}}}}"
                ),
            )
        };
        let of = |old: &str, new: &str| check(&template("Allow", old, "a"), &template("Allow", new, "a"));
        assert!(of(&path("/admin"), "").contains("FirewallRule(\"r\")"));
        assert!(
            of(&path("/admin"), &path("/admin").replace("Block", "Count")).contains("FirewallRule(\"r\")")
        );
        assert!(of(&path("/admin"), &path("/other")).contains("Path(\"/admin\")"));
        let stricter = of(&path("/admin"), &path("/admin").replace("STARTS_WITH", "CONTAINS"));
        assert_eq!(stricter, "impact A: Spreads\nwarning A: FirewallRule\n");
        let let_in = check(&template("Block", "", "a"), &template("Block", &rule("Allow", SET), "a"));
        assert!(let_in.contains("FirewallAllows(\"r\")"), "{let_in}");
        let default = check(&template("Block", "", "a"), &template("Allow", "", "a"));
        assert!(default.contains("FirewallDefault"), "{default}");
    }

    #[test]
    fn a_managed_rule_that_keeps_nobody_out_any_more_is_missed() {
        let group = |more: &str| {
            format!(
                "{{Name: core, Priority: 0, OverrideAction: {{None: {{}}}}, Statement: {{ManagedRuleGroupStatement: {{VendorName: AWS, Name: AWSManagedRulesCommonRuleSet{more}}}}}}}"
            )
        };
        let of = |old: &str, new: &str| {
            check(&template("Allow", &group(old), "a"), &template("Allow", &group(new), "a"))
        };
        let count = ", RuleActionOverrides: [{Name: SizeRestrictions_BODY, ActionToUse: {Count: {}}}]";
        let excluded = ", ExcludedRules: [{Name: SizeRestrictions_BODY}]";
        for undone in [count, excluded] {
            assert!(of("", undone).contains("FirewallRule(\"core/SizeRestrictions_BODY\")"), "{undone}");
            assert!(!of(undone, "").contains("danger"), "{undone}");
        }
        assert!(!of("", &count.replace("Count", "Block")).contains("danger"));
        let in_group = |it: &str| {
            let rule = rule(it, "{GeoMatchStatement: {CountryCodes: [XX]}}");
            format!(
                "Resources: {{G: {{Type: AWS::WAFv2::RuleGroup, Properties: {{Capacity: 1, Scope: REGIONAL, Rules: [{rule}]}}}}}}"
            )
        };
        assert!(
            check(&in_group("Block"), &in_group("Count")).contains("danger G: Guard(FirewallRule(\"r\"))")
        );
    }

    #[test]
    fn what_an_association_leaves_stands_behind_no_firewall() {
        let template = |arn: &str, more: &str| {
            format!(
                "
Resources:
  L: {{Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {{Scheme: internal}}}}
  A: {{Type: AWS::WAFv2::WebACLAssociation, Properties: {{ResourceArn: {arn}, WebACLArn: a}}}}
{more}"
            )
        };
        let moves = |more: &str| {
            check(&template("!Ref L", ""), &template("arn:other", more)).contains("Guard(Firewall)")
        };
        assert!(moves(""));
        assert!(!moves(
            "  B: {Type: AWS::WAFv2::WebACLAssociation, Properties: {ResourceArn: !Ref L, WebACLArn: b}}\n"
        ));
        assert!(!check(&template("!Ref L", ""), &template("!Ref L", "")).contains("Guard"));
    }
}
