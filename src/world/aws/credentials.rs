//! Credentials that are asked for once, and again before they expire.

use std::time::{Duration, SystemTime};

use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, future},
};
use tokio::sync::Mutex;

/// How long before they expire credentials are asked for again.
const MARGIN: Duration = Duration::from_mins(2);

/// A provider that is asked again only when what it gave is about to expire.
#[derive(Debug)]
pub(super) struct Kept<P> {
    provider: P,
    last: Mutex<Option<Credentials>>,
}

impl<P: ProvideCredentials> Kept<P> {
    pub(super) fn new(provider: P) -> Self {
        Self { provider, last: Mutex::new(None) }
    }

    async fn credentials(&self) -> provider::Result {
        let mut last = self.last.lock().await;
        if let Some(credentials) = last.as_ref().filter(|it| is_good(it)) {
            return Ok(credentials.clone());
        }
        let credentials = self.provider.provide_credentials().await?;
        *last = Some(credentials.clone());
        Ok(credentials)
    }
}

impl<P: ProvideCredentials> ProvideCredentials for Kept<P> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// Whether they are good for some time yet.
#[expect(clippy::disallowed_methods, reason = "this is the World")]
fn is_good(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|it| it > SystemTime::now() + MARGIN)
}
