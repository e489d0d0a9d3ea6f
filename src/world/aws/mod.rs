//! AWS itself: CloudFormation through its SDK, with the whole chain of credentials.
//!
//! It asks and answers in types of [`cloudformation`](super::cloudformation). A call that changes something carries a
//! token, by which CloudFormation knows it again when its answer was lost and it is repeated.

mod bucket;
mod changes;
mod connections;
mod contents;
mod convert;
mod credentials;
mod direct;
mod ecs;
mod failure;
mod identity;
mod lines;
mod lookups;
mod mfa;
mod parameters;
mod query;
mod refactors;
mod registry;
mod request;
mod signed;
mod stacks;
mod stored;
mod whose;
mod xml;

use std::{
    future::Future,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_config::{
    BehaviorVersion, ConfigLoader, Region, SdkConfig, retry::RetryConfig, sts::AssumeRoleProvider,
    timeout::TimeoutConfig,
};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_cloudformation as cfn;
use aws_smithy_http_client::{Builder, Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::{
    http::{HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    runtime_components::RuntimeComponents,
};

pub(super) use self::failure::causes;
pub use self::{
    bucket::Object,
    lines::{Line, Lines},
    lookups::Unfound,
    registry::{ImageId, Login},
    stored::{StoredFile, StoredImage, Undeleted},
    whose::Owner,
};
use self::{credentials::Kept, failure::Failure};
use super::{Access, AwsError, Ended, Patience, Program, ProgramError, Programs, Reach, Refusal, Timestamp};

/// AWS, in one region, with the credentials of one caller.
#[derive(Clone, Debug)]
pub struct Aws {
    cfn: cfn::Client,
    config: SdkConfig,
    http: SharedHttpConnector,
    region: String,
    failure: Failure,
    patience: Patience,
    /// The account of who took on the first role, once that was asked.
    home: OnceLock<String>,
}

/// Who calls AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its account: twelve digits.
    pub account: String,
    /// The ARN of the user or role.
    pub arn: String,
}

/// What the account of a role wants to know of who takes it on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// What was agreed on with it.
    pub external_id: Option<String>,
    /// The tags of the session.
    pub tags: Vec<(String, String)>,
}

/// Runs what talks to AWS to its end, on this thread.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // A process that has no timer and no sockets left cannot go on.
    let runtime = runtime.expect("the system has a timer and sockets");
    let result = runtime.block_on(work);
    // Whoever waits for a line that nobody wants any more is left behind.
    runtime.shutdown_background();
    result
}

