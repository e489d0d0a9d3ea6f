//! Loops: `Fn::ForEach` with a form that cannot be written out.

use asi_constructs::kernel::node::{Node, NodeKind};

use super::super::{
    document::Document,
    loops::is_loop,
    report::{Found, Place, Report},
};

const USAGE: &str = "write it as `[Identifier, [value, …], {key: value}]`";

/// `E1032`: a loop without the transform that knows loops, or of a wrong form.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let is_extended = document.transforms.contains(&"AWS::LanguageExtensions");
    let has_macro = document.root.get("Transform").is_some() && !is_extended;
    document.walk(&["Conditions", "Resources", "Outputs"], &mut |node, _| {
        for (key, entry) in
            node.as_map().into_iter().flatten().filter(|(key, _)| key.starts_with("Fn::ForEach"))
        {
            let place = Place::Key(node, (&**key).into());
            if !is_extended && !has_macro {
                let message = "a loop needs the transform `AWS::LanguageExtensions`";
                let found = Found::error("E1032", place, message);
                report.add(found.help("add `Transform: AWS::LanguageExtensions` to the template"));
            } else if let Some(fault) = name(key) {
                report.add(Found::error("E1032", place, fault).help("write it as `Fn::ForEach::Name`"));
            } else {
                form(&entry.value, report);
            }
        }
    });
}

fn name(key: &str) -> Option<String> {
    let name = key.strip_prefix("Fn::ForEach::").filter(|_| is_loop(key));
    let is_name = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric());
    match name {
        None => Some("this loop has no name".to_owned()),
        Some(name) if is_name(name) => None,
        Some(name) => Some(format!("`{name}` cannot be the name of a loop")),
    }
}

fn form<'t>(argument: &'t Node, report: &mut Report<'t>) {
    let Some([identifier, collection, body]) = argument.as_list() else {
        let message = match argument.as_list() {
            Some(items) => format!("a loop takes 3 items, and this has {}", items.len()),
            None => format!("a loop takes a list, and this is {}", argument.describe()),
        };
        return report.add(Found::error("E1032", argument, message).help(USAGE));
    };
    if identifier.as_str().is_none() {
        let message = format!("an identifier is text, and this is {}", identifier.describe());
        report.add(Found::error("E1032", identifier, message).help(USAGE));
    }
    let is_function = |node: &Node| matches!(node.as_single(), Some(("Ref" | "Fn::FindInMap" | "Fn::If", _)));
    match &collection.kind {
        NodeKind::List(items) => {
            for item in items.iter().filter(|it| it.as_written().is_none() && !is_function(it)) {
                let message = format!("a loop goes over texts, and this is {}", item.describe());
                report.add(Found::error("E1032", item, message).help("write a text, or `!Ref` one"));
            }
        }
        _ if is_function(collection) => (),
        _ => {
            let message = format!("a loop goes over a list, and this is {}", collection.describe());
            report.add(Found::error("E1032", collection, message).help("write a list, or `!Ref` one"));
        }
    }
    if body.as_map().is_none() {
        let message = format!("what a loop repeats is a mapping, and this is {}", body.describe());
        report.add(Found::error("E1032", body, message).help(USAGE));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_loop_without_its_transform() {
        let template = "Resources:\n  Fn::ForEach::A: [X, [a], {'R${X}': {Type: T}}]\n";
        let expected = "error E1032 Resources/Fn::ForEach::A 2:3: a loop needs the transform \
                        `AWS::LanguageExtensions`\n  add `Transform: AWS::LanguageExtensions` to the template\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_loop_of_a_wrong_form() {
        let template = "Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::A: [X, [a]]\n  \
                        Fn::ForEach::B: [[X], a, b]\n  Fn::ForEach::C-D: [X, [a], {}]\n";
        let expected = "error E1032 Resources/Fn::ForEach::A 3:19: a loop takes 3 items, and this has 2\n  \
                        write it as `[Identifier, [value, …], {key: value}]`\n\
                        error E1032 Resources/Fn::ForEach::B/0 4:20: an identifier is text, and this is a list\n  \
                        write it as `[Identifier, [value, …], {key: value}]`\n\
                        error E1032 Resources/Fn::ForEach::B/1 4:25: a loop goes over a list, and this is `a`\n  \
                        write a list, or `!Ref` one\n\
                        error E1032 Resources/Fn::ForEach::B/2 4:28: what a loop repeats is a mapping, and this is \
                        `b`\n  write it as `[Identifier, [value, …], {key: value}]`\n\
                        error E1032 Resources/Fn::ForEach::C-D 5:3: `C-D` cannot be the name of a loop\n  \
                        write it as `Fn::ForEach::Name`\n";
        assert_eq!(check(super::check, template), expected);
    }
}
