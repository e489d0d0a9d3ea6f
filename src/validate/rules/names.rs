//! The names of parameters, mappings, conditions, resources and outputs: their form, their length, and that none is
//! given twice.

use super::super::{
    document::{Document, section},
    report::{Found, Place, Report},
};

/// How many characters a name takes.
const LONGEST: usize = 255;

/// What is asked of the names in a section.
struct Names {
    section: &'static str,
    /// What they name, with its article.
    what: &'static str,
    /// The characters they may have besides letters and digits.
    besides: &'static [char],
    /// The code for a wrong form.
    form: &'static str,
    /// The codes for a name that is too long, and for one that is nearly so.
    length: Option<(&'static str, &'static str)>,
}

const SECTIONS: &[Names] = &[
    Names {
        section: "Parameters",
        what: "a parameter",
        besides: &[],
        form: "E2001",
        length: Some(("E2011", "I2011")),
    },
    Names {
        section: "Mappings",
        what: "a mapping",
        besides: &[],
        form: "E7001",
        length: Some(("E7002", "I7002")),
    },
    Names { section: "Conditions", what: "a condition", besides: &['&', '_'], form: "E8001", length: None },
    Names { section: "Rules", what: "a rule", besides: &[], form: "E1700", length: None },
    Names {
        section: "Resources",
        what: "a resource",
        besides: &[],
        form: "E3001",
        length: Some(("E3001", "I3012")),
    },
    Names {
        section: "Outputs",
        what: "an output",
        besides: &[],
        form: "E6001",
        length: Some(("E6011", "I6011")),
    },
];

/// `E2001`, `E7001`, `E8001`, `E1700`, `E3001`, `E6001`: a name with characters it may not have. `E2011`, `E7002`,
/// `E3001`, `E6011`: a name that is too long; `I2011`, `I7002`, `I3012`, `I6011`: nearly so. `E3007`: a resource with
/// the name of a parameter.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for names in SECTIONS {
        let Some(node) = document.root.get(names.section) else { continue };
        // Macros and loops make names of their own, but not of parameters.
        let is_name = |it: &str| !it.starts_with("Fn::") || matches!(names.section, "Parameters" | "Rules");
        for name in section(document.root, names.section).keys().filter(|it| is_name(it)) {
            let place = || Place::Key(node, (&**name).into());
            let what = names.what;
            let is_right = |it: char| it.is_ascii_alphanumeric() || names.besides.contains(&it);
            if name.is_empty() || !name.chars().all(is_right) {
                let message = format!("`{name}` cannot be the name of {what}");
                let besides: Vec<String> = names.besides.iter().map(|it| format!("`{it}`")).collect();
                let help = match besides.as_slice() {
                    [] => "use letters and digits".to_owned(),
                    _ => format!("use letters, digits, {}", besides.join(" and ")),
                };
                report.add(Found::error(names.form, place(), message).help(help));
            }
            let length = name.chars().count();
            let limit = format!("the name of {what} takes {LONGEST} characters, and this has {length}");
            match names.length {
                Some((code, _)) if length > LONGEST => {
                    report.add(Found::error(code, place(), limit).help("shorten it"));
                }
                Some((_, code)) if length * 10 > LONGEST * 9 => report.add(Found::info(code, place(), limit)),
                _ => (),
            }
        }
    }
    let Some(resources) = document.root.get("Resources") else { return };
    for id in document.resources.keys().filter(|it| document.parameters.contains_key(**it)) {
        let message = format!("`{id}` is the name of a parameter already");
        let mut found = Found::error("E3007", Place::Key(resources, (*id).into()), message)
            .help("rename one of them: a `Ref` could not tell which it means");
        if let Some(parameters) = document.root.get("Parameters") {
            found = found.and(Place::Key(parameters, (*id).into()), "the parameter");
        }
        report.add(found);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_name_of_a_wrong_form() {
        let template = "Conditions:\n  Is_big: !Equals [a, b]\n  is-big: !Equals [a, b]\nResources:\n  \
                        My-Topic: {Type: AWS::SNS::Topic}\n";
        let expected = "error E8001 Conditions/is-big 3:3: `is-big` cannot be the name of a condition\n  \
                        use letters, digits, `&` and `_`\n\
                        error E3001 Resources/My-Topic 5:3: `My-Topic` cannot be the name of a resource\n  \
                        use letters and digits\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_name_that_is_too_long() {
        let template = |length| format!("Outputs:\n  {}: {{Value: a}}\n", "a".repeat(length));
        assert!(check(super::check, &template(256)).starts_with("error E6011 Outputs/aaa"));
        assert!(
            check(super::check, &template(256))
                .contains("takes 255 characters, and this has 256\n  shorten it")
        );
        assert!(check(super::check, &template(240)).starts_with("info I6011 Outputs/aaa"));
        assert_eq!(check(super::check, &template(200)), "");
    }

    #[test]
    fn a_name_that_is_given_twice() {
        let template = "Parameters:\n  A: {Type: String}\nResources:\n  A: {Type: AWS::SNS::Topic}\n";
        let expected = "error E3007 Resources/A 4:3: `A` is the name of a parameter already\n  \
                        rename one of them: a `Ref` could not tell which it means\n";
        assert_eq!(check(super::check, template), expected);
    }
}
