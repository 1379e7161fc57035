//! Deletion of a session: a job of the object, recorded first, resumed by the alarm, and complete when its row is gone.
//!
//! A running turn is stopped, and no other begins meanwhile. Postgres comes first and records the deletion: a turn that was on its way
//! brings nothing back. Then files, then the rows of the object. The ledger stays: deleting must not lift the day's limits.

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::Object;
use super::erase::POLL_EVERY;
use crate::account;
use crate::account::agenda::Job;
use crate::auth::User;
use crate::backoff::pause;
use crate::database;
use crate::error::{Code, Error, Fault, abort_field};
use crate::memory::forget::forget_session;
use crate::ports::{Caller, Clock, Platform};
use crate::session::deletion::{self, Deletion};
use crate::time::timestamp;
use crate::turn::WATCH_EVERY;

/// Outcome of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletedSession {
    /// Nothing is left of it.
    Deleted,
    /// The user has no such session.
    Unknown,
}

/// Result of `delete_session`.
#[derive(Deserialize)]
struct DeletedRows {
    deleted: bool,
    /// Files that the bucket may still have.
    files: Vec<Uuid>,
}

impl<P: Platform> Object<P> {
    /// Deletes a session: its rows, its files, and everything that the object holds of it.
    ///
    /// # Errors
    /// `erasure_in_progress`; `database_unavailable`, `files_unavailable`, `internal`: then the alarm goes on with it.
    pub async fn delete_session(&self, user: &User, session: Uuid) -> Result<DeletedSession, Error> {
        self.refuse_during_erasure()?;
        let (sql, now) = (&self.ports.sql, self.ports.clock.now());
        account::set_owner(sql, user.id)?;
        deletion::request(sql, session, now)?;
        self.account.agenda.plan(Job::SessionDeletion, now + WATCH_EVERY, sql)?;
        Ok(self.run_deletion(user, session).await?)
    }

    /// Refuses work that would store something new of a session that is being deleted.
    ///
    /// # Errors
    /// `session_not_found`.
    pub(super) fn refuse_during_deletion(&self, session: Uuid) -> Result<(), Error> {
        if deletion::requested_at(&self.ports.sql, session)?.is_none() {
            return Ok(());
        }
        let detail = "The session is being deleted. Leave session_id out to begin a new one.";
        Err(abort_field(Code::SessionNotFound, "session_id", detail))
    }

    /// Goes on with the deletions whose time has come again.
    pub(super) async fn go_on_deleting_sessions(&self, user: &User) -> Result<(), Fault> {
        let (sql, now) = (&self.ports.sql, self.ports.clock.now());
        if self.account.agenda.is_due(Job::SessionDeletion, now, sql)? {
            for session in deletion::sessions(sql)? {
                self.run_deletion(user, session).await?;
            }
        }
        Ok(())
    }

    async fn run_deletion(&self, user: &User, session: Uuid) -> Result<DeletedSession, Fault> {
        let (clock, sql, agenda) = (&self.ports.clock, &self.ports.sql, &self.account.agenda);
        let deleted = self.delete_all_of(user, session).await;
        if deleted.is_err() {
            let at = clock.now() + pause(u32::MAX, clock.random());
            agenda.plan(Job::SessionDeletion, at, sql)?;
        } else if deletion::sessions(sql)?.is_empty() {
            agenda.finish(Job::SessionDeletion, sql)?;
        }
        deleted
    }

    async fn delete_all_of(&self, user: &User, session: Uuid) -> Result<DeletedSession, Fault> {
        self.end_turn(session).await;
        self.close_orphans()?;
        let (sql, ctx) = (&self.ports.sql, self.user(user));
        let Some(deletion) = deletion::prepare(sql, session)? else { return Ok(DeletedSession::Deleted) };
        let Deletion { requested_at, files, has_undelivered } = deletion;
        let arguments = json!({
            "p_user": user.id,
            "p_session": session,
            "p_requested_at": timestamp(requested_at),
            "p_is_known": has_undelivered,
        });
        let call = database::call(&self.ports.postgrest, Caller::Service, "delete_session", &arguments);
        let rows: DeletedRows = call.await?;
        ctx.delete_files(files.into_iter().chain(rows.files)).await?;
        // No `await` from here on. Another attempt may have completed it, and the user may have begun anew.
        if deletion::requested_at(sql, session)? == Some(requested_at) {
            deletion::complete(sql, session)?;
            forget_session(&ctx, session)?;
            self.background.remove(session);
            if let Some(session) = self.sessions.find(session) {
                session.forget();
            }
        }
        Ok(if rows.deleted { DeletedSession::Deleted } else { DeletedSession::Unknown })
    }

    /// Stops the turn of a session, and waits for its end.
    async fn end_turn(&self, session: Uuid) {
        while self.sessions.is_busy(session) {
            if let Some(session) = self.sessions.find(session) {
                session.stop();
            }
            self.ports.clock.sleep(POLL_EVERY).await;
        }
    }
}
