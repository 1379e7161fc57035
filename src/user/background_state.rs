//! State of background work in memory. Postgres holds the list of open work, so losing this with the object loses nothing.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use futures::channel::oneshot;
use uuid::Uuid;

/// A turn that Postgres has and that may be remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SavedTurn {
    /// Id of its session.
    pub(super) session: Uuid,
    /// True if the user may have asked to remember or to forget: that does not wait.
    pub(super) may_be_command: bool,
}

/// Work that is known to be due, and how it went so far.
#[derive(Debug, Default)]
pub(super) struct Background {
    pub(super) is_running: Cell<bool>,
    pub(super) failures: Cell<u32>,
    /// Sessions that may need a summary. One that is lost with the object comes again with its next turn.
    pub(super) sessions: RefCell<BTreeSet<Uuid>>,
    pub(super) facts_are_due: Cell<bool>,
    /// Unusable answers in a row to the same messages.
    pub(super) malformed: Cell<u32>,
    /// Memories that the model refuses to embed; words find them all the same.
    pub(super) refused: RefCell<BTreeSet<Uuid>>,
    /// Gives up the running work.
    pub(super) cancel: RefCell<Option<oneshot::Sender<()>>>,
}

impl Background {
    /// Notes the work that a saved turn leaves.
    pub(super) fn add(&self, saved: SavedTurn) {
        self.sessions.borrow_mut().insert(saved.session);
        if saved.may_be_command {
            self.facts_are_due.set(true);
        }
    }

    /// Gives up the running work, if there is any.
    pub(super) fn cancel(&self) {
        if let Some(cancel) = self.cancel.take() {
            // Work that has ended meanwhile needs no cancellation.
            let _ = cancel.send(());
        }
    }

    /// Forgets all work: the user was erased.
    pub(super) fn forget(&self) {
        self.sessions.take();
        self.refused.take();
        self.facts_are_due.set(false);
        self.malformed.set(0);
    }

    /// Notes that facts may be extracted now.
    pub(super) fn conversations_are_idle(&self) {
        self.facts_are_due.set(true);
    }
}
