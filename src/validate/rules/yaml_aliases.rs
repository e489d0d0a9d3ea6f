//! Values that YAML repeats by an alias.

use asi_constructs::kernel::node::{Node, is_intrinsic};

use super::super::{
    document::Document,
    report::{Found, Report},
};

/// `W1101`: an alias, which CloudFormation refuses ("YAML aliases are not allowed in CloudFormation templates") unless
/// something resolves it on the way, as `aws cloudformation package` does.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    // What was not read from a file has the places that caused it, and these repeat themselves.
    if document.written.span.is_written() {
        visit(document.written, &mut None, report);
    }
}

/// Values stand in their order: one that does not begin after the `last` one is one before it, repeated.
fn visit<'t>(node: &'t Node, last: &mut Option<u32>, report: &mut Report<'t>) {
    let start = (node.span.start < node.span.end).then_some(node.span.start);
    if start.is_some() && start <= *last {
        let found = Found::warning(
            "W1101",
            node,
            "this value is repeated by an alias, which CloudFormation does not take",
        );
        report.add(found.help("write it out, or let `aws cloudformation package` do so"));
        return;
    }
    *last = start.or(*last);
    // A function in its short form begins where its argument does.
    if !node.as_single().is_some_and(|(key, _)| is_intrinsic(key)) {
        node.children().for_each(|it| visit(it, last, report));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn an_alias_is_told_where_it_stands() {
        let template = "Resources:\n  A: {Type: T, Metadata: &m {Note: x}}\n  B: {Type: T, Metadata: *m}\n";
        let expected = "warning W1101 Resources/B/Metadata 2:29: this value is repeated by an alias, which \
                        CloudFormation does not take\n  write it out, or let `aws cloudformation package` do so\n";
        assert_eq!(check(super::check, template), expected);
        assert_eq!(check(super::check, &template.replace("*m", "{Note: x}")), "");
    }
}
