//! What a manifest of assets lists: files and images, what each is made of, and where it has to be.

use serde_json::Value;

/// What a manifest of assets lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assets {
    /// The files, once for each place to put it.
    pub files: Vec<FileAsset>,
    /// The images, once for each place to put it.
    pub images: Vec<ImageAsset>,
    /// What says nothing that could be made, or is made of something outside of the assembly.
    pub unusable: Vec<String>,
}

/// A file that has to be in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAsset {
    /// What people know it by.
    pub name: String,
    /// What it is made of.
    pub source: FileSource,
    /// The bucket.
    pub bucket: String,
    /// Its name there.
    pub key: String,
    /// Where that is, and who puts it there.
    pub place: Place,
}

/// What a file is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileSource {
    /// A file of the assembly.
    File(String),
    /// An archive of a folder of the assembly.
    Archive(String),
    /// A file that a program makes, whose path it prints.
    Program(Vec<String>),
}

/// An image that has to be in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageAsset {
    /// What people know it by.
    pub name: String,
    /// What tells it from others.
    pub id: String,
    /// What it is made of.
    pub source: ImageSource,
    /// The repository.
    pub repository: String,
    /// Its tag there.
    pub tag: String,
    /// Where that is, and who pushes it.
    pub place: Place,
}

/// What an image is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// A folder that it is built from.
    Build(Box<Build>),
    /// A program that makes it, and prints its name.
    Program(Vec<String>),
}

/// How an image is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// The folder, in that of the assembly.
    pub folder: String,
    /// The file that says how, in this folder; if absent, `Dockerfile`.
    pub file: Option<String>,
    /// The stage of that file.
    pub target: Option<String>,
    /// Values of its arguments.
    pub arguments: Vec<(String, String)>,
    /// Further folders, by the names it knows them by.
    pub contexts: Vec<(String, String)>,
    /// Where secrets are, by the names it knows them by.
    pub secrets: Vec<(String, String)>,
    /// Agents and keys of SSH.
    pub ssh: Option<String>,
    /// The network it is built in.
    pub network: Option<String>,
    /// The platform it is for.
    pub platform: Option<String>,
    /// Where the image goes.
    pub outputs: Vec<String>,
    /// Where what was built before is, as docker takes it.
    pub cache_from: Vec<String>,
    /// Where it is kept for the next time.
    pub cache_to: Option<String>,
    /// Whether everything is built anew.
    pub is_cache_disabled: bool,
}

/// A place for an asset.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The region.
    pub region: Option<String>,
    /// Whom to be to put something there.
    pub role: Option<String>,
    /// What that role wants to hear.
    pub external_id: Option<String>,
}

/// What the manifest of some assets lists; nothing if it is none.
pub fn assets(manifest: &[u8]) -> Option<Assets> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    manifest.get("version")?.as_str()?;
    let mut listed = Assets::default();
    for (id, asset) in entries(&manifest["files"]) {
        let Some(source) = file_source(&asset["source"]) else {
            listed.unusable.push(name(id, asset));
            continue;
        };
        for (destination, place) in destinations(asset) {
            let (Some(bucket), Some(key)) =
                (text(&destination["bucketName"]), text(&destination["objectKey"]))
            else {
                listed.unusable.push(name(id, asset));
                continue;
            };
            let (name, source) = (name(id, asset), source.clone());
            listed.files.push(FileAsset { name, source, bucket, key, place });
        }
    }
    for (id, asset) in entries(&manifest["dockerImages"]) {
        let Some(source) = image_source(&asset["source"]) else {
            listed.unusable.push(name(id, asset));
            continue;
        };
        for (destination, place) in destinations(asset) {
            let (Some(repository), Some(tag)) =
                (text(&destination["repositoryName"]), text(&destination["imageTag"]))
            else {
                listed.unusable.push(name(id, asset));
                continue;
            };
            let (name, id, source) = (name(id, asset), id.clone(), source.clone());
            listed.images.push(ImageAsset { name, id, source, repository, tag, place });
        }
    }
    Some(listed)
}

/// A path that stays in the assembly.
fn inside(path: &Value) -> Option<String> {
    super::inside(path.as_str()?)
}

