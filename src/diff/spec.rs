//! What the schema of a resource type says of changes: what replaces, what holds data, which lists are sets.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use serde_json::Value;

use super::replacement::Verdict;

/// Types whose resources hold data, though their schemas do not say so.
const STATEFUL: [&str; 11] = [
    "AWS::AmazonMQ::Broker",
    "AWS::Cassandra::Table",
    "AWS::CodeCommit::Repository",
    "AWS::ECR::PublicRepository",
    "AWS::ECR::Repository",
    "AWS::MSK::Cluster",
    "AWS::MemoryDB::Cluster",
    "AWS::RDS::GlobalCluster",
    "AWS::S3Express::DirectoryBucket",
    "AWS::Timestream::Database",
    "AWS::Timestream::Table",
];

/// The schemas of the types that were asked for.
#[derive(Default)]
pub(super) struct Specs(RefCell<BTreeMap<String, Option<Rc<Spec>>>>);

impl Specs {
    /// The schema of a type; none, if it is not known.
    pub(super) fn of(&self, type_name: &str) -> Option<Rc<Spec>> {
        self.0.borrow_mut().entry(type_name.to_owned()).or_insert_with(|| Spec::new(type_name)).clone()
    }
}

/// The schema of a type.
pub(super) struct Spec {
    schema: Value,
    /// What a change replaces, as pointers into the properties, in order.
    pub(super) replacing: Vec<(String, Verdict)>,
    /// Whether more than the schema decides: the code of somebody else.
    pub(super) is_custom: bool,
}

impl Spec {
    fn new(type_name: &str) -> Option<Rc<Self>> {
        let is_custom =
            type_name.starts_with("Custom::") || type_name == "AWS::CloudFormation::CustomResource";
        let known = if is_custom { "AWS::CloudFormation::CustomResource" } else { type_name };
        let schema: Value = serde_json::from_str(&asi_schemas::find(known)?).ok()?;
        let replacing = schema["spec"]["replacement"].as_object().into_iter().flatten();
        let replacing = replacing.filter_map(|(pointer, word)| {
            let verdict = if word == "yes" { Verdict::Always } else { Verdict::Maybe };
            Some((pointer.strip_prefix("/properties")?.to_owned(), verdict))
        });
        let replacing = replacing.collect();
        Some(Rc::new(Self { schema, replacing, is_custom }))
    }

    /// Whether resources of the type hold data.
    pub(super) fn is_stateful(&self) -> bool {
        let is_known = |it: &str| STATEFUL.contains(&it);
        self.schema["spec"]["stateful"] == true || self.schema["typeName"].as_str().is_some_and(is_known)
    }

    /// Whether one is deleted only while there is nothing in it.
    pub(super) fn is_deleted_only_empty(&self) -> bool {
        self.schema["spec"]["deleteRequiresEmpty"] == true
    }

    /// The properties that name a resource of the type, so that no other one can have the name; none, if these are not
    /// all of them written.
    pub(super) fn names(&self) -> Vec<String> {
        let pointers = |key: &str| self.schema[key].as_array().map(Vec::as_slice).unwrap_or_default();
        let (identifier, read_only) = (pointers("primaryIdentifier"), pointers("readOnlyProperties"));
        if identifier.iter().all(|it| !read_only.contains(it)) {
            let names = identifier.iter().filter_map(|it| it.as_str()?.strip_prefix("/properties/"));
            return names.map(str::to_owned).collect();
        }
        // Where a type is known by an ARN or a URL, its name is in that.
        let type_name = self.schema["typeName"].as_str().unwrap_or_default();
        let last = type_name.rsplit("::").next().unwrap_or_default();
        let is_balancing = type_name.starts_with("AWS::ElasticLoadBalancingV2::");
        let name = if is_balancing { "Name".to_owned() } else { format!("{last}Name") };
        let replaces =
            |it: &&(String, Verdict)| it.0.strip_prefix('/') == Some(&name) && it.1 == Verdict::Always;
        self.replacing.iter().find(replaces).map(|_| name.clone()).into_iter().collect()
    }

