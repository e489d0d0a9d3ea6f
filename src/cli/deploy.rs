//! `asi deploy`

use std::{collections::BTreeMap, io, path::PathBuf};

use asi_constructs::kernel::{diagnostic::Diagnostic, span::Sources};
use clap::ValueEnum;

use super::{
    Exit, Global, Output,
    app::{For, assembly},
    progress::Printer,
};
use crate::{
    ops::{
        self, Choice, Deployables,
        deploy::{Approval, Ending, Endings, Hotswap, Method, Settings},
        validate::Request,
    },
    present::{self, deploy::Origins},
    review::Fingerprint,
    wire,
    world::{World, aws},
};

/// Deploy stacks
///
/// Has CloudFormation make a change set, shows what it does, asks whether to do it, executes it, and watches it to its
/// end. Stacks that need each other are deployed in order, others side by side. A run that was interrupted can be run
/// again: it watches what is under way, and goes on.
///
/// Outputs go to standard output, all else to standard error.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Debug, clap::Args)]
#[command(
    visible_alias = "apply",
    after_help = "Calls of AWS: cloudformation:DescribeStacks, GetTemplate, CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, DescribeStackEvents; DeleteChangeSet where one is in the way or is not executed; DescribeEvents where CloudFormation refuses something; ListChangeSets and DeleteStack where a stack never came up; CreateStack or UpdateStack with --method direct; CancelUpdateStack after Ctrl-C, if asked for; UpdateTerminationProtection with --protect. Where a service of ECS does not come up: ecs:DescribeServices, ListTasks, DescribeTasks. Where a stack is bound to an account or its template is large: sts:GetCallerIdentity; where its template is large: s3:GetObject, s3:PutObject. With --hotswap: cloudformation:ListStackResources, ecs:DescribeServices, DescribeTaskDefinition, RegisterTaskDefinition, TagResource, UpdateService, and iam:PassRole for the roles of the task; ListTasks and DescribeTasks where a service does not come up. Where images are built, ecr:DescribeRepositories, DescribeImages, GetAuthorizationToken, and what `docker push` asks of a registry. With --app also sts:AssumeRole, ssm:GetParameter, s3:GetObject, s3:PutObject; where a bucket may not be looked into, s3:GetBucketLocation. Images are built by `docker`, or by the program that CDK_DOCKER names.\n\nExit codes: 0 deployed, or nothing to do; 1 it failed, or nobody said yes; 2 an input is wrong; 3 AWS cannot be asked, or the stack is stuck; 130 Ctrl-C was pressed again while a change set was taken away."
)]
pub(super) struct Args {
    /// The stacks, by the names `asi ls` prints, and with them all that they need; if absent, those of the chosen
    /// environment, or the only one of an app
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
    /// Deploy only the stacks named, and not those they need
    #[arg(long)]
    exclusively: bool,
    /// What to do with the change set
    #[arg(short, long, value_name = "METHOD", default_value = "change-set")]
    method: Way,
    /// The name of the change set; if absent, asi-deploy
    #[arg(long, value_name = "NAME")]
    change_set_name: Option<String>,
    /// When to ask before anything is done
    #[arg(long, value_name = "WHEN", default_value = "broadening")]
    require_approval: When,
    /// Say yes to everything
    #[arg(short, long)]
    yes: bool,
    /// Do what was approved in a review, by its fingerprint, without a question; stop if anything else is to be done
    #[arg(long, value_name = "FINGERPRINT", conflicts_with_all = ["yes", "hotswap", "hotswap_fallback", "revert_drift", "import_existing_resources", "no_protect"])]
    approved: Option<String>,
    /// Do what was approved by the review in the pull request that was merged with the commit of this run in CI
    #[arg(long, value_name = "WHERE", conflicts_with_all = ["yes", "approved", "hotswap", "hotswap_fallback", "revert_drift", "import_existing_resources", "no_protect"])]
    approved_in: Option<super::post::Where>,
    /// A value for a parameter, of one stack or of all that have it; others keep their value, or have their default
    #[arg(long = "parameter", visible_alias = "parameters", value_name = "[STACK:]NAME=VALUE")]
    parameters: Vec<String>,
    /// A further tag
    #[arg(short, long = "tag", visible_alias = "tags", value_name = "KEY=VALUE")]
    tags: Vec<String>,
    /// The role that CloudFormation takes on; if absent, the one the stack has
    #[arg(short, long, value_name = "ARN")]
    role_arn: Option<String>,
    /// A topic that hears of all events
    #[arg(long, value_name = "ARN")]
    notification_arns: Vec<String>,
    /// An alarm that turns an update back, at most five
    #[arg(long, value_name = "ARN")]
    rollback_trigger_alarm_arns: Vec<String>,
    /// For how long these are watched after an update, in minutes
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(i32).range(0..=180))]
    monitoring_time_minutes: Option<i32>,
    /// Keep the stack from being deleted
    #[arg(long, conflicts_with = "no_protect")]
    protect: bool,
    /// Let the stack be deleted
    #[arg(long)]
    no_protect: bool,
    /// Leave everything as it is when something fails, to go on from there
    #[arg(short = 'R', long)]
    no_rollback: bool,
    /// Do not wait for resources to be ready
    #[arg(long, conflicts_with = "hotswap")]
    express: bool,
    /// Bring what was changed outside of CloudFormation back to what the template says
    #[arg(long, conflicts_with_all = ["hotswap", "hotswap_fallback"])]
    revert_drift: bool,
    /// Take resources into the stack that are there already, by the names the template gives them
    #[arg(long, conflicts_with_all = ["hotswap", "hotswap_fallback"])]
    import_existing_resources: bool,
    #[command(flatten)]
    swaps: SwapArgs,
    /// Have a change set made even where nothing seems to differ
    #[arg(long, conflicts_with_all = ["hotswap", "hotswap_fallback"])]
    force: bool,
    /// How many stacks to deploy at once
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..))]
    concurrency: u8,
    /// Write all outputs into this file, as JSON: stack, then key, then value
    #[arg(short = 'O', long, value_name = "FILE")]
    outputs_file: Option<PathBuf>,
    /// Show what follows from other changes, too, and what is hardly worth a line; where no stack of an app is named, deploy
    /// all of them, but for those of its stages
    #[arg(long)]
    all: bool,
}

