//! What a Session object holds in memory: lost with it, and rebuilt from the journal and from Postgres.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::channel::oneshot;
use uuid::Uuid;

use super::log::TurnLog;
use super::memory::Memory;
use super::values::Values;
use crate::error::{Code, Error, abort};
use crate::limit::bucket::Bucket;
use crate::model::breaker::Breaker;
use crate::tools::remote::Remotes;

/// The state of one session's object.
#[derive(Debug, Default)]
pub struct SessionState {
    /// Hot memory; absent in a cold object.
    pub memory: RefCell<Option<Memory>>,
    /// The user's values, as far as this session has seen their tokens. Never kept anywhere.
    pub values: RefCell<Values>,
    /// The last turn of this object, running or ended.
    pub log: RefCell<Option<TurnLog>>,
    /// The session's messages; full again in an object that was away.
    pub bucket: Cell<Bucket>,
    /// What is known of remote servers.
    pub remotes: Remotes,
    /// What is known of models' health, which sessions share.
    pub breaker: Rc<RefCell<Breaker>>,
    stop: RefCell<Option<oneshot::Sender<()>>>,
    busy: Rc<Cell<bool>>,
}

/// The right to answer: one turn at a time. Dropping it lets the next one in.
#[derive(Debug)]
pub struct Admission(Rc<Cell<bool>>);

impl SessionState {
    /// The state of an object that has just woken.
    #[must_use]
    pub fn new(breaker: Rc<RefCell<Breaker>>) -> Self {
        Self { breaker, ..Self::default() }
    }

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

    /// What a turn listens to while it is answered: it resolves when somebody stops it.
    pub fn stoppable(&self) -> oneshot::Receiver<()> {
        let (stop, stopped) = oneshot::channel();
        self.stop.replace(Some(stop));
        stopped
    }

    /// Stops the turn that is being answered, if there is one: whether there was.
    pub fn stop(&self) -> bool {
        let stop = self.stop.take().filter(|_| self.is_busy());
        stop.is_some_and(|stop| stop.send(()).is_ok())
    }

    /// Forgets a user who was erased.
    pub fn forget(&self) {
        self.memory.take();
        self.values.take();
        // A turn that is being answered goes on, and Postgres lets it go.
        if !self.is_busy() {
            self.log.take();
        }
    }

    /// The turn that is being answered, if there is one.
    #[must_use]
    pub fn running(&self) -> Option<Uuid> {
        let log = self.log.borrow();
        log.as_ref().filter(|log| log.ending.is_none()).map(|log| log.head.turn_id)
    }

    /// Whether a turn is being prepared or answered.
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
