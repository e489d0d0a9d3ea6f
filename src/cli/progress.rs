//! Deployments as they go on: on a terminal a table that is drawn again and again, elsewhere a line for each event.

use std::io;

use super::{Output, colored};
use crate::{
    ops::deploy::{Audience, News},
    present::{
        deploy::Origins,
        live::{Frame, Live, Part, Style},
    },
    render,
    world::{Screen, World},
};

/// Prints what it hears.
pub(super) struct Printer<'a, 'o> {
    output: &'a mut Output<'o>,
    screen: fn() -> Option<Screen>,
    live: Live<'a>,
    /// How many lines the table has that stands at the end of the screen.
    drawn: usize,
    failure: Option<io::Error>,
}

impl<'a, 'o> Printer<'a, 'o> {
    /// Of stacks that come from there.
    pub(super) fn new(output: &'a mut Output<'o>, world: &World, origins: Origins<'a>, all: bool) -> Self {
        let style = Style {
            is_drawn: (world.screen)().is_some(),
            is_quiet: output.quiet,
            all,
            command: output.command.clone(),
        };
        Self { output, screen: world.screen, live: Live::new(origins, style), drawn: 0, failure: None }
    }

    /// Whether everything could be printed.
    pub(super) fn finish(self) -> io::Result<()> {
        // Who closed the pipe has read enough, and is still told by the exit code.
        self.failure.filter(|it| it.kind() != io::ErrorKind::BrokenPipe).map_or(Ok(()), Err)
    }

    fn print(&mut self, frame: &Frame) -> io::Result<()> {
        self.wipe()?;
        // It may have become another meanwhile.
        let screen = (self.screen)();
        for part in &frame.above {
            let text = match part {
                Part::Line(text) => format!("{text}\n"),
                Part::Doc(doc) => colored(doc, self.output.colors_err),
                Part::Event(doc) => fitting(colored(doc, self.output.colors_err), screen),
            };
            self.output.err.write_all(text.as_bytes())?;
        }
        if let Some(question) = &frame.question {
            // What is typed stands behind it, and no table below.
            write!(self.output.err, "{question}")?;
            return self.output.err.flush();
        }
        if let (Some(table), Some(screen)) = (&frame.table, screen) {
            let text = fitting(colored(table, self.output.colors_err), Some(screen));
            // What does not fit cannot be taken away again.
            let text: String = text.split_inclusive('\n').take(screen.rows.saturating_sub(1)).collect();
            self.drawn = text.lines().count();
            write!(self.output.err, "{text}")?;
            self.output.err.flush()?;
        }
        Ok(())
    }

    /// Takes the table away, so that what is printed stays above it.
    fn wipe(&mut self) -> io::Result<()> {
        let drawn = std::mem::take(&mut self.drawn);
        if drawn > 0 { write!(self.output.err, "\r\x1b[{drawn}A\x1b[J") } else { Ok(()) }
    }
}

/// Lines that stay lines on the screen, if there is one.
fn fitting(text: String, screen: Option<Screen>) -> String {
    match screen {
        Some(screen) => render::cut(&text, screen.columns),
        None => text,
    }
}

impl Audience for Printer<'_, '_> {
    fn hear(&mut self, stack: &str, news: &News<'_>) {
        if self.failure.is_none() {
            let frame = self.live.hear(stack, news);
            self.failure = self.print(&frame).err();
        }
    }
}
