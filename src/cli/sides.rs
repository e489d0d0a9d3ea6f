//! What `asi diff` and `asi review` compare: what is deployed, a revision, or whatever is named, with what there is.

use std::{io, path::Path};

use asi_constructs::kernel::diagnostic::Diagnostic;
#[cfg(feature = "aws")]
use asi_constructs::kernel::diagnostic::has_errors;
#[cfg(feature = "aws")]
use clap::ValueEnum;

use super::{
    Exit, Global, Output,
    app::{For, assembly},
};
use crate::{
    load::cdk::OUTPUT,
    ops::{
        self, Comparison,
        diff::{Between, Request},
    },
    world::World,
};
#[cfg(feature = "aws")]
use crate::{
    ops::{Choice, Deployables, deploy::Settings, diff::Asking},
    present,
    world::aws,
};

/// What to compare.
#[derive(Debug, clap::Args)]
pub(super) struct SidesArgs {
    /// The names of stacks; or what there was and what there is, which is left out where an app is that, and then the names
    /// of stacks. `-` is standard input
    #[arg(value_name = "STACK|OLD NEW")]
    what: Vec<String>,
    /// Compare the stack file with what it was at this branch, tag or commit
    #[arg(long, value_name = "REVISION")]
    pub(super) base: Option<String>,
    /// A value for a parameter, of one stack or of all that have it, as a deployment would give it
    #[cfg(feature = "aws")]
    #[arg(long = "parameter", visible_alias = "parameters", value_name = "[STACK:]NAME=VALUE")]
    parameters: Vec<String>,
}

/// Whom to ask what a deployment would change.
#[cfg(feature = "aws")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Method {
    /// Nobody: read the template that is deployed, and take the schemas' word for what is replaced
    Template,
    /// CloudFormation, which knows every value
    ChangeSet,
}

impl SidesArgs {
    /// Opens the assembly of the app, if there is one, and something is compared with it that is not deployed.
    pub(super) fn open(
        &self,
        global: &Global,
        world: &World,
        output: &mut Output<'_>,
    ) -> io::Result<Result<(), Exit>> {
        let is_compared = self.what.first().is_some_and(|it| it == "-" || world.files.exists(Path::new(it)));
        let are_both = self.what.get(1).is_some_and(|it| world.files.exists(Path::new(it)));
        if self.base.is_some() || !is_compared || are_both {
            return Ok(Ok(()));
        }
        Ok(assembly(For::Use, global, world, output)?.map(|_| ()))
    }

    /// Both sides, where they are named, and the stacks; nothing, if what is deployed is one of them.
    pub(super) fn between<'a>(
        &'a self,
        command: &str,
        global: &'a Global,
        world: &World,
    ) -> Result<Option<(Between<'a>, &'a [String])>, Diagnostic> {
        // The path of a stack in an app has slashes, too.
        let has_app = global.app.is_some();
        let is_written_so = |it: &String| !has_app && it.contains(['.', '/']);
        let is_path = |it: &String| it == "-" || is_written_so(it) || world.files.exists(Path::new(it));
        match (&self.base, self.what.as_slice()) {
            (Some(_), _) if has_app => Err(without_revisions(command)),
            (Some(reference), names) => Ok(Some((Between::Revision(reference, &global.file), names))),
            (None, [old, names @ ..]) if has_app && is_path(old) && !names.first().is_some_and(is_path) => {
                let folder = global.told.folder().unwrap_or(Path::new(OUTPUT));
                Ok(Some((Between::Paths(Path::new(old), folder), names)))
            }
            (None, [old, new, names @ ..]) if is_path(old) || is_path(new) => {
                Ok(Some((Between::Paths(Path::new(old), Path::new(new)), names)))
            }
            (None, [one]) if is_path(one) => {
                let fault = "there is one side, and nothing to compare it with";
                let help = format!("name what there was and what there is: `asi {command} OLD NEW`");
                Err(Diagnostic::error("nothing-to-compare", fault).help(help))
            }
            (None, _) => Ok(None),
        }
    }

    /// What is named, where no other side is: stacks.
    #[cfg(feature = "aws")]
    pub(super) fn stacks(&self) -> &[String] {
        &self.what
    }

    /// Whether only some stacks are meant.
    #[cfg(feature = "aws")]
    pub(super) fn names_stacks(&self) -> bool {
        !self.what.is_empty()
    }

    /// What is deployed of the stacks of an environment, and what there is; with what only the account tells, if that is asked, too; how the run ends, if that cannot be compared.
    #[cfg(feature = "aws")]
    pub(super) fn deployed(
        &self,
        method: Method,
        observes: bool,
        environment: Option<&str>,
        global: &Global,
        world: &World,
        output: &mut Output<'_>,
    ) -> io::Result<Result<Comparison, Exit>> {
        let parameters = match super::deploy::parameters(&self.parameters) {
            Ok(parameters) => parameters,
            Err(fault) => return output.fault(fault).map(Err),
        };
        let files = world.files.as_ref();
        let folder = match assembly(For::Use, global, world, output)? {
            Ok(folder) => folder,
            Err(exit) => return Ok(Err(exit)),
        };
        let choice = match self.what.as_slice() {
            [] => Choice::All,
            patterns => Choice::Named { patterns, exclusively: true },
        };
        let deployables: Deployables = match folder {
            Some(folder) => ops::assembled(files, folder, choice).distinct(),
            None => super::context::looked_up(global, world, output, || {
                ops::synthesize(files, &global.file, environment, &self.what)
            })?
            .into(),
        };
        if has_errors(&deployables.diagnostics) {
            return output.diagnostics(&deployables.diagnostics, &deployables.sources).map(Err);
        }
        let settings = Settings {
            parameters,
            // Two at once do not get into each other's way.
            change_set: format!("asi-{}", aws::token()),
            observes,
            profile: global.profile.clone(),
            region: global.region.clone(),
            ..Settings::default()
        };
        let asking = match method {
            Method::Template => Asking::Templates,
            Method::ChangeSet => Asking::ChangeSet,
        };
        let (stacks, sources) = (deployables.stacks.clone(), deployables.sources.clone());
        match aws::block_on(ops::diff::deployed(world, deployables, &settings, asking)) {
            Ok(comparison) => Ok(Ok(comparison)),
            Err((name, ending)) => {
                let of = stacks.iter().find(|it| it.target.name == name);
                let faults = present::faults(&ending, &name, of, &output.command);
                output.diagnostics(&faults, &sources)?;
                Ok(Err(super::deploy::exit_of_one(&ending)))
            }
        }
    }
}

/// Compares both sides that are named.
pub(super) fn compare(
    (between, stacks): (Between<'_>, &[String]),
    environment: Option<&str>,
    world: &World,
) -> Comparison {
    let request = Request { between, environment, stacks };
    ops::diff(world.files.as_ref(), world.revisions.as_ref(), &request)
}

/// That an app is only there as it is now.
fn without_revisions(command: &str) -> Diagnostic {
    let fault = "an app is not run as it was at a revision, with what it was installed with";
    Diagnostic::error("nothing-to-compare", fault).help(format!(
        "write the assembly of that revision into a folder, and compare with it: `asi {command} FOLDER`"
    ))
}

/// That it takes what this program was built without.
#[cfg(not(feature = "aws"))]
pub(super) fn without_aws(command: &str) -> Diagnostic {
    let fault = "comparing with what is deployed takes access to AWS, which this `asi` was built without";
    Diagnostic::error("nothing-to-compare", fault).help(format!(
        "compare with a revision, `asi {command} --base main`, or two templates, `asi {command} OLD NEW`"
    ))
}
