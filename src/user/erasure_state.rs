//! State of an erasure in memory: who erases, and what must end first.

use std::cell::Cell;
use std::rc::Rc;

/// State of the erasure in memory.
#[derive(Debug, Default)]
pub(super) struct ErasureState {
    is_running: Rc<Cell<bool>>,
    /// Requests that may store something of the user.
    writers: Rc<Cell<u32>>,
}

impl ErasureState {
    /// True while an erasure runs.
    pub(super) fn is_running(&self) -> bool {
        self.is_running.get()
    }

    /// True while a request may store something of the user.
    pub(super) fn has_writers(&self) -> bool {
        self.writers.get() > 0
    }
}

/// The right to erase. Dropping it lets another request try.
pub(super) struct Running(Rc<Cell<bool>>);

impl Running {
    pub(super) fn begin(state: &ErasureState) -> Self {
        state.is_running.set(true);
        Self(Rc::clone(&state.is_running))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// A request that may store something of the user, until it is dropped.
pub(super) struct Writing(Rc<Cell<u32>>);

impl Writing {
    pub(super) fn begin(state: &ErasureState) -> Self {
        state.writers.set(state.writers.get() + 1);
        Self(Rc::clone(&state.writers))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}
