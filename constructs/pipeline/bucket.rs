//! The bucket through which the actions of a pipeline hand on what they made.

use crate::{
    bucket::{self, Encryption, Removal},
    iam::Allow,
    kernel::prelude::*,
};

const BUCKET: ResourceType = ResourceType::new("AWS::S3::Bucket");

properties! {
    /// What the actions of a pipeline hand on: the source, and what was built of it.
    pub struct Artifacts from keep {
        /// For how many days it is kept.
        keep: Spanned<Days> = "30",
        /// What becomes of the bucket when the pipeline leaves the stack.
        removal: Removal = "retain",
    }
}

impl Artifacts {
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        if self.keep.value == Days(0) {
            faults.push(
                Diagnostic::error("artifacts-keep", "artifacts stay for at least one day")
                    .at(self.keep.span)
                    .help("write `1` or more"),
            );
        }
    }

    /// Adds the bucket.
    pub(super) fn build(&self, scope: &mut Scope<'_>) -> Bucket {
        let mut scope = scope.child("ArtifactsBucket");
        let bucket = scope.resource("Resource", BUCKET, object! {
            "BucketEncryption" => bucket::encryption(Encryption::Kms, None),
            "LifecycleConfiguration" => object! {
                "Rules" => list![object! {
                    "AbortIncompleteMultipartUpload" => object! { "DaysAfterInitiation" => 1 },
                    "ExpirationInDays" => Expr::from(self.keep.value.0).at(self.keep.span),
                    "Status" => "Enabled",
                }],
            },
            "PublicAccessBlockConfiguration" => bucket::closed_to_the_public(),
        });
        self.removal.apply(&mut scope, bucket);
        bucket::require_tls(&mut scope, bucket);
        Bucket(bucket)
    }
}

/// The bucket, and what may be done with it.
#[derive(Clone, Copy)]
pub(super) struct Bucket(Handle);

impl Bucket {
    pub(super) fn name(self) -> Expr<Handle> {
        self.0.reference()
    }

    fn arn(self) -> Expr<Handle> {
        self.0.attribute("Arn")
    }

    fn objects(self) -> Expr<Handle> {
        text![self.arn(), "/*"]
    }

    /// To fetch what another action made.
    pub(super) fn read(self) -> Vec<Allow> {
        self.allow(&["s3:GetObject", "s3:GetObjectVersion"])
    }

    /// To fetch what another action made, and hand on something.
    pub(super) fn write(self) -> Vec<Allow> {
        self.allow(&["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"])
    }

    /// As [`write`](Self::write), by CodePipeline itself, which says whom an object belongs to.
    pub(super) fn write_with_acl(self) -> Vec<Allow> {
        self.allow(&["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"])
    }

    fn allow(self, actions: &[&'static str]) -> Vec<Allow> {
        let look = ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"];
        vec![Allow::new(&look, [self.arn()]), Allow::new(actions, [self.objects()])]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::pipeline::tests::pipeline;

    #[test]
    fn is_closed_and_encrypted_and_forgets() {
        let stack = pipeline("artifacts: 7");
        assert_eq!(stack.properties("d/ArtifactsBucket/Resource"), json!({
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{
                    "BucketKeyEnabled": true,
                    "ServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms" },
                }],
            },
            "LifecycleConfiguration": {
                "Rules": [{
                    "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 1 },
                    "ExpirationInDays": 7,
                    "Status": "Enabled",
                }],
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": true,
                "BlockPublicPolicy": true,
                "IgnorePublicAcls": true,
                "RestrictPublicBuckets": true,
            },
        }));
        assert_eq!(stack.properties("d/ArtifactsBucket/Policy/Resource"), json!({
            "Bucket": "${d/ArtifactsBucket/Resource}",
            "PolicyDocument": {
                "Statement": [{
                    "Action": "s3:*",
                    "Condition": { "Bool": { "aws:SecureTransport": "false" } },
                    "Effect": "Deny",
                    "Principal": { "AWS": "*" },
                    "Resource": ["${d/ArtifactsBucket/Resource.Arn}", "${d/ArtifactsBucket/Resource.Arn}/*"],
                }],
                "Version": "2012-10-17",
            },
        }));
    }

    #[test]
    fn stays_unless_it_may_go() {
        let removal = |properties: &str| pipeline(properties).attributes("d/ArtifactsBucket/Resource");
        assert_eq!(removal(""), json!({ "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain" }));
        assert_eq!(
            removal("artifacts: {removal: delete}"),
            json!({
                "DeletionPolicy": "Delete",
                "Metadata": { "asi": { "emptyOnDelete": true } },
                "UpdateReplacePolicy": "Delete",
            })
        );
    }

    #[test]
    fn points_at_artifacts_that_would_not_stay() {
        assert_eq!(
            pipeline("artifacts: {keep: 0}").faults(),
            ["artifacts-keep at `0`: artifacts stay for at least one day"]
        );
    }
}
