//! The assembly of our stacks: all that the CDK's own CLI needs to list, compare and deploy them.

mod assets;
mod remarks;
mod tree;

use asi_constructs::kernel::{collate, lookup::Missing, span::Sources};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::{MANIFEST, environment::Environment};
use crate::{
    load::Stack,
    template::{Indent, Template},
    validate::Finding,
};

pub use assets::{Asset, folder_of, hash};
pub use remarks::empty_report;

/// The oldest version of the manifest that has all we write, so that older CLIs read it too.
pub const VERSION: &str = "36.0.0";

/// The version of what `asi bootstrap` makes that a deployment needs: from it on, the bucket takes templates of any key.
const BOOTSTRAP_VERSION: u64 = 6;

/// The version from which on there is a role to look around with.
const LOOKUP_VERSION: u64 = 8;

/// The file with what was found in the stacks.
pub const REPORT: &str = "validation-report.json";

/// A file of an assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name in the assembly's folder.
    pub name: String,
    /// What it holds.
    pub contents: String,
}

/// What goes into an assembly.
#[derive(Debug)]
pub struct Contents<'a> {
    /// The stacks, in order.
    pub stacks: Vec<Entry<'a>>,
    /// What has to be looked up before there can be stacks.
    pub missing: &'a [&'a Missing],
    /// The files that were read, in which the stacks stand.
    pub sources: &'a Sources,
    /// The name under which the environments were bootstrapped.
    pub qualifier: &'a str,
}

/// A stack for an assembly.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// Its template.
    pub template: &'a Template,
    /// What was found in it.
    pub findings: &'a [Finding],
}

/// The files of an assembly. The last one is the manifest: who finds it finds what it names.
pub fn assemble(contents: &Contents<'_>) -> Vec<File> {
    let among: Vec<String> = contents.stacks.iter().map(|it| it.stack.name()).collect();
    let mut files = Vec::new();
    let mut artifacts = Map::new();
    for entry in &contents.stacks {
        let name = entry.stack.name();
        let environment = Environment::new(
            entry.stack.account.as_deref(),
            entry.stack.region.as_deref(),
            contents.qualifier,
        );
        let template =
            File { name: template_file(entry.stack), contents: entry.template.to_json(Indent::Cdk) };
        let asset = Asset::of_template(&name, &template.name, &template.contents);
        let manifest = format!("{name}.assets.json");
        artifacts.insert(format!("{name}.assets"), assets::artifact(&manifest, &environment));
        artifacts.insert(name, artifact(entry, &asset, &environment, &among, contents));
        files.push(template);
        files.push(File {
            name: manifest,
            contents: assets::manifest(&[asset], &entry.template.images, &environment),
        });
    }
    artifacts.insert("Tree".to_owned(), json!({ "type": "cdk:tree", "properties": { "file": "tree.json" } }));
    files.push(File { name: "tree.json".to_owned(), contents: tree::tree(&contents.stacks) });
    files.extend(remarks::report(contents).map(|contents| File { name: REPORT.to_owned(), contents }));
    files.push(File { name: "cdk.out".to_owned(), contents: json!({ "version": VERSION }).to_string() });
    // `json!` would copy what is put into it, and there is an entry for each resource.
    let entries = [("version", VERSION.into()), ("artifacts", Value::Object(artifacts))];
    let mut manifest: Map<String, Value> =
        entries.into_iter().map(|(key, it)| (key.to_owned(), it)).collect();
    if !contents.missing.is_empty() {
        let missing = contents.missing.iter().map(|it| lookup(it, contents.qualifier)).collect();
        manifest.insert("missing".to_owned(), missing);
    }
    files.push(File { name: MANIFEST.to_owned(), contents: pretty(&manifest.into()) });
    files
}

/// Something to be looked up, and in which role.
fn lookup(missing: &Missing, qualifier: &str) -> Value {
    let place = |name: &str| missing.props.get(name).and_then(Value::as_str);
    let environment = Environment::new(place("account"), place("region"), qualifier);
    let mut props = missing.props.clone();
    props.insert("lookupRoleArn".to_owned(), environment.role("lookup").into());
    json!({ "key": missing.key, "provider": missing.provider, "props": props })
}

