//! Where policies stand, and of which kind each is.

use super::super::super::{
    document::{Document, Resource},
    value::Value,
};
use Kind::{Identity, Other, Repository, Strict, Trust};

/// What a policy is attached to, which decides what has to stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::validate::rules) enum Kind {
    /// A user, a group, or a role: it says what that may do.
    Identity,
    /// A resource, whose statements name those who may use it and the resource itself.
    Strict,
    /// A repository of images, which is the resource of all its statements.
    Repository,
    /// Another resource. What its statements may leave out is up to its service.
    Other,
    /// A role: it says who may take it on.
    Trust,
}

impl Kind {
    /// The code under which faults of its grammar are known.
    pub(super) fn code(self) -> &'static str {
        match self {
            Identity => "E3510",
            Strict | Other => "E3512",
            Repository => "E3513",
            Trust => "E3530",
        }
    }
}

/// A property that is a policy.
pub(in crate::validate) struct PolicyPlace {
    /// The type of the resource.
    pub(in crate::validate) type_name: &'static str,
    /// The keys under its properties; `*` is any item of a list.
    pub(in crate::validate) path: &'static str,
    kind: Kind,
}

const fn place(type_name: &'static str, path: &'static str, kind: Kind) -> PolicyPlace {
    PolicyPlace { type_name, path, kind }
}

/// The properties that are policies.
pub(in crate::validate) const PLACES: &[PolicyPlace] = &[
    place("AWS::ApiGateway::RestApi", "Policy", Other),
    place("AWS::Backup::BackupVault", "AccessPolicy", Other),
    place("AWS::CodeArtifact::Domain", "PermissionsPolicyDocument", Other),
    place("AWS::CodeArtifact::Repository", "PermissionsPolicyDocument", Other),
    place("AWS::DynamoDB::Table", "ResourcePolicy/PolicyDocument", Other),
    place("AWS::EC2::VPCEndpoint", "PolicyDocument", Other),
    place("AWS::ECR::PublicRepository", "RepositoryPolicyText", Repository),
    place("AWS::ECR::RegistryPolicy", "PolicyText", Other),
    place("AWS::ECR::Repository", "RepositoryPolicyText", Repository),
    place("AWS::EFS::FileSystem", "FileSystemPolicy", Other),
    place("AWS::Elasticsearch::Domain", "AccessPolicies", Other),
    place("AWS::IAM::Group", "Policies/*/PolicyDocument", Identity),
    place("AWS::IAM::GroupPolicy", "PolicyDocument", Identity),
    place("AWS::IAM::ManagedPolicy", "PolicyDocument", Identity),
    place("AWS::IAM::Policy", "PolicyDocument", Identity),
    place("AWS::IAM::Role", "AssumeRolePolicyDocument", Trust),
    place("AWS::IAM::Role", "Policies/*/PolicyDocument", Identity),
    place("AWS::IAM::RolePolicy", "PolicyDocument", Identity),
    place("AWS::IAM::User", "Policies/*/PolicyDocument", Identity),
    place("AWS::IAM::UserPolicy", "PolicyDocument", Identity),
    place("AWS::KMS::Key", "KeyPolicy", Strict),
    place("AWS::KMS::ReplicaKey", "KeyPolicy", Strict),
    place("AWS::Kinesis::ResourcePolicy", "ResourcePolicy", Other),
    place("AWS::Logs::ResourcePolicy", "PolicyDocument", Other),
    place("AWS::OpenSearchService::Domain", "AccessPolicies", Strict),
    place("AWS::S3::AccessPoint", "Policy", Other),
    place("AWS::S3::BucketPolicy", "PolicyDocument", Strict),
    place("AWS::SNS::TopicInlinePolicy", "PolicyDocument", Strict),
    place("AWS::SNS::TopicPolicy", "PolicyDocument", Strict),
    place("AWS::SQS::QueueInlinePolicy", "PolicyDocument", Strict),
    place("AWS::SQS::QueuePolicy", "PolicyDocument", Strict),
    place("AWS::SSO::PermissionSet", "InlinePolicy", Identity),
    place("AWS::SecretsManager::ResourcePolicy", "ResourcePolicy", Other),
];

/// A policy of a template.
#[derive(Clone, Copy)]
pub(in crate::validate::rules) struct Policy<'t> {
    /// The resource that it is of, or is.
    pub(in crate::validate::rules) resource: &'t Resource<'t>,
    pub(in crate::validate::rules) kind: Kind,
    /// It, or the text it is written in.
    pub(in crate::validate::rules) value: Value<'t>,
}

impl<'t> Policy<'t> {
    /// Its statements that are mappings.
    pub(in crate::validate::rules) fn statements(&self) -> Vec<Value<'t>> {
        let document = self.value.opened();
        let statements = document.and_then(|it| it.get("Statement")).map(|it| it.each()).unwrap_or_default();
        statements.into_iter().filter(|it| it.known().is_some_and(|it| it.as_map().is_some())).collect()
    }
}

/// The policies of a template; of those that depend on conditions, each.
pub(in crate::validate::rules) fn policies<'t>(document: &'t Document<'t>) -> Vec<Policy<'t>> {
    let mut found = Vec::new();
    for place in PLACES {
        for resource in document.of_type(place.type_name) {
            if let Some(properties) = document.properties(resource) {
                let values = all_at(properties, place.path);
                found.extend(values.into_iter().map(|value| Policy { resource, kind: place.kind, value }));
            }
        }
    }
    found
}

/// The values at a path from `value`, whatever the conditions are.
pub(super) fn all_at<'t>(value: Value<'t>, path: &str) -> Vec<Value<'t>> {
    let (key, rest) = path.split_once('/').unwrap_or((path, ""));
    let below: Vec<Value<'t>> = match key {
        "" => return value.branches(),
        "*" => value.branches().iter().flat_map(Value::items).collect(),
        _ => value.branches().iter().filter_map(|it| it.get(key)).collect(),
    };
    below.into_iter().flat_map(|it| all_at(it, rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::PLACES;

    #[test]
    fn every_place_is_a_property_of_its_type() {
        for place in PLACES {
            let schema = asi_schemas::find(place.type_name).expect(place.type_name);
            for key in place.path.split('/').filter(|it| *it != "*") {
                assert!(schema.contains(&format!("\"{key}\":")), "{}: {key}", place.type_name);
            }
        }
    }
}
