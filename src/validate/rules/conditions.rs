//! The conditions of a template: whether they can be one thing and the other.

use asi_constructs::kernel::node::Node;

use super::super::{
    document::{Document, section},
    report::{Found, Report},
    value::scalar,
};

/// `W8003`: an `Fn::Equals` that is the same in every case. `W1028`: a branch of an `Fn::If` that is never taken.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    document.walk(&["Conditions", "Rules"], &mut |node, site| {
        let Some(("Fn::Equals", argument)) = node.as_single() else { return };
        let Some([left, right]) = argument.as_list() else { return };
        if site.is_in_loop() {
            return;
        }
        let truth = match (scalar(left), scalar(right)) {
            (Some(left), Some(right)) => left == right,
            // What two calls of a macro give is not known.
            _ if left == right && !has_macro(left) => true,
            _ => return,
        };
        let found = Found::warning("W8003", argument, format!("this is always {truth}"));
        report.add(found.help("compare a parameter with a value"));
    });
    document.walk(&["Resources", "Outputs"], &mut |node, site| {
        let Some(("Fn::If", argument)) = node.as_single() else { return };
        let Some([condition, branches @ ..]) = argument.as_list() else { return };
        let (Some(name), [_, _]) = (condition.as_str(), branches) else { return };
        // Of a condition that is always the same, that is said where it stands; of what is never there, at the
        // outermost.
        let is_told =
            document.conditions.constant(name).is_some() && !site.assumed.iter().any(|(it, _)| *it == name);
        if is_told || !document.conditions.can_be(&site.assumed) {
            return;
        }
        for (truth, branch) in [true, false].into_iter().zip(branches) {
            let wanted: Vec<_> = site.assumed.iter().copied().chain([(name, truth)]).collect();
            if !document.conditions.can_be(&wanted) {
                let message = format!("this is never used: `{name}` is always {} here", !truth);
                report.add(
                    Found::warning("W1028", branch, message)
                        .help("write the other branch in place of the `!If`"),
                );
            }
        }
    });
}

/// The condition that a resource or an output names. `wrong`: the code of what is no name, and that of one that is not
/// there.
pub(super) fn named<'t>(
    document: &'t Document<'t>,
    node: &'t Node,
    wrong: [&'static str; 2],
    report: &mut Report<'t>,
) {
    let Some(condition) = node.get("Condition") else { return };
    let conditions = section(document.root, "Conditions");
    match condition.as_str() {
        None => {
            let message = format!("a condition is given by its name, and this is {}", condition.describe());
            report.add(
                Found::error(wrong[0], condition, message).help("move it to `Conditions`, and name it here"),
            );
        }
        Some(name) if !conditions.contains_key(name) && !document.is_open() => {
            let found = Found::error(wrong[1], condition, format!("there is no condition `{name}`"));
            report.add(found.suggest(name, conditions.keys().take(1001).map(|it| &**it)));
        }
        Some(_) => (),
    }
}

fn has_macro(node: &Node) -> bool {
    node.get("Fn::Transform").is_some() || node.children().any(has_macro)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_comparison_that_is_always_the_same() {
        let template = "Parameters: {P: {Type: String}}\nConditions:\n  A: !Equals [a, b]\n  \
                        B: !Not [!Equals [!Ref P, !Ref P]]\n  C: !Equals [!Ref P, '']\n";
        let expected = "warning W8003 Conditions/A/Fn::Equals 3:14: this is always false\n  \
                        compare a parameter with a value\n\
                        warning W8003 Conditions/B/Fn::Not/0/Fn::Equals 4:20: this is always true\n  \
                        compare a parameter with a value\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_branch_that_is_never_taken() {
        let template = "Parameters: {P: {Type: String}}\nConditions: {A: !Equals [!Ref P, a], B: !Equals [!Ref P, b]}\n\
                        Resources:\n  R: {Type: T, Condition: A, Properties: {X: !If [B, 1, 2]}}\n  \
                        S: {Type: T, Properties: {X: !If [A, !If [A, 1, 2], !If [B, 3, 4]]}}\n";
        let expected = "warning W1028 Resources/R/Properties/X/Fn::If/1 4:54: this is never used: `B` is always \
                        false here\n  write the other branch in place of the `!If`\n\
                        warning W1028 Resources/S/Properties/X/Fn::If/1/Fn::If/2 5:51: this is never used: `A` is \
                        always true here\n  write the other branch in place of the `!If`\n";
        assert_eq!(check(super::check, template), expected);
    }
}