/// The file with the template of a stack.
fn template_file(stack: &Stack) -> String {
    format!("{}.template.json", stack.name())
}

/// A stack of an assembly in which are the stacks `among`.
fn artifact(
    of: &Entry<'_>,
    asset: &Asset,
    environment: &Environment,
    among: &[String],
    contents: &Contents<'_>,
) -> Value {
    let (name, parameter) = (of.stack.name(), environment.version_parameter());
    let mut properties = Map::new();
    let mut put = |key: &str, value: Value| properties.insert(key.to_owned(), value);
    put("templateFile", template_file(of.stack).into());
    if let Some(is_protected) = of.stack.is_protected {
        put("terminationProtection", is_protected.into());
    }
    if !of.template.tags.is_empty() {
        put("tags", tags(of.template));
    }
    put("validateOnSynth", false.into());
    put("assumeRoleArn", environment.role("deploy").into());
    put("cloudFormationExecutionRoleArn", environment.role("cfn-exec").into());
    let url = format!("s3://{}/{}", environment.bucket(), asset.key());
    put("stackTemplateAssetObjectUrl", url.into());
    put("requiresBootstrapStackVersion", BOOTSTRAP_VERSION.into());
    put("bootstrapStackVersionSsmParameter", parameter.clone().into());
    let lookup = json!({
        "arn": environment.role("lookup"),
        "requiresBootstrapStackVersion": LOOKUP_VERSION,
        "bootstrapStackVersionSsmParameter": parameter,
    });
    put("lookupRole", lookup);
    let needs = of.template.needs.iter().filter(|it| among.contains(it));
    let dependencies: Vec<String> = needs.cloned().chain([format!("{name}.assets")]).collect();
    let entries = [
        ("type", "aws:cloudformation:stack".into()),
        ("environment", environment.url().into()),
        ("properties", properties.into()),
        ("dependencies", dependencies.into()),
        ("metadata", metadata(of, contents)),
        ("displayName", name.into()),
    ];
    entries.into_iter().map(|(key, it)| (key.to_owned(), it)).collect()
}

/// The tags of a stack, in the order of the CDK.
fn tags(template: &Template) -> Value {
    let mut tags: Vec<(&String, &String)> = template.tags.iter().collect();
    tags.sort_by(|(a, _), (b, _)| collate::compare(a, b));
    tags.into_iter().map(|(key, it)| (key.clone(), Value::from(it.as_str()))).collect()
}

/// What is said of the constructs of a stack, by their paths: the CLI shows these instead of logical ids.
fn metadata(of: &Entry<'_>, contents: &Contents<'_>) -> Value {
    let stack = format!("/{}", of.stack.name());
    let mut entries: IndexMap<String, Vec<Value>> = IndexMap::new();
    let own = entries.entry(stack.clone()).or_default();
    let written = of.stack.part.as_ref().unwrap_or(&of.stack.app).span;
    if let Some(trace) = remarks::trace(of, written, contents) {
        own.push(json!({ "type": "aws:cdk:creationStack", "data": [trace] }));
    }
    own.push(json!({ "type": "aws:cdk:templateFile", "data": template_file(of.stack) }));
    for construct in tree::constructs(of) {
        let mut entry = json!({ "type": "aws:cdk:logicalId", "data": construct.logical_id });
        let written =
            of.template.body.get(construct.section).and_then(|it| it.as_map()?.get(construct.logical_id));
        if let Some(trace) = written.and_then(|it| remarks::trace(of, it.key, contents)) {
            entry["trace"] = json!([trace]);
        }
        entries.entry(format!("{stack}/{}", construct.path)).or_default().push(entry);
    }
    for (path, annotation) in remarks::annotations(of, contents) {
        let path = if path.is_empty() { stack.clone() } else { format!("{stack}/{path}") };
        entries.entry(path).or_default().push(annotation);
    }
    entries.into_iter().map(|(path, it)| (path, Value::Array(it))).collect()
}

/// What made a construct: ours, and so under our name and version.
fn construct_info(kind: &str) -> Value {
    json!({ "fqn": construct_fqn(kind), "version": env!("CARGO_PKG_VERSION") })
}

fn construct_fqn(kind: &str) -> String {
    format!("asi.{kind}")
}

/// JSON as the CDK indents it, without an end of the last line.
fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("its keys are text")
}
