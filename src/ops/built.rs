//! Images that a stack file has built of folders: which these are, and what is wrong with the folders.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use asi_constructs::kernel::{
    asset::{ImageAsset, ImageBuild},
    diagnostic::Diagnostic,
};
use serde_json::{Map, Value, json};

use crate::{
    assets::{self, Fault, Mode, Options, Part, Visit},
    world::{Entry, FileError, Files},
};

/// What says which files docker is not sent.
const IGNORED: &str = ".dockerignore";
/// The largest file that says so, in bytes.
const LARGEST_IGNORED: usize = 1 << 20;
/// How much a folder may hold before it is worth a word that all of it is sent to docker, in bytes.
const LARGE: u64 = 500 << 20;

/// The folder of a stack file.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// What tells these images from others, for those of which that can be said; `folder` is that of the stack file.
pub(super) fn fingerprints(
    files: &dyn Files,
    folder: &Path,
    images: &[&ImageAsset],
) -> (BTreeMap<ImageBuild, String>, Vec<Diagnostic>) {
    let (mut known, mut diagnostics) = (BTreeMap::new(), Vec::new());
    for image in images {
        if known.contains_key(&image.build) {
            continue;
        }
        match fingerprint(files, folder, image, &mut diagnostics) {
            Ok(hash) => {
                known.insert(image.build.clone(), hash);
            }
            Err(fault) => diagnostics.push(fault.at(image.span)),
        }
    }
    (known, diagnostics)
}