/// Whether containers are exchanged by ECS alone.
#[derive(Debug, clap::Args)]
pub(super) struct SwapArgs {
    /// Where only containers of ECS differ, have their services run these at once, without CloudFormation, which does not know
    /// of them before the next deployment; deploy nothing else
    #[arg(long, conflicts_with = "hotswap_fallback")]
    hotswap: bool,
    /// The same, but deploy all else as usual
    #[arg(long)]
    hotswap_fallback: bool,
}

impl SwapArgs {
    /// When they are.
    pub(super) fn hotswap(&self) -> Hotswap {
        match self {
            Self { hotswap: true, .. } => Hotswap::Always,
            Self { hotswap_fallback: true, .. } => Hotswap::Perhaps,
            Self { .. } => Hotswap::Never,
        }
    }

    /// Whether they may be.
    pub(super) fn is_given(&self) -> bool {
        self.hotswap() != Hotswap::Never
    }
}

/// What to do with a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// Make one, show it, and execute it
    ChangeSet,
    /// Make one, show it, and leave it to be executed
    PrepareChangeSet,
    /// Execute the one that was made before
    ExecuteChangeSet,
    /// Make none: show what the templates say, and do it, which is quicker
    Direct,
}

/// When to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    /// Never
    Never,
    /// Where something goes, or is replaced
    Destructive,
    /// There, and where more is allowed than before
    Broadening,
    /// Wherever something changes
    AnyChange,
}

pub(super) fn run(args: &Args, global: &Global, world: &World, output: &mut Output<'_>) -> io::Result<Exit> {
    let idle = idle(args);
    if !idle.is_empty() {
        return output.diagnostics(&idle, &Sources::default());
    }
    let mut settings = match settings(args, global) {
        Ok(settings) => settings,
        Err(fault) => return output.fault(fault),
    };
    let files = world.files.as_ref();
    let choice = match (args.stacks.as_slice(), args.all) {
        ([], true) => Choice::TopLevel,
        ([], false) => Choice::Only,
        (patterns, _) => Choice::Named { patterns, exclusively: args.exclusively },
    };
    let (deployables, exit) = deployables(choice, global, world, output)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    if let Some(place) = args.approved_in {
        settings.approved = match super::post::approved(place, global, world, output)? {
            Ok(approved) => Some(approved),
            Err(exit) => return Ok(exit),
        };
    }
    let endings = carried_out(&deployables, &settings, args.all, world, output)?;
    if let Some(path) = &args.outputs_file {
        let stacks = endings.iter().filter_map(|(_, it)| match it {
            Ending::Done(stack) | Ending::Unchanged(stack) => Some(&**stack),
            _ => None,
        });
        if let Err(error) = files.write(path, wire::outputs(stacks).as_bytes()) {
            writeln!(output.err, "error: {error}")?;
            return Ok(Exit::World);
        }
    }
    Ok(exit_of(&endings))
}

