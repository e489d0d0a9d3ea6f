//! What `Fn::If` chooses, on either side of its condition.

use std::collections::BTreeMap;

use asi_constructs::kernel::{
    map::Entry,
    node::{Node, NodeKind},
};

use super::Found;

/// Conditions of the template, and whether they hold; nothing for what does not depend on any.
pub(super) type When = BTreeMap<String, bool>;

/// How many conditions are told apart within one statement or rule; each more has twice as many sides.
const MOST: usize = 4;

/// The values that stand at a place, or in the list there: both branches, where a condition chooses.
pub(super) fn each<'t>(node: Option<&'t Node>, when: &When, found: &mut dyn FnMut(&'t Node, &When)) {
    let Some(node) = node else { return };
    chosen(node, when, &mut |node, when| match node.as_list() {
        Some(items) => items.iter().for_each(|it| chosen(it, when, found)),
        None => found(node, when),
    });
}

/// A value, or both branches, where a condition chooses.
pub(super) fn chosen<'t>(node: &'t Node, when: &When, found: &mut dyn FnMut(&'t Node, &When)) {
    let Some((condition, branches)) = choice(node) else {
        if !is_nothing(node) {
            found(node, when);
        }
        return;
    };
    for (branch, holds) in branches.iter().zip([true, false]) {
        if when.get(condition).is_none_or(|it| *it == holds) {
            chosen(branch, &with(when, condition, holds), found);
        }
    }
}

/// What is made of a value, once for each side of the conditions in it on which that is something else.
pub(super) fn sides<T: PartialEq>(node: &Node, when: &When, build: &dyn Fn(&Node) -> T) -> Vec<(T, When)> {
    let known = when.len() + MOST;
    sides_within(node, when, build, known)
}

fn sides_within<T: PartialEq>(
    node: &Node,
    when: &When,
    build: &dyn Fn(&Node) -> T,
    most: usize,
) -> Vec<(T, When)> {
    let Some(condition) = undecided(node, when).filter(|_| when.len() < most) else {
        let made =
            if undecided(node, &When::new()).is_some() { build(&decided(node, when)) } else { build(node) };
        return vec![(made, when.clone())];
    };
    let side = |holds| sides_within(node, &with(when, condition, holds), build, most);
    let (mut yes, no) = (side(true), side(false));
    if yes.iter().map(|it| &it.0).eq(no.iter().map(|it| &it.0)) {
        for (_, when) in &mut yes {
            when.remove(condition);
        }
        return yes;
    }
    yes.extend(no);
    yes
}

/// Takes together what is there on both sides of a condition.
pub(super) fn merge<T: PartialEq>(found: &mut Vec<Found<T>>) {
    let mut at = 0;
    while at < found.len() {
        let pair = found[at].when.iter().find_map(|(condition, holds)| {
            let other = with(&found[at].when, condition, !holds);
            let other = found.iter().position(|it| it.when == other && it.what == found[at].what)?;
            Some((condition.clone(), other))
        });
        let Some((condition, other)) = pair else {
            at += 1;
            continue;
        };
        let first = at.min(other);
        found[first].when.remove(&condition);
        found.remove(at.max(other));
        // What it may be taken together with next, it looks for itself.
        at = first;
    }
}

fn with(when: &When, condition: &str, holds: bool) -> When {
    let mut when = when.clone();
    when.insert(condition.to_owned(), holds);
    when
}

/// The condition of an `Fn::If`, and its branches.
fn choice(node: &Node) -> Option<(&str, &[Node])> {
    let (_, argument) = node.as_single().filter(|(key, _)| *key == "Fn::If")?;
    let (condition, branches) = argument.as_list().filter(|it| it.len() == 3)?.split_first()?;
    Some((condition.as_str()?, branches))
}

fn is_nothing(node: &Node) -> bool {
    matches!(node.as_single(), Some(("Ref", name)) if name.as_str() == Some("AWS::NoValue"))
}

/// The first condition that something in a value depends on, and of which it is not known whether it holds.
fn undecided<'t>(node: &'t Node, when: &When) -> Option<&'t str> {
    let own = choice(node).map(|it| it.0).filter(|it| !when.contains_key(*it));
    own.or_else(|| node.children().find_map(|it| undecided(it, when)))
}

/// A value as it is where these conditions hold, or do not.
fn decided(node: &Node, when: &When) -> Node {
    if let Some((condition, branches)) = choice(node)
        && let Some(holds) = when.get(condition)
    {
        return decided(&branches[usize::from(!holds)], when);
    }
    let kind = match &node.kind {
        NodeKind::List(items) => {
            NodeKind::List(items.iter().map(|it| decided(it, when)).filter(|it| !is_nothing(it)).collect())
        }
        NodeKind::Map(map) if !is_nothing(node) => {
            let entries = map.iter().map(|(key, entry)| {
                (key.clone(), Entry { key: entry.key, value: decided(&entry.value, when) })
            });
            NodeKind::Map(entries.filter(|(_, it)| !is_nothing(&it.value)).collect())
        }
        _ => return node.clone(),
    };
    Node::new(kind, node.span)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    fn group(rules: &str) -> String {
        format!(
            "Resources: {{G: {{Type: AWS::EC2::SecurityGroup, Properties: {{GroupDescription: g, SecurityGroupIngress: {rules}}}}}}}"
        )
    }

    #[test]
    fn each_branch_is_a_row_with_its_condition() {
        let old = group("[{IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 10.0.0.0/8}]");
        let new = group(
            "[!If [Open, {IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0}, !Ref AWS::NoValue], {IpProtocol: udp, FromPort: 53, ToPort: !If [Wide, 63, 53], CidrIp: 10.0.0.0/8}]",
        );
        let expected = "\
- In ${G} TCP 80 10.0.0.0/8
+! In ${G} TCP 80 everyone (IPv4) where Open
+! In ${G} UDP 53-63 10.0.0.0/8 where Wide
+! In ${G} UDP 53 10.0.0.0/8 where not Wide
";
        assert_eq!(check(&old, &new), expected);
    }

    #[test]
    fn what_is_on_both_sides_does_not_depend_on_the_condition() {
        let rule = "{IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 10.0.0.0/8}";
        let more = "{IpProtocol: tcp, FromPort: 81, ToPort: 81, CidrIp: 10.0.0.0/8}";
        let plain = group(&format!("[{rule}]"));
        assert_eq!(check(&plain, &group(&format!("!If [C, [{rule}], [{rule}]]"))), "");
        assert_eq!(check(&plain, &plain.replace("ToPort: 80", "ToPort: !If [C, 80, '80']")), "");
        let chosen = group(&format!("!If [C, [{rule}, {more}], !If [C, [], !If [D, {rule}, [{rule}]]]]"));
        assert_eq!(check(&plain, &chosen), "+! In ${G} TCP 81 10.0.0.0/8 where C\n");
    }

    #[test]
    fn a_statement_has_the_sides_of_the_conditions_in_it() {
        let role = |action: &str| {
            format!(
                "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{{Effect: Allow, Action: {action}, Resource: b}}]}}}}]}}}}}}"
            )
        };
        let expected = "\
- Allow a on b by ${R}
+ Allow a on b by ${R} where C
+! Allow a, c on b by ${R} where not C
";
        assert_eq!(check(&role("a"), &role("[a, !If [C, !Ref AWS::NoValue, c]]")), expected);
        assert_eq!(check(&role("!If [C, a, c]"), &role("!If [C, c, a]")).lines().count(), 4);
    }
}
