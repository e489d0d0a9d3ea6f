//! Files in buckets.

use super::{Aws, signed::Call};
use crate::world::AwsError;

/// A file in a bucket.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    /// The name of the bucket.
    pub bucket: &'a str,
    /// The account that the bucket has to be of, if that is known: somebody else may have made one of its name.
    pub owner: Option<&'a str>,
    /// The name of the file.
    pub key: &'a str,
}

impl Aws {
    /// Where CloudFormation finds a file.
    pub fn url_of(&self, object: Object<'_>) -> String {
        format!("{}/{}/{}", self.host("s3"), object.bucket, object.key)
    }

    /// Whether a file is there.
    pub async fn has_object(&self, object: Object<'_>) -> Result<bool, AwsError> {
        let answer = self.call(&call("HeadObject", "HEAD", object, &[])).await?;
        match answer.status {
            404 => Ok(false),
            _ if answer.is_good() => Ok(true),
            _ => Err(answer.refusal("HeadObject")),
        }
    }

    /// Puts a file there, which is of this type of content.
    pub async fn put_object(
        &self,
        object: Object<'_>,
        content_type: &str,
        contents: &[u8],
    ) -> Result<(), AwsError> {
        let mut call = call("PutObject", "PUT", object, contents);
        call.headers.push(("content-type", content_type.to_owned()));
        let answer = self.call(&call).await?;
        if answer.is_good() { Ok(()) } else { Err(answer.refusal("PutObject")) }
    }

    /// Whether there is a bucket of this name that may be looked into, whosever it is.
    pub async fn has_bucket(&self, bucket: &str) -> Result<bool, AwsError> {
        let (operation, path) = ("GetBucketLocation", format!("/{bucket}?location="));
        let call = Call { operation, service: "s3", method: "GET", path, headers: Vec::new(), body: &[] };
        let answer = self.call(&call).await?;
        Ok(answer.is_good())
    }
}

fn call<'a>(operation: &'static str, method: &'static str, object: Object<'_>, body: &'a [u8]) -> Call<'a> {
    let path = format!("/{}/{}", object.bucket, object.key);
    let owner = object.owner.map(|it| ("x-amz-expected-bucket-owner", it.to_owned()));
    let headers: Vec<(&'static str, String)> = owner.into_iter().collect();
    Call { operation, service: "s3", method, path, headers, body }
}
