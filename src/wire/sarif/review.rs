//! A review as SARIF: dangers are errors, what is to be seen to is a warning, and what will be noticed a note.

use asi_constructs::kernel::span::Span;

use super::{
    Artifact, Fingerprints, Found, Location, Logical, Message, Outcome, Physical, Region, Rule, hash, uri,
};
use crate::{
    ops::Reviewed,
    present::review::alerts::{Alert, of_danger, of_impact, of_warning},
};

/// Reviews of environments. What there was stood at the revision `base`, if at one.
pub fn review(each: &[(Option<String>, Reviewed)], base: Option<&str>) -> String {
    let mut found = Found::default();
    for (_, reviewed) in each {
        let scene = Scene { reviewed, base };
        for (stack, of_stack) in reviewed.each() {
            let (name, review) = (stack.name.as_str(), &of_stack.review);
            let dangers = review.dangers.iter().map(|it| ("error", of_danger(it, name), &it.id, it.span));
            let warnings =
                review.warnings.iter().map(|it| ("warning", of_warning(it, name), &it.id, it.span));
            let impacts = review.impacts.iter().map(|it| ("note", of_impact(it, name), &it.id, it.span));
            for (level, alert, id, span) in dangers.chain(warnings).chain(impacts) {
                let location = scene.location(&format!("{name}/{id}"), span);
                found.add_alert(level, alert, id, name, location);
            }
        }
    }
    // What is wrong with a file is the same in all environments.
    each.first().into_iter().flat_map(|(_, it)| &it.checked).for_each(|it| found.add(it));
    found.text()
}

impl Found<'_> {
    fn add_alert(&mut self, level: &'static str, alert: Alert, id: &str, stack: &str, location: Location) {
        let Alert { rule, meaning, text } = alert;
        let short_description = Message { text: meaning.to_owned() };
        let rule_index = self.rule(rule, || Rule { id: rule, short_description, help: None });
        // Dismissed alerts depend on this: changing it brings them back.
        let code_and_path = hash(&[rule, stack, id, &text].join("\n"));
        self.results.push(Outcome {
            rule_id: rule,
            rule_index,
            level,
            message: Message { text },
            locations: [location],
            related_locations: Vec::new(),
            partial_fingerprints: Fingerprints { code_and_path },
            suppressions: Vec::new(),
        });
    }
}

/// Where the places of a review are.
struct Scene<'a> {
    reviewed: &'a Reviewed,
    base: Option<&'a str>,
}

impl Scene<'_> {
    /// The place of what is written at `span`, and known by this name.
    fn location(&self, name: &str, span: Span) -> Location {
        Location {
            physical_location: self.physical(span),
            logical_locations: vec![Logical { fully_qualified_name: name.to_owned() }],
            message: None,
        }
    }

    /// A place in a file there is. What is written nowhere, or no more, has its place at the beginning: code scanning
    /// takes nothing without one.
    fn physical(&self, span: Span) -> Option<Physical> {
        let file = self.reviewed.comparison.sources.file(span);
        let was = file.and_then(|it| it.name.strip_prefix(self.base?)?.strip_prefix(':'));
        let at = |path: &str, region| Physical { artifact_location: Artifact { uri: uri(path) }, region };
        match (file, was) {
            (Some(file), None) => Some(at(&file.name, self.region(span))),
            (_, Some(path)) => Some(at(path, Region::BEGINNING)),
            (None, None) => self.reviewed.checked.first().map(|it| at(&it.file, Region::BEGINNING)),
        }
    }

    fn region(&self, span: Span) -> Region {
        let sources = &self.reviewed.comparison.sources;
        let place = |at: u32| sources.line_and_column(Span { start: at, end: at, ..span });
        let ((start_line, start_column), (end_line, end_column)) =
            (place(span.start).unwrap_or((1, 1)), place(span.end).unwrap_or((1, 1)));
        Region { start_line, start_column, end_line, end_column }
    }
}
