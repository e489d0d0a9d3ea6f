//! Where stacks come from: the stack file, or an app of the CDK, which `-a` or `cdk.json` names.

use std::{cell::OnceCell, io, path::Path};

use asi_constructs::kernel::span::{Sources, Span};

use super::{Exit, Global, Output};
#[cfg(feature = "aws")]
use crate::ops::watch::From;
use crate::{
    load::cdk::{self, OUTPUT, SETTINGS, Settings},
    ops::{
        app_protocol::FOLDER,
        launch::{self, App, Failure, Opened},
    },
    world::{Reach, World},
};

/// What `cdk.json` says, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Told {
    settings: Settings,
    sources: Sources,
    /// Where the app is named, if not on the command line.
    place: Span,
    /// Its assembly, once that is there: an app is run once.
    opened: OnceCell<Opened>,
}

impl Told {
    /// The tags that all stacks are to have.
    #[cfg(feature = "aws")]
    pub(super) fn tags(&self) -> &[(String, String)] {
        &self.settings.tags
    }

    /// The folder of the assembly, if that is open.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.opened.get().map(|it| it.folder.as_path())
    }
}

/// Finds out where stacks come from: without `-a`, without `-f`, and without a stack file, from the app of `cdk.json`. How the
/// run ends, if that cannot be.
pub(super) fn settle(
    global: &mut Global,
    names_file: bool,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Option<Exit>> {
    let files = world.files.as_ref();
    // As an app of the CDK itself, this is what `cdk.json` may name.
    let is_app = world.variables.get(FOLDER).is_some();
    let is_plain = is_app || names_file || files.exists(&global.file) || !files.exists(Path::new(SETTINGS));
    if global.app.is_none() && is_plain {
        return Ok(None);
    }
    let mut told = Told::default();
    let home = world.variables.home();
    let (settings, faults) = cdk::settings(files, home.as_deref(), &global.context, &mut told.sources);
    told.settings = settings;
    let exit = output.diagnostics(&faults, &told.sources)?;
    if exit != Exit::Done {
        return Ok(Some(exit));
    }
    if global.app.is_none()
        && let Some(app) = &told.settings.app
    {
        told.place = app.span;
        global.app = Some(app.value.clone());
    }
    #[cfg(feature = "aws")]
    {
        global.profile = global.profile.take().or_else(|| told.settings.profile.clone());
    }
    global.region = global.region.take().or_else(|| told.settings.region.clone());
    global.told = told;
    Ok(None)
}

/// What an assembly is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For<'a> {
    /// To know its stacks.
    List,
    /// To make something of its templates and assets.
    Use,
    /// To have it in this folder.
    Write(&'a Path),
}

/// The assembly that stacks come from, if they come from one; an app is run for it. How the run ends, if there is none.
pub(super) fn assembly<'g>(
    what: For<'_>,
    global: &'g Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Result<Option<&'g Path>, Exit>> {
    let Some(command) = &global.app else { return Ok(Ok(None)) };
    let Told { settings, sources, place, opened } = &global.told;
    if let Some(opened) = opened.get() {
        return Ok(Ok(Some(&opened.folder)));
    }
    let folder = match what {
        For::Write(folder) => folder,
        For::List | For::Use => Path::new(settings.output.as_deref().unwrap_or(OUTPUT)),
    };
    let bundles = what != For::List;
    let app = App { command, place: *place, settings, folder, reach: reach(global), bundles };
    // The app prints to the same terminal, by itself.
    output.out.flush()?;
    match launch::open(world, &app) {
        Ok(it) => Ok(Ok(Some(&opened.get_or_init(|| it).folder))),
        Err(Failure::Faulty(fault)) => output.diagnostics(&[*fault], sources).map(Err),
        Err(Failure::World(fault)) => {
            output.diagnostics(&[*fault], sources)?;
            Ok(Err(Exit::World))
        }
    }
}

/// What a watch is about.
#[cfg(feature = "aws")]
pub(super) fn watched(global: &Global) -> From<'_> {
    let command = global.app.as_deref();
    match command {
        None => From::StackFile(&global.file),
        // What `cdk.json` says may change.
        Some(_) => From::App {
            command: command.filter(|_| !global.told.place.is_written()),
            context: &global.context,
        },
    }
}

/// How AWS is reached.
pub(super) fn reach(global: &Global) -> Reach<'_> {
    #[cfg(feature = "aws")]
    let profile = global.profile.as_deref();
    #[cfg(not(feature = "aws"))]
    let profile = None;
    Reach { profile, region: global.region.as_deref() }
}