/// Deploys stacks, and prints what happens, and what the stacks give.
pub(super) fn carried_out(
    deployables: &Deployables,
    settings: &Settings,
    all: bool,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<Endings> {
    let Deployables { stacks, sources, .. } = deployables;
    let mut printer = Printer::new(output, world, Origins { stacks, sources }, all);
    let endings = aws::block_on(ops::deploy(world, stacks, sources, settings, &mut printer));
    printer.finish()?;
    if let Some(line) = present::deploy::deployed(&endings) {
        writeln!(output.err, "{line}")?;
    }
    for (_, ending) in &endings {
        if let Ending::Done(stack) | Ending::Unchanged(stack) = ending {
            output.out.write_all(present::deploy::outputs(stack).as_bytes())?;
        }
    }
    Ok(endings)
}

/// The stacks of the stack file or of the assembly, once what is wrong with them is told, and how that ends the run.
pub(super) fn deployables(
    choice: Choice<'_>,
    global: &Global,
    world: &World,
    output: &mut Output<'_>,
) -> io::Result<(Deployables, Exit)> {
    let files = world.files.as_ref();
    let folder = match assembly(For::Use, global, world, output)? {
        Ok(folder) => folder,
        Err(exit) => return Ok((Deployables::default(), exit)),
    };
    if let Some(folder) = folder {
        let deployables = ops::assembled(files, folder, choice).distinct();
        let exit = output.diagnostics(&deployables.diagnostics, &deployables.sources)?;
        return Ok((deployables, exit));
    }
    let (names, exclusively) = match choice {
        Choice::All | Choice::TopLevel | Choice::Only => (&[][..], false),
        Choice::Named { patterns, exclusively } => (patterns, exclusively),
    };
    let synthesize = if exclusively { ops::synthesize } else { ops::synth::synthesize_with_needs };
    let synthesis = super::context::looked_up(global, world, output, || {
        synthesize(files, &global.file, global.env.as_deref(), names)
    })?;
    let request = Request { environment: global.env.as_deref(), ..Request::default() };
    let exit = output.findings(ops::validate::judge(&synthesis, &request).findings, &synthesis.sources)?;
    Ok((synthesis.into(), exit))
}

/// The worst of all.
pub(super) fn exit_of(endings: &Endings) -> Exit {
    endings.iter().map(|(_, it)| exit_of_one(it)).max_by_key(|it| *it as u8).unwrap_or(Exit::Done)
}

/// How a run ends that ends so.
pub(super) fn exit_of_one(ending: &Ending) -> Exit {
    match ending {
        Ending::Unchanged(_)
        | Ending::Prepared(_)
        | Ending::Done(_)
        | Ending::Swapped(_)
        | Ending::Recovered(_)
        | Ending::Gone => Exit::Done,
        Ending::Declined
        | Ending::Undecided(_)
        | Ending::NotApproved(_)
        | Ending::Failed { .. }
        | Ending::Skipped(_)
        | Ending::Left
        | Ending::LeftSwapping
        | Ending::Unswappable(_)
        | Ending::Unsteady(_)
        | Ending::Protected
        | Ending::Holding(_)
        | Ending::Stopped
        | Ending::NoChangeSet
        | Ending::Outdated => Exit::No,
        Ending::Abandoned => Exit::Interrupted,
        Ending::Faulty(_)
        | Ending::Refused { .. }
        | Ending::NothingToImport
        | Ending::NoWay { .. }
        | Ending::TooLarge(_)
        | Ending::NoBucket { .. }
        | Ending::WrongAccount { .. }
        | Ending::WrongRegion { .. } => Exit::Input,
        Ending::Unpublished { why, .. } if why.is_of_input() => Exit::Input,
        Ending::Unpublished { .. } | Ending::Stuck(_) | Ending::NotBootstrapped { .. } | Ending::Aws(_) => {
            Exit::World
        }
    }
}

fn settings(args: &Args, global: &Global) -> Result<Settings, Diagnostic> {
    let mut tags: BTreeMap<String, String> = global.told.tags().iter().cloned().collect();
    for given in &args.tags {
        let (key, value) = pair(given, "--tag", "KEY=VALUE")?;
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(Settings {
        method: match args.method {
            Way::ChangeSet => Method::ChangeSet,
            Way::PrepareChangeSet => Method::Prepare,
            Way::ExecuteChangeSet => Method::Execute,
            Way::Direct => Method::Direct,
        },
        change_set: args.change_set_name.clone().unwrap_or_else(|| Settings::default().change_set),
        approval: match args.require_approval {
            When::Never => Approval::Never,
            When::Destructive => Approval::Destructive,
            When::Broadening => Approval::Broadening,
            When::AnyChange => Approval::AnyChange,
        },
        yes: args.yes,
        approved: args.approved.as_deref().map(fingerprints).transpose()?,
        observes: false,
        parameters: parameters(&args.parameters)?,
        tags,
        role: args.role_arn.clone(),
        notifications: args.notification_arns.clone(),
        alarms: args.rollback_trigger_alarm_arns.clone(),
        monitored_minutes: args.monitoring_time_minutes,
        protects: (args.protect || args.no_protect).then_some(args.protect),
        keeps_failed: args.no_rollback,
        is_express: args.express,
        reverts_drift: args.revert_drift,
        imports_existing: args.import_existing_resources,
        hotswap: args.swaps.hotswap(),
        is_forced: args.force,
        profile: global.profile.clone(),
        region: global.region.clone(),
        concurrency: usize::from(args.concurrency),
    })
}

/// What was approved in a review.
fn fingerprints(given: &str) -> Result<Vec<Fingerprint>, Diagnostic> {
    Fingerprint::read(given).ok_or_else(|| {
        Diagnostic::error("option-value", "`--approved` is given what is no fingerprint")
            .help("copy it from the end of the review, as `asi review` prints it")
    })
}

/// The options that have no effect with the chosen method.
fn idle(args: &Args) -> Vec<Diagnostic> {
    use Way::{ChangeSet, Direct, ExecuteChangeSet, PrepareChangeSet};
    // What a change set is made with; without one, it is given along with the call.
    let made: &[Way] = &[ChangeSet, PrepareChangeSet, Direct];
    let only_made: &[Way] = &[ChangeSet, PrepareChangeSet];
    // What is done once the stack is what it should be, or while it becomes that.
    let done: &[Way] = &[ChangeSet, ExecuteChangeSet, Direct];
    let options = [
        (
            args.change_set_name.is_some(),
            "--change-set-name",
            &[ChangeSet, PrepareChangeSet, ExecuteChangeSet][..],
        ),
        (args.approved.is_some(), "--approved", made),
        (args.approved_in.is_some(), "--approved-in", made),
        (!args.parameters.is_empty(), "--parameter", made),
        (!args.tags.is_empty(), "--tag", made),
        (args.role_arn.is_some(), "--role-arn", made),
        (!args.notification_arns.is_empty(), "--notification-arns", made),
        (!args.rollback_trigger_alarm_arns.is_empty(), "--rollback-trigger-alarm-arns", made),
        (args.monitoring_time_minutes.is_some(), "--monitoring-time-minutes", made),
        (args.express, "--express", made),
        (args.force, "--force", made),
        (args.swaps.hotswap, "--hotswap", &[ChangeSet]),
        (args.swaps.hotswap_fallback, "--hotswap-fallback", &[ChangeSet]),
        (args.revert_drift, "--revert-drift", only_made),
        (args.import_existing_resources, "--import-existing-resources", only_made),
        (args.protect, "--protect", done),
        (args.no_protect, "--no-protect", done),
        (args.no_rollback, "--no-rollback", done),
    ];
    let is_idle =
        |(is_given, _, methods): &(bool, &str, &[Way])| *is_given && !methods.contains(&args.method);
    let fault = |(_, option, methods): (bool, &str, &[Way])| {
        let methods: Vec<String> = methods.iter().map(|it| it.name()).collect();
        present::deploy::idle_option(option, &args.method.name(), &methods)
    };
    options.into_iter().filter(is_idle).map(fault).collect()
}

impl Way {
    /// As one types it.
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |it| it.get_name().to_owned())
    }
}

/// Values of parameters: the stack, if one is named, the name, and the value.
pub(super) fn parameters(given: &[String]) -> Result<Vec<(Option<String>, String, String)>, Diagnostic> {
    let parameter = |given: &String| {
        let (name, value) = pair(given, "--parameter", "NAME=VALUE")?;
        let (stack, name) = name.split_once(':').map_or((None, name), |(stack, it)| (Some(stack), it));
        Ok((stack.map(str::to_owned), name.to_owned(), value.to_owned()))
    };
    given.iter().map(parameter).collect()
}

/// Both sides of what was given as `KEY=VALUE`.
pub(super) fn pair<'a>(given: &'a str, option: &str, form: &str) -> Result<(&'a str, &'a str), Diagnostic> {
    given.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
        let fault = format!("`{option} {given}` has no value");
        Diagnostic::error("option-value", fault).help(format!("write it as `{option} {form}`"))
    })
}
