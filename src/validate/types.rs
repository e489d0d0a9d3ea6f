//! What is known of types of resources besides the form of their properties.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError},
};

use serde_json::Value;

use super::schema::{MoreAttributes, Path, TypeSchema, find};

/// What an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// Text.
    Text,
    /// A number, true or false: text in a property, but not in an output.
    Number,
    /// A list.
    List,
    /// Something else, or it is not known.
    Other,
}

/// The attributes of resources of one type: what `Fn::GetAtt` gives.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    schema: Option<Arc<TypeSchema>>,
    /// The properties that are attributes; nothing if all values that stand alone or in a list of such are.
    paths: Option<Vec<Path>>,
    /// Those that are text, whatever the schema says.
    texts: &'static [&'static str],
    /// Whether there are others, of any name.
    is_open: bool,
    /// Whether the outputs of a stack are attributes: `Outputs.` and any name.
    has_outputs: bool,
    /// In a name `*` stands for any part.
    names: OnceLock<BTreeSet<String>>,
}

impl Attributes {
    /// What the attribute `name` is, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<Given> {
        let output = || (self.has_outputs && name.starts_with("Outputs.")).then_some(Given::Text);
        let property = match self.property(name) {
            Some(Given::Number) if self.texts.contains(&name) => Some(Given::Text),
            it => it,
        };
        property.or_else(output).or_else(|| self.is_open.then_some(Given::Other))
    }

    fn property(&self, name: &str) -> Option<Given> {
        let schema = self.schema.as_ref()?;
        let Some(paths) = &self.paths else {
            let path: Path = name.split('.').map(str::to_owned).collect();
            return leaf(&schema.property(&path)?);
        };
        let named = paths.iter().find(|it| is_joined(it, name));
        let path = named.or_else(|| paths.iter().find(|it| matches(&it.join("."), name)))?;
        Some(given(schema.property(path).as_ref()))
    }

    /// The names, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let outputs = self.has_outputs.then_some("Outputs.<name>");
        let names = self.names.get_or_init(|| match &self.paths {
            Some(paths) => paths.iter().map(|it| it.join(".")).collect(),
            None => {
                let mut names = BTreeSet::new();
                if let Some(whole) = self.schema.as_ref().and_then(|it| it.whole()) {
                    leaves(&whole, &mut Vec::new(), &mut names);
                }
                names
            }
        });
        names.iter().map(String::as_str).chain(outputs)
    }
}

/// The attributes of resources of a type; nothing if the type is not known.
pub(super) fn attributes(type_name: &str) -> Option<Arc<Attributes>> {
    static TABLE: LazyLock<Mutex<BTreeMap<String, Option<Arc<Attributes>>>>> = LazyLock::new(Mutex::default);
    let table = || TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = table().get(type_name) {
        return known.clone();
    }
    let read = of(type_name).map(Arc::new);
    table().insert(type_name.to_owned(), read.clone());
    read
}

/// Whether resources of a type hold data, and are deleted together with it.
pub(super) fn is_stateful(type_name: &str) -> bool {
    find(type_name).is_some_and(|it| it.is_stateful())
}

fn of(type_name: &str) -> Option<Attributes> {
    let is_custom = type_name.starts_with("Custom::") || type_name == "AWS::CloudFormation::CustomResource";
    if is_custom || type_name.ends_with("::MODULE") {
        return Some(Attributes { is_open: true, ..Attributes::default() });
    }
    let schema = find(type_name)?;
    if type_name == "AWS::CloudFormation::Stack" {
        return Some(Attributes { has_outputs: true, ..Attributes::default() });
    }
    let mut paths = match schema.more_attributes() {
        MoreAttributes::All => return Some(Attributes { schema: Some(schema), ..Attributes::default() }),
        MoreAttributes::Some(more) => [schema.read_only(), more].concat(),
    };
    let is_output = |it: &Path| {
        type_name == "AWS::ServiceCatalog::CloudFormationProvisionedProduct" && *it == ["Outputs"]
    };
    let has_outputs = paths.iter().any(is_output);
    paths.retain(|it| !is_output(it));
    let texts: &[&str] = match type_name {
        "AWS::CodePipeline::Pipeline" => &["Version"],
        "AWS::DocDB::DBCluster" => &["Port"],
        _ => &[],
    };
    Some(Attributes { schema: Some(schema), paths: Some(paths), texts, has_outputs, ..Attributes::default() })
}

/// The values under the property at `path` that stand alone or in a list of such.
fn leaves(schema: &TypeSchema, path: &mut Path, found: &mut BTreeSet<String>) {
    /// A schema may refer to itself.
    const DEEPEST: usize = 8;
    let Some(property) = schema.property(path) else { return };
    if leaf(&property).is_some() {
        found.insert(path.join("."));
    } else if path.len() <= DEEPEST {
        for key in property["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
            path.push(key.clone());
            leaves(schema, path, found);
            path.pop();
        }
    }
}

/// What a value is that is an attribute where all properties are.
fn leaf(property: &Value) -> Option<Given> {
    match given(Some(property)) {
        Given::Other if property["properties"].is_object() => None,
        Given::List if matches!(property["items"]["type"].as_str(), Some("object" | "array")) => None,
        it => Some(it),
    }
}

fn given(schema: Option<&Value>) -> Given {
    match schema.and_then(|it| it["type"].as_str()) {
        Some("string") => Given::Text,
        Some("integer" | "number" | "boolean") => Given::Number,
        Some("array") => Given::List,
        _ => Given::Other,
    }
}

/// Whether `name` is as `pattern` says, in which a part `*` is any.
fn matches(pattern: &str, name: &str) -> bool {
    pattern.contains('*')
        && pattern.split('.').count() == name.split('.').count()
        && pattern.split('.').zip(name.split('.')).all(|(left, right)| left == "*" || left == right)
}

/// Whether the keys of a path, with a point between each two, are `name`.
fn is_joined(path: &[String], name: &str) -> bool {
    let mut keys = path.iter();
    let first = keys.next().and_then(|it| name.strip_prefix(it.as_str()));
    let rest = keys.try_fold(first, |rest, it| Some(rest?.strip_prefix('.')?.strip_prefix(it.as_str())));
    rest == Some(Some(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(type_name: &str, name: &str) -> Option<Given> {
        attributes(type_name).unwrap().get(name)
    }

    #[test]
    fn attributes_are_what_is_read_only_and_what_is_known_besides() {
        assert_eq!(given("AWS::S3::Bucket", "Arn"), Some(Given::Text));
        assert_eq!(given("AWS::S3::Bucket", "BucketName"), None);
        assert_eq!(given("AWS::SNS::Topic", "TopicName"), Some(Given::Text));
        assert_eq!(given("AWS::EC2::VPC", "CidrBlockAssociations"), Some(Given::List));
        assert_eq!(given("AWS::EC2::VPC", "EnableDnsHostnames"), Some(Given::Number));
        assert_eq!(given("AWS::DocDB::DBCluster", "Port"), Some(Given::Text));
        assert_eq!(given("AWS::RDS::DBCluster", "Endpoint.Address"), Some(Given::Text));
    }

    #[test]
    fn some_types_give_anything() {
        assert_eq!(given("Custom::Thing", "Whatever"), Some(Given::Other));
        assert_eq!(given("AWS::CloudFormation::Stack", "Outputs.Whatever"), Some(Given::Text));
        assert_eq!(given("AWS::CloudFormation::Stack", "Whatever"), None);
        assert!(attributes("AWS::S3::Bucke").is_none());
    }
}
