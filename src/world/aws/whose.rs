//! Whose account and which region a process is for, where that is a matter of course: not to know it is no fault.

use std::time::Duration;

use super::{Access, Aws, Patience, Reach, loader};

impl Aws {
    /// The region that the configuration files of AWS choose.
    pub async fn chosen_region(access: &Access, reach: Reach<'_>) -> Option<String> {
        loader(access, reach).load().await.region().map(ToString::to_string)
    }

    /// The account of the credentials there are, if AWS tells within this time.
    pub async fn own_account(access: &Access, reach: Reach<'_>, within: Duration) -> Option<String> {
        let patience =
            Patience { attempts: 1, answer: access.patience.answer.min(within), ..access.patience };
        let access = Access { patience, ..access.clone() };
        let asking = async { Self::connect(&access, reach).await.ok()?.caller().await.ok() };
        let caller = tokio::time::timeout(within, asking).await.ok()??;
        Some(caller.account).filter(|it| !it.is_empty())
    }
}
