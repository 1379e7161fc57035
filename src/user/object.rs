//! The object: its state, its start, and the contexts that its work runs in.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use uuid::Uuid;

use super::background_state::Background;
use super::erasure_state::ErasureState;
use super::session_table::SessionTable;
use crate::account::{self, Account, UserCtx, ledger};
use crate::auth::User;
use crate::config::Config;
use crate::error::{Code, Fault};
use crate::log;
use crate::memory::{change, index};
use crate::model::known_models::KnownModels;
use crate::ports::{Clock, Host, Platform, Ports};
use crate::session::state::{SessionCtx, SessionOf};
use crate::session::store::{self, SessionStore};
use crate::tools::toolbox::{self, Toolbox};
use crate::turn::TurnCtx;
use crate::turn::finish::close_interrupted;

/// The object of one user.
pub struct Object<P: Platform> {
    /// Configuration of the deployment.
    pub config: Rc<Config>,
    /// Ports of the platform.
    pub ports: Ports<P>,
    pub(super) account: Account,
    pub(super) background: Background,
    pub(super) sessions: SessionTable<<P::Host as Host>::Writer>,
    pub(super) toolbox: Toolbox,
    /// Sessions whose records are being delivered.
    pub(super) delivering: RefCell<BTreeSet<Uuid>>,
    pub(super) erasure_state: ErasureState,
}

impl<P: Platform> Object<P> {
    /// Starts the object of a user: creates its tables on first use, and closes the turns that its predecessor left in flight.
    /// `models` is shared by the objects of an isolate.
    #[must_use]
    pub fn start(config: Rc<Config>, models: Rc<RefCell<KnownModels>>, ports: Ports<P>) -> Rc<Self> {
        let object = Self {
            config,
            ports,
            account: Account { models, ..Account::default() },
            background: Background::default(),
            sessions: SessionTable::default(),
            toolbox: Toolbox::default(),
            delivering: RefCell::default(),
            erasure_state: ErasureState::default(),
        };
        if let Err(fault) = object.recover() {
            log::fault(&object.ports.host, &fault);
        }
        Rc::new(object)
    }

    fn recover(&self) -> Result<(), Fault> {
        let sql = &self.ports.sql;
        self.create_tables()?;
        change::recover(&self.account.agenda, sql, self.ports.clock.now())?;
        self.close_orphans()?;
        ledger::release_all(sql)?;
        self.arm()
    }

    /// Creates the object's tables where they are missing.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub(super) fn create_tables(&self) -> Result<(), Fault> {
        let sql = &self.ports.sql;
        account::create_tables(sql)?;
        store::create_tables(sql)?;
        index::create_tables(sql)?;
        toolbox::create_tables(sql)
    }

    /// Closes turns in flight that no task answers: those of a predecessor, and those whose end could not be stored.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub(super) fn close_orphans(&self) -> Result<(), Fault> {
        let Ports { sql, clock, host, .. } = &self.ports;
        for session in store::sessions_in_flight(sql)? {
            if self.sessions.is_busy(session) {
                continue;
            }
            let store = SessionStore::new(sql, session);
            if let Err(fault) = store.turn_in_flight() {
                // No later version can read it either, and the session must go on.
                log::fault(host, &fault);
                store.discard_turn(clock.now())?;
            }
            match close_interrupted(store, &self.config, clock.now()) {
                Ok(None) => {}
                Ok(Some(record)) => {
                    let cause = format!("turn {} without an end", record.turn_id);
                    log::fault(host, &Fault::new(Code::Interrupted, cause));
                }
                // The other sessions must not wait for this one.
                Err(fault) => log::fault(host, &fault),
            }
        }
        Ok(())
    }

    /// The context of work for a user.
    #[must_use]
    pub fn user<'a>(&'a self, user: &'a User) -> UserCtx<'a, P> {
        UserCtx { user, config: &self.config, ports: &self.ports, account: &self.account }
    }

    /// The session with that id, in memory from now on.
    #[must_use]
    pub fn session(&self, id: Uuid) -> Rc<SessionOf<P>> {
        self.sessions.get(id)
    }

    /// The context of a turn.
    #[must_use]
    pub fn turn<'a>(&'a self, user: &'a User, session: &'a SessionOf<P>) -> TurnCtx<'a, P> {
        let session = SessionCtx { user: self.user(user), session };
        TurnCtx { session, toolbox: &self.toolbox }
    }

    /// Number of sessions in memory.
    #[must_use]
    pub fn sessions_in_memory(&self) -> usize {
        self.sessions.len()
    }
}
