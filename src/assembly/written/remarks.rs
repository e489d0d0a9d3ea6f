//! What was found in stacks, for who deploys them with the CDK: annotations of constructs, and a report.
//!
//! A CLI that knows the report prints that; one that does not prints the annotations.

use serde_json::{Map, Value, json};

use asi_constructs::kernel::{diagnostic::Severity, id::ConstructPath, span::Span};

use super::{Contents, Entry, VERSION, construct_fqn, construct_info, pretty, tree::resource_path};
use crate::validate::Finding;

/// The name of the report that stands for the annotations: a CLI that finds it does not print these as well.
const ANNOTATIONS: &str = "Construct Annotations";

/// The annotations of a stack, each with the path of its construct below the stack.
pub(super) fn annotations(of: &Entry<'_>, contents: &Contents<'_>) -> Vec<(String, Value)> {
    let open = of.findings.iter().filter(|it| it.acknowledged.is_none());
    open.map(|finding| {
        let (message, rule) = (&finding.diagnostic.message, rule(finding));
        let mut entry =
            json!({ "type": format!("aws:cdk:{}", severity(finding)), "data": format!("{message} [ack: {rule}]") });
        if let Some(trace) = trace(of, finding.diagnostic.span(), contents) {
            entry["trace"] = json!([trace]);
        }
        (construct_path(of, finding), entry)
    })
    .collect()
}

/// The report on these stacks; nothing if there is nothing to say.
pub(super) fn report(contents: &Contents<'_>) -> Option<String> {
    let all = || contents.stacks.iter().flat_map(|of| of.findings.iter().map(move |it| (of, it)));
    let open = all().filter(|(_, it)| it.acknowledged.is_none());
    let violations: Vec<Value> = open.map(|(of, it)| violation(of, it, contents).into()).collect();
    let acknowledged = all().filter_map(|(of, it)| {
        let mut violation = violation(of, it, contents);
        violation.insert("acknowledgedId".to_owned(), rule(it).into());
        violation.insert("reason".to_owned(), it.acknowledged.as_deref()?.into());
        Some(violation.into())
    });
    let acknowledged: Vec<Value> = acknowledged.collect();
    if violations.is_empty() && acknowledged.is_empty() {
        return None;
    }
    let mut plugin = json!({ "pluginName": ANNOTATIONS, "conclusion": "success", "violations": violations });
    if !acknowledged.is_empty() {
        plugin["suppressedViolations"] = acknowledged.into();
    }
    Some(pretty(&json!({ "version": VERSION, "title": "Validation Report", "pluginReports": [plugin] })))
}

/// A report in which nothing stands: it takes the place of one that no longer holds.
pub fn empty_report() -> String {
    pretty(&json!({ "version": VERSION, "title": "Validation Report", "pluginReports": [] }))
}

fn violation(of: &Entry<'_>, finding: &Finding, contents: &Contents<'_>) -> Map<String, Value> {
    let below = construct_path(of, finding);
    let stack = of.stack.name();
    let path = if below.is_empty() { stack.clone() } else { format!("{stack}/{below}") };
    let kind = declared_kind(of, &below);
    let mut construct = json!({
        "constructPath": path,
        "constructFqn": construct_fqn(kind),
        "libraryVersion": construct_info(kind)["version"],
    });
    if let Some(id) = &finding.resource {
        let mut resource = json!({ "templatePath": super::template_file(of.stack), "logicalId": id });
        // Below `Resources` and the logical id; the property paths of the CDK begin with `Properties`.
        if finding.path.len() > 2 {
            resource["propertyPaths"] = json!([finding.path[2..].join("/")]);
        }
        construct["cloudFormationResource"] = resource;
    }
    if let Some(trace) = trace(of, finding.diagnostic.span(), contents) {
        construct["stackTraces"] = json!([trace]);
    }
    let mut violation = Map::new();
    violation.insert("ruleName".to_owned(), rule(finding).into());
    violation.insert("description".to_owned(), finding.diagnostic.message.clone().into());
    violation
        .extend(finding.diagnostic.help.as_ref().map(|it| ("suggestedFix".to_owned(), it.clone().into())));
    violation.insert("severity".to_owned(), severity(finding).into());
    violation.insert("violatingConstructs".to_owned(), json!([construct]));
    violation
}

/// The code of a finding, as one of ours.
fn rule(finding: &Finding) -> String {
    format!("asi::{}", finding.diagnostic.code)
}

fn severity(finding: &Finding) -> &'static str {
    match finding.diagnostic.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// The construct a finding is about, by its path below the stack; the stack itself is empty.
fn construct_path(of: &Entry<'_>, finding: &Finding) -> String {
    let of_resource =
        finding.resource.as_deref().and_then(|id| of.template.paths.iter().find(|(it, _)| it.as_str() == id));
    if let Some((_, path)) = of_resource {
        return resource_path(of, path).into_owned();
    }
    let stack = of.stack.name();
    let known = finding.diagnostic.path.iter().flat_map(ConstructPath::components);
    let mut ids: Vec<&str> = known.skip_while(|it| *it == stack).collect();
    if finding.diagnostic.path.is_none() {
        ids.extend(of.stack.construct_at(finding.diagnostic.span()).map(|it| it.name.text.as_str()));
    }
    if let Some(id) = ids.first().and_then(|it| of.stack.moved.get(*it)) {
        ids[0] = id;
    }
    ids.join("/")
}

/// What the construct at this path is, as far as the stack file says.
fn declared_kind<'a>(of: &Entry<'a>, path: &str) -> &'a str {
    if path.is_empty() {
        return "Stack";
    }
    let declared = of.stack.constructs.iter().find(|it| it.name.text == of.stack.name_of(path));
    declared.map_or("Construct", |it| &it.kind.value)
}

/// Where something is written, as a line of a stack trace that the CDK's CLI can read.
pub(super) fn trace(of: &Entry<'_>, span: Span, contents: &Contents<'_>) -> Option<String> {
    let (file, (line, column)) = (contents.sources.file(span)?, contents.sources.line_and_column(span)?);
    Some(format!("{} ({}:{line}:{column})", of.stack.name(), file.name))
}
