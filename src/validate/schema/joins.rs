//! Rules about several resources at once that are data: properties of a resource and of those it refers to are
//! collected into one object, which has to match a schema. `asi_schemas::joins` says how.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use asi_constructs::kernel::{
    map::Map,
    node::{Node, NodeKind},
    span::Span,
};
use serde_json::{Value as Json, value::RawValue};

use super::{
    super::{
        conditions::identity,
        document::{Document, Resource},
        report::{Found, Place, Report},
        scenario::Scenario,
        value::Value,
    },
    compiled::Schema,
    excerpt::{Entries, parse, value},
    faults::explain_as,
    keys,
    prepare::UNKNOWN,
    reach,
    rules::id,
};

/// A rule about several resources.
#[derive(Debug)]
struct Join {
    id: &'static str,
    type_name: String,
    once: bool,
    literal: bool,
    entries: Vec<Entry>,
    demand: Demand,
}

/// What a collection has to match.
#[derive(Debug)]
enum Demand {
    Schema(Schema),
    /// A schema that takes some of its values from the collection.
    Template(Json),
}

/// What is collected of one resource.
#[derive(Debug)]
struct Entry {
    name: String,
    /// The path of what refers to the resource; none for the resource itself.
    reference: Option<Vec<String>>,
    type_name: Option<String>,
    /// The key under which the type of the resource stands.
    type_as: Option<String>,
    properties: Vec<Wanted>,
}

/// A property that is collected.
#[derive(Debug)]
struct Wanted {
    name: String,
    path: Vec<String>,
    default: Option<Json>,
}

/// A rule that is read when there is a resource of its type.
struct Listed {
    type_name: String,
    text: &'static RawValue,
    join: OnceLock<Option<Join>>,
}

static JOINS: LazyLock<Vec<Listed>> = LazyLock::new(|| {
    let texts: Vec<&RawValue> = parse(asi_schemas::joins());
    let listed = |text| {
        let type_name = Entries::of(text).get("type").map(value)?;
        Some(Listed { type_name, text, join: OnceLock::new() })
    };
    texts.into_iter().filter_map(listed).collect()
});

impl Listed {
    fn read(&self) -> Option<&Join> {
        self.join.get_or_init(|| Join::read(&value(self.text))).as_ref()
    }
}

/// Holds the resources to every rule about several of them.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for listed in JOINS.iter() {
        let mut resources = document.of_type(&listed.type_name).peekable();
        let Some(join) = resources.peek().and_then(|_| listed.read()) else { continue };
        for resource in resources {
            for scenario in &document.scenarios(resource).list {
                join.check(document, resource, scenario, report);
            }
        }
    }
}

/// The ids of these rules.
#[cfg(test)]
pub(super) fn ids() -> Vec<&'static str> {
    JOINS.iter().filter_map(Listed::read).map(|it| it.id).collect()
}

/// What was collected, and where each value of it was taken from.
struct Collection<'t> {
    /// The object that the schema is about.
    object: Node,
    /// By the names of entry and property.
    sources: BTreeMap<(String, String), Value<'t>>,
    /// The resource of each entry.
    resources: BTreeMap<String, &'t Node>,
}

