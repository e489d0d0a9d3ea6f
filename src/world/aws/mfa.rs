//! Profiles whose role is taken on with a code of a device that its user holds, which the SDK does not ask for.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use aws_config::{SdkConfig, profile};
use aws_credential_types::Credentials;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};

use super::failure::Failure;
use crate::world::{Access, AwsError, Reach, Refusal};

/// A code is good for one session, and a run connects more than once: each profile's session is kept until it ends.
static SESSIONS: Mutex<BTreeMap<(Option<PathBuf>, String), Credentials>> = Mutex::new(BTreeMap::new());

/// What a profile says of a role that wants a code.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The profile.
    profile: String,
    /// The profile whose credentials take on the role.
    pub(super) source: String,
    /// The region of the profile, in which the role is taken on, too.
    pub(super) region: Option<String>,
    role: String,
    serial: String,
    external_id: Option<String>,
    session: Option<String>,
    seconds: Option<i32>,
}

/// The files that profiles are read from.
pub(super) fn files(access: &Access) -> EnvConfigFiles {
    match &access.profiles {
        Some(path) => EnvConfigFiles::builder().with_file(EnvConfigFileKind::Config, path).build(),
        None => EnvConfigFiles::default(),
    }
}

/// What the profile of a run wants; nothing, if it has no such role, or if credentials come from elsewhere.
pub(super) async fn wanted(access: &Access, reach: Reach<'_>) -> Option<Wanted> {
    let env = Env::real();
    let is_elsewhere = access.endpoint.is_some() && access.profiles.is_none();
    if is_elsewhere || (reach.profile.is_none() && env.get("AWS_ACCESS_KEY_ID").is_ok()) {
        return None;
    }
    let name = reach.profile.map(|it| Cow::Owned(it.to_owned()));
    // Files that cannot be read are told of by the SDK, which reads them again.
    let profiles = profile::load(&Fs::real(), &env, &files(access), name).await.ok()?;
    let name = profiles.selected_profile();
    let profile = profiles.get_profile(name)?;
    let text = |key: &str| profile.get(key).map(str::to_owned);
    Some(Wanted {
        profile: name.to_owned(),
        source: text("source_profile")?,
        region: text("region"),
        role: text("role_arn")?,
        serial: text("mfa_serial")?,
        external_id: text("external_id"),
        session: text("role_session_name"),
        seconds: text("duration_seconds").and_then(|it| it.parse().ok()),
    })
}

impl Wanted {
    /// Takes on the role with a code that somebody is asked for, unless that was done before.
    pub(super) async fn session(
        self,
        access: &Access,
        source: &SdkConfig,
        failure: Failure,
    ) -> Result<Credentials, AwsError> {
        let key = (access.profiles.clone(), self.profile);
        if let Some(kept) = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(kept.clone());
        }
        let operation = "AssumeRole";
        let code = access.code.and_then(|ask| ask(&self.serial));
        let Some(code) = code.filter(|it| !it.is_empty()) else {
            return Err(AwsError { operation, reason: Refusal::NeedsCode(self.serial) });
        };
        let call =
            aws_sdk_sts::Client::new(source).assume_role().role_arn(self.role).serial_number(self.serial);
        let call = call.token_code(code).role_session_name(self.session.unwrap_or_else(|| "asi".to_owned()));
        let call = call.set_external_id(self.external_id).set_duration_seconds(self.seconds);
        let answer = call.send().await.map_err(|it| failure.of(operation, &it))?;
        let Some(given) = answer.credentials else {
            let why = "it has no credentials".to_owned();
            return Err(AwsError { operation, reason: Refusal::Garbled(why) });
        };
        let expires = given.expiration.try_into().ok();
        let token = Some(given.session_token);
        let credentials =
            Credentials::new(given.access_key_id, given.secret_access_key, token, expires, "AssumeRole");
        SESSIONS.lock().unwrap_or_else(PoisonError::into_inner).insert(key, credentials.clone());
        Ok(credentials)
    }
}
