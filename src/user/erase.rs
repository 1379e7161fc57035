//! Erasure of a user: a job of the object, recorded first, resumed by the alarm, and complete when its row is gone.
//!
//! Nothing else runs meanwhile: a turn that is under way is stopped, one that is new is refused, and background work is given up.
//! Postgres comes first, since an emptied object would restore the data that Postgres still had; then files; then the vault's key,
//! without which no copy of a value can be opened, together with everything else that the object stores.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::json;

use super::Object;
use crate::account::agenda::Job;
use crate::account::{self, ledger, vault};
use crate::auth::User;
use crate::backoff::pause;
use crate::database;
use crate::error::{Code, Error, Fault, abort};
use crate::memory::index;
use crate::ports::{Caller, Clock, Platform};
use crate::session::store;
use crate::time::{Millis, timestamp};
use crate::tools::toolbox;
use crate::turn::WATCH_EVERY;

/// Milliseconds between two looks at work that must end first.
pub(super) const POLL_EVERY: Millis = 50;

/// Counts of deleted rows, as JSON of `erase_user`.
#[derive(Debug)]
pub struct ErasedCounts(pub String);

/// The right to erase. Dropping it lets another request try.
struct Running(Rc<Cell<bool>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl<P: Platform> Object<P> {
    /// Erases everything that is stored of the user but the ledger: erasing must not lift the day's limits.
    ///
    /// # Errors
    /// `database_unavailable`, `files_unavailable`, `internal`: the alarm goes on with it.
    pub async fn erase(&self, user: &User) -> Result<ErasedCounts, Error> {
        let sql = &self.ports.sql;
        account::set_owner(sql, user.id)?;
        let now = self.ports.clock.now();
        // Every attempt names this moment: Postgres carries out a request once, however often and late it comes.
        account::request_erasure(sql, now)?;
        self.account.agenda.plan(Job::Erasure, now + WATCH_EVERY, sql)?;
        Ok(self.run_erasure(user).await?)
    }

    /// True from the request to erase the user until everything is erased.
    pub(super) fn is_erasing(&self) -> bool {
        // Where the storage cannot tell, nothing may begin.
        self.account.agenda.is_planned(Job::Erasure, &self.ports.sql).unwrap_or(true)
    }

    /// Refuses work that would store something new of a user who is being erased.
    ///
    /// # Errors
    /// `erasure_in_progress`.
    pub(super) fn refuse_during_erasure(&self) -> Result<(), Error> {
        if self.is_erasing() {
            let detail = "Your data is being erased. Repeat DELETE /api/me until it succeeds, then send your message again.";
            return Err(abort(Code::ErasureInProgress, detail));
        }
        Ok(())
    }

    /// Goes on with an erasure whose time has come again.
    pub(super) async fn go_on_erasing(&self, user: &User) -> Result<(), Fault> {
        let is_due = self.account.agenda.is_due(Job::Erasure, self.ports.clock.now(), &self.ports.sql)?;
        if !is_due || self.erasure_is_running.get() {
            return Ok(());
        }
        self.run_erasure(user).await.map(drop)
    }

    async fn run_erasure(&self, user: &User) -> Result<ErasedCounts, Fault> {
        let (clock, sql, agenda) = (&self.ports.clock, &self.ports.sql, &self.account.agenda);
        // A second request waits for the first.
        while self.erasure_is_running.get() {
            clock.sleep(POLL_EVERY).await;
        }
        if !self.is_erasing() {
            return Ok(ErasedCounts("{}".to_owned()));
        }
        self.erasure_is_running.set(true);
        let running = Running(Rc::clone(&self.erasure_is_running));
        let erased = self.erase_all(user).await;
        drop(running);
        if erased.is_err() {
            agenda.plan(Job::Erasure, clock.now() + pause(u32::MAX, clock.random()), sql)?;
        }
        erased
    }

    async fn erase_all(&self, user: &User) -> Result<ErasedCounts, Fault> {
        self.end_all_work().await;
        let (sql, agenda) = (&self.ports.sql, &self.account.agenda);
        let requested_at = timestamp(account::erasure_requested_at(sql)?);
        let arguments = json!({ "p_user": user.id, "p_requested_at": requested_at });
        let counts = database::raw(&self.ports.postgrest, Caller::Service, "erase_user", &arguments).await?;
        self.user(user).delete_all_files().await?;
        // No `await` from here on: the object is emptied in one step.
        self.account.vault.erase();
        vault::erase(sql)?;
        self.sessions.for_each(super::super::session::state::Session::forget);
        store::erase(sql)?;
        index::erase(sql)?;
        toolbox::erase(sql)?;
        self.background.forget();
        ledger::settle_all(sql)?;
        for job in [Job::VaultDelivery, Job::Background, Job::Facts, Job::SessionDeletion, Job::Erasure] {
            agenda.finish(job, sql)?;
        }
        account::end_erasure(sql)?;
        Ok(ErasedCounts(counts))
    }

    /// Stops turns and background work, and waits for everything that reads or writes the vault.
    async fn end_all_work(&self) {
        loop {
            self.background.cancel();
            self.sessions.for_each(|session| {
                session.stop();
            });
            let is_busy = self.sessions.is_any_busy() || self.background.is_running.get();
            if !is_busy && !self.account.vault.is_delivering() {
                return;
            }
            self.ports.clock.sleep(POLL_EVERY).await;
        }
    }
}
