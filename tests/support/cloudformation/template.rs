//! A template as CloudFormation reads it: what it has, what it needs, and in which order its resources come.

use std::collections::{BTreeMap, BTreeSet};

use asi::template::{Indent, to_json};
use asi_constructs::kernel::span::Sources;
use serde_json::{Map, Value};

use super::xml::Refusal;

/// The type of a stack within a stack.
pub(crate) const NESTED_STACK: &str = "AWS::CloudFormation::Stack";

/// A template.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Template {
    /// As it was sent.
    pub(crate) text: String,
    /// What it says.
    pub(crate) body: Value,
}

impl Template {
    /// Reads JSON or YAML, and refuses what CloudFormation refuses at once.
    pub(crate) fn read(text: &str) -> Result<Self, Refusal> {
        let body = body(text)
            .filter(Value::is_object)
            .ok_or_else(|| Refusal::validation("Template format error: unsupported structure."))?;
        let template = Self { text: text.to_owned(), body };
        if template.resources().next().is_none() {
            let message = "Template format error: At least one Resources member must be defined.";
            return Err(Refusal::validation(message));
        }
        for (id, resource) in template.resources() {
            if !resource["Type"].is_string() {
                let message = format!(
                    "Template format error: [/Resources/{id}] Every Resources object must contain a Type member."
                );
                return Err(Refusal::validation(message));
            }
        }
        let dangling = template.dangling();
        if !dangling.is_empty() {
            let names = Vec::from_iter(dangling).join(", ");
            let message = format!(
                "Template format error: Unresolved resource dependencies [{names}] in the Resources block of the template"
            );
            return Err(Refusal::validation(message));
        }
        let waves = template.waves();
        let is_circle = |wave: &&Vec<&str>| {
            wave.iter().any(|id| template.needs(id).iter().any(|need| wave.contains(&need.as_str())))
        };
        if let Some(circle) = waves.iter().find(is_circle) {
            let message = format!("Circular dependency between resources: [{}]", circle.join(", "));
            return Err(Refusal::validation(message));
        }
        Ok(template)
    }

    /// The entries of a section.
    pub(crate) fn section(&self, name: &str) -> impl Iterator<Item = (&str, &Value)> {
        self.body[name].as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }

