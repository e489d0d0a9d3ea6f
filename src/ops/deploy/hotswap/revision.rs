//! A new revision of a task definition: the one that is deployed, with the containers of the template, their values known.
//!
//! What refers to something has the value that it has in the deployed revision, where it stands in both; what is new is made
//! of what CloudFormation says of the stack.

use std::{collections::BTreeMap, sync::LazyLock};

use asi_constructs::kernel::node::{Node, NodeKind};
use serde_json::{Map, Value};

use crate::{
    diff::{self, Piece, is_function, pieces},
    ops::targets::partition,
    template::{scalar, secrets::HIDDEN},
    world::cloudformation::{DeployedStack, StackResource},
};

/// What has CloudFormation look something up.
const DYNAMIC: &str = "{{resolve:";

/// The schema of task definitions.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let text = asi_schemas::find("AWS::ECS::TaskDefinition").unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
});

/// The schema of what has none.
static NOTHING: Value = Value::Null;

/// What is known of the values of a deployed stack.
pub(super) struct Known<'a> {
    stack: &'a DeployedStack,
    /// What resources are called outside of the stack, by their logical ids.
    physical: BTreeMap<&'a str, &'a str>,
    /// The parameters of which CloudFormation takes the value elsewhere.
    looked_up: Vec<&'a str>,
    /// What refers to something in the deployed template, each with the value it has come to.
    seen: Vec<(Node, String)>,
}

/// A value that only CloudFormation knows, as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown(pub(super) String);

impl<'a> Known<'a> {
    /// Of a stack with these resources and this template.
    pub(super) fn new(stack: &'a DeployedStack, resources: &'a [StackResource], template: &'a Node) -> Self {
        let physical = resources.iter().filter_map(|it| Some((&*it.logical_id, it.physical_id.as_deref()?)));
        let parameters = template.get("Parameters").and_then(Node::as_map).into_iter().flatten();
        let is_looked_up = |it: &Node| {
            it.get("Type")
                .and_then(Node::as_str)
                .is_some_and(|it| it.starts_with("AWS::SSM::Parameter::Value"))
        };
        let looked_up = parameters.filter(|(_, it)| is_looked_up(&it.value)).map(|(name, _)| &**name);
        Self { stack, physical: physical.collect(), looked_up: looked_up.collect(), seen: Vec::new() }
    }

