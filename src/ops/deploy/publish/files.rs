//! Files in their buckets: as they are, packed, or made by a program.

use std::path::Path;

use super::{Publishing, Step, Unpublished, program};
use crate::{
    assembly::{FileAsset, FileSource},
    assets,
    ops::deploy::Ending,
    world::aws::Object,
};

/// The largest file that is published, in bytes: it is sent at once, and S3 takes 5 GB so.
const LARGEST_FILE: usize = 1 << 30;

impl Publishing<'_, '_, '_> {
    /// Puts a file into its bucket, if it is not there yet.
    pub(super) async fn file(&self, file: &FileAsset) -> Result<(), Ending> {
        self.published(file).await.map_err(|it| it.of(&file.name))
    }

    async fn published(&self, file: &FileAsset) -> Result<(), Unpublished> {
        let (aws, target) = (&self.publishers[&file.place], &self.deploying.stack.target);
        let bucket = target.filled(&file.bucket, aws);
        // That of the role is where the bucket is, which may be another than that of the stack.
        let role = file.place.role.as_ref().map(|it| target.filled(it, aws));
        let account = role.as_deref().and_then(|it| it.split(':').nth(4)).filter(|it| !it.is_empty());
        let owner = account.or(target.account.as_deref());
        let object = Object { bucket: &bucket, owner, key: &file.key };
        let is_there = aws.has_object(object).await;
        let is_foreign = match (&is_there, owner) {
            (Err(error), Some(_)) if error.is_denied() => aws.has_bucket(&bucket).await?,
            _ => false,
        };
        if let Some(owner) = owner.filter(|_| is_foreign) {
            return Err(Unpublished::ForeignBucket(bucket.clone(), owner.to_owned()));
        }
        if is_there? {
            return Ok(());
        }
        let (contents, content_type) = self.contents(file).await?;
        if !matches!(file.source, FileSource::File(_)) {
            self.tell(&file.name, Step::Sent);
        }
        aws.put_object(object, content_type, &contents).await.map_err(|error| {
            if error.is("NoSuchBucket") { Unpublished::NoBucket(bucket.clone()) } else { error.into() }
        })
    }

    /// What goes into the bucket, and of which type that is.
    async fn contents(&self, file: &FileAsset) -> Result<(Vec<u8>, &'static str), Unpublished> {
        let (files, folder) = (self.deploying.world.files.as_ref(), &self.deploying.stack.folder);
        match &file.source {
            FileSource::File(path) => {
                Ok((files.read(&folder.join(path), LARGEST_FILE)?, content_type(Path::new(path))))
            }
            FileSource::Archive(path) => {
                self.tell(&file.name, Step::Made);
                let archive = assets::archive(files, &folder.join(path));
                Ok((archive.map_err(Unpublished::Unpacked)?, "application/zip"))
            }
            FileSource::Program(words) => {
                self.tell(&file.name, Step::Made);
                let made = self.make(words, program(words)).await?;
                Ok((files.read(Path::new(&made), LARGEST_FILE)?, "application/zip"))
            }
        }
    }
}

/// The type of a file, by its ending, as far as somebody asks for it: CloudFormation and Lambda do not.
fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|it| it.to_str()) {
        Some("json") => "application/json",
        Some("zip" | "jar") => "application/zip",
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("yaml" | "yml") => "text/yaml",
        Some("txt") => "text/plain",
        _ => "application/octet-stream",
    }
}
