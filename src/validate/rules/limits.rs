//! How large a template may be, and how many of each thing it may have.

use super::super::{
    document::{Document, section},
    report::{Found, Place, Report},
};
use crate::template::{Indent, to_json};

/// How many bytes a template may have.
const LARGEST: usize = 1_000_000;
/// How many bytes a template may have that is sent with the request, and not put in a bucket first.
const LARGEST_INLINE: usize = 51_200;

/// The sections, how many entries each may have, and the codes for too many and for nearly so.
const COUNTS: &[(&str, usize, &str, &str)] = &[
    ("Parameters", 200, "E2010", "I2010"),
    ("Mappings", 200, "E7010", "I7010"),
    ("Resources", 500, "E3010", "I3010"),
    ("Outputs", 200, "E6010", "I6010"),
];
/// How many keys each level of a mapping may have.
const MOST_KEYS: usize = 200;

/// `E2010`, `E7010`, `E3010`, `E6010`: too many parameters, mappings or keys in one, resources, outputs; `I2010`,
/// `I7010`, `I3010`, `I6010`: nearly so. `E1002`: a template that is too large; `I1002`: nearly so. `inline-limit`:
/// one that has to be put in a bucket before it is deployed.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (name, most, code, near) in COUNTS {
        let Some(node) = document.root.get(name) else { continue };
        let count = section(document.root, name).len();
        let message = format!("a template takes {most} {}, and this has {count}", name.to_lowercase());
        if count > *most {
            report.add(Found::error(code, Place::Holder(node), message).help("move some to another stack"));
        } else if count * 10 > most * 9 {
            report.add(Found::info(near, Place::Holder(node), message));
        }
    }
    for entry in document.mappings.values() {
        let inner = entry.value.as_map().into_iter().flatten().map(|(_, it)| &it.value);
        for node in std::iter::once(&entry.value).chain(inner) {
            let count = node.as_map().map_or(0, indexmap::IndexMap::len);
            if count > MOST_KEYS {
                let message = format!("a mapping takes {MOST_KEYS} keys, and this has {count}");
                report.add(
                    Found::error("E7010", Place::Holder(node), message).help("split it in two mappings"),
                );
            }
        }
    }
    size(document, report);
}

fn size<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    let root = document.root;
    // A template that was put together is measured as it would be written.
    let size = if root.span.is_written() {
        (root.span.end - root.span.start) as usize
    } else {
        to_json(root, Indent::Cdk).len()
    };
    let message = format!("a template takes {LARGEST} bytes, and this has {size}");
    if size > LARGEST {
        report.add(Found::error("E1002", root, message).help("move a part to another stack"));
    } else if size * 10 > LARGEST * 9 {
        report.add(Found::info("I1002", root, message));
    } else if size > LARGEST_INLINE {
        let message = format!("the template has {size} bytes, and more than {LARGEST_INLINE} go by a bucket");
        let found = Found::info("inline-limit", root, message);
        report.add(found.help("name a bucket: `aws cloudformation deploy --s3-bucket …`"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    fn resources(count: usize) -> String {
        let resources = (0..count).map(|it| format!("  R{it}: {{Type: AWS::SNS::Topic}}\n"));
        format!("Resources:\n{}", resources.collect::<String>())
    }

    #[test]
    fn too_many_resources_and_nearly_so() {
        let expected = "error E3010 Resources 1:1: a template takes 500 resources, and this has 501\n  \
                        move some to another stack\n";
        assert_eq!(check(super::check, &resources(501)), expected);
        let expected = "info I3010 Resources 1:1: a template takes 500 resources, and this has 451\n";
        assert_eq!(check(super::check, &resources(451)), expected);
        assert_eq!(check(super::check, &resources(450)), "");
    }

    #[test]
    fn too_many_keys_in_a_mapping() {
        let keys = (0..201).map(|it| format!("    K{it}: {{a: b}}\n")).collect::<Vec<_>>().concat();
        let expected = "error E7010 Mappings/M 2:3: a mapping takes 200 keys, and this has 201\n  \
                        split it in two mappings\n";
        assert_eq!(check(super::check, &format!("Mappings:\n  M:\n{keys}")), expected);
    }

    #[test]
    fn too_many_bytes_and_nearly_so() {
        let template = |size| format!("Description: {}\n", "a".repeat(size));
        assert!(check(super::check, &template(1_000_001)).starts_with("error E1002  1:1: a template takes"));
        assert!(check(super::check, &template(950_000)).starts_with("info I1002  1:1: a template takes"));
        assert!(
            check(super::check, &template(60_000)).starts_with("info inline-limit  1:1: the template has")
        );
        assert_eq!(check(super::check, &template(50_000)), "");
    }
}
