//! Files in buckets and images in repositories, all that there are: listed, tagged, and deleted by name.

use std::collections::BTreeMap;

use aws_smithy_types::{DateTime, date_time::Format};
use serde_json::{Value, json};

use super::{
    Aws, Object,
    contents::{MOST_FILES, MOST_IMAGES, checked, decoded, ecr, escaped},
    query::encoded,
    signed::Call,
};
use crate::world::{AwsError, Refusal, Timestamp};

/// The most images that are told of at once.
const MOST_DESCRIBED: usize = 1000;

/// A file as it lies in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name.
    pub key: String,
    /// How large it is.
    pub bytes: u64,
    /// When it was put there.
    pub put: Timestamp,
}

/// An image as it lies in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredImage {
    /// Its digest: `sha256:…`.
    pub digest: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// How large it is.
    pub bytes: u64,
    /// When it was put there.
    pub put: Timestamp,
}

/// Something that is still there, though it was to be deleted.
#[derive(Debug)]
pub struct Undeleted {
    /// The key of a file, or the digest of an image.
    pub name: String,
    /// Why.
    pub error: AwsError,
}

impl Aws {
    /// All files in a bucket, which has to be of this account.
    pub async fn files(&self, bucket: &str, owner: &str) -> Result<Vec<StoredFile>, AwsError> {
        let operation = "ListObjectsV2";
        let mut files = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let token = next.as_ref().map(|it| format!("continuation-token={}&", encoded(it)));
            let path = format!("/{bucket}?{}encoding-type=url&list-type=2", token.unwrap_or_default());
            let headers = vec![("x-amz-expected-bucket-owner", owner.to_owned())];
            let call = Call { operation, service: "s3", method: "GET", path, headers, body: &[] };
            let page = self.document(&call, "ListBucketResult").await?;
            for it in page.all("Contents") {
                let put =
                    it.text("LastModified").and_then(|it| DateTime::from_str(it, Format::DateTime).ok());
                files.push(StoredFile {
                    key: decoded(it.written("Key")),
                    bytes: it.text("Size").and_then(|it| it.parse().ok()).unwrap_or(0),
                    put: timestamp(operation, put)?,
                });
            }
            let following = page.text("NextContinuationToken").filter(|_| page.is_set("IsTruncated"));
            match following {
                // The same page again would go on for ever.
                Some(it) if next.as_deref() != Some(it) => next = Some(it.to_owned()),
                _ => return Ok(files),
            }
        }
    }

    /// Whether a bucket keeps the old version of a file that is overwritten or deleted.
    pub async fn keeps_versions(&self, bucket: &str, owner: &str) -> Result<bool, AwsError> {
        let (operation, path) = ("GetBucketVersioning", format!("/{bucket}?versioning="));
        let headers = vec![("x-amz-expected-bucket-owner", owner.to_owned())];
        let call = Call { operation, service: "s3", method: "GET", path, headers, body: &[] };
        Ok(self.document(&call, "VersioningConfiguration").await?.text("Status") == Some("Enabled"))
    }

    /// The tags of a file; nothing, if it is not there.
    pub async fn tags(&self, object: Object<'_>) -> Result<Option<BTreeMap<String, String>>, AwsError> {
        match self.document(&tagging("GetObjectTagging", "GET", object, &[]), "Tagging").await {
            Ok(document) => {
                let pair = |name| move |it: &super::xml::Element| it.written(name).to_owned();
                let tags = document.items("TagSet").map(|it| (pair("Key")(it), pair("Value")(it)));
                Ok(Some(tags.collect()))
            }
            Err(error) if error.is("NoSuchKey") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives a file these tags, and no others.
    pub async fn set_tags(
        &self,
        object: Object<'_>,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), AwsError> {
        let tag = |(key, value): (&String, &String)| {
            format!("<Tag><Key>{}</Key><Value>{}</Value></Tag>", escaped(key), escaped(value))
        };
        let body =
            format!("<Tagging><TagSet>{}</TagSet></Tagging>", tags.iter().map(tag).collect::<String>());
        let mut call = tagging("PutObjectTagging", "PUT", object, body.as_bytes());
        call.headers.extend(checked(body.as_bytes()));
        let answer = self.call(&call).await?;
        if answer.is_good() { Ok(()) } else { Err(answer.refusal(call.operation)) }
    }

    /// Deletes files, as many as S3 takes at once; where the bucket keeps versions, theirs stay. Gives those that are
    /// still there.
    pub async fn delete_files(
        &self,
        bucket: &str,
        owner: &str,
        keys: &[&str],
    ) -> Result<Vec<Undeleted>, AwsError> {
        debug_assert!(keys.len() <= Self::MOST_FILES, "S3 takes no more");
        let object = |it: &&str| format!("<Object><Key>{}</Key></Object>", escaped(it));
        let objects: String = keys.iter().map(object).collect();
        let left = self.delete_objects(bucket, Some(owner), &objects).await?;
        Ok(left.into_iter().map(|(name, error)| Undeleted { name, error }).collect())
    }

    /// The most files that are deleted at once.
    pub const MOST_FILES: usize = MOST_FILES;

    /// The most images that are deleted at once.
    pub const MOST_IMAGES: usize = MOST_IMAGES;

    /// All images in a repository.
    pub async fn images_of(&self, repository: &str) -> Result<Vec<StoredImage>, AwsError> {
        let operation = "DescribeImages";
        let mut images = Vec::new();
        let mut next = Value::Null;
        loop {
            let mut asked = json!({ "repositoryName": repository, "maxResults": MOST_DESCRIBED });
            if !next.is_null() {
                asked["nextToken"] = next.clone();
            }
            let answer = self.ask(ecr(operation), &asked).await?;
            for it in answer["imageDetails"].as_array().into_iter().flatten() {
                let tags = it["imageTags"].as_array().into_iter().flatten().filter_map(Value::as_str);
                images.push(StoredImage {
                    digest: it["imageDigest"].as_str().unwrap_or_default().to_owned(),
                    tags: tags.map(str::to_owned).collect(),
                    bytes: it["imageSizeInBytes"].as_u64().unwrap_or(0),
                    put: timestamp(operation, it["imagePushedAt"].as_f64().map(DateTime::from_secs_f64))?,
                });
            }
            let following = answer["nextToken"].clone();
            if following.is_null() || following == next {
                return Ok(images);
            }
            next = following;
        }
    }

    /// Gives an image one more tag.
    pub async fn add_tag(&self, repository: &str, digest: &str, tag: &str) -> Result<(), AwsError> {
        let operation = "BatchGetImage";
        let asked = json!({ "repositoryName": repository, "imageIds": [{ "imageDigest": digest }] });
        let answer = self.ask(ecr(operation), &asked).await?;
        let image = &answer["images"][0];
        let Some(manifest) = image["imageManifest"].as_str() else {
            return Err(failed(operation, &answer["failures"][0]));
        };
        let mut asked = json!({ "repositoryName": repository, "imageManifest": manifest, "imageTag": tag });
        if image["imageManifestMediaType"].is_string() {
            asked["imageManifestMediaType"] = image["imageManifestMediaType"].clone();
        }
        match self.ask(ecr("PutImage"), &asked).await {
            // The answer to an attempt before was lost.
            Err(error) if !error.is("ImageAlreadyExistsException") => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes a tag from an image that has others.
    pub async fn remove_tag(&self, repository: &str, tag: &str) -> Result<(), AwsError> {
        let left = self.delete_ids(repository, vec![json!({ "imageTag": tag })]).await?;
        left.into_iter().next().map_or(Ok(()), |it| Err(it.error))
    }

    /// Deletes images for good, with all their tags, as many as ECR takes at once. Gives those that are still there.
    pub async fn delete_images(
        &self,
        repository: &str,
        digests: &[&str],
    ) -> Result<Vec<Undeleted>, AwsError> {
        debug_assert!(digests.len() <= Self::MOST_IMAGES, "ECR takes no more");
        let ids = digests.iter().map(|it| json!({ "imageDigest": it })).collect();
        self.delete_ids(repository, ids).await
    }

    async fn delete_ids(&self, repository: &str, ids: Vec<Value>) -> Result<Vec<Undeleted>, AwsError> {
        let operation = "BatchDeleteImage";
        let asked = json!({ "repositoryName": repository, "imageIds": ids });
        let answer = self.ask(ecr(operation), &asked).await?;
        let failures = answer["failures"].as_array().into_iter().flatten();
        let left = failures.filter(|it| it["failureCode"] != "ImageNotFound").map(|it| {
            let id = &it["imageId"];
            let name = id["imageDigest"].as_str().or(id["imageTag"].as_str()).unwrap_or_default().to_owned();
            Undeleted { name, error: failed(operation, it) }
        });
        Ok(left.collect())
    }
}

/// What ECR says of one image of several.
pub(super) fn failed(operation: &'static str, failure: &Value) -> AwsError {
    let text = |it: &Value| it.as_str().unwrap_or("it does not say why").to_owned();
    let (code, message) = (text(&failure["failureCode"]), text(&failure["failureReason"]));
    AwsError { operation, reason: Refusal::Refused { code, message } }
}

fn tagging<'a>(
    operation: &'static str,
    method: &'static str,
    object: Object<'_>,
    body: &'a [u8],
) -> Call<'a> {
    let key: Vec<String> = object.key.split('/').map(encoded).collect();
    let path = format!("/{}/{}?tagging=", object.bucket, key.join("/"));
    let owner = object.owner.map(|it| ("x-amz-expected-bucket-owner", it.to_owned()));
    Call { operation, service: "s3", method, path, headers: owner.into_iter().collect(), body }
}

/// A moment that AWS has to tell: what has none may be of today.
fn timestamp(operation: &'static str, time: Option<DateTime>) -> Result<Timestamp, AwsError> {
    let time = time.and_then(|it| it.to_millis().ok());
    let garbled = || Refusal::Garbled("it does not say when something was put there".to_owned());
    time.map(Timestamp).ok_or_else(|| AwsError { operation, reason: garbled() })
}
