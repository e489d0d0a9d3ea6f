//! Documents that are written in texts of a template: buildspecs, state machines, policies as JSON.
//!
//! `Fn::Sub` and `Fn::Join` may make the text. What a variable gives is not known, and neither is what it is part
//! of: that becomes a function in the document. All of a document has the place at which it stands in the file.

use std::{collections::BTreeMap, ops::Range};

use asi_constructs::kernel::{
    diagnostic::Diagnostic,
    map::{Entry, Map},
    node::{Inset, Node, NodeKind, Placed},
    span::{Sources, Span},
    yaml::{self, Format},
};

use super::{
    document::section,
    rules::policy::places::PLACES as POLICIES,
    scenario::choice,
    substitution::{Part, parts},
};

/// The resource types and the properties, besides policies, whose texts are documents. `*` is any item of a list.
const PLACES: &[(&str, &str)] = &[
    ("AWS::CodeBuild::Project", "Source/BuildSpec"),
    ("AWS::CodeBuild::Project", "SecondarySources/*/BuildSpec"),
    ("AWS::StepFunctions::StateMachine", "DefinitionString"),
    ("AWS::SSM::Document", "Content"),
];

/// The documents in texts of a template.
#[derive(Debug, Default)]
pub(super) struct Embedded {
    /// By the address of the text, or of the function that makes it.
    of: BTreeMap<usize, Text>,
}

/// A text that is a document.
#[derive(Debug)]
pub(super) struct Text {
    /// What it says, if it can be read.
    pub root: Option<Node>,
    /// Why it cannot be read, if that is certain.
    pub fault: Option<Diagnostic>,
}

impl Embedded {
    /// Reads the documents in the resources of `template`.
    pub(super) fn new(template: &Node) -> Self {
        let mut found = Self::default();
        for entry in section(template, "Resources").values() {
            let Some(type_name) = entry.value.get("Type").and_then(Node::as_str) else { continue };
            let policies = POLICIES.iter().map(|it| (it.type_name, it.path));
            let paths = PLACES.iter().copied().chain(policies).filter(|it| it.0 == type_name);
            if let Some(properties) = entry.value.get("Properties") {
                paths.for_each(|(_, path)| found.walk(properties, path));
            }
        }
        found
    }

    /// The document that `node` is.
    pub(super) fn of(&self, node: &Node) -> Option<&Text> {
        self.of.get(&std::ptr::from_ref(node).addr())
    }

    fn walk(&mut self, node: &Node, path: &str) {
        if let Some((_, then, otherwise)) = choice(node) {
            self.walk(then, path);
            self.walk(otherwise, path);
            return;
        }
        let (key, rest) = path.split_once('/').unwrap_or((path, ""));
        match key {
            "" => {
                if let Some(text) = Assembled::of(node).and_then(Assembled::read) {
                    self.of.insert(std::ptr::from_ref(node).addr(), text);
                }
            }
            "*" => node.as_list().unwrap_or_default().iter().for_each(|it| self.walk(it, rest)),
            _ => node.get(key).into_iter().for_each(|it| self.walk(it, rest)),
        }
    }
}

/// A text, what stands for the values of variables in it, and where all of it was written.
#[derive(Default)]
struct Assembled {
    text: String,
    holes: Vec<Range<usize>>,
    /// Where each comes from that was written as a whole: its first byte here and there, and its place.
    pieces: Vec<(usize, usize, Placed)>,
}

impl Assembled {
    fn of(node: &Node) -> Option<Self> {
        let mut text = Self::default();
        text.append(node)?;
        Some(text)
    }

    fn append(&mut self, node: &Node) -> Option<()> {
        match (&node.kind, node.as_single()) {
            (NodeKind::String(text), _) => self.take(node, text, false),
            (_, Some(("Fn::Sub", argument))) => {
                let template = argument.as_list().and_then(|it| it.first()).unwrap_or(argument);
                self.take(template, template.as_str()?, true);
            }
            (_, Some(("Fn::Join", argument))) => match argument.as_list()? {
                [delimiter, items] => {
                    let delimiter = delimiter.as_str()?;
                    for (at, item) in items.as_list()?.iter().enumerate() {
                        self.text.push_str(if at == 0 { "" } else { delimiter });
                        if self.append(item).is_none() {
                            self.holes.push(self.text.len()..self.text.len() + 1);
                            self.text.push('x');
                        }
                    }
                }
                _ => return None,
            },
            _ => return None,
        }
        Some(())
    }

    /// Takes a text; in that of an `Fn::Sub` each variable is a hole of its own length.
    fn take(&mut self, node: &Node, text: &str, has_variables: bool) {
        let start = self.text.len();
        self.pieces.push((start, 0, Placed::new(node.inset, node.span, text)));
        self.text.push_str(text);
        if has_variables {
            for part in parts(text) {
                if let Part::Name(_, Range { start: from, end: to }) = part {
                    self.text.replace_range(start + from..start + to, &"x".repeat(to - from));
                    self.holes.push(start + from..start + to);
                }
            }
        }
    }

