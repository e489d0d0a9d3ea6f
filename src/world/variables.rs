//! The environment variables of this process.

#![expect(clippy::disallowed_methods, reason = "this is the World")]

use std::{collections::BTreeMap, env, path::PathBuf};

/// Environment variables. They are read when they are asked for, so that nothing holds a secret that nobody needs.
pub enum Variables {
    /// Those of this process.
    Process,
    /// These, and no others.
    Given(BTreeMap<String, String>),
}

impl Variables {
    /// The value of a variable; nothing, if it is not set, empty, or no text.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match self {
            Self::Process => env::var(name).ok(),
            Self::Given(all) => all.get(name).cloned(),
        };
        value.filter(|it| !it.is_empty())
    }

    /// The folder of the user.
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").or_else(|| self.get("USERPROFILE")).map(PathBuf::from)
    }

    /// How many bytes they take in a process that has them all.
    pub fn size(&self) -> usize {
        match self {
            Self::Process => env::vars_os().map(|(name, value)| name.len() + value.len() + 2).sum(),
            Self::Given(all) => all.iter().map(|(name, value)| name.len() + value.len() + 2).sum(),
        }
    }
}
