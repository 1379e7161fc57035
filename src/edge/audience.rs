//! Who listens to the running turn: any number of readers, none of whom it waits for.

use std::cell::RefCell;

use futures::channel::oneshot;

use super::platform::Frames;

/// The readers of a turn, and those who only want to know that it is over.
#[derive(Default)]
pub(super) struct Audience {
    readers: RefCell<Vec<Frames>>,
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

impl Audience {
    /// Adds a reader of what comes from now on.
    pub(super) fn add_reader(&self, frames: Frames) {
        self.readers.borrow_mut().push(frames);
    }

    /// Resolves when the turn is over.
    pub(super) fn end(&self) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.waiting.borrow_mut().push(tell);
        told
    }

    /// Writes to every reader; those who are gone do not matter.
    pub(super) fn write(&self, text: &str) {
        for frames in self.readers.borrow().iter() {
            frames.write(text.as_bytes());
        }
    }

    /// The turn is over.
    pub(super) fn dismiss(&self) {
        for frames in self.readers.take() {
            frames.close();
        }
        for tell in self.waiting.take() {
            // Nobody listens when the caller is gone.
            let _ = tell.send(());
        }
    }
}