    /// Whether one that is replaced is deleted before there is a new one.
    pub(super) fn is_deleted_first(&self) -> bool {
        self.schema["replacementStrategy"] == "delete_then_create"
    }

    /// The properties.
    pub(super) fn place(&self) -> Place<'_> {
        Place { root: Some(&self.schema), schema: Some(&self.schema), is_policy: false }
    }
}

/// A place in the properties of a type.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    root: Option<&'s Value>,
    schema: Option<&'s Value>,
    /// Whether it lies in a statement of a policy, where a text is a list of one and lists are sets.
    pub(super) is_policy: bool,
}

impl<'s> Place<'s> {
    /// A place of which nothing is known.
    pub(super) const UNKNOWN: Place<'static> = Place { root: None, schema: None, is_policy: false };

    /// The value under a key.
    pub(super) fn key(self, key: &str) -> Self {
        let schema = self.schema.and_then(|it| self.look(it, &|it| of_key(it, key), 0));
        // Policies have no schema of their own; what has one and the same key is something else, such as a rule of WAF.
        Self { schema, is_policy: self.is_policy || (key == "Statement" && schema.is_none()), ..self }
    }

    /// An item.
    pub(super) fn item(self) -> Self {
        Self { schema: self.schema.and_then(|it| self.look(it, &|it| it.get("items"), 0)), ..self }
    }

    /// Whether the order of its items means nothing.
    pub(super) fn is_set(self) -> bool {
        let order = self.schema.and_then(|it| self.look(it, &|it| it.get("insertionOrder"), 0));
        self.is_policy || order.is_some_and(|it| *it == false)
    }

    /// What `find` finds in a schema, in what it refers to, or in one of its alternatives.
    fn look(
        self,
        schema: &'s Value,
        find: &dyn Fn(&'s Value) -> Option<&'s Value>,
        depth: usize,
    ) -> Option<&'s Value> {
        /// Deeper than any schema refers; those of AWS have circles.
        const DEEPEST: usize = 8;
        if depth > DEEPEST {
            return None;
        }
        if let Some(found) = find(schema) {
            return Some(found);
        }
        if let Some(pointer) = schema["$ref"].as_str().and_then(|it| it.strip_prefix('#')) {
            return self.look(self.root?.pointer(pointer)?, find, depth + 1);
        }
        let alternatives = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|it| schema[it].as_array());
        alternatives.flatten().find_map(|it| self.look(it, find, depth + 1))
    }
}

fn of_key<'s>(schema: &'s Value, key: &str) -> Option<&'s Value> {
    let named = schema.get("properties").and_then(|it| it.get(key));
    let any = || schema.get("patternProperties")?.as_object()?.values().next();
    named.or_else(any).or_else(|| schema.get("additionalProperties").filter(|it| it.is_object()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_set_if_the_schema_says_so() {
        let specs = Specs::default();
        let group = specs.of("AWS::EC2::SecurityGroup").unwrap();
        assert!(group.place().key("SecurityGroupIngress").is_set());
        let task = specs.of("AWS::ECS::TaskDefinition").unwrap();
        let containers = task.place().key("ContainerDefinitions");
        assert!(!containers.item().key("Command").is_set());
        assert!(Place::UNKNOWN.key("Statement").item().key("Action").is_set());
    }

    #[test]
    fn a_name_is_a_property_that_may_be_written() {
        let specs = Specs::default();
        let name = |type_name: &str| specs.of(type_name).unwrap().names().join(" ");
        assert_eq!(name("AWS::S3::Bucket"), "BucketName");
        assert_eq!(name("AWS::SQS::Queue"), "QueueName");
        assert_eq!(name("AWS::ElasticLoadBalancingV2::TargetGroup"), "Name");
        assert_eq!(name("AWS::EC2::VPC"), "");
        assert_eq!(name("AWS::IAM::RolePolicy"), "PolicyName RoleName");
        assert!(specs.of("Acme::Web::Site").is_none());
        assert!(specs.of("Custom::Cleaner").unwrap().is_custom);
    }
}
