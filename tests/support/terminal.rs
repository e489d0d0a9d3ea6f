//! A run of the program as a terminal shows it.

use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
};

use asi::{
    cli::{self, Exit},
    world::World,
};

/// Runs `asi` in this process, and gives what it prints as a terminal shows it: all in one, in order.
pub(crate) fn run_at_terminal(arguments: &[&str], world: &World) -> (Exit, String) {
    let printed = Terminal::default();
    let arguments = std::iter::once("asi").chain(arguments.iter().copied()).map(Into::into);
    let exit = cli::run(arguments, world, &mut printed.clone(), &mut printed.clone());
    let printed = printed.0.take();
    (exit, String::from_utf8(printed).unwrap())
}

/// Where standard output and standard error are one.
#[derive(Clone, Default)]
struct Terminal(Rc<RefCell<Vec<u8>>>);

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
