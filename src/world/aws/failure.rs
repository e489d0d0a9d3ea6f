//! From what the SDK says of a call that failed to what that means.

use std::{iter::successors, time::Duration};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use crate::world::{AwsError, Refusal};

/// Reads failures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    /// How long an answer was waited for.
    pub(super) patience: Duration,
}

impl Failure {
    /// What it means that `operation` failed so.
    pub(super) fn of<E, R>(self, operation: &'static str, error: &SdkError<E, R>) -> AwsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let reason = match error {
            SdkError::ServiceError(it) => match it.err().code() {
                Some(code) => refusal(code, it.err().message().unwrap_or("it does not say why")),
                None => Refusal::Garbled(causes(error)),
            },
            SdkError::TimeoutError(_) => Refusal::Silent(self.patience),
            SdkError::DispatchFailure(it) if it.is_timeout() => Refusal::Silent(self.patience),
            // What keeps a call from being signed comes as a failure to send it.
            SdkError::DispatchFailure(it) if !it.is_io() => credentials(causes(error)),
            SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) => {
                Refusal::Unreachable(causes(error))
            }
            // What came back cannot be read.
            _ => Refusal::Garbled(causes(error)),
        };
        AwsError { operation, reason }
    }
}

/// What it means that a role could not be taken on: whoever may not is told so within the cause.
pub(super) fn of_role(error: &CredentialsError) -> AwsError {
    let why = causes(error);
    let is_denied = why.contains("AccessDenied") || why.contains("not authorized");
    let reason = if is_denied { Refusal::Denied(why) } else { credentials(why) };
    AwsError { operation: "AssumeRole", reason }
}

/// What an error code of AWS means, as its list of common errors has them.
pub(super) fn refusal(code: &str, message: &str) -> Refusal {
    let message = message.to_owned();
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => Refusal::Expired(message),
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => Refusal::Unknown(message),
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "OptInRequired"
        | "NotAuthorized" => Refusal::Denied(message),
        "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown"
        | "InternalFailure"
        | "InternalError"
        | "ServiceUnavailable" => Refusal::Busy(message),
        _ => Refusal::Refused { code: code.to_owned(), message },
    }
}

fn credentials(why: String) -> Refusal {
    let has_expired = ["expired", "refresh", "failed to load the cached SSO token"];
    if has_expired.iter().any(|it| why.contains(it)) {
        Refusal::Expired(why)
    } else {
        Refusal::NoCredentials(why)
    }
}

/// An error with all its causes, without what only says that there are some.
pub(in crate::world) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = successors(Some(error), |it| it.source()).map(ToString::to_string).collect();
    parts.retain(|it| {
        !["dispatch failure", "other", "io error", "service error", "unhandled error"].contains(&it.as_str())
    });
    parts.dedup();
    parts.join(": ").replace("the credential provider was not enabled: ", "")
}
