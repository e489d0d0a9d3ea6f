//! Lookups of resources of any type, by Cloud Control.

use serde_json::{Map, Value, json};

use super::{Asked, MOST_PAGES, Unfound, endless};
use crate::world::aws::{Aws, signed::Target};

/// The most resources that can be listed at once.
const MOST_LISTED: usize = 100;

/// A resource, as Cloud Control tells of it.
struct Resource {
    identifier: String,
    properties: Value,
}

impl Aws {
    /// Of each resource that is as asked, its identifier and the properties that are asked for.
    pub(super) async fn resources_like(&self, asked: Asked<'_>) -> Result<Value, Unfound> {
        let type_name = asked.needed("typeName")?;
        let wanted = asked.0.get("propertiesToReturn").and_then(Value::as_array);
        let wanted: Option<Vec<&str>> = wanted.and_then(|it| it.iter().map(Value::as_str).collect());
        let wanted =
            wanted.ok_or_else(|| Unfound::Unclear("`propertiesToReturn` is a list of names".to_owned()))?;
        let found =
            match (asked.text("exactIdentifier"), asked.0.get("propertyMatch").and_then(Value::as_object)) {
                (Some(identifier), None) => self.exact_resource(asked, type_name, identifier).await,
                (None, Some(like)) => self.matching_resources(asked, type_name, like).await,
                _ => Err(Unfound::Unclear("it takes `exactIdentifier` or `propertyMatch`".to_owned())),
            };
        let found = match (found, asked.substitute()) {
            (Err(Unfound::Nothing { .. }), Some(substitute)) => return Ok(substitute.clone()),
            (found, _) => found?,
        };
        found.iter().map(|it| it.told(&wanted)).collect()
    }

    async fn exact_resource(
        &self,
        asked: Asked<'_>,
        type_name: &str,
        identifier: &str,
    ) -> Result<Vec<Resource>, Unfound> {
        let question = json!({ "TypeName": type_name, "Identifier": identifier });
        match self.ask(target("GetResource"), &question).await {
            Ok(answer) => Ok(vec![Resource::read(&answer["ResourceDescription"])?]),
            Err(error) if error.is("ResourceNotFoundException") => Err(asked.nothing("resource")),
            Err(error) => Err(error.into()),
        }
    }

    async fn matching_resources(
        &self,
        asked: Asked<'_>,
        type_name: &str,
        like: &Map<String, Value>,
    ) -> Result<Vec<Resource>, Unfound> {
        let mut question = json!({ "TypeName": type_name, "MaxResults": MOST_LISTED });
        if let Some(model) = asked.0.get("resourceModel").filter(|it| !it.is_null()) {
            question["ResourceModel"] = Value::from(model.to_string());
        }
        let mut found = Vec::new();
        for page in 0.. {
            if page == MOST_PAGES {
                return Err(endless("ListResources").into());
            }
            let answer = self.ask(target("ListResources"), &question).await?;
            for listed in answer["ResourceDescriptions"].as_array().into_iter().flatten() {
                let resource = Resource::read(listed)?;
                let mut all = true;
                for (path, value) in like {
                    all &= resource.property(path)? == value;
                }
                found.extend(all.then_some(resource));
            }
            match answer["NextToken"].as_str() {
                Some(token) => question["NextToken"] = Value::from(token),
                None => break,
            }
        }
        match (asked.text("expectedMatchCount"), found.len()) {
            (Some("at-least-one" | "exactly-one"), 0) => Err(asked.nothing("resource")),
            (Some("at-most-one" | "exactly-one"), count @ 2..) => {
                Err(Unfound::Several { what: "resource", count, asked: asked.shown() })
            }
            _ => Ok(found),
        }
    }
}

impl Resource {
    fn read(listed: &Value) -> Result<Self, Unfound> {
        let properties = listed["Properties"].as_str().unwrap_or("{}");
        let properties = serde_json::from_str(properties);
        Ok(Self {
            identifier: listed["Identifier"].as_str().unwrap_or("*MISSING*").to_owned(),
            properties: properties
                .map_err(|it| Unfound::Unlike(format!("its properties are no JSON: {it}")))?,
        })
    }

    /// A property, by its dotted path.
    fn property(&self, path: &str) -> Result<&Value, Unfound> {
        let found = path.split('.').try_fold(&self.properties, |value, name| match value {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            value => value.get(name),
        });
        found.ok_or_else(|| Unfound::Unlike(format!("`{}` has no property `{path}`", self.identifier)))
    }

    /// What is told of it: these properties, and its identifier.
    fn told(&self, wanted: &[&str]) -> Result<Value, Unfound> {
        let mut told = Map::new();
        for path in wanted {
            told.insert((*path).to_owned(), self.property(path)?.clone());
        }
        told.insert("Identifier".to_owned(), Value::from(self.identifier.as_str()));
        Ok(Value::Object(told))
    }
}

fn target(operation: &'static str) -> Target {
    Target { service: "cloudcontrolapi", prefix: "CloudApiService", operation }
}
