//! What an assembly tells of the constructs of a stack: which resource each has made, and what it has to say.

use std::collections::BTreeMap;

use asi_constructs::kernel::{
    diagnostic::Severity,
    node::{Node, NodeKind},
    span::Spanned,
};

use crate::load::Fields;

/// What is known of the constructs of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The path of each construct below the stack, and the logical id of its resource.
    pub ids: Vec<(String, String)>,
    /// What constructs have to say.
    pub annotations: Vec<Annotation>,
}

/// What a construct has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The path of the construct in the app.
    pub path: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it says.
    pub text: String,
    /// Where in the app it is said, as `file:line:column`, if the assembly tells.
    pub place: Option<String>,
}

impl Metadata {
    /// Reads the entries that stand in a manifest, or in a file of their own, for the stack people know as `stack`.
    pub fn read(entries: &[(Spanned<&str>, &Node)], stack: &str, fields: &mut Fields<'_, '_>) -> Self {
        let mut metadata = Self::default();
        let mut faults = Vec::new();
        for (path, node) in entries {
            let path = path.value.strip_prefix('/').unwrap_or(path.value);
            let Some(entries) = node.as_list() else { continue };
            for entry in entries {
                if let Some(mut entry) = Fields::of(entry, &mut faults) {
                    metadata.add(path, stack, &mut entry);
                }
            }
        }
        faults.into_iter().for_each(|it| fields.report(it));
        metadata
    }

    fn add(&mut self, path: &str, stack: &str, entry: &mut Fields<'_, '_>) {
        let severity = match entry.text("type").map(|it| it.value) {
            Some("aws:cdk:logicalId") => {
                let id = entry.text("data").map(|it| it.value.to_owned());
                self.ids.extend(below(path, stack).map(str::to_owned).zip(id));
                return;
            }
            Some("aws:cdk:error") => Severity::Error,
            Some("aws:cdk:warning") => Severity::Warning,
            Some("aws:cdk:info") => Severity::Info,
            _ => return,
        };
        let Some(text) = entry.value("data").map(text) else { return };
        let place = entry.value("trace").and_then(place);
        self.annotations.push(Annotation { path: path.to_owned(), severity, text, place });
    }

    /// The construct of each resource of the stack's own template, by logical id.
    pub fn paths(&self) -> BTreeMap<String, String> {
        let nested: Vec<String> = self.nested().map(|(path, _)| format!("{path}/")).collect();
        let own = self.ids.iter().filter(|(path, _)| !nested.iter().any(|it| path.starts_with(it)));
        own.map(|(path, id)| (id.clone(), path.clone())).collect()
    }

    /// The same of the template of the nested stack that this resource is.
    #[must_use]
    pub fn within(&self, id: &str) -> Self {
        let Some((above, _)) = self.nested().find(|(_, it)| *it == id) else { return Self::default() };
        let ids = self.ids.iter().filter_map(|(path, id)| {
            let below = path.strip_prefix(above)?.strip_prefix('/')?;
            Some((below.to_owned(), id.clone()))
        });
        Self { ids: ids.collect(), annotations: Vec::new() }
    }

    /// The constructs that are nested stacks, each with its resource: that of `Jobs` is
    /// `Jobs.NestedStack/Jobs.NestedStackResource`.
    fn nested(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ids.iter().filter_map(|(path, id)| {
            let above = path.strip_suffix(".NestedStackResource")?;
            let (above, name) = above.rsplit_once('/')?;
            let construct = above.strip_suffix(".NestedStack")?;
            let last = construct.rsplit('/').next();
            (last == Some(name)).then_some((construct, id.as_str()))
        })
    }
}

/// The path below a stack.
fn below<'p>(path: &'p str, stack: &str) -> Option<&'p str> {
    let below = path.strip_prefix(stack).and_then(|it| it.strip_prefix('/'));
    // Who names a stack otherwise than by its path in the app keeps it at the top.
    below.or_else(|| path.split_once('/').map(|it| it.1))
}

/// What somebody has to say, which is a text in all but the oddest of cases.
fn text(node: &Node) -> String {
    node.as_written().map_or_else(|| node.describe(), str::to_owned)
}

/// The first place of a stack trace that is in the app.
fn place(trace: &Node) -> Option<String> {
    let lines = match &trace.kind {
        NodeKind::List(lines) => lines.iter().filter_map(Node::as_str).collect::<Vec<_>>(),
        NodeKind::String(lines) => lines.lines().collect(),
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) | NodeKind::Map(_) => {
            return None;
        }
    };
    let is_of_the_app = |it: &&str| !it.contains("node_modules") && !it.contains("node:");
    let line = lines.into_iter().filter(is_of_the_app).find(|it| it.matches(':').count() >= 2)?;
    // `    at new Shop (/srv/shop/app.js:12:16)`
    let place = line.rsplit_once('(').map_or(line, |(_, it)| it.trim_end().trim_end_matches(')'));
    Some(place.trim().trim_start_matches("at ").to_owned())
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::span::Sources;

    use super::*;

    fn metadata(text: &str) -> Metadata {
        let (root, faults) = crate::load::document(text, "m.json", &mut Sources::default());
        assert_eq!(faults, []);
        let (root, mut faults) = (root.unwrap(), Vec::new());
        let mut fields = Fields::of(&root, &mut faults).unwrap();
        let entries = fields.entries("metadata");
        Metadata::read(&entries, "Prod/Web", &mut fields)
    }

    #[test]
    fn resources_of_nested_stacks_are_kept_apart() {
        let found = metadata(
            r#"{"metadata": {
            "/Prod/Web/Jobs/Resource": [{"type": "aws:cdk:logicalId", "data": "Jobs1"}],
            "/Prod/Web/In/Jobs/Resource": [{"type": "aws:cdk:logicalId", "data": "Jobs1"}],
            "/Prod/Web/In.NestedStack/In.NestedStackResource": [{"type": "aws:cdk:logicalId", "data": "In2"}]}}"#,
        );
        let own = [("In2", "In.NestedStack/In.NestedStackResource"), ("Jobs1", "Jobs/Resource")];
        let own = own.map(|(id, path)| (id.to_owned(), path.to_owned()));
        assert_eq!(found.paths(), BTreeMap::from(own));
        let nested = BTreeMap::from([("Jobs1".to_owned(), "Jobs/Resource".to_owned())]);
        assert_eq!(found.within("In2").paths(), nested);
        assert_eq!(found.within("Jobs1"), Metadata::default());
    }

    #[test]
    fn constructs_have_something_to_say() {
        let found = metadata(
            r#"{"metadata": {"/Prod/Web/Jobs": [
            {"type": "aws:cdk:warning", "data": "too large [ack: size]", "trace": ["new B (/s/node_modules/b.js:1:2)", "new A (/s/app.js:3:4)"]},
            {"type": "aws:cdk:error", "data": {"a": 1}}, {"type": "aws:cdk:analytics:construct", "data": "*"}]}}"#,
        );
        let annotation = |severity, text: &str, place: Option<&str>| Annotation {
            path: "Prod/Web/Jobs".to_owned(),
            severity,
            text: text.to_owned(),
            place: place.map(str::to_owned),
        };
        let expected = [
            annotation(Severity::Warning, "too large [ack: size]", Some("/s/app.js:3:4")),
            annotation(Severity::Error, "a mapping", None),
        ];
        assert_eq!(found.annotations, expected);
    }
}
