//! The images that containers and functions are to run, and whether they are there.

use serde_json::Value;

use crate::world::{
    AwsError,
    aws::{Aws, ImageId},
    cloudformation::ResourceChange,
};

/// The images of a resource that is made or changed, as CloudFormation knows them.
pub(super) fn images(change: &ResourceChange) -> Vec<String> {
    let after: Option<Value> = change.after.as_ref().and_then(|it| serde_json::from_str(it).ok());
    let Some(properties) = after.as_ref().map(|it| &it["Properties"]) else { return Vec::new() };
    let images = match change.type_name.as_str() {
        "AWS::ECS::TaskDefinition" => {
            let containers = properties["ContainerDefinitions"].as_array().into_iter().flatten();
            containers.filter_map(|it| it["Image"].as_str()).collect()
        }
        "AWS::Lambda::Function" => properties["Code"]["ImageUri"].as_str().into_iter().collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    images.into_iter().map(str::to_owned).collect()
}

/// Whether an image is missing in its registry; of other registries than those of AWS nobody says it, and what a deployment
/// pushes by itself is there once it is needed.
pub(super) async fn is_missing(aws: &Aws, image: &str) -> Result<bool, AwsError> {
    let Some(image) = Image::read(image).filter(|it| !it.is_asset()) else { return Ok(false) };
    let aws = if image.region == aws.region() { aws } else { &aws.in_region(image.region)? };
    let found = aws.has_image_of(image.account, image.repository, &image.id).await?;
    Ok(!found)
}

/// An image in a registry of AWS.
#[derive(Debug, PartialEq, Eq)]
struct Image<'t> {
    account: &'t str,
    region: &'t str,
    repository: &'t str,
    id: ImageId,
}

impl<'t> Image<'t> {
    /// `123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1.0`; nothing, if it is of another registry, or a value is in
    /// it that only a deployment knows.
    fn read(text: &'t str) -> Option<Self> {
        let (host, name) = text.split_once('/')?;
        let (account, host) = host.split_once(".dkr.ecr")?;
        let (region, _) =
            host.strip_prefix("-fips").unwrap_or(host).strip_prefix('.')?.split_once(".amazonaws.com")?;
        let is_account = account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit());
        if !is_account || name.contains("{{") {
            return None;
        }
        let (repository, id) = match (name.split_once('@'), name.rsplit_once(':')) {
            (Some((name, digest)), _) => {
                (name.split_once(':').map_or(name, |it| it.0), ImageId::Digest(digest.to_owned()))
            }
            (None, Some((name, tag))) => (name, ImageId::Tag(tag.to_owned())),
            (None, None) => (name, ImageId::Tag("latest".to_owned())),
        };
        Some(Self { account, region, repository, id })
    }

    /// Whether it is in the repository that deployments push to.
    fn is_asset(&self) -> bool {
        self.repository.starts_with("cdk-") && self.repository.contains("-container-assets-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_registry_repository_and_tag_or_digest() {
        fn read(text: &str) -> Option<(&str, &str, &str, ImageId)> {
            Image::read(text).map(|it| (it.account, it.region, it.repository, it.id))
        }
        let tag = |it: &str| ImageId::Tag(it.to_owned());
        let digest = ImageId::Digest("sha256:ab".to_owned());
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        for (name, repository, id) in [
            ("shop/web:1.0", "shop/web", tag("1.0")),
            ("web", "web", tag("latest")),
            ("web:1.0@sha256:ab", "web", digest),
        ] {
            let image = format!("{host}/{name}");
            assert_eq!(read(&image), Some(("123456789012", "eu-west-1", repository, id)), "{image}");
        }
        let other = "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/web:1";
        assert_eq!(read(other), Some(("123456789012", "us-gov-west-1", "web", tag("1"))));
        let unknown = format!("{host}/web:{{{{changeSet:KNOWN_AFTER_APPLY}}}}");
        for it in ["nginx:1.29", "public.ecr.aws/nginx/nginx:stable", "x.dkr.ecr.a.amazonaws.com/b", &unknown]
        {
            assert_eq!(read(it), None, "{it}");
        }
    }
}
