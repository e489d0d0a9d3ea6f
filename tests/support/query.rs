//! Questions to a template, in the words of the acceptance checks.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// A template that is asked.
pub(crate) struct Query<'a> {
    template: &'a Value,
}

/// A resource in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource<'a> {
    pub(crate) id: &'a str,
    pub(crate) value: &'a Value,
}

impl<'a> Resource<'a> {
    /// A property by its path, such as `NetworkConfiguration.AwsvpcConfiguration.Subnets`.
    pub(crate) fn get(self, path: &str) -> &'a Value {
        path.split('.').fold(&self.value["Properties"], |value, key| &value[key])
    }

    pub(crate) fn kind(self) -> &'a str {
        self.value["Type"].as_str().unwrap_or_default()
    }
}

impl<'a> Query<'a> {
    pub(crate) fn new(template: &'a Value) -> Self {
        Self { template }
    }

    /// All resources.
    pub(crate) fn resources(&self) -> Vec<Resource<'a>> {
        let all = self.template["Resources"].as_object().expect("a template has resources");
        all.iter().map(|(id, value)| Resource { id, value }).collect()
    }

    /// The ids of its parameters.
    pub(crate) fn parameters(&self) -> Vec<&'a str> {
        self.template["Parameters"].as_object().into_iter().flatten().map(|it| it.0.as_str()).collect()
    }

    /// The type of a resource; nothing, if there is none with this id.
    pub(crate) fn kind_of(&self, id: &str) -> &'a str {
        self.template["Resources"][id]["Type"].as_str().unwrap_or_default()
    }

    /// The resources of a type.
    pub(crate) fn of(&self, kind: &str) -> Vec<Resource<'a>> {
        self.resources().into_iter().filter(|it| it.kind() == kind).collect()
    }

    /// The only resource of a type.
    #[track_caller]
    pub(crate) fn only(&self, kind: &str) -> Resource<'a> {
        let found = self.of(kind);
        assert_eq!(found.len(), 1, "{kind}: {found:#?}");
        found[0]
    }

    #[track_caller]
    pub(crate) fn by_id(&self, id: &str) -> Resource<'a> {
        self.resources().into_iter().find(|it| it.id == id).unwrap_or_else(|| panic!("no resource {id}"))
    }

    /// The one resource that `value` refers to.
    #[track_caller]
    pub(crate) fn target(&self, value: &Value) -> Resource<'a> {
        let ids = references(value);
        let found: Vec<Resource<'a>> =
            self.resources().into_iter().filter(|it| ids.contains(it.id)).collect();
        assert_eq!(found.len(), 1, "{value} refers to {found:?}");
        found[0]
    }

    /// The ids of the resources that a list refers to.
    pub(crate) fn targets(&self, list: &Value) -> BTreeSet<&'a str> {
        list.as_array().expect("a list").iter().map(|it| self.target(it).id).collect()
    }

    /// Whether `from` needs `to`, through `DependsOn` and references.
    pub(crate) fn depends(&self, from: &str, to: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut rest = vec![from.to_owned()];
        while let Some(id) = rest.pop() {
            if id == to {
                return true;
            }
            if let Some(resource) = self.resources().into_iter().find(|it| it.id == id)
                && seen.insert(id)
            {
                rest.extend(references(&resource.value["Properties"]));
                rest.extend(
                    resource.value["DependsOn"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|it| it.as_str().map(str::to_owned)),
                );
            }
        }
        false
    }

    /// The route table bound to a subnet.
    #[track_caller]
    pub(crate) fn route_table(&self, subnet: &str) -> Resource<'a> {
        let bound: Vec<Resource<'a>> = self
            .of("AWS::EC2::SubnetRouteTableAssociation")
            .into_iter()
            .filter(|it| refers(it.get("SubnetId"), subnet))
            .collect();
        assert_eq!(bound.len(), 1, "{subnet} has {} route tables", bound.len());
        self.target(bound[0].get("RouteTableId"))
    }

    /// The routes of a route table.
    pub(crate) fn routes(&self, table: &str) -> Vec<Resource<'a>> {
        self.of("AWS::EC2::Route").into_iter().filter(|it| refers(it.get("RouteTableId"), table)).collect()
    }

    /// Whether a subnet's way out is an internet gateway.
    pub(crate) fn is_public(&self, subnet: &str) -> bool {
        self.routes(self.route_table(subnet).id).into_iter().any(|it| {
            it.get("DestinationCidrBlock") == "0.0.0.0/0"
                && !it.get("GatewayId").is_null()
                && self.target(it.get("GatewayId")).kind() == "AWS::EC2::InternetGateway"
        })
    }

    /// All rules for what may come into a security group.
    pub(crate) fn ingress(&self, group: &str) -> Vec<Value> {
        let inline = self.by_id(group).get("SecurityGroupIngress").as_array().cloned().unwrap_or_default();
        let apart = self
            .of("AWS::EC2::SecurityGroupIngress")
            .into_iter()
            .filter(|it| refers(it.get("GroupId"), group));
        inline.into_iter().chain(apart.map(|it| it.value["Properties"].clone())).collect()
    }

    /// The security group of the only load balancer.
    pub(crate) fn balancer_group(&self) -> Resource<'a> {
        self.target(&self.only("AWS::ElasticLoadBalancingV2::LoadBalancer").get("SecurityGroups")[0])
    }

    /// Asserts that one TCP port of `group` is open, and that to those in the group `from` and nobody else.
    #[track_caller]
    pub(crate) fn assert_admits_only(&self, group: Resource<'_>, port: u16, from: Resource<'_>) {
        let rules = self.ingress(group.id);
        let [rule] = rules.as_slice() else { panic!("{rules:?}") };
        assert_eq!(
            (&rule["IpProtocol"], &rule["FromPort"], &rule["ToPort"]),
            (&json!("tcp"), &json!(port), &json!(port))
        );
        assert!(refers(&rule["SourceSecurityGroupId"], from.id), "{rule}");
        assert!(rule["CidrIp"].is_null() && rule["CidrIpv6"].is_null(), "{rule}");
    }

    /// The statements of a role's policies.
    pub(crate) fn statements(&self, role: &str) -> Vec<Value> {
        let inline = self.by_id(role).get("Policies").as_array().cloned().unwrap_or_default();
        let apart = self.of("AWS::IAM::Policy").into_iter().filter(|it| refers(it.get("Roles"), role));
        inline
            .iter()
            .map(|it| it["PolicyDocument"]["Statement"].clone())
            .chain(apart.map(|it| it.get("PolicyDocument.Statement").clone()))
            .flat_map(|it| it.as_array().cloned().unwrap_or_default())
            .collect()
    }
}

