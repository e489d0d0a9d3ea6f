//! Which files are left out of an asset, by patterns of three kinds.

mod docker;
mod git;
mod glob;

use super::Fault;

/// How patterns are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As a shell reads them, as minimatch has it.
    #[default]
    Glob,
    /// As git reads a `.gitignore`.
    Git,
    /// As docker reads a `.dockerignore`.
    Docker,
}

impl Mode {
    /// As the CDK writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Glob => "glob",
            Self::Git => "git",
            Self::Docker => "docker",
        }
    }
}

/// What is left out. Paths are below the folder, their steps apart by `/`.
#[derive(Clone, Debug)]
pub struct Ignored(Patterns);

#[derive(Clone, Debug)]
enum Patterns {
    Glob(Vec<glob::Glob>),
    Git(Vec<Rule>),
    Docker(docker::Patterns),
}

/// A pattern that has been read as an expression.
#[derive(Clone, Debug)]
struct Rule {
    /// Whether what it matches is not left out after all.
    is_negative: bool,
    expression: fancy_regex::Regex,
}

impl Rule {
    fn new(is_negative: bool, expression: &str, pattern: &str) -> Result<Self, Fault> {
        let expression = fancy_regex::Regex::new(expression);
        let expression = expression.map_err(|_| Fault::Pattern(pattern.to_owned()))?;
        Ok(Self { is_negative, expression })
    }

    fn matches(&self, path: &str) -> bool {
        // It is at an end where it would take too long.
        self.expression.is_match(path).unwrap_or(false)
    }
}

impl Ignored {
    /// By these patterns, in order: later ones overrule earlier ones.
    pub fn new(mode: Mode, patterns: &[String]) -> Result<Self, Fault> {
        Ok(Self(match mode {
            Mode::Glob => {
                Patterns::Glob(patterns.iter().map(|it| glob::Glob::new(it)).collect::<Result<_, _>>()?)
            }
            Mode::Git => Patterns::Git(git::rules(patterns)?),
            Mode::Docker => Patterns::Docker(docker::Patterns::new(patterns)?),
        }))
    }

    /// Whether this is left out.
    pub fn is_ignored(&self, path: &str) -> bool {
        match &self.0 {
            Patterns::Glob(globs) => glob::is_ignored(globs, path),
            Patterns::Git(rules) => git::is_ignored(rules, path),
            Patterns::Docker(patterns) => patterns.is_ignored(path),
        }
    }

    /// Whether this folder is left out with all that is in it.
    pub fn completely(&self, folder: &str) -> bool {
        match &self.0 {
            Patterns::Glob(globs) => glob::is_ignored(globs, folder),
            Patterns::Git(rules) => git::is_ignored(rules, &format!("{folder}/")),
            Patterns::Docker(patterns) => patterns.completely(folder),
        }
    }
}

/// A character as it stands for itself in an expression.
fn quoted(character: char) -> String {
    fancy_regex::escape(character.encode_utf8(&mut [0; 4])).into_owned()
}
