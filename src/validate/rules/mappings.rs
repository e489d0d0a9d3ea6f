//! The mappings of a template: two levels of keys, and a value for each.

use asi_constructs::kernel::node::{Node, NodeKind};

use super::super::{
    document::{Document, section},
    report::{Found, Place, Report},
};

/// `E7001`: a mapping that has not two levels of keys, a key of a wrong form, or a value that is no text and no list.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (name, entry) in section(document.root, "Mappings") {
        if name.starts_with("Fn::") {
            continue;
        }
        for (first, inner) in level(&entry.value, &['.', '-'], report) {
            for (second, value) in level(inner, &[], report) {
                self::value(value, first, second, report);
            }
        }
    }
}

/// The entries of one level, whose keys may have characters `besides` letters and digits.
fn level<'t>(node: &'t Node, besides: &[char], report: &mut Report<'t>) -> Vec<(&'t str, &'t Node)> {
    let Some(map) = node.as_map() else {
        let message = format!("a mapping has two levels of keys, and here is {}", node.describe());
        report.add(Found::error("E7001", node, message).help("write `first: {second: value}`"));
        return Vec::new();
    };
    if map.is_empty() {
        report.add(
            Found::error("E7001", node, "this mapping has no key").help("add one, or take the mapping out"),
        );
    }
    // A macro makes what it likes of what stands beside it.
    if map.contains_key("Fn::Transform") {
        return Vec::new();
    }
    for key in map.keys() {
        let is_right = |it: char| it.is_ascii_alphanumeric() || besides.contains(&it);
        if key.is_empty() || !key.chars().all(is_right) {
            let message = format!("`{key}` cannot be a key of a mapping on this level");
            let found = Found::error("E7001", Place::Key(node, (&**key).into()), message);
            report.add(found.help(match besides {
                [] => "use letters and digits",
                _ => "use letters, digits, `.` and `-`",
            }));
        }
    }
    map.iter().map(|(key, it)| (&**key, &it.value)).collect()
}

fn value<'t>(node: &'t Node, first: &str, second: &str, report: &mut Report<'t>) {
    let what = match &node.kind {
        NodeKind::Bool(_)
        | NodeKind::Integer(_)
        | NodeKind::Float(_)
        | NodeKind::String(_)
        | NodeKind::List(_) => return,
        NodeKind::Null => "nothing",
        NodeKind::Map(_) if node.is_group() => "a third level of keys",
        NodeKind::Map(_) => "a function",
    };
    let message = format!("a mapping holds texts and lists, and `{second}` of `{first}` is {what}");
    report.add(Found::error("E7001", node, message).help("write the value out"));
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_mapping_of_a_wrong_form() {
        let template = "Mappings:\n  A: {a.b: {c-d: e}}\n  B: {a: b}\n  C: {}\n  D: {a: {b: !Ref E, c: {d: e}}}\n  \
                        E: {a: {b: c, d: [e, f], g: 1}}\n  F: {Fn::Transform: {Name: A}}\n";
        let expected = "error E7001 Mappings/A/a.b/c-d 2:13: `c-d` cannot be a key of a mapping on this level\n  \
                        use letters and digits\n\
                        error E7001 Mappings/B/a 3:10: a mapping has two levels of keys, and here is `b`\n  \
                        write `first: {second: value}`\n\
                        error E7001 Mappings/C 4:6: this mapping has no key\n  \
                        add one, or take the mapping out\n\
                        error E7001 Mappings/D/a/b 5:14: a mapping holds texts and lists, and `b` of `a` is a \
                        function\n  write the value out\n\
                        error E7001 Mappings/D/a/c 5:25: a mapping holds texts and lists, and `c` of `a` is a \
                        third level of keys\n  write the value out\n";
        assert_eq!(check(super::check, template), expected);
    }
}
