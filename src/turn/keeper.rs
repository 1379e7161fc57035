//! The log of a running turn, as it is written.

use std::cell::RefCell;

use crate::ports::Journal;
use crate::session::log::{Deed, Told, TurnLog};
use crate::time::Millis;

/// How often the text of a running answer is kept, so that a crash loses a second of it at most.
const CHECKPOINT_EVERY: Millis = 1000;

/// Writes the log of a running turn: into memory at once, into the journal at most once in [`CHECKPOINT_EVERY`]. Failing to
/// is no reason to stop: what could not be written is tried again with the next.
pub(super) struct Keeper<'a, J> {
    log: &'a RefCell<Option<TurnLog>>,
    journal: &'a J,
    /// Pieces that the journal has.
    kept: usize,
    kept_at: Millis,
}

impl<'a, J: Journal> Keeper<'a, J> {
    pub(super) const fn new(log: &'a RefCell<Option<TurnLog>>, journal: &'a J, kept_at: Millis) -> Self {
        Self { log, journal, kept: 0, kept_at }
    }

    pub(super) fn keep(&mut self, told: &Told, now: Millis) {
        // What a tool did is not to be forgotten.
        let is_deed = matches!(told, Told::Deed(Deed::Calls { .. } | Deed::Ends { .. }));
        if let Some(log) = self.log.borrow_mut().as_mut() {
            log.told.push(told.clone());
        }
        if is_deed || now.saturating_sub(self.kept_at) >= CHECKPOINT_EVERY {
            self.keep_rest();
            self.kept_at = now;
        }
    }

    pub(super) fn keep_rest(&mut self) {
        let log = self.log.borrow();
        let Some(log) = log.as_ref() else { return };
        let fresh = log.told.get(self.kept..).unwrap_or_default();
        if !fresh.is_empty() && self.journal.extend(log.head.turn_id, fresh).is_ok() {
            self.kept = log.told.len();
        }
    }
}
