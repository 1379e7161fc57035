//! What a Session object holds in memory: lost with it, and rebuilt from the journal and from Postgres.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::memory::Memory;
use super::values::Values;
use crate::error::{Code, Error, abort};

/// The state of one session's object.
#[derive(Debug, Default)]
pub struct SessionState {
    /// Hot memory; absent in a cold object.
    pub memory: RefCell<Option<Memory>>,
    /// The user's values, as far as this session has seen their tokens. Never kept anywhere.
    pub values: RefCell<Values>,
    busy: Rc<Cell<bool>>,
}

/// The right to answer: one turn at a time. Dropping it lets the next one in.
#[derive(Debug)]
pub struct Admission(Rc<Cell<bool>>);

impl SessionState {
    /// Admits a turn.
    ///
    /// # Errors
    /// `turn_in_progress` while another is being answered.
    pub fn admit(&self) -> Result<Admission, Error> {
        if self.busy.replace(true) {
            let detail =
                "The session is still answering its previous message. Wait for that answer, then send again.";
            return Err(abort(Code::TurnInProgress, detail));
        }
        Ok(Admission(Rc::clone(&self.busy)))
    }

    /// Forgets a user who was erased.
    pub fn forget(&self) {
        self.memory.take();
        self.values.take();
    }

    /// Whether a turn is being answered.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.busy.get()
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
