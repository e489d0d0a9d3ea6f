//! What keeps AWS from answering, as the user should read it.

use asi_constructs::kernel::diagnostic::Diagnostic;

use crate::world::{AwsError, Refusal};

/// A fault that says what AWS does not do, and what can be done about that.
pub(super) fn diagnostic(error: &AwsError) -> Diagnostic {
    let message = error.to_string();
    match &error.reason {
        Refusal::NoCredentials(_) => Diagnostic::error("aws-credentials", message).help(
            "name a profile with `--profile` or `AWS_PROFILE`, or log in: `aws sso login`, `aws login`",
        ),
        Refusal::NeedsCode(_) => Diagnostic::error("aws-mfa", message).help(
            "run it on a terminal, or bring a session along in the environment: `eval \"$(aws configure export-credentials --format env --profile …)\"`",
        ),
        Refusal::Expired(_) => Diagnostic::error("aws-expired", message).help(
            "log in again, `aws sso login` or `aws login`, and run the same command: it goes on where it was",
        ),
        Refusal::Unknown(_) => Diagnostic::error("aws-unknown", message).help(
            "look at the keys in `AWS_ACCESS_KEY_ID` or in the profile, and at the clock of this machine",
        ),
        Refusal::Denied(_) => Diagnostic::error("aws-denied", message)
            .help("have somebody allow this call, or name another profile with `--profile`"),
        Refusal::NoRegion => Diagnostic::error("aws-region", message)
            .help("name one with `--region` or `AWS_REGION`, or bind the stack to one with `region:`"),
        Refusal::Busy(_) => Diagnostic::error("aws-busy", message)
            .help("run the same command again after a while: it goes on where it was"),
        Refusal::Silent(_) => Diagnostic::error("aws-silent", message)
            .help("look at the network, and run the same command again: it goes on where it was"),
        Refusal::Unreachable(_) => Diagnostic::error("aws-unreachable", message)
            .help("look at the network, at `HTTPS_PROXY`, and at whether the region exists"),
        Refusal::Garbled(_) => Diagnostic::error("aws-garbled", message)
            .help("look at what stands between here and AWS, such as a proxy that wants a login"),
        Refusal::Refused { .. } => Diagnostic::error("aws-refused", message)
            .help("mend what AWS names, and run the same command again: it goes on where it was"),
    }
}
