//! A cloud assembly: what the CDK's own CLI lists, diffs and deploys.
//!
//! The smallest one it takes: a manifest and the template it names. Returns files; an op writes them. Of somebody
//! else's assembly it reads which templates are stacks, and where these go.

use std::{
    collections::BTreeMap,
    path::{Component, Path},
};

use serde_json::{Map, Value, json};

use crate::{
    load::Stack,
    template::{Indent, Template},
};

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

/// The regions that a manifest binds stacks to, each with the name of the stack's template; nothing if it is no
/// manifest of an assembly.
pub fn regions(manifest: &[u8]) -> Option<BTreeMap<String, String>> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    manifest.get("version")?.as_str()?;
    let artifacts = manifest.get("artifacts")?.as_object()?;
    let region = |it: &Value| {
        let template = it["properties"]["templateFile"].as_str()?;
        let (_, region) = it["environment"].as_str()?.strip_prefix("aws://")?.split_once('/')?;
        (region != UNKNOWN_REGION).then(|| (template.to_owned(), region.to_owned()))
    };
    Some(artifacts.values().filter_map(region).collect())
}

/// What a manifest lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The stacks, in order.
    pub stacks: Vec<ListedStack>,
    /// The folders of assemblies within this one.
    pub assemblies: Vec<String>,
}

/// A stack that a manifest lists.
#[derive(Debug, PartialEq, Eq)]
pub struct ListedStack {
    /// The name people know it by.
    pub name: String,
    /// The file of its template.
    pub template: String,
    /// The construct that made each resource, by its path below the stack, if the manifest tells.
    pub paths: BTreeMap<String, String>,
}

/// The stacks of the assembly with this manifest; nothing if it is no manifest of an assembly. What would lead out of the
/// assembly's folder is left out.
pub fn stacks(manifest: &[u8]) -> Option<Listed> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    manifest.get("version")?.as_str()?;
    let mut listed = Listed::default();
    for (id, artifact) in manifest.get("artifacts")?.as_object()? {
        let properties = &artifact["properties"];
        let inside = |it: &Value| {
            let mut parts = Path::new(it.as_str()?).components();
            parts.all(|it| matches!(it, Component::Normal(_))).then(|| it.as_str().map(str::to_owned))?
        };
        match artifact["type"].as_str() {
            Some("aws:cloudformation:stack") => {
                let name = artifact["displayName"].as_str().unwrap_or(id).to_owned();
                let Some(template) = inside(&properties["templateFile"]) else { continue };
                listed.stacks.push(ListedStack { name, template, paths: paths(&artifact["metadata"], id) });
            }
            Some("cdk:cloud-assembly") => listed.assemblies.extend(inside(&properties["directoryName"])),
            _ => (),
        }
    }
    Some(listed)
}

/// The construct of each logical id, as the metadata of a stack's artifact has it.
fn paths(metadata: &Value, stack: &str) -> BTreeMap<String, String> {
    let entries = metadata.as_object().into_iter().flatten();
    let found = entries.filter_map(|(path, entries)| {
        let path = path.strip_prefix('/')?;
        // The path of a stack within a stage has several parts; its name is made of them.
        let below = path.strip_prefix(stack).and_then(|it| it.strip_prefix('/'));
        let below = below.or_else(|| path.split_once('/').map(|it| it.1))?;
        let id = entries.as_array()?.iter().find(|it| it["type"] == "aws:cdk:logicalId")?["data"].as_str()?;
        Some((id.to_owned(), below.to_owned()))
    });
    found.collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_tells_where_its_stacks_go() {
        let manifest = br#"{"version": "36.0.0", "artifacts": {
            "a": {"environment": "aws://111111111111/eu-west-1", "properties": {"templateFile": "a.template.json"}},
            "b": {"environment": "aws://unknown-account/unknown-region", "properties": {"templateFile": "b"}},
            "c": {"environment": 1, "properties": []}}}"#;
        let expected = BTreeMap::from([("a.template.json".to_owned(), "eu-west-1".to_owned())]);
        assert_eq!(regions(manifest), Some(expected));
        assert_eq!(stacks(manifest), Some(Listed::default()), "none of these says that it is a stack");
        assert_eq!(regions(br#"{"name": "app", "icons": []}"#), None);
        assert_eq!(regions(b"{"), None);
    }

    #[test]
    fn a_manifest_tells_its_stacks_and_what_made_their_resources() {
        let manifest = br#"{"version": "36.0.0", "artifacts": {
            "a": {"type": "aws:cloudformation:stack", "displayName": "Stage/A", "properties": {"templateFile": "a.json"},
                "metadata": {"/a/Jobs/Resource": [{"type": "aws:cdk:logicalId", "data": "Jobs1"}]}},
            "b": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "../b.json"}},
            "c": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-c"}},
            "d": {"type": "cdk:tree"}}}"#;
        let paths = BTreeMap::from([("Jobs1".to_owned(), "Jobs/Resource".to_owned())]);
        let stack = ListedStack { name: "Stage/A".to_owned(), template: "a.json".to_owned(), paths };
        assert_eq!(
            stacks(manifest),
            Some(Listed { stacks: vec![stack], assemblies: vec!["assembly-c".to_owned()] })
        );
        assert_eq!(stacks(br#"{"name": "app"}"#), None);
    }
}