/// The ids a value refers to, by Ref, `GetAtt`, Sub and within.
pub(crate) fn references(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|it| collect(it, found)),
        Value::Object(map) => {
            for (key, inner) in map {
                match (key.as_str(), inner) {
                    ("Ref", Value::String(id)) => drop(found.insert(id.clone())),
                    ("Fn::GetAtt", Value::Array(parts)) => found.extend(parts[0].as_str().map(str::to_owned)),
                    ("Fn::Sub", Value::String(text)) => found.extend(substituted(text)),
                    _ => collect(inner, found),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}

/// The ids in `${…}` of a text.
fn substituted(text: &str) -> Vec<String> {
    let parts = text.split("${").skip(1).filter(|it| !it.starts_with('!'));
    parts.filter_map(|it| it.split(['.', '}']).next().map(str::to_owned)).collect()
}

/// Whether a value refers to a resource.
pub(crate) fn refers(value: &Value, id: &str) -> bool {
    references(value).contains(id)
}

/// A single value, or the values of a list.
pub(crate) fn many(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

/// A stack's template with those of the stacks it imports from, as if they were one: what it imports is replaced by what
/// is exported, so that references lead on. Takes the templates of an app, each with the name of its stack.
#[track_caller]
pub(crate) fn joined(stack: &str, app: &[(String, Value)]) -> Value {
    let mut joined = serde_json::json!({"Parameters": {}, "Resources": {}});
    let mut rest = vec![stack.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(stack) = rest.pop() {
        if !seen.insert(stack.clone()) {
            continue;
        }
        let (_, template) = app.iter().find(|it| it.0 == stack).unwrap_or_else(|| panic!("no stack {stack}"));
        for section in ["Parameters", "Resources"] {
            for (id, value) in template[section].as_object().into_iter().flatten() {
                let mut value = value.clone();
                follow(&mut value, app, &mut rest);
                let before = joined[section].as_object_mut().unwrap().insert(id.clone(), value);
                assert!(before.is_none(), "two stacks have a {id}, and nobody could tell them apart");
            }
        }
    }
    joined
}

/// Replaces what is imported by what is exported, and names the stacks that export it.
#[track_caller]
fn follow(value: &mut Value, app: &[(String, Value)], exporters: &mut Vec<String>) {
    let found = match value.as_object().and_then(|it| it.iter().next()) {
        Some((key, name)) if key == "Fn::ImportValue" => {
            Some(exported(app, |_, _, output| output["Export"]["Name"] == *name))
        }
        Some((key, of)) if key == "Fn::GetStackOutput" => {
            Some(exported(app, |stack, id, _| of["StackName"] == stack && of["OutputName"] == id))
        }
        _ => None,
    };
    match found {
        Some(found) => {
            let (stack, exported) = found.unwrap_or_else(|| panic!("no stack of the app exports {value}"));
            exporters.push(stack.to_owned());
            *value = exported.clone();
            follow(value, app, exporters);
        }
        None => match value {
            Value::Array(items) => items.iter_mut().for_each(|it| follow(it, app, exporters)),
            Value::Object(map) => map.values_mut().for_each(|it| follow(it, app, exporters)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
        },
    }
}

/// The first output that is asked for, by its stack, its id and itself: its stack and its value.
fn exported(app: &[(String, Value)], is_it: impl Fn(&str, &str, &Value) -> bool) -> Option<(&str, &Value)> {
    app.iter().find_map(|(stack, template)| {
        let mut outputs = template["Outputs"].as_object().into_iter().flatten();
        let (_, output) = outputs.find(|(id, output)| is_it(stack, id, output))?;
        Some((stack.as_str(), &output["Value"]))
    })
}
