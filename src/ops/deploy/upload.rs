//! A template that is too large to be sent along, put where CloudFormation reads it.

use super::Ending;
use crate::{
    assembly::{self, Environment, QUALIFIER},
    deploy::{self, Body, LARGEST_TEMPLATE},
    template::Template,
    world::{
        aws::{Aws, Object},
        cloudformation::Source,
    },
};

/// The bucket for files that deployments need, as `asi bootstrap` and `cdk bootstrap` make it, with what it is named by.
///
/// From the stack `CDKToolkit` of the CDK's bootstrap template, with its default qualifier.
pub(in crate::ops) fn bucket(account: &str, region: &str) -> String {
    Environment::new(Some(account), Some(region), QUALIFIER).bucket()
}

/// How a template gets to CloudFormation: along with the call, or from the bucket that is there for larger ones.
pub(in crate::ops) async fn sent(aws: &Aws, template: &Template) -> Result<Source, Ending> {
    match deploy::body(template) {
        Body::Inline(body) => Ok(Source::Body(body)),
        Body::Bucket(body) => upload(aws, &body).await,
    }
}

/// Puts a template into the bucket that is there for such files, by the name of what it says, if it is not there yet.
async fn upload(aws: &Aws, template: &str) -> Result<Source, Ending> {
    if template.len() > LARGEST_TEMPLATE {
        return Err(Ending::TooLarge(template.len()));
    }
    let account = aws.caller().await.map_err(Ending::Aws)?.account;
    let bucket = bucket(&account, aws.region());
    let key = format!("{}.json", assembly::hash(template.as_bytes()));
    let object = Object { bucket: &bucket, owner: Some(&account), key: &key };
    if !aws.has_object(object).await.map_err(Ending::Aws)? {
        aws.put_object(object, "application/json", template.as_bytes()).await.map_err(|error| {
            let is_missing = error.is("NoSuchBucket");
            if is_missing {
                Ending::NoBucket { bucket: bucket.clone(), bytes: template.len() }
            } else {
                Ending::Aws(error)
            }
        })?;
    }
    Ok(Source::Url(aws.url_of(object)))
}
