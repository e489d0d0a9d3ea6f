//! The rules of a template: what it asks of its parameters.

use asi_constructs::kernel::node::Node;

use super::super::{
    document::{Document, section},
    report::{Found, Place, Report},
};

/// `E1700`: a rule of a wrong form. What its assertions say is looked at by `functions`.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (name, entry) in section(document.root, "Rules") {
        let rule = &entry.value;
        if rule.as_map().is_none() {
            let message = format!("a rule is a mapping, and this is {}", rule.describe());
            report.add(Found::error("E1700", rule, message).help("put its assertions under `Assertions`"));
            continue;
        }
        let Some(assertions) = rule.get("Assertions") else {
            let found =
                Found::error("E1700", Place::Holder(rule), format!("the rule `{name}` asserts nothing"));
            report.add(found.help("add `Assertions`"));
            continue;
        };
        let Some(items) = assertions.as_list() else {
            let message = format!("`Assertions` is a list, and this is {}", assertions.describe());
            report.add(Found::error("E1700", assertions, message).help("put it in brackets"));
            continue;
        };
        items.iter().for_each(|it| assertion(it, report));
    }
}

fn assertion<'t>(node: &'t Node, report: &mut Report<'t>) {
    if node.as_map().is_none() {
        let message = format!("an assertion is a mapping, and this is {}", node.describe());
        report.add(Found::error("E1700", node, message).help("put the condition under `Assert`"));
    }
    if let Some(text) = node.get("AssertDescription").filter(|it| it.as_written().is_none()) {
        let message = format!("`AssertDescription` is text, and this is {}", text.describe());
        report.add(Found::error("E1700", text, message).help("write it out"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_rule_of_a_wrong_form() {
        let template = "Rules:\n  A: a\n  B: {}\n  C: {Assertions: a}\n  D: {Assertions: [a, {AssertDescription: []}]}\n";
        let expected = "error E1700 Rules/A 2:6: a rule is a mapping, and this is `a`\n  \
                        put its assertions under `Assertions`\n\
                        error E1700 Rules/B 3:3: the rule `B` asserts nothing\n  add `Assertions`\n\
                        error E1700 Rules/C/Assertions 4:19: `Assertions` is a list, and this is `a`\n  \
                        put it in brackets\n\
                        error E1700 Rules/D/Assertions/0 5:20: an assertion is a mapping, and this is `a`\n  \
                        put the condition under `Assert`\n\
                        error E1700 Rules/D/Assertions/1/AssertDescription 5:43: `AssertDescription` is text, and this \
                        is a list\n  write it out\n";
        assert_eq!(check(super::check, template), expected);
    }
}
