//! A cloud assembly: what the CDK's own CLI lists, diffs and deploys.
//!
//! The smallest one it takes: a manifest and the template it names. Returns files; an op writes them.

use serde_json::{Map, Value, json};

use crate::{
    load::Stack,
    template::{Indent, Template},
};

/// The oldest version of the manifest that has all we write, so that older CLIs read it too.
const MANIFEST_VERSION: &str = "36.0.0";

/// A file of an assembly.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name in the assembly's folder.
    pub name: String,
    /// What it holds.
    pub contents: String,
}

/// The assembly of some stacks. Its last file is the manifest.
pub fn assemble<'a>(stacks: impl IntoIterator<Item = (&'a Stack, &'a Template)>) -> Vec<File> {
    let mut files = Vec::new();
    let mut artifacts = Map::new();
    for (stack, template) in stacks {
        let name = stack.name();
        let file = format!("{name}.template.json");
        artifacts.insert(name, artifact(stack, template, &file));
        files.push(File { name: file, contents: template.to_json(Indent::Cdk) });
    }
    let manifest = json!({ "version": MANIFEST_VERSION, "artifacts": artifacts });
    files.push(File { name: "manifest.json".to_owned(), contents: format!("{manifest:#}\n") });
    files
}

fn artifact(stack: &Stack, template: &Template, file: &str) -> Value {
    let mut properties = json!({ "templateFile": file });
    if !template.tags.is_empty() {
        properties["tags"] = template.tags.iter().map(|(key, it)| (key.clone(), json!(it))).collect();
    }
    json!({
        "type": "aws:cloudformation:stack",
        "environment": environment(stack),
        "properties": properties,
        "metadata": metadata(&stack.name(), template),
        "displayName": stack.name(),
    })
}

fn environment(stack: &Stack) -> String {
    let account = stack.account.as_deref().unwrap_or("unknown-account");
    let region = stack.region.as_deref().unwrap_or("unknown-region");
    format!("aws://{account}/{region}")
}

/// Which construct made each resource: the CLI shows its path instead of the logical id.
fn metadata(name: &str, template: &Template) -> Value {
    let entries = template.paths.iter().map(|(id, path)| {
        let entry = json!([{ "type": "aws:cdk:logicalId", "data": id.as_str() }]);
        (format!("/{name}/{path}"), entry)
    });
    Value::Object(entries.collect())
}
