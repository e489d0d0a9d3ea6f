//! The files of an assembly, put where the deployment reads them.

use std::collections::BTreeMap;

use super::Ending;
use crate::{
    assembly::FileAsset,
    ops::{Target, deployable::Assembled},
    world::{
        Files,
        aws::{Aws, Object},
        cloudformation::Source,
    },
};

/// The largest file that is published, in bytes: it is sent at once, and S3 takes 5 GB so.
const LARGEST_FILE: usize = 1 << 30;

/// Checks that what the deployment needs is there: the version of what `asi bootstrap` makes.
pub(super) async fn check_bootstrap(aws: &Aws, assembled: &Assembled) -> Result<(), Ending> {
    let Some(needed) = &assembled.bootstrap else { return Ok(()) };
    let has = aws.parameter(&needed.parameter).await.map_err(Ending::Aws)?;
    let version = has.as_ref().and_then(|it| it.parse::<u64>().ok());
    if version.is_some_and(|it| it >= needed.version) {
        return Ok(());
    }
    Err(Ending::NotBootstrapped { needed: needed.version, has: version })
}

/// Puts the files of a stack into their buckets, those that are not there yet.
pub(super) async fn publish(
    own: &Aws,
    files: &dyn Files,
    assembled: &Assembled,
    target: &Target,
) -> Result<(), Ending> {
    if assembled.images > 0 {
        return Err(Ending::Images(assembled.images));
    }
    let mut publishers: BTreeMap<&str, Aws> = BTreeMap::new();
    for file in &assembled.files {
        let publisher = match file.role.as_deref() {
            None => own,
            Some(role) => {
                if !publishers.contains_key(role) {
                    let aws = own.assuming(&target.filled(role, own)).await.map_err(Ending::Aws)?;
                    publishers.insert(role, aws);
                }
                &publishers[role]
            }
        };
        publish_one(publisher, files, assembled, file, target).await?;
    }
    Ok(())
}

async fn publish_one(
    aws: &Aws,
    files: &dyn Files,
    assembled: &Assembled,
    file: &FileAsset,
    target: &Target,
) -> Result<(), Ending> {
    let bucket = target.filled(&file.bucket, aws);
    let object = Object { bucket: &bucket, owner: target.account.as_deref(), key: &file.key };
    if aws.has_object(object).await.map_err(Ending::Aws)? {
        return Ok(());
    }
    let path = assembled.folder.join(&file.path);
    if file.is_zipped {
        return Err(Ending::Unpublished(file.path.clone()));
    }
    let contents = files.read(&path, LARGEST_FILE).map_err(|it| Ending::File(it.to_string()))?;
    aws.put_object(object, &contents).await.map_err(Ending::Aws)
}

/// Where CloudFormation finds a template that an assembly calls `s3://bucket/key`.
pub(super) fn source(aws: &Aws, url: &str, target: &Target) -> Option<Source> {
    let url = target.filled(url, aws);
    let (bucket, key) = url.strip_prefix("s3://")?.split_once('/')?;
    Some(Source::Url(aws.url_of(Object { bucket, owner: target.account.as_deref(), key })))
}
