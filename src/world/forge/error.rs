//! What keeps GitHub or GitLab from doing something.

use std::{fmt, time::Duration};

use super::Kind;

/// What keeps GitHub or GitLab from doing something.
#[derive(Debug)]
pub struct ForgeError {
    /// Which of them.
    pub kind: Kind,
    /// What it was to do: `list the comments`.
    pub operation: &'static str,
    /// Why it is not done.
    pub fault: Fault,
    /// Whether it may have been done all the same.
    pub is_in_doubt: bool,
}

/// Why GitHub or GitLab does not do something. What it said itself is without the token.
#[derive(Debug)]
pub enum Fault {
    /// CI says nothing under the name of this variable.
    Unset(&'static str),
    /// What CI says under the name of this variable is not what it has to be.
    Unreadable(&'static str, &'static str),
    /// Nothing says which pull request the run is of.
    NoRequest,
    /// The token is nobody's, or nobody's any more.
    Unknown(String),
    /// The token does not allow this.
    Denied(String),
    /// There is no such thing, or the token does not allow to see it.
    Missing(String),
    /// It has too much to do, or was asked too often.
    Busy(String),
    /// There was no answer in this time.
    Silent(Duration),
    /// It cannot be reached.
    Unreachable(String),
    /// What came back is no answer of it.
    Garbled(String),
    /// It is elsewhere, where the token is not sent.
    Elsewhere(String),
    /// It says no, with a status and a reason.
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The reason.
        message: String,
    },
}

impl fmt::Display for ForgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, operation, fault, .. } = self;
        let name = kind.name();
        match fault {
            Fault::Unset(variable) => write!(f, "`{variable}` is not set"),
            Fault::Unreadable(variable, wanted) => write!(f, "what `{variable}` says is not {wanted}"),
            Fault::NoRequest => match kind {
                Kind::GitHub => write!(f, "nothing says which pull request this run is of"),
                Kind::GitLab => write!(f, "nothing says which merge request this run is of"),
            },
            Fault::Unknown(why) => write!(f, "{name} does not know this token: {why}"),
            Fault::Denied(why) => write!(f, "{name} does not let this token {operation}: {why}"),
            Fault::Missing(why) => write!(f, "{name} was to {operation}, and has no such thing: {why}"),
            Fault::Busy(why) => write!(f, "{name} has no time to {operation}: {why}"),
            Fault::Silent(time) => {
                write!(f, "{name} was to {operation}, and did not answer within {} s", time.as_secs())
            }
            Fault::Unreachable(why) => write!(f, "{name} cannot be reached to {operation}: {why}"),
            Fault::Garbled(why) => {
                write!(f, "{name} was to {operation}, and the answer is not one of it: {why}")
            }
            Fault::Elsewhere(host) => write!(f, "{name} sends on to `{host}`, where the token must not go"),
            Fault::Refused { status, message } => {
                write!(f, "{name} refuses to {operation}: {message} ({status})")
            }
        }
    }
}

impl std::error::Error for ForgeError {}
