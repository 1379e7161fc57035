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
    /// True if it has the first answer of its session, as far as the turn tells.
    pub(super) is_first: bool,
    /// Time at which its question is read for facts; `None` for an answer to a question that was read before.
    pub(super) reading: Option<Reading>,
}

/// Time at which a message is read for facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The user may have asked to remember or to forget: that does not wait.
    AtOnce,
    /// With the messages that follow it before a rest.
    AtRest,
}

/// Work that is known to be due, and how it went so far.
#[derive(Debug, Default)]
pub(super) struct Background {
    pub(super) is_running: Cell<bool>,
    /// Sessions that may need a summary. One that is lost with the object comes again with its next turn.
    pub(super) sessions: RefCell<BTreeSet<Uuid>>,
    /// Sessions that may need a title: their first answer was saved. One that is lost with the object keeps the title that it has.
    pub(super) untitled: RefCell<BTreeSet<Uuid>>,
    /// Unusable answers in a row to the same messages.
    pub(super) malformed: Cell<u32>,
    /// Memories that the model refuses to embed; words find them all the same.
    pub(super) refused: RefCell<BTreeSet<Uuid>>,
    /// Gives up the running work.
    pub(super) cancel: RefCell<Option<oneshot::Sender<()>>>,
}

impl Background {
    /// Notes the work that a saved turn may leave for its session.
    pub(super) fn add(&self, saved: SavedTurn) {
        self.sessions.borrow_mut().insert(saved.session);
        if saved.is_first {
            self.untitled.borrow_mut().insert(saved.session);
        }
    }

    /// True if a session may need a title.
    pub(super) fn has_untitled(&self) -> bool {
        !self.untitled.borrow().is_empty()
    }

    /// Notes that a session needs no summary and no title any more.
    pub(super) fn remove(&self, session: Uuid) {
        self.sessions.borrow_mut().remove(&session);
        self.untitled.borrow_mut().remove(&session);
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
        self.untitled.take();
        self.refused.take();
        self.malformed.set(0);
    }
}
