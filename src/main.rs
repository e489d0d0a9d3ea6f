//! Runs, and exits.

use std::{
    io::{self, BufWriter, Write as _},
    process::ExitCode,
};

use asi::{
    cli::{self, Exit},
    world::World,
};

/// The world this process runs in, and whoever is there to be asked.
fn world() -> World {
    let mut world = World::system();
    if world.is_interactive {
        world.access.code = Some(cli::ask_code);
    }
    world
}

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let exit = cli::run(std::env::args_os(), &world(), &mut out, &mut io::stderr().lock());
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
