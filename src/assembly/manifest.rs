//! What the manifest of somebody's assembly says: its stacks, the assemblies within it, and what is wrong with it.
//!
//! All versions up to the newest known are read alike, because what is new in one stands beside what was there. Nothing
//! that is named in a manifest leads out of its folder.

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    node::Node,
    span::{Span, Spanned},
};

use super::metadata::Metadata;
use crate::load::Fields;

/// The newest version of a manifest that is read, in its first part: the others change nothing that readers depend on.
pub const NEWEST_VERSION: u64 = 55;

/// What a manifest lists.
#[derive(Debug, Default, PartialEq)]
pub struct Manifest {
    /// The stacks, in order.
    pub stacks: Vec<ListedStack>,
    /// The folders of assemblies within this one.
    pub nested: Vec<Spanned<String>>,
}

/// A stack that a manifest lists.
#[derive(Debug, PartialEq)]
pub struct ListedStack {
    /// The name of its artifact.
    pub id: Spanned<String>,
    /// The name people know it by: its path in the app.
    pub name: String,
    /// The file of its template.
    pub template: Spanned<String>,
    /// What is known of its constructs.
    pub metadata: Metadata,
    /// The file in which that stands, if it does not stand in the manifest.
    pub metadata_file: Option<Spanned<String>>,
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
    /// The stacks to be deployed before, by the names of their artifacts.
    pub dependencies: Vec<String>,
    /// The same, by the names CloudFormation knows them by.
    pub needs: Vec<String>,
    /// The manifests of the files that have to be in buckets and registries before.
    pub assets: Vec<Spanned<String>>,
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

/// Reads a manifest.
pub fn manifest(root: &Node) -> (Manifest, Vec<Diagnostic>) {
    let (mut manifest, mut diagnostics) = (Manifest::default(), Vec::new());
    if let Some(mut fields) = Fields::of(root, &mut diagnostics)
        && is_readable(&mut fields)
    {
        manifest.read(&mut fields);
    }
    (manifest, diagnostics)
}

/// Whether the version of a manifest is one that is read; says so, if not.
fn is_readable(fields: &mut Fields<'_, '_>) -> bool {
    let Some(version) = fields.required("version") else { return false };
    let major = version.value.split('.').next().and_then(|it| it.parse::<u64>().ok());
    let fault = match major {
        Some(major) if major <= NEWEST_VERSION => return true,
        Some(_) => {
            let text = "the assembly is of version";
            let fault = format!("{text} {}, and {NEWEST_VERSION} is the newest that is read", version.value);
            Diagnostic::error("assembly-version", fault)
                .help("upgrade `asi`, or write the assembly with an older `aws-cdk-lib`")
        }
        None => {
            let fault = format!("`{}` is no version of an assembly", version.value);
            Diagnostic::error("assembly-version", fault).help("write the assembly again")
        }
    };
    fields.report(fault.at(version.span));
    false
}

/// An artifact whose type matters.
struct Artifact<'n> {
    id: Spanned<&'n str>,
    kind: Option<&'n str>,
    node: &'n Node,
    dependencies: Vec<Spanned<&'n str>>,
}

impl Manifest {
    fn read(&mut self, fields: &mut Fields<'_, '_>) {
        let mut artifacts = BTreeMap::new();
        let mut order = Vec::new();
        let mut faults = Vec::new();
        for (id, node) in fields.entries("artifacts") {
            let Some(mut fields) = Fields::of(node, &mut faults) else { continue };
            let kind = fields.text("type").map(|it| it.value);
            let dependencies = fields.texts("dependencies");
            order.push(id.value);
            artifacts.insert(id.value, Artifact { id, kind, node, dependencies });
        }
        check_dependencies(&order, &artifacts, &mut faults);
        for artifact in order.iter().filter_map(|id| artifacts.get(id)) {
            let Some(mut fields) = Fields::of(artifact.node, &mut faults) else { continue };
            match artifact.kind {
                Some("aws:cloudformation:stack") => {
                    self.stacks.extend(stack(artifact, &artifacts, &mut fields));
                }
                Some("cdk:cloud-assembly") => {
                    let Some(mut properties) = fields.fields("properties") else { continue };
                    let folder = properties.required("directoryName");
                    self.nested.extend(folder.and_then(|it| checked(it, &mut properties)));
                }
                _ => (),
            }
        }
        faults.into_iter().for_each(|it| fields.report(it));
    }
}

