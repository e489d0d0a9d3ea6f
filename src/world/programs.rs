//! Other programs of this machine, each run to its end.

use std::{
    fmt,
    io::{self, Read, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

/// How much is kept of what a program prints.
const MOST: u64 = 64 << 20;

/// Other programs.
pub trait Programs: Send + Sync {
    /// Runs a program to its end.
    fn run(&self, program: &Program) -> Result<Ended, ProgramError>;
}

/// A program, and what it is run with: our environment and folder, no input, and all it prints on our standard error, unless
/// it says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What is run.
    pub call: Call,
    /// Where it runs; if absent, where we do.
    pub folder: Option<PathBuf>,
    /// Variables it has besides ours, or in place of these.
    pub variables: Vec<(String, String)>,
    /// What it reads from its standard input.
    pub input: Vec<u8>,
    /// Where its standard output goes.
    pub out: Stream,
    /// Where its standard error goes.
    pub err: Stream,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A program by its name or path, with these arguments.
    Program(String, Vec<String>),
    /// A line for the shell of the platform.
    Shell(String),
}

/// Where something goes that a program prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// To who ran it.
    Captured,
    /// To our standard error.
    StandardError,
    /// To our stream of the same name.
    Inherited,
}

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; none, if it was killed.
    pub code: Option<i32>,
    /// What it printed, if that was captured.
    pub out: Vec<u8>,
    /// What it printed to standard error, if that was captured.
    pub err: Vec<u8>,
}

/// What keeps a program from being run.
#[derive(Debug)]
pub struct ProgramError {
    /// The program, or the line for the shell.
    pub program: String,
    /// Why it could not be run to its end.
    pub reason: Hindrance,
}

/// Why a program could not be run to its end.
#[derive(Debug)]
pub enum Hindrance {
    /// There is none of this name.
    Missing,
    /// It printed more than anybody keeps.
    TooMuch,
    /// The system says so.
    System(io::Error),
}

impl Program {
    /// A program by its name or path, with these arguments.
    pub fn new<'a>(name: &str, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        Self::of(Call::Program(name.to_owned(), arguments))
    }

    /// A line for the shell of the platform.
    pub fn shell(line: &str) -> Self {
        Self::of(Call::Shell(line.to_owned()))
    }

    /// With all it prints given to who runs it.
    #[must_use]
    pub fn captured(self) -> Self {
        Self { out: Stream::Captured, err: Stream::Captured, ..self }
    }

    fn of(call: Call) -> Self {
        let stream = Stream::StandardError;
        Self { call, folder: None, variables: Vec::new(), input: Vec::new(), out: stream, err: stream }
    }

    /// What it is called.
    fn name(&self) -> &str {
        match &self.call {
            Call::Program(name, _) => name,
            Call::Shell(line) => line,
        }
    }
}

impl Ended {
    /// Whether it did what it was to do.
    pub fn is_success(&self) -> bool {
        self.code == Some(0)
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = &self.program;
        match &self.reason {
            Hindrance::Missing => write!(f, "there is no program `{program}`"),
            Hindrance::TooMuch => write!(f, "`{program}` printed more than {} MiB", MOST >> 20),
            Hindrance::System(cause) => write!(f, "cannot run `{program}`: {cause}"),
        }
    }
}

impl std::error::Error for ProgramError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Hindrance::System(cause) => Some(cause),
            Hindrance::Missing | Hindrance::TooMuch => None,
        }
    }
}

/// The programs of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemPrograms;

impl Programs for SystemPrograms {
    fn run(&self, program: &Program) -> Result<Ended, ProgramError> {
        let fail = |reason| ProgramError { program: program.name().to_owned(), reason };
        let system = |cause: io::Error| fail(Hindrance::System(cause));
        // A folder that is missing would else be taken for a program that is.
        if let Some(folder) = program.folder.as_deref().filter(|it| !it.is_dir()) {
            let cause = format!("there is no folder `{}`", folder.display());
            return Err(system(io::Error::new(io::ErrorKind::NotADirectory, cause)));
        }
        let mut child = command(program).spawn().map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => fail(Hindrance::Missing),
            _ => system(cause),
        })?;
        let (out, err) = converse(&mut child, &program.input);
        let status = child.wait().map_err(system)?;
        let kept =
            |it: io::Result<Option<Vec<u8>>>| it.map_err(system)?.ok_or_else(|| fail(Hindrance::TooMuch));
        Ok(Ended { code: status.code(), out: kept(out)?, err: kept(err)? })
    }
}

fn command(program: &Program) -> Command {
    let mut command = match &program.call {
        Call::Program(name, arguments) => {
            let mut command = Command::new(name);
            command.args(arguments);
            command
        }
        Call::Shell(line) => shell(line),
    };
    let variables = program.variables.iter().map(|(name, value)| (name, value));
    command.envs(variables).stdout(stdio(program.out)).stderr(stdio(program.err));
    command.stdin(if program.input.is_empty() { Stdio::null() } else { Stdio::piped() });
    if let Some(folder) = &program.folder {
        command.current_dir(folder);
    }
    command
}

#[cfg(unix)]
fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line);
    command
}

