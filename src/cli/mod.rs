//! The command line: arguments, and what is printed. One file for each command.

mod app;
#[cfg(feature = "aws")]
mod bootstrap;
mod config;
mod context;
#[cfg(feature = "aws")]
mod deploy;
#[cfg(feature = "aws")]
mod destroy;
mod diff;
#[cfg(feature = "aws")]
mod doctor;
#[cfg(feature = "aws")]
mod drift;
mod explain;
#[cfg(feature = "aws")]
mod gc;
mod graph;
#[cfg(feature = "aws")]
mod import;
mod init;
mod ls;
mod migrate;
#[cfg(feature = "aws")]
mod outputs;
#[cfg(feature = "aws")]
mod post;
#[cfg(feature = "aws")]
mod progress;
#[cfg(feature = "aws")]
mod recover;
#[cfg(feature = "aws")]
mod refactor;
mod review;
mod schema;
mod sides;
#[cfg(feature = "aws")]
mod stacks;
#[cfg(feature = "aws")]
mod status;
mod synth;
mod validate;
#[cfg(feature = "aws")]
mod watch;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::{Path, PathBuf},
};

use asi_constructs::kernel::{
    diagnostic::{Diagnostic, Severity},
    span::Sources,
};
use clap::{CommandFactory, FromArgMatches as _, Parser, Subcommand, ValueEnum, parser::ValueSource};

use crate::{
    present,
    render::{self, Doc},
    validate::Finding,
    world::{Files, World},
};

/// How a run ended, as its exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// The answer is no.
    No = 1,
    /// The input is wrong.
    Input = 2,
    /// The world failed: a file system, a network, AWS.
    World = 3,
    /// Somebody pressed Ctrl-C, and again before what had been made was taken away.
    Interrupted = 130,
}

/// Turns a page of YAML into a CloudFormation template
#[derive(Debug, Parser)]
#[command(
    name = "asi",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true
)]
#[command(
    after_help = "Exit codes: 0 done; 1 the answer is no; 2 the input is wrong; 3 the world failed; 130 Ctrl-C was pressed, and again."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Args)]
struct Global {
    /// The stack file; `-` is standard input
    #[arg(short, long, global = true, default_value = "asi.yaml", value_name = "FILE")]
    file: PathBuf,
    /// An app of the CDK in place of the stack file: a command that writes a cloud assembly, or a folder with one. If absent,
    /// and there is no stack file, that of `cdk.json`
    #[arg(id = "assembly", short = 'a', long = "app", global = true, value_name = "COMMAND|DIR")]
    app: Option<String>,
    /// What the app is told by its context; may be given several times
    #[arg(short = 'c', long = "context", global = true, value_name = "KEY=VALUE")]
    context: Vec<String>,
    /// The environment to take, of those under `environments` in the stack file
    #[arg(short, long, global = true, value_name = "NAME")]
    env: Option<String>,
    /// The profile of the configuration files of AWS to take
    #[cfg(feature = "aws")]
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// The region, for what is bound to none; `asi validate` takes it for everything
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<String>,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// Print no warnings
    #[arg(short, long, global = true)]
    quiet: bool,
    /// What `cdk.json` says.
    #[arg(skip)]
    told: app::Told,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Synth(synth::Args),
    Validate(validate::Args),
    Diff(diff::Args),
    Review(review::Args),
    #[cfg(feature = "aws")]
    Deploy(Box<deploy::Args>),
    #[cfg(feature = "aws")]
    Watch(watch::Args),
    #[cfg(feature = "aws")]
    Status(status::Args),
    #[cfg(feature = "aws")]
    Outputs(outputs::Args),
    #[cfg(feature = "aws")]
    Drift(drift::Args),
    #[cfg(feature = "aws")]
    Recover(recover::Args),
    #[cfg(feature = "aws")]
    Rollback(recover::RollbackArgs),
    #[cfg(feature = "aws")]
    Refactor(refactor::Args),
    #[cfg(feature = "aws")]
    Import(import::Args),
    #[cfg(feature = "aws")]
    Destroy(destroy::Args),
    #[cfg(feature = "aws")]
    Bootstrap(Box<bootstrap::Args>),
    #[cfg(feature = "aws")]
    Gc(gc::Args),
    #[cfg(feature = "aws")]
    Doctor(doctor::Args),
    Graph(graph::Args),
    Ls(ls::Args),
    Config(config::Args),
    Context(context::Args),
    Explain(explain::Args),
    Schema(schema::Args),
    Init(init::Args),
    Migrate(migrate::Args),
}

