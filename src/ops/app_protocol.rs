//! `asi` as an app of the CDK: what the CLI that runs it says in environment variables. The same variables are what
//! `asi` says to an app that it runs itself ([`launch`](super::launch)).

use std::path::{Path, PathBuf};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity, has_errors},
    lookup::Missing,
    node::{Node, NodeKind},
};

use super::Synthesis;
use crate::{
    assembly::VERSION,
    load::{self, Unreadable},
    world::{FileError, Files, Variables},
};

/// What the CDK's CLI asks of its app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRequest {
    /// Where the assembly goes.
    pub folder: PathBuf,
    /// Whether its templates are to be taken as they are.
    pub is_unvalidated: bool,
    /// The context, as JSON.
    context: Option<String>,
    /// The file with more of it, where it is too long for the environment.
    further_context: Option<PathBuf>,
    /// The version of assemblies that the CLI reads.
    reads: Option<String>,
    /// The file that is to say what kept the app from its work.
    error_file: Option<PathBuf>,
}

/// Names the folder of the assembly, and so tells that a CLI of the CDK has begun this run.
pub const FOLDER: &str = "CDK_OUTDIR";
/// Has the context, as JSON.
pub(super) const CONTEXT: &str = "CDK_CONTEXT_JSON";
/// Names the file with more of it, where it is too long for the environment.
pub(super) const FURTHER_CONTEXT: &str = "CONTEXT_OVERFLOW_LOCATION_ENV";
/// Has the newest version of assemblies that the CLI reads.
pub(super) const READS: &str = "CDK_CLI_ASM_VERSION";
/// Names the file that is to say what kept the app from its work.
pub(super) const ERROR_FILE: &str = "CDK_ERROR_FILE";
/// Is `false` where templates are to be taken as they are.
pub(super) const VALIDATION: &str = "CDK_VALIDATION";

impl AppRequest {
    /// What is asked for, if the CDK's CLI has begun this run.
    pub fn asked_for(variables: &Variables) -> Option<Self> {
        let path = |name: &str| variables.get(name).map(PathBuf::from);
        Some(Self {
            folder: path(FOLDER)?,
            is_unvalidated: variables.get(VALIDATION).is_some_and(|it| it == "false"),
            context: variables.get(CONTEXT),
            further_context: path(FURTHER_CONTEXT),
            reads: variables.get(READS),
            error_file: path(ERROR_FILE),
        })
    }

    /// A warning, if the CLI is too old for what it is going to be given.
    pub fn warning(&self) -> Option<Diagnostic> {
        let major = |it: &str| it.split('.').next().and_then(|it| it.parse::<u32>().ok());
        let reads = self.reads.as_deref()?;
        (major(reads)? < major(VERSION)?).then(|| {
            let fault = format!(
                "this CLI of the CDK reads assemblies up to version {reads}, and this one has {VERSION}"
            );
            Diagnostic::warning("cdk-version", fault).help("install a newer one: `npm install aws-cdk@2`")
        })
    }

    /// Leaves word of the first fault for the CLI.
    ///
    /// # Errors
    ///
    /// A [`FileError`] if the file cannot be written.
    pub fn leave_word<'a>(
        &self,
        files: &dyn Files,
        found: impl IntoIterator<Item = &'a Diagnostic>,
    ) -> Result<(), FileError> {
        let first = found.into_iter().find(|it| it.severity == Severity::Error);
        match (&self.error_file, first) {
            (Some(file), Some(fault)) => files.write(file, format!("{}\n", fault.code).as_bytes()),
            _ => Ok(()),
        }
    }
}

impl Synthesis {
    /// What the CLI is to look up before this is done; nothing, if that is not all that keeps it from being done.
    pub fn lookups(&self) -> Option<Vec<&Missing>> {
        let is_known = |it: &Missing| self.context.as_ref().is_some_and(|known| known.get(&it.key).is_some());
        let unanswered = || self.missing.iter().filter(|it| !is_known(&it.missing));
        let mut errors = self.diagnostics.iter().filter(|it| it.severity == Severity::Error);
        let is_asked = |fault: &Diagnostic| unanswered().any(|it| it.span == fault.span());
        let is_all = has_errors(&self.diagnostics) && errors.all(|it| it.code == "lookup" && is_asked(it));
        is_all.then(|| unanswered().map(|it| &it.missing).collect())
    }

    /// Takes what an app is given as context; what stands beside the stack file counts where that says nothing.
    pub(super) fn take_context(&mut self, files: &dyn Files, app: &AppRequest) {
        let given = app.context.as_deref().map(|it| self.context_of(it, CONTEXT));
        let further = app.further_context.as_deref().map(|it| self.context_in(files, it));
        for context in [given, further].into_iter().flatten().flatten() {
            match &mut self.context {
                Some(Node { kind: NodeKind::Map(known), .. }) => {
                    known.extend(
                        context.as_map().into_iter().flatten().map(|(key, it)| (key.clone(), it.clone())),
                    );
                }
                unknown => *unknown = Some(context),
            }
        }
    }

    fn context_in(&mut self, files: &dyn Files, path: &Path) -> Option<Node> {
        let text = load::text(files, path).map_err(|why: Unreadable| {
            self.diagnostics.push(why.diagnostic(path, "run the CLI again", &mut self.sources));
        });
        self.context_of(&text.ok()?, &path.display().to_string())
    }

    /// The context that a text of this name says, which is a mapping.
    fn context_of(&mut self, text: &str, name: &str) -> Option<Node> {
        let (context, mut faults) = load::template(text, name, &mut self.sources);
        if let Some(other) = context.as_ref().filter(|it| it.as_map().is_none()) {
            let fault = format!("the context in `{name}` is {}, not a mapping", other.describe());
            faults.push(
                Diagnostic::error("cdk-context", fault).at(other.span).help("write `{\"key\": \"value\"}`"),
            );
        }
        self.diagnostics.extend(faults);
        context.filter(|it| it.as_map().is_some())
    }
}
