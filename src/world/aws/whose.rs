//! Whose account and which region a process is for, where that is a matter of course: not to know it is no fault.

use std::{collections::BTreeMap, time::Duration};

use aws_credential_types::provider::ProvideCredentials as _;

use super::{Access, Aws, Patience, Reach, loader};

/// How long AWS has to answer.
const ENOUGH: Duration = Duration::from_mins(1);

/// Whom an access key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The account.
    pub account: String,
    /// The part of AWS the account is in: `aws`, `aws-cn`.
    pub partition: String,
}

impl Aws {
    /// The region that the configuration files of AWS choose.
    pub async fn chosen_region(access: &Access, reach: Reach<'_>) -> Option<String> {
        loader(access, reach).load().await.region().map(ToString::to_string)
    }

    /// The access key of the credentials there are, and whom it belongs to: as is known, or as AWS tells in good time.
    pub async fn own_account(
        access: &Access,
        reach: Reach<'_>,
        known: &BTreeMap<String, Owner>,
    ) -> Option<(String, Owner)> {
        let patience =
            Patience { attempts: 1, answer: access.patience.answer.min(ENOUGH), ..access.patience };
        let access = Access { patience, ..access.clone() };
        let asking = async {
            let aws = Self::connect(&access, reach).await.ok()?;
            let credentials = aws.config.credentials_provider()?.provide_credentials().await.ok()?;
            let key = credentials.access_key_id().to_owned();
            let owner = match known.get(&key) {
                Some(owner) => owner.clone(),
                None => aws.owner().await?,
            };
            Some((key, owner))
        };
        tokio::time::timeout(ENOUGH, asking).await.ok()?
    }

    /// Whom AWS says the credentials belong to.
    async fn owner(&self) -> Option<Owner> {
        let caller = self.caller().await.ok().filter(|it| !it.account.is_empty())?;
        // `arn:aws:iam::111122223333:user/me`
        let partition = caller.arn.split(':').nth(1)?.to_owned();
        Some(Owner { account: caller.account, partition })
    }
}
