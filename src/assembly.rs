//! A cloud assembly: what the CDK's own CLI lists, diffs and deploys.
//!
//! The smallest one it takes: a manifest and the template it names. Returns files; an op writes them. Of somebody
//! else's assembly it reads which templates are stacks, and where these go.

use std::collections::BTreeMap;

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

/// A stack of somebody's assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// The file of its template.
    pub template: String,
    /// The path of what made each resource, by logical id.
    pub paths: Vec<(String, String)>,
}

/// The stacks of the assembly with this manifest; nothing if it is none.
pub fn stacks(manifest: &[u8]) -> Option<Vec<Listed>> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    manifest.get("version")?.as_str()?;
    let artifacts = manifest.get("artifacts")?.as_object()?;
    let stack = |(id, it): (&String, &Value)| {
        let template = it["properties"]["templateFile"].as_str()?.to_owned();
        let name = it["properties"]["stackName"].as_str().unwrap_or(id).to_owned();
        let is_stack = it["type"] == "aws:cloudformation:stack";
        is_stack.then(|| Listed { name, template, paths: paths(&it["metadata"]) })
    };
    Some(artifacts.iter().filter_map(stack).collect())
}

/// The paths in the metadata of a stack, without its own name at their beginning.
fn paths(metadata: &Value) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    for (path, entries) in metadata.as_object().into_iter().flatten() {
        let Some((_, path)) = path.trim_start_matches('/').split_once('/') else { continue };
        let ids = entries.as_array().into_iter().flatten().filter(|it| it["type"] == "aws:cdk:logicalId");
        let ids = ids.filter_map(|it| it["data"].as_str());
        paths.extend(ids.map(|it| (it.to_owned(), path.to_owned())));
    }
    paths
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
    fn a_manifest_tells_what_its_stacks_are() {
        let manifest = br#"{"version": "36.0.0", "artifacts": {
            "a": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "a.template.json"},
                "metadata": {"/a/Web/LB/Resource": [{"type": "aws:cdk:logicalId", "data": "WebLB"}],
                             "/a": [{"type": "aws:cdk:stack-tags", "data": []}]}},
            "b": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "b.json", "stackName": "B"}},
            "a.assets": {"type": "cdk:asset-manifest", "properties": {"file": "a.assets.json"}}}}"#;
        let listed = |name: &str, template: &str, paths: &[(&str, &str)]| Listed {
            name: name.to_owned(),
            template: template.to_owned(),
            paths: paths.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        };
        let expected =
            vec![listed("a", "a.template.json", &[("WebLB", "Web/LB/Resource")]), listed("B", "b.json", &[])];
        assert_eq!(stacks(manifest), Some(expected));
        assert_eq!(stacks(b"[]"), None);
    }

    #[test]
    fn a_manifest_tells_where_its_stacks_go() {
        let manifest = br#"{"version": "36.0.0", "artifacts": {
            "a": {"environment": "aws://111111111111/eu-west-1", "properties": {"templateFile": "a.template.json"}},
            "b": {"environment": "aws://unknown-account/unknown-region", "properties": {"templateFile": "b"}},
            "c": {"environment": 1, "properties": []}}}"#;
        let expected = BTreeMap::from([("a.template.json".to_owned(), "eu-west-1".to_owned())]);
        assert_eq!(regions(manifest), Some(expected));
        assert_eq!(stacks(manifest), Some(Vec::new()), "none of these says that it is a stack");
        assert_eq!(regions(br#"{"name": "app", "icons": []}"#), None);
        assert_eq!(regions(b"{"), None);
    }
}
