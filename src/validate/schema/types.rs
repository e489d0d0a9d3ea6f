//! The schemas of resource types, each read and compiled when it is first needed, and then kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, RwLock},
};

use serde_json::{Value as Json, value::RawValue};

use super::{
    compiled::Schema,
    excerpt::{Entries, Reader, Used, parse, value},
    rules::{self, Rule},
};

/// The schema of a resource type, or an excerpt of it.
#[derive(Debug)]
pub(in super::super) struct TypeSchema {
    name: String,
    schema: Schema,
    rules: Vec<Rule>,
    /// The properties whose schemas it lacks, by the name alone.
    passed_over: BTreeSet<String>,
    read_only: Vec<Path>,
    write_only: Vec<Path>,
    identifiers: Vec<Path>,
    reference: Option<Path>,
    attributes: MoreAttributes,
    is_stateful: bool,
    is_taggable: bool,
    lifecycle: Option<(Lifecycle, Option<String>)>,
}

/// The keys that lead to a property; `*` is any item.
pub(in super::super) type Path = Vec<String>;

/// The attributes of a type besides what is read-only.
#[derive(Debug)]
pub(in super::super) enum MoreAttributes {
    /// All its properties.
    All,
    /// These properties.
    Some(Vec<Path>),
}

/// What AWS says of the future of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifecycle {
    Shutdown,
    Sunset,
    Maintenance,
}

/// What was read, so that templates of one run share it.
static READ: RwLock<BTreeMap<String, Arc<TypeSchema>>> = RwLock::new(BTreeMap::new());

/// What the schema of a type says of properties of these names, if there is such a type.
///
/// A type is read once for the first template, and once more, as a whole, for the first that uses other properties.
pub(super) fn find_using(type_name: &str, used: &BTreeSet<&str>) -> Option<Arc<TypeSchema>> {
    match kept(type_name) {
        Some(it) if it.covers(used) => Some(it),
        Some(_) => find_whole(type_name),
        None => read(type_name, Used::Only(used)),
    }
}

/// The schema of a type, if there is such a type. It may lack what [`TypeSchema::property`] finds all the same.
pub(in super::super) fn find(type_name: &str) -> Option<Arc<TypeSchema>> {
    kept(type_name).or_else(|| read(type_name, Used::Only(&BTreeSet::new())))
}

/// The whole schema of a type, if there is such a type.
fn find_whole(type_name: &str) -> Option<Arc<TypeSchema>> {
    kept(type_name).filter(|it| it.is_whole()).or_else(|| read(type_name, Used::All))
}

fn kept(type_name: &str) -> Option<Arc<TypeSchema>> {
    READ.read().expect("no thread panics while it holds the lock").get(type_name).cloned()
}

fn read(type_name: &str, used: Used<'_>) -> Option<Arc<TypeSchema>> {
    let schema = Arc::new(TypeSchema::new(type_name, &asi_schemas::find(type_name)?, used));
    let mut kept = READ.write().expect("no thread panics while it holds the lock");
    let kept = kept.entry(type_name.to_owned()).or_insert_with(|| schema.clone());
    // Another thread may have been faster, and read more.
    if !kept.is_whole() {
        *kept = schema.clone();
    }
    Some(schema)
}

/// The type whose schema a type has.
pub(super) fn schema_name(type_name: &str) -> &str {
    if type_name.starts_with("Custom::") { "AWS::CloudFormation::CustomResource" } else { type_name }
}

/// The types somebody who wrote `type_name` may have meant: those of the same service, or else whose service or
/// last name are the same but for a letter or two.
pub(super) fn similar(type_name: &str) -> Vec<&'static str> {
    let service = |name: &str| name.rsplit_once("::").map(|(it, _)| it.to_ascii_lowercase());
    let last = |name: &str| name.rsplit("::").next().unwrap_or_default().to_ascii_lowercase();
    let wanted = service(type_name);
    let same_service: Vec<&str> = asi_schemas::types().filter(|it| service(it) == wanted).collect();
    if !same_service.is_empty() {
        return same_service;
    }
    asi_schemas::types().filter(|it| last(it) == last(type_name)).collect()
}

impl TypeSchema {
    /// Reads the text of a schema.
    pub(super) fn new(name: &str, text: &str, used: Used<'_>) -> Self {
        let entries: Entries<'_> = parse(text);
        let spec = entries.get("spec").map(Entries::of);
        let spec = |key: &str| spec.as_ref().and_then(|it| it.get(key));
        let list = |key: &str| entries.get(key).map(pointers).unwrap_or_default();
        let reference: Option<Path> = match spec("ref").map(pointers).unwrap_or_default().as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        // Whoever refers to a resource uses what `Ref` gives.
        let used_too: BTreeSet<&str>;
        let used = match used {
            Used::Only(names) => {
                used_too =
                    names.iter().copied().chain(reference.iter().flatten().map(String::as_str)).collect();
                Used::Only(&used_too)
            }
            Used::All => Used::All,
        };
        let mut reader = Reader::new(used);
        let json = reader.schema(&entries);
        let rules = rules::read(name, &mut reader);
        let Some(passed_over) = reader.passed_over() else { return Self::new(name, text, Used::All) };
        Self {
            name: name.to_owned(),
            schema: Schema::new(json),
            rules,
            passed_over,
            read_only: list("readOnlyProperties"),
            identifiers: list("primaryIdentifier"),
            write_only: list("writeOnlyProperties"),
            reference,
            attributes: match spec("attributes") {
                Some(it) if it.get() == "\"all\"" => MoreAttributes::All,
                Some(list) => MoreAttributes::Some(pointers(list)),
                None => MoreAttributes::Some(Vec::new()),
            },
            is_stateful: is_true(spec("stateful")) && !is_true(spec("deleteRequiresEmpty")),
            is_taggable: entries
                .get("tagging")
                .and_then(|it| Entries::of(it).get("taggable"))
                .is_none_or(|it| value::<Json>(it) != false),
            lifecycle: entries.get("lifecycle").and_then(|it| lifecycle(&value(it))),
        }
    }

