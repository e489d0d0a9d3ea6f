//! Keywords that mean something else for CloudFormation than JSON Schema says, and those that JSON Schema lacks.
//!
//! CloudFormation passes scalars on as text, so that `"80"` is a whole number and `80` a text. A value that is not
//! known passes, unless all it may be does not.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use asi_constructs::kernel::{
    node::{Node, NodeKind},
    span::Span,
};
use jsonschema::{Keyword, ValidationError, ValidationOptions, json::Node as _, paths::Location};
use serde_json::{Map, Value as Json};

use super::{
    super::value::{Value, scalar},
    excerpt::OTHERS,
    format,
    instance::{Instance, TemplateJson},
    pattern::Pattern,
    prepare::{FORM, GROUPS, KNOWN, UNKNOWN},
    references,
};

type Options = ValidationOptions<'static, Arc<dyn jsonschema::Retrieve>, TemplateJson>;

/// What a keyword tests.
type Test = Box<dyn for<'i> Keyword<'i, TemplateJson>>;

/// A keyword as it stands in a schema.
struct Word<'a> {
    /// What stands under it.
    operand: &'a Json,
    /// The schema it stands in.
    schema: &'a Map<String, Json>,
    /// Where that is.
    place: &'a Location,
}

/// Makes the test of a keyword.
type Maker = fn(&Word<'_>) -> Test;

/// Each keyword, with what makes its test.
const KEYWORDS: [(&str, Maker); 23] = [
    ("const", one_of),
    ("dependentExcluded", dependent_excluded),
    ("dependentRequired", dependent_required),
    ("enum", one_of),
    ("enumCaseInsensitive", one_of_in_any_case),
    ("exclusiveMaximum", |it| number(it, |number, limit| number < limit)),
    ("exclusiveMinimum", |it| number(it, |number, limit| number > limit)),
    ("format", format),
    (FORM, form),
    (GROUPS, |_| leaf(|_| true, |value| !references::gives_texts(value))),
    (KNOWN, known),
    ("maxLength", |it| length(it, |length, limit| length <= limit)),
    ("maxUniqueItems", max_unique_items),
    ("maximum", |it| number(it, |number, limit| number <= limit)),
    ("minLength", |it| length(it, |length, limit| length >= limit)),
    ("minimum", |it| number(it, |number, limit| number >= limit)),
    ("multipleOf", |it| number(it, |number, unit| (number / unit).fract() == 0.0)),
    (OTHERS, |_| Box::new(Group(|_: &Value<'_>| Vec::new()))),
    ("requiredOr", required_or),
    ("requiredXor", required_xor),
    ("type", of_type),
    ("uniqueKeys", unique_keys),
    (UNKNOWN, |_| Box::new(Group(|_: &Value<'_>| vec![String::new()]))),
];

/// What evaluates the prepared schemas.
pub(super) static OPTIONS: LazyLock<Options> = LazyLock::new(|| {
    let options = jsonschema::options_for::<TemplateJson>()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(false)
        .offline();
    KEYWORDS.iter().fold(options, |options, (name, make)| {
        options.with_keyword(
            *name,
            |schema: &Map<String, Json>,
             operand: &Json,
             place: Location|
             -> Result<Test, ValidationError<'_>> {
                Ok(make(&Word { operand, schema, place: &place }))
            },
        )
    })
});

fn of_type(word: &Word<'_>) -> Test {
    let types = texts(word.operand);
    let wanted = types.clone();
    let is_composite = ["anyOf", "oneOf", "allOf"].iter().any(|it| word.schema.contains_key(*it));
    leaf(
        move |node| types.iter().any(|it| is_type(it, node)),
        move |value| is_composite || references::may_be(value, &wanted),
    )
}

fn one_of(word: &Word<'_>) -> Test {
    let values: BTreeSet<String> = texts(word.operand).into_iter().collect();
    value(move |text| values.contains(text))
}

fn one_of_in_any_case(word: &Word<'_>) -> Test {
    let values = texts(word.operand);
    value(move |text| values.iter().any(|it| it.eq_ignore_ascii_case(text)))
}

fn form(word: &Word<'_>) -> Test {
    let pattern = Pattern::new(word.operand.as_str().unwrap_or_default());
    leaf(move |node| scalar(node).is_none_or(|it| pattern.matches(&it)), |_| true)
}

fn format(word: &Word<'_>) -> Test {
    let name = word.operand.as_str().unwrap_or_default().to_owned();
    let wanted = name.clone();
    // One of several forms: the reference may well be meant for another of them.
    let is_choice = ["/anyOf/", "/oneOf/"].iter().any(|it| word.place.as_str().contains(it));
    leaf(
        move |node| scalar(node).is_none_or(|it| format::violated(&name, &it).is_none()),
        move |value| is_choice || references::may_have_format(value, &wanted),
    )
}

fn required_xor(word: &Word<'_>) -> Test {
    let names = texts(word.operand);
    group(move |value| {
        let present: Vec<&String> = names.iter().filter(|it| value.get(it).is_some()).collect();
        match present.as_slice() {
            [_] => Vec::new(),
            [] => vec![String::new()],
            several => several.iter().map(ToString::to_string).collect(),
        }
    })
}

fn required_or(word: &Word<'_>) -> Test {
    let names = texts(word.operand);
    group(move |value| {
        let is_met = names.iter().any(|it| value.get(it).is_some());
        if is_met { Vec::new() } else { vec![String::new()] }
    })
}

fn dependent_required(word: &Word<'_>) -> Test {
    dependent(word, |value, other| value.get(other).is_none())
}

fn dependent_excluded(word: &Word<'_>) -> Test {
    dependent(word, |value, other| value.get(other).is_some())
}

/// For each name that is there, the others that are wrong with it, each pair joined by a line feed.
fn dependent(word: &Word<'_>, is_wrong: fn(&Value<'_>, &str) -> bool) -> Test {
    let names = word.operand.as_object().into_iter().flatten();
    let names: Vec<(String, Vec<String>)> = names.map(|(name, it)| (name.clone(), texts(it))).collect();
    group(move |value| {
        let present = names.iter().filter(|(name, _)| value.get(name).is_some());
        let wrong = present.flat_map(|(name, others)| {
            let wrong = others.iter().filter(|it| is_wrong(value, it));
            wrong.map(move |it| [name.as_str(), it].join("\n"))
        });
        wrong.collect()
    })
}

fn max_unique_items(word: &Word<'_>) -> Test {
    let most = word.operand.as_u64().unwrap_or(u64::MAX);
    group(move |value| {
        let items = value.items().map(|it| Instance::Value(it).to_value().to_string());
        let different: BTreeSet<String> = items.collect();
        if different.len() as u64 > most { vec![different.len().to_string()] } else { Vec::new() }
    })
}

fn unique_keys(word: &Word<'_>) -> Test {
    let keys = texts(word.operand);
    group(move |value| {
        let mut seen = BTreeSet::new();
        let mut repeated = Vec::new();
        for item in value.items() {
            let own: Option<Vec<_>> = keys.iter().map(|it| item.get(it)?.text()).collect();
            let Some(own) = own.map(|it| it.join(", ")) else { continue };
            if !seen.insert(own.clone()) {
                repeated.push(own);
            }
        }
        repeated
    })
}

fn known(word: &Word<'_>) -> Test {
    let paths: Vec<Vec<String>> = word.operand.as_array().into_iter().flatten().map(texts).collect();
    Box::new(Group(move |value: &Value<'_>| {
        let is_known = paths.iter().all(|path| is_known(*value, path));
        if is_known { Vec::new() } else { vec![String::new()] }
    }))
}

/// Whether nothing on a path, in which `*` stands for every item or entry, is unknown.
fn is_known(value: Value<'_>, path: &[String]) -> bool {
    value.is_known()
        && match path.split_first() {
            None => true,
            Some((key, rest)) if key == "*" => {
                value.items().all(|it| is_known(it, rest))
                    && value.entries().all(|(_, _, it)| is_known(it, rest))
            }
            Some((key, rest)) => value.get(key).is_none_or(|it| is_known(it, rest)),
        }
}

/// Whether a value is of a type, as CloudFormation converts it.
fn is_type(name: &str, node: &Node) -> bool {
    let text = node.as_str().map(str::trim);
    match (name, &node.kind) {
        ("object", kind) => matches!(kind, NodeKind::Map(_)),
        ("array", kind) => matches!(kind, NodeKind::List(_)),
        ("null", kind) => *kind == NodeKind::Null,
        (_, NodeKind::Null | NodeKind::Map(_) | NodeKind::List(_))
        | ("integer" | "number", NodeKind::Bool(_)) => false,
        // A service that takes whole numbers takes the whole part of others.
        ("boolean", NodeKind::Bool(_))
        | ("integer" | "number", NodeKind::Integer(_) | NodeKind::Float(_)) => true,
        ("boolean", _) => matches!(text, Some("true" | "True" | "false" | "False")),
        ("integer", _) => text.is_some_and(|it| it.parse::<i64>().is_ok()),
        ("number", _) => text.is_some_and(|it| it.parse::<f64>().is_ok_and(f64::is_finite)),
        // Every scalar is a text.
        _ => true,
    }
}

/// The texts of a list of scalars, or of one.
pub(super) fn texts(json: &Json) -> Vec<String> {
    match json {
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        Json::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// What is said of a scalar in an error, for `faults` to quote.
fn subject(node: &Node) -> String {
    const LONGEST: usize = 120;
    match scalar(node) {
        Some(text) if text.chars().count() > LONGEST => {
            format!("{}…", text.chars().take(LONGEST).collect::<String>())
        }
        Some(text) => text.into_owned(),
        None => String::new(),
    }
}

/// The subject of an error of what fails only if nothing is given for it.
pub(super) const EMPTY: &str = "\0";

/// A test of one value, and of what is written in its place if it is not known.
struct Leaf<T, U> {
    test: T,
    unknown: U,
}

impl<T, U> Leaf<T, U>
where
    T: Fn(&Node) -> bool,
    U: Fn(&Value<'_>) -> bool,
{
    /// The value that fails, as text.
    fn failing(&self, instance: &Instance<'_>) -> Option<String> {
        let value = match instance {
            Instance::Name(name) => {
                let node = Node::text((*name).to_owned(), Span::NOWHERE);
                return (!(self.test)(&node)).then(|| (*name).to_owned());
            }
            Instance::Value(value) => value,
        };
        if let Some(node) = value.known() {
            return (!(self.test)(node)).then(|| subject(node));
        }
        if !(self.unknown)(value) {
            return Some(String::new());
        }
        let failing = value.candidates().filter_map(|it| it.known()).find(|it| !(self.test)(it))?;
        Some(if value.is_secret() { "****".to_owned() } else { subject(failing) })
    }
}

impl<T, U> Leaf<T, U>
where
    T: Fn(&Node) -> bool,
{
    /// [`EMPTY`], if the value is empty unless it is given, and fails then.
    fn fails_if_empty(&self, instance: &Instance<'_>) -> Option<String> {
        let Instance::Value(value) = instance else { return None };
        let default = value.empty_default()?;
        (!(self.test)(default)).then(|| EMPTY.to_owned())
    }
}

impl<'i, T, U> Keyword<'i, TemplateJson> for Leaf<T, U>
where
    T: Fn(&Node) -> bool + Send + Sync,
    U: Fn(&Value<'_>) -> bool + Send + Sync,
{
    fn validate(&self, instance: Instance<'i>) -> Result<(), ValidationError<'i>> {
        let failing = self.failing(&instance).or_else(|| self.fails_if_empty(&instance));
        failing.map_or(Ok(()), |it| Err(ValidationError::custom(it)))
    }

    /// What a parameter is if it is not given decides nothing: it is only worth a remark.
    fn is_valid(&self, instance: Instance<'i>) -> bool {
        self.failing(&instance).is_none()
    }
}

fn leaf(
    test: impl Fn(&Node) -> bool + Send + Sync + 'static,
    unknown: impl Fn(&Value<'_>) -> bool + Send + Sync + 'static,
) -> Test {
    Box::new(Leaf { test, unknown })
}

/// A test of every value, of which only scalars can pass; nothing is `null`.
fn value(test: impl Fn(&str) -> bool + Send + Sync + 'static) -> Test {
    leaf(
        move |node| match node.kind {
            NodeKind::Null => test("null"),
            _ => scalar(node).is_some_and(|it| test(&it)),
        },
        |_| true,
    )
}

/// A test of how many characters a text has.
fn length(word: &Word<'_>, is_met: fn(u64, u64) -> bool) -> Test {
    let Some(limit) = word.operand.as_u64() else { return leaf(|_| true, |_| true) };
    leaf(move |node| node.as_str().is_none_or(|it| is_met(it.chars().count() as u64, limit)), |_| true)
}

/// A test of numbers, which may be written as text.
fn number(word: &Word<'_>, is_met: fn(f64, f64) -> bool) -> Test {
    let Some(limit) = word.operand.as_f64() else { return leaf(|_| true, |_| true) };
    let number = |node: &Node| match &node.kind {
        #[expect(clippy::cast_precision_loss, reason = "no limit is near 2^53")]
        NodeKind::Integer(it) => Some(*it as f64),
        NodeKind::Float(it) => Some(*it),
        NodeKind::String(text) => text.trim().parse().ok(),
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::List(_) | NodeKind::Map(_) => None,
    };
    leaf(move |node| number(node).is_none_or(|it| is_met(it, limit)), |_| true)
}

/// A test of a whole value, with the names it fails for.
struct Group<T>(T);

impl<'i, T> Keyword<'i, TemplateJson> for Group<T>
where
    T: Fn(&Value<'_>) -> Vec<String> + Send + Sync,
{
    fn validate(&self, instance: Instance<'i>) -> Result<(), ValidationError<'i>> {
        let failing = instance.value().map(|it| (self.0)(&it)).unwrap_or_default();
        failing.into_iter().next().map_or(Ok(()), |it| Err(ValidationError::custom(it)))
    }

    fn is_valid(&self, instance: Instance<'i>) -> bool {
        instance.value().is_none_or(|it| (self.0)(&it).is_empty())
    }

    fn iter_errors(&self, instance: Instance<'i>) -> Box<dyn Iterator<Item = ValidationError<'i>> + 'i> {
        let failing = instance.value().map(|it| (self.0)(&it)).unwrap_or_default();
        Box::new(failing.into_iter().map(|it| -> ValidationError<'i> { ValidationError::custom(it) }))
    }
}

/// A test of mappings and lists that are known.
fn group(test: impl Fn(&Value<'_>) -> Vec<String> + Send + Sync + 'static) -> Test {
    Box::new(Group(move |value: &Value<'_>| {
        let is_collection = value.known().is_some_and(|it| it.as_map().is_some() || it.as_list().is_some());
        if is_collection { test(value) } else { Vec::new() }
    }))
}