impl Join {
    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            id: id(json.get("id")?.as_str()?)?,
            type_name: json.get("type")?.as_str()?.to_owned(),
            once: json.get("once").is_some(),
            literal: json.get("literal").is_some(),
            entries: json.get("gather")?.as_array()?.iter().filter_map(Entry::read).collect(),
            demand: Demand::read(json.get("schema")?),
        })
    }

    fn check<'t>(
        &self,
        document: &'t Document<'t>,
        resource: &Resource<'t>,
        scenario: &'t Scenario<'t>,
        report: &mut Report<'t>,
    ) {
        let Some(properties) = resource.properties.and_then(|it| Value::new(document, scenario, it)) else {
            return;
        };
        let leading = self.entries.iter().find_map(|it| Some((it, it.reference.as_ref()?)));
        let Some((leading, path)) = leading else {
            return self.match_schema(document, resource, properties, &BTreeMap::new(), report);
        };
        let mut leads = Vec::new();
        reach(properties, path, &mut leads);
        for lead in leads {
            let mut referred = BTreeMap::new();
            if let Some(target) = leading.target(document, lead) {
                referred.insert(leading.name.as_str(), target);
                for entry in self.entries.iter().filter(|it| it.name != leading.name) {
                    let mut values = Vec::new();
                    entry.reference.iter().for_each(|it| reach(properties, it, &mut values));
                    if let Some(target) = values.into_iter().find_map(|it| entry.target(document, it)) {
                        referred.insert(entry.name.as_str(), target);
                    }
                }
            } else if !lead.is_known() {
                continue;
            }
            self.match_schema(document, resource, properties, &referred, report);
        }
    }

    fn match_schema<'t>(
        &self,
        document: &'t Document<'t>,
        resource: &Resource<'t>,
        properties: Value<'t>,
        referred: &BTreeMap<&str, &'t Resource<'t>>,
        report: &mut Report<'t>,
    ) {
        let collection = self.collect(document, resource, properties, referred);
        let value = Value::new(document, document.nothing_assumed(), &collection.object)
            .expect("an object is never `AWS::NoValue`");
        let found = match &self.demand {
            Demand::Schema(schema) => explain_as(value, &self.type_name, schema),
            Demand::Template(schema) => {
                explain_as(value, &self.type_name, &Schema::new(substitute(schema, value)))
            }
        };
        let count = if self.once { 1 } else { found.len() };
        for (path, found) in found.into_iter().take(count) {
            let place = collection.place(path.as_str(), resource);
            let found = self.names(resource, referred).fold(found, |it, (from, to)| it.rename(&from, &to));
            report.add(self.reword(found).at(place).under(self.id));
        }
    }

    /// What the rule finds in its own words, where those of its schema tell of one resource only.
    fn reword<'t>(&self, found: Found<'t>) -> Found<'t> {
        let (message, help) = match self.id {
            "E3054" => (
                "the service runs on Fargate, and its task definition does not allow that",
                "add `FARGATE` to `RequiresCompatibilities`",
            ),
            "E3502" => (
                "a queue and the one for its dead letters are both FIFO, or neither is",
                "give both the same `FifoQueue`",
            ),
            "E3505" => (
                "messages of this queue show again before the function that takes them has to be done",
                "set `VisibilityTimeout` to the `Timeout` of the function or more",
            ),
            "E3698" => ("the deployment is of another API than the stage", "give both the same `RestApiId`"),
            "E3699" => ("the authorizer is of another API than the method", "give both the same `RestApiId`"),
            "E3705" => {
                ("a FIFO queue hands out at most 10 messages at once", "set `BatchSize` to 10 or less")
            }
            "E3706" => {
                ("the group cannot have more instances than `MaxSize`, and fewer than `MinSize`", "swap them")
            }
            "E3707" => (
                "an instance has the engine of its cluster, and this is another",
                "give both the same `Engine`",
            ),
            "E3709" => (
                "the storage of an instance is encrypted if that of its cluster is",
                "take `StorageEncrypted` out, or give both the same",
            ),
            "E3712" => {
                ("the group cannot grow: `MaxSize` is `MinSize`", "raise `MaxSize`, or take the policy out")
            }
            "E3714" => (
                "the security group is of another VPC than the subnet",
                "use a security group and a subnet of one VPC",
            ),
            _ => return found,
        };
        found.message(message).help(help)
    }

    /// What the entries of the collection and their values are called in it, and what in the template.
    fn names<'a>(
        &'a self,
        resource: &'a Resource<'_>,
        referred: &'a BTreeMap<&str, &Resource<'_>>,
    ) -> impl Iterator<Item = (String, String)> + use<'a> {
        self.entries.iter().flat_map(move |entry| {
            let type_name = referred.get(entry.name.as_str()).map_or(resource.type_name, |it| it.type_name);
            let own = (entry.name.clone(), type_name.to_owned());
            let values = entry.properties.iter().filter_map(|it| {
                Some((it.name.clone(), it.path.iter().rev().find(|it| *it != "*")?.clone()))
            });
            std::iter::once(own).chain(values)
        })
    }

    fn collect<'t>(
        &self,
        document: &'t Document<'t>,
        resource: &Resource<'t>,
        properties: Value<'t>,
        referred: &BTreeMap<&str, &'t Resource<'t>>,
    ) -> Collection<'t> {
        let mut sources = BTreeMap::new();
        let mut resources = BTreeMap::new();
        let mut object = Map::default();
        for entry in &self.entries {
            let (type_name, node, values) = match (&entry.reference, referred.get(entry.name.as_str())) {
                (None, _) => (resource.type_name, resource.node, Some(properties)),
                (Some(_), Some(it)) => {
                    let values =
                        it.properties.and_then(|node| Value::new(document, properties.scenario, node));
                    (it.type_name, it.node, values)
                }
                (Some(_), None) => continue,
            };
            resources.insert(entry.name.clone(), node);
            let mut group = Map::default();
            if let Some(key) = &entry.type_as {
                group.insert(key.clone().into(), Node::text(type_name.to_owned(), Span::NOWHERE).into());
            }
            for wanted in &entry.properties {
                let mut found = Vec::new();
                values.iter().for_each(|it| reach(*it, &wanted.path, &mut found));
                if let Some(value) = found.into_iter().next() {
                    group.insert(wanted.name.clone().into(), self.copy(value).into());
                    sources.insert((entry.name.clone(), wanted.name.clone()), value);
                } else if let Some(default) = &wanted.default {
                    group.insert(wanted.name.clone().into(), node_of(default).into());
                }
            }
            object.insert(entry.name.clone().into(), Node::new(NodeKind::Map(group), Span::NOWHERE).into());
        }
        Collection { object: Node::new(NodeKind::Map(object), Span::NOWHERE), sources, resources }
    }

    /// A value as it is collected: what is known of it, or the function that gives it.
    fn copy(&self, value: Value<'_>) -> Node {
        match value.known() {
            Some(node) => node.clone(),
            // Written alike, functions give the same.
            None if self.literal => {
                let target = value.target().filter(|it| it.attribute.is_none());
                let text = target.map_or_else(|| identity(value.site), |it| format!("!Ref {}", it.name));
                Node::text(text, Span::NOWHERE)
            }
            None => value.site.clone(),
        }
    }
}