impl Command {
    /// Whether it may be about the stacks of an app.
    fn takes_stacks(&self) -> bool {
        !matches!(
            self,
            Self::Config(_) | Self::Explain(_) | Self::Schema(_) | Self::Init(_) | Self::Migrate(_)
        )
    }
}

/// Where a run prints to.
struct Output<'a> {
    /// Results.
    out: &'a mut dyn Write,
    /// Everything else.
    err: &'a mut dyn Write,
    /// Whether results are coloured.
    colors_out: bool,
    /// Whether everything else is.
    colors_err: bool,
    /// Whether warnings are kept back.
    quiet: bool,
    /// What was run, as one would type it again.
    #[cfg(feature = "aws")]
    command: String,
}

/// Runs `asi` with these arguments, the first of which is its own name.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    world: &World,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = Cli::command().try_get_matches_from(&arguments);
    let (mut cli, matches) = match parsed.and_then(|it| Ok((Cli::from_arg_matches(&it)?, it))) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help and version were asked for; they are results.
            let is_result = !error.use_stderr();
            let text = error.render();
            let (to, colors): (&mut dyn Write, bool) =
                if is_result { (out, world.colors_out) } else { (err, world.colors_err) };
            let written = if colors { write!(to, "{}", text.ansi()) } else { write!(to, "{text}") };
            return match written {
                Ok(()) if is_result => Exit::Done,
                _ => Exit::Input,
            };
        }
    };
    let colors = |auto| match cli.global.color {
        Color::Auto => auto,
        Color::Always => true,
        Color::Never => false,
    };
    let (colors_out, colors_err) = (colors(world.colors_out), colors(world.colors_err));
    let mut output = Output {
        out,
        err,
        colors_out,
        colors_err,
        quiet: cli.global.quiet,
        #[cfg(feature = "aws")]
        command: typed(&arguments),
    };
    let names_file =
        matches.subcommand().is_some_and(|(_, it)| it.value_source("file") == Some(ValueSource::CommandLine));
    if cli.command.takes_stacks() {
        match app::settle(&mut cli.global, names_file, world, &mut output) {
            Ok(None) => (),
            Ok(Some(exit)) => return exit,
            Err(_) => return Exit::World,
        }
    }
    let result = match &cli.command {
        Command::Synth(args) => synth::run(args, &cli.global, world, &mut output),
        Command::Validate(args) => validate::run(args, &cli.global, world, &mut output),
        Command::Diff(args) => diff::run(args, &cli.global, world, &mut output),
        Command::Review(args) => review::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Deploy(args) => deploy::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Watch(args) => watch::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Status(args) => status::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Outputs(args) => outputs::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Drift(args) => drift::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Recover(args) => recover::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Rollback(args) => recover::rollback(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Refactor(args) => refactor::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Import(args) => import::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Destroy(args) => destroy::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Bootstrap(args) => bootstrap::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Gc(args) => gc::run(args, &cli.global, world, &mut output),
        #[cfg(feature = "aws")]
        Command::Doctor(args) => doctor::run(args, &cli.global, world, &mut output),
        Command::Graph(args) => graph::run(args, &cli.global, world, &mut output),
        Command::Ls(args) => ls::run(args, &cli.global, world, &mut output),
        Command::Config(args) => config::run(args, &cli.global, world, &mut output),
        Command::Context(args) => context::run(args, &cli.global, world, &mut output),
        Command::Explain(args) => explain::run(args, &mut output),
        Command::Schema(args) => schema::run(args, &mut output),
        Command::Init(args) => init::run(args, &cli.global, world, &mut output),
        Command::Migrate(args) => migrate::run(args, &cli.global, world, &mut output),
    };
    match result {
        Ok(exit) => exit,
        // Who closed the pipe has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            let _ = writeln!(output.err, "error: cannot print: {error}");
            Exit::World
        }
    }
}

