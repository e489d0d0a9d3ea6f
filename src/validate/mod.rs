//! From a template to what is wrong with it, as far as that can be known without AWS.
//!
//! ```text
//! Node ── loops ──▶ Node ── known ──▶ Document ── schema, rules ──▶ Report ──▶ findings
//! ```
//!
//! - `loops` writes out what `Fn::ForEach` stands for.
//! - `known` evaluates the functions, also those that make ranges of addresses (`cidr`); `conditions`
//!   tells which conditions can be so together, `scenario` in how many ways they can turn out.
//! - `document` takes the sections apart, `embedded` the documents in texts; `value` is how everything below
//!   sees what stands in them.
//! - `types`, `needs` and `walk` are what `rules` share: the attributes of types, what resources need of each other, and
//!   a way over all values.
//! - `schema` holds the properties of each resource to the schema of its type.
//! - `rules` are what schemas cannot say.
//! - `report` brings what was found back to its place.
//! - `acknowledge` tells what of it the template says is right.
//!
//! It changes nothing, and asks nothing of the world.

mod acknowledge;
mod aliases;
mod cidr;
mod conditions;
mod document;
mod embedded;
mod known;
mod loops;
mod needs;
mod report;
mod rules;
mod scenario;
mod schema;
mod substitution;
#[cfg(test)]
mod testing;
mod types;
mod value;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use asi_constructs::kernel::{diagnostic::Diagnostic, node::Node};

pub use self::{
    acknowledge::unused as unused_acknowledgement,
    aliases::{ALIASES, aliases},
};
use self::{document::Document, known::Known, report::Report};

/// What a template is validated for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The region it is deployed to; without one, what any region takes is right.
    pub region: Option<String>,
    /// Whether to look for what is allowed, and leaves a door open.
    pub security: bool,
    /// The templates of nested stacks, by the paths that [`nested_templates`] gives.
    pub nested: BTreeMap<String, Node>,
}

impl Options {
    /// Whether findings of this code are looked for.
    pub fn looks_for(&self, code: &str) -> bool {
        self.security || aliases(code).is_none()
    }
}

/// Something found in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is, and where it was written.
    pub diagnostic: Diagnostic,
    /// Its place in the template: keys, and the numbers of items, counted from 0.
    pub path: Vec<String>,
    /// The places of the other labels, likewise.
    pub others: Vec<Vec<String>>,
    /// The logical id of the resource it was found in.
    pub resource: Option<String>,
    /// Why it does not count, as the template says.
    pub acknowledged: Option<String>,
}

impl From<Diagnostic> for Finding {
    /// Something that was found before there was a template.
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostic, path: Vec::new(), others: Vec::new(), resource: None, acknowledged: None }
    }
}

/// The paths of files that a template names as templates of nested stacks, as they stand in it.
pub fn nested_templates(template: &Node) -> BTreeSet<&str> {
    rules::nested_stacks::paths(template)
}

/// What is wrong with a template.
pub fn validate(template: &Node, options: &Options) -> Vec<Finding> {
    let whole = &*loops::expand(template);
    let known = Known::new(whole, options.region.as_deref());
    let document = Document::new(whole, template, &known, options);
    let mut report = Report::default();
    schema::check(&document, &mut report);
    let security: &[rules::Rule] = if options.security { rules::SECURITY } else { &[] };
    for rule in rules::ALL.iter().chain(security) {
        rule(&document, &mut report);
    }
    let mut findings = report.finish(&document);
    // Of what is not there, nothing more is to be said.
    let nothing: BTreeSet<Vec<String>> =
        findings.iter().filter(|it| it.diagnostic.code == "E0000").map(|it| it.path.clone()).collect();
    findings.retain(|it| it.diagnostic.code == "E0000" || !nothing.contains(&it.path));
    acknowledge::apply(template, options, &mut findings);
    findings
}