fn fingerprint(
    files: &dyn Files,
    folder: &Path,
    image: &ImageAsset,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<String, Diagnostic> {
    let build = &image.build;
    let written = &build.folder;
    let context = plain(&folder.join(written));
    check_inside(files, folder, &context, written)?;
    if files.entries(&context).is_err() {
        let fault = format!("there is no folder `{written}` to build the image of");
        return Err(Diagnostic::error("image-folder", fault)
            .help("name the folder with the Dockerfile as seen from the folder of the stack file"));
    }
    let file = build.file.as_deref().unwrap_or("Dockerfile");
    if !matches!(files.look(&context.join(file)), Ok(Entry::File { .. } | Entry::Link(_))) {
        let fault = format!("there is no `{file}` in `{written}`, which would say how the image is built");
        return Err(Diagnostic::error("no-dockerfile", fault)
            .help("write one, or name it: `image: {build: FOLDER, file: FILE}`"));
    }
    let unreadable = |it: &dyn std::fmt::Display| {
        Diagnostic::error("image-folder", format!("the image cannot be built of `{written}`: {it}"))
    };
    let (options, has_ignored) = options(files, &context, build, file).map_err(|it| unreadable(&it))?;
    if !has_ignored {
        let bytes = size(files, &context, &options).map_err(|it| unreadable(&it))?;
        diagnostics.extend((bytes > LARGE).then(|| {
            let fault = format!("all of `{written}` is sent to docker, which are {} MB", bytes >> 20);
            Diagnostic::warning("large-context", fault)
                .at(image.span)
                .help("name what the image does not need in a `.dockerignore` there: `node_modules`, `.git`, `target`")
        }));
    }
    let fields = assets::fingerprint(files, &context, &options).map_err(|it| unreadable(&it))?;
    Ok(assets::of_fields(&fields))
}

/// Reports a folder outside of the project, which is the repository of git, or else the folder of the stack file.
fn check_inside(files: &dyn Files, folder: &Path, context: &Path, written: &str) -> Result<(), Diagnostic> {
    let outside = || {
        let fault = format!("`{written}` leads out of the project");
        Diagnostic::error("image-folder", fault)
            .help("build images of folders in the repository of the stack file, so that everybody has them")
    };
    let Ok(own) = files.real(folder) else {
        // Of a revision, or of files that are in no folder, only what is written counts.
        let leads_out =
            context.components().any(|it| matches!(it, Component::ParentDir | Component::RootDir));
        return if leads_out { Err(outside()) } else { Ok(()) };
    };
    let project = own.ancestors().find(|it| files.exists(&it.join(".git"))).unwrap_or(&own);
    match files.real(context) {
        Ok(real) if !real.starts_with(project) => Err(outside()),
        _ => Ok(()),
    }
}

/// A path without steps to nowhere, and without a step up where that is back.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut steps = PathBuf::new();
    for step in path.components() {
        let is_back = step == Component::ParentDir
            && matches!(steps.components().next_back(), Some(Component::Normal(_)));
        match step {
            Component::CurDir => (),
            _ if is_back => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps
}

/// What of a folder is part of an image and what else it depends on, as the CDK has it for its `DockerImageAsset`; and
/// whether anything says which files are none.
fn options(
    files: &dyn Files,
    context: &Path,
    build: &ImageBuild,
    file: &str,
) -> Result<(Options, bool), FileError> {
    let path = context.join(IGNORED);
    let ignored = match files.look(&path) {
        Ok(_) => Some(files.read(&path, LARGEST_IGNORED)?),
        Err(_) => None,
    };
    let mut exclude = vec![".is_custom_resource".to_owned()];
    if let Some(ignored) = &ignored {
        let ignored = String::from_utf8_lossy(ignored);
        exclude.extend(ignored.split('\n').filter(|it| !it.is_empty()).map(str::to_owned));
        exclude.push(format!("!{IGNORED}"));
    }
    let name =
        Path::new(file).file_name().map_or_else(|| file.to_owned(), |it| it.to_string_lossy().into_owned());
    exclude.extend([format!("!{name}"), "cdk.out".to_owned()]);
    let options = Options { mode: Mode::Docker, exclude, extra: extra(build), ..Options::default() };
    Ok((options, ignored.is_some()))
}

/// What an image depends on beside its files, in the CDK's words and order.
fn extra(build: &ImageBuild) -> String {
    let arguments: Map<String, Value> =
        build.arguments.iter().map(|(name, it)| (name.clone(), json!(it))).collect();
    let parts = [
        ("buildArgs", (!arguments.is_empty()).then(|| Value::Object(arguments))),
        ("target", build.target.as_ref().map(|it| json!(it))),
        ("file", build.file.as_ref().map(|it| json!(it))),
        ("platform", build.platform.as_ref().map(|it| json!({ "platform": it }))),
        ("version", Some(json!("1.21.0"))),
    ];
    let parts = parts.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
    Value::Object(parts.collect()).to_string()
}

/// How many bytes docker is sent.
fn size(files: &dyn Files, context: &Path, options: &Options) -> Result<u64, Fault> {
    let parts = assets::parts(files, &files.real(context)?, options)?;
    let bytes = parts.iter().map(|it| match &it.visit {
        Visit::File { bytes, .. } => *bytes,
        Visit::Folder { .. } | Visit::Link { .. } => 0,
    });
    Ok(bytes.sum())
}

/// An image as a deployment publishes it: to the repository that is there for that.
#[cfg(feature = "aws")]
pub(super) fn asset(image: &ImageAsset) -> crate::assembly::ImageAsset {
    use crate::assembly::{self, Build, Environment, ImageSource, Place};

    let build = &image.build;
    assembly::ImageAsset {
        name: build.folder.clone(),
        id: image.tag(),
        source: ImageSource::Build(Box::new(Build {
            folder: build.folder.clone(),
            file: build.file.clone(),
            target: build.target.clone(),
            arguments: build.arguments.clone(),
            platform: build.platform.clone(),
            ..Build::default()
        })),
        repository: Environment::new(None, None, &image.qualifier).repository(),
        tag: image.tag(),
        place: Place::default(),
    }
}

/// The folder that an image is built of, and what of it is no part of the image; `folder` is that of the stack file. What
/// cannot be read leaves nothing out.
#[cfg(feature = "aws")]
pub(super) fn context(
    files: &dyn Files,
    folder: &Path,
    image: &ImageAsset,
) -> (PathBuf, Option<assets::Ignored>) {
    let context = plain(&folder.join(&image.build.folder));
    let file = image.build.file.as_deref().unwrap_or("Dockerfile");
    let ignored = options(files, &context, &image.build, file).ok();
    let ignored = ignored.and_then(|(it, _)| assets::Ignored::new(it.mode, &it.exclude).ok());
    (context, ignored)
}

/// The files of an image, and where they lie; `folder` is that of the stack file.
pub(super) fn files_of(files: &dyn Files, folder: &Path, image: &ImageAsset) -> Result<Vec<Part>, Fault> {
    let context = plain(&folder.join(&image.build.folder));
    let file = image.build.file.as_deref().unwrap_or("Dockerfile");
    let (options, _) = options(files, &context, &image.build, file)?;
    assets::parts(files, &files.real(&context)?, &options)
}
