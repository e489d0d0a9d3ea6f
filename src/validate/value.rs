//! A template as CloudFormation sees it in one scenario: conditions decided, functions replaced by what they give.

use std::{borrow::Cow, sync::LazyLock};

use asi_constructs::kernel::{
    map::{Entry, Map},
    node::{Node, NodeKind, is_intrinsic},
    span::Span,
};

use super::{
    document::Document,
    embedded::Text,
    known::{Resolved, is_dynamic},
    report::Place,
    scenario::{Scenario, choice},
    substitution::{Part, parts},
};
pub(super) use crate::template::scalar;

/// A value of a template in a scenario.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) document: &'a Document<'a>,
    pub(super) scenario: &'a Scenario<'a>,
    /// Where it is written: itself, or the function that gives it.
    pub(super) site: &'a Node,
    content: Content<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Content<'a> {
    /// It stands in the template.
    Written(&'a Node),
    /// A function, which stands at the site, gives it, or a part of it.
    Given(&'a Node),
    /// It is one of these, or any other if there are none.
    Unknown(Option<&'a Resolved>),
}

/// What a reference goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// The logical id of a resource, or the name of a parameter.
    pub name: &'a str,
    /// The attribute, if it is one of a resource.
    pub attribute: Option<&'a str>,
}

impl<'a> Value<'a> {
    /// `node` with its conditions as `scenario` has them; nothing if it is `AWS::NoValue`.
    pub(super) fn new(
        document: &'a Document<'_>,
        scenario: &'a Scenario<'_>,
        node: &'a Node,
    ) -> Option<Self> {
        let mut node = node;
        while let Some((condition, then, otherwise)) = choice(node) {
            node = match scenario.of(condition) {
                Some(true) => then,
                Some(false) => otherwise,
                None => break,
            };
        }
        let content = match &node.kind {
            NodeKind::Map(_) => match node.as_single() {
                Some(("Ref", name)) if name.as_str() == Some("AWS::NoValue") => return None,
                Some((key, _)) if is_function(key) => match document.resolved(node) {
                    Some(Resolved { values, is_certain: true, .. }) if values.len() == 1 => {
                        Content::Given(&values[0])
                    }
                    resolved => Content::Unknown(resolved),
                },
                _ if has_macro(node) => Content::Unknown(None),
                _ => Content::Written(node),
            },
            NodeKind::String(text) if is_dynamic(text) => Content::Unknown(None),
            _ => Content::Written(node),
        };
        Some(Self { document, scenario, site: node, content })
    }

    /// An empty mapping in the place of `site`.
    pub(super) fn empty(document: &'a Document<'_>, scenario: &'a Scenario<'_>, site: &'a Node) -> Self {
        static EMPTY: LazyLock<Node> =
            LazyLock::new(|| Node::new(NodeKind::Map(Map::default()), Span::NOWHERE));
        Self { document, scenario, site, content: Content::Given(&EMPTY) }
    }

    /// A value that may be this one, if nothing is certain.
    pub(super) fn candidates(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let candidates = match self.content {
            Content::Unknown(Some(resolved)) => resolved.values.as_slice(),
            Content::Unknown(None) | Content::Written(_) | Content::Given(_) => &[],
        };
        let value = *self;
        candidates.iter().map(move |it| Self { content: Content::Given(it), ..value })
    }

    /// What it can be by `Fn::If`, whatever the conditions are: itself, if it is no choice.
    pub(super) fn branches(&self) -> Vec<Value<'a>> {
        match (self.function(), choice(self.site)) {
            (Some(_), Some((_, then, otherwise))) => [then, otherwise]
                .into_iter()
                .filter_map(|it| self.child(it))
                .flat_map(|it| it.branches())
                .collect(),
            _ => vec![*self],
        }
    }

    /// The items of a list, or else the value itself, each with all it can be by `Fn::If`.
    pub(super) fn each(&self) -> Vec<Value<'a>> {
        let list = |it: Value<'a>| match it.known().and_then(Node::as_list) {
            Some(_) => it.items().flat_map(|it| it.branches()).collect(),
            None => vec![it],
        };
        self.branches().into_iter().flat_map(list).collect()
    }

    /// The document that is written in it, if it is such a text.
    pub(super) fn embedded(&self) -> Option<&'a Text> {
        self.document.embedded(self.site)
    }

    /// Itself, or the document that is written in it.
    pub(super) fn opened(&self) -> Option<Value<'a>> {
        match self.embedded() {
            Some(text) => Self::new(self.document, self.scenario, text.root.as_ref()?),
            None => Some(*self),
        }
    }

    /// Whether it is a mapping in which `key` does not stand, or stands for nothing.
    pub(super) fn lacks(&self, key: &str) -> bool {
        self.known().is_some_and(|it| it.as_map().is_some()) && self.get(key).is_none()
    }

    /// The place of what is written under a key of it, be that a choice.
    pub(super) fn written(&self, key: &'a str) -> Place<'a> {
        match self.known().and_then(|it| it.get(key)) {
            Some(node) if !self.is_given() => Place::Value(node),
            _ => Place::Value(self.site),
        }
    }

    /// The place of a key of it.
    pub(super) fn key(&self, key: &'a str) -> Place<'a> {
        match self.content {
            Content::Written(node) => Place::Key(node, key.into()),
            Content::Given(_) | Content::Unknown(_) => Place::Value(self.site),
        }
    }

    /// The place of a key of it, said of all of it.
    pub(super) fn within_key(&self, key: &str) -> Place<'a> {
        let entry = self.known().and_then(Node::as_map).and_then(|it| it.get(key));
        Place::Within(self.site, entry.map_or(Span::NOWHERE, |it| it.key))
    }

    /// The place of a part of it, said of all of it.
    pub(super) fn within(&self, part: Value<'a>) -> Place<'a> {
        Place::Within(self.site, part.site.span)
    }

    /// Its place, shown by the key it stands under.
    pub(super) fn holder(&self) -> Place<'a> {
        Place::Holder(self.site)
    }

    /// The items of a list, if it is one and each of them is known; without those that are `AWS::NoValue`.
    pub(super) fn known_items(&self) -> Option<Vec<Value<'a>>> {
        self.known()?.as_list()?;
        let items: Vec<_> = self.items().collect();
        items.iter().all(Value::is_known).then_some(items)
    }

    /// Whether a parameter that nobody may see gives it.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.content, Content::Unknown(Some(it)) if it.is_secret)
    }

    /// The empty default of the parameter it is, which it is if nothing is given.
    pub(super) fn empty_default(&self) -> Option<&'a Node> {
        match self.content {
            Content::Unknown(_) => self.document.empty_default(self.target()?.name),
            Content::Written(_) | Content::Given(_) => None,
        }
    }

    /// Whether it is known.
    pub(super) fn is_known(&self) -> bool {
        self.known().is_some()
    }

    /// Whether a function gives it.
    pub(super) fn is_given(&self) -> bool {
        matches!(self.content, Content::Given(_))
    }

    /// Whether it and all in it is known.
    pub(super) fn is_wholly_known(&self) -> bool {
        self.is_known()
            && self.items().all(|it| it.is_wholly_known())
            && self.entries().all(|(_, _, it)| it.is_wholly_known())
    }

    /// The node that holds it, if it is known.
    pub(super) fn known(&self) -> Option<&'a Node> {
        match self.content {
            Content::Written(node) | Content::Given(node) => Some(node),
            Content::Unknown(_) => None,
        }
    }

    /// The function at its place and its argument, if it is not known.
    pub(super) fn function(&self) -> Option<(&'a str, &'a Node)> {
        match self.content {
            Content::Unknown(_) => self.site.as_single().filter(|(key, _)| is_intrinsic(key)),
            Content::Written(_) | Content::Given(_) => None,
        }
    }

    /// The text of a scalar as CloudFormation passes it on.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        scalar(self.known()?)
    }

    /// The number, which may be written as text.
    pub(super) fn number(&self) -> Option<f64> {
        match &self.known()?.kind {
            #[expect(clippy::cast_precision_loss, reason = "no limit is near 2^53")]
            NodeKind::Integer(it) => Some(*it as f64),
            NodeKind::Float(it) => Some(*it),
            NodeKind::String(text) => text.trim().parse().ok().filter(|it: &f64| it.is_finite()),
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::List(_) | NodeKind::Map(_) => None,
        }
    }

    /// The whole number, which may be written as text.
    pub(super) fn integer(&self) -> Option<i64> {
        match &self.known()?.kind {
            NodeKind::Integer(it) => Some(*it),
            NodeKind::String(text) => text.trim().parse().ok(),
            #[expect(clippy::cast_possible_truncation, reason = "it has no fraction")]
            NodeKind::Float(it) if it.fract() == 0.0 && it.abs() < 1e15 => Some(*it as i64),
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::Float(_)
            | NodeKind::List(_)
            | NodeKind::Map(_) => None,
        }
    }

    /// Whether it is true, which may be written as text.
    pub(super) fn boolean(&self) -> Option<bool> {
        match &self.known()?.kind {
            NodeKind::Bool(it) => Some(*it),
            NodeKind::String(text) => match &**text {
                "true" | "True" => Some(true),
                "false" | "False" => Some(false),
                _ => None,
            },
            NodeKind::Null
            | NodeKind::Integer(_)
            | NodeKind::Float(_)
            | NodeKind::List(_)
            | NodeKind::Map(_) => None,
        }
    }

    /// The value under `key`, if this is a mapping that has it and it is not `AWS::NoValue`.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        self.child(self.known()?.get(key)?)
    }

    /// The value at a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<Value<'a>> {
        path.iter().try_fold(*self, |value, key| value.get(key))
    }

    /// The values at a path such as `Origins/*/Id`, in which `*` is every item of a list.
    pub(super) fn all_at(&self, path: &str) -> Vec<Value<'a>> {
        path.split('/').fold(vec![*self], |values, key| match key {
            "*" => values.iter().flat_map(Value::items).collect(),
            _ => values.iter().filter_map(|it| it.get(key)).collect(),
        })
    }

    /// The items of a list, without those that are `AWS::NoValue`; of anything else, none.
    pub(super) fn items(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let value = *self;
        let items = self.known().and_then(Node::as_list).unwrap_or_default();
        items.iter().filter_map(move |it| value.child(it))
    }

    /// The entries of a mapping, without those that are `AWS::NoValue`; of anything else, none.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Span, Value<'a>)> + use<'a> {
        let value = *self;
        let entries = self.known().and_then(Node::as_map).into_iter().flatten();
        entries.filter_map(move |(key, Entry { key: span, value: node })| {
            Some((&**key, *span, value.child(node)?))
        })
    }

    /// The resource or parameter it refers to by `Ref`, `Fn::GetAtt`, or an `Fn::Sub` of but one name.
    pub(super) fn target(&self) -> Option<Target<'a>> {
        target(self.site)
    }

    /// The texts it is put together from by `Fn::Sub` or `Fn::Join`, and the references between them.
    pub(super) fn pieces(&self) -> Vec<Result<Cow<'a, str>, Target<'a>>> {
        if let Some(text) = self.text() {
            return vec![Ok(text)];
        }
        let piece = |part| match part {
            Part::Text(it) | Part::Literal(it) => Ok(Cow::Borrowed(it)),
            Part::Name(name, _) => {
                let parts = name.split_once('.');
                let (name, attribute) = parts.map_or((name, None), |(it, rest)| (it, Some(rest)));
                Err(Target { name, attribute })
            }
        };
        match self.function() {
            Some(("Fn::Sub", argument)) => {
                let text = argument.as_list().and_then(<[_]>::first).unwrap_or(argument);
                parts(text.as_str().unwrap_or_default()).into_iter().map(piece).collect()
            }
            Some(("Fn::Join", argument)) => {
                let items = argument.as_list().and_then(|it| it.get(1)?.as_list()).unwrap_or_default();
                items.iter().filter_map(|it| target(it).map(Err).or_else(|| Some(Ok(scalar(it)?)))).collect()
            }
            _ => self.target().map(Err).into_iter().collect(),
        }
    }

    /// Whether it is certain that both give the same.
    pub(super) fn is_same(&self, other: &Value<'_>) -> bool {
        match (self.text(), other.text()) {
            (Some(one), Some(two)) => one == two,
            (None, None) => match (self.target(), other.target()) {
                (Some(one), Some(two)) => one == two,
                _ => self.function().is_some() && self.site == other.site,
            },
            _ => false,
        }
    }

    /// Whether it is certain that they differ: other texts, or other resources of this template.
    pub(super) fn is_other(&self, other: &Value<'_>) -> bool {
        let is_resource = |name| self.document.resources.contains_key(name);
        match (self.text(), other.text(), self.target(), other.target()) {
            (Some(one), Some(two), ..) => one != two,
            (None, None, Some(one), Some(two)) => {
                one.name != two.name && is_resource(one.name) && is_resource(two.name)
            }
            _ => false,
        }
    }

    /// A value that stands in this one.
    pub(super) fn child(&self, node: &'a Node) -> Option<Value<'a>> {
        let value = Self::new(self.document, self.scenario, node)?;
        match self.content {
            Content::Given(_) => Some(Self {
                site: self.site,
                content: match value.content {
                    Content::Written(it) => Content::Given(it),
                    other => other,
                },
                ..value
            }),
            Content::Written(_) | Content::Unknown(_) => Some(value),
        }
    }
}

