//! The manifest of the files that have to be in buckets before a stack is deployed.

use asi_constructs::kernel::asset::ImageAsset;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{BOOTSTRAP_VERSION, VERSION, pretty};
use crate::assembly::environment::Environment;

/// A file that has to be in the bucket of the stack's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// What it is known by: a hash of all that makes a difference in it.
    pub id: String,
    /// What it is, for people.
    pub name: String,
    /// Its path in the assembly.
    pub path: String,
    /// Whether what goes into the bucket is an archive of it.
    pub is_zipped: bool,
}

impl Asset {
    /// The template of a stack, as it stands in the file `path`.
    pub(super) fn of_template(stack_name: &str, path: &str, contents: &str) -> Self {
        let name = format!("{stack_name} Template");
        Self { id: hash(contents.as_bytes()), name, path: path.to_owned(), is_zipped: false }
    }

    /// Its name in the bucket.
    pub(super) fn key(&self) -> String {
        let ending = if self.is_zipped { Some("zip") } else { self.path.rsplit_once('.').map(|it| it.1) };
        ending.map_or_else(|| self.id.clone(), |it| format!("{}.{it}", self.id))
    }

    fn value(&self, environment: &Environment) -> Value {
        let packaging = if self.is_zipped { "zip" } else { "file" };
        let mut place = Map::new();
        place.insert("bucketName".to_owned(), environment.bucket().into());
        place.insert("objectKey".to_owned(), self.key().into());
        place.extend(environment.region().map(|it| ("region".to_owned(), it.into())));
        place.insert("assumeRoleArn".to_owned(), environment.role("file-publishing").into());
        json!({
            "displayName": self.name,
            "source": { "path": self.path, "packaging": packaging },
            "destinations": { destination_id(environment, &place): place },
        })
    }
}

/// The hash by which a template or another single file is known.
pub fn hash(contents: &[u8]) -> String {
    hex::encode(Sha256::digest(contents))
}

/// What tells a place apart from others in the same environment.
fn destination_id(environment: &Environment, place: &Map<String, Value>) -> String {
    let text = Value::from(place.clone()).to_string();
    format!("{}-{}", environment.destination(), &hash(text.as_bytes())[..8])
}

/// The folder of an assembly that an image is built of.
pub fn folder_of(image: &ImageAsset) -> String {
    format!("asset.{}", image.tag())
}

/// An image that has to be in the repository of the stack's environment.
fn image(image: &ImageAsset, environment: &Environment) -> Value {
    let build = &image.build;
    let arguments: Map<String, Value> =
        build.arguments.iter().map(|(name, it)| (name.clone(), it.as_str().into())).collect();
    let text = |it: &Option<String>| it.clone().map(Value::from);
    let source = [
        ("directory", Some(folder_of(image).into())),
        ("dockerBuildArgs", (!arguments.is_empty()).then_some(Value::Object(arguments))),
        ("dockerBuildTarget", text(&build.target)),
        ("dockerFile", text(&build.file)),
        ("platform", text(&build.platform)),
    ];
    let place = [
        ("repositoryName", Some(environment.repository().into())),
        ("imageTag", Some(image.tag().into())),
        ("region", environment.region().map(Value::from)),
        ("assumeRoleArn", Some(environment.role("image-publishing").into())),
    ];
    let present = |it: Vec<(&str, Option<Value>)>| -> Map<String, Value> {
        it.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    };
    let place = present(place.into());
    json!({
        "displayName": image.path,
        "source": present(source.into()),
        "destinations": { destination_id(environment, &place): place },
    })
}

/// The manifest of the assets of a stack.
pub(super) fn manifest(assets: &[Asset], images: &[ImageAsset], environment: &Environment) -> String {
    let files: Map<String, Value> = assets.iter().map(|it| (it.id.clone(), it.value(environment))).collect();
    let images: Map<String, Value> = images.iter().map(|it| (it.tag(), image(it, environment))).collect();
    pretty(&json!({ "version": VERSION, "files": files, "dockerImages": images }))
}

/// The artifact that names the manifest `file`.
pub(super) fn artifact(file: &str, environment: &Environment) -> Value {
    json!({
        "type": "cdk:asset-manifest",
        "properties": {
            "file": file,
            "requiresBootstrapStackVersion": BOOTSTRAP_VERSION,
            "bootstrapStackVersionSsmParameter": environment.version_parameter(),
        },
    })
}
