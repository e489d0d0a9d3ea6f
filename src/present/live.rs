//! What is printed while stacks are worked on: a fold from what is heard to what stays on the screen, and a table below it
//! that makes room for the next.
//!
//! It knows no clock and no terminal: the moments it is told are all the time there is.

use std::collections::BTreeMap;

use super::{View, deploy, deploy::Origins, diagnostics, endings};
use crate::{
    deploy::Progress,
    ops::deploy::{Ending, News},
    render::Doc,
};

/// How it is printed.
#[derive(Clone, Debug)]
pub struct Style {
    /// Whether there is a table; elsewhere each event is a line.
    pub is_drawn: bool,
    /// Whether only events are told that are failures.
    pub is_quiet: bool,
    /// Whether what follows from other changes is shown, too.
    pub all: bool,
    /// What was run, as one would type it again.
    pub command: String,
}

/// Stacks that are worked on, as they are printed.
#[derive(Debug)]
pub struct Live<'a> {
    origins: Origins<'a>,
    style: Style,
    progress: BTreeMap<String, Progress>,
    has_printed: bool,
}

/// What is printed at once.
#[derive(Debug, Default)]
pub struct Frame {
    /// What stays.
    pub above: Vec<Part>,
    /// What somebody is asked, up to where the answer is typed; no table stands below it.
    pub question: Option<String>,
    /// What stands below until the next frame.
    pub table: Option<Doc>,
}

/// A part of what stays.
#[derive(Debug)]
pub enum Part {
    /// A line as it is.
    Line(String),
    /// A document.
    Doc(Doc),
    /// An event, which is a line: what has no room in it is cut off.
    Event(Doc),
}

impl<'a> Live<'a> {
    /// Of stacks that come from there.
    pub fn new(origins: Origins<'a>, style: Style) -> Self {
        Self { origins, style, progress: BTreeMap::new(), has_printed: false }
    }

    /// What to print when this is heard of a stack.
    pub fn hear(&mut self, stack: &str, news: &News<'_>) -> Frame {
        if let Some(question) = deploy::question(stack, news) {
            return Frame { question: Some(question), ..Frame::default() };
        }
        let mut above: Vec<Part> = deploy::notice(stack, news).into_iter().map(Part::Line).collect();
        match news {
            News::Proposed(it) => {
                // Unless nothing stands above it.
                if self.has_printed || !above.is_empty() {
                    above.push(Part::Line(String::new()));
                }
                above.push(Part::Doc(deploy::proposal(it, &View::terminal(self.style.all, false))));
                above.push(Part::Line(String::new()));
            }
            News::Importing(resources) => above.push(Part::Doc(deploy::imports(stack, resources))),
            News::Began(planned) => {
                self.progress.insert(stack.to_owned(), Progress::new(planned));
            }
            News::Event(event) => {
                let progress = self.progress.entry(stack.to_owned()).or_default();
                progress.hear(event);
                let is_failure = event.status.is_failure();
                if self.style.is_drawn && is_failure {
                    above.push(Part::Event(deploy::failure(event, progress)));
                } else if !self.style.is_drawn && (is_failure || !self.style.is_quiet) {
                    above.push(Part::Event(deploy::event(stack, event, progress, self.origins)));
                }
            }
            News::Moment(now) => {
                self.progress.entry(stack.to_owned()).or_default().moment(*now);
            }
            News::Ended(ending) => above.push(Part::Doc(self.ended(stack, ending))),
            // These are sentences.
            News::Busy(_)
            | News::Own(_)
            | News::Leftover
            | News::Preparing
            | News::Whole(_)
            | News::Swapping(..)
            | News::Publishing(..)
            | News::Cancelled(_)
            | News::Question(_)
            | News::MayImport
            | News::MayEmpty(_)
            | News::Emptying(_)
            | News::Unseen(..)
            | News::Interrupted(_) => (),
        }
        self.has_printed |= !above.is_empty();
        let is_drawn = self.style.is_drawn && !self.progress.is_empty();
        let table = is_drawn.then(|| deploy::progress(&self.progress, self.origins));
        Frame { above, question: None, table }
    }

    fn ended(&mut self, stack: &str, ending: &Ending) -> Doc {
        let progress = self.progress.remove(stack);
        if let Some(doc) = deploy::ending(stack, ending, progress.map(|it| it.lasted())) {
            return doc;
        }
        let of = self.origins.stacks.iter().find(|it| it.target.name == stack);
        let faults = endings::faults(ending, stack, of, &self.style.command);
        diagnostics(&faults, self.origins.sources)
    }
}
