//! Runs, and exits.

use std::{
    io::{self, BufWriter, Write as _},
    process::ExitCode,
};

use asi::{
    cli::{self, Exit},
    world::World,
};

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let exit = cli::run(std::env::args_os(), &World::system(), &mut out, &mut io::stderr().lock());
    let exit = match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            // Where nothing can be printed, the exit code still tells.
            let _ = writeln!(io::stderr(), "error: cannot print: {error}");
            Exit::World
        }
        _ => exit,
    };
    ExitCode::from(exit as u8)
}
