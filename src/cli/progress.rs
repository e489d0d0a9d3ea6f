//! Deployments as they go on: on a terminal a table that is drawn again and again, elsewhere a line for each event.

use std::{collections::BTreeMap, io};

use super::{Output, colored};
use crate::{
    deploy::Progress,
    ops::deploy::{Audience, Ending, News},
    present::{self, View, deploy::Origins},
    render::Doc,
};

/// Prints what it hears.
pub(super) struct Printer<'a, 'o> {
    output: &'a mut Output<'o>,
    is_live: bool,
    origins: Origins<'a>,
    all: bool,
    progress: BTreeMap<String, Progress>,
    /// How many lines the table has that stands at the end of the screen.
    drawn: usize,
    has_printed: bool,
    failure: Option<io::Error>,
}

impl<'a, 'o> Printer<'a, 'o> {
    /// Of stacks that come from there.
    pub(super) fn new(output: &'a mut Output<'o>, is_live: bool, origins: Origins<'a>, all: bool) -> Self {
        let progress = BTreeMap::new();
        Self { output, is_live, origins, all, progress, drawn: 0, has_printed: false, failure: None }
    }

    /// Whether everything could be printed.
    pub(super) fn finish(self) -> io::Result<()> {
        // Who closed the pipe has read enough, and is still told by the exit code.
        self.failure.filter(|it| it.kind() != io::ErrorKind::BrokenPipe).map_or(Ok(()), Err)
    }

    fn tell(&mut self, stack: &str, news: &News<'_>) -> io::Result<()> {
        self.wipe()?;
        if let Some(question) = present::deploy::question(stack, news) {
            // What is typed stands behind it, and no table below.
            write!(self.output.err, "{question}")?;
            return self.output.err.flush();
        }
        if let Some(notice) = present::deploy::notice(stack, news) {
            self.line(&notice)?;
        }
        match news {
            News::Proposed(it) => {
                self.gap()?;
                self.doc(&present::deploy::proposal(it, &View::terminal(self.all, false)))?;
                self.line("")?;
            }
            News::Importing(resources) => self.doc(&present::deploy::imports(stack, resources))?,
            News::Began(planned) => {
                self.progress.insert(stack.to_owned(), Progress::new(planned));
            }
            News::Event(event) => {
                let progress = self.progress.entry(stack.to_owned()).or_default();
                progress.hear(event);
                if !self.output.quiet && !self.is_live || event.status.is_failure() {
                    let doc = present::deploy::event(stack, event, progress, self.origins);
                    self.doc(&doc)?;
                }
            }
            News::Moment(now) => {
                self.progress.entry(stack.to_owned()).or_default().moment(*now);
            }
            News::Ended(ending) => self.ended(stack, ending)?,
            // These are sentences.
            News::Busy(_)
            | News::Own(_)
            | News::Leftover
            | News::Preparing
            | News::Cancelled(_)
            | News::Question(_)
            | News::MayImport
            | News::Interrupted(_) => (),
        }
        self.draw()
    }

    fn ended(&mut self, stack: &str, ending: &Ending) -> io::Result<()> {
        let progress = self.progress.remove(stack);
        if let Some(doc) = present::deploy::ending(stack, ending, progress.map(|it| it.lasted())) {
            return self.doc(&doc);
        }
        let of = self.origins.stacks.iter().find(|it| it.target.name == stack);
        let faults = present::faults(ending, stack, of, &self.output.command);
        self.doc(&present::diagnostics(&faults, self.origins.sources))
    }

    /// An empty line, unless nothing stands above it.
    fn gap(&mut self) -> io::Result<()> {
        if self.has_printed { self.line("") } else { Ok(()) }
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.has_printed = true;
        writeln!(self.output.err, "{text}")
    }

    fn doc(&mut self, doc: &Doc) -> io::Result<()> {
        self.has_printed = true;
        self.output.err.write_all(colored(doc, self.output.colors_err).as_bytes())
    }

    /// Takes the table away, so that what is printed stays above it.
    fn wipe(&mut self) -> io::Result<()> {
        let drawn = std::mem::take(&mut self.drawn);
        if drawn > 0 { write!(self.output.err, "\r\x1b[{drawn}A\x1b[J") } else { Ok(()) }
    }

    /// Draws the table; what is wider than the terminal is cut off by it, so that lines stay lines.
    fn draw(&mut self) -> io::Result<()> {
        if !self.is_live || self.progress.is_empty() {
            return Ok(());
        }
        let text = colored(&present::deploy::progress(&self.progress, self.origins), self.output.colors_err);
        self.drawn = text.lines().count();
        write!(self.output.err, "\x1b[?7l{text}\x1b[?7h")?;
        self.output.err.flush()
    }
}

impl Audience for Printer<'_, '_> {
    fn hear(&mut self, stack: &str, news: &News<'_>) {
        if self.failure.is_none() {
            self.failure = self.tell(stack, news).err();
        }
    }
}
