//! Every code a diagnostic may have, and what it means.

/// Codes in alphabetical order. A code is a contract: it changes only with an entry in the changelog.
pub const CODES: &[(&str, &str)] = &[
    ("account", "An account is written as twelve digits."),
];
