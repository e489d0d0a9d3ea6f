//! Templates as the `jsonschema` crate sees its instances.
//!
//! A value that is not known is of no type: every assertion that asks for one passes it by, and those that must not
//! are in `keywords`.

use std::borrow::Cow;

use asi_constructs::kernel::{
    map::Map,
    node::{Node, NodeKind},
};
use jsonschema::{
    json::{self, JsonNumber, NodeIdentity},
    types::JsonType,
};
use serde_json::Value as Json;

use super::super::value::{Value, scalar};

/// The form of JSON that templates are.
#[derive(Debug)]
pub(in super::super) enum TemplateJson {}

/// A value of a template, or the name of a property.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Instance<'a> {
    Value(Value<'a>),
    Name(&'a str),
}

impl<'a> Instance<'a> {
    /// The value, if it is one.
    pub(super) fn value(&self) -> Option<Value<'a>> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Name(_) => None,
        }
    }

    fn node(&self) -> Option<&'a Node> {
        self.value()?.known()
    }
}

impl json::Json for TemplateJson {
    type Node<'a> = Instance<'a>;
    type PreparedKey = String;
    type StringBuffer = String;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(buffer: &mut String, string: &str, f: impl FnOnce(Instance<'_>) -> T) -> T {
        buffer.clear();
        buffer.push_str(string);
        f(Instance::Name(buffer))
    }
}

impl<'a> json::Node<'a, TemplateJson> for Instance<'a> {
    type Object = Object<'a>;
    type Array = Array<'a>;
    type Number = Number;

    fn as_object(&self) -> Option<Object<'a>> {
        Some(Object { value: self.value()?, map: self.node()?.as_map()? })
    }

    fn as_array(&self) -> Option<Array<'a>> {
        self.node()?.as_list()?;
        Some(Array(self.value()?))
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Name(name) => Some(Cow::Borrowed(name)),
            Self::Value(_) => self.node()?.as_str().map(Cow::Borrowed),
        }
    }

    fn as_number(&self) -> Option<Number> {
        match self.node()?.kind {
            NodeKind::Integer(it) => Some(Number(it.into())),
            NodeKind::Float(it) => serde_json::Number::from_f64(it).map(Number),
            NodeKind::Null
            | NodeKind::Bool(_)
            | NodeKind::String(_)
            | NodeKind::List(_)
            | NodeKind::Map(_) => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.node()?.kind {
            NodeKind::Bool(it) => Some(it),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        self.node().is_some_and(|it| it.kind == NodeKind::Null)
    }

    fn json_type(&self) -> JsonType {
        match self.node().map(|it| &it.kind) {
            None if matches!(self, Self::Name(_)) => JsonType::String,
            None | Some(NodeKind::Null) => JsonType::Null,
            Some(NodeKind::Bool(_)) => JsonType::Boolean,
            Some(NodeKind::Integer(_) | NodeKind::Float(_)) => JsonType::Number,
            Some(NodeKind::String(_)) => JsonType::String,
            Some(NodeKind::List(_)) => JsonType::Array,
            Some(NodeKind::Map(_)) => JsonType::Object,
        }
    }

    fn to_value(&self) -> Cow<'a, Json> {
        Cow::Owned(match self {
            Self::Name(name) => Json::from(*name),
            Self::Value(value) => to_json(*value),
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        let address = |node: &Node| std::ptr::from_ref(node).addr();
        Some(match self {
            Self::Name(name) => NodeIdentity::tagged(name.as_ptr().addr(), 2),
            Self::Value(value) => match value.known() {
                Some(node) => NodeIdentity::new(address(node)),
                None => NodeIdentity::tagged(address(value.site), 1),
            },
        })
    }
}

/// A copy in which scalars that CloudFormation takes for equal are, for comparing items.
fn to_json(value: Value<'_>) -> Json {
    match value.known() {
        None => written(value.site),
        Some(node) => match &node.kind {
            NodeKind::List(_) => value.items().map(to_json).collect(),
            NodeKind::Map(_) => {
                Json::Object(value.entries().map(|(key, _, it)| (key.to_owned(), to_json(it))).collect())
            }
            _ => written(node),
        },
    }
}

fn written(node: &Node) -> Json {
    match &node.kind {
        NodeKind::List(items) => items.iter().map(written).collect(),
        NodeKind::Map(map) => {
            Json::Object(map.iter().map(|(key, it)| (key.to_string(), written(&it.value))).collect())
        }
        _ => scalar(node).map_or(Json::Null, |it| Json::from(it.into_owned())),
    }
}

/// A mapping.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Object<'a> {
    value: Value<'a>,
    map: &'a Map<Node>,
}

/// A list.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Array<'a>(Value<'a>);

/// A number.
#[derive(Debug)]
pub(in super::super) struct Number(serde_json::Number);

impl<'a> json::Object<'a, TemplateJson> for Object<'a> {
    type Node = Instance<'a>;
    type MemberName = &'a str;
    type MembersIter = Box<dyn Iterator<Item = (&'a str, Instance<'a>)> + 'a>;

    fn len(&self) -> usize {
        self.value.entries().count()
    }

    fn get(&self, key: &String) -> Option<Instance<'a>> {
        self.map.get(key.as_str()).and_then(|it| self.value.child(&it.value)).map(Instance::Value)
    }

    fn members(&self) -> Self::MembersIter {
        Box::new(self.value.entries().map(|(key, _, it)| (key, Instance::Value(it))))
    }
}

impl<'a> json::Array<'a, TemplateJson> for Array<'a> {
    type Node = Instance<'a>;
    type ElementsIter = Box<dyn Iterator<Item = Instance<'a>> + 'a>;

    fn len(&self) -> usize {
        self.0.items().count()
    }

    fn elements(&self) -> Self::ElementsIter {
        Box::new(self.0.items().map(Instance::Value))
    }
}

impl JsonNumber for Number {
    fn as_u64(&self) -> Option<u64> {
        self.0.as_u64()
    }

    fn as_i64(&self) -> Option<i64> {
        self.0.as_i64()
    }

    fn as_f64(&self) -> Option<f64> {
        self.0.as_f64()
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Owned(self.0.to_string())
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        Cow::Borrowed(&self.0)
    }
}