fn entries(entries: &Value) -> impl Iterator<Item = (&String, &Value)> {
    entries.as_object().into_iter().flatten()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// What people know an asset by.
fn name(id: &str, asset: &Value) -> String {
    text(&asset["displayName"]).or_else(|| inside(&asset["source"]["path"])).unwrap_or_else(|| id.to_owned())
}

fn destinations(asset: &Value) -> impl Iterator<Item = (&Value, Place)> {
    entries(&asset["destinations"]).map(|(_, it)| {
        let place = Place {
            region: text(&it["region"]),
            role: text(&it["assumeRoleArn"]),
            external_id: text(&it["assumeRoleExternalId"]),
        };
        (it, place)
    })
}

/// A program with its arguments.
fn program(source: &Value) -> Option<Vec<String>> {
    let words = source["executable"].as_array().filter(|it| !it.is_empty())?;
    words.iter().map(text).collect()
}

fn file_source(source: &Value) -> Option<FileSource> {
    if !source["executable"].is_null() {
        return program(source).map(FileSource::Program);
    }
    let path = inside(&source["path"])?;
    Some(if source["packaging"] == "zip" { FileSource::Archive(path) } else { FileSource::File(path) })
}

fn image_source(source: &Value) -> Option<ImageSource> {
    if !source["executable"].is_null() {
        return program(source).map(ImageSource::Program);
    }
    let pairs = |key: &str| -> Option<Vec<(String, String)>> {
        entries(&source[key]).map(|(name, it)| Some((name.clone(), text(it)?))).collect()
    };
    let list = |key: &str| source[key].as_array().into_iter().flatten();
    Some(ImageSource::Build(Box::new(Build {
        folder: inside(&source["directory"])?,
        file: text(&source["dockerFile"]),
        target: text(&source["dockerBuildTarget"]),
        arguments: pairs("dockerBuildArgs")?,
        contexts: pairs("dockerBuildContexts")?,
        secrets: pairs("dockerBuildSecrets")?,
        ssh: text(&source["dockerBuildSsh"]),
        network: text(&source["networkMode"]),
        platform: text(&source["platform"]),
        outputs: list("dockerOutputs").map(text).collect::<Option<_>>()?,
        cache_from: list("cacheFrom").map(cache).collect::<Option<_>>()?,
        cache_to: source.get("cacheTo").and_then(cache),
        is_cache_disabled: source["cacheDisabled"] == true,
    })))
}

/// Where what was built is kept, as docker takes it: `type=registry,ref=…`.
fn cache(option: &Value) -> Option<String> {
    let kind = ("type".to_owned(), option["type"].clone());
    let parameters = option["params"].as_object().cloned().unwrap_or_default();
    let words = [kind].into_iter().chain(parameters);
    let words: Option<Vec<String>> = words.map(|(key, it)| Some(format!("{key}={}", it.as_str()?))).collect();
    words.map(|it| it.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_tells_what_goes_where() {
        let manifest = br#"{"version": "36.0.0", "files": {
            "a": {"source": {"path": "asset.a", "packaging": "zip"}, "destinations": {"here": {
                "bucketName": "b", "objectKey": "a.zip", "region": "eu-west-1", "assumeRoleArn": "r",
                "assumeRoleExternalId": "e"}}},
            "b": {"source": {"path": "../b"}, "destinations": {"here": {"bucketName": "b", "objectKey": "k"}}},
            "c": {"displayName": "C", "source": {"executable": ["make", "c"]},
                "destinations": {"here": {"bucketName": "b", "objectKey": "c"}}}}}"#;
        let role = || Some("r".to_owned());
        let place =
            Place { region: Some("eu-west-1".to_owned()), role: role(), external_id: Some("e".to_owned()) };
        let file = |name: &str, source, key: &str, place| FileAsset {
            name: name.to_owned(),
            source,
            bucket: "b".to_owned(),
            key: key.to_owned(),
            place,
        };
        let files = vec![
            file("asset.a", FileSource::Archive("asset.a".to_owned()), "a.zip", place),
            file("C", FileSource::Program(vec!["make".to_owned(), "c".to_owned()]), "c", Place::default()),
        ];
        let unusable = vec!["b".to_owned()];
        assert_eq!(assets(manifest), Some(Assets { files, unusable, ..Assets::default() }));
        assert_eq!(assets(b"[]"), None);
    }

    #[test]
    fn a_manifest_tells_how_images_are_built() {
        let manifest = br#"{"version": "36.0.0", "dockerImages": {"i": {"source": {"directory": "asset.i",
            "dockerBuildArgs": {"A": "b"}, "cacheFrom": [{"type": "registry", "params": {"ref": "c", "mode": "max"}}],
            "cacheTo": {"type": "inline"}, "cacheDisabled": true},
            "destinations": {"here": {"repositoryName": "r", "imageTag": "t"}}}}}"#;
        let listed = assets(manifest).unwrap();
        let build = Build {
            folder: "asset.i".to_owned(),
            arguments: vec![("A".to_owned(), "b".to_owned())],
            cache_from: vec!["type=registry,ref=c,mode=max".to_owned()],
            cache_to: Some("type=inline".to_owned()),
            is_cache_disabled: true,
            ..Build::default()
        };
        assert_eq!(listed.images[0].source, ImageSource::Build(Box::new(build)));
        assert_eq!((listed.images[0].repository.as_str(), listed.images[0].tag.as_str()), ("r", "t"));
    }
}
