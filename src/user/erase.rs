//! Erasure of a user: a job of the object, recorded first, resumed by the alarm, and complete when its record says so.
//!
//! Nothing else runs meanwhile: a turn that is under way is stopped, work that is new is refused, and background work is given up.
//! Postgres comes first, since an emptied object would restore the data that Postgres still had; then files; then the vault's key,
//! without which no copy of a value can be opened, together with everything else that the object stores. The database is made anew, since
//! deleted rows leave their bytes in its file. Each part is recorded when it is complete, and may be done again.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::Object;
use super::erasure_state::{Running, Writing};
use crate::account::agenda::Job;
use crate::account::erasure::{self, ErasedCounts, Erasure, Step};
use crate::account::{self, intake, ledger, paid_call, vault};
use crate::auth::User;
use crate::backoff::pause;
use crate::database;
use crate::error::{Code, Error, Fault, abort};
use crate::log;
use crate::memory::index;
use crate::ports::{Caller, Clock, Platform, Sql};
use crate::session::store;
use crate::time::{Millis, timestamp};
use crate::tools::toolbox;
use crate::turn::WATCH_EVERY;

/// Milliseconds between two looks at work that must end first.
pub(super) const POLL_EVERY: Millis = 50;

/// Rows that one call of `erase_user` deletes: far fewer than Postgres manages before the Worker stops waiting.
const ROWS_AT_A_TIME: u32 = 5000;

/// Name of the number of deleted files among the counts.
const FILES: &str = "files";

/// Line of the log for a user who was erased: with it, `replay_erasures` erases them again where a backup is restored.
#[derive(Serialize)]
struct ErasedLine<'a> {
    event: &'static str,
    user: Uuid,
    requested_at: DateTime<Utc>,
    counts: &'a ErasedCounts,
}

/// Result of `erase_user`.
#[derive(Deserialize)]
struct ErasedRows {
    /// True while there may be more rows.
    #[serde(default)]
    unfinished: bool,
    /// Numbers of deleted rows by table, of all calls for this request.
    #[serde(flatten)]
    counts: ErasedCounts,
}

impl<P: Platform> Object<P> {
    /// Erases everything that is stored of the user but the ledger: erasing must not lift the day's limits. Joins an erasure that is
    /// under way.
    ///
    /// # Errors
    /// `database_unavailable`, `database_timeout`, `files_unavailable`, `internal`: the alarm goes on with it.
    pub async fn erase(&self, user: &User) -> Result<Erasure, Error> {
        let sql = &self.ports.sql;
        // An earlier try may have failed between an empty database and its tables.
        self.create_tables()?;
        account::set_owner(sql, user.id)?;
        let now = self.ports.clock.now();
        // The job first: a record that nobody carries out would promise too much.
        if !self.is_erasing() {
            self.account.agenda.plan(Job::Erasure, now + WATCH_EVERY, sql)?;
        }
        erasure::request(sql, now)?;
        self.run_erasure(user).await?;
        let erased = erasure::newest(sql)?;
        Ok(erased.ok_or_else(|| Fault::new(Code::Internal, "an erasure without a record"))?)
    }