    /// What a resource is called outside of the stack.
    pub(super) fn physical(&self, id: &str) -> Option<&'a str> {
        self.physical.get(id).copied()
    }

    /// Learns what the containers that are deployed have come to in their revision.
    pub(super) fn learn(&mut self, written: &Node, live: &Value) {
        if is_unsettled(written) {
            self.seen.extend(live.as_str().map(|it| (written.clone(), it.to_owned())));
            return;
        }
        if let Some(map) = written.as_map() {
            for (key, entry) in map {
                let value = live.get(lowered(key)).or_else(|| live.get(&**key));
                self.learn(&entry.value, value.unwrap_or(&Value::Null));
            }
        }
        let (Some(items), Some(values)) = (written.as_list(), live.as_array()) else { return };
        for (at, item) in items.iter().enumerate() {
            let name = item.get("Name").and_then(Node::as_str);
            let by_name = name.and_then(|name| values.iter().find(|it| it["name"] == *name));
            let by_place = values.get(at).filter(|_| name.is_none() && values.len() == items.len());
            if let Some(value) = by_name.or(by_place) {
                self.learn(item, value);
            }
        }
    }

    /// The containers as ECS takes them.
    pub(super) fn containers(&self, written: &Node) -> Result<Value, Unknown> {
        let schema = &SCHEMA["properties"][super::swaps::CONTAINERS];
        Ok(self.value(written, schema)?.unwrap_or_default())
    }

    /// A value as ECS takes it; nothing, if it is left out.
    fn value(&self, written: &Node, schema: &'static Value) -> Result<Option<Value>, Unknown> {
        let schema = resolved(schema);
        if is_unsettled(written) {
            return self.settled(written, schema);
        }
        Ok(Some(match &written.kind {
            NodeKind::Null => return Ok(None),
            NodeKind::List(items) => {
                let items = items.iter().map(|it| self.value(it, &schema["items"]));
                Value::Array(items.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
            }
            NodeKind::Map(map) => {
                let properties = schema.get("properties");
                let mut found = Map::new();
                for (key, entry) in map {
                    // Keys of somebody's own are what they are.
                    let (name, schema): (String, &'static Value) = match properties {
                        Some(properties) => (lowered(key), &properties[&**key]),
                        None => (key.to_string(), &NOTHING),
                    };
                    if let Some(value) = self.value(&entry.value, schema)? {
                        found.insert(name, value);
                    }
                }
                Value::Object(found)
            }
            NodeKind::String(_) | NodeKind::Bool(_) | NodeKind::Integer(_) | NodeKind::Float(_) => {
                typed(scalar(written).unwrap_or_default().into_owned(), schema)
            }
        }))
    }

    /// The value of what refers to something.
    fn settled(&self, written: &Node, schema: &Value) -> Result<Option<Value>, Unknown> {
        match written.as_single() {
            Some(("Ref", name)) if name.as_str() == Some("AWS::NoValue") => return Ok(None),
            _ => (),
        }
        let text = self.text(written)?;
        Ok(Some(match schema["type"].as_str() {
            // A parameter may be a list.
            Some("array") => text.split(',').map(|it| Value::from(it.trim())).collect(),
            _ => typed(text, schema),
        }))
    }

    /// What refers to something, as the text it comes to.
    pub(super) fn text(&self, written: &Node) -> Result<String, Unknown> {
        let unknown = || Unknown(diff::text(written));
        if let Some((_, value)) = self.seen.iter().find(|(it, _)| it == written) {
            return Ok(value.clone());
        }
        let part = |it: Piece<'_>| match it {
            Piece::Text(text) => Some(text),
            Piece::Of(name, attribute) => self.of(&name, attribute.as_deref()),
            Piece::Other(node) if node != written => self.text(node).ok(),
            Piece::Other(_) => None,
        };
        let parts: Option<Vec<String>> = pieces(written).into_iter().map(part).collect();
        parts.map(|it| it.concat()).filter(|it| !it.contains(DYNAMIC)).ok_or_else(unknown)
    }

    /// What a reference comes to.
    fn of(&self, name: &str, attribute: Option<&str>) -> Option<String> {
        match attribute {
            None => self.reference(name).or_else(|| self.solved(name, None)),
            Some(attribute) => self.solved(name, Some(attribute)),
        }
    }

    fn reference(&self, name: &str) -> Option<String> {
        let mut arn = self.stack.id.split(':').skip(3);
        let (region, account) = (arn.next()?, arn.next()?);
        let pseudo = match name {
            "AWS::AccountId" => account,
            "AWS::Region" => region,
            "AWS::Partition" => partition(region),
            "AWS::URLSuffix" if region.starts_with("cn-") => "amazonaws.com.cn",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => &self.stack.name,
            "AWS::StackId" => &self.stack.id,
            _ => {
                let parameter = self.stack.parameters.get(name).filter(|_| !self.looked_up.contains(&name));
                // Nobody may see it.
                let parameter = parameter.map(String::as_str).filter(|it| *it != HIDDEN);
                return parameter.or_else(|| self.physical(name)).map(str::to_owned);
            }
        };
        Some(pseudo.to_owned())
    }

    /// What a reference comes to in the deployed revision, where all around it is text.
    fn solved(&self, name: &str, attribute: Option<&str>) -> Option<String> {
        let is_it =
            |it: &Piece<'_>| matches!(it, Piece::Of(its, of) if its == name && of.as_deref() == attribute);
        self.seen.iter().find_map(|(written, value)| {
            let pieces = pieces(written);
            let at = pieces.iter().position(is_it)?;
            let known = |it: &Piece<'_>| match it {
                Piece::Text(text) => Some(text.clone()),
                Piece::Of(name, None) => self.reference(name),
                Piece::Of(_, Some(_)) | Piece::Other(_) => None,
            };
            let all =
                |it: &[Piece<'_>]| it.iter().map(known).collect::<Option<Vec<_>>>().map(|it| it.concat());
            let (before, after) = (all(&pieces[..at])?, all(&pieces[at + 1..])?);
            Some(value.strip_prefix(&before)?.strip_suffix(&after)?.to_owned())
        })
    }
}

/// Whether CloudFormation makes another value of it.
fn is_unsettled(node: &Node) -> bool {
    is_function(node) || node.as_str().is_some_and(|it| it.contains(DYNAMIC))
}

/// A scalar of the type that a schema has for it.
fn typed(text: String, schema: &Value) -> Value {
    let value = match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().ok().map(Value::from),
        Some("number") => text.parse::<f64>().ok().map(Value::from),
        Some("boolean") => text.to_ascii_lowercase().parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    value.unwrap_or(Value::String(text))
}

