//! What the tools that an app brings along have found in it, as `validation-report.json` says.

use asi_constructs::kernel::{diagnostic::Severity, node::Node};

use crate::load::Fields;

/// Something that a tool has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The tool.
    pub tool: String,
    /// Its name of the rule.
    pub rule: String,
    /// How bad the tool says it is.
    pub severity: Severity,
    /// What is wrong.
    pub text: String,
    /// How the tool says it is mended.
    pub help: Option<String>,
    /// The construct it was found in, by its path in the app.
    pub construct: Option<String>,
    /// The template it was found in, by its path in the assembly.
    pub template: Option<String>,
    /// The resource there.
    pub resource: Option<String>,
}

/// The violations in a report, once for each place; those that somebody acknowledged are not among them.
pub fn violations(report: &Node) -> Vec<Violation> {
    let mut found = Vec::new();
    // A report is a courtesy: what of it is not as it should be is passed over.
    let mut faults = Vec::new();
    let Some(mut report) = Fields::of(report, &mut faults) else { return found };
    let mut ignored = Vec::new();
    for plugin in report.list("pluginReports") {
        let Some(mut plugin) = Fields::of(plugin, &mut ignored) else { continue };
        let tool = plugin.string("pluginName").unwrap_or_default();
        for violation in plugin.list("violations") {
            found.extend(of_one(violation, &tool));
        }
    }
    found
}

fn of_one(violation: &Node, tool: &str) -> Vec<Violation> {
    let (mut faults, mut ignored) = (Vec::new(), Vec::new());
    let Some(mut fields) = Fields::of(violation, &mut faults) else { return Vec::new() };
    let severity = match fields.string("severity").as_deref() {
        Some("fatal" | "error") => Severity::Error,
        Some("info") => Severity::Info,
        _ => Severity::Warning,
    };
    let whole = Violation {
        tool: tool.to_owned(),
        rule: fields.string("ruleName").unwrap_or_default(),
        severity,
        text: fields.string("description").unwrap_or_default(),
        help: fields.string("suggestedFix").filter(|it| !it.is_empty()),
        construct: None,
        template: None,
        resource: None,
    };
    // Older reports have the resource beside the construct, newer ones below it.
    let places = [fields.list("violatingConstructs"), fields.list("violatingResources")].concat();
    let mut found = Vec::new();
    for place in &places {
        let Some(mut place) = Fields::of(place, &mut ignored) else { continue };
        let construct = place.string("constructPath");
        let of_resource = match place.fields("cloudFormationResource") {
            Some(mut it) => (it.string("templatePath"), it.string("logicalId")),
            None => (place.string("templatePath"), place.string("resourceLogicalId")),
        };
        let (template, resource) = of_resource;
        found.push(Violation { construct, template, resource, ..whole.clone() });
    }
    if found.is_empty() { vec![whole] } else { found }
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::span::Sources;

    use super::*;

    #[test]
    fn a_violation_is_told_for_each_place() {
        let text = r#"{"version": "2.0", "pluginReports": [{"pluginName": "nag", "conclusion": "failure", "violations": [
            {"ruleName": "S1", "description": "is open", "suggestedFix": "close it", "severity": "error",
             "violatingConstructs": [
                {"constructPath": "A/B", "cloudFormationResource": {"templatePath": "A.template.json", "logicalId": "B1"}},
                {"constructPath": "A/C"}]},
            {"ruleName": "S2", "description": "is odd", "severity": "custom"}, 3]}, []]}"#;
        let (root, _) = crate::load::document(text, super::super::REPORT, &mut Sources::default());
        let found = violations(&root.unwrap());
        let lines: Vec<String> = found
            .iter()
            .map(|it| {
                let place = [&it.construct, &it.template, &it.resource, &it.help]
                    .map(|it| it.as_deref().unwrap_or("-").to_owned());
                format!("{} {} {:?} {} {}", it.tool, it.rule, it.severity, it.text, place.join(" "))
            })
            .collect();
        assert_eq!(
            lines,
            [
                "nag S1 Error is open A/B A.template.json B1 close it",
                "nag S1 Error is open A/C - - close it",
                "nag S2 Warning is odd - - - -"
            ]
        );
        assert_eq!(violations(&Node::from_iter([])), []);
    }
}