/// What a manifest says of a stack; nothing, if it names no template of this assembly.
fn stack(
    artifact: &Artifact<'_>,
    artifacts: &BTreeMap<&str, Artifact<'_>>,
    fields: &mut Fields<'_, '_>,
) -> Option<ListedStack> {
    let id = artifact.id.value;
    let (account, region) = environment(fields);
    let name = fields.string("displayName").unwrap_or_else(|| id.to_owned());
    let metadata_file = fields.text("additionalMetadataFile");
    let metadata_file = metadata_file.and_then(|it| checked(it, fields));
    let entries = fields.entries("metadata");
    let metadata = Metadata::read(&entries, &name, fields);
    let of_kind = |kind: &'static str| {
        let dependencies = artifact.dependencies.iter().filter_map(|it| artifacts.get(it.value));
        dependencies.filter(move |it| it.kind == Some(kind))
    };
    let stacks = || of_kind("aws:cloudformation:stack");
    let mut assets = Vec::new();
    for it in of_kind("cdk:asset-manifest") {
        let file = it.node.get("properties").and_then(|it| it.get("file"));
        let file = file.and_then(|it| Some(Spanned::new(it.as_str()?, it.span)));
        assets.extend(file.and_then(|it| checked(it, fields)));
    }
    let Some(mut properties) = fields.fields("properties") else {
        fields.report(
            Diagnostic::error("missing-property", format!("`{id}` names no template")).at(artifact.id.span),
        );
        return None;
    };
    let template = properties.required("templateFile")?;
    let template = checked(template, &mut properties)?;
    let version = properties.number("requiresBootstrapStackVersion");
    let parameter = properties.string("bootstrapStackVersionSsmParameter");
    let lookup = properties.fields("lookupRole").and_then(|mut it| it.string("arn"));
    Some(ListedStack {
        id: Spanned::new(id.to_owned(), artifact.id.span),
        name,
        template,
        metadata,
        metadata_file,
        stack_name: properties.string("stackName").unwrap_or_else(|| id.to_owned()),
        account,
        region,
        roles: Roles {
            deploy: properties.string("assumeRoleArn"),
            lookup,
            execution: properties.string("cloudFormationExecutionRoleArn"),
        },
        template_url: properties.string("stackTemplateAssetObjectUrl"),
        bootstrap: version.zip(parameter).map(|(version, parameter)| Bootstrap { version, parameter }),
        parameters: properties.pairs("parameters").into_iter().collect(),
        tags: properties.pairs("tags").into_iter().collect(),
        is_protected: properties.bool("terminationProtection"),
        dependencies: stacks().map(|it| it.id.value.to_owned()).collect(),
        needs: stacks().map(name_of).collect(),
        assets,
    })
}

/// The name CloudFormation knows a stack by.
fn name_of(artifact: &Artifact<'_>) -> String {
    let name = artifact.node.get("properties").and_then(|it| it.get("stackName")).and_then(Node::as_str);
    name.unwrap_or(artifact.id.value).to_owned()
}

/// The account and the region that an artifact is bound to.
fn environment(fields: &mut Fields<'_, '_>) -> (Option<String>, Option<String>) {
    let Some(text) = fields.text("environment") else { return (None, None) };
    let Some((account, region)) = text.value.strip_prefix("aws://").and_then(|it| it.split_once('/')) else {
        let fault = format!("`{}` is no environment of AWS", text.value);
        let fault = Diagnostic::error("assembly-environment", fault).at(text.span);
        fields.report(fault.help("write it as `aws://ACCOUNT/REGION`"));
        return (None, None);
    };
    let known = |it: &str| (!it.starts_with("unknown-") && !it.is_empty()).then(|| it.to_owned());
    (known(account), known(region))
}

/// A path that does not lead out of the folder it is counted from, on whatever system it was written, with `/` between its
/// parts.
pub fn inside(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|it| *it != ".").collect();
    let is_fine = |it: &&str| !it.is_empty() && *it != ".." && !it.contains(['\0', ':']);
    (!parts.is_empty() && parts.iter().all(is_fine)).then(|| parts.join("/"))
}

/// The same of what a manifest names; says so, if it leads out.
fn checked(path: Spanned<&str>, fields: &mut Fields<'_, '_>) -> Option<Spanned<String>> {
    let inside = inside(path.value);
    if inside.is_none() {
        let fault = format!("`{}` leads out of the assembly", path.value);
        let fault = Diagnostic::error("assembly-escape", fault).at(path.span);
        fields.report(fault.help("name a file or folder in the folder of this manifest"));
    }
    Some(Spanned::new(inside?, path.span))
}