/// The part of the schema that a part stands for.
fn resolved(schema: &'static Value) -> &'static Value {
    match schema["$ref"].as_str().and_then(|it| SCHEMA.pointer(it.strip_prefix('#')?)) {
        Some(definition) => definition,
        None => schema,
    }
}

/// A key as ECS writes it: `Image` is `image` there.
fn lowered(key: &str) -> String {
    let mut letters = key.chars();
    letters.next().map_or_else(String::new, |it| it.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use asi_constructs::kernel::span::Sources;
    use indexmap::IndexMap;
    use serde_json::json;

    use super::*;
    use crate::{
        load,
        world::cloudformation::{Known as Status, ResourceStatus, StackStatus},
    };

    const ID: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/1";

    fn stack() -> DeployedStack {
        let parameters = [("Tag", "7"), ("Key", HIDDEN), ("Ami", "/aws/ami")];
        DeployedStack {
            id: ID.to_owned(),
            name: "shop".to_owned(),
            status: StackStatus::from(Status::CreateComplete),
            reason: None,
            parameters: parameters.map(|(name, it)| (name.to_owned(), it.to_owned())).into_iter().collect(),
            outputs: Vec::new(),
            tags: IndexMap::new(),
            role: None,
            notifications: Vec::new(),
            is_protected: false,
            parent: None,
            changed: None,
        }
    }

    fn node(text: &str) -> Node {
        load::template(text, "t.yaml", &mut Sources::default()).0.unwrap()
    }

    /// What containers become, where these are deployed, and came to that.
    fn check(old: &str, live: &Value, new: &str, expected: &Result<Value, &str>) {
        let (stack, template) =
            (stack(), node("Parameters: {Ami: {Type: AWS::SSM::Parameter::Value<String>}}"));
        let resources = [StackResource {
            logical_id: "Repo".to_owned(),
            physical_id: Some("shop-repo".to_owned()),
            type_name: "AWS::ECR::Repository".to_owned(),
            status: ResourceStatus::new("CREATE_COMPLETE"),
            reason: None,
        }];
        let mut known = Known::new(&stack, &resources, &template);
        known.learn(&node(old), live);
        let found = known.containers(&node(new));
        let found = found.as_ref().map(Clone::clone).map_err(|it| it.0.as_str());
        assert_eq!(found.as_ref(), expected.as_ref(), "{new}");
    }

    #[test]
    fn values_have_the_types_and_the_keys_of_ecs() {
        let new = "\
- Name: web
  Image: !Sub '${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/${Repo}:${Tag}'
  Cpu: '256'
  Essential: 'true'
  ReadonlyRootFilesystem: true
  Environment: [{Name: PORT, Value: 8080}, {Name: SAFE, Value: true}]
  DockerLabels: {Team: web}
  PortMappings: [{ContainerPort: '80', Name: !Ref AWS::NoValue}]
  LogConfiguration: {LogDriver: awslogs, Options: {awslogs-region: !Ref AWS::Region}}
";
        let expected = json!([{
            "name": "web",
            "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop-repo:7",
            "cpu": 256,
            "essential": true,
            "readonlyRootFilesystem": true,
            "environment": [{ "name": "PORT", "value": "8080" }, { "name": "SAFE", "value": "true" }],
            "dockerLabels": { "Team": "web" },
            "portMappings": [{ "containerPort": 80 }],
            "logConfiguration": { "logDriver": "awslogs", "options": { "awslogs-region": "eu-west-1" } },
        }]);
        check("[]", &json!([]), new, &Ok(expected));
    }

    #[test]
    fn what_stands_in_both_has_the_value_that_it_has() {
        let old = "\
- Name: web
  Image: !Sub '${Repo.RepositoryUri}:1'
  Environment: [{Name: A, Value: !GetAtt Db.Endpoint}, {Name: B, Value: '{{resolve:ssm:/b}}'}]
  Command: [!If [IsProd, a, b]]
";
        let live = json!([
            { "name": "proxy" },
            {
                "name": "web", "image": "1.dkr.ecr/repo:1", "command": ["a"],
                "environment": [{ "name": "B", "value": "secret" }, { "name": "A", "value": "db:5432" }],
            },
        ]);
        let new = "\
- Name: web
  Image: !Sub '${Repo.RepositoryUri}:2'
  Environment: [{Name: C, Value: !Sub 'on ${Db.Endpoint}'}, {Name: B, Value: '{{resolve:ssm:/b}}'}]
  Command: [!If [IsProd, a, b], c]
";
        let expected = json!([{
            "name": "web", "image": "1.dkr.ecr/repo:2",
            "environment": [{ "name": "C", "value": "on db:5432" }, { "name": "B", "value": "secret" }],
            "command": ["a", "c"],
        }]);
        check(old, &live, new, &Ok(expected));
    }

    #[test]
    fn what_only_cloudformation_knows_is_named() {
        for (value, written) in [
            ("!GetAtt Db.Endpoint", "${Db.Endpoint}"),
            ("!Sub 'a${Key}'", "a${Key}"),
            ("!Ref Ami", "${Ami}"),
            ("!Ref Nothing", "${Nothing}"),
            ("'{{resolve:ssm:/b}}'", "{{resolve:ssm:/b}}"),
        ] {
            check("[]", &json!([]), &format!("[{{Name: web, Image: {value}}}]"), &Err(written));
        }
    }
}