/// Asks whoever is at the terminal for a code of the device with this serial number.
pub fn ask_code(serial: &str) -> Option<String> {
    let mut err = io::stderr();
    write!(err, "{}", present::ask_code(serial)).and_then(|()| err.flush()).ok()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line).ok()?;
    Some(line.trim().to_owned())
}

/// The commands and their arguments, for the documentation.
pub fn command() -> clap::Command {
    Cli::command()
}

impl Output<'_> {
    /// Prints a result.
    fn doc(&mut self, doc: &Doc) -> io::Result<()> {
        self.out.write_all(colored(doc, self.colors_out).as_bytes())
    }

    /// Prints a result, or writes it into a file.
    fn text(&mut self, text: &str, file: Option<&Path>, files: &dyn Files) -> io::Result<Exit> {
        match file.map(|it| files.write(it, text.as_bytes())) {
            None => self.out.write_all(text.as_bytes())?,
            Some(Ok(())) => (),
            Some(Err(error)) => {
                writeln!(self.err, "error: {error}")?;
                return Ok(Exit::World);
            }
        }
        Ok(Exit::Done)
    }

    /// Prints what was found, and says how that ends the run.
    fn diagnostics(&mut self, diagnostics: &[Diagnostic], sources: &Sources) -> io::Result<Exit> {
        self.findings(diagnostics.iter().cloned().map(Finding::from).collect(), sources)
    }

    /// Prints what was found in templates, and says how that ends the run. What is only worth knowing has a
    /// command of its own, and what is acknowledged is right.
    fn findings(&mut self, mut found: Vec<Finding>, sources: &Sources) -> io::Result<Exit> {
        let least = if self.quiet { Severity::Error } else { Severity::Warning };
        found.retain(|it| it.diagnostic.severity >= least && it.acknowledged.is_none());
        let text = colored(&present::found(&found, sources), self.colors_err);
        self.err.write_all(text.as_bytes())?;
        if let Some(summary) = present::summary(&found) {
            writeln!(self.err, "\n{summary}")?;
        }
        let failed = found.iter().any(|it| it.diagnostic.severity == Severity::Error);
        Ok(if failed { Exit::Input } else { Exit::Done })
    }

    /// Prints one fault that no file has.
    fn fault(&mut self, fault: Diagnostic) -> io::Result<Exit> {
        self.diagnostics(&[fault], &Sources::default())
    }
}

/// Arguments as one would type them into a shell.
#[cfg(feature = "aws")]
fn typed(arguments: &[OsString]) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_=./:@,%+".contains(it);
    let quoted = |it: &str| {
        if !it.is_empty() && it.chars().all(is_plain) {
            it.to_owned()
        } else {
            format!("'{}'", it.replace('\'', "'\\''"))
        }
    };
    // The value of a parameter may be a secret, and this is printed.
    let without_value =
        |it: &str| it.split_once('=').map_or_else(|| it.to_owned(), |(name, _)| format!("{name}=…"));
    let is_option = |it: &OsString| it == "--parameter" || it == "--parameters";
    let word = |(at, it): (usize, &OsString)| {
        let it = it.to_string_lossy();
        match it.split_once('=') {
            // However the program was found.
            _ if at == 0 => "asi".to_owned(),
            _ if is_option(&arguments[at - 1]) => without_value(&it),
            Some((option, value)) if is_option(&option.into()) => {
                format!("{option}={}", without_value(value))
            }
            _ => quoted(&it),
        }
    };
    arguments.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
}

fn colored(doc: &Doc, colors: bool) -> String {
    let text = render::terminal(doc);
    if colors { text } else { anstream::adapter::strip_str(&text).to_string() }
}

#[cfg(all(test, feature = "aws"))]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_without_what_may_be_a_secret() {
        let command = |words: &[&str]| typed(&words.iter().map(OsString::from).collect::<Vec<_>>());
        let shown = command(&[
            "/bin/asi",
            "deploy",
            "--parameter",
            "Password=hunter2",
            "--parameters=Key=a b",
            "-e",
            "it's",
        ]);
        assert_eq!(shown, r"asi deploy --parameter Password=… --parameters=Key=… -e 'it'\''s'");
    }
}
