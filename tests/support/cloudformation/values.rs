//! What the functions of a template come to, as far as that can be known without AWS.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::template::{Template, get_att, placeholders, single};

/// What stands for a value that only the deployment will bring.
pub(crate) const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// How many conditions may ask for each other in a row.
const DEEPEST_CONDITION: usize = 32;

/// Where a stack lives, for the pseudo parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) account: String,
    pub(crate) region: String,
}

/// What a template is evaluated with.
#[derive(Clone, Debug)]
pub(crate) struct Values<'a> {
    pub(crate) template: &'a Template,
    pub(crate) place: &'a Place,
    pub(crate) stack_name: &'a str,
    pub(crate) stack_id: &'a str,
    pub(crate) parameters: BTreeMap<String, String>,
    /// The physical ids of the resources that are there.
    pub(crate) physical_ids: BTreeMap<String, String>,
    /// What other stacks export.
    pub(crate) exports: BTreeMap<String, String>,
}

impl Values<'_> {
    /// Whether a resource or an output is wanted at all.
    pub(crate) fn wants(&self, item: &Value) -> bool {
        item["Condition"].as_str().is_none_or(|it| self.condition(it))
    }

    /// A value with its functions evaluated; none for `AWS::NoValue`.
    pub(crate) fn resolve(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => Some(items.iter().filter_map(|it| self.resolve(it)).collect()),
            Value::Object(map) => match single(map) {
                Some(("Ref", Value::String(name))) => self.reference(name),
                Some((name, argument)) if name.starts_with("Fn::") => self.function(name, argument),
                _ => {
                    let entries =
                        map.iter().filter_map(|(key, value)| Some((key.clone(), self.resolve(value)?)));
                    Some(Value::Object(entries.collect::<Map<_, _>>()))
                }
            },
            other => Some(other.clone()),
        }
    }

    /// A value as text.
    pub(crate) fn text(&self, value: &Value) -> String {
        self.resolve(value).as_ref().map(text).unwrap_or_default()
    }

    fn condition(&self, name: &str) -> bool {
        self.holds(&self.template.body["Conditions"][name], 0)
    }

    /// Whether a rule holds that so many others ask for; one that asks for itself does not.
    fn holds(&self, rule: &Value, depth: usize) -> bool {
        if depth > DEEPEST_CONDITION {
            return false;
        }
        let Some((name, argument)) = rule.as_object().and_then(single) else { return false };
        let parts = argument.as_array().map_or(&[][..], Vec::as_slice);
        match name {
            "Condition" => {
                let name = argument.as_str().unwrap_or_default();
                self.holds(&self.template.body["Conditions"][name], depth + 1)
            }
            "Fn::Not" => !parts.iter().any(|it| self.holds(it, depth + 1)),
            "Fn::And" => parts.iter().all(|it| self.holds(it, depth + 1)),
            "Fn::Or" => parts.iter().any(|it| self.holds(it, depth + 1)),
            "Fn::Equals" => self.text(&argument[0]) == self.text(&argument[1]),
            _ => false,
        }
    }

    fn reference(&self, name: &str) -> Option<Value> {
        let pseudo = match name {
            "AWS::NoValue" => return None,
            "AWS::AccountId" => &self.place.account,
            "AWS::Region" => &self.place.region,
            "AWS::StackName" => self.stack_name,
            "AWS::StackId" => self.stack_id,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            _ => return Some(self.parameter(name).unwrap_or_else(|| json!(self.physical_id(name)))),
        };
        Some(json!(pseudo))
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        let value = self.parameters.get(name)?;
        let kind = self.template.body["Parameters"][name]["Type"].as_str().unwrap_or_default();
        let is_list = kind.contains("List<") || kind.contains("CommaDelimitedList");
        Some(if is_list { value.split(',').map(str::trim).collect() } else { json!(value) })
    }

    fn physical_id(&self, id: &str) -> &str {
        self.physical_ids.get(id).map_or(KNOWN_AFTER_APPLY, String::as_str)
    }

    fn attribute(&self, id: &str, name: &str) -> String {
        match self.physical_id(id) {
            KNOWN_AFTER_APPLY => KNOWN_AFTER_APPLY.to_owned(),
            physical => format!("{physical}.{name}"),
        }
    }

    fn function(&self, name: &str, argument: &Value) -> Option<Value> {
        let at = |index: usize| self.resolve(&argument[index]).unwrap_or_default();
        match name {
            "Fn::If" => {
                let holds = self.condition(argument[0].as_str().unwrap_or_default());
                return self.resolve(&argument[if holds { 1 } else { 2 }]);
            }
            "Fn::GetAtt" => {
                let (id, attribute) = get_att(argument)?;
                Some(json!(self.attribute(&id, &attribute)))
            }
            "Fn::Sub" => Some(json!(self.substitute(argument))),
            "Fn::Join" => {
                let parts: Vec<String> = at(1).as_array().into_iter().flatten().map(text).collect();
                Some(json!(parts.join(&text(&at(0)))))
            }
            "Fn::Split" => Some(text(&at(1)).split(text(&at(0)).as_str()).collect()),
            "Fn::Select" => {
                let index: usize = text(&at(0)).parse().unwrap_or(0);
                at(1).get(index).cloned()
            }
            "Fn::FindInMap" => {
                let mappings = &self.template.body["Mappings"];
                Some(mappings[text(&at(0))][text(&at(1))][text(&at(2))].clone())
            }
            "Fn::ImportValue" => self.exports.get(&self.text(argument)).map(|it| json!(it)),
            "Fn::GetAZs" => {
                Some(["a", "b", "c"].map(|it| self.place.region.clone() + it).into_iter().collect())
            }
            _ => None,
        }
        // What cannot be evaluated here stands for itself.
        .or_else(|| Some(json!({ name: self.resolve(argument) })))
    }

    fn substitute(&self, argument: &Value) -> String {
        let template = argument.as_str().or_else(|| argument[0].as_str()).unwrap_or_default();
        let own = &argument[1];
        let pieces = placeholders(template).into_iter().map(|(literal, name)| {
            let value = name.map(|name| match (name.strip_prefix('!'), name.split_once('.')) {
                (Some(literal), _) => format!("${{{literal}}}"),
                (None, _) if !own[name].is_null() => self.text(&own[name]),
                (None, Some((id, attribute))) => self.attribute(id, attribute),
                (None, None) => self.reference(name).as_ref().map(text).unwrap_or_default(),
            });
            literal.to_owned() + &value.unwrap_or_default()
        });
        pieces.collect()
    }
}

/// A value as it stands in a text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