/// Reports artifacts that are not there, and such as wait for each other.
fn check_dependencies(
    order: &[&str],
    artifacts: &BTreeMap<&str, Artifact<'_>>,
    faults: &mut Vec<Diagnostic>,
) {
    for artifact in order.iter().filter_map(|it| artifacts.get(it)) {
        for it in artifact.dependencies.iter().filter(|it| !artifacts.contains_key(it.value)) {
            let fault = format!("`{}` depends on `{}`, which is not there", artifact.id.value, it.value);
            let fault = Diagnostic::error("assembly-dependency", fault).at(it.span);
            faults.push(fault.suggest(it.value, order.iter().copied()));
        }
    }
    let Some(cycle) = cycle(order, artifacts) else { return };
    let way = cycle.iter().chain(cycle.first()).map(|it| format!("`{it}`")).collect::<Vec<_>>();
    let fault = format!("artifacts wait for each other: {}", way.join(" → "));
    let place = artifacts.get(cycle[0]).map_or(Span::default(), |it| it.id.span);
    let help = "take out one of these dependencies, and write the assembly again";
    faults.push(Diagnostic::error("assembly-cycle", fault).at(place).help(help));
}

/// Artifacts each of which depends on the next, and the last on the first.
fn cycle<'n>(order: &[&'n str], artifacts: &BTreeMap<&'n str, Artifact<'n>>) -> Option<Vec<&'n str>> {
    let needs = |id: &str| artifacts.get(id).into_iter().flat_map(|it| &it.dependencies);
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for id in order {
        let known: Vec<&str> = needs(id).map(|it| it.value).filter(|it| artifacts.contains_key(it)).collect();
        open.insert(id, known.len());
        known.iter().for_each(|it| users.entry(it).or_default().push(id));
    }
    let mut free: Vec<&str> = open.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    let mut left: BTreeSet<&str> = order.iter().copied().collect();
    while let Some(id) = free.pop() {
        left.remove(id);
        for user in users.get(id).into_iter().flatten() {
            let count = open.entry(user).or_default();
            *count -= 1;
            if *count == 0 {
                free.push(user);
            }
        }
    }
    // What is left depends on something that is left, and so the way comes back.
    let mut way = vec![*order.iter().find(|it| left.contains(*it))?];
    loop {
        let next = needs(way.last()?).find(|it| left.contains(it.value))?.value;
        if let Some(at) = way.iter().position(|it| *it == next) {
            return Some(way.split_off(at));
        }
        way.push(next);
    }
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::span::Sources;

    use super::*;

    /// What a manifest says, and a line for each fault.
    fn read(text: &str) -> (Manifest, Vec<String>) {
        let mut sources = Sources::default();
        let (root, faults) = crate::load::document(text, "manifest.json", &mut sources);
        assert_eq!(faults, []);
        let (manifest, faults) = manifest(&root.unwrap());
        let line = |it: &Diagnostic| {
            format!("{} at {}: {}", it.code, sources.text(it.span()).unwrap_or("-"), it.message)
        };
        (manifest, faults.iter().map(line).collect())
    }

    #[test]
    fn tells_its_stacks_and_what_made_their_resources() {
        let (found, faults) = read(
            r#"{"version": "36.0.0", "artifacts": {
            "a": {"type": "aws:cloudformation:stack", "displayName": "Stage/A", "properties": {"templateFile": "a.json"},
                "metadata": {"/Stage/A/Jobs/Resource": [{"type": "aws:cdk:logicalId", "data": "Jobs1"}]}},
            "c": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-c"}},
            "d": {"type": "cdk:tree"}, "e": {"type": "of:the:future", "properties": 1}}}"#,
        );
        assert_eq!(faults, [""; 0]);
        assert_eq!(found.nested.iter().map(|it| &it.value).collect::<Vec<_>>(), ["assembly-c"]);
        let [stack] = found.stacks.as_slice() else { panic!("one stack is in the assembly: {found:?}") };
        assert_eq!((stack.name.as_str(), stack.stack_name.as_str()), ("Stage/A", "a"));
        let paths = BTreeMap::from([("Jobs1".to_owned(), "Jobs/Resource".to_owned())]);
        assert_eq!((stack.template.value.as_str(), stack.metadata.paths()), ("a.json", paths));
    }

    #[test]
    fn tells_what_the_deployment_of_its_stacks_needs() {
        let (mut found, faults) = read(
            r#"{"version": "36.0.0", "artifacts": {
            "net": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "n.json", "stackName": "Net"}},
            "web.assets": {"type": "cdk:asset-manifest", "properties": {"file": "web.assets.json"}},
            "web": {"type": "aws:cloudformation:stack", "environment": "aws://111111111111/unknown-region",
                "dependencies": ["net", "web.assets"],
                "properties": {"templateFile": "w.json", "terminationProtection": true, "tags": {"team": "web"},
                    "parameters": {"Size": "2"}, "assumeRoleArn": "deploy", "cloudFormationExecutionRoleArn": "execute",
                    "lookupRole": {"arn": "look"}, "stackTemplateAssetObjectUrl": "s3://b/k",
                    "requiresBootstrapStackVersion": 6, "bootstrapStackVersionSsmParameter": "/v"}}}}"#,
        );
        assert_eq!(faults, [""; 0]);
        let web = found.stacks.remove(1);
        assert_eq!((web.account.as_deref(), web.region.as_deref()), (Some("111111111111"), None));
        let assets: Vec<&str> = web.assets.iter().map(|it| it.value.as_str()).collect();
        assert_eq!((web.dependencies, web.needs), (vec!["net".to_owned()], vec!["Net".to_owned()]));
        assert_eq!(assets, ["web.assets.json"]);
        let roles = ["deploy", "look", "execute"].map(|it| Some(it.to_owned()));
        assert_eq!([web.roles.deploy, web.roles.lookup, web.roles.execution], roles);
        assert_eq!(web.bootstrap, Some(Bootstrap { version: 6, parameter: "/v".to_owned() }));
        assert_eq!((web.template_url.as_deref(), web.is_protected), (Some("s3://b/k"), Some(true)));
        assert_eq!((web.parameters["Size"].as_str(), web.tags["team"].as_str()), ("2", "web"));
    }

    #[test]
    fn every_version_up_to_the_newest_is_read() {
        for major in 17..=NEWEST_VERSION {
            assert_eq!(read(&format!(r#"{{"version": "{major}.0.0"}}"#)).1, [""; 0]);
        }
        let faults = |version: &str| read(&format!(r#"{{"version": {version}}}"#)).1;
        assert_eq!(
            faults("\"56.0.0\""),
            [
                "assembly-version at \"56.0.0\": the assembly is of version 56.0.0, and 55 is the newest that is read"
            ]
        );
        assert_eq!(faults("\"new\""), ["assembly-version at \"new\": `new` is no version of an assembly"]);
        assert_eq!(faults("55"), ["wrong-type at 55: expected a text, found the number 55"]);
        assert_eq!(read("{}").1, ["missing-property at {}: `version` is missing"]);
        assert_eq!(read("[]").1, ["wrong-type at []: expected a mapping, found a list"]);
    }

    #[test]
    fn paths_stay_inside_whoever_wrote_them() {
        let inside = |it: &str| inside(it);
        assert_eq!(inside("a.json").as_deref(), Some("a.json"));
        assert_eq!(inside("./assembly-a\\b.json").as_deref(), Some("assembly-a/b.json"));
        for outside in [
            "",
            ".",
            "..",
            "../a",
            "a/../../b",
            "/etc/passwd",
            "..\\a",
            "C:\\a",
            "\\\\host\\a",
            "a//b",
            "a\0",
        ] {
            assert_eq!(inside(outside), None, "{outside}");
        }
    }

    #[test]
    fn artifacts_that_wait_for_each_other_are_told() {
        let stack = r#""type": "aws:cloudformation:stack", "properties": {"templateFile": "t"}"#;
        let (_, faults) = read(&format!(
            r#"{{"version": "36.0.0", "artifacts": {{"a": {{{stack}, "dependencies": ["b"]}},
            "b": {{{stack}, "dependencies": ["c", "bb"]}}, "c": {{{stack}, "dependencies": ["b"]}}}}}}"#
        ));
        assert_eq!(
            faults,
            [
                "assembly-dependency at \"bb\": `b` depends on `bb`, which is not there",
                "assembly-cycle at \"b\": artifacts wait for each other: `b` → `c` → `b`"
            ]
        );
    }
}