    /// The resources, in the order written, whatever their conditions.
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.section("Resources")
    }

    /// A resource; null if there is none with this id.
    pub(crate) fn resource(&self, id: &str) -> &Value {
        &self.body["Resources"][id]
    }

    /// The types of its resources, each once.
    pub(crate) fn types(&self) -> BTreeSet<&str> {
        self.resources().map(|it| kind(it.1)).collect()
    }

    /// The description, if it has one.
    pub(crate) fn description(&self) -> Option<&str> {
        self.body["Description"].as_str()
    }

    /// The transforms, of which it may have one or a list.
    pub(crate) fn transforms(&self) -> Vec<&str> {
        match &self.body["Transform"] {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The capability that has to be acknowledged for its resources of IAM, and the types that are the reason.
    pub(crate) fn capability(&self) -> Option<(&'static str, BTreeSet<&str>)> {
        let of_iam = |it: &&(&str, &Value)| NAMED.iter().any(|named| named.0 == kind(it.1));
        let resources: Vec<_> = self.resources().collect();
        let types: BTreeSet<&str> = resources.iter().filter(of_iam).map(|it| kind(it.1)).collect();
        let is_named = |resource: &Value| {
            let name = NAMED.iter().find(|it| it.0 == kind(resource)).map_or("", |it| it.1);
            !resource["Properties"][name].is_null()
        };
        let any_is_named = resources.iter().any(|it| is_named(it.1));
        let capability = if any_is_named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" };
        (!types.is_empty()).then_some((capability, types))
    }

    /// The names of the exports of other stacks that it takes, as it writes them.
    pub(crate) fn imports(&self) -> Vec<&Value> {
        imports(&self.body)
    }

    /// What a resource needs to be there first.
    pub(crate) fn needs(&self, id: &str) -> BTreeSet<String> {
        let resource = self.resource(id);
        let mut named = references(resource);
        named.extend(texts(&resource["DependsOn"]));
        named.retain(|it| it != id && !self.resource(it).is_null());
        named
    }

    /// Its resources in waves: each needs only what is in waves before its own.
    pub(crate) fn waves(&self) -> Vec<Vec<&str>> {
        let needs: BTreeMap<&str, BTreeSet<String>> =
            self.resources().map(|(id, _)| (id, self.needs(id))).collect();
        let mut waves = Vec::new();
        let mut rest: Vec<&str> = self.resources().map(|it| it.0).collect();
        while !rest.is_empty() {
            let is_ready = |id: &str| !needs[id].iter().any(|need| rest.contains(&need.as_str()));
            let (ready, later): (Vec<&str>, Vec<&str>) = rest.iter().partition(|id| is_ready(id));
            if ready.is_empty() {
                // A circle, and what needs it.
                waves.push(later);
                break;
            }
            waves.push(ready);
            rest = later;
        }
        waves
    }

    fn dangling(&self) -> BTreeSet<String> {
        let is_known = |name: &str| {
            name.starts_with("AWS::")
                || !self.resource(name).is_null()
                || !self.body["Parameters"][name].is_null()
        };
        // Transforms make resources that cannot be seen here.
        if !self.transforms().is_empty() {
            return BTreeSet::new();
        }
        let named = self.resources().flat_map(|(_, it)| {
            let mut named = references(it);
            named.extend(texts(&it["DependsOn"]));
            named
        });
        named.filter(|it| !is_known(it)).collect()
    }
}

/// The resources of IAM that need a capability, each with the property that gives it a name.
const NAMED: &[(&str, &str)] = &[
    ("AWS::IAM::AccessKey", "-"),
    ("AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
    ("AWS::IAM::Policy", "-"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::UserToGroupAddition", "-"),
];

/// The type of a resource.
pub(crate) fn kind(resource: &Value) -> &str {
    resource["Type"].as_str().unwrap_or_default()
}

/// One text or a list of them.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The names that a value refers to.
pub(crate) fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(map) => match single(map) {
            Some(("Ref", Value::String(name))) => BTreeSet::from([name.clone()]),
            Some(("Fn::GetAtt", target)) => get_att(target).map(|it| it.0).into_iter().collect(),
            Some(("Fn::Sub", argument)) => substituted(argument),
            _ => map.values().flat_map(references).collect(),
        },
        _ => BTreeSet::new(),
    }
}

/// The only entry of a mapping.
pub(crate) fn single(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    map.iter().next().filter(|_| map.len() == 1).map(|(key, value)| (key.as_str(), value))
}

/// The resource and the attribute of `Fn::GetAtt`.
pub(crate) fn get_att(target: &Value) -> Option<(String, String)> {
    match target {
        Value::String(text) => text.split_once('.').map(|(id, name)| (id.to_owned(), name.to_owned())),
        Value::Array(items) => {
            let text = |at: usize| items.get(at).and_then(Value::as_str).map(str::to_owned);
            Some((text(0)?, text(1).unwrap_or_default()))
        }
        _ => None,
    }
}

/// The pieces of a text with `${}` in it: each literal, and what stands in the braces after it.
pub(crate) fn placeholders(text: &str) -> Vec<(&str, Option<&str>)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        pieces.push((literal, Some(name)));
        rest = after;
    }
    pieces.push((rest, None));
    pieces
}

fn imports(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(imports).collect(),
        Value::Object(map) => {
            let own = map.get("Fn::ImportValue");
            own.into_iter().chain(map.values().flat_map(imports)).collect()
        }
        _ => Vec::new(),
    }
}

fn substituted(argument: &Value) -> BTreeSet<String> {
    let text = argument.as_str().or_else(|| argument[0].as_str()).unwrap_or_default();
    let own = &argument[1];
    let names = placeholders(text).into_iter().filter_map(|it| it.1);
    let names = names.filter(|it| !it.starts_with('!') && own[*it].is_null());
    let names = names.map(|it| it.split('.').next().unwrap_or_default().to_owned());
    names.chain(references(own)).collect()
}

fn body(text: &str) -> Option<Value> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).ok();
    }
    let (node, _) = asi::load::template(text, "template.yaml", &mut Sources::default());
    serde_json::from_str(&to_json(&node?, Indent::Readable)).ok()
}
