//! A session in memory: lost with the object or evicted while idle, and rebuilt from storage and Postgres.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::channel::oneshot;
use uuid::Uuid;

use super::cache::SessionCache;
use super::log::TurnLog;
use super::subscribers::Subscribers;
use crate::account::UserCtx;
use crate::error::{Code, Error, abort};
use crate::ports::{FrameWriter, Host, Platform};

/// A session that is in use.
#[derive(Debug)]
pub struct Session<W> {
    /// Id of the session.
    pub id: Uuid,
    /// Its window; absent while it is cold.
    pub cache: RefCell<Option<SessionCache>>,
    /// Log of its last turn, running or ended.
    pub log: RefCell<Option<TurnLog>>,
    /// Readers of the running turn.
    pub subscribers: Subscribers<W>,
    stop: RefCell<Option<oneshot::Sender<()>>>,
    is_busy: Rc<Cell<bool>>,
}

/// A session's state as a platform's objects hold it.
pub type SessionOf<P> = Session<<<P as Platform>::Host as Host>::Writer>;

/// Everything that work in one session needs.
pub struct SessionCtx<'a, P: Platform> {
    /// Id of the user.
    pub user: UserCtx<'a, P>,
    /// Id of the session.
    pub session: &'a SessionOf<P>,
}

// Written by hand: a derive would ask the same of `P`.
impl<P: Platform> Clone for SessionCtx<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Platform> Copy for SessionCtx<'_, P> {}

/// The right to answer in a session, one turn at a time. Dropping it lets the next turn in.
#[derive(Debug)]
pub struct Admission(Rc<Cell<bool>>);

impl<W: FrameWriter> Session<W> {
    /// A cold session.
    #[must_use]
    pub fn new(id: Uuid) -> Self {
        Self {
            id,
            cache: RefCell::default(),
            log: RefCell::default(),
            subscribers: Subscribers::default(),
            stop: RefCell::default(),
            is_busy: Rc::default(),
        }
    }

    /// Admits a turn.
    ///
    /// # Errors
    /// `turn_in_progress` while another turn is prepared or answered.
    pub fn admit(&self) -> Result<Admission, Error> {
        if self.is_busy.replace(true) {
            let detail =
                "The session is still answering its previous message. Wait for that answer, then send again.";
            return Err(abort(Code::TurnInProgress, detail));
        }
        Ok(Admission(Rc::clone(&self.is_busy)))
    }

    /// Arms the stop of the turn that begins; the receiver resolves when the user stops it.
    pub fn arm_stop(&self) -> oneshot::Receiver<()> {
        let (stop, stopped) = oneshot::channel();
        self.stop.replace(Some(stop));
        stopped
    }

    /// Stops the turn that is being answered; returns whether there was one.
    pub fn stop(&self) -> bool {
        let stop = self.stop.take().filter(|_| self.is_busy());
        stop.is_some_and(|stop| stop.send(()).is_ok())
    }

    /// Drops all state after the user was erased. A turn that is being answered ends by itself, and Postgres takes nothing of it.
    pub fn forget(&self) {
        self.cache.take();
        if !self.is_busy() {
            self.log.take();
        }
    }

    /// The turn that is being answered, if there is one.
    #[must_use]
    pub fn running_turn(&self) -> Option<Uuid> {
        let log = self.log.borrow();
        log.as_ref().filter(|log| log.ending.is_none()).map(|log| log.head.turn_id)
    }

    /// True if a turn is being prepared or answered.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.is_busy.get()
    }

    /// Approximate size in memory, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let cache = self.cache.borrow().as_ref().map_or(0, SessionCache::bytes);
        let log = self.log.borrow().as_ref().map_or(0, TurnLog::bytes);
        cache + log
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