/// Runs a program to its end while this thread does something else.
pub async fn run(programs: &Arc<dyn Programs>, program: Program) -> Result<Ended, ProgramError> {
    let programs = Arc::clone(programs);
    match tokio::task::spawn_blocking(move || programs.run(&program)).await {
        Ok(ended) => ended,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Nobody takes it back.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Waits until somebody presses Ctrl-C.
pub async fn interrupted(access: &Access) {
    let is_possible = match access.interrupted_after {
        Some(time) => {
            tokio::time::sleep(time).await;
            true
        }
        None => tokio::signal::ctrl_c().await.is_ok(),
    };
    if !is_possible {
        // Where there are no signals, nobody can interrupt.
        std::future::pending::<()>().await;
    }
}

impl Aws {
    /// Finds region and credentials; asks nothing of AWS yet, unless a profile wants a code of a device.
    pub async fn connect(access: &Access, reach: Reach<'_>) -> Result<Self, AwsError> {
        let mut loader = loader(access, reach);
        if let Some(wanted) = mfa::wanted(access, reach).await {
            let region = reach.region.or(wanted.region.as_deref());
            let source = Reach { profile: Some(&wanted.source), region };
            let source = self::loader(access, source).load().await;
            let failure = Failure { patience: access.patience.answer };
            loader = loader.credentials_provider(wanted.session(access, &source, failure).await?);
        }
        Self::of(&loader.load().await, access.patience)
    }

    /// With this configuration.
    fn of(config: &SdkConfig, patience: Patience) -> Result<Self, AwsError> {
        let provider = config.credentials_provider().map(|it| SharedCredentialsProvider::new(Kept::new(it)));
        let mut builder = config.to_builder();
        builder.set_credentials_provider(provider);
        let config = builder.build();
        let region = config.region().map(ToString::to_string);
        let region = region.ok_or(AwsError { operation: "configuration", reason: Refusal::NoRegion })?;
        let failure = Failure { patience: patience.answer };
        let http = SharedHttpConnector::new(connector(None, config.sleep_impl()));
        Ok(Self {
            cfn: cfn::Client::new(&config),
            config,
            http,
            region,
            failure,
            patience,
            home: OnceLock::new(),
        })
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The same as one who has taken on a role, for as long as that is needed.
    pub async fn assuming(&self, role: &str) -> Result<Self, AwsError> {
        self.assuming_as(role, &Session::default()).await
    }

    /// The same as one who has taken on a role in a session that is as its account wants it.
    pub async fn assuming_as(&self, role: &str, session: &Session) -> Result<Self, AwsError> {
        let mut provider = AssumeRoleProvider::builder(role).session_name("asi").configure(&self.config);
        if let Some(id) = &session.external_id {
            provider = provider.external_id(id);
        }
        if !session.tags.is_empty() {
            provider = provider.tags(session.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        }
        let provider = provider.build().await;
        let config = self.config.to_builder();
        let config = config.credentials_provider(SharedCredentialsProvider::new(provider)).build();
        let aws = Self { home: self.home.clone(), ..Self::of(&config, self.patience)? };
        // The first time is now, so that it is known whether it may be.
        if let Some(provider) = aws.config.credentials_provider() {
            provider.provide_credentials().await.map_err(|it| failure::of_role(&it))?;
        }
        Ok(aws)
    }

    /// The same in another region.
    pub fn in_region(&self, region: &str) -> Result<Self, AwsError> {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        Ok(Self { home: self.home.clone(), ..Self::of(&config, self.patience)? })
    }

    /// Who calls.
    pub async fn caller(&self) -> Result<Caller, AwsError> {
        let answer = aws_sdk_sts::Client::new(&self.config).get_caller_identity().send().await;
        let answer = answer.map_err(|it| self.failure.of("GetCallerIdentity", &it))?;
        let text = |it: Option<String>| it.unwrap_or_default();
        let caller = Caller { account: text(answer.account), arn: text(answer.arn) };
        self.home.get_or_init(|| caller.account.clone());
        Ok(caller)
    }

    /// The account of who took on the first role, if that was asked.
    pub fn home(&self) -> Option<&str> {
        self.home.get().map(String::as_str)
    }

    /// Waits until it is time to ask again how far something is.
    pub async fn wait(&self) {
        tokio::time::sleep(self.patience.between).await;
    }

    /// The moment it is.
    #[expect(clippy::disallowed_methods, reason = "this is the World")]
    pub fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// How the SDK finds region and credentials.
fn loader(access: &Access, reach: Reach<'_>) -> ConfigLoader {
    let patience = access.patience;
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(patience.answer / 3)
        .operation_attempt_timeout(patience.answer)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(patience.attempts)
        .with_initial_backoff(patience.backoff)
        .with_max_backoff(patience.backoff * 20);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .profile_files(mfa::files(access))
        .timeout_config(timeouts)
        .retry_config(retries);
    if let Some(profile) = reach.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = reach.region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(endpoint) = &access.endpoint {
        loader = loader.endpoint_url(endpoint);
        if access.profiles.is_none() {
            loader = loader.test_credentials();
        }
        if let Some(account) = &access.account {
            let credentials = cfn::config::Credentials::new(account, "secret", None, None, "account");
            loader = loader.credentials_provider(credentials);
        }
    }
    loader
}

/// A client that goes through the proxy which the environment names, if it names one.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        connector(settings, components.and_then(RuntimeComponents::sleep_impl))
    })
}

/// A client for calls that are no service's.
pub(super) fn http() -> SharedHttpConnector {
    SharedHttpConnector::new(connector(None, None))
}

fn connector(
    settings: Option<&HttpConnectorSettings>,
    sleep: Option<cfn::config::SharedAsyncSleep>,
) -> Connector {
    let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env()).tls_provider(tls);
    connector.set_connector_settings(settings.cloned());
    connector.set_sleep_impl(sleep);
    connector.build()
}

/// Something that nothing else has: a name for a call, or for what it makes.
pub fn token() -> String {
    format!("{:032x}", fastrand::u128(..))
}
