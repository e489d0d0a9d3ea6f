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
        removal: Spanned<Removal> = "retain",
        /// The Bucket that it is kept in, without a key of its own. If absent, the pipeline has a bucket for that.
        bucket: Option<Link<bucket::Exports>>,
    }
}

impl Artifacts {
    pub(super) fn check(&self, faults: &mut Vec<Diagnostic>) {
        if let Some(bucket) = &self.bucket {
            let name = &bucket.name;
            let written = [self.keep.span, self.removal.span].into_iter().filter(|it| it.is_written());
            faults.extend(written.map(|span| {
                Diagnostic::error("no-effect", format!("`{}` itself says for how long it keeps something", name.text))
                    .label(span, "")
                    .label(name.span, "the bucket")
                    .help("remove it here")
            }));
        }
        if self.keep.value == Days(0) {
            faults.push(
                Diagnostic::error("artifacts-keep", "artifacts stay for at least one day")
                    .at(self.keep.span)
                    .help("write `1` or more"),
            );
        }
    }

    /// Finds the bucket, or adds it.
    ///
    /// # Errors
    ///
    /// If there is none of that name, or it has a key, which the actions would have to be let use one by one.
    pub(super) fn build(&self, scope: &mut Scope<'_>) -> Result<Bucket, Diagnostic> {
        if let Some(link) = &self.bucket {
            let bucket = scope.find(link)?;
            if bucket.key.0 {
                let fault = format!("`{}` is encrypted with a key of its own, which the actions may not use", link.name.text);
                return Err(Diagnostic::error("artifacts-key", fault)
                    .at(link.name.span)
                    .help("name a bucket without `key`, or leave `bucket` out: the pipeline's own is encrypted with AWS's key"));
            }
            return Ok(Bucket { name: bucket.name, arn: bucket.arn });
        }
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
        self.removal.value.apply(&mut scope, bucket);
        bucket::require_tls(&mut scope, bucket);
        Ok(Bucket { name: bucket.reference(), arn: bucket.attribute("Arn") })
    }
}

/// The bucket, and what may be done with it.
#[derive(Clone)]
pub(super) struct Bucket {
    name: Expr<Handle>,
    arn: Expr<Handle>,
}

impl Bucket {
    pub(super) fn name(&self) -> Expr<Handle> {
        self.name.clone()
    }

    fn objects(&self) -> Expr<Handle> {
        text![self.arn.clone(), "/*"]
    }

    /// To fetch what another action made.
    pub(super) fn read(&self) -> Vec<Allow> {
        self.allow(&["s3:GetObject", "s3:GetObjectVersion"])
    }

    /// To fetch what another action made, and hand on something.
    pub(super) fn write(&self) -> Vec<Allow> {
        self.allow(&["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"])
    }

    /// As [`write`](Self::write), by CodePipeline itself, which says whom an object belongs to.
    pub(super) fn write_with_acl(&self) -> Vec<Allow> {
        self.allow(&["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"])
    }

    fn allow(&self, actions: &[&'static str]) -> Vec<Allow> {
        let look = ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"];
        vec![Allow::new(&look, [self.arn.clone()]), Allow::new(actions, [self.objects()])]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::pipeline::tests::{allowed, beside, pipeline};

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
    fn may_be_a_bucket_of_the_stack() {
        let with = |artifacts: &str| {
            beside(
                "files: {type: Bucket}\nlocked: {type: Bucket, encryption: kms, key: '${param.Param}'",
                &format!("artifacts: {{{artifacts}}}"),
            )
        };
        let stack = with("bucket: files");
        assert_eq!(
            stack.properties("d/Resource")["ArtifactStore"],
            json!({ "Location": "${files/Resource}", "Type": "S3" })
        );
        assert!(stack.resources().iter().all(|(path, _)| !path.starts_with("d/ArtifactsBucket")));
        let allowed = allowed(&stack, "d/Deploy/ECS/CodePipelineActionRole").join("\n");
        assert!(allowed.contains("on ${files/Resource.Arn}/*"), "{allowed}");
        assert_eq!(
            with("bucket: files, keep: 7").faults(),
            ["no-effect at `7`: `files` itself says for how long it keeps something"]
        );
        assert_eq!(
            with("bucket: locked").faults(),
            ["artifacts-key at `locked`: `locked` is encrypted with a key of its own, which the actions may not use"]
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