    /// The newest erasure of the user, with its failed tries in a row.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn erasure(&self) -> Result<Option<(Erasure, u32)>, Fault> {
        let sql = &self.ports.sql;
        let failures = self.account.agenda.failures(Job::Erasure, sql)?;
        let is_erasing = self.is_erasing();
        Ok(erasure::newest(sql)?.map(|erasure| {
            let finished_at = erasure.finished_at.filter(|_| !is_erasing);
            (Erasure { finished_at, ..erasure }, failures)
        }))
    }

    /// True from the request to erase the user until everything is erased.
    pub(super) fn is_erasing(&self) -> bool {
        // Where the storage cannot tell, nothing may begin.
        self.account.agenda.is_planned(Job::Erasure, &self.ports.sql).unwrap_or(true)
    }

    /// Refuses work with the data of a user who is being erased.
    ///
    /// # Errors
    /// `erasure_in_progress`.
    pub fn refuse_during_erasure(&self) -> Result<(), Error> {
        if self.is_erasing() {
            let detail = "Your data is being erased: GET /api/me/erasure tells how far it is. Send this again when it is finished.";
            return Err(abort(Code::ErasureInProgress, detail));
        }
        Ok(())
    }

    /// Runs work that may store something of the user. An erasure that begins meanwhile waits for its end.
    ///
    /// # Errors
    /// `erasure_in_progress`: the work has not begun; otherwise its own.
    pub async fn write<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.refuse_during_erasure()?;
        let writing = Writing::begin(&self.erasure_state);
        let done = work.await;
        drop(writing);
        done
    }

    /// Goes on with an erasure whose time has come again.
    pub(super) async fn go_on_erasing(&self, user: &User) -> Result<(), Fault> {
        let is_due = self.account.agenda.is_due(Job::Erasure, self.ports.clock.now(), &self.ports.sql)?;
        if !is_due || self.erasure_state.is_running() {
            return Ok(());
        }
        self.run_erasure(user).await
    }

    async fn run_erasure(&self, user: &User) -> Result<(), Fault> {
        let (clock, sql, agenda) = (&self.ports.clock, &self.ports.sql, &self.account.agenda);
        // A second request waits for the first.
        while self.erasure_state.is_running() {
            clock.sleep(POLL_EVERY).await;
        }
        if !self.is_erasing() {
            return Ok(());
        }
        let running = Running::begin(&self.erasure_state);
        let erased = self.erase_all(user).await;
        drop(running);
        if erased.is_err() {
            let failures = agenda.failures(Job::Erasure, sql)?.saturating_add(1);
            let at = clock.now() + pause(u32::MAX, clock.random());
            agenda.plan_again(Job::Erasure, at, failures, sql)?;
        }
        erased
    }

    async fn erase_all(&self, user: &User) -> Result<(), Fault> {
        let sql = &self.ports.sql;
        self.end_all_work().await;
        while let Some(Erasure { step, finished_at: None, requested_at, counts }) = erasure::newest(sql)? {
            match step {
                Step::Work => erasure::begin(sql, Step::Rows)?,
                Step::Rows => self.erase_rows(user, requested_at).await?,
                Step::Files => self.erase_files(user, counts).await?,
                Step::Object => self.erase_object(user)?,
            }
        }
        for job in [Job::VaultDelivery, Job::Background, Job::Facts, Job::SessionDeletion, Job::Erasure] {
            self.account.agenda.finish(job, sql)?;
        }
        Ok(())
    }

    /// Deletes rows in Postgres, in one step of many.
    async fn erase_rows(&self, user: &User, requested_at: Millis) -> Result<(), Fault> {
        let sql = &self.ports.sql;
        let arguments = json!({
            "p_user": user.id,
            "p_requested_at": timestamp(requested_at),
            "p_limit": ROWS_AT_A_TIME,
        });
        let erased = database::call(&self.ports.postgrest, Caller::Service, "erase_user", &arguments).await?;
        let ErasedRows { unfinished, counts } = erased;
        erasure::set_counts(sql, &counts)?;
        if unfinished { Ok(()) } else { erasure::begin(sql, Step::Files) }
    }

    /// Deletes files in the bucket, in one step of many.
    async fn erase_files(&self, user: &User, mut counts: ErasedCounts) -> Result<(), Fault> {
        let sql = &self.ports.sql;
        let deleted = self.user(user).delete_some_files().await?;
        *counts.entry(FILES.to_owned()).or_default() += deleted;
        erasure::set_counts(sql, &counts)?;
        if deleted > 0 { Ok(()) } else { erasure::begin(sql, Step::Object) }
    }

    /// Empties the object in one step, without an `await`: nothing comes in between.
    fn erase_object(&self, user: &User) -> Result<(), Fault> {
        let sql = &self.ports.sql;
        self.account.vault.erase();
        vault::erase(sql)?;
        paid_call::erase(sql)?;
        self.sessions.for_each(super::super::session::state::Session::forget);
        store::erase(sql)?;
        index::erase(sql)?;
        toolbox::erase(sql)?;
        self.background.forget();
        ledger::settle_all(sql)?;
        let (spent, taken_in) = (ledger::entries(sql)?, intake::all(sql)?);
        if let Some(erased) = erasure::newest(sql)? {
            // Deleted rows leave their bytes in the file of the database, which is therefore made anew.
            sql.wipe()?;
            self.account.agenda.rang();
            self.create_tables()?;
            // First, since the alarm goes on for the owner alone.
            account::set_owner(sql, user.id)?;
            erasure::restore_finished(sql, &erased, self.ports.clock.now())?;
            ledger::restore(sql, &spent)?;
            intake::restore(sql, &taken_in)?;
            let Erasure { requested_at, counts, .. } = &erased;
            let requested_at = timestamp(*requested_at);
            log::line(&self.ports.host, &ErasedLine { event: "erased", user: user.id, requested_at, counts });
        }
        Ok(())
    }

    /// Stops turns and background work, and waits for everything that reads or writes the vault or the bucket.
    async fn end_all_work(&self) {
        loop {
            self.background.cancel();
            self.sessions.for_each(|session| {
                session.stop();
            });
            let is_busy = self.sessions.is_any_busy() || self.background.is_running.get();
            let is_written = self.account.vault.is_delivering() || self.erasure_state.has_writers();
            if !is_busy && !is_written {
                return;
            }
            self.ports.clock.sleep(POLL_EVERY).await;
        }
    }
}
