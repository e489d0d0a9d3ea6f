//! The frame of a resource: what stands beside its properties.

use asi_constructs::kernel::node::{Node, NodeKind};

use super::{
    super::{
        document::{Document, section},
        report::{Found, Place, Report},
    },
    conditions::named,
};

/// What every resource may have.
const KEYS: &[&str] = &[
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// `E3001`: a resource without a type, with a key it does not have, or with a part of a wrong form. `E3015`: a
/// condition that is not there. `E3028`: metadata of a wrong form.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for (id, entry) in section(document.root, "Resources") {
        let node = &entry.value;
        if id.starts_with("Fn::") {
            continue;
        }
        if node.as_map().is_none() {
            let message = format!("a resource is a mapping, and this is {}", node.describe());
            report.add(Found::error("E3001", node, message).help("give it a `Type`"));
            continue;
        }
        let type_name = type_name(id, node, report);
        // What SAM takes, it knows itself.
        if type_name.is_some_and(|it| it.starts_with("AWS::Serverless::")) {
            continue;
        }
        keys(node, type_name, report);
        depends_on(node, report);
        named(document, node, ["E3001", "E3015"], report);
        if let Some(metadata) = node.get("Metadata") {
            self::metadata(metadata, report);
        }
    }
}

fn type_name<'t>(id: &str, node: &'t Node, report: &mut Report<'t>) -> Option<&'t str> {
    let Some(written) = node.get("Type") else {
        let found = Found::error("E3001", Place::Holder(node), format!("the resource `{id}` has no type"));
        report.add(found.help("add `Type`, such as `AWS::S3::Bucket`"));
        return None;
    };
    let type_name = written.as_str();
    if type_name.is_none() {
        let message = format!("a type is text, and this is {}", written.describe());
        report.add(Found::error("E3001", written, message).help("write a name such as `AWS::S3::Bucket`"));
    }
    type_name
}

fn keys<'t>(node: &'t Node, type_name: Option<&str>, report: &mut Report<'t>) {
    let is_custom = type_name
        .is_some_and(|it| it.starts_with("Custom::") || it.contains("AWS::CloudFormation::CustomResource"));
    for (key, entry) in node.as_map().into_iter().flatten() {
        let place = || Place::Key(node, (&**key).into());
        let found = match &**key {
            "Version" if is_custom => continue,
            "Version" => {
                Found::error("E3001", place(), "only a custom resource has a `Version`").help("take it out")
            }
            "CreationPolicy" | "UpdatePolicy" if is_custom => {
                Found::error("E3001", place(), format!("a custom resource has no `{key}`"))
                    .help("take it out")
            }
            "CreationPolicy" if entry.value.as_map().is_none() => {
                let message = format!("`{key}` is a mapping, and this is {}", entry.value.describe());
                Found::error("E3001", &entry.value, message).help("write its keys below it")
            }
            key if KEYS.contains(&key) => continue,
            // Connectors are made by SAM, and so is what they ignore.
            "Connectors" | "IgnoreGlobals" => continue,
            _ if key.starts_with("Fn::") => continue,
            _ => {
                let found = Found::error("E3001", place(), format!("a resource has no key `{key}`"));
                if node.get("Properties").is_none() && !is_like_a_key(key) {
                    found.help("put it under `Properties`")
                } else {
                    found.suggest(key, KEYS.iter().copied())
                }
            }
        };
        report.add(found);
    }
}

/// Whether a key is a misspelling of one that a resource has.
fn is_like_a_key(key: &str) -> bool {
    asi_constructs::kernel::diagnostic::nearest(key, KEYS).is_some()
}

fn depends_on<'t>(node: &'t Node, report: &mut Report<'t>) {
    let Some(depends_on) = node.get("DependsOn") else { return };
    for item in depends_on.as_list().unwrap_or(std::slice::from_ref(depends_on)) {
        if item.as_str().is_none() {
            let message = format!("`DependsOn` takes logical ids, and this is {}", item.describe());
            report.add(Found::error("E3001", item, message).help("write the logical id of a resource"));
        }
    }
}

fn metadata<'t>(node: &'t Node, report: &mut Report<'t>) {
    match &node.kind {
        NodeKind::Map(map) => {
            for (key, _) in map.iter().filter(|(_, it)| matches!(it.value.kind, NodeKind::Null)) {
                let message = format!("the metadata `{key}` has no value");
                report.add(
                    Found::error("E3028", Place::Key(node, (&**key).into()), message)
                        .help("give it one, or take it out"),
                );
            }
        }
        NodeKind::List(_) => (),
        NodeKind::Null
        | NodeKind::Bool(_)
        | NodeKind::Integer(_)
        | NodeKind::Float(_)
        | NodeKind::String(_) => {
            let message = format!("metadata is a mapping, and this is {}", node.describe());
            report.add(Found::error("E3028", node, message).help("give it a key"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    #[test]
    fn a_resource_of_a_wrong_form() {
        let template = "Resources:\n  A: {Properties: {}}\n  B: hello\n  C: {Type: [T]}\n  \
                        D: {Type: T, Propertys: {}, DependsOn: [!Ref A]}\n  E: {Type: T, TopicName: a}\n";
        let expected = "error E3001 Resources/A 2:3: the resource `A` has no type\n  \
                        add `Type`, such as `AWS::S3::Bucket`\n\
                        error E3001 Resources/B 3:6: a resource is a mapping, and this is `hello`\n  \
                        give it a `Type`\n\
                        error E3001 Resources/C/Type 4:13: a type is text, and this is a list\n  \
                        write a name such as `AWS::S3::Bucket`\n\
                        error E3001 Resources/D/Propertys 5:16: a resource has no key `Propertys`\n  \
                        did you mean `Properties`?\n\
                        error E3001 Resources/D/DependsOn/0 5:43: `DependsOn` takes logical ids, and this is \
                        `!Ref`\n  write the logical id of a resource\n\
                        error E3001 Resources/E/TopicName 6:16: a resource has no key `TopicName`\n  \
                        put it under `Properties`\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_condition_that_is_not_there() {
        let template = "Conditions: {IsBig: !Equals [a, b]}\nResources:\n  A: {Type: T, Condition: IsBgi}\n  \
                        B: {Type: T, Condition: !Equals [a, b]}\n";
        let expected = "error E3015 Resources/A/Condition 3:27: there is no condition `IsBgi`\n  \
                        did you mean `IsBig`?\n\
                        error E3001 Resources/B/Condition 4:27: a condition is given by its name, and this is \
                        `!Equals`\n  move it to `Conditions`, and name it here\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn a_custom_resource_has_a_version_and_no_policies() {
        let template = "Resources:\n  A: {Type: 'Custom::A', Version: 1, UpdatePolicy: {}}\n  \
                        B: {Type: T, Version: 1}\n";
        let expected = "error E3001 Resources/A/UpdatePolicy 2:38: a custom resource has no `UpdatePolicy`\n  \
                        take it out\n\
                        error E3001 Resources/B/Version 3:16: only a custom resource has a `Version`\n  take it out\n";
        assert_eq!(check(super::check, template), expected);
    }

    #[test]
    fn metadata_of_a_wrong_form() {
        let template = "Resources:\n  A: {Type: T, Metadata: {a: null}}\n  B: {Type: T, Metadata: a}\n";
        let expected = "error E3028 Resources/A/Metadata/a 2:27: the metadata `a` has no value\n  \
                        give it one, or take it out\n\
                        error E3028 Resources/B/Metadata 3:26: metadata is a mapping, and this is `a`\n  \
                        give it a key\n";
        assert_eq!(check(super::check, template), expected);
    }
}
