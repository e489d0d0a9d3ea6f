//! Validation in tests: a template as text in, what was found as text out.

use asi_constructs::kernel::{
    diagnostic::Severity,
    node::Node,
    span::Sources,
    yaml::{self, Format},
};

use super::{Options, document::Document, known::Known, report::Report, rules::Rule};

/// What `rule` finds in a template: for each finding a line with its code, path, and message, and a line for its
/// help. The path is followed by the line and column that are pointed at.
pub(super) fn check(rule: Rule, yaml: &str) -> String {
    check_in(None, rule, yaml)
}

/// What `rule` finds in a template that is deployed to a region.
pub(super) fn check_in(region: Option<&str>, rule: Rule, yaml: &str) -> String {
    let options = Options { region: region.map(str::to_owned), ..Options::default() };
    check_with(&options, rule, yaml)
}

/// The document that is written in YAML.
pub(super) fn parsed(yaml: &str) -> Node {
    let (node, faults) = yaml::parse(yaml, Sources::default().add("template.yaml", yaml), Format::Yaml);
    assert_eq!(faults, [], "the document can be read");
    node.expect("there is a document")
}

/// What `rule` finds in a template that is validated so.
pub(super) fn check_with(options: &Options, rule: Rule, yaml: &str) -> String {
    let mut sources = Sources::default();
    let (template, faults) = yaml::parse(yaml, sources.add("template.yaml", yaml), Format::Yaml);
    assert_eq!(faults, [], "the template can be read");
    let template: Node = template.expect("the template can be read");
    let known = Known::new(&template, options.region.as_deref());
    let document = Document::new(&template, &template, &known, options);
    let mut report = Report::default();
    rule(&document, &mut report);
    let mut text = String::new();
    for finding in report.finish(&document) {
        let it = finding.diagnostic;
        let (line, column) = sources.line_and_column(it.span()).unwrap_or_default();
        let severity = match it.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let path = finding.path.join("/");
        text += &format!("{severity} {} {path} {line}:{column}: {}\n", it.code, it.message);
        if let Some(help) = it.help {
            text += &format!("  {help}\n");
        }
    }
    text
}
