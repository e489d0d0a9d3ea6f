//! Documents of Systems Manager.

use asi_constructs::kernel::diagnostic::one_of;

use super::super::{
    document::Document,
    report::{Found, Report},
    value::Value,
};

const CODE: &str = "E3051";

/// `E3051`: a document that Systems Manager refuses with `InvalidDocumentContent` or
/// `InvalidDocumentSchemaVersion`. AWS Systems Manager User Guide, "Schemas, features, and examples": each kind of
/// document has schema versions of its own.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.of_type("AWS::SSM::Document") {
        let Some(properties) = document.properties(resource) else { continue };
        let kind = properties.get("DocumentType");
        for written in properties.get("Content").iter().flat_map(Value::branches) {
            let Some(content) = written.opened() else {
                if let Some(fault) = written.embedded().and_then(|it| it.fault.as_ref()) {
                    let message = format!("this document is neither JSON nor YAML: {}", fault.message);
                    report.add(Found::error(CODE, written, message).help("mend the text"));
                }
                continue;
            };
            let Some(node) = content.known() else { continue };
            if node.as_map().is_none() {
                let message = format!("a document is a mapping, and this is {}", node.describe());
                report.add(
                    Found::error(CODE, written, message).help("write `schemaVersion` and the steps under it"),
                );
                continue;
            }
            check_version(kind, content, report);
            check_steps(content, report);
        }
    }
}

/// The schema versions of a kind of document.
fn versions(kind: Option<&str>) -> &'static [&'static str] {
    match kind {
        Some("Automation") => &["0.3"],
        Some("Command") => &["1.2", "2.0", "2.2"],
        Some("Session") => &["1.0"],
        Some("Policy") => &["2.0"],
        _ => &["0.3", "1.0", "1.2", "2.0", "2.2"],
    }
}

fn check_version<'t>(kind: Option<Value<'t>>, content: Value<'t>, report: &mut Report<'t>) {
    let name = kind.and_then(|it| it.text());
    let known = versions(name.as_deref());
    let Some(version) = content.get("schemaVersion") else {
        report.add(
            Found::error(CODE, content.holder(), "this document has no `schemaVersion`")
                .help(format!("write {}", one_of(known))),
        );
        return;
    };
    let Some(text) = version.text().filter(|it| !known.contains(&&**it)) else { return };
    let found = match (kind, &name) {
        (Some(kind), Some(name)) if known.len() < versions(None).len() => {
            let message = format!("a document of the type `{name}` has no schema version `{text}`");
            Found::error(CODE, version, message).and(kind, "its type")
        }
        _ => Found::error(CODE, version, format!("there is no schema version `{text}`")),
    };
    report.add(found.help(format!("write {}", one_of(known))));
}

/// AWS Systems Manager User Guide, "Data elements and parameters": `mainSteps`.
fn check_steps<'t>(content: Value<'t>, report: &mut Report<'t>) {
    let version = content.get("schemaVersion").and_then(|it| it.text());
    if !matches!(version.as_deref(), Some("0.3" | "2.0" | "2.2")) {
        return;
    }
    let Some(steps) = content.get("mainSteps") else {
        report.add(
            Found::error(CODE, content.holder(), "this document has no `mainSteps`")
                .help("add a list of steps, each with `name` and `action`"),
        );
        return;
    };
    let mut names: Vec<Value<'t>> = Vec::new();
    for step in steps.items() {
        for key in ["name", "action"].into_iter().filter(|it| step.lacks(it)) {
            report.add(
                Found::error(CODE, step.holder(), format!("this step has no `{key}`"))
                    .help(format!("add `{key}`")),
            );
        }
        let Some(name) = step.get("name") else { continue };
        let Some(text) = name.text() else { continue };
        if let Some(first) = names.iter().find(|it| it.text().as_ref() == Some(&text)) {
            report.add(
                Found::error(CODE, name, format!("two steps have the name `{text}`"))
                    .help("give each a name of its own")
                    .and(*first, "the first is here"),
            );
        }
        names.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    fn content(kind: &str, text: &str) -> String {
        let template = format!(
            "Resources:\n  D:\n    Type: AWS::SSM::Document\n    Properties:\n      DocumentType: {kind}\n      Content: {text}\n"
        );
        check(super::check, &template).replace("Resources/D/Properties/Content", "…")
    }

    #[test]
    fn a_kind_of_document_has_versions() {
        let expected = "error E3051 …/schemaVersion 6:32: a document of the type `Automation` has no schema version `2.2`\n  write \
                        `0.3`\n";
        assert_eq!(content("Automation", "{schemaVersion: '2.2', mainSteps: []}"), expected);
        assert_eq!(content("Command", "{schemaVersion: '2.2', mainSteps: []}"), "");
        assert_eq!(content("!Ref K", "{schemaVersion: '1.0'}"), "");
        assert_eq!(content("Command", "!Ref C"), "");
    }

    #[test]
    fn steps_have_names_of_their_own() {
        let text = "|\n        schemaVersion: '2.2'\n        mainSteps:\n          - {name: a, action: b}\n          - {name: a}\n";
        let expected = "error E3051 …/mainSteps/1 10:13: this step has no `action`\n  add `action`\nerror E3051 \
                        …/mainSteps/1/name 10:20: two steps have the name `a`\n  give each a name of its own\n";
        assert_eq!(content("Command", text), expected);
    }

    #[test]
    fn a_document_is_a_mapping_with_a_version() {
        let expected = "error E3051 … 6:16: a document is a mapping, and this is `a`\n  write `schemaVersion` and the steps under \
                        it\n";
        assert_eq!(content("Command", "a"), expected);
        let expected =
            "error E3051 … 6:7: this document has no `schemaVersion`\n  write `1.2`, `2.0` or `2.2`\n";
        assert_eq!(content("Command", "{a: b}"), expected);
    }
}
