//! What buckets and repositories tell of what they hold: how old it is, its tags, and what becomes of it when it is deleted.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_smithy_types::{DateTime, date_time::Format};
use serde_json::{Value, json};

use super::{
    account::Account,
    form::Form,
    http::Response,
    services::refused,
    xml::{Refusal, Xml},
};

/// What there is to say of files and images beside what they hold.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    /// How many days ago something was put there, by `bucket/key` and `repository/digest`; today, if not said.
    pub(crate) days: BTreeMap<String, u64>,
    /// The tags of files, by `bucket/key`.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
    /// The tags of images, by `repository/digest`.
    pub(crate) image_tags: BTreeMap<String, Vec<String>>,
    /// The buckets that keep versions.
    pub(crate) versioned: BTreeSet<String>,
    /// What they have kept of what was deleted, by `bucket/key`.
    pub(crate) old_versions: BTreeMap<String, Vec<u8>>,
    /// What is not deleted when that is asked for, by `bucket/key` and `repository/digest`.
    pub(crate) stuck: BTreeSet<String>,
}

impl Storage {
    /// The moment so many days ago.
    pub(crate) fn ago(days: u64) -> SystemTime {
        // Some minutes more, as a test takes its time.
        SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60 + 300)
    }

    /// The same in milliseconds, as marks have it.
    pub(crate) fn milliseconds_ago(days: u64) -> String {
        Self::ago(days).duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis().to_string()
    }

    /// When something was put there.
    fn time(&self, name: &str) -> DateTime {
        Self::ago(self.days.get(name).copied().unwrap_or(0)).into()
    }
}

/// A page of what a bucket holds.
pub(super) fn list_objects(account: &Account, bucket: &str, form: &Form) -> Response {
    let start = format!("{bucket}/{}", form.text("prefix"));
    let most: usize = form.text("max-keys").parse().unwrap_or(1000).min(1000);
    let from: usize = form.text("continuation-token").parse().unwrap_or(0);
    let mut found = account.objects.iter().filter(|it| it.0.starts_with(&start)).skip(from);
    let list = found.by_ref().take(most).fold(Xml::new().text("Name", bucket), |all, (path, body)| {
        let key = path.split_once('/').map_or("", |it| it.1);
        let key: String = match form.text("encoding-type") {
            "url" => form_urlencoded::byte_serialize(key.as_bytes()).collect(),
            _ => key.to_owned(),
        };
        let time = account.storage.time(path).fmt(Format::DateTime).expect("it is a time of our days");
        all.group(
            "Contents",
            &Xml::new().text("Key", key).text("Size", body.len()).text("LastModified", time),
        )
    });
    let next = found.next().map(|_| from + most);
    let list = list.text("IsTruncated", next.is_some()).maybe("NextContinuationToken", next);
    Response::xml(200, list.document("ListBucketResult"))
}

/// Whether a bucket keeps versions.
pub(super) fn versioning(account: &Account, bucket: &str) -> Response {
    let status = account.storage.versioned.contains(bucket).then_some("Enabled");
    Response::xml(200, Xml::new().maybe("Status", status).document("VersioningConfiguration"))
}

/// The tags of a file.
pub(super) fn tags(account: &Account, path: &str) -> Response {
    if !account.objects.contains_key(path) {
        return refused("s3", Refusal::new(404, "NoSuchKey", "The specified key does not exist."));
    }
    let tags = account.storage.tags.get(path).into_iter().flatten();
    let tag = |all: Xml, (key, value)| all.group("Tag", &Xml::new().text("Key", key).text("Value", value));
    let set = Xml::new().group("TagSet", &tags.fold(Xml::new(), tag));
    Response::xml(200, set.document("Tagging"))
}

/// Gives a file other tags.
pub(super) fn set_tags(account: &mut Account, path: &str, body: &[u8]) -> Response {
    let text = String::from_utf8_lossy(body);
    let pairs = elements(&text, "Tag").map(|it| {
        let of = |name| unescaped(elements(it, name).next().unwrap_or_default());
        (of("Key"), of("Value"))
    });
    account.storage.tags.insert(path.to_owned(), pairs.collect());
    Response::xml(200, String::new())
}

