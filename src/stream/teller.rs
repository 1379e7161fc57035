//! Tells a turn as it happens, or again: a model's batches become what a client is told.

use super::event::Event;
use crate::privacy::unmask::{Shown, Unmasker};
use crate::session::log::LogHead;

/// Turns what a model writes, batch by batch, into events. The same batches always make the same events: that is what a
/// reader who comes back relies on.
#[derive(Debug)]
pub struct Teller<F> {
    unmasker: Unmasker,
    emit: F,
}

impl<F: FnMut(&Event<'_>)> Teller<F> {
    /// Begins to tell: the answer has begun, to that prompt, with those sources.
    pub fn start(head: &LogHead, shown: Shown, mut emit: F) -> Self {
        emit(&Event::Start(&head.origin()));
        if let Some(receipt) = &head.receipt {
            emit(&Event::Receipt(receipt));
        }
        for source in &head.sources {
            emit(&Event::Source(&source.shown(&shown)));
        }
        Self { unmasker: Unmasker::new(shown), emit }
    }

    /// More of what the model wrote.
    pub fn text(&mut self, batch: &str) {
        let clear = self.unmasker.feed(batch);
        self.tell(&clear);
    }

    /// The text is over: tells what was held back.
    pub fn end_text(&mut self) {
        let rest = self.unmasker.end();
        self.tell(&rest);
    }

    /// How the answer ended; nothing follows.
    pub fn end(mut self, event: &Event<'_>) {
        (self.emit)(event);
    }

    fn tell(&mut self, text: &str) {
        if !text.is_empty() {
            (self.emit)(&Event::Text(text));
        }
    }
}
