//! What was found in a template, and where.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity},
    node::{Node, NodeKind},
    span::Span,
};

use super::{Finding, document::Document, value::Value};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Report<'t> {
    found: Vec<Found<'t>>,
    /// The numbers of those of one code at one node, by its address: the same is not said twice.
    at: BTreeMap<(usize, &'static str), Vec<usize>>,
}

/// Something that was found.
#[derive(Clone, Debug)]
pub(super) struct Found<'t> {
    diagnostic: Diagnostic,
    place: Place<'t>,
    others: Vec<(Place<'t>, String)>,
}

/// A place in a template.
#[derive(Clone, Debug)]
pub(super) enum Place<'t> {
    /// A value.
    Value(&'t Node),
    /// A value, shown by the key it stands under: what is said of it is said of all of it.
    Holder(&'t Node),
    /// A key of a mapping, which need not be there: the mapping is shown then.
    Key(&'t Node, Cow<'t, str>),
    /// A part of a text, from byte to byte.
    Part(&'t Node, usize, usize),
    /// Some place within a value.
    Within(&'t Node, Span),
}

impl<'t> From<&'t Node> for Place<'t> {
    fn from(node: &'t Node) -> Self {
        Self::Value(node)
    }
}

impl<'t> From<Value<'t>> for Place<'t> {
    fn from(value: Value<'t>) -> Self {
        Self::Value(value.site)
    }
}

impl<'t> Place<'t> {
    /// The node it is at.
    fn node(&self) -> &'t Node {
        match self {
            Place::Value(node)
            | Place::Holder(node)
            | Place::Key(node, _)
            | Place::Part(node, ..)
            | Place::Within(node, _) => node,
        }
    }
}

impl<'t> Found<'t> {
    /// An error: CloudFormation or the service refuses this.
    pub(super) fn error(code: &'static str, place: impl Into<Place<'t>>, message: impl Into<String>) -> Self {
        Self::new(Diagnostic::error(code, message), place.into())
    }

    /// A warning: this is not what anybody wants.
    pub(super) fn warning(
        code: &'static str,
        place: impl Into<Place<'t>>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Diagnostic::warning(code, message), place.into())
    }

    /// Something worth knowing.
    pub(super) fn info(code: &'static str, place: impl Into<Place<'t>>, message: impl Into<String>) -> Self {
        Self::new(Diagnostic::info(code, message), place.into())
    }

    fn new(diagnostic: Diagnostic, place: Place<'t>) -> Self {
        Self { diagnostic, place, others: Vec::new() }
    }

    /// Its code.
    pub(super) fn code(&self) -> &'static str {
        self.diagnostic.code
    }

    /// Gives it another code, and the severity that the first letter of that code stands for.
    pub(super) fn under(mut self, code: &'static str) -> Self {
        self.diagnostic.code = code;
        self.diagnostic.severity = match code.as_bytes().first() {
            Some(b'W') => Severity::Warning,
            Some(b'I') => Severity::Info,
            _ => Severity::Error,
        };
        self
    }

    /// Says it in other words.
    pub(super) fn message(mut self, message: impl Into<String>) -> Self {
        self.diagnostic.message = message.into();
        self
    }

    /// Calls by another name what its words name in backticks.
    pub(super) fn rename(mut self, from: &str, to: &str) -> Self {
        let (from, to) = (format!("`{from}`"), format!("`{to}`"));
        self.diagnostic.message = self.diagnostic.message.replace(&from, &to);
        self.diagnostic.help = self.diagnostic.help.map(|it| it.replace(&from, &to));
        self
    }

    /// Moves it to another place.
    pub(super) fn at(self, place: Place<'_>) -> Found<'_> {
        Found { diagnostic: self.diagnostic, place, others: Vec::new() }
    }

    /// Adds advice.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.help(help);
        self
    }

    /// Adds "did you mean …" or what there is; see [`Diagnostic::suggest`].
    pub(super) fn suggest<'a>(mut self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        self.diagnostic = self.diagnostic.suggest(written, known);
        self
    }

    /// Points out another place, and says what there is to see.
    pub(super) fn and(mut self, place: impl Into<Place<'t>>, text: impl Into<String>) -> Self {
        self.others.push((place.into(), text.into()));
        self
    }
}

impl<'t> Report<'t> {
    /// Takes something that was found; of what has been found before, only where else it shows.
    pub(super) fn add(&mut self, found: Found<'t>) {
        let address = std::ptr::from_ref(found.place.node()).addr();
        let same = self.at.entry((address, found.diagnostic.code)).or_default();
        let known = same.iter().find(|it| self.found[**it].diagnostic.message == found.diagnostic.message);
        let Some(known) = known else {
            same.push(self.found.len());
            self.found.push(found);
            return;
        };
        let others = &mut self.found[*known].others;
        for (place, text) in found.others {
            if !others.iter().any(|(it, _)| std::ptr::eq(it.node(), place.node())) {
                others.push((place, text));
            }
        }
    }