    /// Whether it says all there is to say of properties of these names.
    fn covers(&self, used: &BTreeSet<&str>) -> bool {
        used.iter().all(|it| !self.passed_over.contains(*it))
    }

    fn is_whole(&self) -> bool {
        self.passed_over.is_empty()
    }

    /// What its properties have to be.
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The rules for its properties that its schema does not have.
    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The paths of the properties that only AWS sets.
    pub(in super::super) fn read_only(&self) -> &[Path] {
        &self.read_only
    }

    /// The paths of the properties that can be set, and not be read.
    pub(super) fn write_only(&self) -> &[Path] {
        &self.write_only
    }

    /// What becomes of its service, and when.
    pub(super) fn lifecycle(&self) -> Option<(Lifecycle, Option<&str>)> {
        let (status, date) = self.lifecycle.as_ref()?;
        Some((*status, date.as_deref()))
    }

    /// The paths of the properties by which AWS knows a resource.
    pub(in super::super) fn identifiers(&self) -> &[Path] {
        &self.identifiers
    }

    /// Whether its tags are in `Tags`, as those of nearly all types are.
    pub(super) fn is_taggable(&self) -> bool {
        self.is_taggable
    }

    /// Whether its resources hold data, and are deleted together with it.
    pub(in super::super) fn is_stateful(&self) -> bool {
        self.is_stateful
    }

    /// The path of the one property that `Ref` gives.
    pub(super) fn reference(&self) -> Option<&Path> {
        self.reference.as_ref()
    }

    /// The properties that are attributes besides the read-only ones.
    pub(in super::super) fn more_attributes(&self) -> &MoreAttributes {
        &self.attributes
    }

    /// The whole of it.
    pub(in super::super) fn whole(&self) -> Option<Arc<Self>> {
        find_whole(&self.name)
    }

    /// The schema of the property at a path, in which `*` stands for an item.
    pub(in super::super) fn property(&self, path: &[String]) -> Option<Json> {
        if path.iter().any(|it| self.passed_over.contains(it)) {
            return self.whole()?.property(path);
        }
        let mut schema = self.schema.json();
        for key in path {
            schema = match key.as_str() {
                "*" => schema.get("items")?,
                _ => schema.get("properties")?.get(key)?,
            };
            schema = self.referred(schema)?;
        }
        Some(schema.clone())
    }

    /// A schema, or the one it refers to.
    fn referred<'a>(&'a self, schema: &'a Json) -> Option<&'a Json> {
        match schema.get("$ref").and_then(Json::as_str) {
            Some(pointer) => self.schema.json().pointer(pointer.strip_prefix('#')?),
            None => Some(schema),
        }
    }
}

/// The paths that a list of pointers such as `/properties/A/B` names.
fn pointers(list: &RawValue) -> Vec<Path> {
    let list: Json = value(list);
    let path = |it: &Json| {
        let path = it.as_str()?.strip_prefix("/properties/")?;
        Some(path.split('/').map(str::to_owned).collect())
    };
    list.as_array().into_iter().flatten().filter_map(path).collect()
}

fn is_true(flag: Option<&RawValue>) -> bool {
    flag.is_some_and(|it| it.get() == "true")
}

fn lifecycle(json: &Json) -> Option<(Lifecycle, Option<String>)> {
    let status = match json.get("status")?.as_str()? {
        "shutdown" => Lifecycle::Shutdown,
        "sunset" => Lifecycle::Sunset,
        "maintenance" => Lifecycle::Maintenance,
        _ => return None,
    };
    Some((status, json.get("date").and_then(Json::as_str).map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::{super::keywords, *};

    #[test]
    fn every_schema_can_be_evaluated() {
        let failing: Vec<String> = asi_schemas::types()
            .filter_map(|name| {
                let text = asi_schemas::find(name).expect("it is listed");
                let schema = TypeSchema::new(name, &text, Used::All);
                let error = keywords::OPTIONS.build(schema.schema.json()).err()?;
                Some(format!("{name}: {error} at {}", error.schema_path()))
            })
            .collect();
        assert_eq!(failing, Vec::<String>::new());
    }

    #[test]
    fn what_an_excerpt_lacks_is_found_all_the_same() {
        let text = asi_schemas::find("AWS::ECS::Service").unwrap();
        let excerpt = TypeSchema::new("AWS::ECS::Service", &text, Used::Only(&["Cluster"].into()));
        assert!(excerpt.covers(&["Cluster", "Unheard"].into()) && !excerpt.covers(&["Role"].into()));
        let property = |path: &[&str]| {
            let path: Path = path.iter().map(|it| (*it).to_owned()).collect();
            excerpt.property(&path).map(|it| it["type"].clone())
        };
        assert_eq!(property(&["Cluster"]), Some("string".into()));
        assert_eq!(property(&["LoadBalancers", "*", "ContainerPort"]), Some("integer".into()));
        assert_eq!(property(&["Unheard"]), None);
    }

    #[test]
    fn names_types_that_were_meant() {
        assert!(similar("AWS::ECS::Servce").contains(&"AWS::ECS::Service"));
        assert!(similar("AWS::S4::Bucket").contains(&"AWS::S3::Bucket"));
    }
}