impl Demand {
    fn read(schema: &Json) -> Self {
        if has_variables(schema) {
            Self::Template(schema.clone())
        } else {
            Self::Schema(Schema::new(schema.clone()))
        }
    }
}

fn has_variables(schema: &Json) -> bool {
    match schema {
        Json::Array(items) => items.iter().any(has_variables),
        Json::Object(map) => {
            map.contains_key("$data") || map.contains_key("$lookup") || map.values().any(has_variables)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

/// The schema with what it takes from the collection.
fn substitute(schema: &Json, collection: Value<'_>) -> Json {
    const NUMBERS: [&str; 4] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
    const LENGTHS: [&str; 4] = ["minLength", "maxLength", "minItems", "maxItems"];
    match schema {
        Json::Array(items) => items.iter().map(|it| substitute(it, collection)).collect(),
        Json::Object(map) => {
            let mut result = serde_json::Map::new();
            for (key, value) in map {
                if value.get("$data").is_none() && value.get("$lookup").is_none() {
                    result.insert(key.clone(), substitute(value, collection));
                    continue;
                }
                let Some(text) = lookup(value, collection) else {
                    result.insert(UNKNOWN.to_owned(), Json::Bool(true));
                    continue;
                };
                let is_number = NUMBERS.contains(&key.as_str()) || LENGTHS.contains(&key.as_str());
                let value =
                    if is_number { text.parse::<f64>().ok().map(Json::from) } else { Some(Json::from(text)) };
                if let Some(value) = value {
                    result.insert(key.clone(), value);
                }
            }
            Json::Object(result)
        }
        other => other.clone(),
    }
}

/// What `$data` or `$lookup` stands for, if that is known.
fn lookup(json: &Json, collection: Value<'_>) -> Option<String> {
    if let Some(lookup) = json.get("$lookup") {
        let key = self::lookup(lookup.get("key")?, collection)?;
        return lookup.get("map")?.get(&key)?.as_str().map(str::to_owned);
    }
    let mut value = collection;
    for key in json.get("$data")?.as_str()?.split('/').skip(1) {
        value = match key.parse::<usize>() {
            Ok(at) if value.known()?.as_list().is_some() => value.items().nth(at)?,
            _ => value.get(key)?,
        };
    }
    value.text().map(std::borrow::Cow::into_owned)
}

impl Entry {
    fn read(json: &Json) -> Option<Self> {
        let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
        let properties = json.get("properties").and_then(Json::as_object).into_iter().flatten();
        Some(Self {
            name: text("name")?,
            reference: text("reference").map(|it| keys(&it)),
            type_name: text("type"),
            type_as: text("typeAs"),
            properties: properties
                .filter_map(|(name, it)| {
                    let path = keys(it.get("path")?.as_str()?);
                    Some(Wanted { name: name.clone(), path, default: it.get("default").cloned() })
                })
                .collect(),
        })
    }

    /// The resource of its type that `value` refers to.
    fn target<'t>(&self, document: &'t Document<'t>, value: Value<'t>) -> Option<&'t Resource<'t>> {
        let resource = document.resources.get(value.target()?.name)?;
        let fits = self.type_name.as_deref().is_none_or(|it| it == resource.type_name);
        fits.then_some(resource)
    }
}

impl<'t> Collection<'t> {
    /// The place in the template of what is at a path of the collection.
    fn place(&self, path: &str, resource: &Resource<'t>) -> Place<'t> {
        let mut keys = path.split('/').skip(1);
        let (entry, name) = (keys.next().unwrap_or_default(), keys.next().unwrap_or_default());
        if let Some(source) = self.sources.get(&(entry.to_owned(), name.to_owned())) {
            let inner = keys.try_fold(*source, |value, key| match key.parse::<usize>() {
                Ok(at) if !value.entries().any(|_| true) => value.items().nth(at),
                _ => value.get(key),
            });
            return Place::Value(inner.unwrap_or(*source).site);
        }
        let node = self.resources.get(entry).copied().unwrap_or(resource.node);
        Place::Holder(node.get("Properties").unwrap_or(node))
    }
}

/// A scalar of a rule as it stands in a template.
fn node_of(json: &Json) -> Node {
    let kind = match json {
        Json::Bool(it) => NodeKind::Bool(*it),
        Json::Number(it) => {
            it.as_i64().map_or_else(|| NodeKind::Float(it.as_f64().unwrap_or_default()), NodeKind::Integer)
        }
        Json::String(it) => NodeKind::String(it.clone().into()),
        Json::Null | Json::Array(_) | Json::Object(_) => NodeKind::Null,
    };
    Node::new(kind, Span::NOWHERE)
}
