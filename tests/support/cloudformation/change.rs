//! What would become of the resources of a stack: the changes of a change set.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    stack::{Source, Stack},
    template::{get_att, kind, placeholders, references, single},
    values::{KNOWN_AFTER_APPLY, Values, text},
    xml::Xml,
};

/// What would become of a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Change {
    /// `Add`, `Modify`, `Remove`, `Import`, `Dynamic` or `SyncWithActual`.
    pub(crate) action: String,
    pub(crate) id: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) kind: String,
    /// `True`, `False` or `Conditional`.
    pub(crate) replacement: Option<String>,
    pub(crate) policy_action: Option<String>,
    pub(crate) details: Vec<Detail>,
    /// The change set of a stack within the stack.
    pub(crate) nested_id: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// What would become of a part of a resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Detail {
    /// `Properties`, `Metadata`, `Tags` and so on.
    pub(crate) attribute: String,
    /// The property.
    pub(crate) name: Option<String>,
    /// Where in the resource.
    pub(crate) path: String,
    /// `Never`, `Conditionally` or `Always`.
    pub(crate) requires_recreation: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    /// `Static` or `Dynamic`.
    pub(crate) evaluation: String,
    /// `DirectModification`, `ParameterReference`, `ResourceReference`, `ResourceAttribute`.
    pub(crate) source: String,
    pub(crate) causing_entity: Option<String>,
}

/// What would become of the resources of a stack if it were made from `target`, in the order in which they come.
pub(crate) fn changes(
    stack: &Stack,
    target: &Source,
    imported: &BTreeMap<String, String>,
    exports: &BTreeMap<String, String>,
) -> Vec<Change> {
    let old = stack.values(&stack.source, exports.clone());
    let mut new = stack.values(target, exports.clone());
    let tags_differ = stack.source.tags != target.tags;
    let mut changes = Vec::new();
    for id in target.template.waves().concat() {
        let resource = target.template.resource(id);
        if !new.wants(resource) {
            continue;
        }
        // What could not be made is made again.
        let change = if stack.resource(id).is_some_and(|it| it.status != "CREATE_FAILED") {
            modification(id, [&old, &new], stack, tags_differ)
        } else {
            Some(addition(id, resource, imported.get(id), &new))
        };
        let Some(change) = change else { continue };
        if change.replacement.as_deref().is_some_and(|it| it != "False") {
            new.physical_ids.remove(id);
        }
        changes.push(change);
    }
    let gone = stack.resources.iter().rev().filter(|it| !stack.wants(&it.id, target));
    let removed = gone.map(|it| {
        let resource = stack.source.template.resource(&it.id);
        Change {
            action: "Remove".to_owned(),
            id: it.id.clone(),
            physical_id: it.physical_id.clone(),
            kind: it.kind.clone(),
            policy_action: Some(policy(resource, "DeletionPolicy")),
            before: Some(context(resource, &old)),
            ..Change::default()
        }
    });
    changes.extend(removed);
    let secrets = stack.source.secrets().chain(target.secrets()).collect::<BTreeSet<_>>();
    for value in changes.iter_mut().flat_map(Change::values_mut) {
        *value = secrets.iter().fold(value.clone(), |value, secret| value.replace(*secret, "****"));
    }
    changes
}

fn addition(id: &str, resource: &Value, imported: Option<&String>, new: &Values<'_>) -> Change {
    Change {
        action: if imported.is_some() { "Import" } else { "Add" }.to_owned(),
        id: id.to_owned(),
        physical_id: imported.cloned(),
        kind: kind(resource).to_owned(),
        after: Some(context(resource, new)),
        ..Change::default()
    }
}