/// The resource or parameter that `node` refers to by `Ref`, `Fn::GetAtt`, or an `Fn::Sub` of but one name.
pub(super) fn target(node: &Node) -> Option<Target<'_>> {
    match node.as_single()? {
        ("Ref", name) => Some(Target { name: name.as_str()?, attribute: None }),
        ("Fn::GetAtt", argument) => match argument.as_list() {
            Some([name, attribute]) => {
                Some(Target { name: name.as_str()?, attribute: Some(attribute.as_str()?) })
            }
            Some(_) => None,
            None => {
                let (name, attribute) = argument.as_str()?.split_once('.')?;
                Some(Target { name, attribute: Some(attribute) })
            }
        },
        ("Fn::Sub", argument) => {
            let name = argument.as_str()?.strip_prefix("${")?.strip_suffix('}')?;
            if name.contains(['$', '{', '}']) || name.starts_with('!') {
                return None;
            }
            let name = name.trim();
            let (name, attribute) = name.split_once('.').map_or((name, None), |(it, rest)| (it, Some(rest)));
            Some(Target { name, attribute })
        }
        _ => None,
    }
}

/// Whether a mapping of this one key is a function where a value is due.
fn is_function(key: &str) -> bool {
    key == "Ref" || key.starts_with("Fn::")
}

/// Whether a macro or a loop makes something of this mapping that is not to be seen here.
fn has_macro(node: &Node) -> bool {
    node.as_map()
        .is_some_and(|it| it.keys().any(|key| &**key == "Fn::Transform" || key.starts_with("Fn::ForEach::")))
}
