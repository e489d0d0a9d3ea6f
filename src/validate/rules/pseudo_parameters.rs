//! Pseudo parameters that are written as a text, and so stay a text.

use asi_constructs::kernel::name::PSEUDO_PARAMETERS;

use super::super::{
    document::Document,
    report::{Found, Report},
};

/// `W1054`: the name of a pseudo parameter as a value.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let sections = ["Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs"];
    document.walk(&sections, &mut |node, site| {
        let Some(name) = node.as_str().filter(|it| PSEUDO_PARAMETERS.contains(it)) else { return };
        if !site.path.contains(&"Ref") {
            let message = format!("this is the text `{name}`, and not the pseudo parameter");
            report.add(Found::warning("W1054", node, message).help(format!("write `!Ref {name}`")));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_pseudo_parameter_without_a_ref() {
        let template = "Outputs:\n  A: {Value: 'AWS::Region'}\n  B: {Value: !Ref 'AWS::Region'}\n";
        let expected = "warning W1054 Outputs/A/Value 2:14: this is the text `AWS::Region`, and not the pseudo \
                        parameter\n  write `!Ref AWS::Region`\n";
        assert_eq!(check(super::check, template), expected);
    }
}
