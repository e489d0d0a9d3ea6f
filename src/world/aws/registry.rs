//! Registries of images: what is in them, and what lets somebody in.

use aws_smithy_types::base64;
use serde_json::json;

use super::{Aws, contents::ecr};
use crate::world::{AwsError, Refusal};

/// What lets somebody push images, for some hours.
pub struct Login {
    /// The name.
    pub user: String,
    /// The password, which nobody is to see.
    pub password: String,
    /// The registry, as a host.
    pub registry: String,
}

/// What an image is known by in its repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageId {
    /// Its tag.
    Tag(String),
    /// Its digest: `sha256:…`.
    Digest(String),
}

impl Aws {
    /// Where a repository is: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/name`; nothing, if there is none of this name.
    pub async fn repository_uri(&self, name: &str) -> Result<Option<String>, AwsError> {
        match self.ask(ecr("DescribeRepositories"), &json!({ "repositoryNames": [name] })).await {
            Ok(answer) => Ok(answer["repositories"][0]["repositoryUri"].as_str().map(str::to_owned)),
            Err(error) if error.is("RepositoryNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a repository has an image of this tag.
    pub async fn has_image(&self, repository: &str, tag: &str) -> Result<bool, AwsError> {
        let asked = json!({ "repositoryName": repository, "imageIds": [{ "imageTag": tag }] });
        match self.ask(ecr("DescribeImages"), &asked).await {
            Ok(_) => Ok(true),
            Err(error) if error.is("ImageNotFoundException") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether there is an image in a repository of an account's registry; none is in a repository that is not there.
    pub async fn has_image_of(
        &self,
        account: &str,
        repository: &str,
        id: &ImageId,
    ) -> Result<bool, AwsError> {
        let id = match id {
            ImageId::Tag(tag) => json!({ "imageTag": tag }),
            ImageId::Digest(digest) => json!({ "imageDigest": digest }),
        };
        let asked = json!({ "registryId": account, "repositoryName": repository, "imageIds": [id] });
        match self.ask(ecr("DescribeImages"), &asked).await {
            Ok(_) => Ok(true),
            Err(error) if error.is("ImageNotFoundException") || error.is("RepositoryNotFoundException") => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// What lets the caller push images.
    pub async fn login(&self) -> Result<Login, AwsError> {
        let operation = "GetAuthorizationToken";
        let answer = self.ask(ecr(operation), &json!({})).await?;
        let data = &answer["authorizationData"][0];
        let token = data["authorizationToken"].as_str().and_then(|it| base64::decode(it).ok());
        let token = token.and_then(|it| String::from_utf8(it).ok());
        let login = token.as_deref().and_then(|it| it.split_once(':')).zip(data["proxyEndpoint"].as_str());
        let Some(((user, password), registry)) = login else {
            let reason = Refusal::Garbled("it has no token".to_owned());
            return Err(AwsError { operation, reason });
        };
        let registry = registry.trim_start_matches("https://").trim_end_matches('/').to_owned();
        Ok(Login { user: user.to_owned(), password: password.to_owned(), registry })
    }
}
