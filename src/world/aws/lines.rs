//! Lines that somebody types, read by one reader at a time, whoever asks.

use std::{
    cell::{Cell, RefCell},
    future::{Future as _, poll_fn},
    io,
    pin::Pin,
    task::{Poll, Waker},
};

use tokio::task::JoinHandle;

/// Lines that somebody types. Nobody can take back that a line is read; so who asks while another waits gets the line that
/// this one has begun to read.
#[derive(Debug, Default)]
pub struct Lines {
    reading: RefCell<Option<JoinHandle<io::Result<String>>>>,
    /// Who asked last; only this one is answered.
    asked: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Somebody typed this.
    Typed(String),
    /// Nobody can type any more.
    Closed,
    /// Another question came in between and took the answer: this one has to be put again.
    Taken,
}

impl Lines {
    /// The next line that is typed; this thread is left to others meanwhile.
    pub async fn next(&self, read_line: fn() -> io::Result<String>) -> Line {
        let turn = self.asked.get() + 1;
        self.asked.set(turn);
        poll_fn(|context| {
            if self.asked.get() != turn {
                return Poll::Ready(Line::Taken);
            }
            let mut reading = self.reading.borrow_mut();
            let handle = reading.get_or_insert_with(|| tokio::task::spawn_blocking(read_line));
            match Pin::new(handle).poll(context) {
                Poll::Ready(line) => {
                    *reading = None;
                    // Who was passed over learns it now.
                    self.waiting.borrow_mut().drain(..).for_each(Waker::wake);
                    let line = line.ok().and_then(Result::ok);
                    Poll::Ready(line.map_or(Line::Closed, Line::Typed))
                }
                Poll::Pending => {
                    self.waiting.borrow_mut().push(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}
