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

    /// Puts a file there.
    pub async fn put_object(&self, object: Object<'_>, contents: &[u8]) -> Result<(), AwsError> {
        let answer = self.call(&call("PutObject", "PUT", object, contents)).await?;
        if answer.is_good() { Ok(()) } else { Err(answer.refusal("PutObject")) }
    }
}

fn call<'a>(operation: &'static str, method: &'static str, object: Object<'_>, body: &'a [u8]) -> Call<'a> {
    let path = format!("/{}/{}", object.bucket, object.key);
    let owner = object.owner.map(|it| ("x-amz-expected-bucket-owner", it.to_owned()));
    let mut headers: Vec<(&'static str, String)> = owner.into_iter().collect();
    if method == "PUT" {
        headers.push(("content-type", "application/json".to_owned()));
    }
    Call { operation, service: "s3", method, path, headers, body }
}
