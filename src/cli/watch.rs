//! `asi watch`

use std::io;

use asi_constructs::kernel::{diagnostic::Diagnostic, span::Sources};

use super::{
    Exit, Global, Output,
    deploy::{SwapArgs, carried_out},
};
use crate::{
    ops::{
        Deployables,
        deploy::{Endings, Settings},
        watch::{self, Failure, Follower, Goal, News, Request, Seen, Which},
    },
    present::{self, View},
    world::World,
};

/// Watch files, and tell at once what a change does
///
/// Whenever a file is saved that stacks come of, they are synthesized, validated, and compared with what was good before:
/// the stack file, what was looked up for it, and the folders that images are built of, but for what `.dockerignore`
/// names; of an app of the CDK, all files in this folder, or those that `watch: {include, exclude}` in `cdk.json` names.
/// What is wrong is shown with its line, and the watch goes on. Ctrl-C ends it.
///
/// With --deploy what has changed is deployed as `asi deploy` does it, one change after the other. What removes or replaces
/// something, or allows more than before, is asked about. Where nobody can be asked, --yes says yes to all of it.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Calls of AWS: none without --deploy and --deployed. With --deployed: cloudformation:DescribeStacks, GetTemplate. With --deploy: those of asi deploy, and where something has to be looked up, of asi context fetch.\n\nExit codes: 0 somebody pressed Ctrl-C; 2 there is nothing to watch, or nobody can say yes; 3 the system tells of no changes."
)]
pub(super) struct Args {
    /// The stacks, by the names `asi ls` prints, and with --deploy all that they need; if absent, those of the chosen
    /// environment, or all; with --deploy as `asi deploy` has it
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// Deploy what has changed
    #[arg(long)]
    deploy: bool,
    /// Compare with what is deployed, in place of what was good before
    #[arg(long, conflicts_with = "deploy")]
    deployed: bool,
    /// Say yes to everything that is deployed
    #[arg(short, long, requires = "deploy")]
    yes: bool,
    #[command(flatten)]
    swaps: SwapArgs,
    /// A value for a parameter, of one stack or of all that have it; others keep their value, or have their default
    #[arg(long = "parameter", visible_alias = "parameters", value_name = "[STACK:]NAME=VALUE")]
    parameters: Vec<String>,
    /// Show what follows from other changes, too, and what is hardly worth a line
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let goal = match () {
        () if args.deploy => Goal::Deploy,
        () if args.deployed => Goal::CompareDeployed,
        () => Goal::Compare,
    };
    if goal == Goal::Deploy && !args.yes && !world.is_interactive {
        return output.fault(unattended(&output.command));
    }
    if goal != Goal::Deploy && args.swaps.is_given() {
        return output.fault(idle_swap());
    }
    let settings = match settings(args, global) {
        Ok(settings) => settings,
        Err(fault) => return output.fault(fault),
    };
    let which = Which {
        from: super::app::watched(global),
        environment: global.env.as_deref(),
        stacks: &args.stacks,
        goal,
        reach: super::app::reach(global),
    };
    let request = Request { which, settings: &settings };
    let mut screen = Screen { request: &request, all: args.all, world, output };
    match watch::watch(world, &request, &mut screen) {
        Ok(()) => Ok(Exit::Done),
        Err(Failure::Faulty(fault)) => output.fault(*fault),
        Err(Failure::World(error)) => {
            writeln!(output.err, "error: the system does not tell when files change: {error}")?;
            Ok(Exit::World)
        }
        Err(Failure::Unheard(error)) => Err(error),
    }
}

fn settings(args: &Args, global: &Global) -> Result<Settings, Diagnostic> {
    Ok(Settings {
        yes: args.yes,
        hotswap: args.swaps.hotswap(),
        parameters: super::deploy::parameters(&args.parameters)?,
        tags: global.told.tags().iter().cloned().collect(),
        profile: global.profile.clone(),
        region: global.region.clone(),
        ..Settings::default()
    })
}

/// That nothing is exchanged where nothing is deployed.
fn idle_swap() -> Diagnostic {
    Diagnostic::error("idle-option", "a hotswap has no effect without `--deploy`")
        .help("leave it out, or have what changes deployed with `--deploy`")
}

/// That nobody is there to say yes to what will be deployed.
fn unattended(command: &str) -> Diagnostic {
    let fault = "whatever changes would be deployed, and nobody is here to say yes";
    Diagnostic::error("no-consent", fault).help(format!("say yes to all of it: `{command} --yes`"))
}

/// Prints what happens.
struct Screen<'a, 'o> {
    request: &'a Request<'a>,
    all: bool,
    world: &'a World,
    output: &'a mut Output<'o>,
}

impl Screen<'_, '_> {
    fn seen(&mut self, seen: &Seen) -> io::Result<()> {
        let sources = &seen.look.deployables.sources;
        if !seen.look.kept.is_empty() {
            writeln!(self.output.err, "{}", present::looked_up(&seen.look.kept))?;
        }
        self.output.findings(seen.fresh.clone(), sources)?;
        match &seen.comparison {
            None => (),
            Some(Ok(comparison)) => {
                self.output.doc(&present::diff(comparison, &View::terminal(self.all, false)))?;
                // The next line is about it, and goes another way.
                self.output.out.flush()?;
            }
            Some(Err((name, ending))) => {
                let of = seen.look.deployables.stacks.iter().find(|it| it.target.name == *name);
                let faults = present::faults(ending, name, of, &self.output.command);
                self.output.diagnostics(&faults, sources)?;
                return Ok(());
            }
        }
        writeln!(self.output.err, "{}", present::watch::seen(seen, self.request.which.goal))
    }
}

impl Follower for Screen<'_, '_> {
    fn hear(&mut self, news: &News<'_>) -> io::Result<()> {
        match news {
            News::Began => {
                let Which { from, goal, .. } = self.request.which;
                writeln!(self.output.err, "{}", present::watch::watched(from, goal))?;
            }
            News::Unwatched(folders) => {
                self.output.diagnostics(&present::watch::unwatched(folders), &Sources::default())?;
            }
            News::Changed(paths) => writeln!(self.output.err, "\n{}", present::watch::changed(paths))?,
            News::Seen(seen) => self.seen(seen)?,
            News::Unchanged => writeln!(self.output.err, "{}", present::watch::UNCHANGED)?,
        }
        self.output.err.flush()
    }

    fn deploy(&mut self, stacks: &Deployables) -> io::Result<Endings> {
        let endings = carried_out(stacks, self.request.settings, self.all, self.world, self.output)?;
        self.output.out.flush()?;
        Ok(endings)
    }
}