fn modification(id: &str, [old, new]: [&Values<'_>; 2], stack: &Stack, tags_differ: bool) -> Option<Change> {
    let (before, after) = (old.template.resource(id), new.template.resource(id));
    if before.is_null() {
        // An update that failed has made it already.
        return None;
    }
    let mut details = property_details(before, after, [old, new]);
    for attribute in ["Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy"] {
        let [was, is] = [old.resolve(&before[attribute]), new.resolve(&after[attribute])];
        if was != is {
            let path = format!("/{attribute}");
            details.push(Detail { attribute: attribute.to_owned(), path, ..Detail::of([was, is]) });
        }
    }
    if tags_differ {
        details.push(Detail {
            attribute: "Tags".to_owned(),
            path: "/Tags".to_owned(),
            ..Detail::of([None, None])
        });
    }
    if details.is_empty() {
        return None;
    }
    let of = |recreation: &str, evaluation: &str| {
        details.iter().any(|it| it.requires_recreation == recreation && it.evaluation == evaluation)
    };
    let replacement = if of("Always", "Static") {
        "True"
    } else if of("Always", "Dynamic") || of("Conditionally", "Static") || of("Conditionally", "Dynamic") {
        "Conditional"
    } else {
        "False"
    };
    Some(Change {
        action: "Modify".to_owned(),
        id: id.to_owned(),
        physical_id: stack.resource(id).and_then(|it| it.physical_id.clone()),
        kind: kind(after).to_owned(),
        replacement: Some(replacement.to_owned()),
        policy_action: (replacement == "True")
            .then(|| format!("ReplaceAnd{}", policy(after, "UpdateReplacePolicy"))),
        details,
        nested_id: None,
        before: Some(context(before, old)),
        after: Some(context(after, new)),
    })
}

fn property_details(before: &Value, after: &Value, [old, new]: [&Values<'_>; 2]) -> Vec<Detail> {
    let properties = [before, after].map(|it| it["Properties"].as_object());
    let names: BTreeSet<&String> = properties.into_iter().flatten().flat_map(serde_json::Map::keys).collect();
    let mut details = Vec::new();
    for name in names {
        let [was, is] = [&before["Properties"][name], &after["Properties"][name]];
        let mut leaves = Vec::new();
        collect([old.resolve(was), new.resolve(is)], format!("/Properties/{name}"), &mut leaves);
        let (source, causing_entity) = if was == is { cause(is, [old, new]) } else { Default::default() };
        for (path, values) in leaves {
            let is_known = !values[1].as_ref().is_some_and(|it| text(it).contains(KNOWN_AFTER_APPLY));
            details.push(Detail {
                attribute: "Properties".to_owned(),
                name: Some(name.clone()),
                requires_recreation: recreation(kind(after), &path).to_owned(),
                path,
                evaluation: if is_known { "Static" } else { "Dynamic" }.to_owned(),
                source: source.clone().unwrap_or_else(|| "DirectModification".to_owned()),
                causing_entity: causing_entity.clone(),
                ..Detail::of(values)
            });
        }
    }
    details
}

impl Detail {
    /// A change of one value that nothing else causes, and that makes no other resource.
    pub(crate) fn of([before, after]: [Option<Value>; 2]) -> Self {
        let shown = |it: Option<Value>| it.filter(|it| !it.is_null()).as_ref().map(text);
        Self {
            requires_recreation: "Never".to_owned(),
            evaluation: "Static".to_owned(),
            source: "DirectModification".to_owned(),
            before: shown(before),
            after: shown(after),
            ..Self::default()
        }
    }

    fn to_xml(&self, with_values: bool) -> Xml {
        let mut target = Xml::new()
            .text("Attribute", &self.attribute)
            .maybe("Name", self.name.as_ref())
            .text("RequiresRecreation", &self.requires_recreation);
        if with_values {
            let kind = match (&self.before, &self.after) {
                (None, Some(_)) => "Add",
                (Some(_), None) => "Remove",
                _ => "Modify",
            };
            target = target
                .text("Path", &self.path)
                .maybe("BeforeValue", self.before.as_ref())
                .maybe("AfterValue", self.after.as_ref())
                .text("AttributeChangeType", kind);
        }
        Xml::new()
            .group("Target", &target)
            .text("Evaluation", &self.evaluation)
            .text("ChangeSource", &self.source)
            .maybe("CausingEntity", self.causing_entity.as_ref())
    }
}

impl Change {
    /// A change in place, for a test to fill.
    pub(crate) fn modification(id: &str, kind: &str) -> Self {
        let [action, id, kind, replacement] = ["Modify", id, kind, "False"].map(str::to_owned);
        Self { action, id, kind, replacement: Some(replacement), ..Self::default() }
    }

    /// The change as a change set lists it.
    pub(crate) fn to_xml(&self, with_values: bool) -> Xml {
        let scope: BTreeSet<&String> = self.details.iter().map(|it| &it.attribute).collect();
        let context = |it: &Option<String>| it.clone().filter(|_| with_values);
        let resource = Xml::new()
            .maybe("PolicyAction", self.policy_action.as_ref())
            .text("Action", &self.action)
            .text("LogicalResourceId", &self.id)
            .maybe("PhysicalResourceId", self.physical_id.as_ref())
            .text("ResourceType", &self.kind)
            .maybe("Replacement", self.replacement.as_ref())
            .texts("Scope", scope)
            .list("Details", self.details.iter().map(|it| it.to_xml(with_values)))
            .maybe("ChangeSetId", self.nested_id.as_ref())
            .maybe("BeforeContext", context(&self.before))
            .maybe("AfterContext", context(&self.after));
        Xml::new().text("Type", "Resource").group("ResourceChange", &resource)
    }

    /// All values it shows.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let own = [&mut self.before, &mut self.after].into_iter();
        own.chain(self.details.iter_mut().flat_map(|it| [&mut it.before, &mut it.after])).flatten()
    }

    /// Whether carrying it out makes another resource in place of the old one.
    pub(crate) fn replaces(&self) -> bool {
        self.details.iter().any(|it| it.requires_recreation == "Always")
    }

    /// Whether carrying it out does anything to the resource itself: a policy is only CloudFormation's.
    pub(crate) fn is_felt(&self) -> bool {
        let is_policy =
            |it: &Detail| ["DeletionPolicy", "UpdateReplacePolicy"].contains(&it.attribute.as_str());
        self.details.is_empty() || !self.details.iter().all(is_policy)
    }
}

/// What a policy for the end of a resource does, as a change set says it.
fn policy(resource: &Value, name: &str) -> String {
    match resource[name].as_str() {
        Some("Retain" | "RetainExceptOnCreate") => "Retain",
        Some("Snapshot") => "Snapshot",
        _ => "Delete",
    }
    .to_owned()
}

/// The resource with its values, as JSON.
fn context(resource: &Value, values: &Values<'_>) -> String {
    let parts = ["Properties", "Metadata", "UpdatePolicy", "CreationPolicy"];
    let parts = parts.into_iter().filter(|it| !resource[*it].is_null());
    let parts = parts.map(|it| (it.to_owned(), values.resolve(&resource[it]).unwrap_or_default()));
    Value::Object(parts.collect()).to_string()
}

/// The innermost values that differ, each with its path.
fn collect([old, new]: [Option<Value>; 2], path: String, found: &mut Vec<(String, [Option<Value>; 2])>) {
    match (&old, &new) {
        (Some(Value::Object(was)), Some(Value::Object(is))) => {
            let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for key in keys {
                collect([was.get(key).cloned(), is.get(key).cloned()], format!("{path}/{key}"), found);
            }
        }
        (Some(Value::Array(was)), Some(Value::Array(is))) if was.len() == is.len() => {
            for (at, pair) in was.iter().zip(is).enumerate() {
                collect([Some(pair.0.clone()), Some(pair.1.clone())], format!("{path}/{at}"), found);
            }
        }
        _ if old == new || (is_nothing(old.as_ref()) && is_nothing(new.as_ref())) => {}
        // Something that will be known later may be what it was; that cannot be told now.
        _ => found.push((path, [old, new])),
    }
}

fn is_nothing(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}

/// Why a value that is written as it was comes to another: a parameter, or a resource that will be another.
fn cause(value: &Value, [old, new]: [&Values<'_>; 2]) -> (Option<String>, Option<String>) {
    let named = references(value);
    let parameter = named.iter().find(|it| old.parameters.get(*it) != new.parameters.get(*it));
    if let Some(parameter) = parameter {
        return (Some("ParameterReference".to_owned()), Some(parameter.clone()));
    }
    let is_replaced = |id: &str| old.physical_ids.contains_key(id) && !new.physical_ids.contains_key(id);
    let Some(resource) = named.iter().find(|it| is_replaced(it)) else { return (None, None) };
    match attribute(value, resource) {
        Some(name) => (Some("ResourceAttribute".to_owned()), Some(format!("{resource}.{name}"))),
        None => (Some("ResourceReference".to_owned()), Some(resource.clone())),
    }
}

/// The attribute of a resource that a value takes, if it takes one.
fn attribute(value: &Value, resource: &str) -> Option<String> {
    let of_this = |found: (String, String)| (found.0 == resource).then_some(found.1);
    match value {
        Value::Array(items) => items.iter().find_map(|it| attribute(it, resource)),
        Value::Object(map) => match single(map) {
            Some(("Fn::GetAtt", target)) => get_att(target).and_then(of_this),
            Some(("Fn::Sub", Value::String(text))) => {
                placeholders(text).into_iter().filter_map(|it| get_att(&json!(it.1?))).find_map(of_this)
            }
            _ => map.values().find_map(|it| attribute(it, resource)),
        },
        _ => None,
    }
}

/// Whether a change at this path makes another resource, as the schema of the type has it.
fn recreation(kind: &str, path: &str) -> &'static str {
    let Some(schema) = asi_schemas::find(kind) else { return "Never" };
    let schema: Value = serde_json::from_str(&schema).unwrap_or_default();
    let mut pointer = path.replacen("/Properties", "/properties", 1);
    while !pointer.is_empty() {
        match schema["spec"]["replacement"][&pointer].as_str() {
            Some("yes") => return "Always",
            Some("no") => return "Never",
            Some(_) => return "Conditionally",
            None => pointer.truncate(pointer.rfind('/').unwrap_or(0)),
        }
    }
    "Never"
}
