//! The frame of a template: its sections, its description, its transforms.

use asi_constructs::kernel::node::{Node, NodeKind};

use super::super::{
    document::Document,
    report::{Found, Place, Report},
};

/// What a template may have at its top.
const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];
/// The only version there has been.
const VERSION: &str = "2010-09-09";
/// How many characters a description takes.
const LONGEST_DESCRIPTION: usize = 1024;

/// `E1001`: a section that is not known, is missing, or is no mapping; `E2001`, `E7001`, `E3001`, `E6003` and `E4002`
/// for sections with a code of their own. `E1003`: a description that is too long; `I1003`: nearly so. `E1004`: one
/// that is no text. `E1005`: a transform of a wrong form.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let root = document.root;
    let Some(sections) = root.as_map() else {
        let found =
            Found::error("E1001", root, format!("a template is a mapping, and this is {}", root.describe()));
        return report.add(found.help("begin with `Resources`"));
    };
    for (name, entry) in sections {
        let code = match &**name {
            "AWSTemplateFormatVersion" => {
                version(&entry.value, report);
                continue;
            }
            "Description" => {
                description(&entry.value, report);
                continue;
            }
            "Transform" => {
                transform(&entry.value, report);
                continue;
            }
            "Parameters" => "E2001",
            "Mappings" => "E7001",
            "Resources" => "E3001",
            "Outputs" => "E6003",
            "Metadata" => "E4002",
            "Conditions" | "Rules" => "E1001",
            // What SAM and CodeDeploy add is theirs to check.
            "Globals" | "Hooks" if document.is_open() => continue,
            "Fn::Transform" => continue,
            other => {
                let found = Found::error(
                    "E1001",
                    Place::Key(root, other.into()),
                    format!("a template has no section `{other}`"),
                );
                report.add(found.suggest(other, SECTIONS.iter().copied()));
                continue;
            }
        };
        if entry.value.as_map().is_none() {
            let message = format!("`{name}` is a mapping, and this is {}", entry.value.describe());
            report.add(
                Found::error(code, &entry.value, message).help("write a name and a colon for each entry"),
            );
        }
    }
    let resources = root.get("Resources");
    if resources.and_then(Node::as_map).is_none_or(indexmap::IndexMap::is_empty) && !document.is_open() {
        let found = match resources {
            None => Found::error("E1001", root, "the template has no section `Resources`"),
            Some(node) if node.as_map().is_none() => return,
            Some(node) => Found::error("E1001", node, "the template has no resource"),
        };
        report.add(found.help("add a resource: CloudFormation makes no stack without"));
    }
}

fn version<'t>(node: &'t Node, report: &mut Report<'t>) {
    if node.as_written() != Some(VERSION) {
        let message = match node.as_written() {
            Some(text) => format!("there is no version `{text}` of templates"),
            None => format!("the version of templates is text, and this is {}", node.describe()),
        };
        report.add(Found::error("E1001", node, message).help(format!("write `{VERSION}`")));
    }
}

fn description<'t>(node: &'t Node, report: &mut Report<'t>) {
    let Some(text) = node.as_str() else {
        let found =
            Found::error("E1004", node, format!("a description is text, and this is {}", node.describe()));
        return report.add(found.help("put it in quotes"));
    };
    let length = text.chars().count();
    let limit = format!("a description takes {LONGEST_DESCRIPTION} characters, and this has {length}");
    if length > LONGEST_DESCRIPTION {
        report.add(Found::error("E1003", node, limit).help("shorten it, or move a part to `Metadata`"));
    } else if length * 10 > LONGEST_DESCRIPTION * 9 {
        report.add(Found::info("I1003", node, limit));
    }
}

/// A transform is a name, or a mapping with a name and parameters, or a list of such.
fn transform<'t>(node: &'t Node, report: &mut Report<'t>) {
    match &node.kind {
        NodeKind::String(_) => (),
        NodeKind::List(items) => items.iter().for_each(|it| transform(it, report)),
        NodeKind::Map(map) => {
            for key in map.keys().filter(|it| !matches!(&***it, "Name" | "Parameters")) {
                let found = Found::error(
                    "E1005",
                    Place::Key(node, (&**key).into()),
                    format!("a transform has no key `{key}`"),
                );
                report.add(found.suggest(key, ["Name", "Parameters"]));
            }
            match node.get("Name") {
                None => {
                    report.add(Found::error("E1005", node, "this transform has no name").help("add `Name`"));
                }
                Some(name) if name.as_str().is_none() => {
                    let message = format!("the name of a transform is text, and this is {}", name.describe());
                    report.add(Found::error("E1005", name, message).help("write the name of a macro"));
                }
                Some(_) => (),
            }
            if let Some(parameters) = node.get("Parameters").filter(|it| it.as_map().is_none()) {
                let message = format!("`Parameters` is a mapping, and this is {}", parameters.describe());
                report.add(
                    Found::error("E1005", parameters, message).help("write a name and a colon for each"),
                );
            }
        }
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) => {
            let message = format!("a transform is a name, and this is {}", node.describe());
            report.add(Found::error("E1005", node, message).help("write the name of a macro"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_section_that_is_not_known_or_has_a_wrong_form() {
        let template = "AWSTemplateFormatVersion: 2010-09-10\nResource: {A: {Type: T}}\nMappings: []\n\
                        Description: [a]\nTransform: [{Nam: a}]\nResources: {}\n";
        let expected = "error E1001 AWSTemplateFormatVersion 1:27: there is no version `2010-09-10` of templates\n  \
                        write `2010-09-09`\n\
                        error E1001 Resource 2:1: a template has no section `Resource`\n  \
                        did you mean `Resources`?\n\
                        error E7001 Mappings 3:11: `Mappings` is a mapping, and this is a list\n  \
                        write a name and a colon for each entry\n\
                        error E1004 Description 4:14: a description is text, and this is a list\n  \
                        put it in quotes\n\
                        error E1005 Transform/0 5:13: this transform has no name\n  add `Name`\n\
                        error E1005 Transform/0/Nam 5:14: a transform has no key `Nam`\n  \
                        did you mean `Name`?\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_template_without_resources() {
        let expected = "error E1001  1:1: the template has no section `Resources`\n  \
                        add a resource: CloudFormation makes no stack without\n";
        assert_eq!(check(super::check, "Description: nothing\n"), expected);
        assert!(check(super::check, "Resources: {}\n").contains("1:12: the template has no resource"));
    }

    #[test]
    fn a_long_description() {
        let template =
            |length| format!("Description: {}\nResources: {{A: {{Type: T}}}}\n", "a".repeat(length));
        assert!(check(super::check, &template(1025)).starts_with(
            "error E1003 Description 1:14: a description takes 1024 characters, and this has 1025\n"
        ));
        assert!(check(super::check, &template(1000)).starts_with("info I1003 Description 1:14: "));
        assert_eq!(check(super::check, &template(900)), "");
    }
}