#[cfg(windows)]
fn shell(line: &str) -> Command {
    use std::os::windows::process::CommandExt as _;

    let mut command = Command::new("cmd.exe");
    // The line is the shell's to read; it takes off one pair of quotes.
    command.raw_arg("/d /s /c").raw_arg(format!("\"{line}\""));
    command
}

fn stdio(stream: Stream) -> Stdio {
    match stream {
        Stream::Captured => Stdio::piped(),
        Stream::StandardError => Stdio::from(io::stderr()),
        Stream::Inherited => Stdio::inherit(),
    }
}

/// What a program printed; nothing, if it was too much.
type Printed = io::Result<Option<Vec<u8>>>;

/// Gives a program its input while it is listened to, because neither waits for the other.
fn converse(child: &mut Child, input: &[u8]) -> (Printed, Printed) {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        // Who has read enough closes the pipe, and that is no fault.
        let given = scope.spawn(|| stdin.map(|mut it| it.write_all(input)));
        let err = scope.spawn(|| read(stderr));
        let out = read(stdout);
        let err = err.join().unwrap_or(Ok(None));
        let _ = given.join();
        (out, err)
    })
}

/// All that comes, and of too much the end only awaited.
fn read(from: Option<impl Read>) -> Printed {
    let mut bytes = Vec::new();
    let Some(mut from) = from else { return Ok(Some(bytes)) };
    from.by_ref().take(MOST).read_to_end(&mut bytes)?;
    let rest = io::copy(&mut from, &mut io::sink())?;
    Ok((rest == 0).then_some(bytes))
}

/// Programs that are only functions, for tests and for programs that use the library. Clones have one memory.
#[derive(Clone)]
pub struct MemoryPrograms {
    answer: Arc<Answer>,
    ran: Arc<Mutex<Vec<Program>>>,
}

type Answer = dyn Fn(&Program) -> Result<Ended, ProgramError> + Send + Sync;

impl MemoryPrograms {
    /// With this for an answer to all programs that are run.
    pub fn answering(
        answer: impl Fn(&Program) -> Result<Ended, ProgramError> + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Arc::new(answer), ran: Arc::default() }
    }

    /// What was run, in order.
    pub fn ran(&self) -> Vec<Program> {
        self.ran.lock().expect("no thread panics while it holds this").clone()
    }
}

impl Default for MemoryPrograms {
    /// With no program at all.
    fn default() -> Self {
        Self::answering(|program| {
            Err(ProgramError { program: program.name().to_owned(), reason: Hindrance::Missing })
        })
    }
}

impl Programs for MemoryPrograms {
    fn run(&self, program: &Program) -> Result<Ended, ProgramError> {
        self.ran.lock().expect("no thread panics while it holds this").push(program.clone());
        (self.answer)(program)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(program: &Program) -> Ended {
        SystemPrograms.run(program).unwrap()
    }

    #[test]
    fn a_program_is_given_its_input_and_listened_to() {
        // More than a pipe holds, so that who does one after the other would wait for ever.
        let input = vec![b'a'; 1 << 20];
        let program = Program::shell("tee /dev/stderr; exit 3").captured();
        let ended = ended(&Program { input: input.clone(), ..program });
        assert_eq!(ended.code, Some(3));
        assert!(!ended.is_success() && ended.out == input && ended.err == input);
    }

    #[test]
    fn a_program_may_leave_its_input_alone() {
        let program = Program::new("true", []).captured();
        let ended = ended(&Program { input: vec![b'a'; 1 << 20], ..program });
        assert_eq!(ended, Ended { code: Some(0), ..Ended::default() });
    }

    #[test]
    fn a_program_has_a_folder_and_variables_of_its_own() {
        let variables = vec![("ASI_GREETING".to_owned(), "it's \"good\"".to_owned())];
        let program = Program::new("sh", ["-c", "pwd; printf %s \"$ASI_GREETING\""]).captured();
        let ended = ended(&Program { folder: Some("/".into()), variables, ..program });
        assert_eq!(String::from_utf8(ended.out).unwrap(), "/\nit's \"good\"");
    }

    #[test]
    fn what_is_not_there_cannot_be_run() {
        let error = |program: &Program| SystemPrograms.run(program).unwrap_err().to_string();
        let program = Program::new("no-such-program", []);
        assert_eq!(error(&program), "there is no program `no-such-program`");
        let program = Program { folder: Some("/no/such/folder".into()), ..Program::shell("true") };
        assert_eq!(error(&program), "cannot run `true`: there is no folder `/no/such/folder`");
        assert_eq!(
            MemoryPrograms::default().run(&program).unwrap_err().to_string(),
            "there is no program `true`"
        );
    }

    #[test]
    fn a_program_that_prints_without_end_is_not_kept() {
        let program = Program::shell("head -c 70000000 /dev/zero").captured();
        let error = SystemPrograms.run(&program).unwrap_err();
        assert_eq!(error.to_string(), "`head -c 70000000 /dev/zero` printed more than 64 MiB");
    }

    #[test]
    fn what_ran_is_remembered() {
        let programs = MemoryPrograms::answering(|_| Ok(Ended { code: Some(0), ..Ended::default() }));
        let program = Program::new("docker", ["build", "."]);
        assert!(programs.clone().run(&program).unwrap().is_success());
        assert_eq!(programs.ran(), [program]);
    }
}
