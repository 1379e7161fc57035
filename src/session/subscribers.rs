//! Readers of a running turn. The turn waits for none of them.

use std::cell::RefCell;

use futures::channel::oneshot;

use crate::model::pace::Readers;
use crate::ports::FrameWriter;

/// Response streams of a running turn, and requests that wait for its end.
#[derive(Debug)]
pub struct Subscribers<W> {
    streams: RefCell<Vec<W>>,
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

impl<W> Default for Subscribers<W> {
    fn default() -> Self {
        Self { streams: RefCell::default(), waiting: RefCell::default() }
    }
}

impl<W: FrameWriter> Subscribers<W> {
    /// Adds a stream that gets every frame from now on.
    pub fn add(&self, stream: W) {
        self.streams.borrow_mut().push(stream);
    }

    /// The readers of the answer at this moment.
    pub fn readers(&self) -> Readers {
        if self.streams.borrow().is_empty() { Readers::Absent } else { Readers::Live }
    }

    /// Resolves when the turn has ended.
    pub fn end(&self) -> oneshot::Receiver<()> {
        let (ended, is_ended) = oneshot::channel();
        self.waiting.borrow_mut().push(ended);
        is_ended
    }

    /// Writes to every stream.
    pub fn write(&self, frames: &str) {
        for stream in self.streams.borrow().iter() {
            stream.write(frames.as_bytes());
        }
    }

    /// Closes every stream: the turn has ended.
    pub fn close(&self) {
        for stream in self.streams.take() {
            stream.close();
        }
        for ended in self.waiting.take() {
            // The request may be gone.
            let _ = ended.send(());
        }
    }
}
