//! How AWS is reached.

use std::{fmt, path::PathBuf, time::Duration};

/// How AWS is reached.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Where all its services are, in place of where AWS has them; with credentials that mean nothing. For tests.
    pub endpoint: Option<String>,
    /// The account that these credentials are of, where what is at the endpoint knows accounts by access keys.
    pub account: Option<String>,
    /// Asks whoever is there for a code of the device with this serial number; nothing, if nobody is there.
    pub code: Option<fn(&str) -> Option<String>>,
    /// A file that profiles are read from, in place of those that AWS has. For tests.
    pub profiles: Option<PathBuf>,
    /// How long to wait.
    pub patience: Patience,
    /// When somebody seems to press Ctrl-C, in place of when somebody does. For tests.
    pub interrupted_after: Option<Duration>,
}

/// Whose account and which region a run is about, where that is not left to the environment and to the
/// configuration files of AWS.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reach<'a> {
    /// A profile of the configuration files.
    pub profile: Option<&'a str>,
    /// A region.
    pub region: Option<&'a str>,
}

/// How long to wait, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For an answer.
    pub answer: Duration,
    /// Between questions of how far something is.
    pub between: Duration,
    /// Before asking again where AWS was too busy; twice as long each further time.
    pub backoff: Duration,
    /// How often something is asked at most.
    pub attempts: u32,
}

impl Default for Patience {
    /// Left alone, the SDK waits for an answer for ever, and gives up after three attempts, about a second later.
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(30),
            between: Duration::from_secs(2),
            backoff: Duration::from_secs(1),
            attempts: 8,
        }
    }
}

/// What keeps AWS from doing something.
#[derive(Debug)]
pub struct AwsError {
    /// What was asked, as AWS calls it: `CreateChangeSet`.
    pub operation: &'static str,
    /// Why it is not done.
    pub reason: Refusal,
}

/// Why AWS does not do something.
#[derive(Debug)]
pub enum Refusal {
    /// There are no credentials, or they cannot be read; where they were looked for, and what was found.
    NoCredentials(String),
    /// The role of the profile is taken on with a code of the device with this serial number, and there is none.
    NeedsCode(String),
    /// The credentials were good, and are no more.
    Expired(String),
    /// Nobody has these credentials.
    Unknown(String),
    /// The caller may not do this.
    Denied(String),
    /// No region is chosen.
    NoRegion,
    /// AWS has too much to do, however often it is asked.
    Busy(String),
    /// There was no answer in this time.
    Silent(Duration),
    /// AWS cannot be reached.
    Unreachable(String),
    /// What came back is no answer of AWS.
    Garbled(String),
    /// AWS says no, with a code and a reason.
    Refused {
        /// The code: `ValidationError`, `AlreadyExistsException`.
        code: String,
        /// The reason.
        message: String,
    },
}

impl AwsError {
    /// Whether AWS said no with this code.
    pub fn is(&self, code: &str) -> bool {
        matches!(&self.reason, Refusal::Refused { code: it, .. } if it == code)
    }

    /// Whether AWS said no with a reason that has this in it.
    pub fn says(&self, part: &str) -> bool {
        matches!(&self.reason, Refusal::Refused { message, .. } if message.contains(part))
    }

    /// Whether the caller may not do it.
    pub fn is_denied(&self) -> bool {
        matches!(self.reason, Refusal::Denied(_))
    }

    /// Whether there is no stack of the name that was asked for: AWS has no code of its own for that.
    pub fn is_missing_stack(&self) -> bool {
        self.is("ValidationError") && self.says("does not exist")
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation;
        match &self.reason {
            Refusal::NoCredentials(why) => write!(f, "there are no credentials for AWS: {why}"),
            Refusal::NeedsCode(serial) => {
                write!(
                    f,
                    "the role of this profile wants a code of `{serial}`, and nobody is here to type one"
                )
            }
            Refusal::Expired(why) => write!(f, "the credentials for AWS have expired: {why}"),
            Refusal::Unknown(why) => write!(f, "AWS does not know these credentials: {why}"),
            Refusal::Denied(why) => write!(f, "AWS does not let you call `{operation}`: {why}"),
            Refusal::NoRegion => write!(f, "no region of AWS is chosen"),
            Refusal::Busy(why) => write!(f, "AWS was too busy for `{operation}`, however often asked: {why}"),
            Refusal::Silent(time) => {
                write!(f, "AWS did not answer `{operation}` within {} s", time.as_secs())
            }
            Refusal::Unreachable(why) => write!(f, "AWS cannot be reached for `{operation}`: {why}"),
            Refusal::Garbled(why) => write!(f, "the answer to `{operation}` is not one of AWS: {why}"),
            Refusal::Refused { code, message } => write!(f, "AWS refuses `{operation}`: {message} ({code})"),
        }
    }
}

impl std::error::Error for AwsError {}
