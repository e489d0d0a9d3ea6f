//! What the manifests of somebody's assembly say.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{assets::inside, environment::UNKNOWN_REGION};

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
    /// The name CloudFormation knows it by.
    pub stack_name: String,
    /// The account it is bound to.
    pub account: Option<String>,
    /// The region it is bound to.
    pub region: Option<String>,
    /// Whom to be to deploy it.
    pub roles: Roles,
    /// Where CloudFormation finds its template once the files are there, as `s3://bucket/key`.
    pub template_url: Option<String>,
    /// What has to be there before.
    pub bootstrap: Option<Bootstrap>,
    /// The values of its parameters.
    pub parameters: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether it is to be protected from deletion, if the manifest tells.
    pub is_protected: Option<bool>,
    /// The stacks to be deployed before, by the names CloudFormation knows them by.
    pub needs: Vec<String>,
    /// The manifests of the files that have to be in buckets and registries before.
    pub assets: Vec<String>,
}

/// The roles that the deployment of a stack is done in, by ARN; they may have `${AWS::Partition}` in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// That of who talks to CloudFormation.
    pub deploy: Option<String>,
    /// That of who reads what is deployed.
    pub lookup: Option<String>,
    /// That of CloudFormation itself.
    pub execution: Option<String>,
}

/// The version of what `asi bootstrap` makes that a deployment needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// The least one.
    pub version: u64,
    /// The parameter of SSM in which the version stands.
    pub parameter: String,
}

/// The stacks of the assembly with this manifest; nothing if it is no manifest of an assembly. What would lead out of the
/// assembly's folder is left out.
pub fn stacks(manifest: &[u8]) -> Option<Listed> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    manifest.get("version")?.as_str()?;
    let artifacts = manifest.get("artifacts")?.as_object()?;
    let mut listed = Listed::default();
    for (id, artifact) in artifacts {
        let properties = &artifact["properties"];
        match artifact["type"].as_str() {
            Some("aws:cloudformation:stack") => listed.stacks.extend(stack(id, artifact, artifacts)),
            Some("cdk:cloud-assembly") => listed.assemblies.extend(inside(&properties["directoryName"])),
            _ => (),
        }
    }
    Some(listed)
}

/// What a manifest says of a stack; nothing, if it names no template of this assembly.
fn stack(id: &str, artifact: &Value, artifacts: &Map<String, Value>) -> Option<ListedStack> {
    let properties = &artifact["properties"];
    let text = |it: &Value| it.as_str().map(str::to_owned);
    let known = |it: &str| (!it.starts_with("unknown-")).then(|| it.to_owned());
    let environment =
        artifact["environment"].as_str().and_then(|it| it.strip_prefix("aws://")?.split_once('/'));
    let dependencies = artifact["dependencies"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let of_kind = |kind: &'static str| {
        let is_it = move |it: &(&str, &Value)| it.1["type"] == kind;
        dependencies.clone().filter_map(|it| Some((it, artifacts.get(it)?))).filter(is_it)
    };
    let bootstrap = properties["requiresBootstrapStackVersion"].as_u64().and_then(|version| {
        let parameter = text(&properties["bootstrapStackVersionSsmParameter"])?;
        Some(Bootstrap { version, parameter })
    });
    Some(ListedStack {
        name: artifact["displayName"].as_str().unwrap_or(id).to_owned(),
        template: inside(&properties["templateFile"])?,
        paths: paths(&artifact["metadata"], id),
        stack_name: name_of(id, artifact),
        account: environment.and_then(|(account, _)| known(account)),
        region: environment.and_then(|(_, region)| known(region)),
        roles: Roles {
            deploy: text(&properties["assumeRoleArn"]),
            lookup: text(&properties["lookupRole"]["arn"]),
            execution: text(&properties["cloudFormationExecutionRoleArn"]),
        },
        template_url: text(&properties["stackTemplateAssetObjectUrl"]),
        bootstrap,
        parameters: texts(&properties["parameters"]),
        tags: texts(&properties["tags"]),
        is_protected: properties["terminationProtection"].as_bool(),
        needs: of_kind("aws:cloudformation:stack").map(|(id, it)| name_of(id, it)).collect(),
        assets: of_kind("cdk:asset-manifest")
            .filter_map(|(_, it)| inside(&it["properties"]["file"]))
            .collect(),
    })
}

/// The name CloudFormation knows a stack by.
fn name_of(id: &str, artifact: &Value) -> String {
    artifact["properties"]["stackName"].as_str().unwrap_or(id).to_owned()
}

fn texts(entries: &Value) -> BTreeMap<String, String> {
    let entries = entries.as_object().into_iter().flatten();
    entries.filter_map(|(key, it)| Some((key.clone(), it.as_str()?.to_owned()))).collect()
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
        let listed = stacks(manifest).unwrap();
        assert_eq!(listed.assemblies, ["assembly-c"]);
        let [stack] = listed.stacks.as_slice() else { panic!("one stack is in the assembly: {listed:?}") };
        assert_eq!((stack.name.as_str(), stack.stack_name.as_str()), ("Stage/A", "a"));
        assert_eq!((stack.template.as_str(), &stack.paths), ("a.json", &paths));
        assert_eq!(stacks(br#"{"name": "app"}"#), None);
    }

    #[test]
    fn a_manifest_tells_what_the_deployment_of_its_stacks_needs() {
        let manifest = br#"{"version": "36.0.0", "artifacts": {
            "net": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "n.json", "stackName": "Net"}},
            "web.assets": {"type": "cdk:asset-manifest", "properties": {"file": "web.assets.json"}},
            "web": {"type": "aws:cloudformation:stack", "environment": "aws://111111111111/unknown-region",
                "dependencies": ["net", "web.assets"],
                "properties": {"templateFile": "w.json", "terminationProtection": true, "tags": {"team": "web"},
                    "parameters": {"Size": "2"}, "assumeRoleArn": "deploy", "cloudFormationExecutionRoleArn": "execute",
                    "lookupRole": {"arn": "look"}, "stackTemplateAssetObjectUrl": "s3://b/k",
                    "requiresBootstrapStackVersion": 6, "bootstrapStackVersionSsmParameter": "/v"}}}}"#;
        let web = stacks(manifest).unwrap().stacks.remove(1);
        assert_eq!((web.account.as_deref(), web.region.as_deref()), (Some("111111111111"), None));
        assert_eq!(
            (web.needs.as_slice(), web.assets.as_slice()),
            (["Net".to_owned()].as_slice(), ["web.assets.json".to_owned()].as_slice())
        );
        let roles = ["deploy", "look", "execute"].map(|it| Some(it.to_owned()));
        assert_eq!([web.roles.deploy, web.roles.lookup, web.roles.execution], roles);
        assert_eq!(web.bootstrap, Some(Bootstrap { version: 6, parameter: "/v".to_owned() }));
        assert_eq!((web.template_url.as_deref(), web.is_protected), (Some("s3://b/k"), Some(true)));
        assert_eq!((web.parameters["Size"].as_str(), web.tags["team"].as_str()), ("2", "web"));
    }
}
