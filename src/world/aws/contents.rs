//! What buckets and registries of images hold, and how it is taken out of them.

use aws_smithy_types::base64;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Aws,
    signed::{Answer, Call, Target},
    stored::failed,
};
use crate::world::{AwsError, Refusal};

/// The most files, or versions of them, that can be deleted at once, and listed.
pub(super) const MOST_FILES: usize = 1000;
/// The most images that can be deleted at once.
pub(super) const MOST_IMAGES: usize = 100;

impl Aws {
    /// Whether a bucket holds any file, be it an old version of one, or only that there was one; one that is not there holds
    /// nothing.
    pub async fn bucket_holds(&self, bucket: &str) -> Result<bool, AwsError> {
        Ok(!self.versions(bucket, 1).await?.is_empty())
    }

    /// Takes everything out of a bucket, all versions, for good.
    pub async fn empty_bucket(&self, bucket: &str) -> Result<(), AwsError> {
        loop {
            let versions = self.versions(bucket, MOST_FILES).await?;
            if versions.is_empty() {
                return Ok(());
            }
            self.delete_versions(bucket, &versions).await?;
        }
    }

    /// The first versions that a bucket holds, each as S3 writes it where it is to be deleted.
    async fn versions(&self, bucket: &str, most: usize) -> Result<Vec<String>, AwsError> {
        let operation = "ListObjectVersions";
        let path = format!("/{bucket}?encoding-type=url&max-keys={most}&versions=");
        let call = Call { operation, service: "s3", method: "GET", path, headers: Vec::new(), body: &[] };
        let answer = self.call(&call).await?;
        if !answer.is_good() {
            let error = answer.refusal(operation);
            return if error.is("NoSuchBucket") { Ok(Vec::new()) } else { Err(error) };
        }
        let text = answer.text(operation)?;
        if !text.contains("<ListVersionsResult") {
            let garbled = Refusal::Garbled("it lists no versions".to_owned());
            return Err(AwsError { operation, reason: garbled });
        }
        let version = |it: &str| {
            let key = escaped(&decoded(between(it, "Key").unwrap_or_default()));
            let version = between(it, "VersionId").unwrap_or("null");
            format!("<Object><Key>{key}</Key><VersionId>{version}</VersionId></Object>")
        };
        let groups = ["Version", "DeleteMarker"].into_iter().flat_map(|name| groups(text, name));
        Ok(groups.map(version).collect())
    }

    async fn delete_versions(&self, bucket: &str, versions: &[String]) -> Result<(), AwsError> {
        // What stays would be listed for ever.
        match self.delete_objects(bucket, None, &versions.concat()).await?.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    /// Deletes what is named as S3 has it, at most 1,000 of them, and gives the keys of what stays, each with the reason.
    pub(super) async fn delete_objects(
        &self,
        bucket: &str,
        owner: Option<&str>,
        objects: &str,
    ) -> Result<Vec<(String, AwsError)>, AwsError> {
        let operation = "DeleteObjects";
        let body = format!("<Delete><Quiet>true</Quiet>{objects}</Delete>");
        let mut headers = checked(body.as_bytes());
        headers.extend(owner.map(|it| ("x-amz-expected-bucket-owner", it.to_owned())));
        let path = format!("/{bucket}?delete=");
        let call = Call { operation, service: "s3", method: "POST", path, headers, body: body.as_bytes() };
        let answer = self.call(&call).await?;
        if !answer.is_good() {
            return Err(answer.refusal(operation));
        }
        // It is good even where some could not be deleted.
        let error = |it: &str| {
            let refusal = Answer { status: 403, body: it.as_bytes().to_vec() }.refusal(operation);
            (between(it, "Key").unwrap_or_default().to_owned(), refusal)
        };
        Ok(groups(answer.text(operation)?, "Error").map(error).collect())
    }

    /// Whether a repository holds any image; one that is not there holds none.
    pub async fn repository_holds(&self, repository: &str) -> Result<bool, AwsError> {
        Ok(!self.images(repository, 1).await?.is_empty())
    }

    /// Takes all images out of a repository, for good.
    pub async fn empty_repository(&self, repository: &str) -> Result<(), AwsError> {
        loop {
            let images = self.images(repository, MOST_IMAGES).await?;
            if images.is_empty() {
                return Ok(());
            }
            let asked = json!({ "repositoryName": repository, "imageIds": images });
            let answer = self.ask(ecr("BatchDeleteImage"), &asked).await?;
            let is_done = answer["imageIds"].as_array().is_some_and(|it| !it.is_empty());
            // Some go only after others that are made of them; but where none goes, none will.
            if !is_done {
                return Err(failed("BatchDeleteImage", &answer["failures"][0]));
            }
        }
    }

    async fn images(&self, repository: &str, most: usize) -> Result<Vec<Value>, AwsError> {
        let asked = json!({ "repositoryName": repository, "maxResults": most });
        match self.ask(ecr("ListImages"), &asked).await {
            Ok(mut answer) => Ok(match answer["imageIds"].take() {
                Value::Array(images) => images,
                _ => Vec::new(),
            }),
            Err(error) if error.is("RepositoryNotFoundException") => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn ecr(operation: &'static str) -> Target {
    Target { service: "ecr", prefix: "AmazonEC2ContainerRegistry_V20150921", operation }
}

/// What tells S3 that a document came to it as it was sent, which it wants to know where it changes what is there.
pub(super) fn checked(document: &[u8]) -> Vec<(&'static str, String)> {
    vec![
        ("content-type", "application/xml".to_owned()),
        ("x-amz-sdk-checksum-algorithm", "SHA256".to_owned()),
        ("x-amz-checksum-sha256", base64::encode(Sha256::digest(document))),
    ]
}

/// What stands in each element of a name; there are none within each other.
fn groups<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let parts: Vec<&str> = xml.split(start.as_str()).skip(1).collect();
    parts.into_iter().filter_map(move |it| Some(it.split_once(end.as_str())?.0))
}

fn between<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    groups(xml, name).next()
}

/// A key without the encoding of URLs, in which S3 writes it where it is asked to: not every key can stand in XML.
pub(super) fn decoded(key: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        let hex = |it: u8| char::from(it).to_digit(16).and_then(|it| u8::try_from(it).ok());
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(hex).unwrap_or_default();
                digit() * 16 + digit()
            }
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text that may stand in XML, whatever is in it.
pub(super) fn escaped(text: &str) -> String {
    let escape = |it: char| match it {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        it if u32::from(it) < 32 => format!("&#{};", u32::from(it)),
        it => it.to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sent_back_as_it_is() {
        assert_eq!(escaped(&decoded("a%2Fb+c%26%3Cd%3E%0A%C3%BC")), "a/b c&amp;&lt;d&gt;&#10;ü");
    }
}
