//! What stacks are at one moment, and what is wrong with them.

use std::path::{Path, PathBuf};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity},
    span::{Sources, Span},
};

use super::{Goal, scope::Scope};
use crate::{
    load::cdk,
    ops::{
        self, Choice, Deployables, assembled, context,
        launch::{self, App, Failure},
        synth, validate,
    },
    validate::Finding,
    world::{Reach, World, aws},
};

/// Where stacks come from.
#[derive(Clone, Copy, Debug)]
pub enum From<'a> {
    /// A stack file.
    StackFile(&'a Path),
    /// An app of the CDK, or a folder with its assembly.
    App {
        /// Its command, or the folder; nothing, if `cdk.json` says it.
        command: Option<&'a str>,
        /// What it is told by its context.
        context: &'a [String],
    },
}

/// Which stacks, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Which<'a> {
    /// Where they come from.
    pub from: From<'a>,
    /// The environment of a stack file to take.
    pub environment: Option<&'a str>,
    /// The stacks, by name; all of them, if there are none.
    pub stacks: &'a [String],
    /// What is done with them. If they are deployed, what they need goes with them, and what they lack of AWS is looked up.
    pub goal: Goal,
    /// How AWS is reached.
    pub reach: Reach<'a>,
}

/// What stacks are at one moment.
#[derive(Debug, Default)]
pub struct Look {
    /// What is wrong with them, and what is worth a warning.
    pub findings: Vec<Finding>,
    /// The stacks; none, if something is wrong.
    pub deployables: Deployables,
    /// The keys of what was looked up in AWS, and is kept from now on.
    pub kept: Vec<String>,
}

impl Look {
    /// Whether nothing is wrong that would keep them from being deployed.
    pub fn is_good(&self) -> bool {
        !self.findings.iter().any(|it| it.diagnostic.severity == Severity::Error)
    }

    fn faulty(fault: Diagnostic, sources: Sources) -> Self {
        let deployables = Deployables { sources, ..Deployables::default() };
        Self { findings: vec![fault.into()], deployables, ..Self::default() }
    }
}

impl Which<'_> {
    /// The files that matter, as far as that is known before anything was read.
    pub(super) fn scope(&self, world: &World) -> Scope {
        match self.from {
            From::StackFile(path) => Scope::of_stack_file(path),
            From::App { command: Some(folder), .. } if world.files.is_folder(Path::new(folder)) => {
                Scope::of_assembly(Path::new(folder))
            }
            From::App { context, .. } => Scope::of_app(&settings(world, context, &mut Sources::default()).0),
        }
    }

    /// Looks at the stacks, and at the files that they are made of now.
    pub(super) fn look(&self, world: &World, scope: &mut Scope) -> Look {
        match self.from {
            From::StackFile(path) => self.of_stack_file(world, path, scope),
            From::App { command, context } => self.of_app(world, command, context),
        }
    }

    fn of_stack_file(&self, world: &World, path: &Path, scope: &mut Scope) -> Look {
        let files = world.files.as_ref();
        let mut kept = Vec::new();
        let synthesis = if self.goal == Goal::Deploy {
            let synthesize = || synth::synthesize_with_needs(files, path, self.environment, self.stacks);
            let fetched = aws::block_on(context::fetch(world, path, &self.reach, synthesize));
            kept = fetched.kept;
            fetched.synthesis
        } else {
            ops::synthesize_each(files, path, self.environment, self.stacks, None)
        };
        scope.take(files, path, &synthesis);
        let request = validate::Request { environment: self.environment, ..validate::Request::default() };
        let findings = validate::judge(&synthesis, &request).findings;
        let deployables = Deployables { diagnostics: Vec::new(), ..synthesis.into() };
        Look { findings, deployables, kept }
    }

    fn of_app(&self, world: &World, command: Option<&str>, context: &[String]) -> Look {
        let mut sources = Sources::default();
        let (settings, faults) = settings(world, context, &mut sources);
        if let Some(fault) = faults.into_iter().find(|it| it.severity == Severity::Error) {
            return Look::faulty(fault, sources);
        }
        let own = settings.app.as_ref();
        let place = own.filter(|_| command.is_none()).map_or(Span::NOWHERE, |it| it.span);
        let Some(command) = command.or(own.map(|it| it.value.as_str())) else {
            let fault = format!("`{}` names no app any more", cdk::SETTINGS);
            let fault = Diagnostic::error("app-failed", fault);
            return Look::faulty(fault.help("name it under `app`, or with `--app`"), sources);
        };
        let folder = Path::new(settings.output.as_deref().unwrap_or(cdk::OUTPUT));
        let app = App { command, place, settings: &settings, folder, reach: self.reach, bundles: true };
        match launch::open(world, &app) {
            // It is kept from being written until it was read.
            Ok(opened) => self.of_assembly(world, &opened.folder),
            Err(Failure::Faulty(fault) | Failure::World(fault)) => Look::faulty(*fault, sources),
        }
    }

    fn of_assembly(&self, world: &World, folder: &Path) -> Look {
        let choice = match self.stacks {
            [] => Choice::All,
            patterns => Choice::Named { patterns, exclusively: self.goal != Goal::Deploy },
        };
        let all = assembled(world.files.as_ref(), folder, choice);
        let mut deployables = match self.goal {
            Goal::Compare => all,
            Goal::CompareDeployed | Goal::Deploy => all.distinct(),
        };
        let of_app = std::mem::take(&mut deployables.diagnostics).into_iter().map(Finding::from);
        let request = validate::Request::default();
        let of_templates = deployables
            .stacks
            .iter()
            .flat_map(|it| validate::of_template(&it.template, it.target.region.as_deref(), &request));
        let findings = of_app.chain(of_templates).collect();
        Look { findings, deployables, kept: Vec::new() }
    }
}

/// What `cdk.json` and that of the user say.
fn settings(world: &World, context: &[String], sources: &mut Sources) -> (cdk::Settings, Vec<Diagnostic>) {
    let home = ["HOME", "USERPROFILE"].iter().find_map(|it| world.variables.get(it)).map(PathBuf::from);
    cdk::settings(world.files.as_ref(), home.as_deref(), context, sources)
}