    /// What was found, in the order of the template, each with its place in it.
    pub(super) fn finish(self, document: &Document<'t>) -> Vec<Finding> {
        let mut wanted = BTreeMap::new();
        for place in self.found.iter().flat_map(|it| it.others.iter().map(|it| &it.0).chain([&it.place])) {
            wanted.insert(std::ptr::from_ref(place.node()).addr(), None);
            if let Place::Key(node, key) = place
                && let Some(value) = node.get(key)
            {
                wanted.insert(std::ptr::from_ref(value).addr(), None);
            }
        }
        let mut search = Search { wanted, met: 0, path: Vec::new(), document };
        search.visit(document.root, Span::NOWHERE, Span::NOWHERE);
        let mut findings: Vec<(usize, Finding)> = Vec::with_capacity(self.found.len());
        for found in self.found {
            let (order, mut path, span) = search.find(&found.place);
            if let Place::Key(_, key) = &found.place {
                path.push(key.to_string());
            }
            let mut diagnostic = found.diagnostic.at(span);
            let mut others = Vec::new();
            for (place, text) in found.others {
                let (_, path, span) = search.find(&place);
                // A place that is not written in a file has no label.
                if span.is_written() {
                    others.push(path);
                }
                diagnostic = diagnostic.label(span, text);
            }
            let resource = match path.as_slice() {
                [section, id, ..] if section == "Resources" => Some(id.clone()),
                _ => None,
            };
            findings.push((order, Finding { diagnostic, path, others, resource, acknowledged: None }));
        }
        findings.sort_by_key(|(order, _)| *order);
        findings.into_iter().map(|(_, it)| it).collect()
    }
}

/// Where the nodes that something was found at stand.
struct Search<'d> {
    /// By address.
    wanted: BTreeMap<usize, Option<Standing>>,
    /// How many values were passed.
    met: usize,
    path: Vec<Step<'d>>,
    document: &'d Document<'d>,
}

/// A step of the way to a node. Ways are written out only for nodes that are wanted, which few are.
#[derive(Clone, Copy)]
enum Step<'d> {
    Key(&'d str),
    Item(usize),
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(it) => f.write_str(it),
            Self::Item(it) => it.fmt(f),
        }
    }
}

/// How a node stands in its document.
#[derive(Clone)]
struct Standing {
    order: usize,
    path: Vec<String>,
    /// The place of the key it stands under, or of itself in a list.
    holder: Span,
    /// The nearest place that was written, if it is not itself.
    around: Span,
}

impl<'d> Search<'d> {
    fn visit(&mut self, node: &'d Node, holder: Span, around: Span) {
        let order = self.met;
        self.met += 1;
        if let Some(standing) = self.wanted.get_mut(&std::ptr::from_ref(node).addr()) {
            let path = || self.path.iter().map(ToString::to_string).collect();
            standing.get_or_insert_with(|| Standing { order, path: path(), holder, around });
        }
        let around = node.span.or(around);
        if let Some(root) = self.document.embedded(node).and_then(|it| it.root.as_ref()) {
            self.visit(root, holder, around);
        }
        match &node.kind {
            NodeKind::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.path.push(Step::Item(at));
                    self.visit(item, item.span, around);
                    self.path.pop();
                }
            }
            NodeKind::Map(map) => {
                for (key, entry) in map {
                    self.path.push(Step::Key(key));
                    self.visit(&entry.value, entry.key, entry.key.or(around));
                    self.path.pop();
                }
            }
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::Integer(_)
            | NodeKind::Float(_)
            | NodeKind::String(_) => (),
        }
    }

    /// The order, path and span of a place.
    fn find(&self, place: &Place<'_>) -> (usize, Vec<String>, Span) {
        let node = place.node();
        let Some(Some(standing)) = self.wanted.get(&std::ptr::from_ref(node).addr()) else {
            return (usize::MAX, Vec::new(), node.span);
        };
        let own = node.span.or(standing.holder).or(standing.around);
        let span = match place {
            Place::Value(_) => own,
            Place::Within(_, span) => span.or(own),
            Place::Holder(_) => standing.holder.or(own),
            Place::Key(node, key) => match node.as_map().and_then(|it| it.get(&**key)) {
                Some(entry) => entry.key.or(entry.value.span).or(own),
                None => standing.holder.or(own),
            },
            Place::Part(node, start, end) => match node.as_str() {
                Some(text) if node.span.is_written() => node.inset.part(node.span, text, *start, *end),
                _ => own,
            },
        };
        let below = match place {
            Place::Key(node, key) => node.get(key).map(|it| std::ptr::from_ref(it).addr()),
            Place::Value(_) | Place::Holder(_) | Place::Part(..) | Place::Within(..) => None,
        };
        let below = below.and_then(|it| self.wanted.get(&it)?.as_ref());
        (below.unwrap_or(standing).order, standing.path.clone(), span)
    }
}
