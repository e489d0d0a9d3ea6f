//! Where a stack goes, and the names of what `asi bootstrap` and `cdk bootstrap` make there.

/// An account and a region, each known or left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    account: Option<String>,
    region: Option<String>,
    qualifier: String,
}

/// What tells several bootstraps of one account apart, unless somebody chose another.
pub const QUALIFIER: &str = "hnb659fds";

/// What stands for the region of a stack that may be deployed to any.
pub(super) const UNKNOWN_REGION: &str = "unknown-region";

impl Environment {
    /// The environment of what is bound to these, as it was bootstrapped under this qualifier.
    pub fn new(account: Option<&str>, region: Option<&str>, qualifier: &str) -> Self {
        let owned = |it: &str| it.to_owned();
        Self { account: account.map(owned), region: region.map(owned), qualifier: qualifier.to_owned() }
    }

    /// Its name in a manifest.
    pub(super) fn url(&self) -> String {
        let account = self.account.as_deref().unwrap_or("unknown-account");
        format!("aws://{account}/{}", self.region.as_deref().unwrap_or(UNKNOWN_REGION))
    }

    /// The region, if it is known.
    pub(super) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The name of the place among those an asset goes to.
    pub(super) fn destination(&self) -> String {
        let account = self.account.as_deref().unwrap_or("current_account");
        format!("{account}-{}", self.region.as_deref().unwrap_or("current_region"))
    }

    /// The bucket for files that deployments need.
    pub fn bucket(&self) -> String {
        format!("cdk-{}-assets-{}", self.qualifier, self.place())
    }

    /// The repository for images that deployments need.
    pub fn repository(&self) -> String {
        format!("cdk-{}-container-assets-{}", self.qualifier, self.place())
    }

    /// The ARN of the role for this purpose: `deploy`, `cfn-exec`, `lookup`, `file-publishing`, `image-publishing`.
    pub(super) fn role(&self, purpose: &str) -> String {
        let Self { qualifier, .. } = self;
        let (account, place) = (self.account(), self.place());
        format!("arn:${{AWS::Partition}}:iam::{account}:role/cdk-{qualifier}-{purpose}-role-{place}")
    }

    /// The parameter of SSM that has the version of what is there.
    pub fn version_parameter(&self) -> String {
        format!("/cdk-bootstrap/{}/version", self.qualifier)
    }

    fn account(&self) -> &str {
        self.account.as_deref().unwrap_or("${AWS::AccountId}")
    }

    fn place(&self) -> String {
        format!("{}-{}", self.account(), self.region.as_deref().unwrap_or("${AWS::Region}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_to_who_deploys() {
        let open = Environment::new(None, None, QUALIFIER);
        assert_eq!(open.bucket(), "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}");
        assert_eq!(open.url(), "aws://unknown-account/unknown-region");
        assert_eq!(open.destination(), "current_account-current_region");
        let bound = Environment::new(Some("111122223333"), Some("eu-west-1"), "acme");
        assert_eq!(
            bound.role("deploy"),
            "arn:${AWS::Partition}:iam::111122223333:role/cdk-acme-deploy-role-111122223333-eu-west-1"
        );
        assert_eq!(bound.version_parameter(), "/cdk-bootstrap/acme/version");
    }
}
