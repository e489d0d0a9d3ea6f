//! A cloud assembly: what the CDK's own CLI lists, diffs and deploys.
//!
//! The smallest one it takes: a manifest and the template it names. Returns files; an op writes them. Of somebody
//! else's assembly it reads which templates are stacks, where these go, and what their deployment needs.

mod assets;
mod listed;
mod missing;

use serde_json::{Map, Value, json};

use crate::{
    load::Stack,
    template::{Indent, Template},
};

pub use assets::{Assets, Build, FileAsset, FileSource, ImageAsset, ImageSource, Place, assets};
pub use listed::{Bootstrap, Listed, ListedStack, Roles, regions, stacks};
pub use missing::missing;

/// The oldest version of the manifest that has all we write, so that older CLIs read it too.
const MANIFEST_VERSION: &str = "36.0.0";

/// What stands for the region of a stack that may be deployed to any.
const UNKNOWN_REGION: &str = "unknown-region";

/// The manifest of an assembly: its folder is known by it.
pub const MANIFEST: &str = "manifest.json";

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
    let stacks: Vec<_> = stacks.into_iter().collect();
    let names: Vec<String> = stacks.iter().map(|(stack, _)| stack.name()).collect();
    let mut files = Vec::new();
    let mut artifacts = Map::new();
    for ((stack, template), name) in stacks.into_iter().zip(&names) {
        let file = format!("{name}.template.json");
        artifacts.insert(name.clone(), artifact(stack, template, &file, &names));
        files.push(File { name: file, contents: template.to_json(Indent::Cdk) });
    }
    // `json!` would copy what is put into it, and there is an entry for each resource.
    let entries = [("version", json!(MANIFEST_VERSION)), ("artifacts", Value::Object(artifacts))];
    let manifest: Map<String, Value> = entries.into_iter().map(|(key, it)| (key.to_owned(), it)).collect();
    let mut contents = serde_json::to_string_pretty(&manifest).expect("its keys are text");
    contents.push('\n');
    files.push(File { name: MANIFEST.to_owned(), contents });
    files
}

/// A stack of an assembly in which are the stacks `among`.
fn artifact(stack: &Stack, template: &Template, file: &str, among: &[String]) -> Value {
    let mut properties = json!({ "templateFile": file });
    if !template.tags.is_empty() {
        properties["tags"] = template.tags.iter().map(|(key, it)| (key.clone(), json!(it))).collect();
    }
    let mut artifact = json!({
        "type": "aws:cloudformation:stack",
        "environment": environment(stack),
        "properties": properties,
    });
    let needs: Vec<&String> = template.needs.iter().filter(|it| among.contains(it)).collect();
    if !needs.is_empty() {
        artifact["dependencies"] = json!(needs);
    }
    artifact["metadata"] = metadata(&stack.name(), template);
    artifact["displayName"] = json!(stack.name());
    artifact
}

fn environment(stack: &Stack) -> String {
    let account = stack.account.as_deref().unwrap_or("unknown-account");
    let region = stack.region.as_deref().unwrap_or(UNKNOWN_REGION);
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