/// Deletes what is named, at most 1,000: a version for good, and of what has versions the newest is kept.
pub(super) fn delete_objects(account: &mut Account, bucket: &str, body: &[u8]) -> Response {
    let text = String::from_utf8_lossy(body);
    let objects: Vec<&str> = elements(&text, "Object").collect();
    if objects.len() > 1000 {
        return refused("s3", Refusal::new(400, "MalformedXML", "at most 1000 keys"));
    }
    let mut answer = Xml::new();
    for object in objects {
        let key = elements(object, "Key").next().unwrap_or_default();
        let path = format!("{bucket}/{}", unescaped(key));
        if account.storage.stuck.contains(&path) {
            let error =
                Xml::new().text("Key", key).text("Code", "AccessDenied").text("Message", "Access Denied");
            answer = answer.group("Error", &error);
            continue;
        }
        let body = account.objects.remove(&path);
        if let (Some(body), true) = (body, account.storage.versioned.contains(bucket))
            && !object.contains("<VersionId>")
        {
            account.storage.old_versions.insert(path, body);
        }
    }
    Response::xml(200, answer.document("DeleteResult"))
}

/// A page of what a repository holds.
pub(super) fn describe_images(account: &Account, repository: &str, asked: &Value) -> Value {
    let most = asked["maxResults"].as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or(100);
    let from: usize = asked["nextToken"].as_str().and_then(|it| it.parse().ok()).unwrap_or(0);
    let images = &account.images[repository];
    let shown = images.iter().skip(from).take(most).map(|digest| {
        let name = format!("{repository}/{digest}");
        json!({
            "imageDigest": digest,
            "imageTags": account.storage.image_tags.get(&name),
            "imageSizeInBytes": 1_500_000,
            "imagePushedAt": account.storage.time(&name).as_secs_f64(),
        })
    });
    let shown: Vec<Value> = shown.collect();
    let next = from + shown.len();
    let mut answer = json!({ "imageDetails": shown });
    if next < images.len() {
        answer["nextToken"] = json!(next.to_string());
    }
    answer
}

/// What an image is made of, which is only told to be given back.
pub(super) fn get_image(account: &Account, repository: &str, asked: &Value) -> Value {
    let digest = asked["imageIds"][0]["imageDigest"].as_str().unwrap_or_default();
    if account.images[repository].iter().any(|it| it == digest) {
        return json!({ "images": [{ "imageManifest": digest }], "failures": [] });
    }
    let id = json!({ "imageDigest": digest });
    json!({ "images": [], "failures": [
        { "imageId": id, "failureCode": "ImageNotFound", "failureReason": "none" }
    ] })
}

/// Gives an image a further tag.
pub(super) fn put_image(account: &mut Account, repository: &str, asked: &Value) -> Result<Value, Refusal> {
    let (digest, tag) = (asked["imageManifest"].as_str(), asked["imageTag"].as_str());
    let (Some(digest), Some(tag)) = (digest, tag) else {
        return Err(Refusal::new(400, "InvalidParameterException", "no manifest, or no tag"));
    };
    let start = format!("{repository}/");
    let mut of_repository = account.storage.image_tags.iter().filter(|it| it.0.starts_with(&start));
    if of_repository.any(|it| it.1.iter().any(|it| it == tag)) {
        return Err(Refusal::new(400, "ImageTagAlreadyExistsException", "the tag is taken"));
    }
    account.storage.image_tags.entry(format!("{start}{digest}")).or_default().push(tag.to_owned());
    Ok(json!({ "image": { "imageId": { "imageDigest": digest, "imageTag": tag } } }))
}

/// Deletes images, or only tags of theirs.
pub(super) fn delete_images(
    account: &mut Account,
    repository: &str,
    asked: &Value,
) -> Result<Value, Refusal> {
    let ids = asked["imageIds"].as_array().cloned().unwrap_or_default();
    if ids.len() > 100 {
        return Err(Refusal::new(400, "InvalidParameterException", "at most 100 images"));
    }
    let (mut gone, mut failures) = (Vec::new(), Vec::new());
    for id in ids {
        if let Some(tag) = id["imageTag"].as_str() {
            account.storage.image_tags.values_mut().for_each(|it| it.retain(|it| it != tag));
            gone.push(id);
            continue;
        }
        let digest = id["imageDigest"].as_str().unwrap_or_default();
        if account.storage.stuck.contains(&format!("{repository}/{digest}")) {
            let reason = "Requested image referenced by manifest list";
            let code = "ImageReferencedByManifestList";
            failures.push(json!({ "imageId": id, "failureCode": code, "failureReason": reason }));
            continue;
        }
        if let Some(images) = account.images.get_mut(repository) {
            images.retain(|it| it != digest);
        }
        gone.push(id);
    }
    Ok(json!({ "imageIds": gone, "failures": failures }))
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What stands in each element of a name.
fn elements<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let parts: Vec<&str> = text.split(start.as_str()).skip(1).collect();
    parts.into_iter().filter_map(move |it| Some(it.split_once(end.as_str())?.0))
}
