//! An app of the CDK, run as the CDK's own CLI runs it: it is told by its environment where to write its assembly, and what
//! it cannot know itself.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use asi_constructs::kernel::{diagnostic::Diagnostic, lookup::Missing, span::Span};
use serde_json::{Map, Value, json};

use super::{app_protocol, assembly::Assembly};
use crate::{
    assembly::{self, NEWEST_VERSION},
    load::cdk::Settings,
    template,
    world::{Claim, Ended, Entry, FileError, Files, Lock, Program, ProgramError, Reach, Taken, World},
};

/// The version of the CDK's CLI whose word this keeps.
const CLI_VERSION: &str = "2.1148.1";
/// What all variables of a process may take, with what the system adds.
const MOST_VARIABLES: usize = if cfg!(windows) { 32_760 } else { 131_072 };

/// An app, and what it is run for.
#[derive(Clone, Copy, Debug)]
pub struct App<'a> {
    /// The command that writes the assembly, or the folder that has it.
    pub command: &'a str,
    /// Where that is written, if not on the command line.
    pub place: Span,
    /// All else that is said of it.
    pub settings: &'a Settings,
    /// The folder its assembly is written into.
    pub folder: &'a Path,
    /// Whose account and which region it is for.
    pub reach: Reach<'a>,
    /// Whether its assets are to be made: a list of stacks needs none.
    pub bundles: bool,
}

/// An assembly that nobody writes while this is there.
#[derive(Debug)]
pub struct Opened {
    /// Its folder.
    pub folder: PathBuf,
    /// What keeps others from writing it.
    _lock: Lock,
}

/// What keeps an assembly from being there.
#[derive(Debug)]
pub enum Failure {
    /// Something is wrong with what was given, or with the app.
    Faulty(Box<Diagnostic>),
    /// The world failed.
    World(Box<Diagnostic>),
}

/// The assembly of an app, which is run if it is not a folder that has one.
///
/// # Errors
///
/// A [`Failure`], if there is none.
pub fn open(world: &World, app: &App<'_>) -> Result<Opened, Failure> {
    let files = world.files.as_ref();
    let given = Path::new(app.command);
    if files.is_folder(given) {
        return opened(files, given);
    }
    let folder = app.folder;
    let mut known = Map::new();
    run(world, app, &known)?;
    let mut lacked = Vec::new();
    // What was looked up may lead to more; what stays missing is for the app to tell.
    while let Some(missing) = lacking(files, app, &lacked)? {
        known.extend(look_up(world, app, &missing)?);
        run(world, app, &known)?;
        lacked = missing;
    }
    if !files.exists(&folder.join(assembly::MANIFEST)) {
        let fault = format!("{} ended well, and wrote no assembly into `{}`", app.named(), folder.display());
        let help = "call `synth()` of the app, and write to where the variable `CDK_OUTDIR` says";
        return Err(app.fault("app-failed", fault, help));
    }
    opened(files, folder)
}

fn opened(files: &dyn Files, folder: &Path) -> Result<Opened, Failure> {
    let lock = claimed(files, folder, Claim::Read).map_err(Failure::World)?;
    Ok(Opened { folder: folder.to_owned(), _lock: lock })
}

/// What an app lacks of AWS, if that is more than was looked up already.
fn lacking(files: &dyn Files, app: &App<'_>, lacked: &[Missing]) -> Result<Option<Vec<Missing>>, Failure> {
    let assembly = Assembly::read(files, app.folder);
    let keys = |missing: &[Missing]| missing.iter().map(|it| it.key.clone()).collect::<BTreeSet<_>>();
    match assembly.lacking(files) {
        Some(fault) if app.settings.lookups == Some(false) => Err(Failure::Faulty(Box::new(fault))),
        Some(_) if keys(&assembly.missing) != keys(lacked) => Ok(Some(assembly.missing)),
        _ => Ok(None),
    }
}

/// Looks up what an app lacks, and keeps it beside the app.
#[cfg(feature = "aws")]
fn look_up(world: &World, app: &App<'_>, missing: &[Missing]) -> Result<Map<String, Value>, Failure> {
    use super::context::{self, Context};
    use crate::{load::CONTEXT, world::aws};

    let mut context = Context::read(world.files.as_ref(), Path::new(CONTEXT));
    if let Some(fault) = context.diagnostics.pop() {
        return Err(Failure::Faulty(Box::new(fault)));
    }
    let answers = aws::block_on(context::look_up(world, &app.reach, missing));
    let found: Map<String, Value> = answers.iter().map(context::Answer::context).collect();
    context.keep(found.clone());
    let written = context.write(world.files.as_ref());
    written.map_err(|it| Failure::World(Box::new(Diagnostic::error("file", it.to_string()))))?;
    Ok(found)
}