    fn read(self) -> Option<Text> {
        if self.text.trim().is_empty() {
            return None;
        }
        let is_json = self.text.trim_start().starts_with('{');
        let format = if is_json { Format::Json } else { Format::Yaml };
        let file = Sources::default().add("", "");
        let (root, faults) = yaml::parse(&self.text, file, format);
        let fault = match &root {
            Some(_) => None,
            None => faults.into_iter().next().filter(|it| !self.has_hole_on_line(it.span())),
        };
        let fault = fault.map(|mut it| {
            it.labels.iter_mut().for_each(|label| label.span = self.place(label.span));
            it
        });
        Some(Text { root: root.map(|it| self.settle(it)), fault })
    }

    /// Whether a variable stands on the line of `span` or the one above, and may be the reason for a fault.
    fn has_hole_on_line(&self, span: Span) -> bool {
        let at = (span.start as usize).min(self.text.len());
        let line = |end: usize| self.text.get(..end).and_then(|it| it.rfind('\n'));
        let start = line(at).and_then(line).unwrap_or(0);
        let end = self.text.get(at..).and_then(|it| it.find('\n')).map_or(self.text.len(), |it| at + it);
        self.holes.iter().any(|it| it.start <= end && start <= it.end)
    }

    fn is_open(&self, span: Span) -> bool {
        self.holes.iter().any(|it| it.start < span.end as usize && (span.start as usize) < it.end)
    }

    /// Where a part of the text was written.
    fn place(&self, span: Span) -> Span {
        let (start, end) = (span.start as usize, span.end as usize);
        let at = self.pieces.partition_point(|it| it.0 <= start);
        let Some((first, from, placed)) = at.checked_sub(1).map(|it| &self.pieces[it]) else {
            return Span::NOWHERE;
        };
        let last = self.pieces.get(at).map_or(self.text.len(), |it| it.0);
        placed.part(start - first + from, end.min(last) - first + from)
    }

    /// `node` with its places in the file, and functions for what is not known.
    fn settle(&self, node: Node) -> Node {
        let span = self.place(node.span);
        let unknown = |text: &str| {
            let argument = Entry { key: span, value: Node::text(text.to_owned(), span) };
            Node::new(NodeKind::Map([("Fn::Sub".into(), argument)].into_iter().collect()), span)
        };
        let kind = match node.kind {
            NodeKind::List(items) => NodeKind::List(items.into_iter().map(|it| self.settle(it)).collect()),
            NodeKind::Map(map) => {
                if map.values().any(|it| self.is_open(it.key)) {
                    return unknown("");
                }
                let entry = |(key, it): (_, Entry<Node>)| {
                    (key, Entry { key: self.place(it.key), value: self.settle(it.value) })
                };
                NodeKind::Map(map.into_iter().map(entry).collect::<Map<Node>>())
            }
            NodeKind::String(text) if self.is_open(node.span) => return unknown(&text),
            scalar => scalar,
        };
        let is_line = node.span.end.checked_sub(node.span.start) == span.end.checked_sub(span.start);
        let inset = match node.inset {
            Inset::After(bytes) if is_line => Inset::After(bytes),
            Inset::After(_) | Inset::Indented(_) | Inset::Changed => Inset::Changed,
        };
        Node { kind, span, plain: node.plain, inset }
    }
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::{span::Sources, yaml};

    use super::*;

    /// Each scalar of the document that is the buildspec of a project, as read and as it stands in the file.
    fn scalars(build_spec: &str) -> Vec<String> {
        let template = format!(
            "Resources:\n  P:\n    Type: AWS::CodeBuild::Project\n    Properties:\n      Source:\n        \
             BuildSpec: {build_spec}"
        );
        let mut sources = Sources::default();
        let (template, faults) =
            yaml::parse(&template, sources.add("template.yaml", &*template), yaml::Format::Yaml);
        assert_eq!(faults, []);
        let embedded = Embedded::new(&template.unwrap());
        let mut found = Vec::new();
        for text in embedded.of.values() {
            visit(text.root.as_ref().unwrap(), &sources, &mut found);
        }
        found
    }

    fn visit(node: &Node, sources: &Sources, found: &mut Vec<String>) {
        match &node.kind {
            NodeKind::List(items) => items.iter().for_each(|it| visit(it, sources, found)),
            NodeKind::Map(map) if node.as_single().is_none_or(|it| it.0 != "Fn::Sub") => {
                map.values().for_each(|it| visit(&it.value, sources, found));
            }
            _ => found.push(format!("{} at {:?}", node.describe(), sources.text(node.span).unwrap_or(""))),
        }
    }

    #[test]
    fn a_block_scalar_is_a_document_with_its_places() {
        let expected = ["the number 0.2 at \"0.2\"", "`make \"all\"` at \"make \\\"all\\\"\""];
        assert_eq!(scalars("|\n          version: 0.2\n          run: make \"all\"\n"), expected);
    }

    #[test]
    fn what_has_a_variable_in_it_is_not_known() {
        let expected = ["the number 0.2 at \"0.2\"", "`!Sub` at \"a ${B} c\"", "`d` at \"d\""];
        let text = "!Sub |\n          version: 0.2\n          run: a ${B} c\n          e: d\n";
        assert_eq!(scalars(text), expected);
        let joined = "!Join ['', ['{\"a\": \"', !Ref B, '\", \"c\": \"d\"}']]\n";
        assert_eq!(scalars(joined), ["`!Sub` at \"\\\"'\"", "`d` at \"\\\"d\\\"\""]);
    }
}
