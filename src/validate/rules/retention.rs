//! What becomes of a resource that is deleted or replaced.

use asi_constructs::kernel::{diagnostic::one_of, node::Node};

use super::super::{
    document::{Document, Resource},
    report::{Found, Place, Report},
    types,
};

/// The types of which a snapshot can be taken.
const WITH_SNAPSHOTS: &[&str] = &[
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
];

/// `E3035`, `E3036`: a `DeletionPolicy` or an `UpdateReplacePolicy` that is none. `W3011`: one without the other, which
/// keeps what one of them would lose. `I3011`: a resource that holds data and has neither.
pub(super) fn check<'t>(document: &'t Document<'t>, report: &mut Report<'t>) {
    for resource in document.resources.values() {
        let [deletion, replacement] =
            [("DeletionPolicy", "E3035"), ("UpdateReplacePolicy", "E3036")].map(|(key, code)| {
                let node = resource.node.get(key)?;
                policy(resource, key, code, node, report);
                Some(node)
            });
        // A version is replaced by the next; who keeps it means the old one.
        let is_version = matches!(resource.type_name, "AWS::Lambda::Version" | "AWS::Lambda::LayerVersion");
        match (deletion, replacement) {
            (None, None) if types::is_stateful(resource.type_name) => {
                let message = format!("`{}` and its data are deleted with the stack", resource.id);
                let found = Found::info("I3011", Place::Holder(resource.node), message);
                report.add(found.help("say so, or `Retain`, by `DeletionPolicy` and `UpdateReplacePolicy`"));
            }
            (Some(one), None) | (None, Some(one)) if one.as_str() != Some("Delete") && !is_version => {
                let (has, lacks, when) = match deletion {
                    Some(_) => ("DeletionPolicy", "UpdateReplacePolicy", "it is replaced"),
                    None => ("UpdateReplacePolicy", "DeletionPolicy", "the stack is deleted"),
                };
                let message =
                    format!("`{}` has a `{has}`, and is deleted all the same when {when}", resource.id);
                let found = Found::warning("W3011", Place::Holder(resource.node), message);
                report.add(found.help(format!("add `{lacks}`")));
            }
            (Some(one), None) | (None, Some(one))
                if one.as_str() == Some("Delete") && types::is_stateful(resource.type_name) =>
            {
                let lacks = if deletion.is_some() { "UpdateReplacePolicy" } else { "DeletionPolicy" };
                let message = format!("`{}` holds data, and has no `{lacks}`", resource.id);
                let found = Found::info("I3011", Place::Holder(resource.node), message);
                report.add(found.help("say what is to become of the data"));
            }
            _ => (),
        }
    }
}

/// Whether a policy is one. Functions, and what is no text, are looked at by `functions`.
fn policy<'t>(
    resource: &Resource<'t>,
    key: &str,
    code: &'static str,
    node: &'t Node,
    report: &mut Report<'t>,
) {
    let mut policies = vec!["Delete", "Retain"];
    if key == "DeletionPolicy" {
        policies.push("RetainExceptOnCreate");
    }
    if WITH_SNAPSHOTS.contains(&resource.type_name) {
        policies.push("Snapshot");
    }
    match node.as_str() {
        None => (),
        Some(text) if policies.contains(&text) => (),
        Some("Snapshot") => {
            let message = format!("no snapshot can be taken of an `{}`", resource.type_name);
            report.add(Found::error(code, node, message).help(format!("use {}", one_of(&policies))));
        }
        Some(text) => {
            let found = Found::error(code, node, format!("there is no {key} `{text}`"));
            report.add(found.suggest(text, policies));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::check;

    fn found(resource: &str) -> String {
        check(super::check, &format!("Resources:\n  A: {{{resource}}}\n"))
    }

    #[test]
    fn a_policy_that_is_none() {
        let expected = "error E3035 Resources/A/DeletionPolicy 2:46: there is no DeletionPolicy `Retian`\n  \
                        did you mean `Retain`?\n\
                        error E3036 Resources/A/UpdateReplacePolicy 2:75: no snapshot can be taken of an \
                        `AWS::SNS::Topic`\n  use `Delete` or `Retain`\n";
        let resource = "Type: AWS::SNS::Topic, DeletionPolicy: Retian, UpdateReplacePolicy: Snapshot";
        assert_eq!(found(resource), expected);
        assert_eq!(
            found("Type: AWS::EC2::Volume, DeletionPolicy: Snapshot, UpdateReplacePolicy: Snapshot"),
            ""
        );
    }

    #[test]
    fn one_policy_without_the_other() {
        let expected = "warning W3011 Resources/A 2:3: `A` has a `DeletionPolicy`, and is deleted all the same when \
                        it is replaced\n  add `UpdateReplacePolicy`\n";
        assert_eq!(found("Type: AWS::SNS::Topic, DeletionPolicy: Retain"), expected);
        assert_eq!(found("Type: AWS::SNS::Topic, DeletionPolicy: Delete"), "");
        assert_eq!(found("Type: AWS::Lambda::Version, DeletionPolicy: Retain"), "");
    }

    #[test]
    fn data_that_is_deleted_with_the_stack() {
        let expected = "info I3011 Resources/A 2:3: `A` and its data are deleted with the stack\n  \
                        say so, or `Retain`, by `DeletionPolicy` and `UpdateReplacePolicy`\n";
        assert_eq!(found("Type: AWS::DynamoDB::Table"), expected);
        assert_eq!(found("Type: AWS::S3::Bucket"), "", "it is not deleted while there is something in it");
    }
}
