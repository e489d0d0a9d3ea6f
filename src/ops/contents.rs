//! Buckets and registries of a stack that hold something: CloudFormation deletes them only when they are empty.

use asi_constructs::kernel::node::Node;

use crate::world::{AwsError, aws::Aws, cloudformation::StackResource};

/// A bucket or a repository of a stack, which goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its logical id.
    pub id: String,
    /// What it is called in S3 or ECR.
    pub name: String,
    /// What it is.
    pub kind: HolderKind,
}

/// What holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderKind {
    /// A bucket.
    Bucket,
    /// A repository of images.
    Repository,
}

/// What the buckets and repositories of a stack hold.
#[derive(Debug, Default)]
pub struct Contents {
    /// Those that hold something.
    pub held: Vec<Holder>,
    /// Those that could not be looked into, and why.
    pub unread: Vec<(Holder, AwsError)>,
}

impl Holder {
    /// Whether somebody may mean it by this name: its logical id, or what it is called.
    pub fn is_called(&self, name: &str) -> bool {
        self.id == name || self.name == name
    }

    /// Takes everything out of it, for good.
    pub(in crate::ops) async fn empty(&self, aws: &Aws) -> Result<(), AwsError> {
        match self.kind {
            HolderKind::Bucket => aws.empty_bucket(&self.name).await,
            HolderKind::Repository => aws.empty_repository(&self.name).await,
        }
    }

    async fn holds(&self, aws: &Aws) -> Result<bool, AwsError> {
        match self.kind {
            HolderKind::Bucket => aws.bucket_holds(&self.name).await,
            HolderKind::Repository => aws.repository_holds(&self.name).await,
        }
    }
}

/// The buckets and repositories among the resources of a stack that are deleted with it, and that nobody else empties.
pub(in crate::ops) fn holders(template: &Node, resources: &[StackResource]) -> Vec<Holder> {
    let written = |id: &str| template.get("Resources").and_then(|it| it.get(id));
    let is_left = |id: &str| {
        let text = |key| written(id).and_then(|it| it.get(key)).and_then(Node::as_str);
        let property = |key| written(id).and_then(|it| it.get("Properties")?.get(key)?.as_written());
        text("DeletionPolicy").is_some_and(|it| it != "Delete")
            || property("EmptyOnDelete") == Some("true")
            || is_emptied(template, id)
    };
    let holder = |it: &StackResource| {
        let kind = match it.type_name.as_str() {
            "AWS::S3::Bucket" => HolderKind::Bucket,
            "AWS::ECR::Repository" => HolderKind::Repository,
            _ => return None,
        };
        let is_gone = it.status.as_str() == "DELETE_COMPLETE";
        let name = it.physical_id.clone().filter(|_| !is_gone && !is_left(&it.logical_id))?;
        Some(Holder { id: it.logical_id.clone(), name, kind })
    };
    resources.iter().filter_map(holder).collect()
}

/// Whether a custom resource of the CDK empties a bucket before it is deleted.
fn is_emptied(template: &Node, bucket: &str) -> bool {
    let mut resources = template.get("Resources").and_then(Node::as_map).into_iter().flatten();
    resources.any(|(_, it)| {
        let is_emptier = it.value.get("Type").and_then(Node::as_str) == Some("Custom::S3AutoDeleteObjects");
        let name = it.value.get("Properties").and_then(|it| it.get("BucketName")?.get("Ref")?.as_str());
        is_emptier && name == Some(bucket)
    })
}

/// What they hold.
pub(in crate::ops) async fn contents(aws: &Aws, holders: Vec<Holder>) -> Contents {
    let mut contents = Contents::default();
    for holder in holders {
        match holder.holds(aws).await {
            Ok(true) => contents.held.push(holder),
            Ok(false) => (),
            Err(error) => contents.unread.push((holder, error)),
        }
    }
    contents
}
