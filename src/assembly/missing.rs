//! What an app lacks of AWS, as its manifest lists it under `missing`.

use asi_constructs::kernel::{diagnostic::Diagnostic, lookup::Missing, map::Entry, node::Node};

use crate::template::to_value;

/// What the manifest says is missing, each thing once, and what is wrong with that list.
pub fn missing(manifest: &Node) -> (Vec<Missing>, Vec<Diagnostic>) {
    let Some(listed) = manifest.get("missing") else { return (Vec::new(), Vec::new()) };
    let Some(entries) = listed.as_list() else {
        return (Vec::new(), vec![not_readable(listed, "`missing` is a list")]);
    };
    let mut missing: Vec<Missing> = Vec::new();
    let mut faults = Vec::new();
    for entry in entries {
        match one(entry) {
            Ok(it) if missing.iter().any(|known| known.key == it.key) => (),
            Ok(it) => missing.push(it),
            Err(fault) => faults.push(fault),
        }
    }
    (missing, faults)
}

fn one(entry: &Node) -> Result<Missing, Diagnostic> {
    let text = |name: &str| {
        let value = entry.get(name);
        let text = value.and_then(Node::as_str).map(str::to_owned);
        text.ok_or_else(|| not_readable(value.unwrap_or(entry), &format!("its `{name}` is a text")))
    };
    let props = entry.get("props");
    let Some(asked) = props.and_then(Node::as_map) else {
        return Err(not_readable(props.unwrap_or(entry), "its `props` say what is asked"));
    };
    let asked = asked.iter().map(|(name, Entry { value, .. })| (name.to_string(), to_value(value)));
    Ok(Missing { key: text("key")?, provider: text("provider")?, props: asked.collect() })
}

fn not_readable(at: &Node, rule: &str) -> Diagnostic {
    let fault = format!("this is nothing that can be looked up, but {}", at.describe());
    Diagnostic::error("missing-context", fault)
        .at(at.span)
        .help(format!("have the assembly written again: {rule}"))
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::{
        span::Sources,
        yaml::{self, Format},
    };
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> (Vec<Missing>, Vec<String>) {
        let mut sources = Sources::default();
        let file = sources.add("manifest.json", text);
        let (node, faults) = yaml::parse(text, file, Format::Json);
        assert_eq!(faults, []);
        let (missing, faults) = missing(&node.expect("a document"));
        let told = faults
            .iter()
            .map(|it| format!("{} at `{}`: {}", it.code, sources.text(it.span()).unwrap_or("?"), it.message));
        (missing, told.collect())
    }

    #[test]
    fn what_is_missing_is_read_with_all_that_is_asked() {
        let entry = r#"{"key": "ssm:a", "provider": "ssm", "props": {"account": "1", "list": [1, true, null, 1.5, {"a": "b"}]}}"#;
        let (missing, faults) = read(&format!(r#"{{"version": "55.0.0", "missing": [{entry}, {entry}]}}"#));
        assert_eq!(faults, [""; 0]);
        let props = json!({ "account": "1", "list": [1, true, null, 1.5, { "a": "b" }] });
        let props = props.as_object().expect("a mapping").clone();
        assert_eq!(missing, [Missing { key: "ssm:a".to_owned(), provider: "ssm".to_owned(), props }]);
        assert_eq!(read(r#"{"version": "55.0.0"}"#), (Vec::new(), Vec::new()));
    }

    #[test]
    fn what_is_no_such_list_is_pointed_at() {
        let faults = |list: &str| read(&format!(r#"{{"missing": {list}}}"#)).1;
        assert_eq!(
            faults("3"),
            ["missing-context at `3`: this is nothing that can be looked up, but the number 3"]
        );
        assert_eq!(
            faults(
                r#"[null, {"key": 1, "provider": "ssm", "props": {}}, {"key": "k", "provider": "ssm", "props": []}]"#
            ),
            [
                "missing-context at `null`: this is nothing that can be looked up, but nothing",
                "missing-context at `1`: this is nothing that can be looked up, but the number 1",
                "missing-context at `[]`: this is nothing that can be looked up, but a list",
            ]
        );
    }
}