#[cfg(not(feature = "aws"))]
fn look_up(_: &World, app: &App<'_>, missing: &[Missing]) -> Result<Map<String, Value>, Failure> {
    let keys: Vec<&str> = missing.iter().map(|it| it.key.as_str()).collect();
    let fault =
        format!("looking `{}` up takes access to AWS, which this `asi` was built without", keys.join("`, `"));
    let fault = Diagnostic::error("lookup", fault).at(app.place).help("keep it in `cdk.context.json`");
    Err(Failure::Faulty(Box::new(fault)))
}

/// Runs an app, so that it writes its assembly.
fn run(world: &World, app: &App<'_>, known: &Map<String, Value>) -> Result<(), Failure> {
    let (files, folder) = (world.files.as_ref(), app.folder);
    if let Some(build) = &app.settings.build {
        let ended = world.programs.run(&Program::shell(&build.value));
        check(ended, |what| format!("the command `{}` that is to be run before the app {what}", build.value))
            .map_err(|it| it.at(build.span))?;
    }
    let _lock = kept(files, folder).map_err(Failure::World)?;
    let (variables, overflow) = variables(world, app, known)
        .map_err(|it| Failure::World(Box::new(Diagnostic::error("file", it.to_string()))))?;
    let ended = world.programs.run(&Program { variables, ..program(files, app.command) });
    if let Some(path) = overflow {
        // What is left behind does no harm.
        let _ = files.remove(&path);
    }
    check(ended, |what| format!("{} {what}", app.named())).map_err(|it| it.at(app.place))
}

impl App<'_> {
    /// What it is called where it failed.
    fn named(&self) -> String {
        if self.place.is_written() {
            format!("the app `{}`", self.command)
        } else {
            format!("the app `{}` of the command line", self.command)
        }
    }

    fn fault(&self, code: &'static str, message: String, help: &str) -> Failure {
        Failure::Faulty(Box::new(Diagnostic::error(code, message).at(self.place).help(help)))
    }
}

impl Failure {
    fn at(self, place: Span) -> Self {
        match self {
            Self::Faulty(it) => Self::Faulty(Box::new(it.at(place))),
            Self::World(it) => Self::World(Box::new(it.at(place))),
        }
    }
}

/// The program that an app is: a script without a program of its own is one of Node.
fn program(files: &dyn Files, command: &str) -> Program {
    let path = Path::new(command);
    let is_script = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("js"));
    if !is_script || !files.exists(path) {
        return Program::shell(command);
    }
    let file = files.real(path).and_then(|it| files.look(&it));
    if matches!(file, Ok(Entry::File { mode, .. }) if mode & 0o111 != 0) {
        // A name without a folder would be looked for elsewhere.
        let path = if path.components().count() == 1 { format!("./{command}") } else { command.to_owned() };
        return Program::new(&path, []);
    }
    Program::new("node", [command])
}

/// How a program ended that has to end well.
fn check(ended: Result<Ended, ProgramError>, sentence: impl Fn(&str) -> String) -> Result<(), Failure> {
    let fault = |what: &str| Diagnostic::error("app-failed", sentence(what));
    match ended {
        Ok(Ended { code: Some(0), .. }) => Ok(()),
        Ok(Ended { code: Some(code @ (126 | 127)), .. }) => {
            let fault = fault(&format!("cannot be run (exit code {code})"));
            let help = "check how the program is spelt, and that it is installed";
            Err(Failure::Faulty(Box::new(fault.help(help))))
        }
        Ok(Ended { code: Some(code), .. }) => {
            let fault = fault(&format!("ended with exit code {code}"));
            Err(Failure::Faulty(Box::new(fault.help("see what it says above"))))
        }
        Ok(Ended { code: None, .. }) => Err(Failure::Faulty(Box::new(fault("was killed")))),
        Err(error) => Err(Failure::World(Box::new(fault(&format!("cannot be run: {error}"))))),
    }
}

/// Keeps others from the folder of an assembly while that is written.
///
/// # Errors
///
/// What to tell, if somebody reads or writes it.
pub fn kept(files: &dyn Files, folder: &Path) -> Result<Lock, Box<Diagnostic>> {
    claimed(files, folder, Claim::Write)
}

fn claimed(files: &dyn Files, folder: &Path, claim: Claim) -> Result<Lock, Box<Diagnostic>> {
    files.lock(folder, claim).map_err(|taken| {
        let name = folder.display();
        Box::new(match taken {
            Taken::Writing(_) | Taken::Reading(_) => {
                let fault = format!("`{name}` cannot be used: {taken}");
                let help = "wait for it, or give each run a folder of its own: `--output`, or `output` in `cdk.json`";
                Diagnostic::error("assembly-locked", fault).help(help)
            }
            Taken::System(_) if files.exists(folder) && !files.is_folder(folder) => {
                let fault = format!("`{name}` is a file, and no folder that an assembly could be in");
                Diagnostic::error("file", fault).help("name another folder, or take the file away")
            }
            Taken::System(_) => Diagnostic::error("file", format!("`{name}` cannot be used: {taken}")),
        })
    })
}

/// Variables with their values.
type Told = Vec<(String, String)>;

/// The variables that an app is given, and the file in which the context stands if these would be too much.
fn variables(
    world: &World,
    app: &App<'_>,
    known: &Map<String, Value>,
) -> Result<(Told, Option<PathBuf>), FileError> {
    let folder = app.folder;
    let absolute = world.folder.as_ref().map_or_else(|| folder.to_owned(), |it| it.join(folder));
    let file = |name: &str| absolute.join(name).to_string_lossy().into_owned();
    let settings = app.settings;
    let mut variables = vec![
        (app_protocol::FOLDER, absolute.to_string_lossy().into_owned()),
        ("CDK_DEFAULT_REGION", region(world, app)),
        (app_protocol::READS, format!("{NEWEST_VERSION}.0.0")),
        ("CDK_CLI_VERSION", CLI_VERSION.to_owned()),
        (app_protocol::ERROR_FILE, file("error.txt")),
        ("PYTHONIOENCODING", "utf-8".to_owned()),
    ];
    variables.extend(account(world, app).map(|it| ("CDK_DEFAULT_ACCOUNT", it)));
    if settings.debug == Some(true) {
        variables.push(("CDK_DEBUG", "true".to_owned()));
        variables.push(("JSII_HOST_STACK_TRACES", "1".to_owned()));
    }
    // What the CDK's own validator finds is found here anyway, and in a hundredth of the time.
    if settings.validation != Some(true) {
        variables.push((app_protocol::VALIDATION, "false".to_owned()));
    }
    let context = Value::Object(context(app, known)).to_string();
    let size = |name: &str, value: &str| name.len() + value.len() + 2;
    let given: usize = variables.iter().map(|(name, value)| size(name, value)).sum();
    let all = world.variables.size() + given + size(app_protocol::CONTEXT, &context);
    let mut overflow = None;
    if all < MOST_VARIABLES {
        variables.push((app_protocol::CONTEXT, context));
    } else {
        let name = ".context.json";
        let path = folder.join(name);
        world.files.write(&path, context.as_bytes())?;
        variables.push((app_protocol::CONTEXT, "{}".to_owned()));
        variables.push((app_protocol::FURTHER_CONTEXT, file(name)));
        overflow = Some(path);
    }
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
    Ok((variables.collect(), overflow))
}

/// What an app is told by its context: what its settings say, what was looked up, and what the CDK adds.
fn context(app: &App<'_>, known: &Map<String, Value>) -> Map<String, Value> {
    let settings = app.settings;
    let mut context: Map<String, Value> =
        settings.context.iter().map(|(key, it)| (key.clone(), template::to_value(it))).collect();
    context.extend(known.clone());
    for (key, setting) in [
        ("aws:cdk:enable-path-metadata", settings.path_metadata),
        ("aws:cdk:enable-asset-metadata", settings.asset_metadata),
        ("aws:cdk:version-reporting", settings.version_reporting),
    ] {
        if setting != Some(false) {
            context.insert(key.to_owned(), json!(true));
        }
    }
    if settings.staging == Some(false) {
        context.insert("aws:cdk:disable-asset-staging".to_owned(), json!(true));
    }
    let bundled: &[&str] = if app.bundles { &["**"] } else { &[] };
    context.insert("aws:cdk:bundling-stacks".to_owned(), json!(bundled));
    context.insert("@aws-cdk/core:failSynthOnValidationErrors".to_owned(), json!(false));
    context
}

/// The region an app is for, where it does not say so itself.
fn region(world: &World, app: &App<'_>) -> String {
    let variable = |name: &&str| world.variables.get(name);
    let variables = ["AWS_REGION", "AMAZON_REGION", "AWS_DEFAULT_REGION", "AMAZON_DEFAULT_REGION"];
    let given = app.reach.region.map(str::to_owned);
    let of_variables = || variables.iter().find_map(variable).filter(|_| app.reach.profile.is_none());
    given
        .or_else(of_variables)
        .or_else(|| region_of_profile(world, app))
        .unwrap_or_else(|| "us-east-1".to_owned())
}

#[cfg(feature = "aws")]
fn region_of_profile(world: &World, app: &App<'_>) -> Option<String> {
    use crate::world::aws;
    aws::block_on(aws::Aws::chosen_region(&world.access, app.reach))
}

#[cfg(not(feature = "aws"))]
fn region_of_profile(_: &World, _: &App<'_>) -> Option<String> {
    None
}

/// The account of who runs the app, as far as that can be known.
#[cfg(feature = "aws")]
fn account(world: &World, app: &App<'_>) -> Option<String> {
    let region = region(world, app);
    super::own_account::own_account(world, Reach { region: Some(&region), ..app.reach })
}

#[cfg(not(feature = "aws"))]
fn account(_: &World, _: &App<'_>) -> Option<String> {
    None
}
